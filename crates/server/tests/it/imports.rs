//! Importing a file over HTTP: good files, and each kind of bad one.

use axum::http::StatusCode;
use domain::{
    ids::{ImportId, WorkshopId},
    name::PersonName,
    phone::{Country, Phone},
};
use store::{
    Actor, Org, on_both,
    registrants::{NewRegistrant, RegistrantFilter, Which},
};

use crate::world::{Answer, Browser, People, World};

struct ImportPage<'w> {
    browser: Browser<'w>,
    org: Org,
    workshop: WorkshopId,
}

async fn desk<'w>(world: &'w World, people: &People) -> ImportPage<'w> {
    let org = world.app.store.org(Actor::command_line(people.first));
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    ImportPage { browser: world.signed_in(&people.manager).await, org, workshop: workshop.parse().unwrap() }
}

impl ImportPage<'_> {
    async fn upload(&mut self, name: &str, file: &[u8]) -> Answer {
        self.browser.upload("/imports", &[("workshop", &self.workshop.to_string())], name, file).await
    }

    /// Uploads a file that must be accepted; returns its import.
    async fn take(&mut self, file: &str) -> ImportId {
        let answer = self.upload("people.csv", file.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location().split('/').nth(2).unwrap().parse().unwrap()
    }

    async fn check(&mut self, id: ImportId, columns: &[(&str, &str)]) -> Answer {
        let answer = self.browser.post(&format!("/imports/{id}/columns"), columns).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.settled(id).await
    }

    /// The page of the import once nothing runs for it any more.
    async fn settled(&mut self, id: ImportId) -> Answer {
        loop {
            let page = self.browser.get(&format!("/imports/{id}")).await;
            if !page.headers.contains_key("refresh") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn registered(&self) -> i64 {
        self.org.registrant_counts(self.workshop).await.unwrap().registered
    }
}

const COLUMNS: &[(&str, &str)] = &[("name", "0"), ("phone", "1"), ("email", "2")];

on_both! {
    async fn good_rows_are_registered_and_bad_ones_are_shown_with_their_reason(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let file = "Name,Phone,E-mail\n\
                    Asha,90000 00011,asha@example.com\n\
                    Short,90000,short@example.com\n\
                    Excel,9.00000E+09,\n\
                    No mail,90000 00012,not an address\n\
                    Again,90000 00011,\n\
                    Asha,90000 00011,asha@example.com\n\
                    Only mail,,only@example.com\n";
        let id = desk.take(file).await;
        let columns = desk.browser.get(&format!("/imports/{id}/columns")).await;
        assert!(columns.body.contains("Phone") && columns.body.contains("90000 00011"), "{}", columns.body);
        let page = desk.check(id, COLUMNS).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("<strong>4</strong> of 7 rows are ready"), "{}", page.body);
        assert!(page.body.contains("1 phone number was turned into a short form"), "{}", page.body);
        assert_eq!(desk.registered().await, 1, "nothing is stored before somebody says so");

        let answer = desk.browser.post(&format!("/imports/{id}/rows"), &[("c3.1", "90000 00013"), ("c4.1", "12")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = desk.settled(id).await;
        assert!(page.body.contains("<strong>5</strong> of 7 rows are ready"), "{}", page.body);
        assert!(page.body.contains(r#"value="12""#), "what was typed is still there: {}", page.body);
        assert!(page.body.contains("1 row corrected, 1 still to fix."), "{}", page.body);
        assert!(page.body.contains("1 row to fix") && !page.body.contains("2 rows to fix"), "{}", page.body);
        let csv = desk.browser.get(&format!("/imports/{id}/rows.csv")).await;
        assert_eq!(csv.body.lines().count(), 2, "only what is still to fix: {}", csv.body);

        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        let page = desk.settled(id).await;
        assert!(page.body.contains("Undo import"), "{}", page.body);
        assert_eq!(desk.registered().await, 6);
        let again = desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);

        desk.browser.post(&format!("/imports/{id}/undo"), &[]).await;
        let page = desk.settled(id).await;
        assert!(page.body.contains("This import was taken back."), "{}", page.body);
        assert!(page.body.contains("5 registrations taken back."), "{}", page.body);
        assert_eq!(desk.registered().await, 1);
    }

    async fn each_kind_of_bad_file_is_refused_in_words_and_leaves_nothing(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let before = desk.org.imports(None, 100).await.unwrap().len();
        let long = format!("phone\n{}\n", "9".repeat(2_000_000));
        let files: &[(&str, &[u8], &str)] = &[
            ("empty.csv", b"", "The file is empty"),
            ("spaces.csv", b"  \n \n", "The file is empty"),
            ("header.csv", b"Name,Phone,E-mail\n", "no rows below it"),
            ("old.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and so on", "save"),
            ("paper.pdf", b"%PDF-1.7 \n", "a PDF"),
            ("broken.xlsx", b"PK\x03\x04 and then nothing", "damaged"),
            ("page.xls", b"<html><table><tr><td>90000 00001</td></tr></table></html>", "web page"),
            ("binary.csv", b"Name,Phone\n\x00\x01\x02\x03\n", "not text"),
            ("long.csv", long.as_bytes(), "1 MB"),
        ];
        for (name, file, says) in files {
            let answer = desk.upload(name, file).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.body);
            let error = answer.body.split(r#"class="m-error""#).nth(1).unwrap().split("</p>").next().unwrap();
            assert!(error.contains(says), "{name}: {error}");
        }
        assert_eq!(desk.org.imports(None, 100).await.unwrap().len(), before);
        let folder = world.app.config.data.join("imports").join(people.first.to_string());
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "refused files are gone");
    }

    async fn an_upload_without_a_file_or_a_workshop_says_what_is_missing(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let answer = desk.upload("", b"").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Choose a file."), "{}", answer.body);
        let answer = desk.browser.upload("/imports", &[("workshop", "none")], "a.csv", b"Phone\n90000 00001\n").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Choose the workshop"), "{}", answer.body);
        let answer = desk.browser.post("/imports", &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }

    async fn columns_that_name_nobody_or_do_not_exist_are_sent_back(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let id = desk.take("Name,Phone\nAsha,90000 00011\n").await;
        let answer = desk.browser.post(&format!("/imports/{id}/columns"), &[("status", "1")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Choose at least the column"), "{}", answer.body);
        let page = desk.check(id, &[("phone", "77")]).await;
        assert!(page.body.contains("is not in this file"), "{}", page.body);
        let page = desk.check(id, &[("phone", "1")]).await;
        assert!(page.body.contains("<strong>1</strong> of 1 row is ready"), "{}", page.body);
        assert!(!page.body.contains("Nobody in this file has a phone number."), "{}", page.body);
        let page = desk.check(id, &[("name", "0")]).await;
        assert!(page.body.contains("Nobody in this file has a phone number."), "{}", page.body);
    }

    async fn an_import_that_a_restart_interrupted_goes_on_and_adds_nobody_twice(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let id = desk.take("Name,Phone\nA,90000 00011\nB,90000 00012\n").await;
        desk.check(id, &[("name", "0"), ("phone", "1")]).await;
        // The program stopped after one of the rows.
        desk.org.import_committing(id, world.clock_now()).await.unwrap();
        let workshop = desk.org.import(id).await.unwrap().workshop;
        let first = NewRegistrant {
            name: PersonName::parse("A"),
            phone: Some(Phone::parse("90000 00011", Country::INDIA).unwrap()),
            phone_typed: "90000 00011".into(),
            ..NewRegistrant::default()
        };
        let added = desk.org.add_registrants(workshop, id, vec![first], world.clock_now()).await.unwrap();
        assert_eq!((added.new, desk.registered().await), (1, 2));
        let page = desk.settled(id).await;
        assert!(page.body.contains("Go on: nobody is added twice."), "{}", page.body);
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        let page = desk.settled(id).await;
        assert_eq!(desk.registered().await, 3);
        let summary: serde_json::Value = desk.org.import(id).await.unwrap().summary;
        for (what, n) in [("new", 2), ("lead_new", 2), ("already", 0)] {
            assert_eq!(summary[what], n, "{what} of both runs: {summary}");
        }
        assert!(page.body.contains("Undo import"), "{}", page.body);
    }

    async fn in_a_file_of_many_the_first_of_one_number_is_told_wherever_the_second_stands(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        // The rows fill more than one transaction, so people are registered in the order of their numbers, which is
        // not the order of the file.
        let mut file = "Name,Phone\n".to_owned();
        for n in 0..20_005_u64 {
            let (name, number) = match n {
                3 => ("First".to_owned(), 5),
                20_003 => ("Second".to_owned(), 5),
                n => (format!("Person {n}"), 1_000 + n * 7_919 % 90_000),
            };
            file += &format!("{name},80000{number:05}\n");
        }
        let id = desk.take(&file).await;
        desk.check(id, &[("name", "0"), ("phone", "1")]).await;
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        desk.settled(id).await;
        assert_eq!(desk.registered().await, 20_006);
        let filter = RegistrantFilter { which: Which::Duplicate, limit: 10, ..RegistrantFilter::default() };
        let second = desk.org.registrants(desk.workshop, &filter).await.unwrap();
        assert_eq!(second.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Second"]);
    }

    async fn rows_to_fix_can_be_taken_home_without_a_formula_in_them(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let id = desk.take("Name,Phone\n=HYPERLINK(1),12\nGood,90000 00011\n").await;
        desk.check(id, &[("name", "0"), ("phone", "1")]).await;
        let csv = desk.browser.get(&format!("/imports/{id}/rows.csv")).await;
        assert_eq!(csv.status, StatusCode::OK);
        assert!(csv.body.contains("\"2\",\"'=HYPERLINK(1)\",\"12\",\"This number has"), "{}", csv.body);
    }

    async fn who_is_left_out_by_their_status_stays_on_the_page_and_can_be_taken_home(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let file = "Name,Phone,Status\nAsha,90000 00031,paid\nMeena,90000 00033,failed\nShort,90000,paid\nAnu,90000 00034,bounced\n";
        let id = desk.take(file).await;
        desk.check(id, &[("name", "0"), ("phone", "1"), ("status", "2")]).await;
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        let page = desk.settled(id).await;
        assert!(page.body.contains("2 rows left out by their status"), "{}", page.body);
        assert!(page.body.contains("Meena") && page.body.contains("Anu"), "{}", page.body);
        let csv = desk.browser.get(&format!("/imports/{id}/left-out.csv")).await;
        assert!(csv.body.contains("\"3\",\"Meena\",\"90000 00033\",\"failed\",\"Left out by its status: failed\""), "{}", csv.body);
        assert!(csv.body.contains("Anu") && !csv.body.contains("Asha") && !csv.body.contains("Short"), "{}", csv.body);
        // These rows do not need correcting.
        let to_fix = desk.browser.get(&format!("/imports/{id}/rows.csv")).await;
        assert!(to_fix.body.contains("Short") && !to_fix.body.contains("Meena"), "{}", to_fix.body);
    }

    async fn a_field_beside_the_file_is_limited_by_what_it_holds_and_not_by_the_file(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let long = "a".repeat(1024 * 1024);
        let fields = [("workshop", workshop.as_str()), ("note", long.as_str())];
        let refused = browser.upload("/imports", &fields, "people.csv", b"Name,Phone\nAsha,90000 00011\n").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.body.contains("far more than its fields take"), "{}", refused.body);
    }
}

on_both! {
    async fn a_status_that_is_not_known_is_asked_about_once_and_remembered(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let columns: &[(&str, &str)] = &[("name", "0"), ("phone", "1"), ("status", "2")];
        let file = "Name,Phone,Status\nAsha,90000 00021,paid\nRavi,90000 00022,In limbo\nMeena,90000 00023,failed\nAnu,90000 00024,in_limbo\n";
        let before = desk.registered().await;
        let id = desk.take(file).await;
        let page = desk.check(id, columns).await;
        assert!(page.body.contains("Say what 1 status means"), "{}", page.body);
        assert!(page.body.contains("In limbo · 2 rows"), "{}", page.body);
        assert!(page.body.contains("Left out by their status"), "{}", page.body);
        // Nobody is registered before a person has explained the status.
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        assert_eq!(desk.registered().await, before);

        let asked = [("k0", "in limbo"), ("m0", "registered")];
        let answer = desk.browser.post(&format!("/imports/{id}/statuses"), &asked).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = desk.settled(id).await;
        assert!(page.body.contains("<strong>3</strong> of 4 rows are ready"), "{}", page.body);
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        desk.settled(id).await;
        assert_eq!(desk.registered().await, before + 3);

        let next = desk.take("Name,Phone,Status\nTara,90000 00025,IN LIMBO\n").await;
        let page = desk.check(next, columns).await;
        assert!(page.body.contains("<strong>1</strong> of 1 row is ready"), "{}", page.body);
    }

    async fn what_a_row_without_a_status_means_is_asked_anew_for_each_file(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let columns: &[(&str, &str)] = &[("name", "0"), ("phone", "1"), ("status", "2")];
        let id = desk.take("Name,Phone,Status\nAsha,90000 00041,paid\nRavi,90000 00042,\n").await;
        let page = desk.check(id, columns).await;
        assert!(page.body.contains("Say what 1 status means"), "{}", page.body);
        let asked = [("k1", intake::read::NO_STATUS_KEY), ("m1", "registered")];
        let answer = desk.browser.post(&format!("/imports/{id}/statuses"), &asked).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = desk.settled(id).await;
        assert!(page.body.contains("<strong>2</strong> of 2 rows are ready"), "{}", page.body);

        let next = desk.take("Name,Phone,Status\nMeena,90000 00043,paid\nTara,90000 00044,\n").await;
        let page = desk.check(next, columns).await;
        assert!(page.body.contains("Say what 1 status means"), "nobody has said it of this file: {}", page.body);
    }

    async fn a_newer_export_ends_what_it_shows_as_cancelled_and_an_undo_gives_it_back(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let columns: &[(&str, &str)] = &[("name", "0"), ("phone", "1"), ("status", "2")];
        let before = desk.registered().await;
        let first = desk.take("Name,Phone,Status\nAsha,90000 00031,registered\nRavi,90000 00032,registered\nMeena,90000 00033,registered\n").await;
        desk.check(first, columns).await;
        desk.browser.post(&format!("/imports/{first}/commit"), &[]).await;
        desk.settled(first).await;
        assert_eq!(desk.registered().await, before + 3);

        let second = desk.take("Name,Phone,Status\nAsha,90000 00031,registered\nRavi,90000 00032,cancelled\nMeena,90000 00033,refunded\nAsha,90000 00031,refunded\n").await;
        let page = desk.check(second, columns).await;
        // One row gives Asha a place and another takes it away. Neither a payment nor a time tells which holds.
        assert!(page.body.contains("Say first what 1 status means"), "{}", page.body);
        desk.browser.post(&format!("/imports/{second}/statuses"), &[("k3", "(paid and refunded)"), ("m3", "registered")]).await;
        let page = desk.settled(second).await;
        assert!(page.body.contains("2 people are registered here and cancelled or refunded in the file"), "{}", page.body);
        desk.browser.post(&format!("/imports/{second}/commit"), &[]).await;
        let page = desk.settled(second).await;
        assert!(page.body.contains("2 registrations ended"), "{}", page.body);
        assert_eq!(desk.registered().await, before + 1, "Asha keeps the place, as somebody said");

        desk.browser.post(&format!("/imports/{second}/undo"), &[]).await;
        desk.settled(second).await;
        assert_eq!(desk.registered().await, before + 3);
    }

    async fn a_column_of_refusals_enters_who_wants_no_messages_and_no_agreement(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let id = desk.take("Name,Phone,Opt out of promotional messages\nAsha,90000 00041,Yes\nRavi,90000 00042,No\n").await;
        let columns = desk.browser.get(&format!("/imports/{id}/columns")).await;
        assert!(columns.body.contains("Wants no messages"), "{}", columns.body);
        let page = desk.check(id, &[("name", "0"), ("phone", "1"), ("opt_out", "2")]).await;
        assert!(page.body.contains("1 person wants no messages"), "{}", page.body);
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        let page = desk.settled(id).await;
        assert!(page.body.contains("1 person wants no messages; 1 new"), "{}", page.body);
        let filter = store::suppressions::SuppressionFilter { limit: 100, ..Default::default() };
        let entries = desk.org.suppressions(&filter).await.unwrap();
        let about = |end: &str| {
            entries.iter().filter(|entry| entry.phone.as_deref().is_some_and(|phone| phone.ends_with(end))).collect::<Vec<_>>()
        };
        let ours = about("00041");
        assert_eq!(ours.len(), 1);
        assert_eq!((ours[0].channel, ours[0].category.map(|category| category.word())), (None, Some("marketing")));
        assert!(about("00042").is_empty());
    }

    async fn whoever_has_no_place_and_wants_no_messages_is_entered_all_the_same(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut desk = desk(&world, &people).await;
        let file = "Name,Phone,Status,Do not contact\nAsha,90000 00051,paid,\nRavi,90000 00052,failed,Yes\n";
        let id = desk.take(file).await;
        let columns = &[("name", "0"), ("phone", "1"), ("status", "2"), ("opt_out", "3")];
        let page = desk.check(id, columns).await;
        assert!(page.body.contains("1 person wants no messages"), "{}", page.body);
        let before = desk.registered().await;
        desk.browser.post(&format!("/imports/{id}/commit"), &[]).await;
        desk.settled(id).await;
        assert_eq!(desk.registered().await, before + 1);
        let filter = store::suppressions::SuppressionFilter { limit: 100, ..Default::default() };
        let entries = desk.org.suppressions(&filter).await.unwrap();
        let has = |end: &str| entries.iter().any(|entry| entry.phone.as_deref().is_some_and(|phone| phone.ends_with(end)));
        assert!(has("00052") && !has("00051"), "{entries:?}");
    }
}
