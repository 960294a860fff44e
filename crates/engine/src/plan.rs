//! Planning: registrants become rows, in order of number, in stretches of constant size. A stretch, its counts and the
//! mark of how far planning came are one transaction. A process that plans the same broadcast gets `Stale` and lets go.

use compose::{Audience, DecidedPerson, OwnLinks};
use domain::{
    audience::{Decision, OnePerNumber, Rules},
    broadcast::Addressee,
    channel::Channel,
    ids::{MessageRef, RegistrantId},
    outcome::ProviderAnswer,
    reason::OwnReason,
    template::{Content, Message},
};
use store::{
    StoreError,
    audience::AudienceCursor,
    work::{PlannedRow, Planning, StretchSums},
};
use tracing::warn;

use crate::Engine;

/// Rows of a stretch, ready to be written.
struct Stretch {
    rows: Vec<PlannedRow>,
    sums: StretchSums,
    mark: AudienceCursor,
    /// Who has their number's message so far.
    each: OnePerNumber,
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
                    let words = "What it was confirmed with cannot be read. Confirm it anew.";
                    let said = ProviderAnswer::new(OwnReason::Template, words);
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
        let mut audience = self.audience(&mut planning).await?;
        let mut written = 0;
        // A plan that was cut off may have given a message to the number that the next stretch begins with.
        let last = &planning.after.0;
        let has_it = self.work.is_planned(planning.broadcast, last).await?;
        let each = OnePerNumber::after(if has_it { last.clone() } else { String::new() });
        let mut stretch = self.stretch(&planning, &planning.after, each, 0, &mut audience).await?;
        loop {
            let Stretch { rows, sums, mark, each, last } = stretch;
            let count = rows.len();
            let write = self.work.plan_write(&planning, rows, &sums, &mark, last, self.clock.now());
            if last {
                write.await?;
                return Ok(written + count);
            }
            // The next stretch is read and filled in while this one is written.
            let (wrote, next) =
                tokio::join!(write, self.stretch(&planning, &mark, each, count, &mut audience));
            wrote?;
            stretch = next?;
            written += count;
            planning.planned += i64::try_from(count).unwrap_or(0);
            planning.after = mark;
        }
    }

    /// Whom the broadcast is for, and the rules of its frozen template.
    async fn audience(&self, planning: &mut Planning) -> Result<Audience, StoreError> {
        let template = frozen(planning)?;
        let reader = self.work.audience_reader(planning.organization);
        let channel = template.channel();
        let rules = Rules::new(template, reader.event(planning.workshop).await?);
        // What an earlier stretch fixed stays.
        let fixed = planning.shared.take().and_then(|json| Content::from_json(channel, &json).ok());
        let rules = match fixed {
            Some(content) => rules.with_fixed(content),
            None => rules,
        };
        Audience::of(reader, self.key.clone(), planning.selection.clone(), rules).await
    }

    async fn stretch(
        &self,
        planning: &Planning,
        after: &AudienceCursor,
        mut each: OnePerNumber,
        // Rows that are being written meanwhile: they come before these.
        under_way: usize,
        audience: &mut Audience,
    ) -> Result<Stretch, StoreError> {
        let stretch = self.limits.stretch.max(1);
        let first = planning.planned + i64::try_from(under_way).unwrap_or(0) + 1;
        let links = |at: usize, whose: RegistrantId| OwnLinks {
            opt_out: self.link(planning, first + i64::try_from(at).unwrap_or(0)),
            join: self.join_link.as_ref().map_or_else(String::new, |make| make(whose).0),
        };
        let limit = i64::try_from(stretch).unwrap_or(i64::MAX);
        let people = audience.stretch(after, limit, &mut each, links).await?;
        let last = people.len() < stretch;
        let mark = people.last().map_or_else(|| after.clone(), |judged| judged.person.place());
        let shared = audience.rules().same_for_all().map(json);
        let join_codes = match self.join_link.as_ref().filter(|_| audience.rules().wants_join_link()) {
            Some(make) => people
                .iter()
                .filter(|judged| matches!(judged.decision, Decision::Recipient(_)))
                .map(|judged| judged.person.registrant())
                .map(|whose| (whose, make(whose).1))
                .collect(),
            None => Vec::new(),
        };
        let mut sums = StretchSums { units: 0, shared, join_codes };
        let rows = people.into_iter().map(|judged| row(judged, &mut sums)).collect();
        Ok(Stretch { rows, sums, mark, each, last })
    }

    /// The address behind which that message's addressee stops such messages; empty where nobody makes links.
    fn link(&self, planning: &Planning, position: i64) -> String {
        let Some(make) = self.opt_out_link.as_ref() else { return String::new() };
        make(MessageRef { broadcast: planning.broadcast, position })
    }
}

/// A decision about a person, as a row of the plan.
fn row(DecidedPerson { person, decision }: DecidedPerson, sums: &mut StretchSums) -> PlannedRow {
    let (skip, content, units) = match decision {
        Decision::Recipient(recipient) => {
            sums.units += recipient.units;
            (None, recipient.content.as_ref().map_or(String::new(), json), recipient.units)
        }
        Decision::Excluded(excluded) => {
            let words = excluded.value.map_or(String::new(), |error| error.to_string());
            (Some((excluded.reason, words)), String::new(), 0)
        }
    };
    let addressee = Addressee::Registrant(person.registrant());
    PlannedRow { addressee, name: person.name, recipient: person.phone, skip, content, units }
}

fn json(content: &Content) -> String {
    serde_json::to_string(content).expect("strings are always JSON")
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
