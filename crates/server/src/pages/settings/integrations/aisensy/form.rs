//! Adding and editing an account of AiSensy, and its secrets.

use axum::extract::State;
use domain::{ids::IntegrationId, pace::Pace, text::line};
use maud::{Markup, html};
use providers::{AisensySecrets, AisensySettings, Secret, aisensy::project_id_of};
use serde::Deserialize;
use serde_json::{Value, json};
use store::integrations::{Integration, NewIntegration};

use super::{
    super::{FormPage, HREF, NAME_CHARS_MAX, PER_DAY_MAX, href, per_day, per_day_text, secret_error, within},
    NEW,
};
use crate::{
    accounts::{AISENSY, seal_binding},
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::{length_error, unprocessable},
    ui::{
        button::Link,
        chip::Tone,
        field::{Checkbox, Field},
        head::Head,
        note::Note,
    },
};

/// Longest `source`; AiSensy states no limit, screens have one.
const SOURCE_CHARS_MAX: usize = 60;
/// AiSensy's rate is not published; 80 is Meta's per number (providers/aisensy.md §6).
const PER_SECOND_MAX: i64 = 80;
const PER_SECOND_DEFAULT: i64 = 10;

/// What the form of an account sends. No `Debug`: it holds secrets.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountForm {
    name: String,
    project_id: String,
    source: String,
    per_second: String,
    per_day: String,
    #[serde(flatten)]
    keys: KeysForm,
}

/// The part with the secrets.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct KeysForm {
    api_key: String,
    project_password: String,
    webhook_secret: String,
    drop_project_password: String,
    drop_webhook_secret: String,
}

/// What is wrong, field by field.
#[derive(Default)]
struct Errors {
    name: Option<String>,
    project_id: Option<String>,
    source: Option<String>,
    per_second: Option<String>,
    per_day: Option<String>,
    api_key: Option<String>,
    project_password: Option<String>,
    webhook_secret: Option<String>,
}

impl Errors {
    fn is_empty(&self) -> bool {
        let all = [&self.name, &self.project_id, &self.source, &self.per_second, &self.per_day];
        let keys = [&self.api_key, &self.project_password, &self.webhook_secret];
        all.into_iter().chain(keys).all(Option::is_none)
    }
}

impl AccountForm {
    fn blank() -> AccountForm {
        AccountForm {
            source: AisensySettings::default().source,
            per_second: PER_SECOND_DEFAULT.to_string(),
            ..AccountForm::default()
        }
    }

    fn of(integration: &Integration) -> AccountForm {
        let settings: AisensySettings =
            serde_json::from_value(integration.settings.clone()).unwrap_or_default();
        AccountForm {
            name: integration.name.clone(),
            project_id: settings.project_id,
            source: settings.source,
            per_second: integration.pace.per_second.to_string(),
            per_day: per_day_text(integration.pace),
            keys: KeysForm::default(),
        }
    }

    fn check(&self, errors: &mut Errors) -> (String, String, String, Pace) {
        let (name, source) = (line(&self.name), line(&self.source));
        errors.name = length_error(&name, NAME_CHARS_MAX, "An account needs a name, such as “Udaan main”.");
        errors.source = (source.chars().count() > SOURCE_CHARS_MAX)
            .then(|| format!("At most {SOURCE_CHARS_MAX} characters. Shorten it."));
        let project_id = line(&self.project_id).to_ascii_lowercase();
        let is_id = project_id.len() == 24 && project_id.bytes().all(|b| b.is_ascii_hexdigit());
        errors.project_id = (!project_id.is_empty() && !is_id).then(|| {
            "A project id has 24 characters, 0–9 and a–f. Copy it from AiSensy, or leave it empty.".into()
        });
        let pace = Pace {
            per_second: within(&self.per_second, 1, PER_SECOND_MAX, &mut errors.per_second),
            per_day: per_day(&self.per_day, &mut errors.per_day),
        };
        (name, project_id, source, pace)
    }

    fn fields(&self, errors: &Errors) -> Markup {
        html! {
            (Field::text("name", "Name").value(&self.name).placeholder("Udaan main").error(errors.name.clone()).required().at_most(60))
            div class="m-row2" {
                (Field::number("per_second", "Messages per second").value(&self.per_second).between(1, PER_SECOND_MAX).error(errors.per_second.clone()).required()
                    .help("AiSensy publishes no limit. 10 is careful; 80 is Meta’s per number."))
                (Field::number("per_day", "People per day").value(&self.per_day).between(0, PER_DAY_MAX).error(errors.per_day.clone())
                    .help("Your messaging tier, such as 2000. Empty means no ceiling."))
            }
            div class="m-row2" {
                (Field::text("project_id", "Project id").value(&self.project_id).error(errors.project_id.clone()).autocomplete("off")
                    .help("Only needed when the key does not name it. 24 characters."))
                (Field::text("source", "Source").value(&self.source).error(errors.source.clone())
                    .help("What AiSensy notes on contacts that it learns from you."))
            }
        }
    }
}

impl KeysForm {
    /// The secrets as they will be: what was typed, or what is there. `None` when something typed cannot be one.
    fn merge(&self, present: Option<AisensySecrets>, errors: &mut Errors) -> Option<AisensySecrets> {
        errors.api_key = secret_error(&self.api_key);
        errors.project_password = secret_error(&self.project_password);
        errors.webhook_secret = secret_error(&self.webhook_secret);
        let typed = |text: &str| Some(Secret::new(text)).filter(|secret| !secret.is_empty());
        let (key, password, webhook) = match present {
            Some(secrets) => (Some(secrets.api_key), secrets.project_password, secrets.webhook_secret),
            None => (None, None, None),
        };
        let keep = |present: Option<Secret>, drop: &str| if drop.is_empty() { present } else { None };
        let api_key = typed(&self.api_key).or(key);
        if api_key.is_none() {
            errors.api_key = Some("Paste the campaign API key.".into());
        }
        let secrets = AisensySecrets {
            api_key: api_key?,
            project_password: typed(&self.project_password)
                .or_else(|| keep(password, &self.drop_project_password)),
            webhook_secret: typed(&self.webhook_secret).or_else(|| keep(webhook, &self.drop_webhook_secret)),
        };
        let fine =
            errors.api_key.is_none() && errors.project_password.is_none() && errors.webhook_secret.is_none();
        fine.then_some(secrets)
    }

    fn fields(errors: &Errors, present: Option<&Integration>) -> Markup {
        let set = |name: &str| present.is_some_and(|one| one.hints.get(name).is_some_and(Value::is_string));
        let keeps = |name: &str| if set(name) { "Empty keeps the one that is stored. " } else { "" };
        let secret = |name: &'static str, label: &str, help: String, error: &Option<String>| {
            Field::password(name, label).autocomplete("off").help(help).error(error.clone())
        };
        html! {
            (secret("api_key", "Campaign API key", format!("{}In AiSensy under Manage, API Key.", keeps("api_key")), &errors.api_key))
            (secret("project_password", "Project API password", format!("{}Optional: shows balance and tier, and brings templates over.", keeps("project_password")), &errors.project_password))
            @if set("project_password") { (Checkbox::new("drop_project_password", "Forget the stored project password", false)) }
            (secret("webhook_secret", "Webhook shared secret", format!("{}Optional: receipts are taken only with it. AiSensy shows it where you make the webhook.", keeps("webhook_secret")), &errors.webhook_secret))
            @if set("webhook_secret") { (Checkbox::new("drop_webhook_secret", "Forget the stored webhook secret", false)) }
        }
    }
}

/// Last characters of each secret that is there; a short one shows none.
fn hints(secrets: &AisensySecrets) -> Value {
    let hint = |secret: &Option<Secret>| secret.as_ref().map(Secret::hint);
    json!({
        "api_key": secrets.api_key.hint(),
        "project_password": hint(&secrets.project_password),
        "webhook_secret": hint(&secrets.webhook_secret),
    })
}

/// Addresses are this server's business and are not stored with the account.
fn stored_settings(project_id: &str, source: &str, country: &str) -> Value {
    json!({ "project_id": project_id, "source": source, "country": country })
}

/// A project password is of use only when the project is known.
fn project_error(project_id: &str, secrets: &AisensySecrets) -> Option<String> {
    let unknown = secrets.project_password.is_some()
        && project_id.is_empty()
        && project_id_of(&secrets.api_key).is_none();
    unknown.then(|| "This key does not name its project. Type the project id beside the password.".into())
}

/// `GET /settings/integrations/new`
pub async fn new(member: Member) -> Markup {
    new_page(&member, &AccountForm::blank(), &Errors::default())
}

/// `POST /settings/integrations/new`
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<AccountForm>) -> PageResult {
    let mut errors = Errors::default();
    let (name, project_id, source, pace) = form.check(&mut errors);
    let secrets = form.keys.merge(None, &mut errors);
    if let Some(secrets) = &secrets
        && errors.project_id.is_none()
    {
        errors.project_id = project_error(&project_id, secrets);
    }
    let (Some(secrets), true) = (secrets, errors.is_empty()) else {
        return Ok(unprocessable(new_page(&member, &form, &errors)));
    };
    let id = IntegrationId::new(member.now);
    let binding = seal_binding(member.org.actor().organization, id);
    let new = NewIntegration {
        id,
        kind: AISENSY.to_owned(),
        name,
        settings: stored_settings(&project_id, &source, ""),
        sealed: app.keys.seal(&secrets.to_json(), &binding),
        hints: hints(&secrets),
        callback_key: app.keys.callback_key(id),
        pace,
    };
    member.org.add_integration(new, member.now).await?;
    Ok(see_other_saying(&app, &href(id), "Account added. Test the connection next."))
}

fn new_page(member: &Member, form: &AccountForm, errors: &Errors) -> Markup {
    let head = Head::new("Add an AiSensy account")
        .meta("Several accounts can stand side by side: one per number, say.");
    let fields = html! {
        (form.fields(errors))
        (KeysForm::fields(errors, None))
        @if !errors.is_empty() { p class="m-hint" { "Keys are never sent back to a page: paste them again." } }
    };
    FormPage {
        title: "Add account",
        head,
        note: None,
        card: "AiSensy",
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
    let mut errors = Errors::default();
    let (name, project_id, source, pace) = form.check(&mut errors);
    if errors.project_id.is_none()
        && let Some(secrets) = secrets_of(app, integration)
    {
        errors.project_id = project_error(&project_id, &secrets);
    }
    if !errors.is_empty() {
        return Ok(unprocessable(edit_page(member, integration, &form, &errors)));
    }
    let country = integration.settings.get("country").and_then(Value::as_str).unwrap_or_default();
    let settings = stored_settings(&project_id, &source, country);
    member.org.update_integration(integration.id, &name, &settings, pace, member.now).await?;
    app.callbacks.forget();
    Ok(see_other_saying(app, &href(integration.id), "Account saved."))
}

fn edit_page(member: &Member, integration: &Integration, form: &AccountForm, errors: &Errors) -> Markup {
    FormPage::editing(integration, form.fields(errors)).page(member)
}

/// The form of its secrets.
pub(in super::super) fn keys(member: &Member, integration: &Integration) -> Markup {
    keys_page(member, integration, &Errors::default(), None)
}

/// Saves the secrets that were typed.
pub(in super::super) async fn replace_keys(
    app: &App,
    member: &Member,
    integration: &Integration,
    form: KeysForm,
) -> PageResult {
    let mut errors = Errors::default();
    let settings: AisensySettings = serde_json::from_value(integration.settings.clone()).unwrap_or_default();
    let secrets = form.merge(secrets_of(app, integration), &mut errors);
    let project = secrets.as_ref().and_then(|secrets| project_error(&settings.project_id, secrets));
    let (Some(secrets), None) = (secrets, &project) else {
        return Ok(unprocessable(keys_page(member, integration, &errors, project)));
    };
    let binding = seal_binding(integration.organization, integration.id);
    let sealed = app.keys.seal(&secrets.to_json(), &binding);
    member.org.replace_secrets(integration.id, &sealed, &hints(&secrets), member.now).await?;
    app.callbacks.forget();
    Ok(see_other_saying(app, &href(integration.id), "Keys replaced. Test the connection next."))
}

/// What is stored now; `None` when it cannot be opened, so that every key must be typed again.
fn secrets_of(app: &App, integration: &Integration) -> Option<AisensySecrets> {
    let binding = seal_binding(integration.organization, integration.id);
    let plain = app.keys.open_sealed(&integration.sealed, &binding).ok()?;
    serde_json::from_str(&plain).ok()
}

fn keys_page(member: &Member, integration: &Integration, errors: &Errors, project: Option<String>) -> Markup {
    let own = href(integration.id);
    let note = project.map(|words| {
        Note::new(Tone::Fail, "Nothing was saved.", words)
            .action(Link::new("Edit account", format!("{own}/edit")))
    });
    let head = Head::new(format!("Keys of {}", integration.name))
        .meta("Stored sealed, never shown again. Type only what changes.");
    let fields = KeysForm::fields(errors, Some(integration));
    let action = format!("{own}/keys");
    FormPage {
        title: "Replace keys",
        head,
        note,
        card: "Replace keys",
        fields,
        save: "Save keys",
        action,
        back: own,
    }
    .page(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_no_space_and_hints_show_four_characters() {
        assert!(secret_error("abc def").is_some());
        assert!(secret_error(" abcdef ").is_none());
        let secrets = AisensySecrets {
            api_key: Secret::new("TEST-KEY-NOT-REAL"),
            project_password: None,
            webhook_secret: Some(Secret::new("short")),
        };
        assert_eq!(
            hints(&secrets),
            json!({"api_key": "REAL", "project_password": null, "webhook_secret": ""})
        );
    }

    #[test]
    fn what_is_not_typed_stays_and_what_is_ticked_goes() {
        let present = AisensySecrets {
            api_key: Secret::new("old-key"),
            project_password: Some(Secret::new("old-password")),
            webhook_secret: Some(Secret::new("old-secret")),
        };
        let form = KeysForm {
            webhook_secret: "new-secret".into(),
            drop_project_password: "on".into(),
            ..KeysForm::default()
        };
        let mut errors = Errors::default();
        let merged = form.merge(Some(present), &mut errors).unwrap();
        assert_eq!(merged.api_key.expose(), "old-key");
        assert!(merged.project_password.is_none());
        assert_eq!(merged.webhook_secret.unwrap().expose(), "new-secret");
        assert!(KeysForm::default().merge(None, &mut errors).is_none());
        assert!(errors.api_key.is_some());
    }
}
