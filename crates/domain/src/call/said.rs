//! The words that one person hears: placeholders and their values.

use super::{CallScript, Digit, Language, ScriptText, spoken};
use crate::template::{Facts, Source, ValueError};

/// The placeholders of a script: the word between braces, its label on screens, and the source of its value. There is
/// no placeholder for a link, because nobody can hear one. The last three words are those of the former application.
const PLACEHOLDERS: &[(&str, &str, Source)] = &[
    ("first_name", "Registrant · First name", Source::RegistrantFirstName),
    ("name", "Registrant · Full name", Source::RegistrantName),
    ("workshop_title", "Workshop · Title", Source::WorkshopTitle),
    ("workshop_date", "Workshop · Date", Source::WorkshopDate),
    ("start_time", "Workshop · Start time", Source::WorkshopTime),
    ("organisation", "Organisation · Name", Source::OrganisationName),
    ("workshop_name", "Workshop · Title", Source::WorkshopTitle),
    ("date", "Workshop · Date", Source::WorkshopDate),
    ("time", "Workshop · Start time", Source::WorkshopTime),
];

/// The longest word between braces that is taken for a placeholder, in bytes.
const NAME_MAX: usize = 40;

/// The placeholders that a script may hold: the word between braces and its label on screens.
pub fn placeholders() -> impl Iterator<Item = (&'static str, &'static str)> {
    PLACEHOLDERS.iter().map(|(word, label, _)| (*word, *label))
}

/// A part of a text.
pub(super) enum Piece<'t> {
    /// Fixed words.
    Text(&'t str),
    /// The word of a placeholder, without its braces.
    Name(&'t str),
}

/// Splits a text at its `{names}`. A brace that does not enclose a name is fixed text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(open) = rest[from..].find('{').map(|at| at + from) {
        let inner = &rest[open + 1..];
        let name = inner.find('}').map(|end| &inner[..end]).filter(|name| is_name(name));
        let Some(name) = name else {
            from = open + 1;
            continue;
        };
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        pieces.push(Piece::Name(name));
        rest = &inner[name.len() + 1..];
        from = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The placeholder with this word; `None` where there is none.
pub(super) fn known(name: &str) -> Option<&'static (&'static str, &'static str, Source)> {
    PLACEHOLDERS.iter().find(|(word, _, _)| *word == name)
}

/// The values of one person as they are spoken, in the order of the script's placeholders.
///
/// # Errors
/// [`ValueError::Empty`] for an empty value. Only a name may be empty: nobody is left out because a form did not ask
/// for it.
pub fn fill(script: &CallScript, facts: &Facts) -> Result<Vec<String>, ValueError> {
    each(script, facts).collect()
}

/// The same as [`fill`], with a result for each value.
pub(super) fn each(script: &CallScript, facts: &Facts) -> impl Iterator<Item = Result<String, ValueError>> {
    places(script).map(|(_, label, source)| {
        let spoken = spoken::speak_value(facts.value(source), source, script.language);
        let may_be_empty = matches!(source, Source::RegistrantName | Source::RegistrantFirstName);
        match spoken.is_empty() && !may_be_empty {
            true => Err(ValueError::Empty((*label).to_owned())),
            false => Ok(spoken),
        }
    })
}

/// The placeholders of a script, in the order in which values are put in.
pub(super) fn places(
    script: &CallScript,
) -> impl Iterator<Item = &'static (&'static str, &'static str, Source)> {
    script.texts().flat_map(pieces).filter_map(|piece| match piece {
        Piece::Name(name) => known(name),
        Piece::Text(_) => None,
    })
}

/// What one person hears: the script with the person's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledScript {
    /// The language in which it is spoken.
    pub language: Language,
    /// The greeting and the reminder.
    pub text: String,
    /// The question that asks for a key; empty where the script has no keys.
    pub question: String,
    /// The words after a wrong key, before the question is asked again; may be empty.
    pub wrong_key: String,
    /// The closing words where no key was pressed; may be empty.
    pub no_key: String,
    /// The closing words that follow each key.
    pub closings: Vec<(Digit, String)>,
}

impl FilledScript {
    /// Puts the values of [`fill`] into a script. A placeholder without a value is left out.
    pub fn new(script: &CallScript, values: &[String]) -> FilledScript {
        let mut values = values.iter();
        let mut put = |text: &str| put_in(text, &mut values, script.language);
        let [text, question, wrong_key, no_key] =
            [&script.text, &script.question, &script.wrong_key, &script.no_key].map(|text| put(text));
        let closings = script.keys.iter().map(|key| (key.digit, put(&key.closing))).collect();
        FilledScript { language: script.language, text, question, wrong_key, no_key, closings }
    }

    /// The words with which the call begins: text and question.
    pub fn opening(&self) -> String {
        joined(&self.text, &self.question)
    }

    /// The words before a key is waited for again: after a wrong key, or after silence.
    pub fn again(&self, wrong: bool) -> String {
        if wrong { joined(&self.wrong_key, &self.question) } else { self.question.clone() }
    }

    /// The closing words of this key; `None` where the script does not have it.
    pub fn closing(&self, digit: Digit) -> Option<&str> {
        self.closings.iter().find(|(known, _)| *known == digit).map(|(_, text)| text.as_str())
    }

    /// The words at `place`; empty where nothing is said. An unknown key gets the closing words without a key.
    pub fn at(&self, place: ScriptText) -> &str {
        match place {
            ScriptText::Text => &self.text,
            ScriptText::Question => &self.question,
            ScriptText::WrongKey => &self.wrong_key,
            ScriptText::NoKey => &self.no_key,
            ScriptText::Closing(digit) => self.closing(digit).unwrap_or(&self.no_key),
        }
    }

    /// The words of all these places, one after the other.
    pub fn lines(&self, places: &[ScriptText]) -> String {
        let texts = places.iter().map(|place| self.at(*place)).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(" ")
    }

    /// The estimated length of the reminder, in seconds. A person who hears less of it was not told.
    pub fn text_s(&self) -> i64 {
        spoken::seconds_of(&self.text, self.language)
    }
}

fn joined(first: &str, then: &str) -> String {
    let texts = [first, then].into_iter().filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(" ")
}

/// The words of a text as they are spoken, with the values in its placeholders. The values are speakable already.
fn put_in<'v>(text: &str, values: &mut impl Iterator<Item = &'v String>, language: Language) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) if known(name).is_some() => {
                out.push_str(values.next().map_or("", String::as_str));
            }
            Piece::Name(_) => {}
        }
    }
    spoken::speakable(&out, language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{channel::Channel, ids::TemplateId, time::Millis};

    fn facts() -> Facts {
        Facts {
            name: "Asha Verma".into(),
            organisation: "Udaan Academy".into(),
            workshop_title: "Excel & Power BI".into(),
            workshop_date: "13 October 2026".into(),
            workshop_time: "7:00 PM".into(),
            ..Facts::default()
        }
    }

    fn said(language: Language, facts: &Facts) -> FilledScript {
        let script = CallScript::usual(language, Channel::Sms, TemplateId::new(Millis(0)));
        FilledScript::new(&script, &fill(&script, facts).unwrap())
    }

    #[test]
    fn a_person_hears_names_times_and_keys_as_words() {
        let english = said(Language::English, &facts());
        assert_eq!(
            english.opening(),
            "Hello Asha. This is Udaan Academy. Your workshop Excel and Power BI starts at seven P M. \
             Press one to get the link, two to choose another day, nine for no more calls."
        );
        assert_eq!(english.closing(Digit::new(9).unwrap()), Some("All right. We will not call you again."));
        assert_eq!(english.closing(Digit::new(5).unwrap()), None);
        let hindi = said(Language::Hindi, &facts());
        assert!(
            hindi.text.contains("शाम सात बजे शुरू होगी।") && hindi.question.contains("एक दबाइए"),
            "{hindi:?}"
        );
        assert!(hindi.again(true).starts_with("यह बटन काम का नहीं है। लिंक"), "{}", hindi.again(true));
    }

    #[test]
    fn a_name_may_be_missing_and_nothing_else() {
        let nameless = said(Language::English, &Facts { name: String::new(), ..facts() });
        assert!(nameless.text.starts_with("Hello. This is"), "{}", nameless.text);
        let script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
        let untimed = Facts { workshop_time: " ".into(), ..facts() };
        assert_eq!(fill(&script, &untimed), Err(ValueError::Empty("Workshop · Start time".into())));
    }

    #[test]
    fn a_brace_is_a_sign_unless_it_holds_a_name() {
        let words = |text: &str| {
            pieces(text)
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => format!("t:{text}"),
                    Piece::Name(name) => format!("n:{name}"),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words("Hi {name}, {Name} { x } {{time}}"),
            ["t:Hi ", "n:name", "t:, {Name} { x } {", "n:time", "t:}"]
        );
        assert_eq!(words("{name}{time}"), ["n:name", "n:time"]);
        assert!(words("").is_empty());
        assert_eq!(words("open {name"), ["t:open {name"]);
    }
}
