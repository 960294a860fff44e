//! A program that places calls and answers what providers ask and report, short enough to be seen to be right.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock},
    time::Instant,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    call::{CallRecord, CallRef, CallScript, FilledScript, QuestionRounds},
    outcome::Outcome,
    time::Millis,
};
use munadi_providers::{
    Account,
    voice::{CallbackRequest, Callee, Dial, StepKind, StoredCall},
};
use sandbox::{Config, Sandbox};

use super::{call, said, script};
use crate::aisensy_request::http;

/// A call as the program keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) record: CallRecord,
    rounds: QuestionRounds,
    digits: String,
}

#[derive(Default)]
pub(crate) struct CallStore {
    pub(crate) calls: HashMap<CallRef, Kept>,
    seen: HashSet<String>,
    pub(crate) refused: usize,
    pub(crate) not_understood: usize,
}

type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The program, the stand-in, and a clock that both share.
pub(crate) struct Program {
    pub(crate) sandbox: Sandbox,
    pub(crate) account: Arc<dyn Account>,
    pub(crate) callback: String,
    pub(crate) book: Arc<Mutex<CallStore>>,
    pub(crate) script: CallScript,
    said: FilledScript,
    clock: Clock,
    started: Arc<OnceLock<Instant>>,
}

struct CallServer {
    account: Arc<dyn Account>,
    book: Arc<Mutex<CallStore>>,
    script: CallScript,
    said: FilledScript,
    clock: Clock,
}

/// The address at which the program listens before there is an account.
pub(crate) struct Address {
    listener: tokio::net::TcpListener,
    pub(crate) callback: String,
}

impl Address {
    pub(crate) async fn take() -> Address {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callback = format!("http://{}/callbacks/TEST-CALLBACK", listener.local_addr().unwrap());
        Address { listener, callback }
    }
}

/// The seconds of the clock in a real second: a call of forty seconds takes less than one.
const SPEED: i64 = 60;

impl Program {
    /// Starts a stand-in with a fast clock, and the program with an account that `open` makes of the stand-in's address.
    /// The clock stands still until [`Self::let_time_pass`].
    pub(crate) async fn start(
        address: Address,
        config: Config,
        open: impl FnOnce(&str) -> Box<dyn Account>,
    ) -> Program {
        let (epoch, started) = (super::NOW.0, Arc::<OnceLock<Instant>>::default());
        let since = started.clone();
        let clock: Clock = Arc::new(move || {
            epoch + since.get().map_or(0, |start| i64::try_from(start.elapsed().as_millis()).unwrap() * SPEED)
        });
        let sandbox = Sandbox::start_with_clock(Config { seed: 7, ..config }, clock.clone()).await.unwrap();
        let account: Arc<dyn Account> = Arc::from(open(&sandbox.url()));
        let (book, script, said) = (Arc::<Mutex<CallStore>>::default(), script(), said());
        let door = CallServer {
            account: account.clone(),
            book: book.clone(),
            script: script.clone(),
            said: said.clone(),
            clock: clock.clone(),
        };
        let routes = Router::new().fallback(take).with_state(Arc::new(door));
        let Address { listener, callback } = address;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Program { sandbox, account, callback, book, script, said, clock, started }
    }

    /// From now on the clock runs.
    pub(crate) fn let_time_pass(&self) {
        self.started.get_or_init(Instant::now);
    }

    pub(crate) fn now(&self) -> Millis {
        Millis((self.clock)())
    }

    /// Places the `n`th call, to that number.
    pub(crate) async fn place(&self, n: i64, to: &str) -> Outcome {
        self.place_all(&[(n, to)]).await
    }

    pub(crate) async fn place_all(&self, calls: &[(i64, &str)]) -> Outcome {
        for (n, to) in calls {
            let kept = Kept {
                record: CallRecord::default(),
                rounds: QuestionRounds::default(),
                digits: to.trim_start_matches('+').to_owned(),
            };
            self.book.lock().unwrap().calls.insert(call(*n), kept);
        }
        let people: Vec<Callee<'_>> =
            calls.iter().map(|(n, to)| Callee { call: call(*n), to, said: &self.said }).collect();
        let now = self.now();
        let dial = Dial {
            script: &self.script,
            calls: &people,
            callback: &self.callback,
            now,
            until: now.plus(20 * 60_000),
        };
        self.account.voice().unwrap().place(&http(), &dial).await
    }

    /// Returns when no call is under way and every report was posted.
    pub(crate) async fn quiet(&self) {
        for _ in 0..4_000 {
            if self.sandbox.telephones().under_way() == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(self.sandbox.telephones().under_way(), 0, "calls end");
        // The call is over a moment before its report is queued.
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        self.sandbox.flush_receipts().await;
    }

    pub(crate) fn record(&self, n: i64) -> CallRecord {
        self.book.lock().unwrap().calls[&call(n)].record.clone()
    }

    pub(crate) fn text_s(&self) -> i64 {
        self.said.text_s()
    }
}

async fn take(State(door): State<Arc<CallServer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
    let content_type = header("content-type").unwrap_or_default();
    let hook = CallbackRequest {
        path: parts.uri.path().strip_prefix("/callbacks/TEST-CALLBACK").unwrap_or("").trim_start_matches('/'),
        query: parts.uri.query().unwrap_or(""),
        content_type: &content_type,
        header: &header,
        proven: false,
        body: &body,
    };
    let voice = door.account.voice().unwrap();
    let now = Millis((door.clock)());
    let mut book = door.book.lock().unwrap();
    let Ok(taken) = voice.hear(&hook) else {
        book.refused += 1;
        return StatusCode::FORBIDDEN.into_response();
    };
    book.not_understood += usize::from(taken.not_understood.is_some());
    let step = taken.ask.clone();
    let named = step.as_ref().and_then(|step| step.call).or_else(|| taken.news.first()?.call);
    let digits =
        step.as_ref().and_then(|step| step.digits.clone()).or_else(|| taken.news.first()?.digits.clone());
    let of_number = || {
        let digits = digits?;
        book.calls.iter().find(|(_, kept)| kept.digits == digits).map(|(call, _)| *call)
    };
    let known = named.or_else(of_number);
    let is_new = book.seen.insert(taken.dedupe_key.clone());
    let Some(kept) = known.and_then(|call| book.calls.get_mut(&call)) else {
        return match step {
            Some(step) => answer(voice.answer(&step, None)),
            None => StatusCode::OK.into_response(),
        };
    };
    if is_new {
        for news in taken.news_of(&door.script) {
            if kept.record.hear(&news, now).is_err() {
                book.refused += 1;
                return StatusCode::FORBIDDEN.into_response();
            }
        }
    }
    let Some(step) = step else { return StatusCode::OK.into_response() };
    let so_far = kept.record.so_far(kept.rounds.before(now));
    if step.at == StepKind::Next {
        kept.rounds.asked(now);
    }
    answer(
        voice.answer(&step, Some(&StoredCall { script: &door.script, said: &door.said, so_far, sounds: "" })),
    )
}

fn answer(body: munadi_providers::account::Body) -> Response {
    ([(header::CONTENT_TYPE, body.content_type)], body.bytes).into_response()
}
