//! The people of a sheet, streamed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::phone::Country;
use domain::time::Zone;

use super::person::Row;
use super::reading::Reading;
use super::record::Record;
use super::shape::{Kept, Shape};
use super::sheet::Records;
use super::states::StatusSeen;
use super::{Mapping, SheetError};

/// How far reading is, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file read so far. In a workbook a place in the file: it may begin in the middle.
    pub bytes: u64,
    /// The size of the file in bytes.
    pub bytes_total: u64,
    /// Rows given out so far.
    pub rows: u64,
}

/// What reading a whole file told besides its people; complete when [`Rows`] has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// The words of the status columns, the commonest first.
    pub statuses: Vec<StatusSeen>,
    /// Rows that are no people: titles again, totals, notes.
    pub no_people: u64,
    /// Rows of another table in the same sheet, and the line on which the first such table begins.
    pub other_table: u64,
    /// The line of that table's titles.
    pub other_table_line: Option<u64>,
    /// Rows that the workbook hides and that were left out.
    pub hidden_rows: u64,
}

/// What is known about the layout of a sheet.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// The first line below the header.
    pub(super) first_line: u64,
    /// Columns that rows are meant to have.
    pub(super) width: usize,
    /// The titles of the columns.
    pub(super) titles: Vec<Option<String>>,
    /// Columns that nearly every person has filled.
    pub(super) usual: Vec<usize>,
    /// Columns that say whose the number of the row is.
    pub(super) whose: Vec<usize>,
    /// Columns with a country besides the chosen one: where that says nothing, they do.
    pub(super) countries: Vec<usize>,
    /// The columns that hold amounts of money.
    pub(super) amounts: Vec<usize>,
    /// The lines that the sheet hides, as pairs of first and last. Their rows are left out.
    pub(super) hidden: Vec<(u64, u64)>,
}

/// The people of a sheet, one row at a time. After an error it ends.
pub struct Rows<'s> {
    records: Records<'s>,
    record: Record,
    /// The row behind, read already to tell what this one is.
    ahead: Option<Record>,
    reading: Reading,
    shape: Shape,
    position: (Arc<AtomicU64>, u64),
    given: u64,
    ended: bool,
}

impl<'s> Rows<'s> {
    pub(super) fn new(
        records: Records<'s>,
        mapping: Mapping,
        home: Country,
        layout: Layout,
        position: (Arc<AtomicU64>, u64),
    ) -> Rows<'s> {
        let reading = Reading::new(&mapping, home, &layout);
        let shape = Shape::new(&mapping, layout);
        let record = Record::default();
        Rows { records, record, ahead: None, reading, shape, position, given: 0, ended: false }
    }

    /// Reads dates without an offset in that zone; India's unless said.
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.reading.zone = zone;
        self
    }

    /// How far reading is.
    pub fn progress(&self) -> Progress {
        let bytes = self.position.0.load(Ordering::Relaxed).min(self.position.1);
        Progress { bytes, bytes_total: self.position.1, rows: self.given }
    }

    /// What was met besides people so far.
    pub fn told(&self) -> ReadSummary {
        ReadSummary { statuses: self.reading.states.seen(), ..self.shape.told() }
    }

    fn advance(&mut self) -> Result<bool, SheetError> {
        match self.ahead.take() {
            Some(record) => {
                self.record = record;
                Ok(true)
            }
            None => self.records.next(&mut self.record),
        }
    }

    fn read_row(&mut self) -> Result<Option<Row>, SheetError> {
        while self.advance()? {
            if self.ahead.is_none() && self.shape.needs_next(&self.record) {
                let mut next = Record::default();
                if self.records.next(&mut next)? {
                    self.ahead = Some(next);
                }
            }
            let kept = self.shape.keep(&self.record, self.ahead.as_ref(), self.reading.phones());
            let in_doubt = match kept {
                Kept::Person => false,
                Kept::InDoubt => true,
                Kept::NoPerson => continue,
                Kept::Section(words) => {
                    self.reading.states.begin_section(&words);
                    continue;
                }
                Kept::Header(order) => {
                    self.reading.reorder(order);
                    continue;
                }
            };
            self.given += 1;
            return Ok(Some(self.reading.row(&self.record, in_doubt, self.shape.width())));
        }
        Ok(None)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read_row().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}
