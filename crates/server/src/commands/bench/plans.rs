//! Plans: whether looking for due steps takes as long among a million rows as among few, how soon the first call of a step begins when a
//! thousand are due in one minute, and how long a large plan takes to be shown and to be rehearsed.

use std::{collections::HashMap, sync::Arc, time::Instant};

use anyhow::{Context, ensure};
use clap::Args;
use compose::Caller;
use domain::{
    channel::Channel,
    ids::{SequenceId, TemplateId, WorkshopId},
    rehearsal::{RehearsalState, Weather},
    sequence::{Anchor, CostCaps, LateRule, Rung, STEPS_MAX, Step, StepAudience, StepKey, Timing, Until},
    template::Message,
    time::{DAY, HOUR, MINUTE, Millis, SECOND, WallClock},
};
use serde_json::json;
use store::{
    Actor,
    broadcasts::{Broadcast, BroadcastFilter},
    messages::MessageFilter,
    plans::{PlanChoice, PlanRow},
    sequences::SequenceDraft,
};

use super::{Board, pages, sends};
use crate::{
    app::App,
    config::Config,
    play::{self, Request, Script},
    rehearsal::{Stage, connect_calls, sample_script, settled, sms_templates, templates},
};

/// Looks whose median is told.
const LOOKS: usize = 41;
/// Steps of the plan that is shown.
const SHOWN_STEPS: i64 = 20;
/// Steps are due so long after everything stands.
const AHEAD_MS: i64 = 2 * MINUTE;
/// A rehearsal of the large size is waited for so long at most, in seconds.
const REHEARSAL_S: f64 = 300.0;
/// Nobody waits longer for the last of them.
const LONGEST_MS: i64 = 5 * MINUTE;
/// The first call of a step is among so many of its messages, since some people are left out.
const FIRST_ROWS: i64 = 50;

/// How large.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Plans {
    /// With plans: rows of other workshops' plans
    #[arg(long, default_value_t = 1_000_000)]
    plan_rows: usize,
    /// With plans: steps that are due in one minute
    #[arg(long, default_value_t = 1_000)]
    due_steps: usize,
    /// With plans: people of each of these
    #[arg(long, default_value_t = 20)]
    step_people: usize,
    /// With plans: people of the one large step, and of the plan that is shown
    #[arg(long, default_value_t = 20_000)]
    large_step: usize,
}

struct Bench<'a> {
    app: &'a App,
    stage: Stage,
    template: TemplateId,
    /// People registered so far: each has a number of their own.
    people: usize,
}

pub(super) async fn run(mut config: Config, args: &Plans, board: &mut Board) -> anyhow::Result<()> {
    let null = sandbox::null::start().await?;
    config.providers = providers::Urls::all_at(&null.url());
    let app = App::open(config, Arc::new(WallClock)).await?;
    ensure!(!app.store.access().has_users().await?, "the database is not empty; bench wants a fresh one");
    let stage = sends::stage(&app).await?;
    let (name, template) = templates().swap_remove(1);
    let body = serde_json::to_value(&template)?;
    let template = stage.org.add_template(Channel::WhatsappPersonal, name, &body, app.clock.now()).await?;
    let mut bench = Bench { app: &app, stage, template, people: 0 };
    bench.looks(args, board).await?;
    bench.shown(args, board).await?;
    bench.many_due(args, board).await?;
    let told = bench.one_large(args, board).await?;
    bench.shown_behind(told, board).await?;
    bench.rehearsed(args, board).await?;
    app.store.close().await;
    null.stop().await;
    Ok(())
}

impl Bench<'_> {
    fn step(&self, key: &str, timing: Timing) -> Step {
        Step {
            key: StepKey::stored(key.to_owned()),
            label: String::new(),
            channel: Channel::WhatsappPersonal,
            template: self.template,
            account: Some(self.stage.integration),
            anchor: Anchor::Start,
            timing,
            purpose: "reminder".to_owned(),
            until: Until::Minutes(60),
            audience: StepAudience::Everyone,
            late: LateRule::Skip,
            wait_out_quiet: false,
            rung: None,
        }
    }

    async fn sequence(&self, name: &str, steps: Vec<Step>) -> anyhow::Result<SequenceId> {
        let draft = SequenceDraft { name: name.to_owned(), description: String::new(), steps };
        Ok(self.stage.org.add_sequence(&draft, self.app.clock.now()).await?)
    }

    async fn workshop(&mut self, title: &str, starts: Millis, people: usize) -> anyhow::Result<WorkshopId> {
        let now = self.app.clock.now();
        let id = self.stage.workshop(title, starts, "https://meet.example/x", now).await?;
        self.stage.register(id, settled(self.people, people), now).await?;
        self.people += people;
        Ok(id)
    }

    async fn plan(&self, workshop: WorkshopId, sequence: SequenceId) -> anyhow::Result<()> {
        let choice = PlanChoice::default();
        self.stage.org.write_plan(workshop, sequence, 1, &choice, self.app.clock.now()).await?;
        Ok(())
    }

    /// One look of the scheduler that finds nothing, among few rows and among many.
    async fn looks(&mut self, args: &Plans, board: &mut Board) -> anyhow::Result<()> {
        let minute = |at: usize| i64::try_from(at).unwrap_or(0);
        let steps = (0..STEPS_MAX).map(|at| self.step(&format!("s{at}"), Timing::before(60 + minute(at))));
        let sequence = self.sequence("Long", steps.collect()).await?;
        let workshops = args.plan_rows.div_ceil(STEPS_MAX);
        let few = workshops.div_ceil(100);
        let starts = self.app.clock.now().plus(30 * DAY);
        let (mut first, began) = (0.0, Instant::now());
        for at in 0..workshops {
            if at == few {
                first = self.look_ms().await?;
            }
            let id = self.workshop(&format!("Far {at}"), starts.plus(minute(at) * MINUTE), 0).await?;
            self.plan(id, sequence).await?;
        }
        let rows = (workshops * STEPS_MAX) as f64;
        board.note("plans: rows written", rows / super::seconds(began), "rows/s", None)?;
        self.app.engine.work().renew_statistics().await?;
        let last = self.look_ms().await?;
        board.note("plans: a look among a hundredth of the rows", first, "ms", None)?;
        board.note("plans: a look among all rows", last, "ms", None)?;
        // Below a tenth of a millisecond a ratio says nothing but how the machine jitters.
        let ratio = last.max(0.1) / first.max(0.1);
        board.note("plans: the second as a multiple of the first", ratio, "×", Some(('≤', 2.0)))
    }

    async fn look_ms(&self) -> anyhow::Result<f64> {
        let mut times = Vec::with_capacity(LOOKS);
        for _ in 0..LOOKS {
            let began = Instant::now();
            self.app.engine.schedule().await?;
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[LOOKS / 2])
    }

    /// A plan of many steps and people, before it runs and while it does.
    async fn shown(&mut self, args: &Plans, board: &mut Board) -> anyhow::Result<()> {
        let starts = self.app.clock.now().plus(10 * DAY);
        let workshop = self.workshop("Shown", starts, args.large_step).await?;
        let steps: Vec<Step> =
            (1..=SHOWN_STEPS).map(|at| self.step(&format!("p{at}"), Timing::before(at * 60))).collect();
        let sequence = self.sequence("Shown", steps.clone()).await?;
        let ms = self.preview_ms(workshop, &steps, &[]).await?;
        // All of it at once: times and counts have 100 ms, the cost a second.
        board.note("plans: preview with times, counts and cost", ms, "ms", Some(('≤', 100.0)))?;
        self.plan(workshop, sequence).await?;
        let cookie = pages::session(self.app).await?;
        let page = format!("/workshops/{workshop}/plan");
        let ms = pages::median_ms(self.app, &page, &cookie).await?;
        board.note("plans: axis page, server time", ms, "ms", Some(('≤', 20.0)))?;
        let ms = pages::median_ms(self.app, "/calendar", &cookie).await?;
        board.note("plans: calendar of the week, server time", ms, "ms", Some(('≤', 20.0)))
    }

    async fn caller(&self) -> anyhow::Result<Caller> {
        let org = self.app.store.org(Actor::command_line(self.stage.org.actor().organization));
        let settings = org.organization().await?;
        Ok(Caller::new(org, settings, self.app.clock.now()))
    }

    /// The median of some previews of these steps for a workshop, with the rows of its plan.
    async fn preview_ms(
        &self,
        workshop: WorkshopId,
        steps: &[Step],
        rows: &[PlanRow],
    ) -> anyhow::Result<f64> {
        let caller = self.caller().await?;
        let found = caller.org.workshop(workshop).await?;
        let zone = caller.organization.zone.clone();
        let mut times = Vec::new();
        for _ in 0..7 {
            let began = Instant::now();
            let previews = self.app.composer.preview(&caller, &found, steps, &zone, rows).await?;
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
            ensure!(previews.iter().all(|one| one.people.is_some()), "the preview does not count a step");
            ensure!(previews.iter().any(|one| one.people > Some(0)), "the preview counts nobody");
        }
        times.sort_by(f64::total_cmp);
        Ok(times[3])
    }

    /// A plan of many steps behind one that told everybody: who was told already is looked up.
    async fn shown_behind(&mut self, workshop: WorkshopId, board: &mut Board) -> anyhow::Result<()> {
        let own = |at: i64| {
            let step = self.step(&format!("b{at}"), Timing::after(at));
            match at % 2 {
                0 => Step { audience: StepAudience::NotTold, purpose: "link".to_owned(), ..step },
                _ => step,
            }
        };
        let steps: Vec<Step> = (1..=SHOWN_STEPS).map(own).collect();
        let plan = self.stage.org.plan_of(workshop).await?.context("the large step has a plan")?;
        let ms = self.preview_ms(workshop, &steps, &plan.rows).await?;
        board.note("plans: preview behind a step that told everybody", ms, "ms", Some(('≤', 1_000.0)))
    }

    /// A reach ladder on three channels, played for many people on a usual day.
    async fn rehearsed(&mut self, args: &Plans, board: &mut Board) -> anyhow::Result<()> {
        let now = self.app.clock.now();
        let lines = json!({ "lines": 200, "per_minute": 600 });
        let calls = connect_calls(self.app, &mut self.stage, None, (&lines, 10), now).await?;
        let org = &self.stage.org;
        let text = Message::from(sms_templates()?.swap_remove(0).1);
        let text = org.add_template(Channel::Sms, "Text", &text.to_json(), now).await?;
        let script = Message::from(sample_script(text)).to_json();
        let script = org.add_template(Channel::IvrCall, "Call", &script, now).await?;
        let rung = |(channel, template, account, minutes)| Step {
            channel,
            template,
            account: Some(account),
            until: Until::At(Anchor::Start, Timing::before(0)),
            rung: Some(Rung { ladder: StepKey::stored("reach".to_owned()), caps: CostCaps::default() }),
            ..self.step(&format!("rung{minutes}"), Timing::before(minutes))
        };
        let steps = [
            (Channel::WhatsappPersonal, self.template, self.stage.integration, 180),
            (Channel::Sms, text, self.stage.sms, 150),
            (Channel::IvrCall, script, calls, 120),
        ];
        let sequence = self.sequence("Reach", steps.map(rung).to_vec()).await?;
        // At noon two days from now: calls have hours.
        let starts = Millis((now.0 / DAY + 2) * DAY).plus(9 * HOUR);
        let workshop = self.workshop("Rehearsed", starts, args.large_step).await?;
        self.plan(workshop, sequence).await?;
        let caller = self.caller().await?;
        let found = caller.org.workshop(workshop).await?;
        let script = Script { weather: Weather::Usual, ..Script::smooth() };
        let request = Request { script, sequence: None };
        let began = Instant::now();
        let begun = play::begin(&caller, &found, request, self.app.clock.now()).await?;
        let report = play::play(self.app, begun, |_, _| {}).await;
        let kept = caller.org.rehearsal_of(workshop).await?.context("a rehearsal is kept")?;
        ensure!(kept.state == RehearsalState::Done, "the rehearsal did not end: {}", kept.why);
        let ladder = report.ladders.first().context("the ladder was not played")?;
        let messages = report.counts().went() as f64;
        ensure!(ladder.people == i64::try_from(args.large_step)?, "the ladder is for {}", ladder.people);
        ensure!(report.steps.iter().all(|step| step.counts.went() > 0), "a rung told nobody: {report:?}");
        board.note("plans: messages and calls of a rehearsed ladder", messages, "messages", None)?;
        board.note("plans: that rehearsal", super::seconds(began), "s", Some(('≤', REHEARSAL_S)))
    }

    /// Many small steps in one minute.
    async fn many_due(&mut self, args: &Plans, board: &mut Board) -> anyhow::Result<()> {
        let sequence = self.sequence("Soon", vec![self.step("soon", Timing::before(60))]).await?;
        let mut made = Vec::with_capacity(args.due_steps);
        // Their moments are set when all of them are there.
        let far = self.app.clock.now().plus(5 * DAY);
        for at in 0..args.due_steps {
            made.push(self.workshop(&format!("Soon {at}"), far, args.step_people).await?);
        }
        let due = self.app.clock.now().plus(AHEAD_MS);
        let spread = 55 * SECOND / i64::try_from(args.due_steps.max(1)).unwrap_or(1).max(1);
        let mut dues = HashMap::new();
        for (at, workshop) in made.iter().enumerate() {
            let own = due.plus(i64::try_from(at).unwrap_or(0) * spread);
            self.move_to(*workshop, own.plus(HOUR)).await?;
            self.plan(*workshop, sequence).await?;
            dues.insert(*workshop, own);
        }
        let latencies = self.first_calls(&dues).await?;
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies[place.min(latencies.len() - 1)]
        };
        board.note("plans: steps due within one minute", latencies.len() as f64, "steps", None)?;
        board.note("plans: first call after the moment, middle", at(0.5), "ms", None)?;
        board.note("plans: first call after the moment, 99th of 100", at(0.99), "ms", Some(('≤', 250.0)))
    }

    /// One step of many people; whose workshop it is.
    async fn one_large(&mut self, args: &Plans, board: &mut Board) -> anyhow::Result<WorkshopId> {
        let sequence = self.sequence("Large", vec![self.step("large", Timing::before(60))]).await?;
        let far = self.app.clock.now().plus(5 * DAY);
        let workshop = self.workshop("Large", far, args.large_step).await?;
        let due = self.app.clock.now().plus(AHEAD_MS);
        self.move_to(workshop, due.plus(HOUR)).await?;
        self.plan(workshop, sequence).await?;
        let latency = self.first_calls(&HashMap::from([(workshop, due)])).await?;
        board.note("plans: first call of the large step", latency[0], "ms", Some(('≤', 250.0)))?;
        Ok(workshop)
    }

    async fn move_to(&self, workshop: WorkshopId, starts_at: Millis) -> anyhow::Result<()> {
        let of = self.stage.org.workshop(workshop).await?;
        let draft = store::workshops::WorkshopDraft {
            title: of.title,
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: of.join_link,
            tag: of.tag.map(|tag| tag.id),
        };
        self.stage.org.edit_workshop(workshop, &draft, self.app.clock.now()).await?;
        Ok(())
    }

    /// Runs the engine until each step has gone; how long after its moment each began, the shortest first, in milliseconds.
    async fn first_calls(&self, dues: &HashMap<WorkshopId, Millis>) -> anyhow::Result<Vec<f64>> {
        let sending = self.app.start_sending("bench").await?;
        let last = dues.values().max().copied().unwrap_or_default().plus(LONGEST_MS);
        let mut latencies = Vec::with_capacity(dues.len());
        for (workshop, due) in dues {
            let filter = BroadcastFilter { workshop: Some(*workshop), ..BroadcastFilter::default() };
            let called = loop {
                let made: Vec<Broadcast> = self.stage.org.broadcasts(&filter, 1).await?;
                if let Some(one) = made.first() {
                    let filter = MessageFilter::default();
                    let rows = self.stage.org.messages(one.id, &filter, 0, FIRST_ROWS).await?;
                    if let Some(at) = rows.iter().filter_map(|row| row.started_at).min() {
                        break at;
                    }
                }
                ensure!(self.app.clock.now() < last, "a step has not gone in time");
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            };
            latencies.push(called.since(*due) as f64);
        }
        sending.stop().await;
        ensure!(latencies.iter().all(|ms| *ms >= 0.0), "a call began before its moment");
        latencies.sort_by(f64::total_cmp);
        latencies.first().context("no step was due")?;
        Ok(latencies)
    }
}
