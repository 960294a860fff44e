//! What the title of a column says it holds.

use super::super::mapping::Field;
use super::refusals::{allows, forbids, opt_out_score};
use super::status_titles::{is_about_settlement, status_score};
use super::whose::{Whose, whose};

/// How well a column's title names a field: 0 not at all, 100 exactly.
pub(crate) fn title_score(field: Field, title: &str) -> u32 {
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
        // "Registered" alone may be a status; with a zone it is a time.
        Field::RegisteredAt if title != "registered" && without_zone(&title) == "registered" => return 80,
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

/// "Contact", "Primary contact": of some tools the number, of others who it is. The cells tell.
pub(in crate::read) fn names_contact(title: &str) -> bool {
    const SAYS: &[&str] =
        &["no", "number", "phone", "mobile", "whatsapp", "cell", "tel", "telephone", "name", "email", "id"];
    let plain = plain(title);
    contains_words(&plain, "contact") && !SAYS.iter().any(|word| contains_words(&plain, word))
}

/// Titles of what somebody calls themselves in a program: "asha_r92" greets nobody where a first name stands beside it.
pub(in crate::read) fn is_screen_name(title: &str) -> bool {
    #[rustfmt::skip]
    const TITLES: &[&str] = &[
        "user name", "username", "user name original name", "name original name", "display name", "public display name", "push name",
        "pushname", "profile name", "screen name", "nick name", "nickname", "login name", "whatsapp name", "saved name",
    ];
    TITLES.contains(&plain(title).as_str())
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

/// A title without the zone that it names: "Created at (UTC)".
pub(super) fn without_zone(plain: &str) -> &str {
    #[rustfmt::skip]
    const ZONES: &[&str] = &[
        " utc", " gmt", " ist", " 05 30", " 5 30", " 0530", " 00 00", " local time", " india", " npt", " gst", " sgt", " pdt", " pst", " edt",
        " est",
    ];
    const CONTINENTS: &[&str] = &[" asia ", " europe ", " america ", " africa ", " australia ", " pacific "];
    let mut rest = plain;
    loop {
        // "Registered (Asia/Dubai)", "Time (America/New York)": at most two words behind the continent.
        let place = CONTINENTS.iter().find_map(|continent| {
            let (before, city) = rest.rsplit_once(continent)?;
            (city.split(' ').count() <= 2).then_some(before)
        });
        let shorter = ZONES
            .iter()
            .find_map(|zone| rest.strip_suffix(zone).map(str::trim_end))
            .or(place)
            .filter(|shorter| !shorter.is_empty());
        match shorter {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

pub(super) struct Words {
    /// The titles of this field, the best one first.
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
                "primary contact", "main contact", "alternate contact", "alternative contact", "secondary contact", "other contact", "contact 1",
                "contact 2", "contact phone", "contact mobile", "contact details", "phone 1", "phone 1 value", "mobile 1", "primary phone", "primary number",
                "calling number", "number with country code", "alternate no", "alternate number", "alt no", "alt number", "second number", "other number", "e164", "wa id", "whatsapp id", "whatsapp phone", "phone e164", "text reminder number",
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
                "type", "updates", "domain", "template", "subject", "receive", "accepts", "accept", "accepted", "marketing", "newsletter",
                "subscribe", "promotions", "offers",
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
                "guest", "delegate", "नाम", "पूरा नाम", "आपका नाम", "naam", "aapka naam", "contact", "contact person", "primary contact", "main contact",
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
                "date", "created", "date time", "time stamp", "reg date", "reg time", "reg on", "regd on", "regd date", "regn date", "date of reg",
                "entry date", "booking time", "signup time", "दिनांक", "तारीख", "समय", "पंजीकरण दिनांक", "पंजीकरण तिथि", "तिथि",
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
    const NUMBER: &[&str] =
        &["id", "ids", "no", "number", "num", "ref", "reference", "code", "#", "uid", "key", "utr"];
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
pub(crate) fn is_somebody_elses(cell: &str) -> bool {
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
