//! What every adapter promises, asked of it against the vendor's stand-in, which was written from the vendor's document alone.

use std::{io::Write, sync::Mutex};

use domain::{
    checks::Probe,
    money::Money,
    outcome::Outcome,
    receipt::{Event, OptWord, Proof, opt_word},
    template::Message,
};
use munadi_providers::{
    Account, Secret,
    aisensy::{
        AisensyAccount, AisensySecrets, AisensySettings, AudienceCategory, QueryError, dedupe_key, read,
        verify,
    },
    codes,
};
use sandbox::{
    Amount, Config, Faults, Sandbox, Webhook,
    aisensy::{Campaign, CampaignStatus, DEFAULT_PASSWORD, DEFAULT_PROJECT, key_of},
};

use crate::{
    aisensy_request::{KEY, TO, account, http, secrets, send, settings, template},
    server::{Heard, Server, answer},
};

async fn vendor(faults: Faults) -> Sandbox {
    let vendor = Sandbox::start(Config { faults, ..Config::default() }).await.unwrap();
    vendor.aisensy().change(|config| {
        config.projects[0].campaigns = vec![Campaign::utility("workshop_reminder_1h", 2)];
    });
    vendor
}

async fn sent(vendor: &Sandbox) -> Outcome {
    send(&vendor.url(), &template().into()).await
}

fn project(vendor: &Sandbox) -> AisensyAccount {
    let settings = AisensySettings {
        project_base_url: format!("{}/project-apis/v1", vendor.url()),
        ..settings(&vendor.url())
    };
    let secrets = AisensySecrets {
        api_key: Secret::new(&key_of(DEFAULT_PROJECT)),
        project_password: Some(Secret::new(DEFAULT_PASSWORD)),
        webhook_secret: None,
    };
    AisensyAccount::new(&settings, secrets).unwrap()
}

#[tokio::test]
async fn an_accepted_message_is_on_the_phone_once_with_its_own_id() {
    let vendor = vendor(Faults::default()).await;
    let Outcome::Accepted { provider_id, .. } = sent(&vendor).await else { panic!("accepted") };
    let got = vendor.world().of_phone(TO);
    assert_eq!(got.len(), 1);
    assert_eq!(provider_id.as_deref(), Some(&*got[0].id));
    assert_eq!(&*got[0].text, "Asha | Rust for Beginners");
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
        ("500", fault(|f| f.server_error = Amount::ALWAYS), 0, false),
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
async fn the_vendors_refusals_are_understood() {
    let vendor = vendor(Faults::default()).await;
    let change = |change: fn(&mut sandbox::aisensy::Project)| {
        vendor.aisensy().change(|config| change(&mut config.projects[0]));
    };
    change(|project| project.campaigns[0].status = CampaignStatus::Paused);
    assert!(matches!(sent(&vendor).await, Outcome::Misconfigured(said) if said.code == codes::NOT_LIVE));
    change(|project| project.campaigns[0] = Campaign::utility("workshop_reminder_1h", 3));
    assert!(matches!(sent(&vendor).await, Outcome::Misconfigured(said) if said.code == codes::PARAMS_DIFFER));
    change(|project| {
        project.campaigns[0] = Campaign { media: true, ..Campaign::utility("workshop_reminder_1h", 2) }
    });
    assert!(matches!(sent(&vendor).await, Outcome::Misconfigured(said) if said.code == codes::NO_MEDIA));
    change(|project| project.campaigns[0] = Campaign::utility("another", 2));
    assert!(matches!(sent(&vendor).await, Outcome::Misconfigured(said) if said.code == codes::NO_CAMPAIGN));
    change(|project| project.campaigns[0] = Campaign::utility("workshop_reminder_1h", 2));
    change(|project| _ = project.invalid_endings.insert("0001".into()));
    assert!(matches!(sent(&vendor).await, Outcome::Refused(said) if said.code == codes::INVALID_NUMBER));
    change(|project| project.invalid_endings.clear());
    change(|project| _ = project.opted_out_endings.insert("0001".into()));
    assert!(matches!(sent(&vendor).await, Outcome::Refused(said) if said.code == codes::OPTED_OUT));
    change(|project| project.opted_out_endings.clear());
    change(|project| project.credit = 0);
    assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == codes::NO_CREDIT));
    change(|project| project.plan_active = false);
    assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == codes::NO_PLAN));
    change(|project| project.keys.clear());
    assert!(matches!(sent(&vendor).await, Outcome::AccountStopped(said) if said.code == codes::BAD_KEY));
    assert!(vendor.world().is_empty());
}

#[tokio::test]
async fn the_project_is_read_as_the_vendor_tells_it() {
    let vendor = vendor(Faults::default()).await;
    let probe = account(&vendor.url()).probe(&http(), &template().into()).await;
    assert!(matches!(probe, Probe::Answered { live: true, parameters: Some(2), .. }), "{probe:?}");
    let (account, http) = (project(&vendor), http());
    assert!(account.has_project(), "the key names its project");
    let facts = account.project(&http).await.unwrap();
    assert_eq!((facts.credit, facts.tier_limit), (Some(Money::rupees(10_000)), Some(100_000)));
    assert_eq!(account.template_facts(&http).await.unwrap().len(), 1);
    let campaign = account.campaigns(&http).await.unwrap().remove(0);
    assert_eq!(campaign.name, "workshop_reminder_1h");
    sent(&vendor).await;
    vendor.flush_receipts().await;
    let page = account.audience(&http, &campaign, AudienceCategory::Delivered, None).await.unwrap();
    assert_eq!(page.items[0].digits.as_deref(), Some("919000000001"));
    assert_eq!(page.items[0].proof, Proof::Delivered);
    let missing = munadi_providers::aisensy::Campaign { id: "0".repeat(24), ..campaign };
    let refused = account.audience(&http, &missing, AudienceCategory::Sent, None).await;
    assert!(matches!(refused, Err(QueryError::Refused(_))), "{refused:?}");
}

fn signature(heard: &Heard) -> Option<&str> {
    heard.head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-aisensy-signature").then_some(value.trim())
    })
}

#[tokio::test]
async fn receipts_are_genuine_repeatable_and_end_where_the_phone_is() {
    let mut faults = Faults::default();
    // Receipts are kept until the flush, so that none is on its way by itself.
    faults.receipts.mode = sandbox::faults::ReceiptMode::Held;
    faults.receipts.duplicated = 1.0;
    faults.receipts.indented = 1.0;
    faults.receipts.unknown_topic = 1.0;
    faults.receipts.forged = 1.0;
    faults.habits.aisensy.campaign_topics = true;
    let vendor = vendor(faults).await;
    let ours = Server::start(vec![answer(200, "")]).await;
    vendor.set_webhooks(vec![Webhook { url: ours.url.clone(), secret: "test-shared-secret".into() }]);
    let Outcome::Accepted { provider_id, .. } = sent(&vendor).await else { panic!("accepted") };
    assert!(vendor.write_in(DEFAULT_PROJECT, "919000000001", "STOP"));
    let stats = vendor.flush_receipts().await;
    let heard = ours.heard();
    assert!(stats.posted > 0 && heard.len() as u64 == stats.posted);

    let secret = Secret::new("test-shared-secret");
    let genuine: Vec<&Heard> =
        heard.iter().filter(|post| verify(Some(&secret), post.body.as_bytes(), signature(post))).collect();
    assert!(stats.forged > 0);
    assert_eq!(genuine.len() as u64, stats.posted - stats.forged, "all genuine ones and no forgery");

    let keys: std::collections::HashSet<String> =
        genuine.iter().map(|post| dedupe_key(post.body.as_bytes())).collect();
    assert!(keys.len() < genuine.len(), "repeats share their key");
    let events: Vec<Event> = genuine.iter().flat_map(|post| read(post.body.as_bytes())).collect();
    assert!(events.contains(&Event::Other), "the unknown topic");
    assert!(events.iter().any(|event| {
        matches!(event, Event::Inbound { digits: Some(digits), text, .. } if digits == "919000000001" && opt_word(text) == Some(OptWord::Stop))
    }));
    let readings: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Receipt(reading) => Some(reading),
            Event::Inbound { .. } | Event::Group(_) | Event::Other | Event::NotUnderstood(_) => None,
        })
        .collect();
    assert!(readings.iter().any(|r| r.proof == Proof::Delivered));
    for reading in readings {
        assert_eq!(reading.provider_id, provider_id);
        assert_eq!(reading.digits.as_deref(), Some("919000000001"));
        assert!(reading.at.is_some() && reading.network_id.is_some(), "{reading:?}");
    }
}

/// Collects everything that is logged while it exists.
struct Ear(&'static Mutex<Vec<u8>>);

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_key_a_number_or_a_message() {
    static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    // It is set for the whole process and also hears the other tests, which hold no other secrets.
    tracing_subscriber::fmt().with_env_filter("trace,munadi_sandbox=off").with_writer(|| Ear(&HEARD)).init();
    let vendor = Server::start(vec![
        answer(200, r#"{"success":"true"}"#),
        answer(400, "{}"),
        crate::server::Reply::Close,
    ])
    .await;
    for _ in 0..4 {
        send(&vendor.url, &template().into()).await;
    }
    crate::fast2sms_request::send(&vendor.url).await;
    let settings = AisensySettings {
        project_base_url: vendor.url.clone(),
        project_id: "000000000000000000000ccc".into(),
        ..settings(&vendor.url)
    };
    let account = AisensyAccount::new(&settings, secrets()).unwrap();
    assert!(account.project(&http()).await.is_err());
    let log = String::from_utf8_lossy(&HEARD.lock().unwrap()).into_owned();
    assert!(log.contains("a provider gave no answer"), "it was heard at all: {log}");
    for secret in [
        KEY,
        crate::fast2sms_request::KEY,
        "TEST-PASSWORD-NOT-REAL",
        "9000000001",
        "Asha",
        "Rust for Beginners",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let message: Message = template().into();
    let content = crate::aisensy_request::content();
    let call = munadi_providers::Call {
        template: &message,
        content: &content,
        to: &[TO],
        span: None,
        ring: None,
        now: Default::default(),
    };
    assert!(!format!("{call:?}").contains("9000000001") && !format!("{call:?}").contains("Asha"));
}
