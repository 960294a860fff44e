//! Undoing an import: one mark hides it from every reader, its rows are removed afterwards, and no plan that was read
//! before tells its people.

use domain::{
    channel::{Category, Channel},
    ids::{ImportId, WorkerId, WorkshopId},
    workshop::RegistrantStatus,
};
use serde_json::Value;
use store::{
    Org, StoreError,
    imports::ImportState,
    registrants::{NewRegistrant, RegistrantFilter, Which},
    work::{PlannedRow, StretchSums},
};

use crate::on_both::{NOW, World, person};

/// Imports these people, with everything that belongs to it.
async fn import(world: &World, workshop: WorkshopId, rows: Vec<NewRegistrant>) -> ImportId {
    let id = ImportId::new(NOW);
    world.org.add_import(id, workshop, "people.csv", "imports/people", NOW).await.unwrap();
    world.org.import_checked(id, &Value::Null, &Value::Null).await.unwrap();
    world.org.import_committing(id, NOW).await.unwrap();
    world.org.add_registrants(workshop, id, rows, NOW.plus(5)).await.unwrap();
    world.org.import_committed(id, &Value::Null, NOW).await.unwrap();
    id
}

async fn clear(world: &World) {
    let work = world.store.work(WorkerId::new(NOW));
    while let Some((_, id)) = work.undoing().await.unwrap().first() {
        world.org.clear_undone(*id, NOW, 40).await.unwrap();
    }
}

async fn index(world: &World) {
    while world.store.work(WorkerId::new(NOW)).index_people(100).await.unwrap().more {}
}

async fn rows(world: &World, id: ImportId) -> i64 {
    world.number(format!("SELECT COUNT(*) FROM registrants WHERE import_id = {}", world.id(id.0))).await
}

/// Everything that readers see of people, in words.
async fn seen(org: &Org, workshops: &[WorkshopId], file: &[NewRegistrant]) -> String {
    let mut text = String::new();
    for workshop in workshops {
        let which = [Which::All, Which::NoPhone, Which::InvalidPhone, Which::Duplicate, Which::NoName];
        for which in which.into_iter().chain([Which::Status(RegistrantStatus::Cancelled)]) {
            for search in ["", "file", "asha", "90000 0000", "0007"] {
                let filter = RegistrantFilter { which, search: search.into(), limit: 500, after: None };
                let found = org.registrants(*workshop, &filter).await.unwrap();
                text.push_str(&format!("{which:?} {search:?} {found:#?}\n"));
            }
        }
        text.push_str(&format!("{:?}\n", org.registrant_counts(*workshop).await.unwrap()));
        text.push_str(&format!("{:?}\n", org.workshop(*workshop).await.unwrap()));
        for category in [Category::Utility, Category::Marketing] {
            text.push_str(&format!(
                "{:?}\n",
                org.audience(*workshop, Channel::WhatsappPersonal, category).await
            ));
        }
        let reader = org.audience_reader();
        let place = (String::new(), String::new());
        text.push_str(&format!("{:?}\n", reader.stretch(*workshop, &place, 500).await.unwrap()));
        text.push_str(&format!("{:?}\n", reader.newest(*workshop, 500).await.unwrap()));
        text.push_str(&format!("{:?}\n", org.registered_since(*workshop, NOW, 500).await.unwrap()));
        text.push_str(&format!("{:?}\n", org.count_registered(*workshop, file.to_vec(), NOW).await.unwrap()));
        text.push_str(&format!("{:?}\n", org.registrations_of(*workshop, file.to_vec(), NOW).await.unwrap()));
    }
    for search in ["", "file", "asha", "asha file", "90000 0000", "0007", "nobody"] {
        let (mut after, mut pages) = (None, 0);
        loop {
            let page = org.find_people(search, after.as_deref(), 20).await.unwrap();
            text.push_str(&format!("{search:?} {:#?}\n", page.found));
            after = page.next;
            pages += 1;
            if after.is_none() || pages > 50 {
                break;
            }
        }
    }
    for row in file.iter().filter_map(|row| row.phone.as_ref()) {
        text.push_str(&format!("{:?}\n", org.lead_by_phone(row.as_str()).await.is_ok()));
    }
    text
}

/// Some people of the file are unknown, some have numbers of people who are there already or elsewhere, and some have
/// none.
fn file() -> Vec<NewRegistrant> {
    let mut rows: Vec<_> = (0..150)
        .map(|n| person(&format!("File {n}"), &format!("90000 {n:05}"), &format!("f{n}@mail.example")))
        .collect();
    rows.extend((0..20).map(|n| person(&format!("File Asha {n}"), &format!("90000 9{n:04}"), "")));
    rows.extend((0..10).map(|n| person(&format!("Second of {n}"), &format!("90000 {n:05}"), "")));
    rows.extend((0..5).map(|n| person(&format!("File numberless {n}"), "", "")));
    rows.extend((0..5).map(|n| person(&format!("File wrong {n}"), &format!("12{n}"), "")));
    rows
}

/// Two workshops with people of their own, some of whom the file names as well.
async fn house(world: &World) -> [WorkshopId; 2] {
    let [excel, python] = [world.workshop("Excel").await, world.workshop("Python").await];
    for n in 0..20 {
        let asha = person(&format!("Asha {n}"), &format!("90000 9{n:04}"), "");
        world.org.add_registrant(if n < 10 { excel } else { python }, asha, NOW.plus(1)).await.unwrap();
    }
    let id = import(
        world,
        python,
        (0..30).map(|n| person(&format!("Ravi {n}"), &format!("90001 {n:05}"), "")).collect(),
    )
    .await;
    assert_eq!(rows(world, id).await, 30);
    [excel, python]
}

both! {
    async fn a_search_passes_over_a_large_undone_import_without_reading_through_it(world) {
        let workshop = world.workshop("Excel").await;
        world.org.add_registrant(workshop, person("Common Asha", "90000 99999", ""), NOW.plus(1)).await.unwrap();
        index(&world).await;
        let many = (0..25_000).map(|n| person(&format!("Common {n}"), &format!("90001 {n:05}"), "")).collect();
        let id = import(&world, workshop, many).await;
        while world.store.work(WorkerId::new(NOW)).index_people(5_000).await.unwrap().more {}
        assert_eq!(world.org.find_people("common", None, 20).await.unwrap().found.len(), 20);
        world.org.undo_import(id, NOW, |_| ()).await.unwrap();
        let (mut after, mut pages) = (None, vec![]);
        loop {
            let page = world.org.find_people("common", after.as_deref(), 20).await.unwrap();
            pages.push(page.found.into_iter().map(|one| one.name).collect::<Vec<_>>());
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages.concat(), ["Common Asha"], "nobody of the import, and everybody else");
        assert_eq!(pages.len(), 3, "some ten thousand entries are passed over for each page");
    }

    async fn a_list_reads_past_a_large_undone_import_only_where_others_stand_in_it(world) {
        let id = world.workshop("Excel").await;
        let by_hand = async |n: usize| {
            let who = person(&format!("Stays {n}"), &format!("90000 {n:05}"), "");
            world.org.add_registrant(id, who, NOW.plus(6)).await.unwrap();
        };
        by_hand(1).await;
        let gone = ImportId::new(NOW);
        world.org.add_import(gone, id, "people.csv", "imports/people", NOW).await.unwrap();
        world.org.import_checked(gone, &Value::Null, &Value::Null).await.unwrap();
        world.org.import_committing(gone, NOW).await.unwrap();
        for part in 0..3 {
            let rows = (0..7_000).map(|n| person(&format!("File {n}"), &format!("98{:08}", part * 7_000 + n), ""));
            world.org.add_registrants(id, gone, rows.collect(), NOW.plus(5)).await.unwrap();
            by_hand(2 + part).await;
        }
        world.org.import_committed(gone, &Value::Null, NOW).await.unwrap();
        let list = async |search: &str, after| {
            let filter = RegistrantFilter { search: search.into(), limit: 3, after, ..Default::default() };
            world.org.registrants(id, &filter).await.unwrap()
        };
        let names = |rows: &[store::registrants::Registrant]| rows.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
        assert_eq!(world.org.rows_that_a_list_reads(id).await.unwrap(), 21_004);
        world.org.undo_import(gone, NOW.plus(9), |_| {}).await.unwrap();
        let reads = world.org.rows_that_a_list_reads(id).await.unwrap();
        assert!(reads < 3 * 2_000, "{reads} of 21,004 rows");
        for search in ["", "stays"] {
            let page = list(search, None).await;
            assert_eq!(names(&page), ["Stays 4", "Stays 3", "Stays 2"], "{search:?}");
            assert_eq!(names(&list(search, Some(page[2].id)).await), ["Stays 1"], "{search:?}");
        }
        assert_eq!(list("file", None).await, []);
    }

    async fn an_undone_import_is_gone_for_every_reader_before_one_of_its_rows_is_cleared(world) {
        for indexed in [true, false] {
            let workshops = house(&world).await;
            index(&world).await;
            let before = seen(&world.org, &workshops, &file()).await;
            let id = import(&world, workshops[0], file()).await;
            if indexed {
                index(&world).await;
            }
            assert_eq!(world.org.registrant_counts(workshops[0]).await.unwrap().registered, 200);
            let undone = world.org.undo_import(id, NOW, |_| ()).await.unwrap();
            assert_eq!((undone.deleted, undone.kept), (190, 0));
            assert_eq!(rows(&world, id).await, 190, "the mark touches no row");
            similar(&before, &seen(&world.org, &workshops, &file()).await);
            assert_eq!(world.org.import(id).await.unwrap().state, ImportState::Undone);
            clear(&world).await;
            assert_eq!(rows(&world, id).await, 0);
            assert_eq!(world.number(format!("SELECT COUNT(*) FROM leads WHERE import_id = {}", world.id(id.0))).await, 0);
            similar(&before, &seen(&world.org, &workshops, &file()).await);
            index(&world).await;
            similar(&before, &seen(&world.org, &workshops, &file()).await);
            world.org.import(id).await.unwrap();
            // The next round begins with empty tables.
            world.run("DELETE FROM registrants".into()).await;
            world.run("DELETE FROM leads".into()).await;
            world.run("DELETE FROM search_entries".into()).await;
            world.run("UPDATE workshops SET indexed_to = NULL".into()).await;
        }
    }

    async fn an_undo_that_was_cut_off_goes_on_and_never_stands_as_imported(world) {
        let workshops = house(&world).await;
        let before = seen(&world.org, &workshops, &file()).await;
        let id = import(&world, workshops[0], file()).await;
        // The undo stopped while it looked for people who were told.
        world.run(format!("UPDATE imports SET state = 'undoing' WHERE id = {}", world.id(id.0))).await;
        assert_eq!(world.org.import(id).await.unwrap().state, ImportState::Undoing);
        let second = world.second_store().await;
        let (work, org) = (second.work(WorkerId::new(NOW)), second.org(world.org.actor().clone()));
        assert_eq!(work.undoing().await.unwrap(), [(world.org.actor().organization, id)]);
        assert!(org.clear_undone(id, NOW, 40).await.unwrap().more);
        similar(&before, &seen(&world.org, &workshops, &file()).await);
        // The undo stopped after the mark, after a step, and after the last row.
        for step in 0.. {
            let third = world.second_store().await;
            assert_eq!(third.org(world.org.actor().clone()).import(id).await.unwrap().state, ImportState::Undone);
            let cleared = third.org(world.org.actor().clone()).clear_undone(id, NOW, 70).await.unwrap();
            third.close().await;
            similar(&before, &seen(&world.org, &workshops, &file()).await);
            assert!(step < 50);
            if !cleared.more {
                break;
            }
        }
        assert_eq!((rows(&world, id).await, work.undoing().await.unwrap().len()), (0, 0));
        second.close().await;
    }

    async fn the_same_file_right_behind_its_undo_registers_everybody_anew(world) {
        let [excel, python] = house(&world).await;
        let first = import(&world, excel, file()).await;
        world.org.undo_import(first, NOW, |_| ()).await.unwrap();
        let second = ImportId::new(NOW);
        let added = world.org.add_registrants(excel, second, file(), NOW.plus(60)).await.unwrap();
        // The twenty people named Asha were entered by hand before.
        assert_eq!((added.new, added.already, added.lead_new), (190, 0, 150));
        assert_eq!((rows(&world, first).await, rows(&world, second).await), (0, 190));
        index(&world).await;
        let now = seen(&world.org, &[excel, python], &file()).await;
        assert!(now.contains("File 149"), "needs somebody of the file");
        clear(&world).await;
        index(&world).await;
        similar(&now, &seen(&world.org, &[excel, python], &file()).await);
        assert_eq!(rows(&world, second).await, 190);
    }

    async fn a_person_whom_another_import_brought_too_stays_known(world) {
        let [excel, python] = house(&world).await;
        let first = import(&world, excel, vec![person("File 1", "90000 00001", "")]).await;
        let second = import(&world, python, vec![person("Also File 1", "90000 00001", "")]).await;
        world.org.undo_import(first, NOW, |_| ()).await.unwrap();
        assert!(world.org.lead_by_phone("+919000000001").await.is_ok());
        clear(&world).await;
        assert!(world.org.lead_by_phone("+919000000001").await.is_ok());
        world.org.undo_import(second, NOW, |_| ()).await.unwrap();
        clear(&world).await;
        assert!(world.org.lead_by_phone("+919000000001").await.is_err(), "nobody brought them any more");
    }

    async fn a_stretch_of_a_plan_that_was_read_before_an_undo_is_not_written(world) {
        let [excel, _] = house(&world).await;
        let id = import(&world, excel, vec![person("File 1", "90000 00001", "")]).await;
        let filter = RegistrantFilter { search: "File".into(), limit: 1, ..Default::default() };
        let somebody = world.org.registrants(excel, &filter).await.unwrap().remove(0);
        let broadcast = world.broadcast(excel, "planning", (somebody.id, &somebody.phone)).await;
        for sql in ["DELETE FROM messages", "DELETE FROM broadcast_counts", "UPDATE broadcasts SET planned = 0"] {
            world.run(sql.into()).await;
        }
        let work = world.store.work(WorkerId::new(NOW));
        let planning = work.planning().await.unwrap().remove(0);
        assert_eq!(planning.broadcast, broadcast);
        let row = PlannedRow { addressee: domain::broadcast::Addressee::Registrant(somebody.id), name: somebody.name, recipient: somebody.phone.clone(), skip: None, content: "{}".into(), units: 1 };
        let mark = (somebody.phone, String::new());
        let write = |planning: store::work::Planning, rows: Vec<PlannedRow>| {
            let (work, mark) = (&work, &mark);
            async move { work.plan_write(&planning, rows, &StretchSums::default(), mark, false, NOW).await }
        };
        world.org.undo_import(id, NOW, |_| ()).await.unwrap();
        assert!(matches!(write(planning, vec![row.clone()]).await, Err(StoreError::Stale)));
        world.run("UPDATE undoing SET settled = FALSE".into()).await;
        assert!(work.planning().await.unwrap().is_empty(), "a plan waits until the undo is settled");
        clear(&world).await;
        let planning = work.planning().await.unwrap().remove(0);

        // The same holds for a registration that was cancelled meanwhile.
        let asha = RegistrantFilter { search: "Asha 1".into(), limit: 1, ..Default::default() };
        let asha = world.org.registrants(excel, &asha).await.unwrap().remove(0);
        world.org.set_registrant_status(excel, asha.id, RegistrantStatus::Cancelled, NOW).await.unwrap();
        assert!(matches!(write(planning, vec![row.clone()]).await, Err(StoreError::Stale)));
        let planning = work.planning().await.unwrap().remove(0);
        write(planning, vec![row]).await.unwrap();

        // From then on the plan comes first: the people in it stay.
        let other = import(&world, excel, vec![person("File 2", "90000 00002", "")]).await;
        assert!(matches!(world.org.undo_import(other, NOW, |_| ()).await, Err(StoreError::BeingPlanned)));
        assert_eq!(world.org.import(other).await.unwrap().state, ImportState::Committed);
    }

    async fn an_import_of_an_earlier_version_is_counted_when_it_is_taken_back(world) {
        let workshops = house(&world).await;
        let before = seen(&world.org, &workshops, &file()).await;
        let id = import(&world, workshops[0], file()).await;
        world.run(format!("DELETE FROM import_counts WHERE import_id = {}", world.id(id.0))).await;
        world.run(format!("UPDATE imports SET counted = FALSE WHERE id = {}", world.id(id.0))).await;
        assert_eq!(world.org.undo_import(id, NOW, |_| ()).await.unwrap().deleted, 190);
        similar(&before, &seen(&world.org, &workshops, &file()).await);
    }
}

/// Fails with the place where two long texts first differ.
#[track_caller]
fn similar(before: &str, after: &str) {
    let at = before.lines().zip(after.lines()).position(|(a, b)| a != b);
    if let Some(at) = at {
        let around =
            |text: &str| text.lines().skip(at.saturating_sub(25)).take(40).collect::<Vec<_>>().join("\n");
        panic!("line {at}:\n{}\n-- and now --\n{}", around(before), around(after));
    }
    assert_eq!(before.len(), after.len());
}
