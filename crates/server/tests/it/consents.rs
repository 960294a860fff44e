//! Who may be contacted, and about what: the opt-out list, lists that are imported, agreements on a person's page and from files.

use axum::http::StatusCode;
use domain::{
    channel::{Category, Channel},
    ids::{LeadId, WorkerId},
    phone::{Country, Phone},
    time::{DAY, HOUR},
};
use store::{
    Actor, Org, on_both,
    suppressions::{Suppression, SuppressionFilter},
    work::OptOut,
};

use crate::world::{Answer, Browser, People, World};

const PHONE: &str = "+919000000001";
const LIST: &str = "/people/opted-out";

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

fn person(people: &People) -> LeadId {
    people.records.iter().find(|(name, _)| *name == "{person}").unwrap().1.parse().unwrap()
}

async fn entries(world: &World, people: &People) -> Vec<Suppression> {
    org(world, people).suppressions(&SuppressionFilter { limit: 100, ..Default::default() }).await.unwrap()
}

/// Behaves as if this number had written STOP.
async fn stop(world: &World, people: &People, channel: Channel, phone: &str) {
    let wish = OptOut {
        organization: people.first,
        phone_key: world.app.phone_key.of(phone),
        phone: phone.to_owned(),
        channel,
        category: "all",
        reason: "Wrote STOP",
    };
    let now = world.clock_now();
    world.app.store.work(WorkerId::new(now)).opt_out(&wish, now).await.unwrap();
}

async fn agreed(world: &World, people: &People, channel: Channel, phone: &str) -> bool {
    let work = world.app.store.work(WorkerId::new(world.clock_now()));
    let keys = vec![world.app.phone_key.of(phone)];
    work.audience_reader(people.first).consenting(channel, Category::Marketing, keys).await.unwrap().len()
        == 1
}

const FORM: [(&str, &str); 3] =
    [("channel", "sms"), ("source", "Counter at the fair"), ("wording", "Send me offers by SMS")];

async fn record(browser: &mut Browser<'_>, person: LeadId, more: &[(&str, &str)]) -> Answer {
    let form: Vec<_> = FORM.iter().chain(more).copied().collect();
    browser.post(&format!("/people/{person}/consents"), &form).await
}

async fn upload(browser: &mut Browser<'_>, file: &str, reason: &str) -> Answer {
    let fields = [("channel", "sms"), ("category", "marketing"), ("reason", reason)];
    browser.upload(&format!("{LIST}/import"), &fields, "stop list.csv", file.as_bytes()).await
}

on_both! {
    async fn an_agreement_tells_who_asked_when_and_where_and_is_withdrawn_there(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let person = person(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let nothing = manager.post(&format!("/people/{person}/consents"), &[]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nothing.body.contains("Write where they agreed") && nothing.body.contains("Choose a channel"), "{}", nothing.body);
        let ahead = record(&mut manager, person, &[("given", "2100-01-01T10:00")]).await;
        assert!(ahead.body.contains("This lies ahead."), "{}", ahead.body);
        assert!(ahead.body.contains("Counter at the fair"), "what was typed is still there");
        let answer = record(&mut manager, person, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = manager.get(&format!("/people/{person}")).await;
        for words in ["Send me offers by SMS", "Counter at the fair", "Promotions on SMS", "Manager", "Agreed"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(agreed(&world, &people, Channel::Sms, PHONE).await);
        let twice = record(&mut manager, person, &[]).await;
        assert!(twice.body.contains("This agreement stands already."), "{}", twice.body);

        let story = org(&world, &people).story(person, &world.app.phone_key).await.unwrap();
        let own = story.consents.iter().find(|consent| consent.channel == Some(Channel::Sms)).unwrap();
        let withdraw = format!("/people/{person}/consents/{}/withdraw", own.id);
        let mut agent = world.signed_in(&people.agent).await;
        assert_eq!(agent.get(&withdraw).await.status, StatusCode::OK);
        let empty = agent.post(&withdraw, &[("reason", " ")]).await;
        assert!(empty.body.contains("Write how they took it back"), "{}", empty.body);
        agent.post(&withdraw, &[("reason", "asked on the phone")]).await;
        let page = agent.get(&format!("/people/{person}")).await;
        assert!(page.body.contains("Withdrawn") && page.body.contains("by Agent: asked on the phone"), "{}", page.body);
        assert_eq!(agent.post(&withdraw, &[("reason", "again")]).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_persons_page_says_how_to_reach_them_and_what_they_may_be_sent(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let person = person(&people);
        let mut manager = world.signed_in(&people.manager).await;
        let address = format!("/people/{person}");
        let everything = manager.get(&address).await.body;
        for words in ["How to reach ", "Not tried", "No workshop messages", "Opted out of everything."] {
            assert!(everything.contains(words), "{words}: {everything}");
        }
        let entry = entries(&world, &people).await.remove(0).id;
        manager.post(&format!("{LIST}/{entry}/remove"), &[]).await;
        let story = org(&world, &people).story(person, &world.app.phone_key).await.unwrap();
        let withdraw = format!("{address}/consents/{}/withdraw", story.consents[0].id);
        let before = manager.get(&address).await.body;
        assert!(before.contains("Agreed ") && before.contains(": form") && !before.contains("No promotions"), "{before}");
        manager.post(&withdraw, &[("reason", "asked on the phone")]).await;
        let at_first = manager.get(&address).await.body;
        for words in ["Workshop messages", "Follow from the registration", "No promotions", "No agreement is recorded"] {
            assert!(at_first.contains(words), "{words}: {at_first}");
        }
        assert!(!at_first.contains("No workshop messages"), "{at_first}");
        record(&mut manager, person, &[]).await;
        let agreed = manager.get(&address).await.body;
        assert!(agreed.contains("Only by SMS. Agreed ") && agreed.contains(": Counter at the fair"), "{agreed}");
        assert!(!agreed.contains("No promotions"), "{agreed}");
        stop(&world, &people, Channel::Sms, PHONE).await;
        let stopped = manager.get(&address).await.body;
        for words in [
            "No promotions",
            "Only by WhatsApp Personal, IVR Call. Follow from the registration",
            "Opted out of everything on SMS.",
            "entered by themselves: “Wrote STOP”",
            "Allow again",
        ] {
            assert!(stopped.contains(words), "{words}: {stopped}");
        }
        let viewer = world.signed_in(&people.viewer).await.get(&address).await.body;
        assert!(viewer.contains("Opted out of everything on SMS.") && !viewer.contains("Allow again"), "{viewer}");
    }

    async fn soon_after_an_opt_out_an_agreement_needs_to_say_how_they_came_back(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let person = person(&people);
        let mut manager = world.signed_in(&people.manager).await;
        stop(&world, &people, Channel::Sms, PHONE).await;
        let page = manager.get(&format!("/people/{person}")).await;
        assert!(page.body.contains("Do not ask them again before"), "{}", page.body);
        let refused = record(&mut manager, person, &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Nobody may ask them before"), "{}", refused.body);
        assert_eq!(record(&mut manager, person, &[("note", "called us")]).await.status, StatusCode::SEE_OTHER);
        assert!(manager.get(&format!("/people/{person}")).await.body.contains("After an opt-out: called us"));
    }

    async fn what_a_person_stopped_themselves_is_lifted_only_with_a_reason(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        stop(&world, &people, Channel::WhatsappPersonal, PHONE).await;
        let own = entries(&world, &people).await.into_iter().find(Suppression::is_own).unwrap();
        let lift = format!("{LIST}/{}/remove", own.id);
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get(&lift).await.body.contains("They asked for it themselves"));
        let refused = manager.post(&lift, &[("reason", "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Write how they asked"), "{}", refused.body);
        assert_eq!(manager.post(&lift, &[("reason", "wants reminders again")]).await.status, StatusCode::SEE_OTHER);
        let lifted = manager.get(&format!("{LIST}?show=lifted")).await;
        assert!(lifted.body.contains("wants reminders again") && lifted.body.contains("by Manager"), "{}", lifted.body);
        let page = manager.get(&format!("/people/{}", person(&people))).await;
        assert!(page.body.contains("Opt-outs that were lifted"), "{}", page.body);
        assert!(page.body.contains("Opted out of everything."), "the other entry stands: {}", page.body);
        // An entry by a member is lifted without a reason.
        let by_hand = entries(&world, &people).await.remove(0).id;
        assert_eq!(manager.post(&format!("{LIST}/{by_hand}/remove"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(entries(&world, &people).await, []);
    }

    async fn the_list_is_filtered_by_what_it_stops_and_exported_like_that(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        for (phone, channel, category, reason) in
            [("90000 00002", "sms", "marketing", "=sum(1)"), ("90000 00003", "ivr", "all", "no calls")]
        {
            let form = [("phone", phone), ("channel", channel), ("category", category), ("reason", reason)];
            assert_eq!(manager.post(LIST, &form).await.status, StatusCode::SEE_OTHER);
        }
        manager.get(LIST).await; // reads the notice
        let sms = manager.get(&format!("{LIST}?channel=sms")).await;
        assert!(sms.body.contains("90000 00002") && !sms.body.contains("90000 00003"), "{}", sms.body);
        let utility = manager.get(&format!("{LIST}?category=utility")).await;
        assert!(!utility.body.contains("90000 00002") && utility.body.contains("90000 00003"), "{}", utility.body);
        let csv = manager.get(&format!("{LIST}/export?channel=sms")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        assert!(csv.body.contains("\"+919000000002\",\"SMS\",\"marketing\",\"'=sum(1)\",\"by_hand\",\"Manager\""), "{}", csv.body);
        assert!(!csv.body.contains("9000000003"), "{}", csv.body);
        // A number that was erased is still found by a member who knows it.
        let phone = Phone::parse("90000 00003", Country::INDIA).unwrap();
        org(&world, &people).forget_number(&phone, &world.app.phone_key, world.clock_now()).await.unwrap();
        let found = manager.get(&format!("{LIST}?q=90000+00003")).await;
        assert!(found.body.contains("Erased number"), "{}", found.body);
        assert!(!manager.get(&format!("{LIST}?q=90000+00009")).await.body.contains("Erased number"));
    }

    async fn a_list_is_looked_at_first_and_entered_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let before = entries(&world, &people).await.len();
        let file = "Name,Mobile\nA,90000 00011\nB,+91 90000 00011\nC,12345\nD,\nE,09000000012\n=cmd,9.0E+09\n";
        let refused = upload(&mut manager, file, "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Write who asked for it"), "{}", refused.body);
        let answer = upload(&mut manager, file, "old provider").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let list = answer.location().to_owned();
        let page = manager.get(&list).await;
        for words in ["Enter 2 numbers", "3 rows that cannot be read", "Row 4", "12345", "There is no number in this row.", "promotions on SMS"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert_eq!(entries(&world, &people).await.len(), before, "nothing is entered before somebody says so");
        let stranger = world.signed_in(&people.stranger).await.get(&list).await;
        assert_eq!(stranger.status, StatusCode::NOT_FOUND);
        // Another column is chosen, then the right one again.
        manager.post(&list, &[("column", "0")]).await;
        assert!(manager.get(&list).await.body.contains("Enter 0 numbers"));
        manager.post(&list, &[("column", "1")]).await;
        let done = manager.post(&format!("{list}/commit"), &[]).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, LIST));
        let page = manager.get(LIST).await;
        assert!(page.body.contains("2 numbers entered.") && page.body.contains("old provider (list stop list.csv)"), "{}", page.body);
        let all = entries(&world, &people).await;
        assert_eq!(all.len(), before + 2);
        let entered: Vec<_> = all.iter().filter(|entry| entry.source == "import").map(|e| (e.channel, e.category)).collect();
        assert_eq!(entered, [(Some(Channel::Sms), Some(Category::Marketing)); 2]);
        assert_eq!(manager.get(&list).await.status, StatusCode::NOT_FOUND, "the file is gone");
        let again = upload(&mut manager, file, "old provider").await;
        assert!(manager.get(again.location()).await.body.contains("Enter 0 numbers"));
        // Nobody committed this list: it is removed after a day.
        let left = again.location().to_owned();
        world.clock.advance(DAY + HOUR);
        world.app.engine.tidy().await.unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        assert_eq!(manager.get(&left).await.status, StatusCode::NOT_FOUND);
        let refused = upload(&mut manager, "", "old provider").await;
        assert!(refused.body.contains("The file is empty"), "{}", refused.body);
    }

    async fn a_file_of_registrants_brings_agreements_and_its_undo_takes_them_back(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let workshop = &people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1;
        stop(&world, &people, Channel::WhatsappPersonal, "+919000000013").await;
        let mut manager = world.signed_in(&people.manager).await;
        let file = "Name,Phone,Send me offers on WhatsApp\n\
                    A,90000 00011,Yes\nB,90000 00012,नहीं\nC,90000 00013,हाँ\nD,90000 00014,perhaps\nE,90000 00015,\n";
        let answer = manager.upload("/imports", &[("workshop", workshop)], "people.csv", file.as_bytes()).await;
        let import = answer.location().trim_end_matches("/columns").to_owned();
        let columns = manager.get(&format!("{import}/columns")).await;
        assert!(columns.body.contains("Agreed to promotions"), "{}", columns.body);
        let settled = async |manager: &mut Browser<'_>| loop {
            let page = manager.get(&import).await;
            if !page.headers.contains_key("refresh") {
                return page;
            }
            tokio::task::yield_now().await;
        };
        manager.post(&format!("{import}/columns"), &[("name", "0"), ("phone", "1"), ("consent", "2")]).await;
        let page = settled(&mut manager).await;
        assert!(page.body.contains("2 people agreed to promotions"), "{}", page.body);
        manager.post(&format!("{import}/commit"), &[]).await;
        let page = settled(&mut manager).await;
        assert!(page.body.contains("1 agreement to promotions recorded. 1 not recorded"), "{}", page.body);
        assert!(agreed(&world, &people, Channel::WhatsappPersonal, "+919000000011").await);
        assert!(!agreed(&world, &people, Channel::Sms, "+919000000011").await, "the title names WhatsApp");
        for phone in ["+919000000012", "+919000000013", "+919000000014", "+919000000015"] {
            assert!(!agreed(&world, &people, Channel::WhatsappPersonal, phone).await, "{phone}");
        }
        let lead = org(&world, &people).lead_by_phone("+919000000011").await.unwrap();
        let page = manager.get(&format!("/people/{lead}")).await;
        assert!(page.body.contains("Send me offers on WhatsApp") && page.body.contains("File people.csv"), "{}", page.body);
        manager.post(&format!("{import}/undo"), &[]).await;
        settled(&mut manager).await;
        assert!(!agreed(&world, &people, Channel::WhatsappPersonal, "+919000000011").await);
    }
}
