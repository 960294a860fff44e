//! What providers report later: out of order, twice, too early, forged.

use domain::{message::MessageState, time::SECOND};
use serde_json::{Value, json};
use store::{
    on_both,
    work::{Endings, RawReceipt},
};

use crate::world::World;

/// A receipt as providers/src/aisensy/NOTES.md §4.2 shows it.
pub(crate) fn receipt(id: &str, digits: &str, submitted: Option<&str>, status: &str, at: i64) -> String {
    let field = match status {
        "DELIVERED" => "delivered_at",
        "READ" => "read_at",
        "FAILED" => "failed_at",
        _ => "sent_at",
    };
    let mut message = json!({
        "id": "000000000000000000000ddd", "messageId": format!("wamid.TEST{digits}"), "phone_number": digits, "status": status,
        "campaign": { "name": "workshop_today" },
    });
    message[field] = json!(at);
    if let Some(submitted) = submitted {
        message["submitted_message_id"] = Value::from(submitted);
    }
    if status == "FAILED" {
        message["failureResponse"] = json!({ "code": 131026, "reason": "Message undeliverable" });
    }
    json!({ "id": id, "created_at": at.to_string(), "topic": "message.status.updated", "data": { "message": message } }).to_string()
}

impl World {
    pub(crate) async fn receive(&self, bodies: Vec<(String, String)>) {
        let now = domain::time::Clock::now(self.clock.as_ref());
        let raw = bodies
            .into_iter()
            .map(|(key, body)| RawReceipt {
                organization: self.org.actor().organization,
                integration: self.integration,
                dedupe_key: key,
                body,
            })
            .collect();
        self.engine.work().store_receipts(raw, now).await.unwrap();
        while self.engine.apply_receipts().await.unwrap() > 0 {}
        self.assert_sum().await;
    }

    fn now_ms(&self) -> i64 {
        domain::time::Clock::now(self.clock.as_ref()).0
    }
}

on_both! {
    async fn a_receipt_finds_its_message_in_whatever_form_it_writes_the_number(db: TestStore) {
        let mut world = World::new(db).await;
        let people = [
            ("+52 55 1234 5678", "5215512345678"),
            ("+54 11 2345 6789", "5491123456789"),
            ("+55 11 98765-4321", "551187654321"),
            ("9000000001", "9000000001"),
        ];
        let named: Vec<_> = people.iter().map(|(phone, _)| (*phone, "Asha Test")).collect();
        world.register(&named).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "4 = 4 sent");
        // One receipt is found by our id, and one without it by the campaign.
        let rows = world.rows(id).await;
        for (at, (_, digits)) in people.iter().enumerate() {
            let ours = rows.iter().find(|row| row.message.position == i64::try_from(at).unwrap() + 1).unwrap();
            let provider_id = ours.provider_id.as_deref();
            world.receive(vec![(format!("d{at}"), receipt(&format!("d{at}"), digits, provider_id, "DELIVERED", world.now().0))]).await;
        }
        assert_eq!(world.sum(id).await, "4 = 4 delivered");
        // A number that looks alike belongs to nobody here.
        let strange = receipt("strange", "5215512345679", None, "READ", world.now().0);
        world.receive(vec![("strange".into(), strange)]).await;
        assert_eq!(world.sum(id).await, "4 = 4 delivered");
    }

    async fn r10_receipts_shuffled_and_doubled_end_at_the_highest_proof(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let at = world.now_ms();
        let rows = world.org.messages(id, &Default::default(), 0, 10).await.unwrap();
        let digits: Vec<String> = rows.iter().map(|row| row.recipient.trim_start_matches('+').to_owned()).collect();
        let ids: Vec<Option<&str>> = rows.iter().map(|row| row.provider_id.as_deref()).collect();
        let all = [
            ("n1", receipt("n1", &digits[0], ids[0], "READ", at)),
            ("n2", receipt("n2", &digits[0], ids[0], "DELIVERED", at)),
            ("n3", receipt("n3", &digits[0], ids[0], "SENT", at)),
            ("n4", receipt("n4", &digits[1], ids[1], "DELIVERED", at)),
            ("n5", receipt("n5", &digits[1], ids[1], "FAILED", at)),
            // Without the id of the send call, number and campaign find the message.
            ("n6", receipt("n6", &digits[2], None, "FAILED", at)),
        ];
        for _ in 0..2 {
            world.receive(all.iter().map(|(key, body)| ((*key).to_owned(), body.clone())).collect()).await;
        }
        assert_eq!(world.sum(id).await, "3 = 1 delivered + 1 read + 1 failed");
        let failed = world.org.message(rows[2].message).await.unwrap();
        assert_eq!((failed.state, failed.reason.code()), (MessageState::Failed, "131026"));
    }

    async fn r09_a_receipt_that_comes_before_its_call_has_ended_waits_for_it(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(1).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        let now = domain::time::Clock::now(world.clock.as_ref());
        let want = store::work::Want::rows(id, 1);
        let turn = second.work().turn(&Endings::default(), &[want], &world.key, now).await.unwrap();
        let row = &turn.claimed[0];
        let body = receipt("early", row.recipient.trim_start_matches('+'), Some("id-of-the-answer"), "DELIVERED", now.0);
        world.receive(vec![("early".into(), body)]).await;
        assert_eq!(world.sum(id).await, "1 = 1 in_flight");
        let record = store::work::Record {
            message: row.message,
            attempt: row.attempt,
            next: domain::message::Next::Sent { provider_id: Some("id-of-the-answer".into()), cost: None },
            at: now,
        };
        second.work().turn(&vec![record].into(), &[], &world.key, now).await.unwrap();
        world.clock.advance(3 * SECOND);
        world.receive(vec![]).await;
        assert_eq!(world.sum(id).await, "1 = 1 delivered");
        world.run_dry().await;
    }

    async fn a_receipt_whose_code_stops_everybody_pauses_what_is_left_and_one_about_a_person_does_not(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        // One message goes out in a turn, so two of three still wait when the receipt comes.
        world.pace(1, 0).await;
        // The codes are about payment, account and template (providers/src/aisensy/NOTES.md §5), then about the
        // person, the moment, and a code that nobody knows.
        let stopping = [131042, 131031, 132001, 132015, 132016, 132018];
        let passing = [131026, 131049, 130472, 131047, 131050, 999_999];
        for (code, status) in stopping.map(|code| (code, "paused")).into_iter().chain(passing.map(|code| (code, "in_progress"))) {
            let id = world.broadcast().await;
            while world.truth(id).await.in_state(MessageState::Sent) == 0 {
                world.sender.turn_until_idle().await.unwrap();
                world.clock.advance(SECOND);
            }
            let sent = world.rows(id).await.into_iter().find(|row| row.state == MessageState::Sent).unwrap();
            let mut failed: Value = serde_json::from_str(&receipt(
                &format!("c{code}"), sent.recipient.trim_start_matches('+'), sent.provider_id.as_deref(), "FAILED", world.now_ms(),
            )).unwrap();
            failed["data"]["message"]["failureResponse"] = json!({ "code": code, "reason": "The vendor's words" });
            world.receive(vec![(format!("c{code}"), failed.to_string())]).await;
            let truth = world.truth(id).await;
            assert_eq!((truth.status.word(), truth.in_state(MessageState::Failed)), (status, 1), "{code}");
            if status == "paused" {
                assert_eq!(truth.stop_code.code(), code.to_string());
            }
            world.org.cancel_broadcast(id, world.now()).await.unwrap();
            world.run_dry().await;
        }
    }

    async fn a_receipt_that_fits_no_row_changes_nothing(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(1).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let at = world.now_ms();
        let stranger = receipt("s1", "919999999999", Some("other"), "FAILED", at);
        let row = &world.org.messages(id, &Default::default(), 0, 1).await.unwrap()[0];
        let other_id = receipt("s2", row.recipient.trim_start_matches('+'), Some("somebody-elses"), "FAILED", at);
        world.receive(vec![("s1".into(), stranger), ("s2".into(), other_id)]).await;
        assert_eq!(world.sum(id).await, "1 = 1 sent");
    }

    async fn stop_suppresses_and_start_lifts_only_that(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let inbound = |id: &str, text: &str| {
            let body = json!({ "id": id, "topic": "message.sender.user", "data": { "message": {
                "phone_number": "919000000001", "sender": "USER", "message_type": "TEXT", "message_content": { "text": text } } } });
            (id.to_owned(), body.to_string())
        };
        world.receive(vec![inbound("i1", "STOP")]).await;
        let first = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(first).await, "2 = 1 sent + 1 skipped");
        world.receive(vec![inbound("i2", "start")]).await;
        let second = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(second).await, "2 = 2 sent");
    }
}
