//! Registering, planning and sending, small and large, and a small broadcast beside a large one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    broadcast::BroadcastStatus,
    ids::{BroadcastId, WorkshopId},
    message::MessageState,
    pace::Pace,
    template::Message,
    time::HOUR,
};
use engine::{Limits, Sender};
use providers::{Http, HttpSettings, http::Endpoint};
use sandbox::null::Null;

use super::{Bench, Board, resident_mb, seconds};
use crate::{
    app::App,
    rehearsal::{Stage, crowd, sms_templates, templates},
};

/// Who the bench is.
pub(crate) const ADMIN: &str = "bench@example.com";
/// What later measurements look at.
pub(crate) struct Made {
    pub(crate) stage: Stage,
    pub(crate) large: BroadcastId,
    /// The SMS with one text for all.
    pub(crate) texts: BroadcastId,
    pub(crate) workshop: WorkshopId,
}

/// Calls per second of the HTTP client alone, as many at once as the engine has them: a body made once, nothing kept.
pub(crate) async fn raw(null: &Null, calls: usize) -> anyhow::Result<f64> {
    let http = Http::new(HttpSettings { local_targets: true, ..HttpSettings::default() })?;
    let to = Arc::new(Endpoint::parse(&format!("{}/v2", null.url()))?);
    let body = br#"{"apiKey":"TEST","campaignName":"workshop_today","destination":"+919000000001","userName":"Asha Test","source":"munadi","templateParams":["Asha","Rust for Beginners","7:00 PM"],"buttons":[],"carouselCards":[],"location":{},"attributes":{},"paramsFallbackValue":{}}"#;
    let left = Arc::new(AtomicUsize::new(calls));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..Limits::default().calls_in_flight_max {
        let (http, to, left) = (http.clone(), Arc::clone(&to), Arc::clone(&left));
        tasks.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                let answer = http.post(&to, body.to_vec(), None).await;
                debug_assert!(answer.is_ok_and(|a| a.status == 200));
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    Ok(calls as f64 / seconds(start))
}

/// An organisation with accounts whose pace is no limit.
pub(crate) async fn stage(app: &App) -> anyhow::Result<Stage> {
    let pace = Pace { per_second: 1_000_000, per_day: 0 };
    Stage::set_up(app, "Bench", "Bench", ADMIN, pace).await
}

pub(crate) async fn run(app: &App, args: &Bench, raw: f64, board: &mut Board) -> anyhow::Result<Made> {
    let stage = stage(app).await?;
    let now = app.clock.now();
    let warm = people(app, &stage, "Warm", 5_000).await?;
    send(app, &stage, warm, &whatsapp()).await?;
    let few = people(app, &stage, "Few", args.few).await?;
    let start = Instant::now();
    let workshop = people(app, &stage, "Many", args.people).await?;
    board.note("people registered (store alone)", args.people as f64 / seconds(start), "rows/s", None)?;

    let small = send(app, &stage, few, &whatsapp()).await?;
    board.note("durable sends, small broadcast", small.per_second, "/s", None)?;

    let watch = Watch::start();
    let large = send(app, &stage, workshop, &whatsapp()).await?;
    let peak = watch.stop();
    board.note("planning", large.planned_per_second, "rows/s", Some(('≥', 150_000.0)))?;
    board.note("durable sends, large broadcast", large.per_second, "/s", None)?;
    let bar = if app.store.is_shared() { 0.35 } else { 0.50 };
    board.note(
        "durable sends, as a part of the raw rate",
        large.per_second / raw,
        "of raw",
        Some(('≥', bar)),
    )?;
    board.note(
        "cost per message, large against small",
        small.per_second / large.per_second,
        "times",
        Some(('≤', 1.2)),
    )?;
    board.note(
        "memory during the large broadcast (null provider included)",
        peak,
        "MB",
        Some(('≤', 60.0)),
    )?;

    // Before the engine's own loops have run and ended: a run that has ended starts no call.
    let texts = sms(app, &stage, workshop, args, raw, board).await?;
    let ten = people(app, &stage, "Ten", 10).await?;
    board.note(
        "ten people beside the large one, to the last",
        beside(app, &stage, workshop, ten).await?,
        "s",
        Some(('≤', 2.0)),
    )?;
    debug_assert!(app.clock.now() >= now);
    Ok(Made { stage, large: large.id, texts, workshop })
}

pub(crate) fn whatsapp() -> Message {
    templates().swap_remove(1).1.into()
}

/// SMS is measured twice: with a text for each person, as WhatsApp is, and with one text for all in requests of many
/// numbers. The second also looks for people who had an SMS within the last two minutes.
async fn sms(
    app: &App,
    stage: &Stage,
    many: WorkshopId,
    args: &Bench,
    raw: f64,
    board: &mut Board,
) -> anyhow::Result<BroadcastId> {
    let mut texts = sms_templates()?;
    let (same, personal) = (texts.swap_remove(1).1.into(), texts.swap_remove(0).1.into());
    let few = people_after(app, stage, "Texts", args.people, args.texts).await?;
    let each = send(app, stage, few, &personal).await?;
    board.note("SMS, a text for each", each.per_second, "/s", None)?;
    let bar = if app.store.is_shared() { 0.35 } else { 0.50 };
    board.note(
        "SMS, a text for each, as a part of the raw rate",
        each.per_second / raw,
        "of raw",
        Some(('≥', bar)),
    )?;
    let large = send(app, stage, many, &same).await?;
    board.note("SMS, one text, planning", large.planned_per_second, "rows/s", None)?;
    let bar = (!app.store.is_shared()).then_some(('≥', 50_000.0));
    board.note("SMS, one text in requests of 100", large.per_second, "/s", bar)?;
    Ok(large.id)
}

pub(crate) async fn people(app: &App, stage: &Stage, title: &str, n: usize) -> anyhow::Result<WorkshopId> {
    people_after(app, stage, title, 0, n).await
}

/// As [`people`], with numbers after the first `used`: two SMS to one number would keep two minutes apart.
async fn people_after(
    app: &App,
    stage: &Stage,
    title: &str,
    used: usize,
    n: usize,
) -> anyhow::Result<WorkshopId> {
    let now = app.clock.now();
    let workshop = stage.workshop(title, now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    stage.register(workshop, crowd(used + n, now).skip(used), now).await?;
    Ok(workshop)
}

pub(crate) struct Sent {
    id: BroadcastId,
    pub(crate) per_second: f64,
    planned_per_second: f64,
}

/// Plans and sends to everybody of a workshop through the engine's own loops, turned as fast as they go.
pub(crate) async fn send(
    app: &App,
    stage: &Stage,
    workshop: WorkshopId,
    message: &Message,
) -> anyhow::Result<Sent> {
    let now = app.clock.now();
    let id = stage.confirm(workshop, "Bench", message, now, now.plus(19 * HOUR), now).await?;
    let start = Instant::now();
    let planned = app.engine.plan().await?;
    let planned_per_second = planned as f64 / seconds(start);
    let start = Instant::now();
    let mut sender = Sender::new(app.engine.clone(), 1);
    sender.turn_until_idle().await?;
    let took = seconds(start);
    app.engine.settle().await?;
    let truth = stage.org.broadcast(id).await?;
    let sent = truth.in_state(MessageState::Sent);
    anyhow::ensure!(
        truth.status == BroadcastStatus::Completed && sent == truth.planned,
        "the broadcast did not end as it should: {sent} of {} handed over, {} ({})",
        truth.planned,
        truth.status,
        truth.stop_text
    );
    Ok(Sent { id, per_second: sent as f64 / took, planned_per_second })
}

/// Seconds from the confirmation of ten people to the last of them, while the large broadcast runs on the same account.
async fn beside(app: &App, stage: &Stage, many: WorkshopId, ten: WorkshopId) -> anyhow::Result<f64> {
    let now = app.clock.now();
    let large = stage.confirm(many, "Beside", &whatsapp(), now, now.plus(19 * HOUR), now).await?;
    app.engine.plan().await?;
    let running = app.engine.run("bench", 1).await?;
    app.engine.wake(large);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let start = Instant::now();
    let now = app.clock.now();
    let small = stage.confirm(ten, "Ten", &whatsapp(), now, now.plus(19 * HOUR), now).await?;
    app.engine.wake(small);
    let took = loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if stage.org.broadcast(small).await?.in_state(MessageState::Sent) == 10 {
            break seconds(start);
        }
        anyhow::ensure!(seconds(start) < 60.0, "ten people were not done within a minute");
    };
    let beside = stage.org.broadcast(large).await?;
    anyhow::ensure!(
        beside.status == BroadcastStatus::InProgress,
        "the large broadcast was over too soon to say anything"
    );
    let later = app.clock.now();
    stage.org.cancel_broadcast(large, later).await?;
    running.stop().await;
    app.engine.settle().await?;
    Ok(took)
}

/// Looks at this process's memory while something runs.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<f64>,
}

impl Watch {
    fn start() -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut most: f64 = 0.0;
            while !seen.load(Ordering::Relaxed) {
                most = most.max(resident_mb("self"));
                std::thread::sleep(Duration::from_millis(20));
            }
            most
        });
        Watch { stop, thread }
    }

    fn stop(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(f64::NAN)
    }
}
