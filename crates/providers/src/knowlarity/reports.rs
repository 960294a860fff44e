//! What Knowlarity's hook tells, under the names that two presets have or that an operator chose (NOTES.md §2, §3).

use domain::call::{CallReport, CallReportKind, Ended, Failure};

use super::KnowlarityAccount;
use crate::{
    account::NotGenuine,
    answer::fit,
    voice::{
        CallbackContent, CallbackRequest, Members, date_and_time, indian_time, phone_digits, plain, seconds,
    },
};

/// States of a call, without signs and in small letters (§3). `Connected` alone proves nothing: one preset always says so.
pub const STATUSES: &[(&str, CallReportKind)] = &[
    ("completed", CallReportKind::Ended(Ended::Completed)),
    ("answered", CallReportKind::Ended(Ended::Completed)),
    ("connected", CallReportKind::Ended(Ended::Completed)),
    ("missed", CallReportKind::Ended(Ended::NoAnswer)),
    ("notconnected", CallReportKind::Ended(Ended::NoAnswer)),
    ("abandoned", CallReportKind::Ended(Ended::NoAnswer)),
    ("noanswer", CallReportKind::Ended(Ended::NoAnswer)),
    ("busy", CallReportKind::Ended(Ended::Busy)),
    ("failed", CallReportKind::Ended(Ended::Failed(Failure::Other))),
];

/// What is told, and the names of it in both presets (§2).
pub const NAMES: &[(&str, &[&str])] = &[
    ("id", &["callid", "call_uuid", "uuid"]),
    ("number", &["caller_id", "customer_number", "caller_number"]),
    ("kind", &["type"]),
    ("digit", &["action"]),
    ("status", &["call_transfer_status", "status", "call_status"]),
    ("duration", &["call_duration"]),
    ("start", &["start_time"]),
    ("end", &["end_time"]),
    ("date", &["call_date"]),
    ("time", &["call_time"]),
];

/// The members of a post under our own words.
struct ReportFields<'a> {
    members: &'a Members,
    own: &'a str,
}

impl ReportFields<'_> {
    /// The names of that word: those that the operator chose come first.
    fn text(&self, word: &str) -> Option<String> {
        let chosen = self.own.split([',', ' ', '\n']).filter_map(|pair| pair.trim().split_once('='));
        let own = chosen.filter(|(ours, _)| ours.trim() == word).map(|(_, theirs)| theirs.trim());
        let presets = NAMES.iter().find(|(known, _)| *known == word).map_or(&[][..], |(_, names)| names);
        own.chain(presets.iter().copied()).find_map(|name| self.members.text(&[name]))
    }
}

pub(super) fn hear(
    account: &KnowlarityAccount,
    hook: &CallbackRequest<'_>,
) -> Result<CallbackContent, NotGenuine> {
    account.paths.read(hook.path).ok_or(NotGenuine)?;
    let unread = |why| CallbackContent {
        dedupe_key: hook.key("unread", &[]),
        news: Vec::new(),
        pressed: None,
        ask: None,
        not_understood: Some(why),
    };
    let Some(members) = hook.members() else {
        return Ok(unread("It is neither JSON nor a form that can be read"));
    };
    let told = ReportFields { members: &members, own: &account.settings.names };
    let Some(digits) = told.text("number").and_then(|text| phone_digits(&text)) else {
        return Ok(unread("It names no number that was called"));
    };
    let talk_s = told.text("duration").and_then(|text| seconds(&text));
    let is_key = told.text("kind").is_some_and(|kind| plain(&kind) == "dtmf");
    // An operator who named the digit's member has it in posts of its own.
    let pressed = told.text("digit").filter(|_| is_key || told.text("kind").is_none());
    let status = told.text("status");
    let kind = match (&pressed, ended(status.as_deref(), talk_s)) {
        (Some(_), None) => CallReportKind::PickedUp,
        (_, Some(kind)) if !is_key => kind,
        (Some(_), Some(_)) => CallReportKind::PickedUp,
        (None, _) => return Ok(unread("It tells of a state that is not known")),
    };
    let start = || told.text("start").and_then(|text| indian_time(&text));
    let parts = || date_and_time(&told.text("date")?, &told.text("time")?);
    let news = CallReport {
        // The order's id is what a request brings; this one is the call's own, and binds nothing.
        provider_id: None,
        digits: Some(digits.clone()),
        at: told.text("end").and_then(|text| indian_time(&text)).or_else(start).or_else(parts),
        // A key's post comes during the call: its length is not the whole.
        talk_s,
        said: fit(status.as_deref().unwrap_or(""), &[]),
        ..CallReport::of(kind)
    };
    let key = [
        told.text("id"),
        Some(digits),
        Some(pressed.clone().unwrap_or_else(|| status.as_deref().map(plain).unwrap_or_default())),
        Some(format!("{talk_s:?}")),
    ];
    Ok(CallbackContent {
        dedupe_key: hook.key("push", &key),
        news: vec![news],
        pressed,
        ask: None,
        not_understood: None,
    })
}

/// How a call ended, by its state and its length: a length of nothing is a call that nobody picked up (§3).
fn ended(status: Option<&str>, talk_s: Option<i64>) -> Option<CallReportKind> {
    let by_table = status.and_then(|status| {
        let word = plain(status);
        STATUSES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    });
    match (by_table, talk_s) {
        (
            Some(kind @ CallReportKind::Ended(Ended::Busy | Ended::Failed(_) | Ended::NoAnswer)),
            None | Some(0),
        ) => Some(kind),
        (_, Some(1..)) => Some(CallReportKind::Ended(Ended::Completed)),
        (Some(_) | None, Some(_)) => Some(CallReportKind::Ended(Ended::NoAnswer)),
        // Without a length `Connected` may be the word that is always there.
        (kind, None) => kind,
    }
}
