//! What a call says and what each key does.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Recorded, ScriptText};
use crate::{UnknownWord, channel::Channel, ids::TemplateId};

/// How often the question may be asked: once, or once more after silence or a wrong key.
pub const ROUNDS: std::ops::RangeInclusive<u8> = 1..=2;
/// How long a key may be waited for, in seconds. Waits above six are reported to be unreliable (docs/facts/calls.md
/// §3.5).
pub const WAIT_S: std::ops::RangeInclusive<u8> = 3..=6;

crate::text_enum! {
    /// The language in which a script is spoken. It decides the voice, and how numbers and times are read.
    Language, "language of a call" {
        /// English as it is spoken in India.
        English = "en",
        /// Hindi.
        Hindi = "hi",
    }
}

impl Language {
    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Hindi => "हिन्दी",
        }
    }
}

/// A key of a telephone that stands for a digit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

impl Digit {
    /// The key of that digit; `None` for what is none.
    pub fn new(digit: u8) -> Option<Digit> {
        (digit <= 9).then_some(Digit(digit))
    }

    /// The key that a character stands for; `None` for `*`, `#` and everything else.
    pub fn of_char(c: char) -> Option<Digit> {
        c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).and_then(Digit::new)
    }

    /// 0 to 9.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.0)
    }
}

impl FromStr for Digit {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Digit, UnknownWord> {
        let mut chars = text.chars();
        let digit = chars.next().and_then(Digit::of_char).filter(|_| chars.next().is_none());
        digit.ok_or_else(|| UnknownWord { what: "key of a telephone", word: text.to_owned() })
    }
}

impl Serialize for Digit {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digit {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Digit, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a key does besides its closing words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Nothing: the person said that they will come.
    Confirm,
    /// Sends this person a message on another channel at once.
    Message {
        /// The channel of the message that the key sends.
        channel: Channel,
        /// The template of the message that is sent.
        template: TemplateId,
    },
    /// Puts the person on the list of those who want another date.
    AnotherDate,
    /// The person is not called again.
    StopCalls,
}

impl Action {
    /// Its word where it is kept.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Confirm => "confirm",
            Action::Message { .. } => "message",
            Action::AnotherDate => "another_date",
            Action::StopCalls => "stop_calls",
        }
    }

    /// Whether something has to be done.
    pub fn is_work(&self) -> bool {
        matches!(self, Action::Message { .. } | Action::StopCalls)
    }
}

/// A key that may be pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The key of the telephone.
    pub digit: Digit,
    /// What is said before the call ends; may hold placeholders.
    pub closing: String,
    /// What happens, once, however often the key is reported.
    #[serde(flatten)]
    pub action: Action,
}

/// What a call says, before values are put in: the greeting with the reminder, a question that asks for one key, and
/// closing words for each key. A script without keys speaks its text, and the call ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallScript {
    /// The language of all texts.
    pub language: Language,
    /// Who calls, and why; may hold placeholders.
    pub text: String,
    /// Says which key does what. It follows the text, and stands alone when it is asked again. May hold placeholders.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// The keys that may be pressed; empty where the call only speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// How often the question is asked, within [`ROUNDS`].
    #[serde(default = "twice")]
    pub rounds: u8,
    /// How long a key is waited for each time, in seconds, within [`WAIT_S`].
    #[serde(default = "six")]
    pub wait_s: u8,
    /// Said before the question is asked again, after a key that is none of these; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wrong_key: String,
    /// Said at the end where no key was pressed; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub no_key: String,
    /// The recordings that are played in place of texts, by the place of the text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recordings: BTreeMap<ScriptText, Recorded>,
    /// What only the provider that places the call knows, under the keys of its template fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn twice() -> u8 {
    2
}

fn six() -> u8 {
    6
}

impl CallScript {
    /// A script that a new one begins with: a reminder with the three usual keys, in words that name who calls in the
    /// first sentence and say how the calls end (docs/facts/calls.md §15).
    pub fn usual(language: Language, channel: Channel, link: TemplateId) -> CallScript {
        let key =
            |digit, closing: &str, action| Key { digit: Digit(digit), closing: closing.to_owned(), action };
        let message = Action::Message { channel, template: link };
        let [text, question, sent, another, stopped, wrong, none] = match language {
            Language::English => [
                "Hello {first_name}. This is {organisation}. Your workshop {workshop_title} starts at {start_time}.",
                "Press 1 to get the link, 2 to choose another day, 9 for no more calls.",
                "Thank you. The link is on its way.",
                "Thank you. We will tell you about another day.",
                "All right. We will not call you again.",
                "That key does nothing.",
                "Thank you. Goodbye.",
            ],
            Language::Hindi => [
                "नमस्ते {first_name}। {organisation} से बोल रहे हैं। आपकी वर्कशॉप {workshop_title} {start_time} शुरू होगी।",
                "लिंक के लिए 1 दबाइए, दूसरे दिन के लिए 2, और आगे कॉल न चाहें तो 9 दबाइए।",
                "धन्यवाद। लिंक भेजा जा रहा है।",
                "धन्यवाद। हम आपको दूसरा दिन बताएँगे।",
                "ठीक है। अब हम आपको कॉल नहीं करेंगे।",
                "यह बटन काम का नहीं है।",
                "धन्यवाद। नमस्ते।",
            ],
        };
        CallScript {
            language,
            text: text.to_owned(),
            question: question.to_owned(),
            keys: vec![
                key(1, sent, message),
                key(2, another, Action::AnotherDate),
                key(9, stopped, Action::StopCalls),
            ],
            rounds: twice(),
            wait_s: six(),
            wrong_key: wrong.to_owned(),
            no_key: none.to_owned(),
            recordings: BTreeMap::new(),
            extra: Map::new(),
        }
    }

    /// The key of that digit, where the script has it.
    pub fn key(&self, digit: Digit) -> Option<&Key> {
        self.keys.iter().find(|key| key.digit == digit)
    }

    /// Its texts in the order in which values are put in.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let closings = self.keys.iter().map(|key| key.closing.as_str());
        [self.text.as_str(), &self.question, &self.wrong_key, &self.no_key].into_iter().chain(closings)
    }
}
