//! What Ozonetel's KooKoo is.

use domain::{
    call::CallAbilities,
    channel::{Channel, Tariff},
    money::Money,
};
use serde_json::Value;

use super::{ABILITIES, KIND, OzonetelAccount, OzonetelSettings};
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
    voice::{CommonSettings, PACE, VoiceAccount, body_of, common_fields, id_text},
};

/// Ozonetel's KooKoo.
pub struct Ozonetel;

/// Ozonetel's KooKoo.
pub const OZONETEL: Ozonetel = Ozonetel;

const API_KEY: &str = "api_key";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: "ozonetel_url",
    default: "https://www.kookoo.in",
    about: "Address of Ozonetel's KooKoo; newer accounts have in1-cpaas.ozonetel.com",
    listed: false,
}];

const COMMON: [Field; 7] = common_fields();

const SETTINGS: &[Field] = &[
    Field {
        key: API_KEY,
        label: "API key",
        help: "At KooKoo on the dashboard. Stored sealed, never shown again.",
        missing: "Paste the API key.",
        shown: FieldDisplay { on_card: true, ..PLAIN },
        ..SECRET
    },
    Field {
        key: "caller_id",
        label: "Number shown",
        kind: FieldKind::Id { read: id_text, digits: false },
        help: "One of your KooKoo numbers, where you have several.",
        placeholder: "0800000000",
        shown: FieldDisplay { empty: "The account’s only one", on_card: true, ..PLAIN },
        ..TEXT
    },
    Field {
        key: "speed",
        label: "Speed of the voice",
        kind: FieldKind::Number { min: 1, max: 9, default: 3 },
        help: "1 is slow, 9 is fast.",
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
        title: "Have outgoing calls enabled",
        text: "Write to Ozonetel’s support: a new account may not call out. Ask for as many channels as calls shall ring at once.",
    },
    SetUpStep {
        title: "Let people call back",
        text: "Give the number the callback address with /step at its end as its application: whoever missed the call and rings back hears the reminder.",
    },
    SetUpStep { title: "Copy the key", text: "At KooKoo on the dashboard." },
];

/// Nothing is signed: each call has a path of its own (§2, §3).
const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: true,
    tells_cost: false,
    about: &[
        "KooKoo asks here what to say at every step of a call, and tells what became of it. Each call brings its own address along.",
        "Nothing can be asked for afterwards: a call of which nothing comes stays unknown.",
    ],
    enter: "Only for people who call back: enter it at KooKoo as the application of the number, with /step at its end. KooKoo signs nothing: this address is the secret, so show it to nobody.",
    choose: &[],
    topics: &[],
};

const ABOUT: About = About {
    kind: KIND,
    name: "Ozonetel KooKoo",
    introduction: Introduction {
        letters: "Oz",
        colour: Colour::Amber,
        invitation: "Connect a KooKoo account, and nothing has to be drawn: every word of a call comes from here.",
        about: "Calls to Indian numbers. You need an account at Ozonetel’s KooKoo with outgoing calls enabled.",
        example: "Udaan calls",
        test: "Asks KooKoo whether the number that is shown is on the do-not-disturb register: that proves the key. It calls nobody.",
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

impl Vendor for Ozonetel {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn calls(&self) -> Option<&'static CallAbilities> {
        Some(&ABILITIES)
    }

    /// By contract (§6); a guess until an organisation sets its own.
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(6_000)
    }

    fn check(&self, settings: &Value, _secrets: &Secrets) -> Vec<FieldError> {
        CommonSettings::check(settings)
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: OzonetelSettings = settings_of(settings)?;
        let key = secrets.required(API_KEY)?;
        Ok(Box::new(VoiceAccount(OzonetelAccount::new(settings, key, urls.get_or(&BASE_URLS[0]))?)))
    }
}

/// The do-not-disturb check proves the key (§4). Its answers are not documented, so only a refusal of the key says
/// anything.
pub(super) async fn status(account: &OzonetelAccount, http: &Http, about: &str) -> Status {
    let mut status = Status { number: account.settings.caller_id.clone(), ..Status::default() };
    let number = if about.is_empty() { account.settings.caller_id.as_str() } else { about };
    let query = [("phone_no", number), ("api_key", account.api_key.expose())];
    let asked = http.get(&account.base.join(&["outbound", "checkdnd.php"]), &query, None).await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(silence) => {
            status.not_told("KooKoo", &QueryError::from(silence));
            return status;
        }
    };
    let body = body_of(&answer);
    let text = crate::lenient::text(&body["message"])
        .unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
    let words = fit(&text, &[&account.api_key]);
    let lower = words.to_lowercase();
    let refused = ["key", "authenticat", "unauthori"].iter().any(|word| lower.contains(word));
    let said = |code: &str| domain::outcome::ProviderAnswer::new(code, words.clone());
    match answer.status {
        401 | 403 => status.not_told("KooKoo", &QueryError::Refused(said(codes::BAD_KEY))),
        200..=299 if refused => status.not_told("KooKoo", &QueryError::Refused(said(codes::BAD_KEY))),
        200..=299 => {
            status.standing = AccountStanding::NotProven;
            status.said =
                "KooKoo answered and did not refuse the key. Call your own number to be sure.".to_owned();
        }
        code => status.not_told("KooKoo", &QueryError::Silent(said(&format!("http_{code}")))),
    }
    status
}
