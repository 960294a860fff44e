//! Receipts as screens show them: those that fit no message.

use domain::{ids::IntegrationId, time::Millis};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// A receipt that fits no message; kept, shown, never guessed.
#[derive(Clone, Debug)]
pub struct UnmatchedReceipt {
    /// From which account.
    pub integration: IntegrationId,
    /// When it came.
    pub received_at: Millis,
    /// Why it fits nothing.
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
        let receipt = |row: ReceiptRow| UnmatchedReceipt {
            integration: IntegrationId(row.integration_id),
            received_at: Millis(row.received_at),
            note: row.note,
            body: row.body,
        };
        Ok(rows.into_iter().map(receipt).collect())
    }
}
