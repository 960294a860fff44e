//! Stopping messages to one person, from their page: what to stop, and perhaps who asked.

use axum::extract::State;
use domain::{
    channel::{Category, Channel},
    ids::LeadId,
    phone::Phone,
    text::line,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{StoreError, people::Story, suppressions::NewSuppression};

use super::{
    opted_out::{all_or, check_reason, what_for},
    person, unprocessable,
    workshops::ok,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::Button,
        dialog::Confirm,
        field::Field,
        shell::{Crumb, Section},
    },
};

/// The dialog on the person's page.
pub(super) const DIALOG: &str = "opt-out";
/// What stands in the record when nobody wrote a reason.
const NO_REASON: &str = "No reason was written down";

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct OptOutForm {
    /// Channel and category, each a word or `all`, with a space between.
    #[serde(default)]
    what: String,
    #[serde(default)]
    reason: String,
}

/// What can be stopped: word, name, what stays possible.
const CHOICES: &[(&str, &str, &str)] = &[
    ("all marketing", "Promotions", "Links and reminders of workshops still arrive"),
    ("personal all", "Everything on WhatsApp", "SMS and calls stay possible"),
    ("sms all", "Everything by SMS", "WhatsApp and calls stay possible"),
    ("all all", "Everything on every channel", "Also links and reminders of workshops"),
];

fn href(lead: LeadId) -> String {
    format!("/people/{lead}/opt-out")
}

/// `GET /people/{person}/opt-out`: the question as a page.
pub async fn ask(State(app): State<App>, member: Member, Path(id): Path<LeadId>) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    Ok(ok(page(&member, &story, &OptOutForm::default(), None)))
}

/// `POST /people/{person}/opt-out`
pub async fn opt_out(
    State(app): State<App>,
    member: Member,
    Path(id): Path<LeadId>,
    Form(form): Form<OptOutForm>,
) -> PageResult {
    let story = member.org.story(id, &app.phone_key).await?;
    let number = Phone::from_stored(&story.phone).map_err(|_| Problem::not_found())?;
    let read = form
        .what
        .split_once(' ')
        .and_then(|(channel, category)| Some((all_or::<Channel>(channel)?, all_or::<Category>(category)?)));
    let reason = match line(&form.reason) {
        reason if reason.is_empty() => NO_REASON.to_owned(),
        reason => reason,
    };
    let Some((channel, category)) = read else {
        let error = "Choose what to stop.".to_owned();
        return Ok(unprocessable(page(&member, &story, &form, Some(error))));
    };
    if let Some(error) = check_reason(&reason) {
        return Ok(unprocessable(page(&member, &story, &form, Some(error))));
    }
    let phone_key = app.phone_key.of(number.as_str());
    let entry = NewSuppression { phone: number, phone_key, channel, category, reason };
    let words = match member.org.suppress(entry, member.now).await {
        Ok(()) => format!("{} opted out of {}.", person::name_of(&story), what_for(channel, category)),
        Err(StoreError::Taken) => "That was stopped before; nothing changed.".to_owned(),
        Err(error) => return Err(error.into()),
    };
    Ok(see_other_saying(&app, &format!("/people/{id}"), &words))
}

/// The question, for the dialog and for the page.
pub(super) fn question(member: &Member, story: &Story, form: &OptOutForm, error: Option<String>) -> Confirm {
    let stopped = |word: &str| {
        story.suppressions.iter().any(|entry| {
            let channel = entry.channel.map_or("all", Channel::word);
            let category = entry.category.map_or("all", Category::word);
            format!("{channel} {category}") == word
        })
    };
    let chosen = CHOICES.iter().map(|(word, ..)| *word).find(|word| *word == form.what);
    let chosen = chosen.or(CHOICES.iter().map(|(word, ..)| *word).find(|word| !stopped(word)));
    let body = html! {
        @if let Some(error) = &error { p class="m-bad" role="alert" { (error) } }
        fieldset class="m-choices m-choices--one" {
            legend class="m-label" { "What to stop" }
            @for (word, name, sub) in CHOICES {
                @let off = stopped(word);
                label.m-choice.is-off[off] {
                    input type="radio" name="what" value=(word) checked[chosen == Some(*word)] disabled[off];
                    span class="m-choice__text" {
                        span class="m-choice__name" { (name) }
                        span class="m-sub" { @if off { "Stopped already" } @else { (sub) } }
                    }
                }
            }
        }
        (Field::text("reason", "Reason, shown to colleagues (optional)").value(&form.reason).autocomplete("off"))
        p class="m-sub" { "Messages that wait are skipped. It can be allowed again at any time." }
    };
    Confirm {
        id: DIALOG.into(),
        title: format!("Stop messages to {}?", person::name_of(story)),
        body,
        action: href(story.lead),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::primary("Stop messages").busy("Stopping…"),
        back: ("Keep sending".into(), format!("/people/{}", story.lead)),
    }
}

/// The button on the person's page.
pub(super) fn action(lead: LeadId) -> Button {
    Button::link("Opt out", href(lead)).opens(DIALOG)
}

fn page(member: &Member, story: &Story, form: &OptOutForm, error: Option<String>) -> Markup {
    let name = person::name_of(story);
    let mut page = member.page(Section::People, "Opt out", question(member, story, form, error).page());
    page.crumbs = vec![
        Crumb::to("People", "/people"),
        Crumb::to(name, format!("/people/{}", story.lead)),
        Crumb::here("Opt out"),
    ];
    page.render()
}
