//! A workshop with its plan, and the list of all.

use maud::{Markup, Render, html};

use super::{LONG_HINDI, page};
use crate::ui::button::{Button, Link};
use crate::ui::chip::{State, Tag, TagColour, Tone};
use crate::ui::head::{Card, Fact, Head, KeyValues, Strip};
use crate::ui::icons::Icon;
use crate::ui::menu::{Menu, MenuItem};
use crate::ui::plan::{Lane, Pin, Plan, Stop};
use crate::ui::shell::{Frame, Section};
use crate::ui::table::{Column, Place, Row, Table, name};

fn plan() -> Plan {
    let stop = |offset: &str, at: &str, past, live| Stop { offset: offset.into(), at: at.into(), past, live };
    let pin = |tone, icon, state: &str, count: &str| {
        vec![Pin { tone, icon, state: state.into(), count: count.into(), href: "/broadcasts/1".into() }]
    };
    let rest = |count: &str| pin(Tone::Rest, Icon::Wait, "Scheduled", count);
    Plan {
        stops: vec![
            stop("T−1 d", "Mon 12, 7:00 PM", true, false),
            stop("T−8 h", "Tue 13, 11:00 AM", true, false),
            stop("T−1 h", "Tue 13, 6:00 PM", false, false),
            stop("Live", "Tue 13, 7:00 PM", false, true),
            stop("T+1 d", "Wed 14, 11:00 AM", false, false),
        ],
        lanes: vec![
            Lane {
                icon: Icon::Group,
                name: "Group".into(),
                note: "2 groups".into(),
                cells: vec![
                    pin(Tone::Done, Icon::Ok, "Sent", "2 of 2"),
                    vec![],
                    rest("2 groups"),
                    rest("2 groups"),
                    vec![],
                ],
            },
            Lane {
                icon: Icon::Personal,
                name: "Personal".into(),
                note: "1,231 people".into(),
                cells: vec![
                    pin(Tone::Done, Icon::Ok, "Sent", "1,188"),
                    pin(Tone::Fail, Icon::Error, "22 failed", "1,207"),
                    pin(Tone::Run, Icon::Wait, "Next", "1,231"),
                    vec![],
                    rest("Attended"),
                ],
            },
            Lane {
                icon: Icon::Call,
                name: "IVR".into(),
                note: "Not set up".into(),
                cells: vec![
                    vec![],
                    vec![],
                    vec![],
                    pin(Tone::Act, Icon::Warning, "Set up", "No account"),
                    vec![],
                ],
            },
        ],
        now: Some("Now, 4:31 PM".into()),
        action: Some(Button::link("Add step", "/workshops/1/steps/new").icon(Icon::Plus).small()),
    }
}

pub(super) fn workshop(frame: &Frame) -> Markup {
    let variables = KeyValues {
        rows: vec![
            ("join_link".into(), html! { "meet.example/udaan-excel" }, None),
            ("trainer".into(), html! { "Rohan Kulkarni" }, None),
        ],
        inset: true,
    };
    let body = html! {
        (Head::new("Excel for Working Professionals").chip(State::Ready).meta("Tue 13 Oct, 7:00 – 9:00 PM").meta("Starts in 2 h 29 min").meta(Tag { name: "Masterclass".into(), colour: TagColour::Violet })
            .action(Button::link("Move", "/workshops/1/move").icon(Icon::Workshop))
            .action(Button::primary_link("Send Message Now", "/?workshop=1").icon(Icon::Send)))
        (Strip(vec![
            Fact::figure("Registered", "1,284", "").note("+37 today"),
            Fact::figure("Reachable on WhatsApp", "1,231", "").note("53 left out"),
            Fact::figure("In the group", "1,046", "").note("238 not yet"),
            Fact::figure("Set-up", "4 of 4", "").note("IVR Call not set up"),
            Fact::figure("Cost so far", "₹275.43", "").note("₹1,120.00 planned"),
        ]))
        (plan())
        (Card::new("variables", "Variables", variables).aside(Link::new("Edit", "/workshops/1/variables")))
    };
    page(frame, Section::Workshops, "Excel for Working Professionals", body, None)
}

pub(super) fn workshops(frame: &Frame) -> Markup {
    let columns = vec![
        Column::new("Workshop", Place::Title),
        Column::new("State", Place::State),
        Column::new("When", Place::Line),
        Column::new("Registered", Place::Number),
        Column::new("Source", Place::Wide),
        Column::new("Actions", Place::Actions),
    ];
    let row = |title: &str, state: State| {
        Row::new(vec![
            name("/workshops/1", title, "Masterclass"),
            state.render(),
            html! { "Tue 13 Oct, 7:00 PM" },
            html! { "1,284" },
            html! { "API" },
            Menu { label: format!("More for {title}"), items: vec![MenuItem::link("Open", "/workshops/1")] }
                .render(),
        ])
    };
    let table = |rows, empty: &str| Table {
        caption: "Workshops".into(),
        columns: columns.clone(),
        rows,
        empty: empty.into(),
    };
    let body = html! {
        (Head::new("Workshops").action(Button::primary_link("Add workshop", "/workshops/new").icon(Icon::Plus)))
        (Card::new("coming", "Coming", table(vec![row("Excel for Working Professionals", State::Ready), row(LONG_HINDI, State::Setup)], "")))
        (Card::new("past", "Past", table(vec![], "No workshop has taken place yet.")))
    };
    page(frame, Section::Workshops, "All workshops", body, None)
}
