//! Reads people out of the files that operators have: CSV and its relatives, and XLSX.
//!
//! [`Sheet::open`] finds out what a file is (kind, encoding, separator, header, columns), [`Mapping::guess`] says which
//! column holds what, [`Sheet::rows`] streams the people with everything that is wrong with each row. Memory does not
//! grow with the file (an XLSX file's table of shared strings apart, which has a limit; see `limits`). Nothing is stored here, and the same number
//! twice in a file is the store's to see: it knows whom the organisation has already.
//!
//! What a row needs, decided in one place ([`Row::verdict`]): a number that cannot be read makes the row bad, to be
//! corrected or skipped; a missing number, name or e-mail, an unreadable e-mail or an unknown status is a warning and
//! the person is imported without it; a row with neither name, e-mail nor number is bad, and so is one whose date of registration
//! cannot be read.

mod dates;
mod detect;
mod error;
mod header;
mod limits;
mod mapping;
mod record;
mod rows;
mod sheet;
mod text;
mod xlsx;

pub use dates::{DateError, DateOrder, OrderFound, Orders, read_date};
pub use detect::{Encoding, Source};
pub use error::SheetError;
pub use mapping::{Field, Mapping};
pub use rows::{Candidate, CellProblem, PhoneCell, Progress, Row, Rows, Verdict, source_of, yes_or_no};
pub use sheet::{Column, Kind, Sheet};

#[cfg(test)]
mod tests;
