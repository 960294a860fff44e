//! `cargo xtask soak`: the great sizes, in a release build. Each part prints its figures and fails when a promise does not hold; what it takes
//! is meant for a quiet machine.

use std::process::{Command, ExitCode};

use clap::ValueEnum;

use crate::run::{Interrupts, Keyboard, shown};
use crate::scratch::Scratch;
use crate::steps::{Steps, target};
use crate::{machine, postgres::Postgres};

/// A part of the soak, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// 200 kills of the program in the middle of sending, on SQLite, and of three processes on PostgreSQL, and 100 while it posts by each gateway,
    /// calls by each provider, and sends the rungs of a ladder; the database started again amid steps: nobody is told twice or forgotten
    Kills,
    /// Every fault of the stand-ins at once, 100 seeds, and 10,000 stories around workshops with plans, on both databases
    Seeds,
    /// 100,000 random files
    Files,
    /// The disk fills for a second, for a minute and for good
    Disk,
    /// An import of a million people
    Import,
    /// What one machine reaches: sends, plans, receipts, pages, memory; and the steps of a million rows of plans
    Rates,
    /// 10,000 half-open connections and 2,000 forged posts a second beside sending
    Flood,
    /// A million people and five million messages; searches, and sending beside searches, exports, a backup and an undo
    Growth,
}

/// What a part runs.
enum Runs {
    /// The program with these words; on PostgreSQL as well where `.1`.
    Munadi(&'static [&'static str], bool),
    /// `cargo test --release` with these words, and one variable.
    Tests(&'static [&'static str], Option<(&'static str, &'static str)>),
}

/// 100 kills in the middle of posting, by each gateway.
const FIRST_GATEWAY: &[&str] = &["crash-proof", "--channel", "group", "--gateway", "1", "--kills", "100"];
const SECOND_GATEWAY: &[&str] = &["crash-proof", "--channel", "group", "--gateway", "2", "--kills", "100"];
const THIRD_GATEWAY: &[&str] = &["crash-proof", "--channel", "group", "--gateway", "3", "--kills", "100"];

/// 100 kills in the middle of calling, by each provider.
const FIRST_CALLER: &[&str] = &["crash-proof", "--channel", "ivr", "--gateway", "1", "--kills", "100"];
const SECOND_CALLER: &[&str] = &["crash-proof", "--channel", "ivr", "--gateway", "2", "--kills", "100"];
const THIRD_CALLER: &[&str] = &["crash-proof", "--channel", "ivr", "--gateway", "3", "--kills", "100"];
const FOURTH_CALLER: &[&str] = &["crash-proof", "--channel", "ivr", "--gateway", "4", "--kills", "100"];

/// The database stopped and started again amid the steps of 200 workshops.
const RESTARTS: &[&str] = &["-p", "munadi", "--test", "it", "the_database_is_stopped_and_started_again"];
/// 100 kills amid the rungs of a reach ladder.
const LADDER: &[&str] = &["crash-proof", "--rungs", "3", "--people", "2000", "--kills", "100"];

impl Part {
    const ALL: [Part; 8] = [
        Part::Kills,
        Part::Seeds,
        Part::Files,
        Part::Disk,
        Part::Import,
        Part::Rates,
        Part::Flood,
        Part::Growth,
    ];

    fn runs(self) -> Vec<Runs> {
        match self {
            Part::Kills => vec![
                Runs::Munadi(&["crash-proof", "--kills", "200"], false),
                Runs::Munadi(&["crash-proof", "--kills", "60", "--processes", "3"], true),
                Runs::Munadi(FIRST_GATEWAY, false),
                Runs::Munadi(FIRST_GATEWAY, true),
                Runs::Munadi(SECOND_GATEWAY, false),
                Runs::Munadi(SECOND_GATEWAY, true),
                Runs::Munadi(THIRD_GATEWAY, false),
                Runs::Munadi(THIRD_GATEWAY, true),
                Runs::Munadi(FIRST_CALLER, false),
                Runs::Munadi(FIRST_CALLER, true),
                Runs::Munadi(SECOND_CALLER, false),
                Runs::Munadi(SECOND_CALLER, true),
                Runs::Munadi(THIRD_CALLER, false),
                Runs::Munadi(THIRD_CALLER, true),
                Runs::Munadi(FOURTH_CALLER, false),
                Runs::Munadi(FOURTH_CALLER, true),
                Runs::Munadi(&["crash-proof", "--workshops", "200", "--kills", "60"], false),
                Runs::Munadi(
                    &["crash-proof", "--workshops", "200", "--kills", "120", "--processes", "5"],
                    true,
                ),
                Runs::Tests(RESTARTS, Some(("MUNADI_STEPS", "200"))),
                Runs::Munadi(LADDER, false),
                Runs::Munadi(LADDER, true),
            ],
            Part::Seeds => {
                let chaos = &["-p", "munadi-engine", "--test", "it", "in_chaos"];
                let calls = &["-p", "munadi", "--test", "it", "in_chaos"];
                let plans = &["-p", "munadi-engine", "--test", "it", "sequence_simulation"];
                vec![
                    Runs::Tests(chaos, Some(("MUNADI_CHAOS_SEEDS", "100"))),
                    Runs::Tests(calls, Some(("MUNADI_CHAOS_SEEDS", "25"))),
                    Runs::Tests(plans, Some(("MUNADI_SEEDS", "10000"))),
                ]
            }
            Part::Files => {
                let words = &["-p", "munadi-intake", "--test", "random_files"];
                vec![Runs::Tests(words, Some(("MUNADI_RANDOM_FILES", "100000")))]
            }
            Part::Disk => {
                vec![Runs::Tests(&["-p", "munadi", "--test", "it", "full_disk", "--", "--ignored"], None)]
            }
            Part::Import => vec![Runs::Munadi(&["bench", "--with", "import"], false)],
            Part::Rates => vec![
                Runs::Munadi(&["bench"], false),
                Runs::Munadi(&["bench"], true),
                Runs::Munadi(&["bench", "--with", "plans"], false),
                Runs::Munadi(&["bench", "--with", "plans"], true),
                Runs::Munadi(&["bench", "--with", "calls"], false),
                Runs::Munadi(&["bench", "--with", "calls"], true),
                Runs::Munadi(&["bench", "--with", "groups"], false),
                Runs::Munadi(&["bench", "--with", "groups"], true),
            ],
            Part::Flood => vec![Runs::Munadi(&["bench", "--with", "flood"], false)],
            Part::Growth => vec![
                Runs::Munadi(&["bench", "--with", "growth"], false),
                Runs::Munadi(&["bench", "--with", "growth", "--pairs", "1"], true),
            ],
        }
    }
}

/// Runs all parts, or one; goes on after one that fails, and says which did.
pub(crate) fn run(only: Option<Part>, interrupts: &Interrupts) -> anyhow::Result<ExitCode> {
    let steps = Steps::new(interrupts)?;
    let scratch = Scratch::new()?;
    if !steps.cargo("build", &["build", "--release", "-p", "munadi"], None, |_| {})? {
        return Ok(ExitCode::FAILURE);
    }
    let programs = machine::postgres(interrupts)?;
    let postgres = Postgres::start(&programs, &scratch, interrupts)?;
    let mut failed = vec![];
    for part in Part::ALL.into_iter().filter(|part| only.is_none_or(|only| only == *part)) {
        for (at, runs) in part.runs().into_iter().enumerate() {
            let temporary = scratch.folder(&format!("{part:?}{at}"))?;
            let ended = match runs {
                Runs::Munadi(words, is_shared) => {
                    let mut command = Command::new(target()?.join("release").join("munadi"));
                    command.args(words).env("TMPDIR", &temporary);
                    if is_shared {
                        let name = format!("soak_{part:?}_{at}").to_lowercase();
                        command.env("MUNADI_DATABASE_URL", postgres.fresh(&programs, &name)?);
                    }
                    let heading = format!("{part:?}: {}", shown(&command));
                    steps.timed(&heading, || interrupts.wait_for(&mut command, Keyboard::Chore))?.success()
                }
                Runs::Tests(words, variable) => {
                    let mut all = vec!["test", "--release"];
                    all.extend(words);
                    steps.cargo(&format!("{part:?}"), &all, None, |command| {
                        command
                            .env("TEST_POSTGRES_URL", postgres.url())
                            .env("TMPDIR", &temporary)
                            .envs(variable);
                    })?
                }
            };
            if !ended {
                failed.push(format!("{part:?}"));
            }
        }
    }
    postgres.stop()?;
    Ok(match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            eprintln!("\nxtask: did not hold: {}", failed.join(", "));
            ExitCode::FAILURE
        }
    })
}
