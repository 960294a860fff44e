//! Alerts of the sample organisation: to its admin by e-mail and phone, and to the stand-in for a webhook.

use domain::{
    channel::{Category, Channel},
    sms::{SmsRoute, SmsTemplate, Tag, ValueLimits, Variable},
    template::{Message, Source},
    whatsapp::{Parameter, WhatsappTemplate},
};
use store::{Org, alerts::AlertSettings};

use crate::app::App;

/// The sample admin's number; nobody registers with it.
const ADMIN_PHONE: &str = "+919000099999";

/// Values of an alert, in order.
const VALUES: [(&str, Source); 3] =
    [("matter", Source::AlertMatter), ("count", Source::AlertCount), ("link", Source::AlertLink)];

fn by_whatsapp() -> Message {
    let parameter = |(label, source): (&str, Source)| Parameter {
        label: label.to_owned(),
        source,
        fallback: String::new(),
    };
    Message::Whatsapp(WhatsappTemplate {
        campaign: "team_alert".to_owned(),
        category: Category::Utility,
        language: "en".to_owned(),
        header: String::new(),
        body: "{{1}}, {{2}} people. Open {{3}} to see what to do.".to_owned(),
        footer: String::new(),
        parameters: VALUES.map(parameter).into(),
        media: None,
        buttons: vec![],
        extra: Default::default(),
    })
}

fn by_sms() -> anyhow::Result<Message> {
    let variable = |(label, source): (&str, Source)| Variable {
        label: label.to_owned(),
        tag: Tag::Var,
        source,
        fallback: String::new(),
    };
    Ok(Message::Sms(SmsTemplate {
        limits: ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: None,
        message_id: Some("111116".parse()?),
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: "{#var#}, {#var#} people. Open {#var#} -Example Academy".to_owned(),
        variables: VALUES.map(variable).into(),
        extra: Default::default(),
    }))
}

/// Lets alerts go out by every way. A stand-in that listens elsewhere than last time is followed; what a person chose stays.
pub async fn alert(app: &App, org: &Org, hook: &str) -> anyhow::Result<()> {
    let now = app.clock.now();
    let settings = org.alert_settings().await?;
    if settings != AlertSettings::default() {
        if settings.webhook_url.starts_with("http://127.0.0.1:") {
            let settings = AlertSettings { webhook_url: hook.to_owned(), ..settings };
            org.set_alerts(&settings, &[], now).await?;
        }
        return Ok(());
    }
    let add =
        async |channel, message: Message| org.add_template(channel, "Alert", &message.to_json(), now).await;
    let settings = AlertSettings {
        webhook_url: hook.to_owned(),
        whatsapp: Some(add(Channel::WhatsappPersonal, by_whatsapp()).await?),
        sms: Some(add(Channel::Sms, by_sms()?).await?),
        ..settings
    };
    let mut members = org.alert_members().await?;
    members.truncate(1);
    for member in &mut members {
        (member.by_mail, member.by_whatsapp, member.by_sms) = (true, true, true);
        member.phone = ADMIN_PHONE.to_owned();
    }
    org.set_alerts(&settings, &members, now).await?;
    Ok(())
}
