//! WhatsApp itself as gateways see it: groups, the phones of their members, and what became of each post there.
//!
//! Every gateway's stand-in has one of its own. A post is on the phone of every member but the one that posted it. The
//! [`World`](crate::World) holds it once for each, with the group in the place of the campaign.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Shared;
use crate::faults::Faults;
use crate::receipts::{self, Post};
use crate::world::{self, Message, Place, Status};

/// A group, or a community's parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The id of the group, `120363…@g.us`.
    pub jid: String,
    /// Name of the group.
    pub subject: String,
    /// The description of the group.
    pub description: String,
    /// Whether only admins may post.
    pub announce: bool,
    /// Whether only admins may change the group.
    pub locked: bool,
    /// Whether it is a community itself: a post to it is refused with 420.
    pub is_parent: bool,
    /// Whether it is the group of a community's announcements.
    pub is_announcements: bool,
    /// The id of the community that it belongs to; `None` for none.
    pub parent: Option<String>,
    /// The code of its invitation link.
    pub invite: String,
    /// The members of the group.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Number, digits with country code.
    pub phone: u64,
    /// The hidden id, as digits.
    pub lid: u64,
    /// Whether WhatsApp tells only the hidden id and not the number.
    pub hidden: bool,
    /// Whether the member is an admin.
    pub admin: bool,
    /// Whether the member created the group.
    pub owner: bool,
}

impl Member {
    /// A member with that number, and a hidden id made from it.
    pub fn of(phone: u64) -> Member {
        Member { phone, lid: 100_000_000_000_000 + phone % 10_000_000_000, ..Member::default() }
    }

    /// An admin.
    pub fn admin(phone: u64) -> Member {
        Member { admin: true, ..Member::of(phone) }
    }
}

impl Group {
    /// A group of these numbers, the first of them an admin.
    pub fn of(jid: &str, subject: &str, phones: impl IntoIterator<Item = u64>) -> Group {
        let members = phones.into_iter().enumerate();
        let members =
            members.map(|(at, phone)| if at == 0 { Member::admin(phone) } else { Member::of(phone) });
        Group {
            jid: jid.to_owned(),
            subject: subject.to_owned(),
            invite: format!("TESTinvite{:012}", world_key(jid) % 1_000_000_000_000),
            members: members.collect(),
            ..Group::default()
        }
    }

    /// The member with that number.
    pub fn member(&self, phone: u64) -> Option<&Member> {
        self.members.iter().find(|member| member.phone == phone)
    }
}

/// A number under which a group's calls are counted and its faults are drawn: its digits, without the oldest.
pub(crate) fn world_key(jid: &str) -> u64 {
    let digits = jid.bytes().filter(u8::is_ascii_digit).map(|digit| u64::from(digit - b'0'));
    digits.fold(0_u64, |key, digit| key.wrapping_mul(10).wrapping_add(digit)) % 1_000_000_000_000_000_000
}

/// The kind of a post in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PostKind {
    /// A text without a file.
    #[default]
    Text,
    /// A picture with an optional caption.
    Image,
    /// A video with an optional caption.
    Video,
    /// Any other file, with an optional caption.
    Document,
    /// A question with answers.
    Poll,
}

/// One post in one group.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GroupPost {
    /// The id of the post, as the posting device chose it.
    pub id: String,
    /// The id of the group.
    pub group: String,
    /// The number that posted it.
    pub account: u64,
    /// The kind of the post.
    pub kind: PostKind,
    /// Its text, caption or question as it was posted.
    pub text: String,
    /// Whether the post mentions everybody.
    pub mentions_all: bool,
    /// Whether a preview of its first link was wanted.
    pub link_preview: bool,
    /// The address of its media; `None` without any.
    pub media: Option<String>,
    /// The answers of a poll; empty for other posts.
    pub options: Vec<String>,
    /// When it was posted, in milliseconds UTC.
    pub at: i64,
    /// Whether the request was answered with success.
    pub answered: bool,
    /// The code with which WhatsApp refused it afterwards; `None` where it did not.
    pub refused: Option<u32>,
    /// The text after it was changed; `None` where it was not.
    pub edited: Option<String>,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
    /// Members whose phones got it, and where in the world.
    #[serde(skip)]
    pub(crate) phones: Vec<(Member, Place)>,
}

/// Why WhatsApp refused a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such group, or the account is not in it.
    NoGroup,
    /// Only admins may post in the group.
    AdminsOnly,
}

#[derive(Debug, Default)]
struct Inner {
    groups: Vec<Group>,
    posts: Vec<Arc<GroupPost>>,
}

/// Groups and posts.
#[derive(Debug, Default)]
pub struct Network {
    start: Vec<Group>,
    inner: Mutex<Inner>,
}

impl Network {
    pub(crate) fn new(groups: Vec<Group>) -> Network {
        Network { inner: Mutex::new(Inner { groups: groups.clone(), posts: Vec::new() }), start: groups }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        *self.lock() = Inner { groups: self.start.clone(), posts: Vec::new() };
    }

    /// Every group.
    pub fn groups(&self) -> Vec<Group> {
        self.lock().groups.clone()
    }

    /// Replaces all groups; the posts stay.
    pub fn set_groups(&self, groups: Vec<Group>) {
        self.lock().groups = groups;
    }

    /// The groups that a number is in, in the order of their ids; parents of communities among them.
    pub fn groups_of(&self, phone: u64) -> Vec<Group> {
        let inner = self.lock();
        let mut own: Vec<Group> =
            inner.groups.iter().filter(|group| group.member(phone).is_some()).cloned().collect();
        own.sort_by(|one, other| one.jid.cmp(&other.jid));
        own
    }

    /// One group.
    pub fn group(&self, jid: &str) -> Option<Group> {
        self.lock().groups.iter().find(|group| group.jid == jid).cloned()
    }

    /// Changes a group; `None` where there is none.
    pub fn change_group<T>(&self, jid: &str, change: impl FnOnce(&mut Group) -> T) -> Option<T> {
        self.lock().groups.iter_mut().find(|group| group.jid == jid).map(change)
    }

    /// Lets somebody join a group or leave it; who it was, `None` where there is no such group.
    pub(crate) fn move_member(&self, jid: &str, phone: u64, joins: bool) -> Option<Member> {
        self.change_group(jid, |group| {
            let known = group.member(phone).cloned();
            group.members.retain(|member| member.phone != phone);
            let member = known.unwrap_or_else(|| Member::of(phone));
            if joins {
                group.members.push(member.clone());
            }
            member
        })
    }

    /// Makes a group.
    pub(crate) fn add_group(&self, group: Group) {
        self.lock().groups.push(group);
    }

    /// Every post in a group, oldest first.
    pub fn posts(&self, jid: &str) -> Vec<Arc<GroupPost>> {
        self.lock().posts.iter().filter(|post| post.group == jid).cloned().collect()
    }

    /// Every post in every group, oldest first.
    pub fn all_posts(&self) -> Vec<Arc<GroupPost>> {
        self.lock().posts.clone()
    }

    /// Changes a post; `None` where the group has none of that id.
    pub(crate) fn change_post<T>(
        &self,
        jid: &str,
        id: &str,
        change: impl FnOnce(&mut GroupPost) -> T,
    ) -> Option<T> {
        let mut inner = self.lock();
        let post = inner.posts.iter_mut().find(|post| post.group == jid && post.id == id)?;
        Some(change(Arc::make_mut(post)))
    }

    /// Whether a number may post in a group.
    pub(crate) fn may_post(&self, jid: &str, phone: u64) -> Result<Group, Refusal> {
        let group = self.group(jid).ok_or(Refusal::NoGroup)?;
        let member = group.member(phone).ok_or(Refusal::NoGroup)?;
        if group.announce && !(member.admin || member.owner) {
            return Err(Refusal::AdminsOnly);
        }
        Ok(group)
    }

    /// Lays a post on the phones of everybody in the group besides the poster.
    pub(crate) fn post(
        &self,
        shared: &Shared,
        vendor: &'static str,
        session: &str,
        post: GroupPost,
    ) -> Result<Arc<GroupPost>, Refusal> {
        let group = self.may_post(&post.group, post.account)?;
        let campaign = shared.world.name(&post.group);
        let account = shared.world.name(session);
        let fingerprint = shared.faults.chance().bits(&post.group, &post.text, 0);
        let lay = |member: &Member| {
            let place = shared.world.accept(Message {
                vendor,
                account: account.clone(),
                id: post.id.as_str().into(),
                phone: member.phone,
                name: Box::default(),
                campaign: campaign.clone(),
                text: post.text.as_str().into(),
                answered: post.answered,
                status: Status::Accepted,
                failure_code: None,
                accepted_at: post.at,
                delivered_at: None,
                read_at: None,
                failed_at: None,
                fingerprint,
            });
            (member.clone(), place)
        };
        shared.faults.count_accepted();
        let others = group.members.iter().filter(|member| member.phone != post.account);
        let phones = others.map(lay).collect();
        let post = Arc::new(GroupPost { phones, ..post });
        self.lock().posts.push(post.clone());
        Ok(post)
    }
}

/* ---------- What becomes of a post ---------- */

/// Something that a gateway reports about a post.
#[derive(Clone, Debug)]
pub(crate) enum PostNotice {
    /// WhatsApp accepted the post.
    Accepted,
    /// WhatsApp refused it with this code.
    Refused(u32),
    /// The phone of that member has it.
    Delivered(usize),
    /// This member opened the post.
    Read(usize),
}

/// Writes the requests in which one gateway tells it. `forged` is told by somebody who does not know the key.
pub(crate) type Teller = fn(&Shared, &Job) -> Vec<Post>;

/// Something that happens to a post and is reported.
#[derive(Clone)]
pub(crate) struct Job {
    teller: Teller,
    happens: fn(&Shared, &Job),
    /// The session that made the post.
    pub(crate) session: Arc<str>,
    pub(crate) post: Arc<GroupPost>,
    pub(crate) told: PostNotice,
    /// When it happens, in UTC milliseconds.
    pub(crate) at: i64,
    /// The envelope's number: the same for a repeat.
    pub(crate) nth: u64,
    pub(crate) forged: bool,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("post", &self.post.id).field("told", &self.told).finish_non_exhaustive()
    }
}

impl receipts::Job for Job {
    fn happen(&self, shared: &Shared) {
        if self.forged {
            return;
        }
        let change = |place: Place, status: Status| {
            shared.world.change(place, |message| {
                if status > message.status || status == Status::Failed {
                    message.status = status;
                }
                match status {
                    Status::Delivered => message.delivered_at = Some(self.at),
                    Status::Read => message.read_at = Some(self.at),
                    Status::Failed => message.failed_at = Some(self.at),
                    Status::Accepted | Status::Sent => {}
                }
            });
        };
        match self.told {
            PostNotice::Accepted => {
                self.post.phones.iter().for_each(|(_, place)| change(*place, Status::Sent))
            }
            PostNotice::Refused(_) => {
                self.post.phones.iter().for_each(|(_, place)| change(*place, Status::Failed))
            }
            PostNotice::Delivered(at) => change(self.post.phones[at].1, Status::Delivered),
            PostNotice::Read(at) => change(self.post.phones[at].1, Status::Read),
        }
        (self.happens)(shared, self);
    }

    fn is_forged(&self) -> bool {
        self.forged
    }

    fn posts(&self, shared: &Shared, _attempt: u32) -> Vec<Post> {
        (self.teller)(shared, self)
    }
}

/// Queues everything that becomes of a post.
pub(crate) fn plan(
    shared: &Shared,
    session: &str,
    post: &Arc<GroupPost>,
    group: &Group,
    teller: Teller,
    happens: fn(&Shared, &Job),
) {
    let faults = shared.faults.get();
    let chance = shared.faults.chance();
    let session: Arc<str> = shared.world.name(session);
    let mut queue = Vec::new();
    for (told, at) in events(shared, &faults, post, group) {
        let nth = shared.ids.next();
        let key = format!("{}:{told:?}", post.id);
        let job = Job {
            teller,
            happens,
            session: session.clone(),
            post: post.clone(),
            told,
            at,
            nth,
            forged: false,
        };
        let late = at.saturating_add_unsigned(faults.receipts.late_ms);
        let moved =
            |what| late.saturating_add_unsigned(chance.up_to(faults.receipts.shuffle_ms, what, &key, 0));
        if chance.hits(faults.receipts.forged, "forged", &key, 0) {
            queue.push((at, receipts::queued(Job { forged: true, ..job.clone() })));
        }
        if chance.hits(faults.receipts.duplicated, "duplicated", &key, 0) {
            queue.push((moved("shuffle_second"), receipts::queued(job.clone())));
        }
        queue.push((moved("shuffle"), receipts::queued(job)));
    }
    shared.courier.add(queue);
}

/// What happens to a post and when.
fn events(shared: &Shared, faults: &Faults, post: &GroupPost, group: &Group) -> Vec<(PostNotice, i64)> {
    let outcomes = &faults.outcomes;
    let chance = shared.faults.chance();
    let sent_at = post.at.saturating_add_unsigned(outcomes.sent_after_ms);
    if let Some(code) = refusal(faults, shared, post, group) {
        return vec![(PostNotice::Refused(code), sent_at)];
    }
    let mut events = Vec::new();
    if outcomes.sent {
        events.push((PostNotice::Accepted, sent_at));
    }
    for (at, (member, _)) in post.phones.iter().enumerate() {
        let key = member.phone.to_string();
        let nth = world_key(&post.id);
        let hits = |share, what| chance.hits(share, what, &key, nth);
        if !hits(outcomes.delivered, "delivered") {
            continue;
        }
        let spread = chance.up_to(outcomes.spread_ms, "spread", &key, nth);
        let there =
            post.at.saturating_add_unsigned(outcomes.delivered_after_ms.max(outcomes.sent_after_ms) + spread);
        events.push((PostNotice::Delivered(at), there));
        if hits(outcomes.read, "read") {
            events.push((PostNotice::Read(at), there.saturating_add_unsigned(outcomes.read_after_ms)));
        }
    }
    events
}

/// Codes with which WhatsApp refuses a post in a group: another vendor's mean nothing there.
const REFUSALS: [&str; 4] = ["420", "429", "463", "479"];

/// Whether a post in a group can be refused with that code.
pub(crate) fn refuses_with(code: &str) -> bool {
    REFUSALS.contains(&code)
}

/// The code with which WhatsApp refuses a post afterwards: 420 for a community's parent, else as the faults draw it.
fn refusal(faults: &Faults, shared: &Shared, post: &GroupPost, group: &Group) -> Option<u32> {
    if group.is_parent {
        return Some(420);
    }
    let chance = shared.faults.chance();
    let nth = world_key(&post.id);
    if !chance.hits(faults.outcomes.failed, "failed", &post.group, nth) {
        return None;
    }
    let named = faults.outcomes.codes.keys().filter(|code| refuses_with(code));
    let codes: Vec<u32> = named.filter_map(|code| code.parse().ok()).collect();
    let at = usize::try_from(chance.up_to(codes.len().saturating_sub(1) as u64, "code", &post.group, nth))
        .unwrap_or(0);
    Some(codes.get(at).copied().unwrap_or(479))
}

/// Digits of a number, however it is written; `None` for what is none.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let user = text.split('@').next().unwrap_or_default();
    let user = user.split(':').next().unwrap_or_default();
    world::digits(user)
}
