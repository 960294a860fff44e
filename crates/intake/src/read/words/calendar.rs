//! Words and figures of dates: months, days of the week, zones, and what people write around them.

/// Offsets with a name of their own, in minutes east of UTC; IST is India's here. Names that several zones share are not among them.
pub(in crate::read) const NAMED_OFFSETS: &[(&str, i64)] = &[
    ("indiastandardtime", 330),
    ("asia/kolkata", 330),
    ("asia/calcutta", 330),
    ("ist", 330),
    ("npt", 345),
    ("gst", 240),
    ("sgt", 480),
    ("pdt", -420),
    ("pst", -480),
    ("edt", -240),
    ("est", -300),
];

/// The months in English, and in Hindi with its spellings.
const MONTHS: [(&str, &[&str]); 12] = [
    ("january", &["जनवरी", "जन"]),
    ("february", &["फरवरी", "फ़रवरी", "फर"]),
    ("march", &["मार्च"]),
    ("april", &["अप्रैल", "अप्रेल"]),
    ("may", &["मई"]),
    ("june", &["जून"]),
    ("july", &["जुलाई"]),
    ("august", &["अगस्त"]),
    ("september", &["सितंबर", "सितम्बर"]),
    ("october", &["अक्टूबर", "अक्तूबर"]),
    ("november", &["नवंबर", "नवम्बर"]),
    ("december", &["दिसंबर", "दिसम्बर"]),
];

/// The number of a month by its name or its first three letters.
pub(in crate::read) fn month(word: &str) -> Option<i64> {
    let word = word.trim_end_matches('.');
    let known = |(month, hindi): &(&str, &[&str])| {
        *month == word
            || (word.len() == 3 && month.starts_with(word))
            || (word == "sept" && month.starts_with(word))
            || hindi.contains(&word)
    };
    MONTHS.iter().position(known).map(|at| at as i64 + 1)
}

/// A word that says nothing about the moment: a day of the week, "at", "hrs", "बजे".
pub(in crate::read) fn is_date_filler(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    #[rustfmt::skip]
    const AROUND: &[&str] = &[
        "at", "on", "|", "hrs", "hrs.", "hours", "को", "बजे", "सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "गुरूवार", "शुक्रवार",
        "शनिवार", "रविवार",
    ];
    AROUND.contains(&word)
        || DAYS.iter().any(|day| *day == word || (word.len() == 3 && day.starts_with(word)))
}

/// A letter of a date as it is read: small, digits of any script as `0` to `9`, commas and odd spaces as spaces.
pub(in crate::read) fn plain_date_char(c: char) -> char {
    /// The zeros of the scripts that people in India and around write numbers in.
    const ZEROS: [char; 11] = [
        '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}', '\u{C66}', '\u{CE6}', '\u{D66}',
        '\u{660}', '\u{6F0}',
    ];
    if c.is_ascii() {
        return if c == ',' { ' ' } else { c.to_ascii_lowercase() };
    }
    let digit = ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|at| *at < 10));
    match (c, digit.and_then(|digit| char::from_digit(digit, 10))) {
        (_, Some(digit)) => digit,
        ('\u{A0}' | '\u{202F}', None) => ' ',
        (c, None) => c,
    }
}
