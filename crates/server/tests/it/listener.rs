//! Real connections to the program: who holds a place without using it loses it, and who uses it keeps it.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use futures::stream;
use munadi::listener::{Limits, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Nothing here takes so long; an answer that has not come by then ends the test.
const PATIENCE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(100);

const PATIENT: Limits = Limits {
    open_max: 8,
    callbacks_max: 2,
    per_network_max: None,
    head: LONG,
    idle: LONG,
    write: LONG,
    body: LONG,
};

struct TestListener {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// Reports when the body of `/endless` was dropped.
    dropped: mpsc::UnboundedReceiver<()>,
}

/// Reports when it is dropped.
struct Told(mpsc::UnboundedSender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn endless(told: Told, piece: Bytes, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(told, move |told| {
        let piece = piece.clone();
        async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(piece), told))
        }
    }))
}

impl TestListener {
    async fn open(limits: Limits) -> TestListener {
        let (tell, dropped) = mpsc::unbounded_channel();
        let slow = tell.clone();
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route(
                "/take",
                post(|body: Body| async move { axum::body::to_bytes(body, 1_000).await.is_ok().to_string() }),
            )
            .route("/callbacks/some", get(|| async { "stored" }))
            .route(
                "/endless",
                get(move || {
                    std::future::ready(endless(
                        Told(tell.clone()),
                        Bytes::from(vec![b'x'; 65_536]),
                        Duration::ZERO,
                    ))
                }),
            )
            .route(
                "/slow",
                get(move || {
                    std::future::ready(endless(
                        Told(slow.clone()),
                        Bytes::from_static(b"ping"),
                        Duration::from_millis(30),
                    ))
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, limits, stop.clone()));
        TestListener { address, stop, serving, dropped }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_from(&self, address: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// A connection whose answer does not end.
    async fn busy(&self) -> TcpStream {
        let mut line = self.connect().await;
        ask(&mut line, "/slow").await;
        assert!(answer(&mut line, b"ping").await.starts_with("HTTP/1.1 200"));
        line
    }
}

async fn ask(line: &mut TcpStream, path: &str) {
    line.write_all(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes()).await.unwrap();
}

/// What came, up to `end` or to the end of the connection.
async fn answer(line: &mut TcpStream, end: &[u8]) -> String {
    let mut came = Vec::new();
    let mut piece = [0; 4_096];
    while !came.windows(end.len()).any(|window| window == end) {
        match timeout(PATIENCE, line.read(&mut piece)).await.expect("it answers or ends") {
            Ok(0) | Err(_) => break,
            Ok(count) => came.extend_from_slice(&piece[..count]),
        }
    }
    String::from_utf8_lossy(&came).into_owned()
}

/// Waits until the other side has ended the connection.
async fn ended(line: &mut TcpStream) {
    answer(line, b"never comes").await;
}

#[tokio::test]
async fn half_open_connections_shut_nobody_out() {
    let door = TestListener::open(PATIENT).await;
    let mut half = Vec::new();
    for _ in 0..50 {
        let mut line = door.connect().await;
        line.write_all(b"GET / HT").await.unwrap();
        half.push(line);
        let mut line = door.connect().await;
        ask(&mut line, "/").await;
        assert!(answer(&mut line, b"here").await.starts_with("HTTP/1.1 200"));
    }
    ended(&mut half[0]).await;
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_and_an_idle_line_are_ended() {
    let door = TestListener::open(Limits { head: SHORT, idle: SHORT, ..PATIENT }).await;
    let mut silent = door.connect().await;
    ended(&mut silent).await;
    let mut half = door.connect().await;
    half.write_all(b"GET / HT").await.unwrap();
    ended(&mut half).await;
    let mut idle = door.connect().await;
    ask(&mut idle, "/").await;
    assert!(answer(&mut idle, b"here").await.starts_with("HTTP/1.1 200"));
    ended(&mut idle).await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_let_go() {
    let mut door = TestListener::open(Limits { write: SHORT, ..PATIENT }).await;
    let mut line = door.connect().await;
    ask(&mut line, "/endless").await;
    timeout(PATIENCE, door.dropped.recv()).await.expect("its body was let go").unwrap();
}

#[tokio::test]
async fn a_live_stream_goes_on_as_long_as_it_is_read() {
    let door =
        TestListener::open(Limits { head: SHORT, idle: SHORT, write: SHORT, body: SHORT, ..PATIENT }).await;
    let mut line = door.busy().await;
    for _ in 0..40 {
        assert!(answer(&mut line, b"ping").await.contains("ping"));
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_no_place() {
    let door = TestListener::open(Limits { body: SHORT, ..PATIENT }).await;
    let mut line = door.connect().await;
    line.write_all(b"POST /take HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    assert!(answer(&mut line, b"false").await.contains("false"));
}

#[tokio::test]
async fn above_the_ceiling_callbacks_are_taken_and_others_asked_to_come_again() {
    let door = TestListener::open(Limits { open_max: 2, ..PATIENT }).await;
    let _busy = (door.busy().await, door.busy().await);
    let mut page = door.connect().await;
    ask(&mut page, "/").await;
    let refused = answer(&mut page, b"seconds.").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 5"), "{refused}");
    let mut callback = door.connect().await;
    ask(&mut callback, "/callbacks/some").await;
    assert!(answer(&mut callback, b"stored").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_address_leaves_room_for_the_others() {
    let door = TestListener::open(Limits { per_network_max: Some(2), ..PATIENT }).await;
    let _busy = (door.busy().await, door.busy().await);
    let mut same = door.connect().await;
    ask(&mut same, "/").await;
    assert!(answer(&mut same, b"seconds.").await.starts_with("HTTP/1.1 503"));
    let mut other = door.connect_from("127.0.0.2").await;
    ask(&mut other, "/").await;
    assert!(answer(&mut other, b"here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stop_lets_answers_end_and_waits_for_nobody_who_asks_nothing() {
    let door = TestListener::open(PATIENT).await;
    let mut silent = door.connect().await;
    let mut half = door.connect().await;
    half.write_all(b"GET / HT").await.unwrap();
    let busy = door.busy().await;
    door.stop.cancel();
    ended(&mut silent).await;
    ended(&mut half).await;
    assert!(!door.serving.is_finished(), "an answer goes on");
    drop(busy);
    timeout(PATIENCE, door.serving).await.expect("it ends").unwrap();
}
