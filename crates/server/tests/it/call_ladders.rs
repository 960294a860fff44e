//! A reach ladder whose last rung rings: WhatsApp, then a text, then a call to exactly those whom nothing reached, for no more than it may cost,
//! in the hours of calls.

use std::collections::{BTreeMap, BTreeSet};

use axum::{body::Body, http::Request};
use domain::{
    channel::Channel,
    ids::{BroadcastId, IntegrationId, TemplateId},
    message::{MessageState, SkipReason},
    money::Money,
    reason::{OwnReason, Reason},
    sequence::{
        Anchor, CostCaps, LadderReport, LateRule, RowState, Rung, Step, StepAudience, StepKey, Timing, Until,
    },
    template::Message,
    time::{HOUR, MINUTE, Millis, SECOND},
    told::Purpose,
};
use munadi::{
    commands::plan::{PlanCommand, obey},
    rehearsal::{sms_templates, templates},
};
use sandbox::{
    fast2sms::Fate,
    voice::{Chaos, Ended},
};
use serde_json::{Value, json};
use store::{
    messages::MessageView, on_both, plans::PlanChoice, sequences::SequenceDraft, testing::TestStore,
    workshops::WorkshopDraft,
};
use tower::ServiceExt;

use crate::{
    calls::{Scene, account, script, state},
    world::{FIRST, WEBHOOK_SECRET},
};

/// Utility messages and a pulse of a call by the stand-ins' vendors, and a text of one segment.
const WHATSAPP: Money = Money(1_450);
const CALL: Money = Money(6_000);
/// The rungs are due so many minutes before the start.
const BEFORE: [i64; 3] = [40, 30, 20];

/// Whom WhatsApp reaches, whom a text, and whom neither: the last digit of a number says what its phone does with a call.
fn number(block: usize, ending: usize) -> String {
    format!("+919000{block}00{ending:02}")
}

const BY_WHATSAPP: usize = 11;
const BY_SMS: usize = 12;
const BY_CALL: usize = 13;
/// Their WhatsApp arrives, and its receipt comes late.
const LATE: usize = 14;

/// A ladder over three channels around the scene's workshop.
struct Ladder {
    scene: Scene,
    whatsapp: IntegrationId,
    starts_at: Millis,
}

fn reach() -> StepKey {
    StepKey::stored("reach".to_owned())
}

impl Ladder {
    /// With the people of these blocks, so many of each, and a workshop that begins in fifty minutes.
    async fn new(db: &TestStore, kind: &str, caps: CostCaps, people: &[(usize, &[usize])]) -> Ladder {
        Ladder::with(db, (kind, json!({ "lines": 20, "per_minute": 600 })), caps, people, 50 * MINUTE).await
    }

    async fn with(
        db: &TestStore,
        (kind, settings): (&str, Value),
        caps: CostCaps,
        people: &[(usize, &[usize])],
        begins_in: i64,
    ) -> Ladder {
        let scene = Scene::new(db, kind, settings, Chaos::default()).await;
        let numbers = |(block, endings): &(usize, &[usize])| -> Vec<String> {
            endings.iter().map(|ending| number(*block, *ending)).collect()
        };
        let all: Vec<String> = people.iter().flat_map(numbers).collect();
        scene.phones.telephones().change(|voice| voice.exotel.marks_voicemail = true);
        scene.phones.faults().change(|faults| {
            faults.habits.fast2sms.repeat_window_ms = 0;
            // Nobody hears of a message by WhatsApp but by a receipt of ours.
            faults.outcomes.delivered = 0.0;
            for one in &all {
                let (digits, block) = (one.trim_start_matches('+').to_owned(), one[7..9].parse().unwrap());
                if matches!(block, BY_SMS | BY_CALL) {
                    faults.outcomes.code_by_ending.insert(digits.clone(), "131026".to_owned());
                }
                let text = match block {
                    BY_SMS => Fate::Delivered,
                    BY_CALL => Fate::Failed,
                    _ => Fate::Sent,
                };
                faults.habits.fast2sms.endings.insert(digits, text);
            }
        });
        let starts_at = scene.now().plus(begins_in);
        let draft = WorkshopDraft {
            title: "Excel in the evening".into(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: "https://meet.example/excel".into(),
            tag: None,
        };
        scene.org.edit_workshop(scene.workshop, &draft, scene.now()).await.unwrap();
        scene.register(&all).await;
        let whatsapp = plan(&scene, caps).await;
        Ladder { scene, whatsapp, starts_at }
    }

    fn due(&self, nth: usize) -> Millis {
        self.starts_at.plus(-BEFORE[nth] * MINUTE)
    }

    /// Lets the program run until then: by quarters of a second while phones ring, else by a few.
    async fn run_until(&mut self, until: Millis) {
        while self.scene.now() < until {
            while self.scene.world.app.engine.schedule().await.unwrap() {}
            let ring = self.scene.phones.telephones().under_way() > 0;
            let step = if ring { 250 } else { 4 * SECOND };
            self.scene.round_of(step.min(until.since(self.scene.now())).max(1)).await;
        }
    }

    /// The broadcast of a rung; `None` where it did not run.
    async fn of_rung(&self, nth: usize) -> Option<BroadcastId> {
        let plan = self.scene.org.plan_of(self.scene.workshop).await.unwrap().unwrap();
        let row = plan.rows.iter().find(|row| row.key == key(BEFORE[nth])).unwrap();
        assert!(row.broadcasts.len() < 2, "{row:?}");
        row.broadcasts.first().copied()
    }

    async fn rows_of(&self, nth: usize) -> Vec<MessageView> {
        self.scene.rows(self.of_rung(nth).await.expect("it ran")).await
    }

    async fn report(&self) -> LadderReport {
        let plan = self.scene.org.plan_of(self.scene.workshop).await.unwrap().unwrap();
        let rows: Vec<_> = plan.rows.iter().map(|row| row.id).collect();
        self.scene.org.ladder_report(self.scene.workshop, &reach(), &rows, self.scene.now()).await.unwrap()
    }

    /// So much was charged for the calls, by what is kept of their broadcast.
    async fn costs(&self, charged: i64) {
        let calls = self.scene.org.broadcast(self.of_rung(2).await.unwrap()).await.unwrap();
        assert_eq!(calls.actual_cost(), Money(charged), "{calls:?}");
        assert_eq!(self.scene.world.app.engine.work().differences().await.unwrap(), vec![], "the sum holds");
    }

    /// Numbers whose phones rang, with how often.
    fn rang(&self) -> BTreeMap<String, usize> {
        let mut rang = BTreeMap::new();
        for call in self.scene.phones.telephones().calls() {
            *rang.entry(format!("+{}", call.phone)).or_default() += 1;
        }
        rang
    }

    /// WhatsApp says that it reached these people.
    async fn arrives(&self, people: &BTreeSet<String>) {
        let face = sandbox::registry::face("aisensy").unwrap();
        let to = format!("/callbacks/{}", self.scene.world.app.keys.callback_key(self.whatsapp));
        let rows = self.rows_of(0).await;
        for (nth, row) in rows.iter().filter(|row| people.contains(&row.recipient)).enumerate() {
            let (id, digits) = (row.provider_id.as_deref().unwrap(), row.recipient.trim_start_matches('+'));
            let nth = nth + usize::try_from(self.scene.now().0 / 1_000).unwrap();
            let post = face.delivered(nth, id, digits, WEBHOOK_SECRET);
            let (name, signature) = post.signature.unwrap();
            let request = Request::builder().method("POST").uri(&to).header(name, signature);
            let answer =
                self.scene.world.router().oneshot(request.body(Body::from(post.body)).unwrap()).await;
            assert!(answer.unwrap().status().is_success());
        }
    }
}

/// Writes the plan, the three rungs; the account for WhatsApp.
async fn plan(scene: &Scene, caps: CostCaps) -> IntegrationId {
    let Scene { world, people, org, phones, workshop, .. } = scene;
    let now = world.clock_now();
    let connect = async |kind: &str| -> IntegrationId {
        let id = account(world, people, kind, json!({})).await;
        let callback =
            format!("{}/callbacks/{}", world.app.config.public_url, world.app.keys.callback_key(id));
        sandbox::registry::face(kind).unwrap().post_to(phones, &[callback], WEBHOOK_SECRET);
        id
    };
    let (whatsapp, sms) = (connect("aisensy").await, connect("fast2sms").await);
    let message = Message::from(templates().swap_remove(0).1).to_json();
    let reminder = org.add_template(Channel::WhatsappPersonal, "Evening", &message, now).await.unwrap();
    let message = Message::from(sms_templates().unwrap().swap_remove(0).1).to_json();
    let text = org.add_template(Channel::Sms, "Text", &message, now).await.unwrap();
    let call =
        org.add_template(Channel::IvrCall, "Call", &Message::from(script()).to_json(), now).await.unwrap();
    let rungs = [
        (Channel::WhatsappPersonal, reminder, whatsapp),
        (Channel::Sms, text, sms),
        (Channel::IvrCall, call, scene.account),
    ];
    let steps = rungs.into_iter().zip(BEFORE).map(|(rung, minutes)| step(rung, minutes, caps)).collect();
    let draft = SequenceDraft { name: "Reach".to_owned(), description: String::new(), steps };
    let sequence = org.add_sequence(&draft, now).await.unwrap();
    org.write_plan(*workshop, sequence, 1, &PlanChoice::default(), now).await.unwrap();
    whatsapp
}

fn key(minutes: i64) -> StepKey {
    StepKey::stored(format!("m{minutes}"))
}

fn step(
    (channel, template, account): (Channel, TemplateId, IntegrationId),
    minutes: i64,
    caps: CostCaps,
) -> Step {
    Step {
        key: key(minutes),
        label: format!("{minutes} minutes before"),
        channel,
        template,
        account: Some(account),
        anchor: Anchor::Start,
        timing: Timing::before(minutes),
        purpose: "reminder".to_owned(),
        until: Until::At(Anchor::Start, Timing::before(0)),
        audience: StepAudience::default(),
        late: LateRule::Skip,
        wait_out_quiet: false,
        rung: Some(Rung { ladder: reach(), caps }),
    }
}

fn numbers(block: usize, endings: &[usize]) -> BTreeSet<String> {
    endings.iter().map(|ending| number(block, *ending)).collect()
}

/// `munadi plan` of the first organisation's workshop.
async fn plan_said(scene: &Scene, json: bool) -> String {
    let look = PlanCommand {
        workshop: "Excel in the evening".to_owned(),
        organisation: Some(FIRST.to_owned()),
        sequence: None,
        run: false,
        follow: false,
        include: vec![],
        leave_out: vec![],
        cancel: None,
        cancel_all: false,
        try_again: None,
        json,
    };
    obey(&scene.world.app, &look).await.unwrap()
}

on_both! {
    async fn the_rung_of_calls_rings_exactly_those_whom_nothing_reached_before(db: TestStore) {
        for kind in ["exotel", "ozonetel"] {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            rings_whom_nothing_reached(&fresh, kind).await;
            fresh.remove().await;
        }
    }

    async fn calls_count_for_the_caps_of_a_ladder_by_their_price(db: TestStore) {
        // Each person may cost a message and a text, and not a call besides.
        let endings = [1, 3, 11, 13, 21, 23];
        let per_person = CostCaps { per_person: Some(Money(10_000)), in_all: None };
        let mut ladder = Ladder::new(db, "exotel", per_person, &[(BY_CALL, &endings)]).await;
        ladder.run_until(ladder.starts_at).await;
        let text = ladder.report().await.rungs[1].cost.0 / 6;
        assert!(WHATSAPP.0 + text < 10_000 && WHATSAPP.0 + text + CALL.0 <= 10_000, "the caps below need this price: {text}");
        assert_eq!(ladder.rang().len(), 6, "so much may be");
        for (caps, called, reason) in [
            (CostCaps { per_person: Some(Money(WHATSAPP.0 + text + CALL.0 - 1)), in_all: None }, 0, SkipReason::PersonCap),
            // All of both rungs, four calls, and a hundredth of a paisa less than a fifth.
            (CostCaps { per_person: None, in_all: Some(Money(6 * (WHATSAPP.0 + text) + 5 * CALL.0 - 1)) }, 4, SkipReason::LadderCap),
        ] {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut ladder = Ladder::new(&fresh, "exotel", caps, &[(BY_CALL, &endings)]).await;
            ladder.run_until(ladder.starts_at).await;
            assert_eq!(ladder.rang().len(), called, "{caps:?}");
            let rows = ladder.rows_of(2).await;
            let over = rows.iter().filter(|row| row.reason == Reason::Excluded(reason)).count();
            assert_eq!((rows.len(), over), (6, 6 - called), "{rows:?}");
            let report = ladder.report().await;
            assert_eq!(report.rungs[2].over_cap, i64::try_from(6 - called).unwrap());
            assert!(caps.in_all.is_none_or(|cap| report.cost <= cap), "{report:?}");
            drop(ladder);
            fresh.remove().await;
        }
    }

    async fn whoever_a_rung_reached_is_said_to_get_none_of_the_next_ones(db: TestStore) {
        let people: [(usize, &[usize]); 2] = [(BY_WHATSAPP, &[1]), (BY_CALL, &[3])];
        let mut ladder = Ladder::new(db, "exotel", CostCaps::default(), &people).await;
        ladder.run_until(ladder.due(0).plus(MINUTE)).await;
        ladder.arrives(&numbers(BY_WHATSAPP, &[1])).await;
        ladder.run_until(ladder.due(0).plus(2 * MINUTE)).await;
        let scene = &ladder.scene;
        let filter = store::registrants::RegistrantFilter { limit: 5, ..Default::default() };
        let all = scene.org.registrants(scene.workshop, &filter).await.unwrap();
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        for (number, reached, comes) in [(number(BY_WHATSAPP, 1), 2, 0), (number(BY_CALL, 3), 0, 2)] {
            let who = all.iter().find(|one| one.phone == number).unwrap().id;
            let page = manager.get(&format!("/workshops/{}/plan?person={who}", scene.workshop)).await.body;
            let table = page.split_once("id=\"person-plan\"").unwrap().1;
            let counts = (
                table.matches("The ladder reached them: WhatsApp Personal, delivered").count(),
                table.matches("unless something proves before").count(),
            );
            assert_eq!(counts, (reached, comes), "{table}");
        }
    }

    async fn a_move_says_which_steps_would_not_go_at_their_new_time_and_why(db: TestStore) {
        // It is half past ten in the morning. The call is due at ten past eight in the evening, and an hour later after the hours of calls.
        let usual = json!({ "lines": 20, "per_minute": 600 });
        let ladder = Ladder::with(db, ("exotel", usual), CostCaps::default(), &[(BY_CALL, &[1])], 10 * HOUR).await;
        let scene = &ladder.scene;
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let zone = domain::time::Zone::india();
        let [starts, ends] = [HOUR, 3 * HOUR].map(|by| zone.local_form(ladder.starts_at.plus(by)));
        let page = manager.get(&format!("/workshops/{}/move?starts={starts}&ends={ends}", scene.workshop)).await.body;
        let counts = "Moved 2, newly skipped 0, would not go 1, within ten minutes 0.";
        assert!(page.contains(counts), "{page}");
        assert!(page.contains("1 would not go") && page.contains("It would go after its last useful moment"), "{page}");
    }

    async fn calls_that_nobody_answered_cost_a_ladder_nothing(db: TestStore) {
        // For three calls; two of the first are busy or not answered, which leaves room for the others.
        let mut ladder = Ladder::with(
            db,
            ("exotel", json!({ "lines": 1, "per_minute": 600 })),
            CostCaps::default(),
            &[(BY_CALL, &[5, 6, 1, 3])],
            50 * MINUTE,
        )
        .await;
        ladder.run_until(ladder.starts_at.plus(MINUTE)).await;
        let report = ladder.report().await;
        let price = |ending| (ladder.rang()[&number(BY_CALL, ending)], ending);
        assert_eq!([5, 6, 1, 3].map(price), [(2, 5), (2, 6), (1, 1), (1, 3)]);
        assert_eq!(report.rungs[2].cost, CALL + CALL, "{report:?}");
        assert_eq!((report.rungs[2].tried, report.rungs[2].reached), (4, 2));
    }

    async fn whoever_hung_up_is_called_again_only_where_both_calls_can_be_paid(db: TestStore) {
        // A message, a text and one call, and not two.
        let caps = CostCaps { per_person: Some(Money(10_000)), in_all: None };
        for prices_at_end in [true, false] {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut ladder = Ladder::new(&fresh, "exotel", caps, &[(BY_CALL, &[4, 14])]).await;
            ladder.scene.phones.telephones().change(|voice| voice.exotel.prices_at_end = prices_at_end);
            // Until all of them were asked for their price.
            ladder.run_until(ladder.starts_at.plus(10 * MINUTE)).await;
            let called: Vec<usize> = ladder.rang().into_values().collect();
            assert_eq!(called, [1, 1], "priced at the end: {prices_at_end}");
            let rows = ladder.rows_of(2).await;
            assert!(rows.iter().all(|row| row.reason == Reason::Excluded(SkipReason::PersonCap)), "{rows:?}");
            let report = ladder.report().await;
            assert_eq!((report.rungs[2].tried, report.rungs[2].over_cap, report.rungs[2].cost), (2, 2, CALL + CALL));
            ladder.costs(2 * CALL.0).await;
            drop(ladder);
            fresh.remove().await;
        }
    }

    async fn whoever_waits_for_a_second_call_leaves_no_money_to_others(db: TestStore) {
        // One line: who hangs up waits while the others are called.
        let narrow = || ("exotel", json!({ "lines": 1, "per_minute": 600 }));
        let people: [(usize, &[usize]); 1] = [(BY_CALL, &[4, 11, 13])];
        let mut ladder = Ladder::with(db, narrow(), CostCaps::default(), &people, 50 * MINUTE).await;
        ladder.scene.phones.telephones().change(|voice| voice.exotel.prices_at_end = true);
        ladder.run_until(ladder.starts_at).await;
        let called = |ladder: &Ladder| [4, 11, 13].map(|n| ladder.rang().get(&number(BY_CALL, n)).copied().unwrap_or(0));
        assert_eq!(called(&ladder), [2, 1, 1]);
        let report = ladder.report().await;
        assert_eq!((report.rungs[2].cost, report.rungs[2].cost_known), (CALL.times(4), true));
        ladder.costs(4 * CALL.0).await;
        let before = report.rungs[0].cost + report.rungs[1].cost;
        // Two calls, and a hundredth of a paisa less than a third.
        let caps = CostCaps { per_person: None, in_all: Some(before + Money(3 * CALL.0 - 1)) };
        for prices_at_end in [true, false] {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut ladder = Ladder::with(&fresh, narrow(), caps, &people, 50 * MINUTE).await;
            ladder.scene.phones.telephones().change(|voice| voice.exotel.prices_at_end = prices_at_end);
            ladder.run_until(ladder.starts_at.plus(10 * MINUTE)).await;
            assert_eq!(called(&ladder), [1, 1, 0], "priced at the end: {prices_at_end}");
            let report = ladder.report().await;
            assert_eq!((report.rungs[2].over_cap, report.cost), (2, before + CALL.times(2)));
            ladder.costs(2 * CALL.0).await;
            drop(ladder);
            fresh.remove().await;
        }
    }

    async fn nobody_is_called_outside_the_hours_of_calls_and_whoever_would_be_stands_with_a_reason(db: TestStore) {
        // It is half past ten in the morning. The rung of calls is due at five to nine in the evening, and one line takes few of them in five minutes.
        let endings: Vec<usize> = (0..40).map(|n| 1 + 2 * (n % 2) + 10 * (n / 2 % 10) + 100 * (n / 20)).collect();
        let endings: Vec<usize> = endings.into_iter().filter(|ending| *ending < 100).collect();
        let begins_in = 10 * HOUR + 25 * MINUTE + 20 * MINUTE;
        let narrow = json!({ "lines": 1, "per_minute": 600 });
        let mut ladder = Ladder::with(db, ("exotel", narrow), CostCaps::default(), &[(BY_CALL, &endings)], begins_in).await;
        let nine = ladder.due(2).plus(5 * MINUTE);
        assert_eq!(domain::time::Zone::india().plain_time(nine), "9:00 PM");
        let now = ladder.scene.now();
        ladder.scene.world.clock.advance(ladder.due(0).plus(-2 * MINUTE).since(now));
        let at = ladder.scene.now();
        ladder.scene.world.app.engine.work().beat(at, at.plus(10 * HOUR), None).await.unwrap();
        ladder.run_until(ladder.starts_at.plus(MINUTE)).await;
        let calls = ladder.scene.phones.telephones().calls();
        assert!(calls.iter().all(|call| call.placed_at < nine.0), "a phone rang after nine");
        let rang = ladder.rang();
        assert!(rang.len() > 3 && rang.len() < endings.len(), "{} of {}", rang.len(), endings.len());
        let rows = ladder.rows_of(2).await;
        for row in &rows {
            let expected = match rang.contains_key(&row.recipient) {
                true => (MessageState::Delivered, Reason::None),
                false => (MessageState::Expired, Reason::Ours(OwnReason::Deadline)),
            };
            assert_eq!((row.state, row.reason.clone()), expected, "{row:?}");
        }
        assert_eq!(rows.len(), endings.len());
        let report = ladder.report().await;
        assert_eq!(report.rungs[2].reached, i64::try_from(rang.len()).unwrap());
        let stands: i64 = report.not_reached.iter().filter(|(why, _)| why.is_some()).map(|(_, n)| n).sum();
        assert_eq!(stands, i64::try_from(endings.len() - rang.len()).unwrap(), "{report:?}");
    }

    async fn a_rung_of_calls_that_could_ring_nobody_in_its_hours_does_not_run_and_says_why(db: TestStore) {
        // The rung is due at ten past nine in the evening.
        let begins_in = 10 * HOUR + 60 * MINUTE;
        let usual = json!({ "lines": 20, "per_minute": 600 });
        let mut ladder = Ladder::with(db, ("exotel", usual), CostCaps::default(), &[(BY_CALL, &[1, 3])], begins_in).await;
        let now = ladder.scene.now();
        ladder.scene.world.clock.advance(ladder.due(0).plus(-2 * MINUTE).since(now));
        let at = ladder.scene.now();
        ladder.scene.world.app.engine.work().beat(at, at.plus(10 * HOUR), None).await.unwrap();
        ladder.run_until(ladder.starts_at.plus(MINUTE)).await;
        assert!(ladder.rang().is_empty());
        let plan = ladder.scene.org.plan_of(ladder.scene.workshop).await.unwrap().unwrap();
        let row = plan.rows.iter().find(|row| row.key == key(20)).unwrap();
        assert_eq!((row.state, row.why.code()), (RowState::Skipped, "in_time"), "{row:?}");
    }
}

async fn rings_whom_nothing_reached(db: &TestStore, kind: &str) {
    let called = [1, 2, 3, 4, 5, 6, 8];
    let people: [(usize, &[usize]); 4] =
        [(BY_WHATSAPP, &[1, 3, 6]), (BY_SMS, &[1, 3, 6]), (BY_CALL, &called), (LATE, &[3])];
    let mut ladder = Ladder::new(db, kind, CostCaps::default(), &people).await;
    let late = number(LATE, 3);
    let said = plan_said(&ladder.scene, false).await;
    let call_line = said.lines().find(|line| line.starts_with("m20 ")).unwrap().to_owned();
    assert!(call_line.contains("IVR Call") && call_line.contains("at worst ₹8.40"), "{said}");
    ladder.run_until(ladder.due(0).plus(MINUTE)).await;
    ladder.arrives(&numbers(BY_WHATSAPP, &[1, 3, 6])).await;
    ladder.run_until(ladder.due(2).plus(-20 * SECOND)).await;
    // Planned, and not claimed: now the receipt of one more comes.
    let planned: BTreeSet<String> = ladder.rows_of(2).await.into_iter().map(|row| row.recipient).collect();
    let mut expected = numbers(BY_CALL, &called);
    expected.insert(late.clone());
    assert_eq!(planned, expected, "{kind}: whoever is proven is not even planned");
    ladder.arrives(&[late.clone()].into()).await;
    ladder.run_until(ladder.starts_at.plus(MINUTE)).await;

    let rang: BTreeSet<String> = ladder.rang().into_keys().collect();
    assert_eq!(rang, numbers(BY_CALL, &called), "{kind}");
    let calls = ladder.scene.phones.telephones().calls();
    assert!(
        calls.iter().all(|call| call.placed_at >= ladder.due(2).0 && call.placed_at <= ladder.starts_at.0)
    );
    let rows = ladder.rows_of(2).await;
    let spared = Reason::Excluded(SkipReason::ReachedBefore);
    assert_eq!(state(&rows, &late), (MessageState::Skipped, spared.code().to_owned()), "{kind}");
    // Who pressed or heard it is told; who hung up, was busy or did not pick up is not.
    for (ending, told) in [(1, true), (2, true), (3, true), (4, false), (5, false), (6, false), (8, true)] {
        let (stands, why) = state(&rows, &number(BY_CALL, ending));
        let expected = if told { MessageState::Delivered } else { MessageState::Failed };
        assert_eq!(stands, expected, "{kind} {ending}: {why}");
    }
    let report = ladder.report().await;
    let rungs: Vec<_> =
        report.rungs.iter().map(|rung| (rung.tried, rung.reached, rung.late, rung.spared)).collect();
    assert_eq!(rungs, [(14, 4, 1, 0), (11, 3, 0, 0), (7, 4, 0, 1)], "{kind}: {report:?}");
    assert_eq!((report.people, report.reached), (14, 11));
    // Charged by now, or an estimate: whoever hung up at once was called again, and costs two.
    let pulses = calls.iter().filter(|call| call.ended == Some(Ended::Completed)).count();
    assert_eq!(report.rungs[2].cost, CALL.times(i64::try_from(pulses).unwrap()), "{kind}: {report:?}");
    assert_eq!(report.rungs[2].cost_known, kind == "exotel");
    rounds(&ladder).await;
    shown(&ladder, &report).await;
}

/// Each rung is a further round of the purpose, and nobody was told twice in one.
async fn rounds(ladder: &Ladder) {
    let org = &ladder.scene.org;
    let purpose = Purpose::parse("reminder").unwrap();
    let tellings = org.tellings(ladder.scene.workshop, &purpose, 10).await.unwrap();
    assert!(tellings.iter().all(|one| one.counts), "{tellings:?}");
    let mut own = Vec::new();
    for nth in [2, 1, 0] {
        let id = ladder.of_rung(nth).await.unwrap();
        let rows = ladder.scene.rows(id).await;
        let people: BTreeSet<&str> = rows.iter().map(|row| row.recipient.as_str()).collect();
        assert_eq!(people.len(), rows.len());
        own.push(id);
    }
    assert_eq!(tellings.into_iter().map(|one| one.id).collect::<Vec<_>>(), own, "newest first");
}

/// The page of the ladder and the command line say what was counted.
async fn shown(ladder: &Ladder, report: &LadderReport) {
    let said = plan_said(&ladder.scene, false).await;
    let line = said.lines().find(|line| line.starts_with("Ladder reach")).expect("a line for the ladder");
    assert!(line.contains("11 of 14 reached") && line.contains("m20 went to 7, reached 4"), "{line}");
    assert!(serde_json::from_str::<Value>(&plan_said(&ladder.scene, true).await).is_ok());
    let mut manager = ladder.scene.world.signed_in(&ladder.scene.people.manager).await;
    let page = manager.get(&format!("/workshops/{}/plan/ladders/reach", ladder.scene.workshop)).await.body;
    for words in
        ["11 of 14 people", "IVR Call", "20 minutes before", "1 spared, reached before", "nobody picked up"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(report.rungs[2].first_sent >= Some(ladder.due(2)));
}
