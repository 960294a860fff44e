//! The twelve calls (NOTES.md §2).

use domain::{
    group::{AccountState, CommunityPlace, FoundPost, Group, InviteLink, Jid, Member, MemberRole, Person},
    outcome::{Outcome, ProviderAnswer},
    phone::Phone,
    post::{FilledPost, MediaKind},
    time::{MINUTE, Millis},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BaileysAccount, answers::read_answer, receipts::who};
use crate::{
    answer::{self, QueryError},
    codes,
    gateway::{Created, GroupCall, Link, LinkCode, LinkCodeKind, NewGroup, Session, not_ready},
    http::Http,
    lenient::{id, instant, integer, text, yes_or_no},
    linked::is_missing,
    secret::Secret,
};

/// A QR code is shown this long at most (§2).
const QR_LIFE_MS: i64 = MINUTE;

fn unreadable(what: &str) -> QueryError {
    QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, format!("The gateway’s answer holds {what}")))
}

impl BaileysAccount {
    async fn get(&self, http: &Http, path: &[&str]) -> Result<Value, QueryError> {
        self.wire.ask(http, (Method::GET, path, &[]), None).await
    }

    async fn tell(&self, http: &Http, path: &[&str], body: Value) -> Result<Value, QueryError> {
        self.wire.ask(http, (Method::POST, path, &[]), Some(body)).await
    }

    /// How the session stands (§2). A lost connection and an unlinked phone look alike here.
    pub(super) async fn standing(&self, http: &Http, now: Millis) -> Result<Session, QueryError> {
        let body = match self.get(http, &["status", &self.session]).await {
            Ok(body) => body,
            Err(error) if is_missing(&error) => return Ok(Session::of(AccountState::Unlinked)),
            Err(error) => return Err(error),
        };
        let state = match body["status"].as_str().unwrap_or_default() {
            "qr" => AccountState::Linking,
            "connecting" => AccountState::Connecting,
            "connected" => AccountState::Ready,
            "disconnected" => AccountState::Waiting { since: None },
            _ => return Err(unreadable("a state that is not known")),
        };
        let code = text(&body["qr"]).filter(|_| state == AccountState::Linking).map(|picture| LinkCode {
            kind: LinkCodeKind::QrPicture(Secret::new(&picture)),
            expires: now.plus(QR_LIFE_MS),
        });
        let phone = text(&body["phoneNumber"]).and_then(|number| Person::parse(&number));
        let phone: Option<Phone> = phone.as_ref().and_then(Person::phone).cloned();
        Ok(Session { state, phone, name: String::new(), code, passkey: None })
    }

    pub(super) async fn begin(&self, http: &Http, link: &Link<'_>) -> Result<Session, QueryError> {
        let session = self.standing(http, link.now).await?;
        if session.state == AccountState::Ready || session.code.is_some() {
            return Ok(session);
        }
        let mut body = json!({ "sessionId": self.session });
        if let Some((proxy, user, password)) = &self.proxy {
            body["proxy"] = json!({
                "host": proxy.host, "port": proxy.port, "username": user,
                "password": password.as_ref().map(Secret::expose).unwrap_or_default(),
            });
        }
        self.tell(http, &["connect"], body).await?;
        self.standing(http, link.now).await
    }

    pub(super) async fn disconnect(&self, http: &Http) -> Result<(), QueryError> {
        match self.tell(http, &["disconnect", &self.session], json!({})).await {
            Err(error) if is_missing(&error) => Ok(()),
            ended => ended.map(drop),
        }
    }

    /// A half-made session is taken away; a linked one stays.
    pub(super) async fn stop_linking(&self, http: &Http) -> Result<(), QueryError> {
        let session = self.standing(http, Millis(0)).await?;
        match session.state {
            AccountState::Linking | AccountState::Connecting if session.phone.is_none() => {
                self.disconnect(http).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn list_groups(&self, http: &Http) -> Result<Vec<Group>, QueryError> {
        // A session that is down answers with what it remembers, or with nothing (§2).
        if !self.standing(http, Millis(0)).await?.state.is_connected() {
            return Err(not_ready());
        }
        let path = ["groups", self.session.as_str()];
        let body = self.wire.list(http, &path, &[("includeInviteLinks", "true")]).await?;
        let rows = body["groups"].as_array().ok_or_else(|| unreadable("no list of groups"))?;
        rows.iter().map(|row| group(row).ok_or_else(|| unreadable("a group without an id"))).collect()
    }

    pub(super) async fn list_members(&self, http: &Http, group: &Jid) -> Result<Vec<Member>, QueryError> {
        let path = ["groups", self.session.as_str(), group.as_str(), "participants"];
        let body = self.wire.list(http, &path, &[]).await?;
        let rows = body["participants"].as_array().ok_or_else(|| unreadable("no list of members"))?;
        Ok(rows.iter().filter_map(member).collect())
    }

    pub(super) async fn invite_of(&self, http: &Http, group: &Jid) -> Result<InviteLink, QueryError> {
        let body = self.get(http, &["groups", &self.session, group.as_str(), "invite"]).await?;
        invite(&body).ok_or_else(|| unreadable("no invitation"))
    }

    /// Makes a community and its group of announcements; plain groups are not supported there.
    pub(super) async fn create_community(&self, http: &Http, new: &NewGroup) -> Result<Created, QueryError> {
        let admins: Vec<&str> = new.people.iter().map(Phone::digits).collect();
        let body = json!({
            "sessionId": self.session, "name": new.subject, "description": new.description,
            "settings": { "announcement": true, "restrict": true }, "adminNumbers": admins,
        });
        let body = self.tell(http, &["create-community"], body).await?;
        if yes_or_no(&body["success"]) == Some(false) {
            let words = text(&body["error"]).unwrap_or_else(|| "It made none".to_owned());
            return Err(QueryError::Refused(ProviderAnswer::new(codes::REFUSED_WITH_200, words)));
        }
        let jid = |name: &str| text(&body[name]).and_then(|jid| jid.parse::<Jid>().ok());
        let parent = jid("communityId").or_else(|| jid("groupId"));
        let group = jid("announcementGroupId").ok_or_else(|| unreadable("no group of announcements"))?;
        Ok(Created { group, parent, invite: invite(&body) })
    }

    /// The one call that posts. Its answer comes before WhatsApp has the post (§3).
    pub(super) async fn post_once(&self, http: &Http, call: &GroupCall<'_>) -> Outcome {
        let body = self.body(call.group, call.post);
        match self.wire.call(http, (Method::POST, &["send"], &[]), Some(body), false).await {
            Ok(answer) => read_answer(&answer, call.now, &[&self.wire.key]),
            Err(silence) => answer::unanswered(silence),
        }
    }

    fn body(&self, group: &Jid, post: &FilledPost) -> Value {
        let mut body = json!({ "sessionId": self.session, "phone": group.as_str(), "message": post.text });
        if let Some(media) = &post.media {
            body["mediaUrl"] = json!(media.url);
            body["mediaType"] = json!(match media.kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Document => "document",
            });
        }
        body
    }

    /// The last message to that group, where it is not older. Its text is not told: that it is ours follows from there being one post
    /// under way to a group at a time (§4).
    pub(super) async fn last_post(
        &self,
        http: &Http,
        group: &Jid,
        since: Millis,
    ) -> Result<Option<FoundPost>, QueryError> {
        let body = json!({ "sessionId": self.session, "groupJid": group.as_str() });
        let body = self.tell(http, &["message-status"], body).await?;
        if yes_or_no(&body["found"]) != Some(true) {
            return Ok(None);
        }
        let at = instant(&body["timestamp"]);
        let id = id(Some(&body["messageId"])).filter(|_| at.is_some_and(|at| at >= since));
        Ok(id.map(|id| FoundPost { id, at }))
    }
}

fn invite(body: &Value) -> Option<InviteLink> {
    let code = text(&body["inviteLink"]).or_else(|| text(&body["inviteCode"]))?;
    InviteLink::parse(&code)
}

fn group(row: &Value) -> Option<Group> {
    let yes = |name: &str| yes_or_no(&row[name]);
    let announcements = yes("isCommunityAnnounce").unwrap_or(false);
    let place = match (yes("isCommunity").unwrap_or(false), announcements) {
        (_, true) => CommunityPlace::Announcements { parent: None },
        (true, false) => CommunityPlace::Parent,
        (false, false) => CommunityPlace::Alone,
    };
    Some(Group {
        jid: text(&row["id"])?.parse().ok()?,
        subject: text(&row["name"]).or_else(|| text(&row["subject"])).unwrap_or_default(),
        size: integer(&row["participants"]).and_then(|n| u32::try_from(n).ok()),
        announce: announcements,
        locked: false,
        admin: yes("isAdmin"),
        place,
        invite: invite(row),
        disappears_after: 0,
    })
}

fn member(row: &Value) -> Option<Member> {
    let by_id = text(&row["id"]).and_then(|id| Person::parse(&id));
    let by_phone = who(&row["phone"]);
    let person = match (by_id, by_phone) {
        (Some(one), other) => one.and(other),
        (None, Some(one)) => one,
        (None, None) => return None,
    };
    let role = if yes_or_no(&row["isAdmin"]) == Some(true) { MemberRole::Admin } else { MemberRole::Member };
    Some(Member { person, role })
}
