//! All broadcasts, the newest first.

use axum::response::IntoResponse;
use domain::{channel::Channel, ids::BroadcastId};
use maud::{Render, html};
use serde::Deserialize;
use store::broadcasts::BroadcastFilter;

use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::home::history,
    ui::{button::Button, format::counted, head::Head, history::History, pagination::Trail, shell::Section},
};

/// Broadcasts on one page.
const ROWS: usize = 25;

/// Which broadcasts. Old or wrong values show all.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    /// A channel's word.
    #[serde(default)]
    channel: String,
    /// The last broadcast of the page before.
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
}

/// `GET /broadcasts`
pub async fn show(member: Member, Query(which): Query<Which>) -> PageResult {
    let channel: Option<Channel> = which.channel.parse().ok();
    let before: Option<BroadcastId> = which.after.parse().ok();
    let filter = BroadcastFilter { channel, workshop: None, before };
    let mut broadcasts = member.org.broadcasts(&filter, ROWS as i64 + 1).await?;
    let (all, running) = member.org.broadcast_numbers(channel).await?;
    let more = broadcasts.len() > ROWS;
    broadcasts.truncate(ROWS);
    let base = channel.map_or("/broadcasts".to_owned(), |on| format!("/broadcasts?channel={}", on.word()));
    let next = broadcasts.last().filter(|_| more).map(|last| last.id.to_string());
    let trail = Trail::read(&which.after, which.from, &which.back);
    let foot = trail.foot(&base, ROWS as i64, broadcasts.len() as i64, next, Some(all));
    let history = History {
        title: counted(all, "broadcast", "broadcasts"),
        all: None,
        rows: broadcasts.iter().map(|broadcast| history::row(&member, broadcast)).collect(),
        empty: "Nothing was sent yet. A broadcast starts on the page of workshops.".to_owned(),
    };
    let mut head =
        Head::new("Broadcasts").meta(counted(running, "broadcast is running", "broadcasts are running"));
    if member.may(domain::role::Permission::Send) {
        head = head.action(Button::primary_link("Send message now", "/"));
    }
    let body = html! {
        (head)
        (history)
        @if foot.next.is_some() || foot.previous.is_some() { (foot) }
    };
    Ok(member.page(Section::Broadcasts, "Broadcasts", body).render().into_response())
}
