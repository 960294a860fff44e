//! Takes connections from the network and serves requests on them, as long as they use their place.
//!
//! A connection that sends half a request, reads no answer or stays idle loses its place after a while, and at once
//! when others need it (`Connections`). What is served and what waits is known from the bytes that pass (`Socket`) and
//! from the requests.
//!
//! Each connection has a `Place`, which knows what it is doing: a request’s head is due, nothing, or it is being
//! answered. One sweeper closes overdue connections: those without a complete head after 10 s, idle ones after 150 s,
//! those that do not read their answer after 30 s. Between two pieces of a body 30 s may pass. A live stream is an
//! answer and goes on as long as it is read. Where no place is free, the oldest connection without a request loses its
//! place, so that half-open connections shut nobody out, however many there are. When all are being answered, further
//! ones are taken for callbacks and `/healthz` alone, and whoever asks for a page hears 503 with `Retry-After`.
//! `descriptors.rs` raises the limit of open files at the start; 1,000 of them (half, where there are fewer than 2,000)
//! stay for the database, calls and files. A stop ends whoever asks nothing, and lets answers end.

mod connections;
mod descriptors;
mod socket;

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
    response::IntoResponse,
};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

pub use self::{
    connections::Limits,
    descriptors::{available, raise},
};
use self::{
    connections::{Connection, Connections, Place, Serves},
    socket::Socket,
};

/// After a connection could not be taken, such as for want of a descriptor, the next one is tried after this.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// A client that was refused a place may come again after so many seconds.
const RETRY_AFTER: &str = "5";
/// The system gives up a connection whose other side acknowledges nothing for so long, in milliseconds.
const UNACKNOWLEDGED_MS: u32 = 60_000;

/// Serves requests until `stop`, then until the open ones have ended.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let connections = Connections::new(limits);
    let sweeping = tokio::spawn(connections.clone().sweep(stop.clone()));
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = stop.cancelled() => break,
        };
        match taken {
            Ok((stream, remote)) => enter(&connections, stream, remote, &router, &stop),
            // The caller was gone before we looked.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!("a connection could not be taken: {error}");
                connections.drop_one_that_waits();
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    drop(listener);
    connections.all_closed().await;
    sweeping.abort();
}

/// Gives the connection a place, or lets it fall.
fn enter(
    connections: &Connections,
    stream: TcpStream,
    remote: SocketAddr,
    router: &Router,
    stop: &CancellationToken,
) {
    let Some(place) = connections.place(remote.ip()) else { return };
    let id = place.id();
    let task =
        tokio::spawn(serve_one(stream, remote, place, connections.body(), router.clone(), stop.clone()));
    connections.can_be_dropped(id, task.abort_handle());
}

async fn serve_one(
    stream: TcpStream,
    remote: SocketAddr,
    place: Place,
    body_pause: Duration,
    router: Router,
    stop: CancellationToken,
) {
    // Both are improvements only: an answer goes out as soon as it is written, and a dead line is noticed.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED_MS);
    let (connection, serves) = (place.connection(), place.serves());
    let service = service_fn(|request: Request<Incoming>| {
        let served = Served::begin(connection.clone());
        let mut request = request.map(|body| Body::new(TimeoutBody::new(body_pause, body)));
        request.extensions_mut().insert(ConnectInfo(remote));
        let router = router.clone();
        async move {
            let response = match serves {
                Serves::CallbacksOnly if !goes_first(request.uri().path()) => too_busy(),
                Serves::Everything | Serves::CallbacksOnly => router.oneshot(request).await?,
            };
            Ok::<_, Infallible>(response.map(|body| Answer { body, _served: served }))
        }
    });
    let io = TokioIo::new(Socket::new(stream, connection.clone()));
    let mut serving = pin!(http1::Builder::new().serve_connection(io, service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // The other side went away, or sent what is no HTTP.
        tracing::debug!("a connection ended: {error}");
    }
}

/// Paths that are answered when all other places are taken: receipts must not be lost, and monitors need an answer.
fn goes_first(path: &str) -> bool {
    path.starts_with("/callbacks/") || path == "/healthz"
}

fn too_busy() -> Response<Body> {
    let words = "Too many connections are open just now. Try again in a few seconds.\n";
    let headers = [
        (header::RETRY_AFTER, RETRY_AFTER),
        (header::CONNECTION, "close"),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, words).into_response()
}

/// Marks the connection as busy until the answer was handed to it.
struct Served(Arc<Connection>);

impl Served {
    fn begin(connection: Arc<Connection>) -> Served {
        connection.request_begins();
        Served(connection)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// The body of an answer; a live stream's goes on for hours.
struct Answer {
    body: Body,
    _served: Served,
}

impl hyper::body::Body for Answer {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
