//! Shapes that exist for speed alone. Each notices when its assumption does not hold, and then takes the plain way.
//!
//! Each module says what is left of the speed without it: medians of `munadi bench` with and without in turns on two
//! cores, five pairs on SQLite (150,000 people) and three on PostgreSQL (100,000). Ratios from 0.95 to 1.05 are within
//! what this figure jitters by and are not named.

mod one_text;
mod plans;
mod statement_batch;

pub(crate) use one_text::{FIELD, ROW, fields_of};
pub(crate) use plans::Plans;
pub(crate) use statement_batch::StatementBatch;
