//! What a file is, found from its bytes; its name is only a hint.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::SheetError;

/// Anything a sheet can be read from: a file, an upload in memory.
pub trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// A source that tells how far it has been read, for progress bars.
pub(super) struct Counted {
    inner: Box<dyn Source>,
    at: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(inner: Box<dyn Source>) -> Counted {
        Counted { inner, at: Arc::default() }
    }

    /// Bytes from the start of the file to where reading stands.
    pub(super) fn position(&self) -> Arc<AtomicU64> {
        self.at.clone()
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.at.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(to)?;
        self.at.store(at, Ordering::Relaxed);
        Ok(at)
    }
}

/// How a text file's bytes become letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without its mark.
    Utf8,
    /// UTF-16 with the low byte first: Excel's "Unicode text".
    Utf16Le,
    /// UTF-16 with the high byte first.
    Utf16Be,
    /// Western Windows: what is left when nothing else fits.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16 LE",
            Encoding::Utf16Be => "UTF-16 BE",
            Encoding::Windows1252 => "Windows-1252",
        })
    }
}

/// What the first bytes say.
pub(super) enum Magic {
    Zip,
    Text,
}

/// Tells a workbook from text, and names what is neither.
pub(super) fn magic(head: &[u8]) -> Result<Magic, SheetError> {
    const NOT_TABLES: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF"),
        (b"\x89PNG", "a picture"),
        (b"\xFF\xD8\xFF", "a picture"),
        (b"GIF8", "a picture"),
        (b"{\\rtf", "a text document"),
        (b"SQLite format 3", "a database"),
        (b"BEGIN:VCARD", "an address book (vCard)"),
    ];
    const ARCHIVES: &[&[u8]] =
        &[b"\x1F\x8B", b"Rar!", b"7z\xBC\xAF", b"BZh", b"\xFD7zXZ", b"\x28\xB5\x2F\xFD"];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Magic::Zip);
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0") {
        // The same container holds old workbooks and new ones under a password; the latter name their part.
        let name: Vec<u8> = "EncryptedPackage".bytes().flat_map(|b| [b, 0]).collect();
        let encrypted = head.windows(name.len()).any(|window| window == name);
        return Err(if encrypted { SheetError::Password } else { SheetError::OldExcel });
    }
    if let Some((_, what)) = NOT_TABLES.iter().find(|(start, _)| head.starts_with(start)) {
        return Err(SheetError::NotATable { what });
    }
    if ARCHIVES.iter().any(|start| head.starts_with(start)) {
        return Err(SheetError::Archive);
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let start: Vec<u8> = text.iter().take(9).map(u8::to_ascii_lowercase).collect();
    let markup: [&[u8]; 5] = [b"<?xml", b"<html", b"<!doctype", b"<table", b"<meta"];
    if markup.iter().any(|tag| start.starts_with(tag)) {
        return Err(SheetError::Markup);
    }
    // A list of objects, or one: no row of a table begins so.
    let json = match text {
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[')),
        [b'{', rest @ ..] => rest.trim_ascii_start().first() == Some(&b'"'),
        _ => false,
    };
    match json {
        true => Err(SheetError::NotATable { what: "JSON" }),
        false => Ok(Magic::Text),
    }
}

/// What reading a text file once from end to end told.
pub(super) struct TextStructure {
    pub(super) encoding: Encoding,
    /// Bytes of the mark at its start.
    pub(super) mark: u64,
    /// Lines end with a bare carriage return, as on old Macs.
    pub(super) cr_only: bool,
}

/// Reads the whole source once, because the first letter that tells Windows-1252 from UTF-8 may be in the last row.
pub(super) fn scan(source: &mut impl Read, head: &[u8]) -> Result<TextStructure, SheetError> {
    let marked = match head {
        [0xEF, 0xBB, 0xBF, ..] => Some((Encoding::Utf8, 3)),
        [0xFF, 0xFE, ..] => Some((Encoding::Utf16Le, 2)),
        [0xFE, 0xFF, ..] => Some((Encoding::Utf16Be, 2)),
        _ => utf16_without_mark(head).map(|encoding| (encoding, 0)),
    };
    if let Some((encoding @ (Encoding::Utf16Le | Encoding::Utf16Be), mark)) = marked {
        return Ok(TextStructure { encoding, mark, cr_only: utf16_cr_only(head) });
    }
    let tally = Tally::of(source)?;
    if let Some(at) = tally.first_nul {
        return Err(SheetError::Binary { at });
    }
    if tally.controls * 20 > tally.bytes {
        return Err(SheetError::Binary { at: 0 });
    }
    // A few broken letters in a text that is otherwise UTF-8 are damage; many are another encoding.
    let utf8 = marked.is_some() || tally.broken * 10 <= tally.letters;
    let encoding = if utf8 { Encoding::Utf8 } else { Encoding::Windows1252 };
    let mark = marked.map_or(0, |(_, mark)| mark);
    Ok(TextStructure { encoding, mark, cr_only: tally.lf == 0 && tally.cr > 0 })
}

/// In UTF-16, commas, digits and line ends are a byte and a zero byte, with the zero always on the same side. They make
/// at least a fifth of a list with numbers, in any language.
fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    let head = &head[..head.len().min(4096) & !1];
    let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match head.len() / 2 {
        0..=1 => None,
        units if even == 0 && odd * 5 >= units => Some(Encoding::Utf16Le),
        units if odd == 0 && even * 5 >= units => Some(Encoding::Utf16Be),
        _ => None,
    }
}

fn utf16_cr_only(head: &[u8]) -> bool {
    let has = |sign: u8| head.chunks_exact(2).any(|unit| unit == [sign, 0] || unit == [0, sign]);
    has(b'\r') && !has(b'\n')
}

#[derive(Default)]
struct Tally {
    bytes: u64,
    first_nul: Option<u64>,
    controls: u64,
    lf: u64,
    cr: u64,
    /// Whole letters beyond ASCII in UTF-8.
    letters: u64,
    /// Bytes that are no UTF-8.
    broken: u64,
}

impl Tally {
    fn of(source: &mut impl Read) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let mut buffer = vec![0; 256 * 1024];
        let mut kept = 0; // the start of a letter whose end is in the next piece
        loop {
            let count = source.read(&mut buffer[kept..])?;
            let piece = &buffer[..kept + count];
            if count == 0 {
                tally.broken += u64::from(kept > 0);
                return Ok(tally);
            }
            tally.count(&buffer[kept..kept + count]);
            let rest = if piece.is_ascii() { piece.len() } else { tally.check_utf8(piece) };
            let end = piece.len();
            buffer.copy_within(rest..end, 0);
            kept = end - rest;
        }
    }

    fn count(&mut self, piece: &[u8]) {
        if self.first_nul.is_none() {
            self.first_nul = piece.iter().position(|byte| *byte == 0).map(|at| self.bytes + at as u64);
        }
        self.bytes += piece.len() as u64;
        for byte in piece {
            self.lf += u64::from(*byte == b'\n');
            self.cr += u64::from(*byte == b'\r');
            self.controls +=
                u64::from(*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | 0x1A));
        }
    }

    /// Counts letters and damage; tells where an unfinished letter at the end begins.
    fn check_utf8(&mut self, piece: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let (valid, step) = match std::str::from_utf8(&piece[at..]) {
                Ok(text) => (text.len(), None),
                Err(error) => (error.valid_up_to(), Some(error.error_len())),
            };
            self.letters += piece[at..at + valid].iter().filter(|byte| **byte >= 0xC0).count() as u64;
            at += valid;
            match step {
                None | Some(None) => return at,
                Some(Some(broken)) => {
                    self.broken += 1;
                    at += broken;
                }
            }
        }
    }
}
