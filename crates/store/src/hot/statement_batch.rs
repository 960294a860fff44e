//! Statements that go to the database together. Each exchange with it costs two changes of thread on SQLite and a way
//! over the network on PostgreSQL, which is more than most statements of a turn take.
//!
//! Without it on SQLite: SMS with a text for each 0.82, SMS in requests of a hundred 0.85. On PostgreSQL over the loopback
//! address: SMS in requests of a hundred 0.71; a network would cost more.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, OnceLock, RwLock},
};

use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Either, Executor as _, Row as _};

use crate::{
    db::{Arg, Batch, Dialect, Tx, bind_all, bind_postgres_batch, translated},
    error::{StoreError, before_commit},
};

/// More are sent in several exchanges, so that few different texts come about.
const MOST: usize = 9;

struct Statement {
    sql: &'static str,
    args: Vec<Arg>,
    batch: Option<Batch>,
    /// Rows that it has to touch.
    expected: Option<u64>,
}

/// Statements that change rows, none of them the same row as another, gathered to be sent together. They see the database
/// as it is before the first of them.
#[derive(Default)]
pub(crate) struct StatementBatch {
    statements: Vec<Statement>,
    misfits: bool,
}

impl StatementBatch {
    pub(crate) fn run(&mut self, sql: &'static str, args: Vec<Arg>) {
        self.statements.push(Statement { sql, args, batch: None, expected: None });
    }

    pub(crate) fn run_batch(&mut self, sql: &'static str, args: Vec<Arg>, batch: Batch) {
        self.statements.push(Statement { sql, args, batch: Some(batch), expected: None });
    }

    /// Says how many rows the last statement has to touch.
    pub(crate) fn expecting(&mut self, rows: usize) {
        if let Some(last) = self.statements.last_mut() {
            last.expected = Some(rows as u64);
        }
    }

    /// Sends what was gathered. `false` when a statement, now or earlier, did not touch the rows that it had to.
    pub(crate) async fn send(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        while !self.statements.is_empty() {
            let rest = self.statements.split_off(self.statements.len().min(MOST));
            let statements = std::mem::replace(&mut self.statements, rest);
            let expected: Vec<Option<u64>> = statements.iter().map(|statement| statement.expected).collect();
            let touched = match tx {
                Tx::Sqlite { tx, unfit } => unfit.heed(sqlite(tx, statements).await)?,
                Tx::Postgres { tx, prepares, .. } => postgres(tx, statements, *prepares).await?,
            };
            let fits = |(expected, rows): (&Option<u64>, &u64)| expected.is_none_or(|n| n == *rows);
            self.misfits |= touched.len() != expected.len() || !expected.iter().zip(&touched).all(fits);
        }
        Ok(!self.misfits)
    }
}

/// One text with several statements; rows touched by each.
async fn sqlite(
    tx: &mut sqlx::Transaction<'static, sqlx::Sqlite>,
    statements: Vec<Statement>,
) -> Result<Vec<u64>, sqlx::Error> {
    let text = joined(&statements, Dialect::Sqlite);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for statement in statements {
        query = bind_all!(query, statement.args);
        if let Some(batch) = statement.batch {
            query = query.bind(batch.json());
        }
    }
    let ended = tx.fetch_many(query).try_filter_map(async |step| {
        Ok(match step {
            Either::Left(done) => Some(done.rows_affected()),
            Either::Right(_) => None,
        })
    });
    ended.try_collect().await
}

/// One statement that has the others as its parts; rows touched by each.
async fn postgres(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
    statements: Vec<Statement>,
    prepares: bool,
) -> Result<Vec<u64>, StoreError> {
    let (text, parts) = (joined(&statements, Dialect::Postgres), statements.len());
    let mut query = sqlx::query(AssertSqlSafe(text)).persistent(prepares);
    for statement in statements {
        query = bind_all!(query, statement.args);
        if let Some(batch) = statement.batch {
            query = bind_postgres_batch!(query, batch);
        }
    }
    let row = query.fetch_one(&mut **tx).await.map_err(before_commit)?;
    let touched = (0..parts).map(|part| row.try_get::<i64, _>(part).map(i64::unsigned_abs));
    Ok(touched.collect::<Result<_, _>>()?)
}

/// The text that holds them all. Kept, because the same statements come together again and again.
fn joined(statements: &[Statement], dialect: Dialect) -> Arc<str> {
    /// A text is known by where it stands and by its shape: two texts at one address with as many parameters are the same text.
    type Shape = (usize, usize, usize, usize);
    type Known = RwLock<HashMap<(Vec<Shape>, Dialect), Arc<str>>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::default);
    let bound_by =
        |statement: &Statement| statement.batch.as_ref().map_or(0, |batch| batch.parameters(dialect));
    let shape = |statement: &Statement| {
        (statement.sql.as_ptr().addr(), statement.sql.len(), statement.args.len(), bound_by(statement))
    };
    let key = (statements.iter().map(shape).collect(), dialect);
    if let Some(text) = known.read().expect("no panic while held").get(&key) {
        return Arc::clone(text);
    }
    let mut bound = 0;
    let mut texts = Vec::with_capacity(statements.len());
    for statement in statements {
        let text = translated(statement.sql, dialect, statement.args.len(), statement.batch.as_ref());
        texts.push(with_parameters_from(&text, bound));
        bound += statement.args.len() + bound_by(statement);
    }
    let text: Arc<str> = match dialect {
        Dialect::Sqlite => texts.join(";\n"),
        Dialect::Postgres => {
            let parts =
                texts.iter().enumerate().map(|(at, text)| format!("part{at} AS ({text} RETURNING 1)"));
            let counts = (0..texts.len()).map(|at| format!("(SELECT COUNT(*) FROM part{at})"));
            format!(
                "WITH {} SELECT {}",
                parts.collect::<Vec<_>>().join(",\n"),
                counts.collect::<Vec<_>>().join(", ")
            )
        }
    }
    .into();
    known.write().expect("no panic while held").insert(key, Arc::clone(&text));
    text
}

/// The text with `$1` as the parameter after the first `bound`, and so on.
fn with_parameters_from(text: &str, bound: usize) -> String {
    let mut pieces = text.split('$');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let number: usize = piece[..end].parse().expect("a parameter has a number");
        // Writing into a string does not fail.
        let _ = write!(out, "${}{}", number + bound, &piece[end..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;

    #[test]
    fn parameters_of_later_statements_follow_those_of_earlier_ones() {
        let mut statements = StatementBatch::default();
        statements.run("UPDATE a SET x = $2 WHERE id = $1", args![1_i64, 2_i64]);
        statements.run_batch(
            "UPDATE c SET y = b.y FROM @batch WHERE c.id = b.id AND c.z = $1",
            args![3_i64],
            Batch::new().ints("id", [1_i64]).ints("y", [2_i64]),
        );
        statements.run("DELETE FROM d WHERE id = $1", args![4_i64]);
        assert_eq!(
            &*joined(&statements.statements, Dialect::Postgres),
            "WITH part0 AS (UPDATE a SET x = $2 WHERE id = $1 RETURNING 1),\n\
             part1 AS (UPDATE c SET y = b.y FROM unnest($4::bigint[], $5::bigint[]) AS b(id, y) WHERE c.id = b.id AND c.z = $3 RETURNING 1),\n\
             part2 AS (DELETE FROM d WHERE id = $6 RETURNING 1) \
             SELECT (SELECT COUNT(*) FROM part0), (SELECT COUNT(*) FROM part1), (SELECT COUNT(*) FROM part2)"
        );
        assert_eq!(
            &*joined(&statements.statements, Dialect::Sqlite),
            "UPDATE a SET x = $2 WHERE id = $1;\n\
             UPDATE c SET y = b.y FROM (SELECT value ->> 0 AS id, value ->> 1 AS y FROM jsonb_each($4)) AS b WHERE c.id = b.id AND c.z = $3;\n\
             DELETE FROM d WHERE id = $5"
        );
    }
}
