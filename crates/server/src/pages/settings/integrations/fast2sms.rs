//! An account of Fast2SMS: its form, the test by its wallet, and where it posts delivery reports.

use axum::extract::State;
use domain::{
    channel::Channel,
    ids::IntegrationId,
    pace::Pace,
    role::Permission,
    sending_hours::OpenHours,
    sms::{EntityId, IdError, SenderId, SmsRoute, ValueLimits},
    time::Millis,
};
use maud::{Markup, html};
use providers::{
    Account, Fast2smsSecrets, Fast2smsSettings, Secret,
    aisensy::NotTold,
    codes,
    fast2sms::{NUMBERS_PER_REQUEST_MAX, Wallet},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::integrations::{Integration, NewIntegration};

use super::{
    super::{charges, length_error, line, when, when_short},
    Face, Fact, HREF, NAME_CHARS_MAX, PER_DAY_MAX, chip, ended, href, key_row, pace_row, page, secret_error,
    sub_page, whole,
};
use crate::{
    accounts::seal_binding,
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::{
        organisation::{clock_text, minute},
        unprocessable,
    },
    ui::{
        button::Button,
        chip::{Chip, State as Look, Tone},
        field::{Choice, Field},
        format::{counted, grouped, rupees},
        head::{Card, Head, KeyValues},
        icons::Icon,
        note::Note,
        status_card::{Logo, LogoColour},
    },
};

/// As the store knows it.
pub(super) const KIND: &str = "fast2sms";
pub(super) const NEW: &str = "/settings/integrations/new/fast2sms";
pub(super) const LOGO: Logo = Logo { letters: "F2", colour: LogoColour::Blue };
/// Fast2SMS publishes no rate; five a second is careful (providers/fast2sms.md §10).
const PER_SECOND_DEFAULT: i64 = 5;
const PER_SECOND_MAX: i64 = 100;

/* ---------- What a test proved ---------- */

/// What the last test of an account proved; kept as its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmsHealth {
    /// When; `None` before the first test.
    pub tested_at: Option<Millis>,
    /// By whom.
    pub tested_by: String,
    /// The wallet, in 1/10,000 rupee; `None` when Fast2SMS did not tell.
    pub balance: Option<i64>,
    /// For how many SMS that lasts, where Fast2SMS says so.
    pub sms_count: Option<i64>,
    /// It answered, and refused.
    pub refused: bool,
    /// Why it did not tell, such as `f2s_412`; empty when it did.
    pub code: String,
    /// The same in its words.
    pub words: String,
}

impl SmsHealth {
    /// What is kept with an account; a health that an older version wrote reads as untested.
    pub fn of(integration: &Integration) -> SmsHealth {
        serde_json::from_value(integration.health.clone()).unwrap_or_default()
    }

    fn from_answer(answer: Result<Wallet, NotTold>, member: &Member) -> SmsHealth {
        let tested = SmsHealth {
            tested_at: Some(member.now),
            tested_by: member.user.name.clone(),
            ..SmsHealth::default()
        };
        match answer {
            Ok(wallet) => {
                SmsHealth { balance: Some(wallet.balance.0), sms_count: wallet.sms_count, ..tested }
            }
            Err(NotTold::Refused(said)) => {
                SmsHealth { refused: true, code: said.code, words: said.text, ..tested }
            }
            Err(NotTold::Silent(said)) => SmsHealth { code: said.code, words: said.text, ..tested },
            Err(NotTold::NotConnected) => SmsHealth { words: "No key is stored".into(), ..tested },
        }
    }

    /// The state of the account as a chip, as far as a test tells.
    fn chip(&self) -> Chip {
        match (self.tested_at, self.balance) {
            (None, _) => chip(Tone::Act, Icon::Test, "Not tested"),
            (_, Some(..=0)) => Look::LowBalance.chip(),
            (_, Some(_)) => Look::Ready.chip(),
            (_, None) if self.refused => chip(Tone::Fail, Icon::Error, "Refused"),
            (_, None) => chip(Tone::Act, Icon::Warning, "No answer"),
        }
    }

    /// What a test found in the way, and what to do.
    fn alert(&self) -> Option<Note> {
        self.tested_at?;
        match self.balance {
            Some(..=0) => {
                let words = "Fast2SMS charges when it takes a message. Top up the wallet, then test again.";
                Some(Note::new(Tone::Fail, "The wallet is empty.", words))
            }
            Some(_) => None,
            None if self.refused => Some(Note::new(Tone::Fail, format!("{}.", self.title()), self.way_out())),
            None => {
                let words = format!("{} Test again in a while.", ended(&self.words));
                Some(Note::new(Tone::Act, "Fast2SMS gave no usable answer.", words))
            }
        }
    }

    /// `Key refused`.
    fn title(&self) -> String {
        codes::meaning(&self.code).map_or("Fast2SMS refused", |meaning| meaning.title).to_owned()
    }

    /// What Fast2SMS said, and what to do about it at a test, where nothing is to be resumed.
    fn way_out(&self) -> String {
        let help = match self.code.as_str() {
            "f2s_412" => "Copy the key from Fast2SMS under Dev API, and enter it again under Edit.",
            "f2s_413" => "Enable the key at Fast2SMS under Dev API, or enter a new one under Edit.",
            "f2s_414" => {
                "Fast2SMS takes calls of this key only from addresses on the key’s allow-list. Add the address from which this server calls out, or switch the list off at Fast2SMS. Whoever runs the server knows that address; it need not be the one of its web page."
            }
            "f2s_415" => "Ask Fast2SMS’s support why the account is disabled.",
            "f2s_999" => {
                "Fast2SMS opens its interface after a first recharge of ₹100. Recharge there, then test again."
            }
            _ => "Look at the account at Fast2SMS, then test again.",
        };
        format!("Fast2SMS says: {} {help}", ended(&self.words))
    }

    fn said(&self) -> String {
        match self.balance {
            Some(_) => "Key and wallet answered".into(),
            None if self.refused => self.title(),
            None => "No usable answer".into(),
        }
    }
}

/* ---------- Card and details ---------- */

fn settings_of(integration: &Integration) -> Fast2smsSettings {
    serde_json::from_value(integration.settings.clone()).unwrap_or_default()
}

/// The account on cards and heads.
pub(super) fn face(member: &Member, integration: &Integration) -> Face {
    let health = SmsHealth::of(integration);
    let mut facts = vec![
        key_row(member, integration, "api_key", "API key"),
        wallet_row(member, &health),
        header_row(&settings_of(integration)),
    ];
    facts.push(pace_row(integration, "messages"));
    facts.push(receipts_row(member, integration));
    facts.push(match health.tested_at {
        Some(at) => ("Test".into(), html! { (health.said()) }, Some(when(member, at))),
        None => ("Test".into(), html! { "Never" }, Some("A test sends nothing and costs nothing".into())),
    });
    Face {
        logo: LOGO,
        provider: "Fast2SMS",
        channel: Channel::Sms.title(),
        chip: health.chip(),
        alert: health.alert(),
        facts,
    }
}

fn wallet_row(member: &Member, health: &SmsHealth) -> Fact {
    let (value, more) = match (health.balance, health.tested_at) {
        (Some(balance), Some(at)) => (rupees(balance), Some(format!("Asked {}", when(member, at)))),
        _ => ("Not known".to_owned(), Some("A test asks for it".to_owned())),
    };
    ("Wallet".into(), html! { (value) }, more)
}

fn header_row(settings: &Fast2smsSettings) -> Fact {
    let header = settings.default_sender.as_ref().map_or("Each template’s own", SenderId::as_str).to_owned();
    ("Header".into(), html! { (header) }, Some(settings.default_route.title().to_owned()))
}

/// When it may send: its own hours, or whatever law and quiet hours leave.
fn hours_row(member: &Member, settings: &Fast2smsSettings) -> Fact {
    let zone = &member.organization.zone;
    let (value, more) = match settings.hours {
        Some(hours) => {
            (hours.to_string(), format!("In {}. What else limits sending limits it too", zone.name()))
        }
        None => ("Any".to_owned(), "Promotion from 10:00 AM to 9:00 PM, outside your quiet hours".to_owned()),
    };
    ("Hours".into(), html! { (value) }, Some(more))
}

fn limits_row(limits: ValueLimits) -> Fact {
    let ValueLimits { text, alphanumeric, link } = limits;
    let value = format!("Up to {text} characters");
    (
        "Values".into(),
        html! { (value) },
        Some(format!("{alphanumeric} in {{#alphanumeric#}}, {link} in links")),
    )
}

fn receipts_row(member: &Member, integration: &Integration) -> Fact {
    match integration.last_receipt_at {
        Some(at) => ("Last receipt".into(), html! { (when(member, at)) }, None),
        None => ("Last receipt".into(), html! { "None seen yet" }, None),
    }
}

/// The cards of its page; `refused` says why it could not be asked.
pub(super) fn cards(app: &App, member: &Member, integration: &Integration, refused: Option<&str>) -> Markup {
    let health = SmsHealth::of(integration);
    html! {
        (Card::new("account", "Account", account_facts(member, integration)).padded())
        (test_card(member, integration, &health, refused))
        (Card::new("charges", "What was charged", html! {
            div class="m-stack" {
                p class="m-p" { "Per day and per broadcast, beside what was estimated before sending." }
                div class="m-acts" { (Button::link("See charges", format!("{}?account={}", charges::HREF, integration.id))) }
            }
        }).padded())
        (receipts_card(app, member, integration))
    }
}

fn account_facts(member: &Member, integration: &Integration) -> KeyValues {
    let settings = settings_of(integration);
    let entity = settings.entity_id.as_ref().map_or("Each template’s own", EntityId::as_str).to_owned();
    let numbers = i64::try_from(settings.numbers_per_request).unwrap_or(i64::MAX);
    KeyValues {
        rows: vec![
            key_row(member, integration, "api_key", "API key"),
            header_row(&settings),
            ("Entity id".into(), html! { (entity) }, None),
            (
                "Numbers per request".into(),
                html! { "Up to " (grouped(numbers)) },
                Some("A text with personal values goes to one number each".into()),
            ),
            pace_row(integration, "messages"),
            hours_row(member, &settings),
            limits_row(settings.limits),
            (
                "Used".into(),
                html! { (counted(integration.calls_today, "message", "messages")) " today" },
                None,
            ),
        ],
        inset: false,
    }
}

fn test_card(member: &Member, integration: &Integration, health: &SmsHealth, refused: Option<&str>) -> Card {
    let mut rows = Vec::new();
    if let Some(at) = health.tested_at {
        let lasts = health.sms_count.map(|n| format!("Fast2SMS counts {} with it", counted(n, "SMS", "SMS")));
        rows.push(("Result".into(), html! { (health.said()) }, None));
        if let Some(balance) = health.balance {
            rows.push(("Wallet".into(), html! { (rupees(balance)) }, lasts));
        }
        rows.push(("Tested".into(), html! { (when(member, at)) }, Some(format!("By {}", health.tested_by))));
    }
    let body = html! {
        div class="m-stack" {
            @if let Some(words) = refused { (Note::new(Tone::Fail, "It could not be asked.", words)) }
            @if rows.is_empty() { p class="m-p" { "This account was never tested." } }
            @else { (KeyValues { rows, inset: false }) }
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action={ (href(integration.id)) "/test" } {
                    (member.csrf())
                    p class="m-hint" { "Asks Fast2SMS for the wallet: that proves the key. It sends nothing and costs nothing." }
                    div class="m-acts" { (Button::new("Test connection").icon(Icon::Test).busy("Asking Fast2SMS…")) }
                }
            }
        }
    };
    Card::new("test", "Test connection", body).padded()
}

fn receipts_card(app: &App, member: &Member, integration: &Integration) -> Card {
    let url = app.config.url(&format!("/callbacks/{}", integration.callback_key));
    let last = integration.last_receipt_at.map(|at| format!("The last one came {}.", when_short(member, at)));
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Receipts say what became of an SMS, and what it cost. " @if let Some(last) = last { (last) } @else { "None came yet." } }
            p class="m-p" { "Without a webhook Munadi asks Fast2SMS by itself, again and again for a day after sending. With one, receipts come at once." }
            @if member.may(Permission::Integrations) {
                (Field::text("webhook_url", "Webhook address").value(&url).tune(|input| input.readonly = true)
                    .help("Enter it at Fast2SMS where webhooks are made. Fast2SMS signs nothing: this address is the secret, so show it to nobody."))
                (KeyValues { inset: false, rows: vec![
                    ("Service".into(), html! { "SMS" }, None),
                    ("Template".into(), html! { "Custom" }, Some("Leave its members as they are".into())),
                    ("Method".into(), html! { "POST" }, None),
                    ("Content type".into(), html! { "JSON" }, None),
                    ("Event".into(), html! { "All delivery events" }, None),
                ] })
                @if !app.config.is_https() {
                    (Note::new(Tone::Act, "Fast2SMS may not reach this address.", format!("It needs a public name, and https to keep the address secret; this server calls itself {}. Set public_url in its configuration. Until then Munadi asks by itself.", app.config.public_url)))
                }
            } @else { p class="m-hint" { "An admin sees the webhook’s address here." } }
        }
    };
    Card::new("receipts", "Receipts", body).padded()
}

/// Asks Fast2SMS for the wallet, keeps what it said.
pub(super) async fn test(app: &App, member: &Member, integration: &Integration) -> PageResult {
    let refuse = |words: &str| {
        page(member, integration, cards(app, member, integration, Some(words))).map(unprocessable)
    };
    let account = match app.accounts.open_integration(integration) {
        Ok(Account::Fast2sms(account)) => account,
        Ok(Account::Aisensy(_)) => return refuse("This is no account of Fast2SMS."),
        Err(words) => return refuse(&words),
    };
    let health = SmsHealth::from_answer(account.wallet(&app.out).await, member);
    let value = serde_json::to_value(&health).map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(integration.id, &value).await?;
    let words = match health.balance {
        Some(balance) => format!("Fast2SMS answered: {} in the wallet.", rupees(balance)),
        None => "Tested. See what Fast2SMS said.".to_owned(),
    };
    Ok(see_other_saying(app, &format!("{}#test", href(integration.id)), &words))
}

/* ---------- Adding and editing ---------- */

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

/// A whole number within bounds.
fn within(text: &str, min: i64, max: i64, words: &str, error: &mut Option<String>) -> i64 {
    let number = whole(text).filter(|n| (min..=max).contains(n));
    if number.is_none() {
        *error = Some(words.to_owned());
    }
    number.unwrap_or(min)
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
        let Pace { per_second, per_day } = integration.pace;
        AccountForm {
            name: integration.name.clone(),
            per_second: per_second.to_string(),
            per_day: if per_day == 0 { String::new() } else { per_day.to_string() },
            ..AccountForm::with(&settings_of(integration))
        }
    }

    /// An empty field takes the usual length.
    fn limits(&self, errors: &mut Errors) -> ValueLimits {
        let usual = ValueLimits::default();
        let words = format!("A whole number from 1 to {}, or empty for the usual.", ValueLimits::MOST);
        let most = i64::try_from(ValueLimits::MOST).unwrap_or(i64::MAX);
        let read = |typed: &str, usual: usize, error: &mut Option<String>| {
            if typed.trim().is_empty() {
                return usual;
            }
            usize::try_from(within(typed, 1, most, &words, error)).unwrap_or(usual)
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
        let words = format!("A whole number from 1 to {}.", grouped(most));
        let numbers = within(&self.numbers_per_request, 1, most, &words, &mut errors.numbers_per_request);
        let words = format!("A whole number from 1 to {PER_SECOND_MAX}.");
        let per_second = within(&self.per_second, 1, PER_SECOND_MAX, &words, &mut errors.per_second);
        let per_day = match self.per_day.trim() {
            "" => 0,
            typed => {
                let words =
                    format!("A whole number up to {}, or empty for no ceiling.", grouped(PER_DAY_MAX));
                within(typed, 0, PER_DAY_MAX, &words, &mut errors.per_day)
            }
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
        let typed = Typed { name, settings, pace: Pace { per_second, per_day }, key };
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
        kind: KIND.to_owned(),
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
    let body = html! {
        (Head::new("Add a Fast2SMS account").meta("SMS to Indian mobile numbers. You need an account at Fast2SMS with a first recharge of ₹100."))
        (Card::new("new", "Fast2SMS", html! {
            form class="m-stack" method="post" action=(NEW) autocomplete="off" {
                (member.csrf())
                (form.fields(member, errors, None))
                @if !errors.is_empty() { p class="m-hint" { "A key is never sent back to a page: paste it again." } }
                div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Add account").busy("Saving…")) }
            }
        }).padded())
    };
    sub_page(member, "Add account", body)
}

/// The form of its page.
pub(super) fn edit(member: &Member, integration: &Integration) -> Markup {
    edit_page(member, integration, &AccountForm::of(integration), &Errors::default())
}

/// Saves what was typed.
pub(super) async fn update(
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
    let own = href(integration.id);
    let body = html! {
        (Head::new(format!("Edit {}", integration.name)))
        (Card::new("edit", "Account", html! {
            form class="m-stack" method="post" action={ (own) "/edit" } autocomplete="off" {
                (member.csrf())
                (form.fields(member, errors, Some(integration)))
                div class="m-acts" { (Button::link("Cancel", &own)) (Button::primary("Save account").busy("Saving…")) }
            }
        }).padded())
    };
    sub_page(member, "Edit account", body)
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

    #[test]
    fn the_first_recharge_is_asked_for() {
        // providers/fast2sms.md §2.5, 999.
        let health = SmsHealth {
            tested_at: Some(Millis(1)),
            refused: true,
            code: "f2s_999".into(),
            words: "Recharge first".into(),
            ..SmsHealth::default()
        };
        assert!(health.title().contains("recharge"));
        assert!(health.way_out().contains("₹100"), "{}", health.way_out());
    }

    #[test]
    fn a_health_that_cannot_be_read_is_an_untested_one() {
        let health: SmsHealth = serde_json::from_value(json!({"verdict": "live"})).unwrap();
        assert_eq!(health, SmsHealth::default());
    }
}
