//! One person's whole story: registrations, messages, what they must not be sent.

use axum::{extract::State, response::Response};
use domain::{
    ids::LeadId,
    message::MessageState,
    phone::Phone,
    reason::Reason,
    role::Permission,
    time::Millis,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, Render, html};
use store::{
    calls::CallView,
    people::{PersonMessage, Registration, Story},
    registrants::PastCorrection,
};

use super::{
    broadcast::calls,
    consents::{self, ConsentErrors, ConsentForm},
    correct, erase, person_export,
    person_opt_out::{self, OptOutForm},
    person_reach,
    person_told::ToldTable,
    told_answer::Answer,
    workshop::{registrant_chip, source_word},
    workshops::{href, ok},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
        notice::see_other,
    },
    ui::{
        button::Button,
        chip::{State as Chips, Tone},
        format::{counted, phone, relative},
        head::{Card, Head},
        icons::Icon,
        menu::{Menu, MenuItem},
        note::Note,
        shell::{Crumb, Section},
        table::{self, Column, Place, Row, Table},
        words::reasons,
    },
};

/// `GET /people/number/{digits}`: the person with that number, from a list of registrants.
pub async fn by_number(member: Member, Path(digits): Path<String>) -> Result<Response, Problem> {
    let number = Phone::from_stored(&format!("+{digits}")).map_err(|_| Problem::not_found())?;
    let lead = member.org.lead_by_phone(number.as_str()).await?;
    Ok(see_other(&format!("/people/{lead}")))
}

/// `GET /people/{person}`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<LeadId>) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    Ok(ok(page(&member, &story, &ConsentForm::default(), &ConsentErrors::default()).await?))
}

/// What a person is called.
pub(super) fn name_of(story: &Story) -> &str {
    if story.name.is_empty() { "No name" } else { &story.name }
}

/// The name that a sentence about them uses.
pub(super) fn first_name(story: &Story) -> &str {
    story.name.split(' ').next().filter(|name| !name.is_empty()).unwrap_or("this person")
}

/// The page, with what was typed into the form of an agreement.
pub(super) async fn page(
    member: &Member,
    story: &Story,
    form: &ConsentForm,
    errors: &ConsentErrors,
) -> Result<Markup, Problem> {
    let groups = match Phone::from_stored(&story.phone) {
        Ok(number) => member.org.groups_of(&number).await?,
        Err(_) => vec![],
    };
    let name = name_of(story);
    let zone = &member.organization.zone;
    let mut head = Head::new(name)
        .meta(html! { (phone(&story.phone)) })
        .meta(html! { "Known since " (zone.date(story.created_at, member.now)) });
    if !story.email.is_empty() {
        head = head.meta(html! { (story.email) });
    }
    if member.may(Permission::Manage) {
        head = head.action(person_opt_out::action(story.lead).icon(Icon::Skip));
    }
    if let Some(tell) = tell(member, story) {
        head = head.action(tell);
    }
    let items: Vec<MenuItem> = [person_export::item(member, story.lead), erase::item(member, story.lead)]
        .into_iter()
        .flatten()
        .collect();
    if !items.is_empty() {
        head = head.aside(Menu { label: "More for this person".to_owned(), items });
    }
    let answer = Answer::of(story, zone, member.now);
    let body = html! {
        (head)
        (answer)
        @for note in former_notes(story) { (note) }
        @if let Some(table) = ToldTable::of(member, story) { (table) }
        (consents::cards(
            member,
            story,
            form,
            errors,
            (messages_card(member, story), registrations_card(member, story)),
            html! {
                (person_reach::reach_card(member, story, &groups))
                (person_reach::allowed_card(member, story))
                (colleague_card(member, story, &answer))
            },
        ))
        @if !story.corrections.is_empty() { (correct::history_card(member, &story.corrections)) }
        @if member.may(Permission::Manage) { (person_opt_out::question(member, story, &OptOutForm::default(), None)) }
    };
    let mut page = member.page(Section::People, name, body);
    page.crumbs = vec![Crumb::to("People", "/people"), Crumb::here(name)];
    Ok(page.render())
}

/// The next workshop's message to this person alone.
fn tell(member: &Member, story: &Story) -> Option<Button> {
    let next = story.registrations.iter().filter(|place| {
        place.status == RegistrantStatus::Registered
            && place.mark.is_none()
            && place.workshop_status != WorkshopStatus::Cancelled
            && place.starts_at > member.now
    });
    let place = next.min_by_key(|place| place.starts_at).filter(|_| member.may(Permission::Send))?;
    let first = first_name(story);
    let to = correct::tell_href(place.workshop, &[place.registrant]);
    Some(Button::primary_link(format!("Tell {first} now"), to).icon(Icon::Send))
}

/// What can be sent to a colleague who asks, as it stands now.
fn colleague_card(member: &Member, story: &Story, answer: &Answer) -> Card {
    let zone = &member.organization.zone;
    let (name, number) = (name_of(story), phone(&story.phone));
    let words = format!("{name}, {number}. {} As of {}.", answer.text(), zone.moment(member.now, member.now));
    Card::new(
        "colleague",
        "What a colleague gets",
        html! {
            div class="m-copy" {
                p class="m-copy__text" id="colleague-text" { (words) }
                button class="mui-btn mui-btn--outline mui-btn--md m-copy__do" type="button" data-copy="colleague-text" hidden {
                    (Icon::Copy) span class="m-btn__label" { "Copy for a colleague" }
                }
            }
        },
    )
    .padded()
}

/// What went to another number than the person has now, and where somebody is found whose number this was.
fn former_notes(story: &Story) -> Vec<Note> {
    let mut notes = vec![];
    let mut numbers: Vec<&str> = story.to_former.iter().map(|one| one.number.as_str()).collect();
    numbers.dedup();
    for number in numbers {
        let n = story.to_former.iter().filter(|one| one.number == number).count();
        let title = format!(
            "{} went to {}, which was this person’s number before.",
            counted(n, "message", "messages"),
            phone(number)
        );
        notes.push(Note::new(
            Tone::Act,
            title,
            "Whether it reached them is not known. Erasing them erases it too.",
        ));
    }
    let here =
        |one: &PastCorrection| story.registrations.iter().any(|place| place.registrant == one.registrant);
    let mut moved: Vec<&PastCorrection> = story.corrections.iter().collect();
    moved.retain(|one| {
        one.phone.0 == story.phone && !one.phone.1.is_empty() && one.phone.1 != story.phone && !here(one)
    });
    moved.dedup_by_key(|one| one.phone.1.clone());
    for one in moved {
        let title = format!("This number was corrected to {}.", phone(&one.phone.1));
        let to = format!("/people/number/{}", one.phone.1.trim_start_matches('+'));
        let words = "Registrations and later messages stand there.";
        notes.push(Note::new(Tone::Rest, title, words).action(Button::link("Open that person", to).small()));
    }
    notes
}

fn messages_card(member: &Member, story: &Story) -> Card {
    let zone = &member.organization.zone;
    let row = |(former, message): (Option<&str>, &PersonMessage)| {
        let why = match (message.reason_text.as_str(), &message.reason) {
            ("", Reason::Excluded(reason)) => reasons::excluded(*reason).title,
            (text, _) => text,
        };
        let calls: Vec<&CallView> =
            message.calls.iter().filter(|call| call.placed_at > Millis::default()).collect();
        Row::new(vec![
            table::name(
                &format!("/broadcasts/{}/messages/{}", message.message.broadcast, message.message.position),
                &message.broadcast_title,
                &match former {
                    Some(number) => format!(
                        "{} · {} · to the former number {}",
                        message.channel.title(),
                        message.workshop_title,
                        phone(number)
                    ),
                    None => format!("{} · {}", message.channel.title(), message.workshop_title),
                },
            ),
            state_chip(message.state).render(),
            html! {
                (zone.date(message.changed_at, member.now)) ", " (zone.time(message.changed_at))
                span class="m-sub" { (relative(message.changed_at.0, member.now.0)) }
            },
            html! {
                span class="m-soft" { (why) }
                @if !calls.is_empty() {
                    ul class="m-attempts" aria-label="Calls" {
                        @for call in calls { li { (zone.moment(call.placed_at, member.now)) " · " (calls::line(call, Some(message.unit_price))) } }
                    }
                }
            },
        ])
    };
    let former = story.to_former.iter().map(|one| (Some(one.number.as_str()), &one.message));
    let mut all: Vec<(Option<&str>, &PersonMessage)> =
        story.messages.iter().map(|message| (None, message)).chain(former).collect();
    all.sort_by_key(|(_, message)| std::cmp::Reverse(message.changed_at));
    Card::new(
        "messages",
        "Every message, also those that did not go out",
        Table {
            caption: "Messages to this person".into(),
            columns: vec![
                Column::new("Message", Place::Title),
                Column::new("State", Place::State),
                Column::new("Last change", Place::Line),
                Column::new("Detail", Place::Line),
            ],
            rows: all.into_iter().map(row).collect(),
            empty: "No message was planned for this person yet.".into(),
        },
    )
}

fn state_chip(state: MessageState) -> Chips {
    match state {
        MessageState::Waiting => Chips::Waiting,
        MessageState::InFlight => Chips::InFlight,
        MessageState::Sent => Chips::HandedOver,
        MessageState::Delivered => Chips::Delivered,
        MessageState::Read => Chips::Read,
        MessageState::Failed => Chips::Failed,
        MessageState::Skipped => Chips::Skipped,
        MessageState::Expired => Chips::Expired,
        MessageState::Cancelled => Chips::Cancelled,
        MessageState::Unknown => Chips::Unknown,
    }
}

/// Numbers that the file gave beside the one that is used.
fn other_numbers(place: &Registration) -> Markup {
    let others: Vec<String> = place.other_phones.split_whitespace().map(phone).collect();
    html! { @if !others.is_empty() { span class="m-sub" { "Also in the file: " (others.join(", ")) } } }
}

fn registrations_card(member: &Member, story: &Story) -> Card {
    let zone = &member.organization.zone;
    let row = |place: &Registration| {
        let cancelled = place.workshop_status == WorkshopStatus::Cancelled;
        let came = match &place.file_name {
            Some(file) => format!("from {file}"),
            None => source_word(&place.source).to_owned(),
        };
        let came = if place.came_from.is_empty() { came } else { format!("{} · {came}", place.came_from) };
        let differs = place.name != story.name && !place.name.is_empty();
        Row::new(vec![
            table::name(&href(place.workshop), &place.title, if differs { &place.name } else { "" }),
            registrant_chip(place.status, place.mark, false).render(),
            html! {
                (zone.date(place.starts_at, member.now)) ", " (zone.time(place.starts_at))
                @if cancelled { span class="m-sub" { "Workshop cancelled" } }
            },
            html! { (zone.date(place.registered_at, member.now)) span class="m-sub" { (came) } (other_numbers(place)) },
            html! {
                div class="m-acts" {
                    @if let Some(correct) = correct::link(member, place.workshop, place.registrant) { (correct) }
                    @if place.status == RegistrantStatus::Registered && member.may(Permission::Send) {
                        (Button::link(correct::TELL, correct::tell_href(place.workshop, &[place.registrant])).small())
                    }
                }
            },
        ])
    };
    Card::new(
        "registrations",
        "Workshops",
        Table {
            caption: "Workshops of this person".into(),
            columns: vec![
                Column::new("Workshop", Place::Title),
                Column::new("State", Place::State),
                Column::new("When", Place::Line),
                Column::new("Registered", Place::Line),
                Column::new("Actions", Place::Actions),
            ],
            rows: story.registrations.iter().map(row).collect(),
            empty: "This person has no place in a workshop any more.".into(),
        },
    )
}
