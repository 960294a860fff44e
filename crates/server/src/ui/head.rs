//! The head of a page, its intro, its sub-navigation.

use maud::{Markup, Render, html};

use super::button::Button;
use super::icons::Icon;

/// Title, what is known in one line, what can be done.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The one `h1` of the page.
    pub title: String,
    /// Beside the title: a state.
    pub chip: Option<Markup>,
    /// Under the title, separated by dots.
    pub meta: Vec<Markup>,
    /// At the right; at most one of them violet.
    pub actions: Vec<Button>,
    /// At the right after the buttons: a menu, a wizard, a form with its own button.
    pub aside: Option<Markup>,
}

impl Head {
    /// A head with a title.
    pub fn new(title: impl Into<String>) -> Head {
        Head { title: title.into(), ..Head::default() }
    }

    /// With a state beside the title.
    pub fn chip(self, chip: impl Render) -> Head {
        Head { chip: Some(chip.render()), ..self }
    }

    /// With one more thing in the line under the title.
    pub fn meta(mut self, part: impl Render) -> Head {
        self.meta.push(part.render());
        self
    }

    /// With one more button.
    pub fn action(mut self, button: Button) -> Head {
        self.actions.push(button);
        self
    }

    /// With something of its own at the right.
    pub fn aside(self, aside: impl Render) -> Head {
        Head { aside: Some(aside.render()), ..self }
    }
}

impl Render for Head {
    fn render(&self) -> Markup {
        html! {
            header class="m-head" {
                div class="m-head__text" {
                    h1 { (self.title) @if let Some(chip) = &self.chip { (chip) } }
                    @if !self.meta.is_empty() { p class="m-meta" { @for part in &self.meta { span { (part) } } } }
                }
                @if !self.actions.is_empty() || self.aside.is_some() {
                    div class="m-head__acts" {
                        @for button in &self.actions { (button) }
                        @if let Some(aside) = &self.aside { (aside) }
                    }
                }
            }
        }
    }
}

/// The strip at the top of the home page.
#[derive(Clone, Debug)]
pub struct Intro {
    /// The one `h1` of the page.
    pub title: String,
    /// What the page is for, in a sentence.
    pub text: String,
    /// The button at the right.
    pub action: Option<Button>,
}

impl Render for Intro {
    fn render(&self) -> Markup {
        html! {
            header class="m-intro" {
                span class="m-intro__tile" aria-hidden="true" { (Icon::Announce) }
                div class="m-intro__text" { h1 { (self.title) } p { (self.text) } }
                @if let Some(action) = &self.action { div class="m-intro__actions" { (action) } }
            }
        }
    }
}

/// A card with a head.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id; the title's is `{id}-title`.
    pub id: String,
    /// The title in sentence case, without an icon.
    pub title: String,
    /// What stands at the right of the head.
    pub aside: Option<Markup>,
    /// Further classes, for a card with a look of its own.
    pub class: &'static str,
    /// The content of the card.
    pub body: Markup,
}

impl Card {
    /// A card.
    pub fn new(id: impl Into<String>, title: impl Into<String>, body: impl Render) -> Card {
        Card { id: id.into(), title: title.into(), aside: None, class: "", body: body.render() }
    }

    /// With something at the right of its head.
    pub fn aside(self, aside: impl Render) -> Card {
        Card { aside: Some(aside.render()), ..self }
    }

    /// With space around what is in it, for forms and texts.
    pub fn padded(self) -> Card {
        Card { class: "m-card--in", ..self }
    }
}

impl Render for Card {
    fn render(&self) -> Markup {
        html! {
            section class={ "m-card " (self.class) } id=(self.id) aria-labelledby={ (self.id) "-title" } {
                header class="m-card__head" {
                    h2 class="m-card__title" id={ (self.id) "-title" } { (self.title) }
                    @if let Some(aside) = &self.aside { (aside) }
                }
                @if self.class == "m-card--in" { div class="m-card__body" { (self.body) } } @else { (self.body) }
            }
        }
    }
}

/// Names and values of one thing, one per line.
#[derive(Clone, Debug, Default)]
pub struct KeyValues {
    /// Name, value, and a quiet word beside it.
    pub rows: Vec<(String, Markup, Option<String>)>,
    /// With the inset of a card.
    pub inset: bool,
}

impl Render for KeyValues {
    fn render(&self) -> Markup {
        html! {
            dl.m-kv.m-kv--in[self.inset] {
                @for (name, value, more) in &self.rows {
                    div { dt { (name) } dd { (value) @if let Some(more) = more { span class="m-sub" { (more) } } } }
                }
            }
        }
    }
}

/// A figure with its name, and a quiet word under it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The name of the figure, such as "Wallet".
    pub label: String,
    /// The figure or word.
    pub value: Markup,
    /// A quiet word under or beside the figure.
    pub note: Option<String>,
}

impl Fact {
    /// A fact in words.
    pub fn new(label: impl Into<String>, value: impl Render) -> Fact {
        Fact { label: label.into(), value: value.render(), note: None }
    }

    /// A fact in a large figure; the unit stands small beside it.
    pub fn figure(label: impl Into<String>, figure: impl Render, unit: &str) -> Fact {
        Fact::new(
            label,
            html! { span class="m-num" { (figure) @if !unit.is_empty() { small { " " (unit) } } } },
        )
    }

    /// With a quiet word.
    pub fn note(self, note: impl Into<String>) -> Fact {
        Fact { note: Some(note.into()), ..self }
    }
}

impl Render for Fact {
    fn render(&self) -> Markup {
        html! {
            div {
                dt { (self.label) }
                dd { (self.value) @if let Some(note) = &self.note { span class="m-sub" { (note) } } }
            }
        }
    }
}

/// Five facts across a page.
#[derive(Clone, Debug)]
pub struct Strip(
    /// Its facts.
    pub Vec<Fact>,
);

impl Render for Strip {
    fn render(&self) -> Markup {
        html! { dl class="m-card m-facts m-strip" { @for fact in &self.0 { (fact) } } }
    }
}

/// The pages of settings: the list at the left, the chosen page beside it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The entries of the list: words, address, and whether each is the page shown.
    pub items: Vec<(String, String, bool)>,
    /// The content of the chosen page.
    pub body: Markup,
}

impl Render for Settings {
    fn render(&self) -> Markup {
        html! {
            div class="m-settings" {
                nav class="m-subnav" aria-label="Settings" {
                    @for (label, href, current) in &self.items { a href=(href) aria-current=[current.then_some("page")] { (label) } }
                }
                div class="m-settings__main" { (self.body) }
            }
        }
    }
}
