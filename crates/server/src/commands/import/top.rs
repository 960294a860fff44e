//! What the top of a file tells: its columns, its sheets, what it hides, and why it cannot be taken as it is.

use anyhow::{Context, bail};
use intake::read::{Field, Kind, Mapping, NotUsed, Sheet};

use crate::ui::format::counted;

/// What a file is and how it is going to be read, as far as its top tells.
#[derive(Debug)]
pub(in crate::commands) struct Top {
    pub(in crate::commands) mapping: Mapping,
    /// The titles of the columns that are read, by field.
    pub(super) columns: Vec<(Field, Vec<String>)>,
    pub(super) not_used: Vec<NotUsed>,
    /// Columns that were chosen by what their cells look like; none of those that were said.
    pub(super) guessed: Vec<(Field, String)>,
    pub(super) sheet: Option<String>,
    pub(super) sheets_not_read: Vec<String>,
    /// Sheets that the workbook hides and that hold people.
    pub(super) hidden_sheets: Vec<String>,
    /// The file is a list and no table: lines that are nobody's.
    pub(super) lines_left_out: Option<u64>,
    pub(super) formulas_without_value: u64,
    pub(super) hidden_columns: usize,
    /// Words of which `--status` said something and that are in no row.
    pub(super) statuses_not_met: Vec<String>,
    /// Why the file cannot be taken as it is, with the option that answers.
    pub(in crate::commands) refused: Vec<String>,
}

impl Top {
    /// Guesses, and takes over what was said.
    pub(in crate::commands) fn of(
        sheet: &Sheet,
        maps: &[String],
        ignored: &[String],
        sheet_said: bool,
    ) -> anyhow::Result<Top> {
        let mut mapping = Mapping::guess(sheet);
        let said = map_columns(&mut mapping, sheet, maps)?;
        let ignored = ignored
            .iter()
            .map(|column| {
                column_of(sheet, column).with_context(|| format!("--ignore: the file has no column {column}"))
            })
            .collect::<anyhow::Result<Vec<usize>>>()?;
        let title = |column: usize| {
            let column = sheet.columns().get(column);
            column.map_or(String::new(), |column| {
                column.header.clone().unwrap_or_else(|| format!("column {}", column.letters))
            })
        };
        let columns =
            mapping.chosen().map(|(field, _)| (field, mapping.all(field).map(title).collect())).collect();
        let guessed = mapping
            .guessed_from_cells(sheet)
            .into_iter()
            .filter(|(field, _)| !said.contains(field))
            .map(|(field, column)| (field, title(column)))
            .collect();
        let (tab, sheets_not_read) = match sheet.kind() {
            Kind::Xlsx { tab, other_tabs } => (Some(tab), other_tabs),
            Kind::Text { .. } => (None, Vec::new()),
        };
        let marks = sheet.marks();
        let not_used = mapping.not_used(sheet);
        let mut refused = Vec::new();
        let with_people = sheet.other_tabs_with_people();
        if !with_people.is_empty() && !sheet_said {
            refused.push(format!(
                "several sheets hold people ({}, {}): say --sheet NAME",
                tab.as_deref().unwrap_or_default(),
                with_people.join(", ")
            ));
        }
        if mapping.chosen().next().is_none() {
            refused
                .push("no column looks like names, numbers or addresses: say --map phone=COLUMN".to_owned());
        } else if mapping.get(Field::Phone).is_none() && !not_used.is_empty() {
            refused.push(
                "no column is sure to hold the people's own numbers: say --map phone=COLUMN".to_owned(),
            );
        }
        refused.extend(not_used.iter().filter(|column| !ignored.contains(&column.column)).filter_map(|column| {
            let field = column.asks.filter(|field| !said.contains(field))?;
            Some(format!(
                "the column “{}” is not used: {}. Say --map {}=COLUMN, or --ignore \"{}\" if it decides nothing",
                column.title,
                column.why,
                field.word().replace('_', "-"),
                column.title
            ))
        }));
        Ok(Top {
            mapping,
            columns,
            not_used,
            guessed,
            sheet: tab,
            sheets_not_read,
            hidden_sheets: sheet.hidden_tabs_with_people(),
            lines_left_out: sheet.lines_left_out(),
            formulas_without_value: marks.formulas_without_value,
            hidden_columns: marks.hidden_columns.len(),
            statuses_not_met: Vec::new(),
            refused,
        })
    }

    /// What the top of the file tells, in words.
    pub(super) fn says(&self) -> Vec<String> {
        let mut says = Vec::new();
        if let Some(sheet) = &self.sheet
            && !self.sheets_not_read.is_empty()
        {
            says.push(format!("Read: the sheet “{sheet}”. Not read: {}.", self.sheets_not_read.join(", ")));
        }
        if !self.hidden_sheets.is_empty() {
            says.push(format!(
                "Hidden in the workbook, and not read although people are in it: {}. Unhide it in Excel to import it.",
                self.hidden_sheets.join(", ")
            ));
        }
        if let Some(lines) = self.lines_left_out {
            says.push(format!(
                "This is a list and no table: each person in it was read as a row. {} without a number or an address left out.",
                counted(lines, "line", "lines")
            ));
        }
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(field, titles)| format!("{} = {}", field.title().to_lowercase(), titles.join(", then ")))
            .collect();
        says.push(format!("Columns: {}.", columns.join(" · ")));
        if !self.guessed.is_empty() {
            let guessed: Vec<String> = self
                .guessed
                .iter()
                .map(|(field, title)| format!("{} = {title}", field.title().to_lowercase()))
                .collect();
            says.push(format!("Guessed from the cells, no title says it: {}.", guessed.join(" · ")));
        }
        says.extend(
            self.not_used.iter().map(|column| format!("Not used: “{}”: {}.", column.title, column.why)),
        );
        says.extend(self.statuses_not_met.iter().map(|word| {
            format!("--status “{word}”: no row has this word. It decided nothing, and is not remembered.")
        }));
        if self.hidden_columns > 0 {
            says.push(format!(
                "{} hidden in the sheet.",
                counted(self.hidden_columns as u64, "column is", "columns are")
            ));
        }
        if self.formulas_without_value > 0 {
            says.push(format!(
                "{} without a stored result: empty here. Open the file in Excel and save it.",
                counted(self.formulas_without_value, "formula is", "formulas are")
            ));
        }
        says
    }
}

/// The place of a column that is named by its title or its letters.
fn column_of(sheet: &Sheet, named: &str) -> Option<usize> {
    let named = named.trim();
    let titled = |known: &&intake::read::Column| {
        known.header.as_deref().is_some_and(|title| title.trim().eq_ignore_ascii_case(named))
    };
    let lettered = |known: &&intake::read::Column| known.letters.eq_ignore_ascii_case(named);
    let found = sheet.columns().iter().find(titled).or_else(|| sheet.columns().iter().find(lettered));
    found.map(|column| column.index)
}

/// `--map phone=C`, `--map "phone=WhatsApp Number"`, `--map status=none`; the fields of which something was said.
fn map_columns(mapping: &mut Mapping, sheet: &Sheet, maps: &[String]) -> anyhow::Result<Vec<Field>> {
    let mut said: Vec<(Field, Vec<usize>)> = Vec::new();
    for map in maps {
        let (field, column) =
            map.split_once('=').with_context(|| format!("write --map FIELD=COLUMN, not {map}"))?;
        let field: Field = field.parse().map_err(|()| {
            let fields: Vec<&str> = Field::ALL.iter().map(|field| field.word()).collect();
            anyhow::anyhow!("--map: there is no field {field}; there are {}", fields.join(", "))
        })?;
        let column = column.trim();
        let index = match column_of(sheet, column) {
            Some(found) => Some(found),
            None if column.eq_ignore_ascii_case("none") => None,
            None => bail!("--map: the file has no column {column}"),
        };
        match said.iter_mut().find(|(known, _)| *known == field) {
            Some((_, columns)) => columns.extend(index),
            None => said.push((field, index.into_iter().collect())),
        }
    }
    for (field, columns) in &said {
        mapping.set_all(*field, columns);
    }
    Ok(said.into_iter().map(|(field, _)| field).collect())
}
