//! How many SMS a text is charged as (providers/fast2sms.md §8).

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
    /// How it is written.
    pub alphabet: Alphabet,
    /// Septets or UTF-16 units in all.
    pub units: usize,
    /// SMS that it is charged as; an empty text is none.
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
/// The standard has 67 for each of several. Fast2SMS's tighter table has 133, 199, 265 … (§8): 66 each and one more, which is
/// what is left in the worst case when no emoji is cut in two.
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
