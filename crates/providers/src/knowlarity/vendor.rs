//! What Knowlarity is.

use domain::{
    call::CallAbilities,
    channel::{Channel, Tariff},
    money::Money,
};
use reqwest::Method;
use serde_json::Value;

use super::{ABILITIES, KIND, KnowlarityAccount, KnowlaritySettings};
use crate::{
    account::{Account, AccountFact, AccountStanding, Status},
    field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, SECRET, TEXT},
    http::Http,
    lenient::integer,
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor, settings_of,
    },
    voice::{CommonSettings, PACE, VoiceAccount, common_fields, id_text, missing},
};

/// Knowlarity.
pub struct Knowlarity;

/// Knowlarity.
pub const KNOWLARITY: Knowlarity = Knowlarity;

const API_KEY: &str = "api_key";
const ACCOUNT_KEY: &str = "account_key";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: "knowlarity_url",
    default: "https://kpi.knowlarity.com",
    about: "Address of Knowlarity's interface",
    listed: false,
}];

const fn id(key: &'static str, label: &'static str, help: &'static str, placeholder: &'static str) -> Field {
    Field { key, label, kind: FieldKind::Id { read: id_text, digits: false }, help, placeholder, ..TEXT }
}

const COMMON: [Field; 7] = common_fields();

const SETTINGS: &[Field] = &[
    Field {
        key: API_KEY,
        label: "x-api-key",
        help: "The application’s key, from Knowlarity’s support. Stored sealed, never shown again.",
        missing: "Paste the x-api-key.",
        ..SECRET
    },
    Field {
        key: ACCOUNT_KEY,
        label: "Account key",
        help: "The key of the account, with hyphens. Stored sealed, never shown again.",
        missing: "Paste the account key.",
        shown: FieldDisplay { on_card: true, ..PLAIN },
        ..SECRET
    },
    id("number", "Knowlarity number", "Your number at Knowlarity, with country code.", "+910000000099"),
    id("caller_id", "Number shown", "Where it differs.", ""),
    id("ivr_id", "IVR", "The ten digits of the IVR that calls go into.", "1000000001"),
    Field {
        key: "channel",
        label: "Channel",
        kind: FieldKind::Text { max: 40, default: "Basic" },
        help: "Part of every address at Knowlarity; nearly always Basic.",
        ..TEXT
    },
    Field {
        key: "throttling",
        label: "Throttling",
        kind: FieldKind::Number { min: 1, max: 500, default: 10 },
        help: "How many calls of an order Knowlarity has under way. Your plan says.",
        ..TEXT
    },
    Field {
        key: "names",
        label: "Names in the hook",
        kind: FieldKind::Text { max: 400, default: "" },
        help: "Only where the hook has names of your own: digit=key number=phone status=state duration=length id=call.",
        placeholder: "digit=key number=phone",
        ..TEXT
    },
    PACE,
    COMMON[0],
    COMMON[1],
    COMMON[2],
    COMMON[3],
    COMMON[4],
    COMMON[5],
    COMMON[6],
];

const STEPS: &[SetUpStep] = &[
    SetUpStep {
        title: "Build the IVR once",
        text: "It speaks the text that comes with each number, takes the keys 1, 2 and 9, and thanks for each. The closing words are those of the IVR.",
    },
    SetUpStep {
        title: "Set the hook",
        text: "Under Hook APIs: the callback address with /status at its end, for keys (type dtmf) and for the end of each call.",
    },
    SetUpStep {
        title: "Copy both keys",
        text: "The x-api-key comes from Knowlarity’s support, the account key stands in the panel.",
    },
];

const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: true,
    tells_cost: false,
    about: &[
        "Knowlarity tells here which key was pressed and how each call ended, under names that are chosen there.",
        "What is lost on the way is looked up in the list of orders and the call log.",
    ],
    enter: "Enter it at Knowlarity under Hook APIs, with /status at its end. Knowlarity signs nothing: this address is the secret, so show it to nobody.",
    choose: &[("Method", "POST", ""), ("Format", "JSON", "")],
    topics: &[],
};

const ABOUT: About = About {
    kind: KIND,
    name: "Knowlarity",
    introduction: Introduction {
        letters: "Kn",
        colour: Colour::Green,
        invitation: "Connect a Knowlarity account, and orders dial many people at once.",
        about: "Calls to Indian numbers, two minutes after they are asked for. You need an account at Knowlarity with an IVR of its own.",
        example: "Udaan calls",
        test: "Asks Knowlarity for the list of orders: that proves both keys. It calls nobody.",
    },
    channels: &[Channel::IvrCall],
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

impl Vendor for Knowlarity {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn calls(&self) -> Option<&'static CallAbilities> {
        Some(&ABILITIES)
    }

    /// By plan (§5); a guess until an organisation sets its own.
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(6_000)
    }

    fn check(&self, settings: &Value, _secrets: &Secrets) -> Vec<FieldError> {
        let mut wrong = missing(
            settings,
            &[("number", "Enter the Knowlarity number."), ("ivr_id", "Enter the id of the IVR.")],
        );
        wrong.extend(CommonSettings::check(settings));
        wrong
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: KnowlaritySettings = settings_of(settings)?;
        let keys = (secrets.required(API_KEY)?, secrets.required(ACCOUNT_KEY)?);
        Ok(Box::new(VoiceAccount(KnowlarityAccount::new(settings, keys, urls.get_or(&BASE_URLS[0]))?)))
    }
}

/// The list of orders proves both keys.
pub(super) async fn status(account: &KnowlarityAccount, http: &Http) -> Status {
    let mut status = Status { number: account.settings.number.clone(), ..Status::default() };
    let to = account.at(&["call", "campaign"]);
    match account.ask(http, (Method::GET, &to, &[("limit", "1")]), None).await {
        Ok(list) => {
            let orders =
                integer(&list["meta"]["total_count"]).map(|count| count.to_string()).unwrap_or_default();
            status.facts.extend(AccountFact::new("Orders", &orders, "so far"));
            status.standing = AccountStanding::Ready;
            status.said = "Knowlarity answered with its list of orders.".to_owned();
        }
        Err(error) => status.not_told("Knowlarity", &error),
    }
    status
}
