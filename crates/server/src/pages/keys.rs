//! The keys that do something, and turning the single ones off.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use maud::{Markup, Render, html};
use serde::Deserialize;

use super::login::door;
use crate::{
    app::App,
    http::{
        error::Problem,
        extract::{Form, Member, Person},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Csrf},
        head::{Card, Head, KeyValues},
        shell::{Crumb, Section},
    },
};

/// The choice is remembered for a year.
const KEYS_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Keys and what they do, as `assets/live.js` has them.
const KEYS: &[(&str, &str)] = &[
    ("/", "Find a person"),
    ("Ctrl K", "Find a person, from inside a field too"),
    ("g, then w p b s o", "Workshops, People, Broadcasts, Settings, Operator"),
    ("j  k", "Next and previous row of a list"),
    ("Enter", "Open the row"),
    ("Esc", "Close what is open"),
    ("Ctrl S", "Save the draft"),
    ("Ctrl Enter", "Review; never sends by itself"),
    ("?", "This list"),
];

/// `GET /keys`
pub async fn show(person: Person, member: Result<Member, Problem>) -> Markup {
    match member {
        Ok(member) => {
            let body = html! { (Head::new("Keys")) (cards(member.csrf(), member.frame.keys)) };
            let mut page = member.page(Section::Settings, "Keys", body);
            page.crumbs = vec![Crumb::here("Keys")];
            page.render()
        }
        Err(_) => {
            let body = cards(&person.visitor.csrf, true);
            door(&person.visitor, "Keys", "They work on the pages of an organisation.", body).render()
        }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Choose {
    keys: String,
}

/// `POST /keys`
pub async fn choose(State(app): State<App>, Form(form): Form<Choose>) -> Response {
    let word = if form.keys == "off" { "off" } else { "on" };
    let words = if word == "off" { "Single keys are off." } else { "Single keys are on." };
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let mut response = see_other_saying(&app, "/keys", words);
    let cookie = format!("keys={word}; Path=/; HttpOnly; SameSite=Lax; Max-Age={KEYS_SECONDS}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn cards(csrf: &Csrf, on: bool) -> Markup {
    let rows = KEYS
        .iter()
        .map(|(key, does)| ((*does).to_owned(), html! { kbd class="m-kbd" { (key) } }, None))
        .collect();
    let (word, label) = if on { ("off", "Turn single keys off") } else { ("on", "Turn single keys on") };
    html! {
        (Card::new("keys", "Keys", KeyValues { rows, inset: true }))
        (Card::new("single", "Single keys", html! {
            form class="m-door__fields" method="post" action="/keys" {
                (csrf)
                p class="m-p" { "Keys without Ctrl work only outside fields. Turn them off if they get in your way, with speech input for example." }
                (Button::new(label).submit("keys", word))
            }
        }).padded())
    }
}
