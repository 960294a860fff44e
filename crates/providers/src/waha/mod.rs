//! WAHA, a WhatsApp gateway on the operator's own server. Facts: NOTES.md. One account here is one session there; its
//! engine GOWS can do everything below, the others less.

mod answers;
mod gateway;
mod groups;
mod posts;
mod receipts;
mod sessions;
mod vendor;

use domain::group::PostPace;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderName;
use serde_json::{Value, json};
use sha2::Sha256;

pub use answers::{SEND_ANSWERS, read_answer};
pub use posts::bare_id;
pub use receipts::{dedupe_key, is_signed, read};
pub use vendor::WAHA;

use crate::{
    http::Endpoint,
    linked::{self, GatewayClient, Proxy, Settings},
    secret::Secret,
    vendor::{OpenError, Secrets},
};

/// WAHA's header of the key (§1).
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// What we want to be told (§6).
const EVENTS: &[&str] = &[
    "session.status",
    "message.ack",
    "message.ack.group",
    "message.reaction",
    "group.v2.join",
    "group.v2.leave",
    "group.v2.participants",
    "group.v2.update",
];

/// An account that a WAHA server holds.
#[derive(Clone, Debug)]
pub struct WahaAccount {
    wire: GatewayClient,
    session: String,
    signing_key: Secret,
    proxy: Option<(Proxy, String, Option<Secret>)>,
    pace: PostPace,
}

impl WahaAccount {
    fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<WahaAccount, OpenError> {
        let key = secrets.required(linked::API_KEY)?;
        let signing_key =
            secrets.get(linked::SIGNING_KEY).cloned().unwrap_or_else(|| made_key(&key, &settings.session));
        let password = secrets.get("proxy_password").cloned();
        Ok(WahaAccount {
            wire: GatewayClient { base, header: KEY_HEADER, key },
            proxy: Proxy::parse(&settings.proxy).map(|proxy| (proxy, settings.proxy_user, password)),
            session: settings.session,
            signing_key,
            pace: settings.pace,
        })
    }

    /// The configuration that the session has there while it is ours (§2).
    fn config(&self, callback: &str) -> Value {
        let mut config = json!({
            "webhooks": [{
                "url": callback,
                "events": EVENTS,
                "hmac": { "key": self.signing_key.expose() },
                "retries": { "policy": "exponential", "delaySeconds": 2, "attempts": 15 },
            }],
            "client": { "deviceName": "Munadi", "browserName": "Chrome" },
            "ignore": { "status": true, "groups": false, "channels": true, "broadcast": true },
        });
        if let Some((proxy, user, password)) = &self.proxy {
            let mut server = json!({ "server": format!("{}://{}:{}", proxy.scheme, proxy.host, proxy.port) });
            if !user.is_empty() {
                server["username"] = json!(user);
                server["password"] = json!(password.as_ref().map(Secret::expose).unwrap_or_default());
            }
            config["proxy"] = server;
        }
        config
    }
}

/// A key to sign with that nobody has to think of: nobody who knows it learns the API key.
fn made_key(api_key: &Secret, session: &str) -> Secret {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(api_key.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"munadi signs posts of ");
    mac.update(session.as_bytes());
    Secret::new(&hex::encode(mac.finalize().into_bytes()))
}
