//! What the title of a column says it holds.

use super::super::mapping::Field;
use super::whose::{Whose, whose};

/// How well a column's title names a field: 0 not at all, 100 exactly.
pub(in crate::read) fn title_score(field: Field, title: &str) -> u32 {
    let title = plain(if field == Field::Phone { without_explanation(title) } else { title });
    if title.is_empty() {
        return 0;
    }
    let said;
    let title = match field {
        // A question that is turned round asks for a refusal, whatever it names.
        Field::Consent | Field::Phone if forbids(&title) || allows(&title) => return 0,
        Field::Phone
        | Field::Email
        | Field::Name
        | Field::FirstName
        | Field::LastName
        | Field::CountryCode => {
            said = whose(&without_hints(&title));
            // Whose it is may be all that a title says: "Attendee" is a name. "Customer" and "Participant" stand in the table as they are.
            match (said.whose, said.rest.as_str()) {
                (Whose::Other, _) => return 0,
                (_, "") => title.as_str(),
                (_, rest) => rest,
            }
        }
        Field::Status if is_about_settlement(&title) => return 0,
        Field::Status => return status_score(&title),
        Field::OptOut => return opt_out_score(&title),
        Field::RegisteredAt => without_zone(&title),
        Field::Consent | Field::Source | Field::Reference => title.as_str(),
    };
    let words = words_of(field);
    if let Some(rank) = words.exact.iter().position(|word| *word == title) {
        return 100 - (rank as u32).min(20);
    }
    if field == Field::Reference && is_reference(title) {
        return 70;
    }
    let has = |word: &&&str| contains_words(title, word);
    match words.contains.iter().any(|word| has(&word)) && !words.not.iter().any(|word| has(&word)) {
        true => 60,
        false => 0,
    }
}

/// A title without what it explains in brackets at its end, where the rest names a number: "WhatsApp number (the link comes there)". Whose it is
/// is looked for in all of it.
fn without_explanation(title: &str) -> &str {
    let Some(inner) = title.trim_end().strip_suffix(')') else { return title };
    match inner.rfind('(') {
        Some(at) if inner[at..].split_whitespace().count() > 3 => {
            let before = plain(&title[..at]);
            let names = ["number", "phone", "mobile", "whatsapp", "contact", "नंबर", "मोबाइल", "फोन"];
            match names.iter().any(|word| contains_words(&before, word)) {
                true => &title[..at],
                false => title,
            }
        }
        _ => title,
    }
}

/// What a form adds in brackets about how to write a number; "code" and "country" there are no code and no country.
pub(super) fn without_hints(title: &str) -> String {
    #[rustfmt::skip]
    const HINTS: &[&str] = &[
        "along with country code", "with the country code", "with country code", "without country code",
        "including country code", "include country code", "incl country code", "country code first", "with isd code",
        "without code", "with code", "with std code", "10 digits only", "10 digits", "10 digit", "ten digit", "digits only",
        "only digits", "for whatsapp updates", "for updates", "for group", "for link", "for whatsapp group",
        "to receive updates", "to receive the link", "to receive link", "first up", "first of all", "first things first",
        "to begin with", "to start with", "last but not least", "one last thing",
    ];
    let mut text = title.to_owned();
    for hint in HINTS.iter().filter(|hint| contains_words(title, hint)) {
        text = format!(" {text} ").replace(&format!(" {hint} "), " ").trim().to_owned();
    }
    if text.is_empty() { title.to_owned() } else { text }
}

/// Whether a text has that word or these words in it, whole.
pub(super) fn contains_words(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let end = at + word.len();
        (at == 0 || text.as_bytes()[at - 1] == b' ') && (end == text.len() || text.as_bytes()[end] == b' ')
    })
}

/// `Mobile No.`, `mobile_no` and `mobileNo` are one title: small letters and single spaces; `WhatsApp` is one word however it is spelled.
pub(in crate::read) fn plain(title: &str) -> String {
    let mut out = String::with_capacity(title.len() + 2);
    let mut was_small = false;
    for c in without_look_up(title).chars().take(200) {
        let joins = c.is_alphanumeric() || is_sign_of_devanagari(c);
        if (c.is_uppercase() && was_small) || (!joins && !out.ends_with(' ')) {
            out.push(' ');
        }
        if joins {
            out.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase();
    }
    let mut plain = out.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.contains('w') || !plain.is_ascii() {
        for spelling in WHATSAPP {
            if plain.contains(spelling) {
                plain =
                    format!(" {plain} ").replace(&format!(" {spelling} "), " whatsapp ").trim().to_owned();
            }
        }
    }
    plain
}

/// "Phone (from Contacts)" is a look-up into another table, not a number that something came from.
fn without_look_up(title: &str) -> &str {
    let inner = title.trim_end().strip_suffix(')').unwrap_or_default();
    match inner.rfind(" (from ") {
        Some(at) if at > 0 => &title[..at],
        _ => title,
    }
}

/// Vowel signs, nukta and virama are marks, not letters, and belong to their word.
fn is_sign_of_devanagari(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{963}')
}

/// Spellings of WhatsApp in titles: its own, split at its capital, and what people type for it.
#[rustfmt::skip]
const WHATSAPP: &[&str] = &[
    "whats app", "what s app", "what app", "whatapp", "whatsap", "whatsaap", "watsapp", "wats app", "watsap", "whattsapp",
    "whatspp", "whtsapp", "whtsap", "wtsapp", "wtsp", "whats up", "whatsup", "whatssapp", "wa", "w app", "wapp", "व्हाट्सएप",
    "व्हाट्सऐप", "व्हाट्सप", "व्हाट्सएप्प", "व्हाट्स एप", "व्हाट्स ऐप", "व्हॉट्सएप", "व्हॉट्सऐप", "वाट्सएप", "वाट्सऐप",
    "वॉट्सएप", "वॉट्सऐप", "व्हाट्सअप", "वाट्सअप",
];

/// How a column of numbers compares with another of the same person: the first is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) enum NumberKind {
    Whatsapp,
    Mobile,
    Plain,
    Second,
    Fixed,
}

pub(in crate::read) fn number_kind(title: &str) -> NumberKind {
    let title = plain(title);
    let has = |words: &[&str]| words.iter().any(|word| contains_words(&title, word));
    if has(&[
        "alternate",
        "alternative",
        "alt",
        "secondary",
        "second",
        "2nd",
        "3rd",
        "other",
        "additional",
        "another",
        "backup",
        "2",
        "3",
        "वैकल्पिक",
    ]) {
        return NumberKind::Second;
    }
    if has(&["whatsapp"]) {
        return NumberKind::Whatsapp;
    }
    if has(&[
        "home",
        "work",
        "business",
        "landline",
        "land line",
        "residence",
        "residential",
        "fixed",
        "telephone",
        "std",
    ]) {
        return NumberKind::Fixed;
    }
    if has(&[
        "mobile",
        "cell",
        "mob",
        "mobileno",
        "cellphone",
        "मोबाइल",
        "मोबाईल",
        "celular",
        "movil",
        "móvil",
        "handy",
    ]) {
        return NumberKind::Mobile;
    }
    NumberKind::Plain
}

/// A title that says it holds something else: numbers below it are nobody's, however much they look like it.
pub(in crate::read) fn is_no_number(title: &str) -> bool {
    #[rustfmt::skip]
    const ELSE: &[&str] = &[
        "id", "order", "transaction", "txn", "utr", "invoice", "aadhaar", "aadhar", "adhar", "account", "amount", "price",
        "fee", "fees", "total", "pin", "pincode", "zip", "gst", "gstin", "pan", "roll", "serial", "sr", "token", "otp",
        "receipt", "booking", "registration", "enrollment", "enrolment", "meeting", "webinar", "ticket", "upi", "gpay",
        "phonepe", "phone pe", "google pay", "paytm", "bank", "fax", "barcode", "qr", "imei", "passport", "licence", "license",
        "voter", "sku", "isbn", "code", "seat", "timestamp", "date", "time", "rrn", "arn", "ref", "link", "url", "ip",
    ];
    let title = without_hints(&plain(without_explanation(title)));
    ELSE.iter().any(|word| contains_words(&title, word)) || whose(&title).whose == Whose::Other
}

/// Whether a title asks for a refusal: a Yes under it says no.
fn forbids(plain: &str) -> bool {
    #[rustfmt::skip]
    const REFUSALS: &[&str] = &[
        "do not", "don t", "dont", "donot", "does not", "doesn t", "did not", "not want", "not wish", "not like",
        "not interested", "not receive", "not send", "not contact", "not agree", "not consent", "no longer", "opt out",
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
fn opt_out_score(plain: &str) -> u32 {
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
                !by_email && about(&["unsubscribe", "unsubscribed", "opt out", "optout", "opted out", "dnd", "ndnc", "ncpr", "remove me"]),
            ) * 50
        }
    }
}

/// "AllowBroadcast", "Allow SMS": a no under it refuses.
pub(in crate::read) fn allows(title: &str) -> bool {
    const WHAT: &[&str] = &[
        "broadcast", "broadcasts", "sms", "whatsapp", "call", "calls", "message", "messages", "messaging", "marketing", "promotions",
        "notifications", "campaign", "campaigns", "contact", "offers",
    ];
    let plain = plain(title);
    let words: Vec<&str> = plain.split(' ').collect();
    let allow = words.first().is_some_and(|word| matches!(*word, "allow" | "allows" | "allowed" | "allowbroadcast" | "allowsms"));
    allow && words.len() <= 4 && (words.len() == 1 || words.iter().any(|word| WHAT.contains(word)))
}

/// A title in which an agreement stands beside a refusal ("I agree … you can opt out any time"), or that denies its own denial ("do not want to
/// miss"): what a yes means cannot be told.
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
    const TURNED: &[&str] = &["not want to miss", "not mind", "don t mind", "dont mind", "not miss", "don t miss", "dont miss", "never miss"];
    let has = |words: &[&str]| words.iter().any(|word| contains_words(&plain, word));
    let denied = has(&["not agree", "not consent", "do not authorise", "do not authorize", "not accept", "don t agree", "dont agree"]);
    (has(AGREES) && !denied) || has(TURNED)
}

/// A column of statuses of the registration or its payment.
fn status_score(plain: &str) -> u32 {
    #[rustfmt::skip]
    const WHOLE: &[&str] = &[
        "status", "registration status", "order status", "approval status", "payment status", "स्थिति", "response type",
        "submission status", "form status",
    ];
    #[rustfmt::skip]
    const OF: &[&str] = &[
        "registration", "order", "payment", "approval", "ticket", "booking", "transaction", "txn", "trans", "attendee",
        "participant", "registrant", "participation", "guest", "subscription", "enrolment", "enrollment", "rsvp", "refund",
        "cancellation", "seat", "invoice", "financial", "purchase", "paid", "fee", "fees", "checkout", "link",
        "current", "overall", "event", "member", "membership", "application", "admission", "invite", "invitation", "customer",
        "student", "learner", "course", "workshop", "webinar", "razorpay", "cashfree", "instamojo", "payu", "stripe", "paypal",
        "paytm", "phonepe", "the", "of", "your", "final", "भुगतान", "पंजीकरण", "पेमेंट", "ऑर्डर",
    ];
    // "State" is a part of India, but for payments and orders.
    const STATE_OF: &[&str] =
        &["payment", "order", "transaction", "txn", "ticket", "booking", "registration", "refund"];
    if let Some(rank) = WHOLE.iter().position(|word| *word == plain) {
        return 100 - rank as u32;
    }
    let words: Vec<&str> = plain.split(' ').collect();
    let noun = |word: &&str| matches!(*word, "status" | "state" | "स्थिति" | "स्टेटस" | "result" | "outcome");
    let Some(at) = words.iter().position(noun) else { return 0 };
    let of: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| *word).collect();
    let fits = |word: &&str| {
        OF.contains(word) && (words[at] == "status" || words[at].len() > 6 || STATE_OF.contains(word))
    };
    match !of.is_empty() && of.iter().all(fits) {
        true => 80,
        false => 0,
    }
}

/// "Stage", "Lead status": where a lead stands, which says nothing about a registration unless a word below it takes the place away.
pub(in crate::read) fn is_stage(title: &str) -> bool {
    #[rustfmt::skip]
    const STAGES: &[&str] = &[
        "stage", "deal stage", "lead stage", "pipeline stage", "sales stage", "opportunity stage", "lead status", "deal status",
        "contact status", "prospect status", "disposition", "call status", "call disposition",
    ];
    STAGES.contains(&plain(title).as_str())
}

/// Yes and no under a title such as "Paid" or "Cancelled".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum YesMeans {
    /// Yes is a place, no is none.
    Place,
    /// Yes (or a date) takes the place away, and no leaves it.
    Gone(super::StatusMeaning),
    /// An amount that was paid back or is still due: above nothing it is a question.
    AmountGone,
}

/// What Yes means under a title that is a statement about the registration.
pub(in crate::read) fn yes_means(title: &str) -> Option<YesMeans> {
    use super::StatusMeaning::{Cancelled, LeftOut, Refunded};
    #[rustfmt::skip]
    const PLACES: &[&str] = &[
        "paid", "payment done", "payment received", "payment completed", "payment complete", "payment made",
        "payment successful", "payment success", "payment confirmed", "payment verified", "payment", "fee paid", "fees paid",
        "payment confirmation", "payment status yes no", "amount received", "captured", "confirmed", "confirmation", "approved", "registered", "seat confirmed",
        "booking confirmed", "registration confirmed", "attending", "will you attend", "will you be attending",
        "are you attending", "are you coming", "will attend", "going", "rsvp", "coming", "accepted", "successful", "success",
        "will you join", "are you joining", "joining", "enrolled", "भुगतान", "भुगतान हो गया", "पेमेंट हो गया",
    ];
    #[rustfmt::skip]
    const CANCELLED: &[&str] = &[
        "cancelled", "canceled", "cancelled at", "canceled at", "cancelled on", "cancelled date", "cancellation date",
        "cancellation", "cancelled by", "voided", "void", "voided at", "withdrawn", "deleted", "deleted at", "transferred",
        "रद्द",
    ];
    #[rustfmt::skip]
    const REFUNDED: &[&str] = &[
        "refunded", "refunded at", "refunded on", "refunded date", "date refunded", "refund date", "refund", "refund requested", "refund issued", "chargeback",
        "disputed", "refund id", "रिफंड", "वापस",
    ];
    #[rustfmt::skip]
    const LEFT_OUT: &[&str] = &[
        "failed", "payment failed", "waitlisted", "waitlist", "on waitlist", "wait listed", "declined", "rejected", "expired",
        "unpaid", "not attending", "i will not attend", "will not attend", "not coming", "i will not be attending", "cannot attend", "i cannot attend", "can t attend", "i am not coming", "won t attend", "pending", "payment pending", "invalid", "spam", "blocked by admin",
    ];
    let title = plain(title);
    if is_amount_gone(&title) {
        return Some(YesMeans::AmountGone);
    }
    let title = without_zone(&title);
    let title = title.strip_prefix("is ").or_else(|| title.strip_prefix("has ")).unwrap_or(title);
    let title = title.strip_prefix("been ").unwrap_or(title);
    let title = title.strip_suffix(" yes no").or_else(|| title.strip_suffix(" y n")).unwrap_or(title);
    let is = |list: &[&str]| list.contains(&title);
    match () {
        () if is(PLACES) || asks_to_come(title) => Some(YesMeans::Place),
        () if is(CANCELLED) => Some(YesMeans::Gone(Cancelled)),
        () if is(REFUNDED) => Some(YesMeans::Gone(Refunded)),
        () if is(LEFT_OUT) => Some(YesMeans::Gone(LeftOut)),
        () => None,
    }
}

/// "Amount Refunded", "Balance Due": money that went back, or that is missing.
fn is_amount_gone(plain: &str) -> bool {
    let words: Vec<&str> = plain.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let money = ["amount", "amt", "balance", "sum", "fee", "fees", "total", "inr", "rs", "value", "राशि"];
    let gone = ["refund", "refunded", "due", "outstanding", "pending", "unpaid", "remaining", "owed", "बकाया"];
    let other = ["date", "on", "at", "by", "status", "id", "reason", "time", "no", "mode"];
    has(&money) && has(&gone) && !has(&other)
}

/// What a merchant is paid out: no status of a registration.
pub(in crate::read) fn is_about_settlement(title: &str) -> bool {
    let plain = plain(title);
    ["settlement", "settled", "payout", "payouts", "disbursement"].iter().any(|word| contains_words(&plain, word))
}

/// A title about paying, coming, being confirmed or chosen, in words that are not those of a table: yes and no under it decide who has a place,
/// and nobody can tell how. What was before, and what somebody brings, is something else.
pub(in crate::read) fn asks_about_place(title: &str) -> bool {
    #[rustfmt::skip]
    const ABOUT: &[&str] = &[
        "pay", "paid", "payment", "fee", "fees", "attend", "attending", "attendance", "come", "coming", "join", "joining", "going", "rsvp",
        "confirm", "confirmed", "confirmation", "presence", "present", "seat", "seats", "booked", "booking", "select", "selected",
        "selection", "shortlisted", "shortlist", "approved", "eligible", "active", "admitted", "participate", "participating",
        "participation", "registered", "enrolled", "cancel", "cancelled", "canceled", "refund", "refunded", "valid", "accepted", "rejected",
        "भुगतान", "पेमेंट", "फीस", "शुल्क", "आ", "आएंगे", "आएँगे", "आओगे", "आना", "शामिल", "उपस्थित", "सीट", "पुष्टि", "चयनित", "चयन",
        "bhugtan", "fees", "fee", "paisa", "paise", "aa", "aaoge", "aayenge", "aaenge", "aana", "shamil", "upasthit", "bhari", "kiya",
    ];
    #[rustfmt::skip]
    const ELSE: &[&str] = &[
        "before", "previous", "previously", "earlier", "last", "past", "ever", "already", "did", "friend", "friends", "group", "whatsapp",
        "laptop", "again", "next", "future", "newsletter", "certificate", "recording", "community", "link", "reminder", "pehle", "पहले", "पिछले",
    ];
    let plain = plain(title);
    let words: Vec<&str> = plain.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    has(ABOUT) && !has(ELSE)
}

/// "Will you attend on 30 Nov?", "Can you make it to the session?": a no is no place.
fn asks_to_come(title: &str) -> bool {
    #[rustfmt::skip]
    const BEGINS: &[&str] = &[
        "will you attend", "will you be attending", "will you join", "will you be joining", "will you come", "will you be coming",
        "will you be there", "will you be able to attend", "will you be able to join", "are you attending", "are you coming",
        "are you joining", "are you able to attend", "are you able to join", "can you attend", "can you join", "can you come",
        "can you make it", "could you attend", "would you attend", "do you plan to attend", "are you planning to attend",
        "i will attend", "i will join", "i will be attending", "attending on", "attending the", "coming to the", "coming on",
        "क्या आप आएंगे", "क्या आप आएँगे", "क्या आप शामिल होंगे", "kya aap aayenge", "kya aap aaenge",
    ];
    BEGINS
        .iter()
        .any(|begin| title.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// A title without the zone that it names: "Created at (UTC)".
fn without_zone(plain: &str) -> &str {
    let mut rest = plain;
    loop {
        let shorter =
            ["utc", "gmt", "ist", "05 30", "5 30", "0530", "00 00", "local time", "asia kolkata", "india"]
                .iter()
                .find_map(|zone| rest.strip_suffix(zone).map(str::trim_end))
                .filter(|shorter| !shorter.is_empty());
        match shorter {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

pub(super) struct Words {
    /// The best comes first.
    pub(super) exact: &'static [&'static str],
    contains: &'static [&'static str],
    not: &'static [&'static str],
}

/// Titles as ticket shops, payment providers, webinar tools, CRMs, forms and people write them.
#[rustfmt::skip]
pub(super) fn words_of(field: Field) -> Words {
    const ABOUT_A_NUMBER: &[&str] = &[
        "code", "country", "type", "consent", "opt", "group", "link", "name", "device", "joined", "status", "verified", "sent", "id",
        "model", "os", "brand", "count", "invited", "screen", "same", "fax", "upi", "pay", "pe", "paytm", "gpay", "phonepe", "message",
        "messages", "updates", "reply", "replied", "delivered", "read", "template", "otp", "valid", "validation", "have", "use", "using",
        "extension", "ext", "carrier", "operator", "network", "state", "city", "label", "time", "date", "extensions",
    ];
    match field {
        Field::Phone => Words {
            exact: &[
                "whatsapp number", "whatsapp no", "whatsapp phone number", "whatsapp mobile number", "whatsapp", "phone number", "phone",
                "phone no", "mobile number", "mobile no", "mobile", "mobile phone", "mobile phone number", "contact number", "contact no",
                "cell", "cell phone", "cell no", "cell number", "mob", "mob no", "mob number", "tel", "tel no", "telephone",
                "telephone number", "telephone no", "contact", "number", "msisdn", "ph", "ph no", "ph number", "phno", "phoneno",
                "phonenumber", "mobileno", "mobilenumber", "contactno", "contactnumber", "whatsappno", "whatsappnumber", "cellphone",
                "contact phone", "contact mobile", "contact details", "phone 1", "phone 1 value", "mobile 1", "primary phone", "primary number",
                "calling number", "number with country code", "alternate no", "alternate number", "alt no", "alt number", "second number", "other number", "e164", "wa id", "whatsapp id", "whatsapp phone", "phone e164",
                "telefon", "telefonnummer", "handynummer", "telefono", "teléfono", "téléphone", "telefone", "celular", "móvil", "movil",
                "numero", "número", "landline", "landline number", "landline no", "land line", "land line no", "landline phone",
                "2nd mobile", "2nd number", "nomor hp", "no hp", "телефон", "电话", "手机", "هاتف", "موبائل", "ফোন", "মোবাইল", "ਮੋਬਾਈਲ", "મોબાઇલ", "மொபைல்",
                "మొబైల్", "ಮೊಬೈಲ್", "മൊബൈൽ", "मोबाइल नंबर", "मोबाइल", "मोबाईल", "मोबाईल नंबर", "मोबाइल न", "मोबाइल नम्बर", "फोन नंबर", "फोन", "फ़ोन",
                "फ़ोन नंबर", "संपर्क", "संपर्क नंबर", "नंबर", "whatsapp नंबर", "भ्रमणध्वनी",
            ],
            contains: &[
                "phone", "mobile", "whatsapp", "cell", "contact number", "contact no", "telephone", "phone number", "मोबाइल", "मोबाईल", "फोन",
                "फ़ोन", "संपर्क नंबर",
            ],
            not: ABOUT_A_NUMBER,
        },
        Field::Email => Words {
            exact: &[
                "email", "email address", "email id", "e mail", "e mail address", "e mail id", "mail", "mail id", "emailid", "emailaddress",
                "gmail", "gmail id", "user email", "primary email", "work email", "email 1", "e mail 1 value", "contact email", "mail address",
                "ईमेल", "ई मेल", "ईमेल आईडी", "ईमेल पता", "correo", "correo electrónico", "courriel",
            ],
            contains: &["email", "e mail", "ईमेल", "mail id", "gmail"],
            not: &[
                "consent", "opt", "verified", "sent", "status", "name", "campaign", "subscribed", "unsubscribed", "opened", "clicked", "bounced",
                "type", "updates", "domain", "template", "subject", "receive",
            ],
        },
        Field::CountryCode => Words {
            exact: &[
                "country code", "country calling code", "phone country code", "dial code", "dialing code", "dialling code", "calling code",
                "phone code", "mobile country code", "isd code", "isd", "देश कोड", "whatsapp country code", "phone country", "mobile country",
                "country", "country region", "country region name", "country name", "country of residence", "residence country", "country iso",
                "country iso code", "iso country", "nation", "देश", "देश का नाम",
            ],
            contains: &["country code", "isd code", "calling code", "country region", "dial code"],
            not: &["currency"],
        },
        Field::FirstName => Words {
            exact: &["first name", "firstname", "fname", "first", "given name", "forename", "name first", "पहला नाम", "प्रथम नाम", "vorname", "nombre", "prénom"],
            contains: &["first name", "given name"],
            not: &["last name", "phone", "email"],
        },
        Field::LastName => Words {
            exact: &["last name", "lastname", "lname", "last", "surname", "family name", "name last", "उपनाम", "कुलनाम", "अंतिम नाम", "nachname", "apellido"],
            contains: &["last name", "surname", "family name"],
            not: &["first name", "phone", "email"],
        },
        Field::Name => Words {
            exact: &[
                "full name", "name", "contact name", "customer name", "participant name", "attendee name", "registrant name", "student name",
                "lead name", "your name", "display name", "user name original name", "name original name", "user name", "username", "fullname",
                "name of participant", "name of the participant", "name of student", "name of attendee", "name in full", "complete name",
                "person name", "member name", "holder name", "name on certificate", "name for certificate", "public display name",
                "saved name", "push name", "pushname", "profile name", "whatsapp name", "customer", "participant", "attendee", "registrant", "student",
                "guest", "delegate", "नाम", "पूरा नाम", "आपका नाम", "naam", "aapka naam",
            ],
            contains: &["name", "नाम", "naam"],
            not: &[
                "first", "last", "middle", "company", "business", "organisation", "organization", "workshop", "event", "campaign", "form", "ad",
                "adset", "page", "product", "file", "course", "webinar", "topic", "utm", "plan", "mango", "bank", "sheet", "city", "state",
                "country", "brand", "source", "group", "coupon", "pet", "family", "sur", "set", "tag", "service", "ticket", "batch", "class",
                "branch", "department", "team", "role", "designation", "hotel", "item", "lesson", "module", "list", "channel", "card", "variant",
                "sku", "discount", "code", "template", "medium", "content", "term", "account", "domain", "device", "browser", "region",
                "district", "village", "street", "lineitem", "line item", "plugin", "widget", "site", "website", "area", "zone", "title", "nick", "nickname", "legal", "trade", "firm", "shop", "store",
                "venue", "address", "building", "hospital", "programme", "program", "project", "package", "category", "type", "payment", "method",
                "gateway", "session", "room", "tier", "add on", "addon", "series", "instagram", "linkedin", "twitter", "facebook", "telegram",
                "industry", "job", "stage", "pipeline", "segment", "language", "upi", "phone", "mobile", "number", "email", "status", "date",
            ],
        },
        Field::Consent => Words {
            exact: &[
                "marketing consent", "promotional consent", "consent to promotions", "consent for promotions", "consent", "marketing opt in",
                "opt in", "optin", "opted in", "whatsapp consent", "whatsapp opt in", "whatsapp optin", "sms consent", "sms opt in",
                "sms optin", "promotions", "offers", "सहमति", "प्रचार सहमति", "मार्केटिंग सहमति", "ऑफ़र", "ऑफर", "accepts marketing",
                "accepts sms marketing", "accepts whatsapp marketing", "buyer accepts marketing", "marketing permission", "communication consent",
            ],
            contains: &[
                "marketing consent", "promotional consent", "marketing messages", "promotional messages", "receive offers", "receive promotions",
                "receive promotional", "receive marketing", "offers and updates", "updates and offers", "send me offers", "marketing opt in",
                "accepts marketing", "promotional offers", "प्रचार संदेश", "मार्केटिंग संदेश",
            ],
            not: &["email", "e mail", "mail", "photo", "recording", "terms", "privacy", "parent", "guardian"],
        },
        Field::Source => Words {
            exact: &["source", "lead source", "utm source", "source name", "platform", "channel", "स्रोत"],
            contains: &["utm source", "lead source"],
            not: &[],
        },
        Field::RegisteredAt => Words {
            exact: &[
                "registered at", "registration time", "registration date", "registration date time", "registered on", "registered date",
                "date of registration", "date registered", "timestamp", "created time", "created at", "created date", "date created",
                "creation time", "order date", "order time", "purchase date", "purchased at", "paid at", "payment date", "transaction date",
                "submitted at", "submission date", "submission time", "submitted on", "submit date", "created on", "joined at", "joined on",
                "sign up date", "signup date", "signed up", "booking date", "booked on", "enrolled at", "enrolled on", "enrolment date",
                "date", "created", "date time", "time stamp", "दिनांक", "तारीख", "समय",
            ],
            contains: &["registration time", "registration date", "timestamp", "registered at", "submitted at", "created at"],
            not: &["updated", "join", "leave", "start", "end", "birth", "expiry"],
        },
        // The registration's own id first: an order may hold several people.
        Field::Reference => Words {
            exact: &[
                "registration id", "registration no", "registration number", "registration code", "registrant id", "attendee id",
                "attendee no", "attendee number", "participant id", "ticket id", "ticket no", "ticket number", "ticket code",
                "ticket reference", "booking id", "booking no", "booking number", "booking reference", "booking code", "submission id",
                "response id", "entry id", "enrolment id", "enrollment id", "enrolment no", "enrollment no", "confirmation number",
                "confirmation code", "confirmation no", "order id", "order no", "order number", "order reference", "order ref",
                "payment id", "transaction id", "transaction no", "txn id", "reference", "reference id", "reference no",
                "reference number", "unique id", "पंजीकरण संख्या", "पंजीकरण क्रमांक", "ऑर्डर आईडी",
            ],
            contains: &[],
            not: &[],
        },
        // These are read by rules of their own.
        Field::Status | Field::OptOut => Words { exact: &[], contains: &[], not: &[] },
    }
}

/// "Reg No", "razorpay_payment_id", "Merchant Txn ID", "Order Ref No": the thing that was registered, ordered or paid, with a word for its number.
fn is_reference(plain: &str) -> bool {
    #[rustfmt::skip]
    const THING: &[&str] = &[
        "reg", "registration", "regn", "registrant", "attendee", "participant", "ticket", "booking", "order", "payment", "pay", "txn",
        "transaction", "trans", "enrolment", "enrollment", "submission", "response", "entry", "confirmation", "application", "merchant",
        "receipt", "invoice", "reference", "utr", "charge", "delegate", "purchase",
    ];
    const NUMBER: &[&str] = &["id", "ids", "no", "number", "num", "ref", "reference", "code", "#", "uid", "key", "utr"];
    #[rustfmt::skip]
    const AROUND: &[&str] = &[
        "razorpay", "cashfree", "cf", "payu", "mihpayid", "instamojo", "stripe", "paypal", "paytm", "phonepe", "unique", "your", "the", "my",
        "of", "gateway", "pg", "bank", "upi", "system", "internal", "external", "shopify", "woocommerce", "event",
    ];
    let words: Vec<&str> = plain.split(' ').collect();
    let is = |word: &str, list: &[&str]| list.contains(&word);
    words.len() > 1
        && words.iter().any(|word| is(word, THING))
        && words.iter().any(|word| is(word, NUMBER))
        && words.iter().all(|word| is(word, THING) || is(word, NUMBER) || is(word, AROUND))
}

/// A title about somebody else: no field of ours, and a title all the same.
pub(in crate::read) fn is_somebody_elses(cell: &str) -> bool {
    #[rustfmt::skip]
    const WHAT: &[&str] = &[
        "name", "phone", "mobile", "number", "no", "whatsapp", "email", "e mail", "contact", "mail", "नाम", "मोबाइल", "फोन",
        "नंबर",
    ];
    let plain = plain(cell);
    WHAT.iter().any(|word| contains_words(&plain, word)) && whose(&plain).whose == Whose::Other
}

/// The titles that name a field exactly, to know a header that stands again in the middle of a file.
pub(in crate::read) fn is_title(cell: &str) -> bool {
    !cell.is_empty()
        && cell.chars().count() <= 80
        && Field::ALL.iter().any(|field| title_score(*field, cell) >= 75)
}
