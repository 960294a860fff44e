//! The review of a draft: who would get the broadcast, what it costs, when it is done, and what stands in its way.

use std::sync::Arc;

use domain::{
    audience::{AudienceSummary, Rules, Tally},
    checks::{CheckInput, EarlierBroadcast, Finding, Probe, Stage, examine, may_send},
    forecast::{Forecast, ceiling_wait, forecast},
    ids::BroadcastId,
    money::Money,
    sending_hours::{OpenHours, SendingHours},
    template::{Facts, Message},
    time::Millis,
    told::Purpose,
    workshop::WorkshopStatus,
};
use providers::{Account, voice::Voice};
use serde_json::Value;
use store::{
    StoreError,
    broadcasts::{Broadcast, BroadcastFilter},
    integrations::Integration,
    told::{LastTelling, Selection},
    work::Ceiling,
};

use crate::{
    Audience, Caller, Composer, Draft, Opened, OwnLinks, Wait,
    account::{complete, list_price},
    answer_cache,
    calls::Calls,
    timing::{begins, hours},
};

/// People that a page looks at one by one; the rest is estimated from them.
pub(crate) const PAGE_MOST: i64 = 4_000;
/// Broadcasts of a workshop among which an earlier one of the same template is looked for, newest first.
const EARLIER_MAX: i64 = 50;

/// A reviewed draft: the draft and everything that follows from it.
#[derive(Clone, Debug)]
pub struct Review {
    /// The draft that was reviewed. Its message has what the account adds.
    pub draft: Draft,
    /// The template as it would be frozen into the broadcast, as JSON.
    pub frozen: Value,
    /// The decisions about the people, in figures.
    pub audience: AudienceSummary,
    /// What was found when each person's message was made; `None` where counters sufficed.
    pub tally: Option<Tally>,
    /// The units that are charged: messages, or segments of them.
    pub units: i64,
    /// The price of one unit.
    pub unit: Money,
    /// The estimated cost and end.
    pub forecast: Forecast,
    /// The credit that is left in the wallet, where the provider tells it.
    pub wallet: Option<Money>,
    /// How much the account may send in 24 hours, and how much it has sent.
    pub ceiling: Ceiling,
    /// The hours in which the broadcast may send.
    pub hours: SendingHours,
    /// The hours of the account alone; `None` where it has none.
    pub own_hours: Option<OpenHours>,
    /// What these people were told before for the same purpose.
    pub before: EarlierTellings,
    /// The findings, errors first.
    pub findings: Vec<Finding>,
    pub(crate) walk: Audience,
    /// Whether everybody was looked at and the provider was asked just now, so that a person may decide by it.
    pub(crate) decisive: bool,
}

impl Composer {
    /// Reviews a draft. With [`Wait::Page`] it is quick: it looks at the first people and takes what the provider said
    /// lately. With [`Wait::Decision`] it looks at everybody and asks the provider, and may be confirmed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn review(
        &self,
        caller: &Caller,
        mut draft: Draft,
        opened: &Opened,
        wait: Wait,
    ) -> Result<Review, StoreError> {
        let account = opened.account.as_ref().ok();
        draft.message = complete(draft.message, account);
        let frozen = draft.message.to_json();
        let links = (self.sample_links)(caller.organization.id);
        let rules = Rules::new(draft.message.clone(), event(caller, &draft, &links));
        let reader = caller.org.audience_reader();
        let everyone = Selection::everyone(draft.workshop.id, draft.template.purpose.clone(), caller.now);
        let own = draft.replaces.unwrap_or(everyone.own);
        let selection = Selection { own, ..everyone.of(draft.audience.clone()) };
        let mut walk = Audience::of(reader, self.key.clone(), selection, rules).await?;
        let most = (wait == Wait::Page).then_some(PAGE_MOST);
        let (audience, tally) = walk.count(&caller.org, most, &links).await?;
        let units = match (&draft.message, &tally) {
            (Message::Sms(_), Some(tally)) => tally.units_for(audience.reachable),
            (Message::Sms(_) | Message::Whatsapp(_) | Message::Group(_) | Message::Call(_), _) => {
                audience.reachable
            }
        };
        let telephone = Calls::of(caller, &draft, account).await?;
        let price = match &telephone {
            Some(calls) => (!calls.usual_price).then(|| calls.price()),
            None => caller.org.price(draft.template.channel, draft.message.tariff(), caller.now).await?,
        };
        let usual = || match &telephone {
            Some(calls) => calls.price(),
            None => list_price(&draft.message, &draft.account),
        };
        let unit = price.unwrap_or_else(usual);
        let own_hours = account.and_then(|account| account.hours());
        let kind = (draft.template.channel, draft.message.category());
        let hours = hours(caller, kind, draft.wait_out_quiet, draft.after, own_hours);
        let begins = begins(&hours, draft.timing.start);
        let ahead = caller.org.booked(draft.account.id).await?;
        let requests = requests(account, &draft.message, audience.reachable);
        let ceiling = caller.org.ceiling(draft.account.id, caller.now).await?;
        let mut forecast = match &telephone {
            Some(telephone) => telephone.forecast(audience.reachable, ahead, begins),
            None => forecast(requests, ahead, unit, draft.account.pace, begins),
        };
        let people = audience.reachable.saturating_add(ahead);
        forecast.done_at = forecast.done_at.plus(ceiling_wait(people, ceiling.used, ceiling.allowed));
        forecast.cost = unit.times(units);
        let probe = match account {
            Some(account) => Some(self.probe(&draft.account, account, &draft.message, wait).await),
            None => None,
        };
        let mut review = Review {
            frozen,
            audience,
            tally,
            units,
            unit,
            forecast,
            wallet: opened.credit(),
            ceiling,
            hours,
            own_hours,
            before: EarlierTellings::default(),
            findings: Vec::new(),
            walk,
            decisive: wait != Wait::Page,
            draft,
        };
        review.before = EarlierTellings::read(caller, &review).await?;
        let earlier = EarlierBroadcasts::read(caller, &review).await?;
        review.findings = review.look(caller, opened, probe.as_ref(), begins, price.is_none(), earlier);
        Ok(review)
    }

    /// What the provider says about what would be sent; [`Probe::Silent`] when it takes too long.
    pub async fn probe(
        &self,
        of: &Integration,
        account: &Arc<dyn Account>,
        message: &Message,
        wait: Wait,
    ) -> Probe {
        answer_cache::probe(self, of, account, message, wait).await
    }
}

impl Review {
    /// When the first message would go out: later than its start where it waits for the hours in which it may send.
    pub fn begins(&self) -> Millis {
        begins(&self.hours, self.draft.timing.start)
    }
}

/// What the message says about the event: written as the planner writes it.
fn event(caller: &Caller, draft: &Draft, links: &OwnLinks) -> Facts {
    let (zone, workshop) = (&caller.organization.zone, &draft.workshop);
    Facts {
        workshop_title: workshop.title.clone(),
        workshop_date: zone.long_date(workshop.starts_at),
        workshop_time: zone.plain_time(workshop.starts_at),
        workshop_join_link: workshop.join_link.clone(),
        variables: workshop.variables.clone(),
        organisation: caller.organization.name.clone(),
        opt_out_link: links.opt_out.clone(),
        own_join_link: links.join.clone(),
        ..Facts::default()
    }
}

/// Requests that so many people take: fewer where a request carries several.
fn requests(account: Option<&Arc<dyn Account>>, message: &Message, people: i64) -> i64 {
    let batch = account.map_or(1, |account| i64::try_from(account.batch(message)).unwrap_or(1).max(1));
    people / batch + i64::from(people % batch > 0)
}

/// Earlier broadcasts of the same purpose to the same workshop's people.
#[derive(Clone, Debug, Default)]
pub struct EarlierTellings {
    /// The newest broadcast of the purpose, whatever became of it: what a confirmation is compared with.
    pub newest: Option<BroadcastId>,
    /// The newest one of which something left or may leave.
    pub last: Option<LastTelling>,
    /// How many of the chosen people got it before, or are getting it: they would get it again.
    pub again: i64,
}

impl EarlierTellings {
    async fn read(caller: &Caller, review: &Review) -> Result<EarlierTellings, StoreError> {
        let selection = review.walk.selection();
        let mut tellings = caller.org.tellings(selection.workshop, &selection.purpose, EARLIER_MAX).await?;
        let newest = tellings.first().map(|telling| telling.id);
        let replaced = review.draft.replaces;
        tellings.retain(|telling| telling.counts && replaced != Some(telling.id));
        let mut again = match tellings.is_empty() {
            true => 0,
            false => review.walk.told_among().await?,
        };
        let mut last = tellings.into_iter().next();
        // A template whose purpose was changed since says the same all the same.
        let template = review.draft.template.id;
        for purpose in caller.org.other_purposes(selection.workshop, template, &selection.purpose).await? {
            let mut others = caller.org.tellings(selection.workshop, &purpose, EARLIER_MAX).await?;
            others.retain(|telling| telling.counts && replaced != Some(telling.id));
            if let Some(newest) = others.into_iter().next() {
                again = again.max(review.walk.told_of(purpose).await?);
                last = last.or(Some(newest));
            }
        }
        Ok(EarlierTellings { newest, last, again })
    }
}

/// Earlier broadcasts to the same workshop on the same channel.
struct EarlierBroadcasts {
    /// The last broadcast of the same purpose, where people would get it again.
    sent_before: Option<EarlierBroadcast>,
    /// What goes out, or just went, where the channel wants a gap.
    under_way: Option<String>,
}

impl EarlierBroadcasts {
    async fn read(caller: &Caller, review: &Review) -> Result<EarlierBroadcasts, StoreError> {
        let draft = &review.draft;
        let channel = draft.template.channel;
        let again = review.before.again;
        let sent_before = review.before.last.as_ref().filter(|_| again > 0).map(|last| EarlierBroadcast {
            title: last.title.clone(),
            by: last.by.clone(),
            at: last.at,
            n: again,
        });
        let (now, gap) = (caller.now, channel.gap_ms());
        let close = gap > 0 && draft.timing.start.since(now) <= gap;
        let goes_out = |broadcast: &&Broadcast| match broadcast.finished_at {
            Some(at) => now.since(at) < gap,
            None => broadcast.started_at.is_some(),
        };
        let filter = BroadcastFilter {
            channel: Some(channel),
            workshop: Some(draft.workshop.id),
            ..BroadcastFilter::default()
        };
        let broadcasts = match close {
            true => caller.org.broadcasts(&filter, EARLIER_MAX).await?,
            false => Vec::new(),
        };
        let under_way = broadcasts.iter().find(goes_out);
        Ok(EarlierBroadcasts { sent_before, under_way: under_way.map(|broadcast| broadcast.title.clone()) })
    }
}

impl Review {
    /// Whether nothing stands in the way.
    pub fn may_send(&self) -> bool {
        may_send(&self.findings)
    }

    /// Whom the message is for, and what is known of the event.
    pub fn rules(&self) -> &Rules {
        self.walk.rules()
    }

    /// How many people the numbers are reckoned up from, when not from all.
    pub fn about(&self) -> Option<i64> {
        self.tally.as_ref().filter(|tally| !tally.whole).map(|tally| tally.looked_at)
    }

    fn look(
        &self,
        caller: &Caller,
        opened: &Opened,
        probe: Option<&Probe>,
        begins: Millis,
        usual_price: bool,
        lately: EarlierBroadcasts,
    ) -> Vec<Finding> {
        let (draft, organization, workshop) = (&self.draft, &caller.organization, &self.draft.workshop);
        examine(&CheckInput {
            rules: self.rules(),
            audience: self.audience,
            tally: self.tally.as_ref(),
            probe,
            abilities: opened.account.as_ref().ok().and_then(|account| account.voice()).map(Voice::abilities),
            start: draft.timing.start,
            begins,
            done_at: self.forecast.done_at,
            deadline: draft.timing.deadline,
            time_unreadable: draft.timing.unreadable,
            workshop_starts: workshop.starts_at,
            stage: match workshop.status {
                WorkshopStatus::Cancelled if draft.template.purpose.word() != Purpose::CANCELLED => {
                    Stage::Cancelled
                }
                WorkshopStatus::Completed if !draft.after_end => Stage::Over,
                _ if !draft.after_end && workshop.ends_at <= caller.now => Stage::Over,
                _ => Stage::Open,
            },
            quiet: (organization.quiet_hours, &organization.zone),
            waits_out_quiet: draft.wait_out_quiet,
            hours: &self.hours,
            own_hours: self.own_hours,
            sending_stopped: organization.stopped.as_ref().map(|(at, by)| (by.as_str(), *at)),
            account_stopped: draft.account.stopped_at.map(|at| (draft.account.stopped_by.as_deref(), at)),
            account_unopened: opened.account.as_ref().err().map(String::as_str),
            calls: (self.ceiling.used, self.ceiling.allowed),
            cost: self.forecast.cost,
            usual_price: usual_price.then_some(self.unit),
            balance: self.wallet,
            tier_left: opened.people_a_day(),
            sent_before: lately.sent_before,
            under_way: lately.under_way,
            now: caller.now,
        })
    }
}
