//! Text pasted from a sheet or a chat, made a table that the reader of files takes.
//!
//! A sheet is pasted with tabs and stays as it is, and so does a table with commas. A chat has a person on each line: a name, a number, an
//! address, in any order, with bullets and greetings around them.

use domain::text::line;

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

/// Makes a table of a pasted text.
pub fn as_table(text: &str) -> Pasted {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    if lines.iter().any(|line| line.contains('\t')) || is_table(&lines) {
        return Pasted { table: text.to_owned(), left_out: 0 };
    }
    let mut table = "Name\tPhone\tPhone 2\tEmail\n".to_owned();
    let mut left_out = 0;
    for line in lines {
        match Entry::read(line) {
            Some(entry) => table.push_str(&entry.row()),
            None => left_out += 1,
        }
    }
    Pasted { table, left_out }
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

    fn row(&self) -> String {
        let number = |at: usize| self.numbers.get(at).map_or("", String::as_str);
        format!("{}\t{}\t{}\t{}\n", self.name, number(0), number(1), self.email)
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
    let edge = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | ')' | '(' | '\u{900}'..='\u{97F}');
    let name = words.map(|word| word.trim_matches(edge)).collect::<Vec<_>>().join(" ");
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
    fn a_sheet_and_a_table_with_commas_stay_as_they_are() {
        for text in ["Name\tPhone\nAsha\t9876543210\n", "Name,Phone\nAsha,9876543210\nRavi,9876543211\n"] {
            assert_eq!(as_table(text), Pasted { table: text.to_owned(), left_out: 0 });
        }
    }
}
