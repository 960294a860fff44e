//! Phone numbers: what people and spreadsheets write, turned into E.164 or refused with a reason.
//!
//! Nothing is cut off or filled in. A text is accepted when exactly one reading of it is a number that can exist;
//! everything else comes back as a [`PhoneError`] that tells a person what to do. Which numbers can exist is
//! libphonenumber's knowledge (crate `phonenumber`); what spreadsheets do to them is ours.

mod around;
mod countries;
mod country;
mod written;

use std::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use phonenumber::{Mode, Type, metadata::DATABASE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::written::{PIECE_DIGITS, Written, plain_char};

pub use self::country::Country;
pub(crate) use self::written::is_invisible;

/// E.164: at most fifteen digits with the country code.
const DIGITS_MAX: usize = 15;

/// Shortest number with its country code that we take; real ones start at eight.
const DIGITS_MIN: usize = 7;

/// What a number can receive, as far as its digits tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// Can be called and can receive WhatsApp and SMS.
    Mobile,
    /// Can be called, and receives neither WhatsApp nor SMS.
    Landline,
    /// The digits do not tell (as in the USA, or a series newer than our table): worth trying as a mobile.
    Unknown,
}

/// A number in E.164 form, such as `+919812345678`. Only [`Phone::parse`] makes one, and [`Phone::from_stored`] reads
/// it back. It has no `Display`, so that no log or page shows a whole number by accident: ask for [`Phone::as_str`] or
/// [`Phone::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people and spreadsheets write it. Without a country code it belongs to `home`.
    pub fn parse(text: &str, home: Country) -> Result<Phone, PhoneError> {
        if let Some(phone) = plain_indian_mobile(text, home) {
            return Ok(phone);
        }
        if let Some(digits) = around::digits_of_link(text) {
            return match (international(&digits), parse_with_library(&digits, home)) {
                (Ok(one), Ok(other)) if one != other => Err(PhoneError::Ambiguous),
                (Ok(one), _) | (Err(_), Ok(one)) => Ok(one),
                (Err(error), Err(_)) => Err(error),
            };
        }
        parse_with_library(text, home).or_else(|error| match around::only_number_in(text, home) {
            Some(phone) => Ok(phone),
            None if around::lost_digits(text) => Err(PhoneError::DigitsLost),
            None => Err(error),
        })
    }

    /// Reads back what [`Phone::as_str`] gave: `+`, then 7 to 15 digits, the first not 0.
    pub fn from_stored(text: &str) -> Result<Phone, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError::NotANumber)?;
        let shaped = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        match digits.len() {
            0 => Err(PhoneError::Empty),
            n if n < DIGITS_MIN => Err(PhoneError::TooShort { digits: n }),
            n if n > DIGITS_MAX => Err(PhoneError::TooLong { digits: n }),
            _ if !shaped => Err(PhoneError::NotANumber),
            _ => Ok(Phone(text.to_owned())),
        }
    }

    /// The whole number, `+919812345678`: for providers and the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without `+`: `919812345678`.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// For logs and shared screens: `+9198*****678`.
    pub fn masked(&self) -> String {
        let digits = self.digits();
        let (first, last) = if digits.len() >= 10 { (4, 3) } else { (2, 2) };
        let hidden = digits.len() - first - last;
        format!("+{}{}{}", &digits[..first], "*".repeat(hidden), &digits[digits.len() - last..])
    }

    /// The ten digits of an Indian number, as Indian providers want them; `None` for other countries and for
    /// Indian numbers of another length.
    pub fn national_ten(&self) -> Option<&str> {
        self.0.strip_prefix("+91").filter(|ten| ten.len() == 10)
    }

    /// Mobile, landline, or not to be told from the digits.
    pub fn kind(&self) -> PhoneKind {
        match library_reading(self.digits()).and_then(|reading| reading.kind) {
            Some(Type::Mobile) => PhoneKind::Mobile,
            Some(Type::FixedLine) => PhoneKind::Landline,
            _ => PhoneKind::Unknown,
        }
    }

    /// Whether the number is a landline's: it can be called, and gets no WhatsApp and no SMS.
    pub fn is_landline(&self) -> bool {
        is_landline(&self.0)
    }
}

/// As [`Phone::is_landline`], of a number in E.164 form. The first five digits of an Indian number that begins with 6
/// to 9 tell whether it is a landline's (Bengaluru's begin with 80). Each such beginning is looked up once and
/// remembered, so that most numbers of a large list cost nothing. Argentines write their mobiles without the 9 that
/// tells them from landlines, and WhatsApp finds them so: none of theirs is taken for one.
pub fn is_landline(e164: &str) -> bool {
    let Some(digits) = e164.strip_prefix('+').filter(|digits| !digits.starts_with("54")) else {
        return false;
    };
    let ten = digits.strip_prefix("91").filter(|ten| ten.len() == 10);
    let looked_up = || library_reading(digits).is_some_and(|reading| reading.kind == Some(Type::FixedLine));
    match ten
        .filter(|ten| ten.starts_with(['6', '7', '8', '9']))
        .and_then(|ten| ten[..5].parse::<usize>().ok())
    {
        Some(beginning) => {
            let Some(known) = INDIAN_BEGINNINGS.get(beginning - 60_000) else { return looked_up() };
            match known.load(Ordering::Relaxed) {
                MOBILE => false,
                LANDLINE => true,
                _ => {
                    let landline = looked_up();
                    known.store(if landline { LANDLINE } else { MOBILE }, Ordering::Relaxed);
                    landline
                }
            }
        }
        None => looked_up(),
    }
}

const MOBILE: u8 = 1;
const LANDLINE: u8 = 2;
/// What is known of the beginnings 60000 to 99999: nothing, mobile, landline.
static INDIAN_BEGINNINGS: [AtomicU8; 40_000] = [const { AtomicU8::new(0) }; 40_000];

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Phone, D::Error> {
        let text = String::deserialize(from)?;
        Phone::from_stored(&text).map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a number we can use. Its `Display` is shown to people as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The text is empty or blank.
    #[error("There is no phone number. Add one with its country code, such as +91 98123 45678.")]
    Empty,
    /// `9.81234E+09`: the digits are gone from the file.
    #[error(
        "Excel replaced the last digits of this number by a short form (such as 9.81E+09). They are no longer in \
         the file: format the column as text or as a number without decimals, and export again from the source."
    )]
    DigitsLost,
    /// Several numbers in one cell.
    #[error("There are two numbers here. Keep the one to use and put the other into a column of its own.")]
    TwoNumbers,
    /// `+91 +971…`: a country code was put before a number that has another one.
    #[error("There are two country codes here. Write the number once, with its own country code.")]
    TwoCountryCodes,
    /// Digits replaced by stars or crosses.
    #[error("Some digits are hidden. Get the whole number from the source.")]
    Hidden,
    /// Letters or signs that are no part of a number.
    #[error("{0:?} does not belong in a phone number. Remove it, and keep only the number.")]
    Stray(char),
    /// The text holds words, a date or something else that is not a number.
    #[error("This is not a phone number. Write digits only, with the country code, such as +91 98123 45678.")]
    NotANumber,
    /// Fewer digits than any number has.
    #[error(
        "This number has {digits} digits: too short. An Indian mobile number has 10 after +91, and a number of another country its own length."
    )]
    TooShort {
        /// Digits that the number has.
        digits: usize,
    },
    /// More digits than the number may have.
    #[error(
        "This number has {digits} digits: too long. An Indian mobile number has 10 after +91; a foreign one needs \
         + and its country code."
    )]
    TooLong {
        /// Digits that the number has.
        digits: usize,
    },
    /// It would be a number of another country, had it a `+`.
    #[error(
        "This looks like a number of another country without its +. If that is right, write + before it; if not, \
         correct the digits."
    )]
    ForeignWithoutPlus,
    /// The digits can be read as two different numbers.
    #[error("This can be read in two ways. Write it with + and the country code.")]
    Ambiguous,
    /// Right length, but no network has such numbers.
    #[error("No network uses numbers like this. Check the digits and the country code.")]
    NotInUse,
    /// Toll-free, premium and the like.
    #[error("This is a toll-free or service number, not a person's. Use the person's own number.")]
    Service,
}

/// Reads the plain forms of an Indian mobile number without the library, because most rows of an import are one. A
/// plain form has ten digits that begin with 6 to 9, after nothing, `0`, `91` or `+91`; spaces and hyphens may stand
/// between. `None` means "look closer", never "wrong". A test holds it against [`parse_with_library`].
fn plain_indian_mobile(text: &str, home: Country) -> Option<Phone> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !plus && home != Country::INDIA {
        return None;
    }
    let mut e164 = [0_u8; 13];
    let mut count = 0;
    for byte in rest.trim_matches(' ').bytes() {
        match byte {
            b'0'..=b'9' if count < 12 => {
                e164[1 + count] = byte;
                count += 1;
            }
            b' ' | b'-' => {}
            _ => return None,
        }
    }
    let digits = &e164[1..=count];
    let ten = match (plus, count) {
        (false, 10) => digits,
        (false, 11) => digits.strip_prefix(b"0")?,
        (_, 12) => digits.strip_prefix(b"91")?,
        _ => return None,
    };
    let ten = std::str::from_utf8(ten).ok().filter(|ten| ten.starts_with(['6', '7', '8', '9']))?;
    let mut whole = String::with_capacity(13);
    whole.push_str("+91");
    whole.push_str(ten);
    Some(Phone(whole))
}

/// The full reading, for everything. [`Phone::parse`] only shortens the way for the plain forms.
fn parse_with_library(text: &str, home: Country) -> Result<Phone, PhoneError> {
    let written = Written::read(text)?;
    match written.plus {
        true => international(&written.digits),
        false => without_plus(&written.digits, home),
    }
}

/// Digits that stood after `+` or `00`.
fn international(digits: &str) -> Result<Phone, PhoneError> {
    match accept(digits) {
        Err(why) => match_doubled_code(digits).ok_or(why),
        found => found,
    }
}

/// `+91 91 98123 45678`: a form that adds the code to numbers that already have it.
fn match_doubled_code(digits: &str) -> Option<Phone> {
    let code = Country::INDIA.calling_code().to_string();
    let rest = digits.strip_prefix(&code)?;
    rest.strip_prefix(&code).and_then(|_| accept(rest).ok())
}

fn without_plus(digits: &str, home: Country) -> Result<Phone, PhoneError> {
    let code = home.calling_code().to_string();
    let national = accept(&format!("{code}{digits}"));
    let with_code = if digits.starts_with(&code) { accept(digits).ok() } else { None };
    match (national, with_code) {
        (Ok(one), Some(other)) if one != other => Err(PhoneError::Ambiguous),
        (Ok(one), _) | (Err(_), Some(one)) => Ok(one),
        (Err(why), None) => {
            with_exit_code_or_doubled(digits, &code).unwrap_or(Err(explain(digits, home, why)))
        }
    }
}

/// `0091…`, `01191…`, `091…` and `9191…`, tried only after the plain readings failed.
fn with_exit_code_or_doubled(digits: &str, code: &str) -> Option<Result<Phone, PhoneError>> {
    let exit = if code == "1" { "011" } else { "00" };
    if let Some(rest) = digits.strip_prefix(exit) {
        return Some(international(rest));
    }
    let doubled = digits.strip_prefix(code).filter(|rest| rest.starts_with(code));
    let after_trunk = digits.strip_prefix('0').filter(|rest| rest.starts_with(code));
    doubled.or(after_trunk).and_then(|rest| accept(rest).ok()).map(Ok)
}

/// The reason that helps most for digits that no reading fits.
fn explain(digits: &str, home: Country, national: PhoneError) -> PhoneError {
    if national == PhoneError::Service {
        return PhoneError::Service;
    }
    let count = digits.len();
    let foreign = !digits.starts_with('0') && accept(digits).is_ok();
    match national {
        _ if foreign => PhoneError::ForeignWithoutPlus,
        _ if count < DIGITS_MIN => PhoneError::TooShort { digits: count },
        _ if home == Country::INDIA && count < 10 => PhoneError::TooShort { digits: count },
        _ if home == Country::INDIA && count > 10 => PhoneError::TooLong { digits: count },
        PhoneError::TooLong { .. } => PhoneError::TooLong { digits: count },
        PhoneError::TooShort { .. } => PhoneError::TooShort { digits: digits.trim_start_matches('0').len() },
        other => other,
    }
}

/// Accepts digits with a country code when a network can have such a number.
fn accept(digits: &str) -> Result<Phone, PhoneError> {
    if digits.len() < DIGITS_MIN {
        return Err(PhoneError::TooShort { digits: digits.len() });
    }
    let Some(reading) = library_reading(digits) else {
        return Err(match digits.len() > DIGITS_MAX {
            true => PhoneError::TooLong { digits: digits.len() },
            false => PhoneError::NotInUse,
        });
    };
    let indian = reading.e164.strip_prefix("+91");
    // New series are opened faster than the library's table is released; a real subscriber is not turned away for that.
    let new_indian_series =
        indian.is_some_and(|ten| ten.len() == 10 && ten.starts_with(['6', '7', '8', '9']));
    match reading.kind {
        Some(
            Type::Mobile | Type::FixedLine | Type::FixedLineOrMobile | Type::Voip | Type::PersonalNumber,
        ) => Ok(Phone(reading.e164)),
        // Valid, yet of no kind: the library loses a leading zero (Italy, Ivory Coast) when it looks up the kind.
        Some(Type::Unknown) => Ok(Phone(reading.e164)),
        None if new_indian_series => Ok(Phone(reading.e164)),
        None => Err(match indian {
            Some(ten) if ten.len() < 10 => PhoneError::TooShort { digits: ten.len() },
            Some(ten) if ten.len() > 10 => PhoneError::TooLong { digits: ten.len() },
            _ => PhoneError::NotInUse,
        }),
        Some(_) => Err(PhoneError::Service),
    }
}

struct LibraryReading {
    e164: String,
    kind: Option<Type>,
}

/// What the library makes of `+digits`. It may drop a trunk prefix after the country code (`+91 0 98…`), nothing else.
fn library_reading(digits: &str) -> Option<LibraryReading> {
    if digits.len() > DIGITS_MAX + 1 || digits.starts_with('0') {
        return None;
    }
    let number = phonenumber::parse(None, format!("+{digits}")).ok()?;
    let e164 = number.format().mode(Mode::E164).to_string();
    let code = number.country().code().to_string();
    let (read, typed) = (e164.strip_prefix('+')?.strip_prefix(&code)?, digits.strip_prefix(&code)?);
    let dropped = typed.strip_suffix(read)?;
    let meta = number.country().id().and_then(|id| DATABASE.by_id(id.as_ref()));
    let trunk = meta.and_then(|meta| meta.national_prefix()).unwrap_or("0");
    if !(dropped.is_empty() || dropped == trunk) || e164.len() > DIGITS_MAX + 1 {
        return None;
    }
    let kind = number.is_valid().then(|| number.number_type(&DATABASE));
    Some(LibraryReading { e164, kind })
}

#[cfg(test)]
mod tests;
