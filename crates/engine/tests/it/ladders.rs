//! The reach ladder. Each rung goes only to people without proof at the moment of its claim, late proof is counted,
//! and the caps hold to the last paisa whoever is killed.

use domain::{
    broadcast::UNDO_MS,
    channel::Channel,
    ids::{BroadcastId, IntegrationId},
    message::{MessageState, SkipReason},
    money::Money,
    pace::Pace,
    reason::Reason,
    sequence::{Anchor, CostCaps, LadderReport, RowState, Rung, Step, StepKey, Timing, Until},
    time::{HOUR, MINUTE, Millis, SECOND},
};
use munadi_engine::{AHEAD_MS, Sender};
use serde_json::json;
use store::{
    on_both,
    work::{Endings, RawReceipt, Want},
};

use crate::{
    receipts::receipt,
    sequences::step,
    sms::{add_account, personal},
    world::World,
};

/// The price of a utility message by the stand-in's vendor: ₹ 0.145 (providers/src/aisensy/NOTES.md, prices).
const WHATSAPP: i64 = 1_450;

fn reach() -> StepKey {
    StepKey::stored("reach".into())
}

impl World {
    /// Rungs by WhatsApp from an hour before the start, a quarter of an hour apart. The last one ends five minutes
    /// before the start.
    async fn rungs(&self, n: i64, caps: CostCaps) -> Vec<Step> {
        let template = self.stored_template("any").await;
        let rung = |nth: i64| {
            let timing = Timing::before(60 - 15 * nth);
            let mut step = step(template, &format!("r{}", nth + 1), "reminder", Anchor::Start, timing);
            step.until = Until::At(Anchor::Start, Timing::before(5));
            step.rung = Some(Rung { ladder: reach(), caps });
            step
        };
        (0..n).map(rung).collect()
    }

    fn due(&self, nth: i64) -> Millis {
        self.start().plus((-60 + 15 * nth) * MINUTE)
    }

    /// The broadcast of a rung's own run.
    async fn of_rung(&self, nth: usize) -> BroadcastId {
        let row = self.row(&format!("r{nth}")).await;
        assert_eq!(row.state, RowState::Broadcast, "r{nth}: {row:?}");
        row.broadcasts[0]
    }

    /// Makes the provider report this state for the message of a broadcast to a person.
    async fn prove(&self, broadcast: BroadcastId, phone: &str, status: &str) {
        let rows = self.rows(broadcast).await;
        let row = rows.iter().find(|row| row.recipient == phone).expect("a message");
        let digits = phone.trim_start_matches('+');
        let key = format!("{broadcast}-{digits}-{status}");
        let body = receipt(&key, digits, row.provider_id.as_deref(), status, self.now().0);
        self.receive(vec![(key, body)]).await;
    }

    /// Reports of the texts of a broadcast, in the order of the plan, each with its charge.
    async fn texts_end(&self, broadcast: BroadcastId, account: IntegrationId, statuses: &[&str]) {
        let charge = Money(self.sandbox.fast2sms().get().dlt_price).to_string();
        for (row, status) in self.rows(broadcast).await.iter().zip(statuses) {
            let mobile = row.recipient.trim_start_matches('+');
            let body = json!({ "request_id": row.provider_id, "mobile": mobile, "status": status,
                "delivery_timestamp": self.now().0 / 1_000, "amount_debited": charge })
            .to_string();
            let organization = self.org.actor().organization;
            let receipt = RawReceipt { organization, integration: account, dedupe_key: body.clone(), body };
            self.engine.work().store_receipts(vec![receipt], self.now()).await.unwrap();
        }
        while self.engine.apply_receipts().await.unwrap() > 0 {}
    }

    async fn ladder(&self) -> LadderReport {
        let plan = self.org.plan_of(self.workshop).await.unwrap().unwrap();
        let rows: Vec<_> = plan.rows.iter().map(|row| row.id).collect();
        self.org.ladder_report(self.workshop, &reach(), &rows, self.now()).await.unwrap()
    }

    /// What the ladder's report, the plan and the whole workshop say that it costs, which has to be the same; and whether the plan knows it.
    async fn cost(&self) -> (Money, bool) {
        let runs = self.org.plan_runs(self.workshop, self.now()).await.unwrap();
        let plan: Money = runs.iter().map(|run| run.cost).sum();
        let whole = self.org.workshop_cost(self.workshop).await.unwrap();
        let report = self.ladder().await;
        assert_eq!((report.likely_cost(), whole.likely), (plan, plan), "{report:?} {runs:?}");
        let known = runs.iter().all(|run| run.cost_known);
        assert_eq!((report.rungs.iter().all(|rung| rung.cost_known), whole.known), (known, known));
        (plan, known)
    }

    fn all_heard(&self, people: usize) -> usize {
        (0..people).map(|n| self.sandbox.world().count(&person(n))).sum()
    }
}

fn person(n: usize) -> String {
    format!("+9190000{n:05}")
}

fn in_all(messages: i64, more: i64) -> CostCaps {
    CostCaps { per_person: None, in_all: Some(Money(messages * WHATSAPP + more)) }
}

on_both! {
    async fn a_rung_goes_only_to_those_without_proof_when_it_is_claimed_and_late_proof_is_counted(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let steps = world.rungs(2, CostCaps::default()).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(MINUTE)).await;
        let first = world.of_rung(1).await;
        assert_eq!(world.sum(first).await, "5 = 5 sent");
        // One message is proven before the next rung is planned, and one is refused.
        world.prove(first, &person(0), "DELIVERED").await;
        world.prove(first, &person(4), "FAILED").await;
        world.run_until(world.due(1).plus(-AHEAD_MS / 2)).await;
        let second = world.of_rung(2).await;
        assert_eq!(world.rows(second).await.len(), 4, "whoever is proven is not even planned");
        // One message is proven after the next rung was planned and before it is claimed.
        world.prove(first, &person(1), "READ").await;
        world.run_until(world.due(1).plus(MINUTE)).await;
        assert_eq!(world.sum(second).await, "4 = 3 sent + 1 skipped");
        let spared = world.rows(second).await.into_iter().find(|row| row.state == MessageState::Skipped).unwrap();
        assert_eq!((spared.recipient, spared.reason), (person(1), Reason::Excluded(SkipReason::ReachedBefore)));
        // The proof of the first rung comes late for one person; the second rung reaches another.
        world.prove(first, &person(2), "DELIVERED").await;
        world.prove(second, &person(3), "DELIVERED").await;
        assert_eq!(world.org.late_proofs(second).await.unwrap(), 1);
        let report = world.ladder().await;
        assert_eq!((report.people, report.reached), (5, 4));
        let rungs: Vec<_> = report.rungs.iter().map(|rung| (rung.tried, rung.reached, rung.late, rung.spared)).collect();
        assert_eq!(rungs, [(5, 3, 1, 0), (3, 1, 0, 1)]);
        assert_eq!(report.cost, Money(8 * WHATSAPP));
        assert_eq!([0, 1, 2, 3, 4].map(|n| world.sandbox.world().count(&person(n))), [1, 1, 2, 2, 2]);
    }

    async fn a_rung_is_on_any_channel_and_waits_until_the_one_before_had_its_time(db: TestStore) {
        let mut world = World::new(db).await;
        add_account(&world, "SMS", 1, Pace { per_second: 1_000_000, per_day: 0 }).await;
        world.sandbox.faults().change(|faults| faults.habits.fast2sms.repeat_window_ms = 0);
        world.crowd(2).await;
        let body = serde_json::to_value(personal()).unwrap();
        let sms = world.org.add_template(Channel::Sms, "Text", &body, world.now()).await.unwrap();
        let mut steps = world.rungs(2, CostCaps::default()).await;
        (steps[1].channel, steps[1].template) = (Channel::Sms, sms);
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(MINUTE)).await;
        let first = world.of_rung(1).await;
        // One person's first message went out ten minutes late.
        let late = domain::ids::MessageRef { broadcast: first, position: 2 };
        let words = format!("UPDATE messages SET sent_at = sent_at + {} WHERE position = 2", 10 * MINUTE);
        db.damage(Box::leak(words.into_boxed_str())).await;
        assert_eq!(world.rows(first).await[1].message, late);
        world.run_until(world.due(1).plus(MINUTE)).await;
        let second = world.of_rung(2).await;
        assert_eq!(world.sum(second).await, "2 = 1 waiting + 1 sent", "the other has ten minutes more");
        world.run_until(world.due(1).plus(12 * MINUTE)).await;
        assert_eq!(world.sum(second).await, "2 = 2 sent");
    }

    async fn nobody_beyond_the_cap_in_all_gets_a_rung_and_all_below_it_do(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(10).await;
        // The cap pays for thirteen messages, and lacks a tenth of a paisa for a fourteenth.
        let steps = world.rungs(2, in_all(13, WHATSAPP - 1)).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(1).plus(MINUTE)).await;
        assert_eq!(world.sum(world.of_rung(1).await).await, "10 = 10 sent");
        let second = world.of_rung(2).await;
        assert_eq!(world.sum(second).await, "10 = 3 sent + 7 skipped");
        let over = world.rows(second).await.into_iter().filter(|row| row.reason == Reason::Excluded(SkipReason::LadderCap));
        assert_eq!(over.count(), 7);
        let report = world.ladder().await;
        assert_eq!((report.cost, report.rungs[1].over_cap), (Money(13 * WHATSAPP), 7));
    }

    async fn whoever_is_over_the_cap_stands_with_that_reason_at_once_however_slow_the_account_is(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(100).await;
        let steps = world.rungs(2, in_all(101, 0)).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(MINUTE)).await;
        world.pace(1, 0).await;
        world.run_until(world.due(1).plus(2 * SECOND)).await;
        assert_eq!(world.sum(world.of_rung(2).await).await, "100 = 1 sent + 99 skipped");
    }

    async fn a_person_costs_no_more_than_the_cap_per_person(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let caps = CostCaps { per_person: Some(Money(2 * WHATSAPP)), in_all: None };
        let steps = world.rungs(3, caps).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(2).plus(MINUTE)).await;
        assert_eq!(world.sum(world.of_rung(2).await).await, "4 = 4 sent");
        let third = world.of_rung(3).await;
        assert_eq!(world.sum(third).await, "4 = 4 skipped");
        assert!(world.rows(third).await.iter().all(|row| row.reason == Reason::Excluded(SkipReason::PersonCap)));
    }

    async fn what_a_killed_process_may_have_sent_counts_for_the_cap(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        let steps = world.rungs(2, in_all(25, 0)).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(1).plus(-SECOND)).await;
        let second = world.of_rung(2).await;
        world.clock.advance(2 * SECOND);
        world.beat().await;
        // Another process claims four of the five messages that are left and dies before any answer.
        let other = world.second_engine().await;
        let claimed = other.work().turn(&Endings::default(), &[Want::rows(second, 4)], &world.key, world.now()).await.unwrap();
        assert_eq!(claimed.claimed.len(), 4);
        world.give_up_others().await;
        world.run_until(world.due(1).plus(2 * MINUTE)).await;
        assert_eq!(world.sum(second).await, "20 = 1 sent + 15 skipped + 4 unknown");
        assert_eq!(world.all_heard(20), 21);
        assert_eq!(world.ladder().await.cost, Money(25 * WHATSAPP));
    }

    async fn ladder_plan_and_workshop_cost_the_same_where_people_are_left_out_expire_or_fail(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(10).await;
        let steps = world.rungs(3, in_all(14, 0)).await;
        world.run_sequence(&steps).await;
        assert_eq!(world.cost().await, (Money(0), true), "nothing went");
        world.run_until(world.due(0).plus(MINUTE)).await;
        let first = world.of_rung(1).await;
        assert_eq!(world.cost().await, (Money(10 * WHATSAPP), false), "no provider said so");
        world.prove(first, &person(0), "DELIVERED").await;
        world.prove(first, &person(1), "FAILED").await;
        world.run_until(world.due(1).plus(-AHEAD_MS / 2)).await;
        world.prove(first, &person(2), "READ").await;
        let planned = world.cost().await.0;
        assert_eq!(planned, Money(19 * WHATSAPP), "what is still to go counts");
        // Somebody was reached meanwhile, and the cap pays for four of the others.
        world.run_until(world.due(1).plus(MINUTE)).await;
        assert_eq!(world.sum(world.of_rung(2).await).await, "9 = 4 sent + 5 skipped");
        assert_eq!(world.cost().await, (Money(14 * WHATSAPP), false));
        // Of the last rung nothing goes in time.
        world.run_until(world.due(2).plus(-AHEAD_MS / 2)).await;
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        world.run_until(world.start().plus(MINUTE)).await;
        let last = world.truth(world.of_rung(3).await).await;
        assert!(last.in_state(MessageState::Expired) > 0, "{last:?}");
        assert_eq!(world.cost().await, (Money(14 * WHATSAPP), false));
    }

    async fn two_processes_never_spend_the_same_rupee(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(150).await;
        let steps = world.rungs(2, in_all(217, 0)).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(1).plus(-SECOND)).await;
        world.clock.advance(2 * SECOND);
        world.beat().await;
        let mut second = Sender::new(world.second_engine().await, 2);
        let (one, two) = tokio::join!(world.sender.turn_until_idle(), second.turn_until_idle());
        one.unwrap();
        two.unwrap();
        world.run_until(world.due(1).plus(MINUTE)).await;
        assert_eq!(world.sum(world.of_rung(2).await).await, "150 = 67 sent + 83 skipped");
        assert_eq!(world.all_heard(150), 217);
        assert_eq!(world.ladder().await.cost, Money(217 * WHATSAPP));
    }

    async fn a_text_that_is_sent_again_counts_with_both_of_its_charges(db: TestStore) {
        let mut world = World::new(db).await;
        let account = add_account(&world, "SMS", 100, Pace { per_second: 1_000_000, per_day: 0 }).await;
        world.sandbox.faults().change(|faults| faults.habits.fast2sms.repeat_window_ms = 0);
        world.crowd(4).await;
        let body = serde_json::to_value(personal()).unwrap();
        let sms = world.org.add_template(Channel::Sms, "Text", &body, world.now()).await.unwrap();
        let text = world.sandbox.fast2sms().get().dlt_price;
        // The cap lacks a hundredth of a paisa for two texts and a message.
        let caps = CostCaps { per_person: Some(Money(2 * text + WHATSAPP - 1)), in_all: None };
        let mut steps = world.rungs(2, caps).await;
        (steps[0].channel, steps[0].template, steps[0].account) = (Channel::Sms, sms, Some(account));
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(MINUTE)).await;
        let first = world.of_rung(1).await;
        world.texts_end(first, account, &["failed"; 4]).await;
        assert_eq!(world.sum(first).await, "4 = 4 failed");
        let reasons = [world.rows(first).await[0].reason.clone()];
        world.org.send_again(first, MessageState::Failed, &reasons, world.due(1), world.now()).await.unwrap();
        assert_eq!(world.ladder().await.rungs[0].cost, Money(4 * text), "what waits has cost that");
        world.run_until(world.due(0).plus(2 * MINUTE)).await;
        assert_eq!(world.sum(first).await, "4 = 4 sent");
        assert_eq!(world.ladder().await.rungs[0].cost, Money(8 * text));
        assert_eq!(world.truth(first).await.actual_cost(), Money(world.sandbox.fast2sms().ledger().net()));
        // The last one is given back, and only its second text.
        world.texts_end(first, account, &["failed", "failed", "delivered", "blocked"]).await;
        assert_eq!((world.ladder().await.rungs[0].cost, world.truth(first).await.actual_cost()), (Money(7 * text), Money(7 * text)));
        world.run_until(world.due(1).plus(MINUTE)).await;
        let second = world.rows(world.of_rung(2).await).await;
        let over = second.iter().filter(|row| row.reason == Reason::Excluded(SkipReason::PersonCap)).map(|row| row.recipient.clone());
        assert_eq!(over.collect::<Vec<_>>(), [person(0), person(1)]);
        assert_eq!(world.ladder().await.cost, Money(7 * text + WHATSAPP));
    }

    async fn a_rung_waits_for_a_message_that_may_have_left_as_for_one_that_did(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let steps = world.rungs(2, CostCaps::default()).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(-SECOND)).await;
        let first = world.of_rung(1).await;
        // Ten minutes late another process claims one message and dies before any answer; the other one is sent.
        world.clock.advance(10 * MINUTE);
        world.beat().await;
        let other = world.second_engine().await;
        let claimed = other.work().turn(&Endings::default(), &[Want::rows(first, 1)], &world.key, world.now()).await.unwrap();
        assert_eq!(claimed.claimed.len(), 1);
        world.give_up_others().await;
        world.run_until(world.due(0).plus(11 * MINUTE)).await;
        assert_eq!(world.sum(first).await, "2 = 1 sent + 1 unknown");
        world.run_until(world.due(1).plus(MINUTE)).await;
        let second = world.of_rung(2).await;
        assert_eq!(world.sum(second).await, "2 = 2 waiting", "both have ten minutes more");
        world.run_until(world.due(1).plus(12 * MINUTE)).await;
        assert_eq!(world.sum(second).await, "2 = 2 sent");
    }

    async fn a_moved_or_cancelled_workshop_takes_its_rungs_along(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let steps = world.rungs(2, CostCaps::default()).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(MINUTE)).await;
        world.move_to(world.start().plus(HOUR)).await;
        assert_eq!(world.row("r2").await.due, Some(world.due(1).plus(HOUR)));
        world.run_until(world.due(1).plus(MINUTE)).await;
        assert_eq!(world.all_heard(2), 2, "the second rung comes with the workshop");
        world.org.cancel_workshop(world.workshop, world.now()).await.unwrap();
        world.run_until(world.start().plus(2 * HOUR)).await;
        assert_eq!(world.all_heard(2), 2);
    }

    async fn who_registers_late_gets_the_rung_that_is_due(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(1).await;
        let steps = world.rungs(2, CostCaps::default()).await;
        world.run_sequence(&steps).await;
        world.run_until(world.due(1).plus(MINUTE)).await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.due(1).plus(10 * MINUTE)).await;
        assert_eq!(world.sandbox.world().count("+919000000009"), 1, "one, and not both");
        assert_eq!(world.row("r2").await.broadcasts.len(), 2);
    }

    async fn a_message_by_hand_that_arrived_is_proof_as_well(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let steps = world.rungs(2, CostCaps::default()).await;
        world.run_sequence(&steps).await;
        let by_hand = world.reminder(&World::template());
        let by_hand = world.org.confirm_broadcast(by_hand, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS);
        world.beat().await;
        world.run_dry().await;
        world.prove(by_hand, &person(0), "DELIVERED").await;
        world.run_until(world.due(1).plus(MINUTE)).await;
        // Nobody got the first rung, because both people were told by hand. The second goes to the one without proof.
        assert_eq!([0, 1].map(|n| world.sandbox.world().count(&person(n))), [1, 2]);
    }
}

/// A pseudo-random number below `n`, which the same seed repeats.
fn below(seed: &mut u64, n: u64) -> u64 {
    // The constants are those of Knuth's MMIX.
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % n
}

on_both! {
    async fn whatever_is_killed_a_ladder_costs_what_it_may_and_no_more(db: TestStore) {
        let seeds: u64 = std::env::var("MUNADI_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4);
        for seed in 1..=seeds {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.expect("there is one"),
                false => store::testing::sqlite().await,
            };
            kills(&fresh, seed).await;
            fresh.remove().await;
        }
    }
}

/// Processes claim some rows and die while others send. Afterwards the ladder cost at most what it may, and no money
/// is left that would have paid for somebody.
async fn kills(db: &store::testing::TestStore, seed: u64) {
    let mut chance = seed;
    let mut world = World::new(db).await;
    let people = 30;
    world.crowd(people).await;
    let messages = 35 + i64::try_from(below(&mut chance, 20)).unwrap();
    let steps = world.rungs(3, in_all(messages, i64::try_from(below(&mut chance, 1_449)).unwrap())).await;
    world.run_sequence(&steps).await;
    let mut died = 0;
    for nth in 0..3 {
        world.run_until(world.due(nth).plus(-SECOND)).await;
        let rung = world.of_rung(usize::try_from(nth).unwrap() + 1).await;
        world.clock.advance(2 * SECOND);
        world.beat().await;
        for _ in 0..3 {
            let other = world.second_engine().await;
            let want = [Want::rows(rung, 1 + i64::try_from(below(&mut chance, 5)).unwrap())];
            let turn = other.work().turn(&Endings::default(), &want, &world.key, world.now()).await.unwrap();
            died += turn.claimed.len();
            if below(&mut chance, 2) == 0 {
                world.sender.turn(true).await.unwrap();
            }
            world.give_up_others().await;
        }
        world.run_until(world.due(nth).plus(5 * MINUTE)).await;
    }
    let report = world.ladder().await;
    assert!(died > 5, "seed {seed}: somebody has to die");
    assert_eq!(report.cost, Money(messages * WHATSAPP), "seed {seed}: {report:?}");
    let heard = world.all_heard(people);
    assert_eq!(i64::try_from(heard + died).unwrap(), messages, "seed {seed}: phones and doubts");
}

/// What becomes of a person's first message: the kinds of a usual evening, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    InTime,
    Late,
    Refused,
    Silent,
}

fn fate(seed: &mut u64) -> Fate {
    match below(seed, 100) {
        0..72 => Fate::InTime,
        72..80 => Fate::Late,
        80..85 => Fate::Refused,
        _ => Fate::Silent,
    }
}

on_both! {
    async fn a_ladder_for_two_thousand_reaches_whom_it_can_afford_and_says_so_rung_by_rung(db: TestStore) {
        const PEOPLE: usize = 2_000;
        let mut world = World::new(db).await;
        let sms_account = add_account(&world, "SMS", 1, Pace { per_second: 1_000_000, per_day: 0 }).await;
        world.sandbox.faults().change(|faults| faults.habits.fast2sms.repeat_window_ms = 0);
        world.crowd(PEOPLE).await;
        let body = serde_json::to_value(personal()).unwrap();
        let sms = world.org.add_template(Channel::Sms, "Text", &body, world.now()).await.unwrap();
        // The ladder may cost ₹ 290 for WhatsApp to everybody and ₹ 60 for texts, which is 240 of one segment each.
        let caps = CostCaps { per_person: Some(Money::rupees(1)), in_all: Some(Money(2_000 * WHATSAPP + 600_000)) };
        let mut steps = world.rungs(2, caps).await;
        (steps[1].channel, steps[1].template, steps[1].account) = (Channel::Sms, sms, Some(sms_account));
        world.run_sequence(&steps).await;
        world.run_until(world.due(0).plus(2 * MINUTE)).await;
        let first = world.of_rung(1).await;
        assert_eq!(world.sum(first).await, "2000 = 2000 sent");
        let mut seed = 7;
        let fates: Vec<Fate> = (0..PEOPLE).map(|_| fate(&mut seed)).collect();
        world.receipts(first, &fates, Fate::InTime, "DELIVERED").await;
        world.receipts(first, &fates, Fate::Refused, "FAILED").await;
        world.run_until(world.due(1).plus(30 * MINUTE)).await;
        let second = world.of_rung(2).await;
        let texts = world.rows(second).await;
        let count = |fate: Fate| i64::try_from(fates.iter().filter(|one| **one == fate).count()).unwrap();
        let open = i64::try_from(PEOPLE).unwrap() - count(Fate::InTime);
        assert_eq!(i64::try_from(texts.len()).unwrap(), open, "the second rung is for those without proof");
        // The late receipts come after the texts went out.
        world.receipts(first, &fates, Fate::Late, "DELIVERED").await;
        let sent: Vec<&str> = texts.iter().filter(|row| row.state == MessageState::Sent).map(|row| row.recipient.as_str()).collect();
        let late = (0..PEOPLE).filter(|n| fates[*n] == Fate::Late && sent.contains(&person(*n).as_str())).count();
        let report = world.ladder().await;
        let told = &report.rungs;
        assert_eq!(report.reached, count(Fate::InTime) + count(Fate::Late));
        assert_eq!((told[0].tried, told[0].failed), (2_000, count(Fate::Refused)));
        assert_eq!(told[0].late, i64::try_from(late).unwrap());
        assert_eq!(told[1].tried + told[1].over_cap + told[1].failed, open, "{}", world.sum(second).await);
        assert!(told[1].over_cap > 0 && told[1].tried > 0, "the cap has to bite: {report:?}");
        // The cost is counted from the phones: each WhatsApp message and each text at its price.
        let phones = i64::try_from(world.all_heard(PEOPLE)).unwrap();
        assert_eq!(phones, told[0].tried + told[1].tried);
        assert!(report.cost <= caps.in_all.unwrap(), "{report:?}");
        // Until it is charged, a text counts with the tax of 18 in 100 that may be added.
        let price = (report.cost.0 - 2_000 * WHATSAPP) / told[1].tried;
        let estimate = Money(price * 118 / 100);
        assert!(report.cost + estimate > caps.in_all.unwrap(), "one more would have been too much: {report:?}");
    }
}

impl World {
    /// Receipts of a broadcast for all people with that fate, spread over a minute.
    async fn receipts(&self, broadcast: BroadcastId, fates: &[Fate], of: Fate, status: &str) {
        let rows = self.rows(broadcast).await;
        let mut bodies = Vec::new();
        for (n, row) in rows.iter().enumerate().filter(|(n, _)| fates[*n] == of) {
            assert_eq!(row.recipient, person(n));
            let digits = row.recipient.trim_start_matches('+');
            let key = format!("{broadcast}-{digits}-{status}");
            let at = self.now().0 - i64::try_from(n % 60).unwrap() * 1_000;
            bodies.push((key.clone(), receipt(&key, digits, row.provider_id.as_deref(), status, at)));
        }
        self.receive(bodies).await;
    }
}
