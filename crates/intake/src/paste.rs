//! Text pasted from a sheet or a chat, made a table that the reader of files takes.
//!
//! A sheet is pasted with tabs and stays as it is, and so does a table with commas. A chat has a person on each line: a name, a number, an
//! address, in any order, with bullets and greetings around them.

mod blocks;

use domain::text::line;

use crate::read::{line_against, remarks_against};

/// Longest text that is taken, in bytes: some twenty thousand people. More is a file.
pub const PASTED_BYTES_MAX: usize = 1024 * 1024;

/// Fewest digits of a number in a chat; less is a count, a date or a time.
const DIGITS_MIN: usize = 7;

/// A pasted text as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// What the reader is given.
    pub table: String,
    /// Lines of a chat without a number and without an address, which are nobody's row.
    pub left_out: u64,
}

/// What a line of a chat says besides a name and a number, by which somebody has to look at it: "cancelled", "❌", "not coming", "left", "my husband's".
fn says_against(text: &str) -> bool {
    const SIGNS: &[char] = &['❌', '✗', '✘', '✖', '🚫', '⛔', '👎', '❎', '⏳'];
    const EVENTS: &[&str] = &[
        "left",
        "removed",
        "was removed",
        "not in group",
        "exited",
        "blocked",
        "joined using",
        "cancelled",
        "canceled",
        "refund",
    ];
    let plain: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() || ('\u{900}'..='\u{97F}').contains(&c) { c } else { ' ' })
        .collect::<String>()
        .to_lowercase();
    let padded = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    text.contains(SIGNS)
        || EVENTS.iter().any(|event| padded.contains(&format!(" {event} ")))
        || remarks_against(text)
        || line_against(text)
}

/// Makes a table of a text file that is none: of a chat, of a person on each line, of a block of lines for each person.
/// `None` for a table.
pub(crate) fn list_in(text: &str) -> Option<Pasted> {
    if let Some(blocks) = blocks::as_table(text) {
        return Some(blocks);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.iter().any(|line| line.contains('\t')) {
        return None;
    }
    let stamped = lines.iter().filter(|line| without_stamp(line).is_some()).count();
    // A cell of its own for each name and each number is a table; here both stand in one.
    let one_cell = lines.iter().all(|line| !line.contains([',', ';', '|', '"']));
    let named = |line: &&&str| {
        let (numbers, words) = numbers_in(line);
        !numbers.is_empty() && !name_of(&words).is_empty()
    };
    let named = lines.iter().filter(named).count();
    let is_list = stamped * 2 > lines.len() || (one_cell && named > 0 && named * 2 >= lines.len());
    is_list.then(|| from_chat(&lines))
}

/// Makes a table of a pasted text.
pub fn as_table(text: &str) -> Pasted {
    if let Some(blocks) = blocks::as_table(text) {
        return blocks;
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    if lines.iter().any(|line| line.contains('\t')) || is_table(&lines) {
        return Pasted { table: text.to_owned(), left_out: 0 };
    }
    from_chat(&lines)
}

/// A row for each line that names a person.
fn from_chat(lines: &[&str]) -> Pasted {
    let mut entries = Vec::new();
    let mut left_out = 0;
    for line in with_their_numbers(lines) {
        match Entry::read(&line) {
            Some(entry) => entries.push(entry),
            None => left_out += 1,
        }
    }
    // A line that says more becomes a row whose status nobody knows: it is asked about, and the others are plainly in the list.
    let asks = entries.iter().any(|entry| !entry.against.is_empty());
    let mut table = format!("Name\tPhone\tPhone 2\tEmail{}\n", if asks { "\tStatus" } else { "" });
    for entry in entries {
        table.push_str(&entry.row(asks));
    }
    Pasted { table, left_out }
}

/// The lines of a chat; a number that stands alone below a message without one belongs to that message.
fn with_their_numbers(lines: &[&str]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for line in lines {
        let alone = !line.contains(char::is_alphabetic) && !numbers_in(line).0.is_empty();
        match whole.last_mut() {
            Some(last) if alone && without_stamp(line).is_none() => {
                let said = without_stamp(last).and_then(|message| message.split_once(": "));
                match said.is_some_and(|(_, said)| numbers_in(said).0.is_empty()) {
                    true => {
                        last.push(' ');
                        last.push_str(line);
                    }
                    false => whole.push((*line).to_owned()),
                }
            }
            _ => whole.push((*line).to_owned()),
        }
    }
    whole
}

/// Whether the lines are cells with commas, semicolons or bars between: two lines or more, the same number of cells in nearly every one, and
/// neither a line that a chat begins nor cells that say themselves what they are ("Name: …, Mobile: …").
fn is_table(lines: &[&str]) -> bool {
    let labelled = |line: &str| line.split([',', ';', '|']).all(|cell| cell.contains(": "));
    if lines.len() < 2 || lines.iter().any(|line| without_stamp(line).is_some() || labelled(line)) {
        return false;
    }
    let mut best = 0;
    for separator in [',', ';', '|'] {
        let first = lines.first().map_or(0, |line| line.matches(separator).count());
        let same = lines.iter().filter(|line| line.matches(separator).count() == first).count();
        if first > 0 {
            best = best.max(same);
        }
    }
    best > 0 && best * 10 >= lines.len() * 9
}

/// What one line of a chat says of a person.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    name: String,
    numbers: Vec<String>,
    email: String,
    /// The line itself, where it says something by which the person may not be meant.
    against: String,
}

impl Entry {
    fn read(text: &str) -> Option<Entry> {
        let (sender, text) = match without_stamp(text) {
            Some(message) => {
                message.split_once(": ").map_or((Some(""), message), |(who, said)| (Some(who), said))
            }
            None => (None, text),
        };
        let mut entry = Entry::default();
        if says_against(text) || sender.is_some_and(says_against) {
            entry.against = line(text).chars().take(80).collect();
        }
        let mut rest = String::new();
        for word in text.split_whitespace() {
            let address = word.trim_matches(|c: char| !c.is_alphanumeric());
            if address.contains('@') && address.contains('.') && entry.email.is_empty() {
                entry.email = address.to_owned();
            } else {
                rest.push_str(word);
                rest.push(' ');
            }
        }
        let (numbers, words) = numbers_in(&rest);
        entry.numbers = numbers;
        // Somebody who is not in the address book is named by the number.
        let (senders, sender) = sender.map_or((Vec::new(), None), |who| {
            let (numbers, rest) = numbers_in(who);
            (numbers, Some(rest))
        });
        if entry.numbers.is_empty() {
            entry.numbers = senders;
        }
        if entry.numbers.is_empty() && entry.email.is_empty() {
            return None;
        }
        // In an exported chat the name is who said it; what was said is no name.
        entry.name = name_of(&sender.unwrap_or(words));
        Some(entry)
    }

    /// `with_status` adds a cell that says "registered", or what the line says against it.
    fn row(&self, with_status: bool) -> String {
        let number = |at: usize| self.numbers.get(at).map_or("", String::as_str);
        let status = match (with_status, self.against.as_str()) {
            (false, _) => String::new(),
            (true, "") => "\tRegistered".to_owned(),
            // With a question mark no word of it decides.
            (true, says) => format!("\t?{}", says.replace(['\t', '"'], " ")),
        };
        format!("{}\t{}\t{}\t{}{status}\n", self.name, number(0), number(1), self.email)
    }
}

/// The text of a line of an exported chat behind its date and time: `[12/01/27, 9:30 AM] Asha: …`, `12/01/27, 9:30 am - Asha: …`.
fn without_stamp(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || ('\u{200E}'..='\u{200F}').contains(&c));
    let (stamp, rest) = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ")?,
        None => line.split_once(" - ")?,
    };
    let is_date = stamp.chars().take(4).any(|c| matches!(c, '/' | '.' | '-'));
    let is_stamp = stamp.len() <= 30 && stamp.starts_with(|c: char| c.is_ascii_digit()) && is_date;
    (is_stamp && stamp.contains(':')).then_some(rest)
}

/// The numbers of a text, each as it stands there, and the text without them.
fn numbers_in(text: &str) -> (Vec<String>, String) {
    let (mut numbers, mut rest, mut run) = (Vec::new(), String::new(), String::new());
    let mut end = |run: &mut String, rest: &mut String| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if digits >= DIGITS_MIN {
            let around = |c: char| matches!(c, '-' | '.' | ' ');
            numbers.push(run.trim_matches(around).trim_end_matches(['(', '+']).trim().to_owned());
            rest.push(' ');
        } else {
            rest.push_str(run);
        }
        run.clear();
    };
    for c in text.chars() {
        let c = if c == '\u{A0}' { ' ' } else { c };
        let joins = c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.');
        // A new plus begins a new number.
        if !joins || (c == '+' && run.contains(|c: char| c.is_ascii_digit())) {
            end(&mut run, &mut rest);
        }
        if joins {
            run.push(c);
        } else {
            rest.push(c);
        }
    }
    end(&mut run, &mut rest);
    (numbers, rest)
}

/// What is left of a line as a name: without bullets, numbering, stars and the words in front of a number.
fn name_of(text: &str) -> String {
    const AROUND: &[&str] = &[
        "name", "phone", "mobile", "number", "no", "whatsapp", "mob", "ph", "tel", "email", "mail", "contact",
    ];
    let words = text.split_whitespace().filter(|word| {
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let numbering = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit());
        !plain.is_empty() && !numbering && !AROUND.contains(&plain.as_str())
    });
    const NEVER: &[&str] = &[
        "cancelled",
        "canceled",
        "cancel",
        "refunded",
        "refund",
        "not",
        "coming",
        "left",
        "removed",
        "papa",
        "mummy",
    ];
    let words = words.filter(|word| {
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        !NEVER.contains(&plain.as_str())
    });
    let edge = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | ')' | '(' | '\u{900}'..='\u{97F}');
    let name = words.map(|word| word.trim_matches(edge)).collect::<Vec<_>>().join(" ");
    let opens = name.matches('(').count();
    let name = if opens == name.matches(')').count() { name } else { name.replace(['(', ')'], "") };
    line(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, rows: &[&str], left_out: u64) {
        let pasted = as_table(text);
        let got: Vec<String> = pasted.table.lines().skip(1).map(|row| row.replace('\t', "|")).collect();
        assert_eq!(
            (got.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), pasted.left_out),
            (rows, left_out),
            "{text}"
        );
    }

    #[test]
    fn a_chat_gives_a_row_for_each_line_with_a_number_or_an_address() {
        check(
            "Hi all, the list:\n1. Asha Rao 98765 43210\n2) *Ravi Kumar* - +91-98765-43211\nMeena: 9876543212, meena@list.example\n• लता बोस 9876543213\nfarhan@list.example Farhan\n",
            &[
                "Asha Rao|98765 43210||",
                "Ravi Kumar|+91-98765-43211||",
                "Meena|9876543212||meena@list.example",
                "लता बोस|9876543213||",
                "Farhan|||farhan@list.example",
            ],
            1,
        );
        check("Asha 9876543210 / 9876543211\n", &["Asha|9876543210|9876543211|"], 0);
        check("+919876543210 +919876543211\n", &["|+919876543210|+919876543211|"], 0);
        check("Name: Asha Rao, Mobile No: 9876543210\n", &["Asha Rao|9876543210||"], 0);
        check(
            "Name: Asha Rao, Mobile No: 9876543210\nName: Meena, Mobile No: 9876543212\n",
            &["Asha Rao|9876543210||", "Meena|9876543212||"],
            0,
        );
    }

    #[test]
    fn an_exported_chat_names_who_said_it_and_takes_the_number_from_either_side() {
        check(
            "[12/01/27, 9:30:11 AM] Asha Rao: count me in, 98765 43210\n12/01/27, 9:31 am - +91 98765 43211: me too\n12/01/27, 9:32 am - Messages are end-to-end encrypted.\n12/01/27, 9:33 am - Meena: see you\n",
            &["Asha Rao|98765 43210||", "|+91 98765 43211||"],
            2,
        );
    }

    #[test]
    fn a_line_that_says_more_than_who_becomes_a_row_that_asks() {
        for says in [
            "Ravi 98765 43211 ❌ cancelled",
            "Ravi 9876543211 not coming",
            "Ravi 9876543211 ❌",
            "Ravi 9876543211 (papa)",
            "Ravi my husband number 9876543211",
            "Ravi 9876543211 wrong number",
            "Ravi +91 98765 43211 refund diya",
        ] {
            let pasted = as_table(&format!("Asha Rao 9876543210\n{says}\n"));
            let rows: Vec<&str> = pasted.table.lines().collect();
            assert_eq!(rows[1], "Asha Rao\t9876543210\t\t\tRegistered", "{says}");
            assert!(rows[2].starts_with("Ravi") && rows[2].contains("\t?"), "{says}: {}", rows[2]);
            let mut sheet = crate::read::Sheet::from_source(
                std::io::Cursor::new(pasted.table.into_bytes()),
                "pasted.tsv",
            )
            .unwrap();
            let mapping = crate::read::Mapping::guess(&sheet);
            let verdicts: Vec<crate::read::Verdict> = sheet
                .rows(&mapping, domain::phone::Country::INDIA)
                .unwrap()
                .map(|row| row.unwrap().verdict())
                .collect();
            assert_eq!(verdicts, [crate::read::Verdict::Good, crate::read::Verdict::Unknown], "{says}");
        }
        let left = as_table(
            "12/01/27, 9:31 am - +91 98765 43211 left\n12/01/27, 9:31 am - +91 98765 43212: Not coming\nAsha 9876543210\n",
        );
        assert_eq!(left.table.matches("\t?").count(), 2, "{}", left.table);
    }

    #[test]
    fn a_sheet_and_a_table_with_commas_stay_as_they_are() {
        for text in ["Name\tPhone\nAsha\t9876543210\n", "Name,Phone\nAsha,9876543210\nRavi,9876543211\n"] {
            assert_eq!(as_table(text), Pasted { table: text.to_owned(), left_out: 0 });
        }
    }
}
