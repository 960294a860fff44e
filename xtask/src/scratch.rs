//! One folder for everything a run writes outside the target folder: it goes when the run ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// A folder that is deleted on drop, whoever owns the files in it.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> anyhow::Result<Scratch> {
        let folder = tempfile::Builder::new()
            .prefix("munadi-xtask-")
            .tempdir()
            .context("cannot create a temporary folder")?;
        // PostgreSQL may run as another user, who has to pass through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        Ok(Scratch(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A new folder in it.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.0.path().join(name);
        fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }
}
