//! What is to happen in a rehearsal: a kind of day, a trouble from one moment to another, and how many people come.

use domain::{
    rehearsal::{Trouble, Turnout, Weather},
    time::{MINUTE, Millis},
};
use sandbox::{Amount, Faults, faults::ReceiptMode};
use serde::{Deserialize, Serialize};

/// Longest trouble, in minutes.
pub const MINUTES_MAX: i64 = 24 * 60;

/// What goes wrong in a rehearsal, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// How the providers are on the whole.
    pub weather: Weather,
    /// What goes wrong for a while.
    pub trouble: Trouble,
    /// The beginning of the trouble.
    pub from: Millis,
    /// The length of the trouble in minutes, 1 to [`MINUTES_MAX`].
    pub minutes: i64,
    /// How many people come, for steps that go by who attended.
    #[serde(default)]
    pub turnout: Turnout,
}

impl Script {
    /// A day on which all goes well.
    pub fn smooth() -> Script {
        let (weather, trouble, turnout) = (Weather::Good, Trouble::None, Turnout::default());
        Script { weather, trouble, from: Millis(0), minutes: 1, turnout }
    }

    /// When the trouble is over.
    pub fn until(&self) -> Millis {
        self.from.plus(self.minutes.clamp(1, MINUTES_MAX) * MINUTE)
    }

    fn strikes(&self, now: Millis) -> bool {
        self.trouble != Trouble::None && self.from <= now && now < self.until()
    }

    /// Whether this program does not run at that moment.
    pub fn is_off(&self, now: Millis) -> bool {
        self.trouble == Trouble::Off && self.strikes(now)
    }

    /// What goes wrong at the providers at that moment, on top of what they do anyhow.
    pub fn faults(&self, base: &Faults, now: Millis) -> Faults {
        let mut faults = base.clone();
        if !self.strikes(now) {
            return faults;
        }
        match self.trouble {
            Trouble::None | Trouble::Off => {}
            Trouble::Silent => {
                faults.reset_after = Amount::ALWAYS;
                faults.receipts.mode = ReceiptMode::Off;
            }
            Trouble::Down => {
                (faults.server_error, faults.server_error_status) = (Amount::ALWAYS, Some(503));
            }
            Trouble::Busy => (faults.too_many, faults.retry_after_s) = (Amount::ALWAYS, Some(30)),
        }
        faults
    }

    /// The next moment at which something changes.
    pub fn next(&self, now: Millis) -> Option<Millis> {
        let moments = [self.from, self.until()];
        moments.into_iter().find(|at| self.trouble != Trouble::None && *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_begins_and_ends_at_its_minute_and_leaves_the_day_as_it_was() {
        let trouble = Trouble::Silent;
        let script = Script { trouble, from: Millis(600_000), minutes: 2, ..Script::smooth() };
        let base = Faults::lifelike();
        assert_eq!(script.faults(&base, Millis(599_999)), base);
        assert_eq!(script.faults(&base, Millis(600_000)).reset_after, Amount::ALWAYS);
        assert_eq!(script.faults(&base, Millis(720_000)), base, "two minutes later it is over");
        assert_eq!(script.next(Millis(0)), Some(Millis(600_000)));
        assert_eq!(script.next(Millis(600_000)), Some(Millis(720_000)));
        assert_eq!(script.next(Millis(720_000)), None);
        assert!(!script.is_off(Millis(600_000)), "only who switches the program off stops it");
    }
}
