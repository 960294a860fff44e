//! An account on cards and on its page, and the test of it: every vendor's, from its description and from what it last said.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{ids::IntegrationId, role::Permission, text::line};
use maud::{Markup, html};
use providers::{
    Account, AccountStanding, Vendor,
    field::{self, FieldKind, FormValues},
    vendor::CallbackProof,
};
use serde_json::Value;
use store::{StoreError, integrations::Integration, work::Ceiling};

use super::{
    Face, Fact,
    form::has_page_of_keys,
    health::{Health, state_chip},
    href, sub_page, vendor_of, when, when_short, withheld,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
        top_up,
    },
    pages::{settings::charges, unprocessable},
    ui::{
        button::{Button, Link},
        chip::Tone,
        field::Field,
        format::{counted, grouped},
        head::{Card, Head, KeyValues},
        icons::Icon,
        note::Note,
    },
};

/// What the form of a test says.
#[derive(Default)]
struct TestForm {
    /// What was typed, or would be asked about.
    about: String,
    /// What is wrong with it.
    error: Option<String>,
    /// Why the account could not be asked.
    refused: Option<String>,
}

impl Face {
    /// An account as cards and heads show it.
    pub(super) fn of(app: &App, member: &Member, integration: &Integration) -> Result<Face, Problem> {
        let vendor = vendor_of(integration)?;
        let health = Health::of(integration);
        let state = app.composer.account_state(integration);
        let credit = state.wants_credit() && member.may(Permission::Send);
        let mut face = Face {
            vendor,
            channel: channels(vendor),
            chip: state_chip(&state),
            top_up: credit.then(|| top_up::button(app, integration.kind.as_str(), integration.id)),
            alert: health.alert(),
            facts: card_facts(app, member, vendor, integration, &health),
        };
        if let Some(alert) = withheld(member, integration, vendor.name()) {
            face.alert = Some(alert);
        }
        Ok(face)
    }
}

/// `SMS`, or the titles of all channels that it serves.
pub(super) fn channels(vendor: &dyn Vendor) -> String {
    vendor.channels().iter().map(|channel| channel.title()).collect::<Vec<_>>().join(", ")
}

/// Fields that stand on cards, the wallet, pace, receipts and the last test.
fn card_facts(
    app: &App,
    member: &Member,
    vendor: &dyn Vendor,
    integration: &Integration,
    health: &Health,
) -> Vec<Fact> {
    let on_card = vendor.settings().iter().filter(|field| field.shown.on_card);
    let mut facts: Vec<Fact> = on_card.filter_map(|field| fact(member, vendor, integration, field)).collect();
    facts.extend(wallet(app, member, integration, health));
    facts.push(pace(vendor, integration));
    facts.push(receipts(member, vendor, integration));
    facts.push(match health.tested_at {
        Some(at) => ("Test".into(), html! { (health.status.said) }, Some(when(member, at))),
        None => ("Test".into(), html! { "Never" }, Some("A test sends nothing and costs nothing".into())),
    });
    facts
}

/// The wallet as the home page shows it: what was told last, by a test or since.
fn wallet(app: &App, member: &Member, integration: &Integration, health: &Health) -> Option<Fact> {
    let balance = app.composer.known(integration)?.balance?;
    match health.wallet(member) {
        Some(tested) if health.status.balance == Some(balance) => Some(tested),
        _ => Some((
            "Wallet".into(),
            html! { (crate::ui::format::rupees(balance.0)) },
            Some("Asked lately".into()),
        )),
    }
}

/// One field as it is stored; `None` for one that is only shown when it holds something.
fn fact(
    member: &Member,
    vendor: &dyn Vendor,
    integration: &Integration,
    field: &field::Field,
) -> Option<Fact> {
    let label = if field.shown.label.is_empty() { field.label } else { field.shown.label };
    let note = (!field.shown.note.is_empty()).then(|| field.shown.note.to_owned());
    match field.kind {
        FieldKind::Secret => Some(secret(member, integration, field.key, label)),
        FieldKind::Rate { .. } => Some(pace(vendor, integration)),
        // The pace tells both.
        FieldKind::Ceiling { .. } => None,
        _ => {
            let shown = match shown(field, &integration.settings) {
                Some(text) if field.shown.around.is_empty() => text,
                Some(text) => field.shown.around.replace("{}", &text),
                None if field.shown.empty.is_empty() => return None,
                None => field.shown.empty.to_owned(),
            };
            Some((label.to_owned(), html! { (shown) }, note))
        }
    }
}

/// What a field holds, as people read it. A number or a choice that was never stored is the one that a new account begins with.
fn shown(field: &field::Field, settings: &Value) -> Option<String> {
    match field.kind {
        FieldKind::Hours => {
            let hours =
                serde_json::from_value::<domain::sending_hours::OpenHours>(field.stored(settings)?.clone());
            hours.ok().map(|hours| hours.to_string())
        }
        FieldKind::Choice { options, .. } => {
            let filled = field.filled(settings);
            let word = filled.typed(field.key);
            options.iter().find(|(known, _)| *known == word).map(|(_, title)| (*title).to_owned())
        }
        FieldKind::Number { .. } => {
            let filled = field.filled(settings);
            filled.typed(field.key).parse::<i64>().ok().map(grouped)
        }
        _ => field.stored(settings)?.as_str().map(str::to_owned),
    }
}

/// The hint of a secret, or that it is set or not; who set it is said where it is.
fn secret(member: &Member, integration: &Integration, key: &str, label: &str) -> Fact {
    let Some(hint) = integration.hints.get(key).and_then(Value::as_str) else {
        return (label.into(), html! { "Not set" }, None);
    };
    let shown = match (hint, member.may(Permission::Integrations)) {
        ("", _) | (_, false) => "Set".to_owned(),
        (hint, true) => format!("•••• {hint}"),
    };
    let day = member.organization.zone.date(integration.secrets_set_at, member.now);
    (label.into(), html! { (shown) }, Some(format!("Set {day} by {}", integration.secrets_set_by)))
}

fn pace(vendor: &dyn Vendor, integration: &Integration) -> Fact {
    let day = match integration.pace.per_day {
        0 => "No daily ceiling".to_owned(),
        n => format!("{} {} in 24 hours", grouped(n), counts(vendor)),
    };
    ("Pace".into(), html! { (grouped(integration.pace.per_second)) " per second" }, Some(day))
}

/// Whether posts of this account can be taken.
fn takes_receipts(vendor: &dyn Vendor, integration: &Integration) -> bool {
    match vendor.callback().proof {
        CallbackProof::Signed { secret, .. } => integration.hints.get(secret).is_some_and(Value::is_string),
        CallbackProof::Address => true,
    }
}

fn receipts(member: &Member, vendor: &dyn Vendor, integration: &Integration) -> Fact {
    let last = integration.last_receipt_at.map(|at| format!("Last one {}", when_short(member, at)));
    if takes_receipts(vendor, integration) {
        ("Receipts".into(), html! { "On" }, Some(last.unwrap_or_else(|| "None seen yet".into())))
    } else {
        ("Receipts".into(), html! { "Off" }, Some("“Handed over” is the last state".into()))
    }
}

/* ---------- The page of an account ---------- */

/// `GET /settings/integrations/{id}`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let health = Health::of(&integration);
    let about = match health.status.about.is_empty() {
        false => health.status.about,
        true => first_about(&member, vendor).await?,
    };
    let asked = TestForm { about, ..TestForm::default() };
    Ok(page(&app, &member, &integration, &asked).await?.into_response())
}

/// What the first template names that a test of this vendor asks about; empty when none does, or nothing is asked about.
async fn first_about(member: &Member, vendor: &dyn Vendor) -> Result<String, StoreError> {
    let Some(question) = vendor.question() else { return Ok(String::new()) };
    for channel in vendor.channels() {
        let templates = member.org.templates(*channel).await?;
        let named = templates.iter().filter_map(|template| template.body.get(question.key)?.as_str());
        if let Some(first) = named.map(str::to_owned).find(|name| !name.is_empty()) {
            return Ok(first);
        }
    }
    Ok(String::new())
}

async fn page(
    app: &App,
    member: &Member,
    integration: &Integration,
    asked: &TestForm,
) -> Result<Markup, Problem> {
    let face = Face::of(app, member, integration)?;
    let ceiling = &member.org.ceiling(integration.id, member.now).await?;
    let default = super::default::card(member, integration).await?;
    let (vendor, own) = (face.vendor, href(integration.id));
    let mut head = Head::new(&integration.name).chip(face.chip).meta(vendor.name()).meta(face.channel);
    if let Some(top_up) = face.top_up {
        head = head.action(top_up);
    }
    if member.may(Permission::Integrations) {
        let keys = if has_page_of_keys(vendor) { "Replace keys" } else { "Replace key" };
        head = head
            .action(Button::link("Edit", format!("{own}/edit")).icon(Icon::Edit))
            .action(Button::link(keys, format!("{own}/keys")).icon(Icon::Key));
    }
    let body = html! {
        (head)
        @if let Some(alert) = face.alert { (alert) }
        (Card::new("account", "Account", account_facts(member, vendor, integration, ceiling)).padded())
        (test_card(member, vendor, integration, asked))
        @if let Some(card) = default { (card) }
        @if vendor.callback().tells_cost { (charges_card(integration)) }
        (receipts_card(app, member, vendor, integration))
        @if member.may(Permission::Send) { (stop_card(member, integration)) }
    };
    Ok(sub_page(member, &integration.name, body))
}

/// What is used of the ceiling, or the calls of the day where there is none.
fn used(vendor: &dyn Vendor, integration: &Integration, ceiling: &Ceiling) -> Fact {
    if ceiling.allowed == 0 {
        let used = counted(integration.calls_today, "call", "calls");
        return ("Used".into(), html! { (used) " today" }, None);
    }
    let (used, allowed) = (grouped(ceiling.used), grouped(ceiling.allowed));
    let shared =
        (ceiling.accounts > 1).then(|| format!("Shared by {} accounts of the portfolio", ceiling.accounts));
    ("Used".into(), html! { (used) " of " (allowed) " " (counts(vendor)) " in the last 24 hours" }, shared)
}

/// What the ceiling of this vendor counts.
fn counts(vendor: &dyn Vendor) -> &'static str {
    let counts = vendor.settings().iter().find_map(|field| match field.kind {
        FieldKind::Ceiling { counts } => Some(counts),
        _ => None,
    });
    counts.unwrap_or("messages")
}

fn account_facts(
    member: &Member,
    vendor: &dyn Vendor,
    integration: &Integration,
    ceiling: &Ceiling,
) -> KeyValues {
    // Secrets first: they are what an account cannot do without.
    let (secrets, others): (Vec<_>, Vec<_>) = vendor.settings().iter().partition(|field| field.is_secret());
    let fields = secrets.into_iter().chain(others);
    let mut rows: Vec<Fact> = fields.filter_map(|field| fact(member, vendor, integration, field)).collect();
    rows.push(used(vendor, integration, ceiling));
    KeyValues { rows, inset: false }
}

fn test_card(member: &Member, vendor: &dyn Vendor, integration: &Integration, asked: &TestForm) -> Card {
    let rows = Health::of(integration).facts(member);
    let question = vendor.question().map(|question| {
        Field::text(question.key, question.label)
            .value(&asked.about)
            .error(asked.error.clone())
            .help(question.help)
    });
    let body = html! {
        div class="m-stack" {
            @if let Some(words) = &asked.refused { (Note::new(Tone::Fail, "It could not be asked.", words.clone())) }
            @if rows.is_empty() { p class="m-p" { "This account was never tested." } }
            @else { (KeyValues { rows, inset: false }) }
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action={ (href(integration.id)) "/test" } {
                    (member.csrf())
                    @if let Some(question) = question { (question) }
                    @let about = vendor.introduction().test;
                    @if !about.is_empty() { p class="m-hint" { (about) } }
                    div class="m-acts" { (Button::new("Test connection").icon(Icon::Test).busy(format!("Asking {}…", vendor.name()))) }
                }
            }
        }
    };
    Card::new("test", "Test connection", body).padded()
}

fn charges_card(integration: &Integration) -> Card {
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Per day and per broadcast, beside what was estimated before sending." }
            div class="m-acts" { (Button::link("See charges", format!("{}?account={}", charges::HREF, integration.id))) }
        }
    };
    Card::new("charges", "What was charged", body).padded()
}

fn receipts_card(app: &App, member: &Member, vendor: &dyn Vendor, integration: &Integration) -> Card {
    let callback = vendor.callback();
    let url = app.config.url(&format!("/callbacks/{}", integration.callback_key));
    let mut rows = vec![receipts(member, vendor, integration)];
    if let CallbackProof::Signed { secret: key, .. } = callback.proof
        && let Some(field) = vendor.settings().iter().find(|field| field.key == key)
    {
        rows.extend(fact(member, vendor, integration, field));
    }
    let choose = callback.choose.iter().map(|(name, value, note)| {
        ((*name).to_owned(), html! { (value) }, (!note.is_empty()).then(|| (*note).to_owned()))
    });
    let body = html! {
        div class="m-stack" {
            (KeyValues { rows, inset: false })
            @for words in callback.about { p class="m-p" { (words) } }
            @if member.may(Permission::Integrations) {
                (Field::text("webhook_url", "Webhook address").value(&url).tune(|input| input.readonly = true).help(callback.enter))
                @if !callback.choose.is_empty() { (KeyValues { inset: false, rows: choose.collect() }) }
                @if !app.config.is_https() { (not_reachable(app, vendor)) }
                @if !callback.topics.is_empty() {
                    div class="m-field" {
                        p class="m-label" { "Topics to tick" }
                        ul class="m-p" { @for topic in callback.topics { li { code { (topic) } } } }
                    }
                }
                @if !takes_receipts(vendor, integration) {
                    (Note::new(Tone::Act, "No shared secret yet.", format!("Posts are refused until the secret that {} shows for the webhook is stored here.", vendor.name()))
                        .action(Link::new("Store secret", format!("{}/keys", href(integration.id)))))
                }
            } @else { p class="m-hint" { "An admin sees the webhook’s address here." } }
        }
    };
    Card::new("receipts", "Receipts", body).padded()
}

fn not_reachable(app: &App, vendor: &dyn Vendor) -> Note {
    let (name, ours) = (vendor.name(), &app.config.public_url);
    let set = "Set public_url in its configuration.";
    match vendor.callback().proof {
        CallbackProof::Signed { .. } => Note::new(
            Tone::Act,
            format!("{name} cannot reach this address."),
            format!("It needs https and a public name; this server calls itself {ours}. {set}"),
        ),
        CallbackProof::Address => Note::new(
            Tone::Act,
            format!("{name} may not reach this address."),
            format!(
                "It needs a public name, and https to keep the address secret; this server calls itself {ours}. {set} Until then Munadi asks by itself."
            ),
        ),
    }
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

/* ---------- Testing ---------- */

/// `POST /settings/integrations/{id}/test`: asks the vendor, keeps what it said.
pub async fn test(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(typed): Form<Vec<(String, String)>>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let about = match vendor.question() {
        None => String::new(),
        Some(question) => match question.read(&typed) {
            Err(wrong) => {
                let error = wrong.into_iter().next().map(|wrong| wrong.words);
                let asked = TestForm { about: typed.typed(question.key).to_owned(), error, refused: None };
                return refuse(&app, &member, &integration, &asked).await;
            }
            Ok(_) => match line(typed.typed(question.key)) {
                empty if empty.is_empty() => first_about(&member, vendor).await?,
                typed => typed,
            },
        },
    };
    let account = match app.accounts.open_integration(&integration) {
        Ok(account) => account,
        Err(words) => {
            let asked = TestForm { about, error: None, refused: Some(words) };
            return refuse(&app, &member, &integration, &asked).await;
        }
    };
    let status = Account::status(account.as_ref(), &app.out, &about).await;
    if let (AccountStanding::NotProven, true, Some(question)) =
        (status.standing, about.is_empty(), vendor.question())
    {
        let words = format!(
            "Type something to ask about under “{}”: a key alone proves nothing until it is asked about something.",
            question.label
        );
        let asked = TestForm { error: Some(words), ..TestForm::default() };
        return refuse(&app, &member, &integration, &asked).await;
    }
    let words = match (status.standing, status.balance) {
        (AccountStanding::Ready, Some(balance)) => {
            format!("{} answered: {} in the wallet.", vendor.name(), crate::ui::format::rupees(balance.0))
        }
        (AccountStanding::Ready, None) => format!("{} answered: {}.", vendor.name(), status.said),
        _ => format!("Tested. See what {} said.", vendor.name()),
    };
    app.composer.was_tested(&integration);
    let health = serde_json::to_value(Health::now(&member, status))
        .map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(id, &health).await?;
    member.org.try_stuck_again(member.now).await?;
    Ok(see_other_saying(&app, &format!("{}#test", href(id)), &words))
}

async fn refuse(
    app: &App,
    member: &Member,
    integration: &Integration,
    asked: &TestForm,
) -> Result<Response, Problem> {
    Ok(unprocessable(page(app, member, integration, asked).await?))
}
