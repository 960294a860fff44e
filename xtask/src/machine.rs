//! What the machine must have, and how it gets there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::run::{Interrupts, Keyboard, shown};

/// The oldest PostgreSQL that Munadi is tested on.
const POSTGRES_MIN: u32 = 15;

/// A PostgreSQL installation.
#[derive(Debug)]
pub(crate) struct PostgresPrograms {
    /// Holds `initdb`, `postgres` and `pg_isready`.
    pub(crate) folder: PathBuf,
}

/// Finds PostgreSQL; on Debian installs it when it is missing.
pub(crate) fn postgres(interrupts: &Interrupts) -> anyhow::Result<PostgresPrograms> {
    found_or_installed("PostgreSQL 15 or newer", find_postgres, &["postgresql"], interrupts)
}

/// Finds Chromium or Chrome; on Debian installs Chromium when both are missing. `MUNADI_TEST_CHROMIUM` names
/// another one.
pub(crate) fn chromium(interrupts: &Interrupts) -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("MUNADI_TEST_CHROMIUM") {
        return Ok(path.into());
    }
    found_or_installed("Chromium", find_chromium, &["chromium"], interrupts)
}

/// Finds PgBouncer; on Debian installs it when it is missing. Without one the tests behind a pooler are skipped, aloud.
pub(crate) fn pgbouncer(interrupts: &Interrupts) -> anyhow::Result<Option<PathBuf>> {
    let find = || {
        in_path("pgbouncer").or_else(|| Some("/usr/sbin/pgbouncer".into()).filter(|p: &PathBuf| p.is_file()))
    };
    if find().is_none() && in_path("apt-get").is_none() {
        eprintln!("xtask: there is no pgbouncer: the tests behind a pooler are skipped");
        return Ok(None);
    }
    found_or_installed("PgBouncer", find, &["pgbouncer"], interrupts).map(Some)
}

/// Makes sure that Python can fetch packages; on Debian installs pip when it is missing.
pub(crate) fn pip(interrupts: &Interrupts) -> anyhow::Result<()> {
    let found = || quiet(Command::new("python3").args(["-m", "pip", "--version"])).then_some(());
    found_or_installed("pip for Python 3", found, &["python3-pip"], interrupts)
}

/// The program of this name in PATH.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Whether the command ran and succeeded; what it says is dropped.
fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn found_or_installed<T>(
    what: &str,
    find: impl Fn() -> Option<T>,
    packages: &[&str],
    interrupts: &Interrupts,
) -> anyhow::Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let by_hand =
        format!("{what} is missing; install it (on Debian: apt-get install {})", packages.join(" "));
    if in_path("apt-get").is_none() {
        bail!("{by_hand} and put it in PATH");
    }
    eprintln!("{what} is missing: installing {} with apt-get", packages.join(" "));
    apt_get(packages, interrupts).context(by_hand.clone())?;
    find().with_context(|| format!("{by_hand}: apt-get ran, but it is still not there"))
}

fn apt_get(packages: &[&str], interrupts: &Interrupts) -> anyhow::Result<()> {
    let root = rustix::process::geteuid().is_root();
    if !root && !quiet(Command::new("sudo").args(["-n", "true"])) {
        bail!("this user is not root, and sudo asks for a password");
    }
    let apt_get = |words: &[&str]| {
        let mut command = if root { Command::new("env") } else { Command::new("sudo") };
        if !root {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(words);
        let text = shown(&command);
        match interrupts.wait_for(&mut command, Keyboard::Chore)?.success() {
            true => Ok(()),
            false => bail!("`{text}` failed"),
        }
    };
    // A machine that never ran `update` knows no package at all, one that ran it long ago asks for files
    // that are gone.
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

fn find_postgres() -> Option<PostgresPrograms> {
    // Debian keeps one folder per version, none of them in PATH.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    debian
        .chain(env::split_paths(&path))
        .filter_map(|folder| Some((postgres_version(&folder)?, folder)))
        .filter(|(version, folder)| *version >= POSTGRES_MIN && folder.join("pg_isready").is_file())
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| PostgresPrograms { folder })
}

/// The major version of the server in this folder, if it holds one.
fn postgres_version(folder: &Path) -> Option<u32> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` → 15; `… 18beta1` → 18.
fn major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn find_chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    names
        .into_iter()
        .find_map(in_path)
        .or_else(|| mac.map(PathBuf::from).into_iter().find(|app| app.is_file()))
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn a_servers_major_version_is_read_from_what_it_prints() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(major("no such thing"), None);
    }
}
