//! Sequences and plans on their pages: added, edited step by step, run in two steps, moved with the difference,
//! cancelled, and shown for one person.

use axum::http::StatusCode;
use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::SequenceId,
    money::Money,
    sending_hours::SendingHours,
    sequence::{Anchor, OwnWhyNot, RowState, Step, StepAudience, Timing, Until, WhyNot},
    time::{DAY, HOUR, MINUTE},
};
use munadi::play::Report;
use store::{
    broadcasts::{NewBroadcast, Telling},
    on_both,
    sequences::SequenceDraft,
};

use crate::{
    home::{Scene, fields, post, with},
    world::Browser,
};

/// A sequence of two reminders with the scene's template, as a manager makes it.
pub(crate) async fn sequence(scene: &Scene, manager: &mut Browser<'_>) -> SequenceId {
    let added = manager.post("/settings/sequences", &[("name", "Evening")]).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    let own = added.location().to_owned();
    for (label, amount, unit) in [("Two hours", "2", "hours"), ("Half an hour", "30", "minutes")] {
        let form = step(manager, scene, &own, label, amount, unit).await;
        let saved = manager.post(&format!("{own}/steps/new"), &refs(&form)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    }
    own.rsplit('/').next().unwrap().parse().unwrap()
}

fn refs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

async fn step(
    manager: &mut Browser<'_>,
    scene: &Scene,
    own: &str,
    label: &str,
    amount: &str,
    unit: &str,
) -> Vec<(String, String)> {
    let page = manager.get(&format!("{own}/steps/new")).await;
    let form = fields(&page, &format!("{own}/steps/new"));
    let version = form.iter().find(|(name, _)| name == "version").unwrap().1.clone();
    let template = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().remove(0).id.to_string();
    let account = scene.account.to_string();
    [
        ("version", version.as_str()),
        ("template", &template),
        ("account", &account),
        ("label", label),
        ("amount", amount),
        ("unit", unit),
        ("side", "before"),
        ("anchor", "start"),
        ("audience", "not_told"),
        ("late", "newest"),
        ("until", "next"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// One of the scene's people by name.
async fn person(scene: &Scene, name: &str) -> store::registrants::Registrant {
    let filter = store::registrants::RegistrantFilter { search: name.into(), limit: 5, ..Default::default() };
    scene.org.registrants(scene.workshop, &filter).await.unwrap().remove(0)
}

on_both! {
    async fn a_sequence_is_written_step_by_step_and_what_is_wrong_is_said_at_its_field(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let own = format!("/settings/sequences/{id}");
        let kept = scene.org.sequence(id).await.unwrap();
        assert_eq!((kept.version, kept.steps.len()), (3, 2));
        assert_eq!((kept.steps[0].anchor, kept.steps[0].timing), (Anchor::Start, Timing::before(120)));
        let page = manager.get(&own).await.body;
        assert!(page.contains("T−2 h") && page.contains("T−30 min") && page.contains("Half an hour"), "{page}");
        // Two fields are wrong, and what was typed stays.
        let edit = format!("{own}/steps/{}", kept.steps[0].key);
        let mut form = step(&mut manager, &scene, &own, "Two hours", "soon", "hours").await;
        form = with(&form, "clock", "09:00");
        let wrong = manager.post(&edit, &refs(&form)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Type a number.") && wrong.body.contains("A clock time goes with days"), "{}", wrong.body);
        // So is what cannot be: it is over before it is due, and nobody attended yet.
        let form = step(&mut manager, &scene, &own, "Two hours", "5", "minutes").await;
        let over = [("until", "start"), ("until_amount", "10"), ("until_unit", "minutes"), ("until_side", "before")];
        let over = over.into_iter().fold(form.clone(), |form, (name, value)| with(&form, name, value));
        for (form, words) in [
            (over, "It would be over before it is due"),
            (with(&form, "audience", "attendance:attended"), "Who attended is known only afterwards"),
            (with(&form, "source", "foo"), "A source goes with “Came by one source”"),
        ] {
            let wrong = manager.post(&edit, &refs(&form)).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
            assert!(wrong.body.contains(words), "{words}: {}", wrong.body);
        }
        // The form was made from an older version: another member's change is not overwritten.
        let old = with(&step(&mut manager, &scene, &own, "Two hours", "3", "hours").await, "version", "1");
        assert_eq!(manager.post(&edit, &refs(&old)).await.status, StatusCode::CONFLICT);
        let now = step(&mut manager, &scene, &own, "Three hours", "3", "hours").await;
        assert_eq!(manager.post(&edit, &refs(&now)).await.status, StatusCode::SEE_OTHER);
        let changed = scene.org.sequence(id).await.unwrap();
        assert_eq!((changed.steps[0].timing, &changed.steps[0].key), (Timing::before(180), &kept.steps[0].key));
        let version = changed.version.to_string();
        let gone = manager.post(&format!("{edit}/remove"), &[("version", &version)]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        assert_eq!(scene.org.sequence(id).await.unwrap().steps.len(), 1);
        assert_eq!(manager.get(&edit).await.status, StatusCode::NOT_FOUND);
        let twice = manager.post("/settings/sequences", &[("name", "Evening")]).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_template_is_removed_with_its_uses_named_and_its_step_asks_for_another(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let used = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().remove(0);
        let removal = format!("/settings/templates/{}/remove", used.id);
        let asked = manager.get(&removal).await;
        assert_eq!(asked.status, StatusCode::OK);
        assert!(!asked.body.contains("Steps use it"), "{}", asked.body);
        let id = sequence(&scene, &mut manager).await;
        let (now, version) = (scene.world.clock_now(), scene.org.sequence(id).await.unwrap().version);
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let asked = manager.get(&removal).await.body;
        for words in ["Steps use it", ">Evening</a>", "1 running plan has", "Rust &amp; &lt;b&gt;friends"] {
            assert!(asked.contains(words), "{words}: {asked}");
        }
        assert_eq!(manager.post(&removal, &[]).await.status, StatusCode::SEE_OTHER);
        // The form does not choose another message by itself.
        scene.add_template("Another text").await;
        let kept = scene.org.sequence(id).await.unwrap();
        let edit = format!("/settings/sequences/{id}/steps/{}", kept.steps[0].key);
        let shown = manager.get(&edit).await.body;
        for words in ["Its template was removed. Choose another one.", &format!("value=\"{}\" selected", used.id)] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let form = step(&mut manager, &scene, &format!("/settings/sequences/{id}"), "Two hours", "3", "hours").await;
        let untouched = with(&form, "template", used.id);
        let refused = manager.post(&edit, &refs(&untouched)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Its template was removed."), "{}", refused.body);
        assert_eq!(manager.post(&edit, &refs(&form)).await.status, StatusCode::SEE_OTHER, "another one is chosen");
    }

    async fn a_starter_brings_its_steps_and_their_texts_once(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let before = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().len();
        for name in ["Masterclass", "Masterclass again"] {
            let added = manager.post("/settings/sequences", &[("name", name), ("starter", "masterclass_hi")]).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
            let page = manager.get(added.location()).await.body;
            assert!(page.contains("मास्टरक्लास एक दिन पहले") && page.contains("same time"), "{page}");
        }
        let templates = scene.org.templates(Channel::WhatsappPersonal).await.unwrap();
        assert_eq!(templates.len(), before + 6, "five texts and that of a new time, each once");
        assert!(templates.iter().any(|template| template.purpose.word() == "thanks"));
    }

    async fn a_tag_proposes_its_sequence_which_runs_in_two_steps_and_is_cancelled(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let id = sequence(&scene, &mut manager).await;
        let tag = scene.org.tags().await.unwrap().remove(0);
        let edit = format!("/settings/tags/{}", tag.id);
        let form = [("name", "Masterclass"), ("colour", "teal"), ("description", "Two evenings"), ("sequence", &id.to_string())];
        assert_eq!(manager.post(&edit, &form).await.status, StatusCode::SEE_OTHER);
        let tags = manager.get("/settings/tags").await.body;
        assert!(tags.contains("Two evenings") && tags.contains("Evening"), "{tags}");
        let workshop = scene.org.workshop(scene.workshop).await.unwrap();
        let draft = store::workshops::WorkshopDraft {
            title: workshop.title.clone(),
            starts_at: workshop.starts_at,
            ends_at: workshop.ends_at,
            join_link: workshop.join_link.clone(),
            tag: Some(tag.id),
        };
        scene.org.edit_workshop(scene.workshop, &draft, scene.world.clock_now()).await.unwrap();
        let proposed = manager.get(&plan).await.body;
        assert!(proposed.contains("Proposed by the tag “Masterclass”.") && proposed.contains("3 people"), "{proposed}");
        assert_eq!(scene.org.plan_of(scene.workshop).await.unwrap(), None, "looking runs nothing");
        let version = scene.org.sequence(id).await.unwrap().version;
        let asked = manager.get(&format!("{plan}/run?sequence={id}&version={version}")).await;
        assert!(asked.body.contains("Run 2 steps"), "{}", asked.body);
        let run = format!("{plan}/run");
        let stale = with(&fields(&asked, &run), "version", "1");
        assert_eq!(post(&mut manager, &run, &stale).await.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.org.plan_of(scene.workshop).await.unwrap(), None, "another version than was shown is not run");
        assert_eq!(post(&mut manager, &run, &fields(&asked, &run)).await.status, StatusCode::SEE_OTHER);
        let running = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(running.rows.len(), 2);
        let page = manager.get(&plan).await.body;
        assert!(page.contains("Cancel All (2)") && page.contains("2 of 2") && page.contains("m-ax__start"), "{page}");
        assert!(manager.get("/").await.body.contains("Two hours, "), "the card of the day says what comes next");
        // One step is cancelled, then the rest.
        let row = &running.rows[0];
        let one = format!("{plan}/{}/cancel", row.id);
        assert!(manager.get(&one).await.body.contains("Take “Two hours” out of the plan?"));
        assert_eq!(manager.post(&one, &[]).await.status, StatusCode::SEE_OTHER);
        let left = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(left.rows.iter().filter(|row| row.state == RowState::Cancelled).count(), 1);
        assert_eq!(manager.post(&format!("{plan}/cancel"), &[]).await.status, StatusCode::SEE_OTHER);
        let left = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert!(left.rows.iter().all(|row| row.state == RowState::Cancelled), "{left:?}");
        // It can be run again, and what is promised then is what runs.
        assert!(manager.get(&plan).await.body.contains("Run sequence"));
        let asked = manager.get(&format!("{plan}/run?sequence={id}&version={version}")).await;
        assert!(asked.body.contains("Run 2 steps"), "{}", asked.body);
        assert_eq!(post(&mut manager, &run, &fields(&asked, &run)).await.status, StatusCode::SEE_OTHER);
        assert!(manager.get(&plan).await.body.contains("Cancel All (2)"));
    }

    async fn what_is_mended_is_on_the_plan_at_once_and_gone_from_attention(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        crate::rehearsals::plan(&scene, &[120]).await;
        let (plan, engine) = (format!("/workshops/{}/plan", scene.workshop), &scene.world.app.engine);
        scene.org.stop_integration(scene.account, true, scene.world.clock_now()).await.unwrap();
        engine.schedule().await.unwrap();
        assert!(manager.get(&plan).await.body.contains("Would not go"));
        assert!(manager.get("/attention").await.body.contains("Step 120"));
        // Nobody looked since it was mended: the page goes by what it sees.
        scene.org.stop_integration(scene.account, false, scene.world.clock_now()).await.unwrap();
        assert!(!manager.get(&plan).await.body.contains("Would not go"));
        engine.schedule().await.unwrap();
        scene.world.app.composer.attention_changed(scene.people.first);
        assert!(!manager.get("/attention").await.body.contains("Step 120"));
    }

    async fn what_the_page_of_a_plan_sees_mended_is_tried_again_at_once(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        crate::rehearsals::plan(&scene, &[120]).await;
        let engine = &scene.world.app.engine;
        engine.schedule().await.unwrap();
        // Something at a provider stood in the way, of whose end nobody is told.
        db.damage("UPDATE plan_rows SET obstacle = 'wallet'").await;
        let later = scene.world.clock_now().plus(domain::time::MINUTE).0;
        db.damage(Box::leak(format!("UPDATE plan_rows SET rehearse_at = {later}").into_boxed_str())).await;
        engine.schedule().await.unwrap();
        let stands = async || scene.org.plan_of(scene.workshop).await.unwrap().unwrap().rows[0].obstacle.needs_somebody();
        assert!(stands().await, "it is not time to try it");
        manager.get(&format!("/workshops/{}/plan", scene.workshop)).await;
        engine.schedule().await.unwrap();
        assert!(!stands().await);
    }

    async fn home_says_what_a_running_plan_will_tell_and_does_not_suggest_to_tell_it_by_hand(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let own = format!("/settings/sequences/{id}");
        let link = step(&mut manager, &scene, &own, "The link again", "10", "minutes").await;
        let saved = manager.post(&format!("{own}/steps/new"), &refs(&with(&link, "purpose", "link"))).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        // The row of the scene's workshop; another one beside it has no plan.
        let row = format!("href=\"/workshops/{}\"", scene.workshop);
        let week = async |manager: &mut Browser<'_>, to: &str| {
            let page = manager.get(to).await.body;
            let (_, table) = page.split_once("id=\"week\"").unwrap();
            table.split_once(&row).unwrap().1.split_once("</tr>").unwrap().0.to_owned()
        };
        let before = week(&mut manager, "/").await;
        assert!(before.contains("Nothing planned") && before.contains("Tell 3"), "{before}");
        let (now, version) = (scene.world.clock_now(), scene.org.sequence(id).await.unwrap().version);
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let zone = domain::time::Zone::india();
        let moment = |minutes: i64| zone.moment(scene.starts_at().plus(-minutes * MINUTE), now);
        let shown = week(&mut manager, "/").await;
        for words in ["Two hours, Personal", &moment(120), "Open plan"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains("Nothing planned") && !shown.contains("Tell 3"), "{shown}");
        // Another step comes first; when the link goes stands beside it.
        let shown = week(&mut manager, "/?told=link").await;
        for words in ["Two hours, Personal".to_owned(), format!("Link: {}, Personal", moment(10))] {
            assert!(shown.contains(&words), "{words}: {shown}");
        }
        assert!(!shown.contains("Tell 3"), "{shown}");
        scene.org.cancel_plan(scene.workshop, now).await.unwrap();
        let after = week(&mut manager, "/").await;
        assert!(after.contains("Nothing planned") && after.contains("Tell 3"), "{after}");
    }

    async fn a_move_shows_its_difference_first_and_moves_the_steps_with_it(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let version = scene.org.sequence(id).await.unwrap().version;
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let before = scene.org.workshop(scene.workshop).await.unwrap();
        let zone = domain::time::Zone::india();
        let path = format!("/workshops/{}/move", scene.workshop);
        // The workshop is moved to a quarter of an hour from now: the first step is no longer of use, and the second
        // goes out at once.
        let local = |at: domain::time::Millis| zone.local_form(at);
        let by = -165 * MINUTE;
        let (starts, ends) = (local(before.starts_at.plus(by)), local(before.ends_at.plus(by)));
        let shown = manager.get(&format!("{path}?starts={starts}&ends={ends}")).await;
        let counts = "Moved 0, newly skipped 1, within ten minutes 1.";
        assert!(shown.body.contains("2 h 45 min earlier") && shown.body.contains(counts), "{}", shown.body);
        assert_eq!(scene.org.workshop(scene.workshop).await.unwrap().starts_at, before.starts_at, "nothing changes before it is confirmed");
        let revision = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().revision.to_string();
        let form = |revision: &str| {
            [("starts", starts.clone()), ("ends", ends.clone()), ("revision", revision.to_owned())]
                .map(|(name, value)| (name.to_owned(), value))
        };
        assert_eq!(manager.post(&path, &refs(&form("99"))).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(manager.post(&path, &refs(&form(&revision))).await.status, StatusCode::SEE_OTHER);
        let plan = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        let states: Vec<RowState> = plan.rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [RowState::Missed, RowState::Planned]);
        assert_eq!(plan.rows[1].due, Some(before.starts_at.plus(by - 30 * MINUTE)));
        let wrong = manager.get(&format!("{path}?starts={ends}&ends={starts}")).await.body;
        assert!(wrong.contains("The end has to be after the start."), "{wrong}");
        // A new time in the form of the workshop is shown first as well; the other typed fields are saved.
        let edit = format!("/workshops/{}/edit", scene.workshop);
        let form = manager.get(&edit).await;
        let typed = with(&with(&fields(&form, &edit), "title", "Renamed"), "starts", local(before.starts_at.plus(-HOUR)));
        let typed = with(&typed, "ends", local(before.ends_at));
        let leads = post(&mut manager, &edit, &typed).await;
        assert!(leads.location().starts_with(&path), "{}", leads.body);
        let now_stands = scene.org.workshop(scene.workshop).await.unwrap();
        assert_eq!((now_stands.title.as_str(), now_stands.starts_at), ("Renamed", before.starts_at.plus(by)));
        assert!(manager.get(&format!("/workshops/{}/cancel", scene.workshop)).await.body.contains("1 step of its plan"));
        let far = zone.local_form(before.starts_at.plus(3 * DAY));
        let later = manager.get(&format!("{path}?starts={far}&ends={}", local(before.ends_at.plus(3 * DAY)))).await.body;
        assert!(later.contains("Moved 2, newly skipped 0"), "what was missed comes again: {later}");
    }

    async fn an_edited_sequence_changes_a_plan_only_after_its_difference_was_confirmed(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let kept = scene.org.sequence(id).await.unwrap();
        scene.org.write_plan(scene.workshop, id, kept.version, &Default::default(), now).await.unwrap();
        let own = format!("/settings/sequences/{id}");
        let form = step(&mut manager, &scene, &own, "One hour", "1", "hours").await;
        assert_eq!(manager.post(&format!("{own}/steps/{}", kept.steps[0].key), &refs(&form)).await.status, StatusCode::SEE_OTHER);
        let due = |plan: &store::plans::WorkshopPlan| plan.rows.iter().map(|row| row.due.unwrap().0).min().unwrap();
        let before = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!((before.version, before.newest), (kept.version, kept.version + 1));
        let plan = format!("/workshops/{}/plan", scene.workshop);
        assert!(manager.get(&plan).await.body.contains("Review the change"));
        assert!(manager.get(&own).await.body.contains("Review the change"), "the sequence lists it");
        let follow = format!("{plan}/follow");
        let asked = manager.get(&follow).await;
        assert!(asked.body.contains("Moved 1, newly skipped 0"), "{}", asked.body);
        assert_eq!(post(&mut manager, &follow, &fields(&asked, &follow)).await.status, StatusCode::SEE_OTHER);
        let after = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert_eq!(due(&after) - due(&before), HOUR);
        assert!(!manager.get(&plan).await.body.contains("Review the change"));
    }

    async fn a_new_step_that_is_due_already_is_shown_for_late_ones_and_not_within_ten_minutes(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let kept = scene.org.sequence(id).await.unwrap();
        scene.org.write_plan(scene.workshop, id, kept.version, &Default::default(), now).await.unwrap();
        // It was due an hour ago, and is of use until the step two hours before the start.
        let own = format!("/settings/sequences/{id}");
        for (label, late) in [("Four hours", "newest"), ("Five hours", "skip")] {
            let amount = if late == "skip" { "5" } else { "4" };
            let form = with(&step(&mut manager, &scene, &own, label, amount, "hours").await, "late", late);
            let form = with(&with(&form, "audience", "everyone"), "purpose", label.to_lowercase().replace(' ', "_"));
            let saved = manager.post(&format!("{own}/steps/new"), &refs(&form)).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        }
        let follow = format!("/workshops/{}/plan/follow", scene.workshop);
        let asked = manager.get(&follow).await;
        assert!(asked.body.contains("newly skipped 1, for late ones only 1, within ten minutes 0."), "{}", asked.body);
        assert!(asked.body.contains("1 for late ones only") && asked.body.contains("1 newly skipped"), "{}", asked.body);
        assert_eq!(post(&mut manager, &follow, &fields(&asked, &follow)).await.status, StatusCode::SEE_OTHER);
        let after = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        let past = after.rows.iter().filter(|row| row.why == WhyNot::Own(OwnWhyNot::PastAtRun));
        assert_eq!(past.filter(|row| row.state == RowState::Skipped).count(), 2, "{after:?}");
    }

    async fn a_plan_shows_the_step_that_told_everybody_behind_two_hundred_later_rounds(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let version = scene.org.sequence(id).await.unwrap().version;
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let template = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().remove(0).body;
        let mut made = Vec::new();
        for nth in 0..=210 {
            let round = NewBroadcast {
                integration: scene.account,
                workshop: scene.workshop,
                channel: Channel::WhatsappPersonal,
                title: "Two hours".into(),
                template_id: None,
                template: template.clone(),
                category: Category::Utility,
                audience: Audience::Registered,
                telling: Telling::default(),
                starts_at: now,
                deadline: now.plus(HOUR),
                hours: SendingHours::any(),
                unit_price: Money(1_450),
            };
            made.push(scene.org.confirm_broadcast(round, now.plus(nth)).await.unwrap());
        }
        for done in [
            "UPDATE broadcasts SET status = 'completed', finished_at = 1, planned = 1, units = 1,
                    plan_row_id = (SELECT r.id FROM plan_rows r WHERE r.workshop_id = broadcasts.workshop_id ORDER BY r.due_at LIMIT 1)
             WHERE title = 'Two hours'",
            "UPDATE broadcasts SET planned = 20000, units = 20000
             WHERE created_at = (SELECT MIN(o.created_at) FROM broadcasts o WHERE o.title = 'Two hours') AND title = 'Two hours'",
            "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost)
             SELECT id, 'delivered', '', planned, 0 FROM broadcasts WHERE title = 'Two hours'",
            "UPDATE plan_rows SET state = 'broadcast' WHERE id IN (SELECT plan_row_id FROM broadcasts WHERE title = 'Two hours')",
        ] {
            assert!(db.damage(done).await > 0);
        }
        let page = manager.get(&format!("/workshops/{}/plan", scene.workshop)).await.body.replace('\u{a0}', " ");
        assert!(page.contains("20,210 people") && page.contains("20,210 arrived, 210 later rounds"), "{page}");
        assert!(page.contains("₹2,930.45 so far"), "{page}");
        for leads in [made[0], made[210]] {
            assert!(page.contains(&format!(r#"href="/broadcasts/{leads}""#)), "{page}");
        }
        let report = Report::of(&scene.org, scene.workshop, now).await.unwrap();
        let step = &report.steps[0];
        assert_eq!((step.rounds, step.counts.planned, step.cost), (211, 20_210, Money(29_304_500)));
    }

    async fn person_mode_says_of_every_step_whether_it_comes_and_why_not(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let version = scene.org.sequence(id).await.unwrap().version;
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let found = manager.get(&format!("{plan}?q=asha")).await.body;
        assert!(found.contains("Asha Rao"), "{found}");
        let asha = scene.org.registrants(scene.workshop, &store::registrants::RegistrantFilter { search: "asha".into(), limit: 5, ..Default::default() }).await.unwrap().remove(0);
        let hers = manager.get(&format!("{plan}?person={}", asha.id)).await.body;
        assert!(hers.contains("What Asha Rao gets") && hers.matches("they were not told this yet").count() == 2, "{hers}");
        scene.org.set_registrant_status(scene.workshop, asha.id, domain::workshop::RegistrantStatus::Cancelled, now).await.unwrap();
        let hers = manager.get(&format!("{plan}?person={}", asha.id)).await.body;
        assert!(hers.matches("They cancelled their registration").count() == 2, "{hers}");
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        assert_eq!(stranger.get(&format!("{plan}?person={}", asha.id)).await.status, StatusCode::NOT_FOUND);
    }

    async fn person_mode_keeps_to_opt_outs_and_to_who_agreed(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let mut kept = scene.org.sequence(id).await.unwrap().steps;
        let mut body = scene.org.template(scene.template).await.unwrap().body;
        body["category"] = "marketing".into();
        let offer = scene.org.add_template(Channel::WhatsappPersonal, "Offer", &body, now).await.unwrap();
        // At half past eleven in the morning, within the hours of promotion.
        kept[0] = Step {
            template: offer,
            timing: Timing::after(180),
            audience: StepAudience::Everyone,
            until: Until::Minutes(60),
            ..kept[0].clone()
        };
        let draft = SequenceDraft { name: "Offers".into(), description: String::new(), steps: kept };
        let id = scene.org.add_sequence(&draft, now).await.unwrap();
        scene.org.write_plan(scene.workshop, id, 1, &Default::default(), now).await.unwrap();
        let person = person(&scene, "asha").await;
        let plan = format!("/workshops/{}/plan?person={}", scene.workshop, person.id);
        let hers = manager.get(&plan).await.body;
        assert!(hers.contains("No consent. Promotion needs consent") && !hers.contains("everyone gets it"), "{hers}");
        let phone = domain::phone::Phone::from_stored(&person.phone).unwrap();
        let phone_key = scene.world.app.phone_key.of(phone.as_str());
        let agreed = store::consents::NewConsent {
            phone_key: phone_key.clone(),
            phone: phone.clone(),
            channel: None,
            given_at: now,
            source: "form".into(),
            wording: "Send me offers".into(),
            note: String::new(),
        };
        scene.org.record_consent(agreed, now).await.unwrap();
        let hers = manager.get(&plan).await.body;
        assert!(hers.contains("everyone gets it") && !hers.contains("No consent"), "{hers}");
        for (category, left_out) in [(Category::Marketing, 1), (Category::Utility, 2)] {
            let stop = store::suppressions::NewSuppression {
                phone_key: phone_key.clone(),
                phone: phone.clone(),
                channel: None,
                category: Some(category),
                reason: "STOP".into(),
            };
            scene.org.suppress(stop, now).await.unwrap();
            let hers = manager.get(&plan).await.body;
            let table = hers.split_once("id=\"person-plan\"").unwrap().1;
            assert_eq!(table.matches("Opted out").count(), left_out, "{table}");
        }
    }

    async fn person_mode_says_that_a_step_is_of_no_use_any_more_when_its_time_for_them_comes(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let mut kept = scene.org.sequence(id).await.unwrap().steps;
        for (step, minutes) in kept.iter_mut().zip([5 * 1_440, 60]) {
            step.anchor = Anchor::Registration;
            step.timing = Timing::after(minutes);
            step.until = Until::At(Anchor::Start, Timing::before(30));
        }
        let draft = SequenceDraft { name: "After registration".into(), description: String::new(), steps: kept };
        let id = scene.org.add_sequence(&draft, now).await.unwrap();
        scene.org.write_plan(scene.workshop, id, 1, &Default::default(), now).await.unwrap();
        scene.world.clock.advance(MINUTE);
        let new = store::registrants::NewRegistrant {
            name: domain::name::PersonName::parse("Dev Kumar"),
            phone: domain::phone::Phone::parse("90001 00044", domain::phone::Country::INDIA).ok(),
            ..Default::default()
        };
        scene.org.add_registrant(scene.workshop, new, scene.world.clock_now()).await.unwrap();
        let dev = person(&scene, "dev").await.id;
        let his = manager.get(&format!("/workshops/{}/plan?person={dev}", scene.workshop)).await.body;
        let table = his.split_once("id=\"person-plan\"").unwrap().1;
        assert_eq!(table.matches("passes before its time for them comes").count(), 1, "{table}");
        assert_eq!(table.matches("Gets it").count(), 1, "{table}");
    }

    async fn a_message_to_somebody_who_registered_later_stands_at_its_own_moment(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120]).await;
        let engine = &scene.world.app.engine;
        let run = async || {
            while engine.schedule().await.unwrap() {}
            engine.plan().await.unwrap();
        };
        scene.world.clock.advance(HOUR);
        run().await;
        scene.world.clock.advance(4 * MINUTE);
        let new = store::registrants::NewRegistrant {
            name: domain::name::PersonName::parse("Dev Kumar"),
            phone: domain::phone::Phone::parse("90001 00044", domain::phone::Country::INDIA).ok(),
            ..Default::default()
        };
        scene.org.add_registrant(scene.workshop, new, scene.world.clock_now()).await.unwrap();
        let dev = person(&scene, "dev").await.id;
        let mut manager = scene.manager().await;
        let at = |who| format!("/workshops/{}/plan?person={who}", scene.workshop);
        // What stopped the last try for those who came later keeps it from whoever registers now.
        db.damage("UPDATE plan_rows SET obstacle = 'no_account'").await;
        let held = manager.get(&at(dev)).await.body;
        assert!(held.contains("No account serves its channel") && !held.contains("Gets it"), "{held}");
        scene.world.clock.advance(MINUTE);
        run().await;
        let his = manager.get(&at(dev)).await.body.replace('\u{a0}', " ");
        let table = his.split_once("id=\"person-plan\"").unwrap().1;
        assert!(table.contains("6:35 AM") && !table.contains("6:30 AM"), "{table}");
        let asha = person(&scene, "asha").await;
        let hers = manager.get(&at(asha.id)).await.body.replace('\u{a0}', " ");
        assert!(hers.split_once("id=\"person-plan\"").unwrap().1.contains("6:30 AM"), "{hers}");
    }

    async fn a_sequence_that_nothing_decides_is_chosen_first(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        db.damage("UPDATE sequences SET removed_at = 1").await;
        let first = sequence(&scene, &mut manager).await;
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let only = manager.get(&plan).await.body;
        assert!(only.contains("Run sequence"), "the only one there is, for a workshop without a tag: {only}");
        let draft = SequenceDraft { name: "Morning".into(), description: String::new(), steps: vec![] };
        scene.org.add_sequence(&draft, scene.world.clock_now()).await.unwrap();
        let asked = manager.get(&plan).await.body;
        assert!(asked.contains(r#"<option value="" selected>Choose a sequence</option>"#), "{asked}");
        assert!(!asked.contains("Run sequence") && !asked.contains("Two hours"), "no plan is shown: {asked}");
        let chosen = manager.get(&format!("{plan}?sequence={first}")).await.body;
        assert!(chosen.contains("Run sequence") && !chosen.contains("Choose a sequence"), "{chosen}");
        // Also where one is left: the tag says that its workshops are of another kind.
        let tag = scene.org.tags().await.unwrap().remove(0);
        let workshop = scene.org.workshop(scene.workshop).await.unwrap();
        let (starts_at, ends_at) = (workshop.starts_at, workshop.ends_at);
        let (title, join_link) = (workshop.title, workshop.join_link);
        let tagged = store::workshops::WorkshopDraft { title, starts_at, ends_at, join_link, tag: Some(tag.id) };
        scene.org.edit_workshop(scene.workshop, &tagged, scene.world.clock_now()).await.unwrap();
        let asked = manager.get(&plan).await.body;
        assert!(asked.contains("Choose a sequence") && asked.contains("carries no sequence."), "{asked}");
    }

    async fn steps_for_who_attended_are_planned_until_the_report_is_missing(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let now = scene.world.clock_now();
        let mut steps = scene.org.sequence(id).await.unwrap().steps;
        steps.truncate(1);
        steps[0] = Step {
            anchor: Anchor::End,
            timing: Timing::after(60),
            audience: StepAudience::Attendance(domain::sequence::Presence::Attended),
            until: Until::Minutes(24 * 60),
            ..steps[0].clone()
        };
        let draft = SequenceDraft { name: "Thanks".into(), description: String::new(), steps };
        let id = scene.org.add_sequence(&draft, now).await.unwrap();
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let planned = |page: &str| {
            let known = page.contains("Known after the end") && page.contains("from the attendance report");
            assert!(known && !page.contains("Would not go") && !page.contains("waits for the report"), "{page}");
        };
        planned(&manager.get(&format!("{plan}?sequence={id}")).await.body);
        scene.org.write_plan(scene.workshop, id, 1, &Default::default(), now).await.unwrap();
        let running = manager.get(&plan).await.body;
        planned(&running);
        assert!(running.contains("1 of 1") && running.contains("<span>1 step</span>"), "{running}");
        let asha = person(&scene, "asha").await.id;
        let hers = manager.get(&format!("{plan}?person={asha}")).await.body;
        assert!(hers.contains("if the report says that they attended"), "{hers}");
        scene.world.clock.advance(5 * HOUR + MINUTE);
        let over = manager.get(&plan).await.body;
        assert!(over.contains("Would not go") && over.contains("It waits for the report of who attended"), "{over}");
    }

    async fn what_would_not_go_is_left_out_of_the_sums_and_counted_apart(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let id = sequence(&scene, &mut manager).await;
        let (now, version) = (scene.world.clock_now(), scene.org.sequence(id).await.unwrap().version);
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let (proposal, question) =
            (format!("{plan}?sequence={id}"), format!("{plan}/run?sequence={id}&version={version}"));
        let shown = manager.get(&proposal).await.body;
        assert!(shown.contains(" planned, estimate") && !shown.contains("₹0.00"), "{shown}");
        let asked = manager.get(&question).await.body;
        assert!(asked.contains("2 steps are planned") && !asked.contains("would not go"), "{asked}");
        scene.org.stop_integration(scene.account, true, now).await.unwrap();
        let shown = manager.get(&proposal).await.body;
        for words in ["2 of 2 planned steps would not go as things stand.", "₹0.00 planned without steps that would not go, estimate"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let asked = manager.get(&question).await.body;
        for words in ["2 steps are planned", "2 of them would not go as things stand.", "About <strong>₹0.00</strong>"] {
            assert!(asked.contains(words), "{words}: {asked}");
        }
        scene.org.write_plan(scene.workshop, id, version, &Default::default(), now).await.unwrap();
        let running = manager.get(&plan).await.body;
        assert!(running.contains("0 of 2") && running.contains("₹0.00 so far + ₹0.00 planned"), "{running}");
    }

    async fn a_step_that_was_taken_out_says_by_whom_and_is_put_back(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120, 60]).await;
        let mut manager = scene.manager().await;
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let row = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().rows[0].id;
        manager.post(&format!("{plan}/{row}/cancel"), &[]).await;
        let by = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().rows[0].by.clone();
        let out = manager.get(&plan).await.body;
        assert!(!by.is_empty() && out.contains(&format!("Cancelled by {by}, Today, ")), "{by}: {out}");
        let back = format!("{plan}/{row}/put-back");
        assert!(out.contains(&format!(r#"href="{back}""#)), "{out}");
        // While it is ahead nothing is to be chosen.
        let asked = manager.get(&back).await;
        assert!(asked.body.contains("Put “Step 120” back into the plan?") && !asked.body.contains("Those already there"), "{}", asked.body);
        assert_eq!(post(&mut manager, &back, &fields(&asked, &back)).await.status, StatusCode::SEE_OTHER);
        let plain = manager.get(&plan).await.body;
        assert!(plain.contains("2 of 2") && !plain.contains("Put it back"), "{plain}");
        let log = scene.org.audit_log(None, 50).await.unwrap();
        assert!(log.iter().any(|one| one.action == "plan.step_put_back" && one.actor == by), "{log:?}");
        // Its moment passes while it is out: those already there get it only if somebody says so.
        manager.post(&format!("{plan}/{row}/cancel"), &[]).await;
        let early = manager.get(&back).await;
        scene.world.clock.advance(HOUR + MINUTE);
        let again = post(&mut manager, &back, &fields(&early, &back)).await;
        assert_eq!(again.location(), back, "it was agreed that it goes at its moment");
        let asked = manager.get(&back).await;
        assert!(asked.body.contains("has passed") && asked.body.contains("Those already there too"), "{}", asked.body);
        // Where nobody gets it later, putting it back is sending it.
        let own = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().sequence;
        let mut steps = scene.org.sequence(own).await.unwrap().steps;
        steps[0].late = domain::sequence::LateRule::Skip;
        let draft = SequenceDraft { name: "Evening".into(), description: String::new(), steps };
        let now = scene.world.clock_now();
        let version = scene.org.change_sequence(own, 1, &draft, now).await.unwrap();
        let revision = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().revision;
        scene.org.follow(scene.workshop, version, revision, &Default::default(), now).await.unwrap();
        let asked = manager.get(&back).await.body;
        assert!(asked.contains("Put it back and send it now") && !asked.contains("Those already there too"), "{asked}");
        manager.post(&back, &[("include", "on")]).await;
        let engine = &scene.world.app.engine;
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        assert_eq!(scene.broadcasts().await, 1, "it goes at once");
        // What ran is not brought back, however often somebody asks.
        assert_eq!(db.damage("UPDATE broadcasts SET status = 'in_progress', started_at = 1").await, 1);
        manager.post(&format!("{plan}/{row}/cancel"), &[]).await;
        manager.post(&back, &[("include", "on")]).await;
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        assert_eq!(scene.broadcasts().await, 1, "nobody is told twice");
    }

    async fn a_step_that_was_confirmed_ahead_of_its_moment_is_shown_as_scheduled_and_cancelled(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120, 60]).await;
        let mut manager = scene.manager().await;
        let engine = &scene.world.app.engine;
        scene.world.clock.advance(HOUR - 30 * domain::time::SECOND);
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        assert_eq!(scene.broadcasts().await, 1);
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let row = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().rows.remove(0);
        assert_eq!(row.state, RowState::Broadcast);
        let page = manager.get(&plan).await.body;
        let cancel = format!("{plan}/{}/cancel", row.id);
        assert!(page.contains("Scheduled") && page.contains("0 went out, 0 sending, 2 to come"), "{page}");
        assert!(page.contains("Cancel All (2)"), "what is taken back counts: {page}");
        assert!(!page.contains("Sending") && page.contains(&cancel), "{page}");
        assert_eq!(manager.post(&cancel, &[]).await.status, StatusCode::SEE_OTHER);
        let row = scene.org.plan_of(scene.workshop).await.unwrap().unwrap().rows.remove(0);
        assert_eq!(row.state, RowState::Cancelled);
        let page = manager.get(&plan).await.body;
        assert!(page.contains("Put it back") && !page.contains("Scheduled"), "{page}");
    }

    async fn a_step_that_went_to_late_ones_only_says_so_and_not_that_it_was_skipped(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120, 60]).await;
        let engine = &scene.world.app.engine;
        scene.world.clock.advance(HOUR);
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        let skipped = "UPDATE plan_rows SET state = 'skipped', why = 'past_at_run', broadcast_id = NULL WHERE state = 'broadcast'";
        assert_eq!(db.damage(skipped).await, 1);
        let done = "UPDATE broadcasts SET status = 'completed', started_at = 1, finished_at = 2";
        assert_eq!(db.damage(done).await, 1);
        let mut manager = scene.manager().await;
        let page = manager.get(&format!("/workshops/{}/plan", scene.workshop)).await.body;
        assert!(page.contains("Late ones only") && !page.contains("Skipped"), "{page}");
        let words = "1 later round, not to the others: it was due before the sequence was run";
        assert!(page.contains(words), "{page}");
    }
}
