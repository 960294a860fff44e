//! WAHA's stand-in as every vendor's is seen.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{DEFAULT_KEY, DEFAULT_SESSION, control, groups, hooks, messages, sessions};
use crate::{
    Config, Sandbox, Shared, exchange,
    face::{Face, Flag, SampleAccount, SamplePost},
    network::Network,
    samples::ACCOUNT,
};

/// WAHA's stand-in.
pub struct Waha;

/// WAHA's stand-in.
pub const FACE: Waha = Waha;

impl Face for Waha {
    fn kind(&self) -> &'static str {
        "waha"
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        &[("waha_url", "")]
    }

    fn flags(&self) -> &'static [Flag] {
        &[]
    }

    fn set(&self, _config: &mut Config, flag: &str, _value: &str) -> Result<(), String> {
        Err(format!("no {flag}: WAHA’s stand-in has no flags"))
    }

    fn unhindered(&self, config: &mut Config) {
        config.faults.habits.waha = super::Habits::default();
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        let vendor = sessions::routes().merge(groups::routes()).merge(messages::routes());
        exchange::in_json(vendor, |status, text| json!({ "statusCode": status, "message": text }))
            .merge(control::routes())
    }

    fn account(&self) -> SampleAccount {
        SampleAccount {
            settings: json!({ "session": DEFAULT_SESSION }),
            secrets: vec![("api_key", DEFAULT_KEY.to_owned())],
            signed_with: Some("webhook_key"),
        }
    }

    fn post_to(&self, sandbox: &Sandbox, urls: &[String], secret: &str) {
        let hooks: Vec<Value> = urls
            .iter()
            .map(|url| json!({ "url": url, "events": ["*"], "hmac": { "key": secret } }))
            .collect();
        sandbox
            .waha()
            .devices()
            .change(DEFAULT_SESSION, |device| device.config = json!({ "webhooks": hooks }));
    }

    fn delivered(&self, nth: usize, id: &str, digits: &str, secret: &str) -> SamplePost {
        on_a_phone(nth, ("120363000000000001@g.us", id), digits, secret)
    }

    fn on_a_phone(&self, nth: usize, message: (&str, &str), digits: u64, secret: &str) -> Option<SamplePost> {
        Some(on_a_phone(nth, message, &digits.to_string(), secret))
    }

    fn network<'a>(&self, sandbox: &'a Sandbox) -> Option<&'a Network> {
        Some(sandbox.waha().network())
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let base = sandbox.url();
        let groups = sandbox.waha().network().groups();
        let groups: String = groups
            .iter()
            .map(|group| format!("  {}  {} ({})\n", group.jid, group.subject, group.members.len()))
            .collect();
        format!(
            "A stand-in for WAHA listens on {base}.\n  \
             API key            {DEFAULT_KEY}\n  \
             Session            {DEFAULT_SESSION}, linked to +{ACCOUNT}\n\
             Groups:\n{groups}\
             curl {base}/sandbox/waha                      sessions; …/groups/<id>/posts shows what was posted\n  \
             curl -d '{{\"phone\":{ACCOUNT}}}' {base}/sandbox/waha/sessions/<name>/scan   scans the code that it shows",
        )
    }

    fn facts(&self, sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        let _ = sandbox;
        vec![("waha_key", json!(DEFAULT_KEY)), ("waha_session", json!(DEFAULT_SESSION))]
    }
}

/// A member's phone has a message of a group, as WAHA tells it.
fn on_a_phone(nth: usize, (group, id): (&str, &str), digits: &str, secret: &str) -> SamplePost {
    let body = json!({
        "id": format!("evt_TESTSAMPLE{nth:016}"), "timestamp": 1_767_240_000_000_i64, "event": "message.ack.group",
        "session": DEFAULT_SESSION, "me": { "id": format!("{ACCOUNT}@c.us") }, "engine": "GOWS",
        "payload": {
            "id": format!("true_{group}_{id}_{ACCOUNT}@c.us"), "from": group,
            "participant": format!("{digits}@c.us"), "fromMe": true, "ack": 2, "ackName": "DEVICE",
        },
    });
    let body = body.to_string().into_bytes();
    let signature = Some(("x-webhook-hmac", hooks::signature(secret, &body)));
    SamplePost { body, signature }
}
