//! Which part of a long list is shown, and the way to the others.

use maud::{Markup, Render, html};

use super::format::grouped;

/// The foot of a list, with the way to its other pages.
#[derive(Clone, Debug, Default)]
pub struct Pagination {
    /// Place of the first row, from 1; 0 for an empty list.
    pub first: i64,
    /// Place of the last row, from 1.
    pub last: i64,
    /// The number of all rows; `None` where nobody counted. On the last page it is known all the same.
    pub total: Option<i64>,
    /// The address of the page before; `None` on the first.
    pub previous: Option<String>,
    /// The address of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Pages that are remembered on the way down a list; going back further than that leads to the first one.
const BACK_MAX: usize = 60;
/// Longest place in a list, in characters: a time and an id.
const CURSOR_CHARS_MAX: usize = 64;

/// Where in a list a page is, and the pages above it. A page begins behind a row, whatever came or went above it. Its
/// address carries the rows behind which the earlier pages begin, so that *Previous* leads back to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The row behind which this page begins; empty on the first one.
    after: String,
    /// The number of rows above this page.
    from: i64,
    /// The same row of the pages above, without the first page; the nearest page comes last.
    back: Vec<String>,
}

impl Trail {
    /// From the address of a page. What is no place is passed over.
    pub fn read(after: &str, from: i64, back: &str) -> Trail {
        let is_place = |text: &&str| {
            let chars = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            !text.is_empty() && text.len() <= CURSOR_CHARS_MAX && chars
        };
        let mut back: Vec<String> = back.split('.').filter(is_place).map(str::to_owned).collect();
        back.drain(..back.len().saturating_sub(BACK_MAX));
        let after = Some(after).filter(is_place).unwrap_or_default().to_owned();
        if after.is_empty() { Trail::default() } else { Trail { after, from: from.max(0), back } }
    }

    /// Rows above this page.
    pub fn from(&self) -> i64 {
        self.from
    }

    /// The pages above, as addresses and forms carry them.
    pub fn back(&self) -> String {
        self.back.join(".")
    }

    /// The parts of an address that lead to this page; none for the first one.
    pub fn parts(&self) -> Vec<String> {
        if self.after.is_empty() {
            return vec![];
        }
        let mut parts = vec![format!("after={}", self.after)];
        if self.from > 0 {
            parts.push(format!("from={}", self.from));
        }
        if !self.back.is_empty() {
            parts.push(format!("back={}", self.back()));
        }
        parts
    }

    /// This page of the list at `base`, which may have a query and a fragment already.
    pub fn href(&self, base: &str) -> String {
        let (path, fragment) =
            base.split_once('#').map_or((base, String::new()), |(path, part)| (path, format!("#{part}")));
        let parts = self.parts();
        if parts.is_empty() {
            return base.to_owned();
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}{}{fragment}", parts.join("&"))
    }

    /// The page below, which begins behind the row `last`; this one shows `shown` rows.
    pub fn next(&self, last: impl ToString, shown: i64) -> Trail {
        let mut back = self.back.clone();
        back.extend(Some(self.after.clone()).filter(|after| !after.is_empty()));
        back.drain(..back.len().saturating_sub(BACK_MAX));
        Trail { after: last.to_string(), from: self.from + shown, back }
    }

    /// The page above, where pages have `page` rows; `None` on the first one.
    pub fn previous(&self, page: i64) -> Option<Trail> {
        if self.after.is_empty() {
            return None;
        }
        let mut back = self.back.clone();
        Some(match back.pop() {
            Some(after) => Trail { after, from: (self.from - page).max(0), back },
            None => Trail::default(),
        })
    }

    /// The foot of the list at `base`: `shown` rows, and behind which row the next page begins.
    pub fn foot(
        &self,
        base: &str,
        page: i64,
        shown: i64,
        next: Option<String>,
        total: Option<i64>,
    ) -> Pagination {
        Pagination {
            first: self.from + 1,
            last: if shown == 0 { 0 } else { self.from + shown },
            total,
            previous: self.previous(page).map(|trail| trail.href(base)),
            next: next.map(|last| self.next(last, shown).href(base)),
        }
    }
}

impl Render for Pagination {
    fn render(&self) -> Markup {
        if self.last == 0 && self.next.is_none() {
            return html! {};
        }
        let total = self.total.or(self.next.is_none().then_some(self.last));
        html! {
            nav class="m-tablefoot" aria-label="Pages" {
                p { @if self.last > 0 { (grouped(self.first)) "–" (grouped(self.last)) } @if let Some(total) = total { " of " (grouped(total)) } }
                @if self.previous.is_some() || self.next.is_some() {
                    span { (turn("Previous", self.previous.as_ref(), "prev")) (turn("Next", self.next.as_ref(), "next")) }
                }
            }
        }
    }
}

fn turn(label: &str, href: Option<&String>, rel: &str) -> Markup {
    let class = "mui-btn mui-btn--outline mui-btn--sm m-btn-sm";
    html! {
        @match href {
            Some(href) => a class=(class) href=(href) rel=(rel) { (label) },
            None => span class={ (class) " is-off" } { (label) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(href: &str) -> Trail {
        let (_, query) = href.split_once('?').unwrap_or((href, ""));
        let query = query.split('#').next().unwrap_or_default();
        let value = |name: &str| {
            let part = query.split('&').find_map(|part| part.strip_prefix(&format!("{name}=")));
            part.unwrap_or_default().to_owned()
        };
        Trail::read(&value("after"), value("from").parse().unwrap_or(0), &value("back"))
    }

    #[test]
    fn previous_leads_back_over_every_page_that_was_gone_down() {
        let base = "/list?q=a#rows";
        let mut way = vec![base.to_owned()];
        for page in 1..=80 {
            let here = read(way.last().expect("begins with one"));
            way.push(here.next(format!("row-{page}"), 50).href(base));
        }
        assert_eq!(way[1], "/list?q=a&after=row-1&from=50#rows");
        assert_eq!(way[3], "/list?q=a&after=row-3&from=150&back=row-1.row-2#rows");
        let place = |href: &str| {
            let Trail { after, from, .. } = read(href);
            (after, from)
        };
        let mut here = way.pop().expect("80 pages");
        for expected in way.iter().rev().take(BACK_MAX) {
            here = read(&here).previous(50).expect("not the first one").href(base);
            assert_eq!(place(&here), place(expected));
        }
        // So far down the list, the pages at the top are forgotten.
        assert_eq!(read(&here).previous(50).expect("not the first one").href(base), base);
    }

    #[test]
    fn an_address_that_somebody_wrote_leads_somewhere_too() {
        assert_eq!(Trail::read("", 50, "a.b"), Trail::default());
        assert_eq!(Trail::read("\"><script>", 50, ""), Trail::default());
        let trail = Trail::read("a", -3, ".<b>.c.");
        assert_eq!((trail.from(), trail.back().as_str()), (0, "c"));
        assert_eq!(trail.foot("/x", 50, 0, None, None).last, 0);
    }
}
