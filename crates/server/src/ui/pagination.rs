//! Which part of a long list is shown, and the way to the others.

use maud::{Markup, Render, html};

use super::format::grouped;

/// The foot of a list.
#[derive(Clone, Debug, Default)]
pub struct Pagination {
    /// Place of the first row, from 1; 0 for an empty list.
    pub first: i64,
    /// Place of the last row.
    pub last: i64,
    /// How many there are; none when nobody counted. On the last page it is known all the same.
    pub total: Option<i64>,
    /// The part before.
    pub previous: Option<String>,
    /// The part after.
    pub next: Option<String>,
}

impl Render for Pagination {
    fn render(&self) -> Markup {
        if self.last == 0 {
            return html! {};
        }
        let total = self.total.or(self.next.is_none().then_some(self.last));
        html! {
            nav class="m-tablefoot" aria-label="Pages" {
                p { (grouped(self.first)) "–" (grouped(self.last)) @if let Some(total) = total { " of " (grouped(total)) } }
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
