//! An opened file: what it is, its header and its columns.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::phone::Country;

use super::content::Content;
use super::detect::{Counted, Encoding, Magic, Source, magic, scan};
use super::header::{header_row, is_phone, is_turned, whole_titles};
use super::limits::CELLS_BYTES_MAX;
use super::record::Record;
use super::rows::Layout;
use super::sheet_flags::SheetFlags;
use super::text::{TextReader, decoded, sniff_separator, wrapped_lines};
use super::words::{asks_whose, names_an_amount, plain, title_score};
use super::xlsx::{self, Workbook, XlsxReader};
use super::{Field, Mapping, Rows, SheetError};
use crate::paste::{PASTED_BYTES_MAX, list_in};

/// Bytes looked at to tell kinds, encodings and separators apart.
const HEAD_BYTES: usize = 64 * 1024;
/// Rows looked at to find header and columns, and their bytes at most.
const SAMPLE_ROWS: usize = 200;
const SAMPLE_BYTES: usize = 2 * 1024 * 1024;
/// Values of a column shown on the mapping screen.
const SAMPLES_SHOWN: usize = 5;

/// The kind of an uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text with a separator between cells.
    Text {
        /// How its bytes become letters.
        encoding: Encoding,
        /// The separator of cells: `,`, tab, `;` or `|`.
        separator: char,
    },
    /// An Excel workbook in the present format.
    Xlsx {
        /// The sheet that is read.
        tab: String,
        /// Visible sheets that are not read.
        other_tabs: Vec<String>,
    },
}

/// One column, for the mapping screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// From 0; what a [`Mapping`] holds.
    pub index: usize,
    /// As spreadsheets name it: `A`, `B`, … `AA`.
    pub letters: String,
    /// Its title, when the file has a header and the cell is not empty.
    pub header: Option<String>,
    /// The first few different values.
    pub samples: Vec<String>,
    /// Whether the workbook hides the column.
    pub hidden: bool,
    pub(super) content: Content,
}

/// A file of people, ready to be mapped and read.
pub struct Sheet {
    name: String,
    body: Body,
    bytes: u64,
    position: Arc<AtomicU64>,
    header_line: Option<u64>,
    first_line: u64,
    columns: Vec<Column>,
    /// Columns that rows are meant to have; cells beyond are a slip.
    width: usize,
    /// Columns that nearly every person has filled.
    usual: Vec<usize>,
    /// The file is no table but a list, read line by line: how many lines are nobody's.
    lines_left_out: Option<u64>,
}

/// What becomes of a text that is a list instead of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// It is read as the table that it means.
    AsTables,
    /// It stays the lines that it is.
    AsTheyAre,
}

fn opened(path: &Path) -> Result<File, SheetError> {
    File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => SheetError::Gone,
        _ => SheetError::Io(error),
    })
}

enum Body {
    Text(Text),
    Xlsx { book: Box<Workbook>, tab: String, other_tabs: Vec<Tab>, hidden_tabs: Vec<Tab> },
}

/// A sheet of a workbook that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tab {
    name: String,
    /// Rows with a number among its first ones; `None` for a sheet without a row.
    people: Option<usize>,
}

struct Text {
    source: Counted,
    encoding: Encoding,
    mark: u64,
    separator: u8,
    cr_only: bool,
    /// The first line is Excel's `sep=;`.
    says_separator: bool,
    /// Lines stand whole in quotation marks, as if each were one cell.
    wrapped: bool,
}

impl Sheet {
    /// Opens a file. `file_name` is the name that the person gave it; its ending is a hint, its bytes decide.
    pub fn open(path: &Path, file_name: &str) -> Result<Sheet, SheetError> {
        Sheet::open_tab(path, file_name, None)
    }

    /// Opens a sheet of a workbook by its name; `None` for the one that is proposed: the one with the most people.
    pub fn open_tab(path: &Path, file_name: &str, tab: Option<&str>) -> Result<Sheet, SheetError> {
        Sheet::read_from(opened(path)?, file_name, (tab, Lists::AsTables))
    }

    /// Opens a file for its cells alone: a list stays the lines that it is, and nothing of it is left out.
    pub fn open_cells(path: &Path, file_name: &str) -> Result<Sheet, SheetError> {
        Sheet::read_from(opened(path)?, file_name, (None, Lists::AsTheyAre))
    }

    /// Opens anything that can be read and rewound, such as a table in memory. A list stays the lines that it is.
    pub fn from_source(source: impl Source + 'static, file_name: &str) -> Result<Sheet, SheetError> {
        Sheet::read_from(source, file_name, (None, Lists::AsTheyAre))
    }

    pub(super) fn read_from(
        source: impl Source + 'static,
        file_name: &str,
        (tab, lists): (Option<&str>, Lists),
    ) -> Result<Sheet, SheetError> {
        let mut source = Counted::new(Box::new(source));
        let position = source.position();
        let bytes = source.seek(SeekFrom::End(0))?;
        let head = read_head(&mut source)?;
        let body = match magic(&head)? {
            Magic::Zip => open_workbook(source, tab)?,
            Magic::Text => Body::Text(Text::open(source, &head, file_name)?),
        };
        let mut sheet = Sheet {
            name: file_name.to_owned(),
            body,
            bytes,
            position,
            header_line: None,
            first_line: 1,
            columns: Vec::new(),
            width: 0,
            usual: Vec::new(),
            lines_left_out: None,
        };
        if lists == Lists::AsTables {
            sheet.take_list()?;
        }
        sheet.look_at_top()?;
        Ok(sheet)
    }

    /// Reads a file that is a list instead of a table (a chat, a name and a number on each line, a block of lines for each person) as the
    /// table that it means.
    fn take_list(&mut self) -> Result<(), SheetError> {
        let Body::Text(text) = &mut self.body else { return Ok(()) };
        if self.bytes > PASTED_BYTES_MAX as u64 || text.wrapped || text.says_separator {
            return Ok(());
        }
        let Some(list) = list_in(&text.whole()?) else { return Ok(()) };
        let source = Counted::new(Box::new(std::io::Cursor::new(list.table.into_bytes())));
        self.position = source.position();
        text.source = source;
        (text.encoding, text.mark, text.separator, text.cr_only) = (Encoding::Utf8, 0, b'\t', false);
        self.lines_left_out = Some(list.left_out);
        Ok(())
    }

    /// Of a file that is no table but a list, read line by line: how many lines are nobody's. `None` for a table.
    pub fn lines_left_out(&self) -> Option<u64> {
        self.lines_left_out
    }

    /// The name that the person gave the file.
    pub fn file_name(&self) -> &str {
        &self.name
    }

    /// What the file is.
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Text(text) => Kind::Text { encoding: text.encoding, separator: char::from(text.separator) },
            Body::Xlsx { tab, other_tabs, .. } => Kind::Xlsx {
                tab: tab.clone(),
                other_tabs: other_tabs.iter().map(|other| other.name.clone()).collect(),
            },
        }
    }

    /// Sheets that are not read although they hold people with numbers.
    pub fn other_tabs_with_people(&self) -> Vec<String> {
        match &self.body {
            Body::Text(_) => Vec::new(),
            Body::Xlsx { other_tabs, .. } => {
                other_tabs.iter().filter(|tab| tab.people > Some(0)).map(|tab| tab.name.clone()).collect()
            }
        }
    }

    /// Sheets that the workbook hides although they hold people with numbers: they are not read.
    pub fn hidden_tabs_with_people(&self) -> Vec<String> {
        match &self.body {
            Body::Text(_) => Vec::new(),
            Body::Xlsx { hidden_tabs, .. } => {
                hidden_tabs.iter().filter(|tab| tab.people > Some(0)).map(|tab| tab.name.clone()).collect()
            }
        }
    }

    /// What the workbook hides, and what it does not hold although it shows it; nothing for text.
    pub fn marks(&self) -> SheetFlags {
        match &self.body {
            Body::Text(_) => SheetFlags::default(),
            Body::Xlsx { book, tab, .. } => book.marks(tab),
        }
    }

    /// Size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The row of the header as a spreadsheet counts, from 1; `None` when the file has none.
    pub fn header_line(&self) -> Option<u64> {
        self.header_line
    }

    /// The columns, from the left.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Streams the people. `home` is where numbers without a country code belong. May be called again, from the start.
    pub fn rows(&mut self, mapping: &Mapping, home: Country) -> Result<Rows<'_>, SheetError> {
        mapping.check(self)?;
        let layout = Layout {
            first_line: self.first_line,
            width: self.width,
            titles: self.columns.iter().map(|column| column.header.clone()).collect(),
            usual: self.usual.clone(),
            whose: self.asking_whose(mapping),
            countries: self.further_countries(mapping),
            amounts: self.amounts(),
            hidden: if mapping.take_hidden_rows { Vec::new() } else { self.marks().hidden_rows },
        };
        let position = (self.position.clone(), self.bytes);
        let records = self.records()?;
        Ok(Rows::new(records, mapping.clone(), home, layout, position))
    }

    /// Columns that are not chosen for anything and say whose the number of the row is.
    fn asking_whose(&self, mapping: &Mapping) -> Vec<usize> {
        let asks = |column: &&Column| column.header.as_deref().is_some_and(asks_whose);
        let unused = self.columns.iter().filter(|column| !mapping.uses(column.index));
        unused.filter(asks).map(|column| column.index).collect()
    }

    /// Columns that hold what was paid, in figures.
    fn amounts(&self) -> Vec<usize> {
        let is_one = |column: &&Column| {
            column.content.is_amounts() && column.header.as_deref().is_some_and(names_an_amount)
        };
        self.columns.iter().filter(is_one).map(|column| column.index).collect()
    }

    /// Columns with a country that are not chosen, where another one is.
    fn further_countries(&self, mapping: &Mapping) -> Vec<usize> {
        if mapping.get(Field::CountryCode).is_none() {
            return Vec::new();
        }
        let names_one = |column: &&Column| {
            column.header.as_deref().is_some_and(|title| title_score(Field::CountryCode, title) > 0)
        };
        let unused = self.columns.iter().filter(|column| !mapping.uses(column.index));
        unused.filter(names_one).map(|column| column.index).collect()
    }

    /// The first rows as they stand, the header's among them, spaces around cells kept: for small files that are no lists of people.
    /// Blank rows are left out; so is what lies beyond `rows_max` rows. Each has its number as a spreadsheet counts.
    pub fn numbered_cells(&mut self, rows_max: usize) -> Result<Vec<(u64, Vec<String>)>, SheetError> {
        let mut records = self.records()?;
        let mut record = Record::default();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < rows_max && records.next(&mut record)? {
            bytes += record.text_len();
            if bytes > CELLS_BYTES_MAX {
                return Err(SheetError::TooLarge { mb: (bytes / 1024 / 1024) as u64 });
            }
            if !record.is_blank() {
                rows.push((record.line, record.whole_cells().map(str::to_owned).collect()));
            }
        }
        Ok(rows)
    }

    /// Whether any cell of the file is meant, in whichever of its sheets, hidden ones too.
    pub fn any_cell(&mut self, mut meant: impl FnMut(&str) -> bool) -> Result<bool, SheetError> {
        let others = match &self.body {
            Body::Text(_) => Vec::new(),
            Body::Xlsx { other_tabs, hidden_tabs, .. } => [other_tabs.as_slice(), hidden_tabs].concat(),
        };
        let mut record = Record::default();
        let mut records = self.records()?;
        while records.next(&mut record)? {
            if record.cells().any(&mut meant) {
                return Ok(true);
            }
        }
        drop(records);
        for tab in others {
            let Body::Xlsx { book, .. } = &mut self.body else { break };
            let mut reader = XlsxReader::new(book, &tab.name)?;
            while reader.next(&mut record)? {
                if record.cells().any(&mut meant) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn records(&mut self) -> Result<Records<'_>, SheetError> {
        Ok(match &mut self.body {
            Body::Text(text) => Records::Text(text.reader()?),
            Body::Xlsx { book, tab, .. } => Records::Xlsx(Box::new(XlsxReader::new(book, tab)?)),
        })
    }

    fn look_at_top(&mut self) -> Result<(), SheetError> {
        let top = self.top()?;
        if top.is_empty() {
            return Err(SheetError::Empty);
        }
        let cells: Vec<Vec<String>> = top.iter().map(|(_, cells)| cells.clone()).collect();
        if is_turned(&cells) {
            return Err(SheetError::Turned);
        }
        let header = header_row(&cells);
        let (titles, first_person) = header.map_or((Vec::new(), 0), |at| whole_titles(&top, at));
        if first_person == top.len() {
            return Err(SheetError::NoRows);
        }
        self.header_line = header.map(|at| top[at].0);
        self.first_line = header.map_or(1, |_| top[first_person - 1].0 + 1);
        let people = &cells[first_person..];
        let width = people.iter().chain([&titles]).map(|cells| filled_width(cells)).max().unwrap_or(0);
        let hidden = self.marks().hidden_columns;
        self.columns = (0..width)
            .map(|index| Column { hidden: hidden.contains(&index), ..column(index, &titles, people) })
            .collect();
        let with_number: Vec<&Vec<String>> =
            people.iter().filter(|row| row.iter().any(|cell| is_phone(cell))).collect();
        let filled = |at: usize| {
            with_number.iter().filter(|row| row.get(at).is_some_and(|cell| !cell.is_empty())).count()
        };
        self.usual = (0..width)
            .filter(|at| with_number.len() >= 2 && filled(*at) * 10 >= with_number.len() * 7)
            .collect();
        // A column that has neither title nor, mostly, content exists by a slip of single rows only.
        let meant = |column: &Column| column.header.is_some() || column.content.filled * 2 > people.len();
        self.width = self.columns.iter().rposition(meant).map_or(width, |last| last + 1);
        Ok(())
    }

    /// The first rows that are not blank, with their line.
    fn top(&mut self) -> Result<Vec<(u64, Vec<String>)>, SheetError> {
        let mut records = self.records()?;
        let mut record = Record::default();
        let (mut top, mut bytes) = (Vec::new(), 0);
        while top.len() < SAMPLE_ROWS && bytes < SAMPLE_BYTES && records.next(&mut record)? {
            if !record.is_blank() {
                bytes += record.text_len();
                top.push((record.line, record.cells().map(str::to_owned).collect()));
            }
        }
        Ok(top)
    }
}

fn filled_width(cells: &[String]) -> usize {
    cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1)
}

fn column(index: usize, titles: &[String], people: &[Vec<String>]) -> Column {
    let cells: Vec<&str> = people
        .iter()
        .filter_map(|row| row.get(index))
        .map(String::as_str)
        .filter(|cell| !cell.is_empty())
        .collect();
    let mut samples: Vec<String> = Vec::new();
    for cell in &cells {
        if samples.len() < SAMPLES_SHOWN && !samples.iter().any(|sample| sample == cell) {
            samples.push((*cell).to_owned());
        }
    }
    let header = titles.get(index).filter(|title| !plain(title).is_empty()).cloned();
    Column { index, letters: letters(index), header, samples, hidden: false, content: Content::of(&cells) }
}

/// 0 is `A`, 25 `Z`, 26 `AA`.
pub(super) fn letters(index: usize) -> String {
    let mut rest = index + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

fn read_head(source: &mut Counted) -> Result<Vec<u8>, SheetError> {
    source.rewind()?;
    let mut head = Vec::new();
    source.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    match head.trim_ascii().is_empty() {
        true => Err(SheetError::Empty),
        false => Ok(head),
    }
}

/// The sheet of that name, else the one with the most people among its first rows, else the first with a row: some workbooks have a
/// cover or a summary in front.
fn open_workbook(source: Counted, wanted: Option<&str>) -> Result<Body, SheetError> {
    let mut book = Box::new(xlsx::open(source)?);
    let mut tabs = Vec::new();
    for name in xlsx::tabs(&book) {
        let people = people_in(&mut book, &name)?;
        tabs.push(Tab { name, people });
    }
    let mut hidden_tabs = Vec::new();
    for name in xlsx::hidden_tabs(&book) {
        // Hidden sheets are not read for people, so that a fault in one is no fault of the file.
        let people = people_in(&mut book, &name).unwrap_or(None);
        hidden_tabs.push(Tab { name, people });
    }
    let most = tabs.iter().filter_map(|tab| tab.people).max();
    let at = match wanted {
        Some(wanted) => {
            tabs.iter().position(|tab| tab.name == wanted).ok_or_else(|| SheetError::NoSuchSheet {
                name: wanted.to_owned(),
                names: tabs.iter().map(|tab| tab.name.clone()).collect::<Vec<_>>().join(", "),
            })?
        }
        None => {
            tabs.iter().position(|tab| most.is_some() && tab.people == most).ok_or(SheetError::NoSheet)?
        }
    };
    let tab = tabs.remove(at).name;
    Ok(Body::Xlsx { book, tab, other_tabs: tabs, hidden_tabs })
}

/// Rows with a number among the first rows of a sheet; `None` for a sheet without a row.
fn people_in(book: &mut Workbook, name: &str) -> Result<Option<usize>, SheetError> {
    let mut reader = XlsxReader::new(book, name)?;
    let mut record = Record::default();
    let (mut rows, mut people) = (0, 0);
    while rows < SAMPLE_ROWS && reader.next(&mut record)? {
        rows += 1;
        people += usize::from(record.cells().any(is_phone));
    }
    Ok((rows > 0).then_some(people))
}

impl Text {
    fn open(mut source: Counted, head: &[u8], file_name: &str) -> Result<Text, SheetError> {
        source.rewind()?;
        let scanned = scan(&mut source, head)?;
        let mut top = String::new();
        let mut cursor = std::io::Cursor::new(head);
        // The head may end within a letter; what then is no letter does not matter here.
        let mut bytes = Vec::new();
        decoded(&mut cursor, scanned.encoding, scanned.mark)?.read_to_end(&mut bytes)?;
        top.push_str(&String::from_utf8_lossy(&bytes));
        let complete = head.len() < HEAD_BYTES;
        let end = top.rfind(['\n', '\r']).filter(|_| !complete).map_or(top.len(), |at| at + 1);
        top.truncate(end);
        let first = top.trim_start_matches('"');
        let said = first.strip_prefix("sep=").and_then(|rest| rest.bytes().next()).filter(u8::is_ascii);
        let says_separator = said.is_some_and(|sign| !matches!(sign, b'\r' | b'\n' | b'"'));
        let hint = file_name.to_ascii_lowercase().ends_with(".tsv").then_some(b'\t');
        let said = said.filter(|_| says_separator);
        let separator = said.unwrap_or_else(|| sniff_separator(&top, scanned.cr_only, hint));
        let (encoding, mark, cr_only) = (scanned.encoding, scanned.mark, scanned.cr_only);
        let wrapped = if said.is_none() { wrapped_lines(&top) } else { None };
        let separator = wrapped.unwrap_or(separator);
        let wrapped = wrapped.is_some();
        Ok(Text { source, encoding, mark, separator, cr_only, says_separator, wrapped })
    }

    /// All of it, for small files.
    fn whole(&mut self) -> Result<String, SheetError> {
        let mut bytes = Vec::new();
        decoded(&mut self.source, self.encoding, self.mark)?.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(if self.cr_only { text.replace('\r', "\n") } else { text })
    }

    fn reader(&mut self) -> Result<TextReader<'_>, SheetError> {
        let input = decoded(&mut self.source, self.encoding, self.mark)?;
        let mut reader = TextReader::new(input, self.separator, self.cr_only).unwrapping(self.wrapped);
        if self.says_separator {
            reader.skip_line()?;
        }
        Ok(reader)
    }
}

/// Rows of either kind.
pub(super) enum Records<'s> {
    Text(TextReader<'s>),
    Xlsx(Box<XlsxReader<'s>>),
}

impl Records<'_> {
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, SheetError> {
        match self {
            Records::Text(reader) => reader.next(record),
            Records::Xlsx(reader) => reader.next(record),
        }
    }
}
