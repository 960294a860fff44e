//! What a code means, in our words, and what a person can do about it. Our own codes group the answers to a send call
//! and are listed here. Codes of vendors and networks come by receipt, and each vendor's folder explains them.

use crate::{answer::Class, linked, registry::VENDORS, voice};

/// No money in the wallet.
pub const NO_CREDIT: &str = "http_402";
/// The vendor's plan lapsed.
pub const NO_PLAN: &str = "no_plan";
/// The account is blocked or suspended.
pub const ACCOUNT_BLOCKED: &str = "account_blocked";
/// The key is wrong.
pub const BAD_KEY: &str = "bad_key";
/// The number of values differs.
pub const PARAMS_DIFFER: &str = "params_differ";
/// There is no such campaign.
pub const NO_CAMPAIGN: &str = "no_campaign";
/// The campaign is paused, stopped or not yet live.
pub const NOT_LIVE: &str = "not_live";
/// The campaign wants header media.
pub const NO_MEDIA: &str = "no_media";
/// The file of a post cannot be fetched, is too large, or of another kind.
pub const FILE_UNFIT: &str = "file_unfit";
/// The number is none.
pub const INVALID_NUMBER: &str = "invalid_number";
/// One of the values is refused.
pub const VALUE_REFUSED: &str = "value_refused";
/// The template itself is refused.
pub const TEMPLATE_REFUSED: &str = "template_refused";
/// The person does not want to hear from us.
pub const OPTED_OUT: &str = "opted_out";
/// Request time-out.
pub const HTTP_408: &str = "http_408";
/// Too fast.
pub const HTTP_429: &str = "http_429";
/// Not just now.
pub const HTTP_503: &str = "http_503";
/// A gateway lost the provider.
pub const GATEWAY: &str = "gateway";
/// The provider's program broke.
pub const SERVER_BROKE: &str = "http_500";
/// A refusal that no row knows. Several in a row are the broadcast's fault: see [`STRIKES_MAX`].
pub const UNRECOGNISED: &str = "unrecognised";
/// HTTP 200 with a refusal that no row knows.
pub const REFUSED_WITH_200: &str = "refused";
/// An answer that says neither yes nor no.
pub const UNREADABLE: &str = "unreadable";
/// The address cannot be called.
pub const BAD_ADDRESS: &str = "bad_address";
/// No connection; nothing left.
pub const NOT_REACHED: &str = "not_reached";
/// No answer after the request may have left. Not voice's `no_answer`, which is a person who does not pick up.
pub const NO_ANSWER: &str = "silence";

/// The gateway cannot do what was asked of it; no call was made.
pub const NOT_SUPPORTED: &str = "not_supported";
/// What the call needs is not mapped; no call was made.
pub const NOT_SET_UP: &str = "not_set_up";
/// Different messages refused in words that no row knows, one after the other, before a broadcast should pause.
pub const STRIKES_MAX: usize = 3;

/// What a person, or the engine on their behalf, can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextAction {
    /// Reach the person by SMS.
    SmsFallback,
    /// Try again after so many hours, and after longer each time.
    RetryLater {
        /// The hours before the first further try.
        hours: i64,
    },
    /// Put the person on the suppression list for marketing.
    SuppressMarketing,
    /// Put the person on the suppression list for everything on this channel.
    Suppress,
    /// Mend the template or the campaign.
    FixTemplate,
    /// Stop and mend the account.
    PauseAccount,
    /// Stop and buy credit for the account.
    TopUp,
    /// Try again within minutes.
    Retry,
    /// Wait for a receipt, or let a person decide.
    Resolve,
    /// Do nothing: nothing helps.
    None,
}

/// The meaning of a code, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The code as it is stored.
    pub code: &'static str,
    /// What an answer with this code proves.
    pub class: Class,
    /// A few words for a list of reasons.
    pub title: &'static str,
    /// One sentence that helps the person who reads it.
    pub help: &'static str,
    /// What can be done next.
    pub action: NextAction,
    /// Whether a receipt with this code pauses the rest of its broadcast.
    pub pauses: bool,
}

impl Meaning {
    /// Marks a code as a fault that concerns everybody, such as a wrong template: no later message fares better.
    pub(crate) const fn for_everybody(self) -> Meaning {
        Meaning { pauses: true, ..self }
    }
}

/// The meaning of a code, where it has one.
pub fn meaning(code: &str) -> Option<&'static Meaning> {
    let code = code.trim();
    let theirs = VENDORS.iter().flat_map(|vendor| vendor.meanings());
    OWN.iter()
        .chain(linked::MEANINGS)
        .chain(voice::MEANINGS)
        .chain(theirs)
        .find(|meaning| meaning.code == code)
}

/// Whether a receipt with this code should pause its broadcast. Unknown codes do not.
pub fn pauses_broadcast(code: &str) -> bool {
    meaning(code).is_some_and(|meaning| meaning.pauses)
}

/// A code as its vendor's own pages have it.
pub fn written(code: &str) -> &str {
    let prefixes = VENDORS.iter().map(|vendor| vendor.code_prefix()).filter(|prefix| !prefix.is_empty());
    prefixes.filter_map(|prefix| code.strip_prefix(prefix)).next().unwrap_or(code)
}

/// Whether what this code refuses goes once there is credit again.
pub fn wants_credit(code: &str) -> bool {
    meaning(code).is_some_and(|meaning| meaning.action == NextAction::TopUp)
}

/// A row of a table of meanings.
pub(crate) const fn m(
    code: &'static str,
    class: Class,
    action: NextAction,
    title: &'static str,
    help: &'static str,
) -> Meaning {
    Meaning { code, class, title, help, action, pauses: matches!(class, Class::Stop) }
}

use Class::{Config, Recipient, Stop, Unknown};
use NextAction::{FixTemplate, PauseAccount, Resolve, Retry, SuppressMarketing, TopUp};
/// Proven not accepted; later.
pub(crate) const AGAIN: Class = Class::Retry { slow_down: false };
/// Proven not accepted; later, and the integration as a whole slows down.
pub(crate) const SLOWER: Class = Class::Retry { slow_down: true };

/// Our own, which any vendor's table may lead to.
pub const OWN: &[Meaning] = &[
    m(
        NOT_SET_UP,
        Config,
        FixTemplate,
        "Not set up",
        "The template or the account lacks something that the provider wants. Complete it.",
    ),
    m(
        NOT_SUPPORTED,
        Config,
        FixTemplate,
        "Not possible",
        "The gateway of this account cannot do it. Change the post, or choose an account of another gateway.",
    ),
    m("failed", Recipient, NextAction::None, "Not delivered", "The provider could not deliver it."),
    m(
        "undelivered",
        Recipient,
        NextAction::None,
        "Not delivered",
        "The operator could not deliver it: the phone may be off or out of reach. It was charged.",
    ),
    m(
        "expired",
        Recipient,
        NextAction::None,
        "Not delivered in time",
        "The operator gave up: the phone was off or out of reach for too long. It was charged.",
    ),
    m(
        "rejected",
        Recipient,
        NextAction::None,
        "Rejected by the operator",
        "The operator compared text, sender id and business with the DLT register and refused. If many are rejected, compare the template with the register.",
    ),
    m(
        "dnd",
        Recipient,
        NextAction::None,
        "On the DND register",
        "Promotional SMS do not reach a number on the DND register. It was not charged. Service messages reach it.",
    ),
    m(
        NO_CREDIT,
        Stop,
        TopUp,
        "Wallet is empty",
        "Top up the credits of the account at the provider, then resume.",
    ),
    m(NO_PLAN, Stop, PauseAccount, "Plan lapsed", "Renew the plan at the provider, then resume."),
    m(
        ACCOUNT_BLOCKED,
        Stop,
        PauseAccount,
        "Account blocked",
        "The provider blocked the account. Ask its support, then resume.",
    ),
    m(BAD_KEY, Stop, PauseAccount, "Key refused", "Enter the key again in the integration, then resume."),
    m(
        PARAMS_DIFFER,
        Config,
        FixTemplate,
        "Number of values differs",
        "The campaign wants another number of values. Edit the template.",
    ),
    m(
        NO_CAMPAIGN,
        Config,
        FixTemplate,
        "No such campaign",
        "Check the campaign's name. It is not the template's name.",
    ),
    m(
        NOT_LIVE,
        Config,
        FixTemplate,
        "Campaign is not live",
        "Set the campaign live at the provider. It is paused there by itself when Meta moves its template to marketing.",
    ),
    m(
        NO_MEDIA,
        Config,
        FixTemplate,
        "Media is missing",
        "The campaign wants a picture, video or document. Give the template its address.",
    ),
    m(
        FILE_UNFIT,
        Config,
        FixTemplate,
        "The file cannot be posted",
        "It cannot be fetched, is too large, or is of another kind than was said. Mend it at its address, then resume.",
    ),
    m(
        TEMPLATE_REFUSED,
        Config,
        FixTemplate,
        "Template refused",
        "The provider wants something else of the template. Compare it with the campaign.",
    ),
    m(
        VALUE_REFUSED,
        Recipient,
        NextAction::None,
        "Value refused",
        "The provider does not take one of this person’s values: it is empty, or has line ends or many spaces in it.",
    ),
    m(
        INVALID_NUMBER,
        Recipient,
        NextAction::None,
        "Number refused",
        "The provider does not take this number. Correct it.",
    ),
    m(
        OPTED_OUT,
        Recipient,
        SuppressMarketing,
        "Opted out",
        "The person does not want messages from this business.",
    ),
    m(HTTP_408, AGAIN, Retry, "Provider gave up waiting", "Nothing was taken. It is tried again."),
    m(
        HTTP_429,
        SLOWER,
        Retry,
        "Too fast",
        "The provider asked to slow down. It is tried again later; lower the pace if it stays so.",
    ),
    m(
        HTTP_503,
        SLOWER,
        Retry,
        "Provider not available",
        "The provider takes nothing just now. It is tried again later.",
    ),
    m(
        GATEWAY,
        Unknown,
        Resolve,
        "Nobody knows",
        "The provider's gateway lost the call. It may have gone out; a receipt or a person decides.",
    ),
    m(
        SERVER_BROKE,
        Unknown,
        Resolve,
        "Nobody knows",
        "The provider's program broke while it had the message. It may have gone out; a receipt or a person decides.",
    ),
    m(
        UNRECOGNISED,
        Recipient,
        NextAction::None,
        "Refused",
        "The provider refused this message again and again, with words that are not known here, while others went through.",
    ),
    m(
        REFUSED_WITH_200,
        Config,
        FixTemplate,
        "Refused",
        "The provider refused with words that are not known here. Check the campaign and the account.",
    ),
    m(
        UNREADABLE,
        Unknown,
        Resolve,
        "Nobody knows",
        "The provider's answer says neither yes nor no. A receipt or a person decides.",
    ),
    m(
        BAD_ADDRESS,
        Stop,
        PauseAccount,
        "Wrong address",
        "The integration's base URL cannot be called. Correct it.",
    ),
    m(
        NOT_REACHED,
        AGAIN,
        Retry,
        "Provider not reached",
        "No connection could be made; nothing went out. It is tried again.",
    ),
    m(
        NO_ANSWER,
        Unknown,
        Resolve,
        "Nobody knows",
        "No answer came after the message may have left. It may have gone out; a receipt or a person decides.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_an_account_pauses_its_broadcast() {
        for code in ["131048", "131031", "131042", "368", "132015", "130429"] {
            assert!(pauses_broadcast(code), "{code}");
        }
        for code in ["131026", "131049", "131050", "100", "999999", ""] {
            assert!(!pauses_broadcast(code), "{code}");
        }
    }
}
