//! Which of a workshop's people a broadcast is for: the choices with their counts, and people from a pasted list.

use domain::{
    broadcast::Audience,
    ids::RegistrantId,
    message::MessageState,
    phone::Phone,
    reason::Reason,
    text::line,
    told::{Purpose, Told},
};
use maud::{Markup, html};
use store::{attendance::AttendanceReport, workshops::Workshop};

use super::{compose::Compose, composer_state::ComposerState};
use crate::{
    http::{error::Problem, extract::Member},
    ui::{
        field::Field,
        format::{counted, grouped, relative},
        icons::Icon,
        people_chooser::{Choice, Chooser},
        words::reasons,
    },
};

/// What became of a pasted list.
#[derive(Clone, Debug, Default)]
pub(super) struct Picked {
    /// Entries that nobody of the workshop has.
    pub(super) unknown: Vec<String>,
}

/// Entries of a pasted list that are named when nobody has them.
const NAMED: usize = 3;

/// The audience of the broadcast: the chosen one. Without a choice it is the people who were not told yet, once
/// something was told, and before that everyone.
pub(super) async fn chosen(
    member: &Member,
    state: &Compose,
    workshop: &Workshop,
    purpose: &Purpose,
) -> Result<(Audience, Picked), Problem> {
    match &state.who {
        Some(Audience::Chosen(ticked)) => picked(member, state, workshop, ticked).await,
        Some(audience) => Ok((audience.clone(), Picked::default())),
        None => {
            let tellings = member.org.tellings(workshop.id, purpose, TELLINGS).await?;
            let told = tellings.iter().any(|telling| telling.counts && state.replaces != Some(telling.id));
            let audience = if told { Audience::NotTold } else { Audience::Registered };
            Ok((audience, Picked::default()))
        }
    }
}

/// Broadcasts of a purpose that are looked at for one that told something.
const TELLINGS: i64 = 50;

/// The people of a pasted list, and those who were ticked.
async fn picked(
    member: &Member,
    state: &Compose,
    workshop: &Workshop,
    ticked: &[RegistrantId],
) -> Result<(Audience, Picked), Problem> {
    let entries: Vec<String> =
        state.pick.split([',', ';', '\n', '\t']).map(line).filter(|entry| !entry.is_empty()).collect();
    let (mails, numbers): (Vec<String>, Vec<String>) =
        entries.into_iter().partition(|entry| entry.contains('@'));
    let mails: Vec<String> = mails.into_iter().map(|mail| mail.to_lowercase()).collect();
    let home = member.organization.country;
    let read: Vec<(String, Option<String>)> = numbers
        .into_iter()
        .map(|typed| {
            let phone = Phone::parse(&typed, home).ok().map(|phone| phone.as_str().to_owned());
            (typed, phone)
        })
        .collect();
    let phones = read.iter().filter_map(|(_, phone)| phone.clone()).collect();
    let found = member.org.audience_reader().find_chosen(workshop.id, phones, mails.clone()).await?;
    let has = |phone: &str| found.iter().any(|one| one.phone == phone);
    let mut unknown: Vec<String> = read
        .iter()
        .filter(|(_, phone)| phone.as_ref().is_none_or(|phone| !has(phone)))
        .map(|(typed, _)| typed.clone())
        .collect();
    unknown.extend(mails.into_iter().filter(|mail| !found.iter().any(|one| one.email == *mail)));
    let mut people: Vec<RegistrantId> = ticked.to_vec();
    people.extend(found.iter().map(store::told::FoundRegistration::registrant));
    people.sort_unstable();
    people.dedup();
    people.truncate(Audience::CHOSEN_MAX);
    Ok((Audience::Chosen(people), Picked { unknown }))
}

/// The choices, with their numbers.
pub(super) fn chooser(member: &Member, composer: &ComposerState) -> Markup {
    let review = &composer.review;
    let (chosen, offers) = (&review.draft.audience, &composer.offers);
    let everyone = review.draft.workshop.registrants;
    let mut choices = Vec::new();
    let mut offer = |audience: Audience, name: &str, sub: String, n: Option<i64>| {
        choices.push(Choice {
            value: audience.to_string(),
            name: name.to_owned(),
            sub,
            n: n.map(grouped),
            chosen: same_kind(&audience, chosen),
        });
    };
    if let Some(last) = &review.before.last {
        let told = offers.told;
        let of = |n: fn(&Told) -> i64| told.as_ref().map(n);
        let got = told.map(|told| got_it(&told)).unwrap_or_default();
        offer(Audience::NotTold, "Not told yet", "Whoever got it is left out".to_owned(), of(|t| t.not_told));
        offer(Audience::Registered, "Everyone", got, Some(everyone));
        offer(Audience::Failed, "Not reached", "Refused, or never arrived".to_owned(), of(|t| t.failed));
        let ago = relative(last.at.0, member.now.0);
        offer(Audience::Since(last.at), "Registered since", format!("“{}”, {ago}", last.title), offers.since);
        let minutes = Audience::NO_RECEIPT_MINUTES;
        let waited = Audience::NoReceipt { minutes };
        if told.is_none_or(|told| told.no_receipt > 0) || same_kind(&waited, chosen) {
            let sub = format!("Handed over more than {minutes} min ago");
            offer(waited, "No receipt", sub, of(|t| t.no_receipt));
        }
        if told.is_none_or(|told| told.not_read > 0) || same_kind(&Audience::NotRead, chosen) {
            let sub = format!("Handed over more than {minutes} min ago, not opened");
            offer(Audience::NotRead, "Not read", sub, of(|t| t.not_read));
        }
    } else {
        offer(Audience::Registered, "Everyone", "Whose registration stands".to_owned(), Some(everyone));
    }
    let some = |chosen: bool| chosen.then_some(review.audience.total);
    if let Audience::Of { state, reason, .. } = chosen {
        offer(chosen.clone(), &of_words(*state, reason), "Of the earlier broadcast".to_owned(), some(true));
    }
    let sources = &offers.sources;
    for (source, n) in sources.iter().filter(|_| sources.len() > 1) {
        offer(Audience::Source(source.clone()), source, "Came from there".to_owned(), Some(*n));
    }
    if let Audience::Source(source) = chosen
        && (sources.len() < 2 || !sources.iter().any(|(known, _)| known == source))
    {
        offer(chosen.clone(), source, "Came from there".to_owned(), some(true));
    }
    let attendance = offers.attendance.iter().flat_map(of_attendance);
    let groups = of_groups(offers.no_group, chosen, review.audience.total);
    for (audience, name, sub, n) in attendance.chain(groups).chain(of_calls(offers.another_date, chosen)) {
        offer(audience, name, sub.to_owned(), n);
    }
    for tag in &offers.tags {
        let sub = format!("Also registered for another “{}” workshop", tag.name);
        let audience = Audience::Tagged(tag.id);
        let n = some(audience == *chosen);
        offer(audience, &format!("Tag {}", tag.name), sub, n);
    }
    let (more, mut choices): (Vec<Choice>, Vec<Choice>) = choices
        .into_iter()
        .partition(|choice| choice.value.parse::<Audience>().is_ok_and(|audience| is_by_origin(&audience)));
    let is_list = matches!(chosen, Audience::Chosen(_));
    // Ticked people stay chosen when something else of the form changes.
    let ticked = match &composer.state.who {
        Some(Audience::Chosen(ticked)) => ticked.clone(),
        _ => Vec::new(),
    };
    choices.push(of_chosen(ticked, some(is_list)));
    html! {
        (Chooser { choices, more })
        @if is_list { (list(composer)) }
        @if let (Some(told), Audience::NotTold) = (&offers.told, chosen) {
            @if told.told + told.going > 0 {
                p class="m-choices__left" { (Icon::Ok) span { "Left out: " (got_it(told)) ". To send it again, choose Everyone." } }
            }
        }
    }
}

/// Whether it says where people came from or what else they registered for.
fn is_by_origin(audience: &Audience) -> bool {
    matches!(audience, Audience::Source(_) | Audience::Tagged(_))
}

/// "468 got it, 12 are going to".
fn got_it(told: &Told) -> String {
    let going = if told.going == 1 {
        "1 is going to".to_owned()
    } else {
        format!("{} are going to", grouped(told.going))
    };
    match (told.told, told.going) {
        (told, 0) => format!("{} got it", grouped(told)),
        (0, _) => format!("{going} get it"),
        (told, _) => format!("{} got it, {going}", grouped(told)),
    }
}

/// The choice of single people; `total` are they, when it is chosen.
fn of_chosen(ticked: Vec<RegistrantId>, total: Option<i64>) -> Choice {
    Choice {
        sub: of_list(ticked.len()),
        value: Audience::Chosen(ticked).to_string(),
        name: "Chosen people".to_owned(),
        n: total.map(grouped),
        chosen: total.is_some(),
    }
}

/// What stands below the choice of single people, of whom so many were ticked.
fn of_list(ticked: usize) -> String {
    match ticked {
        0 => "Paste a list".to_owned(),
        n => format!("{} ticked; you can paste more", counted(n, "person", "people")),
    }
}

/// A choice to offer: whom, what it is called, what that means, how many.
type Offered = (Audience, &'static str, &'static str, Option<i64>);

/// Whoever is in no group, once somebody is; and those who left, when a page chose them. `total` are the chosen people.
fn of_groups(no_group: Option<i64>, chosen: &Audience, total: i64) -> impl Iterator<Item = Offered> {
    let none = no_group.is_some_and(|n| n > 0) || *chosen == Audience::NoGroup;
    let none =
        none.then_some((Audience::NoGroup, "In no group", "As far as their members are known", no_group));
    let left = (*chosen == Audience::LeftGroup).then_some((
        Audience::LeftGroup,
        "Left the group",
        "And are in no other",
        Some(total),
    ));
    none.into_iter().chain(left)
}

/// Whoever said during a call that another date would suit them, once somebody did.
fn of_calls(n: i64, chosen: &Audience) -> Option<Offered> {
    let offered = (Audience::AnotherDate, "Want another date", "Pressed a key during a call", Some(n));
    (n > 0 || *chosen == Audience::AnotherDate).then_some(offered)
}

/// Who attended, by the report that was imported.
fn of_attendance(report: &AttendanceReport) -> [Offered; 3] {
    [
        (Audience::Attended, "Attended", "By the report", Some(report.attended)),
        (Audience::LeftEarly, "Left early", "Before the last 15 minutes", Some(report.left_early)),
        (Audience::Absent, "Absent", "Registered, not in the report", Some(report.absent)),
    ]
}

/// Numbers and addresses, typed or pasted.
fn list(composer: &ComposerState) -> Markup {
    let unknown = &composer.pick.unknown;
    let error = (!unknown.is_empty()).then(|| {
        let named = unknown.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = unknown.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("Nobody of this workshop has {named}{rest}.")
    });
    html! {
        (Field::area("pick", "Numbers or e-mail addresses", &composer.state.pick)
            .help("One in a line, or with commas between them.")
            .error(error)
            .autosubmit())
    }
}

/// What an earlier broadcast's people are called.
fn of_words(state: MessageState, reason: &Reason) -> String {
    match reason {
        Reason::None => state.title().to_owned(),
        Reason::Ours(own) => reasons::own(*own).title.to_owned(),
        Reason::Excluded(skip) => reasons::excluded(*skip).title.to_owned(),
        Reason::Provider(code) => {
            providers::codes::meaning(code).map_or_else(|| format!("Code {code}"), |m| m.title.to_owned())
        }
    }
}

/// Whether both are the same choice, whatever they name; of sources and tags there are several.
fn same_kind(one: &Audience, other: &Audience) -> bool {
    match (one, other) {
        (Audience::Source(one), Audience::Source(other)) => return one == other,
        (Audience::Tagged(one), Audience::Tagged(other)) => return one == other,
        _ => {}
    }
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
