//! What a file may cost before it is refused: a workbook of a few megabytes can unpack to gigabytes.
//!
//! [`survey`] unpacks every part of a workbook once, keeping nothing, before the workbook reader sees it. Everything
//! that the reader would hold in memory (one piece of XML, one cell, the table of shared strings, the styles) is
//! measured. The sizes in a zip directory and the count that a table of strings declares are the sender's words, and
//! are not trusted. [`Share`] then divides what all workbooks that are open at once may hold.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Seek};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::SheetError;
use super::sheet_flags::{SheetFlags, attribute};

/// Most bytes of one cell: Excel's own limit of 32,767 characters, of up to four bytes each.
pub(super) const CELL_BYTES_MAX: usize = 4 * 32_767;
/// Most bytes of one row, in text and in a workbook alike.
pub(super) const ROW_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of the first rows of a sheet that is no list of people; see [`Sheet::cells`](super::Sheet::cells).
pub(super) const CELLS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of one piece of XML: a tag, a text, a comment. The reader holds one whole.
const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// Most bytes of XML that describe one cell; a text in many fonts has a description of each.
const CELL_XML_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Most bytes of one unpacked sheet. A full sheet (1,048,576 rows) of ten columns has about 500 MB.
const SHEET_BYTES_MAX: u64 = 1024 * MB;
/// Most bytes of one unpacked part that is no XML, such as a picture.
const OTHER_BYTES_MAX: u64 = 64 * MB;
/// Most bytes that one open workbook may hold. About three million different texts.
const WORKBOOK_MEMORY_MAX: u64 = 384 * MB;
/// Most bytes that all workbooks that are open at once may hold.
const MEMORY_MAX: u64 = 512 * MB;
/// Most parts of a workbook; one of a hundred sheets with pictures has a few hundred.
const PARTS_MAX: usize = 10_000;
/// Elements within elements; a workbook's own parts have fewer than twenty.
const DEPTH_MAX: usize = 64;
/// What one text, style or name costs besides its own bytes.
const ENTRY_BYTES: u64 = 64;
/// How long opening a workbook waits for others to be closed.
const WAIT: Duration = Duration::from_secs(20);
const MB: u64 = 1024 * 1024;

/// What [`survey`] found.
#[derive(Debug, Default)]
pub(super) struct Surveyed {
    /// Bytes that the open workbook will hold.
    pub(super) memory: u64,
    /// What each sheet hides, by the sheet's name.
    pub(super) marks: HashMap<String, SheetFlags>,
}

/// Unpacks every part of a workbook once, refuses what would not fit, and notes what its sheets hide.
pub(super) fn survey(archive: &mut zip::ZipArchive<impl Read + Seek>) -> Result<Surveyed, SheetError> {
    // One at a time: unpacking is all processor, and a core stays for the sending.
    let _turn = SURVEYING.lock().unwrap_or_else(PoisonError::into_inner);
    if archive.len() > PARTS_MAX {
        return Err(damaged(format!("it has {} parts", archive.len())));
    }
    let mut memory = 0;
    let mut parts = HashMap::new();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let name = part.name().map_err(|error| damaged(error.to_string()))?.to_ascii_lowercase();
        if name.ends_with(".xml") || name.ends_with(".rels") {
            let survey = Survey::of(BufReader::with_capacity(64 * 1024, part))?;
            memory += survey.memory;
            parts.insert(name, survey);
        } else {
            size(part)?;
        }
        if memory > WORKBOOK_MEMORY_MAX {
            return Err(SheetError::TooLarge { mb: memory / MB });
        }
    }
    Ok(Surveyed { memory, marks: marks_by_name(parts) })
}

/// Each sheet's marks under the name that people see: the workbook names an id, its relations the part of that id.
fn marks_by_name(mut parts: HashMap<String, Survey>) -> HashMap<String, SheetFlags> {
    let Some(book) = parts.remove("xl/workbook.xml") else { return HashMap::new() };
    let relations = parts.remove("xl/_rels/workbook.xml.rels").map_or(Vec::new(), |survey| survey.named);
    let target = |id: &str| {
        relations.iter().find(|(known, _)| known == id).map(|(_, target)| target.to_ascii_lowercase())
    };
    let mut marks = HashMap::new();
    for (id, name) in book.named {
        let Some(target) = target(&id) else { continue };
        let part = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
        if let Some(survey) = parts.remove(&part) {
            marks.insert(name, survey.marks);
        }
    }
    marks
}

/// Reads a part that is no XML to its end, or to where it is too large.
fn size(part: impl Read) -> Result<(), SheetError> {
    let bytes = std::io::copy(&mut part.take(OTHER_BYTES_MAX + 1), &mut std::io::sink())?;
    if bytes > OTHER_BYTES_MAX {
        return Err(SheetError::TooLarge { mb: bytes / MB });
    }
    Ok(())
}

fn damaged(detail: impl Into<String>) -> SheetError {
    SheetError::Damaged { detail: detail.into() }
}

/// The progress through one part of a workbook.
#[derive(Default)]
struct Survey {
    /// The number of bytes read so far.
    at: u64,
    /// Names of the elements that are open.
    open: Vec<Vec<u8>>,
    /// The cell or shared text that is open: its depth, and the byte at which it began.
    cell: Option<(usize, u64)>,
    /// The number of rows begun so far.
    rows: u64,
    /// The bytes of memory that the reader will hold.
    memory: u64,
    /// What the sheet hides, as far as it was read.
    marks: SheetFlags,
    /// The row under way, as a spreadsheet counts.
    row: u64,
    /// Whether the open cell has a formula, and whether it has a value.
    formula: (bool, bool),
    /// Whether the open cell's result is text, which may be empty.
    is_text: bool,
    /// The byte at which the open value begins.
    value_at: u64,
    /// Ids with what they name: sheets in the workbook, parts in its relations.
    named: Vec<(String, String)>,
}

impl Survey {
    fn of(mut part: impl BufRead) -> Result<Survey, SheetError> {
        let mut survey = Survey::default();
        let mut tag = Vec::new();
        loop {
            let text = survey.skip_text(&mut part)?;
            if text.ended {
                return Ok(survey);
            }
            survey.read_tag(&mut part, &mut tag)?;
            survey.element(&tag)?;
        }
    }

    /// Passes over text up to and with the next `<`.
    fn skip_text(&mut self, part: &mut impl BufRead) -> Result<Text, SheetError> {
        let mut length = 0;
        loop {
            let piece = part.fill_buf()?;
            if piece.is_empty() {
                return Ok(Text { ended: true });
            }
            let end = piece.iter().position(|byte| *byte == b'<');
            let taken = end.map_or(piece.len(), |at| at + 1);
            no_zero(&piece[..taken])?;
            part.consume(taken);
            length += taken as u64;
            self.advance(taken, length)?;
            if end.is_some() {
                return Ok(Text { ended: false });
            }
        }
    }

    /// Reads what stands between `<` and the `>` that ends it.
    fn read_tag(&mut self, part: &mut impl BufRead, tag: &mut Vec<u8>) -> Result<(), SheetError> {
        tag.clear();
        let mut quote = None;
        loop {
            let piece = part.fill_buf()?;
            if piece.is_empty() {
                return Err(damaged("it ends within a tag"));
            }
            let end = piece.iter().position(|byte| *byte == b'>');
            let taken = end.map_or(piece.len(), |at| at + 1);
            no_zero(&piece[..taken])?;
            let from = tag.len();
            tag.extend_from_slice(&piece[..end.unwrap_or(taken)]);
            part.consume(taken);
            self.advance(taken, tag.len() as u64)?;
            let ended = match tag.as_slice() {
                [b'!', b'-', b'-', rest @ ..] => rest.ends_with(b"--"),
                [b'!', b'[', ..] => tag.ends_with(b"]]"),
                // A DOCTYPE may define texts that grow; no workbook has one.
                [b'!', ..] => return Err(damaged("it defines texts of its own")),
                [b'?', rest @ ..] => rest.ends_with(b"?"),
                _ => {
                    quote = tag[from..].iter().fold(quote, |open, byte| match (open, byte) {
                        (None, b'"' | b'\'') => Some(*byte),
                        (Some(mark), byte) if mark == *byte => None,
                        (open, _) => open,
                    });
                    quote.is_none()
                }
            };
            match (end, ended) {
                (Some(_), true) => return Ok(()),
                (Some(_), false) => tag.push(b'>'),
                (None, _) => {}
            }
        }
    }

    fn advance(&mut self, bytes: usize, piece: u64) -> Result<(), SheetError> {
        self.at += bytes as u64;
        let in_cell = self.cell.map_or(0, |(_, from)| self.at - from);
        if piece > PIECE_BYTES_MAX || in_cell > CELL_XML_BYTES_MAX {
            return Err(SheetError::CellTooLong { line: self.rows });
        }
        if self.at > SHEET_BYTES_MAX {
            return Err(SheetError::TooLarge { mb: self.at / MB });
        }
        Ok(())
    }

    /// Elements have to lie within one another: the reader does not look, and would take what follows for the same
    /// cell.
    fn element(&mut self, tag: &[u8]) -> Result<(), SheetError> {
        if tag.starts_with(b"!") || tag.starts_with(b"?") {
            return Ok(());
        }
        if let Some(name) = tag.strip_prefix(b"/") {
            if self.open.pop().as_deref() != Some(name.trim_ascii_end()) {
                return Err(damaged("its tags do not fit one another"));
            }
            // Excel stores an empty text as `<v></v>` of a text; other programs write the same where they computed
            // nothing.
            if local(name) == b"v" {
                self.formula.1 |= self.is_text || self.at - self.value_at > tag.len() as u64 + 2;
            }
            if let Some((_, from)) = self.cell.filter(|(depth, _)| *depth == self.open.len()) {
                self.cell = None;
                if local(name) == b"c" && self.formula == (true, false) {
                    self.marks.formulas_without_value += 1;
                }
                if local(name) == b"si" {
                    self.memory += ENTRY_BYTES + (self.at - from);
                }
            }
            return Ok(());
        }
        let empty = tag.ends_with(b"/");
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        match local(name) {
            b"row" => {
                self.rows += 1;
                self.row = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(self.row + 1);
                self.marks.row(tag, self.row);
            }
            b"col" => self.marks.columns(tag),
            b"filterColumn" => self.marks.filtered = true,
            b"f" => self.formula.0 = true,
            b"v" if !empty => self.value_at = self.at,
            b"is" if !empty => self.formula.1 = true,
            b"si" if empty => self.memory += ENTRY_BYTES,
            b"c" | b"si" if self.cell.is_none() && !empty => {
                self.cell = Some((self.open.len(), self.at));
                self.formula = (false, false);
                self.is_text = attribute(tag, "t").as_deref() == Some("str");
            }
            b"xf" | b"numFmt" | b"font" | b"fill" | b"border" | b"definedName" | b"sheet"
            | b"Relationship" => {
                self.memory += 4 * ENTRY_BYTES + tag.len() as u64;
                self.name(local(name), tag);
            }
            b"sst" => self.memory = self.memory.saturating_add(declared_texts(tag).saturating_mul(24)),
            _ => {}
        }
        if !empty {
            if self.open.len() == DEPTH_MAX {
                return Err(damaged("its elements lie too deep within one another"));
            }
            self.open.push(name.to_vec());
        }
        Ok(())
    }
}

impl Survey {
    /// Notes which id a sheet of the workbook has, and which part an id is.
    fn name(&mut self, element: &[u8], tag: &[u8]) {
        let pair = match element {
            b"sheet" => (attribute(tag, "r:id").or_else(|| attribute(tag, "id")), attribute(tag, "name")),
            b"Relationship" => (attribute(tag, "Id"), attribute(tag, "Target")),
            _ => return,
        };
        if let (Some(id), Some(named)) = pair {
            self.named.push((id, named));
        }
    }
}

struct Text {
    ended: bool,
}

fn no_zero(piece: &[u8]) -> Result<(), SheetError> {
    if piece.contains(&0) { Err(damaged("it holds zero bytes")) } else { Ok(()) }
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii_end();
    name.iter().position(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}

/// The number of texts that a table declares: the reader makes room for so many before it has read one.
fn declared_texts(tag: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(tag);
    let counts = text.match_indices("uniqueCount").map(|(at, name)| {
        let digits = text[at + name.len()..].chars().skip_while(|c| !c.is_ascii_digit());
        let digits: String = digits.take_while(char::is_ascii_digit).collect();
        // More digits than a number has room for are too many texts.
        digits.parse().unwrap_or(u64::MAX)
    });
    counts.max().unwrap_or(0)
}

/// Held while a workbook is unpacked to be measured.
static SURVEYING: Mutex<()> = Mutex::new(());

/// What all open workbooks of the process hold.
static OPEN: Open = Open { bytes: Mutex::new(0), closed: Condvar::new() };

struct Open {
    bytes: Mutex<u64>,
    closed: Condvar,
}

/// An open workbook's part of the memory that workbooks may hold; given back when it is dropped.
pub(super) struct Share(u64);

impl Share {
    /// Waits until other workbooks are closed when too much is open. Blocks the thread.
    pub(super) fn take(bytes: u64) -> Result<Share, SheetError> {
        Share::within(bytes, WAIT)
    }

    fn within(bytes: u64, wait: Duration) -> Result<Share, SheetError> {
        let until = Instant::now() + wait;
        // A count stays whole whatever panicked.
        let mut open = OPEN.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while *open + bytes > MEMORY_MAX {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SheetError::Busy);
            }
            open = OPEN.closed.wait_timeout(open, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *open += bytes;
        Ok(Share(bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *OPEN.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        OPEN.closed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(xml: &str) -> Result<u64, String> {
        Survey::of(xml.as_bytes()).map(|survey| survey.memory).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_reader_would_hold_is_counted_whatever_the_file_says() {
        assert_eq!(told("<sst><si><t>Asha</t></si><si/></sst>"), Ok(2 * ENTRY_BYTES + 16));
        assert!(told(r#"<sst uniqueCount="900000000000"/>"#).is_ok_and(|bytes| bytes > WORKBOOK_MEMORY_MAX));
        assert!(told(r#"<sst uniqueCount='99999999999999999999999'/>"#).is_ok_and(|bytes| bytes > 1 << 60));
    }

    #[test]
    fn xml_that_hides_its_size_is_refused() {
        let long = "a".repeat(3 * 1024 * 1024);
        let refused = [
            format!("<c><is><t>{long}"),
            format!("<sheetData><row><c r=\"A1\" x=\"{long}\""),
            format!("<a><!-- > {long} -->"),
            format!("<c>{}", "<t>some text</t>".repeat(200_000)),
            // The cell claims an end that it does not have.
            format!("<c><is>{}", "<t>text</t></c><c>".repeat(10)),
            "<!DOCTYPE x><a/>".to_owned(),
            "<a>\0</a>".to_owned(),
            "<a>".repeat(65),
        ];
        for xml in refused {
            assert!(told(&xml).is_err(), "{}", &xml[..30.min(xml.len())]);
        }
        let plain = r#"<?xml version="1.0"?><x:row a="1 > 0"><!-- > --><x:c><![CDATA[ > ]]></x:c></x:row>"#;
        assert!(told(plain).is_ok());
    }

    #[test]
    fn what_is_open_at_once_is_limited_and_given_back() {
        let most = Share::within(MEMORY_MAX, Duration::from_secs(60)).unwrap();
        assert!(matches!(Share::within(1, Duration::ZERO), Err(SheetError::Busy)));
        drop(most);
        assert!(Share::within(MEMORY_MAX, Duration::from_secs(60)).is_ok());
    }
}
