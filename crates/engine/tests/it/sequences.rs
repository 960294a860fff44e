//! Complaints about reminders around a date that must be impossible here, each by the name of its promise. A step
//! also runs once, whoever looks.

use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::Channel,
    ids::{PlanRowId, SequenceId, TemplateId, WorkshopId},
    message::MessageState,
    sequence::{Anchor, LateRule, OwnWhyNot, RowState, Step, StepAudience, StepKey, Timing, Until, WhyNot},
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
    told::Purpose,
};
use munadi_engine::AHEAD_MS;
use store::{
    StoreError,
    broadcasts::BroadcastFilter,
    messages::MessageFilter,
    on_both,
    plans::{PlanChoice, PlanRow},
    sequences::SequenceDraft,
    workshops::WorkshopDraft,
};

use crate::world::World;

fn key(word: &str) -> StepKey {
    StepKey::stored(word.to_owned())
}

pub(crate) fn step(template: TemplateId, word: &str, purpose: &str, anchor: Anchor, timing: Timing) -> Step {
    Step {
        key: key(word),
        label: word.to_owned(),
        channel: Channel::WhatsappPersonal,
        template,
        account: None,
        anchor,
        timing,
        purpose: purpose.to_owned(),
        until: Until::default(),
        audience: StepAudience::default(),
        late: LateRule::default(),
        wait_out_quiet: false,
        rung: None,
    }
}

impl World {
    /// A template of one word, so that a phone tells which it got.
    pub(crate) async fn stored_template(&self, name: &str) -> TemplateId {
        let body = serde_json::to_value(World::template()).unwrap();
        self.org.add_template(Channel::WhatsappPersonal, name, &body, self.now()).await.unwrap()
    }

    /// Steps so many hours before the start, with the word `h` and the number, all for one purpose; and the link five
    /// minutes before.
    async fn usual(&self, hours: &[i64]) -> Vec<Step> {
        let template = self.stored_template("any").await;
        let before = |hours: &i64| {
            step(template, &format!("h{hours}"), "reminder", Anchor::Start, Timing::before(hours * 60))
        };
        let mut steps: Vec<Step> = hours.iter().map(before).collect();
        steps.push(step(template, "five", "link", Anchor::Start, Timing::before(5)));
        steps
    }

    async fn sequence(&self, steps: &[Step]) -> SequenceId {
        let draft = SequenceDraft { name: "Usual".into(), description: String::new(), steps: steps.to_vec() };
        self.org.add_sequence(&draft, self.now()).await.unwrap()
    }

    pub(crate) async fn run_sequence(&self, steps: &[Step]) -> SequenceId {
        let id = self.sequence(steps).await;
        self.org.write_plan(self.workshop, id, 1, &PlanChoice::default(), self.now()).await.unwrap();
        id
    }

    pub(crate) async fn row(&self, word: &str) -> PlanRow {
        self.row_of(self.workshop, word).await
    }

    async fn row_of(&self, workshop: WorkshopId, word: &str) -> PlanRow {
        let plan = self.org.plan_of(workshop).await.unwrap().expect("a plan");
        plan.rows.into_iter().find(|row| row.key == key(word)).expect("a row")
    }

    /// One look of every loop.
    async fn look(&mut self) {
        while self.engine.schedule().await.unwrap() {}
        self.engine.plan().await.unwrap();
        self.sender.turn_until_idle().await.unwrap();
        self.engine.settle().await.unwrap();
    }

    /// Turns everything until that moment.
    pub(crate) async fn run_until(&mut self, at: Millis) {
        loop {
            self.look().await;
            let now = self.now();
            if now >= at {
                break;
            }
            let due = self.engine.work().next_row_due(now).await.unwrap().0;
            let ahead = due.map(|due| due.plus(-AHEAD_MS));
            let sends = self.engine.work().next_due(now).await.unwrap();
            let next = [due, ahead, sends, Some(now.plus(10 * MINUTE)), Some(at)];
            let next = next.into_iter().flatten().filter(|next| *next > now).min().expect("there is an end");
            self.clock.advance(next.since(now));
            self.beat().await;
        }
        self.assert_sum().await;
    }

    /// The titles of what a number was handed, in the order of confirmation.
    pub(crate) async fn got(&self, phone: &str) -> Vec<String> {
        let mut got = Vec::new();
        let all = self.org.broadcasts(&BroadcastFilter::default(), 1_000).await.unwrap();
        for broadcast in all.iter().rev() {
            let rows = self.org.messages(broadcast.id, &MessageFilter::default(), 0, 1_000).await.unwrap();
            let handed = rows.iter().filter(|row| row.recipient == phone && row.state == MessageState::Sent);
            got.extend(handed.map(|_| broadcast.title.clone()));
        }
        assert_eq!(got.len(), self.sandbox.world().count(phone), "what its phone got");
        got
    }

    pub(crate) fn start(&self) -> Millis {
        Millis(1_791_878_400_000 + 6 * HOUR)
    }

    /// A workshop with the facts of this one at another time, as the page copies it.
    async fn copy(&self, starts_at: Millis) -> WorkshopId {
        let of = self.org.workshop(self.workshop).await.unwrap();
        let ends_at = starts_at.plus(of.ends_at.since(of.starts_at));
        let draft = WorkshopDraft { title: of.title, starts_at, ends_at, join_link: of.join_link, tag: None };
        self.org.add_workshop(&draft, self.now()).await.unwrap()
    }

    pub(crate) async fn move_to(&self, starts_at: Millis) {
        let workshop = self.org.workshop(self.workshop).await.unwrap();
        let draft = WorkshopDraft {
            title: workshop.title,
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: workshop.join_link,
            tag: None,
        };
        self.org.edit_workshop(self.workshop, &draft, self.now()).await.unwrap();
    }
}

const ASHA: &str = "+919000000001";
const LATE: &str = "+919000000009";

on_both! {
    async fn s01_a_late_registrant_gets_one_message_not_all(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h5", "h3"]);
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-HOUR)).await;
        assert_eq!(world.got(LATE).await, ["h3"], "the newest that is of use, and once");
        assert_eq!(world.row("h3").await.broadcasts.len(), 2, "it joins its step");
        world.run_until(world.start().plus(HOUR)).await;
        assert_eq!(world.got(LATE).await, ["h3", "five"]);
        assert_eq!(world.got(ASHA).await, ["h5", "h3", "five"]);
    }

    async fn s02_confirming_a_workshop_sends_nothing_that_is_not_due(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[24, 7, 3]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.now().plus(MINUTE)).await;
        assert_eq!(world.got(ASHA).await, Vec::<String>::new());
        // The step a day before was of use until seven hours before. Both steps are over or were due already, and
        // nobody said that they are to go.
        assert_eq!(world.row("h24").await.state, RowState::Missed);
        let seven = world.row("h7").await;
        assert_eq!((seven.state, seven.why), (RowState::Skipped, WhyNot::Own(OwnWhyNot::PastAtRun)));
        assert_eq!(world.row("h3").await.state, RowState::Planned);
    }

    async fn s03_a_step_before_the_registration_is_skipped_or_merged_as_its_rule_says(db: TestStore) {
        let mut world = World::new(db).await;
        let mut steps = world.usual(&[5]).await;
        let mut rule = |word: &str, purpose: &str, late| {
            let mut own = step(steps[0].template, word, purpose, Anchor::Start, Timing::before(4 * 60));
            own.late = late;
            steps.push(own);
        };
        rule("never", "a", LateRule::Skip);
        rule("always", "b", LateRule::Always);
        // A newer step of its purpose is due. The older one is still of use, and a person who registers now does not
        // get it.
        rule("newer", "c", LateRule::NewestOnly);
        let mut older = step(steps[0].template, "older", "c", Anchor::Start, Timing::before(5 * 60));
        older.until = Until::At(Anchor::Start, Timing::before(0));
        steps.push(older);
        world.register(&[("9000000001", "Asha Test")]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-3 * HOUR)).await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-HOUR)).await;
        let mut got = world.got(LATE).await;
        got.sort();
        assert_eq!(got, ["always", "h5", "newer"]);
    }

    async fn s04_an_outage_window_never_widens_the_audience(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        // The program does not run from the beginning until two hours before the start. Meanwhile a person registers.
        world.clock.advance(4 * HOUR);
        world.beat().await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-HOUR)).await;
        assert_eq!(world.row("h5").await.state, RowState::Missed, "of no use any more");
        assert_eq!((world.got(ASHA).await, world.got(LATE).await), (vec!["h3".to_owned()], vec!["h3".to_owned()]));
        // The whole evening is missed: nobody is reminded of a workshop that has begun.
        world.clock.advance(2 * HOUR);
        world.beat().await;
        world.run_until(world.start().plus(2 * HOUR)).await;
        assert_eq!(world.row("five").await.state, RowState::Missed);
        assert_eq!(world.got(ASHA).await, ["h3"]);
    }

    async fn s05_a_copied_workshop_plans_afresh_and_waits_for_a_person(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5]).await;
        world.run_sequence(&steps).await;
        let copy = world.copy(world.start().plus(DAY)).await;
        assert_eq!(world.org.plan_of(copy).await.unwrap(), None);
        world.run_until(world.start().plus(2 * DAY)).await;
        assert_eq!(world.org.plan_of(copy).await.unwrap(), None, "it waits");
        let told = BroadcastFilter { workshop: Some(copy), ..BroadcastFilter::default() };
        assert!(world.org.broadcasts(&told, 10).await.unwrap().is_empty());
    }

    async fn s06_a_copy_refers_to_nothing_of_its_original(db: TestStore) {
        let world = World::new(db).await;
        let steps = world.usual(&[5]).await;
        let sequence = world.run_sequence(&steps).await;
        let copy = world.copy(world.start().plus(DAY)).await;
        let made = world.org.workshop(copy).await.unwrap();
        assert_eq!(made.registrants, 0);
        assert_eq!(made.ends_at, world.start().plus(DAY + 2 * HOUR));
        world.org.write_plan(copy, sequence, 1, &PlanChoice::default(), world.now()).await.unwrap();
        let due = |row: PlanRow| row.due.unwrap();
        assert_eq!(due(world.row_of(copy, "h5").await), world.start().plus(DAY - 5 * HOUR));
        // When the original workshop moves, nothing of the copy moves.
        world.move_to(world.start().plus(HOUR)).await;
        assert_eq!(due(world.row_of(copy, "h5").await), world.start().plus(DAY - 5 * HOUR));
        assert_eq!(due(world.row("h5").await), world.start().plus(-4 * HOUR));
    }

    async fn s07_a_condition_is_judged_for_each_person(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Ravi Test")]).await;
        let mut steps = world.usual(&[5]).await;
        // An hour later the step is only for people who registered since.
        let mut since = step(steps[0].template, "since", "reminder", Anchor::Start, Timing::before(4 * 60));
        since.audience = StepAudience::RegisteredLate;
        let mut rung = step(steps[0].template, "rung", "reminder", Anchor::Start, Timing::before(3 * 60));
        rung.audience = StepAudience::NotReached(Channel::WhatsappPersonal);
        steps.extend([since, rung]);
        for one in &mut steps {
            one.late = LateRule::Skip;
        }
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.start().plus(-3 * HOUR - 2 * MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["h5"]);
        assert_eq!(world.got(LATE).await, ["since"]);
    }

    async fn s08_a_new_step_asks_whether_it_concerns_those_already_there(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let mut steps = world.usual(&[1]).await;
        let sequence = world.run_sequence(&steps).await;
        let welcome = step(steps[0].template, "welcome", "welcome", Anchor::Registration, Timing::after(1));
        let due = step(steps[0].template, "due", "agenda", Anchor::Start, Timing::before(7 * 60));
        steps.extend([welcome, due]);
        let draft = SequenceDraft { name: "Usual".into(), description: String::new(), steps: steps.clone() };
        let version = world.org.change_sequence(sequence, 1, &draft, world.now()).await.unwrap();
        world.org.follow(world.workshop, version, 1, &PlanChoice::default(), world.now()).await.unwrap();
        world.run_until(world.now().plus(5 * MINUTE)).await;
        assert_eq!(world.got(ASHA).await, Vec::<String>::new(), "nobody said that it concerns her");
        world.register(&[("9000000009", "Late Test")]).await;
        world.run_until(world.now().plus(10 * MINUTE)).await;
        let mut got = world.got(LATE).await;
        got.sort();
        assert_eq!(got, ["due", "welcome"]);
        // A person says that they are to go: the same steps under other keys.
        for one in &mut steps[2..] {
            one.key = key(&format!("{}2", one.key));
            one.label = one.key.to_string();
            one.purpose = format!("{}2", one.purpose);
        }
        let draft = SequenceDraft { name: "Usual".into(), description: String::new(), steps };
        let version = world.org.change_sequence(sequence, version, &draft, world.now()).await.unwrap();
        let include = PlanChoice { include: vec![key("welcome2"), key("due2")], leave_out: vec![] };
        world.org.follow(world.workshop, version, 2, &include, world.now()).await.unwrap();
        world.run_until(world.now().plus(10 * MINUTE)).await;
        let mut got = world.got(ASHA).await;
        got.sort();
        assert_eq!(got, ["due2", "welcome2"]);
        let stale = world.org.follow(world.workshop, version, 2, &include, world.now()).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "somebody else changed it meanwhile");
    }

    async fn s09_an_imported_registrant_is_planned_like_any_other(db: TestStore) {
        let mut world = World::new(db).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        world.crowd(30).await;
        world.org.add_registrant(world.workshop, store::registrants::NewRegistrant {
            name: domain::name::PersonName::parse("Hand Test"),
            phone: domain::phone::Phone::parse("9000000009", domain::phone::Country::INDIA).ok(),
            phone_typed: "9000000009".into(),
            ..Default::default()
        }, world.now()).await.unwrap();
        world.run_until(world.start().plus(-4 * HOUR)).await;
        // "90000 00009" is one of the crowd as well: one number, one message.
        assert_eq!(world.sandbox.world().len(), 30);
        assert_eq!(world.got(LATE).await, ["h5"]);
    }

    async fn s10_moving_a_step_moves_it_for_everybody_unsent(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let mut steps = world.usual(&[5, 3]).await;
        let sequence = world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        world.register(&[("9000000002", "Ravi Test")]).await;
        steps[0].timing = Timing::before(2 * 60);
        steps[1].timing = Timing::before(90);
        let draft = SequenceDraft { name: "Usual".into(), description: String::new(), steps };
        let version = world.org.change_sequence(sequence, 1, &draft, world.now()).await.unwrap();
        world.org.follow(world.workshop, version, 1, &PlanChoice::default(), world.now()).await.unwrap();
        assert_eq!(world.row("h5").await.state, RowState::Broadcast, "what ran keeps its time");
        assert_eq!(world.row("h3").await.due, Some(world.start().plus(-90 * MINUTE)));
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h5"]);
        world.run_until(world.start().plus(-HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h5", "h3"]);
        assert_eq!(world.got("+919000000002").await.last().map(String::as_str), Some("h3"));
    }

    async fn s11_nothing_is_parked_at_a_provider(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        // The step was confirmed ahead of its moment, and nothing has left.
        world.run_until(world.start().plus(-5 * HOUR - AHEAD_MS / 2)).await;
        assert_eq!(world.row("h5").await.state, RowState::Broadcast);
        assert_eq!(world.sandbox.world().len(), 0);
        world.org.cancel_workshop(world.workshop, world.now()).await.unwrap();
        world.run_until(world.start().plus(DAY)).await;
        assert_eq!(world.sandbox.world().len(), 0);
        for word in ["h5", "h3", "five"] {
            let row = world.row(word).await;
            let why = WhyNot::Own(OwnWhyNot::WorkshopCancelled);
            assert_eq!((row.state, row.why), (RowState::Cancelled, why), "{word}");
        }
    }

    async fn s12_a_cancelled_registrant_is_left_out_at_the_moment_of_sending(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Ravi Test"), ("9000000003", "Tara Test")]).await;
        let steps = world.usual(&[5]).await;
        world.run_sequence(&steps).await;
        let list = store::registrants::RegistrantFilter { limit: 10, ..Default::default() };
        let people = world.org.registrants(world.workshop, &list).await.unwrap();
        let of = |name: &str| people.iter().find(|one| one.name.starts_with(name)).unwrap().id;
        let cancelled = domain::workshop::RegistrantStatus::Cancelled;
        // One registration is cancelled before the step is planned, another after its people were written down and
        // before it goes.
        world.org.set_registrant_status(world.workshop, of("Asha"), cancelled, world.now()).await.unwrap();
        world.run_until(world.start().plus(-5 * HOUR - AHEAD_MS / 2)).await;
        assert_eq!(world.row("h5").await.state, RowState::Broadcast);
        world.org.set_registrant_status(world.workshop, of("Ravi"), cancelled, world.now()).await.unwrap();
        world.run_until(world.start().plus(-4 * HOUR)).await;
        let got = [ASHA, "+919000000002", "+919000000003"].map(|phone| world.sandbox.world().count(phone));
        assert_eq!(got, [0, 0, 1]);
    }

    async fn s13_moving_offers_the_message_that_says_so(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        let moved = world.stored_template("We moved").await;
        world.org.set_purpose(moved, &Purpose::stored("moved".into()), 0, world.now()).await.unwrap();
        let offered = |world: &World| {
            let (engine, org, workshop, now) = (world.engine.clone(), world.org.clone(), world.workshop, world.now());
            async move {
                let settings = org.organization().await.unwrap();
                let workshop = org.workshop(workshop).await.unwrap();
                let caller = compose::Caller::new(org, settings, now);
                engine.composer().moved_templates(&caller, &workshop).await.unwrap()
            }
        };
        assert!(offered(&world).await.is_empty(), "nobody knows the old time");
        world.run_until(world.start().plus(-4 * HOUR)).await;
        world.move_to(world.start().plus(DAY)).await;
        let names: Vec<String> = offered(&world).await.into_iter().map(|template| template.name).collect();
        assert_eq!(names, ["We moved"]);
        assert_eq!(world.row("h5").await.state, RowState::Broadcast, "what is a broadcast keeps its time");
        assert_eq!(world.row("h3").await.due, Some(world.start().plus(DAY - 3 * HOUR)));
    }

    async fn s14_a_step_counts_what_was_sent_by_hand(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Ravi Test")]).await;
        let mut steps = world.usual(&[5]).await;
        let mut all = step(steps[0].template, "all", "reminder", Anchor::Start, Timing::before(4 * 60));
        all.audience = StepAudience::Everyone;
        steps.push(all);
        world.run_sequence(&steps).await;
        let list = store::registrants::RegistrantFilter { limit: 10, ..Default::default() };
        let people = world.org.registrants(world.workshop, &list).await.unwrap();
        let asha = people.iter().find(|one| one.phone == ASHA).unwrap().id;
        let mut by_hand = world.reminder(&World::template());
        by_hand.audience = Audience::Chosen(vec![asha]);
        world.org.confirm_broadcast(by_hand, world.now()).await.unwrap();
        world.run_until(world.start().plus(-4 * HOUR - 2 * MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["Reminder"], "she knows");
        assert_eq!(world.got("+919000000002").await, ["h5"]);
        // A step that is for everyone, whatever was sent by hand, says so.
        world.run_until(world.start().plus(-3 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["Reminder", "all"]);
    }

    async fn s15_a_step_five_minutes_before_goes_five_minutes_before(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-5 * MINUTE - 1)).await;
        assert_eq!(world.sandbox.world().len(), 0);
        world.run_until(world.start().plus(-5 * MINUTE)).await;
        let row = world.row("five").await;
        let made = world.truth(row.broadcasts[0]).await;
        assert_eq!(made.started_at, Some(world.start().plus(-5 * MINUTE)));
        assert_eq!(world.got(ASHA).await, ["five"], "and the list says what went out");
        assert_eq!(made.deadline, world.start());
    }

    async fn r17_a_step_in_the_past_neither_fires_nor_ends_the_run(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[48, 24, 12, 3]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h3"]);
    }

    async fn r18_a_cancelled_workshop_reminds_nobody_and_a_moved_one_at_its_new_time(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        // The workshop is moved when the first step is confirmed and has not begun. The step is taken back and comes
        // with the new time.
        world.run_until(world.start().plus(-5 * HOUR - AHEAD_MS / 2)).await;
        assert_eq!(world.row("h5").await.state, RowState::Broadcast);
        world.move_to(world.start().plus(DAY)).await;
        let row = world.row("h5").await;
        assert_eq!((row.state, row.due), (RowState::Planned, Some(world.start().plus(DAY - 5 * HOUR))));
        world.run_until(world.start().plus(HOUR)).await;
        assert_eq!(world.sandbox.world().len(), 0, "nothing at the old time");
        world.run_until(world.start().plus(DAY - 4 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h5"]);
        world.org.cancel_workshop(world.workshop, world.now()).await.unwrap();
        world.run_until(world.start().plus(2 * DAY)).await;
        assert_eq!(world.got(ASHA).await, ["h5"]);
    }

    async fn a_moved_workshop_revives_what_was_missed(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[24, 7]).await;
        world.run_sequence(&steps).await;
        assert_eq!(world.row("h24").await.state, RowState::Missed);
        world.move_to(world.start().plus(2 * DAY)).await;
        assert_eq!(world.row("h24").await.state, RowState::Planned);
        assert_eq!(world.row("h7").await.state, RowState::Planned);
        world.run_until(world.start().plus(DAY + HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h24"]);
    }

    async fn r19_a_plan_keeps_its_zone_until_somebody_lets_it_follow(db: TestStore) {
        let world = World::new(db).await;
        let template = world.stored_template("any").await;
        let nine = step(template, "nine", "reminder", Anchor::Start, Timing::At { days: 1, minute: 9 * 60 });
        world.run_sequence(&[nine]).await;
        // Nine in Kolkata on the 14th is 03:30 UTC, in New York 13:00 UTC (Python's zoneinfo).
        let kolkata = Millis(1_791_948_600_000);
        let new_york = Millis(1_791_982_800_000);
        assert_eq!(world.row("nine").await.due, Some(kolkata));
        let settings = world.org.organization().await.unwrap();
        let to = store::members::NewOrganization {
            name: settings.name,
            zone: domain::time::Zone::parse("America/New_York").unwrap(),
            country: settings.country,
            quiet_hours: settings.quiet_hours,
        };
        world.org.update_organization(&to, world.now()).await.unwrap();
        assert_eq!(world.row("nine").await.due, Some(kolkata), "nobody saw the difference yet");
        world.org.follow(world.workshop, 1, 1, &PlanChoice::default(), world.now()).await.unwrap();
        assert_eq!(world.row("nine").await.due, Some(new_york));
    }

    async fn what_stands_in_the_way_is_said_ahead_and_the_step_is_skipped_at_its_moment(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        world.look().await;
        let stopped = WhyNot::Check(domain::checks::CheckId::Stopped);
        assert_eq!(world.row("h5").await.obstacle, stopped, "an hour and more ahead");
        assert_eq!(world.org.plan_matters(world.now()).await.unwrap().len(), 3);
        world.run_until(world.start().plus(-5 * HOUR + MINUTE)).await;
        let row = world.row("h5").await;
        assert_eq!((row.state, row.why), (RowState::Skipped, stopped));
        assert_eq!(world.sandbox.world().len(), 0);
        // A person releases the account and tries the step again.
        world.org.stop_integration(world.integration, false, world.now()).await.unwrap();
        world.org.retry_row(row.id, world.now()).await.unwrap();
        world.run_until(world.start().plus(-4 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h5"]);
        assert_eq!(world.row("h3").await.obstacle, WhyNot::Nothing, "tried again every minute");
    }

    async fn what_was_mended_stands_in_nobodys_way_from_the_next_look_on(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5]).await;
        world.run_sequence(&steps).await;
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        world.look().await;
        let stopped = WhyNot::Check(domain::checks::CheckId::Stopped);
        assert_eq!(world.row("h5").await.obstacle, stopped);
        // Not a second goes by.
        world.org.stop_integration(world.integration, false, world.now()).await.unwrap();
        world.look().await;
        assert_eq!(world.row("h5").await.obstacle, WhyNot::Nothing);
        assert_eq!(world.org.plan_matters(world.now()).await.unwrap(), []);
    }

    async fn a_step_that_a_person_took_out_stays_out(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5, 3]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-5 * HOUR - AHEAD_MS / 2)).await;
        let row = world.row("h5").await;
        assert_eq!(row.state, RowState::Broadcast, "confirmed ahead");
        world.org.cancel_row(row.id, world.now()).await.unwrap();
        world.move_to(world.start().plus(MINUTE)).await;
        world.run_until(world.start().plus(-2 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h3"]);
        let ran = world.org.cancel_row(world.row("h3").await.id, world.now()).await;
        assert!(matches!(ran, Err(StoreError::Stale)));
        world.org.cancel_plan(world.workshop, world.now()).await.unwrap();
        world.run_until(world.start().plus(HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["h3"]);
    }

    async fn thanks_go_after_the_end(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        world.run_sequence(&[step(template, "thanks", "thanks", Anchor::End, Timing::after(60))]).await;
        world.run_until(world.start().plus(4 * HOUR)).await;
        assert_eq!(world.got(ASHA).await, ["thanks"]);
    }

    async fn r01_two_schedulers_and_two_hundred_workshops_in_one_minute_run_each_step_once(db: TestStore) {
        let mut world = World::new(db).await;
        let steps = world.usual(&[5]).await;
        let sequence = world.sequence(&steps).await;
        for n in 0..200 {
            let starts_at = world.start().plus(n % 4 * 10 * SECOND);
            let draft = WorkshopDraft {
                title: format!("Workshop {n}"),
                starts_at,
                ends_at: starts_at.plus(HOUR),
                join_link: "https://meet.example/rust".into(),
                tag: None,
            };
            world.workshop = world.org.add_workshop(&draft, world.now()).await.unwrap();
            let phone = format!("91000{n:05}");
            world.register(&[(phone.as_str(), "Person Test")]).await;
            world.org.write_plan(world.workshop, sequence, 1, &PlanChoice::default(), world.now()).await.unwrap();
        }
        let second = world.second_engine().await;
        world.clock.advance(HOUR - 30 * SECOND);
        world.beat().await;
        for _ in 0..8 {
            let (one, other) = tokio::join!(world.engine.schedule(), second.schedule());
            one.unwrap();
            other.unwrap();
        }
        let all = world.org.broadcasts(&BroadcastFilter::default(), 1_000).await.unwrap();
        assert_eq!(all.len(), 200);
        world.run_until(world.start().plus(-4 * HOUR)).await;
        assert_eq!(world.sandbox.world().len(), 200, "none lost");
        assert!(world.sandbox.world().repeated_phones(10).is_empty(), "none twice");
    }

    async fn of_two_who_reviewed_the_same_step_one_runs_it(db: TestStore) {
        let world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5]).await;
        world.run_sequence(&steps).await;
        world.clock.advance(HOUR - AHEAD_MS / 2);
        world.beat().await;
        let (work, now) = (world.engine.work(), world.now());
        // Without a lease both processes have the row.
        let row = work.due_rows(now, now.plus(AHEAD_MS), 10, 0).await.unwrap().remove(0);
        assert_eq!(work.due_rows(now, now.plus(AHEAD_MS), 10, 0).await.unwrap().len(), 1);
        let settings = world.org.organization().await.unwrap();
        let caller = compose::Caller::new(world.org.clone(), settings, now);
        let first = world.engine.composer().run_step(&caller, &row).await.unwrap();
        assert!(matches!(first, compose::StepEnd::Confirmed(_)), "{first:?}");
        world.engine.plan().await.unwrap();
        // The second process reviews with what the first made. It finds nobody who was not told and says so, or finds
        // the row changed.
        let mut everybody = row.clone();
        everybody.step.audience = StepAudience::Opened(false);
        everybody.step.purpose = "another".to_owned();
        let second = world.engine.composer().run_step(&caller, &everybody).await.unwrap();
        assert_eq!(second, compose::StepEnd::Gone, "the row is turned already");
        assert_eq!(world.row("h5").await.broadcasts.len(), 1);
    }

    async fn r26_what_ended_is_not_run_again(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.usual(&[5]).await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(-4 * HOUR)).await;
        let row: PlanRowId = world.row("h5").await.id;
        let made = world.row("h5").await.broadcasts;
        assert_eq!(world.truth(made[0]).await.status, BroadcastStatus::Completed);
        // A whole day of looks passes, and a person tries the step again.
        assert!(matches!(world.org.retry_row(row, world.now()).await, Err(StoreError::Stale)));
        world.run_until(world.start().plus(DAY)).await;
        assert_eq!(world.row("h5").await.broadcasts, made);
        assert_eq!(world.got(ASHA).await, ["h5", "five"]);
    }
}
