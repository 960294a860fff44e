//! The words that follow in a call that is under way.

use super::{CallScript, Digit, FilledScript, Pressed, ScriptText, pressed};
use crate::time::{Millis, SECOND};

/// How far the conversation of one call has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallProgress {
    /// How often the question was asked so far.
    pub asked: u8,
    /// The first key of the script that was pressed; `None` while there is none.
    pub key: Option<Digit>,
}

/// Two requests closer together than this are one request that was repeated: a question takes longer to be spoken and
/// answered.
const SAME_MS: i64 = 2 * SECOND;

/// Counts the questions of one call, for a provider that sends one request for each of them. Two rounds of silence
/// differ in nothing but their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuestionRounds {
    asked: u8,
    at: Option<Millis>,
}

impl QuestionRounds {
    /// The count as a store keeps it: the question was asked `asked` times, the last time at `at`.
    pub fn of(asked: i64, at: Millis) -> QuestionRounds {
        let asked = u8::try_from(asked.max(0)).unwrap_or(u8::MAX);
        QuestionRounds { asked, at: (asked > 0).then_some(at) }
    }

    /// The count for a store: how often the question was asked and when last. The moment is zero if it was never
    /// asked.
    pub fn kept(self) -> (i64, Millis) {
        (i64::from(self.asked), self.at.unwrap_or_default())
    }

    /// Takes over the count of another process where that count is higher.
    pub fn learn(&mut self, other: QuestionRounds) {
        if other.asked > self.asked {
            *self = other;
        }
    }

    /// How often the question was asked before the request of `now`. A repeated request is not counted.
    pub fn before(&self, now: Millis) -> u8 {
        if self.is_repeated(now) { self.asked.saturating_sub(1) } else { self.asked }
    }

    /// Counts the question that answers the request of `now`, unless that request is a repetition.
    pub fn asked(&mut self, now: Millis) {
        if !self.is_repeated(now) {
            self.asked = self.asked.saturating_add(1);
            self.at = Some(now);
        }
    }

    fn is_repeated(&self, now: Millis) -> bool {
        self.at.is_some_and(|at| now.since(at) < SAME_MS)
    }
}

/// What the call says next, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPrompt {
    /// The call says this and waits for a key.
    Ask {
        /// The words to speak.
        text: String,
        /// How long a key is waited for, in seconds.
        wait_s: u8,
    },
    /// The call says this and hangs up.
    Close {
        /// The words to speak; empty where the script has none.
        text: String,
        /// The key that these words answer; `None` where no key was pressed.
        key: Option<Digit>,
    },
}

/// Which texts of the script come next, and what follows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextLines {
    /// The texts, in the order in which they are spoken or played.
    pub places: Vec<ScriptText>,
    /// Whether a key is waited for afterwards. Otherwise the call ends.
    pub asks: bool,
    /// The key that these texts answer; `None` where no key was pressed.
    pub key: Option<Digit>,
}

/// Decides which texts come next. `heard` is what the provider says was pressed, and `None` at the beginning of the
/// call. A key that was pressed once is answered again however often the provider asks, so that a repeated request
/// gets the same words.
pub fn next_lines(script: &CallScript, so_far: CallProgress, heard: Option<&str>) -> NextLines {
    let close = |key: Digit| {
        let place = if script.key(key).is_some() { ScriptText::Closing(key) } else { ScriptText::NoKey };
        NextLines { places: vec![place], asks: false, key: Some(key) }
    };
    let ask = |places: &[ScriptText]| NextLines { places: places.to_vec(), asks: true, key: None };
    let end = |place| NextLines { places: vec![place], asks: false, key: None };
    if let Some(key) = so_far.key {
        return close(key);
    }
    if script.keys.is_empty() {
        return end(ScriptText::Text);
    }
    let Some(heard) = heard else { return ask(&[ScriptText::Text, ScriptText::Question]) };
    match pressed(heard, script) {
        Pressed::Key(key) => close(key),
        Pressed::Other if so_far.asked < script.rounds => ask(&[ScriptText::WrongKey, ScriptText::Question]),
        Pressed::Nothing if so_far.asked < script.rounds => ask(&[ScriptText::Question]),
        Pressed::Nothing | Pressed::Other => end(ScriptText::NoKey),
    }
}

/// The same decision as [`next_lines`], with the words of one person.
pub fn next_prompt(
    script: &CallScript,
    said: &FilledScript,
    so_far: CallProgress,
    heard: Option<&str>,
) -> NextPrompt {
    let NextLines { places, asks, key } = next_lines(script, so_far, heard);
    let text = said.lines(&places);
    if asks { NextPrompt::Ask { text, wait_s: script.wait_s } } else { NextPrompt::Close { text, key } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{Language, fill},
        channel::Channel,
        ids::TemplateId,
        template::Facts,
    };

    fn script() -> (CallScript, FilledScript) {
        let script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
        let facts = Facts {
            organisation: "Udaan".into(),
            workshop_title: "Excel".into(),
            workshop_time: "7:00 PM".into(),
            ..Facts::default()
        };
        let said = FilledScript::new(&script, &fill(&script, &facts).unwrap());
        (script, said)
    }

    fn so_far(asked: u8) -> CallProgress {
        CallProgress { asked, key: None }
    }

    #[test]
    fn a_key_is_answered_and_silence_is_asked_once_more() {
        let (script, said) = script();
        let next = |asked, heard| next_prompt(&script, &said, so_far(asked), heard);
        assert_eq!(next(0, None), NextPrompt::Ask { text: said.opening(), wait_s: 6 });
        let nine = Digit::new(9);
        assert_eq!(
            next(1, Some("\"9\"")),
            NextPrompt::Close { text: "All right. We will not call you again.".into(), key: nine }
        );
        assert_eq!(next(1, Some("")), NextPrompt::Ask { text: said.question.clone(), wait_s: 6 });
        let NextPrompt::Ask { text, .. } = next(1, Some("5")) else { panic!("asks again") };
        assert!(text.starts_with("That key does nothing. Press one"), "{text}");
        for heard in ["", "5", "null"] {
            assert_eq!(
                next(2, Some(heard)),
                NextPrompt::Close { text: "Thank you. Goodbye.".into(), key: None }
            );
        }
    }

    #[test]
    fn a_repeated_request_gets_the_same_closing_words() {
        let (script, said) = script();
        let one = CallProgress { asked: 1, key: Digit::new(1) };
        for heard in [None, Some(""), Some("1"), Some("9")] {
            let turn = next_prompt(&script, &said, one, heard);
            assert_eq!(
                turn,
                NextPrompt::Close { text: "Thank you. The link is on its way.".into(), key: Digit::new(1) }
            );
        }
    }

    #[test]
    fn a_request_that_is_made_twice_is_one_round() {
        let (mut rounds, at) = (QuestionRounds::default(), |s| Millis(s * SECOND));
        assert_eq!(rounds.before(at(0)), 0);
        rounds.asked(at(0));
        assert_eq!((rounds.before(at(1)), rounds.before(at(9))), (0, 1));
        rounds.asked(at(1));
        rounds.asked(at(9));
        assert_eq!((rounds.before(at(10)), rounds.before(at(20))), (1, 2));
    }

    #[test]
    fn what_another_process_asked_counts_and_less_is_no_news() {
        let at = |s| Millis(s * SECOND);
        let mut here = QuestionRounds::default();
        here.asked(at(0));
        let mut there = here;
        there.asked(at(9));
        assert_eq!(there.kept(), (2, at(9)));
        let mut learnt = here;
        learnt.learn(QuestionRounds::of(2, at(9)));
        assert_eq!(learnt, there);
        learnt.learn(here);
        assert_eq!((learnt, learnt.before(at(10)), learnt.before(at(20))), (there, 1, 2));
        assert_eq!(QuestionRounds::of(0, at(0)), QuestionRounds::default());
    }

    #[test]
    fn a_script_without_keys_speaks_and_ends() {
        let (mut script, said) = script();
        script.keys.clear();
        assert_eq!(
            next_prompt(&script, &said, so_far(0), None),
            NextPrompt::Close { text: said.text.clone(), key: None }
        );
    }
}
