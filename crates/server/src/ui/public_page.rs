//! A page for people who have no account: one question, in English and in Hindi.

use maud::{Markup, Render, html};

use super::icons::Icon;
use super::shell::{Theme, document};

/// A page for the people who get messages, in English and Hindi.
#[derive(Clone, Debug)]
pub struct PublicPage {
    /// The `h1`, and the tab of the browser.
    pub title: String,
    /// The title in Hindi.
    pub title_hi: String,
    /// Who asks: the organisation's name.
    pub from: String,
    /// The theme of the cookie or the browser.
    pub theme: Theme,
    /// Whether what was asked for is done.
    pub done: bool,
    /// The text and the form.
    pub body: Markup,
    /// The line at the foot.
    pub foot: String,
}

impl Render for PublicPage {
    fn render(&self) -> Markup {
        document(
            &format!("{} · {}", self.title, self.from),
            self.theme,
            "m-leaflet",
            &html! {
                main class="m-leaflet__main" {
                    p class="m-leaflet__from" { (self.from) }
                    h1 class="m-leaflet__title" {
                        @if self.done { span class="m-leaflet__done" { (Icon::Ok) } }
                        (self.title)
                        span class="m-leaflet__hindi" lang="hi" { (self.title_hi) }
                    }
                    (self.body)
                }
                p class="m-leaflet__foot" { (self.foot) }
            },
        )
    }
}
