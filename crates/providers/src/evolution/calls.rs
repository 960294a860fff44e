//! Instances, groups and posts (NOTES.md §2, §3).

use domain::{
    group::{
        AccountState, CommunityPlace, FoundPost, Group, InviteLink, Jid, Member, MemberRole, Passkey, Person,
    },
    outcome::{Outcome, ProviderAnswer},
    post::{FilledPost, MediaKind},
    time::{MINUTE, Millis, SECOND},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{EvolutionAccount, answers::read_answer};
use crate::{
    answer::{self, QueryError},
    codes,
    gateway::{Created, GroupCall, Link, LinkBy, LinkCode, LinkCodeKind, NewGroup, Session, not_ready},
    http::Http,
    lenient::{id, integer, text, yes_or_no},
    linked::{BANNED, LOCKED, UNLINKED, file_name, is_missing, mime, whatsapp_code},
    secret::Secret,
};

/// A QR code lives this long here (§2).
const QR_LIFE_MS: i64 = 45 * SECOND;
/// A code that is typed lives this long (§2).
const PAIRING_LIFE_MS: i64 = 3 * MINUTE;

fn unreadable(what: &str) -> QueryError {
    QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, format!("Evolution API’s answer holds {what}")))
}

impl EvolutionAccount {
    async fn get(&self, http: &Http, action: [&str; 2], query: &[(&str, &str)]) -> Result<Value, QueryError> {
        let path = [action[0], action[1], self.instance.as_str()];
        self.wire.ask(http, (Method::GET, &path, query), None).await
    }

    /// A question whose answer may be 200 with an error inside (§2).
    async fn tell(
        &self,
        http: &Http,
        method: Method,
        action: [&str; 2],
        body: Option<Value>,
    ) -> Result<Value, QueryError> {
        let path = [action[0], action[1], self.instance.as_str()];
        let answer = self.wire.ask(http, (method, &path, &[]), body).await?;
        if yes_or_no(&answer["error"]) == Some(true) {
            let words = text(&answer["message"]).or_else(|| text(&answer["response"]["message"]));
            let words = words.unwrap_or_else(|| "It refused without a reason".to_owned());
            return Err(QueryError::Refused(ProviderAnswer::new(codes::REFUSED_WITH_200, words)));
        }
        Ok(answer)
    }

    /// What the gateway holds of the instance; `None` where it does not know it.
    async fn stored(&self, http: &Http) -> Result<Option<Value>, QueryError> {
        let path = ["instance", "fetchInstances"];
        let query = [("instanceName", self.instance.as_str())];
        match self.wire.ask(http, (Method::GET, &path, &query), None).await {
            Ok(body) => {
                let rows = body.as_array().cloned().unwrap_or_else(|| vec![body]);
                Ok(rows.into_iter().find(|row| row["name"].as_str() == Some(&self.instance)))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn standing(&self, http: &Http, now: Millis) -> Result<Session, QueryError> {
        let Some(row) = self.stored(http).await? else { return Ok(Session::of(AccountState::Unlinked)) };
        let mut session = session_of(&row);
        if session.state == AccountState::Linking {
            session.code = self.code(http, None, now).await?;
            if session.code.is_none() {
                session.state = AccountState::Connecting;
            }
        }
        Ok(session)
    }

    /// The code that waits; asks for one where none does. `None` while there is none yet.
    async fn code(
        &self,
        http: &Http,
        number: Option<&str>,
        now: Millis,
    ) -> Result<Option<LinkCode>, QueryError> {
        let query: Vec<(&str, &str)> = number.map(|number| ("number", number)).into_iter().collect();
        let body = self.get(http, ["instance", "connect"], &query).await?;
        let body = if body["qrcode"].is_object() { &body["qrcode"] } else { &body };
        let pairing = text(&body["pairingCode"]).filter(|_| number.is_some());
        let pairing = pairing.map(|code| (LinkCodeKind::Pairing(Secret::new(&code)), PAIRING_LIFE_MS));
        let qr = text(&body["code"]).map(|code| (LinkCodeKind::Qr(Secret::new(&code)), QR_LIFE_MS));
        Ok(pairing.or(qr).map(|(kind, life)| LinkCode { kind, expires: now.plus(life) }))
    }

    pub(super) async fn begin(&self, http: &Http, link: &Link<'_>) -> Result<Session, QueryError> {
        match self.stored(http).await? {
            None => {
                let path = ["instance", "create"];
                let body = self.new_instance(link.callback);
                self.wire.ask(http, (Method::POST, &path, &[]), Some(body)).await?;
            }
            Some(_) => {
                let body = json!({ "webhook": self.webhook(link.callback) });
                self.tell(http, Method::POST, ["webhook", "set"], Some(body)).await?;
                self.hear_groups(http).await?;
            }
        }
        let session = match self.stored(http).await? {
            Some(row) => session_of(&row),
            None => Session::of(AccountState::Unlinked),
        };
        if session.state.is_connected() {
            return Ok(session);
        }
        let number = match link.by {
            LinkBy::Qr => None,
            LinkBy::PairingCode(phone) => Some(phone.digits()),
        };
        let code = self.code(http, number, link.now).await?;
        let state = if code.is_some() { AccountState::Linking } else { AccountState::Connecting };
        Ok(Session { state, code, ..session })
    }

    /// An instance that was made by hand may be deaf to groups (§2).
    async fn hear_groups(&self, http: &Http) -> Result<(), QueryError> {
        let body = json!({
            "groupsIgnore": false, "rejectCall": false, "alwaysOnline": false, "readMessages": false,
            "readStatus": false, "syncFullHistory": false,
        });
        self.tell(http, Method::POST, ["settings", "set"], Some(body)).await.map(drop)
    }

    pub(super) async fn stop_linking(&self, http: &Http) -> Result<(), QueryError> {
        let unlinked = self.stored(http).await?.is_some_and(|row| text(&row["ownerJid"]).is_none());
        if !unlinked {
            return Ok(());
        }
        self.tell(http, Method::DELETE, ["instance", "delete"], None).await.map(drop)
    }

    pub(super) async fn log_out(&self, http: &Http) -> Result<(), QueryError> {
        match self.tell(http, Method::DELETE, ["instance", "logout"], None).await {
            // Closed already, or not there (§2).
            Err(QueryError::Refused(said)) if ["http_400", "http_404"].contains(&said.code.as_str()) => {
                Ok(())
            }
            ended => ended.map(drop),
        }
    }

    pub(super) async fn list_groups(&self, http: &Http) -> Result<Vec<Group>, QueryError> {
        let stored = self.stored(http).await?.filter(|row| session_of(row).state.is_connected());
        let me = stored.ok_or_else(not_ready)?;
        let me = text(&me["ownerJid"]).and_then(|jid| Person::parse(&jid));
        let path = ["group", "fetchAllGroups", self.instance.as_str()];
        let body = self.wire.list(http, &path, &[("getParticipants", "true")]).await?;
        let rows = body.as_array().ok_or_else(|| unreadable("no list of groups"))?;
        let read = |row| group(row, me.as_ref()).ok_or_else(|| unreadable("a group without an id"));
        rows.iter().map(read).collect()
    }

    pub(super) async fn list_members(&self, http: &Http, group: &Jid) -> Result<Vec<Member>, QueryError> {
        let path = ["group", "participants", self.instance.as_str()];
        let body = self.wire.list(http, &path, &[("groupJid", group.as_str())]).await?;
        let rows = body["participants"].as_array().ok_or_else(|| unreadable("no list of members"))?;
        Ok(rows.iter().filter_map(member).collect())
    }

    pub(super) async fn invite_of(&self, http: &Http, group: &Jid) -> Result<InviteLink, QueryError> {
        let body = self.get(http, ["group", "inviteCode"], &[("groupJid", group.as_str())]).await?;
        let code = text(&body["inviteUrl"]).or_else(|| text(&body["inviteCode"]));
        code.and_then(|code| InviteLink::parse(&code)).ok_or_else(|| unreadable("no invitation"))
    }

    pub(super) async fn create_group(&self, http: &Http, new: &NewGroup) -> Result<Created, QueryError> {
        let people: Vec<&str> = new.people.iter().map(domain::phone::Phone::digits).collect();
        let body = json!({ "subject": new.subject, "description": new.description, "participants": people });
        let made = self.tell(http, Method::POST, ["group", "create"], Some(body)).await?;
        let made = group(&made, None).ok_or_else(|| unreadable("no group"))?;
        Ok(Created { group: made.jid, parent: None, invite: None })
    }

    /// The one call that posts.
    pub(super) async fn post_once(&self, http: &Http, call: &GroupCall<'_>) -> Outcome {
        let (action, body) = body(call.group, call.post);
        let path = ["message", action, self.instance.as_str()];
        match self.wire.call(http, (Method::POST, &path, &[]), Some(body), false).await {
            Ok(answer) => read_answer(&answer, call.now, &[&self.wire.key]),
            Err(silence) => answer::unanswered(silence),
        }
    }

    /// Looks through the messages that the gateway stored of the group (§3).
    pub(super) async fn find_post(
        &self,
        http: &Http,
        group: &Jid,
        post: &FilledPost,
        since: Millis,
    ) -> Result<Option<FoundPost>, QueryError> {
        let body = json!({ "where": { "key": { "remoteJid": group.as_str(), "fromMe": true } }, "page": 1, "offset": 50 });
        let body = self.tell(http, Method::POST, ["chat", "findMessages"], Some(body)).await?;
        let rows = [&body["messages"]["records"], &body["records"], &body["messages"], &body];
        let rows = rows.into_iter().find_map(Value::as_array).ok_or_else(|| unreadable("no messages"))?;
        let wanted = post.poll.as_ref().map_or(post.text.as_str(), |poll| poll.question.as_str()).trim();
        Ok(rows.iter().find_map(|row| {
            let at = integer(&row["messageTimestamp"]).map(|seconds| Millis(seconds * 1_000));
            let ours = yes_or_no(&row["key"]["fromMe"]) == Some(true);
            let late = at.is_none_or(|at| at.0 >= since.0 - since.0 % 1_000);
            let same = text_of_message(&row["message"]).is_some_and(|text| text.trim() == wanted);
            let id = id(Some(&row["key"]["id"])).filter(|_| ours && late && same)?;
            Some(FoundPost { id, at })
        }))
    }

    pub(super) async fn edit_post(
        &self,
        http: &Http,
        group: &Jid,
        message: &str,
        text: &str,
    ) -> Result<(), QueryError> {
        let key = json!({ "id": message, "remoteJid": group.as_str(), "fromMe": true });
        let body = json!({ "number": group.as_str(), "key": key, "text": text });
        self.tell(http, Method::POST, ["chat", "updateMessage"], Some(body)).await.map(drop)
    }

    pub(super) async fn delete_post(
        &self,
        http: &Http,
        group: &Jid,
        message: &str,
    ) -> Result<(), QueryError> {
        let body = json!({ "id": message, "remoteJid": group.as_str(), "fromMe": true });
        self.tell(http, Method::DELETE, ["chat", "deleteMessageForEveryone"], Some(body)).await.map(drop)
    }
}

/// The text of a stored message: of a text, a caption, or a poll's question.
fn text_of_message(message: &Value) -> Option<&str> {
    let places = [
        &message["conversation"],
        &message["extendedTextMessage"]["text"],
        &message["imageMessage"]["caption"],
        &message["videoMessage"]["caption"],
        &message["documentMessage"]["caption"],
        &message["documentWithCaptionMessage"]["message"]["documentMessage"]["caption"],
        &message["pollCreationMessage"]["name"],
        &message["pollCreationMessageV3"]["name"],
    ];
    places.into_iter().find_map(Value::as_str)
}

/// Which call posts it, and its body. Pacing is ours: `delay` would hold the call open (§3).
fn body(group: &Jid, post: &FilledPost) -> (&'static str, Value) {
    let mut body = json!({ "number": group.as_str() });
    if post.mention_all {
        body["mentionsEveryOne"] = json!(true);
    }
    if let Some(poll) = &post.poll {
        let count = if poll.several { poll.options.len() } else { 1 };
        body["name"] = json!(poll.question);
        body["selectableCount"] = json!(count);
        body["values"] = json!(poll.options);
        return ("sendPoll", body);
    }
    let Some(media) = &post.media else {
        body["text"] = json!(post.text);
        body["linkPreview"] = json!(post.link_preview);
        return ("sendText", body);
    };
    body["mediatype"] = json!(match media.kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
    });
    body["mimetype"] = json!(mime(media));
    body["fileName"] = json!(file_name(media));
    body["media"] = json!(media.url);
    body["caption"] = json!(post.text);
    ("sendMedia", body)
}

/// What an instance says of itself.
pub(super) fn session_of(row: &Value) -> Session {
    let me = text(&row["ownerJid"]).and_then(|jid| Person::parse(&jid));
    let linked = me.is_some();
    let state = state_of(
        row["connectionStatus"].as_str().unwrap_or_default(),
        integer(&row["disconnectionReasonCode"]),
        linked,
    );
    Session {
        state,
        phone: me.as_ref().and_then(Person::phone).cloned(),
        name: text(&row["profileName"]).unwrap_or_default(),
        code: None,
        passkey: None,
    }
}

/// The model's word for a connection (§2). That another program took the place cannot be seen, and a passkey that is wanted looks like
/// a connection that is being made.
pub(super) fn state_of(state: &str, reason: Option<i64>, linked: bool) -> AccountState {
    match (state, reason.map(|code| (code, whatsapp_code(code).0))) {
        ("open", _) => AccountState::Ready,
        ("connecting", _) if linked => AccountState::Waiting { since: None },
        ("connecting", _) => AccountState::Linking,
        ("refused", _) => AccountState::PasskeyNeeded(Passkey::NotHere),
        (_, Some((_, UNLINKED))) => AccountState::LoggedOut,
        (_, Some((code, BANNED))) => AccountState::Restricted { until: None, code: code.to_string() },
        (_, Some((code, LOCKED))) => AccountState::Blocked { code: code.to_string() },
        _ if linked => AccountState::Waiting { since: None },
        _ => AccountState::Unlinked,
    }
}

fn group(row: &Value, me: Option<&Person>) -> Option<Group> {
    let yes = |name: &str| yes_or_no(&row[name]).unwrap_or(false);
    let parent = text(&row["linkedParent"]).and_then(|jid| jid.parse().ok());
    let place = match parent {
        _ if yes("isCommunity") => CommunityPlace::Parent,
        parent if yes("isCommunityAnnounce") => CommunityPlace::Announcements { parent },
        Some(parent) => CommunityPlace::Of { parent },
        None => CommunityPlace::Alone,
    };
    let members: Option<Vec<Member>> =
        row["participants"].as_array().map(|rows| rows.iter().filter_map(member).collect());
    let admin = members.as_ref().zip(me).and_then(|(members, me)| {
        let ours = members
            .iter()
            .find(|member| member.person.phone().is_some() && member.person.phone() == me.phone());
        ours.map(|member| member.role.is_admin())
    });
    let counted = members.as_ref().filter(|members| !members.is_empty()).map(Vec::len);
    let size = counted.and_then(|n| i64::try_from(n).ok()).or_else(|| integer(&row["size"]));
    Some(Group {
        jid: text(&row["id"])?.parse().ok()?,
        subject: text(&row["subject"]).unwrap_or_default(),
        size: size.and_then(|n| u32::try_from(n).ok()),
        announce: yes("announce"),
        locked: yes("restrict"),
        admin,
        place,
        invite: None,
        disappears_after: integer(&row["ephemeralDuration"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
    })
}

fn member(row: &Value) -> Option<Member> {
    let ids = [&row["id"], &row["phoneNumber"], &row["lid"]].into_iter().filter_map(text);
    let mut people = ids.filter_map(|id| Person::parse(&id));
    let first = people.next()?;
    let person = people.fold(first, |all, one| all.and(Some(one)));
    let role = match row["admin"].as_str() {
        Some("superadmin") => MemberRole::Owner,
        Some(_) => MemberRole::Admin,
        None => MemberRole::Member,
    };
    Some(Member { person, role })
}
