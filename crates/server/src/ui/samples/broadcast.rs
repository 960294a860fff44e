//! A broadcast, one message of it, and the question before it is cancelled.

use maud::{Markup, Render, html};

use super::home::{preview, usual};
use super::{LONG_HINDI, LONG_LATIN, MINUTE, NOON, page};
use crate::ui::addressees::Addressees;
use crate::ui::bar::Key;
use crate::ui::button::{Button, Weight};
use crate::ui::chip::{State, Tone};
use crate::ui::dialog::Confirm;
use crate::ui::drawer::{Drawer, TimelineEvent};
use crate::ui::format::{grouped, phone};
use crate::ui::head::{Head, KeyValues};
use crate::ui::icons::Icon;
use crate::ui::note::Note;
use crate::ui::pace_chart::{InTime, PaceChart};
use crate::ui::pagination::Pagination;
use crate::ui::reasons::{Reason, Reasons};
use crate::ui::recipient_summary::SummaryPart;
use crate::ui::recipients_table::{MessageRow, Recipients};
use crate::ui::shell::{Frame, Section};
use crate::ui::table::Search;
use crate::ui::truth_strip::TruthStrip;

fn pace(points: bool, late: bool) -> PaceChart {
    let rates = [40, 210, 480, 560, 590, 575, 590, 300, 180, 420, 560, 590, 580, 590, 585, 590];
    let points = if points {
        rates
            .iter()
            .enumerate()
            .map(|(at, rate)| (NOON + MINUTE * i64::try_from(at).unwrap_or(0), *rate))
            .collect()
    } else {
        vec![]
    };
    let before = if late { ("Late by", "12", "min") } else { ("Before start", "38", "min") };
    PaceChart {
        limit: "Limit 10 per second".into(),
        rate: ("Now".into(), "9.6".into(), "/s".into()),
        done: ("Done by".into(), "6:22".into(), "PM, estimate".into()),
        start_fact: Some((before.0.into(), before.1.into(), before.2.into())),
        in_time: if late { InTime::Late } else { InTime::Before },
        from_ms: NOON,
        to_ms: NOON + 65 * MINUTE,
        points,
        empty: "9 messages within ten seconds: too quick for a line.".into(),
        now_ms: Some(NOON + 15 * MINUTE),
        forecast: Some((NOON + 22 * MINUTE, "Done 6:22".into())),
        start_ms: Some(NOON + 60 * MINUTE),
        ticks: [(0, "6:00"), (20, "6:20"), (40, "6:40"), (60, "7:00 PM")]
            .iter()
            .map(|&(m, t)| (NOON + m * MINUTE, t.into()))
            .collect(),
        summary: "Messages per minute since 6:00 PM; forecast to finish 6:22 PM; workshop starts 7:00 PM"
            .into(),
    }
}

fn reasons() -> Reasons {
    let reason = |key, n, title: &str, note: &str, action: &str| Reason {
        key,
        n,
        title: title.into(),
        note: note.into(),
        href: "/broadcasts/1?reason=x".into(),
        action: Some(Button {
            weight: Weight::Ghost,
            ..Button::link(format!("{action} ({})", grouped(n)), "/broadcasts/1/next").small()
        }),
        other: None,
    };
    let all = vec![
        reason(Key::Failed, 112, "Not on WhatsApp", "AiSensy 131026", "Send by SMS"),
        reason(Key::Failed, 58, "Capped by Meta today", "AiSensy 131049", "Retry tomorrow"),
        reason(
            Key::Unknown,
            36,
            "No answer from AiSensy",
            "May have gone out. Never resent on its own.",
            "Look up",
        ),
        reason(Key::Skipped, 121, "Same number twice", "First registration kept", "Show"),
    ];
    Reasons { all, of: Addressees::People }
}

fn recipients(rows: bool) -> Recipients {
    let row = |id: &str, name: &str, state: State, detail: &str, cost: &str| MessageRow {
        id: id.into(),
        name: name.into(),
        address: phone(&format!("+9190000000{id}")),
        href: format!("/broadcasts/1/messages/{id}"),
        chip: state.chip(),
        changed: "6:15:44 PM".into(),
        detail: detail.into(),
        cost: cost.into(),
        correct: matches!(state, State::Skipped).then(|| format!("/workshops/1/registrants/{id}/correct")),
    };
    let rows = if rows {
        vec![
            row("17", "Ananya Deshpande", State::Read, "Read 22 s after delivery", "₹0.115"),
            row("23", LONG_LATIN, State::Failed, "Not on WhatsApp (131026)", ""),
            row("31", LONG_HINDI, State::Delivered, "", "₹0.115"),
            row("38", "Farhan Qureshi", State::Unknown, "No answer after 20 s", "₹0.115"),
            row("42", "Gurpreet Kaur Ahluwalia", State::InFlight, "Attempt 2 of 3", ""),
            row("45", "Thomas Kurian", State::HandedOver, "", "₹0.115"),
            row("51", "Priya Nair", State::Skipped, "Same number as Suresh Nair", ""),
        ]
    } else {
        vec![]
    };
    let filter = |key, label: &str, n| SummaryPart {
        key,
        label: label.into(),
        n,
        href: format!("/broadcasts/1?state={label}"),
    };
    Recipients {
        of: Addressees::People,
        search: Search {
            action: "/broadcasts/1".into(),
            label: "Name or number".into(),
            value: String::new(),
            keep: vec![("state".into(), "all".into())],
        },
        newer: Some(("3 newer, 12 moved on".into(), "/broadcasts/1?state=delivered".into())),
        filters: vec![
            filter(Key::Waiting, "Waiting", 3_412),
            filter(Key::Done, "Delivered", 4_927),
            filter(Key::Failed, "Failed", 184),
            filter(Key::Expired, "Expired", 0),
        ],
        current: Some(1),
        pagination: if rows.is_empty() {
            Pagination::default()
        } else {
            Pagination {
                first: 1,
                last: 50,
                total: Some(12_640),
                previous: None,
                next: Some("/broadcasts/1?after=50".into()),
            }
        },
        rows,
        empty: "Nobody is planned yet.".into(),
    }
}

pub(super) fn broadcast(frame: &Frame, sample: usize, paused: bool) -> Markup {
    let truth = TruthStrip::samples().swap_remove(sample).1;
    let state = if paused { State::Paused } else { State::Sending };
    let some = sample > 0;
    let body = html! {
        (Head::new("1-hour reminder").chip(state).meta("WhatsApp Personal").meta(html! { a class="m-plain" href="/workshops/1" { "Excel in One Day, free session" } })
            .meta("Step T−1 h").meta("Started 6:00 PM by Meera Iyer")
            .action(Button::link("Export", "/broadcasts/1/export").icon(Icon::Download))
            .action(Button::link("Retry failed (58)", "/broadcasts/1/retry").icon(Icon::Retry))
            .action(Button::link("Cancel remaining (3,412)", "/broadcasts/1/cancel").icon(Icon::Cancel))
            .action(Button::link("Pause", "/broadcasts/1/pause").icon(Icon::Pause)))
        @if paused {
            (Note::paused("Paused by AiSensy at 6:12 PM.", "“Insufficient wallet balance.” 3,412 people are waiting; nothing was lost.")
                .action(Button::primary_link("Resume (3,412)", "/broadcasts/1/resume").icon(Icon::Play)))
        }
        (truth)
        div class="m-split" { (pace(some, paused)) (if some { reasons() } else { Reasons { all: vec![], of: Addressees::People } }) }
        (recipients(some))
    };
    page(frame, Section::Broadcasts, "1-hour reminder", body, None)
}

pub(super) fn message(frame: &Frame) -> Markup {
    let event = |tone, icon, title: &str, at: &str, note: &str, raw: Option<(&str, &str)>| TimelineEvent {
        tone,
        icon,
        title: title.into(),
        at: at.into(),
        note: note.into(),
        raw: raw.map(|(words, raw)| (words.into(), raw.into())),
    };
    let drawer = Drawer {
        name: LONG_LATIN.into(),
        detail: "+91 90000 00023 · registered Sun 4 Oct".into(),
        chip: State::Failed.chip(),
        sentence: "This number is not on WhatsApp.".into(),
        note: Some(Note::new(
            Tone::Act,
            "Corrected since: +91 90000 00023 → +91 90000 00024.",
            "By Meera, 6:20 PM. Nothing went to the new number by this message.",
        )),
        bubble: preview(&usual()).bubble,
        is_text: false,
        facts: KeyValues::default(),
        events: vec![
            event(Tone::Rest, Icon::Check, "Planned", "5:58:02.114 PM", "Text frozen, 4 values filled", None),
            event(
                Tone::Rest,
                Icon::InFlight,
                "Call started",
                "6:15:38.902 PM",
                "Attempt 1, machine vm-2",
                None,
            ),
            event(
                Tone::Fail,
                Icon::Error,
                "Refused by receipt",
                "6:15:40.877 PM",
                "131026 · Message undeliverable",
                Some(("Receipt as received", "{ \"code\": 131026 }")),
            ),
        ],
        actions: vec![
            Button::link("Open person", "/people/1").icon(Icon::Person),
            Button::primary_link("Send by SMS", "/people/1/sms").icon(Icon::Sms),
        ],
    };
    page(frame, Section::Broadcasts, LONG_LATIN, drawer.render(), None)
}

pub(super) fn cancel(frame: &Frame) -> Markup {
    let ask = Confirm {
        id: "cancel".into(),
        title: "Cancel 3,412 messages?".into(),
        body: html! { p { "Who has it keeps it. The 3,412 people still waiting will not be told by this broadcast." } },
        action: "/broadcasts/1/cancel".into(),
        csrf: frame.csrf.clone(),
        hidden: vec![],
        confirm: Button::danger("Cancel remaining (3,412)"),
        back: ("Keep sending".into(), "/broadcasts/1".into()),
    };
    page(frame, Section::Broadcasts, "Cancel remaining", ask.page(), None)
}
