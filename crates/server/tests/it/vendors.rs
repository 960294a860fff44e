//! A vendor is described once: its word stands in its folders, its lines of the registries, documents and tests, and
//! nowhere else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::channel::Channel;
use providers::{
    Vendor,
    registry::{self, VENDORS},
};

use crate::arrows::built;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every file below a folder.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// Whether a file may name a vendor: its folders, the two registries and their lines in each crate's root, files that
/// the program never shows (tests and the samples of its parts), and files that no longer change.
fn may_name(path: &str, vendor: &dyn Vendor) -> bool {
    let own = [format!("/providers/src/{}/", vendor.kind()), stand_in(vendor)];
    own.iter().any(|folder| path.contains(folder.as_str()))
        || ["/providers/src/registry.rs", "/sandbox/src/registry.rs"].iter().any(|file| path.ends_with(file))
        || ["/tests/", "/fixtures/", "/migrations/", "/examples/", "/ui/samples"]
            .iter()
            .any(|folder| path.contains(folder))
        || path.ends_with(".md")
}

/// Words in vendors' names that are common words; Baileys is a library that several gateways are built on.
const OF_EVERYBODY: &[&str] = &["api", "baileys", "calls", "cloud", "gateway", "messaging", "sms", "voice"];

/// The names of a vendor in small letters: its word, its name, and each word of the name that is its own.
fn words_of(vendor: &dyn Vendor) -> Vec<String> {
    let name = vendor.name().to_lowercase();
    let own = name.split_whitespace().filter(|word| !OF_EVERYBODY.contains(word)).map(str::to_owned);
    own.chain([vendor.kind().to_owned(), name.clone()]).collect()
}

/// Whether a line names one of the vendor's codes, or the prefix of its codes. A code without a digit is a common
/// word.
fn names_a_code(line: &str, vendor: &dyn Vendor) -> bool {
    let prefix = Some(vendor.code_prefix()).filter(|prefix| !prefix.is_empty());
    prefix.is_some_and(|prefix| line.contains(&format!("\"{prefix}")))
        || line.split('"').skip(1).step_by(2).any(|text| {
            text.len() > 3
                && text.bytes().any(|b| b.is_ascii_digit())
                && vendor.meanings().iter().any(|meaning| meaning.code == text)
        })
}

/// The folder of a vendor's stand-in. Providers of calls share one, because they call the same telephones.
fn stand_in(vendor: &dyn Vendor) -> String {
    let calls = vendor.channels() == [Channel::IvrCall];
    format!("/sandbox/src/{}/", if calls { "voice" } else { vendor.kind() })
}

#[test]
fn no_vendors_word_stands_outside_its_folders() {
    let root = root();
    let mut all = Vec::new();
    for folder in ["crates", "xtask"] {
        files(&root.join(folder), &mut all);
    }
    let named: Vec<(&dyn Vendor, Vec<String>)> =
        VENDORS.iter().map(|vendor| (*vendor, words_of(*vendor))).collect();
    let mut looked_at = 0;
    let mut found = Vec::new();
    for path in &all {
        let text = path.extension().and_then(|ending| ending.to_str());
        if !matches!(text, Some("rs" | "toml" | "js" | "css" | "html" | "sql")) {
            continue;
        }
        looked_at += 1;
        let shown = path.strip_prefix(&root).unwrap().display().to_string();
        let Ok(text) = fs::read_to_string(path) else { continue };
        let path = format!("/{shown}");
        for (at, line) in built(&text).lines().enumerate() {
            let lower = line.to_lowercase();
            for (vendor, words) in &named {
                // The declaration of its module belongs to the vendor's line in the registry.
                let declares =
                    || ["pub mod", "mod"].iter().any(|word| line == format!("{word} {};", vendor.kind()));
                // A company with several vendors may be named in the folders of each.
                let may = |word: &String| {
                    named.iter().any(|(one, own)| own.contains(word) && may_name(&path, *one))
                };
                let is_named = words.iter().any(|word| lower.contains(word.as_str()) && !may(word));
                let has_code = || names_a_code(line, *vendor) && !may_name(&path, *vendor);
                if (is_named || has_code()) && !declares() {
                    found.push(format!("{shown}:{}: {}", at + 1, line.trim()));
                }
            }
        }
    }
    assert!(looked_at > 200, "needs the sources: {looked_at}");
    assert!(found.is_empty(), "{} lines name a vendor:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_documents_name_every_address_of_every_vendor() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for url in registry::base_urls() {
        let default = if url.listed { "none".to_owned() } else { format!("`{}`", url.default) };
        let row = format!("| `{}` | `--{}` | {default} |", url.key, url.key.replace('_', "-"));
        assert!(readme.contains(&row), "README.md lacks: {row}");
    }
    for vendor in VENDORS {
        for folder in [format!("/providers/src/{}/", vendor.kind()), stand_in(*vendor)] {
            assert!(root().join(format!("crates{folder}")).is_dir(), "crates{folder} is no folder");
        }
        let notes = root().join(format!("crates/providers/src/{}/NOTES.md", vendor.kind()));
        assert!(
            fs::read_to_string(&notes).is_ok_and(|text| text.contains("## 1")),
            "{} is missing",
            notes.display()
        );
        let face = sandbox::registry::face(vendor.kind())
            .unwrap_or_else(|| panic!("nobody stands in for {}", vendor.kind()));
        let keys: Vec<&str> = vendor.base_urls().iter().map(|url| url.key).collect();
        let paths: Vec<&str> = face.addresses().iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, paths, "{}", vendor.kind());
        let sample = face.account();
        let mut secrets = providers::Secrets::default();
        for (key, secret) in sample.secrets {
            secrets = secrets.with(key, &secret);
        }
        assert!(
            vendor
                .open(&sample.settings, &secrets, &providers::Urls::all_at("https://vendor.example"))
                .is_ok(),
            "{}",
            vendor.kind()
        );
    }
}
