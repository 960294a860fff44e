//! Whether this process and its disk do what they are for, for people: a note on the home page, a card on the operator page.

use domain::time::{ClockStep, Millis};
use engine::SendingHealth;
use maud::{Render, html};

use crate::{
    app::App,
    disk::{Disk, DiskSpace, disks},
    health::HealthReport,
    http::extract::Member,
    ui::{
        chip::{Chip, Tone},
        format::{relative, span},
        head::Card,
        icons::Icon,
        note::Note,
        table::{Column, Place, Row, Table},
    },
};

/// What everybody should know who wonders why nothing goes out, or what will stop it soon.
pub(super) fn note(app: &App, member: &Member) -> Option<Note> {
    let look = app.health.known();
    if let Some(words) = look.words() {
        let since = look.since().map_or(String::new(), |at| format!(" Since {}.", when(member, at)));
        return Some(Note::new(Tone::Fail, "Nothing is sent at the moment.", format!("{words}{since}")));
    }
    if look.room.is_none_or(|room| room == DiskSpace::Enough) {
        return None;
    }
    let words = "Free some space soon: without it nothing can be recorded, and nothing is sent.";
    Some(Note::new(Tone::Act, "The disk is nearly full.", words))
}

fn when(member: &Member, at: Millis) -> String {
    let zone = &member.organization.zone;
    format!("{}, {}", zone.date(at, member.now), zone.time(at))
}

/// The machine that answers this page.
pub(super) fn card(app: &App, member: &Member) -> Card {
    let look = app.health.known();
    let mut rows = vec![turns(&look, member), writes(&look, member)];
    rows.extend(app.clock.step().map(|step| clock(step, member)));
    rows.extend(disks(&app.config).unwrap_or_default().iter().map(disk));
    let table = Table {
        caption: "What has to go on for messages to go out".into(),
        columns: vec![
            Column::new("What", Place::Title),
            Column::new("State", Place::State),
            Column::new("Found", Place::Line),
        ],
        rows,
        empty: String::new(),
    };
    Card::new("machine", "This machine", table)
}

fn row(what: &str, chip: &Chip, found: String) -> Row {
    Row::new(vec![html! { b { (what) } }, chip.render(), html! { (found) }])
}

fn ok() -> Chip {
    Chip { tone: Tone::Done, icon: Icon::Ok, word: "OK".into() }
}

fn fails() -> Chip {
    Chip { tone: Tone::Fail, icon: Icon::Error, word: "Fails".into() }
}

fn turns(look: &HealthReport, member: &Member) -> Row {
    const WHAT: &str = "Sending loop";
    match &look.turns {
        SendingHealth::Well(at) => row(WHAT, &ok(), format!("last turn {}", relative(at.0, member.now.0))),
        SendingHealth::Failing { since, words, .. } => {
            row(WHAT, &fails(), format!("since {}: {words}", when(member, *since)))
        }
        SendingHealth::Off => {
            let chip = Chip { tone: Tone::Rest, icon: Icon::Wait, word: "Off".into() };
            row(WHAT, &chip, "this process does not send".to_owned())
        }
    }
}

fn writes(look: &HealthReport, member: &Member) -> Row {
    const WHAT: &str = "Database";
    match &look.refused {
        None => row(WHAT, &ok(), "takes writes".to_owned()),
        Some(refused) => row(
            WHAT,
            &fails(),
            format!("takes no writes since {}: {}", when(member, refused.since), refused.words),
        ),
    }
}

fn clock(step: ClockStep, member: &Member) -> Row {
    let way = if step.by_ms < 0 { "back" } else { "forward" };
    let set = format!("set {way} by {}", span(step.by_ms.abs()));
    let (word, found) = if step.believed {
        ("Set", format!("{set}; believed since {}", when(member, step.at)))
    } else {
        (
            "In doubt",
            format!(
                "{set}; believed in a minute. Until then nothing expires and nothing new becomes due by it."
            ),
        )
    };
    row("Clock", &Chip { tone: Tone::Act, icon: Icon::Wait, word: word.into() }, found)
}

fn disk(disk: &Disk) -> Row {
    let chip = match disk.room() {
        DiskSpace::Enough => ok(),
        DiskSpace::NearlyFull => Chip { tone: Tone::Act, icon: Icon::Wait, word: "Nearly full".into() },
        DiskSpace::Full => Chip { tone: Tone::Fail, icon: Icon::Error, word: "Full".into() },
    };
    row(&format!("Disk of the {}", disk.holds), &chip, disk.free_words())
}
