//! The proof for calls: one provider's stand-in whose phones all pick up, and the program on an address that stays the same from life to life.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use domain::{
    call::{Action, CallScript, Language},
    channel::Channel,
    ids::TemplateId,
    message::MessageState,
    time::{Clock, Millis, WallClock},
};
use sandbox::{Sandbox, StartError, face::Face, registry::face};
use serde_json::json;
use store::broadcasts::Broadcast;

use crate::{
    app::App,
    rehearsal::{Stage, connect_calls},
};

/// Seconds of the proof's phones in a real one: a call takes two of them.
pub(super) const SPEED: i64 = 20;
/// Nothing rings any more when nothing did for so long.
const QUIET: Duration = Duration::from_secs(4);

/// A script whose keys do nothing.
pub(in crate::commands) fn script() -> CallScript {
    let mut script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
    for key in &mut script.keys {
        key.action = Action::Confirm;
    }
    script
}

/// The stand-in with phones that live so many seconds in a real one.
pub(in crate::commands) async fn phones(config: sandbox::Config, speed: i64) -> Result<Sandbox, StartError> {
    let (epoch, start) = (WallClock.now().0, Instant::now());
    let passed = move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    Sandbox::start_with_clock(config, Arc::new(move || epoch.saturating_add(passed().saturating_mul(speed))))
        .await
}

/// An address of this machine that nothing listens on now.
pub(in crate::commands) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on this machine")?;
    Ok(listener.local_addr()?)
}

/// Connects an account of that provider that takes so many calls at once, and tells the stand-in where it asks.
pub(in crate::commands) async fn connect(
    app: &App,
    stage: &mut Stage,
    sandbox: &Sandbox,
    (kind, per_second, lines): (&str, i64, i64),
    now: Millis,
) -> anyhow::Result<()> {
    let provider: &dyn Face = face(kind).with_context(|| format!("nobody stands in for {kind}"))?;
    let unhurried = json!({ "lines": lines, "per_minute": 1_000_000 });
    let account = connect_calls(app, stage, Some(kind), (&unhurried, per_second), now).await?;
    let callback = app.config.url(&format!("/callbacks/{}", app.keys.callback_key(account)));
    provider.post_to(sandbox, &[callback], "");
    Ok(())
}

/// Whether every call was placed, or is known not to be.
pub(super) fn all_placed(broadcast: &Broadcast) -> bool {
    let open = broadcast.in_state(MessageState::Waiting) + broadcast.in_state(MessageState::InFlight);
    broadcast.planned > 0 && broadcast.started_at.is_some() && open == 0
}

/// Returns when no phone rings any more.
pub(super) async fn quiet(sandbox: &Sandbox) {
    let state = || (sandbox.telephones().calls().len(), sandbox.telephones().under_way());
    let (mut known, mut since) = (state(), Instant::now());
    while since.elapsed() < QUIET {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = state();
        if now != known || now.1 > 0 {
            (known, since) = (now, Instant::now());
        }
    }
}
