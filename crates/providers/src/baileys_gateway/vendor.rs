//! What the former gateway is, and its account as every vendor's is seen.

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    money::Money,
    outcome::Outcome,
    receipt::Event,
    template::Message,
};
use serde_json::Value;

use super::{BaileysAccount, dedupe_key, read};
use crate::{
    account::{Account, BoxFuture, Call, Capabilities, NotGenuine, Post, Received, Reply, Status},
    field::{Field, Wrong},
    gateway::Gateway,
    http::{Endpoint, Http},
    linked::{self, KEY, PACE, PROXY, SESSION, Settings},
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor,
    },
};

/// The former gateway.
pub struct BaileysGateway;

/// The former gateway.
pub const BAILEYS_GATEWAY: BaileysGateway = BaileysGateway;

const KIND: &str = "baileys_gateway";
const NAME: &str = "Baileys gateway";
const URL: &str = "baileys_gateway_url";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: URL,
    default: "",
    about: "Addresses of your own Baileys gateways, with commas between them; accounts pick one",
    listed: true,
}];

const INTRODUCTION: Introduction = Introduction {
    letters: "BG",
    colour: Colour::Violet,
    invitation: "Go on posting through the gateway of your former application.",
    about: "The WhatsApp service of the former application, as it stands on your server. Linking an account this way is against WhatsApp’s terms and can cost the number.",
    example: "Front desk phone",
    test: "Asks the gateway how the account stands. It sends nothing.",
};

const SETTINGS: &[Field] = &[
    linked::base_field(URL),
    SESSION,
    KEY,
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
        title: "Have its address listed",
        text: "Whoever runs Munadi adds it to baileys_gateway_url in the settings.",
    },
    SetUpStep { title: "Copy the key", text: "The one that its callers send as X-API-Key." },
    SetUpStep {
        title: "Name the session",
        text: "One that is linked already keeps its name, such as wa_ and an id; a new one gets any name.",
    },
];

/// Its posts carry a shared key at best, and those about its state none (NOTES.md §5).
const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: false,
    tells_cost: false,
    about: &[
        "The gateway’s callbacks say what left, what WhatsApp refused, who got and read a post, and who joins and leaves.",
    ],
    enter: "Enter it in the gateway’s own settings for each of its six callbacks. They are not signed: this address is the secret, so show it to nobody.",
    choose: &[],
    topics: &["status", "send result", "message error", "receipts", "reactions", "membership"],
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

impl Vendor for BaileysGateway {
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
        Ok(Box::new(BaileysAccount::open(base, settings, secrets)?))
    }
}

impl Account for BaileysAccount {
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
        Ok(Received { dedupe_key: dedupe_key(post.raw), reply: Reply::Stored })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.session, raw)
    }
}
