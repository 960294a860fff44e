//! All broadcasts, the newest first.

use axum::response::IntoResponse;
use domain::{
    channel::Channel,
    ids::BroadcastId,
    time::{Millis, Zone},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    Org, StoreError,
    broadcasts::{Broadcast, BroadcastFilter},
};

use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::home::history,
    ui::{
        button::Button,
        format::counted,
        fragment::Fragment,
        head::Head,
        history::{History, HistoryRow},
        pagination::{Pagination, Trail},
        shell::Section,
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
    /// The last broadcast of the page before.
    after: String,
    from: i64,
    back: String,
}

impl Which {
    fn channel(&self) -> Option<Channel> {
        self.channel.parse().ok()
    }

    fn trail(&self) -> Trail {
        Trail::read(&self.after, self.from, &self.back)
    }

    /// This list, as a page or as its stream.
    fn base(&self, path: &str) -> String {
        self.channel().map_or(path.to_owned(), |on| format!("{path}?channel={}", on.word()))
    }
}

/// One page of the list, at one moment.
pub struct Listing {
    history: History,
    foot: Pagination,
    running: i64,
}

impl Listing {
    /// Reads it.
    pub async fn load(org: &Org, zone: &Zone, which: &Which, now: Millis) -> Result<Listing, StoreError> {
        let before: Option<BroadcastId> = which.after.parse().ok();
        let filter = BroadcastFilter { channel: which.channel(), workshop: None, before };
        let mut broadcasts = org.broadcasts(&filter, ROWS as i64 + 1).await?;
        let (all, running) = org.broadcast_numbers(which.channel()).await?;
        let more = broadcasts.len() > ROWS;
        broadcasts.truncate(ROWS);
        let next = broadcasts.last().filter(|_| more).map(|last| last.id.to_string());
        let shown = i64::try_from(broadcasts.len()).unwrap_or(0);
        let history = History {
            title: counted(all, "broadcast", "broadcasts"),
            all: None,
            rows: broadcasts.iter().map(|broadcast| row(zone, now, broadcast)).collect(),
            empty: "Nothing was sent yet. A broadcast starts on the page of workshops.".to_owned(),
        };
        let foot = which.trail().foot(&which.base("/broadcasts"), ROWS as i64, shown, next, Some(all));
        Ok(Listing { history, foot, running })
    }

    /// Everything that changes by itself.
    pub fn fragments(&self) -> Vec<Fragment> {
        let mut parts = self.history.fragments();
        parts.push(Fragment::new("history-running", self.running()));
        parts.push(Fragment::new("history-foot", self.foot()));
        parts
    }

    fn running(&self) -> Markup {
        html! { span data-live-id="history-running" { (counted(self.running, "broadcast is running", "broadcasts are running")) } }
    }

    fn foot(&self) -> Markup {
        let turns = self.foot.next.is_some() || self.foot.previous.is_some();
        html! { div data-live-id="history-foot" { @if turns { (self.foot) } } }
    }
}

/// `GET /broadcasts`
pub async fn show(member: Member, Query(which): Query<Which>) -> PageResult {
    let listing = Listing::load(&member.org, &member.organization.zone, &which, member.now).await?;
    let mut head = Head::new("Broadcasts").meta(listing.running());
    if member.may(domain::role::Permission::Send) {
        head = head.action(Button::primary_link("Send message now", "/"));
    }
    let body = html! {
        (head)
        (listing.history)
        (listing.foot())
    };
    let mut page = member.page(Section::Broadcasts, "Broadcasts", body);
    page.live = Some(which.trail().href(&which.base("/live/broadcasts")));
    Ok(page.render().into_response())
}

/// Of all channels and workshops: each row says of which.
fn row(zone: &Zone, now: Millis, broadcast: &Broadcast) -> HistoryRow {
    let parts = [broadcast.channel.title(), &broadcast.workshop_title, &broadcast.created_by];
    HistoryRow { note: parts.join(" · "), ..history::row(zone, now, broadcast) }
}
