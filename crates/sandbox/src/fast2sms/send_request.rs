//! What a request says, however it was written (`providers/src/fast2sms/NOTES.md` §1, §2.2).

use axum::Form;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value};

/// A request as received: who asks, and for what.
pub(super) struct Received {
    /// The credential, from the header or else from the query; empty if there is none.
    pub(super) key: String,
    /// The members of the body, or of the query of a `GET`.
    pub(super) members: Map<String, Value>,
}

impl Received {
    /// Reads a request. A body that cannot be read has no members.
    pub(super) async fn read(request: Request) -> Received {
        let query = query(request.uri());
        let key = key(request.headers(), &query);
        let members = if request.method() == Method::GET { query } else { body(request).await };
        Received { key, members }
    }
}

/// The credential: bare in the header, or in the query.
fn key(headers: &HeaderMap, query: &Map<String, Value>) -> String {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.map_or_else(|| text(query, "authorization"), str::to_owned)
}

fn query(uri: &Uri) -> Map<String, Value> {
    let pairs: Result<Query<Vec<(String, String)>>, _> = Query::try_from_uri(uri);
    members(pairs.map(|Query(pairs)| pairs).unwrap_or_default())
}

async fn body(request: Request) -> Map<String, Value> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        return multipart(request).await.unwrap_or_default();
    }
    if kind.starts_with("application/json") {
        let bytes = Bytes::from_request(request, &()).await.unwrap_or_default();
        return serde_json::from_slice(&bytes).unwrap_or_default();
    }
    let pairs: Result<Form<Vec<(String, String)>>, _> = Form::from_request(request, &()).await;
    members(pairs.map(|Form(pairs)| pairs).unwrap_or_default())
}

async fn multipart(request: Request) -> Option<Map<String, Value>> {
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        pairs.push((name, part.text().await.ok()?));
    }
    Some(members(pairs))
}

fn members(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect()
}

/// A member as text; empty if it is absent or neither text nor number.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> String {
    match members.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

/// One text to one list of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct SendRequest {
    pub(super) route: String,
    pub(super) sender: String,
    pub(super) message: String,
    pub(super) values: String,
    pub(super) numbers: String,
    /// Absent means the default, which an empty text does not.
    pub(super) language: Option<String>,
    pub(super) template_id: String,
    pub(super) entity_id: String,
    /// When it shall go; empty for now.
    pub(super) schedule_time: String,
    pub(super) udf: [String; 3],
    /// Whether the cost is asked for.
    pub(super) details: bool,
}

impl SendRequest {
    /// Reads the members of `bulkV2`, or of one of the `requests` of `custom`.
    pub(super) fn read(members: &Map<String, Value>) -> SendRequest {
        let text = |name| text(members, name);
        SendRequest {
            route: text("route"),
            sender: text("sender_id"),
            message: text("message"),
            values: text("variables_values"),
            numbers: text("numbers"),
            language: members.contains_key("language").then(|| text("language")),
            template_id: text("template_id"),
            entity_id: text("entity_id"),
            schedule_time: text("schedule_time"),
            udf: [text("udf1"), text("udf2"), text("udf3")],
            details: text("sms_details") == "1",
        }
    }

    /// The first number of the list, if it is one: the key that faults are drawn by.
    pub(super) fn first_phone(&self) -> Option<u64> {
        phone(self.numbers.split(',').next().unwrap_or_default())
    }
}

/// A number as the vendor takes it: ten digits, Indian mobile, no country code (§2.2). It comes back
/// with the country code.
pub(super) fn phone(text: &str) -> Option<u64> {
    let good = text.len() == 10
        && matches!(text.as_bytes()[0], b'6'..=b'9')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = text.parse().ok().filter(|_| good)?;
    Some(910_000_000_000 + number)
}
