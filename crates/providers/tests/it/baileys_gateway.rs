//! The former application's gateway: answers row by row, callbacks, and its old faults.

use bytes::Bytes;
use domain::{
    group::{AccountState, CommunityPlace, GroupEvent, Jid, Lid, MemberMove, MemberReceiptKind, Person},
    outcome::Outcome,
    receipt::Event,
    time::Millis,
};
use munadi_providers::{
    QueryError,
    account::Post,
    baileys_gateway::{SEND_ANSWERS, dedupe_key, read, read_answer},
    gateway::NewGroup,
    http::Answer,
};
use sandbox::{Amount, Faults};
use serde_json::{Value, json};

use crate::{
    aisensy_request::http,
    gateways::{EVENING, MORNING, PARENT, Place as World, text},
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

#[test]
fn each_answer_proves_what_its_row_says() {
    for (status, body, proves, said) in [
        (200, r#"{"accepted":true}"#, "accepted", ""),
        (200, r#"{"success":true,"messageId":"3EB0AA"}"#, "accepted", "3EB0AA"),
        (200, r#"{"success":true,"key":{"id":"3EB0AA"}}"#, "accepted", "3EB0AA"),
        (200, "{}", "unknown", "unreadable"),
        (200, "<html>", "unknown", "unreadable"),
        (200, r#"{"success":false,"error":"Session is not connected"}"#, "later", "not_connected"),
        (200, r#"{"success":false,"error":"something new"}"#, "refused", "wa_refused"),
        (401, r#"{"error":"Unauthorized"}"#, "stopped", "bad_key"),
        (403, "", "stopped", "bad_key"),
        (404, r#"{"error":"Session not found"}"#, "stopped", "no_session"),
        (404, "", "stopped", "no_session"),
        (400, r#"{"error":"item-not-found"}"#, "refused", "no_group"),
        (400, r#"{"error":"rate-overlimit"}"#, "slower", "http_429"),
        (400, r#"{"error":"Connection Closed"}"#, "later", "not_connected"),
        (400, r#"{"error":"message is required"}"#, "misconfigured", "post_refused"),
        (408, "", "unknown", "gateway"),
        (429, "", "slower", "http_429"),
        (503, r#"{"error":"Session is not connected"}"#, "later", "not_connected"),
        (500, r#"{"error":"Session is not connected"}"#, "unknown", "http_500"),
        (502, "", "unknown", "gateway"),
        (504, "", "unknown", "gateway"),
    ] {
        assert_eq!(code(&answered(status, body)), (proves, said), "{status} {body}");
    }
    assert!(SEND_ANSWERS.iter().all(|row| row.source.starts_with('§')));
}

fn news(body: Value) -> Vec<Event> {
    read("wa_munadi", body.to_string().as_bytes())
}

#[test]
fn the_state_is_asked_for_and_never_believed() {
    for status in ["connected", "disconnected", "something new"] {
        let body = json!({ "sessionId": "wa_munadi", "status": status, "phoneNumber": "919000000666" });
        assert_eq!(news(body), [Event::Group(GroupEvent::AskAccount)], "{status}");
    }
    assert_eq!(news(json!({ "sessionId": "wa_another", "status": "connected" })), [Event::Other]);
    assert_eq!(news(json!({ "status": "delivered" })), [Event::Other], "it names no session");
}

#[test]
fn a_result_names_the_group_and_a_late_refusal_keeps_its_code() {
    let group: Jid = MORNING.parse().unwrap();
    let of = |event: &str, more: Value| {
        let mut body =
            json!({ "event": event, "sessionId": "wa_munadi", "groupJid": MORNING, "messageId": "3EB0AA" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        news(body)
    };
    let sent = GroupEvent::HandedOver { group: group.clone(), message: "3EB0AA".into() };
    assert_eq!(of("message_sent", json!({ "status": "sent" })), [Event::Group(sent)]);
    for (event, more, expected) in [
        ("message_error", json!({ "errorCode": 420, "errorMessage": "not acceptable" }), "wa_420"),
        ("message_error", json!({ "errorCode": "463", "errorMessage": "" }), "wa_463"),
        ("message_failed", json!({ "error": "something new" }), "wa_refused"),
        ("message_failed", json!({ "messageId": null }), "wa_refused"),
    ] {
        let refused = of(event, more.clone());
        let [Event::Group(GroupEvent::Refused { group: named, code, .. })] = &refused[..] else {
            panic!("{refused:?}")
        };
        assert_eq!((named, code.as_str()), (&group, expected), "{event} {more}");
    }
    assert!(matches!(of("message_sent", json!({ "messageId": "" }))[..], [Event::NotUnderstood(_)]));
}

#[test]
fn a_reader_is_a_number_a_hidden_id_or_nobody() {
    let of = |reader: Value| {
        let body = json!({
            "event": "read", "sessionId": "wa_munadi", "messageId": "3EB0AA", "groupJid": MORNING,
            "readerPhone": reader, "timestamp": 1_767_240_000_000_i64,
        });
        match news(body).remove(0) {
            Event::Group(GroupEvent::Seen {
                person, seen: MemberReceiptKind::Read, at: Some(NOW), ..
            }) => person,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(json!("919000000001")), Person::parse("919000000001@c.us"));
    assert_eq!(of(json!("100000000000001")), Lid::parse("100000000000001").map(Person::Hidden));
    assert_eq!(of(json!("100000000000001@lid")), Lid::parse("100000000000001").map(Person::Hidden));
    assert_eq!(of(Value::Null), None, "a receipt of nobody counts nobody");
}

#[test]
fn reactions_and_moves_name_one_person_and_a_repeat_has_the_key_of_the_first() {
    let react = |event: &str| {
        json!({
            "event": event, "sessionId": "wa_munadi", "messageId": "3EB0AA", "groupJid": MORNING,
            "reactorPhone": "919000000001", "emoji": "👍", "timestamp": 1,
        })
    };
    let emoji = |event: &str| match news(react(event)).remove(0) {
        Event::Group(GroupEvent::Reacted { emoji, .. }) => emoji,
        other => panic!("{other:?}"),
    };
    assert_eq!((emoji("reaction_add").as_deref(), emoji("reaction_remove")), (Some("👍"), None));
    let join = json!({
        "event": "join", "sessionId": "wa_munadi", "groupJid": MORNING,
        "participant": { "phone": "919000000001", "id": "100000000000001@lid" },
    });
    let Event::Group(GroupEvent::Members { to, people, .. }) = news(join.clone()).remove(0) else {
        panic!("members")
    };
    assert_eq!(to, MemberMove::Joined);
    assert!(matches!(&people[..], [Person::Both(..)]), "{people:?}");
    let raw = join.to_string();
    assert_eq!(dedupe_key(raw.as_bytes()), dedupe_key(raw.as_bytes()));
    assert_ne!(dedupe_key(raw.as_bytes()), dedupe_key(react("reaction_add").to_string().as_bytes()));
}

fn old_fault(set: impl FnOnce(&mut sandbox::baileys_gateway::Habits)) -> Faults {
    let mut faults = Faults::default();
    set(&mut faults.habits.baileys_gateway);
    faults
}

#[tokio::test]
async fn a_list_of_a_session_that_is_down_is_an_error_and_a_failing_one_too() {
    let place = World::of("baileys_gateway", old_fault(|habits| habits.list_fails = Amount::ALWAYS)).await;
    assert!(matches!(place.gateway().groups(&http()).await, Err(QueryError::Silent(_))));
    let place = World::of("baileys_gateway", Faults::default()).await;
    place.sandbox.baileys_fail("wa_munadi", 440);
    let listed = place.gateway().groups(&http()).await;
    assert!(matches!(&listed, Err(QueryError::Silent(said)) if said.code == "not_connected"), "{listed:?}");
    let state = place.gateway().session(&http(), NOW).await.unwrap().state;
    assert_eq!(state, AccountState::Waiting { since: None }, "why is not told");
}

#[tokio::test]
async fn what_it_calls_taken_is_handed_over_and_no_more_even_where_nothing_was_posted() {
    let place = World::of("baileys_gateway", old_fault(|habits| habits.accepts_when_down = true)).await;
    place.sandbox.baileys_fail("wa_munadi", 428);
    let outcome = place.post(MORNING, &text("Hello")).await;
    assert_eq!(code(&outcome), ("accepted", ""), "no id: nothing else is ever told of it");
    assert!(place.network().all_posts().is_empty(), "the old fault: accepted and not posted");
    let group: Jid = MORNING.parse().unwrap();
    let found = place.gateway().find(&http(), &group, &text("Hello"), NOW).await.unwrap();
    assert_eq!(found, None, "asking shows that it is not there");
}

#[tokio::test]
async fn the_last_post_to_a_group_settles_what_is_unknown_until_the_gateway_forgets() {
    let faults = Faults { reset_after: Amount::ALWAYS, ..Faults::default() };
    let place = World::of("baileys_gateway", faults).await;
    assert!(matches!(place.post(EVENING, &text("Hello")).await, Outcome::Unknown(_)));
    let group: Jid = EVENING.parse().unwrap();
    let found = place.gateway().find(&http(), &group, &text("Hello"), NOW).await.unwrap().expect("there");
    assert_eq!(found.id, place.network().posts(EVENING)[0].id);
    let later = Millis(NOW.0 + 3_600_000);
    assert_eq!(place.gateway().find(&http(), &group, &text("Hello"), later).await.unwrap(), None);
    place.sandbox.baileys_gateway().restart(NOW.0 + 3_600_000);
    assert_eq!(place.gateway().find(&http(), &group, &text("Hello"), NOW).await.unwrap(), None, "it forgot");
}

#[tokio::test]
async fn a_community_has_a_parent_and_posts_go_to_its_announcements() {
    let place = World::of("baileys_gateway", Faults::default()).await;
    let new = NewGroup {
        subject: "Batch 8".into(),
        description: "Starts on 7 December".into(),
        community: true,
        people: vec![],
    };
    let made = place.gateway().create(&http(), &new).await.unwrap();
    assert_ne!(Some(&made.group), made.parent.as_ref());
    assert!(made.invite.is_some());
    let groups = place.gateway().groups(&http()).await.unwrap();
    let find = |jid: &Jid| groups.iter().find(|group| group.jid == *jid).unwrap();
    assert_eq!(find(made.parent.as_ref().unwrap()).place, CommunityPlace::Parent);
    assert!(
        matches!(find(&made.group).place, CommunityPlace::Announcements { .. })
            && find(&made.group).takes_posts()
    );
}

/// The events read from what came to our callback.
async fn heard(place: &World, server: &crate::server::Server) -> Vec<Event> {
    place.sandbox.flush_receipts().await;
    let all = server.heard();
    let genuine = all.iter().filter(|heard| heard.head.starts_with("POST /callbacks/test "));
    let read = genuine.flat_map(|heard| {
        let raw = heard.body.as_bytes();
        assert!(place.account.receive(&Post { raw, header: &|_| None }).is_ok());
        place.account.read(raw)
    });
    read.collect()
}

#[tokio::test]
async fn a_post_is_followed_by_id_from_its_result_to_every_members_receipt() {
    let mut faults = old_fault(|habits| habits.by_lid = 0.4);
    faults.outcomes.read = 1.0;
    faults.receipts.mode = sandbox::faults::ReceiptMode::Held;
    let place = World::of("baileys_gateway", faults).await;
    let server = crate::server::Server::start(vec![crate::server::answer(200, "{}")]).await;
    place.sandbox.baileys_gateway().set_callbacks(vec![format!("{}/callbacks/test", server.url)]);
    assert!(matches!(place.post(MORNING, &text("Hello")).await, Outcome::Accepted { provider_id: None, .. }));
    assert!(matches!(place.post(PARENT, &text("Hello")).await, Outcome::Accepted { .. }));
    let events = heard(&place, &server).await;
    let post = &place.network().posts(MORNING)[0];
    let handed =
        Event::Group(GroupEvent::HandedOver { group: MORNING.parse().unwrap(), message: post.id.clone() });
    assert_eq!(events.iter().filter(|event| **event == handed).count(), 1);
    let readers: Vec<&Person> = events
        .iter()
        .filter_map(|event| match event {
            Event::Group(GroupEvent::Seen { message, person, seen: MemberReceiptKind::Read, .. })
                if *message == post.id =>
            {
                person.as_ref()
            }
            _ => None,
        })
        .collect();
    let members = place.network().group(MORNING).unwrap().members.len() - 1;
    assert_eq!(readers.len(), members);
    let hidden = readers.iter().filter(|person| matches!(person, Person::Hidden(_))).count();
    assert!(hidden > 0 && hidden < members, "needs both kinds: {hidden} of {members}");
    let refused = events.iter().any(|event| {
        matches!(event, Event::Group(GroupEvent::Refused { group, code, .. }) if group.as_str() == PARENT && code == "wa_420")
    });
    assert!(refused, "never to a parent: {events:?}");
}
