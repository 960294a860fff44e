//! What people tell us themselves: STOP and START, and what the network says of their wishes.

use domain::{
    channel::Channel,
    ids::{OrganizationId, SuppressionId},
    time::Millis,
};

use super::Work;
use crate::{db::args, error::StoreError};

/// A person's own wish not to be contacted.
#[derive(Clone, Debug)]
pub struct OptOut {
    /// By whom not.
    pub organization: OrganizationId,
    /// Keyed hash of the number.
    pub phone_key: String,
    /// E.164.
    pub phone: String,
    /// On which channel it came.
    pub channel: Channel,
    /// `all`, or `marketing` only.
    pub category: &'static str,
    /// Words for people.
    pub reason: &'static str,
}

impl Work {
    /// Keeps a person's wish. Said twice it is kept once.
    pub async fn opt_out(&self, wish: &OptOut, now: Millis) -> Result<(), StoreError> {
        self.db
            .run(
                "INSERT INTO suppressions (id, organization_id, phone_key, phone, channel, category, reason, source, created_by,
                                           created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 'person', '', $8) ON CONFLICT DO NOTHING",
                args![
                    SuppressionId::new(now).0,
                    wish.organization.0,
                    &wish.phone_key,
                    &wish.phone,
                    wish.channel.word(),
                    wish.category,
                    wish.reason,
                    now
                ],
            )
            .await?;
        Ok(())
    }

    /// Lifts what the same person's STOP set on that channel, and nothing else.
    pub async fn opt_in(&self, wish: &OptOut) -> Result<(), StoreError> {
        self.db
            .run(
                "DELETE FROM suppressions WHERE organization_id = $1 AND phone_key = $2 AND channel = $3 AND category = $4
                   AND source = 'person'",
                args![wish.organization.0, &wish.phone_key, wish.channel.word(), wish.category],
            )
            .await?;
        Ok(())
    }
}
