//! AiSensy, WhatsApp Business. Facts: NOTES.md. One request is one recipient; there is no idempotency key.

mod answers;
mod meanings;
mod message;
mod project;
mod receipts;
mod request;
mod vendor;

use domain::{
    outcome::{Outcome, ProviderAnswer},
    template::WhatsappContent,
    time::Millis,
    whatsapp::WhatsappTemplate,
};
use serde::{Deserialize, Serialize};

pub use answers::{ANSWERS, read_answer};
pub use project::{AudienceCategory, Campaign, Page, ProjectFacts, TemplateFacts, project_id_of};
pub use receipts::{SIGNATURE_HEADER, dedupe_key, read, verify};
pub use vendor::{AISENSY, Aisensy};

pub use crate::answer::QueryError;
use crate::{
    answer, codes,
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
    /// Base of the campaign interface, without `/v2`. Of this server's configuration: never stored.
    #[serde(skip)]
    pub base_url: String,
    /// Base of the project interface, without `/project/…`. Of this server's configuration: never stored.
    #[serde(skip)]
    pub project_base_url: String,
    /// The project, 24 hex digits; empty takes the one that the key names (§3).
    pub project_id: String,
    /// Where AiSensy is told that a contact came from (§2.1, `source`).
    pub source: String,
    /// Country letters for numbers that name none; empty sends none (§2.1, `defaultCountryCode`).
    pub country: String,
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

/// The secrets of an integration.
#[derive(Clone, Debug)]
pub struct AisensySecrets {
    /// The key of the campaign interface. Its shape is never checked (§2.1).
    pub api_key: Secret,
    /// The value of the header `X-AiSensy-Project-API-Pwd` (§3).
    pub project_password: Option<Secret>,
    /// The secret of the webhook subscription (§4.1).
    pub webhook_secret: Option<Secret>,
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
    pub async fn send_one(
        &self,
        http: &Http,
        template: &WhatsappTemplate,
        content: &WhatsappContent,
        to: &str,
        now: Millis,
    ) -> Outcome {
        let body = match request::body(self, template, content, to) {
            Ok(body) => body,
            Err(error) => {
                let words = format!("the template holds what AiSensy does not take: {error}");
                return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words));
            }
        };
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
