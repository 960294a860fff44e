//! The order that dials numbers (NOTES.md §1).

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::MINUTE,
};
use serde_json::json;

use super::{KnowlarityAccount, NUMBERS_PER_ORDER, START_DELAY_MS};
use crate::{
    codes,
    voice::{Dial, india_plus, order_time},
};

/// Its body, or why there is none. Its times are whole minutes: it begins at the next one after the delay, and ends while a call is of use.
pub(super) fn body(account: &KnowlarityAccount, dial: &Dial<'_>) -> Result<Vec<u8>, Outcome> {
    let settings = &account.settings;
    let wanted = [(&settings.number, "Knowlarity number"), (&settings.ivr_id, "IVR")];
    if let Some((_, what)) = wanted.iter().find(|(value, _)| value.is_empty()) {
        return Err(not_set_up(format!("The account has no {what}")));
    }
    if dial.calls.is_empty() || dial.calls.len() > NUMBERS_PER_ORDER {
        return Err(not_set_up(format!("An order takes 1 to {NUMBERS_PER_ORDER} numbers")));
    }
    let mut numbers = Vec::with_capacity(dial.calls.len());
    for person in dial.calls {
        let Some(to) = india_plus(person.to) else {
            let words = "Knowlarity calls Indian numbers only";
            return Err(Outcome::Refused(ProviderAnswer::new(codes::INVALID_NUMBER, words)));
        };
        numbers.push(format!("{to},{}", spoken(&person.said.opening())));
    }
    let start = dial.now.plus(START_DELAY_MS);
    // An order that would end with its beginning rings nobody.
    if dial.until < start.plus(MINUTE) {
        let words = "Knowlarity begins two minutes after it is asked, which would be too late";
        return Err(Outcome::Refused(ProviderAnswer::new(crate::voice::OUT_OF_TIME, words)));
    }
    let mut body = json!({
        "ivr_id": settings.ivr_id,
        "additional_number": numbers.join(";"),
        "k_number": settings.number,
        "timezone": "Asia/Kolkata",
        "priority": "1",
        "order_throttling": settings.throttling.max(1).to_string(),
        "max_retry": "0",
        "retry_duration": "15",
        "start_time": order_time(start),
        "end_time": order_time(dial.until),
        "call_scheduling": "[1, 1, 1, 1, 1, 1, 1]",
        "call_scheduling_start_time": clock(settings.common.hours().from_minute),
        "call_scheduling_stop_time": clock(settings.common.hours().until_minute),
        "is_transactional": "True",
    });
    if !settings.caller_id.is_empty() {
        body["caller_id"] = json!(settings.caller_id);
    }
    Ok(body.to_string().into_bytes())
}

fn not_set_up(words: String) -> Outcome {
    Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words))
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A comma ends the number and a semicolon the text: neither may stand in it (§1).
fn spoken(text: &str) -> String {
    let plain: String = text.chars().map(|c| if matches!(c, ',' | ';') { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
