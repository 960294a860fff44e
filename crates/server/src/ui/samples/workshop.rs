//! A workshop with its plan, and the list of all.

use maud::{Markup, Render, html};

use super::{LONG_HINDI, page};
use crate::ui::button::{Button, Link};
use crate::ui::chip::{State, Tag, TagColour};
use crate::ui::head::{Card, Fact, Head, KeyValues, Strip};
use crate::ui::icons::Icon;
use crate::ui::menu::{Menu, MenuItem};
use crate::ui::plan::{Fill, Plan, PlanStep, StepMark};
use crate::ui::shell::{Frame, Section};
use crate::ui::table::{Column, Place, Row, Table, name};
use domain::{
    channel::Channel,
    quiet_hours::QuietHours,
    time::{HOUR, MINUTE, Millis, Zone},
};

/// Three channels around an evening, one step in each state.
fn plan(zone: &Zone) -> Plan<'_> {
    let starts = Millis(1_791_898_200_000);
    let step = |at: i64, channel, fill, name: &str, count: &str| PlanStep {
        id: format!("step-{}", name.replace(' ', "-")),
        due: Some(starts.plus(at * MINUTE)),
        until: starts.plus(at * MINUTE + HOUR),
        when: zone.moment(starts.plus(at * MINUTE), starts),
        offset: "useful until the start".into(),
        mark: StepMark { channel, fill },
        name: name.into(),
        href: (fill == Fill::Done).then(|| "/broadcasts/1".to_owned()),
        chip: State::Scheduled.chip(),
        count: count.into(),
        whom: (format!("{count} people"), String::new()),
        cost: ("₹141.68".into(), "estimate".into()),
        acts: html! { (Button::link("Cancel", "/workshops/1/plan/1/cancel").spoken(format!("Cancel {name}")).small()) },
    };
    let personal = Channel::WhatsappPersonal;
    Plan {
        zone,
        starts,
        ends: starts.plus(2 * HOUR),
        now: starts.plus(-160 * MINUTE),
        quiet: QuietHours::default(),
        promotes: vec![Channel::Sms],
        steps: vec![
            step(-7 * 1_440, personal, Fill::Done, "Welcome and syllabus", "912"),
            step(-3 * 1_440, Channel::Sms, Fill::Skipped, "Bring a laptop", ""),
            step(-1_440, personal, Fill::Done, LONG_HINDI, "1,188"),
            step(-161, personal, Fill::Sending, "Workbook link", "1,232"),
            step(-60, personal, Fill::Planned, "1-hour reminder", "1,232"),
            step(-60, personal, Fill::Blocked, "The same moment", "1,232"),
            step(0, Channel::WhatsappGroup, Fill::Planned, "We are live", "2 groups"),
        ],
        foot: "₹307.51 so far + ₹358.35 planned = ₹665.86, estimate".into(),
        aside: html! { a class="m-link" href="/settings/sequences/1" { "Masterclass, evening" } },
    }
}

pub(super) fn workshop(frame: &Frame) -> Markup {
    let zone = Zone::india();
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
        (plan(&zone))
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
