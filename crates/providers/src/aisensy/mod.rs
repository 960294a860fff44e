//! AiSensy, WhatsApp Business. Facts: providers/aisensy.md. One request is one recipient; there is no idempotency key.

mod answers;
mod project;
mod receipts;
mod request;

use std::collections::BTreeMap;

use domain::{outcome::Outcome, template::Content, time::Millis, whatsapp::WhatsappTemplate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use answers::{ANSWERS, read_answer};
pub use project::{AudienceCategory, Campaign, Page, ProjectFacts, TemplateFacts, project_id_of};
pub use receipts::{SIGNATURE_HEADER, dedupe_key, read, verify};

pub use crate::answer::NotTold;
use crate::{
    answer,
    http::{Endpoint, EndpointError, Http},
    secret::Secret,
};

/// AiSensy's own hosts (§1). Resellers run the same interface under others.
const CAMPAIGN_BASE: &str = "https://backend.aisensy.com/campaign/t1/api";
const PROJECT_BASE: &str = "https://apis.aisensy.com/project-apis/v1";

/// What an integration stores in the open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AisensySettings {
    /// Base of the campaign interface, without `/v2`.
    pub base_url: String,
    /// Base of the project interface, without `/project/…`.
    pub project_base_url: String,
    /// The project, 24 hex digits; empty takes the one that the key names (§3).
    pub project_id: String,
    /// Where AiSensy is told that a contact came from (§2.1, `source`).
    pub source: String,
    /// Country letters for numbers that name none; empty sends none (§2.1, `defaultCountryCode`).
    pub country: String,
}

/// Price of one delivered message in India since 1 January 2026, without GST (§7). In force until an organisation sets its own.
pub fn list_price(category: domain::channel::Category) -> domain::money::Money {
    use domain::{channel::Category, money::Money};
    match category {
        Category::Marketing => Money(10_900),
        Category::Utility | Category::Authentication => Money(1_450),
    }
}

impl Default for AisensySettings {
    fn default() -> Self {
        AisensySettings {
            base_url: CAMPAIGN_BASE.to_owned(),
            project_base_url: PROJECT_BASE.to_owned(),
            project_id: String::new(),
            source: "munadi".to_owned(),
            country: String::new(),
        }
    }
}

/// What an integration seals. Written by [`to_json`](AisensySecrets::to_json) only, so that no page can serialise it by mistake.
#[derive(Clone, Debug, Deserialize)]
pub struct AisensySecrets {
    /// Of the campaign interface. Never checked by shape (§2.1).
    pub api_key: Secret,
    /// `X-AiSensy-Project-API-Pwd` (§3).
    #[serde(default)]
    pub project_password: Option<Secret>,
    /// Of the webhook subscription (§4.1).
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
}

impl AisensySecrets {
    /// The secrets in clear, to be sealed at once.
    pub fn to_json(&self) -> String {
        let text = |secret: &Option<Secret>| secret.as_ref().map(|s| s.expose().to_owned());
        serde_json::json!({
            "api_key": self.api_key.expose(),
            "project_password": text(&self.project_password),
            "webhook_secret": text(&self.webhook_secret),
        })
        .to_string()
    }
}

/// A connected AiSensy account.
#[derive(Clone, Debug)]
pub struct AisensyAccount {
    api_key: Secret,
    send: Endpoint,
    details: Endpoint,
    project: Option<project::Access>,
    webhook_secret: Option<Secret>,
    source: String,
    country: String,
}

/// A template, and what AiSensy takes beyond it. All of it may stand in the frozen template; empty members are not sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhatsappWire {
    /// The template.
    #[serde(flatten)]
    pub template: WhatsappTemplate,
    /// Tags of the project; unknown ones are ignored by AiSensy.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Attributes of the contact; their keys must exist in the project.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Cards of a carousel template, in AiSensy's shape.
    #[serde(default)]
    pub carousel_cards: Vec<Value>,
    /// Place of a location template, in AiSensy's shape.
    #[serde(default)]
    pub location: Map<String, Value>,
    /// Fallbacks of `$Name` parameters.
    #[serde(default)]
    pub params_fallback: BTreeMap<String, String>,
}

impl From<WhatsappTemplate> for WhatsappWire {
    fn from(template: WhatsappTemplate) -> Self {
        WhatsappWire {
            template,
            tags: Vec::new(),
            attributes: BTreeMap::new(),
            carousel_cards: Vec::new(),
            location: Map::new(),
            params_fallback: BTreeMap::new(),
        }
    }
}

impl AisensyAccount {
    /// Puts the two halves of an integration together.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(settings: &AisensySettings, secrets: AisensySecrets) -> Result<AisensyAccount, EndpointError> {
        // People paste the whole address of the documentation.
        let base = settings.base_url.trim().trim_end_matches('/');
        let base = Endpoint::parse(base.strip_suffix("/v2").unwrap_or(base))?;
        Ok(AisensyAccount {
            send: base.join(&["v2"]),
            details: base.join(&["campaign-details"]),
            project: project::Access::new(settings, &secrets)?,
            api_key: secrets.api_key,
            webhook_secret: secrets.webhook_secret.filter(|s| !s.is_empty()),
            source: settings.source.clone(),
            country: settings.country.clone(),
        })
    }

    /// Sends one template to one person, `to` in E.164 form (§2). `now` is for answers that name a date.
    pub async fn send(
        &self,
        http: &Http,
        wire: &WhatsappWire,
        content: &Content,
        to: &str,
        now: Millis,
    ) -> Outcome {
        let body = request::body(self, wire, content, to);
        match http.post(&self.send, body, None).await {
            Ok(answer) => read_answer(&answer, now, &[&self.api_key]),
            Err(silence) => answer::unanswered(silence),
        }
    }

    /// Whether a post comes from AiSensy: see [`verify`]. Without a webhook secret nothing does.
    pub fn is_genuine(&self, raw: &[u8], signature: Option<&str>) -> bool {
        verify(self.webhook_secret.as_ref(), raw, signature)
    }

    /// Whether receipts can be told from forgeries, and so be taken.
    pub fn takes_receipts(&self) -> bool {
        self.webhook_secret.is_some()
    }

    /// Whether balance, templates and the audience of a campaign can be asked for.
    pub fn has_project(&self) -> bool {
        self.project.is_some()
    }
}
