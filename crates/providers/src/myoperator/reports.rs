//! What MyOperator asks during a call and tells during and after it (NOTES.md §2, §3). Its *missed* may mean a call that was heard.

use domain::call::{AnsweredBy, CallRef, CallReport, CallReportKind, Ended};
use serde_json::Value;

use super::MyOperatorAccount;
use crate::{
    account::NotGenuine,
    answer::fit,
    voice::{
        CallbackContent, CallbackRequest, HookKind, Members, NO_HEADERS, PathTarget, Paths, Step, StepKind,
        phone_digits, plain, seconds, unix_seconds,
    },
};

/// `_su` after the call (§3): 1 connected, 2 missed, 3 voicemail; the long names hold words.
pub const STATUSES: &[(&str, Ended, Option<AnsweredBy>)] = &[
    ("1", Ended::Completed, None),
    ("connected", Ended::Completed, None),
    ("2", Ended::NoAnswer, None),
    ("missed", Ended::NoAnswer, None),
    ("3", Ended::Completed, Some(AnsweredBy::Machine)),
    ("voicemail", Ended::Completed, Some(AnsweredBy::Machine)),
];

/// `_ds` of a leg, and whether it proves that somebody picked up (§3).
pub const LEGS: &[(&str, bool)] =
    &[("answer", true), ("answered", true), ("noanswer", false), ("cancel", false)];

pub(super) fn hear(
    account: &MyOperatorAccount,
    hook: &CallbackRequest<'_>,
) -> Result<CallbackContent, NotGenuine> {
    let named = account.paths.read(hook.path).ok_or(NotGenuine)?;
    let Some(members) = hook.members() else {
        return Ok(unread(hook, "It is neither JSON nor a form that can be read"));
    };
    // After the call a single member may hold all of it as JSON.
    let inner = members.text(&["myoperator"]).map(|text| serde_json::from_str::<Value>(&text));
    let members = match inner {
        Some(Ok(body)) => Members::of(body),
        Some(Err(_)) => return Ok(unread(hook, "Its member “myoperator” cannot be read")),
        None => match members.list(&["myoperator"]).into_iter().next() {
            Some(object) => object,
            None => members,
        },
    };
    let named = PathTarget { call: called(&account.paths, named, &members)?, ..named };
    let is_node = members.get(&["node_id"]).is_some();
    let in_call = members.get(&["call_state"]).is_some() && members.get(&["status", "_su"]).is_none();
    Ok(match named.kind {
        Some(HookKind::Step | HookKind::Prompt | HookKind::Digit) => asked(account, hook, named, &members),
        _ if is_node => asked(account, hook, named, &members),
        _ if in_call => during(hook, named, &members),
        _ => after(hook, named, &members),
    })
}

fn unread(hook: &CallbackRequest<'_>, why: &'static str) -> CallbackContent {
    let dedupe_key = hook.key("unread", &[]);
    CallbackContent { dedupe_key, news: Vec::new(), pressed: None, ask: None, not_understood: Some(why) }
}

/// The reference that we gave, with its proof where that was sent along.
fn called(paths: &Paths, named: PathTarget, members: &Members) -> Result<Option<CallRef>, NotGenuine> {
    let reference = ["_ri", "_cri", "reference_id", "client_ref_id"]
        .iter()
        .find_map(|name| members.text(&[*name])?.parse::<CallRef>().ok());
    let marked = members.text(&["custom_1"]).and_then(|text| paths.marked(&text));
    match (named.call.or(marked), reference) {
        (Some(one), Some(other)) if one != other => Err(NotGenuine),
        (Some(call), _) | (None, Some(call)) => Ok(Some(call)),
        (None, None) => Ok(None),
    }
}

/// The id that stays the same from the first notice to the last: the call's own, not the log's. It is learnt during the call, for the
/// answer to the request brings another.
fn uid(members: &Members) -> Option<String> {
    let listed = || {
        let all = members.list(&["_pm"]);
        all.iter()
            .find(|pair| pair.text(&["ky"]).as_deref() == Some("ui"))
            .and_then(|pair| pair.text(&["vl"]))
    };
    members.text(&["uid"]).or_else(listed)
}

fn base(named: PathTarget, members: &Members, kind: CallReportKind) -> CallReport {
    let number =
        ["_cr", "_cl", "clid_raw", "clid"].iter().find_map(|name| phone_digits(&members.text(&[*name])?));
    CallReport { call: named.call, provider_id: None, digits: number, ..CallReport::of(kind) }
}

/// A request of an input node (§2). The one that asks speaks first; the one that gets the key comes after the text.
fn asked(
    account: &MyOperatorAccount,
    hook: &CallbackRequest<'_>,
    named: PathTarget,
    members: &Members,
) -> CallbackContent {
    let node = members.text(&["node_id"]).unwrap_or_default();
    let input = members.raw(&["input"]);
    let is_digit = named.kind == Some(HookKind::Digit)
        || (!account.settings.digit_node.is_empty() && node == account.settings.digit_node)
        || input.as_deref().is_some_and(|input| !input.trim().is_empty());
    let mut news =
        base(named, members, if is_digit { CallReportKind::Heard } else { CallReportKind::PickedUp });
    news.at = members.integer(&["timestamp"]).and_then(unix_seconds);
    let pressed = is_digit.then(|| input.unwrap_or_default());
    let step = Step {
        call: named.call,
        provider_id: uid(members),
        digits: news.digits.clone(),
        at: StepKind::Next,
        heard: pressed.clone(),
    };
    let key =
        [uid(members), Some(node), members.text(&["timestamp"]), Some(pressed.clone().unwrap_or_default())];
    let dedupe_key = hook.key("node", &key);
    CallbackContent { dedupe_key, news: vec![news], pressed, ask: Some(step), not_understood: None }
}

/// A notice during the call (§3).
fn during(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members) -> CallbackContent {
    let state = members.integer(&["call_state"]);
    let kind = match state {
        Some(0) => CallReportKind::Calling,
        Some(1) => CallReportKind::PickedUp,
        _ => return unread(hook, "It tells of a state that is not known"),
    };
    let news = base(named, members, kind);
    let key = [uid(members), state.map(|state| state.to_string())];
    let dedupe_key = hook.key("during", &key);
    CallbackContent { dedupe_key, news: vec![news], pressed: None, ask: None, not_understood: None }
}

/// The report after the call, in any of its three shapes (§3).
fn after(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members) -> CallbackContent {
    let status = members.text(&["_su", "status"]);
    let word = status.as_deref().map(plain);
    let row = word.as_ref().and_then(|word| STATUSES.iter().find(|(known, ..)| known == word));
    let Some((_, ended, by)) = row else { return unread(hook, "It tells of a state that is not known") };
    let legs = members.list(&["_ld"]);
    let answered = legs.iter().filter_map(|leg| leg.text(&["_ds"])).any(|leg| {
        let leg = plain(&leg);
        LEGS.iter().any(|(known, answered)| *known == leg && *answered)
    });
    // The whole length holds the ringing: only a leg tells how long somebody talked, or the length of a call that was connected.
    let of_legs = legs.iter().filter_map(|leg| leg.text(&["_dr"]).and_then(|text| seconds(&text))).max();
    let whole = || {
        let told = members.text(&["_ss", "_dr", "call_time", "duration"]).and_then(|text| seconds(&text));
        told.filter(|_| *ended == Ended::Completed)
    };
    let kind = if answered { Ended::Completed } else { *ended };
    let mut news = base(named, members, CallReportKind::Ended(kind));
    news.talk_s = of_legs.filter(|_| answered).or_else(whole);
    news.answered_by = *by;
    news.at = members.integer(&["_et", "end_time"]).and_then(unix_seconds);
    news.said = fit(status.as_deref().unwrap_or(""), &[]);
    let key = [members.text(&["_ai", "id", "uid"]), word];
    let dedupe_key = hook.key("after", &key);
    CallbackContent { dedupe_key, news: vec![news], pressed: None, ask: None, not_understood: None }
}

/// One hit of the log search, which has the short keys of the report (§4).
pub(super) fn found(hit: &Value, call: CallRef) -> Option<CallReport> {
    let hook = CallbackRequest {
        path: "",
        query: "",
        content_type: "",
        header: NO_HEADERS,
        proven: false,
        body: b"",
    };
    let source = if hit["_source"].is_object() { hit["_source"].clone() } else { hit.clone() };
    let members = Members::of(source);
    let named = PathTarget { kind: None, call: Some(call) };
    after(&hook, named, &members).news.into_iter().next()
}

/// Whether a hit is about that call.
pub(super) fn is_about(hit: &Value, call: CallRef) -> bool {
    let source = if hit["_source"].is_object() { &hit["_source"] } else { hit };
    let members = Members::of(source.clone());
    ["_ri", "_cri", "reference_id", "client_ref_id"]
        .iter()
        .any(|name| members.text(&[*name]).and_then(|text| text.parse().ok()) == Some(call))
}
