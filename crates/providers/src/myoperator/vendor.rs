//! What MyOperator is.

use domain::{
    call::CallAbilities,
    channel::{Channel, Tariff},
    money::Money,
    time::{MINUTE, Millis},
};
use serde_json::{Value, json};

use super::{ABILITIES, KIND, MyOperatorAccount, MyOperatorSecrets, MyOperatorSettings, reports};
use crate::{
    account::{Account, AccountStanding, Status},
    answer::{QueryError, fit},
    codes,
    field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, SECRET, TEXT},
    http::Http,
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor, settings_of,
    },
    voice::{
        CallQuery, CallStatus, CommonSettings, PACE, VoiceAccount, body_of, common_fields, id_text, missing,
        words_of,
    },
};

/// MyOperator.
pub struct MyOperator;

/// MyOperator.
pub const MYOPERATOR: MyOperator = MyOperator;

const API_KEY: &str = "api_key";
const SECRET_TOKEN: &str = "secret_token";
const SEARCH_TOKEN: &str = "search_token";
const HOOK_PASSWORD: &str = "hook_password";

const BASE_URLS: &[BaseUrl] = &[
    BaseUrl {
        key: "myoperator_url",
        default: "https://obd-api.myoperator.co",
        about: "Address of MyOperator's dialler",
        listed: false,
    },
    BaseUrl {
        key: "myoperator_search_url",
        default: "https://developers.myoperator.co",
        about: "Address of MyOperator's log search",
        listed: false,
    },
];

const fn id(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { key, label, kind: FieldKind::Id { read: id_text, digits: false }, help, ..TEXT }
}

const COMMON: [Field; 7] = common_fields();

const SETTINGS: &[Field] = &[
    Field {
        key: API_KEY,
        label: "x-api-key",
        help: "At MyOperator under API integration. Stored sealed, never shown again.",
        missing: "Paste the x-api-key.",
        ..SECRET
    },
    Field {
        key: SECRET_TOKEN,
        label: "Secret token",
        help: "Beside the key. Stored sealed, never shown again.",
        missing: "Paste the secret token.",
        shown: FieldDisplay { on_card: true, ..PLAIN },
        ..SECRET
    },
    id("company_id", "Company id", "At MyOperator under API integration."),
    id("public_ivr_id", "IVR", "The id of the campaign’s IVR that calls go into."),
    id("caller_id", "Number shown", "Where you rent several."),
    id("ask_node", "Node that asks", "The id of the input node that speaks the reminder."),
    id(
        "digit_node",
        "Node that gets the key",
        "The id of the input node after it. Without it no key can be taken.",
    ),
    Field {
        key: SEARCH_TOKEN,
        label: "Search token",
        help: "For asking about calls of which nothing came. Some plans have none.",
        ..SECRET
    },
    id(
        "hook_user",
        "Name for webhooks",
        "As you set it for the webhooks and input nodes. Empty where you set none.",
    ),
    Field {
        key: HOOK_PASSWORD,
        label: "Password for webhooks",
        help: "As you set it there. With it nothing is believed that comes without.",
        ..SECRET
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
        title: "Have three things enabled",
        text: "Ask your account manager for campaigns, for input nodes, and for an IVR that only announces: the usual one waits until a colleague is free.",
    },
    SetUpStep {
        title: "Draw the flow once",
        text: "An input node that asks, and an input node that gets the key. Both call the callback address with /step at its end. Copy the ids of both nodes.",
    },
    SetUpStep {
        title: "Set the webhooks",
        text: "In-call and after-call to the callback address with /status at its end. A name and password for them are worth setting.",
    },
    SetUpStep { title: "Copy key, token and ids", text: "At MyOperator under API integration." },
];

const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: true,
    tells_cost: false,
    about: &[
        "MyOperator asks here what to say while the phone is at the ear, and tells what became of each call.",
        "It does not tell a busy line from a phone that nobody picked up.",
    ],
    enter: "Enter it at MyOperator, with /step at its end for both input nodes and /status for the webhooks. MyOperator signs nothing: this address is the secret, so show it to nobody.",
    choose: &[
        ("Input nodes", "/step", ""),
        ("In-call webhook", "/status", ""),
        ("After-call webhook", "/status", ""),
    ],
    topics: &[],
};

const ABOUT: About = About {
    kind: KIND,
    name: "MyOperator",
    introduction: Introduction {
        letters: "My",
        colour: Colour::Violet,
        invitation: "Connect a MyOperator account, and a request whose answer was lost can be made again without a second ring.",
        about: "Calls to Indian numbers. You need an account at MyOperator with campaigns and input nodes.",
        example: "Udaan calls",
        test: "Asks MyOperator’s log search: that proves the search token. It calls nobody.",
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
    top_up: Some("https://in.app.myoperator.com/"),
};

impl Vendor for MyOperator {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn calls(&self) -> Option<&'static CallAbilities> {
        Some(&ABILITIES)
    }

    /// Minutes belong to the plan (§6); a guess until an organisation sets its own.
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(6_000)
    }

    fn check(&self, settings: &Value, secrets: &Secrets) -> Vec<FieldError> {
        let mut wrong = missing(
            settings,
            &[("company_id", "Enter the company id."), ("public_ivr_id", "Enter the id of the IVR.")],
        );
        let has_user = settings["hook_user"].as_str().is_some_and(|user| !user.is_empty());
        if has_user != secrets.get(HOOK_PASSWORD).is_some() {
            wrong.push(FieldError::new("hook_user", "Name and password for webhooks belong together."));
        }
        wrong.extend(CommonSettings::check(settings));
        wrong
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: MyOperatorSettings = settings_of(settings)?;
        let sealed = MyOperatorSecrets {
            api_key: secrets.required(API_KEY)?,
            secret_token: secrets.required(SECRET_TOKEN)?,
            search_token: secrets.get(SEARCH_TOKEN).cloned(),
            hook_password: secrets.get(HOOK_PASSWORD).cloned(),
        };
        let bases = (urls.get_or(&BASE_URLS[0]), urls.get_or(&BASE_URLS[1]));
        Ok(Box::new(VoiceAccount(MyOperatorAccount::new(settings, sealed, bases)?)))
    }
}

/// A page of the log (§4).
async fn search(
    account: &MyOperatorAccount,
    http: &Http,
    (from, until): (Millis, Millis),
    key: &str,
) -> Result<Value, QueryError> {
    let token = account.secrets.search_token.as_ref().ok_or(QueryError::NotConnected)?;
    let body = json!({
        "token": token.expose(), "from": from.0.div_euclid(1_000), "to": until.0.div_euclid(1_000), "page_size": 100,
        "search_key": key,
    });
    let answer = http.post(&account.search.join(&["search"]), body.to_string().into_bytes(), None).await?;
    let body = body_of(&answer);
    let words = fit(&words_of(&body), &[token, &account.secrets.api_key, &account.secrets.secret_token]);
    let words = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
    let said = |code: &str| domain::outcome::ProviderAnswer::new(code, words.clone());
    match answer.status {
        200..=299 if body.is_object() => Ok(body),
        401 | 403 => Err(QueryError::Refused(said(codes::BAD_KEY))),
        429 => Err(QueryError::Silent(said(codes::HTTP_429))),
        400..=499 => Err(QueryError::Refused(said(codes::UNRECOGNISED))),
        200..=299 => Err(QueryError::Silent(said(codes::UNREADABLE))),
        _ => Err(QueryError::Silent(said(codes::SERVER_BROKE))),
    }
}

/// Hits of the search, wherever in the answer they stand.
fn hits(body: &Value) -> Vec<&Value> {
    let places = [&body["data"]["hits"], &body["data"], &body["hits"]["hits"], &body["hits"]];
    places.into_iter().find_map(Value::as_array).map(|hits| hits.iter().collect()).unwrap_or_default()
}

/// For repair alone: a few questions a minute are allowed (§4).
pub(super) async fn poll_status(
    account: &MyOperatorAccount,
    http: &Http,
    about: &CallQuery<'_>,
) -> Result<CallStatus, QueryError> {
    let span = (about.placed.plus(-MINUTE), about.now.plus(MINUTE));
    let body = search(account, http, span, about.to.trim_start_matches("+91")).await?;
    let ours = hits(&body).into_iter().filter(|hit| reports::is_about(hit, about.call));
    let news: Vec<_> = ours.filter_map(|hit| reports::found(hit, about.call)).collect();
    // The log has calls that are over: one that is missing may still ring, and the same reference may be used again.
    Ok(if news.is_empty() { CallStatus::NotYet } else { CallStatus::Call(news, None) })
}

/// From the beginning to the year 2100.
const ALL_TIMES: (Millis, Millis) = (Millis(0), Millis(4_102_444_800_000));

/// A search proves its token; nothing free proves the dialler's.
pub(super) async fn status(account: &MyOperatorAccount, http: &Http) -> Status {
    let mut status = Status { number: account.settings.caller_id.clone(), ..Status::default() };
    match search(account, http, ALL_TIMES, "").await {
        Ok(_) => {
            status.standing = AccountStanding::Ready;
            status.said =
                "MyOperator’s log search answered. Only a call proves the dialler’s key.".to_owned();
        }
        Err(error) => status.not_told("MyOperator", &error),
    }
    status
}
