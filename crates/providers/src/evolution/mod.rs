//! Evolution API v2, a WhatsApp gateway on the operator's own server, built on the Baileys library. Facts: NOTES.md.
//! One account here is one instance there. It never tells whether WhatsApp took a group's post, or who got it.

mod answers;
mod calls;
mod gateway;
mod receipts;
mod vendor;

use domain::group::PostPace;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderName;
use serde_json::{Value, json};
use sha2::Sha256;

pub use answers::{SEND_ANSWERS, read_answer};
pub use receipts::{dedupe_key, is_genuine, read};
pub use vendor::EVOLUTION;

use crate::{
    http::Endpoint,
    linked::{self, GatewayClient, Proxy, Settings},
    secret::Secret,
    vendor::{OpenError, Secrets},
};

/// The header of the key: that of the server, or an instance's own (§1).
const KEY_HEADER: HeaderName = HeaderName::from_static("apikey");

/// What we want to be told (§5).
const EVENTS: &[&str] = &[
    "CONNECTION_UPDATE",
    "STATUS_INSTANCE",
    "LOGOUT_INSTANCE",
    "REMOVE_INSTANCE",
    "SEND_MESSAGE",
    "MESSAGES_UPDATE",
    "GROUPS_UPSERT",
    "GROUP_PARTICIPANTS_UPDATE",
];

/// An account that an Evolution server holds.
#[derive(Clone, Debug)]
pub struct EvolutionAccount {
    wire: GatewayClient,
    instance: String,
    signing_key: Secret,
    proxy: Option<(Proxy, String, Option<Secret>)>,
    pace: PostPace,
}

impl EvolutionAccount {
    fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<EvolutionAccount, OpenError> {
        let key = secrets.required(linked::API_KEY)?;
        let signing_key =
            secrets.get(linked::SIGNING_KEY).cloned().unwrap_or_else(|| made_key(&key, &settings.session));
        let password = secrets.get("proxy_password").cloned();
        Ok(EvolutionAccount {
            wire: GatewayClient { base, header: KEY_HEADER, key },
            proxy: Proxy::parse(&settings.proxy).map(|proxy| (proxy, settings.proxy_user, password)),
            instance: settings.session,
            signing_key,
            pace: settings.pace,
        })
    }

    /// Where its posts go and what proves them (§5).
    fn webhook(&self, callback: &str) -> Value {
        json!({
            "enabled": true, "url": callback, "byEvents": false, "base64": false, "events": EVENTS,
            "headers": { "jwt_key": self.signing_key.expose() },
        })
    }

    /// What a new instance is made with (§2): one that hears of groups.
    fn new_instance(&self, callback: &str) -> Value {
        let mut new = json!({
            "instanceName": self.instance, "integration": "WHATSAPP-BAILEYS", "qrcode": false,
            "groupsIgnore": false, "rejectCall": false, "alwaysOnline": false, "readMessages": false,
            "readStatus": false, "syncFullHistory": false, "webhook": self.webhook(callback),
        });
        if let Some((proxy, user, password)) = &self.proxy {
            new["proxyHost"] = json!(proxy.host);
            new["proxyPort"] = json!(proxy.port.to_string());
            new["proxyProtocol"] = json!(proxy.scheme);
            new["proxyUsername"] = json!(user);
            new["proxyPassword"] = json!(password.as_ref().map(Secret::expose).unwrap_or_default());
        }
        new
    }
}

/// A key to sign with that nobody has to think of: nobody who knows it learns the API key.
fn made_key(api_key: &Secret, instance: &str) -> Secret {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(api_key.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"munadi signs posts of ");
    mac.update(instance.as_bytes());
    Secret::new(&hex::encode(mac.finalize().into_bytes()))
}
