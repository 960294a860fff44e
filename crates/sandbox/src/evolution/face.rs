//! Evolution API's stand-in as every vendor's is seen.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{DEFAULT_INSTANCE, DEFAULT_KEY, control, groups, hooks, instances, messages};
use crate::{
    Config, Sandbox, Shared, exchange,
    face::{Face, Flag, SampleAccount, SamplePost},
    network::Network,
    samples::ACCOUNT,
};

/// Evolution API's stand-in.
pub struct Evolution;

/// Evolution API's stand-in.
pub const FACE: Evolution = Evolution;

/// Where it answers: below a path of its own.
const PATH: &str = "/evolution";

impl Face for Evolution {
    fn kind(&self) -> &'static str {
        "evolution"
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        &[("evolution_url", PATH)]
    }

    fn flags(&self) -> &'static [Flag] {
        &[]
    }

    fn set(&self, _config: &mut Config, flag: &str, _value: &str) -> Result<(), String> {
        Err(format!("no {flag}: this stand-in has no flags"))
    }

    fn unhindered(&self, config: &mut Config) {
        config.faults.habits.evolution = super::Habits::default();
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        let vendor = instances::routes().merge(groups::routes()).merge(messages::routes());
        let refusal = |status, text: &str| instances::wrong(status, text, json!([text])).1;
        exchange::in_json(vendor, refusal).merge(control::routes())
    }

    fn account(&self) -> SampleAccount {
        SampleAccount {
            settings: json!({ "session": DEFAULT_INSTANCE }),
            secrets: vec![("api_key", DEFAULT_KEY.to_owned())],
            signed_with: Some("webhook_key"),
        }
    }

    fn post_to(&self, sandbox: &Sandbox, urls: &[String], secret: &str) {
        let hook = urls.first().map(
            |url| json!({ "enabled": true, "url": url, "events": [], "headers": { "jwt_key": secret } }),
        );
        sandbox
            .evolution()
            .devices()
            .change(DEFAULT_INSTANCE, |device| device.config = json!({ "webhook": hook }));
    }

    /// It never tells of a delivery: the post tells that the message left.
    fn delivered(&self, nth: usize, id: &str, _digits: &str, secret: &str) -> SamplePost {
        let body = json!({
            "event": "send.message", "instance": DEFAULT_INSTANCE, "date_time": format!("2026-01-01T09:30:00.{nth:09}Z"),
            "data": { "key": { "remoteJid": "120363000000000001@g.us", "fromMe": true, "id": id }, "status": "PENDING" },
        });
        let token = format!("Bearer {}", hooks::token(secret, 1_767_240_000));
        SamplePost { body: body.to_string().into_bytes(), signature: Some(("authorization", token)) }
    }

    fn network<'a>(&self, sandbox: &'a Sandbox) -> Option<&'a Network> {
        Some(sandbox.evolution().network())
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let base = sandbox.url();
        format!(
            "A stand-in for Evolution API listens on {base}{PATH}.\n  \
             apikey             {DEFAULT_KEY}\n  \
             Instance           {DEFAULT_INSTANCE}, linked to +{ACCOUNT}\n  \
             curl {base}/sandbox/evolution                 instances and groups",
        )
    }

    fn facts(&self, _sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        vec![("evolution_key", json!(DEFAULT_KEY)), ("evolution_instance", json!(DEFAULT_INSTANCE))]
    }
}
