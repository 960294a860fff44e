//! Columns that a mapping leaves unused although they may decide who is told, or at which number.

use std::collections::HashMap;

use super::mapping::{Field, Mapping, score, title_of};
use super::sheet::{Column, Sheet};
use super::words::{
    NumberKind, Whose, agrees_and_refuses, asks_about_place, is_no_number, is_of_a_team, is_stage,
    number_kind, plain, title_score, whose, word_against, yes_means,
};

/// A column that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUsed {
    /// Place of the column, from 0.
    pub column: usize,
    /// Its title, or its letters.
    pub title: String,
    /// Why the column is not used, in words for people.
    pub why: String,
    /// The field that it may well be: somebody has to say so, or that it is not, before anybody is registered from a
    /// command line.
    pub asks: Option<Field>,
}

impl Mapping {
    /// Columns that this mapping does not use although they hold numbers, refusals, or words that take a place away.
    /// Each has the reason, which the page and the command line say.
    pub fn not_used(&self, sheet: &Sheet) -> Vec<NotUsed> {
        let second = second_lists(sheet.columns());
        let unused = sheet.columns().iter().filter(|column| !self.uses(column.index));
        unused
            .filter_map(|column| {
                let title = column.header.clone().unwrap_or_else(|| format!("Column {}", column.letters));
                let numbers = column.content.filled > 0 && column.content.phones * 2 >= column.content.filled;
                let (why, asks) = match numbers {
                    true => self.number_not_used(sheet, column, &title, second.contains(&column.index))?,
                    false => text_not_used(column, &title)?,
                };
                Some(NotUsed { column: column.index, title, why, asks })
            })
            .collect()
    }

    fn number_not_used(
        &self,
        sheet: &Sheet,
        column: &Column,
        title: &str,
        in_second_list: bool,
    ) -> Option<(String, Option<Field>)> {
        let plain_title = plain(title);
        let said = whose(&plain_title);
        let titled = column.header.is_some();
        Some(match said.whose {
            _ if in_second_list => (
                "the titles stand twice: a second list beside the first. Put it below the first, or into a file of its own".to_owned(),
                Some(Field::Phone),
            ),
            _ if column.hidden => {
                ("the sheet hides this column".to_owned(), self.hides_a_better(sheet, column).then_some(Field::Phone))
            }
            _ if is_of_a_team(&plain_title) => (
                "the row holds several people: give each a row of their own".to_owned(),
                Some(Field::Phone),
            ),
            Whose::Other => {
                (format!("the title says whose it is: {}", said.word.unwrap_or("somebody else's")), None)
            }
            _ if titled && title_score(Field::Phone, title) == 0 && is_no_number(title) => return None,
            _ if titled && let Some(word) = word_against(title) => {
                (format!("the title has a word that may make it somebody else's: {word}"), None)
            }
            _ if column.content.is_same_everywhere() => {
                ("nearly every row has the same number, so it may be the organiser's".to_owned(), None)
            }
            Whose::Buyer => ("it is the buyer's, and the file names those who come".to_owned(), None),
            Whose::Attendee | Whose::Unsaid => ("another column was taken for the numbers".to_owned(), None),
        })
    }

    /// Whether a hidden column is of a kind that would be tried before those that are read.
    fn hides_a_better(&self, sheet: &Sheet, hidden: &Column) -> bool {
        let kind = |column: &Column| title_of(column).map_or(NumberKind::Plain, number_kind);
        let is_own = title_of(hidden)
            .is_none_or(|title| title_score(Field::Phone, title) > 0 && word_against(title).is_none());
        let read = self.all(Field::Phone).filter_map(|at| sheet.columns().get(at)).map(kind).min();
        is_own && score(Field::Phone, hidden) > 0 && read.is_none_or(|read| kind(hidden) < read)
    }
}

/// Whether a title is that of what people write about themselves: WhatsApp's "About", a profile's description.
fn is_own_words(title: &str) -> bool {
    #[rustfmt::skip]
    const TITLES: &[&str] = &[
        "description", "about", "about you", "about yourself", "about me", "bio", "biography", "status message", "whatsapp status", "headline",
        "tagline", "profile", "introduction", "परिचय",
    ];
    TITLES.contains(&plain(title).as_str())
}

/// Why a column of words matters although it is not used.
fn text_not_used(column: &Column, title: &str) -> Option<(String, Option<Field>)> {
    let content = &column.content;
    let rows = |n: usize| if n == 1 { "1 row".to_owned() } else { format!("{n} rows") };
    if column.header.is_some() && agrees_and_refuses(title) {
        let why = "its title speaks of an agreement and of a refusal, so a yes may be either";
        return (content.filled > 0).then(|| (why.to_owned(), Some(Field::Consent)));
    }
    if content.refusals > 0 {
        let why = format!("in {} of the first ones somebody asks for no messages", rows(content.refusals));
        return Some((why, Some(Field::OptOut)));
    }
    // What people write about themselves speaks of their place only where it begins with it: "At work, cancelled all
    // plans".
    let against = if is_own_words(title) { content.begins_against } else { content.remarks_against };
    if against > 0 {
        let why = format!("in {} of the first ones it speaks of a refund or a cancellation", rows(against));
        return Some((why, Some(Field::Status)));
    }
    None
}

/// Columns of a second list beside the first: the titles of a name and of a number stand there once more. From the
/// first title that is repeated on.
pub(super) fn second_lists(columns: &[Column]) -> Vec<usize> {
    let mut first: HashMap<String, usize> = HashMap::new();
    // Where a title stood first, and where it stands again.
    let mut again: Vec<(usize, &Column)> = Vec::new();
    for column in columns {
        let Some(title) = title_of(column) else { continue };
        match first.get(&plain(title)) {
            Some(at) => again.push((*at, column)),
            None => {
                first.insert(plain(title), column.index);
            }
        }
    }
    let of = |fields: &[Field]| -> Vec<(usize, usize)> {
        let fits = |column: &Column| {
            fields.iter().any(|field| title_of(column).is_some_and(|title| title_score(*field, title) > 0))
        };
        again.iter().filter(|(_, column)| fits(column)).map(|(at, column)| (*at, column.index)).collect()
    };
    let (names, phones) = (of(&[Field::Name, Field::FirstName]), of(&[Field::Phone]));
    // A number column that occurs twice within the first list is no second list. From where a second list begins, every
    // title of its name and number occurs for the second time.
    let again_at = |at: usize| again.iter().any(|(_, column)| column.index == at);
    let begins = names.iter().flat_map(|name| {
        let both = phones.iter().map(move |phone| (name.0.max(phone.0), *name, *phone));
        both.filter_map(|(end, name, phone)| {
            let (begin, last) = (name.1.min(phone.1), name.1.max(phone.1));
            (begin > end && (begin..=last).all(again_at)).then_some((end, begin))
        })
    });
    let (end, begin) = begins.min().unzip();
    // A title between the two lists that is repeated belongs to the second.
    let from = again.iter().map(|(_, column)| column.index).filter(|at| {
        end.is_some_and(|end| *at > end) && begin.is_some_and(|begin| (*at..=begin).all(again_at))
    });
    let (Some(from), Some(begin)) = (from.min(), begin) else { return Vec::new() };
    // But where it may take a place away or refuse messages, it may as well be the first list's last column: it is read
    // for both, because nobody may be registered for want of it. Only a list that stands there whole for the second
    // time has it for itself.
    let is_whole = stands_twice(columns, from);
    let may_be_the_firsts = |column: &Column| !is_whole && column.index < begin && decides(column);
    let second = columns.iter().filter(|column| column.index >= from && !may_be_the_firsts(column));
    second.map(|column| column.index).collect()
}

/// Whether the columns from `from` on repeat those before them, title for title.
fn stands_twice(columns: &[Column], from: usize) -> bool {
    let titled: Vec<&Column> = columns.iter().filter(|column| title_of(column).is_some()).collect();
    let (first, second): (Vec<&Column>, Vec<&Column>) =
        titled.into_iter().partition(|column| column.index < from);
    first.len() == second.len() && first.iter().zip(&second).all(|(one, other)| one.header == other.header)
}

/// Whether what stands in a column may take a place away or refuse messages.
fn decides(column: &Column) -> bool {
    let by_title = |title: &str| {
        [Field::Status, Field::OptOut].iter().any(|field| title_score(*field, title) > 0)
            || yes_means(title).is_some()
            || asks_about_place(title)
            || is_stage(title)
    };
    column.content.states_against + column.content.refusals > 0 || title_of(column).is_some_and(by_title)
}
