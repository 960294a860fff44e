//! `munadi import` from the outside: what it accepts, what it refuses and how it answers a program.

use std::path::Path;

use sandbox::Sandbox;
use serde_json::Value;

use crate::headless::{installation, last_json, munadi};

/// Writes a file beside the installation and imports it; exit code and answer.
fn import(folder: &Path, flags: &[String], text: &str, more: &[&str]) -> (Option<i32>, Value) {
    let file = folder.join("list.csv");
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let mut arguments: Vec<&str> = vec!["import", &file, "--workshop", "Rust", "--json"];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.extend(more);
    let output = munadi(&arguments, None);
    (output.status.code(), last_json(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_refuses_what_the_page_asks_and_says_what_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let take = |text: &str, more: &[&str]| import(folder.path(), &flags, text, more);

    // A status that tools use differently is asked about, and the answer is remembered.
    let payments = "Name,Phone,Payment Status\nAsha,9000000001,captured\nRavi,9000000002,authorized\nMeena,9000000003,failed\n";
    let (code, answer) = take(payments, &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "{answer}");
    assert!(
        answer["refused"][0].as_str().unwrap().contains("--status \"authorized=registered\""),
        "{answer}"
    );
    let (code, answer) = take(payments, &["--status", "authorized=registered"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(3), &Value::from(2)), "one was left out: {answer}");
    assert_eq!(answer["counts"]["left_out"], 1, "{answer}");
    let (code, answer) = take("Name,Phone,Payment Status\nTara,9000000011,AUTHORIZED\n", &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(1)), "remembered: {answer}");

    // Somebody else's number is not guessed, and may be chosen.
    let parents = "Name,Parent's phone\nA,9000000021\nB,9000000022\nC,9000000023\n";
    let (code, answer) = take(parents, &[]);
    assert_eq!(code, Some(1), "{answer}");
    assert!(answer["columns_not_used"][0]["why"].as_str().unwrap().contains("parent"), "{answer}");
    let (code, answer) = take(parents, &["--map", "phone=Parent's phone"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(3)), "{answer}");

    // Columns that leave something open are refused by name, and an answer settles that.
    let remarks = "Name,Phone,Remarks\nU,9000000061,Refunded on 12 Nov\nV,9000000062,\n";
    let (code, answer) = take(remarks, &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "{answer}");
    assert!(answer["refused"][0].as_str().unwrap().contains("--ignore \"Remarks\""), "{answer}");
    let (code, answer) = take(remarks, &["--ignore", "Remarks"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(2)), "{answer}");
    let twice = "Name,Phone,Status\nW,9000000071,paid\nW,9000000071,refunded\n";
    let (code, answer) = take(twice, &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "{answer}");
    let option = "--status \"(paid and refunded)=registered\"";
    assert!(answer["refused"][0].as_str().unwrap().contains(option), "{answer}");
    let (code, answer) = take(twice, &["--status", "(paid and refunded)=refunded"]);
    assert_eq!((code, &answer["counts"]["without_place"]), (Some(0), &Value::from(1)), "{answer}");

    // `--strict` accepts only clean rows. A file without anybody who has a number is not a success.
    let short = "Name,Phone\nD,9000000031\nE,12\n";
    let (code, answer) = take(short, &["--strict"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "{answer}");
    let (code, answer) = take(short, &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(3), &Value::from(1)), "{answer}");
    let (code, answer) = take("Name,City\nF,Pune\nG,Agra\n", &[]);
    assert_eq!((code, &answer["nobody_has_a_number"]), (Some(3), &Value::Bool(true)), "{answer}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_answers_a_machine_also_where_it_is_refused_and_says_what_was_guessed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let take = |text: &str, more: &[&str]| import(folder.path(), &flags, text, more);
    let plain = "Name,Phone,Status\nAsha,9000000001,paid\n";

    // Whatever ends the command, standard output is a line of JSON with the exit code of the process.
    let json = r#"[{"name":"Asha","phone":"9000000001"}]"#;
    for (text, more, says) in [
        (json, &[][..], "This is JSON, not a table"),
        ("", &[], "The file is empty"),
        ("Name,Asha Rao,Ravi\nPhone,9000000001,9000000002\n", &[], "Paste Special with Transpose"),
        (plain, &["--map", "phone=Nowhere"], "the file has no column Nowhere"),
        (plain, &["--status", "paid=perhaps"], "say registered, left-out, cancelled or refunded"),
        (plain, &["--organisation", "Nobody"], "Nobody"),
        (plain, &["--take", "gone", "--leave", "gone"], "say --take or --leave, not both"),
    ] {
        let (code, answer) = take(text, more);
        assert_eq!((code, &answer["exit_code"]), (Some(1), &Value::from(1)), "{more:?}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(says)), "{says}: {answer}");
    }
    let file = folder.path().join("nowhere.csv").display().to_string();
    let missing = munadi(
        &[
            &["import", &file, "--workshop", "Rust", "--json"],
            flags.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        ]
        .concat(),
        None,
    );
    let answer = last_json(&missing);
    assert_eq!((missing.status.code(), &answer["exit_code"]), (Some(1), &Value::from(1)), "{answer}");
    let error = answer["error"].as_str().unwrap_or_default();
    assert!(error.contains("no such file") && !error.contains("uploads"), "{answer}");

    // Columns without a known title were guessed. The command always says so, and `--strict` refuses unless the
    // columns are named.
    let bare = "Asha Rao,9000000011,Pune\nRavi Kumar,9000000012,Delhi\nMeena S,9000000013,Goa\n";
    let (code, answer) = take(bare, &["--strict"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "{answer}");
    assert!(
        answer["refused"][0].as_str().unwrap().contains("--map name=\"A\" --map phone=\"B\""),
        "{answer}"
    );
    assert_eq!(answer["columns_guessed"], serde_json::json!({"name": ["column A"], "phone": ["column B"]}));
    let (code, answer) = take(bare, &["--strict", "--map", "name=A", "--map", "phone=B"]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(3)), "{answer}");
    assert_eq!(answer["columns_guessed"], serde_json::json!({}));

    // A word of `--status` that no row has decides nothing. The command says so, and does not remember it.
    let (code, answer) = take(plain, &["--status", "Foo=registered"]);
    assert_eq!((code, &answer["statuses_not_met"]), (Some(0), &serde_json::json!(["Foo"])), "{answer}");
    let (code, answer) = take("Name,Phone,Status\nTara,9000000021,Foo\n", &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(1), &Value::from(0)), "not remembered: {answer}");
    let (code, answer) = take(plain, &["--strict", "--status", "Foo=registered"]);
    assert_eq!(code, Some(1), "{answer}");

    // The command says when two registrations share a number: each number gets a message once.
    let (code, answer) = take("Name,Phone\nUma,9000000031\nVeena,9000000031\nWani,9000000032\n", &[]);
    assert_eq!((code, &answer["same_number"]), (Some(0), &Value::from(1)), "{answer}");
    // A list is read line by line.
    let (code, answer) = take("For Sunday\n1. Xena 9000000041\n2. Yamini 9000000042\n", &[]);
    assert_eq!(
        (code, &answer["counts"]["new"], &answer["lines_left_out"]),
        (Some(0), &Value::from(2), &Value::from(1)),
        "{answer}"
    );
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_list_is_compared_on_the_command_line_and_taken_over_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let take = |text: &str, more: &[&str]| import(folder.path(), &flags, text, more);
    let first = "Name,Phone,Email,Status\n\
        Asha Rao,9000000101,asha@list.example,registered\n\
        Ravi Kumar,9000000102,ravi@list.example,registered\n\
        Meena S,9000000103,meena@list.example,registered\n\
        Lata Bose,9000000104,lata@list.example,cancelled\n";
    // Ravi has another number, Meena is gone, Lata is back, Tara is new, and Asha is refunded.
    let second = "Name,Phone,Email,Status\n\
        Asha Rao,9000000101,asha@list.example,refunded\n\
        Ravi Kumar,9000000202,ravi@list.example,registered\n\
        Lata Bose,9000000104,lata@list.example,registered\n\
        Tara Sen,9000000105,tara@list.example,registered\n";
    let (code, answer) = take(first, &[]);
    assert_eq!((code, &answer["counts"]["new"]), (Some(0), &Value::from(4)), "{answer}");

    let group =
        |answer: &Value, kind: &str, what: &str| answer["counts"]["again"]["groups"][kind][what].clone();
    let (code, answer) = take(second, &["--dry-run"]);
    assert_eq!(code, Some(3), "who is back is not registered by itself: {answer}");
    for (kind, taken) in [("ended", true), ("changed", true), ("returned", false), ("gone", false)] {
        assert_eq!(group(&answer, kind, "people"), 1, "{kind}: {answer}");
        assert_eq!(group(&answer, kind, "take"), taken, "{kind}: {answer}");
    }
    assert_eq!(answer["counts"]["ready"], 1, "only Tara is new: {answer}");

    let file = folder.path().join("list.csv").display().to_string();
    let spoken = |more: &[&str]| {
        let mut arguments: Vec<&str> = vec!["import", &file, "--workshop", "Rust"];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.extend(more);
        munadi(&arguments, None)
    };
    let both = spoken(&["--take", "gone", "--leave", "gone"]);
    assert_eq!(both.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&both.stderr).contains("gone: say --take or --leave, not both"));
    let words = spoken(&["--leave", "changed", "--take", "gone"]);
    let said = String::from_utf8_lossy(&words.stdout).into_owned();
    for says in [
        "1 registration ended: cancelled or refunded in the file.",
        "1 person has another number, name or e-mail in the file: what stands here stays (--take changed for the other way).",
        "1 registration cancelled: not in the file any more.",
        "they stay cancelled or refunded (--take returned for the other way)",
    ] {
        assert!(said.contains(says), "{says}: {said}");
    }
    assert_eq!(words.status.code(), Some(3), "{said}");

    let (code, answer) = take(second, &["--take", "changed,returned"]);
    assert_eq!((code, group(&answer, "changed", "done")), (Some(0), Value::from(1)), "{answer}");
    assert_eq!(group(&answer, "returned", "done"), 1, "{answer}");
    let (_, answer) = take(second, &["--dry-run"]);
    assert_eq!(
        answer["counts"]["again"]["unchanged"], 3,
        "Ravi, Lata and Tara stand as the list says: {answer}"
    );
    sandbox.stop().await;
}

/// A workbook: its sheets with their rows, and the row of the first sheet that is hidden, from 0.
fn workbook(sheets: &[(&str, &[&[&str]])], hidden: Option<u32>) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (at, (name, rows)) in sheets.iter().enumerate() {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(*cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
        if let Some(row) = hidden.filter(|_| at == 0) {
            sheet.set_row_hidden(row).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_what_a_workbook_hides_and_which_sheets_it_does_not_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let run = |name: &str, file: &[u8], more: &[&str]| {
        let path = folder.path().join(name);
        std::fs::write(&path, file).unwrap();
        let path = path.display().to_string();
        let mut arguments: Vec<&str> = vec!["import", &path, "--workshop", "Rust"];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.extend(more);
        munadi(&arguments, None)
    };
    let list: &[&[&str]] = &[
        &["Name", "Phone", "Status"],
        &["Asha Rao", "9000000001", "paid"],
        &["Ravi Kumar", "9000000002", "failed"],
        &["Meena S", "9000000003", "paid"],
    ];
    let book = workbook(&[("People", list), ("Summary", &[&["Total", "Amount"], &["3", "1497"]])], Some(3));
    let output = run("book.xlsx", &book, &[]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    for says in [
        "Read: the sheet “People”. Not read: Summary.",
        "1 row hidden in the sheet left out; take them with --hidden-rows.",
        "paid = registered (1)",
        "failed = left out (1)",
        "1 row left out: their status gives no place.",
    ] {
        assert!(words.contains(says), "{says}: {words}");
    }
    let answer = last_json(&run("book.xlsx", &book, &["--json"]));
    assert_eq!(answer["counts"]["hidden_rows"], 1, "{answer}");
    let answer = last_json(&run("book.xlsx", &book, &["--json", "--hidden-rows"]));
    assert_eq!(answer["sheets_not_read"], serde_json::json!(["Summary"]), "{answer}");
    assert_eq!(
        (&answer["counts"]["hidden_rows"], &answer["counts"]["new"]),
        (&0.into(), &1.into()),
        "{answer}"
    );

    // Two sheets hold people: the command does not guess which is meant.
    let others: &[&[&str]] = &[&["Name", "Phone"], &["Tara Sen", "9000000004"]];
    let two = workbook(&[("Batch A", others), ("Batch B", others)], None);
    let output = run("two.xlsx", &two, &["--json"]);
    let answer = last_json(&output);
    assert_eq!((output.status.code(), &answer["counts"]["new"]), (Some(1), &0.into()), "{answer}");
    assert!(answer["refused"][0].as_str().unwrap().contains("say --sheet NAME"), "{answer}");
    let output = run("two.xlsx", &two, &["--json", "--sheet", "Batch B"]);
    let answer = last_json(&output);
    assert_eq!((output.status.code(), &answer["counts"]["new"]), (Some(0), &1.into()), "{answer}");

    // A time that can be read in two ways is left out, not the person, and the command says so.
    let dated = b"Name,Phone,Registered at\nUma,9000000011,03/04/2026 10:00\n";
    let answer = last_json(&run("dates.csv", dated, &["--json"]));
    assert_eq!((&answer["exit_code"], &answer["counts"]["new"]), (&0.into(), &1.into()), "{answer}");
    assert!(answer["dates"].as_str().unwrap().contains("can be read in two ways"), "{answer}");
    let answer = last_json(&run("dates.csv", dated, &["--json", "--dates", "day-first"]));
    assert_eq!(answer["dates"], Value::Null, "{answer}");
    sandbox.stop().await;
}
