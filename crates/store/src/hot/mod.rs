//! Shapes that exist for speed alone. Each says what it costs to leave it out, measured with `munadi bench` as pairs of the program with
//! and without it on two cores; each finds out by itself when what it relies on does not hold, and then takes the plain way.

mod one_text;
mod plans;
mod statement_batch;

pub(crate) use one_text::{FIELD, ROW, fields_of};
pub(crate) use plans::Plans;
pub(crate) use statement_batch::StatementBatch;
