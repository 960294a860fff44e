//! A database that an earlier release wrote, in the middle of a send.

use std::collections::HashSet;

use domain::{
    ids::{BroadcastId, OrganizationId, TemplateId, WorkerId},
    message::{MessageState, Next},
    reason::OwnReason,
    role::Role,
    time::{HOUR, MINUTE, Millis},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{
    Actor, PhoneKey, Store,
    broadcasts::BroadcastFilter,
    messages::MessageFilter,
    testing,
    work::{Endings, Record, Want},
};
use uuid::Uuid;

const SQLITE: &str = include_str!("../fixtures/first_release/sqlite.sql");
const POSTGRES: &str = include_str!("../fixtures/first_release/postgres.sql");
/// The number of people of the broadcast that was being sent.
const PEOPLE: i64 = 300;

/// Continues in the only organisation, a minute after `last`, when the last thing was done.
async fn goes_on(store: &Store, organization: Uuid, last: i64) {
    let now = Millis(last).plus(MINUTE);
    let user = Actor {
        organization: OrganizationId(organization),
        user: None,
        name: "Asha Test".to_owned(),
        role: Role::Admin,
    };
    let org = store.org(user);
    let broadcast = org.broadcasts(&BroadcastFilter::default(), 10).await.unwrap().remove(0);
    assert_eq!(
        broadcast.template_id,
        Some(TemplateId(TEMPLATE)),
        "the only one that the provider knows by that name"
    );
    let id = broadcast.id;
    let work = store.work(WorkerId::new(now));
    work.register("new release", now, now.plus(HOUR)).await.unwrap();
    let lost = work.reclaim(now, false).await.unwrap();
    assert!(lost > 0, "what the killed process had in flight is given up");
    let mut sent = HashSet::new();
    let mut at = send_all(store, &work, id, now, &mut sent).await;
    // A person decides that the unknown messages are sent again.
    at = at.plus(2 * MINUTE);
    let reasons = [OwnReason::WorkerLost.into()];
    let again = org.send_again(id, MessageState::Unknown, &reasons, at.plus(HOUR), at).await.unwrap();
    assert_eq!(again.unsigned_abs(), lost);
    at = send_all(store, &work, id, at, &mut sent).await;
    assert!(sent.len() as u64 >= lost);
    work.complete(at).await.unwrap();
    assert!(work.differences().await.unwrap().is_empty(), "the counts of an older release still add up");
    let rows = org.messages(id, &MessageFilter::default(), 0, 1_000).await.unwrap();
    assert_eq!(i64::try_from(rows.len()).unwrap(), PEOPLE);
    assert!(rows.iter().all(|row| row.state == MessageState::Sent));
}

/// Claims and sends what waits, each message once; returns when the last one went out.
async fn send_all(
    store: &Store,
    work: &store::Work,
    id: BroadcastId,
    from: Millis,
    sent: &mut HashSet<i64>,
) -> Millis {
    let key = PhoneKey::new(&[7; 32]);
    let mut now = from;
    let mut endings = Endings::default();
    for _ in 0..600 {
        now = now.plus(1_000);
        let turn = work.turn(&endings, &[Want::rows(id, 100)], &key, now).await.unwrap();
        let waits = store.work(work.worker()).due(now).await.unwrap().iter().any(|due| due.broadcast == id);
        if turn.claimed.is_empty() && !waits {
            break;
        }
        let records = turn.claimed.into_iter().map(|row| {
            assert!(sent.insert(row.message.position), "claimed twice");
            let next = Next::Sent { provider_id: None, cost: None };
            Record { message: row.message, attempt: row.attempt, next, at: now }
        });
        endings = records.collect::<Vec<_>>().into();
    }
    now
}

/// The template of the broadcast that was being sent. The fixtures hold none.
const TEMPLATE: Uuid = Uuid::from_u128(7);
const ADD_TEMPLATE: &str =
    "INSERT INTO templates (id, organization_id, channel, name, body, created_by, created_at)
    VALUES ($1, $2, 'personal', $3, $4, 'Asha', 0)";

fn template(campaign: &str) -> String {
    format!(
        r#"{{"campaign":"{campaign}","category":"utility","language":"en","header":"","body":"Hi","footer":"","parameters":[],"media":null,"buttons":[]}}"#
    )
}

const ORGANIZATION: &str = "SELECT id FROM organizations";
const LAST: &str = "SELECT MAX(beat_at) FROM workers";

#[tokio::test]
async fn a_sqlite_database_of_the_first_release_opens_and_goes_on_sending() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("munadi.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true).foreign_keys(false);
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(SQLITE).execute(&mut raw).await.unwrap();
    let (organization,): (Uuid,) = sqlx::query_as(ORGANIZATION).fetch_one(&mut raw).await.unwrap();
    for (id, campaign) in [(TEMPLATE, "workshop_today"), (Uuid::from_u128(8), "another")] {
        let add =
            sqlx::query(ADD_TEMPLATE).bind(id).bind(organization).bind(campaign).bind(template(campaign));
        add.execute(&mut raw).await.unwrap();
    }
    let (last,): (i64,) = sqlx::query_as(LAST).fetch_one(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let store = Store::open(&format!("sqlite:{}", file.display())).await.unwrap();
    goes_on(&store, organization, last).await;
    store.close().await;
}

#[tokio::test]
async fn a_postgres_database_of_the_first_release_opens_and_goes_on_sending() {
    let Some(db) = testing::postgres().await else { return };
    let schema = format!("u{}", Uuid::now_v7().simple());
    let mut raw = PgConnection::connect(&db.url).await.unwrap();
    let fill = format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {POSTGRES}");
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut raw).await.unwrap();
    let (organization,): (Uuid,) = sqlx::query_as(ORGANIZATION).fetch_one(&mut raw).await.unwrap();
    for (id, campaign) in [(TEMPLATE, "workshop_today"), (Uuid::from_u128(8), "another")] {
        let add =
            sqlx::query(ADD_TEMPLATE).bind(id).bind(organization).bind(campaign).bind(template(campaign));
        add.execute(&mut raw).await.unwrap();
    }
    let (last,): (i64,) = sqlx::query_as(LAST).fetch_one(&mut raw).await.unwrap();
    let server = db.url.split("search_path").next().unwrap();
    let store = Store::open(&format!("{server}search_path%3D{schema}")).await.unwrap();
    goes_on(&store, organization, last).await;
    store.close().await;
    let drop = format!("DROP SCHEMA {schema} CASCADE");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut raw).await.unwrap();
    db.remove().await;
}
