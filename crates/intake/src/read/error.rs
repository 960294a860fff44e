//! Why a file cannot be read, and what to do about it.

use std::io;

/// A file that cannot be read at all. `Display` is shown to people as it stands; problems of single rows are
/// [`CellProblem`](super::CellProblem)s instead.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// No bytes, or only spaces.
    #[error("The file is empty. Export it again, and check that it has rows before you upload it.")]
    Empty,
    /// A header and nothing below it.
    #[error("The file has a header but no rows below it. Export it again with the people in it.")]
    NoRows,
    /// The old binary Excel format.
    #[error("This is an Excel 97–2003 file (.xls). Open it and save it as .xlsx or CSV, then upload that.")]
    OldExcel,
    /// The binary variant of the new one.
    #[error("This is an Excel binary file (.xlsb). Open it and save it as .xlsx or CSV, then upload that.")]
    BinaryExcel,
    /// The file is in LibreOffice's own format.
    #[error("This is an OpenDocument spreadsheet. Save it as .xlsx or CSV, then upload that.")]
    OpenDocument,
    /// The workbook is encrypted with a password.
    #[error("This workbook is protected by a password. Save a copy without it, then upload the copy.")]
    Password,
    /// A PDF, a picture, a Word file.
    #[error("This is {what}, not a table. Export the list as CSV or .xlsx from where it comes from.")]
    NotATable {
        /// What it is, with its article: "a PDF".
        what: &'static str,
    },
    /// The file is an archive.
    #[error("This is a compressed archive. Unpack it and upload the CSV or .xlsx file inside.")]
    Archive,
    /// HTML or XML under the name `.xls`, as some portals export.
    #[error(
        "This is a web page or XML under a spreadsheet's name. Open it in Excel, save it as .xlsx, then upload that."
    )]
    Markup,
    /// Zero bytes or control characters where text should be.
    #[error(
        "This file is not text (odd byte at position {at}). Export the list as CSV or .xlsx and upload that."
    )]
    Binary {
        /// Position of the first byte that is no text, from 0.
        at: u64,
    },
    /// Labels stand where people should: "Name" and "Phone" in the first column.
    #[error(
        "Labels such as “Name” and “Phone” stand in the first column here, and people beside them. Make a table with a row for each person: copy the cells, then use Paste Special with Transpose."
    )]
    Turned,
    /// A workbook without a visible sheet that has cells.
    #[error(
        "This workbook has no visible sheet with rows. Check which sheet the people are in, and unhide it."
    )]
    NoSheet,
    /// A sheet was asked for by a name that none has.
    #[error("There is no sheet “{name}” with rows in this workbook. It has: {names}.")]
    NoSuchSheet {
        /// The name that was asked for.
        name: String,
        /// The names of those there are.
        names: String,
    },
    /// A workbook that unpacks to more than we take.
    #[error(
        "This workbook holds {mb} MB of text, more than can be read at once. Save the sheet as CSV and upload that."
    )]
    TooLarge {
        /// The unpacked size, in megabytes.
        mb: u64,
    },
    /// A cell longer than Excel allows, or XML that pretends to be one.
    #[error("{} holds a cell of more than 32,767 characters, so this is probably no list of people. Check the file.", about_row(*.line))]
    CellTooLong {
        /// The row as a spreadsheet counts; 0 when it is not known.
        line: u64,
    },
    /// The workbooks that others read just now leave no room for this one.
    #[error(
        "Several large workbooks are being read just now. Try again in a minute, or save the sheet as CSV."
    )]
    Busy,
    /// The workbook is broken.
    #[error("This workbook is damaged ({detail}). Open it in Excel, save it again, and upload the new copy.")]
    Damaged {
        /// The reader's words, for the log and for support.
        detail: String,
    },
    /// A line of more than a megabyte.
    #[error("Row {line} is longer than 1 MB, so this is probably no list of people. Check the file.")]
    LineTooLong {
        /// The row as a spreadsheet counts.
        line: u64,
    },
    /// The mapping names a column that the file does not have.
    #[error("Column {column} is not in this file. Choose the columns again.")]
    NoSuchColumn {
        /// Spreadsheet letters, such as `C`.
        column: String,
    },
    /// The uploaded file was removed.
    #[error(
        "This file is no longer here: uploads that nobody imports are removed after some days, and when a person in them is erased. Upload it again."
    )]
    Gone,
    /// The disk or the upload failed.
    #[error("The file could not be read to its end: {0}. Upload it again.")]
    Io(#[from] io::Error),
}

fn about_row(line: u64) -> String {
    if line == 0 { "This workbook".to_owned() } else { format!("Row {line}") }
}
