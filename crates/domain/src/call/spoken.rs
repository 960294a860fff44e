//! Turns text into words that a voice can speak: times, dates and numbers become words of the language, and signs
//! that a voice reads wrongly or not at all are left out (docs/facts/calls.md §9).

use super::Language;
use crate::template::Source;

const ENGLISH: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The Hindi numbers 0 to 99. Each has a word of its own.
const HINDI: [&str; 100] = [
    "शून्य",
    "एक",
    "दो",
    "तीन",
    "चार",
    "पाँच",
    "छह",
    "सात",
    "आठ",
    "नौ",
    "दस",
    "ग्यारह",
    "बारह",
    "तेरह",
    "चौदह",
    "पंद्रह",
    "सोलह",
    "सत्रह",
    "अठारह",
    "उन्नीस",
    "बीस",
    "इक्कीस",
    "बाईस",
    "तेईस",
    "चौबीस",
    "पच्चीस",
    "छब्बीस",
    "सत्ताईस",
    "अट्ठाईस",
    "उनतीस",
    "तीस",
    "इकतीस",
    "बत्तीस",
    "तैंतीस",
    "चौंतीस",
    "पैंतीस",
    "छत्तीस",
    "सैंतीस",
    "अड़तीस",
    "उनतालीस",
    "चालीस",
    "इकतालीस",
    "बयालीस",
    "तैंतालीस",
    "चौवालीस",
    "पैंतालीस",
    "छियालीस",
    "सैंतालीस",
    "अड़तालीस",
    "उनचास",
    "पचास",
    "इक्यावन",
    "बावन",
    "तिरपन",
    "चौवन",
    "पचपन",
    "छप्पन",
    "सत्तावन",
    "अट्ठावन",
    "उनसठ",
    "साठ",
    "इकसठ",
    "बासठ",
    "तिरसठ",
    "चौंसठ",
    "पैंसठ",
    "छियासठ",
    "सड़सठ",
    "अड़सठ",
    "उनहत्तर",
    "सत्तर",
    "इकहत्तर",
    "बहत्तर",
    "तिहत्तर",
    "चौहत्तर",
    "पचहत्तर",
    "छिहत्तर",
    "सतहत्तर",
    "अठहत्तर",
    "उन्यासी",
    "अस्सी",
    "इक्यासी",
    "बयासी",
    "तिरासी",
    "चौरासी",
    "पचासी",
    "छियासी",
    "सत्तासी",
    "अट्ठासी",
    "नवासी",
    "नब्बे",
    "इक्यानवे",
    "बानवे",
    "तिरानवे",
    "चौरानवे",
    "पचानवे",
    "छियानवे",
    "सत्तानवे",
    "अट्ठानवे",
    "निन्यानवे",
];

const MONTHS: [(&str, &str); 12] = [
    ("January", "जनवरी"),
    ("February", "फ़रवरी"),
    ("March", "मार्च"),
    ("April", "अप्रैल"),
    ("May", "मई"),
    ("June", "जून"),
    ("July", "जुलाई"),
    ("August", "अगस्त"),
    ("September", "सितंबर"),
    ("October", "अक्टूबर"),
    ("November", "नवंबर"),
    ("December", "दिसंबर"),
];

/// The largest number that is spoken as a number. A larger one is an id or a telephone number and is spoken digit by
/// digit.
const NUMBER_MAX: u64 = 9_999_999;

/// A whole number in words, with lakh and thousand as they are counted in India.
pub fn number_words(n: u64, language: Language) -> String {
    let [lakh, thousand, hundred] = match language {
        Language::English => ["lakh", "thousand", "hundred"],
        Language::Hindi => ["लाख", "हज़ार", "सौ"],
    };
    if n > NUMBER_MAX {
        return digit_words(&n.to_string(), language);
    }
    let mut words = Vec::new();
    for (unit, size, word) in
        [(n / 100_000, 100_000, lakh), (n / 1_000 % 100, 1_000, thousand), (n / 100 % 10, 100, hundred)]
    {
        if unit > 0 && size <= n {
            words.push(format!("{} {word}", below_hundred(unit, language)));
        }
    }
    if !n.is_multiple_of(100) || words.is_empty() {
        words.push(below_hundred(n % 100, language));
    }
    words.join(" ")
}

fn below_hundred(n: u64, language: Language) -> String {
    let at = usize::try_from(n).unwrap_or(0) % 100;
    match language {
        Language::Hindi => HINDI[at].to_owned(),
        Language::English if at < 20 => ENGLISH[at].to_owned(),
        Language::English if at.is_multiple_of(10) => TENS[at / 10].to_owned(),
        Language::English => format!("{} {}", TENS[at / 10], ENGLISH[at % 10]),
    }
}

fn digit_words(digits: &str, language: Language) -> String {
    let each = digits.chars().filter_map(|c| c.to_digit(10));
    each.map(|digit| below_hundred(digit.into(), language)).collect::<Vec<_>>().join(" ")
}

/// A value as it is spoken: times and dates in words, every other value without signs.
pub(super) fn speak_value(value: &str, source: &Source, language: Language) -> String {
    let words = match source {
        Source::WorkshopTime => time_words(value, language),
        Source::WorkshopDate => date_words(value, language),
        _ => None,
    };
    words.unwrap_or_else(|| speakable(value, language))
}

/// A text as it is spoken: numbers as words, signs as words or pauses. A character without a sound is left out.
pub fn speakable(text: &str, language: Language) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut digits = String::new();
    // A comma between digits, as in `1,00,000`, is not a pause.
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().copied().enumerate() {
        let between_digits =
            at > 0 && chars[at - 1].is_ascii_digit() && chars.get(at + 1).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if c == ',' && between_digits && !digits.is_empty() {
            continue;
        }
        say_number(&mut out, &mut digits, language);
        match sign(c, language) {
            Some(word) => say_word(&mut out, word),
            None if is_heard(c) => out.push(c),
            None => out.push(' '),
        }
    }
    say_number(&mut out, &mut digits, language);
    let spaced = out.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.replace(" .", ".").replace(" ,", ",").replace(" ?", "?").replace(" ।", "।")
}

fn say_number(out: &mut String, digits: &mut String, language: Language) {
    if digits.is_empty() {
        return;
    }
    let number = digits.parse::<u64>().ok().filter(|_| digits == "0" || !digits.starts_with('0'));
    let words = number.map_or_else(|| digit_words(digits, language), |n| number_words(n, language));
    say_word(out, &words);
    digits.clear();
}

fn say_word(out: &mut String, word: &str) {
    if out.chars().next_back().is_some_and(char::is_alphanumeric) {
        out.push(' ');
    }
    out.push_str(word);
    out.push(' ');
}

fn sign(c: char, language: Language) -> Option<&'static str> {
    let (english, hindi) = match c {
        '&' => ("and", "और"),
        '+' => ("plus", "प्लस"),
        '%' => ("percent", "प्रतिशत"),
        '₹' => ("rupees", "रुपये"),
        '@' => ("at", "ऐट"),
        _ => return None,
    };
    Some(match language {
        Language::English => english,
        Language::Hindi => hindi,
    })
}

/// Whether a voice speaks this character or makes a pause for it.
fn is_heard(c: char) -> bool {
    let joins = matches!(c, '\u{200C}' | '\u{200D}');
    // Vowel signs and the virama are marks and not letters, and they belong to their word. So do the marks of other
    // Indian scripts.
    let mark = matches!(c, '\u{300}'..='\u{36F}' | '\u{900}'..='\u{DFF}');
    c.is_alphanumeric() || mark || joins || matches!(c, ' ' | '.' | ',' | '?' | '!' | '\'' | '’' | '-')
}

/// A time such as `7:30 PM` in words; `None` for any other text.
fn time_words(text: &str, language: Language) -> Option<String> {
    let plain = text.replace('\u{a0}', " ").to_uppercase();
    let (clock, half) = plain.trim().rsplit_once(' ')?;
    let (hour, minute) = clock.split_once(':')?;
    let (hour, minute): (u64, u64) = (hour.trim().parse().ok()?, minute.parse().ok()?);
    if !(1..=12).contains(&hour) || minute > 59 || !matches!(half, "AM" | "PM") {
        return None;
    }
    let of_day = hour % 12 + if half == "PM" { 12 } else { 0 };
    Some(match language {
        Language::English => english_time(hour, minute, of_day),
        Language::Hindi => hindi_time(hour, minute, of_day),
    })
}

fn english_time(hour: u64, minute: u64, of_day: u64) -> String {
    let word = |n| below_hundred(n, Language::English);
    let half = if of_day < 12 { "A M" } else { "P M" };
    match (of_day, minute) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "twelve noon".to_owned(),
        (_, 0) => format!("{} {half}", word(hour)),
        (_, 1..=9) => format!("{} oh {} {half}", word(hour), word(minute)),
        _ => format!("{} {} {half}", word(hour), word(minute)),
    }
}

/// The part of the day comes first, and quarters and halves have the words that people use.
fn hindi_time(hour: u64, minute: u64, of_day: u64) -> String {
    let word = |n| below_hundred(n, Language::Hindi);
    let part = match of_day {
        4..=11 => "सुबह",
        12..=15 => "दोपहर",
        16..=19 => "शाम",
        _ => "रात",
    };
    let next = if hour == 12 { 1 } else { hour + 1 };
    let clock = match minute {
        0 => format!("{} बजे", word(hour)),
        15 => format!("सवा {} बजे", word(hour)),
        30 if hour == 1 => "डेढ़ बजे".to_owned(),
        30 if hour == 2 => "ढाई बजे".to_owned(),
        30 => format!("साढ़े {} बजे", word(hour)),
        // A quarter to one has a word of its own, without the hour.
        45 if next == 1 => "पौन बजे".to_owned(),
        45 => format!("पौने {} बजे", word(next)),
        _ => format!("{} बजकर {} मिनट पर", word(hour), word(minute)),
    };
    format!("{part} {clock}")
}

/// A date such as `13 October 2026` in words, without the year, which everybody knows; `None` for any other text.
fn date_words(text: &str, language: Language) -> Option<String> {
    let mut words = text.split_whitespace();
    let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?;
    let (english, hindi) = MONTHS.iter().find(|(name, _)| name.eq_ignore_ascii_case(month))?;
    words.next().filter(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))?;
    Some(match language {
        Language::English => format!("{} {english}", below_hundred(day, language)),
        Language::Hindi => format!("{} {hindi}", below_hundred(day, language)),
    })
}

/// The characters that a voice speaks in a second, pauses included.
fn per_second(language: Language) -> usize {
    match language {
        Language::English => 14,
        // Hindi has more characters to a syllable: each vowel sign counts as one.
        Language::Hindi => 11,
    }
}

/// The estimated time that it takes to speak a text, in seconds.
pub fn seconds_of(text: &str, language: Language) -> i64 {
    i64::try_from(text.chars().count().div_ceil(per_second(language))).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Hindi};

    #[test]
    fn numbers_are_said_as_they_are_counted_in_india() {
        for (n, english, hindi) in [
            (0, "zero", "शून्य"),
            (7, "seven", "सात"),
            (21, "twenty one", "इक्कीस"),
            (40, "forty", "चालीस"),
            (99, "ninety nine", "निन्यानवे"),
            (100, "one hundred", "एक सौ"),
            (365, "three hundred sixty five", "तीन सौ पैंसठ"),
            (2026, "two thousand twenty six", "दो हज़ार छब्बीस"),
            (100_000, "one lakh", "एक लाख"),
            (
                1_234_567,
                "twelve lakh thirty four thousand five hundred sixty seven",
                "बारह लाख चौंतीस हज़ार पाँच सौ सड़सठ",
            ),
        ] {
            assert_eq!(number_words(n, English), english);
            assert_eq!(number_words(n, Hindi), hindi);
        }
        assert_eq!(
            number_words(9_812_345_678, English),
            "nine eight one two three four five six seven eight"
        );
        let mut all: Vec<&str> = HINDI.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 100, "each number has a word of its own");
    }

    #[test]
    fn times_are_said_with_the_part_of_the_day() {
        for (time, english, hindi) in [
            ("7:00 PM", "seven P M", "शाम सात बजे"),
            ("7:00\u{a0}PM", "seven P M", "शाम सात बजे"),
            ("10:30 AM", "ten thirty A M", "सुबह साढ़े दस बजे"),
            ("1:30 PM", "one thirty P M", "दोपहर डेढ़ बजे"),
            ("2:30 PM", "two thirty P M", "दोपहर ढाई बजे"),
            ("5:15 PM", "five fifteen P M", "शाम सवा पाँच बजे"),
            ("12:45 PM", "twelve forty five P M", "दोपहर पौन बजे"),
            ("6:45 PM", "six forty five P M", "शाम पौने सात बजे"),
            ("9:05 PM", "nine oh five P M", "रात नौ बजकर पाँच मिनट पर"),
            ("12:00 PM", "twelve noon", "दोपहर बारह बजे"),
            ("12:00 AM", "midnight", "रात बारह बजे"),
        ] {
            assert_eq!(speak_value(time, &Source::WorkshopTime, English), english);
            assert_eq!(speak_value(time, &Source::WorkshopTime, Hindi), hindi);
        }
        // A value that is not a time of this form is spoken as text.
        assert_eq!(speak_value("19:00", &Source::WorkshopTime, English), "nineteen zero zero");
        assert_eq!(speak_value("13 October 2026", &Source::WorkshopDate, English), "thirteen October");
        assert_eq!(speak_value("13 October 2026", &Source::WorkshopDate, Hindi), "तेरह अक्टूबर");
        assert_eq!(speak_value("soon", &Source::WorkshopDate, Hindi), "soon");
    }

    #[test]
    fn signs_are_words_pauses_or_nothing() {
        for (text, spoken) in [
            ("Excel & Power BI", "Excel and Power BI"),
            ("C++ in 30 days!", "C plus plus in thirty days!"),
            ("🎉 Batch #7 (new)", "Batch seven new"),
            ("Fees ₹1,00,000, paid", "Fees rupees one lakh, paid"),
            ("Press 1, 2 or 9.", "Press one, two or nine."),
            ("room 007", "room zero zero seven"),
            ("  ", ""),
        ] {
            assert_eq!(speakable(text, English), spoken);
        }
        assert_eq!(speakable("लिंक के लिए 1 दबाइए।", Hindi), "लिंक के लिए एक दबाइए।");
    }

    #[test]
    fn a_reminder_of_350_letters_takes_25_seconds() {
        assert_eq!(seconds_of(&"a".repeat(350), English), 25);
        assert_eq!(seconds_of("", Hindi), 0);
    }
}
