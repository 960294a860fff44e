//! Recordings to listen to, and the part of a form that makes one.

use maud::{Markup, Render, html};

use super::{button::Button, icons::Icon};

/// A player for one recording.
#[derive(Clone, Debug)]
pub struct Listen {
    /// What is heard, for a screen reader.
    pub name: String,
    /// The address of its sound.
    pub src: String,
}

impl Render for Listen {
    fn render(&self) -> Markup {
        html! { audio class="m-audio" controls preload="none" src=(self.src) aria-label={ "Listen to " (self.name) } {} }
    }
}

/// Records a voice into a field of files. Its script shows it where the browser can record; without script the field takes a file.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The id of the field for the file.
    pub field: &'static str,
    /// The longest recording, in seconds.
    pub longest_s: usize,
}

impl Render for Recorder {
    fn render(&self) -> Markup {
        let mut start = Button::new("Record here").icon(Icon::Record);
        start.submits = false;
        html! {
            div class="m-recorder" role="group" aria-label="Record here" data-recorder=(self.field) data-longest=(self.longest_s) hidden {
                span data-recorder-start { (start) }
                p class="m-hint" role="status" data-recorder-said { "Up to " (self.longest_s) " seconds. Speak as you would on the telephone." }
                div data-recorder-heard hidden {}
            }
        }
    }
}
