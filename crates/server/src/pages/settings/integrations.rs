//! Provider accounts: connecting, testing, stopping, removing. A secret goes in and never comes out again.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    channel::Channel, checks::Probe, ids::IntegrationId, pace::Pace, role::Permission,
    template::WhatsappTemplate, time::Millis,
};
use maud::{Markup, Render, html};
use providers::{
    Account, AisensySecrets, AisensySettings, Secret,
    aisensy::{NotTold, ProjectFacts, project_id_of},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    StoreError,
    integrations::{Integration, NewIntegration},
};

use super::{length_error, line, when, when_short};
use crate::{
    accounts::seal_binding,
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{settings_page, unprocessable},
    ui::{
        button::{Button, Link},
        chip::{Chip, State as Look, Tone},
        dialog::Confirm,
        empty::Empty,
        field::{Checkbox, Field},
        format::{counted, grouped, phone, rupees},
        head::{Card, Head, KeyValues},
        icons::Icon,
        integration_card::{IntegrationCard, Integrations},
        menu::{Menu, MenuItem},
        note::Note,
        status_card::{Logo, LogoColour},
    },
};

const HREF: &str = "/settings/integrations";
/// The one kind of account that this version knows.
const AISENSY: &str = "aisensy";
/// Longest name of an account: it must fit a card.
const NAME_CHARS_MAX: usize = 60;
/// Longest `source`; AiSensy states no limit, screens have one.
const SOURCE_CHARS_MAX: usize = 60;
/// Longest campaign name that is asked about.
const CAMPAIGN_CHARS_MAX: usize = 200;
/// Keys have a few hundred characters; more is a pasted page.
const SECRET_CHARS_MAX: usize = 4_096;
/// AiSensy's rate is not published; 80 is Meta's per number (providers/aisensy.md §6).
const PER_SECOND_MAX: i64 = 80;
const PER_SECOND_DEFAULT: i64 = 10;
const PER_DAY_MAX: i64 = 10_000_000;
/// Topics of the webhook that carry something for us (providers/aisensy.md §4.3).
const TOPICS: &[&str] = &[
    "message.status.updated",
    "message.sender.user",
    "contact.campaign.sent",
    "contact.campaign.delivered",
    "contact.campaign.read",
];

fn href(id: IntegrationId) -> String {
    format!("{HREF}/{id}")
}

/* ---------- What a test proved ---------- */

/// What the last test of an account proved; kept as its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// When; `None` before the first test.
    pub tested_at: Option<Millis>,
    /// By whom.
    pub tested_by: String,
    /// The campaign that was asked about; empty when none was.
    pub campaign: String,
    /// What came back about it.
    pub verdict: Verdict,
    /// The provider's words, or why it could not be asked.
    pub words: String,
    /// Values that the campaign wants.
    pub parameters: Option<usize>,
    /// It was made with header media.
    pub media: Option<bool>,
    /// What the project says of itself, with project credentials.
    pub project: Option<ProjectHealth>,
    /// Why it said nothing.
    pub project_words: String,
}

/// What came back about the campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was asked.
    #[default]
    NotAsked,
    /// It exists and is live.
    Live,
    /// It exists and is not live.
    NotLive,
    /// The provider refused the question.
    Refused,
    /// The provider could not be reached, or could not be understood.
    Silent,
}

/// Facts of the project (providers/aisensy.md §3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectHealth {
    /// Its name.
    pub name: String,
    /// `ACTIVE` and others.
    pub status: String,
    /// The plan.
    pub plan: String,
    /// The wallet, in 1/10,000 rupee.
    pub credit: Option<i64>,
    /// The sending number, as AiSensy writes it.
    pub number: String,
    /// Messaging tier in Meta's words.
    pub tier: String,
    /// People in 24 hours; unlimited is `i64::MAX`.
    pub tier_limit: Option<i64>,
    /// Quality in Meta's words.
    pub quality: String,
}

impl From<ProjectFacts> for ProjectHealth {
    fn from(facts: ProjectFacts) -> ProjectHealth {
        ProjectHealth {
            name: facts.name,
            status: facts.status,
            plan: facts.plan,
            credit: facts.credit.map(|credit| credit.0),
            number: facts.wa_number,
            tier: facts.tier,
            tier_limit: facts.tier_limit,
            quality: facts.quality,
        }
    }
}

impl Health {
    /// What is kept with an account; a health that an older version wrote reads as untested.
    pub fn of(integration: &Integration) -> Health {
        serde_json::from_value(integration.health.clone()).unwrap_or_default()
    }

    /// The state of the account as a chip.
    fn chip(&self, integration: &Integration, now: Millis) -> Chip {
        let own = |tone, icon, word: &str| Chip { tone, icon, word: word.into() };
        if integration.stopped_at.is_some() {
            return own(Tone::Fail, Icon::Pause, "Stopped");
        }
        if integration.held_until > now {
            return own(Tone::Act, Icon::Wait, "Held back");
        }
        if self.tested_at.is_none() {
            return own(Tone::Act, Icon::Test, "Not tested");
        }
        let project = self.project.as_ref();
        if project.is_some_and(|project| !project.is_active()) {
            return own(Tone::Fail, Icon::Error, "Project not active");
        }
        match self.verdict {
            Verdict::Refused => own(Tone::Fail, Icon::Error, "Refused"),
            Verdict::Silent => own(Tone::Act, Icon::Warning, "No answer"),
            Verdict::NotLive => own(Tone::Act, Icon::Warning, "Campaign not live"),
            Verdict::NotAsked if project.is_none() => own(Tone::Act, Icon::Warning, "Not proven"),
            Verdict::NotAsked | Verdict::Live
                if project.and_then(|project| project.credit).is_some_and(|credit| credit <= 0) =>
            {
                Look::LowBalance.chip()
            }
            Verdict::NotAsked | Verdict::Live => Look::Ready.chip(),
        }
    }

    /// The result about the campaign, and a quiet word.
    fn said(&self) -> (String, String) {
        let about = format!("Campaign “{}”", self.campaign);
        match self.verdict {
            Verdict::NotAsked => ("No campaign was asked about".into(), String::new()),
            Verdict::Live => (self.shape(), about),
            Verdict::NotLive => ("The campaign is not live".into(), about),
            Verdict::Refused => (format!("AiSensy refused: {}", self.words), about),
            Verdict::Silent => (format!("No usable answer: {}", self.words), about),
        }
    }

    /// `Live, 3 values, no media`.
    fn shape(&self) -> String {
        let values = match self.parameters {
            Some(0) => ", no values".to_owned(),
            Some(n) => format!(", {}", counted(i64::try_from(n).unwrap_or(i64::MAX), "value", "values")),
            None => String::new(),
        };
        let media = match self.media {
            Some(true) => ", with media",
            Some(false) => ", no media",
            None => "",
        };
        format!("Live{values}{media}")
    }

    /// What stands in the way, and what to do; only the first.
    fn alert(&self, integration: &Integration, now: Millis, member: &Member) -> Option<Note> {
        if let Some(at) = integration.stopped_at {
            let by = integration.stopped_by.as_deref().unwrap_or("somebody");
            let text =
                format!("By {by}, {}. Nothing goes out; what waits keeps waiting.", when_short(member, at));
            return Some(Note::new(Tone::Fail, "Stopped.", text));
        }
        if integration.held_until > now {
            let until = when_short(member, integration.held_until);
            return Some(Note::new(
                Tone::Act,
                "Held back",
                format!("until {until}, because AiSensy refused or did not answer."),
            ));
        }
        let project = self.project.as_ref();
        if let Some(project) = project.filter(|project| !project.is_active()) {
            let text = format!("AiSensy says the project is {}.", project.status.to_lowercase());
            return Some(Note::new(Tone::Fail, "", text));
        }
        match self.verdict {
            Verdict::Refused => Some(Note::new(
                Tone::Fail,
                "The last test was refused.",
                format!(
                    "AiSensy says: {} A wrong key and a wrong campaign name can look alike here.",
                    ended(&self.words)
                ),
            )),
            Verdict::NotLive => Some(Note::new(
                Tone::Act,
                "The campaign is not live.",
                format!("Set “{}” live in AiSensy, under Campaigns, then test again.", self.campaign),
            )),
            Verdict::Silent | Verdict::Live | Verdict::NotAsked => None,
        }
    }
}

/// A sentence with its full stop.
fn ended(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

impl ProjectHealth {
    /// A status that is not told is not held against the project.
    fn is_active(&self) -> bool {
        self.status.is_empty() || self.status.eq_ignore_ascii_case("active")
    }

    fn rows(&self) -> Vec<(String, Markup, Option<String>)> {
        let credit = self.credit.map(|credit| ("Wallet", rupees(credit), None));
        let tier = (!self.tier.is_empty()).then(|| {
            let people = match self.tier_limit {
                Some(i64::MAX) => Some("Unlimited people in 24 hours".to_owned()),
                Some(limit) => Some(format!("{} people in 24 hours", grouped(limit))),
                None => None,
            };
            ("Tier", self.tier.clone(), people)
        });
        let told = |name, value: &String| (!value.is_empty()).then(|| (name, value.clone(), None));
        let number = (!self.number.is_empty()).then(|| ("Number", shown_number(&self.number), None));
        [
            credit,
            tier,
            told("Quality", &self.quality),
            number,
            told("Plan", &self.plan),
            told("Project", &self.name),
        ]
        .into_iter()
        .flatten()
        .map(|(name, value, more)| (name.to_owned(), html! { (value) }, more))
        .collect()
    }
}

/// AiSensy writes numbers as digits without a plus.
fn shown_number(number: &str) -> String {
    let bare = number.trim_start_matches('+');
    if bare.bytes().all(|b| b.is_ascii_digit()) { phone(&format!("+{bare}")) } else { number.to_owned() }
}

/* ---------- Lists and details ---------- */

/// `GET /settings/integrations`
pub async fn list(member: Member) -> PageResult {
    let integrations = member.org.integrations().await?;
    let may = member.may(Permission::Integrations);
    let mut head = Head::new("Integrations")
        .meta("Accounts that carry your messages. Keys are stored sealed and never shown again.");
    if may && !integrations.is_empty() {
        head = head.action(Button::primary_link("Add account", format!("{HREF}/new")).icon(Icon::Plus));
    }
    let body = html! {
        (head)
        @if integrations.is_empty() { (none(may)) }
        @else { (Integrations(integrations.iter().map(|one| card(&member, one)).collect())) }
        p class="m-hint" { "This version sends on WhatsApp Personal, through AiSensy. Accounts for SMS, calls and WhatsApp groups cannot be connected in it." }
    };
    Ok(settings_page(&member, "Integrations", HREF, body).render().into_response())
}

fn none(may: bool) -> Empty {
    let add = Button::primary_link("Connect AiSensy", format!("{HREF}/new")).icon(Icon::Plug);
    Empty {
        icon: Icon::Plug,
        title: "Connect the account that sends".into(),
        text: if may {
            "WhatsApp messages go out through your own AiSensy account. You need its campaign API key; a project password adds balance and templates, a webhook adds receipts.".into()
        } else {
            "WhatsApp messages go out through your organisation’s AiSensy account. An admin can connect it."
                .into()
        },
        actions: if may { vec![add] } else { vec![] },
        ways: vec![],
    }
}

const LOGO: Logo = Logo { letters: "Ai", colour: LogoColour::Violet };

fn card(member: &Member, integration: &Integration) -> IntegrationCard {
    let health = Health::of(integration);
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
    IntegrationCard {
        logo: LOGO,
        title: "AiSensy".into(),
        note: format!("{} · {}", integration.name, Channel::WhatsappPersonal.title()),
        chip: health.chip(integration, member.now),
        alert: health.alert(integration, member.now, member),
        facts: KeyValues { rows: card_facts(member, integration, &health), inset: false },
        actions,
        link: None,
        menu: Some(Menu { label: format!("More for {}", integration.name), items }),
    }
}

fn stop_item(member: &Member, integration: &Integration) -> MenuItem {
    let stopped = integration.stopped_at.is_some();
    let (label, icon) = if stopped { ("Release", Icon::Play) } else { ("Stop sending", Icon::Pause) };
    let action = format!("{}/{}", href(integration.id), if stopped { "release" } else { "stop" });
    MenuItem::post(label, action, member.csrf()).icon(icon)
}

fn card_facts(
    member: &Member,
    integration: &Integration,
    health: &Health,
) -> Vec<(String, Markup, Option<String>)> {
    let mut rows =
        vec![key_row(member, integration, "api_key", "API key"), receipts_row(member, integration)];
    rows.push(pace_row(integration));
    if let Some(credit) = health.project.as_ref().and_then(|project| project.credit) {
        let at = health.tested_at.map(|at| when(member, at));
        rows.push(("Wallet".into(), html! { (rupees(credit)) }, at));
    }
    rows.push(match health.tested_at {
        Some(at) => ("Test".into(), html! { (health.said().0) }, Some(when(member, at))),
        None => ("Test".into(), html! { "Never" }, Some("A test sends nothing and costs nothing".into())),
    });
    rows
}

/// The hint of a secret, or that it is set or not; who set it is said where it is.
fn key_row(
    member: &Member,
    integration: &Integration,
    secret: &str,
    label: &str,
) -> (String, Markup, Option<String>) {
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

fn takes_receipts(integration: &Integration) -> bool {
    integration.hints.get("webhook_secret").is_some_and(Value::is_string)
}

fn receipts_row(member: &Member, integration: &Integration) -> (String, Markup, Option<String>) {
    let last = integration.last_receipt_at.map(|at| format!("Last one {}", when_short(member, at)));
    if takes_receipts(integration) {
        ("Receipts".into(), html! { "On" }, Some(last.unwrap_or_else(|| "None seen yet".into())))
    } else {
        ("Receipts".into(), html! { "Off" }, Some("“Handed over” is the last state".into()))
    }
}

fn pace_row(integration: &Integration) -> (String, Markup, Option<String>) {
    let day = match integration.pace.per_day {
        0 => "No daily ceiling".to_owned(),
        n => format!("{} people a day", grouped(n)),
    };
    ("Pace".into(), html! { (grouped(integration.pace.per_second)) " per second" }, Some(day))
}

/// What the page of an account shows besides the account.
#[derive(Default)]
struct Told {
    campaign: String,
    campaign_error: Option<String>,
}

/// `GET /settings/integrations/{id}`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let health = Health::of(&integration);
    let campaign = match health.campaign.is_empty() {
        false => health.campaign.clone(),
        true => first_campaign(&member).await?,
    };
    Ok(page(&app, &member, &integration, &Told { campaign, campaign_error: None }).into_response())
}

/// The campaign of the first template that names one.
async fn first_campaign(member: &Member) -> Result<String, StoreError> {
    let templates = member.org.templates(Channel::WhatsappPersonal).await?;
    let named = templates.into_iter().filter_map(|template| {
        let body: WhatsappTemplate = serde_json::from_value(template.body).ok()?;
        Some(body.campaign).filter(|campaign| !campaign.is_empty())
    });
    Ok(named.into_iter().next().unwrap_or_default())
}

fn page(app: &App, member: &Member, integration: &Integration, told: &Told) -> Markup {
    let health = Health::of(integration);
    let own = href(integration.id);
    let may = member.may(Permission::Integrations);
    let mut head = Head::new(&integration.name)
        .chip(health.chip(integration, member.now))
        .meta("AiSensy")
        .meta(Channel::WhatsappPersonal.title());
    if may {
        head = head
            .action(Button::link("Edit", format!("{own}/edit")).icon(Icon::Edit))
            .action(Button::link("Replace keys", format!("{own}/keys")).icon(Icon::Key));
    }
    let body = html! {
        (head)
        @if let Some(alert) = health.alert(integration, member.now, member) { (alert) }
        (Card::new("account", "Account", account_facts(member, integration)).padded())
        (test_card(member, integration, &health, told))
        (receipts_card(app, member, integration))
        @if member.may(Permission::Send) { (stop_card(member, integration)) }
    };
    let mut page = settings_page(member, &integration.name, HREF, body);
    page.crumbs.insert(1, crate::ui::shell::Crumb::to("Integrations", HREF));
    page.render()
}

fn account_facts(member: &Member, integration: &Integration) -> KeyValues {
    let settings: AisensySettings = serde_json::from_value(integration.settings.clone()).unwrap_or_default();
    let project =
        if settings.project_id.is_empty() { "As the key names it".to_owned() } else { settings.project_id };
    let used = format!("{} calls today", grouped(integration.calls_today));
    KeyValues {
        rows: vec![
            key_row(member, integration, "api_key", "API key"),
            key_row(member, integration, "project_password", "Project password"),
            key_row(member, integration, "webhook_secret", "Webhook secret"),
            ("Project".into(), html! { (project) }, None),
            ("Source".into(), html! { (settings.source) }, Some("What AiSensy notes on new contacts".into())),
            pace_row(integration),
            ("Used".into(), html! { (used) }, None),
        ],
        inset: false,
    }
}

fn test_card(member: &Member, integration: &Integration, health: &Health, told: &Told) -> Card {
    let mut rows = Vec::new();
    if let Some(at) = health.tested_at {
        let (said, about) = health.said();
        rows.push(("Campaign".into(), html! { (said) }, (!about.is_empty()).then_some(about)));
        if let Some(project) = &health.project {
            rows.extend(project.rows());
        } else if !health.project_words.is_empty() {
            rows.push(("Project".into(), html! { (health.project_words) }, None));
        }
        rows.push(("Tested".into(), html! { (when(member, at)) }, Some(format!("By {}", health.tested_by))));
    }
    let body = html! {
        div class="m-stack" {
            @if rows.is_empty() { p class="m-p" { "This account was never tested." } }
            @else { (KeyValues { rows, inset: false }) }
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action={ (href(integration.id)) "/test" } {
                    (member.csrf())
                    (Field::text("campaign", "Campaign to ask about").value(&told.campaign).error(told.campaign_error.clone())
                        .help("The exact name of a Live API campaign in AiSensy: the campaign’s name, not the template’s. The test sends no message and costs nothing."))
                    div class="m-acts" { (Button::new("Test connection").icon(Icon::Test).busy("Asking AiSensy…")) }
                }
            }
        }
    };
    Card::new("test", "Test connection", body).padded()
}

fn receipts_card(app: &App, member: &Member, integration: &Integration) -> Card {
    let may = member.may(Permission::Integrations);
    let url = app.config.url(&format!("/callbacks/{}", integration.callback_key));
    let body = html! {
        div class="m-stack" {
            (KeyValues { rows: vec![receipts_row(member, integration), key_row(member, integration, "webhook_secret", "Webhook secret")], inset: false })
            p class="m-p" { "Receipts say what became of a message: delivered, read or failed, and bring in replies such as STOP. They need a webhook in AiSensy, which higher plans have. Without one, “handed over” is the last state a message reaches." }
            @if may {
                (Field::text("webhook_url", "Webhook address").value(&url).tune(|input| input.readonly = true)
                    .help("Paste it in AiSensy under Manage, Webhooks. Whoever knows it can still not forge a receipt: each one has to be signed with the shared secret."))
                @if !app.config.is_https() {
                    (Note::new(Tone::Act, "AiSensy cannot reach this address.", format!("It needs https and a public name; this server calls itself {}. Set public_url in its configuration.", app.config.public_url)))
                }
                div class="m-field" {
                    p class="m-label" { "Topics to tick" }
                    ul class="m-p" { @for topic in TOPICS { li { code { (topic) } } } }
                }
                @if !takes_receipts(integration) {
                    (Note::new(Tone::Act, "No shared secret yet.", "Posts are refused until the secret that AiSensy shows for the webhook is stored here.")
                        .action(Link::new("Store secret", format!("{}/keys", href(integration.id)))))
                }
            } @else { p class="m-hint" { "An admin sees the webhook’s address here." } }
        }
    };
    Card::new("receipts", "Receipts", body).padded()
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

/* ---------- Adding and editing ---------- */

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
pub struct KeysForm {
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
        let per_day = integration.pace.per_day;
        AccountForm {
            name: integration.name.clone(),
            project_id: settings.project_id,
            source: settings.source,
            per_second: integration.pace.per_second.to_string(),
            per_day: if per_day == 0 { String::new() } else { per_day.to_string() },
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
        let per_second = whole(&self.per_second).filter(|n| (1..=PER_SECOND_MAX).contains(n));
        errors.per_second =
            per_second.is_none().then(|| format!("A whole number from 1 to {PER_SECOND_MAX}."));
        let per_day = if self.per_day.trim().is_empty() { Some(0) } else { whole(&self.per_day) };
        let per_day = per_day.filter(|n| (0..=PER_DAY_MAX).contains(n));
        errors.per_day = per_day
            .is_none()
            .then(|| format!("A whole number up to {}, or empty for no ceiling.", grouped(PER_DAY_MAX)));
        let pace = Pace {
            per_second: per_second.unwrap_or(PER_SECOND_DEFAULT),
            per_day: per_day.unwrap_or_default(),
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

/// A whole number, with or without grouping.
fn whole(text: &str) -> Option<i64> {
    text.trim().replace(',', "").parse().ok()
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

fn secret_error(text: &str) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > SECRET_CHARS_MAX {
        return Some("This is far longer than a key. Copy the key alone.".into());
    }
    text.chars()
        .any(|c| c.is_control() || c.is_whitespace())
        .then(|| "It has a space or a line break inside. Copy the key alone.".into())
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
    let body = html! {
        (Head::new("Add an AiSensy account").meta("Several accounts can stand side by side: one per number, say."))
        (Card::new("new", "AiSensy", html! {
            form class="m-stack" method="post" action={ (HREF) "/new" } autocomplete="off" {
                (member.csrf())
                (form.fields(errors))
                (KeysForm::fields(errors, None))
                @if !errors.is_empty() { p class="m-hint" { "Keys are never sent back to a page: paste them again." } }
                div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Add account").busy("Saving…")) }
            }
        }).padded())
    };
    sub_page(member, "Add account", body)
}

/// A page below the list.
fn sub_page(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs.insert(1, crate::ui::shell::Crumb::to("Integrations", HREF));
    page.render()
}

/// `GET /settings/integrations/{id}/edit`
pub async fn edit(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    let form = AccountForm::of(&integration);
    Ok(edit_page(&member, &integration, &form, &Errors::default()).into_response())
}

/// `POST /settings/integrations/{id}/edit`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<AccountForm>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let mut errors = Errors::default();
    let (name, project_id, source, pace) = form.check(&mut errors);
    if errors.project_id.is_none()
        && let Some(secrets) = secrets_of(&app, &integration)
    {
        errors.project_id = project_error(&project_id, &secrets);
    }
    if !errors.is_empty() {
        return Ok(unprocessable(edit_page(&member, &integration, &form, &errors)));
    }
    let country = integration.settings.get("country").and_then(Value::as_str).unwrap_or_default();
    let settings = stored_settings(&project_id, &source, country);
    member.org.update_integration(id, &name, &settings, pace, member.now).await?;
    app.callbacks.forget();
    Ok(see_other_saying(&app, &href(id), "Account saved."))
}

fn edit_page(member: &Member, integration: &Integration, form: &AccountForm, errors: &Errors) -> Markup {
    let own = href(integration.id);
    let body = html! {
        (Head::new(format!("Edit {}", integration.name)))
        (Card::new("edit", "Account", html! {
            form class="m-stack" method="post" action={ (own) "/edit" } {
                (member.csrf())
                (form.fields(errors))
                div class="m-acts" { (Button::link("Cancel", &own)) (Button::primary("Save account").busy("Saving…")) }
            }
        }).padded())
    };
    sub_page(member, "Edit account", body)
}

/// `GET /settings/integrations/{id}/keys`
pub async fn keys(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    Ok(keys_page(&member, &integration, &Errors::default(), None).into_response())
}

/// `POST /settings/integrations/{id}/keys`
pub async fn replace_keys(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<KeysForm>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let mut errors = Errors::default();
    let settings: AisensySettings = serde_json::from_value(integration.settings.clone()).unwrap_or_default();
    let secrets = form.merge(secrets_of(&app, &integration), &mut errors);
    let project = secrets.as_ref().and_then(|secrets| project_error(&settings.project_id, secrets));
    let (Some(secrets), None) = (secrets, &project) else {
        return Ok(unprocessable(keys_page(&member, &integration, &errors, project)));
    };
    let binding = seal_binding(integration.organization, id);
    let sealed = app.keys.seal(&secrets.to_json(), &binding);
    member.org.replace_secrets(id, &sealed, &hints(&secrets), member.now).await?;
    app.callbacks.forget();
    Ok(see_other_saying(&app, &href(id), "Keys replaced. Test the connection next."))
}

/// What is stored now; `None` when it cannot be opened, so that every key must be typed again.
fn secrets_of(app: &App, integration: &Integration) -> Option<AisensySecrets> {
    let binding = seal_binding(integration.organization, integration.id);
    let plain = app.keys.open_sealed(&integration.sealed, &binding).ok()?;
    serde_json::from_str(&plain).ok()
}

fn keys_page(member: &Member, integration: &Integration, errors: &Errors, project: Option<String>) -> Markup {
    let own = href(integration.id);
    let body = html! {
        (Head::new(format!("Keys of {}", integration.name)).meta("Stored sealed, never shown again. Type only what changes."))
        @if let Some(words) = project {
            (Note::new(Tone::Fail, "Nothing was saved.", words).action(Link::new("Edit account", format!("{own}/edit"))))
        }
        (Card::new("keys", "Replace keys", html! {
            form class="m-stack" method="post" action={ (own) "/keys" } autocomplete="off" {
                (member.csrf())
                (KeysForm::fields(errors, Some(integration)))
                div class="m-acts" { (Button::link("Cancel", &own)) (Button::primary("Save keys").busy("Saving…")) }
            }
        }).padded())
    };
    sub_page(member, "Replace keys", body)
}

/* ---------- Testing, stopping, removing ---------- */

/// What the test form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TestForm {
    campaign: String,
}

/// `POST /settings/integrations/{id}/test`: asks the provider, keeps what it said.
pub async fn test(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<TestForm>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let typed = line(&form.campaign);
    let campaign = if typed.is_empty() { first_campaign(&member).await? } else { typed };
    let refuse = |words: &str| {
        let told = Told { campaign: form.campaign.clone(), campaign_error: Some(words.to_owned()) };
        Ok(unprocessable(page(&app, &member, &integration, &told)))
    };
    if campaign.chars().count() > CAMPAIGN_CHARS_MAX {
        return refuse("No campaign has such a long name. Copy the name alone.");
    }
    let account = match app.accounts.open_integration(&integration) {
        Ok(account) => account,
        Err(words) => return refuse(&words),
    };
    let Account::Aisensy(aisensy) = &account else {
        return refuse("This is no AiSensy account; no campaign can be asked about.");
    };
    if campaign.is_empty() && !aisensy.has_project() {
        return refuse(
            "Type the name of a Live API campaign: a key alone proves nothing until it is asked about one.",
        );
    }
    let ask_campaign =
        async { if campaign.is_empty() { None } else { Some(aisensy.probe(&app.out, &campaign).await) } };
    let ask_project =
        async { if aisensy.has_project() { Some(aisensy.project(&app.out).await) } else { None } };
    let (probe, project) = futures::join!(ask_campaign, ask_project);
    let health = Health::from_answers(campaign, probe, project, &member);
    let value = serde_json::to_value(&health).map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(id, &value).await?;
    let words = match (health.verdict, &health.project) {
        (Verdict::Live, _) => "AiSensy answered: the campaign is live.",
        (Verdict::NotAsked, Some(_)) => "AiSensy answered for the project.",
        _ => "Tested. See what AiSensy said.",
    };
    Ok(see_other_saying(&app, &format!("{}#test", href(id)), words))
}

impl Health {
    fn from_answers(
        campaign: String,
        probe: Option<Probe>,
        project: Option<Result<ProjectFacts, NotTold>>,
        member: &Member,
    ) -> Health {
        let mut health = Health {
            tested_at: Some(member.now),
            tested_by: member.user.name.clone(),
            campaign,
            ..Health::default()
        };
        match probe {
            None => {}
            Some(Probe::Answered { live, parameters, media }) => {
                health.verdict = if live { Verdict::Live } else { Verdict::NotLive };
                health.parameters = parameters;
                health.media = media;
            }
            Some(Probe::Refused(words)) => {
                health.verdict = Verdict::Refused;
                health.words = words;
            }
            Some(Probe::Silent(words)) => {
                health.verdict = Verdict::Silent;
                health.words = words;
            }
        }
        match project {
            None => {
                health.project_words = "No project password is stored: balance and tier are not known.".into()
            }
            Some(Ok(facts)) => health.project = Some(facts.into()),
            Some(Err(not_told)) => health.project_words = not_told_words(&not_told),
        }
        health
    }
}

/// Why a question about the project was not answered, for people.
pub(super) fn not_told_words(not_told: &NotTold) -> String {
    match not_told {
        NotTold::NotConnected => "No project password is stored.".into(),
        NotTold::Refused(said) => format!("AiSensy refused: {}", ended(&said.text)),
        NotTold::Silent(said) => format!("AiSensy gave no usable answer: {}", ended(&said.text)),
    }
}

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

    #[test]
    fn a_health_that_cannot_be_read_is_an_untested_one() {
        let health: Health = serde_json::from_value(json!({})).unwrap();
        assert_eq!(health, Health::default());
        assert_eq!(shown_number("919000000001"), "+91 90000 00001");
    }
}
