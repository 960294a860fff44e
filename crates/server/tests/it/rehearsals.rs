//! A plan is played on stand-ins: the same planning over the real people, and nothing leaves.

use compose::Caller;
use domain::{
    channel::Channel,
    ids::WorkshopId,
    message::MessageState,
    rehearsal::{RehearsalState, Trouble, Turnout, Weather},
    sequence::{Anchor, LateRule, Presence, RowState, Step, StepAudience, StepKey, Timing, Until},
    time::{HOUR, MINUTE, Millis},
};
use munadi::{
    commands::rehearse,
    play::{self, Refused, Report, Request, Script},
};
use store::{StoreError, on_both, plans::PlanChoice, sequences::SequenceDraft};

use crate::{
    home::Scene,
    world::{API_KEY, World},
};

/// Steps so many minutes before the start, with the scene's account and template.
pub(crate) async fn plan(scene: &Scene, minutes: &[i64]) {
    let template = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().remove(0).id;
    let step = |(at, minutes): (usize, &i64)| Step {
        key: StepKey::stored(format!("m{minutes}")),
        label: format!("Step {minutes}"),
        channel: Channel::WhatsappPersonal,
        template,
        account: Some(scene.account),
        anchor: Anchor::Start,
        timing: Timing::before(*minutes),
        purpose: format!("purpose {at}"),
        until: Until::Minutes(20),
        audience: StepAudience::default(),
        late: LateRule::default(),
        wait_out_quiet: false,
        rung: None,
    };
    let draft = SequenceDraft {
        name: "Evening".into(),
        description: String::new(),
        steps: minutes.iter().enumerate().map(step).collect(),
    };
    let now = scene.world.clock_now();
    let sequence = scene.org.add_sequence(&draft, now).await.unwrap();
    scene.org.write_plan(scene.workshop, sequence, 1, &PlanChoice::default(), now).await.unwrap();
}

/// A step after the end for each way of attending, with the scene's account and template; its purpose is the way.
async fn plan_by_attendance(scene: &Scene) {
    plan(scene, &[60]).await;
    let running = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
    let step = |presence: &Presence| Step {
        key: StepKey::stored(presence.word().to_owned()),
        label: format!("For {presence}"),
        anchor: Anchor::End,
        timing: Timing::after(30),
        purpose: presence.word().to_owned(),
        until: Until::NextOfPurpose,
        audience: StepAudience::Attendance(*presence),
        ..running.steps[0].clone()
    };
    let steps = Presence::ALL.iter().map(step).chain([running.steps[0].clone()]).collect();
    let draft = SequenceDraft { name: "Evening".into(), description: String::new(), steps };
    let now = scene.world.clock_now();
    let version = scene.org.change_sequence(running.sequence, 1, &draft, now).await.unwrap();
    scene.org.follow(scene.workshop, version, running.revision, &PlanChoice::default(), now).await.unwrap();
}

/// How many messages each of these steps sent.
fn went(report: &Report) -> [i64; 3] {
    ["attended", "left_early", "absent"].map(|key| step(report, key).counts.arrived)
}

async fn caller(world: &World, scene: &Scene) -> Caller {
    let organization = scene.org.organization().await.unwrap();
    Caller::new(scene.org.clone(), organization, world.clock_now())
}

async fn begin(scene: &Scene, script: Script) -> Result<play::Rehearsing, Refused> {
    let caller = caller(&scene.world, scene).await;
    let workshop = scene.org.workshop(scene.workshop).await.unwrap();
    let request = Request { script, sequence: None };
    play::begin(&caller, &workshop, request, scene.world.clock_now()).await
}

async fn played(scene: &Scene, script: Script) -> Report {
    let begun = begin(scene, script).await.unwrap();
    play::play(&scene.world.app, begun, |_, _| {}).await
}

fn trouble(scene: &Scene, trouble: Trouble, minutes_before: i64, minutes: i64) -> Script {
    let from = scene.starts_at().plus(-minutes_before * MINUTE);
    Script { weather: Weather::Good, trouble, from, minutes, ..Script::smooth() }
}

/// All bytes in the files of rehearsals.
fn bytes(world: &World) -> Vec<u8> {
    let files = std::fs::read_dir(play::folder(&world.app.config)).into_iter().flatten().flatten();
    files.flat_map(|file| std::fs::read(file.path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn step<'a>(report: &'a Report, key: &str) -> &'a play::StepReport {
    report.steps.iter().find(|step| step.key.as_str() == key).expect("a step")
}

async fn planned(scene: &Scene, workshop: WorkshopId) -> Vec<RowState> {
    let plan = scene.org.plan_of(workshop).await.unwrap().unwrap();
    plan.rows.iter().map(|row| row.state).collect()
}

on_both! {
    async fn a_rehearsal_fills_its_list_with_the_real_people_and_nothing_of_it_is_real(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 60]).await;
        let report = played(&scene, Script::smooth()).await;
        for key in ["m120", "m60"] {
            let step = step(&report, key);
            assert_eq!((step.state, step.counts.planned, step.counts.arrived), (RowState::Broadcast, 3, 3), "{step:?}");
        }
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(kept.state, RehearsalState::Done, "{}", kept.why);
        // The page shows person, time, channel, text and cost of each message.
        let mut manager = scene.manager().await;
        let page = manager.get(&format!("/workshops/{}/plan/rehearsal", scene.workshop)).await;
        let body = page.body.replace('\u{a0}', " ");
        assert!(body.contains("Played to its end") && body.contains("Asha Rao"), "{body}");
        assert!(body.contains("Hi Asha, Rust") && body.contains("Delivered"), "{body}");
        assert!(!body.contains("<svg/onload"), "a name is text");
        let list = manager.get(&format!("/workshops/{}/plan/rehearsal.csv", scene.workshop)).await.body;
        assert_eq!(list.lines().count(), 7, "a title and six messages: {list}");
        // Each message goes out at its own moment by the virtual clock.
        let caller = caller(&scene.world, &scene).await;
        let copy = play::open(&scene.world.app, &caller, &kept).await.unwrap().unwrap();
        let first = copy.played(scene.workshop, kept.from, &[], (0, 10)).await.unwrap();
        let due = scene.starts_at().plus(-HOUR);
        assert!(first.iter().take(3).all(|one| (0..2_000).contains(&one.at.since(due))), "{first:?}");
        // Nothing of it is real: the plan waits, there is no broadcast, and the providers got nothing.
        assert_eq!(planned(&scene, scene.workshop).await, [RowState::Planned, RowState::Planned]);
        assert_eq!(scene.broadcasts().await, 0);
        assert!(scene.sandbox.world().is_empty(), "a real account was called");
    }

    async fn a_rehearsal_has_no_key_but_those_of_the_stand_ins_and_calls_this_machine_alone(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[60]).await;
        played(&scene, Script::smooth()).await;
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
        let bytes = bytes(&scene.world);
        assert!(holds(&bytes, "Rust &amp; <b>friends</b>") || holds(&bytes, "Rust & <b>friends</b>"), "needs the copy");
        for account in scene.org.integrations().await.unwrap() {
            assert!(account.sealed.len() > 20 && !holds(&bytes, &account.sealed), "the sealed keys of {}", account.name);
        }
        let caller = caller(&scene.world, &scene).await;
        let copy = play::open(&scene.world.app, &caller, &kept).await.unwrap().unwrap();
        let accounts = copy.integrations().await.unwrap();
        assert!(accounts.len() >= 2, "needs accounts");
        for account in accounts {
            let secrets = scene.world.app.accounts.secrets(&account).expect("the stand-in's keys open").to_json();
            assert!(!secrets.contains(API_KEY) && secrets.contains(sandbox::aisensy::DEFAULT_KEY), "{}", account.name);
        }
    }

    async fn what_goes_wrong_in_a_rehearsal_goes_as_it_would(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 60]).await;
        // Answers are lost from just before the first step on. Nobody knows the outcome, and nobody gets the message
        // twice.
        let silent = played(&scene, trouble(&scene, Trouble::Silent, 125, 30)).await;
        assert_eq!((step(&silent, "m120").counts.unknown, step(&silent, "m60").counts.arrived), (3, 3), "{silent:?}");
        assert_eq!(silent.counts().went(), 6, "each once");
        // Providers that are out of order until the step is due hold nothing up.
        let down = played(&scene, trouble(&scene, Trouble::Down, 125, 5)).await;
        assert_eq!(step(&down, "m120").counts.arrived, 3, "{down:?}");
        // They are out of order for longer: the step goes out as soon as they are back.
        let longer = played(&scene, trouble(&scene, Trouble::Down, 125, 15)).await;
        assert_eq!((step(&longer, "m120").counts.arrived, step(&longer, "m60").counts.arrived), (3, 3), "{longer:?}");
        // They are out of order until the step is no longer of use: it comes too late, and the next one goes out.
        let long = played(&scene, trouble(&scene, Trouble::Down, 125, 40)).await;
        let counts = step(&long, "m120").counts;
        assert_eq!((counts.arrived, counts.ended), (0, 3), "{long:?}");
        assert_eq!(step(&long, "m60").counts.arrived, 3, "{long:?}");
        // The program does not run: the step is missed, and the next one goes out.
        let off = played(&scene, trouble(&scene, Trouble::Off, 125, 40)).await;
        assert_eq!((step(&off, "m120").state, step(&off, "m60").state), (RowState::Missed, RowState::Broadcast), "{off:?}");
        assert_eq!(off.did_not_go().count(), 1);
        let mut manager = scene.manager().await;
        let page = manager.get(&format!("/workshops/{}/plan/rehearsal", scene.workshop)).await.body;
        assert!(page.contains("Munadi does not run") && page.contains("Step 120: its last useful moment passed"), "{page}");
    }

    async fn an_organisation_plays_one_plan_at_a_time_and_a_rehearsal_can_be_ended(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[60]).await;
        let first = begin(&scene, Script::smooth()).await.unwrap();
        let Err(Refused::Running(title)) = begin(&scene, Script::smooth()).await else { panic!("two at a time") };
        assert_eq!(title, "Rust & <b>friends</b>");
        let mut manager = scene.manager().await;
        let page = manager.get(&format!("/workshops/{}/plan/rehearsal", scene.workshop)).await;
        assert!(page.body.contains("This page loads itself again."), "{}", page.body);
        assert_eq!(page.headers.get("refresh").unwrap(), "2");
        let to = format!("/workshops/{}/plan/rehearsal/stop", scene.workshop);
        manager.post(&to, &[]).await;
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(kept.state, RehearsalState::Stopped);
        // The process that was about to play it learns of the end, and does not overwrite what was decided.
        play::play(&scene.world.app, first, |_, _| {}).await;
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(kept.state, RehearsalState::Stopped);
        // A rehearsal that broke off without a word holds nobody up.
        begin(&scene, Script::smooth()).await.unwrap();
        scene.world.clock.advance(2 * MINUTE);
        assert!(begin(&scene, Script::smooth()).await.is_ok());
    }

    async fn a_rehearsal_of_too_many_people_or_of_nothing_is_refused(db: TestStore) {
        let scene = Scene::new(db).await;
        let refused = begin(&scene, Script::smooth()).await;
        assert!(matches!(refused, Err(Refused::NoSequence)));
        plan(&scene, &[60]).await;
        let caller = caller(&scene.world, &scene).await;
        let mut workshop = scene.org.workshop(scene.workshop).await.unwrap();
        workshop.registrants = play::PEOPLE_MAX + 1;
        let request = Request { script: Script::smooth(), sequence: None };
        let refused = play::begin(&caller, &workshop, request, scene.world.clock_now()).await;
        assert!(matches!(refused, Err(Refused::TooMany(_))));
        scene.world.clock.advance(4 * HOUR);
        assert!(matches!(begin(&scene, Script::smooth()).await, Err(Refused::NothingToCome)));
        assert_eq!(scene.org.rehearsal_of(scene.workshop).await.unwrap(), None, "none was begun");
    }

    async fn a_sequence_is_played_for_a_workshop_whose_plan_was_cancelled(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 60]).await;
        let sequence = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().sequence;
        scene.org.cancel_plan(scene.workshop, scene.world.clock_now()).await.unwrap();
        assert!(matches!(begin(&scene, Script::smooth()).await, Err(Refused::NoSequence)));
        let caller = caller(&scene.world, &scene).await;
        let workshop = scene.org.workshop(scene.workshop).await.unwrap();
        let request = Request { script: Script::smooth(), sequence: Some(sequence) };
        let begun = play::begin(&caller, &workshop, request, scene.world.clock_now()).await.unwrap();
        let report = play::play(&scene.world.app, begun, |_, _| {}).await;
        for key in ["m120", "m60"] {
            assert_eq!(step(&report, key).counts.arrived, 3, "{report:?}");
        }
        assert_eq!(planned(&scene, scene.workshop).await, [RowState::Cancelled; 2], "nothing of it is real");
    }

    async fn whoever_erases_somebody_erases_the_rehearsals_with_them(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[60]).await;
        played(&scene, Script::smooth()).await;
        assert!(holds(&bytes(&scene.world), "+919000100001"), "needs somebody in the copy");
        let phone = domain::phone::Phone::parse("+919000100001", domain::phone::Country::INDIA).unwrap();
        scene.org.forget_number(&phone, &scene.world.app.phone_key, scene.world.clock_now()).await.unwrap();
        assert_eq!(scene.org.rehearsal_of(scene.workshop).await.unwrap(), None);
        scene.world.app.engine.forget_rehearsals().await.unwrap();
        assert!(!holds(&bytes(&scene.world), "+919000100001"), "the copy is gone");
    }

    async fn a_rehearsal_of_another_organisation_is_not_found(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[60]).await;
        let other = scene.world.app.store.org(store::Actor::command_line(scene.people.second));
        assert_eq!(other.rehearsal_of(scene.workshop).await.unwrap(), None);
        let new = store::rehearsals::NewRehearsal {
            workshop: scene.workshop, script: "{}".into(), from: Millis(0), until: Millis(1),
        };
        assert!(matches!(other.begin_rehearsal(&new, Millis(0)).await, Err(StoreError::Missing)));
    }

    async fn a_rehearsal_supposes_who_attended_and_plays_the_steps_that_go_by_it(db: TestStore) {
        let scene = Scene::new(db).await;
        plan_by_attendance(&scene).await;
        let with = |attend, leave_early| Script { turnout: Turnout { attend, leave_early }, ..Script::smooth() };
        // Whoever left early attended, too. Two of the three come, and one of them does not stay.
        let report = played(&scene, with(67, 33)).await;
        assert_eq!(went(&report), [2, 1, 1], "{report:?}");
        assert_eq!(report.did_not_go().count(), 0, "{report:?}");
        assert_eq!(went(&played(&scene, with(100, 0)).await), [3, 0, 0]);
        assert_eq!(went(&played(&scene, with(0, 0)).await), [0, 0, 3]);
        assert!(!scene.org.has_attendance(scene.workshop).await.unwrap(), "nothing of it is real");
        // The form asks for the shares, and the page says what was supposed.
        let mut manager = scene.manager().await;
        let to = format!("/workshops/{}/plan/rehearsal", scene.workshop);
        let page = manager.get(&to).await.body;
        assert!(page.contains("name=\"attend\"") && page.contains("name=\"leave_early\""), "{page}");
        assert!(page.contains("Supposed: 0 people attended, 0 of them left early, 3 did not come."), "{page}");
        let kept = scene.org.rehearsal_of(scene.workshop).await.unwrap();
        let sent = manager.post(&to, &[("attend", "20"), ("leave_early", "30")]).await;
        let said = manager.get(sent.location()).await.body;
        assert!(said.contains("Of 100 people no more leave early than attend."), "{said}");
        assert_eq!(scene.org.rehearsal_of(scene.workshop).await.unwrap(), kept, "nothing is played");
    }

    async fn a_rehearsal_goes_by_the_report_that_is_there(db: TestStore) {
        let scene = Scene::new(db).await;
        plan_by_attendance(&scene).await;
        let now = scene.world.clock_now();
        scene.org.take_attendance(scene.workshop, "meeting.csv", &[], 0, now).await.unwrap();
        let report = played(&scene, Script::smooth()).await;
        assert_eq!(went(&report), [0, 0, 3], "{report:?}");
    }

    async fn a_report_comes_when_a_program_that_did_not_run_at_the_end_runs_again(db: TestStore) {
        let scene = Scene::new(db).await;
        plan_by_attendance(&scene).await;
        let workshop = scene.org.workshop(scene.workshop).await.unwrap();
        let from = workshop.ends_at.plus(-MINUTE);
        let turnout = Turnout { attend: 67, leave_early: 33 };
        let script = Script { trouble: Trouble::Off, from, minutes: 60, turnout, ..Script::smooth() };
        assert_eq!(went(&played(&scene, script).await), [2, 1, 1]);
    }

    async fn the_command_takes_the_shares_of_who_attends(db: TestStore) {
        let scene = Scene::new(db).await;
        plan_by_attendance(&scene).await;
        let command = rehearse::RehearseCommand {
            workshop: "Rust".into(),
            organisation: Some(crate::world::FIRST.to_owned()),
            sequence: None,
            day: "good".into(),
            trouble: "none".into(),
            from: None,
            minutes: 15,
            attend: 34,
            leave_early: Some(0),
            list: true,
            json: false,
        };
        let said = rehearse::obey(&scene.world.app, &command).await.unwrap();
        assert!(said.contains("Supposed: 1 attended, 0 of them left early, 2 did not come."), "{said}");
        assert!(said.contains("For attended") && said.contains("For absent"), "{said}");
        let wrong = rehearse::RehearseCommand { leave_early: Some(40), ..command };
        let refused = rehearse::obey(&scene.world.app, &wrong).await.unwrap_err();
        assert!(refused.to_string().contains("no more leave early than attend"), "{refused}");
        let few = rehearse::RehearseCommand { attend: 5, leave_early: None, ..wrong };
        let said = rehearse::obey(&scene.world.app, &few).await.unwrap();
        assert!(said.contains("Supposed: 0 attended"), "fewer attend than usually leave early: {said}");
    }

    async fn the_command_plays_and_says_every_message(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[60]).await;
        let command = rehearse::RehearseCommand {
            workshop: "Rust".into(),
            organisation: Some(crate::world::FIRST.to_owned()),
            sequence: None,
            day: "good".into(),
            trouble: "none".into(),
            from: None,
            minutes: 15,
            attend: 60,
            leave_early: None,
            list: true,
            json: false,
        };
        let said = rehearse::obey(&scene.world.app, &command).await.unwrap();
        assert!(said.contains("Nothing was sent.") && said.contains("3 went, 3 arrived"), "{said}");
        assert!(said.contains("Hi Asha, Rust") && said.contains("delivered"), "{said}");
        let json = rehearse::RehearseCommand { json: true, ..command };
        let said: serde_json::Value = serde_json::from_str(&rehearse::obey(&scene.world.app, &json).await.unwrap()).unwrap();
        assert_eq!(said["messages"].as_array().unwrap().len(), 3);
        assert_eq!(said["steps"][0]["state"], "broadcast");
        let states = [MessageState::Delivered.word(), MessageState::Read.word()];
        assert!(said["messages"].as_array().unwrap().iter().all(|one| states.contains(&one["state"].as_str().unwrap())));
    }
}
