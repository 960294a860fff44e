//! Steps for people who attended a workshop, left it early or were absent.

use domain::{
    attendance::TimeAttended,
    ids::RegistrantId,
    sequence::{Anchor, OwnWhyNot, Presence, RowState, Step, StepAudience, Timing, Until, WhyNot},
    time::{DAY, HOUR, MINUTE},
};
use store::{attendance::NewAttendance, on_both, registrants::RegistrantFilter};

use crate::{sequences::step, world::World};

const ASHA: &str = "+919000000001";
const BINA: &str = "+919000000002";

impl World {
    async fn steps_of_attendance(&self) -> Vec<Step> {
        let template = self.stored_template("any").await;
        let of = |word: &str, purpose: &str, presence| Step {
            audience: StepAudience::Attendance(presence),
            until: Until::Minutes(24 * 60),
            ..step(template, word, purpose, Anchor::End, Timing::after(60))
        };
        vec![of("thanks", "thanks", Presence::Attended), of("replay", "replay", Presence::Absent)]
    }

    async fn somebody(&self, phone: &str) -> RegistrantId {
        let filter = RegistrantFilter { limit: 10, ..RegistrantFilter::default() };
        let people = self.org.registrants(self.workshop, &filter).await.unwrap();
        people.into_iter().find(|one| one.phone == phone).unwrap().id
    }
}

on_both! {
    async fn thanks_wait_for_the_report_of_who_attended(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test"), ("9000000002", "Bina Test")]).await;
        let steps = world.steps_of_attendance().await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(90 * MINUTE)).await;
        let early = world.row("thanks").await;
        assert_eq!(early.obstacle, WhyNot::Nothing, "nobody misses a report before the end");

        world.run_until(world.start().plus(6 * HOUR)).await;
        let waiting = world.row("thanks").await;
        assert_eq!((waiting.state, waiting.obstacle), (RowState::Planned, WhyNot::Own(OwnWhyNot::NoReport)));
        assert_eq!(world.got(ASHA).await, Vec::<String>::new());

        let stayed = TimeAttended { minutes: Some(90), joined_at: None, left_at: None };
        let asha = NewAttendance { registrant: world.somebody(ASHA).await, stayed };
        world.org.take_attendance(world.workshop, "zoom.csv", &[asha], 0, world.now()).await.unwrap();
        world.run_until(world.start().plus(6 * HOUR + MINUTE)).await;
        assert_eq!(world.got(ASHA).await, ["thanks"]);
        assert_eq!(world.got(BINA).await, ["replay"]);
        // Whoever registers for what is over did not miss it.
        world.register(&[("9000000003", "Chitra Test")]).await;
        world.run_until(world.start().plus(8 * HOUR)).await;
        assert_eq!(world.got("+919000000003").await, Vec::<String>::new());
    }

    async fn before_the_end_a_step_for_those_who_attended_has_no_people_yet_and_nothing_in_its_way(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.steps_of_attendance().await;
        world.run_sequence(&steps).await;
        let ahead = world.previews().await.remove(0);
        assert_eq!((ahead.obstacle.why, ahead.people, ahead.awaits_report), (WhyNot::Nothing, None, true));
        // What else stands in its way is said all the same.
        world.org.stop_integration(world.integration, true, world.now()).await.unwrap();
        let stopped = world.previews().await.remove(0);
        assert!(stopped.obstacle.why.needs_somebody() && stopped.awaits_report && stopped.people.is_none());
        world.org.stop_integration(world.integration, false, world.now()).await.unwrap();
        world.run_until(world.start().plus(3 * HOUR)).await;
        let waiting = world.previews().await.remove(0);
        assert_eq!((waiting.obstacle.why, waiting.awaits_report), (WhyNot::Own(OwnWhyNot::NoReport), false));
    }

    async fn a_step_whose_report_never_comes_is_missed_and_says_why(db: TestStore) {
        let mut world = World::new(db).await;
        world.register(&[("9000000001", "Asha Test")]).await;
        let steps = world.steps_of_attendance().await;
        world.run_sequence(&steps).await;
        world.run_until(world.start().plus(2 * DAY)).await;
        let missed = world.row("replay").await;
        assert_eq!((missed.state, missed.why), (RowState::Missed, WhyNot::Own(OwnWhyNot::NoReport)));
        assert_eq!(world.got(ASHA).await, Vec::<String>::new());
    }
}
