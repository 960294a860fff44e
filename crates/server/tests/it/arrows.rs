//! The arrows inside `server`: which module may know which, read from the source itself. The crates' own arrows are Cargo's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The modules that each module may know. A module that is missing may know none.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("accounts", &["seal"]),
    ("alerts", &["app", "http", "ui", "outbound"]),
    (
        "app",
        &[
            "accounts",
            "config",
            "health",
            "live",
            "opt_out_links",
            "password",
            "private",
            "seal",
            "secrets",
            "short_links",
            "token",
            "outbound",
        ],
    ),
    ("callbacks", &["app", "http", "seal"]),
    ("cli", &["commands", "config", "listener", "private"]),
    (
        "commands",
        &[
            "accounts",
            "alerts",
            "app",
            "config",
            "disk",
            "http",
            "listener",
            "password",
            "person_file",
            "play",
            "rehearsal",
            "router",
            "seal",
            "secrets",
            "token",
            "ui",
            "outbound",
        ],
    ),
    ("config", &["accounts", "password"]),
    ("disk", &["config"]),
    ("health", &["config", "disk"]),
    ("http", &["app", "config", "seal", "throttle", "token", "ui"]),
    ("inbound", &["app", "http", "throttle"]),
    ("live", &["ui"]),
    ("main", &["cli"]),
    ("opt_out_links", &["seal", "throttle"]),
    (
        "pages",
        &[
            "accounts",
            "alerts",
            "app",
            "disk",
            "health",
            "http",
            "live",
            "opt_out_links",
            "password",
            "person_file",
            "play",
            "rehearsal",
            "seal",
            "short_links",
            "ui",
            "uploads",
            "outbound",
        ],
    ),
    ("password", &["seal"]),
    ("person_file", &["app", "ui", "uploads"]),
    ("play", &["accounts", "app", "callbacks", "config", "rehearsal", "seal"]),
    ("private", &["config"]),
    ("rehearsal", &["accounts", "app"]),
    ("router", &["app", "callbacks", "http", "inbound", "listener", "pages"]),
    ("secrets", &["accounts", "seal"]),
    ("short_links", &["seal", "throttle"]),
    ("token", &["seal"]),
    ("ui", &[]),
    ("uploads", &["app", "http", "private"]),
    ("outbound", &["config", "seal"]),
];

/// The crates that parts of screens may not know: such parts are given what they show.
const NOT_FOR_UI: &[&str] = &["compose", "engine", "intake", "providers", "sandbox", "store"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// The source that is built into the program: without its unit tests, wherever they stand. Lines keep their numbers.
pub(crate) fn built(text: &str) -> String {
    let (mut built, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("#[cfg(test)]\nmod tests {") {
        let (tests, behind) = after.split_once("\n}\n").unwrap_or((after, ""));
        built.push_str(before);
        built.push_str(&"\n".repeat(tests.matches('\n').count() + 3));
        rest = behind;
    }
    built + rest
}

/// The same without comments.
fn code(text: &str) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    built(text).lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The modules that a file names, in `use` lists and in paths: from the root, by the library's own name, or by
/// climbing to the root. `depth` is the number of modules above the file.
fn known_by(text: &str, depth: usize) -> BTreeSet<String> {
    let code = code(text);
    let mut names = BTreeSet::new();
    for root in ["crate::".to_owned(), "munadi::".to_owned(), "super::".repeat(depth)] {
        for rest in paths(&code, &root) {
            match rest.strip_prefix('{') {
                None => {
                    names.insert(word(rest));
                }
                Some(list) => names.extend(list_of(list)),
            }
        }
    }
    names.remove("");
    names
}

/// What follows each path with this beginning.
fn paths<'c>(code: &'c str, beginning: &str) -> Vec<&'c str> {
    let begins = |at: usize| {
        !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') && !code[..at].ends_with("super::")
    };
    code.match_indices(beginning)
        .filter(|(at, _)| begins(*at))
        .map(|(at, found)| &code[at + found.len()..])
        .collect()
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names of a `use` list, up to its closing brace.
fn list_of(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut first) = (Vec::new(), 1, true);
    for (at, c) in list.char_indices() {
        if depth == 1 && first {
            names.push(word(&list[at..]));
            first = false;
        }
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => first = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The modules that each module knows, each with one file that shows it.
fn arrows() -> BTreeMap<String, BTreeMap<String, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut arrows: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in sources(&root) {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let depth = inside.with_extension("").iter().filter(|part| *part != "mod").count();
        for known in known_by(&fs::read_to_string(&file).unwrap(), depth) {
            if known != module {
                arrows.entry(module.clone()).or_default().insert(known, inside.display().to_string());
            }
        }
    }
    arrows
}

#[test]
fn each_module_knows_only_those_below_it() {
    let arrows = arrows();
    assert!(arrows["pages"].contains_key("http") && arrows["live"].contains_key("ui"), "the source was read");
    let mut wrong = Vec::new();
    for (module, known) in &arrows {
        let allowed =
            MAY_KNOW.iter().find(|(name, _)| name == module).map_or(&[][..], |(_, allowed)| allowed);
        for (other, file) in known.iter().filter(|(other, _)| !allowed.contains(&other.as_str())) {
            wrong.push(format!("{module} knows {other}: {file}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_be_known_has_no_circle() {
    let mut left: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().map(|(name, known)| (*name, *known)).collect();
    while !left.is_empty() {
        let free = left.iter().find(|(_, known)| !known.iter().any(|name| left.contains_key(name)));
        let Some((free, _)) = free else { panic!("a circle among {:?}", left.keys()) };
        let free = *free;
        left.remove(free);
    }
}

#[test]
fn parts_of_screens_are_given_what_they_show() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
    for file in sources(&folder) {
        let code = code(&fs::read_to_string(&file).unwrap());
        for name in NOT_FOR_UI {
            let told = [format!("{name}::"), format!("use {name} as")]
                .iter()
                .any(|path| !paths(&code, path).is_empty());
            assert!(!told, "{} knows {name}", file.display());
        }
    }
}

/// Pages and commands reach rows by a member's handle, by signing in, or by the link in a message, and never by the
/// engine's own handle. Only a reviewed draft is confirmed; rehearsals confirm with calls of their own.
#[test]
fn pages_stay_within_the_members_handle_and_only_reviews_are_confirmed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let inside = file.strip_prefix(&root).unwrap().display().to_string();
        // The formatter may put a call on a line of its own.
        let text: String = fs::read_to_string(&file).unwrap().split_whitespace().collect();
        let screen =
            inside.starts_with("pages/") || inside.starts_with("live/") || inside.starts_with("http/");
        if screen
            && (text.contains("engine.work()")
                || text.contains("engine.store()")
                || text.contains("store.work("))
        {
            wrong.push(format!("{inside} works with the engine's handle"));
        }
        if text.contains(".confirm_broadcast") && !inside.starts_with("rehearsal/") {
            wrong.push(format!("{inside} confirms past a review"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_module_is_known_however_it_is_named() {
    let known = |text: &str| known_by(text, 2).into_iter().collect::<Vec<_>>();
    for text in [
        "use crate::pages::home;",
        "pub(crate) use munadi::pages;",
        "use crate::{\n    pages::{home, demo},\n};",
        "use super::super::pages::home;",
        "fn shown() { crate::pages::home::shown() }",
    ] {
        assert_eq!(known(text), ["pages"], "{text}");
    }
    for text in
        ["use super::pages;", "// use crate::pages;", "#[cfg(test)]\nmod tests {\n    use crate::pages;\n}\n"]
    {
        assert!(known(text).is_empty(), "{text}");
    }
    assert_eq!(known("#[cfg(test)]\nmod tests {\n    use crate::ui;\n}\nuse crate::pages;\n"), ["pages"]);
    for text in ["pub use store::Org;", "use {store::Org};", "fn row(of: &store::Org) {}"] {
        assert_eq!(paths(&code(text), "store::").len(), 1, "{text}");
    }
    assert!(paths("use restore::Org;", "store::").is_empty());
}
