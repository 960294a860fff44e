//! Reports of calls on their way to the program: lost, doubled, late, broken and written in any form.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Map, Value};

use super::BodyForm;
use crate::Shared;
use crate::receipts::{self, Post};

/// A report.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Of which call, and which of its reports: what chance is drawn by.
    pub(super) key: String,
    pub(super) url: String,
    pub(super) members: Map<String, Value>,
    pub(super) form: BodyForm,
    pub(super) authorization: Option<String>,
}

#[derive(Clone, Debug)]
struct Job {
    report: Report,
    broken: bool,
}

impl receipts::Job for Job {
    fn happen(&self, _shared: &Shared) {}

    fn is_forged(&self) -> bool {
        false
    }

    fn posts(&self, _shared: &Shared, _attempt: u32) -> Vec<Post> {
        let report = &self.report;
        let (method, url, kind, body) = written(report);
        let (kind, body) = match self.broken {
            true => ("application/json".to_owned(), b"{\"CallSid\":\"".to_vec()),
            false => (kind, body),
        };
        let mut headers = vec![("content-type", kind)];
        headers.extend(report.authorization.clone().map(|value| ("authorization", value)));
        vec![Post { method, url, headers, body }]
    }
}

/// Puts reports on their way, in order, as the chaos in force allows.
pub(super) fn tell(shared: &Arc<Shared>, reports: Vec<Report>) {
    let (chaos, chance, now) = (shared.telephones.get().chaos.clone(), shared.faults.chance(), shared.now());
    let mut jobs = Vec::new();
    for mut report in reports {
        let hits = |share, what| chance.hits(share, what, &report.key, 0);
        if report.url.is_empty() || hits(chaos.lose_reports, "lose_reports") {
            continue;
        }
        let times = if hits(chaos.repeat_reports, "repeat_reports") { 2 } else { 1 };
        let late = if hits(chaos.late_reports, "late_reports") { chaos.late_ms } else { 0 };
        let broken = hits(chaos.broken_reports, "broken_reports");
        report.form = chaos.body.unwrap_or(report.form);
        for _ in 0..times {
            jobs.push((now + late, receipts::queued(Job { report: report.clone(), broken })));
        }
    }
    shared.courier.add(jobs);
}

/// Method, address, content type and body.
fn written(report: &Report) -> (Method, String, String, Vec<u8>) {
    match report.form {
        BodyForm::Json => {
            let body = Value::Object(report.members.clone()).to_string();
            (Method::POST, report.url.clone(), "application/json".to_owned(), body.into_bytes())
        }
        BodyForm::Form => {
            let kind = "application/x-www-form-urlencoded".to_owned();
            (Method::POST, report.url.clone(), kind, query(&flat(&report.members)).into_bytes())
        }
        BodyForm::Query => {
            let join = if report.url.contains('?') { '&' } else { '?' };
            let url = format!("{}{join}{}", report.url, query(&flat(&report.members)));
            (Method::GET, url, String::new(), Vec::new())
        }
        BodyForm::Multipart => {
            let boundary = "------------------------d74496d66958873e";
            let mut body = String::new();
            for (name, value) in flat(&report.members) {
                body.push_str(&format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                ));
            }
            body.push_str(&format!("--{boundary}--\r\n"));
            let kind = format!("multipart/form-data; boundary={boundary}");
            (Method::POST, report.url.clone(), kind, body.into_bytes())
        }
    }
}

/// Names and values as a form has them: `Legs[0][Status]`.
fn flat(members: &Map<String, Value>) -> Vec<(String, String)> {
    fn walk(name: String, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| walk(format!("{name}[{key}]"), value, out))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, value)| walk(format!("{name}[{at}]"), value, out));
            }
            Value::String(text) => out.push((name, text.clone())),
            Value::Null => out.push((name, String::new())),
            other => out.push((name, other.to_string())),
        }
    }
    let mut out = Vec::new();
    members.iter().for_each(|(name, value)| walk(name.clone(), value, &mut out));
    out
}

/// A query of names and values.
pub(super) fn query(pairs: &[(String, String)]) -> String {
    let Ok(mut url) = reqwest::Url::parse("form://x") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// Names and values of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let Ok(mut url) = reqwest::Url::parse("form://x") else { return Vec::new() };
    url.set_query(Some(text));
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The value of a name; empty where it is missing.
pub(super) fn value<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// `2030-01-05 18:50:01` in India.
pub(super) fn indian(at: i64) -> String {
    let offset = jiff::tz::Offset::from_seconds(19_800).unwrap_or(jiff::tz::Offset::UTC);
    let local =
        jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::fixed(offset));
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time in India without seconds, as orders write it.
pub(super) fn minute(at: i64) -> String {
    indian(at).chars().take(16).collect()
}

/// Digits with country code of any spelling: `+91X`, `91X`, `0X`, `X`.
pub(super) fn phone(text: &str) -> Option<u64> {
    let odd = text.chars().any(|c| !(c.is_ascii_digit() || "+- ".contains(c)));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plain = digits.trim_start_matches('0');
    let ten = match plain.len() {
        10 => plain,
        12 => plain.strip_prefix("91")?,
        _ => return None,
    };
    if odd || !matches!(ten.as_bytes().first(), Some(b'1'..=b'9')) {
        return None;
    }
    format!("91{ten}").parse().ok()
}
