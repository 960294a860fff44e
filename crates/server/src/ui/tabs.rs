//! Channel tabs: links, so that the tab is in the address.

use maud::{Markup, Render, html};

use super::chip::Tone;
use super::icons::Icon;

/// One tab.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its icon.
    pub icon: Icon,
    /// "WhatsApp Personal".
    pub long: String,
    /// "Personal", on a phone.
    pub short: String,
    /// Where it leads.
    pub href: String,
    /// The one shown now.
    pub current: bool,
    /// A dot and its meaning: Ready, Groups missing, Not set up.
    pub state: Option<(Tone, String)>,
}

/// The tabs of a page.
#[derive(Clone, Debug)]
pub struct Tabs {
    /// What a screen reader calls them: "Channel".
    pub label: &'static str,
    /// The tabs.
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
