//! How a gateway is asked.

use std::time::Duration;

use domain::outcome::ProviderAnswer;
use reqwest::{Method, header::HeaderName};
use serde_json::Value;

use crate::{
    answer::{QueryError, fit, text_of},
    codes,
    http::{Answer, Ask, Endpoint, Http, NoResponse},
    secret::Secret,
};

/// For an ordinary question to a gateway.
const PATIENCE: Duration = Duration::from_secs(20);
/// For a list of groups, for which a gateway asks WhatsApp (§3).
pub(crate) const LIST_PATIENCE: Duration = Duration::from_secs(90);
/// A page of groups with all members of each: fifty of 1,024, with 200 bytes each.
pub(crate) const LIST_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Where a gateway is, and the header that carries its key.
#[derive(Clone, Debug)]
pub(crate) struct GatewayClient {
    /// The base address of the gateway.
    pub(crate) base: Endpoint,
    /// The name of the header that carries the key.
    pub(crate) header: HeaderName,
    /// The key, as the value of that header.
    pub(crate) key: Secret,
}

impl GatewayClient {
    /// One call. Without `long` an answer is short and comes soon.
    pub(crate) async fn call(
        &self,
        http: &Http,
        (method, path, query): (Method, &[&str], &[(&str, &str)]),
        body: Option<Value>,
        long: bool,
    ) -> Result<Answer, NoResponse> {
        let to = self.base.join(path);
        let ask = Ask {
            method,
            to: &to,
            query,
            body: body.map(|body| body.to_string().into_bytes()),
            key: Some((self.header.clone(), &self.key)),
            patience: if long { LIST_PATIENCE } else { PATIENCE },
            bytes_max: if long { LIST_BYTES_MAX } else { crate::http::LISTING_BYTES_MAX },
        };
        http.ask(ask).await
    }

    /// One question, and the JSON that answers it; null where the answer is good and empty.
    pub(crate) async fn ask(
        &self,
        http: &Http,
        call: (Method, &[&str], &[(&str, &str)]),
        body: Option<Value>,
    ) -> Result<Value, QueryError> {
        self.told(self.call(http, call, body, false).await)
    }

    /// As [`ask`](GatewayClient::ask), of what takes long and answers much.
    pub(crate) async fn list(
        &self,
        http: &Http,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, QueryError> {
        self.told(self.call(http, (Method::GET, path, query), None, true).await)
    }

    fn told(&self, ended: Result<Answer, NoResponse>) -> Result<Value, QueryError> {
        let answer = ended?;
        let body = body_of(&answer);
        let words = words(&body);
        let code = match answer.status {
            401 | 403 => codes::BAD_KEY.to_owned(),
            _ if is_overlimit(&words) => codes::HTTP_429.to_owned(),
            status => format!("http_{status}"),
        };
        let text = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
        let said = ProviderAnswer::new(code, fit(&text, &[&self.key]));
        match answer.status {
            200..=299 if !answer.whole => {
                Err(QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, "The answer was cut off")))
            }
            200..=299 => body.ok_or_else(|| {
                QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, "The answer cannot be read"))
            }),
            408 | 429 | 500..=599 => Err(QueryError::Silent(said)),
            _ => Err(QueryError::Refused(said)),
        }
    }
}

/// The JSON of an answer: null for an empty one, `None` for none.
pub(crate) fn body_of(answer: &Answer) -> Option<Value> {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Some(Value::Null);
    }
    serde_json::from_slice(&answer.body).ok()
}

/// A gateway's words about a refusal, wherever in its answer they stand; empty where there are none.
pub(crate) fn words(body: &Option<Value>) -> String {
    let Some(body) = body else { return String::new() };
    let inner = ["exception", "response"].iter().find_map(|name| text_of(&body[*name]));
    inner.or_else(|| text_of(body)).unwrap_or("").to_owned()
}

/// WhatsApp's word for too many questions about groups (§1).
pub(crate) fn is_overlimit(words: &str) -> bool {
    words.to_lowercase().contains("rate-overlimit")
}

/// Whether the gateway does not know what was asked about.
pub(crate) fn is_missing(error: &QueryError) -> bool {
    matches!(error, QueryError::Refused(said) if said.code == "http_404")
}
