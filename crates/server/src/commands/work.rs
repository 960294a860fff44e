//! `munadi work`: a process that only plans, sends and applies receipts. Several of them share one PostgreSQL database.

use std::sync::Arc;

use anyhow::{Context, bail};
use domain::{believed_clock::BelievedClock, time::WallClock};

use super::{demo, serve::stop_on_signal};
use crate::{alerts, app::App, config::Config, seal::KeyRing, secrets};

/// Works until SIGTERM or SIGINT; opens no port.
pub async fn run(config: Config) -> anyhow::Result<()> {
    // On a second machine a key made up now would open nothing, and pause every broadcast that needs an account.
    if !config.database.starts_with("sqlite:") && !KeyRing::exists(&config.key_file) {
        bail!(
            "there is no key file {}: copy it from the machine that was set up first, or name it with --key-file",
            config.key_file.display()
        );
    }
    let app = App::open(config, Arc::new(BelievedClock::new(WallClock))).await?;
    work(&app).await?;
    app.store.close().await;
    Ok(())
}

async fn work(app: &App) -> anyhow::Result<()> {
    demo::refuse(app).await?;
    let opened = secrets::try_all(&app.store, &app.keys).await?;
    if !opened.unopened.is_empty() {
        bail!(opened.refusal(&app.config.key_file));
    }
    stop_on_signal(app.stopping.clone())?;
    let sending = app
        .start_sending("work")
        .await
        .context("cannot start to work")?
        .with_alerts(alerts::keep(app.clone()));
    tracing::info!("Munadi works, without pages; {} accounts open", opened.accounts);
    let fault = tokio::select! {
        () = app.stopping.cancelled() => None,
        fault = sending.until_unrecoverable() => Some(fault),
    };
    sending.stop().await;
    if let Some(fault) = fault {
        return Err(fault);
    }
    tracing::info!("Munadi has stopped");
    Ok(())
}
