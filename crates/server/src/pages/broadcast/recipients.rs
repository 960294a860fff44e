//! The recipients of a broadcast: which of them the page shows, and how.
//!
//! The page shows what a search and a filter found when it was opened. From then on its stream follows *these*
//! people: rows change in their place and never move under a pointer. Without a filter the list is the whole plan, so
//! that it grows while planning goes on.

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

/// The number of recipients on one page of the list.
const ROWS: usize = 50;
/// The longest search text, in characters; the rest is cut off.
const SEARCH_CHARS_MAX: usize = 100;
/// Positions this close together are read with one query: a few rows too many are cheaper than another query.
const READ_OVER: i64 = 8;
/// The number of queries of one page that run at the same time.
const QUESTIONS: usize = 4;

/// The filter and place in the query. Values that cannot be read show all recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The word of a message state; empty for all.
    pub state: String,
    /// The code of a reason; empty for all.
    pub reason: String,
    /// A part of a name or number.
    pub q: String,
    /// The position after which this page of the list begins.
    pub after: String,
    /// With a filter: the number of the list's rows before this page.
    pub from: String,
    /// The positions after which the earlier pages begin.
    pub back: String,
    /// For the stream of a filtered page: the positions that the page shows, as in `3.7.12`.
    pub rows: String,
    /// For the stream of a filtered page: `1` where another page follows.
    pub more: String,
    /// For the stream: the position of the message that the drawer shows.
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

    /// The position of the message that the drawer shows.
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

/// The address of the list from its beginning.
fn address(filter: &MessageFilter, id: BroadcastId) -> String {
    joined(href(id), &words(filter))
}

/// One page of the list, at one moment.
pub struct Listing {
    filter: MessageFilter,
    after: i64,
    rows: Vec<MessageView>,
    /// The place of this page in the list.
    trail: Trail,
    /// Whether another page follows.
    more: bool,
}

impl Listing {
    /// Reads what the filter finds now, for a page that is being opened.
    pub async fn load(org: &Org, id: BroadcastId, which: &Which) -> Result<Listing, StoreError> {
        let (filter, after) = (which.filter(), which.after());
        let mut rows = org.messages(id, &filter, after, ROWS as i64 + 1).await?;
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        Ok(Listing { filter, after, trail: which.trail(), rows, more })
    }

    /// Reads the same people again, for a page that is open. Rows are read by key whatever the filter is, so that a
    /// search over a million rows is not repeated every second.
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

    /// The address of the stream for a page with this list.
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

    /// The number of messages that fit the filter now; `None` where nobody counts them, as for a search.
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

    /// The number of rows on the page that no longer fit the filter.
    fn moved_on(&self) -> i64 {
        let fits = |row: &&MessageView| {
            self.filter.state.is_none_or(|state| row.state == state)
                && self.filter.reason.as_ref().is_none_or(|reason| row.reason == *reason)
        };
        let n = self.rows.len() - self.rows.iter().filter(fits).count();
        i64::try_from(n).unwrap_or(0)
    }

    /// How the list would differ if it were read anew, as in "3 newer, 12 moved on".
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
        // A position is a place in the plan. Without a filter it is the place in the list, too.
        let all = is_all(filter);
        let first = if all { self.after + 1 } else { self.trail.from() + 1 };
        let last = if self.rows.is_empty() { 0 } else { first + self.shown() - 1 };
        let counted = self.moved_on() == 0;
        let place = self.rows.last().map_or(0, |row| row.message.position);
        let base = address(filter, id);
        // An address that was sent to somebody names no earlier pages. Without a filter their places are known all
        // the same.
        let before = match (self.after - ROWS as i64, self.trail.back().as_str()) {
            (place, "") if all && place > 0 => Some(Trail::read(&place.to_string(), place, "").href(&base)),
            _ => self.trail.previous(ROWS as i64).map(|trail| trail.href(&base)),
        };
        Pagination {
            first,
            last,
            // Rows may have been written after the counts were read.
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

/// Groups ordered positions into few ranges that are read at once.
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

/// The filters "All" and one for each state that anybody is in, and the index of the chosen one.
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

/// The filters above the list, in the order of the truth strip.
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

/// An instant to the second, with its day unless it is today.
pub(super) fn at_second(zone: &Zone, at: Millis, now: Millis) -> String {
    let (day, next_day) = zone.day(now);
    let time = zone.time_with_seconds(at);
    if (day..next_day).contains(&at) { time } else { format!("{}, {time}", zone.date(at, now)) }
}

/// The person's name, or the reason why there is none.
pub(super) fn name(row: &MessageView) -> String {
    match row.name.trim() {
        "" if row.recipient.is_empty() && row.state != MessageState::Skipped => "Erased person".to_owned(),
        "" => "No name".to_owned(),
        name => name.to_owned(),
    }
}

/// The number, or the reason why there is none.
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

/// The last six digits of a group's id, by which groups of one name are told apart. A group that was named by hand
/// has no id.
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

/// The address at which a person who was left out is corrected, for readers who may send.
fn correct_href(view: &View, row: &MessageView) -> Option<String> {
    let person =
        row.addressee.registrant().filter(|_| row.state == MessageState::Skipped && view.may_send)?;
    let MessageRef { broadcast, position } = row.message;
    Some(correct::href_from(view.broadcast.workshop, person, (broadcast, position)))
}

/// How far a post came among the members of its group, where a gateway reports it. Each member is counted once.
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

/// What happened to a message, in a few words.
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
        // These positions are out of order, as only a tampered address has them. They are still read by key.
        assert_eq!(stretches(&[9, 3, i64::MAX]), [(9, 9), (3, 3), (i64::MAX, i64::MAX)]);
    }

    #[test]
    fn a_stream_follows_at_most_the_rows_of_one_page() {
        let which = Which { rows: format!("0.-4.x..{}", "7.".repeat(500)), ..Which::default() };
        assert_eq!(which.positions(), [7; ROWS]);
    }
}
