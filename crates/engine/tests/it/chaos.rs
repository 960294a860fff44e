//! Everything goes wrong at once, and every row still ends where it belongs.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    broadcast::{Audience, UNDO_MS},
    message::MessageState,
};
use munadi_engine::Sender;
use sandbox::faults::Amount;
use store::{
    broadcasts::Telling,
    on_both,
    testing::{self, TestStore},
    told::Selection,
};

use crate::world::World;

on_both! {
    async fn r27_in_chaos_every_row_says_what_its_phone_got(db: TestStore) {
        chaos(db, 1, 0).await;
        // A soak takes many seeds: `cargo xtask soak --only seeds`.
        let seeds = std::env::var("MUNADI_CHAOS_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_u64);
        for seed in 2..=seeds {
            let fresh = match db.store.is_shared() {
                true => testing::postgres().await.expect("there is one"),
                false => testing::sqlite().await,
            };
            chaos(&fresh, seed, 0).await;
            fresh.remove().await;
        }
    }

    async fn the_told_ledger_equals_what_phones_got_in_chaos_and_after_kills(db: TestStore) {
        chaos(db, 5, 6).await;
    }
}

/// A process that is killed while its calls are under way. The calls go on at the provider, and nobody hears how they
/// end.
async fn kill_one(world: &World, seed: u64) {
    let mut victim = Sender::new(world.second_engine().await, seed);
    let mut under_way = 0;
    for _ in 0..1_000 {
        let report = victim.turn(true).await.unwrap();
        under_way = report.in_flight;
        if under_way > 0 {
            break;
        }
        tokio::task::yield_now().await;
        world.clock.advance(50);
        world.beat().await;
    }
    assert!(under_way > 0, "it must be killed in the middle of calls");
    drop(victim);
    world.give_up_others().await;
}

async fn chaos(db: &TestStore, seed: u64, kills: u64) {
    let mut world = World::with(db, sandbox::Config { seed, ..sandbox::Config::default() }).await;
    world.crowd(300).await;
    world.sandbox.faults().change(|faults| {
        faults.server_error = Amount::Rate(0.10);
        faults.reset_after = Amount::Rate(0.05);
        faults.stall = Amount::Rate(0.05);
        faults.stall_ms = 1_500;
        faults.too_many = Amount::Rate(0.05);
    });
    let id = world.broadcast().await;
    for nth in 0..kills {
        kill_one(&world, 100 * seed + nth).await;
    }
    world.run_dry().await;
    if kills > 0 {
        // The calls of the killed processes end within the time limit of a call.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    let truth = world.truth(id).await;
    assert_eq!(truth.planned, 300);
    assert_eq!(
        truth.in_state(MessageState::Waiting) + truth.in_state(MessageState::InFlight),
        0,
        "{}",
        world.sum(id).await
    );
    // Nobody gets the message twice, whatever happened.
    assert_eq!(world.sandbox.world().repeated_phones(10), Vec::<String>::new());
    // A phone has the message where the row says so, and has not where the row says that it failed.
    let mut after = 0;
    let mut looked_at = 0;
    loop {
        let page =
            world.org.messages(id, &store::messages::MessageFilter::default(), after, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.message.position;
        for row in &page {
            looked_at += 1;
            let heard = world.sandbox.world().count(&row.recipient);
            match row.state {
                MessageState::Sent => assert_eq!(heard, 1, "{row:?}"),
                MessageState::Failed => assert_eq!(heard, 0, "{row:?}"),
                MessageState::Unknown => assert!(heard <= 1, "{row:?}"),
                other => panic!("no row may end as {other}"),
            }
        }
    }
    assert_eq!(looked_at, 300);
    ledger_equals_phones(&mut world).await;
    assert!(truth.in_state(MessageState::Unknown) > 0, "the faults must have struck");
}

/// The told ledger says of each number what its phone got, also after a further round to the people whose message
/// failed.
async fn ledger_equals_phones(world: &mut World) {
    let mut further = world.reminder(&World::template());
    further.audience = Audience::Failed;
    further.telling = Telling { further: Some("Failed".into()), ..Telling::default() };
    world.org.confirm_broadcast(further, world.now()).await.unwrap();
    world.engine.plan().await.unwrap();
    world.clock.advance(UNDO_MS);
    world.beat().await;
    world.run_dry().await;
    let everyone = Selection::everyone(world.workshop, Default::default(), world.now());
    let told = world.org.audience_reader().told(&everyone).await.unwrap();
    // The people of each kind, as the ledger's audiences choose them.
    let reader = world.org.audience_reader();
    let of = async |audience: Audience| -> Vec<String> {
        let people = reader.selected(&everyone.of(audience), &Default::default(), 1_000).await.unwrap();
        people.into_iter().map(|person| person.phone).collect()
    };
    let (not_told, failed) = (of(Audience::NotTold).await, of(Audience::Failed).await);
    assert_eq!(
        (not_told.len(), failed.len()),
        (usize::try_from(told.not_told).unwrap(), usize::try_from(told.failed).unwrap())
    );
    for phone in not_told.iter().chain(&failed) {
        assert_eq!(world.sandbox.world().count(phone), 0, "{phone} is said not to have it");
    }
    assert_eq!(world.sandbox.world().repeated_phones(10), Vec::<String>::new(), "nobody has it twice");
    // A person whose message is unknown counts as told, because it may have gone out.
    let mut in_doubt = BTreeSet::new();
    for one in world.org.broadcasts(&Default::default(), 9).await.unwrap() {
        let rows = world.rows(one.id).await;
        in_doubt.extend(
            rows.into_iter().filter(|row| row.state == MessageState::Unknown).map(|row| row.recipient),
        );
    }
    let everybody = of(Audience::Registered).await;
    let told_phones: Vec<&String> =
        everybody.iter().filter(|phone| !not_told.contains(phone) && !failed.contains(phone)).collect();
    assert_eq!(told_phones.len(), usize::try_from(told.told).unwrap(), "{told:?}");
    for phone in told_phones {
        let heard = world.sandbox.world().count(phone);
        assert!(heard == 1 || heard == 0 && in_doubt.contains(phone), "{phone} is told, and got {heard}");
    }
    assert_eq!(told.everyone, told.told + told.failed + told.not_told);
    assert_eq!(everybody.len(), 300);
}
