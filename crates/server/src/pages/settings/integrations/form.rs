//! The form of an account of any vendor, and that of its keys, drawn and read from the description of its fields.

mod draw;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use domain::{ids::IntegrationId, pace::Pace, text::line};
use maud::{Markup, html};
use providers::{
    Secret, Secrets, Urls, Vendor,
    field::{self, FieldError, FieldKind, FormValues},
};
use serde_json::{Map, Value};
use store::integrations::{Integration, NewIntegration};

use draw::drop_name;

use super::{HREF, NAME_CHARS_MAX, href, new_href, sub_page, vendor_named, vendor_of};
use crate::{
    accounts::seal_binding,
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{length_error, unprocessable},
    ui::{
        button::{Button, Link},
        chip::Tone,
        head::{Card, Head},
        note::Note,
    },
};

/// Fields of a form with what was typed, in their order.
type Pairs = Vec<(String, String)>;

/// An account's form as it was typed, with what is wrong in it. Holds secrets: no `Debug`.
struct AccountForm<'a> {
    vendor: &'static dyn Vendor,
    urls: &'a Urls,
    typed: &'a Pairs,
    wrong: Vec<FieldError>,
}

/// What a form without a mistake says.
struct Account {
    name: String,
    settings: Map<String, Value>,
    pace: Pace,
}

/// Vendors with several secrets have a page for them; where there is one, it stands in the form of the account.
pub(super) fn has_page_of_keys(vendor: &dyn Vendor) -> bool {
    vendor.settings().iter().filter(|field| field.is_secret()).count() > 1
}

impl<'a> AccountForm<'a> {
    fn new(vendor: &'static dyn Vendor, urls: &'a Urls, typed: &'a Pairs) -> AccountForm<'a> {
        AccountForm { vendor, urls, typed, wrong: Vec::new() }
    }

    fn error(&self, name: &str) -> Option<String> {
        self.wrong.iter().find(|wrong| wrong.field == name).map(|wrong| wrong.words.clone())
    }

    /// Reads name, settings and pace; `stored` holds what no field of this version knows.
    fn read(&mut self, stored: &Value) -> Account {
        let name = line(self.typed.typed("name"));
        let missing = format!("An account needs a name, such as “{}”.", self.vendor.introduction().example);
        self.wrong.extend(
            length_error(&name, NAME_CHARS_MAX, &missing).map(|words| FieldError::new("name", words)),
        );
        let mut settings = stored.as_object().cloned().unwrap_or_default();
        let mut pace = Pace { per_second: 1, per_day: 0 };
        for field in self.vendor.settings().iter().filter(|field| !field.is_secret()) {
            let value = match field.read(self.typed) {
                Ok(value) => value,
                Err(wrong) => {
                    self.wrong.extend(wrong);
                    continue;
                }
            };
            let number = value.as_ref().and_then(Value::as_i64);
            match field.kind {
                FieldKind::Rate { .. } => pace.per_second = number.unwrap_or(pace.per_second),
                FieldKind::Ceiling { .. } => pace.per_day = number.unwrap_or(0),
                _ => field.store(&mut settings, value),
            }
        }
        Account { name, settings, pace }
    }

    /// The secrets as they will be: what was typed, or what is there and not to be forgotten.
    fn read_secrets(&mut self, present: Option<Secrets>) -> Secrets {
        let mut secrets = present.unwrap_or_default();
        for field in self.vendor.settings().iter().filter(|field| field.is_secret()) {
            let typed = self.typed.typed(field.key);
            if typed.trim().is_empty() {
                let drop = !self.typed.typed(&drop_name(field)).is_empty() && field.missing.is_empty();
                if drop {
                    secrets.forget(field.key);
                }
                if secrets.get(field.key).is_none() && !field.missing.is_empty() {
                    self.wrong.push(FieldError::new(field.key, field.missing));
                }
                continue;
            }
            match field.read(self.typed) {
                Ok(_) => secrets.set(field.key, Secret::new(typed)),
                Err(wrong) => self.wrong.extend(wrong),
            }
        }
        secrets
    }

    /// What no single field shows, asked where the fields themselves are right.
    fn check(&mut self, settings: &Map<String, Value>, secrets: &Secrets) {
        let settings = Value::Object(settings.clone());
        let mut further = self.vendor.check(&settings, secrets);
        further.extend(self.picks(&settings));
        let new =
            further.into_iter().filter(|wrong| self.wrong.iter().all(|known| known.field != wrong.field));
        self.wrong.extend(new.collect::<Vec<_>>());
    }

    /// A picked server that is not in the list of this server's configuration, or none where there are none or several.
    fn picks(&self, settings: &Value) -> Vec<FieldError> {
        let wrong = |field: &field::Field| {
            let FieldKind::Base { url } = field.kind else { return None };
            let picked = field.stored(settings).and_then(Value::as_str).unwrap_or_default();
            let words = match (self.urls.picked(url, picked), self.urls.listed(url).as_slice()) {
                (Ok(_), _) => return None,
                (Err(_), []) => {
                    format!("No server is listed. Whoever runs Munadi adds its address to {url}.")
                }
                (Err(_), _) => "Choose one of the servers.".to_owned(),
            };
            Some(FieldError::new(field.key, words))
        };
        self.vendor.settings().iter().filter_map(wrong).collect()
    }
}

/// A page with one form about an account.
struct FormPage {
    title: &'static str,
    head: Head,
    note: Option<Note>,
    card: String,
    fields: Markup,
    save: &'static str,
    action: String,
    back: String,
}

impl FormPage {
    fn page(self, member: &Member) -> Markup {
        let FormPage { title, head, note, card, fields, save, action, back } = self;
        let body = html! {
            (head)
            @if let Some(note) = note { (note) }
            (Card::new("form", card, html! {
                form class="m-stack" method="post" action=(action) autocomplete="off" {
                    (member.csrf())
                    (fields)
                    div class="m-acts" { (Button::link("Cancel", back)) (Button::primary(save).busy("Saving…")) }
                }
            }).padded())
        };
        sub_page(member, title, body)
    }
}

/* ---------- Adding ---------- */

/// `GET /settings/integrations/new/{kind}`
pub async fn new(State(app): State<App>, member: Member, Path(kind): Path<String>) -> PageResult {
    let vendor = vendor_named(&kind)?;
    let begin: Pairs = vendor.settings().iter().flat_map(field::Field::initial).collect();
    Ok(new_page(&member, &AccountForm::new(vendor, &app.config.providers, &begin)).into_response())
}

/// `POST /settings/integrations/new/{kind}`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(kind): Path<String>,
    Form(typed): Form<Pairs>,
) -> PageResult {
    let vendor = vendor_named(&kind)?;
    let mut form = AccountForm::new(vendor, &app.config.providers, &typed);
    let Account { name, settings, pace } = form.read(&Value::Null);
    let secrets = form.read_secrets(None);
    form.check(&settings, &secrets);
    if !form.wrong.is_empty() {
        return Ok(unprocessable(new_page(&member, &form)));
    }
    let id = IntegrationId::new(member.now);
    let binding = seal_binding(member.org.actor().organization, id);
    let new = NewIntegration {
        id,
        kind: vendor.kind().to_owned(),
        name,
        settings: Value::Object(settings),
        sealed: app.keys.seal(&secrets.to_json(), &binding),
        hints: secrets.hints(),
        callback_key: app.keys.callback_key(id),
        pace,
    };
    member.org.add_integration(new, member.now).await?;
    Ok(see_other_saying(&app, &href(id), "Account added. Test the connection next."))
}

fn new_page(member: &Member, form: &AccountForm<'_>) -> Markup {
    let vendor = form.vendor;
    let fields = html! {
        (form.fields(member, true, None))
        @if !form.wrong.is_empty() { p class="m-hint" { "Keys are never sent back to a page: paste them again." } }
    };
    let steps = html! {
        ol class="m-p" { @for step in vendor.steps() { li { b { (step.title) } ". " (step.text) } } }
    };
    let page = FormPage {
        title: "Add account",
        head: Head::new(format!("Add {}", vendor.name())).meta(vendor.introduction().about),
        note: None,
        card: vendor.name().to_owned(),
        fields: html! {
            div class="m-field" { p class="m-label" { "Before you begin" } (steps) }
            (fields)
        },
        save: "Add account",
        action: new_href(vendor),
        back: HREF.into(),
    };
    page.page(member)
}

/* ---------- Editing ---------- */

/// `GET /settings/integrations/{id}/edit`
pub async fn edit(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let filled = filled(vendor, &integration);
    let page = edit_page(&member, &integration, &AccountForm::new(vendor, &app.config.providers, &filled));
    Ok(page.into_response())
}

fn filled(vendor: &dyn Vendor, integration: &Integration) -> Pairs {
    let mut pairs = vec![("name".to_owned(), integration.name.clone())];
    for field in vendor.settings() {
        let per_day = match integration.pace.per_day {
            0 => String::new(),
            n => n.to_string(),
        };
        match field.kind {
            FieldKind::Secret => {}
            FieldKind::Rate { .. } => {
                pairs.push((field.key.to_owned(), integration.pace.per_second.to_string()))
            }
            FieldKind::Ceiling { .. } => pairs.push((field.key.to_owned(), per_day)),
            _ => pairs.extend(field.filled(&integration.settings)),
        }
    }
    pairs
}

/// `POST /settings/integrations/{id}/edit`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(typed): Form<Pairs>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let mut form = AccountForm::new(vendor, &app.config.providers, &typed);
    let Account { name, settings, pace } = form.read(&integration.settings);
    let present = app.accounts.secrets(&integration);
    let keys_here = !has_page_of_keys(vendor);
    let replaces = keys_here
        && vendor
            .settings()
            .iter()
            .any(|field| field.is_secret() && !typed.typed(field.key).trim().is_empty());
    let secrets = match (replaces, present) {
        (true, present) => Some(form.read_secrets(present)),
        (false, present) => present,
    };
    if let Some(secrets) = &secrets {
        form.check(&settings, secrets);
    }
    if !form.wrong.is_empty() {
        return Ok(unprocessable(edit_page(&member, &integration, &form)));
    }
    member.org.update_integration(id, &name, &Value::Object(settings), pace, member.now).await?;
    let words = match secrets.filter(|_| replaces) {
        None => "Account saved.",
        Some(secrets) => {
            replace(&app, &member, &integration, &secrets).await?;
            "Account saved, key replaced. Test the connection next."
        }
    };
    app.account_changes.note();
    Ok(see_other_saying(&app, &href(id), words))
}

async fn replace(
    app: &App,
    member: &Member,
    integration: &Integration,
    secrets: &Secrets,
) -> Result<(), store::StoreError> {
    let sealed = app.keys.seal(&secrets.to_json(), &seal_binding(integration.organization, integration.id));
    member.org.replace_secrets(integration.id, &sealed, &secrets.hints(), member.now).await
}

fn edit_page(member: &Member, integration: &Integration, form: &AccountForm<'_>) -> Markup {
    let own = href(integration.id);
    let keys_here = !has_page_of_keys(form.vendor);
    let page = FormPage {
        title: "Edit account",
        head: Head::new(format!("Edit {}", integration.name)),
        note: None,
        card: "Account".to_owned(),
        fields: form.fields(member, keys_here, Some(integration)),
        save: "Save account",
        action: format!("{own}/edit"),
        back: own,
    };
    page.page(member)
}

/* ---------- Keys ---------- */

/// `GET /settings/integrations/{id}/keys`
pub async fn keys(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    if !has_page_of_keys(vendor) {
        let key = vendor.settings().iter().find(|field| field.is_secret()).map_or("form", |field| field.key);
        return Ok(Redirect::to(&format!("{}/edit#{key}", href(id))).into_response());
    }
    let page =
        keys_page(&member, &integration, &AccountForm::new(vendor, &app.config.providers, &Vec::new()));
    Ok(page.into_response())
}

/// `POST /settings/integrations/{id}/keys`: saves the secrets that were typed, and keeps the others.
pub async fn replace_keys(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(typed): Form<Pairs>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let mut form = AccountForm::new(vendor, &app.config.providers, &typed);
    let secrets = form.read_secrets(app.accounts.secrets(&integration));
    let settings = integration.settings.as_object().cloned().unwrap_or_default();
    form.check(&settings, &secrets);
    if !form.wrong.is_empty() {
        return Ok(unprocessable(keys_page(&member, &integration, &form)));
    }
    replace(&app, &member, &integration, &secrets).await?;
    app.account_changes.note();
    Ok(see_other_saying(&app, &href(id), "Keys replaced. Test the connection next."))
}

fn keys_page(member: &Member, integration: &Integration, form: &AccountForm<'_>) -> Markup {
    let own = href(integration.id);
    // What is wrong with a setting cannot be mended on this page.
    let elsewhere = form.wrong.iter().find(|wrong| !form.is_secret(&wrong.field));
    let note = elsewhere.map(|wrong| {
        Note::new(Tone::Fail, "Nothing was saved.", wrong.words.clone())
            .action(Link::new("Edit account", format!("{own}/edit")))
    });
    let again = || {
        let words =
            "Correct what is marked. Type every key once more: a page never shows what was typed as a key.";
        Note::new(Tone::Fail, "Nothing was saved.", words)
    };
    let note = note.or_else(|| (!form.wrong.is_empty()).then(again));
    let fields = html! {
        @for field in form.vendor.settings().iter().filter(|field| field.is_secret()) {
            @for drawn in form.draw(member, field, Some(integration)) { (drawn) }
            @if let Some(tick) = form.forget(field.key, Some(integration)) { (tick) }
        }
    };
    let page = FormPage {
        title: "Replace keys",
        head: Head::new(format!("Keys of {}", integration.name))
            .meta("Stored sealed, never shown again. Type only what changes."),
        note,
        card: "Replace keys".to_owned(),
        fields,
        save: "Save keys",
        action: format!("{own}/keys"),
        back: own,
    };
    page.page(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor whose account has a secret that may be empty, and the key of that secret.
    fn vendor() -> (&'static dyn Vendor, &'static str, &'static str) {
        providers::registry::VENDORS
            .iter()
            .find_map(|vendor| {
                let secrets = || vendor.settings().iter().filter(|field| field.is_secret());
                let must = secrets().find(|field| !field.missing.is_empty())?;
                let may = secrets().find(|field| field.missing.is_empty())?;
                Some((*vendor, must.key, may.key))
            })
            .expect("a vendor with an optional secret")
    }

    #[test]
    fn what_is_not_typed_stays_and_what_is_ticked_goes() {
        let ((vendor, must, may), urls) = (vendor(), Urls::default());
        let present = || Some(Secrets::default().with(must, "old-key").with(may, "old-password"));
        let read = |pairs: &[(&str, &str)], present| {
            let typed: Pairs =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let mut form = AccountForm::new(vendor, &urls, &typed);
            let secrets = form.read_secrets(present);
            let text = |key: &str| secrets.get(key).map(|secret| secret.expose().to_owned());
            (text(must), text(may), form.wrong.len())
        };
        assert_eq!(read(&[], present()), (Some("old-key".into()), Some("old-password".into()), 0));
        assert_eq!(read(&[(may, "new")], present()), (Some("old-key".into()), Some("new".into()), 0));
        let drop = format!("drop_{may}");
        assert_eq!(read(&[(&drop, "on")], present()), (Some("old-key".into()), None, 0));
        let drop = format!("drop_{must}");
        assert_eq!(read(&[(&drop, "on")], present()).0, Some("old-key".into()), "no call can do without it");
        assert_eq!(read(&[], None), (None, None, 1));
    }
}
