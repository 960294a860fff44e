//! Pages of the settings.

use maud::{Markup, Render, html};

use super::home::logo;
use super::page;
use crate::ui::button::{Button, Link};
use crate::ui::chip::{State, Tag, TagColour, Tone};
use crate::ui::field::{Checkbox, Choice, Field};
use crate::ui::head::{Card, Head, KeyValues, Settings};
use crate::ui::icons::Icon;
use crate::ui::integration_card::{IntegrationCard, Integrations};
use crate::ui::menu::{Menu, MenuItem};
use crate::ui::note::Note;
use crate::ui::progress::Meter;
use crate::ui::shell::{Frame, Section};
use crate::ui::status_card::LogoColour;

fn settings_items(current: &str) -> Vec<(String, String, bool)> {
    [
        "Integrations",
        "Templates",
        "Sequences",
        "Tags",
        "WhatsApp accounts",
        "Team",
        "API and events",
        "Organisation",
        "Audit log",
    ]
    .iter()
    .map(|&word| {
        (word.into(), format!("/settings/{}", word.to_lowercase().replace(' ', "-")), word == current)
    })
    .collect()
}

pub(super) fn integrations(frame: &Frame) -> Markup {
    let facts = |rows: &[(&str, &str, &str)]| KeyValues {
        rows: rows.iter().map(|&(k, v, m)| (k.into(), html! { (v) }, Some(m.into()))).collect(),
        inset: false,
    };
    let test = || Button::link("Test", "/settings/integrations/1/test").icon(Icon::Test);
    let card = |logo, title: &str, note: &str, state: State, alert, facts, actions| IntegrationCard {
        logo,
        title: title.into(),
        href: Some("/settings/integrations/1".into()),
        note: note.into(),
        chip: state.chip(),
        alert,
        facts,
        actions,
        link: None,
        menu: Some(Menu { label: format!("More for {title}"), items: vec![MenuItem::link("Rename", "/x")] }),
    };
    let cards = vec![
        card(
            logo("Ai", LogoColour::Violet),
            "AiSensy",
            "Udaan main · WhatsApp Personal",
            State::Ready,
            None,
            facts(&[
                ("API key", "•••• 9f2c", "Set 3 Oct by Meera Iyer"),
                ("Receipts", "On", "Last one 4:16 PM"),
                ("Pace", "10 per second", "10,000 people a day"),
            ]),
            vec![test(), Button::link("Replace key", "/k").icon(Icon::Key)],
        ),
        card(
            logo("F2", LogoColour::Blue),
            "Fast2SMS",
            "UDAANX · SMS",
            State::LowBalance,
            Some(
                Note::new(Tone::Act, "", "Tomorrow’s plan needs ₹1,860.").action(Link::new("Recharge", "/r")),
            ),
            facts(&[
                ("API key", "•••• 41d0", "Set 28 Sep by Meera Iyer"),
                ("Wallet", "₹1,042.60", "About 5,213 segments"),
            ]),
            vec![test()],
        ),
        card(
            logo("Wa", LogoColour::Green),
            "WhatsApp account",
            "Backup, +91 90000 00002",
            State::Disconnected,
            Some(Note::new(Tone::Fail, "", "Logged out on the phone at 3:52 PM.")),
            facts(&[("Groups", "12, admin of 9", "Synced 3:40 PM")]),
            vec![Button::link("Reconnect", "/c").icon(Icon::Retry), Button::link("Sync Groups", "/s")],
        ),
        card(
            logo("Ex", LogoColour::Grey),
            "Exotel",
            "IVR Call",
            State::NotSetUp,
            None,
            facts(&[("Needs", "Account SID, API key, token", "From Exotel, API settings")]),
            vec![Button::link("Set up", "/n").icon(Icon::Plug)],
        ),
    ];
    let body = html! {
        (Head::new("Integrations").meta("Accounts that carry your messages. Keys are stored sealed and never shown again.")
            .action(Button::primary_link("Add account", "/settings/integrations/new").icon(Icon::Plus)))
        (Integrations(cards))
    };
    let body = Settings { items: settings_items("Integrations"), body }.render();
    page(frame, Section::Settings, "Integrations", body, None)
}

pub(super) fn settings_form(frame: &Frame) -> Markup {
    let form = html! {
        form class="m-stack" method="post" action="/settings/organisation" {
            (frame.csrf)
            (Field::text("name", "Name").value("Udaan Academy").required().at_most(80))
            div class="m-row2" {
                (Field::select("zone", "Time zone", vec![Choice::new("Asia/Kolkata", "Asia/Kolkata (IST)", "Asia/Kolkata")]).help("Every time you see is in this zone."))
                (Field::number("keep", "Keep messages for, days").value("3650000").between(30, 3650).error(Some("3650000 is more than 3,650. Ten years is the longest.".into())))
            }
            div class="m-row2" {
                (Field::input("time", "quiet-from", "Quiet from").value("21:00"))
                (Field::input("time", "quiet-to", "Quiet to").value("09:00"))
            }
            (Field::file("logo", "Registrations file", ".csv,.tsv,.xlsx").help("CSV, TSV or XLSX, up to 20 MB."))
            (Field::area("note", "Note", "").at_most(160))
            (Checkbox::new("keys", "Single keys do something", true).help("Such as / to find a person."))
            p { (TagColour::ALL.iter().map(|(colour, name)| Tag { name: (*name).into(), colour: *colour }.render().into_string()).map(maud::PreEscaped).fold(html! {}, |all, tag| html! { (all) " " (tag) })) }
            p { @for state in State::ALL { (state) " " } }
            p { (Meter { used: 124, of: 160, label: "1 segment of 160 characters, 124 used".into() }) }
            div class="m-acts" { (Button::new("Discard").unchecked()) (Button::primary("Save organisation").busy("Saving…")) }
        }
    };
    let body =
        html! { (Head::new("Organisation")) (Card::new("organisation", "Udaan Academy", form).padded()) };
    page(
        frame,
        Section::Settings,
        "Organisation",
        Settings { items: settings_items("Organisation"), body }.render(),
        None,
    )
}
