//! One row as a person, and what it is good for.

use std::fmt;

use domain::email::Email;
use domain::name::PersonName;
use domain::phone::{Phone, PhoneError};
use domain::time::Millis;
use domain::workshop::RegistrantStatus;

use super::Field;
use super::words::{Agreed, StatusMeaning};

/// One row that is not blank.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The row as a spreadsheet counts, from 1, header and blank rows included.
    pub line: u64,
    /// The mapped cells as they stand in the file, for the error page; of several columns of numbers the one that was read.
    pub cells: Vec<(Field, String)>,
    /// Who it is, as far as it could be read.
    pub person: Candidate,
    /// What a person should look at; empty for a clean row.
    pub problems: Vec<CellProblem>,
    /// It stands below the list and lacks what the others have: perhaps no person.
    pub in_doubt: bool,
}

/// Whether a row may be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row is imported.
    Good,
    /// The row is imported, and what is missing is shown.
    Warned,
    /// The row is not imported until it is corrected: its number cannot be read, it may not be a person, or it is
    /// empty.
    Bad,
    /// The row is not imported, because its status gives no place.
    LeftOut,
    /// The row is not imported before somebody explains its status.
    Unknown,
    /// The row has no status although others have one. It is imported where no row has one, or where somebody says
    /// so.
    NoStatus,
}

impl Row {
    /// The one place that decides what a row is good for.
    pub fn verdict(&self) -> Verdict {
        match &self.person {
            Candidate { status: StatusCell::Means(StatusMeaning::LeftOut), .. } => Verdict::LeftOut,
            Candidate { status: StatusCell::Unknown, .. } => Verdict::Unknown,
            Candidate { phone: PhoneCell::Bad { .. }, .. } => Verdict::Bad,
            Candidate { phone: PhoneCell::Missing, name: None, email: None, .. } => Verdict::Bad,
            _ if self.in_doubt => Verdict::Bad,
            Candidate { status: StatusCell::Empty, .. } => Verdict::NoStatus,
            _ if self.problems.is_empty() => Verdict::Good,
            _ => Verdict::Warned,
        }
    }

    /// A mapped cell as it stands in the file; empty when the field has no column or the row is shorter.
    pub fn cell(&self, field: Field) -> &str {
        self.cells.iter().find(|(of, _)| *of == field).map_or("", |(_, text)| text)
    }
}

/// Numbers and addresses stay out of logs: only the line and what was found.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row {{ line: {}, person: {:?}, problems: {:?} }}", self.line, self.person, self.problems)
    }
}

/// A person as read from one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Whole name, joined from two columns when need be.
    pub name: Option<PersonName>,
    /// The e-mail address; `None` where there is none that can be read.
    pub email: Option<Email>,
    /// The number, or why there is none.
    pub phone: PhoneCell,
    /// The person's other numbers in the row, in the order of the columns.
    pub other_phones: Vec<Phone>,
    /// The status of the registration in the row.
    pub status: StatusCell,
    /// What the person agreed to; `None` where the row says nothing, or says it in unknown words.
    pub consent: Option<Agreed>,
    /// Whether the person wants no messages.
    pub opted_out: bool,
    /// The columns in which they say so, from 0. Each is about its own channel.
    pub refused_in: Vec<usize>,
    /// Where the person came from, as written.
    pub source: Option<String>,
    /// When they registered; `None` when the file says nothing, or something that cannot be read.
    pub registered_at: Option<Millis>,
    /// The id that the maker of the list gave the registration.
    pub reference: Option<String>,
}

/// What a row says about where the registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusCell {
    /// The file has no column for it.
    NoColumn,
    /// The file has one, and nothing stands there.
    Empty,
    /// A word that is known, or that somebody explained.
    Means(StatusMeaning),
    /// A word that nobody has explained.
    Unknown,
}

impl StatusCell {
    /// The status to register with; `None` when the row says nothing, or nothing that can be taken.
    pub fn status(self) -> Option<RegistrantStatus> {
        match self {
            StatusCell::Means(meaning) => meaning.status(),
            StatusCell::NoColumn | StatusCell::Empty | StatusCell::Unknown => None,
        }
    }
}

/// What a row says about the person's number.
#[derive(Clone, PartialEq, Eq)]
pub enum PhoneCell {
    /// A number that can be used.
    Ok(Phone),
    /// Nothing, or a word for nothing (`-`, `N/A`).
    Missing,
    /// Something that cannot be used.
    Bad {
        /// What is wrong with the number, in words for people.
        error: NumberError,
        /// The text of the cell.
        raw: String,
    },
}

impl fmt::Debug for PhoneCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhoneCell::Ok(phone) => phone.fmt(f),
            PhoneCell::Missing => f.write_str("Missing"),
            PhoneCell::Bad { error: NumberError::Cell(error), .. } => write!(f, "Bad({error:?})"),
            PhoneCell::Bad { error, .. } => write!(f, "Bad({error:?})"),
        }
    }
}

/// Why a cell is not the number of the person in its row. Its `Display` is shown to people as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text of the cell is not a number.
    #[error(transparent)]
    Cell(#[from] PhoneError),
    /// The row names a country that is not understood: its numbers are not taken for Indian ones.
    #[error(
        "The country “{0}” is not known, so the number cannot be read. Write the number with + and its country code."
    )]
    Country(String),
    /// The cell says that the number is somebody else's.
    #[error(
        "Beside the number stands “{0}”, so it may be somebody else's or wrong. Write the person's own number."
    )]
    SomebodyElse(String),
    /// Digits that nobody's number has.
    #[error("These digits look made up. Write the person's own number.")]
    MadeUp,
}

/// Something about a row for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellProblem {
    /// The cell; `None` when it is about the whole row.
    pub field: Option<Field>,
    /// What happened and what to do, for people.
    pub message: String,
}
