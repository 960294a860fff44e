//! Times, words and answers as providers of calls write them.

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::{Millis, SECOND},
};
use jiff::{
    civil::{Date, DateTime},
    tz::{Offset, TimeZone},
};
use serde_json::Value;

use crate::{
    answer::{self, Class, Row, find, fit, outcome, wait_ms},
    codes,
    http::Answer,
    post,
    secret::Secret,
};

/// A time without an offset, which is Indian, or one with its own. The beginning of 1970 is “not known”
/// (docs/facts/calls.md §1.5).
pub fn indian_time(text: &str) -> Option<Millis> {
    let text = text.trim();
    let own =
        || text.replacen(' ', "T", 1).parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
    let indian = || {
        let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d-%m-%Y %H:%M:%S"];
        let at = forms.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
        let zone = TimeZone::fixed(Offset::from_seconds(5 * 3_600 + 1_800).ok()?);
        Some(Millis(at.to_zoned(zone).ok()?.timestamp().as_millisecond()))
    };
    own().or_else(indian).filter(|at| *at > Millis(86_400_000))
}

/// An instant in Unix seconds.
pub fn unix_seconds(seconds: i64) -> Option<Millis> {
    (seconds > 86_400).then(|| Millis(seconds.saturating_mul(SECOND)))
}

/// How long something took: `33`, `33.4`, `0:00:33`, `00:33`, in seconds.
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let mut total = 0_i64;
    for part in text.split(':') {
        let whole = part.split_once('.').map_or(part, |(whole, _)| whole);
        let part: i64 = whole.trim().parse().ok().filter(|n| *n >= 0)?;
        total = total.checked_mul(60)?.checked_add(part)?;
    }
    Some(total)
}

/// A word without what differs between its spellings: `No-Answer`, `not_answered`, `NOT ANSWERED`.
pub(crate) fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The JSON or XML of an answer; null where it has neither form.
pub(crate) fn body_of(answer: &Answer) -> Value {
    if !answer.whole {
        return Value::Null;
    }
    let json = serde_json::from_slice::<Value>(&answer.body).ok();
    json.filter(|body| body.is_object() || body.is_array()).unwrap_or_else(|| {
        let text = std::str::from_utf8(&answer.body).unwrap_or("");
        let text = text.trim_start_matches('\u{feff}').trim();
        // A page of a proxy is XML to nobody.
        let is_page = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<html"));
        if text.starts_with('<') && !is_page { post::xml(text).unwrap_or_default() } else { Value::Null }
    })
}

/// The provider's words about a refusal, wherever they stand; with a code of its own at their end. Empty where there
/// are none.
pub(crate) fn words_of(body: &Value) -> String {
    const WORDS: &[&str] = &[
        "message",
        "Message",
        "details",
        "description",
        "result",
        "error",
        "errorMessage",
        "detail",
        "reason",
    ];
    const INSIDE: &[&str] = &["RestException", "error_data", "error", "response", "errors"];
    let mut words = String::new();
    let mut look = vec![body];
    while let Some(value) = look.pop() {
        if let Value::Array(items) = value {
            look.extend(items.iter().rev());
            continue;
        }
        if words.is_empty()
            && let Some(text) = WORDS.iter().find_map(|name| crate::lenient::text(&value[*name]))
        {
            words = text;
            if let Some(code) =
                ["Code", "code"].iter().find_map(|name| crate::lenient::integer(&value[*name]))
                && code > 999
            {
                words = format!("{words} ({code})");
            }
        }
        look.extend(
            INSIDE
                .iter()
                .rev()
                .map(|name| &value[*name])
                .filter(|inner| inner.is_object() || inner.is_array()),
        );
    }
    words
}

/// What an answer that is no acceptance proves, by a provider's table.
pub(crate) fn read_answer(
    table: &[Row],
    (answer, status): (&Answer, u16),
    words: &str,
    now: Millis,
    secrets: &[&Secret],
) -> Outcome {
    let text = fit(words, secrets);
    let text = if text.is_empty() { format!("HTTP {} without a reason", answer.status) } else { text };
    match find(table, status, words) {
        Some(row) => {
            let said = ProviderAnswer::new(row.code, text);
            let wait = match row.class {
                Class::Retry { .. } => wait_ms(answer, now),
                _ => None,
            };
            match outcome(row.class, said, wait) {
                Outcome::NotNow { said, wait_ms, slow_down, .. } if row.code == ONCE => {
                    Outcome::NotNow { said, wait_ms, slow_down, once: true }
                }
                outcome => outcome,
            }
        }
        None => Outcome::Unknown(ProviderAnswer::new(codes::UNREADABLE, text)),
    }
}

/// The code of what is tried once more and then failed.
pub(crate) const ONCE: &str = "call_once_more";

/// The outcome of a call without a status.
pub(crate) fn unanswered(silence: crate::http::NoResponse) -> Outcome {
    answer::unanswered(silence)
}

/// `2030-01-05 18:51` in India, as orders want it.
pub(crate) fn order_time(at: Millis) -> String {
    let zone = TimeZone::fixed(Offset::from_seconds(5 * 3_600 + 1_800).unwrap_or(Offset::UTC));
    let local = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone);
    local.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2030-01-05 18:51:07` in India, as lists want it.
pub(crate) fn list_time(at: Millis) -> String {
    let zone = TimeZone::fixed(Offset::from_seconds(5 * 3_600 + 1_800).unwrap_or(Offset::UTC));
    let local = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone);
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Date and time in two members.
pub(crate) fn date_and_time(date: &str, time: &str) -> Option<Millis> {
    let date: Date = date.trim().parse().ok()?;
    indian_time(&format!("{date} {}", time.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_indian_unless_they_say_otherwise() {
        // 2030-01-05 13:20:01 UTC.
        let at = Some(Millis(1_893_849_601_000));
        for text in [
            "2030-01-05 18:50:01",
            "2030-01-05T18:50:01",
            "2030-01-05T18:50:01+05:30",
            "2030-01-05 13:20:01Z",
            "05-01-2030 18:50:01",
        ] {
            assert_eq!(indian_time(text), at, "{text}");
        }
        for none in ["1970-01-01 05:30:00", "1970-01-01T00:00:00Z", "", "null", "soon"] {
            assert_eq!(indian_time(none), None, "{none}");
        }
        assert_eq!((unix_seconds(1_893_849_601), unix_seconds(0)), (at, None));
        assert_eq!(date_and_time("2030-01-05", "18:50:01"), at);
        assert_eq!(order_time(Millis(1_893_849_601_000)), "2030-01-05 18:50");
    }

    #[test]
    fn lengths_are_seconds_however_they_are_written() {
        for (text, expected) in [
            ("33", Some(33)),
            ("33.9", Some(33)),
            ("0:00:33", Some(33)),
            ("00:01:05", Some(65)),
            ("1:05", Some(65)),
            ("0", Some(0)),
            ("", None),
            ("-3", None),
            ("a", None),
            ("9999999999999999999", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        for (body, words) in [
            (json!({ "RestException": { "Status": 403, "Message": "no" } }), "no"),
            (json!({ "RestException": { "Status": 401, "Message": "no", "Code": 20003 } }), "no (20003)"),
            (
                json!({ "response": [{ "code": 404, "error_data": { "code": 10716, "message": "no" } }] }),
                "no (10716)",
            ),
            (json!({ "error": { "message": "no" } }), "no"),
            (json!({ "status": "error", "details": "no" }), "no"),
            (json!([]), ""),
        ] {
            assert_eq!(words_of(&body), words, "{body}");
        }
    }
}
