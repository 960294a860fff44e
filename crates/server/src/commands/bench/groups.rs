//! Posts in many large groups: how many members' receipts are taken and applied a second, and how long the pages of such posts take.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, ensure};
use clap::Args;
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::BroadcastId,
    time::{HOUR, WallClock},
};
use engine::Sender;
use sandbox::{Sandbox, face::SamplePost, registry};
use store::messages::MessageFilter;

use super::{
    Board, pages,
    receipts::{self, Post},
    sends,
};
use crate::{
    app::App,
    commands::{crash_proof::groups, demo::stand_in},
    config::Config,
    rehearsal::WEBHOOK_SECRET,
};

/// How large.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Groups {
    /// With groups: groups that are posted to
    #[arg(long, default_value_t = 200)]
    groups: u64,
    /// With groups: members of each
    #[arg(long, default_value_t = 500)]
    members: u64,
}

pub(super) async fn run(
    mut config: Config,
    args: &Groups,
    raw: usize,
    board: &mut Board,
) -> anyhow::Result<()> {
    let null = sandbox::null::start().await?;
    let raw = sends::raw(&null, raw).await?;
    board.note("raw calls of the same HTTP client", raw, "/s", None)?;
    null.stop().await;
    let mut stand = sandbox::Config { keep_text: false, ..sandbox::Config::default() };
    stand.faults.receipts.mode = sandbox::faults::ReceiptMode::Off;
    let sandbox = Sandbox::start(stand).await?;
    config.providers = stand_in(&sandbox);
    let app = App::open(config, Arc::new(WallClock)).await?;
    ensure!(!app.store.access().has_users().await?, "the database is not empty; bench wants a fresh one");
    let stage = sends::stage(&app).await?;
    let now = app.clock.now();
    let workshop = stage.workshop("Many groups", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    // The first gateway that tells of members.
    let tells =
        |kind: &str| registry::face(kind).is_some_and(|face| face.on_a_phone(0, ("", ""), 0, "").is_some());
    let kind = providers::registry::serving(Channel::WhatsappGroup).map(|vendor| vendor.kind());
    let kind = kind.into_iter().find(|kind| tells(kind)).context("no gateway tells of members")?;
    let size = groups::Size { groups: args.groups, members: args.members };
    let id = groups::confirm(&app, &stage, &sandbox, (kind, size), workshop, now).await?;
    let start = Instant::now();
    let mut sender = Sender::new(app.engine.clone(), 1);
    let truth = loop {
        sender.turn_until_idle().await?;
        app.engine.settle().await?;
        let truth = stage.org.broadcast(id).await?;
        if truth.status == BroadcastStatus::Completed {
            break truth;
        }
        ensure!(super::seconds(start) < 300.0, "the posts did not end: {}", truth.stop_text);
        // The account's pace allows the next one soon.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let took = super::seconds(start);
    board.note("posts, one at a time", args.groups as f64 / took, "/s", None)?;
    let posts = told(&stage.org, id, kind, args.members).await?;
    let n = i64::try_from(posts.len()).unwrap_or(i64::MAX);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = app.clone();
    let serving = tokio::spawn(async move { crate::router::serve(&server, listener).await });
    let bar = Some(('≥', 10_000.0));
    let (taken, applied) = receipts::absorb(&app, &url, truth.integration, posts).await?;
    board.note("receipts of members taken (signed, stored, answered)", taken, "/s", bar)?;
    board.note("receipts of members applied, each member counted once", applied, "/s", bar)?;
    let seen = stage.org.seen_by(id).await?;
    let counted: i64 = seen.values().map(|one| one.delivered).sum();
    ensure!(counted == n, "{counted} members are counted of {n}");
    let cookie = pages::session(&app).await?;
    for (name, path) in [
        ("Broadcast page of the posts, server time", format!("/broadcasts/{id}")),
        ("Broadcast page of the posts, one look of its stream", format!("/live/broadcasts/{id}")),
        ("One post with who has no receipt, server time", format!("/broadcasts/{id}/messages/1")),
        ("WhatsApp Group tab, server time", format!("/?channel=group&workshop={workshop}")),
        ("Registrants against members, server time", format!("/workshops/{workshop}/members")),
        ("Groups of the workshop, server time", format!("/workshops/{workshop}/groups")),
    ] {
        board.note(name, pages::median_ms(&app, &path, &cookie).await?, "ms", Some(('≤', 20.0)))?;
    }
    app.stopping.cancel();
    serving.await??;
    app.store.close().await;
    sandbox.stop().await;
    Ok(())
}

/// What the gateway would tell of every member of every group.
async fn told(org: &store::Org, id: BroadcastId, kind: &str, members: u64) -> anyhow::Result<Vec<Post>> {
    let face = registry::face(kind).with_context(|| format!("nobody stands in for {kind}"))?;
    let mut posts: Vec<Post> = Vec::new();
    for (at, row) in org.messages(id, &MessageFilter::default(), 0, 10_000).await?.iter().enumerate() {
        let message = (row.recipient.as_str(), row.provider_id.as_deref().context("the post has no id")?);
        for member in 1..=members {
            let digits = groups::member(at as u64, member);
            let post = face.on_a_phone(posts.len(), message, digits, WEBHOOK_SECRET);
            let SamplePost { body, signature } = post.context("the gateway tells of no member")?;
            posts.push(receipts::signed(body, signature));
        }
    }
    Ok(posts)
}
