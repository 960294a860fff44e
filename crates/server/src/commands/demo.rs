//! `munadi demo`: the whole product in one folder, with stand-ins for every provider and a sample organisation.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use domain::{
    pace::Pace,
    time::{Clock, WallClock},
};
use providers::Urls;
use sandbox::{Sandbox, faults::Faults, registry::FACES};
use store::Actor;
use tokio::net::TcpListener;

use super::{say, serve::stop_on_signal};
use crate::{
    alerts,
    app::App,
    config::{Config, Outgoing, Smtp, SmtpTls},
    rehearsal::{Stage, WEBHOOK_SECRET, alert, furnish, lifelike_phones},
    router,
};

/// The sample admin.
const ADMIN: &str = "meera@udaan.example";

/// Brings everything up; a second start goes on with what the first left.
pub async fn run(mut config: Config, data_given: bool) -> anyhow::Result<()> {
    if !data_given {
        config.data = PathBuf::from("munadi-demo");
        config.database = format!("sqlite:{}", config.data.join("munadi.db").display());
        config.key_file = config.data.join("munadi.key");
    }
    let listener = match TcpListener::bind(config.listen).await {
        Ok(listener) => listener,
        // Somebody's other program has the usual port: a demonstration takes any.
        Err(_) => TcpListener::bind("127.0.0.1:0").await.context("cannot listen on this machine")?,
    };
    config.listen = listener.local_addr()?;
    config.public_url = format!("http://{}", config.listen);
    let mut stand_ins = sandbox::Config {
        epoch_ms: WallClock.now().0,
        faults: Faults::lifelike(),
        ..sandbox::Config::default()
    };
    lifelike_phones(&mut stand_ins);
    for face in FACES {
        // Alerts carry a link to this program.
        face.allow_links(&mut stand_ins, &format!("{}/", config.public_url));
    }
    let sandbox = Arc::new(Sandbox::start(stand_ins).await?);
    config.providers = stand_in(&sandbox);
    config.demonstrates = true;
    config.outgoing = outgoing(&sandbox);
    let app = App::open(config, Arc::new(WallClock)).await?;
    let _ = app.stand_ins.set(Arc::downgrade(&sandbox));
    let access = app.store.access();
    let user = match access.user_by_email(ADMIN).await? {
        Some((user, _)) => user.id,
        None => {
            let others = access.organizations().await?;
            if let Some(first) = others.first() {
                bail!(
                    "{} belongs to {}: a demonstration would put invented people into it. Give it a folder of its own with --data, or none",
                    app.config.data.display(),
                    first.name
                );
            }
            let pace = Pace { per_second: 10, per_day: 10_000 };
            let mut stage = Stage::set_up(&app, "Udaan Academy", "Meera Iyer", ADMIN, pace).await?;
            furnish(&app, &mut stage).await?;
            stage.user
        }
    };
    post_back(&app, &sandbox).await?;
    if let Some(first) = access.organizations().await?.first() {
        alert(&app, &app.store.org(Actor::command_line(first.id)), &sandbox.hook_url()).await?;
    }
    let link = app.sign_in_link(user, "demo").await?;
    stop_on_signal(app.stopping.clone())?;
    let sending = app.start_sending("demo").await?.with_alerts(alerts::keep(app.clone()));
    say(format_args!(
        "\nMunadi is ready, with invented people and stand-ins for every provider. Nothing leaves this machine.\n\n  \
         Open    {link}\n          (signs you in as Meera Iyer, admin of Udaan Academy; works once, start again for another)\n  \
         Data    {}\n  Stop    Ctrl-C\n",
        app.config.data.display()
    ))?;
    router::serve(&app, listener).await?;
    sending.stop().await;
    // Receipts on their way find nobody now.
    if let Some(sandbox) = Arc::into_inner(sandbox) {
        let _ = tokio::time::timeout(Duration::from_secs(2), sandbox.stop()).await;
    }
    app.store.close().await;
    Ok(())
}

/// Refuses to send from a demonstration's database to real providers: its people are invented, their numbers may be somebody's.
pub async fn refuse(app: &App) -> anyhow::Result<()> {
    let real = app.config.providers == Urls::default();
    if real && app.store.access().user_by_email(ADMIN).await?.is_some() {
        bail!(
            "this is the database of a demonstration, with invented people: start it with `munadi demo`, or choose another folder"
        );
    }
    Ok(())
}

/// The stand-ins' addresses, as configuration has them.
pub fn stand_in(sandbox: &Sandbox) -> Urls {
    sandbox.addresses().iter().fold(Urls::default(), |urls, (key, url)| urls.with(key, url))
}

/// The stand-ins for the mail server and for a webhook, as configuration has them.
pub fn outgoing(sandbox: &Sandbox) -> Outgoing {
    let mail = sandbox.mail_address();
    Outgoing {
        smtp: Some(Smtp {
            host: mail.ip().to_string(),
            port: mail.port(),
            tls: SmtpTls::None,
            user: None,
            password_file: None,
            from: "Munadi <alerts@munadi.example>".to_owned(),
        }),
        webhook_hosts: vec![sandbox.address().ip().to_string()],
    }
}

/// Receipts of every account come back to this program.
pub async fn post_back(app: &App, sandbox: &Sandbox) -> anyhow::Result<()> {
    let accounts = app.store.sealed_secrets().await?;
    for face in FACES {
        let own = accounts.iter().filter(|account| account.kind == face.kind());
        let urls: Vec<String> = own
            .map(|account| app.config.url(&format!("/callbacks/{}", app.keys.callback_key(account.id))))
            .collect();
        face.post_to(sandbox, &urls, WEBHOOK_SECRET);
    }
    Ok(())
}
