//! Scripts of calls and recordings.

use maud::{Markup, Render, html};

use super::{LONG_HINDI, page};
use crate::ui::{
    conversation::{Branch, Conversation, SpokenLine},
    head::{Card, Head},
    icons::Icon,
    listen::{Listen, Recorder},
    preview::Part,
    shell::{Frame, Section},
    table::{Column, Place, Row, Table, name},
};

fn said(name: &str, seconds: i64, text: Vec<Part>) -> SpokenLine {
    SpokenLine { name: name.into(), seconds, text, recording: None }
}

fn fixed(text: &str) -> Vec<Part> {
    vec![Part::Fixed(text.into())]
}

fn leaf(key: Option<u8>, name: &str, text: &str, icon: Icon, action: &str) -> Branch {
    Branch { key, name: name.into(), said: said("", 3, fixed(text)), icon, action: action.into() }
}

fn listen(name: &str) -> Listen {
    Listen { name: name.into(), src: "/settings/recordings/1/sound".into() }
}

/// Which conversation a sample shows.
#[derive(Clone, Copy)]
pub(super) enum Talk {
    Usual,
    Recorded,
    ManyKeys,
}

pub(super) fn conversation(frame: &Frame, talk: Talk) -> Markup {
    let filled = |text: &str| Part::Filled(text.into());
    let greeting = vec![
        Part::Fixed("Namaste ".into()),
        filled(LONG_HINDI),
        Part::Fixed(", this is Udaan Academy. ".into()),
        Part::Wrong("{wrkshop}".into()),
    ];
    let question = "Press 1 for the link, 2 for another day, 9 for no more calls.";
    let usual = Conversation {
        opening: vec![said("Text", 9, greeting), said("Question", 6, fixed(question))],
        leaves: vec![
            leaf(Some(1), "Link", "Sent.", Icon::Personal, "Sends “Join link” on WhatsApp now"),
            leaf(Some(2), "Another date", "We will tell you.", Icon::People, "Puts them on the list"),
            leaf(Some(9), "Never", "We will not call again.", Icon::Skip, "Suppresses for calls"),
            Branch {
                said: SpokenLine::default(),
                ..leaf(None, "Silence, 6 s", "", Icon::Ok, "Counts as told if heard")
            },
        ],
    };
    let recorded =
        SpokenLine { recording: Some(listen("Reminder")), ..said("Text", 12, fixed("We start at seven.")) };
    let keys = |n| leaf(Some(n), "Key", "Thank you.", Icon::Check, "Nothing more");
    let talk = match talk {
        Talk::Usual => usual,
        Talk::Recorded => Conversation { opening: vec![recorded], leaves: vec![] },
        Talk::ManyKeys => Conversation { leaves: (0..9).map(keys).collect(), ..usual },
    };
    let body = html! {
        (Head::new("Script"))
        (Card::new("talk", "Conversation", talk).padded())
    };
    page(frame, Section::Settings, "Script", body, None)
}

pub(super) fn recordings(frame: &Frame) -> Markup {
    let row = |title: &str| {
        Row::new(vec![
            name("/settings/recordings/1", title, "English"),
            html! { "0:04" },
            listen(title).render(),
        ])
    };
    let table = Table {
        caption: "Recordings".into(),
        columns: vec![
            Column::new("Recording", Place::Title),
            Column::new("Length", Place::Number),
            Column::new("Listen", Place::Line),
        ],
        rows: vec![row("Reminder"), row(LONG_HINDI)],
        empty: String::new(),
    };
    let body = html! {
        (Head::new("Recordings"))
        (Card::new("recordings", "Recordings", table))
        (Recorder { field: "file", longest_s: 60 })
    };
    page(frame, Section::Settings, "Recordings", body, None)
}
