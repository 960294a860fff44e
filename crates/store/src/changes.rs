//! What one process changes, told to the others by PostgreSQL's `NOTIFY`; on SQLite each looks at the version of the file.
//!
//! A hint and nothing more: every loop and every open page also looks by itself, so that a lost one costs a look's time. It is sent
//! within the transaction that changes, and arrives with its commit. A commit that notifies waits for every other one that does,
//! so the same change is told [four times a second](GAP) at most: what comes sooner is held back and told at the end of that time.
//!
//! `Tx::tell` notes a `Change` (kind and id, nothing else), and `Tx::commit` sends it. `Store::changes` is the hearing
//! side: one connection that listens on a channel of the schema’s own. Behind a pooler it listens only where
//! `database_direct` names a way round. After every loss it comes back with `Missed`, which stirs every loop once.
//! `Engine::hear` wakes planning and sending for `Work`, and the applying of receipts for `Receipts`. It passes
//! broadcasts on to `Engine::feed`, from which open pages are rendered. A process does not hear itself: its own wakes
//! are shorter.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::ids::BroadcastId;
use sqlx::{PgConnection, PgPool, postgres::PgListener};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tracing::{debug, warn};
use uuid::Uuid;

use crate::{Store, db::Db, error::StoreError, writer::Writer};

/// The same change is told again after this at the earliest.
const GAP: Duration = Duration::from_millis(250);
/// Changes remembered before those that are past their [`GAP`] are forgotten.
const REMEMBERED: usize = 1_000;
/// Changes that may wait for a busy reader.
const ROOM: usize = 1_024;
/// A listener that was refused tries again after this.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The database file is looked at so often for commits of other processes.
const FILE_LOOK: Duration = Duration::from_millis(90);

/// A word that has not come back after this does not come.
const TEST_WAIT: Duration = Duration::from_secs(2);

/// What another process changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A broadcast may have something to plan or to send: it was confirmed, resumed, stopped, planned to its end.
    Work(BroadcastId),
    /// Rows or status of a broadcast are others than before.
    Rows(BroadcastId),
    /// Receipts came in and wait to be applied.
    Receipts,
    /// Somebody's session ended, or what they may do changed.
    Access,
    /// The connection was away: anything may have changed meanwhile.
    Missed,
}

impl Change {
    /// `rows 0198…`: kind and id, no word about anybody.
    fn payload(self, origin: &str) -> String {
        let (kind, id) = match self {
            Change::Work(id) => ("work", id.0),
            Change::Rows(id) => ("rows", id.0),
            Change::Receipts => ("receipts", Uuid::nil()),
            Change::Access => ("access", Uuid::nil()),
            Change::Missed => ("missed", Uuid::nil()),
        };
        format!("{origin} {kind} {}", id.as_simple())
    }

    /// What another process told; `None` for this one's own words, and for those of a program that knows more kinds.
    fn heard(payload: &str, origin: &str) -> Option<Change> {
        let mut words = payload.split(' ');
        if words.next()? == origin {
            return None;
        }
        let (kind, id) = (words.next()?, Uuid::try_parse(words.next()?).ok()?);
        match kind {
            "work" => Some(Change::Work(BroadcastId(id))),
            "rows" => Some(Change::Rows(BroadcastId(id))),
            "receipts" => Some(Change::Receipts),
            "access" => Some(Change::Access),
            "missed" => Some(Change::Missed),
            _ => None,
        }
    }
}

/// The telling side of one process.
#[derive(Debug)]
pub(crate) struct Signals {
    /// One per schema, so that two installations in one database do not stir each other.
    channel: String,
    /// Marks this process's own words.
    origin: String,
    told: Mutex<HashMap<Change, Instant>>,
    held: Mutex<HashSet<Change>>,
    is_held: Notify,
}

const TELL: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";

impl Signals {
    pub(crate) async fn of(pool: &PgPool) -> Result<Signals, StoreError> {
        let mut tx = pool.begin().await?;
        let (channel, origin): (String, String) = sqlx::query_as(
            "SELECT 'munadi_' || COALESCE((SELECT oid FROM pg_namespace WHERE nspname = current_schema()), 0),
                    substr(CAST(gen_random_uuid() AS TEXT), 1, 8)",
        )
        .persistent(false)
        .fetch_one(&mut *tx)
        .await?;
        Ok(Signals {
            channel,
            origin,
            told: Mutex::default(),
            held: Mutex::default(),
            is_held: Notify::new(),
        })
    }

    /// Tells within the open transaction what may be told now; what is to be held back when it is committed.
    pub(crate) async fn tell(
        &self,
        tx: &mut PgConnection,
        changes: Vec<Change>,
        prepares: bool,
    ) -> Result<Vec<Change>, sqlx::Error> {
        if changes.is_empty() {
            return Ok(changes);
        }
        let (now, later) = self.divide(changes, Instant::now());
        if !now.is_empty() {
            self.notify(&now).persistent(prepares).execute(tx).await?;
        }
        Ok(later)
    }

    /// Keeps back what was told too shortly before.
    pub(crate) fn hold(&self, changes: Vec<Change>) {
        if !changes.is_empty() {
            lock(&self.held).extend(changes);
            self.is_held.notify_one();
        }
    }

    fn divide(&self, changes: Vec<Change>, at: Instant) -> (Vec<Change>, Vec<Change>) {
        let mut told = lock(&self.told);
        if told.len() > REMEMBERED {
            told.retain(|_, last| at.saturating_duration_since(*last) < GAP);
        }
        changes.into_iter().partition(|change| match told.get(change) {
            Some(last) if at.saturating_duration_since(*last) < GAP => false,
            _ => {
                told.insert(*change, at);
                true
            }
        })
    }

    fn notify(
        &self,
        changes: &[Change],
    ) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        let payloads: Vec<String> = changes.iter().map(|change| change.payload(&self.origin)).collect();
        sqlx::query(TELL).bind(self.channel.clone()).bind(payloads)
    }

    /// Tells in a transaction of its own.
    async fn tell_alone(&self, pool: &PgPool, changes: &[Change]) -> Result<(), sqlx::Error> {
        let mut tx = pool.begin().await?;
        self.notify(changes).persistent(false).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Tells what was held back, for ever.
    async fn tell_held(&self, pool: &PgPool) {
        loop {
            self.is_held.notified().await;
            tokio::time::sleep(GAP).await;
            let held: Vec<Change> = lock(&self.held).drain().collect();
            {
                let (mut told, now) = (lock(&self.told), Instant::now());
                told.extend(held.iter().map(|change| (*change, now)));
            }
            if let Err(error) = self.tell_alone(pool, &held).await {
                debug!("other processes will see {} changes at their next look: {error}", held.len());
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of these sets is whole, whatever panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What other processes change, as they change it. Ends with the handle.
#[derive(Debug)]
pub struct Changes {
    heard: mpsc::Receiver<Change>,
    tasks: JoinSet<()>,
}

impl Changes {
    /// Says [`Change::Missed`] after each commit of another process.
    pub(crate) fn of_file(writer: Writer) -> Changes {
        let (to, heard) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            tokio::select! {
                () = watch(writer, &to) => {}
                () = to.closed() => {}
            }
        });
        Changes { heard, tasks }
    }

    /// Without a connection of its own (`listening`) it never says anything, and still tells the others.
    pub(crate) fn of(pool: PgPool, listening: Option<PgPool>, signals: Arc<Signals>) -> Changes {
        let (to, heard) = mpsc::channel(ROOM);
        let mut tasks = JoinSet::new();
        match listening {
            Some(listening) => {
                let (signals, pool) = (Arc::clone(&signals), pool.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = pool.close_event() => {}
                        () = listen(listening, signals, to) => {}
                    }
                });
            }
            None => {
                tasks.spawn(async move { to.closed().await });
            }
        }
        tasks.spawn(async move { signals.tell_held(&pool).await });
        Changes { heard, tasks }
    }

    /// The next change. Waits for ever where there is no other process.
    pub async fn next(&mut self) -> Change {
        match self.heard.recv().await {
            Some(change) => change,
            None => {
                self.tasks.abort_all();
                std::future::pending().await
            }
        }
    }
}

impl Store {
    /// Whether a word of one process reaches the others; `None` on SQLite, which serves one. `false` behind a pooler that hands out
    /// connections per transaction, unless there is an address that goes round it.
    pub async fn notifies(&self) -> Result<Option<bool>, StoreError> {
        let Db::Postgres { server, signals, .. } = &self.db else { return Ok(None) };
        let Some(listening) = server.listening_pool() else { return Ok(Some(false)) };
        let mut listener = PgListener::connect_with(&listening).await?;
        listener.listen(&signals.channel).await?;
        // No kind that anybody knows.
        let word = format!("{} test", signals.origin);
        let mut tx = server.pool.begin().await?;
        sqlx::query(TELL)
            .persistent(false)
            .bind(&signals.channel)
            .bind(vec![word.clone()])
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let heard = async {
            while let Ok(told) = listener.recv().await {
                if told.payload() == word {
                    return true;
                }
            }
            false
        };
        Ok(Some(tokio::time::timeout(TEST_WAIT, heard).await.unwrap_or(false)))
    }
}

/// Looks at the file's version, as the one connection sees it that writes in this process: only what others commit changes it.
async fn watch(writer: Writer, to: &mpsc::Sender<Change>) {
    let mut known = None;
    loop {
        match writer.version().await {
            // A reader that begins to listen has to look once; one hint that waits is enough.
            Ok(version) if known != Some(version) => {
                known = Some(version);
                let _ = to.try_send(Change::Missed);
            }
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => debug!("the version of the database file could not be read: {error}"),
        }
        tokio::time::sleep(FILE_LOOK).await;
    }
}

/// Listens until nobody wants to hear any more or the store is closed, through every loss of the connection.
async fn listen(pool: PgPool, signals: Arc<Signals>, to: mpsc::Sender<Change>) {
    let mut warned = false;
    loop {
        match hear(&pool, &signals, &to, &mut warned).await {
            Ok(()) | Err(sqlx::Error::PoolClosed) => return,
            Err(error) if !warned => {
                warn!("changes of other processes are seen by looking every second for now: {error}");
                warned = true;
            }
            Err(error) => debug!("still no notifications: {error}"),
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// One life of a listener; `Ok` when nobody wants to hear any more.
async fn hear(
    pool: &PgPool,
    signals: &Signals,
    to: &mpsc::Sender<Change>,
    warned: &mut bool,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(&signals.channel).await?;
    *warned = false;
    // What was told before is not heard any more.
    let mut change = Some(Change::Missed);
    loop {
        if let Some(change) = change
            && to.send(change).await.is_err()
        {
            return Ok(());
        }
        change = match listener.try_recv().await? {
            Some(told) => Change::heard(told.payload(), &signals.origin),
            None => Some(Change::Missed),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals() -> Signals {
        Signals {
            channel: String::new(),
            origin: "me".to_owned(),
            told: Mutex::default(),
            held: Mutex::default(),
            is_held: Notify::new(),
        }
    }

    #[test]
    fn a_change_is_told_and_heard_by_others_alone() {
        let id = BroadcastId(Uuid::from_u128(7));
        for change in [Change::Work(id), Change::Rows(id), Change::Receipts, Change::Missed] {
            assert_eq!(Change::heard(&change.payload("me"), "you"), Some(change));
            assert_eq!(Change::heard(&change.payload("me"), "me"), None);
        }
        for strange in ["", "you", "you rows", "you rows 7", "you later 00000000000000000000000000000000"] {
            assert_eq!(Change::heard(strange, "me"), None, "{strange}");
        }
    }

    #[test]
    fn the_same_change_is_told_four_times_a_second_at_most_and_the_last_one_is_kept() {
        let (signals, start) = (signals(), Instant::now());
        let (one, other) =
            (Change::Rows(BroadcastId(Uuid::from_u128(1))), Change::Rows(BroadcastId(Uuid::from_u128(2))));
        let (mut now, mut later) = (0, 0);
        for step in 0..1_000 {
            let (told, held) = signals.divide(vec![one], start + Duration::from_millis(step));
            now += told.len();
            later += held.len();
        }
        assert_eq!((now, later), (4, 996));
        assert_eq!(signals.divide(vec![other], start), (vec![other], vec![]), "others do not wait");
    }

    #[test]
    fn what_was_told_long_ago_is_forgotten() {
        let (signals, start) = (signals(), Instant::now());
        for n in 0..5_000 {
            let at = start + Duration::from_millis(n);
            signals.divide(vec![Change::Rows(BroadcastId(Uuid::from_u128(n.into())))], at);
        }
        assert!(lock(&signals.told).len() <= REMEMBERED + 1);
    }
}
