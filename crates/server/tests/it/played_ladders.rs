//! A reach ladder over three channels for two thousand people, played on lifelike stand-ins: its report says what the
//! phones got.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use compose::Caller;
use domain::{
    channel::Channel,
    ids::{ImportId, IntegrationId, MessageRef, TemplateId},
    message::{MessageState, SkipReason},
    money::Money,
    pace::Pace,
    reason::Reason,
    sequence::{
        Anchor, CostCaps, LadderReport, LateRule, Rung, Step, StepAudience, StepKey, Timing, Until, ladders,
        rungs_of,
    },
    template::Message,
    time::{HOUR, MINUTE, Millis},
};
use munadi::{
    accounts::seal_binding,
    commands::rehearse,
    play,
    rehearsal::{sample_script, settled, sms_templates},
};
use providers::{Secret, Secrets};
use serde_json::{Value, json};
use store::{
    Org,
    calls::CallView,
    integrations::NewIntegration,
    messages::{MessageFilter, MessageView},
    on_both,
    plans::PlanChoice,
    rehearsals::{PlayedMessage, Rehearsal},
    sequences::SequenceDraft,
    workshops::WorkshopDraft,
};

use crate::home::Scene;

const PEOPLE: usize = 2_000;

/// An account of the first vendor that serves a channel, with the settings that its stand-in knows.
async fn account(scene: &Scene, channel: Channel, more: Value) -> IntegrationId {
    let vendor = providers::registry::serving(channel).next().unwrap();
    let sample = sandbox::registry::face(vendor.kind()).unwrap().account();
    let mut secrets = Secrets::default();
    for (key, secret) in &sample.secrets {
        secrets.set(key, Secret::new(secret));
    }
    let mut settings = sample.settings;
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (app, id) = (&scene.world.app, IntegrationId::new(scene.world.clock_now()));
    let binding = seal_binding(scene.org.actor().organization, id);
    let new = NewIntegration {
        id,
        kind: vendor.kind().to_owned(),
        name: channel.title().to_owned(),
        settings,
        sealed: app.keys.seal(&secrets.to_json(), &binding),
        hints: json!({}),
        callback_key: app.keys.callback_key(id),
        pace: Pace { per_second: 50, per_day: 0 },
    };
    scene.org.add_integration(new, scene.world.clock_now()).await.unwrap();
    id
}

fn rung((channel, template, account, minutes): (Channel, TemplateId, IntegrationId, i64)) -> Step {
    Step {
        key: StepKey::stored(format!("m{minutes}")),
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
        rung: Some(Rung { ladder: StepKey::stored("reach".to_owned()), caps: CostCaps::default() }),
    }
}

/// WhatsApp an hour before the start, a text after a quarter of an hour without a receipt, then a call if it may
/// ring.
async fn plan(scene: &Scene) {
    let (org, now) = (&scene.org, scene.world.clock_now());
    let sms = account(scene, Channel::Sms, json!({})).await;
    let calls = account(scene, Channel::IvrCall, json!({ "lines": 50, "per_minute": 300 })).await;
    let text = Message::from(sms_templates().unwrap().swap_remove(0).1);
    let text = org.add_template(Channel::Sms, "Text", &text.to_json(), now).await.unwrap();
    let script = Message::from(sample_script(text)).to_json();
    let script = org.add_template(Channel::IvrCall, "Call", &script, now).await.unwrap();
    let steps = [
        (Channel::WhatsappPersonal, scene.template, scene.account, 60),
        (Channel::Sms, text, sms, 45),
        (Channel::IvrCall, script, calls, 30),
    ];
    let draft = SequenceDraft {
        name: "Reach".to_owned(),
        description: String::new(),
        steps: steps.map(rung).to_vec(),
    };
    let sequence = org.add_sequence(&draft, now).await.unwrap();
    let people = settled(0, PEOPLE).collect();
    org.add_registrants(scene.workshop, ImportId::new(now), people, now).await.unwrap();
    org.write_plan(scene.workshop, sequence, 1, &PlanChoice::default(), now).await.unwrap();
}

/// A ladder that was played, as its report says it and as its messages are.
struct Played {
    /// What the command says.
    said: Value,
    kept: Rehearsal,
    copy: Org,
    /// Every message of the copy whose call began.
    all: Vec<PlayedMessage>,
    /// The messages of each rung, also of those whom it did not go to.
    rungs: Vec<Vec<MessageView>>,
    report: LadderReport,
}

/// Plays the workshop on a usual day.
async fn rehearsed(scene: &Scene) -> Played {
    let command = rehearse::RehearseCommand {
        workshop: "Rust".into(),
        organisation: Some(crate::world::FIRST.to_owned()),
        sequence: None,
        day: "usual".into(),
        trouble: "none".into(),
        from: None,
        minutes: 15,
        attend: 60,
        leave_early: None,
        list: false,
        json: true,
    };
    let said = rehearse::obey(&scene.world.app, &command).await.unwrap();
    let organization = scene.org.organization().await.unwrap();
    let caller = Caller::new(scene.org.clone(), organization, scene.world.clock_now());
    let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
    let copy = play::open(&scene.world.app, &caller, &kept).await.unwrap().unwrap();
    let all = copy.played(scene.workshop, kept.from, &[], (0, 100_000)).await.unwrap();
    let plan = copy.plan_of(scene.workshop).await.unwrap().unwrap();
    let key = ladders(&plan.steps).remove(0);
    let row = |step: &&Step| plan.rows.iter().find(|row| row.key == step.key).unwrap();
    let rows: Vec<_> = rungs_of(&plan.steps, &key).iter().map(row).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut rungs = Vec::new();
    for row in rows {
        let mut own = Vec::new();
        for made in &row.broadcasts {
            own.extend(copy.messages(*made, &MessageFilter::default(), 0, 100_000).await.unwrap());
        }
        rungs.push(own);
    }
    let report = copy.ladder_report(scene.workshop, &key, &ids, kept.now).await.unwrap();
    Played { said: serde_json::from_str(&said).unwrap(), kept, copy, all, rungs, report }
}

fn arrived(state: MessageState) -> bool {
    matches!(state, MessageState::Delivered | MessageState::Read)
}

/// The milliseconds within which that share of the proofs came, counted one by one.
fn within(messages: &[MessageView], percent: usize) -> Option<i64> {
    let mut waits: Vec<i64> = messages
        .iter()
        .filter_map(|one| Some(one.delivered_at.into_iter().chain(one.read_at).min()?.since(one.sent_at?)))
        .collect();
    waits.sort_unstable();
    waits.get((waits.len() * percent).div_ceil(100).checked_sub(1)?).copied()
}

on_both! {
    async fn the_report_of_a_ladder_that_was_played_says_whom_it_reached_when_and_for_how_much(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene).await;
        let Played { said, kept, all, report, .. } = Box::pin(rehearsed(&scene)).await;
        let ladder = &said["ladders"][0];
        let people = i64::try_from(PEOPLE).unwrap() + 3;
        assert_eq!(ladder["people"], people, "{said}");
        let reached: BTreeSet<&str> =
            all.iter().filter(|one| arrived(one.state)).map(|one| one.recipient.as_str()).collect();
        assert_eq!(ladder["reached"], reached.len(), "{said}");
        // A person who is left out of the first rung can be reached by no message: their number is a landline.
        let left_out = usize::try_from(said["steps"][0]["counts"]["skipped"].as_i64().unwrap()).unwrap();
        let reachable = PEOPLE + 3 - left_out;
        assert!(reached.len() > reachable * 98 / 100, "of {reachable} people two channels reach {}", reached.len());
        let on = |channel| all.iter().filter(|one| one.channel == channel).count();
        let each = [Channel::WhatsappPersonal, Channel::Sms].map(on);
        assert!(each[0] == reachable && each[1] > 0 && each[1] < each[0] / 5, "{each:?} of {reachable}");
        // The workshop begins at half past eight, when nobody may be called yet.
        assert_eq!((on(Channel::IvrCall), &said["steps"][2]["why"]), (0, &json!("in_time")), "{said}");
        // Cost and times are compared rung by rung.
        assert_eq!(report.rungs.iter().map(|rung| rung.reached).sum::<i64>(), report.reached);
        assert_eq!(report.rungs.iter().map(|rung| rung.cost.0).sum::<i64>(), report.cost.0);
        assert!(report.rungs[..2].iter().all(|rung| rung.cost.0 > 0 && rung.half_ms.is_some()), "{report:?}");
        assert_eq!(ladder["cost"], report.cost.0);
        assert!(kept.now > kept.from);
        let mut manager = scene.manager().await;
        let to = format!("/workshops/{}/plan/rehearsal", scene.workshop);
        let page = manager.get(&to).await.body;
        assert!(page.contains(&format!("{to}/ladders/reach")) && page.contains("of 2,003 people reached"), "{page}");
        let page = manager.get(&format!("{to}/ladders/reach")).await.body;
        for words in ["Reached", "60 minutes before", "IVR Call", "proof: half within", "Not reached"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(manager.get(&format!("{to}/ladders/none")).await.status, axum::http::StatusCode::NOT_FOUND);
        assert!(scene.sandbox.world().is_empty(), "a real account was called");
    }

    async fn the_last_rung_of_a_ladder_that_was_played_rings_those_whom_no_message_reached(db: TestStore) {
        let scene = Scene::new(db).await;
        // Half past five in the morning in India; the workshop begins at half past six in the evening.
        let starts_at = scene.world.clock_now().plus(13 * HOUR);
        let draft = WorkshopDraft {
            title: "Rust in the evening".into(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: "https://meet.example/rust".into(),
            tag: None,
        };
        scene.org.edit_workshop(scene.workshop, &draft, scene.world.clock_now()).await.unwrap();
        plan(&scene).await;
        let Played { said, copy, all, rungs, report, .. } = Box::pin(rehearsed(&scene)).await;
        let called = &rungs[2];
        // Nobody is called whom a message reached by then, and everybody else whom a message went to.
        let proven_by = |at: Millis, rung: &[MessageView]| -> BTreeSet<String> {
            let before = |one: &&MessageView| one.delivered_at.is_some_and(|proven| proven < at);
            rung.iter().filter(before).map(|one| one.recipient.clone()).collect()
        };
        let due = starts_at.plus(-30 * MINUTE);
        let proven: BTreeSet<String> =
            rungs[..2].iter().flat_map(|rung| proven_by(due, rung)).collect();
        let tried = |rung: &[MessageView]| -> BTreeSet<String> {
            rung.iter().filter(|one| one.started_at.is_some()).map(|one| one.recipient.clone()).collect()
        };
        let silent: BTreeSet<String> = tried(&rungs[0]).difference(&proven).cloned().collect();
        // A landline gets no message, and rings.
        let landlines: BTreeSet<String> = rungs[0]
            .iter()
            .filter(|one| one.reason == Reason::Excluded(SkipReason::Landline))
            .map(|one| one.recipient.clone())
            .collect();
        assert!(!silent.is_empty() && !landlines.is_empty(), "{} {}", silent.len(), landlines.len());
        assert_eq!(tried(called), silent.union(&landlines).cloned().collect());
        // What each phone does stands in its last digit.
        let (mut by_digit, mut heard) = (BTreeMap::<char, BTreeSet<&str>>::new(), 0);
        for one in called.iter().filter(|one| one.started_at.is_some()) {
            let digit = one.recipient.chars().last().unwrap();
            by_digit.entry(digit).or_default().insert(one.state.word());
            heard += i64::from(one.state == MessageState::Delivered);
            let rings = !matches!(digit, '4' | '5' | '9') || one.recipient.ends_with("39");
            assert_eq!(one.state == MessageState::Delivered, rings, "{} is {}", digit, one.state);
            assert!(one.sent_at.is_some_and(|sent| due <= sent && sent < starts_at), "{one:?}");
        }
        assert_eq!(report.rungs[2].reached, heard, "{by_digit:?}");
        assert!(heard > 0, "{by_digit:?}");
        assert!(report.rungs[2].half_ms.is_some_and(|half| (8_000..60_000).contains(&half)), "{report:?}");
        let messages: Vec<MessageRef> = called.iter().map(|one| one.message).collect();
        assert_holds(&report, &rungs, &copy.calls_of_all(&messages).await.unwrap());
        // The command and its page say the same.
        let ladder = &said["ladders"][0];
        assert_eq!((&ladder["reached"], &ladder["cost"]), (&json!(report.reached), &json!(report.cost.0)), "{said}");
        // Whoever pressed 1 on a mobile was sent the link at once, which is no rung.
        let presses = |one: &&MessageView| "01368".contains(one.recipient.chars().last().unwrap());
        let pressed = called.iter().filter(|one| silent.contains(&one.recipient)).filter(presses).count();
        let texts = all.iter().filter(|one| one.channel == Channel::Sms).count();
        assert_eq!(texts - tried(&rungs[1]).len(), pressed, "{by_digit:?}");
        assert_eq!(copy.ladder_spent(scene.workshop, &StepKey::stored("reach".to_owned())).await.unwrap(), report.cost);
        assert!(scene.sandbox.world().is_empty(), "a real account was called");
    }
}

/// Holds share, times and cost of each rung against every message of the copy and each of their calls.
fn assert_holds(
    report: &LadderReport,
    rungs: &[Vec<MessageView>],
    calls: &HashMap<MessageRef, Vec<CallView>>,
) {
    let mut reached: BTreeMap<&str, (Millis, usize)> = BTreeMap::new();
    for (nth, rung) in rungs.iter().enumerate() {
        for one in rung {
            if let Some(at) = one.delivered_at.into_iter().chain(one.read_at).min() {
                let first = reached.entry(&one.recipient).or_insert((at, nth));
                *first = (*first).min((at, nth));
            }
        }
    }
    assert_eq!(report.reached, i64::try_from(reached.len()).unwrap());
    // WhatsApp ₹ 0.145 a message, an SMS of one segment ₹ 0.25, a pulse of a call ₹ 0.60; nothing where nobody picks up. Whoever hung up at
    // once was called again, and costs both.
    let prices = [Money(1_450), Money(2_500), Money(6_000)];
    for (nth, (told, rung)) in report.rungs.iter().zip(rungs).enumerate() {
        let own = reached.values().filter(|(_, first)| *first == nth).count();
        assert_eq!(told.reached, i64::try_from(own).unwrap(), "rung {nth}");
        let left: Vec<&MessageView> = rung.iter().filter(|one| one.sent_at.is_some()).collect();
        assert_eq!(told.tried, i64::try_from(left.len()).unwrap(), "rung {nth}");
        let sent = || left.iter().filter_map(|one| one.sent_at);
        assert_eq!((told.first_sent, told.last_sent), (sent().min(), sent().max()), "rung {nth}");
        assert_eq!((told.half_ms, told.most_ms), (within(rung, 50), within(rung, 90)), "rung {nth}");
        let open = |one: &MessageView| match calls.get(&one.message) {
            Some(own) => {
                own.iter().filter(|call| call.record.was_picked_up() && call.record.cost.is_none()).count()
            }
            None => usize::from(one.cost.is_none()),
        };
        let cost = |one: &&MessageView| {
            one.cost.unwrap_or(Money(0)) + prices[nth].times(i64::try_from(open(one)).unwrap())
        };
        assert_eq!(told.cost, left.iter().map(cost).sum(), "rung {nth}: {told:?}");
    }
    assert_eq!(report.cost, report.rungs.iter().map(|rung| rung.cost).sum());
}
