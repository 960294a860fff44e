//! A turn: record what ended, claim what comes next, start the calls. `run` turns for ever, tests by hand.

mod cost;
mod ready;
mod reconcile;
mod settle;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    ids::{BroadcastId, MessageRef},
    time::{Millis, SECOND},
};
use providers::voice::CallCapacity;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use store::{
    StoreError,
    work::{CallLimits, Claimed, DueBroadcast, Endings, PostLimits, Want},
};
use tokio::{runtime::Handle, task::JoinSet};
use tracing::warn;

use self::{ready::LOOK_AGAIN_MS, reconcile::LostCommit};
use crate::{
    Engine,
    accounts::OpenAccounts,
    breaker::Breakers,
    calls::Calls,
    fair::{Free, wants},
    send::{Ended, Ready},
    strikes::Strikes,
};

/// An ending waits for others until half of the calls under way have ended, and no longer than this. One commit then
/// carries many rows while the other half goes on. A commit per message is several times slower.
const GATHER_WAIT: Duration = Duration::from_millis(4);

/// A row whose call was made or is under way: what its ending needs of it.
#[derive(Clone, Copy, Debug)]
struct CalledRow {
    message: MessageRef,
    attempt: i64,
}

impl From<&Claimed> for CalledRow {
    fn from(row: &Claimed) -> CalledRow {
        CalledRow { message: row.message, attempt: row.attempt }
    }
}

/// What is kept of a call under way.
type CallContext = (Vec<CalledRow>, Arc<Ready>);
/// What a call is made of.
type Input = (Arc<Engine>, Arc<Ready>, Vec<Claimed>);
/// How the rows of a call ended, and when.
type Done = (Vec<(Vec<CalledRow>, Ended)>, Millis);

/// The result of one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnReport {
    /// The rows whose ending was written.
    pub recorded: usize,
    /// The rows that were claimed and whose calls were started.
    pub claimed: usize,
    /// The rows that were claimed and put back. Other rows may wait behind them.
    pub left_out: usize,
    /// The calls that are under way.
    pub in_flight: usize,
    /// The time until the pace allows more, in milliseconds; `None` where the pace held nothing back.
    pub wait_ms: Option<i64>,
}

/// The sending loop of one process, with its calls under way.
pub struct Sender {
    engine: Arc<Engine>,
    /// Where calls run: not on the loop's own thread.
    calls_on: Handle,
    calls: Calls<CallContext, Input, Done>,
    /// Rows of the calls under way.
    rows_under_way: usize,
    endings: Endings,
    due: Vec<DueBroadcast>,
    due_at: Option<Millis>,
    /// The next moment at which something becomes due that the list does not hold yet, where it was asked.
    next_due: Option<Millis>,
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
            next_due: None,
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
        self.reconcile(now).await?;
        let wanted = if claim && self.engine.may_call() { self.wanted(now).await? } else { Vec::new() };
        // After an error the endings are kept, and written with the next turn unless they were written after all.
        let turn = match self.engine.work.turn(&self.endings, &wanted, &self.engine.key, now).await {
            Ok(turn) => turn,
            Err(error) => {
                self.doubt = Some(LostCommit::since(now));
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
        for (message, id, at) in &turn.given_up {
            self.ask_about(*message, id, *at);
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
        let (left_out, in_flight) = (turn.left_out, self.calls.len());
        Ok(TurnReport { recorded, claimed, left_out, in_flight, wait_ms: turn.wait_ms })
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
        self.keep_posts_apart(&mut wanted);
        self.keep_within_lines(&mut wanted);
        self.round += 1;
        Ok(wanted)
    }

    /// Posts to groups go one at a time, with a drawn pause between two.
    fn keep_posts_apart(&mut self, wanted: &mut [Want]) {
        for want in wanted {
            let ready = self.ready.get(&want.broadcast);
            let pace = ready.and_then(|ready| ready.account.gateway()).map(|gateway| gateway.pace());
            want.posts = pace.map(|pace| PostLimits { pace, share: self.rng.random() });
        }
    }

    /// Calls hold channels of their account, and begin so many a minute.
    fn keep_within_lines(&self, wanted: &mut [Want]) {
        for want in wanted {
            let ready = self.ready.get(&want.broadcast);
            want.calls = ready.and_then(|ready| ready.account.voice()).map(|voice| {
                let CallCapacity { at_once, per_minute } = voice.lines();
                CallLimits { at_once, per_minute, ring: voice.ring() }
            });
        }
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

    /// Shortens the sleep after that turn to the next moment at which something becomes due. A loop that only left rows out
    /// goes on at once.
    ///
    /// Calls under way and a pace that holds one account back do not decide when another broadcast begins. The moment is not
    /// asked for while no further call may begin, nor where the list of due broadcasts is read anew before long.
    pub async fn until_due(&mut self, report: TurnReport) -> TurnReport {
        if report.left_out > 0 {
            return TurnReport { wait_ms: Some(0), ..report };
        }
        let full = report.in_flight >= self.engine.limits.calls_in_flight_max;
        if report.claimed > 0 || full || report.wait_ms.is_some_and(|wait| wait <= LOOK_AGAIN_MS) {
            return report;
        }
        let now = self.engine.clock.now();
        // A store that is away is noticed by the next turn.
        let Ok(next) = self.engine.work.next_due(now).await else { return report };
        self.next_due = next;
        let until_next = next.map(|next| next.since(now));
        TurnReport { wait_ms: report.wait_ms.into_iter().chain(until_next).min(), ..report }
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
                    let kept = (together.iter().map(CalledRow::from).collect(), Arc::clone(&ready));
                    calls.push((kept, (Arc::clone(&self.engine), ready, together)));
                }
                None => self.return_to_waiting(together.iter().map(CalledRow::from)),
            }
        }
        self.calls.start(calls, call);
    }

    /// Calls under way and endings not yet written.
    pub fn unfinished(&self) -> usize {
        self.calls.len() + self.endings.len()
    }

    /// Whether something may be in flight that nobody has looked for since.
    pub(crate) fn in_doubt(&self) -> bool {
        self.doubt.is_some_and(|doubt| doubt.is_due(self.engine.clock.now()))
    }

    /// Turns until nothing is under way and nothing is due now; for tests, rehearsals and the command line. How many milliseconds until the pace
    /// lets more go, where it held something back.
    pub async fn turn_until_idle(&mut self) -> Result<Option<i64>, StoreError> {
        self.due_at = None;
        let mut held = None;
        loop {
            let looks_anew = self.due_at.is_none();
            let report = self.turn(true).await?;
            held = match report.left_out {
                0 => report.wait_ms.or(if report.claimed == 0 { held } else { None }),
                // Whoever stands behind them was not looked at yet.
                _ => None,
            };
            if report.claimed == 0 && report.recorded == 0 && report.left_out == 0 {
                if self.unfinished() == 0 && self.probing.is_empty() && looks_anew {
                    return Ok(held);
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
    let tried = parts.into_iter().map(|(rows, ended)| (rows.iter().map(CalledRow::from).collect(), ended));
    (tried.collect(), engine.clock.now())
}
