//! What gateways tell of groups: whose phone got a post, who opened it, and how a linked account stands.

use std::collections::BTreeMap;

use domain::{
    group::{AccountState, Person, Seen},
    ids::{BroadcastId, IntegrationId, MessageRef, OrganizationId},
    phone::Phone,
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    changes::Change,
    db::{Batch, args},
    error::StoreError,
    group_members::{HIDDEN, key_of},
    org::Org,
};

/// A member's phone did something with a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSeen {
    /// The post, in its group.
    pub message: MessageRef,
    /// Who.
    pub person: Person,
    /// What the phone did.
    pub seen: Seen,
    /// When.
    pub at: Millis,
}

/// How far a post came in its group: people, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeenBy {
    /// Members whose phone has it; who opened it is among them.
    pub delivered: i64,
    /// Members who opened it.
    pub read: i64,
}

/// Broadcast and position of a post, and under which a person is counted for it.
type PersonOfPost = (Uuid, i64, String);

impl Work {
    /// Writes down what members' phones did. The same again, later or earlier changes nothing but what it adds; whoever opened a post has
    /// it. A person who was known by the hidden id alone, and is named with both now, stays one person.
    pub async fn saw_members(
        &self,
        organization: OrganizationId,
        seen: &[MemberSeen],
    ) -> Result<(), StoreError> {
        let mut rows: BTreeMap<PersonOfPost, (Option<i64>, Option<i64>)> = BTreeMap::new();
        let mut known_before: Vec<PersonOfPost> = Vec::new();
        for one in seen {
            let place = (one.message.broadcast.0, one.message.position);
            let row = rows.entry((place.0, place.1, key_of(&one.person))).or_default();
            let earlier = |known: Option<i64>| Some(known.map_or(one.at.0, |known| known.min(one.at.0)));
            row.0 = earlier(row.0);
            if one.seen == Seen::Read {
                row.1 = earlier(row.1);
            }
            if let Person::Both(_, lid) = &one.person {
                known_before.push((place.0, place.1, format!("{HIDDEN}{}", lid.as_str())));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let broadcasts: Vec<Uuid> = rows.keys().map(|(broadcast, ..)| *broadcast).collect();
        let mut tx = self.db.by_index().begin().await?;
        if !known_before.is_empty() {
            tx.run_batch(
                "DELETE FROM member_receipts WHERE EXISTS (
                     SELECT 1 FROM @batch WHERE b.broadcast_id = member_receipts.broadcast_id AND b.position = member_receipts.position
                       AND b.person = member_receipts.person)",
                args![],
                Batch::new()
                    .uuids("broadcast_id", known_before.iter().map(|(id, ..)| *id))
                    .ints("position", known_before.iter().map(|(_, position, _)| *position))
                    .texts("person", known_before.iter().map(|(.., person)| person.clone())),
            )
            .await?;
        }
        tx.run_batch(
            "INSERT INTO member_receipts (broadcast_id, position, person, organization_id, delivered_at, read_at)
             SELECT b.broadcast_id, b.position, b.person, $1, b.delivered_at, b.read_at FROM @batch WHERE TRUE
             ON CONFLICT (broadcast_id, position, person) DO UPDATE SET
                 delivered_at = COALESCE(member_receipts.delivered_at, excluded.delivered_at),
                 read_at = COALESCE(member_receipts.read_at, excluded.read_at)",
            args![organization.0],
            Batch::new()
                .uuids("broadcast_id", rows.keys().map(|(id, ..)| *id))
                .ints("position", rows.keys().map(|(_, position, _)| *position))
                .texts("person", rows.keys().map(|(.., person)| person.clone()))
                .ints("delivered_at", rows.values().map(|(delivered, _)| *delivered))
                .ints("read_at", rows.values().map(|(_, read)| *read)),
        )
        .await?;
        for broadcast in broadcasts {
            tx.tell(Change::Rows(BroadcastId(broadcast)));
        }
        tx.commit().await
    }

    /// Keeps how a linked account stands, as its gateway told by itself.
    pub async fn account_news(
        &self,
        integration: IntegrationId,
        state: &AccountState,
        phone: Option<&Phone>,
        at: Millis,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(state).expect("a state is always JSON");
        self.db
            .run(
                "UPDATE linked_accounts SET since = CASE WHEN state = $2 THEN since ELSE $3 END, state = $2, seen_at = $3, silent_since = NULL,
                        phone = CASE WHEN $4 = '' THEN phone ELSE $4 END, linked_at = COALESCE(linked_at, $5)
                 WHERE integration_id = $1 AND seen_at <= $3",
                args![
                    integration.0,
                    text,
                    at,
                    phone.map_or("", |phone| phone.as_str()),
                    state.posts().then_some(at)
                ],
            )
            .await?;
        Ok(())
    }
}

impl Org {
    /// Members of the group of each post, by its position, where they are known.
    pub async fn group_sizes(&self, broadcast: BroadcastId) -> Result<BTreeMap<i64, i64>, StoreError> {
        let rows: Vec<(i64, i64)> = self
            .db
            .all(
                "SELECT m.position, g.members FROM messages m JOIN groups g ON g.id = m.group_id
                 WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND g.members IS NOT NULL ORDER BY m.position",
                args![broadcast.0, self.id()],
            )
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// How far each post of a broadcast came, by its position; posts of which nothing is known are left out.
    pub async fn seen_by(&self, broadcast: BroadcastId) -> Result<BTreeMap<i64, SeenBy>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = self
            .db
            .all(
                "SELECT position, COUNT(delivered_at), COUNT(read_at) FROM member_receipts
                 WHERE broadcast_id = $1 AND organization_id = $2 GROUP BY position ORDER BY position",
                args![broadcast.0, self.id()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(position, delivered, read)| (position, SeenBy { delivered, read }))
            .collect())
    }
}
