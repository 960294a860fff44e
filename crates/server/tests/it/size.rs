//! The largest size of a file and of a function. A larger one is split where it says two things.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file. Most have fewer than 300.
const FILE_LINES_MAX: usize = 550;
/// Lines of a function, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 80;
/// Lines of a file of tests, whose helpers stand above many short promises.
const TEST_FILE_LINES_MAX: usize = 800;
/// Functions that are one long table, with their files: routes, icons, words for each finding, for each count, for each language.
const TABLES: &[(&str, &str)] = &[
    ("crates/intake/src/read/words/titles.rs", "words_of"),
    ("crates/server/src/commands/import/told.rs", "about_rows"),
    ("crates/server/src/router.rs", "table"),
    ("crates/server/src/ui/icons.rs", "strokes"),
    ("crates/server/src/ui/words/calls.rs", "finding"),
    ("crates/server/src/ui/words/findings.rs", "finding"),
    ("crates/server/src/ui/words/matters.rs", "matter"),
];
/// Files and functions that are longer than they should be: each function is one statement which grew.
const FILES_TO_CUT: &[&str] = &["crates/store/src/imports.rs"];
const FUNCTIONS_TO_CUT: &[(&str, &str)] =
    &[("crates/store/src/work/claim.rs", "claim"), ("crates/engine/src/receipts/candidate_set.rs", "enter")];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// Every source of the repository, by its path in it.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 300, "needs the sources: {}", files.len());
    let shown = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
    files.iter().map(|path| (shown(path), fs::read_to_string(path).unwrap())).collect()
}

/// Name, first line and length of every function, by the formatter's layout: a body ends at a brace with the same
/// indentation as its `fn`.
fn functions(text: &str) -> Vec<(&str, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(after) = code
            .split_once("fn ")
            .filter(|(before, _)| {
                before.split_whitespace().all(|word| {
                    ["pub", "crate::", "\""].iter().any(|begins| word.starts_with(begins))
                        || QUALIFIERS.contains(&word)
                })
            })
            .map(|(_, after)| after)
        else {
            continue;
        };
        let inset = &line[..line.len() - code.len()];
        let end = lines[at..].iter().position(|end| {
            end.strip_prefix(inset)
                .is_some_and(|rest| rest == "}" || rest.ends_with(';') && !rest.starts_with(' '))
        });
        let name = after.split(['(', '<']).next().unwrap_or_default();
        found.push((name, at + 1, end.unwrap_or(0) + 1));
    }
    found
}

/// The words that may stand before `fn`, besides its visibility.
const QUALIFIERS: &[&str] = &["async", "const", "unsafe", "extern", "in"];

#[test]
fn every_file_and_every_function_can_be_read_in_one_go() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in all() {
        let lines = text.lines().count();
        let is_test = ["/tests/", "/tests.rs", "/cases.rs"].iter().any(|part| path.contains(part));
        let most = if is_test { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
        if lines > most && !FILES_TO_CUT.contains(&path.as_str()) {
            wrong.push(format!("{path}: {lines} lines"));
        }
        for (name, at, length) in functions(&text) {
            seen += 1;
            let one = (path.as_str(), name);
            let known = TABLES.contains(&one) || FUNCTIONS_TO_CUT.contains(&one);
            if length > FUNCTION_LINES_MAX && !is_test && !known {
                wrong.push(format!("{path}:{at}: fn {name} has {length} lines"));
            }
        }
    }
    assert!(seen > 5_000, "needs the functions: {seen}");
    assert!(
        wrong.is_empty(),
        "longer than {FILE_LINES_MAX} and {FUNCTION_LINES_MAX} lines:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_length_of_a_function_is_that_from_its_first_line_to_its_brace() {
    let text = "fn one() {\n}\n\nimpl A {\n    pub(crate) async fn two(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n}\n\ntrait B {\n    fn three(&self);\n}\n";
    assert_eq!(functions(text), [("one", 1, 2), ("two", 5, 5), ("three", 13, 1)]);
}
