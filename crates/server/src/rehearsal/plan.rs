//! The plan of the sample organisation's workshop of this evening: a step that went out, and those that come.

use anyhow::Context;
use domain::{
    channel::Channel,
    ids::{TemplateId, WorkshopId},
    money::Money,
    sequence::{Anchor, CostCaps, Ladder, LadderRung, LateRule, Step, StepAudience, StepKey, Timing, Until},
    time::{Millis, Zone},
};
use store::{
    plans::{PlanChoice, StepRun},
    sequences::SequenceDraft,
};

use super::{Stage, calls::TEMPLATE as CALL};

/// What the sequence is called, and what it is for.
const NAME: (&str, &str) = ("Evening class", "What everybody is told around a class in the evening.");
/// The step that has gone out.
const SEAT: &str = "seat";

/// A step of the sample: key, channel, template, purpose, and who gets it.
struct Sample {
    key: &'static str,
    channel: Channel,
    template: &'static str,
    purpose: &'static str,
    anchor: Anchor,
    timing: Timing,
    audience: StepAudience,
}

impl Sample {
    fn step(&self, template: TemplateId) -> Step {
        Step {
            key: StepKey::stored(self.key.to_owned()),
            label: String::new(),
            channel: self.channel,
            template,
            account: None,
            anchor: self.anchor,
            timing: self.timing,
            purpose: self.purpose.to_owned(),
            until: Until::default(),
            audience: self.audience.clone(),
            late: LateRule::NewestOnly,
            wait_out_quiet: false,
            rung: None,
        }
    }
}

/// The steps beside the ladder: the first is due at this minute.
fn samples(minute: i64) -> [Sample; 3] {
    [
        Sample {
            key: SEAT,
            channel: Channel::WhatsappPersonal,
            template: "Seat confirmed",
            purpose: "link",
            anchor: Anchor::Start,
            timing: Timing::At { days: 0, minute },
            audience: StepAudience::NotTold,
        },
        Sample {
            key: "groups",
            channel: Channel::WhatsappGroup,
            template: "Starting time and link",
            purpose: "start",
            anchor: Anchor::Start,
            timing: Timing::before(10),
            audience: StepAudience::Everyone,
        },
        Sample {
            key: "next-batch",
            channel: Channel::Sms,
            template: "Next batch",
            purpose: "next batch",
            anchor: Anchor::End,
            timing: Timing::At { days: 1, minute: 11 * 60 },
            audience: StepAudience::Everyone,
        },
    ]
}

/// The first rung of the ladder, an hour before the start; the next ones wait a quarter of an hour each.
const REACH: Sample = Sample {
    key: "reach",
    channel: Channel::WhatsappPersonal,
    template: "1-hour reminder",
    purpose: "last reminder",
    anchor: Anchor::Start,
    timing: Timing::Offset { days: 0, minutes: -60 },
    audience: StepAudience::NotTold,
};
const NEXT_RUNGS: [(&str, Channel, &str); 2] =
    [("reach-sms", Channel::Sms, "Workshop today, by name"), ("reach-call", Channel::IvrCall, CALL)];
const WAIT_MINUTES: i64 = 15;

/// The steps of a ladder that reaches everybody before the class begins. Where the program makes no calls, it has no
/// rung of calls.
async fn ladder(stage: &Stage) -> anyhow::Result<Vec<Step>> {
    let shared = REACH.step(template_of(stage, REACH.channel, REACH.template).await?);
    let shared = Step { until: Until::At(Anchor::Start, Timing::before(0)), ..shared };
    let mut rungs = vec![LadderRung {
        key: shared.key.clone(),
        channel: shared.channel,
        template: shared.template,
        account: None,
        wait_minutes: 0,
    }];
    for (key, channel, template) in NEXT_RUNGS.into_iter().filter(|(_, channel, _)| channel.sends()) {
        rungs.push(LadderRung {
            key: StepKey::stored(key.to_owned()),
            channel,
            template: template_of(stage, channel, template).await?,
            account: None,
            wait_minutes: WAIT_MINUTES,
        });
    }
    let key = StepKey::stored("everybody".to_owned());
    let caps = CostCaps { per_person: Some(Money::rupees(2)), in_all: Some(Money::rupees(400)) };
    Ok(Ladder { shared, key, caps, rungs }.steps())
}

async fn template_of(stage: &Stage, channel: Channel, name: &str) -> anyhow::Result<TemplateId> {
    let templates = stage.org.templates(channel).await?;
    let template = templates.iter().find(|one| one.name == name);
    Ok(template.with_context(|| format!("the sample has no template “{name}”"))?.id)
}

/// Runs the sequence for the workshop; as what the broadcast of its first step is to be confirmed.
pub(super) async fn furnish_plan(
    stage: &Stage,
    workshop: WorkshopId,
    now: Millis,
) -> anyhow::Result<StepRun> {
    let org = &stage.org;
    let minute = Zone::india().minute_of_day(now);
    let mut steps = ladder(stage).await?;
    for sample in samples(minute) {
        steps.push(sample.step(template_of(stage, sample.channel, sample.template).await?));
    }
    let (name, description) = NAME;
    let draft = SequenceDraft { name: name.to_owned(), description: description.to_owned(), steps };
    let sequence = org.add_sequence(&draft, now).await?;
    let seat = StepKey::stored(SEAT.to_owned());
    let choice = PlanChoice { include: vec![seat.clone()], leave_out: vec![] };
    org.write_plan(workshop, sequence, 1, &choice, now).await?;
    let plan = org.plan_of(workshop).await?;
    let row = plan.and_then(|plan| plan.rows.into_iter().find(|row| row.key == seat));
    let due = row.as_ref().and_then(|row| Some((row.id, row.due?)));
    let (row, due) = due.context("the first step of the sample has no row")?;
    Ok(StepRun::First { row, due, version: 1, late: true, rung: None })
}
