//! One number, one message: the planner and the pages name the same person, wherever a stretch of the plan ends.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{BroadcastId, ImportId},
    message::{MessageState, SkipReason},
    name::PersonName,
    phone::{Country, Phone},
    time::{HOUR, Millis},
    workshop::RegistrantStatus,
};
use munadi_engine::Limits;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use store::{
    on_both,
    registrants::{NewRegistrant, Registrant, RegistrantFilter},
    workshops::WorkshopDraft,
};

use crate::world::{World, limits};

fn person(number: usize, name: &str, registered_at: Millis) -> NewRegistrant {
    let phone = format!("90000{number:05}");
    NewRegistrant {
        name: PersonName::parse(name),
        email: None,
        phone: Phone::parse(&phone, Country::INDIA).ok(),
        phone_typed: phone,
        registered_at: Some(registered_at),
        status: None,
        ..NewRegistrant::default()
    }
}

/// Everyone of the workshop, as the pages list them.
async fn listed(world: &World) -> Vec<Registrant> {
    let filter = RegistrantFilter { limit: 100_000, ..RegistrantFilter::default() };
    world.org.registrants(world.workshop, &filter).await.unwrap()
}

/// The plan writes to exactly the people whom the pages show as told, and no number has two messages.
async fn assert_told(world: &World, id: BroadcastId, about: &str) {
    let listed = listed(world).await;
    let standing = listed.iter().filter(|r| r.status == RegistrantStatus::Registered);
    let shown: BTreeSet<_> = standing.clone().filter(|r| r.mark.is_none()).map(|r| r.id).collect();
    let numbers: BTreeSet<_> = standing.map(|r| r.phone.clone()).collect();
    let rows = world.rows(id).await;
    let told: BTreeSet<_> = rows
        .iter()
        .filter(|r| r.state == MessageState::Waiting)
        .filter_map(|r| r.addressee.registrant())
        .collect();
    assert_eq!(told, shown, "{about}");
    assert_eq!(told.len(), numbers.len(), "one for each number: {about}");
    let marked: BTreeSet<_> =
        listed.iter().filter(|r| r.mark == Some(SkipReason::Duplicate)).map(|r| r.id).collect();
    let skipped: BTreeSet<_> = rows
        .iter()
        .filter(|r| r.reason == SkipReason::Duplicate.word())
        .filter_map(|r| r.addressee.registrant())
        .collect();
    assert_eq!(skipped, marked, "{about}");
}

/// What happens to a workshop's people before a broadcast is planned.
#[derive(Clone, Debug)]
enum Step {
    /// Adds people by numbers, names and instants. There are few of each, so many are equal.
    Add(Vec<(usize, usize, i64)>),
    /// Gives the nth person of the list this status.
    Set(usize, RegistrantStatus),
}

fn steps() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let row = (0..5_usize, 0..6_usize, 0..2_i64);
    let status = prop::sample::select(RegistrantStatus::ALL.to_vec());
    let step = prop_oneof![
        3 => prop::collection::vec(row, 1..12).prop_map(Step::Add),
        2 => (0..40_usize, status).prop_map(|(at, status)| Step::Set(at, status)),
    ];
    (1..7_usize, prop::collection::vec(step, 1..10))
}

on_both! {
    async fn r14_people_who_share_a_number_across_stretches_are_told_once(db: TestStore) {
        let world = World::new(db).await;
        let now = world.now();
        // The first stretch ends at 4,000. Around that border five people share each number, all registered at one
        // instant, and a family of forty stands across it.
        let number = |n: usize| match n {
            3_900..3_980 => 3_900 + n / 5,
            3_980..4_020 => 4_799,
            4_020..4_100 => 4_800 + n / 5,
            other => if other < 3_900 { other } else { 2_000 + other },
        };
        let people = (0..4_300).rev().map(|n| person(number(n), &format!("Person {n}"), now)).collect::<Vec<_>>();
        for part in people.chunks(1_000) {
            world.org.add_registrants(world.workshop, ImportId::new(now), part.to_vec(), now).await.unwrap();
        }
        let id = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        assert_eq!(world.truth(id).await.planned, 4_300, "nobody is passed over");
        let border = &world.rows(id).await[3_999..4_001];
        assert_eq!(border[0].recipient, border[1].recipient, "needs one number on both sides of the border");
        assert_told(&world, id, "around the border of a stretch").await;
        world.assert_sum().await;
    }

    async fn r14_planner_and_pages_keep_the_same_one_of_each_number(db: TestStore) {
        let mut world = World::new(db).await;
        let mut runner = TestRunner::deterministic();
        for case in 0..40 {
            let (stretch, steps) = steps().new_tree(&mut runner).unwrap().current();
            let now = world.now();
            let draft = WorkshopDraft {
                title: format!("Case {case}"),
                starts_at: now.plus(6 * HOUR),
                ends_at: now.plus(8 * HOUR),
                join_link: "https://meet.example/rust".into(),
                tag: None,
            };
            world.workshop = world.org.add_workshop(&draft, now).await.unwrap();
            for step in &steps {
                match step {
                    // All were entered at one instant of the clock, so something else has to tell who was first.
                    Step::Add(rows) => {
                        let rows = rows.iter().map(|(number, name, at)| person(*number, &format!("Person {name}"), now.plus(*at)));
                        world.org.add_registrants(world.workshop, ImportId::new(now), rows.collect(), now).await.unwrap();
                    }
                    Step::Set(at, status) => {
                        if let Some(one) = listed(&world).await.get(*at) {
                            world.org.set_registrant_status(world.workshop, one.id, *status, now).await.unwrap();
                        }
                    }
                }
            }
            let about = format!("case {case}, stretches of {stretch}: {steps:?}");
            // Of each number the registration that was entered first counts, among those that stand.
            let mut first = BTreeMap::new();
            for one in listed(&world).await.iter().filter(|r| r.status == RegistrantStatus::Registered) {
                // The list is newest first, so the last one seen was entered first.
                first.insert(one.phone.clone(), one.id);
            }
            let unmarked: BTreeMap<_, _> = listed(&world)
                .await
                .iter()
                .filter(|r| r.status == RegistrantStatus::Registered && r.mark.is_none())
                .map(|r| (r.phone.clone(), r.id))
                .collect();
            assert_eq!(unmarked, first, "{about}");
            let engine = world.engine_with(Limits { stretch, ..limits() }).await;
            let id = world.confirm(World::template()).await;
            engine.plan().await.unwrap();
            assert_told(&world, id, &about).await;
        }
        world.assert_sum().await;
    }
}
