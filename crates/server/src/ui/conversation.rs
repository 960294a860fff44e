//! The picture of a call: what is said, which keys may be pressed, and what each of them does.

use maud::{Markup, Render, html};

use super::{icons::Icon, listen::Listen, preview::Part};

/// A line that is said.
#[derive(Clone, Debug, Default)]
pub struct SpokenLine {
    /// What it is: "Text", "Question".
    pub name: String,
    /// How long it takes, in seconds.
    pub seconds: i64,
    /// Its words; empty where nothing is said.
    pub text: Vec<Part>,
    /// The recording that is played in its place.
    pub recording: Option<Listen>,
}

/// One branch of a conversation: after a key, or after silence.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The key; `None` without one.
    pub key: Option<u8>,
    /// What the key means, such as "Send the link" or "Silence, 6 s".
    pub name: String,
    /// The words that follow.
    pub said: SpokenLine,
    /// The icon of what happens.
    pub icon: Icon,
    /// What happens then.
    pub action: String,
}

/// A call from its first word to its last.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// What is said first: the text, then the question.
    pub opening: Vec<SpokenLine>,
    /// What may follow; nothing where no key is asked for.
    pub leaves: Vec<Branch>,
}

/// More ends than this stand in rows below each other, without a fork.
const FORK_MAX: usize = 6;

/// The cap of a key as it looks on a telephone; keys that mean something special have their colour.
pub fn cap(key: Option<u8>) -> Markup {
    let class = match key {
        Some(1) => "m-cap m-cap--1",
        Some(2) => "m-cap m-cap--2",
        Some(9) => "m-cap m-cap--9",
        Some(_) => "m-cap",
        None => "m-cap m-cap--0",
    };
    html! { span class=(class) { @match key { Some(key) => (key), None => "–" } } }
}

impl SpokenLine {
    fn words(&self) -> Markup {
        html! {
            @if self.text.is_empty() { p class="m-said__text m-sub" { "Nothing is said." } }
            @else { p class="m-said__text" { @for part in &self.text { (part) } } }
            @if let Some(recording) = &self.recording { (recording) }
        }
    }
}

impl Render for SpokenLine {
    fn render(&self) -> Markup {
        html! {
            div class="m-said" {
                p class="m-said__head" { span { (self.name) @if self.recording.is_some() { ", recorded" } } span { (self.seconds) " s" } }
                (self.words())
            }
        }
    }
}

impl Render for Branch {
    fn render(&self) -> Markup {
        html! {
            li class="m-leaf" {
                p class="m-leaf__key" { (cap(self.key)) b { (self.name) } }
                div { (self.said.words()) }
                p class="m-leaf__act" { (self.icon) span { (self.action) } }
            }
        }
    }
}

impl Conversation {
    /// Lines from the question to each of its ends. Positions are shares of the width, so that they fit at any.
    fn fork(&self) -> Markup {
        let ends = self.leaves.len();
        let at = |n: usize| format!("{:.2}%", share(2 * n + 1, 2 * ends));
        let from = if self.opening.len() > 1 { "75%" } else { "50%" };
        html! {
            svg class="m-talk__fork" width="100%" height="32" aria-hidden="true" focusable="false" {
                line x1=(from) x2=(from) y1="0" y2="14" {}
                line x1=(at(0)) x2=(at(ends.saturating_sub(1))) y1="14" y2="14" {}
                @for n in 0..ends { line x1=(at(n)) x2=(at(n)) y1="14" y2="32" {} }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of keys")]
fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

impl Render for Conversation {
    fn render(&self) -> Markup {
        let forks = (2..=FORK_MAX).contains(&self.leaves.len());
        html! {
            div class="m-talk" role="group" aria-label="Picture of the conversation" data-live-id="conversation" {
                div.m-talk__top.m-talk__top--one[self.opening.len() < 2] {
                    @for (n, said) in self.opening.iter().enumerate() {
                        @if n > 0 { span class="m-talk__arrow" aria-hidden="true" { (Icon::Next) } }
                        (said)
                    }
                }
                @if !self.leaves.is_empty() {
                    @if forks { (self.fork()) }
                    ul class={ "m-talk__leaves m-talk__leaves--" (if forks { self.leaves.len() } else { 0 }) } {
                        @for leaf in &self.leaves { (leaf) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(key: Option<u8>) -> Branch {
        Branch {
            key,
            name: "Link".into(),
            said: SpokenLine::default(),
            icon: Icon::Sms,
            action: "Sends it".into(),
        }
    }

    #[test]
    fn the_fork_has_a_line_to_the_middle_of_each_end() {
        let two = SpokenLine { name: "Text".into(), ..SpokenLine::default() };
        let talk = Conversation {
            opening: vec![two.clone(), two],
            leaves: vec![leaf(Some(1)), leaf(Some(2)), leaf(Some(9)), leaf(None)],
        };
        let html = talk.render().into_string();
        for x in ["12.50%", "37.50%", "62.50%", "87.50%"] {
            assert!(html.contains(&format!(r#"x1="{x}" x2="{x}" y1="14" y2="32""#)), "{x}: {html}");
        }
        assert!(html.contains("m-talk__leaves--4") && html.matches("Nothing is said.").count() == 6);
        let many = Conversation { leaves: (0..8).map(|n| leaf(Some(n))).collect(), ..talk };
        let html = many.render().into_string();
        assert!(!html.contains("m-talk__fork") && html.contains("m-talk__leaves--0"), "{html}");
    }
}
