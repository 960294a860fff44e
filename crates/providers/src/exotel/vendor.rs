//! What Exotel is.

use domain::{
    call::CallAbilities,
    channel::{Channel, Tariff},
    money::Money,
};
use serde_json::Value;

use super::{ABILITIES, ExotelAccount, ExotelSettings, KIND};
use crate::{
    account::{Account, AccountFact, AccountStanding, Status},
    field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, SECRET, TEXT},
    http::Http,
    lenient,
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor, settings_of,
    },
    voice::{CommonSettings, PACE, VoiceAccount, common_fields, id_text, missing},
};

/// Exotel.
pub struct Exotel;

/// Exotel.
pub const EXOTEL: Exotel = Exotel;

const API_KEY: &str = "api_key";
const API_TOKEN: &str = "api_token";

const fn base(key: &'static str, default: &'static str, about: &'static str) -> BaseUrl {
    BaseUrl { key, default, about, listed: false }
}

/// An account lives on exactly one cluster (§1).
const BASE_URLS: &[BaseUrl] = &[
    base("exotel_url", "https://api.in.exotel.com", "Address of Exotel's voice interface, Mumbai cluster"),
    base(
        "exotel_singapore_url",
        "https://api.exotel.com",
        "Address of Exotel's voice interface, Singapore cluster",
    ),
    base(
        "exotel_calls_url",
        "https://ccm-api.in.exotel.com",
        "Address of Exotel's call details, Mumbai cluster",
    ),
    base(
        "exotel_singapore_calls_url",
        "https://ccm-api.exotel.com",
        "Address of Exotel's call details, Singapore cluster",
    ),
];

const fn id(key: &'static str, label: &'static str, help: &'static str, placeholder: &'static str) -> Field {
    Field { key, label, kind: FieldKind::Id { read: id_text, digits: false }, help, placeholder, ..TEXT }
}

const COMMON: [Field; 7] = common_fields();

const SETTINGS: &[Field] = &[
    Field {
        key: API_KEY,
        label: "API key",
        help: "At Exotel under Settings, API settings. Stored sealed, never shown again.",
        missing: "Paste the API key.",
        shown: FieldDisplay { on_card: true, ..PLAIN },
        ..SECRET
    },
    Field {
        key: API_TOKEN,
        label: "API token",
        help: "Beside the key. Stored sealed, never shown again.",
        missing: "Paste the API token.",
        ..SECRET
    },
    id("sid", "Account SID", "At Exotel under Settings, API settings.", "udaan1"),
    id("exophone", "ExoPhone", "The number that people see, as Exotel writes it.", "08000000000"),
    id("flow_id", "Flow", "The number of the flow, at the end of its address in the App Bazaar.", "4711"),
    Field {
        key: "cluster",
        label: "Cluster",
        kind: FieldKind::Choice {
            options: &[("mumbai", "Mumbai"), ("singapore", "Singapore")],
            wrong: "Choose one of the clusters.",
        },
        help: "Where the account lives: the API settings show an address with or without “in”.",
        missing: "Choose one of the clusters.",
        ..TEXT
    },
    Field {
        key: "flow_host",
        label: "Flow address",
        kind: FieldKind::Choice {
            options: &[
                ("my.exotel.com", "my.exotel.com"),
                ("my.in.exotel.com", "my.in.exotel.com"),
                ("my.exotel.in", "my.exotel.in, older accounts"),
            ],
            wrong: "Choose one of the addresses.",
        },
        help: "The usual one works on both clusters. Take another only when Exotel’s support says so.",
        missing: "Choose one of the addresses.",
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
        title: "Buy an ExoPhone",
        text: "At Exotel under ExoPhones. The identity check of the business has to be finished before it may call.",
    },
    SetUpStep {
        title: "Draw the flow once",
        text: "In the App Bazaar: Gather, then Passthru, then Greeting, then Hangup. One flow serves all workshops; the texts come from here.",
    },
    SetUpStep {
        title: "Give it three addresses",
        text: "Gather takes its prompt from the callback address with /prompt at its end; Passthru, set to wait for the answer, gets the one with /digit, and both of its ways lead to the Greeting; the Greeting reads the text at the one with /closing.",
    },
    SetUpStep {
        title: "Let people call back",
        text: "Attach the same flow to the ExoPhone for incoming calls: whoever missed the call and rings back hears the reminder.",
    },
    SetUpStep { title: "Copy key, token and SID", text: "At Exotel under Settings, API settings." },
];

/// Nothing is signed: the path is the proof (§3).
const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: true,
    tells_cost: true,
    about: &[
        "Exotel asks here what to say while the phone is at the ear, and tells what became of each call.",
        "What is lost on the way is asked for by itself after the call.",
    ],
    enter: "Enter it in the flow at Exotel, with /prompt, /digit and /closing at its end. Exotel signs nothing: this address is the secret, so show it to nobody.",
    choose: &[("Gather", "/prompt", ""), ("Passthru", "/digit", "Synchronous"), ("Greeting", "/closing", "")],
    topics: &[],
};

const ABOUT: About = About {
    kind: KIND,
    name: "Exotel",
    introduction: Introduction {
        letters: "Ex",
        colour: Colour::Blue,
        invitation: "Connect an Exotel account, and a voice reminds people and takes their key.",
        about: "Calls to Indian numbers. You need an account at Exotel with an ExoPhone and a finished identity check.",
        example: "Udaan calls",
        test: "Asks Exotel for the balance: that proves key, token and SID. It calls nobody and costs nothing.",
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
    top_up: Some("https://my.exotel.in/pay"),
};

impl Vendor for Exotel {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn calls(&self) -> Option<&'static CallAbilities> {
        Some(&ABILITIES)
    }

    /// Of a minute, before GST (§8).
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(6_000)
    }

    fn check(&self, settings: &Value, _secrets: &Secrets) -> Vec<FieldError> {
        let mut wrong = missing(
            settings,
            &[
                ("sid", "Enter the account SID."),
                ("exophone", "Enter the ExoPhone."),
                ("flow_id", "Enter the number of the flow."),
            ],
        );
        wrong.extend(CommonSettings::check(settings));
        wrong
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        Ok(Box::new(VoiceAccount(open(settings, secrets, urls)?)))
    }
}

fn open(settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<ExotelAccount, OpenError> {
    let settings: ExotelSettings = settings_of(settings)?;
    let [base, calls] = match settings.cluster.as_str() {
        "singapore" => [1, 3],
        _ => [0, 2],
    }
    .map(|at| urls.get_or(&BASE_URLS[at]));
    ExotelAccount::new(settings, (secrets.required(API_KEY)?, secrets.required(API_TOKEN)?), (base, calls))
}

/// The balance proves key, token and SID (§5).
pub(super) async fn status(account: &ExotelAccount, http: &Http) -> Status {
    let mut status = Status::default();
    let body = match account.get(http, &account.v1(&["Balance.json"]), &[]).await {
        Ok(body) => body,
        Err(error) => {
            status.not_told("Exotel", &error);
            return status;
        }
    };
    let data = &body["Account"]["BalanceData"];
    let text = |name: &str| lenient::text(&data[name]).unwrap_or_default();
    status.balance = Money::parse(&text("Balance")).ok();
    status.number.clone_from(&account.settings.exophone);
    status.facts = [
        AccountFact::new("Plan", &text("PricingPlan"), ""),
        AccountFact::new("Currency", &text("Currency"), ""),
    ]
    .into_iter()
    .flatten()
    .collect();
    status.standing = match status.balance {
        Some(balance) if balance <= Money(0) => AccountStanding::NoMoney,
        Some(_) => AccountStanding::Ready,
        None => AccountStanding::NotProven,
    };
    status.said = match (status.standing, status.balance) {
        (AccountStanding::NoMoney, _) => "Exotel answered: the balance is used up.".to_owned(),
        (_, Some(balance)) => format!("Exotel answered: the balance is ₹{balance}."),
        (_, None) => "Exotel answered without a balance.".to_owned(),
    };
    if status.standing == AccountStanding::NoMoney {
        status.alert =
            ("The balance is used up".to_owned(), "Top up at Exotel, or change the plan.".to_owned());
    }
    status
}
