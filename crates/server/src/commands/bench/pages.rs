//! Server time of the two busiest pages, and of following one of them, with a million messages behind them.

use std::time::Instant;

use anyhow::Context;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use futures::StreamExt;
use tower::ServiceExt;

use super::{Board, sends::Made};
use crate::{
    app::{App, SESSION_LIFE},
    http::cookies::Jar,
    router,
    token::Token,
};

/// Times each page is asked for; the median is told.
const TIMES: usize = 21;

pub(crate) async fn run(app: &App, made: &Made, board: &mut Board) -> anyhow::Result<()> {
    let cookie = session(app).await?;
    let broadcast = format!("/broadcasts/{}", made.large);
    let home = format!("/?channel=personal&workshop={}", made.workshop);
    board.note(
        "Workshop notification page, server time",
        median_ms(app, &home, &cookie).await?,
        "ms",
        Some(('≤', 20.0)),
    )?;
    board.note(
        "Broadcast page, server time",
        median_ms(app, &broadcast, &cookie).await?,
        "ms",
        Some(('≤', 20.0)),
    )?;
    board.note(
        "Broadcast page, one look of its stream",
        median_ms(app, &live(made), &cookie).await?,
        "ms",
        Some(('≤', 20.0)),
    )
}

/// The stream of a page that is dear to follow: fifty people far apart, found by a search, and a message in the drawer.
fn live(made: &Made) -> String {
    let rows: Vec<String> = (0..50).map(|at| (at * 97 + 1).to_string()).collect();
    format!("/live/broadcasts/{}?q=a&rows={}&message=1", made.large, rows.join("."))
}

/// A session of the bench's own admin, made as signing in makes it.
pub(super) async fn session(app: &App) -> anyhow::Result<String> {
    let token = Token::new();
    let now = app.clock.now();
    let access = app.store.access();
    let (user, _) = access.user_by_email(super::sends::ADMIN).await?.context("the bench's admin is gone")?;
    access.start_session(&user, &token.hash(), SESSION_LIFE, now).await?;
    Ok(format!("{}={}", Jar::Session.name(&app.config), token.text()))
}

/// Where a page leads, when it leads on; else its own path.
pub(super) async fn leads_to(app: &App, path: &str, cookie: &str) -> anyhow::Result<String> {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
    let answer = router::build(app).oneshot(request).await?;
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    Ok(to.unwrap_or(path).to_owned())
}

pub(super) async fn median_ms(app: &App, path: &str, cookie: &str) -> anyhow::Result<f64> {
    let router = router::build(app);
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
        let start = Instant::now();
        let answer = router.clone().oneshot(request).await?;
        let status = answer.status();
        if path.starts_with("/live") {
            // It never ends: its first event is the whole present state.
            answer.into_body().into_data_stream().next().await.context("the stream is empty")??;
        } else {
            axum::body::to_bytes(answer.into_body(), usize::MAX).await?;
        }
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
        anyhow::ensure!(status == StatusCode::OK, "{path} answered {status}");
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMES / 2])
}
