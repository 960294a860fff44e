//! Groups and their members (`providers/src/evolution/NOTES.md` §3).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::instances::{allowed, connected, say, wrong};
use crate::Shared;
use crate::network::{Group, Member, digits};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/evolution/group/fetchAllGroups/{instance}", get(all))
        .route("/evolution/group/participants/{instance}", get(participants))
        .route("/evolution/group/inviteCode/{instance}", get(invite))
        .route("/evolution/group/create/{instance}", post(create))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    get_participants: Option<String>,
    group_jid: String,
}

fn person(member: &Member) -> Value {
    let phone = (!member.hidden).then(|| format!("{}@s.whatsapp.net", member.phone));
    let admin = match (member.owner, member.admin) {
        (true, _) => Some("superadmin"),
        (_, true) => Some("admin"),
        _ => None,
    };
    json!({ "id": format!("{}@lid", member.lid), "phoneNumber": phone, "admin": admin })
}

fn shown(group: &Group, with_people: bool) -> Value {
    let mut shown = json!({
        "id": group.jid, "subject": group.subject, "subjectTime": 1_767_240_000, "pictureUrl": Value::Null,
        "size": group.members.len(), "creation": 1_767_240_000, "desc": group.description, "restrict": group.locked,
        "announce": group.announce, "isCommunity": group.is_parent, "isCommunityAnnounce": group.is_announcements,
    });
    if let Some(parent) = &group.parent {
        shown["linkedParent"] = json!(parent);
    }
    if with_people {
        shown["participants"] = group.members.iter().map(person).collect();
    }
    shown
}

fn overlimit(shared: &Shared, instance: &str) -> Result<(), (u16, Value)> {
    let amount = shared.faults.get().habits.evolution.overlimit;
    match shared.faults.strikes(amount, "evolution_overlimit", instance, 0) {
        true => Err(wrong(500, "Internal Server Error", json!(["rate-overlimit"]))),
        false => Ok(()),
    }
}

async fn all(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let list = || {
        let with_people = match asked.get_participants.as_deref() {
            Some("true") => true,
            Some("false") => false,
            _ => {
                return Err(wrong(
                    400,
                    "Bad Request",
                    json!(["The getParticipants needs to be informed in the query"]),
                ));
            }
        };
        let phone = connected(&shared, &instance)?;
        overlimit(&shared, &instance)?;
        let groups = shared.vendors.evolution.network.groups_of(phone);
        Ok(Value::Array(groups.iter().map(|group| shown(group, with_people)).collect()))
    };
    say(allowed(&shared, &headers, &instance).and_then(|()| list()), 200)
}

/// The group, for an account that is in it.
fn group_of(shared: &Shared, instance: &str, jid: &str) -> Result<(Group, u64), (u16, Value)> {
    let phone = connected(shared, instance)?;
    let group = shared.vendors.evolution.network.group(jid).filter(|group| group.member(phone).is_some());
    Ok((group.ok_or_else(|| wrong(404, "Not Found", json!(["Group not found"])))?, phone))
}

async fn participants(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let said =
        allowed(&shared, &headers, &instance).and_then(|()| group_of(&shared, &instance, &asked.group_jid));
    say(
        said.map(
            |(group, _)| json!({ "participants": group.members.iter().map(person).collect::<Vec<_>>() }),
        ),
        200,
    )
}

async fn invite(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let said =
        allowed(&shared, &headers, &instance).and_then(|()| group_of(&shared, &instance, &asked.group_jid));
    let told = said.and_then(|(group, phone)| match group.member(phone).is_some_and(|one| one.admin || one.owner) {
        true => Ok(json!({
            "inviteUrl": format!("https://chat.whatsapp.com/{}", group.invite), "inviteCode": group.invite,
        })),
        false => Err(wrong(404, "Not Found", json!(["No invite code"]))),
    });
    say(told, 200)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewGroup {
    subject: String,
    description: String,
    participants: Vec<String>,
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let made = || {
        let phone = connected(&shared, &instance)?;
        let new: NewGroup = serde_json::from_slice(&body).unwrap_or_default();
        if new.subject.is_empty() || new.participants.is_empty() {
            return Err(wrong(400, "Bad Request", json!([["instance requires property \"participants\""]])));
        }
        let others = new.participants.iter().filter_map(|one| digits(one));
        let jid = format!("1203636{:011}@g.us", shared.ids.next());
        let group = Group::of(&jid, &new.subject, std::iter::once(phone).chain(others));
        let group = Group { description: new.description, ..group };
        let shown = shown(&group, true);
        shared.vendors.evolution.network.add_group(group);
        Ok(shown)
    };
    say(allowed(&shared, &headers, &instance).and_then(|()| made()), 201)
}
