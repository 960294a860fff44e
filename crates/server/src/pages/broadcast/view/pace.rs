//! How fast a broadcast goes out, when it will be done, and whether that is in time: the figures and the chart.

use domain::{
    broadcast::BroadcastStatus,
    channel::Medium,
    message::MessageState,
    time::{HOUR, MINUTE, Millis},
};

use super::{super::status_chip, View};
use crate::ui::{
    format::{counted, grouped, span},
    pace_chart::{InTime, PaceChart},
};

/// The length of one slot of the pace, in milliseconds.
const SLOT_MS: i64 = 10_000;

/// The largest number of points in the chart. A longer broadcast has coarser points.
const POINTS_MAX: i64 = 120;

/// The present rate covers this many full slots before the one under way.
const NOW_SLOTS: i64 = 3;

/// The time between the last message and the workshop's start below which the chart warns, in milliseconds.
const CLOSE_MS: i64 = 10 * MINUTE;

impl View {
    /// The present rate, in tenths of a message per second: of the slot under way and the three before it, as far as
    /// the broadcast was running then.
    pub(super) fn rate_tenths(&self) -> i64 {
        let first = self.now.0 / SLOT_MS - NOW_SLOTS;
        let sum: i64 = self.pace.iter().filter(|(at, _)| *at >= first).map(|(_, n)| n).sum();
        let since = self.broadcast.started_at.map_or(0, |at| at.0).max(first * SLOT_MS);
        sum * 10 * 1000 / (self.now.0 - since).max(1_000)
    }

    /// The present rate as label, figure and unit. A broadcast that has ended shows its average.
    pub(super) fn rate(&self) -> (String, String, String) {
        let tenths = match (self.broadcast.status, self.broadcast.started_at, self.broadcast.finished_at) {
            (BroadcastStatus::InProgress, _, _) => self.rate_tenths(),
            (_, Some(started), Some(finished)) => {
                let calls: i64 = self.pace.iter().map(|(_, n)| n).sum();
                calls * 10 * 1000 / finished.since(started).max(1_000)
            }
            _ => 0,
        };
        let label = if self.broadcast.finished_at.is_some() { "On average" } else { "Now" };
        // Posts are minutes apart, so their rate is shown an hour: a second would show zero.
        if let (Some(_), Some(started)) = (&self.posts, self.broadcast.started_at) {
            let calls: i64 = self.pace.iter().map(|(_, n)| n).sum();
            let took = self.broadcast.finished_at.unwrap_or(self.now).since(started).max(MINUTE);
            return (label.to_owned(), grouped(calls * HOUR / took), "an hour".to_owned());
        }
        (label.to_owned(), format!("{}.{}", tenths / 10, tenths % 10), "/s".to_owned())
    }

    /// When the last waiting message will have gone, or went, and whether that is an estimate. `None` while it is
    /// paused or cancelled.
    pub(super) fn done_at(&self) -> Option<(Millis, bool)> {
        let broadcast = &self.broadcast;
        if let Some(at) = broadcast.finished_at {
            return Some((at, false));
        }
        if let Some((_, moments)) = &self.posts {
            let open = !matches!(
                broadcast.status,
                BroadcastStatus::Paused | BroadcastStatus::Completed | BroadcastStatus::Cancelled
            );
            return moments.last().filter(|_| open).map(|at| (*at, true));
        }
        let left = broadcast.in_state(MessageState::Waiting) + broadcast.in_state(MessageState::InFlight);
        let limit = self.integration.as_ref().map_or(1, |account| account.pace.per_second.max(1));
        let tenths = match self.rate_tenths() {
            0 => limit * 10,
            rate => rate,
        };
        let took = left.saturating_mul(10_000) / tenths;
        let begins_at = |at| Some((broadcast.hours.done_at(at, took), true));
        match broadcast.status {
            BroadcastStatus::InProgress => begins_at(self.now),
            BroadcastStatus::Planning | BroadcastStatus::Scheduled => {
                begins_at(broadcast.starts_at.max(self.now))
            }
            BroadcastStatus::Paused | BroadcastStatus::Completed | BroadcastStatus::Cancelled => None,
        }
    }

    /// The limit of the account's pace, in words.
    fn limit(&self) -> String {
        match (&self.posts, &self.integration) {
            (Some((pace, _)), Some(_)) => {
                format!(
                    "Pauses of {} to {} s, {} an hour",
                    pace.gap_from_s,
                    pace.gap_until_s,
                    grouped(pace.per_hour)
                )
            }
            (_, Some(account)) => format!("Limit {} per second", grouped(account.pace.per_second)),
            (_, None) => "Account removed".to_owned(),
        }
    }

    pub(super) fn pace(&self) -> PaceChart {
        let broadcast = &self.broadcast;
        let done = self.done_at();
        let running = broadcast.status == BroadcastStatus::InProgress;
        let start = broadcast.workshop_starts_at;
        let before_start = broadcast.starts_at <= start;
        let (start_fact, in_time) = match done {
            Some((at, _)) if before_start => {
                let left = start.since(at);
                let label = if left >= 0 { "Before start" } else { "Late by" };
                let words = span(left);
                let (figure, unit) = words.split_once(' ').unwrap_or((&words, ""));
                let in_time = match left {
                    ..0 => InTime::Late,
                    0..CLOSE_MS => InTime::Close,
                    _ => InTime::Before,
                };
                (Some((label.to_owned(), figure.to_owned(), unit.to_owned())), in_time)
            }
            _ => (None, InTime::NoStart),
        };
        let from = broadcast.started_at.unwrap_or(broadcast.starts_at);
        let now = running.then_some(self.now);
        let last = self.pace.last().map_or(from, |(slot, _)| Millis((slot + 1) * SLOT_MS));
        let mut to = last.max(from.plus(3 * MINUTE)).max(now.unwrap_or(from));
        let forecast = done.filter(|(_, estimate)| *estimate && running).map(|(at, _)| at);
        to = to.max(forecast.unwrap_or(to));
        // A start far away would squeeze the curve into a corner. While the broadcast runs, the start is shown up to
        // an hour ahead, because being in time counts for more.
        let ahead = if running { HOUR } else { 0 };
        let shows_start =
            before_start && start >= from && start.since(from) <= (4 * to.since(from)).max(ahead);
        if shows_start {
            to = to.max(start.plus(start.since(from) / 12));
        }
        let done_fact = match done {
            Some((at, estimate)) => {
                let time = self.zone.time(at);
                let (figure, half) = time.split_once('\u{a0}').unwrap_or((&time, ""));
                let unit = if estimate { format!("{half}, estimate") } else { half.to_owned() };
                (if estimate { "Done by" } else { "Ended" }.to_owned(), figure.to_owned(), unit)
            }
            None => {
                let words = status_chip(broadcast.status).word().to_lowercase();
                ("Done by".to_owned(), "–".to_owned(), words)
            }
        };
        let limit = self.limit();
        let summary = format!(
            "Messages per minute since {}. {} {} {}",
            self.zone.time(from),
            done_fact.0,
            done_fact.1,
            done_fact.2
        );
        PaceChart {
            limit,
            rate: self.rate(),
            done: done_fact,
            start_fact,
            in_time,
            from_ms: from.0,
            to_ms: to.0,
            points: self.points(),
            empty: self.without_chart(),
            now_ms: now.map(|now| now.0),
            forecast: forecast.map(|at| (at.0, format!("Done {}", self.zone.time(at)))),
            start_ms: shows_start.then_some(start.0),
            ticks: self.ticks(from, to),
            summary,
        }
    }

    /// What the chart's place says while there are too few points for a line.
    pub(super) fn without_chart(&self) -> String {
        let sent: i64 = self.pace.iter().map(|(_, n)| n).sum();
        let running = self.broadcast.status == BroadcastStatus::InProgress;
        let counted = |n| match self.broadcast.channel.rules().medium {
            Medium::Call => counted(n, "call", "calls"),
            Medium::WhatsApp | Medium::Texts => counted(n, "message", "messages"),
        };
        match (sent, running, self.is_over()) {
            (0, true, _) => "The first messages are on their way.".to_owned(),
            (0, false, true) => "Nothing was sent.".to_owned(),
            (0, false, false) => "Nothing was sent yet.".to_owned(),
            (n, true, _) => format!("{} so far; the line begins soon.", counted(n)),
            (n, false, _) => format!("{} within ten seconds: too quick for a line.", counted(n)),
        }
    }

    /// The points of the chart: the instant in UTC milliseconds, and messages per minute. A slot without answers
    /// counts as zero.
    pub(super) fn points(&self) -> Vec<(i64, i64)> {
        // The slot under way is not full yet and would look like a drop.
        let running = self.broadcast.status == BroadcastStatus::InProgress;
        let this_slot = self.now.0 / SLOT_MS;
        let full = self.pace.iter().filter(|(slot, _)| !running || *slot < this_slot);
        let (Some((first, _)), Some((last, _))) = (full.clone().next(), full.clone().next_back()) else {
            return vec![];
        };
        let wide = ((last - first) / POINTS_MAX + 1).max(1);
        let mut sums = vec![0; usize::try_from((last - first) / wide + 1).unwrap_or(1)];
        for (slot, n) in full {
            let at = usize::try_from((slot - first) / wide).unwrap_or(0);
            if let Some(sum) = sums.get_mut(at) {
                *sum += n;
            }
        }
        let per_minute = |sum: i64| sum * MINUTE / (wide * SLOT_MS);
        let points =
            sums.into_iter().zip(0_i64..).map(|(sum, at)| ((first + at * wide) * SLOT_MS, per_minute(sum)));
        points.collect()
    }

    pub(super) fn ticks(&self, from: Millis, to: Millis) -> Vec<(i64, String)> {
        let third = to.since(from) / 3;
        (0..4)
            .map(|at| {
                let at = from.plus(third * at);
                (at.0, self.zone.time(at))
            })
            .collect()
    }
}
