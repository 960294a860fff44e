//! What one provider of calls can do, as data.

use super::{Language, Playback};

/// What one provider can do with a call. The adapter states it as a constant, so that it is known before the provider
/// is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallAbilities {
    /// Whether each call can speak a text of its own. Without it all people of a request hear the same words.
    pub own_text: bool,
    /// When the provider tells which key was pressed.
    pub keys: Keys,
    /// Whether the provider can be asked for the state of one call.
    pub looks_up: bool,
    /// Whether a call that the provider has accepted can be withdrawn before it rings.
    pub cancels: bool,
    /// Whether the provider repeats our own reference ([`CallRef`](super::CallRef)) in its reports of a call.
    pub echoes: bool,
    /// Whether the provider reports without being asked that a line was busy, that nobody answered or that the call
    /// could not be placed.
    pub tells_busy: bool,
    /// Whether the provider may report that a voicemail picked up. That report comes at the latest with the end of
    /// the call; until then nobody knows whether a person heard the text.
    pub marks_voicemail: bool,
    /// Whether the provider tells what a call cost only when it is asked, some minutes after the call's end.
    pub prices_later: bool,
    /// Whether the provider never rings twice for two requests with the same reference. A request whose answer was
    /// lost may then be made again.
    pub refuses_repeats: bool,
    /// The shortest time between the request and the first ring, in milliseconds.
    pub start_delay_ms: i64,
    /// The largest number of calls in one request.
    pub per_request: usize,
    /// The languages that the provider's voices speak.
    pub languages: &'static [Language],
    /// Characters that separate one text from the next in the provider's requests. They are left out of what is
    /// spoken.
    pub separators: &'static [char],
    /// What the provider can play besides the texts that it speaks.
    pub plays: Playback,
}

/// When the provider tells which key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// While the person is on the line, and it asks what to say next: the closing words of our script follow the key.
    During,
    /// While the person is on the line, but as a notice only: the words that follow stand in a flow at the provider.
    Notice,
    /// The provider does not report keys.
    Never,
}

/// Time limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// How long the phone rings before the call counts as not answered, in seconds.
    pub ring_s: i64,
    /// How long the call may last, in seconds. Providers that take a limit get this one.
    pub longest_s: i64,
}

impl Default for Ring {
    /// The usual half a minute of ringing, and two minutes in all (docs/facts/calls.md §3.2).
    fn default() -> Ring {
        Ring { ring_s: 30, longest_s: 120 }
    }
}
