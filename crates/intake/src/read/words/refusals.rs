//! Titles that ask for a refusal of messages, that allow them, and that do both.

use super::titles::{contains_words, plain};

/// Whether a title asks for a refusal: a Yes under it says no.
pub(super) fn forbids(plain: &str) -> bool {
    #[rustfmt::skip]
    const REFUSALS: &[&str] = &[
        "do not", "don t", "dont", "donot", "does not", "doesn t", "did not", "not want", "not wish", "not like",
        "not interested", "not receive", "not to receive", "not to get", "not to be", "rather not", "prefer not", "not prefer", "not send", "not contact", "not agree", "not consent", "no longer", "opt out",
        "optout", "opted out", "opting out", "opt me out", "opts out", "unsubscribe", "unsubscribed", "unsubscription",
        "unsubscribes", "dnd", "dnc", "do not disturb", "dnd list", "never", "stop", "stopped", "block", "blocked",
        "blacklist", "blacklisted", "suppress", "suppressed", "suppression", "refuse", "refused", "decline", "declined",
        "object", "objection", "withdraw", "withdrawn", "revoke", "revoked", "exclude", "excluded", "remove me", "leave me",
        "no more", "ndnc", "ncpr", "trai", "no marketing", "no promotional", "no promotions", "no offers", "no sms", "no whatsapp", "no calls", "no call",
        "no message", "any more calls", "any more messages", "no messages", "no newsletter", "no consent", "without consent", "not opted", "not subscribed", "non consent", "नहीं",
        "नही", "मत", "ना", "बंद", "मना", "न भेजें", "असहमत", "nahi", "nahin", "mat bhejo", "band",
    ];
    REFUSALS.iter().any(|word| contains_words(plain, word))
}

/// Whether a title has a word of refusing, whatever it is about.
pub(in crate::read) fn speaks_of_refusal(title: &str) -> bool {
    forbids(&plain(title))
}

/// Titles that ask for a refusal of messages. "I do not have a laptop" is about something else, and of e-mail alone there is nothing to stop.
pub(super) fn opt_out_score(plain: &str) -> u32 {
    #[rustfmt::skip]
    const WHOLE: &[&str] = &[
        "opt out", "optout", "opted out", "opt out status", "is opted out", "has opted out", "unsubscribe", "unsubscribed",
        "is unsubscribed", "unsubscribed at", "unsubscribed on", "opted out at", "opt out date", "dnd", "dnd status", "is dnd",
        "do not disturb", "do not contact", "do not call", "do not message", "do not text", "do not sms", "do not whatsapp",
        "dnc", "blacklist", "blacklisted", "is blacklisted", "suppressed", "suppression", "blocked", "is blocked", "stop",
        "exclude", "excluded", "no sms", "no whatsapp", "no calls", "no call", "ndnc", "ndnc status", "ncpr", "ncpr status", "on ndnc list",
        "on dnd list", "dnd registered", "ndnc registered", "trai dnd", "remove me", "remove me from your list", "remove from list",
    ];
    #[rustfmt::skip]
    const MESSAGES: &[&str] = &[
        "message", "messages", "messaging", "sms", "whatsapp", "call", "calls", "calling", "text", "texts", "promotion",
        "promotions", "promotional", "promo", "marketing", "offer", "offers", "update", "updates", "newsletter", "newsletters",
        "notification", "notifications", "communication", "communications", "contact", "contacted", "receive", "subscribe",
        "subscription", "disturb", "mailing", "alerts", "reminders", "advertising", "ads", "data", "संदेश", "मैसेज", "ऑफर",
        "ऑफ़र", "प्रचार", "कॉल", "सूचना", "एसएमएस",
    ];
    if allows(plain) {
        return 70;
    }
    if !forbids(plain) || agrees_and_refuses(plain) {
        return 0;
    }
    if WHOLE.contains(&plain) {
        return 100;
    }
    let about = |words: &[&str]| words.iter().any(|word| contains_words(plain, word));
    let by_email = about(&["email", "emails", "e mail", "e mails", "mail", "mails", "ईमेल"]);
    let by_ours = about(&[
        "sms", "whatsapp", "call", "calls", "phone", "text", "texts", "all", "any", "every", "channel",
        "channels",
    ]);
    match about(MESSAGES) && (!by_email || by_ours) {
        true => 60,
        // "Is unsubscribed from list": the word alone is about messages.
        false => {
            u32::from(
                !by_email
                    && about(&[
                        "unsubscribe",
                        "unsubscribed",
                        "opt out",
                        "optout",
                        "opted out",
                        "dnd",
                        "ndnc",
                        "ncpr",
                        "remove me",
                    ]),
            ) * 50
        }
    }
}

/// "AllowBroadcast", "Allow SMS": a no under it refuses.
pub(in crate::read) fn allows(title: &str) -> bool {
    const WHAT: &[&str] = &[
        "broadcast",
        "broadcasts",
        "sms",
        "whatsapp",
        "call",
        "calls",
        "message",
        "messages",
        "messaging",
        "marketing",
        "promotions",
        "notifications",
        "campaign",
        "campaigns",
        "contact",
        "offers",
    ];
    let plain = plain(title);
    let words: Vec<&str> = plain.split(' ').collect();
    let allow = words
        .first()
        .is_some_and(|word| matches!(*word, "allow" | "allows" | "allowed" | "allowbroadcast" | "allowsms"));
    allow && words.len() <= 4 && (words.len() == 1 || words.iter().any(|word| WHAT.contains(word)))
}

/// "WhatsApp updates", "Can we send you reminders by SMS?": a no under it refuses that channel. What promotes, and a group to join, is
/// something else.
pub(in crate::read) fn asks_leave(title: &str) -> bool {
    const WAYS: &[&str] = &[
        "whatsapp",
        "sms",
        "text",
        "texts",
        "call",
        "calls",
        "phone",
        "message",
        "messages",
        "एसएमएस",
        "संदेश",
    ];
    const WHAT: &[&str] = &[
        "update",
        "updates",
        "reminder",
        "reminders",
        "notification",
        "notifications",
        "alert",
        "alerts",
        "communication",
        "communications",
        "message",
        "messages",
        "contact you",
        "message you",
        "call you",
        "text you",
        "अपडेट",
        "सूचना",
        "संदेश",
    ];
    #[rustfmt::skip]
    const ELSE: &[&str] = &[
        "offer", "offers", "promo", "promotion", "promotions", "promotional", "marketing", "news", "newsletter", "other", "future",
        "upcoming", "group", "community", "channel", "number", "no", "mobile", "status", "sent", "delivered", "read", "received", "time",
        "date", "count", "id", "name", "type", "template", "email", "last", "preferred", "which", "what", "where", "how", "when",
    ];
    let plain = plain(title);
    let has = |words: &[&str]| words.iter().any(|word| contains_words(&plain, word));
    has(WAYS) && has(WHAT) && !has(ELSE) && !forbids(&plain) && plain.split(' ').count() <= 14
}

/// A title that holds an agreement beside a refusal ("I agree … you can opt out any time"), or that denies its own
/// denial ("do not want to miss"). What a yes means under it cannot be told.
pub(in crate::read) fn agrees_and_refuses(title: &str) -> bool {
    let plain = plain(title);
    if !forbids(&plain) {
        return false;
    }
    #[rustfmt::skip]
    const AGREES: &[&str] = &[
        "i agree", "agree to", "i consent", "consent to", "consent for", "i authorise", "i authorize", "authorise", "authorize", "i accept", "i allow",
        "i permit", "i give", "opt in", "सहमत हूँ", "सहमत हूं",
    ];
    const TURNED: &[&str] = &[
        "not want to miss",
        "not mind",
        "don t mind",
        "dont mind",
        "not miss",
        "don t miss",
        "dont miss",
        "never miss",
    ];
    let has = |words: &[&str]| words.iter().any(|word| contains_words(&plain, word));
    let denied = has(&[
        "not agree",
        "not consent",
        "do not authorise",
        "do not authorize",
        "not accept",
        "don t agree",
        "dont agree",
    ]);
    (has(AGREES) && !denied) || has(TURNED)
}
