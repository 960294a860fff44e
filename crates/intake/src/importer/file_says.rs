//! What a file says of everybody in it, also where several rows are about one person.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use domain::workshop::RegistrantStatus;
use store::registrants::NewRegistrant;

use crate::read::StatusMeaning;

/// The key under which people who are paid in one row, and cancelled or refunded in another, are explained.
pub const TWICE_KEY: &str = "(paid and refunded)";
/// What people read for it.
pub(super) const TWICE_WORD: &str = "paid in one row, cancelled or refunded in another";

/// What a file says about one person's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// The person has a place, or the list has no status at all.
    Place,
    /// The registration ended with this status.
    Ended(RegistrantStatus),
    /// The status gives no place.
    NoPlace,
    /// The status is one that nobody has explained.
    Open,
}

/// Of which payment a row speaks, and when: few bytes, because a large file has one for every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    /// Of the id; 0 without one.
    reference: u32,
    /// Seconds since 1970; 0 without a time.
    seconds: u32,
}

impl At {
    fn of(person: &NewRegistrant) -> At {
        let seconds = person.registered_at.map_or(0, |at| u32::try_from(at.0 / 1_000).unwrap_or(0));
        At { reference: reference_hash(&person.reference), seconds }
    }
}

fn reference_hash(reference: &str) -> u32 {
    if reference.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    reference.hash(&mut hasher);
    (hasher.finish() >> 32) as u32 | 1
}

/// What a file says of everybody in it, by the person's key.
#[derive(Default)]
pub(super) struct FileSays {
    people: HashSet<u64>,
    placed: HashMap<u64, At>,
    /// Further rows with a place of the same person.
    placed_again: HashMap<u64, Vec<At>>,
    against: HashMap<u64, Vec<(Says, At)>>,
    /// People whose first row takes the place away.
    begun_against: HashSet<u64>,
    /// The answer for people whose rows contradict one another.
    twice: Option<StatusMeaning>,
}

impl FileSays {
    pub(super) fn new(twice: Option<StatusMeaning>) -> FileSays {
        FileSays { twice, ..FileSays::default() }
    }

    /// Hears of somebody to register; whether they were not met before.
    pub(super) fn person(&mut self, person: &NewRegistrant) -> bool {
        let key = person.key();
        let is_new = self.people.insert(key);
        match person.status {
            // A file that says nothing about places takes none away.
            None => {}
            Some(RegistrantStatus::Registered) => {
                let at = At::of(person);
                let first = *self.placed.entry(key).or_insert(at);
                if first != at {
                    self.placed_again.entry(key).or_default().push(at);
                }
            }
            Some(status @ (RegistrantStatus::Cancelled | RegistrantStatus::Refunded)) => {
                self.against.entry(key).or_default().push((Says::Ended(status), At::of(person)));
                if is_new {
                    self.begun_against.insert(key);
                }
            }
        }
        is_new
    }

    /// Hears of somebody who is not to be registered.
    pub(super) fn left_out(&mut self, person: &NewRegistrant, known: bool) {
        let says = if known { Says::NoPlace } else { Says::Open };
        self.against.entry(person.key()).or_default().push((says, At::of(person)));
    }

    /// Whether somebody with this key would be registered.
    pub(super) fn registers(&self, key: u64) -> bool {
        self.people.contains(&key)
    }

    /// Everything together; `None` for who is not in the file.
    pub(super) fn says(&self, key: u64) -> Option<Says> {
        match (self.placed.get(&key), self.against.get(&key)) {
            (Some(first), Some(against)) => {
                let more = self.placed_again.get(&key).map_or(&[][..], Vec::as_slice);
                let placed: Vec<At> = std::iter::once(*first).chain(more.iter().copied()).collect();
                Some(self.together(&placed, against))
            }
            (Some(_), None) => Some(Says::Place),
            (None, Some(against)) => against.iter().map(|(says, _)| *says).max_by_key(|says| match says {
                Says::Place | Says::Open => 0,
                Says::NoPlace => 1,
                Says::Ended(_) => 2,
            }),
            (None, None) => self.people.contains(&key).then_some(Says::Place),
        }
    }

    /// Rows with a place beside rows that take it away. A refund that names a payment is about that one; of others the later row counts; where
    /// neither tells, nobody guesses. A payment that failed takes no other one's place.
    fn together(&self, placed: &[At], against: &[(Says, At)]) -> Says {
        let ended: Vec<(RegistrantStatus, At)> = against
            .iter()
            .filter_map(|(says, at)| match says {
                Says::Ended(status) => Some((*status, *at)),
                Says::Place | Says::NoPlace | Says::Open => None,
            })
            .collect();
        let Some((last, _)) = ended.last() else { return Says::Place };
        let same = |one: &At, other: &At| one.reference != 0 && one.reference == other.reference;
        let standing: Vec<&At> =
            placed.iter().filter(|at| !ended.iter().any(|(_, end)| same(at, end))).collect();
        if standing.is_empty() {
            return Says::Ended(*last);
        }
        let stray: Vec<&(RegistrantStatus, At)> =
            ended.iter().filter(|(_, end)| !placed.iter().any(|at| same(at, end))).collect();
        let Some(latest_end) = stray.iter().max_by_key(|(_, end)| end.seconds) else { return Says::Place };
        let latest_place = standing.iter().map(|at| at.seconds).max().unwrap_or(0);
        match (latest_place, latest_end.1.seconds) {
            (place, end) if place > 0 && end > 0 && place > end => Says::Place,
            (place, end) if place > 0 && end > 0 && end > place => Says::Ended(latest_end.0),
            _ => match self.twice {
                Some(StatusMeaning::Registered) => Says::Place,
                Some(StatusMeaning::Refunded) => Says::Ended(RegistrantStatus::Refunded),
                Some(StatusMeaning::Cancelled | StatusMeaning::LeftOut) => {
                    Says::Ended(RegistrantStatus::Cancelled)
                }
                None => Says::Open,
            },
        }
    }

    /// Whether one of the person's rows gives a place and another one ends it.
    fn is_twice(&self, key: u64) -> bool {
        self.placed.contains_key(&key)
            && self
                .against
                .get(&key)
                .is_some_and(|rows| rows.iter().any(|(says, _)| matches!(says, Says::Ended(_))))
    }

    /// People of whom one row gives a place and another ends it: what the rows say together, and whether the first row
    /// ended it.
    pub(super) fn twice(&self) -> impl Iterator<Item = (Says, bool)> + '_ {
        self.against
            .keys()
            .filter(|key| self.is_twice(**key))
            .map(|key| (self.says(*key).unwrap_or(Says::Open), self.begun_against.contains(key)))
    }

    /// A row of somebody to register, as all rows about them have it; `None` for a row that another one outweighs, and for who is in question.
    pub(super) fn settled(&self, person: NewRegistrant) -> Option<NewRegistrant> {
        let key = person.key();
        if !self.is_twice(key) {
            return Some(person);
        }
        match self.says(key) {
            Some(Says::Place) => Some(NewRegistrant { status: Some(RegistrantStatus::Registered), ..person }),
            Some(Says::Ended(status)) => Some(NewRegistrant { status: Some(status), ..person }),
            Some(Says::NoPlace | Says::Open) | None => None,
        }
    }

    /// Whether what the file says against somebody is said of other payments or orders than the one of the registration here.
    pub(super) fn is_about_another(&self, key: u64, reference: &str) -> bool {
        let own = reference_hash(reference);
        own != 0
            && self
                .against
                .get(&key)
                .is_some_and(|rows| rows.iter().all(|(_, at)| at.reference != 0 && at.reference != own))
    }
}

#[cfg(test)]
mod tests {
    use domain::{name::PersonName, phone::Phone, time::Millis};

    use super::*;

    fn row(status: RegistrantStatus, reference: &str, minute: i64) -> NewRegistrant {
        NewRegistrant {
            name: PersonName::parse("Ravi"),
            email: None,
            phone: Phone::from_stored("+919000000001").ok(),
            phone_typed: String::new(),
            registered_at: (minute > 0).then_some(Millis(minute * 60_000)),
            status: Some(status),
            came_from: String::new(),
            other_phones: Vec::new(),
            reference: reference.to_owned(),
        }
    }

    #[track_caller]
    fn check(rows: &[NewRegistrant], expected: Says) {
        for turned in [false, true] {
            let mut rows = rows.to_vec();
            if turned {
                rows.reverse();
            }
            let mut file = FileSays::default();
            for row in &rows {
                file.person(row);
            }
            assert_eq!(file.says(rows[0].key()), Some(expected), "turned: {turned}");
        }
    }

    #[test]
    fn a_refund_of_a_payment_is_about_that_payment_and_of_others_the_later_counts() {
        use RegistrantStatus::{Cancelled, Refunded, Registered};
        check(&[row(Registered, "pay_1", 0), row(Refunded, "pay_1", 0)], Says::Ended(Refunded));
        check(&[row(Registered, "pay_1", 9), row(Cancelled, "pay_1", 5)], Says::Ended(Cancelled));
        check(
            &[row(Registered, "pay_1", 1), row(Refunded, "pay_1", 2), row(Registered, "pay_2", 3)],
            Says::Place,
        );
        check(&[row(Registered, "pay_1", 1), row(Refunded, "pay_2", 2)], Says::Ended(Refunded));
        check(&[row(Registered, "pay_1", 3), row(Refunded, "pay_2", 2)], Says::Place);
        check(&[row(Registered, "", 1), row(Refunded, "", 2)], Says::Ended(Refunded));
        check(&[row(Registered, "", 0), row(Refunded, "", 0)], Says::Open);
        check(&[row(Registered, "501", 0), row(Refunded, "502", 0)], Says::Open);
        check(&[row(Registered, "501", 4), row(Refunded, "502", 4)], Says::Open);
    }

    #[test]
    fn a_payment_that_failed_takes_no_other_ones_place() {
        let paid = row(RegistrantStatus::Registered, "pay_1", 1);
        let mut file = FileSays::default();
        file.person(&paid);
        file.left_out(&row(RegistrantStatus::Registered, "pay_2", 2), true);
        assert_eq!(file.says(paid.key()), Some(Says::Place));
        // Alone in a newer list, the row is about a payment that is not the registration's.
        let mut newer = FileSays::default();
        newer.left_out(&row(RegistrantStatus::Registered, "pay_2", 2), true);
        assert!(newer.is_about_another(paid.key(), "pay_1"));
        assert!(!newer.is_about_another(paid.key(), "pay_2"));
        assert!(!newer.is_about_another(paid.key(), ""), "an id that is not known is no other one");
    }

    #[test]
    fn what_somebody_said_settles_those_whose_rows_contradict() {
        let rows = [row(RegistrantStatus::Registered, "", 0), row(RegistrantStatus::Refunded, "", 0)];
        for (said, expected) in [
            (None, None),
            (Some(StatusMeaning::Registered), Some(RegistrantStatus::Registered)),
            (Some(StatusMeaning::Refunded), Some(RegistrantStatus::Refunded)),
            (Some(StatusMeaning::LeftOut), Some(RegistrantStatus::Cancelled)),
        ] {
            let mut file = FileSays::new(said);
            for row in &rows {
                file.person(row);
            }
            let settled = file.settled(rows[0].clone()).and_then(|row| row.status);
            assert_eq!(settled, expected, "{said:?}");
        }
    }
}
