//! What an action is aimed at: a role and a name, as a screen reader says them.

use std::fmt;

/// Roles that a person clicks.
const CLICKABLE: &[&str] = &[
    "button",
    "link",
    "tab",
    "checkbox",
    "radio",
    "switch",
    "menuitem",
    "menuitemcheckbox",
    "menuitemradio",
    "option",
    // Chromium's word for <summary>.
    "DisclosureTriangle",
];

/// Roles that a person types into, with Chromium's words for the inputs that ARIA has no role for.
pub(crate) const TYPEABLE: &[&str] = &[
    "textbox",
    "searchbox",
    "spinbutton",
    "combobox",
    "slider",
    "Date",
    "DateTime",
    "InputTime",
    "ColorWell",
];

/// Roles that a person selects from.
pub(crate) const SELECTABLE: &[&str] = &["combobox", "listbox"];

/// One thing on a page. A plain text means whatever fits the action and has exactly that name:
/// `page.click("Sign in")`. Narrow it where a page has two: `button("Remove").within("#row-7")`.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    roles: Option<&'static [&'static str]>,
    pub(crate) within: Option<String>,
    pub(crate) nth: Option<usize>,
}

/// The button of this name.
pub(crate) fn button(name: &str) -> Target {
    Target::of(name, Some(&["button"]))
}

/// The link of this name.
pub(crate) fn link(name: &str) -> Target {
    Target::of(name, Some(&["link"]))
}

/// The tab of this name.
pub(crate) fn tab(name: &str) -> Target {
    Target::of(name, Some(&["tab"]))
}

/// A piece of text, whatever it is in.
pub(crate) fn text(text: &str) -> Target {
    Target::of(text, Some(&["StaticText"]))
}

impl Target {
    fn of(name: &str, roles: Option<&'static [&'static str]>) -> Target {
        Target { name: name.to_owned(), roles, within: None, nth: None }
    }

    /// Only inside the first element that this CSS selector finds.
    pub(crate) fn within(self, css: &str) -> Target {
        Target { within: Some(css.to_owned()), ..self }
    }

    /// The n-th of several with this name, from 0, in the order of the page.
    pub(crate) fn nth(self, nth: usize) -> Target {
        Target { nth: Some(nth), ..self }
    }

    /// The same, for an action that reaches only some roles.
    pub(crate) fn or_roles(self, roles: &'static [&'static str]) -> Target {
        Target { roles: Some(self.roles.unwrap_or(roles)), ..self }
    }

    /// The same, for a click.
    pub(crate) fn clickable(self) -> Target {
        self.or_roles(CLICKABLE)
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.is_none_or(|roles| roles.contains(&role))
    }
}

impl From<&str> for Target {
    fn from(name: &str) -> Target {
        Target::of(name, None)
    }
}

impl From<&String> for Target {
    fn from(name: &String) -> Target {
        Target::of(name, None)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.roles {
            Some([role]) => write!(f, "{role} “{}”", self.name)?,
            _ => write!(f, "“{}”", self.name)?,
        }
        if let Some(nth) = self.nth {
            write!(f, " (number {nth})")?;
        }
        match &self.within {
            Some(css) => write!(f, " within {css}"),
            None => Ok(()),
        }
    }
}
