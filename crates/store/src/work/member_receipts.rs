//! What gateways report of groups: whose phone got a post, who opened it, and the state of a linked account. A person
//! counts once per post, whatever the order of the reports. Each statement that adds a member's receipt counts it into
//! `post_reach` in the same transaction, so that a page of 200 groups reads 200 sums.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    group::{AccountState, MemberReceiptKind, Person},
    ids::{BroadcastId, IntegrationId, MessageRef, OrganizationId},
    phone::Phone,
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    changes::Change,
    db::{Batch, Tx, again, args},
    error::StoreError,
    group_members::{HIDDEN, key_of},
    org::Org,
};

/// A member's phone did something with a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberReceipt {
    /// The post, in its group.
    pub message: MessageRef,
    /// The member whose phone it is.
    pub person: Person,
    /// Whether the post was delivered or read.
    pub seen: MemberReceiptKind,
    /// When the phone did it.
    pub at: Millis,
}

/// A member reacted to a post, or took a reaction back. A member who did either has seen the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberReacted {
    /// The post, in its group.
    pub message: MessageRef,
    /// The member who reacted.
    pub person: Person,
    /// The emoji; `None` where the reaction was taken back.
    pub emoji: Option<String>,
    /// When they reacted.
    pub at: Millis,
}

/// How far a post came in its group: people, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostReach {
    /// Members whose phone has the post, those who opened it included.
    pub delivered: i64,
    /// Members who opened the post.
    pub read: i64,
    /// Members who reacted and did not take the reaction back.
    pub reacted: i64,
}

/// A longer reaction is no emoji, and is cut: a joined family of four takes 25 bytes.
const REACTION_CHARS_MAX: usize = 16;

/// Broadcast and position of a post, and under which a person is counted for it.
type PersonOfPost = (Uuid, i64, String);

/// The receipts of one person for one post.
#[derive(Clone, Debug, Default)]
struct Known {
    delivered: Option<i64>,
    read: Option<i64>,
    /// The last reaction, empty for one that was taken back, and its moment.
    reacted: Option<(i64, String)>,
}

/// The earlier of what is known.
fn earlier(known: Option<i64>, other: Option<i64>) -> Option<i64> {
    [known, other].into_iter().flatten().min()
}

impl Known {
    fn saw(&mut self, at: Millis, opened: bool) {
        self.delivered = earlier(self.delivered, Some(at.0));
        if opened {
            self.read = earlier(self.read, Some(at.0));
        }
    }

    fn reacts(&mut self, at: i64, emoji: String) {
        if self.reacted.as_ref().is_none_or(|(before, _)| *before <= at) {
            self.reacted = Some((at, emoji));
        }
    }

    fn and(&mut self, other: Known) {
        self.delivered = earlier(self.delivered, other.delivered);
        self.read = earlier(self.read, other.read);
        if let Some((at, emoji)) = other.reacted {
            self.reacts(at, emoji);
        }
    }
}

/// A row that is kept no longer under the hidden id.
#[derive(sqlx::FromRow)]
struct HiddenRow {
    broadcast_id: Uuid,
    position: i64,
    person: String,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
    reaction: String,
    reacted_at: Option<i64>,
}

/// What members did, by person and post, and by how much the posts' sums move.
#[derive(Default)]
struct Gathered {
    rows: BTreeMap<PersonOfPost, Known>,
    /// The hidden ids of people who are kept by number: under which they may have been kept before.
    hidden: BTreeMap<PersonOfPost, String>,
    /// More members whose phone has the post, and who opened it.
    moved: BTreeMap<(Uuid, i64), (i64, i64)>,
}

impl Gathered {
    fn of(
        seen: &[MemberReceipt],
        reacted: &[MemberReacted],
        numbers: &BTreeMap<PersonOfPost, String>,
    ) -> Gathered {
        let mut all = Gathered::default();
        for one in seen {
            all.row(one.message, &one.person, numbers).saw(one.at, one.seen == MemberReceiptKind::Read);
        }
        for one in reacted {
            let row = all.row(one.message, &one.person, numbers);
            row.saw(one.at, true);
            let emoji = one.emoji.as_deref().unwrap_or_default();
            row.reacts(one.at.0, emoji.chars().filter(|c| *c != '\0').take(REACTION_CHARS_MAX).collect());
        }
        all
    }

    /// The row of a person, by number where it is known.
    fn row(
        &mut self,
        message: MessageRef,
        person: &Person,
        numbers: &BTreeMap<PersonOfPost, String>,
    ) -> &mut Known {
        let place = (message.broadcast.0, message.position);
        let mut key = key_of(person);
        if let Some(lid) = person.lid() {
            let hidden = (place.0, place.1, format!("{HIDDEN}{}", lid.as_str()));
            if let Some(number) = numbers.get(&hidden).filter(|_| person.phone().is_none()) {
                key.clone_from(number);
            }
            if key != hidden.2 {
                self.hidden.insert(hidden, key.clone());
            }
        }
        self.rows.entry((place.0, place.1, key)).or_default()
    }

    fn count(&mut self, broadcast: Uuid, position: i64, delivered: i64, opened: i64) {
        let sum = self.moved.entry((broadcast, position)).or_default();
        *sum = (sum.0 + delivered, sum.1 + opened);
    }

    /// Key columns of these rows.
    fn keys<'a>(rows: impl Iterator<Item = &'a PersonOfPost> + Clone) -> Batch {
        Batch::new()
            .uuids("broadcast_id", rows.clone().map(|(id, ..)| *id))
            .ints("position", rows.clone().map(|(_, position, _)| *position))
            .texts("person", rows.map(|(.., person)| person.clone()))
    }

    /// People who were kept by their hidden id, and whose number is known now, are taken out; what they did goes to
    /// their number.
    async fn take_hidden(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.hidden.is_empty() {
            return Ok(());
        }
        let gone: Vec<HiddenRow> = tx
            .all_batch(
                "DELETE FROM member_receipts WHERE EXISTS (
                     SELECT 1 FROM @batch WHERE b.broadcast_id = member_receipts.broadcast_id AND b.position = member_receipts.position
                       AND b.person = member_receipts.person)
                 RETURNING broadcast_id, position, person, delivered_at, read_at, reaction, reacted_at",
                args![],
                Gathered::keys(self.hidden.keys()),
            )
            .await?;
        for row in gone {
            let key = (row.broadcast_id, row.position, row.person);
            let Some(number) = self.hidden.get(&key).cloned() else { continue };
            self.count(row.broadcast_id, row.position, -1, -i64::from(row.read_at.is_some()));
            let reacted = row.reacted_at.map(|at| (at, row.reaction));
            let known = Known { delivered: row.delivered_at, read: row.read_at, reacted };
            self.rows.entry((row.broadcast_id, row.position, number)).or_default().and(known);
        }
        Ok(())
    }

    /// Adds members who were not known, and what is new of the others. Each is counted by the statement that wrote it,
    /// so that two processes that hear of one phone count it once.
    async fn write(&mut self, tx: &mut Tx, organization: OrganizationId) -> Result<(), StoreError> {
        let added: Vec<(Uuid, i64, Option<i64>)> = tx
            .all_batch(
                "INSERT INTO member_receipts (broadcast_id, position, person, organization_id, delivered_at, read_at)
                 SELECT b.broadcast_id, b.position, b.person, $1, b.delivered_at, b.read_at FROM @batch WHERE TRUE
                 ON CONFLICT (broadcast_id, position, person) DO NOTHING RETURNING broadcast_id, position, read_at",
                args![organization.0],
                Gathered::keys(self.rows.keys())
                    .ints("delivered_at", self.rows.values().map(|row| row.delivered))
                    .ints("read_at", self.rows.values().map(|row| row.read)),
            )
            .await?;
        for (broadcast, position, read) in &added {
            self.count(*broadcast, *position, 1, i64::from(read.is_some()));
        }
        let opened = self.rows.iter().filter_map(|(key, row)| Some((key, row.read?)));
        // Where everybody is new nobody was known before.
        if added.len() < self.rows.len() && opened.clone().next().is_some() {
            let opened: Vec<(Uuid, i64)> = tx
                .all_batch(
                    "UPDATE member_receipts SET read_at = b.read_at FROM @batch
                     WHERE member_receipts.broadcast_id = b.broadcast_id AND member_receipts.position = b.position
                       AND member_receipts.person = b.person AND member_receipts.read_at IS NULL
                     RETURNING member_receipts.broadcast_id, member_receipts.position",
                    args![],
                    Gathered::keys(opened.clone().map(|(key, _)| key)).ints("read_at", opened.map(|(_, at)| at)),
                )
                .await?;
            for (broadcast, position) in opened {
                self.count(broadcast, position, 0, 1);
            }
        }
        self.write_reactions(tx).await
    }

    /// The last reaction of each stays, whatever came first.
    async fn write_reactions(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let all = self.rows.iter().filter_map(|(key, row)| Some((key, row.reacted.as_ref()?)));
        if all.clone().next().is_none() {
            return Ok(());
        }
        tx.run_batch(
            "UPDATE member_receipts SET reaction = b.reaction, reacted_at = b.reacted_at FROM @batch
             WHERE member_receipts.broadcast_id = b.broadcast_id AND member_receipts.position = b.position
               AND member_receipts.person = b.person
               AND (member_receipts.reacted_at IS NULL OR member_receipts.reacted_at <= b.reacted_at)",
            args![],
            Gathered::keys(all.clone().map(|(key, _)| key))
                .texts("reaction", all.clone().map(|(_, (_, emoji))| emoji.clone()))
                .ints("reacted_at", all.map(|(_, (at, _))| *at)),
        )
        .await?;
        Ok(())
    }

    /// Moves the posts' sums, in the transaction that moved the rows.
    async fn move_sums(&self, tx: &mut Tx, organization: OrganizationId) -> Result<(), StoreError> {
        let moved = self.moved.iter().filter(|(_, sums)| **sums != (0, 0));
        if moved.clone().next().is_none() {
            return Ok(());
        }
        tx.run_batch(
            "INSERT INTO post_reach (broadcast_id, position, organization_id, delivered, opened)
             SELECT b.broadcast_id, b.position, $1, b.delivered, b.opened FROM @batch WHERE TRUE
             ON CONFLICT (broadcast_id, position) DO UPDATE SET
                 delivered = post_reach.delivered + excluded.delivered, opened = post_reach.opened + excluded.opened",
            args![organization.0],
            Batch::new()
                .uuids("broadcast_id", moved.clone().map(|((id, _), _)| *id))
                .ints("position", moved.clone().map(|((_, position), _)| *position))
                .ints("delivered", moved.clone().map(|(_, (delivered, _))| *delivered))
                .ints("opened", moved.map(|(_, (_, opened))| *opened)),
        )
        .await?;
        Ok(())
    }
}

impl Work {
    /// Writes down what members' phones did. The same again, later or earlier changes nothing but what it adds; whoever
    /// opened a post has it, and whoever reacted opened it. A person who was known by the hidden id alone, and is named
    /// with both now or stands with both in the group's list, stays one person.
    pub async fn record_member_receipts(
        &self,
        organization: OrganizationId,
        seen: &[MemberReceipt],
        reacted: &[MemberReacted],
    ) -> Result<(), StoreError> {
        if seen.is_empty() && reacted.is_empty() {
            return Ok(());
        }
        again(|| self.try_saw_members(organization, seen, reacted)).await
    }

    async fn try_saw_members(
        &self,
        organization: OrganizationId,
        seen: &[MemberReceipt],
        reacted: &[MemberReacted],
    ) -> Result<(), StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let people = seen.iter().map(|one| (one.message, &one.person));
        let people = people.chain(reacted.iter().map(|one| (one.message, &one.person)));
        let numbers = numbers_of(&mut tx, people).await?;
        let mut all = Gathered::of(seen, reacted, &numbers);
        all.take_hidden(&mut tx).await?;
        all.write(&mut tx, organization).await?;
        all.move_sums(&mut tx, organization).await?;
        let broadcasts: BTreeSet<Uuid> = all.rows.keys().map(|(broadcast, ..)| *broadcast).collect();
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

/// The numbers of people who are named by their hidden id alone, as the list of the post's group has them.
async fn numbers_of<'a>(
    tx: &mut Tx,
    people: impl Iterator<Item = (MessageRef, &'a Person)>,
) -> Result<BTreeMap<PersonOfPost, String>, StoreError> {
    let hidden: BTreeSet<(Uuid, i64, String)> = people
        .filter(|(_, person)| person.phone().is_none())
        .filter_map(|(message, person)| {
            Some((message.broadcast.0, message.position, person.lid()?.as_str().to_owned()))
        })
        .collect();
    if hidden.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found: Vec<(Uuid, i64, String, String)> = tx
        .all_batch(
            "SELECT m.broadcast_id, m.position, b.person, g.person
             FROM @batch CROSS JOIN messages m CROSS JOIN group_members g
             WHERE m.broadcast_id = b.broadcast_id AND m.position = b.position AND g.group_id = m.group_id
               AND g.lid <> '' AND g.lid = b.person",
            args![],
            Gathered::keys(hidden.iter()),
        )
        .await?;
    Ok(found
        .into_iter()
        .map(|(broadcast, position, lid, number)| ((broadcast, position, format!("{HIDDEN}{lid}")), number))
        .collect())
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
    pub async fn seen_by(&self, broadcast: BroadcastId) -> Result<BTreeMap<i64, PostReach>, StoreError> {
        let rows: Vec<(i64, i64, i64, i64)> = self
            .db
            .all(
                "SELECT p.position, p.delivered, p.opened,
                        (SELECT COUNT(*) FROM member_receipts r
                         WHERE r.broadcast_id = p.broadcast_id AND r.position = p.position AND r.reaction <> '')
                 FROM post_reach p WHERE p.broadcast_id = $1 AND p.organization_id = $2 ORDER BY p.position",
                args![broadcast.0, self.id()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(position, delivered, read, reacted)| (position, PostReach { delivered, read, reacted }))
            .collect())
    }

    /// With what members reacted to a post, the most frequent first, each with how many did.
    pub async fn reactions(&self, message: MessageRef) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.db.all(
            "SELECT reaction, COUNT(*) FROM member_receipts
             WHERE broadcast_id = $1 AND position = $2 AND organization_id = $3 AND reaction <> ''
             GROUP BY reaction ORDER BY COUNT(*) DESC, reaction",
            args![message.broadcast.0, message.position, self.id()],
        );
        rows.await
    }
}
