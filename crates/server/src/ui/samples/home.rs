//! The home page: a channel that is ready, a huge one, a broken one, long Hindi names, a channel that is not set up.

use domain::channel::Medium;
use maud::{Markup, Render, html};

use super::{LONG_HINDI, page};
use crate::ui::bar::Key;
use crate::ui::button::{Button, Csrf};
use crate::ui::checks::{Checks, Finding, Severity};
use crate::ui::chip::{State, Tag, TagColour, Tone};
use crate::ui::composer::{Composer, ComposerPart, SendBar, Variable, Variables};
use crate::ui::dialog::Confirm;
use crate::ui::empty::{Empty, Way};
use crate::ui::field::{Choice, Field, OptionGroup, Segmented, Shown};
use crate::ui::forecast::Forecast;
use crate::ui::format::{grouped, phone};
use crate::ui::head::{Fact, Intro, KeyValues};
use crate::ui::history::{History, HistoryRow};
use crate::ui::icons::Icon;
use crate::ui::menu::{Menu, MenuItem};
use crate::ui::preview::{Bubble, Part, Preview, Step, Stepper};
use crate::ui::progress::{Progress, Steps};
use crate::ui::recipient_summary::{RecipientSummary, SummaryPart};
use crate::ui::shell::{Frame, Section};
use crate::ui::status_card::{Logo, LogoColour, StatusCard};
use crate::ui::tabs::{Tab, Tabs};
use crate::ui::today::Today;

/// What differs between the home pages.
pub(super) struct Home {
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

pub(super) fn usual() -> Home {
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

pub(super) fn huge() -> Home {
    Home { people: [10_482_000, 1, 9_999, 0, 1_234_567], folded: true, late: true, ..usual() }
}

pub(super) fn broken() -> Home {
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

pub(super) fn hindi() -> Home {
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
        steps: Some((3, 8)),
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

pub(super) fn logo(letters: &'static str, colour: LogoColour) -> Logo {
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
        (Variables { head: "Value", person: home.person.split(' ').next().unwrap_or_default().into(), rows, folded: None })
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
            about: None,
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

pub(super) fn preview(home: &Home) -> Preview {
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
            of: "person",
            previous: Some(Step::To("/?person=2".into())),
            next: Some(Step::To("/?person=4".into())),
        }),
        medium: Medium::WhatsApp,
        sender: "Udaan Academy".into(),
        sender_note: "Business account".into(),
        foot: "",
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
        uploads: false,
        posts: None,
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

pub(super) fn home(frame: &Frame, home: &Home) -> Markup {
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

pub(super) fn empty_channel(frame: &Frame) -> Markup {
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
