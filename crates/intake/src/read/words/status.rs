//! What words in a column of statuses mean, in the words of payment providers, ticket shops, webinar tools, CRMs and people.
//!
//! Only a word that is known to mean a place counts as one. A word that different tools use differently ([`Known::Ask`]), and every
//! word that is not here, is a question to a person.

use serde::{Deserialize, Serialize};

use domain::workshop::RegistrantStatus;

use super::status_words::WORDS;
use super::titles::plain;

/// What a word in a column of statuses means for a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusMeaning {
    /// The person has a place.
    Registered,
    /// The person never had a place: did not pay, was not admitted, has not answered. The row is left out.
    LeftOut,
    /// The person gave the place back.
    Cancelled,
    /// The person got the money back.
    Refunded,
}

impl StatusMeaning {
    /// Every meaning, in the order in which forms list them.
    pub const ALL: [StatusMeaning; 4] = [
        StatusMeaning::Registered,
        StatusMeaning::LeftOut,
        StatusMeaning::Cancelled,
        StatusMeaning::Refunded,
    ];

    /// For forms, the store and the command line: `left_out`.
    pub fn word(self) -> &'static str {
        match self {
            StatusMeaning::Registered => "registered",
            StatusMeaning::LeftOut => "left_out",
            StatusMeaning::Cancelled => "cancelled",
            StatusMeaning::Refunded => "refunded",
        }
    }

    /// For screens: "Left out".
    pub fn title(self) -> &'static str {
        match self {
            StatusMeaning::Registered => "Registered",
            StatusMeaning::LeftOut => "Left out",
            StatusMeaning::Cancelled => "Cancelled",
            StatusMeaning::Refunded => "Refunded",
        }
    }

    /// What a word means by the tables alone; `None` when it is not known, or when tools use it differently.
    pub fn of(word: &str) -> Option<StatusMeaning> {
        match known(word)? {
            Known::Means(meaning) => Some(meaning),
            Known::Ask => None,
        }
    }

    /// Where the registration stands; `None` for a row that is left out.
    pub fn status(self) -> Option<RegistrantStatus> {
        match self {
            StatusMeaning::Registered => Some(RegistrantStatus::Registered),
            StatusMeaning::LeftOut => None,
            StatusMeaning::Cancelled => Some(RegistrantStatus::Cancelled),
            StatusMeaning::Refunded => Some(RegistrantStatus::Refunded),
        }
    }
}

impl std::str::FromStr for StatusMeaning {
    type Err = ();
    fn from_str(text: &str) -> Result<StatusMeaning, ()> {
        let text = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        StatusMeaning::ALL.into_iter().find(|meaning| meaning.word() == text).ok_or(())
    }
}

/// What the table knows of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Known {
    /// It means this wherever it was found.
    Means(StatusMeaning),
    /// Tools use it differently, or it does not tell whether somebody has a place.
    Ask,
}

/// The form in which a status is looked up and remembered: `USER_DROPPED`, `User dropped` and `userDropped` are one. A sign that says something
/// (`Paid ❌`, `Paid?`, `-1`) is part of it.
pub fn status_key(cell: &str) -> String {
    let key = plain(cell);
    if key.is_empty() {
        return cell.trim().to_lowercase();
    }
    match telling_signs(cell) {
        signs if signs.is_empty() => key,
        signs => format!("{key} {signs}"),
    }
}

/// The signs of a status by which it is another word. What only sets apart or adorns (`(Paid)`, `*Paid*`, `Paid ✅`) is none.
fn telling_signs(cell: &str) -> String {
    if cell.is_ascii() && !cell.bytes().any(|b| matches!(b, b'?' | b'!' | b'-' | b'+' | b'~' | b'^' | b'%')) {
        return String::new();
    }
    let chars: Vec<char> = cell.chars().take(200).collect();
    let tells = |(at, c): (usize, &char)| {
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let behind_word = at > 0 && chars[at - 1].is_alphanumeric();
        match c {
            '-' | '\u{2212}' | '+' => next_is_digit && !behind_word,
            '?' | '!' | '~' | '^' | '%' | '\u{061F}' | '\u{FF1F}' | '\u{FF01}' => true,
            _ if c.is_ascii() || c.is_alphanumeric() || c.is_whitespace() => false,
            // Letters' own signs, joiners, dashes, quotes, dots.
            '\u{300}'..='\u{36F}'
            | '\u{900}'..='\u{DFF}'
            | '\u{2000}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '·'
            | '«'
            | '»' => false,
            // Rupee, money, ticks, thumbs up, applause: they adorn a yes.
            '₹' | '€' | '£' | '✅' | '✔' | '✓' | '☑' | '👍' | '💯' | '🎉' | '🙏' | '→' | '➡' => {
                false
            }
            '\u{1F3FB}'..='\u{1F3FF}' => false,
            _ => true,
        }
    };
    chars.iter().enumerate().filter(|(at, c)| tells((*at, *c))).map(|(_, c)| *c).collect()
}

/// What one word or phrase means. Signs make a place a question; what refuses stays refused, but for a question mark.
fn known_whole(text: &str) -> Option<Known> {
    let key = status_key(text);
    if let Some(known) = look_up(&key) {
        return Some(known);
    }
    let signs = telling_signs(text);
    let asks = signs.is_empty() || signs.contains('?') || signs.contains('~');
    if asks {
        return None;
    }
    let bare = look_up(&plain(text));
    bare.filter(|known| !matches!(known, Known::Ask | Known::Means(StatusMeaning::Registered)))
}

/// What a status means. A text of several parts (`Failed: card declined`, `Paid / Refunded`) means a place only when each part does.
pub(in crate::read) fn known(cell: &str) -> Option<Known> {
    if let Some(known) = known_whole(cell) {
        return Some(known);
    }
    if !telling_signs(cell).is_empty() {
        // "Paid (?)": the sign may stand in a part of its own.
        return None;
    }
    let parts: Vec<&str> = cell.split([':', '/', '|', ',', ';', '(', ')', '–', '—', '→', '>']).collect();
    let parts: Vec<Option<Known>> = parts
        .iter()
        .map(|part| status_key(part))
        .filter(|key| !key.is_empty())
        .map(|key| look_up(&key))
        .collect();
    if parts.len() < 2 {
        return None;
    }
    let forbids = |known: &Known| !matches!(known, Known::Ask | Known::Means(StatusMeaning::Registered));
    // A refund after a payment is the later news.
    let forbidding = parts.iter().flatten().copied().filter(forbids).max_by_key(|known| match known {
        Known::Means(meaning) => *meaning,
        Known::Ask => StatusMeaning::Registered,
    });
    let all: Option<Vec<Known>> = parts.iter().copied().collect();
    match (forbidding, all) {
        (Some(forbidding), _) => Some(forbidding),
        (None, Some(all)) if all.contains(&Known::Ask) => Some(Known::Ask),
        (None, Some(all)) => all.first().copied(),
        (None, None) => None,
    }
}

/// A word for something that was begun: of a payment or an order that it was not ended, of a lead nothing.
pub(in crate::read) fn has_begun(cell: &str) -> bool {
    matches!(plain(cell).as_str(), "created" | "open")
}

/// Whether a caption names people who help or teach instead of people who come: "Volunteers", "Organising committee (4)", "Speakers list".
pub(in crate::read) fn names_staff(caption: &str) -> bool {
    #[rustfmt::skip]
    const STAFF: &[&str] = &[
        "volunteers", "volunteer", "organisers", "organizers", "organising committee", "organizing committee", "organising team",
        "organizing team", "committee", "core committee", "core team", "support team", "staff", "crew", "speakers", "trainers", "mentors",
        "faculty", "teachers", "instructors", "facilitators", "panelists", "panellists", "hosts", "co hosts", "coordinators", "co ordinators",
        "judges", "jury", "resource persons", "chief guest", "chief guests", "sponsors", "vendors", "स्वयंसेवक", "आयोजक",
    ];
    STAFF.contains(&without_nouns(caption).as_str()) || STAFF.contains(&plain(caption).as_str())
}

/// Words of captions that say nothing of where somebody stands.
#[rustfmt::skip]
const CAPTION_NOUNS: &[&str] = &[
    "participants", "participant", "registrants", "registrant", "attendees", "attendee", "people", "persons", "members", "students",
    "candidates", "users", "guests", "customers", "leads", "registrations", "orders", "payments", "entries", "names", "list", "lists",
    "report", "section", "group", "the", "all", "of", "following", "who", "have", "are", "seats", "tickets", "applicants", "s",
];

/// A caption without them and without figures.
fn without_nouns(caption: &str) -> String {
    let plain = plain(caption);
    let words =
        plain.split(' ').filter(|word| !CAPTION_NOUNS.contains(word) && !word.chars().all(char::is_numeric));
    words.collect::<Vec<_>>().join(" ")
}

/// What a caption above a list says of everybody below it: "Cancelled participants (3)", "WAITLIST".
pub(in crate::read) fn caption(cell: &str) -> Option<Known> {
    if let Some(known) = known(cell) {
        return Some(known);
    }
    let rest = without_nouns(cell);
    match rest.is_empty() || rest.len() > 60 {
        true => None,
        false => look_up(&rest),
    }
}

/// Nouns that tools put before or behind the word that counts; who did it, and by what means.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "payment", "order", "txn", "transaction", "registration", "booking", "ticket", "seat", "status", "is", "was", "has been",
    "wc", "subscription", "enrolment", "enrollment", "by customer", "by user", "by buyer", "by student", "by participant", "by admin",
    "by organiser", "by organizer", "by host", "by merchant", "by bank", "on request", "to source", "to customer", "to bank", "via", "by",
    "through", "using", "online", "offline", "upi", "bhim", "gpay", "google pay", "g pay", "phonepe", "phone pe", "paytm", "cash",
    "card", "credit card", "debit card", "netbanking", "net banking", "bank transfer", "neft", "imps", "rtgs", "wallet", "emi", "qr",
    "razorpay", "cashfree", "payu", "instamojo", "stripe", "paypal",
];

fn look_up(key: &str) -> Option<Known> {
    let find = |key: &str| WORDS.iter().find(|(word, ..)| *word == key).map(|(_, known, _)| *known);
    find(key).or_else(|| {
        let mut rest = key;
        loop {
            let shorter = AROUND.iter().filter_map(|noun| {
                let before = rest.strip_prefix(noun).and_then(|rest| rest.strip_prefix(' '));
                before.or_else(|| rest.strip_suffix(noun).and_then(|rest| rest.strip_suffix(' ')))
            });
            // "Credit card" and not the card alone: "credit" is a word of its own.
            rest = shorter.min_by_key(|shorter| shorter.len())?;
            if let Some(known) = find(rest) {
                return Some(known);
            }
        }
    })
}
