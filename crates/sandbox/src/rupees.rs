//! Money as vendors write it, in exact integers of 1/10,000 rupee.

/// A rupee has so many of the parts that amounts are kept in.
pub const PER_RUPEE: i64 = 10_000;

/// An amount in rupees with four places, as the vendor writes it: `1250.5000`.
pub fn rupees(amount: i64) -> String {
    let (sign, size) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    let whole = PER_RUPEE.unsigned_abs();
    format!("{sign}{}.{:04}", size / whole, size % whole)
}

/// Reads an amount in rupees with at most four places, in 1/10,000 rupee. Nothing else is an amount.
pub fn parse_rupees(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 4 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<4}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(PER_RUPEE)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_part_of_a_rupee() {
        for (text, amount) in [("1250.5000", 12_505_000), ("0.2000", 2_000), ("0.0001", 1), ("0.0000", 0)] {
            assert_eq!((parse_rupees(text), rupees(amount).as_str()), (Some(amount), text));
        }
        assert_eq!((parse_rupees("5"), parse_rupees("0.2")), (Some(50_000), Some(2_000)));
        for odd in ["", ".5", "1.00005", "-1", "1e3", "1,000", "99999999999999999"] {
            assert_eq!(parse_rupees(odd), None, "for {odd:?}");
        }
        assert_eq!(rupees(-1), "-0.0001");
    }
}
