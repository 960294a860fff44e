//! Reach ladders on their pages, and the account of a step where several could send.

use axum::http::StatusCode;
use domain::{
    channel::Channel,
    money::Money,
    sequence::{Ladder, Presence, Step, StepAudience, StepKey, Timing},
    template::Message,
    told::Purpose,
};
use providers::AccountStanding;
use store::{on_both, plans::PlanChoice, sequences::Sequence};

use crate::{
    home::{Scene, fields, with},
    world::Browser,
};

fn refs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// An empty sequence; its address.
async fn sequence(manager: &mut Browser<'_>) -> String {
    let added = manager.post("/settings/sequences", &[("name", "Evening")]).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    added.location().to_owned()
}

/// The form of a ladder with the chosen options: two rungs with the scene's template, from an hour before the start
/// to five minutes before it.
fn chosen(scene: &Scene, form: &[(String, String)], wait: &str) -> Vec<(String, String)> {
    let template = scene.template.to_string();
    [
        ("template1", template.as_str()),
        ("template2", &template),
        ("wait2", wait),
        ("unit", "hours"),
        ("side", "before"),
        ("anchor", "start"),
        ("until", "start"),
        ("until_unit", "minutes"),
        ("until_side", "before"),
        ("audience", "not_told"),
        ("late", "newest"),
        ("in_all", "12.50"),
    ]
    .iter()
    .fold(form.to_vec(), |form: Vec<_>, (name, value)| with(&form, name, value))
}

async fn ladder_form(scene: &Scene, manager: &mut Browser<'_>, own: &str) -> Vec<(String, String)> {
    let page = manager.get(&format!("{own}/ladders/new")).await;
    chosen(scene, &fields(&page, &format!("{own}/ladders/new")), "15")
}

/// The sequence that a starter on several channels makes on these.
async fn mixed(scene: &Scene, manager: &mut Browser<'_>, starter: &str, on: &[&str]) -> (String, Sequence) {
    let mut form = vec![("name", starter), ("starter", starter)];
    form.extend(on.iter().map(|field| (*field, "on")));
    let added = manager.post("/settings/sequences", &form).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    let id = added.location().rsplit('/').next().unwrap().parse().unwrap();
    (manager.get(added.location()).await.body, scene.org.sequence(id).await.unwrap())
}

on_both! {
    async fn a_starter_on_several_channels_posts_first_climbs_a_ladder_and_thanks_by_attendance(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let all = ["on_group", "on_personal", "on_sms", "on_ivr"];
        for starter in ["masterclass_mix_en", "masterclass_mix_hi"] {
            let (_, kept) = mixed(&scene, &mut manager, starter, &all).await;
            assert_eq!(domain::sequence::check_steps(&kept.steps), Ok(()));
            let ladder = Ladder::of(&kept.steps, &StepKey::stored("reach".to_owned())).unwrap();
            let climbs: Vec<Channel> = ladder.rungs.iter().map(|rung| rung.channel).collect();
            assert_eq!(climbs, [Channel::WhatsappGroup, Channel::WhatsappPersonal, Channel::Sms, Channel::IvrCall]);
            for presence in Presence::ALL {
                let of = |step: &&Step| step.audience == StepAudience::Attendance(*presence);
                assert!(kept.steps.iter().any(|step| of(&step)), "{presence} in {starter}");
            }
            for step in &kept.steps {
                assert_eq!(step.check_moments(), Ok(()), "{}", step.key);
                let template = scene.org.template(step.template).await.unwrap();
                assert_eq!(template.channel, step.channel, "{}", step.key);
                assert!(Message::from_json(template.channel, &template.body).is_ok(), "{}", step.key);
            }
            // The key of the call sends the text of the ladder's rung on WhatsApp.
            let call = scene.org.template(ladder.rungs[3].template).await.unwrap();
            let Message::Call(script) = Message::from_json(Channel::IvrCall, &call.body).unwrap() else { panic!() };
            assert_eq!(domain::call::examine(&script, None), []);
            let sends = domain::call::Action::Message { channel: Channel::WhatsappPersonal, template: ladder.rungs[1].template };
            assert!(script.keys.iter().any(|key| key.action == sends), "{:?}", script.keys);
        }
    }

    async fn a_starter_on_several_channels_leaves_out_what_is_not_connected(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let ticked = |body: &str, field: &str| {
            let at = body.find(&format!("name=\"{field}\"")).expect("a tick for each channel");
            body[at..at + body[at..].find('>').unwrap()].contains(" checked")
        };
        let page = manager.get("/settings/sequences").await.body;
        let on = ["on_group", "on_personal", "on_sms", "on_ivr"].map(|field| ticked(&page, field));
        assert_eq!(on, [false, true, false, false], "only WhatsApp has an account");
        assert!(page.contains("Not connected yet."), "{page}");
        let form = [("name", "Nowhere"), ("starter", "masterclass_mix_en")];
        let refused = manager.post("/settings/sequences", &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Choose a channel at least."), "{}", refused.body);
        let (page, kept) = mixed(&scene, &mut manager, "masterclass_mix_en", &["on_group", "on_personal"]).await;
        assert!(page.contains("Left out: SMS, IVR."), "{page}");
        assert!(kept.steps.iter().all(|step| matches!(step.channel, Channel::WhatsappGroup | Channel::WhatsappPersonal)));
        assert_eq!(kept.steps.iter().filter(|step| step.rung.is_some()).count(), 2);
        assert!(scene.org.templates(Channel::Sms).await.unwrap().is_empty(), "nothing is made that nothing sends");
        // Without WhatsApp people are written to by SMS; the ladder begins with it.
        let (_, kept) = mixed(&scene, &mut manager, "masterclass_mix_hi", &["on_sms", "on_ivr"]).await;
        assert_eq!(kept.steps[0].channel, Channel::Sms);
        let first = kept.steps.iter().find(|step| step.rung.is_some()).unwrap();
        assert_eq!((first.channel, first.timing), (Channel::Sms, Timing::before(60)));
    }

    async fn every_starter_brings_the_text_of_a_new_time_on_each_of_its_channels(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let all = ["on_group", "on_personal", "on_sms", "on_ivr"];
        mixed(&scene, &mut manager, "masterclass_mix_en", &all).await;
        mixed(&scene, &mut manager, "webinar_hi", &[]).await;
        mixed(&scene, &mut manager, "cohort_hi_sms", &[]).await;
        mixed(&scene, &mut manager, "masterclass_en", &[]).await;
        let mut moved = Vec::new();
        for channel in Channel::sending() {
            let templates = scene.org.templates(channel).await.unwrap();
            let of = templates.iter().filter(|template| template.purpose.word() == Purpose::MOVED);
            moved.push(of.map(|template| template.name.clone()).collect::<std::collections::BTreeSet<_>>());
        }
        let (en, hi) = ("Workshop moved".to_owned(), "वर्कशॉप का नया समय".to_owned());
        let both = std::collections::BTreeSet::from([en.clone(), hi]);
        let only = std::collections::BTreeSet::from([en]);
        assert_eq!(moved, [only.clone(), both.clone(), both, only]);
    }

    async fn a_reach_ladder_is_written_in_one_form_and_shown_rung_by_rung(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        let form = ladder_form(&scene, &mut manager, &own).await;
        let wrong = with(&form, "wait2", "0");
        let refused = manager.post(&format!("{own}/ladders/new"), &refs(&wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Type the minutes to wait, one at least."), "{}", refused.body);
        let saved = manager.post(&format!("{own}/ladders/new"), &refs(&form)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        let kept = scene.org.sequence(id).await.unwrap();
        let ladder = Ladder::of(&kept.steps, &StepKey::stored("reach".into())).expect("a ladder");
        assert_eq!((ladder.rungs.len(), ladder.caps.in_all), (2, Some(Money(125_000))));
        assert_eq!(kept.steps[1].timing, Timing::before(45));
        let page = manager.get(&own).await.body;
        assert!(page.contains("rung 2 of 2") && page.contains("no receipt in 15") && page.contains("₹12.50 in all"), "{page}");
        // The ladder is changed in the same form; each of its steps leads there.
        let edit = format!("{own}/ladders/reach");
        assert!(page.contains(&format!("href=\"{edit}\"")), "{page}");
        let form = fields(&manager.get(&edit).await, &edit);
        let changed = manager.post(&edit, &refs(&chosen(&scene, &form, "20"))).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
        let after = scene.org.sequence(id).await.unwrap();
        assert_eq!(after.steps[1].timing, Timing::before(40));
        assert_eq!(after.steps[1].key, kept.steps[1].key, "a rung stays the same rung");
        let version = after.version.to_string();
        let gone = manager.post(&format!("{edit}/remove"), &[("version", &version)]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        assert!(scene.org.sequence(id).await.unwrap().steps.is_empty());
        assert_eq!(manager.get(&edit).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_new_ladder_that_nobody_touched_is_asked_about_and_not_saved(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        for part in ["ladders", "steps"] {
            let to = format!("{own}/{part}/new");
            let page = manager.get(&to).await;
            assert!(!page.body.contains(&format!("value=\"{}\" selected", scene.template)), "{}", page.body);
            let untouched = fields(&page, &to);
            let saved = manager.post(&to, &refs(&untouched)).await;
            assert_eq!(saved.status, StatusCode::UNPROCESSABLE_ENTITY, "{part}");
            assert!(saved.body.contains("Choose what the first rung sends.") || saved.body.contains("Choose a template."), "{}", saved.body);
        }
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        assert!(scene.org.sequence(id).await.unwrap().steps.is_empty());
    }

    async fn a_rung_that_was_cleared_can_be_filled_again(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        let (template, edit) = (scene.template.to_string(), format!("{own}/ladders/reach"));
        let third = |form: &[(String, String)]| with(&with(form, "template3", &template), "wait3", "15");
        let form = third(&ladder_form(&scene, &mut manager, &own).await);
        assert_eq!(manager.post(&format!("{own}/ladders/new"), &refs(&form)).await.status, StatusCode::SEE_OTHER);
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        let keys = async || {
            let kept = scene.org.sequence(id).await.unwrap();
            kept.steps.iter().map(|step| step.key.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(keys().await, ["reach-1", "reach-2", "reach-3"]);
        // The second is cleared, so that the third stands in its place and a place is free behind it.
        let form = third(&chosen(&scene, &fields(&manager.get(&edit).await, &edit), "15"));
        assert_eq!(manager.post(&edit, &refs(&with(&form, "template2", ""))).await.status, StatusCode::SEE_OTHER);
        assert_eq!(keys().await, ["reach-1", "reach-3"]);
        let form = third(&chosen(&scene, &fields(&manager.get(&edit).await, &edit), "15"));
        let filled = manager.post(&edit, &refs(&form)).await;
        assert_eq!(filled.status, StatusCode::SEE_OTHER, "{}", filled.body);
        assert_eq!(keys().await, ["reach-1", "reach-3", "reach-4"], "what the removed rung did is not the new one's");
    }

    async fn a_plan_shows_what_a_ladder_would_do_and_its_report_what_it_did(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        let mut form = ladder_form(&scene, &mut manager, &own).await;
        for nth in ["account1", "account2"] {
            form = with(&form, nth, scene.account.to_string());
        }
        assert_eq!(manager.post(&format!("{own}/ladders/new"), &refs(&form)).await.status, StatusCode::SEE_OTHER);
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        let now = scene.world.clock_now();
        scene.org.write_plan(scene.workshop, id, 2, &PlanChoice::default(), now).await.unwrap();
        let plan = manager.get(&format!("/workshops/{}/plan", scene.workshop)).await;
        assert_eq!(plan.status, StatusCode::OK, "{}", plan.body);
        let report = format!("/workshops/{}/plan/ladders/reach", scene.workshop);
        assert!(plan.body.contains(&report), "{}", plan.body);
        let shown = manager.get(&report).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        assert!(shown.body.contains("No rung has gone to them.") && shown.body.contains("₹12.50 in all"), "{}", shown.body);
        let missing = manager.get(&format!("/workshops/{}/plan/ladders/none", scene.workshop)).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }

    async fn a_step_without_an_account_asks_which_and_takes_the_default_once_there_is_one(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        // The scene has two accounts for WhatsApp, and neither comes first by itself.
        let form = ladder_form(&scene, &mut manager, &own).await;
        assert_eq!(manager.post(&format!("{own}/ladders/new"), &refs(&form)).await.status, StatusCode::SEE_OTHER);
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        let now = scene.world.clock_now();
        scene.org.write_plan(scene.workshop, id, 2, &PlanChoice::default(), now).await.unwrap();
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let asks = "Several accounts serve its channel";
        let page = manager.get(&plan).await.body;
        assert!(page.contains(asks) && page.contains("“Main”"), "{page}");
        let mut admin = scene.world.signed_in(&scene.people.admin).await;
        let account = format!("/settings/integrations/{}", scene.account);
        assert!(admin.get(&account).await.body.contains("Nobody chose one: steps of sequences ask."));
        let sms = admin.post(&format!("{account}/default"), &[("channel", "sms")]).await;
        assert_eq!(sms.status, StatusCode::NOT_FOUND, "it does not send SMS");
        let chosen = admin.post(&format!("{account}/default"), &[("channel", "personal")]).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER, "{}", chosen.body);
        assert_eq!(scene.org.channel_defaults().await.unwrap()[&Channel::WhatsappPersonal], scene.account);
        assert!(admin.get(&account).await.body.contains("This account."));
        let page = manager.get(&plan).await.body;
        assert!(!page.contains(asks), "{page}");
    }

    async fn a_workshop_goes_through_its_own_account_where_its_steps_name_none(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let own = sequence(&mut manager).await;
        let form = ladder_form(&scene, &mut manager, &own).await;
        assert_eq!(manager.post(&format!("{own}/ladders/new"), &refs(&form)).await.status, StatusCode::SEE_OTHER);
        let id = own.rsplit('/').next().unwrap().parse().unwrap();
        let now = scene.world.clock_now();
        scene.org.write_plan(scene.workshop, id, 2, &PlanChoice::default(), now).await.unwrap();
        let other = scene.org.integrations().await.unwrap();
        let other = other.iter().find(|one| one.kind == "aisensy" && one.id != scene.account).expect("two accounts");
        scene.org.set_channel_default(Channel::WhatsappPersonal, other.id, now).await.unwrap();
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let page = manager.get(&plan).await.body;
        assert!(page.contains(&format!("The channel’s account: {}", other.name)), "{page}");
        let (to, account) = (format!("{plan}/account"), scene.account.to_string());
        let wrong = manager.post(&to, &[("channel", "sms"), ("account", &account)]).await;
        assert_eq!(wrong.status, StatusCode::NOT_FOUND, "it does not send SMS");
        let chosen = manager.post(&to, &[("channel", "personal"), ("account", &account)]).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER, "{}", chosen.body);
        let accounts = async || {
            let organization = scene.org.organization().await.unwrap();
            let caller = compose::Caller::new(scene.org.clone(), organization, now);
            let workshop = scene.org.workshop(scene.workshop).await.unwrap();
            let plan = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
            let composer = &scene.world.app.composer;
            let all = composer.preview(&caller, &workshop, &plan.steps, &plan.zone, &plan.rows).await.unwrap();
            all.into_iter().map(|one| one.account).collect::<Vec<_>>()
        };
        let name = scene.org.integration(scene.account).await.unwrap().name;
        assert_eq!(accounts().await, [Some(name.clone()), Some(name)]);
        // A removed account is not replaced by another: a person has to choose again.
        scene.org.remove_integration(scene.account, now).await.unwrap();
        assert_eq!(accounts().await, [None, None]);
        let none = manager.post(&to, &[("channel", "personal"), ("account", "")]).await;
        assert_eq!(none.status, StatusCode::SEE_OTHER, "{}", none.body);
        assert_eq!(accounts().await, [Some(other.name.clone()), Some(other.name.clone())]);
    }

    async fn a_campaign_that_does_not_exist_stands_at_its_step_and_not_at_the_account(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let added = manager.post("/settings/sequences", &[("name", "Masterclass"), ("starter", "masterclass_en")]).await;
        let id = added.location().rsplit('/').next().unwrap().parse().unwrap();
        let now = scene.world.clock_now();
        scene.org.set_channel_default(Channel::WhatsappPersonal, scene.account, now).await.unwrap();
        scene.org.write_plan(scene.workshop, id, 1, &PlanChoice::default(), now).await.unwrap();
        // The page asks and may not wait for the answer: the second look has it.
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let mut said = false;
        for _ in 0..50 {
            said = manager.get(&plan).await.body.contains("Campaign does not exist");
            if said {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(said, "{}", manager.get(&plan).await.body);
        let account = scene.org.integration(scene.account).await.unwrap();
        let state = scene.world.app.composer.account_state(&account);
        assert!(!state.is_refused(), "{state:?}");
        assert_ne!(state, compose::AccountState::Told(AccountStanding::Refused));
    }

    async fn a_starter_by_sms_brings_texts_that_only_lack_their_ids(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        for starter in ["masterclass_en_sms", "cohort_hi_sms"] {
            let added = manager.post("/settings/sequences", &[("name", starter), ("starter", starter)]).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
            let id = added.location().rsplit('/').next().unwrap().parse().unwrap();
            let kept = scene.org.sequence(id).await.unwrap();
            assert!(kept.steps.iter().all(|step| step.channel == Channel::Sms), "{starter}");
        }
        let texts = scene.org.templates(Channel::Sms).await.unwrap();
        assert_eq!(texts.iter().filter(|one| one.name.starts_with("Masterclass")).count(), 5);
        let welcome = texts.iter().find(|one| one.name == "Masterclass welcome").unwrap();
        assert!(welcome.body["text"].as_str().unwrap().starts_with("Hi {#var#}, your place in {#var#}"), "{}", welcome.body);
    }
}
