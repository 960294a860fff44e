//! Whether the file behind an address can be posted: what it is, how large, and whether it can be fetched. A gateway
//! fetches it later, from another machine: what is looked at here is what it will meet.

use std::fmt;

use crate::post::MediaKind;

/// Most bytes of a picture or a video: more is refused by WhatsApp or made smaller (docs/facts/groups.md §3).
pub const PICTURE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most bytes of a document: our own ceiling.
pub const DOCUMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// So many bytes of the beginning of a file tell what it is.
pub const FIRST_BYTES: usize = 512;

/// The kind of a file, as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// A picture that every phone shows.
    Picture,
    /// A picture in a form that WhatsApp does not show, such as HEIC, GIF or SVG.
    OddPicture,
    /// An MP4 video.
    Video,
    /// A video in a form that WhatsApp does not show, such as AVI or WebM.
    OddVideo,
    /// A web page: what a link to a shared file mostly leads to.
    Page,
    /// Any other file.
    Other,
}

impl FileForm {
    /// By its first bytes; what the server calls it is not believed.
    pub fn of(first: &[u8]) -> FileForm {
        let at = |from: usize, bytes: &[u8]| first.get(from..from + bytes.len()) == Some(bytes);
        let words: String =
            first.iter().take(FIRST_BYTES).map(|byte| byte.to_ascii_lowercase() as char).collect();
        let words = words.trim_start_matches(['\u{ef}', '\u{bb}', '\u{bf}']).trim_start();
        let brand = first.get(8..12).unwrap_or_default();
        match () {
            () if at(0, b"\xff\xd8\xff") || at(0, b"\x89PNG\r\n\x1a\n") => FileForm::Picture,
            () if at(0, b"RIFF") && at(8, b"WEBP") => FileForm::Picture,
            () if at(4, b"ftyp") && matches!(brand, b"heic" | b"heix" | b"mif1" | b"avif") => {
                FileForm::OddPicture
            }
            () if at(4, b"ftyp") && brand != b"qt  " => FileForm::Video,
            () if at(4, b"ftyp") || at(0, b"\x1a\x45\xdf\xa3") => FileForm::OddVideo,
            () if at(0, b"RIFF") && at(8, b"AVI ") => FileForm::OddVideo,
            () if at(0, b"GIF8") || at(0, b"BM") || at(0, b"II*\0") || at(0, b"MM\0*") => {
                FileForm::OddPicture
            }
            () if words.starts_with("<svg") || words.starts_with("<?xml") && words.contains("<svg") => {
                FileForm::OddPicture
            }
            () if words.starts_with("<!doctype html") || words.starts_with("<html") => FileForm::Page,
            () if words.starts_with('<') && words.contains("<head") => FileForm::Page,
            () => FileForm::Other,
        }
    }
}

/// As what a file is posted that somebody brings under a kind: what is neither picture nor film is a document, and a film is no picture. Whoever
/// says *document* means it.
pub fn kind_of(said: MediaKind, first: &[u8]) -> MediaKind {
    match (said, FileForm::of(first)) {
        (MediaKind::Document, _) | (_, FileForm::Other) => MediaKind::Document,
        (MediaKind::Image | MediaKind::Video, FileForm::Picture | FileForm::OddPicture) => MediaKind::Image,
        (MediaKind::Image | MediaKind::Video, FileForm::Video | FileForm::OddVideo) => MediaKind::Video,
        (said, FileForm::Page) => said,
    }
}

/// What a file is served as, by its first bytes. Anything that a browser could run is served as bytes.
pub fn mime_of(first: &[u8]) -> &'static str {
    match FileForm::of(first) {
        FileForm::Picture if first.starts_with(b"\x89") => "image/png",
        FileForm::Picture if first.starts_with(b"RIFF") => "image/webp",
        FileForm::Picture => "image/jpeg",
        FileForm::Video => "video/mp4",
        FileForm::Other if first.starts_with(b"%PDF-") => "application/pdf",
        FileForm::OddPicture | FileForm::OddVideo | FileForm::Page | FileForm::Other => {
            "application/octet-stream"
        }
    }
}

/// What was met at the address of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// How the server answered, as an HTTP status.
    pub status: u16,
    /// Bytes of the whole file, where the server says.
    pub bytes: Option<u64>,
    /// Its first bytes, at most [`FIRST_BYTES`].
    pub first: Vec<u8>,
}

/// Why a file cannot be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaProblem {
    /// Nothing answered at the address; why, in words.
    Unreachable(String),
    /// The address leads on to another one, which gateways may not follow.
    LeadsOn,
    /// The server does not give it out.
    Refused(u16),
    /// There is nothing in it.
    Empty,
    /// It is a web page.
    Page,
    /// It is no picture that phones show.
    NoPicture,
    /// It is no video that phones show.
    NoVideo,
    /// Files take all the room that there is for them here.
    NoRoom,
    /// It is larger than it may be.
    TooLarge {
        /// Size of the file, in bytes.
        bytes: u64,
        /// Largest size that is posted, in bytes.
        max: u64,
    },
}

/// A size as people write it.
fn mb(bytes: u64) -> String {
    let tenths = (bytes * 10).div_ceil(1024 * 1024);
    if tenths.is_multiple_of(10) {
        format!("{} MB", tenths / 10)
    } else {
        format!("{}.{} MB", tenths / 10, tenths % 10)
    }
}

impl fmt::Display for MediaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MediaProblem::Unreachable(why) => write!(f, "The file cannot be fetched: {why}"),
            MediaProblem::LeadsOn => f.write_str("The file’s address leads on to another address"),
            MediaProblem::Refused(404 | 410) => f.write_str("There is no file at the address"),
            MediaProblem::Refused(401 | 403) => f.write_str("The file is not given out to everybody"),
            MediaProblem::Refused(status) => write!(f, "The file’s server answered {status}"),
            MediaProblem::Empty => f.write_str("The file is empty"),
            MediaProblem::Page => f.write_str("The address shows a web page and no file"),
            MediaProblem::NoPicture => f.write_str("The file is no picture that every phone shows"),
            MediaProblem::NoVideo => f.write_str("The file is no video that every phone shows"),
            MediaProblem::NoRoom => f.write_str("There is no room for another file"),
            MediaProblem::TooLarge { bytes, max } => {
                write!(f, "The file has {}; {} is the most", mb(*bytes), mb(*max))
            }
        }
    }
}

impl MediaProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            MediaProblem::Unreachable(_) => {
                "Open the address in a browser. The gateway has to reach it without a password."
            }
            MediaProblem::LeadsOn => "Take the address that it ends at.",
            MediaProblem::Refused(404 | 410) => "Check the address, or put the file there again.",
            MediaProblem::Refused(_) => "Whoever has the address must be able to open it.",
            MediaProblem::Empty => "Put the file there again.",
            MediaProblem::Page => {
                "A link to a shared file mostly leads to a page around it. Take the address of the file itself."
            }
            MediaProblem::NoPicture => {
                "JPEG, PNG and WebP are shown. Anything else can be posted as a document."
            }
            MediaProblem::NoVideo => "MP4 is shown. Anything else can be posted as a document.",
            MediaProblem::NoRoom => {
                "Files that nothing shows any more go by themselves after 30 days. Until then, give the address of one that lies elsewhere."
            }
            MediaProblem::TooLarge { .. } => "Make it smaller, or put its link into the text.",
        }
    }
}

/// Judges what was met at the address of a file that is to be posted as this kind; its size where it is known.
///
/// # Errors
/// Why it cannot be posted.
pub fn examine(kind: MediaKind, found: &FoundFile) -> Result<Option<u64>, MediaProblem> {
    match found.status {
        200 | 206 => {}
        // A part of nothing was asked for.
        416 => return Err(MediaProblem::Empty),
        300..=399 => return Err(MediaProblem::LeadsOn),
        status => return Err(MediaProblem::Refused(status)),
    }
    if found.first.is_empty() || found.bytes == Some(0) {
        return Err(MediaProblem::Empty);
    }
    let form = FileForm::of(&found.first);
    let max = match kind {
        MediaKind::Image | MediaKind::Video => PICTURE_BYTES_MAX,
        MediaKind::Document => DOCUMENT_BYTES_MAX,
    };
    match (kind, form) {
        (_, FileForm::Page) => return Err(MediaProblem::Page),
        (MediaKind::Image, FileForm::Picture)
        | (MediaKind::Video, FileForm::Video)
        | (MediaKind::Document, _) => {}
        (MediaKind::Image, _) => return Err(MediaProblem::NoPicture),
        (MediaKind::Video, _) => return Err(MediaProblem::NoVideo),
    }
    match found.bytes {
        Some(bytes) if bytes > max => Err(MediaProblem::TooLarge { bytes, max }),
        bytes => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42";

    #[test]
    fn a_brought_file_is_posted_as_what_it_is_unless_somebody_says_document() {
        use MediaKind::{Document, Image, Video};
        for (said, first, expected) in [
            (Image, JPEG, Image),
            (Image, MP4, Video),
            (Video, JPEG, Image),
            (Image, b"%PDF-1.7".as_slice(), Document),
            (Document, JPEG, Document),
            // A HEIC file is refused as a picture, and is not turned into another kind without a word.
            (Image, b"\0\0\0\x18ftypheic".as_slice(), Image),
        ] {
            assert_eq!(kind_of(said, first), expected, "{said:?} {first:?}");
        }
        assert_eq!(mime_of(JPEG), "image/jpeg");
        assert_eq!(mime_of(b"<svg onload='alert(1)'>"), "application/octet-stream");
        assert_eq!(mime_of(b"<!doctype html>"), "application/octet-stream");
    }
    const PDF: &[u8] = b"%PDF-1.7";

    fn found(status: u16, bytes: Option<u64>, first: &[u8]) -> FoundFile {
        FoundFile { status, bytes, first: first.to_vec() }
    }

    #[test]
    fn a_file_is_what_it_begins_with_and_not_what_its_server_calls_it() {
        // The first bytes are those that the formats' own documents give: PNG §5.2, RFC 9649 for WebP, ISO/IEC
        // 14496-12 for ftyp, RFC 8118 for PDF.
        for (first, form) in [
            (JPEG, FileForm::Picture),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", FileForm::Picture),
            (b"RIFF\x24\0\0\0WEBPVP8 ", FileForm::Picture),
            (b"GIF89a", FileForm::OddPicture),
            (b"\0\0\0\x18ftypheic", FileForm::OddPicture),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", FileForm::OddPicture),
            (MP4, FileForm::Video),
            (b"\0\0\0\x20ftypisom", FileForm::Video),
            (b"\0\0\0\x14ftypqt  ", FileForm::OddVideo),
            (b"\x1a\x45\xdf\xa3webm", FileForm::OddVideo),
            (b"<!DOCTYPE html><html>", FileForm::Page),
            (b"\xef\xbb\xbf\n <HTML lang=en>", FileForm::Page),
            (PDF, FileForm::Other),
            (b"", FileForm::Other),
        ] {
            assert_eq!(FileForm::of(first), form, "{}", String::from_utf8_lossy(first));
        }
    }

    #[test]
    fn what_cannot_be_posted_is_said_before_and_what_can_be_passes() {
        use MediaKind::{Document, Image, Video};
        let too_large = |bytes| Err(MediaProblem::TooLarge { bytes, max: PICTURE_BYTES_MAX });
        for (kind, file, expected) in [
            (Image, found(200, Some(214_000), JPEG), Ok(Some(214_000))),
            (Image, found(206, None, JPEG), Ok(None)),
            (Image, found(200, Some(16 * 1024 * 1024), JPEG), Ok(Some(16 * 1024 * 1024))),
            (Image, found(200, Some(16 * 1024 * 1024 + 1), JPEG), too_large(16 * 1024 * 1024 + 1)),
            (Image, found(200, Some(9), MP4), Err(MediaProblem::NoPicture)),
            (Video, found(200, Some(9), MP4), Ok(Some(9))),
            (Video, found(200, Some(9), JPEG), Err(MediaProblem::NoVideo)),
            (Document, found(200, Some(60 * 1024 * 1024), PDF), Ok(Some(60 * 1024 * 1024))),
            (Document, found(200, Some(9), JPEG), Ok(Some(9))),
            (Document, found(200, Some(9), b"<html><head>"), Err(MediaProblem::Page)),
            (Image, found(302, None, b""), Err(MediaProblem::LeadsOn)),
            (Image, found(404, None, b"<html>"), Err(MediaProblem::Refused(404))),
            (Image, found(200, Some(0), b""), Err(MediaProblem::Empty)),
            (Image, found(416, Some(0), b""), Err(MediaProblem::Empty)),
        ] {
            assert_eq!(examine(kind, &file), expected, "{kind:?} {file:?}");
        }
    }

    #[test]
    fn sizes_are_told_as_people_write_them() {
        let words = MediaProblem::TooLarge { bytes: 22_334_567, max: PICTURE_BYTES_MAX }.to_string();
        assert_eq!(words, "The file has 21.3 MB; 16 MB is the most");
    }
}
