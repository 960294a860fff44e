//! Files as they come, by the page and by the command line: either way the same people are registered, and the right
//! ones.
//!
//! The cases stand in `data/files.txt`, workbooks below. The expected result is written there and not computed here.

use std::{
    io::{Read, Write},
    path::Path,
    sync::Arc,
};

use axum::http::StatusCode;
use domain::{
    ids::{ImportId, WorkshopId},
    time::{DAY, HOUR, Millis, WallClock, Zone},
};
use munadi::{app::App, config::Config};
use rust_xlsxwriter::{FilterCondition, Workbook};
use sandbox::Sandbox;
use store::{
    Actor, Org, on_both, registrants::RegistrantFilter, suppressions::SuppressionFilter,
    workshops::WorkshopDraft,
};

use crate::{
    headless::{installation, last_json, munadi},
    world::{Answer, Browser, World},
};

const CASES: &str = include_str!("data/files.txt");

/// The files that go into one workshop one after the other, and the expected result.
#[derive(Default)]
struct Case {
    title: String,
    files: Vec<(String, Vec<u8>)>,
    /// The answers of a person, such as `paid=registered`.
    says: Vec<String>,
    /// Whether the expected result has begun, so that no further line belongs to a file.
    is_said: bool,
    exit: i32,
    /// The expected people: name, number, status, and the time where it matters.
    people: Vec<Vec<String>>,
    /// The expected numbers that want no messages: all of them, or promotion alone.
    refused: Vec<String>,
    /// The expected numbers with an agreement, each with its channel or `all`.
    agreed: Vec<String>,
}

/// Turns `\u{feff}` into what it stands for.
fn unescaped(line: &str) -> String {
    let mut parts = line.split("\\u{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in CASES.lines().skip_while(|line| !line.starts_with("@ ")) {
        if let Some(title) = line.strip_prefix("@ ") {
            cases.push(Case { title: title.to_owned(), ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        if let Some(name) = line.strip_prefix("= ") {
            case.files.push((name.to_owned(), Vec::new()));
        } else if let Some(expected) = line.strip_prefix("> ") {
            case.expect(expected);
        } else if !case.is_said {
            let file = &mut case.files.last_mut().unwrap().1;
            file.extend(unescaped(line).bytes());
            file.push(b'\n');
        }
    }
    cases.extend(workbooks());
    assert!(cases.len() > 50, "needs the cases");
    cases
}

impl Case {
    fn expect(&mut self, line: &str) {
        self.is_said = true;
        match line.split_once(' ') {
            Some(("says", answer)) => self.says.push(answer.to_owned()),
            Some(("exit", code)) => self.exit = code.parse().unwrap(),
            Some(("refused", rest)) => self.refused.push(rest.to_owned()),
            Some(("agreed", rest)) => self.agreed.push(rest.to_owned()),
            _ => self.people.push(line.split('|').map(|part| part.trim().to_owned()).collect()),
        }
    }

    fn of_workbook(title: &str, name: &str, file: Vec<u8>, exit: i32, people: &[[&str; 4]]) -> Case {
        let owned =
            |row: &[&str; 4]| row.iter().filter(|cell| !cell.is_empty()).map(|cell| (*cell).into()).collect();
        Case {
            title: title.to_owned(),
            files: vec![(name.to_owned(), file)],
            exit,
            people: people.iter().map(owned).collect(),
            ..Case::default()
        }
    }

    /// Checks whether the registrations of a workshop, and what its people want, are those of the case.
    async fn check(&self, app: &App, org: &Org, workshop: WorkshopId, way: &str) -> Vec<String> {
        let filter = RegistrantFilter { limit: 100, ..RegistrantFilter::default() };
        let mut found = org.registrants(workshop, &filter).await.unwrap();
        found.sort_by_key(|one| one.id);
        let zone = Zone::india();
        let mut wrong = Vec::new();
        let mut says = |what: &str, got: String| wrong.push(format!("{} ({way}): {what}: {got}", self.title));
        let mut expected = self.people.clone();
        expected.sort();
        let mut got: Vec<Vec<String>> = found
            .iter()
            .map(|one| {
                let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
                let mut row = vec![or_none(&one.name), or_none(&one.phone), one.status.word().to_owned()];
                let timed = expected.iter().any(|row| row[1] == one.phone && row.len() == 4);
                if timed {
                    row.push(zone.rfc3339(one.registered_at)[..16].to_owned());
                }
                row
            })
            .collect();
        got.sort();
        if got != expected {
            says("people", format!("{got:#?}"));
        }
        let numbers: Vec<&String> = self.people.iter().map(|row| &row[1]).collect();
        let entries = SuppressionFilter { limit: 500, ..SuppressionFilter::default() };
        let mut refused: Vec<String> = org
            .suppressions(&entries)
            .await
            .unwrap()
            .into_iter()
            .filter_map(|entry| {
                let phone = entry.phone.filter(|phone| numbers.contains(&phone))?;
                Some(format!("{phone} {}", if entry.category.is_some() { "promotions" } else { "all" }))
            })
            .collect();
        refused.sort();
        if refused != self.refused {
            says("refused", format!("{refused:?}"));
        }
        let mut agreed: Vec<String> = Vec::new();
        for number in numbers.iter().filter(|number| ***number != "-") {
            let story = org.story(org.lead_by_phone(number).await.unwrap(), &app.phone_key).await.unwrap();
            for consent in story.consents {
                let channel = consent.channel.map_or("all", |channel| channel.word());
                agreed.push(format!("{number} {channel}"));
            }
        }
        if agreed != self.agreed {
            says("agreed", format!("{agreed:?}"));
        }
        wrong
    }
}

/// A workbook with these rows on its sheet.
fn workbook(rows: &[&[&str]], change: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let (at, column) = (u32::try_from(at).unwrap(), u16::try_from(column).unwrap());
            match cell.parse::<f64>() {
                Ok(number) if number < 100_000.0 => sheet.write_number(at, column, number).unwrap(),
                _ => sheet.write_string(at, column, *cell).unwrap(),
            };
        }
    }
    change(sheet);
    book.save_to_buffer().unwrap()
}

/// Makes the workbook count its days from 1904, as some programs do.
fn from_1904(book: &[u8], word: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        if name == "xl/workbook.xml" {
            let text = String::from_utf8(bytes).unwrap();
            let (before, after) = text.split_once("<workbookPr").unwrap();
            bytes = format!("{before}<workbookPr date1904=\"{word}\"{after}").into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn workbooks() -> Vec<Case> {
    let filtered = workbook(
        &[
            &["Name", "Mobile", "Paid"],
            &["Asha Rao", "9010000001", "Yes"],
            &["Ravi Kumar", "9010000002", "No"],
            &["Meena S", "9010000003", "Yes"],
            &["Tara Sen", "9010000004", "No"],
        ],
        |sheet| {
            sheet.autofilter(0, 0, 4, 2).unwrap();
            sheet.filter_column(2, &FilterCondition::new().add_list_filter("Yes")).unwrap();
            sheet.set_row_hidden(2).unwrap();
            sheet.set_row_hidden(4).unwrap();
        },
    );
    // 2027-01-10 09:30 is day 44,935 from 1904 on: that is 46,397 from the end of 1899, less 1,462.
    let dated = |first: &str, second: &str| {
        let dates = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm");
        workbook(
            &[&["Name", "Phone", "Registered at"], &["Asha Rao", first], &["Ravi Kumar", second]],
            |sheet| {
                let time = 9.5 / 24.0;
                sheet.write_number_with_format(1, 2, 44_935.0 + time, &dates).unwrap();
                sheet.write_number_with_format(2, 2, 44_936.0 + time, &dates).unwrap();
            },
        )
    };
    let (mac, office) = (dated("9021000001", "9021000002"), dated("9021000011", "9021000012"));
    let first = "2027-01-10T09:30";
    let second = "2027-01-11T09:30";
    vec![
        Case::of_workbook(
            "10 rows hidden by a filter",
            "filtered.xlsx",
            filtered,
            3,
            &[
                ["Asha Rao", "+919010000001", "registered", ""],
                ["Meena S", "+919010000003", "registered", ""],
            ],
        ),
        Case::of_workbook(
            "21 days from 1904, written as 1",
            "mac.xlsx",
            from_1904(&mac, "1"),
            0,
            &[
                ["Asha Rao", "+919021000001", "registered", first],
                ["Ravi Kumar", "+919021000002", "registered", second],
            ],
        ),
        Case::of_workbook(
            "21 days from 1904, written as true",
            "true.xlsx",
            from_1904(&office, "true"),
            0,
            &[
                ["Asha Rao", "+919021000011", "registered", first],
                ["Ravi Kumar", "+919021000012", "registered", second],
            ],
        ),
    ]
}

/// A workshop for each case.
async fn workshops(org: &Org, cases: &[Case], now: Millis) -> Vec<WorkshopId> {
    let mut workshops = Vec::new();
    for case in cases {
        let starts_at = now.plus(DAY);
        let draft = WorkshopDraft {
            title: case.title.clone(),
            starts_at,
            ends_at: starts_at.plus(HOUR),
            join_link: String::new(),
            tag: None,
        };
        workshops.push(org.add_workshop(&draft, now).await.unwrap());
    }
    workshops
}

/// What the form would post: its inputs, and the selected option of each choice.
fn form(page: &Answer, action: &str) -> Vec<(String, String)> {
    let (_, form) = page.body.split_once(&format!("action=\"{action}\"")).unwrap_or_else(|| {
        panic!("no form to {action}: {}", page.body);
    });
    let form = form.split_once("</form>").unwrap().0;
    let part = |tag: &str, name: &str| {
        Some(
            tag.split_once(&format!(" {name}=\""))?
                .1
                .split_once('"')?
                .0
                .replace("&quot;", "\"")
                .replace("&amp;", "&"),
        )
    };
    let mut fields = Vec::new();
    for tag in form.split('<').skip(1) {
        let (head, _) = tag.split_once('>').unwrap_or((tag, ""));
        let is_ticked = !head.contains("checkbox") || head.contains("checked");
        if head.starts_with("input") && is_ticked {
            fields.extend(part(head, "name").map(|name| (name, part(head, "value").unwrap_or_default())));
        } else if head.starts_with("select") {
            fields.extend(part(head, "name").map(|name| (name, String::new())));
        } else if head.starts_with("option") && head.contains(" selected") {
            fields.last_mut().unwrap().1 = part(head, "value").unwrap_or_default();
        }
    }
    fields
}

/// A member at the page of imports.
struct Clerk<'w>(Browser<'w>);

impl Clerk<'_> {
    async fn settled(&mut self, id: ImportId) -> Answer {
        loop {
            let page = self.0.get(&format!("/imports/{id}")).await;
            if !page.headers.contains_key("refresh") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.0.post_as_is(path, &fields).await
    }

    /// Imports a file as the page proposes, with the answers of the case.
    async fn take(&mut self, workshop: WorkshopId, case: &Case, name: &str, file: &[u8]) {
        let of = [("workshop", workshop.to_string())];
        let of: Vec<(&str, &str)> = of.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.0.upload("/imports", &of, name, file).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}: {}", case.title, answer.body);
        let id: ImportId = answer.location().split('/').nth(2).unwrap().parse().unwrap();
        let columns = format!("/imports/{id}/columns");
        let page = self.0.get(&columns).await;
        let answer = self.post(&columns, &form(&page, &columns)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}: {}", case.title, answer.body);
        let page = self.settled(id).await;
        if !case.says.is_empty() {
            let statuses = format!("/imports/{id}/statuses");
            let mut fields = form(&page, &statuses);
            for answer in &case.says {
                let (word, meaning) = answer.split_once('=').unwrap();
                let key = intake::read::status_key(word);
                let at = fields.iter().position(|(_, value)| *value == key).unwrap();
                let name = fields[at].0.replacen('k', "m", 1);
                let field = fields.iter_mut().find(|(other, _)| *other == name).unwrap();
                field.1 = meaning.replace('-', "_");
            }
            self.post(&statuses, &fields).await;
        }
        let page = self.settled(id).await;
        let commit = format!("/imports/{id}/commit");
        if page.body.contains(&format!("action=\"{commit}\"")) {
            self.post(&commit, &form(&page, &commit)).await;
            self.settled(id).await;
        }
    }
}

/// Registers all people of a list by the page.
pub(crate) async fn imported(browser: Browser<'_>, workshop: WorkshopId, list: &str) {
    let case = Case { title: "a list".into(), ..Case::default() };
    Clerk(browser).take(workshop, &case, "people.csv", list.as_bytes()).await;
}

/// Imports the files of a case with the program; returns the last exit code.
fn by_command(folder: &Path, flags: &[String], workshop: WorkshopId, case: &Case) -> Option<i32> {
    let mut code = None;
    for (name, file) in &case.files {
        let path = folder.join(name);
        std::fs::write(&path, file).unwrap();
        let (path, workshop) = (path.display().to_string(), workshop.to_string());
        let mut arguments = vec!["import", &path, "--workshop", &workshop, "--json"];
        arguments.extend(flags.iter().map(String::as_str));
        for answer in &case.says {
            arguments.extend(["--status", answer]);
        }
        let output = munadi(&arguments, None);
        code = output.status.code();
        assert_eq!(last_json(&output)["exit_code"].as_i64(), code.map(i64::from), "{}", case.title);
    }
    code
}

on_both! {
    async fn the_page_registers_whom_a_file_means_and_nobody_else(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let cases = cases();
        let workshops = workshops(&org, &cases, world.clock_now()).await;
        let mut clerk = Clerk(world.signed_in(&people.manager).await);
        let mut wrong = Vec::new();
        for (case, workshop) in cases.iter().zip(workshops) {
            for (name, file) in &case.files {
                clerk.take(workshop, case, name, file).await;
            }
            wrong.extend(case.check(&world.app, &org, workshop, "page").await);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_registers_whom_a_file_means_and_ends_with_the_code_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let flags = installation(folder.path(), &sandbox).await;
    let open = async || {
        let app = App::open(Config::in_folder(folder.path()).unwrap(), Arc::new(WallClock)).await.unwrap();
        let organisation = app.store.access().organizations().await.unwrap().swap_remove(0);
        let org = app.store.org(Actor::command_line(organisation.id));
        (app, org)
    };
    let cases = cases();
    let (app, org) = open().await;
    let workshops = workshops(&org, &cases, app.clock.now()).await;
    app.store.close().await;
    let mut wrong = Vec::new();
    for (case, workshop) in cases.iter().zip(&workshops) {
        let code = by_command(folder.path(), &flags, *workshop, case);
        if code != Some(case.exit) {
            wrong.push(format!("{}: ends with {code:?}", case.title));
        }
    }
    let (app, org) = open().await;
    for (case, workshop) in cases.iter().zip(workshops) {
        wrong.extend(case.check(&app, &org, workshop, "command line").await);
    }
    app.store.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    sandbox.stop().await;
}
