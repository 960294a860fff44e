//! An account of AiSensy: its form, what a test of it proved, and its receipts.

use axum::extract::State;
use domain::{
    channel::Channel, checks::Probe, ids::IntegrationId, pace::Pace, role::Permission,
    template::WhatsappTemplate, time::Millis,
};
use maud::{Markup, html};
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

use super::{
    super::{length_error, line, when, when_short},
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
    pages::unprocessable,
    ui::{
        button::{Button, Link},
        chip::{Chip, State as Look, Tone},
        field::{Checkbox, Field},
        format::{counted, grouped, phone, rupees},
        head::{Card, Head, KeyValues},
        icons::Icon,
        note::Note,
        status_card::{Logo, LogoColour},
    },
};

pub(super) const NEW: &str = "/settings/integrations/new";
pub(super) const LOGO: Logo = Logo { letters: "Ai", colour: LogoColour::Violet };
/// As the store knows it.
pub(super) const KIND: &str = "aisensy";
/// Longest `source`; AiSensy states no limit, screens have one.
const SOURCE_CHARS_MAX: usize = 60;
/// Longest campaign name that is asked about.
const CAMPAIGN_CHARS_MAX: usize = 200;
/// AiSensy's rate is not published; 80 is Meta's per number (providers/aisensy.md §6).
const PER_SECOND_MAX: i64 = 80;
const PER_SECOND_DEFAULT: i64 = 10;
/// Topics of the webhook that carry something for us (providers/aisensy.md §4.3).
const TOPICS: &[&str] = &[
    "message.status.updated",
    "message.sender.user",
    "contact.campaign.sent",
    "contact.campaign.delivered",
    "contact.campaign.read",
];

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

    /// The state of the account as a chip, as far as a test tells.
    fn chip(&self) -> Chip {
        if self.tested_at.is_none() {
            return chip(Tone::Act, Icon::Test, "Not tested");
        }
        let project = self.project.as_ref();
        if project.is_some_and(|project| !project.is_active()) {
            return chip(Tone::Fail, Icon::Error, "Project not active");
        }
        match self.verdict {
            Verdict::Refused => chip(Tone::Fail, Icon::Error, "Refused"),
            Verdict::Silent => chip(Tone::Act, Icon::Warning, "No answer"),
            Verdict::NotLive => chip(Tone::Act, Icon::Warning, "Campaign not live"),
            Verdict::NotAsked if project.is_none() => chip(Tone::Act, Icon::Warning, "Not proven"),
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

    /// What a test found in the way, and what to do; only the first.
    fn alert(&self) -> Option<Note> {
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

impl ProjectHealth {
    /// A status that is not told is not held against the project.
    fn is_active(&self) -> bool {
        self.status.is_empty() || self.status.eq_ignore_ascii_case("active")
    }

    fn rows(&self) -> Vec<Fact> {
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

/// The account on cards and heads.
pub(super) fn face(member: &Member, integration: &Integration) -> Face {
    let health = Health::of(integration);
    Face {
        logo: LOGO,
        provider: "AiSensy",
        channel: Channel::WhatsappPersonal.title(),
        chip: health.chip(),
        alert: health.alert(),
        facts: card_facts(member, integration, &health),
    }
}

fn card_facts(member: &Member, integration: &Integration, health: &Health) -> Vec<Fact> {
    let mut rows =
        vec![key_row(member, integration, "api_key", "API key"), receipts_row(member, integration)];
    rows.push(pace_row(integration, "people"));
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

fn takes_receipts(integration: &Integration) -> bool {
    integration.hints.get("webhook_secret").is_some_and(Value::is_string)
}

fn receipts_row(member: &Member, integration: &Integration) -> Fact {
    let last = integration.last_receipt_at.map(|at| format!("Last one {}", when_short(member, at)));
    if takes_receipts(integration) {
        ("Receipts".into(), html! { "On" }, Some(last.unwrap_or_else(|| "None seen yet".into())))
    } else {
        ("Receipts".into(), html! { "Off" }, Some("“Handed over” is the last state".into()))
    }
}

/// What the page of an account shows besides the account.
#[derive(Default)]
struct Told {
    campaign: String,
    campaign_error: Option<String>,
}

/// The cards of its page.
pub(super) async fn cards(
    app: &App,
    member: &Member,
    integration: &Integration,
) -> Result<Markup, StoreError> {
    let health = Health::of(integration);
    let campaign = match health.campaign.is_empty() {
        false => health.campaign.clone(),
        true => first_campaign(member).await?,
    };
    Ok(cards_saying(app, member, integration, &Told { campaign, campaign_error: None }))
}

fn cards_saying(app: &App, member: &Member, integration: &Integration, told: &Told) -> Markup {
    let health = Health::of(integration);
    html! {
        (Card::new("account", "Account", account_facts(member, integration)).padded())
        (test_card(member, integration, &health, told))
        (receipts_card(app, member, integration))
    }
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
            pace_row(integration, "people"),
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
pub(super) struct KeysForm {
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
        kind: KIND.to_owned(),
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

/// The form of its secrets.
pub(super) fn keys(member: &Member, integration: &Integration) -> Markup {
    keys_page(member, integration, &Errors::default(), None)
}

/// Saves the secrets that were typed.
pub(super) async fn replace_keys(
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

/// What the test form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TestForm {
    campaign: String,
}

/// Asks AiSensy, keeps what it said.
pub(super) async fn test(
    app: &App,
    member: &Member,
    integration: &Integration,
    form: TestForm,
) -> PageResult {
    let typed = line(&form.campaign);
    let campaign = if typed.is_empty() { first_campaign(member).await? } else { typed };
    let refuse = |words: &str| {
        let told = Told { campaign: form.campaign.clone(), campaign_error: Some(words.to_owned()) };
        page(member, integration, cards_saying(app, member, integration, &told)).map(unprocessable)
    };
    if campaign.chars().count() > CAMPAIGN_CHARS_MAX {
        return refuse("No campaign has such a long name. Copy the name alone.");
    }
    let account = match app.accounts.open_integration(integration) {
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
    let health = Health::from_answers(campaign, probe, project, member);
    let value = serde_json::to_value(&health).map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(integration.id, &value).await?;
    let words = match (health.verdict, &health.project) {
        (Verdict::Live, _) => "AiSensy answered: the campaign is live.",
        (Verdict::NotAsked, Some(_)) => "AiSensy answered for the project.",
        _ => "Tested. See what AiSensy said.",
    };
    Ok(see_other_saying(app, &format!("{}#test", href(integration.id)), words))
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
pub(in super::super) fn not_told_words(not_told: &NotTold) -> String {
    match not_told {
        NotTold::NotConnected => "No project password is stored.".into(),
        NotTold::Refused(said) => format!("AiSensy refused: {}", ended(&said.text)),
        NotTold::Silent(said) => format!("AiSensy gave no usable answer: {}", ended(&said.text)),
    }
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
