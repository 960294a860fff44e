//! What accounts of all gateways share: their settings, what WhatsApp's own codes mean, and how a gateway is asked. Facts: NOTES.md.

mod account;
mod client;
mod settings;

pub(crate) use account::{LinkedGateway, LinkedVendor, file_name, mime};
pub(crate) use client::{GatewayClient, body_of, is_missing, words};
pub use settings::pace_of;
pub(crate) use settings::{
    API_KEY, KEY, PACE, PROXY, Proxy, SESSION, SIGNING, SIGNING_KEY, Settings, base_field, check,
};

use crate::{
    answer::Class,
    codes::{self, AGAIN, Meaning, NextAction, m},
};

/// WhatsApp restricts the account: the reach-out time-lock (§1).
pub const RESTRICTED: &str = "wa_463";
/// WhatsApp banned the account for a while (§1).
pub const BANNED: &str = "wa_402";
/// WhatsApp banned or locked the account (§1).
pub const LOCKED: &str = "wa_403";
/// The phone unlinked the account, or its keys are void (§1).
pub const UNLINKED: &str = "wa_401";
/// Another program took the account's place (§1).
pub const REPLACED: &str = "wa_440";
/// A community's parent, not a place to post (§1).
pub const PARENT: &str = "wa_420";
/// Malformed or stale addressing (§1).
pub const STALE: &str = "wa_479";
/// The account is not connected just now; nothing was handed over.
pub const NOT_CONNECTED: &str = "not_connected";
/// The gateway does not know the account's session.
pub const NO_SESSION: &str = "no_session";
/// There is no such group, or the account is not in it.
pub const NO_GROUP: &str = "no_group";
/// Only admins may post there.
pub const ADMINS_ONLY: &str = "admins_only";
/// The gateway refuses the post as it is.
pub const POST_REFUSED: &str = "post_refused";
/// WhatsApp refused a post in a code that has no words here.
pub const NOT_TAKEN: &str = "wa_refused";

/// WhatsApp's own codes, and those of all gateways.
pub const MEANINGS: &[Meaning] = &[
    m(
        RESTRICTED,
        Class::Stop,
        NextAction::PauseAccount,
        "Account restricted by WhatsApp",
        "WhatsApp restricts this account for a while, and trying again makes it worse. Wait until it ends, then resume.",
    ),
    m(
        BANNED,
        Class::Stop,
        NextAction::PauseAccount,
        "Account banned for a while",
        "WhatsApp banned this account for a while. Wait until it ends, then resume with a slower pace.",
    ),
    m(
        LOCKED,
        Class::Stop,
        NextAction::PauseAccount,
        "Account locked by WhatsApp",
        "WhatsApp banned or locked this account. Look at the phone.",
    ),
    m(
        UNLINKED,
        Class::Stop,
        NextAction::PauseAccount,
        "Account unlinked",
        "The phone unlinked this account, or its keys are void. Link it again, then resume.",
    ),
    m(
        REPLACED,
        Class::Stop,
        NextAction::PauseAccount,
        "Another program took over",
        "The account is connected elsewhere with the same keys. Stop the other program, then link it again.",
    ),
    m(
        PARENT,
        Class::Recipient,
        NextAction::None,
        "Not a place to post",
        "This is a community, which takes no posts. Choose its group of announcements.",
    ),
    m(
        STALE,
        Class::Recipient,
        NextAction::None,
        "Not taken",
        "WhatsApp refused how the group was addressed. Sync the groups, then post again.",
    ),
    m(
        NOT_CONNECTED,
        AGAIN,
        NextAction::Retry,
        "Account not connected",
        "The gateway has no connection to WhatsApp just now. Nothing was handed over; it is tried again.",
    ),
    m(
        NO_SESSION,
        Class::Stop,
        NextAction::PauseAccount,
        "Not linked at the gateway",
        "The gateway does not know this account. Link it again, then resume.",
    ),
    m(
        NO_GROUP,
        Class::Recipient,
        NextAction::None,
        "No such group",
        "The group does not exist, or the account is not in it. Sync the groups.",
    ),
    m(
        ADMINS_ONLY,
        Class::Recipient,
        NextAction::None,
        "Only admins may post",
        "Make the linked account an admin of the group, or let members post.",
    ),
    m(
        POST_REFUSED,
        Class::Config,
        NextAction::FixTemplate,
        "Post refused",
        "The gateway does not take the post as it is. Read its words, change the post, then resume.",
    ),
    m(
        NOT_TAKEN,
        Class::Recipient,
        NextAction::None,
        "Not taken",
        "WhatsApp refused this post in a code that is not known here.",
    ),
];

/// What WhatsApp's code for one message, or for the connection, proves (§1): our code and its class.
pub(crate) fn whatsapp_code(code: i64) -> (&'static str, Class) {
    let ours = match code {
        401 | 406 => UNLINKED,
        402 => BANNED,
        403 => LOCKED,
        420 => PARENT,
        429 => codes::HTTP_429,
        440 => REPLACED,
        463 => RESTRICTED,
        479 => STALE,
        _ => NOT_TAKEN,
    };
    (ours, codes::meaning(ours).map_or(Class::Recipient, |meaning| meaning.class))
}
