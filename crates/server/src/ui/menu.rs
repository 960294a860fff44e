//! Menus that open without script: `details`, with links and one-button forms inside.

use maud::{Markup, Render, html};

use super::button::Csrf;
use super::icons::Icon;

/// One line of a menu.
#[derive(Clone, Debug)]
pub struct MenuItem {
    /// The words of the line.
    pub label: String,
    /// The icon before the words.
    pub icon: Option<Icon>,
    /// What choosing the line does.
    pub action: MenuAction,
    /// Whether it is shown red, below a rule, at the end.
    pub danger: bool,
    /// Whether it is the choice that holds now.
    pub current: bool,
}

/// What choosing a line of a menu does.
#[derive(Clone, Debug)]
pub enum MenuAction {
    /// Leads to this address.
    Link(String),
    /// Posts a form of its own.
    Post {
        /// The address that the form posts to.
        action: String,
        /// The token of the session.
        csrf: Csrf,
        /// The names and values of the hidden fields.
        fields: Vec<(String, String)>,
    },
}

impl MenuItem {
    /// A link.
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> MenuItem {
        let action = MenuAction::Link(href.into());
        MenuItem { label: label.into(), icon: None, action, danger: false, current: false }
    }

    /// A button with a form of its own.
    pub fn post(label: impl Into<String>, action: impl Into<String>, csrf: &Csrf) -> MenuItem {
        let action = MenuAction::Post { action: action.into(), csrf: csrf.clone(), fields: vec![] };
        MenuItem { label: label.into(), icon: None, action, danger: false, current: false }
    }

    /// With an icon.
    pub fn icon(self, icon: Icon) -> MenuItem {
        MenuItem { icon: Some(icon), ..self }
    }

    /// Cannot be undone.
    pub fn danger(self) -> MenuItem {
        MenuItem { danger: true, ..self }
    }
}

impl Render for MenuItem {
    fn render(&self) -> Markup {
        let class = if self.danger { "m-menu__item is-danger" } else { "m-menu__item" };
        let current = self.current.then_some("true");
        let inside = html! {
            @if let Some(icon) = self.icon { (icon) }
            span { (self.label) }
            @if self.current { (Icon::Check) }
        };
        match &self.action {
            MenuAction::Link(href) => {
                html! { a class=(class) href=(href) aria-current=[current] { (inside) } }
            }
            MenuAction::Post { action, csrf, fields } => html! {
                form method="post" action=(action) {
                    (csrf)
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    button class=(class) type="submit" aria-current=[current] { (inside) }
                }
            },
        }
    }
}

/// A menu behind an icon button: "More for Morning reminder".
#[derive(Clone, Debug)]
pub struct Menu {
    /// What a screen reader calls the button.
    pub label: String,
    /// The lines of the menu, dangerous ones last.
    pub items: Vec<MenuItem>,
}

impl Render for Menu {
    fn render(&self) -> Markup {
        html! {
            details class="m-menu" data-menu {
                summary class="mui-btn mui-btn--ghost mui-btn--icon-28 m-ibtn" aria-label=(self.label) title=(self.label) {
                    span class="mui-btn__icon" aria-hidden="true" { (Icon::More) }
                }
                (panel(&self.items, ""))
            }
        }
    }
}

/// The panel of a menu; `class` places it.
pub(super) fn panel(items: &[MenuItem], class: &str) -> Markup {
    html! {
        div class={ "m-menu__panel " (class) } {
            ul {
                @for item in items { li.is-last[item.danger] { (item) } }
            }
        }
    }
}
