//! A turn: record what ended, claim what comes next, start the calls. `run` turns for ever, tests by hand.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    ids::BroadcastId,
    message::{Next, after_attempt},
    outcome::{Outcome, Said},
    time::{Millis, SECOND},
};
use providers::{Account, UNRECOGNISED, Wire};
use rand::{SeedableRng, rngs::SmallRng};
use store::{
    StoreError,
    work::{Claimed, DueBroadcast, Record},
};
use tokio::{
    runtime::Handle,
    task::{Id, JoinError, JoinSet},
};
use tracing::{error, warn};

use crate::{
    Engine,
    accounts::OpenAccounts,
    breaker::Breakers,
    fair::wants,
    send::{Ended, Ready},
};

/// What is due is asked anew after this, and at once when something new was announced.
const LOOK_AGAIN_MS: i64 = 100;
/// What a broadcast needs is read anew after this, so that a replaced key or a changed deadline is heeded.
const READY_KEEP_MS: i64 = 2 * SECOND;
/// An answer waits no longer than this for company: until half of the calls under way have ended, so that one commit carries many
/// rows while the other half goes on. A commit per message is several times slower.
const GATHER_WAIT: Duration = Duration::from_millis(4);

/// A call's row, what it shared with others, how it ended, and when.
type Done = (Claimed, Arc<Ready>, Ended, Millis);

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnReport {
    /// Rows whose ending was written.
    pub recorded: usize,
    /// Rows claimed, their calls started.
    pub claimed: usize,
    /// Calls under way.
    pub in_flight: usize,
    /// Milliseconds until the pace allows more, when it held something back.
    pub wait_ms: Option<i64>,
}

/// The sending loop of one process, with its calls under way.
pub struct Sender {
    engine: Engine,
    /// Where calls run: not on the loop's own thread.
    calls_on: Handle,
    calls: JoinSet<Done>,
    running: HashMap<Id, (Claimed, Arc<Ready>)>,
    records: Vec<Record>,
    due: Vec<DueBroadcast>,
    due_at: Option<Millis>,
    ready: HashMap<BroadcastId, Arc<Ready>>,
    accounts: OpenAccounts,
    breakers: Breakers,
    strikes: HashMap<BroadcastId, usize>,
    probing: JoinSet<BroadcastId>,
    probed_now: HashSet<BroadcastId>,
    round: u64,
    rng: SmallRng,
}

impl Sender {
    /// A loop without calls, whose calls run on the present runtime. `seed` makes its chance repeatable.
    pub fn new(engine: Engine, seed: u64) -> Sender {
        Sender::on(Handle::current(), engine, seed)
    }

    /// As [`Sender::new`], with calls on that runtime.
    pub(crate) fn on(calls_on: Handle, engine: Engine, seed: u64) -> Sender {
        Sender {
            engine,
            calls_on,
            calls: JoinSet::new(),
            running: HashMap::new(),
            records: Vec::new(),
            due: Vec::new(),
            due_at: None,
            ready: HashMap::new(),
            accounts: OpenAccounts::default(),
            breakers: Breakers::default(),
            strikes: HashMap::new(),
            probing: JoinSet::new(),
            probed_now: HashSet::new(),
            round: 0,
            rng: SmallRng::seed_from_u64(seed),
        }
    }

    /// One turn. With `claim` false it only records: the way to stop.
    pub async fn turn(&mut self, claim: bool) -> Result<TurnReport, StoreError> {
        let now = self.engine.clock.now();
        self.collect(now);
        while let Some(done) = self.probing.try_join_next() {
            if let Ok(broadcast) = done {
                self.probed_now.remove(&broadcast);
                self.ready.remove(&broadcast);
                self.due_at = None;
            }
        }
        let free = self.engine.limits.calls_in_flight_max.saturating_sub(self.running.len());
        let mut wanted = Vec::new();
        if claim && free > 0 && self.engine.may_call() {
            self.look(now).await?;
            self.prepare(now).await?;
            let servable: Vec<DueBroadcast> =
                self.due.iter().filter(|due| self.ready.contains_key(&due.broadcast)).cloned().collect();
            wanted = wants(&servable, free, self.round);
            self.round += 1;
        }
        let records = std::mem::take(&mut self.records);
        let recorded = records.len();
        let kept = records.clone();
        let turn = match self.engine.work.turn(records, &wanted, &self.engine.key, now).await {
            Ok(turn) => turn,
            Err(error) => {
                // Nothing was written: the endings are kept and written with the next turn.
                self.records = kept;
                return Err(error);
            }
        };
        if turn.stale > 0 {
            warn!(
                rows = turn.stale,
                "others had given up on {} calls of this process; their endings were not written", turn.stale
            );
        }
        let claimed = turn.claimed.len();
        for row in turn.claimed {
            self.start(row);
        }
        for want in &wanted {
            if let Some(due) = self.due.iter_mut().find(|due| due.broadcast == want.broadcast) {
                due.served_at = now;
            }
        }
        if claimed == 0 && !wanted.is_empty() && turn.wait_ms.is_none() {
            // The list is out of date: look again next time.
            self.due_at = None;
        }
        self.engine.tell(turn.touched);
        Ok(TurnReport { recorded, claimed, in_flight: self.running.len(), wait_ms: turn.wait_ms })
    }

    /// Waits until there is something for a turn to do: answers, a wake, the pace, or a second.
    pub(crate) async fn wait(&mut self, report: TurnReport) {
        let idle = Duration::from_millis(
            u64::try_from(report.wait_ms.unwrap_or(SECOND).clamp(1, SECOND)).unwrap_or(1_000),
        );
        let busy = !self.running.is_empty();
        tokio::select! {
            ended = self.calls.join_next_with_id(), if busy => {
                if let Some(ended) = ended {
                    let now = self.engine.clock.now();
                    self.take(ended, now);
                }
                self.gather().await;
            }
            probed = self.probing.join_next(), if !self.probing.is_empty() => {
                if let Some(Ok(broadcast)) = probed {
                    self.probed_now.remove(&broadcast);
                    self.due_at = None;
                }
            }
            () = self.engine.wakes.send.notified() => self.due_at = None,
            () = tokio::time::sleep(idle) => {}
        }
    }

    /// Lets answers that are about to come join the one that came.
    async fn gather(&mut self) {
        let enough = self.running.len() / 2;
        let until = tokio::time::sleep(GATHER_WAIT);
        tokio::pin!(until);
        while self.records.len() < enough && !self.running.is_empty() {
            tokio::select! {
                ended = self.calls.join_next_with_id() => {
                    if let Some(ended) = ended {
                        let now = self.engine.clock.now();
                        self.take(ended, now);
                    }
                }
                () = &mut until => return,
            }
        }
    }

    /// Takes every answer that is there.
    fn collect(&mut self, now: Millis) {
        while let Some(ended) = self.calls.try_join_next_with_id() {
            self.take(ended, now);
        }
    }

    fn take(&mut self, ended: Result<(Id, Done), JoinError>, now: Millis) {
        let (row, ready, ended, at) = match ended {
            Ok((id, done)) => {
                self.running.remove(&id);
                done
            }
            Err(failure) => {
                // A panic costs one message, and nobody knows whether it went out.
                let Some((row, ready)) = self.running.remove(&failure.id()) else { return };
                error!("a call ended in a panic; its message is unknown");
                let said = Said::new("panic", "The program failed during this call; it may have gone out.");
                (row, ready, Ended::Called(Outcome::Unknown(said)), now)
            }
        };
        let next = match ended {
            Ended::Untried(next) => next,
            Ended::Called(outcome) => self.judge(&row, &ready, outcome, at),
        };
        self.records.push(Record { message: row.message, attempt: row.attempt, next, at });
    }

    fn judge(&mut self, row: &Claimed, ready: &Ready, outcome: Outcome, at: Millis) -> Next {
        if let Some(until) = self.breakers.after(ready.integration, &outcome, at) {
            let (work, integration) = (self.engine.work.clone(), ready.integration);
            warn!(integration.id = %integration, wait_ms = until.since(at), "integration {integration} is held back for {} ms", until.since(at));
            self.due.retain(|due| due.integration != integration);
            self.calls_on.spawn(async move {
                if let Err(error) = work.hold(integration, until).await {
                    warn!("the hold of integration {integration} could not be written: {error}");
                }
            });
        }
        let strikes = self.strikes.entry(row.message.broadcast).or_default();
        match &outcome {
            Outcome::Refused(said) if said.code == UNRECOGNISED => {
                *strikes += 1;
                if Account::strikes_out(said, *strikes) {
                    *strikes = 0;
                    return Next::Pause(said.clone());
                }
            }
            _ => *strikes = 0,
        }
        after_attempt(outcome, row.attempt, &self.engine.limits.retry, ready.deadline, at, &mut self.rng)
    }

    fn start(&mut self, row: Claimed) {
        let Some(ready) = self.ready.get(&row.message.broadcast).cloned() else {
            // Claimed only for broadcasts that are ready; kept honest all the same.
            let said = Said::new("handed_back", "Handed back untried.");
            let now = self.engine.clock.now();
            self.records.push(Record {
                message: row.message,
                attempt: row.attempt,
                next: Next::Pause(said),
                at: now,
            });
            return;
        };
        let engine = self.engine.clone();
        let (kept, kept_ready) = (row.clone(), Arc::clone(&ready));
        let call = async move {
            let ended = engine.send(&ready, &row).await;
            let at = engine.clock.now();
            (row, ready, ended, at)
        };
        let task = self.calls.spawn_on(call, &self.calls_on);
        self.running.insert(task.id(), (kept, kept_ready));
    }

    async fn look(&mut self, now: Millis) -> Result<(), StoreError> {
        if self.due_at.is_none_or(|at| now.since(at) >= LOOK_AGAIN_MS) {
            self.due = self.engine.work.due(now).await?;
            self.due_at = Some(now);
            self.ready.retain(|id, _| self.due.iter().any(|due| due.broadcast == *id));
        }
        Ok(())
    }

    /// Reads what due broadcasts need, and asks the provider about those that it was not asked about.
    async fn prepare(&mut self, now: Millis) -> Result<(), StoreError> {
        for due in &self.due {
            let id = due.broadcast;
            if self.ready.get(&id).is_some_and(|ready| now.since(ready.read_at) < READY_KEEP_MS)
                || self.probed_now.contains(&id)
            {
                continue;
            }
            let job = self.engine.work.job(id).await?;
            let account = self
                .accounts
                .get(job.integration, &self.engine.work, self.engine.accounts.as_ref(), now)
                .await?;
            let account = match account {
                Ok(account) => account,
                Err(words) => {
                    self.engine.work.pause(id, &Said::new("account", words), now).await?;
                    self.engine.tell([id]);
                    self.ready.remove(&id);
                    continue;
                }
            };
            let wire = match Wire::from_json(account.channel(), &job.template.to_string()) {
                Ok(wire) => wire,
                Err(error) => {
                    self.engine.work.pause(id, &Said::new("template", error.to_string()), now).await?;
                    self.engine.tell([id]);
                    self.ready.remove(&id);
                    continue;
                }
            };
            let ready = Arc::new(Ready {
                integration: job.integration,
                account,
                wire,
                deadline: job.deadline,
                read_at: now,
            });
            if job.probed {
                self.ready.insert(id, ready);
            } else if self.probed_now.insert(id) {
                self.ready.remove(&id);
                let engine = self.engine.clone();
                let ask = async move {
                    engine.probe(id, &ready).await;
                    id
                };
                self.probing.spawn_on(ask, &self.calls_on);
            }
        }
        Ok(())
    }

    /// Calls under way and endings not yet written.
    pub fn unfinished(&self) -> usize {
        self.running.len() + self.records.len()
    }

    /// Turns until nothing is under way and nothing is due now; for tests and for the command line.
    pub async fn turn_until_idle(&mut self) -> Result<(), StoreError> {
        loop {
            self.due_at = None;
            let report = self.turn(true).await?;
            if report.claimed == 0
                && report.recorded == 0
                && self.unfinished() == 0
                && self.probing.is_empty()
            {
                return Ok(());
            }
            if self.unfinished() > 0 || !self.probing.is_empty() {
                self.wait(TurnReport { wait_ms: Some(1), ..report }).await;
            }
        }
    }
}
