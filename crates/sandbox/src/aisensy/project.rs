//! The project API v1: balance, templates, campaigns, and polling for outcomes
//! (`providers/src/aisensy/NOTES.md` §3).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::campaign::{Media, refuse, server_error};
use super::{Campaign, CampaignStatus, Config, Credential, Project, Refusal, SendRequest, campaign_id};
use super::{find_project, object_id};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::world::{self, Message, Status};

/// Most templates and campaigns in one answer (§3).
const PAGE_MAX: usize = 100;
/// Most people in one answer, and how many when nothing is said (§3).
const AUDIENCE_MAX: usize = 1000;
const AUDIENCE_DEFAULT: usize = 20;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    let base = "/project-apis/v1/project/{project}";
    let at = |rest: &str| format!("{base}{rest}");
    Router::new()
        .route(base, get(project))
        .route(&at("/wa_template"), get(templates))
        .route(&at("/wa_template/"), get(templates))
        .route(&at("/campaign/api"), get(campaigns).post(create_campaign))
        .route(&at("/campaign/api/send"), post(send))
        .route(&at("/campaign/api/{campaign}"), get(one_campaign))
        .route(&at("/campaign/audience/{campaign}"), get(audience))
        .route(&at("/campaign/analytics/{campaign}"), post(analytics))
        .route(&at("/messages/{message}"), get(one_message))
}

fn password(headers: &HeaderMap) -> &str {
    headers.get("x-aisensy-project-api-pwd").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Lets in whoever knows the password, and answers with what `read` finds.
fn answer(
    shared: &Shared,
    project: &str,
    headers: &HeaderMap,
    read: impl FnOnce(&mut Project, &Config) -> Result<Value, Refusal>,
) -> Response {
    let credential = Credential::Project { id: project, password: password(headers) };
    let result = shared.vendors.aisensy.change(|config| {
        let at = find_project(config, &credential)?;
        let settings = Config { projects: Vec::new(), ..*config };
        read(&mut config.projects[at], &settings)
    });
    match result {
        Ok(value) => exchange::json(200, &value),
        Err(refusal) => refuse(shared, &refusal),
    }
}

async fn project(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(&shared, &id, &headers, |project, _| {
        Ok(json!({
            "id": project.id, "name": project.name, "status": project.status,
            "active_plan": if project.plan_active { "PRO_MONTHLY" } else { "NONE" },
            "plan_renewal_on": null, "mau_quota": 100_000, "mau_usage": 0,
            "credit": project.credit, "wa_number": project.wa_number,
            "wa_messaging_tier": project.wa_messaging_tier,
            "wa_display_name_status": "APPROVED", "wa_quality_rating": "GREEN",
            "fb_business_manager_status": "VERIFIED", "billing_currency": "INR",
            "timezone": "Asia/Kolkata",
        }))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Paging {
    limit: Option<usize>,
    skip: Option<usize>,
    after: Option<String>,
    before: Option<String>,
    category: Option<String>,
    sort: Option<String>,
    #[serde(rename = "startDate")]
    start_date: Option<i64>,
    #[serde(rename = "endDate")]
    end_date: Option<i64>,
}

/// Cursors are opaque to clients; ours are a position with a prefix, so that nobody does sums.
fn cursor(position: usize) -> String {
    format!("c{:x}", position)
}

fn position(cursor: Option<&String>) -> Option<usize> {
    usize::from_str_radix(cursor?.strip_prefix('c')?, 16).ok()
}

fn page(all: Vec<Value>, paging: &Paging) -> (Vec<Value>, Value) {
    let limit = paging.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let before = position(paging.before.as_ref());
    let from = match (position(paging.after.as_ref()), before) {
        (Some(after), _) => after + 1,
        (None, Some(before)) => before.saturating_sub(limit),
        (None, None) => paging.skip.unwrap_or(0),
    };
    let limit = before.map_or(limit, |before| limit.min(before));
    let rows: Vec<Value> = all.into_iter().skip(from).take(limit).collect();
    let cursors = if rows.is_empty() {
        json!({})
    } else {
        json!({ "before": cursor(from), "after": cursor(from + rows.len() - 1) })
    };
    (rows, json!({ "cursors": cursors }))
}

async fn templates(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, _| {
        let all: Vec<Value> = project.campaigns.iter().map(template).collect();
        let (rows, paging) = page(all, &paging);
        Ok(json!({ "template": rows, "paging": paging }))
    })
}

fn template(campaign: &Campaign) -> Value {
    let text = campaign.template_text();
    json!({
        "id": campaign_id(None, &format!("template {}", campaign.template_name())),
        "name": campaign.template_name(), "label": campaign.template_name(), "status": "APPROVED",
        "category": campaign.category, "language": campaign.language, "text": text,
        "sample_text": text, "type": if campaign.media { "FILE" } else { "TEXT" },
        "total_parameters": campaign.parameters, "rejected_reason": null,
        "quick_replies": [], "call_to_action": [],
    })
}

async fn campaigns(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, _| {
        let all: Vec<Value> = project.campaigns.iter().map(campaign_row).collect();
        let count = all.len();
        let (rows, paging) = page(all, &paging);
        Ok(json!({ "campaign": rows, "size": rows.len(), "count": count, "paging": paging }))
    })
}

fn campaign_row(campaign: &Campaign) -> Value {
    json!({
        "id": campaign_id(Some(campaign), &campaign.name), "name": campaign.name,
        "status": campaign.status, "type": "API", "template_name": campaign.template_name(),
    })
}

async fn one_campaign(
    State(shared): State<Arc<Shared>>,
    Path((id, campaign)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, _| {
        Ok(json!({ "campaign": campaign_row(find(project, &campaign)?) }))
    })
}

fn find<'a>(project: &'a Project, id: &str) -> Result<&'a Campaign, Refusal> {
    let found = project.campaigns.iter().find(|one| campaign_id(Some(one), &one.name) == id);
    found.ok_or_else(|| Refusal::new(404, "ERR404", "Campaign does not exist"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewCampaign {
    template_name: String,
    campaign_name: String,
}

/// Makes a live campaign of a template. Not idempotent: asked twice, there are two (§3).
async fn create_campaign(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&shared, &id, &headers, |project, _| {
        let wanted: NewCampaign =
            serde_json::from_slice(&body).map_err(|error| Refusal::bad(error.to_string()))?;
        if wanted.campaign_name.is_empty() || wanted.template_name.is_empty() {
            return Err(Refusal::bad("template_name and campaign_name are required"));
        }
        let like = project.campaigns.iter().find(|one| one.template_name() == wanted.template_name);
        let like = like.ok_or_else(|| Refusal::bad("Template does not exist"))?;
        let campaign = Campaign {
            id: object_id(&shared, "campaign", shared.ids.next()),
            name: wanted.campaign_name,
            template: wanted.template_name,
            status: CampaignStatus::Live,
            ..like.clone()
        };
        let row = campaign_row(&campaign);
        project.campaigns.push(campaign);
        Ok(json!({ "campaign": row }))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SendBody {
    campaign_name: String,
    phone_number: String,
    name: String,
    template_params: Vec<String>,
    media: Option<Media>,
}

/// As the campaign API, except that no id comes back (§3).
async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parsed: Result<SendBody, _> = serde_json::from_slice(&body);
    let phone = parsed.as_ref().ok().and_then(|body| world::digits(&body.phone_number));
    let credential = Credential::Project { id: &id, password: password(&headers) };
    exchange(
        &shared,
        &scissors,
        phone,
        |status| server_error(&shared, status),
        |answered| {
            let result = parsed.map_err(|error| Refusal::bad(error.to_string())).and_then(|body| {
                let asked = SendRequest {
                    campaign: &body.campaign_name,
                    destination: &body.phone_number,
                    name: &body.name,
                    parameters: &body.template_params,
                    media_url: body.media.as_ref().map(|media| media.url.as_str()),
                    answered,
                };
                shared.vendors.aisensy.submit(&shared, &credential, &asked)
            });
            match result {
                Ok((place, _)) => Answer {
                    accepted: vec![place],
                    response: exchange::json(200, &json!({ "status": "success" })),
                },
                Err(refusal) => Answer { accepted: Vec::new(), response: refuse(&shared, &refusal) },
            }
        },
    )
    .await
}

/// Who of a campaign got how far, page by page (§3).
async fn audience(
    State(shared): State<Arc<Shared>>,
    Path((id, campaign)): Path<(String, String)>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, config| {
        let name = campaign_name(project, config, &shared, &campaign)?;
        let category = paging.category.as_deref().unwrap_or("SENT").to_ascii_uppercase();
        let test = in_category(&category)?;
        let wanted = |message: &Message| {
            &*message.account == project.id.as_str()
                && *message.campaign == *name
                && test(message)
                && paging.start_date.is_none_or(|start| message.accepted_at >= start)
                && paging.end_date.is_none_or(|end| message.accepted_at <= end)
        };
        Ok(list(&shared, &paging, wanted))
    })
}

fn list(shared: &Shared, paging: &Paging, wanted: impl Fn(&Message) -> bool) -> Value {
    let limit = paging.limit.unwrap_or(AUDIENCE_DEFAULT).clamp(1, AUDIENCE_MAX);
    let newest_first = paging.sort.as_deref().is_some_and(|sort| sort.eq_ignore_ascii_case("desc"));
    let after = position(paging.after.as_ref());
    let before = position(paging.before.as_ref()).filter(|_| after.is_none());
    let mut total = 0;
    let mut rows: Vec<(usize, Value)> = Vec::new();
    shared.world.visit(newest_first, |index, message| {
        if !wanted(message) {
            return true;
        }
        total += 1;
        let past = |cursor: usize| if newest_first { index < cursor } else { index > cursor };
        let short_of = |cursor: usize| index != cursor && !past(cursor);
        match before {
            // The last `limit` rows before the cursor.
            Some(before) if short_of(before) => {
                rows.push((index, row(shared, index, message)));
                if rows.len() > limit {
                    rows.remove(0);
                }
            }
            None if after.is_none_or(past) && rows.len() < limit => {
                rows.push((index, row(shared, index, message)));
            }
            None | Some(_) => {}
        }
        true
    });
    let cursors = match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => json!({ "before": cursor(first.0), "after": cursor(last.0) }),
        (None, _) | (_, None) => json!({}),
    };
    let data: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    json!({ "total": total, "data": data, "paging": { "cursors": cursors } })
}

fn row(shared: &Shared, index: usize, message: &Message) -> Value {
    let mut row = json!({
        "_id": object_id(shared, "message", index as u64),
        "userNumber": message.phone.to_string(), "userName": message.name,
        "sentAt": message.accepted_at, "deliveredAt": message.delivered_at, "readAt": message.read_at,
    });
    if let Some(failed_at) = message.failed_at {
        row["failedAt"] = json!(failed_at);
        row["failurePayload"] = json!({
            "code": message.failure_code,
            "reason": super::receipt::reason(message.failure_code.as_deref().unwrap_or_default()),
        });
    }
    row
}

fn in_category(category: &str) -> Result<fn(&Message) -> bool, Refusal> {
    Ok(match category {
        "SENT" => |_| true,
        "DELIVERED" => |message| message.delivered_at.is_some(),
        "READ" => |message| message.read_at.is_some(),
        "FAILED" => |message| message.status == Status::Failed,
        // Nobody answers a stand-in, and it has no links to press.
        "REPLIED" | "CLICKED" => |_| false,
        _ => return Err(Refusal::bad("Invalid category")),
    })
}

/// The name behind a campaign's id, known or made up by a sender when any campaign is accepted.
fn campaign_name(project: &Project, config: &Config, shared: &Shared, id: &str) -> Result<String, Refusal> {
    let known = find(project, id).map(|campaign| campaign.name.clone());
    if known.is_ok() || !config.any_campaign {
        return known;
    }
    let mut name = None;
    shared.world.visit(false, |_, message| {
        if campaign_id(None, &message.campaign) == id {
            name = Some(message.campaign.to_string());
        }
        name.is_none()
    });
    name.map_or(known, Ok)
}

/// One message, by the id that the send call was answered with. That it is this id is assumed: no source says which one is meant (§12).
async fn one_message(
    State(shared): State<Arc<Shared>>,
    Path((id, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, config| {
        let mut found = None;
        shared.world.visit(true, |index, one| {
            if &*one.account == project.id.as_str() && *one.id == *message {
                found = Some((index, one.clone()));
            }
            found.is_none()
        });
        let (index, one) = found.ok_or_else(|| Refusal::new(404, "ERR404", "Message not found"))?;
        let campaign = project.campaigns.iter().find(|known| *known.name == *one.campaign);
        let price = config.price(campaign.map(|known| known.category).unwrap_or_default());
        Ok(json!({ "message": super::receipt::as_it_stands(&shared, index, &one, price) }))
    })
}

async fn analytics(
    State(shared): State<Arc<Shared>>,
    Path((id, campaign)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &id, &headers, |project, config| {
        let name = campaign_name(project, config, &shared, &campaign)?;
        let (mut sent, mut delivered, mut read, mut failed) = (0, 0, 0, 0);
        shared.world.visit(false, |_, message| {
            if &*message.account == project.id.as_str() && *message.campaign == *name {
                sent += 1;
                delivered += usize::from(message.delivered_at.is_some());
                read += usize::from(message.read_at.is_some());
                failed += usize::from(message.status == Status::Failed);
            }
            true
        });
        Ok(json!({ "sent": sent, "delivered": delivered, "read": read, "failed": failed }))
    })
}
