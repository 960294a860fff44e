//! Whole pages with invented data: empty, usual, huge, broken, and with long Hindi names.
//!
//! Tests render them all; `cargo run -p munadi --example gallery -- FOLDER` writes them for the eye.

mod broadcast;
mod calls;
mod home;
mod settings;
mod workshop;

use maud::{Markup, Render, html};

use super::attention::Length;
use super::bar::Key;
use super::button::{Button, Csrf, Link};
use super::chip::Tone;
use super::composer::SendBar;
use super::field::{Choice, Field};
use super::head::Head;
use super::icons::Icon;
use super::import_grid::{GridCell, GridRow, ImportGrid};
use super::note::Note;
use super::outside_page::{OutsidePage, Wizard};
use super::pagination::Pagination;
use super::recipient_summary::{RecipientSummary, SummaryPart};
use super::shell::{Crumb, Frame, Page, Section, Theme};
use super::toast::Toast;
use broadcast::{broadcast, cancel, message};
use calls::{Talk, conversation, recordings};
use home::{broken, empty_channel, hindi, home, huge, usual};
use settings::{integrations, settings_form};
use workshop::{workshop, workshops};

const LONG_HINDI: &str = "सुश्री राजलक्ष्मी वेंकटरामन अय्यर कृष्णमूर्ति";
const LONG_LATIN: &str = "Venkata Satyanarayana Subrahmanyam Chintalapati";
/// Noon of an invented day, UTC milliseconds.
const NOON: i64 = 1_791_880_200_000;
const MINUTE: i64 = 60_000;

/// Every sample page in a theme, with the name of its file.
pub fn all(theme: Theme) -> Vec<(&'static str, Markup)> {
    let frame = Frame { theme, ..Frame::sample() };
    let told = vec![
        Toast::done("Scheduled for 1,231 people.").undo("/broadcasts/1/undo", &frame.csrf),
        Toast::failed("AiSensy does not answer. Nothing was sent. Reference 7c1e.").link("Try again", "/"),
    ];
    let noticed = Frame { toasts: told, heartbeat_ms: None, ..frame.clone() };
    vec![
        ("home", home(&frame, &usual())),
        ("home-huge", home(&frame, &huge())),
        ("home-broken", home(&noticed, &broken())),
        ("home-hindi", home(&frame, &hindi())),
        ("empty-channel", empty_channel(&frame)),
        ("broadcast", broadcast(&frame, 1, false)),
        ("broadcast-empty", broadcast(&frame, 0, false)),
        ("broadcast-huge", broadcast(&frame, 2, true)),
        ("message", message(&frame)),
        ("cancel", cancel(&frame)),
        ("workshop", workshop(&frame)),
        ("workshops", workshops(&frame)),
        ("integrations", integrations(&frame)),
        ("settings-form", settings_form(&frame)),
        ("conversation", conversation(&frame, Talk::Usual)),
        ("conversation-short", conversation(&frame, Talk::Recorded)),
        ("conversation-many", conversation(&frame, Talk::ManyKeys)),
        ("recordings", recordings(&frame)),
        ("import-grid", import_grid(&frame)),
        ("sign-in", sign_in(theme)),
        ("set-up", set_up(theme)),
    ]
}

fn page(frame: &Frame, section: Section, title: &str, body: Markup, foot: Option<Markup>) -> Markup {
    let crumbs = vec![Crumb::to(section.word(), section.href()), Crumb::here(title)];
    Page { frame, title: title.into(), section, crumbs, body, foot, live: None, attention: Length::First }
        .render()
}

fn rows_to_fix() -> Vec<GridRow> {
    let good = |value: &str| GridCell { value: value.into(), wrong: None };
    let bad = |name: &str, value: &str, fact: &str| GridCell {
        value: value.into(),
        wrong: Some((name.into(), fact.into())),
    };
    let day = "4 Oct 2026";
    vec![
        GridRow {
            number: 18,
            cells: vec![
                good("Ananya Deshpande"),
                bad("c18-1", "90000 0017", "9 digits, needs 10"),
                good("ananya@mail.example"),
                good(day),
            ],
        },
        GridRow {
            number: 102,
            cells: vec![
                good(LONG_LATIN),
                good("+91 90000 00023"),
                bad("c102-2", "venkata.mail.example", "No @ in the address"),
                good(day),
            ],
        },
        GridRow {
            number: 237,
            cells: vec![
                good(LONG_HINDI),
                bad("c237-1", "9.00000E+09", "Excel changed this number"),
                good("rajalakshmi@mail.example"),
                good(day),
            ],
        },
        GridRow {
            number: 1_206,
            cells: vec![
                bad("c1206-0", "", "Name is empty"),
                good("+91 90000 00042"),
                good("gurpreet@mail.example"),
                bad("c1206-3", "31/02/2026", "No such day"),
            ],
        },
    ]
}

fn import_grid(frame: &Frame) -> Markup {
    let part =
        |key, label: &str, n| SummaryPart { key, label: label.into(), n, href: "/imports/1?show=x".into() };
    let summary = RecipientSummary {
        parts: vec![
            part(Key::Done, "Ready", 1_412),
            part(Key::Unknown, "Already registered", 27),
            part(Key::Failed, "Cannot be read", 41),
        ],
        reachable: 1_412,
        aside: Some(("Nothing is stored yet".into(), "/imports/1".into())),
        verb: "rows are ready",
        current: Some(2),
    };
    let body = html! {
        (Head::new("Check the rows").meta("registrations-oct.xlsx").meta("Sheet 1").aside(Wizard { steps: vec!["File", "Columns", "Rows", "Import"], at: 2 }))
        section class="m-card m-impsum" aria-label="Result of the check" { (summary) }
        (Note::new(Tone::Act, "22 phone numbers were turned into 9.00000E+09 by Excel.", "Format the column as text, save, and upload the file again.").action(Button::link("Upload again", "/imports/new").icon(Icon::Upload).small()))
        form id="fixes" hidden method="post" action="/imports/1/fix" { (frame.csrf) }
        (ImportGrid {
            id: "rows",
            title: "41 rows to fix".into(),
            action: Some(Button::link("Download these rows", "/imports/1/rows.csv").icon(Icon::Download).small()),
            columns: ["Name", "Phone", "E-mail", "Registered"].map(String::from).to_vec(),
            rows: rows_to_fix(),
            pagination: Pagination { first: 1, last: 4, total: Some(41), previous: None, next: Some("/imports/1?after=4".into()) },
            form: "fixes".into(),
        })
    };
    let foot = SendBar {
        main: "Import 1,412 people".into(),
        more: vec!["68 rows left out".into()],
        note: "You can undo an import for 7 days".into(),
        second: Some(Button::new("Save corrections").form("fixes")),
        next: Button::primary("Import 1,412 people")
            .icon(Icon::Check)
            .form("fixes")
            .formaction("/imports/1/run"),
    };
    page(frame, Section::People, "Check the rows", body, Some(foot.render()))
}

fn sign_in(theme: Theme) -> Markup {
    OutsidePage {
        title: "Sign in".into(),
        text: "to Udaan Academy on notify.udaan.example".into(),
        theme,
        steps: None,
        error: Some("E-mail and password do not match. Try again, or set a new password.".into()),
        form: html! {
            form class="m-door__fields" method="post" action="/sign-in" {
                (Csrf("sample".into()))
                (Field::email("email", "E-mail").autocomplete("username").value("meera@udaan.example").required())
                (Field::password("password", "Password").autocomplete("current-password").required().aside(Link::new("Forgotten?", "/password")))
                (Button::primary("Sign in").large().wide().busy("Signing in…"))
            }
        },
        hint: Some(html! { "No account? Ask an admin of your organisation for an invitation." }),
        foot: "Munadi 1.0 · runs on your own server".into(),
        wide: false,
    }
    .render()
}

fn set_up(theme: Theme) -> Markup {
    OutsidePage {
        title: "Name your organisation".into(),
        text: "One organisation is one tenant; you can add more later.".into(),
        theme,
        steps: Some(Wizard { steps: vec!["You", "Organisation", "Ready"], at: 1 }),
        error: None,
        form: html! {
            form class="m-door__fields" method="post" action="/set-up" {
                div class="m-row2" {
                    (Field::text("organisation", "Name").required())
                    (Field::select("zone", "Time zone", vec![Choice::new("Asia/Kolkata", "Asia/Kolkata", "Asia/Kolkata")]))
                }
                div class="m-door__acts" { (Button::link("Back", "/set-up/you")) (Button::primary("Continue")) }
            }
        },
        hint: None,
        foot: "Munadi 1.0 · runs on your own server".into(),
        wide: true,
    }
    .render()
}

#[cfg(test)]
mod tests;
