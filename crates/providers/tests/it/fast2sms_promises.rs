//! What every adapter promises, asked of Fast2SMS's against the vendor's stand-in, which was written from the vendor's document
//! alone.

use std::collections::{BTreeMap, HashSet};

use domain::{
    channel::Category,
    checks::Probe,
    money::Money,
    outcome::Outcome,
    receipt::{Event, ParsedReceipt, Proof},
    sms::{MessageId, SenderId, SmsRoute, SmsTemplate, Tag, Variable, segments},
    template::{Content, Message, Source},
    time::Millis,
};
use munadi_providers::{
    Account, Call, QueryError, Secret,
    account::Post,
    fast2sms::{Fast2smsAccount, Fast2smsSecrets, NUMBERS_REFUSED, SAME_NUMBER, SMS_NO_CREDIT},
};
use sandbox::{
    Amount, Config, Faults, Sandbox,
    fast2sms::{
        DEFAULT_ACCOUNT, DEFAULT_KEY, DetailsIn, MessageAs, Webhook, WebhookContentType, WebhookTemplate,
    },
    faults::ReceiptMode,
};

use crate::{
    aisensy_request::http,
    fast2sms_request::{content, settings, span},
    server::{Server, answer},
};

const TO: &str = "+919000000001";

async fn vendor(faults: Faults) -> Sandbox {
    Sandbox::start(Config { faults, ..Config::default() }).await.unwrap()
}

fn fast2sms(vendor: &Sandbox) -> Fast2smsAccount {
    let secrets = Fast2smsSecrets { api_key: Secret::new(DEFAULT_KEY) };
    Fast2smsAccount::new(&settings(&vendor.url()), secrets).unwrap()
}

/// The stand-in's template 111111 or another of its own.
fn template(message_id: &str, text: &str, values: usize) -> SmsTemplate {
    let value = |place: usize| Variable {
        label: place.to_string(),
        tag: Tag::Var,
        source: Source::WorkshopTitle,
        fallback: String::new(),
    };
    SmsTemplate {
        limits: domain::sms::ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: SenderId::parse("WRKSHP").ok(),
        message_id: MessageId::parse(message_id).ok(),
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: text.into(),
        variables: (1..=values).map(value).collect(),
        extra: Default::default(),
    }
}

fn reminder() -> SmsTemplate {
    template("111111", "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy", 3)
}

async fn send(vendor: &Sandbox, message: &Message, content: &Content, to: &[&str]) -> Outcome {
    let call = Call { template: message, content, to, span: Some(span()), ring: None, now: Millis(0) };
    fast2sms(vendor).send(&http(), &call).await
}

async fn sent(vendor: &Sandbox) -> Outcome {
    send(vendor, &reminder().into(), &content(), &[TO]).await
}

#[tokio::test]
async fn an_accepted_message_is_on_each_phone_once_and_costs_what_the_vendor_took() {
    for details_in in [DetailsIn::Top, DetailsIn::SmsDetails, DetailsIn::Data, DetailsIn::Nowhere] {
        let mut faults = Faults::default();
        faults.habits.fast2sms.details_in = details_in;
        let vendor = vendor(faults).await;
        let before = vendor.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap();
        let outcome = send(&vendor, &reminder().into(), &content(), &[TO, "+919000000002"]).await;
        let Outcome::Accepted { provider_id, cost } = outcome else { panic!("{outcome:?}") };
        let request = vendor.fast2sms().request(&provider_id.unwrap()).unwrap();
        assert_eq!(request.parts[0].phones, [919_000_000_001, 919_000_000_002]);
        let taken = Money(before - vendor.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap());
        let told = (details_in != DetailsIn::Nowhere).then_some(taken);
        assert_eq!((cost, taken > Money(0)), (told, true), "{details_in:?}");
        let got = vendor.world().of_phone(TO);
        assert_eq!(got.len(), 1);
        assert_eq!(&*got[0].text, "Hi Asha, Rust for Beginners starts at 7 PM. -Example Academy");
        assert_eq!(reminder().text(&content()), *got[0].text, "the preview is what arrives");
    }
}

#[tokio::test]
async fn the_estimate_is_what_is_charged_for() {
    let vendor = vendor(Faults::default()).await;
    let hindi = "नमस्ते {#var#}, {#var#} आज {#var#} बजे शुरू होगा। -Example Academy";
    for (place, (message_id, text, value)) in [
        ("111111", "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy", "Asha"),
        ("111111", "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy", "आशा"),
        (
            "111111",
            "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy",
            "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        ),
        ("111114", hindi, "आशा"),
        ("111114", hindi, "सबके लिए निःशुल्क कार्यशाला"),
    ]
    .into_iter()
    .enumerate()
    {
        let template = template(message_id, text, 3);
        let content = Content::sms(vec![value.into(); 3]);
        let to = format!("+9190000001{place:02}");
        let outcome = send(&vendor, &template.clone().into(), &content, &[&to]).await;
        let Outcome::Accepted { provider_id: Some(id), .. } = outcome else { panic!("{outcome:?}") };
        let part = &vendor.fast2sms().request(&id).unwrap().parts[0];
        let ours = segments(&template.text(&content));
        assert_eq!((ours.units, ours.count as i64), (part.units, part.segments), "{value}");
    }
}

#[tokio::test]
async fn whatever_goes_wrong_the_outcome_never_denies_what_the_phone_got() {
    let fault = |set: fn(&mut Faults)| {
        let mut faults = Faults::default();
        set(&mut faults);
        faults
    };
    // Each fault stands with what the phone has, and with whether the outcome may be tried again.
    for (name, faults, heard, again) in [
        ("cut before", fault(|f| f.reset_before = Amount::ALWAYS), 0, false),
        ("cut after", fault(|f| f.reset_after = Amount::ALWAYS), 1, false),
        ("429", fault(|f| f.too_many = Amount::ALWAYS), 0, true),
        // The answer says `return` false, so nothing was accepted.
        ("500", fault(|f| f.server_error = Amount::ALWAYS), 0, true),
        ("502", fault(|f| f.bad_gateway = Amount::ALWAYS), 0, false),
        ("502 accepted", fault(|f| f.bad_gateway_accepted = Amount::ALWAYS), 1, false),
    ] {
        let vendor = vendor(faults).await;
        let outcome = sent(&vendor).await;
        assert_eq!(vendor.world().count(TO), heard, "{name}");
        assert_eq!(vendor.world().summary().calls, 1, "{name}: one call");
        assert_eq!(matches!(outcome, Outcome::NotNow { .. }), again, "{name}: {outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Unknown(_)), !again, "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn the_vendors_refusals_are_understood_in_every_dress() {
    for (as_200, message_as, code_as_text) in
        [(0.0, MessageAs::Documented, false), (1.0, MessageAs::List, true), (1.0, MessageAs::Text, false)]
    {
        let mut faults = Faults::default();
        faults.habits.fast2sms.refusal_as_200 = as_200;
        faults.habits.fast2sms.message_as = message_as;
        faults.habits.fast2sms.code_as_text = code_as_text;
        let vendor = vendor(faults).await;
        let change = |change: fn(&mut sandbox::fast2sms::Account)| {
            vendor.fast2sms().change_account(DEFAULT_ACCOUNT, change).unwrap();
        };
        let unknown_id = template("999999", "x", 0);
        let outcome = send(&vendor, &unknown_id.into(), &Content::sms([]), &[TO]).await;
        assert!(matches!(&outcome, Outcome::Misconfigured(said) if said.code == "f2s_424"), "{outcome:?}");
        let other = SmsTemplate { sender: SenderId::parse("OTHERS").ok(), ..reminder() };
        let outcome = send(&vendor, &other.into(), &content(), &[TO]).await;
        assert!(matches!(&outcome, Outcome::Misconfigured(said) if said.code == "f2s_406"), "{outcome:?}");
        let link =
            Content::sms(["Asha", "Rust for Beginners", "https://elsewhere.example/x"].map(str::to_owned));
        let outcome = send(&vendor, &reminder().into(), &link, &[TO]).await;
        assert!(matches!(&outcome, Outcome::Misconfigured(said) if said.code == "f2s_426"), "{outcome:?}");
        change(|account| _ = account.invalid_endings.insert("0001".into()));
        let outcome = send(&vendor, &reminder().into(), &content(), &[TO, "+919000000002"]).await;
        let Outcome::Refused(said) = outcome else { panic!("{outcome:?}") };
        assert!(said.code == NUMBERS_REFUSED && fast2sms(&vendor).blames_one(&said));
        change(|account| account.invalid_endings.clear());
        change(|account| account.wallet = 0);
        let outcome = sent(&vendor).await;
        assert!(matches!(&outcome, Outcome::AccountStopped(said) if said.code == SMS_NO_CREDIT));
        change(|account| account.wallet = 10_000);
        change(|account| account.enabled = false);
        assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == "f2s_415"));
        change(|account| account.enabled = true);
        change(|account| account.senders[0].blacklisted = true);
        assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == "f2s_500"));
        change(|account| account.senders[0].blacklisted = false);
        assert!(vendor.world().is_empty());
        assert!(matches!(sent(&vendor).await, Outcome::Accepted { .. }));
        let again = sent(&vendor).await;
        assert!(
            matches!(&again, Outcome::NotNow { said, wait_ms: Some(120_000), once: true, .. } if said.code == SAME_NUMBER),
            "{again:?}"
        );
        change(|account| account.keys[0].disabled = true);
        assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == "f2s_413"));
        change(|account| account.keys.clear());
        assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == "f2s_412"));
        assert_eq!(vendor.world().count(TO), 1);
    }
}

#[tokio::test]
async fn wallet_templates_and_probe_are_read_as_the_vendor_tells_them() {
    for (return_key, no_sms_count) in [(false, false), (true, true)] {
        let mut faults = Faults::default();
        faults.habits.fast2sms.return_key = return_key;
        faults.habits.fast2sms.no_sms_count = no_sms_count;
        let vendor = vendor(faults).await;
        let account = fast2sms(&vendor);
        let http = http();
        let wallet = account.wallet(&http).await.unwrap();
        assert_eq!((wallet.balance, wallet.sms_count.is_none()), (Money::rupees(10_000), no_sms_count));
        assert!(account.senders(&http).await.unwrap()[0].templates.is_empty());
        let senders = account.registered(&http).await.unwrap();
        let listed: BTreeMap<&str, usize> = senders[0]
            .templates
            .iter()
            .filter_map(|one| Some((one.message_id.as_ref()?.as_str(), one.tags().len())))
            .collect();
        assert_eq!((listed["111111"], listed["111112"], listed["111115"]), (3, 0, 3));
        let probe = fast2sms(&vendor).probe(&http, &reminder().into()).await;
        assert_eq!(probe, Probe::Answered { live: true, parameters: Some(3), media: None });
        vendor.fast2sms().change_account(DEFAULT_ACCOUNT, |account| account.keys.clear());
        assert!(
            matches!(account.wallet(&http).await, Err(QueryError::Refused(said)) if said.code == "f2s_412")
        );
        assert!(matches!(fast2sms(&vendor).probe(&http, &reminder().into()).await, Probe::KeyRefused(_)));
        assert!(vendor.world().is_empty());
    }
}

/// Each ending of a number, and what becomes of its message at the stand-in.
const FATES: [(&str, &str); 8] = [
    ("+919000009901", "failed"),
    ("+919000009902", "undelivered"),
    ("+919000009903", "expired"),
    ("+919000009905", "blocked"),
    ("+919000009906", "dnd"),
    ("+919000009908", "sent"),
    ("+919000009909", "delivered"),
    ("+919000000001", "delivered"),
];

/// The furthest state that the receipts prove of each number.
fn proven(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, String> {
    let mut proven: BTreeMap<String, String> = BTreeMap::new();
    for event in events {
        let Event::Receipt(ParsedReceipt { digits: Some(digits), proof, cost, .. }) = event else { continue };
        let word = match proof {
            Proof::Sent => "sent".to_owned(),
            Proof::Delivered | Proof::Read => "delivered".to_owned(),
            Proof::Failed(said) => {
                let free = matches!(said.code.as_str(), "blocked" | "dnd");
                assert_eq!(cost == Some(Money(0)), free, "{}", said.code);
                said.code
            }
        };
        let known = proven.entry(format!("+{digits}")).or_default();
        if *known != "delivered" && (word != "sent" || known.is_empty()) {
            *known = word;
        }
    }
    proven
}

async fn promotion(vendor: &Sandbox) -> Outcome {
    let offer = template("111113", "The next batch of {#var#} opens on {#var#}. -Example Academy", 2);
    let content = Content::sms(["Rust", "Monday"].map(str::to_owned));
    let to: Vec<&str> = FATES.iter().map(|(to, _)| *to).collect();
    send(vendor, &offer.into(), &content, &to).await
}

#[tokio::test]
async fn posts_and_reports_tell_the_same_of_every_fate_in_every_form() {
    let expected: BTreeMap<String, String> =
        FATES.iter().map(|(to, fate)| ((*to).to_owned(), (*fate).to_owned())).collect();
    for (as_text, with_country, form) in [(false, false, false), (true, true, false), (true, false, true)] {
        let mut faults = Faults::default();
        faults.receipts.mode = ReceiptMode::Held;
        faults.receipts.duplicated = 1.0;
        faults.receipts.unknown_topic = 1.0;
        faults.receipts.without_id = 0.5;
        faults.receipts.forged = 1.0;
        faults.habits.fast2sms.mobile_as_text = as_text;
        faults.habits.fast2sms.mobile_with_country = with_country;
        faults.habits.fast2sms.no_description = as_text;
        faults.habits.fast2sms.recipient_id = with_country;
        faults.habits.fast2sms.return_key = with_country;
        faults.habits.fast2sms.submitted = as_text;
        let vendor = vendor(faults).await;
        let ours = Server::start(vec![answer(200, "")]).await;
        let content_type = if form { WebhookContentType::Form } else { WebhookContentType::Json };
        let webhook = Webhook { content_type, ..Webhook::to(&format!("{}/callbacks/secret", ours.url)) };
        assert!(vendor.fast2sms().set_webhooks(DEFAULT_ACCOUNT, vec![webhook]));
        let Outcome::Accepted { provider_id: Some(id), .. } = promotion(&vendor).await else {
            panic!("accepted")
        };
        vendor.flush_receipts().await;
        let account = fast2sms(&vendor);
        // Somebody who does not know the secret posts to an address next to it.
        let heard = ours.heard();
        let genuine: Vec<&[u8]> = heard
            .iter()
            .filter(|post| post.head.starts_with("POST /callbacks/secret "))
            .map(|post| post.body.as_bytes())
            .collect();
        assert!(genuine.len() < heard.len(), "forgeries came too");
        assert!(genuine.iter().all(|raw| account.receive(&Post { raw, header: &|_| None }).is_ok()));
        let keys: HashSet<String> = genuine.iter().map(|raw| account.dedupe_key(raw)).collect();
        assert!(keys.len() < genuine.len() && !keys.iter().any(|key| key.contains("90000")), "repeats share");
        let events: Vec<Event> = genuine.iter().flat_map(|raw| account.read(raw)).collect();
        assert!(
            events.iter().any(|event| matches!(event, Event::NotUnderstood(_))),
            "the state that nobody documents"
        );
        for event in &events {
            let Event::Receipt(reading) = event else { continue };
            assert_eq!(reading.udf, Some(span()), "{reading:?}");
            assert!(reading.provider_id.as_ref().is_none_or(|known| *known == id));
        }
        let posted = proven(events);
        let reports = account.poll_status(&http(), &id).await.unwrap();
        let report: Vec<Event> = reports.iter().flat_map(|raw| account.read(raw.as_bytes())).collect();
        assert!(report.iter().all(|event| {
            matches!(event, Event::Receipt(reading) if reading.provider_id.as_ref() == Some(&id) && reading.udf.is_none())
        }));
        let polled = proven(report);
        assert_eq!(polled, expected);
        // Nothing is posted about a message that waits for ever.
        let mut posted_expected = expected.clone();
        if !posted.contains_key("+919000009908") {
            posted_expected.remove("+919000009908");
        }
        assert_eq!(posted, posted_expected);
    }
}

#[tokio::test]
async fn the_clevertap_form_tells_by_what_we_sent_along() {
    let mut faults = Faults::default();
    faults.receipts.mode = ReceiptMode::Held;
    faults.habits.fast2sms.clevertap_udf = true;
    let vendor = vendor(faults).await;
    let ours = Server::start(vec![answer(200, "")]).await;
    let webhook = |content_type| Webhook {
        template: WebhookTemplate::Clevertap,
        content_type,
        ..Webhook::to(&ours.url)
    };
    let webhooks = [WebhookContentType::Json, WebhookContentType::Form].map(webhook).to_vec();
    assert!(vendor.fast2sms().set_webhooks(DEFAULT_ACCOUNT, webhooks));
    sent(&vendor).await;
    vendor.flush_receipts().await;
    let account = fast2sms(&vendor);
    let events: Vec<Event> =
        ours.heard().iter().flat_map(|post| account.read(post.body.as_bytes())).collect();
    let delivered = events.iter().filter(|event| {
        matches!(event, Event::Receipt(reading) if reading.udf == Some(span()) && reading.proof == Proof::Delivered)
    });
    assert_eq!(delivered.count(), 2, "as JSON and as a form: {events:?}");
}

#[tokio::test]
async fn a_request_that_the_vendor_does_not_know_has_no_report() {
    let vendor = vendor(Faults::default()).await;
    assert!(fast2sms(&vendor).poll_status(&http(), "nosuchrequest01").await.is_err());
}
