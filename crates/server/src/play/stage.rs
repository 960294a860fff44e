//! Where a plan is played: a copy of what it follows from, stand-ins for every provider, and a clock that is turned by
//! hand. Its program may call this machine only, and its accounts have no keys but those of the stand-ins.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use axum::{Extension, Router, routing::post};
use compose::Caller;
use domain::{
    ids::{RehearsalId, WorkshopId},
    rehearsal::Weather,
    time::{Clock, ManualClock, Millis},
};
use providers::{Secret, Secrets, Urls};
use sandbox::{Faults, Sandbox, network::Group, registry::FACES, samples};
use serde_json::Value;
use store::{DatabaseAddress, Store, copying::StandIn, integrations::Integration};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{Script, file_of};
use crate::{
    accounts::seal_binding,
    app::App,
    callbacks::{self, Callbacks},
    config::{Config, Outgoing},
    rehearsal::lifelike_phones,
    seal::random_bytes,
};

/// Secret with which stand-ins sign their receipts.
const RECEIPT_SECRET: &str = "rehearsal-receipts-secret";
/// Calls under way at once: the clock stands still meanwhile, so that more would only need more of this machine.
const CALLS_AT_ONCE: usize = 64;

/// A stage that is set.
pub(super) struct Stage {
    /// The program of the rehearsal.
    pub(super) app: App,
    /// Who plays, in the copy, at the moment at which the rehearsal began.
    pub(super) caller: Caller,
    pub(super) sandbox: Sandbox,
    pub(super) clock: Arc<ManualClock>,
    /// What goes wrong at the providers on such a day.
    pub(super) weather: Faults,
    /// The copy.
    file: PathBuf,
    receiving: JoinHandle<()>,
}

impl Stage {
    /// Copies the workshop and raises the stand-ins.
    pub(super) async fn set(
        app: &App,
        caller: &Caller,
        workshop: WorkshopId,
        id: RehearsalId,
        script: &Script,
    ) -> anyhow::Result<Stage> {
        let file = file_of(&app.config, id);
        make_folder(&file)?;
        let clock = Arc::new(ManualClock::at(caller.now));
        let (config, weather) = stand_ins(&app.config.public_url, script, caller.now);
        let now = Arc::clone(&clock);
        let sandbox = Sandbox::start_with_clock(config, Arc::new(move || now.now().0)).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on this machine")?;
        let address = listener.local_addr()?;
        let url = format!("sqlite:{}", file.display());
        // Half of a rehearsal's time went by with waiting for the disk.
        let copy = DatabaseAddress { url, is_scratch: true, ..DatabaseAddress::default() };
        let store = Store::open(copy).await?;
        let accounts = caller.org.integrations().await?;
        let stood_in: Vec<StandIn> =
            accounts.iter().filter_map(|account| stand_in_for(app, account)).collect();
        caller.org.copy_workshop(workshop, &store, &stood_in).await?;
        fill_groups(caller, workshop, &accounts, &sandbox).await?;
        for face in FACES {
            let of_kind = |stand_in: &&StandIn| {
                accounts.iter().any(|one| one.id == stand_in.account && one.kind == face.kind())
            };
            let urls: Vec<String> = stood_in
                .iter()
                .filter(of_kind)
                .map(|stand_in| format!("http://{address}/callbacks/{}", stand_in.callback_key))
                .collect();
            face.post_to(&sandbox, &urls, RECEIPT_SECRET);
        }
        let own = own_config(&app.config, &file, &sandbox, &format!("http://{address}"));
        let scratch = App::new(store.clone(), clock.clone(), own, app.keys.clone())?;
        let receiving = receive(&scratch, listener, &format!("http://{address}"));
        let org = store.org(caller.org.actor().clone());
        let caller = Caller { org, ..caller.clone() };
        Ok(Stage { app: scratch, caller, sandbox, clock, weather, file, receiving })
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Takes everything down but the copy, which is looked at. From now on the copy withstands a power cut.
    pub(super) async fn strike(self) {
        self.receiving.abort();
        self.sandbox.stop().await;
        self.app.stopping.cancel();
        let written = tokio::task::spawn_blocking(move || write_through(&self.file)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!("a rehearsal's copy could not be written through: {error}");
        }
    }
}

/// Waits until a database that was not written through lies on the disk, with its log.
fn write_through(file: &Path) -> std::io::Result<()> {
    let log = file.with_extension("db-wal");
    for one in [file, &log] {
        match std::fs::File::open(one) {
            Ok(open) => open.sync_all()?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The folder for this user alone, as the data folder is: the copy holds people.
fn make_folder(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let folder = file.parent().context("a rehearsal has a folder")?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create {}", folder.display()))
}

/// How the stand-ins start, and what goes wrong at them all day.
fn stand_ins(public_url: &str, script: &Script, now: Millis) -> (sandbox::Config, Faults) {
    let mut config = sandbox::Config {
        by_hand: true,
        epoch_ms: now.0,
        keep_text: false,
        faults: match script.weather {
            Weather::Good => Faults::default(),
            // Answers take no time: the clock stands still while they come.
            Weather::Usual => Faults { latency_ms: 0, jitter_ms: 0, ..Faults::lifelike() },
        },
        ..sandbox::Config::default()
    };
    if script.weather == Weather::Usual {
        lifelike_phones(&mut config);
    }
    for face in FACES {
        face.take_anything(&mut config);
        face.allow_links(&mut config, &format!("{public_url}/"));
    }
    let weather = config.faults.clone();
    (config, weather)
}

/// The program's settings with nothing in them that leads out of this machine.
fn own_config(real: &Config, file: &Path, sandbox: &Sandbox, callbacks_at: &str) -> Config {
    Config {
        database: format!("sqlite:{}", file.display()),
        database_direct: None,
        providers: sandbox.addresses().iter().fold(Urls::default(), |urls, (key, url)| urls.with(key, url)),
        outgoing: Outgoing::default(),
        calls_at_once: CALLS_AT_ONCE,
        demonstrates: false,
        rehearses_at: Some(callbacks_at.to_owned()),
        ..real.clone()
    }
}

/// The stand-in's own account in the place of a real one, which keeps its name, its pace and what it sends as; `None` where nobody stands in.
fn stand_in_for(app: &App, account: &Integration) -> Option<StandIn> {
    let sample = sandbox::registry::face(&account.kind)?.account();
    let mut secrets = Secrets::default();
    for (key, secret) in &sample.secrets {
        secrets.set(key, Secret::new(secret));
    }
    if let Some(key) = sample.signed_with {
        secrets.set(key, Secret::new(RECEIPT_SECRET));
    }
    let vendor = providers::registry::vendor(&account.kind)?;
    let mut settings = account.settings.clone();
    if let (Some(all), Some(own)) = (settings.as_object_mut(), sample.settings.as_object()) {
        // Which server it is on is the stand-in's matter.
        let is_server = |name: &str| {
            let kind = vendor.settings().iter().find(|field| field.key == name).map(|field| &field.kind);
            matches!(kind, Some(providers::field::FieldKind::Base { .. }))
        };
        all.retain(|name, _| !is_server(name));
        all.extend(own.clone());
    } else {
        settings = Value::clone(&sample.settings);
    }
    let organization = account.organization;
    Some(StandIn {
        account: account.id,
        settings,
        sealed: app.keys.seal(&secrets.to_json(), &seal_binding(organization, account.id)),
        callback_key: hex::encode(random_bytes::<20>()),
    })
}

/// Lets the stand-ins for gateways have the workshop's groups, with the people that the groups are known to have.
async fn fill_groups(
    caller: &Caller,
    workshop: WorkshopId,
    accounts: &[Integration],
    sandbox: &Sandbox,
) -> anyhow::Result<()> {
    let own = caller.org.workshop_groups(workshop).await?;
    let groups = caller.org.groups().await?;
    for face in FACES {
        let Some(network) = face.network(sandbox) else { continue };
        let of_kind = |account| accounts.iter().any(|one| one.id == account && one.kind == face.kind());
        let there = groups.iter().filter(|group| own.contains(&group.id) && of_kind(group.account));
        let stood_in = there.map(|group| {
            // As many members as are known, with invented numbers: counting who got a post needs no real one.
            let members = group.members.unwrap_or(1).clamp(1, 1_024).unsigned_abs();
            let phones = (1..members).map(|nth| 919_000_100_000 + nth);
            let us = std::iter::once(samples::ACCOUNT);
            Group { announce: group.announce, ..Group::of(&group.jid, &group.subject, us.chain(phones)) }
        });
        network.set_groups(stood_in.collect());
    }
    Ok(())
}

/// Takes the receipts of the stand-ins.
fn receive(app: &App, listener: TcpListener, address: &str) -> JoinHandle<()> {
    let door = Arc::new(Callbacks::new(app.engine.clone(), app.clock.clone(), address));
    let routes = Router::new()
        .route(
            "/callbacks/{callback_key}",
            post(callbacks::receive).put(callbacks::receive).get(callbacks::receive_query),
        )
        // Phones ask below it what to say.
        .route(
            "/callbacks/{callback_key}/{*path}",
            post(callbacks::receive_below).get(callbacks::receive_below),
        )
        .layer(Extension(door))
        .with_state(app.clone());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::warn!("a rehearsal takes no receipts any more: {error}");
        }
    })
}
