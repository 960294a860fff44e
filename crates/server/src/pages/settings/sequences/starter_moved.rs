//! What tells people that a workshop has another time. Every starter brings the text on each of its channels, so that *Move workshop* has one to
//! go on to.

use domain::{
    call::{Action, CallScript, Language},
    channel::Channel,
    ids::TemplateId,
    post::GroupPost,
    template::Message,
    told::Purpose,
};
use store::StoreError;

use super::{
    starter_sms,
    starters::{keep, whatsapp},
};
use crate::http::extract::Member;

/// The texts of a language. Those to people have numbers for their values as the texts of starters have them; posts and calls have words.
struct Texts {
    language: &'static str,
    name: &'static str,
    whatsapp: &'static str,
    sms: &'static str,
    post: &'static str,
    call: &'static str,
}

const ALL: &[Texts] = &[
    Texts {
        language: "en",
        name: "Workshop moved",
        whatsapp: "Hi {1}, {2} has a new time: {3} at {4}. Join here: {5}",
        sms: "Hi {1}, {2} has a new time: {3} at {4}. Join: {5}",
        post: "*{workshop_title}* has a new time: {workshop_date} at {start_time}. Join here: {join_link}",
        call: "Hello {first_name}. This is {organisation}. Your workshop {workshop_title} has a new time: {workshop_date} at {start_time}.",
    },
    Texts {
        language: "hi",
        name: "वर्कशॉप का नया समय",
        whatsapp: "नमस्ते {1}, {2} का समय बदल गया है। नया समय: {3} को {4} बजे। यहाँ से जुड़ें: {5}",
        sms: "नमस्ते {1}, {2} का नया समय: {3} को {4} बजे। जुड़ें: {5}",
        post: "*{workshop_title}* का समय बदल गया है। नया समय: {workshop_date} को {start_time} बजे। यहाँ से जुड़ें: {join_link}",
        call: "नमस्ते {first_name}। {organisation} से बोल रहे हैं। आपकी वर्कशॉप {workshop_title} का समय बदल गया है। नया समय {workshop_date} को {start_time} है।",
    },
];

impl Texts {
    fn of(language: &str) -> &'static Texts {
        ALL.iter().find(|texts| texts.language == language).unwrap_or(&ALL[0])
    }

    fn message(&self, channel: Channel, sender: &str) -> Message {
        match channel {
            Channel::WhatsappGroup => Message::Group(GroupPost::of_text(self.post)),
            Channel::WhatsappPersonal => Message::Whatsapp(whatsapp(
                self.whatsapp,
                self.language,
                format!("workshop_moved_{}", self.language),
            )),
            Channel::Sms => Message::Sms(starter_sms::template(self.sms, self.language, sender)),
            Channel::IvrCall => Message::Call(spoken(self.language, self.call)),
        }
    }
}

/// A call that speaks a text and offers one key, with which people stop further calls.
pub(super) fn spoken(language: &str, text: &str) -> CallScript {
    let (language, question) = match language {
        "hi" => (Language::Hindi, "आगे कॉल न चाहें तो 9 दबाइए।"),
        _ => (Language::English, "Press 9 for no more calls."),
    };
    let mut script = CallScript::usual(language, Channel::WhatsappPersonal, TemplateId(uuid::Uuid::nil()));
    script.keys.retain(|key| key.action == Action::StopCalls);
    CallScript { text: text.to_owned(), question: question.to_owned(), ..script }
}

/// Brings the text on that channel, where the organisation has none of that name.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn keep_text(member: &Member, channel: Channel, language: &str) -> Result<(), StoreError> {
    let texts = Texts::of(language);
    let body = || texts.message(channel, &member.organization.name).to_json();
    keep(member, channel, (texts.name, Purpose::MOVED), body).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{
        call::examine,
        sms::{SmsProblem, segments},
    };

    use super::*;

    #[test]
    fn the_text_of_a_new_time_says_day_and_time_on_each_channel_in_both_languages() {
        for texts in ALL {
            for channel in Channel::ALL {
                let message = texts.message(*channel, "Example Academy");
                let says: Vec<&str> = message.places().iter().map(|place| place.source.word()).collect();
                for word in ["workshop_title", "workshop_date", "workshop_time"] {
                    assert!(says.contains(&word), "{word} on {channel} in {}: {says:?}", texts.language);
                }
                match message {
                    Message::Group(post) => assert_eq!(post.problems(), [], "{}", texts.post),
                    Message::Call(script) => assert_eq!(examine(&script, None), [], "{}", texts.call),
                    Message::Sms(sms) => {
                        assert_eq!(sms.problems(), [SmsProblem::NoSender, SmsProblem::NoMessageId]);
                    }
                    Message::Whatsapp(template) => {
                        assert_eq!(template.placeholders(), template.parameters.len(), "{}", template.body);
                    }
                }
            }
        }
    }

    #[test]
    fn the_english_sms_of_a_new_time_is_one_segment() {
        let values =
            ["Asha", "Rust for Beginners", "13 Oct", "7:00 PM", "https://join.example/j/AbCdEf12345"];
        let text = (1..)
            .zip(values)
            .fold(ALL[0].sms.to_owned(), |text, (n, value)| text.replace(&format!("{{{n}}}"), value));
        assert_eq!(segments(&format!("{text} -Example Academy")).count, 1, "{text}");
    }
}
