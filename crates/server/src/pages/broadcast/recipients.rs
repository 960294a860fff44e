//! The recipients of a broadcast: which of them the page shows, and how.
//!
//! The page shows what a search and a filter found when it was opened. From then on its stream follows *these* people: rows change at
//! their place and never move under a pointer. Without a filter the list is the plan itself, so that it grows while planning goes on.

use domain::{
    ids::{BroadcastId, MessageRef},
    message::{MessageState, SkipReason},
    reason::Reason,
    time::{Millis, Zone},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use store::{
    Org, StoreError,
    messages::{MessageFilter, MessageView},
};

use super::{
    href, state_chip,
    view::{View, escape},
    why,
};
use crate::{
    pages::{correct, people::nobody_matches},
    ui::{
        addressees::Addressees,
        bar::Key,
        format::{counted, grouped, phone, span, unit_price},
        pagination::{Pagination, Trail},
        recipient_summary::SummaryPart,
        recipients_table::{MessageRow, Recipients},
        table::Search,
    },
};

/// Recipients on one page of the list.
const ROWS: usize = 50;
/// Longest search text; more is cut.
const SEARCH_CHARS_MAX: usize = 100;
/// Places in the plan this close are read together: reading a row too many is cheaper than asking again.
const READ_OVER: i64 = 8;
/// Questions under way for one page at once.
const QUESTIONS: usize = 4;

/// Which recipients are shown. Old or wrong values show all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Which {
    /// A state's word.
    pub state: String,
    /// A code.
    pub reason: String,
    /// Part of a name or number.
    pub q: String,
    /// The position after which the page of the list starts.
    pub after: String,
    /// With a filter: rows of the list before this page.
    pub from: String,
    /// The positions after which the pages before begin.
    pub back: String,
    /// For the stream of a page with a filter: the positions that the page shows, as in `3.7.12`.
    pub rows: String,
    /// For the stream of a page with a filter: `1` when more follow on the next page.
    pub more: String,
    /// For the stream: the position of the message in the drawer.
    pub message: String,
}

impl Which {
    pub(super) fn filter(&self) -> MessageFilter {
        let tidy =
            |text: &str| text.chars().take(SEARCH_CHARS_MAX).filter(|c| *c != '\0').collect::<String>();
        let reason = Reason::from(tidy(&self.reason).as_str());
        MessageFilter {
            state: self.state.parse().ok(),
            reason: (!reason.is_none()).then_some(reason),
            search: tidy(&self.q).trim().to_owned(),
        }
    }

    fn after(&self) -> i64 {
        self.after.parse().unwrap_or(0).max(0)
    }

    /// The message in the drawer, by its position.
    pub fn message(&self) -> Option<i64> {
        self.message.parse().ok().filter(|position| *position > 0)
    }

    fn from(&self) -> i64 {
        self.from.parse().unwrap_or(0).max(0)
    }

    fn trail(&self) -> Trail {
        let after = if self.after() > 0 { self.after().to_string() } else { String::new() };
        Trail::read(&after, self.from(), &self.back)
    }

    fn positions(&self) -> Vec<i64> {
        let positions = self.rows.split('.').filter_map(|position| position.parse().ok());
        positions.filter(|position| *position > 0).take(ROWS).collect()
    }
}

/// The parts of an address that name a filter.
fn words(filter: &MessageFilter) -> Vec<String> {
    let mut parts = vec![];
    if let Some(state) = filter.state {
        parts.push(format!("state={}", state.word()));
    }
    if let Some(reason) = &filter.reason {
        parts.push(format!("reason={}", escape(reason.code())));
    }
    if !filter.search.is_empty() {
        parts.push(format!("q={}", escape(&filter.search)));
    }
    parts
}

fn joined(path: String, parts: &[String]) -> String {
    if parts.is_empty() { path } else { format!("{path}?{}", parts.join("&")) }
}

/// The list from its begin.
fn address(filter: &MessageFilter, id: BroadcastId) -> String {
    joined(href(id), &words(filter))
}

/// One page of the list, at one moment.
pub struct Listing {
    filter: MessageFilter,
    after: i64,
    rows: Vec<MessageView>,
    /// Where in the list it is.
    trail: Trail,
    /// Whether others follow.
    more: bool,
}

impl Listing {
    /// What the filter finds now: for a page that is opened.
    pub async fn load(org: &Org, id: BroadcastId, which: &Which) -> Result<Listing, StoreError> {
        let (filter, after) = (which.filter(), which.after());
        let mut rows = org.messages(id, &filter, after, ROWS as i64 + 1).await?;
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        Ok(Listing { filter, after, trail: which.trail(), rows, more })
    }

    /// The same people as they are now: for a page that is open. By key whatever the filter, so that a search over a million is not
    /// made anew every second.
    pub async fn load_again(org: &Org, view: &View, which: &Which) -> Result<Listing, StoreError> {
        let id = view.broadcast.id;
        let (filter, after) = (which.filter(), which.after());
        if is_all(&filter) {
            return Listing::load(org, id, which).await;
        }
        let wanted = which.positions();
        let stretches = stretches(&wanted);
        let read = stretches.into_iter().map(|(first, last)| async move {
            org.messages(id, &MessageFilter::default(), first - 1, last - first + 1).await
        });
        let rows: Vec<Vec<MessageView>> = stream::iter(read).buffered(QUESTIONS).try_collect().await?;
        let is_wanted = |row: &MessageView| wanted.binary_search(&row.message.position).is_ok();
        let rows = rows.into_iter().flatten().filter(is_wanted).collect();
        Ok(Listing { filter, after, trail: which.trail(), rows, more: which.more == "1" })
    }

    /// Where the stream of a page with this list comes from.
    pub fn live(&self, id: BroadcastId) -> String {
        let mut parts = words(&self.filter);
        parts.extend(self.trail.parts());
        if !is_all(&self.filter) {
            let rows: Vec<String> = self.rows.iter().map(|row| row.message.position.to_string()).collect();
            parts.push(format!("rows={}", rows.join(".")));
            if self.more {
                parts.push("more=1".to_owned());
            }
        }
        joined(format!("/live{}", href(id)), &parts)
    }

    /// How many fit the filter now; `None` where nobody counts, as in a search.
    fn total(&self, view: &View) -> Option<i64> {
        if !self.filter.search.is_empty() {
            return None;
        }
        match (self.filter.state, &self.filter.reason) {
            (None, None) => Some(view.counts().total()),
            (Some(state), None) => Some(view.broadcast.in_state(state)),
            (Some(state), Some(reason)) => {
                let fits = view.broadcast.counts.iter().filter(|c| c.state == state && c.reason == *reason);
                Some(fits.map(|count| count.n).sum())
            }
            (None, Some(_)) => None,
        }
    }

    /// Rows that are shown and do not fit any more.
    fn moved_on(&self) -> i64 {
        let fits = |row: &&MessageView| {
            self.filter.state.is_none_or(|state| row.state == state)
                && self.filter.reason.as_ref().is_none_or(|reason| row.reason == *reason)
        };
        let n = self.rows.len() - self.rows.iter().filter(fits).count();
        i64::try_from(n).unwrap_or(0)
    }

    /// What would be another list if it were asked for now: "3 newer, 12 moved on".
    fn newer(&self, view: &View) -> Option<String> {
        if is_all(&self.filter) {
            return None;
        }
        let moved_on = self.moved_on();
        let fitting = self.shown() - moved_on;
        let is_whole = self.after == 0 && !self.more;
        let newer = self.total(view).filter(|_| is_whole).map_or(0, |total| (total - fitting).max(0));
        let words = [(newer, "newer"), (moved_on, "moved on")];
        let words = words.into_iter().filter(|(n, _)| *n > 0);
        let words: Vec<String> = words.map(|(n, what)| format!("{} {what}", grouped(n))).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn shown(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(0)
    }

    /// The list as the page shows it.
    pub fn recipients(&self, view: &View) -> Recipients {
        let id = view.broadcast.id;
        let filter = &self.filter;
        let (filters, current) = filters(view, filter);
        let mut keep = vec![];
        if let Some(state) = filter.state {
            keep.push(("state".to_owned(), state.word().to_owned()));
        }
        if let Some(reason) = &filter.reason {
            keep.push(("reason".to_owned(), reason.code().to_owned()));
        }
        let of = Addressees::of(view.broadcast.channel);
        Recipients {
            of,
            search: Search {
                action: href(id),
                label: of.search().to_owned(),
                value: filter.search.clone(),
                keep,
            },
            newer: self.newer(view).map(|words| (words, self.trail.href(&address(filter, id)))),
            filters,
            current,
            pagination: self.pagination(view),
            rows: self.rows.iter().map(|row| message_row(view, row)).collect(),
            empty: self.empty(view),
        }
    }

    fn pagination(&self, view: &View) -> Pagination {
        let (filter, id) = (&self.filter, view.broadcast.id);
        // Positions are places in the plan: without a filter they are places in the list too.
        let all = is_all(filter);
        let first = if all { self.after + 1 } else { self.trail.from() + 1 };
        let last = if self.rows.is_empty() { 0 } else { first + self.shown() - 1 };
        let counted = self.moved_on() == 0;
        let place = self.rows.last().map_or(0, |row| row.message.position);
        let base = address(filter, id);
        // An address without the pages before, such as one that was sent to somebody: places are known without a filter.
        let before = match (self.after - ROWS as i64, self.trail.back().as_str()) {
            (place, "") if all && place > 0 => Some(Trail::read(&place.to_string(), place, "").href(&base)),
            _ => self.trail.previous(ROWS as i64).map(|trail| trail.href(&base)),
        };
        Pagination {
            first,
            last,
            // Rows may have been written since the counts were read.
            total: self.total(view).filter(|_| counted).map(|total| total.max(last)),
            previous: before,
            next: self.more.then(|| self.trail.next(place, self.shown()).href(&base)),
        }
    }

    fn empty(&self, view: &View) -> String {
        let none = Addressees::of(view.broadcast.channel).none();
        match self.filter.search.as_str() {
            "" if view.counts().total() == 0 => format!("{none} is planned yet."),
            "" if self.total(view).unwrap_or(0) > 0 => {
                format!("{none} was in this state when this list was made.")
            }
            "" => format!("{none} is in this state."),
            search => nobody_matches(search),
        }
    }
}

fn is_all(filter: &MessageFilter) -> bool {
    filter.state.is_none() && filter.reason.is_none() && filter.search.is_empty()
}

/// Positions, in order, as few stretches of the plan.
fn stretches(positions: &[i64]) -> Vec<(i64, i64)> {
    let mut stretches: Vec<(i64, i64)> = vec![];
    for position in positions {
        match stretches.last_mut() {
            Some((_, last)) if (*last..=last.saturating_add(READ_OVER)).contains(position) => {
                *last = *position
            }
            _ => stretches.push((*position, *position)),
        }
    }
    stretches
}

/// "All" and one per state that anybody is in, and which of them is chosen.
fn filters(view: &View, filter: &MessageFilter) -> (Vec<SummaryPart>, Option<usize>) {
    let id = view.broadcast.id;
    let mut filters = vec![SummaryPart {
        key: Key::All,
        label: "All".to_owned(),
        n: view.counts().total(),
        href: href(id),
    }];
    let mut current = is_all(filter).then_some(0);
    for (key, state) in PILLS {
        let n = view.broadcast.in_state(*state);
        let provable = *state != MessageState::Read || view.broadcast.channel.can_prove_read();
        if n == 0 && (filter.state != Some(*state) || !provable) {
            continue;
        }
        if filter.state == Some(*state) {
            current = Some(filters.len());
        }
        let only = MessageFilter { state: Some(*state), ..MessageFilter::default() };
        filters.push(SummaryPart { key: *key, label: state.title().to_owned(), n, href: address(&only, id) });
    }
    (filters, current)
}

/// The filters over the list, in the order of the truth strip's story.
const PILLS: &[(Key, MessageState)] = &[
    (Key::Waiting, MessageState::Waiting),
    (Key::InFlight, MessageState::InFlight),
    (Key::HandedOver, MessageState::Sent),
    (Key::Done, MessageState::Delivered),
    (Key::Read, MessageState::Read),
    (Key::Failed, MessageState::Failed),
    (Key::Skipped, MessageState::Skipped),
    (Key::Expired, MessageState::Expired),
    (Key::Cancelled, MessageState::Cancelled),
    (Key::Unknown, MessageState::Unknown),
];

/// An instant to the second, with its day unless that is today.
pub(super) fn at_second(zone: &Zone, at: Millis, now: Millis) -> String {
    let (day, next_day) = zone.day(now);
    let time = zone.time_with_seconds(at);
    if (day..next_day).contains(&at) { time } else { format!("{}, {time}", zone.date(at, now)) }
}

/// The name, or why there is none.
pub(super) fn name(row: &MessageView) -> String {
    match row.name.trim() {
        "" if row.recipient.is_empty() && row.state != MessageState::Skipped => "Erased person".to_owned(),
        "" => "No name".to_owned(),
        name => name.to_owned(),
    }
}

/// The number, or what is known of it.
pub(super) fn number(row: &MessageView) -> String {
    if row.addressee.group().is_some() {
        return group_number(&row.recipient);
    }
    match row.recipient.as_str() {
        "" if row.reason == Reason::Excluded(SkipReason::InvalidPhone) => "No usable number".to_owned(),
        "" if row.state != MessageState::Skipped => "Number erased".to_owned(),
        "" => "No number".to_owned(),
        number => phone(number),
    }
}

/// The last six digits of a group's id, by which groups of one name are told apart; one that was named by hand has none.
fn group_number(jid: &str) -> String {
    match jid.split_once('@') {
        Some((digits, _)) => {
            let last: Vec<char> = digits.chars().rev().take(6).collect();
            format!("…{}", last.into_iter().rev().collect::<String>())
        }
        None => "By hand".to_owned(),
    }
}

fn message_row(view: &View, row: &MessageView) -> MessageRow {
    MessageRow {
        id: row.message.position.to_string(),
        name: name(row),
        address: number(row),
        href: format!("{}/messages/{}", href(view.broadcast.id), row.message.position),
        chip: state_chip(row.state).chip(),
        changed: at_second(&view.zone, row.changed_at, view.now),
        detail: members(view, row).unwrap_or_else(|| detail(row)),
        cost: row.cost.map_or_else(String::new, |cost| unit_price(cost.0)),
        correct: correct_href(view, row),
    }
}

/// Where somebody who was left out is corrected, for whoever may.
fn correct_href(view: &View, row: &MessageView) -> Option<String> {
    let person =
        row.addressee.registrant().filter(|_| row.state == MessageState::Skipped && view.may_send)?;
    let MessageRef { broadcast, position } = row.message;
    Some(correct::href_from(view.broadcast.workshop, person, (broadcast, position)))
}

/// How far a post came in its group, where a gateway tells: each member once.
fn members(view: &View, row: &MessageView) -> Option<String> {
    let seen = view.seen.get(&row.message.position)?;
    let of = match view.sizes.get(&row.message.position) {
        Some(size) => format!(" of {}", counted(*size, "member", "members")),
        None => " members".to_owned(),
    };
    let reacted = match seen.reacted {
        0 => String::new(),
        n => format!(", {}", counted(n, "reaction", "reactions")),
    };
    Some(format!("Delivered to {}{of}, read by {}{reacted}", grouped(seen.delivered), grouped(seen.read)))
}

/// The story of a row in a few words.
pub(super) fn detail(row: &MessageView) -> String {
    let retry = || format!("Attempt {}", row.attempt);
    match row.state {
        MessageState::Waiting if !row.reason_text.is_empty() => {
            let times = match row.attempt {
                1 => "once".to_owned(),
                n => format!("{n} times"),
            };
            format!("Tried {times}. {}", row.reason_text)
        }
        MessageState::Waiting => String::new(),
        MessageState::InFlight => retry(),
        MessageState::Sent | MessageState::Delivered => String::new(),
        MessageState::Read => match (row.delivered_at, row.read_at) {
            (Some(delivered), Some(read)) => {
                format!("Read {} after delivery", span(read.since(delivered)))
            }
            _ => String::new(),
        },
        MessageState::Failed
        | MessageState::Unknown
        | MessageState::Expired
        | MessageState::Skipped
        | MessageState::Cancelled => {
            let why = why::of(row.state, &row.reason);
            let coded = row.reason.code().bytes().any(|b| b.is_ascii_digit());
            if coded { format!("{} ({})", why.title, why::shown(&row.reason)) } else { why.title }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_close_together_are_read_at_once() {
        assert_eq!(stretches(&[]), []);
        assert_eq!(stretches(&[3]), [(3, 3)]);
        assert_eq!(stretches(&[1, 2, 3, 11, 20, 100]), [(1, 11), (20, 20), (100, 100)]);
        // Out of order, as nobody but a meddler writes it: still by key.
        assert_eq!(stretches(&[9, 3, i64::MAX]), [(9, 9), (3, 3), (i64::MAX, i64::MAX)]);
    }

    #[test]
    fn a_stream_follows_at_most_the_rows_of_one_page() {
        let which = Which { rows: format!("0.-4.x..{}", "7.".repeat(500)), ..Which::default() };
        assert_eq!(which.positions(), [7; ROWS]);
    }
}
