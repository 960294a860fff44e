//! Numbers, money, phone numbers and spans as people here write them.
//!
//! Nothing here knows a time zone or the present moment: clock times come in as text, spans as two instants.

use domain::text::group_digits;
pub use domain::text::grouped;

/// Paise are 100 of these: money is an integer of 1/10,000 rupee.
const PAISA: i64 = 100;

/// `1 person`, `1,231 people`.
pub fn counted(n: impl TryInto<i64>, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(i64::MAX);
    let word = if n == 1 { one } else { many };
    format!("{} {word}", grouped(n))
}

/// As a sentence begins.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An amount from 1/10,000 rupee, to the nearest paisa: `₹1,18,240.50`.
pub fn rupees(amount: i64) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    let paise = (amount.unsigned_abs() + PAISA.unsigned_abs() / 2) / PAISA.unsigned_abs();
    format!("{sign}₹{}.{:02}", group_digits(&(paise / 100).to_string()), paise % 100)
}

/// A price per message from 1/10,000 rupee, with every digit that counts and at least paise: `₹0.115`, `₹0.20`.
pub fn unit_price(amount: i64) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    let whole = amount.unsigned_abs() / 10_000;
    let mut part = format!("{:04}", amount.unsigned_abs() % 10_000);
    while part.len() > 2 && part.ends_with('0') {
        part.pop();
    }
    format!("{sign}₹{}.{part}", group_digits(&whole.to_string()))
}

/// A share: `39%`, one decimal below ten (`1.5%`, `0.4%`), `<0.1%` for what is there but tiny, and
/// never `100%` while something is missing. Nothing, or nothing to share, is an empty text.
pub fn percent(n: i64, total: i64) -> String {
    if n <= 0 || total <= 0 {
        return String::new();
    }
    let (n, total) = (i128::from(n), i128::from(total));
    let tenths = (n * 1000 + total / 2) / total;
    let whole = (n * 100 + total / 2) / total;
    if n == total {
        "100%".into()
    } else if tenths == 0 {
        "<0.1%".into()
    } else if tenths < 100 {
        format!("{}.{}%", tenths / 10, tenths % 10)
    } else if whole >= 100 {
        ">99%".into()
    } else {
        format!("{whole}%")
    }
}

/// An Indian number in E.164 form as `+91 90000 00001`; any other comes back as it was.
pub fn phone(e164: &str) -> String {
    let is_indian = |local: &&str| local.len() == 10 && local.bytes().all(|b| b.is_ascii_digit());
    match e164.strip_prefix("+91").filter(is_indian) {
        Some(local) => format!("+91 {} {}", &local[..5], &local[5..]),
        None => e164.to_owned(),
    }
}

/// A span of milliseconds in the two units that matter: `22 s`, `42 min`, `1 h 42 min`, `2 days`.
pub fn span(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (1, _, _) => "1 day".into(),
        (_, _, _) => format!("{} days", grouped(days)),
    }
}

/// A length of sound, to the second, as players show it: `0:04`, `1:00`.
pub fn clock(ms: i64) -> String {
    let seconds = ms.max(0).saturating_add(500) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How far an instant is from now, both in UTC milliseconds: `in 1 h 42 min`, `2 min ago`, `now`.
pub fn relative(at_ms: i64, now_ms: i64) -> String {
    let ms = at_ms.saturating_sub(now_ms);
    match ms {
        -999..=999 => "now".into(),
        1_000.. => format!("in {}", span(ms)),
        _ => format!("{} ago", span(ms)),
    }
}

/// The first letters of the first and last word, for a face: `Meera Iyer` → `MI`. Matras stay with their letter.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().map(first_cluster);
    let last = words.next_back().map(first_cluster);
    first.into_iter().chain(last).collect()
}

/// A letter and the Devanagari signs that hang on it.
fn first_cluster(word: &str) -> String {
    let hangs =
        |c: &char| matches!(c, '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094d}' | '\u{0962}' | '\u{0963}');
    let mut chars = word.chars();
    let letter = chars.next().into_iter().flat_map(char::to_uppercase);
    letter.chain(chars.take_while(hangs)).collect()
}

/// The beginning of a text that is too long for its place, with “…” behind it.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain("…".chars()).collect()
}

/// Text as a value in an address.
pub fn form_value(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: &str, expected: &str) {
        assert_eq!(got, expected);
    }

    #[test]
    fn counts_are_grouped_by_thousands_then_hundreds() {
        for (n, expected) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1,000"),
            (12_640, "12,640"),
            (104_820, "1,04,820"),
            (1_000_000, "10,00,000"),
            (12_345_678, "1,23,45,678"),
            (1_000_000_000, "1,00,00,00,000"),
            (-1_231, "−1,231"),
        ] {
            check(&grouped(n), expected);
        }
        check(&counted(1, "person", "people"), "1 person");
        check(&counted(0, "person", "people"), "0 people");
        check(&counted(1_231, "person", "people"), "1,231 people");
    }

    #[test]
    fn money_is_rounded_to_the_nearest_paisa() {
        // 1,231 × ₹0.115 = ₹141.565, written ₹141.57
        for (amount, expected) in [
            (0, "₹0.00"),
            (49, "₹0.00"),
            (50, "₹0.01"),
            (10_000, "₹1.00"),
            (1_231 * 1_150, "₹141.57"),
            (1_182_405_000, "₹1,18,240.50"),
            (-15_000, "−₹1.50"),
        ] {
            check(&rupees(amount), expected);
        }
    }

    #[test]
    fn a_price_keeps_the_digits_that_count() {
        for (amount, expected) in [
            (1_150, "₹0.115"),
            (2_000, "₹0.20"),
            (9_000, "₹0.90"),
            (1, "₹0.0001"),
            (10_000, "₹1.00"),
            (25_000_000, "₹2,500.00"),
        ] {
            check(&unit_price(amount), expected);
        }
    }

    #[test]
    fn a_share_never_claims_more_than_there_is() {
        for (n, total, expected) in [
            (0, 10, ""),
            (5, 0, ""),
            (10, 10, "100%"),
            (2_518, 12_640, "20%"),
            (4_927, 12_640, "39%"),
            (1_306, 12_640, "10%"),
            (184, 12_640, "1.5%"),
            (36, 12_640, "0.3%"),
            (48, 12_640, "0.4%"),
            (1, 100_000, "<0.1%"),
            (99_999, 100_000, ">99%"),
            (994, 1_000, "99%"),
            (i64::MAX - 1, i64::MAX, ">99%"),
        ] {
            check(&percent(n, total), expected);
        }
    }

    #[test]
    fn indian_numbers_are_grouped_and_others_are_left_alone() {
        check(&phone("+919000000001"), "+91 90000 00001");
        check(&phone("+12025550123"), "+12025550123");
        check(&phone("+91900000000"), "+91900000000");
        check(&phone("see e-mail"), "see e-mail");
        check(&phone("+91नमस्त"), "+91नमस्त");
    }

    #[test]
    fn a_length_of_sound_reads_as_on_a_player() {
        for (ms, expected) in
            [(0, "0:00"), (499, "0:00"), (4_200, "0:04"), (59_600, "1:00"), (61_000, "1:01"), (-5, "0:00")]
        {
            check(&clock(ms), expected);
        }
    }

    #[test]
    fn spans_read_as_a_person_would_say_them() {
        for (at, now, expected) in [
            (0, 0, "now"),
            (500, 0, "now"),
            (22_000, 0, "in 22 s"),
            (6_120_000, 0, "in 1 h 42 min"),
            (7_200_000, 0, "in 2 h"),
            (0, 120_000, "2 min ago"),
            (0, 59_999, "59 s ago"),
            (0, 86_400_000, "1 day ago"),
            (0, 200_000_000, "2 days ago"),
            (i64::MIN, i64::MAX, "1,06,75,19,91,167 days ago"),
        ] {
            check(&relative(at, now), expected);
        }
    }

    #[test]
    fn a_face_has_the_first_and_the_last_letter() {
        check(&initials("Meera Iyer"), "MI");
        check(&initials("meera"), "M");
        check(&initials("Venkata Satyanarayana Chintalapati"), "VC");
        check(&initials("सुश्री राजलक्ष्मी अय्यर"), "सुअ");
        check(&initials(""), "");
    }

    #[test]
    fn a_text_in_an_address_holds_no_sign_of_one() {
        check(&form_value("a&b=c d%"), "a%26b%3Dc%20d%25");
        check(&form_value("आ"), "%E0%A4%86");
    }
}
