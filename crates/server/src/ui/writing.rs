//! A field for a text with WhatsApp's formatting: a bar of marks above it, where there is a script. Without one the marks are typed.

use maud::{Markup, Render, html};

use super::{
    assets::{self, Asset},
    field::Field,
};

/// The marks of the bar: what stands around the text, its name, its keys, and how the button looks.
const MARKS: [(&str, &str, &str, &str); 4] = [
    ("*", "Bold", "Control+B", "b"),
    ("_", "Italic", "Control+I", "i"),
    ("~", "Strikethrough", "Control+Shift+X", "s"),
    ("```", "Monospace", "Control+Shift+M", "code"),
];

/// A field of several lines with the bar above it.
pub struct Writing(
    /// The field.
    pub Field,
);

impl Render for Writing {
    fn render(&self) -> Markup {
        let Writing(field) = self;
        html! {
            div class="m-field" {
                label class="m-label" for=(field.id) { (field.label) }
                div class="m-write" data-write {
                    @if !field.disabled { (bar(&field.id)) script src=(assets::path(Asset::Marks)) defer {} }
                    (field.render_control(None))
                }
                (field.render_error())
                @if let Some(help) = &field.help { p class="m-hint" id={ (field.id) "-help" } { (help) } }
            }
        }
    }
}

fn bar(field: &str) -> Markup {
    html! {
        div class="m-tools" role="toolbar" aria-label="Formatting" aria-controls=(field) hidden {
            @for (sign, name, keys, look) in MARKS {
                button class={ "m-tools__b m-tools__b--" (look) } type="button" data-mark=(sign) aria-label=(name) aria-keyshortcuts=(keys) title={ (name) " (" (keys.replace("Control", "Ctrl")) ")" } {
                    span aria-hidden="true" { @if look == "code" { "<>" } @else { (name.chars().next().unwrap_or_default()) } }
                }
            }
        }
    }
}
