//! What Evolution API is, and its account as every vendor's is seen.

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    money::Money,
    outcome::Outcome,
    receipt::Event,
    template::Message,
};
use serde_json::Value;

use super::{EvolutionAccount, dedupe_key, is_genuine, read};
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

/// Evolution API.
pub struct Evolution;

/// Evolution API.
pub const EVOLUTION: Evolution = Evolution;

const KIND: &str = "evolution";
const NAME: &str = "Evolution API";
const URL: &str = "evolution_url";

/// The header that carries the token of a post (§5).
const TOKEN: &str = "authorization";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: URL,
    default: "",
    about: "Addresses of your own Evolution API servers, with commas between them; accounts pick one",
    listed: true,
}];

const INTRODUCTION: Introduction = Introduction {
    letters: "EV",
    colour: Colour::Amber,
    invitation: "Link a WhatsApp account through an Evolution API server of your own.",
    about: "Posts to WhatsApp groups through an account that is linked as WhatsApp Web is. This is against WhatsApp’s terms and can cost the number. Evolution API never tells who got a post: “handed over” is its last word.",
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
        title: "Run Evolution API v2 on a server of your own",
        text: "It cannot link accounts that want a passkey, and tells of no receipts in groups. Other gateways can and do.",
    },
    SetUpStep {
        title: "Have its address listed",
        text: "Whoever runs Munadi adds it to evolution_url in the settings.",
    },
    SetUpStep {
        title: "Copy a key",
        text: "The server’s, or that of an instance which is there already: then take the instance’s name for the account.",
    },
];

const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Signed { secret: SIGNING_KEY, header: TOKEN },
    takes_query: false,
    tells_cost: false,
    about: &[
        "Evolution API’s posts say how the account stands, who joins and leaves, and what WhatsApp refused; not who got a post.",
    ],
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

impl Vendor for Evolution {
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
        Ok(Box::new(EvolutionAccount::open(base, settings, secrets)?))
    }
}

impl Account for EvolutionAccount {
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
        let token = (post.header)(TOKEN).ok_or(NotGenuine)?;
        if !is_genuine(&self.signing_key, &token) {
            return Err(NotGenuine);
        }
        Ok(Received { dedupe_key: dedupe_key(post.raw), reply: Reply::Stored })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.instance, raw)
    }
}
