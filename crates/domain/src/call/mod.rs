//! A call that speaks to one person and takes a key: its script, what each key does, the state of one call, its cost
//! and the hours in which phones may ring.
//!
//! Everything here is the same for all providers. [`CallAbilities`] says what one provider can do. [`examine`] finds
//! before a script is used what the script asks for and the provider cannot do.

mod abilities;
mod again;
mod check;
mod conversation;
mod cost;
mod hours;
mod message;
mod pressed;
mod record;
mod recorded;
mod reference;
mod said;
mod script;
mod spoken;
mod strip;

pub use abilities::{CallAbilities, Keys, Ring};
pub use again::{Attempts, Redial, WhyNoRedial, again};
pub use check::{ScriptFinding, ScriptText, examine};
pub use conversation::{CallProgress, NextLines, NextPrompt, QuestionRounds, next_lines, next_prompt};
pub use cost::{GAP_S, RINGS_S, Rate, finish_ms, opt_outs_stop};
pub use hours::{CALLS_CLOSED, CallingHours, HoursError};
pub use pressed::{Pressed, pressed};
pub use record::{
    AnsweredBy, CallRecord, CallReport, CallReportKind, CallState, Ended, Failure, Hearing, ReportRefused,
    poll_after,
};
pub use recorded::{Playback, Recorded, ShownPart, digit_of};
pub use reference::CallRef;
pub use said::{FilledScript, fill, placeholders};
pub use script::{Action, CallScript, Digit, Key, Language, ROUNDS, WAIT_S};
pub use spoken::{number_words, seconds_of, speakable};
pub use strip::{CallStage, CallStageCounts};
