//! The stream of a page: first the whole present state, then what changed, a `ping` while nothing changes, `end` when the reader's
//! session is over. An event is a JSON list of markup; each piece takes the place of what carries the same `data-live-id`.

mod watched;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse,
        sse::{Event, Sse},
    },
};
use domain::{ids::BroadcastId, role::Permission};
use futures::{StreamExt, stream};
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    time::{Interval, MissedTickBehavior},
};

use crate::{
    app::{App, SESSION_LIFE},
    http::{
        auth::Token,
        caller::Caller,
        cookies::Jar,
        error::{PageResult, Problem},
        extract::{Path, Query},
    },
    live::{Rendering, StreamSlot},
    pages::{
        broadcast::{list, recipients::Which},
        home::history,
    },
    ui::fragment::Sent,
};
use watched::{Watch, What};

/// A stream says at least so often that it lives; the session is looked up again at the same time, and whenever access changed here or in
/// another process. Below the 30 seconds after
/// which proxies cut a silent answer.
const PING: Duration = Duration::from_secs(5);

struct Stream {
    app: App,
    watch: Arc<Watch>,
    token_hash: String,
    changes: Receiver<Rendering>,
    access: watch::Receiver<()>,
    ping: Interval,
    sent: Sent,
    first: Option<String>,
    over: bool,
    _place: StreamSlot,
}

/// `GET /live`: the frame of any page.
pub async fn frame(State(app): State<App>, caller: Caller, headers: HeaderMap) -> PageResult {
    stream(app, &caller, &headers, What::Frame).await
}

/// `GET /live/attention`: everything that needs somebody.
pub async fn attention(State(app): State<App>, caller: Caller, headers: HeaderMap) -> PageResult {
    stream(app, &caller, &headers, What::Attention).await
}

/// `GET /live/broadcasts`: a page of the list of broadcasts.
pub async fn broadcasts(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(which): Query<list::Which>,
) -> PageResult {
    stream(app, &caller, &headers, What::Broadcasts(Box::new(which))).await
}

/// `GET /live/history`: the broadcasts of a workshop on the home page.
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(which): Query<history::Which>,
) -> PageResult {
    stream(app, &caller, &headers, What::History(Box::new(which))).await
}

/// `GET /live/broadcasts/{broadcast}`
pub async fn broadcast(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<BroadcastId>,
    Query(which): Query<Which>,
) -> PageResult {
    stream(app, &caller, &headers, What::Broadcast(id, Box::new(which))).await
}

/// `GET /live/broadcasts/{broadcast}/messages/{position}`
pub async fn message(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((id, position)): Path<(BroadcastId, i64)>,
) -> PageResult {
    stream(app, &caller, &headers, What::Message(id, position)).await
}

async fn stream(app: App, caller: &Caller, headers: &HeaderMap, what: What) -> PageResult {
    let token =
        Jar::Session.read(&app.config, headers).and_then(Token::parse).ok_or_else(Problem::not_signed_in)?;
    let watch = Arc::new(Watch {
        app: app.clone(),
        org: caller.org.clone(),
        what,
        zone: caller.organization.zone.clone(),
        may_send: caller.may(Permission::Send),
    });
    // Not found before the stream begins, as on the page.
    let now = watch.parts().await?;
    let place = app.live.place(caller.signed_in.session).ok_or_else(|| Problem::too_many(60_000))?;
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = Sent::default();
    let stream = Stream {
        changes: app.live.watch(watch.clone(), app.engine.feed(), app.stopping.clone()),
        access: app.engine.access(),
        token_hash: token.hash(),
        ping,
        first: sent.news(&now),
        sent,
        over: false,
        _place: place,
        app,
        watch,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let mut response = Sse::new(events.fuse()).into_response();
    // nginx would gather the events otherwise.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

impl Stream {
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(Event::default().data(first));
        }
        loop {
            tokio::select! {
                () = self.app.stopping.cancelled() => return None,
                change = self.changes.recv() => match change {
                    Ok(parts) => {
                        if let Some(news) = self.sent.news(&parts) {
                            return Some(Event::default().data(news));
                        }
                    }
                    // The next rendering is whole: what was missed is not needed.
                    Err(RecvError::Lagged(_)) => {}
                    // The browser comes again by itself.
                    Err(RecvError::Closed) => return None,
                },
                // Its sender is the engine's, which the app holds.
                Ok(()) = self.access.changed() => {
                    if !self.may_still_read().await {
                        self.over = true;
                        return Some(Event::default().event("end").data(""));
                    }
                }
                _ = self.ping.tick() => {
                    self.over = !self.may_still_read().await;
                    let event = if self.over { "end" } else { "ping" };
                    return Some(Event::default().event(event).data(""));
                }
            }
        }
    }

    /// Whether the session lives, in the same organisation, with the same rights. A store that does not answer proves nothing.
    async fn may_still_read(&self) -> bool {
        let access = self.app.store.access();
        match access.session(&self.token_hash, SESSION_LIFE, self.app.clock.now()).await {
            Ok(None) => false,
            Ok(Some(who)) => who.place.is_some_and(|(organization, role)| {
                organization.id == self.watch.org.actor().organization
                    && role.may(Permission::Send) == self.watch.may_send
            }),
            Err(error) => {
                tracing::warn!("a session could not be looked up: {error}");
                true
            }
        }
    }
}
