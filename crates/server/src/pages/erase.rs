//! Erasing a person on request, and how long an organisation keeps its people.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    ids::{BroadcastId, LeadId},
    phone::Phone,
    role::Permission,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    erasure::{Erasure, KEEP_DAYS_MAX, KEEP_DAYS_MIN, Retention, RetentionResult},
    people::Story,
};

use super::{imports::upload::remove, person, settings::when, settings_page, unprocessable, workshops::ok};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    play,
    ui::{
        button::Button,
        chip::Tone,
        dialog::Confirm,
        field::Field,
        format::{counted, phone},
        head::Card,
        icons::Icon,
        menu::MenuItem,
        note::Note,
        shell::{Crumb, Section},
    },
    uploads,
};

const SETTINGS: &str = "/settings/organisation";

fn href(person: LeadId) -> String {
    format!("/people/{person}")
}

/// `GET /people/{person}/erase`
pub async fn ask(State(app): State<App>, member: Member, Path(id): Path<LeadId>) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    Ok(ok(ask_page(&member, &story, &[])))
}

/// `POST /people/{person}/erase`
pub async fn erase(State(app): State<App>, member: Member, Path(id): Path<LeadId>) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    let number = Phone::from_stored(&story.phone).map_err(|_| Problem::not_found())?;
    match member.org.forget_number(&number, &app.phone_key, member.now).await? {
        Erasure::Busy(broadcasts) => {
            Ok((StatusCode::CONFLICT, ask_page(&member, &story, &broadcasts)).into_response())
        }
        Erasure::Done(erased) => {
            for file in &erased.files {
                remove(&app.config.data.join(file)).await;
            }
            app.engine.forget_rehearsals().await?;
            play::close_gone(&app).await;
            app.store.empty_log().await?;
            let uploads = match uploads::forget(&app, member.organization.id, &erased.numbers).await {
                0 => String::new(),
                n => format!(" {} with the number removed.", counted(n as u64, "upload", "uploads")),
            };
            let words = format!(
                "Erased: {} and {}.{uploads} What was counted and paid stays.",
                counted(erased.registrations, "registration", "registrations"),
                counted(erased.messages, "message", "messages")
            );
            Ok(see_other_saying(&app, "/people", &words))
        }
    }
}

/// The question; with broadcasts that stand in the way, what to do about them.
fn ask_page(member: &Member, story: &Story, busy: &[(BroadcastId, String)]) -> Markup {
    let name = person::name_of(story);
    let question = Confirm {
        id: "erase".into(),
        title: format!("Erase everything about {}?", phone(&story.phone)),
        body: html! {
            div class="m-stack" {
                @for (broadcast, title) in busy {
                    (Note::new(
                        Tone::Act,
                        "A message to this number is waiting or under way.",
                        format!("Nothing was erased. Cancel what waits in “{title}”, or erase when it is done."),
                    ).action(Button::link("Open broadcast", format!("/broadcasts/{broadcast}")).small()))
                }
                p class="m-p" {
                    "Name, number, e-mail, the values of every message and the providers’ answers are overwritten. It cannot be undone."
                }
                p class="m-p" {
                    "Counts and costs stay. Opt-outs stay too, as a keyed hash without the number, so that an import does not bring this person back."
                }
                p class="m-hint" {
                    (counted(story.registrations.len(), "registration", "registrations")) ", "
                    (counted(story.messages.len() + story.to_former.len(), "message", "messages"))
                    @if !story.to_former.is_empty() {
                        ", of them " (counted(story.to_former.len(), "to a number that was corrected", "to numbers that were corrected"))
                    }
                    ". Everybody who registered with this number is erased. Backups made before still hold it."
                }
            }
        },
        action: format!("{}/erase", href(story.lead)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Erase this person").busy("Erasing…"),
        back: ("Keep".into(), href(story.lead)),
    };
    let mut page = member.page(Section::People, "Erase", question.page());
    page.crumbs =
        vec![Crumb::to("People", "/people"), Crumb::to(name, href(story.lead)), Crumb::here("Erase")];
    page.render()
}

/// What the form of the retention sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RetentionForm {
    #[serde(default)]
    keep_days: String,
    /// What would be erased at once was named and agreed to.
    #[serde(default)]
    sure: String,
}

impl RetentionForm {
    fn of(retention: &Retention) -> RetentionForm {
        let days = retention.keep_days.map_or(String::new(), |days| days.to_string());
        RetentionForm { keep_days: days, sure: String::new() }
    }

    /// The days, `None` for ever; or what is wrong.
    fn check(&self) -> Result<Option<i64>, String> {
        let typed = self.keep_days.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        match typed.parse::<i64>() {
            Ok(days) if (KEEP_DAYS_MIN..=KEEP_DAYS_MAX).contains(&days) => Ok(Some(days)),
            _ => Err(format!(
                "{KEEP_DAYS_MIN} to {KEEP_DAYS_MAX} days; receipts and questions still come in the first week. Leave it empty to keep everything."
            )),
        }
    }
}

/// `POST /settings/organisation/retention`
pub async fn keep(State(app): State<App>, member: Member, Form(form): Form<RetentionForm>) -> PageResult {
    let days = match form.check() {
        Ok(days) => days,
        Err(words) => {
            return Ok(unprocessable(super::organisation::page_with(&member, &form, Some(words)).await?));
        }
    };
    if let Some(days) = days.filter(|_| form.sure != "yes") {
        let past = member.org.past_retention(days, member.now).await?;
        if past > 0 {
            return Ok(ok(sure_page(&member, days, past)));
        }
    }
    member.org.keep_for(days, member.now).await?;
    Ok(see_other_saying(&app, SETTINGS, "Settings saved."))
}

fn sure_page(member: &Member, days: i64, past: i64) -> Markup {
    let workshops = counted(past, "workshop", "workshops");
    let question = Confirm {
        id: "retention".into(),
        title: format!("Erase the people of {workshops} now?"),
        body: html! {
            p class="m-p" {
                "They ended more than " (counted(days, "day", "days")) " ago. Within the hour, names, numbers, e-mails and messages’ values are overwritten. It cannot be undone. Counts and costs stay."
            }
        },
        action: format!("{SETTINGS}/retention"),
        csrf: member.csrf().clone(),
        hidden: vec![("keep_days".into(), days.to_string()), ("sure".into(), "yes".into())],
        confirm: Button::danger(format!("Erase the people of {workshops}")).busy("Saving…"),
        back: ("Keep everything".into(), SETTINGS.into()),
    };
    settings_page(member, "Personal data", SETTINGS, question.page()).render()
}

/// The part of the organisation's settings about it.
pub(super) fn card(
    member: &Member,
    retention: &Retention,
    form: Option<&RetentionForm>,
    error: Option<String>,
) -> Card {
    let may = member.may(Permission::Erase);
    let form = form.cloned().unwrap_or_else(|| RetentionForm::of(retention));
    Card::new(
        "personal-data",
        "Personal data",
        html! {
            form class="m-door__fields" method="post" action={ (SETTINGS) "/retention" } {
                (member.csrf())
                (Field::number("keep_days", "Keep personal data for so many days after a workshop")
                    .value(&form.keep_days).between(KEEP_DAYS_MIN, KEEP_DAYS_MAX)
                    .help("After them, names, numbers, e-mails and messages’ values are overwritten; counts and costs stay. Empty: kept for ever.")
                    .error(error).disabled(!may))
                @if may { (Button::new("Save").busy("Saving…")) }
                @else { p class="m-hint" { "Admins can change this." } }
            }
            (told(member, retention))
        },
    )
    .padded()
}

/// When it last ran, and what it did.
fn told(member: &Member, retention: &Retention) -> Markup {
    let at = |at| when(member, at);
    html! {
        @match (retention.keep_days, retention.ran_at) {
            (None, None) => {}
            (Some(_), None) => p class="m-hint" { "It has not looked yet; it does once an hour." },
            (_, Some(ran_at)) => p class="m-hint" { "Last looked " (at(ran_at)) "." },
        }
        @if let Some((erased_at, did)) = &retention.erased {
            p class="m-hint" { "Last erased " (at(*erased_at)) ": " (did_words(did)) "." }
        }
    }
}

fn did_words(did: &RetentionResult) -> String {
    let parts = [
        (did.workshops, "workshop", "workshops"),
        (did.people, "registration", "registrations"),
        (did.messages, "message", "messages"),
        (did.receipts, "receipt that fitted no message", "receipts that fitted no message"),
    ];
    let said = parts.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(*n, one, many));
    said.collect::<Vec<_>>().join(", ")
}

/// A refusal is no page of its own: whoever may not erase does not see the line of the menu.
pub(super) fn item(member: &Member, person: LeadId) -> Option<MenuItem> {
    let item = || MenuItem::link("Erase this person", format!("{}/erase", href(person)));
    member.may(Permission::Erase).then(|| item().icon(Icon::Trash).danger())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_few_days_that_receipts_still_come_are_refused() {
        let check = |typed: &str| RetentionForm { keep_days: typed.into(), sure: String::new() }.check();
        assert_eq!(check(" "), Ok(None));
        assert_eq!(check("90"), Ok(Some(90)));
        assert!(
            check("6").is_err() && check("-1").is_err() && check("ninety").is_err() && check("3651").is_err()
        );
    }
}
