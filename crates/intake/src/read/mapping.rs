//! Which column holds what.

use serde::{Deserialize, Serialize};

use super::SheetError;
use super::dates::DateOrder;
use super::header::title_score;
use super::sheet::{Column, Sheet, letters};

/// Something about a person that a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Whole name.
    Name,
    /// First name, when names are in two columns.
    FirstName,
    /// Last name, when names are in two columns.
    LastName,
    /// The number for WhatsApp, SMS and calls.
    Phone,
    /// Calling code or ISO letters for numbers without one.
    CountryCode,
    /// E-mail address.
    Email,
    /// Registered, cancelled or refunded.
    Status,
    /// Whether the person agreed to promotion: yes or no.
    Consent,
    /// Where the person came from.
    Source,
    /// When the person registered.
    RegisteredAt,
}

impl Field {
    /// Every field, in the order in which a mapping screen lists them.
    pub const ALL: [Field; 10] = [
        Field::Name,
        Field::FirstName,
        Field::LastName,
        Field::Phone,
        Field::CountryCode,
        Field::Email,
        Field::Status,
        Field::Consent,
        Field::Source,
        Field::RegisteredAt,
    ];

    /// For screens: "Phone number".
    pub fn title(self) -> &'static str {
        match self {
            Field::Name => "Name",
            Field::FirstName => "First name",
            Field::LastName => "Last name",
            Field::Phone => "Phone number",
            Field::CountryCode => "Country code",
            Field::Email => "E-mail",
            Field::Status => "Status",
            Field::Consent => "Agreed to promotions",
            Field::Source => "Source",
            Field::RegisteredAt => "Registered at",
        }
    }

    /// For forms and the store: `registered_at`.
    pub fn word(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::FirstName => "first_name",
            Field::LastName => "last_name",
            Field::Phone => "phone",
            Field::CountryCode => "country_code",
            Field::Email => "email",
            Field::Status => "status",
            Field::Consent => "consent",
            Field::Source => "source",
            Field::RegisteredAt => "registered_at",
        }
    }
}

/// The column (from 0) of each field that has one. As JSON: `{"name":0,"phone":3}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dates: Option<DateOrder>,
}

impl Mapping {
    /// What comes first in dates such as `03/04/2026`, where the file or a person said so.
    pub fn date_order(&self) -> Option<DateOrder> {
        self.dates
    }

    /// Says what comes first in such dates.
    pub fn set_date_order(&mut self, order: Option<DateOrder>) {
        self.dates = order;
    }

    /// The column of a field.
    pub fn get(&self, field: Field) -> Option<usize> {
        match field {
            Field::Name => self.name,
            Field::FirstName => self.first_name,
            Field::LastName => self.last_name,
            Field::Phone => self.phone,
            Field::CountryCode => self.country_code,
            Field::Email => self.email,
            Field::Status => self.status,
            Field::Consent => self.consent,
            Field::Source => self.source,
            Field::RegisteredAt => self.registered_at,
        }
    }

    /// Chooses a column for a field, or none.
    pub fn set(&mut self, field: Field, column: Option<usize>) {
        *match field {
            Field::Name => &mut self.name,
            Field::FirstName => &mut self.first_name,
            Field::LastName => &mut self.last_name,
            Field::Phone => &mut self.phone,
            Field::CountryCode => &mut self.country_code,
            Field::Email => &mut self.email,
            Field::Status => &mut self.status,
            Field::Consent => &mut self.consent,
            Field::Source => &mut self.source,
            Field::RegisteredAt => &mut self.registered_at,
        } = column;
    }

    /// The fields that have a column, with it.
    pub fn chosen(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        Field::ALL.into_iter().filter_map(|field| Some((field, self.get(field)?)))
    }

    /// Guesses from the titles, and from what the first rows hold where titles are missing or odd. A guess is for
    /// a person to look at: what is not clear stays empty.
    pub fn guess(sheet: &Sheet) -> Mapping {
        // What content can prove comes first, so that "Contact" is the number when it holds numbers and else the name.
        const ORDER: [Field; 10] = [
            Field::Phone,
            Field::Email,
            Field::CountryCode,
            Field::FirstName,
            Field::LastName,
            Field::Name,
            Field::Status,
            Field::Consent,
            Field::Source,
            Field::RegisteredAt,
        ];
        let mut mapping = Mapping::default();
        for field in ORDER {
            let free = |column: &&Column| mapping.chosen().all(|(_, taken)| taken != column.index);
            let scored =
                sheet.columns().iter().filter(free).map(|column| (score(field, column), column.index));
            // Of equals the first: `max_by_key` would take the last.
            let best = scored.filter(|(score, _)| *score > 0).min_by_key(|(score, index)| (-score, *index));
            mapping.set(field, best.map(|(_, index)| index));
        }
        if mapping.name.is_none() && mapping.first_name.is_none() {
            mapping.name = sheet
                .columns()
                .iter()
                .filter(|column| mapping.chosen().all(|(_, taken)| taken != column.index))
                .find(|column| column.content.names_likely(column.header.is_none()))
                .map(|column| column.index);
        }
        mapping
    }

    /// Whether every chosen column exists in the sheet.
    pub(super) fn check(&self, sheet: &Sheet) -> Result<(), SheetError> {
        match self.chosen().find(|(_, column)| *column >= sheet.columns().len()) {
            Some((_, column)) => Err(SheetError::NoSuchColumn { column: letters(column) }),
            None => Ok(()),
        }
    }
}

/// How well a column fits a field; 0 and below for not at all.
fn score(field: Field, column: &Column) -> i64 {
    let title = column.header.as_deref().map_or(0, |title| i64::from(title_score(field, title)));
    let content = &column.content;
    match field {
        Field::Phone => with_content(title, content.phones + content.lost_numbers, content.filled),
        Field::Email => with_content(title, content.emails, content.filled),
        Field::CountryCode if content.filled > 0 && content.codes * 2 < content.filled => 0,
        // An agreement that nobody gave would be recorded for everybody: the cells have to answer.
        Field::Consent if content.answers * 2 < content.filled || content.filled == 0 => 0,
        // Under "Date" may stand anything; what is taken for a registration has to be dates.
        Field::RegisteredAt if content.filled > 0 && content.dates * 2 < content.filled => 0,
        // A name is no number and no address, whatever its title says.
        Field::Name | Field::FirstName | Field::LastName
            if content.filled > 0 && (content.phones + content.emails) * 2 > content.filled =>
        {
            0
        }
        _ => title,
    }
}

/// A title that its cells contradict counts for nothing; cells alone count where the title says nothing.
fn with_content(title: i64, fitting: usize, filled: usize) -> i64 {
    let share = (fitting * 100).checked_div(filled).unwrap_or(0) as i64;
    match (title, filled) {
        (0, _) if share >= 60 => 10 + share / 10,
        (0, _) => 0,
        // Empty in the first rows: the title may still be right, a filled column with the same title is better.
        (_, 0) => title / 2,
        (_, 1..3) => title,
        _ if share == 0 => 0,
        _ => title + share,
    }
}
