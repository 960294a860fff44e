//! The frame around every page: menu, theme, the engine's pulse, and the notice of the last form. Only pages load it.

use axum::http::HeaderMap;
use domain::{
    role::Permission,
    time::{Millis, Zone},
};
use store::StoreError;

use super::{attention, caller::Caller, cookies, extract::Visitor, notice};
use crate::{
    app::App,
    ui::{
        attention::{Length, Strip, badge, count},
        fragment::Fragment,
        shell::{Frame, OrganisationChoice, clock, heartbeat, running},
    },
};

/// Reads the frame of a page.
///
/// # Errors
/// When the store cannot be read.
pub async fn load(
    app: &App,
    caller: &Caller,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<Frame, StoreError> {
    let (organization, now) = (&caller.organization, caller.now);
    let choices = app.store.access().organizations_of(&caller.user).await?;
    let pulse = Pulse::load(app, &caller.asks).await?;
    let zone = &organization.zone;
    let super_admin = caller.user.super_admin;
    Ok(Frame {
        organisation: organization.name.clone(),
        zone: format!("{} · {}", zone.abbreviation(now), zone.name()),
        organisations: choices
            .into_iter()
            .map(|choice| OrganisationChoice {
                current: choice.id == organization.id,
                id: choice.id.to_string(),
                name: choice.name,
            })
            .collect(),
        user: caller.user.name.clone(),
        role: if super_admin { "Super admin".to_owned() } else { caller.role.title().to_owned() },
        operates: super_admin || caller.may(Permission::Operate),
        heartbeat_ms: pulse.heartbeat_ms,
        running: pulse.running,
        clock: clock_words(zone, now),
        theme: visitor.theme,
        csrf: visitor.csrf.clone(),
        keys: cookies::value(headers, "keys") != Some("off"),
        attention: pulse.attention,
        toasts: notice::read(app, headers).into_iter().collect(),
    })
}

/// The signs of the engine's life that the frame shows.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// The time since the scheduler's last heartbeat, in milliseconds; `None` where there never was one.
    pub heartbeat_ms: Option<i64>,
    /// The number of broadcasts that are running.
    pub running: i64,
    /// The matters that need somebody now.
    pub attention: Strip,
}

impl Pulse {
    /// Reads the signs of life from the engine and the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(app: &App, asks: &compose::Caller) -> Result<Pulse, StoreError> {
        let beat = app.engine.newest_beat().await?;
        let running = asks.org.running_broadcasts().await?;
        let attention = attention::strip(app, asks, asks.may(Permission::Send)).await?;
        Ok(Pulse { heartbeat_ms: beat.map(|at| asks.now.since(at).max(0)), running, attention })
    }

    /// The signs of life as parts of the live stream.
    pub fn fragments(&self, zone: &Zone, now: Millis, length: Length) -> [Fragment; 6] {
        let n = self.attention.n();
        [
            Fragment::new("attention", self.attention.shown(length)),
            Fragment::new("attention-n", count(n)),
            Fragment::new("attention-badge", badge(n)),
            Fragment::new("running", running(self.running)),
            Fragment::new("beat", heartbeat(self.heartbeat_ms)),
            Fragment::new("clock", clock(&clock_words(zone, now))),
        ]
    }
}

/// The present moment in the organisation's zone: "Tue 13 Oct, 4:18 PM IST".
fn clock_words(zone: &Zone, now: Millis) -> String {
    format!("{}, {} {}", zone.date(now, now), zone.time(now), zone.abbreviation(now))
}
