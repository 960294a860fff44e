//! Buttons, links that look like them, and small ones with only an icon.

use maud::{Markup, Render, html};

use super::icons::Icon;

/// How much a button asks for attention. One violet button per view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Violet: the next step of this view.
    Primary,
    /// An outline: for everything else.
    #[default]
    Outline,
    /// No background: in rows and toolbars.
    Ghost,
    /// Red: for what cannot be undone.
    Danger,
}

/// The size of a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// In the head of a card, in the foot of a table.
    Small,
    /// 32 px, 44 px on a phone.
    #[default]
    Medium,
    /// For the one button of a page outside: sign in, join.
    Large,
}

/// A button, or with `href` a link that looks like one.
///
/// ```
/// use munadi::ui::{button::Button, icons::Icon};
/// use maud::Render;
/// let pause = Button::new("Pause").icon(Icon::Pause).submit("do", "pause");
/// assert!(pause.render().into_string().contains(r#"name="do" value="pause""#));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Button {
    /// Verb and number: "Cancel remaining (3,412)".
    pub label: String,
    /// The icon before the label, or instead of it.
    pub icon: Option<Icon>,
    /// How much it asks for attention.
    pub weight: Weight,
    /// The size of the button.
    pub size: Size,
    /// Shows the icon only; the label is read aloud and shown on hover.
    pub icon_only: bool,
    /// The address that makes it a link; `None` for a button.
    pub href: Option<String>,
    /// The id of the element; `None` without one.
    pub id: Option<String>,
    /// Submits the form; without it the button does nothing but open a dialog.
    pub submits: bool,
    /// Name and value that go with the form.
    pub name_value: Option<(String, String)>,
    /// The id of the form it belongs to, if it stands outside.
    pub form: Option<String>,
    /// Posts the form to another address.
    pub formaction: Option<String>,
    /// Leaves the form's fields unchecked, for "Save draft" and the like.
    pub formnovalidate: bool,
    /// The id of a dialog on the page that opens instead, where there is a script.
    pub dialog: Option<String>,
    /// As wide as its box.
    pub wide: bool,
    /// Whether it cannot be pressed now. The reason stands beside it, never only here.
    pub disabled: bool,
    /// What it says while its form is on the way: "Sending…".
    pub busy_label: Option<String>,
    /// What a screen reader says instead of the label, when the label alone is not enough: "Pause Morning reminder".
    pub spoken: Option<String>,
    /// Whether the browser stores what the link leads to as a file.
    pub download: bool,
    /// Whether the link leads out of the product, in another tab.
    pub outside: bool,
    /// Whether it is hidden where a script does its work, as "Update" beside a select.
    pub without_script_only: bool,
    /// Counts the ticked boxes of its form whose names begin so, where there is a script.
    pub ticked: Option<&'static str>,
    /// The key that presses it, as live.js knows it: "mod+Enter", "mod+s".
    pub shortcut: Option<&'static str>,
}

impl Button {
    /// An outline button that submits its form.
    pub fn new(label: impl Into<String>) -> Button {
        Button { label: label.into(), submits: true, ..Button::default() }
    }

    /// The violet one: submits its form.
    pub fn primary(label: impl Into<String>) -> Button {
        Button { weight: Weight::Primary, ..Button::new(label) }
    }

    /// A red one: submits its form.
    pub fn danger(label: impl Into<String>) -> Button {
        Button { weight: Weight::Danger, ..Button::new(label) }
    }

    /// An outline link.
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Button {
        Button { label: label.into(), href: Some(href.into()), ..Button::default() }
    }

    /// A violet link.
    pub fn primary_link(label: impl Into<String>, href: impl Into<String>) -> Button {
        Button { weight: Weight::Primary, ..Button::link(label, href) }
    }

    /// A small one that shows only an icon; `label` is its name for everybody else.
    pub fn icon_only(icon: Icon, label: impl Into<String>) -> Button {
        Button { icon: Some(icon), icon_only: true, weight: Weight::Ghost, ..Button::new(label) }
    }

    /// With an icon before the label.
    pub fn icon(self, icon: Icon) -> Button {
        Button { icon: Some(icon), ..self }
    }

    /// Small.
    pub fn small(self) -> Button {
        Button { size: Size::Small, ..self }
    }

    /// Large.
    pub fn large(self) -> Button {
        Button { size: Size::Large, ..self }
    }

    /// As wide as its box.
    pub fn wide(self) -> Button {
        Button { wide: true, ..self }
    }

    /// With an id.
    pub fn id(self, id: impl Into<String>) -> Button {
        Button { id: Some(id.into()), ..self }
    }

    /// Leads to `href` instead of submitting.
    pub fn to(self, href: impl Into<String>) -> Button {
        Button { href: Some(href.into()), submits: false, ..self }
    }

    /// Submits its form with this name and value.
    pub fn submit(self, name: impl Into<String>, value: impl Into<String>) -> Button {
        Button { name_value: Some((name.into(), value.into())), submits: true, ..self }
    }

    /// Belongs to the form with this id.
    pub fn form(self, id: impl Into<String>) -> Button {
        Button { form: Some(id.into()), ..self }
    }

    /// Posts its form to another address.
    pub fn formaction(self, action: impl Into<String>) -> Button {
        Button { formaction: Some(action.into()), ..self }
    }

    /// Leads out of the product: opens another tab, and says so.
    pub fn outside(self) -> Button {
        Button { outside: true, ..self }
    }

    /// Does not ask the browser to check the form's fields first.
    pub fn unchecked(self) -> Button {
        Button { formnovalidate: true, ..self }
    }

    /// Opens the dialog with this id where there is a script; its link or form is the way without.
    pub fn opens(self, dialog: impl Into<String>) -> Button {
        Button { dialog: Some(dialog.into()), ..self }
    }

    /// Cannot be pressed now.
    pub fn disabled(self, disabled: bool) -> Button {
        Button { disabled, ..self }
    }

    /// Counts the ticked boxes of its form whose names begin so.
    pub fn ticked(self, names: &'static str) -> Button {
        Button { ticked: Some(names), ..self }
    }

    /// Says this while its form is on the way.
    pub fn busy(self, label: impl Into<String>) -> Button {
        Button { busy_label: Some(label.into()), ..self }
    }

    /// Is read aloud as this.
    pub fn spoken(self, words: impl Into<String>) -> Button {
        Button { spoken: Some(words.into()), ..self }
    }

    /// Is pressed by this key too: "mod+Enter", "mod+s".
    pub fn shortcut(self, keys: &'static str) -> Button {
        Button { shortcut: Some(keys), ..self }
    }

    fn class(&self) -> String {
        let weight = match self.weight {
            Weight::Primary => "primary",
            Weight::Outline => "outline",
            Weight::Ghost => "ghost",
            Weight::Danger => "danger",
        };
        let size = match (self.icon_only, self.size) {
            (true, _) => "icon-28 m-ibtn",
            (false, Size::Small) => "sm m-btn-sm",
            (false, Size::Medium) => "md",
            (false, Size::Large) => "lg",
        };
        let wide = if self.wide { " m-wide" } else { "" };
        let only = if self.without_script_only { " m-noscript" } else { "" };
        format!("mui-btn mui-btn--{weight} mui-btn--{size}{wide}{only}")
    }

    fn spoken_label(&self) -> Option<&str> {
        self.spoken.as_deref().or(self.icon_only.then_some(self.label.as_str()))
    }

    fn inside(&self) -> Markup {
        html! {
            @if let Some(icon) = self.icon {
                span class="mui-btn__icon" data-icon="inline-start" aria-hidden="true" { (icon) }
            }
            @if !self.icon_only { span class="m-btn__label" { (self.label) } }
            @if self.outside { span class="mui-visually-hidden" { " (opens in a new tab)" } }
        }
    }
}

impl Render for Button {
    fn render(&self) -> Markup {
        let class = self.class();
        let title = self.icon_only.then_some(&self.label);
        match &self.href {
            Some(href) if !self.disabled => html! {
                a class=(class) id=[&self.id] href=(href) data-dialog=[&self.dialog] data-key=[self.shortcut]
                    target=[self.outside.then_some("_blank")] rel=[self.outside.then_some("noopener noreferrer")]
                    aria-label=[self.spoken_label()] title=[title] download[self.download] { (self.inside()) }
            },
            _ => html! {
                button class=(class) id=[&self.id] type=(if self.submits { "submit" } else { "button" })
                    name=[self.name_value.as_ref().map(|(name, _)| name)] value=[self.name_value.as_ref().map(|(_, value)| value)]
                    form=[&self.form] formaction=[&self.formaction] formnovalidate[self.formnovalidate]
                    data-dialog=[&self.dialog] data-busy=[&self.busy_label] data-key=[self.shortcut] data-ticked=[self.ticked]
                    aria-label=[self.spoken_label()] title=[title] disabled[self.disabled] { (self.inside()) }
            },
        }
    }
}

/// A plain link in the text or at the end of a row.
#[derive(Clone, Debug)]
pub struct Link {
    /// The words of the link.
    pub label: String,
    /// The address that it leads to.
    pub href: String,
}

impl Link {
    /// A link.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Link {
        Link { label: label.into(), href: href.into() }
    }
}

impl Render for Link {
    fn render(&self) -> Markup {
        html! { a class="m-link" href=(self.href) { (self.label) } }
    }
}

/// The token that proves that a form came from one of our pages; every posting form holds it.
#[derive(Clone, Debug)]
pub struct Csrf(
    /// The token, as the session gave it.
    pub String,
);

impl Render for Csrf {
    fn render(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.0); }
    }
}
