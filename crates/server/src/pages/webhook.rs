//! The address to which a form or a shop posts registrations of a workshop.

use axum::{extract::State, response::IntoResponse};
use domain::ids::WorkshopId;
use intake::importer::kept_mapping;
use maud::{Markup, Render, html};
use store::{webhooks::Webhook, workshops::Workshop};

use super::workshops::{crumbs, href as workshop_href, ok};
use crate::{
    app::App,
    http::{
        auth::Token,
        error::PageResult,
        extract::{Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::Button,
        chip::Tone,
        format::{counted, relative},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Section,
    },
};

/// The page of a workshop's address.
pub(super) fn href(workshop: WorkshopId) -> String {
    format!("{}/webhook", workshop_href(workshop))
}

/// `GET /workshops/{workshop}/webhook`
pub async fn show(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let webhook = member.org.webhook(id).await?;
    Ok(ok(page(&member, &workshop, webhook.as_ref(), None)))
}

/// `POST /workshops/{workshop}/webhook`: makes an address, or another one instead; it is shown in the answer and never again.
pub async fn make(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let secret = Token::new();
    member.org.make_webhook(id, &secret.hash(), &kept_mapping(), member.now).await?;
    let webhook = member.org.webhook(id).await?;
    let address = app.config.url(&format!("/in/{}", secret.text()));
    let mut answer = page(&member, &workshop, webhook.as_ref(), Some(&address)).into_response();
    // No copy of the secret in a cache.
    answer.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// `POST /workshops/{workshop}/webhook/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.remove_webhook(id, member.now).await?;
    Ok(see_other_saying(
        &app,
        &href(id),
        "Removed. Posts to it are refused from now on; who came by it stays.",
    ))
}

fn page(member: &Member, workshop: &Workshop, webhook: Option<&Webhook>, address: Option<&str>) -> Markup {
    let here = href(workshop.id);
    let body = html! {
        (Head::new("Webhook").meta(html! { a class="m-link" href=(workshop_href(workshop.id)) { (workshop.title) } }))
        @if let Some(address) = address {
            (Note::new(Tone::Done, "Copy this address now: it is shown once.", ""))
            pre class="m-pre" { code { (address) } }
        }
        (Card::new("webhook", "Registrations from a form or a shop", html! {
            div class="m-stack" {
                p class="m-p" { "Whoever has the address can register people: one registration a post, as JSON or as a form. Names, numbers and statuses are read as in a file. What cannot be read is kept to be corrected." }
                @match webhook {
                    Some(webhook) => {
                        (made(member, webhook))
                        div class="m-acts" {
                            (Button::link("What came", format!("/imports/{}", webhook.import)).icon(Icon::Person))
                            form method="post" action=(here) { (member.csrf()) (Button::new("Make another address instead").busy("Making…")) }
                            form method="post" action={ (here) "/remove" } { (member.csrf()) (Button::new("Remove").busy("Removing…")) }
                        }
                    },
                    None => form method="post" action=(here) { (member.csrf()) (Button::primary("Make an address").busy("Making…")) },
                }
            }
        }).padded())
    };
    let mut page = member.page(Section::Workshops, "Webhook", body);
    page.crumbs = crumbs(Some(workshop), "Webhook");
    page.render()
}

/// When it was made, and what came.
fn made(member: &Member, webhook: &Webhook) -> Markup {
    let zone = &member.organization.zone;
    html! {
        p class="m-p" {
            "Made by " (webhook.made_by) ", " (zone.date(webhook.made_at, member.now)) ", " (zone.time(webhook.made_at)) ". "
            (counted(webhook.posts, "post", "posts")) " came"
            @if let Some(at) = webhook.last_at { ", the last one " (relative(at.0, member.now.0)) }
            "."
        }
    }
}
