//! How the cells of a row become a person, each with what is wrong with it.

use domain::email::Email;
use domain::name::PersonName;
use domain::phone::{Country, Phone, PhoneError};
use domain::text::line;
use domain::time::{Millis, Zone};

use super::dates::{place_in_title, read_date, zone_in_title};
use super::person::{Candidate, CellProblem, NumberError, PhoneCell, Row};
use super::record::Record;
use super::rows::Layout;
use super::states::States;
use super::words::{
    Agreed, agreed, allows, asks_leave, bare_answer, cell_against, is_plain_no, is_screen_name, is_self,
    refuses, speaks_of_refusal, title_score,
};
use super::{Field, Mapping};

/// How one row becomes a person.
pub(super) struct Reading {
    /// As chosen, by the columns of the file's own header.
    chosen: Mapping,
    /// As it stands now: a header in the middle may have another order.
    mapping: Mapping,
    phones: Vec<usize>,
    /// Columns that say whose the number is, in the file's own order.
    own_whose: Vec<usize>,
    whose: Vec<usize>,
    /// Columns with a country besides the chosen one, in the file's own order and now.
    own_countries: Vec<usize>,
    countries: Vec<usize>,
    opt_outs: Vec<OptOut>,
    pub(super) states: States,
    home: Country,
    pub(super) zone: Zone,
    /// The whole name is what somebody is called on a screen: first and last name are nearer to what they are called.
    screen_name: bool,
    /// The zone that the title of the date names, in milliseconds east of UTC.
    title_offset_ms: Option<i64>,
    /// The zone that it names by its place.
    title_zone: Option<Zone>,
    /// The last country cell and what it meant: files repeat one code a million times.
    country: (String, Option<Country>),
}

/// A column in which people refuse messages.
struct OptOut {
    /// In the file's own header, and now.
    own: usize,
    now: Option<usize>,
    kind: OptOutKind,
}

/// How its cells are read.
#[derive(Clone, Copy)]
enum OptOutKind {
    /// The title asks for a refusal: everything but nothing and a plain no refuses.
    Refusal,
    /// The title asks whether messages are allowed: a no refuses.
    Allows,
    /// The title says nothing of it: what a cell says counts.
    Cells,
}

impl OptOut {
    fn new(own: usize, title: Option<&str>) -> OptOut {
        let kind = match title {
            Some(title) if allows(title) || asks_leave(title) => OptOutKind::Allows,
            Some(title) if title_score(Field::OptOut, title) == 0 && !speaks_of_refusal(title) => {
                OptOutKind::Cells
            }
            _ => OptOutKind::Refusal,
        };
        OptOut { own, now: Some(own), kind }
    }

    fn refuses(&self, record: &Record) -> bool {
        let cell = self.now.map_or("", |column| record.cell(column));
        match self.kind {
            OptOutKind::Refusal => wants_none(cell),
            OptOutKind::Allows => bare_answer(cell) == Some(false) || refuses(cell),
            OptOutKind::Cells => refuses(cell),
        }
    }
}

impl Reading {
    pub(super) fn new(mapping: &Mapping, home: Country, layout: &Layout) -> Reading {
        let title = |column: usize| layout.titles.get(column).and_then(Option::as_deref);
        Reading {
            phones: mapping.all(Field::Phone).collect(),
            own_whose: layout.whose.clone(),
            whose: layout.whose.clone(),
            own_countries: layout.countries.clone(),
            countries: layout.countries.clone(),
            opt_outs: mapping.all(Field::OptOut).map(|own| OptOut::new(own, title(own))).collect(),
            states: States::new(mapping, title, &layout.amounts),
            screen_name: mapping.get(Field::Name).and_then(title).is_some_and(is_screen_name),
            title_offset_ms: mapping.get(Field::RegisteredAt).and_then(title).and_then(zone_in_title),
            title_zone: mapping.get(Field::RegisteredAt).and_then(title).and_then(place_in_title),
            chosen: mapping.clone(),
            mapping: mapping.clone(),
            home,
            zone: Zone::india(),
            country: (String::new(), None),
        }
    }

    pub(super) fn phones(&self) -> &[usize] {
        &self.phones
    }

    /// From here on the columns stand in another order: where each column of the file's own header is now.
    pub(super) fn reorder(&mut self, order: Vec<Option<usize>>) {
        let now = |column: usize| order.get(column).copied().flatten();
        for field in Field::ALL {
            let columns: Vec<usize> = self.chosen.all(field).filter_map(now).collect();
            self.mapping.set_all(field, &columns);
        }
        self.whose = self.own_whose.iter().copied().filter_map(now).collect();
        self.countries = self.own_countries.iter().copied().filter_map(now).collect();
        self.phones = self.mapping.all(Field::Phone).collect();
        for column in &mut self.opt_outs {
            column.now = now(column.own);
        }
        self.states.reorder(&order);
    }

    pub(super) fn row(&mut self, record: &Record, in_doubt: bool, width: usize) -> Row {
        let mut problems = Vec::new();
        shape_problems(record, width, in_doubt, &mut problems);
        let (phone, used) = self.phone(record, &mut problems);
        let name = self.name(record);
        let email = self.email(record, &mut problems);
        let names = [Field::Name, Field::FirstName, Field::LastName].map(|field| self.cell(record, field));
        let (status, says) = self.states.read(record, names);
        if let Some(message) = says {
            problems.push(CellProblem { field: Some(Field::Status), message });
        }
        let (consent, refused_in) = self.wishes(record, &mut problems);
        let source = source_of(self.cell(record, Field::Source));
        let registered_at = self.registered_at(record, &mut problems);
        let other_phones = self.other_phones(record, used);
        let reference = reference_of(self.cell(record, Field::Reference));
        let person = Candidate {
            name,
            email,
            phone,
            other_phones,
            status,
            consent,
            opted_out: !refused_in.is_empty(),
            refused_in,
            source,
            registered_at,
            reference,
        };
        if person.name.is_none() {
            problems.push(problem(Field::Name, match person {
                Candidate { phone: PhoneCell::Missing, email: None, .. } => {
                    "There is no name, number or e-mail in this row. Fill in at least one, or skip the row."
                }
                _ => "There is no name. Messages that greet by name use their fallback.",
            }));
        }
        let cell = |field: Field, column: usize| match field {
            Field::Phone => record.cell(used.unwrap_or(column)).to_owned(),
            _ => record.cell(column).to_owned(),
        };
        // The places are those of the chosen fields, also where a later header leaves some out.
        let cells = self
            .chosen
            .chosen()
            .map(|(field, _)| {
                (field, self.mapping.get(field).map_or(String::new(), |column| cell(field, column)))
            })
            .collect();
        Row { line: record.line, cells, person, problems, in_doubt }
    }

    fn cell<'r>(&self, record: &'r Record, field: Field) -> &'r str {
        self.mapping.get(field).map_or("", |column| record.cell(column))
    }

    /// The first number that can be read, in the order of the columns; a landline only where no other number is there.
    fn phone(&mut self, record: &Record, problems: &mut Vec<CellProblem>) -> (PhoneCell, Option<usize>) {
        let mut home = None;
        if let Some(whose) = self.somebody_elses(record)
            && let Some(column) = self.phones.iter().copied().find(|at| !says_nothing(record.cell(*at)))
        {
            return self.bad_number(record, NumberError::SomebodyElse(whose), column, problems);
        }
        let (mut first_bad, mut landline) = (None, None);
        for at in 0..self.phones.len() {
            let column = self.phones[at];
            let raw = record.cell(column);
            // "Same as above" under a second title is no number, and no fault.
            if says_nothing(raw) || (at > 0 && !raw.chars().any(char::is_numeric)) {
                continue;
            }
            let home = home.get_or_insert_with(|| self.country_of_row(record)).clone();
            match number(raw, || self.name_cells(record), home) {
                Ok(phone) if self.phones.len() > 1 && landline.is_none() && phone.is_landline() => {
                    landline = Some((phone, column));
                }
                Ok(phone) => {
                    self.say_passed_over(record, first_bad, column, problems);
                    say_landline(&phone, problems);
                    return (PhoneCell::Ok(phone), Some(column));
                }
                Err(NumberError::Cell(PhoneError::Empty)) => {}
                Err(error) => first_bad = first_bad.or(Some((error, column))),
            }
        }
        if let Some((phone, column)) = landline {
            self.say_passed_over(record, first_bad, column, problems);
            say_landline(&phone, problems);
            return (PhoneCell::Ok(phone), Some(column));
        }
        match first_bad {
            None => {
                problems.push(problem(
                    Field::Phone,
                    "There is no phone number. The person is imported without one.",
                ));
                (PhoneCell::Missing, None)
            }
            Some((error, column)) => self.bad_number(record, error, column, problems),
        }
    }

    fn bad_number(
        &self,
        record: &Record,
        error: NumberError,
        column: usize,
        problems: &mut Vec<CellProblem>,
    ) -> (PhoneCell, Option<usize>) {
        problems.push(CellProblem { field: Some(Field::Phone), message: error.to_string() });
        (PhoneCell::Bad { error, raw: record.cell(column).to_owned() }, Some(column))
    }

    /// What a column such as "Number belongs to" says where it names somebody else.
    fn somebody_elses(&self, record: &Record) -> Option<String> {
        let cells = self.whose.iter().map(|column| record.cell(*column));
        cells.into_iter().find(|cell| !says_nothing(cell) && !is_self(cell)).map(cut)
    }

    /// The name as the row writes it.
    fn name_cells(&self, record: &Record) -> String {
        let cell = |field| self.cell(record, field);
        match (cell(Field::Name), cell(Field::FirstName), cell(Field::LastName)) {
            (whole, "", "") => whole.to_owned(),
            (whole, first, last) => format!("{whole} {first} {last}"),
        }
    }

    /// The numbers of the row's person in the columns that were not used, each once. What cannot be read there is nobody's loss.
    fn other_phones(&mut self, record: &Record, used: Option<usize>) -> Vec<Phone> {
        let Some(used) = used.filter(|_| self.phones.len() > 1) else { return Vec::new() };
        let mut others: Vec<Phone> = Vec::new();
        let home = self.country_of_row(record);
        let name = || self.name_cells(record);
        let own = number(record.cell(used), name, home.clone()).ok();
        for column in self.phones.iter().filter(|column| **column != used) {
            let raw = record.cell(*column);
            if says_nothing(raw) {
                continue;
            }
            if let Ok(phone) = number(raw, name, home.clone())
                && own.as_ref() != Some(&phone)
                && !others.contains(&phone)
            {
                others.push(phone);
            }
        }
        others
    }

    /// A number in front of the one that was taken could not be read.
    fn say_passed_over(
        &self,
        record: &Record,
        bad: Option<(NumberError, usize)>,
        taken: usize,
        problems: &mut Vec<CellProblem>,
    ) {
        if let Some((_, column)) = bad {
            let message = format!(
                "“{}” cannot be read as a number; the one in the column {} was taken.",
                cut(record.cell(column)),
                super::sheet::letters(taken)
            );
            problems.push(CellProblem { field: Some(Field::Phone), message });
        }
    }

    /// The country of this row's number: that of the first country cell that says something, otherwise the
    /// organisation's. The error is the cell that is not understood.
    fn country_of_row(&mut self, record: &Record) -> Result<Country, String> {
        let columns = self.mapping.get(Field::CountryCode).into_iter().chain(self.countries.iter().copied());
        let Some(cell) = columns.map(|column| record.cell(column)).find(|cell| !says_nothing(cell)) else {
            return Ok(self.home);
        };
        if self.country.0 != cell {
            self.country = (cell.to_owned(), Country::from_text(cell));
        }
        self.country.1.ok_or_else(|| cut(cell))
    }

    fn name(&self, record: &Record) -> Option<PersonName> {
        let cell = |field| self.cell(record, field);
        let whole = || PersonName::parse(without_link(cell(Field::Name)));
        let parts = || PersonName::from_parts(cell(Field::FirstName), cell(Field::LastName));
        match self.screen_name {
            true => parts().or_else(whole),
            false => whole().or_else(parts),
        }
    }

    fn email(&self, record: &Record, problems: &mut Vec<CellProblem>) -> Option<Email> {
        let cell = self.cell(record, Field::Email);
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

    /// What they agreed to, and the columns in which they refuse messages. Who refuses any has agreed to nothing.
    fn wishes(&self, record: &Record, problems: &mut Vec<CellProblem>) -> (Option<Agreed>, Vec<usize>) {
        let cell = self.cell(record, Field::Consent);
        let mut refused: Vec<usize> =
            self.opt_outs.iter().filter(|column| column.refuses(record)).map(|column| column.own).collect();
        if refuses(cell) {
            refused.extend(self.chosen.get(Field::Consent));
        }
        if cell.is_empty() {
            return (None, refused);
        }
        let answer = agreed(cell);
        if answer.is_none() && !says_nothing(cell) && refused.is_empty() {
            let message =
                format!("“{}” is no clear yes. The person is imported, no agreement is recorded.", cut(cell));
            problems.push(CellProblem { field: Some(Field::Consent), message });
        }
        (answer.filter(|_| refused.is_empty()), refused)
    }

    fn registered_at(&self, record: &Record, problems: &mut Vec<CellProblem>) -> Option<Millis> {
        let cell = self.cell(record, Field::RegisteredAt);
        if says_nothing(cell) {
            return None;
        }
        let zone = self.title_zone.as_ref().unwrap_or(&self.zone);
        read_date(cell, self.mapping.date_order(), zone, self.title_offset_ms)
            .map_err(|error| {
                let message = format!("{error} The person is imported without the time.");
                problems.push(CellProblem { field: Some(Field::RegisteredAt), message });
            })
            .ok()
    }
}

/// Whether a cell under a question for a refusal refuses: everything but nothing and a plain no.
pub fn wants_none(cell: &str) -> bool {
    !says_nothing(cell) && !is_plain_no(cell)
}

/// Reads a cell as the number of its row's person.
fn number(
    raw: &str,
    name: impl FnOnce() -> String,
    home: Result<Country, String>,
) -> Result<Phone, NumberError> {
    let phone = match home {
        Ok(home) => Phone::parse(raw, home)?,
        // A number with its own code needs no country.
        Err(_) if raw.contains('+') || raw.starts_with("00") => Phone::parse(raw, Country::INDIA)?,
        Err(country) => return Err(NumberError::Country(country)),
    };
    if raw.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'+' | b' ' | b'-'))
        && let Some(word) = somebody_else_in(raw, name)
    {
        return Err(NumberError::SomebodyElse(word));
    }
    if is_made_up(&phone) { Err(NumberError::MadeUp) } else { Ok(phone) }
}

/// Ten Indian digits that are all the same, or that count up: what people type to get past a form.
fn is_made_up(phone: &Phone) -> bool {
    let Some(ten) = phone.national_ten().map(str::as_bytes) else { return false };
    let same = ten.iter().all(|digit| *digit == ten[0]);
    same || matches!(ten, b"1234567890" | b"0123456789" | b"1234567899")
}

/// A word beside the number that says whose it is, or that it is wrong: "9812345678 (father)".
fn somebody_else_in(raw: &str, name: impl FnOnce() -> String) -> Option<String> {
    if !raw.chars().any(char::is_alphabetic) || raw.len() > 200 {
        return None;
    }
    cell_against(raw, &name())
}

fn say_landline(phone: &Phone, problems: &mut Vec<CellProblem>) {
    if phone.is_landline() {
        problems.push(problem(
            Field::Phone,
            "This is a landline: it can be called, and gets no WhatsApp and no SMS.",
        ));
    }
}

fn shape_problems(record: &Record, width: usize, in_doubt: bool, problems: &mut Vec<CellProblem>) {
    let beyond = (width..record.width()).any(|column| !record.cell(column).is_empty());
    let mut say = |message: String| problems.push(CellProblem { field: None, message });
    if beyond || record.cut {
        say(format!(
            "This row has more cells than the {width} columns. If a cell holds the separator, put it into quotation marks."
        ));
    }
    if record.quote_left_open {
        say("A quotation mark in this row is never closed. The row was read without it: check its cells."
            .into());
    }
    if in_doubt {
        say("This row stands below the list and lacks what the others have. If it is a person, correct it here.".into());
    }
}

fn problem(field: Field, message: &str) -> CellProblem {
    CellProblem { field: Some(field), message: message.to_owned() }
}

/// A cell for a sentence.
fn cut(cell: &str) -> String {
    cell.chars().take(40).collect()
}

/// Longest id of a registration that is taken, in characters: what is longer is no id.
const REFERENCE_CHARS_MAX: usize = 80;

/// The id of a registration; `None` when the cell says nothing, or holds no id.
pub fn reference_of(cell: &str) -> Option<String> {
    let id = line(cell);
    let is_id =
        !says_nothing(&id) && id.chars().count() <= REFERENCE_CHARS_MAX && id.chars().any(char::is_numeric);
    is_id.then_some(id)
}

/// Longest source that is kept, in characters.
const SOURCE_CHARS_MAX: usize = 80;

/// Where somebody came from, in one line; `None` when the cell says nothing.
pub fn source_of(cell: &str) -> Option<String> {
    let line: String = line(cell).chars().take(SOURCE_CHARS_MAX).collect();
    (!says_nothing(&line)).then_some(line)
}

/// Words for "nothing" that forms and exports write.
pub(super) fn says_nothing(cell: &str) -> bool {
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
        "(blank)",
        "empty",
    ];
    cell.is_empty() || (cell.len() <= 12 && NOTHING.iter().any(|word| cell.eq_ignore_ascii_case(word)))
}

/// A name without the address that tools put behind it: "Asha Rao (https://…)".
fn without_link(cell: &str) -> &str {
    let inner = cell.trim_end().strip_suffix(')').unwrap_or_default();
    let at = ["(https://", "(http://"].iter().find_map(|link| inner.rfind(link));
    match at {
        Some(at) if !cell[..at].trim().is_empty() => cell[..at].trim_end(),
        _ => cell,
    }
}
