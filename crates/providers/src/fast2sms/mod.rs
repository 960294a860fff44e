//! Fast2SMS, SMS in India. Facts: NOTES.md. One request carries one text to many numbers; there is no idempotency
//! key, and one request id for all of them.

mod answers;
mod manager;
mod meanings;
mod receipts;
mod request;
mod vendor;

use domain::{
    outcome::{Outcome, ProviderAnswer},
    sending_hours::OpenHours,
    sms::{EntityId, SenderId, SmsRoute, SmsTemplate, ValueLimits},
    template::Content,
};
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde::{Deserialize, Serialize};

pub use answers::{
    CODES, CodeRow, HTTP_ANSWERS, NUMBER_BLOCKED, NUMBER_NOT_ALLOWED, NUMBERS_REFUSED, SAME_NUMBER,
    SMS_NO_CREDIT, TEXT_ANSWERS, read_answer,
};
pub use manager::{RegisteredSender, RegisteredTemplate, Wallet};
pub use receipts::{dedupe_key, read};
pub use vendor::{FAST2SMS, Fast2sms};

use crate::{
    account::{Call, wrong_channel},
    answer, codes,
    http::{Endpoint, EndpointError, Http},
    secret::Secret,
};

/// Fast2SMS's own host (§1). Clones answer the same paths on others.
const BASE: &str = "https://www.fast2sms.com/dev";

/// The header that carries the key, without `Bearer` (§1).
const KEY_HEADER: HeaderName = AUTHORIZATION;

/// Most numbers of one request, whatever is set; one public client splits there (§2.2).
pub const NUMBERS_PER_REQUEST_MAX: usize = 1_000;

/// The settings of an integration that are not secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fast2smsSettings {
    /// Base of the interface, without `/bulkV2`. Of this server's configuration: never stored.
    #[serde(skip)]
    pub base_url: String,
    /// The header of templates that name none.
    pub default_sender: Option<SenderId>,
    /// The business of templates that name none.
    pub entity_id: Option<EntityId>,
    /// The route of new templates.
    pub default_route: SmsRoute,
    /// Numbers of one request when the text is the same for all: 1 to [`NUMBERS_PER_REQUEST_MAX`]. A small batch also keeps an
    /// unknown outcome small.
    pub numbers_per_request: usize,
    /// The account's own hours; `None` where only the law and the quiet hours decide when it may send.
    pub hours: Option<OpenHours>,
    /// The longest values that the operators of this account's templates accept.
    pub limits: ValueLimits,
}

impl Default for Fast2smsSettings {
    fn default() -> Self {
        Fast2smsSettings {
            base_url: BASE.to_owned(),
            default_sender: None,
            entity_id: None,
            default_route: SmsRoute::Dlt,
            numbers_per_request: 100,
            hours: None,
            limits: ValueLimits::default(),
        }
    }
}

/// What an integration seals.
#[derive(Clone, Debug)]
pub struct Fast2smsSecrets {
    /// The key of the developer interface.
    pub api_key: Secret,
}

/// A connected Fast2SMS account.
#[derive(Clone, Debug)]
pub struct Fast2smsAccount {
    api_key: Secret,
    send: Endpoint,
    wallet: Endpoint,
    manager: Endpoint,
    reports: Endpoint,
    sender: Option<SenderId>,
    entity: Option<EntityId>,
    numbers_per_request: usize,
    hours: Option<OpenHours>,
    limits: ValueLimits,
}

impl Fast2smsAccount {
    /// Puts the two halves of an integration together.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(
        settings: &Fast2smsSettings,
        secrets: Fast2smsSecrets,
    ) -> Result<Fast2smsAccount, EndpointError> {
        // People paste the whole address of the documentation. Paths are case-sensitive (§1).
        let base = settings.base_url.trim().trim_end_matches('/');
        let base = Endpoint::parse(base.strip_suffix("/bulkV2").unwrap_or(base))?;
        Ok(Fast2smsAccount {
            send: base.join(&["bulkV2"]),
            wallet: base.join(&["wallet"]),
            manager: base.join(&["dlt_manager"]),
            reports: base.join(&["dlr"]),
            api_key: secrets.api_key,
            sender: settings.default_sender.clone(),
            entity: settings.entity_id.clone(),
            numbers_per_request: settings.numbers_per_request.clamp(1, NUMBERS_PER_REQUEST_MAX),
            hours: settings.hours,
            limits: settings.limits,
        })
    }

    /// Sends one text to numbers in E.164 form, in one request. An account that is not set up and a number that is no
    /// Indian mobile number are refused without a call; in a batch as [`NUMBERS_REFUSED`], as the provider would.
    pub async fn send_all(&self, http: &Http, template: &SmsTemplate, call: &Call<'_>) -> Outcome {
        let Call { content, to, span, now, .. } = *call;
        if !matches!(content, Content::Sms(_)) {
            return Outcome::Misconfigured(wrong_channel(self));
        }
        let body = match request::body(self, template, content, to, span) {
            Ok(body) => body,
            Err(request::Unsendable::Numbers) => {
                let words = "Fast2SMS reaches Indian mobile numbers only";
                return Outcome::Refused(ProviderAnswer::new(NUMBERS_REFUSED, words));
            }
            Err(request::Unsendable::Setup(words)) => {
                return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words));
            }
        };
        match http.post(&self.send, body, Some((KEY_HEADER, &self.api_key))).await {
            Ok(answer) => {
                self.with_balance(http, read_answer(&answer, to.len(), now, &[&self.api_key])).await
            }
            Err(silence) => answer::unanswered(silence),
        }
    }

    /// Whoever reads that the wallet is too low (416) wants to know what it holds.
    async fn with_balance(&self, http: &Http, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::AccountStopped(mut said) if said.code == SMS_NO_CREDIT => {
                if let Ok(wallet) = self.wallet(http).await {
                    let words = said.text.trim_end_matches('.');
                    said.text = format!("{words}. The wallet holds ₹{}.", wallet.balance);
                }
                Outcome::AccountStopped(said)
            }
            outcome => outcome,
        }
    }
}
