//! A copy of what one workshop's plan follows from, in a database of its own: there the plan can be played with a clock that is turned by
//! hand. Secrets of accounts are not read at all; whoever plays puts stand-ins in their place.
//!
//! Every table of an organisation's is either copied or named in [`LEFT_OUT`]; a test holds the two against the schema. The copy is a SQLite file
//! whatever it is taken from. It is read in stretches and not in one transaction, beside people who work: what hangs together is mended at the
//! end (`MEND`), and the sums are counted from the rows.

use std::{fmt::Write as _, sync::Arc};

use domain::{
    ids::{IntegrationId, WorkshopId},
    role::Permission,
};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Column as _, FromRow, Row, TypeInfo, ValueRef, postgres::PgRow, sqlite::SqliteRow,
};
use uuid::Uuid;

use crate::{
    Store,
    db::{Arg, Tx, args},
    error::StoreError,
    org::Org,
};

/// Rows that are read at once.
const STRETCH: i64 = 2_000;

/// The stand-in of an account in a rehearsal.
#[derive(Clone)]
pub struct StandIn {
    /// The account that it stands in for.
    pub account: IntegrationId,
    /// The stand-in's settings, without secrets.
    pub settings: Value,
    /// The stand-in's secrets, sealed for this account.
    pub sealed: String,
    /// The part of the callback address by which its posts find the account.
    pub callback_key: String,
}

/// Which rows of a table are copied.
enum Rows {
    /// At once; `$1` is the organisation.
    OfOrganization(&'static str),
    /// At once; `$1` is the workshop, `$2` the organisation.
    OfWorkshop(&'static str),
    /// In stretches behind the id `$3`; `$1` is the workshop, `$2` the organisation.
    Stretches(&'static str),
    /// Of each broadcast of the workshop, in stretches behind the position `$2`; `$1` is the broadcast.
    Messages(&'static str),
}
use Rows::{Messages, OfOrganization, OfWorkshop, Stretches};

/// What is copied, parents first.
const COPIED: &[(&str, Rows)] = &[
    ("organizations", OfOrganization("SELECT * FROM organizations WHERE id = $1")),
    (
        "users",
        OfOrganization(
            "SELECT u.id, u.email, u.name, u.super_admin, CAST(0 AS BIGINT) AS created_at
             FROM users u JOIN memberships m ON m.user_id = u.id WHERE m.organization_id = $1",
        ),
    ),
    ("memberships", OfOrganization("SELECT * FROM memberships WHERE organization_id = $1")),
    (
        // No secret is read.
        "integrations",
        OfOrganization(
            "SELECT id, organization_id, kind, name, '{}' AS settings, '' AS secrets, '{}' AS hints, callback_key, per_second, per_day,
                    health, last_receipt_at, stopped_at, stopped_by, removed_at, secrets_set_by, secrets_set_at, created_at, portfolio
             FROM integrations WHERE organization_id = $1",
        ),
    ),
    (
        "integration_pace",
        OfOrganization(
            "SELECT p.* FROM integration_pace p JOIN integrations i ON i.id = p.integration_id WHERE i.organization_id = $1",
        ),
    ),
    (
        "integration_people",
        OfOrganization(
            "SELECT p.* FROM integration_people p JOIN integrations i ON i.id = p.integration_id WHERE i.organization_id = $1",
        ),
    ),
    ("linked_accounts", OfOrganization("SELECT * FROM linked_accounts WHERE organization_id = $1")),
    ("channel_defaults", OfOrganization("SELECT * FROM channel_defaults WHERE organization_id = $1")),
    ("recordings", OfOrganization("SELECT * FROM recordings WHERE organization_id = $1")),
    ("prices", OfOrganization("SELECT * FROM prices WHERE organization_id = $1")),
    ("workshop_tags", OfOrganization("SELECT * FROM workshop_tags WHERE organization_id = $1")),
    ("templates", OfOrganization("SELECT * FROM templates WHERE organization_id = $1")),
    ("sequences", OfOrganization("SELECT * FROM sequences WHERE organization_id = $1")),
    ("sequence_versions", OfOrganization("SELECT * FROM sequence_versions WHERE organization_id = $1")),
    ("named_links", OfOrganization("SELECT * FROM named_links WHERE organization_id = $1")),
    ("workshops", OfOrganization("SELECT * FROM workshops WHERE organization_id = $1")),
    (
        "workshop_counts",
        OfWorkshop(
            "SELECT c.* FROM workshop_counts c JOIN workshops w ON w.id = c.workshop_id WHERE w.id = $1 AND w.organization_id = $2",
        ),
    ),
    (
        "registrants",
        Stretches(
            "SELECT * FROM @registrants r WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.id > $3 ORDER BY r.id LIMIT $4",
        ),
    ),
    (
        // Registrations of the same people for workshops with a tag, by which a step may choose.
        "registrants",
        Stretches(
            "SELECT r.* FROM workshops w JOIN @registrants r ON r.workshop_id = w.id
             WHERE w.organization_id = $2 AND w.id <> $1 AND w.tag_id IS NOT NULL AND r.id > $3 AND r.phone <> ''
               AND r.phone IN (SELECT own.phone FROM @registrants own WHERE own.workshop_id = $1)
             ORDER BY r.id LIMIT $4",
        ),
    ),
    (
        "suppressions",
        Stretches(
            "SELECT * FROM suppressions WHERE organization_id = $2 AND CAST($1 AS UUID) IS NOT NULL AND id > $3 ORDER BY id LIMIT $4",
        ),
    ),
    (
        "consents",
        Stretches(
            "SELECT * FROM consents c WHERE c.organization_id = $2 AND c.id > $3
               AND c.phone IN (SELECT own.phone FROM @registrants own WHERE own.workshop_id = $1 AND own.phone <> '')
             ORDER BY c.id LIMIT $4",
        ),
    ),
    (
        "corrections",
        Stretches(
            "SELECT * FROM corrections WHERE workshop_id = $1 AND organization_id = $2 AND id > $3 ORDER BY id LIMIT $4",
        ),
    ),
    (
        "attendance_reports",
        OfWorkshop("SELECT * FROM attendance_reports WHERE workshop_id = $1 AND organization_id = $2"),
    ),
    ("attendance", OfWorkshop("SELECT * FROM attendance WHERE workshop_id = $1 AND organization_id = $2")),
    ("join_links", OfWorkshop("SELECT * FROM join_links WHERE workshop_id = $1 AND organization_id = $2")),
    ("groups", OfOrganization("SELECT * FROM groups WHERE organization_id = $1")),
    (
        "workshop_accounts",
        OfWorkshop("SELECT * FROM workshop_accounts WHERE workshop_id = $1 AND organization_id = $2"),
    ),
    (
        "workshop_groups",
        OfWorkshop("SELECT * FROM workshop_groups WHERE workshop_id = $1 AND organization_id = $2"),
    ),
    (
        "group_members",
        OfWorkshop(
            "SELECT m.* FROM workshop_groups w JOIN group_members m ON m.group_id = w.group_id
             WHERE w.workshop_id = $1 AND w.organization_id = $2",
        ),
    ),
    (
        "workshop_plans",
        OfWorkshop("SELECT * FROM workshop_plans WHERE workshop_id = $1 AND organization_id = $2"),
    ),
    ("ladders", OfWorkshop("SELECT * FROM ladders WHERE workshop_id = $1 AND organization_id = $2")),
    ("plan_rows", OfWorkshop("SELECT * FROM plan_rows WHERE workshop_id = $1 AND organization_id = $2")),
    ("broadcasts", OfWorkshop("SELECT * FROM broadcasts WHERE workshop_id = $1 AND organization_id = $2")),
    (
        // Of calls and texts so far, by which a ladder counts what it may still spend.
        "rung_prices",
        OfWorkshop(
            "SELECT p.* FROM broadcasts o JOIN rung_prices p ON p.broadcast_id = o.id WHERE o.workshop_id = $1 AND o.organization_id = $2",
        ),
    ),
    (
        "calls",
        OfWorkshop(
            "SELECT c.* FROM broadcasts o JOIN calls c ON c.broadcast_id = o.id WHERE o.workshop_id = $1 AND o.organization_id = $2",
        ),
    ),
    (
        "late_proofs",
        OfWorkshop(
            "SELECT p.* FROM broadcasts o JOIN late_proofs p ON p.broadcast_id = o.id WHERE o.workshop_id = $1 AND o.organization_id = $2",
        ),
    ),
    (
        "member_receipts",
        OfWorkshop(
            "SELECT r.* FROM broadcasts o JOIN member_receipts r ON r.broadcast_id = o.id
             WHERE o.workshop_id = $1 AND o.organization_id = $2",
        ),
    ),
    (
        "post_reach",
        OfWorkshop(
            "SELECT r.* FROM broadcasts o JOIN post_reach r ON r.broadcast_id = o.id
             WHERE o.workshop_id = $1 AND o.organization_id = $2",
        ),
    ),
    (
        "messages",
        Messages("SELECT * FROM messages WHERE broadcast_id = $1 AND position > $2 ORDER BY position LIMIT $3"),
    ),
];

/// Tables that no plan follows from: users and sessions, imports, the search index, alerts, what providers said, and
/// figures that are counted anew.
pub const LEFT_OUT: &[&str] = &[
    // A rehearsal judges no files, and its stand-ins fetch none.
    "post_files",
    "web_sessions",
    "access_links",
    "audit_log",
    "leads",
    "search_scopes",
    "search_entries",
    "search_blocks",
    "imports",
    "import_rows",
    "import_words",
    "import_changes",
    "import_counts",
    "import_differences",
    "undoing",
    "webhooks",
    "alert_settings",
    "alert_members",
    "alerts",
    "alert_sends",
    "suppressions_lifted",
    "erased_numbers",
    "broadcast_counts",
    "broadcast_pace",
    "message_events",
    "look_ups",
    "receipts",
    "sent_fresh",
    "sent_ids",
    "user_ids",
    "rehearsals",
    "test_calls",
];

/// Makes the copy consistent, whatever changed while it was read: calls under way count as handed over, a broadcast
/// that was being planned is planned anew, a step that another process held is free, and the sums are counted from the
/// rows.
const MEND: &[&str] = &[
    "DELETE FROM messages WHERE broadcast_id IN (SELECT id FROM broadcasts WHERE status = 'planning' AND channel <> 'group')",
    "UPDATE broadcasts SET plan_phone = '', plan_identity = '', planned = 0, units = 0, content = '', cursor = 0
     WHERE status = 'planning' AND channel <> 'group'",
    "UPDATE messages SET state = 'sent', sent_at = COALESCE(sent_at, changed_at) WHERE state = 'in_flight'",
    "UPDATE messages SET worker_id = NULL",
    "UPDATE plan_rows SET claimed_until = 0",
    "DELETE FROM broadcast_counts",
    // By the same rule as `CountMoves`: what moves them later finds them under these reasons.
    "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost)
     SELECT broadcast_id, state,
            CASE WHEN state IN ('waiting', 'in_flight', 'sent', 'delivered', 'read') THEN '' ELSE reason END AS grouped,
            COUNT(*), COALESCE(SUM(cost), 0)
     FROM messages GROUP BY broadcast_id, state, grouped",
];

/// Every table that is copied or left out, for the test that asks the schema for another one.
pub fn known_tables() -> impl Iterator<Item = &'static str> {
    COPIED.iter().map(|(table, _)| *table).chain(LEFT_OUT.iter().copied())
}

/// Every table that belongs to an organisation.
pub fn all_tables() -> impl Iterator<Item = &'static str> {
    crate::tenancy::tables()
}

/// A value of any column.
#[derive(Clone, Debug)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of any table, with the names of its columns.
struct AnyRow {
    columns: Vec<String>,
    cells: Vec<Cell>,
}

fn unreadable(kind: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("a value of the kind {kind} cannot be copied").into())
}

impl FromRow<'_, SqliteRow> for AnyRow {
    fn from_row(row: &SqliteRow) -> Result<AnyRow, sqlx::Error> {
        let mut any = AnyRow { columns: vec![], cells: vec![] };
        for column in row.columns() {
            let at = column.ordinal();
            let raw = row.try_get_raw(at)?;
            let kind = raw.type_info().name().to_owned();
            let cell = if raw.is_null() {
                Cell::Null
            } else {
                match kind.as_str() {
                    "INTEGER" | "INT4" | "INT8" | "BIGINT" | "BOOLEAN" => {
                        Cell::Int(row.try_get_unchecked(at)?)
                    }
                    "TEXT" => Cell::Text(row.try_get_unchecked(at)?),
                    "BLOB" => Cell::Bytes(row.try_get_unchecked(at)?),
                    other => return Err(unreadable(other)),
                }
            };
            any.columns.push(column.name().to_owned());
            any.cells.push(cell);
        }
        Ok(any)
    }
}

impl FromRow<'_, PgRow> for AnyRow {
    fn from_row(row: &PgRow) -> Result<AnyRow, sqlx::Error> {
        let mut any = AnyRow { columns: vec![], cells: vec![] };
        for column in row.columns() {
            let at = column.ordinal();
            let raw = row.try_get_raw(at)?;
            let kind = raw.type_info().name().to_owned();
            let cell = if raw.is_null() {
                Cell::Null
            } else {
                match kind.as_str() {
                    "INT8" => Cell::Int(row.try_get(at)?),
                    "INT4" => Cell::Int(i64::from(row.try_get::<i32, _>(at)?)),
                    "BOOL" => Cell::Int(i64::from(row.try_get::<bool, _>(at)?)),
                    "TEXT" | "VARCHAR" => Cell::Text(row.try_get(at)?),
                    "UUID" => Cell::Bytes(row.try_get::<Uuid, _>(at)?.as_bytes().to_vec()),
                    "BYTEA" => Cell::Bytes(row.try_get(at)?),
                    other => return Err(unreadable(other)),
                }
            };
            any.columns.push(column.name().to_owned());
            any.cells.push(cell);
        }
        Ok(any)
    }
}

impl AnyRow {
    fn cell(&self, column: &str) -> Option<&Cell> {
        self.columns.iter().position(|one| one == column).and_then(|at| self.cells.get(at))
    }

    fn id(&self) -> Result<Uuid, StoreError> {
        match self.cell("id") {
            Some(Cell::Bytes(bytes)) => {
                Uuid::from_slice(bytes).map_err(|_| StoreError::Down(unreadable("id")))
            }
            _ => Err(StoreError::Down(unreadable("id"))),
        }
    }

    fn position(&self) -> i64 {
        match self.cell("position") {
            Some(Cell::Int(position)) => *position,
            _ => i64::MAX,
        }
    }
}

/// Writes rows of one table into the copy, in one transaction.
async fn write(to: &Store, table: &str, rows: Vec<AnyRow>) -> Result<(), StoreError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let mut sql = format!("INSERT OR IGNORE INTO {table} ({}) VALUES (", first.columns.join(", "));
    for at in 1..=first.columns.len() {
        let _ = write!(sql, "{}?{at}", if at == 1 { "" } else { ", " });
    }
    sql.push(')');
    let sql: Arc<str> = sql.into();
    let mut open = to.db.begin().await?;
    let Tx::Sqlite { tx, unfit } = &mut open else {
        return Err(StoreError::Address("a copy is a SQLite file".to_owned()));
    };
    for row in rows {
        let mut query = sqlx::query(AssertSqlSafe(Arc::clone(&sql)));
        for cell in row.cells {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Int(number) => query.bind(number),
                Cell::Text(text) => query.bind(text),
                Cell::Bytes(bytes) => query.bind(bytes),
            };
        }
        unfit.heed(query.execute(&mut **tx).await)?;
    }
    open.commit().await
}

impl Org {
    /// Copies everything that a workshop's plan follows from into an empty database: the organisation's settings,
    /// templates and sequences, and the workshop with its people, groups and broadcasts. Its accounts lead to
    /// stand-ins. An account without one cannot be opened there.
    ///
    /// # Errors
    /// When there is no such workshop, the role does not allow it, or a store does not answer.
    pub async fn copy_workshop(
        &self,
        workshop: WorkshopId,
        to: &Store,
        stand_ins: &[StandIn],
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        self.workshop(workshop).await?;
        let reader = self.scan_permit().await?;
        for (table, rows) in COPIED {
            reader.copy_table(workshop, table, rows, to).await?;
        }
        drop(reader);
        let mut tx = to.db.begin().await?;
        for stand_in in stand_ins {
            tx.run(
                "UPDATE integrations SET settings = $2, secrets = $3, callback_key = $4 WHERE id = $1",
                args![
                    stand_in.account.0,
                    stand_in.settings.to_string(),
                    &stand_in.sealed,
                    &stand_in.callback_key
                ],
            )
            .await?;
        }
        for sql in MEND {
            tx.run(sql, args![]).await?;
        }
        tx.commit().await
    }

    async fn copy_table(
        &self,
        workshop: WorkshopId,
        table: &str,
        rows: &Rows,
        to: &Store,
    ) -> Result<(), StoreError> {
        match rows {
            OfOrganization(sql) => write(to, table, self.db.all(sql, args![self.id()]).await?).await,
            OfWorkshop(sql) => write(to, table, self.db.all(sql, args![workshop.0, self.id()]).await?).await,
            Stretches(sql) => {
                let mut after = Uuid::nil();
                loop {
                    let args = args![workshop.0, self.id(), after, STRETCH];
                    let rows: Vec<AnyRow> = self.db.all(sql, args).await?;
                    let Some(last) = rows.last() else { return Ok(()) };
                    after = last.id()?;
                    write(to, table, rows).await?;
                }
            }
            Messages(sql) => {
                let broadcasts: Vec<(Uuid,)> = self
                    .db
                    .all(
                        "SELECT id FROM broadcasts WHERE workshop_id = $1 AND organization_id = $2",
                        args![workshop.0, self.id()],
                    )
                    .await?;
                for (broadcast,) in broadcasts {
                    self.copy_messages(broadcast, table, sql, to).await?;
                }
                Ok(())
            }
        }
    }

    async fn copy_messages(
        &self,
        broadcast: Uuid,
        table: &str,
        sql: &'static str,
        to: &Store,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let args: Vec<Arg> = args![broadcast, after, STRETCH];
            let rows: Vec<AnyRow> = self.db.all(sql, args).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.position();
            write(to, table, rows).await?;
        }
    }
}
