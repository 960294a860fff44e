//! Rows of comma, tab, semicolon or bar separated text.
//!
//! Not the `csv` crate, for one reason: with it, a quotation mark that is opened and never closed swallows the rest of
//! the file into one cell, and the people in it with it. Here such a row is read without the mark, said so, and the
//! next row is the next row. On well-formed text both give the same; a test holds them against each other.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::SheetError;
use super::detect::Encoding;
use super::limits::ROW_BYTES_MAX;
use super::record::Record;

/// Longest line in bytes.
const LINE_BYTES_MAX: u64 = ROW_BYTES_MAX as u64;
/// A cell in quotation marks may run over so many lines and bytes; beyond, its mark counts as never closed.
const QUOTED_LINES_MAX: usize = 60;
const QUOTED_BYTES_MAX: usize = 32 * 1024;
/// After so many marks left open, a mark at a line's end is no longer looked for in the lines below.
const LEFT_OPEN_MAX: u32 = 20;
const BUFFER_BYTES: usize = 256 * 1024;

pub(super) struct TextReader<'s> {
    input: Box<dyn BufRead + 's>,
    separator: u8,
    line_end: u8,
    /// Lines read ahead for a quotation mark that then was not closed.
    ahead: VecDeque<Vec<u8>>,
    line: Vec<u8>,
    row: u64,
    left_open: u32,
    /// Lines stand whole in quotation marks: what is one cell is a line.
    unwraps: bool,
}

impl<'s> TextReader<'s> {
    pub(super) fn new(input: Box<dyn BufRead + 's>, separator: u8, cr_only: bool) -> TextReader<'s> {
        let line_end = if cr_only { b'\r' } else { b'\n' };
        TextReader {
            input,
            separator,
            line_end,
            ahead: VecDeque::new(),
            line: Vec::new(),
            row: 0,
            left_open: 0,
            unwraps: false,
        }
    }

    /// Reads a line that is one cell in quotation marks as the line inside them.
    pub(super) fn unwrapping(self, unwraps: bool) -> Self {
        TextReader { unwraps, ..self }
    }

    /// Excel's `sep=;` line is an instruction and no row.
    pub(super) fn skip_line(&mut self) -> Result<(), SheetError> {
        self.next_line().map(|_| ())
    }

    /// Reads the next row, blank ones too; `false` at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, SheetError> {
        record.clear();
        if !self.next_line()? {
            return Ok(false);
        }
        self.row += 1;
        record.line = self.row;
        if !self.line.contains(&b'"') {
            record.set_plain(&String::from_utf8_lossy(without_end(&self.line)), self.separator);
            return Ok(true);
        }
        match self.complete_quotes()? {
            true => {
                split_quoted(&String::from_utf8_lossy(without_end(&self.line)), self.separator, record);
                if self.unwraps && record.width() == 1 {
                    let inside = record.cell(0).to_owned();
                    record.clear();
                    split_quoted(&inside, self.separator, record);
                }
            }
            false => {
                self.left_open += 1;
                record.quote_left_open = true;
                record.set_plain(&String::from_utf8_lossy(without_end(&self.line)), self.separator);
            }
        }
        Ok(true)
    }

    /// Appends the lines that a cell in quotation marks runs over; gives them back when its end is not found.
    fn complete_quotes(&mut self) -> Result<bool, SheetError> {
        let mut quotes = Quotes::default();
        quotes.read(&self.line, self.separator);
        if !quotes.open {
            return Ok(true);
        }
        quotes.strange = false; // only letters behind a mark that closes further down are a sign
        let mut whole = std::mem::take(&mut self.line);
        let first = whole.len();
        let mut taken: Vec<usize> = Vec::new();
        while quotes.open && self.left_open < LEFT_OPEN_MAX {
            if taken.len() == QUOTED_LINES_MAX || whole.len() > QUOTED_BYTES_MAX || !self.next_line()? {
                break;
            }
            quotes.read(&self.line, self.separator);
            whole.extend_from_slice(&self.line);
            taken.push(self.line.len());
        }
        // A mark that "closes" lines below and is followed by letters opened something else.
        let closed = !quotes.open && !quotes.strange;
        if !closed {
            let mut end = whole.len();
            for count in taken.into_iter().rev() {
                self.ahead.push_front(whole[end - count..end].to_vec());
                end -= count;
            }
            whole.truncate(first);
        }
        self.line = whole;
        Ok(closed)
    }

    fn next_line(&mut self) -> Result<bool, SheetError> {
        self.line.clear();
        if let Some(line) = self.ahead.pop_front() {
            self.line = line;
            return Ok(true);
        }
        let count = (&mut *self.input).take(LINE_BYTES_MAX).read_until(self.line_end, &mut self.line)?;
        if count as u64 == LINE_BYTES_MAX && self.line.last() != Some(&self.line_end) {
            return Err(SheetError::LineTooLong { line: self.row + 1 });
        }
        Ok(count > 0)
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a text ends inside a cell in quotation marks, read line by line.
#[derive(Default)]
struct Quotes {
    open: bool,
    /// The text stands right behind a mark inside an open cell: it closed it, or is the first of a doubled one.
    behind_mark: bool,
    /// Letters followed a closing mark.
    strange: bool,
}

impl Quotes {
    fn read(&mut self, line: &[u8], separator: u8) {
        let mut cell_start = !self.open;
        let mut closed = false;
        for byte in line {
            match (*byte, self.open) {
                (b'"', true) => {
                    self.open = false;
                    self.behind_mark = true;
                    closed = true;
                    continue;
                }
                (_, true) => {}
                // A doubled mark stands for one and leaves the cell open.
                (b'"', false) if self.behind_mark => self.open = true,
                (b'"', false) if cell_start => self.open = true,
                (byte, false) if byte == separator => {
                    cell_start = true;
                    closed = false;
                    self.behind_mark = false;
                    continue;
                }
                (b' ' | b'\r' | b'\n' | b'\t', false) => {}
                (_, false) => self.strange |= closed,
            }
            cell_start = false;
            self.behind_mark = false;
        }
    }
}

/// Splits a text whose quotation marks are closed. What follows a closing mark belongs to the cell.
fn split_quoted(text: &str, separator: u8, record: &mut Record) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let from = record.text_len();
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            while let Some(count) = bytes[at..].iter().position(|byte| *byte == b'"') {
                record.push(&text[at..at + count]);
                at += count + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                record.push("\"");
                at += 1;
            }
        }
        let rest = &bytes[at..];
        let count = rest.iter().position(|byte| *byte == separator).unwrap_or(rest.len());
        record.push(&text[at..at + count]);
        record.end_cell(from);
        at += count;
        if at == bytes.len() {
            return;
        }
        at += 1;
    }
}

/// Opens the text behind its mark, decoded to UTF-8.
pub(super) fn decoded<'s>(
    source: &'s mut (impl Read + Seek),
    encoding: Encoding,
    mark: u64,
) -> io::Result<Box<dyn BufRead + 's>> {
    source.seek(SeekFrom::Start(mark))?;
    Ok(match encoding {
        Encoding::Utf8 => Box::new(BufReader::with_capacity(BUFFER_BYTES, source)),
        other => Box::new(Decoding::new(source, other)),
    })
}

/// Turns another encoding into UTF-8, a piece at a time.
struct Decoding<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Raw bytes not decoded yet.
    left: std::ops::Range<usize>,
    text: Vec<u8>,
    ready: std::ops::Range<usize>,
    ended: bool,
}

impl<R: Read> Decoding<R> {
    fn new(source: R, encoding: Encoding) -> Decoding<R> {
        let from = match encoding {
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => WINDOWS_1252,
            Encoding::Utf8 => encoding_rs::UTF_8,
        };
        Decoding {
            source,
            decoder: from.new_decoder_without_bom_handling(),
            raw: vec![0; BUFFER_BYTES / 4],
            left: 0..0,
            text: vec![0; BUFFER_BYTES],
            ready: 0..0,
            ended: false,
        }
    }
}

impl<R: Read> BufRead for Decoding<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.ready.is_empty() && !self.ended {
            if self.left.is_empty() {
                self.left = 0..self.source.read(&mut self.raw)?;
            }
            let last = self.left.is_empty();
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.raw[self.left.clone()], &mut self.text, last);
            self.left.start += read;
            self.ready = 0..written;
            self.ended = last && result == encoding_rs::CoderResult::InputEmpty;
        }
        Ok(&self.text[self.ready.clone()])
    }

    fn consume(&mut self, count: usize) {
        self.ready.start += count;
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// The separator that cuts the first lines into the most even columns. `hint` wins when two do equally well.
pub(super) fn sniff_separator(head: &str, cr_only: bool, hint: Option<u8>) -> u8 {
    let mut best = (hint.unwrap_or(b','), 0.0, 1);
    for separator in hint.into_iter().chain([b',', b'\t', b';', b'|']) {
        let (evenness, width) = evenness(head, separator, cr_only);
        if width > 1 && (evenness, width) > (best.1, best.2) {
            best = (separator, evenness, width);
        }
    }
    best.0
}

/// The separator of a text whose lines stand whole in quotation marks, as when a CSV was pasted into one column of a spreadsheet and
/// saved again. `None` when most lines are not so, or when their insides do not make a table whose first line is as wide as the others.
pub(super) fn wrapped_lines(head: &str) -> Option<u8> {
    let lines: Vec<&str> =
        head.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).take(100).collect();
    let mut wrapped = 0;
    let inside: Vec<String> = lines
        .iter()
        .map(|line| match line.strip_prefix('"').and_then(|line| line.strip_suffix('"')) {
            // One cell: each mark inside is doubled.
            Some(inside) if !inside.replace("\"\"", "").contains('"') => {
                wrapped += 1;
                inside.replace("\"\"", "\"")
            }
            _ => (*line).to_owned(),
        })
        .collect();
    if lines.len() < 2 || wrapped * 2 < lines.len() {
        return None;
    }
    let text = inside.join("\n");
    let separator = sniff_separator(&text, false, None);
    let (share, width) = evenness(&text, separator, false);
    let (_, first) = evenness(inside.first().map_or("", String::as_str), separator, false);
    (width > 1 && share >= 0.8 && first == width).then_some(separator)
}

/// The share of rows that have the commonest number of cells, and that number.
fn evenness(head: &str, separator: u8, cr_only: bool) -> (f64, usize) {
    let mut reader = TextReader::new(Box::new(head.as_bytes()), separator, cr_only);
    let mut record = Record::default();
    let mut widths = std::collections::BTreeMap::<usize, usize>::new();
    let mut rows = 0;
    while rows < 100 && reader.next(&mut record).unwrap_or(false) {
        if !record.is_blank() {
            rows += 1;
            *widths.entry(record.width()).or_default() += 1;
        }
    }
    let commonest =
        widths.into_iter().filter(|(width, _)| *width > 1).max_by_key(|(width, count)| (*count, *width));
    commonest.map_or((0.0, 1), |(width, count)| (count as f64 / rows as f64, width))
}

#[cfg(test)]
pub(super) fn split_all(text: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader = TextReader::new(Box::new(text.as_bytes()), separator, false);
    let mut record = Record::default();
    let mut rows = Vec::new();
    while reader.next(&mut record).unwrap() {
        rows.push(record.cells().map(str::to_owned).collect());
    }
    rows
}
