//! Asking what became of an order's calls, and whether an order was placed at all (NOTES.md §3, §4).

use domain::{
    call::{CallReport, CallReportKind, Ended, Failure},
    time::{MINUTE, Millis},
};
use reqwest::Method;
use serde_json::Value;

use super::KnowlarityAccount;
use crate::{
    answer::QueryError,
    http::Http,
    lenient::{id, integer},
    voice::{CallQuery, CallStatus, Members, indian_time, list_time, phone_digits, plain, seconds},
};

/// An order that is not in the list after so long was not placed.
const ABSENT_AFTER_MS: i64 = 2 * MINUTE;
/// How long after the end of its order a call without any report counts as not picked up (§3).
const SILENT_AFTER_MS: i64 = 10 * MINUTE;

pub(super) async fn poll_status(
    account: &KnowlarityAccount,
    http: &Http,
    about: &CallQuery<'_>,
) -> Result<CallStatus, QueryError> {
    let Some(digits) = phone_digits(about.to) else { return Ok(CallStatus::Absent) };
    if let Some(news) = in_log(account, http, about, &digits).await? {
        return Ok(CallStatus::Call(vec![news], None));
    }
    let from = list_time(about.placed.plus(-MINUTE));
    let to = account.at(&["call", "campaign"]);
    let query = [("limit", "100"), ("start_time__gt", from.as_str())];
    let list = account.ask(http, (Method::GET, &to, &query), None).await?;
    let orders = list["objects"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = orders.iter().find(|order| match about.provider_id {
        Some(known) => id(order.get("order_id")).as_deref() == Some(known),
        None => holds(order, &digits),
    });
    let Some(order) = ours else {
        let absent = about.provider_id.is_none() && about.now.since(about.placed) >= ABSENT_AFTER_MS;
        return Ok(if absent { CallStatus::Absent } else { CallStatus::NotYet });
    };
    Ok(of_order(order, about, &digits))
}

/// Whether an order dials that number.
fn holds(order: &Value, digits: &str) -> bool {
    let numbers = order["additional_number"].as_str().unwrap_or("");
    let mut each = numbers.split(';').filter_map(|one| one.split(',').next());
    each.any(|number| phone_digits(number).as_deref() == Some(digits))
}

/// What an order says of a call that nothing else is known of.
fn of_order(order: &Value, about: &CallQuery<'_>, digits: &str) -> CallStatus {
    let news = |kind| {
        let news = CallReport {
            call: Some(about.call),
            provider_id: id(order.get("order_id")),
            digits: Some(digits.to_owned()),
            said: order["order_status"].as_str().unwrap_or("").to_owned(),
            ..CallReport::of(kind)
        };
        CallStatus::Call(vec![news], None)
    };
    let ended = order["end_time"].as_str().and_then(indian_time).unwrap_or(about.now);
    match plain(order["order_status"].as_str().unwrap_or("")).as_str() {
        "completed" if about.now.since(ended) < SILENT_AFTER_MS => news(CallReportKind::Calling),
        // The only number of an order that lost numbers to the register is the one that was lost.
        "completed" if integer(&order["ndnc_count"]).is_some_and(|lost| lost > 0) && is_alone(order) => {
            news(CallReportKind::Ended(Ended::Failed(Failure::Dnd)))
        }
        "completed" => news(CallReportKind::Ended(Ended::NoAnswer)),
        "stopped" | "stop" | "deleted" | "cancelled" | "canceled" => {
            news(CallReportKind::Ended(Ended::Cancelled))
        }
        _ => news(CallReportKind::Calling),
    }
}

fn is_alone(order: &Value) -> bool {
    !order["additional_number"].as_str().unwrap_or("").contains(';')
}

/// The call in the log; `None` where it is not there.
async fn in_log(
    account: &KnowlarityAccount,
    http: &Http,
    about: &CallQuery<'_>,
    digits: &str,
) -> Result<Option<CallReport>, QueryError> {
    let from = offset_time(about.placed.plus(-MINUTE));
    let until = offset_time(about.now.plus(MINUTE));
    let query = [("start_time", from.as_str()), ("end_time", until.as_str())];
    let log = account.ask(http, (Method::GET, &account.at(&["calllog"]), &query), None).await?;
    let calls = log["objects"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = calls.iter().map(|call| Members::of(call.clone())).find(|call| {
        call.text(&["customer_number"]).and_then(|text| phone_digits(&text)).as_deref() == Some(digits)
    });
    Ok(ours.map(|call| {
        let talk_s = call.text(&["call_duration"]).and_then(|text| seconds(&text));
        let ended =
            if talk_s.is_some_and(|seconds| seconds > 0) { Ended::Completed } else { Ended::NoAnswer };
        CallReport {
            call: Some(about.call),
            digits: Some(digits.to_owned()),
            at: call.text(&["start_time"]).and_then(|text| indian_time(&text)),
            talk_s,
            ..CallReport::of(CallReportKind::Ended(ended))
        }
    }))
}

/// With the offset of India, as the log wants it.
fn offset_time(at: Millis) -> String {
    format!("{}+05:30", list_time(at))
}
