//! What the composer decides with: the workshop, the template with the values chosen for it, the account, and what follows.

use domain::{
    channel::Channel,
    checks::{AudienceSummary, Check, Severity, may_send},
    forecast::{Forecast, forecast},
    ids::WorkshopId,
    money::Money,
    role::Permission,
    sending_hours::{OpenHours, SendingHours},
    template::{Content, Facts, Message, Slot, Source},
    time::Millis,
    workshop::RegistrantStatus,
};
use providers::Wire;
use serde_json::Value;
use store::{
    broadcasts::Broadcast,
    integrations::Integration,
    registrants::{Registrant, RegistrantFilter, Which},
    templates::Template,
    workshops::Workshop,
};

use super::{
    asked::{self, Wait},
    compose::{Compose, PEOPLE_MAX},
    scan::{PAGE_MOST, Scan},
    shelf::{Opened, Shelf},
    timing::{Timing, begins, hours},
    vendor,
};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
};

/// A person of the preview, with what they would read.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) phone: String,
    /// Place among those that can be stepped through, from 1, and how many these are.
    pub(super) position: i64,
    pub(super) of: i64,
    /// Nobody was left unread: these are all.
    pub(super) all_read: bool,
    pub(super) values: Vec<Result<String, String>>,
    pub(super) content: Result<Content, String>,
}

/// Everything that is known about the broadcast that would be sent.
pub(super) struct Desk {
    pub(super) state: Compose,
    pub(super) workshop: Workshop,
    pub(super) account: Integration,
    pub(super) template: Template,
    /// With the values chosen here.
    pub(super) message: Message,
    /// What would be frozen into the broadcast.
    pub(super) frozen: Value,
    pub(super) audience: AudienceSummary,
    /// What was seen of each person, where that decides the cost.
    pub(super) scan: Option<Scan>,
    /// Messages, or segments of them, that are charged.
    pub(super) units: i64,
    pub(super) hours: SendingHours,
    /// Those of the account alone.
    pub(super) own_hours: Option<OpenHours>,
    pub(super) unit: Money,
    pub(super) usual_price: bool,
    pub(super) start: Millis,
    pub(super) deadline: Millis,
    pub(super) at_error: Option<String>,
    pub(super) until_error: Option<String>,
    pub(super) forecast: Forecast,
    pub(super) wallet: Option<Money>,
    pub(super) checks: Vec<Check>,
    pub(super) shown: Option<Shown>,
    pub(super) event: Facts,
}

impl Desk {
    /// `None` while workshop, template or account is missing.
    pub(super) async fn load(
        app: &App,
        member: &Member,
        state: &Compose,
        shelf: &Shelf,
        opened: Option<&Opened>,
        wait: Wait,
    ) -> Result<Option<Desk>, Problem> {
        let (Some(workshop), Some(at), Some(account), Some(opened)) =
            (&shelf.workshop, shelf.template, shelf.account(), opened)
        else {
            return Ok(None);
        };
        let (template, mapped) = &shelf.templates[at];
        let mut message = vendor::complete(mapped.clone(), opened.account.as_ref().ok());
        state.apply(&mut message);
        let frozen = message.over(&template.body);
        let event = event(member, workshop);
        let (channel, category) = (message.channel(), message.category());
        let mut audience = member.org.audience(workshop.id, channel, category).await?;
        let scan = match &message {
            Message::Whatsapp(_) => None,
            Message::Sms(_) => {
                let most = (wait == Wait::Page).then_some(PAGE_MOST);
                Some(Scan::of(app, member.organization.id, workshop.id, &message, &event, most).await?)
            }
        };
        match &scan {
            Some(scan) => scan.correct(&mut audience),
            None => leave_out_empty_values(&message, &mut audience),
        }
        let units = scan.as_ref().map_or(audience.reachable, |scan| scan.units_for(audience.reachable));
        let price = member.org.price(channel, message.tariff(), member.now).await?;
        let unit = price.unwrap_or_else(|| vendor::list_price(&message, account));
        let time = Timing::read(member, state, workshop);
        let ahead = member.org.booked(account.id).await?;
        let wire = Wire::from_json(channel, &frozen.to_string()).ok();
        let batch = match (&opened.account, &wire) {
            (Ok(open), Some(wire)) => i64::try_from(open.batch(wire)).unwrap_or(1).max(1),
            (Err(_), _) | (_, None) => 1,
        };
        let calls = audience.reachable / batch + i64::from(audience.reachable % batch > 0);
        let own_hours = opened.account.as_ref().ok().and_then(|open| open.hours());
        let hours = hours(member, state, category, own_hours);
        let mut forecast = forecast(calls, ahead, unit, account.pace, begins(&hours, time.start));
        forecast.cost = unit.times(units);
        let probe = match (&opened.account, &wire) {
            (Ok(open), Some(wire)) => {
                Some(asked::probe(app, account, open, wire, message.name_there(), wait).await)
            }
            (Err(_), _) | (_, None) => None,
        };
        let shown = shown(member, workshop, state, &message, &event).await?;
        let mut desk = Desk {
            state: state.clone(),
            workshop: workshop.clone(),
            account: account.clone(),
            template: template.clone(),
            wallet: opened.credit(),
            message,
            frozen,
            audience,
            scan,
            units,
            hours,
            own_hours,
            unit,
            usual_price: price.is_none(),
            start: time.start,
            deadline: time.deadline,
            at_error: time.at_error,
            until_error: time.until_error,
            forecast,
            checks: Vec::new(),
            shown,
            event,
        };
        desk.checks = desk.look(member, opened, probe);
        Ok(Some(desk))
    }

    /// How many people the numbers are reckoned up from, when not from all.
    pub(super) fn about(&self) -> Option<i64> {
        self.scan.as_ref().filter(|scan| !scan.whole).map(|scan| scan.looked_at)
    }

    /// Whether nothing stands in the way.
    pub(super) fn may_send(&self) -> bool {
        may_send(&self.checks)
    }

    /// The first reason why it may not be sent, in words.
    pub(super) fn obstacle(&self) -> Option<String> {
        let check = self.checks.iter().find(|check| check.severity == Severity::Error)?;
        Some(format!("{}. {}", check.title, check.why))
    }
}

/// What the message says about the event: written as the planner writes it.
fn event(member: &Member, workshop: &Workshop) -> Facts {
    let zone = &member.organization.zone;
    Facts {
        workshop_title: workshop.title.clone(),
        workshop_date: zone.long_date(workshop.starts_at),
        workshop_time: zone.plain_time(workshop.starts_at),
        workshop_join_link: workshop.join_link.clone(),
        organisation: member.organization.name.clone(),
        opt_out_link: member.opt_out_sample.clone(),
        ..Facts::default()
    }
}

/// Takes out the people whose value would be empty, as far as counters tell: names exactly, addresses at most.
fn leave_out_empty_values(message: &Message, audience: &mut AudienceSummary) {
    let bare = |wanted: fn(&Source) -> bool| {
        let missed = |slot: &Slot<'_>| slot.fallback.trim().is_empty() && wanted(slot.source);
        message.slots().iter().any(missed)
    };
    let is_name = |source: &Source| matches!(source, Source::RegistrantName | Source::RegistrantFirstName);
    let without_email = (audience.total - audience.with_email).clamp(0, audience.reachable);
    let mut empty = 0;
    if bare(is_name) {
        empty = audience.without_name;
    }
    if bare(|source| *source == Source::RegistrantEmail) {
        empty = empty.max(without_email);
    }
    // Who is left out reads no fallback, and who is never named misses no name.
    if bare(is_name) || !message.sources().any(is_name) {
        audience.without_name = 0;
    }
    audience.bad_value = empty.min(audience.reachable);
    audience.reachable -= audience.bad_value;
}

/// The chosen person among the newest who would get it.
async fn shown(
    member: &Member,
    workshop: &Workshop,
    state: &Compose,
    message: &Message,
    event: &Facts,
) -> Result<Option<Shown>, Problem> {
    let filter = RegistrantFilter {
        which: Which::Status(RegistrantStatus::Registered),
        limit: PEOPLE_MAX,
        ..RegistrantFilter::default()
    };
    let people = member.org.registrants(workshop.id, &filter).await?;
    let reached: Vec<&Registrant> =
        people.iter().filter(|person| person.mark.is_none() && !person.suppressed).collect();
    let of = i64::try_from(reached.len()).unwrap_or(PEOPLE_MAX);
    let position = state.person.clamp(1, of.max(1));
    let all_read = i64::try_from(people.len()).is_ok_and(|read| read < PEOPLE_MAX);
    let at = usize::try_from(position - 1).unwrap_or(0);
    let Some(person) = reached.get(at) else { return Ok(None) };
    let facts = Facts {
        name: person.name.clone(),
        email: person.email.clone(),
        phone: person.phone.clone(),
        ..event.clone()
    };
    Ok(Some(Shown {
        name: if person.name.is_empty() { "No name".to_owned() } else { person.name.clone() },
        phone: person.phone.clone(),
        position,
        of,
        all_read,
        values: values(message, &facts),
        content: message.fill(&facts).map_err(|error| error.to_string()),
    }))
}

/// Each value by itself.
pub(super) fn values(message: &Message, facts: &Facts) -> Vec<Result<String, String>> {
    message.each(facts).into_iter().map(|value| value.map_err(|error| error.to_string())).collect()
}

/// The broadcasts of this workshop on this channel, newest first.
pub(super) async fn history(
    member: &Member,
    workshop: Option<WorkshopId>,
    channel: Channel,
) -> Result<Vec<Broadcast>, Problem> {
    Ok(super::history::load(&member.org, workshop, channel).await?)
}

/// Whether this person may send, for buttons.
pub(super) fn sends(member: &Member) -> bool {
    member.may(Permission::Send)
}
