//! What a workbook hides, and what it shows without holding it.

/// Marks of one sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetFlags {
    /// Rows that are hidden, by hand or by a filter: first and last, as a spreadsheet counts, in order.
    pub hidden_rows: Vec<(u64, u64)>,
    /// Columns that are hidden, from 0.
    pub hidden_columns: Vec<usize>,
    /// Whether a filter is set on the sheet.
    pub filtered: bool,
    /// Cells with a formula whose result was never stored: Excel shows a value, the file has none.
    pub formulas_without_value: u64,
}

/// Most columns that are remembered as hidden: "to the end of the sheet" names sixteen thousand.
const COLUMNS_MAX: usize = 1_000;

impl SheetFlags {
    /// A row begins; its number as the file says it, else the one behind the row before.
    pub(super) fn row(&mut self, tag: &[u8], number: u64) {
        if !is_true(tag, "hidden") {
            return;
        }
        match self.hidden_rows.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.hidden_rows.push((number, number)),
        }
    }

    /// A description of columns.
    pub(super) fn columns(&mut self, tag: &[u8]) {
        let number = |name| attribute(tag, name).and_then(|text| text.parse::<usize>().ok());
        if let (true, Some(from), Some(to)) = (is_true(tag, "hidden"), number("min"), number("max")) {
            self.hidden_columns.extend(from.saturating_sub(1)..to.min(COLUMNS_MAX));
        }
    }
}

/// Whether a line is in one of the ranges.
pub(super) fn is_hidden(ranges: &[(u64, u64)], line: u64) -> bool {
    let after = ranges.partition_point(|(from, _)| *from <= line);
    after.checked_sub(1).is_some_and(|at| line <= ranges[at].1)
}

fn is_true(tag: &[u8], name: &str) -> bool {
    attribute(tag, name).is_some_and(|value| value == "1" || value == "true")
}

/// The value of an attribute of a tag, without the marks around it.
pub(super) fn attribute(tag: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(tag).ok()?;
    text.match_indices(name).find_map(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(char::is_whitespace);
        let rest = text[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let mark = rest.chars().next().filter(|c| before && matches!(c, '"' | '\''))?;
        let value = rest[1..].split(mark).next()?;
        Some(
            value
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&"),
        )
    })
}
