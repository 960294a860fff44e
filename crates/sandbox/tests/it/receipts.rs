//! `providers/src/aisensy/NOTES.md` §4.

use std::collections::BTreeSet;

use munadi_sandbox::aisensy::{Epoch, Habits as AisensyHabits};
use munadi_sandbox::faults::{Outcomes, ReceiptMode, Receipts};
use munadi_sandbox::registry::Habits;
use munadi_sandbox::{Faults, Sandbox, Status, signature};
use serde_json::json;

use crate::help::{Mailbox, SECRET, message, number, send, start};

/// Faults that keep receipts until they are asked for.
fn held(receipts: Receipts) -> Faults {
    Faults { receipts: Receipts { mode: ReceiptMode::Held, ..receipts }, ..Faults::default() }
}

/// A sandbox where `people` got a message each, and the mailbox for what is reported about them.
async fn sent(faults: Faults, people: usize) -> (Sandbox, Mailbox) {
    let sandbox = start(faults).await;
    let mailbox = Mailbox::of(&sandbox, 200).await;
    for n in 0..people {
        assert_eq!(send(&sandbox, &message(&number(n))).await.unwrap().0, 200);
    }
    (sandbox, mailbox)
}

#[test]
fn signatures_match_the_documented_vectors() {
    let check = |body: &str, expected: &str| assert_eq!(signature(SECRET, body.as_bytes()), expected);
    check(r#"{"hello":"world"}"#, "ee8f918d3b57697f128ead2a9be920463ac2fb46f48eaa8e19879027d0a657c5");
    let example = r#"{"id":"ntf_0000000001","created_at":"1767240000000","topic":"message.status.updated","delivery_attempt":"1","app_id":"000000000000000000000aaa","webhook_id":"000000000000000000000bbb","project_id":"000000000000000000000ccc","data":{"message":{"id":"000000000000000000000ddd","messageId":"wamid.TESTONLY0001","submitted_message_id":"00000000-0000-4000-8000-000000000001","phone_number":"919000000001","status":"DELIVERED"}}}"#;
    assert_eq!(example.len(), 423);
    check(example, "9d0ae0e7b611cc1637c609f5cc2ee886033f26fc92ba0698e8619bd58488f587");
}

#[tokio::test]
async fn a_delivered_message_is_reported_sent_and_delivered_and_only_then_paid() {
    let (sandbox, mailbox) = sent(held(Receipts::default()), 1).await;
    let project = munadi_sandbox::aisensy::DEFAULT_PROJECT;
    let before = sandbox.aisensy().credit(project).unwrap();
    assert_eq!(sandbox.world().of_phone(&number(0))[0].status, Status::Accepted);
    let stats = sandbox.flush_receipts().await;
    assert_eq!((stats.posted, stats.taken, stats.queued), (2, 2, 0));
    let all = mailbox.all();
    assert_eq!(all.iter().map(|one| one.status()).collect::<Vec<_>>(), ["SENT", "DELIVERED"]);
    assert!(all.iter().all(|one| one.is_genuine() && one.project == project));
    let told = &all[1].body["data"]["message"];
    let got = &sandbox.world().of_phone(&number(0))[0];
    assert_eq!(told["submitted_message_id"], json!(got.id));
    assert_eq!(told["phone_number"], "919000000000");
    assert_eq!(told["delivered_at"], json!(got.delivered_at));
    assert_eq!(told["failureResponse"], json!({}));
    let members: Vec<&String> = all[0].body.as_object().unwrap().keys().collect();
    let expected =
        ["id", "created_at", "topic", "delivery_attempt", "app_id", "webhook_id", "project_id", "data"];
    assert_eq!(members, expected);
    assert!(all[0].body["created_at"].is_string());
    // ₹0.145 for a utility message, in 1/100,000 rupee.
    assert_eq!(before - sandbox.aisensy().credit(project).unwrap(), 14_500);
}

#[tokio::test]
async fn receipts_that_are_on_come_by_themselves() {
    let (sandbox, mailbox) = sent(Faults::default(), 3).await;
    while sandbox.receipts().taken < 6 {
        tokio::task::yield_now().await;
    }
    assert_eq!(mailbox.all().len(), 6);
}

#[tokio::test]
async fn receipts_that_are_off_leave_only_the_outcome() {
    let receipts = Receipts { mode: ReceiptMode::Off, ..Receipts::default() };
    let (sandbox, mailbox) = sent(Faults { receipts, ..Faults::default() }, 3).await;
    sandbox.flush_receipts().await;
    assert!(mailbox.all().is_empty());
    while sandbox.world().summary().by_campaign["workshop_reminder_1h"].delivered < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn doubled_receipts_share_their_envelope_id_and_cost_once() {
    let (sandbox, mailbox) = sent(held(Receipts { duplicated: 1.0, ..Receipts::default() }), 5).await;
    sandbox.flush_receipts().await;
    let all = mailbox.all();
    let ids: BTreeSet<&str> = all.iter().map(|one| one.id()).collect();
    assert_eq!((all.len(), ids.len()), (20, 10));
    let project = munadi_sandbox::aisensy::DEFAULT_PROJECT;
    assert_eq!(sandbox.aisensy().credit(project), Some(10_000 * 100_000 - 5 * 14_500));
}

#[tokio::test]
async fn shuffled_receipts_put_delivered_before_sent_for_some() {
    let order = |mailbox: &Mailbox| -> Vec<(String, String)> {
        let phone = |one: &crate::help::Received| one.body["data"]["message"]["phone_number"].to_string();
        mailbox.all().iter().map(|one| (phone(one), one.status().to_owned())).collect()
    };
    let faults = held(Receipts { shuffle_ms: 3_600_000, ..Receipts::default() });
    let (sandbox, mailbox) = sent(faults.clone(), 20).await;
    sandbox.flush_receipts().await;
    let got = order(&mailbox);
    let at = |phone: &str, status: &str| got.iter().position(|one| one.0 == phone && one.1 == status);
    let swapped = got.iter().filter(|(phone, _)| at(phone, "DELIVERED") < at(phone, "SENT")).count();
    assert!(swapped > 0, "some must come the wrong way round");
    assert!(swapped < got.len(), "and some the right way");

    let (again, mailbox) = sent(faults, 20).await;
    again.flush_receipts().await;
    assert_eq!(order(&mailbox), got, "the same seed brings the same order");
}

#[tokio::test]
async fn a_forged_receipt_has_a_wrong_signature_and_changes_nothing() {
    let (sandbox, mailbox) = sent(held(Receipts { forged: 1.0, ..Receipts::default() }), 4).await;
    let stats = sandbox.flush_receipts().await;
    assert_eq!((stats.posted, stats.forged), (12, 4));
    let all = mailbox.all();
    let forged: Vec<_> = all.iter().filter(|one| !one.is_genuine()).collect();
    assert_eq!(forged.len(), 4);
    assert!(forged.iter().all(|one| one.status() == "READ"));
    assert_eq!(sandbox.world().summary().by_campaign["workshop_reminder_1h"].read, 0);
}

#[tokio::test]
async fn an_indented_body_is_signed_over_its_compact_form() {
    let (sandbox, mailbox) = sent(held(Receipts { indented: 1.0, ..Receipts::default() }), 1).await;
    sandbox.flush_receipts().await;
    for one in mailbox.all() {
        assert!(!one.is_genuine(), "over the raw bytes it does not fit");
        assert_eq!(one.signature, signature(SECRET, one.body.to_string().as_bytes()));
    }
}

#[tokio::test]
async fn late_failures_unknown_topics_and_missing_ids_can_be_asked_for() {
    let receipts =
        Receipts { failed_after_delivered: 1.0, unknown_topic: 1.0, without_id: 1.0, ..Receipts::default() };
    let aisensy = AisensyHabits { epoch: Epoch::String, signature_prefix: true, ..AisensyHabits::default() };
    let (sandbox, mailbox) =
        sent(Faults { habits: Habits { aisensy, ..Habits::default() }, ..held(receipts) }, 1).await;
    sandbox.flush_receipts().await;
    let all = mailbox.all();
    let statuses: Vec<&str> = all.iter().map(|one| one.status()).collect();
    assert_eq!(statuses, ["SENT", "DELIVERED", "FAILED", "SENT"]);
    assert_eq!(all[2].body["data"]["message"]["failureResponse"]["code"], "131000");
    assert_eq!(all[3].body["topic"], "message.weather.updated");
    for one in &all {
        assert_eq!(one.body["data"]["message"]["submitted_message_id"], "");
        assert!(one.body["data"]["message"]["sent_at"].is_string());
        assert!(one.signature.starts_with("sha256="));
    }
    assert_eq!(sandbox.world().of_phone(&number(0))[0].status, Status::Delivered);
}

#[tokio::test]
async fn failures_carry_metas_code_and_cost_nothing() {
    let outcomes = Outcomes {
        code_by_ending: [("01".to_owned(), "131049".to_owned())].into(),
        failed: 1.0,
        ..Outcomes::default()
    };
    let (sandbox, mailbox) = sent(Faults { outcomes, ..held(Receipts::default()) }, 2).await;
    sandbox.flush_receipts().await;
    let codes: Vec<String> = mailbox
        .all()
        .iter()
        .filter(|one| one.status() == "FAILED")
        .map(|one| one.body["data"]["message"]["failureResponse"]["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["131026", "131049"]);
    let project = munadi_sandbox::aisensy::DEFAULT_PROJECT;
    assert_eq!(sandbox.aisensy().credit(project), Some(10_000 * 100_000));
}

#[tokio::test]
async fn a_refused_receipt_is_repeated_once_after_its_wait() {
    let faults = held(Receipts { retry_after_ms: 0, ..Receipts::default() });
    let sandbox = start(faults).await;
    let mailbox = Mailbox::of(&sandbox, 500).await;
    send(&sandbox, &message(&number(0))).await.unwrap();
    assert_eq!(sandbox.flush_receipts().await.queued, 2);
    assert_eq!(sandbox.flush_receipts().await.queued, 0);
    let all = mailbox.all();
    let attempts: Vec<&str> = all.iter().map(|one| one.body["delivery_attempt"].as_str().unwrap()).collect();
    assert_eq!(attempts, ["1", "1", "2", "2"]);
}

#[tokio::test]
async fn gone_ends_the_subscription_until_it_is_set_again() {
    let sandbox = start(held(Receipts { retries: 0, ..Receipts::default() })).await;
    let mailbox = Mailbox::of(&sandbox, 410).await;
    send(&sandbox, &message(&number(0))).await.unwrap();
    let stats = sandbox.flush_receipts().await;
    assert_eq!((stats.posted, stats.suspended), (1, true));
    assert_eq!(mailbox.all().len(), 1);
    let mailbox = Mailbox::of(&sandbox, 200).await;
    send(&sandbox, &message(&number(1))).await.unwrap();
    assert!(!sandbox.flush_receipts().await.suspended);
    assert_eq!(mailbox.all().len(), 2);
}

#[tokio::test]
async fn what_a_person_writes_reaches_the_webhook() {
    let (sandbox, mailbox) = sent(held(Receipts::default()), 0).await;
    assert!(sandbox.write_in(munadi_sandbox::aisensy::DEFAULT_PROJECT, "9000000001", "STOP"));
    sandbox.flush_receipts().await;
    let all = mailbox.all();
    assert_eq!(all[0].body["topic"], "message.sender.user");
    let message = &all[0].body["data"]["message"];
    assert_eq!((&message["sender"], &message["message_content"]["text"]), (&json!("USER"), &json!("STOP")));
}

#[tokio::test]
async fn campaign_topics_carry_a_contact_as_well() {
    let aisensy = AisensyHabits { campaign_topics: true, ..AisensyHabits::default() };
    let (sandbox, mailbox) =
        sent(Faults { habits: Habits { aisensy, ..Habits::default() }, ..held(Receipts::default()) }, 1)
            .await;
    sandbox.flush_receipts().await;
    let all = mailbox.all();
    let topics: Vec<&str> = all.iter().map(|one| one.body["topic"].as_str().unwrap()).collect();
    assert!(topics.contains(&"contact.campaign.sent") && topics.contains(&"contact.campaign.delivered"));
    let campaign = all.iter().find(|one| one.body["topic"] == "contact.campaign.sent").unwrap();
    assert_eq!(campaign.body["data"]["contact"]["phone_number"], "919000000000");
}

#[tokio::test]
async fn an_envelope_may_tell_its_time_as_iso_text() {
    let mut faults = held(Receipts::default());
    faults.habits.aisensy.epoch = Epoch::Iso;
    let (sandbox, mailbox) = sent(faults, 1).await;
    sandbox.flush_receipts().await;
    let all = mailbox.all();
    assert!(!all.is_empty());
    for receipt in all {
        let created = receipt.body["created_at"].as_str().unwrap();
        assert!(created.starts_with("2026-01-01T04:") && created.ends_with('Z'), "{created}");
    }
}
