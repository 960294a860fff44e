//! Readers of people see the tables without what an undone import left behind.

use super::Dialect;

/// The text that takes the place of a table in a query: those of its rows that readers see. Imports in `undoing` were
/// taken back; their rows are cleared behind that mark. Both databases read it as the table with one condition more.
/// PostgreSQL is given the imports as one array: of a subquery it thought that it cost something for each row, and
/// walked over workshops instead.
pub(super) fn shown(dialect: Dialect) -> [(&'static str, &'static str); 2] {
    macro_rules! shown {
        ($table:literal, $not_in:literal) => {
            (
                concat!("@", $table),
                concat!("(SELECT * FROM ", $table, " WHERE COALESCE(import_id, id) ", $not_in, ")"),
            )
        };
    }
    match dialect {
        Dialect::Sqlite => [
            shown!("registrants", "NOT IN (SELECT import_id FROM undoing)"),
            shown!("leads", "NOT IN (SELECT import_id FROM undoing)"),
        ],
        Dialect::Postgres => [
            shown!("registrants", "<> ALL (ARRAY(SELECT import_id FROM undoing))"),
            shown!("leads", "<> ALL (ARRAY(SELECT import_id FROM undoing))"),
        ],
    }
}
