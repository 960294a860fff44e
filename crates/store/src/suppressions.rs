//! People who must not be contacted, per channel and per category. Every origin (STOP or the network, a link, a member,
//! an import) has an entry of its own, so that START and *Undo* take away exactly what the same person set. Lifted
//! entries move to `suppressions_lifted`, with who and why, so that a claim looks through few rows.

mod listing;

pub use listing::Listed;

use domain::{
    channel::{Category, Channel},
    ids::{ImportId, SuppressionId},
    phone::Phone,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    org::Org,
    phone_key::PhoneKey,
};

/// Stands for every channel or every category.
pub(crate) const ALL: &str = "all";
/// Rows bound to one statement.
const ROWS_PER_STATEMENT: usize = 2_000;

/// A person who must not be contacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Id of the entry.
    pub id: SuppressionId,
    /// The number; `None` after erasure, when only its keyed hash is left.
    pub phone: Option<String>,
    /// The channel on which the person must not be contacted; `None` for every one.
    pub channel: Option<Channel>,
    /// The category that the person must not be sent; `None` for every one.
    pub category: Option<Category>,
    /// The reason, in a member's words.
    pub reason: String,
    /// `person` (STOP, or a refusal that the network reports), `link` (the page behind a message), `by_hand` or
    /// `import`.
    pub source: String,
    /// The member who entered it, by name; empty where the person did it themselves.
    pub created_by: String,
    /// When it was entered.
    pub created_at: Millis,
    /// The name that the number is known by, where a list asks for it; may be empty.
    pub name: String,
}

impl Suppression {
    /// Whether it keeps messages of that kind on that channel from the person.
    pub fn stops(&self, channel: Channel, category: Category) -> bool {
        self.channel.is_none_or(|own| own == channel) && self.category.is_none_or(|own| own == category)
    }

    /// Whether the person asked for it themselves: lifting it then needs a stated reason.
    pub fn is_own(&self) -> bool {
        matches!(self.source.as_str(), "person" | "link")
    }
}

/// An entry that was lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// The entry as it stood.
    pub entry: Suppression,
    /// The member who lifted it, by name; empty where the person came back themselves.
    pub by: String,
    /// The reason for lifting it; empty where none was stated.
    pub reason: String,
    /// When it was lifted.
    pub at: Millis,
}

/// The result of lifting an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiftResult {
    /// The entry is lifted.
    Done,
    /// The person asked for it themselves, and no reason was stated. Nothing changed.
    NeedsReason,
}

/// An entry to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuppression {
    /// The number that must not be contacted.
    pub phone: Phone,
    /// Its keyed hash ([`crate::PhoneKey`]), hex.
    pub phone_key: String,
    /// On this channel; `None` on every one.
    pub channel: Option<Channel>,
    /// For this category; `None` for every one.
    pub category: Option<Category>,
    /// Why, in a person's words.
    pub reason: String,
}

/// Which entries a page of the list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuppressionFilter {
    /// Words of a number, or of the name and address of whoever has it, in any order (`domain::search`); empty for all.
    pub search: String,
    /// The keyed hash of what was searched for, when that is a whole number: finds entries whose number was erased.
    pub phone_key: Option<String>,
    /// Only what stops this channel, entries for every channel included.
    pub channel: Option<Channel>,
    /// Only what stops this category, entries for every category included.
    pub category: Option<Category>,
    /// The last entry of the page before; `None` for the first page.
    pub after: Option<SuppressionId>,
    /// The largest number of entries.
    pub limit: i64,
}

impl SuppressionFilter {
    /// Whether it shows everything.
    pub fn is_empty(&self) -> bool {
        self.search.trim().is_empty() && self.channel.is_none() && self.category.is_none()
    }
}

#[derive(sqlx::FromRow)]
struct SuppressionRow {
    id: Uuid,
    phone: String,
    channel: String,
    category: String,
    reason: String,
    source: String,
    created_by: String,
    created_at: i64,
    #[sqlx(default)]
    name: String,
}

impl TryFrom<SuppressionRow> for Suppression {
    type Error = StoreError;
    fn try_from(row: SuppressionRow) -> Result<Suppression, StoreError> {
        Ok(Suppression {
            id: SuppressionId(row.id),
            phone: (!row.phone.is_empty()).then_some(row.phone),
            channel: all_or("channel", &row.channel)?,
            category: all_or("category", &row.category)?,
            reason: row.reason,
            source: row.source,
            created_by: row.created_by,
            created_at: Millis(row.created_at),
            name: row.name,
        })
    }
}

#[derive(sqlx::FromRow)]
struct LiftedRow {
    #[sqlx(flatten)]
    entry: SuppressionRow,
    lifted_by: String,
    lift_reason: String,
    lifted_at: i64,
}

impl TryFrom<LiftedRow> for Lifted {
    type Error = StoreError;
    fn try_from(row: LiftedRow) -> Result<Lifted, StoreError> {
        Ok(Lifted {
            entry: row.entry.try_into()?,
            by: row.lifted_by,
            reason: row.lift_reason,
            at: Millis(row.lifted_at),
        })
    }
}

fn all_or<T: std::str::FromStr>(column: &'static str, text: &str) -> Result<Option<T>, StoreError> {
    if text == ALL { Ok(None) } else { word("suppressions", column, text).map(Some) }
}

impl Org {
    /// The entries of one number that hold, also those whose number was erased.
    pub async fn suppressions_of(&self, phone: &str, key: &PhoneKey) -> Result<Vec<Suppression>, StoreError> {
        let rows: Vec<SuppressionRow> = self
            .db
            .all(
                // Two ways, each with its index: of one with OR, SQLite made a walk over every entry of the
                // organisation.
                "SELECT id, phone, channel, category, reason, source, created_by, created_at FROM suppressions
                 WHERE organization_id = $1 AND phone = $2 AND phone <> ''
                 UNION
                 SELECT id, phone, channel, category, reason, source, created_by, created_at FROM suppressions
                 WHERE organization_id = $1 AND phone_key = $3 ORDER BY id",
                args![self.id(), phone, key.of(phone)],
            )
            .await?;
        rows.into_iter().map(Suppression::try_from).collect()
    }

    /// The entries of one number that were lifted, newest first.
    pub async fn lifted_of(&self, phone: &str, key: &PhoneKey) -> Result<Vec<Lifted>, StoreError> {
        let rows: Vec<LiftedRow> = self
            .db
            .all(
                "SELECT id, phone, channel, category, reason, source, created_by, created_at, lifted_by, lift_reason, lifted_at
                 FROM suppressions_lifted WHERE organization_id = $1 AND phone_key = $2 ORDER BY lifted_at DESC, id DESC",
                args![self.id(), key.of(phone)],
            )
            .await?;
        rows.into_iter().map(Lifted::try_from).collect()
    }

    /// One entry that holds.
    pub async fn suppression(&self, id: SuppressionId) -> Result<Suppression, StoreError> {
        let row: SuppressionRow = self
            .db
            .one(
                "SELECT id, phone, channel, category, reason, source, created_by, created_at FROM suppressions
                 WHERE organization_id = $1 AND id = $2",
                args![self.id(), id.0],
            )
            .await?;
        row.try_into()
    }

    /// How many entries hold.
    pub async fn suppression_count(&self) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one("SELECT COUNT(*) FROM suppressions WHERE organization_id = $1", args![self.id()])
            .await?;
        Ok(n)
    }

    /// Which of these numbers have that very entry already, by a member or an import.
    pub async fn suppressed_already(
        &self,
        keys: Vec<String>,
        channel: Option<Channel>,
        category: Option<Category>,
    ) -> Result<u64, StoreError> {
        let mut known = 0;
        for chunk in keys.chunks(ROWS_PER_STATEMENT) {
            let found: Vec<(i64,)> = self
                .db
                .all_batch(
                    "SELECT COUNT(DISTINCT s.phone_key) FROM @batch CROSS JOIN suppressions s
                     WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.channel = $2 AND s.category = $3
                       AND s.source IN ('by_hand', 'import')",
                    args![
                        self.id(),
                        channel.map_or(ALL, Channel::word),
                        category.map_or(ALL, Category::word)
                    ],
                    Batch::new().texts("phone_key", chunk.iter().cloned()),
                )
                .await?;
            known += found.first().map_or(0, |(n,)| n.unsigned_abs());
        }
        Ok(known)
    }

    /// Adds one entry; [`StoreError::Taken`] when the number has that very entry.
    pub async fn suppress(&self, entry: NewSuppression, now: Millis) -> Result<(), StoreError> {
        match self.suppress_all(vec![entry], None, now).await? {
            0 => Err(StoreError::Taken),
            _ => Ok(()),
        }
    }

    /// Adds many entries; how many of them are new. What a member or an import entered before is not entered again.
    pub async fn suppress_all(
        &self,
        entries: Vec<NewSuppression>,
        import: Option<ImportId>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        self.allow(Permission::Manage)?;
        self.suppress_many(entries, import, now).await
    }

    /// Adds the refusals that a file of registrants holds; how many of them are new. A member who may register people
    /// may also record what they do not want.
    pub async fn suppress_from_import(
        &self,
        entries: Vec<NewSuppression>,
        import: ImportId,
        now: Millis,
    ) -> Result<u64, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        if entries.is_empty() {
            return Ok(0);
        }
        self.suppress_many(entries, Some(import), now).await
    }

    async fn suppress_many(
        &self,
        entries: Vec<NewSuppression>,
        import: Option<ImportId>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let mut added = 0;
        for chunk in entries.chunks(ROWS_PER_STATEMENT) {
            let batch = Batch::new()
                .uuids("id", chunk.iter().map(|_| SuppressionId::new(now).0))
                .texts("phone_key", chunk.iter().map(|entry| entry.phone_key.clone()))
                .texts("phone", chunk.iter().map(|entry| entry.phone.as_str().to_owned()))
                .texts(
                    "channel",
                    chunk.iter().map(|entry| entry.channel.map_or(ALL, Channel::word).to_owned()),
                )
                .texts(
                    "category",
                    chunk.iter().map(|entry| entry.category.map_or(ALL, Category::word).to_owned()),
                )
                .texts("reason", chunk.iter().map(|entry| entry.reason.clone()));
            added += tx
                .run_batch(
                    "INSERT INTO suppressions (id, organization_id, phone_key, phone, channel, category, reason, source,
                                               created_by, created_at)
                     SELECT b.id, $1, b.phone_key, b.phone, b.channel, b.category, b.reason, $2, $3, $4 FROM @batch
                     WHERE NOT EXISTS (SELECT 1 FROM suppressions s
                                       WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.channel = b.channel
                                         AND s.category = b.category AND s.source IN ('by_hand', 'import'))
                     ON CONFLICT (organization_id, phone_key, channel, category, source) DO NOTHING",
                    args![
                        self.id(),
                        if import.is_some() { "import" } else { "by_hand" },
                        &self.actor.name,
                        now
                    ],
                    batch,
                )
                .await?;
        }
        let subject = import.map_or(String::new(), |id| id.to_string());
        self.note(&mut tx, "suppression.added", subject, &format!("new={added}"), now).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Takes an entry away: the person may be contacted again, as far as no other entry stands. Who, when and why are
    /// kept. What the person asked for themselves is lifted only with a stated reason.
    pub async fn unsuppress(
        &self,
        id: SuppressionId,
        reason: &str,
        now: Millis,
    ) -> Result<LiftResult, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.by_index().begin().await?;
        let (source,): (String,) = tx
            .one(
                "SELECT source FROM suppressions WHERE organization_id = $1 AND id = $2 FOR UPDATE",
                args![self.id(), id.0],
            )
            .await?;
        if reason.trim().is_empty() && matches!(source.as_str(), "person" | "link") {
            return Ok(LiftResult::NeedsReason);
        }
        tx.run(
            "INSERT INTO suppressions_lifted (id, organization_id, phone_key, phone, channel, category, reason, source, created_by,
                                              created_at, lifted_by, lift_reason, lifted_at)
             SELECT id, organization_id, phone_key, phone, channel, category, reason, source, created_by, created_at, $3, $4, $5
             FROM suppressions WHERE organization_id = $1 AND id = $2",
            args![self.id(), id.0, &self.actor.name, reason.trim(), now],
        )
        .await?;
        tx.run("DELETE FROM suppressions WHERE organization_id = $1 AND id = $2", args![self.id(), id.0])
            .await?;
        self.note(&mut tx, "suppression.removed", id, &source, now).await?;
        tx.commit().await?;
        Ok(LiftResult::Done)
    }

    /// Gives erased entries their number back when it registers anew: screens then count those people again. The
    /// sending needs it not: it looks by keyed hash.
    pub async fn know_numbers_again(&self, phones: &[String], key: &PhoneKey) -> Result<u64, StoreError> {
        let (any,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM suppressions WHERE organization_id = $1 AND phone = '')",
                args![self.id()],
            )
            .await?;
        if !any || phones.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.by_index().begin().await?;
        let mut known = 0;
        for chunk in phones.chunks(ROWS_PER_STATEMENT) {
            known += know_again(self, &mut tx, chunk, key).await?;
        }
        tx.commit().await?;
        Ok(known)
    }
}

async fn know_again(org: &Org, tx: &mut Tx, phones: &[String], key: &PhoneKey) -> Result<u64, StoreError> {
    let batch = Batch::new()
        .texts("phone_key", phones.iter().map(|phone| key.of(phone)))
        .texts("phone", phones.iter().cloned());
    let found: Vec<(Uuid, String)> = tx
        .all_batch(
            "SELECT s.id, b.phone FROM @batch CROSS JOIN suppressions s
             WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.phone = ''",
            args![org.id()],
            batch,
        )
        .await?;
    let mut known = 0;
    for (id, phone) in found {
        known += tx
            .run(
                "UPDATE suppressions SET phone = $3 WHERE organization_id = $1 AND id = $2",
                args![org.id(), id, phone],
            )
            .await?;
    }
    Ok(known)
}
