//! Refusals in words that no table knows: do they mean the person, or the account?
//!
//! Nobody fails before that is clear. A message that is refused this way goes back to waiting, and the others of its broadcast are
//! tried one at a time. When one of them is taken, the account works, and a message that is then refused again was refused for its
//! own sake. When several different ones are refused in a row, the account or the template is at fault, and the broadcast pauses.
//! So it does when several at the end of a broadcast are in doubt and no other is left to ask: a person decides.

use std::collections::{HashMap, HashSet};

use domain::{ids::BroadcastId, time::SECOND};
use providers::codes::STRIKES_MAX;

/// A message that was refused this way is tried again after so many milliseconds.
pub(crate) const AGAIN_MS: i64 = 10 * SECOND;
/// Tries of one message while no other says anything.
const TRIES_MAX: u32 = 3;
/// Broadcasts of which more is kept than that they were heard of. Those without a refusal are then forgotten.
const KEPT_MAX: usize = 10_000;

/// Who or what a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The person: other messages of the broadcast are accepted.
    Person,
    /// The account or the template: nobody else will fare better.
    Account,
    /// Nothing yet tells which of the two.
    Unclear,
}

/// What this process heard of its broadcasts.
#[derive(Debug, Default)]
pub(crate) struct Strikes(HashMap<BroadcastId, Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// The number of calls that the provider accepted.
    taken: u64,
    /// The positions of the messages refused since the last accepted one.
    in_a_row: HashSet<i64>,
    /// The refused messages by position: how many calls were accepted before the first refusal, and how often the
    /// message was refused.
    refused: HashMap<i64, (u64, u32)>,
}

impl Strikes {
    /// A call was taken.
    pub(crate) fn taken(&mut self, broadcast: BroadcastId) {
        if self.0.len() >= KEPT_MAX && !self.0.contains_key(&broadcast) {
            self.0.retain(|_, heard| !heard.refused.is_empty());
        }
        let heard = self.0.entry(broadcast).or_default();
        heard.taken += 1;
        heard.in_a_row.clear();
    }

    /// A call was answered in words that are known.
    pub(crate) fn known(&mut self, broadcast: BroadcastId) {
        if let Some(heard) = self.0.get_mut(&broadcast) {
            heard.in_a_row.clear();
        }
    }

    /// A call for these messages was refused in words that nobody knows.
    pub(crate) fn refused(&mut self, broadcast: BroadcastId, positions: &[i64]) -> Fault {
        let heard = self.0.entry(broadcast).or_default();
        let fault = match positions {
            [one] => heard.refused(*one),
            // Smaller calls were refused alike.
            _ => Fault::Account,
        };
        if fault == Fault::Account {
            self.0.remove(&broadcast);
        }
        fault
    }

    /// Whether the others of that broadcast are held back: one at a time shows whose fault it is.
    pub(crate) fn is_unclear(&self, broadcast: BroadcastId) -> bool {
        self.0.get(&broadcast).is_some_and(|heard| !heard.in_a_row.is_empty())
    }
}

impl Heard {
    fn refused(&mut self, position: i64) -> Fault {
        self.in_a_row.insert(position);
        let (taken_before, tries) = self.refused.entry(position).or_insert((self.taken, 0));
        *tries += 1;
        let alone = self.in_a_row.len() == 1;
        let others_went = *tries > 1 && self.taken > *taken_before;
        // The last one of a broadcast that went well: there is no other to ask.
        let last_of_many = *tries >= TRIES_MAX && self.taken > 0;
        if alone && (others_went || last_of_many) {
            self.refused.remove(&position);
            self.in_a_row.clear();
            return Fault::Person;
        }
        if self.in_a_row.len() >= STRIKES_MAX || *tries >= TRIES_MAX {
            return Fault::Account;
        }
        Fault::Unclear
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Millis;

    use super::*;

    /// Reads a story: `+` is a call that was accepted, a number is a message that was refused.
    fn faults(story: &str) -> Vec<Fault> {
        let (mut strikes, id) = (Strikes::default(), BroadcastId::new(Millis(0)));
        let mut faults = Vec::new();
        for word in story.split(' ') {
            match word.parse() {
                Ok(position) => faults.push(strikes.refused(id, &[position])),
                Err(_) => strikes.taken(id),
            }
        }
        faults
    }

    #[test]
    fn a_refusal_is_the_persons_only_when_others_go_through() {
        use Fault::{Account, Person, Unclear};
        for (story, expected) in [
            // The account was broken from the first message on.
            ("1 2 3", vec![Unclear, Unclear, Account]),
            // One person is refused, and others go through.
            ("1 + 1", vec![Unclear, Person]),
            ("+ 1 + + 1", vec![Unclear, Person]),
            // The account broke on the way. The message that was refused before does not fail because of it.
            ("+ 1 + 2 1 3", vec![Unclear, Unclear, Unclear, Account]),
            // Two persons are refused, each for a reason of their own.
            ("1 + 2 + 1 + 2", vec![Unclear, Unclear, Person, Person]),
            // The last message of a broadcast that went well is refused.
            ("+ 1 1 1", vec![Unclear, Unclear, Person]),
            // No other message is left to try, and none was ever accepted: a person has to decide.
            ("1 1 1", vec![Unclear, Unclear, Account]),
            ("+ 1 2 1 2 1", vec![Unclear, Unclear, Unclear, Unclear, Account]),
        ] {
            assert_eq!(faults(story), expected, "for {story}");
        }
    }

    #[test]
    fn others_are_held_back_only_while_it_is_unclear() {
        let (mut strikes, id) = (Strikes::default(), BroadcastId::new(Millis(0)));
        strikes.refused(id, &[1]);
        assert!(strikes.is_unclear(id));
        strikes.taken(id);
        assert!(!strikes.is_unclear(id));
        assert_eq!(strikes.refused(id, &[4, 5]), Fault::Account, "a whole call of people is the account's");
        assert!(!strikes.is_unclear(id), "it starts anew when it is resumed");
    }
}
