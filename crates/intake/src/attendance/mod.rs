//! Reports of who attended: read for the people in them, and laid beside a workshop's registrants.
//!
//! A report has several tables below one another (the meeting, its hosts, those who attended, those who called in). A
//! person who came twice has two rows. [`read`] takes the people out of it, each once; [`match_visitors`] says whose
//! registration each of them is. A name alone is a weak sign: whoever is found by it stands apart, and nobody is taken
//! whose name two people have.

mod answer;
mod matching;
mod stay;
mod titles;

use std::{collections::HashMap, path::Path};

use domain::{
    email::Email,
    phone::{Country, Phone},
    text::line,
    time::{Millis, Zone},
};

use self::{
    answer::{Answer, answer},
    stay::minutes,
    titles::{Column, Part, column, holds, part},
};
pub use self::{
    matching::{AttendanceMatch, Attended, MatchedBy, match_report, match_visitors},
    stay::Stay,
};
use crate::read::{DateOrder, OrderFound, Orders, Sheet, SheetError, read_date};

/// Rows of a report that are read: 20,000 people who each come and go five times.
const ROWS_MAX: usize = 200_000;

/// Why a report cannot be used. `Display` is shown to people as it stands.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It cannot be read as a table.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// No table of it says who was there.
    #[error(
        "No table of this file says who was there. Use the attendance report of your meeting program: it has a name or an e-mail address and a join time, a duration or “Attended” in each row."
    )]
    NoAttendance,
    /// It has titles and nobody below them.
    #[error("Nobody attended by this report. Check that it is the report of the right meeting.")]
    Nobody,
    /// Nobody is said to have come, and some cells say neither yes nor no.
    #[error(
        "Nobody attended by this report. Under “Attended” stands neither yes nor no: {0}. Write yes or no there, and give the file again."
    )]
    Unclear(String),
}

/// A row whose cell under *Attended* says neither yes nor no. The person counts as not attended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclearRow {
    /// The row as a spreadsheet counts, from 1.
    pub row: u64,
    /// Who it is about: the name, else the address or the number.
    pub name: String,
    /// What stands in the cell.
    pub word: String,
}

/// Unclear rows that a sentence names.
const UNCLEAR_NAMED: usize = 5;

/// "row 4 “maybe”, row 9 “x” and 3 more".
fn named(unclear: &[UnclearRow]) -> String {
    let shown = unclear.iter().take(UNCLEAR_NAMED).map(|one| format!("row {} “{}”", one.row, one.word));
    let mut words = shown.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = unclear.len().checked_sub(UNCLEAR_NAMED) {
        words.push_str(&format!(" and {more} more"));
    }
    words
}

/// Somebody who was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// As they called themselves; may be empty.
    pub name: String,
    /// Where the report says it.
    pub email: Option<Email>,
    /// Where the report says it.
    pub phone: Option<Phone>,
    /// When they came and went, and for how long they stayed.
    pub stay: Stay,
}

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The people who were there, each once, in the order of the report.
    pub visitors: Vec<Visitor>,
    /// Rows of those who held it.
    pub hosts: usize,
    /// Rows of people who registered there and did not come.
    pub away: usize,
    /// Rows that say neither that somebody came nor that they did not. None of them counts as a visitor.
    pub unclear: Vec<UnclearRow>,
    /// There are more rows than are read.
    pub cut: bool,
}

impl Report {
    /// The first moment that anybody joined, where the report says it.
    pub fn first_joined(&self) -> Option<Millis> {
        self.visitors.iter().filter_map(|visitor| visitor.stay.joined()).min()
    }
}

/// What a file is read with.
#[derive(Clone, Debug)]
pub struct ReadContext {
    /// Where numbers without a country code belong.
    pub home: Country,
    /// In which zone times are written.
    pub zone: Zone,
    /// The workshop's start: a date that can be read in two ways is the one nearer to it.
    pub starts_at: Millis,
}

/// Reads a report. `file_name` is the name that the person gave it.
///
/// # Errors
/// When the file is no table, or no table of it says who was there.
pub fn read(file: &Path, file_name: &str, with: &ReadContext) -> Result<Report, ReportError> {
    let rows = Sheet::open(file, file_name)?.numbered_cells(ROWS_MAX + 1)?;
    read_rows(&rows, with)
}

fn read_rows(rows: &[(u64, Vec<String>)], with: &ReadContext) -> Result<Report, ReportError> {
    let mut reading = Reading { with, order: None, report: Report::default(), places: HashMap::new() };
    reading.order = reading.date_order(rows);
    let (mut part_now, mut layout, mut found, mut had_people) = (Part::People, None, false, false);
    for (number, row) in rows.iter().take(ROWS_MAX) {
        let filled: Vec<&str> = row.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
        if let [only] = filled[..]
            && let Some(title) = part(only)
        {
            (part_now, layout) = (title, None);
            continue;
        }
        if let Some(titles) = Layout::of(row) {
            layout = titles.about_people().then_some(titles);
            found |= layout.is_some();
            continue;
        }
        let Some(layout) = &layout else { continue };
        match part_now {
            Part::Hosts => reading.report.hosts += 1,
            // Who came and went is known already, with the minutes of each.
            Part::Again if had_people => {}
            Part::People | Part::Again | Part::Other => {
                had_people |= part_now == Part::People;
                reading.row(layout, *number, row);
            }
        }
    }
    let mut report = reading.report;
    report.cut = rows.len() > ROWS_MAX;
    match (found, report.visitors.is_empty()) {
        (false, _) => Err(ReportError::NoAttendance),
        (true, true) if !report.unclear.is_empty() => Err(ReportError::Unclear(named(&report.unclear))),
        (true, true) => Err(ReportError::Nobody),
        (true, false) => Ok(report),
    }
}

/// What the columns of one table are.
#[derive(Debug, Default)]
struct Layout {
    columns: Vec<(Column, usize)>,
}

impl Layout {
    /// A row of titles: at least two of them are known, and no cell looks like a person's.
    fn of(row: &[String]) -> Option<Layout> {
        let known = |(at, cell): (usize, &String)| column(cell).map(|column| (column, at));
        let columns: Vec<(Column, usize)> = row.iter().enumerate().filter_map(known).collect();
        let is_data = row.iter().any(|cell| cell.contains('@'));
        (columns.len() >= 2 && !is_data).then_some(Layout { columns })
    }

    fn at(&self, column: Column) -> Option<usize> {
        self.columns.iter().find(|(known, _)| *known == column).map(|(_, at)| *at)
    }

    fn has(&self, columns: &[Column]) -> bool {
        columns.iter().any(|column| self.at(*column).is_some())
    }

    /// Whether its rows are people and say whether they came. The host's address stands in the row of the meeting too.
    fn about_people(&self) -> bool {
        use Column::{
            Attended, Email, FirstJoined, FirstName, Joined, LastLeft, Left, Minutes, Name, OfMeeting, Phone,
        };
        let named = self.has(&[Name, FirstName, Phone]) || (self.has(&[Email]) && !self.has(&[OfMeeting]));
        named && self.has(&[Attended, Joined, Left, FirstJoined, LastLeft, Minutes])
    }

    fn cell<'r>(&self, row: &'r [String], column: Column) -> &'r str {
        let cell = self.at(column).and_then(|at| row.get(at)).map_or("", |cell| cell.trim());
        // A dash stands for nothing.
        if cell.chars().all(|c| matches!(c, '-' | '–' | '—')) { "" } else { cell }
    }
}

struct Reading<'a> {
    with: &'a ReadContext,
    /// What comes first in dates such as 03/04/2027.
    order: Option<DateOrder>,
    report: Report,
    /// The place of a visitor in the report, by e-mail, number or name.
    places: HashMap<String, usize>,
}

impl Reading<'_> {
    /// The order that all dates of the file fit, else the one that brings the first of them nearer to the workshop.
    fn date_order(&self, rows: &[(u64, Vec<String>)]) -> Option<DateOrder> {
        let mut orders = Orders::default();
        rows.iter().flat_map(|(_, row)| row).for_each(|cell| orders.see(cell));
        let example = match orders.found() {
            OrderFound::NotNeeded => return None,
            OrderFound::Only(order) => return Some(order),
            OrderFound::Open { example } => example,
            OrderFound::Mixed { day, .. } => day,
        };
        let away = |order: DateOrder| {
            let at = read_date(&example, Some(order), &self.with.zone, None).ok();
            at.map_or(i64::MAX, |at| (at.0 - self.with.starts_at.0).abs())
        };
        [DateOrder::DayFirst, DateOrder::MonthFirst].into_iter().min_by_key(|order| away(*order))
    }

    fn moment(&self, text: &str) -> Option<Millis> {
        if text.is_empty() {
            return None;
        }
        read_date(text, self.order, &self.with.zone, None).ok()
    }

    fn row(&mut self, layout: &Layout, number: u64, row: &[String]) {
        if holds(layout.cell(row, Column::Role)) {
            self.report.hosts += 1;
            return;
        }
        let mut name = line(layout.cell(row, Column::Name));
        if name.is_empty() || layout.has(&[Column::FirstName]) {
            let parts = [layout.cell(row, Column::FirstName), layout.cell(row, Column::LastName)];
            let whole = line(&parts.join(" "));
            name = if whole.is_empty() { name } else { whole };
        }
        let email = Email::parse(layout.cell(row, Column::Email)).ok();
        let home = &self.with.home;
        // Whoever calls in is called by their number.
        let phone = [layout.cell(row, Column::Phone), layout.cell(row, Column::Name)]
            .into_iter()
            .find_map(|cell| Phone::parse(cell, *home).ok());
        if name.is_empty() && email.is_none() && phone.is_none() {
            return;
        }
        let stay = self.stay(layout, row);
        match self.came(layout, row, &stay) {
            Answer::Came => self.take(Visitor { name, email, phone, stay }),
            Answer::Away | Answer::Silent => self.report.away += 1,
            Answer::Unclear => {
                let known =
                    [name, line(layout.cell(row, Column::Email)), line(layout.cell(row, Column::Phone))];
                let name = known.into_iter().find(|known| !known.is_empty()).unwrap_or_default();
                let word = line(layout.cell(row, Column::Attended));
                self.report.unclear.push(UnclearRow { row: number, name, word });
            }
        }
    }

    /// Whether the person of a row came. Whoever stands in a table that does not ask it came; where the cell is empty, times
    /// in the row tell it.
    fn came(&self, layout: &Layout, row: &[String], stay: &Stay) -> Answer {
        if !layout.has(&[Column::Attended]) {
            return Answer::Came;
        }
        let cell = layout.cell(row, Column::Attended);
        match answer(cell, |text| self.moment(text).is_some()) {
            Answer::Silent if stay.joined().is_some() || stay.minutes() > Some(0) => Answer::Came,
            said => said,
        }
    }

    fn stay(&self, layout: &Layout, row: &[String]) -> Stay {
        let spent = minutes(layout.cell(row, Column::Minutes));
        let moment = |column| self.moment(layout.cell(row, column));
        let (joined, left) = (moment(Column::Joined), moment(Column::Left));
        match (joined, left) {
            (Some(joined), Some(left)) if left >= joined => Stay::between(joined, left),
            _ => Stay::of(spent, joined.or(moment(Column::FirstJoined)), left.or(moment(Column::LastLeft))),
        }
    }

    /// Somebody who stands there already is the same person: by e-mail, else by number, else by name.
    fn take(&mut self, visitor: Visitor) {
        let key = match (&visitor.email, &visitor.phone) {
            (Some(email), _) => format!("e{}", email.as_str().to_lowercase()),
            (None, Some(phone)) => format!("p{}", phone.as_str()),
            (None, None) => format!("n{}", visitor.name.to_lowercase()),
        };
        let visitors = &mut self.report.visitors;
        let place = *self.places.entry(key).or_insert(visitors.len());
        match visitors.get_mut(place) {
            Some(known) => {
                known.phone = known.phone.take().or(visitor.phone);
                if known.name.is_empty() {
                    known.name = visitor.name;
                }
                known.stay.join(visitor.stay);
            }
            None => visitors.push(visitor),
        }
    }
}

#[cfg(test)]
mod tests;
