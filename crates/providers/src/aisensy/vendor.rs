//! What AiSensy is, and its account as every vendor's is seen.

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    pace::PORTFOLIO,
    receipt::Event,
    template::{Content, Message},
    text::grouped,
};
use serde_json::Value;

use super::{
    AisensyAccount, AisensySecrets, AisensySettings, ProjectFacts, dedupe_key, meanings::MEANINGS,
    project_id_of, read, receipts::SIGNATURE_HEADER,
};
use crate::{
    account::{
        Account, AccountFact, AccountStanding, BoxFuture, Call, Capabilities, NotGenuine, Post, Received,
        Status, StatusPollKey, VendorTemplate, VendorTemplates, wrong_channel,
    },
    answer::QueryError,
    codes,
    field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, SECRET, TEXT},
    http::Http,
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor, settings_of,
    },
};

/// AiSensy.
pub struct Aisensy;

/// AiSensy.
pub const AISENSY: Aisensy = Aisensy;

const KIND: &str = "aisensy";
const CAMPAIGN_URL: &str = "aisensy_url";
const PROJECT_URL: &str = "aisensy_project_url";
const API_KEY: &str = "api_key";
const PROJECT_PASSWORD: &str = "project_password";
const WEBHOOK_SECRET: &str = "webhook_secret";
const PROJECT_ID: &str = "project_id";

/// What the key of a question about one message begins with; the rest is its id. No campaign's name has a tab.
const ONE_MESSAGE: &str = "message\t";

/// AiSensy's own hosts (NOTES.md §1). Resellers run the same interface under others.
const BASE_URLS: &[BaseUrl] = &[
    BaseUrl {
        key: CAMPAIGN_URL,
        default: super::CAMPAIGN_BASE,
        about: "Base address of AiSensy's campaign interface; resellers have their own",
        listed: false,
    },
    BaseUrl {
        key: PROJECT_URL,
        default: super::PROJECT_BASE,
        about: "Base address of AiSensy's project interface",
        listed: false,
    },
];

const INTRODUCTION: Introduction = Introduction {
    letters: "Ai",
    colour: Colour::Violet,
    invitation: "Connect an AiSensy account, and approved templates go to everybody who registered.",
    about: "One account for each WhatsApp number; add as many as you have.",
    example: "Udaan main",
    test: "",
};

/// The rate is not published; 80 is Meta's per number (NOTES.md §6). No limit of `source` is stated; screens have one.
const SETTINGS: &[Field] = &[
    Field {
        key: "per_second",
        label: "Messages per second",
        kind: FieldKind::Rate { max: 80, default: 10 },
        help: "AiSensy publishes no limit. 10 is careful; 80 is Meta’s per number.",
        ..TEXT
    },
    Field {
        key: "per_day",
        label: "People per day",
        kind: FieldKind::Ceiling { counts: "people" },
        help: "Your messaging tier, such as 2000, counted over the last 24 hours. Empty means no ceiling.",
        ..TEXT
    },
    Field {
        key: PORTFOLIO,
        label: "Business portfolio",
        kind: FieldKind::Text { max: 60, default: "" },
        help: "The tier belongs to the business portfolio at Meta. Give accounts of one portfolio the same name, and they share one ceiling.",
        shown: FieldDisplay { note: "Shares its ceiling with accounts of the same name", ..PLAIN },
        ..TEXT
    },
    Field {
        key: PROJECT_ID,
        label: "Project id",
        kind: FieldKind::Id { read: project_id, digits: false },
        help: "Only needed when the key does not name it. 24 characters.",
        shown: FieldDisplay { label: "Project", empty: "As the key names it", ..PLAIN },
        ..TEXT
    },
    Field {
        key: "source",
        label: "Source",
        kind: FieldKind::Text { max: 60, default: "munadi" },
        help: "What AiSensy notes on contacts that it learns from you.",
        shown: FieldDisplay { note: "What AiSensy notes on new contacts", ..PLAIN },
        ..TEXT
    },
    Field {
        key: API_KEY,
        label: "Campaign API key",
        help: "In AiSensy under Manage, API Key.",
        missing: "Paste the campaign API key.",
        shown: FieldDisplay { label: "API key", on_card: true, ..PLAIN },
        ..SECRET
    },
    Field {
        key: PROJECT_PASSWORD,
        label: "Project API password",
        help: "Optional: shows balance and tier, and brings templates over.",
        shown: FieldDisplay { label: "Project password", ..PLAIN },
        ..SECRET
    },
    Field {
        key: WEBHOOK_SECRET,
        label: "Webhook shared secret",
        help: "Optional: receipts are taken only with it. AiSensy shows it where you make the webhook.",
        shown: FieldDisplay { label: "Webhook secret", ..PLAIN },
        ..SECRET
    },
];

const CAMPAIGN: Field = Field {
    key: "campaign",
    label: "Campaign name",
    kind: FieldKind::Text { max: 200, default: "" },
    help: "The exact name of a Live API campaign in AiSensy: the campaign’s name, not the template’s.",
    placeholder: "workshop_reminder_1h",
    missing: "Type the name of the Live API campaign.",
    ..TEXT
};

const TEMPLATE_FIELDS: &[Field] = &[CAMPAIGN];

const QUESTION: Field = Field {
    label: "Campaign to ask about",
    help: "The exact name of a Live API campaign in AiSensy: the campaign’s name, not the template’s. The test sends no message and costs nothing.",
    placeholder: "",
    missing: "",
    ..CAMPAIGN
};

const STEPS: &[SetUpStep] = &[
    SetUpStep { title: "Copy the key", text: "In AiSensy under Manage, API Key." },
    SetUpStep {
        title: "Set a campaign live",
        text: "Under Campaigns, make an API campaign of an approved template and set it live. Its name is what a template here asks for.",
    },
    SetUpStep {
        title: "Make a webhook for receipts",
        text: "Under Manage, Webhooks, on plans that have it. The address is shown here when the account is added.",
    },
];

const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Signed { secret: WEBHOOK_SECRET, header: SIGNATURE_HEADER },
    takes_query: false,
    tells_cost: false,
    about: &[
        "Receipts say what became of a message: delivered, read or failed, and bring in replies such as STOP. They need a webhook in AiSensy, which higher plans have. Without one, “handed over” is the last state a message reaches.",
    ],
    enter: "Paste it in AiSensy under Manage, Webhooks. Whoever knows it can still not forge a receipt: each one has to be signed with the shared secret.",
    choose: &[],
    // Those that carry something for us (NOTES.md §4.3).
    topics: &[
        "message.status.updated",
        "message.sender.user",
        "contact.campaign.sent",
        "contact.campaign.delivered",
        "contact.campaign.read",
    ],
};

fn project_id(text: &str) -> Result<String, String> {
    let id = text.to_ascii_lowercase();
    if id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err("A project id has 24 characters, 0–9 and a–f. Copy it from AiSensy, or leave it empty.".into())
}

const ABOUT: About = About {
    kind: KIND,
    name: "AiSensy",
    introduction: INTRODUCTION,
    channels: &[Channel::WhatsappPersonal],
    base_urls: BASE_URLS,
    settings: SETTINGS,
    template_fields: TEMPLATE_FIELDS,
    lists_templates: true,
    steps: STEPS,
    callback: CALLBACK,
    meanings: MEANINGS,
    question: Some(&QUESTION),
    top_up: Some("https://www.app.aisensy.com/"),
};

impl Vendor for Aisensy {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Of one delivered message in India since 1 January 2026, without GST (NOTES.md §7).
    fn list_price(&self, tariff: Tariff) -> Money {
        match tariff {
            Tariff::Marketing => Money(10_900),
            Tariff::Utility | Tariff::Authentication | Tariff::Quick => Money(1_450),
        }
    }

    /// A project password is of use only when the project is known.
    fn check(&self, settings: &Value, secrets: &Secrets) -> Vec<FieldError> {
        let named = settings.get(PROJECT_ID).and_then(Value::as_str).is_some_and(|id| !id.is_empty())
            || secrets.get(API_KEY).is_some_and(|key| project_id_of(key).is_some());
        if secrets.get(PROJECT_PASSWORD).is_none() || named {
            return Vec::new();
        }
        let words = "This key does not name its project. Type the project id beside the password.";
        vec![FieldError::new(PROJECT_ID, words)]
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: AisensySettings = settings_of(settings)?;
        let settings = AisensySettings {
            base_url: urls.get(CAMPAIGN_URL).to_owned(),
            project_base_url: urls.get(PROJECT_URL).to_owned(),
            ..settings
        };
        let secrets = AisensySecrets {
            api_key: secrets.required(API_KEY)?,
            project_password: secrets.get(PROJECT_PASSWORD).cloned(),
            webhook_secret: secrets.get(WEBHOOK_SECRET).cloned(),
        };
        Ok(Box::new(AisensyAccount::new(&settings, secrets)?))
    }
}

impl Account for AisensyAccount {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn channel(&self) -> Channel {
        Channel::WhatsappPersonal
    }

    fn can(&self) -> Capabilities {
        let project = self.has_project();
        Capabilities {
            takes_receipts: self.takes_receipts(),
            looks_up: project,
            lists_templates: project,
            echoes: false,
        }
    }

    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (Message::Whatsapp(template), Content::Whatsapp(content)) = (call.template, call.content)
            else {
                return Outcome::Misconfigured(wrong_channel(self));
            };
            let [to] = call.to else {
                let words = format!("AiSensy takes one number per call, not {}", call.to.len());
                return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words));
            };
            self.send_one(http, template, content, to, call.now).await
        })
    }

    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(async move {
            match message {
                Message::Whatsapp(template) => self.ask_campaign(http, &template.campaign).await,
                Message::Sms(_) | Message::Group(_) | Message::Call(_) => {
                    Probe::Refused(wrong_channel(self).text)
                }
            }
        })
    }

    /// The campaign of that name and, with the second credential, the project.
    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(async move {
            let campaign =
                async { if about.is_empty() { None } else { Some(self.ask_campaign(http, about).await) } };
            let project = async { if self.has_project() { Some(self.project(http).await) } else { None } };
            let (campaign, project) = tokio::join!(campaign, project);
            status(about, campaign, project)
        })
    }

    fn templates<'a>(&'a self, http: &'a Http) -> BoxFuture<'a, Result<VendorTemplates, QueryError>> {
        Box::pin(async move {
            let (templates, campaigns) = tokio::join!(self.template_facts(http), self.campaigns(http));
            // Without the campaigns a person types their names.
            let live = campaigns.unwrap_or_default().into_iter();
            let live = live.filter(|campaign| campaign.status.eq_ignore_ascii_case("live"));
            let campaigns: Vec<String> = live.map(|campaign| campaign.name).collect();
            let choices = if campaigns.is_empty() { vec![] } else { vec![(CAMPAIGN.key, campaigns)] };
            Ok(VendorTemplates { templates: templates?.into_iter().map(registered).collect(), choices })
        })
    }

    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        let signature = (post.header)(SIGNATURE_HEADER);
        if !self.is_genuine(post.raw, signature.as_deref()) {
            return Err(NotGenuine);
        }
        Ok(Received { dedupe_key: dedupe_key(post.raw) })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        read(raw)
    }

    fn status_poll_key(&self, message: &Message, _provider_id: Option<&str>) -> Option<StatusPollKey> {
        match message {
            Message::Whatsapp(template) if self.has_project() => {
                Some(StatusPollKey::Broadcast(template.campaign.clone()))
            }
            Message::Whatsapp(_) | Message::Sms(_) | Message::Group(_) | Message::Call(_) => None,
        }
    }

    fn message_key(&self, provider_id: &str) -> Option<String> {
        self.has_project().then(|| format!("{ONE_MESSAGE}{provider_id}"))
    }

    fn poll_status<'a>(
        &'a self,
        http: &'a Http,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, QueryError>> {
        Box::pin(async move {
            match key.strip_prefix(ONE_MESSAGE) {
                Some(id) => Ok(vec![self.ask_message(http, id).await?]),
                None => self.ask_audience(http, key).await,
            }
        })
    }
}

fn registered(facts: super::TemplateFacts) -> VendorTemplate {
    // AiSensy's kinds are `TEXT` and those with a header to be fetched.
    let media = ["IMAGE", "VIDEO", "FILE", "DOCUMENT"];
    VendorTemplate {
        has_media: media.iter().any(|kind| facts.kind.eq_ignore_ascii_case(kind)),
        id: facts.id,
        name: facts.name,
        text: facts.text,
        status: facts.status,
        rejected_reason: facts.rejected_reason,
        category: facts.category,
        language: facts.language,
        parameters: facts.parameters,
        ..VendorTemplate::default()
    }
}

/// What both answers together say of the account.
fn status(about: &str, campaign: Option<Probe>, project: Option<Result<ProjectFacts, QueryError>>) -> Status {
    let mut status = Status { about: about.to_owned(), ..Status::default() };
    match &project {
        None => "needs the project password".clone_into(&mut status.balance_note),
        Some(Ok(facts)) => facts.tell(&mut status),
        Some(Err(not_told)) => status.not_told("AiSensy", not_told),
    }
    match campaign {
        None => {
            if matches!(project, Some(Ok(_))) {
                status.standing = AccountStanding::Ready;
                "AiSensy answered for the project".clone_into(&mut status.said);
            }
        }
        Some(answer) => tell_campaign(about, answer, &mut status),
    }
    if let Some(Ok(facts)) = &project {
        if !facts.is_active() {
            status.standing = AccountStanding::NotActive;
            status.alert =
                (String::new(), format!("AiSensy says the project is {}.", facts.status.to_lowercase()));
        } else if status.standing == AccountStanding::Ready
            && status.balance.is_some_and(|left| left <= Money(0))
        {
            status.standing = AccountStanding::NoMoney;
        }
    }
    status
}

fn tell_campaign(campaign: &str, answer: Probe, status: &mut Status) {
    let ended = |words: &str| format!("{}.", words.trim().trim_end_matches('.'));
    match answer {
        Probe::Answered { live: true, parameters, media } => {
            status.standing = AccountStanding::Ready;
            let values = match parameters {
                Some(0) => ", no values".to_owned(),
                Some(1) => ", 1 value".to_owned(),
                Some(n) => format!(", {n} values"),
                None => String::new(),
            };
            let media = match media {
                Some(true) => ", with media",
                Some(false) => ", no media",
                None => "",
            };
            status.said = format!("Live{values}{media}");
        }
        Probe::Answered { live: false, .. } => {
            status.standing = AccountStanding::NotLive;
            "The campaign is not live".clone_into(&mut status.said);
            let text = format!("Set “{campaign}” live in AiSensy, under Campaigns, then test again.");
            status.alert = ("The campaign is not live.".to_owned(), text);
        }
        // The key may be good: only a campaign that it knows proves it.
        Probe::Refused(words) => {
            status.standing = AccountStanding::NotProven;
            status.said = format!("AiSensy refused: {words}");
            let text = format!(
                "AiSensy says of “{campaign}”: {} Ask about a campaign that is live there.",
                ended(&words)
            );
            status.alert = ("The campaign was refused.".to_owned(), text);
        }
        Probe::KeyRefused(words) => {
            status.standing = AccountStanding::Refused;
            status.said = format!("AiSensy refused the key: {words}");
            let text = format!("AiSensy says: {} Replace the key, then test again.", ended(&words));
            status.alert = ("The key was refused.".to_owned(), text);
        }
        Probe::Silent(words) => {
            status.standing = AccountStanding::Silent;
            status.said = format!("No usable answer: {words}");
        }
    }
}

impl ProjectFacts {
    /// A status that is not told is not held against the project.
    fn is_active(&self) -> bool {
        self.status.is_empty() || self.status.eq_ignore_ascii_case("active")
    }

    fn tell(&self, status: &mut Status) {
        status.balance = self.credit;
        status.people_a_day = self.tier_limit;
        status.number.clone_from(&self.wa_number);
        let people = match self.tier_limit {
            Some(i64::MAX) => "Unlimited people in 24 hours".to_owned(),
            Some(limit) => format!("{} people in 24 hours", grouped(limit)),
            None => String::new(),
        };
        status.facts = [
            AccountFact::new("Tier", &self.tier, &people),
            AccountFact::new("Quality", &self.quality, ""),
            AccountFact::new("Plan", &self.plan, ""),
            AccountFact::new("Project", &self.name, ""),
        ]
        .into_iter()
        .flatten()
        .collect();
    }
}
