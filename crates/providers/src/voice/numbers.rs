//! Numbers as providers of calls write them (docs/facts/calls.md §1.5).

use domain::phone::Phone;

/// `+91` and ten digits; `None` for a number of another country.
pub fn india_plus(e164: &str) -> Option<String> {
    let phone = Phone::from_stored(e164).ok()?;
    phone.national_ten().map(|ten| format!("+91{ten}"))
}

/// `0` and ten digits; `None` for a number of another country.
pub fn india_zero(e164: &str) -> Option<String> {
    let phone = Phone::from_stored(e164).ok()?;
    phone.national_ten().map(|ten| format!("0{ten}"))
}

/// The digits with country code of `+91X`, `91X`, `0X` or `X`. Stray spaces and quotes, and a `+` that was escaped once
/// too often, are accepted; `None` for anything else.
pub fn phone_digits(written: &str) -> Option<String> {
    let unescaped = written.replace("%2B", "+").replace("%2b", "+").replace("%20", " ");
    if unescaped.chars().any(|c| !(c.is_ascii_digit() || c.is_whitespace() || "+-()\"'.".contains(c))) {
        return None;
    }
    let digits: String = unescaped.chars().filter(char::is_ascii_digit).collect();
    let plain = digits.trim_start_matches('0');
    match plain.len() {
        10 if !unescaped.contains('+') => Some(format!("91{plain}")),
        8..=15 => Some(plain.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_number_is_read_as_the_same() {
        for form in [
            "+919000000001",
            "919000000001",
            "09000000001",
            "9000000001",
            " 9000000001 ",
            "\"09000000001\"",
            "%2B919000000001",
            "%2b91 90000 00001",
            "0091-9000000001",
        ] {
            assert_eq!(phone_digits(form).as_deref(), Some("919000000001"), "{form}");
        }
        for none in ["", "null", "sip:9000000001@x", "12345", "1".repeat(16).as_str()] {
            assert_eq!(phone_digits(none), None, "{none}");
        }
        assert_eq!(india_plus("+919000000001").as_deref(), Some("+919000000001"));
        assert_eq!(india_zero("+919000000001").as_deref(), Some("09000000001"));
        assert_eq!((india_plus("+14155550100"), india_zero("9000000001")), (None, None));
    }
}
