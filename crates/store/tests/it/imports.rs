use domain::{
    ids::{ImportId, WorkshopId},
    workshop::RegistrantStatus,
};
use serde_json::{Value, json};
use store::{
    StoreError,
    imports::{Decision, ImportRow, ImportState},
    registrants::{RegistrantCounts, RegistrantFilter},
};

use crate::on_both::{NOW, World, person};

async fn upload(world: &World, workshop: WorkshopId) -> ImportId {
    let id = ImportId::new(NOW);
    world.org.add_import(id, workshop, "people.csv", "imports/people", NOW).await.unwrap();
    id
}

async fn commit(world: &World, id: ImportId) {
    world.org.import_checked(id, &json!({"phone": 1}), &Value::Null).await.unwrap();
    world.org.import_committing(id, NOW).await.unwrap();
    world.org.import_committed(id, &json!({"new": 1}), NOW).await.unwrap();
}

fn bad(line: i64) -> ImportRow {
    ImportRow {
        line,
        cells: vec!["आशा".into(), "12".into()],
        problems: json!([{"column": 1, "says": "too short"}]),
        decision: Decision::Open,
    }
}

both! {
    async fn an_import_goes_its_way_and_no_other(world) {
        let workshop = world.workshop("Excel").await;
        let id = upload(&world, workshop).await;
        assert!(matches!(world.org.import_committing(id, NOW).await, Err(StoreError::Stale)));
        world.org.import_checked(id, &json!({"phone": 1}), &json!({"rows": 2})).await.unwrap();
        let import = world.org.import(id).await.unwrap();
        assert_eq!((import.state, import.mapping, import.summary), (ImportState::Checked, json!({"phone": 1}), json!({"rows": 2})));
        assert_eq!((import.workshop_title.as_str(), import.file_name.as_str()), ("Excel", "people.csv"));
        world.org.import_committing(id, NOW).await.unwrap();
        world.org.import_committing(id, NOW).await.expect("after a restart it is begun again");
        assert!(matches!(world.org.import_checked(id, &Value::Null, &Value::Null).await, Err(StoreError::Stale)));
        world.org.import_committed(id, &json!({"new": 1}), NOW).await.unwrap();
        assert!(matches!(world.org.import_committing(id, NOW).await, Err(StoreError::Stale)));
        let import = world.org.import(id).await.unwrap();
        assert_eq!((import.state, import.committed_at), (ImportState::Committed, Some(NOW)));
        assert_eq!(world.org.imports(None, 10).await.unwrap(), [import]);
    }

    async fn another_organisation_sees_no_import(world) {
        let workshop = world.workshop("Excel").await;
        let id = upload(&world, workshop).await;
        world.org.import_checked(id, &Value::Null, &Value::Null).await.unwrap();
        world.org.add_import_rows(id, &[bad(2)]).await.unwrap();
        assert!(matches!(world.other.import(id).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.add_import_rows(id, &[bad(3)]).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.import_committing(id, NOW).await, Err(StoreError::Stale)));
        assert!(matches!(world.other.undo_import(id, NOW, |_| ()).await, Err(StoreError::Missing)));
        assert!(matches!(
            world.other.decide_import_row(id, 2, &Decision::Skip, &Value::Null).await,
            Err(StoreError::Stale)
        ));
        let elsewhere = world.other.add_import(ImportId::new(NOW), workshop, "x", "x", NOW).await;
        assert!(matches!(elsewhere, Err(StoreError::Missing)));
        assert_eq!(world.other.imports(None, 10).await.unwrap(), []);
        assert_eq!(world.other.import_rows(id, 0, 10).await.unwrap(), []);
    }

    async fn a_row_that_needs_a_person_keeps_what_they_decide(world) {
        let workshop = world.workshop("Excel").await;
        let id = upload(&world, workshop).await;
        world.org.import_checked(id, &Value::Null, &Value::Null).await.unwrap();
        world.org.add_import_rows(id, &[bad(2), bad(9), bad(14)]).await.unwrap();
        world.org.add_import_rows(id, &[bad(9)]).await.unwrap();
        let fix = Decision::Fix(vec![(1, "90000 00001".into())]);
        world.org.decide_import_row(id, 9, &fix, &json!([])).await.unwrap();
        world.org.decide_import_row(id, 14, &Decision::Skip, &Value::Null).await.unwrap();
        assert!(matches!(
            world.org.decide_import_row(id, 3, &Decision::Skip, &Value::Null).await,
            Err(StoreError::Stale)
        ));
        let rows = world.org.import_rows(id, 2, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [9, 14]);
        assert_eq!((&rows[0].decision, &rows[0].cells[0]), (&fix, &"आशा".to_owned()));
        let counts = world.org.import_row_counts(id).await.unwrap();
        assert_eq!((counts.open, counts.fix, counts.skip), (1, 1, 1));
        world.org.import_checked(id, &Value::Null, &Value::Null).await.unwrap();
        assert_eq!(world.org.import_rows(id, 0, 10).await.unwrap(), [], "a new look forgets the old one");
    }

    async fn an_undo_takes_back_what_the_import_brought_and_nobody_else(world) {
        let workshop = world.workshop("Excel").await;
        let elsewhere = world.workshop("Python").await;
        world.org.add_registrant(elsewhere, person("Known", "90000 00001", ""), NOW).await.unwrap();
        world.org.add_registrant(workshop, person("By hand", "90000 00002", ""), NOW.plus(9)).await.unwrap();
        let id = upload(&world, workshop).await;
        let rows = vec![
            person("Known", "90000 00001", ""),
            person("Shares a number", "90000 00002", "b@example.com"),
            person("New", "90000 00003", ""),
            person("Also New", "90000 00003", ""),
            person("", "", ""),
            person("Told", "90000 00004", ""),
        ];
        let added = world.org.add_registrants(workshop, id, rows, NOW.plus(20)).await.unwrap();
        assert_eq!((added.new, added.lead_new), (6, 2));
        commit(&world, id).await;
        let filter = RegistrantFilter { search: "Told".into(), limit: 1, ..Default::default() };
        let told = world.org.registrants(workshop, &filter).await.unwrap()[0].id;
        world.broadcast(workshop, "completed", (told, "+919000000004")).await;

        let undone = world.org.undo_import(id, NOW, |_| ()).await.unwrap();
        assert_eq!((undone.deleted, undone.kept), (5, 1));
        let counts = world.org.registrant_counts(workshop).await.unwrap();
        assert_eq!(counts, RegistrantCounts { registered: 2, ..Default::default() });
        assert_eq!(world.org.workshop(workshop).await.unwrap().registrants, 2);
        assert_eq!(world.org.registrant_counts(elsewhere).await.unwrap().registered, 1);
        assert!(world.org.lead_by_phone("+919000000001").await.is_ok());
        assert!(world.org.lead_by_phone("+919000000003").await.is_err());
        assert_eq!(world.org.import(id).await.unwrap().state, ImportState::Undone);
        assert!(matches!(world.org.undo_import(id, NOW, |_| ()).await, Err(StoreError::Stale)));
    }

    async fn an_undo_gives_the_number_to_the_next_who_has_it(world) {
        let workshop = world.workshop("Excel").await;
        let id = upload(&world, workshop).await;
        world.org.add_registrants(workshop, id, vec![person("First", "90000 00001", "")], NOW).await.unwrap();
        world.org.add_registrant(workshop, person("Second", "90000 00001", ""), NOW.plus(9)).await.unwrap();
        assert_eq!(world.org.registrant_counts(workshop).await.unwrap().duplicate, 1);
        commit(&world, id).await;
        world.org.undo_import(id, NOW, |_| ()).await.unwrap();
        let counts = world.org.registrant_counts(workshop).await.unwrap();
        assert_eq!(counts, RegistrantCounts { registered: 1, ..Default::default() });
    }

    async fn an_undo_of_thousands_who_may_have_been_told_looks_at_them_in_steps_and_keeps_the_counts(world) {
        let workshop = world.workshop("Excel").await;
        let id = upload(&world, workshop).await;
        let rows = (0..4_500).map(|n| person(&format!("P {n}"), &format!("90000 {:05}", n / 2), "")).collect();
        world.org.add_registrants(workshop, id, rows, NOW).await.unwrap();
        commit(&world, id).await;
        let filter = RegistrantFilter { limit: 2, ..Default::default() };
        let last = world.org.registrants(workshop, &filter).await.unwrap();
        world.org.set_registrant_status(workshop, last[0].id, RegistrantStatus::Refunded, NOW).await.unwrap();
        world.broadcast(workshop, "completed", (last[1].id, &last[1].phone)).await;
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let listener = heard.clone();
        let undone = world.org.undo_import(id, NOW, move |looked_at| listener.lock().unwrap().push(looked_at)).await.unwrap();
        assert_eq!((undone.deleted, undone.kept), (4_499, 1));
        assert_eq!(*heard.lock().unwrap(), [2_000, 4_000, 4_500]);
        let one = RegistrantCounts { registered: 1, ..Default::default() };
        assert_eq!(world.org.registrant_counts(workshop).await.unwrap(), one);
        assert_eq!(world.org.workshop(workshop).await.unwrap().registrants, 1);
    }
}
