//! The state of a linked WhatsApp account (docs/facts/groups.md §5, §13, §16).

use serde::{Deserialize, Serialize};

use crate::time::Millis;

crate::text_enum! {
    /// The state of a linked account in one word. The store and web addresses use it for an [`AccountState`].
    AccountStateWord, "state of an account" {
        /// No phone is linked.
        Unlinked = "unlinked",
        /// A code waits to be scanned or typed.
        Linking = "linking",
        /// WhatsApp wants a passkey before it links.
        PasskeyNeeded = "passkey_needed",
        /// The connection to WhatsApp is being made.
        Connecting = "connecting",
        /// It is connected and can post.
        Ready = "ready",
        /// The connection was lost, and the gateway makes it again by itself.
        Waiting = "waiting",
        /// WhatsApp lets the account send no more messages for a while.
        Capped = "capped",
        /// WhatsApp restricts the account for a while.
        Restricted = "restricted",
        /// Another program took over the account's connection.
        Replaced = "replaced",
        /// The phone unlinked the account, or the account's keys are no longer valid.
        LoggedOut = "logged_out",
        /// WhatsApp banned or locked the account.
        Blocked = "blocked",
    }
}

/// The state of a linked account, with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AccountState {
    /// No phone is linked.
    Unlinked,
    /// A code waits to be scanned or typed.
    Linking,
    /// WhatsApp wants a passkey before it links.
    PasskeyNeeded(Passkey),
    /// The connection to WhatsApp is being made.
    Connecting,
    /// The account is connected and can post.
    Ready,
    /// The connection was lost, and the gateway makes it again by itself.
    Waiting {
        /// When the connection was lost; `None` where the gateway does not say.
        since: Option<Millis>,
    },
    /// WhatsApp lets the account send no more messages for a while (*message capping*). The account posts nothing
    /// until the cap ends.
    Capped {
        /// When the cap ends; `None` where the gateway does not say.
        until: Option<Millis>,
    },
    /// WhatsApp restricts the account for a while: a temporary ban, or the *reach-out time-lock*.
    Restricted {
        /// When the restriction ends; `None` where the gateway does not say.
        until: Option<Millis>,
        /// WhatsApp's code, such as `402/104` or `463`; empty where WhatsApp gave none.
        code: String,
    },
    /// Another program took over the account's connection. The connection is not taken back: two programs would throw
    /// each other out for ever.
    Replaced,
    /// The phone unlinked the account, or the account's keys are no longer valid. A phone has to be linked again.
    LoggedOut,
    /// WhatsApp banned or locked the account. A person has to look at it.
    Blocked {
        /// WhatsApp's code; empty where WhatsApp gave none.
        code: String,
    },
}

/// The progress of the passkey step of linking. The challenge and its answer are never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "passkey", rename_all = "snake_case")]
pub enum Passkey {
    /// A challenge waits for its answer.
    Challenge,
    /// The person has to compare the code on the phone with the code on our page.
    Compare,
    /// This gateway cannot link with a passkey.
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

    /// Whether the account has a connection to WhatsApp, so that its groups and their members can be listed.
    pub fn is_connected(&self) -> bool {
        matches!(self, AccountState::Ready | AccountState::Capped { .. } | AccountState::Restricted { .. })
    }

    /// When the state ends by itself; `None` where that is not known or the state does not end by itself.
    pub fn until(&self) -> Option<Millis> {
        match self {
            AccountState::Capped { until } | AccountState::Restricted { until, .. } => *until,
            _ => None,
        }
    }

    /// Whether the state ends without anybody doing anything.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            AccountState::Connecting
                | AccountState::Waiting { .. }
                | AccountState::Capped { .. }
                | AccountState::Restricted { .. }
        )
    }

    /// Whether a phone has to be linked, or linked again, before the account posts.
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
