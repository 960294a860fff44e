//! What the end of a request proves: sent once, and with a known or unknown outcome.

use std::time::Duration;

use domain::{outcome::Outcome, time::Millis};
use munadi_providers::{
    Account, Call, Http, HttpSettings,
    codes::{BAD_ADDRESS, NO_ANSWER, NOT_REACHED, UNREADABLE},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    aisensy_request::{KEY, TO, account, content, http, template},
    server::{Reply, Server, answer},
};

async fn send(http: &Http, url: &str) -> Outcome {
    let call = Call {
        template: &template().into(),
        content: &content(),
        to: &[TO],
        span: None,
        ring: None,
        now: Millis(0),
    };
    account(url).send(http, &call).await
}

#[track_caller]
fn is_unknown(outcome: &Outcome, code: &str) {
    assert!(matches!(outcome, Outcome::Unknown(said) if said.code == code), "{outcome:?}");
}

fn ok() -> Reply {
    answer(200, r#"{"success":"true"}"#)
}

#[tokio::test]
async fn a_cut_after_the_request_is_unknown_and_the_request_was_sent_once() {
    let server = Server::start(vec![Reply::Close]).await;
    is_unknown(&send(&http(), &server.url).await, NO_ANSWER);
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_cut_on_a_reused_connection_is_unknown_and_the_request_was_sent_once() {
    // The second request goes over the kept connection, is read, and gets no answer.
    let server = Server::start(vec![ok(), Reply::Close, ok()]).await;
    let http = http();
    assert!(matches!(send(&http, &server.url).await, Outcome::Accepted { .. }));
    is_unknown(&send(&http, &server.url).await, NO_ANSWER);
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_nothing_and_sends_once() {
    // The server closes after its answer without saying so. The next request must not be sent twice because of that.
    let Reply::Raw(first) = ok() else { panic!("raw") };
    let server = Server::start(vec![Reply::Part(first), ok()]).await;
    let http = http();
    for sent in 1..=2 {
        let outcome = send(&http, &server.url).await;
        // The client either saw the closing in time or did not. In that case the outcome is unknown, and never a
        // second copy.
        assert!(matches!(outcome, Outcome::Accepted { .. } | Outcome::Unknown(_)), "{outcome:?}");
        assert!(server.heard().len() <= sent);
    }
}

#[tokio::test]
async fn a_cut_in_the_middle_of_the_answer_is_unknown() {
    for part in ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let server = Server::start(vec![Reply::Part(part.into())]).await;
        is_unknown(&send(&http(), &server.url).await, NO_ANSWER);
        assert_eq!(server.heard().len(), 1);
    }
    // The status came whole and the body did not: 200 needs its body, 402 does not.
    for (status, unknown) in [(200, true), (402, false)] {
        let part = format!("HTTP/1.1 {status} X\r\ncontent-length: 100\r\n\r\n{{\"success\":\"true\"");
        let server = Server::start(vec![Reply::Part(part)]).await;
        let outcome = send(&http(), &server.url).await;
        assert_eq!(
            matches!(&outcome, Outcome::Unknown(said) if said.code == UNREADABLE),
            unknown,
            "{outcome:?}"
        );
        assert_eq!(matches!(outcome, Outcome::AccountStopped(_)), !unknown);
    }
}

#[tokio::test]
async fn silence_is_unknown_when_the_time_is_up() {
    let server = Server::start(vec![Reply::Stall]).await;
    let settings = HttpSettings {
        total_timeout: Duration::from_millis(100),
        local_targets: true,
        ..HttpSettings::default()
    };
    is_unknown(&send(&Http::new(settings).unwrap(), &server.url).await, NO_ANSWER);
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = send(&http(), &url).await;
    assert!(
        matches!(&outcome, Outcome::NotNow { said, slow_down: false, .. } if said.code == NOT_REACHED),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_name_that_nobody_knows_may_be_tried_again() {
    let outcome = send(&http(), "http://no-such-host.invalid").await;
    assert!(matches!(&outcome, Outcome::NotNow { said, .. } if said.code == NOT_REACHED), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_got_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        heard
    });
    let outcome = send(&http(), &url).await;
    assert!(matches!(&outcome, Outcome::NotNow { said, .. } if said.code == NOT_REACHED), "{outcome:?}");
    let heard = server.await.unwrap();
    assert!(!heard.is_empty(), "it saw the greeting");
    assert!(!String::from_utf8_lossy(&heard).contains(KEY), "and nothing of the message");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let body = "x".repeat(64 * 1024 + 1);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n";
    let server = Server::start(vec![Reply::Part(format!("{head}{body}{body}"))]).await;
    is_unknown(&send(&http(), &server.url).await, UNREADABLE);
    // A body just inside the limit is read.
    let padding = " ".repeat(64 * 1024 - 18);
    let server = Server::start(vec![answer(200, &format!(r#"{{"success":"true"}}{padding}"#))]).await;
    assert!(matches!(send(&http(), &server.url).await, Outcome::Accepted { .. }));
    let server = Server::start(vec![answer(200, &format!(r#"{{"success":"true"}} {padding}"#))]).await;
    is_unknown(&send(&http(), &server.url).await, UNREADABLE);
}

#[tokio::test]
async fn the_own_network_is_out_of_reach_unless_allowed() {
    let server = Server::start(vec![ok()]).await;
    let http = Http::new(HttpSettings::default()).unwrap();
    let port = server.url.rsplit(':').next().unwrap();
    for url in [
        server.url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("https://[::1]:{port}"),
        format!("https://localhost:{port}"),
    ] {
        let outcome = send(&http, &url).await;
        assert!(
            matches!(&outcome, Outcome::AccountStopped(said) if said.code == BAD_ADDRESS),
            "{url}: {outcome:?}"
        );
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_client_of_a_rehearsal_calls_this_machine_and_nobody_else() {
    let server = Server::start(vec![ok()]).await;
    let settings = HttpSettings { local_targets: true, this_machine_only: true, ..HttpSettings::default() };
    let http = Http::new(settings).unwrap();
    let port = server.url.rsplit(':').next().unwrap();
    // A name may lead anywhere later, whatever it leads to now.
    for url in [
        "https://api.example.com",
        "http://192.0.2.1",
        "http://10.0.0.1",
        &format!("http://localhost:{port}"),
    ] {
        let outcome = send(&http, url).await;
        assert!(
            matches!(&outcome, Outcome::AccountStopped(said) if said.code == BAD_ADDRESS),
            "{url}: {outcome:?}"
        );
    }
    assert!(server.heard().is_empty());
    send(&http, &server.url).await;
    assert_eq!(server.heard().len(), 1, "the stand-in is called");
}
