//! What a code means in our words and what a person can do about it: Meta's codes, which come by receipt
//! (providers/aisensy.md §5), and our own, which group the answers to a send call.

use crate::answer::Class;

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
/// The number is none.
pub const INVALID_NUMBER: &str = "invalid_number";
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

/// What the call needs is not mapped; no call was made.
pub const NOT_SET_UP: &str = "not_set_up";
/// Fast2SMS takes a number of the request for none. In a batch one bad number refuses all.
pub const NUMBERS_REFUSED: &str = "f2s_411";
/// Fast2SMS saw several SMS to one number within a short time.
pub const SAME_NUMBER: &str = "f2s_995";
/// Fast2SMS's wallet is too low.
pub const SMS_NO_CREDIT: &str = "f2s_416";

/// Refusals that no row knows, one after the other, before a broadcast should pause (§2.5 says “a small number”).
pub const STRIKES_MAX: usize = 3;

/// What a person, or the engine on their behalf, can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextAction {
    /// Reach them by SMS.
    SmsFallback,
    /// Try again after so many hours, and after longer each time.
    RetryLater {
        /// Hours before the first try.
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
    /// Try again within minutes.
    Retry,
    /// Wait for a receipt, or let a person decide.
    Resolve,
    /// Nothing helps.
    None,
}

/// A code's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The code.
    pub code: &'static str,
    /// What it proves.
    pub class: Class,
    /// A few words for a list of reasons.
    pub title: &'static str,
    /// One sentence that helps.
    pub help: &'static str,
    /// What comes next.
    pub action: NextAction,
}

impl Meaning {
    /// Whether a receipt with this code should pause what is left of its broadcast: nobody after it will fare better (§5).
    pub fn pauses_broadcast(&self) -> bool {
        // 131008, 100 and 131047 may lie in one person's values or window; the others lie in the template.
        self.class == Class::Stop || (self.class == Class::Config && self.code.starts_with("132"))
    }
}

/// The meaning of a code, where it has one.
pub fn meaning(code: &str) -> Option<&'static Meaning> {
    let code = code.trim();
    MEANINGS.iter().find(|meaning| meaning.code == code)
}

/// Whether a receipt with this code should pause its broadcast. Unknown codes do not.
pub fn pauses_broadcast(code: &str) -> bool {
    meaning(code).is_some_and(Meaning::pauses_broadcast)
}

const fn m(
    code: &'static str,
    class: Class,
    action: NextAction,
    title: &'static str,
    help: &'static str,
) -> Meaning {
    Meaning { code, class, title, help, action }
}

use Class::{Config, Recipient, Stop, Unknown};
use NextAction::{
    FixTemplate, PauseAccount, Resolve, Retry, RetryLater, SmsFallback, Suppress, SuppressMarketing,
};
const AGAIN: Class = Class::Retry { slow_down: false };
const SLOWER: Class = Class::Retry { slow_down: true };

/// All of them: Meta's, Fast2SMS's (providers/fast2sms.md §2.5, §7), our own.
pub const MEANINGS: &[Meaning] = &[
    m(
        "131026",
        Recipient,
        SmsFallback,
        "Not on WhatsApp",
        "WhatsApp cannot reach this number: no account, an old app, or its terms are not accepted. Use SMS or a call.",
    ),
    m(
        "131049",
        Recipient,
        RetryLater { hours: 12 },
        "Capped by Meta",
        "Meta limits how much marketing one person gets. Try again after 12 hours, then 24, then 48; or use SMS.",
    ),
    m(
        "131050",
        Recipient,
        SuppressMarketing,
        "Stopped marketing",
        "The person stopped marketing from this business. Only they can undo it.",
    ),
    m(
        "131047",
        Config,
        FixTemplate,
        "Needs a template",
        "More than 24 hours since their last message: only a template may be sent.",
    ),
    m(
        "131056",
        AGAIN,
        Retry,
        "Too many to one person",
        "Too many messages to this number in a short time. Try again after some minutes.",
    ),
    m(
        "130472",
        Recipient,
        SmsFallback,
        "Held back by Meta",
        "Meta held it back as part of an experiment. Sending again will not help; use SMS or a call.",
    ),
    m(
        "130429",
        SLOWER,
        Retry,
        "Too fast",
        "The number's throughput was exceeded. Lower the pace and try again.",
    ),
    m(
        "131048",
        Stop,
        PauseAccount,
        "Spam limit",
        "Meta limits this number because people blocked or reported it. Check its quality rating before going on.",
    ),
    m(
        "131031",
        Stop,
        PauseAccount,
        "Account locked",
        "Meta locked or restricted the account. See WhatsApp Manager.",
    ),
    m(
        "131042",
        Stop,
        PauseAccount,
        "Payment problem",
        "Meta could not charge the account. Mend the payment method.",
    ),
    m(
        "368",
        Stop,
        PauseAccount,
        "Blocked for policy",
        "Meta blocked the account for a time because of its policy. See WhatsApp Manager.",
    ),
    m(
        "132000",
        Config,
        FixTemplate,
        "Number of values differs",
        "The template wants another number of values. Edit the template.",
    ),
    m(
        "132001",
        Config,
        FixTemplate,
        "No such template",
        "Meta knows no template of this name and language. Check the campaign in AiSensy.",
    ),
    m(
        "132015",
        Config,
        FixTemplate,
        "Template paused",
        "Meta paused the template because of its quality. Use another one.",
    ),
    m(
        "132016",
        Config,
        FixTemplate,
        "Template disabled",
        "Meta disabled the template for good. Use another one.",
    ),
    m("131008", Config, FixTemplate, "A value is missing", "A required value is missing. Edit the template."),
    m(
        "100",
        Config,
        FixTemplate,
        "A value is not valid",
        "Meta does not take one of the values. Edit the template.",
    ),
    m("131000", AGAIN, Retry, "Trouble at Meta", "Something went wrong at Meta. Try again a few times."),
    m("2", AGAIN, Retry, "Trouble at Meta", "Meta is not available for the moment. Try again a few times."),
    m("503", AGAIN, Retry, "Trouble at Meta", "Meta is not available for the moment. Try again a few times."),
    m("133016", AGAIN, Retry, "Trouble at Meta", "The number was registered too often. Try again later."),
    m(
        NOT_SET_UP,
        Config,
        FixTemplate,
        "Not set up",
        "The template or the account lacks something that the provider wants. Complete it.",
    ),
    m("f2s_401", Config, FixTemplate, "Sender id missing", "Give the template or the account its sender id."),
    m(
        "f2s_402",
        Config,
        FixTemplate,
        "Message missing",
        "The template names no message. Give it the message id of Fast2SMS’s DLT Manager.",
    ),
    m("f2s_403", Config, FixTemplate, "Route missing", "Fast2SMS was told no route. Please report this."),
    m(
        "f2s_404",
        Config,
        FixTemplate,
        "Language missing",
        "Fast2SMS was told no language. Please report this.",
    ),
    m("f2s_405", Config, FixTemplate, "Numbers missing", "Fast2SMS was told no numbers. Please report this."),
    m(
        "f2s_406",
        Config,
        FixTemplate,
        "Sender id refused",
        "The sender id is not in the account’s DLT Manager at Fast2SMS. Correct it.",
    ),
    m(
        "f2s_407",
        Config,
        FixTemplate,
        "Words refused",
        "Fast2SMS refuses words in the text. Change the text, or use a registered template.",
    ),
    m(
        "f2s_408",
        Config,
        FixTemplate,
        "Route refused",
        "Fast2SMS does not know the route. Choose another for the template.",
    ),
    m(
        "f2s_409",
        Stop,
        PauseAccount,
        "Route not allowed",
        "Fast2SMS does not allow the account this route. Ask its support, then resume.",
    ),
    m(
        "f2s_410",
        Config,
        FixTemplate,
        "Language refused",
        "Fast2SMS does not know the language. Please report this.",
    ),
    m(
        NUMBERS_REFUSED,
        Recipient,
        NextAction::None,
        "Number refused",
        "This is no mobile number that Fast2SMS can reach. Correct it.",
    ),
    m(
        "f2s_412",
        Stop,
        PauseAccount,
        "Key refused",
        "Enter Fast2SMS’s key again in the integration, then resume.",
    ),
    m(
        "f2s_413",
        Stop,
        PauseAccount,
        "Key disabled",
        "The key is disabled at Fast2SMS. Enable it there or enter a new one, then resume.",
    ),
    m(
        "f2s_414",
        Stop,
        PauseAccount,
        "Address not allowed",
        "Fast2SMS does not take calls from this server’s address. Add the address to the key’s allow-list, then resume.",
    ),
    m(
        "f2s_415",
        Stop,
        PauseAccount,
        "Account disabled",
        "Fast2SMS disabled the account. Ask its support, then resume.",
    ),
    m(SMS_NO_CREDIT, Stop, PauseAccount, "Wallet is empty", "Top up the wallet at Fast2SMS, then resume."),
    m(
        "f2s_417",
        Config,
        FixTemplate,
        "Needs Unicode",
        "The text holds characters outside plain English, and Fast2SMS wanted to be told. Please report this.",
    ),
    m(
        "f2s_424",
        Config,
        FixTemplate,
        "Message id refused",
        "Fast2SMS does not know the message id. It is the short number of its DLT Manager, not the 19-digit template id.",
    ),
    m(
        "f2s_425",
        Config,
        FixTemplate,
        "Template refused",
        "Fast2SMS does not take the template. Compare it with its DLT Manager.",
    ),
    m(
        "f2s_426",
        Config,
        FixTemplate,
        "Link refused",
        "A value holds a link that is not on your allow-list at the DLT portal. Register it or take it out.",
    ),
    m(
        "f2s_500",
        Stop,
        PauseAccount,
        "Blacklisted at DLT",
        "The template or the sender id is blacklisted on the DLT register. Ask your operator, then resume.",
    ),
    m(
        "f2s_990",
        Config,
        FixTemplate,
        "Old interface",
        "Fast2SMS says that its old interface was called. Check the integration’s address.",
    ),
    m(
        SAME_NUMBER,
        AGAIN,
        Retry,
        "Too many to one number",
        "Fast2SMS saw several SMS to this number within a short time. It is tried once more after two minutes.",
    ),
    m(
        "f2s_996",
        Stop,
        PauseAccount,
        "Account not verified",
        "Complete the verification at Fast2SMS, then resume.",
    ),
    m(
        "f2s_997",
        Config,
        FixTemplate,
        "Digits only",
        "Fast2SMS takes digits only on this route. Choose another for the template.",
    ),
    m(
        "f2s_998",
        Config,
        FixTemplate,
        "Route not for bulk",
        "Fast2SMS sends bulk by DLT or Quick only. Choose one of these for the template.",
    ),
    m(
        "f2s_999",
        Stop,
        PauseAccount,
        "First recharge missing",
        "Fast2SMS works after a first recharge of ₹100. Top up, then resume.",
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
        "blocked",
        Recipient,
        Suppress,
        "Blocked at Fast2SMS",
        "The number is on Fast2SMS’s own do-not-disturb list. It was not charged.",
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
        PauseAccount,
        "Wallet is empty",
        "Top up the WhatsApp credits in AiSensy, then resume.",
    ),
    m(NO_PLAN, Stop, PauseAccount, "Plan lapsed", "Renew the plan in AiSensy, then resume."),
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
        "Set the campaign live in AiSensy. AiSensy pauses one by itself when Meta moves its template to marketing.",
    ),
    m(
        NO_MEDIA,
        Config,
        FixTemplate,
        "Media is missing",
        "The campaign wants a picture, video or document. Give the template its address.",
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
        "The provider refused with words that are not known here. Three in a row pause the broadcast.",
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
    use crate::{aisensy::ANSWERS, fast2sms};

    #[test]
    fn every_code_has_one_meaning() {
        for meaning in MEANINGS {
            assert_eq!(
                MEANINGS.iter().filter(|other| other.code == meaning.code).count(),
                1,
                "{}",
                meaning.code
            );
            assert!(meaning.help.ends_with('.') && !meaning.title.is_empty());
        }
        for row in ANSWERS {
            let meaning = meaning(row.code).unwrap_or_else(|| panic!("{} has no words", row.code));
            assert!(row.class == meaning.class || row.code == BAD_KEY, "{}", row.code);
        }
        for (code, class) in fast2sms::CODES
            .iter()
            .map(|row| (row.code, row.class))
            .chain(fast2sms::HTTP_ANSWERS.iter().map(|row| (row.code, row.class)))
        {
            assert_eq!(meaning(code).map(|meaning| meaning.class), Some(class), "{code}");
        }
    }

    #[test]
    fn what_stops_an_account_pauses_its_broadcast() {
        for code in ["131048", "131031", "131042", "368", "132015"] {
            assert!(pauses_broadcast(code), "{code}");
        }
        for code in ["131026", "131049", "131050", "130429", "100", "999999", ""] {
            assert!(!pauses_broadcast(code), "{code}");
        }
    }
}
