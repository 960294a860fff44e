//! A stage to rehearse on: an organisation, an account at the stand-in, workshops, people. For `demo`, `crash-proof` and `bench`.

mod alerts;
mod calls;
mod groups;
mod mishaps;
mod people;
mod plan;
mod sms;

use anyhow::Context;
use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::{BroadcastId, ImportId, IntegrationId, UserId, WorkshopId},
    money::Money,
    pace::Pace,
    phone::Country,
    quiet_hours::QuietHours,
    role::Role,
    sending_hours::SendingHours,
    template::{Message, Source},
    time::{HOUR, MINUTE, Millis, Zone},
    told::Purpose,
    whatsapp::{Parameter, UrlButton, WhatsappTemplate},
    workshop::TagColour,
};
use providers::{Secret, Secrets, Vendor};
use serde_json::Value;
use store::{
    Actor, NewOrganization, NewUser, Org, broadcasts::NewBroadcast, consents::NewConsent,
    integrations::NewIntegration, plans::StepRun, registrants::NewRegistrant, workshops::WorkshopDraft,
};

pub use alerts::alert;
pub use calls::{connect_calls, lifelike_phones, sample_script};
pub use groups::link_account;
pub use mishaps::rehearse;
pub use people::{crowd, sample_people, settled};
pub use sms::sms_templates;

use crate::{accounts::seal_binding, app::App};

/// Secret with which the stand-in signs its receipts.
pub const WEBHOOK_SECRET: &str = "rehearsal-shared-secret";
/// Rows added in one transaction: few enough that what they take is not felt beside the memory that is measured.
const CHUNK: usize = 1_000;

/// The people and accounts of a rehearsal's installation.
pub struct Stage {
    /// The user who is the admin.
    pub user: UserId,
    /// The store, bound to the admin.
    pub org: Org,
    /// The account for WhatsApp at the stand-in.
    pub integration: IntegrationId,
    /// The account for SMS at the stand-in.
    pub sms: IntegrationId,
    /// An account for calls at a stand-in, where one was connected.
    pub calls: Option<IntegrationId>,
}

impl Stage {
    /// Sets an organisation with one admin and one account up, on an empty database.
    pub async fn set_up(
        app: &App,
        organisation: &str,
        admin: &str,
        email: &str,
        pace: Pace,
    ) -> anyhow::Result<Stage> {
        let now = app.clock.now();
        let access = app.store.access();
        let new = NewUser {
            email: email.to_owned(),
            name: admin.to_owned(),
            password_hash: None,
            super_admin: true,
        };
        let id = access.create_user(&new, now).await?;
        let (user, _) =
            access.user_by_email(email).await?.ok_or_else(|| anyhow::anyhow!("the user was not kept"))?;
        let organization = access
            .create_organization(
                &NewOrganization {
                    name: organisation.to_owned(),
                    zone: Zone::india(),
                    country: Country::INDIA,
                    quiet_hours: QuietHours::default(),
                },
                &user,
                now,
            )
            .await?;
        let org =
            app.store.org(Actor { organization, user: Some(id), name: admin.to_owned(), role: Role::Admin });
        let connect = async |channel, name: String| connect(app, &org, channel, &name, pace, now).await;
        let integration = connect(Channel::WhatsappPersonal, format!("{organisation} main")).await?;
        let sms = connect(Channel::Sms, format!("{organisation} SMS")).await?;
        Ok(Stage { user: id, org, integration, sms, calls: None })
    }

    /// A workshop from `starts_at` on, two hours long.
    pub async fn workshop(
        &self,
        title: &str,
        starts_at: Millis,
        link: &str,
        now: Millis,
    ) -> anyhow::Result<WorkshopId> {
        let tag = self.org.tags().await?.first().map(|tag| tag.id);
        let draft = WorkshopDraft {
            title: title.to_owned(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: link.to_owned(),
            tag,
        };
        Ok(self.org.add_workshop(&draft, now).await?)
    }

    /// Registers people.
    pub async fn register(
        &self,
        workshop: WorkshopId,
        people: impl IntoIterator<Item = NewRegistrant>,
        now: Millis,
    ) -> anyhow::Result<()> {
        let import = ImportId::new(now);
        let mut people = people.into_iter().peekable();
        while people.peek().is_some() {
            let mut chunk = Vec::with_capacity(CHUNK);
            chunk.extend(people.by_ref().take(CHUNK));
            self.org.add_registrants(workshop, import, chunk, now).await?;
        }
        Ok(())
    }

    /// Confirms a broadcast to everybody registered.
    pub async fn confirm(
        &self,
        workshop: WorkshopId,
        title: &str,
        message: &Message,
        starts_at: Millis,
        deadline: Millis,
        now: Millis,
    ) -> anyhow::Result<BroadcastId> {
        self.confirm_as(None, workshop, (title, message), (starts_at, deadline), now).await
    }

    /// Confirms a broadcast to everybody registered, as the run of a step where `run` names one.
    async fn confirm_as(
        &self,
        run: Option<StepRun>,
        workshop: WorkshopId,
        (title, message): (&str, &Message),
        (starts_at, deadline): (Millis, Millis),
        now: Millis,
    ) -> anyhow::Result<BroadcastId> {
        let new = NewBroadcast {
            integration: match message {
                Message::Whatsapp(_) | Message::Group(_) => self.integration,
                Message::Sms(_) => self.sms,
                Message::Call(_) => self.calls.context("no account of calls stands on the stage")?,
            },
            workshop,
            channel: message.channel(),
            title: title.to_owned(),
            template_id: None,
            category: message.category(),
            template: message.to_json(),
            audience: Audience::Registered,
            telling: store::broadcasts::Telling {
                purpose: purpose_of(title)?.0,
                run,
                ..store::broadcasts::Telling::default()
            },
            starts_at,
            deadline,
            hours: SendingHours::any(),
            unit_price: match message {
                Message::Whatsapp(_) => Money(1_450),
                Message::Sms(_) => Money(2_500),
                Message::Group(_) => Money(0),
                Message::Call(_) => Money(6_000),
            },
        };
        Ok(self.org.confirm_broadcast(new, now).await?)
    }
}

/// Connects the account that the first stand-in for a channel knows from the start.
async fn connect(
    app: &App,
    org: &Org,
    channel: Channel,
    name: &str,
    pace: Pace,
    now: Millis,
) -> anyhow::Result<IntegrationId> {
    let vendor = stood_in_for(channel)?;
    connect_to(app, org, vendor, &Value::Null, (name, pace), now).await
}

/// The first vendor of a channel that somebody stands in for.
pub(crate) fn stood_in_for(channel: Channel) -> anyhow::Result<&'static dyn Vendor> {
    providers::registry::serving(channel)
        .find(|vendor| sandbox::registry::face(vendor.kind()).is_some())
        .with_context(|| format!("nobody stands in for a vendor of {}", channel.title()))
}

/// Connects the account that a stand-in knows from the start, with these settings besides its own.
async fn connect_to(
    app: &App,
    org: &Org,
    vendor: &dyn Vendor,
    settings: &Value,
    (name, pace): (&str, Pace),
    now: Millis,
) -> anyhow::Result<IntegrationId> {
    let face = sandbox::registry::face(vendor.kind()).context("the stand-in is gone")?;
    let sample = face.account();
    let mut secrets = Secrets::default();
    for (key, secret) in &sample.secrets {
        secrets.set(key, Secret::new(secret));
    }
    if let Some(key) = sample.signed_with {
        secrets.set(key, Secret::new(WEBHOOK_SECRET));
    }
    let mut own = sample.settings;
    if let (Some(own), Some(more)) = (own.as_object_mut(), settings.as_object()) {
        own.extend(more.clone());
    }
    let id = IntegrationId::new(now);
    let new = NewIntegration {
        id,
        kind: vendor.kind().to_owned(),
        name: name.to_owned(),
        settings: own,
        sealed: app.keys.seal(&secrets.to_json(), &seal_binding(org.actor().organization, id)),
        hints: secrets.hints(),
        callback_key: app.keys.callback_key(id),
        pace,
    };
    org.add_integration(new, now).await?;
    Ok(id)
}

/// The templates that the stand-in's default account knows as campaigns.
pub fn templates() -> Vec<(&'static str, WhatsappTemplate)> {
    let parameter = |label: &str, source, fallback: &str| Parameter {
        label: label.to_owned(),
        source,
        fallback: fallback.to_owned(),
    };
    let first_name = || parameter("first name", Source::RegistrantFirstName, "there");
    let title = || parameter("workshop", Source::WorkshopTitle, "");
    let time = || parameter("start time", Source::WorkshopTime, "");
    let template = |campaign: &str, header: &str, body: &str, parameters, buttons| WhatsappTemplate {
        campaign: campaign.to_owned(),
        category: Category::Utility,
        language: "en".to_owned(),
        header: header.to_owned(),
        body: body.to_owned(),
        footer: "Reply STOP to opt out".to_owned(),
        parameters,
        media: None,
        buttons,
        extra: Default::default(),
    };
    vec![
        (
            "1-hour reminder",
            template(
                "workshop_reminder_1h",
                "Starting in one hour",
                "Hi {{1}}, your workshop {{2}} begins at {{3}} today.\n\nKeep a laptop ready. Join here: {{4}}",
                vec![first_name(), title(), time(), parameter("join link", Source::WorkshopJoinLink, "")],
                vec![UrlButton { label: "Join the workshop".to_owned(), value: None }],
            ),
        ),
        (
            "Workshop today",
            template(
                "workshop_today",
                "",
                "Hello {{1}}! {{2}} is today at {{3}}. We look forward to seeing you.",
                vec![first_name(), title(), time()],
                vec![],
            ),
        ),
        (
            "Seat confirmed",
            template(
                "seat_confirmed",
                "Your seat is confirmed",
                "Hi {{1}}, your seat for {{2}} on {{3}} is confirmed.",
                vec![first_name(), title(), parameter("date", Source::WorkshopDate, "")],
                vec![],
            ),
        ),
    ]
}

/// People of tomorrow's workshop on whose numbers the stand-in for SMS lets something else happen than delivery: they end in 9901 to
/// 9909. Everybody else gets what the stand-in's shares say.
const MIXED: std::ops::Range<usize> = 9_893..9_917;
/// Every such person agreed to promotion.
const AGREED_EVERY: usize = 3;

/// Fills the sample organisation: tags, templates, workshops around now, 500 people today, agreements to promotion, and a broadcast
/// on its way by WhatsApp, one by SMS, a post in two groups, and phones that ring.
pub async fn furnish(app: &App, stage: &mut Stage) -> anyhow::Result<()> {
    let now = app.clock.now();
    let zone = Zone::india();
    let org = stage.org.clone();
    for (name, colour) in
        [("Masterclass", TagColour::Violet), ("Beginners", TagColour::Teal), ("Weekend", TagColour::Amber)]
    {
        org.add_tag(name, colour, now).await?;
    }
    for (name, template) in templates() {
        let body = serde_json::to_value(&template)?;
        let id = org.add_template(Channel::WhatsappPersonal, name, &body, now).await?;
        let (purpose, lead) = purpose_of(name)?;
        org.set_purpose(id, &purpose, lead, now).await?;
    }
    let (texts, mut link) = (rehearsed_texts()?, None);
    for (name, template) in &texts {
        let id = org.add_template(Channel::Sms, name, &template.to_json(), now).await?;
        link.get_or_insert(id);
        let (purpose, lead) = purpose_of(name)?;
        org.set_purpose(id, &purpose, lead, now).await?;
    }
    let (day, next_day) = zone.day(now);
    // Seven in the evening; later in the evening, as late as today still is.
    let evening = day.plus(19 * HOUR).0.max(now.plus(90 * MINUTE).0).min(next_day.0 - 5 * MINUTE);
    let today = stage
        .workshop("Excel for Working Professionals", Millis(evening), "https://meet.example/udaan-excel", now)
        .await?;
    let tomorrow = stage
        .workshop("Rust for Beginners", next_day.plus(19 * HOUR), "https://meet.example/udaan-rust", now)
        .await?;
    stage
        .workshop("Canva Masterclass", next_day.plus(35 * HOUR), "https://meet.example/udaan-canva", now)
        .await?;
    stage.register(today, sample_people(500, 0, now), now).await?;
    stage.register(tomorrow, sample_people(180, 350, now), now).await?;
    stage.register(tomorrow, sample_people(MIXED.len(), MIXED.start, now), now).await?;
    agree(app, stage, sample_people(500, 0, now).step_by(AGREED_EVERY), now).await?;
    let phone = domain::phone::Phone::parse("9000000007", Country::INDIA)?;
    org.suppress(
        store::suppressions::NewSuppression {
            phone_key: app.phone_key.of(phone.as_str()),
            phone,
            channel: None,
            category: None,
            reason: "Asked on the phone not to be written to".to_owned(),
        },
        now,
    )
    .await?;
    groups::furnish_groups(app, stage, today, (now, Millis(evening))).await?;
    if let Some(link) = link.filter(|_| Channel::IvrCall.sends()) {
        calls::furnish_calls(app, stage, link, now).await?;
    }
    let (name, template) = &templates()[2];
    let seat = plan::furnish_plan(stage, today, now).await?;
    let message = template.clone().into();
    stage.confirm_as(Some(seat), today, (name, &message), (now, Millis(evening)), now).await?;
    if let Some((name, text)) = texts.first() {
        stage.confirm(tomorrow, name, text, now, next_day.plus(19 * HOUR), now).await?;
    }
    Ok(())
}

/// What a sample template is for, and how many minutes before the start it usually goes out.
fn purpose_of(template: &str) -> anyhow::Result<(Purpose, i64)> {
    let (word, lead) = match template {
        "Seat confirmed" => ("link", 0),
        "1-hour reminder" => ("last reminder", 60),
        "Next batch" => ("next batch", 0),
        _ => ("reminder", 480),
    };
    Ok((Purpose::parse(word)?, lead))
}

fn rehearsed_texts() -> anyhow::Result<Vec<(&'static str, Message)>> {
    Ok(sms_templates()?.into_iter().map(|(name, template)| (name, template.into())).collect())
}

/// Writes down that these people agreed to promotion when they registered.
async fn agree(
    app: &App,
    stage: &Stage,
    people: impl Iterator<Item = NewRegistrant>,
    now: Millis,
) -> anyhow::Result<()> {
    let agreed = people.filter_map(|person| {
        let phone = person.phone?;
        Some(NewConsent {
            phone_key: app.phone_key.of(phone.as_str()),
            phone,
            channel: None,
            given_at: person.registered_at.unwrap_or(now),
            source: "Registration form".to_owned(),
            wording: "Yes, tell me about further workshops by WhatsApp and SMS.".to_owned(),
            note: String::new(),
        })
    });
    stage.org.record_consents(ImportId::new(now), agreed.collect(), now).await?;
    Ok(())
}
