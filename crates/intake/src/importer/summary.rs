//! What a look at a file found, in numbers, and later what its import did.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::imports::Import;

use super::comparison::ListComparison;
use crate::read::{ReadSummary, StatusMeaning};

/// What a look at a file found, and later what its import did. It is kept as JSON with the import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Rows that are not blank.
    pub rows: u64,
    /// People who would be registered.
    pub ready: u64,
    /// Rows whose person is registered already, or stands in the file before.
    pub already: u64,
    /// Rows that cannot be taken as they are.
    pub bad: u64,
    /// People among the ready ones without a number.
    pub without_phone: u64,
    /// People among the ready ones with a landline, which neither WhatsApp nor SMS reaches.
    pub landlines: u64,
    /// People among the ready ones with something left out, such as an unreadable e-mail address.
    pub warned: u64,
    /// Numbers that a spreadsheet has turned into 9.8E+09.
    pub digits_lost: u64,
    /// Registrations that the import made.
    pub new: u64,
    /// People that the organisation did not know.
    pub lead_new: u64,
    /// Rows taken as a person corrected them.
    pub fixed: u64,
    /// People among the ready ones with a number who agreed to promotion.
    pub agreed: u64,
    /// Agreements that the import recorded.
    pub agreements: u64,
    /// Agreements that were not recorded, because the person opted out within 90 days.
    pub agreements_too_soon: u64,
    /// The words of the status columns with the number of rows, the most frequent first.
    pub statuses: Vec<StatusWord>,
    /// Rows left out because their status gives no place.
    pub left_out: u64,
    /// Rows whose status nobody has explained; they are left out, too.
    pub undecided: u64,
    /// People who are paid in one row, and cancelled or refunded in another.
    pub twice: u64,
    /// People among the ready ones who are registered as cancelled or refunded: they are told nothing.
    pub without_place: u64,
    /// People who want no messages. The import enters their opt-outs.
    pub opting_out: u64,
    /// Opt-outs that were entered.
    pub opted_out: u64,
    /// How the file differs from the registrations, where it is a newer list of the same people.
    pub again: ListComparison,
    /// Rows that hold no person: repeated titles, totals, notes.
    pub no_people: u64,
    /// Rows of another table in the same sheet.
    pub other_table: u64,
    /// The line where that table begins; `None` without one.
    pub other_table_line: Option<u64>,
    /// Rows left out because the workbook hides them.
    pub hidden_rows: u64,
    /// Registrations that an undo removed.
    pub undone: u64,
    /// Registrations that an undo left, because a message was planned for them.
    pub kept: u64,
}

/// A word of the status columns, as a look at a file counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusWord {
    /// The normalised form under which the word is remembered.
    pub key: String,
    /// The word as the file writes it.
    pub word: String,
    /// Rows whose status this word decides.
    pub rows: u64,
    /// The meaning of the word; `None` while nobody has explained it.
    pub meaning: Option<StatusMeaning>,
    /// Whether a person chose the meaning, now or for an earlier file. Otherwise the program knows it by itself.
    pub chosen: bool,
}

impl Summary {
    /// Words that somebody has to explain before everybody in the file can be taken or left out knowingly.
    pub fn open_statuses(&self) -> impl Iterator<Item = &StatusWord> {
        self.statuses.iter().filter(|word| word.meaning.is_none())
    }

    /// Rows that are not taken as they stand: unreadable, hidden, of another table, or of a status that gives no place.
    pub fn rows_left_out(&self) -> u64 {
        self.bad.saturating_sub(self.fixed)
            + self.left_out
            + self.undecided
            + self.hidden_rows
            + self.other_table
            + self.again.rows_left()
    }

    /// Takes over what reading the whole file told.
    pub(super) fn hear(&mut self, told: ReadSummary) {
        let seen = told.statuses.into_iter();
        self.statuses = seen
            .map(|seen| StatusWord {
                key: seen.key,
                word: seen.word,
                rows: seen.rows,
                meaning: seen.meaning,
                chosen: seen.chosen,
            })
            .collect();
        self.no_people = told.no_people;
        self.other_table = told.other_table;
        self.other_table_line = told.other_table_line;
        self.hidden_rows = told.hidden_rows;
    }

    /// The summary of an import; an empty one before the first look.
    pub fn of(import: &Import) -> Summary {
        serde_json::from_value(import.summary.clone()).unwrap_or_default()
    }

    /// The summary as JSON, as the import keeps it.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("numbers are JSON")
    }
}
