//! The gateway that the former application posted through: a small service around the Baileys library. Facts: NOTES.md. One account
//! here is one session there.

mod answers;
mod calls;
mod gateway;
mod receipts;
mod vendor;

use domain::group::PostPace;
use reqwest::header::HeaderName;

pub use answers::{SEND_ANSWERS, read_answer};
pub use receipts::{dedupe_key, read};
pub use vendor::BAILEYS_GATEWAY;

use crate::{
    http::Endpoint,
    linked::{self, GatewayClient, Proxy, Settings},
    secret::Secret,
    vendor::{OpenError, Secrets},
};

/// The header of the key (§1). The former callers tried four in turn; this is the one that the service reads.
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// An account that such a gateway holds.
#[derive(Clone, Debug)]
pub struct BaileysAccount {
    wire: GatewayClient,
    session: String,
    proxy: Option<(Proxy, String, Option<Secret>)>,
    pace: PostPace,
}

impl BaileysAccount {
    fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<BaileysAccount, OpenError> {
        let key = secrets.required(linked::API_KEY)?;
        let password = secrets.get("proxy_password").cloned();
        Ok(BaileysAccount {
            wire: GatewayClient { base, header: KEY_HEADER, key },
            proxy: Proxy::parse(&settings.proxy).map(|proxy| (proxy, settings.proxy_user, password)),
            session: settings.session,
            pace: settings.pace,
        })
    }
}
