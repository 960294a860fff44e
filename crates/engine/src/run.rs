//! Turning for ever: one task per loop, each with its own wake and a look of its own every second.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::{Duration, Instant},
};

use domain::time::{HOUR, Millis, SECOND};
use store::{Actor, Indexed, StoreError};
use tokio::{
    runtime::{self, Handle},
    sync::oneshot,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    Engine, Sender,
    loops::{Every, Rest, every},
    turn::TurnReport,
};

/// How often a worker says that it is alive, as a part of its lease.
const BEATS_PER_LEASE: i64 = 6;
/// Every loop looks by itself after this, whatever wakes were lost.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// Whether a linked account is to be asked is looked at this often; each is asked every minute at most.
const ACCOUNTS_LOOK: Duration = Duration::from_secs(5);
/// Whether an organisation's retention is due is asked this often; it is due once an hour.
const FORGET_LOOK: Duration = Duration::from_secs(20);
/// How often old bodies and unfinished uploads are taken away.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// Registrations that one transaction makes findable while messages go out or an import is written: some 30 ms of SQLite's only writer.
const INDEX_ROWS: i64 = 2_000;
/// As many when nobody waits for the writer. The index is merged less often: a row costs a third less.
const INDEX_ROWS_QUIET: i64 = 5_000;
/// Beside an import the index rests so many times as long as it worked: the import decides how soon everybody is registered, and those
/// without an entry are found all the same.
const INDEX_RESTS_BESIDE_IMPORT: u32 = 24;
/// Rows of an undone import that one transaction clears. Each takes SQLite's only writer 1.7 ms, nearly all of it at the COMMIT, where what
/// is deleted leaves the pages of the search index.
const CLEAR_ROWS: i64 = 200;
/// As many while messages go out: with 500 these stood still for 0.9 s at a time.
const CLEAR_ROWS_BESIDE_SENDING: i64 = 20;
/// The database's statistics are renewed this often, and after every import.
const STATISTICS_MS: i64 = HOUR;
/// The store is asked again after this when it did not answer; doubles up to [`DOWN_LONGEST`].
const DOWN_FIRST: Duration = Duration::from_millis(200);
/// Longest pause while the store is away.
pub(crate) const DOWN_LONGEST: Duration = Duration::from_secs(5);

/// A running engine.
pub struct Running {
    stop: CancellationToken,
    beyond_help: CancellationToken,
    tasks: JoinSet<()>,
    engine: Engine,
}

impl Engine {
    /// Starts every loop. `name` is what the operator reads; `seed` makes chance repeatable.
    pub async fn run(&self, name: &str, seed: u64) -> Result<Running, StoreError> {
        let now = self.clock.wall_clock();
        self.work.register(name, now, self.lease_from(now)).await?;
        if self.alone {
            let rows = self.work.reclaim(now, true).await?;
            if rows > 0 {
                warn!(
                    rows,
                    "{rows} calls were under way when the program last ended; their messages are unknown"
                );
            }
        }
        // Workers that are not in the list; the look for lost workers does the rest.
        self.work.enter_forgotten().await?;
        let (stop, still) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().sending_apart(seed, stop.clone(), still.clone()));
        tasks.spawn(self.clone().planning(stop.clone()));
        tasks.spawn(self.clone().scheduling(stop.clone()));
        tasks.spawn(self.clone().receiving(stop.clone()));
        tasks.spawn(self.clone().asking(stop.clone()));
        tasks.spawn(self.clone().asking_accounts(stop.clone()));
        tasks.spawn(self.clone().keeping(stop.clone()));
        tasks.spawn(self.clone().tidying(stop.clone()));
        tasks.spawn(self.clone().forgetting(stop.clone()));
        tasks.spawn(self.clone().indexing(stop.clone()));
        tasks.spawn(self.clone().clearing(stop.clone()));
        tasks.spawn(self.clone().measuring(stop.clone()));
        tasks.spawn(self.clone().proving(stop.clone()));
        tasks.spawn(self.clone().beating(still));
        tasks.spawn(self.clone().hearing(stop.clone()));
        let beyond_help = CancellationToken::new();
        tasks.spawn(self.clone().watching(stop.clone(), beyond_help.clone()));
        Ok(Running { stop, beyond_help, tasks, engine: self.clone() })
    }

    fn lease_from(&self, now: Millis) -> Millis {
        let until = now.plus(self.limits.lease_ms);
        self.alive_until.store(until.0, Ordering::Release);
        until
    }

    /// The sending loop has a thread of its own: among hundreds of calls that are ready to go on it would wait its turn after each
    /// statement (on PostgreSQL, still where the pool does something for it). `still` ends with it: while calls under way are awaited, others must not take this process for lost.
    async fn sending_apart(self, seed: u64, stop: CancellationToken, still: CancellationToken) {
        let (calls_on, (done, ended)) = (Handle::current(), oneshot::channel());
        let (all, heart) = (stop.clone(), still.clone());
        let thread = std::thread::Builder::new().name("munadi-sender".to_owned()).spawn(move || {
            let (shared, on) = (self.store.is_shared(), calls_on.clone());
            let sending = self.sending(calls_on, seed, stop, heart);
            if shared {
                // A connection opened here would end with this thread's own runtime, while the pool lends it to others.
                on.block_on(sending);
            } else {
                match runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime.block_on(sending),
                    Err(error) => error!("the sending loop has no runtime: {error}"),
                }
            }
            // Whoever waits for the end may have given up.
            let _ = done.send(());
        });
        match thread {
            Ok(_) => {
                if ended.await.is_err() {
                    // Without a heartbeat screens show it at once, and whoever is left gives its calls up as unknown.
                    error!(
                        "the sending loop ended in a panic; this process sends no more until it is started again"
                    );
                    all.cancel();
                }
            }
            Err(error) => error!("the sending loop has no thread: {error}"),
        }
        still.cancel();
    }

    async fn sending(self, calls_on: Handle, seed: u64, stop: CancellationToken, still: CancellationToken) {
        let mut sender = Sender::on(calls_on, self.clone(), seed);
        let mut down = DOWN_FIRST;
        self.turns.well();
        while !stop.is_cancelled() {
            match sender.turn(true).await {
                Ok(report) => {
                    down = DOWN_FIRST;
                    self.turns.well();
                    if report.in_flight > 0 {
                        self.store.messages_go_out();
                    }
                    if report.recorded > 0 && report.in_flight == 0 {
                        self.settle_now().await;
                    }
                    let report = sender.until_due(report).await;
                    tokio::select! {
                        () = sender.wait(report) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Err(error) => {
                    self.turns.failed(&error);
                    warn!("the store did not take a turn, again in {} ms: {error}", down.as_millis());
                    tokio::time::sleep(down).await;
                    down = (down * 2).min(DOWN_LONGEST);
                }
            }
        }
        self.finish(&mut sender, &still).await;
        self.turns.over();
    }

    /// Takes no more work; waits for the calls under way and writes how they ended.
    async fn finish(&self, sender: &mut Sender, still: &CancellationToken) {
        let last = self.clock.now().plus(self.limits.stop_wait_ms);
        while (sender.unfinished() > 0 || sender.in_doubt()) && self.clock.now() < last {
            match sender.turn(false).await {
                Ok(report) if report.in_flight > 0 => {
                    sender.wait(TurnReport { wait_ms: Some(50), ..report }).await
                }
                Ok(_) => {}
                Err(error) => {
                    warn!("the last endings could not be written yet: {error}");
                    tokio::time::sleep(DOWN_FIRST).await;
                }
            }
        }
        still.cancel();
        if sender.unfinished() > 0 {
            error!(
                rows = sender.unfinished(),
                "{} calls did not end in time; their messages become unknown",
                sender.unfinished()
            );
        } else if let Err(error) = self.work.retire().await {
            warn!("this worker could not be taken out of the list: {error}");
        }
    }

    fn every(&self, stop: CancellationToken, what: &'static str) -> Every<'_> {
        Every { stop, wake: None, look: LOOK, after_error: LOOK, what }
    }

    async fn planning(self, stop: CancellationToken) {
        let when = self.every(stop, "planning will be tried again");
        every(Every { wake: Some(&self.wakes.plan), ..when }, || async {
            self.plan().await?;
            Ok(Rest::UntilLook)
        })
        .await;
    }

    async fn receiving(self, stop: CancellationToken) {
        let when = self.every(stop, "receipts will be applied later");
        every(Every { wake: Some(&self.wakes.receipts), ..when }, || async {
            Ok(if self.receive().await? { Rest::None } else { Rest::UntilLook })
        })
        .await;
    }

    /// Asks providers for what they have not told.
    async fn asking(self, stop: CancellationToken) {
        every(self.every(stop, "questions to providers will be asked later"), || async {
            if self.poll_status().await? > 0 {
                return Ok(Rest::None);
            }
            // A pace is used whole: the next question goes as soon as it has room.
            let room = self.questions.shortest(self.clock.now()).filter(|room| *room < LOOK);
            Ok(room.map_or(Rest::UntilLook, Rest::For))
        })
        .await;
    }

    /// Asks linked accounts how they stand. A gateway that is slow to answer holds nothing else up.
    async fn asking_accounts(self, stop: CancellationToken) {
        let when = self.every(stop, "linked accounts will be asked later");
        every(Every { look: ACCOUNTS_LOOK, after_error: ACCOUNTS_LOOK, ..when }, || async {
            Ok(if self.ask_accounts().await? > 0 { Rest::None } else { Rest::UntilLook })
        })
        .await;
    }

    /// Settles, completes, and takes over from lost workers.
    async fn keeping(self, stop: CancellationToken) {
        every(self.every(stop, "lost workers will be looked for again"), || async {
            self.settle_now().await;
            self.work.reclaim(self.clock.wall_clock(), false).await?;
            Ok(Rest::UntilLook)
        })
        .await;
    }

    /// Takes away what is old: bodies of callbacks, uploads that were not finished.
    async fn tidying(self, stop: CancellationToken) {
        let when = self.every(stop, "tidying will be tried again");
        every(Every { after_error: TIDY_EVERY, ..when }, || async {
            self.mark_landlines().await?;
            self.tidy().await?;
            Ok(Rest::For(TIDY_EVERY))
        })
        .await;
    }

    /// Erases the people of workshops that were kept long enough.
    async fn forgetting(self, stop: CancellationToken) {
        let when = self.every(stop, "erasing what was kept long enough will be tried again");
        every(Every { after_error: DOWN_LONGEST, ..when }, || async {
            self.forget().await?;
            Ok(Rest::For(FORGET_LOOK))
        })
        .await;
    }

    /// Makes the index of people behind imports, and for who was registered by hand or before there was an index; and the one of the
    /// provider's ids.
    async fn indexing(self, stop: CancellationToken) {
        let (looked, importing) = (AtomicBool::new(false), AtomicBool::new(false));
        every(self.every(stop, "people will be made findable later"), || async {
            let start = Instant::now();
            let ids = self.work.index_sent_ids(self.clock.now()).await?;
            let step = self.index_people(&looked, importing.load(Ordering::Relaxed)).await?;
            importing.store(step.importing, Ordering::Relaxed);
            let rest = self.store.rest_after(start.elapsed());
            Ok(match (step.more || ids > 0, step.importing) {
                (true, true) => Rest::For(rest.max(start.elapsed() * INDEX_RESTS_BESIDE_IMPORT)),
                (true, false) => Rest::For(rest),
                (false, _) => Rest::UntilLook,
            })
        })
        .await;
    }

    /// Clears what undone imports left behind, which nobody sees any more.
    async fn clearing(self, stop: CancellationToken) {
        let when = self.every(stop, "what an undone import left behind will be cleared later");
        every(Every { after_error: DOWN_LONGEST, ..when }, || async {
            let start = Instant::now();
            let more = self.clear_undone().await?;
            Ok(if more { Rest::For(self.store.rest_after(start.elapsed())) } else { Rest::UntilLook })
        })
        .await;
    }

    /// Renews the statistics that the database plans by.
    async fn measuring(self, stop: CancellationToken) {
        let measured = AtomicI64::new(i64::MIN);
        let when = self.every(stop, "the database's statistics could not be renewed");
        every(Every { after_error: FORGET_LOOK, ..when }, || async {
            let now = self.clock.now();
            let import = self.work.newest_import().await?;
            let at = Millis(measured.load(Ordering::Relaxed));
            if at.plus(STATISTICS_MS) <= now || import > Some(at) {
                self.work.renew_statistics().await?;
                measured.store(now.0, Ordering::Relaxed);
            }
            Ok(Rest::For(FORGET_LOOK))
        })
        .await;
    }

    /// Proves the counts of broadcasts that rest.
    async fn proving(self, stop: CancellationToken) {
        let when = self.every(stop, "the counts of broadcasts will be proven later");
        every(Every { after_error: FORGET_LOOK, ..when }, || async {
            let differences = self.work.prove_next(self.clock.now()).await?.unwrap_or_default();
            if !differences.is_empty() {
                error!("kept counts differ from counted rows; run: munadi doctor: {differences:?}");
            }
            Ok(Rest::For(FORGET_LOOK))
        })
        .await;
    }

    pub(crate) async fn settle_now(&self) {
        if let Err(error) = self.settle().await {
            warn!("settling will be tried again: {error}");
        }
    }

    /// One step of the index of people. `importing`: whether an import is being written. `looked`: whether this run has asked for registrations that a version
    /// without an index left behind.
    async fn index_people(&self, looked: &AtomicBool, importing: bool) -> Result<Indexed, StoreError> {
        if !looked.load(Ordering::Relaxed) {
            self.work.look_behind_index().await?;
            looked.store(true, Ordering::Relaxed);
        }
        let in_the_way = importing || self.store.is_sending();
        self.work.index_people(if in_the_way { INDEX_ROWS } else { INDEX_ROWS_QUIET }).await
    }

    /// One step of clearing behind each import that was taken back, or of taking it back where the program was stopped meanwhile; whether there
    /// is more to do.
    pub async fn clear_undone(&self) -> Result<bool, StoreError> {
        let limit = if self.store.is_sending() { CLEAR_ROWS_BESIDE_SENDING } else { CLEAR_ROWS };
        let mut more = false;
        for (organization, import) in self.work.undoing().await? {
            let org = self.store.org(Actor::program(organization));
            match org.clear_undone(import, self.clock.now(), limit).await {
                Ok(cleared) => more |= cleared.more,
                // A broadcast that is being planned will send before long.
                Err(StoreError::BeingPlanned) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(more)
    }

    /// Ends rows that will not be sent any more and completes what is done, to the last row.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let settled = self.work.settle(self.clock.now()).await?;
            let more = settled.more;
            self.tell(settled.touched);
            if !more {
                return Ok(());
            }
        }
    }

    /// Hears what other processes change.
    async fn hearing(self, stop: CancellationToken) {
        let mut changes = self.store.changes();
        loop {
            tokio::select! {
                change = changes.next() => self.hear(change),
                () = stop.cancelled() => return,
            }
        }
    }

    /// Says that this process is alive, until the calls under way have ended.
    async fn beating(self, stop: CancellationToken) {
        let beat_ms = (self.limits.lease_ms / BEATS_PER_LEASE).max(50);
        let look = Duration::from_millis(u64::try_from(beat_ms).unwrap_or(2_000));
        let when = Every {
            look,
            after_error: look,
            ..self.every(stop.clone(), "the heartbeat could not be written")
        };
        every(when, || async {
            self.beat(&stop).await?;
            Ok(Rest::UntilLook)
        })
        .await;
    }

    async fn beat(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        let now = self.clock.wall_clock();
        let until = now.plus(self.limits.lease_ms);
        match self.work.beat(now, until, self.turns.last()).await {
            // It has taken itself out of the list meanwhile.
            Err(StoreError::Stale) if stop.is_cancelled() => return Ok(()),
            Err(StoreError::Stale) => {
                error!("other processes gave up on this one; it enters itself again");
                self.work.register("returned", now, until).await?;
            }
            written => written?,
        }
        self.alive_until.store(until.0, Ordering::Release);
        Ok(())
    }
}

impl Running {
    /// Ends when only a fresh process can go on sending: see [`Engine::standing`]. Otherwise never.
    pub async fn until_unrecoverable(&self) {
        self.beyond_help.cancelled().await;
    }

    /// Stops in two steps: no more work is taken, then the calls under way end and are written.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let most = Duration::from_millis(
            u64::try_from(self.engine.limits.stop_wait_ms + 5 * SECOND).unwrap_or(30_000),
        );
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(most, all).await.is_err() {
            error!("the engine did not stop in time");
        } else {
            info!("the engine stopped");
        }
    }
}
