//! How many segments a text takes (`providers/src/fast2sms/NOTES.md` §8), counted for the bill.
//!
//! Written from the vendor's table alone. The sender under test counts for itself, and the two may
//! disagree: what the vendor bills is the truth.

/// GSM 03.38, the characters that take one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: an escape and one more septet.
const EXTENSION: &str = "^{}[]\\~|€\u{c}";

/// The length of a text, as it is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Whether it goes out as UCS-2.
    pub(super) unicode: bool,
    /// The length: septets, or UTF-16 units.
    pub(super) units: usize,
    /// Segments; one for an empty text.
    pub(super) segments: i64,
}

/// Septets of a text in GSM-7; nothing if a character is not in it.
fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|c| match c {
            _ if EXTENSION.contains(c) => Some(2),
            _ if BASIC.contains(c) => Some(1),
            _ => None,
        })
        .sum()
}

/// Counts a text. `as_unicode` sends it as UCS-2 even if it need not be; `tight` takes the tighter
/// of the two tables for UCS-2, 70 / 133 / 199 / 265 / 331.
pub(super) fn count(text: &str, as_unicode: bool, tight: bool) -> Counted {
    match septets(text).filter(|_| !as_unicode) {
        Some(units) => {
            let segments = if units <= 160 { 1 } else { units.div_ceil(153) };
            Counted { unicode: false, units, segments: whole(segments) }
        }
        None => {
            let units = text.encode_utf16().count();
            let segments = match units {
                0..=70 => 1,
                // 133 and then 66 for each one more.
                _ if tight => units.saturating_sub(1).div_ceil(66).max(2),
                _ => units.div_ceil(67),
            };
            Counted { unicode: true, units, segments: whole(segments) }
        }
    }
}

fn whole(segments: usize) -> i64 {
    i64::try_from(segments).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_end_where_the_vendors_table_says() {
        let ends = |letter: &str, as_unicode: bool, tight: bool| -> Vec<usize> {
            let of = |units: usize| count(&letter.repeat(units), as_unicode, tight).segments;
            (1..800).filter(|units| of(*units) < of(*units + 1)).take(5).collect()
        };
        assert_eq!(ends("a", false, false), [160, 306, 459, 612, 765]);
        assert_eq!(ends("अ", false, false), [70, 134, 201, 268, 335]);
        assert_eq!(ends("a", true, false), [70, 134, 201, 268, 335]);
        assert_eq!(ends("अ", false, true), [70, 133, 199, 265, 331]);
    }

    #[test]
    fn some_characters_take_two_septets_and_some_make_all_of_it_unicode() {
        assert_eq!(count("^{}[]\\~|€\u{c}", false, false).units, 20);
        for text in ["₹500", "’", "—", "नमस्ते", "🙂"] {
            assert!(count(text, false, false).unicode, "for {text}");
        }
        assert_eq!(count("🙂", false, false).units, 2);
        assert!(!count("Hi Asha, 50% off @ 7:00 PM! (Ünder Ñ) £5", false, false).unicode);
        assert_eq!(BASIC.chars().count() + EXTENSION.chars().count(), 127 + 10);
    }
}
