//! What the composer decides with: the workshop, the template with the values chosen for it, the account, and what follows.

use domain::{
    channel::{Category, Channel},
    checks::{AudienceSummary, Check, Findings, Probe, Severity, checks, may_send},
    forecast::{Forecast, forecast},
    ids::WorkshopId,
    money::Money,
    role::Permission,
    sending_hours::{AfterHours, OpenHours, SendingHours},
    template::{Content, Facts, Message, Slot, Source},
    time::{HOUR, MINUTE, Millis},
    workshop::{RegistrantStatus, WorkshopStatus},
};
use providers::{Account, NotTold, Wire, aisensy::ProjectFacts, fast2sms::Wallet};
use serde_json::Value;
use store::{
    StoreError,
    broadcasts::Broadcast,
    integrations::Integration,
    registrants::{Registrant, RegistrantFilter, Which},
    templates::Template,
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};

use super::{
    asked::{self, Wait},
    compose::{Compose, PEOPLE_MAX},
    scan::{PAGE_MOST, Scan},
    sms_checks, vendor,
};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    ui::format::{grouped, relative},
};

/// Workshops to choose from, ahead and over.
const COMING_MAX: i64 = 50;
const PAST_MAX: i64 = 10;
/// A reminder is of no use when its workshop has been running for so long.
const AFTER_START_MS: i64 = 10 * MINUTE;
/// The last useful moment of a message without a start to wait for, after it begins to go out.
const WITHOUT_START_MS: i64 = 2 * HOUR;
/// Two SMS to one number stand so far apart (providers/fast2sms.md §2.2).
const GAP_MS: i64 = 2 * MINUTE;
/// The same template to the same workshop within this time is worth a word.
const AGAIN_MS: i64 = 24 * HOUR;

/// Whether ids that are not there are an error, or left for what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// A link may be old: another choice is offered.
    MayBeOld,
    /// Something is about to be sent: nothing else than what was named will do.
    MustBeThere,
}

/// What can be chosen, and what is.
pub(super) struct Shelf {
    pub(super) coming: Vec<Workshop>,
    pub(super) past: Vec<Workshop>,
    pub(super) workshop: Option<Workshop>,
    pub(super) templates: Vec<(Template, Message)>,
    pub(super) template: Option<usize>,
    pub(super) accounts: Vec<Integration>,
    pub(super) account: Option<usize>,
    /// What a link named that is not there.
    pub(super) gone: Vec<&'static str>,
}

impl Shelf {
    /// Reads what there is, and writes what was taken into `state`.
    pub(super) async fn load(
        member: &Member,
        state: &mut Compose,
        ids: Ids,
        first: Option<WorkshopId>,
    ) -> Result<Shelf, Problem> {
        let org = &member.org;
        let mut gone = Vec::new();
        let list = |when, limit| WorkshopFilter { when, limit, ..WorkshopFilter::default() };
        let coming = org.workshops(&list(WorkshopWhen::Upcoming(member.now), COMING_MAX)).await?;
        let past = org.workshops(&list(WorkshopWhen::Past(member.now), PAST_MAX)).await?;
        let mut workshop = None;
        if let Some(id) = state.workshop {
            workshop = found(org.workshop(id).await, ids)?;
            if workshop.is_none() {
                gone.push("workshop");
            }
        }
        let offered = first.or_else(|| {
            let live = coming.iter().find(|workshop| workshop.status != WorkshopStatus::Cancelled);
            live.or(coming.first()).or(past.first()).map(|workshop| workshop.id)
        });
        if workshop.is_none()
            && let Some(id) = offered
        {
            workshop = coming.iter().chain(&past).find(|workshop| workshop.id == id).cloned();
        }
        let templates = org.templates(state.channel).await?;
        let templates: Vec<(Template, Message)> = templates
            .into_iter()
            .filter_map(|template| {
                let read = Message::from_json(template.channel, &template.body).ok()?;
                Some((template, read))
            })
            .collect();
        let named = state.template.map(|id| templates.iter().position(|(template, _)| template.id == id));
        let template =
            chosen(named, ids, "template", &mut gone)?.or_else(|| offered_first(member, state, &templates));
        let kind = vendor::of(state.channel).kind;
        let accounts: Vec<Integration> =
            org.integrations().await?.into_iter().filter(|account| account.kind == kind).collect();
        let named = state.account.map(|id| accounts.iter().position(|account| account.id == id));
        let account = chosen(named, ids, "account", &mut gone)?.or((!accounts.is_empty()).then_some(0));
        state.workshop = workshop.as_ref().map(|workshop| workshop.id);
        if named.flatten().is_none() {
            state.account = None;
        }
        let taken = template.map(|at| templates[at].0.id);
        if taken != state.template {
            state.template = taken;
            state.values.clear();
        }
        Ok(Shelf { coming, past, workshop, templates, template, accounts, account, gone })
    }

    pub(super) fn account(&self) -> Option<&Integration> {
        self.accounts.get(self.account?)
    }
}

/// The template that is offered before somebody chose one: the first that may go now, for promotion has hours.
fn offered_first(member: &Member, state: &Compose, templates: &[(Template, Message)]) -> Option<usize> {
    let goes = |(_, message): &(Template, Message)| {
        hours(member, state, message.category(), None).closed_until(member.now).is_none()
    };
    templates.iter().position(goes).or((!templates.is_empty()).then_some(0))
}

fn found<T>(found: Result<T, StoreError>, ids: Ids) -> Result<Option<T>, Problem> {
    match (found, ids) {
        (Ok(found), _) => Ok(Some(found)),
        (Err(StoreError::Missing), Ids::MayBeOld) => Ok(None),
        (Err(error), _) => Err(error.into()),
    }
}

fn chosen(
    named: Option<Option<usize>>,
    ids: Ids,
    what: &'static str,
    gone: &mut Vec<&'static str>,
) -> Result<Option<usize>, Problem> {
    match (named, ids) {
        (Some(Some(at)), _) => Ok(Some(at)),
        (Some(None), Ids::MustBeThere) => Err(Problem::not_found()),
        (Some(None), Ids::MayBeOld) => {
            gone.push(what);
            Ok(None)
        }
        (None, _) => Ok(None),
    }
}

/// An account, opened, with what it tells about itself.
pub(super) struct Opened {
    pub(super) account: Result<Account, String>,
    pub(super) project: Option<Result<ProjectFacts, NotTold>>,
    pub(super) wallet: Option<Result<Wallet, NotTold>>,
}

impl Opened {
    pub(super) async fn load(app: &App, of: &Integration, wait: Wait) -> Opened {
        let account = app.accounts.open_integration(of);
        let (project, wallet) = match &account {
            Ok(account) => {
                (asked::project(app, of, account, wait).await, asked::wallet(app, of, account, wait).await)
            }
            Err(_) => (None, None),
        };
        Opened { account, project, wallet }
    }

    pub(super) fn facts(&self) -> Option<&ProjectFacts> {
        self.project.as_ref()?.as_ref().ok()
    }

    /// What is left, where the provider tells.
    pub(super) fn credit(&self) -> Option<Money> {
        let wallet = self.wallet.as_ref().and_then(|told| told.as_ref().ok()).map(|wallet| wallet.balance);
        wallet.or_else(|| self.facts().and_then(|facts| facts.credit))
    }

    pub(super) fn takes_receipts(&self) -> bool {
        match &self.account {
            Ok(Account::Aisensy(account)) => account.takes_receipts(),
            Ok(Account::Fast2sms(_)) => true,
            Err(_) => false,
        }
    }
}

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
        let unit = price.unwrap_or_else(|| vendor::list_price(&message));
        let time = Timing::read(member, state, workshop);
        let ahead = member.org.booked(account.id).await?;
        let wire = Wire::from_json(channel, &frozen.to_string()).ok();
        let batch = match (&opened.account, &wire) {
            (Ok(open), Some(wire)) => i64::try_from(open.batch(wire)).unwrap_or(1).max(1),
            (Err(_), _) | (_, None) => 1,
        };
        let calls = audience.reachable / batch + i64::from(audience.reachable % batch > 0);
        let own_hours = opened.account.as_ref().ok().and_then(Account::hours);
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

    /// The same template went to the same workshop lately.
    pub(super) fn warn_of_repeat(&mut self, history: &[Broadcast], now: Millis) {
        let ours = self.message.name_there().to_owned();
        let same = |broadcast: &Broadcast| {
            let message = Message::from_json(broadcast.channel, &broadcast.template);
            message.is_ok_and(|message| message.name_there() == ours)
        };
        let earlier = history.iter().find(|broadcast| {
            same(broadcast)
                && broadcast.status != domain::broadcast::BroadcastStatus::Cancelled
                && now.since(broadcast.created_at) < AGAIN_MS
        });
        if let Some(earlier) = earlier {
            let why = format!(
                "{} confirmed “{}” {}. Whoever got it would get it again.",
                earlier.created_by,
                earlier.title,
                relative(earlier.created_at.0, now.0)
            );
            self.checks.push(own(Severity::Warning, "This template was used for this workshop already", why));
        }
        self.warn_of_gap(history, now);
    }

    /// Whoever just got an SMS gets this one when two minutes have passed.
    fn warn_of_gap(&mut self, history: &[Broadcast], now: Millis) {
        if self.state.channel != Channel::Sms || self.start.since(now) > GAP_MS {
            return;
        }
        let lately = history.iter().find(|broadcast| match broadcast.finished_at {
            Some(at) => now.since(at) < GAP_MS,
            None => broadcast.started_at.is_some(),
        });
        if let Some(lately) = lately {
            let why = format!(
                "“{}” goes out, or just went. Fast2SMS takes two SMS in a row for spam: whoever got it waits until two minutes have passed.",
                lately.title
            );
            self.checks.push(own(Severity::Warning, "Two minutes between two SMS to one number", why));
        }
    }

    fn look(&self, member: &Member, opened: &Opened, probe: Option<Probe>) -> Vec<Check> {
        let quiet = |at| member.organization.quiet_hours.covers(&member.organization.zone, at);
        let mut all = checks(&Findings {
            // Refused values of an SMS are told one by one, with what is wrong.
            audience: AudienceSummary {
                bad_value: if self.scan.is_some() { 0 } else { self.audience.bad_value },
                // Numbers outside India are right, and told apart.
                invalid: self.audience.invalid
                    - self.scan.as_ref().map_or(0, |scan| scan.out_of_reach.min(self.audience.invalid)),
                ..self.audience
            },
            parameters: self.message.places().len(),
            placeholders: match &self.message {
                Message::Whatsapp(template) => template.placeholders(),
                Message::Sms(_) => 0,
            },
            has_media: matches!(&self.message, Message::Whatsapp(template) if template.media.is_some()),
            uses_link: self.message.sources().any(|source| *source == Source::WorkshopJoinLink),
            join_link: &self.workshop.join_link,
            probe: probe.clone().filter(|_| self.state.channel == Channel::WhatsappPersonal),
            start: begins(&self.hours, self.start),
            done_at: self.forecast.done_at,
            deadline: self.deadline,
            workshop_starts: self.workshop.starts_at,
            workshop_over: self.workshop.status == WorkshopStatus::Cancelled
                || self.workshop.status == WorkshopStatus::Completed
                || self.workshop.ends_at <= member.now,
            // Promotion is kept out of them anyhow.
            in_quiet_hours: self.message.category() != Category::Marketing
                && !self.state.wait_out_quiet
                && (quiet(begins(&self.hours, self.start)) || quiet(self.forecast.done_at)),
            cost: self.forecast.cost,
            balance: self.wallet,
            tier_left: opened.facts().and_then(|facts| facts.tier_limit),
            now: member.now,
        });
        all.extend(self.further_checks(member, opened));
        all.extend(self.checks_of_hours(member));
        if let (Message::Sms(template), Some(scan)) = (&self.message, &self.scan) {
            all.extend(sms_checks::all(template, scan, probe.as_ref(), self.audience.bad_value));
        }
        all.sort_by_key(|check| check.severity);
        all
    }

    /// What only this page knows.
    fn further_checks(&self, member: &Member, opened: &Opened) -> Vec<Check> {
        let mut all = Vec::new();
        let mut stop = |title: &str, why: String| all.push(own(Severity::Error, title, why));
        if let Some((at, by)) = &member.organization.stopped {
            let when = relative(at.0, member.now.0);
            stop(
                "All sending is stopped",
                format!("{by} stopped it {when}. Release it on the operator page before you send."),
            );
        }
        if let Some(at) = self.account.stopped_at {
            let by = self.account.stopped_by.as_deref().unwrap_or("Somebody");
            let when = relative(at.0, member.now.0);
            stop(
                "This account is stopped",
                format!("{by} stopped it {when}. Release it under Settings, Integrations."),
            );
        }
        if let Err(words) = &opened.account {
            stop("The account cannot be opened", words.clone());
        }
        if self.at_error.is_some() || self.until_error.is_some() {
            stop("A time cannot be read", "Enter day and time again, under “When”.".to_owned());
        }
        if let Some(words) = self.value_for_nobody() {
            stop(
                "Nobody would get a whole message",
                format!("{words}. Choose another source, or enter a text."),
            );
        }
        let (calls, most) = (self.account.calls_today + self.audience.reachable, self.account.pace.per_day);
        if most > 0 && calls > most {
            let why = format!(
                "This account may make {} calls a day. What is left goes out the next day, if its last useful moment allows.",
                grouped(most)
            );
            all.push(own(Severity::Warning, "More messages than the account may send today", why));
        }
        all
    }

    /// What the hours mean for this broadcast.
    fn checks_of_hours(&self, member: &Member) -> Vec<Check> {
        if !self.hours.are_limited() {
            return Vec::new();
        }
        let opens = |at: Millis| super::parts::moment(member, at);
        let mut all = Vec::new();
        if self.hours.never_open(self.start) {
            all.push(own(Severity::Error, "The hours leave no moment to send", self.no_moment()));
        } else if let Some(open) = self.hours.closed_until(self.start) {
            all.push(self.check_of_wait(member, &opens(open)));
        } else if let Some(open) = self.hours.closed_until(self.forecast.done_at) {
            let rest = match self.hours.then() {
                AfterHours::Cancel => "The rest is cancelled then.".to_owned(),
                AfterHours::Wait => format!("The rest goes on at {}.", opens(open)),
            };
            all.push(own(Severity::Warning, "Not everybody would get it before the hours end", rest));
        } else {
            let words = match self.own_hours {
                Some(hours) => {
                    format!("Within the hours in which it may be sent, the account’s {hours} among them")
                }
                None => "Within the hours in which it may be sent".to_owned(),
            };
            all.push(own(Severity::Passed, &words, String::new()));
        }
        all
    }

    /// It starts while it may not be sent: by the law, by the account, or by a choice to leave people alone.
    fn check_of_wait(&self, member: &Member, opens: &str) -> Check {
        let zone = &member.organization.zone;
        let category = self.message.category();
        if category == Category::Marketing
            && hours(member, &self.state, category, None).closed_until(self.start).is_some()
        {
            let why = format!(
                "From 9:00 PM to 10:00 AM nobody may be sent promotion. Schedule it for {opens} or later."
            );
            return own(Severity::Error, "Promotion may not be sent at this hour", why);
        }
        match self.own_hours.filter(|hours| !hours.covers(zone, self.start)) {
            Some(hours) => {
                let own_words = format!("{} may send from {hours} only.", self.account.name);
                let waits = category != Category::Marketing && self.hours.then() == AfterHours::Wait;
                if waits {
                    let why = format!("{own_words} It begins at {opens}.");
                    own(Severity::Warning, "It waits for the account’s hours", why)
                } else {
                    let or_wait = match category {
                        Category::Marketing => "",
                        Category::Utility | Category::Authentication => {
                            ", or choose that it goes on when they begin again"
                        }
                    };
                    let why = format!("{own_words} Schedule it for {opens} or later{or_wait}.");
                    own(Severity::Error, "This account may not send at this hour", why)
                }
            }
            None => {
                let why = format!("It begins at {opens}.");
                own(Severity::Warning, "It waits for the end of your quiet hours", why)
            }
        }
    }

    /// Why there is no moment, and what to change.
    fn no_moment(&self) -> String {
        let account = match self.own_hours {
            Some(hours) => format!(
                " {} sends from {hours} only. Change its hours under Settings, Integrations, or choose another account.",
                self.account.name
            ),
            None => " Change your quiet hours under Settings, Organisation.".to_owned(),
        };
        match self.message.category() {
            Category::Marketing => {
                format!("Promotion goes out from 10:00 AM to 9:00 PM, outside your quiet hours.{account}")
            }
            Category::Utility | Category::Authentication => {
                format!("It waits for the end of your quiet hours.{account}")
            }
        }
    }

    /// A value that would be missing whoever the person is; the join link has a check of its own.
    fn value_for_nobody(&self) -> Option<String> {
        let facts = Facts {
            name: "Somebody".into(),
            email: "somebody@example.in".into(),
            phone: "+919000000001".into(),
            workshop_join_link: "https://example.in".into(),
            ..self.event.clone()
        };
        self.message.fill(&facts).err().map(|error| error.to_string())
    }
}

pub(super) fn own(severity: Severity, title: &str, why: String) -> Check {
    Check { severity, title: title.to_owned(), why, people: None }
}

/// When it may send: promotion as the law says, a reminder outside the quiet hours when somebody wants that, both within the
/// account's own hours.
fn hours(member: &Member, state: &Compose, category: Category, own: Option<OpenHours>) -> SendingHours {
    let (quiet, zone) = (member.organization.quiet_hours, &member.organization.zone);
    let hours = match category {
        Category::Utility | Category::Authentication if state.wait_out_quiet => {
            SendingHours::outside(quiet, zone, AfterHours::Wait)
        }
        _ => SendingHours::of(category, quiet, zone, state.after),
    };
    hours.within(own, zone)
}

/// When the first message goes out: at the start, or when the hours open where it waits for them.
fn begins(hours: &SendingHours, start: Millis) -> Millis {
    match hours.then() {
        AfterHours::Wait => hours.closed_until(start).unwrap_or(start),
        AfterHours::Cancel => start,
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

struct Timing {
    start: Millis,
    deadline: Millis,
    at_error: Option<String>,
    until_error: Option<String>,
}

impl Timing {
    fn read(member: &Member, state: &Compose, workshop: &Workshop) -> Timing {
        let (zone, now) = (&member.organization.zone, member.now);
        let soon = now.plus(domain::broadcast::UNDO_MS);
        let (start, at_error) = match (state.later, state.at.trim()) {
            (false, _) => (soon, None),
            (true, "") => (default_later(member, workshop), None),
            (true, typed) => match zone.parse_local(typed) {
                // Without the ten seconds in which it can be taken back nothing goes out.
                Ok(at) => (Millis(at.0.max(soon.0)), None),
                Err(error) => (soon, Some(error.to_string())),
            },
        };
        let usual = default_deadline(start, workshop.starts_at, now);
        let (deadline, until_error) = match state.until.trim() {
            "" => (usual, None),
            typed => match zone.parse_local(typed) {
                Ok(at) => (at, None),
                Err(error) => (usual, Some(error.to_string())),
            },
        };
        Timing { start, deadline, at_error, until_error }
    }
}

/// An hour before the workshop while that lies ahead, else in an hour.
fn default_later(member: &Member, workshop: &Workshop) -> Millis {
    let before = workshop.starts_at.plus(-HOUR);
    if before > member.now.plus(5 * MINUTE) { before } else { member.now.plus(HOUR) }
}

fn default_deadline(start: Millis, workshop_starts: Millis, now: Millis) -> Millis {
    let useful = workshop_starts.plus(AFTER_START_MS);
    if workshop_starts > now && useful > start { useful } else { start.plus(WITHOUT_START_MS) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_useful_until_ten_minutes_after_the_start_or_for_two_hours() {
        let now = Millis(0);
        assert_eq!(default_deadline(now, Millis(HOUR), now), Millis(HOUR + 10 * MINUTE));
        assert_eq!(default_deadline(now, Millis(-HOUR), now), Millis(2 * HOUR));
        assert_eq!(
            default_deadline(Millis(3 * HOUR), Millis(HOUR), now),
            Millis(5 * HOUR),
            "after it has begun"
        );
    }
}
