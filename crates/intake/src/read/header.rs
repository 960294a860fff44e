//! Which row is the header, and what cells look like.

use domain::email::Email;
use domain::phone::{Country, Phone, PhoneError};

use super::mapping::Field;
use super::words::{Whose, is_somebody_elses, plain, title_score, whose};

/// How many cells of a row name a field; 0 for a row that holds a person.
fn title_count(cells: &[String]) -> usize {
    let names_a_field = |cell: &&String| {
        Field::ALL.iter().any(|field| title_score(*field, cell) >= 60) || is_somebody_elses(cell)
    };
    match cells.iter().any(|cell| is_email(cell) || is_phone(cell)) {
        true => 0,
        false => cells.iter().filter(|cell| cell.chars().count() <= 80).filter(names_a_field).count(),
    }
}

/// Where the header stands among the first rows (index into `rows`), if there is one.
///
/// The row with the most titles wins, and the first of equals: exports put reports and notes above it. Without any
/// title, a row of words right above the first person is one.
pub(super) fn header_row(rows: &[Vec<String>]) -> Option<usize> {
    let first_person = rows.iter().position(|row| row.iter().any(|cell| is_phone(cell)));
    let mut best = None;
    for (at, row) in rows.iter().enumerate() {
        let titles = title_count(row);
        if titles > best.map_or(0, |(_, most)| most) {
            best = Some((at, titles));
        }
    }
    let people_above =
        |at: usize| rows[..at].iter().filter(|row| row.iter().any(|cell| is_phone(cell))).count();
    match best {
        // A host's number may stand in a note above; two numbers are people.
        Some((at, _)) if people_above(at) <= 1 => Some(at),
        _ => first_person.filter(|at| *at > 0).map(|at| at - 1).filter(|at| {
            let wordy = |cell: &String| cell.chars().any(char::is_alphabetic) && !is_email(cell);
            let filled = rows[*at].iter().filter(|cell| !cell.is_empty()).count();
            let wide = filled * 2 > rows[*at + 1].iter().filter(|cell| !cell.is_empty()).count();
            wide && rows[*at].iter().filter(|cell| !cell.is_empty()).all(wordy)
        }),
    }
}

/// Whether labels stand in the first column and people beside them: a row "Name | Asha | …" and a row "Phone | 98… | …".
pub(super) fn is_turned(rows: &[Vec<String>]) -> bool {
    let labelled = |field: Field, fits: fn(&str) -> bool| {
        rows.iter().any(|row| {
            let mut filled = row.iter().filter(|cell| !cell.is_empty());
            let (Some(label), Some(value)) = (filled.next(), filled.next()) else { return false };
            title_score(field, label) >= 75 && fits(value)
        })
    };
    let is_name = |value: &str| {
        value.chars().any(char::is_alphabetic)
            && !Field::ALL.iter().any(|field| title_score(*field, value) > 0)
            && !is_somebody_elses(value)
    };
    labelled(Field::Phone, is_phone) && labelled(Field::Name, is_name)
}

pub(super) fn is_email(cell: &str) -> bool {
    cell.contains('@') && Email::parse(cell).is_ok()
}

/// Whether a cell was meant as a phone number: one that can be read, or one that Excel destroyed.
pub(super) fn is_phone(cell: &str) -> bool {
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    if !(8..=40).contains(&digits) || looks_like_date(cell) {
        return false;
    }
    match Phone::parse(cell, Country::INDIA) {
        Ok(_) => true,
        Err(PhoneError::TwoNumbers | PhoneError::ForeignWithoutPlus) => true,
        Err(_) => false,
    }
}

pub(super) fn is_lost_number(cell: &str) -> bool {
    cell.contains(['e', 'E']) && Phone::parse(cell, Country::INDIA) == Err(PhoneError::DigitsLost)
}

/// `2026-05-12 19:00` has twelve digits, and no number is written so.
fn looks_like_date(cell: &str) -> bool {
    let groups: Vec<usize> = cell.split(['-', '/', ' ', ':', '.', 'T']).map(str::len).collect();
    // `19:00`; a colon elsewhere belongs to a label, as in `p:+91…` and `tel:`.
    let clock = cell
        .as_bytes()
        .windows(3)
        .any(|three| three[1] == b':' && three[0].is_ascii_digit() && three[2].is_ascii_digit());
    clock || matches!(groups.as_slice(), [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}

/// Titles with their context: with the group that the row above names (`Buyer | | Attendee |` over `Name | Phone | Name
/// | Phone`), and with what the rows right below add to them. `first_person` is the first row that is no part of the
/// header.
pub(super) fn whole_titles(rows: &[(u64, Vec<String>)], header: usize) -> (Vec<String>, usize) {
    let mut titles = rows[header].1.clone();
    let below = rows[header + 1..].iter().take_while(|(_, cells)| goes_on(&rows[header].1, cells)).count();
    // A header needs people below it.
    let below = if header + 1 + below < rows.len() { below } else { 0 };
    for (_, cells) in &rows[header + 1..header + 1 + below] {
        for (title, more) in
            titles.iter_mut().zip(cells).filter(|(_, more)| !more.is_empty() && more.len() <= 80)
        {
            *title = format!("{title} {more}").trim().to_owned();
        }
    }
    if let Some(groups) = header.checked_sub(1).and_then(|above| groups_of(&rows[above], &rows[header])) {
        for (title, group) in titles.iter_mut().zip(groups) {
            let says_itself = whose(&plain(title)).whose != Whose::Unsaid;
            if !title.is_empty() && !says_itself && whose(&plain(&group)).whose != Whose::Unsaid {
                *title = format!("{group} {title}");
            }
        }
    }
    (titles, header + 1 + below)
}

/// The group of each column, when the row above names some: sparse words, each over the columns up to the next.
fn groups_of(above: &(u64, Vec<String>), header: &(u64, Vec<String>)) -> Option<Vec<String>> {
    let filled = |cells: &[String]| cells.iter().filter(|cell| !cell.is_empty()).count();
    let wordy = |cell: &String| {
        cell.chars().any(char::is_alphabetic) && cell.chars().count() <= 40 && !is_phone(cell)
    };
    let some = (2..filled(&header.1)).contains(&filled(&above.1));
    if above.0 + 1 != header.0 || !some || !above.1.iter().filter(|cell| !cell.is_empty()).all(wordy) {
        return None;
    }
    let mut group = String::new();
    let groups = (0..header.1.len()).map(|at| {
        if let Some(cell) = above.1.get(at).filter(|cell| !cell.is_empty()) {
            group.clone_from(cell);
        }
        group.clone()
    });
    Some(groups.collect())
}

/// Whether a row goes on with the header above it: a second line of titles, hints in brackets, the marks of a survey tool.
fn goes_on(titles: &[String], cells: &[String]) -> bool {
    let filled: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
    if filled.len() < 2 || filled.iter().any(|cell| is_email(cell) || is_phone(cell)) {
        return false;
    }
    let hint = |cell: &&&String| cell.starts_with(['(', '[', '{']);
    let hints = filled.iter().filter(hint).count();
    // The header once more is its repetition, not its second line.
    let again = cells
        .iter()
        .zip(titles)
        .filter(|(cell, title)| !cell.is_empty() && plain(cell) == plain(title))
        .count();
    let named =
        filled.iter().filter(|cell| Field::ALL.iter().any(|field| title_score(*field, cell) >= 75)).count();
    hints * 2 >= filled.len() || (again * 2 < filled.len() && named >= 2 && named * 2 >= filled.len())
}
