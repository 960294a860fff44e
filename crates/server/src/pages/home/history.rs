//! The broadcasts of one workshop on one channel, in short.

use domain::{broadcast::BroadcastStatus, message::MessageState};
use store::broadcasts::Broadcast;

use super::paths;
use crate::{
    http::extract::Member,
    ui::{
        bar::Key,
        chip::{Chip, State},
        format::{grouped, relative, rupees},
        history::{History, HistoryRow},
        progress::Progress,
    },
};

/// The table with its head; `all` is how many broadcasts the organisation has on the channel.
pub(super) fn table(member: &Member, broadcasts: &[Broadcast], all: i64) -> History {
    let words = if all == 1 { "1 broadcast".to_owned() } else { format!("All {} broadcasts", grouped(all)) };
    History {
        title: "Broadcast history".to_owned(),
        all: (all > 0).then(|| (words, paths::BROADCASTS.to_owned())),
        rows: broadcasts.iter().map(|broadcast| row(member, broadcast)).collect(),
        empty: "No broadcast to this workshop on this channel yet.".to_owned(),
    }
}

/// A broadcast in a list; also in that of all broadcasts.
pub(crate) fn row(member: &Member, broadcast: &Broadcast) -> HistoryRow {
    let zone = &member.organization.zone;
    let (day, next_day) = zone.day(member.now);
    let at = broadcast.starts_at;
    let date = if (day..next_day).contains(&at) { "Today".to_owned() } else { zone.date(at, member.now) };
    let (cost, cost_note) = cost(broadcast);
    HistoryRow {
        id: broadcast.id.to_string(),
        name: broadcast.title.clone(),
        href: paths::broadcast(broadcast.id),
        note: format!("{} · {}", campaign(broadcast), broadcast.created_by),
        chip: chip(broadcast.status),
        when: format!("{date}, {}", zone.time(at)),
        when_note: relative(at.0, member.now.0),
        progress: progress(broadcast),
        cost,
        cost_note,
        action: None,
        menu: None,
    }
}

fn campaign(broadcast: &Broadcast) -> &str {
    broadcast.template.get("campaign").and_then(serde_json::Value::as_str).unwrap_or("–")
}

fn chip(status: BroadcastStatus) -> Chip {
    match status {
        BroadcastStatus::Planning | BroadcastStatus::Scheduled => State::Scheduled,
        BroadcastStatus::InProgress => State::Sending,
        BroadcastStatus::Paused => State::Paused,
        BroadcastStatus::Completed => State::Completed,
        BroadcastStatus::Cancelled => State::Cancelled,
    }
    .chip()
}

/// What the provider charged, or what it would at the price of the day.
fn cost(broadcast: &Broadcast) -> (String, String) {
    let actual = broadcast.actual_cost();
    if actual.0 > 0 {
        let note = if broadcast.finished_at.is_some() { "actual" } else { "so far" };
        return (rupees(actual.0), note.to_owned());
    }
    let paid = [
        MessageState::Waiting,
        MessageState::InFlight,
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Read,
        MessageState::Unknown,
    ];
    let people: i64 = paid.iter().map(|state| broadcast.in_state(*state)).sum();
    (rupees(broadcast.unit_price.times(people).0), "estimate".to_owned())
}

fn progress(broadcast: &Broadcast) -> Progress {
    let n = |state| broadcast.in_state(state);
    let (waiting, flying) = (n(MessageState::Waiting), n(MessageState::InFlight));
    let total = broadcast.planned - n(MessageState::Skipped);
    let figure = if broadcast.status == BroadcastStatus::Planning {
        "Being planned".to_owned()
    } else if waiting == total {
        format!("{} planned", grouped(total))
    } else {
        format!("{} of {}", grouped(total - waiting - flying), grouped(total))
    };
    let failed = n(MessageState::Failed);
    let note = match (broadcast.stop_text.as_str(), failed) {
        ("", 0) => String::new(),
        ("", failed) => format!("{} failed", grouped(failed)),
        (text, _) => text.chars().take(40).collect(),
    };
    let parts = [
        (Key::Read, MessageState::Read),
        (Key::Done, MessageState::Delivered),
        (Key::HandedOver, MessageState::Sent),
        (Key::Failed, MessageState::Failed),
        (Key::Expired, MessageState::Expired),
        (Key::Cancelled, MessageState::Cancelled),
        (Key::Unknown, MessageState::Unknown),
        (Key::InFlight, MessageState::InFlight),
        (Key::Waiting, MessageState::Waiting),
    ];
    Progress { figure, note, parts: parts.into_iter().map(|(key, state)| (key, n(state))).collect() }
}
