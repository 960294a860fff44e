//! Receipts absorbed: signed posts over HTTP to the real router, and then applied.

use std::time::Instant;

use anyhow::Context;
use axum::http::HeaderName;
use domain::ids::{BroadcastId, IntegrationId};
use providers::Secret;
use sandbox::{face::SamplePost, registry};
use store::messages::{MessageFilter, MessageView};
use tokio::net::TcpListener;

use super::{Board, poster, seconds, sends::Made};
use crate::{app::App, rehearsal::WEBHOOK_SECRET, router};

/// A body, and its signature where the provider signs.
pub(super) type Post = (Vec<u8>, Option<(HeaderName, Secret)>);

pub(crate) async fn run(app: &App, made: &Made, receipts: usize, board: &mut Board) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = app.clone();
    let serving = tokio::spawn(async move { router::serve(&server, listener).await });
    let kind = |id| async move { anyhow::Ok(made.stage.org.integration(id).await?.kind) };
    let (first, second) = (kind(made.stage.integration).await?, kind(made.stage.sms).await?);
    let signed = posts(made, made.large, receipts, &first).await?;
    let bar = Some(('≥', 10_000.0));
    let (taken, applied) = absorb(app, &url, made.stage.integration, signed).await?;
    board.note("receipts taken (signed, stored, answered)", taken, "/s", bar)?;
    board.note("receipts applied", applied, "/s", bar)?;
    let reports = posts(made, made.texts, receipts, &second).await?;
    let (taken, applied) = absorb(app, &url, made.stage.sms, reports).await?;
    board.note("delivery reports of SMS taken", taken, "/s", bar)?;
    board.note("delivery reports of SMS applied, with their costs", applied, "/s", bar)?;
    app.stopping.cancel();
    serving.await??;
    Ok(())
}

/// Posts per second that are taken, and then applied.
pub(super) async fn absorb(
    app: &App,
    url: &str,
    account: IntegrationId,
    posts: Vec<Post>,
) -> anyhow::Result<(f64, f64)> {
    let (host, path) =
        (url.trim_start_matches("http://"), format!("/callbacks/{}", app.keys.callback_key(account)));
    let ready = |(body, signature): &Post| {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(signature.as_ref().map(|(name, secret)| (name.as_str(), secret.expose())));
        poster::request(host, ("POST", path.as_str()), &headers, body)
    };
    let requests: Vec<Vec<u8>> = posts.iter().map(ready).collect();
    let posted = poster::post_all(host, &requests).await?;
    anyhow::ensure!(posted.refused == 0, "{} receipts were not taken", posted.refused);
    let taken = posted.taken as f64 / posted.seconds;
    let start = Instant::now();
    let mut applied = 0;
    loop {
        match app.engine.apply_receipts().await? {
            0 => break,
            n => applied += n,
        }
    }
    anyhow::ensure!(applied == posts.len(), "{applied} of {} receipts were applied", posts.len());
    Ok((taken, applied as f64 / seconds(start)))
}

/// As many posts as wanted, for the messages of a broadcast in their order.
async fn posts(
    made: &Made,
    broadcast: BroadcastId,
    receipts: usize,
    kind: &str,
) -> anyhow::Result<Vec<Post>> {
    let mut posts = Vec::with_capacity(receipts);
    let mut after = 0;
    while posts.len() < receipts {
        let page = made.stage.org.messages(broadcast, &MessageFilter::default(), after, 2_000).await?;
        let Some(last) = page.last() else { break };
        after = last.message.position;
        for row in page.iter().take(receipts - posts.len()) {
            posts.push(post(kind, posts.len(), row)?);
        }
    }
    Ok(posts)
}

/// A delivered message as its vendor reports it.
fn post(kind: &str, nth: usize, row: &MessageView) -> anyhow::Result<Post> {
    let face = registry::face(kind).with_context(|| format!("nobody stands in for {kind}"))?;
    let digits = row.recipient.trim_start_matches('+');
    let id = row.provider_id.as_deref().unwrap_or_default();
    let SamplePost { body, signature } = face.delivered(nth, id, digits, WEBHOOK_SECRET);
    Ok(signed(body, signature))
}

/// A body with its signature where there is one.
pub(super) fn signed(body: Vec<u8>, signature: Option<(&'static str, String)>) -> Post {
    (body, signature.map(|(name, signature)| (HeaderName::from_static(name), Secret::new(&signature))))
}
