//! Receipts absorbed: signed posts over HTTP to the real router, and then applied.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::http::HeaderName;
use hmac::{Hmac, KeyInit, Mac};
use providers::{Http, HttpSettings, Secret, aisensy::SIGNATURE_HEADER, http::Endpoint};
use sha2::Sha256;
use store::messages::MessageFilter;
use tokio::net::TcpListener;

use super::{Board, seconds, sends::Made};
use crate::{app::App, rehearsal::WEBHOOK_SECRET};

/// Posts under way at once.
const AT_ONCE: usize = 64;

pub(crate) async fn run(app: &App, made: &Made, receipts: usize, board: &mut Board) -> anyhow::Result<()> {
    let posts = Arc::new(posts(made, receipts).await?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let path = format!("/callbacks/{}", app.keys.callback_key(made.stage.integration));
    let to = Arc::new(Endpoint::parse(&format!("http://{}{path}", listener.local_addr()?))?);
    let server = app.clone();
    let serving = tokio::spawn(async move { server.serve(listener).await });
    let http = Http::new(HttpSettings { local_targets: true, ..HttpSettings::default() })?;
    let (next, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (http, to, posts) = (http.clone(), Arc::clone(&to), Arc::clone(&posts));
        let (next, refused) = (Arc::clone(&next), Arc::clone(&refused));
        tasks.spawn(async move {
            while let Some((body, signature)) = posts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = http
                    .post(&to, body.clone(), Some((HeaderName::from_static(SIGNATURE_HEADER), signature)))
                    .await;
                if !answer.is_ok_and(|answer| answer.status == 200) {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let took = seconds(start);
    let refused = refused.load(Ordering::Relaxed);
    anyhow::ensure!(refused == 0, "{refused} receipts were not taken");
    board.note(
        "receipts taken (signed, stored, answered)",
        posts.len() as f64 / took,
        "/s",
        Some(('≥', 10_000.0)),
    )?;
    let start = Instant::now();
    let mut applied = 0;
    loop {
        let n = app.engine.apply_receipts().await?;
        if n == 0 {
            break;
        }
        applied += n;
    }
    board.note("receipts applied", applied as f64 / seconds(start), "/s", Some(('≥', 10_000.0)))?;
    app.stopping.cancel();
    serving.await??;
    Ok(())
}

/// Bodies as providers/aisensy.md §4.2 shows them, for messages of the large broadcast, each with its signature.
async fn posts(made: &Made, receipts: usize) -> anyhow::Result<Vec<(Vec<u8>, Secret)>> {
    let mut posts = Vec::with_capacity(receipts);
    let mut after = 0;
    while posts.len() < receipts {
        let page = made.stage.org.messages(made.large, &MessageFilter::default(), after, 2_000).await?;
        let Some(last) = page.last() else { break };
        after = last.message.position;
        for row in &page {
            let digits = row.recipient.trim_start_matches('+');
            let id = row.provider_id.as_deref().unwrap_or_default();
            let body = format!(
                r#"{{"id":"ntf_{0}","created_at":"1767240000000","topic":"message.status.updated","delivery_attempt":"1","data":{{"message":{{"id":"m{0}","messageId":"wamid.T{0}","submitted_message_id":"{id}","phone_number":"{digits}","status":"DELIVERED"}}}}}}"#,
                posts.len()
            );
            let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())?;
            mac.update(body.as_bytes());
            let signature = Secret::new(&hex::encode(mac.finalize().into_bytes()));
            posts.push((body.into_bytes(), signature));
            if posts.len() == receipts {
                break;
            }
        }
    }
    Ok(posts)
}
