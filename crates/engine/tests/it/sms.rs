//! SMS: many numbers in one request, and the rules that hold at the moment of sending.

use std::{collections::HashSet, time::Duration};

use domain::{
    broadcast::{Audience, UNDO_MS},
    channel::{Category, Channel},
    ids::{BroadcastId, IntegrationId},
    message::MessageState,
    money::Money,
    pace::Pace,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    sending_hours::{AfterHours, SendingHours},
    sms::{SmsRoute, SmsTemplate, Tag, Variable},
    template::Source,
    time::{Clock, HOUR, MINUTE, Millis, SECOND, Zone},
};
use providers::Secrets;
use sandbox::{
    fast2sms::{DEFAULT_ACCOUNT, DEFAULT_KEY},
    faults::Amount,
};
use serde_json::json;
use store::{
    broadcasts::{Broadcast, NewBroadcast},
    consents::NewConsent,
    integrations::NewIntegration,
    messages::{MessageFilter, MessageView},
    on_both,
    testing::TestStore,
    work::{Endings, RawReceipt, Want},
};

use crate::world::World;

/// A world with a Fast2SMS account.
pub(crate) struct Sms {
    pub(crate) world: World,
    pub(crate) account: IntegrationId,
}

/// A template without values: one text for everybody (template 111112 of the stand-in).
pub(crate) fn same_for_all() -> SmsTemplate {
    template(
        "111112",
        "Rust for Beginners starts at 7 PM today. The link is in your e-mail. -Example Academy",
        &[],
    )
}

/// A template with a text for each person (template 111111 of the stand-in).
pub(crate) fn personal() -> SmsTemplate {
    let sources = [Source::RegistrantFirstName, Source::WorkshopTitle, Source::WorkshopTime];
    template("111111", "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy", &sources)
}

/// A promotion with one text for everybody (template 111113 of the stand-in).
fn promotion() -> SmsTemplate {
    let sources = [Source::Fixed("Rust".into()), Source::Fixed("1 December".into())];
    let text = "The next batch of {#var#} opens on {#var#}. -Example Academy";
    SmsTemplate { category: Category::Marketing, ..template("111113", text, &sources) }
}

fn template(message_id: &str, text: &str, sources: &[Source]) -> SmsTemplate {
    let variables = sources.iter().map(|source| Variable {
        label: source.word().into(),
        tag: Tag::Var,
        source: source.clone(),
        fallback: String::new(),
    });
    SmsTemplate {
        limits: domain::sms::ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: Some("WRKSHP".parse().unwrap()),
        message_id: Some(message_id.parse().unwrap()),
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: text.into(),
        variables: variables.collect(),
        extra: Default::default(),
    }
}

pub(crate) async fn add_account(
    world: &World,
    name: &str,
    numbers_per_request: usize,
    pace: Pace,
) -> IntegrationId {
    let now = world.clock.now();
    let id = IntegrationId::new(now);
    let secrets = Secrets::default().with("api_key", DEFAULT_KEY);
    let new = NewIntegration {
        id,
        kind: "fast2sms".into(),
        name: name.into(),
        settings: json!({ "numbers_per_request": numbers_per_request }),
        sealed: secrets.to_json(),
        hints: json!({}),
        callback_key: format!("key-{id}"),
        pace,
    };
    world.org.add_integration(new, now).await.unwrap();
    id
}

impl Sms {
    pub(crate) async fn new(db: &TestStore) -> Sms {
        Sms::with(db, 100, Pace { per_second: 1_000_000, per_day: 0 }).await
    }

    async fn with(db: &TestStore, numbers_per_request: usize, pace: Pace) -> Sms {
        let world = World::new(db).await;
        world.sandbox.faults().change(|faults| faults.habits.fast2sms.repeat_window_ms = 0);
        let account = add_account(&world, "SMS", numbers_per_request, pace).await;
        Sms { world, account }
    }

    async fn confirm(&self, template: &SmsTemplate, hours: SendingHours) -> BroadcastId {
        let world = &self.world;
        let now = world.clock.now();
        let new = NewBroadcast {
            integration: self.account,
            workshop: world.workshop,
            channel: Channel::Sms,
            title: "Reminder".into(),
            template_id: None,
            template: serde_json::to_value(template).unwrap(),
            category: template.category,
            audience: Audience::Registered,
            telling: store::broadcasts::Telling::default(),
            starts_at: now.plus(UNDO_MS),
            deadline: now.plus(30 * HOUR),
            hours,
            unit_price: Money(2_500),
        };
        let id = world.org.confirm_broadcast(new, now).await.unwrap();
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS);
        world.beat().await;
        id
    }

    pub(crate) async fn broadcast(&self, template: &SmsTemplate) -> BroadcastId {
        self.confirm(template, SendingHours::any()).await
    }

    pub(crate) async fn rows(&self, id: BroadcastId) -> Vec<MessageView> {
        self.world.org.messages(id, &MessageFilter::default(), 0, 5_000).await.unwrap()
    }

    /// Who failed, and why.
    async fn failed(&self, id: BroadcastId) -> Vec<String> {
        let failed = self.rows(id).await.into_iter().filter(|row| row.state == MessageState::Failed);
        failed.map(|row| format!("{} {}", row.recipient, row.reason)).collect()
    }

    /// Asks the provider as long as there is something to ask, and moves the clock over the steps.
    pub(crate) async fn ask_for_news(&self) {
        for minutes in [1, 4, 10, 45] {
            self.world.clock.advance(minutes * MINUTE);
            self.world.beat().await;
            while self.world.engine.poll_status().await.unwrap() > 0 {}
            while self.world.engine.apply_receipts().await.unwrap() > 0 {}
        }
    }

    /// What the stand-in charged, minus what it gave back.
    fn charged(&self) -> Money {
        Money(self.world.sandbox.fast2sms().ledger().net())
    }

    async fn agree(&self, phone: &str) {
        let phone = Phone::parse(phone, Country::INDIA).unwrap();
        let consent = NewConsent {
            phone_key: self.world.key.of(phone.as_str()),
            phone,
            channel: None,
            given_at: self.world.clock.now(),
            source: "Registration form".into(),
            wording: "Tell me about the next batch".into(),
            note: String::new(),
        };
        self.world.org.record_consent(consent, self.world.clock.now()).await.unwrap();
    }

    /// The notes about receipts that fit no message.
    async fn notes(&self) -> Vec<String> {
        let unmatched = self.world.org.unmatched_receipts(10).await.unwrap();
        unmatched.into_iter().map(|receipt| receipt.note).collect()
    }

    async fn post(&self, body: String) {
        let organization = self.world.org.actor().organization;
        let receipt = RawReceipt { organization, integration: self.account, dedupe_key: body.clone(), body };
        self.world.engine.work().store_receipts(vec![receipt], self.world.clock.now()).await.unwrap();
        while self.world.engine.apply_receipts().await.unwrap() > 0 {}
    }
}

/// A report of the clevertap form (providers/src/fast2sms/NOTES.md §6), which names the request and no number.
fn clevertap(request: &str, status: &str) -> String {
    json!({ "payloadVersion": 1, "statuses": [{ "msgId": request, "status": status, "timestamp": 1_767_243_605, "description": status }] })
        .to_string()
}

/// A report of the custom form.
fn custom(request: &str, mobile: &str, status: &str) -> String {
    json!({ "request_id": request, "mobile": mobile, "status": status, "delivery_timestamp": 1_767_243_606 })
        .to_string()
}

fn in_state(truth: &Broadcast, state: MessageState) -> i64 {
    truth.in_state(state)
}

on_both! {
    async fn a_text_for_everybody_goes_in_requests_of_many_and_is_told_of_each(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(250).await;
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "250 = 250 sent");
        assert_eq!(sms.world.sandbox.world().len(), 250);
        assert_eq!(sms.world.sandbox.world().summary().calls, 3, "100 + 100 + 50 numbers");
        // A text of 83 characters is one segment. The price is the stand-in's own, and each row has its share of the
        // three charges.
        let truth = sms.world.truth(id).await;
        assert_eq!((truth.units, truth.actual_cost()), (250, sms.charged()));
        let rows = sms.rows(id).await;
        assert!(rows.iter().all(|row| row.provider_id.is_some() && row.cost.is_some()));
        assert_eq!(rows.iter().filter_map(|row| row.cost).sum::<Money>(), sms.charged());
        // Rows carry no text of their own, and screens show the text all the same.
        assert!(rows.iter().all(|row| row.content.starts_with('{')));
    }

    async fn a_charge_that_does_not_divide_evenly_is_kept_to_the_last_part(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.sandbox.fast2sms().change(|config| config.dlt_price = 2_333);
        sms.world.crowd(7).await;
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.truth(id).await.actual_cost(), Money(7 * 2_333));
        assert_eq!(sms.charged(), Money(7 * 2_333));
    }

    async fn one_bad_number_in_a_request_fails_alone(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(100).await;
        sms.world.sandbox.fast2sms().change_account(DEFAULT_ACCOUNT, |account| {
            account.invalid.insert("9000000041".into());
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "100 = 99 sent + 1 failed");
        let failed: Vec<_> = sms.rows(id).await.into_iter().filter(|row| row.state == MessageState::Failed).collect();
        assert_eq!((failed[0].recipient.as_str(), failed[0].reason.code()), ("+919000000041", "f2s_411"));
        assert!(sms.world.sandbox.world().repeated_phones(1).is_empty(), "splitting tells nobody twice");
        assert_eq!(sms.world.truth(id).await.actual_cost(), sms.charged());
    }

    async fn numbers_on_the_providers_own_list_fail_alone_with_its_reason(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(100).await;
        sms.world.sandbox.fast2sms().change_account(DEFAULT_ACCOUNT, |account| {
            account.refused_endings = [("0013".to_owned(), 427), ("0088".to_owned(), 428)].into();
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "100 = 98 sent + 2 failed");
        assert_eq!(sms.failed(id).await, ["+919000000013 f2s_427", "+919000000088 f2s_428"]);
        assert!(sms.world.sandbox.world().repeated_phones(1).is_empty(), "splitting tells nobody twice");
    }

    async fn a_number_refused_in_unknown_words_is_found_in_its_request_and_fails_alone(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(100).await;
        sms.world.sandbox.fast2sms().change_account(DEFAULT_ACCOUNT, |account| {
            account.refused_endings = [("0041".to_owned(), 777)].into();
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "100 = 99 sent + 1 failed");
        assert_eq!(sms.failed(id).await, ["+919000000041 unrecognised"]);
        assert!(sms.world.sandbox.world().repeated_phones(1).is_empty(), "splitting tells nobody twice");
    }

    async fn a_request_refused_in_unknown_words_for_the_accounts_fault_fails_nobody(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(100).await;
        sms.world.sandbox.faults().change(|faults| {
            faults.server_error = Amount::ALWAYS;
            faults.server_error_status = Some(422);
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.truth(id).await.status.word(), "paused");
        assert_eq!(sms.world.sum(id).await, "100 = 100 waiting");
        sms.world.sandbox.faults().change(|faults| faults.server_error = Amount::NEVER);
        sms.world.org.resume_broadcast(id, sms.world.clock.now()).await.unwrap();
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "100 = 100 sent");
    }

    async fn after_three_numbers_that_were_refused_alone_the_rest_of_a_request_is_not_called(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(8).await;
        // Requests carry eight, four, two, one, one, two and one messages. The third message that stands alone is the
        // seventh call, and an eighth would be accepted.
        sms.world.sandbox.faults().change(|faults| {
            faults.server_error = Amount::Run { after: 0, next: 7 };
            faults.server_error_status = Some(422);
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.truth(id).await.status.word(), "paused");
        assert_eq!(sms.world.sum(id).await, "8 = 8 waiting");
    }

    async fn posts_that_cannot_be_read_are_counted_and_shown(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(1).await;
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        let request = sms.rows(id).await[0].provider_id.clone().unwrap();
        sms.post(json!({"request_id": request, "mobile": "9000000000", "status": "scrubbing"}).to_string()).await;
        sms.post(json!({"data": [{"type": "rcs", "request_id": "r1", "recipient_id": "919000000000", "status": "read"}]}).to_string()).await;
        sms.post("no form that anybody knows".to_owned()).await;
        let (count, newest) = sms.world.org.posts_not_understood(2).await.unwrap();
        assert_eq!((count, newest.len()), (3, 2), "counted, and the newest shown");
        let (_, all) = sms.world.org.posts_not_understood(9).await.unwrap();
        for why in ["neither JSON", "RCS", "a state that is not known"] {
            assert!(all.iter().any(|post| post.note.contains(why)), "{why}: {all:?}");
        }
        assert_eq!(sms.notes().await, Vec::<String>::new(), "they are not passed off as another’s receipts");
        let now = sms.world.clock.now();
        let odd = sms.world.engine.work().receipts_to_review(now.plus(-HOUR), now.plus(-HOUR)).await.unwrap();
        assert_eq!((odd.not_understood, odd.unmatched), (3, 0));
        assert_eq!(sms.world.sum(id).await, "1 = 1 sent");
        // A report in XML is read.
        sms.post(format!("<r><request_id>{request}</request_id><mobile>9000000000</mobile><status>DELIVRD</status></r>")).await;
        assert_eq!(sms.world.sum(id).await, "1 = 1 delivered");
    }

    async fn a_number_refused_as_spam_is_tried_once_more_after_two_minutes(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.sandbox.faults().change(|faults| faults.habits.fast2sms.repeat_window_ms = 3_600_000);
        sms.world.crowd(1).await;
        // Another program wrote to this number just before.
        let first = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        sms.world.clock.advance(10 * MINUTE);
        sms.world.beat().await;
        let id = sms.broadcast(&personal()).await;
        sms.world.sender.turn_until_idle().await.unwrap();
        let row = &sms.rows(id).await[0];
        assert_eq!((row.state, row.attempt), (MessageState::Waiting, 1));
        let until = row.next_attempt_at.unwrap();
        assert!(until.since(sms.world.clock.now()) >= 2 * MINUTE, "two minutes at least");
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "1 = 1 failed");
        assert_eq!(sms.rows(id).await[0].attempt, 2);
        assert_eq!(sms.world.sum(first).await, "1 = 1 sent");
    }

    async fn r07_a_stall_leaves_every_number_of_its_request_unknown_and_resends_none(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(300).await;
        sms.world.sandbox.faults().change(|faults| {
            faults.stall = Amount::next(1);
            faults.stall_ms = 1_500;
        });
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "300 = 200 sent + 100 unknown");
        assert_eq!(sms.world.sandbox.world().len(), 300, "all were told, once");
        assert!(sms.world.sandbox.world().repeated_phones(1).is_empty());
        // The span that we named in the call comes back in the report of each number.
        let unknown: Vec<_> = sms.rows(id).await.into_iter().filter(|row| row.state == MessageState::Unknown).collect();
        let (first, last) = (unknown[0].message.position, unknown[99].message.position);
        let udf = format!("{}.{first}.{last}", id.0.simple());
        let report = |mobile: &str, udf: &str| json!({ "request_id": "late00000000001", "mobile": mobile, "status": "delivered",
            "delivery_timestamp": 1_791_878_500, "amount_debited": "0.2500", "udf1": udf }).to_string();
        sms.post(report(unknown[5].recipient.trim_start_matches('+'), &udf)).await;
        // A stranger's report changes nothing, nor does one that names another message.
        sms.post(report("919999999999", &udf)).await;
        sms.post(report(unknown[6].recipient.trim_start_matches("+91"), "0198c0de000070008000000000000000.1.500")).await;
        assert_eq!(sms.world.sum(id).await, "300 = 200 sent + 1 delivered + 99 unknown");
    }

    async fn an_empty_wallet_pauses_and_the_rest_goes_after_the_top_up(db: TestStore) {
        let mut sms = Sms::with(db, 50, Pace { per_second: 1_000_000, per_day: 0 }).await;
        sms.world.crowd(200).await;
        sms.world.sandbox.fast2sms().set_wallet(DEFAULT_ACCOUNT, 130 * sms.world.sandbox.fast2sms().get().dlt_price);
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.sender.turn_until_idle().await.unwrap();
        let truth = sms.world.truth(id).await;
        assert_eq!(truth.status.word(), "paused");
        assert_eq!(truth.stop_code, "f2s_416");
        // 130 messages were paid for, 100 went out.
        let left = Money(30 * sms.world.sandbox.fast2sms().get().dlt_price);
        assert!(truth.stop_text.contains(&format!("The wallet holds ₹{left}.")), "{}", truth.stop_text);
        assert_eq!((in_state(&truth, MessageState::Sent), in_state(&truth, MessageState::Waiting)), (100, 100));
        sms.world.sandbox.fast2sms().set_wallet(DEFAULT_ACCOUNT, 10_000_000);
        sms.world.org.resume_broadcast(id, sms.world.clock.now()).await.unwrap();
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "200 = 200 sent");
        assert!(sms.world.sandbox.world().repeated_phones(1).is_empty());
        assert_eq!(sms.world.truth(id).await.actual_cost(), sms.charged());
    }

    async fn polling_alone_brings_every_state_and_every_refund(db: TestStore) {
        let mut sms = Sms::new(db).await;
        let people: Vec<String> = (0..40).map(|n| format!("90000{n:05}")).chain((9901..=9909).map(|end| format!("900000{end}"))).collect();
        let people: Vec<(&str, &str)> = people.iter().map(|phone| (phone.as_str(), "Asha Test")).collect();
        sms.world.register(&people).await;
        for (phone, _) in &people {
            sms.agree(phone).await;
        }
        let id = sms.broadcast(&promotion()).await;
        sms.world.run_dry().await;
        sms.ask_for_news().await;
        let truth = sms.world.truth(id).await;
        // The endings are failed, undelivered, expired, rejected, blocked and do-not-disturb; sent and pending stay
        // handed over; the last one failed first and arrived after all (the stand-in's rule by last digits).
        assert_eq!(sms.world.sum(id).await, "49 = 2 sent + 41 delivered + 6 failed");
        assert_eq!(truth.actual_cost(), sms.charged(), "blocked and do-not-disturb were given back");
        let reasons: Vec<&str> = truth.counts.iter().filter(|c| c.state == MessageState::Failed).map(|c| c.reason.code()).collect();
        assert_eq!(reasons, ["blocked", "dnd", "expired", "failed", "rejected", "undelivered"]);
        sms.world.assert_sum().await;
        // A person on the provider's own do-not-disturb list is not written to again.
        sms.world.clock.advance(HOUR);
        sms.world.beat().await;
        let again = sms.broadcast(&promotion()).await;
        let skipped = sms.rows(again).await.into_iter().filter(|row| row.reason == "suppressed").count();
        assert_eq!(skipped, 1, "only the blocked one: do-not-disturb is about promotion and the provider's to keep");
    }

    async fn a_report_that_names_only_its_request_settles_the_one_message_of_it(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.register(&[("9000000001", "Asha"), ("9000000002", "Ravi")]).await;
        let id = sms.broadcast(&personal()).await;
        // The report comes before the answer that carries the request's id, and waits for it (R9).
        sms.post(clevertap("notyetknown0001", "delivered")).await;
        sms.world.run_dry().await;
        let of = |rows: &[MessageView], phone: &str| rows.iter().find(|row| row.recipient == phone).cloned().unwrap();
        let rows = sms.rows(id).await;
        let (asha, ravi) = (of(&rows, "+919000000001"), of(&rows, "+919000000002"));
        sms.post(clevertap(asha.provider_id.as_deref().unwrap(), "delivered")).await;
        // Two reports in one batch, one of them by number, are about one row.
        sms.post(clevertap(ravi.provider_id.as_deref().unwrap(), "failed")).await;
        sms.post(custom(ravi.provider_id.as_deref().unwrap(), "9000000002", "Delivered")).await;
        assert_eq!(sms.world.sum(id).await, "2 = 2 delivered");
        assert_eq!(sms.notes().await, Vec::<String>::new(), "nothing is unmatched; one waits");
        sms.world.clock.advance(MINUTE);
        while sms.world.engine.apply_receipts().await.unwrap() > 0 {}
        assert_eq!(sms.notes().await, ["it names no number, and no request of one number alone"]);
        sms.world.assert_sum().await;
    }

    async fn a_report_that_names_only_a_request_of_several_settles_none_of_them(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.register(&[("9000000001", "Asha"), ("9000000002", "Ravi")]).await;
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        let request = sms.rows(id).await[0].provider_id.clone().unwrap();
        sms.world.clock.advance(MINUTE);
        sms.post(clevertap(&request, "delivered")).await;
        sms.world.clock.advance(MINUTE);
        while sms.world.engine.apply_receipts().await.unwrap() > 0 {}
        assert_eq!(sms.world.sum(id).await, "2 = 2 sent");
        assert_eq!(sms.notes().await.len(), 1);
        // With its number the report names one of them.
        let with_number = clevertap(&request, "delivered").replace("\"msgId\"", "\"mobile\":\"9000000002\",\"msgId\"");
        sms.post(with_number).await;
        let rows = sms.rows(id).await;
        let delivered: Vec<&str> = rows.iter().filter(|row| row.state == MessageState::Delivered).map(|row| row.recipient.as_str()).collect();
        assert_eq!(delivered, ["+919000000002"]);
        sms.world.assert_sum().await;
    }

    async fn r22_questions_are_asked_for_a_day_and_leave_their_queue(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(150).await;
        // The provider knows the end of no message.
        sms.world.sandbox.faults().change(|faults| faults.outcomes.delivered = 0.0);
        let id = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        let work = sms.world.engine.work().clone();
        let waiting = async |sms: &Sms| {
            let later = sms.world.now().plus(40 * 24 * HOUR);
            // The questions were taken and given back as they were, held until a moment that has come.
            work.take_status_polls(later, sms.world.now(), 100, &[]).await.unwrap().len()
        };
        assert_eq!(waiting(&sms).await, 2, "one for each request");
        sms.ask_for_news().await;
        assert_eq!(waiting(&sms).await, 2, "not told yet");
        for hours in [6, 19] {
            sms.world.clock.advance(hours * HOUR);
            sms.world.beat().await;
            while sms.world.engine.poll_status().await.unwrap() > 0 {}
        }
        assert_eq!(waiting(&sms).await, 0);
        assert_eq!(sms.world.sum(id).await, "150 = 150 sent");
        // Once the end of every message is known there is nothing to ask.
        sms.world.sandbox.faults().change(|faults| faults.outcomes.delivered = 1.0);
        let told = sms.broadcast(&personal()).await;
        sms.world.run_dry().await;
        sms.ask_for_news().await;
        assert_eq!(sms.world.sum(told).await, "150 = 150 delivered");
        assert_eq!(waiting(&sms).await, 0);
    }

    async fn promotion_stops_at_nine_in_the_evening_and_the_rest_is_cancelled(db: TestStore) {
        stops_at_nine(db, AfterHours::Cancel).await;
    }

    async fn promotion_stops_at_nine_in_the_evening_and_the_rest_goes_in_the_morning(db: TestStore) {
        stops_at_nine(db, AfterHours::Wait).await;
    }

    async fn promotion_goes_only_to_those_who_agreed_and_still_do(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(4).await;
        for phone in ["9000000000", "9000000001", "9000000002"] {
            sms.agree(phone).await;
        }
        let id = sms.broadcast(&promotion()).await;
        assert_eq!(sms.world.sum(id).await, "4 = 3 waiting + 1 skipped");
        // The consent is withdrawn after the plan was written.
        let consent = sms.world.org.consents_of("+919000000001", &sms.world.key).await.unwrap().remove(0);
        sms.world.org.withdraw_consent(consent.id, "By telephone", sms.world.clock.now()).await.unwrap();
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "4 = 2 sent + 2 skipped");
        assert!(sms.rows(id).await.iter().filter(|row| row.state == MessageState::Skipped).all(|row| row.reason == "no_consent"));
        assert_eq!(sms.world.sandbox.world().count("919000000001"), 0);
        // A reminder of what they registered for needs no agreement.
        sms.world.clock.advance(HOUR);
        sms.world.beat().await;
        let service = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(service).await, "4 = 4 sent");
    }

    async fn two_messages_to_one_number_keep_two_minutes_apart(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(30).await;
        let first = sms.broadcast(&same_for_all()).await;
        sms.world.sender.turn_until_idle().await.unwrap();
        let told = sms.world.clock.now();
        let second = sms.broadcast(&personal()).await;
        sms.world.sender.turn_until_idle().await.unwrap();
        assert_eq!(sms.world.sandbox.world().len(), 30, "the second one waits");
        assert!(sms.rows(second).await.iter().all(|row| row.next_attempt_at == Some(told.plus(2 * MINUTE))));
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(first).await, "30 = 30 sent");
        assert_eq!(sms.world.sum(second).await, "30 = 30 sent");
        let earliest = sms.rows(second).await.iter().filter_map(|row| row.started_at).min();
        assert!(earliest.is_some_and(|at| at >= told.plus(2 * MINUTE)));
    }

    async fn requests_of_numbers_from_different_places_take_only_their_own(db: TestStore) {
        let pace = Pace { per_second: 1_000_000, per_day: 0 };
        let mut sms = Sms::with(db, 4, pace).await;
        // The second and third number of the later list just had a message.
        sms.world.register(&[("9000000001", "One Test"), ("9000000002", "Two Test")]).await;
        sms.broadcast(&same_for_all()).await;
        sms.world.sender.turn_until_idle().await.unwrap();
        sms.world.clock.advance(2 * MINUTE - UNDO_MS - SECOND);
        sms.world.beat().await;
        sms.world.crowd(6).await;
        sms.world.sandbox.faults().change(|faults| faults.latency_ms = 150);
        let id = sms.broadcast(&same_for_all()).await;
        // The four that may go out lie around the two that wait, which go in a call of their own while that call is
        // out.
        for calls in 1..=2 {
            while sms.world.sender.turn(true).await.unwrap().claimed == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(sms.world.sender.unfinished(), calls, "none has ended yet");
            sms.world.clock.advance(2 * SECOND);
            sms.world.beat().await;
        }
        sms.world.run_dry().await;
        assert_eq!(sms.world.sum(id).await, "8 = 6 sent + 2 skipped");
        let requests: HashSet<String> = sms.rows(id).await.into_iter().filter_map(|row| row.provider_id).collect();
        assert_eq!(requests.len(), 2, "each with the id of its own request");
        assert_eq!(sms.world.truth(id).await.actual_cost().0 + 2 * sms.world.sandbox.fast2sms().get().dlt_price, sms.charged().0);
        sms.world.assert_sum().await;
    }

    async fn in_chaos_five_hundred_personal_texts_end_right_and_cost_what_the_provider_booked(db: TestStore) {
        in_chaos(Sms::new(db).await, &personal()).await;
    }

    async fn in_chaos_requests_of_seven_end_right_and_cost_what_the_provider_booked(db: TestStore) {
        // A refused message goes again beside those that go first, so the numbers of a request lie far apart.
        let pace = Pace { per_second: 1_000_000, per_day: 0 };
        in_chaos(Sms::with(db, 7, pace).await, &same_for_all()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_claim_at_one_moment_keep_the_gap_as_well() {
    let Some(db) = store::testing::postgres().await else { return };
    let mut sms = Sms::new(&db).await;
    sms.world.crowd(30).await;
    let second = sms.world.second_engine().await;
    let (one, two) = (sms.broadcast(&same_for_all()).await, sms.broadcast(&personal()).await);
    assert_eq!(
        claimed_at_once(&sms, &second, &db, one, two).await,
        (30, 30),
        "one of them waits for two minutes"
    );

    // The same happens with an account for each broadcast, so that they share no pace.
    sms.world.clock.advance(5 * MINUTE);
    sms.world.give_up_others().await;
    let pace = Pace { per_second: 1_000_000, per_day: 0 };
    let one = sms.broadcast(&same_for_all()).await;
    sms.account = add_account(&sms.world, "Other SMS", 100, pace).await;
    let two = sms.broadcast(&personal()).await;
    let (both, most) = claimed_at_once(&sms, &second, &db, one, two).await;
    assert_eq!((both, most), (30, 30), "one of them waits, whose account it may be");
    db.remove().await;
}

/// The rows that two processes claim for one broadcast each: both together, and the larger number of the two. Both
/// have begun to claim when the pace of their accounts is free.
async fn claimed_at_once(
    sms: &Sms,
    second: &munadi_engine::Engine,
    db: &TestStore,
    one: BroadcastId,
    two: BroadcastId,
) -> (usize, usize) {
    let now = sms.world.now();
    let claim = async |engine: &munadi_engine::Engine, id| {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let wants = [Want::rows(id, 30)];
        engine.work().turn(&Endings::default(), &wants, &sms.world.key, now).await.unwrap().claimed.len()
    };
    let (_, first, second) = tokio::join!(
        db.damage("SELECT pg_sleep(1) FROM (SELECT COUNT(*) FROM (SELECT 1 FROM integration_pace FOR UPDATE) AS held) AS all_held"),
        claim(&sms.world.engine, one),
        claim(second, two)
    );
    (first + second, first.max(second))
}

async fn in_chaos(mut sms: Sms, template: &SmsTemplate) {
    sms.world.crowd(500).await;
    sms.world.sandbox.faults().change(|faults| {
        faults.server_error = Amount::Rate(0.10);
        faults.reset_after = Amount::Rate(0.05);
        faults.stall = Amount::Rate(0.05);
        faults.stall_ms = 1_500;
        faults.too_many = Amount::Rate(0.05);
        faults.habits.fast2sms.refusal_as_200 = 0.5;
    });
    let id = sms.broadcast(template).await;
    sms.world.run_dry().await;
    sms.world.sandbox.faults().change(|faults| {
        *faults = sandbox::faults::Faults { habits: faults.habits.clone(), ..Default::default() };
    });
    sms.ask_for_news().await;
    assert!(sms.world.sandbox.world().repeated_phones(1).is_empty());
    let mut unanswered = 0;
    for row in sms.rows(id).await {
        let heard = sms.world.sandbox.world().of_phone(&row.recipient);
        match row.state {
            MessageState::Sent | MessageState::Delivered => assert_eq!(heard.len(), 1, "{row:?}"),
            MessageState::Failed => assert_eq!(heard.len(), 0, "{row:?}"),
            // Nobody can be asked about a call without an id; the report would tell.
            MessageState::Unknown => unanswered += heard.len(),
            other => panic!("no row may end as {other}"),
        }
    }
    let each = sms.world.sandbox.fast2sms().get().dlt_price;
    let unbooked = i64::try_from(unanswered).unwrap() * each;
    assert_eq!(sms.world.truth(id).await.actual_cost().0 + unbooked, sms.charged().0);
    assert!(unanswered > 0, "the faults must have struck");
    sms.world.assert_sum().await;
}

/// The test runs on one thread, so that the call cannot begin before the clock has moved on.
#[tokio::test]
async fn promotion_that_is_claimed_before_nine_is_not_called_after_it() {
    let db = store::testing::sqlite().await;
    let mut sms = Sms::new(&db).await;
    sms.world.crowd(3).await;
    for phone in ["9000000000", "9000000001", "9000000002"] {
        sms.agree(phone).await;
    }
    let zone = Zone::india();
    let nine = zone.parse_local("2026-10-13T21:00").unwrap();
    sms.world.clock.advance(nine.plus(-UNDO_MS - SECOND).since(sms.world.clock.now()));
    sms.world.beat().await;
    let quiet = QuietHours { from_minute: 0, to_minute: 0 };
    let hours = SendingHours::of(Category::Marketing, quiet, &zone, AfterHours::Wait);
    let id = sms.confirm(&promotion(), hours).await;
    while sms.world.sender.turn(true).await.unwrap().claimed == 0 {
        tokio::task::yield_now().await;
    }
    sms.world.clock.advance(SECOND);
    sms.world.sender.turn_until_idle().await.unwrap();
    assert_eq!(sms.world.sandbox.world().len(), 0);
    assert_eq!(sms.world.sum(id).await, "3 = 3 waiting");
    let ten = zone.parse_local("2026-10-14T10:00").unwrap();
    sms.world.run_dry().await;
    assert_eq!(sms.world.sandbox.world().len(), 0, "the night is long");
    sms.world.clock.advance(ten.since(sms.world.clock.now()));
    sms.world.beat().await;
    sms.world.run_dry().await;
    assert_eq!(sms.world.sum(id).await, "3 = 3 sent");
    db.remove().await;
}

/// Begins 30 seconds before the hour with more people than the pace allows in that time.
async fn stops_at_nine(db: &TestStore, then: AfterHours) {
    let mut sms = Sms::with(db, 10, Pace { per_second: 4, per_day: 0 }).await;
    let zone = Zone::india();
    let at = |text: &str| zone.parse_local(text).unwrap();
    sms.world.crowd(2_000).await;
    for n in 0..2_000 {
        sms.agree(&format!("90000{n:05}")).await;
    }
    let start = at("2026-10-13T20:59").plus(30 * SECOND);
    sms.world.clock.advance(start.plus(-UNDO_MS).since(sms.world.clock.now()));
    sms.world.beat().await;
    let hours =
        SendingHours::of(Category::Marketing, QuietHours { from_minute: 0, to_minute: 0 }, &zone, then);
    let id = sms.confirm(&promotion(), hours).await;
    let nine = at("2026-10-13T21:00");
    let until = |sms: &Sms, last: Millis| sms.world.clock.now() < last;
    while until(&sms, nine.plus(20 * SECOND)) {
        sms.world.sender.turn_until_idle().await.unwrap();
        sms.world.engine.settle().await.unwrap();
        sms.world.clock.advance(250);
        sms.world.beat().await;
    }
    // 30 seconds of four requests a second with ten numbers each, and one burst, are allowed.
    let told = sms.world.sandbox.world().len();
    assert!((1_150..=1_250).contains(&told), "{told} were told before nine");
    assert!(sms.rows(id).await.iter().filter_map(|row| row.sent_at).all(|at| at < nine), "none after nine");
    let truth = sms.world.truth(id).await;
    let rest = 2_000 - i64::try_from(told).unwrap();
    match then {
        AfterHours::Cancel => {
            assert_eq!(in_state(&truth, MessageState::Cancelled), rest);
            assert_eq!(truth.status.word(), "completed");
        }
        AfterHours::Wait => {
            assert_eq!(in_state(&truth, MessageState::Waiting), rest);
            let ten = at("2026-10-14T10:00");
            sms.world.clock.advance(ten.plus(-SECOND).since(sms.world.clock.now()));
            sms.world.beat().await;
            sms.world.sender.turn_until_idle().await.unwrap();
            assert_eq!(sms.world.sandbox.world().len(), told, "none before ten");
            while until(&sms, ten.plus(40 * SECOND)) {
                sms.world.sender.turn_until_idle().await.unwrap();
                sms.world.clock.advance(500);
                sms.world.beat().await;
            }
            assert_eq!(sms.world.sum(id).await, "2000 = 2000 sent");
        }
    }
    assert!(sms.world.sandbox.world().repeated_phones(1).is_empty());
    sms.world.assert_sum().await;
}
