//! Starters to copy: a masterclass, a webinar and a cohort, in English and in Hindi. Their texts become templates of the organisation, and with
//! them the text that tells a new time.

use domain::{
    channel::{Category, Channel},
    ids::TemplateId,
    sequence::{Anchor, LateRule, Step, StepAudience, StepKey, Timing, Until},
    template::Source,
    told::Purpose,
    whatsapp::{Parameter, WhatsappTemplate},
};
use store::StoreError;

use super::{starter_moved, starter_sms};
use crate::http::extract::Member;

/// A sequence to begin with.
pub(super) struct Starter {
    /// The word by which forms name it.
    pub(super) word: &'static str,
    /// The title that people choose by.
    pub(super) title: &'static str,
    language: &'static str,
    lines: &'static [Line],
}

/// A step of a starter to people, with its WhatsApp text. The text as an SMS stands in [`starter_sms`].
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    anchor: Anchor,
    timing: Timing,
    until: Until,
    /// With {1} the first name, {2} the title, {3} the date, {4} the start time, {5} their own join link, numbered as they come.
    text: &'static str,
}

pub(super) const fn line(
    key: &'static str,
    name: &'static str,
    purpose: &'static str,
    (anchor, timing): (Anchor, Timing),
    text: &'static str,
) -> Line {
    Line { key, name, purpose, anchor, timing, until: Until::NextOfPurpose, text }
}

const WELCOME: (Anchor, Timing) = (Anchor::Registration, Timing::Offset { days: 0, minutes: 2 });
const DAY_BEFORE: (Anchor, Timing) = (Anchor::Start, Timing::Offset { days: -1, minutes: 0 });
const THAT_MORNING: (Anchor, Timing) = (Anchor::Start, Timing::At { days: 0, minute: 540 });
pub(super) const HOUR_BEFORE: (Anchor, Timing) = (Anchor::Start, Timing::Offset { days: 0, minutes: -60 });
const TEN_BEFORE: (Anchor, Timing) = (Anchor::Start, Timing::Offset { days: 0, minutes: -10 });
pub(super) const AT_START: (Anchor, Timing) = (Anchor::Start, Timing::Offset { days: 0, minutes: 0 });
const THREE_BEFORE: (Anchor, Timing) = (Anchor::Start, Timing::At { days: -3, minute: 660 });
const WEEK_BEFORE: (Anchor, Timing) = (Anchor::Start, Timing::Offset { days: -7, minutes: 0 });
pub(super) const DAY_AFTER: (Anchor, Timing) = (Anchor::End, Timing::At { days: 1, minute: 660 });

/// Every starter.
pub(super) const ALL: &[Starter] = &[
    Starter {
        word: "masterclass_en",
        title: "Masterclass, English: 5 steps",
        language: "en",
        lines: &[
            line(
                "welcome",
                "Masterclass welcome",
                "welcome",
                WELCOME,
                "Hi {1}, your place in {2} on {3} at {4} is confirmed. Your own link: {5}",
            ),
            line(
                "day-before",
                "Masterclass day before",
                "reminder",
                DAY_BEFORE,
                "Hi {1}, {2} is tomorrow at {4}. Keep a notebook ready. Your link: {5}",
            ),
            line(
                "hour-before",
                "Masterclass hour before",
                "reminder",
                HOUR_BEFORE,
                "Hi {1}, {2} begins at {4}, in one hour. Join here: {5}",
            ),
            line(
                "ten-before",
                "Masterclass ten minutes before",
                "link",
                TEN_BEFORE,
                "Hi {1}, the room of {2} is open. Join now: {5}",
            ),
            line(
                "thanks",
                "Masterclass thanks",
                "thanks",
                DAY_AFTER,
                "Hi {1}, thank you for registering for {2}. Reply to this message with your questions.",
            ),
        ],
    },
    Starter {
        word: "masterclass_hi",
        title: "Masterclass, Hindi: 5 steps",
        language: "hi",
        lines: &[
            line(
                "welcome",
                "मास्टरक्लास स्वागत",
                "welcome",
                WELCOME,
                "नमस्ते {1}, {3} को {4} बजे {2} में आपकी जगह पक्की है। आपका लिंक: {5}",
            ),
            line(
                "day-before",
                "मास्टरक्लास एक दिन पहले",
                "reminder",
                DAY_BEFORE,
                "नमस्ते {1}, {2} कल {4} बजे है। कॉपी और पेन तैयार रखें। आपका लिंक: {5}",
            ),
            line(
                "hour-before",
                "मास्टरक्लास एक घंटा पहले",
                "reminder",
                HOUR_BEFORE,
                "नमस्ते {1}, {2} एक घंटे में, {4} बजे शुरू होगा। यहाँ से जुड़ें: {5}",
            ),
            line(
                "ten-before",
                "मास्टरक्लास दस मिनट पहले",
                "link",
                TEN_BEFORE,
                "नमस्ते {1}, {2} का कमरा खुल गया है। अभी जुड़ें: {5}",
            ),
            line(
                "thanks",
                "मास्टरक्लास धन्यवाद",
                "thanks",
                DAY_AFTER,
                "नमस्ते {1}, {2} में नाम लिखाने के लिए धन्यवाद। अपने सवाल इसी संदेश के जवाब में लिखें।",
            ),
        ],
    },
    Starter {
        word: "webinar_en",
        title: "Webinar, English: 4 steps",
        language: "en",
        lines: &[
            line(
                "welcome",
                "Webinar welcome",
                "welcome",
                WELCOME,
                "Hi {1}, you are registered for {2} on {3} at {4}. Your own link: {5}",
            ),
            line(
                "morning",
                "Webinar that morning",
                "reminder",
                THAT_MORNING,
                "Hi {1}, {2} is today at {4}. Your link: {5}",
            ),
            line(
                "ten-before",
                "Webinar ten minutes before",
                "link",
                TEN_BEFORE,
                "Hi {1}, {2} begins in ten minutes. Join here: {5}",
            ),
            line(
                "thanks",
                "Webinar thanks",
                "thanks",
                DAY_AFTER,
                "Hi {1}, thank you for registering for {2}. Tell us what helped by replying to this message.",
            ),
        ],
    },
    Starter {
        word: "webinar_hi",
        title: "Webinar, Hindi: 4 steps",
        language: "hi",
        lines: &[
            line(
                "welcome",
                "वेबिनार स्वागत",
                "welcome",
                WELCOME,
                "नमस्ते {1}, {3} को {4} बजे {2} के लिए आपका नाम लिख लिया गया है। आपका लिंक: {5}",
            ),
            line(
                "morning",
                "वेबिनार उस सुबह",
                "reminder",
                THAT_MORNING,
                "नमस्ते {1}, {2} आज {4} बजे है। आपका लिंक: {5}",
            ),
            line(
                "ten-before",
                "वेबिनार दस मिनट पहले",
                "link",
                TEN_BEFORE,
                "नमस्ते {1}, {2} दस मिनट में शुरू होगा। यहाँ से जुड़ें: {5}",
            ),
            line(
                "thanks",
                "वेबिनार धन्यवाद",
                "thanks",
                DAY_AFTER,
                "नमस्ते {1}, {2} में नाम लिखाने के लिए धन्यवाद। क्या काम आया, इसी संदेश के जवाब में बताएँ।",
            ),
        ],
    },
    Starter {
        word: "cohort_en",
        title: "Cohort, English: 6 steps",
        language: "en",
        lines: &[
            line(
                "welcome",
                "Cohort welcome",
                "welcome",
                WELCOME,
                "Hi {1}, welcome to {2}. The first session is on {3} at {4}. Your own link: {5}",
            ),
            line(
                "week-before",
                "Cohort week before",
                "preparation",
                WEEK_BEFORE,
                "Hi {1}, {2} begins in a week, on {3}. Set aside two hours a week.",
            ),
            line(
                "three-before",
                "Cohort three days before",
                "setup",
                THREE_BEFORE,
                "Hi {1}, three days to {2}. Please install what the first session needs today.",
            ),
            line(
                "day-before",
                "Cohort day before",
                "reminder",
                DAY_BEFORE,
                "Hi {1}, {2} begins tomorrow at {4}. Your link: {5}",
            ),
            line("start", "Cohort start", "link", AT_START, "Hi {1}, we are live. Join {2} now: {5}"),
            line(
                "thanks",
                "Cohort after the first session",
                "thanks",
                DAY_AFTER,
                "Hi {1}, that was the first session of {2}. Reply to this message if anything was unclear.",
            ),
        ],
    },
    Starter {
        word: "cohort_hi",
        title: "Cohort, Hindi: 6 steps",
        language: "hi",
        lines: &[
            line(
                "welcome",
                "बैच स्वागत",
                "welcome",
                WELCOME,
                "नमस्ते {1}, {2} में स्वागत है। पहली क्लास {3} को {4} बजे है। आपका लिंक: {5}",
            ),
            line(
                "week-before",
                "बैच एक हफ़्ता पहले",
                "preparation",
                WEEK_BEFORE,
                "नमस्ते {1}, {2} एक हफ़्ते में, {3} को शुरू होगा। हर हफ़्ते दो घंटे अलग रखें।",
            ),
            line(
                "three-before",
                "बैच तीन दिन पहले",
                "setup",
                THREE_BEFORE,
                "नमस्ते {1}, {2} में तीन दिन हैं। पहली क्लास के लिए जो चाहिए, आज ही इंस्टॉल कर लें।",
            ),
            line(
                "day-before",
                "बैच एक दिन पहले",
                "reminder",
                DAY_BEFORE,
                "नमस्ते {1}, {2} कल {4} बजे शुरू होगा। आपका लिंक: {5}",
            ),
            line("start", "बैच शुरू", "link", AT_START, "नमस्ते {1}, क्लास शुरू हो गई है। {2} से अभी जुड़ें: {5}"),
            line(
                "thanks",
                "बैच पहली क्लास के बाद",
                "thanks",
                DAY_AFTER,
                "नमस्ते {1}, यह {2} की पहली क्लास थी। कुछ समझ न आया हो तो इसी संदेश के जवाब में लिखें।",
            ),
        ],
    },
];

/// The values that texts of starters name by number.
pub(super) const VALUES: &[(&str, Source, &str)] = &[
    ("first name", Source::RegistrantFirstName, "there"),
    ("workshop", Source::WorkshopTitle, ""),
    ("date", Source::WorkshopDate, ""),
    ("start time", Source::WorkshopTime, ""),
    ("own join link", Source::RegistrantJoinLink, ""),
];

/// How somebody is greeted whose name is not known, in that language.
pub(super) fn hindi(language: &str, fallback: &'static str) -> &'static str {
    if language == "hi" && fallback == "there" { "जी" } else { fallback }
}

/// The channels that starters have texts for.
const CHANNELS: [Channel; 2] = [Channel::WhatsappPersonal, Channel::Sms];

/// The starter of that word, and on which channel.
pub(super) fn named(word: &str) -> Option<(&'static Starter, Channel)> {
    let all = ALL.iter().flat_map(|starter| CHANNELS.map(|channel| (starter, channel)));
    all.into_iter().find(|(starter, channel)| starter.word_on(*channel) == word)
}

/// Every starter on every channel: its word and its title.
pub(super) fn choices() -> impl Iterator<Item = (String, String)> {
    CHANNELS
        .into_iter()
        .flat_map(|channel| ALL.iter().map(move |one| (one.word_on(channel), one.title_on(channel))))
}

impl Line {
    /// The step that sends this text.
    pub(super) fn step(&self, channel: Channel, template: TemplateId) -> Step {
        Step {
            key: StepKey::stored(self.key.to_owned()),
            label: String::new(),
            channel,
            template,
            account: None,
            anchor: self.anchor,
            timing: self.timing,
            purpose: self.purpose.to_owned(),
            until: self.until,
            audience: StepAudience::default(),
            late: LateRule::default(),
            wait_out_quiet: false,
            rung: None,
        }
    }

    /// The text as a WhatsApp template, which belongs to the campaign of that word and of its key.
    fn whatsapp(&self, language: &str, word: &str) -> WhatsappTemplate {
        whatsapp(self.text, language, format!("{word}_{}", self.key.replace('-', "_")))
    }

    /// Its template on that channel, as it is stored, in the words of the starter of that word.
    pub(super) fn body(
        &self,
        channel: Channel,
        word: &str,
        language: &str,
        sender: &str,
    ) -> serde_json::Value {
        let body = match (channel, starter_sms::text(word, self.key)) {
            (Channel::Sms, Some(text)) => serde_json::to_value(starter_sms::template(text, language, sender)),
            _ => serde_json::to_value(self.whatsapp(language, word)),
        };
        body.expect("a template is always JSON")
    }
}

/// The text with its places numbered in the order in which they come, and where each value comes from.
pub(super) fn whatsapp(text: &str, language: &str, campaign: String) -> WhatsappTemplate {
    let (mut body, mut parameters) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        body.push_str(before);
        let (number, after) = after.split_once('}').unwrap_or(("1", after));
        let at = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
        if let Some((label, source, fallback)) = VALUES.get(at) {
            parameters.push(Parameter {
                label: (*label).to_owned(),
                source: source.clone(),
                fallback: hindi(language, fallback).to_owned(),
            });
            body.push_str(&format!("{{{{{}}}}}", parameters.len()));
        }
        rest = after;
    }
    body.push_str(rest);
    WhatsappTemplate {
        campaign,
        category: Category::Utility,
        language: language.to_owned(),
        header: String::new(),
        body,
        footer: String::new(),
        parameters,
        media: None,
        buttons: vec![],
        extra: serde_json::Map::new(),
    }
}

/// The template of that name on that channel: the organisation's own where there is one, else a new one with this body.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn keep(
    member: &Member,
    channel: Channel,
    (name, purpose): (&str, &str),
    body: impl FnOnce() -> serde_json::Value,
) -> Result<TemplateId, StoreError> {
    let known = member.org.templates(channel).await?;
    if let Some(template) = known.iter().find(|template| template.name == name) {
        return Ok(template.id);
    }
    let id = member.org.add_template(channel, name, &body(), member.now).await?;
    let purpose = Purpose::parse(purpose).unwrap_or_default();
    member.org.set_purpose(id, &purpose, 0, member.now).await?;
    Ok(id)
}

impl Starter {
    /// Its word in forms, on that channel.
    fn word_on(&self, channel: Channel) -> String {
        match channel {
            Channel::Sms => format!("{}_sms", self.word),
            _ => self.word.to_owned(),
        }
    }

    /// What people choose, on that channel.
    fn title_on(&self, channel: Channel) -> String {
        match (channel, self.title.split_once(": ")) {
            (Channel::Sms, Some((name, steps))) => format!("{name}, by SMS: {steps}"),
            _ => self.title.to_owned(),
        }
    }

    /// The keys of its steps.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().map(|line| line.key)
    }

    /// The language of its texts.
    pub(super) fn language(&self) -> &'static str {
        self.language
    }

    /// Its step of that key.
    pub(super) fn line(&self, key: &str) -> Option<&'static Line> {
        self.lines.iter().find(|line| line.key == key)
    }

    /// Its steps, with its texts as templates of the organisation. A template of the same name that is there is taken as it is.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) async fn steps(&self, member: &Member, channel: Channel) -> Result<Vec<Step>, StoreError> {
        let sender = &member.organization.name;
        let mut steps = Vec::with_capacity(self.lines.len());
        for line in self.lines {
            let body = || line.body(channel, self.word, self.language, sender);
            steps.push(line.step(channel, keep(member, channel, (line.name, line.purpose), body).await?));
        }
        starter_moved::keep_text(member, channel, self.language).await?;
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use domain::{sequence::check_steps, template::Message};

    use super::*;

    #[test]
    fn every_text_of_a_starter_has_a_source_for_each_of_its_places() {
        for starter in ALL {
            for line in starter.lines {
                let template = line.whatsapp(starter.language, starter.word);
                assert_eq!(
                    template.placeholders(),
                    template.parameters.len(),
                    "{}: {}",
                    starter.word,
                    template.body
                );
                assert!(
                    !template.parameters.is_empty() && !template.body.contains("{0}"),
                    "{}",
                    template.body
                );
                let message = Message::from(template);
                assert_eq!(message.slots()[0].source.as_ref(), &Source::RegistrantFirstName);
            }
        }
    }

    #[test]
    fn steps_of_a_starter_make_a_sequence() {
        for starter in ALL {
            let steps: Vec<Step> = starter
                .lines
                .iter()
                .map(|line| line.step(Channel::Sms, TemplateId(uuid::Uuid::nil())))
                .collect();
            assert_eq!(check_steps(&steps), Ok(()), "{}", starter.word);
        }
    }
}
