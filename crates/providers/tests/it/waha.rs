//! WAHA: answers row by row, sessions, receipts and what its stand-in does wrong.

use bytes::Bytes;
use domain::{
    group::{AccountState, GroupEvent, Jid, MemberMove, MemberReceiptKind, Passkey, Person},
    outcome::Outcome,
    phone::Phone,
    post::{GroupPost, MediaKind, Poll, PostMedia},
    receipt::{Event, Proof},
    time::Millis,
};
use munadi_providers::{
    QueryError, Secret,
    account::Post,
    answer::Class,
    gateway::{Link, LinkBy, LinkCodeKind, NewGroup, PasskeyStep},
    http::Answer,
    waha::{SEND_ANSWERS, bare_id, dedupe_key, is_signed, read, read_answer},
};
use sandbox::{Amount, Faults};
use serde_json::json;

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
        Outcome::Accepted { .. } => ("accepted", ""),
        Outcome::Refused(said) => ("refused", &said.code),
        Outcome::AccountStopped(said) => ("stopped", &said.code),
        Outcome::Misconfigured(said) => ("misconfigured", &said.code),
        Outcome::NotNow { said, slow_down: true, .. } => ("slower", &said.code),
        Outcome::NotNow { said, .. } => ("later", &said.code),
        Outcome::Unknown(said) => ("unknown", &said.code),
    }
}

/// As WAHA writes a failure of WhatsApp's (providers/src/waha/NOTES.md §4).
fn exception(message: &str) -> String {
    json!({ "statusCode": 500, "exception": { "message": message, "stack": "Error: x" }, "version": {} })
        .to_string()
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let expected = json!({ "error": "Session status is not as expected", "session": "munadi", "status": "SCAN_QR_CODE", "expected": ["WORKING"] });
    for (status, body, proves, said) in [
        (201, r#"{"id":"true_120363000000000001@g.us_3EB0AA"}"#.to_owned(), "accepted", ""),
        (201, r#"{"id":{"_serialized":"true_1@g.us_3EB0AA_91@c.us"}}"#.to_owned(), "accepted", ""),
        (201, r#"{"key":{"id":"3EB0AA"}}"#.to_owned(), "accepted", ""),
        (201, "{}".to_owned(), "unknown", "unreadable"),
        (200, "<html>".to_owned(), "unknown", "unreadable"),
        (500, exception("2 UNKNOWN: server returned error 463"), "stopped", "wa_463"),
        (500, r#"{"error":"2 UNKNOWN: server returned error 463"}"#.to_owned(), "stopped", "wa_463"),
        (500, exception("2 UNKNOWN: server returned error 402"), "stopped", "wa_402"),
        (500, exception("2 UNKNOWN: server returned error 420"), "refused", "wa_420"),
        (500, exception("2 UNKNOWN: server returned error 479"), "refused", "wa_479"),
        (500, exception("info query returned status 429: rate-overlimit"), "slower", "http_429"),
        (500, exception("info query returned status 404: item-not-found"), "refused", "no_group"),
        (500, exception("info query returned status 401: not-authorized"), "refused", "no_group"),
        (500, exception("server returned error 403: forbidden"), "refused", "admins_only"),
        (500, exception("2 UNKNOWN: server returned error 487"), "refused", "wa_refused"),
        (401, r#"{"message":"Unauthorized","statusCode":401}"#.to_owned(), "stopped", "bad_key"),
        (403, "{}".to_owned(), "stopped", "bad_key"),
        (404, r#"{"message":"Session does not exist"}"#.to_owned(), "stopped", "no_session"),
        (408, "".to_owned(), "unknown", "gateway"),
        (422, expected.to_string(), "later", "not_connected"),
        (429, "".to_owned(), "slower", "http_429"),
        (503, "".to_owned(), "slower", "http_503"),
        (502, "<html>".to_owned(), "unknown", "gateway"),
        (504, "".to_owned(), "unknown", "gateway"),
        (500, exception("something new"), "unknown", "http_500"),
        (400, r#"{"message":["chatId must be a chat id"]}"#.to_owned(), "misconfigured", "post_refused"),
    ] {
        let outcome = answered(status, &body);
        assert_eq!(code(&outcome), (proves, said), "{status} {body}");
    }
    let met: Vec<&str> = SEND_ANSWERS.iter().map(|row| row.code).collect();
    assert!(met.len() >= 18 && SEND_ANSWERS.iter().all(|row| row.source.starts_with('§')));
    let Outcome::NotNow { said, .. } = answered(422, &expected.to_string()) else { panic!("later") };
    assert_eq!(said.text, "The session is SCAN_QR_CODE");
    assert!(SEND_ANSWERS.iter().all(|row| {
        munadi_providers::meaning(row.code)
            .is_some_and(|m| m.class == row.class || row.class == Class::Unknown)
    }));
}

#[test]
fn a_bare_id_joins_call_and_receipt_in_every_form() {
    for (whole, bare) in [
        ("true_120363000000000001@g.us_3EB0AABB_919000000001@c.us", "3EB0AABB"),
        ("false_120363000000000001@g.us_3EB0AABB", "3EB0AABB"),
        ("3EB0AABB", "3EB0AABB"),
        ("true_odd", "true_odd"),
    ] {
        assert_eq!(bare_id(whole), bare);
    }
}

/// The vector is that of the facts (providers/src/waha/NOTES.md §6), and was checked independently.
#[test]
fn a_signature_is_hmac_sha512_over_the_body_as_it_came() {
    let body = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
    let signature = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";
    let key = Secret::new("my-secret-key");
    assert!(is_signed(&key, body, signature) && is_signed(&key, body, &signature.to_uppercase()));
    assert!(!is_signed(&key, br#"{"event":"message","session":"default","engine":"WEBJS" }"#, signature));
    assert!(!is_signed(&Secret::new("another-key"), body, signature));
    for broken in ["", "00", "zz", &signature[..126]] {
        assert!(!is_signed(&key, body, broken), "{broken}");
    }
}

fn envelope(event: &str, payload: serde_json::Value) -> Vec<u8> {
    let body = json!({
        "id": "evt_TEST1", "timestamp": 1_767_240_000_123_i64, "event": event, "session": "munadi",
        "me": { "id": "919000000100@c.us", "pushName": "Desk" }, "payload": payload, "engine": "GOWS",
    });
    body.to_string().into_bytes()
}

fn news(event: &str, payload: serde_json::Value) -> GroupEvent {
    match read("munadi", &envelope(event, payload.clone())).remove(0) {
        Event::Group(news) => news,
        other => panic!("{event} {payload}: {other:?}"),
    }
}

#[test]
fn a_members_receipt_names_group_message_and_person_by_number_or_hidden_id() {
    let ack = |participant: &str, name: &str, ack: i64| {
        json!({
            "id": "true_120363000000000001@g.us_3EB0AA_919000000100@c.us", "from": MORNING, "participant": participant,
            "fromMe": true, "ack": ack, "ackName": name,
        })
    };
    let number = Person::parse("919000000001@c.us");
    let hidden = Person::parse("100000000000001@lid");
    for (participant, name, value, person, seen) in [
        ("919000000001@c.us", "DEVICE", 2, &number, MemberReceiptKind::Delivered),
        ("919000000001@c.us", "READ", 3, &number, MemberReceiptKind::Read),
        ("919000000001@c.us", "PLAYED", 4, &number, MemberReceiptKind::Read),
        ("100000000000001@lid", "READ", 3, &hidden, MemberReceiptKind::Read),
        // This is the form of an older build (providers/src/waha/NOTES.md §6).
        ("100000000000001@lid", "SERVER", 1, &hidden, MemberReceiptKind::Delivered),
    ] {
        let expected = GroupEvent::Seen {
            group: MORNING.parse().unwrap(),
            message: "3EB0AA".into(),
            person: person.clone(),
            seen,
            at: Some(Millis(1_767_240_000_123)),
        };
        assert_eq!(news("message.ack.group", ack(participant, name, value)), expected);
    }
}

#[test]
fn an_acknowledgement_of_the_whole_message_is_a_receipt_and_keeps_the_code() {
    let ack = |ack: i64, name: &str, error: serde_json::Value| {
        let payload = json!({
            "id": "true_120363000000000001@g.us_3EB0AA", "from": MORNING, "fromMe": true, "ack": ack, "ackName": name,
            "_data": { "error": error },
        });
        read("munadi", &envelope("message.ack", payload)).remove(0)
    };
    let Event::Receipt(reading) = ack(1, "SERVER", json!(null)) else { panic!("a receipt") };
    assert_eq!((reading.provider_id.as_deref(), reading.proof), (Some("3EB0AA"), Proof::Sent));
    let Event::Receipt(reading) = ack(-1, "ERROR", json!(420)) else { panic!("a receipt") };
    assert!(matches!(reading.proof, Proof::Failed(said) if said.code == "wa_420"));
    let Event::Receipt(reading) = ack(-1, "ERROR", json!(null)) else { panic!("a receipt") };
    assert!(matches!(reading.proof, Proof::Failed(said) if said.code == "wa_refused"));
    assert_eq!(ack(0, "PENDING", json!(null)), Event::Other, "pending proves nothing");
}

#[test]
fn who_joins_and_leaves_is_told_with_both_names() {
    let payload = json!({
        "type": "join", "group": { "id": MORNING }, "timestamp": 1_767_240_000,
        "participants": [
            { "id": "100000000000001@lid", "pn": "919000000001@c.us", "role": "participant" },
            { "id": "100000000000002@lid", "pn": null, "role": "participant" },
        ],
    });
    let GroupEvent::Members { to, people, at, .. } = news("group.v2.participants", payload.clone()) else {
        panic!("members")
    };
    assert_eq!((to, at), (MemberMove::Joined, Some(NOW)));
    assert!(
        matches!(&people[..], [Person::Both(phone, _), Person::Hidden(_)] if phone.digits() == "919000000001")
    );
    let mut left = payload;
    left["type"] = json!("leave");
    assert!(matches!(news("group.v2.participants", left), GroupEvent::Members { to: MemberMove::Left, .. }));
}

#[test]
fn a_session_tells_how_it_stands_in_the_models_words() {
    let state = |payload: serde_json::Value| {
        let GroupEvent::Account { state, .. } = news("session.status", payload) else { panic!("an account") };
        state
    };
    let me = json!({ "id": "919000000100@c.us" });
    let since = Some(Millis(1_767_240_000_123));
    assert_eq!(state(json!({ "status": "WORKING", "me": me })), AccountState::Ready);
    assert_eq!(state(json!({ "status": "SCAN_QR_CODE" })), AccountState::Linking);
    assert_eq!(
        state(json!({ "status": "PASSKEY_REQUIRED" })),
        AccountState::PasskeyNeeded(Passkey::Challenge)
    );
    let compare = AccountState::PasskeyNeeded(Passkey::Compare);
    assert_eq!(state(json!({ "status": "PASSKEY_CONFIRMATION_REQUIRED" })), compare);
    assert_eq!(state(json!({ "status": "STARTING", "me": me })), AccountState::Waiting { since });
    assert_eq!(
        state(json!({ "status": "FAILED", "me": me, "data": { "code": 440 } })),
        AccountState::Replaced
    );
    assert_eq!(
        state(json!({ "status": "FAILED", "me": me, "data": { "code": 401 } })),
        AccountState::LoggedOut
    );
    let blocked = AccountState::Blocked { code: "403".into() };
    assert_eq!(state(json!({ "status": "FAILED", "me": me, "data": { "code": 403 } })), blocked);
    let banned = AccountState::Restricted { until: Some(NOW), code: "402".into() };
    assert_eq!(
        state(json!({ "status": "FAILED", "me": me, "data": { "code": 402, "expire": 1_767_240_000 } })),
        banned
    );
    assert_eq!(
        state(json!({ "status": "FAILED", "me": me })),
        AccountState::Waiting { since },
        "no more is known"
    );
    let locked = json!({ "id": "919000000100@c.us", "reachoutTimelock": { "isActive": true, "enforcementEnds": 1_767_240_000_000_i64 } });
    let restricted = AccountState::Restricted { until: Some(NOW), code: "463".into() };
    assert_eq!(state(json!({ "status": "WORKING", "me": locked })), restricted);
    let capped = json!({ "id": "919000000100@c.us", "messageCapping": { "cappingStatus": "CAPPED", "cycleEnd": 1_767_240_000 } });
    assert_eq!(
        state(json!({ "status": "WORKING", "me": capped })),
        AccountState::Capped { until: Some(NOW) }
    );
    let warned = json!({ "id": "919000000100@c.us", "messageCapping": { "cappingStatus": "FIRST_WARNING" }, "reachoutTimelock": null });
    assert_eq!(state(json!({ "status": "WORKING", "me": warned })), AccountState::Ready);
}

#[test]
fn a_post_of_another_session_or_kind_says_nothing_and_a_broken_one_is_kept() {
    let ack = json!({ "id": "true_120363000000000001@g.us_3EB0AA", "from": MORNING, "ack": 1 });
    assert_eq!(read("another", &envelope("message.ack", ack)), [Event::Other]);
    assert_eq!(read("munadi", &envelope("presence.update", json!({}))), [Event::Other]);
    assert!(matches!(read("munadi", &envelope("message.ack", json!({})))[..], [Event::NotUnderstood(_)]));
    assert_eq!(dedupe_key(&envelope("message.ack", json!({}))), "evt_TEST1");
}

#[tokio::test]
async fn a_phone_that_wants_a_passkey_is_linked_after_the_code_was_compared() {
    let mut faults = Faults::default();
    faults.habits.waha.wants_passkey = true;
    let place = Place::of("waha", faults).await;
    let account = open(&place.sandbox, "waha", Some("second"));
    let gateway = account.gateway().unwrap();
    let link = Link { by: LinkBy::Qr, callback: "http://127.0.0.1:9/callbacks/test", now: NOW };
    gateway.link(&http(), &link).await.unwrap();
    assert!(place.scan("second", 919_000_000_777));
    let session = gateway.session(&http(), NOW).await.unwrap();
    assert_eq!(session.state, AccountState::PasskeyNeeded(Passkey::Challenge));
    let Some(PasskeyStep::Challenge(options)) = session.passkey else { panic!("a challenge") };
    let options: serde_json::Value = serde_json::from_str(options.expose()).unwrap();
    assert_eq!(options["rpId"], "whatsapp.com");
    let refused = gateway.answer_passkey(&http(), "not json", NOW).await;
    assert!(matches!(refused, Err(QueryError::Refused(_))), "{refused:?}");
    let assertion = r#"{"id":"TEST","type":"public-key","response":{"signature":"TEST"}}"#;
    let session = gateway.answer_passkey(&http(), assertion, NOW).await.unwrap();
    assert_eq!(session.state, AccountState::PasskeyNeeded(Passkey::Compare));
    assert!(matches!(session.passkey, Some(PasskeyStep::Compare(code)) if code.expose() == "TEST-CODE"));
    let session = gateway.confirm_passkey(&http(), NOW).await.unwrap();
    assert_eq!(session.state, AccountState::Ready);
    assert_eq!(session.phone.as_ref().map(Phone::digits), Some("919000000777"));
}

#[tokio::test]
async fn a_code_to_type_is_asked_for_with_the_number() {
    let place = Place::of("waha", Faults::default()).await;
    let account = open(&place.sandbox, "waha", Some("second"));
    let phone = Phone::from_stored("+919000000777").unwrap();
    let link =
        Link { by: LinkBy::PairingCode(&phone), callback: "http://127.0.0.1:9/callbacks/test", now: NOW };
    let session = account.gateway().unwrap().link(&http(), &link).await.unwrap();
    let code = session.code.unwrap();
    assert!(
        matches!(&code.kind, LinkCodeKind::Pairing(code) if code.expose().starts_with("TEST-")),
        "{code:?}"
    );
    assert_eq!(code.expires, Millis(NOW.0 + 180_000));
}

#[tokio::test]
async fn a_list_that_breaks_off_or_leaves_one_out_is_an_error_and_never_shorter() {
    for break_it in [
        |faults: &mut Faults| faults.habits.waha.list_short = Amount::ALWAYS,
        |faults: &mut Faults| faults.habits.waha.list_overlimit = Amount::ALWAYS,
    ] {
        let mut faults = Faults::default();
        break_it(&mut faults);
        let place = Place::of("waha", faults).await;
        let ours = sandbox::samples::ACCOUNT;
        let many = (0..60)
            .map(|n| sandbox::network::Group::of(&format!("1203630000001{n:05}@g.us"), "Many", [ours]));
        place.network().set_groups(many.collect());
        let listed = place.gateway().groups(&http()).await;
        assert!(matches!(listed, Err(QueryError::Silent(_))), "{listed:?}");
    }
    let place = Place::of("waha", Faults::default()).await;
    place.sandbox.waha_fail("munadi", 401);
    let listed = place.gateway().groups(&http()).await;
    assert!(
        matches!(listed, Err(QueryError::Silent(_))),
        "an account that is not connected has no list: {listed:?}"
    );
}

#[tokio::test]
async fn every_part_of_a_post_arrives_as_it_was_meant() {
    let place = Place::of("waha", Faults::default()).await;
    let media = |kind, url: &str| Some(PostMedia { kind, url: url.into(), name: String::new() });
    let content = domain::template::Content::for_preview([]);
    for post in [
        GroupPost { mention_all: true, link_preview: true, ..GroupPost::of_text("See https://x.example") },
        GroupPost {
            media: media(MediaKind::Image, "https://x.example/a.png"),
            ..GroupPost::of_text("Poster")
        },
        GroupPost { media: media(MediaKind::Video, "https://x.example/a.mp4"), ..GroupPost::of_text("Film") },
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
        let posts = place.network().posts(EVENING);
        let got = posts.last().unwrap();
        let text = filled.poll.as_ref().map_or(&filled.text, |poll| &poll.question);
        assert_eq!(&got.text, text);
        assert_eq!(got.mentions_all, filled.mention_all);
        assert_eq!(got.media.as_deref(), filled.media.as_ref().map(|media| media.url.as_str()));
        assert_eq!(got.options, filled.poll.as_ref().map_or(vec![], |poll| poll.options.clone()));
        if filled.media.is_none() && filled.poll.is_none() {
            assert_eq!(got.link_preview, filled.link_preview);
        }
    }
}

#[tokio::test]
async fn an_unknown_post_is_found_by_its_text_and_what_is_not_there_is_not() {
    let faults = Faults { reset_after: Amount::ALWAYS, ..Faults::default() };
    let place = Place::of("waha", faults).await;
    let post = text("Starting in ten minutes");
    assert!(matches!(place.post(EVENING, &post).await, Outcome::Unknown(_)));
    let group: Jid = EVENING.parse().unwrap();
    let there = place.network().posts(EVENING);
    let found = place.gateway().find(&http(), &group, &post, NOW).await.unwrap().expect("it is there");
    assert_eq!(found.id, there[0].id);
    assert_eq!(place.gateway().find(&http(), &group, &text("Another"), NOW).await.unwrap(), None);
    let later = Millis(NOW.0 + 3_600_000);
    assert_eq!(
        place.gateway().find(&http(), &group, &post, later).await.unwrap(),
        None,
        "an older one is another"
    );
    let gateway = place.gateway();
    gateway.edit(&http(), &group, &found.id, "Starting now").await.unwrap();
    assert_eq!(place.network().posts(EVENING)[0].edited.as_deref(), Some("Starting now"));
    gateway.delete(&http(), &group, &found.id).await.unwrap();
    assert!(place.network().posts(EVENING)[0].deleted);
    assert!(gateway.delete(&http(), &group, "3EB0NOTHING").await.is_err());
}

#[tokio::test]
async fn refusals_at_once_stop_the_account_or_fail_one_group() {
    for (code, expected) in
        [(463, "stopped"), (402, "stopped"), (420, "refused"), (429, "slower"), (479, "refused")]
    {
        let mut faults = Faults::default();
        faults.habits.waha.refuses = Amount::ALWAYS;
        faults.habits.waha.refuses_with = Some(code);
        let place = Place::of("waha", faults).await;
        let outcome = place.post(MORNING, &text("Hello")).await;
        assert_eq!(self::code(&outcome).0, expected, "{code}: {outcome:?}");
        assert!(place.network().all_posts().is_empty());
    }
    let place = Place::of("waha", Faults::default()).await;
    for (group, expected) in
        [("120363999999999999@g.us", "no_group"), ("120363000000000020@g.us", "admins_only")]
    {
        let outcome = place.post(group, &text("Hello")).await;
        assert!(matches!(&outcome, Outcome::Refused(said) if said.code == expected), "{group}: {outcome:?}");
    }
    place.sandbox.waha_fail("munadi", 440);
    let outcome = place.post(MORNING, &text("Hello")).await;
    assert_eq!(code(&outcome), ("later", "not_connected"), "nothing was handed over: it waits");
}

#[tokio::test]
async fn a_group_is_made_with_a_description_and_its_invitation_is_read() {
    let place = Place::of("waha", Faults::default()).await;
    let new = NewGroup {
        subject: "Batch 8".into(),
        description: "Starts on 7 December".into(),
        community: false,
        people: vec![Phone::from_stored("+919000000001").unwrap()],
    };
    let made = place.gateway().create(&http(), &new).await.unwrap();
    let group = place.network().group(made.group.as_str()).unwrap();
    assert_eq!((group.subject.as_str(), group.description.as_str()), ("Batch 8", "Starts on 7 December"));
    assert_eq!(group.members.len(), 2);
    let invite = place.gateway().invite(&http(), &made.group).await.unwrap();
    assert_eq!(invite.as_str(), format!("https://chat.whatsapp.com/{}", group.invite));
    let alumni: Jid = "120363000000000020@g.us".parse().unwrap();
    assert!(place.gateway().invite(&http(), &alumni).await.is_err(), "only admins read it");
    let community = place.gateway().create(&http(), &NewGroup { community: true, ..new }).await;
    assert!(matches!(community, Err(QueryError::Refused(said)) if said.code == "not_supported"));
}

/// Posts to our callback, as they came.
async fn heard(place: &Place, server: &crate::server::Server) -> Vec<Event> {
    place.sandbox.flush_receipts().await;
    let mut events = Vec::new();
    for heard in server.heard() {
        let raw = heard.body.as_bytes();
        let header = |name: &str| {
            let lines = heard.head.lines().filter_map(|line| line.split_once(':'));
            lines
                .into_iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        let received = place.account.receive(&Post { raw, header: &header });
        if received.is_ok() {
            events.extend(place.account.read(raw));
        }
    }
    events
}

#[tokio::test]
async fn every_members_receipt_of_a_real_post_arrives_signed_and_forgeries_do_not() {
    let mut faults = Faults::default();
    faults.outcomes.read = 1.0;
    faults.receipts.forged = 1.0;
    faults.receipts.mode = sandbox::faults::ReceiptMode::Held;
    let place = Place::of("waha", faults).await;
    let server = crate::server::Server::start(vec![crate::server::answer(200, "{}")]).await;
    let link = Link { by: LinkBy::Qr, callback: &format!("{}/callbacks/test", server.url), now: NOW };
    let session = place.gateway().link(&http(), &link).await.unwrap();
    assert_eq!(session.state, AccountState::Ready, "a linked account stays linked");
    let Outcome::Accepted { provider_id: Some(id), .. } = place.post(MORNING, &text("Hello")).await else {
        panic!()
    };
    let events = heard(&place, &server).await;
    let members = place.network().group(MORNING).unwrap().members.len() - 1;
    let seen = |kind: MemberReceiptKind| {
        let of = events.iter().filter_map(|event| match event {
            Event::Group(GroupEvent::Seen { message, person: Some(person), seen, .. }) if *seen == kind => {
                assert_eq!(message, &id);
                Some(person.clone())
            }
            _ => None,
        });
        of.collect::<std::collections::HashSet<Person>>().len()
    };
    assert_eq!((seen(MemberReceiptKind::Delivered), seen(MemberReceiptKind::Read)), (members, members));
    let accepted = events
        .iter()
        .filter(|event| matches!(event, Event::Receipt(reading) if reading.proof == Proof::Sent));
    assert_eq!(accepted.count(), 1);
    let forged = place.sandbox.receipts().forged;
    assert!(forged as usize > members, "needs forgeries: {forged}");
}

#[tokio::test]
async fn a_community_that_is_posted_to_is_refused_late_with_its_code() {
    let mut faults = Faults::default();
    faults.receipts.mode = sandbox::faults::ReceiptMode::Held;
    let place = Place::of("waha", faults).await;
    let server = crate::server::Server::start(vec![crate::server::answer(200, "{}")]).await;
    let link = Link { by: LinkBy::Qr, callback: &format!("{}/callbacks/test", server.url), now: NOW };
    place.gateway().link(&http(), &link).await.unwrap();
    let Outcome::Accepted { provider_id, .. } = place.post(PARENT, &text("Hello")).await else {
        panic!("taken")
    };
    let events = heard(&place, &server).await;
    let refused = events.iter().find_map(|event| match event {
        Event::Receipt(reading) if reading.provider_id == provider_id => Some(&reading.proof),
        _ => None,
    });
    assert!(matches!(refused, Some(Proof::Failed(said)) if said.code == "wa_420"), "{refused:?}");
    assert_eq!(place.network().posts(PARENT)[0].refused, Some(420));
}
