//! Pages of a broadcast's messages, and searching among them.

use std::collections::HashMap;

use domain::{
    ids::{BroadcastId, RegistrantId, WorkshopId},
    message::MessageState,
    reason::Reason,
};
use uuid::Uuid;

use super::{MessageFilter, MessageRow, MessageView};
use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
    search::{Found, STRETCH, Search, Who},
};

/// Messages with what a screen shows. What follows stands at the call: a query is one text in full view.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.broadcast_id, m.position, m.registrant_id, m.group_id, m.name, m.recipient, m.state, m.reason, m.reason_text, m.attempt,
                    m.next_attempt_at, m.changed_at, m.started_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at,
                    m.provider_id, m.network_id, m.cost,
                    CASE WHEN m.content = '' AND m.planned THEN (SELECT c.content FROM broadcasts c WHERE c.id = m.broadcast_id)
                         ELSE m.content END AS content ",
            $rest
        )
    };
}

/// A message that may be the one that is sought.
#[derive(sqlx::FromRow)]
struct SoughtRow {
    position: i64,
    name: String,
    recipient: String,
    registrant_id: Uuid,
}

impl SoughtRow {
    /// Whom the index knows for it.
    fn who(&self, workshop: WorkshopId) -> Who {
        match self.recipient.as_str() {
            "" => Who::Registrant(workshop, RegistrantId(self.registrant_id)),
            phone => Who::Number(phone.to_owned()),
        }
    }
}

/// How far a list was read, and what was found on the way.
struct Walk {
    positions: Vec<i64>,
    after: i64,
    is_whole: bool,
}

/// Rows at the beginning of a list that say whether the search fills a page soon.
const FIRST_LOOK: usize = 2_000;
/// Entries whose messages are read at once.
const ENTRIES: usize = 250;

impl Org {
    /// One page of a broadcast's messages after `position`, in the order of the plan; of a search that finds very many and hardly any at the
    /// beginning of the plan, in the order of the index. `after` is the position of the last one seen. A search finds people by their registrations: a row of
    /// somebody left out whose registration was taken back since is found where the list is read, and may not be where the index is asked.
    pub async fn messages(
        &self,
        broadcast: BroadcastId,
        filter: &MessageFilter,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageView>, StoreError> {
        if filter.search.trim().is_empty() {
            return self.messages_after(broadcast, filter, after, limit).await;
        }
        let workshop: Option<(Uuid,)> = self
            .db
            .by_index()
            .optional(
                "SELECT workshop_id FROM broadcasts WHERE id = $1 AND organization_id = $2",
                args![broadcast.0, self.id()],
            )
            .await?;
        let Some(workshop) = workshop.map(|(id,)| WorkshopId(id)) else { return Ok(vec![]) };
        let search = self.search(&filter.search).await?;
        match self.find(&search, Some(workshop)).await? {
            Found::Few(who) => {
                let mut rows = self.messages_of(broadcast, workshop, who).await?;
                rows.retain(|row| row.position > after);
                let positions = self.judged(workshop, &search, rows).await?;
                self.messages_among(broadcast, filter, positions, limit).await
            }
            Found::Many => self.messages_judged(broadcast, workshop, filter, &search, (after, limit)).await,
        }
    }

    /// A page of all that are in a state, for a reason, whoever they go to.
    async fn messages_after(
        &self,
        broadcast: BroadcastId,
        filter: &MessageFilter,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageView>, StoreError> {
        let (state, reason) =
            (filter.state.map_or("", MessageState::word), filter.reason.as_ref().map_or("", Reason::code));
        let (broadcast, organization) = (broadcast.0, self.id());
        let rows: Vec<MessageRow> = match (filter.state, &filter.reason) {
            // The usual page walks the primary key and nothing else.
            (None, None) => {
                self.db.by_index().all(
                        select_messages!(
                            "FROM messages m WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND m.position > $3
                             ORDER BY m.position LIMIT $4"
                        ),
                        args![broadcast, organization, after, limit],
                    )
                    .await?
            }
            // Endings walk the index of exceptions: the literal list is what makes it usable.
            (Some(ended), _) if is_exception(ended) => {
                self.db.by_index().all(
                        select_messages!(
                            "FROM messages m WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND m.position > $3
                               AND m.state = $5 AND m.state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                               AND ($6 = '' OR m.reason = $6)
                             ORDER BY m.position LIMIT $4"
                        ),
                        args![broadcast, organization, after, limit, state, reason],
                    )
                    .await?
            }
            _ => {
                self.db.by_index().all(
                        select_messages!(
                            "FROM messages m WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND m.position > $3
                               AND ($5 = '' OR m.state = $5) AND ($6 = '' OR m.reason = $6)
                             ORDER BY m.position LIMIT $4"
                        ),
                        args![broadcast, organization, after, limit, state, reason],
                    )
                    .await?
            }
        };
        rows.into_iter().map(MessageView::try_from).collect()
    }

    /// Those at these positions that are in the filter's state.
    async fn messages_among(
        &self,
        broadcast: BroadcastId,
        filter: &MessageFilter,
        positions: Vec<i64>,
        limit: i64,
    ) -> Result<Vec<MessageView>, StoreError> {
        let rows: Vec<MessageRow> = self
            .db
            .by_index()
            .all_batch(
                select_messages!(
                    "FROM @batch LEFT JOIN messages m ON m.broadcast_id = $1 AND m.position = b.position
                       AND m.organization_id = $2 AND ($3 = '' OR m.state = $3) AND ($4 = '' OR m.reason = $4)
                     WHERE COALESCE(m.position, 0) > 0
                     ORDER BY m.position LIMIT $5"
                ),
                args![
                    broadcast.0,
                    self.id(),
                    filter.state.map_or("", MessageState::word),
                    filter.reason.as_ref().map_or("", Reason::code),
                    limit
                ],
                Batch::new().ints("position", positions),
            )
            .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }

    /// Reads the list in order and keeps those that the search finds, until the page is full.
    async fn messages_judged(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        filter: &MessageFilter,
        search: &Search,
        (after, limit): (i64, i64),
    ) -> Result<Vec<MessageView>, StoreError> {
        if filter.state.is_none() && filter.reason.is_none() {
            let positions = self.many_messages(broadcast, workshop, search, (after, limit)).await?;
            let mut rows = self.messages_among(broadcast, filter, positions.clone(), limit).await?;
            rows.sort_by_key(|row| positions.iter().position(|at| *at == row.message.position));
            return Ok(rows);
        }
        let limit = usize::try_from(limit).unwrap_or(0);
        let (mut found, mut next) = (vec![], Some(after));
        while let Some(after) = next.filter(|_| found.len() < limit) {
            let rows = self.messages_after(broadcast, filter, after, STRETCH).await?;
            let is_last = i64::try_from(rows.len()).unwrap_or(0) < STRETCH;
            next = rows.last().map(|row| row.message.position).filter(|_| !is_last);
            let sought = rows.iter().map(|row| SoughtRow {
                position: row.message.position,
                name: row.name.clone(),
                recipient: row.recipient.clone(),
                registrant_id: row.addressee.registrant().map_or(Uuid::nil(), |id| id.0),
            });
            let positions = self.judged(workshop, search, sought.collect()).await?;
            let fits = |row: &MessageView| positions.binary_search(&row.message.position).is_ok();
            found.extend(rows.into_iter().filter(fits));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The same of all messages. In the order of the plan where the beginning of the list shows that a page is filled soon; else in the
    /// order of the index, the people registered last first. Which it is depends on search and broadcast alone, so that pages follow one another.
    async fn many_messages(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        search: &Search,
        (after, limit): (i64, i64),
    ) -> Result<Vec<i64>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let mut walk = Walk { positions: vec![], after: 0, is_whole: false };
        self.walk_on(broadcast, workshop, search, &mut walk, (FIRST_LOOK, limit)).await?;
        let is_soon = walk.is_whole || walk.positions.len() >= limit;
        if !is_soon && self.behind_index(1).await? == 0 {
            return self.messages_by_entries(broadcast, workshop, search, (after, limit)).await;
        }
        if after > 0 {
            walk = Walk { positions: vec![], after, is_whole: false };
        }
        while walk.positions.len() < limit && !walk.is_whole {
            self.walk_on(broadcast, workshop, search, &mut walk, (FIRST_LOOK, limit)).await?;
        }
        walk.positions.truncate(limit);
        Ok(walk.positions)
    }

    /// Reads on in the list, at most `rows` rows, until it has `limit` positions. It reads only the columns that
    /// decide: a whole row costs several times as much, and most rows are not on the page.
    async fn walk_on(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        search: &Search,
        walk: &mut Walk,
        (rows, limit): (usize, usize),
    ) -> Result<(), StoreError> {
        let mut read = 0;
        while read < rows && walk.positions.len() < limit && !walk.is_whole {
            let rows: Vec<SoughtRow> = self
                .db
                .by_index()
                .all(
                    "SELECT position, name, recipient, registrant_id FROM messages
                     WHERE broadcast_id = $1 AND organization_id = $2 AND position > $3 ORDER BY position LIMIT $4",
                    args![broadcast.0, self.id(), walk.after, STRETCH],
                )
                .await?;
            walk.is_whole = i64::try_from(rows.len()).unwrap_or(0) < STRETCH;
            walk.after = rows.last().map_or(walk.after, |row| row.position);
            read += rows.len();
            walk.positions.extend(self.judged(workshop, search, rows).await?);
        }
        Ok(())
    }

    /// A page in the order of the index, behind the row at `after`.
    async fn messages_by_entries(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        search: &Search,
        (after, limit): (i64, usize),
    ) -> Result<Vec<i64>, StoreError> {
        let last = if after > 0 { self.entry_of_message(broadcast, workshop, after).await? } else { None };
        let (mut found, mut before) = (vec![], last.map_or(i64::MAX, |n| n + 1));
        while found.len() < limit {
            let entries = self.entries(search, before, ENTRIES).await?;
            let places: HashMap<Who, i64> = entries.iter().map(|entry| (entry.who(), entry.n)).collect();
            let rows = self.messages_of(broadcast, workshop, places.keys().cloned().collect()).await?;
            let place = |row: &SoughtRow| places.get(&row.who(workshop)).copied();
            let places: HashMap<i64, Option<i64>> =
                rows.iter().map(|row| (row.position, place(row))).collect();
            let mut fits: Vec<(std::cmp::Reverse<Option<i64>>, i64)> = vec![];
            for position in self.judged(workshop, search, rows).await? {
                let n = places.get(&position).copied().flatten();
                if n != last || position > after {
                    fits.push((std::cmp::Reverse(n), position));
                }
            }
            fits.sort_unstable();
            found.extend(fits.into_iter().map(|(_, position)| position));
            match entries.last().filter(|_| entries.len() == ENTRIES) {
                Some(entry) => before = entry.n,
                None => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The entry of whom a message goes to.
    async fn entry_of_message(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        position: i64,
    ) -> Result<Option<i64>, StoreError> {
        let row: Option<SoughtRow> = self
            .db
            .by_index()
            .optional(
                "SELECT position, name, recipient, registrant_id FROM messages
                 WHERE broadcast_id = $1 AND organization_id = $2 AND position = $3",
                args![broadcast.0, self.id(), position],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        if !row.recipient.is_empty() {
            return Ok(self.entries_of(vec![row.recipient]).await?.first().map(|entry| entry.n));
        }
        let entry: Option<(i64,)> = self
            .db
            .by_index()
            .optional(
                "SELECT n FROM search_entries WHERE workshop_id = $1 AND registrant_id = $2 AND organization_id = $3",
                args![workshop.0, row.registrant_id, self.id()],
            )
            .await?;
        Ok(entry.map(|(n,)| n))
    }

    /// Every message of a broadcast to these people.
    async fn messages_of(
        &self,
        broadcast: BroadcastId,
        workshop: WorkshopId,
        who: Vec<Who>,
    ) -> Result<Vec<SoughtRow>, StoreError> {
        let (mut phones, mut ids) = (vec![], vec![]);
        for who in who {
            match who {
                Who::Number(phone) => phones.push(phone),
                Who::Registrant(at, RegistrantId(id)) if at == workshop => ids.push(id),
                Who::Registrant(..) => {}
            }
        }
        let args = || args![broadcast.0, self.id()];
        let mut rows: Vec<SoughtRow> = vec![];
        for sql in [
            "SELECT m.position, m.name, m.recipient, m.registrant_id FROM @batch LEFT JOIN messages m
             ON m.broadcast_id = $1 AND m.recipient = b.phone AND m.planned AND m.organization_id = $2
             WHERE COALESCE(m.position, 0) > 0",
            "SELECT m.position, m.name, m.recipient, m.registrant_id FROM @batch LEFT JOIN messages m
             ON m.broadcast_id = $1 AND m.recipient = b.phone AND NOT m.planned AND m.organization_id = $2
             WHERE COALESCE(m.position, 0) > 0",
        ] {
            let batch = Batch::new().texts("phone", phones.iter().cloned());
            rows.extend(self.db.by_index().all_batch::<SoughtRow>(sql, args(), batch).await?);
        }
        let numberless: Vec<SoughtRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.position, m.name, m.recipient, m.registrant_id FROM @batch LEFT JOIN messages m
                 ON m.broadcast_id = $1 AND m.recipient = '' AND m.registrant_id = b.id AND NOT m.planned
                   AND m.organization_id = $2
                 WHERE COALESCE(m.position, 0) > 0",
                args(),
                Batch::new().uuids("id", ids),
            )
            .await?;
        rows.extend(numberless);
        Ok(rows)
    }

    /// Positions of those that the search finds, in order. The address is looked up where name and number do not decide.
    async fn judged(
        &self,
        workshop: WorkshopId,
        search: &Search,
        rows: Vec<SoughtRow>,
    ) -> Result<Vec<i64>, StoreError> {
        let is_found =
            |row: &SoughtRow, email: &str| search.query.finds_person(&row.name, email, &row.recipient);
        let (found, open): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| is_found(row, ""));
        let emails: Vec<(Uuid, String)> = self.db.by_index().all_batch(
                "SELECT r.id, r.email FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.id = b.id
                 WHERE COALESCE(r.email, '') <> ''",
                args![workshop.0],
                Batch::new().uuids("id", open.iter().map(|row| row.registrant_id)),
            )
            .await?;
        let emails: HashMap<Uuid, String> = emails.into_iter().collect();
        let by_email =
            |row: &SoughtRow| emails.get(&row.registrant_id).is_some_and(|email| is_found(row, email));
        let mut positions: Vec<i64> = found.iter().map(|row| row.position).collect();
        positions.extend(open.iter().filter(|row| by_email(row)).map(|row| row.position));
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }
}

/// States that the index of exceptions holds.
fn is_exception(state: MessageState) -> bool {
    use MessageState::{Cancelled, Expired, Failed, Skipped, Unknown};
    matches!(state, Failed | Unknown | Skipped | Expired | Cancelled)
}
