//! What WAHA is, and its account as every vendor's is seen.

use domain::{channel::Channel, receipt::Event};

use super::{WahaAccount, dedupe_key, is_signed, read};
use crate::{
    account::{Account, Post},
    field::Field,
    http::Endpoint,
    linked::{self, KEY, LinkedGateway, LinkedVendor, PACE, PROXY, SESSION, SIGNING, SIGNING_KEY, Settings},
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
    },
};

/// WAHA.
pub const WAHA: LinkedVendor = LinkedVendor { about: &ABOUT, url: URL, open };

fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<Box<dyn Account>, OpenError> {
    Ok(Box::new(WahaAccount::open(base, settings, secrets)?))
}

const KIND: &str = "waha";
pub(super) const NAME: &str = "WAHA";
const URL: &str = "waha_url";

/// The header that carries the signature of a post (§6).
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
    top_up: None,
};

impl LinkedGateway for WahaAccount {
    const KIND: &'static str = KIND;
    const NAME: &'static str = NAME;

    fn proves(&self, post: &Post<'_>) -> bool {
        (post.header)(SIGNATURE).is_some_and(|signature| is_signed(&self.signing_key, post.raw, &signature))
    }

    fn key_of(raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn events(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.session, raw)
    }
}
