//! axe-core, which tells the browser tests what a page hides from people who do not see it or use no mouse.
//!
//! It is fetched once into the target folder, because it is somebody else's script: it is not ours to commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::machine::{in_path, pip};
use crate::run::{Interrupts, Keyboard, shown};
use crate::scratch::Scratch;

/// Both packages below carry this version of axe.
const VERSION: &str = "4.12.1";

/// A small Python package that ships `axe.min.js`; pip is far lighter to install than npm.
const WHEEL: &str = "axe-playwright-python==0.1.8 \
    --hash=sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8\n";

/// The path of `axe.min.js`, fetched with pip, or with npm where pip cannot.
pub(crate) fn script(target: &Path, scratch: &Scratch, interrupts: &Interrupts) -> anyhow::Result<PathBuf> {
    let kept = target.join("xtask").join(format!("axe-{VERSION}.min.js"));
    if kept.is_file() {
        return Ok(kept);
    }
    let folder = scratch.folder("axe")?;
    let fetched = with_pip(&folder, interrupts).or_else(|pip_failed| {
        if in_path("npm").is_none() {
            return Err(pip_failed);
        }
        eprintln!("xtask: {pip_failed:#}; trying npm");
        with_npm(&folder, interrupts)
    });
    let fetched = fetched.context("cannot fetch axe-core, which the browser tests need")?;
    let text = fs::read_to_string(&fetched).with_context(|| format!("no script at {}", fetched.display()))?;
    if !text.starts_with(&format!("/*! axe v{VERSION}")) {
        bail!("{} is not axe {VERSION}", fetched.display());
    }
    fs::create_dir_all(target.join("xtask"))?;
    // Renamed into place, so that an interrupted run leaves no half of it.
    let part = target.join("xtask").join(format!("axe-{}.part", std::process::id()));
    fs::write(&part, text)?;
    fs::rename(&part, &kept)?;
    Ok(kept)
}

fn with_pip(folder: &Path, interrupts: &Interrupts) -> anyhow::Result<PathBuf> {
    pip(interrupts)?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, WHEEL)?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    download.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(&requirements);
    run(download.arg("--dest").arg(folder), interrupts)?;
    let wheel = only_file(folder, "whl")?;
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder), interrupts)?;
    Ok(folder.join("axe_playwright_python/axe.min.js"))
}

fn with_npm(folder: &Path, interrupts: &Interrupts) -> anyhow::Result<PathBuf> {
    let package = format!("axe-core@{VERSION}");
    run(Command::new("npm").args(["pack", "--silent", &package]).current_dir(folder), interrupts)?;
    let archive = only_file(folder, "tgz")?;
    run(Command::new("tar").arg("-xzf").arg(archive).current_dir(folder), interrupts)?;
    Ok(folder.join("package/axe.min.js"))
}

fn run(command: &mut Command, interrupts: &Interrupts) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let text = shown(command);
    if interrupts.wait_for(command, Keyboard::Chore)?.success() { Ok(()) } else { bail!("`{text}` failed") }
}

fn only_file(folder: &Path, extension: &str) -> anyhow::Result<PathBuf> {
    let mut files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    files
        .find(|path| path.extension().is_some_and(|ending| ending == extension))
        .with_context(|| format!("no .{extension} file was fetched"))
}
