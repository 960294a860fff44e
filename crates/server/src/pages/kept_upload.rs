//! Uploads that somebody looks at before anything of them is taken over.
//!
//! Until then an upload is two files below the data folder: what was sent, and beside it what was chosen for it. Nothing of it is in the
//! database, and one that nobody takes goes away after a day (`Engine::forget_uploads`).

use std::path::{Path, PathBuf};

use axum::extract::{Multipart, multipart::MultipartRejection};
use domain::ids::ImportId;
use serde::{Serialize, de::DeserializeOwned};

use super::imports::upload::{Received, disk, receive, remove};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    uploads,
};

/// An uploaded file that was kept, and the fields of its form.
pub(super) struct Came {
    /// The id under which the file is kept.
    pub(super) id: ImportId,
    /// The path of the kept file.
    pub(super) file: PathBuf,
    /// The form's fields, and the file's name on the sender's computer.
    pub(super) received: Received,
}

fn folder(app: &App, member: &Member, kind: &str) -> PathBuf {
    uploads::folder(app, kind, member.organization.id)
}

/// Takes a file of that kind in, as long as there is room. Of one that breaks off nothing stays.
pub(super) async fn take_in(
    app: &App,
    member: &Member,
    kind: &str,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Came, Problem> {
    let multipart = multipart
        .map_err(|_| Problem::bad_request("The upload has no file in it. Choose the file again."))?;
    let folder = folder(app, member, kind);
    tokio::fs::create_dir_all(&folder).await.map_err(disk)?;
    uploads::check_room(&folder).await?;
    let id = ImportId::new(member.now);
    let file = folder.join(id.to_string());
    match receive(multipart, &file).await {
        Ok(received) => Ok(Came { id, file, received }),
        Err(problem) => {
            remove(&file).await;
            Err(problem)
        }
    }
}

/// Writes down what was chosen for a file, beside it.
pub(super) async fn keep(file: &Path, chosen: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_vec(chosen).map_err(|error| Problem::fault(error.to_string()))?;
    tokio::fs::write(file.with_extension("json"), text).await.map_err(disk)
}

/// A file of this organisation, and what was chosen for it.
pub(super) async fn open<T: DeserializeOwned>(
    app: &App,
    member: &Member,
    kind: &str,
    id: ImportId,
) -> Result<(PathBuf, T), Problem> {
    let file = folder(app, member, kind).join(id.to_string());
    let text = match tokio::fs::read(file.with_extension("json")).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Problem::not_found()),
        Err(error) => return Err(Problem::unavailable(format!("cannot read what was uploaded: {error}"))),
    };
    let chosen = serde_json::from_slice(&text).map_err(|error| Problem::fault(error.to_string()))?;
    Ok((file, chosen))
}

/// Removes a file, and what was chosen for it.
pub(super) async fn discard(file: &Path) {
    remove(file).await;
    remove(&file.with_extension("json")).await;
}

/// Reads a file on a thread of its own.
pub(super) async fn read_apart<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| Problem::fault(format!("reading an upload broke off: {error}")))
}
