//! Uploaded files that nobody has finished with: how many an organisation may have, and which of them hold a person who is erased.

use std::path::{Path, PathBuf};

use domain::{ids::OrganizationId, phone::Phone};
use intake::read::Sheet;
use store::erasure::holds;

use crate::{app::App, http::error::Problem, private::UPLOADS};

/// Most files of one folder that nobody has finished with, and their bytes together: four of the largest.
const FILES_MAX: usize = 50;
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Where an organisation's uploads of a kind lie.
pub fn folder(app: &App, kind: &str, organization: OrganizationId) -> PathBuf {
    app.config.data.join(kind).join(organization.to_string())
}

/// Refuses another upload while too much waits: a disk that is full of files that nobody imports stops the sending.
pub async fn check_room(folder: &Path) -> Result<(), Problem> {
    let (mut files, mut bytes) = (0, 0);
    for (_, size) in listed(folder).await {
        files += 1;
        bytes += size;
    }
    if files < FILES_MAX && bytes < BYTES_MAX {
        return Ok(());
    }
    Err(Problem::new(
        axum::http::StatusCode::CONFLICT,
        "uploads_full",
        "Too many files wait to be imported",
        format!(
            "{files} uploaded files with {} MB are not imported yet. Import some of them, or upload again when the oldest are removed by \
             themselves after seven days.",
            bytes / 1_000_000
        ),
    ))
}

/// Files of a folder and their sizes. A folder that is not there has none.
async fn listed(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let Ok(mut files) = tokio::fs::read_dir(folder).await else { return found };
    while let Ok(Some(file)) = files.next_entry().await {
        let is_upload = file.path().extension().is_none();
        if let (true, Ok(about)) = (is_upload, file.metadata().await) {
            found.push((file.path(), about.len()));
        }
    }
    found
}

/// The organisation's uploads that hold one of these numbers, and those that cannot be read to see whether they do.
pub async fn holding(app: &App, organization: OrganizationId, numbers: &[Phone]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for kind in UPLOADS {
        for (file, _) in listed(&folder(app, kind, organization)).await {
            let (looked_at, numbers) = (file.clone(), numbers.to_vec());
            let concerns = tokio::task::spawn_blocking(move || concerns(&looked_at, &numbers)).await;
            if concerns.unwrap_or(true) {
                found.push(file);
            }
        }
    }
    found
}

/// Removes the uploads of [`holding`]; how many.
pub async fn forget(app: &App, organization: OrganizationId, numbers: &[Phone]) -> usize {
    let mut removed = 0;
    for file in holding(app, organization, numbers).await {
        let gone = tokio::fs::remove_file(&file).await;
        // What was chosen for a list lies beside it.
        let _ = tokio::fs::remove_file(file.with_extension("json")).await;
        match gone {
            Ok(()) => removed += 1,
            Err(error) => tracing::warn!("an upload that holds an erased number stays: {error}"),
        }
    }
    removed
}

fn concerns(file: &Path, numbers: &[Phone]) -> bool {
    let any = |text: &str| numbers.iter().any(|number| holds(text, number));
    let found = Sheet::open_cells(file, "").and_then(|mut sheet| sheet.any_cell(any));
    found.unwrap_or(true)
}
