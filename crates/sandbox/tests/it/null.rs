//! The vendor that accepts everything.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::help::client;

#[tokio::test]
async fn every_request_is_accepted_with_an_id_of_its_own() {
    let null = munadi_sandbox::null::start().await.unwrap();
    let client = client();
    let mut ids = BTreeSet::new();
    for _ in 0..50 {
        let answer = client.post(null.url()).json(&json!({ "a": "b".repeat(5000) })).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["success"], "true");
        let id = body["submitted_message_id"].as_str().unwrap().to_owned();
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
        ids.insert(id);
    }
    assert_eq!((ids.len(), null.stop().await), (50, 50));
}

#[tokio::test]
async fn requests_that_come_in_pieces_or_together_are_told_apart() {
    let null = munadi_sandbox::null::start().await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(null.address()).await.unwrap();
    let request = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
    let both = [request.as_slice(), request.as_slice()].concat();
    stream.write_all(&both[..50]).await.unwrap();
    let mut answer = vec![0; 1];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(null.requests(), 1);
    stream.write_all(&both[50..]).await.unwrap();
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(null.requests(), 2);
    assert_eq!(String::from_utf8(answer).unwrap().matches("HTTP/1.1 200 OK").count(), 2);
}

#[tokio::test]
async fn requests_for_sms_get_the_other_vendors_answer() {
    let null = munadi_sandbox::null::start().await.unwrap();
    let client = client();
    let mut ids = BTreeSet::new();
    let numbers: Vec<String> = (0..100).map(|n| format!("90000000{n:02}")).collect();
    let body = json!({ "route": "dlt", "message": "111111", "numbers": numbers.join(","), "udf1": "a" });
    for _ in 0..50 {
        let url = format!("{}/dev/bulkV2", null.url());
        let answer = client.post(url).header("authorization", "any").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!((&answer["return"], &answer["amount_debited"]), (&json!(true), &json!("25.0000")));
        assert_eq!(answer["message"], json!(["SMS sent successfully."]));
        let id = answer["request_id"].as_str().unwrap();
        assert_eq!(id.len(), 15);
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
        ids.insert(id.to_owned());
    }
    assert_eq!(ids.len(), 50);
    let wallet = client.get(format!("{}/dev/wallet", null.url())).send().await.unwrap();
    assert_eq!(wallet.json::<Value>().await.unwrap()["return"], true);
}
