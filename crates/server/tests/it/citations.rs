//! Everything that a comment cites stands in the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every source below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// The documents that a line names, each with the number of the section right behind it, such as `2.5`.
fn cited(line: &str) -> Vec<(&str, Option<&str>)> {
    let in_path = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let ends = line.match_indices(".md").map(|(at, dot)| at + dot.len());
    let ends = ends.filter(|end| !line[*end..].starts_with(in_path) || line[*end..].starts_with(['.', '-']));
    ends.map(|end| {
        let begin = line[..end].rfind(|c| !in_path(c)).map_or(0, |at| at + 1);
        let rest = line[end..].trim_start_matches('`').strip_prefix(" §");
        let number = rest.map(|rest| rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap());
        (&line[begin..end], number.map(|number| number.trim_end_matches('.')))
    })
    .collect()
}

/// The document of that name, as seen from a file: from the root, from the crates, or from one of the folders around
/// the file.
fn document(root: &Path, file: &Path, name: &str) -> Option<String> {
    let around = file.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let mut places = [root.to_owned(), root.join("crates")].into_iter().chain(around.map(Path::to_owned));
    places.find_map(|place| fs::read_to_string(place.join(name)).ok())
}

/// Whether a document has that section, as a heading or as a point: `## 4. Webhooks`, `- **4.1** …`.
fn has_section(document: &str, number: &str) -> bool {
    document.lines().any(|line| {
        let title = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'));
        let title = title.or_else(|| line.strip_prefix("- **"));
        let found = title.map(|title| title.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap());
        found.is_some_and(|found| found.trim_end_matches('.') == number)
    })
}

#[test]
fn every_document_and_section_that_a_comment_cites_is_there() {
    let root = root();
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    let (mut seen, mut missing) = (0, Vec::new());
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let comments = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//"));
        for (at, (name, section)) in
            comments.flat_map(|(at, line)| cited(line).into_iter().map(move |one| (at, one)))
        {
            seen += 1;
            let found = document(&root, file, name);
            if found.is_none_or(|text| section.is_some_and(|number| !has_section(&text, number))) {
                let section = section.unwrap_or("");
                missing.push(format!("{}:{}: {name} §{section}", file.display(), at + 1));
            }
        }
    }
    assert!(seen > 100, "needs the citations: {seen}");
    assert!(missing.is_empty(), "{} citations lead nowhere:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn a_citation_is_read_with_its_section() {
    let line = "/// As the vendor says (`providers/src/x/NOTES.md` §2.5, §3); see docs/facts/india.md §1.2. Not README.mdx.";
    assert_eq!(
        cited(line),
        [("providers/src/x/NOTES.md", Some("2.5")), ("docs/facts/india.md", Some("1.2"))]
    );
    let document = "# Facts\n\n## 4. Webhooks\n\n- **4.1** Signed.\n";
    assert_eq!(["4", "4.1", "4.2"].map(|number| has_section(document, number)), [true, true, false]);
}
