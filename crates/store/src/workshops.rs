//! Workshops.

use domain::{
    ids::{BroadcastId, TagId, WorkshopId},
    reason::OwnReason,
    role::Permission,
    sequence::{OwnWhyNot, WorkshopTimes},
    time::Millis,
    variable::{VariableName, Variables},
    workshop::WorkshopStatus,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, json, word},
    org::Org,
    tags::{Tag, TagRow},
};

/// A dated event of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workshop {
    /// Id of the workshop.
    pub id: WorkshopId,
    /// The title that people read.
    pub title: String,
    /// The start of the workshop.
    pub starts_at: Millis,
    /// The end of the workshop.
    pub ends_at: Millis,
    /// The status of the workshop.
    pub status: WorkshopStatus,
    /// The address where people join; may be empty.
    pub join_link: String,
    /// The values that were entered for its messages, by name.
    pub variables: Variables,
    /// The tag of the workshop; `None` without one.
    pub tag: Option<Tag>,
    /// The registrations that stand.
    pub registrants: i64,
    /// The member who entered it, by name.
    pub created_by: String,
    /// When it was entered.
    pub created_at: Millis,
}

impl Workshop {
    /// Whether somebody who registered at that moment could have come; the statements have it as `registered_in_time!`.
    pub fn in_time(&self, registered_at: Millis) -> bool {
        registered_at <= self.ends_at || self.created_at >= self.ends_at
    }
}

/// What a person enters about a workshop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkshopDraft {
    /// The title that people read.
    pub title: String,
    /// The start of the workshop.
    pub starts_at: Millis,
    /// The end of the workshop, after its start.
    pub ends_at: Millis,
    /// The address where people join; may be empty.
    pub join_link: String,
    /// The tag of the workshop; `None` without one.
    pub tag: Option<TagId>,
}

/// Which workshops a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkshopWhen {
    /// Every one, the latest start first.
    #[default]
    All,
    /// Not over at that instant, the next start first.
    Upcoming(Millis),
    /// Over at that instant, the latest start first.
    Past(Millis),
}

/// Which workshops a page of the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkshopFilter {
    /// Which workshops, by their time.
    pub when: WorkshopWhen,
    /// A part of the title; empty for all.
    pub title: String,
    /// Only workshops with this tag.
    pub tag: Option<TagId>,
    /// Start and id of the last workshop of the page before; `None` for the first page.
    pub after: Option<(Millis, WorkshopId)>,
    /// The largest number of workshops.
    pub limit: i64,
}

/// The workshop of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// The first one to start.
    pub first: Workshop,
    /// How many more there are on that day.
    pub more: i64,
}

/// What cancelling a workshop stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBroadcasts {
    /// Broadcasts that have not ended, with their titles.
    pub broadcasts: Vec<(BroadcastId, String)>,
    /// Messages of these that still wait.
    pub waiting: i64,
}

#[derive(sqlx::FromRow)]
struct WorkshopRow {
    id: Uuid,
    title: String,
    starts_at: i64,
    ends_at: i64,
    status: String,
    join_link: String,
    variables: String,
    registrants: i64,
    created_by: String,
    created_at: i64,
    tag_id: Option<Uuid>,
    tag_name: Option<String>,
    tag_colour: Option<String>,
    tag_is_default: Option<bool>,
}

impl TryFrom<WorkshopRow> for Workshop {
    type Error = StoreError;
    fn try_from(row: WorkshopRow) -> Result<Workshop, StoreError> {
        let tag = match (row.tag_id, row.tag_name, row.tag_colour, row.tag_is_default) {
            (Some(id), Some(name), Some(colour), Some(is_default)) => {
                Some(Tag::try_from(TagRow { id, name, colour, is_default })?)
            }
            _ => None,
        };
        Ok(Workshop {
            id: WorkshopId(row.id),
            title: row.title,
            starts_at: Millis(row.starts_at),
            ends_at: Millis(row.ends_at),
            status: word("workshops", "status", &row.status)?,
            join_link: row.join_link,
            variables: stored_variables(&row.variables)?,
            tag,
            registrants: row.registrants,
            created_by: row.created_by,
            created_at: Millis(row.created_at),
        })
    }
}

/// The variables of a workshop as its row holds them.
pub(crate) fn stored_variables(text: &str) -> Result<Variables, StoreError> {
    json("workshops", "variables", text)
}

/// A list of workshops with their tags. The end stands at the call: a query is one text in full view.
macro_rules! select_workshops {
    ($end:literal) => {
        concat!(
            "SELECT w.id, w.title, w.starts_at, w.ends_at, w.status, w.join_link, w.variables, w.registrants, w.created_by, w.created_at,
                    t.id AS tag_id, t.name AS tag_name, t.colour AS tag_colour, t.is_default AS tag_is_default
             FROM workshops w LEFT JOIN workshop_tags t ON t.id = w.tag_id AND t.organization_id = w.organization_id
             WHERE w.organization_id = $1 ",
            $end
        )
    };
}

impl Org {
    /// One workshop.
    pub async fn workshop(&self, id: WorkshopId) -> Result<Workshop, StoreError> {
        let row: WorkshopRow =
            self.db.one(select_workshops!("AND w.id = $2"), args![self.id(), id.0]).await?;
        row.try_into()
    }

    /// A page of workshops.
    pub async fn workshops(&self, filter: &WorkshopFilter) -> Result<Vec<Workshop>, StoreError> {
        let title = contains(&filter.title);
        let tag = filter.tag.map_or(Uuid::nil(), |tag| tag.0);
        let rows: Vec<WorkshopRow> = match filter.when {
            WorkshopWhen::Upcoming(now) => {
                let (at, id) = filter.after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.0, id.0));
                self.db
                    .all(
                        select_workshops!(
                            r"AND w.ends_at > $2 AND (w.starts_at, w.id) > ($3, $4) AND lower(w.title) LIKE lower($5) ESCAPE '\'
                              AND (w.tag_id = $6 OR $6 = $7) ORDER BY w.starts_at, w.id LIMIT $8"
                        ),
                        args![self.id(), now, at, id, title, tag, Uuid::nil(), filter.limit],
                    )
                    .await?
            }
            WorkshopWhen::Past(_) | WorkshopWhen::All => {
                let over_by = match filter.when {
                    WorkshopWhen::Past(now) => now.0,
                    WorkshopWhen::All | WorkshopWhen::Upcoming(_) => i64::MAX,
                };
                let (at, id) = filter.after.map_or((i64::MAX, Uuid::max()), |(at, id)| (at.0, id.0));
                self.db
                    .all(
                        select_workshops!(
                            r"AND w.ends_at <= $2 AND (w.starts_at, w.id) < ($3, $4) AND lower(w.title) LIKE lower($5) ESCAPE '\'
                              AND (w.tag_id = $6 OR $6 = $7) ORDER BY w.starts_at DESC, w.id DESC LIMIT $8"
                        ),
                        args![self.id(), over_by, at, id, title, tag, Uuid::nil(), filter.limit],
                    )
                    .await?
            }
        };
        rows.into_iter().map(Workshop::try_from).collect()
    }

    /// The first workshop that starts between these instants (a day of the organisation's zone), and how many more
    /// there are. One that is running or to come goes before one that is over by `now`. A cancelled one does not count.
    pub async fn today(
        &self,
        (day_start, day_end): (Millis, Millis),
        now: Millis,
    ) -> Result<Option<Today>, StoreError> {
        let first: Option<WorkshopRow> = self
            .db
            .optional(
                select_workshops!(
                    "AND w.starts_at >= $2 AND w.starts_at < $3 AND w.status <> 'cancelled'
                     ORDER BY CASE WHEN w.ends_at > $4 THEN 0 ELSE 1 END, w.starts_at, w.id LIMIT 1"
                ),
                args![self.id(), day_start, day_end, now],
            )
            .await?;
        let Some(first) = first else { return Ok(None) };
        let (all,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM workshops
                 WHERE organization_id = $1 AND starts_at >= $2 AND starts_at < $3 AND status <> 'cancelled'",
                args![self.id(), day_start, day_end],
            )
            .await?;
        Ok(Some(Today { first: first.try_into()?, more: (all - 1).max(0) }))
    }

    /// Workshops that start from `from` on and before `until`, the first first; at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn workshops_between(
        &self,
        from: Millis,
        until: Millis,
        limit: i64,
    ) -> Result<Vec<Workshop>, StoreError> {
        let rows: Vec<WorkshopRow> = self
            .db
            .all(
                select_workshops!(
                    "AND w.starts_at >= $2 AND w.starts_at < $3 ORDER BY w.starts_at, w.id LIMIT $4"
                ),
                args![self.id(), from, until, limit],
            )
            .await?;
        rows.into_iter().map(Workshop::try_from).collect()
    }

    /// Enters a workshop; it is confirmed.
    pub async fn add_workshop(&self, draft: &WorkshopDraft, now: Millis) -> Result<WorkshopId, StoreError> {
        self.add_workshop_once(WorkshopId::new(now), draft, &Variables::new(), now).await
    }

    /// Adds a workshop under an id made before: the same form sent again, as by a double click or after *Back*, adds
    /// nothing and leads to the first. `variables` are those that it begins with: of a copy, its original's.
    pub async fn add_workshop_once(
        &self,
        id: WorkshopId,
        draft: &WorkshopDraft,
        variables: &Variables,
        now: Millis,
    ) -> Result<WorkshopId, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, draft.tag).await?;
        let added = tx.run(
            "INSERT INTO workshops (id, organization_id, title, starts_at, ends_at, status, join_link, tag_id, registrants,
                                    created_by, created_at, variables)
             VALUES ($1, $2, $3, $4, $5, 'confirmed', $6, $7, 0, $8, $9, $10)
             ON CONFLICT (id) DO NOTHING",
            args![
                id.0,
                self.id(),
                &draft.title,
                draft.starts_at,
                draft.ends_at,
                &draft.join_link,
                draft.tag.map(|tag| tag.0),
                &self.actor.name,
                now,
                written(variables),
            ],
        )
        .await?;
        if added == 0 {
            drop(tx);
            // Added before, or another organisation's.
            return Ok(self.workshop(id).await?.id);
        }
        self.note(&mut tx, "workshop.added", id, "", now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Enters values that messages of a workshop name; an empty one takes the variable away. Messages that are written
    /// already keep theirs.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the workshop is not there, [`StoreError::Taken`] when it would have more than
    /// [`VARIABLES_MAX`].
    pub async fn set_variables(
        &self,
        id: WorkshopId,
        values: &[(VariableName, String)],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let (before,): (String,) = tx
            .one(
                "SELECT variables FROM workshops WHERE organization_id = $1 AND id = $2 FOR UPDATE",
                args![self.id(), id.0],
            )
            .await?;
        let mut all = stored_variables(&before)?;
        let mut changed = Vec::new();
        for (name, value) in values {
            let was = all.get(name).map_or("", String::as_str);
            if was == value {
                continue;
            }
            changed.push(name.as_str());
            match value.is_empty() {
                true => all.remove(name),
                false => all.insert(name.clone(), value.clone()),
            };
        }
        if all.len() > VARIABLES_MAX {
            return Err(StoreError::Taken);
        }
        if changed.is_empty() {
            return Ok(());
        }
        // Broadcasts that were confirmed ahead of their moment are confirmed anew, with these values.
        self.take_back(&mut tx, id, None, now).await?;
        tx.run(
            "UPDATE workshops SET variables = $3 WHERE organization_id = $1 AND id = $2",
            args![self.id(), id.0, written(&all)],
        )
        .await?;
        self.note(&mut tx, "workshop.variables", id, &changed.join(" "), now).await?;
        tx.commit().await
    }

    /// Changes a workshop; how many open broadcasts it stopped. [`StoreError::Stale`] when it was cancelled.
    ///
    /// The steps of the workshop's plan that have not run move with it.
    ///
    /// Messages are written when a broadcast is planned. When the start moves, what still waits would tell the old one:
    /// such broadcasts are paused in the same transaction, and one that is being planned is cancelled. A person decides
    /// what of it is still true.
    pub async fn edit_workshop(
        &self,
        id: WorkshopId,
        draft: &WorkshopDraft,
        now: Millis,
    ) -> Result<u64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, draft.tag).await?;
        let before: Option<(i64, i64)> = tx
            .optional(
                "SELECT starts_at, ends_at FROM workshops WHERE organization_id = $1 AND id = $2 FOR UPDATE",
                args![self.id(), id.0],
            )
            .await?;
        let changed = tx
            .run(
                "UPDATE workshops SET title = $3, starts_at = $4, ends_at = $5, join_link = $6, tag_id = $7
                 WHERE organization_id = $1 AND id = $2 AND status <> 'cancelled'",
                args![
                    self.id(),
                    id.0,
                    &draft.title,
                    draft.starts_at,
                    draft.ends_at,
                    &draft.join_link,
                    draft.tag.map(|tag| tag.0)
                ],
            )
            .await?;
        if changed == 0 {
            return Err(self.gone_or_stale(&mut tx, id).await?);
        }
        // Broadcasts that were confirmed ahead of their moment are confirmed anew, with the workshop as it is now.
        self.take_back(&mut tx, id, None, now).await?;
        if before != Some((draft.starts_at.0, draft.ends_at.0)) {
            let times = WorkshopTimes { starts_at: draft.starts_at, ends_at: draft.ends_at };
            self.move_plan(&mut tx, id, times, now).await?;
        }
        let old = before.map(|(starts_at, _)| Millis(starts_at)).filter(|old| *old != draft.starts_at);
        let stopped = match old {
            Some(old) => {
                self.note_move(&mut tx, id, old, now).await?;
                self.stop_moved(&mut tx, id, now).await?
            }
            None => 0,
        };
        let detail = format!("starts_at={} ends_at={} stopped={stopped}", draft.starts_at.0, draft.ends_at.0);
        self.note(&mut tx, "workshop.edited", id, &detail, now).await?;
        tx.commit().await?;
        Ok(stopped)
    }

    async fn stop_moved(&self, tx: &mut Tx, id: WorkshopId, now: Millis) -> Result<u64, StoreError> {
        // The statuses that `BroadcastStatus::before(Move::Pause)` names, and the one that cannot be paused.
        tx.run(
            "UPDATE broadcasts SET status = CASE WHEN status = 'planning' THEN 'cancelled' ELSE 'paused' END, stopped_at = $3,
                    stopped_by = $4, stop_code = $6, stop_text = $5,
                    finished_at = CASE WHEN status = 'planning' THEN $3 ELSE finished_at END
             WHERE organization_id = $1 AND workshop_id = $2 AND status IN ('planning', 'scheduled', 'in_progress')",
            args![self.id(), id.0, now, &self.actor.name, MOVED, OwnReason::WorkshopMoved.word()],
        )
        .await
    }

    /// The broadcasts that cancelling this workshop would end.
    pub async fn open_broadcasts(&self, id: WorkshopId) -> Result<OpenBroadcasts, StoreError> {
        let open: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                "SELECT o.id, o.title,
                        CAST(COALESCE((SELECT SUM(c.n) FROM broadcast_counts c
                                       WHERE c.broadcast_id = o.id AND c.state = 'waiting'), 0) AS BIGINT)
                 FROM broadcasts o
                 WHERE o.organization_id = $1 AND o.workshop_id = $2
                   AND o.status IN ('planning', 'scheduled', 'in_progress', 'paused')
                 ORDER BY o.id",
                args![self.id(), id.0],
            )
            .await?;
        Ok(OpenBroadcasts {
            waiting: open.iter().map(|(_, _, waiting)| waiting).sum(),
            broadcasts: open.into_iter().map(|(id, title, _)| (BroadcastId(id), title)).collect(),
        })
    }

    /// Cancels a workshop and, in the same transaction, every broadcast of it that has not ended; the engine then takes
    /// out what still waits. How many broadcasts it ended. [`StoreError::Stale`] when it was cancelled before.
    pub async fn cancel_workshop(&self, id: WorkshopId, now: Millis) -> Result<u64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE workshops SET status = 'cancelled' WHERE organization_id = $1 AND id = $2 AND status <> 'cancelled'",
                args![self.id(), id.0],
            )
            .await?;
        if changed == 0 {
            return Err(self.gone_or_stale(&mut tx, id).await?);
        }
        self.take_back(&mut tx, id, None, now).await?;
        self.end_rows(&mut tx, id, OwnWhyNot::WorkshopCancelled, now).await?;
        // The statuses that `BroadcastStatus::before(Move::Cancel)` names; a test holds the two together.
        let ended = tx
            .run(
                "UPDATE broadcasts SET status = 'cancelled', stopped_at = $3, stopped_by = $4, stop_code = $5,
                        stop_text = NULL, finished_at = $3
                 WHERE organization_id = $1 AND workshop_id = $2
                   AND status IN ('planning', 'scheduled', 'in_progress', 'paused')",
                args![self.id(), id.0, now, &self.actor.name, OwnReason::WorkshopCancelled.word()],
            )
            .await?;
        self.note(&mut tx, "workshop.cancelled", id, &format!("broadcasts={ended}"), now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Why a change touched no workshop.
    async fn gone_or_stale(&self, tx: &mut Tx, id: WorkshopId) -> Result<StoreError, StoreError> {
        let found: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM workshops WHERE organization_id = $1 AND id = $2",
                args![self.id(), id.0],
            )
            .await?;
        Ok(if found.is_some() { StoreError::Stale } else { StoreError::Missing })
    }
}

/// Variables that one workshop has at most.
pub const VARIABLES_MAX: usize = 40;

fn written(variables: &Variables) -> String {
    serde_json::to_string(variables).expect("a map with text keys is always JSON")
}

/// Why a broadcast of a workshop that was moved does not go on.
const MOVED: &str = "The workshop was moved after these messages were written: they tell the old time.";

/// A `LIKE` pattern for "contains this", with the pattern's own signs taken literally (`ESCAPE '\'`).
pub(crate) fn contains(text: &str) -> String {
    format!("%{}%", literal(text.trim()))
}

/// Text with the signs of a `LIKE` pattern taken literally.
pub(crate) fn literal(text: &str) -> String {
    text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
}

#[cfg(test)]
mod tests {
    use domain::broadcast::{BroadcastStatus, Move};

    use super::*;

    #[test]
    fn cancelling_a_workshop_ends_what_may_be_cancelled() {
        let may: Vec<_> = BroadcastStatus::before(Move::Cancel).into_iter().map(|s| s.word()).collect();
        assert_eq!(may, ["planning", "scheduled", "in_progress", "paused"]);
    }

    #[test]
    fn moving_a_workshop_stops_what_may_be_paused() {
        let may: Vec<_> = BroadcastStatus::before(Move::Pause).into_iter().map(|s| s.word()).collect();
        assert_eq!(may, ["scheduled", "in_progress"]);
    }

    #[test]
    fn a_percent_sign_is_looked_for_and_matches_no_more() {
        assert_eq!(contains(r" 100%_\ "), r"%100\%\_\\%");
    }
}
