//! Answers to "may we send you offers?" and to its opposite.

use domain::channel::Channel;

use super::status::StatusMeaning;

#[rustfmt::skip]
const YES: &[&str] = &[
    "yes", "y", "true", "1", "ok", "okay", "on", "agree", "agreed", "i agree", "accept", "accepted", "i accept", "opt in",
    "optin", "opted in", "subscribed", "granted", "given", "checked", "✓", "✔", "✅", "☑", "👍", "haan", "han", "haa", "ha", "ji",
    "ji haan", "हाँ", "हां", "हा", "जी", "जी हाँ", "जी हां", "सहमत", "सहमत हूँ", "सहमत हूं", "स्वीकार",
];
#[rustfmt::skip]
const NO: &[&str] = &[
    "no", "n", "false", "0", "off", "disagree", "disagreed", "not agreed", "decline", "declined", "opt out", "optout",
    "opted out", "unsubscribed", "denied", "not given", "unchecked", "✗", "✘", "✖", "❌", "👎", "🚫", "nahi", "nahin", "nahi ji", "नहीं", "नही",
    "ना", "असहमत", "जी नहीं", "सहमत नहीं",
];

/// What a person agreed to by an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// Nothing that is ours to send: a no, or "by e-mail only".
    No,
    /// Every channel that the question names.
    Yes,
    /// These channels and no others.
    Only(Vec<Channel>),
}

/// Reads an answer to a question for an agreement. An answer that names ways limits it to them; one that takes something back
/// ("yes, but not on WhatsApp") is not guessed: `None`.
pub fn agreed(cell: &str) -> Option<Agreed> {
    let text = tidy(cell, 120);
    let words: Vec<&str> = text.split(' ').collect();
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let named = named_channels(&text);
    let by_email = has(&["email", "emails", "mail", "mails", "gmail", "ईमेल"]) || text.contains("e mail");
    let limits = has(&["only", "just", "solely", "sirf", "keval", "केवल", "सिर्फ", "सिर्फ़"]);
    // Whatever stands beside a yes and denies, ends, limits or puts off something makes it no clear yes.
    #[rustfmt::skip]
    let takes_back = has(&[
        "but", "except", "not", "no", "without", "unless", "dont", "don", "never", "stop", "stopped", "avoid", "cancel", "remove",
        "removed", "unsubscribe", "unsubscribed", "out", "refuse", "disagree", "withdraw", "block", "delete", "nothing", "none", "if",
        "when", "later", "until", "till", "after", "less", "cannot", "cant", "wont", "नहीं", "नही", "मत", "ना", "न", "बंद", "बाद", "लेकिन", "पर",
        "अगर", "nahi", "nahin", "mat", "band", "lekin", "agar", "baad",
    ]);
    match yes_or_no(cell) {
        Some(false) => Some(Agreed::No),
        Some(true) if takes_back && !is_bare(&text) => None,
        answer if answer == Some(true) || (limits && !takes_back) => match (named.is_empty(), by_email) {
            (false, _) => Some(Agreed::Only(named)),
            (true, true) => Some(Agreed::No),
            (true, false) if answer == Some(true) && !limits => Some(Agreed::Yes),
            // "Only sometimes", "Yes, urgent ones only".
            (true, false) => None,
        },
        _ => None,
    }
}

/// A text that is one word of agreement: "opt in" has none that takes back, "opted in" neither.
fn is_bare(text: &str) -> bool {
    YES.contains(&text)
}

/// A bare yes or no: "Yes", "नहीं", ✅. Under a status nothing longer counts as a yes, and a longer no only where it says no twice ("No, can't make
/// it").
pub(in crate::read) fn bare_answer(cell: &str) -> Option<bool> {
    let text = tidy(cell, 80);
    if YES.contains(&text.as_str()) || ["yes yes", "haan ji", "yes sir"].contains(&text.as_str()) {
        return Some(true);
    }
    let no = NO.contains(&text.as_str());
    let again = text
        .split(' ')
        .skip(1)
        .any(|word| ["cant", "cannot", "not", "wont", "sorry", "unable", "नहीं", "nahi"].contains(&word));
    let begins = ["no ", "नहीं ", "nahi ", "nahin "].iter().any(|begin| text.starts_with(begin));
    (no || (begins && again)).then_some(false)
}

/// Whether a remark speaks of a refund, a cancellation or of not coming.
pub(crate) fn remarks_against(cell: &str) -> bool {
    #[rustfmt::skip]
    const AGAINST: &[&str] = &[
        "refund", "refunded", "refunds", "cancelled", "canceled", "cancel", "cancellation", "chargeback", "not coming", "not attending",
        "wont come", "will not come", "wont attend", "will not attend", "cannot attend", "cant attend", "cant come", "cannot come",
        "unable to attend", "withdrawn", "dropped out", "not interested", "not paid", "payment failed", "unpaid", "रद्द", "रिफंड", "वापस",
        "nahi aayenge", "nahi aa",
    ];
    // Rules of the house and addresses speak of refunds of nobody.
    const RULES: &[&str] =
        &["policy", "terms", "refundable", "conditions", "no refund", "no refunds", "rules"];
    if cell.len() > 400 || cell.len() < 3 || cell.contains("://") {
        return false;
    }
    let text = tidy(cell, 200);
    let padded = format!(" {text} ");
    let has = |words: &[&str]| words.iter().any(|word| padded.contains(&format!(" {word} ")));
    if has(RULES) {
        return false;
    }
    AGAINST.iter().any(|word| padded.contains(&format!(" {word} ")))
}

/// The word beside a name, in brackets or behind a dash, that takes the place away: "Ravi Kumar (cancelled)", "REFUNDED: Meena". A word that
/// gives a place says nothing here: a name is no column of statuses.
pub(in crate::read) fn beside_name(cell: &str) -> Option<&str> {
    const STEMS: &[&str] = &["cancel", "refund", "unpaid", "charge", "रद्द", "रिफंड"];
    let forbids = |part: &&str| matches!(StatusMeaning::of(part), Some(meaning) if meaning != StatusMeaning::Registered);
    let marks = ['(', ')', '[', ']', '{', '}', '|', '/', ';', ':', '*', '–', '—'];
    if cell.len() > 400 || cell.contains("://") {
        return None;
    }
    if cell.contains(marks) || cell.contains(" - ") {
        let parts = cell.split(marks).flat_map(|part| part.split(" - ")).map(str::trim);
        let beside = parts.filter(|part| part.len() < cell.len() && part.chars().count() > 2);
        if let Some(word) = beside.into_iter().find(forbids) {
            return Some(word);
        }
    }
    let small = cell.to_lowercase();
    let is_suspicious = STEMS.iter().any(|stem| small.contains(stem));
    cell.split_whitespace().find(|word| is_suspicious && forbids(word))
}

/// The channels of ours that a text names.
fn named_channels(text: &str) -> Vec<Channel> {
    let text = format!(" {} ", super::plain(text));
    let has = |any: &[&str]| any.iter().any(|word| text.contains(&format!(" {word} ")));
    let named = [
        (Channel::WhatsappPersonal, has(&["whatsapp"])),
        (Channel::Sms, has(&["sms", "text", "texts", "text message", "text messages", "एसएमएस"])),
        (Channel::IvrCall, has(&["call", "calls", "phone call", "phone calls", "कॉल"])),
    ];
    named.into_iter().filter(|(_, named)| *named).map(|(channel, _)| channel).collect()
}

/// A plain no under a question for a refusal: "no, keep sending". Everything else that says something is a refusal.
pub(in crate::read) fn is_plain_no(cell: &str) -> bool {
    #[rustfmt::skip]
    const NO: &[&str] = &[
        "no", "n", "false", "0", "off", "none", "never", "unchecked", "not opted out", "not unsubscribed", "subscribed",
        "opted in", "active", "not registered", "unregistered", "not on dnd", "non dnd", "not dnd", "not in dnd", "deregistered", "नहीं", "नही", "ना", "nahi", "nahin", "✗", "✘", "no thanks keep sending",
    ];
    NO.contains(&tidy(cell, 40).as_str())
}

/// Words in the cell itself that refuse: "Unsubscribed", "DND", "Stop".
pub(in crate::read) fn refuses(cell: &str) -> bool {
    #[rustfmt::skip]
    const REFUSED: &[&str] = &[
        "unsubscribed", "unsubscribe", "opted out", "opt out", "optout", "dnd", "stop", "stop all", "blocked", "do not contact",
        "blacklisted", "stop please", "please stop", "remove me", "stopall", "block",
    ];
    #[rustfmt::skip]
    const SAID: &[&str] = &[
        "dont message", "do not message", "dont call", "do not call", "dont contact", "do not contact", "stop messaging",
        "stop sending", "stop calling", "no more messages", "no more calls", "unsubscribe me", "remove me", "remove my number",
        "dont send", "do not send", "opt me out", "dont whatsapp", "do not whatsapp", "dont disturb", "do not disturb", "मैसेज मत",
        "संदेश मत", "कॉल मत", "message mat", "call mat",
    ];
    if cell.len() < 3 || cell.len() > 400 {
        return false;
    }
    let text = tidy(cell, 200);
    REFUSED.contains(&text.as_str()) || {
        let padded = format!(" {text} ");
        SAID.iter().any(|said| padded.contains(&format!(" {said} ")))
    }
}

/// Lower case, single spaces, without punctuation: the first `chars` of a cell.
pub(crate) fn tidy(cell: &str, chars: usize) -> String {
    let kept =
        |c: &char| !matches!(c, '.' | ',' | '!' | ';' | ':' | '\'' | '’' | '"' | '।' | '(' | ')' | '?');
    let text: String = cell
        .chars()
        .take(chars)
        .map(|c| if matches!(c, '_' | '-' | '–' | '/') { ' ' } else { c })
        .filter(kept)
        // The sign that asks for a coloured picture says nothing.
        .filter(|c| *c != '\u{FE0F}')
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Reads an answer as forms and people write it; `None` for anything else. What begins like an agreement
/// ("Yes, send me offers", "I agree to …") is one: forms put the whole statement into the cell.
pub fn yes_or_no(cell: &str) -> Option<bool> {
    const BEGINS_NO: &[&str] =
        &["no ", "i do not ", "i dont ", "i disagree ", "do not ", "dont ", "not ", "नहीं ", "नही "];
    #[rustfmt::skip]
    const BEGINS_YES: &[&str] = &[
        "yes ", "i agree ", "i accept ", "i consent ", "i want ", "i would like ", "हाँ ", "हां ", "जी हाँ ", "जी हां ",
    ];
    let text = tidy(cell, 80);
    if YES.contains(&text.as_str()) {
        return Some(true);
    }
    if NO.contains(&text.as_str()) || BEGINS_NO.iter().any(|begin| text.starts_with(begin)) {
        return Some(false);
    }
    // "मुझे … चाहिए, नहीं" and the like end with a no: not guessed.
    let ends_no = [" no", " not", " नहीं", " नही"].iter().any(|end| text.ends_with(end));
    (!ends_no && BEGINS_YES.iter().any(|begin| text.starts_with(begin))).then_some(true)
}
