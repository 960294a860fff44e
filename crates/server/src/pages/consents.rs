//! The consents of a person, on their page: who asked, when, where, in which words. A member can record and withdraw
//! them.

use axum::extract::State;
use domain::{
    channel::Channel,
    ids::{ConsentId, LeadId},
    phone::Phone,
    role::Permission,
    text::{line, lines},
    time::{MINUTE, Millis},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    consents::{Consent, NO_NEW_REQUEST_MS, NewConsent, Recorded},
    people::Story,
};

use super::{length_error, opted_out::what_for, person, unprocessable, workshops::ok};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::Button,
        chip::{Chip, Tone},
        dialog::Confirm,
        field::{Choice, Field},
        head::Card,
        icons::Icon,
        note::Note,
        shell::{Crumb, Section},
        table::{Column, Place, Row, Table},
    },
};

/// Longest place, note or reason.
const LINE_CHARS_MAX: usize = 200;
/// Longest wording.
const WORDING_CHARS_MAX: usize = 2_000;

/// What the form of an agreement sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ConsentForm {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    wording: String,
    #[serde(default)]
    given: String,
    #[serde(default)]
    note: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default)]
pub(super) struct ConsentErrors {
    channel: Option<String>,
    source: Option<String>,
    wording: Option<String>,
    given: Option<String>,
    note: Option<String>,
}

/// What the form of a withdrawal sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WithdrawForm {
    #[serde(default)]
    reason: String,
}

fn href(person: LeadId) -> String {
    format!("/people/{person}")
}

impl ConsentForm {
    fn check(&self, app: &App, member: &Member, phone: Phone) -> Result<NewConsent, ConsentErrors> {
        let (source, wording, note) = (line(&self.source), lines(&self.wording), line(&self.note));
        let mut errors = ConsentErrors::default();
        let channel = match self.channel.as_str() {
            "all" => Some(None),
            word => word.parse::<Channel>().ok().map(Some),
        };
        if channel.is_none() {
            errors.channel = Some("Choose a channel, or every one.".to_owned());
        }
        errors.source = length_error(
            &source,
            LINE_CHARS_MAX,
            "Write where they agreed, such as: sign-up form on our website.",
        );
        errors.wording = length_error(
            &wording,
            WORDING_CHARS_MAX,
            "Write the words that they saw or heard when they agreed.",
        );
        errors.note = length_error(&note, LINE_CHARS_MAX, "-").filter(|_| !note.is_empty());
        let zone = &member.organization.zone;
        let given_at = match self.given.trim() {
            "" => Ok(member.now),
            typed => zone.parse_local(typed).map_err(|error| error.to_string()),
        };
        let given_at = match given_at {
            // The field has no seconds; a clock may be a little ahead.
            Ok(at) if at <= member.now.plus(5 * MINUTE) => Some(Millis(at.0.min(member.now.0))),
            Ok(_) => {
                errors.given = Some("This lies ahead. Enter when they agreed.".to_owned());
                None
            }
            Err(words) => {
                errors.given = Some(words);
                None
            }
        };
        let faulty = errors.source.is_some() || errors.wording.is_some() || errors.note.is_some();
        match (channel, given_at) {
            (Some(channel), Some(given_at)) if !faulty => Ok(NewConsent {
                phone_key: app.phone_key.of(phone.as_str()),
                phone,
                channel,
                given_at,
                source,
                wording,
                note,
            }),
            _ => Err(errors),
        }
    }
}

/// `POST /people/{person}/consents`
pub async fn record(
    State(app): State<App>,
    member: Member,
    Path(id): Path<LeadId>,
    Form(form): Form<ConsentForm>,
) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    let phone = Phone::from_stored(&story.phone).map_err(|_| Problem::not_found())?;
    let again =
        async |errors: &ConsentErrors| Ok(unprocessable(person::page(&member, &story, &form, errors).await?));
    let consent = match form.check(&app, &member, phone) {
        Ok(consent) => consent,
        Err(errors) => return again(&errors).await,
    };
    let words = format!("Recorded: they agreed to {}.", agreed_to(consent.channel));
    match member.org.record_consent(consent, member.now).await? {
        Recorded::New => Ok(see_other_saying(&app, &format!("{}#consents", href(id)), &words)),
        Recorded::Already => {
            let channel = Some("This agreement stands already.".to_owned());
            again(&ConsentErrors { channel, ..ConsentErrors::default() }).await
        }
        Recorded::TooSoon { opted_out_at, until } => {
            let zone = &member.organization.zone;
            let words = format!(
                "They opted out on {}. Nobody may ask them before {}. If they came back by themselves, say how.",
                zone.date(opted_out_at, member.now),
                zone.date(until, member.now)
            );
            again(&ConsentErrors { note: Some(words), ..ConsentErrors::default() }).await
        }
    }
}

fn agreed_to(channel: Option<Channel>) -> String {
    channel.map_or("promotions on every channel".to_owned(), |on| format!("promotions on {}", on.title()))
}

async fn standing(
    app: &App,
    member: &Member,
    person: LeadId,
    id: ConsentId,
) -> Result<(Story, Consent), Problem> {
    let story = member.org.story(person, &app.phone_key).await?;
    let found =
        story.consents.iter().find(|consent| consent.id == id && consent.withdrawn.is_none()).cloned();
    found.map(|consent| (story, consent)).ok_or_else(Problem::not_found)
}

/// `GET /people/{person}/consents/{consent}/withdraw`
pub async fn ask_withdraw(
    State(app): State<App>,
    member: Member,
    Path((person, id)): Path<(LeadId, ConsentId)>,
) -> PageResult {
    let (story, consent) = standing(&app, &member, person, id).await?;
    Ok(ok(withdraw_page(&member, &story, &consent, "", None)))
}

/// `POST /people/{person}/consents/{consent}/withdraw`
pub async fn withdraw(
    State(app): State<App>,
    member: Member,
    Path((person, id)): Path<(LeadId, ConsentId)>,
    Form(form): Form<WithdrawForm>,
) -> PageResult {
    let (story, consent) = standing(&app, &member, person, id).await?;
    let reason = line(&form.reason);
    if let Some(error) =
        length_error(&reason, LINE_CHARS_MAX, "Write how they took it back, such as: asked on the phone.")
    {
        return Ok(unprocessable(withdraw_page(&member, &story, &consent, &form.reason, Some(error))));
    }
    match member.org.withdraw_consent(id, &reason, member.now).await {
        Ok(()) => {
            let words = "Withdrawn. Promotions that still wait for this person are left out.";
            Ok(see_other_saying(&app, &format!("{}#consents", href(person)), words))
        }
        Err(StoreError::Missing) => Err(StoreError::Stale.into()),
        Err(error) => Err(error.into()),
    }
}

fn withdraw_page(
    member: &Member,
    story: &Story,
    consent: &Consent,
    reason: &str,
    error: Option<String>,
) -> Markup {
    let name = person::name_of(story);
    let question = Confirm {
        id: "withdraw".into(),
        title: format!("Withdraw the agreement of {name}?"),
        body: html! {
            div class="m-stack" {
                p class="m-p" { "They get no more " (agreed_to(consent.channel)) ". Messages about workshops that they registered for still go out." }
                (Field::text("reason", "How they took it back").value(reason).placeholder("Asked on the phone").error(error).required())
            }
        },
        action: format!("{}/consents/{}/withdraw", href(story.lead), consent.id),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Withdraw").busy("Withdrawing…"),
        back: ("Keep it".into(), href(story.lead)),
    };
    let mut page = member.page(Section::People, "Withdraw", question.page());
    page.crumbs =
        vec![Crumb::to("People", "/people"), Crumb::to(name, href(story.lead)), Crumb::here("Withdraw")];
    page.render()
}

/// The consents of a person, with the form of a new one beside them. `above` and `below` go around the list and
/// `beside` over the form, so that no gap is left.
pub(super) fn cards(
    member: &Member,
    story: &Story,
    form: &ConsentForm,
    errors: &ConsentErrors,
    (above, below): (impl Render, impl Render),
    beside: impl Render,
) -> Markup {
    let may = member.may(Permission::Manage);
    html! {
        div class="m-split m-split--list" id="consents" {
            div class="m-stack" {
                (above)
                (table_card(member, story))
                @if !story.lifted.is_empty() { (lifted_card(member, story)) }
                (below)
            }
            div class="m-stack" {
                (beside)
                @if may { (form_card(member, story, form, errors)) }
            }
        }
    }
}

fn chip(consent: &Consent) -> Chip {
    let chip = |tone, icon, word: &str| Chip { tone, icon, word: word.to_owned() };
    match (&consent.withdrawn, consent.stands()) {
        (Some(_), _) => chip(Tone::Rest, Icon::Cancel, "Withdrawn"),
        (None, true) => chip(Tone::Done, Icon::Ok, "Agreed"),
        (None, false) => chip(Tone::Rest, Icon::Skip, "Ended"),
    }
}

fn table_card(member: &Member, story: &Story) -> Card {
    let zone = &member.organization.zone;
    let day = |at| zone.date(at, member.now);
    let by = |name: &str| if name.is_empty() { "themselves".to_owned() } else { name.to_owned() };
    let row = |consent: &Consent| {
        Row::new(vec![
            html! {
                b { (consent.channel.map_or("Promotions on every channel".to_owned(), |on| format!("Promotions on {}", on.title()))) }
                span class="m-sub" { "“" (consent.wording) "”" }
            },
            html! {
                (chip(consent))
                @if let Some(withdrawn) = &consent.withdrawn {
                    span class="m-sub" { (day(withdrawn.at)) " by " (by(&withdrawn.by)) ": " (withdrawn.reason) }
                } @else if let Some((at, channel)) = consent.ended_by_opt_out.first() {
                    span class="m-sub" {
                        "They opted out" @if let Some(channel) = channel { " on " (channel.title()) } ", " (day(*at)) ", after they had agreed."
                    }
                }
            },
            html! {
                (day(consent.given_at)) ", " (zone.time(consent.given_at))
                span class="m-sub" { (consent.source) }
                @if !consent.note.is_empty() { span class="m-sub" { "After an opt-out: " (consent.note) } }
            },
            html! {
                (by(&consent.recorded_by))
                span class="m-sub" { (day(consent.recorded_at)) @if consent.import.is_some() { ", from a file" } }
            },
            html! {
                @if consent.withdrawn.is_none() && member.may(Permission::AddRegistrants) {
                    (Button::link("Withdraw", format!("{}/consents/{}/withdraw", href(story.lead), consent.id)).small())
                }
            },
        ])
    };
    Card::new(
        "agreed",
        "Agreed to",
        Table {
            caption: "What this person agreed to".into(),
            columns: vec![
                Column::new("What, in which words", Place::Title),
                Column::new("State", Place::Line),
                Column::new("When and where", Place::Line),
                Column::new("Recorded by", Place::Line),
                Column::new("Actions", Place::Actions),
            ],
            rows: story.consents.iter().map(row).collect(),
            empty: "No agreement to promotions is recorded. Messages about a workshop follow from the registration."
                .into(),
        },
    )
}

fn form_card(member: &Member, story: &Story, form: &ConsentForm, errors: &ConsentErrors) -> Card {
    let zone = &member.organization.zone;
    let waits = story.opted_out_at.map(|at| (at, at.plus(NO_NEW_REQUEST_MS)));
    let waits = waits.filter(|(_, until)| *until > member.now);
    let current = if form.channel.is_empty() { "all" } else { &form.channel };
    let channels = std::iter::once(Choice::new("all", "Every channel", current))
        .chain(Channel::ALL.iter().map(|channel| Choice::new(channel.word(), channel.title(), current)))
        .collect();
    let given = if form.given.is_empty() { zone.local_form(member.now) } else { form.given.clone() };
    Card::new(
        "agree",
        "Record an agreement",
        html! {
            form class="m-stack" method="post" action={ (href(story.lead)) "/consents" } {
                (member.csrf())
                @if let Some((at, until)) = waits {
                    (Note::new(Tone::Act, format!("They opted out on {}.", zone.date(at, member.now)),
                        format!("Do not ask them again before {}.", zone.date(until, member.now))))
                }
                (Field::select("channel", "Promotions on", channels).error(errors.channel.clone()))
                (Field::text("source", "Where they agreed").value(&form.source).placeholder("Sign-up form on our website").error(errors.source.clone()).required())
                (Field::area("wording", "The words they agreed to", &form.wording).error(errors.wording.clone()).required())
                (Field::datetime("given", "When").value(given).error(errors.given.clone()))
                @if waits.is_some() || errors.note.is_some() || !form.note.is_empty() {
                    (Field::text("note", "How they came back by themselves").value(&form.note).placeholder("Called us and asked for offers").error(errors.note.clone()))
                }
                (Button::new("Record agreement").busy("Recording…"))
            }
        },
    )
    .padded()
}

fn lifted_card(member: &Member, story: &Story) -> Card {
    let zone = &member.organization.zone;
    let day = |at| zone.date(at, member.now);
    let rows = story.lifted.iter().map(|lifted| {
        let entry = &lifted.entry;
        let by = |name: &str| if name.is_empty() { "by themselves".to_owned() } else { format!("by {name}") };
        Row::new(vec![
            html! { b { "Opted out of " (what_for(entry.channel, entry.category)) } span class="m-sub" { (entry.reason) } },
            html! { (day(entry.created_at)) span class="m-sub" { (by(&entry.created_by)) } },
            html! { (day(lifted.at)) span class="m-sub" { (by(&lifted.by)) @if !lifted.reason.is_empty() { ": " (lifted.reason) } } },
        ])
    });
    Card::new(
        "lifted",
        "Opt-outs that were lifted",
        Table {
            caption: "Opt-outs of this person that were lifted".into(),
            columns: vec![
                Column::new("What", Place::Title),
                Column::new("Entered", Place::Line),
                Column::new("Allowed again", Place::Line),
            ],
            rows: rows.collect(),
            empty: String::new(),
        },
    )
}
