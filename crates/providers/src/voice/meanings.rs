//! Codes of calls: what each means and what comes next. Adapters and records lead to these.

use super::times::ONCE;
use crate::{
    answer::Class,
    codes::{AGAIN, Meaning, NextAction, m},
};

use Class::{Config, Recipient, Stop};
use NextAction::{FixTemplate, PauseAccount, Retry, SmsFallback, Suppress};

/// The number is on a register of people who are not called.
pub const DND: &str = "call_dnd";
/// The account may not place such calls.
pub const NOT_ALLOWED: &str = "call_not_allowed";
/// The flow or the number that is shown does not exist.
pub const NO_FLOW: &str = "call_no_flow";
/// No calls at this time of day.
pub const OUT_OF_HOURS: &str = "call_hours";
/// It would ring too late to be of use.
pub const OUT_OF_TIME: &str = "call_too_late";

/// What is common to providers of calls.
pub const MEANINGS: &[Meaning] = &[
    m(
        DND,
        Recipient,
        Suppress,
        "On a do-not-disturb register",
        "The provider does not call this number: it is on a register of people who are not called. Reach them on another channel.",
    ),
    m(
        NOT_ALLOWED,
        Stop,
        PauseAccount,
        "Calls not allowed",
        "The account may not place such calls: a permission is missing, the number that is shown is not its own, or its identity check is open. Ask the provider, then resume.",
    ),
    m(
        NO_FLOW,
        Config,
        FixTemplate,
        "Flow not found",
        "The provider does not know the account, the flow or the number that is shown. Check these settings of the account.",
    ),
    m(
        OUT_OF_HOURS,
        Stop,
        PauseAccount,
        "Outside the hours for calls",
        "The provider places no calls from 9 PM to 9 AM. Resume in the morning, or use another channel.",
    ),
    m(ONCE, AGAIN, Retry, "Not placed", "The provider did not place the call. It is tried once more."),
    m(
        OUT_OF_TIME,
        Recipient,
        SmsFallback,
        "Too late to call",
        "The provider begins some time after it is asked, and the call would have come too late. Reach them on another channel.",
    ),
    m(
        "no_answer",
        Recipient,
        SmsFallback,
        "Nobody picked up",
        "The phone rang and nobody picked up, or it was out of reach.",
    ),
    m("busy", Recipient, SmsFallback, "Busy", "The line was busy."),
    m(
        "voicemail",
        Recipient,
        SmsFallback,
        "Voicemail",
        "A voicemail picked up. Nobody counts as told by it.",
    ),
    m(
        "hung_up",
        Recipient,
        SmsFallback,
        "Hung up early",
        "Somebody picked up and hung up before they could hear what it is about.",
    ),
    m("call_failed", Recipient, SmsFallback, "Not placed", "The provider could not place the call."),
    m(
        "call_network",
        Recipient,
        SmsFallback,
        "No way to the phone",
        "The network found no way to the phone.",
    ),
    m(
        "call_cancelled",
        Recipient,
        NextAction::None,
        "Withdrawn",
        "The call was withdrawn before anybody picked up.",
    ),
    m(
        "call_opt_outs",
        Stop,
        PauseAccount,
        "Many want no more calls",
        "More than 5 of 100 people who picked up pressed the key for no more calls. Look at the script and at who is called, then resume or cancel.",
    ),
    m(
        "no_report",
        Class::Unknown,
        NextAction::Resolve,
        "Nobody knows",
        "The provider never told how the call ended. The person is not called again; let somebody decide.",
    ),
];
