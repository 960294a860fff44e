//! The command line.

use std::io::IsTerminal;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    commands,
    config::{Config, Flags, LogFormat},
    listener, private,
};

/// What a command ends with, for scripts.
const EXIT_CODES: &str = "Exit codes: 0 done · 1 refused, or something is wrong · 2 wrong arguments. `send` and `import` have more: see their --help.";

/// Tells everyone who registered for a workshop what they need to know, once and in time.
#[derive(Parser, Debug)]
#[command(name = "munadi", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten, next_help_heading = "Installation")]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve pages, API and callbacks
    Serve,
    /// Bring up everything with invented people and stand-ins, and print a sign-in link (in ./munadi-demo unless --data is given)
    Demo,
    /// Read a file, register its people, send them a template, account for everybody
    #[command(
        after_help = "Exit codes: 0 everybody it went to has it · 1 nothing was sent · 2 some failed, expired or are unknown · 3 it stands still"
    )]
    Send(commands::send::SendCommand),
    /// Kill the real program in the middle of sends, again and again, and count what every phone got
    CrashProof(commands::crash_proof::CrashProof),
    /// Plan, send and apply receipts only; several share one PostgreSQL database
    Work,
    /// Stand in for the vendors on this machine, to rehearse without a bill
    Sandbox(commands::sandbox::SandboxCommand),
    /// Write one file that holds database, keys and uploads, while the program runs
    Backup(commands::backup::BackupCommand),
    /// Put a backup into an empty data folder
    Restore(commands::restore::RestoreCommand),
    /// Check settings, folders, keys, database, accounts, workers and disk, and say what to do
    Doctor(commands::doctor::DoctorCommand),
    /// Seal every secret under a new key
    RotateKey,
    /// Start with new keys when the key file is lost for good; says what is lost with it
    NewKeys(commands::new_keys::NewKeysCommand),
    /// Measure speed and memory beside the raw rate of the same HTTP client
    Bench(commands::bench::Bench),
    /// Attack a server on this machine, for `bench --with flood`
    #[command(hide = true)]
    Flood(commands::flood::FloodCommand),
    /// Register the people of a file for a workshop
    #[command(
        after_help = "Exit codes: 0 every row was taken · 1 the file was refused · 3 some rows were left out"
    )]
    Import(commands::import::ImportCommand),
    /// Say who was at a workshop, from the report of its meeting
    Attendance(commands::attendance::AttendanceCommand),
    /// Show the plan of a workshop; run a sequence, let the plan follow it, cancel steps
    Plan(commands::plan::PlanCommand),
    /// Play the plan of a workshop on stand-ins for the providers and show what would go out; nothing is sent
    Rehearse(commands::rehearse::RehearseCommand),
    /// List, show, save and remove sequences: what is sent around a workshop
    Sequence(commands::sequence::SequenceCommand),
    /// Create, reset and list people who sign in
    User(commands::user::UserCommand),
    /// Answer a person who asks what is kept about them
    Person(commands::person::PersonCommand),
    /// Print the commented settings file
    Config,
}

impl Command {
    /// Whether a machine reads the answer.
    fn answers_json(&self) -> bool {
        match self {
            Command::Import(command) => command.json,
            Command::Send(command) => command.json,
            Command::Backup(command) => command.json,
            Command::Restore(command) => command.json,
            _ => false,
        }
    }
}

/// Runs what was asked for; the exit code. Where a machine reads, an error is a line of JSON on standard output as well.
pub async fn run(cli: Cli) -> anyhow::Result<u8> {
    let json = cli.command.answers_json();
    let done = prepare_and_obey(cli).await;
    if let (Err(error), true) = (&done, json)
        && error.downcast_ref::<commands::AlreadyReported>().is_none()
    {
        commands::say(serde_json::json!({ "error": format!("{error:#}"), "exit_code": 1 }))?;
    }
    done
}

async fn prepare_and_obey(cli: Cli) -> anyhow::Result<u8> {
    if let Command::Config = cli.command {
        commands::config::run()?;
        return Ok(0);
    }
    private::keep_others_out();
    let config = Config::load(&cli.flags)?;
    start_log(&config)?;
    listener::raise();
    let done = obey(cli, config.clone()).await;
    private::hand_over(&config);
    done
}

async fn obey(cli: Cli, config: Config) -> anyhow::Result<u8> {
    match cli.command {
        Command::Serve => commands::serve::run(config).await,
        Command::Demo => commands::demo::run(config, cli.flags.data.is_some()).await,
        Command::Import(command) => return commands::import::run(config, command).await,
        Command::Send(command) => return commands::send::run(config, command).await,
        Command::CrashProof(args) => {
            commands::crash_proof::run(config, cli.flags.database.is_some(), args).await
        }
        Command::Work => commands::work::run(config).await,
        Command::Sandbox(command) => commands::sandbox::run(command).await,
        Command::Backup(command) => commands::backup::run(config, command).await,
        Command::Restore(command) => commands::restore::run(config, command).await,
        Command::Doctor(command) => commands::doctor::run(config, command).await,
        Command::RotateKey => commands::rotate_key::run(config).await,
        Command::Bench(args) => commands::bench::run(config, &cli.flags, args).await,
        Command::Flood(command) => commands::flood::run(command).await,
        Command::NewKeys(command) => commands::new_keys::run(config, command).await,
        Command::Plan(command) => commands::plan::run(config, command).await,
        Command::Rehearse(command) => commands::rehearse::run(config, command).await,
        Command::Sequence(command) => commands::sequence::run(config, command).await,
        Command::Person(command) => commands::person::run(config, command).await,
        Command::Attendance(command) => commands::attendance::run(config, command).await,
        Command::User(command) => commands::user::run(config, command).await,
        Command::Config => commands::config::run(),
    }?;
    Ok(0)
}

/// Logs go to standard error: standard output belongs to what a command answers.
fn start_log(config: &Config) -> anyhow::Result<()> {
    // PostgreSQL's notices say that what was to be replaced was not there: nothing that an operator can use. What is set counts.
    let wanted = format!("sqlx::postgres::notice=warn,{}", config.log);
    let filter = EnvFilter::try_new(wanted)
        .map_err(|error| anyhow::anyhow!("cannot read the log setting “{}”: {error}", config.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
