//! A gateway to WhatsApp: a program on one of the operator's own servers that holds accounts as linked devices. What it
//! can do besides what every [`Account`](crate::Account) can; reached by [`Account::gateway`](crate::Account::gateway).
//!
//! An account here is one linked phone, which the gateway knows by a name of its own (a session, an instance). No
//! operation is repeated behind the caller's back, and none waits: what takes time is asked about again
//! ([`Gateway::session`]).

use domain::{
    group::{AccountState, FoundPost, Group, InviteLink, Jid, Member, PostPace},
    outcome::{Outcome, ProviderAnswer},
    phone::Phone,
    post::FilledPost,
    time::Millis,
};

use crate::{account::BoxFuture, answer::QueryError, codes, http::Http, linked, secret::Secret};

/// What comes of a question to a gateway.
pub type GatewayAnswer<'a, T> = BoxFuture<'a, Result<T, QueryError>>;

/// What a gateway can do with a linked account.
pub trait Gateway: Send + Sync {
    /// What it can do and see.
    fn abilities(&self) -> &'static GatewayAbilities;

    /// How fast the account posts, as it is set up.
    fn pace(&self) -> PostPace;

    /// How the account stands now, by a round trip to the gateway. While a phone is being linked it carries the newest
    /// code, so that a page which asks every few seconds follows the codes as they change.
    fn session<'a>(&'a self, http: &'a Http, now: Millis) -> GatewayAnswer<'a, Session>;

    /// Begins to link a phone, or goes on with it. It sets the account up at the gateway where it is not yet known,
    /// registers our callback there, and returns the account's state. An account that is linked already stays so.
    fn link<'a>(&'a self, http: &'a Http, link: &'a Link<'a>) -> GatewayAnswer<'a, Session>;

    /// Ends the linking that was begun. An account that was never linked leaves nothing behind at the gateway.
    fn cancel_link<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()>;

    /// Unlinks the phone: the gateway forgets its keys.
    fn unlink<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()>;

    /// Hands in the answer to [`PasskeyStep::Challenge`]: the JSON of the browser's assertion, made at
    /// `web.whatsapp.com`.
    fn answer_passkey<'a>(
        &'a self,
        _http: &'a Http,
        _assertion: &'a str,
        _now: Millis,
    ) -> GatewayAnswer<'a, Session> {
        cannot("link an account that wants a passkey")
    }

    /// Says that a person compared the code of [`PasskeyStep::Compare`] with the phone's, and that they are the same.
    fn confirm_passkey<'a>(&'a self, _http: &'a Http, _now: Millis) -> GatewayAnswer<'a, Session> {
        cannot("link an account that wants a passkey")
    }

    /// Every group that the account is in: all of them, or an error. Communities' parents are among them.
    fn groups<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, Vec<Group>>;

    /// Everybody in a group: all of them, or an error.
    fn members<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, Vec<Member>>;

    /// The way into a group. Only admins can read it.
    fn invite<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, InviteLink>;

    /// Makes a group, or a community where [`NewGroup::community`] says so and [`GatewayAbilities::creates_communities`].
    fn create<'a>(&'a self, _http: &'a Http, _new: &'a NewGroup) -> GatewayAnswer<'a, Created> {
        cannot("make groups")
    }

    /// Posts to one group. Always ends: the client has a total time limit. [`Outcome::Accepted`] says that the post was
    /// handed over; how much more can ever be known, [`abilities`](Gateway::abilities) says.
    fn post<'a>(&'a self, http: &'a Http, call: &'a GroupCall<'a>) -> BoxFuture<'a, Outcome>;

    /// Looks for a post whose ending is unknown: one of the same text in that group, not earlier than `since`. `None`
    /// says that the gateway answered and has none, which proves nothing where it remembers only some
    /// ([`GatewayAbilities::looks_up`]).
    fn find<'a>(
        &'a self,
        _http: &'a Http,
        _group: &'a Jid,
        _post: &'a FilledPost,
        _since: Millis,
    ) -> GatewayAnswer<'a, Option<FoundPost>> {
        cannot("be asked about posts")
    }

    /// Changes the text or caption of a post; WhatsApp allows it for 15 minutes.
    fn edit<'a>(
        &'a self,
        _http: &'a Http,
        _group: &'a Jid,
        _message: &'a str,
        _text: &'a str,
    ) -> GatewayAnswer<'a, ()> {
        cannot("change posts")
    }

    /// Deletes a post for everyone; WhatsApp allows it for about two days.
    fn delete<'a>(&'a self, _http: &'a Http, _group: &'a Jid, _message: &'a str) -> GatewayAnswer<'a, ()> {
        cannot("delete posts")
    }
}

/// One post to one group.
#[derive(Clone, Copy, Debug)]
pub struct GroupCall<'a> {
    /// The group that is posted to.
    pub group: &'a Jid,
    /// The post with its values.
    pub post: &'a FilledPost,
    /// The present moment, for answers that name a date.
    pub now: Millis,
}

/// A request to link a phone.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The kind of code by which the phone is linked.
    pub by: LinkBy<'a>,
    /// The address of our callback for this account.
    pub callback: &'a str,
    /// The present moment, for codes that expire.
    pub now: Millis,
}

/// By which code a phone is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkBy<'a> {
    /// A QR code that the phone scans.
    Qr,
    /// A code of eight characters that is typed on the phone of this number; where [`GatewayAbilities::pairing_code`].
    PairingCode(&'a Phone),
}

/// The state of an account, as its gateway reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The state that the gateway reports.
    pub state: AccountState,
    /// The number of the linked phone. It identifies the account, however often it is linked again.
    pub phone: Option<Phone>,
    /// The name that the phone shows; empty where the gateway does not tell it.
    pub name: String,
    /// The code that waits to be scanned or typed, while a phone is being linked.
    pub code: Option<LinkCode>,
    /// The passkey step, while WhatsApp wants one.
    pub passkey: Option<PasskeyStep>,
}

impl Session {
    /// A state of which nothing else is known.
    pub fn of(state: AccountState) -> Session {
        Session { state, phone: None, name: String::new(), code: None, passkey: None }
    }
}

/// A code that links a phone. It is a secret for its life: nothing logs it, and nothing keeps it longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCode {
    /// How it is used: scanned, or typed on the phone.
    pub kind: LinkCodeKind,
    /// When it stops working, as far as we know; the gateway has the next one then.
    pub expires: Millis,
}

/// What a phone scans or is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCodeKind {
    /// The text that is drawn as a QR code. Opaque: its form changed before.
    Qr(Secret),
    /// A QR code that the gateway has drawn already, as `data:image/png;base64,…`, where it does not tell the text.
    QrPicture(Secret),
    /// Eight characters to type on the phone, as `ABCD-EFGH`.
    Pairing(Secret),
}

/// What WhatsApp wants of a passkey's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasskeyStep {
    /// The options of `navigator.credentials.get` as JSON, to be answered at `web.whatsapp.com`.
    Challenge(Secret),
    /// A code, as `ABCD-EFGH`, that has to be the same on the phone. The comparison is never skipped.
    Compare(Secret),
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name, up to 100 characters.
    pub subject: String,
    /// Its description, up to 2,048 characters; may be empty.
    pub description: String,
    /// A community with a group of announcements instead of a group.
    pub community: bool,
    /// The people who are added, or invited where WhatsApp does not let them be added.
    pub people: Vec<Phone>,
}

/// A group that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Where posts go: the group, or the community's group of announcements.
    pub group: Jid,
    /// The community, where one was made.
    pub parent: Option<Jid>,
    /// The way in, where it was told at once.
    pub invite: Option<InviteLink>,
}

/// What a gateway can do and see (docs/facts/groups.md §6, §13), the same for each of its accounts. Pages say no more
/// than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayAbilities {
    /// The gateway reports when WhatsApp accepted a post.
    pub sees_acceptance: bool,
    /// The gateway reports the code with which WhatsApp refused a post.
    pub sees_refusal_code: bool,
    /// The gateway reports which members’ phones got a post.
    pub sees_delivered: bool,
    /// The gateway reports which members saw a post.
    pub sees_read: bool,
    /// The gateway reports which members reacted to a post.
    pub sees_reactions: bool,
    /// The gateway reports who joins and leaves a group.
    pub sees_members_move: bool,
    /// We choose the id of a message before it is sent.
    pub caller_id: bool,
    /// What the gateway can be asked about its earlier posts.
    pub looks_up: PostMemory,
    /// The gateway can change the text of a post.
    pub edits: bool,
    /// The gateway can delete a post for everyone.
    pub deletes: bool,
    /// The most answers of a poll; 0 where the gateway cannot post polls.
    pub poll_answers_max: usize,
    /// The gateway can mention everybody in a group.
    pub mentions_all: bool,
    /// Link previews can be turned off and on.
    pub link_preview: bool,
    /// The gateway fetches media from an address.
    pub media_by_url: bool,
    /// The gateway takes media inside the request.
    pub media_by_bytes: bool,
    /// The gateway can make groups.
    pub creates_groups: bool,
    /// The gateway can make communities.
    pub creates_communities: bool,
    /// The gateway tells the invite link of a group.
    pub invites: bool,
    /// The gateway can link by a code that is typed on the phone.
    pub pairing_code: bool,
    /// The gateway can do the passkey step.
    pub passkey: bool,
    /// The gateway can reach WhatsApp through a proxy for each account.
    pub proxy: bool,
    /// Whether only one post to a group may be under way at once, because callbacks do not carry an id of ours.
    pub one_post_per_group: bool,
    /// What the gateway's licence wants administrators to be told; empty where nothing.
    pub notice: &'static str,
}

/// What a gateway remembers of posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostMemory {
    /// The gateway remembers no posts.
    None,
    /// The last post to each group, until the gateway is started again.
    Last,
    /// The messages of each group, as far as it stored them.
    Messages,
}

impl GatewayAbilities {
    /// Nothing: what a gateway’s own begin from.
    pub const NONE: GatewayAbilities = GatewayAbilities {
        sees_acceptance: false,
        sees_refusal_code: false,
        sees_delivered: false,
        sees_read: false,
        sees_reactions: false,
        sees_members_move: false,
        caller_id: false,
        looks_up: PostMemory::None,
        edits: false,
        deletes: false,
        poll_answers_max: 0,
        mentions_all: false,
        link_preview: false,
        media_by_url: false,
        media_by_bytes: false,
        creates_groups: false,
        creates_communities: false,
        invites: false,
        pairing_code: false,
        passkey: false,
        proxy: false,
        one_post_per_group: true,
        notice: "",
    };
}

/// The refusal of what a gateway cannot do; no call is made.
pub(crate) fn cannot<'a, T: Send + 'a>(what: &'static str) -> GatewayAnswer<'a, T> {
    Box::pin(async move {
        let words = format!("This gateway cannot {what}");
        Err(QueryError::Refused(ProviderAnswer::new(codes::NOT_SUPPORTED, words)))
    })
}

/// The refusal of what an account that is not connected cannot do.
pub(crate) fn not_ready() -> QueryError {
    QueryError::Silent(ProviderAnswer::new(linked::NOT_CONNECTED, "The account is not connected to WhatsApp"))
}
