//! Rows of a workbook, streamed out of its first visible sheet that has cells.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::{BufReader, Read, Seek};

use calamine::{
    Cell, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError,
};

use super::SheetError;
use super::detect::Counted;
use super::limits::{self, CELL_BYTES_MAX, ROW_BYTES_MAX, Share};
use super::record::Record;
use super::sheet_flags::SheetFlags;

/// An open workbook, and its share of the memory that workbooks may hold.
pub(super) struct Workbook {
    book: Xlsx<BufReader<Counted>>,
    /// What each sheet hides, by the name of the sheet.
    marks: HashMap<String, SheetFlags>,
    _share: Share,
}

impl Workbook {
    /// What a sheet hides.
    pub(super) fn marks(&self, tab: &str) -> SheetFlags {
        self.marks.get(tab).cloned().unwrap_or_default()
    }
}

/// Opens a zip file as a workbook, or says what it is instead.
pub(super) fn open(source: Counted) -> Result<Workbook, SheetError> {
    let mut source = BufReader::with_capacity(64 * 1024, source);
    let mut archive = zip::ZipArchive::new(&mut source).map_err(damaged)?;
    let parts = Parts::of(&mut archive)?;
    if !parts.workbook {
        return Err(parts.what_else());
    }
    let surveyed = limits::survey(&mut archive)?;
    let share = Share::take(surveyed.memory)?;
    source.rewind()?;
    Ok(Workbook { book: Xlsx::new(source)?, marks: surveyed.marks, _share: share })
}

/// What a zip file holds, by the names in its directory.
#[derive(Default)]
struct Parts {
    workbook: bool,
    binary: bool,
    open_document: bool,
    word: bool,
    slides: bool,
}

impl Parts {
    fn of(archive: &mut zip::ZipArchive<impl Read + Seek>) -> Result<Parts, SheetError> {
        let mut parts = Parts::default();
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index).map_err(damaged)?;
            let name = part.name().map_err(damaged)?.to_ascii_lowercase();
            parts.workbook |= name == "xl/workbook.xml" || name.ends_with("/workbook.xml");
            parts.binary |= name == "xl/workbook.bin";
            parts.open_document |= name == "content.xml";
            parts.word |= name.starts_with("word/");
            parts.slides |= name.starts_with("ppt/");
        }
        Ok(parts)
    }

    fn what_else(&self) -> SheetError {
        match self {
            Parts { binary: true, .. } => SheetError::BinaryExcel,
            Parts { open_document: true, .. } => SheetError::OpenDocument,
            Parts { word: true, .. } => SheetError::NotATable { what: "a Word document" },
            Parts { slides: true, .. } => SheetError::NotATable { what: "a presentation" },
            _ => SheetError::Archive,
        }
    }
}

fn damaged(error: zip::result::ZipError) -> SheetError {
    SheetError::Damaged { detail: error.to_string() }
}

impl From<XlsxError> for SheetError {
    fn from(error: XlsxError) -> SheetError {
        match error {
            XlsxError::Password => SheetError::Password,
            XlsxError::Io(error) => SheetError::Io(error),
            other => SheetError::Damaged { detail: other.to_string() },
        }
    }
}

/// The visible sheets that hold tables, in the order of their tabs.
pub(super) fn tabs(book: &Workbook) -> Vec<String> {
    named(book, |visible| visible == SheetVisible::Visible)
}

/// The sheets that hold tables and that nobody sees who opens the workbook: hidden by a person, or by a program so that no menu shows them.
pub(super) fn hidden_tabs(book: &Workbook) -> Vec<String> {
    named(book, |visible| visible != SheetVisible::Visible)
}

fn named(book: &Workbook, fits: impl Fn(SheetVisible) -> bool) -> Vec<String> {
    let meant = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && fits(sheet.visible);
    book.book.sheets_metadata().iter().filter(meant).map(|sheet| sheet.name.clone()).collect()
}

pub(super) struct XlsxReader<'s> {
    cells: XlsxCellReader<'s, BufReader<Counted>>,
    /// The first cell of the next row, met while looking for the end of this one.
    held: Option<Cell<DataRef<'s>>>,
    /// The sheet's end was met; reading on would run into what stands behind it.
    ended: bool,
}

impl<'s> XlsxReader<'s> {
    pub(super) fn new(book: &'s mut Workbook, tab: &str) -> Result<XlsxReader<'s>, SheetError> {
        Ok(XlsxReader { cells: book.book.worksheet_cells_reader(tab)?, held: None, ended: false })
    }

    /// Reads the next row that has a cell; `false` at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, SheetError> {
        record.clear();
        let first = match self.held.take() {
            Some(cell) => cell,
            None => match self.next_filled()? {
                Some(cell) => cell,
                None => return Ok(false),
            },
        };
        let row = first.get_position().0;
        record.line = u64::from(row) + 1;
        put(&first, record)?;
        while let Some(cell) = self.next_filled()? {
            if cell.get_position().0 != row {
                self.held = Some(cell);
                break;
            }
            put(&cell, record)?;
        }
        Ok(true)
    }

    fn next_filled(&mut self) -> Result<Option<Cell<DataRef<'s>>>, SheetError> {
        while !self.ended {
            let Some(cell) = self.cells.next_cell()? else {
                self.ended = true;
                break;
            };
            if *cell.get_value() != DataRef::Empty {
                return Ok(Some(cell));
            }
        }
        Ok(None)
    }
}

/// A shared text costs the file a few bytes wherever it stands again: its length is looked at for each cell.
fn put(cell: &Cell<DataRef<'_>>, record: &mut Record) -> Result<(), SheetError> {
    let length = match cell.get_value() {
        DataRef::String(words) => words.len(),
        DataRef::SharedString(words) => words.len(),
        _ => 0,
    };
    if length > CELL_BYTES_MAX {
        return Err(SheetError::CellTooLong { line: record.line });
    }
    if record.text_len() + length > ROW_BYTES_MAX {
        return Err(SheetError::LineTooLong { line: record.line });
    }
    record.set(cell.get_position().1 as usize, |text| write_value(cell.get_value(), text));
    Ok(())
}

/// A value as text, without loss: numbers with every digit and no exponent, moments as `2026-05-12 19:00:00`.
fn write_value(value: &DataRef<'_>, text: &mut String) {
    let written = match value {
        DataRef::Int(number) => write!(text, "{number}"),
        DataRef::Float(number) => write!(text, "{number}"),
        DataRef::String(words) => write!(text, "{words}"),
        DataRef::SharedString(words) => write!(text, "{words}"),
        DataRef::Bool(truth) => write!(text, "{}", if *truth { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(moment) => write_moment(moment, text),
        DataRef::DateTimeIso(words) | DataRef::DurationIso(words) => write!(text, "{words}"),
        DataRef::Error(error) => write!(text, "{error}"),
        DataRef::Empty => Ok(()),
    };
    written.expect("writing to a String cannot fail");
}

/// The last day that Excel has, 31 December 9999. A number beyond it is a phone number in a column formatted as date.
const LAST_DAY: f64 = 2_958_466.0;

fn write_moment(moment: &ExcelDateTime, text: &mut String) -> std::fmt::Result {
    let days = moment.as_f64();
    if !(0.0..LAST_DAY).contains(&days) || moment.is_duration() {
        return write!(text, "{days}");
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    match (days < 1.0, days.fract() == 0.0) {
        (true, false) => write!(text, "{hour:02}:{minute:02}:{second:02}"),
        (_, true) => write!(text, "{year:04}-{month:02}-{day:02}"),
        (false, false) => write!(text, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
    }
}
