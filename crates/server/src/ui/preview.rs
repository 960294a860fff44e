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

/// A part of a text. It comes from the same function that sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text of the template, which is the same for everybody.
    Fixed(String),
    /// The value of a placeholder.
    Filled(String),
    /// The value of a placeholder that the provider would refuse.
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

/// A message as a bubble of the messenger.
#[derive(Clone, Debug, Default)]
pub struct Bubble {
    /// The heading of the message; may be empty.
    pub title: Vec<Part>,
    /// The text of the message. Line breaks in it stay.
    pub text: Vec<Part>,
    /// The small line under the text, such as "Reply STOP to opt out" or "1 segment".
    pub footer: String,
    /// When the message goes out, such as "6:00 PM".
    pub at: String,
    /// The name of a media file that comes with it; `None` without one.
    pub media: Option<String>,
    /// The address of that file, where it is a picture that is kept here.
    pub picture: Option<String>,
    /// The labels of the buttons under the message.
    pub buttons: Vec<String>,
    /// Whether two ticks stand beside the time, as in WhatsApp.
    pub ticks: bool,
    /// Whether the text has WhatsApp’s formatting.
    pub formatted: bool,
    /// Who posts it in a group, and their number.
    pub by: Option<(String, String)>,
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
            by: None,
        }
    }
}

impl Render for Bubble {
    fn render(&self) -> Markup {
        html! {
            div class="m-bubble" {
                @if let Some((name, number)) = &self.by { p class="m-bubble__by" { span { "~ " (name) } span { (number) } } }
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

/// What shows another recipient.
#[derive(Clone, Debug)]
pub enum Step {
    /// A link.
    To(String),
    /// A button of a form that is sent whole, because what is written on it stands in no address.
    Press {
        /// The form.
        form: &'static str,
        /// The button's name.
        name: &'static str,
        /// What it sends.
        value: String,
    },
}

/// Steps through real recipients.
#[derive(Clone, Debug)]
pub struct Stepper {
    /// The name of the person whose message is shown.
    pub name: String,
    /// The number of the person, or the id of the group.
    pub detail: String,
    /// What the stepper steps through, such as "person" or "group".
    pub of: &'static str,
    /// The place of the one that is shown, from 1.
    pub position: i64,
    /// The number of people to step through.
    pub total: i64,
    /// The step to the one before; `None` at the first.
    pub previous: Option<Step>,
    /// The step to the next one; `None` at the last.
    pub next: Option<Step>,
}

/// The preview of the composer.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The steps through the recipients; `None` while nobody will get it.
    pub stepper: Option<Stepper>,
    /// Where the person gets it.
    pub medium: Medium,
    /// The name of the sender, as the phone shows it.
    pub sender: String,
    /// A quiet word under the sender, such as "Business account".
    pub sender_note: String,
    /// The line in the place of the answer field, such as "Only admins can send messages"; empty for none.
    pub foot: &'static str,
    /// The message that arrives; `None` while no template is chosen.
    pub bubble: Option<Bubble>,
}

impl Stepper {
    fn step(icon: Icon, label: &str, step: Option<&Step>, key: &str) -> Markup {
        let class = "mui-btn mui-btn--ghost mui-btn--icon-28 m-ibtn";
        html! {
            @match step {
                Some(Step::Press { form, name, value }) => button class=(class) type="submit" form=(form) name=(name) value=(value) formnovalidate aria-label=(label) title=(label) data-key=(key) data-keep-scroll { (icon) },
                Some(Step::To(href)) => a class=(class) href=(href) aria-label=(label) title=(label) data-key=(key) data-keep-scroll { (icon) },
                None => span class={ (class) " is-off" } aria-hidden="true" { (icon) },
            }
        }
    }
}

impl Render for Stepper {
    fn render(&self) -> Markup {
        html! {
            div class="m-step" {
                (Stepper::step(Icon::Back, &format!("Previous {}", self.of), self.previous.as_ref(), "["))
                div class="m-step__who" { p { (self.name) } p class="m-sub" { (self.detail) } }
                span class="m-step__pos" { (grouped(self.position)) " of " (grouped(self.total)) }
                (Stepper::step(Icon::Next, &format!("Next {}", self.of), self.next.as_ref(), "]"))
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
                @if !self.foot.is_empty() { p class="m-phone__lock" { (self.foot) } }
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
