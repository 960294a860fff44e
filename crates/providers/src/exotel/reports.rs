//! What Exotel tells of a call and asks about it (NOTES.md §3, §4).

use domain::{
    call::{AnsweredBy, CallReport, CallReportKind, Ended, Failure},
    money::Money,
};

use crate::{
    account::NotGenuine,
    answer::fit,
    voice::{
        CallbackContent, CallbackRequest, HookKind, Members, PathTarget, Paths, Step, StepKind, indian_time,
        phone_digits, plain,
    },
};

/// A call's `Status` in version 1, without signs and in small letters, and what it tells (§3). `in-progress` stands in the answer to the
/// request already, and is no sign that anybody picked up.
pub const STATUSES: &[(&str, CallReportKind)] = &[
    ("queued", CallReportKind::Calling),
    ("ringing", CallReportKind::Calling),
    ("inprogress", CallReportKind::Calling),
    ("answered", CallReportKind::PickedUp),
    ("completed", CallReportKind::Ended(Ended::Completed)),
    ("busy", CallReportKind::Ended(Ended::Busy)),
    ("noanswer", CallReportKind::Ended(Ended::NoAnswer)),
    ("failed", CallReportKind::Ended(Ended::Failed(Failure::Other))),
    ("canceled", CallReportKind::Ended(Ended::Cancelled)),
    ("cancelled", CallReportKind::Ended(Ended::Cancelled)),
];

/// A call's status in version 3, where the registrant is the first leg, and what it reports (§3). Where somebody
/// talked, a cancelled leg counts as a call that was heard.
pub const V3_STATUSES: &[(&str, CallReportKind)] = &[
    ("completed", CallReportKind::Ended(Ended::Completed)),
    ("fromlegunanswered", CallReportKind::Ended(Ended::NoAnswer)),
    ("tolegunanswered", CallReportKind::Ended(Ended::NoAnswer)),
    ("fromlegcancelled", CallReportKind::Ended(Ended::NoAnswer)),
    ("fromlegnodial", CallReportKind::Ended(Ended::Failed(Failure::Other))),
    ("tolegnodial", CallReportKind::Ended(Ended::Failed(Failure::Other))),
];

/// The status of one leg, and what it reports (§3).
pub const LEG_STATUSES: &[(&str, CallReportKind)] = &[
    ("inprogress", CallReportKind::Calling),
    ("completed", CallReportKind::Ended(Ended::Completed)),
    ("failed", CallReportKind::Ended(Ended::Failed(Failure::Other))),
    ("noanswer", CallReportKind::Ended(Ended::NoAnswer)),
    ("busy", CallReportKind::Ended(Ended::Busy)),
    ("canceled", CallReportKind::Ended(Ended::Cancelled)),
    ("cancelled", CallReportKind::Ended(Ended::Cancelled)),
];

/// What a status of a table tells.
pub(super) fn by(table: &[(&str, CallReportKind)], status: &str) -> Option<CallReportKind> {
    let word = plain(status);
    table.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

/// Reads what came to one of our addresses. A call that its text names besides the path has to be the path's.
pub(super) fn hear(paths: &Paths, hook: &CallbackRequest<'_>) -> Result<CallbackContent, NotGenuine> {
    let named = paths.read(hook.path).ok_or(NotGenuine)?;
    let Some(members) = hook.members() else {
        return Ok(CallbackContent {
            dedupe_key: hook.key("unread", &[]),
            news: Vec::new(),
            pressed: None,
            ask: None,
            not_understood: Some("It is neither JSON nor a form that can be read"),
        });
    };
    let named = PathTarget { call: called(paths, named, &members)?, ..named };
    let at = match named.kind {
        Some(HookKind::Prompt) => Some(StepKind::Opening),
        Some(HookKind::Digit) => Some(StepKind::Noted),
        Some(HookKind::Closing) => Some(StepKind::Closing),
        Some(HookKind::Status | HookKind::Step) | None => None,
    };
    Ok(match at {
        Some(at) => asked(hook, named, &members, at),
        None => told(hook, named, &members),
    })
}

/// The call that path or `CustomField` names; both have to name the same.
fn called(
    paths: &Paths,
    named: PathTarget,
    members: &Members,
) -> Result<Option<domain::call::CallRef>, NotGenuine> {
    let field = members.text(&["CustomField", "custom_field"]);
    // A text without our proof may be anything that an operator set up by hand.
    let marked = field.as_deref().and_then(|text| paths.marked(text));
    match (named.call, marked) {
        (Some(one), Some(other)) if one != other => Err(NotGenuine),
        (Some(call), _) | (None, Some(call)) => Ok(Some(call)),
        (None, None) => Ok(None),
    }
}

/// What every report and question says of its call.
fn base(named: PathTarget, members: &Members, kind: CallReportKind) -> CallReport {
    // The registrant is `From` in a flow call, and so is a person who calls back.
    let number = members.text(&["From", "CallFrom"]).and_then(|text| phone_digits(&text));
    CallReport {
        call: named.call,
        provider_id: members.text(&["CallSid", "Sid", "call_sid"]),
        digits: number,
        ..CallReport::of(kind)
    }
}

/// A request of the flow (§4). The prompt proves that somebody picked up; the key comes with the step after the question. That step comes
/// too when somebody hangs up during the text: only the one after it proves that the text was heard.
fn asked(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members, at: StepKind) -> CallbackContent {
    let kind = match at {
        StepKind::Closing => CallReportKind::Heard,
        StepKind::Opening | StepKind::Noted | StepKind::Next => CallReportKind::PickedUp,
    };
    let mut news = base(named, members, kind);
    news.at = members.text(&["CurrentTime"]).and_then(|text| indian_time(&text));
    let pressed = members.raw(&["digits"]).filter(|_| at != StepKind::Opening);
    let step = Step {
        call: named.call,
        provider_id: news.provider_id.clone(),
        digits: news.digits.clone(),
        at,
        heard: pressed.clone(),
    };
    let word = match at {
        StepKind::Opening => "prompt",
        StepKind::Noted => "digit",
        StepKind::Closing | StepKind::Next => "closing",
    };
    let key = [news.provider_id.clone(), Some(pressed.clone().unwrap_or_default())];
    CallbackContent {
        dedupe_key: hook.key(word, &key),
        news: vec![news],
        pressed,
        ask: Some(step),
        not_understood: None,
    }
}

/// A status callback (§3), whose additional members may all be missing.
fn told(hook: &CallbackRequest<'_>, named: PathTarget, members: &Members) -> CallbackContent {
    let status = members.text(&["Status", "CallStatus"]);
    let event = members.text(&["EventType"]).map(|event| plain(&event));
    let legs = members.list(&["Legs"]);
    let (talk_s, answered_by) = talk(members, &legs);
    let kind = kind_of(status.as_deref(), event.as_deref(), &legs, talk_s);
    let mut news = base(named, members, kind.unwrap_or(CallReportKind::Calling));
    news.talk_s = talk_s;
    news.answered_by = answered_by;
    news.cost = members.text(&["Price"]).and_then(|text| charged(&text));
    news.at =
        ["EndTime", "DateUpdated", "StartTime"].iter().find_map(|name| indian_time(&members.text(&[*name])?));
    news.said = fit(status.as_deref().unwrap_or(""), &[]);
    let word = event.clone().or_else(|| status.as_deref().map(plain));
    let key = [news.provider_id.clone(), word, Some(format!("{:?}", news.talk_s))];
    CallbackContent {
        dedupe_key: hook.key("status", &key),
        not_understood: kind.is_none().then_some("It tells of a state that is not known"),
        news: if kind.is_some() || news.talk_s.is_some() { vec![news] } else { Vec::new() },
        pressed: None,
        ask: None,
    }
}

/// What a report tells: by its status, else by its event with what it says besides (§9: reports without a status, and with `in-progress`
/// for a call that was answered).
fn kind_of(
    status: Option<&str>,
    event: Option<&str>,
    legs: &[Members],
    talk_s: Option<i64>,
) -> Option<CallReportKind> {
    let by_status = status.and_then(|status| by(STATUSES, status));
    match (event, by_status) {
        (Some("answered"), None | Some(CallReportKind::Calling)) => Some(CallReportKind::PickedUp),
        (Some("terminal"), None | Some(CallReportKind::Calling)) => {
            let by_leg = legs.first().and_then(|leg| by(LEG_STATUSES, &leg.text(&["Status"])?));
            match (talk_s, by_leg) {
                (Some(1..), _) => Some(CallReportKind::Ended(Ended::Completed)),
                (_, Some(kind @ CallReportKind::Ended(_))) => Some(kind),
                _ => None,
            }
        }
        (_, kind) => kind,
    }
}

/// How long somebody was on the line, and who. `NA` is what a flow call says of its only leg.
pub(super) fn talk(members: &Members, legs: &[Members]) -> (Option<i64>, Option<AnsweredBy>) {
    let first = legs.first().map(|leg| leg.list(&["Leg"]).into_iter().next().unwrap_or_else(|| leg.clone()));
    let of_leg = || first.as_ref().and_then(|leg| leg.integer(&["OnCallDuration"]));
    let talk_s = members.integer(&["ConversationDuration", "DialCallDuration"]).or_else(of_leg);
    let by = members.text(&["AnsweredBy"]).or_else(|| first.as_ref()?.text(&["AnsweredBy"]));
    let answered_by = by.and_then(|by| match plain(&by).as_str() {
        "human" => Some(AnsweredBy::Human),
        "machine" => Some(AnsweredBy::Machine),
        _ => None,
    });
    (talk_s.filter(|seconds| *seconds >= 0), answered_by)
}

/// A price, as text or number, with a minus or not.
pub(super) fn charged(text: &str) -> Option<Money> {
    let price = Money::parse(text.trim().trim_start_matches('-')).ok()?;
    (Money(0)..=Money::rupees(1_000)).contains(&price).then_some(price)
}
