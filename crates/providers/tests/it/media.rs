//! Files of posts, looked at over HTTP as a gateway would meet them.

use domain::{
    post::{MediaKind, PostMedia},
    post_media::{MediaProblem, PICTURE_BYTES_MAX},
};
use munadi_providers::{Http, HttpSettings, media};

use crate::server::{Reply, Server, answer, with_headers};

const MP4: &str = "\u{0}\u{0}\u{0}\u{18}ftypmp42";

fn file(kind: MediaKind, url: &str) -> PostMedia {
    PostMedia { kind, url: url.to_owned(), name: String::new() }
}

fn http(local_targets: bool) -> Http {
    Http::new(HttpSettings { local_targets, ..HttpSettings::default() }).unwrap()
}

/// What a look at a file finds on a server that answers so.
async fn found(reply: Reply) -> Result<Option<u64>, MediaProblem> {
    let server = Server::start(vec![reply]).await;
    let looked =
        media::look(&http(true), &file(MediaKind::Video, &format!("{}/tonight.mp4?v=2", server.url))).await;
    let heard = server.heard();
    assert!(heard.iter().all(|one| one.head.starts_with("GET /tonight.mp4?v=2 ")), "{heard:?}");
    assert!(heard.iter().all(|one| one.head.to_lowercase().contains("range: bytes=0-511")), "{heard:?}");
    looked
}

#[tokio::test]
async fn no_more_than_the_beginning_of_a_file_is_fetched_and_its_size_is_known() {
    let part = format!("content-range: bytes 0-11/{}\r\n", 9_000_000);
    assert_eq!(found(with_headers(206, &part, MP4)).await, Ok(Some(9_000_000)));
    assert_eq!(found(answer(200, MP4)).await, Ok(Some(12)));
    // The transfer of a large file is ended after its beginning.
    let large = PICTURE_BYTES_MAX + 1;
    let whole = format!("HTTP/1.1 200 X\r\ncontent-length: {large}\r\n\r\n{MP4}{}", " ".repeat(4_096));
    let too_large = MediaProblem::TooLarge { bytes: large, max: PICTURE_BYTES_MAX };
    assert_eq!(found(Reply::Raw(whole)).await, Err(too_large));
}

#[tokio::test]
async fn what_a_gateway_could_not_fetch_is_said_in_words() {
    assert_eq!(found(answer(404, "")).await, Err(MediaProblem::Refused(404)));
    assert_eq!(found(answer(403, "<html>Sign in</html>")).await, Err(MediaProblem::Refused(403)));
    assert_eq!(
        found(with_headers(302, "location: https://elsewhere.example/\r\n", "")).await,
        Err(MediaProblem::LeadsOn)
    );
    assert_eq!(
        found(answer(200, "<!DOCTYPE html><title>Shared file</title>")).await,
        Err(MediaProblem::Page)
    );
    assert_eq!(found(answer(200, "")).await, Err(MediaProblem::Empty));
    assert!(matches!(found(Reply::Close).await, Err(MediaProblem::Unreachable(_))));
}

#[tokio::test]
async fn an_address_inside_the_own_network_is_never_looked_at() {
    let server = Server::start(vec![answer(200, MP4)]).await;
    let inside = file(MediaKind::Video, &server.url);
    assert!(matches!(media::look(&http(false), &inside).await, Err(MediaProblem::Unreachable(_))));
    assert!(server.heard().is_empty(), "{:?}", server.heard());
    for odd in ["", "no address", "ftp://files.example/x", "https://user:pass@files.example/x"] {
        let odd = file(MediaKind::Video, odd);
        assert!(matches!(media::look(&http(true), &odd).await, Err(MediaProblem::Unreachable(_))));
    }
}
