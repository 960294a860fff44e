//! Channel tabs: links, so that the tab is in the address.

use maud::{Markup, Render, html};

use super::chip::Tone;
use super::icons::Icon;

/// One tab of a page.
#[derive(Clone, Debug)]
pub struct Tab {
    /// The icon of the tab.
    pub icon: Icon,
    /// The label, such as "WhatsApp Personal".
    pub long: String,
    /// The label on a phone, such as "Personal".
    pub short: String,
    /// The address that the tab leads to.
    pub href: String,
    /// Whether it is the tab shown now.
    pub current: bool,
    /// The colour of a dot and its meaning, such as Ready or Not set up; `None` for no dot.
    pub state: Option<(Tone, String)>,
}

/// The tabs of a page.
#[derive(Clone, Debug)]
pub struct Tabs {
    /// What a screen reader calls them: "Channel".
    pub label: &'static str,
    /// The tabs, in order.
    pub tabs: Vec<Tab>,
}

impl Render for Tabs {
    fn render(&self) -> Markup {
        html! {
            nav class="m-tabs" aria-label=(self.label) {
                @for (at, tab) in self.tabs.iter().enumerate() {
                    a class="m-tabs__tab" href=(tab.href) aria-current=[tab.current.then_some("page")] data-key=(at + 1) {
                        (tab.icon)
                        span class="m-tabs__long" { (tab.long) }
                        span class="m-tabs__short" { (tab.short) }
                        @if let Some((tone, words)) = &tab.state {
                            span class={ "m-dot m-dot--" (tone.class()) } role="img" aria-label=(words) title=(words) {}
                        }
                    }
                }
            }
        }
    }
}
