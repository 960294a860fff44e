//! Sequences keep their versions, and a plan keeps its own.

use domain::{
    channel::Channel,
    ids::{BroadcastId, PlanRowId, SequenceId, TemplateId, WorkshopId},
    message::MessageState,
    money::Money,
    role::Role,
    sequence::{Anchor, LateRule, OwnWhyNot, RowState, Step, StepAudience, StepKey, Timing, Until, WhyNot},
    time::{DAY, HOUR, MINUTE, Millis},
    workshop::TagColour,
};
use store::{
    StoreError,
    broadcasts::{Broadcast, BroadcastFilter},
    plans::PlanChoice,
    sequences::{SequenceDraft, TagPlan},
    testing::statements_of,
};

use crate::on_both::{NOW, World, draft};

fn step(key: &str, timing: Timing) -> Step {
    Step {
        key: StepKey::stored(key.to_owned()),
        label: String::new(),
        channel: Channel::WhatsappPersonal,
        template: TemplateId::NIL,
        account: None,
        anchor: Anchor::Start,
        timing,
        purpose: "reminder".to_owned(),
        until: Until::default(),
        audience: StepAudience::default(),
        late: LateRule::default(),
        wait_out_quiet: false,
        rung: None,
    }
}

fn sequence(name: &str, steps: Vec<Step>) -> SequenceDraft {
    SequenceDraft { name: name.to_owned(), description: "For evenings".to_owned(), steps }
}

/// A workshop in three days, and a sequence with a step a day and one an hour before.
async fn planned(world: &World) -> (WorkshopId, SequenceId) {
    let workshop = world.org.add_workshop(&draft("Excel", NOW.plus(3 * DAY)), NOW).await.unwrap();
    let steps = vec![step("day", Timing::before(24 * 60)), step("hour", Timing::before(60))];
    let id = world.org.add_sequence(&sequence("Masterclass", steps), NOW).await.unwrap();
    world.org.write_plan(workshop, id, 1, &PlanChoice::default(), NOW).await.unwrap();
    (workshop, id)
}

async fn dues(world: &World, workshop: WorkshopId) -> Vec<(String, Option<Millis>, RowState)> {
    let plan = world.org.plan_of(workshop).await.unwrap().unwrap();
    plan.rows.into_iter().map(|row| (row.key.to_string(), row.due, row.state)).collect()
}

async fn states(world: &World, workshop: WorkshopId) -> Vec<(String, RowState)> {
    dues(world, workshop).await.into_iter().map(|(key, _, state)| (key, state)).collect()
}

fn planned_step(key: &str) -> (String, RowState) {
    (key.to_owned(), RowState::Planned)
}

fn taken_out(key: &str) -> (String, RowState) {
    (key.to_owned(), RowState::Cancelled)
}

/// Broadcasts of a row, so many: of four kinds in turn, and the newest taken back.
async fn runs(world: &World, workshop: WorkshopId, row: PlanRowId, n: i64) {
    let (organization, workshop, row) =
        (world.id(world.org.actor().organization.0), world.id(workshop.0), world.id(row.0));
    let account = world.id(uuid::Uuid::now_v7());
    world
        .run(format!(
            "INSERT INTO integrations (id, organization_id, kind, name, settings, secrets, hints, callback_key, per_second,
                                       per_day, health, secrets_set_by, secrets_set_at, created_at)
             VALUES ({account}, {organization}, 'aisensy', 'AiSensy', '{{}}', '', '{{}}', 'key', 1, 1, '{{}}', '', 0, 0)"
        ))
        .await;
    let (mut made, mut counts) = (Vec::new(), Vec::new());
    for nth in 0..n {
        let id = world.id(BroadcastId::new(NOW.plus(nth)).0);
        let (status, planned, finished, stands): (_, _, _, &[(&str, i64, i64)]) = match nth % 4 {
            _ if nth == n - 1 => ("cancelled", 0, "NULL", &[]),
            0 => ("completed", 5, "7", &[("delivered", 4, 4_000), ("skipped:no_phone", 1, 0)]),
            1 => ("completed", 7, "9", &[("sent", 4, 0), ("expired", 2, 0), ("skipped:suppressed", 1, 0)]),
            2 => ("in_progress", 3, "NULL", &[("waiting", 2, 0), ("read", 1, 1_455)]),
            _ => ("completed", 2, "8", &[("skipped:reached_before", 2, 0)]),
        };
        // Texts of several segments, and messages of one unit each.
        let units = match planned {
            0 => 0,
            planned if nth % 8 < 4 => planned + 2,
            planned => planned - 1,
        };
        made.push(format!(
            "({id}, {organization}, {account}, {workshop}, {row}, '{status}', {finished}, {planned}, {units}, 'personal', 'Reminder',
              '{{}}', 'registered', 'utility', 'Meera', 0, 0, 0, false, 1455, '', '', 0, 0, '', '')"
        ));
        counts.extend(stands.iter().map(|(state, n, cost)| {
            let (state, reason) = state.split_once(':').unwrap_or((state, ""));
            format!("({id}, '{state}', '{reason}', {n}, {cost})")
        }));
    }
    world
        .run(format!(
            "INSERT INTO broadcasts (id, organization_id, integration_id, workshop_id, plan_row_id, status, finished_at, planned, units,
                                     channel, title, template, audience, category, created_by, created_at, starts_at, deadline, probed,
                                     unit_price, plan_phone, plan_identity, cursor, served_at, hours, content)
             VALUES {}",
            made.join(", ")
        ))
        .await;
    world
        .run(format!(
            "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost) VALUES {}",
            counts.join(", ")
        ))
        .await;
}

both! {
    async fn the_figures_of_a_step_count_each_of_its_hundreds_of_rounds(world) {
        let (workshop, _) = planned(&world).await;
        let row = |plan: &store::plans::WorkshopPlan| plan.rows[0].clone();
        let before = row(&world.org.plan_of(workshop).await.unwrap().unwrap());
        assert_eq!(world.org.plan_runs(workshop, NOW).await.unwrap(), []);
        runs(&world, workshop, before.id, 261).await;
        let figures = world.org.plan_runs(workshop, NOW).await.unwrap();
        let [day] = &figures[..] else { panic!("one step has runs: {figures:?}") };
        let filter = BroadcastFilter { workshop: Some(workshop), ..BroadcastFilter::default() };
        let all: Vec<Broadcast> = world.org.broadcasts(&filter, 1_000).await.unwrap();
        assert_eq!((all.len(), day.runs), (261, 260), "what was taken back is no run");
        assert_eq!(day.cost, all.iter().map(Broadcast::likely_cost).sum::<Money>());
        assert!(day.cost.0 > 65 * 4_000 && !day.cost_known, "{day:?}");
        assert_eq!((day.planned, day.going, day.finished_at), (65 * 17, 65, Some(Millis(9))));
        for state in MessageState::ALL {
            let n: i64 = all.iter().map(|one| one.in_state(*state)).sum();
            assert_eq!(day.in_state(*state), n, "{state:?}");
        }
        assert_eq!(day.in_state(MessageState::Skipped), 65 * 4);
        let ids = row(&world.org.plan_of(workshop).await.unwrap().unwrap()).broadcasts;
        assert_eq!((ids.len(), ids[0], ids[259]), (260, all[260].id, all[1].id), "oldest first");
        assert_eq!(world.other.plan_runs(workshop, NOW).await.unwrap(), []);
    }

    async fn a_version_of_a_sequence_stays_as_it_was(world) {
        let first = vec![step("day", Timing::before(24 * 60))];
        let id = world.org.add_sequence(&sequence("Masterclass", first.clone()), NOW).await.unwrap();
        let second = vec![step("day", Timing::before(12 * 60))];
        let to = sequence("Masterclass", second.clone());
        assert_eq!(world.org.change_sequence(id, 1, &to, NOW).await.unwrap(), 2);
        assert_eq!(world.org.sequence_version(id, 1).await.unwrap(), first);
        assert_eq!(world.org.sequence(id).await.unwrap().steps, second);
        // A person who saw version 1 would overwrite what they did not see.
        assert!(matches!(world.org.change_sequence(id, 1, &to, NOW).await, Err(StoreError::Stale)));
        let taken = world.org.add_sequence(&sequence("Masterclass", vec![]), NOW).await;
        assert!(matches!(taken, Err(StoreError::Taken)));
        world.org.remove_sequence(id, NOW).await.unwrap();
        assert_eq!(world.org.sequences(NOW).await.unwrap(), []);
        assert!(matches!(world.org.change_sequence(id, 2, &to, NOW).await, Err(StoreError::Missing)));
        world.org.add_sequence(&sequence("Masterclass", vec![]), NOW).await.unwrap();
    }

    async fn a_sequence_that_a_workshop_to_come_follows_is_not_removed(world) {
        let (_, id) = planned(&world).await;
        let tag = world.org.add_tag("Evening", TagColour::Blue, NOW).await.unwrap();
        world.org.set_tag_sequence(tag, Some(id), NOW).await.unwrap();
        world.org.describe_tag(tag, "After work", NOW).await.unwrap();
        let told = TagPlan { tag, description: "After work".into(), sequence: Some(id) };
        assert_eq!(world.org.tag_plans().await.unwrap(), [told]);
        let all = world.org.sequences(NOW).await.unwrap();
        assert_eq!(all.iter().map(|one| (one.workshops, one.tags)).collect::<Vec<_>>(), [(1, 1)]);
        assert!(matches!(world.org.remove_sequence(id, NOW).await, Err(StoreError::Stale)));
        assert_eq!(world.org.sequences(NOW).await.unwrap().len(), 1, "and nothing of it stayed half removed");
        // The workshop is over, so nothing follows the sequence.
        world.org.remove_sequence(id, NOW.plus(9 * DAY)).await.unwrap();
        assert_eq!(world.org.tag_sequence(tag).await.unwrap(), None);
    }

    async fn a_sequence_runs_until_its_last_step_has_gone_and_nobody_late_can_get_it(world) {
        let workshop = world.org.add_workshop(&draft("Excel", NOW.plus(3 * DAY)), NOW).await.unwrap();
        let after = Step { anchor: Anchor::End, until: Until::Minutes(24 * 60), ..step("thanks", Timing::after(60)) };
        let id = world.org.add_sequence(&sequence("Masterclass", vec![after]), NOW).await.unwrap();
        world.org.write_plan(workshop, id, 1, &PlanChoice::default(), NOW).await.unwrap();
        let row = world.org.plan_of(workshop).await.unwrap().unwrap().rows.remove(0);
        let over = world.org.workshop(workshop).await.unwrap().ends_at.plus(1);
        let running = async |now: Millis| {
            let listed = world.org.sequences(now).await.unwrap()[0].workshops;
            (listed, world.org.following(id, now).await.unwrap().len())
        };
        assert_eq!(running(over).await, (1, 1), "its thanks are to come");
        assert!(matches!(world.org.remove_sequence(id, over).await, Err(StoreError::Stale)));
        // It went, and goes to whoever registers late as long as it is of use.
        let of = world.id(row.id.0);
        world.run(format!("UPDATE plan_rows SET state = 'broadcast', late_after = {of} WHERE id = {of}")).await;
        assert_eq!(running(row.until.plus(-1)).await, (1, 1));
        assert_eq!(running(row.until).await, (0, 0), "it is of no use any more");
        world.run(format!("UPDATE plan_rows SET late_after = NULL WHERE id = {of}")).await;
        assert_eq!(running(over).await, (0, 0));
        world.org.remove_sequence(id, over).await.unwrap();
    }

    async fn another_organisation_neither_sees_nor_changes_a_plan(world) {
        let (workshop, id) = planned(&world).await;
        let row = world.org.plan_of(workshop).await.unwrap().unwrap().rows[0].id;
        assert_eq!(world.other.plan_of(workshop).await.unwrap(), None);
        assert_eq!(world.other.sequences(NOW).await.unwrap(), []);
        let missing = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Missing)), "{result:?}");
        missing(world.other.sequence(id).await.map(drop));
        missing(world.other.sequence_version(id, 1).await.map(drop));
        missing(world.other.cancel_row(row, NOW).await);
        missing(world.other.follow(workshop, 1, 1, &PlanChoice::default(), NOW).await.map(drop));
        let theirs = world.other.add_workshop(&draft("Theirs", NOW.plus(DAY)), NOW).await.unwrap();
        missing(world.other.write_plan(theirs, id, 1, &PlanChoice::default(), NOW).await.map(drop));
        missing(world.other.write_plan(workshop, id, 1, &PlanChoice::default(), NOW).await.map(drop));
        missing(world.other.cancel_plan(workshop, NOW).await.map(drop));
        assert!(dues(&world, workshop).await.iter().all(|(_, _, state)| *state == RowState::Planned));
    }

    async fn who_may_not_send_runs_no_sequence(world) {
        let (workshop, id) = planned(&world).await;
        let row: PlanRowId = world.org.plan_of(workshop).await.unwrap().unwrap().rows[0].id;
        for role in [Role::Agent, Role::Viewer] {
            let org = world.as_role(role);
            let refused = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Forbidden)), "{role}");
            let choice = PlanChoice::default();
            refused(org.add_sequence(&sequence("Other", vec![]), NOW).await.map(drop));
            refused(org.change_sequence(id, 1, &sequence("Other", vec![]), NOW).await.map(drop));
            refused(org.remove_sequence(id, NOW).await);
            refused(org.write_plan(workshop, id, 1, &choice, NOW).await.map(drop));
            refused(org.follow(workshop, 1, 1, &choice, NOW).await.map(drop));
            refused(org.cancel_plan(workshop, NOW).await.map(drop));
            refused(org.cancel_row(row, NOW).await);
            refused(org.retry_row(row, NOW).await);
            assert!(org.plan_of(workshop).await.unwrap().is_some(), "everybody reads it");
        }
    }

    async fn a_workshop_and_its_plan_move_together(world) {
        let (workshop, _) = planned(&world).await;
        let before = dues(&world, workshop).await;
        world.org.edit_workshop(workshop, &draft("Excel", NOW.plus(5 * DAY)), NOW).await.unwrap();
        let moved: Vec<_> = before.into_iter().map(|(key, due, state)| (key, due.map(|due| due.plus(2 * DAY)), state)).collect();
        assert_eq!(dues(&world, workshop).await, moved);
        let plan = world.org.plan_of(workshop).await.unwrap().unwrap();
        assert_eq!((plan.revision, plan.times.starts_at), (2, NOW.plus(5 * DAY)));
        // Another title moves no step.
        world.org.edit_workshop(workshop, &draft("Excel 2", NOW.plus(5 * DAY)), NOW).await.unwrap();
        assert_eq!(world.org.plan_of(workshop).await.unwrap().unwrap().revision, 2);
        world.org.cancel_workshop(workshop, NOW).await.unwrap();
        let plan = world.org.plan_of(workshop).await.unwrap().unwrap();
        let why = WhyNot::Own(OwnWhyNot::WorkshopCancelled);
        assert!(plan.rows.iter().all(|row| row.state == RowState::Cancelled && row.why == why && row.by == "Meera"));
        let again = world.org.write_plan(workshop, plan.sequence, 1, &PlanChoice::default(), NOW).await;
        assert!(matches!(again, Err(StoreError::Stale)));
    }

    async fn a_sequence_runs_once_for_a_workshop_until_its_plan_has_nothing_to_come(world) {
        let (workshop, id) = planned(&world).await;
        let twice = world.org.write_plan(workshop, id, 1, &PlanChoice::default(), NOW).await;
        assert!(matches!(twice, Err(StoreError::Stale)));
        assert_eq!(world.org.cancel_plan(workshop, NOW).await.unwrap(), 2);
        // A step that is left out from the beginning counts as taken out, too; the others are as good as new.
        let choice = PlanChoice { include: vec![], leave_out: vec![StepKey::stored("new".into())] };
        let steps = vec![
            step("day", Timing::before(24 * 60)),
            step("hour", Timing::before(60)),
            step("new", Timing::before(30)),
            step("newer", Timing::before(20)),
        ];
        let version = world.org.change_sequence(id, 1, &sequence("Masterclass", steps), NOW).await.unwrap();
        world.org.write_plan(workshop, id, version, &choice, NOW).await.unwrap();
        assert_eq!(states(&world, workshop).await, [planned_step("day"), planned_step("hour"), taken_out("new"), planned_step("newer")]);
    }

    async fn what_a_person_took_out_stays_out_until_a_sequence_is_run_anew(world) {
        let (workshop, id) = planned(&world).await;
        let row = |key: &'static str| {
            let world = world.clone();
            async move {
                let plan = world.org.plan_of(workshop).await.unwrap().unwrap();
                plan.rows.into_iter().find(|row| row.key.as_str() == key).unwrap()
            }
        };
        world.org.cancel_row(row("day").await.id, NOW).await.unwrap();
        let stands = [taken_out("day"), planned_step("hour")];
        // The sequence is edited, and the workshop is moved.
        let steps = vec![step("day", Timing::before(12 * 60)), step("hour", Timing::before(60))];
        let version = world.org.change_sequence(id, 1, &sequence("Masterclass", steps), NOW).await.unwrap();
        let revision = world.org.plan_of(workshop).await.unwrap().unwrap().revision;
        world.org.follow(workshop, version, revision, &PlanChoice::default(), NOW).await.unwrap();
        assert_eq!(states(&world, workshop).await, stands);
        world.org.edit_workshop(workshop, &draft("Excel", NOW.plus(5 * DAY)), NOW).await.unwrap();
        assert_eq!(states(&world, workshop).await, stands);
        // Another sequence has a step of the same name, and one that went out is not told twice.
        let hour = row("hour").await.id;
        world.run(format!("UPDATE plan_rows SET state = 'broadcast' WHERE id = {}", world.id(hour.0))).await;
        let steps = vec![step("day", Timing::before(24 * 60)), step("hour", Timing::before(90))];
        let other = world.org.add_sequence(&sequence("In Hindi", steps), NOW).await.unwrap();
        world.org.write_plan(workshop, other, 1, &PlanChoice::default(), NOW).await.unwrap();
        assert_eq!(states(&world, workshop).await, [planned_step("day"), ("hour".to_owned(), RowState::Broadcast)]);
        let day = row("day").await;
        assert_eq!((day.due, day.why, day.by.as_str()), (Some(NOW.plus(4 * DAY)), WhyNot::Nothing, ""));
    }

    async fn steps_that_were_past_when_their_sequence_ran_hide_no_blocked_one(world) {
        // All but one of a hundred and more steps are past, and nobody is added to them.
        let steps = (0..101).map(|n| step(&format!("past{n}"), Timing::before(3 * 24 * 60))).collect();
        let id = world.org.add_sequence(&sequence("Many", steps), NOW).await.unwrap();
        let first = world.org.add_workshop(&draft("Excel", NOW.plus(DAY)), NOW).await.unwrap();
        world.org.write_plan(first, id, 1, &PlanChoice::default(), NOW).await.unwrap();
        let all = world.org.plan_of(first).await.unwrap().unwrap().rows;
        let past = |row: &store::plans::PlanRow| row.state == RowState::Skipped && row.until > NOW;
        assert!(all.iter().filter(|row| past(row)).count() > 100, "needs steps that are past: {:?}", all[0]);
        let (workshop, _) = planned(&world).await;
        world.run(format!("UPDATE plan_rows SET obstacle = 'no_account' WHERE workshop_id = {} AND step_key = 'day'", world.id(workshop.0))).await;
        let matters = world.org.plan_matters(NOW).await.unwrap();
        assert!(matters.iter().any(|one| one.workshop == workshop && one.why == WhyNot::Own(OwnWhyNot::NoAccount)), "{}", matters.len());
    }

    async fn due_steps_are_given_to_one_process_at_a_time(world) {
        let (workshop, _) = planned(&world).await;
        let due = NOW.plus(2 * DAY);
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        let ahead = due.plus(MINUTE);
        assert_eq!(work.due_rows(due.plus(-1), due.plus(-1), 10, HOUR).await.unwrap(), []);
        let rows = work.due_rows(due, ahead, 10, HOUR).await.unwrap();
        assert_eq!(rows.iter().map(|row| (row.workshop, row.step.key.as_str())).collect::<Vec<_>>(), [(workshop, "day")]);
        assert_eq!(work.due_rows(due, ahead, 10, HOUR).await.unwrap(), [], "somebody has it");
        work.release_row(rows[0].id, due).await.unwrap();
        assert_eq!(work.due_rows(due, ahead, 10, HOUR).await.unwrap().len(), 1);
        // The last useful moment of a reminder is the next reminder.
        let over = NOW.plus(3 * DAY - HOUR);
        assert_eq!(work.due_rows(over.plus(-MINUTE), over.plus(-MINUTE), 10, 0).await.unwrap().len(), 1);
        assert_eq!(work.miss_rows(over).await.unwrap(), 1);
        let day = &world.org.plan_of(workshop).await.unwrap().unwrap().rows[0];
        assert_eq!((day.state, day.decided_at), (RowState::Missed, Some(over)));
        assert_eq!(work.next_row_due(NOW).await.unwrap(), (Some(over), None));
        assert_eq!(work.next_row_due(over.plus(1)).await.unwrap(), (None, Some(over)), "and waits since then");
    }

    async fn the_steps_to_come_of_many_workshops_are_read_at_once_and_are_one_organisations_own(world) {
        let (first, _) = planned(&world).await;
        let second = world.org.add_workshop(&draft("Rust", NOW.plus(2 * DAY)), NOW).await.unwrap();
        let each = Step { anchor: Anchor::Registration, purpose: "link".into(), label: "Welcome".into(), ..step("each", Timing::after(5)) };
        let id = world.org.add_sequence(&sequence("Cohort", vec![each, step("hour", Timing::before(60))]), NOW).await.unwrap();
        world.org.write_plan(second, id, 1, &PlanChoice::default(), NOW).await.unwrap();
        let both = [first, second];
        let coming = world.org.coming_steps(&both, NOW).await.unwrap();
        let seen: Vec<_> = coming.iter().map(|one| (one.workshop, one.label.as_str(), one.due)).collect();
        let hour_before = |days: i64| Some(NOW.plus(days * DAY - HOUR));
        assert_eq!(
            seen,
            [
                (second, "hour", hour_before(2)),
                (first, "day", Some(NOW.plus(2 * DAY))),
                (first, "hour", hour_before(3)),
                (second, "Welcome", None),
            ]
        );
        assert_eq!((coming[3].purpose.word(), coming[3].channel), ("link", Channel::WhatsappPersonal));
        assert_eq!(world.other.coming_steps(&both, NOW).await.unwrap(), []);
    }

    async fn steps_are_found_by_an_index_however_many_there_are(world) {
        planned(&world).await;
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        let statements = statements_of(async {
            work.plan_work(NOW, NOW).await.unwrap();
            work.due_rows(NOW.plus(2 * DAY), NOW.plus(2 * DAY), 9, 0).await.unwrap();
            work.late_rows(NOW, 9, 0).await.unwrap();
            work.rows_to_rehearse(NOW, 9, 0).await.unwrap();
            work.miss_rows(NOW).await.unwrap();
            work.next_row_due(NOW).await.unwrap();
        }).await;
        let looked_at = statements.iter().filter(|text| text.contains("plan_rows"));
        let mut n = 0;
        for statement in looked_at {
            n += 1;
            for line in world.plan(statement).await {
                let walks = line.contains("Seq Scan on plan_rows")
                    || (line.contains("SCAN") && (line.contains("plan_rows") || line.contains(" p")) && !line.contains("USING"));
                assert!(!walks, "{line} in\n{statement}");
            }
        }
        assert!(n >= 7, "needs statements: {statements:?}");
        // Steps that ran long ago keep those who could come late: what follows each registration is not looked for among
        // them.
        let missed = statements.iter().find(|text| text.starts_with("UPDATE") && text.contains("due_at IS NULL")).unwrap();
        let plan = world.plan(missed).await;
        assert!(plan.iter().any(|line| line.contains("plan_rows_each")), "{plan:?}");
    }

    async fn a_step_that_was_taken_out_is_put_back_while_it_is_of_use(world) {
        let (workshop, _) = planned(&world).await;
        let rows = async || world.org.plan_of(workshop).await.unwrap().unwrap().rows;
        let (day, hour) = (rows().await[0].id, rows().await[1].id);
        assert!(matches!(world.org.put_row_back(day, true, NOW).await, Err(StoreError::Stale)), "nobody took it out");
        for row in [day, hour] {
            world.org.cancel_row(row, NOW.plus(MINUTE)).await.unwrap();
        }
        let out = rows().await.remove(0);
        assert_eq!((out.by, out.decided_at), (world.org.actor().name.clone(), Some(NOW.plus(MINUTE))));
        world.org.put_row_back(day, false, NOW.plus(HOUR)).await.unwrap();
        assert_eq!(states(&world, workshop).await, [planned_step("day"), taken_out("hour")]);
        assert!(matches!(world.org.put_row_back(day, false, NOW.plus(HOUR)).await, Err(StoreError::Stale)), "once");
        let log = world.org.audit_log(None, 1).await.unwrap();
        assert_eq!((log[0].action.as_str(), log[0].detail.clone()), ("plan.step_put_back", day.to_string()));
        // Its moment has passed meanwhile: those already there get it only if somebody says so.
        let late = NOW.plus(3 * DAY - 30 * MINUTE);
        world.org.put_row_back(hour, false, late).await.unwrap();
        let back = rows().await.remove(1);
        assert_eq!((back.state, back.why), (RowState::Skipped, WhyNot::Own(OwnWhyNot::PastAtRun)));
        world.org.cancel_row(hour, late).await.unwrap();
        world.org.put_row_back(hour, true, late).await.unwrap();
        assert_eq!(rows().await[1].state, RowState::Planned);
        world.org.cancel_row(hour, late).await.unwrap();
        let over = NOW.plus(3 * DAY + MINUTE);
        assert!(matches!(world.org.put_row_back(hour, true, over).await, Err(StoreError::Stale)), "of no use any more");
        let viewer = world.as_role(Role::Viewer);
        assert!(matches!(viewer.put_row_back(hour, true, late).await, Err(StoreError::Forbidden)));
        assert!(matches!(world.other.put_row_back(hour, true, late).await, Err(StoreError::Missing)));
        world.org.cancel_workshop(workshop, late).await.unwrap();
        assert!(matches!(world.org.put_row_back(hour, true, late).await, Err(StoreError::Stale)), "cancelled");
    }

    async fn whoever_took_a_step_out_stays_named_when_its_sequence_drops_it(world) {
        let (workshop, sequence_id) = planned(&world).await;
        let day = world.org.plan_of(workshop).await.unwrap().unwrap().rows[0].id;
        world.org.cancel_row(day, NOW.plus(MINUTE)).await.unwrap();
        let without = sequence("Masterclass", vec![step("hour", Timing::before(60))]);
        world.org.change_sequence(sequence_id, 1, &without, NOW).await.unwrap();
        let revision = world.org.plan_of(workshop).await.unwrap().unwrap().revision;
        world.org.follow(workshop, 2, revision, &PlanChoice::default(), NOW.plus(HOUR)).await.unwrap();
        let out = world.org.plan_of(workshop).await.unwrap().unwrap().rows.remove(0);
        assert_eq!((out.id, out.state, out.decided_at), (day, RowState::Cancelled, Some(NOW.plus(MINUTE))));
        assert!(matches!(world.org.put_row_back(day, true, NOW.plus(HOUR)).await, Err(StoreError::Stale)), "no such step");
    }
}
