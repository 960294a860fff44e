//! Alerts by WhatsApp or SMS, with the template that was chosen for them, through an account that the alert is not about. Such a message is of
//! no broadcast: the told ledger knows nothing of it, and a member who chose to be told is told whatever is suppressed.

use compose::AccountState;
use domain::{
    alert::AlertOutcome,
    channel::Channel,
    outcome::{Outcome, ProviderAnswer},
    sending_hours::SendingHours,
    template::{Facts, Message},
    time::Millis,
};
use providers::{AccountStanding, Call, registry};
use store::{
    Org, Organization, StoreError,
    alerts::{Alert, AlertMember, AlertSettings, DueAlert},
    integrations::Integration,
};

use crate::{app::App, ui::format::grouped};

/// Where a member's phone leads: short, because an SMS is charged by its length.
pub const LINK: &str = "/a";

/// An alert on its way to a member's phone.
#[derive(Clone, Copy)]
pub struct PhoneAlert<'a> {
    /// The store, bound to the organisation.
    pub org: &'a Org,
    /// The organisation whose member is alerted.
    pub organization: &'a Organization,
    /// The organisation's settings for alerts.
    pub settings: &'a AlertSettings,
    /// The alert that is sent.
    pub alert: &'a Alert,
    /// The member who gets it.
    pub member: &'a AlertMember,
    /// The send that is due, with the number of its try.
    pub due: &'a DueAlert,
}

/// Sends it; the account that it went by.
pub async fn send(
    app: &App,
    of: PhoneAlert<'_>,
    now: Millis,
) -> Result<(AlertOutcome, Option<Integration>), StoreError> {
    let refused = |said: &str| Ok((AlertOutcome::Refused { said: said.to_owned() }, None));
    let Some(channel) = of.due.way.channel() else { return refused("It is no way to a phone") };
    if of.organization.stopped.is_some() {
        return refused("All sending is stopped");
    }
    let Some(template) = of.settings.template(of.due.way) else {
        return refused("No template is chosen for it");
    };
    let template = match of.org.template(template).await {
        Ok(template) => template,
        Err(StoreError::Missing) => return refused("The template was removed"),
        Err(error) => return Err(error),
    };
    let Some(account) = account(app, &of, channel, now).await? else {
        return Ok((AlertOutcome::NotNow { said: "No other account can send it".to_owned() }, None));
    };
    let opened = match app.accounts.open_integration(&account) {
        Ok(opened) => opened,
        Err(_) => {
            return Ok((
                AlertOutcome::NotNow { said: "The account cannot be opened".to_owned() },
                Some(account),
            ));
        }
    };
    let Ok(message) = Message::from_json(channel, &template.body) else {
        return refused("The template cannot be read");
    };
    let message = opened.complete(message);
    let hours = SendingHours::by_law(message.category()).within(opened.hours(), &of.organization.zone);
    if let Some(until) = hours.closed_until(now) {
        return Ok((AlertOutcome::Postponed { until }, Some(account)));
    }
    let content = match message.fill(&facts(app, &of)) {
        Ok(content) => content,
        Err(wrong) => return refused(&wrong.to_string()),
    };
    let to = [of.member.phone.as_str()];
    let call = Call { template: &message, content: &content, to: &to, span: None, ring: None, now };
    let outcome = opened.send(&app.out, &call).await;
    Ok((ended(outcome), Some(account)))
}

/// The values of the message.
fn facts(app: &App, of: &PhoneAlert<'_>) -> Facts {
    Facts {
        name: of.member.name.clone(),
        email: of.member.email.clone(),
        phone: of.member.phone.clone(),
        organisation: of.organization.name.clone(),
        alert_matter: of.alert.short.clone(),
        alert_count: grouped(of.alert.n),
        alert_link: app.config.url(LINK),
        ..Facts::default()
    }
}

/// An account of the channel that can send and that the alert is not about; another one than last time, where there is one.
async fn account(
    app: &App,
    of: &PhoneAlert<'_>,
    channel: Channel,
    now: Millis,
) -> Result<Option<Integration>, StoreError> {
    let accounts = of.org.integrations().await?;
    let can = |account: &&Integration| {
        let serves =
            registry::vendor(&account.kind).is_some_and(|vendor| vendor.channels().contains(&channel));
        serves && Some(account.id) != of.alert.account && may_send(&app.composer.own_state(account), now)
    };
    let able: Vec<&Integration> = accounts.iter().filter(can).collect();
    let other = able.iter().find(|account| Some(account.id) != of.due.last_account);
    Ok(other.or(able.first()).map(|account| (*account).clone()))
}

fn may_send(state: &AccountState, now: Millis) -> bool {
    match state {
        AccountState::KeyNeeded | AccountState::Stopped { .. } => false,
        AccountState::HeldBack { until } => *until <= now,
        // A low balance may still hold the price of one message.
        AccountState::NotTested | AccountState::LowBalance => true,
        AccountState::Told(standing) => {
            !matches!(standing, AccountStanding::Refused | AccountStanding::NotActive)
        }
    }
}

/// What a call proved.
fn ended(outcome: Outcome) -> AlertOutcome {
    let said = |answer: ProviderAnswer| match answer.code.is_empty() {
        true => "The provider refused it".to_owned(),
        false => format!("The provider said {}", answer.code),
    };
    match outcome {
        Outcome::Accepted { .. } => AlertOutcome::Sent,
        Outcome::Refused(answer) => AlertOutcome::Refused { said: said(answer) },
        // Another account may be able to.
        Outcome::AccountStopped(answer) | Outcome::Misconfigured(answer) => {
            AlertOutcome::NotNow { said: said(answer) }
        }
        Outcome::NotNow { said: answer, .. } => AlertOutcome::NotNow { said: said(answer) },
        Outcome::Unknown(answer) => AlertOutcome::Unknown { said: said(answer) },
    }
}

/// Whether a template may go out as an alert: one that promotes waits for hours and consents that a member never gave.
pub fn may_alert(message: &Message) -> bool {
    use domain::channel::Category;
    match message.category() {
        // Nobody is there to be asked what a call of an alert says.
        _ if matches!(message, Message::Call(_)) => false,
        Category::Utility | Category::Authentication => true,
        Category::Marketing => false,
    }
}
