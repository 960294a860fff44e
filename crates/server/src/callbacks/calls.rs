//! What providers of calls ask while a phone is at the ear, and tell afterwards.
//!
//! Somebody waits for the words: they are made from memory or from one read, and leave before the post behind them is stored. That one goes
//! with the next commit; lost with a crash, it is a callback that never came.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    body::Bytes,
    extract::{Request, State},
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    call::{CallRecord, CallRef, CallScript, Pressed, QuestionRounds, ReportRefused, pressed},
    time::{MINUTE, Millis},
};
use engine::Conversation;
use providers::{
    account::Body,
    voice::{CallbackContent, CallbackRequest, Step, StepKind, StoredCall, StoredPost as KeptPost, Voice},
};

use store::work::OnLine;

use super::{Callbacks, Known, Lookup, POST_BYTES_MAX, receipt, taken as stored};
use crate::{
    app::App,
    http::{error::Problem, extract::Path},
};

/// Calls that somebody may be on the line of; no account has a hundredth of so many channels.
const KEPT_MAX: usize = 50_000;
/// No call is that long: what came of it is kept no longer.
const KEPT_MS: i64 = 10 * MINUTE;

/// The step that brings a key is stored before it is answered, as the next step may come to another process; for so long at most, because somebody waits.
const KEY_STORED_WITHIN: Duration = Duration::from_millis(200);

/// A call that somebody was on the line of lately.
struct Live {
    conversation: Conversation,
    now: Mutex<(CallRecord, QuestionRounds)>,
    since: Millis,
}

/// Calls that somebody was on the line of lately, in this process.
#[derive(Default)]
pub(super) struct LiveCalls(Mutex<HashMap<CallRef, Arc<Live>>>);

impl LiveCalls {
    fn get(&self, call: CallRef) -> Option<Arc<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&call).cloned()
    }

    /// Keeps a call. One that was kept first stays, and learns what other processes heard.
    fn keep(&self, call: CallRef, conversation: Conversation, now: Millis) -> Arc<Live> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.retain(|_, live| now.since(live.since) < KEPT_MS);
        }
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        let state = (conversation.record.clone(), conversation.rounds);
        if let Some(live) = all.get(&call) {
            let mut known = live.now.lock().unwrap_or_else(PoisonError::into_inner);
            known.1.learn(state.1);
            known.0.key = known.0.key.or(state.0.key);
            return Arc::clone(live);
        }
        let live = Arc::new(Live { conversation, now: Mutex::new(state), since: now });
        all.insert(call, Arc::clone(&live));
        live
    }
}

/// `GET`, `HEAD`, `POST` and `PUT /callbacks/{callback_key}/{*path}`: what a provider of calls asks and tells. The path says which call is
/// meant; 403 where it names one that its proof is not of, or a post names another call than its address.
pub async fn receive_below(
    State(app): State<App>,
    Extension(callbacks): Extension<Arc<Callbacks>>,
    Path((address, path)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let known = callbacks.known(&app, &address).await?;
    let (parts, body) = request.into_parts();
    let raw = axum::body::to_bytes(body, POST_BYTES_MAX).await.map_err(|_| Problem::too_large())?;
    take(&callbacks, &known, (&parts, &raw), &path).await
}

/// Answers a request about a call. Requests to the account's own address have an empty path.
pub(super) async fn take(
    callbacks: &Callbacks,
    known: &Known,
    (parts, raw): (&Parts, &Bytes),
    path: &str,
) -> Result<Response, Problem> {
    let Some(voice) = known.account.voice() else { return Err(Problem::not_found()) };
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
    let content_type = header("content-type").unwrap_or_default();
    let hook = CallbackRequest {
        path,
        query: parts.uri.query().unwrap_or(""),
        content_type: &content_type,
        header: &header,
        proven: false,
        body: raw,
    };
    let taken = voice.hear(&hook).map_err(|_| foreign())?;
    // A HEAD request gets the same words, and reports nothing.
    let looks = parts.method == Method::HEAD;
    let bare = hook.query.is_empty() && raw.is_empty() && taken.ask.is_none();
    if looks && taken.ask.is_none() || bare && taken.news.is_empty() {
        return Ok(stored());
    }
    let body = Bytes::from(KeptPost::of(&hook).to_json());
    let receipt = receipt(known, &body, &taken.dedupe_key);
    match &taken.ask {
        Some(step) => {
            let (words, line) = callbacks.answer(known, voice, (step, &taken), looks).await?;
            if looks {
                return Ok(words);
            }
            let brings_key = step.at == StepKind::Noted && line.is_some_and(|line| line.key.is_some());
            if brings_key && callbacks.is_shared {
                // Stored or not, the call goes on.
                let _ = tokio::time::timeout(KEY_STORED_WITHIN, callbacks.store_step(receipt, line)).await;
            } else {
                callbacks.store_soon(receipt, line)?;
            }
            Ok(words)
        }
        None => {
            callbacks.note(&taken)?;
            callbacks.store(receipt).await?;
            Ok(stored())
        }
    }
}

impl Callbacks {
    /// What is said next, and how far the call has come with it.
    async fn answer(
        &self,
        known: &Known,
        voice: &dyn Voice,
        (step, taken): (&Step, &CallbackContent),
        looks: bool,
    ) -> Result<(Response, Option<OnLine>), Problem> {
        let now = self.clock.now();
        let kept = step.call.and_then(|call| self.live.get(call));
        let knows_all =
            |live: &Arc<Live>| !self.is_shared || !depends_on_before(step, &live.conversation.script);
        let live = match kept.filter(knows_all) {
            Some(live) => live,
            None => {
                let found = self.engine.conversation(known.id, step, now).await.map_err(Lookup)?;
                let Some(conversation) = found else {
                    return Ok((spoken(voice.answer(step, None)), None));
                };
                self.live.keep(step.call.unwrap_or(conversation.call), conversation, now)
            }
        };
        let Conversation { call, script, said, .. } = &live.conversation;
        let mut state = live.now.lock().unwrap_or_else(PoisonError::into_inner);
        let (record, rounds) = &mut *state;
        if !looks {
            hear(record, taken, script, now)?;
        }
        let so_far = record.so_far(rounds.before(now));
        if !looks && step.at == StepKind::Next {
            rounds.asked(now);
        }
        let line = OnLine { call: *call, rounds: *rounds, key: so_far.key };
        let words = voice.answer(step, Some(&StoredCall { script, said, so_far, sounds: &self.sounds }));
        Ok((spoken(words), Some(line)))
    }

    /// Holds a report against the call that somebody is on the line of, where this process knows it.
    fn note(&self, taken: &CallbackContent) -> Result<(), Problem> {
        let call = taken.news.iter().find_map(|news| news.call);
        let Some(live) = call.and_then(|call| self.live.get(call)) else { return Ok(()) };
        let mut state = live.now.lock().unwrap_or_else(PoisonError::into_inner);
        hear(&mut state.0, taken, &live.conversation.script, self.clock.now())
    }
}

/// Whether the next words depend on what was said or pressed before: silence and wrong keys on how often the question was asked, the closing
/// words on a key that came with an earlier step.
fn depends_on_before(step: &Step, script: &CallScript) -> bool {
    match (step.at, &step.heard) {
        (StepKind::Closing, _) => true,
        (StepKind::Next, Some(heard)) => !matches!(pressed(heard, script), Pressed::Key(_)),
        (StepKind::Next, None) | (StepKind::Opening | StepKind::Noted, _) => false,
    }
}

/// Takes news in; refused when they name another call than the one of their address.
fn hear(
    record: &mut CallRecord,
    taken: &CallbackContent,
    script: &CallScript,
    now: Millis,
) -> Result<(), Problem> {
    let mut next = record.clone();
    for news in taken.news_of(script) {
        if next.hear(&news, now) == Err(ReportRefused::Foreign) {
            return Err(foreign());
        }
    }
    *record = next;
    Ok(())
}

fn spoken(Body { content_type, bytes }: Body) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, content_type)], bytes).into_response()
}

/// A path that we did not make, or a post about another call than the one of its path.
fn foreign() -> Problem {
    let words = "This address is not of that call.";
    Problem::new(StatusCode::FORBIDDEN, "foreign_call", "Another call", words)
}
