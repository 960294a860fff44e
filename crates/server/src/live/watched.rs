//! What a page watches, and how it is rendered: by the parts of the pages themselves, so that page and stream cannot drift.

use domain::{
    ids::{BroadcastId, MessageRef, OrganizationId},
    time::{Millis, Zone},
};
use store::{Org, StoreError};

use super::fragment::Fragment;
use crate::{
    app::App,
    pages::{
        broadcast::{list, message::Story, recipients::Listing, recipients::Which, view::View},
        home::history,
    },
    ui::shell::{clock, heartbeat, running},
};

/// What is watched besides the frame around every page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Nothing.
    Frame,
    /// A broadcast with the recipients on the page, and perhaps one message in the drawer.
    Broadcast(BroadcastId, Box<Which>),
    /// One message.
    Message(BroadcastId, i64),
    /// A page of the list of broadcasts.
    Broadcasts(Box<list::Which>),
    /// The broadcasts of a workshop on the home page.
    History(Box<history::Which>),
}

impl What {
    /// Whether a change of that broadcast may matter. The feed tells of all organisations; whose it is, the next look finds.
    pub fn concerns(&self, changed: BroadcastId) -> bool {
        match self {
            What::Frame => false,
            What::Broadcast(id, _) | What::Message(id, _) => *id == changed,
            What::Broadcasts(_) | What::History(_) => true,
        }
    }
}

/// Whose eyes it is watched with.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The store, bound to a member of the organisation.
    pub org: Org,
    /// What is watched.
    pub what: What,
    /// The organisation's zone.
    pub zone: Zone,
    /// Whether the reader may act.
    pub may_send: bool,
}

/// What a rendering depends on: readers with an equal one share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    organization: OrganizationId,
    what: What,
    may_send: bool,
}

impl Watch {
    /// Equal for those who see the same.
    pub fn key(&self) -> Key {
        let organization = self.org.actor().organization;
        Key { organization, what: self.what.clone(), may_send: self.may_send }
    }

    /// All parts as they are now.
    pub async fn render(&self, app: &App) -> Result<Vec<Fragment>, StoreError> {
        let now = app.clock.now();
        let mut parts = match &self.what {
            What::Frame => vec![],
            What::Broadcast(id, which) => self.broadcast(*id, which, now).await?,
            What::Message(id, position) => vec![self.message(*id, *position, now).await?],
            What::Broadcasts(which) => {
                list::Listing::load(&self.org, &self.zone, which, now).await?.fragments()
            }
            What::History(which) => which.load(&self.org, &self.zone, now).await?.fragments(),
        };
        parts.extend(Pulse::load(app, &self.org, now).await?.fragments(&self.zone, now));
        Ok(parts)
    }

    async fn broadcast(
        &self,
        id: BroadcastId,
        which: &Which,
        now: Millis,
    ) -> Result<Vec<Fragment>, StoreError> {
        let view = View::load(&self.org, id, &self.zone, self.may_send, now).await?;
        let listing = Listing::load_again(&self.org, &view, which).await?;
        let mut parts = view.fragments();
        parts.extend(listing.recipients(&view).fragments());
        if let Some(position) = which.message() {
            match self.message(id, position, now).await {
                Ok(story) => parts.push(story),
                Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(parts)
    }

    async fn message(&self, id: BroadcastId, position: i64, now: Millis) -> Result<Fragment, StoreError> {
        if position < 1 {
            return Err(StoreError::Missing);
        }
        let message = MessageRef { broadcast: id, position };
        let story = Story::load(&self.org, message, &self.zone, self.may_send, now).await?;
        Ok(Fragment::new(crate::ui::drawer::LIVE_ID, story.drawer()))
    }
}

/// What the frame shows of the engine's life.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// How long ago the scheduler was last heard of, in milliseconds; none if never.
    pub heartbeat_ms: Option<i64>,
    /// How many broadcasts are running.
    pub running: i64,
}

impl Pulse {
    /// Reads it.
    pub async fn load(app: &App, org: &Org, now: Millis) -> Result<Pulse, StoreError> {
        let beat = app.engine.work().newest_beat().await?;
        let running = org.running_broadcasts().await?;
        Ok(Pulse { heartbeat_ms: beat.map(|at| now.since(at).max(0)), running })
    }

    fn fragments(self, zone: &Zone, now: Millis) -> [Fragment; 3] {
        [
            Fragment::new("running", running(self.running)),
            Fragment::new("beat", heartbeat(self.heartbeat_ms)),
            Fragment::new("clock", clock(&clock_words(zone, now))),
        ]
    }
}

/// The present moment in the organisation's zone: "Tue 13 Oct, 4:18 PM IST".
pub fn clock_words(zone: &Zone, now: Millis) -> String {
    format!("{}, {} {}", zone.date(now, now), zone.time(now), zone.abbreviation(now))
}
