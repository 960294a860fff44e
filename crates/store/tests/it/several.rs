//! Several processes on one database, and a database that closes a connection or undoes a transaction.

use std::{sync::Arc, time::Duration};

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef, RegistrantId, WorkerId},
    message::MessageState,
    money::Money,
};
use sqlx::Connection as _;
use store::{
    Store, StoreError,
    work::{Applied, RawReceipt, ReceiptChange, Work},
};
use uuid::Uuid;

use crate::on_both::{NOW, World};

/// The number of messages of the broadcast.
const MESSAGES: i64 = 120;

/// A broadcast with messages that were sent, and a receipt for each.
async fn sent_messages(world: &World) -> BroadcastId {
    let workshop = world.workshop("Rust for Beginners").await;
    let id = world.broadcast(workshop, "in_progress", (RegistrantId::new(NOW), "+919000000001")).await;
    let broadcast = world.id(id.0);
    for position in 2..=MESSAGES {
        world
            .run(format!(
                "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, name, recipient, planned, content,
                                       state, reason, reason_text, attempt, next_attempt_at, changed_at)
                 SELECT broadcast_id, {position}, organization_id, registrant_id, name, '+9190000{:05}', planned, content, state,
                        reason, reason_text, attempt, next_attempt_at, changed_at
                 FROM messages WHERE broadcast_id = {broadcast} AND position = 1",
                10_000 + position
            ))
            .await;
    }
    world.run(format!("UPDATE messages SET state = 'sent' WHERE broadcast_id = {broadcast}")).await;
    world.run(format!("DELETE FROM broadcast_counts WHERE broadcast_id = {broadcast}")).await;
    world
        .run(format!(
            "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost) VALUES ({broadcast}, 'sent', '', {MESSAGES}, 0)"
        ))
        .await;
    let integration = world
        .text(format!("SELECT CAST(integration_id AS TEXT) FROM broadcasts WHERE id = {broadcast}"))
        .await;
    let receipts = (1..=MESSAGES).map(|n| RawReceipt {
        organization: world.org.actor().organization,
        integration: IntegrationId(Uuid::parse_str(&integration).unwrap()),
        dedupe_key: n.to_string(),
        body: "{}".to_owned(),
    });
    world.store.work(WorkerId::new(NOW)).store_receipts(receipts.collect(), NOW).await.unwrap();
    id
}

/// Applies every waiting receipt in an order of its own. Each reports one message as delivered, with its cost.
async fn apply(work: &Work, id: BroadcastId, turned: usize) {
    let pending = work.pending_receipts(NOW, MESSAGES).await.unwrap();
    let mut news: Vec<_> = pending
        .into_iter()
        .zip(1..)
        .map(|(receipt, position)| (receipt.id, MessageRef { broadcast: id, position }))
        .collect();
    let places = news.len();
    if places == 0 {
        return;
    }
    news.rotate_left(turned % places);
    if turned % 2 == 1 {
        news.reverse();
    }
    let results = news.iter().map(|(receipt, message)| (*receipt, Applied::To(*message))).collect();
    let changes = news.iter().map(|(_, message)| delivered(*message)).collect();
    work.apply_receipts(results, changes, NOW).await.unwrap();
}

fn delivered(message: MessageRef) -> ReceiptChange {
    ReceiptChange {
        message,
        from: MessageState::Sent,
        from_reason: String::new(),
        to: MessageState::Delivered,
        reason: String::new(),
        reason_text: String::new(),
        sent_at: None,
        delivered_at: Some(NOW),
        read_at: None,
        failed_at: None,
        provider_id: None,
        network_id: None,
        cost: Some(Money(2)),
        cost_before: None,
        again_at: None,
    }
}

on_postgres! {
    async fn three_processes_apply_the_same_receipts_at_once_and_each_counts_once(world) {
        for round in 0..12 {
            let id = sent_messages(&world).await;
            let mut tasks = tokio::task::JoinSet::new();
            for process in 0..3 {
                let work = world.store.work(WorkerId::new(NOW));
                tasks.spawn(async move { apply(&work, id, 41 * process + round).await });
            }
            while let Some(ended) = tasks.join_next().await {
                ended.unwrap();
            }
            let broadcast = world.id(id.0);
            let waiting = world.number("SELECT COUNT(*) FROM receipts WHERE state <> 'applied'".to_owned()).await;
            assert_eq!(waiting, 0);
            let cost = format!("SELECT CAST(SUM(cost) AS BIGINT) FROM broadcast_counts WHERE broadcast_id = {broadcast}");
            assert_eq!(world.number(cost).await, 2 * MESSAGES);
            let counts = format!("SELECT n FROM broadcast_counts WHERE broadcast_id = {broadcast} AND state = 'delivered'");
            assert_eq!(world.number(counts).await, MESSAGES);
            world.run("DELETE FROM receipts".to_owned()).await;
        }
    }

    async fn a_cost_that_several_processes_learn_at_once_is_counted_once(world) {
        let id = sent_messages(&world).await;
        let work = world.store.work(WorkerId::new(NOW));
        let pending = work.pending_receipts(NOW, 1).await.unwrap();
        let message = MessageRef { broadcast: id, position: 1 };
        let change = ReceiptChange { to: MessageState::Sent, delivered_at: None, ..delivered(message) };
        // Both processes have read the receipt before either wrote.
        for _ in 0..2 {
            let results = vec![(pending[0].id, Applied::To(message))];
            work.apply_receipts(results, vec![change.clone()], NOW).await.unwrap();
        }
        let cost = format!("SELECT CAST(SUM(cost) AS BIGINT) FROM broadcast_counts WHERE broadcast_id = {}", world.id(id.0));
        assert_eq!(world.number(cost).await, 2);
    }

    async fn connections_that_the_server_closed_are_nobodys_error(world) {
        let name = format!("cut{}", Uuid::now_v7().simple());
        let store = Store::open(&format!("{}&application_name={name}", world.url)).await.unwrap();
        let org = store.org(world.org.actor().clone());
        for round in 0..5 {
            // Several connections lie in the pool and were used a moment ago.
            let many = (0..8).map(|_| org.forgetful_number("SELECT COUNT(*) FROM organizations CROSS JOIN pg_sleep(0.02)"));
            for seen in futures::future::join_all(many).await {
                assert_eq!(seen.unwrap(), 1);
            }
            let cut = format!("SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{name}'");
            assert!(world.number(cut).await > 3);
            if round % 2 == 0 {
                assert_eq!(org.forgetful_number("SELECT COUNT(*) FROM organizations").await.unwrap(), 1);
            } else {
                let nobody = store.work(WorkerId::new(NOW)).reserve_call(IntegrationId::new(NOW), NOW).await;
                assert!(matches!(nobody, Err(StoreError::Missing)), "{nobody:?}");
            }
        }
        store.close().await;
    }

    async fn a_start_that_finds_nothing_to_do_waits_for_nobody(world) {
        // An administrator migrates, tunes and builds, and takes time.
        let mut busy = sqlx::PgConnection::connect(&world.url).await.unwrap();
        let mut tx = busy.begin().await.unwrap();
        sqlx::raw_sql("SELECT pg_advisory_xact_lock(20261122), pg_advisory_xact_lock(6021370911)")
            .execute(&mut *tx)
            .await
            .unwrap();
        let opened = tokio::time::timeout(Duration::from_secs(20), Store::open(&world.url)).await;
        opened.expect("it waited for a lock").unwrap().close().await;
        tx.rollback().await.unwrap();
    }

    async fn processes_that_start_together_on_an_empty_database_all_start(world) {
        let schema = format!("s{}", Uuid::now_v7().simple());
        world.run(format!("CREATE SCHEMA {schema}")).await;
        let url = Arc::new(format!("{}search_path%3D{schema}", world.url.split("search_path").next().unwrap()));
        let starts = (0..4).map(|_| {
            let url = Arc::clone(&url);
            async move { Store::open(&*url).await }
        });
        for store in futures::future::join_all(starts).await {
            store.unwrap().close().await;
        }
        world.run(format!("DROP SCHEMA {schema} CASCADE")).await;
    }
}
