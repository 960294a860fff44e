//! Phone numbers: what people and spreadsheets write, turned into E.164 or refused with a reason.
//!
//! Nothing is cut off or filled in. A text is accepted when exactly one reading of it is a number that can exist;
//! everything else comes back as a [`PhoneError`] that tells a person what to do. Which numbers can exist is
//! libphonenumber's knowledge (crate `phonenumber`); what spreadsheets do to them is ours.

use std::fmt;
use std::str::FromStr;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod around;
mod countries;

/// Longest text looked at, in characters. A cell longer than this holds something else.
const TEXT_CHARS_MAX: usize = 100;
/// E.164: at most fifteen digits with the country code.
const DIGITS_MAX: usize = 15;
/// Shortest number with its country code that we take; real ones start at eight.
const DIGITS_MIN: usize = 7;
/// So many digits in one piece of a cell are a number of their own.
const PIECE_DIGITS: usize = 7;

/// A country by its ISO letters, such as `IN`: where numbers without a country code belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Country(country::Id);

impl Country {
    /// India, the default of a new organisation.
    pub const INDIA: Country = Country(country::IN);

    /// Reads the two ISO letters in either case; `None` when no such country has phone numbers.
    pub fn parse(letters: &str) -> Option<Country> {
        let letters = letters.trim().to_ascii_uppercase();
        let id = country::Id::from_str(&letters).ok()?;
        DATABASE.by_id(id.as_ref()).map(|_| Country(id))
    }

    /// Reads what a "country code" column holds: `91`, `+91`, `0091`, `IN`, `91.0`. For a code that several
    /// countries share it is the main one (`1` is `US`).
    pub fn from_calling_code(text: &str) -> Option<Country> {
        let plain: String = text.chars().filter(|c| !is_invisible(*c)).filter_map(plain_char).collect();
        let plain = plain.trim().trim_matches(QUOTES).trim_start_matches('+');
        let plain = plain.strip_suffix(".0").unwrap_or(plain).trim_start_matches('0');
        if plain.len() == 2 && plain.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Country::parse(plain);
        }
        let code: u16 = plain.parse().ok()?;
        DATABASE.region(&code)?.iter().find_map(|letters| Country::parse(letters))
    }

    /// Reads a country however a file writes it: what [`Country::from_calling_code`] reads, a name in English or Hindi, three ISO
    /// letters, a flag, `Nepal (+977)`, `US/CA (+1)`. `None` when it is not understood.
    pub fn from_text(text: &str) -> Option<Country> {
        Country::from_calling_code(text).or_else(|| countries::read(text))
    }

    /// The two ISO letters, in capitals.
    pub fn letters(&self) -> &str {
        self.0.as_ref()
    }

    /// The calling code without `+`: 91 for India.
    pub fn calling_code(&self) -> u16 {
        DATABASE.by_id(self.0.as_ref()).map_or(0, |meta| meta.country_code())
    }
}

impl Default for Country {
    fn default() -> Country {
        Country::INDIA
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.letters())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Country, D::Error> {
        let letters = String::deserialize(from)?;
        Country::parse(&letters)
            .ok_or_else(|| serde::de::Error::custom(format!("{letters:?} is not a country's ISO letters")))
    }
}

/// What a number can receive, as far as its digits tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// Can be called and can receive WhatsApp and SMS.
    Mobile,
    /// Can be called only.
    Landline,
    /// The digits do not tell (as in the USA, or a series newer than our table): worth trying as a mobile.
    Unknown,
}

/// A number in E.164 form, such as `+919812345678`. Only [`Phone::parse`] makes one, and [`Phone::from_stored`] reads it back.
/// It has no `Display`, so that no log or page shows a whole number by accident: ask for [`Phone::as_str`] or [`Phone::masked`].
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
}

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
    /// Nothing there.
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
    /// Words, dates, anything else.
    #[error("This is not a phone number. Write digits only, with the country code, such as +91 98123 45678.")]
    NotANumber,
    /// Fewer digits than any number has.
    #[error("This number has {digits} digits: too short. An Indian mobile number has 10 after +91.")]
    TooShort {
        /// Digits found.
        digits: usize,
    },
    /// More digits than the number may have.
    #[error(
        "This number has {digits} digits: too long. An Indian mobile number has 10 after +91; a foreign one needs \
         + and its country code."
    )]
    TooLong {
        /// Digits found.
        digits: usize,
    },
    /// It would be a number of another country, had it a `+`.
    #[error(
        "This looks like a number of another country without its +. If that is right, write + before it; if not, \
         correct the digits."
    )]
    ForeignWithoutPlus,
    /// Two readings are possible.
    #[error("This can be read in two ways. Write it with + and the country code.")]
    Ambiguous,
    /// Right length, but no network has such numbers.
    #[error("No network uses numbers like this. Check the digits and the country code.")]
    NotInUse,
    /// Toll-free, premium and the like.
    #[error("This is a toll-free or service number, not a person's. Use the person's own number.")]
    Service,
}

/// Reads the plain forms of an Indian mobile number without asking the library, because nearly every row of an
/// import is one: ten digits from 6 to 9, after nothing, `0`, `91` or `+91`, with spaces or hyphens between.
/// `None` means "look closer", never "wrong". A test holds it against [`parse_with_library`].
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
        PhoneError::TooShort { .. } => PhoneError::TooShort { digits: count },
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

/// A cell reduced to its digits, and whether a `+` stood before them.
struct Written {
    plus: bool,
    digits: String,
}

/// Quotation marks that spreadsheets and people put around a number to keep it as text.
const QUOTES: &[char] = &['"', '\'', '`', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '='];
/// Words that stand before a number: Facebook's `p:`, `tel:` of address books, labels of forms.
const LABELS: &[&str] = &["whatsapp", "mobile", "phone", "cell", "tel", "mob", "ph", "p", "m"];

impl Written {
    fn read(text: &str) -> Result<Written, PhoneError> {
        let mut plain = String::with_capacity(text.len().min(TEXT_CHARS_MAX));
        for (at, c) in text.chars().filter(|c| !is_invisible(*c)).enumerate() {
            if at >= TEXT_CHARS_MAX {
                return Err(PhoneError::NotANumber);
            }
            plain.push(plain_char(c).ok_or(PhoneError::Stray(c))?);
        }
        let edges = |c: char| c.is_whitespace() || QUOTES.contains(&c);
        let bare = without_label(plain.trim_matches(edges)).trim_matches(edges);
        if bare.is_empty() {
            return Err(PhoneError::Empty);
        }
        let bare = match without_exponent(bare)? {
            Some(digits) => digits,
            None => without_zero_fraction(bare)?.to_owned(),
        };
        refuse_two_numbers(&bare)?;
        digits_of(&bare)
    }
}

/// Drops `p:`, `Mobile no. ` and the like.
fn without_label(text: &str) -> &str {
    for label in LABELS {
        let Some(head) = text.get(..label.len()).filter(|head| head.eq_ignore_ascii_case(label)) else {
            continue;
        };
        let rest = &text[head.len()..];
        let rest = rest.trim_start_matches([' ', '.', ':', '-', '\t']);
        let numbered = rest.get(..2).is_some_and(|no| no.eq_ignore_ascii_case("no"));
        let rest = if numbered { rest[2..].trim_start_matches([' ', '.', ':', '-', '\t']) } else { rest };
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(') {
            return rest;
        }
    }
    text
}

/// `9.812345678E+09`: taken when every digit is there, refused as [`PhoneError::DigitsLost`] when not.
fn without_exponent(text: &str) -> Result<Option<String>, PhoneError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Ok(None) };
    let exponent = exponent.trim_start_matches('+');
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('+');
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_number =
        !whole.is_empty() && !exponent.is_empty() && [whole, fraction, exponent].into_iter().all(all_digits);
    if !is_number {
        return Ok(None);
    }
    let places = exponent.parse::<usize>().map_err(|_| PhoneError::NotANumber)?;
    match fraction.len().checked_sub(places) {
        Some(extra) if fraction[fraction.len() - extra..].bytes().all(|b| b == b'0') => {
            Ok(Some(format!("{whole}{}", &fraction[..places])))
        }
        _ => Err(PhoneError::DigitsLost),
    }
}

/// `9812345678.0`: a spreadsheet's number. Any other fraction is not a phone number; `98123.45678` is a way to write one.
fn without_zero_fraction(text: &str) -> Result<&str, PhoneError> {
    let Some((whole, fraction)) = text.split_once('.') else { return Ok(text) };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match digits(whole.trim_start_matches('+')) && whole.len() >= PIECE_DIGITS && digits(fraction) {
        true if fraction.bytes().all(|b| b == b'0') => Ok(whole),
        true => Err(PhoneError::NotANumber),
        false => Ok(text),
    }
}

/// `98…/99…`. A short first piece is an area or country code written apart (`022/24567890`), short pieces
/// all through are grouping (`9,812,345,678`).
fn refuse_two_numbers(text: &str) -> Result<(), PhoneError> {
    let lower = text.to_ascii_lowercase();
    let one_sign = lower.replace(" or ", "/").replace(" and ", "/");
    let count = |piece: &str| piece.bytes().filter(u8::is_ascii_digit).count();
    let pieces: Vec<usize> =
        one_sign.split(['/', '\\', ',', ';', '|', '&', '\n', '\r']).map(count).filter(|n| *n > 0).collect();
    let short_code_first = pieces.len() == 2 && pieces[0] <= 5;
    if pieces.len() > 1 && !short_code_first && pieces.iter().any(|n| *n >= PIECE_DIGITS) {
        return Err(PhoneError::TwoNumbers);
    }
    // Two numbers with only a space or a plus between them.
    let more_than_one = count(text) > DIGITS_MAX;
    let halves = text.match_indices([' ', '+', '\t']).any(|(at, _)| {
        let (left, right) = text.split_at(at);
        count(left) >= 10 && count(right) >= 10
    });
    if more_than_one && halves { Err(PhoneError::TwoNumbers) } else { Ok(()) }
}

fn digits_of(text: &str) -> Result<Written, PhoneError> {
    let rest = text.trim_start_matches(['(', ' ', '[']);
    let after_plus = rest.trim_start_matches('+');
    let plus = after_plus.len() < rest.len();
    let mut digits = String::with_capacity(16);
    let mut letters = 0;
    let mut stray = None;
    for (at, c) in after_plus.char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '\t' | '\n' | '\r' | '-' | '.' | '(' | ')' | '[' | ']' | '_' | '~' | '/' | ',' => {}
            '+' => return second_plus(&digits, &after_plus[at + 1..]),
            '*' | '#' | 'x' | 'X' if !digits.is_empty() || letters > 0 || c == '*' => {
                return Err(PhoneError::Hidden);
            }
            _ => {
                letters += 1;
                stray = stray.or(Some(c));
            }
        }
    }
    match stray {
        _ if digits.is_empty() => Err(PhoneError::NotANumber),
        Some(_) if letters > 3 => Err(PhoneError::NotANumber),
        Some(c) => Err(PhoneError::Stray(c)),
        None => Ok(Written { plus, digits }),
    }
}

/// `+91 +91 98123 45678`: fine when both codes agree.
fn second_plus(code: &str, rest: &str) -> Result<Written, PhoneError> {
    let second = digits_of(rest).map_err(|_| PhoneError::Stray('+'))?;
    match !code.is_empty() && second.digits.len() >= 10 && second.digits.starts_with(code) {
        true => Ok(Written { plus: true, digits: second.digits }),
        false if second.digits.len() >= PIECE_DIGITS => Err(PhoneError::TwoCountryCodes),
        false => Err(PhoneError::Stray('+')),
    }
}

/// Marks without a shape: zero-width, direction, byte order, soft hyphen, controls that are not spaces.
pub(crate) fn is_invisible(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    control
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}')
}

/// The zeros of the scripts whose digits people type here; each is followed by its one to nine.
const ZEROS: [u32; 13] =
    [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0xFF10, 0x1D7CE];

/// Fullwidth and Indian digits, odd spaces and dashes as their ASCII twin; `None` for emoji and other pictures.
fn plain_char(c: char) -> Option<char> {
    if c.is_ascii() || QUOTES.contains(&c) {
        return Some(c);
    }
    let digit = ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero).filter(|value| *value < 10));
    if let Some(digit) = digit {
        return char::from_digit(digit, 10);
    }
    match c {
        _ if c.is_whitespace() => Some(' '),
        '\u{FF0B}' => Some('+'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' | '\u{FE63}' => Some('-'),
        '\u{FF08}' => Some('('),
        '\u{FF09}' => Some(')'),
        '\u{FF0E}' | '\u{B7}' | '\u{2022}' => Some('.'),
        '\u{FF0F}' => Some('/'),
        '\u{FF0C}' | '\u{3001}' => Some(','),
        _ if c.is_alphabetic() => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
