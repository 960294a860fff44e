//! What the first rows of a column hold.

use domain::phone::Country;

use super::dates::is_date;
use super::header::{is_email, is_lost_number, is_phone};
use super::words::{Known, StatusMeaning, has_begun, known, refuses, remarks_against, yes_or_no};

/// Different values of a column of statuses.
const STATES_MAX: usize = 20;

/// What the first rows of a column hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) filled: usize,
    pub(super) phones: usize,
    pub(super) lost_numbers: usize,
    pub(super) emails: usize,
    pub(super) codes: usize,
    pub(super) answers: usize,
    pub(super) dates: usize,
    /// Cells that hold a letter.
    pub(super) lettered: usize,
    /// Words of the tables of statuses, and those among them that take a place away.
    states: usize,
    pub(super) states_against: usize,
    /// Those of them that only say that there is a lead.
    pub(super) begun: usize,
    /// Cells that ask for no messages, and cells that speak of a cancellation or a refund.
    pub(super) refusals: usize,
    pub(super) remarks_against: usize,
    /// Those of them that begin with it.
    pub(super) begins_against: usize,
    /// Figures other than the 0 and 1 of a yes and a no.
    figures: usize,
    wordy: usize,
    different: usize,
    /// How often the commonest value stands there.
    commonest: usize,
}

impl Content {
    pub(super) fn of(cells: &[&str]) -> Content {
        let count = |fits: fn(&str) -> bool| cells.iter().filter(|cell| fits(cell)).count();
        let mut different = cells.to_vec();
        different.sort_unstable();
        let commonest = different.chunk_by(|a, b| a == b).map(<[&str]>::len).max().unwrap_or(0);
        different.dedup();
        let state = |cell: &&&str| cell.chars().count() <= 40 && known(cell).is_some();
        let against = |cell: &&&str| {
            !matches!(known(cell), None | Some(Known::Ask | Known::Means(StatusMeaning::Registered)))
        };
        // A column of statuses has few different ones.
        let few: &[&str] = if different.len() <= STATES_MAX { &different } else { &[] };
        let states = few.iter().filter(state).count();
        let states_against = few.iter().filter(state).filter(against).count();
        Content {
            filled: cells.len(),
            phones: count(is_phone),
            lost_numbers: count(is_lost_number),
            emails: count(is_email),
            codes: count(|cell| Country::from_text(cell).is_some()),
            lettered: count(|cell| cell.chars().any(char::is_alphabetic)),
            states,
            states_against,
            begun: few.iter().filter(|cell| has_begun(cell)).count(),
            commonest,
            refusals: count(refuses),
            remarks_against: count(remarks_against),
            begins_against: count(|cell| {
                let begin: Vec<&str> = cell.split_whitespace().take(2).collect();
                remarks_against(&begin.join(" "))
            }),
            answers: count(|cell| yes_or_no(cell).is_some()),
            dates: count(is_date),
            figures: count(|cell| {
                let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
                let figure = cell.chars().any(|c| c.is_ascii_digit()) && letters <= 3 && cell.len() <= 16;
                figure && !matches!(cell, "0" | "1" | "0.0" | "1.0")
            }),
            wordy: count(|cell| {
                let named = cell.chars().any(char::is_alphabetic) && !cell.chars().any(char::is_numeric);
                named && cell.chars().count() <= 60 && !cell.contains(['@', '/', '_'])
            }),
            different: different.len(),
        }
    }

    /// Nearly every row has the same value: of five rows four at least.
    pub(super) fn is_same_everywhere(&self) -> bool {
        self.filled >= 5 && self.commonest * 5 >= self.filled * 4
    }

    /// Nearly all of it is words of the table of statuses, and one of them takes a place away.
    pub(super) fn states(&self) -> bool {
        self.states_against > 0 && self.states * 5 >= self.different * 4
    }

    /// Nearly all of it is figures, and one at least is no 0 or 1.
    pub(super) fn is_amounts(&self) -> bool {
        self.figures > 0 && self.lettered * 5 <= self.filled
    }

    /// Every cell is words without figures.
    pub(super) fn is_all_words(&self) -> bool {
        self.filled > 0 && self.wordy == self.filled
    }

    /// Words and no figures.
    pub(super) fn is_worded(&self) -> bool {
        self.lettered * 2 >= self.filled
    }

    /// Words without digits that differ from row to row. Under a title of its own that says something else, not.
    pub(super) fn names_likely(&self, untitled: bool) -> bool {
        untitled && self.filled > 0 && self.wordy * 10 >= self.filled * 8 && self.different * 2 > self.filled
    }
}
