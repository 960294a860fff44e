//! Provider accounts: connecting, testing, stopping, removing. A secret goes in and never comes out again. What is the same for
//! every provider stands here; a provider's own form, test and card beside it.

mod aisensy;
mod fast2sms;

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use domain::{ids::IntegrationId, pace::Pace, role::Permission, time::Millis};
use maud::{Markup, Render, html};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{StoreError, integrations::Integration};

pub(super) use aisensy::not_told_words;
pub use aisensy::{Health, ProjectHealth, Verdict, add, new};
pub use fast2sms::{SmsHealth, add as add_fast2sms, new as new_fast2sms};

use super::{when, when_short};
use crate::{
    accounts::{AISENSY, FAST2SMS},
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::settings_page,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        dialog::Confirm,
        empty::Empty,
        format::grouped,
        head::{Card, Head, KeyValues},
        icons::Icon,
        integration_card::{IntegrationCard, Integrations},
        menu::{Menu, MenuItem},
        note::Note,
        shell::Crumb,
        status_card::Logo,
    },
};

const HREF: &str = "/settings/integrations";
/// Longest name of an account: it must fit a card.
const NAME_CHARS_MAX: usize = 60;
/// Keys have a few hundred characters; more is a pasted page.
const SECRET_CHARS_MAX: usize = 4_096;
const PER_DAY_MAX: i64 = 10_000_000;

fn href(id: IntegrationId) -> String {
    format!("{HREF}/{id}")
}

/// Name, value and a quiet word of a list of facts.
type Fact = (String, Markup, Option<String>);

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Aisensy,
    Fast2sms,
}

impl Provider {
    fn of(integration: &Integration) -> Result<Provider, Problem> {
        match integration.kind.as_str() {
            AISENSY => Ok(Provider::Aisensy),
            FAST2SMS => Ok(Provider::Fast2sms),
            other => Err(Problem::fault(format!("an account of the unknown kind {other}"))),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Provider::Aisensy => "AiSensy",
            Provider::Fast2sms => "Fast2SMS",
        }
    }
}

/// An account as cards and heads show it.
struct Face {
    logo: Logo,
    provider: &'static str,
    channel: &'static str,
    chip: Chip,
    alert: Option<Note>,
    facts: Vec<Fact>,
}

impl Face {
    fn of(member: &Member, integration: &Integration) -> Result<Face, Problem> {
        let provider = Provider::of(integration)?;
        let mut face = match provider {
            Provider::Aisensy => aisensy::face(member, integration),
            Provider::Fast2sms => fast2sms::face(member, integration),
        };
        if let Some((chip, alert)) = withheld(member, integration, provider.title()) {
            face.chip = chip;
            face.alert = Some(alert);
        }
        Ok(face)
    }
}

/// What stands above every test: somebody stopped the account, or it is held back for a while.
fn withheld(member: &Member, integration: &Integration, provider: &str) -> Option<(Chip, Note)> {
    if integration.sealed.is_empty() {
        let text = "The installation has new keys and cannot open what was stored. Nothing goes out until the secrets are entered again.";
        let mut note = Note::new(Tone::Fail, format!("The secrets of {provider} are lost."), text);
        if member.may(Permission::Integrations) {
            note = note.action(Button::link("Enter again", format!("{}/keys", href(integration.id))).small());
        }
        return Some((chip(Tone::Fail, Icon::Key, "Key needed"), note));
    }
    if let Some(at) = integration.stopped_at {
        let by = integration.stopped_by.as_deref().unwrap_or("somebody");
        let text =
            format!("By {by}, {}. Nothing goes out; what waits keeps waiting.", when_short(member, at));
        return Some((chip(Tone::Fail, Icon::Pause, "Stopped"), Note::new(Tone::Fail, "Stopped.", text)));
    }
    if integration.held_until > member.now {
        let until = when_short(member, integration.held_until);
        let text = format!("until {until}, because {provider} refused or did not answer.");
        return Some((chip(Tone::Act, Icon::Wait, "Held back"), Note::new(Tone::Act, "Held back", text)));
    }
    None
}

fn chip(tone: Tone, icon: Icon, word: &str) -> Chip {
    Chip { tone, icon, word: word.into() }
}

/// A sentence with its full stop.
fn ended(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/* ---------- Lists and details ---------- */

/// `GET /settings/integrations`
pub async fn list(member: Member) -> PageResult {
    let integrations = member.org.integrations().await?;
    let may = member.may(Permission::Integrations);
    let mut head = Head::new("Integrations")
        .meta("Accounts that carry your messages. Keys are stored sealed and never shown again.");
    if may && !integrations.is_empty() {
        head = head
            .action(Button::link("Add AiSensy", aisensy::NEW).icon(Icon::Plus))
            .action(Button::link("Add Fast2SMS", fast2sms::NEW).icon(Icon::Plus));
    }
    let cards = integrations.iter().map(|one| card(&member, one)).collect::<Result<_, _>>()?;
    let body = html! {
        (head)
        @if integrations.is_empty() { (none(may)) }
        @else { (Integrations(cards)) }
        p class="m-hint" { "This version sends on WhatsApp Personal, through AiSensy, and SMS, through Fast2SMS. Accounts for calls and WhatsApp groups cannot be connected in it." }
    };
    Ok(settings_page(&member, "Integrations", HREF, body).render().into_response())
}

fn none(may: bool) -> Empty {
    let actions = vec![
        Button::primary_link("Connect AiSensy", aisensy::NEW).icon(Icon::Plug),
        Button::link("Connect Fast2SMS", fast2sms::NEW).icon(Icon::Plug),
    ];
    Empty {
        icon: Icon::Plug,
        title: "Connect the account that sends".into(),
        text: if may {
            "Messages go out through your own accounts: WhatsApp through AiSensy, SMS through Fast2SMS. You need the account’s API key; a webhook adds receipts.".into()
        } else {
            "Messages go out through your organisation’s own accounts. An admin can connect them.".into()
        },
        actions: if may { actions } else { vec![] },
        ways: vec![],
    }
}

fn card(member: &Member, integration: &Integration) -> Result<IntegrationCard, Problem> {
    let face = Face::of(member, integration)?;
    let own = href(integration.id);
    let may = member.may(Permission::Integrations);
    let mut actions = Vec::new();
    if member.may(Permission::Manage) {
        actions.push(Button::link("Test", format!("{own}#test")).icon(Icon::Test));
    }
    if may {
        actions.push(Button::link("Replace key", format!("{own}/keys")).icon(Icon::Key));
    }
    let mut items = vec![MenuItem::link("Details and receipts", &own)];
    if may {
        items.push(MenuItem::link("Edit", format!("{own}/edit")).icon(Icon::Edit));
    }
    if member.may(Permission::Send) {
        items.push(stop_item(member, integration));
    }
    if may {
        items.push(MenuItem::link("Remove", format!("{own}/remove")).icon(Icon::Trash).danger());
    }
    Ok(IntegrationCard {
        logo: face.logo,
        title: face.provider.into(),
        note: format!("{} · {}", integration.name, face.channel),
        chip: face.chip,
        alert: face.alert,
        facts: KeyValues { rows: face.facts, inset: false },
        actions,
        link: None,
        menu: Some(Menu { label: format!("More for {}", integration.name), items }),
    })
}

fn stop_item(member: &Member, integration: &Integration) -> MenuItem {
    let stopped = integration.stopped_at.is_some();
    let (label, icon) = if stopped { ("Release", Icon::Play) } else { ("Stop sending", Icon::Pause) };
    let action = format!("{}/{}", href(integration.id), if stopped { "release" } else { "stop" });
    MenuItem::post(label, action, member.csrf()).icon(icon)
}

/// The hint of a secret, or that it is set or not; who set it is said where it is.
fn key_row(member: &Member, integration: &Integration, secret: &str, label: &str) -> Fact {
    let Some(hint) = integration.hints.get(secret).and_then(Value::as_str) else {
        return (label.into(), html! { "Not set" }, None);
    };
    let shown = match (hint, member.may(Permission::Integrations)) {
        ("", _) | (_, false) => "Set".to_owned(),
        (hint, true) => format!("•••• {hint}"),
    };
    let day = member.organization.zone.date(integration.secrets_set_at, member.now);
    (label.into(), html! { (shown) }, Some(format!("Set {day} by {}", integration.secrets_set_by)))
}

/// What the last test said and when it was, on a card.
fn tested_row(member: &Member, at: Option<Millis>, said: impl FnOnce() -> String) -> Fact {
    match at {
        Some(at) => ("Test".into(), html! { (said()) }, Some(when(member, at))),
        None => ("Test".into(), html! { "Never" }, Some("A test sends nothing and costs nothing".into())),
    }
}

/// `per_day` counts `whom`: people or messages.
fn pace_row(integration: &Integration, whom: &str) -> Fact {
    let day = match integration.pace.per_day {
        0 => "No daily ceiling".to_owned(),
        n => format!("{} {whom} a day", grouped(n)),
    };
    ("Pace".into(), html! { (grouped(integration.pace.per_second)) " per second" }, Some(day))
}

/// `GET /settings/integrations/{id}`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let cards = match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::cards(&app, &member, &integration).await?,
        Provider::Fast2sms => fast2sms::cards(&app, &member, &integration, None),
    };
    Ok(page(&member, &integration, cards)?.into_response())
}

/// The page of an account around its provider's cards.
fn page(member: &Member, integration: &Integration, cards: Markup) -> Result<Markup, Problem> {
    let face = Face::of(member, integration)?;
    let own = href(integration.id);
    let mut head = Head::new(&integration.name).chip(face.chip).meta(face.provider).meta(face.channel);
    if member.may(Permission::Integrations) {
        head = head
            .action(Button::link("Edit", format!("{own}/edit")).icon(Icon::Edit))
            .action(Button::link("Replace keys", format!("{own}/keys")).icon(Icon::Key));
    }
    let body = html! {
        (head)
        @if let Some(alert) = face.alert { (alert) }
        (cards)
        @if member.may(Permission::Send) { (stop_card(member, integration)) }
    };
    Ok(sub_page(member, &integration.name, body))
}

fn stop_card(member: &Member, integration: &Integration) -> Card {
    let own = href(integration.id);
    let stopped = integration.stopped_at.is_some();
    let body = html! {
      div class="m-stack" {
        p class="m-p" {
            @if stopped { "Nothing goes out through this account. Release it, and what waits goes on, unless it expired meanwhile." }
            @else { "Stopping holds every broadcast of this account at once. Calls under way end; what waits keeps waiting until you release it or it expires." }
        }
        div class="m-acts" {
            @if member.may(Permission::Integrations) { (Button::link("Remove account", format!("{own}/remove")).icon(Icon::Trash)) }
            form method="post" action={ (own) (if stopped { "/release" } else { "/stop" }) } {
                (member.csrf())
                @if stopped { (Button::new("Release account").icon(Icon::Play)) } @else { (Button::danger("Stop sending").icon(Icon::Pause)) }
            }
        }
      }
    };
    Card::new("stop", if stopped { "Stopped" } else { "Stop" }, body).padded()
}

/// A whole number, with or without grouping.
fn whole(text: &str) -> Option<i64> {
    text.trim().replace(',', "").parse().ok()
}

/// A whole number within bounds; the least one, and words in `error`, where something else was typed.
fn within(text: &str, min: i64, max: i64, error: &mut Option<String>) -> i64 {
    let number = whole(text).filter(|n| (min..=max).contains(n));
    if number.is_none() {
        *error = Some(format!("A whole number from {min} to {}.", grouped(max)));
    }
    number.unwrap_or(min)
}

/// The daily ceiling that was typed; 0 is none.
fn per_day(text: &str, error: &mut Option<String>) -> i64 {
    if text.trim().is_empty() {
        return 0;
    }
    let number = whole(text).filter(|n| (0..=PER_DAY_MAX).contains(n));
    if number.is_none() {
        *error = Some(format!("A whole number up to {}, or empty for no ceiling.", grouped(PER_DAY_MAX)));
    }
    number.unwrap_or_default()
}

/// The daily ceiling as its field shows it: empty is none.
fn per_day_text(pace: Pace) -> String {
    if pace.per_day == 0 { String::new() } else { pace.per_day.to_string() }
}

fn secret_error(text: &str) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > SECRET_CHARS_MAX {
        return Some("This is far longer than a key. Copy the key alone.".into());
    }
    text.chars()
        .any(|c| c.is_control() || c.is_whitespace())
        .then(|| "It has a space or a line break inside. Copy the key alone.".into())
}

/// A page below the list.
fn sub_page(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs.insert(1, Crumb::to("Integrations", HREF));
    page.render()
}

/// A page with one form about an account; its fields are its provider's.
struct FormPage {
    title: &'static str,
    head: Head,
    note: Option<Note>,
    card: &'static str,
    fields: Markup,
    save: &'static str,
    action: String,
    back: String,
}

impl FormPage {
    fn editing(integration: &Integration, fields: Markup) -> FormPage {
        let own = href(integration.id);
        FormPage {
            title: "Edit account",
            head: Head::new(format!("Edit {}", integration.name)),
            note: None,
            card: "Account",
            fields,
            save: "Save account",
            action: format!("{own}/edit"),
            back: own,
        }
    }

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

/* ---------- Editing and testing: each provider has its own form ---------- */

/// The form of the provider whose account it is.
async fn typed<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    Form::from_request(request, &()).await.map(|Form(form)| form)
}

/// `GET /settings/integrations/{id}/edit`
pub async fn edit(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let page = match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::edit(&member, &integration),
        Provider::Fast2sms => fast2sms::edit(&member, &integration),
    };
    Ok(page.into_response())
}

/// `POST /settings/integrations/{id}/edit`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    request: Request,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::update(&app, &member, &integration, typed(request).await?).await,
        Provider::Fast2sms => fast2sms::update(&app, &member, &integration, typed(request).await?).await,
    }
}

/// `GET /settings/integrations/{id}/keys`
pub async fn keys(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    Ok(match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::keys(&member, &integration).into_response(),
        // The one key stands in the form of the account.
        Provider::Fast2sms => Redirect::to(&format!("{}/edit#api_key", href(id))).into_response(),
    })
}

/// `POST /settings/integrations/{id}/keys`
pub async fn replace_keys(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    request: Request,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::replace_keys(&app, &member, &integration, typed(request).await?).await,
        Provider::Fast2sms => Err(Problem::not_found()),
    }
}

/// `POST /settings/integrations/{id}/test`: asks the provider, keeps what it said.
pub async fn test(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    request: Request,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    match Provider::of(&integration)? {
        Provider::Aisensy => aisensy::test(&app, &member, &integration, typed(request).await?).await,
        Provider::Fast2sms => fast2sms::test(&app, &member, &integration).await,
    }
}

/* ---------- Stopping, removing ---------- */

/// `POST /settings/integrations/{id}/stop`
pub async fn stop(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    member.org.stop_integration(id, true, member.now).await?;
    let words = format!("{} is stopped. Nothing more goes out through it.", integration.name);
    Ok(see_other_saying(&app, &href(id), &words))
}

/// `POST /settings/integrations/{id}/release`
pub async fn release(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    member.org.stop_integration(id, false, member.now).await?;
    Ok(see_other_saying(&app, &href(id), &format!("{} sends again.", integration.name)))
}

/// `GET /settings/integrations/{id}/remove`
pub async fn confirm_removal(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    Ok(removal_page(&member, &integration, None).into_response())
}

/// `POST /settings/integrations/{id}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    match member.org.remove_integration(id, member.now).await {
        Ok(()) => {
            app.callbacks.forget();
            Ok(see_other_saying(
                &app,
                HREF,
                &format!("{} is removed, and its keys are gone.", integration.name),
            ))
        }
        Err(StoreError::Stale) => {
            let words = "A broadcast that is scheduled, running or paused sends through this account. Let it end or cancel it, then remove the account.";
            Ok((StatusCode::CONFLICT, removal_page(&member, &integration, Some(words))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn removal_page(member: &Member, integration: &Integration, refused: Option<&str>) -> Markup {
    let own = href(integration.id);
    let confirm = Confirm {
        id: "remove".into(),
        title: format!("Remove {}?", integration.name),
        body: html! {
            @if let Some(words) = refused { (Note::new(Tone::Fail, "It is still needed.", words)) }
            p { "Its keys are deleted and its webhook address stops working. What was sent through it stays in the history. This cannot be undone." }
        },
        action: format!("{own}/remove"),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove account").busy("Removing…"),
        back: ("Keep it".into(), own),
    };
    sub_page(member, "Remove account", confirm.page())
}
