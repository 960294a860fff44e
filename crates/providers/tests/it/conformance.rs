//! Questions that are asked of every line of the registry, whoever the vendor is. Each vendor's own answers, row by
//! row, stand in tests of their own.

use std::collections::BTreeSet;

use domain::{
    channel::Channel,
    checks::Probe,
    ids::MessageSpan,
    outcome::Outcome,
    post::GroupPost,
    receipt::Event,
    template::{Facts, Message},
    time::Millis,
};
use munadi_providers::{
    Account, AccountStanding, Call, Secrets, Urls, Vendor,
    account::{Post, Ringing},
    codes,
    field::{Field, FieldKind, FormValues},
    linked,
    registry::{self, VENDORS},
    vendor::CallbackProof,
};
use serde_json::{Map, Value};

use crate::{
    aisensy_request::{self, http},
    fast2sms_request,
    server::{Reply, Server, answer},
    voice,
};

/// The recipient of a message on that channel.
fn to_of(channel: Channel) -> &'static str {
    match channel {
        Channel::WhatsappGroup => "120363000000000001@g.us",
        _ => "+919000000001",
    }
}

const SECRET: &str = "TEST-KEY-NOT-REAL-0000000000";

/// A message of that channel, with the values of one person.
fn template_of(channel: Channel) -> (Message, domain::template::Content) {
    match channel {
        Channel::Sms => (fast2sms_request::template().into(), fast2sms_request::content()),
        Channel::WhatsappGroup => {
            let post = GroupPost::of_text("Starting at 7 PM");
            let content = post.fill(&Facts::default()).unwrap();
            (post.into(), content)
        }
        Channel::IvrCall => {
            let script = Message::from(voice::script());
            let facts = Facts {
                organisation: "Udaan".into(),
                workshop_title: "Excel".into(),
                workshop_time: "7:00 PM".into(),
                ..Facts::default()
            };
            let content = script.fill(&facts).unwrap();
            (script, content)
        }
        Channel::WhatsappPersonal => (aisensy_request::template().into(), aisensy_request::content()),
    }
}

/// The span that a call names; messages name none.
fn span_of(channel: Channel) -> Option<MessageSpan> {
    (channel == Channel::IvrCall).then(|| voice::call(1).span())
}

/// What a telephone call needs besides, where calls can be asked and told about.
fn ring_of(channel: Channel) -> Option<Ringing<'static>> {
    let ring = Ringing { callback: voice::CALLBACK, attempt: 1, until: Millis(20 * 60_000) };
    (channel == Channel::IvrCall).then_some(ring)
}

#[test]
fn credit_is_bought_on_a_page_of_the_vendors_own_and_never_where_a_clone_answers() {
    let mut with_page = 0;
    for vendor in VENDORS {
        assert_eq!(vendor.top_up(&Urls::all_at("http://127.0.0.1:9")), None, "{}", vendor.kind());
        if let Some(page) = vendor.top_up(&Urls::default()) {
            assert!(page.starts_with("https://") && !page.contains(['?', '#']), "{}: {page}", vendor.kind());
            with_page += 1;
        }
    }
    assert!(with_page >= 4, "{with_page}");
}

/// Opens an account with all secrets that the vendor wants, the settings of a new account, and this address.
fn open(vendor: &dyn Vendor, url: &str) -> Box<dyn Account> {
    let (settings, secrets) = new_account(vendor);
    vendor.open(&settings, &secrets, &Urls::all_at(url)).unwrap()
}

fn new_account(vendor: &dyn Vendor) -> (Value, Secrets) {
    let (mut settings, mut secrets) = (Map::new(), Secrets::default());
    for field in vendor.settings() {
        if field.is_secret() {
            secrets = secrets.with(field.key, SECRET);
        } else if field.is_setting() {
            let needed = voice::NEEDED.iter().find(|(key, _)| *key == field.key);
            let begins = match needed {
                Some((key, value)) => vec![((*key).to_owned(), (*value).to_owned())],
                None if field.read(&field.initial()).is_ok() => field.initial(),
                None => example(field),
            };
            let value = field.read(&begins).unwrap_or_else(|wrong| panic!("{}: {wrong:?}", field.key));
            field.store(&mut settings, value);
        }
    }
    (Value::Object(settings), secrets)
}

/// A field filled with the example beside it.
fn example(field: &Field) -> Vec<(String, String)> {
    vec![(field.key.to_owned(), field.placeholder.to_owned())]
}

#[test]
fn a_vendor_says_who_it_is_and_no_two_are_alike() {
    let (mut kinds, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for vendor in VENDORS {
        let kind = vendor.kind();
        assert!(kinds.insert(kind), "{kind} twice");
        assert!(
            !kind.is_empty()
                && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        );
        let introduction = vendor.introduction();
        assert!(!vendor.name().is_empty() && introduction.letters.chars().count() == 2, "{kind}");
        for words in [introduction.invitation, introduction.about] {
            assert!(words.ends_with('.'), "{kind}: “{words}” is a sentence");
        }
        assert!(!vendor.channels().is_empty(), "{kind} serves nothing");
        assert!(!vendor.base_urls().is_empty(), "{kind} is nowhere");
        for url in vendor.base_urls() {
            assert!(keys.insert(url.key), "{} twice", url.key);
            assert!(url.key.starts_with(kind) && url.key.ends_with("_url"), "{}", url.key);
            let has_own = url.default.starts_with("https://") && !url.default.ends_with('/');
            assert!(
                if url.listed { url.default.is_empty() } else { has_own },
                "{}: {}",
                url.key,
                url.default
            );
        }
        assert!(!vendor.steps().is_empty(), "{kind}: nobody knows where to begin");
        assert_eq!(registry::vendor(kind).map(Vendor::kind), Some(kind));
    }
}

#[test]
fn every_field_has_a_name_of_its_own_and_a_new_account_begins_well() {
    for vendor in VENDORS {
        let kind = vendor.kind();
        let mut names = BTreeSet::from(["name".to_owned()]);
        for field in vendor.settings() {
            assert!(!field.label.is_empty() && !field.help.is_empty(), "{kind}: {}", field.key);
            assert!(field.help.ends_with('.'), "{kind}: {} has no sentence", field.key);
            for name in field.names() {
                assert!(names.insert(name.clone()), "{kind}: {name} twice");
            }
            let empty: Vec<(String, String)> = vec![];
            let begins = field.initial();
            let must = !field.missing.is_empty() || matches!(field.kind, FieldKind::Rate { .. });
            assert_eq!(field.read(&empty).is_err(), must, "{kind}: {} when it is empty", field.key);
            // A field that has to be typed begins empty, and shows an example that is accepted.
            let typed =
                if must && begins.iter().all(|(_, text)| text.is_empty()) { example(field) } else { begins };
            if !field.is_secret() {
                assert!(field.read(&typed).is_ok(), "{kind}: {} begins with a mistake", field.key);
            }
        }
        let rates =
            vendor.settings().iter().filter(|field| matches!(field.kind, FieldKind::Rate { .. })).count();
        let ceilings =
            vendor.settings().iter().filter(|field| matches!(field.kind, FieldKind::Ceiling { .. })).count();
        // Posts to groups have a pace of their own kind: pauses, and limits an hour and a day.
        let expected = if vendor.channels() == [Channel::WhatsappGroup] { (0, 0) } else { (1, 1) };
        assert_eq!((rates, ceilings), expected, "{kind}: one pace");
        let (settings, secrets) = new_account(*vendor);
        // What a form shows of a stored account is read again as what was stored.
        let mut again = Map::new();
        for field in vendor.settings().iter().filter(|field| field.is_setting()) {
            let filled = field.filled(&settings);
            assert_eq!(field.names().len(), filled.len(), "{kind}: {}", field.key);
            assert!(field.names().iter().all(|name| filled.iter().any(|(known, _)| known == name)));
            field.store(&mut again, field.read(&filled).unwrap());
        }
        assert_eq!(Value::Object(again), settings, "{kind}");
        assert!(vendor.open(&settings, &secrets, &Urls::all_at("https://vendor.example")).is_ok());
        assert!(
            vendor.open(&settings, &Secrets::default(), &Urls::all_at("https://vendor.example")).is_err(),
            "{kind} without a key"
        );
        assert_eq!(empty_form().typed("any"), "");
    }
}

fn empty_form() -> Vec<(String, String)> {
    vec![]
}

#[test]
fn every_code_has_one_meaning_and_words() {
    let theirs = VENDORS.iter().flat_map(|vendor| vendor.meanings());
    let mut seen = BTreeSet::new();
    for meaning in codes::OWN.iter().chain(linked::MEANINGS).chain(theirs) {
        assert!(seen.insert(meaning.code), "{} has two meanings", meaning.code);
        assert!(meaning.help.ends_with('.') && !meaning.title.is_empty(), "{}", meaning.code);
    }
}

#[test]
fn what_stands_before_a_vendors_codes_stands_before_no_others() {
    let everybodys = || codes::OWN.iter().chain(linked::MEANINGS).chain(munadi_providers::voice::MEANINGS);
    for vendor in VENDORS.iter().filter(|vendor| !vendor.code_prefix().is_empty()) {
        let prefix = vendor.code_prefix();
        let others = VENDORS.iter().filter(|other| other.kind() != vendor.kind());
        for other in everybodys().chain(others.flat_map(|other| other.meanings())) {
            assert!(!other.code.starts_with(prefix), "{}: {} is not its own", vendor.kind(), other.code);
        }
        let own = vendor.meanings().iter().filter_map(|own| own.code.strip_prefix(prefix));
        let own: Vec<&str> = own.collect();
        assert!(!own.is_empty(), "{}: no code has {prefix}", vendor.kind());
        for code in own {
            assert_eq!(codes::written(&format!("{prefix}{code}")), code);
        }
    }
}

#[test]
fn a_vendor_says_whether_its_accounts_list_templates() {
    for vendor in VENDORS {
        let (mut settings, secrets) = new_account(*vendor);
        // Some keys do not name the project whose templates are listed.
        settings["project_id"] = "0123456789abcdef01234567".into();
        let can = vendor.open(&settings, &secrets, &Urls::all_at("https://vendor.example")).unwrap().can();
        assert_eq!(can.lists_templates, vendor.about().lists_templates, "{}", vendor.kind());
    }
}

#[test]
fn a_secret_shows_in_no_debug_text_and_hints_at_four_characters() {
    for vendor in VENDORS {
        let (_, secrets) = new_account(*vendor);
        let account = open(*vendor, "https://vendor.example");
        for text in [format!("{account:?}"), format!("{secrets:?}")] {
            assert!(!text.contains(SECRET), "{}: {text}", vendor.kind());
        }
        assert!(!secrets.hints().to_string().contains("NOT-REAL"));
        let back = Secrets::from_json(&secrets.to_json()).unwrap();
        for field in vendor.settings().iter().filter(|field| field.is_secret()) {
            assert_eq!(
                back.get(field.key).map(munadi_providers::Secret::expose),
                Some(SECRET),
                "{}",
                field.key
            );
        }
    }
}

#[test]
fn an_account_serves_a_channel_of_its_vendor_and_shares_no_call_of_personal_texts() {
    for vendor in VENDORS {
        let account = open(*vendor, "https://vendor.example");
        assert_eq!(account.kind(), vendor.kind());
        assert!(vendor.channels().contains(&account.channel()));
        let (message, _) = template_of(account.channel());
        assert_eq!(account.batch(&message), 1, "{}: a personal text goes to one", vendor.kind());
        let complete: Message = account.complete(message);
        assert_eq!(complete.channel(), account.channel());
    }
}

#[tokio::test]
async fn silence_denies_nothing_and_garbage_is_no_acceptance() {
    for vendor in VENDORS {
        for (reply, unknown) in [
            (Reply::Close, true),
            (answer(200, "<html>"), true),
            (answer(502, ""), true),
            (answer(504, ""), true),
            (answer(429, ""), false),
        ] {
            let server = Server::start(vec![reply]).await;
            let account = open(*vendor, &server.url);
            let (message, content) = template_of(account.channel());
            let call = Call {
                template: &message,
                content: &content,
                to: &[to_of(account.channel())],
                span: span_of(account.channel()),
                ring: ring_of(account.channel()),
                now: Millis(0),
            };
            let outcome = account.send(&http(), &call).await;
            assert_eq!(matches!(outcome, Outcome::Unknown(_)), unknown, "{}: {outcome:?}", vendor.kind());
            assert_eq!(matches!(outcome, Outcome::NotNow { .. }), !unknown, "{}: {outcome:?}", vendor.kind());
            assert_eq!(server.heard().len(), 1, "{}: no call is made twice", vendor.kind());
        }
    }
}

#[tokio::test]
async fn nobody_home_is_a_call_that_may_be_made_again() {
    for vendor in VENDORS {
        let account = open(*vendor, "http://127.0.0.1:9");
        let (message, content) = template_of(account.channel());
        let call = Call {
            template: &message,
            content: &content,
            to: &[to_of(account.channel())],
            span: span_of(account.channel()),
            ring: ring_of(account.channel()),
            now: Millis(0),
        };
        let outcome = account.send(&http(), &call).await;
        assert!(matches!(outcome, Outcome::NotNow { .. }), "{}: {outcome:?}", vendor.kind());
        assert!(matches!(account.probe(&http(), &message).await, Probe::Silent(_)), "{}", vendor.kind());
        let status = account.status(&http(), "").await;
        assert!(
            matches!(status.standing, AccountStanding::Silent | AccountStanding::NotProven),
            "{}: {status:?}",
            vendor.kind()
        );
    }
}

#[tokio::test]
async fn a_message_of_another_channel_never_leaves() {
    for vendor in VENDORS {
        let server = Server::start(vec![answer(200, "{}")]).await;
        let account = open(*vendor, &server.url);
        let other = match account.channel() {
            Channel::Sms => Channel::WhatsappPersonal,
            _ => Channel::Sms,
        };
        let (message, content) = template_of(other);
        let call = Call {
            template: &message,
            content: &content,
            to: &[to_of(account.channel())],
            span: span_of(account.channel()),
            ring: ring_of(account.channel()),
            now: Millis(0),
        };
        let outcome = account.send(&http(), &call).await;
        assert!(
            matches!(&outcome, Outcome::Misconfigured(said) if said.code == codes::NOT_SET_UP),
            "{outcome:?}"
        );
        assert!(matches!(account.probe(&http(), &message).await, Probe::Refused(_)));
        assert!(server.heard().is_empty(), "{}", vendor.kind());
        assert!(account.status_poll_key(&message, Some("id")).is_none());
    }
}

#[test]
fn what_nobody_signed_is_not_taken_where_a_vendor_signs() {
    for vendor in VENDORS {
        if vendor.channels() == [Channel::IvrCall] {
            // Nothing of a call is signed. A password for webhooks is tested by itself.
            continue;
        }
        let account = open(*vendor, "https://vendor.example");
        let forged = br#"{"id":"1"}"#;
        let unsigned = account.receive(&Post { raw: forged, header: &|_| None });
        let wrong = account.receive(&Post { raw: forged, header: &|_| Some("sha256=00".to_owned()) });
        let signs = matches!(vendor.callback().proof, CallbackProof::Signed { .. });
        assert_eq!((unsigned.is_err(), wrong.is_err()), (signs, signs), "{}", vendor.kind());
        if let CallbackProof::Signed { secret, .. } = vendor.callback().proof {
            let field = vendor.settings().iter().find(|field| field.key == secret);
            assert!(field.is_some_and(|field| field.is_secret()), "{}: {secret} is no secret", vendor.kind());
        }
    }
}

#[test]
fn what_cannot_be_read_says_nothing_and_has_a_short_key() {
    for vendor in VENDORS {
        let account = open(*vendor, "https://vendor.example");
        for raw in [&b""[..], b"null", b"[]", b"\xff\xfe\0", b"a=b", b"<xml/>", br#"{"status":"delivered"}"#]
        {
            let events = account.read(raw);
            let says_nothing =
                events.iter().all(|event| matches!(event, Event::Other | Event::NotUnderstood(_)));
            assert!(says_nothing, "{}: {events:?}", vendor.kind());
            let key = account.dedupe_key(raw);
            assert!(!key.is_empty() && key.len() <= 200, "{}: {key}", vendor.kind());
            assert_eq!(key, account.dedupe_key(raw), "{}: a repeat has the key of the first", vendor.kind());
        }
    }
}
