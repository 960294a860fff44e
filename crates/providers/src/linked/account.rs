//! An account of any gateway as every account is seen.

use domain::{
    checks::Probe,
    group::{AccountState, Jid},
    outcome::{Outcome, ProviderAnswer},
    post::{FilledPost, MediaKind, PostMedia},
    template::{Content, Message},
    time::Millis,
};

use super::NO_GROUP;
use crate::{
    account::{Account, Call, Standing, Status, Told, wrong_channel},
    answer::QueryError,
    codes,
    gateway::{Abilities, Gateway, GroupCall, Session},
    http::Http,
};

/// What in a post a gateway cannot do, in words.
pub(crate) fn unable(can: &Abilities, post: &FilledPost) -> Option<String> {
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
pub(crate) async fn send<A: Account + Gateway>(account: &A, http: &Http, call: &Call<'_>) -> Outcome {
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
pub(crate) async fn probe<A: Account + Gateway>(account: &A, http: &Http, message: &Message) -> Probe {
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
pub(crate) async fn status<A: Account + Gateway>(account: &A, name: &str, http: &Http) -> Status {
    let mut status = Status::default();
    let session = match account.session(http, Millis(0)).await {
        Ok(session) => session,
        Err(error) => {
            status.not_told(name, &error);
            return status;
        }
    };
    let words = state_words(&session.state);
    status.standing = if session.state.posts() { Standing::Ready } else { Standing::NotActive };
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

fn describe(status: &mut Status, can: &Abilities, session: &Session) {
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
        Told::new("Phone’s name", &session.name, ""),
        Told::new("Posts are followed to", seen, ""),
        Told::new("Licence", can.notice, ""),
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
