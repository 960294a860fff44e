//! How many SMS a text is charged as.

/// How a text is written on the air; the first character outside GSM-7 makes the whole text Unicode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// Seven bits per character (3GPP TS 23.038); fourteen for the few of the extension table.
    Gsm7,
    /// Sixteen bits per UTF-16 unit: Indian scripts, `₹`, emoji, curly quotes.
    Unicode,
}

/// The length of a text in the operator's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segments {
    /// The alphabet in which the text is sent.
    pub alphabet: Alphabet,
    /// The length of the text: septets in GSM-7, UTF-16 units in Unicode.
    pub units: usize,
    /// The number of SMS that the text is charged as; 0 for an empty text.
    pub count: usize,
}

impl Segments {
    /// Units that still fit without another SMS; a GSM-7 text may lose one of them to a character of two septets.
    pub fn units_left(&self) -> usize {
        self.room(self.count.max(1)).saturating_sub(self.units)
    }

    /// Units that fit into so many SMS.
    fn room(&self, count: usize) -> usize {
        match (self.alphabet, count) {
            (Alphabet::Gsm7, 1) => GSM_ALONE,
            (Alphabet::Gsm7, n) => GSM_EACH * n,
            (Alphabet::Unicode, 1) => UNICODE_ALONE,
            (Alphabet::Unicode, n) => UNICODE_EACH * n + 1,
        }
    }
}

/// Septets of a single SMS.
const GSM_ALONE: usize = 160;
/// Septets of each of several: seven are lost to the header that joins them.
const GSM_EACH: usize = 153;
/// UTF-16 units of a single SMS.
const UNICODE_ALONE: usize = 70;
/// The standard has 67 for each of several. A provider's tighter table has 133, 199, 265 …: 66 each and one more, which
/// is what is left in the worst case when no emoji is cut in two.
const UNICODE_EACH: usize = 66;

/// Counts a final text, values in place.
pub fn segments(text: &str) -> Segments {
    if why_unicode(text).is_none() {
        let units = text.chars().map(septets).sum();
        let count = if units <= GSM_ALONE { usize::from(units > 0) } else { gsm_parts(text) };
        return Segments { alphabet: Alphabet::Gsm7, units, count };
    }
    let units: usize = text.chars().map(char::len_utf16).sum();
    let count = if units <= UNICODE_ALONE { 1 } else { (units - 1).div_ceil(UNICODE_EACH) };
    Segments { alphabet: Alphabet::Unicode, units, count }
}

/// The first character that forces Unicode; `None` for a GSM-7 text.
pub fn why_unicode(text: &str) -> Option<char> {
    text.chars().find(|c| septets(*c) == 0)
}

/// A character of two septets is never cut: where one is left, the next SMS begins.
fn gsm_parts(text: &str) -> usize {
    let (mut parts, mut used) = (1, 0);
    for c in text.chars() {
        let wide = septets(c);
        if used + wide > GSM_EACH {
            parts += 1;
            used = 0;
        }
        used += wide;
    }
    parts
}

/// Septets of one character in GSM-7 (3GPP TS 23.038 §6.2.1); 0 when it has none.
fn septets(c: char) -> usize {
    match c {
        // Space to Z, digits and @ among them, are those of ASCII.
        ' '..='Z' => 1,
        'a'..='z' | '\n' | '\r' | '_' => 1,
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | 'Φ' | 'Γ' | 'Λ'
        | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü'
        | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => 1,
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | ']' | '~' | '|' | '€' => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `G` or `U`, units, SMS: each worked out by hand from 3GPP TS 23.038 and the table of
    /// providers/src/fast2sms/NOTES.md §8.
    #[track_caller]
    fn check(text: &str, expected: (char, usize, usize)) {
        let Segments { alphabet, units, count } = segments(text);
        let letter = match alphabet {
            Alphabet::Gsm7 => 'G',
            Alphabet::Unicode => 'U',
        };
        let shown: String = text.chars().take(24).collect();
        assert_eq!((letter, units, count), expected, "for {shown:?}… of {} characters", text.chars().count());
    }

    fn a(times: usize) -> String {
        "a".repeat(times)
    }

    #[test]
    fn usual_texts_are_counted_as_the_operator_counts_them() {
        for (text, expected) in [
            ("", ('G', 0, 0)),
            ("Hi", ('G', 2, 1)),
            ("Hi Asha, Rust for Beginners starts at 7 PM. -Example Academy", ('G', 60, 1)),
            ("@£$¥èéùìòÇ\nØø\rÅå", ('G', 16, 1)),
            ("Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ", ('G', 15, 1)),
            ("!\"#¤%&'()*+,-./", ('G', 15, 1)),
            ("0123456789:;<=>?", ('G', 16, 1)),
            ("¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§", ('G', 32, 1)),
            ("¿abcdefghijklmnopqrstuvwxyzäöñüà", ('G', 32, 1)),
            // Characters of the extension table take two septets each.
            ("^", ('G', 2, 1)),
            ("{}", ('G', 4, 1)),
            ("[\\]", ('G', 6, 1)),
            ("~|€", ('G', 6, 1)),
            ("\u{c}", ('G', 2, 1)),
            ("Pay 5€", ('G', 7, 1)),
            ("{#var#}", ('G', 9, 1)),
            // These characters look plain and are not.
            ("`", ('U', 1, 1)),
            ("₹500", ('U', 4, 1)),
            ("It’s", ('U', 4, 1)),
            ("“Hi”", ('U', 4, 1)),
            ("7–8 PM", ('U', 6, 1)),
            ("7—8", ('U', 3, 1)),
            ("wait…", ('U', 5, 1)),
            ("ç", ('U', 1, 1)),
            ("ê", ('U', 1, 1)),
            ("a\tb", ('U', 3, 1)),
            ("a\u{a0}b", ('U', 3, 1)),
            ("α", ('U', 1, 1)),
            // The word has the six units न म स ् त े.
            ("नमस्ते", ('U', 6, 1)),
            ("வணக்கம்", ('U', 7, 1)),
            // Characters outside the first plane take two units, and joiners and marks add more.
            ("😀", ('U', 2, 1)),
            ("Hi 👋", ('U', 5, 1)),
            ("🇮🇳", ('U', 4, 1)),
            ("👩‍💻", ('U', 5, 1)),
            ("❤️", ('U', 2, 1)),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn the_borders_of_gsm_7_are_exact() {
        for (length, count) in [
            (1, 1),
            (159, 1),
            (160, 1),
            (161, 2),
            (306, 2),
            (307, 3),
            (459, 3),
            (460, 4),
            (612, 4),
            (613, 5),
            (765, 5),
            (766, 6),
        ] {
            check(&a(length), ('G', length, count));
        }
        // Eighty characters of two septets fill one SMS. In each of several SMS 76 of them fit, and one septet stays
        // empty.
        for (length, count) in [(80, 1), (81, 2), (152, 2), (153, 3), (228, 3), (229, 4)] {
            check(&"€".repeat(length), ('G', length * 2, count));
        }
    }

    #[test]
    fn a_character_of_two_septets_is_never_cut_in_two() {
        check(&format!("{}€", a(158)), ('G', 160, 1));
        check(&format!("{}€", a(159)), ('G', 161, 2));
        // The text has more than 305 septets, and its 153rd is the first half of a `€`. The `€` moves to the next
        // SMS, and the rest with it.
        check(&format!("{}€{}", a(151), a(153)), ('G', 306, 2));
        check(&format!("{}€{}", a(152), a(151)), ('G', 305, 2));
        check(&format!("{}€{}", a(152), a(152)), ('G', 306, 3));
        check(&format!("{}€{}€{}", a(152), a(150), a(152)), ('G', 458, 4));
    }

    #[test]
    fn the_borders_of_unicode_are_those_of_the_tighter_table() {
        for (length, count) in [
            (69, 1),
            (70, 1),
            (71, 2),
            (133, 2),
            (134, 3),
            (199, 3),
            (200, 4),
            (265, 4),
            (266, 5),
            (331, 5),
            (332, 6),
        ] {
            check(&"अ".repeat(length), ('U', length, count));
            // One `₹` makes the whole text Unicode.
            check(&format!("₹{}", a(length - 1)), ('U', length, count));
        }
        for (emoji, count) in [(35, 1), (36, 2), (66, 2), (67, 3), (99, 3), (100, 4)] {
            check(&"😀".repeat(emoji), ('U', emoji * 2, count));
        }
        check(&format!("{}₹", a(160)), ('U', 161, 3));
    }

    #[test]
    fn the_composer_can_say_what_made_it_unicode_and_what_is_left() {
        assert_eq!(why_unicode("Pay ₹500 for “it”"), Some('₹'));
        assert_eq!(why_unicode("Pay 500 for [it]"), None);
        for (text, left) in
            [(a(0), 160), (a(150), 10), (a(161), 145), ("अ".repeat(60), 10), ("अ".repeat(71), 62)]
        {
            assert_eq!(segments(&text).units_left(), left, "{}", text.len());
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![".{0,400}", "[a-z €|^]{0,400}", "[अ-ह😀₹ ]{0,200}", "[ -~]{0,400}"]
    }

    proptest! {
        #[test]
        fn more_text_is_never_fewer_sms(text in any_text(), more in any_text()) {
            let (before, after) = (segments(&text), segments(&format!("{text}{more}")));
            prop_assert!(before.count <= after.count, "{before:?} {after:?}");
        }

        #[test]
        fn a_text_of_160_septets_at_most_is_one_sms(text in "[a-zA-Z0-9 .,@£€^]{1,160}") {
            let found = segments(&text);
            prop_assert_eq!(found.alphabet, Alphabet::Gsm7);
            prop_assert_eq!(found.count == 1, found.units <= 160);
        }

        #[test]
        fn the_estimate_is_never_below_the_standard(text in any_text()) {
            let found = segments(&text);
            let (alone, each) = match found.alphabet { Alphabet::Gsm7 => (160, 153), Alphabet::Unicode => (70, 67) };
            let standard = if found.units <= alone { usize::from(found.units > 0) } else { found.units.div_ceil(each) };
            prop_assert!(found.count >= standard);
            prop_assert!(found.count <= standard + 1 + standard / 30, "{} for {}", found.count, standard);
        }
    }
}
