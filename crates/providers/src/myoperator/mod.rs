//! MyOperator, calls in India: one request with a reference of our own places one call into an IVR that was drawn once, whose input nodes
//! ask us what to say. Facts: NOTES.md.

mod answers;
mod node;
mod reports;
mod vendor;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    call::{CallAbilities, Keys, Language, Playback, Rate, Ring},
    outcome::{Outcome, ProviderAnswer},
    sending_hours::OpenHours,
};
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use answers::{PLACE_ANSWERS, read_placed};
pub use reports::{LEGS, STATUSES};
pub use vendor::MYOPERATOR;

use crate::{
    account::{Body, BoxFuture, NotGenuine, Status},
    answer::QueryError,
    codes,
    http::{Endpoint, Http, NoResponse},
    secret::Secret,
    vendor::OpenError,
    voice::{
        CallCapacity, CallQuery, CallStatus, CallbackContent, CallbackRequest, CommonSettings, Dial, Paths,
        Step, StoredCall, Voice, india_plus, same, unanswered,
    },
};

const KIND: &str = "myoperator";

/// The header of the application's key (§1).
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// What MyOperator can do with input nodes (§1, §2).
pub const ABILITIES: CallAbilities = CallAbilities {
    own_text: true,
    keys: Keys::During,
    looks_up: true,
    cancels: false,
    echoes: true,
    tells_busy: false,
    marks_voicemail: true,
    prices_later: false,
    refuses_repeats: true,
    start_delay_ms: 0,
    per_request: 1,
    languages: &[Language::English, Language::Hindi],
    separators: &[],
    plays: Playback::Nothing,
};

/// The settings of an integration that are not secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MyOperatorSettings {
    /// The account's company id at MyOperator.
    pub company_id: String,
    /// The public id of the IVR that calls go into.
    pub public_ivr_id: String,
    /// The number that people see, where several are rented.
    pub caller_id: String,
    /// The id of the input node that speaks and asks.
    pub ask_node: String,
    /// The id of the input node that gets the key.
    pub digit_node: String,
    /// The user name that hooks come with; empty where none is set.
    pub hook_user: String,
    /// The settings that all accounts of calls have.
    #[serde(flatten)]
    pub common: CommonSettings,
}

/// The secrets of an integration.
#[derive(Clone, Debug)]
pub struct MyOperatorSecrets {
    /// The key of the application.
    pub api_key: Secret,
    /// The secret token of the account.
    pub secret_token: Secret,
    /// The token of the log search; `None` where the plan has none.
    pub search_token: Option<Secret>,
    /// The password that hooks come with.
    pub hook_password: Option<Secret>,
}

/// A connected MyOperator account.
#[derive(Clone, Debug)]
pub struct MyOperatorAccount {
    secrets: MyOperatorSecrets,
    base: Endpoint,
    search: Endpoint,
    paths: Paths,
    settings: MyOperatorSettings,
}

impl MyOperatorAccount {
    /// An account whose dialler and log search lie at these addresses.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn new(
        settings: MyOperatorSettings,
        secrets: MyOperatorSecrets,
        (base, search): (&str, &str),
    ) -> Result<MyOperatorAccount, OpenError> {
        Ok(MyOperatorAccount {
            paths: Paths::of(&secrets.secret_token),
            base: Endpoint::parse(base)?,
            search: Endpoint::parse(search)?,
            secrets,
            settings,
        })
    }

    fn sealed(&self) -> [&Secret; 2] {
        [&self.secrets.api_key, &self.secrets.secret_token]
    }

    /// Whether a hook carries the name and password that are set.
    fn is_ours(&self, hook: &CallbackRequest<'_>) -> bool {
        if hook.proven {
            return true;
        }
        let Some(password) = &self.secrets.hook_password else { return true };
        let expected = STANDARD.encode(format!("{}:{}", self.settings.hook_user, password.expose()));
        same(&format!("Basic {expected}"), (hook.header)("authorization").unwrap_or_default().trim())
    }

    /// The request of one call, or why there is none. Its reference makes a repetition harmless (§1).
    fn request(&self, dial: &Dial<'_>) -> Result<Vec<u8>, Outcome> {
        let settings = &self.settings;
        let wanted = [(&settings.company_id, "company id"), (&settings.public_ivr_id, "IVR")];
        if let Some((_, what)) = wanted.iter().find(|(value, _)| value.is_empty()) {
            let words = format!("The account has no {what}");
            return Err(Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words)));
        }
        let [person] = dial.calls else {
            let words = "MyOperator takes one call per request";
            return Err(Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words)));
        };
        let Some(number) = india_plus(person.to) else {
            let words = "MyOperator calls Indian numbers only";
            return Err(Outcome::Refused(ProviderAnswer::new(codes::INVALID_NUMBER, words)));
        };
        let mut body = json!({
            "company_id": settings.company_id,
            "secret_token": self.secrets.secret_token.expose(),
            "type": "2",
            "number": number,
            "public_ivr_id": settings.public_ivr_id,
            "reference_id": person.call.to_string(),
            "max_call_duration": settings.common.ring().longest_s,
            "custom_1": self.paths.mark(person.call),
        });
        if !settings.caller_id.is_empty() {
            body["caller_id"] = json!(settings.caller_id);
        }
        Ok(body.to_string().into_bytes())
    }
}

impl Voice for MyOperatorAccount {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn abilities(&self) -> &'static CallAbilities {
        &ABILITIES
    }

    fn rate(&self) -> Option<Rate> {
        self.settings.common.rate()
    }

    fn ring(&self) -> Ring {
        self.settings.common.ring()
    }

    fn lines(&self) -> CallCapacity {
        self.settings.common.lines()
    }

    fn hours(&self) -> OpenHours {
        self.settings.common.hours()
    }

    fn place<'a>(&'a self, http: &'a Http, dial: &'a Dial<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let body = match self.request(dial) {
                Ok(body) => body,
                Err(refused) => return refused,
            };
            let Ok(mut key) = HeaderValue::from_str(self.secrets.api_key.expose()) else {
                return unanswered(NoResponse::Never("The key holds a character that no header can carry"));
            };
            key.set_sensitive(true);
            match http.post_with(&self.base.join(&["obd-api-v1"]), body, vec![(KEY_HEADER, key)]).await {
                Ok(answer) => read_placed(&answer, dial.now, &self.sealed()),
                Err(silence) => unanswered(silence),
            }
        })
    }

    fn hear(&self, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
        if !self.is_ours(hook) {
            return Err(NotGenuine);
        }
        reports::hear(self, hook)
    }

    fn answer(&self, step: &Step, line: Option<&StoredCall<'_>>) -> Body {
        node::answer(&self.settings, step, line)
    }

    fn poll_status<'a>(
        &'a self,
        http: &'a Http,
        about: &'a CallQuery<'a>,
    ) -> BoxFuture<'a, Result<CallStatus, QueryError>> {
        Box::pin(vendor::poll_status(self, http, about))
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(vendor::status(self, http))
    }
}
