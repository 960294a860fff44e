//! Names and numbers are corrected where they are seen, and the page says what follows from it.

use axum::http::StatusCode;
use domain::ids::{RegistrantId, WorkshopId};
use store::{
    Actor,
    messages::{MessageFilter, MessageView},
    on_both,
    registrants::RegistrantFilter,
};

use crate::world::{People, World};

struct Place {
    workshop: WorkshopId,
    registrant: RegistrantId,
    page: String,
}

fn place(people: &People) -> Place {
    let record = |wanted: &str| people.records.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
    let (workshop, registrant) = (record("{workshop}"), record("{registrant}"));
    Place {
        page: format!("/workshops/{workshop}/registrants/{registrant}/correct"),
        workshop: workshop.parse().unwrap(),
        registrant: registrant.parse().unwrap(),
    }
}

on_both! {
    async fn a_number_is_corrected_from_the_row_and_its_history_stands_on_the_persons_page(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let at = place(&people);
        let before = org.registrant(at.workshop, at.registrant).await.unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let list = manager.get(&format!("/workshops/{}", at.workshop)).await;
        assert!(list.body.contains(&at.page), "the row leads there: {}", list.body);
        let form = manager.get(&at.page).await;
        assert_eq!(form.status, StatusCode::OK);
        assert!(form.body.contains(&format!(r#"value="{}""#, before.phone)), "{}", form.body);

        let wrong = manager.post(&at.page, &[("name", "Asha Menon"), ("phone", "12 34"), ("email", "asha")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains(r#"value="12 34""#) && wrong.body.matches("m-error").count() >= 2, "{}", wrong.body);
        assert_eq!(org.registrant(at.workshop, at.registrant).await.unwrap(), before);

        let fields = [("name", "Asha Menon"), ("phone", "90000 00777"), ("email", "menon@udaan.example")];
        let saved = manager.post(&at.page, &fields).await;
        assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, "/people/number/919000000777"));
        let now = org.registrant(at.workshop, at.registrant).await.unwrap();
        assert_eq!((now.name.as_str(), now.phone.as_str(), now.email.as_str()), ("Asha Menon", "+919000000777", "menon@udaan.example"));
        let person = manager.get("/people/number/919000000777").await;
        let person = manager.get(person.location()).await;
        for says in ["Corrections", "+91 90000 00777", "Asha Menon", &people.manager.name, &at.page] {
            assert!(person.body.contains(says), "{says}: {}", person.body);
        }
        let log = world.signed_in(&people.admin).await.get("/settings/audit").await;
        assert!(log.body.contains("Corrected a registration"), "{}", log.body);
        assert!(log.body.contains("<b>+91 90000 00777</b>"), "old and new, as they stand with the person: {}", log.body);
        let kept = org.audit_log(None, 100).await.unwrap();
        assert!(kept.iter().all(|entry| !entry.detail.contains("00777") && !entry.subject.contains("00777")));
    }

    async fn the_way_to_tell_a_person_leads_to_the_composer_for_that_person_alone(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let at = place(&people);
        let to = format!("/?workshop={}&amp;who=chosen:{}", at.workshop, at.registrant);
        let mut manager = world.signed_in(&people.manager).await;
        for page in [at.page.clone(), format!("/workshops/{}", at.workshop), "/people/number/919000000001".to_owned()] {
            let answer = manager.get(&page).await;
            let answer = if answer.status.is_redirection() { manager.get(answer.location()).await } else { answer };
            assert!(answer.body.contains(&to), "{page}: {}", answer.body);
        }
        let composer = manager.get(&to.replace("&amp;", "&")).await;
        assert_eq!(composer.status, StatusCode::OK);
        let mut viewer = world.signed_in(&people.viewer).await;
        assert!(!viewer.get(&format!("/workshops/{}", at.workshop)).await.body.contains("Tell this person now"));
    }

    async fn what_somebody_else_says_already_is_not_said_twice(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let at = place(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let twin = [("name", "Ravi Twin"), ("phone", "90000 00778"), ("email", "")];
        manager.post(&format!("/workshops/{}/registrants", at.workshop), &twin).await;
        let taken = manager.post(&at.page, &twin).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.body.contains("is registered here with exactly this name"), "{}", taken.body);
        let nobody = manager.post(&at.page, &[("name", ""), ("phone", ""), ("email", "")]).await;
        assert!(nobody.body.contains("Enter a number, or at least"), "{}", nobody.body);
    }

    async fn a_number_that_somebody_else_of_the_workshop_has_is_asked_about_and_given_to_both_only_by_its_own_button(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let at = place(&people);
        let before = org.registrant(at.workshop, at.registrant).await.unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let twin = [("name", "Ravi Twin"), ("phone", "90000 00779"), ("email", "")];
        manager.post(&format!("/workshops/{}/registrants", at.workshop), &twin).await;
        let fields = [("name", "Asha Menon"), ("phone", "90000 00779"), ("email", "")];
        let asks = manager.post(&at.page, &fields).await;
        assert_eq!(asks.status, StatusCode::UNPROCESSABLE_ENTITY);
        for says in [
            "Ravi Twin has this number already. Nothing was saved.",
            "+91 90000 00779 is the number of Ravi Twin too.",
            "Each message goes to it once, written to",
            "Ravi Twin gets no message of their own.",
            r#"name="share" value="+919000000779""#,
            r#"value="90000 00779""#,
        ] {
            assert!(asks.body.contains(says), "{says}: {}", asks.body);
        }
        let save = asks.body.find(">Save<").or(asks.body.find("Save</")).unwrap();
        assert!(save < asks.body.find(r#"name="share""#).unwrap(), "the Enter key presses the first button: {}", asks.body);
        assert_eq!(org.registrant(at.workshop, at.registrant).await.unwrap(), before);
        // The confirmation holds for this number and no other.
        let other = [("name", "Asha Menon"), ("phone", "90000 00779"), ("email", ""), ("share", "+919000000780")];
        assert_eq!(manager.post(&at.page, &other).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let both = [("name", "Asha Menon"), ("phone", "90000 00779"), ("email", ""), ("share", "+919000000779")];
        assert_eq!(manager.post(&at.page, &both).await.status, StatusCode::SEE_OTHER);
        assert_eq!(org.registrant(at.workshop, at.registrant).await.unwrap().phone, "+919000000779");
        // From here on both people have the number, so a new name asks no question.
        let renamed = [("name", "Asha M"), ("phone", "90000 00779"), ("email", "")];
        assert_eq!(manager.post(&at.page, &renamed).await.status, StatusCode::SEE_OTHER);
    }

    async fn a_left_out_row_leads_to_its_correction_and_its_message_says_what_was_corrected_since(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let at = place(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let none = [("name", "Thomas Kurian"), ("phone", ""), ("email", "thomas@udaan.example")];
        manager.post(&format!("/workshops/{}/registrants", at.workshop), &none).await;
        let id = crate::broadcast::planned(&world, &people).await;
        world.clock.advance(60_000);
        let rows = org.messages(id, &MessageFilter::default(), 0, 50).await.unwrap();
        let skipped = rows.iter().find(|row| row.name == "Thomas Kurian").expect("needs one who was left out");
        let waits = rows.iter().find(|row| row.addressee.registrant() == Some(at.registrant)).expect("needs one who waits");
        let href = |row: &MessageView| {
            let (who, place) = (row.addressee.registrant().unwrap(), row.message.position);
            format!("/workshops/{}/registrants/{who}/correct?broadcast={id}&amp;position={place}", at.workshop)
        };
        let page = manager.get(&format!("/broadcasts/{id}")).await;
        assert!(page.body.contains(&href(skipped)), "the row leads there: {}", page.body);
        assert!(!page.body.contains(&href(waits)), "nothing is wrong with who waits: {}", page.body);
        let seen = world.signed_in(&people.viewer).await.get(&format!("/broadcasts/{id}")).await;
        assert!(!seen.body.contains("/correct?"), "who may not correct is not led there: {}", seen.body);

        let to = href(skipped).split('?').next().unwrap().to_owned();
        let place = skipped.message.position.to_string();
        let now = [("name", "Thomas Kurian"), ("phone", "90000 00333"), ("email", ""), ("broadcast", &id.to_string()), ("position", &place)];
        let story = manager.post(&to, &now).await.location().to_owned();
        assert_eq!(story, format!("/broadcasts/{id}/messages/{place}"));
        let story = manager.get(&story).await;
        for says in [
            "Corrected since: No number → +91 90000 00333.",
            "Nothing went to the new number by this message.",
            "Registration corrected",
            "Tell this person now",
            "/people/number/919000000333",
            &people.manager.name,
        ] {
            assert!(story.body.contains(says), "{says}: {}", story.body);
        }
        let told = manager.get(&format!("/broadcasts/{id}/messages/{place}/tell")).await;
        assert!(told.location().contains(&format!("who=chosen:{}", skipped.addressee.registrant().unwrap())), "{}", told.location());

        let place = waits.message.position.to_string();
        let old = munadi::ui::format::phone(&waits.recipient);
        let now = [("name", "Asha Menon"), ("phone", "90000 00334"), ("email", ""), ("broadcast", &id.to_string()), ("position", &place)];
        manager.post(&at.page, &now).await;
        let story = manager.get(&format!("/broadcasts/{id}/messages/{place}")).await;
        assert!(story.body.contains(&format!("Corrected since: {old} → +91 90000 00334.")), "{}", story.body);
        assert!(story.body.contains("This message still goes to the old number."), "{}", story.body);
        assert!(!story.body.contains("Tell this person now"), "it is on its way: {}", story.body);
    }

    async fn another_number_of_the_file_is_taken_with_one_press(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let at = place(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let workshop = at.workshop.to_string();
        let file = "Name,Mobile,Office landline,WhatsApp Number\nLata Bose,9000000551,022 2456 7890,9000000552\n";
        let up = manager.upload("/imports", &[("workshop", &workshop)], "crm.csv", file.as_bytes()).await;
        let id = up.location().split('/').nth(2).unwrap().to_owned();
        let columns = [("name", "0"), ("phone", "3"), ("phone.1", "1"), ("phone.2", "2")];
        manager.post(&format!("/imports/{id}/columns"), &columns).await;
        manager.post(&format!("/imports/{id}/commit"), &[]).await;
        while manager.get(&format!("/imports/{id}")).await.headers.contains_key("refresh") {
            tokio::task::yield_now().await;
        }
        let find = || async {
            let filter = RegistrantFilter { search: "Lata".into(), limit: 9, ..RegistrantFilter::default() };
            org.registrants(at.workshop, &filter).await.unwrap().remove(0)
        };
        let lata = find().await;
        assert_eq!((lata.phone.as_str(), lata.other_phones.as_str()), ("+919000000552", "+919000000551 +912224567890"));
        let page = format!("/workshops/{workshop}/registrants/{}/correct", lata.id);
        let form = manager.get(&page).await;
        assert!(form.body.contains("Use +91 90000 00551"), "{}", form.body);
        let fields = [("name", "Lata Bose"), ("phone", "+919000000552"), ("email", ""), ("use", "+919000000551")];
        manager.post(&page, &fields).await;
        assert_eq!(find().await.phone, "+919000000551");
        let csv = manager.get(&format!("/workshops/{workshop}/registrants.csv")).await;
        assert!(csv.body.contains("\"'+919000000551, +912224567890\""), "{}", csv.body);
    }

    async fn a_row_that_was_left_out_is_corrected_after_the_import_and_undone_with_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let at = place(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let workshop = at.workshop.to_string();
        let before = org.registrant_counts(at.workshop).await.unwrap().registered;
        let file = "Name,Phone\nGood One,9000000561\nShort One,90000\n";
        let up = manager.upload("/imports", &[("workshop", &workshop)], "list.csv", file.as_bytes()).await;
        let id = up.location().split('/').nth(2).unwrap().to_owned();
        manager.post(&format!("/imports/{id}/columns"), &[("name", "0"), ("phone", "1")]).await;
        manager.post(&format!("/imports/{id}/commit"), &[]).await;
        let page = loop {
            let page = manager.get(&format!("/imports/{id}")).await;
            if !page.headers.contains_key("refresh") {
                break page;
            }
            tokio::task::yield_now().await;
        };
        assert!(page.body.contains("whoever is corrected is registered at once"), "{}", page.body);
        assert!(page.body.contains(r#"name="c3.1""#), "{}", page.body);
        let still = manager.post(&format!("/imports/{id}/rows"), &[("c3.1", "90000 0")]).await;
        assert_eq!(still.status, StatusCode::SEE_OTHER, "{}", still.body);
        assert_eq!(org.registrant_counts(at.workshop).await.unwrap().registered, before + 1);
        manager.post(&format!("/imports/{id}/rows"), &[("c3.1", "90000 00562")]).await;
        let page = manager.get(&format!("/imports/{id}")).await;
        assert!(page.body.contains("Registered."), "{}", page.body);
        assert_eq!(org.registrant_counts(at.workshop).await.unwrap().registered, before + 2);
        manager.post(&format!("/imports/{id}/undo"), &[]).await;
        while manager.get(&format!("/imports/{id}")).await.headers.contains_key("refresh") {
            tokio::task::yield_now().await;
        }
        assert_eq!(org.registrant_counts(at.workshop).await.unwrap().registered, before);
    }

    async fn a_pasted_list_goes_the_way_of_a_file(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let at = place(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let workshop = at.workshop.to_string();
        let chat = "Here they come:\n1. Tara Sen 90000 00571\n2. Omar Khan - +91 90000 00572\n";
        let up = manager.upload("/imports", &[("workshop", &workshop), ("pasted", chat)], "", b"").await;
        assert_eq!(up.status, StatusCode::SEE_OTHER, "{}", up.body);
        let columns = manager.get(up.location()).await;
        assert!(columns.body.contains("Pasted list (1 line without a number left out)"), "{}", columns.body);
        let id = up.location().split('/').nth(2).unwrap().to_owned();
        let chosen = [("name", "0"), ("phone", "1"), ("phone.1", "2"), ("email", "3")];
        manager.post(&format!("/imports/{id}/columns"), &chosen).await;
        let page = manager.get(&format!("/imports/{id}")).await;
        assert!(page.body.contains("<strong>2</strong> of 2 rows are ready"), "{}", page.body);
        let both = manager.upload("/imports", &[("workshop", &workshop), ("pasted", chat)], "a.csv", b"Phone\n9000000001\n").await;
        assert!(both.body.contains("Keep one of them."), "{}", both.body);
        let none = manager.upload("/imports", &[("workshop", &workshop), ("pasted", "nobody at all")], "", b"").await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.body.contains("nobody at all"), "what was pasted stands there again: {}", none.body);
    }
}
