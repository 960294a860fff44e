//! Searching for people: how a text becomes words, and which words find whom.
//!
//! One pure rule, used to write the index, to ask it, and to judge a row that is read without it. Every word that was typed must be found in
//! the name, the e-mail address or the number, in any order:
//! - a word finds what begins with it;
//! - the host of an address (`example`, `com`) is found by whole words only: nearly everybody has one of a few hosts, and the beginning of
//!   one would find them all;
//! - digits find a number by its beginning, with or without the calling code, or by its last digits, at least [`ENDING_MIN`].
//!
//! Letters are compared without case and without marks above or below them (`é` is `e`); the vowel signs of Devanagari and its sisters belong
//! to their word. Digits of every script are digits.

mod filter;

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub use self::filter::{Filter, FilterMaker};

/// Fewest digits by which the end of a number is found: three would end one number in a thousand.
pub const ENDING_MIN: usize = 4;
/// Longest word that is kept, in characters; of a longer one its beginning.
const WORD_CHARS_MAX: usize = 48;
/// Stands before a word of an address's host. No word has it: it is neither letter nor digit.
const HOST: char = '·';

/// What the index holds about somebody's names and addresses: words in order, each once.
pub fn index_words(name: &str, email: &str) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = split(name).into_iter().map(|word| word.text).collect();
    let (local, host) = email.rsplit_once('@').unwrap_or((email, ""));
    words.extend(split(local).into_iter().map(|word| word.text));
    words.extend(split(host).into_iter().map(|word| format!("{HOST}{}", word.text)));
    words
}

/// The digits of a stored number (E.164), the last one first: the form in which its end is a beginning.
pub fn ending(phone: &str) -> String {
    phone.chars().rev().filter(char::is_ascii_digit).collect()
}

/// The stored number (E.164) whose [`ending`] this is.
pub fn number_of_ending(ending: &str) -> String {
    std::iter::once('+').chain(ending.chars().rev()).collect()
}

/// A word that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Folded: letters without case and marks, digits as ASCII.
    text: String,
    /// The digits as typed, zeros in front of them too, where the word is a number; the country's code was typed with it when `.1`.
    digits: Option<(String, bool)>,
}

impl Word {
    /// The word as the index holds it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The word as a part of an address's host, as the index holds it.
    pub fn host(&self) -> String {
        format!("{HOST}{}", self.text)
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        self.digits.is_some()
    }

    fn finds(&self, word: &str) -> bool {
        match word.strip_prefix(HOST) {
            Some(host) => host == self.text,
            None => word.starts_with(&self.text),
        }
    }
}

/// What was typed into a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
    calling_code: String,
    is_blank: bool,
}

impl Query {
    /// Reads a search text. Numbers typed without a country's code may be of the country with `calling_code`.
    pub fn parse(text: &str, calling_code: u16) -> Query {
        let mut words = split(text);
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert((word.text.clone(), word.digits.clone())));
        Query { words, calling_code: calling_code.to_string(), is_blank: text.trim().is_empty() }
    }

    /// Whether nothing was typed. What has no letter and no digit in it, such as `%`, is typed and finds nobody.
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Whether it finds nobody, whoever there is.
    pub fn is_hopeless(&self) -> bool {
        !self.is_blank && self.words.is_empty()
    }

    /// The words, as typed.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// A condition that every person with a plain ASCII name and address meets whom this search finds: these letters or
    /// digits are part of the name, the address or the number, once these are in lower case and without `'`, spaces,
    /// `-`, `(`, `)`, `.` and `/`. For a database that leaves rows out before they are judged.
    pub fn trace(&self) -> &str {
        let traces = self.words.iter().map(|word| match word.is_number() {
            // Of the zeros in front, numbers have none.
            true => word.text.trim_start_matches('0'),
            false => word.text.as_str(),
        });
        traces.max_by_key(|trace| trace.len()).unwrap_or_default()
    }

    /// The beginnings that a stored number (E.164) may have for this word to find it.
    pub fn beginnings(&self, word: &Word) -> Vec<String> {
        let Some((digits, is_international)) = &word.digits else { return vec![] };
        let bare = digits.trim_start_matches('0');
        if bare.len() < 2 {
            return vec![];
        }
        let mut beginnings = vec![];
        // A zero in front says that the country is left out; + or two zeros say that it is there.
        if !is_international {
            beginnings.push(format!("+{}{bare}", self.calling_code));
        }
        if *is_international || bare.len() == digits.len() {
            beginnings.push(format!("+{bare}"));
        }
        beginnings
    }

    /// The beginning that the [`ending`] of a stored number may have for this word to find it.
    pub fn ending(&self, word: &Word) -> Option<String> {
        let (digits, _) = word.digits.as_ref()?;
        (digits.len() >= ENDING_MIN).then(|| digits.chars().rev().collect())
    }

    /// Whether this finds somebody with these words (as [`index_words`] made them) and that stored number, which may be empty.
    pub fn finds<'a>(&self, words: impl Iterator<Item = &'a str> + Clone, phone: &str) -> bool {
        !self.is_hopeless()
            && self.words.iter().all(|word| {
                words.clone().any(|other| word.finds(other))
                    || (word.is_number() && !phone.is_empty() && self.finds_number(word, phone))
            })
    }

    /// Whether this finds somebody with that name, address and stored number; each may be empty.
    pub fn finds_person(&self, name: &str, email: &str, phone: &str) -> bool {
        let words = index_words(name, email);
        self.finds(words.iter().map(String::as_str), phone)
    }

    fn finds_number(&self, word: &Word, phone: &str) -> bool {
        self.beginnings(word).iter().any(|beginning| phone.starts_with(beginning.as_str()))
            || word.digits.as_ref().is_some_and(|(digits, _)| {
                digits.len() >= ENDING_MIN && phone.len() > digits.len() && phone.ends_with(digits.as_str())
            })
    }
}

/// Splits a text into folded words. Digits that only signs of a number stand between are one word: `+91 98765-43210`.
fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = vec![];
    let mut current = String::new();
    // Whether what stood since the last word may stand within a number, and whether a plus was the last of it.
    let (mut within_number, mut plus) = (false, false);
    for c in folded(text).chars().chain(std::iter::once(' ')) {
        if c.is_alphanumeric() || is_combining_mark(c) {
            match plain(c) {
                Some(letters) => current.push_str(letters),
                None => current.push(c),
            }
            continue;
        }
        if !current.is_empty() {
            push(&mut words, std::mem::take(&mut current), within_number, plus);
            (within_number, plus) = (true, false);
        }
        within_number &= matches!(c, ' ' | '-' | '(' | ')' | '.' | '/');
        plus = c == '+' || (plus && c == ' ');
    }
    words
}

fn push(words: &mut Vec<Word>, mut text: String, within_number: bool, plus: bool) {
    let is_digits = text.bytes().all(|b| b.is_ascii_digit());
    if let Some((at, _)) = text.char_indices().nth(WORD_CHARS_MAX) {
        text.truncate(at);
    }
    if !is_digits {
        words.push(Word { text, digits: None });
        return;
    }
    match words.last_mut() {
        Some(Word { text: before, digits: Some((digits, _)) })
            if within_number && !plus && before.len() + text.len() <= WORD_CHARS_MAX =>
        {
            before.push_str(&text);
            digits.push_str(&text);
        }
        _ => {
            let is_international = plus || text.starts_with("00");
            words.push(Word { digits: Some((text.clone(), is_international)), text });
        }
    }
}

/// Without case and marks, digits as ASCII. Most texts of a large import are plain and need no tables.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(|c| *c != '\'').map(|c| c.to_ascii_lowercase()).collect();
    }
    let folded = text.nfkd().flat_map(char::to_lowercase).nfkd();
    folded.filter(|c| !is_folded_away(*c)).map(ascii_digit).collect()
}

/// Marks that do not tell words apart: those of Latin, Greek and Cyrillic, the dot (nukta) of Indian scripts, and joiners without a shape.
fn is_folded_away(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{93C}' | '\u{9BC}' | '\u{A3C}' | '\u{ABC}' | '\u{B3C}' | '\u{CBC}'
        | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{AD}' | '\'' | '\u{2019}')
}

/// Letters with a stroke or of two letters, which no decomposition takes apart.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// Zero of every script in use whose digits follow one another.
const ZEROS: [char; 14] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}',
    '\u{C66}', '\u{CE6}', '\u{D66}', '\u{E50}', '\u{FF10}',
];

fn ascii_digit(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let value =
        ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(name: &str, email: &str) -> String {
        index_words(name, email).into_iter().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn finds(typed: &str, person: (&str, &str, &str), expected: bool) {
        let (name, email, phone) = person;
        let got = Query::parse(typed, 91).finds_person(name, email, phone);
        assert_eq!(got, expected, "{typed:?} and {person:?}");
    }

    #[test]
    fn a_name_becomes_words_without_case_and_marks_and_devanagari_stays_whole() {
        assert_eq!(words("Åsa  O’Brien-Łoś", ""), "asa los obrien");
        assert_eq!(words("श्री आशा कुमारी", ""), "आशा कुमारी श्री");
        // One spelling has the dot and the other does not; one is composed; one has a joiner. They all count as the
        // same word.
        assert_eq!(words("ज़हीर", ""), words("जहीर", ""));
        assert_eq!(words("क्\u{200D}षमा", ""), words("क्षमा", ""));
        assert_eq!(words("", "Asha.Rao2@Mail.Example.COM"), "asha rao2 ·com ·example ·mail");
        assert_eq!(words("Batch २०२४ ", ""), "2024 batch");
        assert_eq!(words("% _ \" ' · *", ""), "");
    }

    #[test]
    fn every_word_must_be_found_and_the_order_is_free() {
        let asha = ("Asha Rao", "asha.k@gmail.com", "+919876543210");
        for typed in [
            "asha",
            "RAO as",
            "rao 98765",
            "98765 43210",
            "+91 98765",
            "098765",
            "asha k",
            "asha.k@gmail.com",
            "gmail",
            "3210 ra",
            "r",
            "asha r",
        ] {
            finds(typed, asha, true);
        }
        for typed in ["sha", "asha verma", "gma", "210", "876543", "0044 98765", "%", "asha %x"] {
            finds(typed, asha, false);
        }
        finds("आशा", ("आशा राव", "", ""), true);
        finds("शा", ("आशा राव", "", ""), false);
        finds("0044 7400", ("Thomas", "", "+447400123456"), true);
        finds("९८७६५", asha, true);
        finds("", asha, true);
    }

    #[test]
    fn an_ending_leads_back_to_its_number() {
        assert_eq!(number_of_ending(&ending("+919876543210")), "+919876543210");
        let query = Query::parse("00001", 91);
        assert_eq!(query.ending(&query.words()[0]), Some("10000".to_owned()));
        assert!(query.finds_person("", "", "+919000000001"));
    }

    proptest! {
        #[test]
        fn everybody_is_found_by_their_own_words(name in "[A-Za-zéØßआशािक्ुम० .'-]{0,20}", email in "[a-z0-9.]{1,8}@[a-z]{2,6}.in") {
            let typed = format!("{email} {name}");
            prop_assert!(Query::parse(&typed, 91).finds_person(&name, &email, "+919876543210"), "{}", typed);
        }

        #[test]
        fn everybody_who_is_found_leaves_a_trace(name in "[A-Za-c0-2 .'()/-]{0,14}", email in "[a-c0-2.]{1,6}@[a-c]{1,3}.in", typed in "[A-Ca-c0-2 .'-]{1,8}", digits in "[0-2]{6}") {
            let phone = format!("+91{digits}");
            let query = Query::parse(&typed, 91);
            let taken_out = [' ', '-', '(', ')', '.', '/', '\''];
            let text = format!("{name}@{email}@{phone}").to_lowercase().replace(taken_out, "");
            prop_assert!(!query.finds_person(&name, &email, &phone) || text.contains(query.trace()), "{:?} in {text:?}", query.trace());
        }

        #[test]
        fn any_text_is_read_and_its_words_hold_no_sign(text in any::<String>()) {
            for word in Query::parse(&text, 91).words() {
                prop_assert!(!word.text().is_empty() && word.text().chars().all(|c| c.is_alphanumeric() || is_combining_mark(c)));
            }
        }
    }
}
