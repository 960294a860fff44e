//! Text as people type it: made fit to keep and to show, never corrected.

use crate::phone::is_invisible;

/// One line: single spaces, no control characters, no marks without a shape. Empty when nothing of it can be seen, so that no name is
/// taken that shows as nothing or turns the words around it.
pub fn line(text: &str) -> String {
    // The joiners between Indian letters (ZWNJ, ZWJ) belong to the spelling, and what picks a picture's form to the picture.
    let joins = |c: char| matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}');
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let kept: String = spaced.filter(|c| !is_invisible(*c) || joins(*c)).collect();
    if kept.chars().all(|c| c.is_whitespace() || joins(c)) {
        return String::new();
    }
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Several lines with plain line breaks and no other control character; empty when nothing of them can be seen.
pub fn lines(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain: String = unix.replace('\t', " ").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    if line(&plain).is_empty() { String::new() } else { plain.trim().to_owned() }
}

/// A count with Indian grouping: `1,04,820`. A negative one has a real minus. Takes every kind of whole number: stores count in `i64`,
/// lists in `usize`.
pub fn grouped(n: impl TryInto<i64>) -> String {
    let n = n.try_into().unwrap_or(i64::MAX);
    let sign = if n < 0 { "−" } else { "" };
    format!("{sign}{}", group_digits(&n.unsigned_abs().to_string()))
}

/// Digits with a comma before the last three and before each pair in front of them.
pub fn group_digits(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 3 / 2);
    for (at, digit) in digits.char_indices() {
        let left = digits.len() - at;
        if at > 0 && left >= 3 && left % 2 == 1 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typed_text_loses_what_no_database_keeps_and_nobody_sees() {
        assert_eq!(line(" Udaan\0  main\n"), "Udaan main");
        assert_eq!(lines("\u{feff}\r\n"), "");
        assert_eq!(lines(" Hi {{1}},\r\n\r\nit\tstarts.\0 "), "Hi {{1}},\n\nit starts.");
        // These are characters that reverse the words behind them, and characters that must not make up a whole line.
        assert_eq!(line("Fees\u{202E}evif"), "Feesevif");
        for nothing in ["", " ", "\0", "\u{200B}", "\u{202E}", "\u{FEFF}", "\u{200D} \u{FE0F}"] {
            assert_eq!(line(nothing), "", "{nothing:?}");
        }
        for whole in ["क्‍ष", "❤️ Rust", "உடான் அகாடமி"] {
            assert_eq!(line(whole), whole);
        }
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_stays_as_it_is(text in any::<String>()) {
            let once = line(&text);
            prop_assert!(!once.contains(char::is_control) && once.trim() == once);
            prop_assert_eq!(line(&once), once);
        }
    }
}
