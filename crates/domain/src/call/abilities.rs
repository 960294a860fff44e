//! What a provider of calls can do.

use super::{Language, Playback};

/// What a provider can do with a call, said before it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallAbilities {
    /// Each person can hear a text of their own.
    pub own_text: bool,
    /// When a key that was pressed is known.
    pub keys: Keys,
    /// It can be asked what became of one call.
    pub looks_up: bool,
    /// A call that it has taken can be withdrawn before it rings.
    pub cancels: bool,
    /// Our own reference of a call comes back in its reports.
    pub echoes: bool,
    /// It says by itself whether a line was busy, nobody answered, or the call could not be placed.
    pub tells_busy: bool,
    /// It may say that a voicemail picked up, at the latest with the end of the call: until then nobody knows whether a person heard the text.
    pub marks_voicemail: bool,
    /// It tells what a call cost some minutes after its end, and only when asked.
    pub prices_later: bool,
    /// It never rings twice for two requests that carry the same reference, so that a request whose answer was lost may be made again.
    pub refuses_repeats: bool,
    /// How long after the request a phone rings at the earliest, in milliseconds.
    pub start_delay_ms: i64,
    /// Most calls of one request.
    pub per_request: usize,
    /// The languages that it speaks.
    pub languages: &'static [Language],
    /// Characters that part one text from the next in its requests, and so cannot be spoken.
    pub separators: &'static [char],
    /// What it can play besides text that it speaks.
    pub plays: Playback,
}

/// When a key that was pressed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// While the person is on the line: the closing words follow the key.
    During,
    /// While the person is on the line, as a notice: what is said next stands in a flow at the provider.
    Notice,
    /// Never.
    Never,
}

/// How one call may ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// How long, in seconds.
    pub ring_s: i64,
    /// How long the whole call may last, in seconds.
    pub longest_s: i64,
}

impl Default for Ring {
    /// Half a minute, as is usual, and two minutes in all (docs/facts/calls.md §3.2).
    fn default() -> Ring {
        Ring { ring_s: 30, longest_s: 120 }
    }
}
