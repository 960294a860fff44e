//! Row-level security: a query without the organisation sees nothing of another one.

use domain::ids::RegistrantId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Store, StoreError, Tenancy};

use crate::on_both::{NOW, World};

/// Every table with rows of an organisation, counted by a query that does not name the organisation.
const FORGETFUL: &[&str] = &[
    "SELECT COUNT(*) FROM organizations",
    "SELECT COUNT(*) FROM memberships",
    "SELECT COUNT(id) FROM users",
    "SELECT COUNT(id) FROM web_sessions",
    "SELECT COUNT(*) FROM access_links",
    "SELECT COUNT(*) FROM audit_log",
    "SELECT COUNT(*) FROM workshop_tags",
    "SELECT COUNT(*) FROM workshops",
    "SELECT COUNT(*) FROM workshop_counts",
    "SELECT COUNT(*) FROM leads",
    "SELECT COUNT(*) FROM registrants",
    "SELECT COUNT(*) FROM search_scopes",
    "SELECT COUNT(*) FROM search_entries",
    "SELECT COUNT(*) FROM search_blocks",
    "SELECT COUNT(*) FROM imports",
    "SELECT COUNT(*) FROM import_rows",
    "SELECT COUNT(*) FROM import_words",
    "SELECT COUNT(*) FROM import_changes",
    "SELECT COUNT(*) FROM import_counts",
    "SELECT COUNT(*) FROM undoing",
    "SELECT COUNT(*) FROM import_differences",
    "SELECT COUNT(*) FROM corrections",
    "SELECT COUNT(*) FROM webhooks",
    "SELECT COUNT(*) FROM join_links",
    "SELECT COUNT(*) FROM attendance_reports",
    "SELECT COUNT(*) FROM attendance",
    "SELECT COUNT(*) FROM calls",
    "SELECT COUNT(*) FROM test_calls",
    "SELECT COUNT(*) FROM named_links",
    "SELECT COUNT(*) FROM alert_settings",
    "SELECT COUNT(*) FROM alert_members",
    "SELECT COUNT(*) FROM alerts",
    "SELECT COUNT(*) FROM alert_sends",
    "SELECT COUNT(*) FROM suppressions",
    "SELECT COUNT(*) FROM suppressions_lifted",
    "SELECT COUNT(*) FROM consents",
    "SELECT COUNT(*) FROM erased_numbers",
    "SELECT COUNT(*) FROM integrations",
    "SELECT COUNT(*) FROM integration_pace",
    "SELECT COUNT(*) FROM integration_people",
    "SELECT COUNT(*) FROM templates",
    "SELECT COUNT(*) FROM recordings",
    "SELECT COUNT(*) FROM post_files",
    "SELECT COUNT(*) FROM sequences",
    "SELECT COUNT(*) FROM sequence_versions",
    "SELECT COUNT(*) FROM workshop_plans",
    "SELECT COUNT(*) FROM plan_rows",
    "SELECT COUNT(*) FROM ladders",
    "SELECT COUNT(*) FROM rung_prices",
    "SELECT COUNT(*) FROM channel_defaults",
    "SELECT COUNT(*) FROM workshop_accounts",
    "SELECT COUNT(*) FROM rehearsals",
    "SELECT COUNT(*) FROM prices",
    "SELECT COUNT(*) FROM broadcasts",
    "SELECT COUNT(*) FROM broadcast_counts",
    "SELECT COUNT(*) FROM late_proofs",
    "SELECT COUNT(*) FROM broadcast_pace",
    "SELECT COUNT(*) FROM messages",
    "SELECT COUNT(*) FROM message_events",
    "SELECT COUNT(*) FROM look_ups",
    "SELECT COUNT(*) FROM receipts",
    "SELECT COUNT(*) FROM sent_fresh",
    "SELECT COUNT(*) FROM sent_ids",
    "SELECT COUNT(*) FROM user_ids",
    "SELECT COUNT(*) FROM groups",
    "SELECT COUNT(*) FROM workshop_groups",
    "SELECT COUNT(*) FROM linked_accounts",
    "SELECT COUNT(*) FROM member_receipts",
    "SELECT COUNT(*) FROM post_reach",
    "SELECT COUNT(*) FROM group_members",
];

fn table(sql: &str) -> &str {
    sql.rsplit(' ').next().unwrap()
}

/// The first organisation has one row in every table; the second has its own row in `organizations`.
async fn fill(world: &World) {
    let workshop = world.workshop("Rust for Beginners").await;
    let id = world.broadcast(workshop, "scheduled", (RegistrantId::new(NOW), "+919000000001")).await;
    let organization = world.id(world.org.actor().organization.0);
    let (broadcast, workshop) = (world.id(id.0), world.id(workshop.0));
    let any = "gen_random_uuid()";
    for sql in [
        format!("INSERT INTO users VALUES ({any}, 'a@example.com', 'Asha', 'a hash', FALSE, 0)"),
        format!("INSERT INTO memberships SELECT {organization}, id, 'admin', 0 FROM users"),
        format!("INSERT INTO web_sessions SELECT {any}, 'a hash', id, {organization}, 0, 0, 0 FROM users"),
        format!(
            "INSERT INTO access_links VALUES ({any}, 'a hash', 'invitation', {organization}, NULL, '', '', '', 0, 0, NULL)"
        ),
        format!("INSERT INTO workshop_tags VALUES ({any}, {organization}, 'Rust', '', TRUE)"),
        format!("INSERT INTO workshop_counts VALUES ({workshop}, 'test', 1) ON CONFLICT DO NOTHING"),
        format!("INSERT INTO leads VALUES ({any}, {organization}, '+919000000001', '', '', NULL, 0)"),
        format!(
            "INSERT INTO registrants VALUES ({any}, {organization}, {workshop}, '', '', '', '', 'registered', '', '', NULL, '', 0)"
        ),
        format!("INSERT INTO import_counts VALUES ({any}, {organization}, 'registered', 1)"),
        format!("INSERT INTO undoing VALUES ({any}, {organization}, {workshop}, NULL, FALSE)"),
        format!("INSERT INTO search_scopes VALUES ({organization}, 1)"),
        format!("INSERT INTO search_entries VALUES (1, {organization}, '100000000919', NULL, NULL, 'asha')"),
        format!("INSERT INTO search_blocks VALUES ({organization}, {workshop}, {any}, {any}, '', '', '')"),
        format!(
            "INSERT INTO imports VALUES ({any}, {organization}, {workshop}, '', '', 'checked', '', '', '', 0, NULL, NULL)"
        ),
        "INSERT INTO import_rows SELECT id, 1, '', '', '', '' FROM imports".to_owned(),
        format!("INSERT INTO join_links VALUES ('code', {organization}, {workshop}, {any}, NULL, 0)"),
        format!("INSERT INTO attendance_reports VALUES ({workshop}, {organization}, 'report.csv', 0, '', 0)"),
        format!("INSERT INTO attendance VALUES ({workshop}, {any}, {organization}, 60, NULL, NULL, FALSE)"),
        format!(
            "INSERT INTO named_links VALUES ({any}, {organization}, 'first-zoom', '', 0, NULL, '', 0, 0, NULL)"
        ),
        format!("INSERT INTO import_words VALUES ({organization}, 'authorized', 'left_out', '', 0)"),
        format!("INSERT INTO import_changes SELECT id, {any}, 'registered', 'cancelled', 0 FROM imports"),
        format!(
            "INSERT INTO webhooks SELECT id, {organization}, {workshop}, 'hash', '', 0, 0, NULL FROM imports"
        ),
        format!("INSERT INTO import_differences SELECT id, 'gone', {any}, '', '', '', '' FROM imports"),
        format!(
            "INSERT INTO corrections VALUES ({any}, {organization}, {workshop}, {any}, NULL, '', '', '', '', '', '', '', '', '', 0)"
        ),
        format!("INSERT INTO alert_settings VALUES ({organization}, 0, 0, '', 1, NULL, NULL)"),
        format!("INSERT INTO alert_members VALUES ({organization}, {any}, TRUE, FALSE, FALSE, '')"),
        format!(
            "INSERT INTO alerts VALUES ({any}, {organization}, 'late', '', '', '', 0, NULL, FALSE, 0, 0, 0)"
        ),
        format!(
            "INSERT INTO alert_sends VALUES ({any}, 'mail', {any}, {organization}, 'waiting', 0, 0, NULL, 0, NULL, '', 0)"
        ),
        format!(
            "INSERT INTO suppressions VALUES ({any}, {organization}, 'key', '', 'all', 'all', '', 'person', '', 0)"
        ),
        format!(
            "INSERT INTO suppressions_lifted VALUES ({any}, {organization}, 'key', '', '', '', '', '', '', 0, '', '', 0)"
        ),
        format!("INSERT INTO sequences VALUES ({any}, {organization}, '', '', 1, '', 0, '', 0, NULL)"),
        format!("INSERT INTO sequence_versions SELECT id, 1, {organization}, '[]', '', 0 FROM sequences"),
        format!(
            "INSERT INTO workshop_plans SELECT {workshop}, {organization}, id, 1, 1, '', 0, 0, '', NULL, 0 FROM sequences"
        ),
        format!(
            "INSERT INTO plan_rows VALUES ({any}, {organization}, {workshop}, '', '', NULL, 0, '', '', '', '', NULL, NULL, NULL, 0, 0, '', '')"
        ),
        format!("INSERT INTO ladders VALUES ({workshop}, 'reach', {organization}, NULL, 1, 0)"),
        format!("INSERT INTO rung_prices VALUES ({broadcast}, 1, 1)"),
        format!("INSERT INTO channel_defaults SELECT {organization}, 'personal', id FROM integrations"),
        format!(
            "INSERT INTO workshop_accounts SELECT {workshop}, 'personal', {organization}, id FROM integrations"
        ),
        format!(
            "INSERT INTO rehearsals VALUES ({any}, {organization}, {workshop}, 'done', '', 0, 0, 0, '', '', '', 0, 0, NULL)"
        ),
        format!("INSERT INTO erased_numbers VALUES ({organization}, 'key', 0)"),
        format!(
            "INSERT INTO consents VALUES ({any}, {organization}, 'key', '', '', '', 0, '', '', '', NULL, '', 0, NULL, '', '')"
        ),
        "INSERT INTO integration_pace SELECT id, 0, 0, 0, 0 FROM integrations".to_owned(),
        "INSERT INTO integration_people SELECT id, 1, 1 FROM integrations".to_owned(),
        format!(
            "INSERT INTO templates VALUES ({any}, {organization}, 'personal', 'Reminder', '', '', 0, NULL)"
        ),
        format!(
            "INSERT INTO recordings VALUES ({any}, {organization}, 'Welcome', 'en', '', 'key', 4000, 0, 0, '[]', '', 0, '')"
        ),
        format!(
            "INSERT INTO post_files VALUES ('file-key', {organization}, '00', 'image/png', 1, '', 0, '')"
        ),
        format!("INSERT INTO prices VALUES ({organization}, 'personal', 'utility', 0, 1)"),
        format!("INSERT INTO late_proofs VALUES ({broadcast}, 1)"),
        format!("INSERT INTO broadcast_pace VALUES ({broadcast}, 1, 1)"),
        format!("INSERT INTO message_events VALUES ({broadcast}, 1, 0, 'retry', '')"),
        format!("INSERT INTO look_ups VALUES ({broadcast}, 'key', {any}, {organization}, 1, 1, 0, 0, 0)"),
        format!(
            "INSERT INTO receipts VALUES ({any}, {organization}, {any}, 'key', '', 'pending', '', NULL, NULL, 0, 0)"
        ),
        format!(
            "INSERT INTO calls VALUES ({broadcast}, 1, 1, {organization}, {any}, '', '{{}}', 'calling', NULL, NULL, NULL, 0, 0, NULL, NULL, 0, '', NULL, '', FALSE)"
        ),
        format!("INSERT INTO test_calls VALUES ({any}, {organization}, {any}, '', '', 0, '')"),
        format!("INSERT INTO sent_fresh VALUES ({any}, {organization}, {any}, {broadcast}, 0, '')"),
        format!("INSERT INTO sent_ids SELECT id, 1, 1, {broadcast}, 1 FROM integrations"),
        format!(
            "INSERT INTO groups SELECT {any}, {organization}, id, '', 'Batch 7', '', 1, FALSE, FALSE, 'group', '', NULL, NULL, '', 0, NULL FROM integrations"
        ),
        format!(
            "INSERT INTO linked_accounts SELECT id, {organization}, '{{}}', 0, 0, '', NULL, '', NULL, NULL, 0, NULL FROM integrations"
        ),
        format!(
            "INSERT INTO member_receipts VALUES ({broadcast}, 1, '+919000000001', {organization}, 0, NULL)"
        ),
        format!("INSERT INTO post_reach VALUES ({broadcast}, 1, {organization}, 1, 0)"),
        format!(
            "INSERT INTO group_members SELECT id, '+919000000001', {organization}, '', FALSE, NULL, NULL, 0 FROM groups"
        ),
        format!("INSERT INTO workshop_groups SELECT {workshop}, id, {organization}, '', 0 FROM groups"),
        format!("INSERT INTO user_ids VALUES ({any}, 'IN.TEST', {organization}, '', NULL, 0)"),
    ] {
        world.run(sql).await;
    }
}

on_postgres! {
    async fn a_query_that_forgot_the_organisation_sees_nothing_of_another_one(world) {
        assert_eq!(world.store.tenancy(), Some(&Tenancy::Stands));
        fill(&world).await;
        for sql in FORGETFUL {
            let all = world.number((*sql).to_owned()).await;
            let own = world.org.forgetful_number(sql).await.unwrap();
            let theirs = world.other.forgetful_number(sql).await.unwrap();
            let expected = if table(sql) == "organizations" { (2, 1, 1) } else { (all, all, 0) };
            assert_eq!((all, own, theirs), expected, "{sql}");
            assert!(all > 0, "{sql}");
            assert_eq!(world.other.forgetful_number_in_transaction(sql).await.unwrap(), theirs, "{sql}");
        }
    }

    async fn every_table_has_a_policy_or_is_out_of_reach(world) {
        let tables = world
            .text(
                "SELECT string_agg(CAST(relname AS TEXT), ' ' ORDER BY relname) FROM pg_class
                 WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind = 'r'
                   AND NOT relrowsecurity"
                    .to_owned(),
            )
            .await;
        assert_eq!(tables, "_sqlx_migrations chores sign_in_failures test_writes workers", "what is new needs a line in tenancy.rs");
        let guarded = world
            .number("SELECT COUNT(*) FROM pg_policies WHERE schemaname = current_schema()".to_owned())
            .await;
        assert_eq!(guarded, i64::try_from(FORGETFUL.len()).unwrap(), "and one in this test");
        for sql in ["SELECT COUNT(*) FROM workers", "SELECT COUNT(password_hash) FROM users", "SELECT COUNT(token_hash) FROM web_sessions"] {
            assert!(matches!(world.org.forgetful_number(sql).await, Err(StoreError::Down(_))), "{sql}");
        }
    }

    async fn nothing_of_another_organisation_can_be_changed_or_slipped_in(world) {
        fill(&world).await;
        for sql in [
            "UPDATE messages SET name = 'x'",
            "UPDATE broadcasts SET title = 'x'",
            "UPDATE broadcast_counts SET n = 0",
            "DELETE FROM leads",
            "DELETE FROM web_sessions",
            "DELETE FROM message_events",
        ] {
            assert_eq!(world.other.forgetful_change(sql).await.unwrap(), 0, "{sql}");
            assert_eq!(world.org.forgetful_change(sql).await.unwrap(), 1, "{sql}");
        }
        for sql in [
            "INSERT INTO leads VALUES (gen_random_uuid(), gen_random_uuid(), '+919000000009', '', '', NULL, 0)",
            "INSERT INTO message_events VALUES (gen_random_uuid(), 1, 0, 'retry', '')",
            "UPDATE messages SET organization_id = gen_random_uuid()",
            "DELETE FROM audit_log",
        ] {
            assert!(matches!(world.org.forgetful_change(sql).await, Err(StoreError::Down(_))), "{sql}");
        }
    }

    async fn a_connection_carries_nothing_over_to_whoever_has_it_next(world) {
        fill(&world).await;
        let all = world.number("SELECT COUNT(*) FROM audit_log".to_owned()).await;
        for _ in 0..30 {
            // In turn: a query that is given up in the middle, one that fails, and one that succeeds.
            let given_up = world.other.forgetful_number("SELECT COUNT(*) FROM audit_log CROSS JOIN pg_sleep(1)");
            assert!(tokio::time::timeout(std::time::Duration::from_millis(2), given_up).await.is_err());
            assert!(world.other.forgetful_number("SELECT COUNT(*) FROM workers").await.is_err());
            assert_eq!(world.other.forgetful_number("SELECT COUNT(*) FROM audit_log").await.unwrap(), 0);
            assert_eq!(world.org.forgetful_number("SELECT COUNT(*) FROM audit_log").await.unwrap(), all);
            assert_eq!(world.store.work(domain::ids::WorkerId::new(NOW)).workers().await.unwrap().len(), 0);
            assert!(world.store.access().has_users().await.unwrap(), "the owner sees all");
        }
    }

    async fn a_user_who_may_not_make_roles_works_without_the_wall_and_is_told(world) {
        // The names of roles belong to the whole server.
        let name = format!("plain_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&world.url).await.unwrap();
        for sql in [format!("CREATE ROLE {name} LOGIN"), format!("CREATE SCHEMA {name} AUTHORIZATION {name}")] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        let server = world.url.split("search_path").next().unwrap();
        let joint = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}search_path%3D{name}{joint}user={name}");
        let store = Store::open(&url).await.unwrap();
        assert!(matches!(store.tenancy(), Some(Tenancy::Missing(_))), "{:?}", store.tenancy());
        let org = store.org(world.org.actor().clone());
        assert_eq!(org.forgetful_number("SELECT COUNT(*) FROM organizations").await.unwrap(), 0);
        store.close().await;
        // This is what `munadi doctor` tells an administrator to do.
        sqlx::raw_sql(AssertSqlSafe(format!("GRANT munadi_tenant TO {name}"))).execute(&mut admin).await.unwrap();
        let store = Store::open(&url).await.unwrap();
        assert_eq!(store.tenancy(), Some(&Tenancy::Stands));
        store.access().create_set_up_link("hash", NOW, NOW).await.unwrap();
        let org = store.org(world.org.actor().clone());
        assert_eq!(org.forgetful_number("SELECT COUNT(*) FROM access_links").await.unwrap(), 0);
        store.close().await;
        for sql in [format!("DROP SCHEMA {name} CASCADE"), format!("DROP OWNED BY {name}"), format!("DROP ROLE {name}")] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
    }

    async fn a_user_whom_the_policies_would_blind_is_refused(world) {
        let name = format!("other_{}", uuid::Uuid::now_v7().simple());
        let schema = world.text("SELECT CAST(current_schema() AS TEXT)".to_owned()).await;
        let mut admin = PgConnection::connect(&world.url).await.unwrap();
        for sql in [
            format!("CREATE ROLE {name} LOGIN"),
            format!("GRANT ALL ON SCHEMA {schema} TO {name}"),
            format!("GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        let opened = Store::open(&format!("{}&user={name}", world.url)).await;
        assert!(opened.is_err(), "{opened:?}");
        for sql in [format!("DROP OWNED BY {name}"), format!("DROP ROLE {name}")] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
    }
}
