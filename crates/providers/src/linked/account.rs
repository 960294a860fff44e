//! An account of any gateway as every account is seen.

use std::fmt;

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    group::{AccountState, Jid},
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    post::{FilledPost, MediaKind, PostMedia},
    receipt::Event,
    template::{Content, Message},
    time::Millis,
};

use serde_json::Value;

use super::{NO_GROUP, Settings, check};
use crate::{
    account::{
        Account, AccountFact, AccountStanding, BoxFuture, Call, Capabilities, NotGenuine, Post, Received,
        Status, wrong_channel,
    },
    answer::QueryError,
    codes,
    field::FieldError,
    gateway::{Gateway, GatewayAbilities, GroupCall, Session},
    http::{Endpoint, Http},
    vendor::{About, OpenError, Secrets, Urls, Vendor, settings_of},
};

/// What the account of one gateway says for itself. All else of an account is the same whichever gateway holds it.
pub(crate) trait LinkedGateway: Gateway + fmt::Debug {
    /// Word of its vendor.
    const KIND: &'static str;
    /// Name of its vendor.
    const NAME: &'static str;

    /// Whether a post to our callback is the gateway's own.
    fn proves(&self, post: &Post<'_>) -> bool;

    /// The key under which a post is stored once.
    fn key_of(raw: &[u8]) -> String;

    /// What a stored post says.
    fn events(&self, raw: &[u8]) -> Vec<Event>;
}

impl<A: LinkedGateway> Account for A {
    fn kind(&self) -> &'static str {
        A::KIND
    }

    fn channel(&self) -> Channel {
        Channel::WhatsappGroup
    }

    fn can(&self) -> Capabilities {
        Capabilities { takes_receipts: true, ..Capabilities::default() }
    }

    fn gateway(&self) -> Option<&dyn Gateway> {
        Some(self)
    }

    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(send(self, http, call))
    }

    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(probe(self, http, message))
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(status(self, A::NAME, http))
    }

    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        if !self.proves(post) {
            return Err(NotGenuine);
        }
        Ok(Received { dedupe_key: A::key_of(post.raw) })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        A::key_of(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        self.events(raw)
    }
}

/// Opens an account at a gateway.
type Open = fn(Endpoint, Settings, &Secrets) -> Result<Box<dyn Account>, OpenError>;

/// A vendor of a gateway. All of them have the same settings and a server that the host lists.
#[derive(Debug)]
pub struct LinkedVendor {
    /// The constants of the vendor.
    pub(crate) about: &'static About,
    /// The configuration key of the addresses that the host lists.
    pub(crate) url: &'static str,
    /// Opens an account at one of these addresses.
    pub(crate) open: Open,
}

impl Vendor for LinkedVendor {
    fn about(&self) -> &'static About {
        self.about
    }

    /// A post costs nothing.
    fn list_price(&self, _tariff: Tariff) -> Money {
        Money(0)
    }

    fn check(&self, settings: &Value, _secrets: &Secrets) -> Vec<FieldError> {
        check(settings)
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: Settings = settings_of(settings)?;
        let base = Endpoint::parse(urls.picked(self.url, &settings.gateway)?)?;
        (self.open)(base, settings, secrets)
    }
}

/// What in a post a gateway cannot do, in words.
pub(crate) fn unable(can: &GatewayAbilities, post: &FilledPost) -> Option<String> {
    match &post.poll {
        Some(_) if can.poll_answers_max == 0 => return Some("This gateway posts no polls".to_owned()),
        Some(poll) if poll.options.len() > can.poll_answers_max => {
            return Some(format!("This gateway posts polls of at most {} answers", can.poll_answers_max));
        }
        Some(_) | None => {}
    }
    (post.mention_all && !can.mentions_all).then(|| "This gateway cannot mention everybody".to_owned())
}

/// Makes the one call of a message of the channel of groups.
async fn send<A: Account + Gateway>(account: &A, http: &Http, call: &Call<'_>) -> Outcome {
    let (Message::Group(post), Content::Group(_), [to]) = (call.template, call.content, call.to) else {
        return Outcome::Misconfigured(wrong_channel(account));
    };
    let Ok(group) = to.parse::<Jid>() else {
        return Outcome::Refused(ProviderAnswer::new(NO_GROUP, "This is no group"));
    };
    let filled = post.filled(call.content);
    if let Some(words) = unable(account.abilities(), &filled) {
        return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SUPPORTED, words));
    }
    account.post(http, &GroupCall { group: &group, post: &filled, now: call.now }).await
}

/// Whether the account could post what a broadcast would.
async fn probe<A: Account + Gateway>(account: &A, http: &Http, message: &Message) -> Probe {
    let Message::Group(post) = message else { return Probe::Refused(wrong_channel(account).text) };
    if let Some(words) = unable(account.abilities(), &post.filled(&Content::for_preview([]))) {
        return Probe::Refused(words);
    }
    match account.session(http, Millis(0)).await {
        Ok(session) if session.state.posts() => Probe::Answered { live: true, parameters: None, media: None },
        Ok(session) if session.state.passes() => Probe::Silent(state_words(&session.state).to_owned()),
        Ok(session) => Probe::Refused(state_words(&session.state).to_owned()),
        Err(QueryError::Refused(said)) => Probe::Refused(said.text),
        Err(error) => Probe::Silent(error.words()),
    }
}

/// What a test of the account says.
async fn status<A: Account + Gateway>(account: &A, name: &str, http: &Http) -> Status {
    let mut status = Status::default();
    let session = match account.session(http, Millis(0)).await {
        Ok(session) => session,
        Err(error) => {
            status.not_told(name, &error);
            return status;
        }
    };
    let words = state_words(&session.state);
    status.standing = if session.state.posts() { AccountStanding::Ready } else { AccountStanding::NotActive };
    status.said = format!("{name} answers. {words}.");
    if !session.state.posts() {
        let todo = if session.state.passes() {
            "It ends by itself."
        } else {
            "Link the account under Settings, WhatsApp accounts."
        };
        status.alert = (format!("{words}."), todo.to_owned());
    }
    describe(&mut status, account.abilities(), &session);
    status
}

fn describe(status: &mut Status, can: &GatewayAbilities, session: &Session) {
    if let Some(phone) = &session.phone {
        phone.digits().clone_into(&mut status.number);
    }
    let seen = match (can.sees_read, can.sees_delivered, can.sees_acceptance) {
        (true, ..) => "Handed over, accepted, delivered and read by member",
        (_, true, _) => "Handed over and delivered by member",
        (_, _, true) => "Handed over and accepted",
        _ => "Handed over, and no more",
    };
    let facts = [
        AccountFact::new("Phone’s name", &session.name, ""),
        AccountFact::new("Posts are followed to", seen, ""),
        AccountFact::new("Licence", can.notice, ""),
    ];
    status.facts.extend(facts.into_iter().flatten());
}

/// A state in a few words, for answers to a test.
fn state_words(state: &AccountState) -> &'static str {
    match state {
        AccountState::Unlinked => "No phone is linked",
        AccountState::Linking => "A phone is being linked",
        AccountState::PasskeyNeeded(_) => "WhatsApp wants a passkey to link the phone",
        AccountState::Connecting => "The connection to WhatsApp is being made",
        AccountState::Ready => "The account is connected",
        AccountState::Waiting { .. } => "The connection to WhatsApp was lost and is being made again",
        AccountState::Capped { .. } => "WhatsApp lets it send no more messages for a while",
        AccountState::Restricted { .. } => "WhatsApp restricts it for a while",
        AccountState::Replaced => "Another program took its place",
        AccountState::LoggedOut => "The phone unlinked it",
        AccountState::Blocked { .. } => "WhatsApp banned or locked it",
    }
}

/// The MIME type of media, by the ending of its name or address; that of its kind where it has none.
pub(crate) fn mime(media: &PostMedia) -> &'static str {
    let path = media.url.split(['?', '#']).next().unwrap_or_default();
    let ending = |text: &str| text.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let endings = [ending(&media.name), ending(path)];
    let known = endings.iter().flatten().find_map(|ending| {
        MIME_TYPES
            .iter()
            .find(|(kind, known, _)| *kind == media.kind && known == ending)
            .map(|(.., mime)| *mime)
    });
    known.unwrap_or(match media.kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Video => "video/mp4",
        MediaKind::Document => "application/octet-stream",
    })
}

/// The name that media go by: their own, else the last part of the address.
pub(crate) fn file_name(media: &PostMedia) -> &str {
    let path = media.url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("file");
    if media.name.is_empty() { last } else { &media.name }
}

const MIME_TYPES: &[(MediaKind, &str, &str)] = &[
    (MediaKind::Image, "png", "image/png"),
    (MediaKind::Image, "webp", "image/webp"),
    (MediaKind::Image, "gif", "image/gif"),
    (MediaKind::Video, "3gp", "video/3gpp"),
    (MediaKind::Video, "mov", "video/quicktime"),
    (MediaKind::Document, "pdf", "application/pdf"),
    (MediaKind::Document, "csv", "text/csv"),
    (MediaKind::Document, "txt", "text/plain"),
    (MediaKind::Document, "zip", "application/zip"),
    (MediaKind::Document, "doc", "application/msword"),
    (MediaKind::Document, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (MediaKind::Document, "xls", "application/vnd.ms-excel"),
    (MediaKind::Document, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (MediaKind::Document, "ppt", "application/vnd.ms-powerpoint"),
    (
        MediaKind::Document,
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];
