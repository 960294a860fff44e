//! Knowlarity, calls in India. An order dials one or many numbers into an IVR that was drawn once. The IVR speaks a
//! text that comes with each number. Keys and ends are posted to one address of the whole account. Facts: NOTES.md.

mod answers;
mod order;
mod reports;
mod status_poll;
mod vendor;

use std::time::Duration;

use domain::{
    call::{CallAbilities, Keys, Language, Playback, Rate, Ring},
    outcome::Outcome,
    sending_hours::OpenHours,
    time::MINUTE,
};
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use answers::{ORDER_ANSWERS, read_ordered};
pub use reports::{NAMES, STATUSES};
pub use vendor::KNOWLARITY;

use crate::{
    account::{Body, BoxFuture, NotGenuine, Status},
    answer::QueryError,
    http::{Answer, Endpoint, Http, NoResponse},
    secret::Secret,
    vendor::OpenError,
    voice::{
        CallCapacity, CallQuery, CallStatus, CallbackContent, CallbackRequest, CommonSettings, Dial, Paths,
        Step, StoredCall, Voice, unanswered,
    },
};

const KIND: &str = "knowlarity";

const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");
const CHANNEL_HEADER: HeaderName = HeaderName::from_static("channel");

/// Most numbers of an order: some dozens, so that a lost answer leaves few unknown (§1).
pub const NUMBERS_PER_ORDER: usize = 40;

/// An order begins at least about a minute later; two are safe (§1).
pub const START_DELAY_MS: i64 = 2 * MINUTE;

/// What Knowlarity can do (§1, §2).
pub const ABILITIES: CallAbilities = CallAbilities {
    own_text: true,
    keys: Keys::Notice,
    looks_up: true,
    cancels: true,
    echoes: false,
    tells_busy: false,
    marks_voicemail: false,
    prices_later: false,
    refuses_repeats: false,
    start_delay_ms: START_DELAY_MS,
    per_request: NUMBERS_PER_ORDER,
    languages: &[Language::English],
    separators: &[',', ';'],
    plays: Playback::Nothing,
};

/// The settings of an integration that are not secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnowlaritySettings {
    /// The channel, which is part of every path.
    pub channel: String,
    /// Our number at Knowlarity, from which calls are placed.
    pub number: String,
    /// The number that people see; empty takes Knowlarity's.
    pub caller_id: String,
    /// The id of the IVR that calls go into.
    pub ivr_id: String,
    /// How many calls an order has under way, or starts in a minute: its meaning is not clear.
    pub throttling: i64,
    /// Names that the hook was given besides those of the two presets: `digit=key number=phone`.
    pub names: String,
    /// The settings that all accounts of calls have.
    #[serde(flatten)]
    pub common: CommonSettings,
}

impl Default for KnowlaritySettings {
    fn default() -> KnowlaritySettings {
        KnowlaritySettings {
            channel: "Basic".to_owned(),
            number: String::new(),
            caller_id: String::new(),
            ivr_id: String::new(),
            throttling: 10,
            names: String::new(),
            common: CommonSettings::default(),
        }
    }
}

/// A connected Knowlarity account.
#[derive(Clone, Debug)]
pub struct KnowlarityAccount {
    api_key: Secret,
    account_key: Secret,
    base: Endpoint,
    paths: Paths,
    settings: KnowlaritySettings,
}

impl KnowlarityAccount {
    /// An account whose interface lies at that address.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(
        settings: KnowlaritySettings,
        (api_key, account_key): (Secret, Secret),
        base: &str,
    ) -> Result<KnowlarityAccount, OpenError> {
        Ok(KnowlarityAccount {
            paths: Paths::of(&account_key),
            base: Endpoint::parse(base)?,
            api_key,
            account_key,
            settings,
        })
    }

    fn at(&self, path: &[&str]) -> Endpoint {
        let channel = if self.settings.channel.is_empty() { "Basic" } else { &self.settings.channel };
        let mut all = vec![channel, "v1", "account"];
        all.extend(path);
        self.base.join(&all)
    }

    fn secrets(&self) -> [&Secret; 2] {
        [&self.api_key, &self.account_key]
    }

    /// Both keys, without a word before them (§1).
    fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, NoResponse> {
        let value = |text: &str| {
            let mut value = HeaderValue::from_str(text)
                .map_err(|_| NoResponse::Never("The key holds a character that no header can carry"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(vec![
            (KEY_HEADER, value(self.api_key.expose())?),
            (AUTHORIZATION, value(self.account_key.expose())?),
            (CHANNEL_HEADER, value(&self.settings.channel)?),
        ])
    }

    /// One question.
    async fn ask(
        &self,
        http: &Http,
        (method, to, query): (Method, &Endpoint, &[(&str, &str)]),
        body: Option<Value>,
    ) -> Result<Value, QueryError> {
        let body = body.map(|body| body.to_string().into_bytes());
        answers::told(self.call(http, (method, to, query), body).await?, &self.secrets())
    }

    async fn call(
        &self,
        http: &Http,
        (method, to, query): (Method, &Endpoint, &[(&str, &str)]),
        body: Option<Vec<u8>>,
    ) -> Result<Answer, NoResponse> {
        http.request_with(method, to, query, body, self.headers()?, Duration::from_secs(20)).await
    }
}

impl Voice for KnowlarityAccount {
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
            let body = match order::body(self, dial) {
                Ok(body) => body,
                Err(refused) => return refused,
            };
            let to = self.at(&["call", "campaign"]);
            match self.call(http, (Method::POST, &to, &[]), Some(body)).await {
                Ok(answer) => read_ordered(&answer, dial.now, &self.secrets()),
                Err(silence) => unanswered(silence),
            }
        })
    }

    fn hear(&self, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
        reports::hear(self, hook)
    }

    /// The IVR runs alone: nothing is asked.
    fn answer(&self, _step: &Step, _line: Option<&StoredCall<'_>>) -> Body {
        Body { content_type: "application/json", bytes: br#"{"ok":true}"#.to_vec() }
    }

    fn poll_status<'a>(
        &'a self,
        http: &'a Http,
        about: &'a CallQuery<'a>,
    ) -> BoxFuture<'a, Result<CallStatus, QueryError>> {
        Box::pin(status_poll::poll_status(self, http, about))
    }

    fn cancel<'a>(&'a self, http: &'a Http, order: &'a str) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(async move {
            let to = self.at(&["call", "campaign", order]);
            let stop = serde_json::json!({ "status": "stop" });
            self.ask(http, (Method::PUT, &to, &[]), Some(stop)).await.map(|_| ())
        })
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(vendor::status(self, http))
    }
}
