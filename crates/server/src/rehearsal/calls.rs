//! Calls of a rehearsal: an account at a stand-in, a script, and phones that do different things.

use domain::{
    call::{CallScript, CallingHours, Language},
    channel::Channel,
    ids::{IntegrationId, TemplateId, WorkshopId},
    pace::Pace,
    sending_hours::AfterHours,
    template::Message,
    time::{MINUTE, Millis},
    told::Purpose,
};
use sandbox::voice::{Callee, Does};
use serde_json::Value;
use store::broadcasts::{NewBroadcast, Telling};

use super::{Stage, connect_to, people::sample_people, stood_in_for};
use crate::app::App;

/// What the phones of a demonstration do, by the last digits of their numbers; the others press 1.
const PHONES: [(&str, Does); 6] = [
    ("2", Does::Listens),
    ("4", Does::NoAnswer),
    ("5", Does::Busy),
    ("7", Does::Presses { key: '2', after_s: 3 }),
    ("9", Does::HangsUp { after_s: 2 }),
    ("39", Does::Presses { key: '9', after_s: 2 }),
];

/// The template of calls.
pub(super) const TEMPLATE: &str = "Reminder call";

/// People who are called in a demonstration, and from which of the invented ones on.
const CALLED: (usize, usize) = (40, 700);

/// Lets phones do what people do.
pub fn lifelike_phones(config: &mut sandbox::Config) {
    let phones = PHONES.map(|(ending, does)| (ending.to_owned(), Callee::who(does)));
    config.voice.by_ending.extend(phones);
}

/// Connects the account that the stand-in of that vendor knows, with these settings besides; the first vendor of calls where none is named.
pub async fn connect_calls(
    app: &App,
    stage: &mut Stage,
    kind: Option<&str>,
    (settings, per_second): (&Value, i64),
    now: Millis,
) -> anyhow::Result<IntegrationId> {
    let vendor = match kind.and_then(providers::registry::vendor) {
        Some(vendor) => vendor,
        None => stood_in_for(Channel::IvrCall)?,
    };
    let pace = Pace { per_second, per_day: 0 };
    let id = connect_to(app, &stage.org, vendor, settings, ("Front desk calls", pace), now).await?;
    stage.calls = Some(id);
    Ok(id)
}

/// A script whose first key sends that template by SMS.
pub fn sample_script(link: TemplateId) -> CallScript {
    CallScript::usual(Language::English, Channel::Sms, link)
}

/// An account of calls, a script, and a workshop whose people are being called.
pub(super) async fn furnish_calls(
    app: &App,
    stage: &mut Stage,
    link: TemplateId,
    now: Millis,
) -> anyhow::Result<WorkshopId> {
    let account = connect_calls(app, stage, None, (&Value::Object(Default::default()), 2), now).await?;
    let script = Message::from(sample_script(link));
    let template = stage.org.add_template(Channel::IvrCall, TEMPLATE, &script.to_json(), now).await?;
    let purpose = Purpose::parse("reminder")?;
    stage.org.set_purpose(template, &purpose, 30, now).await?;
    let starts_at = now.plus(45 * MINUTE);
    let workshop =
        stage.workshop("Tally for Shopkeepers", starts_at, "https://meet.example/udaan-tally", now).await?;
    let (people, from) = CALLED;
    stage.register(workshop, sample_people(people, from, now), now).await?;
    let new = NewBroadcast {
        integration: account,
        workshop,
        channel: Channel::IvrCall,
        title: TEMPLATE.to_owned(),
        template_id: Some(template),
        category: script.category(),
        template: script.to_json(),
        audience: domain::broadcast::Audience::Registered,
        telling: Telling { purpose, ..Telling::default() },
        starts_at: now,
        deadline: starts_at,
        hours: CallingHours::default().sending_hours(AfterHours::Wait),
        unit_price: domain::money::Money(6_000),
    };
    stage.org.confirm_broadcast(new, now).await?;
    Ok(workshop)
}
