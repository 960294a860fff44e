//! Everything that needs somebody now, on a page of its own: where the menu leads, and what goes out by e-mail or to a phone.

use axum::{extract::State, response::IntoResponse};
use domain::{broadcast::BroadcastStatus, ids::BroadcastId};
use maud::{Render, html};

use super::broadcast::again;
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        attention::Length,
        empty::Empty,
        head::Head,
        icons::Icon,
        shell::{Crumb, Section},
    },
};

/// `GET /attention`
pub async fn show(member: Member) -> PageResult {
    let nothing = member.frame.attention.rows.is_empty();
    let body = html! {
        (Head::new("Attention").meta("What needs somebody now. It leaves this list when it is settled."))
        (member.frame.attention.shown(Length::Inside))
        @if nothing {
            (Empty {
                icon: Icon::Ok,
                title: "Nothing needs you".to_owned(),
                text: "A broadcast that stands still, a wallet that runs low and a message that nobody knows about are listed here.".to_owned(),
                actions: vec![],
                ways: vec![],
            })
        }
    };
    let mut page = member.page(Section::Broadcasts, "Attention", body);
    page.crumbs = vec![Crumb::here("Attention")];
    page.attention = Length::Inside;
    page.live = Some("/live/attention".to_owned());
    Ok(page.render().into_response())
}

/// `POST /broadcasts/{broadcast}/rewrite`: opens the composer for the people of a broadcast that would tell the old time. It stands still
/// until the new one is confirmed, which cancels it: whoever leaves the page is reminded of it.
pub async fn rewrite(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    if broadcast.status != BroadcastStatus::Paused {
        return Ok(see_other_failed(&app, &again::page(id), "Nothing of it stands still any more."));
    }
    // The same template and values, to whoever was not told; the time is chosen anew.
    let mut state = again::composed(&member, &broadcast).await?;
    (state.later, state.at, state.until) = (false, String::new(), String::new());
    state.replaces = Some(id);
    let to = format!("{}#compose", state.href("/"));
    let words = format!(
        "Look through the message for the same people, and send it again. “{}” stands still until then and is cancelled by it.",
        broadcast.title
    );
    Ok(see_other_saying(&app, &to, &words))
}

/// `POST /operator/posts-seen`: what could not be read needs nobody any more.
pub async fn posts_seen(State(app): State<App>, member: Member) -> PageResult {
    member.org.saw_posts(member.now).await?;
    Ok(see_other_saying(&app, "/operator", "Seen. Posts that come from now on are counted anew."))
}
