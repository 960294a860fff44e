//! One call from the first ring to its end: what the phone does, what is spoken to it, which key is pressed when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alarm::Alarm;
use super::network::{At, Ended, Placed};
use super::{Callee, Does};
use crate::Shared;
use crate::world::{Message, Place, Status};

/// A provider drops a call whose next words do not come in this time (docs/facts/calls.md §3.5).
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Letters that a voice speaks in a second.
const PER_SECOND: usize = 14;

/// What a call is placed with.
pub(super) struct Order {
    pub(super) vendor: &'static str,
    pub(super) account: String,
    pub(super) id: String,
    pub(super) phone: u64,
    pub(super) reference: String,
    pub(super) flow: String,
    pub(super) answered: bool,
}

/// Puts a call into the network and into the world, where nothing is ever merged.
pub(super) fn place(shared: &Shared, order: &Order) -> (At, Place) {
    let now = shared.now();
    let at = shared.telephones.network.place(Placed {
        vendor: order.vendor,
        id: order.id.clone(),
        phone: order.phone,
        reference: order.reference.clone(),
        placed_at: now,
        rang_at: None,
        answered_at: None,
        ended_at: None,
        ended: None,
        heard: Vec::new(),
        pressed: None,
        machine: false,
    });
    let place = shared.world.accept(Message {
        vendor: order.vendor,
        account: shared.world.name(&order.account),
        id: order.id.clone().into(),
        phone: order.phone,
        name: Box::default(),
        campaign: shared.world.name(&order.flow),
        text: Box::default(),
        answered: order.answered,
        status: Status::Accepted,
        failure_code: None,
        accepted_at: now,
        delivered_at: None,
        read_at: None,
        failed_at: None,
        fingerprint: shared.faults.chance().bits(&order.flow, &order.reference, 0),
    });
    shared.faults.count_accepted();
    (at, place)
}

/// A call that is under way.
pub(super) struct Talk {
    pub(super) shared: Arc<Shared>,
    pub(super) at: At,
    place: Place,
    callee: Callee,
    answered_at: i64,
    hung_up: bool,
}

impl Talk {
    /// Rings. `None` when nobody picks up, and the call is over then.
    pub(super) async fn ring(
        shared: &Arc<Shared>,
        (at, place): (At, Place),
        ring_s: i64,
        lines: usize,
    ) -> Option<Talk> {
        while !shared.telephones.network.take_line(at, lines) {
            Alarm::until(shared, shared.now() + 200).await;
        }
        let phone = shared.telephones.network.change(at, |call| call.rang_at = Some(shared.now()))?.phone;
        let callee = shared.telephones.callee(phone);
        let answers_s = i64::from(callee.answers_after_s);
        let (after_s, ended) = match callee.does {
            Does::Busy => (1, Some(Ended::Busy)),
            Does::Unreachable => (2, Some(Ended::Failed)),
            Does::NoAnswer => (ring_s, Some(Ended::NoAnswer)),
            _ if answers_s > ring_s => (ring_s, Some(Ended::NoAnswer)),
            _ => (answers_s, None),
        };
        Alarm::until(shared, shared.now() + after_s * 1_000).await;
        let now = shared.now();
        if let Some(ended) = ended {
            finish(shared, (at, place), ended, now);
            return None;
        }
        shared.telephones.network.change(at, |call| {
            call.answered_at = Some(now);
            call.machine = callee.does == Does::Voicemail;
        });
        Some(Talk { shared: shared.clone(), at, place, callee, answered_at: now, hung_up: false })
    }

    /// The call as it stands.
    pub(super) fn call(&self) -> Option<Placed> {
        self.shared.telephones.network.get(self.at)
    }

    /// Whether the person is still there.
    pub(super) fn is_there(&self) -> bool {
        !self.hung_up
    }

    /// Waits, as long as the person stays; says whether they did.
    async fn stay(&mut self, ms: i64) -> bool {
        if self.hung_up {
            return false;
        }
        let until = self.shared.now() + ms;
        let leaves = match self.callee.does {
            Does::HangsUp { after_s } => self.answered_at + i64::from(after_s) * 1_000,
            _ => i64::MAX,
        };
        Alarm::until(&self.shared, until.min(leaves)).await;
        self.hung_up = leaves < until;
        !self.hung_up
    }

    /// Speaks a text; says whether it was heard to its end.
    pub(super) async fn speak(&mut self, text: &str) -> bool {
        if self.hung_up || text.is_empty() {
            return !self.hung_up;
        }
        let text_ms = i64::try_from(text.chars().count().div_ceil(PER_SECOND)).unwrap_or(60) * 1_000;
        self.shared.telephones.network.change(self.at, |call| call.heard.push(text.to_owned()));
        self.stay(text_ms).await
    }

    /// Waits for a key.
    pub(super) async fn key(&mut self, wait_s: i64) -> Option<char> {
        let key = match self.callee.does {
            Does::Presses { key, after_s } if i64::from(after_s) <= wait_s => Some((key, i64::from(after_s))),
            _ => None,
        };
        let (key, after_s) = key.map_or((None, wait_s), |(key, after_s)| (Some(key), after_s));
        if !self.stay(after_s * 1_000).await {
            return None;
        }
        if let Some(key) = key {
            self.shared.telephones.network.change(self.at, |call| call.pressed = Some(key));
        }
        key
    }

    /// Asks the program something while the person waits; `None` when no good answer came in time. Doubled now and
    /// then.
    pub(super) async fn ask(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let (shared, began) = (&self.shared, Instant::now());
        let twice = shared.telephones.get().chaos.repeat_steps;
        let again = shared.faults.chance().hits(twice, "repeat_steps", "", shared.ids.next());
        if let Some(copy) = request.try_clone().filter(|_| again) {
            let _ = copy.send().await;
        }
        let answer = request.send().await.ok()?;
        let (status, kind) = (answer.status().as_u16(), header(&answer, "content-type"));
        let body = answer.text().await.ok()?;
        shared.telephones.network.waited(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        Some(Answer { status, kind, body })
    }

    /// The client that asks.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.shared.telephones.client
    }

    /// Ends the call.
    pub(super) fn end(self) -> Option<Placed> {
        let now = self.shared.now();
        finish(&self.shared, (self.at, self.place), Ended::Completed, now);
        self.shared.telephones.network.get(self.at)
    }
}

fn header(answer: &reqwest::Response, name: &str) -> String {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// What the program answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) body: String,
}

impl Answer {
    /// The JSON of a good answer that says it is JSON.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        let is_json = self.kind.starts_with("application/json") && self.status == 200;
        is_json.then(|| serde_json::from_str(&self.body).ok()).flatten()
    }
}

fn finish(shared: &Shared, (at, place): (At, Place), ended: Ended, now: i64) {
    shared.telephones.network.free_line(at);
    shared.telephones.network.change(at, |call| {
        call.ended = Some(ended);
        call.ended_at = Some(now);
    });
    shared.world.change(place, |message| match ended {
        Ended::Completed => {
            message.status = Status::Delivered;
            message.delivered_at = Some(now);
        }
        Ended::Busy | Ended::NoAnswer | Ended::Failed | Ended::Cancelled => {
            message.status = Status::Failed;
            message.failed_at = Some(now);
        }
    });
}

/// Ends a call that never rang.
pub(super) fn withdraw(shared: &Shared, (at, place): (At, Place)) {
    let now = shared.now();
    shared.telephones.network.change(at, |call| {
        call.ended = Some(Ended::Cancelled);
        call.ended_at = Some(now);
    });
    shared.world.change(place, |message| {
        message.status = Status::Failed;
        message.failed_at = Some(now);
    });
}
