//! Which row is the header, and what its words mean.

use domain::email::Email;
use domain::phone::{Country, Phone, PhoneError};

use super::mapping::Field;

/// How well a column's title names a field: 0 not at all, 100 exactly.
pub(super) fn title_score(field: Field, title: &str) -> u32 {
    let title = plain(title);
    if title.is_empty() {
        return 0;
    }
    let words = words_of(field);
    if let Some(rank) = words.exact.iter().position(|word| *word == title) {
        return 100 - (rank as u32).min(20);
    }
    let has = |word: &&&str| contains_words(&title, word);
    match words.contains.iter().any(|word| has(&word)) && !words.not.iter().any(|word| has(&word)) {
        true => 60,
        false => 0,
    }
}

fn contains_words(title: &str, word: &str) -> bool {
    format!(" {title} ").contains(&format!(" {word} "))
}

/// `Mobile No.`, `mobile_no` and `mobileNo` are one title: small letters and single spaces.
pub(super) fn plain(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut was_small = false;
    for c in title.chars().take(200) {
        let joins = c.is_alphanumeric() || is_sign_of_devanagari(c);
        if (c.is_uppercase() && was_small) || (!joins && !out.ends_with(' ')) {
            out.push(' ');
        }
        if joins {
            out.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase();
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Vowel signs, nukta and virama are marks, not letters, and belong to their word.
fn is_sign_of_devanagari(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{963}')
}

struct Words {
    /// The best comes first.
    exact: &'static [&'static str],
    contains: &'static [&'static str],
    not: &'static [&'static str],
}

/// Titles as TagMango, Pabbly, Google Forms, Zoom, Facebook Lead Ads and people write them.
fn words_of(field: Field) -> Words {
    const ABOUT_A_NUMBER: &[&str] = &[
        "code", "country", "type", "consent", "opt", "group", "link", "name", "device", "joined", "status",
        "verified", "sent", "id", "model", "os", "brand", "count", "invited", "screen",
    ];
    match field {
        Field::Phone => Words {
            exact: &[
                "whatsapp number",
                "whatsapp no",
                "whatsapp phone number",
                "whatsapp",
                "phone number",
                "phone",
                "phone no",
                "mobile number",
                "mobile no",
                "mobile",
                "mobile phone",
                "contact number",
                "contact no",
                "cell",
                "cell phone",
                "mob",
                "mob no",
                "tel",
                "telephone",
                "telephone number",
                "wa number",
                "contact",
                "number",
                "msisdn",
                "व्हाट्सएप नंबर",
                "व्हाट्सएप",
                "मोबाइल नंबर",
                "मोबाइल",
                "मोबाईल",
                "फोन नंबर",
                "फोन",
                "फ़ोन",
                "फ़ोन नंबर",
                "संपर्क",
                "संपर्क नंबर",
                "मोबाइल न",
                "मोबाइल नम्बर",
            ],
            contains: &["phone", "mobile", "whatsapp", "मोबाइल", "फोन", "फ़ोन", "व्हाट्सएप", "व्हाट्सऐप"],
            not: ABOUT_A_NUMBER,
        },
        Field::Email => Words {
            exact: &[
                "email",
                "email address",
                "email id",
                "e mail",
                "e mail address",
                "e mail id",
                "mail",
                "mail id",
                "ईमेल",
                "ई मेल",
                "ईमेल आईडी",
            ],
            contains: &["email", "e mail", "ईमेल"],
            not: &["consent", "opt", "verified", "sent", "status", "name", "campaign"],
        },
        Field::CountryCode => Words {
            exact: &[
                "country code",
                "country calling code",
                "phone country code",
                "dial code",
                "dialing code",
                "calling code",
                "phone code",
                "mobile country code",
                "isd code",
                "isd",
                "देश कोड",
            ],
            contains: &["country code", "isd code"],
            not: &[],
        },
        Field::FirstName => Words {
            exact: &["first name", "firstname", "fname", "given name", "forename", "पहला नाम", "प्रथम नाम"],
            contains: &["first name"],
            not: &[],
        },
        Field::LastName => Words {
            exact: &[
                "last name",
                "lastname",
                "lname",
                "surname",
                "family name",
                "उपनाम",
                "कुलनाम",
                "अंतिम नाम",
            ],
            contains: &["last name", "surname"],
            not: &[],
        },
        Field::Name => Words {
            exact: &[
                "full name",
                "name",
                "contact name",
                "customer name",
                "participant name",
                "attendee name",
                "registrant name",
                "student name",
                "lead name",
                "your name",
                "display name",
                "user name original name",
                "name original name",
                "user name",
                "username",
                "customer",
                "participant",
                "नाम",
                "पूरा नाम",
                "आपका नाम",
            ],
            contains: &["name", "नाम"],
            not: &[
                "first",
                "last",
                "middle",
                "company",
                "business",
                "organisation",
                "organization",
                "workshop",
                "event",
                "campaign",
                "form",
                "ad",
                "adset",
                "page",
                "father",
                "mother",
                "husband",
                "spouse",
                "product",
                "file",
                "course",
                "webinar",
                "topic",
                "utm",
                "plan",
                "mango",
                "bank",
                "sheet",
                "city",
                "state",
                "country",
                "college",
                "school",
                "brand",
                "source",
                "group",
                "referrer",
                "coupon",
                "host",
                "pet",
                "family",
                "sur",
                "set",
                "tag",
                "service",
            ],
        },
        Field::Status => Words {
            exact: &[
                "status",
                "registration status",
                "order status",
                "approval status",
                "payment status",
                "स्थिति",
            ],
            contains: &["registration status", "order status", "payment status"],
            not: &[],
        },
        Field::Consent => Words {
            exact: &[
                "marketing consent",
                "promotional consent",
                "consent to promotions",
                "consent for promotions",
                "consent",
                "marketing opt in",
                "opt in",
                "optin",
                "opted in",
                "whatsapp consent",
                "whatsapp opt in",
                "whatsapp optin",
                "sms consent",
                "sms opt in",
                "sms optin",
                "promotions",
                "offers",
                "सहमति",
                "प्रचार सहमति",
                "मार्केटिंग सहमति",
                "ऑफ़र",
                "ऑफर",
            ],
            contains: &[
                "marketing consent",
                "promotional consent",
                "marketing messages",
                "promotional messages",
                "receive offers",
                "receive promotions",
                "receive promotional",
                "offers and updates",
                "updates and offers",
                "send me offers",
                "marketing opt in",
                "प्रचार संदेश",
                "मार्केटिंग संदेश",
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
                "registered at",
                "registration time",
                "registration date",
                "registered on",
                "timestamp",
                "created time",
                "created at",
                "order date",
                "purchase date",
                "submitted at",
                "submission date",
                "submission time",
                "created on",
                "date",
                "created",
                "date time",
                "दिनांक",
                "तारीख",
            ],
            contains: &["registration time", "registration date", "timestamp"],
            not: &[],
        },
    }
}

/// How many cells of a row name a field; 0 for a row that holds a person.
fn title_count(cells: &[String]) -> usize {
    let names_a_field = |cell: &&String| Field::ALL.iter().any(|field| title_score(*field, cell) >= 60);
    match cells.iter().any(|cell| is_email(cell) || is_phone(cell)) {
        true => 0,
        false => cells.iter().filter(|cell| cell.chars().count() <= 80).filter(names_a_field).count(),
    }
}

/// Where the header stands among the first rows (index into `rows`), if there is one.
///
/// The row with the most titles wins, and the first of equals: exports put reports and notes above it. Without any
/// title, a row of words right above the first person is one.
pub(super) fn header_row(rows: &[Vec<String>]) -> Option<usize> {
    const LOOKED_AT: usize = 40;
    let first_person = rows.iter().position(|row| row.iter().any(|cell| is_phone(cell)));
    let mut best = None;
    for (at, row) in rows.iter().take(LOOKED_AT).enumerate() {
        let titles = title_count(row);
        if titles > best.map_or(0, |(_, most)| most) {
            best = Some((at, titles));
        }
    }
    let people_above =
        |at: usize| rows[..at].iter().filter(|row| row.iter().any(|cell| is_phone(cell))).count();
    match best {
        // A host's number may stand in a note above; two numbers are people.
        Some((at, _)) if people_above(at) <= 1 => Some(at),
        _ => first_person.filter(|at| *at > 0).map(|at| at - 1).filter(|at| {
            let wordy = |cell: &String| cell.chars().any(char::is_alphabetic) && !is_email(cell);
            let filled = rows[*at].iter().filter(|cell| !cell.is_empty()).count();
            let wide = filled * 2 > rows[*at + 1].iter().filter(|cell| !cell.is_empty()).count();
            wide && rows[*at].iter().filter(|cell| !cell.is_empty()).all(wordy)
        }),
    }
}

pub(super) fn is_email(cell: &str) -> bool {
    cell.contains('@') && Email::parse(cell).is_ok()
}

/// Whether a cell was meant as a phone number: one that can be read, or one that Excel destroyed.
pub(super) fn is_phone(cell: &str) -> bool {
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    if !(8..=40).contains(&digits) || looks_like_date(cell) {
        return false;
    }
    match Phone::parse(cell, Country::INDIA) {
        Ok(_) => true,
        Err(PhoneError::TwoNumbers | PhoneError::ForeignWithoutPlus) => true,
        Err(_) => false,
    }
}

pub(super) fn is_lost_number(cell: &str) -> bool {
    cell.contains(['e', 'E']) && Phone::parse(cell, Country::INDIA) == Err(PhoneError::DigitsLost)
}

/// `2026-05-12 19:00` has twelve digits, and no number is written so.
fn looks_like_date(cell: &str) -> bool {
    let groups: Vec<usize> = cell.split(['-', '/', ' ', ':', '.', 'T']).map(str::len).collect();
    cell.contains(':') || matches!(groups.as_slice(), [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}
