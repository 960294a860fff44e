//! What must hold on every page, asked of the samples.

use std::collections::HashSet;

use super::*;

/// A tag of a page: its name and its attributes with their values.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// How many labels are open around it.
    in_label: bool,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads what maud writes: quoted attributes, no raw text except in `pre`, which is escaped too.
fn elements(html: &str) -> Vec<Element> {
    let mut out = Vec::new();
    let mut labels = 0_usize;
    for tag in html.split('<').skip(1) {
        if tag.starts_with("/label") {
            labels -= 1;
        }
        if tag.starts_with(['/', '!']) {
            continue;
        }
        let end = end_of_tag(tag);
        let (name, rest) = tag[..end].split_once(' ').unwrap_or((&tag[..end], ""));
        out.push(Element { name: name.into(), attributes: attributes(rest), in_label: labels > 0 });
        if name == "label" {
            labels += 1;
        }
    }
    assert_eq!(labels, 0, "every label is closed");
    out
}

fn end_of_tag(tag: &str) -> usize {
    let mut quoted = false;
    let end = tag.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '>' && !quoted
    });
    end.expect("every tag ends").0
}

fn attributes(mut rest: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    while let Some(word) = rest.split([' ', '=']).next().filter(|word| !word.is_empty()) {
        let after = &rest[word.len()..];
        if let Some(value) = after.strip_prefix("=\"") {
            let end = value.find('"').expect("every value is closed");
            out.push((word.to_owned(), value[..end].to_owned()));
            rest = value[end + 1..].trim_start();
        } else {
            out.push((word.to_owned(), String::new()));
            rest = after.trim_start();
        }
    }
    out
}

#[track_caller]
fn on_every_page(check: impl Fn(&str, &str, &[Element])) {
    let pages = all(Theme::Light);
    assert!(pages.len() > 10);
    for (name, page) in pages {
        let html = page.into_string();
        let elements = elements(&html);
        assert!(elements.len() > 20, "{name} has something in it");
        check(name, &html, &elements);
    }
}

#[test]
fn a_strict_content_policy_holds() {
    on_every_page(|name, _, elements| {
        for element in elements {
            for (attribute, value) in &element.attributes {
                assert_ne!(attribute, "style", "{name}: {}", element.name);
                assert!(!attribute.starts_with("on"), "{name}: {attribute} of {}", element.name);
                assert!(!value.starts_with("javascript:"), "{name}: {value}");
            }
            assert_ne!(element.name, "style", "{name}");
            let inline_script = element.name == "script" && element.get("src").is_none();
            assert!(!inline_script, "{name}: a script inside the page");
        }
    });
}

#[test]
fn ids_are_unique_and_what_refers_to_one_finds_it() {
    on_every_page(|name, _, elements| {
        let mut ids = HashSet::new();
        for id in elements.iter().filter_map(|element| element.get("id")) {
            assert!(ids.insert(id), "{name}: {id} twice");
        }
        for element in elements {
            for attribute in
                ["for", "aria-labelledby", "aria-describedby", "form", "data-dialog", "data-counter"]
            {
                for id in element.get(attribute).into_iter().flat_map(str::split_whitespace) {
                    assert!(ids.contains(id), "{name}: {attribute}={id} leads nowhere");
                }
            }
        }
    });
}

#[test]
fn live_parts_are_unique() {
    on_every_page(|name, _, elements| {
        let mut ids = HashSet::new();
        for id in elements.iter().filter_map(|element| element.get("data-live-id")) {
            assert!(ids.insert(id), "{name}: {id} twice");
        }
    });
}

#[test]
fn every_input_has_a_label() {
    on_every_page(|name, _, elements| {
        let labelled: HashSet<&str> =
            elements.iter().filter(|e| e.name == "label").filter_map(|e| e.get("for")).collect();
        for element in elements.iter().filter(|e| matches!(e.name.as_str(), "input" | "select" | "textarea"))
        {
            let hidden = element.get("type") == Some("hidden");
            let named = element.get("aria-label").is_some()
                || element.get("id").is_some_and(|id| labelled.contains(id));
            assert!(hidden || named || element.in_label, "{name}: {:?} has no label", element.attributes);
        }
    });
}

#[test]
fn every_page_has_one_title_and_headings_in_order() {
    on_every_page(|name, _, elements| {
        let levels: Vec<u8> = elements
            .iter()
            .filter(|e| e.name.len() == 2 && e.name.starts_with('h'))
            .filter_map(|e| e.name[1..].parse().ok())
            .collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}: one h1");
        for pair in levels.windows(2) {
            assert!(pair[1] <= pair[0] + 1, "{name}: h{} after h{}", pair[1], pair[0]);
        }
    });
}

#[test]
fn one_violet_button_per_view() {
    on_every_page(|name, html, _| {
        let before_dialogs = html.split("<dialog").next().unwrap_or_default();
        assert!(before_dialogs.matches("mui-btn--primary").count() <= 1, "{name}");
    });
}

#[test]
fn posting_forms_carry_the_token() {
    on_every_page(|name, html, _| {
        for form in
            html.split("<form").skip(1).filter(|form| form[..end_of_tag(form)].contains(r#"method="post""#))
        {
            let inside = form.split("</form>").next().unwrap_or_default();
            assert!(
                inside.contains(r#"name="csrf""#) || name == "set-up",
                "{name}: {}",
                &inside[..end_of_tag(form)]
            );
        }
    });
}
