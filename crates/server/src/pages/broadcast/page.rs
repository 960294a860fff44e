//! The page of one broadcast: what became of everyone, how fast, why people were not reached, and each recipient.

use axum::{extract::State, response::IntoResponse};
use domain::{ids::BroadcastId, role::Permission};
use maud::{Render, html};

use super::{
    href,
    recipients::{Listing, Which},
    view::{FORM, View},
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
    },
    ui::shell::{Crumb, Section},
};

/// `GET /broadcasts/{broadcast}`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Query(which): Query<Which>,
) -> PageResult {
    let may_send = member.may(Permission::Send);
    let view =
        View::load(&app, &member.org, id, &member.organization.zone, may_send, app.clock.now()).await?;
    let listing = Listing::load(&member.org, id, &which).await?;
    let body = html! {
        form id=(FORM) method="post" action=(href(id)) hidden { (member.csrf()) }
        (view)
        (listing.recipients(&view))
    };
    let title = view.broadcast.title.clone();
    let mut page = member.page(Section::Broadcasts, title.clone(), body);
    page.crumbs = vec![Crumb::to("Broadcasts", "/broadcasts"), Crumb::here(title)];
    page.live = Some(listing.live(id));
    Ok(page.render().into_response())
}
