//! Short links on the host's own address, for whoever opens one: where it leads, and that it was opened.

use domain::{
    link::LinkName,
    time::Millis,
    workshop::{RegistrantStatus, WorkshopStatus},
};

use super::plan::Planning;
use crate::{
    Store,
    db::{Batch, Db, Tx, args},
    error::{StoreError, word},
};

/// The workshop that a registrant's own link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTarget {
    /// The workshop's title.
    pub title: String,
    /// The start of the workshop.
    pub starts_at: Millis,
    /// The status of the workshop.
    pub workshop: WorkshopStatus,
    /// The workshop's join link as it stands now; may be empty.
    pub join_link: String,
    /// The status of the registration.
    pub registrant: RegistrantStatus,
    /// The organisation's name, as people read it.
    pub organization: String,
    /// The organisation's time zone.
    pub zone: String,
}

/// The short link that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Opened {
    /// A registrant's own link, by its code.
    Own(String),
    /// A link with a name, by that name.
    Named(String),
}

/// Handle of those who open links: they have no account, and see what the link says.
#[derive(Clone, Debug)]
pub struct Links {
    db: Db,
}

impl Store {
    /// The handle of those who open links.
    pub fn links(&self) -> Links {
        Links { db: self.db.clone() }
    }
}

#[derive(sqlx::FromRow)]
struct TargetRow {
    title: String,
    starts_at: i64,
    status: String,
    join_link: String,
    registered: String,
    organization: String,
    zone: String,
}

impl Links {
    /// What the own link of that code leads to.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when nobody has that code, or whoever had it is registered no more.
    pub async fn own(&self, code: &str) -> Result<JoinTarget, StoreError> {
        let row: Option<TargetRow> = self
            .db
            .optional(
                "SELECT w.title, w.starts_at, w.status, w.join_link, r.status AS registered, o.name AS organization, o.zone
                 FROM join_links j JOIN @registrants r ON r.id = j.registrant_id
                 JOIN workshops w ON w.id = j.workshop_id JOIN organizations o ON o.id = j.organization_id
                 WHERE j.code = $1 AND r.identity NOT LIKE 'erased-%'",
                args![code],
            )
            .await?;
        let row = row.ok_or(StoreError::Missing)?;
        Ok(JoinTarget {
            title: row.title,
            starts_at: Millis(row.starts_at),
            workshop: word("workshops", "status", &row.status)?,
            join_link: row.join_link,
            registrant: word("registrants", "status", &row.registered)?,
            organization: row.organization,
            zone: row.zone,
        })
    }

    /// Where the link of that name leads now.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none, or it was removed.
    pub async fn named(&self, name: &LinkName) -> Result<String, StoreError> {
        let row: Option<(String,)> = self
            .db
            .optional(
                "SELECT target FROM named_links WHERE name = $1 AND removed_at IS NULL",
                args![name.as_str()],
            )
            .await?;
        row.map(|(target,)| target).ok_or(StoreError::Missing)
    }

    /// Counts openings of one moment, each link with how often.
    pub async fn count(&self, opened: &[(Opened, i64)], now: Millis) -> Result<(), StoreError> {
        let (mut own, mut named) = (Vec::new(), Vec::new());
        for (link, times) in opened {
            match link {
                Opened::Own(code) => own.push((code.clone(), *times)),
                Opened::Named(name) => named.push((name.clone(), *times)),
            }
        }
        let batch = |links: Vec<(String, i64)>| {
            let (keys, times): (Vec<String>, Vec<i64>) = links.into_iter().unzip();
            Batch::new().texts("key", keys).ints("times", times)
        };
        let mut tx = self.db.begin().await?;
        tx.run_batch(
            "UPDATE join_links SET opens = opens + b.times, opened_at = COALESCE(opened_at, $1) FROM @batch
             WHERE join_links.code = b.key",
            args![now],
            batch(own),
        )
        .await?;
        tx.run_batch(
            "UPDATE named_links SET opens = opens + b.times, opened_at = $1 FROM @batch WHERE named_links.name = b.key",
            args![now],
            batch(named),
        )
        .await?;
        tx.commit().await
    }
}

/// Keeps the codes that a stretch of a plan carries.
pub(super) async fn keep(
    tx: &mut Tx,
    planning: &Planning,
    codes: &[(domain::ids::RegistrantId, String)],
) -> Result<(), StoreError> {
    if codes.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .texts("code", codes.iter().map(|(_, code)| code.clone()))
        .uuids("registrant", codes.iter().map(|(registrant, _)| registrant.0));
    tx.run_batch(
        "INSERT INTO join_links (code, organization_id, workshop_id, registrant_id)
         SELECT b.code, $1, $2, b.registrant FROM @batch WHERE TRUE ON CONFLICT (code) DO NOTHING",
        args![planning.organization.0, planning.workshop.0],
        batch,
    )
    .await?;
    Ok(())
}
