//! What the former gateway is, and its account as every vendor's is seen.

use domain::{channel::Channel, receipt::Event};

use super::{BaileysAccount, dedupe_key, read};
use crate::{
    account::{Account, Post},
    field::Field,
    http::Endpoint,
    linked::{self, KEY, LinkedGateway, LinkedVendor, PACE, PROXY, SESSION, Settings},
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
    },
};

/// The former gateway.
pub const BAILEYS_GATEWAY: LinkedVendor = LinkedVendor { about: &ABOUT, url: URL, open };

fn open(base: Endpoint, settings: Settings, secrets: &Secrets) -> Result<Box<dyn Account>, OpenError> {
    Ok(Box::new(BaileysAccount::open(base, settings, secrets)?))
}

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
    top_up: None,
};

impl LinkedGateway for BaileysAccount {
    const KIND: &'static str = KIND;
    const NAME: &'static str = NAME;

    /// Its posts carry nothing that proves them: the address is the secret.
    fn proves(&self, _post: &Post<'_>) -> bool {
        true
    }

    fn key_of(raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn events(&self, raw: &[u8]) -> Vec<Event> {
        read(&self.session, raw)
    }
}
