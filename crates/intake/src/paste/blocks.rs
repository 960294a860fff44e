//! Lists with a label and a value on each line, and a block of lines for each person: "Name: Asha Rao", "Mobile: 98…".

use domain::text::line;

use super::{DIGITS_MIN, Pasted};
use crate::read::{Field, is_somebody_elses, title_score};

/// What may stand between a label and its value. A sign that also separates cells counts only where it does so once a line.
const BETWEEN: [&str; 6] = [":", "\t", "=", " - ", ",", ";"];
/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 60;
/// Labels of a list; what goes beyond is left out.
const LABELS_MAX: usize = 100;

/// A line that says what its value is.
struct Labelled<'t> {
    label: &'t str,
    value: &'t str,
}

/// The table that such a text means: a column for each label. `None` for any other text.
pub(super) fn as_table(text: &str) -> Option<Pasted> {
    BETWEEN.into_iter().find_map(|between| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        is_labelled(&lines, between).then(|| table(&lines, between))
    })
}

/// Whether nearly every line has a label, and names and numbers are among them.
fn is_labelled(lines: &[&str], between: &str) -> bool {
    let filled = lines.iter().filter(|line| !line.is_empty()).count();
    let labelled: Vec<Labelled> = lines.iter().filter_map(|line| read(line, between)).collect();
    let names = labelled.iter().any(|one| {
        [Field::Name, Field::FirstName, Field::Email].iter().any(|field| title_score(*field, one.label) >= 75)
    });
    let numbers = labelled.iter().any(|one| {
        let number = title_score(Field::Phone, one.label) >= 60 || is_somebody_elses(one.label);
        number && one.value.chars().filter(|c| c.is_numeric()).count() >= DIGITS_MIN
    });
    // Titles side by side are a table's header.
    let header = labelled.iter().any(|one| is_label(one.label) && is_label(one.value));
    names && numbers && !header && labelled.len() * 10 >= filled * 7
}

/// Whether a text is the name of something about a person.
fn is_label(text: &str) -> bool {
    Field::ALL.iter().any(|field| title_score(*field, text) >= 75) || is_somebody_elses(text)
}

fn read<'t>(line: &'t str, between: &str) -> Option<Labelled<'t>> {
    let (label, value) = line.split_once(between)?;
    if matches!(between, "," | ";" | "\t") && value.contains(between) {
        return None;
    }
    let label = label.trim().trim_start_matches(|c: char| !c.is_alphabetic()).trim_matches(['*', '_', ' ']);
    let value = value.trim().trim_matches(['*', '_', ' ']);
    let short = !label.is_empty() && label.chars().count() <= LABEL_CHARS_MAX;
    let worded = !label.contains('@') && label.chars().filter(|c| c.is_numeric()).count() < DIGITS_MIN;
    (short && worded).then_some(Labelled { label, value })
}

fn table(lines: &[&str], between: &str) -> Pasted {
    let mut labels: Vec<String> = Vec::new();
    let mut people: Vec<Vec<(usize, String)>> = Vec::new();
    let mut person: Vec<(usize, String)> = Vec::new();
    let mut left_out = 0;
    // With a blank line below each line, a blank line ends nobody.
    let blanks = lines.iter().filter(|line| line.is_empty()).count();
    let ends = blanks * 2 < lines.len() - blanks;
    for text in lines {
        if text.is_empty() {
            if ends {
                people.push(std::mem::take(&mut person));
            }
            continue;
        }
        let Some(Labelled { label, value }) = read(text, between) else {
            left_out += 1;
            continue;
        };
        let at = labels.iter().position(|known| known.eq_ignore_ascii_case(label)).unwrap_or_else(|| {
            labels.push(line(label));
            labels.len() - 1
        });
        // A label that this person has already, and the first one of all, begin the next person.
        if at == 0 || person.iter().any(|(known, _)| *known == at) {
            people.push(std::mem::take(&mut person));
        }
        person.push((at, line(value)));
    }
    people.push(person);
    labels.truncate(LABELS_MAX);
    let mut table = labels.iter().map(|label| cell(label)).collect::<Vec<_>>().join("\t");
    table.push('\n');
    for person in people.iter().filter(|person| !person.is_empty()) {
        let value = |at: usize| person.iter().find(|(known, _)| *known == at).map_or("", |(_, value)| value);
        let row: Vec<String> = (0..labels.len()).map(|at| cell(value(at))).collect();
        table.push_str(&row.join("\t"));
        table.push('\n');
    }
    Pasted { table, left_out }
}

/// A value as a cell of the table.
fn cell(text: &str) -> String {
    let text = text.replace('\t', " ");
    if text.contains('"') { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
