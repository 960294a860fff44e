//! What KooKoo asks during a call and tells after it (NOTES.md §2, §3).

use domain::call::{Ended, Failure, News, NewsKind};

use crate::{
    account::NotGenuine,
    answer::fit,
    voice::{
        Hook, HookKind, Members, Named, Paths, Step, StepKind, Taken, indian_time, phone_digits, plain,
        seconds,
    },
};

/// Events of the conversation, without signs and in small letters: what each proves, and whether it waits for markup (§2).
pub const EVENTS: &[(&str, NewsKind, bool)] = &[
    ("newcall", NewsKind::PickedUp, true),
    ("gotdtmf", NewsKind::Heard, true),
    ("hangup", NewsKind::Ended(Ended::Completed), false),
    ("disconnect", NewsKind::Ended(Ended::Completed), false),
    // Not asked for by our markup; whoever sends them gets the end of the conversation.
    ("record", NewsKind::PickedUp, true),
    ("dial", NewsKind::PickedUp, true),
    ("recognize", NewsKind::PickedUp, true),
    ("conference", NewsKind::PickedUp, true),
    ("stream", NewsKind::PickedUp, true),
];

/// States after the call, without signs and in small letters (§3; their spelling).
pub const STATUSES: &[(&str, NewsKind)] = &[
    ("queued", NewsKind::Calling),
    ("dialing", NewsKind::Calling),
    ("answered", NewsKind::Ended(Ended::Completed)),
    ("notanswered", NewsKind::Ended(Ended::NoAnswer)),
    ("noresponse", NewsKind::Ended(Ended::NoAnswer)),
    ("ring", NewsKind::Ended(Ended::NoAnswer)),
    ("subcriberabsent", NewsKind::Ended(Ended::NoAnswer)),
    ("subscriberabsent", NewsKind::Ended(Ended::NoAnswer)),
    ("busy", NewsKind::Ended(Ended::Busy)),
    ("invalidnumber", NewsKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("invalidnumberformat", NewsKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("isddisabled", NewsKind::Ended(Ended::Failed(Failure::InvalidNumber))),
    ("congestion", NewsKind::Ended(Ended::Failed(Failure::Network))),
    ("noroutedestination", NewsKind::Ended(Ended::Failed(Failure::Network))),
    ("exception", NewsKind::Ended(Ended::Failed(Failure::Network))),
];

pub(super) fn hear(paths: &Paths, hook: &Hook<'_>) -> Result<Taken, NotGenuine> {
    let named = paths.read(hook.path).ok_or(NotGenuine)?;
    let Some(members) = hook.members() else { return Ok(unread(hook)) };
    let event = members.text(&["event"]).map(|event| plain(&event));
    Ok(match (named.kind, event) {
        (Some(HookKind::Status), _) | (_, None) => told(hook, named, &members),
        (_, Some(event)) => asked(hook, named, &members, &event),
    })
}

fn unread(hook: &Hook<'_>) -> Taken {
    Taken {
        dedupe_key: hook.key("unread", &[]),
        news: Vec::new(),
        pressed: None,
        ask: None,
        not_understood: Some("It is neither JSON nor a form that can be read"),
    }
}

fn base(named: Named, members: &Members, kind: NewsKind) -> News {
    News {
        call: named.call,
        // An outgoing call has an id of its own beside the session's: it is the one that the request brought.
        provider_id: members.text(&["outbound_sid", "sid"]),
        digits: members.text(&["phone_no", "cid"]).and_then(|text| phone_digits(&text)),
        ..News::of(kind)
    }
}

fn asked(hook: &Hook<'_>, named: Named, members: &Members, event: &str) -> Taken {
    let known = EVENTS.iter().find(|(word, ..)| *word == event);
    let (kind, waits) = known.map_or((NewsKind::PickedUp, true), |(_, kind, waits)| (*kind, *waits));
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
    Taken { dedupe_key, news: vec![news], pressed, ask, not_understood: None }
}

/// The report after the call (§3). A state that is not known is told by the length of the call.
fn told(hook: &Hook<'_>, named: Named, members: &Members) -> Taken {
    let status = members.text(&["status", "CustomerStatus", "status_details"]);
    let talk_s = members.text(&["duration", "CallDuration", "callduration"]).and_then(|text| seconds(&text));
    let by_table = status.as_deref().and_then(|status| {
        let word = plain(status);
        STATUSES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    });
    let by_length = || match (status.is_some(), talk_s) {
        (true, Some(1..)) => Some(NewsKind::Ended(Ended::Completed)),
        (true, Some(_)) => Some(NewsKind::Ended(Ended::NoAnswer)),
        _ => None,
    };
    let Some(kind) = by_table.or_else(by_length) else {
        return Taken { not_understood: Some("It tells of a state that is not known"), ..unread(hook) };
    };
    let mut news = base(named, members, kind);
    news.talk_s = talk_s;
    news.ring_s = members.text(&["ringing_time"]).and_then(|text| seconds(&text));
    news.at = members.text(&["start_time", "StartTime"]).and_then(|text| indian_time(&text));
    news.said = fit(status.as_deref().unwrap_or(""), &[]);
    let key = [news.provider_id.clone(), status.as_deref().map(plain)];
    Taken {
        dedupe_key: hook.key("status", &key),
        news: vec![news],
        pressed: None,
        ask: None,
        not_understood: None,
    }
}
