//! Who was there, and who is counted as absent.

use domain::{
    attendance::TimeAttended,
    broadcast::Audience,
    ids::{ImportId, RegistrantId, WorkshopId},
    time::{DAY, HOUR, Millis},
    told::Purpose,
};
use store::{
    attendance::NewAttendance,
    registrants::{NewRegistrant, RegistrantFilter},
    told::Selection,
};

use crate::on_both::{NOW, World, draft, person};

async fn register(world: &World, workshop: WorkshopId, people: Vec<NewRegistrant>, now: Millis) {
    world.org.add_registrants(workshop, ImportId::new(now), people, now).await.unwrap();
}

/// A report that names the first who registered, at that moment.
async fn report(world: &World, workshop: WorkshopId, now: Millis) -> RegistrantId {
    let filter = RegistrantFilter { limit: 10, ..Default::default() };
    let people = world.org.registrants(workshop, &filter).await.unwrap();
    let first = people.iter().map(|one| one.id).min().unwrap();
    let stayed = TimeAttended { minutes: Some(90), joined_at: None, left_at: None };
    let came = NewAttendance { registrant: first, stayed };
    world.org.take_attendance(workshop, "zoom.csv", &[came], 0, now).await.unwrap();
    first
}

/// How many are absent: as the report counts them, and as they are chosen.
async fn absent(world: &World, workshop: WorkshopId, now: Millis) -> (i64, i64) {
    let said = world.org.attendance_report(workshop).await.unwrap().unwrap();
    let of = Selection::everyone(workshop, Purpose::default(), now).of(Audience::Absent);
    (said.absent, world.org.audience_reader().count(&of).await.unwrap())
}

both! {
    async fn whoever_registered_after_the_end_was_not_missed(world) {
        let workshop = world.workshop("Excel").await;
        let over = NOW.plus(DAY + 2 * HOUR);
        register(&world, workshop, vec![person("Asha", "90000 00001", ""), person("Bina", "90000 00002", "")], NOW).await;
        report(&world, workshop, over.plus(HOUR)).await;
        assert_eq!(absent(&world, workshop, over.plus(HOUR)).await, (1, 1));
        // A newer list brings somebody who registered after the end, and somebody who registered in time.
        let at = |phone: &str, at: Millis| NewRegistrant { registered_at: Some(at), ..person("Chitra", phone, "") };
        let newer = vec![at("90000 00003", over.plus(1)), at("90000 00004", over)];
        register(&world, workshop, newer, over.plus(DAY)).await;
        assert_eq!(absent(&world, workshop, over.plus(DAY)).await, (2, 2));
    }

    async fn a_workshop_that_was_entered_after_its_end_has_absent_people(world) {
        let workshop = world.org.add_workshop(&draft("Excel", NOW.plus(-DAY)), NOW).await.unwrap();
        register(&world, workshop, vec![person("Asha", "90000 00001", ""), person("Bina", "90000 00002", "")], NOW).await;
        report(&world, workshop, NOW).await;
        assert_eq!(absent(&world, workshop, NOW).await, (1, 1));
    }
}
