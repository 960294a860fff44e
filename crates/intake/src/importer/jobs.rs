//! What runs, for the pages that wait for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::ids::ImportId;

/// The progress of a job, for the page that waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of rows that are done.
    pub rows: u64,
    /// The bytes of the file that were read.
    pub bytes: u64,
    /// The size of the file in bytes; 0 for a job that reads no file.
    pub bytes_total: u64,
}

impl Progress {
    /// So far on the way to another, when `done` of `all` steps are behind.
    pub(super) fn on_the_way_to(&self, end: &Progress, done: u64, all: u64) -> Progress {
        let between = |from: u64, to: u64| from + (to - from) * done / all.max(1);
        Progress {
            rows: between(self.rows, end.rows),
            bytes: between(self.bytes, end.bytes),
            bytes_total: end.bytes_total,
        }
    }
}

/// What runs now, and what went wrong last, per import. In memory: after a restart, the import's own state says what to
/// do.
#[derive(Clone, Debug, Default)]
pub struct Jobs(Arc<Mutex<HashMap<ImportId, Job>>>);

/// A job that a page waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// The job is under way.
    Running(Progress),
    /// The job failed, in words for people.
    Failed(String),
}

impl Jobs {
    /// What is known about an import.
    pub fn get(&self, id: ImportId) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Begins; false when something runs for this import already.
    pub fn begin(&self, id: ImportId) -> bool {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = !matches!(jobs.get(&id), Some(Job::Running(_)));
        if free {
            jobs.insert(id, Job::Running(Progress::default()));
        }
        free
    }

    /// Ends, well or badly.
    pub fn end(&self, id: ImportId, failed: Option<String>) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(words) => jobs.insert(id, Job::Failed(words)),
            None => jobs.remove(&id),
        };
    }

    /// Reports.
    pub fn progress(&self, id: ImportId, progress: Progress) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Job::Running(progress));
    }
}
