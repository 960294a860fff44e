//! The settings that accounts of all gateways have.

use domain::group::PostPace;
use serde::Deserialize;
use serde_json::Value;

use crate::field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, SECRET, TEXT};

/// Key of the secret that every gateway is called with.
pub(crate) const API_KEY: &str = "api_key";
/// Key of the secret that a gateway signs its posts with.
pub(crate) const SIGNING_KEY: &str = "webhook_key";

/// The settings of an account of any gateway that are not secrets.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The name of the gateway in the server's configuration; empty for the only one.
    pub(crate) gateway: String,
    /// The gateway's name for the account.
    pub(crate) session: String,
    /// The proxy through which the gateway reaches WhatsApp; empty for none.
    pub(crate) proxy: String,
    /// The user name at the proxy; may be empty.
    pub(crate) proxy_user: String,
    /// The pace at which the account posts.
    #[serde(flatten)]
    pub(crate) pace: PostPace,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            gateway: String::new(),
            session: SESSION_DEFAULT.to_owned(),
            proxy: String::new(),
            proxy_user: String::new(),
            pace: PostPace::default(),
        }
    }
}

/// How fast an account of any gateway posts, as its settings say; with caution where they cannot be read.
pub fn pace_of(settings: &Value) -> PostPace {
    serde_json::from_value::<Settings>(settings.clone()).unwrap_or_default().pace
}

/// What a gateway calls an account, unless something else is typed.
const SESSION_DEFAULT: &str = "munadi";

/// Which of the listed gateways.
pub(crate) const fn base_field(url: &'static str) -> Field {
    Field {
        key: "gateway",
        label: "Gateway",
        kind: FieldKind::Base { url },
        help: "One of your own servers, as whoever runs Munadi listed them.",
        shown: FieldDisplay { empty: "The only one", ..PLAIN },
        ..TEXT
    }
}

/// What the gateway calls the account.
pub(crate) const SESSION: Field = Field {
    key: "session",
    label: "Name at the gateway",
    kind: FieldKind::Text { max: 54, default: SESSION_DEFAULT },
    help: "Letters, digits, dashes. Each account at one gateway needs its own.",
    missing: "A name such as munadi.",
    shown: FieldDisplay { label: "Name there", on_card: true, ..PLAIN },
    ..TEXT
};

/// The key that the gateway is called with.
pub(crate) const KEY: Field = Field {
    key: API_KEY,
    label: "API key",
    help: "The gateway’s own key. Stored sealed, never shown again.",
    missing: "Paste the gateway’s key.",
    shown: FieldDisplay { on_card: true, ..PLAIN },
    ..SECRET
};

/// The key that posts are signed with.
pub(crate) const SIGNING: Field = Field {
    key: SIGNING_KEY,
    label: "Signing key",
    help: "Proves that posts come from the gateway. Empty takes one made from the API key, which suits nearly everybody.",
    shown: FieldDisplay { empty: "Made from the API key", ..PLAIN },
    ..SECRET
};

/// The proxy, its user and password.
pub(crate) const PROXY: [Field; 3] = [
    Field {
        key: "proxy",
        label: "Proxy",
        kind: FieldKind::Text { max: 200, default: "" },
        help: "Through which the gateway reaches WhatsApp for this account, as socks5://host:port. Empty means none.",
        placeholder: "socks5://proxy.example:1080",
        shown: FieldDisplay { empty: "None", ..PLAIN },
        ..TEXT
    },
    Field {
        key: "proxy_user",
        label: "Proxy user",
        kind: FieldKind::Text { max: 100, default: "" },
        help: "Empty where the proxy asks for none.",
        shown: FieldDisplay { empty: "", ..PLAIN },
        ..TEXT
    },
    Field {
        key: "proxy_password",
        label: "Proxy password",
        help: "Stored sealed, never shown again.",
        shown: FieldDisplay { empty: "", ..PLAIN },
        ..SECRET
    },
];

const fn pace(key: &'static str, default: i64, max: i64, label: &'static str, help: &'static str) -> Field {
    Field { key, label, kind: FieldKind::Number { min: 1, max, default }, help, ..TEXT }
}

const CAUTION: PostPace = PostPace::CAUTION;

/// How fast an account posts: our caution, not WhatsApp's rule (§2).
pub(crate) const PACE: [Field; 4] = [
    pace(
        "gap_from_s",
        CAUTION.gap_from_s,
        3_600,
        "Shortest pause",
        "Seconds between two posts, drawn anew each time. Our caution, not WhatsApp’s rule.",
    ),
    pace("gap_until_s", CAUTION.gap_until_s, 3_600, "Longest pause", "Seconds between two posts."),
    pace(
        "per_hour",
        CAUTION.per_hour,
        3_600,
        "Posts per hour",
        "At most. A newly linked account begins with fewer.",
    ),
    pace("per_day_max", CAUTION.per_day_max, 10_000, "Posts per day", "At most, in 24 hours."),
];

/// What no single field shows to be wrong with an account's settings.
pub(crate) fn check(settings: &Value) -> Vec<FieldError> {
    let settings: Settings = serde_json::from_value(settings.clone()).unwrap_or_default();
    let mut wrong = Vec::new();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if settings.session.is_empty() || !settings.session.chars().all(plain) {
        wrong.push(FieldError::new("session", "Letters, digits, dashes and underscores only."));
    }
    if !settings.proxy.is_empty() && Proxy::parse(&settings.proxy).is_none() {
        wrong.push(FieldError::new("proxy", "An address such as socks5://proxy.example:1080."));
    }
    if settings.pace.gap_until_s < settings.pace.gap_from_s {
        wrong.push(FieldError::new("gap_until_s", "Not shorter than the shortest pause."));
    }
    wrong
}

/// A proxy of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// `http`, `https`, `socks4` or `socks5`.
    pub(crate) scheme: String,
    /// The host name or address of the proxy.
    pub(crate) host: String,
    /// The port of the proxy.
    pub(crate) port: u16,
}

impl Proxy {
    /// Reads `scheme://host:port`; without a scheme it is `socks5`.
    pub(crate) fn parse(text: &str) -> Option<Proxy> {
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("socks5", text.trim()));
        let known = ["http", "https", "socks4", "socks5"].contains(&scheme);
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let shaped = known && !host.is_empty() && host.chars().all(plain);
        let port = port.parse().ok().filter(|_| shaped)?;
        Some(Proxy { scheme: scheme.to_owned(), host: host.to_owned(), port })
    }
}
