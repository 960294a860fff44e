//! A note over a page: paused by whom and why, or what needs a hand, with one action.

use maud::{Markup, Render, html};

use super::chip::Tone;
use super::icons::Icon;
use super::toast::icon;

/// A note that stands on a page until what it says has changed.
#[derive(Clone, Debug)]
pub struct Note {
    /// The colour: amber, red, blue, green or grey.
    pub tone: Tone,
    /// The icon; `None` for that of the colour.
    pub icon: Option<Icon>,
    /// The fact, shown in bold.
    pub title: String,
    /// The text: who did it and when, the provider's words, what is safe, what to do.
    pub text: String,
    /// A button, a link, or a form with a button.
    pub action: Option<Markup>,
}

impl Note {
    /// A note.
    pub fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Note {
        Note { tone, icon: None, title: title.into(), text: text.into(), action: None }
    }

    /// Under the title of a paused broadcast.
    pub fn paused(title: impl Into<String>, text: impl Into<String>) -> Note {
        Note { icon: Some(Icon::Pause), ..Note::new(Tone::Act, title, text) }
    }

    /// With what to do.
    pub fn action(self, action: impl Render) -> Note {
        Note { action: Some(action.render()), ..self }
    }
}

impl Render for Note {
    fn render(&self) -> Markup {
        html! {
            div class={ "m-note m-note--" (self.tone.class()) } {
                (self.icon.unwrap_or(icon(self.tone)))
                p { @if !self.title.is_empty() { b { (self.title) } " " } (self.text) }
                @if let Some(action) = &self.action { (action) }
            }
        }
    }
}
