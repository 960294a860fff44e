//! The former gateway's stand-in as every vendor's is seen.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{DEFAULT_KEY, DEFAULT_SESSION, calls, control};
use crate::{
    Config, Sandbox, Shared, exchange,
    face::{Face, Flag, SampleAccount, SamplePost},
    network::Network,
    samples::ACCOUNT,
};

/// The former gateway's stand-in.
pub struct BaileysGateway;

/// The former gateway's stand-in.
pub const FACE: BaileysGateway = BaileysGateway;

impl Face for BaileysGateway {
    fn kind(&self) -> &'static str {
        "baileys_gateway"
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        &[("baileys_gateway_url", calls::PATH)]
    }

    fn flags(&self) -> &'static [Flag] {
        &[]
    }

    fn set(&self, _config: &mut Config, flag: &str, _value: &str) -> Result<(), String> {
        Err(format!("no {flag}: this stand-in has no flags"))
    }

    fn unhindered(&self, config: &mut Config) {
        config.faults.habits.baileys_gateway = super::Habits::default();
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        exchange::in_json(calls::routes(), |_, text| json!({ "error": text })).merge(control::routes())
    }

    fn account(&self) -> SampleAccount {
        SampleAccount {
            settings: json!({ "session": DEFAULT_SESSION }),
            secrets: vec![("api_key", DEFAULT_KEY.to_owned())],
            signed_with: None,
        }
    }

    fn post_to(&self, sandbox: &Sandbox, urls: &[String], _secret: &str) {
        sandbox.baileys_gateway().set_callbacks(urls.to_vec());
    }

    fn delivered(&self, nth: usize, id: &str, digits: &str, _secret: &str) -> SamplePost {
        let body = json!({
            "event": "delivered", "sessionId": DEFAULT_SESSION, "groupJid": "120363000000000001@g.us", "messageId": id,
            "readerPhone": digits, "timestamp": 1_767_240_000_000_i64 + i64::try_from(nth).unwrap_or(0),
        });
        SamplePost { body: body.to_string().into_bytes(), signature: None }
    }

    fn network<'a>(&self, sandbox: &'a Sandbox) -> Option<&'a Network> {
        Some(sandbox.baileys_gateway().network())
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let base = sandbox.url();
        format!(
            "A stand-in for the former application's gateway listens on {base}{path}.\n  \
             X-API-Key          {DEFAULT_KEY}\n  \
             Session            {DEFAULT_SESSION}, linked to +{ACCOUNT}\n  \
             curl {base}/sandbox/baileys_gateway           sessions and groups; PUT …/callbacks '[\"URL\"]' sets where it posts",
            path = calls::PATH,
        )
    }

    fn facts(&self, _sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        vec![("baileys_gateway_key", json!(DEFAULT_KEY)), ("baileys_gateway_session", json!(DEFAULT_SESSION))]
    }
}
