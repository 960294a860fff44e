//! The state of a linked account in words, with a next step.

use domain::{
    group::{AccountState, Passkey},
    time::{Millis, Zone},
};

use crate::ui::{
    chip::{Chip, Tone},
    icons::Icon,
};

/// The state of an account as people read it.
pub(super) struct Standing {
    pub(super) chip: Chip,
    /// The state in one sentence.
    pub(super) what: String,
    /// What to do about it; empty where nothing is to be done.
    pub(super) next: &'static str,
}

impl Standing {
    /// The words for a state. An account that the gateway was never asked about (`None`) counts as not linked.
    pub(super) fn of(state: Option<&AccountState>, zone: &Zone, now: Millis) -> Standing {
        let is = |tone, icon, word: &str, what: &str, next| Standing {
            chip: Chip { tone, icon, word: word.to_owned() },
            what: what.to_owned(),
            next,
        };
        let until = |until: &Option<Millis>| match until {
            Some(at) => format!("until {}", zone.moment(*at, now)),
            None => "for a while".to_owned(),
        };
        let Some(state) = state else {
            return is(Tone::Act, Icon::Plug, "Not linked", "No phone is linked.", "Link one.");
        };
        match state {
            AccountState::Unlinked => {
                is(Tone::Act, Icon::Plug, "Not linked", "No phone is linked.", "Link one.")
            }
            AccountState::Linking => {
                is(Tone::Run, Icon::Wait, "Linking", "A code waits.", "Scan it, or type it, on the phone.")
            }
            AccountState::PasskeyNeeded(step) => passkey(*step),
            AccountState::Connecting => {
                is(Tone::Run, Icon::Wait, "Connecting", "The connection is being made.", "Wait a moment.")
            }
            AccountState::Ready => is(Tone::Done, Icon::Ok, "Ready", "It posts.", ""),
            AccountState::Waiting { since } => {
                let since = since.map(|at| format!(" since {}", zone.moment(at, now))).unwrap_or_default();
                let what = format!("The connection was lost{since} and is being made again.");
                is(Tone::Act, Icon::Wait, "Waiting", &what, "Look whether the phone is online.")
            }
            AccountState::Capped { until: end } => {
                let what = format!("WhatsApp lets it send no more messages {}.", until(end));
                is(Tone::Act, Icon::Wait, "Capped", &what, "Wait, or post by hand.")
            }
            AccountState::Restricted { until: end, code } => {
                let code = if code.is_empty() { String::new() } else { format!(" (code {code})") };
                let what = format!("WhatsApp restricts it {}{code}.", until(end));
                is(
                    Tone::Fail,
                    Icon::Warning,
                    "Restricted",
                    &what,
                    "Do not link it anew; post by hand meanwhile.",
                )
            }
            AccountState::Replaced => is(
                Tone::Fail,
                Icon::Switch,
                "Replaced",
                "Another program uses the same link.",
                "Stop the other one, then link this account again.",
            ),
            AccountState::LoggedOut => is(
                Tone::Fail,
                Icon::SignOut,
                "Logged out",
                "The phone unlinked it.",
                "Link it again; its groups and plans stay.",
            ),
            AccountState::Blocked { code } => {
                let code = if code.is_empty() { String::new() } else { format!(" (code {code})") };
                let what = format!("WhatsApp blocked the account{code}.");
                is(
                    Tone::Fail,
                    Icon::Error,
                    "Blocked",
                    &what,
                    "Look at the phone; use another account meanwhile.",
                )
            }
        }
    }
}

/// The words for WhatsApp's demand for a passkey: whether this gateway can do that.
fn passkey(step: Passkey) -> Standing {
    let (tone, what, next) = match step {
        Passkey::NotHere => (
            Tone::Fail,
            "WhatsApp wants a passkey, and this gateway cannot do that.",
            "Take a gateway that can, or post by hand.",
        ),
        Passkey::Challenge | Passkey::Compare => {
            (Tone::Act, "WhatsApp wants a passkey.", "Follow the steps below.")
        }
    };
    let chip = Chip { tone, icon: Icon::Key, word: "Passkey needed".to_owned() };
    Standing { chip, what: what.to_owned(), next }
}
