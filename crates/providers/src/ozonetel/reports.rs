//! What KooKoo asks during a call and tells after it (NOTES.md §2, §3).

use domain::call::{CallReport, CallReportKind, Ended, Failure};

use crate::{
    account::NotGenuine,
    answer::fit,
    voice::{
        CallbackContent, CallbackRequest, HookKind, Members, PathTarget, Paths, Step, StepKind, indian_time,
        phone_digits, plain, seconds,
    },
};

/// Events of the conversation, without signs and in small letters: what each proves, and whether it waits for markup (§2).
pub const EVENTS: &[(&str, CallReportKind, bool)] = &[
    ("newcall", CallReportKind::PickedUp, true),
    ("gotdtmf", CallReportKind::Heard, true),
    ("hangup", CallReportKind::Ended(Ended::Completed), false),
    ("disconnect", CallReportKind::Ended(Ended::Completed), false),
    // Not asked for by our markup; whoever sends them gets the end of the conversation.
    ("record", CallReportKind::PickedUp, true),
    ("dial", CallReportKind::PickedUp, true),
    ("recognize", CallReportKind::PickedUp, true),
    ("conference", CallReportKind::PickedUp, true),
    ("stream", CallReportKind::PickedUp, true),
];

/// States after the call, without signs and in small letters (§3; their spelling).
pub const STATUSES: &[(&str, CallReportKind)] = &[
    ("queued", CallReportKind::Calling),
    ("dialing", CallReportKind::Calling),
    ("answered", CallReportKind::Ended(Ended::Completed)),
    ("notanswered", CallReportKind::Ended(Ended::NoAnswer)),
    ("noresponse", CallReportKind::Ended(Ended::NoAnswer)),
    ("ring", CallReportKind::Ended(Ended::NoAnswer)),
    ("subcriberabsent", CallReportKind::Ended(Ended::NoAnswer)),
    ("subscriberabsent", CallReportKind::Ended(Ended::NoAnswer)),
    ("busy", CallReportKind::Ended(Ended::Busy)),
    ("invalidnumber", CallReportKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("invalidnumberformat", CallReportKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("isddisabled", CallReportKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("congestion", CallReportKind::Ended(Ended::Failed(Failure::Network))),
    ("noroutedestination", CallReportKind::Ended(Ended::Failed(Failure::Network))),
    ("exception", CallReportKind::Ended(Ended::Failed(Failure::Network))),
];

pub(super) fn hear(paths: &Paths, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
    let named = paths.read(hook.path).ok_or(NotGenuine)?;
    let Some(members) = hook.members() else { return Ok(unread(hook)) };
    let event = members.text(&["event"]).map(|event| plain(&event));
    Ok(match (named.kind, event) {
        (Some(HookKind::Status), _) | (_, None) => told(hook, named, &members),
        (_, Some(event)) => asked(hook, named, &members, &event),
    })
}

fn unread(hook: &CallbackRequest<'_>) -> CallbackContent {
    CallbackContent {
        dedupe_key: hook.key("unread", &[]),
        news: Vec::new(),
        pressed: None,
        ask: None,
        not_understood: Some("It is neither JSON nor a form that can be read"),
    }
}

fn base(named: PathTarget, members: &Members, kind: CallReportKind) -> CallReport {
    CallReport {
        call: named.call,
        // An outgoing call has an id of its own beside the session's: it is the one that the request brought.
        provider_id: members.text(&["outbound_sid", "sid"]),
        digits: members.text(&["phone_no", "cid"]).and_then(|text| phone_digits(&text)),
        ..CallReport::of(kind)
    }
}

fn asked(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members, event: &str) -> CallbackContent {
    let known = EVENTS.iter().find(|(word, ..)| *word == event);
    let (kind, waits) = known.map_or((CallReportKind::PickedUp, true), |(_, kind, waits)| (*kind, *waits));
    let mut news = base(named, members, kind);
    news.talk_s = members.text(&["callduration"]).and_then(|text| seconds(&text)).filter(|_| !waits);
    let pressed = (event == "gotdtmf").then(|| members.raw(&["data"]).unwrap_or_default());
    let ask = waits.then(|| Step {
        call: named.call,
        provider_id: news.provider_id.clone(),
        digits: news.digits.clone(),
        at: StepKind::Next,
        heard: pressed.clone(),
    });
    // Silence twice is two questions: rounds that look alike are told apart by their bytes alone.
    let key =
        [news.provider_id.clone(), Some(event.to_owned()), pressed.clone().or_else(|| Some(String::new()))];
    let dedupe_key = match waits && pressed.is_some() {
        true => hook.key("digit", &[]),
        false => hook.key("event", &key),
    };
    CallbackContent { dedupe_key, news: vec![news], pressed, ask, not_understood: None }
}

/// The report after the call (§3). A state that is not known is told by the length of the call.
fn told(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members) -> CallbackContent {
    let status = members.text(&["status", "CustomerStatus", "status_details"]);
    let talk_s = members.text(&["duration", "CallDuration", "callduration"]).and_then(|text| seconds(&text));
    let by_table = status.as_deref().and_then(|status| {
        let word = plain(status);
        STATUSES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    });
    let by_length = || match (status.is_some(), talk_s) {
        (true, Some(1..)) => Some(CallReportKind::Ended(Ended::Completed)),
        (true, Some(_)) => Some(CallReportKind::Ended(Ended::NoAnswer)),
        _ => None,
    };
    let Some(kind) = by_table.or_else(by_length) else {
        return CallbackContent {
            not_understood: Some("It tells of a state that is not known"),
            ..unread(hook)
        };
    };
    let mut news = base(named, members, kind);
    news.talk_s = talk_s;
    news.ring_s = members.text(&["ringing_time"]).and_then(|text| seconds(&text));
    news.at = members.text(&["start_time", "StartTime"]).and_then(|text| indian_time(&text));
    news.said = fit(status.as_deref().unwrap_or(""), &[]);
    let key = [news.provider_id.clone(), status.as_deref().map(plain)];
    CallbackContent {
        dedupe_key: hook.key("status", &key),
        news: vec![news],
        pressed: None,
        ask: None,
        not_understood: None,
    }
}
