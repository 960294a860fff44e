//! Joins and leaves, as gateways tell them.

use domain::{
    group::{Jid, MemberMove, Person},
    ids::{IntegrationId, OrganizationId},
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::args,
    error::StoreError,
    group_members::{held, write},
    phone_key::PhoneKey,
};

impl Work {
    /// Takes over who came into a group, went, or changed roles. News that is older than the last whole list, or older
    /// than what is known of the person, changes nothing. News of an unknown group changes nothing either.
    pub async fn members_moved(
        &self,
        (organization, integration): (OrganizationId, IntegrationId),
        (group, to): (&Jid, MemberMove),
        people: &[Person],
        (at, key): (Millis, &PhoneKey),
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let known: Option<(Uuid, Option<i64>)> = tx
            .optional(
                "SELECT id, members_synced_at FROM groups
                 WHERE integration_id = $1 AND jid = $2 AND jid <> '' AND organization_id = $3 FOR UPDATE",
                args![integration.0, group.as_str(), organization.0],
            )
            .await?;
        let Some((id, synced)) = known.filter(|(_, synced)| synced.is_none_or(|synced| synced < at.0)) else {
            return Ok(());
        };
        let mut rows = held(&mut tx, id).await?;
        for person in people {
            rows.moved(to, person, at);
        }
        let present = write(&mut tx, (organization.0, id), rows, key).await?;
        // Where the whole list was never read, these are only some.
        if synced.is_some() {
            tx.run("UPDATE groups SET members = $2 WHERE id = $1", args![id, present]).await?;
        }
        tx.commit().await
    }
}
