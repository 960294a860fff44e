//! What forms and shops post to a workshop's address: one registration a post, read as a file of one row is.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::role::Role;
use intake::{ImportError, Importer, importer::PostOutcome};
use serde_json::{Value, json};
use store::{Actor, StoreError, imports::ImportState};

use crate::{
    app::App,
    http::{auth::Token, error::Problem, extract::Path},
    throttle::Throttle,
};

/// Most bytes of a post: a form with long answers has some thousand.
pub const POST_BYTES_MAX: usize = 64 * 1024;
/// Posts of one address within a minute. A shop that sells faster is asked to come again.
const POSTS_PER_MINUTE: u32 = 300;
/// Posts to addresses that do not exist, from one network within a minute.
const MISSES_PER_MINUTE: u32 = 30;
/// Values of a post that are read.
const PAIRS_MAX: usize = 200;
/// Characters of a title or a value that are read.
const CHARS_MAX: usize = 1_000;
/// How deep objects may lie in one another.
const DEPTH_MAX: usize = 5;

/// Counts posts, so that one address or one guesser takes no more than its share.
#[derive(Clone, Debug)]
pub struct Inbound(Arc<(Throttle, Throttle)>);

impl Inbound {
    /// Nothing was counted yet.
    #[expect(
        clippy::new_without_default,
        reason = "a default value would not suggest that it counts for itself"
    )]
    pub fn new() -> Inbound {
        Inbound(Arc::new((Throttle::new(POSTS_PER_MINUTE), Throttle::new(MISSES_PER_MINUTE))))
    }
}

/// `POST /in/{secret}`: one registration, as JSON or as a form.
pub async fn receive(
    State(app): State<App>,
    Extension(inbound): Extension<Inbound>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let Some(token) = Token::parse(&secret) else { return Err(missed(&inbound, &app, &headers)) };
    let hash = token.hash();
    inbound.0.0.count(&hash, now).map_err(Problem::too_many)?;
    let Some(owner) = app.store.webhook_owner(&hash).await? else {
        return Err(missed(&inbound, &app, &headers));
    };
    let pairs = pairs_of(&headers, &body)?;
    let actor =
        Actor { organization: owner.organization, user: None, name: "Webhook".to_owned(), role: Role::Agent };
    let org = app.store.org(actor);
    let organization = org.organization().await?;
    let importer = Importer {
        org,
        clock: app.clock.clone(),
        home: organization.country,
        zone: organization.zone,
        file: app.config.data.clone(),
        phone_key: app.phone_key.clone(),
    };
    let import = importer.org.import(owner.import).await?;
    if import.state != ImportState::Committed {
        let words = "What came to this address was taken back. Make a new address on the workshop's page.";
        return Err(Problem::new(StatusCode::GONE, "gone", "This address takes nothing any more", words));
    }
    let number = importer.org.webhook_came(owner.import, now).await?;
    match importer.take_one(&import, number, &pairs).await {
        Ok(taken) => Ok(answer(number, &taken)),
        Err(ImportError::Store(StoreError::Stale)) => {
            let words = "The workshop was cancelled: nobody is registered for it any more.";
            Err(Problem::new(StatusCode::CONFLICT, "cancelled", "The workshop is cancelled", words))
        }
        Err(ImportError::Store(error)) => Err(error.into()),
        Err(other) => Err(Problem::unavailable(other.to_string())),
    }
}

fn missed(inbound: &Inbound, app: &App, headers: &HeaderMap) -> Problem {
    let caller = crate::http::gate::address(app, headers, None::<IpAddr>);
    match inbound.0.1.count(&caller, app.clock.now()) {
        Ok(()) => Problem::not_found(),
        Err(wait) => Problem::too_many(wait),
    }
}

/// The word for programs and what a person reads in their log. A registration that is kept for a person is no failure:
/// sent again, it would come twice.
fn answer(number: i64, taken: &PostOutcome) -> Response {
    let (status, result, says) = match taken {
        PostOutcome::Registered => (StatusCode::CREATED, "registered", vec![]),
        PostOutcome::Already => (StatusCode::OK, "already_registered", vec![]),
        PostOutcome::Ended => (StatusCode::OK, "ended", vec![]),
        PostOutcome::LeftOut => (StatusCode::OK, "left_out", vec!["The status gives no place.".to_owned()]),
        PostOutcome::Kept(says) => (StatusCode::ACCEPTED, "kept_for_a_person", says.clone()),
    };
    (status, Json(json!({ "result": result, "post": number, "says": says }))).into_response()
}

/// Titles and values of a post.
fn pairs_of(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut pairs = Vec::new();
    if kind.starts_with("application/x-www-form-urlencoded") {
        pairs.extend(
            providers::form::members(std::str::from_utf8(body).unwrap_or_default()).unwrap_or_default(),
        );
    } else {
        let value: Value = serde_json::from_slice(body)
            .map_err(|_| Problem::bad_request("Post one registration, as a JSON object or as a form."))?;
        let one = match value {
            Value::Array(mut list) if list.len() == 1 => list.remove(0),
            Value::Array(_) => return Err(Problem::bad_request("Post one registration at a time.")),
            other => other,
        };
        flatten("", &one, 0, &mut pairs);
    }
    pairs.truncate(PAIRS_MAX);
    for (title, value) in &mut pairs {
        for text in [title, value] {
            if text.chars().count() > CHARS_MAX {
                *text = text.chars().take(CHARS_MAX).collect();
            }
        }
    }
    pairs.retain(|(title, _)| !title.trim().is_empty());
    match pairs.is_empty() {
        true => Err(Problem::bad_request("There is nothing in this post.")),
        false => Ok(pairs),
    }
}

/// `{"attendee": {"phone": …}}` is "attendee phone"; `[{"question": "Phone", "answer": …}]` is "Phone".
fn flatten(title: &str, value: &Value, depth: usize, pairs: &mut Vec<(String, String)>) {
    if depth > DEPTH_MAX || pairs.len() >= PAIRS_MAX {
        return;
    }
    match value {
        Value::Null => {}
        Value::Bool(yes) => pairs.push((title.to_owned(), if *yes { "yes" } else { "no" }.to_owned())),
        Value::Number(number) => pairs.push((title.to_owned(), number.to_string())),
        Value::String(text) => pairs.push((title.to_owned(), text.clone())),
        Value::Array(list) => list.iter().for_each(|one| match asked(one) {
            Some((question, answer)) => flatten(question, answer, depth + 1, pairs),
            None => flatten(title, one, depth + 1, pairs),
        }),
        Value::Object(fields) => {
            for (name, value) in fields {
                let inner = if title.is_empty() { name.clone() } else { format!("{title} {name}") };
                flatten(&inner, value, depth + 1, pairs);
            }
        }
    }
}

/// A question of a form with its answer.
fn asked(value: &Value) -> Option<(&str, &Value)> {
    const QUESTION: [&str; 5] = ["label", "question", "title", "key", "field"];
    const ANSWER: [&str; 4] = ["value", "answer", "text", "response"];
    let question = QUESTION.iter().find_map(|name| value.get(name)?.as_str())?;
    let answer = ANSWER.iter().find_map(|name| value.get(name))?;
    Some((question, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        pairs_of(&headers, body.as_bytes()).unwrap_or_default()
    }

    fn pair(title: &str, value: &str) -> (String, String) {
        (title.to_owned(), value.to_owned())
    }

    #[test]
    fn a_post_is_titles_and_values_however_it_is_nested() {
        let json = "application/json";
        assert_eq!(
            read(json, r#"{"attendee":{"name":"Asha","phone":9000000001},"paid":true,"note":null}"#),
            [pair("attendee name", "Asha"), pair("attendee phone", "9000000001"), pair("paid", "yes")]
        );
        assert_eq!(
            read(json, r#"[{"answers":[{"question":"WhatsApp number","answer":"9000000001"}]}]"#),
            [pair("WhatsApp number", "9000000001")]
        );
        assert_eq!(
            read("application/x-www-form-urlencoded; charset=utf-8", "Name=Asha+Rao&Phone=%2B919000000001"),
            [pair("Name", "Asha Rao"), pair("Phone", "+919000000001")]
        );
        for nothing in ["", "{}", "[]", "[1,2]", "\"x\"", "{\"\":\"x\"}", "\u{0}"] {
            assert!(read(json, nothing).is_empty(), "{nothing}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(2_000), "}".repeat(2_000));
        assert!(read(json, &deep).is_empty(), "too deep is nothing, and no panic");
    }
}
