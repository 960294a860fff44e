//! How much room the disks of an installation have left.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{fs::statvfs, io};

use crate::config::Config;

/// Less free space than this, in bytes, and something will soon fail.
const FULL_BELOW: u64 = 100 << 20;
/// Less free space than this, in bytes, is worth a look.
const NEARLY_FULL_BELOW: u64 = 1 << 30;

/// How much room is left on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskSpace {
    /// There is enough room.
    Enough,
    /// Somebody should free some room.
    NearlyFull,
    /// Writing will fail soon, or fails already.
    Full,
}

impl DiskSpace {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            DiskSpace::Enough => "ok",
            DiskSpace::NearlyFull => "nearly full",
            DiskSpace::Full => "full",
        }
    }

    fn of(free: u64, database: u64) -> DiskSpace {
        if free < FULL_BELOW {
            DiskSpace::Full
        } else if free < NEARLY_FULL_BELOW || free < database {
            DiskSpace::NearlyFull
        } else {
            DiskSpace::Enough
        }
    }
}

/// The disk that one of our folders is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The folder on that disk.
    pub folder: PathBuf,
    /// What the folder holds, in words.
    pub holds: &'static str,
    /// The bytes that are free for this user.
    pub free: u64,
    /// The bytes of the SQLite database and its log in the folder; 0 where there is none.
    pub database: u64,
}

impl Disk {
    /// How much room is left, measured by what the database may need for the next import or its own upkeep.
    pub fn room(&self) -> DiskSpace {
        DiskSpace::of(self.free, self.database)
    }

    /// Such as `812 MiB free`.
    pub fn free_words(&self) -> String {
        match self.free >> 20 {
            mib if mib >= 10 << 10 => format!("{} GiB free", mib >> 10),
            mib => format!("{mib} MiB free"),
        }
    }
}

/// The disks of the data folder and, where it is another one, of the SQLite database.
pub fn disks(config: &Config) -> io::Result<Vec<Disk>> {
    let database = config.sqlite_file();
    let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |about| about.len());
    let database_bytes = database.as_deref().map_or(0, |file| {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        bytes(file) + bytes(Path::new(&log))
    });
    let of_database = database.as_deref().and_then(Path::parent).map(|folder| match folder {
        // A bare file name.
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    });
    let device = |folder: &Path| std::fs::metadata(folder).map(|about| about.dev()).ok();
    let together = of_database.is_none_or(|folder| device(folder) == device(&config.data));
    let mut disks = vec![Disk {
        folder: config.data.clone(),
        holds: "data folder",
        free: free(&config.data)?,
        database: if together { database_bytes } else { 0 },
    }];
    if let Some(folder) = of_database.filter(|_| !together) {
        disks.push(Disk {
            folder: folder.to_owned(),
            holds: "database",
            free: free(folder)?,
            database: database_bytes,
        });
    }
    Ok(disks)
}

fn free(folder: &Path) -> io::Result<u64> {
    let space = statvfs(folder)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_before_it_is_full() {
        const MIB: u64 = 1 << 20;
        for (free, database, room) in [
            (20_000 * MIB, 500 * MIB, DiskSpace::Enough),
            (1_023 * MIB, MIB, DiskSpace::NearlyFull),
            (4_000 * MIB, 5_000 * MIB, DiskSpace::NearlyFull),
            (99 * MIB, MIB, DiskSpace::Full),
            (0, 0, DiskSpace::Full),
        ] {
            assert_eq!(DiskSpace::of(free, database), room, "{free} free, {database} taken");
        }
    }
}
