//! The list of all broadcasts, newest first.

use axum::response::IntoResponse;
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::BroadcastId,
    time::{Millis, Zone},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    Org, StoreError,
    broadcasts::{Broadcast, BroadcastFilter, KeyBroadcasts},
};

use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::{home::history, workshops::form_value},
    ui::{
        button::Button,
        format::counted,
        fragment::Fragment,
        head::Head,
        history::{History, HistoryRow},
        pagination::{Pagination, Trail},
        shell::Section,
        table::Search,
    },
};

/// The number of broadcasts on one page.
const ROWS: usize = 25;

/// The filter in the query. Values that cannot be read are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The word of a channel; empty for all channels.
    channel: String,
    /// The word of a status; empty for all.
    status: String,
    /// A part of the broadcast's title or of the workshop's.
    q: String,
    /// The id of a broadcast of calls: only what its pressed keys sent is listed. No other list holds those
    /// broadcasts.
    calls: String,
    /// The id of the last broadcast on the page before.
    after: String,
    from: i64,
    back: String,
}

impl Which {
    fn channel(&self) -> Option<Channel> {
        self.channel.parse().ok()
    }

    fn by_keys(&self) -> KeyBroadcasts {
        self.calls.parse().map_or(KeyBroadcasts::LeftOut, KeyBroadcasts::Of)
    }

    fn trail(&self) -> Trail {
        Trail::read(&self.after, self.from, &self.back)
    }

    fn status(&self) -> Option<BroadcastStatus> {
        self.status.parse().ok()
    }

    /// Whether the list leaves out broadcasts for another reason than their channel.
    fn is_filtered(&self) -> bool {
        self.status().is_some() || !self.q.trim().is_empty() || self.by_keys() != KeyBroadcasts::LeftOut
    }

    /// The address of this list on `path`, which is that of the page or of its stream.
    fn base(&self, path: &str) -> String {
        let said = [
            ("channel", self.channel().map(|on| on.word().to_owned())),
            ("status", self.status().map(|status| status.word().to_owned())),
            ("q", Some(form_value(self.q.trim())).filter(|q| !q.is_empty())),
            ("calls", self.calls.parse::<BroadcastId>().ok().map(|calls| calls.to_string())),
        ];
        let said: Vec<String> =
            said.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
        if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
    }

    /// The address of the list with another status.
    fn with(&self, status: Option<BroadcastStatus>) -> String {
        let status = status.map_or(String::new(), |status| status.word().to_owned());
        Which { status, after: String::new(), ..self.clone() }.base("/broadcasts")
    }
}

/// One page of the list at one moment.
pub struct Listing {
    history: History,
    foot: Pagination,
    running: i64,
    /// Whether all sending is stopped, so that what runs waits.
    is_stopped: bool,
}

impl Listing {
    /// Reads one page of the list from the store.
    pub async fn load(org: &Org, zone: &Zone, which: &Which, now: Millis) -> Result<Listing, StoreError> {
        let before: Option<BroadcastId> = which.after.parse().ok();
        let filter = BroadcastFilter {
            channel: which.channel(),
            workshop: None,
            status: which.status(),
            title: which.q.clone(),
            before,
            by_keys: which.by_keys(),
        };
        let mut broadcasts = org.broadcasts(&filter, ROWS as i64 + 1).await?;
        let (all, running) = org.broadcast_numbers(which.channel()).await?;
        let is_stopped = org.organization().await?.stopped.is_some();
        let more = broadcasts.len() > ROWS;
        broadcasts.truncate(ROWS);
        let next = broadcasts.last().filter(|_| more).map(|last| last.id.to_string());
        let shown = i64::try_from(broadcasts.len()).unwrap_or(0);
        let history = History {
            title: match (which.is_filtered(), more || before.is_some()) {
                (false, _) => counted(all, "broadcast", "broadcasts"),
                (true, false) => counted(shown, "broadcast", "broadcasts"),
                (true, true) => "Broadcasts".to_owned(),
            },
            all: None,
            rows: broadcasts.iter().map(|broadcast| row(zone, now, broadcast, is_stopped)).collect(),
            empty: if which.is_filtered() {
                "No broadcast is like that. Look under All, or change what is searched for."
            } else {
                "Nothing was sent yet. A broadcast starts on the page of workshops."
            }
            .to_owned(),
        };
        let foot = which.trail().foot(
            &which.base("/broadcasts"),
            ROWS as i64,
            shown,
            next,
            (!which.is_filtered()).then_some(all),
        );
        Ok(Listing { history, foot, running, is_stopped })
    }

    /// The parts of the page that change by themselves.
    pub fn fragments(&self) -> Vec<Fragment> {
        let mut parts = self.history.fragments();
        parts.push(Fragment::new("history-running", self.running()));
        parts.push(Fragment::new("history-foot", self.foot()));
        parts
    }

    fn running(&self) -> Markup {
        let words = match self.running {
            0 => "Nothing is going out".to_owned(),
            n if self.is_stopped => {
                format!("All sending is stopped: {}", counted(n, "broadcast waits", "broadcasts wait"))
            }
            n => counted(n, "broadcast is running", "broadcasts are running"),
        };
        html! { span data-live-id="history-running" { (words) } }
    }

    fn foot(&self) -> Markup {
        let turns = self.foot.next.is_some() || self.foot.previous.is_some();
        html! { div data-live-id="history-foot" { @if turns { (self.foot) } } }
    }
}

/// `GET /broadcasts`
pub async fn show(member: Member, Query(which): Query<Which>) -> PageResult {
    let listing = Listing::load(&member.org, &member.organization.zone, &which, member.now).await?;
    let title = match which.by_keys() {
        KeyBroadcasts::Of(_) => "Sent by keys of calls",
        KeyBroadcasts::Included | KeyBroadcasts::LeftOut => "Broadcasts",
    };
    let mut head = Head::new(title).meta(listing.running());
    if member.may(domain::role::Permission::Send) {
        head = head.action(Button::primary_link("Send message now", "/"));
    }
    let body = html! {
        (head)
        (which.filters())
        (listing.history)
        (listing.foot())
    };
    let mut page = member.page(Section::Broadcasts, title, body);
    page.live = Some(which.trail().href(&which.base("/live/broadcasts")));
    Ok(page.render().into_response())
}

/// The statuses that a list can be narrowed to.
const STATUSES: &[(BroadcastStatus, &str)] = &[
    (BroadcastStatus::InProgress, "Sending"),
    (BroadcastStatus::Paused, "Paused"),
    (BroadcastStatus::Scheduled, "Scheduled"),
    (BroadcastStatus::Completed, "Completed"),
    (BroadcastStatus::Cancelled, "Cancelled"),
];

impl Which {
    fn filters(&self) -> Markup {
        let keep = [("channel", &self.channel), ("status", &self.status), ("calls", &self.calls)];
        let keep = keep.into_iter().filter(|(_, value)| !value.is_empty());
        let search = Search {
            action: "/broadcasts".into(),
            label: "Title or workshop".into(),
            value: self.q.clone(),
            keep: keep.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        };
        html! {
            div class="m-listbar" {
                nav class="m-filters" aria-label="Which broadcasts" {
                    a class="m-pill" href=(self.with(None)) aria-current=[self.status().is_none().then_some("true")] { "All" }
                    @for (status, label) in STATUSES {
                        a class="m-pill" href=(self.with(Some(*status))) aria-current=[(self.status() == Some(*status)).then_some("true")] { (label) }
                    }
                }
                (search)
            }
        }
    }
}

/// A row of the list. It names channel and workshop, because the list holds all of them.
fn row(zone: &Zone, now: Millis, broadcast: &Broadcast, is_stopped: bool) -> HistoryRow {
    let parts = [broadcast.channel.title(), &broadcast.workshop_title, &broadcast.created_by];
    let mut row = HistoryRow { note: parts.join(" · "), ..history::row(zone, now, broadcast) };
    if is_stopped && broadcast.status == BroadcastStatus::InProgress {
        row.chip = crate::ui::chip::State::Waiting.chip();
    }
    row
}
