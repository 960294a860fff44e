//! People who must not be contacted, per channel and per category.

use domain::{
    channel::{Category, Channel},
    ids::{ImportId, SuppressionId},
    phone::Phone,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, word},
    org::Org,
    workshops::contains,
};

/// Stands for every channel or every category.
const ALL: &str = "all";
/// Rows bound to one statement.
const ROWS_PER_STATEMENT: usize = 2_000;

/// Somebody not to be contacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Which.
    pub id: SuppressionId,
    /// The number; `None` after erasure, when only its keyed hash is left.
    pub phone: Option<String>,
    /// On this channel; `None` on every one.
    pub channel: Option<Channel>,
    /// For this category; `None` for every one.
    pub category: Option<Category>,
    /// Why, in a person's words.
    pub reason: String,
    /// `by_hand`, `import`, or what else made the entry.
    pub source: String,
    /// Who entered it.
    pub created_by: String,
    /// When it was entered.
    pub created_at: Millis,
}

/// An entry to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuppression {
    /// The number.
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
        })
    }
}

fn all_or<T: std::str::FromStr>(column: &'static str, text: &str) -> Result<Option<T>, StoreError> {
    if text == ALL { Ok(None) } else { word("suppressions", column, text).map(Some) }
}

impl Org {
    /// The newest entries, newest first; `search` is a part of a number, empty for all.
    pub async fn suppressions(
        &self,
        search: &str,
        after: Option<SuppressionId>,
        limit: i64,
    ) -> Result<Vec<Suppression>, StoreError> {
        let digits: String = search.chars().filter(char::is_ascii_digit).collect();
        // A word is part of no number: as a pattern it finds nothing.
        let wanted = if digits.is_empty() { search } else { &digits };
        let pattern = contains(wanted);
        let rows: Vec<SuppressionRow> = self
            .db
            .all(
                r"SELECT id, phone, channel, category, reason, source, created_by, created_at FROM suppressions
                 WHERE organization_id = $1 AND id < $2 AND ($3 = '%%' OR phone LIKE $3 ESCAPE '\')
                 ORDER BY id DESC LIMIT $4",
                args![self.id(), after.map_or(Uuid::max(), |id| id.0), pattern, limit],
            )
            .await?;
        rows.into_iter().map(Suppression::try_from).collect()
    }

    /// The entries of one number.
    pub async fn suppressions_of(&self, phone: &str) -> Result<Vec<Suppression>, StoreError> {
        let rows: Vec<SuppressionRow> = self
            .db
            .all(
                "SELECT id, phone, channel, category, reason, source, created_by, created_at FROM suppressions
                 WHERE organization_id = $1 AND phone = $2 AND phone <> '' ORDER BY id",
                args![self.id(), phone],
            )
            .await?;
        rows.into_iter().map(Suppression::try_from).collect()
    }

    /// How many entries there are.
    pub async fn suppression_count(&self) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one("SELECT COUNT(*) FROM suppressions WHERE organization_id = $1", args![self.id()])
            .await?;
        Ok(n)
    }

    /// Adds one entry; [`StoreError::Taken`] when the number has that very entry.
    pub async fn suppress(&self, entry: NewSuppression, now: Millis) -> Result<(), StoreError> {
        match self.suppress_all(vec![entry], None, now).await? {
            0 => Err(StoreError::Taken),
            _ => Ok(()),
        }
    }

    /// Adds many entries; how many of them are new.
    pub async fn suppress_all(
        &self,
        entries: Vec<NewSuppression>,
        import: Option<ImportId>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
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
                     SELECT b.id, $1, b.phone_key, b.phone, b.channel, b.category, b.reason, $2, $3, $4 FROM @batch WHERE TRUE
                     ON CONFLICT (organization_id, phone_key, channel, category) DO NOTHING",
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

    /// Takes an entry away: the person may be contacted again.
    pub async fn unsuppress(&self, id: SuppressionId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let gone = tx
            .run("DELETE FROM suppressions WHERE organization_id = $1 AND id = $2", args![self.id(), id.0])
            .await?;
        if gone == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "suppression.removed", id, "", now).await?;
        tx.commit().await
    }
}
