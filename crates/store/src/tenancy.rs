//! The second lock: on PostgreSQL, row-level security shows a member's handle the rows of its organisation and no others, even where a
//! query forgot to ask for them.
//!
//! A handle of a member runs each statement within a transaction as the role [`ROLE`], with its organisation in a setting of that transaction
//! that the policies compare. Role and setting end with the transaction, so a pooled connection carries nothing over. The
//! engine works as the owner of the tables, whom policies do not concern and whom they cost nothing.
//!
//! It guards against a forgotten condition, not against somebody who may write SQL: whoever can, can leave the role as well.
//!
//! The list below names every table that a member’s handle may touch, whose its rows are, and what may be done with
//! them; a test names tables without a line. `Store::open` makes policies and grants from this list when they differ
//! from those in the database (a comment on a policy keeps a mark of them), and then tries them. A single reading
//! statement sends role and organisation with its `BEGIN`, one exchange more than without, and leaves the rollback to
//! the return of the connection. A statement that did not come to its end closes its connection instead of giving it
//! back. Children without a column of the organisation are shown through their parent, and users through their
//! membership, without hashes. Where the role cannot be made, `Store::tenancy` says why, and the queries alone keep
//! organisations apart.

use std::time::Duration;

use domain::ids::OrganizationId;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tracing::warn;

use crate::{PAGE_STATEMENT, SCAN_STATEMENT, Store, db::Db, error::StoreError};

/// May not sign in, owns nothing, and is bound by every policy. Roles belong to the whole server: installations share it.
const ROLE: &str = "munadi_tenant";

/// The organisation of the transaction; none when it is not set.
const HERE: &str = "(SELECT CAST(NULLIF(current_setting('munadi.organization', TRUE), '') AS UUID))";

/// Which rows of a table belong to an organisation.
enum Whose {
    /// Those with it in this column.
    Column(&'static str),
    /// Those whose parent is one of its: column, table of the parent. The parent's own policy decides.
    Parent(&'static str, &'static str),
    /// Those of its members: column with the user.
    Member(&'static str),
}
use Whose::{Column, Member, Parent};

const ALL: &str = "SELECT, INSERT, UPDATE, DELETE";
const TENANT: Whose = Column("organization_id");

/// What a member's handle may touch, and of it what it may do. A table that is missing here cannot be touched at all.
const TABLES: &[(&str, Whose, &str)] = &[
    ("organizations", Column("id"), "SELECT, UPDATE"),
    ("memberships", TENANT, "SELECT, UPDATE, DELETE"),
    // No password hash, no token hash.
    ("users", Member("id"), "SELECT (id, name, email, super_admin)"),
    ("web_sessions", Member("user_id"), "SELECT (id, user_id, seen_at), DELETE"),
    ("access_links", TENANT, "SELECT, INSERT, DELETE"),
    // What was written down stays.
    ("audit_log", TENANT, "SELECT, INSERT"),
    ("workshop_tags", TENANT, ALL),
    ("workshops", TENANT, ALL),
    ("workshop_counts", Parent("workshop_id", "workshops"), ALL),
    ("leads", TENANT, ALL),
    ("registrants", TENANT, ALL),
    ("search_scopes", TENANT, "SELECT, UPDATE"),
    ("search_entries", TENANT, ALL),
    ("search_blocks", TENANT, ALL),
    ("imports", TENANT, ALL),
    ("import_rows", Parent("import_id", "imports"), ALL),
    ("import_words", TENANT, ALL),
    ("import_changes", Parent("import_id", "imports"), ALL),
    ("import_counts", TENANT, ALL),
    ("undoing", TENANT, ALL),
    ("import_differences", Parent("import_id", "imports"), ALL),
    ("corrections", TENANT, ALL),
    ("webhooks", TENANT, ALL),
    ("join_links", TENANT, ALL),
    ("attendance_reports", TENANT, ALL),
    ("attendance", TENANT, ALL),
    ("named_links", TENANT, ALL),
    ("alert_settings", TENANT, ALL),
    ("alert_members", TENANT, ALL),
    ("alerts", TENANT, ALL),
    ("alert_sends", TENANT, ALL),
    ("suppressions", TENANT, ALL),
    ("suppressions_lifted", TENANT, ALL),
    ("consents", TENANT, ALL),
    ("erased_numbers", TENANT, ALL),
    ("integrations", TENANT, ALL),
    ("integration_pace", Parent("integration_id", "integrations"), ALL),
    ("integration_people", Parent("integration_id", "integrations"), ALL),
    ("templates", TENANT, ALL),
    ("recordings", TENANT, ALL),
    ("post_files", TENANT, ALL),
    ("sequences", TENANT, ALL),
    ("sequence_versions", TENANT, "SELECT, INSERT"),
    ("workshop_plans", TENANT, ALL),
    ("plan_rows", TENANT, ALL),
    ("ladders", TENANT, ALL),
    ("rung_prices", Parent("broadcast_id", "broadcasts"), ALL),
    ("channel_defaults", TENANT, ALL),
    ("workshop_accounts", TENANT, ALL),
    ("rehearsals", TENANT, ALL),
    ("prices", TENANT, ALL),
    ("broadcasts", TENANT, ALL),
    ("broadcast_counts", Parent("broadcast_id", "broadcasts"), ALL),
    ("late_proofs", Parent("broadcast_id", "broadcasts"), ALL),
    ("broadcast_pace", Parent("broadcast_id", "broadcasts"), ALL),
    ("messages", TENANT, ALL),
    ("message_events", Parent("broadcast_id", "broadcasts"), ALL),
    ("look_ups", TENANT, ALL),
    ("calls", TENANT, ALL),
    ("test_calls", TENANT, ALL),
    ("receipts", TENANT, ALL),
    ("sent_fresh", TENANT, ALL),
    ("sent_ids", Parent("integration_id", "integrations"), ALL),
    ("user_ids", TENANT, ALL),
    ("groups", TENANT, ALL),
    ("workshop_groups", TENANT, ALL),
    ("linked_accounts", TENANT, ALL),
    ("member_receipts", TENANT, ALL),
    ("post_reach", TENANT, ALL),
    ("group_members", TENANT, ALL),
];

impl Whose {
    fn condition(&self, table: &str) -> String {
        match self {
            Column(column) => format!("{column} = {HERE}"),
            Parent(column, parent) => {
                format!("EXISTS (SELECT 1 FROM {parent} parent WHERE parent.id = {table}.{column})")
            }
            Member(column) => {
                format!("EXISTS (SELECT 1 FROM memberships member WHERE member.user_id = {table}.{column})")
            }
        }
    }
}

/// Every table that belongs to an organisation.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(table, ..)| *table)
}

/// Everything that makes row-level security, to be run as often as one likes.
fn plans() -> String {
    let mut plans = format!(
        "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema()); END $$;\n"
    );
    for (table, whose, may) in TABLES {
        let condition = whose.condition(table);
        plans.push_str(&format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             DROP POLICY IF EXISTS tenant ON {table};
             CREATE POLICY tenant ON {table} TO {ROLE} USING ({condition});
             REVOKE ALL ON {table} FROM {ROLE};
             GRANT {may} ON {table} TO {ROLE};\n"
        ));
    }
    plans
}

/// A short mark of the plans, kept as a comment beside them: as long as it is the same, there is nothing to build.
fn mark(plans: &str) -> String {
    hex::encode(&Sha256::digest(plans.as_bytes())[..8])
}

const IS_BUILT: &str = "SELECT EXISTS (
    SELECT 1 FROM pg_policy WHERE polrelid = to_regclass('organizations') AND polname = 'tenant'
      AND obj_description(oid, 'pg_policy') = $1
      -- A restored database may have the policies without the rights.
      AND EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = $2 AND has_table_privilege(r.oid, polrelid, 'SELECT')))";
/// Whether there is such a role, and whether we may become it.
const MAY_BECOME: &str =
    "SELECT COUNT(*), COUNT(*) FILTER (WHERE pg_has_role(oid, 'MEMBER')) FROM pg_roles WHERE rolname = $1";
/// Tables that the present role may read and that no policy guards.
const UNGUARDED: &str = "SELECT CAST(relname AS TEXT) FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind IN ('r', 'p')
      AND has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE') AND NOT row_security_active(oid)
    ORDER BY relname LIMIT 1";
/// One builder at a time in a database.
const BUILDING: &str = "SELECT pg_advisory_xact_lock(6021370911)";

/// How organisations are kept apart in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// By every query, and by policies once more.
    Stands,
    /// By the queries alone; why.
    Missing(String),
}

/// Builds what is missing, and tries whether it holds. What the database refuses is told, not fatal: the queries keep
/// organisations apart without it.
pub(crate) async fn raise(pool: &PgPool) -> Result<Tenancy, StoreError> {
    let tenancy = match build(pool).await {
        Ok(()) => tried(pool).await?,
        Err(error) => Tenancy::Missing(refusal(error)?),
    };
    let mut tx = pool.begin().await?;
    let (bound,): (bool,) = sqlx::query_as("SELECT row_security_active('messages')")
        .persistent(false)
        .fetch_one(&mut *tx)
        .await?;
    if bound {
        // The engine would see no row and do nothing, without a word.
        let words = "the tables belong to another database user, and row-level security hides their rows from this one; connect as their owner";
        return Err(StoreError::Address(words.to_owned()));
    }
    if let Tenancy::Missing(why) = &tenancy {
        warn!(
            "organisations are kept apart by the program's queries alone, without row-level security: {why}"
        );
    }
    Ok(tenancy)
}

/// What the database refuses, in its words; whatever else failed stays an error.
fn refusal(error: sqlx::Error) -> Result<String, StoreError> {
    match error {
        sqlx::Error::Database(said) => Ok(said.message().to_owned()),
        other => Err(other.into()),
    }
}

async fn build(pool: &PgPool) -> Result<(), sqlx::Error> {
    let plans = plans();
    let mark = mark(&plans);
    let mut tx = pool.begin().await?;
    if is_built(&mut tx, &mark).await? {
        return Ok(());
    }
    sqlx::raw_sql(BUILDING).execute(&mut *tx).await?;
    if is_built(&mut tx, &mark).await? {
        return Ok(());
    }
    let (roles, ours) = roles(&mut tx).await?;
    if roles == 0 {
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE ROLE {ROLE} NOLOGIN"))).execute(&mut *tx).await?;
    }
    if ours == 0 {
        sqlx::raw_sql(AssertSqlSafe(format!("GRANT {ROLE} TO CURRENT_USER"))).execute(&mut *tx).await?;
    }
    sqlx::raw_sql(AssertSqlSafe(plans)).execute(&mut *tx).await?;
    let comment = format!("COMMENT ON POLICY tenant ON organizations IS '{mark}'");
    sqlx::raw_sql(AssertSqlSafe(comment)).execute(&mut *tx).await?;
    tx.commit().await
}

async fn is_built(db: &mut PgConnection, mark: &str) -> Result<bool, sqlx::Error> {
    let (built,): (bool,) =
        sqlx::query_as(IS_BUILT).persistent(false).bind(mark).bind(ROLE).fetch_one(&mut *db).await?;
    Ok(built && roles(db).await?.1 > 0)
}

async fn roles(db: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(MAY_BECOME).persistent(false).bind(ROLE).fetch_one(db).await
}

/// Goes through the door once, and looks for tables without a lock.
async fn tried(pool: &PgPool) -> Result<Tenancy, StoreError> {
    let nobody = Tenant::of(OrganizationId(uuid::Uuid::nil()));
    let found: Result<Option<(String,)>, sqlx::Error> = async {
        let mut tx = pool.begin().await?;
        nobody.enter(&mut tx).await?;
        sqlx::query_as(UNGUARDED).persistent(false).fetch_optional(&mut *tx).await
    }
    .await;
    Ok(match found {
        Ok(None) => Tenancy::Stands,
        Ok(Some((table,))) => {
            Tenancy::Missing(format!("the role {ROLE} may touch {table} without a policy; revoke that right"))
        }
        Err(error) => Tenancy::Missing(refusal(error)?),
    })
}

impl Store {
    /// How organisations are kept apart in the database; `None` on SQLite, where the queries do it.
    pub fn tenancy(&self) -> Option<&Tenancy> {
        match &self.db {
            Db::Sqlite { .. } => None,
            Db::Postgres { tenancy, .. } => Some(tenancy),
        }
    }
}

/// Ends a statement of the transaction after that time, and within a second when its connection is closed.
pub(crate) fn limits(statement: Duration) -> String {
    let ms = statement.as_millis();
    format!("SET LOCAL statement_timeout = {ms}; SET LOCAL client_connection_check_interval = 1000")
}

/// The organisation that statements are bound to.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    enter: String,
    /// Longest time of one statement that only reads.
    statement: Duration,
}

impl Tenant {
    pub(crate) fn of(organization: OrganizationId) -> Tenant {
        let id = organization.0;
        Tenant {
            enter: format!("SET LOCAL ROLE {ROLE}; SET LOCAL munadi.organization = '{id}'"),
            statement: PAGE_STATEMENT,
        }
    }

    /// Gives statements the time of those that read much.
    pub(crate) fn scan_permit(self) -> Tenant {
        Tenant { statement: SCAN_STATEMENT, ..self }
    }

    /// Limits a transaction of one reading statement. The statement ends in time, and within a second after the page
    /// that waits for it has given up and closed its connection.
    pub(crate) fn reading(&self) -> String {
        format!("{}; {}", self.enter, limits(self.statement))
    }

    /// Binds an open transaction.
    pub(crate) async fn enter(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(self.enter.clone())).execute(tx).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_changes_with_the_plans_and_with_nothing_else() {
        assert_eq!(mark(&plans()), mark(&plans()));
        assert_ne!(mark(&plans()), mark("SELECT 1"));
    }
}
