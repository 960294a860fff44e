//! The program without a browser: a whole broadcast from the command line, and the proof against being killed.

use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use domain::{
    pace::Pace,
    time::{Clock, HOUR, WallClock},
};
use munadi::{
    app::App,
    config::Config,
    rehearsal::{Stage, templates},
};
use sandbox::Sandbox;
use serde_json::Value;

/// Starts the real program and waits for its end.
fn munadi(arguments: &[&str], database: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_munadi"));
    command.args(arguments).env_remove("MUNADI_DATABASE_URL");
    if let Some(url) = database {
        command.args(["--database", url]);
    }
    command.output().expect("the program starts")
}

fn last_json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|line| line.starts_with('{'));
    let complaint = || format!("no JSON in {text:?}; {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(line.unwrap_or_else(|| panic!("{}", complaint()))).expect("JSON")
}

#[track_caller]
fn assert_proof(output: &Output) {
    let verdict = last_json(output);
    assert!(output.status.success(), "{verdict}");
    assert_eq!(verdict["twice"], 0, "{verdict}");
    assert_eq!(verdict["lost"], 0, "{verdict}");
    assert_eq!(verdict["differences"], 0, "{verdict}");
    assert_eq!(verdict["kills"], 4, "the program must have been killed in the middle of sends: {verdict}");
}

#[test]
fn a_killed_program_sends_nothing_twice_and_loses_nothing_on_sqlite() {
    assert_proof(&munadi(&["crash-proof", "--kills", "4", "--json"], None));
}

#[tokio::test]
async fn a_killed_program_sends_nothing_twice_and_loses_nothing_on_postgres() {
    if let Some(db) = store::testing::postgres().await {
        assert_proof(&munadi(&["crash-proof", "--kills", "4", "--json"], Some(&db.url)));
        db.remove().await;
    }
}

/// An installation with a workshop and a template, and the flags that find it and its stand-in.
async fn installation(folder: &Path, sandbox: &Sandbox) -> Vec<String> {
    let mut config = Config::in_folder(folder).unwrap();
    config.providers = munadi::commands::demo::stand_in(sandbox);
    let urls = config.providers.clone();
    let app = App::open(config, Arc::new(WallClock)).await.unwrap();
    let pace = Pace { per_second: 80, per_day: 0 };
    let stage =
        Stage::set_up(&app, "Example Academy", "Meera Test", "meera@example.com", pace).await.unwrap();
    let now = WallClock.now();
    stage.workshop("Rust for Beginners", now.plus(5 * HOUR), "https://meet.example/rust", now).await.unwrap();
    let (name, template) = &templates()[1];
    let body = serde_json::to_value(template).unwrap();
    stage.org.add_template(domain::channel::Channel::WhatsappPersonal, name, &body, now).await.unwrap();
    app.store.close().await;
    [
        "--data",
        &folder.display().to_string(),
        "--aisensy-url",
        &urls.aisensy,
        "--aisensy-project-url",
        &urls.aisensy_project,
    ]
    .map(str::to_owned)
    .to_vec()
}

fn send(flags: &[String], more: &[&str]) -> Output {
    let mut arguments: Vec<&str> =
        vec!["send", "--workshop", "Rust", "--template", "Workshop today", "--json"];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.extend(more);
    munadi(&arguments, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_a_broadcast_that_adds_up_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let file = folder.path().join("people.csv");
    std::fs::write(
        &file,
        "Name,Phone\nAsha Test,9000000001\nRavi Test,+91 90000 00002\nWrong,12345\nNobody,\n",
    )
    .unwrap();
    let file = file.display().to_string();

    let asked = send(&flags, &["--file", &file]);
    assert!(!asked.status.success(), "without --yes nothing is sent");
    assert_eq!(sandbox.world().len(), 0);

    let sent = send(&flags, &["--yes"]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    let result = last_json(&sent);
    // The wrong number needs a person and is no registrant; nobody without a number is told anything.
    assert_eq!(result["planned"], 3, "{result}");
    assert_eq!(
        (&result["counts"]["sent"], &result["counts"]["skipped"]),
        (&Value::from(2), &Value::from(1)),
        "{result}"
    );
    assert_eq!(sandbox.world().len(), 2);

    sandbox.aisensy().change(|config| config.projects[0].credit = 0);
    let paused = send(&flags, &["--yes"]);
    assert_eq!(paused.status.code(), Some(3), "an empty wallet pauses: {}", last_json(&paused));
    assert_eq!(last_json(&paused)["counts"]["waiting"], 2);
    sandbox.stop().await;
}
