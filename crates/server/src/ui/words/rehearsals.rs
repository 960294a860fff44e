//! Rehearsals in words: how the providers are, and what goes wrong.

use domain::rehearsal::{Trouble, Weather};

/// How the providers are on the whole.
pub fn weather(weather: Weather) -> &'static str {
    match weather {
        Weather::Good => "Everything arrives",
        Weather::Usual => "As on a usual day: some fail",
    }
}

/// What goes wrong for a while.
pub fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::None => "Nothing",
        Trouble::Silent => "Providers take messages and do not answer",
        Trouble::Down => "Providers are out of order",
        Trouble::Busy => "Providers ask to slow down",
        Trouble::Off => "Munadi does not run",
    }
}
