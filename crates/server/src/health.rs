//! Whether this process does what it is for: whether the last turn of its sending loop and a test write ended well, and how much room
//! the disk has. That it answers at all proves little.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::time::{Millis, SharedClock};
use engine::{Engine, SendingHealth};
use store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    disk::{self, DiskSpace},
};

/// A test write is made at most this often.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// A database that takes no write within this is away.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// Test writes of this process.
pub struct Health {
    engine: Engine,
    clock: SharedClock,
    config: Config,
    /// Held while a test write is under way: who asks meanwhile waits for its answer.
    testing: tokio::sync::Mutex<()>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// When the question was asked, by the steady clock.
    asked: Duration,
    refused: Option<Refused>,
}

/// The database takes no writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Since when, as far as is known.
    pub since: Millis,
    /// Whether it said that it is full.
    pub full: bool,
    /// What it said; for the log and the operator.
    pub words: String,
}

/// How everything stands.
#[derive(Clone, Debug)]
pub struct HealthReport {
    /// `None` while the database takes writes.
    pub refused: Option<Refused>,
    /// How the sending loop fares.
    pub turns: SendingHealth,
    /// The disk with the least room; `None` where that cannot be told.
    pub room: Option<DiskSpace>,
}

impl HealthReport {
    /// Whether everything is as it should be now.
    pub fn is_well(&self) -> bool {
        self.refused.is_none() && !matches!(self.turns, SendingHealth::Failing { .. })
    }

    /// What stands in the way, in words for anybody; `None` when nothing does.
    pub fn words(&self) -> Option<String> {
        match (&self.refused, &self.turns) {
            (Some(Refused { full: true, .. }), _) => Some(
                "The disk is full: nothing can be recorded, so nothing is sent. Messages wait; sending goes on by itself when there is room."
                    .to_owned(),
            ),
            (Some(_), _) => Some(
                "The database takes no writes, so nothing is sent. Messages wait; sending goes on by itself when it does."
                    .to_owned(),
            ),
            (None, SendingHealth::Failing { .. }) => {
                Some("The database takes writes, and the sending loop fails all the same; it tries again.".to_owned())
            }
            (None, SendingHealth::Well(_) | SendingHealth::Off) => None,
        }
    }

    /// Since when something stands in the way.
    pub fn since(&self) -> Option<Millis> {
        let turns = match &self.turns {
            SendingHealth::Failing { since, .. } => Some(*since),
            SendingHealth::Well(_) | SendingHealth::Off => None,
        };
        [turns, self.refused.as_ref().map(|refused| refused.since)].into_iter().flatten().min()
    }
}

impl Health {
    /// Nothing was looked at yet.
    pub fn new(engine: Engine, clock: SharedClock, config: Config) -> Health {
        Health { engine, clock, config, testing: tokio::sync::Mutex::default(), seen: Mutex::default() }
    }

    /// How everything stands, with a test write that is at most five seconds old.
    pub async fn look(&self) -> HealthReport {
        {
            let _one = self.testing.lock().await;
            let now = self.clock.steady();
            let is_fresh = |seen: &Seen| now.saturating_sub(seen.asked) < WRITE_EVERY;
            let seen = self.seen();
            if !seen.as_ref().is_some_and(is_fresh) {
                let refused = self.test_write(seen.and_then(|seen| seen.refused)).await;
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Seen { asked: now, refused });
            }
        }
        self.known()
    }

    /// What the last test write found, without a new one. It is for pages, which must not wait for the database's
    /// writer.
    pub fn known(&self) -> HealthReport {
        let disks = disk::disks(&self.config).unwrap_or_default();
        HealthReport {
            refused: self.seen().and_then(|seen| seen.refused),
            turns: self.engine.standing(),
            room: disks.iter().map(disk::Disk::room).max(),
        }
    }

    fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks from time to time, so that pages and the log know without being asked.
    pub async fn keep_looking(&self, stopping: &CancellationToken) {
        let mut said = None;
        loop {
            let look = self.look().await;
            if look.room != said {
                if let Some(room @ (DiskSpace::NearlyFull | DiskSpace::Full)) = look.room {
                    tracing::warn!(
                        "the disk is {}: without room nothing can be recorded, and nothing is sent",
                        room.word()
                    );
                }
                said = look.room;
            }
            tokio::select! {
                () = tokio::time::sleep(WRITE_EVERY) => {}
                () = stopping.cancelled() => return,
            }
        }
    }

    async fn test_write(&self, before: Option<Refused>) -> Option<Refused> {
        let now = self.clock.now();
        let wrote = match tokio::time::timeout(WRITE_WAIT, self.engine.work().try_write(now)).await {
            Ok(Ok(())) => {
                if let Some(before) = before {
                    tracing::info!(
                        "the database takes writes again, after {} s",
                        now.since(before.since) / 1_000
                    );
                }
                return None;
            }
            Ok(Err(error)) => error,
            Err(_) => StoreError::no_answer(WRITE_WAIT),
        };
        if before.is_none() {
            tracing::error!("the database takes no writes: {wrote}");
        }
        let since = before.map_or(now, |before| before.since);
        Some(Refused { since, full: wrote.is_full(), words: wrote.to_string() })
    }
}
