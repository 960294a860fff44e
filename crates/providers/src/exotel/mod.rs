//! Exotel, calls in India: one request places one call into a flow that was drawn once at Exotel, and the flow asks us
//! what to say. Facts: NOTES.md.

mod answers;
mod flow;
mod reports;
mod request;
mod status_poll;
mod vendor;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    call::{CallAbilities, Keys, Language, Playback, Rate, Ring},
    outcome::Outcome,
    sending_hours::OpenHours,
};
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::{Deserialize, Serialize};

pub use answers::{PLACE_ANSWERS, read_placed};
pub use reports::{LEG_STATUSES, STATUSES, V3_STATUSES};
pub use vendor::EXOTEL;

use crate::{
    account::{Body, BoxFuture, NotGenuine, Status},
    answer::QueryError,
    http::{Ask, Endpoint, Http},
    secret::Secret,
    vendor::OpenError,
    voice::{
        CallCapacity, CallQuery, CallStatus, CallbackContent, CallbackRequest, CommonSettings, Dial, Paths,
        Step, StoredCall, Voice, unanswered,
    },
};

const KIND: &str = "exotel";

/// What Exotel can do (§2, §3).
pub const ABILITIES: CallAbilities = CallAbilities {
    own_text: true,
    keys: Keys::During,
    looks_up: true,
    cancels: false,
    echoes: true,
    tells_busy: true,
    marks_voicemail: true,
    prices_later: true,
    refuses_repeats: false,
    start_delay_ms: 0,
    per_request: 1,
    languages: &[Language::English, Language::Hindi],
    separators: &[],
    plays: Playback::Whole,
};

/// What an integration stores in the open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExotelSettings {
    /// The account, part of every path.
    pub sid: String,
    /// The ExoPhone that people see.
    pub exophone: String,
    /// The number of the flow.
    pub flow_id: String,
    /// Which cluster the account lives on: `mumbai` or `singapore`.
    pub cluster: String,
    /// The host of the flow's address, in one of the forms that clients use.
    pub flow_host: String,
    /// What all accounts of calls have.
    #[serde(flatten)]
    pub common: CommonSettings,
}

/// A connected Exotel account.
#[derive(Clone, Debug)]
pub struct ExotelAccount {
    api_key: Secret,
    api_token: Secret,
    base: Endpoint,
    calls: Endpoint,
    paths: Paths,
    settings: ExotelSettings,
}

impl ExotelAccount {
    /// An account whose voice interface and call details lie at these addresses.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn new(
        settings: ExotelSettings,
        (api_key, api_token): (Secret, Secret),
        (base, calls): (&str, &str),
    ) -> Result<ExotelAccount, OpenError> {
        Ok(ExotelAccount {
            paths: Paths::of(&api_token),
            base: Endpoint::parse(base)?,
            calls: Endpoint::parse(calls)?,
            api_key,
            api_token,
            settings,
        })
    }

    /// User and password in the header of every request (§1).
    fn authorization(&self) -> Secret {
        Secret::new(&format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", self.api_key.expose(), self.api_token.expose()))
        ))
    }

    fn v1(&self, path: &[&str]) -> Endpoint {
        let mut all = vec!["v1", "Accounts", &self.settings.sid];
        all.extend(path);
        self.base.join(&all)
    }

    async fn get(
        &self,
        http: &Http,
        to: &Endpoint,
        query: &[(&str, &str)],
    ) -> Result<serde_json::Value, QueryError> {
        let ask = Ask {
            method: Method::GET,
            to,
            query,
            body: None,
            key: Some((AUTHORIZATION, &self.authorization())),
            patience: std::time::Duration::from_secs(15),
            bytes_max: crate::http::LISTING_BYTES_MAX,
        };
        answers::told(http.ask(ask).await?, &self.secrets())
    }

    fn secrets(&self) -> [&Secret; 2] {
        [&self.api_key, &self.api_token]
    }
}

impl Voice for ExotelAccount {
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
            let form = match request::form(self, dial) {
                Ok(form) => form,
                Err(refused) => return refused,
            };
            let Ok(mut basic) = HeaderValue::from_str(self.authorization().expose()) else {
                return unanswered(crate::http::NoResponse::Never(
                    "The key holds a character that no header can carry",
                ));
            };
            basic.set_sensitive(true);
            let to = self.v1(&["Calls", "connect.json"]);
            match http.post_form(&to, &form, vec![(AUTHORIZATION, basic)]).await {
                Ok(answer) => read_placed(&answer, dial.now, &self.secrets()),
                Err(silence) => unanswered(silence),
            }
        })
    }

    fn hear(&self, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
        reports::hear(&self.paths, hook)
    }

    fn answer(&self, step: &Step, line: Option<&StoredCall<'_>>) -> Body {
        flow::answer(step, line)
    }

    fn poll_status<'a>(
        &'a self,
        http: &'a Http,
        about: &'a CallQuery<'a>,
    ) -> BoxFuture<'a, Result<CallStatus, QueryError>> {
        Box::pin(status_poll::poll_status(self, http, about))
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(vendor::status(self, http))
    }
}
