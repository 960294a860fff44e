//! Rows as people, each with what is wrong with it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::email::Email;
use domain::name::PersonName;
use domain::phone::{Country, Phone, PhoneError};
use domain::text::line;
use domain::time::{Millis, Zone};
use domain::workshop::RegistrantStatus;

use super::dates::read_date;
use super::record::Record;
use super::sheet::Records;
use super::{Field, Mapping, SheetError};

/// One row that is not blank.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The row as a spreadsheet counts, from 1, header and blank rows included.
    pub line: u64,
    /// The mapped cells as they stand in the file, for the error page.
    pub cells: Vec<(Field, String)>,
    /// Who it is, as far as it could be read.
    pub person: Candidate,
    /// What a person should look at; empty for a clean row.
    pub problems: Vec<CellProblem>,
}

/// What may be done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Import it.
    Good,
    /// Import it, and show what is missing.
    Warned,
    /// Not to be imported until corrected: its number or date cannot be read, or there is nothing in it.
    Bad,
}

impl Row {
    /// The one place that decides what a row is good for.
    pub fn verdict(&self) -> Verdict {
        match &self.person {
            Candidate { phone: PhoneCell::Bad { .. }, .. } => Verdict::Bad,
            Candidate { phone: PhoneCell::Missing, name: None, email: None, .. } => Verdict::Bad,
            // A wrong date would order people wrongly for ever; nobody would look at a warning.
            _ if self.problems.iter().any(|problem| problem.field == Some(Field::RegisteredAt)) => {
                Verdict::Bad
            }
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
    /// Address, when there is a readable one.
    pub email: Option<Email>,
    /// Number, or why there is none.
    pub phone: PhoneCell,
    /// `None` when the file says nothing, or says it in unknown words.
    pub status: Option<RegistrantStatus>,
    /// Whether they agreed to promotion; `None` when the file says nothing, or says it in unknown words.
    pub consent: Option<bool>,
    /// Where the person came from, as written.
    pub source: Option<String>,
    /// When they registered; `None` when the file says nothing, or something that cannot be read.
    pub registered_at: Option<Millis>,
}

/// What a row says about the number.
#[derive(Clone, PartialEq, Eq)]
pub enum PhoneCell {
    /// A number.
    Ok(Phone),
    /// Nothing, or a word for nothing (`-`, `N/A`).
    Missing,
    /// Something that cannot be used.
    Bad {
        /// Why, for people.
        error: PhoneError,
        /// As it stands in the file.
        raw: String,
    },
}

impl fmt::Debug for PhoneCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhoneCell::Ok(phone) => phone.fmt(f),
            PhoneCell::Missing => f.write_str("Missing"),
            PhoneCell::Bad { error, .. } => write!(f, "Bad({error:?})"),
        }
    }
}

/// Something about a row for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellProblem {
    /// The cell; `None` when it is about the whole row.
    pub field: Option<Field>,
    /// What happened and what to do, for people.
    pub message: String,
}

/// How far reading is, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file read so far. In a workbook a place in the file: it may begin in the middle.
    pub bytes: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
    /// Rows given out so far.
    pub rows: u64,
}

/// The people of a sheet, one row at a time. After an error it ends.
pub struct Rows<'s> {
    records: Records<'s>,
    record: Record,
    mapping: Mapping,
    home: Country,
    zone: Zone,
    /// The last country cell and what it meant: files repeat one code a million times.
    country: (String, Option<Country>),
    first_line: u64,
    width: usize,
    position: (Arc<AtomicU64>, u64),
    given: u64,
    ended: bool,
}

impl<'s> Rows<'s> {
    pub(super) fn new(
        records: Records<'s>,
        mapping: Mapping,
        home: Country,
        first_line: u64,
        width: usize,
        position: (Arc<AtomicU64>, u64),
    ) -> Rows<'s> {
        let (record, country) = (Record::default(), (String::new(), None));
        let zone = Zone::india();
        Rows {
            records,
            record,
            mapping,
            home,
            zone,
            country,
            first_line,
            width,
            position,
            given: 0,
            ended: false,
        }
    }

    /// Reads dates without an offset in that zone; India's unless said.
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// How far reading is.
    pub fn progress(&self) -> Progress {
        let bytes = self.position.0.load(Ordering::Relaxed).min(self.position.1);
        Progress { bytes, bytes_total: self.position.1, rows: self.given }
    }

    fn read_row(&mut self) -> Result<Option<Row>, SheetError> {
        while self.records.next(&mut self.record)? {
            if self.record.line >= self.first_line && !self.record.is_blank() {
                self.given += 1;
                return Ok(Some(self.row()));
            }
        }
        Ok(None)
    }

    fn row(&mut self) -> Row {
        let mut problems = Vec::new();
        self.shape_problems(&mut problems);
        let phone = self.phone(&mut problems);
        let name = self.name();
        let email = self.email(&mut problems);
        let status = self.status(&mut problems);
        let consent = self.consent(&mut problems);
        let source = source_of(self.cell(Field::Source));
        let registered_at = self.registered_at(&mut problems);
        let person = Candidate { name, email, phone, status, consent, source, registered_at };
        if person.name.is_none() {
            problems.push(problem(Field::Name, match person {
                Candidate { phone: PhoneCell::Missing, email: None, .. } => {
                    "There is no name, number or e-mail in this row. Fill in at least one, or skip the row."
                }
                _ => "There is no name. Messages that greet by name use their fallback.",
            }));
        }
        let cells =
            self.mapping.chosen().map(|(field, at)| (field, self.record.cell(at).to_owned())).collect();
        Row { line: self.record.line, cells, person, problems }
    }

    fn cell(&self, field: Field) -> &str {
        self.mapping.get(field).map_or("", |column| self.record.cell(column))
    }

    fn shape_problems(&self, problems: &mut Vec<CellProblem>) {
        let beyond = (self.width..self.record.width()).any(|column| !self.record.cell(column).is_empty());
        if beyond || self.record.cut {
            let message = format!(
                "This row has more cells than the {} columns. If a cell holds the separator, put it into quotation marks.",
                self.width
            );
            problems.push(CellProblem { field: None, message });
        }
        if self.record.quote_left_open {
            let message =
                "A quotation mark in this row is never closed. The row was read without it: check its cells.";
            problems.push(CellProblem { field: None, message: message.to_owned() });
        }
    }

    fn phone(&mut self, problems: &mut Vec<CellProblem>) -> PhoneCell {
        let home = self.country_of_row(problems);
        let raw = self.cell(Field::Phone);
        if says_nothing(raw) {
            problems
                .push(problem(Field::Phone, "There is no phone number. The person is imported without one."));
            return PhoneCell::Missing;
        }
        match Phone::parse(raw, home) {
            Ok(phone) => PhoneCell::Ok(phone),
            Err(PhoneError::Empty) => {
                problems.push(problem(
                    Field::Phone,
                    "There is no phone number. The person is imported without one.",
                ));
                PhoneCell::Missing
            }
            Err(error) => {
                problems.push(CellProblem { field: Some(Field::Phone), message: error.to_string() });
                PhoneCell::Bad { error, raw: raw.to_owned() }
            }
        }
    }

    /// The home of this row's number: its country cell, else the organisation's.
    fn country_of_row(&mut self, problems: &mut Vec<CellProblem>) -> Country {
        let Some(column) = self.mapping.get(Field::CountryCode) else { return self.home };
        let cell = self.record.cell(column);
        if says_nothing(cell) {
            return self.home;
        }
        if self.country.0 != cell {
            self.country = (cell.to_owned(), Country::from_calling_code(cell));
        }
        self.country.1.unwrap_or_else(|| {
            let message = format!(
                "{:?} is no country code. The number was read as one of {}: check it, or write it with + and its code.",
                cell.chars().take(40).collect::<String>(),
                self.home
            );
            problems.push(CellProblem { field: Some(Field::CountryCode), message });
            self.home
        })
    }

    fn name(&self) -> Option<PersonName> {
        let whole = PersonName::parse(self.cell(Field::Name));
        whole.or_else(|| PersonName::from_parts(self.cell(Field::FirstName), self.cell(Field::LastName)))
    }

    fn email(&self, problems: &mut Vec<CellProblem>) -> Option<Email> {
        let cell = self.cell(Field::Email);
        if says_nothing(cell) {
            return None;
        }
        Email::parse(cell)
            .map_err(|error| {
                let message = format!("{error} The person is imported without it.");
                problems.push(CellProblem { field: Some(Field::Email), message });
            })
            .ok()
    }

    fn consent(&self, problems: &mut Vec<CellProblem>) -> Option<bool> {
        let cell = self.cell(Field::Consent);
        let answer = yes_or_no(cell);
        if answer.is_none() && !says_nothing(cell) {
            let message = format!(
                "{:?} is neither yes nor no. The person is imported, no agreement is recorded.",
                cell.chars().take(40).collect::<String>()
            );
            problems.push(CellProblem { field: Some(Field::Consent), message });
        }
        answer
    }

    fn registered_at(&self, problems: &mut Vec<CellProblem>) -> Option<Millis> {
        let cell = self.cell(Field::RegisteredAt);
        if says_nothing(cell) {
            return None;
        }
        read_date(cell, self.mapping.date_order(), &self.zone)
            .map_err(|error| {
                problems.push(CellProblem { field: Some(Field::RegisteredAt), message: error.to_string() })
            })
            .ok()
    }

    fn status(&self, problems: &mut Vec<CellProblem>) -> Option<RegistrantStatus> {
        let cell = self.cell(Field::Status);
        let known = status_of(cell);
        if known.is_none() && !says_nothing(cell) {
            let message = format!(
                "The status {:?} is not known. Write registered, cancelled or refunded.",
                cell.chars().take(40).collect::<String>()
            );
            problems.push(CellProblem { field: Some(Field::Status), message });
        }
        known
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read_row().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

fn problem(field: Field, message: &str) -> CellProblem {
    CellProblem { field: Some(field), message: message.to_owned() }
}

/// Longest source that is kept, in characters.
const SOURCE_CHARS_MAX: usize = 80;

/// Where somebody came from, in one line; `None` when the cell says nothing.
pub fn source_of(cell: &str) -> Option<String> {
    let line: String = line(cell).chars().take(SOURCE_CHARS_MAX).collect();
    (!says_nothing(&line)).then_some(line)
}

/// Words for "nothing" that forms and exports write.
fn says_nothing(cell: &str) -> bool {
    const NOTHING: &[&str] = &[
        "0",
        "-",
        "--",
        ".",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "nil",
        "none",
        "null",
        "nan",
        "undefined",
        "not provided",
    ];
    cell.is_empty() || (cell.len() <= 12 && NOTHING.iter().any(|word| cell.eq_ignore_ascii_case(word)))
}

/// Reads an answer to "may we send you offers?" as forms and people write it; `None` for anything else. What begins like an agreement
/// ("Yes, send me offers", "I agree to …") is one: forms put the whole statement into the cell.
pub fn yes_or_no(cell: &str) -> Option<bool> {
    const YES: &[&str] = &[
        "yes",
        "y",
        "true",
        "1",
        "ok",
        "okay",
        "on",
        "agree",
        "agreed",
        "i agree",
        "accept",
        "accepted",
        "i accept",
        "opt in",
        "optin",
        "opted in",
        "subscribed",
        "granted",
        "given",
        "checked",
        "✓",
        "✔",
        "haan",
        "han",
        "haa",
        "ha",
        "ji",
        "ji haan",
        "हाँ",
        "हां",
        "हा",
        "जी",
        "जी हाँ",
        "जी हां",
        "सहमत",
        "सहमत हूँ",
        "सहमत हूं",
        "स्वीकार",
    ];
    const NO: &[&str] = &[
        "no",
        "n",
        "false",
        "0",
        "off",
        "disagree",
        "disagreed",
        "not agreed",
        "decline",
        "declined",
        "opt out",
        "optout",
        "opted out",
        "unsubscribed",
        "denied",
        "not given",
        "unchecked",
        "✗",
        "✘",
        "nahi",
        "nahin",
        "nahi ji",
        "नहीं",
        "नही",
        "ना",
        "असहमत",
        "जी नहीं",
        "सहमत नहीं",
    ];
    const BEGINS_NO: &[&str] =
        &["no ", "i do not ", "i dont ", "i disagree ", "do not ", "dont ", "not ", "नहीं ", "नही "];
    const BEGINS_YES: &[&str] = &[
        "yes ",
        "i agree ",
        "i accept ",
        "i consent ",
        "i want ",
        "i would like ",
        "हाँ ",
        "हां ",
        "जी हाँ ",
        "जी हां ",
    ];
    let kept =
        |c: &char| !matches!(c, '.' | ',' | '!' | ';' | ':' | '\'' | '’' | '"' | '।' | '-' | '_' | '(' | ')');
    let text: String =
        cell.chars().take(80).map(|c| if c == '_' || c == '-' { ' ' } else { c }).filter(kept).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if YES.contains(&text.as_str()) {
        return Some(true);
    }
    if NO.contains(&text.as_str()) || BEGINS_NO.iter().any(|begin| text.starts_with(begin)) {
        return Some(false);
    }
    // "मुझे … चाहिए, नहीं" and the like end with a no: not guessed.
    let ends_no = [" no", " not", " नहीं", " नही"].iter().any(|end| text.ends_with(end));
    (!ends_no && BEGINS_YES.iter().any(|begin| text.starts_with(begin))).then_some(true)
}

/// Registration words of TagMango, Zoom, payment pages and people.
fn status_of(cell: &str) -> Option<RegistrantStatus> {
    const WORDS: &[(&str, RegistrantStatus)] = &[
        ("registered", RegistrantStatus::Registered),
        ("active", RegistrantStatus::Registered),
        ("approved", RegistrantStatus::Registered),
        ("confirmed", RegistrantStatus::Registered),
        ("paid", RegistrantStatus::Registered),
        ("success", RegistrantStatus::Registered),
        ("successful", RegistrantStatus::Registered),
        ("completed", RegistrantStatus::Registered),
        ("captured", RegistrantStatus::Registered),
        ("enrolled", RegistrantStatus::Registered),
        ("booked", RegistrantStatus::Registered),
        ("cancelled", RegistrantStatus::Cancelled),
        ("canceled", RegistrantStatus::Cancelled),
        ("cancel", RegistrantStatus::Cancelled),
        ("denied", RegistrantStatus::Cancelled),
        ("withdrawn", RegistrantStatus::Cancelled),
        ("unregistered", RegistrantStatus::Cancelled),
        ("refunded", RegistrantStatus::Refunded),
        ("refund", RegistrantStatus::Refunded),
        ("पंजीकृत", RegistrantStatus::Registered),
        ("रद्द", RegistrantStatus::Cancelled),
    ];
    WORDS.iter().find(|(word, _)| cell.eq_ignore_ascii_case(word)).map(|(_, status)| *status)
}
