//! Linking a phone and how its session stands (NOTES.md §2).

use domain::{
    group::{AccountState, Passkey, Person},
    outcome::ProviderAnswer,
    time::{MINUTE, Millis, SECOND},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{WahaAccount, posts::seconds_to_ms};
use crate::{
    answer::QueryError,
    codes,
    gateway::{Link, LinkBy, LinkCode, LinkCodeKind, PasskeyStep, Session},
    http::Http,
    lenient::{instant, text, yes_or_no},
    linked::{BANNED, LOCKED, REPLACED, RESTRICTED, UNLINKED, is_missing, whatsapp_code},
    secret::Secret,
};

/// A QR code after the first lives this long (§2).
const QR_LIFE_MS: i64 = 20 * SECOND;
/// A code that is typed lives this long (§2).
const PAIRING_LIFE_MS: i64 = 3 * MINUTE;

impl WahaAccount {
    /// What the gateway holds of the session; `None` where it does not know it.
    pub(super) async fn stored(&self, http: &Http) -> Result<Option<Value>, QueryError> {
        let path = ["api", "sessions", self.session.as_str()];
        match self.wire.ask(http, (Method::GET, &path, &[]), None).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How the session stands, with the code or the passkey step that waits.
    pub(super) async fn standing(&self, http: &Http, now: Millis) -> Result<Session, QueryError> {
        let Some(body) = self.stored(http).await? else { return Ok(Session::of(AccountState::Unlinked)) };
        let mut session = session_of(&body);
        match session.state {
            AccountState::Linking => session.code = self.qr(http, now).await?,
            AccountState::PasskeyNeeded(step) => session.passkey = self.passkey(http, step).await?,
            _ => {}
        }
        Ok(session)
    }

    /// The newest QR code; `None` between two.
    async fn qr(&self, http: &Http, now: Millis) -> Result<Option<LinkCode>, QueryError> {
        let path = ["api", self.session.as_str(), "auth", "qr"];
        let asked = self.wire.ask(http, (Method::GET, &path, &[("format", "raw")]), None).await;
        match asked {
            Ok(body) => Ok(text(&body["value"]).map(|value| LinkCode {
                kind: LinkCodeKind::Qr(Secret::new(&value)),
                expires: now.plus(QR_LIFE_MS),
            })),
            // The session moved on between the two questions.
            Err(QueryError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn passkey(&self, http: &Http, step: Passkey) -> Result<Option<PasskeyStep>, QueryError> {
        let last = match step {
            Passkey::Challenge => "challenge",
            Passkey::Compare => "confirmation",
            Passkey::NotHere => return Ok(None),
        };
        let path = ["api", self.session.as_str(), "auth", "passkey", last];
        let body = match self.wire.ask(http, (Method::GET, &path, &[]), None).await {
            Ok(body) => body,
            // Nothing is pending any more (§2).
            Err(QueryError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(match step {
            Passkey::Challenge => {
                let options = ["publicKey", "challenge"].iter().map(|name| &body[*name]);
                let options = options.into_iter().find(|value| value.is_object()).unwrap_or(&body);
                Some(PasskeyStep::Challenge(Secret::new(&options.to_string())))
            }
            Passkey::Compare => text(&body["code"]).map(|code| PasskeyStep::Compare(Secret::new(&code))),
            Passkey::NotHere => None,
        })
    }

    /// Sets the session up where it is not, registers our callback where it is not, and starts it where it does not run.
    pub(super) async fn begin(&self, http: &Http, link: &Link<'_>) -> Result<Session, QueryError> {
        match self.stored(http).await? {
            None => {
                let body =
                    json!({ "name": self.session, "start": true, "config": self.config(link.callback) });
                self.wire.ask(http, (Method::POST, &["api", "sessions"], &[]), Some(body)).await?;
            }
            Some(stored) => self.renew(http, link, &stored).await?,
        }
        let session = self.standing(http, link.now).await?;
        match (link.by, &session.state) {
            (LinkBy::PairingCode(phone), AccountState::Linking) => {
                let path = ["api", self.session.as_str(), "auth", "request-code"];
                let body = json!({ "phoneNumber": phone.digits() });
                let body = self.wire.ask(http, (Method::POST, &path, &[]), Some(body)).await?;
                let code = text(&body["code"]).ok_or_else(no_code)?;
                let kind = LinkCodeKind::Pairing(Secret::new(&code));
                Ok(Session {
                    code: Some(LinkCode { kind, expires: link.now.plus(PAIRING_LIFE_MS) }),
                    ..session
                })
            }
            _ => Ok(session),
        }
    }

    /// Writes our configuration where another one stands, which starts a running session anew and keeps its link (§2).
    async fn renew(&self, http: &Http, link: &Link<'_>, stored: &Value) -> Result<(), QueryError> {
        let path = ["api", "sessions", self.session.as_str()];
        if !self.is_ours(stored, link.callback) {
            let body = json!({ "config": self.config(link.callback) });
            self.wire.ask(http, (Method::PUT, &path, &[]), Some(body)).await?;
        }
        let verb = match stored["status"].as_str() {
            Some("STOPPED") => "start",
            Some("FAILED") if session_of(stored).state == AccountState::LoggedOut => {
                // Its keys are void: only without them a new code comes.
                self.verb(http, "logout").await?;
                "start"
            }
            Some("FAILED") => "restart",
            _ => return Ok(()),
        };
        self.verb(http, verb).await
    }

    /// Whether the session posts to our address and signs with our key.
    fn is_ours(&self, stored: &Value, callback: &str) -> bool {
        stored["config"]["webhooks"].as_array().into_iter().flatten().any(|hook| {
            hook["url"].as_str() == Some(callback)
                && hook["hmac"]["key"].as_str() == Some(self.signing_key.expose())
        })
    }

    async fn verb(&self, http: &Http, verb: &str) -> Result<(), QueryError> {
        let path = ["api", "sessions", self.session.as_str(), verb];
        self.wire.ask(http, (Method::POST, &path, &[]), None).await.map(drop)
    }

    /// Ends what was begun: a session that has no phone is taken away.
    pub(super) async fn stop_linking(&self, http: &Http) -> Result<(), QueryError> {
        match self.stored(http).await? {
            Some(stored) if stored["me"].is_null() => {
                let path = ["api", "sessions", self.session.as_str()];
                self.wire.ask(http, (Method::DELETE, &path, &[]), None).await.map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) async fn log_out(&self, http: &Http) -> Result<(), QueryError> {
        match self.verb(http, "logout").await {
            Err(error) if is_missing(&error) => Ok(()),
            ended => ended,
        }
    }

    pub(super) async fn answer(
        &self,
        http: &Http,
        assertion: &str,
        now: Millis,
    ) -> Result<Session, QueryError> {
        let read: Option<Value> = serde_json::from_str(assertion).ok().filter(Value::is_object);
        let Some(assertion) = read else {
            let words = "This is not what the browser answered: copy all of it, from { to }";
            return Err(QueryError::Refused(ProviderAnswer::new(codes::UNREADABLE, words)));
        };
        let path = ["api", self.session.as_str(), "auth", "passkey"];
        self.wire.ask(http, (Method::POST, &path, &[]), Some(assertion)).await?;
        self.standing(http, now).await
    }

    pub(super) async fn confirm(&self, http: &Http, now: Millis) -> Result<Session, QueryError> {
        let path = ["api", self.session.as_str(), "auth", "passkey", "confirm"];
        self.wire.ask(http, (Method::POST, &path, &[]), None).await?;
        self.standing(http, now).await
    }
}

fn no_code() -> QueryError {
    QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, "WAHA’s answer holds no code"))
}

/// What a session says of itself, in the answer to a question and in a post alike.
pub(super) fn session_of(body: &Value) -> Session {
    let me = &body["me"];
    let person = text(&me["id"]).and_then(|id| Person::parse(&id));
    Session {
        state: state_of(body),
        phone: person.as_ref().and_then(Person::phone).cloned(),
        name: text(&me["pushName"]).unwrap_or_default(),
        code: None,
        passkey: None,
    }
}

/// Our own two names in groups: number and hidden id.
pub(super) fn me_of(body: &Value) -> Option<Person> {
    let me = &body["me"];
    let ids = [&me["id"], &me["lid"]].into_iter().filter_map(text);
    let mut people = ids.filter_map(|id| Person::parse(&id));
    let first = people.next()?;
    Some(people.fold(first, |all, one| all.and(Some(one))))
}

/// The statuses of a session (§2) in the words of the model.
fn state_of(body: &Value) -> AccountState {
    let linked = !body["me"].is_null();
    let since = last_status_at(body);
    match body["status"].as_str().unwrap_or_default() {
        "STARTING" if linked => AccountState::Waiting { since },
        "STARTING" => AccountState::Connecting,
        "SCAN_QR_CODE" => AccountState::Linking,
        "PASSKEY_REQUIRED" => AccountState::PasskeyNeeded(Passkey::Challenge),
        "PASSKEY_CONFIRMATION_REQUIRED" => AccountState::PasskeyNeeded(Passkey::Compare),
        "WORKING" => limited(&body["me"]).unwrap_or(AccountState::Ready),
        "FAILED" => failed(body, linked, since),
        _ => AccountState::Unlinked,
    }
}

/// Message capping and the reach-out time-lock, which a working session carries (§2).
fn limited(me: &Value) -> Option<AccountState> {
    let lock = &me["reachoutTimelock"];
    let active = ["isActive", "active"].iter().find_map(|name| yes_or_no(&lock[*name]));
    if active.unwrap_or(lock.is_object()) && lock.is_object() {
        let until = ["enforcementEnds", "timeEnforcementEnds", "until", "endsAt"].iter();
        let until =
            until.filter_map(|name| instant(&lock[*name])).map(|at| Millis(seconds_to_ms(at.0))).next();
        return Some(AccountState::Restricted { until, code: "463".to_owned() });
    }
    let cap = &me["messageCapping"];
    (cap["cappingStatus"].as_str() == Some("CAPPED")).then(|| AccountState::Capped {
        until: instant(&cap["cycleEnd"]).map(|at| Millis(seconds_to_ms(at.0))),
    })
}

/// Why a session failed, as far as it is told: a code, or words.
fn failed(body: &Value, linked: bool, since: Option<Millis>) -> AccountState {
    let data = &body["data"];
    let told = text(&data["code"]).or_else(|| text(&data["statusCode"])).or_else(|| text(&data["reason"]));
    let code = told.clone().unwrap_or_default();
    let ours = code.parse().ok().map(|code: i64| whatsapp_code(code).0);
    let says = |word: &str| {
        let text = [&data["reason"], &data["message"], &data["error"]].into_iter().filter_map(text);
        text.into_iter().any(|text| text.to_lowercase().contains(word))
    };
    let until = instant(&data["expire"]).map(|at| Millis(seconds_to_ms(at.0)));
    match ours {
        Some(UNLINKED) => AccountState::LoggedOut,
        Some(BANNED | RESTRICTED) => AccountState::Restricted { until, code },
        Some(LOCKED) => AccountState::Blocked { code },
        Some(REPLACED) => AccountState::Replaced,
        _ if says("replaced") || says("conflict") => AccountState::Replaced,
        _ if says("banned") || says("locked") => AccountState::Blocked { code: String::new() },
        _ if says("logged out") || says("device_removed") || !linked => AccountState::LoggedOut,
        // It may come back by itself; more is not known.
        _ => AccountState::Waiting { since },
    }
}

/// When the session came to where it stands.
fn last_status_at(body: &Value) -> Option<Millis> {
    let last = body["statuses"].as_array()?.last()?;
    instant(&last["timestamp"]).map(|at| Millis(seconds_to_ms(at.0)))
}
