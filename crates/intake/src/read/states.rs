//! Where registrations stand, in the words of a file: read row by row, counted for the whole.

use std::collections::{BTreeMap, HashMap};

use super::person::StatusCell;
use super::reading::says_nothing;
use super::record::Record;
use super::words::{
    Known, StatusMeaning, YesMeans, bare_answer, beside_name, caption, has_begun, is_stage, known,
    names_staff, plain, status_key, yes_means, yes_or_no,
};
use super::{Field, Mapping};

/// Different words that are kept apart; a column with more is free text, and its further words count as one.
const WORDS_MAX: usize = 500;
/// The key of further words, and of rows without any.
const FURTHER: &str = "(other words)";
/// The key under which rows without a status are explained.
pub const NO_STATUS_KEY: &str = "(empty)";
/// What people read for it.
pub const NO_STATUS_WORD: &str = "nothing in the status column";

/// One word of the status columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSeen {
    /// The normalised form under which the word is remembered.
    pub key: String,
    /// The word as the file first writes it.
    pub word: String,
    /// Rows whose status this word decides.
    pub rows: u64,
    /// The meaning of the word; `None` while nobody has explained it.
    pub meaning: Option<StatusMeaning>,
    /// Whether a person chose the meaning. Otherwise the table of known words gives it.
    pub chosen: bool,
}

/// Reads the status columns.
pub(super) struct States {
    columns: Vec<Column>,
    chosen: BTreeMap<String, StatusMeaning>,
    seen: Vec<StatusSeen>,
    /// What the caption above these rows says, among what was seen.
    section: Option<usize>,
    by_key: HashMap<String, usize>,
}

impl Column {
    fn only_takes_away(&self) -> bool {
        matches!(self.yes, Some(YesMeans::Gone(_) | YesMeans::AmountGone | YesMeans::StateGone(_)))
    }
}

struct Column {
    /// In the file's own header, and now.
    own: usize,
    now: Option<usize>,
    title: String,
    /// Whether the column says at which stage a lead is.
    is_stage: bool,
    /// Whether the column holds amounts of money.
    is_amount: bool,
    /// Whether no other column says what the status of a registration is.
    is_alone: bool,
    yes: Option<YesMeans>,
    /// Cells met already, each with its place among what was seen; `None` for what says nothing.
    cells: HashMap<String, Option<usize>>,
    last: (String, Option<usize>),
}

impl States {
    /// `amounts` are the columns that hold amounts.
    pub(super) fn new<'t>(
        mapping: &Mapping,
        title: impl Fn(usize) -> Option<&'t str>,
        amounts: &[usize],
    ) -> States {
        let others = mapping.all(Field::Status).filter(|own| !amounts.contains(own)).count();
        let columns = mapping.all(Field::Status).map(|own| {
            let title = title(own).unwrap_or_default();
            let yes = yes_means(title);
            let last = (String::new(), None);
            let is_stage = is_stage(title);
            Column {
                own,
                now: Some(own),
                title: title.to_owned(),
                is_stage,
                is_amount: amounts.contains(&own),
                is_alone: others == 0,
                yes,
                cells: HashMap::new(),
                last,
            }
        });
        States {
            columns: columns.collect(),
            chosen: mapping.statuses.clone(),
            seen: Vec::new(),
            section: None,
            by_key: HashMap::new(),
        }
    }

    pub(super) fn reorder(&mut self, order: &[Option<usize>]) {
        for column in &mut self.columns {
            column.now = order.get(column.own).copied().flatten();
        }
    }

    /// What the row's columns say together: what takes the place away counts most, then what is not known, then what gives a place.
    /// `names` are the cells of the row's name: lists that have no column for it write it there, "Ravi Kumar (cancelled)".
    pub(super) fn read(&mut self, record: &Record, names: [&str; 3]) -> (StatusCell, Option<String>) {
        let mut decides: Option<usize> = self.section;
        // A blank or a No under "Cancelled" is not cancelled; under "Paid" a blank is nothing, whatever stands under "Cancelled".
        let mut says_no_status = self.columns.iter().any(|column| !column.only_takes_away());
        let mut says_something = self.section.is_some();
        for at in 0..self.columns.len() {
            let cell = self.columns[at].now.map_or("", |column| record.cell(column));
            let Some(place) = self.place(at, cell) else { continue };
            says_something = true;
            decides = self.heavier(decides, place);
        }
        for word in names.into_iter().filter_map(beside_name) {
            let place = self.remember(status_key(word), word.to_owned(), StatusMeaning::of(word));
            says_something = true;
            decides = self.heavier(decides, place);
        }
        says_no_status &= !says_something;
        match decides {
            Some(place) => {
                self.seen[place].rows += 1;
                let StatusSeen { word, meaning, .. } = &self.seen[place];
                match meaning {
                    Some(meaning) => (StatusCell::Means(*meaning), None),
                    None => {
                        let word: String = word.chars().take(40).collect();
                        let says =
                            format!("The status {word:?} is not known. Say what it means for this file.");
                        (StatusCell::Unknown, Some(says))
                    }
                }
            }
            None if says_no_status => match self.chosen.get(NO_STATUS_KEY).copied() {
                Some(meaning) => {
                    let place = self.remember(NO_STATUS_KEY.into(), NO_STATUS_WORD.into(), Some(meaning));
                    self.seen[place].rows += 1;
                    (StatusCell::Means(meaning), None)
                }
                None => (StatusCell::Empty, None),
            },
            None => (StatusCell::NoColumn, None),
        }
    }

    fn heavier(&self, decides: Option<usize>, place: usize) -> Option<usize> {
        match decides {
            Some(before) if self.weight(before) >= self.weight(place) => Some(before),
            _ => Some(place),
        }
    }

    /// From here on a caption says where the people below it stand; one without a status says nothing.
    pub(super) fn begin_section(&mut self, words: &str) {
        self.section = match caption(words) {
            Some(known) => {
                let meaning = match known {
                    Known::Means(meaning) => Some(meaning),
                    Known::Ask => None,
                };
                Some(self.remember(status_key(words), words.to_owned(), meaning))
            }
            // Volunteers below a list of participants are nobody's to guess.
            None if names_staff(words) => Some(self.remember(status_key(words), words.to_owned(), None)),
            None => None,
        };
    }

    fn weight(&self, place: usize) -> u8 {
        match self.seen[place].meaning {
            Some(StatusMeaning::Registered) => 0,
            None => 1,
            Some(StatusMeaning::LeftOut) => 2,
            Some(StatusMeaning::Cancelled) => 3,
            Some(StatusMeaning::Refunded) => 4,
        }
    }

    /// The place of a cell's word among what was seen.
    fn place(&mut self, at: usize, cell: &str) -> Option<usize> {
        let column = &mut self.columns[at];
        if column.last.0 == cell {
            return column.last.1;
        }
        let place = match column.cells.get(cell) {
            Some(place) => *place,
            None => {
                let column = &self.columns[at];
                let place = says(cell, column).map(|(key, word, meaning)| self.remember(key, word, meaning));
                let cells = &mut self.columns[at].cells;
                if cells.len() < WORDS_MAX * 4 {
                    cells.insert(cell.to_owned(), place);
                }
                place
            }
        };
        self.columns[at].last = (cell.to_owned(), place);
        place
    }

    fn remember(&mut self, key: String, word: String, meaning: Option<StatusMeaning>) -> usize {
        if let Some(place) = self.by_key.get(&key) {
            return *place;
        }
        let (key, word, meaning) = match self.seen.len() < WORDS_MAX {
            true => (key, word, meaning),
            // No room: not known, whatever it is.
            false => (FURTHER.to_owned(), FURTHER.to_owned(), None),
        };
        if let Some(place) = self.by_key.get(&key) {
            return *place;
        }
        let said = self.chosen.get(&key).copied();
        self.seen.push(StatusSeen {
            key: key.clone(),
            word,
            rows: 0,
            meaning: said.or(meaning),
            chosen: said.is_some(),
        });
        self.by_key.insert(key, self.seen.len() - 1);
        self.seen.len() - 1
    }

    /// The words that decided a row, the commonest first.
    pub(super) fn seen(&self) -> Vec<StatusSeen> {
        let mut seen: Vec<StatusSeen> = self.seen.iter().filter(|seen| seen.rows > 0).cloned().collect();
        seen.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.key.cmp(&b.key)));
        seen
    }
}

/// A cell's key, its word for people, and what the tables know of it; `None` when it says nothing.
fn says(cell: &str, column: &Column) -> Option<(String, String, Option<StatusMeaning>)> {
    let under_title =
        |answer: &str| (format!("{} {answer}", plain(&column.title)), format!("{}: {answer}", column.title));
    match column.yes {
        Some(YesMeans::Gone(meaning)) => {
            if says_nothing(cell) || is_nothing_paid(cell) || yes_or_no(cell) == Some(false) {
                return None;
            }
            // A yes, a date, a reason, an id: the place is gone.
            let (key, word) = under_title("yes");
            Some((key, word, Some(meaning)))
        }
        Some(YesMeans::AmountGone) => {
            if says_nothing(cell) || is_nothing_paid(cell) || yes_or_no(cell) == Some(false) {
                return None;
            }
            let (key, word) = under_title("more than 0");
            Some((key, word, None))
        }
        Some(YesMeans::StateGone(gone)) => {
            // "Declined" may be the refund or the place; a plain no is neither.
            if says_nothing(cell) || (yes_or_no(cell) == Some(false) && known(cell).is_none()) {
                return None;
            }
            let (key, word) = under_title(cell);
            Some((status_key(&key), word, progress_of(cell, gone)))
        }
        yes => {
            // "null" and "N/A" are what programs write for nothing; a figure is something.
            if cell == "—" || (says_nothing(cell) && cell != "0") {
                return None;
            }
            if column.is_amount && is_figure(cell) {
                // A person who paid nothing may have been let in, and a person who paid something may owe the rest.
                let answer = if is_nothing_paid(cell) { "0" } else { "more than 0" };
                let (key, word) = under_title(answer);
                return (answer == "0" || column.is_alone).then_some((key, word, None));
            }
            match (yes, bare_answer(cell)) {
                (Some(YesMeans::Place), Some(true)) => {
                    let (key, word) = under_title("yes");
                    Some((key, word, Some(StatusMeaning::Registered)))
                }
                (Some(YesMeans::Place), Some(false)) => {
                    let (key, word) = under_title("no");
                    Some((key, word, Some(StatusMeaning::LeftOut)))
                }
                // What yes means under "Seat booked?" is said for that title alone.
                (None, Some(answer)) if known(cell).is_none() && !cell.starts_with(['0', '1']) => {
                    let (key, word) = under_title(if answer { "yes" } else { "no" });
                    Some((key, word, None))
                }
                _ => {
                    let meaning = match known(cell) {
                        // A lead that was created is no registration that was only begun.
                        Some(_) if column.is_stage && has_begun(cell) => None,
                        Some(Known::Means(meaning)) => Some(meaning),
                        Some(Known::Ask) | None => None,
                    };
                    Some((status_key(cell), cell.to_owned(), meaning))
                }
            }
        }
    }
}

/// An amount, with or without the sign of its money.
fn is_figure(cell: &str) -> bool {
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    cell.chars().any(char::is_numeric) && letters <= 3 && cell.len() <= 16
}

/// The meaning of a refund or a cancellation beside this word; `None` where it is not sure to happen, or is not
/// understood.
fn progress_of(cell: &str, gone: StatusMeaning) -> Option<StatusMeaning> {
    let noun = if gone == StatusMeaning::Refunded { "refund" } else { "cancellation" };
    match known(&format!("{noun} {cell}")).or_else(|| known(cell)) {
        Some(Known::Means(
            StatusMeaning::Registered | StatusMeaning::Cancelled | StatusMeaning::Refunded,
        )) => Some(gone),
        Some(Known::Means(StatusMeaning::LeftOut) | Known::Ask) => None,
        None => (yes_or_no(cell) == Some(true) || ["full", "fully", "total"].contains(&plain(cell).as_str()))
            .then_some(gone),
    }
}

/// An amount of nothing: "0.00", "Rs. 0".
fn is_nothing_paid(cell: &str) -> bool {
    let digits: Vec<char> = cell.chars().filter(|c| c.is_numeric()).collect();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    !digits.is_empty()
        && letters <= 3
        && cell.len() <= 16
        && digits.iter().all(|c| c.to_digit(10) == Some(0) || *c == '०')
}
