//! One renderer per watched broadcast, shared by everybody who watches it; and how many streams a session has.
//!
//! A renderer wakes by the engine's feed and looks by itself every second: that also finds what other processes changed, and
//! keeps rate and time left true. It ends with its last watcher.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    ids::{BroadcastId, OrganizationId, SessionId},
    time::Zone,
};
use maud::Render;
use store::{Org, StoreError};
use tokio::sync::broadcast;

use crate::{app::App, pages::broadcast::view::View};

/// Streams of one session at once: tabs that somebody may reasonably have open.
const STREAMS_MAX: usize = 12;
/// Changes are gathered for so long before the page is rendered anew: four times a second at most.
const GATHER: Duration = Duration::from_millis(250);
/// A renderer looks by itself after this.
const LOOK: Duration = Duration::from_secs(1);
/// Room for renderings that a slow reader has not taken; one that falls behind takes the newest.
const ROOM: usize = 4;

/// What a rendering depends on besides the broadcast: whose it is, and whether the reader may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    organization: OrganizationId,
    broadcast: BroadcastId,
    may_send: bool,
}

/// Who watches what. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    renderers: HashMap<Key, broadcast::Sender<Arc<str>>>,
    streams: HashMap<SessionId, usize>,
}

/// A session's right to one stream; given back when the stream ends.
#[derive(Debug)]
pub struct Place {
    live: Live,
    session: SessionId,
}

/// Whose eyes a broadcast is watched with.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The store, bound to a member of the organisation.
    pub org: Org,
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// The organisation's zone.
    pub zone: Zone,
    /// Whether the reader may act.
    pub may_send: bool,
}

impl Watch {
    /// What the page shows now.
    pub async fn render(&self, app: &App) -> Result<String, StoreError> {
        let now = app.clock.now();
        let view = View::load(&self.org, self.broadcast, &self.zone, self.may_send, now).await?;
        Ok(view.render().into_string())
    }

    fn key(&self) -> Key {
        let organization = self.org.actor().organization;
        Key { organization, broadcast: self.broadcast, may_send: self.may_send }
    }
}

impl Live {
    /// A place for one more stream; `None` when the session has too many.
    pub fn place(&self, session: SessionId) -> Option<Place> {
        let mut inside = self.lock();
        let open = inside.streams.entry(session).or_default();
        if *open >= STREAMS_MAX {
            return None;
        }
        *open += 1;
        Some(Place { live: self.clone(), session })
    }

    /// Renderings of a broadcast, from the next change on. Starts its renderer when nobody watched it.
    pub fn watch(&self, app: &App, watch: &Watch) -> broadcast::Receiver<Arc<str>> {
        let mut inside = self.lock();
        if let Some(sender) = inside.renderers.get(&watch.key()) {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(ROOM);
        inside.renderers.insert(watch.key(), sender.clone());
        tokio::spawn(self.clone().render(app.clone(), watch.clone(), sender));
        receiver
    }

    async fn render(self, app: App, watch: Watch, to: broadcast::Sender<Arc<str>>) {
        let mut feed = app.engine.feed();
        let mut last = String::new();
        loop {
            if self.ends(&watch, &to) || app.stopping.is_cancelled() {
                return;
            }
            match watch.render(&app).await {
                Ok(text) if text != last => {
                    last.clone_from(&text);
                    // The last watcher may just have gone.
                    let _ = to.send(text.into());
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("a live page could not be rendered, again in a second: {error}"),
            }
            tokio::time::sleep(GATHER).await;
            tokio::select! {
                () = changed(&mut feed, watch.broadcast) => {}
                () = tokio::time::sleep(LOOK - GATHER) => {}
                () = app.stopping.cancelled() => {}
            }
        }
    }

    /// Whether nobody watches any more; then the renderer is taken out, so that the next watcher starts another.
    fn ends(&self, watch: &Watch, to: &broadcast::Sender<Arc<str>>) -> bool {
        let mut inside = self.lock();
        let over = to.receiver_count() == 0;
        if over {
            inside.renderers.remove(&watch.key());
        }
        over
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Counts stay whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.live.lock();
        if let Some(open) = inside.streams.get_mut(&self.session) {
            *open -= 1;
            if *open == 0 {
                inside.streams.remove(&self.session);
            }
        }
    }
}

/// Ends when that broadcast changed, or when so much changed that nobody can tell.
async fn changed(feed: &mut broadcast::Receiver<BroadcastId>, wanted: BroadcastId) {
    loop {
        match feed.recv().await {
            Ok(id) if id == wanted => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Millis;

    use super::*;

    #[test]
    fn a_session_has_a_limited_number_of_streams_and_gets_them_back() {
        let live = Live::default();
        let session = SessionId::new(Millis(0));
        let places: Vec<Place> = (0..STREAMS_MAX).map(|_| live.place(session).unwrap()).collect();
        assert!(live.place(session).is_none());
        assert!(live.place(SessionId::new(Millis(0))).is_some(), "others are not held up");
        drop(places);
        assert!(live.place(session).is_some());
    }
}
