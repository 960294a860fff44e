//! Which column holds what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SheetError;
use super::dates::DateOrder;
use super::sheet::{Column, Sheet, letters};
use super::unused::second_lists;
use super::words::{
    NumberKind, StatusMeaning, Whose, YesMeans, asks_about_place, asks_leave, is_about_settlement, is_former,
    is_no_number, is_stage, lone_letters, names_contact, number_kind, plain, title_score, whose,
    word_against, yes_means,
};

/// Something about a person that a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The whole name in one column.
    Name,
    /// First name, when names are in two columns.
    FirstName,
    /// Last name, when names are in two columns.
    LastName,
    /// The number for WhatsApp, SMS and calls.
    Phone,
    /// Country of numbers without a code: its name, letters or calling code.
    CountryCode,
    /// The e-mail address.
    Email,
    /// The status of the registration or of its payment.
    Status,
    /// Whether the person agreed to promotion: yes or no.
    Consent,
    /// Whether the person wants no messages: yes or no.
    OptOut,
    /// Where the person came from, in the words of the file.
    Source,
    /// When the person registered for the workshop.
    RegisteredAt,
    /// The id of the registration, ticket or order, by which a newer export of the list knows it again.
    Reference,
}

impl Field {
    /// Every field, in the order in which a mapping screen lists them.
    pub const ALL: [Field; 12] = [
        Field::Name,
        Field::FirstName,
        Field::LastName,
        Field::Phone,
        Field::CountryCode,
        Field::Email,
        Field::Status,
        Field::Consent,
        Field::OptOut,
        Field::Source,
        Field::RegisteredAt,
        Field::Reference,
    ];

    /// For screens: "Phone number".
    pub fn title(self) -> &'static str {
        match self {
            Field::Name => "Name",
            Field::FirstName => "First name",
            Field::LastName => "Last name",
            Field::Phone => "Phone number",
            Field::CountryCode => "Country",
            Field::Email => "E-mail",
            Field::Status => "Status",
            Field::Consent => "Agreed to promotions",
            Field::OptOut => "Wants no messages",
            Field::Source => "Source",
            Field::RegisteredAt => "Registered at",
            Field::Reference => "Registration or order id",
        }
    }

    /// For forms, the store and the command line: `registered_at`.
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
            Field::OptOut => "opt_out",
            Field::Source => "source",
            Field::RegisteredAt => "registered_at",
            Field::Reference => "reference",
        }
    }

    /// Whether several columns can hold it, each tried or looked at in turn.
    pub fn takes_several(self) -> bool {
        matches!(self, Field::Phone | Field::Status | Field::OptOut)
    }
}

impl std::str::FromStr for Field {
    type Err = ();
    fn from_str(text: &str) -> Result<Field, ()> {
        let text = text.trim().replace('-', "_");
        Field::ALL.into_iter().find(|field| field.word() == text).ok_or(())
    }
}

/// How a file is read: the columns (from 0) of each field, and what a person decided about it. As JSON: `{"name":0,"phone":3}`.
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
    opt_out: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<usize>,
    /// Further columns of fields that take several, in their order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    more: BTreeMap<Field, Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dates: Option<DateOrder>,
    /// What words of the status columns mean, where a person said so; by [`status_key`](super::status_key).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, StatusMeaning>,
    /// Rows that the workbook hides are people too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub take_hidden_rows: bool,
    /// The sheet of a workbook that is read; `None` for the proposed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<String>,
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

    /// The first column of a field.
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
            Field::OptOut => self.opt_out,
            Field::Source => self.source,
            Field::RegisteredAt => self.registered_at,
            Field::Reference => self.reference,
        }
    }

    /// All columns of a field, the first one first.
    pub fn all(&self, field: Field) -> impl Iterator<Item = usize> + '_ {
        self.get(field).into_iter().chain(self.more.get(&field).into_iter().flatten().copied())
    }

    /// Chooses one column for a field, or none.
    pub fn set(&mut self, field: Field, column: Option<usize>) {
        self.more.remove(&field);
        *match field {
            Field::Name => &mut self.name,
            Field::FirstName => &mut self.first_name,
            Field::LastName => &mut self.last_name,
            Field::Phone => &mut self.phone,
            Field::CountryCode => &mut self.country_code,
            Field::Email => &mut self.email,
            Field::Status => &mut self.status,
            Field::Consent => &mut self.consent,
            Field::OptOut => &mut self.opt_out,
            Field::Source => &mut self.source,
            Field::RegisteredAt => &mut self.registered_at,
            Field::Reference => &mut self.reference,
        } = column;
    }

    /// Chooses columns for a field, in their order. A field that takes only one takes the first.
    pub fn set_all(&mut self, field: Field, columns: &[usize]) {
        let mut different: Vec<usize> = Vec::new();
        for column in columns {
            if !different.contains(column) {
                different.push(*column);
            }
        }
        self.set(field, different.first().copied());
        if field.takes_several() && different.len() > 1 {
            self.more.insert(field, different.split_off(1));
        }
    }

    /// The fields that have a column, with the first one.
    pub fn chosen(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        Field::ALL.into_iter().filter_map(|field| Some((field, self.get(field)?)))
    }

    pub(super) fn uses(&self, column: usize) -> bool {
        Field::ALL.into_iter().any(|field| self.all(field).any(|used| used == column))
    }

    /// Guesses from the titles, and from what the first rows hold where titles are missing or odd. A guess is for
    /// a person to look at: what is not clear stays empty.
    pub fn guess(sheet: &Sheet) -> Mapping {
        let second = second_lists(sheet.columns());
        let columns: Vec<&Column> = sheet
            .columns()
            .iter()
            .filter(|column| !column.hidden && !second.contains(&column.index))
            .collect();
        let mut mapping = Mapping::default();
        let people = People::of(&columns);
        // What content can prove comes first, so that "Contact" is the number when it holds numbers and else the name.
        mapping.set_all(Field::Phone, &people.phones(&columns));
        for field in [Field::Email, Field::CountryCode, Field::FirstName, Field::LastName, Field::Name] {
            let free = columns.iter().filter(|column| !mapping.uses(column.index));
            let best = people.best(field, free.copied());
            mapping.set(field, best);
        }
        mapping.set_all(Field::Status, &statuses(&columns, &mapping));
        for field in [Field::Consent, Field::OptOut, Field::Source, Field::RegisteredAt, Field::Reference] {
            let scored = columns
                .iter()
                .filter(|column| !mapping.uses(column.index))
                .map(|column| (-score(field, column), column.index));
            let mut scored: Vec<(i64, usize)> = scored.filter(|(score, _)| *score < 0).collect();
            scored.sort_unstable();
            let best: Vec<usize> = scored.into_iter().map(|(_, index)| index).collect();
            mapping.set_all(field, &best);
        }
        if mapping.name.is_none() && mapping.first_name.is_none() {
            mapping.name = columns
                .iter()
                .filter(|column| !mapping.uses(column.index))
                .find(|column| column.content.names_likely(column.header.is_none()))
                .map(|column| column.index);
        }
        mapping
    }

    /// Columns that were chosen by what their cells look like, because no title says what they hold.
    pub fn guessed_from_cells(&self, sheet: &Sheet) -> Vec<(Field, usize)> {
        let is_said = |field: Field, column: &Column| {
            let Some(title) = title_of(column) else { return false };
            match field {
                Field::Status => {
                    title_score(field, title) > 0
                        || yes_means(title).is_some()
                        || asks_about_place(title)
                        || is_stage(title)
                }
                _ => title_score(field, title) > 0,
            }
        };
        let all = Field::ALL.into_iter().flat_map(|field| self.all(field).map(move |column| (field, column)));
        all.filter(|(field, at)| sheet.columns().get(*at).is_some_and(|column| !is_said(*field, column)))
            .collect()
    }

    /// Whether every chosen column exists in the sheet.
    pub(super) fn check(&self, sheet: &Sheet) -> Result<(), SheetError> {
        let mut all = Field::ALL.into_iter().flat_map(|field| self.all(field));
        match all.find(|column| *column >= sheet.columns().len()) {
            Some(column) => Err(SheetError::NoSuchColumn { column: letters(column) }),
            None => Ok(()),
        }
    }
}

/// Whom the columns of a file are about.
struct People {
    /// Titles name those who come ("Attendee phone", "Ticket e-mail"): what is the buyer's is not theirs.
    attendees: bool,
    /// The best owner of a column with a name.
    names: Whose,
}

impl People {
    fn of(columns: &[&Column]) -> People {
        const WHO: [Field; 5] = [Field::Phone, Field::Email, Field::Name, Field::FirstName, Field::LastName];
        let attendees = columns.iter().any(|column| {
            owner(column) == Whose::Attendee && WHO.iter().any(|field| score(*field, column) > 0)
        });
        let named = |column: &&&Column| {
            [Field::Name, Field::FirstName, Field::LastName].iter().any(|field| score(*field, column) > 0)
        };
        let names = columns.iter().filter(named).map(|column| owner(column)).min().unwrap_or(Whose::Unsaid);
        People { attendees, names }
    }

    fn may_be(&self, field: Field, whose: Whose) -> bool {
        match (field, whose) {
            (_, Whose::Other) => false,
            // A whole name and its parts come from one group of columns.
            (Field::Name | Field::FirstName | Field::LastName, whose) => whose == self.names,
            (_, Whose::Buyer) => !self.attendees,
            (_, Whose::Attendee | Whose::Unsaid) => true,
        }
    }

    /// The best column of a field; of equals the first.
    fn best<'c>(&self, field: Field, columns: impl Iterator<Item = &'c Column>) -> Option<usize> {
        columns
            .map(|column| (owner(column), -score(field, column), column.index))
            .filter(|(whose, score, _)| *score < 0 && self.may_be(field, *whose))
            .min()
            .map(|(.., index)| index)
    }

    /// The columns of the registrant's own numbers, the one to try first in front.
    fn phones(&self, columns: &[&Column]) -> Vec<usize> {
        // "Mobile (F)", "Mobile (M)", "Mobile (S)": father, mother, student.
        let lone = |letters: &[char]| {
            let titles = columns.iter().filter_map(|column| title_of(column));
            titles.into_iter().any(|title| lone_letters(title).iter().any(|letter| letters.contains(letter)))
        };
        let of_families = lone(&['f', 's']);
        let usable: Vec<&&Column> = columns
            .iter()
            .filter(|column| score(Field::Phone, column) > 0 && self.may_be(Field::Phone, owner(column)))
            .filter(|column| !column.content.is_same_everywhere())
            .filter(|column| title_of(column).is_none_or(|title| word_against(title).is_none()))
            .filter(|column| {
                !(of_families && title_of(column).is_some_and(|title| lone_letters(title).contains(&'m')))
            })
            .collect();
        let titled =
            |column: &&&&Column| title_of(column).is_some_and(|title| title_score(Field::Phone, title) > 0);
        // An empty "Phone" beside "Billing phone" is nobody's own number, unless nothing else is there.
        let filled = |column: &&&&Column| column.content.filled > 0;
        let owners = |column: &&&Column| owner(column);
        let best = usable.iter().filter(titled).filter(filled).map(owners).min();
        let best = best.or_else(|| usable.iter().filter(titled).map(owners).min());
        let Some(best) = best else {
            // No title says so: the column whose cells look most like numbers.
            let kind = |column: &Column| title_of(column).map_or(NumberKind::Plain, number_kind);
            let ranked =
                usable.iter().map(|column| (kind(column), -score(Field::Phone, column), column.index));
            return ranked.min().map(|(.., index)| index).into_iter().collect();
        };
        let mut phones: Vec<(NumberKind, i64, usize)> = usable
            .iter()
            .filter(titled)
            .filter(|column| owner(column) <= best)
            .map(|column| {
                let kind = title_of(column).map_or(NumberKind::Plain, number_kind);
                (kind, -score(Field::Phone, column), column.index)
            })
            .collect();
        phones.sort_unstable();
        phones.into_iter().map(|(.., index)| index).collect()
    }
}

pub(super) fn title_of(column: &Column) -> Option<&str> {
    column.header.as_deref()
}

pub(super) fn owner(column: &Column) -> Whose {
    title_of(column).map_or(Whose::Unsaid, |title| whose(&plain(title)).whose)
}

/// Every column that says where a registration stands, the one with the clearest title first.
fn statuses(columns: &[&Column], taken: &Mapping) -> Vec<usize> {
    let mut found: Vec<(i64, usize)> = columns
        .iter()
        .filter(|column| !taken.uses(column.index))
        .filter_map(|column| {
            let title = title_of(column).unwrap_or_default();
            let content = &column.content;
            let filled = content.filled > 0;
            let score = match (title_score(Field::Status, title), yes_means(title)) {
                // What a merchant is paid out says nothing about who registered.
                _ if is_about_settlement(title) => return None,
                // "Registered" under "DND status" is no registration: the title asks for a refusal.
                (0, None) if title_score(Field::OptOut, title) > 0 => return None,
                (score @ 1.., _) => i64::from(score),
                (0, Some(YesMeans::Place)) if filled && content.answers * 2 >= content.filled => 50,
                // One word that refuses, or one plain answer, makes "Payment" a status; how somebody paid does not.
                (0, Some(YesMeans::Place)) if content.states_against + content.answers > 0 => 45,
                (0, Some(YesMeans::Gone(_) | YesMeans::AmountGone | YesMeans::StateGone(_))) if filled => 40,
                _ if is_stage(title) && content.states_against <= content.begun => return None,
                _ if is_stage(title) => 35,
                // Whatever its title says, a column of "paid" and "failed" is one.
                _ if content.states() => 30,
                // Yes and no about paying or coming: what they mean is a question.
                // Half is enough: of one person's file the total below is the other cell.
                (0, None) if filled && content.answers * 2 >= content.filled && asks_about_place(title) => 20,
                _ => return None,
            };
            Some((-score, column.index))
        })
        .collect();
    // Where it stood before says nothing beside where it stands now.
    let former = |at: usize| {
        columns.iter().any(|column| column.index == at && title_of(column).is_some_and(is_former))
    };
    if found.iter().any(|(_, at)| !former(*at)) {
        found.retain(|(_, at)| !former(*at));
    }
    found.sort_unstable();
    found.into_iter().map(|(_, index)| index).collect()
}

/// How well a column fits a field; 0 and below for not at all.
pub(super) fn score(field: Field, column: &Column) -> i64 {
    let title = column.header.as_deref().map_or(0, |title| i64::from(title_score(field, title)));
    let content = &column.content;
    match field {
        // Answers are no numbers: "Shall we write to you on WhatsApp?"
        Field::Phone if content.filled > 0 && content.answers * 2 >= content.filled => 0,
        // "Contact" with words below it is who it is.
        Field::Phone if content.is_all_words() && title_of(column).is_some_and(names_contact) => 0,
        // Numbers under a title that says something else are something else.
        Field::Phone if title == 0 && title_of(column).is_some_and(is_no_number) => 0,
        Field::Phone => with_content(title, content.phones + content.lost_numbers, content.filled),
        Field::Email if owner(column) == Whose::Other => 0,
        // "Accepts e-mails": a yes is no address.
        Field::Email if content.filled > 0 && content.answers * 2 >= content.filled => 0,
        Field::Email => with_content(title, content.emails, content.filled),
        // A country by its name asks row by row where it is not understood; a code has to be one.
        Field::CountryCode
            if content.filled > 0 && content.codes * 2 < content.filled && !content.is_worded() =>
        {
            0
        }
        // "WhatsApp updates": whoever says no to them wants none.
        Field::OptOut if title == 0 => {
            let asks = title_of(column).is_some_and(asks_leave);
            if asks && content.filled > 0 && content.answers * 2 >= content.filled { 40 } else { 0 }
        }
        // An agreement that nobody gave would be recorded for everybody: the cells have to answer.
        Field::Consent if content.answers * 2 < content.filled || content.filled == 0 => 0,
        // Under "Date" may stand anything; what is taken for a registration has to be dates.
        Field::RegisteredAt if content.filled > 0 && content.dates * 2 < content.filled => 0,
        // One id for everybody is no registration's.
        Field::Reference if content.is_same_everywhere() => 0,
        // "Contact" is a name where nothing else is one, and where names stand below it.
        Field::Name if title_of(column).is_some_and(names_contact) => {
            if content.is_all_words() {
                title.min(50)
            } else {
                0
            }
        }
        // A name is no number and no address, whatever its title says.
        Field::Name | Field::FirstName | Field::LastName
            if content.filled > 0
                && ((content.phones + content.emails) * 2 > content.filled
                    || content.lettered * 2 < content.filled) =>
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
