//! All broadcasts, the newest first.

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

/// Broadcasts on one page.
const ROWS: usize = 25;

/// Which broadcasts. Old or wrong values show all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Which {
    /// A channel's word.
    channel: String,
    /// A status' word.
    status: String,
    /// A part of the title or of the workshop's.
    q: String,
    /// Calls whose keys sent them; those of keys are in no other list.
    calls: String,
    /// The last broadcast of the page before.
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

    /// Whether some are left out besides those of other channels.
    fn is_filtered(&self) -> bool {
        self.status().is_some() || !self.q.trim().is_empty() || self.by_keys() != KeyBroadcasts::LeftOut
    }

    /// This list, as a page or as its stream.
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

    /// The list with another status.
    fn with(&self, status: Option<BroadcastStatus>) -> String {
        let status = status.map_or(String::new(), |status| status.word().to_owned());
        Which { status, after: String::new(), ..self.clone() }.base("/broadcasts")
    }
}

/// One page of the list, at one moment.
pub struct Listing {
    history: History,
    foot: Pagination,
    running: i64,
    /// All sending is stopped: what runs waits.
    is_stopped: bool,
}

impl Listing {
    /// Reads it.
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

    /// Everything that changes by itself.
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

/// Statuses that a list can be narrowed to.
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

/// Of all channels and workshops: each row says of which.
fn row(zone: &Zone, now: Millis, broadcast: &Broadcast, is_stopped: bool) -> HistoryRow {
    let parts = [broadcast.channel.title(), &broadcast.workshop_title, &broadcast.created_by];
    let mut row = HistoryRow { note: parts.join(" · "), ..history::row(zone, now, broadcast) };
    if is_stopped && broadcast.status == BroadcastStatus::InProgress {
        row.chip = crate::ui::chip::State::Waiting.chip();
    }
    row
}
