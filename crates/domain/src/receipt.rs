//! What a provider told us later, and where it takes a message.

use crate::{
    group::GroupEvent, ids::MessageSpan, message::MessageState, money::Money, outcome::ProviderAnswer,
    time::Millis,
};

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The provider or the operator has the message.
    Sent,
    /// The message is on the phone.
    Delivered,
    /// The person opened the message.
    Read,
    /// The message will not arrive.
    Failed(ProviderAnswer),
}

/// Where a receipt takes a message that stands at `state`; `None` when it changes nothing. No other code decides this.
///
/// Receipts only move forward: `sent` → `delivered` → `read`. A late refusal ends `sent` and `unknown`, never
/// `delivered` or `read`; proof of arrival beats an earlier `failed`.
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
pub struct ParsedReceipt {
    /// The provider's id from the send call, when the receipt carries it.
    pub provider_id: Option<String>,
    /// The network's own id (`wamid…`). It is stored at the first match and matched later.
    pub network_id: Option<String>,
    /// The recipient's digits without `+`.
    pub digits: Option<String>,
    /// The recipient's id at the network, which may come in place of a number.
    pub user_id: Option<String>,
    /// The campaign's name, when the receipt carries it.
    pub campaign: Option<String>,
    /// The messages that we named in the call, when the provider echoes what we send along.
    pub udf: Option<MessageSpan>,
    /// What the receipt proves about its message.
    pub proof: Proof,
    /// When the provider says it happened.
    pub at: Option<Millis>,
    /// What the provider says it charged.
    pub cost: Option<Money>,
}

/// What a raw post from a provider holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What became of a message.
    Receipt(ParsedReceipt),
    /// A person wrote to us.
    Inbound {
        /// The person's digits without `+`, where the post carries them.
        digits: Option<String>,
        /// The network's id of the person, where the post carries it. At least one of the two is there.
        user_id: Option<String>,
        /// The message as text.
        text: String,
    },
    /// News of a linked account, its groups or their members.
    Group(GroupEvent),
    /// Nothing that concerns this program.
    Other,
    /// It may concern us and cannot be read: why, in words for people. It is kept, counted and shown.
    NotUnderstood(&'static str),
}

/// A word by which a person opts out or back in (docs/facts/india.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptWord {
    /// STOP and the other words of that meaning.
    Stop,
    /// START: lifts only what STOP set.
    Start,
}

/// What people write to be left alone, in English, in Hindi, and in Hindi with Latin letters.
const STOP_WORDS: &[&str] = &[
    "stop",
    "stop all",
    "stopall",
    "stop promotions",
    "stop promotion",
    "stop messages",
    "stop message",
    "stop msg",
    "stop sms",
    "stop whatsapp",
    "please stop",
    "stop please",
    "unsubscribe",
    "unsub",
    "opt out",
    "optout",
    "quit",
    "remove me",
    "dnd",
    "no more messages",
    "do not message",
    "dont message",
    "do not send",
    "dont send",
    "band karo",
    "band kro",
    "band kar do",
    "band kardo",
    "band kijiye",
    "band karein",
    "bandh karo",
    "message band karo",
    "msg band karo",
    "sms band karo",
    "mat bhejo",
    "message mat bhejo",
    "msg mat bhejo",
    "roko",
    "ruko",
    "stop karo",
    "स्टॉप",
    "स्टाप",
    "स्टॉप करो",
    "बंद",
    "बन्द",
    "बंद करो",
    "बन्द करो",
    "बंद करें",
    "बन्द करें",
    "बंद करे",
    "बंद कर दो",
    "बंद कर दें",
    "बंद कीजिए",
    "बंद कीजिये",
    "बन्द कीजिए",
    "मैसेज बंद करो",
    "मैसेज बंद करें",
    "मेसेज बंद करो",
    "संदेश बंद करो",
    "संदेश बंद करें",
    "मत भेजो",
    "मत भेजिए",
    "मैसेज मत भेजो",
    "मैसेज मत भेजिए",
    "संदेश मत भेजो",
    "संदेश न भेजें",
    "मैसेज न भेजें",
    "रोको",
    "रोकें",
    "रुको",
    "अनसब्सक्राइब",
];

/// What people write to be told again.
const START_WORDS: &[&str] = &[
    "start",
    "start again",
    "unstop",
    "subscribe",
    "resubscribe",
    "opt in",
    "optin",
    "shuru karo",
    "shuru karein",
    "shuru kijiye",
    "chalu karo",
    "chalu karein",
    "start karo",
    "स्टार्ट",
    "स्टार्ट करो",
    "शुरू",
    "शुरू करो",
    "शुरू करें",
    "शुरू कीजिए",
    "शुरु करो",
    "शुरु करें",
    "चालू",
    "चालू करो",
    "चालू करें",
    "सब्सक्राइब",
];

/// Reads an inbound text as an opt-out or opt-in word. Only the whole text counts, so that "stop by at 7" does not.
pub fn opt_word(text: &str) -> Option<OptWord> {
    let text = plain_words(text);
    // Longer than any of the words: no need to look.
    if text.len() > 80 {
        return None;
    }
    if STOP_WORDS.contains(&text.as_str()) {
        Some(OptWord::Stop)
    } else if START_WORDS.contains(&text.as_str()) {
        Some(OptWord::Start)
    } else {
        None
    }
}

/// Small letters and single spaces; without punctuation, emoji and signs that nobody sees. `opt-out` is `optout`.
fn plain_words(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        // Vowel signs, nukta and virama are marks, not letters, and belong to their word.
        if c.is_alphanumeric() || matches!(c, '\u{900}'..='\u{963}') {
            out.extend(c.to_lowercase());
        } else if c.is_whitespace() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim().to_owned()
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
            Just(Proof::Failed(ProviderAnswer::default()))
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
        let stop = [
            " STOP. ",
            "Stop!!",
            "“stop”",
            "STOP 🙏",
            "opt-out",
            "Opt  Out",
            "band karo",
            "Band Karo.",
            "\u{200b}stop",
        ];
        let hindi = ["बंद करो", "बन्द करो", "बंद करें।", "मैसेज बंद करो", "स्टॉप", "मत भेजो", "रोको"];
        for text in stop.iter().chain(&hindi) {
            assert_eq!(opt_word(text), Some(OptWord::Stop), "{text:?}");
        }
        for text in ["start", "START", "शुरू करो", "चालू करें", "opt in", "unstop"]
        {
            assert_eq!(opt_word(text), Some(OptWord::Start), "{text:?}");
        }
        for text in
            ["stop by at 7", "please do not stop", "बंद कमरा", "when does it start", "", "👍", "restart"]
        {
            assert_eq!(opt_word(text), None, "{text:?}");
        }
    }

    #[test]
    fn each_word_is_written_as_it_is_compared() {
        for word in STOP_WORDS.iter().chain(START_WORDS) {
            assert_eq!(plain_words(word), *word);
        }
    }
}
