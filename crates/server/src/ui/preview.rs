//! A message as one real person will see it.

use domain::{
    channel::Medium,
    post::{MediaKind, PostMedia},
    template::{self, Message},
};
use maud::{Markup, Render, html};

use super::format::{grouped, initials};
use super::icons::Icon;
use super::written::Written;

/// A piece of a text; it comes from the same function that sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Stands in the template.
    Fixed(String),
    /// What a placeholder became.
    Filled(String),
    /// What a placeholder became, and the provider would refuse.
    Wrong(String),
}

impl From<template::Part> for Part {
    fn from(part: template::Part) -> Part {
        match part {
            template::Part::Fixed(text) => Part::Fixed(text),
            template::Part::Filled(text) => Part::Filled(text),
        }
    }
}

impl Render for Part {
    fn render(&self) -> Markup {
        match self {
            Part::Fixed(text) => html! { (text) },
            Part::Filled(text) => html! { mark { (text) } },
            Part::Wrong(text) => html! { mark class="is-bad" { (text) } },
        }
    }
}

/// A bubble.
#[derive(Clone, Debug, Default)]
pub struct Bubble {
    /// A heading in the message.
    pub title: Vec<Part>,
    /// The text; line breaks in it stay.
    pub text: Vec<Part>,
    /// Small, under the text: "Reply STOP to opt out", "1 segment".
    pub footer: String,
    /// When it goes out: "6:00 PM".
    pub at: String,
    /// A media file that comes with it, by its name.
    pub media: Option<String>,
    /// That file, where it is a picture that is kept here.
    pub picture: Option<String>,
    /// Buttons under it.
    pub buttons: Vec<String>,
    /// Two ticks beside the time, as WhatsApp has them.
    pub ticks: bool,
    /// Its text has WhatsApp’s formatting.
    pub formatted: bool,
}

impl Bubble {
    /// A text with what its template puts around it.
    pub fn of(message: &Message, text: Vec<Part>, at: String) -> Bubble {
        let template = match message {
            Message::Whatsapp(template) => template,
            Message::Sms(_) | Message::Call(_) => return Bubble { text, at, ..Bubble::default() },
            Message::Group(post) => {
                let name = |media: &PostMedia| {
                    if media.name.is_empty() { media.url.clone() } else { media.name.clone() }
                };
                let media = post.media.as_ref().map(name);
                let own =
                    post.media.as_ref().filter(|file| file.kind == MediaKind::Image && file.own().is_some());
                let picture = own.map(|file| file.url.clone());
                return Bubble { text, at, media, picture, formatted: true, ..Bubble::default() };
            }
        };
        let title = Some(template.header.clone()).filter(|header| !header.is_empty());
        let media = template.media.as_ref();
        let name = media.map(|media| if media.filename.is_empty() { &media.url } else { &media.filename });
        Bubble {
            title: title.into_iter().map(Part::Fixed).collect(),
            text,
            footer: template.footer.clone(),
            at,
            media: name.cloned(),
            picture: None,
            buttons: template.buttons.iter().map(|button| button.label.clone()).collect(),
            ticks: true,
            formatted: false,
        }
    }
}

impl Render for Bubble {
    fn render(&self) -> Markup {
        html! {
            div class="m-bubble" {
                @if let (Some(picture), Some(name)) = (&self.picture, &self.media) { img class="m-bubble__img" src=(picture) alt=(name); }
                @else if let Some(media) = &self.media { p class="m-bubble__media" { (Icon::Download) (media) } }
                @if !self.title.is_empty() { p class="m-bubble__title" { @for part in &self.title { (part) } } }
                @if self.formatted { (Written(&self.text)) } @else { p class="m-bubble__text" { @for part in &self.text { (part) } } }
                p class="m-bubble__foot" { span { (self.footer) } span { (self.at) @if self.ticks { (Icon::CheckTwice) } } }
            }
            @for button in &self.buttons { div class="m-bubble__btn" { (Icon::Open) (button) } }
        }
    }
}

/// Steps through real recipients, as links.
#[derive(Clone, Debug)]
pub struct Stepper {
    /// Whose message it is.
    pub name: String,
    /// Their number, or their group's.
    pub detail: String,
    /// Their place, from 1.
    pub position: i64,
    /// Of how many.
    pub total: i64,
    /// The one before.
    pub previous: Option<String>,
    /// The one after.
    pub next: Option<String>,
}

/// The preview of the composer.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Whose message it is; none while nobody will get it.
    pub stepper: Option<Stepper>,
    /// Where the person gets it.
    pub medium: Medium,
    /// Who it comes from.
    pub sender: String,
    /// "Business account", "Text message".
    pub sender_note: String,
    /// What arrives; none while no template is chosen.
    pub bubble: Option<Bubble>,
}

impl Stepper {
    fn step(icon: Icon, label: &str, href: Option<&String>, key: &str) -> Markup {
        let class = "mui-btn mui-btn--ghost mui-btn--icon-28 m-ibtn";
        html! {
            @match href {
                Some(href) => a class=(class) href=(href) aria-label=(label) title=(label) data-key=(key) data-keep-scroll { (icon) },
                None => span class={ (class) " is-off" } aria-hidden="true" { (icon) },
            }
        }
    }
}

impl Render for Stepper {
    fn render(&self) -> Markup {
        html! {
            div class="m-step" {
                (Stepper::step(Icon::Back, "Previous person", self.previous.as_ref(), "["))
                div class="m-step__who" { p { (self.name) } p class="m-sub" { (self.detail) } }
                span class="m-step__pos" { (grouped(self.position)) " of " (grouped(self.total)) }
                (Stepper::step(Icon::Next, "Next person", self.next.as_ref(), "]"))
            }
        }
    }
}

impl Preview {
    fn screen(&self) -> Markup {
        let (class, face) = match self.medium {
            Medium::WhatsApp => ("m-phone", "m-phone__face"),
            Medium::Texts | Medium::Call => ("m-phone m-phone--sms", "m-phone__face m-phone__face--sms"),
        };
        html! {
            div class=(class) {
                div class="m-phone__head" {
                    span class=(face) aria-hidden="true" { @if self.medium == Medium::Call { (Icon::Call) } @else { (initials(&self.sender)) } }
                    div { p { (self.sender) } p class="m-sub" { (self.sender_note) } }
                }
                div class="m-phone__screen" { @if let Some(bubble) = &self.bubble { (bubble) } @else { p class="m-sub" { "What is chosen or written is shown here." } } }
            }
        }
    }
}

impl Render for Preview {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-preview" id="preview" aria-labelledby="preview-title" data-live-id="preview" {
                header class="m-card__head" { h2 id="preview-title" class="m-card__title" { "Preview" } }
                @if let Some(stepper) = &self.stepper { (stepper) }
                (self.screen())
            }
        }
    }
}
