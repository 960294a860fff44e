//! What is asked of every provider of calls, whoever it is.

use std::collections::BTreeSet;

use domain::{channel::Channel, outcome::Outcome};
use munadi_providers::{
    Urls, codes,
    field::FieldKind,
    registry::VENDORS,
    vendor::CallbackProof,
    voice::{CallbackRequest, MEANINGS, NO_HEADERS},
};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{CALLERS, NEEDED, TO, call, hear, open, place, script, word};
use crate::{
    aisensy_request::http,
    server::{Reply, Server, answer},
};

const SECRET: &str = "TEST-KEY-NOT-REAL-0000000000";

/// Settings that a call can be placed with, and every secret.
fn complete(vendor: &dyn munadi_providers::Vendor) -> (Value, Vec<(&'static str, &'static str)>) {
    let (mut settings, mut secrets) = (Map::new(), Vec::new());
    for field in vendor.settings() {
        if field.is_secret() {
            // A password for webhooks changes what is accepted, and is tested by itself.
            if field.key != "hook_password" {
                secrets.push((field.key, SECRET));
            }
        } else if field.is_setting() {
            let value = field.read(&field.initial()).unwrap();
            field.store(&mut settings, value);
        }
    }
    let mut settings = Value::Object(settings);
    for (key, value) in NEEDED {
        settings[*key] = (*value).into();
    }
    (settings, secrets)
}

#[test]
fn a_provider_says_who_it_is_and_no_two_are_alike() {
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for vendor in CALLERS {
        let (kind, introduction) = (vendor.kind(), vendor.introduction());
        assert!(kinds.insert(kind), "{kind} twice");
        assert_eq!(vendor.channels(), [Channel::IvrCall], "{kind}");
        assert!(
            introduction.letters.chars().count() == 2 && introduction.invitation.ends_with('.'),
            "{kind}"
        );
        for url in vendor.base_urls() {
            assert!(
                keys.insert(url.key) && url.key.starts_with(kind) && url.key.ends_with("_url"),
                "{}",
                url.key
            );
            assert!(
                url.default.starts_with("https://") && !url.default.ends_with('/') && !url.listed,
                "{}",
                url.key
            );
        }
        assert!(!vendor.steps().is_empty() && vendor.callback().proof == CallbackProof::Address, "{kind}");
        let mut names = BTreeSet::new();
        for field in vendor.settings() {
            assert!(!field.label.is_empty() && field.help.ends_with('.'), "{kind}: {}", field.key);
            assert!(field.names().into_iter().all(|name| names.insert(name)), "{kind}: {} twice", field.key);
            assert!(field.is_secret() || field.read(&field.initial()).is_ok(), "{kind}: {}", field.key);
        }
        let count = |wanted: fn(&FieldKind) -> bool| {
            vendor.settings().iter().filter(|field| wanted(&field.kind)).count()
        };
        assert_eq!(count(|kind| matches!(kind, FieldKind::Rate { .. })), 1, "{kind}: one pace");
        assert_eq!(count(|kind| matches!(kind, FieldKind::Ceiling { .. })), 1, "{kind}: one ceiling");
        let (settings, secrets) = complete(*vendor);
        assert_eq!(vendor.check(&settings, &Default::default()), [], "{kind}");
        let stored: Value = serde_json::from_str(&settings.to_string()).unwrap();
        let account = open(*vendor, &stored, &secrets, "https://vendor.example");
        assert_eq!((account.kind(), account.channel()), (kind, Channel::IvrCall));
        let voice = account.voice().unwrap();
        assert_eq!(account.can().looks_up, voice.abilities().looks_up, "{kind}");
        assert!(!format!("{account:?}").contains(SECRET), "{kind}: {account:?}");
        assert!(
            vendor.open(&settings, &Default::default(), &Urls::default()).is_err(),
            "{kind} without a key"
        );
        assert!(
            !domain::call::examine(&script(), Some(voice.abilities())).iter().any(|one| one.is_error()),
            "{kind}"
        );
    }
}

#[test]
fn every_code_of_calls_has_one_meaning() {
    let mut seen = BTreeSet::new();
    let theirs = VENDORS.iter().flat_map(|vendor| vendor.meanings());
    for meaning in codes::OWN.iter().chain(munadi_providers::linked::MEANINGS).chain(MEANINGS).chain(theirs) {
        assert!(seen.insert(meaning.code), "{} has two meanings", meaning.code);
        assert!(meaning.help.ends_with('.') && !meaning.title.is_empty(), "{}", meaning.code);
    }
    for code in [
        "no_answer",
        "busy",
        "voicemail",
        "hung_up",
        "call_failed",
        "call_network",
        "call_dnd",
        "call_cancelled",
    ] {
        assert!(munadi_providers::meaning(code).is_some(), "{code} has no words");
    }
}

#[tokio::test]
async fn silence_denies_nothing_and_garbage_is_no_acceptance() {
    for vendor in CALLERS {
        let (settings, secrets) = complete(*vendor);
        for (reply, expected) in [
            (Reply::Close, "unknown"),
            (answer(200, "<html>"), "unknown"),
            (answer(200, ""), "unknown"),
            (answer(502, ""), "unknown"),
            (answer(503, ""), "unknown"),
            (answer(500, "<html>"), "unknown"),
            (answer(429, ""), "slower"),
        ] {
            let server = Server::start(vec![reply.clone()]).await;
            let account = open(*vendor, &settings, &secrets, &server.url);
            let outcome = place(account.voice().unwrap(), TO).await;
            assert_eq!(word(&outcome).0, expected, "{}: {reply:?} {outcome:?}", vendor.kind());
            assert_eq!(server.heard().len(), 1, "{}: no call is placed twice", vendor.kind());
        }
    }
}

#[tokio::test]
async fn nobody_home_is_a_call_that_may_be_placed_again() {
    for vendor in CALLERS {
        let (settings, secrets) = complete(*vendor);
        let account = open(*vendor, &settings, &secrets, "http://127.0.0.1:9");
        let outcome = place(account.voice().unwrap(), TO).await;
        assert!(matches!(outcome, Outcome::NotNow { .. }), "{}: {outcome:?}", vendor.kind());
        let status = account.status(&http(), "").await;
        assert_eq!(
            status.standing,
            munadi_providers::AccountStanding::Silent,
            "{}: {status:?}",
            vendor.kind()
        );
    }
}

#[tokio::test]
async fn a_number_of_another_country_and_an_account_without_settings_never_leave() {
    for vendor in CALLERS {
        let server = Server::start(vec![answer(200, "{}")]).await;
        let (settings, secrets) = complete(*vendor);
        let account = open(*vendor, &settings, &secrets, &server.url);
        let outcome = place(account.voice().unwrap(), "+14155550100").await;
        assert_eq!(word(&outcome), ("refused", codes::INVALID_NUMBER), "{}", vendor.kind());
        if vendor.kind() != "ozonetel" {
            let empty = open(*vendor, &Value::Object(Map::new()), &secrets, &server.url);
            let outcome = place(empty.voice().unwrap(), TO).await;
            assert_eq!(word(&outcome), ("misconfigured", codes::NOT_SET_UP), "{}", vendor.kind());
        }
        assert!(server.heard().is_empty(), "{}", vendor.kind());
    }
}

#[test]
fn what_cannot_be_read_is_kept_and_never_breaks() {
    for vendor in CALLERS {
        let (settings, secrets) = complete(*vendor);
        let account = open(*vendor, &settings, &secrets, "https://vendor.example");
        let voice = account.voice().unwrap();
        for body in ["{\"CallSid\":", "\u{0}", "null", "[]", "<xml/>", "--\r\n", "a=b", "{}", "myoperator={"]
        {
            for path in ["", "status", "step", "prompt", "digit", "closing"] {
                let taken = hear(voice, path, "", body).unwrap();
                assert!(taken.dedupe_key.len() <= 200 && !taken.dedupe_key.is_empty());
                assert_eq!(taken.dedupe_key, hear(voice, path, "", body).unwrap().dedupe_key, "a repeat");
                if let Some(step) = &taken.ask {
                    assert!(!voice.answer(step, None).content_type.is_empty());
                }
            }
        }
        let foreign = format!("{}/00000000000000000000/status", call(1));
        for path in [foreign.as_str(), "x", "../status", "a/b/c/d"] {
            assert!(hear(voice, path, "", "").is_err(), "{}: {path}", vendor.kind());
        }
    }
}

proptest! {
    #[test]
    fn no_post_of_any_kind_breaks_anything(
        path in "(status|step|prompt|digit|closing|)", query in ".{0,60}", body in prop::collection::vec(any::<u8>(), 0..200),
        members in prop::collection::vec(("(CallSid|Status|digits|Legs\\[0\\]\\[Status\\]|event|data|_su|myoperator|type|action|caller_id)", ".{0,12}"), 0..6),
    ) {
        let form: String = members.iter().map(|(name, value)| format!("{name}={value}&")).collect();
        for vendor in CALLERS {
            let (settings, secrets) = complete(*vendor);
            let account = open(*vendor, &settings, &secrets, "https://vendor.example");
            let voice = account.voice().unwrap();
            for body in [body.as_slice(), form.as_bytes()] {
                let hook = CallbackRequest { path: &path, query: &query, content_type: "", header: NO_HEADERS, proven: false, body };
                let taken = voice.hear(&hook).unwrap();
                prop_assert!(taken.dedupe_key.len() <= 200);
                prop_assert!(taken.news_of(&script()).len() <= taken.news.len() + 1);
            }
        }
    }
}
