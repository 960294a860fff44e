//! How PostgreSQL finds its way to rows, said for the length of one transaction, so that a new table inherits nothing.
//!
//! Without it on PostgreSQL, in a database that began empty: sends of a small broadcast 0.82, of a large one 0.42,
//! people registered 0.34, receipts applied 0.82, reports of SMS applied 0.45; and sending slows down as the table
//! grows (a message of the large broadcast costs 2.4 times as much as one of the small).

/// Planner settings of a transaction that keeps to indexes (`Db::by_index`).
///
/// A statement over rows that come by the thousand takes them by a key or in the order of one, and says so. PostgreSQL
/// guesses otherwise as long as it has no statistics, and keeps for a connection what it guessed when the tables were
/// empty. So it is kept from walking, sorting and hashing whole tables where there is another way. A statement that
/// compares two long lists has to say how: see `candidates_of_requests` in the receipts. (A forbidden step costs so much
/// in its eyes that it would compile the statement: hence `jit`.)
const BEGIN_BY_INDEX: &str = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
     SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off; \
     SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off";
/// A plan is made for the table as it is at this moment, not kept from when it was empty.
const BEGIN_FRESH: &str = "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan";
const BEGIN: &str = "BEGIN";

/// How PostgreSQL finds its way to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plans {
    /// As it thinks best at the moment; a prepared statement may keep its plan.
    Kept,
    /// As it thinks best for the values and the size of the tables at this moment.
    Fresh,
    /// By an index wherever there is one.
    ByIndex,
}

impl Plans {
    /// What a transaction begins with.
    pub(crate) fn opening(self) -> &'static str {
        match self {
            Plans::Kept => BEGIN,
            Plans::Fresh => BEGIN_FRESH,
            Plans::ByIndex => BEGIN_BY_INDEX,
        }
    }
}
