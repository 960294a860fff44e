//! A script as a message like those of every channel: its placeholders, their values, and how a screen shows it.

use std::borrow::Cow;

use super::{CallScript, FilledScript, ScriptText, said};
use crate::template::{CallContent, Content, Facts, Part, Slot, ValueError};

/// The time that a person thinks before pressing a key, in seconds.
const THINKS_S: i64 = 3;

impl CallScript {
    /// Fills the placeholders with the values of one person.
    ///
    /// # Errors
    /// [`ValueError::Empty`] for a value that is empty, unless it is the person's name.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        Ok(Content::Call(CallContent { values: said::fill(self, facts)? }))
    }

    /// The value of each placeholder, or why it has none.
    pub(crate) fn each(&self, facts: &Facts) -> Vec<Result<String, ValueError>> {
        said::each(self, facts).collect()
    }

    /// The placeholders, in the order in which values are put in. A person without a name is greeted without one.
    pub(crate) fn places(&self) -> Vec<Slot<'static>> {
        let slot = |(_, label, source): &'static (&str, &str, _)| Slot {
            label: Cow::Borrowed(*label),
            source: Cow::Borrowed(source),
            fallback: "",
        };
        said::places(self).map(slot).collect()
    }

    /// Whether the words differ from person to person.
    pub fn is_personal(&self) -> bool {
        said::places(self).any(|(_, _, source)| source.is_personal())
    }

    /// What the person hears before a key is waited for, reminder and question, in parts for a screen.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        let mut values = content.values().iter();
        let mut parts = Vec::new();
        for (nth, text) in [&self.text, &self.question].into_iter().enumerate() {
            if nth > 0 && !text.is_empty() {
                parts.push(Part::Fixed(" ".to_owned()));
            }
            for piece in said::pieces(text) {
                match piece {
                    said::Piece::Text(text) => parts.push(Part::Fixed(text.to_owned())),
                    said::Piece::Name(name) if said::known(name).is_some() => {
                        parts.push(Part::Filled(values.next().cloned().unwrap_or_default()));
                    }
                    said::Piece::Name(name) => parts.push(Part::Fixed(format!("{{{name}}}"))),
                }
            }
        }
        parts
    }

    /// What the person with the values of `content` hears.
    pub fn said(&self, content: &Content) -> FilledScript {
        FilledScript::new(self, content.values())
    }

    /// The estimated time on the line of a person who picks up, in seconds: the reminder, the question, the time to
    /// think, and the longest closing words.
    pub fn talk_s(&self) -> i64 {
        let closing =
            self.keys.iter().map(|key| self.seconds_at(ScriptText::Closing(key.digit))).max().unwrap_or(0);
        let asks = if self.keys.is_empty() { 0 } else { THINKS_S };
        self.seconds_at(ScriptText::Text) + self.seconds_at(ScriptText::Question) + asks + closing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::Language,
        channel::Channel,
        ids::TemplateId,
        template::{Message, Source},
        time::Millis,
    };

    fn usual() -> CallScript {
        CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)))
    }

    fn facts() -> Facts {
        Facts {
            name: "Asha Verma".into(),
            organisation: "Udaan".into(),
            workshop_title: "Excel".into(),
            workshop_time: "7:00 PM".into(),
            ..Facts::default()
        }
    }

    #[test]
    fn a_script_is_stored_filled_and_read_back_like_every_message() {
        let message = Message::from(usual());
        assert_eq!(Message::from_json(Channel::IvrCall, &message.to_json()).unwrap(), message);
        let content = message.fill(&facts()).unwrap();
        assert_eq!(content.values(), ["Asha", "Udaan", "Excel", "seven P M"]);
        let kept = serde_json::to_string(&content).unwrap();
        assert_eq!(Content::from_json(Channel::IvrCall, &kept).unwrap(), content);
        assert_eq!((message.is_personal(), message.segments(&content)), (true, 1));
        assert_eq!(*message.slots()[3].source, Source::WorkshopTime);
        let text: String = message
            .preview(&content)
            .into_iter()
            .map(|part| match part {
                Part::Fixed(text) | Part::Filled(text) => text,
            })
            .collect();
        assert!(
            text.starts_with("Hello Asha. This is Udaan. Your workshop Excel starts at seven P M. Press 1"),
            "{text}"
        );
    }

    #[test]
    fn a_script_without_a_name_says_the_same_to_everybody() {
        let mut script = usual();
        script.text = "This is {organisation}. {workshop_title} starts at {start_time}.".into();
        assert!(!script.is_personal());
    }

    #[test]
    fn a_usual_call_takes_less_than_half_a_minute_of_talk() {
        let talk_s = usual().talk_s();
        assert!((10..30).contains(&talk_s), "{talk_s} s");
    }
}
