//! What a receipt names its message by, and the forms in which numbers are written.

use domain::{ids::MessageRef, receipt::ParsedReceipt};

/// The recipient as the receipt writes it, which carries digits without `+`.
pub(super) fn number(reading: &ParsedReceipt) -> Option<String> {
    reading.digits.as_ref().map(|digits| format!("+{digits}"))
}

/// What may be a number in a post that could not be read: with its country, or ten digits of India.
pub(super) fn numbers_in(body: &str) -> impl Iterator<Item = String> {
    let runs = body.split(|c: char| !c.is_ascii_digit()).filter(|run| (10..=15).contains(&run.len()));
    runs.map(|run| if run.len() == 10 { format!("+91{run}") } else { format!("+{run}") })
}

/// A number in every form in which our rows may have it: as the receipt writes it, and as people do. WhatsApp writes Mexico's mobiles
/// with a 1 after the country, Argentina's with a 9, and Brazil's older ones without their 9.
pub(super) fn forms(digits: &str) -> Vec<String> {
    let mut forms = vec![format!("+{digits}")];
    let mut also = |country: &str, rest: &str| forms.push(format!("+{country}{rest}"));
    match (digits.get(..2), digits.get(2..)) {
        (Some("52"), Some(rest)) if rest.len() == 11 && rest.starts_with('1') => also("52", &rest[1..]),
        (Some("52"), Some(rest)) if rest.len() == 10 => also("521", rest),
        (Some("54"), Some(rest)) if rest.len() == 11 && rest.starts_with('9') => also("54", &rest[1..]),
        (Some("54"), Some(rest)) if rest.len() == 10 => also("549", rest),
        (Some("55"), Some(rest)) if rest.len() == 10 => also("55", &format!("{}9{}", &rest[..2], &rest[2..])),
        (Some("55"), Some(rest)) if rest.len() == 11 && rest[2..].starts_with('9') => {
            also("55", &format!("{}{}", &rest[..2], &rest[3..]));
        }
        _ => {}
    }
    if is_bare(digits) {
        also("91", digits);
    }
    forms
}

/// The form that a number has with us as long as nobody is known by another one.
pub(super) fn likely(digits: &str) -> String {
    let country = if is_bare(digits) { "91" } else { "" };
    format!("+{country}{digits}")
}

/// Ten digits of an Indian mobile without its country.
fn is_bare(digits: &str) -> bool {
    digits.len() == 10 && digits.starts_with(['6', '7', '8', '9'])
}

/// The one message that a receipt names by what we sent along.
pub(super) fn nameless(reading: &ParsedReceipt) -> Option<MessageRef> {
    let span = reading.udf.filter(|span| span.first == span.last)?;
    Some(MessageRef { broadcast: span.broadcast, position: span.first })
}

/// The request of a receipt that says nothing else about its message.
pub(super) fn request(reading: &ParsedReceipt) -> Option<String> {
    reading.provider_id.clone().filter(|_| reading.digits.is_none() && reading.udf.is_none())
}
