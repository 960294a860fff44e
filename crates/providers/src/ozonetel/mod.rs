//! Ozonetel's KooKoo, calls in India: one request places one call, and we answer every step of it with markup. Facts: NOTES.md.

mod answers;
mod markup;
mod reports;
mod vendor;

use domain::{
    call::{CallAbilities, Keys, Language, Playback, Rate, Ring},
    outcome::{Outcome, ProviderAnswer},
    sending_hours::OpenHours,
};
use serde::{Deserialize, Serialize};

pub use answers::{PLACE_TEXTS, read_placed};
pub use reports::{EVENTS, STATUSES};
pub use vendor::OZONETEL;

use crate::{
    account::{Body, BoxFuture, NotGenuine, Status},
    codes,
    http::{Endpoint, Http},
    secret::Secret,
    vendor::OpenError,
    voice::{
        CallCapacity, CallbackContent, CallbackRequest, CommonSettings, Dial, HookKind, Paths, Step,
        StoredCall, Voice, india_zero, unanswered,
    },
};

const KIND: &str = "ozonetel";

/// What KooKoo can do (§1 to §4).
pub const ABILITIES: CallAbilities = CallAbilities {
    own_text: true,
    keys: Keys::During,
    looks_up: false,
    cancels: false,
    echoes: true,
    tells_busy: true,
    marks_voicemail: false,
    prices_later: false,
    refuses_repeats: false,
    start_delay_ms: 0,
    per_request: 1,
    languages: &[Language::English, Language::Hindi],
    separators: &[],
    plays: Playback::Lines,
};

/// What an integration stores in the open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OzonetelSettings {
    /// The number that people see; empty takes the account's only one.
    pub caller_id: String,
    /// How fast the voice speaks, 1 to 9.
    pub speed: i64,
    /// What all accounts of calls have.
    #[serde(flatten)]
    pub common: CommonSettings,
}

impl Default for OzonetelSettings {
    fn default() -> OzonetelSettings {
        OzonetelSettings { caller_id: String::new(), speed: 3, common: CommonSettings::default() }
    }
}

/// A connected KooKoo account.
#[derive(Clone, Debug)]
pub struct OzonetelAccount {
    api_key: Secret,
    base: Endpoint,
    paths: Paths,
    settings: OzonetelSettings,
}

impl OzonetelAccount {
    /// An account whose interface lies at that address.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(
        settings: OzonetelSettings,
        api_key: Secret,
        base: &str,
    ) -> Result<OzonetelAccount, OpenError> {
        Ok(OzonetelAccount { paths: Paths::of(&api_key), base: Endpoint::parse(base)?, api_key, settings })
    }
}

impl Voice for OzonetelAccount {
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

    /// The key stands in the query: the way out logs no address.
    fn place<'a>(&'a self, http: &'a Http, dial: &'a Dial<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let [person] = dial.calls else {
                let words = "KooKoo takes one call per request";
                return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words));
            };
            let Some(to) = india_zero(person.to) else {
                let words = "KooKoo calls Indian numbers only";
                return Outcome::Refused(ProviderAnswer::new(codes::INVALID_NUMBER, words));
            };
            let step = self.paths.of_call(dial.callback, person.call, HookKind::Step);
            let status = self.paths.of_call(dial.callback, person.call, HookKind::Status);
            let mut query = vec![
                ("phone_no", to.as_str()),
                ("api_key", self.api_key.expose()),
                ("outbound_version", "2"),
                ("url", &step),
                ("callback_url", &status),
            ];
            if !self.settings.caller_id.is_empty() {
                query.push(("caller_id", &self.settings.caller_id));
            }
            match http.get(&self.base.join(&["outbound", "outbound.php"]), &query, None).await {
                Ok(answer) => read_placed(&answer, dial.now, &[&self.api_key]),
                Err(silence) => unanswered(silence),
            }
        })
    }

    fn hear(&self, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
        reports::hear(&self.paths, hook)
    }

    fn answer(&self, step: &Step, line: Option<&StoredCall<'_>>) -> Body {
        markup::answer(self.settings.speed.clamp(1, 9), step, line)
    }

    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(vendor::status(self, http, about))
    }
}
