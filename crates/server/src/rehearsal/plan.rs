//! The plan of the sample organisation's workshop of this evening: a step that went out, and those that come.

use domain::{
    channel::Channel,
    ids::{TemplateId, WorkshopId},
    sequence::{Anchor, LateRule, Step, StepAudience, StepKey, Timing, Until},
    time::{Millis, Zone},
};
use store::{
    plans::{PlanChoice, StepRun},
    sequences::SequenceDraft,
};

use super::Stage;

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

/// The steps: the first is due at this minute.
fn samples(minute: i64) -> [Sample; 5] {
    let before = |minutes| (Anchor::Start, Timing::before(minutes));
    let sample = |key, channel, template, purpose, (anchor, timing), audience| Sample {
        key,
        channel,
        template,
        purpose,
        anchor,
        timing,
        audience,
    };
    let (personal, everyone) = (Channel::WhatsappPersonal, StepAudience::NotTold);
    [
        sample(
            SEAT,
            personal,
            "Seat confirmed",
            "link",
            (Anchor::Start, Timing::At { days: 0, minute }),
            everyone.clone(),
        ),
        sample("hour-before", personal, "1-hour reminder", "last reminder", before(60), everyone),
        sample(
            "not-reached",
            Channel::Sms,
            "Workshop today, by name",
            "last reminder",
            before(30),
            StepAudience::NotReached(personal),
        ),
        sample(
            "groups",
            Channel::WhatsappGroup,
            "Starting time and link",
            "start",
            before(10),
            StepAudience::Everyone,
        ),
        sample(
            "next-batch",
            Channel::Sms,
            "Next batch",
            "next batch",
            (Anchor::End, Timing::At { days: 1, minute: 11 * 60 }),
            StepAudience::Everyone,
        ),
    ]
}

/// Runs the sequence for the workshop; as what the broadcast of its first step is to be confirmed.
pub(super) async fn furnish_plan(
    stage: &Stage,
    workshop: WorkshopId,
    now: Millis,
) -> anyhow::Result<StepRun> {
    let org = &stage.org;
    let minute = Zone::india().minute_of_day(now);
    let mut steps = Vec::new();
    for sample in samples(minute) {
        let templates = org.templates(sample.channel).await?;
        let template = templates.iter().find(|one| one.name == sample.template);
        let template = anyhow::Context::context(template, "a template of the sample is gone")?;
        steps.push(sample.step(template.id));
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
    let (row, due) = anyhow::Context::context(due, "the first step of the sample has no row")?;
    Ok(StepRun::First { row, due, late: true, rung: None })
}
