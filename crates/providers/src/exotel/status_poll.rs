//! Asking what became of a call, and whether it was placed at all (NOTES.md §5).

use domain::{
    call::{CallReport, CallReportKind, Ended},
    time::{MINUTE, Millis, SECOND},
};
use serde_json::Value;

use super::{ExotelAccount, reports};
use crate::{
    answer::QueryError,
    http::Http,
    voice::{
        CallQuery, CallStatus, Members, NO_FLOW, india_plus, indian_time, list_time, phone_digits, plain,
    },
};

/// A call that is not in the list after so long was not placed (§7).
const ABSENT_AFTER_MS: i64 = 60 * SECOND;

pub(super) async fn poll_status(
    account: &ExotelAccount,
    http: &Http,
    about: &CallQuery<'_>,
) -> Result<CallStatus, QueryError> {
    match about.provider_id {
        Some(sid) => by_sid(account, http, about, sid).await,
        None => in_list(account, http, about).await,
    }
}

/// One call, in both versions: the older tells price and state, the newer the keys, which a lost request of the flow would have brought.
async fn by_sid(
    account: &ExotelAccount,
    http: &Http,
    about: &CallQuery<'_>,
    sid: &str,
) -> Result<CallStatus, QueryError> {
    let to = account.v1(&["Calls", &format!("{sid}.json")]);
    let old = account.get(http, &to, &[("details", "true")]).await?;
    let mut news: Vec<CallReport> = from_v1(&old["Call"], about).into_iter().collect();
    let to = account.calls.join(&["v3", "accounts", &account.settings.sid, "calls", sid]);
    // A beta: where it is not there, what the older version told stands.
    let new = account.get(http, &to, &[]).await.unwrap_or_default();
    let details = Members::of(new["response"]["call_details"].clone());
    news.extend(from_v3(&details, about, sid));
    let pressed = details.text(&["digits"]);
    if news.is_empty() && pressed.is_none() {
        return Ok(CallStatus::NotYet);
    }
    Ok(CallStatus::Call(news, pressed))
}

/// Whether there is a call to this number since the attempt began.
async fn in_list(
    account: &ExotelAccount,
    http: &Http,
    about: &CallQuery<'_>,
) -> Result<CallStatus, QueryError> {
    let Some(number) = india_plus(about.to) else { return Ok(CallStatus::Absent) };
    // Their clock and ours differ by some seconds.
    let from = list_time(about.placed.plus(-MINUTE));
    let until = list_time(about.now.plus(MINUTE));
    let created = format!("gte:{from};lte:{until}");
    let query = [("From", number.as_str()), ("DateCreated", created.as_str()), ("PageSize", "100")];
    let to = account.v1(&["Calls.json"]);
    let list = match account.get(http, &to, &query).await {
        Ok(list) => list,
        // Nothing of the account's is not found, which says nothing about one call.
        Err(QueryError::Refused(said)) if said.code == NO_FLOW => return Err(QueryError::Silent(said)),
        Err(error) => return Err(error),
    };
    let wanted = phone_digits(&number);
    let calls = list["Calls"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = calls.iter().filter(|call| {
        let from = call["From"].as_str().and_then(phone_digits);
        let outgoing = call["Direction"].as_str().is_none_or(|direction| direction.starts_with("outbound"));
        from == wanted && outgoing && is_since(call, about.placed)
    });
    let news: Vec<CallReport> = ours.filter_map(|call| from_v1(call, about)).collect();
    match news.is_empty() {
        false => Ok(CallStatus::Call(news, None)),
        true if about.now.since(about.placed) >= ABSENT_AFTER_MS => Ok(CallStatus::Absent),
        true => Ok(CallStatus::NotYet),
    }
}

fn is_since(call: &Value, placed: Millis) -> bool {
    let created = call["DateCreated"].as_str().and_then(indian_time);
    created.is_none_or(|at| at >= placed.plus(-MINUTE))
}

/// A `Call` of version 1.
pub(super) fn from_v1(call: &Value, about: &CallQuery<'_>) -> Option<CallReport> {
    let members = Members::of(call.clone());
    let status = members.text(&["Status"])?;
    let kind = reports::by(reports::STATUSES, &status)?;
    let details = members.list(&["Details"]).into_iter().next().unwrap_or_else(|| Members::of(Value::Null));
    let (talk_s, of_leg) = reports::talk(&details, &details.list(&["Legs"]));
    let answered_by = of_leg.or_else(|| reports::talk(&members, &[]).1);
    // The whole length counts where nothing tells how much of it was talk.
    let whole = || members.integer(&["Duration"]).filter(|_| kind == CallReportKind::Ended(Ended::Completed));
    Some(CallReport {
        call: Some(about.call),
        provider_id: members.text(&["Sid"]),
        digits: members.text(&["From"]).and_then(|text| phone_digits(&text)),
        at: members.text(&["EndTime"]).and_then(|text| indian_time(&text)),
        talk_s: talk_s.or_else(whole),
        cost: members.text(&["Price"]).and_then(|text| reports::charged(&text)),
        answered_by,
        said: status,
        ..CallReport::of(kind)
    })
}

/// `call_details` of version 3.
fn from_v3(details: &Members, about: &CallQuery<'_>, sid: &str) -> Option<CallReport> {
    let talk_s = details.integer(&["total_talk_time"]);
    let status = details.text(&["status"]);
    let kind = match status.as_deref() {
        Some(status) if plain(status) == "fromlegcancelled" && talk_s.is_some_and(|seconds| seconds > 0) => {
            CallReportKind::Ended(Ended::Completed)
        }
        Some(status) => reports::by(reports::V3_STATUSES, status)?,
        None => {
            details.text(&["state"]).filter(|state| plain(state) == "active")?;
            CallReportKind::Calling
        }
    };
    Some(CallReport {
        call: Some(about.call),
        provider_id: Some(sid.to_owned()),
        at: details.text(&["end_time"]).and_then(|text| indian_time(&text)),
        talk_s,
        said: status.unwrap_or_default(),
        ..CallReport::of(kind)
    })
}
