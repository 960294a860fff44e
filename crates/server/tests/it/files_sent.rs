//! What people get whose names and numbers stand in a file in odd forms: sent by the command line to the stand-ins,
//! and asked about by the page before.

use std::{path::Path, sync::Arc};

use domain::{
    phone::{Country, Phone},
    time::{Clock, WallClock},
};
use munadi::{app::App, config::Config};
use sandbox::Sandbox;
use serde_json::Value;
use store::{Actor, on_both, suppressions::NewSuppression};

use crate::{
    headless::{installation, last_json, munadi},
    home::{CONFIRM, Scene},
};

/// Runs a command of this installation; exit code and answer.
fn run(flags: &[String], words: &[&str]) -> (Option<i32>, Value) {
    let mut arguments = words.to_vec();
    arguments.push("--json");
    arguments.extend(flags.iter().map(String::as_str));
    let output = munadi(&arguments, None);
    (output.status.code(), last_json(&output))
}

fn import(folder: &Path, flags: &[String], text: &str) -> (Option<i32>, Value) {
    let file = folder.join("people.csv");
    std::fs::write(&file, text).unwrap();
    run(flags, &["import", &file.display().to_string(), "--workshop", "Rust"])
}

fn send(flags: &[String], template: &str, more: &[&str]) -> (Option<i32>, Value) {
    run(flags, &[&["send", "--workshop", "Rust", "--template", template, "--yes"], more].concat())
}

/// The value in one place of the only message to a phone; empty where the phone got none.
fn value(sandbox: &Sandbox, phone: &str, place: usize) -> String {
    let messages = sandbox.world().of_phone(phone);
    assert!(messages.len() < 2, "{phone}: {messages:?}");
    let text = messages.first().map(|message| message.text.to_string()).unwrap_or_default();
    text.split(" | ").nth(place).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_leave_as_they_are_read_and_break_no_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let people = "Name,Phone\n{{2}} Rao,9032000001\n{#var#},9032000002\n$FirstName,9032000003\n\
        \"Asha               Rao\",9029000001\n\"Ravi\tKumar\",9029000002\n\"Meena\nS\",9029000003\n\
        Lata\u{a0}M,9029000004\n\"Imran\u{3000}\u{3000}K\",9029000005\nFa\u{200b}rhan\u{202e} A,9029000006\nTara\u{2028}D,9029000007\n4711,9029000008\n";
    let (code, answer) = import(folder.path(), &flags, people);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(11)), "{answer}");
    let (code, answer) = send(&flags, "Workshop today", &[]);
    assert_eq!((code, &answer["counts"]["sent"]), (Some(0), &Value::from(11)), "{answer}");
    for (phone, name) in [
        ("919032000001", "Rao"),
        ("919032000002", "there"),
        ("919032000003", "$FirstName"),
        ("919029000001", "Asha"),
        ("919029000002", "Ravi"),
        ("919029000003", "Meena"),
        ("919029000004", "Lata"),
        ("919029000005", "Imran"),
        ("919029000006", "Farhan"),
        ("919029000007", "Tara"),
        ("919029000008", "there"),
    ] {
        assert_eq!(value(&sandbox, phone, 0), name, "{phone}");
        assert_eq!(value(&sandbox, phone, 1), "Rust for Beginners", "the next value is its own: {phone}");
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_runs_twice_tells_nobody_twice_by_whatsapp_and_by_sms() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let list = "Name,Phone\nAsha Rao,9043000001\nRavi Kumar,9043000002\n";
    assert_eq!(import(folder.path(), &flags, list).0, Some(0));
    for (template, so_far) in [("Workshop today", 2), ("Workshop today, one text", 4)] {
        // Another template is another message. People who got it by WhatsApp are named, and have to be asked for
        // again.
        let first = send(&flags, template, if so_far > 2 { &["--again"] } else { &[] });
        assert_eq!(first.0, Some(0), "{}", first.1);
        assert_eq!(sandbox.world().len(), so_far, "{template}");
        let (code, answer) = send(&flags, template, &[]);
        assert_eq!((code, &answer["exit_code"]), (Some(1), &Value::from(1)), "{template}: {answer}");
        assert!(answer["refused"].as_str().is_some_and(|words| words.contains("--again")), "{answer}");
        assert_eq!(sandbox.world().len(), so_far, "{template}");
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opted_out_is_not_told_however_the_next_file_writes_the_number() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let app = App::open(Config::in_folder(folder.path()).unwrap(), Arc::new(WallClock)).await.unwrap();
    let organisation = app.store.access().organizations().await.unwrap().swap_remove(0);
    let phone = Phone::parse("9044000001", Country::INDIA).unwrap();
    let entry = NewSuppression {
        phone_key: app.phone_key.of(phone.as_str()),
        phone,
        channel: None,
        category: None,
        reason: "STOP".into(),
    };
    let org = app.store.org(Actor::command_line(organisation.id));
    org.suppress(entry, WallClock.now()).await.unwrap();
    app.store.close().await;
    let list = "Name,Phone\nAsha R.,090440-00001\nRavi Kumar,+91 90440 00002\nMeena S,9044000003\n";
    assert_eq!(import(folder.path(), &flags, list).0, Some(0));
    let (code, answer) = send(&flags, "Workshop today", &[]);
    assert_eq!(
        (code, &answer["counts"]["sent"], &answer["counts"]["skipped"]),
        (Some(0), &Value::from(2), &Value::from(1)),
        "{answer}"
    );
    assert_eq!(sandbox.world().count("919044000001"), 0);
    sandbox.stop().await;
}

on_both! {
    async fn the_page_says_before_sending_who_opted_out_and_counts_everybody_else(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let list = "Name,Phone\n{{2}} Rao,9032000001\n{#var#},9032000002\nAsha R.,090440-00001\n";
        let phone = Phone::parse("+919044000001", Country::INDIA).unwrap();
        let entry = NewSuppression {
            phone_key: scene.world.app.phone_key.of(phone.as_str()),
            phone,
            channel: None,
            category: None,
            reason: "STOP".into(),
        };
        scene.org.suppress(entry, scene.world.clock_now()).await.unwrap();
        crate::files::imported(scene.manager().await, scene.workshop, list).await;
        let asked = manager.get(&format!("{CONFIRM}?{}", scene.query())).await;
        // Three people were registered before, and one of these three opted out.
        assert!(asked.body.contains("Send to 5 people<"), "{}", asked.body);
        let composed = manager.get(&format!("/?{}", scene.query())).await;
        assert!(composed.body.contains("1 opted out"), "{}", composed.body);
    }
}
