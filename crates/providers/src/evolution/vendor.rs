//! What Evolution API is, and its account as every vendor's is seen.

use domain::{channel::Channel, receipt::Event};

use super::{EvolutionAccount, dedupe_key, is_genuine, read};
use crate::{
    account::{Account, Post},
    field::Field,
    http::Endpoint,
    linked::{self, KEY, LinkedGateway, LinkedVendor, PACE, PROXY, SESSION, SIGNING, SIGNING_KEY, Settings},
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
    },
};

/// Evolution API.
pub const EVOLUTION: LinkedVendor = LinkedVendor { about: &ABOUT, url: URL, open };

fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<Box<dyn Account>, OpenError> {
    Ok(Box::new(EvolutionAccount::open(base, settings, secrets)?))
}

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
    top_up: None,
};

impl LinkedGateway for EvolutionAccount {
    const KIND: &'static str = KIND;
    const NAME: &'static str = NAME;

    fn proves(&self, post: &Post<'_>) -> bool {
        (post.header)(TOKEN).is_some_and(|token| is_genuine(&self.signing_key, &token))
    }

    fn key_of(raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn events(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.instance, raw)
    }
}
