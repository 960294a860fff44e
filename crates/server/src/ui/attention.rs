//! The strip over every page: what needs somebody now, a sentence and a button each; and the badge in the menu.

use maud::{Markup, Render, html};

use super::button::Button;
use super::format::grouped;
use super::icons::Icon;

/// The form that the strip's buttons post, outside the strip: what everybody who watches is sent holds nobody's token.
pub const FORM: &str = "attention-act";
/// Where everything that needs somebody is listed.
pub const HREF: &str = "/attention";

/// Matters that a narrow window shows over a page; brand.css hides the others.
const SHOWN_NARROW: usize = 2;

/// One matter of the strip.
#[derive(Clone, Debug)]
pub struct Row {
    /// The icon for the kind of matter.
    pub icon: Icon,
    /// The matter in one sentence.
    pub title: String,
    /// The name of what the matter is about, and the address of its page.
    pub link: Option<(String, String)>,
    /// The further facts.
    pub why: String,
    /// What has to be done elsewhere first.
    pub first: Option<Button>,
    /// The one thing to do; `None` for a reader who may not do it.
    pub act: Option<Button>,
}

/// How much of the strip is shown on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    /// The most pressing matter, and how many there are besides.
    #[default]
    First,
    /// Every matter of the strip.
    All,
    /// Every matter, in the page itself: it is what the page is about.
    Inside,
}

/// The strip of everything that needs somebody.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    /// The matters, the most pressing first.
    pub rows: Vec<Row>,
}

impl Strip {
    /// The strip over a page.
    pub fn shown(&self, length: Length) -> Shown<'_> {
        Shown { strip: self, length }
    }

    /// How many matters there are.
    pub fn n(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(i64::MAX)
    }
}

/// The strip as a page shows it. There while nothing is in it, so that the stream can show it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    strip: &'a Strip,
    length: Length,
}

impl Render for Shown<'_> {
    fn render(&self) -> Markup {
        let rows = &self.strip.rows;
        let Some(first) = rows.first() else {
            return html! { div data-live-id="attention" hidden {} };
        };
        let label = format!("Needs you, {}", grouped(self.strip.n()));
        match self.length {
            Length::Inside => html! {
                section class="m-attn" data-live-id="attention" aria-label=(label) { @for row in rows { (row.whole()) } }
            },
            // Where there is little room the first ones are shown, and a way to all.
            Length::All => html! {
                section class="m-attn m-attn--top" data-live-id="attention" aria-label=(label) {
                    @for row in rows { (row.whole()) }
                    @if rows.len() > SHOWN_NARROW { p class="m-attn__rest" { a class="m-link" href=(HREF) { "All " (grouped(self.strip.n())) " that need you" } } }
                }
            },
            Length::First => html! {
                section class="m-attn m-attn--line" data-live-id="attention" aria-label=(label) { (first.line(rows.len() - 1)) }
            },
        }
    }
}

impl Row {
    fn whole(&self) -> Markup {
        html! {
            div class="m-attn__row" {
                span class="m-attn__sign" { (self.icon) }
                div class="m-attn__text" {
                    p class="m-attn__title" { (self.title) }
                    p class="m-attn__why" {
                        @if let Some((words, href)) = &self.link { a href=(href) { (words) } ", " }
                        (self.why)
                    }
                }
                (self.acts())
            }
        }
    }

    fn line(&self, more: usize) -> Markup {
        html! {
            div class="m-attn__row" {
                span class="m-attn__sign" { (self.icon) }
                p class="m-attn__title" { (self.title) }
                a class="m-attn__more" href=(HREF) { @if more > 0 { "+" (more) " more" } @else { "Details" } }
                (self.acts())
            }
        }
    }

    fn acts(&self) -> Markup {
        html! { div class="m-attn__acts" { @for act in self.first.iter().chain(&self.act) { (act) } } }
    }
}

/// How many matters need somebody, beside the menu's line. There while none does.
pub fn count(n: i64) -> Markup {
    html! {
        span class="m-nav__n m-nav__n--act" data-live-id="attention-n" hidden[n == 0] {
            (grouped(n)) span class="mui-visually-hidden" { (if n == 1 { " matter needs you" } else { " matters need you" }) }
        }
    }
}

/// The number of matters on the button that opens the menu of a phone.
pub fn badge(n: i64) -> Markup {
    html! { span class="m-badge" data-live-id="attention-badge" aria-hidden="true" hidden[n == 0] { (grouped(n)) } }
}
