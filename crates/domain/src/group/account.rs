//! How a linked account stands (docs/facts/groups.md §5, §13, §16).

use serde::{Deserialize, Serialize};

use crate::time::Millis;

crate::text_enum! {
    /// How a linked account stands, in one word: what the store and addresses use for an [`AccountState`].
    AccountStateWord, "state of an account" {
        /// No phone is linked.
        Unlinked = "unlinked",
        /// A code waits to be scanned or typed.
        Linking = "linking",
        /// WhatsApp wants a passkey before it links.
        PasskeyNeeded = "passkey_needed",
        /// The connection is being made.
        Connecting = "connecting",
        /// It is connected and can post.
        Ready = "ready",
        /// The connection was lost and is being made again by itself.
        Waiting = "waiting",
        /// WhatsApp lets it send no more messages for a while.
        Capped = "capped",
        /// WhatsApp restricts it for a while.
        Restricted = "restricted",
        /// Another program took its place.
        Replaced = "replaced",
        /// The phone unlinked it, or its keys are void.
        LoggedOut = "logged_out",
        /// WhatsApp banned or locked it.
        Blocked = "blocked",
    }
}

/// How a linked account stands, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AccountState {
    /// No phone is linked.
    Unlinked,
    /// A code waits to be scanned or typed.
    Linking,
    /// WhatsApp wants a passkey before it links.
    PasskeyNeeded(Passkey),
    /// The connection is being made.
    Connecting,
    /// It is connected and can post.
    Ready,
    /// The connection was lost and is being made again by itself.
    Waiting {
        /// Since when; `None` where the gateway does not say.
        since: Option<Millis>,
    },
    /// WhatsApp lets it send no more messages for a while: *message capping*. The account sends nothing until it ends.
    Capped {
        /// Until when; `None` where the gateway does not say.
        until: Option<Millis>,
    },
    /// WhatsApp restricts it for a while: a temporary ban, or the *reach-out time-lock*.
    Restricted {
        /// Until when; `None` where the gateway does not say.
        until: Option<Millis>,
        /// WhatsApp's code, such as `402/104` or `463`; empty where it told none.
        code: String,
    },
    /// Another program took its place. It is not fought for: two would throw each other out for ever.
    Replaced,
    /// The phone unlinked it, or its keys are void: it needs a new link.
    LoggedOut,
    /// WhatsApp banned or locked it: a person must look.
    Blocked {
        /// WhatsApp's code; empty where it told none.
        code: String,
    },
}

/// Where the passkey step stands. The challenge and its answer are never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "passkey", rename_all = "snake_case")]
pub enum Passkey {
    /// A challenge waits for its answer.
    Challenge,
    /// The code on the phone has to be compared with ours.
    Compare,
    /// This gateway cannot do it.
    NotHere,
}

impl AccountState {
    /// The state without its data, as it is stored.
    pub fn word(&self) -> AccountStateWord {
        match self {
            AccountState::Unlinked => AccountStateWord::Unlinked,
            AccountState::Linking => AccountStateWord::Linking,
            AccountState::PasskeyNeeded(_) => AccountStateWord::PasskeyNeeded,
            AccountState::Connecting => AccountStateWord::Connecting,
            AccountState::Ready => AccountStateWord::Ready,
            AccountState::Waiting { .. } => AccountStateWord::Waiting,
            AccountState::Capped { .. } => AccountStateWord::Capped,
            AccountState::Restricted { .. } => AccountStateWord::Restricted,
            AccountState::Replaced => AccountStateWord::Replaced,
            AccountState::LoggedOut => AccountStateWord::LoggedOut,
            AccountState::Blocked { .. } => AccountStateWord::Blocked,
        }
    }

    /// Whether a post may be handed over now.
    pub fn posts(&self) -> bool {
        matches!(self, AccountState::Ready)
    }

    /// Whether it has a connection to WhatsApp, so that groups and members can be asked for.
    pub fn is_connected(&self) -> bool {
        matches!(self, AccountState::Ready | AccountState::Capped { .. } | AccountState::Restricted { .. })
    }

    /// When it ends by itself, where that is known.
    pub fn until(&self) -> Option<Millis> {
        match self {
            AccountState::Capped { until } | AccountState::Restricted { until, .. } => *until,
            _ => None,
        }
    }

    /// Whether it passes without anybody doing anything.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            AccountState::Connecting
                | AccountState::Waiting { .. }
                | AccountState::Capped { .. }
                | AccountState::Restricted { .. }
        )
    }

    /// Whether a phone has to be linked (again) before it posts.
    pub fn needs_a_link(&self) -> bool {
        matches!(
            self,
            AccountState::Unlinked
                | AccountState::Linking
                | AccountState::PasskeyNeeded(_)
                | AccountState::LoggedOut
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_as_it_was_stored_and_only_ready_posts() {
        let until = Some(Millis(1_767_240_000_000));
        let all = [
            AccountState::Unlinked,
            AccountState::Linking,
            AccountState::PasskeyNeeded(Passkey::Compare),
            AccountState::Connecting,
            AccountState::Ready,
            AccountState::Waiting { since: until },
            AccountState::Capped { until },
            AccountState::Restricted { until, code: "402/104".into() },
            AccountState::Replaced,
            AccountState::LoggedOut,
            AccountState::Blocked { code: "403".into() },
        ];
        let words: Vec<AccountStateWord> = all.iter().map(AccountState::word).collect();
        assert_eq!(words, AccountStateWord::ALL, "each has its word");
        for state in all {
            let stored = serde_json::to_value(&state).unwrap();
            assert_eq!(stored["state"], state.word().word());
            assert_eq!(serde_json::from_value::<AccountState>(stored).unwrap(), state);
            assert_eq!(state.posts(), state == AccountState::Ready);
            assert!(!(state.passes() && state.needs_a_link()), "{state:?}");
        }
    }
}
