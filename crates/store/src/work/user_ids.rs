//! WhatsApp's ids of people, which come with a number, or without one.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    ids::{IntegrationId, OrganizationId, ReceiptId},
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::{Batch, again, args},
    error::StoreError,
};

impl Work {
    /// The numbers of these people, as far as a post has carried both.
    pub async fn numbers_of_users(
        &self,
        integration: IntegrationId,
        users: HashSet<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let known: Vec<(String, String)> = self
            .db
            .by_index()
            .all_batch(
                "SELECT u.user_id, u.phone FROM @batch CROSS JOIN user_ids u
                 WHERE u.integration_id = b.integration_id AND u.user_id = b.user_id AND u.phone <> ''",
                args![],
                Batch::new()
                    .uuids("integration_id", users.iter().map(|_| integration.0))
                    .texts("user_id", users),
            )
            .await?;
        Ok(known.into_iter().collect())
    }

    /// Keeps which number people have. Receipts of theirs from before the number was known are applied again, whether
    /// or not they were applied before.
    pub async fn learn_users(
        &self,
        organization: OrganizationId,
        integration: IntegrationId,
        pairs: &BTreeMap<String, String>,
        now: Millis,
    ) -> Result<HashSet<ReceiptId>, StoreError> {
        if pairs.is_empty() {
            return Ok(HashSet::new());
        }
        again(|| self.try_learn_users(organization, integration, pairs, now)).await
    }

    async fn try_learn_users(
        &self,
        organization: OrganizationId,
        integration: IntegrationId,
        pairs: &BTreeMap<String, String>,
        now: Millis,
    ) -> Result<HashSet<ReceiptId>, StoreError> {
        let batch = || {
            Batch::new()
                .uuids("integration_id", pairs.iter().map(|_| integration.0))
                .texts("user_id", pairs.keys().cloned())
                .texts("phone", pairs.values().cloned())
        };
        let mut tx = self.db.by_index().begin().await?;
        let waiting: Vec<(Uuid,)> = tx
            .all_batch(
                "SELECT u.receipt_id FROM @batch CROSS JOIN user_ids u
                 WHERE u.integration_id = b.integration_id AND u.user_id = b.user_id AND u.receipt_id IS NOT NULL FOR UPDATE",
                args![],
                batch(),
            )
            .await?;
        tx.run_batch(
            "INSERT INTO user_ids (integration_id, user_id, organization_id, phone, receipt_id, seen_at)
             SELECT b.integration_id, b.user_id, $1, b.phone, NULL, $2 FROM @batch WHERE TRUE
             ON CONFLICT (integration_id, user_id) DO UPDATE SET phone = excluded.phone, receipt_id = NULL, seen_at = excluded.seen_at",
            args![organization.0, now],
            batch(),
        )
        .await?;
        tx.run_batch(
            "UPDATE receipts SET state = 'pending', note = '', try_at = $1 FROM @batch
             WHERE receipts.id = b.id AND receipts.state || '' = 'unmatched'",
            args![now],
            Batch::new().uuids("id", waiting.iter().map(|(id,)| *id)),
        )
        .await?;
        tx.commit().await?;
        Ok(waiting.into_iter().map(|(id,)| ReceiptId(id)).collect())
    }

    /// Notes that what this person wrote waits for their number; the latest counts. The number, where it became known meanwhile.
    pub async fn wait_for_number(
        &self,
        organization: OrganizationId,
        integration: IntegrationId,
        user: &str,
        receipt: ReceiptId,
        now: Millis,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let (phone,): (String,) = tx
            .one(
                "INSERT INTO user_ids (integration_id, user_id, organization_id, phone, receipt_id, seen_at)
                 VALUES ($1, $2, $3, '', $4, $5)
                 ON CONFLICT (integration_id, user_id) DO UPDATE
                 SET receipt_id = CASE WHEN user_ids.phone = '' THEN excluded.receipt_id ELSE user_ids.receipt_id END,
                     seen_at = excluded.seen_at
                 RETURNING phone",
                args![integration.0, user, organization.0, receipt.0, now],
            )
            .await?;
        tx.commit().await?;
        Ok(Some(phone).filter(|phone| !phone.is_empty()))
    }

    /// Which of these numbers the organisation has people with.
    pub async fn known_numbers(
        &self,
        organization: OrganizationId,
        numbers: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let known: Vec<(String,)> = self
            .db
            .by_index()
            .all_batch(
                "SELECT l.phone FROM @batch CROSS JOIN @leads l WHERE l.organization_id = b.organization_id AND l.phone = b.phone",
                args![],
                Batch::new()
                    .uuids("organization_id", numbers.iter().map(|_| organization.0))
                    .texts("phone", numbers.iter().cloned()),
            )
            .await?;
        Ok(known.into_iter().map(|(phone,)| phone).collect())
    }
}
