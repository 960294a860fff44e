//! Correcting name, number and e-mail of a registration from where they are seen, and what was corrected before.

use axum::extract::State;
use domain::{
    email::Email,
    ids::{BroadcastId, MessageRef, RegistrantId, WorkshopId},
    name::PersonName,
    phone::Phone,
    role::Permission,
    template::Message,
    workshop::RegistrantStatus,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    registrants::{Corrected, Correction, PastCorrection, Registrant, SameNumber},
};

use super::{
    unprocessable,
    workshops::{crumbs, href as workshop_href, ok},
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path, Query},
        notice::{see_other, see_other_saying},
    },
    ui::{
        button::Button,
        chip::Tone,
        field::Field,
        format::{counted, phone, relative},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Section,
        table::{Column, Place, Row, Table},
    },
};

/// Where somebody came from, to lead back there.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Origin {
    /// The broadcast of a message, and its place in it.
    #[serde(default)]
    broadcast: String,
    #[serde(default)]
    position: String,
}

impl Origin {
    fn message(&self) -> Option<(BroadcastId, i64)> {
        Some((self.broadcast.parse().ok()?, self.position.parse().ok().filter(|at| *at > 0)?))
    }
}

/// The page that corrects a registration.
pub(super) fn href(workshop: WorkshopId, registrant: RegistrantId) -> String {
    format!("{}/registrants/{registrant}/correct", workshop_href(workshop))
}

/// The page that corrects the registration behind a message, and leads back to that message.
pub(super) fn href_from(
    workshop: WorkshopId,
    registrant: RegistrantId,
    (broadcast, position): (BroadcastId, i64),
) -> String {
    format!("{}?broadcast={broadcast}&position={position}", href(workshop, registrant))
}

/// The composer for these people alone, where its checks are read before anything goes out.
pub(super) fn tell_href(workshop: WorkshopId, people: &[RegistrantId]) -> String {
    let people: Vec<String> = people.iter().map(RegistrantId::to_string).collect();
    format!("/?workshop={workshop}&who=chosen:{}", people.join(","))
}

/// The composer for the person of a message, with what that message said.
pub(super) fn tell_again_href(message: MessageRef) -> String {
    format!("/broadcasts/{}/messages/{}/tell", message.broadcast, message.position)
}

/// `GET /broadcasts/{broadcast}/messages/{position}/tell`: leads to the composer with the same channel and template, for this person alone.
pub async fn tell(member: Member, Path((id, position)): Path<(BroadcastId, i64)>) -> PageResult {
    let message = member.org.message(MessageRef { broadcast: id, position }).await?;
    let broadcast = member.org.broadcast(id).await?;
    let registrant = message.addressee.registrant().ok_or(StoreError::Missing)?;
    let to = tell_href(broadcast.workshop, &[registrant]);
    let to = format!("{to}&channel={}", broadcast.channel.word());
    let was = Message::from_json(broadcast.channel, &broadcast.template).ok();
    let same = member.org.templates(broadcast.channel).await?.into_iter().find(|one| {
        let now = Message::from_json(one.channel, &one.body);
        was.as_ref().is_some_and(|was| now.is_ok_and(|now| now.name_there() == was.name_there()))
    });
    // A template that was removed meanwhile leaves the choice to the person.
    Ok(see_other(&same.map_or(to.clone(), |one| format!("{to}&template={}", one.id))))
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CorrectForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
    /// The button of one of the person's other numbers.
    #[serde(default, rename = "use")]
    other: String,
    /// The number that two registrations are to have: who pressed that button saw whose it is.
    #[serde(default)]
    share: String,
    #[serde(default)]
    broadcast: String,
    #[serde(default)]
    position: String,
}

impl CorrectForm {
    fn of(person: &Registrant) -> CorrectForm {
        let phone = if person.phone.is_empty() { &person.phone_typed } else { &person.phone };
        CorrectForm {
            name: person.name.clone(),
            phone: phone.clone(),
            email: person.email.clone(),
            ..CorrectForm::default()
        }
    }

    fn origin(&self) -> Origin {
        Origin { broadcast: self.broadcast.clone(), position: self.position.clone() }
    }

    fn number(&self) -> &str {
        if self.other.trim().is_empty() { self.phone.trim() } else { self.other.trim() }
    }

    /// All that is wrong at once, or what the registration is to say.
    fn check(&self, member: &Member) -> Result<Correction, Wrong> {
        let mut wrong = Wrong::default();
        let name = PersonName::parse(&self.name);
        if name.is_none() && !self.name.trim().is_empty() {
            wrong.name = Some("This is no name a message could greet with.".to_owned());
        }
        let phone = match self.number() {
            "" => None,
            typed => Phone::parse(typed, member.organization.country)
                .map_err(|error| wrong.phone = Some(error.to_string()))
                .ok(),
        };
        let email = match self.email.trim() {
            "" => None,
            typed => Email::parse(typed).map_err(|error| wrong.email = Some(error.to_string())).ok(),
        };
        if name.is_none() && phone.is_none() && email.is_none() && wrong == Wrong::default() {
            wrong.phone = Some("Enter a number, or at least a name or an e-mail address.".to_owned());
        }
        match wrong == Wrong::default() {
            true => {
                let may_share = phone.as_ref().is_some_and(|phone| phone.as_str() == self.share);
                Ok(Correction { name, email, phone, phone_typed: self.number().to_owned(), may_share })
            }
            false => Err(wrong),
        }
    }
}

/// What is wrong with the form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wrong {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    /// Others of the workshop have the number, by which it is known.
    shared: Option<(String, Vec<SameNumber>)>,
}

impl Wrong {
    /// What stands at the field of the number.
    fn about_number(&self) -> Option<String> {
        let shared = self
            .shared
            .as_ref()
            .map(|(_, others)| format!("{} has this number already. Nothing was saved.", names(others)));
        self.phone.clone().or(shared)
    }
}

/// `GET /workshops/{workshop}/registrants/{registrant}/correct`
pub async fn show(
    member: Member,
    Path((workshop, id)): Path<(WorkshopId, RegistrantId)>,
    Query(origin): Query<Origin>,
) -> PageResult {
    let person = member.org.registrant(workshop, id).await?;
    if person.is_erased {
        return Err(StoreError::Missing.into());
    }
    let form = CorrectForm::of(&person);
    Ok(ok(page(&member, &person, &form, &origin, &Wrong::default()).await?))
}

/// `POST /workshops/{workshop}/registrants/{registrant}/correct`
pub async fn save(
    State(app): State<App>,
    member: Member,
    Path((workshop, id)): Path<(WorkshopId, RegistrantId)>,
    Form(form): Form<CorrectForm>,
) -> PageResult {
    let person = member.org.registrant(workshop, id).await?;
    let origin = form.origin();
    let correction = match form.check(&member) {
        Ok(correction) => correction,
        Err(wrong) => return Ok(unprocessable(page(&member, &person, &form, &origin, &wrong).await?)),
    };
    match member.org.correct_registrant(workshop, id, &correction, member.now).await? {
        Corrected::Taken => {
            let words = "Somebody is registered here with exactly this name, number and e-mail already.";
            let wrong = Wrong { phone: Some(words.to_owned()), ..Wrong::default() };
            Ok(unprocessable(page(&member, &person, &form, &origin, &wrong).await?))
        }
        Corrected::Shared(others) => {
            let number = correction.phone.map_or(String::new(), |phone| phone.as_str().to_owned());
            // The value that a button chose is in the field, so that the answer is about what is seen.
            let form = CorrectForm { phone: form.number().to_owned(), ..form };
            let wrong = Wrong { shared: Some((number, others)), ..Wrong::default() };
            Ok(unprocessable(page(&member, &person, &form, &origin, &wrong).await?))
        }
        Corrected::Same => {
            Ok(see_other_saying(&app, &back(workshop, id, &person.phone, &origin), "Nothing was changed."))
        }
        Corrected::Done => {
            let number: Vec<String> =
                correction.phone.iter().map(|phone| phone.as_str().to_owned()).collect();
            member.org.know_numbers_again(&number, &app.phone_key).await?;
            let now = number.first().map_or("", String::as_str);
            let words = match now == person.phone {
                true => "Corrected.",
                false => {
                    "Corrected. Messages that are planned or sent keep the number they were planned for."
                }
            };
            Ok(see_other_saying(&app, &back(workshop, id, now, &origin), words))
        }
    }
}

/// Where it goes on: the message, the person, or the list of those without a number.
fn back(workshop: WorkshopId, id: RegistrantId, number: &str, origin: &Origin) -> String {
    match (origin.message(), number.trim_start_matches('+')) {
        (Some((broadcast, position)), _) => format!("/broadcasts/{broadcast}/messages/{position}"),
        (None, "") => href(workshop, id),
        (None, digits) => format!("/people/number/{digits}"),
    }
}

async fn page(
    member: &Member,
    person: &Registrant,
    form: &CorrectForm,
    origin: &Origin,
    wrong: &Wrong,
) -> Result<Markup, StoreError> {
    let workshop = member.org.workshop(person.workshop).await?;
    let past = member.org.corrections_of_registrant(person.workshop, person.id).await?;
    let name = if person.name.is_empty() { "No name" } else { &person.name };
    let head = Head::new(format!("Correct {name}"))
        .meta(html! { a class="m-link" href=(workshop_href(workshop.id)) { (workshop.title) } });
    let body = html! {
        (head)
        div class="m-split" {
            (form_card(member, person, form, origin, wrong))
            (history_card(member, &past))
        }
    };
    let mut page = member.page(Section::Workshops, format!("Correct {name}"), body);
    page.crumbs = crumbs(Some(&workshop), "Correct");
    Ok(page.render())
}

fn form_card(
    member: &Member,
    person: &Registrant,
    form: &CorrectForm,
    origin: &Origin,
    wrong: &Wrong,
) -> Card {
    let others: Vec<&str> = person.other_phones.split_whitespace().collect();
    let cancel = back(person.workshop, person.id, &person.phone, origin);
    let cancel = if cancel == href(person.workshop, person.id) {
        format!("{}#registrants", workshop_href(person.workshop))
    } else {
        cancel
    };
    let body = html! {
        div class="m-stack" {
            form class="m-stack" method="post" action=(href(person.workshop, person.id)) {
                (member.csrf())
                @if let Some((broadcast, position)) = origin.message() {
                    input type="hidden" name="broadcast" value=(broadcast);
                    input type="hidden" name="position" value=(position);
                }
                (Field::text("name", "Name").value(&form.name).autocomplete("off").error(wrong.name.clone()))
                (Field::phone("phone", "Phone").value(&form.phone).autocomplete("off")
                    .help("With its country code, unless it is a number of your country.").error(wrong.about_number()))
                (Field::email("email", "E-mail").value(&form.email).autocomplete("off").error(wrong.email.clone()))
                div class="m-acts" {
                    (Button::primary("Save").icon(Icon::Check).busy("Saving…"))
                    (Button::link("Cancel", cancel))
                    @if let Some(tell) = tell_link(member, person, origin) { (tell) }
                }
                @if let Some((number, others)) = &wrong.shared { (shared_note(person, number, others)) }
                @if !others.is_empty() {
                    p class="m-hint" { "The file gave other numbers of this person:" }
                    div class="m-acts" {
                        @for other in others {
                            (Button::new(format!("Use {}", phone(other))).small().submit("use", other))
                        }
                    }
                }
            }
            (Note::new(Tone::Rest, "", "Messages that are planned or sent keep the number they were planned for."))
        }
    };
    Card::new("correct", "What is right", body).padded()
}

/// Who these people are, in a sentence.
fn names(people: &[SameNumber]) -> String {
    let name = |one: &SameNumber| match (one.name.as_str(), one.email.as_str()) {
        ("", "") => "Somebody without a name".to_owned(),
        ("", email) => email.to_owned(),
        (name, _) => name.to_owned(),
    };
    match people {
        [] => "Nobody".to_owned(),
        [one] => name(one),
        [first, more @ ..] => {
            format!("{} and {}", name(first), counted(more.len() as u64, "other person", "other people"))
        }
    }
}

/// What follows when two registrations have one number, and the button that wants it so. It stands below *Save*, so that the Enter key
/// does not press it.
fn shared_note(person: &Registrant, number: &str, others: &[SameNumber]) -> Note {
    let stands = |one: &&SameNumber| one.status == RegistrantStatus::Registered;
    let first = others.iter().find(stands).filter(|one| one.is_before(person.id));
    let own = if person.name.is_empty() { "this person" } else { &person.name };
    let follows = match (others.iter().find(stands), first) {
        (None, _) => format!("{} is not registered any more and gets nothing.", names(others)),
        (Some(_), Some(first)) => format!(
            "Each message goes to it once, written to {}, who was entered first; {own} gets no message of their own.",
            names(std::slice::from_ref(first))
        ),
        (Some(second), None) => format!(
            "Each message goes to it once, written to {own}, who was entered first; {} gets no message of their own.",
            names(std::slice::from_ref(second))
        ),
    };
    let title = format!("{} is the number of {} too.", phone(number), names(others));
    Note::new(Tone::Act, title, format!("If two people share it, save it for both. {follows}"))
        .action(Button::new("Save for both").small().submit("share", number))
}

/// What was corrected: who, when, and what stood there before.
pub(super) fn history_card(member: &Member, past: &[PastCorrection]) -> Card {
    let zone = &member.organization.zone;
    let row = |one: &PastCorrection| {
        let by = match &one.file_name {
            Some(file) => format!("{} · from {file}", one.by),
            None => one.by.clone(),
        };
        Row::new(vec![
            html! { (what(one)) span class="m-sub" { (one.workshop_title) } },
            html! { (zone.date(one.at, member.now)) ", " (zone.time(one.at)) span class="m-sub" { (relative(one.at.0, member.now.0)) } },
            html! { (by) },
        ])
    };
    Card::new(
        "corrections",
        "Corrections",
        Table {
            caption: "Corrections".into(),
            columns: vec![
                Column::new("From, to", Place::Title),
                Column::new("When", Place::Line),
                Column::new("By", Place::Line),
            ],
            rows: past.iter().map(row).collect(),
            empty: "Nothing was corrected yet.".into(),
        },
    )
}

/// "+91 90000 00001 → +91 90000 00009", one for each part that changed.
pub(super) fn what(one: &PastCorrection) -> Markup {
    html! {
        @for (before, after) in changes(one) {
            span class="m-block" { (before) " → " b { (after) } }
        }
    }
}

/// The parts that a correction changed: before and after, in words.
pub(super) fn changes(one: &PastCorrection) -> Vec<(String, String)> {
    let shown = |number: &str| if number.is_empty() { "no number".to_owned() } else { phone(number) };
    let text = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
    let mut parts: Vec<(String, String)> = Vec::new();
    if one.phone.0 != one.phone.1 {
        parts.push((shown(&one.phone.0), shown(&one.phone.1)));
    }
    for (before, after) in [&one.name, &one.email] {
        if before != after {
            parts.push((text(before), text(after)));
        }
    }
    parts
}

/// The way to tell somebody now, where the member may and the person can be told.
fn tell_link(member: &Member, person: &Registrant, origin: &Origin) -> Option<Button> {
    let stands = person.status == RegistrantStatus::Registered && !person.phone.is_empty();
    let to = match origin.message() {
        Some((broadcast, position)) => tell_again_href(MessageRef { broadcast, position }),
        None => tell_href(person.workshop, &[person.id]),
    };
    (stands && member.may(Permission::Send)).then(|| Button::link(TELL, to).icon(Icon::Send))
}

/// The words of that way.
pub(super) const TELL: &str = "Tell this person now";

/// The way to correct somebody, where the member may.
pub(super) fn link(member: &Member, workshop: WorkshopId, id: RegistrantId) -> Option<Button> {
    member
        .may(Permission::Manage)
        .then(|| Button::link("Correct", href(workshop, id)).icon(Icon::Edit).small())
}
