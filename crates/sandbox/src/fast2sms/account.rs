//! What a Fast2SMS account holds: keys, wallet, headers, templates, lists, webhooks.

use std::collections::{BTreeMap, BTreeSet};

use crate::rupees::PER_RUPEE;
use serde::{Deserialize, Serialize};

/// The key of the default account.
pub const DEFAULT_KEY: &str = "TEST-KEY-NOT-REAL";
/// The stand-in's name of the default account. The vendor shows no account id.
pub const DEFAULT_ACCOUNT: &str = "example-academy";
/// The header (sender id) of the default account.
pub const DEFAULT_SENDER: &str = "WRKSHP";
/// The principal entity of the default account.
pub const DEFAULT_ENTITY: &str = "1100000000000000002";

/// The configuration of Fast2SMS's stand-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The accounts that it knows.
    pub accounts: Vec<Account>,
    /// Price of one segment on the DLT routes, in 1/10,000 rupee (§8).
    pub dlt_price: i64,
    /// Price of one segment on the Quick route, in 1/10,000 rupee.
    pub quick_price: i64,
    /// Price of one segment on the one-time-code route, in 1/10,000 rupee. No source names it.
    pub otp_price: i64,
}

impl Default for Config {
    fn default() -> Self {
        Config { accounts: vec![Account::default()], dlt_price: 2_000, quick_price: 50_000, otp_price: 2_000 }
    }
}

impl Config {
    /// Price of one segment, in 1/10,000 rupee.
    pub fn price(&self, route: Route) -> i64 {
        match route {
            Route::Dlt | Route::DltManual => self.dlt_price,
            Route::Q => self.quick_price,
            Route::Otp => self.otp_price,
        }
    }
}

/// The routes that are offered (§2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// An approved template by the vendor's message id, and values.
    Dlt,
    /// The full text, with DLT template and entity.
    DltManual,
    /// Any text, from a random sender.
    Q,
    /// A numeric code in a fixed text.
    Otp,
}

impl Route {
    /// The route of that name, if it is offered.
    pub fn named(name: &str) -> Option<Route> {
        match name {
            "dlt" => Some(Route::Dlt),
            "dlt_manual" => Some(Route::DltManual),
            "q" => Some(Route::Q),
            "otp" => Some(Route::Otp),
            _ => None,
        }
    }

    /// Whether it takes the sender's own words and tells the cost (§2.2).
    pub(super) fn is_dlt(self) -> bool {
        matches!(self, Route::Dlt | Route::DltManual)
    }

    /// Its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Route::Dlt => "dlt",
            Route::DltManual => "dlt_manual",
            Route::Q => "q",
            Route::Otp => "otp",
        }
    }
}

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// The stand-in's name for it, under which control and ledger know it.
    pub id: String,
    /// The keys of its API.
    pub keys: Vec<ApiKey>,
    /// The credit in the wallet, in 1/10,000 rupee.
    pub wallet: i64,
    /// Whether it may send at all; 415 if not.
    pub enabled: bool,
    /// Whether the sender's address is on the key's list; 414 if not.
    pub address_allowed: bool,
    /// Whether the account and its website were verified; 996 on the route `otp` if not.
    pub verified: bool,
    /// Whether the first recharge was paid; 999 if not.
    pub recharged: bool,
    /// Routes it may use; 409 on the others.
    pub routes: BTreeSet<Route>,
    /// The principal entity, 19 digits.
    pub entity_id: String,
    /// Name of the principal entity.
    pub entity_name: String,
    /// Its headers with their templates.
    pub senders: Vec<Sender>,
    /// Numbers that are not valid whatever they look like (411), any spelling.
    pub invalid: BTreeSet<String>,
    /// Numbers with one of these endings are not valid (411).
    pub invalid_endings: BTreeSet<String>,
    /// Numbers with one of these endings are refused with that code, and so is their whole list. 427 is for numbers on
    /// the vendor's own do-not-disturb list; a code that is not documented answers “Something went wrong”.
    pub refused_endings: BTreeMap<String, u16>,
    /// Any text of any header passes, also one that nobody registered here: whoever rehearses has texts of their own.
    pub any_template: bool,
    /// Words that are refused in texts and values (407), in any case.
    pub refused_words: BTreeSet<String>,
    /// What links may start with; 426 for others in values.
    pub allowed_links: BTreeSet<String>,
    /// Where delivery reports are posted.
    pub webhooks: Vec<Webhook>,
}

impl Default for Account {
    fn default() -> Self {
        Account {
            id: DEFAULT_ACCOUNT.to_owned(),
            keys: vec![ApiKey::good(DEFAULT_KEY)],
            wallet: 10_000 * PER_RUPEE,
            enabled: true,
            address_allowed: true,
            verified: true,
            recharged: true,
            routes: [Route::Dlt, Route::DltManual, Route::Q, Route::Otp].into(),
            entity_id: DEFAULT_ENTITY.to_owned(),
            entity_name: "Example Academy".to_owned(),
            senders: vec![Sender::default()],
            invalid: BTreeSet::new(),
            invalid_endings: BTreeSet::new(),
            refused_endings: BTreeMap::new(),
            any_template: false,
            refused_words: ["lottery".to_owned()].into(),
            allowed_links: ["https://example.in/".to_owned()].into(),
            webhooks: Vec::new(),
        }
    }
}

/// A key of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKey {
    /// The key, as requests carry it.
    pub key: String,
    /// Whether it was switched off; 413 then.
    pub disabled: bool,
}

impl ApiKey {
    /// A key that works.
    pub fn good(key: &str) -> ApiKey {
        ApiKey { key: key.to_owned(), disabled: false }
    }
}

impl Default for ApiKey {
    fn default() -> Self {
        ApiKey::good("")
    }
}

/// A header with the templates approved for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sender {
    /// The header: 3 to 6 letters.
    pub sender_id: String,
    /// Whether it stands on the operators' blacklist; 500 then.
    pub blacklisted: bool,
    /// The texts that the operators know for it.
    pub templates: Vec<Template>,
}

impl Default for Sender {
    fn default() -> Self {
        let promotional = |template: Template| Template { promotional: true, ..template };
        Sender {
            sender_id: DEFAULT_SENDER.to_owned(),
            blacklisted: false,
            templates: vec![
                Template::new(
                    "111111",
                    "1100000000000000001",
                    "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy",
                ),
                Template::new(
                    "111112",
                    "1100000000000000003",
                    "Rust for Beginners starts at 7 PM today. The link is in your e-mail. -Example Academy",
                ),
                promotional(Template::new(
                    "111113",
                    "1100000000000000004",
                    "The next batch of {#var#} opens on {#var#}. -Example Academy",
                )),
                Template::new(
                    "111114",
                    "1100000000000000005",
                    "नमस्ते {#var#}, {#var#} आज {#var#} बजे शुरू होगा। -Example Academy",
                ),
                Template::new(
                    "111115",
                    "1100000000000000006",
                    "Join {#alphanumeric#} with {#numeric#} others at {#url#} -Example Academy",
                ),
                Template::new(
                    "111116",
                    "1100000000000000010",
                    "{#var#}, {#var#} people. Open {#var#} -Example Academy",
                ),
                Template {
                    in_manager: false,
                    ..Template::new(
                        "",
                        "1100000000000000009",
                        "Dear {#var#}, your seat in {#var#} is confirmed. -Example Academy",
                    )
                },
            ],
        }
    }
}

/// One approved text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// The vendor's short id, which the route `dlt` takes.
    pub message_id: String,
    /// The DLT content-template id, 19 digits.
    pub template_id: String,
    /// The text, with tags such as `{#var#}`.
    pub text: String,
    /// Whether the text is promotional. Otherwise it is a service message.
    pub promotional: bool,
    /// Whether the account entered it in the vendor's DLT Manager. The operators know it anyway.
    pub in_manager: bool,
    /// Whether it stands on the operators' blacklist; 500 then.
    pub blacklisted: bool,
}

impl Template {
    /// An approved service text.
    pub fn new(message_id: &str, template_id: &str, text: &str) -> Template {
        Template {
            message_id: message_id.to_owned(),
            template_id: template_id.to_owned(),
            text: text.to_owned(),
            ..Template::default()
        }
    }
}

impl Default for Template {
    fn default() -> Self {
        Template {
            message_id: String::new(),
            template_id: String::new(),
            text: String::new(),
            promotional: false,
            in_manager: true,
            blacklisted: false,
        }
    }
}

/// A webhook as the dashboard sets it up (§6). It has no secret: nothing is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// Address to post to; a secret can only be part of it.
    pub url: String,
    /// The shape of the body.
    pub template: WebhookTemplate,
    /// The states that it is told of.
    pub event: WebhookEvent,
    /// The HTTP method.
    pub method: WebhookMethod,
    /// How the body is written.
    pub content_type: WebhookContentType,
}

impl Webhook {
    /// Everything by `POST` in the vendor's own JSON.
    pub fn to(url: &str) -> Webhook {
        Webhook { url: url.to_owned(), ..Webhook::default() }
    }
}

/// Shapes of a delivery report (§6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookTemplate {
    /// The vendor's own members.
    #[default]
    Custom,
    /// `payloadVersion` and `statuses`.
    Clevertap,
}

/// States that a webhook is told of (§6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// Every state of a message.
    #[default]
    All,
    /// Only the state `delivered`.
    Delivered,
    /// Only the states of failure.
    Failed,
}

/// Methods of a webhook (§6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WebhookMethod {
    /// `POST` with a body.
    #[default]
    Post,
    /// `GET`, with the members in the query.
    Get,
    /// `PUT` with a body.
    Put,
}

/// Content types of a webhook (§6); XML is not made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookContentType {
    /// `application/json` in the body.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`; lists become JSON text.
    Form,
}
