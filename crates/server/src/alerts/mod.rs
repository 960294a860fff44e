//! Sends what needs a person to the chosen members: each matter once, by e-mail, by a signed post, by WhatsApp or SMS.
//!
//! Every process that sends looks every few seconds ([`look`]) and carries out what is due ([`deliver`]); the database's rows decide which
//! process tells a matter and which sends what.

pub mod phone;

use std::time::Duration;

use domain::{
    alert::{AlertOutcome, Way, after_try},
    attention::Matter,
    sending_hours::{OpenHours, SendingHours},
    time::{HOUR, MINUTE, Millis, Zone},
};
use futures::future::join_all;
use store::{
    Actor, Org, StoreError,
    alerts::{Alert, AlertMember, AlertSettings, DueAlert, NewAlert, Tried},
};
use tracing::warn;

use crate::{
    app::App,
    http::attention::words,
    outbound::{Letter, Post, Secret, webhook},
    ui::{attention::HREF, words::matters},
};

/// How often what needs a person is looked for.
const LOOK: Duration = Duration::from_secs(3);
/// A send that was not ended after this time belonged to a process that was killed. Longer than any send takes.
const CLAIM_MS: i64 = 3 * MINUTE;
/// Sends that are carried out side by side: one that hangs does not hold up the others.
const AT_ONCE: usize = 8;
/// Alerts of one way to one member within an hour; further ones wait.
const PER_HOUR: i64 = 8;
/// What would be one too many waits so long.
const POSTPONED_MS: i64 = 10 * MINUTE;
/// A waiting alert whose matter nobody has seen for so long is not sent any more.
const STALE_MS: i64 = 2 * MINUTE;

/// Looks and delivers until the program stops.
pub async fn keep(app: App) {
    while !app.stopping.is_cancelled() {
        if let Err(error) = look(&app).await {
            warn!("what needs a person could not be told, again in {} s: {error}", LOOK.as_secs());
        } else if let Err(error) = deliver(&app).await {
            warn!("alerts could not be sent, again in {} s: {error}", LOOK.as_secs());
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

/// Writes down what is to be told in every organisation that wants to be told something; how many matters are new.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn look(app: &App) -> Result<usize, StoreError> {
    let mut told = 0;
    for organization in app.engine.work().organizations_to_alert().await? {
        let org = app.store.org(Actor::program(organization));
        let organization = org.organization().await?;
        let attention = app.composer.attention(&org, &organization).await?;
        let settings = org.alert_settings().await?;
        let now = app.clock.now();
        let standing: Vec<NewAlert> = attention
            .matters
            .iter()
            .filter(|matter| matter.told_from() <= now)
            .map(|matter| new_alert(matter, &settings, &organization.zone, now))
            .collect();
        told += org.raise_alerts(&standing, now).await?;
    }
    Ok(told)
}

fn new_alert(matter: &Matter, settings: &AlertSettings, zone: &Zone, now: Millis) -> NewAlert {
    let (said, urgent) = (words(matter, zone, now), matter.is_urgent(now));
    let hours = OpenHours::new(settings.from_minute, settings.until_minute);
    let opens = SendingHours::any().within(hours, zone).closed_until(now);
    NewAlert {
        matter: matter.key(),
        title: said.title,
        why: said.why,
        short: matters::short(matter),
        n: matter.count(),
        account: matter.account(),
        urgent,
        from: opens.filter(|_| !urgent).unwrap_or(now),
    }
}

/// Carries out what is due; how many sends.
///
/// # Errors When the store cannot be read or written. A send that was under way then is unknown after three minutes.
pub async fn deliver(app: &App) -> Result<usize, StoreError> {
    let mut done = 0;
    loop {
        let mut due = Vec::new();
        while due.len() < AT_ONCE {
            let now = app.clock.now();
            match app.engine.work().claim_alert(now, now.plus(CLAIM_MS)).await? {
                Some(one) => due.push(one),
                None => break,
            }
        }
        if due.is_empty() {
            return Ok(done);
        }
        done += due.len();
        for ended in join_all(due.iter().map(|one| carry_out(app, one))).await {
            ended?;
        }
    }
}

async fn carry_out(app: &App, due: &DueAlert) -> Result<(), StoreError> {
    let org = app.store.org(Actor::program(due.organization));
    let (ended, account) = send(app, &org, due).await?;
    let now = app.clock.now();
    let (to, next_at) = after_try(&ended, due.attempt, now);
    let said = match &ended {
        AlertOutcome::Sent | AlertOutcome::Postponed { .. } | AlertOutcome::Settled => "",
        AlertOutcome::NotNow { said } | AlertOutcome::Refused { said } | AlertOutcome::Unknown { said } => {
            said
        }
    };
    let counts = !matches!(ended, AlertOutcome::Postponed { .. });
    match org.alert_ended(due, to, next_at, Tried { said, account, counts }, now).await {
        // It took longer than anything should: it is unknown already.
        Err(StoreError::Stale) => {
            warn!("an alert by {} ended after it was given up as unknown", due.way);
            Ok(())
        }
        written => written,
    }
}

async fn send(
    app: &App,
    org: &Org,
    due: &DueAlert,
) -> Result<(AlertOutcome, Option<domain::ids::IntegrationId>), StoreError> {
    let (alert, now) = (org.alert(due.alert).await?, app.clock.now());
    if !alert.is_test() {
        if alert.settled_at.is_some() || now.since(alert.seen_at) > STALE_MS {
            return Ok((AlertOutcome::Settled, None));
        }
        if org.alerts_since(due.user, due.way, now.plus(-HOUR)).await? >= PER_HOUR {
            return Ok((AlertOutcome::Postponed { until: now.plus(POSTPONED_MS) }, None));
        }
    }
    let (organization, settings) = (org.organization().await?, org.alert_settings().await?);
    let member = match due.user {
        None => None,
        Some(user) => org.alert_members().await?.into_iter().find(|member| member.user == user),
    };
    let url = app.config.url(HREF);
    Ok(match (due.way, &member) {
        (Way::Webhook, _) => {
            let secret = Secret::of(&app.keys, due.organization, settings.webhook_nth);
            let post = Post {
                id: &due.alert.to_string(),
                organisation: &organization.name,
                matter: &alert.matter,
                title: &alert.title,
                why: &alert.why,
                n: alert.n,
                urgent: alert.urgent,
                url: &url,
                at: alert.raised_at,
            };
            (webhook::send(app.alerts.hooks(), &settings.webhook_url, &secret, &post, now).await, None)
        }
        (_, None) => (AlertOutcome::Refused { said: "The member left the organisation".to_owned() }, None),
        (Way::Mail, Some(member)) => (by_mail(app, &organization.name, &alert, member, &url).await, None),
        (Way::Whatsapp | Way::Sms, Some(member)) => {
            let of = phone::PhoneAlert {
                org,
                organization: &organization,
                settings: &settings,
                alert: &alert,
                member,
                due,
            };
            let (ended, account) = phone::send(app, of, now).await?;
            (ended, account.map(|account| account.id))
        }
    })
}

async fn by_mail(
    app: &App,
    organisation: &str,
    alert: &Alert,
    member: &AlertMember,
    url: &str,
) -> AlertOutcome {
    let Some(mailer) = app.alerts.mailer() else {
        return AlertOutcome::Refused { said: "No mail server is set".to_owned() };
    };
    let text = format!(
        "{}\n{}\n\nOpen what needs you: {url}\n\nYou get this because alerts of {organisation} go to you. Change it under Settings, Alerts.\n",
        alert.title, alert.why
    );
    let id = format!("{}.{}", alert.id, member.user);
    let letter = Letter {
        name: &member.name,
        address: &member.email,
        subject: &format!("{organisation}: {}", alert.title.trim_end_matches('.')),
        text: &text,
        id: &id,
    };
    mailer.send(&letter).await
}
