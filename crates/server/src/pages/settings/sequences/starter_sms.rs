//! The texts of starters as SMS: short, each to be registered as it stands. With the same numbers as the WhatsApp texts: {1} the first name, {2} the
//! title, {3} the date, {4} the start time, {5} their own join link. A link needs its address on the register's allow-list.

use domain::{
    channel::Category,
    sms::{SmsRoute, SmsTemplate, Tag, ValueLimits, Variable},
    template::Source,
};

use super::starters::{VALUES, hindi};

/// Starter, key of the step, text. The sender's name follows each: a registered text names its business.
const TEXTS: &[(&str, &str, &str)] = &[
    ("masterclass_en", "welcome", "Hi {1}, your place in {2} on {3} at {4} is confirmed. Your link: {5}"),
    ("masterclass_en", "day-before", "Hi {1}, {2} is tomorrow at {4}. Your link: {5}"),
    ("masterclass_en", "hour-before", "Hi {1}, {2} begins in one hour, at {4}. Join: {5}"),
    ("masterclass_en", "ten-before", "Hi {1}, the room of {2} is open. Join now: {5}"),
    ("masterclass_en", "thanks", "Hi {1}, thank you for registering for {2}."),
    ("masterclass_hi", "welcome", "नमस्ते {1}, {3} को {4} बजे {2} में आपकी जगह पक्की है। लिंक: {5}"),
    ("masterclass_hi", "day-before", "नमस्ते {1}, {2} कल {4} बजे है। लिंक: {5}"),
    ("masterclass_hi", "hour-before", "नमस्ते {1}, {2} एक घंटे में, {4} बजे। जुड़ें: {5}"),
    ("masterclass_hi", "ten-before", "नमस्ते {1}, {2} शुरू होने वाला है। जुड़ें: {5}"),
    ("masterclass_hi", "thanks", "नमस्ते {1}, {2} में नाम लिखाने के लिए धन्यवाद।"),
    ("webinar_en", "welcome", "Hi {1}, you are registered for {2} on {3} at {4}. Your link: {5}"),
    ("webinar_en", "morning", "Hi {1}, {2} is today at {4}. Your link: {5}"),
    ("webinar_en", "ten-before", "Hi {1}, {2} begins in ten minutes. Join: {5}"),
    ("webinar_en", "thanks", "Hi {1}, thank you for registering for {2}."),
    ("webinar_hi", "welcome", "नमस्ते {1}, {3} को {4} बजे {2} में आपका नाम लिखा है। लिंक: {5}"),
    ("webinar_hi", "morning", "नमस्ते {1}, {2} आज {4} बजे है। लिंक: {5}"),
    ("webinar_hi", "ten-before", "नमस्ते {1}, {2} दस मिनट में। जुड़ें: {5}"),
    ("webinar_hi", "thanks", "नमस्ते {1}, {2} में नाम लिखाने के लिए धन्यवाद।"),
    ("cohort_en", "welcome", "Hi {1}, welcome to {2}. First session: {3} at {4}. Your link: {5}"),
    ("cohort_en", "week-before", "Hi {1}, {2} begins in a week, on {3}. Set aside two hours a week."),
    ("cohort_en", "three-before", "Hi {1}, three days to {2}. Please install what the first session needs."),
    ("cohort_en", "day-before", "Hi {1}, {2} begins tomorrow at {4}. Your link: {5}"),
    ("cohort_en", "start", "Hi {1}, we are live. Join {2}: {5}"),
    ("cohort_en", "thanks", "Hi {1}, that was the first session of {2}. Thank you for coming."),
    ("cohort_hi", "welcome", "नमस्ते {1}, {2} में स्वागत है। पहली क्लास {3} को {4} बजे। लिंक: {5}"),
    ("cohort_hi", "week-before", "नमस्ते {1}, {2} एक हफ़्ते में, {3} को शुरू होगा।"),
    ("cohort_hi", "three-before", "नमस्ते {1}, {2} में तीन दिन हैं। जो चाहिए, आज इंस्टॉल करें।"),
    ("cohort_hi", "day-before", "नमस्ते {1}, {2} कल {4} बजे शुरू होगा। लिंक: {5}"),
    ("cohort_hi", "start", "नमस्ते {1}, {2} शुरू हो गया है। जुड़ें: {5}"),
    ("cohort_hi", "thanks", "नमस्ते {1}, यह {2} की पहली क्लास थी। आने के लिए धन्यवाद।"),
    ("masterclass_mix_en", "reach", "Hi {1}, {2} begins today at {4}. Join: {5}"),
    ("masterclass_mix_en", "came", "Hi {1}, thank you for coming to {2}."),
    ("masterclass_mix_en", "missed", "Hi {1}, we missed you at {2}. Ask us for the next date."),
    (
        "masterclass_mix_en",
        "left-early",
        "Hi {1}, you left {2} before its end. Ask us for the part that you missed.",
    ),
    ("masterclass_mix_hi", "reach", "नमस्ते {1}, {2} आज {4} बजे शुरू होगा। जुड़ें: {5}"),
    ("masterclass_mix_hi", "came", "नमस्ते {1}, {2} में आने के लिए धन्यवाद।"),
    ("masterclass_mix_hi", "missed", "नमस्ते {1}, {2} में आपकी कमी रही। अगली तारीख़ हमसे पूछें।"),
    ("masterclass_mix_hi", "left-early", "नमस्ते {1}, {2} का आख़िरी हिस्सा आपसे छूट गया। उसे हमसे माँगें।"),
];

/// The text of a starter's step.
pub(super) fn text(starter: &str, key: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(of, step, _)| *of == starter && *step == key).map(|(.., text)| *text)
}

/// The template of a text, signed by that sender: as it is registered, with what its ids still lack.
pub(super) fn template(text: &str, language: &str, sender: &str) -> SmsTemplate {
    let (mut registered, mut variables) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        registered.push_str(before);
        let (number, after) = after.split_once('}').unwrap_or(("1", after));
        let at = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
        if let Some((label, source, fallback)) = VALUES.get(at) {
            let tag = if *source == Source::RegistrantJoinLink { Tag::Url } else { Tag::Var };
            registered.push_str(&format!("{{#{}#}}", tag.word()));
            variables.push(Variable {
                label: (*label).to_owned(),
                tag,
                source: source.clone(),
                fallback: hindi(language, fallback).to_owned(),
            });
        }
        rest = after;
    }
    registered.push_str(rest);
    SmsTemplate {
        route: SmsRoute::Dlt,
        sender: None,
        message_id: None,
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: format!("{registered} -{sender}"),
        variables,
        limits: ValueLimits::default(),
        extra: serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::sms::{SmsProblem, segments};

    use super::{
        super::{starter_mix, starters::ALL},
        *,
    };

    #[test]
    fn every_step_of_a_starter_has_an_sms_that_only_lacks_its_ids() {
        let mut looked_at = 0;
        let plain = ALL.iter().flat_map(|starter| starter.keys().map(|key| (starter.word, key)));
        let mixed = starter_mix::ALL.iter().flat_map(|mix| mix.own_keys().map(|key| (mix.word, key)));
        for (starter, key) in plain.chain(mixed) {
            let text = text(starter, key).unwrap_or_else(|| panic!("{starter} {key}"));
            let template = template(text, "en", "Example Academy");
            assert_eq!(
                template.problems(),
                [SmsProblem::NoSender, SmsProblem::NoMessageId],
                "{}",
                template.text
            );
            looked_at += 1;
        }
        assert_eq!(looked_at, TEXTS.len(), "a text that no step has");
    }

    #[test]
    fn an_english_text_is_one_segment_and_a_hindi_one_at_most_three() {
        let values =
            ["Asha", "Rust for Beginners", "13 Oct", "7:00 PM", "https://join.example/j/AbCdEf12345"];
        for (starter, key, text) in TEXTS {
            let filled = (1..)
                .zip(values)
                .fold((*text).to_owned(), |text, (n, value)| text.replace(&format!("{{{n}}}"), value));
            let parts = segments(&format!("{filled} -Example Academy")).count;
            let most = if starter.ends_with("_en") { 1 } else { 3 };
            assert!(parts <= most, "{starter} {key}: {parts} segments");
        }
    }
}
