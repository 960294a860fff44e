//! One row of a file: what is registered of it, what is kept for a person to correct, and how their correction is read.

use crate::read::{
    Agreed, CellProblem, Field, Mapping, NumberError, PhoneCell, Row, StatusMeaning, Verdict, agreed,
    read_date, reference_of, source_of, status_key, wants_none,
};
use domain::{
    email::Email,
    name::PersonName,
    phone::{Country, Phone, PhoneError},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use store::{
    imports::{Decision, ImportRow},
    registrants::NewRegistrant,
};

/// Characters that are kept of a cell that a person has to look at; what is longer is no name, number or address.
const CELL_CHARS_KEPT: usize = 1_000;

/// A problem of a cell, as it is kept: place in the mapped cells, and words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// Place among the mapped cells; `None` for the whole row.
    pub cell: Option<usize>,
    /// What happened and what to do.
    pub says: String,
}

/// What is wrong with a row, from its JSON.
pub fn wrongs(row: &ImportRow) -> Vec<Wrong> {
    serde_json::from_value(row.problems.clone()).unwrap_or_default()
}

/// A row as it is written: the registration, what they agreed to, and whether they want no messages.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) registrant: NewRegistrant,
    pub(super) agreed: Agreed,
    /// The columns in which they want no messages; none where they say nothing of it.
    pub(super) refused_in: Vec<usize>,
}

/// A row as the reader hands it on. Made on the reader's thread, where the cells that are not kept are freed again.
pub(super) enum Read {
    /// Somebody to register; whether something was left out, such as an unreadable e-mail.
    Person(Person, bool),
    /// A row for a person to correct; whether a spreadsheet has lost digits of its number.
    ToFix(ImportRow, bool),
    /// Somebody of whom the file does not say where the registration stands, while it says so of others.
    NoStatus(Person),
    /// Not to be registered: the status says so, or nobody has said what it means. The columns in which they want no messages, and the
    /// row as it is kept where the status is known.
    LeftOut { known: bool, refused_in: Vec<usize>, person: Box<NewRegistrant>, kept: Option<Box<ImportRow>> },
}

pub(super) fn read_row(row: Row, mapping: &Mapping) -> Read {
    let verdict = row.verdict();
    if verdict == Verdict::Bad {
        let lost = NumberError::Cell(PhoneError::DigitsLost);
        let digits_lost = matches!(&row.person.phone, PhoneCell::Bad { error, .. } if *error == lost);
        return Read::ToFix(to_keep(&row, mapping), digits_lost);
    }
    if matches!(verdict, Verdict::LeftOut | Verdict::Unknown) {
        let refused_in = row.person.refused_in.clone();
        let kept = (verdict == Verdict::LeftOut).then(|| Box::new(left_out(&row, mapping)));
        let person = Box::new(registrant(row));
        return Read::LeftOut { known: verdict == Verdict::LeftOut, refused_in, person, kept };
    }
    let agreed = row.person.consent.clone().unwrap_or(Agreed::No);
    let refused_in = row.person.refused_in.clone();
    let warned = !row.problems.is_empty();
    let person = Person { registrant: registrant(row), agreed, refused_in };
    match verdict {
        Verdict::NoStatus => Read::NoStatus(person),
        _ => Read::Person(person, warned),
    }
}

fn registrant(row: Row) -> NewRegistrant {
    let phone = match row.person.phone {
        PhoneCell::Ok(phone) => Some(phone),
        PhoneCell::Missing | PhoneCell::Bad { .. } => None,
    };
    let phone_typed = match &phone {
        Some(_) => row
            .cells
            .into_iter()
            .find(|(field, _)| *field == Field::Phone)
            .map_or(String::new(), |(_, text)| text),
        // A word for nothing ("-", "N/A") is nothing.
        None => String::new(),
    };
    NewRegistrant {
        name: row.person.name,
        email: row.person.email,
        phone,
        phone_typed,
        registered_at: row.person.registered_at,
        status: row.person.status.status(),
        came_from: row.person.source.unwrap_or_default(),
        other_phones: row.person.other_phones,
        reference: row.person.reference.unwrap_or_default(),
    }
}

/// A row that its status leaves out, with that status as the reason.
fn left_out(row: &Row, mapping: &Mapping) -> ImportRow {
    let says = format!("Left out by its status: {}", row.cell(Field::Status));
    let wrong = Wrong { cell: None, says };
    let problems = serde_json::to_value([wrong]).expect("texts are JSON");
    ImportRow { problems, decision: Decision::ByStatus, ..to_keep(row, mapping) }
}

pub(super) fn to_keep(row: &Row, mapping: &Mapping) -> ImportRow {
    let place = |field: Field| mapping.chosen().position(|(chosen, _)| chosen == field);
    // What makes the row bad comes first; the rest is only told.
    let wrong =
        |problem: &CellProblem| Wrong { cell: problem.field.and_then(place), says: problem.message.clone() };
    let problems: Vec<Wrong> = row.problems.iter().map(wrong).collect();
    ImportRow {
        line: i64::try_from(row.line).unwrap_or(i64::MAX),
        cells: mapping
            .chosen()
            .map(|(field, _)| row.cell(field).chars().take(CELL_CHARS_KEPT).collect())
            .collect(),
        problems: serde_json::to_value(problems).expect("texts are JSON"),
        decision: Decision::Open,
    }
}

/// The cells of a row with what a person typed in their place.
pub fn with_typed(row: &ImportRow, typed: &[(usize, String)]) -> Vec<String> {
    let mut cells = row.cells.clone();
    for (place, text) in typed {
        if let Some(cell) = cells.get_mut(*place) {
            cell.clone_from(text);
        }
    }
    cells
}

/// Reads corrected cells as the file's own are read, but strictly: what a person typed is taken whole or sent back.
pub fn read_again(
    cells: &[String],
    mapping: &Mapping,
    home: Country,
    zone: &Zone,
) -> Result<NewRegistrant, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let place = |field: Field| mapping.chosen().position(|(chosen, _)| chosen == field);
    let cell = |field: Field| place(field).and_then(|at| cells.get(at)).map_or("", |text| text.trim());
    let home = match cell(Field::CountryCode) {
        "" => home,
        code => match Country::from_text(code) {
            Some(country) => country,
            // A number with its own code needs no country.
            None if cell(Field::Phone).contains('+') => home,
            None => {
                let says = "This country is not known. Write its name in English, its letters or its code.";
                return Err(vec![Wrong { cell: place(Field::CountryCode), says: says.to_owned() }]);
            }
        },
    };
    let mut say = |field: Field, says: String| wrong.push(Wrong { cell: place(field), says });
    let phone = match cell(Field::Phone) {
        "" => None,
        typed => Phone::parse(typed, home).map_err(|error| say(Field::Phone, error.to_string())).ok(),
    };
    let email = match cell(Field::Email) {
        "" => None,
        typed => Email::parse(typed).map_err(|error| say(Field::Email, error.to_string())).ok(),
    };
    let registered_at = match cell(Field::RegisteredAt) {
        "" | "-" => None,
        typed => read_date(typed, mapping.date_order(), zone, None)
            .map_err(|error| say(Field::RegisteredAt, error.to_string()))
            .ok(),
    };
    let name = PersonName::parse(cell(Field::Name))
        .or_else(|| PersonName::from_parts(cell(Field::FirstName), cell(Field::LastName)));
    if wrong.is_empty() && phone.is_none() && email.is_none() && name.is_none() {
        let says =
            "There is no name, number or e-mail in this row. Fill in at least one, or leave the row out.";
        wrong.push(Wrong { cell: place(Field::Phone).or(place(Field::Name)), says: says.to_owned() });
    }
    let status = match cell(Field::Status) {
        "" => Some(StatusMeaning::Registered),
        word => mapping.statuses.get(&status_key(word)).copied().or_else(|| StatusMeaning::of(word)),
    };
    let status = status.and_then(StatusMeaning::status);
    if status.is_none() {
        let says =
            "This status gives no place. Write registered, cancelled or refunded, or leave the row out.";
        wrong.push(Wrong { cell: place(Field::Status), says: says.to_owned() });
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let phone_typed = cell(Field::Phone).to_owned();
    Ok(NewRegistrant {
        name,
        email,
        phone,
        phone_typed,
        registered_at,
        status,
        came_from: source_of(cell(Field::Source)).unwrap_or_default(),
        other_phones: Vec::new(),
        reference: reference_of(cell(Field::Reference)).unwrap_or_default(),
    })
}

/// What a corrected row says about promotions.
pub(super) fn agreed_in(cells: &[String], mapping: &Mapping) -> Agreed {
    let place = mapping.chosen().position(|(chosen, _)| chosen == Field::Consent);
    place.and_then(|at| cells.get(at)).and_then(|cell| agreed(cell)).unwrap_or(Agreed::No)
}

/// The column in which a corrected row asks for no messages.
pub(super) fn refused_in(cells: &[String], mapping: &Mapping) -> Vec<usize> {
    let place = mapping.chosen().position(|(chosen, _)| chosen == Field::OptOut);
    let refuses = place.and_then(|at| cells.get(at)).is_some_and(|cell| wants_none(cell));
    mapping.get(Field::OptOut).filter(|_| refuses).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> Mapping {
        let mut mapping = Mapping::default();
        mapping.set(Field::Name, Some(0));
        mapping.set(Field::Phone, Some(1));
        mapping.set(Field::Email, Some(2));
        mapping
    }

    #[track_caller]
    fn check(cells: [&str; 3], expected: Result<&str, &[usize]>) {
        let cells = cells.map(str::to_owned);
        let got = read_again(&cells, &mapping(), Country::INDIA, &Zone::india());
        let got = got.map(|person| person.phone.map_or(String::new(), |phone| phone.as_str().to_owned()));
        let got = got.map_err(|wrong| wrong.into_iter().filter_map(|wrong| wrong.cell).collect::<Vec<_>>());
        assert_eq!(
            got.as_ref().map(String::as_str),
            expected.map_err(<[usize]>::to_vec).as_ref().map(|s| *s),
            "{cells:?}"
        );
    }

    #[test]
    fn a_corrected_row_is_taken_whole_or_sent_back_with_every_fault() {
        check(["Asha", "90000 00001", ""], Ok("+919000000001"));
        check(["Asha", "", ""], Ok(""));
        check(["Asha", "12", "asha"], Err(&[1, 2]));
        check(["", "", ""], Err(&[1]));
        check(["", "", "asha@example.com"], Ok(""));
    }
}
