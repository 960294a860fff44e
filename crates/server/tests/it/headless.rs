//! The program without a browser: a whole broadcast from the command line, and the proof that being killed does no
//! harm.

use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use domain::{
    pace::Pace,
    time::{Clock, DAY, HOUR, WallClock},
};
use munadi::{
    app::App,
    config::Config,
    rehearsal::{Stage, link_account, sms_templates, templates},
};
use sandbox::Sandbox;
use serde_json::Value;

/// Starts the real program and waits for its end.
pub(crate) fn munadi(arguments: &[&str], database: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_munadi"));
    command.args(arguments).env_remove("MUNADI_DATABASE_URL").env_remove("MUNADI_DATABASE_DIRECT_URL");
    if let Some(url) = database {
        command.args(["--database", url]);
    }
    command.output().expect("the program starts")
}

pub(crate) fn last_json(output: &Output) -> Value {
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
    assert_ledger(&verdict);
    assert_eq!(verdict["kills"], 4, "the program must have been killed in the middle of sends: {verdict}");
}

/// Checks that the people whom the ledger calls told are those whose phones got it, and those of whom nobody knows.
#[track_caller]
fn assert_ledger(verdict: &Value) {
    let n = |what: &str| verdict[what].as_i64().unwrap_or_else(|| panic!("{what}: {verdict}"));
    assert_eq!(n("told"), n("once") + n("unknown") - n("unknown_but_arrived"), "{verdict}");
    assert!(n("told") > 0, "{verdict}");
    assert_eq!(n("told_and_not_known"), 0, "{verdict}");
}

#[test]
fn after_kills_nothing_is_sent_twice_or_lost_and_the_told_ledger_equals_what_phones_got_on_sqlite() {
    assert_proof(&munadi(&["crash-proof", "--kills", "4", "--json"], None));
}

#[test]
fn a_program_killed_between_requests_of_many_sms_sends_nothing_twice() {
    assert_proof(&munadi(&["crash-proof", "--channel", "sms-batch", "--kills", "4", "--json"], None));
}

#[tokio::test]
async fn after_kills_nothing_is_sent_twice_or_lost_and_the_told_ledger_equals_what_phones_got_on_postgres() {
    if let Some(db) = store::testing::postgres().await {
        assert_proof(&munadi(&["crash-proof", "--kills", "4", "--json"], Some(&db.url)));
        db.remove().await;
    }
}

/// Checks that the step of every workshop ran once, and that everybody got it exactly once.
#[track_caller]
fn assert_steps(output: &Output, steps: u64) {
    let verdict = last_json(output);
    assert!(output.status.success(), "{verdict}");
    assert_eq!((&verdict["steps"], &verdict["ran_once"]), (&steps.into(), &steps.into()), "{verdict}");
    for none in ["ran_twice", "not_run", "twice", "lost", "differences"] {
        assert_eq!(verdict[none], 0, "{verdict}");
    }
    assert!(verdict["kills"].as_u64() >= Some(6), "{verdict}");
}

#[test]
fn a_scheduler_that_is_killed_runs_each_step_of_many_workshops_once_on_sqlite() {
    let words = ["crash-proof", "--workshops", "30", "--kills", "6", "--json"];
    assert_steps(&munadi(&words, None), 30);
}

#[tokio::test]
async fn schedulers_and_workers_that_are_killed_run_each_step_once_on_postgres() {
    if let Some(db) = store::testing::postgres().await {
        let words = ["crash-proof", "--workshops", "40", "--processes", "3", "--kills", "8", "--json"];
        assert_steps(&munadi(&words, Some(&db.url)), 40);
        db.remove().await;
    }
}

/// The number of workshops whose step is due while the database is stopped and started again; `MUNADI_STEPS` asks for
/// more.
fn workshops() -> u64 {
    std::env::var("MUNADI_STEPS").ok().and_then(|asked| asked.parse().ok()).unwrap_or(40)
}

#[tokio::test]
async fn steps_run_once_while_the_database_is_stopped_and_started_again_and_schedulers_are_killed() {
    if let Some(server) = store::testing::OwnServer::start().await {
        let (workshops, restart) = (workshops(), server.restart());
        let all = workshops.to_string();
        let words = ["crash-proof", "--workshops", &all, "--processes", "5", "--kills", "8", "--json"];
        let words = [&words[..], &["--restarts", "2", "--restart-with", &restart]].concat();
        let output = munadi(&words, Some(&server.url));
        assert_steps(&output, workshops);
        assert_eq!(last_json(&output)["restarts"], 2, "{}", last_json(&output));
    }
}

/// Checks that a ladder whose processes are killed costs what it may, to less than a message, and that nobody gets a
/// rung twice.
#[track_caller]
fn assert_ladder(output: &Output) {
    let verdict = last_json(output);
    assert!(output.status.success(), "{verdict}");
    for none in ["not_once", "twice", "lost", "unexplained", "differences"] {
        assert_eq!(verdict[none], 0, "{verdict}");
    }
    let n = |what: &str| verdict[what].as_i64().unwrap_or_else(|| panic!("{what}: {verdict}"));
    assert!(n("cost") <= n("cap") && n("cap") < n("cost") + 1_450, "{verdict}");
    assert!(n("over_cap") > 0 && n("kills") >= 6 && n("rungs") == 2, "{verdict}");
}

const LADDER: &[&str] = &["crash-proof", "--rungs", "2", "--kills", "6", "--json"];

#[test]
fn a_ladder_killed_amid_its_rungs_costs_what_it_may_to_the_last_message_on_sqlite() {
    assert_ladder(&munadi(LADDER, None));
}

#[tokio::test]
async fn a_ladder_killed_amid_its_rungs_costs_what_it_may_to_the_last_message_on_postgres() {
    if let Some(db) = store::testing::postgres().await {
        assert_ladder(&munadi(&[LADDER, &["--processes", "2"]].concat(), Some(&db.url)));
        db.remove().await;
    }
}

/// Kills the program five times while it posts by this vendor's gateway.
fn posts_are_proof(kind: &str, database: Option<&str>) {
    let words = ["crash-proof", "--channel", "group", "--gateway", kind, "--kills", "5", "--json"];
    let output = munadi(&words, database);
    let verdict = last_json(&output);
    assert!(output.status.success(), "{kind}: {verdict}");
    assert_eq!((&verdict["twice"], &verdict["lost"]), (&0.into(), &0.into()), "{kind}: {verdict}");
    assert_eq!((&verdict["differences"], &verdict["kills"]), (&0.into(), &5.into()), "{kind}: {verdict}");
    assert!(verdict["unknown"].as_u64() <= Some(5), "{kind}: one post is under way at a time: {verdict}");
}

/// Kills the program five times while it calls by this provider.
fn calls_are_proof(kind: &str, database: Option<&str>) {
    let words = ["crash-proof", "--channel", "ivr", "--gateway", kind, "--kills", "5", "--json"];
    let output = munadi(&words, database);
    let verdict = last_json(&output);
    assert!(output.status.success(), "{kind}: {verdict}");
    assert_eq!((&verdict["twice"], &verdict["lost"]), (&0.into(), &0.into()), "{kind}: {verdict}");
    assert_eq!((&verdict["differences"], &verdict["kills"]), (&0.into(), &5.into()), "{kind}: {verdict}");
}

#[test]
fn a_killed_program_rings_nobody_twice_and_loses_nobody_whichever_provider_calls() {
    let callers: Vec<&str> =
        providers::registry::serving(domain::channel::Channel::IvrCall).map(|vendor| vendor.kind()).collect();
    assert_eq!(callers.len(), 4, "needs the providers");
    for kind in callers {
        calls_are_proof(kind, None);
    }
}

fn gateways() -> impl Iterator<Item = &'static str> {
    let all = providers::registry::serving(domain::channel::Channel::WhatsappGroup);
    all.map(|vendor| vendor.kind())
}

#[test]
fn a_killed_program_posts_in_no_group_twice_and_loses_none_whichever_gateway_holds_the_account() {
    assert!(gateways().count() > 2, "needs the gateways");
    for kind in gateways() {
        posts_are_proof(kind, None);
    }
}

#[tokio::test]
async fn a_killed_program_posts_in_no_group_twice_and_loses_none_on_postgres() {
    for kind in gateways() {
        if let Some(db) = store::testing::postgres().await {
            posts_are_proof(kind, Some(&db.url));
            db.remove().await;
        }
    }
}

#[tokio::test]
async fn two_processes_behind_a_pooler_that_are_killed_send_ten_thousand_messages_once() {
    if let Some(pooled) = store::testing::Pooled::start().await {
        let words = ["crash-proof", "--processes", "2", "--people", "10000", "--kills", "8", "--json"];
        let output = munadi(&words, Some(&pooled.url));
        let verdict = last_json(&output);
        assert!(output.status.success(), "{verdict}");
        assert_eq!(verdict["twice"], 0, "{verdict}");
        assert_eq!(verdict["lost"], 0, "{verdict}");
        assert_eq!(verdict["differences"], 0, "{verdict}");
        assert_ledger(&verdict);
        assert_eq!(verdict["planned"], 10_000, "{verdict}");
        assert!(verdict["kills"].as_u64() >= Some(8), "killed in the middle of sends: {verdict}");
        pooled.remove().await;
    }
}

/// An installation with a workshop and a template, and the flags that find it and its stand-in.
pub(crate) async fn installation(folder: &Path, sandbox: &Sandbox) -> Vec<String> {
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
    for (name, template) in sms_templates().unwrap() {
        let body = serde_json::to_value(template).unwrap();
        stage.org.add_template(domain::channel::Channel::Sms, name, &body, now).await.unwrap();
    }
    app.store.close().await;
    let mut flags = vec!["--data".to_owned(), folder.display().to_string()];
    for (key, url) in urls.all() {
        flags.extend([format!("--{}", key.replace('_', "-")), url.to_owned()]);
    }
    flags
}

fn send(flags: &[String], more: &[&str]) -> Output {
    send_template("Workshop today", flags, &[&["--json"], more].concat())
}

fn send_template(template: &str, flags: &[String], more: &[&str]) -> Output {
    let mut arguments: Vec<&str> = vec!["send", "--workshop", "Rust", "--template", template];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.extend(more);
    munadi(&arguments, None)
}

/// Registers the people of a file.
fn register_file(flags: &[String], file: &str) {
    let mut arguments = vec!["import", file, "--workshop", "Rust for Beginners"];
    arguments.extend(flags.iter().map(String::as_str));
    let done = munadi(&arguments, None);
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_file_becomes_a_broadcast_that_adds_up_from_the_command_line() {
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

    let nobody = send(&flags, &["--yes"]);
    let words = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert_eq!(nobody.status.code(), Some(1), "{words}");
    assert!(
        words.contains("nothing was sent: Nobody would get it. Nobody is among the people chosen"),
        "{words}"
    );

    let asked = send(&flags, &["--file", &file]);
    assert!(!asked.status.success(), "without --yes nothing is sent");
    assert_eq!(sandbox.world().len(), 0);
    let nobody = send(&flags, &["--yes"]);
    assert_eq!(
        nobody.status.code(),
        Some(1),
        "and nobody is registered: {}",
        String::from_utf8_lossy(&nobody.stderr)
    );

    let sent = send(&flags, &["--file", &file, "--yes"]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    let result = last_json(&sent);
    // The row with the wrong number needs a person and becomes no registrant. A person without a number is told
    // nothing.
    assert_eq!(result["planned"], 3, "{result}");
    assert_eq!(
        (&result["counts"]["sent"], &result["counts"]["skipped"]),
        (&Value::from(2), &Value::from(1)),
        "{result}"
    );
    assert_eq!(sandbox.world().len(), 2);

    // A file selects its own people. Other registered people have to be named.
    let other = folder.path().join("other.csv");
    std::fs::write(&other, "Name,Phone\nMeena Test,9000000003\n").unwrap();
    let more = send(&flags, &["--file", &other.display().to_string(), "--yes", "--again"]);
    let words = String::from_utf8_lossy(&more.stderr).into_owned();
    assert_eq!(more.status.code(), Some(1), "{words}");
    assert!(words.contains("besides the 1 of the file, 3 people are registered"), "{words}");
    let meena = send(&flags, &["--yes", "--people", "not-told"]);
    assert_eq!(meena.status.code(), Some(0), "{}", String::from_utf8_lossy(&meena.stderr));
    assert_eq!(sandbox.world().len(), 3);

    // Sending the same to the same people has to be asked for explicitly.
    let twice = send(&flags, &["--yes"]);
    let words = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert_eq!(twice.status.code(), Some(1), "{words}");
    assert!(
        words.contains("command line confirmed “Workshop today”") && words.contains("--again"),
        "{words}"
    );
    assert_eq!(sandbox.world().len(), 3);

    // The wallet is emptied between the review and the first call.
    sandbox.faults().change(|faults| faults.no_credit_after = Some(0));
    let paused = send(&flags, &["--yes", "--again"]);
    assert_eq!(paused.status.code(), Some(3), "an empty wallet pauses: {}", last_json(&paused));
    assert_eq!(last_json(&paused)["counts"]["waiting"], 3);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_finds_what_the_page_finds_and_refuses_on_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "Name,Phone\nAsha Test,9000000001\nNobody,\n").unwrap();
    let file = file.display().to_string();

    register_file(&flags, &file);
    let asked = send_template("Workshop today", &flags, &[]);
    let words = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(words.contains("Warning: 1 has no phone number. They are left out and listed."), "{words}");
    assert!(words.contains("  Left out: Nobody: No phone number."), "{words}");
    let asked = last_json(&send(&flags, &[]));
    let found = |id: &str| {
        let checks = asked["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == id && check["severity"] != "passed").cloned()
    };
    assert_eq!(
        (&asked["would_get_it"], &asked["may_send"]),
        (&Value::from(1), &Value::from(true)),
        "{asked}"
    );
    assert_eq!(found("excluded").unwrap()["people"], 1);
    assert_eq!(asked["left_out"][0]["name"], "Nobody", "{asked}");
    assert_eq!(asked["left_out"].as_array().unwrap().len(), 1, "{asked}");
    assert!(found("wallet").is_none(), "{asked}");

    // The command line does not send what the page would not send.
    sandbox.aisensy().change(|config| config.projects[0].credit = 0);
    let refused = send(&flags, &["--yes"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.contains("nothing was sent: The wallet is too low."), "{words}");
    let wallet = last_json(&refused)["checks"][0].clone();
    assert_eq!(
        (&wallet["check"], &wallet["severity"]),
        (&Value::from("wallet"), &Value::from("error")),
        "{wallet}"
    );
    assert_eq!(sandbox.world().len(), 0);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_decides_that_it_goes_by_sms_and_what_its_segments_cost() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let file = folder.path().join("people.csv");
    // The second name makes its text Unicode, and more than 70 characters are two segments
    // (providers/src/fast2sms/NOTES.md §8).
    std::fs::write(&file, "Name,Phone\nAsha Test,9000000001\nराजलक्ष्मीदेवी Test,9000000002\nNobody,\n")
        .unwrap();
    let file = file.display().to_string();
    let by_name = "Workshop today, by name";

    let unread = send_template(by_name, &flags, &["--file", &file, "--channel", "personal"]);
    let words = String::from_utf8_lossy(&unread.stderr).into_owned();
    assert!(words.contains("there is no template"), "{words}");

    register_file(&flags, &file);
    let asked = send_template(by_name, &flags, &[]);
    assert!(!asked.status.success(), "without --yes nothing is sent");
    let words = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(words.contains("2 of 3 people would get"), "{words}");
    assert!(words.contains("by Example Academy SMS, 3 segments, about ₹0.75 (estimate)"), "{words}");
    assert_eq!(sandbox.world().len(), 0);

    let sent = send_template(by_name, &flags, &["--yes", "--json"]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    let result = last_json(&sent);
    assert_eq!(
        (&result["counts"]["sent"], &result["counts"]["skipped"]),
        (&Value::from(2), &Value::from(1)),
        "{result}"
    );
    let books = sandbox.fast2sms().ledger();
    assert_eq!((books.messages, books.segments), (2, 3));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_sms_will_cost_is_exact_also_where_somebody_opted_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let file = folder.path().join("people.csv");
    // The second text is Unicode and two segments long; it is the one that is not sent.
    std::fs::write(
        &file,
        "Name,Phone\nAsha Test,9000000001\nराजलक्ष्मीदेवी Test,9000000002\nRavi Test,9000000003\n",
    )
    .unwrap();
    let mut config = Config::in_folder(folder.path()).unwrap();
    config.providers = munadi::commands::demo::stand_in(&sandbox);
    let app = App::open(config, Arc::new(WallClock)).await.unwrap();
    let organisation = app.store.access().organizations().await.unwrap().swap_remove(0);
    let org = app.store.org(store::Actor::command_line(organisation.id));
    let phone = domain::phone::Phone::parse("9000000002", domain::phone::Country::INDIA).unwrap();
    let entry = store::suppressions::NewSuppression {
        phone_key: app.phone_key.of(phone.as_str()),
        phone,
        channel: None,
        category: None,
        reason: "asked".into(),
    };
    org.suppress(entry, WallClock.now()).await.unwrap();
    app.store.close().await;

    register_file(&flags, &file.display().to_string());
    let asked = send_template("Workshop today, by name", &flags, &[]);
    let words = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(words.contains("2 of 3 people would get"), "{words}");
    assert!(words.contains("2 segments, about ₹0.50 (estimate)"), "{words}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demonstration_and_an_installation_keep_out_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    installation(folder.path(), &sandbox).await;
    let data = folder.path().display().to_string();
    let words = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let demo = munadi(&["demo", "--data", &data, "--listen", "127.0.0.1:0"], None);
    assert!(
        !demo.status.success() && words(&demo).contains("belongs to Example Academy"),
        "{}",
        words(&demo)
    );

    // The people are invented and the accounts are not ours. With the real providers' addresses nothing is sent.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let app = App::open(Config::in_folder(folder.path()).unwrap(), Arc::new(WallClock)).await.unwrap();
    let pace = Pace { per_second: 10, per_day: 0 };
    Stage::set_up(&app, "Udaan Academy", "Meera Iyer", "meera@udaan.example", pace).await.unwrap();
    app.store.close().await;
    let data = folder.path().display().to_string();
    let nowhere = folder.path().join("mistyped");
    for command in [
        ["user", "list"].as_slice(),
        &["import", "--workshop", "x", "people.csv"],
        &["send", "--workshop", "x", "--template", "y"],
    ] {
        let refused = munadi(&[command, &["--data", &nowhere.display().to_string()]].concat(), None);
        let said = words(&refused);
        assert!(!refused.status.success() && said.contains("there is no installation in"), "{said}");
        assert!(!nowhere.exists(), "{command:?} made a folder");
    }
    for command in [
        ["serve", "--listen", "127.0.0.1:0"].as_slice(),
        &["work"],
        &["send", "--workshop", "x", "--template", "y"],
    ] {
        let refused = munadi(&[command, &["--data", &data]].concat(), None);
        assert!(
            !refused.status.success() && words(&refused).contains("demonstration"),
            "{command:?}: {}",
            words(&refused)
        );
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_both_channels_have_asks_for_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let mut config = Config::in_folder(folder.path()).unwrap();
    config.providers = munadi::commands::demo::stand_in(&sandbox);
    let app = App::open(config, Arc::new(WallClock)).await.unwrap();
    let organisation = app.store.access().organizations().await.unwrap().swap_remove(0);
    let org = app.store.org(store::Actor::command_line(organisation.id));
    let body = serde_json::to_value(&sms_templates().unwrap()[1].1).unwrap();
    org.add_template(domain::channel::Channel::Sms, "Workshop today", &body, WallClock.now()).await.unwrap();
    app.store.close().await;

    let asked = send(&flags, &[]);
    let words = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(words.contains("say --channel personal or --channel sms"), "{words}");
    let sms = send_template("Workshop today", &flags, &["--channel", "sms"]);
    let words = String::from_utf8_lossy(&sms.stdout).into_owned();
    assert!(words.contains("0 segments, about ₹0"), "{words}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_groups_of_a_workshop_are_posted_to_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = linked_installation(folder.path(), &sandbox).await;
    let post = |more: &[&str]| {
        let mut arguments: Vec<&str> = vec!["send", "--workshop", "Rust", "--json"];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.extend(more);
        munadi(&arguments, None)
    };
    let posted = || -> Vec<String> {
        let posts = sandbox::registry::face(gateway_kind()).unwrap().network(&sandbox).unwrap().all_posts();
        posts.iter().map(|post| post.text.clone()).collect()
    };
    let asked = post(&["--groups", "--text", "Hello from {workshop_title}"]);
    assert!(!asked.status.success(), "without --yes nothing is posted");
    let told = last_json(&asked);
    assert_eq!((&told["groups"], &told["may_send"]), (&2.into(), &true.into()), "{told}");
    assert!(posted().is_empty());
    let soon = told["done_at_ms"].as_i64().unwrap();
    let apart = last_json(&post(&["--groups", "--text", "Hello", "--gap", "300"]));
    assert_eq!(apart["gap_s"], 300, "{apart}");
    let later = apart["done_at_ms"].as_i64().unwrap() - soon;
    assert!((300_000..360_000).contains(&later), "one pause between two groups: {later} ms");
    let odd = post(&["--groups", "--text", "Hello", "--gap", "7", "--yes"]);
    assert!(String::from_utf8_lossy(&odd.stderr).contains("choose one of 10, 15, 30"), "{odd:?}");
    let wrong = post(&["--groups", "--text", "Hello {first_name}", "--yes"]);
    let words = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(words.contains("“{first_name}” is no value of a workshop"), "{words}");
    let none = post(&["--groups", "evening batch of nobody", "--text", "Hello", "--yes"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("there is no group"), "{none:?}");
    let sent = post(&["--groups", "Excel batch 7, m", "--text", "Hello from {workshop_title}", "--yes"]);
    let result = last_json(&sent);
    assert_eq!(sent.status.code(), Some(0), "{result} {}", String::from_utf8_lossy(&sent.stderr));
    assert_eq!((&result["planned"], &result["counts"]["sent"]), (&1.into(), &1.into()), "{result}");
    assert_eq!(posted(), ["Hello from Rust for Beginners"]);
    let by_template = post(&["--gap", "10", "--groups", "000002", "--template", "Tonight", "--yes"]);
    assert_eq!(by_template.status.code(), Some(0), "{}", String::from_utf8_lossy(&by_template.stderr));
    assert_eq!(posted().last().map(String::as_str), Some("Join https://meet.example/rust"));
    sandbox.stop().await;
}

fn gateway_kind() -> &'static str {
    gateways().next().unwrap()
}

/// An installation whose workshop has two groups of a linked account, and a template for them.
async fn linked_installation(folder: &Path, sandbox: &Sandbox) -> Vec<String> {
    let mut config = Config::in_folder(folder).unwrap();
    config.providers = munadi::commands::demo::stand_in(sandbox);
    let urls = config.providers.clone();
    let app = App::open(config, Arc::new(WallClock)).await.unwrap();
    let pace = Pace { per_second: 80, per_day: 0 };
    let stage =
        Stage::set_up(&app, "Example Academy", "Meera Test", "meera@example.com", pace).await.unwrap();
    let now = WallClock.now();
    let starts = now.plus(5 * HOUR);
    let workshop =
        stage.workshop("Rust for Beginners", starts, "https://meet.example/rust", now).await.unwrap();
    let vendor = providers::registry::vendor(gateway_kind()).unwrap();
    let quick = serde_json::json!({ "gap_from_s": 0, "gap_until_s": 0 });
    link_account(&app, &stage, vendor, &quick, now.plus(-60 * DAY)).await.unwrap();
    let groups: Vec<_> = stage.org.groups().await.unwrap();
    let excel: Vec<_> =
        groups.iter().filter(|group| group.subject.starts_with("Excel")).map(|group| group.id).collect();
    stage.org.set_workshop_groups(workshop, &excel, now).await.unwrap();
    let body = serde_json::json!({ "text": "Join {join_link}" });
    stage.org.add_template(domain::channel::Channel::WhatsappGroup, "Tonight", &body, now).await.unwrap();
    app.store.close().await;
    let mut flags = vec!["--data".to_owned(), folder.display().to_string()];
    for (key, url) in urls.all() {
        flags.extend([format!("--{}", key.replace('_', "-")), url.to_owned()]);
    }
    flags
}
