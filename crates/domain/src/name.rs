//! Names of people as they are typed: tidied, never corrected.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::phone::is_invisible;

/// Longest name kept, in characters. Longer ones are a form's free text, and no template has room for them.
pub const NAME_CHARS_MAX: usize = 120;

/// A person's name: single spaces, no invisible marks, at least one letter. Upper and lower case stay as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);

impl PersonName {
    /// Tidies a name. `None` when nothing is left to greet anybody with (empty, `-`, `N/A`, `undefined undefined`, `#REF!`, a number)
    /// or when it is longer than 120 characters. `&amp;` and the like become what they stand for, and so does the `~` that WhatsApp
    /// puts before a name that is not in the address book.
    pub fn parse(text: &str) -> Option<PersonName> {
        let decoded = if text.contains('&') { without_entities(text) } else { Cow::Borrowed(text) };
        // The joiners between Indian letters (ZWNJ, ZWJ) belong to the spelling and stay.
        let kept = |c: &char| !is_invisible(*c) || matches!(c, '\u{200C}' | '\u{200D}');
        let spaced: String =
            decoded.chars().filter(kept).map(|c| if is_blank(c) { ' ' } else { c }).collect();
        let tidy = without_quotes(&spaced.split_whitespace().collect::<Vec<_>>().join(" "));
        let tidy = if tidy.contains(['(', '<', '~']) { until_still(tidy) } else { tidy };
        let usable = tidy.chars().any(char::is_alphabetic) && tidy.chars().count() <= NAME_CHARS_MAX;
        (usable && !says_nothing(&tidy)).then_some(PersonName(tidy))
    }

    /// Joins a first and a last name column; either may be empty.
    pub fn from_parts(first: &str, last: &str) -> Option<PersonName> {
        match (PersonName::parse(first), PersonName::parse(last)) {
            (Some(first), Some(last)) => PersonName::parse(&format!("{first} {last}")),
            (one, other) => one.or(other),
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What to greet with: the first word that is neither a form of address nor an initial (`Dr. Asha Rao` and
    /// `A. K. Sen` give `Asha` and `Sen`). The whole name when there is no such word.
    pub fn first(&self) -> &str {
        first_of(&self.0)
    }
}

/// What to greet with, of a name as it is stored; empty for an empty name. See [`PersonName::first`].
pub fn first_of(name: &str) -> &str {
    let greets = |word: &&str| !is_address(word) && word.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    name.split_whitespace().find(greets).map_or(name, |word| word.trim_matches([',', '.', '(', ')', '"']))
}

/// What programs, spreadsheets and forms write instead of a name.
const NOTHING: &[&str] = &[
    "na",
    "n/a",
    "n.a.",
    "n.a",
    "nil",
    "none",
    "null",
    "undefined",
    "nan",
    "not available",
    "not provided",
    "not applicable",
    "no name",
    "noname",
    "unknown",
    "empty",
    "blank",
    "(blank)",
    "#n/a",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#num!",
    "#null!",
    "#error!",
    "#spill!",
    "#calc!",
    "#field!",
    "#getting_data",
    "[object object]",
    "unnamed",
    "no-name",
    "not set",
    "(not set)",
    "\\n",
    "guest",
    "guest user",
    "whatsapp user",
    "deleted user",
    "anonymous",
    "first last",
    "info requested",
    "name",
    "full name",
    "your name",
    "user",
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "shri",
    "smt",
    "श्री",
    "श्रीमती",
    "अज्ञात",
    "लागू नहीं",
    "नाम",
];

/// So many digits in brackets behind a name are a number and no part of it.
const NUMBER_DIGITS: usize = 6;

/// Letters and signs that show nothing: fillers of Hangul, the blank of Braille.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}')
}

fn says_nothing(tidy: &str) -> bool {
    let nothing = |text: &str| NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word));
    let bare =
        |text: &str| nothing(text.trim_matches(['(', ')', '<', '>', '[', ']', '{', '}', '-', '.', ' ']));
    // "undefined undefined" is two columns that said nothing; "Nan Das" is somebody.
    let words = || tidy.split_whitespace().all(|word| nothing(word) || bare(word));
    nothing(tidy) || is_place_or_address(tidy) || bare(tidy) || words()
}

/// A place that a program should have filled (`{{1}}`, `{name}`, `%FIRSTNAME%`), an e-mail address, or one of a page.
fn is_place_or_address(text: &str) -> bool {
    let place = |open: &str, close: &str| text.starts_with(open) && text.ends_with(close) && text.len() > 2;
    let words = || text.split_whitespace();
    place("{", "}")
        || place("%", "%")
        || place("<<", ">>")
        || place("$", "}")
        || (text.contains('@') && words().count() == 1 && crate::email::Email::parse(text).is_ok())
        || ["http://", "https://", "www."].iter().any(|begin| text.starts_with(begin) && words().count() == 1)
}

/// Without additions and the quotation marks that come free with them, as often as there are any.
fn until_still(mut text: String) -> String {
    loop {
        let without = without_quotes(&without_additions(&text));
        let next = without.split_whitespace().collect::<Vec<_>>().join(" ");
        if next.len() >= text.len() {
            return text;
        }
        text = next;
    }
}

/// Takes away what programs put around or behind a name: a formula's link, tags of a web page, WhatsApp's `~` at the end, the number in brackets.
fn without_additions(text: &str) -> String {
    let text = text.trim_end_matches(['~', '\u{223C}', '\u{FF5E}']).trim_end();
    // HYPERLINK("address","Asha"): what is shown is the last text of it.
    let upper = text.get(..10).map(str::to_ascii_uppercase);
    if upper.as_deref() == Some("HYPERLINK(")
        && let Some(inner) = text.strip_suffix(')')
    {
        let shown = inner[10..].rsplit([',', ';']).next().unwrap_or_default();
        return shown.trim_matches(['"', '\'', ' ']).to_owned();
    }
    let mut text = text.to_owned();
    // Short tags of letters alone: "Asha <3" is no tag.
    while let Some(open) = text.find('<')
        && let Some(close) = text[open..].find('>').map(|at| open + at)
    {
        let tag = text[open + 1..close].trim_start_matches('/');
        if tag.is_empty() || tag.len() > 10 || !tag.bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
        text.replace_range(open..=close, "");
    }
    if let Some(inner) = text.strip_suffix(')')
        && let Some(open) = inner.rfind('(')
        && inner[open..].chars().filter(char::is_ascii_digit).count() >= NUMBER_DIGITS
        && !inner[open..].chars().any(char::is_alphabetic)
        && !text[..open].trim().is_empty()
    {
        text.truncate(open);
    }
    text.trim().to_owned()
}

/// Removes characters around a name that belong to the file: separators, an equals sign, WhatsApp's `~`, a single
/// quotation mark, and quotation marks around the whole. Marks that have their partner inside the name stay: `Asha
/// "Ash" Rao`.
fn without_quotes(text: &str) -> String {
    let mut rest = text;
    loop {
        let bare =
            rest.trim_matches(['=', ',', ';', ' ']).trim_start_matches(['~', '\u{223C}', '\u{FF5E}']).trim();
        let bare = ['"', '\''].into_iter().fold(bare, |text, mark| without_mark(text, mark));
        if bare.len() == rest.len() {
            return bare.to_owned();
        }
        rest = bare;
    }
}

fn without_mark(text: &str, mark: char) -> &str {
    // Within a word it is an apostrophe.
    let letters: Vec<char> = text.chars().collect();
    let letter = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
    let marks = (0..letters.len())
        .filter(|at| letters[*at] == mark)
        .filter(|at| {
            !(letter(at.checked_sub(1).and_then(|before| letters.get(before))) && letter(letters.get(at + 1)))
        })
        .count();
    let (starts, ends) = (text.starts_with(mark), text.ends_with(mark) && text.len() > 1);
    match (marks % 2 == 1, starts, ends) {
        (true, true, _) => &text[1..],
        (true, false, true) => &text[..text.len() - 1],
        (false, true, true) if marks == 2 => &text[1..text.len() - 1],
        _ => text,
    }
}

/// `&amp;`, `&#39;`, `&#x27;` and their like as what they stand for, also where a page wrote them twice (`&amp;amp;`).
fn without_entities(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..4 {
        let decoded = without_entities_once(&text);
        if decoded == *text {
            break;
        }
        text = Cow::Owned(decoded);
    }
    text
}

fn without_entities_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let entity =
            behind.find(';').filter(|end| *end <= 8).and_then(|end| Some((entity(&behind[..end])?, end)));
        match entity {
            Some((c, end)) => {
                out.push(c);
                rest = &behind[end + 1..];
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    const NAMED: &[(&str, char)] = &[
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("rsquo", '’'),
        ("lsquo", '‘'),
        ("rdquo", '”'),
        ("ldquo", '“'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("agrave", 'à'),
        ("aacute", 'á'),
        ("auml", 'ä'),
        ("aring", 'å'),
        ("ccedil", 'ç'),
        ("egrave", 'è'),
        ("eacute", 'é'),
        ("euml", 'ë'),
        ("iacute", 'í'),
        ("ntilde", 'ñ'),
        ("oacute", 'ó'),
        ("ouml", 'ö'),
        ("oslash", 'ø'),
        ("uacute", 'ú'),
        ("uuml", 'ü'),
        ("szlig", 'ß'),
        ("zwj", '\u{200D}'),
        ("zwnj", '\u{200C}'),
    ];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// Forms of address, without their dot, in lower case.
const ADDRESSES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "master",
    "dr",
    "prof",
    "professor",
    "er",
    "adv",
    "advocate",
    "ca",
    "cs",
    "sir",
    "madam",
    "shri",
    "sri",
    "shree",
    "smt",
    "shrimati",
    "kumari",
    "sushri",
    "capt",
    "col",
    "maj",
    "lt",
    "श्री",
    "श्रीमती",
    "सुश्री",
    "कुमारी",
    "डॉ",
    "डॉक्टर",
    "प्रो",
];

fn is_address(word: &str) -> bool {
    let bare = word.trim_matches(['.', ',']).to_lowercase();
    bare.split('.').all(|part| ADDRESSES.contains(&part))
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PersonName, D::Error> {
        let text = String::deserialize(from)?;
        PersonName::parse(&text).ok_or_else(|| serde::de::Error::custom("not a person's name"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(typed: &str, whole: &str, first: &str) {
        let name = PersonName::parse(typed).unwrap_or_else(|| panic!("{typed:?} is a name"));
        assert_eq!((name.as_str(), name.first()), (whole, first), "for {typed:?}");
    }

    #[test]
    fn what_programs_write_for_a_name_or_around_one_is_seen_through() {
        for nobody in [
            "{{1}}",
            "{name}",
            "%FIRSTNAME%",
            "\\N",
            "Guest",
            "WhatsApp User",
            "अज्ञात",
            "लागू नहीं",
            "asha@list.example",
            "Deleted User",
            "{{ contact.name }}",
            "<b></b>",
        ] {
            assert_eq!(PersonName::parse(nobody), None, "{nobody}");
        }
        for (typed, whole) in [
            ("=HYPERLINK(\"x\",\"Asha\")", "Asha"),
            ("<b>Asha</b>", "Asha"),
            ("Asha Rao (9000000001)", "Asha Rao"),
            ("~Asha~", "Asha"),
            ("Asha <3", "Asha <3"),
            ("Asha (Pune)", "Asha (Pune)"),
            ("Guest Kumar", "Guest Kumar"),
            ("Mr. Ravi", "Mr. Ravi"),
            ("Nil Armstrong", "Nil Armstrong"),
        ] {
            assert_eq!(PersonName::parse(typed).map(|name| name.0).as_deref(), Some(whole), "{typed}");
        }
    }

    #[test]
    fn a_name_is_tidied_and_its_first_word_greets() {
        check("  Asha   Rao\u{a0}", "Asha Rao", "Asha");
        check("Dr. Asha Rao", "Dr. Asha Rao", "Asha");
        check("Prof. Dr. Asha Rao", "Prof. Dr. Asha Rao", "Asha");
        check("MRS ASHA RAO", "MRS ASHA RAO", "ASHA");
        check("Smt. Asha", "Smt. Asha", "Asha");
        check("श्रीमती आशा राव", "श्रीमती आशा राव", "आशा");
        check("सुश्री आशा", "सुश्री आशा", "आशा");
        check("A. K. Sen", "A. K. Sen", "Sen");
        check("Rao, Asha", "Rao, Asha", "Rao");
        check("Asha\tRao\n", "Asha Rao", "Asha");
        check("\u{feff}\u{202a}Asha\u{202c}", "Asha", "Asha");
        check("Shrikant Iyer", "Shrikant Iyer", "Shrikant");
        check("J", "J", "J");
        check("क्‍ष", "क्‍ष", "क्‍ष");
        check("Nan Das", "Nan Das", "Nan");
        check("Null Island Tours", "Null Island Tours", "Null");
        check("~ Asha 🌸", "Asha 🌸", "Asha");
        check("~Ravi", "Ravi", "Ravi");
        check("Tom &amp; Jerry", "Tom & Jerry", "Tom");
        check("Anna D&#39;Souza", "Anna D'Souza", "Anna");
        check("Jos&eacute; &amp;amp; Co", "José & Co", "José");
        check("R&D Team;", "R&D Team", "R&D");
        check("Asha \"Ash\" Rao", "Asha \"Ash\" Rao", "Asha");
        check("Rao, Asha \"Ash\"", "Rao, Asha \"Ash\"", "Rao");
        check("\"Asha Rao\"", "Asha Rao", "Asha");
        check("\"Asha Rao", "Asha Rao", "Asha");
        check("'Asha D'Souza", "Asha D'Souza", "Asha");
        check("{{2}} Rao", "{{2}} Rao", "Rao");
        check("Agent 007", "Agent 007", "Agent");
    }

    /// A mark of writing direction would reverse the rest of a line, of a page or of a file.
    #[test]
    fn a_name_neither_turns_the_writing_around_nor_hides_anything() {
        for mark in
            ['\u{202E}', '\u{202D}', '\u{2066}', '\u{2067}', '\u{200F}', '\u{200B}', '\0', '\u{7}', '\u{1B}']
        {
            check(&format!("Asha {mark}oaR"), "Asha oaR", "Asha");
            check(&format!("{mark}Asha{mark} Rao"), "Asha Rao", "Asha");
        }
        check("Asha &#8238;oaR", "Asha oaR", "Asha");
    }

    #[test]
    fn what_says_nothing_is_no_name() {
        for empty in [
            "",
            "  ",
            "-",
            ".",
            "N/A",
            "null",
            "\u{200b}",
            "\"\"",
            "NaN",
            "undefined undefined",
            "(null)",
            "#REF!",
            "https://example.com/asha",
            "Info Requested",
            "Full Name",
            "#NAME?",
            "null null",
            "<none>",
            "\u{3164}",
            "\u{2800}\u{2800}",
            "+91 98765 43211",
            "9000000001",
            "12",
            "१२३",
            "#7",
            "~",
            "~ ~",
            "Unknown Unknown",
            "&nbsp;",
            "[object Object]",
            "#DIV/0! #DIV/0!",
            "-- none --",
            "N/A N/A",
            "Mr.",
            "Dr",
            "Mrs.",
            "श्रीमती",
            "User",
        ] {
            assert_eq!(PersonName::parse(empty), None, "{empty:?}");
        }
        assert_eq!(PersonName::parse(&"a".repeat(121)), None);
    }

    #[test]
    fn two_columns_make_one_name() {
        let joined = |first, last| PersonName::from_parts(first, last).map(|name| name.0);
        assert_eq!(joined("Asha", " Rao ").as_deref(), Some("Asha Rao"));
        assert_eq!(joined("Asha", "-").as_deref(), Some("Asha"));
        assert_eq!(joined("", "Rao").as_deref(), Some("Rao"));
        assert_eq!(joined("", ""), None);
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing(text in any::<String>()) {
            if let Some(name) = PersonName::parse(&text) {
                prop_assert!(!name.first().is_empty());
                prop_assert_eq!(PersonName::parse(name.as_str()), Some(name));
            }
        }
    }
}
