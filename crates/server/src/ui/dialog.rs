//! Confirmations: a dialog where there is a script, the same thing as a page without.

use maud::{Markup, Render, html};

use super::button::{Button, Csrf};
use super::icons::Icon;

/// A question with a number in its button: "Schedule for 1,231 people".
///
/// Render it at the end of a page, closed; a [`Button::opens`] with its id opens it. The same value
/// rendered with [`Confirm::page`] is what the link behind that button leads to.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The id of the dialog, by which a button opens it.
    pub id: String,
    /// "Send to 1,231 people?" The number is in it.
    pub title: String,
    /// What will happen if the person confirms.
    pub body: Markup,
    /// The address that the form posts to.
    pub action: String,
    /// The token of the session.
    pub csrf: Csrf,
    /// Names and values that go along.
    pub hidden: Vec<(String, String)>,
    /// The button that does it.
    pub confirm: Button,
    /// Words and address of the way back: "Keep editing".
    pub back: (String, String),
}

impl Confirm {
    fn form_id(&self) -> String {
        format!("{}-form", self.id)
    }

    fn form(&self) -> Markup {
        html! {
            form method="post" action=(self.action) id=(self.form_id()) {
                (self.csrf)
                @for (name, value) in &self.hidden { input type="hidden" name=(name) value=(value); }
                (self.body)
            }
        }
    }

    /// The page without script.
    pub fn page(&self) -> Markup {
        self.as_page(false)
    }

    fn as_page(&self, wide: bool) -> Markup {
        html! {
            section.m-card.m-ask.m-ask--wide[wide] aria-labelledby={ (self.id) "-title" } {
                h1 class="m-ask__title" id={ (self.id) "-title" } { (self.title) }
                (self.form())
                div class="m-ask__acts" {
                    (Button::link(&self.back.0, &self.back.1))
                    (self.confirm.clone().form(self.form_id()))
                }
            }
        }
    }
}

impl Render for Confirm {
    fn render(&self) -> Markup {
        self.as_dialog(false)
    }
}

/// A question that shows so much that it takes two columns.
#[derive(Clone, Debug)]
pub struct WideConfirm(
    /// The question.
    pub Confirm,
);

impl WideConfirm {
    /// The page without script.
    pub fn page(&self) -> Markup {
        self.0.as_page(true)
    }
}

impl Render for WideConfirm {
    fn render(&self) -> Markup {
        self.0.as_dialog(true)
    }
}

impl Confirm {
    fn as_dialog(&self, wide: bool) -> Markup {
        html! {
            dialog.mui-dialog.m-confirm[wide] id=(self.id) aria-labelledby={ (self.id) "-title" } {
                button class="mui-dialog__close" type="button" data-dialog-close aria-label="Close" { (Icon::Close) }
                div class="mui-dialog__header" { h2 class="mui-dialog__title" id={ (self.id) "-title" } { (self.title) } }
                // A long one scrolls, also by keyboard.
                div class="mui-dialog__body" tabindex=[wide.then_some("0")] { (self.form()) }
                div class="mui-dialog__footer" {
                    button class="mui-btn mui-btn--outline mui-btn--md" type="button" data-dialog-close { (self.back.0) }
                    (self.confirm.clone().form(self.form_id()))
                }
            }
        }
    }
}
