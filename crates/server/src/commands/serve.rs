//! `munadi serve`: pages, API and callbacks, until a signal to stop.

use std::sync::Arc;

use anyhow::Context;
use domain::{believed_clock::BelievedClock, time::WallClock};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{demo, say};
use crate::{alerts, app::App, config::Config, router};

/// Opens everything, says where it is, serves until SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let app = App::open(config, Arc::new(BelievedClock::new(WallClock))).await?;
    demo::refuse(&app).await?;
    let listener = TcpListener::bind(app.config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", app.config.listen))?;
    if let Some(link) = app.set_up_link().await? {
        say(format_args!(
            "\nNobody can sign in yet. Open this link to set up your organisation (it works once, for 24 hours):\n\n  {link}\n"
        ))?;
    }
    if !app.config.is_https() && !app.config.listen.ip().is_loopback() {
        tracing::warn!("the public URL is not https: passwords and names can be read on the way");
    }
    stop_on_signal(app.stopping.clone())?;
    tracing::info!("Munadi listens on {} as {}", listener.local_addr()?, app.config.public_url);
    let sending = app.start_sending("serve").await?.with_alerts(alerts::keep(app.clone()));
    let fault = tokio::select! {
        served = router::serve(&app, listener) => served.err(),
        fault = sending.until_unrecoverable() => Some(fault),
    };
    app.stopping.cancel();
    sending.stop().await;
    if let Some(fault) = fault {
        // Connections that hang would be waited for.
        return Err(fault);
    }
    app.store.close().await;
    tracing::info!("Munadi has stopped");
    Ok(())
}

/// Cancels `stopping` on the first SIGTERM or SIGINT.
pub fn stop_on_signal(stopping: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: open requests may end, new ones are not taken");
        stopping.cancel();
    });
    Ok(())
}
