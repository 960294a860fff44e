//! Reads people out of the files that operators have: CSV and its relatives, and XLSX.
//!
//! [`Sheet::open`] finds out what a file is (kind, encoding, separator, header, columns), [`Mapping::guess`] says which
//! column holds what, [`Sheet::rows`] streams the people with everything that is wrong with each row. Memory does not
//! grow with the file (an XLSX file's table of shared strings apart, which has a limit; see `limits`). Nothing is stored here, and the same number
//! twice in a file is the store's to see: it knows whom the organisation has already.
//!
//! What a row is good for is decided in one place ([`Row::verdict`]). A number that cannot be read makes the row bad, to be corrected or
//! skipped, and so does a row with neither name, e-mail nor number. A missing number, name or e-mail, an unreadable e-mail or time is a
//! warning, and the person is imported without it. A status that takes the place away leaves the row out; one that is not known is a
//! question: a default never adds a person. Whose number a column holds, which words mean what and which rows are no people is data in
//! `words/` and `shape.rs`.

mod content;
mod dates;
mod detect;
mod error;
mod header;
mod limits;
mod mapping;
mod person;
mod reading;
mod record;
mod rows;
mod shape;
mod sheet;
mod sheet_flags;
mod states;
mod text;
mod unused;
mod words;
mod xlsx;

pub use dates::{DateError, DateOrder, OrderFound, Orders, read_date};
pub use detect::{Encoding, Source};
pub use error::SheetError;
pub use mapping::{Field, Mapping};
pub use person::{Candidate, CellProblem, NumberError, PhoneCell, Row, StatusCell, Verdict};
pub use reading::{reference_of, source_of, wants_none};
pub use rows::{Progress, ReadSummary, Rows};
pub use sheet::{Column, Kind, Sheet};
pub use sheet_flags::SheetFlags;
pub use states::{NO_STATUS_KEY, NO_STATUS_WORD, StatusSeen};
pub use unused::NotUsed;
pub use words::{Agreed, StatusMeaning, agreed, status_key, yes_or_no};
pub(crate) use words::{is_somebody_elses, line_against, remarks_against, tidy, title_score};

#[cfg(test)]
mod cases;
#[cfg(test)]
mod cases_of_lists;
#[cfg(test)]
mod cases_of_notes;
#[cfg(test)]
mod cases_of_numbers;
#[cfg(test)]
mod cases_of_places;
#[cfg(test)]
mod cases_of_tools;
#[cfg(test)]
mod cases_of_wishes;
#[cfg(test)]
mod tests;
