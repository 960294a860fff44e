//! The texts that the stand-in for SMS knows.

use domain::{
    channel::Category,
    sms::{SmsRoute, SmsTemplate, Tag, Variable},
    template::Source,
};

/// The texts that the stand-in's default account knows: for each person, the same for all, and one that promotes.
pub fn sms_templates() -> anyhow::Result<Vec<(&'static str, SmsTemplate)>> {
    let variable = |label: &str, source, fallback: &str| Variable {
        label: label.to_owned(),
        tag: Tag::Var,
        source,
        fallback: fallback.to_owned(),
    };
    let template = |message_id: &str, category, text: &str, variables| -> anyhow::Result<SmsTemplate> {
        Ok(SmsTemplate {
            limits: domain::sms::ValueLimits::default(),
            route: SmsRoute::Dlt,
            sender: None,
            message_id: Some(message_id.parse()?),
            template_id: None,
            entity_id: None,
            category,
            text: text.to_owned(),
            variables,
            extra: Default::default(),
        })
    };
    Ok(vec![
        (
            "Workshop today, by name",
            template(
                "111111",
                Category::Utility,
                "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy",
                vec![
                    variable("first name", Source::RegistrantFirstName, "there"),
                    // Titles are often longer than the 30 characters of a value; this is true of every one.
                    variable("workshop", Source::Fixed("the workshop you booked".to_owned()), ""),
                    variable("start time", Source::WorkshopTime, ""),
                ],
            )?,
        ),
        (
            "Workshop today, one text",
            template(
                "111112",
                Category::Utility,
                "Rust for Beginners starts at 7 PM today. The link is in your e-mail. -Example Academy",
                vec![],
            )?,
        ),
        (
            "Next batch",
            template(
                "111113",
                Category::Marketing,
                "The next batch of {#var#} opens on {#var#}. -Example Academy",
                vec![
                    variable("course", Source::Fixed("our Excel course".to_owned()), ""),
                    variable("date", Source::WorkshopDate, ""),
                ],
            )?,
        ),
    ])
}
