//! One row of a file, in memory that is used again for the next.

/// The cells of one row. Cells are slices of one text, so that a million rows allocate next to nothing.
#[derive(Default)]
pub(super) struct Record {
    /// The row as a spreadsheet counts, from 1.
    pub(super) line: u64,
    text: String,
    spans: Vec<(usize, usize)>,
    /// A quotation mark was opened and never closed; the row was read as if it were not there.
    pub(super) quote_left_open: bool,
    /// More cells than [`COLUMNS_MAX`]; the rest was not read.
    pub(super) cut: bool,
}

/// Columns read; a wider row is no list of people.
pub(super) const COLUMNS_MAX: usize = 1_000;

impl Record {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.quote_left_open = false;
        self.cut = false;
    }

    /// The cell of a column, without the spaces around it; empty when the row is shorter.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.spans.get(column).map_or("", |(from, to)| trim(&self.text[*from..*to]))
    }

    /// The cells as they stand, with the spaces around them.
    pub(super) fn whole_cells(&self) -> impl Iterator<Item = &str> {
        self.spans.iter().map(|(from, to)| &self.text[*from..*to])
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.spans.len()).map(|column| self.cell(column))
    }

    pub(super) fn width(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.cells().all(str::is_empty)
    }

    /// Adds text to the cell that [`Record::end_cell`] will close.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Closes the cell that began at the end of the one before.
    pub(super) fn end_cell(&mut self, from: usize) {
        if self.spans.len() == COLUMNS_MAX {
            self.cut |= from < self.text.len();
            return;
        }
        self.spans.push((from, self.text.len()));
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Writes the cell of a column out of order, as workbooks leave out empty ones.
    pub(super) fn set(&mut self, column: usize, write: impl FnOnce(&mut String)) {
        if column >= COLUMNS_MAX {
            self.cut = true;
            return;
        }
        if column >= self.spans.len() {
            self.spans.resize(column + 1, (0, 0));
        }
        let from = self.text.len();
        write(&mut self.text);
        self.spans[column] = (from, self.text.len());
    }

    /// Takes a whole line and its separators' places at once: the fast path for lines without quotation marks.
    pub(super) fn set_plain(&mut self, line: &str, separator: u8) {
        self.text.push_str(line);
        let mut from = 0;
        for (at, byte) in line.bytes().enumerate() {
            if byte == separator {
                self.push_span(from, at);
                from = at + 1;
            }
        }
        self.push_span(from, line.len());
    }

    fn push_span(&mut self, from: usize, to: usize) {
        match self.spans.len() < COLUMNS_MAX {
            true => self.spans.push((from, to)),
            false => self.cut |= to > from,
        }
    }
}

/// Trims spaces, controls and the marks without a shape that exports leave at the ends of cells.
pub(super) fn trim(cell: &str) -> &str {
    let edge = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{FEFF}' | '\u{200B}');
    match cell.as_bytes() {
        [] => cell,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim_matches(edge),
    }
}
