//! One reading of a whole file: who would be registered, who would leave, and what is open.

use std::collections::HashMap;

use domain::{phone::Phone, workshop::RegistrantStatus};
use store::{imports::ImportRow, registrants::NewRegistrant};

use super::{
    ROWS_LEFT_OUT_MAX, ROWS_TO_FIX_MAX,
    file_says::{FileSays, Says, TWICE_KEY, TWICE_WORD},
    rows::{Person, Read},
    summary::{StatusWord, Summary},
};
use crate::read::{Agreed, Mapping, NO_STATUS_KEY, NO_STATUS_WORD};

/// What one reading of a file has found so far.
#[derive(Default)]
pub(super) struct Look {
    pub(super) summary: Summary,
    /// What the file says of everybody in it.
    pub(super) file: FileSays,
    /// Rows without a status in a file that has a column for it, by the person's key.
    pub(super) without_status: HashMap<u64, u64>,
    /// Some row has a status.
    pub(super) states: bool,
}

impl Look {
    pub(super) fn new(mapping: &Mapping) -> Look {
        Look { file: FileSays::new(mapping.statuses.get(TWICE_KEY).copied()), ..Look::default() }
    }

    /// Counts rows. Returns the people who would be registered, and the rows that are kept: rows that need a person,
    /// and rows that their status leaves out.
    pub(super) fn take(&mut self, rows: Vec<Read>) -> (Vec<NewRegistrant>, Vec<ImportRow>) {
        let summary = &mut self.summary;
        let (mut people, mut kept_rows) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            summary.rows += 1;
            match row {
                Read::ToFix(row, digits_lost) => {
                    summary.bad += 1;
                    summary.digits_lost += u64::from(digits_lost);
                    if summary.bad <= ROWS_TO_FIX_MAX {
                        kept_rows.push(row);
                    }
                }
                Read::Person(Person { registrant: person, agreed, refused_in }, warned) => {
                    let placed = person.status.unwrap_or(RegistrantStatus::Registered);
                    summary.opting_out += u64::from(!refused_in.is_empty() && person.phone.is_some());
                    if self.file.person(&person) {
                        summary.ready += 1;
                        summary.agreed += u64::from(agreed != Agreed::No && person.phone.is_some());
                        summary.without_phone += u64::from(person.phone.is_none());
                        summary.without_place += u64::from(placed != RegistrantStatus::Registered);
                        summary.landlines += u64::from(person.phone.as_ref().is_some_and(Phone::is_landline));
                        summary.warned += u64::from(warned);
                        people.push(person);
                    } else {
                        summary.already += 1;
                    }
                }
                Read::NoStatus(person) => {
                    self.file.left_out(&person.registrant, false);
                    *self.without_status.entry(person.registrant.key()).or_default() += 1;
                }
                Read::LeftOut { known, refused_in, person, kept } => {
                    self.file.left_out(&person, known);
                    summary.opting_out += u64::from(!refused_in.is_empty() && person.phone.is_some());
                    *if known { &mut summary.left_out } else { &mut summary.undecided } += 1;
                    if summary.left_out <= ROWS_LEFT_OUT_MAX {
                        kept_rows.extend(kept.map(|row| *row));
                    }
                }
            }
        }
        (people, kept_rows)
    }

    /// Of the rows without a status, those whose person has one elsewhere in the file are decided by it; the others are a question.
    pub(super) fn ask_about_empty(&mut self) {
        let (stated, open): (Vec<_>, Vec<_>) =
            self.without_status.iter().partition(|(key, _)| self.file.registers(**key));
        self.summary.already += stated.into_iter().map(|(_, rows)| rows).sum::<u64>();
        let rows: u64 = open.into_iter().map(|(_, rows)| rows).sum();
        self.summary.undecided += rows;
        if rows > 0 && self.states {
            self.summary.statuses.push(StatusWord {
                key: NO_STATUS_KEY.to_owned(),
                word: NO_STATUS_WORD.to_owned(),
                rows,
                ..StatusWord::default()
            });
        }
    }

    /// People whose rows contradict one another. What the rows say together counts; where that cannot be told, it is a
    /// question.
    pub(super) fn settle_twice(&mut self, mapping: &Mapping) {
        let (mut open, said) = (0, mapping.statuses.get(TWICE_KEY).copied());
        let summary = &mut self.summary;
        for (says, begun_against) in self.file.twice() {
            summary.twice += 1;
            match (says, begun_against) {
                (Says::Place, true) => summary.without_place = summary.without_place.saturating_sub(1),
                (Says::Ended(_), false) => summary.without_place += 1,
                (Says::Place, false) | (Says::Ended(_), true) => {}
                (Says::Open | Says::NoPlace, begun) => {
                    open += 1;
                    summary.ready = summary.ready.saturating_sub(1);
                    summary.without_place = summary.without_place.saturating_sub(u64::from(begun));
                }
            }
        }
        summary.undecided += open;
        if open > 0 || (said.is_some() && summary.twice > 0) {
            summary.statuses.push(StatusWord {
                key: TWICE_KEY.to_owned(),
                word: TWICE_WORD.to_owned(),
                rows: if open > 0 { open } else { summary.twice },
                meaning: said,
                chosen: said.is_some(),
            });
        }
    }
}
