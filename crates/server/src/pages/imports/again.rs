//! In what a newer list differs from what is registered: what somebody chooses before the import, what was done after it.

use domain::{
    ids::ImportId,
    workshop::{Difference, RegistrantStatus},
};
use intake::{
    Summary,
    importer::{Group, ListComparison},
};
use maud::{Markup, Render, html};
use store::{
    differences::ShownDifference,
    imports::{Import, ImportState},
};

use super::super::{
    csv::{line, whole},
    workshop::status_word,
};
use super::{href, n};
use crate::{
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
    },
    ui::{
        button::Button,
        field::Checkbox,
        format::{counted, phone},
        head::Card,
        icons::Icon,
        table::{Column, Place, Row, Table},
        words::again as words,
    },
};

/// People of one kind that the page shows; all that are kept stand in the download.
const SHOWN: i64 = 8;
/// People of one kind in the download.
const IN_FILE: i64 = 1_000;
/// The field of the kinds that are taken over.
const TAKE: &str = "take";
/// Says that the kinds were shown: an unticked box sends nothing.
const SHOWN_FIELD: &str = "differences";

/// The card of the step "Rows": each kind with its number, its people, and a box to take it over. It stands in the form of the import.
pub(super) async fn again_card(member: &Member, import: &Import, summary: &Summary) -> Result<Card, Problem> {
    let mut kinds = Vec::new();
    for (kind, group) in summary.again.met() {
        kinds.push((kind, group, member.org.differences(import.id, kind, SHOWN).await?));
    }
    let unchanged = counted(summary.again.unchanged, "registration is", "registrations are");
    let download = Button {
        download: true,
        ..Button::link("Download them", format!("{}/differences.csv", href(import.id)))
    };
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "This file is a newer list of people who are registered here. " (unchanged) " as before. What you tick is taken over with the import, and an undo gives it back." }
            input type="hidden" name=(SHOWN_FIELD) value="1";
            @for (kind, group, people) in &kinds { (kind_part(*kind, *group, people)) }
        }
    };
    let title = "What changed since the last list";
    Ok(Card::new("differences", title, body).aside(download.icon(Icon::Download).small()).padded())
}

fn kind_part(kind: Difference, group: Group, people: &[ShownDifference]) -> Markup {
    let more = n(group.people) - n(people.len() as u64);
    html! {
        div class="m-stack" {
            (Checkbox::of(TAKE, kind.word(), format!("{} ({})", words::choice(kind), words::met(kind, group.people)), group.take)
                .help(format!("Ticked: {}. Not ticked: {}.", words::effect(kind, true), words::effect(kind, false))))
            (Table {
                caption: words::met(kind, group.people),
                columns: vec![
                    Column::new("Person", Place::Title),
                    Column::new("Here", Place::Line),
                    Column::new("In the file", Place::Line),
                ],
                rows: people.iter().map(|one| row(kind, one)).collect(),
                empty: String::new(),
            })
            @if more > 0 { p class="m-hint" { (counted(more, "more is", "more are")) " in the download." } }
        }
    }
}

/// The two columns of a row: what is registered, and what the file says.
fn sides(kind: Difference, one: &ShownDifference) -> (String, String) {
    let status = status_word(one.here.status).to_owned();
    match kind {
        Difference::Ended | Difference::OtherPayment => {
            let there = one.there.status.parse::<RegistrantStatus>();
            (status, there.map_or(String::new(), |there| status_word(there).to_owned()))
        }
        Difference::NoPlace => (status, "Gives no place".to_owned()),
        Difference::Returned => (status, status_word(RegistrantStatus::Registered).to_owned()),
        Difference::Gone => (status, "Is not in it".to_owned()),
        Difference::Changed => changed_sides(one),
    }
}

fn changed_sides(one: &ShownDifference) -> (String, String) {
    let shown = |number: &str| if number.is_empty() { "no number".to_owned() } else { phone(number) };
    let mut here = Vec::new();
    let mut there = Vec::new();
    if one.here.phone != one.there.phone {
        here.push(shown(&one.here.phone));
        there.push(shown(&one.there.phone));
    }
    for (old, new) in [(&one.here.name, &one.there.name), (&one.here.email, &one.there.email)] {
        if old != new {
            here.push(if old.is_empty() { "–".to_owned() } else { old.clone() });
            there.push(new.clone());
        }
    }
    (here.join(", "), there.join(", "))
}

fn row(kind: Difference, one: &ShownDifference) -> Row {
    let name = if one.here.name.is_empty() { "No name" } else { &one.here.name };
    let (here, there) = sides(kind, one);
    let title = html! { b { (name) } @if !one.here.phone.is_empty() { span class="m-sub" { (phone(&one.here.phone)) } } };
    Row::new(vec![title, html! { (here) }, html! { (there) }.render()])
}

/// Keeps what was ticked with the import, before it begins.
pub(super) async fn choose(
    member: &Member,
    import: &mut Import,
    form: &[(String, String)],
) -> Result<(), Problem> {
    if !form.iter().any(|(name, _)| name == SHOWN_FIELD) {
        return Ok(());
    }
    let mut summary = Summary::of(import);
    let ticked = |kind: Difference| form.iter().any(|(name, value)| name == TAKE && value == kind.word());
    for kind in Difference::ALL {
        summary.again.choose(*kind, ticked(*kind));
    }
    import.summary = summary.json();
    member.org.import_summary(import.id, &import.summary).await?;
    Ok(())
}

/// After the import: what was taken over, and what was left.
pub(super) fn told(summary: &Summary) -> Markup {
    let again: &ListComparison = &summary.again;
    html! {
        @for (kind, group) in again.met() {
            p class="m-p" {
                @if group.take { (words::done(kind, group.done)) ". An undo of the import gives it back." }
                @else { (words::met(kind, group.people)) ": " (words::effect(kind, false)) "." }
            }
        }
    }
}

/// `GET /imports/{import}/differences.csv`: in what the file differs, before it is imported.
pub async fn download(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    let mut csv = String::new();
    let titles = ["Difference", "Name", "Phone", "E-mail", "Here", "In the file"];
    line(&mut csv, titles.map(str::to_owned).into_iter());
    if import.state == ImportState::Checked {
        for kind in Difference::ALL {
            for one in member.org.differences(id, *kind, IN_FILE).await? {
                let (here, there) = sides(*kind, &one);
                let choice = words::choice(*kind).to_owned();
                let known = one.here;
                line(&mut csv, [choice, known.name, known.phone, known.email, here, there].into_iter());
            }
        }
    }
    Ok(whole("differences.csv", &csv))
}
