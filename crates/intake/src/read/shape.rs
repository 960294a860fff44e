//! Which rows of a file are people, and which are titles again, another table, totals and notes.

use std::collections::HashMap;

use super::header::{is_email, is_phone};
use super::record::Record;
use super::rows::{Layout, ReadSummary};
use super::sheet_flags::is_hidden;
use super::words::{caption, is_title, names_staff, plain};
use super::{Field, Mapping};

/// What a row is.
pub(super) enum Kept {
    Person,
    /// Perhaps a person: it stands below the end of the list and lacks what the others have.
    InDoubt,
    /// Blank, hidden, a note, a total, a row of another table.
    NoPerson,
    /// A caption: what it says holds for the rows below it.
    Section(String),
    /// The titles once more; where each column of the first header is from here on.
    Header(Vec<Option<usize>>),
}

/// Looks at rows in their order.
pub(super) struct Shape {
    layout: Layout,
    /// Columns of the first header by their plain titles; several may have one.
    own: HashMap<String, Vec<usize>>,
    /// Columns of which a header needs at least one to belong to the same table.
    people: Vec<usize>,
    names: Vec<usize>,
    usual: Vec<usize>,
    /// Whether the rows below belong to another table.
    elsewhere: bool,
    /// Whether a total or a note was met, after which the list has probably ended.
    ended: bool,
    /// What stands directly above the present row.
    gap: Gap,
    /// Whether the rows below belong to another table with unknown titles, in which a row with a number may be a
    /// person again.
    unsure: bool,
    told: ReadSummary,
}

impl Shape {
    pub(super) fn new(mapping: &Mapping, layout: Layout) -> Shape {
        let titled = layout.titles.iter().enumerate();
        let mut own: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, title) in titled.filter_map(|(at, title)| Some((at, title.as_deref()?))) {
            own.entry(plain(title)).or_default().push(at);
        }
        let all =
            |fields: &[Field]| fields.iter().flat_map(|field| mapping.all(*field)).collect::<Vec<usize>>();
        let people = all(&[Field::Phone, Field::Email]);
        let names = all(&[Field::Name, Field::FirstName]);
        let usual = layout.usual.iter().copied().filter(|at| !people.contains(at)).collect();
        Shape {
            own,
            people,
            names,
            usual,
            layout,
            elsewhere: false,
            ended: false,
            unsure: false,
            gap: Gap::None,
            told: ReadSummary::default(),
        }
    }

    pub(super) fn width(&self) -> usize {
        self.layout.width
    }

    pub(super) fn told(&self) -> ReadSummary {
        self.told.clone()
    }

    /// Whether the row behind has to be known as well: a single cell may be the title of another table.
    pub(super) fn needs_next(&self, record: &Record) -> bool {
        record.line >= self.layout.first_line && self.layout.width > 1 && only_cell(record).is_some()
    }

    pub(super) fn keep(&mut self, record: &Record, next: Option<&Record>, phones: &[usize]) -> Kept {
        if record.line < self.layout.first_line {
            let above = only_cell(record).filter(|cell| self.layout.width > 1 && caption(cell).is_some());
            return above.map_or(Kept::NoPerson, |cell| Kept::Section(cell.to_owned()));
        }
        if record.is_blank() {
            self.gap = Gap::Blank;
            return Kept::NoPerson;
        }
        if is_hidden(&self.layout.hidden, record.line) {
            self.told.hidden_rows += 1;
            return Kept::NoPerson;
        }
        // The line below the titles of a table that was typed with signs: "| --- | --- |".
        if is_rule(record) {
            self.told.no_people += 1;
            return Kept::NoPerson;
        }
        let gap = std::mem::take(&mut self.gap);
        let digits = |at: &usize| record.cell(*at).bytes().filter(u8::is_ascii_digit).count();
        let numbered = phones.iter().any(|at| digits(at) >= 7);
        if !numbered {
            // A title of a table stands alone above its titles.
            if self.layout.width > 1
                && only_cell(record).is_some_and(|cell| !is_email(cell))
                && next.is_some_and(|next| self.titles(next, gap.below_title()).is_some())
            {
                self.gap = gap.below_title();
                self.told.no_people += 1;
                return Kept::Section(only_cell(record).unwrap_or_default().to_owned());
            }
            if let Some(caption) = self.section(record) {
                self.told.no_people += 1;
                return Kept::Section(caption);
            }
            match self.titles(record, gap) {
                Some(Titles::Own(order)) => {
                    self.elsewhere = false;
                    self.ended = false;
                    self.told.no_people += 1;
                    return Kept::Header(order);
                }
                Some(Titles::Other { known }) => {
                    self.elsewhere = true;
                    self.unsure = !known;
                    self.told.other_table_line = self.told.other_table_line.or(Some(record.line));
                    return Kept::NoPerson;
                }
                None => {}
            }
        }
        if self.elsewhere && self.unsure && phones.iter().any(|at| is_phone(record.cell(*at))) {
            self.elsewhere = false;
        }
        if self.elsewhere {
            self.told.other_table += 1;
            return Kept::NoPerson;
        }
        self.note(record, numbered)
    }

    /// A row of one cell that says where those below it stand, or which group they are: "CANCELLED", "Batch B (Evening)".
    fn section(&self, record: &Record) -> Option<String> {
        const GROUPS: &[&str] = &[
            "batch", "group", "slot", "session", "section", "class", "shift", "team", "day", "week", "ward",
            "hall",
        ];
        let cell = only_cell(record).filter(|cell| self.layout.width > 1 && !is_email(cell))?;
        let plain = plain(cell);
        let mut words = plain.split(' ');
        let is_group = words.next().is_some_and(|word| GROUPS.contains(&word)) && words.next().is_some();
        (caption(cell).is_some() || is_group || names_staff(cell)).then(|| cell.to_owned())
    }

    /// Tells notes and totals from people.
    fn note(&mut self, record: &Record, numbered: bool) -> Kept {
        let lacks = self.usual.iter().any(|at| record.cell(*at).is_empty());
        if self.names.iter().any(|at| is_sample(record.cell(*at))) {
            return Kept::InDoubt;
        }
        if self.names.iter().any(|at| is_footer(record.cell(*at))) {
            return Kept::InDoubt;
        }
        if numbered && !lacks {
            return Kept::Person;
        }
        let first = record.cells().find(|cell| !cell.is_empty()).unwrap_or_default();
        let named =
            self.names.iter().map(|at| record.cell(*at)).find(|cell| !cell.is_empty()).unwrap_or(first);
        let words = begins_like_a_note(named) || begins_like_a_note(first);
        let addressed = record.cells().any(|cell| cell.contains('@') && is_email(cell));
        match (words, numbered || addressed) {
            (true, false) => {
                self.ended = true;
                self.told.no_people += 1;
                Kept::NoPerson
            }
            (true, true) => Kept::InDoubt,
            (false, true) if self.ended && lacks => Kept::InDoubt,
            (false, false) if self.ended && lacks => {
                self.told.no_people += 1;
                Kept::NoPerson
            }
            (false, _) => Kept::Person,
        }
    }

    /// Where the columns are when a row is the header word for word, be it of one column.
    fn once_more(&self, record: &Record) -> Option<Vec<Option<usize>>> {
        let titled = |at: usize| self.layout.titles[at].as_deref().map_or(String::new(), plain);
        let columns = 0..self.layout.titles.len();
        let is_titled = columns.clone().any(|at| !titled(at).is_empty());
        let same = columns.clone().all(|at| plain(record.cell(at)) == titled(at));
        (is_titled && same).then(|| columns.map(Some).collect())
    }

    /// Whether a row is titles: the file's own, or those of another table.
    fn titles(&self, record: &Record, gap: Gap) -> Option<Titles> {
        let filled: Vec<(usize, &str)> =
            record.cells().enumerate().filter(|(_, cell)| !cell.is_empty()).collect();
        if let Some(order) = self.once_more(record) {
            return Some(Titles::Own(order));
        }
        let long = |cell: &str| cell.chars().count() > 80;
        if filled.len() < 2
            || filled.iter().any(|(_, cell)| cell.contains('@') || long(cell) || is_phone(cell))
        {
            return None;
        }
        let mut order: Vec<Option<usize>> = vec![None; self.layout.titles.len()];
        let mut own = 0;
        for (at, cell) in &filled {
            // Of columns with one title the one that stands here, else the next that is not found yet.
            let columns = self.own.get(&plain(cell)).map_or(&[][..], Vec::as_slice);
            let here = columns.iter().find(|column| *column == at);
            if let Some(column) = here.or_else(|| columns.iter().find(|column| order[**column].is_none())) {
                order[*column] = Some(*at);
                own += 1;
            }
        }
        let finds =
            |columns: &[usize]| columns.is_empty() || columns.iter().any(|column| order[*column].is_some());
        if own >= 2 && own * 2 >= filled.len() && finds(&self.people) && finds(&self.names) {
            return Some(Titles::Own(order));
        }
        let known = filled.iter().filter(|(_, cell)| is_title(cell)).count();
        let wordy = |cell: &str| {
            cell.chars().any(char::is_alphabetic) && !cell.chars().next().is_some_and(char::is_numeric)
        };
        let all_words = filled.iter().all(|(_, cell)| wordy(cell));
        let enough = match gap {
            Gap::None => 2.max(filled.len().div_ceil(2)),
            Gap::Blank | Gap::Title => 1,
            // A blank row, a title, a row of words: a table of something, whatever it is called.
            Gap::TitleBelowBlank => 0,
        };
        (all_words && known >= enough).then_some(Titles::Other { known: known > 0 })
    }
}

enum Titles {
    Own(Vec<Option<usize>>),
    /// Of another table; whether one of them is a title that we know.
    Other {
        known: bool,
    },
}

/// What stands right above a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gap {
    #[default]
    None,
    /// A blank row.
    Blank,
    /// A row with a single cell.
    Title,
    /// A row with a single cell, below a blank row.
    TitleBelowBlank,
}

impl Gap {
    /// What stands above the row behind a single cell that itself stands here.
    fn below_title(self) -> Gap {
        match self {
            Gap::Blank => Gap::TitleBelowBlank,
            Gap::None | Gap::Title | Gap::TitleBelowBlank => Gap::Title,
        }
    }
}

/// Whether every filled cell is a line of signs, of three at least.
fn is_rule(record: &Record) -> bool {
    let is_line = |cell: &str| {
        cell.len() >= 3
            && cell.chars().all(|c| matches!(c, '-' | '=' | '_' | '─' | '—' | '*' | '+' | ':' | '|' | ' '))
    };
    record.cells().filter(|cell| !cell.is_empty()).all(is_line)
}

/// The one filled cell of a row.
fn only_cell(record: &Record) -> Option<&str> {
    let mut filled = record.cells().filter(|cell| !cell.is_empty());
    filled.next().filter(|_| filled.next().is_none())
}

/// Beginnings of totals, notes and footers, as reports have them at their end.
#[rustfmt::skip]
const NOTES: &[&str] = &[
    "total", "grand total", "sub total", "subtotal", "sum", "sum total", "count", "average", "totals", "total registrations",
    "total amount", "net total", "gross total", "no of registrations", "number of registrations", "generated by",
    "generated on", "generated at", "report generated", "report by", "report date", "exported by", "exported on",
    "exported from", "downloaded on", "printed on", "printed by", "created with", "powered by", "page", "end of", "end",
    "note", "notes", "disclaimer", "confidential", "copyright", "all rights reserved", "for help", "for any", "for queries",
    "for query", "for support", "for more", "for details", "for assistance", "for enquiry", "for enquiries", "for further",
    "for registration", "for questions", "contact us", "contact support", "need help", "help", "help desk", "helpdesk",
    "helpline", "support", "customer care", "customer support", "toll free", "call us", "whatsapp us", "reach us",
    "write to us", "email us", "in case of", "queries", "enquiry", "visit", "last updated", "updated on", "timezone",
    "time zone", "filters applied", "filter", "legend", "prepared by", "checked by", "verified by", "signature",
    "authorised signatory", "authorized signatory", "thank you", "thanks", "कुल", "योग", "कुल योग", "टिप्पणी", "नोट", "सहायता",
];

/// "Example: John Doe": the row that shows how to fill in a form.
fn is_sample(name: &str) -> bool {
    let begin = name.trim_start_matches(['(', '[', '*', ' ']);
    let begins = |word: &str| {
        begin.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !begin[word.len()..].starts_with(char::is_alphanumeric)
    };
    ["example", "sample", "e.g", "eg.", "for example"].into_iter().any(begins)
}

/// "Prepared by: Gita Ops": a note of several words with a colon behind them, whatever number stands beside it.
fn is_footer(name: &str) -> bool {
    let Some((before, _)) = name.split_once(':') else { return false };
    let before = plain(before);
    before.contains(' ') && NOTES.contains(&before.as_str())
}

fn begins_like_a_note(cell: &str) -> bool {
    if cell.starts_with(['*', '©', '#']) && !cell.starts_with("#N/A") && cell.chars().any(char::is_alphabetic)
    {
        return true;
    }
    if cell.starts_with("http://") || cell.starts_with("https://") || cell.starts_with("www.") {
        return true;
    }
    let plain = plain(cell);
    NOTES
        .iter()
        .any(|note| plain == *note || plain.strip_prefix(note).is_some_and(|rest| rest.starts_with(' ')))
}
