//! Whom each audience of a step holds, as of the step's own moment.

use compose::Caller;
use domain::{
    broadcast::Audience,
    ids::ImportId,
    name::PersonName,
    phone::{Country, Phone},
    sequence::{Anchor, LateRule, Step, StepAudience, Timing},
    time::{DAY, HOUR, MINUTE},
    workshop::TagColour,
};
use store::{
    on_both,
    registrants::{NewRegistrant, RegistrantFilter},
    testing::statements_of,
    workshops::WorkshopDraft,
};

use crate::{sequences::step, world::World};

const ASHA: &str = "+919000000001";
const BINA: &str = "+919000000002";
const CHARU: &str = "+919000000003";
const DEV: &str = "+919000000004";

on_both! {
    async fn each_audience_of_a_step_holds_whom_it_names_when_the_step_is_due(db: TestStore) {
        let mut world = World::new(db).await;
        let now = world.now();
        let tag = world.org.add_tag("Alumni", TagColour::Green, now).await.unwrap();
        let (this, starts_at) = (world.workshop, world.start().plus(30 * DAY));
        let other = WorkshopDraft {
            title: "Another".into(),
            starts_at,
            ends_at: starts_at.plus(HOUR),
            join_link: "https://meet.example/another".into(),
            tag: Some(tag),
        };
        world.workshop = world.org.add_workshop(&other, now).await.unwrap();
        world.register(&[("9000000004", "Dev Test")]).await;
        world.workshop = this;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Bina Test"), ("9000000004", "Dev Test")]).await;
        let charu = NewRegistrant {
            name: PersonName::parse("Charu Test"),
            phone: Phone::parse("9000000003", Country::INDIA).ok(),
            came_from: "instagram".into(),
            ..NewRegistrant::default()
        };
        world.org.add_registrants(this, ImportId::new(now), vec![charu], now).await.unwrap();
        let template = world.stored_template("any").await;
        let own = |word: &str, minutes: i64, audience: StepAudience| Step {
            audience,
            late: LateRule::Skip,
            ..step(template, word, word, Anchor::Start, Timing::before(minutes))
        };
        let steps = [
            own("everyone", 300, StepAudience::Everyone),
            own("opened", 290, StepAudience::Opened(true)),
            own("not opened", 280, StepAudience::Opened(false)),
            own("source", 270, StepAudience::Source("instagram".into())),
            own("tag", 260, StepAudience::Tag(tag)),
            own("opened since", 200, StepAudience::Opened(true)),
        ];
        world.run_sequence(&steps).await;
        db.damage(
            "INSERT INTO join_links (code, organization_id, workshop_id, registrant_id, opened_at, opens)
             SELECT 'asha', w.organization_id, w.id, r.id, 1, 1 FROM registrants r JOIN workshops w ON w.id = r.workshop_id
             WHERE r.phone = '+919000000001'",
        )
        .await;
        world.run_until(world.start().plus(-230 * MINUTE)).await;
        db.damage(
            "INSERT INTO join_links (code, organization_id, workshop_id, registrant_id, opened_at, opens)
             SELECT 'bina', w.organization_id, w.id, r.id, 1, 1 FROM registrants r JOIN workshops w ON w.id = r.workshop_id
             WHERE r.phone = '+919000000002'",
        )
        .await;
        world.run_until(world.start()).await;
        assert_eq!(world.got(ASHA).await, ["everyone", "opened", "opened since"]);
        assert_eq!(world.got(BINA).await, ["everyone", "not opened", "opened since"]);
        assert_eq!(world.got(CHARU).await, ["everyone", "not opened", "source"]);
        assert_eq!(world.got(DEV).await, ["everyone", "not opened", "tag"]);
    }

    async fn a_plan_counts_whom_each_step_would_tell_before_and_after_others_told(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Bina Test"), ("9000000003", "Charu Test")]).await;
        let template = world.stored_template("any").await;
        let own = |word: &str, minutes: i64, audience: StepAudience| Step {
            audience,
            late: LateRule::Skip,
            ..step(template, word, "reminder", Anchor::Start, Timing::before(minutes))
        };
        let steps = [
            own("first", 300, StepAudience::Everyone),
            own("again", 240, StepAudience::Everyone),
            own("rest", 180, StepAudience::NotTold),
        ];
        world.run_sequence(&steps).await;
        assert_eq!(world.counted().await, [3, 3, 3]);
        world.run_until(world.start().plus(-290 * MINUTE)).await;
        assert_eq!(world.counted().await[1..], [3, 3], "each step goes to everybody once");
        world.run_until(world.start().plus(-230 * MINUTE)).await;
        let list = RegistrantFilter { limit: 10, ..RegistrantFilter::default() };
        let people = world.org.registrants(world.workshop, &list).await.unwrap();
        let asha = people.iter().find(|one| one.phone == ASHA).unwrap().id;
        let mut by_hand = world.reminder(&World::template());
        by_hand.audience = Audience::Chosen(vec![asha]);
        world.org.confirm_broadcast(by_hand, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        assert_eq!(world.counted().await[2], 2, "she was told by hand since the step before");
        world.register(&[("9000000004", "Dev Test")]).await;
        assert_eq!(world.counted().await[2], 3);
        world.run_until(world.start()).await;
        assert_eq!(world.got(ASHA).await, ["first", "again", "Reminder"]);
        for other in [BINA, CHARU] {
            assert_eq!(world.got(other).await, ["first", "again", "rest"]);
        }
        assert_eq!(world.got(DEV).await, ["rest"]);
    }

    async fn a_plan_looks_nobody_up_for_steps_that_ran_or_follow_each_registration(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let template = world.stored_template("any").await;
        let steps = [
            step(template, "welcome", "welcome", Anchor::Registration, Timing::after(1)),
            Step { audience: StepAudience::Everyone, ..step(template, "first", "reminder", Anchor::Start, Timing::before(300)) },
            step(template, "link", "link", Anchor::Start, Timing::before(5)),
        ];
        world.run_sequence(&steps).await;
        world.run_until(world.now().plus(MINUTE)).await;
        world.register(&[("9000000002", "Bina Test")]).await;
        world.run_until(world.start().plus(-290 * MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["first"]);
        assert_eq!(world.got(BINA).await, ["welcome", "first"]);
        let mut counted = Vec::new();
        let statements = statements_of(async { counted = world.counted().await }).await;
        assert_eq!(counted, [0, 2, 0], "only what is to come at a moment of its own has people");
        let asks = |words: &str| statements.iter().filter(|sql| sql.contains(words)).count();
        assert!(asks("FROM templates") > 0, "needs statements: {statements:?}");
        assert_eq!(asks("o.plan_row_id = "), 0, "nobody is held against the rounds of a step");
        let none = world.obstacles().await;
        assert!(none.iter().all(|why| !why.needs_somebody()), "{none:?}");
        // What stands in the way of everybody is said all the same.
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        let stopped: Vec<bool> = world.obstacles().await.into_iter().map(domain::sequence::WhyNot::needs_somebody).collect();
        assert_eq!(stopped, [false, true, true]);
    }
}

impl World {
    /// The number of people of each step, as the page of the plan shows it.
    async fn counted(&self) -> Vec<i64> {
        self.previews().await.into_iter().map(|step| step.people.unwrap_or(0)).collect()
    }

    /// What stands in the way of each step.
    async fn obstacles(&self) -> Vec<domain::sequence::WhyNot> {
        self.previews().await.into_iter().map(|step| step.obstacle.why).collect()
    }

    pub(crate) async fn previews(&self) -> Vec<compose::StepPreview> {
        let settings = self.org.organization().await.unwrap();
        let caller = Caller::new(self.org.clone(), settings, self.now());
        let workshop = self.org.workshop(self.workshop).await.unwrap();
        let plan = self.org.plan_of(self.workshop).await.unwrap().expect("a plan");
        let composer = self.engine.composer();
        composer.preview(&caller, &workshop, &plan.steps, &plan.zone, &plan.rows).await.unwrap()
    }
}
