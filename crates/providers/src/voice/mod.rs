//! What providers of calls have in common. A call is placed by one request; then the provider asks what to say while the phone is at the
//! ear, and tells what became of it. A provider's folder implements [`Voice`]; [`VoiceAccount`] makes an account of it as every account is seen.

mod account;
mod hook;
mod meanings;
mod numbers;
mod paths;
mod settings;
mod stored_post;
mod times;

use std::fmt;

use domain::{
    call::{
        CallAbilities, CallProgress, CallRef, CallReport, CallReportKind, CallScript, FilledScript, Pressed,
        Rate, Ring, ScriptText, pressed,
    },
    ids::MessageSpan,
    outcome::Outcome,
    sending_hours::OpenHours,
    time::Millis,
};

pub use account::VoiceAccount;
pub use hook::{CallbackRequest, Header, Members, NO_HEADERS};
pub use meanings::{DND, MEANINGS, NO_FLOW, NOT_ALLOWED, OUT_OF_HOURS, OUT_OF_TIME};
pub use numbers::{india_plus, india_zero, phone_digits};
pub use paths::{Kind as HookKind, PathTarget, Paths};
pub use settings::{CommonSettings, common_fields};
pub use stored_post::StoredPost;
pub use times::{indian_time, seconds, unix_seconds};

pub(crate) use paths::same;
pub(crate) use settings::{PACE, id_text, missing};
pub(crate) use times::{
    ONCE, body_of, date_and_time, list_time, order_time, plain, read_answer, unanswered, words_of,
};

use crate::{
    account::{Body, BoxFuture, NotGenuine, Status},
    answer::QueryError,
    http::Http,
};

/// An account that places calls.
pub trait Voice: Send + Sync + fmt::Debug {
    /// Word of its vendor.
    fn kind(&self) -> &'static str;

    /// What it can do.
    fn abilities(&self) -> &'static CallAbilities;

    /// What its calls cost; `None` while nobody said so.
    fn rate(&self) -> Option<Rate>;

    /// How a call rings.
    fn ring(&self) -> Ring;

    /// Most calls at once, and most new ones a minute.
    fn lines(&self) -> CallCapacity;

    /// The account's own hours, within those of calls.
    fn hours(&self) -> OpenHours;

    /// Places calls by one request; at most [`CallAbilities::per_request`]. Always ends. Accepted is never more than *it will ring*.
    fn place<'a>(&'a self, http: &'a Http, dial: &'a Dial<'a>) -> BoxFuture<'a, Outcome>;

    /// Reads what came to our callback. Nothing is believed before its proof: the unguessable path, and a password where one is set.
    ///
    /// # Errors
    /// When the path names a call that its proof is not of, or the password is wrong.
    fn hear(&self, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine>;

    /// The answer to what came that asks what to say; without a line the answer that ends the conversation.
    fn answer(&self, step: &Step, line: Option<&StoredCall<'_>>) -> Body;

    /// Asks what became of one call. Where [`CallAbilities::refuses_repeats`] holds and nothing can be asked, the request may be made again.
    fn poll_status<'a>(
        &'a self,
        _http: &'a Http,
        _about: &'a CallQuery<'a>,
    ) -> BoxFuture<'a, Result<CallStatus, QueryError>> {
        Box::pin(async { Err(QueryError::NotConnected) })
    }

    /// Withdraws what a request placed and what has not rung yet, by the id that the request brought.
    fn cancel<'a>(&'a self, _http: &'a Http, _provider_id: &'a str) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(async { Err(QueryError::NotConnected) })
    }

    /// Asks about the account. Places no call and costs nothing.
    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status>;
}

/// The limits of an account of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCapacity {
    /// The most calls at the same time.
    pub at_once: i64,
    /// The most new calls in a minute.
    pub per_minute: i64,
}

/// A request to place calls.
#[derive(Clone, Copy)]
pub struct Dial<'a> {
    /// The script, before values are put in.
    pub script: &'a CallScript,
    /// The people who are called.
    pub calls: &'a [Callee<'a>],
    /// The address of the account's callback. The addresses at which a call reports lie below it.
    pub callback: &'a str,
    /// The present moment.
    pub now: Millis,
    /// The moment after which no phone may begin to ring.
    pub until: Millis,
}

/// One person to call.
#[derive(Clone, Copy)]
pub struct Callee<'a> {
    /// Our own reference of the call.
    pub call: CallRef,
    /// The number in E.164 form.
    pub to: &'a str,
    /// The script with this person's values.
    pub said: &'a FilledScript,
}

/// Neither numbers nor what is said.
impl fmt::Debug for Dial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("calls", &self.calls.len())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What a post to a callback of calls contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackContent {
    /// The key under which it is stored once, however often it comes.
    pub dedupe_key: String,
    /// The reports that it holds.
    pub news: Vec<CallReport>,
    /// What it says was pressed, in the provider's own form; `None` where no key was asked for.
    pub pressed: Option<String>,
    /// The question for the next words; `None` where it does not ask.
    pub ask: Option<Step>,
    /// Why it cannot be read although it may concern us, in words for people.
    pub not_understood: Option<&'static str>,
}

impl CallbackContent {
    /// Everything that it tells, with the key that was pressed, of those that the script has.
    pub fn news_of(&self, script: &CallScript) -> Vec<CallReport> {
        let mut news = self.news.clone();
        let Some(said) = &self.pressed else { return news };
        let Pressed::Key(digit) = pressed(said, script) else { return news };
        let first = news.first().cloned().unwrap_or_else(|| CallReport::of(CallReportKind::PickedUp));
        news.push(CallReport { kind: CallReportKind::Pressed(digit), ..first });
        news
    }
}

/// The point that a conversation has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The call, as we named it. Without it the newest call to `digits` of the last day is meant; somebody who calls back has none.
    pub call: Option<CallRef>,
    /// The provider's id of the call.
    pub provider_id: Option<String>,
    /// The phone at the other end: digits with country code.
    pub digits: Option<String>,
    /// What the provider asks for.
    pub at: StepKind,
    /// What was pressed, in the provider's own form; `None` before a key was asked for.
    pub heard: Option<String>,
}

impl Step {
    /// The message that the conversation is about.
    pub fn message(&self) -> Option<MessageSpan> {
        self.call.map(CallRef::span)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Whatever comes next: text and question, the question again, or the closing words.
    Next,
    /// Text, question and its repetition at once.
    Opening,
    /// Nothing but a sign that the key was heard.
    Noted,
    /// The closing words for the key that was heard before.
    Closing,
}

/// The stored call that a conversation follows.
#[derive(Clone, Copy, Debug)]
pub struct StoredCall<'a> {
    /// The script, before values are put in.
    pub script: &'a CallScript,
    /// The script with this person's values.
    pub said: &'a FilledScript,
    /// How far it has come. Where two steps of a provider share a key ([`StepKind::Noted`] and [`StepKind::Closing`]), the key of the first
    /// has to be here at the second.
    pub so_far: CallProgress,
    /// The address below which recordings are fetched, with a slash at its end; empty where none can be fetched.
    pub sounds: &'a str,
}

impl StoredCall<'_> {
    /// The address of the recordings of these lines, one after the other; `None` unless each that says anything is recorded.
    pub fn sound(&self, places: &[ScriptText]) -> Option<String> {
        let said: Vec<ScriptText> =
            places.iter().copied().filter(|place| !self.said.at(*place).is_empty()).collect();
        if self.sounds.is_empty() || said.is_empty() {
            return None;
        }
        let recorded = |place: &ScriptText| self.script.recorded(*place).map(|one| one.address.as_str());
        let addresses: Option<Vec<&str>> = said.iter().map(recorded).collect();
        Some(format!("{}{}.wav", self.sounds, addresses?.join("+")))
    }
}

/// A call that is asked about.
#[derive(Clone, Copy)]
pub struct CallQuery<'a> {
    /// Our own reference of the call.
    pub call: CallRef,
    /// The provider's id of the call; `None` where its answer was lost.
    pub provider_id: Option<&'a str>,
    /// The number in E.164 form.
    pub to: &'a str,
    /// When the attempt began.
    pub placed: Millis,
    /// The present moment.
    pub now: Millis,
}

/// Not the number.
impl fmt::Debug for CallQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUp")
            .field("call", &self.call)
            .field("provider_id", &self.provider_id)
            .finish_non_exhaustive()
    }
}

/// What a question about a call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// This is known of it, and this was pressed, as the provider writes it.
    Call(Vec<CallReport>, Option<String>),
    /// The provider never heard of it: it may be placed again.
    Absent,
    /// Nothing yet; ask again later.
    NotYet,
}
