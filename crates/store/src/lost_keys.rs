//! What has to be done to a database whose key file is gone: secrets that nobody can open are taken out, and numbers that are still known
//! are hashed under the new key.

use domain::{ids::IntegrationId, time::Millis};
use uuid::Uuid;

use crate::{
    Store,
    db::{Batch, args},
    error::StoreError,
    phone_key::PhoneKey,
};

/// Rows hashed anew in one transaction.
const ROWS: i64 = 2_000;

/// What hashing numbers anew did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rehashed {
    /// Entries (opt-outs, lifted ones, agreements) that are found under the new key.
    pub anew: u64,
    /// Opt-outs whose number was erased: nobody can tell whom they kept from being told.
    pub opt_outs_lost: i64,
    /// Agreements whose number was erased.
    pub agreements_lost: i64,
}

impl Store {
    /// Takes the secrets of these accounts out, so that screens ask for them again. Repeated, it changes nothing more.
    pub async fn forget_secrets(
        &self,
        accounts: &[IntegrationId],
        by: &str,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let touched = tx
            .run_batch(
                "UPDATE integrations SET secrets = '', hints = '{}', health = '{}', secrets_set_by = $1, secrets_set_at = $2
                 WHERE secrets <> '' AND id IN (SELECT b.id FROM @batch)",
                args![by, now],
                Batch::new().uuids("id", accounts.iter().map(|id| id.0)),
            )
            .await?;
        tx.commit().await?;
        Ok(touched)
    }

    /// Hashes every number that is still known under that key. In short transactions; cut off, it can be called again.
    pub async fn rehash_numbers(&self, key: &PhoneKey) -> Result<Rehashed, StoreError> {
        let mut done = Rehashed::default();
        for (select, update) in [
            (
                "SELECT id, phone FROM suppressions WHERE phone <> '' AND id > $1 ORDER BY id LIMIT $2",
                "UPDATE suppressions SET phone_key = b.phone_key FROM @batch WHERE suppressions.id = b.id",
            ),
            (
                "SELECT id, phone FROM suppressions_lifted WHERE phone <> '' AND id > $1 ORDER BY id LIMIT $2",
                "UPDATE suppressions_lifted SET phone_key = b.phone_key FROM @batch WHERE suppressions_lifted.id = b.id",
            ),
            (
                "SELECT id, phone FROM consents WHERE phone <> '' AND id > $1 ORDER BY id LIMIT $2",
                "UPDATE consents SET phone_key = b.phone_key FROM @batch WHERE consents.id = b.id",
            ),
        ] {
            let mut after = Uuid::nil();
            loop {
                let rows: Vec<(Uuid, String)> = self.db.all(select, args![after, ROWS]).await?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                let batch = Batch::new()
                    .uuids("id", rows.iter().map(|(id, _)| *id))
                    .texts("phone_key", rows.iter().map(|(_, phone)| key.of(phone)));
                let mut tx = self.db.by_index().begin().await?;
                done.anew += tx.run_batch(update, args![], batch).await?;
                tx.commit().await?;
            }
        }
        let lost: (i64, i64) = self
            .db
            .one(
                "SELECT (SELECT COUNT(*) FROM suppressions WHERE phone = ''),
                        (SELECT COUNT(*) FROM consents WHERE phone = '' AND withdrawn_at IS NULL)",
                args![],
            )
            .await?;
        (done.opt_outs_lost, done.agreements_lost) = lost;
        // Under the old key these are nobody's.
        self.db.run("DELETE FROM erased_numbers", args![]).await?;
        Ok(done)
    }
}
