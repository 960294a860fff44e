//! Groups and their members (`providers/src/waha/NOTES.md` §5), in the shape of the engine GOWS.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks::is_hidden;
use super::messages::exception;
use super::sessions::{allowed, say, working};
use crate::Shared;
use crate::network::{Group, Member, digits};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/{session}/groups", get(list).post(create))
        .route("/api/{session}/groups/count", get(count))
        .route("/api/{session}/groups/{group}", get(one))
        .route("/api/{session}/groups/{group}/participants/v2", get(members))
        .route("/api/{session}/groups/{group}/invite-code", get(invite))
        .route("/api/{session}/groups/{group}/description", put(describe))
        .route("/api/{session}/lids", get(lids))
}

/// A group as GOWS describes it.
fn shown(shared: &Shared, group: &Group) -> Value {
    let people: Vec<Value> = group
        .members
        .iter()
        .map(|member| {
            let hidden = is_hidden(shared, &group.jid, member);
            json!({
                "JID": format!("{}@lid", member.lid), "LID": format!("{}@lid", member.lid),
                "PhoneNumber": if hidden { String::new() } else { format!("{}@s.whatsapp.net", member.phone) },
                "IsAdmin": member.admin || member.owner, "IsSuperAdmin": member.owner,
            })
        })
        .collect();
    json!({
        "JID": group.jid, "Name": group.subject, "Topic": group.description, "IsAnnounce": group.announce,
        "IsLocked": group.locked, "IsParent": group.is_parent, "IsDefaultSubGroup": group.is_announcements,
        "LinkedParentJID": group.parent.clone().unwrap_or_default(), "DisappearingTimer": 0, "Participants": people,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<usize>,
    offset: usize,
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let list = || {
        let (_, phone) = working(&shared, &session)?;
        let habits = &shared.faults.get().habits.waha;
        if page.offset > 0 && shared.faults.strikes(habits.list_overlimit, "waha_list_overlimit", &session, 0)
        {
            return Err(exception("2 UNKNOWN: info query returned status 429: rate-overlimit"));
        }
        let mut groups = shared.vendors.waha.network.groups_of(phone);
        if shared.faults.strikes(habits.list_short, "waha_list_short", &session, 0) {
            groups.pop();
        }
        let groups = groups.iter().skip(page.offset).take(page.limit.unwrap_or(usize::MAX));
        Ok(Value::Array(groups.map(|group| shown(&shared, group)).collect()))
    };
    say(allowed(&shared, &headers).and_then(|()| list()), 200)
}

async fn count(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Response {
    let count = || {
        let (_, phone) = working(&shared, &session)?;
        Ok(json!({ "count": shared.vendors.waha.network.groups_of(phone).len() }))
    };
    say(allowed(&shared, &headers).and_then(|()| count()), 200)
}

/// The group, for an account that is in it.
fn group_of(shared: &Shared, session: &str, jid: &str) -> Result<(Group, u64), (u16, Value)> {
    let (_, phone) = working(shared, session)?;
    let group = shared.vendors.waha.network.group(jid).filter(|group| group.member(phone).is_some());
    let missing = || exception("2 UNKNOWN: info query returned status 404: item-not-found");
    Ok((group.ok_or_else(missing)?, phone))
}

async fn one(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid));
    say(said.map(|(group, _)| shown(&shared, &group)), 200)
}

async fn members(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid));
    let shown = |(group, _): (Group, u64)| {
        let people = group.members.iter().map(|member| {
            let hidden = is_hidden(&shared, &group.jid, member);
            let role = match (member.owner, member.admin) {
                (true, _) => "superadmin",
                (_, true) => "admin",
                _ => "participant",
            };
            let pn = if hidden { Value::Null } else { json!(format!("{}@c.us", member.phone)) };
            json!({ "id": format!("{}@lid", member.lid), "pn": pn, "role": role })
        });
        Value::Array(people.collect())
    };
    say(said.map(shown), 200)
}

async fn invite(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid)).and_then(
        |(group, phone)| {
            let admin = group.member(phone).is_some_and(|member| member.admin || member.owner);
            if admin {
                Ok(json!(group.invite))
            } else {
                Err(exception("2 UNKNOWN: info query returned status 401: not-authorized"))
            }
        },
    );
    say(said, 200)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewGroup {
    name: String,
    participants: Vec<Value>,
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let made = || {
        let (_, phone) = working(&shared, &session)?;
        let new: NewGroup = serde_json::from_slice(&body).unwrap_or_default();
        if new.name.is_empty() {
            return Err((
                400,
                json!({ "statusCode": 400, "message": ["name should not be empty"], "error": "Bad Request" }),
            ));
        }
        let others = new.participants.iter().filter_map(|one| digits(one["id"].as_str()?));
        let jid = format!("1203639{:011}@g.us", shared.ids.next());
        let mut group = Group::of(&jid, &new.name, std::iter::once(phone).chain(others));
        group.members.iter_mut().take(1).for_each(|member| member.owner = true);
        let shown = shown(&shared, &group);
        shared.vendors.waha.network.add_group(group);
        Ok(shown)
    };
    say(allowed(&shared, &headers).and_then(|()| made()), 201)
}

async fn describe(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = serde_json::from_slice::<Value>(&body).unwrap_or_default()["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let said =
        allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid)).map(|(group, _)| {
            shared.vendors.waha.network.change_group(&group.jid, |group| group.description = text);
            Value::Bool(true)
        });
    say(said, 200)
}

/// The numbers behind hidden ids that the gateway learnt: those of members whose number is not hidden from the start.
async fn lids(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Response {
    let known = || {
        let (_, phone) = working(&shared, &session)?;
        if shared.faults.get().habits.waha.no_lids {
            return Ok(json!([]));
        }
        let groups = shared.vendors.waha.network.groups_of(phone);
        let told = groups.iter().flat_map(|group| &group.members).filter(|member| !member.hidden);
        let pair = |member: &Member| json!({ "lid": format!("{}@lid", member.lid), "pn": format!("{}@c.us", member.phone) });
        Ok(Value::Array(told.map(pair).collect()))
    };
    say(allowed(&shared, &headers).and_then(|()| known()), 200)
}
