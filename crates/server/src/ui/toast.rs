//! Notices that say what was just done, with an action such as "Undo" while it can still be undone.

use maud::{Markup, Render, html};

use super::button::Csrf;
use super::chip::Tone;
use super::icons::Icon;

/// A notice. With a script it goes away by itself, unless it tells of an error.
#[derive(Clone, Debug)]
pub struct Toast {
    /// The colour of the notice.
    pub tone: Tone,
    /// What happened: "Scheduled for 1,231 people."
    pub text: String,
    /// What can be done about it; `None` where nothing can.
    pub action: Option<ToastAction>,
}

/// What can be done about a notice.
#[derive(Clone, Debug)]
pub enum ToastAction {
    /// Leads to a page.
    Link {
        /// The words of the link.
        label: String,
        /// The address of the page.
        href: String,
    },
    /// Takes the action back.
    Undo {
        /// The address that the form posts to.
        action: String,
        /// The token of the session.
        csrf: Csrf,
        /// The seconds within which it can be taken back.
        seconds: u32,
    },
}

impl Toast {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Toast {
        Toast { tone: Tone::Done, text: text.into(), action: None }
    }

    /// Something went wrong: what is safe, what to do.
    pub fn failed(text: impl Into<String>) -> Toast {
        Toast { tone: Tone::Fail, text: text.into(), action: None }
    }

    /// With a link.
    pub fn link(self, label: impl Into<String>, href: impl Into<String>) -> Toast {
        Toast { action: Some(ToastAction::Link { label: label.into(), href: href.into() }), ..self }
    }

    /// With a way back for ten seconds.
    pub fn undo(self, action: impl Into<String>, csrf: &Csrf) -> Toast {
        Toast {
            action: Some(ToastAction::Undo { action: action.into(), csrf: csrf.clone(), seconds: 10 }),
            ..self
        }
    }
}

/// The icon of a tone in notices and notes.
pub(super) fn icon(tone: Tone) -> Icon {
    match tone {
        Tone::Done => Icon::Ok,
        Tone::Act => Icon::Warning,
        Tone::Run => Icon::Play,
        Tone::Fail => Icon::Error,
        Tone::Rest => Icon::Wait,
    }
}

impl Render for Toast {
    fn render(&self) -> Markup {
        let stays = self.tone == Tone::Fail;
        html! {
            div class={ "m-toast m-toast--" (self.tone.class()) } role=(if stays { "alert" } else { "status" }) data-toast=(if stays { "stay" } else { "go" }) {
                (icon(self.tone))
                p { (self.text) }
                @match &self.action {
                    Some(ToastAction::Link { label, href }) => a class="m-link" href=(href) { (label) },
                    Some(ToastAction::Undo { action, csrf, seconds }) => form method="post" action=(action) data-undo=(seconds) {
                        (csrf)
                        button class="m-link" type="submit" { "Undo" span class="m-toast__left" data-undo-left aria-hidden="true" {} }
                    },
                    None => {}
                }
                button class="m-toast__close" type="button" data-toast-close aria-label="Dismiss" { (Icon::Close) }
            }
        }
    }
}
