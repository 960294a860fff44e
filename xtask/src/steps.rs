//! The steps of `cargo xtask test`, in their order.
//!
//! All of them share one target folder and one set of features, so that nothing is built twice. The build is
//! `cargo test --no-run` and not `cargo build`: tests add features to dependencies, and a plain build would
//! compile the workspace once without and once with them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;

use crate::run::{Interrupts, Keyboard, shown};
use crate::scratch::Scratch;
use crate::{axe, machine, postgres::Postgres};

/// A part of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// `cargo fmt --check`
    Fmt,
    /// `cargo clippy`, where a warning is an error
    Clippy,
    /// Build, then every test: both databases and the browser
    Test,
    /// `cargo doc`, where a warning is an error
    Docs,
}

/// The test programs' own setting.
const THREADS: &str = "RUST_TEST_THREADS";

/// Tests of one program that run at once: half of them wait, for the other side or for a clock.
fn tests_at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What the tests find in their environment.
struct Tools {
    postgres: Postgres,
    environment: Vec<(&'static str, PathBuf)>,
}

/// Runs all steps, or those of one part; stops at the first that fails.
pub(crate) fn run(
    only: Option<Only>,
    cargo_test: &[String],
    interrupts: &Interrupts,
) -> anyhow::Result<ExitCode> {
    let wants = |part| only.is_none_or(|only| only == part);
    let all_tests = ["--workspace".to_owned()];
    let tests: &[String] = if cargo_test.is_empty() { &all_tests } else { cargo_test };
    let steps = Steps::new(interrupts)?;
    // Tests put their files here too: a run that is killed in the middle of a test leaves none of them.
    let scratch = Scratch::new()?;

    // Before all else: a machine that lacks something should say so in the first minute, not in the tenth.
    let tools = if wants(Only::Test) {
        Some(steps.timed("tools", || tools(&steps.target, &scratch, interrupts))?)
    } else {
        None
    };
    let mut passed = true;
    if wants(Only::Fmt) {
        passed = steps.cargo("format", &["fmt", "--all", "--check"], Some("cargo fmt --all"), |_| {})?;
    }
    if passed && wants(Only::Clippy) {
        let words = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        passed = steps.cargo("lints", &words, None, |_| {})?;
    }
    if let Some(tools) = tools {
        let repeat = Some("cargo xtask test --only test");
        let mut words: Vec<&str> = vec!["test"];
        words.extend(tests.iter().map(String::as_str));
        if passed {
            // Behind a `--` stand words for the test programs, not for cargo.
            let mut build: Vec<&str> = words.iter().copied().take_while(|word| *word != "--").collect();
            build.push("--no-run");
            passed = steps.cargo("build", &build, repeat, |_| {})?;
        }
        if passed {
            let temporary = scratch.folder("tests")?;
            passed = steps.cargo("tests", &words, repeat, |command| {
                command.env("TEST_POSTGRES_URL", tools.postgres.url()).env("TMPDIR", &temporary);
                if env::var_os(THREADS).is_none() {
                    command.env(THREADS, tests_at_once().to_string());
                }
                command.envs(tools.environment.iter().map(|(name, value)| (name, value)));
            })?;
        }
        tools.postgres.stop()?;
    }
    if passed && wants(Only::Docs) {
        let words = ["doc", "--workspace", "--no-deps"];
        let repeat = "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps";
        passed = steps.cargo("documentation", &words, Some(repeat), |command| {
            command.env("RUSTDOCFLAGS", "-D warnings");
        })?;
    }
    if passed {
        eprintln!("\nxtask: all passed in {}", spoken(steps.started.elapsed()));
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tools(target: &Path, scratch: &Scratch, interrupts: &Interrupts) -> anyhow::Result<Tools> {
    let programs = machine::postgres(interrupts)?;
    let mut environment = vec![
        ("MUNADI_TEST_CHROMIUM", machine::chromium(interrupts)?),
        ("MUNADI_TEST_AXE", axe::script(target, scratch, interrupts)?),
    ];
    environment.extend(machine::pgbouncer(interrupts)?.map(|path| ("MUNADI_TEST_PGBOUNCER", path)));
    eprintln!("PostgreSQL: {}", programs.folder.display());
    for (name, path) in &environment {
        eprintln!("{name}={}", path.display());
    }
    Ok(Tools { postgres: Postgres::start(&programs, scratch, interrupts)?, environment })
}

/// The workspace.
fn root() -> anyhow::Result<PathBuf> {
    let xtask =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    Ok(xtask.parent().context("xtask is not in a workspace")?.to_owned())
}

/// The target folder, which the steps share with everybody who works here.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    Ok(match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => root()?.join("target"),
    })
}

pub(crate) struct Steps<'a> {
    interrupts: &'a Interrupts,
    root: PathBuf,
    target: PathBuf,
    started: Instant,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(interrupts: &'a Interrupts) -> anyhow::Result<Steps<'a>> {
        Ok(Steps { interrupts, root: root()?, target: target()?, started: Instant::now() })
    }

    /// Runs one cargo command under a heading; false if it failed. `repeat` is what to type to see it again,
    /// where that is not the command itself.
    pub(crate) fn cargo(
        &self,
        step: &str,
        words: &[&str],
        repeat: Option<&str>,
        prepare: impl FnOnce(&mut Command),
    ) -> anyhow::Result<bool> {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        prepare(&mut command);
        let text = shown(&command);
        let status = self
            .timed(&format!("{step}: {text}"), || self.interrupts.wait_for(&mut command, Keyboard::Chore))?;
        if !status.success() {
            eprintln!(
                "\nxtask: the step “{step}” failed ({status}). To repeat it:\n    {}",
                repeat.unwrap_or(&text)
            );
        }
        Ok(status.success())
    }

    pub(crate) fn timed<T>(
        &self,
        heading: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        eprintln!("\n=== {heading}");
        let started = Instant::now();
        let done = work();
        eprintln!("=== {} (since the start: {})", spoken(started.elapsed()), spoken(self.started.elapsed()));
        done
    }
}

/// `75.4 s` → `1 min 15 s`.
fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
