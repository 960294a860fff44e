//! The broadcasts of one workshop on one channel, in short.

use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::WorkshopId,
    message::MessageState,
    time::{Millis, Zone},
};
use serde::Deserialize;
use store::{
    Org, StoreError,
    broadcasts::{Broadcast, BroadcastFilter, KeyBroadcasts},
};

use super::{calls, paths};
use crate::ui::{
    bar::Key,
    chip::{Chip, State},
    format::{cut, grouped, relative, rupees},
    fragment::Fragment,
    history::{History, HistoryRow},
    progress::Progress,
};

/// Broadcasts in the history of the page.
const ROWS: i64 = 10;

/// The history that a stream follows. A value that cannot be read follows none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The word of the channel.
    channel: String,
    /// The id of the workshop.
    workshop: String,
}

impl Which {
    /// Where the stream of a page with this history comes from.
    pub(super) fn live(workshop: Option<WorkshopId>, channel: Channel) -> String {
        let workshop = workshop.map_or(String::new(), |id| format!("&workshop={id}"));
        format!("/live/history?channel={}{workshop}", channel.word())
    }

    /// The calls that stand above the composer, as they are now.
    pub(crate) async fn calls(&self, org: &Org, now: Millis) -> Result<Vec<Fragment>, StoreError> {
        if self.channel.parse() != Ok(Channel::IvrCall) {
            return Ok(vec![]);
        }
        let broadcasts = load(org, self.workshop.parse().ok(), Channel::IvrCall).await?;
        let latest = calls::latest(org, &broadcasts, now).await?;
        let parts = latest
            .map(|(strip, keys)| vec![Fragment::new("truth-strip", strip), Fragment::new("call-keys", keys)]);
        Ok(parts.unwrap_or_default())
    }

    /// The same table as on the page, as it is now.
    pub(crate) async fn load(&self, org: &Org, zone: &Zone, now: Millis) -> Result<History, StoreError> {
        let channel: Channel = self.channel.parse().unwrap_or(Channel::WhatsappPersonal);
        let broadcasts = load(org, self.workshop.parse().ok(), channel).await?;
        let (all, _) = org.broadcast_numbers(Some(channel)).await?;
        Ok(table(zone, now, &broadcasts, all))
    }
}

/// The broadcasts of this workshop on this channel, newest first.
pub(super) async fn load(
    org: &Org,
    workshop: Option<WorkshopId>,
    channel: Channel,
) -> Result<Vec<Broadcast>, StoreError> {
    let Some(workshop) = workshop else { return Ok(Vec::new()) };
    let filter = BroadcastFilter {
        channel: Some(channel),
        workshop: Some(workshop),
        by_keys: KeyBroadcasts::LeftOut,
        ..BroadcastFilter::default()
    };
    org.broadcasts(&filter, ROWS).await
}

/// The table with its head; `all` is how many broadcasts the organisation has on the channel.
pub(super) fn table(zone: &Zone, now: Millis, broadcasts: &[Broadcast], all: i64) -> History {
    let words = if all == 1 { "1 broadcast".to_owned() } else { format!("All {} broadcasts", grouped(all)) };
    History {
        title: "Broadcast history".to_owned(),
        all: (all > 0).then(|| (words, paths::BROADCASTS.to_owned())),
        rows: broadcasts.iter().map(|broadcast| row(zone, now, broadcast)).collect(),
        empty: "No broadcast to this workshop on this channel yet.".to_owned(),
    }
}

/// A broadcast in a list; also in that of all broadcasts.
pub(crate) fn row(zone: &Zone, now: Millis, broadcast: &Broadcast) -> HistoryRow {
    let (day, next_day) = zone.day(now);
    let at = broadcast.starts_at;
    let date = if (day..next_day).contains(&at) { "Today".to_owned() } else { zone.date(at, now) };
    let (cost, cost_note) = cost(broadcast);
    HistoryRow {
        id: broadcast.id.to_string(),
        name: broadcast.title.clone(),
        href: paths::broadcast(broadcast.id),
        note: match campaign(broadcast) {
            Some(campaign) => format!("{campaign} · {}", broadcast.created_by),
            None => broadcast.created_by.clone(),
        },
        chip: chip(broadcast.status),
        when: format!("{date}, {}", zone.time(at)),
        when_note: relative(at.0, now.0),
        progress: progress(broadcast),
        cost,
        cost_note,
        action: None,
        menu: None,
    }
}

fn campaign(broadcast: &Broadcast) -> Option<&str> {
    broadcast.template.get("campaign").and_then(serde_json::Value::as_str)
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
    if broadcast.channel == Channel::WhatsappGroup {
        return (rupees(0), "costs nothing".to_owned());
    }
    let likely = broadcast.likely_cost();
    let note = if likely.0 == 0 && broadcast.finished_at.is_some() { "nothing sent" } else { "estimate" };
    (rupees(likely.0), note.to_owned())
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
        // What was cancelled, or came too late, went to nobody.
        let gone = n(MessageState::Cancelled) + n(MessageState::Expired);
        format!("{} of {}", grouped(total - waiting - flying - gone), grouped(total))
    };
    let failed = n(MessageState::Failed);
    let note = match (broadcast.stop_text.as_str(), failed) {
        ("", 0) => String::new(),
        ("", failed) => format!("{} failed", grouped(failed)),
        (text, _) => cut(text, 40),
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
