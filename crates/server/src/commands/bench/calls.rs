//! Calls: how long somebody at the ear waits for the next words, alone and while a million messages go out, and how many reports of calls
//! are absorbed.

use std::{sync::Arc, time::Duration, time::Instant};

use anyhow::ensure;
use clap::Args;
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::{BroadcastId, WorkshopId},
    message::MessageState,
    time::{HOUR, Millis, WallClock},
};
use providers::Urls;
use sandbox::{Sandbox, registry::FACES, voice::Callee, voice::Does};
use tokio::net::TcpListener;

use super::{
    Board,
    growth::helpers,
    poster, seconds,
    sends::{self, whatsapp},
};
use crate::{
    app::App,
    commands::crash_proof::calls as phones,
    config::Config,
    rehearsal::{Stage, crowd, stood_in_for},
    router,
};

/// Seconds of the phones in a real one: a call of forty seconds takes eight, and asks five times as often as in life.
const SPEED: i64 = 5;
/// How often a count is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Calls are listened to for so long before anything else goes on.
const ALONE: Duration = Duration::from_secs(10);
/// Nobody waits longer for what has to come.
const LONGEST: Duration = Duration::from_secs(300);

/// How large.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Calls {
    /// With calls: people at the ear at once
    #[arg(long, default_value_t = 500)]
    at_ear: usize,
    /// With calls: reports that a provider brings at once
    #[arg(long, default_value_t = 20_000)]
    reports: usize,
}

struct Bench<'a> {
    app: &'a App,
    stage: Stage,
    sandbox: &'a Sandbox,
    kind: &'static str,
}

pub(super) async fn run(
    mut config: Config,
    args: &Calls,
    people: usize,
    board: &mut Board,
) -> anyhow::Result<()> {
    let vendor = helpers::Vendor::start().await?;
    let mut stand = sandbox::Config::default();
    FACES.iter().for_each(|face| face.unhindered(&mut stand));
    stand.faults.receipts.at_once = 64;
    let sandbox = phones::phones(stand, SPEED).await?;
    config.listen = phones::free_address()?;
    config.public_url = format!("http://{}", config.listen);
    config.providers = addresses(&vendor.url, &sandbox);
    let listener = TcpListener::bind(config.listen).await?;
    let app = App::open(config, Arc::new(WallClock)).await?;
    ensure!(!app.store.access().has_users().await?, "the database is not empty; bench wants a fresh one");
    let stage = sends::stage(&app).await?;
    let many = sends::people(&app, &stage, "Many", people).await?;
    let serving = tokio::spawn({
        let app = app.clone();
        async move { router::serve(&app, listener).await }
    });
    let sending = app.start_sending("bench").await?;
    let kind = stood_in_for(Channel::IvrCall)?.kind();
    let mut bench = Bench { app: &app, stage, sandbox: &sandbox, kind };
    bench.words(args, many, board).await?;
    bench.place_silent_calls(args.reports).await?;
    sending.stop().await;
    bench.reports(args.reports, board).await?;
    app.stopping.cancel();
    serving.await??;
    app.store.close().await;
    sandbox.stop().await;
    vendor.stop().await
}

/// Providers of calls at the stand-in; all others at a vendor that accepts everything.
fn addresses(vendor: &str, sandbox: &Sandbox) -> Urls {
    let rings = |kind| providers::registry::vendor(kind).is_some_and(|vendor| vendor.calls().is_some());
    let faces = FACES.iter().filter(|face| rings(face.kind()));
    let phones = faces.flat_map(|face| face.addresses());
    phones.fold(Urls::all_at(vendor), |urls, (key, path)| urls.with(key, &format!("{}{path}", sandbox.url())))
}

impl Bench<'_> {
    fn now(&self) -> Millis {
        self.app.clock.now()
    }

    async fn begin(
        &self,
        workshop: WorkshopId,
        message: &domain::template::Message,
    ) -> anyhow::Result<BroadcastId> {
        let now = self.now();
        let id = self.stage.confirm(workshop, "Bench", message, now, now.plus(19 * HOUR), now).await?;
        self.app.engine.wake(id);
        Ok(id)
    }

    /// How long the next words take, alone and beside a large broadcast.
    async fn words(&mut self, args: &Calls, many: WorkshopId, board: &mut Board) -> anyhow::Result<()> {
        let account = (self.kind, 1_000_000, args.at_ear as i64);
        let now = self.now();
        phones::connect(self.app, &mut self.stage, self.sandbox, account, now).await?;
        let called = sends::people(self.app, &self.stage, "Called", args.at_ear * 40).await?;
        let calls = self.begin(called, &phones::script().into()).await?;
        let most = || self.sandbox.telephones().most_at_once();
        until("everybody's phone rings", || Ok(most() >= args.at_ear * 9 / 10)).await?;
        let heard = self.sandbox.telephones().waits_ms().len();
        tokio::time::sleep(ALONE).await;
        let alone = self.sandbox.telephones().waits_ms().split_off(heard);
        let heard = heard + alone.len();
        let per_second = self.large(many).await?;
        let beside = self.sandbox.telephones().waits_ms().split_off(heard);
        ensure!(
            self.stage.org.broadcast(calls).await?.in_state(MessageState::Waiting) > 0,
            "the calls were over too soon"
        );
        board.note("calls: at the ear at once", most() as f64, "people", None)?;
        for (alone_or_not, mut waits, bar) in [
            (["calls: next words alone, 50 of 100", "calls: next words alone, 99 of 100"], alone, None),
            (
                [
                    "calls: next words beside a large broadcast, 50 of 100",
                    "calls: next words beside it, 99 of 100",
                ],
                beside,
                Some(('≤', 300.0)),
            ),
        ] {
            ensure!(waits.len() >= 1_000, "{} answers say nothing", waits.len());
            waits.sort_unstable();
            let at = |percent: usize| waits[waits.len() * percent / 100] as f64;
            board.note(alone_or_not[0], at(50), "ms", None)?;
            board.note(alone_or_not[1], at(99), "ms", bar)?;
            board.remark(format_args!("{} answers, slowest {} ms", waits.len(), waits[waits.len() - 1]))?;
        }
        board.note("calls: messages sent beside them", per_second, "/s", None)?;
        self.stage.org.cancel_broadcast(calls, self.now()).await?;
        until("the last call is over", || Ok(self.sandbox.telephones().under_way() == 0)).await
    }

    /// Sends the large broadcast; messages per second.
    async fn large(&self, many: WorkshopId) -> anyhow::Result<f64> {
        let start = Instant::now();
        let id = self.begin(many, &whatsapp()).await?;
        loop {
            let broadcast = self.stage.org.broadcast(id).await?;
            if broadcast.status == BroadcastStatus::Completed {
                return Ok(broadcast.planned as f64 / seconds(start));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Calls that nobody answers, and of which nothing is reported yet.
    async fn place_silent_calls(&mut self, people: usize) -> anyhow::Result<()> {
        self.sandbox.telephones().change(|voice| {
            voice.callee = Callee::who(Does::NoAnswer);
            voice.chaos.late_reports = 1.0;
            voice.chaos.late_ms = 100 * HOUR;
        });
        let now = self.now();
        phones::connect(self.app, &mut self.stage, self.sandbox, (self.kind, 1_000_000, 1_000_000), now)
            .await?;
        let workshop =
            self.stage.workshop("Silent", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
        self.stage.register(workshop, crowd(people, now), now).await?;
        self.begin(workshop, &phones::script().into()).await?;
        until("every report waits", || Ok(self.sandbox.receipts().queued >= people)).await
    }

    /// All reports at once, as after an outage of the provider's: taken, and then applied.
    async fn reports(&self, wanted: usize, board: &mut Board) -> anyhow::Result<()> {
        let host = self.app.config.listen.to_string();
        let ready = |post: &sandbox::receipts::Waiting| {
            let headers: Vec<(&str, &str)> =
                post.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let path = post.url.split_once(host.as_str()).map_or("/", |(_, path)| path);
            poster::request(&host, (post.method.as_str(), path), &headers, &post.body)
        };
        let requests: Vec<Vec<u8>> = self.sandbox.take_posts().iter().map(ready).collect();
        ensure!(requests.len() >= wanted, "{} of {wanted} reports wait", requests.len());
        let posted = poster::post_all(&host, &requests).await?;
        ensure!(posted.refused == 0, "{} reports were not taken", posted.refused);
        let bar = Some(('≥', 10_000.0));
        let per_second = posted.taken as f64 / posted.seconds;
        board.note("calls: reports taken (stored, answered)", per_second, "/s", bar)?;
        let (start, mut applied) = (Instant::now(), 0);
        loop {
            match self.app.engine.apply_receipts().await? {
                0 => break,
                n => applied += n,
            }
        }
        ensure!(applied >= wanted, "{applied} of {wanted} reports were applied");
        board.note("calls: reports applied", applied as f64 / seconds(start), "/s", bar)
    }
}

/// Returns when something has come about.
async fn until(what: &str, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < LONGEST, "waited in vain until {what}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
