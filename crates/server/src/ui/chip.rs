//! State chips (icon, word and colour) and tag chips (a dot of the tag's colour, the word in ink).

use maud::{Markup, Render, html};

use super::icons::Icon;

/// What a colour means here; never the only sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Green: something is done or proven.
    Done,
    /// Amber: somebody has to act or look.
    Act,
    /// Blue: something is ready to run, or runs.
    Run,
    /// Red: something failed.
    Fail,
    /// Grey: scheduled, cancelled, not set up.
    Rest,
}

impl Tone {
    /// The last part of our class names: `done`, `act`, `run`, `fail`, `rest`.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Done => "done",
            Tone::Act => "act",
            Tone::Run => "run",
            Tone::Fail => "fail",
            Tone::Rest => "rest",
        }
    }

    fn badge(self) -> &'static str {
        match self {
            Tone::Done => "success",
            Tone::Act => "warning",
            Tone::Run => "info",
            Tone::Fail => "danger",
            Tone::Rest => "secondary",
        }
    }
}

/// The states that screens name, each with its one icon, word and tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A message that is not due yet, or whose turn has not come.
    Waiting,
    /// The call to the provider is under way.
    InFlight,
    /// The provider accepted the message, and nothing more is proven.
    HandedOver,
    /// A receipt proves that the message reached the phone.
    Delivered,
    /// A receipt proves that the message was read.
    Read,
    /// The message was refused, or all tries were used up.
    Failed,
    /// The person was left out, with a reason.
    Skipped,
    /// The last useful moment passed.
    Expired,
    /// A person or a moved workshop stopped the message.
    Cancelled,
    /// The message may have gone out; nobody knows.
    Unknown,
    /// Something that is written and not confirmed.
    Draft,
    /// Something that waits for its time.
    Scheduled,
    /// The next one that goes out.
    Next,
    /// Messages are going out now.
    Sending,
    /// Sending is stopped for a while.
    Paused,
    /// All messages went out.
    Sent,
    /// Nothing is left to do.
    Completed,
    /// Everything that is needed is in place.
    Ready,
    /// Something is missing before it can go out.
    Setup,
    /// The account is not connected yet.
    NotSetUp,
    /// Approved by the provider or the registry.
    Approved,
    /// The account's credit is not enough.
    LowBalance,
    /// The account is logged out or does not answer.
    Disconnected,
}

impl State {
    /// Every state, for the gallery and for tests.
    pub const ALL: &[State] = &[
        State::Waiting,
        State::InFlight,
        State::HandedOver,
        State::Delivered,
        State::Read,
        State::Failed,
        State::Skipped,
        State::Expired,
        State::Cancelled,
        State::Unknown,
        State::Draft,
        State::Scheduled,
        State::Next,
        State::Sending,
        State::Paused,
        State::Sent,
        State::Completed,
        State::Ready,
        State::Setup,
        State::NotSetUp,
        State::Approved,
        State::LowBalance,
        State::Disconnected,
    ];

    fn look(self) -> (Tone, Icon, &'static str) {
        match self {
            State::Waiting => (Tone::Rest, Icon::Wait, "Waiting"),
            State::InFlight => (Tone::Run, Icon::InFlight, "In flight"),
            State::HandedOver => (Tone::Rest, Icon::Check, "Handed over"),
            State::Delivered => (Tone::Done, Icon::CheckTwice, "Delivered"),
            State::Read => (Tone::Done, Icon::CheckTwice, "Read"),
            State::Failed => (Tone::Fail, Icon::Error, "Failed"),
            State::Skipped => (Tone::Rest, Icon::Skip, "Skipped"),
            State::Expired => (Tone::Rest, Icon::Expired, "Expired"),
            State::Cancelled => (Tone::Rest, Icon::Cancel, "Cancelled"),
            State::Unknown => (Tone::Act, Icon::Question, "Unknown"),
            State::Draft => (Tone::Rest, Icon::Edit, "Draft"),
            State::Scheduled => (Tone::Rest, Icon::Wait, "Scheduled"),
            State::Next => (Tone::Run, Icon::Wait, "Next"),
            State::Sending => (Tone::Run, Icon::Play, "Sending"),
            State::Paused => (Tone::Act, Icon::Pause, "Paused"),
            State::Sent => (Tone::Done, Icon::Ok, "Sent"),
            State::Completed => (Tone::Done, Icon::Ok, "Completed"),
            State::Ready => (Tone::Done, Icon::Ok, "Ready"),
            State::Setup => (Tone::Act, Icon::Warning, "Setup"),
            State::NotSetUp => (Tone::Rest, Icon::Cancel, "Not set up"),
            State::Approved => (Tone::Done, Icon::Ok, "Approved"),
            State::LowBalance => (Tone::Act, Icon::Warning, "Low balance"),
            State::Disconnected => (Tone::Fail, Icon::Error, "Disconnected"),
        }
    }

    /// The word alone.
    pub fn word(self) -> &'static str {
        self.look().2
    }

    /// Its chip.
    pub fn chip(self) -> Chip {
        let (tone, icon, word) = self.look();
        Chip { tone, icon, word: word.into() }
    }
}

impl Render for State {
    fn render(&self) -> Markup {
        self.chip().render()
    }
}

/// A state as icon, word and colour. Most come from [`State::chip`]; own words such as "22 failed" from the fields.
#[derive(Clone, Debug)]
pub struct Chip {
    /// The colour of the chip.
    pub tone: Tone,
    /// The icon of the chip.
    pub icon: Icon,
    /// The word on the chip.
    pub word: String,
}

impl Render for Chip {
    fn render(&self) -> Markup {
        html! {
            span class={ "mui-badge mui-badge--" (self.tone.badge()) " m-chip" } data-icon="inline-start" { (self.icon) (self.word) }
        }
    }
}

/// The eight colours a tag can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagColour {
    /// Violet.
    Violet,
    /// Blue.
    Blue,
    /// Teal.
    Teal,
    /// Green.
    Green,
    /// Lime.
    Lime,
    /// Amber.
    Amber,
    /// Rose.
    Rose,
    /// Grey.
    Grey,
}

impl TagColour {
    /// Every colour with the name it is stored and chosen by.
    pub const ALL: &[(TagColour, &str)] = &[
        (TagColour::Violet, "violet"),
        (TagColour::Blue, "blue"),
        (TagColour::Teal, "teal"),
        (TagColour::Green, "green"),
        (TagColour::Lime, "lime"),
        (TagColour::Amber, "amber"),
        (TagColour::Rose, "rose"),
        (TagColour::Grey, "grey"),
    ];

    /// The colour of a name; an unknown one is grey.
    pub fn named(name: &str) -> TagColour {
        Self::ALL.iter().find(|(_, n)| *n == name).map_or(TagColour::Grey, |(colour, _)| *colour)
    }

    /// The name it is stored and chosen by.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(colour, _)| *colour == self).map_or("grey", |(_, name)| name)
    }
}

/// The tag of a workshop, as a dot and a name.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The name of the tag.
    pub name: String,
    /// The colour of its dot.
    pub colour: TagColour,
}

impl Render for Tag {
    fn render(&self) -> Markup {
        html! { span class={ "m-tag m-tag--" (self.colour.name()) } { (self.name) } }
    }
}
