//! The store behind a pooler that serves each transaction on another connection to the server.

use std::{sync::Arc, time::Duration};

use domain::{
    ids::{RegistrantId, WorkerId},
    outcome::ProviderAnswer,
};
use store::{
    Change, DatabaseAddress, Store, Tenancy,
    messages::MessageFilter,
    testing::Pooled,
    work::{Endings, Want},
};

use crate::on_both::{NOW, World};

/// Opens the same database, which is empty at first, twice at the same moment.
async fn two(address: &DatabaseAddress) -> (Store, Store) {
    let (one, other) = tokio::join!(Store::open(address.clone()), Store::open(address.clone()));
    (one.unwrap(), other.unwrap())
}

/// Does what pages and the engine do, from two programs at once, many times over few connections.
async fn everything_works(address: &DatabaseAddress, direct: &str) {
    let (one, other) = two(address).await;
    assert_eq!(one.tenancy(), Some(&Tenancy::Stands));
    assert_eq!(other.tenancy(), Some(&Tenancy::Stands));
    let world = World::on(one.clone(), direct).await;
    let applied = world.number("SELECT COUNT(*) FROM _sqlx_migrations".to_owned()).await;
    let versions = world.number("SELECT COUNT(DISTINCT version) FROM _sqlx_migrations".to_owned()).await;
    assert!(
        applied > 0 && applied == versions,
        "{applied} migrations were noted down, {versions} of them different"
    );

    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        let world = Arc::clone(&world);
        tasks.spawn(async move { a_page_and_a_claim(&store, &world, n).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert!(one.work(WorkerId::new(NOW)).differences().await.unwrap().is_empty());
    one.close().await;
    other.close().await;
}

async fn a_page_and_a_claim(store: &Store, world: &World, n: u32) {
    let phone = format!("+9190000{n:05}");
    let workshop = world.workshop(&format!("Rust {n}")).await;
    let id = world.broadcast(workshop, "scheduled", (RegistrantId::new(NOW), &phone)).await;
    world
        .run(format!(
            "UPDATE broadcasts SET deadline = {0} WHERE id = {1}",
            NOW.plus(60_000).0,
            world.id(id.0)
        ))
        .await;
    world
        .run(format!(
            "INSERT INTO integration_pace (integration_id, free_at_us, day, day_calls, held_until)
             SELECT integration_id, 0, 0, 0, 0 FROM broadcasts WHERE id = {}",
            world.id(id.0)
        ))
        .await;
    let work = store.work(WorkerId::new(NOW));
    let key = store::PhoneKey::new(&[7; 32]);
    let turn = work.turn(&Endings::default(), &[Want::rows(id, 5)], &key, NOW).await.unwrap();
    assert_eq!(turn.claimed.len(), 1, "a claim beside thirty-nine others");
    let (mine, theirs) = (store.org(world.org.actor().clone()), store.org(world.other.actor().clone()));
    let page = mine.messages(id, &MessageFilter::default(), 0, 10).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(theirs.forgetful_number("SELECT COUNT(*) FROM messages").await.unwrap(), 0);
    assert_eq!(theirs.forgetful_number_in_transaction("SELECT COUNT(*) FROM broadcasts").await.unwrap(), 0);
    mine.pause_broadcast(id, NOW).await.unwrap();
    // A planner setting of a claim ends with the claim, whoever has the connection next.
    let by_bitmap =
        "SELECT CAST(CASE current_setting('enable_bitmapscan') WHEN 'on' THEN 1 ELSE 0 END AS BIGINT)";
    assert_eq!(mine.forgetful_number(by_bitmap).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_start_at_once_on_an_empty_database_and_work_without_prepared_statements() {
    let Some(pooled) = Pooled::start().await else { return };
    let found_out = DatabaseAddress::from(&pooled.url);
    everything_works(&found_out, &pooled.direct).await;
    pooled.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_keeps_prepared_statements_is_given_them() {
    let Some(pooled) = Pooled::start().await else { return };
    if pooled.keeps_statements {
        let prepares = DatabaseAddress { prepares: Some(true), ..DatabaseAddress::from(&pooled.url) };
        everything_works(&prepares, &pooled.direct).await;
    } else {
        tracing::warn!(
            "skipped with prepared statements: this pooler does not keep them (PgBouncer does from 1.21)"
        );
    }
    pooled.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_heard_round_the_pooler_and_not_through_it() {
    let Some(pooled) = Pooled::start().await else { return };
    let through = Store::open(&pooled.url).await.unwrap();
    assert_eq!(through.notifies().await.unwrap(), Some(false));
    let mut silent = through.changes();
    let round = DatabaseAddress { direct: Some(pooled.direct.clone()), ..DatabaseAddress::from(&pooled.url) };
    let round = Store::open(round).await.unwrap();
    assert_eq!(round.notifies().await.unwrap(), Some(true));
    let mut heard = round.changes();
    assert_eq!(heard.next().await, Change::Missed, "who begins to listen has to look once");

    let world = World::on(through.clone(), &pooled.direct).await;
    let workshop = world.workshop("Rust for Beginners").await;
    let id = world.broadcast(workshop, "in_progress", (RegistrantId::new(NOW), "+919000000001")).await;
    let work = through.work(WorkerId::new(NOW));
    work.pause(id, &ProviderAnswer::new("wallet", "The wallet is empty."), NOW).await.unwrap();
    assert_eq!(heard.next().await, Change::Rows(id));
    // The listener waits for ever, and does not loop.
    assert!(tokio::time::timeout(Duration::from_millis(50), silent.next()).await.is_err());
    through.close().await;
    round.close().await;
    pooled.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_pooler_is_known_as_one() {
    let Some(pooled) = Pooled::start().await else { return };
    let straight = Store::open(&pooled.direct).await.unwrap();
    assert_eq!(straight.notifies().await.unwrap(), Some(true));
    straight.close().await;
    pooled.remove().await;
}
