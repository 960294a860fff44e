//! The campaign API v2: one approved template to one person (`providers/src/aisensy/NOTES.md` §2).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Campaign, Credential, Refusal, SendRequest, campaign_id, find_project};
use super::{ErrorShape, RequestBodyIn};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::world;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/campaign/t1/api/v2", post(send))
        .route("/campaign/t1/api/campaign-details", post(details))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SendBody {
    api_key: String,
    campaign_name: String,
    destination: String,
    user_name: String,
    template_params: Vec<String>,
    media: Option<Media>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Media {
    pub(super) url: String,
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    body: Bytes,
) -> Response {
    let parsed: Result<SendBody, _> = serde_json::from_slice(&body);
    let phone = parsed.as_ref().ok().and_then(|body| world::digits(&body.destination));
    let server_error = |status| server_error(&shared, status);
    exchange(&shared, &scissors, phone, server_error, |answered| {
        let result = parsed
            .map_err(|error| Refusal::bad(format!("Invalid request body: {error}")))
            .and_then(|body| submit(&shared, &body, answered));
        match result {
            Ok((place, id)) => Answer { accepted: vec![place], response: accepted(&shared, &id) },
            Err(refusal) => Answer { accepted: Vec::new(), response: refuse(&shared, &refusal) },
        }
    })
    .await
}

fn submit(shared: &Shared, body: &SendBody, answered: bool) -> Result<(world::Place, Box<str>), Refusal> {
    let required = [
        ("apiKey", &body.api_key),
        ("campaignName", &body.campaign_name),
        ("destination", &body.destination),
        ("userName", &body.user_name),
    ];
    if let Some((name, _)) = required.iter().find(|(_, value)| value.is_empty()) {
        return Err(Refusal::bad(format!("{name} is required")));
    }
    let asked = SendRequest {
        campaign: &body.campaign_name,
        destination: &body.destination,
        name: &body.user_name,
        parameters: &body.template_params,
        media_url: body.media.as_ref().map(|media| media.url.as_str()),
        answered,
    };
    shared.vendors.aisensy.submit(shared, &Credential::Key(&body.api_key), &asked)
}

fn accepted(shared: &Shared, id: &str) -> Response {
    let habits = &shared.faults.get().habits.aisensy;
    let mut answer = Map::new();
    let success = if habits.boolean_success { json!(true) } else { json!("true") };
    answer.insert("success".to_owned(), success);
    if !habits.no_id {
        answer.insert("submitted_message_id".to_owned(), json!(id));
    }
    exchange::json(200, &Value::Object(answer))
}

/// A refusal in the shape that is set (§2.5).
pub(super) fn refuse(shared: &Shared, refusal: &Refusal) -> Response {
    let habits = &shared.faults.get().habits.aisensy;
    let chance = shared.faults.chance();
    let nth = shared.ids.next();
    let as_200 = chance.hits(habits.refusal_as_200, "refusal_as_200", &refusal.text, nth);
    let mut body = refusal_body(shared, refusal, nth);
    if as_200 {
        body["success"] = json!(false);
    }
    exchange::json(if as_200 { 200 } else { refusal.status }, &body)
}

fn refusal_body(shared: &Shared, refusal: &Refusal, nth: u64) -> Value {
    let Refusal { status, name, text } = refusal;
    let shapes = [ErrorShape::Full, ErrorShape::Message, ErrorShape::ErrorMessage, ErrorShape::Error];
    let shape = match shared.faults.get().habits.aisensy.error_shape {
        ErrorShape::Mixed => shapes[shared.faults.chance().up_to(3, "error_shape", text, nth) as usize],
        shape => shape,
    };
    match shape {
        ErrorShape::Full | ErrorShape::Mixed => json!({
            "message": text, "name": name, "errorCode": status, "errorMessage": text,
            "aisTraceId": format!("ais_test_{nth:04}"),
        }),
        ErrorShape::Message => json!({ "message": text }),
        ErrorShape::ErrorMessage => json!({ "name": name, "errorCode": status, "errorMessage": text }),
        ErrorShape::Error => json!({ "error": text }),
    }
}

pub(super) fn server_error(shared: &Shared, status: u16) -> Value {
    let refusal = Refusal::new(status, "ERR500", "Something went wrong, please try again later");
    refusal_body(shared, &refusal, shared.ids.next())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DetailsBody {
    api_key: String,
    campaign_name: String,
}

/// What a campaign needs, without sending anything (§2.6).
async fn details(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let parsed: Result<DetailsBody, _> = serde_json::from_slice(&body);
    let found = parsed
        .map_err(|error| Refusal::bad(format!("Invalid request body: {error}")))
        .and_then(|body| find_campaign(&shared, &body));
    match found {
        Ok(campaign) => exchange::json(200, &describe(&shared, &campaign)),
        Err(refusal) => refuse(&shared, &refusal),
    }
}

fn find_campaign(shared: &Shared, body: &DetailsBody) -> Result<Campaign, Refusal> {
    let config = shared.vendors.aisensy.get();
    let project = &config.projects[find_project(&config, &Credential::Key(&body.api_key))?];
    let known = project.campaigns.iter().find(|one| one.name == body.campaign_name).cloned();
    let unknown = || Campaign::utility(&body.campaign_name, 0);
    // The vendor's own node for n8n tries a key by asking for the campaign “test”, and takes any 2xx for a good one (§2.6).
    let tries_key = body.campaign_name == "test";
    known
        .or_else(|| (tries_key || config.any_campaign && !body.campaign_name.is_empty()).then(unknown))
        .ok_or_else(|| Refusal::bad("Campaign does not exist"))
}

fn describe(shared: &Shared, campaign: &Campaign) -> Value {
    let mut request = json!({ "templateParams": vec![""; campaign.parameters] });
    if campaign.media {
        request["media"] = json!({ "url": "", "filename": "" });
    }
    let own = json!({
        "_id": campaign_id(Some(campaign), &campaign.name), "name": campaign.name,
        "status": campaign.status.word(), "type": "API",
    });
    let mut answer = json!({ "success": true, "campaign": own });
    match shared.faults.get().habits.aisensy.request_body_in {
        RequestBodyIn::Top => answer["requestBody"] = request,
        RequestBodyIn::Data => answer["data"] = json!({ "requestBody": request }),
        RequestBodyIn::Campaign => answer["campaign"]["requestBody"] = request,
    }
    answer
}
