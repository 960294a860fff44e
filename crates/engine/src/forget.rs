//! Retention: erases the people of workshops that were kept long enough, in small transactions beside the sending, once
//! an hour per organisation with `keep_days`.

use std::path::{Path, PathBuf};

use domain::{
    ids::{ImportId, RehearsalId, WorkshopId},
    time::{DAY, Millis, SECOND},
};
use store::{
    StoreError,
    erasure::{RetentionDue, RetentionResult},
};
use tracing::{info, warn};

use crate::Engine;

/// Bodies of posts are kept for so long: questions and refunds come in the first weeks.
const BODIES_KEPT_MS: i64 = 90 * DAY;
/// How long an upload may wait for somebody to finish with it, below the data folder: files of people, lists of numbers.
const UPLOADS_KEPT: [(&str, i64); 3] = [("imports", 7 * DAY), ("opted-out", DAY), ("attendance", DAY)];

/// The folder of rehearsals below the data folder. Each has a database there, named after its id.
pub const REHEARSALS: &str = "rehearsals";

/// Numbers whose marks one transaction looks at: some 60 ms of SQLite's only writer.
const MARKED_NUMBERS: i64 = 2_000;

impl Engine {
    /// Gives landlines that an earlier version registered their mark, step by step, once; afterwards there is nothing to do.
    pub async fn mark_landlines(&self) -> Result<(), StoreError> {
        loop {
            let start = std::time::Instant::now();
            if !self.work.mark_landlines(MARKED_NUMBERS).await? {
                return Ok(());
            }
            tokio::time::sleep(self.store.rest_after(start.elapsed())).await;
        }
    }

    /// Looks at every organisation whose turn it is; how many there were. Of several processes each organisation is looked at by one.
    pub async fn forget(&self) -> Result<u64, StoreError> {
        let mut looked_at = 0;
        while let Some(due) = self.work.retention_due(self.clock.now()).await? {
            let did = self.forget_past(&due).await?;
            self.work.retention_done(&due, &did, self.clock.now()).await?;
            if did.is_any() {
                info!(
                    organization.id = %due.organization,
                    "erased the people of {} workshops that were kept long enough: {} registrations, {} messages",
                    did.workshops, did.people, did.messages
                );
            }
            looked_at += 1;
        }
        if looked_at > 0 {
            self.forget_files().await?;
        }
        self.forget_rehearsals().await?;
        Ok(looked_at)
    }

    /// Takes away what nobody asked to be kept: bodies of old posts, ids that no receipt names any more, and uploads that nobody finished.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.work.forget_bodies(now.plus(-BODIES_KEPT_MS)).await?;
        self.work.drop_sent_ids(now).await?;
        self.work.drop_people(now).await?;
        self.work.forget_test_calls(now.plus(-DAY)).await?;
        self.work.drop_alerts(now.plus(-BODIES_KEPT_MS)).await?;
        self.store.empty_log().await?;
        if let Some(folder) = self.files.clone() {
            let removed =
                tokio::task::spawn_blocking(move || forget_uploads(&folder, now)).await.unwrap_or(0);
            if removed > 0 {
                info!("removed {removed} uploaded files that nobody imported");
            }
        }
        Ok(())
    }

    /// Removes the copies that rehearsals left on this machine once they are a day old, another one took their place, or somebody in them was
    /// erased.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn forget_rehearsals(&self) -> Result<(), StoreError> {
        let Some(folder) = self.files.clone().map(|folder| folder.join(REHEARSALS)) else { return Ok(()) };
        if !folder.exists() {
            return Ok(());
        }
        let kept = self.work.rehearsals_kept(self.clock.now()).await?;
        let removed = tokio::task::spawn_blocking(move || {
            let is_kept = |file: &Path| {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let id = name.split('.').next().and_then(|id| id.parse::<RehearsalId>().ok());
                id.is_none_or(|id| kept.contains(&id))
            };
            let gone = entries(&folder).into_iter().filter(|file| !is_kept(file));
            gone.filter(|file| std::fs::remove_file(file).is_ok()).count()
        })
        .await
        .unwrap_or(0);
        if removed > 0 {
            info!("removed {removed} files of rehearsals");
        }
        Ok(())
    }

    async fn forget_past(&self, due: &RetentionDue) -> Result<RetentionResult, StoreError> {
        let mut all = RetentionResult::default();
        let mut last: Option<WorkshopId> = None;
        while let Some(workshop) = self.work.workshop_to_forget(due).await? {
            // Somebody registered meanwhile: the next look takes them.
            if last.replace(workshop) == Some(workshop) {
                break;
            }
            let did = self.work.forget_workshop(due, workshop, self.clock.now()).await?;
            all.workshops += did.workshops;
            all.people += did.people;
            all.messages += did.messages;
        }
        all.receipts = self.work.forget_receipts(due).await?;
        Ok(all)
    }

    /// Uploads of erased workshops, as far as they lie on this machine.
    async fn forget_files(&self) -> Result<(), StoreError> {
        let Some(folder) = &self.files else { return Ok(()) };
        for path in self.work.files_to_forget().await? {
            match tokio::fs::remove_file(folder.join(&path)).await {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => warn!("an uploaded file that is to be erased could not be removed: {error}"),
            }
        }
        Ok(())
    }
}

/// Removes uploads that were not finished in time; how many. What cannot be removed now is tried again by the next look.
fn forget_uploads(data: &Path, now: Millis) -> usize {
    let mut removed = 0;
    for (kind, kept_ms) in UPLOADS_KEPT {
        let organizations = entries(&data.join(kind));
        for file in organizations.iter().flat_map(|organization| entries(organization)) {
            if uploaded_at(&file).is_some_and(|at| now.since(at) > kept_ms) {
                removed += usize::from(std::fs::remove_file(&file).is_ok());
            }
        }
    }
    removed
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The moment of an upload: its file is named after its id, and an id tells the time.
fn uploaded_at(file: &Path) -> Option<Millis> {
    let id: ImportId = file.file_stem()?.to_str()?.parse().ok()?;
    let (seconds, nanoseconds) = id.0.get_timestamp()?.to_unix();
    Some(Millis(i64::try_from(seconds).ok()? * SECOND + i64::from(nanoseconds) / 1_000_000))
}
