//! A world for the store's tests: two organisations, on SQLite and on PostgreSQL where there is one.

use std::{future::Future, sync::Arc};

use domain::{
    email::Email,
    ids::{BroadcastId, OrganizationId, RegistrantId, WorkshopId},
    name::PersonName,
    phone::{Country, Phone},
    role::Role,
    time::{DAY, HOUR, Millis},
};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use store::{
    Actor, Org, Store,
    registrants::NewRegistrant,
    testing::{self, TestStore},
    workshops::WorkshopDraft,
};
use uuid::Uuid;

/// `both! { async fn a_promise(world) { … } }`
macro_rules! both {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident) $body:block)+) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            $crate::on_both::on_both(|$world| async move { $body });
        }
    )+};
}

/// `on_postgres! { async fn a_promise(world) { … } }`: for what SQLite does not have.
macro_rules! on_postgres {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident) $body:block)+) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            $crate::on_both::on_postgres(|$world| async move { $body });
        }
    )+};
}

/// The instant at which tests begin: 2026-10-13, 12:00 UTC.
pub(crate) const NOW: Millis = Millis(1_791_892_800_000);

/// Statements past the store, for what it has no method for.
enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A database with two organisations.
pub(crate) struct World {
    pub(crate) store: Store,
    /// The address of the database, for another process.
    pub(crate) url: String,
    /// An admin of the first organisation.
    pub(crate) org: Org,
    /// An admin of the second organisation, who must see nothing of the first.
    pub(crate) other: Org,
    raw: Raw,
}

/// Runs `test` on each database that is available.
pub(crate) fn on_both<F>(test: impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_sqlite(&test);
    runtime().block_on(postgres(&test));
}

/// Runs `test` on SQLite.
pub(crate) fn on_sqlite<F>(test: impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime().block_on(async {
        let db = testing::sqlite().await;
        let raw = Raw::Sqlite(SqlitePool::connect(&db.url).await.unwrap());
        run(db, raw, &test).await;
    });
}

/// Runs `test` on PostgreSQL, where it is available.
pub(crate) fn on_postgres<F>(test: impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime().block_on(postgres(&test));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn postgres<F>(test: &impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if let Some(db) = testing::postgres().await {
        let raw = Raw::Postgres(PgPool::connect(&db.url).await.unwrap());
        run(db, raw, test).await;
    }
}

async fn run<F>(db: TestStore, raw: Raw, test: &impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let world = World::with(db.store.clone(), db.url.clone(), raw).await;
    // The test runs in a task of its own, so that the database is removed even when the test fails.
    let ended = tokio::spawn(test(world)).await;
    db.remove().await;
    if let Err(broken) = ended {
        std::panic::resume_unwind(broken.into_panic());
    }
}

impl World {
    /// A world on this open store. `direct` leads to its database without anything in between.
    pub(crate) async fn on(store: Store, direct: &str) -> Arc<World> {
        let raw = Raw::Postgres(PgPool::connect(direct).await.unwrap());
        World::with(store, direct.to_owned(), raw).await
    }

    async fn with(store: Store, url: String, raw: Raw) -> Arc<World> {
        let (first, second) = (OrganizationId::new(NOW), OrganizationId::new(NOW));
        let org =
            store.org(Actor { user: None, name: "Meera".into(), role: Role::Admin, organization: first });
        let other =
            store.org(Actor { user: None, name: "Rohan".into(), role: Role::Admin, organization: second });
        let world = World { store, url, org, other, raw };
        for id in [first, second] {
            world
                .run(format!(
                    "INSERT INTO organizations (id, name, zone, country, quiet_from, quiet_to, created_at)
                     VALUES ({}, 'Udaan', 'Asia/Kolkata', 'IN', 1260, 540, 0)",
                    world.id(id.0)
                ))
                .await;
        }
        Arc::new(world)
    }

    /// The first organisation, as a member with another role sees it.
    pub(crate) fn as_role(&self, role: Role) -> Org {
        self.store.org(Actor { role, ..self.org.actor().clone() })
    }

    /// The store as another process opens it.
    pub(crate) async fn second_store(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// An id as a literal of this database.
    pub(crate) fn id(&self, id: Uuid) -> String {
        match self.raw {
            Raw::Sqlite(_) => format!("x'{}'", id.simple()),
            Raw::Postgres(_) => format!("'{id}'"),
        }
    }

    pub(crate) async fn run(&self, sql: String) {
        match &self.raw {
            Raw::Sqlite(pool) => {
                sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
            }
            Raw::Postgres(pool) => {
                sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
            }
        }
    }

    pub(crate) async fn number(&self, sql: String) -> i64 {
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
        }
    }

    pub(crate) async fn text(&self, sql: String) -> String {
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
        }
    }

    /// The lines of the plan of a statement with parameters, on PostgreSQL as a member's handle has it.
    pub(crate) async fn plan(&self, statement: &str) -> Vec<String> {
        match &self.raw {
            Raw::Sqlite(pool) => {
                let sql = format!("EXPLAIN QUERY PLAN {statement}");
                let rows: Vec<(i64, i64, i64, String)> =
                    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
                rows.into_iter().map(|row| row.3).collect()
            }
            Raw::Postgres(pool) => {
                let values = (1..).take_while(|n| statement.contains(&format!("${n}"))).map(|_| "NULL");
                let values = values.collect::<Vec<_>>().join(", ");
                let mut tx = pool.begin().await.unwrap();
                let bitmaps = if statement.contains("@@") { "on" } else { "off" };
                // The settings are those of Store::open.
                for sql in [
                    "SET LOCAL plan_cache_mode = force_generic_plan".to_owned(),
                    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off".to_owned(),
                    "SET LOCAL enable_material = off; SET LOCAL random_page_cost = 1.1".to_owned(),
                    format!("SET LOCAL enable_bitmapscan = {bitmaps}"),
                    format!("PREPARE sought AS {statement}"),
                ] {
                    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
                }
                let sql = format!("EXPLAIN EXECUTE sought({values})");
                let rows: Vec<String> =
                    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *tx).await.unwrap();
                sqlx::raw_sql("DEALLOCATE sought").execute(&mut *tx).await.unwrap();
                rows
            }
        }
    }

    /// Whether this is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.raw, Raw::Postgres(_))
    }

    /// A workshop of the first organisation, which is tomorrow.
    pub(crate) async fn workshop(&self, title: &str) -> WorkshopId {
        self.org.add_workshop(&draft(title, NOW.plus(DAY)), NOW).await.unwrap()
    }

    /// A broadcast of that workshop with one waiting message for that registrant.
    pub(crate) async fn broadcast(
        &self,
        workshop: WorkshopId,
        status: &str,
        person: (RegistrantId, &str),
    ) -> BroadcastId {
        let organization = self.id(self.org.actor().organization.0);
        let account = Uuid::now_v7();
        self.run(format!(
            "INSERT INTO integrations (id, organization_id, kind, name, settings, secrets, hints, callback_key, per_second,
                                       per_day, health, secrets_set_by, secrets_set_at, created_at)
             VALUES ({}, {organization}, 'aisensy', 'AiSensy', '{{}}', '', '{{}}', '{account}', 1, 1, '{{}}', '', 0, 0)",
            self.id(account)
        ))
        .await;
        let id = BroadcastId::new(NOW);
        self.run(format!(
            "INSERT INTO broadcasts (id, organization_id, integration_id, workshop_id, channel, title, template, audience,
                                     category, status, created_by, created_at, starts_at, deadline, probed, unit_price,
                                     planned, plan_phone, plan_identity, cursor, served_at, hours, content, units)
             VALUES ({}, {organization}, {}, {}, 'personal', 'Reminder', '{{}}', 'registered', 'utility', '{status}', 'Meera', 0,
                     0, 0, false, 0, 1, '', '', 0, 0, '', '', 1)",
            self.id(id.0),
            self.id(account),
            self.id(workshop.0)
        ))
        .await;
        self.run(format!(
            "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, name, recipient, planned, content,
                                   state, reason, reason_text, attempt, next_attempt_at, changed_at)
             VALUES ({}, 1, {organization}, {}, 'Asha', '{}', true, '{{}}', 'waiting', '', '', 0, 0, 0)",
            self.id(id.0),
            self.id(person.0.0),
            person.1
        ))
        .await;
        self.run(format!(
            "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost) VALUES ({}, 'waiting', '', 1, 0)",
            self.id(id.0)
        ))
        .await;
        id
    }
}

pub(crate) fn draft(title: &str, starts_at: Millis) -> WorkshopDraft {
    WorkshopDraft {
        title: title.into(),
        starts_at,
        ends_at: starts_at.plus(2 * HOUR),
        join_link: String::new(),
        tag: None,
    }
}

/// A person with a name, a number as typed, and an e-mail address; each may be empty.
pub(crate) fn person(name: &str, phone: &str, email: &str) -> NewRegistrant {
    NewRegistrant {
        name: PersonName::parse(name),
        email: Email::parse(email).ok(),
        phone: Phone::parse(phone, Country::INDIA).ok(),
        phone_typed: phone.into(),
        ..NewRegistrant::default()
    }
}
