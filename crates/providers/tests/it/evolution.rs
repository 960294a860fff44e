//! Evolution API: answers row by row, tokens, posts to our callback, and what its stand-in does wrong.

use bytes::Bytes;
use domain::{
    group::{AccountState, GroupEvent, Jid, MemberMove, Passkey, Person},
    outcome::Outcome,
    phone::Phone,
    post::{GroupPost, MediaKind, Poll, PostMedia},
    receipt::{Event, Proof},
    time::Millis,
};
use munadi_providers::{
    QueryError, Secret,
    account::Post,
    evolution::{SEND_ANSWERS, is_genuine, read, read_answer},
    gateway::{Link, LinkBy, LinkCodeKind, NewGroup},
    http::Answer,
};
use sandbox::{Amount, Faults, face::Face};
use serde_json::{Value, json};

use crate::{
    aisensy_request::http,
    gateways::{EVENING, MORNING, PARENT, Place, open, text},
};

const NOW: Millis = Millis(1_767_240_000_000);

fn answered(status: u16, body: &str) -> Outcome {
    let answer =
        Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), whole: true, retry_after: None };
    read_answer(&answer, NOW, &[])
}

fn code(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Accepted { provider_id, .. } => ("accepted", provider_id.as_deref().unwrap_or("")),
        Outcome::Refused(said) => ("refused", &said.code),
        Outcome::AccountStopped(said) => ("stopped", &said.code),
        Outcome::Misconfigured(said) => ("misconfigured", &said.code),
        Outcome::NotNow { said, slow_down: true, .. } => ("slower", &said.code),
        Outcome::NotNow { said, .. } => ("later", &said.code),
        Outcome::Unknown(said) => ("unknown", &said.code),
    }
}

fn wrong(message: Value) -> String {
    json!({ "status": 400, "error": "Bad Request", "response": { "message": message } }).to_string()
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let missing = json!([{ "exists": false, "jid": "1@g.us", "number": "1" }]);
    for (status, body, proves, said) in [
        (
            201,
            r#"{"key":{"remoteJid":"1@g.us","fromMe":true,"id":"3EB0AA"},"status":"PENDING"}"#.to_owned(),
            "accepted",
            "3EB0AA",
        ),
        (201, "{}".to_owned(), "unknown", "unreadable"),
        (200, r#"{"error":true,"message":"no"}"#.to_owned(), "unknown", "unreadable"),
        (401, wrong(json!("Unauthorized")), "stopped", "bad_key"),
        (403, wrong(json!("Forbidden")), "stopped", "bad_key"),
        (404, wrong(json!(["The \"x\" instance does not exist"])), "stopped", "no_session"),
        (404, wrong(json!(["Group not found"])), "refused", "no_group"),
        (404, wrong(json!(["Cannot POST /message/x"])), "stopped", "bad_address"),
        (400, wrong(json!(["Error: Connection Closed"])), "later", "not_connected"),
        (
            400,
            wrong(json!([["TypeError: Cannot read properties of undefined (reading 'x')"]])),
            "later",
            "not_connected",
        ),
        (400, wrong(json!("Error: item-not-found")), "refused", "no_group"),
        (400, wrong(missing), "refused", "no_group"),
        (400, wrong(json!([["instance requires property \"text\""]])), "misconfigured", "post_refused"),
        (400, wrong(json!("Owned media must be a url or base64")), "misconfigured", "post_refused"),
        (500, wrong(json!(["rate-overlimit"])), "slower", "http_429"),
        (500, wrong(json!("something new")), "unknown", "http_500"),
        (408, String::new(), "unknown", "gateway"),
        (429, String::new(), "slower", "http_429"),
        (503, String::new(), "slower", "http_503"),
        (502, "<html>".to_owned(), "unknown", "gateway"),
        (504, String::new(), "unknown", "gateway"),
    ] {
        assert_eq!(code(&answered(status, &body)), (proves, said), "{status} {body}");
    }
    assert!(SEND_ANSWERS.iter().all(|row| row.source.starts_with('§')));
    let Outcome::Misconfigured(said) =
        answered(400, &wrong(json!([["instance requires property \"text\""]])))
    else {
        panic!()
    };
    assert_eq!(said.text, "instance requires property \"text\"", "a list in a list is flattened");
}

/// The token was made with another program: HS256 over `{"alg":"HS256","typ":"JWT"}` and
/// `{"iat":1767240000,"exp":1767240600,"app":"evolution","action":"webhook"}` under `TEST-KEY`.
const TOKEN: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NjcyNDAwMDAsImV4cCI6MTc2NzI0MDYwMCwiYXBwIjoiZXZvbHV0aW9uIiwiYWN0aW9uIjoid2ViaG9vayJ9.n5b1C21kKSvPI_tF_0qLkbjqT9UYqg1ugizETaVm4YY";

#[test]
fn a_token_proves_a_post_only_under_the_key_and_for_this_purpose() {
    let key = Secret::new("TEST-KEY");
    assert!(is_genuine(&key, TOKEN));
    assert!(!is_genuine(&Secret::new("another"), TOKEN));
    let (signed, signature) = TOKEN.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let none = "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for forged in [
        format!("{signed}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}x.{signature}"),
        TOKEN.trim_start_matches("Bearer ").to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        assert!(!is_genuine(&key, &forged), "{forged}");
    }
}

fn post(event: &str, data: Value) -> Vec<Event> {
    let body = json!({ "event": event, "instance": "munadi", "data": data, "date_time": "2026-01-01T09:30:00.000Z" });
    read("munadi", body.to_string().as_bytes())
}

#[test]
fn a_connection_tells_how_the_account_stands_and_what_is_unclear_is_asked() {
    let state = |data: Value| match post("connection.update", data).remove(0) {
        Event::Group(GroupEvent::Account { state, .. }) => Some(state),
        Event::Group(GroupEvent::AskAccount) => None,
        other => panic!("{other:?}"),
    };
    let blocked = AccountState::Blocked { code: "403".into() };
    let banned = AccountState::Restricted { until: None, code: "402".into() };
    for (data, expected) in [
        (
            json!({ "state": "open", "statusReason": 200, "wuid": "919000000100@s.whatsapp.net" }),
            Some(AccountState::Ready),
        ),
        (json!({ "state": "close", "statusReason": 401 }), Some(AccountState::LoggedOut)),
        (json!({ "state": "close", "statusReason": 403 }), Some(blocked)),
        (json!({ "state": "close", "statusReason": 402 }), Some(banned)),
        (json!({ "state": "close", "statusReason": 428 }), Some(AccountState::Waiting { since: None })),
        (
            json!({ "state": "refused", "statusReason": 500 }),
            Some(AccountState::PasskeyNeeded(Passkey::NotHere)),
        ),
        (json!({ "state": "connecting", "statusReason": 200 }), None),
        (json!({ "state": "close" }), None),
    ] {
        assert_eq!(state(data.clone()), expected, "{data}");
    }
    for event in ["status.instance", "logout.instance", "remove.instance"] {
        assert_eq!(
            post(event, Value::Null),
            [Event::Group(GroupEvent::AskAccount)],
            "{event}: its data may be empty"
        );
    }
}

#[test]
fn an_update_is_a_refusal_or_nothing_and_its_time_is_not_believed() {
    let update = |status: &str| json!({ "keyId": "3EB0AA", "remoteJid": MORNING, "fromMe": true, "status": status, "messageId": "db-1" });
    let Event::Receipt(reading) = post("messages.update", update("ERROR")).remove(0) else {
        panic!("a receipt")
    };
    assert_eq!((reading.provider_id.as_deref(), reading.at), (Some("3EB0AA"), None));
    assert!(matches!(reading.proof, Proof::Failed(said) if said.code == "wa_refused"));
    for status in ["SERVER_ACK", "DELIVERY_ACK", "READ"] {
        assert_eq!(
            post("messages.update", update(status)),
            [Event::Other],
            "{status}: of which member is not told"
        );
    }
    let both = post("messages.update", json!([update("ERROR"), update("READ")]));
    assert_eq!(both.len(), 2);
    assert!(matches!(post("messages.update", json!({ "status": "ERROR" }))[..], [Event::NotUnderstood(_)]));
}

#[test]
fn who_joins_and_leaves_is_told_with_the_number_where_it_is_disclosed() {
    let data = |phone: &str, action: &str| {
        json!({
            "id": MORNING, "participants": ["100000000000001@lid"], "action": action,
            "participantsData": [{ "jid": "100000000000001@lid", "phoneNumber": phone }],
        })
    };
    let moved =
        |phone: &str, action: &str| match post("group-participants.update", data(phone, action)).remove(0) {
            Event::Group(GroupEvent::Members { to, people, .. }) => (to, people),
            other => panic!("{other:?}"),
        };
    let (to, people) = moved("919000000001@s.whatsapp.net", "add");
    assert!(to == MemberMove::Joined && matches!(&people[..], [Person::Both(..)]), "{people:?}");
    let (to, people) = moved("100000000000001@lid", "remove");
    assert!(to == MemberMove::Left && matches!(&people[..], [Person::Hidden(_)]), "{people:?}");
    let changed = post("groups.upsert", json!([{ "id": MORNING }]));
    assert!(
        matches!(&changed[..], [Event::Group(GroupEvent::GroupChanged { group })] if group.as_str() == MORNING)
    );
}

#[tokio::test]
async fn every_part_of_a_post_arrives_as_it_was_meant() {
    let place = Place::of("evolution", Faults::default()).await;
    let media = |kind, url: &str| Some(PostMedia { kind, url: url.into(), name: String::new() });
    let content = domain::template::Content::for_preview([]);
    for post in [
        GroupPost { mention_all: true, ..GroupPost::of_text("See https://x.example") },
        GroupPost {
            media: media(MediaKind::Image, "https://x.example/a.png"),
            ..GroupPost::of_text("Poster")
        },
        GroupPost {
            media: media(MediaKind::Document, "https://x.example/a.pdf"),
            ..GroupPost::of_text("Notes")
        },
        GroupPost {
            poll: Some(Poll {
                question: "When?".into(),
                options: vec!["7 pm".into(), "8 pm".into()],
                several: true,
            }),
            ..GroupPost::default()
        },
    ] {
        let filled = post.filled(&content);
        let outcome = place.post(EVENING, &filled).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{post:?}: {outcome:?}");
        let got = place.network().posts(EVENING).last().unwrap().clone();
        let text = filled.poll.as_ref().map_or(&filled.text, |poll| &poll.question);
        assert_eq!((&got.text, got.mentions_all), (text, filled.mention_all));
        assert_eq!(got.media.as_deref(), filled.media.as_ref().map(|media| media.url.as_str()));
        assert_eq!(got.options, filled.poll.as_ref().map_or(vec![], |poll| poll.options.clone()));
        let group: Jid = EVENING.parse().unwrap();
        let found = place.gateway().find(&http(), &group, &filled, NOW).await.unwrap().expect("it is there");
        assert_eq!(found.id, got.id, "{post:?}");
    }
}

#[tokio::test]
async fn a_post_is_changed_and_deleted_and_what_is_not_there_is_not() {
    let place = Place::of("evolution", Faults::default()).await;
    let Outcome::Accepted { provider_id: Some(id), .. } = place.post(EVENING, &text("Hello")).await else {
        panic!()
    };
    let (gateway, group): (_, Jid) = (place.gateway(), EVENING.parse().unwrap());
    gateway.edit(&http(), &group, &id, "Starting now").await.unwrap();
    assert_eq!(place.network().posts(EVENING)[0].edited.as_deref(), Some("Starting now"));
    gateway.delete(&http(), &group, &id).await.unwrap();
    assert!(place.network().posts(EVENING)[0].deleted);
    assert!(gateway.delete(&http(), &group, "3EB0NOTHING").await.is_err());
}

#[tokio::test]
async fn a_phone_that_wants_a_passkey_cannot_be_linked_here_and_a_typed_code_can_be_asked_for() {
    let place = Place::of("evolution", Faults::default()).await;
    let account = open(&place.sandbox, "evolution", Some("second"));
    let phone = Phone::from_stored("+919000000777").unwrap();
    let link =
        Link { by: LinkBy::PairingCode(&phone), callback: "http://127.0.0.1:9/callbacks/test", now: NOW };
    let gateway = account.gateway().unwrap();
    let code = gateway.link(&http(), &link).await.unwrap().code.unwrap();
    assert!(
        matches!(&code.kind, LinkCodeKind::Pairing(code) if code.expose().starts_with("TEST-")),
        "{code:?}"
    );
    assert!(!gateway.abilities().passkey);
    let answered = gateway.answer_passkey(&http(), "{}", NOW).await;
    assert!(matches!(answered, Err(QueryError::Refused(said)) if said.code == "not_supported"));
    assert!(!gateway.abilities().notice.is_empty(), "its licence wants it said");
}

#[tokio::test]
async fn an_instance_that_was_made_by_hand_hears_groups_once_it_is_linked_here() {
    let place = Place::of("evolution", Faults::default()).await;
    let deaf = json!({ "groupsIgnore": true });
    place.sandbox.evolution().devices().change("munadi", |device| device.config = deaf);
    let link = Link { by: LinkBy::Qr, callback: "http://127.0.0.1:9/callbacks/test", now: NOW };
    assert_eq!(place.gateway().link(&http(), &link).await.unwrap().state, AccountState::Ready);
    let config = place.sandbox.evolution().devices().get("munadi", NOW.0).unwrap().config;
    assert_eq!((&config["groupsIgnore"], &config["webhook"]["url"]), (&json!(false), &json!(link.callback)));
}

#[tokio::test]
async fn too_many_questions_about_groups_are_an_error_and_a_lost_connection_waits() {
    let mut faults = Faults::default();
    faults.habits.evolution.overlimit = Amount::ALWAYS;
    let place = Place::of("evolution", faults).await;
    let listed = place.gateway().groups(&http()).await;
    assert!(matches!(&listed, Err(QueryError::Silent(said)) if said.code == "http_429"), "{listed:?}");
    let place = Place::of("evolution", Faults::default()).await;
    place.sandbox.evolution_fail("munadi", 428);
    assert_eq!(code(&place.post(MORNING, &text("Hello")).await), ("later", "not_connected"));
    assert!(place.gateway().groups(&http()).await.is_err());
    let community =
        NewGroup { subject: "x".into(), description: String::new(), community: true, people: vec![] };
    let made = place.gateway().create(&http(), &community).await;
    assert!(matches!(made, Err(QueryError::Refused(said)) if said.code == "not_supported"));
}

#[tokio::test]
async fn a_refusal_arrives_late_without_its_code_and_no_member_is_ever_told_of() {
    let mut faults = Faults::default();
    faults.outcomes.read = 1.0;
    faults.receipts.forged = 1.0;
    faults.receipts.mode = sandbox::faults::ReceiptMode::Held;
    let place = Place::of("evolution", faults).await;
    let server = crate::server::Server::start(vec![crate::server::answer(200, "{}")]).await;
    let link = Link { by: LinkBy::Qr, callback: &format!("{}/callbacks/test", server.url), now: NOW };
    place.gateway().link(&http(), &link).await.unwrap();
    assert!(matches!(place.post(MORNING, &text("Hello")).await, Outcome::Accepted { .. }));
    let Outcome::Accepted { provider_id, .. } = place.post(PARENT, &text("Hello")).await else {
        panic!("taken")
    };
    place.sandbox.flush_receipts().await;
    let (mut genuine, mut forged) = (Vec::new(), 0);
    for heard in server.heard() {
        let raw = heard.body.as_bytes();
        let header = |name: &str| {
            let mut lines = heard.head.lines().filter_map(|line| line.split_once(':'));
            lines
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        match place.account.receive(&Post { raw, header: &header }) {
            Ok(_) => genuine.extend(place.account.read(raw)),
            Err(_) => forged += 1,
        }
    }
    assert!(forged > 0, "needs forgeries");
    let refused = genuine.iter().filter(|event| {
        matches!(event, Event::Receipt(reading) if reading.provider_id == provider_id && matches!(reading.proof, Proof::Failed(_)))
    });
    assert_eq!(refused.count(), 1, "{genuine:?}");
    assert!(
        !genuine.iter().any(|event| matches!(event, Event::Group(GroupEvent::Seen { .. }))),
        "{genuine:?}"
    );
    // The sample that the stand-in gives to benchmarks is genuine, too.
    let sample = sandbox::evolution::FACE.delivered(1, "3EB0AA", "919000000001", "TEST-KEY");
    let (_, token) = sample.signature.unwrap();
    assert!(is_genuine(&Secret::new("TEST-KEY"), &token));
}
