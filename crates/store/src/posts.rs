//! Posts in groups: confirmed with all of their rows at once, and, where a person posts by hand, marked by people.

use std::collections::HashSet;

use domain::{
    event::EventKind,
    ids::{BroadcastId, GroupId, IntegrationId, MessageRef, TemplateId, UserId, WorkshopId},
    message::MessageState,
    reason::OwnReason,
    role::{Permission, Role},
    sending_hours::SendingHours,
    time::Millis,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    broadcasts::stored_hours,
    changes::Change,
    db::{Batch, Tx, args},
    error::StoreError,
    messages::{CountMoves, move_counts},
    org::Org,
    plans::StepRun,
};

/// What posts are told under in the ledger: they tell groups, and nobody in person.
pub const PURPOSE: &str = "groups";

/// The parts of posts that are frozen when they are confirmed.
#[derive(Clone, Debug)]
pub struct NewPosts {
    /// The account of the groups. Groups of another account are refused.
    pub account: IntegrationId,
    /// The workshop of the posts.
    pub workshop: WorkshopId,
    /// The title of the broadcast in lists.
    pub title: String,
    /// The template that the posts are made of; `None` where there is none.
    pub template_id: Option<TemplateId>,
    /// The post before values are put in, as JSON.
    pub template: Value,
    /// The values as JSON, the same for every group.
    pub content: String,
    /// The groups, in the order in which they are posted to.
    pub groups: Vec<GroupId>,
    /// The member who is asked to post by hand; `None` where the account posts.
    pub asked: Option<Assignee>,
    /// The start: nothing is posted before.
    pub starts_at: Millis,
    /// The last useful moment: nothing is posted afterwards.
    pub deadline: Millis,
    /// The hours in which they may be posted.
    pub hours: SendingHours,
    /// The shortest pause between two posts, in seconds; 0 leaves the pause to the account.
    pub gap_s: i64,
    /// The step of the workshop's plan that the posts are a run of; `None` where a person posts.
    pub run: Option<StepRun>,
    /// The number of groups that get the same post again, as the person confirmed; 0 where nobody confirmed that.
    pub again: i64,
}

/// The groups that have the same post or are getting it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedBefore {
    /// The title of the newest broadcast with this post.
    pub title: String,
    /// The member who confirmed it, by name.
    pub by: String,
    /// When it was posted.
    pub at: Millis,
    /// The number of these groups.
    pub n: i64,
}

/// A post and the groups in which it stands or will: broadcasts of the workshop `$2` other than `$3` with the same text
/// `$4` and values `$5`.
const POSTED_BEFORE: &str = "SELECT m.group_id, o.title, o.created_by, o.created_at
     FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
     WHERE o.organization_id = $1 AND o.workshop_id = $2 AND o.channel = 'group' AND o.id <> $3 AND o.template = $4 AND o.content = $5
       AND m.state NOT IN ('skipped', 'expired', 'cancelled', 'failed') AND m.group_id IN (SELECT b.id FROM @batch)
     ORDER BY o.id DESC";

fn posted_before(rows: Vec<(Uuid, String, String, i64)>) -> Option<PostedBefore> {
    let (_, title, by, at) = rows.first()?.clone();
    let groups: HashSet<Uuid> = rows.iter().map(|(group, ..)| *group).collect();
    Some(PostedBefore { title, by, at: Millis(at), n: i64::try_from(groups.len()).unwrap_or(i64::MAX) })
}

/// The member who is asked to post by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignee {
    /// Id of the member.
    pub user: UserId,
    /// The member's name at that moment.
    pub name: String,
}

/// What somebody says of a post that is made by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostMark {
    /// It stands in the group now.
    Posted,
    /// It was marked by mistake, and does not.
    NotYet,
    /// It cannot be posted: it counts as failed.
    CannotPost,
}

impl PostMark {
    /// From which state into which it takes a post.
    fn moves(self) -> (MessageState, MessageState) {
        match self {
            PostMark::Posted => (MessageState::Waiting, MessageState::Sent),
            PostMark::NotYet => (MessageState::Sent, MessageState::Waiting),
            PostMark::CannotPost => (MessageState::Waiting, MessageState::Failed),
        }
    }

    fn words(self) -> &'static str {
        match self {
            PostMark::Posted => "posted it by hand",
            PostMark::NotYet => "took back that it is posted",
            PostMark::CannotPost => "could not post it",
        }
    }
}

/// A broadcast's row while something of it is changed.
#[derive(sqlx::FromRow)]
struct Held {
    status: String,
    starts_at: i64,
    deadline: i64,
    assignee_id: Option<Uuid>,
}

/// What somebody did with a post that stands in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostChange {
    /// The text was changed in the group.
    Edited,
    /// The post was deleted for everyone.
    Deleted,
}

impl Org {
    /// Writes down that a post that stood in its group was changed there, or deleted for everyone. Its state stays: it
    /// was posted.
    pub async fn note_post_changed(
        &self,
        message: MessageRef,
        changed: PostChange,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.by_index().begin().await?;
        let (words, action) = match changed {
            PostChange::Edited => ("changed its text in the group", "post.edited"),
            PostChange::Deleted => ("deleted it for everyone", "post.deleted"),
        };
        let touched = tx
            .run(
                "INSERT INTO message_events (broadcast_id, position, at, kind, detail)
                 SELECT m.broadcast_id, m.position, $3, $4, $5 FROM messages m
                 WHERE m.broadcast_id = $1 AND m.position = $2 AND m.organization_id = $6",
                args![
                    message.broadcast.0,
                    message.position,
                    now,
                    EventKind::Decision.word(),
                    format!("{} {words}.", self.actor.name),
                    self.id()
                ],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, action, message, "", now).await?;
        tx.tell(Change::Rows(message.broadcast));
        tx.commit().await
    }

    /// Confirms posts under an id made before: every group has its row from that instant, and a second confirmation
    /// with the same id changes nothing. It is refused with [`StoreError::Stale`] when a group is gone or belongs to
    /// another account, and with [`StoreError::Taken`] when more groups have the same post than [`NewPosts::again`]
    /// says.
    pub async fn confirm_posts(
        &self,
        id: BroadcastId,
        new: &NewPosts,
        now: Millis,
    ) -> Result<BroadcastId, StoreError> {
        self.allow(Permission::Send)?;
        let n = i64::try_from(new.groups.len()).unwrap_or(i64::MAX);
        let mut tx = self.db.by_index().begin().await?;
        // Of two who post the same at once, the second sees what the first one posted.
        let _held: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![new.workshop.0, self.id()],
            )
            .await?;
        if self.insert_posts(&mut tx, id, new, n, now).await? == 0 {
            let known: Option<(Uuid,)> = tx
                .optional(
                    "SELECT id FROM broadcasts WHERE id = $1 AND organization_id = $2",
                    args![id.0, self.id()],
                )
                .await?;
            return known.map(|_| id).ok_or(StoreError::Missing);
        }
        let args = args![self.id(), new.workshop.0, id.0, new.template.to_string(), &new.content];
        let groups = Batch::new().uuids("id", new.groups.iter().map(|group| group.0));
        let before = posted_before(tx.all_batch(POSTED_BEFORE, args, groups).await?);
        if before.is_some_and(|before| before.n > new.again) {
            return Err(StoreError::Taken);
        }
        let written = tx
            .run_batch(
                "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, group_id, name, recipient, planned, content,
                                       state, reason, reason_text, attempt, next_attempt_at, changed_at)
                 SELECT $1, b.position, $2, $4, g.id, g.subject, CASE WHEN g.jid = '' THEN b.word ELSE g.jid END, TRUE, '', 'waiting',
                        '', '', 0, 0, $3
                 FROM @batch CROSS JOIN groups g
                 WHERE g.id = b.id AND g.organization_id = $2 AND g.integration_id = $5 AND g.gone_at IS NULL AND g.kind <> 'community'",
                args![id.0, self.id(), now, Uuid::nil(), new.account.0],
                Batch::new()
                    .ints("position", 1..=n)
                    .uuids("id", new.groups.iter().map(|group| group.0))
                    .texts("word", new.groups.iter().map(ToString::to_string)),
            )
            .await?;
        if i64::try_from(written) != Ok(n) || n == 0 {
            return Err(StoreError::Stale);
        }
        if let Some(run) = &new.run {
            self.run_row(&mut tx, run, id, now).await?;
        }
        let mut moves = CountMoves::default();
        moves.add(id.0, MessageState::Waiting, "", n, 0);
        move_counts(&mut tx, moves).await?;
        self.note(&mut tx, "broadcast.confirmed", id, "group", now).await?;
        tx.tell(Change::Work(id));
        tx.commit().await?;
        Ok(id)
    }

    /// The groups that have the same post of this workshop already, or are getting it; `None` where none has.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn posted_before(
        &self,
        workshop: WorkshopId,
        template: &Value,
        content: &str,
        groups: impl IntoIterator<Item = GroupId>,
    ) -> Result<Option<PostedBefore>, StoreError> {
        let args = args![self.id(), workshop.0, Uuid::nil(), template.to_string(), content];
        let groups = Batch::new().uuids("id", groups.into_iter().map(|group| group.0));
        Ok(posted_before(self.db.all_batch(POSTED_BEFORE, args, groups).await?))
    }

    async fn insert_posts(
        &self,
        tx: &mut Tx,
        id: BroadcastId,
        new: &NewPosts,
        n: i64,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let hours = stored_hours(&new.hours);
        tx.run(
            "INSERT INTO broadcasts (id, organization_id, integration_id, workshop_id, channel, title, template, template_id,
                                     batch_name, audience, category, status, created_by, created_at, starts_at, deadline, probed,
                                     hours, content, unit_price, planned, units, plan_phone, plan_identity, cursor, served_at,
                                     purpose, round, round_why, assignee_id, assignee, plan_row_id, gap_s)
             SELECT $1, $2, i.id, w.id, 'group', $5, $6, $7, '', 'chosen', 'utility', 'scheduled', $8, $9, $10, $11, $19,
                    $12, $13, 0, $14, 0, '', '', 0, 0, $15, 0, '', $16, $17, $18, $20
             FROM integrations i JOIN workshops w ON w.organization_id = i.organization_id
             WHERE i.id = $3 AND i.removed_at IS NULL AND w.id = $4 AND i.organization_id = $2
             ON CONFLICT (id) DO NOTHING",
            args![
                id.0,
                self.id(),
                new.account.0,
                new.workshop.0,
                &new.title,
                new.template.to_string(),
                new.template_id.map(|id| id.0),
                &self.actor.name,
                now,
                new.starts_at,
                new.deadline,
                hours,
                &new.content,
                n,
                PURPOSE,
                new.asked.as_ref().map(|asked| asked.user.0),
                new.asked.as_ref().map_or("", |asked| asked.name.as_str()),
                new.run.as_ref().map(|run| run.row().0),
                // Nobody is asked about a post before it is due, but for its file.
                new.template.get("media").is_none_or(Value::is_null),
                new.gap_s
            ],
        )
        .await
    }

    /// Members who may be asked to post by hand, by name.
    pub async fn posters(&self) -> Result<Vec<Assignee>, StoreError> {
        let rows: Vec<(Uuid, String, String)> = self
            .db
            .all(
                "SELECT u.id, u.name, m.role FROM memberships m JOIN users u ON u.id = m.user_id
                 WHERE m.organization_id = $1 ORDER BY lower(u.name), u.id",
                args![self.id()],
            )
            .await?;
        let may = |role: &str| role.parse().is_ok_and(|role: Role| role.may(Permission::Send));
        let posters = rows.into_iter().filter(|(_, _, role)| may(role));
        Ok(posters.map(|(id, name, _)| Assignee { user: UserId(id), name }).collect())
    }

    /// Asks another member to post.
    pub async fn ask_to_post(
        &self,
        id: BroadcastId,
        asked: &Assignee,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE broadcasts SET assignee_id = $3, assignee = $4
                 WHERE id = $1 AND organization_id = $2 AND assignee_id IS NOT NULL",
                args![id.0, self.id(), asked.user.0, &asked.name],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "broadcast.asked", id, &asked.user.to_string(), now).await?;
        tx.tell(Change::Rows(id));
        tx.commit().await
    }

    /// Writes down what somebody says of a post that is made by hand. It is refused with [`StoreError::Stale`] before
    /// the post is due, after its last useful moment, while the broadcast is paused or cancelled, and when somebody
    /// else marked it first. That it stands in the group already is written down also while the broadcast is paused: it
    /// is a fact, and whoever resumes must not ask for it again.
    pub async fn mark_post(
        &self,
        message: MessageRef,
        mark: PostMark,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.by_index().begin().await?;
        let id = message.broadcast;
        let held: Option<Held> = tx
            .optional(
                "SELECT status, starts_at, deadline, assignee_id FROM broadcasts WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![id.0, self.id()],
            )
            .await?;
        let held = held.ok_or(StoreError::Missing)?;
        let fact = mark == PostMark::Posted && held.status == "paused";
        let open = fact || matches!(held.status.as_str(), "scheduled" | "in_progress" | "completed");
        if held.assignee_id.is_none() || !open || now.0 < held.starts_at || now.0 >= held.deadline {
            return Err(StoreError::Stale);
        }
        let (from, to) = mark.moves();
        let posted = (to == MessageState::Sent).then_some(now);
        let reason = if to == MessageState::Failed { OwnReason::CannotPost.word() } else { "" };
        let touched = tx
            .run(
                "UPDATE messages SET state = $4, reason = $5, reason_text = '', changed_at = $6, started_at = $7, sent_at = $7,
                        failed_at = $8, attempt = CASE WHEN $9 THEN 1 ELSE 0 END
                 WHERE broadcast_id = $1 AND position = $2 AND state = $3",
                args![
                    id.0,
                    message.position,
                    from.word(),
                    to.word(),
                    reason,
                    now,
                    posted,
                    (to == MessageState::Failed).then_some(now),
                    posted.is_some()
                ],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Stale);
        }
        let mut moves = CountMoves::default();
        moves.add(id.0, from, "", -1, 0);
        moves.add(id.0, to, reason, 1, 0);
        move_counts(&mut tx, moves).await?;
        // Taking the last mark back opens the broadcast again.
        tx.run(
            "UPDATE broadcasts SET status = CASE WHEN status = 'paused' THEN status ELSE 'in_progress' END,
                    started_at = COALESCE(started_at, $2), finished_at = NULL WHERE id = $1",
            args![id.0, now],
        )
        .await?;
        tx.run(
            "INSERT INTO message_events (broadcast_id, position, at, kind, detail) VALUES ($1, $2, $3, $4, $5)",
            args![
                id.0,
                message.position,
                now,
                EventKind::Decision.word(),
                format!("{} {}.", self.actor.name, mark.words())
            ],
        )
        .await?;
        self.note(&mut tx, "post.marked", message, to.word(), now).await?;
        tx.tell(Change::Rows(id));
        tx.commit().await
    }
}
