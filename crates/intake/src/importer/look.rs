//! One reading of a whole file: who would be registered, who would leave, and what is open.

use std::collections::{HashMap, HashSet};

use domain::workshop::RegistrantStatus;
use store::{imports::ImportRow, registrants::NewRegistrant};

use super::{
    ROWS_TO_FIX_MAX,
    rows::{Person, Read},
    summary::{StatusWord, Summary},
};
use crate::read::{Agreed, NO_STATUS_KEY, NO_STATUS_WORD, is_landline};

/// What one reading of a file has found so far.
#[derive(Default)]
pub(super) struct Look {
    pub(super) summary: Summary,
    /// Keys of the people who would be registered.
    pub(super) seen: HashSet<u64>,
    /// Rows without a status in a file that has a column for it, by the person's key.
    pub(super) without_status: HashMap<u64, u64>,
    /// Some row has a status.
    pub(super) states: bool,
    /// Who is cancelled or refunded in the file.
    pub(super) leaving: Leaving,
    /// People of the file whose registration stands here.
    pub(super) standing: u64,
}

/// People whose place a file takes away. Who has one in another row of it (a second payment after a refund) keeps it.
#[derive(Default)]
pub(super) struct Leaving {
    pub(super) people: HashMap<u64, NewRegistrant>,
    pub(super) placed: HashSet<u64>,
}

impl Leaving {
    pub(super) fn see(&mut self, person: &NewRegistrant) {
        match person.status {
            // A file that says nothing about places takes none away.
            None => {}
            Some(RegistrantStatus::Registered) => {
                self.placed.insert(person.key());
            }
            Some(RegistrantStatus::Cancelled | RegistrantStatus::Refunded) => {
                self.people.insert(person.key(), person.clone());
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<NewRegistrant> {
        let placed = std::mem::take(&mut self.placed);
        let people = std::mem::take(&mut self.people).into_iter();
        people.filter(|(key, _)| !placed.contains(key)).map(|(_, person)| person).collect()
    }
}

impl Look {
    /// Counts rows; who would be registered, and the rows that need a person.
    pub(super) fn take(&mut self, rows: Vec<Read>) -> (Vec<NewRegistrant>, Vec<ImportRow>) {
        let summary = &mut self.summary;
        let (mut people, mut to_fix) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            summary.rows += 1;
            match row {
                Read::ToFix(row, digits_lost) => {
                    summary.bad += 1;
                    summary.digits_lost += u64::from(digits_lost);
                    if summary.bad <= ROWS_TO_FIX_MAX {
                        to_fix.push(row);
                    }
                }
                Read::Person(Person { registrant: person, agreed, opted_out }, warned) => {
                    let placed = person.status.unwrap_or(RegistrantStatus::Registered);
                    self.leaving.see(&person);
                    summary.opting_out += u64::from(opted_out && person.phone.is_some());
                    if self.seen.insert(person.key()) {
                        summary.ready += 1;
                        summary.agreed += u64::from(agreed != Agreed::No && person.phone.is_some());
                        summary.without_phone += u64::from(person.phone.is_none());
                        summary.without_place += u64::from(placed != RegistrantStatus::Registered);
                        summary.landlines += u64::from(person.phone.as_ref().is_some_and(is_landline));
                        summary.warned += u64::from(warned);
                        people.push(person);
                    } else {
                        summary.already += 1;
                    }
                }
                Read::NoStatus(person) => {
                    *self.without_status.entry(person.registrant.key()).or_default() += 1;
                }
                Read::LeftOut { known, opted_out } => {
                    summary.opting_out += u64::from(opted_out.is_some());
                    *if known { &mut summary.left_out } else { &mut summary.undecided } += 1;
                }
            }
        }
        (people, to_fix)
    }

    /// Of the rows without a status, those whose person has one elsewhere in the file are decided by it; the others are a question.
    pub(super) fn ask_about_empty(&mut self) {
        let (stated, open): (Vec<_>, Vec<_>) =
            self.without_status.iter().partition(|(key, _)| self.seen.contains(key));
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
}
