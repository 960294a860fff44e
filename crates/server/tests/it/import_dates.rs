//! Files that say when and from where people registered.

use axum::http::StatusCode;
use store::{Actor, on_both, registrants::RegistrantFilter};

use crate::world::{Answer, Browser, People, World};

const COLUMNS: [(&str, &str); 4] = [("name", "0"), ("phone", "1"), ("registered_at", "2"), ("source", "3")];

fn workshop(people: &People) -> String {
    people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1.clone()
}

/// Uploads a file; the import's address.
async fn take(browser: &mut Browser<'_>, people: &People, file: &str) -> String {
    let answer =
        browser.upload("/imports", &[("workshop", &workshop(people))], "people.csv", file.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().trim_end_matches("/columns").to_owned()
}

async fn settled(browser: &mut Browser<'_>, import: &str) -> Answer {
    loop {
        let page = browser.get(import).await;
        if !page.headers.contains_key("refresh") {
            return page;
        }
        tokio::task::yield_now().await;
    }
}

/// `name registered_at source` of everybody, oldest registration first.
async fn registered(world: &World, people: &People) -> Vec<String> {
    let org = world.app.store.org(Actor::command_line(people.first));
    let zone = domain::time::Zone::india();
    let filter = RegistrantFilter { limit: 50, ..RegistrantFilter::default() };
    let all = org.registrants(workshop(people).parse().unwrap(), &filter).await.unwrap();
    let mut told: Vec<_> = all
        .iter()
        .filter(|person| !person.name.is_empty())
        .map(|person| format!("{} {} {}", zone.rfc3339(person.registered_at), person.name, person.came_from))
        .collect();
    told.sort();
    told
}

on_both! {
    async fn when_and_from_where_people_registered_comes_from_the_file_to_list_page_and_export(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let file = "Name,Phone,Registered at,Source\n\
                    Asha,90000 00011,03/04/2026 19:05,Facebook\n\
                    Ravi,90000 00012,13/04/2026 7:30 AM,=A friend\n\
                    Meena,90000 00013,,\n";
        let import = take(&mut manager, &people, file).await;
        let columns = manager.get(&format!("{import}/columns")).await;
        // Both are guessed from their titles.
        for (field, letter) in [("registered_at", "2"), ("source", "3")] {
            let (_, select) = columns.body.split_once(&format!("name=\"{field}\"")).unwrap();
            let (select, _) = select.split_once("</select>").unwrap();
            assert!(select.contains(&format!("value=\"{letter}\" selected")), "{select}");
        }
        let answer = manager.post(&format!("{import}/columns"), &COLUMNS).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "the second row tells which way the first is meant: {}", answer.body);
        settled(&mut manager, &import).await;
        manager.post(&format!("{import}/commit"), &[]).await;
        settled(&mut manager, &import).await;
        let now = domain::time::Zone::india().rfc3339(world.clock_now());
        let mut expected = vec![
            "2026-04-03T19:05:00+05:30 Asha Facebook".to_owned(),
            "2026-04-13T07:30:00+05:30 Ravi =A friend".to_owned(),
            format!("{now} Meena "),
        ];
        expected.sort();
        assert_eq!(registered(&world, &people).await, expected);

        let list = manager.get(&format!("/workshops/{}", workshop(&people))).await;
        assert!(list.body.contains("Facebook · from a file") && list.body.contains("registrants.csv"), "{}", list.body);
        let story = manager.get("/people/number/919000000011").await;
        let story = manager.get(story.location()).await;
        assert!(story.body.contains("Facebook · from people.csv"), "{}", story.body);
        let csv = manager.get(&format!("/workshops/{}/registrants.csv?which=&q=Asha", workshop(&people))).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        assert!(csv.body.contains("\"2026-04-03T19:05:00+05:30\",\"Facebook\""), "{}", csv.body);
        assert!(!csv.body.contains("Ravi"), "as filtered");
        let all = manager.get(&format!("/workshops/{}/registrants.csv", workshop(&people))).await;
        assert!(all.body.contains("\"'=A friend\""), "no spreadsheet runs it: {}", all.body);
    }

    async fn dates_that_can_be_read_in_two_ways_are_asked_about(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let file = "Name,Phone,Registered at,Source\nAsha,90000 00011,03/04/2026,Ad\nRavi,90000 00012,05/06/2026,Ad\n";
        let import = take(&mut manager, &people, file).await;
        let asked = manager.post(&format!("{import}/columns"), &COLUMNS).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(asked.body.contains("“03/04/2026” can be read in two ways") && asked.body.contains("Month first"), "{}", asked.body);
        let mut said = COLUMNS.to_vec();
        said.push(("dates", "month_first"));
        let answer = manager.post(&format!("{import}/columns"), &said).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        settled(&mut manager, &import).await;
        manager.post(&format!("{import}/commit"), &[]).await;
        settled(&mut manager, &import).await;
        let told = registered(&world, &people).await;
        assert_eq!(told, ["2026-03-04T00:00:00+05:30 Asha Ad", "2026-05-06T00:00:00+05:30 Ravi Ad"]);
    }

    async fn a_date_that_cannot_be_read_costs_the_time_and_not_the_person(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let file = "Name,Phone,Registered at,Source\n\
                    Asha,90000 00011,13/04/2026,Ad\n\
                    Ravi,90000 00012,30/02/2026,Ad\n\
                    Meena,90000 00013,04/13/2026,Ad\n\
                    Farhan,90000 00014,last week,Ad\n";
        let import = take(&mut manager, &people, file).await;
        let asked = manager.post(&format!("{import}/columns"), &COLUMNS).await;
        assert!(asked.body.contains("“13/04/2026” has the day first and “04/13/2026” the month."), "{}", asked.body);
        let mut said = COLUMNS.to_vec();
        said.push(("dates", "day_first"));
        let answer = manager.post(&format!("{import}/columns"), &said).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = settled(&mut manager, &import).await;
        assert!(page.body.contains("<strong>4</strong> of 4 rows are ready"), "{}", page.body);
        assert!(page.body.contains("3 rows are taken without something that could not be read"), "{}", page.body);
        manager.post(&format!("{import}/commit"), &[]).await;
        settled(&mut manager, &import).await;
        let told = registered(&world, &people).await;
        assert!(told.iter().any(|line| line == "2026-04-13T00:00:00+05:30 Asha Ad"), "{told:?}");
        assert_eq!(told.len(), 4);
    }
}
