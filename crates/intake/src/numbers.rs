//! A file read for its numbers alone, such as a list of people who must not be contacted.

use std::{collections::HashSet, path::Path};

use domain::phone::{Country, Phone};

use crate::read::{Field, Mapping, PhoneCell, Sheet, SheetError};

/// Most numbers of one list; they are in memory while it is looked at.
pub const NUMBERS_MAX: usize = 1_000_000;
/// Bad rows that are named.
pub const BAD_ROWS_KEPT: usize = 100;

/// What a list holds.
#[derive(Debug, Default)]
pub struct Numbers {
    /// The columns of the file: place from 0, spreadsheet letters, title, a first value.
    pub columns: Vec<ColumnShown>,
    /// The column of the numbers; `None` when none was chosen and none looks like it.
    pub column: Option<usize>,
    /// Rows that are not blank.
    pub rows: usize,
    /// Each number once, in the order of the file.
    pub numbers: Vec<Phone>,
    /// Rows whose number stood in the file before.
    pub repeated: usize,
    /// Rows without a number that can be read.
    pub bad: usize,
    /// The first [`BAD_ROWS_KEPT`] of them: line, the cell, what is wrong.
    pub bad_rows: Vec<(u64, String, String)>,
    /// There are more than [`NUMBERS_MAX`]; the rest was not read.
    pub cut: bool,
}

/// A column, as a choice of columns shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnShown {
    /// Place of the column, from 0.
    pub index: usize,
    /// The letters that spreadsheets give the column, such as `AB`.
    pub letters: String,
    /// Its title, when it has one.
    pub title: Option<String>,
    /// Its first value, when it has one.
    pub sample: Option<String>,
}

/// Reads the numbers of a file. `column` is the one that a person chose; `None` to guess it.
pub fn read_numbers(
    file: &Path,
    file_name: &str,
    column: Option<usize>,
    home: Country,
) -> Result<Numbers, SheetError> {
    let mut sheet = Sheet::open_cells(file, file_name)?;
    let guess = Mapping::guess(&sheet);
    let columns: Vec<ColumnShown> = sheet
        .columns()
        .iter()
        .map(|column| ColumnShown {
            index: column.index,
            letters: column.letters.clone(),
            title: column.header.clone(),
            sample: column.samples.first().cloned(),
        })
        .collect();
    let only = (columns.len() == 1).then_some(0);
    let chosen = column;
    let column = column.or(guess.get(Field::Phone)).or(only);
    let mut list = Numbers { columns, column, ..Numbers::default() };
    let Some(column) = column else { return Ok(list) };
    let mut mapping = Mapping::default();
    mapping.set(Field::Phone, Some(column));
    if chosen.is_none() {
        mapping.set_all(Field::Phone, &guess.all(Field::Phone).chain([column]).collect::<Vec<_>>());
    }
    // A person who must not be contacted is on the list, whether or not the workbook shows the row.
    mapping.take_hidden_rows = true;
    mapping.set(Field::CountryCode, guess.get(Field::CountryCode).filter(|code| *code != column));
    let mut seen = HashSet::new();
    for row in sheet.rows(&mapping, home)? {
        let row = row?;
        list.rows += 1;
        let problem = match &row.person.phone {
            PhoneCell::Ok(phone) if list.numbers.len() == NUMBERS_MAX && !seen.contains(phone) => {
                list.cut = true;
                break;
            }
            PhoneCell::Ok(phone) => {
                if seen.insert(phone.clone()) {
                    list.numbers.push(phone.clone());
                } else {
                    list.repeated += 1;
                }
                continue;
            }
            PhoneCell::Missing => "There is no number in this row.".to_owned(),
            PhoneCell::Bad { error, .. } => error.to_string(),
        };
        list.bad += 1;
        if list.bad_rows.len() < BAD_ROWS_KEPT {
            list.bad_rows.push((row.line, row.cell(Field::Phone).to_owned(), problem));
        }
    }
    Ok(list)
}
