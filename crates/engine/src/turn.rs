//! A turn: record what ended, claim what comes next, start the calls. `run` turns for ever, tests by hand.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef},
    message::{Next, after_attempt},
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    reason::OwnReason,
    time::{MINUTE, Millis, SECOND},
};
use providers::{LookUpKey, UNRECOGNISED, Wire};
use rand::{SeedableRng, rngs::SmallRng};
use store::{
    StoreError,
    work::{Claimed, DueBroadcast, Endings, LookUpTarget, NewLookUp, Record, SentRequest, Want},
};
use tokio::{runtime::Handle, task::JoinSet};
use tracing::{error, warn};

use crate::{
    Engine,
    accounts::OpenAccounts,
    breaker::Breakers,
    calls::Calls,
    fair::{Free, wants},
    look_up,
    send::{Ended, Ready},
    strikes::{self, Fault, Strikes},
};

/// What is due is asked anew after this, and at once when something new was announced.
const LOOK_AGAIN_MS: i64 = 100;
/// What a broadcast needs is read anew after this, so that a replaced key or a changed deadline is heeded.
const READY_KEEP_MS: i64 = 2 * SECOND;
/// An answer waits no longer than this for company: until half of the calls under way have ended, so that one commit carries many
/// rows while the other half goes on. A commit per message is several times slower.
const GATHER_WAIT: Duration = Duration::from_millis(4);

/// After a turn that the store did not answer, what was claimed is looked for so often, and after a while less often: a commit may still
/// be on its way, and nobody can say for how long.
const RECALL_EVERY_MS: i64 = 5 * SECOND;
const RECALL_OFTEN_MS: i64 = 30 * SECOND;
const RECALL_LATER_MS: i64 = MINUTE;

/// Rows may be in flight by this process that it knows nothing of: a commit was carried out and its answer lost.
#[derive(Clone, Copy, Debug)]
struct LostCommit {
    /// Not looked for before.
    next: Millis,
    /// Looked for less often after.
    often_until: Millis,
}

/// A row whose call was made or is under way: what its ending needs of it.
#[derive(Clone, Copy, Debug)]
struct Tried {
    message: MessageRef,
    attempt: i64,
}

impl From<&Claimed> for Tried {
    fn from(row: &Claimed) -> Tried {
        Tried { message: row.message, attempt: row.attempt }
    }
}

/// What is kept of a call under way.
type Kept = (Vec<Tried>, Arc<Ready>);
/// What a call is made of.
type Input = (Arc<Engine>, Arc<Ready>, Vec<Claimed>);
/// How the rows of a call ended, and when.
type Done = (Vec<(Vec<Tried>, Ended)>, Millis);

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
    engine: Arc<Engine>,
    /// Where calls run: not on the loop's own thread.
    calls_on: Handle,
    calls: Calls<Kept, Input, Done>,
    /// Rows of the calls under way.
    rows_under_way: usize,
    endings: Endings,
    due: Vec<DueBroadcast>,
    due_at: Option<Millis>,
    ready: HashMap<BroadcastId, Arc<Ready>>,
    accounts: OpenAccounts,
    breakers: Breakers,
    strikes: Strikes,
    probing: JoinSet<BroadcastId>,
    probed_now: HashSet<BroadcastId>,
    round: u64,
    rng: SmallRng,
    doubt: Option<LostCommit>,
}

impl Sender {
    /// A loop without calls, whose calls run on the present runtime. `seed` makes its chance repeatable.
    pub fn new(engine: Engine, seed: u64) -> Sender {
        Sender::on(Handle::current(), engine, seed)
    }

    /// As [`Sender::new`], with calls on that runtime.
    pub(crate) fn on(calls_on: Handle, engine: Engine, seed: u64) -> Sender {
        Sender {
            engine: Arc::new(engine),
            calls: Calls::on(calls_on.clone()),
            calls_on,
            rows_under_way: 0,
            endings: Endings::default(),
            due: Vec::new(),
            due_at: None,
            ready: HashMap::new(),
            accounts: OpenAccounts::default(),
            breakers: Breakers::default(),
            strikes: Strikes::default(),
            probing: JoinSet::new(),
            probed_now: HashSet::new(),
            round: 0,
            rng: SmallRng::seed_from_u64(seed),
            doubt: None,
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
        self.recall(now).await?;
        let wanted = if claim && self.engine.may_call() { self.wanted(now).await? } else { Vec::new() };
        // After an error the endings are kept, and written with the next turn unless they were written after all.
        let turn = match self.engine.work.turn(&self.endings, &wanted, &self.engine.key, now).await {
            Ok(turn) => turn,
            Err(error) => {
                self.doubt = Some(LostCommit { next: now, often_until: now.plus(RECALL_OFTEN_MS) });
                return Err(error);
            }
        };
        let recorded = std::mem::take(&mut self.endings).len();
        if turn.stale > 0 {
            warn!(
                rows = turn.stale,
                "others had given up on {} messages of this process; their endings were not written",
                turn.stale
            );
        }
        let claimed = turn.claimed.len();
        self.start_all(turn.claimed);
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
        Ok(TurnReport { recorded, claimed, in_flight: self.calls.len(), wait_ms: turn.wait_ms })
    }

    /// Gives back what is in flight by this process without its knowing: no call was made for it.
    async fn recall(&mut self, now: Millis) -> Result<(), StoreError> {
        let Some(doubt) = self.doubt.filter(|doubt| doubt.next <= now) else { return Ok(()) };
        let calls = self.calls.kept().flat_map(|(rows, _)| rows).map(|row| row.message);
        let ended = self.endings.rows.iter().map(|record| record.message);
        let requests = self.endings.requests.iter().flat_map(|request| {
            let broadcast = request.broadcast;
            request.positions.iter().map(move |position| MessageRef { broadcast, position: *position })
        });
        let known: HashSet<MessageRef> = calls.chain(ended).chain(requests).collect();
        let here = self.engine.work.in_flight_here().await?;
        let lost: Vec<_> = here
            .into_iter()
            .filter(|(message, _)| !known.contains(message))
            .map(|(message, attempt)| Tried { message, attempt })
            .collect();
        if !lost.is_empty() {
            warn!(rows = lost.len(), "{} messages were claimed without an answer and go back", lost.len());
            self.return_to_waiting(lost);
        }
        let often = now < doubt.often_until;
        let next = now.plus(if often { RECALL_EVERY_MS } else { RECALL_LATER_MS });
        self.doubt = Some(LostCommit { next, ..doubt });
        Ok(())
    }

    /// What this turn would like to claim.
    async fn wanted(&mut self, now: Millis) -> Result<Vec<Want>, StoreError> {
        let limits = &self.engine.limits;
        let free = Free {
            calls: limits.calls_in_flight_max.saturating_sub(self.calls.len()),
            rows: limits.rows_in_flight_max.saturating_sub(self.rows_under_way),
        };
        if free.calls == 0 || free.rows == 0 {
            return Ok(Vec::new());
        }
        self.look(now).await?;
        self.prepare(now).await?;
        let servable: Vec<(DueBroadcast, usize)> = self
            .due
            .iter()
            .filter_map(|due| Some((due.clone(), self.ready.get(&due.broadcast)?.batch())))
            .collect();
        let mut wanted = wants(&servable, free, self.round);
        self.hold_back_unclear(&mut wanted);
        // Every process locks the paces of several accounts in one order.
        wanted.sort_by_key(|want| {
            servable.iter().find(|(due, _)| due.broadcast == want.broadcast).map(|(due, _)| due.integration)
        });
        self.round += 1;
        Ok(wanted)
    }

    /// Of a broadcast of which it is not clear why a message was refused, one goes at a time.
    fn hold_back_unclear(&self, wanted: &mut Vec<Want>) {
        let under_way = |want: &Want| {
            self.calls
                .kept()
                .flat_map(|(rows, _)| rows.first())
                .any(|row| row.message.broadcast == want.broadcast)
        };
        wanted.retain(|want| !self.strikes.is_unclear(want.broadcast) || !under_way(want));
        for want in wanted.iter_mut().filter(|want| self.strikes.is_unclear(want.broadcast)) {
            (want.rows, want.batch) = (1, 1);
        }
    }

    /// Waits until there is something for a turn to do: answers, a wake, the pace, or a second.
    pub(crate) async fn wait(&mut self, report: TurnReport) {
        let idle = Duration::from_millis(
            u64::try_from(report.wait_ms.unwrap_or(SECOND).clamp(1, SECOND)).unwrap_or(1_000),
        );
        let busy = self.calls.len() > 0;
        tokio::select! {
            () = self.calls.ended(1), if busy => self.gather().await,
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

    /// Lets answers that are about to come join the one that came. Cut short, it loses nothing.
    async fn gather(&self) {
        let enough = self.calls.len().div_ceil(2);
        // Whichever comes first.
        let _ = tokio::time::timeout(GATHER_WAIT, self.calls.ended(enough)).await;
    }

    /// Takes every answer that is there.
    fn collect(&mut self, now: Millis) {
        for (kept, done) in self.calls.take() {
            self.take(kept, done, now);
        }
    }

    fn take(&mut self, (rows, ready): Kept, done: Option<Done>, now: Millis) {
        self.rows_under_way -= rows.len();
        let (parts, at) = done.unwrap_or_else(|| {
            // A panic costs the messages of one call, and nobody knows whether they went out.
            error!("a call ended in a panic; its messages are unknown");
            let said = ProviderAnswer::new(
                OwnReason::Panic,
                "The program failed during this call; it may have gone out.",
            );
            (vec![(rows, Ended::Called(Outcome::Unknown(said)))], now)
        });
        for (rows, ended) in parts {
            match ended {
                Ended::Untried(next) => {
                    self.endings.rows.extend(rows.into_iter().map(|row| Record {
                        message: row.message,
                        attempt: row.attempt,
                        next: next.clone(),
                        at,
                    }));
                }
                Ended::Called(outcome) => self.judge(rows, &ready, outcome, at),
            }
        }
    }

    /// What the end of one call means for its rows, for its broadcast and for its account.
    fn judge(&mut self, rows: Vec<Tried>, ready: &Ready, outcome: Outcome, at: Millis) {
        let Some(broadcast) = rows.first().map(|row| row.message.broadcast) else { return };
        if let Some(until) = self.breakers.after(ready.integration, &outcome, at) {
            self.hold(ready.integration, until, at);
        }
        if let Outcome::Accepted { provider_id, cost } = outcome {
            self.strikes.taken(broadcast);
            self.accepted(rows, ready, provider_id, cost, at);
            return;
        }
        let instead = self.instead_of_failing(broadcast, &rows, &outcome, at);
        for row in rows {
            let next = instead.clone().unwrap_or_else(|| {
                let retry = &self.engine.limits.retry;
                after_attempt(outcome.clone(), row.attempt, retry, ready.deadline, at, &mut self.rng)
            });
            self.endings.rows.push(Record { message: row.message, attempt: row.attempt, next, at });
        }
    }

    /// Where messages go that were refused in words that nobody knows, as long as it is not proven to be their own fault.
    fn instead_of_failing(
        &mut self,
        broadcast: BroadcastId,
        rows: &[Tried],
        outcome: &Outcome,
        at: Millis,
    ) -> Option<Next> {
        let Outcome::Refused(said) = outcome else {
            self.strikes.known(broadcast);
            return None;
        };
        if said.code != UNRECOGNISED {
            self.strikes.known(broadcast);
            return None;
        }
        let positions: Vec<i64> = rows.iter().map(|row| row.message.position).collect();
        match self.strikes.refused(broadcast, &positions) {
            Fault::Person => None,
            Fault::Account => Some(Next::Pause(said.clone())),
            Fault::Unclear => Some(Next::HandBack { from: at.plus(strikes::AGAIN_MS), said: said.clone() }),
        }
    }

    fn accepted(
        &mut self,
        rows: Vec<Tried>,
        ready: &Ready,
        provider_id: Option<String>,
        cost: Option<Money>,
        at: Millis,
    ) {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let broadcast = first.message.broadcast;
        if let Some(asked) = ready.account.look_up_key(&ready.wire, provider_id.as_deref()) {
            let (first, last) = (first.message.position, last.message.position);
            let (asked, first, last) = match asked {
                // Personal messages that went out together share a question; those that go again may lie anywhere.
                LookUpKey::Call(_) if ready.batch() == 1 && rows[0].attempt == 1 => {
                    (LookUpTarget::Each, first, last)
                }
                LookUpKey::Call(id) => (LookUpTarget::As(id), first, last),
                LookUpKey::Broadcast(name) => (LookUpTarget::As(name), 1, i64::MAX),
            };
            let due_at = at.plus(look_up::FIRST_MS);
            self.endings.ask(NewLookUp { broadcast, asked, first, last, since: at, due_at });
        }
        // Rows of a first attempt that lie side by side in the plan: one change covers them all and no other.
        let (first, last) = (first.message.position, last.message.position);
        let side_by_side = i64::try_from(rows.len()).is_ok_and(|n| last - first + 1 == n);
        if rows.len() > 1 && side_by_side && rows.iter().all(|row| row.attempt == 1) {
            let positions = rows.iter().map(|row| row.message.position).collect();
            self.endings.requests.push(SentRequest { broadcast, positions, provider_id, cost, at });
            return;
        }
        for (row, cost) in rows.iter().zip(shares(cost, rows.len())) {
            let next = Next::Sent { provider_id: provider_id.clone(), cost };
            self.endings.rows.push(Record { message: row.message, attempt: row.attempt, next, at });
        }
    }

    fn hold(&mut self, integration: IntegrationId, until: Millis, now: Millis) {
        let wait_ms = until.since(now);
        warn!(integration.id = %integration, wait_ms, "integration {integration} is held back for {wait_ms} ms");
        self.due.retain(|due| due.integration != integration);
        let work = self.engine.work.clone();
        self.calls_on.spawn(async move {
            if let Err(error) = work.hold(integration, until).await {
                warn!("the hold of integration {integration} could not be written: {error}");
            }
        });
    }

    /// Starts a call for each row, or for each stretch of rows that share one.
    fn start_all(&mut self, claimed: Vec<Claimed>) {
        let mut calls = Vec::with_capacity(claimed.len());
        let mut rows = claimed.into_iter().peekable();
        while let Some(first) = rows.next() {
            let broadcast = first.message.broadcast;
            let ready = self.ready.get(&broadcast).cloned();
            let batch = ready.as_ref().map_or(1, |ready| ready.batch());
            let mut together = vec![first];
            while together.len() < batch
                && let Some(row) = rows
                    .next_if(|row| row.message.broadcast == broadcast && row.content == together[0].content)
            {
                together.push(row);
            }
            match ready {
                Some(ready) => {
                    self.rows_under_way += together.len();
                    let kept = (together.iter().map(Tried::from).collect(), Arc::clone(&ready));
                    calls.push((kept, (Arc::clone(&self.engine), ready, together)));
                }
                None => self.return_to_waiting(together.iter().map(Tried::from)),
            }
        }
        self.calls.start(calls, call);
    }

    /// Rows for which no call is made. They are claimed only for broadcasts that are ready; kept honest all the same.
    fn return_to_waiting(&mut self, rows: impl IntoIterator<Item = Tried>) {
        let at = self.engine.clock.now();
        let next = Next::HandBack {
            from: at,
            said: ProviderAnswer::new(OwnReason::HandedBack, "Handed back untried."),
        };
        self.endings.rows.extend(rows.into_iter().map(|row| Record {
            message: row.message,
            attempt: row.attempt,
            next: next.clone(),
            at,
        }));
    }

    async fn look(&mut self, now: Millis) -> Result<(), StoreError> {
        if self.due_at.is_none_or(|at| now.since(at) >= LOOK_AGAIN_MS) {
            self.due = self.engine.work.due(now).await?;
            let wall = self.engine.clock.wall();
            if wall > now && !self.due.is_empty() {
                // Set forward, and not believed yet: what would be too late by the new time waits, and so does what is due by it alone.
                let then = self.engine.work.due(wall).await?;
                self.due.retain(|due| then.iter().any(|also| also.broadcast == due.broadcast));
            }
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
            let job = match self.engine.work.job(id).await {
                Ok(job) => job,
                // Whatever is wrong with it must not keep others from being sent.
                Err(error @ StoreError::Corrupt { .. }) => {
                    self.engine
                        .work
                        .pause(id, &ProviderAnswer::new(OwnReason::Template, error.to_string()), now)
                        .await?;
                    self.engine.tell([id]);
                    self.ready.remove(&id);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let account = self
                .accounts
                .get(job.integration, &self.engine.work, self.engine.accounts.as_ref(), now)
                .await?;
            let account = match account {
                Ok(account) => account,
                Err(words) => {
                    self.engine.work.pause(id, &ProviderAnswer::new(OwnReason::Account, words), now).await?;
                    self.engine.tell([id]);
                    self.ready.remove(&id);
                    continue;
                }
            };
            let wire = match Wire::from_json(account.channel(), &job.template.to_string()) {
                Ok(wire) => wire,
                Err(error) => {
                    self.engine
                        .work
                        .pause(id, &ProviderAnswer::new(OwnReason::Template, error.to_string()), now)
                        .await?;
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
                hours: job.hours,
                content: job.content.as_deref().and_then(|text| serde_json::from_str(text).ok()),
                read_at: now,
            });
            if job.probed {
                self.ready.insert(id, ready);
            } else if self.probed_now.insert(id) {
                self.ready.remove(&id);
                let engine = Arc::clone(&self.engine);
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
        self.calls.len() + self.endings.len()
    }

    /// Whether something may be in flight that nobody has looked for since.
    pub(crate) fn in_doubt(&self) -> bool {
        self.doubt.is_some_and(|doubt| doubt.next <= self.engine.clock.now())
    }

    /// Turns until nothing is under way and nothing is due now; for tests and for the command line.
    pub async fn turn_until_idle(&mut self) -> Result<(), StoreError> {
        self.due_at = None;
        loop {
            let looks_anew = self.due_at.is_none();
            let report = self.turn(true).await?;
            if report.claimed == 0 && report.recorded == 0 {
                if self.unfinished() == 0 && self.probing.is_empty() && looks_anew {
                    return Ok(());
                }
                self.due_at = None;
            }
            if self.unfinished() > 0 || !self.probing.is_empty() {
                self.wait(TurnReport { wait_ms: Some(1), ..report }).await;
            }
        }
    }
}

async fn call((engine, ready, rows): Input) -> Done {
    let parts = engine.send(&ready, rows).await;
    let tried = parts.into_iter().map(|(rows, ended)| (rows.iter().map(Tried::from).collect(), ended));
    (tried.collect(), engine.clock.now())
}

/// Divides a charge among rows so that the sum is exact: the first ones carry one 1/10,000 ₹ more.
fn shares(total: Option<Money>, rows: usize) -> impl Iterator<Item = Option<Money>> {
    let n = i64::try_from(rows.max(1)).unwrap_or(i64::MAX);
    (0..n).map(move |at| total.map(|total| Money(total.0 / n + i64::from(at < total.0 % n))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_shares_of_a_charge_are_the_charge_and_differ_by_one_at_most(total in 0_i64..10_000_000, rows in 1_usize..1_001) {
            let shares: Vec<i64> = shares(Some(Money(total)), rows).map(|share| share.unwrap().0).collect();
            prop_assert_eq!(shares.len(), rows);
            prop_assert_eq!(shares.iter().sum::<i64>(), total);
            prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}
