//! Planning: registrants become rows, in order of number, in stretches of constant size.

use std::collections::HashSet;

use domain::{
    ids::MessageRef,
    message::SkipReason,
    template::{Facts, Source, WhatsappTemplate},
};
use store::{
    StoreError,
    work::{PlanCandidate, PlannedRow, Planning},
};
use tracing::warn;

use crate::Engine;

/// Registrants per stretch: large enough to be cheap, small enough that nobody waits long for the one writer.
const STRETCH: i64 = 4_000;

/// Rows of a stretch, ready to be written.
struct Stretch {
    rows: Vec<PlannedRow>,
    mark: (String, String),
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
                Err(error) => return Err(error),
            }
            self.tell([id]);
            self.wakes.send.notify_one();
        }
        Ok(rows)
    }

    async fn plan_one(&self, mut planning: Planning) -> Result<usize, StoreError> {
        let template: WhatsappTemplate = match serde_json::from_value(planning.template.clone()) {
            Ok(template) => template,
            Err(error) => {
                warn!(broadcast.id = %planning.broadcast, "the frozen template of {} cannot be read: {error}", planning.broadcast);
                return Err(StoreError::Corrupt {
                    table: "broadcasts",
                    column: "template",
                    value: error.to_string(),
                });
            }
        };
        let event = self.work.event_facts(planning.organization, planning.workshop).await?;
        let suppresses = self.work.suppresses(planning.organization).await?;
        let mut written = 0;
        let mut stretch = self.stretch(&planning, &planning.after, 0, &template, &event, suppresses).await?;
        loop {
            let Stretch { rows, mark, last } = stretch;
            let count = rows.len();
            let write = self.work.plan_write(&planning, rows, &mark, last, self.clock.now());
            if last {
                write.await?;
                return Ok(written + count);
            }
            // The next stretch is read and filled in while this one is written.
            let (wrote, next) =
                tokio::join!(write, self.stretch(&planning, &mark, count, &template, &event, suppresses));
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
        // Rows that are being written meanwhile: they come before these.
        under_way: usize,
        template: &WhatsappTemplate,
        event: &Facts,
        suppresses: bool,
    ) -> Result<Stretch, StoreError> {
        let people = self.work.plan_page(planning.workshop, after, STRETCH).await?.people;
        let last = i64::try_from(people.len()).unwrap_or(0) < STRETCH;
        let mark = people.last().map_or_else(|| after.clone(), |p| (p.phone.clone(), p.identity.clone()));
        let suppressed = if suppresses { self.suppressed(planning, &people).await? } else { HashSet::new() };
        let first = planning.planned + i64::try_from(under_way).unwrap_or(0) + 1;
        let link = |at: usize| self.link(template, planning, first + i64::try_from(at).unwrap_or(0));
        Ok(Stretch { rows: self.rows(people, template, event, &suppressed, &after.0, link), mark, last })
    }

    /// The address behind which that message's addressee stops such messages; empty when the template does not want it.
    fn link(&self, template: &WhatsappTemplate, planning: &Planning, position: i64) -> String {
        let Some(make) = self.opt_out_link.as_ref().filter(|_| template.uses(&Source::OptOutLink)) else {
            return String::new();
        };
        make(MessageRef { broadcast: planning.broadcast, position })
    }

    async fn suppressed(
        &self,
        planning: &Planning,
        people: &[PlanCandidate],
    ) -> Result<HashSet<String>, StoreError> {
        let keys = people.iter().filter(|p| !p.phone.is_empty()).map(|p| self.key.of(&p.phone)).collect();
        self.work.suppressed(planning.organization, &planning.channel, &planning.category, keys).await
    }

    /// `carried` is the last number of the stretch before: its one message is planned already.
    fn rows(
        &self,
        people: Vec<PlanCandidate>,
        template: &WhatsappTemplate,
        event: &Facts,
        suppressed: &HashSet<String>,
        carried: &str,
        link: impl Fn(usize) -> String,
    ) -> Vec<PlannedRow> {
        let kept = first_of_each_number(&people);
        let mut facts = event.clone();
        people
            .into_iter()
            .zip(kept)
            .enumerate()
            .map(|(at, (person, kept))| {
                let left_out = if person.phone.is_empty() {
                    let missing = person.phone_typed.trim().is_empty();
                    Some(if missing { SkipReason::NoPhone } else { SkipReason::InvalidPhone })
                } else if !kept || person.phone == carried {
                    Some(SkipReason::Duplicate)
                } else if !suppressed.is_empty() && suppressed.contains(&self.key.of(&person.phone)) {
                    Some(SkipReason::Suppressed)
                } else {
                    None
                };
                let (skip, content) = match left_out {
                    Some(reason) => (Some((reason, String::new())), String::new()),
                    None => {
                        facts.name.clone_from(&person.name);
                        facts.email.clone_from(&person.email);
                        facts.phone.clone_from(&person.phone);
                        facts.opt_out_link = link(at);
                        match template.fill(&facts) {
                            Ok(content) => {
                                (None, serde_json::to_string(&content).expect("strings are always JSON"))
                            }
                            Err(error) => (Some((SkipReason::BadValue, error.to_string())), String::new()),
                        }
                    }
                };
                PlannedRow {
                    registrant: person.registrant(),
                    name: person.name,
                    recipient: person.phone,
                    skip,
                    content,
                }
            })
            .collect()
    }
}

/// Among registrations with one number the first to register is kept (product.md, Rules when sending, 5).
fn first_of_each_number(people: &[PlanCandidate]) -> Vec<bool> {
    let mut kept = Vec::with_capacity(people.len());
    for group in people.chunk_by(|a, b| a.phone == b.phone) {
        let first = group.iter().map(|p| (p.registered_at, p.registrant())).min();
        kept.extend(
            group.iter().map(|p| p.phone.is_empty() || Some((p.registered_at, p.registrant())) == first),
        );
    }
    kept
}
