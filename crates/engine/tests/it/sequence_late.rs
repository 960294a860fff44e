//! Who comes after a step went out, and plans that change while a step is under way.

use domain::{
    channel::Channel,
    checks::CheckId,
    name::PersonName,
    phone::{Country, Phone},
    sequence::{Anchor, LateRule, RowState, StepAudience, Timing, WhyNot},
    time::{DAY, HOUR, MINUTE},
    workshop::RegistrantStatus,
};
use munadi_engine::AHEAD_MS;
use store::{
    groups::NamedGroup,
    on_both,
    plans::PlanChoice,
    registrants::{Corrected, Correction, Registrant, RegistrantFilter},
    sequences::SequenceDraft,
};

use crate::{sequences::step, world::World};

const ASHA: &str = "+919000000001";
const LATE: &str = "+919000000009";
const STOPPED: WhyNot = WhyNot::Check(CheckId::Stopped);

impl World {
    async fn registrant(&self, name: &str) -> Registrant {
        let filter = RegistrantFilter { search: name.to_owned(), limit: 2, ..RegistrantFilter::default() };
        self.org.registrants(self.workshop, &filter).await.unwrap().remove(0)
    }

    async fn stands(&self, name: &str, status: RegistrantStatus) {
        let id = self.registrant(name).await.id;
        self.org.set_registrant_status(self.workshop, id, status, self.now()).await.unwrap();
    }

    /// What needs somebody among the steps: where each stands, and why.
    async fn step_matters(&self) -> Vec<(RowState, WhyNot)> {
        let matters = self.org.plan_matters(self.now()).await.unwrap();
        let own = matters.into_iter().filter(|matter| matter.why.needs_somebody());
        own.map(|matter| (matter.state, matter.why)).collect()
    }
}

on_both! {
    async fn who_registers_after_a_step_that_found_nobody_gets_it(db: TestStore) {
        let mut world = World::new(db).await;
        let template = world.stored_template("any").await;
        let mut only_then = step(template, "only_then", "agenda", Anchor::Start, Timing::before(5 * 60));
        only_then.late = LateRule::Skip;
        let reminder = step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60));
        world.run_sequence(&[only_then, reminder]).await;
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        let row = world.row("reminder").await;
        assert_eq!((row.state, row.why), (RowState::Skipped, WhyNot::Check(CheckId::Recipients)));
        world.clock.advance(9 * MINUTE);
        world.beat().await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        assert_eq!(world.got(LATE).await, ["reminder"]);
        assert_eq!(world.step_matters().await, [], "nobody has to do anything");
    }

    async fn what_keeps_a_step_from_those_who_register_is_said_until_it_is_over(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        let welcome = step(template, "welcome", "welcome", Anchor::Registration, Timing::after(1));
        let reminder = step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60));
        world.run_sequence(&[welcome, reminder]).await;
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["reminder"]);
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.now().plus(5 * MINUTE)).await;
        let mut matters = world.step_matters().await;
        matters.sort_by_key(|(state, _)| state.word());
        assert_eq!(matters, [(RowState::Broadcast, STOPPED), (RowState::Planned, STOPPED)]);
        world.org.stop_integration(world.integration, false, world.now()).await.unwrap();
        world.run_until(world.now().plus(5 * MINUTE)).await;
        let mut got = world.got(LATE).await;
        got.sort();
        assert_eq!(got, ["reminder", "welcome"]);
        assert_eq!(world.step_matters().await, []);
        // What stands in the way to the end is the reason why nobody was told.
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        world.register(&[("9000000008", "Later Test")]).await;
        world.run_until(world.start().plus(3 * HOUR)).await;
        let row = world.row("welcome").await;
        assert_eq!((row.state, row.why), (RowState::Missed, STOPPED));
        assert_eq!(world.step_matters().await, [(RowState::Missed, STOPPED)]);
    }

    async fn a_step_that_is_put_back_tells_nobody_again(db: TestStore) {
        let mut world = World::new(db).await;
        let template = world.stored_template("any").await;
        let welcome = step(template, "welcome", "welcome", Anchor::Registration, Timing::after(1));
        let reminder = step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60));
        world.run_sequence(&[welcome, reminder]).await;
        world.run_until(world.now().plus(MINUTE)).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        world.run_until(world.now().plus(5 * MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["welcome"]);
        let (welcome, reminder) = (world.row("welcome").await.id, world.row("reminder").await.id);
        for row in [welcome, reminder] {
            world.org.cancel_row(row, world.now()).await.unwrap();
        }
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        assert_eq!(world.got(LATE).await, Vec::<String>::new(), "both are out");
        for row in [welcome, reminder] {
            world.org.put_row_back(row, true, world.now()).await.unwrap();
        }
        world.run_until(world.start().plus(-4 * HOUR)).await;
        for (phone, expected) in [(ASHA, ["reminder", "welcome"]), (LATE, ["reminder", "welcome"])] {
            let mut got = world.got(phone).await;
            got.sort();
            assert_eq!(got, expected, "{phone}");
        }
        let ran = world.org.put_row_back(reminder, true, world.now()).await;
        assert!(matches!(ran, Err(store::StoreError::Stale)), "it ran");
    }

    async fn a_step_that_was_reviewed_before_its_sequence_changed_goes_as_it_is_now(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        let mut steps = vec![step(template, "link", "link", Anchor::Start, Timing::before(5 * 60))];
        let sequence = world.run_sequence(&steps).await;
        world.clock.advance(HOUR - AHEAD_MS / 2);
        world.beat().await;
        let (work, now) = (world.engine.work(), world.now());
        let row = work.due_rows(now, now.plus(AHEAD_MS), 10, MINUTE).await.unwrap().remove(0);
        // While it is reviewed, somebody gives the same moment other words.
        steps[0].label = "corrected".to_owned();
        let draft = SequenceDraft { name: "Usual".into(), description: String::new(), steps };
        let version = world.org.change_sequence(sequence, 1, &draft, now).await.unwrap();
        world.org.follow(world.workshop, version, 1, &PlanChoice::default(), now).await.unwrap();
        let settings = world.org.organization().await.unwrap();
        let caller = compose::Caller::new(world.org.clone(), settings, now);
        let ended = world.engine.composer().run_step(&caller, &row).await.unwrap();
        assert_eq!(ended, compose::StepEnd::Gone);
        world.run_until(world.start().plus(-4 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["corrected"]);
    }

    async fn checks_of_a_step_that_was_moved_meanwhile_are_not_noted(db: TestStore) {
        let world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "link", "link", Anchor::Start, Timing::before(5 * 60))]).await;
        let (work, now) = (world.engine.work(), world.now());
        let row = work.rows_to_rehearse(now, 10, MINUTE).await.unwrap().remove(0);
        world.move_to(world.start().plus(7 * DAY)).await;
        work.note_rehearsal(&row, STOPPED, "", now).await.unwrap();
        assert_eq!(world.row("link").await.obstacle, WhyNot::Nothing);
        let ahead = world.start().plus(7 * DAY - 5 * HOUR - 3 * DAY);
        assert_eq!(work.rows_to_rehearse(ahead.plus(-1), 10, MINUTE).await.unwrap().len(), 0);
        assert_eq!(work.rows_to_rehearse(ahead, 10, MINUTE).await.unwrap().len(), 1, "three days before its new moment");
    }

    async fn what_is_mended_while_a_step_is_tried_lets_it_be_tried_again_at_once(db: TestStore) {
        let world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "link", "link", Anchor::Start, Timing::before(5 * 60))]).await;
        let (work, lease) = (world.engine.work(), MINUTE / 2);
        let row = work.rows_to_rehearse(world.now(), 10, lease).await.unwrap().remove(0);
        work.note_rehearsal(&row, STOPPED, "", world.now()).await.unwrap();
        assert_eq!(work.rows_to_rehearse(world.now(), 10, lease).await.unwrap().len(), 0, "in a minute");
        world.clock.advance(MINUTE);
        let row = work.rows_to_rehearse(world.now(), 10, lease).await.unwrap().remove(0);
        let began = world.now();
        world.clock.advance(MINUTE / 60);
        world.org.stop_integration(world.integration, false, world.now()).await.unwrap();
        // Its checks were made before that, and are noted after it.
        work.note_rehearsal(&row, STOPPED, "", began).await.unwrap();
        assert_eq!(work.rows_to_rehearse(world.now(), 10, lease).await.unwrap().len(), 1);
    }

    async fn a_step_that_waits_for_the_hours_can_be_cancelled_and_moves_with_its_workshop(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        // The workshop starts at ten in the morning, and its step is due at eleven in the evening before.
        world.move_to(world.start().plus(14 * HOUR + 30 * MINUTE)).await;
        let template = world.stored_template("any").await;
        let mut eve = step(template, "eve", "reminder", Anchor::Start, Timing::before(11 * 60));
        eve.wait_out_quiet = true;
        world.run_sequence(&[eve]).await;
        let due = world.start().plus(3 * HOUR + 30 * MINUTE);
        world.run_until(due.plus(HOUR)).await;
        assert_eq!(world.row("eve").await.state, RowState::Broadcast);
        assert_eq!(world.got(ASHA).await, Vec::<String>::new(), "it is night");
        // Moved by a day, the step comes on the evening before the new start.
        world.move_to(world.start().plus(DAY + 14 * HOUR + 30 * MINUTE)).await;
        let row = world.row("eve").await;
        assert_eq!((row.state, row.due), (RowState::Planned, Some(due.plus(DAY))));
        world.run_until(due.plus(DAY + HOUR)).await;
        assert_eq!(world.got(ASHA).await, Vec::<String>::new(), "nothing of the old evening");
        assert_eq!(world.row("eve").await.state, RowState::Broadcast);
        assert_eq!(world.org.cancel_plan(world.workshop, world.now()).await.unwrap(), 1);
        world.run_until(due.plus(2 * DAY)).await;
        assert_eq!(world.got(ASHA).await, Vec::<String>::new());
        assert_eq!(world.row("eve").await.state, RowState::Cancelled);
    }

    async fn a_post_that_somebody_was_asked_for_is_asked_for_once_wherever_its_workshop_moves(db: TestStore) {
        let mut world = World::new(db).await;
        let named = NamedGroup { subject: "Batch 7".into(), invite_link: String::new(), members: Some(142) };
        world.org.name_group(&named, Some(world.workshop), world.now()).await.unwrap();
        let body = serde_json::json!({ "text": "Starting at {start_time}" });
        let template = world.org.add_template(Channel::WhatsappGroup, "Post", &body, world.now()).await.unwrap();
        let mut post = step(template, "post", "link", Anchor::Start, Timing::before(5 * 60));
        post.channel = Channel::WhatsappGroup;
        world.run_sequence(&[post]).await;
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        let asked = world.row("post").await;
        assert_eq!((asked.state, asked.broadcasts.len()), (RowState::Broadcast, 1), "{asked:?}");
        // The member may have posted and not said so yet.
        world.move_to(world.start().plus(DAY)).await;
        let row = world.row("post").await;
        assert_eq!((row.state, row.broadcasts), (RowState::Broadcast, asked.broadcasts));
    }

    async fn a_move_by_minutes_leaves_a_step_to_those_who_come_later(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60))]).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        world.move_to(world.start().plus(15 * MINUTE)).await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-3 * HOUR)).await;
        assert_eq!(world.got(LATE).await, ["reminder"]);
        assert_eq!(world.got(ASHA).await, ["reminder"]);
    }

    async fn who_registers_again_gets_the_newest_useful_message_once_and_nothing_twice(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000009", "Late Test")]).await;
        let template = world.stored_template("any").await;
        let early = step(template, "early", "reminder", Anchor::Start, Timing::before(5 * 60));
        let newer = step(template, "newer", "reminder", Anchor::Start, Timing::before(4 * 60));
        world.run_sequence(&[early, newer]).await;
        world.stands("Late Test", RegistrantStatus::Cancelled).await;
        world.run_until(world.start().plus(-4 * HOUR + MINUTE)).await;
        assert_eq!(world.got(LATE).await, Vec::<String>::new());
        world.clock.advance(10 * MINUTE);
        // One was told before she left, the other was not.
        world.stands("Asha Test", RegistrantStatus::Cancelled).await;
        for name in ["Asha Test", "Late Test"] {
            world.stands(name, RegistrantStatus::Registered).await;
        }
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(LATE).await, ["newer"]);
        assert_eq!(world.got(ASHA).await, ["early", "newer"]);
    }

    async fn whose_number_is_corrected_after_a_step_gets_it_at_the_right_number(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("12", "No Number"), ("9000000002", "Wrong Number")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60))]).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        let right = ["9000000008", "9000000009"];
        for (name, phone) in ["No Number", "Wrong Number"].into_iter().zip(right) {
            let found = world.registrant(name).await;
            let correction = Correction {
                name: PersonName::parse(name),
                email: None,
                phone: Some(Phone::parse(phone, Country::INDIA).unwrap()),
                phone_typed: phone.to_owned(),
                may_share: false,
            };
            let done = world.org.correct_registrant(world.workshop, found.id, &correction, world.now()).await.unwrap();
            assert_eq!(done, Corrected::Done);
        }
        world.run_until(world.start().plus(-2 * HOUR)).await;
        for number in [ASHA, "+919000000002", "+919000000008", "+919000000009"] {
            assert_eq!(world.got(number).await, ["reminder"], "{number}");
        }
        // A name that is corrected changes nothing.
        let asha = world.registrant("Asha Test").await;
        let correction = Correction {
            name: PersonName::parse("Asha Rao"),
            email: None,
            phone: Some(Phone::parse("9000000001", Country::INDIA).unwrap()),
            phone_typed: "9000000001".to_owned(),
            may_share: false,
        };
        world.org.correct_registrant(world.workshop, asha.id, &correction, world.now()).await.unwrap();
        assert_eq!(world.registrant("Asha Rao").await.back_at, None);
    }

    async fn who_comes_back_is_not_told_again_by_a_step_for_those_who_registered_since(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        let mut first = step(template, "first", "reminder", Anchor::Start, Timing::before(5 * 60));
        first.late = LateRule::Skip;
        let mut since = step(template, "since", "reminder", Anchor::Start, Timing::before(3 * 60));
        since.audience = StepAudience::RegisteredLate;
        world.run_sequence(&[first, since]).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        world.stands("Asha Test", RegistrantStatus::Cancelled).await;
        world.stands("Asha Test", RegistrantStatus::Registered).await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["first"]);
        assert_eq!(world.got(LATE).await, ["since"]);
    }

    async fn a_correction_takes_nobody_out_of_their_turn_after_registration(db: TestStore) {
        let mut world = World::new(db).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "later", "welcome", Anchor::Registration, Timing::after(3 * 60))]).await;
        world.clock.advance(MINUTE);
        world.register(&[("9000000003", "Late Wrong")]).await;
        let came = world.now();
        world.run_until(came.plus(2 * HOUR + 50 * MINUTE)).await;
        let found = world.registrant("Late Wrong").await;
        let correction = Correction {
            name: PersonName::parse("Late Wrong"),
            email: None,
            phone: Some(Phone::parse("9000000009", Country::INDIA).unwrap()),
            phone_typed: "9000000009".to_owned(),
            may_share: false,
        };
        world.org.correct_registrant(world.workshop, found.id, &correction, world.now()).await.unwrap();
        world.run_until(came.plus(3 * HOUR + 10 * MINUTE)).await;
        assert_eq!(world.got(LATE).await, ["later"], "at the moment that was theirs, under the right number");
        world.run_until(came.plus(7 * HOUR)).await;
        assert_eq!(world.got(LATE).await, ["later"]);
    }

    async fn the_next_one_with_the_number_of_somebody_who_left_is_told(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000001", "Bela Test")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "reminder", "reminder", Anchor::Start, Timing::before(5 * 60))]).await;
        // The first one leaves before the step, and is registered twice over afterwards.
        world.stands("Asha Test", RegistrantStatus::Cancelled).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["reminder"], "the number is told once");
        assert!(world.registrant("Bela Test").await.back_at.is_some(), "she became the one who is told");
        for _ in 0..2 {
            world.stands("Asha Test", RegistrantStatus::Registered).await;
        }
        let back = world.registrant("Asha Test").await.back_at;
        world.clock.advance(MINUTE);
        world.stands("Asha Test", RegistrantStatus::Registered).await;
        assert_eq!(world.registrant("Asha Test").await.back_at, back, "she was registered already");
        world.run_until(world.start().plus(-HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["reminder"]);
    }
}
