//! Whether a number is the registrant's own, as far as title and cell say so: every word there has to be one that says nothing else.
//!
//! Words for other people cannot be listed: there is always one more cousin, dealer or officer. The words with which a form asks somebody for
//! their own number can.

use super::super::mapping::Field;
use super::titles::{contains_words, plain, without_hints, words_of};
use super::whose::{Whose, not_theirs, whose};

/// Words of titles that leave a number the registrant's own.
#[rustfmt::skip]
const NEUTRAL: &[&str] = &[
    // The number.
    "mobile", "mobiles", "mob", "mo", "cell", "cellphone", "cellular", "phone", "phones", "ph", "tel", "telephone", "handphone", "hp",
    "number", "numbers", "no", "nos", "num", "nbr", "nr", "contact", "contacts", "whatsapp", "sms", "call", "calls", "calling", "callable",
    "text", "texting", "msisdn", "e164", "id", "value", "line", "landline", "land", "std", "fixed", "mobileno", "mobilenumber", "phoneno",
    "phonenumber", "phno", "contactno", "contactnumber", "whatsappno", "whatsappnumber", "mobno", "details", "detail", "info",
    "information", "input", "field", "answer", "column", "data",
    // Which one of theirs.
    "primary", "main", "preferred", "best", "first", "second", "third", "secondary", "alternate", "alternative", "alternet", "alt",
    "additional", "another", "other", "backup", "home", "work", "business", "residence", "residential", "personal", "individual", "own",
    "self", "private", "current", "active", "valid", "working", "correct", "registered", "verified", "saved", "full", "complete", "new",
    "same", "real", "1st", "2nd", "3rd", "default", "unique", "formatted", "raw", "normalized", "normalised", "international", "local",
    // Whose, said of the reader.
    "your", "yours", "you", "my", "mine", "me", "i", "user", "lead", "profile", "subscriber", "member",
    // How a form asks.
    "a", "an", "the", "of", "for", "to", "in", "on", "at", "with", "without", "and", "or", "is", "are", "am", "be", "what", "which",
    "where", "how", "can", "may", "will", "we", "us", "please", "pls", "plz", "kindly", "enter", "fill", "share", "provide", "give",
    "write", "type", "mention", "add", "tell", "confirm", "drop", "submit", "here", "below", "it", "this", "as", "if", "any", "available",
    "reach", "them", "use", "using", "used", "do", "have", "has", "having", "linked", "should", "must", "only", "e", "g", "eg", "ex", "example",
    "like", "s", "ve", "re", "ll", "so", "let", "get", "got", "by", "up",
    // Hints.
    "digit", "digits", "ten", "country", "code", "isd", "prefix", "include", "including", "incl", "along", "start", "starting", "starts",
    "beginning", "plus", "sign", "space", "spaces", "format", "indian", "india", "compulsory", "mandatory", "required", "optional", "opt",
    "important", "note", "updates", "update", "link", "links", "joining", "join", "group", "receive", "receiving", "send", "sent", "sending",
    "reminder", "reminders", "zoom", "event", "workshop", "webinar", "masterclass", "session", "class", "course", "training", "seminar",
    "programme", "program", "registration", "communication", "communications", "q", "question",
    // Hindi, in its letters and in Latin ones.
    "मोबाइल", "मोबाईल", "मोबाइल", "फोन", "फ़ोन", "नंबर", "नम्बर", "नंबर", "न", "नं", "क्रमांक", "संपर्क", "सम्पर्क", "दूरभाष",
    "भ्रमणध्वनी", "आपका", "आपकी", "आपके", "अपना", "अपनी", "अपने", "मेरा", "मेरी", "मेरे", "स्वयं", "खुद", "कृपया", "दें", "दीजिए", "लिखें",
    "लिखिए", "भरें", "डालें", "बताएं", "बताएँ", "दर्ज", "करें", "का", "की", "के", "को", "पर", "लिए", "है", "हैं", "हो", "क्या", "जो", "जिस",
    "और", "या", "सही", "चालू", "यहाँ", "यहां", "वैकल्पिक", "प्राथमिक", "दूसरा", "अंक", "अंकों", "वाला", "अनिवार्य", "इस", "में",
    "mera", "meri", "mere", "aapka", "aapki", "aapke", "apka", "apna", "apni", "apne", "khud", "ka", "ki", "ke", "ko", "par", "pe", "kya",
    "hai", "h", "likhe", "likhen", "likhein", "bhare", "bharen", "bharein", "dale", "dalen", "de", "den", "dein", "dijiye", "batayen",
    "bataye", "kripya", "sahi", "chalu", "jo", "jis", "wala", "dusra", "doosra", "naya", "liye", "is", "me", "mein", "aur", "ya",
];

/// More words that may stand beside a number in its cell.
#[rustfmt::skip]
const BESIDE: &[&str] = &[
    "ext", "extn", "extension", "x", "o", "r", "m", "p", "w", "after", "before", "between", "pm", "time", "morning", "evening", "night",
    "day", "days", "anytime", "weekends", "also", "both", "prefer", "https", "http", "www", "wa", "api", "com", "phone", "context", "c", "us",
    "net", "hi", "hello", "yes", "ok", "not", "date", "mr", "mrs", "ms", "dr", "shri", "smt", "ji", "null", "na",
];

/// A word of a title by which the number may be somebody else's or no longer theirs; `None` where every word says nothing of the kind.
pub(in crate::read) fn word_against(title: &str) -> Option<String> {
    let plain = plain(title);
    let said = whose(&plain);
    if said.whose == Whose::Other {
        return said.word.map(str::to_owned);
    }
    if let Some(word) = not_theirs(&plain) {
        return Some(word.to_owned());
    }
    if words_of(Field::Phone).exact.contains(&said.rest.as_str()) {
        return None;
    }
    strange(without_purpose(&without_hints(&said.rest)), &[])
}

/// What a number is for says nothing about whose it is: "WhatsApp number for the Canva class". The rest has to name a number itself.
fn without_purpose(plain: &str) -> &str {
    const NUMBER: &[&str] =
        &["mobile", "phone", "whatsapp", "number", "no", "contact", "cell", "नंबर", "मोबाइल", "फोन"];
    const PURPOSE: &[&str] = &[" for ", " so that ", " to ", " where ", " on which "];
    let cut = PURPOSE.iter().filter_map(|word| plain.find(word)).min();
    match cut {
        Some(at) if NUMBER.iter().any(|word| contains_words(&plain[..at], word)) => &plain[..at],
        _ => plain,
    }
}

/// "6pm", "10am": when somebody may be called.
fn is_hour(word: &str) -> bool {
    let digits = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"));
    digits.is_some_and(|digits| (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// "Mobile (F)", "Contact (P)", "Ph (G)": father, parent, guardian. The g of "e.g." is none.
fn is_relation(letter: &str, plain: &str) -> bool {
    matches!(letter, "f" | "p") || (letter == "g" && !contains_words(plain, "e g"))
}

/// Letters that stand alone in a title: of "Mobile (M)" beside "Mobile (F)" the mother's, else the word for a mobile once more.
pub(in crate::read) fn lone_letters(title: &str) -> Vec<char> {
    let plain = plain(title);
    let alone = plain.split(' ').filter(|word| word.len() == 1);
    alone.filter_map(|word| word.chars().next()).collect()
}

/// The first word that is neither neutral nor among `known`.
fn strange(plain: &str, known: &[&str]) -> Option<String> {
    let is_fine = |word: &&str| {
        word.chars().all(char::is_numeric)
            || word.parse::<f64>().is_ok()
            || (word.len() == 1 && word.is_ascii())
            || NEUTRAL.contains(word)
            || is_hour(word)
            || known.contains(word)
            || (word.ends_with("th") && word.len() <= 4 && word.starts_with(|c: char| c.is_ascii_digit()))
            || (word.starts_with(['x', '9', '8']) && word.chars().any(|c| c.is_ascii_digit()))
    };
    plain
        .split(' ')
        .filter(|word| !word.is_empty())
        .find(|word| !is_fine(word) || (is_relation(word, plain) && !known.contains(word)))
        .map(str::to_owned)
}

/// A word beside the number in its cell that says whose it is, that it is wrong, or nothing that is understood. `name` is the row's person: who is
/// named by their own name is themselves.
pub(in crate::read) fn cell_against(cell: &str, name: &str) -> Option<String> {
    let said = plain(cell);
    let owner = whose(&said);
    if owner.whose == Whose::Other {
        return owner.word.map(str::to_owned);
    }
    if let Some(word) = not_theirs(&said) {
        return Some(word.to_owned());
    }
    let name = plain(name);
    // The name may stand in the cell of the number alone.
    if name.is_empty() {
        return None;
    }
    let names: Vec<&str> = name.split(' ').collect();
    let is_own = said.split(' ').any(|word| word.chars().count() > 2 && names.contains(&word));
    if is_own {
        return None;
    }
    strange(&said, BESIDE)
}

/// Whether a line of a chat with a number says whose it is, or that it is wrong.
pub(crate) fn line_against(line: &str) -> bool {
    let said = plain(line);
    whose(&said).whose == Whose::Other || not_theirs(&said).is_some()
}

/// Whether a title asks whose the number of the row is: "Number belongs to", "Relation with the number".
pub(in crate::read) fn asks_whose(title: &str) -> bool {
    const NUMBER: &[&str] =
        &["number", "phone", "mobile", "whatsapp", "contact", "no", "नंबर", "मोबाइल", "फोन"];
    const WHOSE: &[&str] = &[
        "belongs",
        "belong",
        "whose",
        "relation",
        "relationship",
        "owned",
        "किसका",
        "kiska",
        "रिश्ता",
        "संबंध",
    ];
    let plain = plain(title);
    let has = |words: &[&str]| words.iter().any(|word| contains_words(&plain, word));
    // "Is this number yours?", "Is it your own number?": the title of the number itself asks nothing.
    if ["is this ", "is it ", "is the ", "is that "].iter().any(|begin| plain.starts_with(begin)) {
        return has(NUMBER) && has(&["yours", "your", "own", "mine", "self"]);
    }
    let rest = plain.replace("relationship", "").replace("relation", "");
    has(NUMBER) && has(WHOSE) && whose(rest.trim()).whose != Whose::Other
}

/// Whether an answer to that says that it is the person's own.
pub(in crate::read) fn is_self(cell: &str) -> bool {
    const SELF: &[&str] = &[
        "self",
        "myself",
        "me",
        "mine",
        "my",
        "own",
        "same",
        "my own",
        "my number",
        "yes",
        "same person",
        "participant",
        "student",
        "स्वयं",
        "खुद",
        "मेरा",
        "अपना",
        "khud",
        "mera",
        "apna",
        "swayam",
    ];
    let plain = plain(cell);
    plain.is_empty() || SELF.contains(&plain.as_str())
}
