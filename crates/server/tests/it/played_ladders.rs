//! A reach ladder over three channels for two thousand people, played on lifelike stand-ins: its report says what the
//! phones got.

use std::collections::BTreeSet;

use compose::Caller;
use domain::{
    channel::Channel,
    ids::{ImportId, IntegrationId, TemplateId},
    message::MessageState,
    pace::Pace,
    sequence::{
        Anchor, CostCaps, LateRule, Rung, Step, StepAudience, StepKey, Timing, Until, ladders, rungs_of,
    },
    template::Message,
};
use munadi::{
    accounts::seal_binding,
    commands::rehearse,
    play,
    rehearsal::{sample_script, settled, sms_templates},
};
use providers::{Secret, Secrets};
use serde_json::{Value, json};
use store::{integrations::NewIntegration, on_both, plans::PlanChoice, sequences::SequenceDraft};

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

on_both! {
    async fn the_report_of_a_ladder_that_was_played_says_whom_it_reached_when_and_for_how_much(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene).await;
        let command = rehearse::RehearseCommand {
            workshop: "Rust".into(),
            organisation: Some(crate::world::FIRST.to_owned()),
            sequence: None,
            day: "usual".into(),
            trouble: "none".into(),
            from: None,
            minutes: 15,
            list: false,
            json: true,
        };
        let said = rehearse::obey(&scene.world.app, &command).await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        let ladder = &said["ladders"][0];
        let people = i64::try_from(PEOPLE).unwrap() + 3;
        assert_eq!(ladder["people"], people, "{said}");
        // The figures are counted from every message of the copy.
        let organization = scene.org.organization().await.unwrap();
        let caller = Caller::new(scene.org.clone(), organization, scene.world.clock_now());
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
        let copy = play::open(&scene.world.app, &caller, &kept).await.unwrap().unwrap();
        let all = copy.played(scene.workshop, kept.from, &[], (0, 100_000)).await.unwrap();
        let arrived = |state| matches!(state, MessageState::Delivered | MessageState::Read);
        let reached: BTreeSet<&str> =
            all.iter().filter(|one| arrived(one.state)).map(|one| one.recipient.as_str()).collect();
        assert_eq!(ladder["reached"], reached.len(), "{said}");
        // A person who is left out of the first rung can be reached by none: there is no number, or another
        // registration has it.
        let left_out = usize::try_from(said["steps"][0]["counts"]["skipped"].as_i64().unwrap()).unwrap();
        let reachable = PEOPLE + 3 - left_out;
        assert!(reached.len() > reachable * 98 / 100, "of {reachable} people two channels reach {}", reached.len());
        let on = |channel| all.iter().filter(|one| one.channel == channel).count();
        let each = [Channel::WhatsappPersonal, Channel::Sms].map(on);
        assert!(each[0] == reachable && each[1] > 0 && each[1] < each[0] / 5, "{each:?} of {reachable}");
        // The workshop begins at half past eight, when nobody may be called yet.
        assert_eq!((on(Channel::IvrCall), &said["steps"][2]["why"]), (0, &json!("in_time")), "{said}");
        // Cost and times are compared rung by rung.
        let plan = copy.plan_of(scene.workshop).await.unwrap().unwrap();
        let key = ladders(&plan.steps).remove(0);
        let row = |step: &&Step| plan.rows.iter().find(|row| row.key == step.key).unwrap().id;
        let rows: Vec<_> = rungs_of(&plan.steps, &key).iter().map(row).collect();
        let report = copy.ladder_report(scene.workshop, &key, &rows, kept.now).await.unwrap();
        assert_eq!(report.rungs.iter().map(|rung| rung.reached).sum::<i64>(), report.reached);
        assert_eq!(report.rungs.iter().map(|rung| rung.cost.0).sum::<i64>(), report.cost.0);
        assert!(report.rungs[..2].iter().all(|rung| rung.cost.0 > 0 && rung.half_ms.is_some()), "{report:?}");
        assert_eq!(ladder["cost"], report.cost.0);
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
}
