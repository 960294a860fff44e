//! Shapes that exist for speed alone. Each module says what it gains, measured with `munadi bench` as pairs of the
//! program with and without it on two cores. Each notices when its assumption does not hold, and then takes the plain
//! way.

mod one_text;
mod plans;
mod statement_batch;

pub(crate) use one_text::{FIELD, ROW, fields_of};
pub(crate) use plans::Plans;
pub(crate) use statement_batch::StatementBatch;
