//! What the stream of a page carries: parts of it that change by themselves, and only those that did.

use std::collections::HashMap;

use maud::Render;

/// A part of a page: the markup that the page was rendered with, found again by its `data-live-id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    id: String,
    html: String,
    /// For a list that holds other fragments: which ones. Only another list is worth sending whole.
    shape: Option<String>,
    /// The list that holds it; whoever is sent the list has it already.
    within: Option<&'static str>,
}

impl Fragment {
    /// A part that is sent whenever it changed.
    pub fn new(id: impl Into<String>, part: impl Render) -> Fragment {
        Fragment { id: id.into(), html: part.render().into_string(), shape: None, within: None }
    }

    /// A list whose rows are fragments too: sent when `shape` changed, such as by rows that came to it.
    pub fn list(id: &'static str, part: impl Render, shape: String) -> Fragment {
        Fragment { shape: Some(shape), ..Fragment::new(id, part) }
    }

    /// A row of such a list; comes after it.
    pub fn row(id: String, part: impl Render, within: &'static str) -> Fragment {
        Fragment { within: Some(within), ..Fragment::new(id, part) }
    }

    fn mark(&self) -> &str {
        self.shape.as_ref().unwrap_or(&self.html)
    }
}

/// What one reader was sent.
#[derive(Debug, Default)]
pub struct Sent(HashMap<String, String>);

impl Sent {
    /// The markup of all that this reader does not have, as a JSON list: each is parsed by itself, as rows of a table need. `None` when
    /// nothing is new.
    pub fn news(&mut self, all: &[Fragment]) -> Option<String> {
        let mut lists = vec![];
        let mut news = vec![];
        for fragment in all {
            if self.0.get(&fragment.id).is_some_and(|sent| sent == fragment.mark()) {
                continue;
            }
            self.0.insert(fragment.id.clone(), fragment.mark().to_owned());
            if fragment.shape.is_some() {
                lists.push(fragment.id.as_str());
            }
            if fragment.within.is_none_or(|list| !lists.contains(&list)) {
                news.push(fragment.html.as_str());
            }
        }
        (!news.is_empty()).then(|| serde_json::to_string(&news).expect("texts are JSON"))
    }
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    fn list(rows: &[(&str, &str)]) -> Vec<Fragment> {
        let shape: Vec<&str> = rows.iter().map(|(id, _)| *id).collect();
        let whole = html! { ul { @for (_, words) in rows { li { (words) } } } };
        let mut all = vec![
            Fragment::new("total", html! { b { (rows.len()) } }),
            Fragment::list("list", whole, shape.join(" ")),
        ];
        all.extend(
            rows.iter().map(|(id, words)| Fragment::row((*id).to_owned(), html! { li { (words) } }, "list")),
        );
        all
    }

    #[test]
    fn only_what_changed_is_sent_and_a_list_only_when_its_rows_are_others() {
        let mut sent = Sent::default();
        let news = sent.news(&list(&[("a", "waiting"), ("b", "waiting")])).unwrap();
        assert_eq!(news, r#"["<b>2</b>","<ul><li>waiting</li><li>waiting</li></ul>"]"#);
        assert_eq!(sent.news(&list(&[("a", "waiting"), ("b", "waiting")])), None);
        let news = sent.news(&list(&[("a", "waiting"), ("b", "sent")])).unwrap();
        assert_eq!(news, r#"["<li>sent</li>"]"#);
        let news = sent.news(&list(&[("a", "sent"), ("b", "sent"), ("c", "waiting")])).unwrap();
        assert_eq!(news, r#"["<b>3</b>","<ul><li>sent</li><li>sent</li><li>waiting</li></ul>"]"#);
        assert_eq!(sent.news(&list(&[("a", "sent"), ("b", "sent"), ("c", "waiting")])), None);
    }
}
