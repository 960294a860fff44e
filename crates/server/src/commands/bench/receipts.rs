//! Receipts absorbed: signed posts over HTTP to the real router, and then applied.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::http::HeaderName;
use domain::ids::{BroadcastId, IntegrationId};
use hmac::{Hmac, KeyInit, Mac};
use providers::{Http, HttpSettings, Secret, aisensy::SIGNATURE_HEADER, http::Endpoint};
use sha2::Sha256;
use store::messages::{MessageFilter, MessageView};
use tokio::net::TcpListener;

use super::{Board, seconds, sends::Made};
use crate::{app::App, rehearsal::WEBHOOK_SECRET};

/// Posts under way at once.
const AT_ONCE: usize = 64;

/// A body, and its signature where the provider signs.
type Post = (Vec<u8>, Option<Secret>);

pub(crate) async fn run(app: &App, made: &Made, receipts: usize, board: &mut Board) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = app.clone();
    let serving = tokio::spawn(async move { server.serve(listener).await });
    let signed = posts(made, made.large, receipts, signed).await?;
    let bar = Some(('≥', 10_000.0));
    let (taken, applied) = absorb(app, &url, made.stage.integration, signed).await?;
    board.note("receipts taken (signed, stored, answered)", taken, "/s", bar)?;
    board.note("receipts applied", applied, "/s", bar)?;
    let reports = posts(made, made.texts, receipts, report).await?;
    let (taken, applied) = absorb(app, &url, made.stage.sms, reports).await?;
    board.note("delivery reports of SMS taken", taken, "/s", bar)?;
    board.note("delivery reports of SMS applied, with their costs", applied, "/s", bar)?;
    app.stopping.cancel();
    serving.await??;
    Ok(())
}

/// Posts per second that are taken, and then applied.
async fn absorb(
    app: &App,
    url: &str,
    account: IntegrationId,
    posts: Vec<Post>,
) -> anyhow::Result<(f64, f64)> {
    let posts = Arc::new(posts);
    let to = Arc::new(Endpoint::parse(&format!("{url}/callbacks/{}", app.keys.callback_key(account)))?);
    let http = Http::new(HttpSettings { local_targets: true, ..HttpSettings::default() })?;
    let (next, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (http, to, posts) = (http.clone(), Arc::clone(&to), Arc::clone(&posts));
        let (next, refused) = (Arc::clone(&next), Arc::clone(&refused));
        tasks.spawn(async move {
            while let Some((body, signature)) = posts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let signature =
                    signature.as_ref().map(|secret| (HeaderName::from_static(SIGNATURE_HEADER), secret));
                let answer = http.post(&to, body.clone(), signature).await;
                if !answer.is_ok_and(|answer| answer.status == 200) {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let taken = posts.len() as f64 / seconds(start);
    let refused = refused.load(Ordering::Relaxed);
    anyhow::ensure!(refused == 0, "{refused} receipts were not taken");
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
    post: fn(usize, &MessageView) -> anyhow::Result<Post>,
) -> anyhow::Result<Vec<Post>> {
    let mut posts = Vec::with_capacity(receipts);
    let mut after = 0;
    while posts.len() < receipts {
        let page = made.stage.org.messages(broadcast, &MessageFilter::default(), after, 2_000).await?;
        let Some(last) = page.last() else { break };
        after = last.message.position;
        for row in page.iter().take(receipts - posts.len()) {
            posts.push(post(posts.len(), row)?);
        }
    }
    Ok(posts)
}

/// A body as providers/aisensy.md §4.2 shows it, with its signature.
fn signed(n: usize, row: &MessageView) -> anyhow::Result<Post> {
    let digits = row.recipient.trim_start_matches('+');
    let id = row.provider_id.as_deref().unwrap_or_default();
    let body = format!(
        r#"{{"id":"ntf_{n}","created_at":"1767240000000","topic":"message.status.updated","delivery_attempt":"1","data":{{"message":{{"id":"m{n}","messageId":"wamid.T{n}","submitted_message_id":"{id}","phone_number":"{digits}","status":"DELIVERED"}}}}}}"#
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let signature = Secret::new(&hex::encode(mac.finalize().into_bytes()));
    Ok((body.into_bytes(), Some(signature)))
}

/// The custom form of providers/fast2sms.md §6, which nobody signs.
fn report(_: usize, row: &MessageView) -> anyhow::Result<Post> {
    let mobile = row.recipient.trim_start_matches("+91");
    let id = row.provider_id.as_deref().unwrap_or_default();
    let body = format!(
        r#"{{"request_id":"{id}","mobile":"{mobile}","status":"Delivered","delivery_timestamp":"1767240000","amount_debited":"0.2000"}}"#
    );
    Ok((body.into_bytes(), None))
}
