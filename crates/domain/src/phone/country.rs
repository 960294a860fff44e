//! A country, by which numbers are read that do not name one.

use std::{fmt, str::FromStr};

use phonenumber::{country, metadata::DATABASE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    countries,
    written::{QUOTES, is_invisible, plain_char},
};

/// A country by its ISO letters, such as `IN`: where numbers without a country code belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Country(country::Id);

impl Country {
    /// India, the default of a new organisation.
    pub const INDIA: Country = Country(country::IN);

    /// Every country that has phone numbers: its ISO letters and its short name.
    pub fn named() -> impl Iterator<Item = (&'static str, String)> {
        countries::short_names().filter(|(letters, _)| Country::parse(letters).is_some())
    }

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
