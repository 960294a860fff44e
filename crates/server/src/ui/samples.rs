//! Whole pages with invented data: empty, usual, huge, broken, and with long Hindi names.
//!
//! Tests render them all; `cargo run -p munadi --example gallery -- FOLDER` writes them for the eye.

use maud::{Markup, Render, html};

use super::bar::Key;
use super::button::{Button, Csrf, Link};
use super::checks::{Checks, Finding, Severity};
use super::chip::{State, Tag, TagColour, Tone};
use super::composer::{Composer, ComposerPart, SendBar, Variable, Variables};
use super::dialog::Confirm;
use super::door::{Door, Wizard};
use super::drawer::{Drawer, TimelineEvent};
use super::empty::{Empty, Way};
use super::field::{Checkbox, Choice, Field, OptionGroup, Segmented, Shown};
use super::forecast::Forecast;
use super::format::{grouped, phone};
use super::head::{Card, Fact, Head, Intro, KeyValues, Settings, Strip};
use super::history::{History, HistoryRow};
use super::icons::Icon;
use super::import_grid::{GridCell, GridRow, ImportGrid};
use super::integration_card::{IntegrationCard, Integrations};
use super::menu::{Menu, MenuItem};
use super::note::Note;
use super::pace_chart::{InTime, PaceChart};
use super::pagination::Pagination;
use super::plan::{Lane, Pin, Plan, Stop};
use super::preview::{Bubble, Part, Phone, Preview, Stepper};
use super::progress::{Meter, Progress, Steps};
use super::reasons::{Reason, Reasons};
use super::recipient_summary::{RecipientSummary, SummaryPart};
use super::recipients_table::{MessageRow, Recipients};
use super::shell::{Crumb, Frame, Page, Section, Theme};
use super::status_card::{Logo, LogoColour, StatusCard};
use super::table::{Column, Place, Row, Search, Table, name};
use super::tabs::{Tab, Tabs};
use super::toast::Toast;
use super::today::Today;
use super::truth_strip::TruthStrip;

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
        ("import-grid", import_grid(&frame)),
        ("sign-in", sign_in(theme)),
        ("set-up", set_up(theme)),
    ]
}

fn page(frame: &Frame, section: Section, title: &str, body: Markup, foot: Option<Markup>) -> Markup {
    let crumbs = vec![Crumb::to(section.word(), section.href()), Crumb::here(title)];
    Page { frame, title: title.into(), section, crumbs, body, foot, live: None }.render()
}

/// What differs between the home pages.
struct Home {
    workshop: String,
    person: String,
    people: [i64; 5],
    checks: Checks,
    status: State,
    folded: bool,
    late: bool,
    error: Option<String>,
}

fn finding(severity: Severity, title: &str, why: &str, action: &str) -> Finding {
    Finding {
        severity,
        title: title.into(),
        why: why.into(),
        action: Some((action.into(), "/people?missing=name".into())),
    }
}

fn usual() -> Home {
    let passed = [
        "Account is connected",
        "Template is approved",
        "Every value is filled",
        "Wallet is enough",
        "Outside quiet hours",
    ];
    Home {
        workshop: "Excel for Working Professionals".into(),
        person: "Ananya Deshpande".into(),
        people: [1_231, 18, 9, 14, 12],
        checks: Checks {
            findings: vec![
                finding(
                    Severity::Warning,
                    "94 names are missing",
                    "They read “Hi there”, the fallback you set.",
                    "Show 94",
                ),
                finding(Severity::Warning, "12 people opted out", "They are left out and listed.", "Show 12"),
            ],
            passed: passed.iter().map(|&text| text.into()).collect(),
        },
        status: State::Ready,
        folded: false,
        late: false,
        error: None,
    }
}

fn huge() -> Home {
    Home { people: [10_482_000, 1, 9_999, 0, 1_234_567], folded: true, late: true, ..usual() }
}

fn broken() -> Home {
    let mut home = Home {
        status: State::LowBalance,
        error: Some("31 of 30 characters. Shorten the title, or use the short title.".into()),
        ..usual()
    };
    home.checks.findings.push(finding(
        Severity::Error,
        "Slot 1 is too long",
        "The operator would refuse all 462 messages.",
        "Fix",
    ));
    home.people = [0, 0, 0, 0, 0];
    home
}

fn hindi() -> Home {
    let workshop = "कामकाजी पेशेवरों के लिए एक्सेल: शुरुआत से विशेषज्ञता तक, प्रमाणपत्र सहित".into();
    Home { workshop, person: LONG_HINDI.into(), folded: true, ..usual() }
}

fn today(home: &Home) -> Today {
    let steps = [("tag", true), ("sequence", true), ("account", true), ("groups", false)];
    Today {
        eyebrow: "Today’s workshop".into(),
        more: Some(("+2 more today".into(), "/workshops?day=today".into())),
        title: home.workshop.clone(),
        href: "/workshops/1".into(),
        when: vec!["Tue 13 Oct".into(), "7:00 – 9:00 PM".into()],
        tag: Some(Tag { name: "Masterclass".into(), colour: TagColour::Violet }),
        countdown_label: "Starts in".into(),
        countdown: vec![("2".into(), "h".into()), ("42".into(), "min".into())],
        starts_at_ms: None,
        registrations: home.people.iter().sum(),
        today: 37,
        today_more: false,
        setup: Steps { steps: steps.iter().map(|&(name, done)| (name.into(), done)).collect() },
        next: Some(("6:00 PM".into(), "1-hour reminder, Personal".into())),
        todo: Some("No WhatsApp group chosen".into()),
        action: Some(Button::link("Select Groups", "/workshops/1/groups")),
    }
}

fn tabs(current: usize) -> Tabs {
    let tab = |at: usize, icon, long: &str, short: &str, tone, words: &str| Tab {
        icon,
        long: long.into(),
        short: short.into(),
        href: format!("/?channel={}", short.to_lowercase()),
        current: at == current,
        state: Some((tone, words.into())),
    };
    let tabs = vec![
        tab(0, Icon::Group, "WhatsApp Group", "Groups", Tone::Act, "Groups missing"),
        tab(1, Icon::Personal, "WhatsApp Personal", "Personal", Tone::Done, "Ready"),
        tab(2, Icon::Sms, "SMS", "SMS", Tone::Done, "Ready"),
        tab(3, Icon::Call, "IVR Call", "IVR", Tone::Rest, "Not set up"),
    ];
    Tabs { label: "Channel", tabs }
}

fn logo(letters: &'static str, colour: LogoColour) -> Logo {
    Logo { letters, colour }
}

fn status(state: State) -> StatusCard {
    StatusCard {
        logo: logo("Ai", LogoColour::Violet),
        name: "AiSensy · Udaan main".into(),
        chip: state.chip(),
        note: "+91 90000 00001 · receipts on".into(),
        facts: vec![
            Fact::new("Wallet", "₹1,18,240.50"),
            Fact::new("Used in 24 h", "3,120 of 10,000"),
            Fact::new("Last receipt", "4:16 PM").note("2 min ago"),
        ],
        actions: vec![
            Button::link("Test", "/settings/integrations/1/test").icon(Icon::Test),
            Button::link("Configure", "/settings/integrations/1").icon(Icon::Settings),
        ],
    }
}

fn summary(people: [i64; 5]) -> RecipientSummary {
    let keys = [Key::Done, Key::Skipped, Key::Failed, Key::Expired, Key::Cancelled];
    let labels = ["Reachable", "Missing phone", "Invalid", "Duplicate", "Suppressed"];
    let part = |at: usize| SummaryPart {
        key: keys[at],
        label: labels[at].into(),
        n: people[at],
        href: format!("/people?why={at}"),
    };
    RecipientSummary {
        parts: (0..5).map(part).collect(),
        reachable: people[0],
        aside: Some(("1,190 with e-mail, 94 without".into(), "/people?email=no".into())),
        verb: "will get it",
        current: None,
    }
}

fn who(home: &Home) -> Markup {
    let people = OptionGroup {
        name: Some("By what they did".into()),
        options: vec![Choice::new("unread", "Not read on WhatsApp", "all")],
    };
    let everyone =
        OptionGroup { name: None, options: vec![Choice::new("all", "Everyone registered", "all")] };
    html! {
        div class="m-row2" {
            (Field::select("workshop", "Workshop", vec![Choice::new("1", format!("{}, today 7:00 PM", home.workshop), "1")]).autosubmit())
            (Field::select_grouped("audience", "People", vec![everyone, people]).autosubmit())
        }
        (summary(home.people))
    }
}

fn what(home: &Home) -> Markup {
    let source = |at: usize, label: &str| {
        Field::select(
            format!("value-{at}"),
            format!("Source of value {at}"),
            vec![Choice::new("x", label, "x")],
        )
        .autosubmit()
    };
    let row = |at: usize, name: &str, from: &str, value: &str| Variable {
        placeholder: format!("{{{{{at}}}}}"),
        name: name.into(),
        source: source(at, from),
        more: vec![],
        value: value.into(),
        length: None,
        error: None,
    };
    let mut rows = vec![
        row(1, "first name", "Registrant · First name", &home.person),
        row(2, "workshop", "Workshop · Title", &home.workshop),
        row(3, "start time", "Workshop · Start time", "7:00 PM"),
        row(4, "join link", "Workshop · Join link", "meet.example/udaan-excel"),
    ];
    rows[1].error = home.error.clone();
    rows[1].length = home.error.as_ref().map(|_| (31, 30));
    html! {
        div class="m-row2" {
            (Field::select("template", "Template", vec![Choice::new("1", "workshop_reminder_1h", "1")]).autosubmit())
            (Shown { label: "Category", value: html! { (State::Approved) "Utility, English" } })
        }
        (Variables { head: "Value", person: home.person.split(' ').next().unwrap_or_default().into(), rows })
    }
}

fn when(home: &Home) -> Markup {
    let choices = vec![Choice::new("now", "Now", "later"), Choice::new("later", "Later", "later")];
    html! {
        div class="m-when" {
            (Segmented { name: "when".into(), legend: "When to send".into(), choices, autosubmit: true })
            (Field::datetime("at", "Day and time").hide_label().value("2026-10-13T18:00"))
            p class="m-hint" { "In 1 h 42 min. Not sent after 7:10 PM." }
        }
        (Forecast {
            messages: home.people[0],
            units: 1,
            unit_price: Some(1_150),
            cost: Some(home.people[0] * 1_150),
            pace: "10 /s".into(),
            pace_note: "this account’s limit".into(),
            done_by: "6:03 PM".into(),
            done_note: if home.late { "Late by 12 min".into() } else { "57 min before start".into() },
            late: home.late,
            wallet_after: Some(1_182_405_000 - home.people[0] * 1_150),
        })
    }
}

fn preview(home: &Home) -> Preview {
    let fixed = |text: &str| Part::Fixed(text.into());
    let title = if home.error.is_some() {
        Part::Wrong(home.workshop.clone())
    } else {
        Part::Filled(home.workshop.clone())
    };
    let text = vec![
        fixed("Hi "),
        Part::Filled(home.person.split(' ').next().unwrap_or_default().into()),
        fixed(", your workshop "),
        title,
        fixed(" begins at "),
        Part::Filled("7:00 PM".into()),
        fixed(" today.\n\nKeep a laptop ready. Join here: meet.example/udaan-excel"),
    ];
    Preview {
        stepper: (home.people[0] > 0).then(|| Stepper {
            name: home.person.clone(),
            detail: phone("+919000000017"),
            position: 3,
            total: home.people[0],
            previous: Some("/?person=2".into()),
            next: Some("/?person=4".into()),
        }),
        phone: Phone::WhatsApp,
        sender: "Udaan Academy".into(),
        sender_note: "Business account".into(),
        bubble: Some(Bubble {
            title: vec![fixed("Starting in one hour")],
            text,
            footer: "Reply STOP to opt out".into(),
            at: "6:00 PM".into(),
            buttons: vec!["Join the workshop".into()],
            ticks: true,
            ..Bubble::default()
        }),
    }
}

fn composer(home: &Home) -> Composer {
    let part = |title: &str, summary: &str, body| ComposerPart {
        title: title.into(),
        summary: home.folded.then(|| summary.to_owned()),
        open: false,
        body,
    };
    Composer {
        id: "compose".into(),
        action: "/".into(),
        hidden: vec![("channel".into(), "personal".into())],
        parts: vec![
            part("Who", &format!("Everyone registered, {} people", grouped(home.people[0])), who(home)),
            part("What", "workshop_reminder_1h, 4 values filled", what(home)),
            ComposerPart { open: true, ..part("When", "Today, 6:00 PM", when(home)) },
        ],
        aside: html! { (preview(home)) (home.checks) },
    }
}

fn history_row(id: &str, name: &str, state: State, progress: Progress, icon: Icon, verb: &str) -> HistoryRow {
    let menu = vec![
        MenuItem::link("Duplicate", "/broadcasts/1/duplicate").icon(Icon::Copy),
        MenuItem::post("Cancel remaining (188)", "/broadcasts/1/cancel", &Csrf("sample".into()))
            .icon(Icon::Cancel)
            .danger(),
    ];
    HistoryRow {
        id: id.into(),
        name: name.into(),
        href: format!("/broadcasts/{id}"),
        note: "workshop_reminder_1h · sequence Masterclass".into(),
        chip: state.chip(),
        when: "Today, 4:05 PM".into(),
        when_note: "13 min ago".into(),
        progress,
        cost: "₹119.72".into(),
        cost_note: "so far".into(),
        action: Some(
            Button::icon_only(icon, format!("{verb} {name}"))
                .to(format!("/broadcasts/{id}/{}", verb.to_lowercase())),
        ),
        menu: Some(Menu { label: format!("More for {name}"), items: menu }),
    }
}

fn history(rows: bool) -> History {
    let progress = |figure: &str, note: &str, parts: &[(Key, i64)]| Progress {
        figure: figure.into(),
        note: note.into(),
        parts: parts.to_vec(),
    };
    let sending = progress(
        "1,041 of 1,229",
        "9.6 /s",
        &[(Key::Read, 258), (Key::Done, 713), (Key::HandedOver, 70), (Key::Failed, 1), (Key::Waiting, 187)],
    );
    let planned = progress("1,231 planned", "", &[(Key::Waiting, 1_231)]);
    let paused = progress(
        "618 of 1,188",
        "wallet was empty",
        &[(Key::Read, 143), (Key::Done, 475), (Key::Waiting, 570)],
    );
    let rows = if rows {
        vec![
            history_row("1", "Morning reminder", State::Sending, sending, Icon::Pause, "Pause"),
            history_row("2", "1-hour reminder", State::Scheduled, planned, Icon::Edit, "Edit"),
            history_row("3", LONG_HINDI, State::Paused, paused, Icon::Play, "Resume"),
        ]
    } else {
        vec![]
    };
    History {
        title: "Broadcast history".into(),
        all: Some(("All 46 broadcasts".into(), "/broadcasts".into())),
        rows,
        empty: "No broadcast on this channel yet.".into(),
    }
}

fn home(frame: &Frame, home: &Home) -> Markup {
    let people = home.people[0];
    let blocked = home.checks.errors() > 0;
    let review = Button::primary("Review and schedule")
        .icon(Icon::Wait)
        .form("compose")
        .submit("do", "review")
        .disabled(blocked);
    let foot = SendBar::broadcast(
        people,
        Some(people * 1_150),
        Some("6:03 PM"),
        home.checks.in_words(),
        review.opens("confirm").shortcut("mod+Enter"),
    )
    .second(Button::new("Send test to me").icon(Icon::Test).form("compose").submit("do", "test"));
    let confirm = Confirm {
        id: "confirm".into(),
        title: format!("Schedule for {} people?", grouped(people)),
        body: html! { (KeyValues { rows: vec![
            ("When".into(), html! { "Today, 6:00 PM" }, None),
            ("Cost".into(), html! { "₹141.57" }, Some("estimate".into())),
        ], inset: false }) },
        action: "/broadcasts".into(),
        csrf: frame.csrf.clone(),
        hidden: vec![("draft".into(), "1".into())],
        confirm: Button::primary(format!("Schedule for {} people", grouped(people))).busy("Scheduling…"),
        back: ("Keep editing".into(), "/".into()),
    };
    let body = html! {
        (Intro {
            title: "Workshop notification".into(),
            text: "Tell everyone who registered, on the channel that reaches them, once and in time.".into(),
            action: Some(Button::link("All workshops", "/workshops").icon(Icon::Workshop)),
        })
        (today(home))
        (tabs(1))
        (status(home.status))
        (composer(home))
        (history(people > 0))
        (confirm)
    };
    page(frame, Section::Workshops, "Notification", body, Some(foot.render()))
}

fn empty_channel(frame: &Frame) -> Markup {
    let way = |letters, colour, title: &str, note: &str| Way {
        logo: logo(letters, colour),
        title: title.into(),
        note: note.into(),
        href: "/settings/integrations/new".into(),
    };
    let body = html! {
        (Intro { title: "Workshop notification".into(), text: "Tell everyone who registered, on the channel that reaches them, once and in time.".into(), action: None })
        (today(&usual()))
        (tabs(3))
        (Empty {
            icon: Icon::Call,
            title: "Call people who missed the message".into(),
            text: "A recorded voice reads the reminder and asks for a key: 1 to attend, 2 to opt out. Connect a voice provider to start.".into(),
            actions: vec![
                Button::primary_link("Connect a voice provider", "/settings/integrations/new").icon(Icon::Plug),
                Button::link("Try with the simulator", "/settings/integrations/simulator").icon(Icon::Play),
            ],
            ways: vec![
                way("Ex", LogoColour::Blue, "Exotel", "Flow with key press"),
                way("Kk", LogoColour::Amber, "Ozonetel KooKoo", "Text to speech"),
                way("Mo", LogoColour::Green, "MyOperator", "Recorded audio"),
                way("Kn", LogoColour::Violet, "Knowlarity", "Recorded audio"),
            ],
        })
        (history(false))
    };
    page(frame, Section::Workshops, "Notification", body, None)
}

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
        empty: "9 calls within ten seconds: too quick for a line.".into(),
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
            weight: super::button::Weight::Ghost,
            ..Button::link(format!("{action} ({})", grouped(n)), "/broadcasts/1/next").small()
        }),
    };
    Reasons(vec![
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
    ])
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
    };
    let rows = if rows {
        vec![
            row("17", "Ananya Deshpande", State::Read, "Read 22 s after delivery", "₹0.115"),
            row("23", LONG_LATIN, State::Failed, "Not on WhatsApp (131026)", "–"),
            row("31", LONG_HINDI, State::Delivered, "", "₹0.115"),
            row("38", "Farhan Qureshi", State::Unknown, "No answer after 20 s", "₹0.115"),
            row("42", "Gurpreet Kaur Ahluwalia", State::InFlight, "Attempt 2 of 3", "–"),
            row("45", "Thomas Kurian", State::HandedOver, "", "₹0.115"),
            row("51", "Priya Nair", State::Skipped, "Same number as Suresh Nair", "–"),
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

fn broadcast(frame: &Frame, sample: usize, paused: bool) -> Markup {
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
        div class="m-split" { (pace(some, paused)) (if some { reasons() } else { Reasons(vec![]) }) }
        (recipients(some))
    };
    page(frame, Section::Broadcasts, "1-hour reminder", body, None)
}

fn message(frame: &Frame) -> Markup {
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
        bubble: preview(&usual()).bubble,
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

fn cancel(frame: &Frame) -> Markup {
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

fn workshop(frame: &Frame) -> Markup {
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

fn workshops(frame: &Frame) -> Markup {
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

fn integrations(frame: &Frame) -> Markup {
    let facts = |rows: &[(&str, &str, &str)]| KeyValues {
        rows: rows.iter().map(|&(k, v, m)| (k.into(), html! { (v) }, Some(m.into()))).collect(),
        inset: false,
    };
    let test = || Button::link("Test", "/settings/integrations/1/test").icon(Icon::Test);
    let card = |logo, title: &str, note: &str, state: State, alert, facts, actions| IntegrationCard {
        logo,
        title: title.into(),
        note: note.into(),
        chip: state.chip(),
        alert,
        facts,
        actions,
        link: None,
        menu: Some(Menu {
            label: format!("More for {title}"),
            items: vec![MenuItem::link("Rename", "/x"), MenuItem::link("Remove", "/y").danger()],
        }),
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
    page(
        frame,
        Section::Settings,
        "Integrations",
        Settings { items: settings_items("Integrations"), body }.render(),
        None,
    )
}

fn settings_form(frame: &Frame) -> Markup {
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

fn import_grid(frame: &Frame) -> Markup {
    let good = |value: &str| GridCell { value: value.into(), wrong: None };
    let bad = |name: &str, value: &str, fact: &str| GridCell {
        value: value.into(),
        wrong: Some((name.into(), fact.into())),
    };
    let day = "4 Oct 2026";
    let rows = vec![
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
    ];
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
            title: "41 rows to fix".into(),
            action: Some(Button::link("Download these rows", "/imports/1/rows.csv").icon(Icon::Download).small()),
            columns: ["Name", "Phone", "E-mail", "Registered"].map(String::from).to_vec(),
            rows,
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
    Door {
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
    Door {
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
