//! Providers of calls: their tables row by row, and whole conversations with their stand-ins.

mod conversations;
mod exotel;
mod knowlarity;
mod kookoo;
mod myoperator;
mod program;
mod vendors;

use bytes::Bytes;
use domain::{
    call::{Action, CallRef, CallReportKind, CallScript, Digit, FilledScript, Key, Language, fill},
    channel::Channel,
    ids::{BroadcastId, MessageRef, TemplateId},
    outcome::Outcome,
    template::Facts,
    time::Millis,
};
use munadi_providers::{
    Account, Secrets, Urls, Vendor,
    account::NotGenuine,
    exotel::EXOTEL,
    http::Answer,
    knowlarity::KNOWLARITY,
    myoperator::MYOPERATOR,
    ozonetel::OZONETEL,
    voice::{CallbackContent, CallbackRequest, Callee, Dial, NO_HEADERS, Voice},
};
use serde_json::Value;

/// Every provider of calls.
pub(crate) const CALLERS: &[&dyn Vendor] = &[&EXOTEL, &OZONETEL, &MYOPERATOR, &KNOWLARITY];

/// The settings that no call can do without, for all providers together.
pub(crate) const NEEDED: &[(&str, &str)] = &[
    ("sid", "udaan1"),
    ("exophone", "08000000000"),
    ("flow_id", "4711"),
    ("company_id", "comp0001"),
    ("public_ivr_id", "ivr0001"),
    ("number", "+910000000099"),
    ("ivr_id", "1000000001"),
];

pub(crate) const NOW: Millis = Millis(1_893_849_600_000); // 2030-01-05 18:50:00 in India
pub(crate) const TO: &str = "+919000000001";
pub(crate) const CALLBACK: &str = "https://notify.example.com/callbacks/TEST-CALLBACK";

/// The `n`th call of one broadcast.
pub(crate) fn call(n: i64) -> CallRef {
    let broadcast: BroadcastId = "019b7a2e-0000-7000-8000-000000000001".parse().unwrap();
    CallRef { message: MessageRef { broadcast, position: n }, attempt: 1 }
}

pub(crate) fn script() -> CallScript {
    let mut script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
    script.keys[0] =
        Key { digit: Digit::new(1).unwrap(), closing: "Thank you. See you.".into(), action: Action::Confirm };
    script
}

pub(crate) fn said() -> FilledScript {
    let facts = Facts {
        name: "Asha Verma".into(),
        organisation: "Udaan".into(),
        workshop_title: "Excel & Power BI".into(),
        workshop_time: "7:00 PM".into(),
        ..Facts::default()
    };
    FilledScript::new(&script(), &fill(&script(), &facts).unwrap())
}

/// An account with these settings and secrets, everything of it at one address.
pub(crate) fn open(
    vendor: &dyn Vendor,
    settings: &Value,
    secrets: &[(&str, &str)],
    url: &str,
) -> Box<dyn Account> {
    let secrets = secrets.iter().fold(Secrets::default(), |all, (key, secret)| all.with(key, secret));
    let urls = vendor.base_urls().iter().fold(Urls::default(), |urls, one| urls.with(one.key, url));
    vendor.open(settings, &secrets, &urls).unwrap()
}

/// Places one call to a number.
pub(crate) async fn place(voice: &dyn Voice, to: &str) -> Outcome {
    let (script, said) = (script(), said());
    let people = [Callee { call: call(1), to, said: &said }];
    let dial =
        Dial { script: &script, calls: &people, callback: CALLBACK, now: NOW, until: NOW.plus(15 * 60_000) };
    voice.place(&crate::aisensy_request::http(), &dial).await
}

/// What a request to a path below the callback is read as.
pub(crate) fn hear(
    voice: &dyn Voice,
    path: &str,
    query: &str,
    body: &str,
) -> Result<CallbackContent, NotGenuine> {
    voice.hear(&CallbackRequest {
        path,
        query,
        content_type: "",
        header: NO_HEADERS,
        proven: false,
        body: body.as_bytes(),
    })
}

/// The path below the callback of an address that was sent along.
pub(crate) fn path_of(url: &str) -> &str {
    url.strip_prefix(CALLBACK).unwrap().trim_start_matches('/')
}

/// The kind of the first news.
pub(crate) fn kind(taken: &CallbackContent) -> Option<CallReportKind> {
    taken.news.first().map(|news| news.kind)
}

pub(crate) fn answered(status: u16, body: &str) -> Answer {
    Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), whole: true, retry_after: None }
}

/// What an outcome proves, in a word, with its code or id.
pub(crate) fn word(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Accepted { provider_id, .. } => ("accepted", provider_id.as_deref().unwrap_or("")),
        Outcome::Refused(said) => ("refused", &said.code),
        Outcome::AccountStopped(said) => ("stopped", &said.code),
        Outcome::Misconfigured(said) => ("misconfigured", &said.code),
        Outcome::NotNow { said, once: true, .. } => ("once", &said.code),
        Outcome::NotNow { said, slow_down: true, .. } => ("slower", &said.code),
        Outcome::NotNow { said, .. } => ("later", &said.code),
        Outcome::Unknown(said) => ("unknown", &said.code),
    }
}

/// Names and values of a form or a query.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    munadi_providers::form::members(text).unwrap_or_default()
}

pub(crate) fn value<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}
