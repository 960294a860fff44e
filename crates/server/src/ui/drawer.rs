//! The story of one message: a page of its own, and a drawer over the broadcast where there is a script.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::{Chip, Tone};
use super::head::KeyValues;
use super::icons::Icon;
use super::note::Note;
use super::preview::Bubble;

/// By which the stream finds it, on its page and in the drawer.
pub const LIVE_ID: &str = "message";

/// The story of one message, in the drawer or on its page.
#[derive(Clone, Debug)]
pub struct Drawer {
    /// The name of the person or group.
    pub name: String,
    /// The number, or why there is none.
    pub detail: String,
    /// The state of the message.
    pub chip: Chip,
    /// The state in one sentence.
    pub sentence: String,
    /// What has to be known besides: the registration was corrected since; `None` where it was not.
    pub note: Option<Note>,
    /// The message as it was planned; `None` for a kind of message that cannot be shown.
    pub bubble: Option<Bubble>,
    /// Whether the bubble is that of a text message and not of WhatsApp.
    pub is_text: bool,
    /// What is known of it beside the text: segments, header, cost.
    pub facts: KeyValues,
    /// What happened to the message, oldest first.
    pub events: Vec<TimelineEvent>,
    /// The buttons, such as "Open person".
    pub actions: Vec<Button>,
}

/// One event of the message's story.
#[derive(Clone, Debug)]
pub struct TimelineEvent {
    /// The colour of the event.
    pub tone: Tone,
    /// The icon of the event.
    pub icon: Icon,
    /// The event in a few words, such as "The provider accepted it".
    pub title: String,
    /// The time of the event to the second, as in "6:15:39 PM".
    pub at: String,
    /// Further facts, such as "408 ms · id 7c1e…a94".
    pub note: String,
    /// What is folded away: the words for the fold, and the provider's body as it was received.
    pub raw: Option<(String, String)>,
}

impl Render for TimelineEvent {
    fn render(&self) -> Markup {
        html! {
            li class={ "m-ev m-ev--" (self.tone.class()) } {
                span class="m-ev__pin" { (self.icon) }
                div {
                    p class="m-ev__title" { (self.title) span { (self.at) } }
                    @if !self.note.is_empty() { p class="m-sub" { (self.note) } }
                    @if let Some((words, raw)) = &self.raw { details class="m-ev__more" { summary { (words) } pre { (raw) } } }
                }
            }
        }
    }
}

impl Render for Drawer {
    fn render(&self) -> Markup {
        html! {
            article class="m-card m-drawer" data-drawer-content data-live-id=(LIVE_ID) aria-labelledby="drawer-title" {
                header class="mui-sheet__header" { h1 class="mui-sheet__title" id="drawer-title" { (self.name) } }
                p class="mui-sheet__description" { (self.detail) }
                div class="mui-sheet__body" {
                    p class="m-drawer__state" { (self.chip) span { (self.sentence) } }
                    @if let Some(note) = &self.note { (note) }
                    @if let Some(bubble) = &self.bubble { div class="m-drawer__bubble" .m-phone--sms[self.is_text] { (bubble) } }
                    @if !self.facts.rows.is_empty() { (self.facts) }
                    h2 class="m-eyebrow" { "What happened" }
                    ol class="m-time" { @for event in &self.events { (event) } }
                }
                @if !self.actions.is_empty() { footer class="mui-sheet__footer" { @for button in &self.actions { (button) } } }
            }
        }
    }
}
