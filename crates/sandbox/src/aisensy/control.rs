//! AiSensy under `/sandbox`: projects, their credit and their campaigns.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::json;

use super::{Campaign, Project, receipt};
use crate::Shared;
use crate::control::{ControlResult, merge, missing, parse, say, value};
use crate::world;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/inbound", post(inbound))
        .route("/sandbox/aisensy", get(aisensy).patch(patch_aisensy))
        .route("/sandbox/aisensy/projects/{id}", get(project).put(put_project).patch(patch_project))
        .route("/sandbox/aisensy/projects/{id}/campaigns", get(campaigns))
        .route("/sandbox/aisensy/projects/{id}/campaigns/{name}", put(put_campaign).delete(delete_campaign))
}

async fn aisensy(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.vendors.aisensy.get()))
}

async fn patch_aisensy(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(shared.vendors.aisensy.change(|config| {
        *config = merge(config, &body)?;
        value(config)
    }))
}

/// Finds a project and answers with what `change` makes of it.
fn with_project(shared: &Shared, id: &str, change: impl FnOnce(&mut Project) -> ControlResult) -> Response {
    say(shared.vendors.aisensy.change(|config| {
        let project = config.projects.iter_mut().find(|one| one.id == id);
        change(project.ok_or_else(|| missing("project"))?)
    }))
}

async fn project(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    with_project(&shared, &id, |project| value(project))
}

/// Makes or replaces a project; the id in the path counts.
async fn put_project(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    say(parse::<Project>(&body).and_then(|project| {
        let project = Project { id: id.clone(), ..project };
        let shown = value(&project);
        shared.vendors.aisensy.change(|config| {
            config.projects.retain(|one| one.id != id);
            config.projects.push(project);
        });
        shown
    }))
}

async fn patch_project(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    with_project(&shared, &id, |project| {
        *project = merge(project, &body)?;
        value(project)
    })
}

async fn campaigns(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    with_project(&shared, &id, |project| value(&project.campaigns))
}

/// Makes a campaign, or changes the members that the body names.
async fn put_campaign(
    State(shared): State<Arc<Shared>>,
    Path((id, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    with_project(&shared, &id, |project| {
        let known = project.campaigns.iter_mut().find(|one| one.name == name);
        let before = known.as_deref().cloned().unwrap_or_default();
        let campaign = Campaign { name: name.clone(), ..merge(&before, &body)? };
        let shown = value(&campaign);
        match known {
            Some(known) => *known = campaign,
            None => project.campaigns.push(campaign),
        }
        shown
    })
}

async fn delete_campaign(
    State(shared): State<Arc<Shared>>,
    Path((id, name)): Path<(String, String)>,
) -> Response {
    with_project(&shared, &id, |project| {
        let before = project.campaigns.len();
        project.campaigns.retain(|one| one.name != name);
        if project.campaigns.len() == before { Err(missing("campaign")) } else { Ok(json!({})) }
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inbound {
    phone: String,
    text: String,
    project: Option<String>,
}

async fn inbound(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(parse::<Inbound>(&body).and_then(|inbound| {
        let phone = world::digits(&inbound.phone);
        let phone = phone.ok_or_else(|| (400, "phone is not a number".to_owned()))?;
        let first = || shared.vendors.aisensy.get().projects.first().map(|project| project.id.clone());
        let project = inbound.project.or_else(first);
        let project = project.ok_or_else(|| (404, "there is no project".to_owned()))?;
        receipt::inbound(&shared, &project, phone, &inbound.text);
        Ok(json!({}))
    }))
}
