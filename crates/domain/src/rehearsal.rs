//! Rehearsals of workshops' plans: where one stands, what is to go wrong in it, and how many people come.

use serde::{Deserialize, Serialize};

use crate::sequence::Presence;

crate::text_enum! {
    /// The state of a rehearsal, from its beginning to its end.
    RehearsalState, "state of a rehearsal" {
        /// The plan is being played.
        Running = "running",
        /// The rehearsal was played to its end.
        Done = "done",
        /// A member ended the rehearsal early.
        Stopped = "stopped",
        /// The rehearsal broke off, and says why.
        Failed = "failed",
    }
}

crate::text_enum! {
    /// How the stand-ins of providers answer on the whole.
    Weather, "kind of day" {
        /// Every message arrives, and its receipt comes.
        Good = "good",
        /// Most arrive, some are read, some fail.
        Usual = "usual",
    }
}

crate::text_enum! {
    /// What goes wrong with the stand-ins for a while.
    Trouble, "trouble" {
        /// Nothing goes wrong.
        None = "none",
        /// Providers take messages, and their answers are lost: nobody knows what became of them.
        Silent = "silent",
        /// Providers say that they are out of order: nothing was taken, and it is tried again.
        Down = "down",
        /// Providers ask to slow down.
        Busy = "busy",
        /// This program does not run.
        Off = "off",
    }
}

/// How many come to the workshop of a rehearsal, where no report says who did: nobody knows it ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnout {
    /// Of a hundred people so many attend, 0 to 100.
    pub attend: i64,
    /// Of these hundred so many leave before the end, at most those who attend.
    pub leave_early: i64,
}

/// A turnout that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnoutError {
    /// More than all attend, or fewer than nobody.
    #[error("Of 100 people 0 to 100 attend.")]
    Attend,
    /// More leave early than were there.
    #[error("Of 100 people no more leave early than attend.")]
    LeaveEarly,
}

impl Default for Turnout {
    fn default() -> Turnout {
        Turnout { attend: 60, leave_early: 10 }
    }
}

/// Whether the `nth` of many, from 0, is among the share of `part` in `all`, spread evenly. Of few it is the nearest whole number.
fn falls_on(nth: i64, part: i64, all: i64) -> bool {
    let until = |n: i64| (2 * n * part + all).div_euclid(2 * all.max(1));
    until(nth + 1) > until(nth)
}

impl Turnout {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// When a share is no share.
    pub fn check(self) -> Result<Turnout, TurnoutError> {
        match self {
            Turnout { attend, .. } if !(0..=100).contains(&attend) => Err(TurnoutError::Attend),
            Turnout { attend, leave_early } if !(0..=attend).contains(&leave_early) => {
                Err(TurnoutError::LeaveEarly)
            }
            _ => Ok(self),
        }
    }

    /// How each of so many people attends. Played twice, it is the same.
    pub fn of(self, people: usize) -> Vec<Presence> {
        let mut there = 0;
        let presence = |nth| {
            if !falls_on(nth, self.attend, 100) {
                return Presence::Absent;
            }
            there += 1;
            match falls_on(there - 1, self.leave_early, self.attend) {
                true => Presence::LeftEarly,
                false => Presence::Attended,
            }
        };
        (0..).take(people).map(presence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turnout_is_kept_for_hundreds_and_comes_near_it_for_few() {
        let check = |attend, leave_early, people, expected: (usize, usize)| {
            let of = Turnout { attend, leave_early }.of(people);
            let n = |presence| of.iter().filter(|one| **one == presence).count();
            let (stayed, early) = (n(Presence::Attended), n(Presence::LeftEarly));
            assert_eq!((stayed + early, early), expected, "{attend} {leave_early} of {people}");
            assert_eq!(of.len(), people);
        };
        check(60, 10, 100, (60, 10));
        check(60, 10, 1_000, (600, 100));
        check(60, 10, 3, (2, 0));
        check(67, 33, 3, (2, 1));
        check(100, 100, 7, (7, 7));
        check(0, 0, 7, (0, 0));
        check(60, 10, 0, (0, 0));
    }

    #[test]
    fn more_than_all_cannot_attend_nor_leave_who_was_not_there() {
        let check = |attend, leave_early| Turnout { attend, leave_early }.check();
        assert_eq!(check(101, 0), Err(TurnoutError::Attend));
        assert_eq!(check(-1, 0), Err(TurnoutError::Attend));
        assert_eq!(check(40, 41), Err(TurnoutError::LeaveEarly));
        assert!(check(100, 100).is_ok() && check(0, 0).is_ok());
    }
}
