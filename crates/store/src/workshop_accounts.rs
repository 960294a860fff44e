//! Through which account a workshop's steps go where they name none.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    ids::{IntegrationId, WorkshopId},
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
};

impl Org {
    /// The accounts that were chosen for a workshop, also one that was removed since: somebody has to choose again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn workshop_accounts(
        &self,
        workshop: WorkshopId,
    ) -> Result<BTreeMap<Channel, IntegrationId>, StoreError> {
        let rows: Vec<(String, Uuid)> = self
            .db
            .all(
                "SELECT channel, integration_id FROM workshop_accounts WHERE workshop_id = $1 AND organization_id = $2",
                args![workshop.0, self.id()],
            )
            .await?;
        let read = |(channel, id): (String, Uuid)| {
            Ok((word("workshop_accounts", "channel", &channel)?, IntegrationId(id)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Chooses the account of a workshop for a channel; `None` for the channel's default.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such workshop or account; [`StoreError::Forbidden`] when the role does not allow it.
    pub async fn set_workshop_account(
        &self,
        workshop: WorkshopId,
        channel: Channel,
        account: Option<IntegrationId>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        match account {
            Some(account) => {
                let set = tx
                    .run(
                        "INSERT INTO workshop_accounts (workshop_id, channel, organization_id, integration_id)
                         SELECT w.id, $3, w.organization_id, i.id FROM workshops w JOIN integrations i ON i.organization_id = w.organization_id
                         WHERE w.id = $1 AND w.organization_id = $2 AND i.id = $4 AND i.removed_at IS NULL
                         ON CONFLICT (workshop_id, channel) DO UPDATE SET integration_id = excluded.integration_id",
                        args![workshop.0, self.id(), channel.word(), account.0],
                    )
                    .await?;
                if set == 0 {
                    return Err(StoreError::Missing);
                }
            }
            None => {
                tx.run(
                    "DELETE FROM workshop_accounts WHERE workshop_id = $1 AND organization_id = $2 AND channel = $3",
                    args![workshop.0, self.id(), channel.word()],
                )
                .await?;
            }
        }
        self.note(&mut tx, "plan.account", workshop, channel.word(), now).await?;
        tx.commit().await
    }
}
