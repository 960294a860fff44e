//! What can be looked at without the database: configuration, data folder, key file, disk and clock.

use std::{os::unix::fs::PermissionsExt, path::Path};

use domain::time::{Millis, SECOND};
use rustix::fs::{Access, access};

use super::Report;
use crate::{
    config::Config,
    disk::{self, DiskSpace},
    seal::KeyRing,
};

/// Clocks that differ by more than this are worth a look.
pub(super) const CLOCK_WARN_MS: i64 = 2 * SECOND;

/// 2026-01-01: this program is younger than that.
const EARLIEST_NOW: Millis = Millis(1_767_225_600_000);

pub(super) fn settings(config: &Config, report: &mut Report) {
    const ABOUT: &str = "settings";
    let text = format!("listens on {}, people type {}", config.listen, config.public_url);
    if config.is_https() && !config.behind_proxy {
        report.warn(
            ABOUT,
            format!("{text}, X-Forwarded-For is not believed"),
            "if a reverse proxy of yours is in front, set behind_proxy = true, or every visitor shares one address and one limit of sign-in tries",
        );
    } else if !config.is_https() && !config.listen.ip().is_loopback() {
        report.warn(
            ABOUT,
            format!("{text}: passwords and names can be read on the way"),
            "put a reverse proxy with TLS in front and set public_url to its https address",
        );
    } else {
        report.ok(ABOUT, text);
    }
    let local = config.providers.local();
    if !local.is_empty() {
        report.warn(
            "providers",
            "a provider's address is on this machine: a stand-in, nothing reaches a phone".to_owned(),
            format!("take {} out of the settings for real messages", local.join(", ")),
        );
    }
}

pub(super) fn folder(config: &Config, report: &mut Report) -> bool {
    const ABOUT: &str = "data folder";
    let data = &config.data;
    let Ok(about) = std::fs::metadata(data) else {
        report.warn(
            ABOUT,
            format!("{} does not exist", data.display()),
            "the first start creates it; if you expected one, check --data",
        );
        return false;
    };
    let mode = about.permissions().mode() & 0o777;
    if access(data, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let todo =
            format!("give {} to the user that runs Munadi: chown -R USER {}", data.display(), data.display());
        report.fail(ABOUT, format!("{} cannot be written", data.display()), todo);
    } else if mode & 0o022 != 0 {
        let todo = format!("chmod 700 {}", data.display());
        report.fail(ABOUT, format!("others may write to {}", data.display()), todo);
    } else if mode & 0o055 != 0 {
        let todo = format!("chmod 700 {}", data.display());
        report.warn(ABOUT, format!("others may look into {}", data.display()), todo);
    } else {
        report.ok(ABOUT, data.display().to_string());
    }
    true
}

pub(super) fn key_file(config: &Config, report: &mut Report) -> Option<KeyRing> {
    const ABOUT: &str = "key file";
    let file = &config.key_file;
    if !KeyRing::exists(file) {
        let is_new = config.sqlite_file().is_some_and(|database| !database.exists());
        let found = format!("{} does not exist", file.display());
        if is_new {
            report.warn(ABOUT, found, "the first start creates it");
        } else {
            report.fail(
                ABOUT,
                found,
                "put it back from a backup, or copy it from the machine that was set up first, before you start Munadi here",
            );
        }
        return None;
    }
    match KeyRing::open(file) {
        Ok(keys) => {
            report.ok(ABOUT, format!("{}, newest key {}", file.display(), keys.newest()));
            Some(keys)
        }
        Err(error) => {
            report.fail(ABOUT, format!("{error:#}"), "restore the file, or its rights (chmod 600)");
            None
        }
    }
}

pub(super) fn disk(config: &Config, report: &mut Report) {
    const ABOUT: &str = "disk";
    let disks = match disk::disks(config) {
        Ok(disks) => disks,
        Err(error) => {
            report.warn(ABOUT, format!("its space cannot be read: {error}"), "look with: df");
            return;
        }
    };
    for disk in disks {
        let taken = match disk.database >> 20 {
            0 => String::new(),
            mib => format!(", the database takes {mib} MiB"),
        };
        let found = format!("{} for the {}{taken}", disk.free_words(), disk.holds);
        match disk.room() {
            DiskSpace::Full => report.fail(
                ABOUT,
                found,
                "free some space now: without it nothing can be recorded, and nothing is sent",
            ),
            DiskSpace::NearlyFull => {
                report.warn(
                    ABOUT,
                    format!("nearly full: {found}"),
                    "free some space; a backup takes twice the database for a moment",
                );
            }
            DiskSpace::Enough => report.ok(ABOUT, found),
        }
    }
}

pub(super) fn clock_is_sane(now: Millis, report: &mut Report) {
    if now < EARLIEST_NOW {
        report.fail("clock", "this machine believes to be before 2026", "set its clock, best by NTP");
    }
}

pub(super) fn private(file: &Path, report: &mut Report) {
    let mode = std::fs::metadata(file).map_or(0, |about| about.permissions().mode());
    let folder_is_private = file
        .parent()
        .and_then(|folder| std::fs::metadata(folder).ok())
        .is_some_and(|folder| folder.permissions().mode() & 0o077 == 0);
    if mode & 0o077 != 0 && !folder_is_private {
        let words = format!("others may read {}", file.display());
        report.warn("database", words, format!("chmod 600 {}", file.display()));
    }
}

pub(super) fn compare_clocks(config: &Config, now: Millis, theirs: Millis, report: &mut Report) {
    const ABOUT: &str = "clock";
    let apart = now.since(theirs).abs();
    let found = format!("{apart} ms apart from the database's");
    let todo = "set both by NTP: machines that share the work decide by their clocks which of them is lost";
    if apart > config.lease_ms / 2 {
        report.fail(ABOUT, found, todo);
    } else if apart > CLOCK_WARN_MS {
        report.warn(ABOUT, found, todo);
    } else {
        report.ok(ABOUT, found);
    }
}
