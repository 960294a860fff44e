//! Planning: registrants become rows, in order of number, in stretches of constant size.

use std::collections::HashSet;

use domain::{
    channel::{Category, Channel},
    ids::MessageRef,
    message::SkipReason,
    outcome::Said,
    template::{Facts, Message, Source, ValueError},
};
use store::{
    StoreError,
    work::{PlanCandidate, PlannedRow, Planning, StretchSums},
};
use tracing::warn;

use crate::Engine;

/// Rows of a stretch, ready to be written.
struct Stretch {
    rows: Vec<PlannedRow>,
    sums: StretchSums,
    mark: (String, String),
    /// The last number in it or before it that has its message.
    told: String,
    last: bool,
}

impl Engine {
    /// Plans every confirmed broadcast to its end; how many rows were written.
    pub async fn plan(&self) -> Result<usize, StoreError> {
        let mut rows = 0;
        for planning in self.work.planning().await? {
            let id = planning.broadcast;
            match self.plan_one(planning).await {
                Ok(n) => rows += n,
                // Another process plans it, or a person cancelled it.
                Err(StoreError::Stale) => {}
                // Whatever is wrong with it stays wrong, and must not keep others from being planned.
                Err(error @ StoreError::Corrupt { .. }) => {
                    warn!(broadcast.id = %id, "{id} cannot be planned and is cancelled: {error}");
                    let said =
                        Said::new("template", "What it was confirmed with cannot be read. Confirm it anew.");
                    self.work.abandon_plan(id, &said, self.clock.now()).await?;
                }
                Err(error) => return Err(error),
            }
            self.tell([id]);
            self.wakes.send.notify_one();
        }
        Ok(rows)
    }

    async fn plan_one(&self, mut planning: Planning) -> Result<usize, StoreError> {
        let template = frozen(&planning)?;
        let event = self.work.event_facts(planning.organization, planning.workshop).await?;
        let suppresses = self.work.suppresses(planning.organization).await?;
        let promotes = template.category() == Category::Marketing;
        let shared = shared(&template, &event, planning.shared.take());
        let links = template.sources().any(|source| *source == Source::OptOutLink);
        let plan = Plan { template, event, suppresses, promotes, links, shared };
        let mut written = 0;
        // What was cut off may have told the number that the next stretch begins with.
        let told = &planning.after.0;
        let told =
            if self.work.is_planned(planning.broadcast, told).await? { told.clone() } else { String::new() };
        let mut stretch = self.stretch(&planning, &planning.after, told, 0, &plan).await?;
        loop {
            let Stretch { rows, sums, mark, told, last } = stretch;
            let count = rows.len();
            let write = self.work.plan_write(&planning, rows, &sums, &mark, last, self.clock.now());
            if last {
                write.await?;
                return Ok(written + count);
            }
            // The next stretch is read and filled in while this one is written.
            let (wrote, next) = tokio::join!(write, self.stretch(&planning, &mark, told, count, &plan));
            wrote?;
            stretch = next?;
            written += count;
            planning.planned += i64::try_from(count).unwrap_or(0);
            planning.after = mark;
        }
    }

    async fn stretch(
        &self,
        planning: &Planning,
        after: &(String, String),
        mut told: String,
        // Rows that are being written meanwhile: they come before these.
        under_way: usize,
        plan: &Plan,
    ) -> Result<Stretch, StoreError> {
        let stretch = i64::try_from(self.limits.stretch.max(1)).unwrap_or(i64::MAX);
        let people = self.work.plan_page(planning.workshop, after, stretch).await?.people;
        let last = people.len() < self.limits.stretch.max(1);
        let mark = people.last().map_or_else(|| after.clone(), |p| (p.phone.clone(), p.identity.clone()));
        let willing = self.willing(planning, plan, &people).await?;
        let first = planning.planned + i64::try_from(under_way).unwrap_or(0) + 1;
        let link = |at: usize| self.link(plan, planning, first + i64::try_from(at).unwrap_or(0));
        let kept = one_of_each_number(&people, &mut told);
        let (rows, sums) = self.rows(people, kept, plan, &willing, link);
        Ok(Stretch { rows, sums, mark, told, last })
    }

    /// The address behind which that message's addressee stops such messages; empty when the template does not want it.
    fn link(&self, plan: &Plan, planning: &Planning, position: i64) -> String {
        let Some(make) = self.opt_out_link.as_ref().filter(|_| plan.links) else { return String::new() };
        make(MessageRef { broadcast: planning.broadcast, position })
    }

    async fn willing(
        &self,
        planning: &Planning,
        plan: &Plan,
        people: &[PlanCandidate],
    ) -> Result<Willing, StoreError> {
        let mut willing = Willing { suppressed: HashSet::new(), consenting: None };
        if !plan.suppresses && !plan.promotes {
            return Ok(willing);
        }
        let (organization, channel, category) =
            (planning.organization, &planning.channel, &planning.category);
        let keys: Vec<String> =
            people.iter().filter(|p| !p.phone.is_empty()).map(|p| self.key.of(&p.phone)).collect();
        if plan.promotes {
            let consenting = self.work.consenting(organization, channel, category, keys.clone()).await?;
            willing.consenting = Some(consenting);
        }
        if plan.suppresses {
            willing.suppressed = self.work.suppressed(organization, channel, category, keys).await?;
        }
        Ok(willing)
    }

    fn rows(
        &self,
        people: Vec<PlanCandidate>,
        kept: Vec<bool>,
        plan: &Plan,
        willing: &Willing,
        link: impl Fn(usize) -> String,
    ) -> (Vec<PlannedRow>, StretchSums) {
        let mut facts = plan.event.clone();
        let mut sums =
            StretchSums { units: 0, shared: plan.shared.as_ref().map(|shared| shared.json.clone()) };
        let rows = people
            .into_iter()
            .zip(kept)
            .enumerate()
            .map(|(at, (person, kept))| {
                let left_out = if person.phone.is_empty() {
                    let missing = person.phone_typed.trim().is_empty();
                    Some(if missing { SkipReason::NoPhone } else { SkipReason::InvalidPhone })
                } else if !plan.template.channel().reaches(&person.phone) {
                    Some(SkipReason::InvalidPhone)
                } else if !kept {
                    Some(SkipReason::Duplicate)
                } else {
                    willing.left_out(|| self.key.of(&person.phone))
                };
                let (skip, content) = match left_out {
                    Some(reason) => (Some((reason, String::new())), String::new()),
                    None => match plan.values(&person, || link(at), &mut facts) {
                        Ok((units, content)) => {
                            sums.units += units;
                            (None, content)
                        }
                        Err(error) => (Some((SkipReason::BadValue, error.to_string())), String::new()),
                    },
                };
                PlannedRow {
                    registrant: person.registrant(),
                    name: person.name,
                    recipient: person.phone,
                    skip,
                    content,
                }
            })
            .collect();
        (rows, sums)
    }
}

/// What all stretches of a plan share.
struct Plan {
    template: Message,
    event: Facts,
    suppresses: bool,
    promotes: bool,
    links: bool,
    shared: Option<Shared>,
}

/// Who of a stretch may not be written to, by key.
struct Willing {
    suppressed: HashSet<String>,
    /// Who agreed; `None` when nobody needs to.
    consenting: Option<HashSet<String>>,
}

impl Willing {
    fn left_out(&self, key: impl FnOnce() -> String) -> Option<SkipReason> {
        if self.suppressed.is_empty() && self.consenting.is_none() {
            return None;
        }
        let key = key();
        if self.suppressed.contains(&key) {
            return Some(SkipReason::Suppressed);
        }
        let missing = self.consenting.as_ref().is_some_and(|consenting| !consenting.contains(&key));
        missing.then_some(SkipReason::NoConsent)
    }
}

/// Final values that every message has.
struct Shared {
    json: String,
    units: i64,
}

impl Plan {
    /// What one person's message is charged as, and its final values: empty when they are the same for all.
    fn values(
        &self,
        person: &PlanCandidate,
        link: impl FnOnce() -> String,
        facts: &mut Facts,
    ) -> Result<(i64, String), ValueError> {
        if let Some(shared) = &self.shared {
            return Ok((shared.units, String::new()));
        }
        facts.name.clone_from(&person.name);
        facts.email.clone_from(&person.email);
        facts.phone.clone_from(&person.phone);
        facts.opt_out_link = link();
        let content = self.template.fill(facts)?;
        let units = self.template.segments(&content);
        Ok((units, serde_json::to_string(&content).expect("strings are always JSON")))
    }
}

/// The values that everybody gets, when the template has none of a person. What an earlier stretch fixed stays.
fn shared(template: &Message, event: &Facts, fixed: Option<String>) -> Option<Shared> {
    if template.is_personal() {
        return None;
    }
    let content = match &fixed {
        Some(json) => serde_json::from_str(json).ok()?,
        // A value that is refused leaves everybody out, each with the reason.
        None => template.fill(event).ok()?,
    };
    let units = template.segments(&content);
    let json = fixed.unwrap_or_else(|| serde_json::to_string(&content).expect("strings are always JSON"));
    Some(Shared { json, units })
}

fn frozen(planning: &Planning) -> Result<Message, StoreError> {
    let channel = planning.channel.parse::<Channel>().map_err(|error| error.to_string());
    let template = channel.and_then(|channel| {
        let json = serde_json::from_str(&planning.template).map_err(|error| error.to_string())?;
        Message::from_json(channel, &json).map_err(|error| error.to_string())
    });
    template.map_err(|error| {
        warn!(broadcast.id = %planning.broadcast, "the frozen template of {} cannot be read: {error}", planning.broadcast);
        StoreError::Corrupt { table: "broadcasts", column: "template", value: error }
    })
}

/// Among registrations with one number one gets the message: the one that is not marked as a duplicate, which is what the
/// pages show. `told` is the last number that has its message, over the borders of stretches: should a mark change between
/// two of them, nobody is told twice all the same.
fn one_of_each_number(people: &[PlanCandidate], told: &mut String) -> Vec<bool> {
    let keep = |person: &PlanCandidate| {
        let keep = person.phone.is_empty() || (!person.duplicate && person.phone != *told);
        if keep {
            told.clone_from(&person.phone);
        }
        keep
    };
    people.iter().map(keep).collect()
}
