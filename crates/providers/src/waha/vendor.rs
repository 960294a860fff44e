//! What WAHA is, and its account as every vendor's is seen.

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    money::Money,
    outcome::Outcome,
    receipt::Event,
    template::Message,
};
use serde_json::Value;

use super::{WahaAccount, dedupe_key, is_signed, read};
use crate::{
    account::{Account, BoxFuture, Call, Capabilities, NotGenuine, Post, Received, Reply, Status},
    field::{Field, Wrong},
    gateway::Gateway,
    http::{Endpoint, Http},
    linked::{self, KEY, PACE, PROXY, SESSION, SIGNING, SIGNING_KEY, Settings},
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor,
    },
};

/// WAHA.
pub struct Waha;

/// WAHA.
pub const WAHA: Waha = Waha;

const KIND: &str = "waha";
pub(super) const NAME: &str = "WAHA";
const URL: &str = "waha_url";

/// The header that carries the signature of a post (§8.3).
pub(super) const SIGNATURE: &str = "x-webhook-hmac";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: URL,
    default: "",
    about: "Addresses of your own WAHA servers, with commas between them; accounts pick one",
    listed: true,
}];

const INTRODUCTION: Introduction = Introduction {
    letters: "WA",
    colour: Colour::Green,
    invitation: "Link a WhatsApp account through a WAHA server of your own, and posts go to its groups.",
    about: "Posts to WhatsApp groups through an account that is linked as WhatsApp Web is. This is against WhatsApp’s terms and can cost the number.",
    example: "Front desk phone",
    test: "Asks the gateway how the account stands. It sends nothing.",
};

const SETTINGS: &[Field] = &[
    linked::base_field(URL),
    SESSION,
    KEY,
    SIGNING,
    PROXY[0],
    PROXY[1],
    PROXY[2],
    PACE[0],
    PACE[1],
    PACE[2],
    PACE[3],
];

const STEPS: &[SetUpStep] = &[
    SetUpStep {
        title: "Run WAHA on a server of your own",
        text: "With the engine GOWS: it alone shows who got a post and links accounts that want a passkey.",
    },
    SetUpStep {
        title: "Have its address listed",
        text: "Whoever runs Munadi adds it to waha_url in the settings.",
    },
    SetUpStep {
        title: "Copy the key",
        text: "WAHA prints its API key at the first start; it may be one of a single session.",
    },
];

const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Signed { secret: SIGNING_KEY, header: SIGNATURE },
    takes_query: false,
    tells_cost: false,
    about: &["WAHA’s posts say who got and read a post, who joins and leaves, and how the account stands."],
    enter: "Munadi enters it at the gateway by itself when the account is linked. The gateway has to reach this address.",
    choose: &[],
    topics: super::EVENTS,
};

const ABOUT: About = About {
    kind: KIND,
    name: NAME,
    introduction: INTRODUCTION,
    channels: &[Channel::WhatsappGroup],
    base_urls: BASE_URLS,
    settings: SETTINGS,
    template_fields: &[],
    lists_templates: false,
    steps: STEPS,
    callback: CALLBACK,
    meanings: &[],
    question: None,
};

impl Vendor for Waha {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// A post costs nothing.
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(0)
    }

    fn check(&self, settings: &Value, _secrets: &Secrets) -> Vec<Wrong> {
        linked::check(settings)
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: Settings = serde_json::from_value(settings.clone())
            .map_err(|error| OpenError::Settings(error.to_string()))?;
        let base = Endpoint::parse(urls.picked(URL, &settings.gateway)?)?;
        Ok(Box::new(WahaAccount::open(base, settings, secrets)?))
    }
}

impl Account for WahaAccount {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn channel(&self) -> Channel {
        Channel::WhatsappGroup
    }

    fn can(&self) -> Capabilities {
        Capabilities { takes_receipts: true, ..Capabilities::default() }
    }

    fn gateway(&self) -> Option<&dyn Gateway> {
        Some(self)
    }

    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(linked::send(self, http, call))
    }

    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(linked::probe(self, http, message))
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(linked::status(self, NAME, http))
    }

    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        let signature = (post.header)(SIGNATURE).ok_or(NotGenuine)?;
        if !is_signed(&self.signing_key, post.raw, &signature) {
            return Err(NotGenuine);
        }
        Ok(Received { dedupe_key: dedupe_key(post.raw), reply: Reply::Stored })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.session, raw)
    }
}
