//! Adding and editing an account of Fast2SMS.

use axum::extract::State;
use domain::{
    ids::IntegrationId,
    pace::Pace,
    sending_hours::OpenHours,
    sms::{EntityId, IdError, SenderId, SmsRoute, ValueLimits},
    text::line,
};
use maud::{Markup, html};
use providers::{Fast2smsSecrets, Fast2smsSettings, Secret, fast2sms::NUMBERS_PER_REQUEST_MAX};
use serde::Deserialize;
use serde_json::json;
use store::integrations::{Integration, NewIntegration};

use super::{
    super::{
        FormPage, HREF, NAME_CHARS_MAX, PER_DAY_MAX, ended, href, per_day, per_day_text, secret_error, whole,
        within,
    },
    NEW, settings_of,
};
use crate::{
    accounts::{FAST2SMS, seal_binding},
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::{
        length_error,
        organisation::{clock_text, minute},
        unprocessable,
    },
    ui::{
        field::{Choice, Field},
        head::Head,
    },
};

/// Fast2SMS publishes no rate; five a second is careful (providers/fast2sms.md §10).
const PER_SECOND_DEFAULT: i64 = 5;
const PER_SECOND_MAX: i64 = 100;

/// What the form sends. No `Debug`: it holds the key.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountForm {
    name: String,
    api_key: String,
    sender: String,
    entity_id: String,
    route: String,
    numbers_per_request: String,
    per_second: String,
    per_day: String,
    hours_from: String,
    hours_until: String,
    text_chars: String,
    alphanumeric_chars: String,
    link_chars: String,
}

/// What is wrong, field by field.
#[derive(Default)]
struct Errors {
    name: Option<String>,
    api_key: Option<String>,
    sender: Option<String>,
    entity_id: Option<String>,
    route: Option<String>,
    numbers_per_request: Option<String>,
    per_second: Option<String>,
    per_day: Option<String>,
    hours_from: Option<String>,
    hours_until: Option<String>,
    text_chars: Option<String>,
    alphanumeric_chars: Option<String>,
    link_chars: Option<String>,
}

impl Errors {
    fn is_empty(&self) -> bool {
        let all = [&self.name, &self.api_key, &self.sender, &self.entity_id, &self.route];
        let pace = [&self.numbers_per_request, &self.per_second, &self.per_day];
        let hours = [&self.hours_from, &self.hours_until];
        let chars = [&self.text_chars, &self.alphanumeric_chars, &self.link_chars];
        all.into_iter().chain(pace).chain(hours).chain(chars).all(Option::is_none)
    }
}

/// What a form without a mistake says.
struct Typed {
    name: String,
    settings: Fast2smsSettings,
    pace: Pace,
    /// `None` keeps the stored one.
    key: Option<Secret>,
}

/// An id that may be left empty; with words for the person who typed it.
fn optional<T>(parsed: Result<T, IdError>, error: &mut Option<String>) -> Option<T> {
    match parsed {
        Ok(id) => Some(id),
        Err(IdError::Empty) => None,
        Err(wrong) => {
            *error = Some(ended(&wrong.to_string()));
            None
        }
    }
}

/// The hours that were typed; `None` when both fields are empty, or something is wrong with them.
fn typed_hours(from: &str, until: &str, errors: &mut Errors) -> Option<OpenHours> {
    const TIME: &str = "A time such as 09:00.";
    let (from, until) = (from.trim(), until.trim());
    match (from.is_empty(), until.is_empty()) {
        (true, true) => return None,
        (true, false) => errors.hours_from = Some("From when? Or leave both empty.".to_owned()),
        (false, true) => errors.hours_until = Some("Until when? Or leave both empty.".to_owned()),
        (false, false) => {}
    }
    let read = |text: &str, error: &mut Option<String>| {
        let read = minute(text);
        if read.is_none() {
            error.get_or_insert_with(|| TIME.to_owned());
        }
        read
    };
    let (from, until) = (read(from, &mut errors.hours_from), read(until, &mut errors.hours_until));
    let hours = OpenHours::new(from?, until?);
    if hours.is_none() {
        errors.hours_until =
            Some("The same time twice leaves it open whether that is always or never. Leave both empty for any hour.".to_owned());
    }
    hours
}

impl AccountForm {
    fn blank() -> AccountForm {
        AccountForm {
            per_second: PER_SECOND_DEFAULT.to_string(),
            ..AccountForm::with(&Fast2smsSettings::default())
        }
    }

    fn with(settings: &Fast2smsSettings) -> AccountForm {
        AccountForm {
            sender: settings.default_sender.as_ref().map(ToString::to_string).unwrap_or_default(),
            entity_id: settings.entity_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            route: settings.default_route.word().to_owned(),
            numbers_per_request: settings.numbers_per_request.to_string(),
            text_chars: settings.limits.text.to_string(),
            alphanumeric_chars: settings.limits.alphanumeric.to_string(),
            link_chars: settings.limits.link.to_string(),
            hours_from: settings.hours.map(|hours| clock_text(hours.from_minute)).unwrap_or_default(),
            hours_until: settings.hours.map(|hours| clock_text(hours.until_minute)).unwrap_or_default(),
            ..AccountForm::default()
        }
    }

    fn of(integration: &Integration) -> AccountForm {
        AccountForm {
            name: integration.name.clone(),
            per_second: integration.pace.per_second.to_string(),
            per_day: per_day_text(integration.pace),
            ..AccountForm::with(&settings_of(integration))
        }
    }

    /// An empty field takes the usual length.
    fn limits(&self, errors: &mut Errors) -> ValueLimits {
        let usual = ValueLimits::default();
        let most = i64::try_from(ValueLimits::MOST).unwrap_or(i64::MAX);
        let read = |typed: &str, usual: usize, error: &mut Option<String>| {
            if typed.trim().is_empty() {
                return usual;
            }
            let length = whole(typed).filter(|n| (1..=most).contains(n));
            if length.is_none() {
                *error = Some(format!("A whole number from 1 to {most}, or empty for the usual."));
            }
            length.and_then(|n| usize::try_from(n).ok()).unwrap_or(usual)
        };
        ValueLimits {
            text: read(&self.text_chars, usual.text, &mut errors.text_chars),
            alphanumeric: read(&self.alphanumeric_chars, usual.alphanumeric, &mut errors.alphanumeric_chars),
            link: read(&self.link_chars, usual.link, &mut errors.link_chars),
        }
    }

    /// `stored`: whether there is a key that an empty field keeps.
    fn check(&self, stored: bool) -> Result<Typed, Box<Errors>> {
        let mut errors = Errors::default();
        let name = line(&self.name);
        errors.name = length_error(&name, NAME_CHARS_MAX, "An account needs a name, such as “Udaan SMS”.");
        errors.api_key = secret_error(&self.api_key);
        let key = Some(Secret::new(&self.api_key)).filter(|key| !key.is_empty());
        if key.is_none() && !stored {
            errors.api_key = Some("Paste the API key.".into());
        }
        let route = self.route.parse::<SmsRoute>();
        if route.is_err() {
            errors.route = Some("Choose one of the routes.".into());
        }
        let most = i64::try_from(NUMBERS_PER_REQUEST_MAX).unwrap_or(i64::MAX);
        let numbers = within(&self.numbers_per_request, 1, most, &mut errors.numbers_per_request);
        let pace = Pace {
            per_second: within(&self.per_second, 1, PER_SECOND_MAX, &mut errors.per_second),
            per_day: per_day(&self.per_day, &mut errors.per_day),
        };
        let settings = Fast2smsSettings {
            default_sender: optional(SenderId::parse(&self.sender), &mut errors.sender),
            entity_id: optional(EntityId::parse(&self.entity_id), &mut errors.entity_id),
            default_route: route.unwrap_or(SmsRoute::Dlt),
            numbers_per_request: usize::try_from(numbers).unwrap_or(1),
            hours: typed_hours(&self.hours_from, &self.hours_until, &mut errors),
            limits: self.limits(&mut errors),
            ..Fast2smsSettings::default()
        };
        let typed = Typed { name, settings, pace, key };
        if errors.is_empty() { Ok(typed) } else { Err(Box::new(errors)) }
    }
}

fn sealed(app: &App, key: Secret, member: &Member, id: IntegrationId) -> (String, serde_json::Value) {
    let hints = json!({ "api_key": key.hint() });
    let binding = seal_binding(member.org.actor().organization, id);
    (app.keys.seal(&Fast2smsSecrets { api_key: key }.to_json(), &binding), hints)
}

fn stored_settings(settings: &Fast2smsSettings) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(settings).map_err(|error| Problem::fault(error.to_string()))
}

impl AccountForm {
    fn fields(&self, member: &Member, errors: &Errors, stored: Option<&Integration>) -> Markup {
        let routes =
            SmsRoute::ALL.iter().map(|route| Choice::new(route.word(), route.title(), &self.route)).collect();
        let hint = stored.and_then(|one| one.hints.get("api_key")?.as_str()).filter(|hint| !hint.is_empty());
        let keeps = match (stored, hint) {
            (None, _) => String::new(),
            (Some(_), None) => "Empty keeps the one that is stored. ".to_owned(),
            (Some(_), Some(hint)) => format!("Empty keeps the one that ends in {hint}. "),
        };
        html! {
            (Field::text("name", "Name").value(&self.name).placeholder("Udaan SMS").error(errors.name.clone()).required().at_most(60))
            (Field::password("api_key", "API key").autocomplete("off").error(errors.api_key.clone())
                .help(format!("{keeps}At Fast2SMS under Dev API. Stored sealed, never shown again.")))
            div class="m-row2" {
                (Field::text("sender", "Default header").value(&self.sender).placeholder("WRKSHP").error(errors.sender.clone()).autocomplete("off")
                    .help("The sender id that people see, 3 to 6 letters, as registered. For templates that name none."))
                (Field::text("entity_id", "Entity id").value(&self.entity_id).inputmode("numeric").error(errors.entity_id.clone()).autocomplete("off")
                    .help("Your business on the DLT register, 19 digits. For templates that name none."))
            }
            div class="m-row2" {
                (Field::select("route", "Default route", routes).error(errors.route.clone())
                    .help("How new templates go. Quick needs no registration, comes from a random number and costs ₹5 each."))
                (Field::number("numbers_per_request", "Numbers per request").value(&self.numbers_per_request).between(1, NUMBERS_PER_REQUEST_MAX).error(errors.numbers_per_request.clone()).required()
                    .help("When the text is the same for all. With fewer, a lost answer leaves fewer people unknown."))
            }
            div class="m-row2" {
                (Field::number("per_second", "Requests per second").value(&self.per_second).between(1, PER_SECOND_MAX).error(errors.per_second.clone()).required()
                    .help("Fast2SMS publishes no limit. 5 is careful."))
                (Field::number("per_day", "Messages per day").value(&self.per_day).between(0, PER_DAY_MAX).error(errors.per_day.clone())
                    .help("Your own ceiling. Empty means none."))
            }
            div class="m-row2" {
                (Field::input("time", "hours_from", "Sends from").value(&self.hours_from).error(errors.hours_from.clone())
                    .help(format!("Hours in which this account may send, in {}. Empty means any.", member.organization.zone.name())))
                (Field::input("time", "hours_until", "Sends until").value(&self.hours_until).error(errors.hours_until.clone())
                    .help("Promotion also keeps to 10:00 AM to 9:00 PM in India and to your quiet hours, whatever stands here."))
            }
            div class="m-row2" {
                (length_field("text_chars", "Longest value", &self.text_chars, errors.text_chars.clone())
                    .help("In characters, where the text has {#var#}. Operators differ: your DLT portal says. Who would get a longer one is named and left out."))
                (length_field("alphanumeric_chars", "Longest alphanumeric value", &self.alphanumeric_chars, errors.alphanumeric_chars.clone())
                    .help("In characters, where the text has {#alphanumeric#}."))
            }
            div class="m-row2" {
                (length_field("link_chars", "Longest link", &self.link_chars, errors.link_chars.clone())
                    .help("In characters, where the text has {#url#} or {#urlott#}."))
            }
        }
    }
}

fn length_field(name: &str, label: &str, typed: &str, error: Option<String>) -> Field {
    Field::number(name, label).value(typed).between(1, ValueLimits::MOST).error(error)
}

/// `GET /settings/integrations/new/fast2sms`
pub async fn new(member: Member) -> Markup {
    new_page(&member, &AccountForm::blank(), &Errors::default())
}

/// `POST /settings/integrations/new/fast2sms`
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<AccountForm>) -> PageResult {
    let typed = match form.check(false) {
        Ok(Typed { name, settings, pace, key: Some(key) }) => (name, settings, pace, key),
        Ok(Typed { key: None, .. }) => {
            return Ok(unprocessable(new_page(&member, &form, &Errors::default())));
        }
        Err(errors) => return Ok(unprocessable(new_page(&member, &form, &errors))),
    };
    let (name, settings, pace, key) = typed;
    let id = IntegrationId::new(member.now);
    let (sealed, hints) = sealed(&app, key, &member, id);
    let new = NewIntegration {
        id,
        kind: FAST2SMS.to_owned(),
        name,
        settings: stored_settings(&settings)?,
        sealed,
        hints,
        callback_key: app.keys.callback_key(id),
        pace,
    };
    member.org.add_integration(new, member.now).await?;
    Ok(see_other_saying(&app, &href(id), "Account added. Test the connection next."))
}

fn new_page(member: &Member, form: &AccountForm, errors: &Errors) -> Markup {
    let head = Head::new("Add a Fast2SMS account")
        .meta("SMS to Indian mobile numbers. You need an account at Fast2SMS with a first recharge of ₹100.");
    let fields = html! {
        (form.fields(member, errors, None))
        @if !errors.is_empty() { p class="m-hint" { "A key is never sent back to a page: paste it again." } }
    };
    FormPage {
        title: "Add account",
        head,
        note: None,
        card: "Fast2SMS",
        fields,
        save: "Add account",
        action: NEW.into(),
        back: HREF.into(),
    }
    .page(member)
}

/// The form of its page.
pub(in super::super) fn edit(member: &Member, integration: &Integration) -> Markup {
    edit_page(member, integration, &AccountForm::of(integration), &Errors::default())
}

/// Saves what was typed.
pub(in super::super) async fn update(
    app: &App,
    member: &Member,
    integration: &Integration,
    form: AccountForm,
) -> PageResult {
    let Typed { name, settings, pace, key } = match form.check(true) {
        Ok(typed) => typed,
        Err(errors) => return Ok(unprocessable(edit_page(member, integration, &form, &errors))),
    };
    let settings = stored_settings(&settings)?;
    member.org.update_integration(integration.id, &name, &settings, pace, member.now).await?;
    let words = match key {
        None => "Account saved.",
        Some(key) => {
            let (sealed, hints) = sealed(app, key, member, integration.id);
            member.org.replace_secrets(integration.id, &sealed, &hints, member.now).await?;
            "Account saved, key replaced. Test the connection next."
        }
    };
    app.callbacks.forget();
    Ok(see_other_saying(app, &href(integration.id), words))
}

fn edit_page(member: &Member, integration: &Integration, form: &AccountForm, errors: &Errors) -> Markup {
    FormPage::editing(integration, form.fields(member, errors, Some(integration))).page(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_id_is_none_and_a_wrong_one_is_named() {
        let mut error = None;
        assert_eq!(optional(SenderId::parse("  "), &mut error), None);
        assert_eq!(error, None);
        assert!(optional(SenderId::parse("WRKSHP"), &mut error).is_some());
        assert_eq!(optional(EntityId::parse("12"), &mut error), None);
        assert!(error.unwrap().ends_with('.'), "a sentence");
    }
}
