//! Groups and their members, in the shapes of the engines (NOTES.md §5).

use std::collections::HashMap;

use domain::{
    group::{CommunityPlace, Group, InviteLink, Jid, Lid, Member, MemberRole, Person},
    outcome::ProviderAnswer,
    phone::Phone,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::WahaAccount;
use crate::{
    answer::QueryError,
    codes,
    gateway::{Created, NewGroup},
    http::Http,
    lenient::{integer, text, yes_or_no},
};

/// Groups of one page of the listing.
const PAGE: usize = 50;
/// Pages at most: nobody is in ten thousand groups.
const PAGES_MAX: usize = 200;

fn unreadable(what: &str) -> QueryError {
    QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, format!("WAHA’s answer holds {what}")))
}

impl WahaAccount {
    /// All groups, page by page, compared with what the gateway counts: a listing that breaks off is an error.
    pub(super) async fn list_groups(
        &self,
        http: &Http,
        me: Option<&Person>,
    ) -> Result<Vec<Group>, QueryError> {
        let limit = PAGE.to_string();
        let mut all: HashMap<Jid, Group> = HashMap::new();
        for page in 0..PAGES_MAX {
            let offset = (page * PAGE).to_string();
            let query =
                [("limit", limit.as_str()), ("offset", &offset), ("sortBy", "id"), ("sortOrder", "asc")];
            let body = self.wire.list(http, &["api", &self.session, "groups"], &query).await?;
            let rows = rows(&body).ok_or_else(|| unreadable("no list of groups"))?;
            let count = rows.len();
            for row in rows {
                let group = group(row, me).ok_or_else(|| unreadable("a group without an id"))?;
                all.insert(group.jid.clone(), group);
            }
            if count < PAGE {
                break;
            }
        }
        let count =
            self.wire.ask(http, (Method::GET, &["api", &self.session, "groups", "count"], &[]), None).await?;
        let counted = integer(&count["count"]).or_else(|| integer(&count));
        let counted =
            counted.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| unreadable("no count of groups"))?;
        if all.len() < counted {
            let words = format!("WAHA listed {} of {counted} groups", all.len());
            return Err(QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, words)));
        }
        let mut all: Vec<Group> = all.into_values().collect();
        all.sort_by(|one, other| one.jid.cmp(&other.jid));
        Ok(all)
    }

    /// Everybody in a group; numbers that the list hides are looked up where the gateway knows them.
    pub(super) async fn list_members(&self, http: &Http, group: &Jid) -> Result<Vec<Member>, QueryError> {
        let path = ["api", &self.session, "groups", group.as_str(), "participants", "v2"];
        let body = self.wire.list(http, &path, &[]).await?;
        let rows = body.as_array().ok_or_else(|| unreadable("no list of members"))?;
        let mut members: Vec<Member> = rows.iter().filter_map(member).collect();
        let hidden = |member: &Member| matches!(member.person, Person::Hidden(_));
        if members.iter().any(hidden) {
            let known = self.numbers_of_lids(http).await;
            for member in members.iter_mut().filter(|one| hidden(one)) {
                let phone = member.person.lid().and_then(|lid| known.get(lid)).cloned();
                member.person = member.person.clone().and(phone.map(Person::Number));
            }
        }
        Ok(members)
    }

    /// The numbers behind hidden ids that the gateway learnt (§5). Without them members stay hidden, which is no error.
    async fn numbers_of_lids(&self, http: &Http) -> HashMap<Lid, Phone> {
        let query = [("limit", "10000"), ("offset", "0")];
        let Ok(body) = self.wire.list(http, &["api", &self.session, "lids"], &query).await else {
            return HashMap::new();
        };
        let pairs = body.as_array().into_iter().flatten().filter_map(|row| {
            let lid = Lid::parse(row["lid"].as_str()?)?;
            Some((lid, Person::parse(row["pn"].as_str()?)?.phone()?.clone()))
        });
        pairs.collect()
    }

    pub(super) async fn invite_of(&self, http: &Http, group: &Jid) -> Result<InviteLink, QueryError> {
        let path = ["api", &self.session, "groups", group.as_str(), "invite-code"];
        let body = self.wire.ask(http, (Method::GET, &path, &[]), None).await?;
        let code = [&body, &body["code"], &body["inviteCode"], &body["invite"]].into_iter().find_map(text);
        code.and_then(|code| InviteLink::parse(&code)).ok_or_else(|| unreadable("no invitation"))
    }

    pub(super) async fn create_group(&self, http: &Http, new: &NewGroup) -> Result<Created, QueryError> {
        let people: Vec<Value> =
            new.people.iter().map(|phone| json!({ "id": format!("{}@c.us", phone.digits()) })).collect();
        let path = ["api", self.session.as_str(), "groups"];
        let body = json!({ "name": new.subject, "participants": people });
        let made = self.wire.ask(http, (Method::POST, &path, &[]), Some(body)).await?;
        let made = group(&made, None).ok_or_else(|| unreadable("no group"))?;
        if !new.description.is_empty() {
            let path = ["api", &self.session, "groups", made.jid.as_str(), "description"];
            let body = json!({ "description": new.description });
            // The group exists: a description that was not taken is no reason to make another one.
            let _ = self.wire.ask(http, (Method::PUT, &path, &[]), Some(body)).await;
        }
        Ok(Created { group: made.jid, parent: None, invite: made.invite })
    }
}

/// The groups of a page: a list, or an object keyed by their ids.
fn rows(body: &Value) -> Option<Vec<&Value>> {
    match body {
        Value::Array(rows) => Some(rows.iter().collect()),
        Value::Object(members) if members.keys().all(|key| key.contains('@')) => {
            Some(members.values().collect())
        }
        _ => None,
    }
}

/// The first member of these names that holds something.
fn either<'v>(row: &'v Value, names: &[&str]) -> &'v Value {
    const NONE: &Value = &Value::Null;
    names.iter().map(|name| &row[*name]).find(|value| !value.is_null()).unwrap_or(NONE)
}

fn truth(row: &Value, names: &[&str]) -> bool {
    yes_or_no(either(row, names)).unwrap_or(false)
}

/// One group, with the names that GOWS gives its members and those of the other engines.
pub(super) fn group(row: &Value, me: Option<&Person>) -> Option<Group> {
    let id = either(row, &["JID", "id", "jid"]);
    let jid: Jid = text(id).or_else(|| text(&id["_serialized"]))?.parse().ok()?;
    let parent = text(either(row, &["LinkedParentJID", "linkedParent"])).and_then(|jid| jid.parse().ok());
    let place = match parent {
        _ if truth(row, &["IsParent", "isCommunity"]) => CommunityPlace::Parent,
        parent if truth(row, &["IsDefaultSubGroup", "isCommunityAnnounce"]) => {
            CommunityPlace::Announcements { parent }
        }
        Some(parent) => CommunityPlace::Of { parent },
        None => CommunityPlace::Alone,
    };
    let people = either(row, &["Participants", "participants"]).as_array();
    let admin = people.zip(me).and_then(|(people, me)| {
        let ours = people.iter().filter_map(member).find(|member| same(&member.person, me));
        ours.map(|member| member.role.is_admin())
    });
    let size = integer(either(row, &["ParticipantCount", "size"])).and_then(|n| u32::try_from(n).ok());
    let listed =
        people.filter(|people| !people.is_empty()).and_then(|people| u32::try_from(people.len()).ok());
    Some(Group {
        jid,
        subject: text(either(row, &["Name", "subject", "name"])).unwrap_or_default(),
        size: listed.or(size),
        announce: truth(row, &["IsAnnounce", "announce"]),
        locked: truth(row, &["IsLocked", "restrict"]),
        admin,
        place,
        invite: None,
        disappears_after: integer(either(row, &["DisappearingTimer", "ephemeralDuration"]))
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(0),
    })
}

/// Whether two name one person: by number, or by hidden id.
fn same(one: &Person, other: &Person) -> bool {
    let phones = one.phone().zip(other.phone()).is_some_and(|(a, b)| a == b);
    phones || one.lid().zip(other.lid()).is_some_and(|(a, b)| a == b)
}

/// One member; `None` for who left and for ids that are no person's.
pub(super) fn member(row: &Value) -> Option<Member> {
    let person = person(row)?;
    let role = match text(either(row, &["role", "admin"])).as_deref() {
        Some("left") => return None,
        Some("superadmin") => MemberRole::Owner,
        Some("admin") => MemberRole::Admin,
        _ if truth(row, &["IsSuperAdmin", "isSuperAdmin"]) => MemberRole::Owner,
        _ if truth(row, &["IsAdmin", "isAdmin"]) => MemberRole::Admin,
        _ => MemberRole::Member,
    };
    Some(Member { person, role })
}

/// A person with everything that a row tells of them.
pub(super) fn person(row: &Value) -> Option<Person> {
    let id = either(row, &["id", "JID", "jid"]);
    let ids = [
        text(id).or_else(|| text(&id["_serialized"])),
        text(either(row, &["pn", "PhoneNumber", "phoneNumber"])),
        text(either(row, &["lid", "LID"]))
            .map(|lid| if lid.contains('@') { lid } else { format!("{lid}@lid") }),
    ];
    let mut read = ids.into_iter().flatten().filter_map(|id| Person::parse(&id));
    let first = read.next()?;
    Some(read.fold(first, |person, other| person.and(Some(other))))
}
