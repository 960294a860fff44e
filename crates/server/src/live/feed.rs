//! One renderer for all who watch the same; and how many streams a session has.
//!
//! The engine's feed wakes a renderer, also for changes of other processes. The renderer looks by itself every other
//! second besides: that keeps the rate and the time left true, and finds what the feed lost. It ends with its last
//! watcher.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ids::{BroadcastId, SessionId};
use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::ui::fragment::Fragment;

/// What a page watches. Readers with an equal key share one renderer.
pub trait Watched: Send + Sync + 'static {
    /// Equal for those who see the same.
    fn key(&self) -> String;
    /// Whether a change of that broadcast may matter. The feed tells of all organisations; whose it is, the next look finds.
    fn concerns(&self, changed: BroadcastId) -> bool;
    /// All parts as they are now; or why they cannot be read, for the log.
    fn render(&self) -> BoxFuture<'_, Result<Vec<Fragment>, String>>;
}

/// Streams of one session at once: tabs that somebody may reasonably have open.
const STREAMS_MAX: usize = 12;
/// Changes are gathered for so long before the page is rendered anew: people read no faster.
const GATHER: Duration = Duration::from_secs(1);
/// A renderer looks by itself after this.
const LOOK: Duration = Duration::from_secs(2);
/// Room for renderings that a slow reader has not taken; one that falls behind takes the newest.
const ROOM: usize = 4;

/// All parts of a page as they were at one moment.
pub type Rendering = Arc<[Fragment]>;

/// Who watches what. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    renderers: HashMap<String, broadcast::Sender<Rendering>>,
    streams: HashMap<SessionId, usize>,
}

/// A session's right to one stream; given back when the stream ends.
#[derive(Debug)]
pub struct StreamSlot {
    live: Live,
    session: SessionId,
}

impl Live {
    /// A place for one more stream; `None` when the session has too many.
    pub fn place(&self, session: SessionId) -> Option<StreamSlot> {
        let mut inside = self.lock();
        let open = inside.streams.entry(session).or_default();
        if *open >= STREAMS_MAX {
            return None;
        }
        *open += 1;
        Some(StreamSlot { live: self.clone(), session })
    }

    /// Renderings, from the next change on. Starts a renderer when nobody watched the same.
    pub fn watch(
        &self,
        watched: Arc<dyn Watched>,
        feed: broadcast::Receiver<BroadcastId>,
        stopping: CancellationToken,
    ) -> broadcast::Receiver<Rendering> {
        let key = watched.key();
        let mut inside = self.lock();
        if let Some(sender) = inside.renderers.get(&key) {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(ROOM);
        inside.renderers.insert(key.clone(), sender.clone());
        tokio::spawn(self.clone().render(watched, key, feed, stopping, sender));
        receiver
    }

    async fn render(
        self,
        watched: Arc<dyn Watched>,
        key: String,
        mut feed: broadcast::Receiver<BroadcastId>,
        stopping: CancellationToken,
        to: broadcast::Sender<Rendering>,
    ) {
        let mut last = vec![];
        loop {
            if self.ends(&key, &to) || stopping.is_cancelled() {
                return;
            }
            match watched.render().await {
                Ok(parts) if parts != last => {
                    last.clone_from(&parts);
                    // The last watcher may just have gone.
                    let _ = to.send(parts.into());
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("a live page could not be rendered, again in a second: {error}"),
            }
            tokio::time::sleep(GATHER).await;
            tokio::select! {
                () = changed(&mut feed, watched.as_ref()) => {}
                () = tokio::time::sleep(LOOK - GATHER) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    /// Whether nobody watches any more; then the renderer is taken out, so that the next watcher starts another.
    fn ends(&self, key: &str, to: &broadcast::Sender<Rendering>) -> bool {
        let mut inside = self.lock();
        let over = to.receiver_count() == 0;
        if over {
            inside.renderers.remove(key);
        }
        over
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Counts stay whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamSlot {
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

/// Ends when something watched changed, or when so much changed that nobody can tell.
async fn changed(feed: &mut broadcast::Receiver<BroadcastId>, watched: &dyn Watched) {
    loop {
        match feed.recv().await {
            Ok(id) if watched.concerns(id) => return,
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
        let places: Vec<StreamSlot> = (0..STREAMS_MAX).map(|_| live.place(session).unwrap()).collect();
        assert!(live.place(session).is_none());
        assert!(live.place(SessionId::new(Millis(0))).is_some(), "others are not held up");
        drop(places);
        assert!(live.place(session).is_some());
    }
}
