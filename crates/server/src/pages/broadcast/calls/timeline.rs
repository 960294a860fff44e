//! The calls of one message in words: as entries of its timeline, as a line for each call, and as one sentence.

use domain::{
    call::{CallStage, Ended},
    message::MessageState,
    money::Money,
    time::{Millis, Zone},
};
use store::calls::CallView;

use super::{super::recipients::at_second, stage_title};
use crate::ui::{chip::Tone, drawer::TimelineEvent, format::rupees, icons::Icon};

/// The timeline's entries, each with its moment: every call when it was placed, and what was done for its key.
pub(in crate::pages::broadcast) fn timeline(
    calls: &[CallView],
    zone: &Zone,
    now: Millis,
) -> Vec<(i64, TimelineEvent)> {
    let mut all = Vec::new();
    for call in calls {
        let (tone, icon) = match call.stage {
            Some(CallStage::Pressed(_) | CallStage::Answered) => (Tone::Done, Icon::Call),
            Some(CallStage::NoAnswer | CallStage::Busy) => (Tone::Act, Icon::Call),
            Some(CallStage::Failed | CallStage::Expired) => (Tone::Fail, Icon::Error),
            Some(CallStage::Calling | CallStage::Waiting) | None => (Tone::Run, Icon::InFlight),
        };
        all.push((
            call.placed_at.0,
            TimelineEvent {
                tone,
                icon,
                title: format!("Call {}", call.attempt),
                at: at_second(zone, call.placed_at, now),
                note: line(call, None),
                raw: None,
            },
        ));
        if let Some(at) = call.acted_at {
            let (tone, icon) =
                if call.note.is_empty() { (Tone::Done, Icon::Check) } else { (Tone::Act, Icon::Warning) };
            all.push((
                at.0,
                TimelineEvent {
                    tone,
                    icon,
                    title: done(&call.action).to_owned(),
                    at: at_second(zone, at, now),
                    note: call.note.clone(),
                    raw: None,
                },
            ));
        }
    }
    all
}

/// One call in a line: its stage, how long it rang and lasted, and its cost. Where the provider did not report the
/// cost, `expected` is shown as an estimate.
pub(in crate::pages) fn line(call: &CallView, expected: Option<Money>) -> String {
    let stands = call.stage.map_or_else(|| "Never placed".to_owned(), stage_title);
    let ring = call.ring_s.filter(|s| *s > 0).map(|s| format!("rang {s} s"));
    let talk = call.talk_s.filter(|s| *s > 0).map(|s| format!("{s} s on the line"));
    let expected = expected.filter(|price| price.0 > 0 && call.record.was_picked_up());
    let cost = match call.record.cost {
        Some(cost) => Some(rupees(cost.0)),
        None => expected.map(|price| format!("{}, estimate", rupees(price.0))),
    };
    let all: Vec<String> = [Some(stands), ring, talk, cost].into_iter().flatten().collect();
    all.join(" · ")
}

/// What the calls to one person came to, as in “called at 6:02 PM, answered, heard to the end, pressed 1”. The
/// sentence is about the call that decides the message's state. `None` where no phone rang.
pub(in crate::pages) fn story(
    calls: &[CallView],
    state: MessageState,
    zone: &Zone,
    now: Millis,
) -> Option<String> {
    let rang = || calls.iter().filter(|call| call.placed_at > Millis(0) && call.stage.is_some());
    let told = rang().find(|call| call.record.key.is_some());
    let told = told.or_else(|| rang().rfind(|call| call.record.was_picked_up()));
    let one = told.or_else(|| rang().next_back())?;
    let is_told = matches!(state, MessageState::Delivered | MessageState::Read);
    let mut words = vec![format!("called at {}", zone.moment(one.placed_at, now))];
    let says = |words: &str| words.to_owned();
    if one.record.was_picked_up() {
        words.push(says("answered"));
        match (one.record.key, is_told) {
            (Some((_, digit)), _) => {
                if one.record.heard {
                    words.push(says("heard to the end"));
                }
                words.push(format!("pressed {digit}"));
            }
            (None, true) => words.push(says("heard to the end, no key")),
            (None, false) => {}
        }
    } else {
        words.push(match one.record.ended {
            Some(Ended::NoAnswer) => says("nobody picked up"),
            Some(Ended::Busy) => says("the line was busy"),
            Some(Ended::Failed(_)) => says("the phone could not be reached"),
            Some(Ended::Cancelled) => says("withdrawn before anybody picked up"),
            Some(Ended::Completed) | None => says("nothing more is known"),
        });
    }
    match rang().count() {
        0 | 1 => {}
        n => words.push(format!("{n} calls in all")),
    }
    Some(words.join(", "))
}

/// What was done for a key, by the word of its action.
fn done(action: &str) -> &'static str {
    match action {
        "message" => "Their key sent a message",
        "another_date" => "Wants another date",
        "stop_calls" => "Is not called again",
        _ => "Their key was noted",
    }
}
