//! The findings about a script: what prevents its use and what its author should know.

use std::ops::RangeInclusive;

use super::{
    Action, CallAbilities, CallScript, Digit, Keys, Language, Playback, ROUNDS, WAIT_S, recorded, said,
    spoken,
};
use crate::channel::Channel;

/// One of the texts of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScriptText {
    /// The greeting and the reminder.
    Text,
    /// The question that asks for a key.
    Question,
    /// The words after a key that the script does not have. The question follows them.
    WrongKey,
    /// The closing words of a call in which no key was pressed.
    NoKey,
    /// The closing words that follow this key.
    Closing(Digit),
}

/// One finding about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptFinding {
    /// This text has no words that a voice can speak.
    Empty(ScriptText),
    /// A text holds a placeholder that the script does not know.
    Unknown {
        /// The text that it stands in.
        place: ScriptText,
        /// The word between the braces.
        name: String,
    },
    /// A text holds a link, which nobody can hear.
    Link(ScriptText),
    /// Text and question together take longer than people listen.
    TooLong {
        /// The seconds that text and question take together.
        seconds: i64,
        /// The largest number of seconds that is of use.
        most: i64,
    },
    /// There is a question, and no key answers it.
    QuestionWithoutKeys,
    /// Two keys have this digit.
    Twice(Digit),
    /// The question does not say this digit.
    NotNamed(Digit),
    /// This key would send a message on a channel that a key cannot use: another call to the same person, or a post
    /// to a group.
    CallsAgain(Digit),
    /// The number of rounds is outside [`ROUNDS`].
    Rounds(u8),
    /// The seconds that a key is waited for are outside [`WAIT_S`].
    Wait(u8),
    /// No key stops further calls. People have to be offered one.
    NoStopKey,
    /// The greeting does not hold `{organisation}`, so nobody learns who calls.
    NoCaller,
    /// The script has placeholders, and the provider says the same words to everybody.
    NoOwnText,
    /// The provider reports keys only as a notice. The closing words are those of the provider's own flow.
    ClosingsElsewhere,
    /// The script has keys, and the provider does not report keys.
    NoKeys,
    /// The provider does not speak this language.
    Language(Language),
    /// The provider takes these characters for the end of a text. They are left out of what is spoken.
    LeftOut(Vec<char>),
    /// This text has placeholders, and the recording in its place says the same words to everybody.
    SameForAll(ScriptText),
    /// The script has recordings, and the provider plays none: it speaks their texts.
    NoRecordings,
    /// Only one of these two texts is recorded. The provider either plays recordings or speaks texts in one step,
    /// never one after the other, so it speaks both texts.
    NotTogether(ScriptText, ScriptText),
}

impl ScriptFinding {
    /// Whether the finding prevents the use of the script.
    pub fn is_error(&self) -> bool {
        match self {
            ScriptFinding::Empty(_)
            | ScriptFinding::Unknown { .. }
            | ScriptFinding::Link(_)
            | ScriptFinding::QuestionWithoutKeys
            | ScriptFinding::Twice(_)
            | ScriptFinding::CallsAgain(_)
            | ScriptFinding::Rounds(_)
            | ScriptFinding::Wait(_)
            | ScriptFinding::NoOwnText
            | ScriptFinding::NoKeys
            | ScriptFinding::Language(_) => true,
            ScriptFinding::TooLong { .. }
            | ScriptFinding::NotNamed(_)
            | ScriptFinding::NoStopKey
            | ScriptFinding::NoCaller
            | ScriptFinding::ClosingsElsewhere
            | ScriptFinding::LeftOut(_)
            | ScriptFinding::SameForAll(_)
            | ScriptFinding::NoRecordings
            | ScriptFinding::NotTogether(..) => false,
        }
    }
}

/// The largest number of seconds for text and question. Nobody listens longer, and a call with two rounds stays
/// within a pulse of a minute (docs/facts/calls.md §9, §14).
const SPOKEN_S: i64 = 25;

/// The length in letters that a value is assumed to have.
const VALUE_CHARS: usize = 12;

/// All findings about a script. With `abilities` it also finds what the script asks for and that provider cannot do.
pub fn examine(script: &CallScript, abilities: Option<&CallAbilities>) -> Vec<ScriptFinding> {
    let mut findings = Vec::new();
    texts(script, &mut findings);
    keys(script, &mut findings);
    if let Some(abilities) = abilities {
        provider(script, abilities, &mut findings);
    }
    findings
}

fn texts(script: &CallScript, findings: &mut Vec<ScriptFinding>) {
    let fixed = [(ScriptText::Text, &script.text), (ScriptText::Question, &script.question)];
    let rest = [(ScriptText::WrongKey, &script.wrong_key), (ScriptText::NoKey, &script.no_key)];
    let closings = script.keys.iter().map(|key| (ScriptText::Closing(key.digit), &key.closing));
    for (place, text) in fixed.into_iter().chain(rest).chain(closings) {
        let must = match place {
            ScriptText::Text | ScriptText::Closing(_) => true,
            ScriptText::Question => !script.keys.is_empty(),
            ScriptText::WrongKey | ScriptText::NoKey => false,
        };
        if must && spoken::speakable(text, script.language).is_empty() {
            findings.push(ScriptFinding::Empty(place));
        }
        for piece in said::pieces(text) {
            if let said::Piece::Name(name) = piece
                && said::known(name).is_none()
            {
                findings.push(ScriptFinding::Unknown { place, name: name.to_owned() });
            }
        }
        if has_link(text) {
            findings.push(ScriptFinding::Link(place));
        }
    }
    for place in script.recordings.keys().filter(|place| recorded::has_places(script.text_at(**place))) {
        findings.push(ScriptFinding::SameForAll(*place));
    }
    let seconds = script.seconds_at(ScriptText::Text) + script.seconds_at(ScriptText::Question);
    if seconds > SPOKEN_S {
        findings.push(ScriptFinding::TooLong { seconds, most: SPOKEN_S });
    }
    if !names(&script.text, "organisation") {
        findings.push(ScriptFinding::NoCaller);
    }
}

/// The estimated length of a text in seconds, with values of usual length in its placeholders.
pub(super) fn seconds(text: &str, language: Language) -> i64 {
    let mut with_values = String::new();
    for piece in said::pieces(text) {
        match piece {
            said::Piece::Text(text) => with_values.push_str(text),
            said::Piece::Name(_) => with_values.push_str(&"a".repeat(VALUE_CHARS)),
        }
    }
    spoken::seconds_of(&spoken::speakable(&with_values, language), language)
}

fn names(text: &str, word: &str) -> bool {
    said::pieces(text).iter().any(|piece| matches!(piece, said::Piece::Name(name) if *name == word))
}

fn has_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["http://", "https://", "www."].iter().any(|start| lower.contains(start))
}

fn keys(script: &CallScript, findings: &mut Vec<ScriptFinding>) {
    let out_of = |value: u8, range: RangeInclusive<u8>| !range.contains(&value);
    if script.keys.is_empty() {
        if !script.question.trim().is_empty() {
            findings.push(ScriptFinding::QuestionWithoutKeys);
        }
        return;
    }
    if out_of(script.rounds, ROUNDS) {
        findings.push(ScriptFinding::Rounds(script.rounds));
    }
    if out_of(script.wait_s, WAIT_S) {
        findings.push(ScriptFinding::Wait(script.wait_s));
    }
    let asked = spoken::speakable(&script.question, script.language);
    for (at, key) in script.keys.iter().enumerate() {
        if script.keys[..at].iter().any(|earlier| earlier.digit == key.digit) {
            findings.push(ScriptFinding::Twice(key.digit));
        }
        let word = spoken::number_words(key.digit.get().into(), script.language);
        let is_named = asked
            .split(|c: char| !(c.is_alphanumeric() || ('\u{900}'..='\u{963}').contains(&c)))
            .any(|one| one == word);
        if !is_named {
            findings.push(ScriptFinding::NotNamed(key.digit));
        }
        if matches!(key.action, Action::Message { channel: Channel::IvrCall | Channel::WhatsappGroup, .. }) {
            findings.push(ScriptFinding::CallsAgain(key.digit));
        }
    }
    if !script.keys.iter().any(|key| key.action == Action::StopCalls) {
        findings.push(ScriptFinding::NoStopKey);
    }
}

fn provider(script: &CallScript, abilities: &CallAbilities, findings: &mut Vec<ScriptFinding>) {
    let places = script.texts().flat_map(said::pieces);
    let has_places = places.into_iter().any(|piece| matches!(piece, said::Piece::Name(_)));
    if has_places && !abilities.own_text {
        findings.push(ScriptFinding::NoOwnText);
    }
    match abilities.keys {
        _ if script.keys.is_empty() => {}
        Keys::During => {}
        Keys::Notice => findings.push(ScriptFinding::ClosingsElsewhere),
        Keys::Never => findings.push(ScriptFinding::NoKeys),
    }
    if !abilities.languages.contains(&script.language) {
        findings.push(ScriptFinding::Language(script.language));
    }
    recordings(script, abilities.plays, findings);
    let spoken = [&script.text, &script.question].map(|text| text.as_str()).concat();
    let left_out: Vec<char> = abilities.separators.iter().copied().filter(|c| spoken.contains(*c)).collect();
    if !left_out.is_empty() {
        findings.push(ScriptFinding::LeftOut(left_out));
    }
}

/// Pairs of texts that are spoken in one step. A provider that speaks or plays a whole step needs both of a pair
/// recorded, or neither.
const TOGETHER: [(ScriptText, ScriptText); 2] =
    [(ScriptText::Text, ScriptText::Question), (ScriptText::WrongKey, ScriptText::Question)];

fn recordings(script: &CallScript, plays: Playback, findings: &mut Vec<ScriptFinding>) {
    match plays {
        _ if script.recordings.is_empty() => {}
        Playback::Lines => {}
        Playback::Nothing => findings.push(ScriptFinding::NoRecordings),
        Playback::Whole => {
            let differ = |(first, then): &(ScriptText, ScriptText)| {
                let both = [first, then].map(|place| script.recorded(*place).is_some());
                let said = [first, then].map(|place| !script.text_at(*place).trim().is_empty());
                said == [true, true] && both[0] != both[1]
            };
            let apart = TOGETHER.into_iter().filter(differ);
            findings.extend(apart.map(|(first, then)| ScriptFinding::NotTogether(first, then)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{RecordingId, TemplateId},
        time::Millis,
    };

    fn usual(language: Language) -> CallScript {
        CallScript::usual(language, Channel::Sms, TemplateId::new(Millis(0)))
    }

    const ALL: CallAbilities = CallAbilities {
        own_text: true,
        keys: Keys::During,
        looks_up: true,
        cancels: true,
        echoes: true,
        tells_busy: true,
        marks_voicemail: false,
        prices_later: false,
        refuses_repeats: true,
        start_delay_ms: 0,
        per_request: 1,
        languages: &[Language::English, Language::Hindi],
        separators: &[],
        plays: Playback::Lines,
    };

    #[test]
    fn what_cannot_be_played_as_it_was_recorded_is_said_before() {
        let mut script = usual(Language::English);
        let recorded = |length_ms| crate::call::Recorded {
            id: RecordingId::new(Millis(0)),
            address: "00".into(),
            length_ms,
        };
        script.recordings.insert(ScriptText::Question, recorded(4_000));
        let less = |script: &CallScript, plays| examine(script, Some(&CallAbilities { plays, ..ALL }));
        assert_eq!(less(&script, Playback::Lines), []);
        assert_eq!(less(&script, Playback::Nothing), [ScriptFinding::NoRecordings]);
        let apart = [
            ScriptFinding::NotTogether(ScriptText::Text, ScriptText::Question),
            ScriptFinding::NotTogether(ScriptText::WrongKey, ScriptText::Question),
        ];
        assert_eq!(less(&script, Playback::Whole), apart);
        script.recordings.insert(ScriptText::WrongKey, recorded(1_000));
        script.recordings.insert(ScriptText::Text, recorded(26_000));
        let found = less(&script, Playback::Whole);
        assert_eq!(
            found,
            [ScriptFinding::SameForAll(ScriptText::Text), ScriptFinding::TooLong { seconds: 30, most: 25 }]
        );
        assert!(found.iter().all(|finding| !finding.is_error()));
    }

    #[test]
    fn the_usual_scripts_have_nothing_against_them() {
        for language in Language::ALL {
            assert_eq!(examine(&usual(*language), Some(&ALL)), [], "{language:?}");
        }
    }

    #[test]
    fn each_fault_of_a_script_is_found() {
        let digit = |n| Digit::new(n).unwrap();
        type Change = fn(&mut CallScript);
        let cases: &[(Change, ScriptFinding)] = &[
            (
                |s| s.text = "{organisation} 🎉 {wrkshop}".into(),
                ScriptFinding::Unknown { place: ScriptText::Text, name: "wrkshop".into() },
            ),
            (|s| s.keys[1].closing = " 🎉 ".into(), ScriptFinding::Empty(ScriptText::Closing(digit(2)))),
            (|s| s.question.clear(), ScriptFinding::Empty(ScriptText::Question)),
            (|s| s.no_key = "See www.example.in".into(), ScriptFinding::Link(ScriptText::NoKey)),
            (|s| s.keys.clear(), ScriptFinding::QuestionWithoutKeys),
            (|s| s.keys[1].digit = Digit::new(1).unwrap(), ScriptFinding::Twice(digit(1))),
            (|s| s.keys[1].digit = Digit::new(3).unwrap(), ScriptFinding::NotNamed(digit(3))),
            (
                |s| {
                    s.keys[0].action =
                        Action::Message { channel: Channel::IvrCall, template: TemplateId::new(Millis(0)) }
                },
                ScriptFinding::CallsAgain(digit(1)),
            ),
            (|s| s.rounds = 3, ScriptFinding::Rounds(3)),
            (|s| s.rounds = 0, ScriptFinding::Rounds(0)),
            (|s| s.wait_s = 7, ScriptFinding::Wait(7)),
            (|s| _ = s.keys.pop(), ScriptFinding::NoStopKey),
            (|s| s.text = "Your workshop starts at {time}.".into(), ScriptFinding::NoCaller),
        ];
        for (change, finding) in cases {
            let mut script = usual(Language::English);
            change(&mut script);
            let found = examine(&script, Some(&ALL));
            assert!(found.contains(finding), "{finding:?} is not among {found:?}");
        }
        let mut long = usual(Language::English);
        long.text.push_str(&" and more".repeat(40));
        assert!(
            examine(&long, None)
                .iter()
                .any(|one| matches!(one, ScriptFinding::TooLong { seconds, most: 25 } if *seconds > 25)),
        );
    }

    #[test]
    fn what_a_provider_cannot_do_is_said_before_it_is_chosen() {
        let less = |change: fn(&mut CallAbilities)| {
            let mut abilities = ALL;
            change(&mut abilities);
            examine(&usual(Language::Hindi), Some(&abilities))
        };
        assert_eq!(less(|a| a.own_text = false), [ScriptFinding::NoOwnText]);
        assert_eq!(less(|a| a.keys = Keys::Notice), [ScriptFinding::ClosingsElsewhere]);
        assert_eq!(less(|a| a.keys = Keys::Never), [ScriptFinding::NoKeys]);
        assert_eq!(less(|a| a.languages = &[Language::English]), [ScriptFinding::Language(Language::Hindi)]);
        assert_eq!(less(|a| a.separators = &[',', ';']), [ScriptFinding::LeftOut(vec![','])]);
    }
}
