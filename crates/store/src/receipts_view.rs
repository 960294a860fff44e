//! Receipts as screens show them: those that fit no message, and those that could not be read.

use domain::{ids::IntegrationId, time::Millis};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// A receipt that belongs to no known message. It is kept and shown, and its message is never guessed.
#[derive(Clone, Debug)]
pub struct UnmatchedReceipt {
    /// The account that the receipt came to.
    pub integration: IntegrationId,
    /// When it came.
    pub received_at: Millis,
    /// Why no message was found, or why the receipt could not be read.
    pub note: String,
    /// The body as received.
    pub body: String,
}

#[derive(sqlx::FromRow)]
struct ReceiptRow {
    integration_id: Uuid,
    received_at: i64,
    note: String,
    body: String,
}

impl ReceiptRow {
    fn into_shown(self) -> UnmatchedReceipt {
        UnmatchedReceipt {
            integration: IntegrationId(self.integration_id),
            received_at: Millis(self.received_at),
            note: self.note,
            body: self.body,
        }
    }
}

impl Org {
    /// The newest receipts that fit no message.
    pub async fn unmatched_receipts(&self, limit: i64) -> Result<Vec<UnmatchedReceipt>, StoreError> {
        let rows: Vec<ReceiptRow> = self
            .db
            .all(
                "SELECT integration_id, received_at, note, body FROM receipts
                 WHERE organization_id = $1 AND state = 'unmatched' ORDER BY id DESC LIMIT $2",
                args![self.id(), limit],
            )
            .await?;
        Ok(rows.into_iter().map(ReceiptRow::into_shown).collect())
    }

    /// How many posts of providers could not be read, and the newest of them.
    pub async fn posts_not_understood(&self, limit: i64) -> Result<(i64, Vec<UnmatchedReceipt>), StoreError> {
        let (count,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM receipts WHERE organization_id = $1 AND state = 'not_understood'",
                args![self.id()],
            )
            .await?;
        let rows: Vec<ReceiptRow> = self
            .db
            .all(
                "SELECT integration_id, received_at, note, body FROM receipts
                 WHERE organization_id = $1 AND state = 'not_understood' ORDER BY id DESC LIMIT $2",
                args![self.id(), limit],
            )
            .await?;
        Ok((count, rows.into_iter().map(ReceiptRow::into_shown).collect()))
    }
}
