//! AiSensy as seen from outside (`providers/src/aisensy/NOTES.md`): its accounts, and how it judges a message.
//!
//! The HTTP faces are in `campaign` (campaign API v2) and `project` (project API v1), the webhooks in
//! `receipt`. What the document leaves open is a setting, in [`Habits`] or here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::Shared;
use crate::world::{self, Message, Place, Status};

pub(crate) mod campaign;
mod control;
mod face;
mod habits;
pub(crate) mod project;
pub(crate) mod receipt;

pub use face::FACE;
pub use habits::{Epoch, ErrorShape, Habits, RequestBodyIn};

/// The key of the default project.
pub const DEFAULT_KEY: &str = "TEST.KEY.NOT-REAL";
/// The id of the default project.
pub const DEFAULT_PROJECT: &str = "000000000000000000000ccc";
/// The project API password of the default project.
pub const DEFAULT_PASSWORD: &str = "test-project-password";
/// The vendor counts money in this part of a rupee (`providers/src/aisensy/NOTES.md` §3).
pub const CREDIT_PER_RUPEE: i64 = 100_000;

/// The configuration of AiSensy's stand-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The accounts that it knows.
    pub projects: Vec<Project>,
    /// Whether every campaign name is accepted, with any number of parameters.
    pub any_campaign: bool,
    /// Whether an unknown key counts as one of the first project's.
    pub any_key: bool,
    /// HTTP status for a key that is not good. No captured body is public (§9).
    pub bad_key_status: u16,
    /// Price of a delivered marketing message, in 1/100,000 rupee (§7).
    pub marketing_price: i64,
    /// Price of a delivered utility message, in 1/100,000 rupee.
    pub utility_price: i64,
    /// Price of a delivered authentication message, in 1/100,000 rupee.
    pub authentication_price: i64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            projects: vec![Project::default()],
            any_campaign: false,
            any_key: false,
            bad_key_status: 401,
            marketing_price: 109_000,
            utility_price: 14_500,
            authentication_price: 14_500,
        }
    }
}

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    /// The id of the project: 24 hexadecimal digits.
    pub id: String,
    /// The name of the project, as the vendor shows it.
    pub name: String,
    /// The keys of the campaign API.
    pub keys: Vec<ApiKey>,
    /// The password of the project API.
    pub password: String,
    /// The status: `ACTIVE`, `PENDING`, `SUSPENDED`, `STOPPED` or `ARCHIVED`.
    pub status: String,
    /// Whether a plan is paid for.
    pub plan_active: bool,
    /// The credit in the wallet, in 1/100,000 rupee.
    pub credit: i64,
    /// Meta's messaging tier, such as `TIER_2K`.
    pub wa_messaging_tier: String,
    /// The sending number, digits with country code.
    pub wa_number: String,
    /// The API campaigns of the project.
    pub campaigns: Vec<Campaign>,
    /// Numbers that opted out, any spelling.
    pub opted_out: BTreeSet<String>,
    /// Numbers refused as invalid, any spelling.
    pub invalid: BTreeSet<String>,
    /// Numbers with one of these endings are refused as invalid.
    pub invalid_endings: BTreeSet<String>,
    /// Numbers with one of these endings are refused with that text.
    pub refused_endings: BTreeMap<String, String>,
    /// Numbers with one of these endings are refused as opted out.
    pub opted_out_endings: BTreeSet<String>,
}

impl Default for Project {
    fn default() -> Self {
        Project {
            id: DEFAULT_PROJECT.to_owned(),
            name: "Example Academy".to_owned(),
            keys: vec![ApiKey::good(DEFAULT_KEY), ApiKey::good(&key_of(DEFAULT_PROJECT))],
            password: DEFAULT_PASSWORD.to_owned(),
            status: "ACTIVE".to_owned(),
            plan_active: true,
            credit: 10_000 * CREDIT_PER_RUPEE,
            wa_messaging_tier: "TIER_100K".to_owned(),
            wa_number: "919000000000".to_owned(),
            campaigns: vec![
                Campaign::utility("workshop_reminder_1h", 4),
                Campaign::utility("workshop_today", 3),
                Campaign::utility("seat_confirmed", 3),
                Campaign::utility("team_alert", 3),
                Campaign {
                    media: true,
                    category: Category::Marketing,
                    ..Campaign::utility("welcome_pdf", 2)
                },
            ],
            opted_out: BTreeSet::new(),
            invalid: BTreeSet::new(),
            invalid_endings: BTreeSet::new(),
            refused_endings: BTreeMap::new(),
            opted_out_endings: BTreeSet::new(),
        }
    }
}

/// A key of the campaign API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKey {
    /// The key, as requests carry it.
    pub key: String,
    /// Whether requests with it are still accepted.
    pub valid: bool,
}

impl ApiKey {
    /// A key that works.
    pub fn good(key: &str) -> ApiKey {
        ApiKey { key: key.to_owned(), valid: true }
    }
}

impl Default for ApiKey {
    fn default() -> Self {
        ApiKey::good("")
    }
}

/// A key shaped like the vendor's: a JWT whose payload tells the project (§2.1). Its signature is
/// no signature.
pub fn key_of(project: &str) -> String {
    let payload = serde_json::json!({
        "id": project, "name": "Example Academy", "appName": "AiSensy",
        "clientId": project, "activePlan": "BASIC_MONTHLY", "iat": 1_767_240_000
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let head = part(r#"{"alg":"HS256","typ":"JWT"}"#);
    format!("{head}.{}.{}", part(&payload.to_string()), part("not a signature"))
}

/// One API campaign with its template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Campaign {
    /// The name, exactly as requests have to write it.
    pub name: String,
    /// Its id, 24 hexadecimal digits; made from the name when empty.
    pub id: String,
    /// Whether it may be used.
    pub status: CampaignStatus,
    /// The number of parameters that its template takes.
    pub parameters: usize,
    /// Whether its template has a media header.
    pub media: bool,
    /// Category, which decides the price.
    pub category: Category,
    /// Name of its template; the campaign's own name when empty.
    pub template: String,
    /// Language of the template.
    pub language: String,
    /// Text of the template, `{{1}}` and so on for parameters; made up when empty.
    pub text: String,
}

impl Campaign {
    /// A live utility campaign.
    pub fn utility(name: &str, parameters: usize) -> Campaign {
        Campaign { name: name.to_owned(), parameters, ..Campaign::default() }
    }

    fn template_name(&self) -> &str {
        if self.template.is_empty() { &self.name } else { &self.template }
    }

    fn template_text(&self) -> String {
        if !self.text.is_empty() {
            return self.text.clone();
        }
        let places: Vec<String> = (1..=self.parameters).map(|n| format!("{{{{{n}}}}}")).collect();
        format!("Hello {}", places.join(", "))
    }
}

impl Default for Campaign {
    fn default() -> Self {
        Campaign {
            name: String::new(),
            id: String::new(),
            status: CampaignStatus::Live,
            parameters: 0,
            media: false,
            category: Category::Utility,
            template: String::new(),
            language: "en".to_owned(),
            text: String::new(),
        }
    }
}

/// States of an API campaign (§3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CampaignStatus {
    /// The campaign may be used.
    #[default]
    Live,
    /// A person ended the campaign.
    Stopped,
    /// A person or the vendor halted the campaign.
    Paused,
}

impl CampaignStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            CampaignStatus::Live => "LIVE",
            CampaignStatus::Stopped => "STOPPED",
            CampaignStatus::Paused => "PAUSED",
        }
    }
}

/// Meta's categories of templates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Category {
    /// Offers and invitations.
    Marketing,
    /// About something the person asked for.
    #[default]
    Utility,
    /// One-time codes.
    Authentication,
}

impl Config {
    pub(crate) fn price(&self, category: Category) -> i64 {
        match category {
            Category::Marketing => self.marketing_price,
            Category::Utility => self.utility_price,
            Category::Authentication => self.authentication_price,
        }
    }

    fn price_of(&self, project: &str, campaign: &str) -> i64 {
        let project = self.projects.iter().find(|one| one.id == project);
        let campaign = project.and_then(|one| one.campaigns.iter().find(|one| one.name == campaign));
        self.price(campaign.map(|one| one.category).unwrap_or_default())
    }
}

/// The running vendor. Its accounts can be changed at any time.
pub struct Aisensy {
    config: Mutex<Config>,
    start: Config,
}

/// What a sender asks for, whichever interface it came through.
pub(crate) struct SendRequest<'a> {
    pub(crate) campaign: &'a str,
    pub(crate) destination: &'a str,
    pub(crate) name: &'a str,
    pub(crate) parameters: &'a [String],
    pub(crate) media_url: Option<&'a str>,
    /// Whether the answer will reach the sender.
    pub(crate) answered: bool,
}

/// A refusal: HTTP status, name and text (§2.5).
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, name: &'static str, text: impl Into<String>) -> Refusal {
        Refusal { status, name, text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Refusal {
        Refusal::new(400, "ERR400", text)
    }
}

/// Which credential a request came with.
pub(crate) enum Credential<'a> {
    Key(&'a str),
    Project { id: &'a str, password: &'a str },
}

impl Aisensy {
    pub(crate) fn new(config: Config) -> Aisensy {
        Aisensy { config: Mutex::new(config.clone()), start: config }
    }

    fn lock(&self) -> MutexGuard<'_, Config> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its accounts and settings as they are now.
    pub fn get(&self) -> Config {
        self.lock().clone()
    }

    /// Changes accounts and settings.
    pub fn change<T>(&self, change: impl FnOnce(&mut Config) -> T) -> T {
        change(&mut self.lock())
    }

    /// Back to how it was started.
    pub fn reset(&self) {
        *self.lock() = self.start.clone();
    }

    /// Wallet of the project, in 1/100,000 rupee.
    pub fn credit(&self, project: &str) -> Option<i64> {
        self.lock().projects.iter().find(|one| one.id == project).map(|one| one.credit)
    }

    /// Takes the price of a delivered message off the wallet.
    pub(crate) fn bill(&self, project: &str, campaign: &str) {
        let mut config = self.lock();
        let price = config.price_of(project, campaign);
        if let Some(project) = config.projects.iter_mut().find(|one| one.id == project) {
            project.credit -= price;
        }
    }

    /// What a delivered message of this campaign costs, in 1/100,000 rupee.
    pub(crate) fn price_of(&self, project: &str, campaign: &str) -> i64 {
        self.lock().price_of(project, campaign)
    }

    /// Judges a message and takes it in, in one step, so that no limit can be overrun.
    pub(crate) fn submit(
        &self,
        shared: &Shared,
        credential: &Credential<'_>,
        asked: &SendRequest<'_>,
    ) -> Result<(Place, Box<str>), Refusal> {
        let mut config = self.lock();
        let at = find_project(&config, credential)?;
        trip(shared, &mut config.projects[at], credential, asked);
        find_project(&config, credential)?;
        let phone = validate(&config, &config.projects[at], asked)?;
        let text = asked.parameters.join(" | ");
        let chance = shared.faults.chance();
        let message = Message {
            vendor: "aisensy",
            account: shared.world.name(&config.projects[at].id),
            id: shared.ids.uuid().to_string().into(),
            phone,
            name: asked.name.into(),
            campaign: shared.world.name(asked.campaign),
            fingerprint: chance.bits(asked.campaign, &text, 0),
            text: text.into(),
            answered: asked.answered,
            status: Status::Accepted,
            failure_code: None,
            accepted_at: shared.now(),
            delivered_at: None,
            read_at: None,
            failed_at: None,
        };
        shared.faults.count_accepted();
        let id = message.id.clone();
        let place = shared.world.accept(message);
        drop(config);
        receipt::plan(shared, place, phone);
        Ok((place, id))
    }
}

/// Lets the account break down when its time has come.
fn trip(shared: &Shared, project: &mut Project, credential: &Credential<'_>, asked: &SendRequest<'_>) {
    let faults = shared.faults.get();
    let accepted = shared.faults.accepted();
    let due =
        |after: Option<u64>, what| after.is_some_and(|after| accepted >= after) && shared.faults.once(what);
    if due(faults.no_credit_after, "no_credit_after") {
        project.credit = 0;
    }
    if due(faults.campaign_paused_after, "campaign_paused_after") {
        for campaign in project.campaigns.iter_mut().filter(|one| one.name == asked.campaign) {
            campaign.status = CampaignStatus::Paused;
        }
    }
    if due(faults.key_disabled_after, "key_disabled_after") {
        for key in &mut project.keys {
            key.valid &= !matches!(credential, Credential::Key(used) if *used == key.key);
        }
    }
}

/// Index of the project that a credential opens.
pub(crate) fn find_project(config: &Config, credential: &Credential<'_>) -> Result<usize, Refusal> {
    match *credential {
        Credential::Key(key) => {
            let known = config.projects.iter().enumerate().find_map(|(at, project)| {
                project.keys.iter().find(|one| one.key == key).map(|one| (at, one.valid))
            });
            match known {
                Some((at, true)) => Ok(at),
                None if config.any_key && !config.projects.is_empty() => Ok(0),
                Some((_, false)) | None => {
                    Err(Refusal::new(config.bad_key_status, "ERR401", "Invalid API key"))
                }
            }
        }
        Credential::Project { id, password } => {
            let at = config.projects.iter().position(|one| one.id == id);
            let at = at.ok_or_else(|| Refusal::new(404, "ERR404", "Project not found"))?;
            if config.projects[at].password == password {
                Ok(at)
            } else {
                // 401 is not among the documented statuses of this interface (§3).
                Err(Refusal::bad("Invalid project API password"))
            }
        }
    }
}

/// Which phone a message goes to, or why it does not (§2.5).
fn validate(config: &Config, project: &Project, asked: &SendRequest<'_>) -> Result<u64, Refusal> {
    if !project.plan_active {
        return Err(Refusal::bad("No Plan active on assistant!"));
    }
    let campaign = project.campaigns.iter().find(|one| one.name == asked.campaign);
    let price = config.price(campaign.map(|one| one.category).unwrap_or_default());
    if project.credit < price {
        let text = "Insufficient WhatsApp Conversation Credits (WCC)";
        return Err(Refusal::new(402, "ERR402", text));
    }
    match campaign {
        None if !config.any_campaign => return Err(Refusal::bad("Campaign does not exist")),
        Some(one) if one.status != CampaignStatus::Live => {
            return Err(Refusal::bad("Campaign is Not Live"));
        }
        Some(one) if !config.any_campaign && one.parameters != asked.parameters.len() => {
            return Err(Refusal::bad("Template params does not match the campaign"));
        }
        Some(one) if one.media && asked.media_url.unwrap_or_default().is_empty() => {
            return Err(Refusal::bad("Media URL Missing"));
        }
        None | Some(_) => {}
    }
    if let Some(text) = asked.parameters.iter().find_map(|value| refusal_of(value)) {
        return Err(Refusal::bad(text));
    }
    let phone = world::digits(asked.destination).ok_or_else(|| Refusal::bad("Invalid Number"))?;
    let ends = |endings: &BTreeSet<String>| {
        !endings.is_empty() && endings.iter().any(|one| phone.to_string().ends_with(one.as_str()))
    };
    let listed = |list: &BTreeSet<String>| list.iter().any(|one| world::digits(one) == Some(phone));
    if ends(&project.invalid_endings) || listed(&project.invalid) {
        return Err(Refusal::bad("Invalid phone number"));
    }
    if let Some((_, text)) =
        project.refused_endings.iter().find(|(one, _)| phone.to_string().ends_with(one.as_str()))
    {
        return Err(Refusal::bad(text.clone()));
    }
    if ends(&project.opted_out_endings) || listed(&project.opted_out) {
        return Err(Refusal::bad("The contact has opted out of messages from this business"));
    }
    Ok(phone)
}

/// What Meta says of a value that it does not take: none, or one that would break the line or the page (§2.1).
fn refusal_of(value: &str) -> Option<&'static str> {
    if value.trim().is_empty() {
        return Some("Parameter of type text is missing text value");
    }
    let breaks = value.contains(['\n', '\r', '\t']) || value.contains("     ");
    breaks.then_some("Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
}

/// 24 hexadecimal digits that are always the same for the same thing, as the vendor's ids look.
pub(crate) fn object_id(shared: &Shared, kind: &str, nth: u64) -> String {
    let chance = shared.ids.chance();
    let high = chance.bits(kind, "high", nth) >> 32;
    format!("{high:08x}{:016x}", chance.bits(kind, "low", nth))
}

/// The id of a campaign: its own, or one made from its name.
pub(crate) fn campaign_id(campaign: Option<&Campaign>, name: &str) -> String {
    match campaign {
        Some(campaign) if !campaign.id.is_empty() => campaign.id.clone(),
        Some(_) | None => {
            let chance = crate::faults::Chance::new(0);
            format!("{:08x}{:016x}", chance.bits("c", name, 0) >> 32, chance.bits("c", name, 1))
        }
    }
}
