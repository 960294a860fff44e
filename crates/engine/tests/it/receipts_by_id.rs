//! Receipts that say what they are about by an id, and people who come without a number.

use domain::{
    message::{MessageState, Next},
    pace::Pace,
    phone::{Country, Phone},
    time::{DAY, MINUTE, SECOND},
};
use munadi_engine::Sender;
use serde_json::{Value, json};
use store::{
    erasure::Erasure,
    on_both,
    work::{Endings, Record, Want},
};

use crate::{receipts::receipt, world::World};

const USER: &str = "IN.00TESTuser0000001";

/// A receipt that names its message by the provider's id, and the other side as `who` says.
fn told(id: &str, submitted: &str, status: &str, who: &Value) -> (String, String) {
    let mut message = json!({ "id": id, "status": status, "submitted_message_id": submitted });
    merge(&mut message, who);
    (
        id.to_owned(),
        json!({ "id": id, "topic": "message.status.updated", "data": { "message": message } }).to_string(),
    )
}

fn wrote(id: &str, text: &str, who: &Value) -> (String, String) {
    let mut message =
        json!({ "sender": "USER", "message_type": "TEXT", "message_content": { "text": text } });
    merge(&mut message, who);
    (
        id.to_owned(),
        json!({ "id": id, "topic": "message.sender.user", "data": { "message": message } }).to_string(),
    )
}

fn merge(message: &mut Value, who: &Value) {
    for (name, value) in who.as_object().unwrap() {
        message[name] = value.clone();
    }
}

impl World {
    async fn id_of(&self, broadcast: domain::ids::BroadcastId, position: i64) -> String {
        let rows = self.rows(broadcast).await;
        let row = rows.iter().find(|row| row.message.position == position).unwrap();
        row.provider_id.clone().unwrap()
    }

    async fn unmatched(&self) -> Vec<String> {
        self.org.unmatched_receipts(9).await.unwrap().into_iter().map(|receipt| receipt.note).collect()
    }
}

on_both! {
    async fn the_providers_id_finds_the_message_without_a_number_and_whatever_the_number_looks_like(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let mut posts = Vec::new();
        let forms = [json!({}), json!({ "phone_number": "77001112233" }), json!({ "phone_number": USER }), json!({ "user_id": USER })];
        for (position, who) in (1..).zip(&forms) {
            posts.push(told(&format!("p{position}"), &world.id_of(id, position).await, "DELIVERED", who));
        }
        world.receive(posts).await;
        assert_eq!(world.sum(id).await, "4 = 4 delivered");
        // An id of somebody else's message moves nothing.
        world.receive(vec![told("x", "00000000-0000-4000-8000-00000000beef", "READ", &json!({}))]).await;
        world.clock.advance(MINUTE);
        world.receive(vec![]).await;
        assert_eq!((world.sum(id).await.as_str(), world.unmatched().await.len()), ("4 = 4 delivered", 1));
    }

    async fn a_receipt_is_taken_for_thirty_days(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let (first, second, third) = (world.id_of(id, 1).await, world.id_of(id, 2).await, world.id_of(id, 3).await);
        world.clock.advance(29 * DAY);
        assert_eq!(world.engine.work().index_sent_ids(world.now()).await.unwrap(), 3, "into the index");
        assert_eq!(world.engine.work().index_sent_ids(world.now()).await.unwrap(), 0);
        assert_eq!(world.engine.work().drop_sent_ids(world.now()).await.unwrap(), 0, "none is too old");
        let rows = world.rows(id).await;
        let digits = rows[1].recipient.trim_start_matches('+').to_owned();
        world.receive(vec![
            told("by-id", &first, "READ", &json!({})),
            ("by-number".into(), receipt("by-number", &digits, None, "DELIVERED", world.now().0)),
        ]).await;
        assert_eq!(world.sum(id).await, "3 = 1 sent + 1 delivered + 1 read");
        world.clock.advance(10 * DAY);
        assert_eq!(world.engine.work().drop_sent_ids(world.now()).await.unwrap(), 3, "nobody asks any more");
        let late = receipt("late", "918888888888", Some(third.as_str()), "READ", world.now().0);
        world.receive(vec![("late".into(), late), told("late-too", &second, "READ", &json!({}))]).await;
        assert_eq!(world.sum(id).await, "3 = 1 sent + 1 delivered + 1 read");
    }

    async fn an_answer_that_came_after_others_had_given_up_is_found_by_its_receipt(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(1).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        let turn = second.work().turn(&Endings::default(), &[Want::rows(id, 1)], &world.key, world.now()).await.unwrap();
        world.give_up_others().await;
        world.engine.settle().await.unwrap();
        assert_eq!(world.sum(id).await, "1 = 1 unknown");
        let row = &turn.claimed[0];
        let next = Next::Sent { provider_id: Some("late-answer".into()), cost: None };
        let record = Record { message: row.message, attempt: row.attempt, next, at: world.now() };
        let endings = Endings { found_by_id: [id].into(), ..vec![record].into() };
        second.work().turn(&endings, &[], &world.key, world.now()).await.unwrap();
        assert_eq!(world.sum(id).await, "1 = 1 unknown", "the fence holds");
        world.receive(vec![told("r", "late-answer", "DELIVERED", &json!({}))]).await;
        assert_eq!(world.sum(id).await, "1 = 1 delivered");
    }

    async fn what_others_hold_for_unknown_is_settled_by_asking_for_the_message_by_its_id(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(1).await;
        let settings = json!({ "project_id": sandbox::aisensy::DEFAULT_PROJECT });
        let pace = Pace { per_second: 1_000_000, per_day: 0 };
        world.org.update_integration(world.integration, "Main", &settings, pace, world.now()).await.unwrap();
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        let mut sender = Sender::new(second.clone(), 7);
        world.sandbox.faults().change(|faults| faults.latency_ms = 200);
        // The first turns ask about the campaign, then claim and call.
        while world.sum(id).await != "1 = 1 in_flight" {
            sender.turn(true).await.unwrap();
            tokio::task::yield_now().await;
        }
        world.give_up_others().await;
        assert_eq!(world.sum(id).await, "1 = 1 unknown");
        while sender.unfinished() > 0 {
            sender.turn(false).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(world.sum(id).await, "1 = 1 unknown", "the fence holds");
        sender.turn(false).await.unwrap();
        world.sandbox.faults().change(|faults| faults.latency_ms = 0);
        world.sandbox.flush_receipts().await;
        world.clock.advance(2 * MINUTE);
        world.engine.poll_status().await.unwrap();
        world.receive(vec![]).await;
        let row = &world.rows(id).await[0];
        assert!(matches!(row.state, MessageState::Delivered | MessageState::Read), "{:?}", row.state);
        assert!(row.network_id.is_some(), "with the network's id");
    }

    async fn a_stop_without_a_number_is_shown_and_holds_as_soon_as_the_number_is_known(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let first = world.broadcast().await;
        world.run_dry().await;
        let id = world.id_of(first, 1).await;
        world.receive(vec![wrote("stop", "STOP", &json!({ "from_user_id": USER }))]).await;
        let shown = world.unmatched().await;
        assert!(shown.len() == 1 && shown[0].starts_with("STOP from somebody"), "{shown:?}");
        world.receive(vec![told("r", &id, "DELIVERED", &json!({ "user_id": USER }))]).await;
        assert_eq!(world.unmatched().await, [""; 0], "it is applied");
        let second = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(second).await, "2 = 1 sent + 1 skipped");
        let skipped = world.rows(second).await.into_iter().find(|row| row.state == MessageState::Skipped).unwrap();
        assert_eq!(skipped.message.position, 1);
        // From now on the network's id alone is enough.
        world.receive(vec![wrote("start", "START", &json!({ "from_user_id": USER }))]).await;
        let third = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(third).await, "2 = 2 sent");
    }

    async fn a_post_that_carries_id_and_number_makes_them_a_pair_until_the_person_is_erased(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("+52 55 1234 5678", "Asha Test")]).await;
        let both = json!({ "phone_number": "5215512345678", "user_id": USER });
        // Both events are in one batch: the one that was written first waits for what comes with it.
        world.receive(vec![wrote("a", "hello", &both), wrote("b", "stop", &json!({ "user_id": USER }))]).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "1 = 1 skipped");
        let phone = Phone::parse("+52 55 1234 5678", Country::INDIA).unwrap();
        let erased = world.org.forget_number(&phone, &world.key, world.now()).await.unwrap();
        assert!(matches!(erased, Erasure::Done(_)), "{erased:?}");
        world.receive(vec![wrote("c", "stop", &json!({ "user_id": USER }))]).await;
        assert_eq!(world.unmatched().await.len(), 1, "the id is nobody's again");
    }

    async fn a_stop_from_a_number_in_another_form_suppresses_the_person_whom_we_know(db: TestStore) {
        let mut world = World::new(db).await;
        let people = [("+52 55 1234 5678", "5215512345678"), ("+54 11 2345 6789", "5491123456789"), ("9000000001", "9000000001")];
        let named: Vec<_> = people.iter().map(|(phone, _)| (*phone, "Asha Test")).collect();
        world.register(&named).await;
        let posts = people.iter().map(|(_, digits)| wrote(digits, "STOP", &json!({ "phone_number": digits }))).collect();
        world.receive(posts).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "3 = 3 skipped");
    }

    async fn letters_in_a_number_never_leave_a_number_behind(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("+919000000001", "Asha Test")]).await;
        let who = json!({ "phone_number": "IN.AB919000000001" });
        world.receive(vec![wrote("stop", "STOP", &who)]).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "1 = 1 sent");
        let by_campaign = json!({ "phone_number": "IN.AB919000000001", "campaign": { "name": "workshop_today" }, "status": "READ" });
        let body = json!({ "id": "r", "topic": "message.status.updated", "data": { "message": by_campaign } });
        world.receive(vec![("r".into(), body.to_string())]).await;
        world.clock.advance(40 * SECOND);
        world.receive(vec![]).await;
        assert_eq!(world.sum(id).await, "1 = 1 sent");
    }
}
