//! The SMS half of the stage: an account at the stand-in and texts that it knows.

use domain::{
    channel::Category,
    ids::IntegrationId,
    pace::Pace,
    sms::{SmsRoute, SmsTemplate, Tag, Variable},
    template::Source,
    time::Millis,
};
use providers::{Fast2smsSecrets, Fast2smsSettings, Secret};
use store::{Org, integrations::NewIntegration};

use crate::{accounts::seal_binding, app::App};

/// Connects an account at the stand-in.
pub(super) async fn connect(
    app: &App,
    org: &Org,
    name: &str,
    pace: Pace,
    now: Millis,
) -> anyhow::Result<IntegrationId> {
    let id = IntegrationId::new(now);
    let secrets = Fast2smsSecrets { api_key: Secret::new(sandbox::fast2sms::DEFAULT_KEY) };
    let settings = Fast2smsSettings {
        default_sender: Some(sandbox::fast2sms::DEFAULT_SENDER.parse()?),
        entity_id: Some(sandbox::fast2sms::DEFAULT_ENTITY.parse()?),
        ..Fast2smsSettings::default()
    };
    let binding = seal_binding(org.actor().organization, id);
    let new = NewIntegration {
        id,
        kind: "fast2sms".to_owned(),
        name: name.to_owned(),
        settings: serde_json::to_value(&settings)?,
        sealed: app.keys.seal(&secrets.to_json(), &binding),
        hints: serde_json::json!({ "api_key": secrets.api_key.hint() }),
        callback_key: app.keys.callback_key(id),
        pace,
    };
    org.add_integration(new, now).await?;
    Ok(id)
}

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
                    // Titles are often longer than the 30 characters of a value.
                    variable("workshop", Source::Fixed("your Excel workshop".to_owned()), ""),
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
