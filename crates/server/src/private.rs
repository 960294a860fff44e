//! What the program writes is for its own user: numbers and names of people are in the database, its log, uploads and backups.

use std::{
    fs::{Metadata, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{fs::Mode, process};

use crate::config::Config;

/// Folders of uploads, below the data folder.
pub const UPLOADS: [&str; 3] = ["imports", "opted-out", "attendance"];

/// From now on others get no right to what this process creates, whatever the unit file or the shell said.
pub fn keep_others_out() {
    process::umask(Mode::RWXG | Mode::RWXO);
}

/// Takes from others what an earlier version, a copy or a restore let them read: the database with its log, wherever it lies, and uploads.
///
/// # Errors
/// When this user may not change a file that others can read.
pub fn take_back(config: &Config) -> anyhow::Result<()> {
    let folders = UPLOADS.iter().map(|name| config.data.join(name));
    for path in database_files(config).into_iter().chain(folders) {
        let Ok(about) = std::fs::metadata(&path) else { continue };
        let mode = about.permissions().mode();
        if mode & 0o077 == 0 {
            continue;
        }
        std::fs::set_permissions(&path, Permissions::from_mode(mode & 0o700)).with_context(|| {
            let path = path.display();
            format!("others may read {path}, and this user may not change that; run: chmod go= {path}")
        })?;
        tracing::info!("other users of this machine could read {}; now they cannot", path.display());
    }
    Ok(())
}

/// The file of a SQLite database, its log and its index.
fn database_files(config: &Config) -> Vec<PathBuf> {
    let ends = ["", "-wal", "-shm"];
    let file = config.sqlite_file().map(PathBuf::into_os_string);
    let with = |file: std::ffi::OsString| {
        ends.map(|end| {
            let mut path = file.clone();
            path.push(end);
            PathBuf::from(path)
        })
    };
    file.map(with).into_iter().flatten().collect()
}

/// Gives what root left behind to whom the data folder belongs: a command run as root must not leave a folder that the service cannot write.
/// Nothing is done for other users.
pub fn hand_over(config: &Config) {
    if !process::geteuid().is_root() || !config.data.exists() {
        return;
    }
    let given = give_all(config);
    if let Err(error) = given {
        tracing::warn!("not everything in {} belongs to its owner: {error}", config.data.display());
    }
}

fn give_all(config: &Config) -> io::Result<()> {
    let owner = std::fs::metadata(&config.data)?;
    let beside = database_files(config).into_iter().chain([config.key_file.clone()]);
    for path in beside {
        // A database elsewhere belongs to whom its folder belongs.
        let folder = path.parent().and_then(|folder| std::fs::metadata(folder).ok());
        give(&path, folder.as_ref().unwrap_or(&owner))?;
    }
    give_folder(&config.data, &owner)
}

fn give_folder(folder: &Path, owner: &Metadata) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        give(&entry.path(), owner)?;
        if entry.file_type()?.is_dir() {
            give_folder(&entry.path(), owner)?;
        }
    }
    Ok(())
}

/// Gives one file or folder that belongs to root to somebody else. A file with a second name may be anybody's, and a link leads anywhere:
/// both stay.
fn give(path: &Path, to: &Metadata) -> io::Result<()> {
    let Ok(about) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let ours = about.is_dir() || (about.is_file() && about.nlink() == 1);
    if to.uid() == 0 || about.uid() != 0 || !ours {
        return Ok(());
    }
    lchown(path, Some(to.uid()), Some(to.gid()))
}
