//! What a provider told us later, and where it takes a message.

use crate::{message::MessageState, money::Money, outcome::Said, time::Millis};

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The provider or the operator has it.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It was opened.
    Read,
    /// It will not arrive.
    Failed(Said),
}

/// Where a receipt takes a message that stands at `state`; `None` when it changes nothing. No other code decides this.
///
/// Receipts only move forward: `sent` → `delivered` → `read`. A late refusal ends `sent` and `unknown`, never `delivered`
/// or `read`; proof of arrival beats an earlier `failed` (providers/aisensy.md §4.6).
pub fn advance(state: MessageState, proof: &Proof) -> Option<MessageState> {
    use MessageState::{
        Cancelled, Delivered, Expired, Failed, InFlight, Read, Sent, Skipped, Unknown, Waiting,
    };
    match (state, proof) {
        // Before the call's own answer was recorded the receipt waits; it is applied right after (R9).
        (InFlight, _) => None,
        // Never handed over as far as we know: a receipt for such a row is not ours to believe.
        (Waiting | Skipped | Expired | Cancelled, _) => None,
        (Unknown, Proof::Sent) => Some(Sent),
        (Sent | Delivered | Read | Failed, Proof::Sent) => None,
        (Sent | Unknown | Failed, Proof::Delivered) => Some(Delivered),
        (Delivered | Read, Proof::Delivered) => None,
        (Sent | Unknown | Failed | Delivered, Proof::Read) => Some(Read),
        (Read, Proof::Read) => None,
        (Sent | Unknown, Proof::Failed(_)) => Some(Failed),
        (Failed | Delivered | Read, Proof::Failed(_)) => None,
    }
}

/// What an adapter read out of one raw receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The provider's id from the send call, when the receipt carries it.
    pub provider_id: Option<String>,
    /// The network's own id (`wamid…`), stored on the first match and matched on later.
    pub network_id: Option<String>,
    /// The recipient's digits without `+`.
    pub digits: Option<String>,
    /// The campaign's name, when the receipt carries it.
    pub campaign: Option<String>,
    /// What it proves.
    pub proof: Proof,
    /// When the provider says it happened.
    pub at: Option<Millis>,
    /// What the provider says it charged.
    pub cost: Option<Money>,
}

/// What a raw post from a provider holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// News of a message.
    Receipt(Reading),
    /// A person wrote to us.
    Inbound {
        /// Who, digits without `+`.
        digits: String,
        /// What, as text.
        text: String,
    },
    /// Nothing that concerns us.
    Other,
}

/// A word by which a person opts out or back in (providers/regulation-india.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptWord {
    /// STOP and its forms.
    Stop,
    /// START: lifts only what STOP set.
    Start,
}

/// Reads an inbound text as an opt-out or opt-in word. Only the whole text counts, so that "stop by at 7" does not.
pub fn opt_word(text: &str) -> Option<OptWord> {
    let word: String =
        text.trim().to_lowercase().chars().filter(|c| !c.is_ascii_punctuation() && *c != '।').collect();
    let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
    match word.as_str() {
        "stop"
        | "unsubscribe"
        | "opt out"
        | "optout"
        | "stop promotions"
        | "band karo"
        | "band kro"
        | "बंद करो"
        | "बन्द करो"
        | "बंद करें"
        | "बंद"
        | "रोको"
        | "रुको" => Some(OptWord::Stop),
        "start" | "unstop" | "subscribe" | "opt in" | "optin" | "shuru karo" | "शुरू करो" | "शुरू करें" | "शुरू" => {
            Some(OptWord::Start)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_proof() -> impl Strategy<Value = Proof> {
        prop_oneof![
            Just(Proof::Sent),
            Just(Proof::Delivered),
            Just(Proof::Read),
            Just(Proof::Failed(Said::default()))
        ]
    }

    fn end(start: MessageState, proofs: &[Proof]) -> MessageState {
        proofs.iter().fold(start, |state, proof| advance(state, proof).unwrap_or(state))
    }

    proptest! {
        #[test]
        fn receipts_in_any_order_and_number_end_the_same(mut proofs in prop::collection::vec(any_proof(), 1..8), swaps in any::<u64>()) {
            let straight = end(MessageState::Sent, &proofs);
            let mut twice = proofs.clone();
            twice.extend(proofs.iter().cloned());
            prop_assert_eq!(end(MessageState::Sent, &twice), straight);
            let by = usize::try_from(swaps % 8).unwrap_or(0) % proofs.len();
            proofs.rotate_left(by);
            prop_assert_eq!(end(MessageState::Sent, &proofs), straight);
        }

        #[test]
        fn nothing_proven_is_ever_taken_back(proofs in prop::collection::vec(any_proof(), 0..8)) {
            prop_assert_eq!(end(MessageState::Read, &proofs), MessageState::Read);
            prop_assert_ne!(end(MessageState::Delivered, &proofs), MessageState::Failed);
        }
    }

    #[test]
    fn only_a_whole_word_opts_out() {
        assert_eq!(opt_word(" STOP. "), Some(OptWord::Stop));
        assert_eq!(opt_word("बंद करो"), Some(OptWord::Stop));
        assert_eq!(opt_word("start"), Some(OptWord::Start));
        assert_eq!(opt_word("stop by at 7"), None);
    }
}
