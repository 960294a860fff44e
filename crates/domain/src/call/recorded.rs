//! Recordings that replace texts of a script, and how each line of a script is shown and spoken.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{CallScript, Digit, ScriptText, check, said, spoken};
use crate::{
    UnknownWord,
    ids::RecordingId,
    template::{Facts, Part},
};

/// A recording that is played in place of a text. The text stays in the script: it is what the recording says, for
/// people who read it and for providers that play no recordings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The id under which the store keeps the sound.
    pub id: RecordingId,
    /// The secret part of the address at which a provider fetches the sound. It cannot be guessed.
    pub address: String,
    /// The length of the sound, in milliseconds.
    pub length_ms: i64,
}

/// Leaves out the address: whoever knows it can fetch the sound.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("id", &self.id)
            .field("length_ms", &self.length_ms)
            .finish_non_exhaustive()
    }
}

/// What a provider can play besides the texts that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playback {
    /// The provider plays no recordings: it speaks the texts in their places.
    Nothing,
    /// In one step the provider either plays one recording or speaks texts, never one after the other.
    Whole,
    /// The provider mixes recordings and texts freely.
    Lines,
}

/// The beginning of the stored word for the closing words of a key; the digit follows.
const KEY: &str = "key_";

/// The word that stands for the place in stored scripts and in forms.
impl fmt::Display for ScriptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScriptText::Text => f.write_str("text"),
            ScriptText::Question => f.write_str("question"),
            ScriptText::WrongKey => f.write_str("wrong_key"),
            ScriptText::NoKey => f.write_str("no_key"),
            ScriptText::Closing(digit) => write!(f, "{KEY}{digit}"),
        }
    }
}

impl FromStr for ScriptText {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<ScriptText, UnknownWord> {
        let unknown = || UnknownWord { what: "place in a script", word: word.to_owned() };
        Ok(match word {
            "text" => ScriptText::Text,
            "question" => ScriptText::Question,
            "wrong_key" => ScriptText::WrongKey,
            "no_key" => ScriptText::NoKey,
            _ => {
                let digit = word.strip_prefix(KEY).and_then(|digit| digit.parse().ok());
                ScriptText::Closing(digit.ok_or_else(unknown)?)
            }
        })
    }
}

impl Serialize for ScriptText {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScriptText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<ScriptText, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A part of a line as one person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownPart {
    /// Fixed words, or the value of a placeholder.
    Known(Part),
    /// A placeholder that the script does not know, with its braces.
    Unknown(String),
}

impl CallScript {
    /// The text at `place`; empty where the script has none.
    pub fn text_at(&self, place: ScriptText) -> &str {
        match place {
            ScriptText::Text => &self.text,
            ScriptText::Question => &self.question,
            ScriptText::WrongKey => &self.wrong_key,
            ScriptText::NoKey => &self.no_key,
            ScriptText::Closing(digit) => self.key(digit).map_or("", |key| &key.closing),
        }
    }

    /// The recording that is played in place of that text; `None` where the text is spoken.
    pub fn recorded(&self, place: ScriptText) -> Option<&Recorded> {
        self.recordings.get(&place)
    }

    /// How long the line at `place` takes, in seconds: the length of its recording, or an estimate from its text with
    /// values of usual length.
    pub fn seconds_at(&self, place: ScriptText) -> i64 {
        match self.recorded(place) {
            Some(recorded) => (recorded.length_ms + 999) / 1_000,
            None => check::seconds(self.text_at(place), self.language),
        }
    }

    /// The line at `place` as it is written, with one person's values in the placeholders.
    pub fn shown(&self, place: ScriptText, facts: &Facts) -> Vec<ShownPart> {
        let piece = |piece| match piece {
            said::Piece::Text(text) => ShownPart::Known(Part::Fixed(text.to_owned())),
            said::Piece::Name(name) => match said::known(name) {
                Some((_, _, source)) => ShownPart::Known(Part::Filled(facts.value(source).to_owned())),
                None => ShownPart::Unknown(format!("{{{name}}}")),
            },
        };
        said::pieces(self.text_at(place)).into_iter().map(piece).collect()
    }

    /// The line at `place` as a voice speaks it to one person. A missing value is left out.
    pub fn spoken(&self, place: ScriptText, facts: &Facts) -> String {
        let mut text = String::new();
        for piece in said::pieces(self.text_at(place)) {
            match piece {
                said::Piece::Text(words) => text.push_str(words),
                said::Piece::Name(name) => {
                    if let Some((_, _, source)) = said::known(name) {
                        text.push_str(&spoken::speak_value(facts.value(source), source, self.language));
                    }
                }
            }
        }
        spoken::speakable(&text, self.language)
    }

    /// The places for which this script has a line, in the order in which they may be heard.
    pub fn places_of_lines(&self) -> Vec<ScriptText> {
        let asks = !self.keys.is_empty();
        let closings = self.keys.iter().map(|key| ScriptText::Closing(key.digit));
        let fixed =
            [ScriptText::Question, ScriptText::WrongKey, ScriptText::NoKey].into_iter().filter(|_| asks);
        std::iter::once(ScriptText::Text).chain(fixed).chain(closings).collect()
    }

    /// Removes the recordings whose place has no line in this script.
    pub fn tidy_recordings(&mut self) {
        let places = self.places_of_lines();
        self.recordings.retain(|place, _| places.contains(place));
    }
}

/// Whether a line holds placeholders, which a recording cannot fill.
pub(super) fn has_places(text: &str) -> bool {
    said::pieces(text).iter().any(|piece| matches!(piece, said::Piece::Name(_)))
}

/// The digit of a place that holds the closing words of a key; `None` for the other places.
pub fn digit_of(place: ScriptText) -> Option<Digit> {
    match place {
        ScriptText::Closing(digit) => Some(digit),
        ScriptText::Text | ScriptText::Question | ScriptText::WrongKey | ScriptText::NoKey => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::Language, channel::Channel, ids::TemplateId, time::Millis};

    fn usual() -> CallScript {
        CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)))
    }

    fn recorded(length_ms: i64) -> Recorded {
        Recorded { id: RecordingId::new(Millis(0)), address: "00ff".into(), length_ms }
    }

    #[test]
    fn a_recording_stands_beside_its_text_and_is_stored_with_the_script() {
        let mut script = usual();
        let nine = ScriptText::Closing(Digit::new(9).unwrap());
        script.recordings.insert(ScriptText::Text, recorded(6_400));
        script.recordings.insert(nine, recorded(1_000));
        let stored = serde_json::to_value(&script).unwrap();
        assert_eq!(stored["recordings"]["text"]["length_ms"], 6_400);
        assert_eq!(stored["recordings"]["key_9"]["address"], "00ff");
        let again: CallScript = serde_json::from_value(stored).unwrap();
        assert_eq!(again, script);
        assert_eq!((again.seconds_at(ScriptText::Text), again.seconds_at(nine)), (7, 1));
        assert!(again.extra.is_empty(), "they are no vendor's words");
        let without = serde_json::to_value(usual()).unwrap();
        assert!(without.get("recordings").is_none(), "{without}");
        script.keys.pop();
        script.tidy_recordings();
        assert_eq!(script.recordings.keys().copied().collect::<Vec<_>>(), [ScriptText::Text]);
    }

    #[test]
    fn each_place_has_a_word_of_its_own() {
        for place in usual().places_of_lines() {
            assert_eq!(place.to_string().parse::<ScriptText>().unwrap(), place);
        }
        for bad in ["", "key_", "key_10", "key_x", "closing"] {
            assert!(bad.parse::<ScriptText>().is_err(), "{bad}");
        }
        assert_eq!(digit_of(ScriptText::NoKey), None);
    }

    #[test]
    fn a_line_is_shown_as_written_and_spoken_as_words() {
        let mut script = usual();
        script.text = "Hello {first_name}, {workshop_title} starts at {start_time}. {nonsense}".into();
        let facts = Facts {
            name: "Asha Verma".into(),
            workshop_title: "Excel".into(),
            workshop_time: "7:00 PM".into(),
            ..Facts::default()
        };
        let filled = |text: &str| ShownPart::Known(Part::Filled(text.to_owned()));
        let shown = script.shown(ScriptText::Text, &facts);
        assert_eq!(
            (&shown[1], &shown[3], &shown[5]),
            (&filled("Asha"), &filled("Excel"), &filled("7:00 PM"))
        );
        assert_eq!(shown.last(), Some(&ShownPart::Unknown("{nonsense}".into())));
        assert_eq!(script.spoken(ScriptText::Text, &facts), "Hello Asha, Excel starts at seven P M.");
        assert_eq!(script.spoken(ScriptText::Closing(Digit::new(5).unwrap()), &facts), "");
    }
}
