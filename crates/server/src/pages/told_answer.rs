//! Whether a person was told, in one sentence: what a page about somebody leads with, and what a colleague is sent.

use domain::{
    ids::BroadcastId,
    message::MessageState,
    reason::Reason,
    time::{Millis, Zone},
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, Render, html};
use store::people::{PersonMessage, Registration, Story};

use super::broadcast::calls;
use crate::ui::{chip::Tone, icons::Icon, words::reasons};

/// The answer to whether a person was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The colour of the answer: good, open, or neither.
    tone: Tone,
    /// The answer in one sentence.
    pub(super) line: String,
    /// A message that waits to go out besides; `None` without one.
    waits: Option<Waits>,
}

/// A message of the same workshop that has not gone out yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waits {
    broadcast: BroadcastId,
    title: String,
    /// The words behind the broadcast's title.
    words: String,
}

impl Answer {
    /// The answer for the workshop that comes next, else for the last one.
    pub(super) fn of(story: &Story, zone: &Zone, now: Millis) -> Answer {
        let first = story.name.split(' ').next().filter(|name| !name.is_empty()).unwrap_or("This person");
        let Some(place) = the_workshop(story, now) else {
            return Answer::new(Tone::Rest, format!("{first} has no place in a workshop."));
        };
        let title = &place.title;
        if place.status != RegistrantStatus::Registered {
            let line = format!("Not told: {first} is no longer registered for {title}.");
            return Answer::new(Tone::Rest, line);
        }
        let own = || story.messages.iter().filter(|message| message.workshop == place.workshop);
        match own().max_by_key(|message| (message.state.proof(), message.changed_at)) {
            Some(best) => {
                let waiting = own().filter(|one| one.message != best.message && waits(one.state));
                let waits = waiting.max_by_key(|one| one.changed_at).map(Waits::of);
                Answer { waits, ..about(first, title, best, story, zone, now) }
            }
            None => {
                let line = match opted_out(story, zone, now) {
                    Some(words) => format!("Not told: {words}."),
                    None => format!("Not told: nothing was sent to {first} about {title} yet."),
                };
                Answer::new(Tone::Act, line)
            }
        }
    }

    fn new(tone: Tone, line: String) -> Answer {
        Answer { tone, line, waits: None }
    }

    /// All of it as a text, for whoever does not see the page.
    pub(super) fn text(&self) -> String {
        match &self.waits {
            None => self.line.clone(),
            Some(Waits { title, words, .. }) => format!("{} “{title}” {words}", self.line),
        }
    }
}

fn waits(state: MessageState) -> bool {
    matches!(state, MessageState::Waiting | MessageState::InFlight)
}

impl Waits {
    fn of(message: &PersonMessage) -> Waits {
        Waits {
            broadcast: message.message.broadcast,
            title: message.broadcast_title.clone(),
            words: format!("has not gone out yet: it waits to go by {}.", message.channel.title()),
        }
    }
}

/// The next workshop that takes place, else the last one that did.
fn the_workshop(story: &Story, now: Millis) -> Option<&Registration> {
    let stands = |place: &&Registration| place.workshop_status != WorkshopStatus::Cancelled;
    let ahead = story.registrations.iter().filter(stands).filter(|place| place.starts_at > now);
    let last = || story.registrations.iter().filter(stands).max_by_key(|place| place.starts_at);
    ahead.min_by_key(|place| place.starts_at).or_else(last).or(story.registrations.first())
}

fn about(first: &str, title: &str, best: &PersonMessage, story: &Story, zone: &Zone, now: Millis) -> Answer {
    let (name, at) = (&best.broadcast_title, zone.moment(best.changed_at, now));
    let by = best.channel.title();
    let act = |line| Answer::new(Tone::Act, line);
    if let Some(called) = calls::story(&best.calls, best.state, zone, now) {
        return about_calls(&called, (name.as_str(), title), best);
    }
    match best.state {
        MessageState::Read => {
            Answer::new(Tone::Done, format!("Told: {first} read “{name}” for {title} on {by}, {at}."))
        }
        MessageState::Delivered => {
            Answer::new(Tone::Done, format!("Told: “{name}” for {title} was delivered by {by}, {at}."))
        }
        MessageState::Sent => Answer::new(
            Tone::Rest,
            format!("Handed over: “{name}” for {title} went to {by}, {at}. Nothing more was reported."),
        ),
        MessageState::Unknown => {
            act(format!("Not known: nobody knows whether “{name}” for {title} went out by {by}."))
        }
        MessageState::Waiting | MessageState::InFlight => {
            act(format!("Not told yet: “{name}” for {title} waits to go out by {by}."))
        }
        MessageState::Failed => {
            act(format!("Not told: “{name}” for {title} failed on {by}, {at}: {}.", because(&best.reason)))
        }
        MessageState::Skipped => act(match opted_out(story, zone, now) {
            Some(words) => format!("Not told: {words}."),
            None => {
                format!("Not told: {first} was left out of “{name}” for {title}: {}.", because(&best.reason))
            }
        }),
        MessageState::Expired => {
            act(format!("Not told: “{name}” for {title} expired at {at}, before it could go out."))
        }
        MessageState::Cancelled => act(format!("Not told: “{name}” for {title} was cancelled, {at}.")),
    }
}

/// The answer about somebody whose phone rang: what came of it leads.
fn about_calls(called: &str, (name, title): (&str, &str), best: &PersonMessage) -> Answer {
    let of = format!("“{name}” for {title}");
    let picked_up = best.calls.iter().any(|call| call.record.was_picked_up());
    let act = |line| Answer::new(Tone::Act, line);
    match best.state {
        MessageState::Delivered | MessageState::Read => {
            Answer::new(Tone::Done, format!("Told: {called}. {of}."))
        }
        MessageState::Sent | MessageState::InFlight if picked_up => Answer::new(
            Tone::Rest,
            format!("Perhaps told: {called}, how much they heard is not known. {of}."),
        ),
        MessageState::Sent | MessageState::InFlight => {
            Answer::new(Tone::Rest, format!("Not told yet: {called}. {of}."))
        }
        MessageState::Unknown => act(format!("Not known: {called}. {of}.")),
        MessageState::Waiting => act(format!("Not told yet: {called}. {of} waits to call again.")),
        // Of a phone that nobody picked up the call says why.
        MessageState::Failed if picked_up => {
            act(format!("Not told: {called}: {}. {of}.", because(&best.reason)))
        }
        MessageState::Failed => act(format!("Not told: {called}. {of}.")),
        MessageState::Skipped | MessageState::Expired | MessageState::Cancelled => {
            act(format!("Not told: {called}. {of} is not tried any more."))
        }
    }
}

/// "opted out on 29 Nov, entered by Farhan Qureshi", of the newest entry that stands.
fn opted_out(story: &Story, zone: &Zone, now: Millis) -> Option<String> {
    let entry = story.suppressions.iter().max_by_key(|entry| entry.created_at)?;
    let by = if entry.created_by.is_empty() {
        "by themselves".to_owned()
    } else {
        format!("entered by {}", entry.created_by)
    };
    Some(format!("opted out on {}, {by}", zone.date(entry.created_at, now)))
}

/// The reason in a few words, in lower case.
fn because(reason: &Reason) -> String {
    let title = match reason {
        Reason::None => "no reason was given",
        Reason::Ours(own) => reasons::own(*own).title,
        Reason::Excluded(skip) => reasons::excluded(*skip).title,
        Reason::Provider(code) => match providers::codes::meaning(code) {
            Some(meaning) => meaning.title,
            None => return format!("code {code}"),
        },
    };
    let mut chars = title.chars();
    let Some(initial) = chars.next() else { return String::new() };
    // "SMS", "DND" and the like stay as they are.
    if chars.clone().next().is_some_and(char::is_uppercase) {
        return title.to_owned();
    }
    initial.to_lowercase().chain(chars).collect()
}

impl Render for Answer {
    fn render(&self) -> Markup {
        let (class, icon) = match self.tone {
            Tone::Done => ("done", Icon::CheckTwice),
            Tone::Act => ("act", Icon::Warning),
            _ => ("rest", Icon::Check),
        };
        html! {
            section class="m-card m-answer" aria-label="Was this person told?" {
                span class={ "m-answer__sign m-answer__sign--" (class) } aria-hidden="true" { (icon) }
                div class="m-answer__text" {
                    p class="m-answer__line" { (self.line) }
                    @if let Some(Waits { broadcast, title, words }) = &self.waits {
                        p class="m-answer__more" { (Icon::Pause) span { a href={ "/broadcasts/" (broadcast) } { (title) } " " (words) } }
                    }
                }
            }
        }
    }
}
