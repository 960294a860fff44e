//! The calls of one message, as its story tells them.

use domain::{
    call::Stage,
    time::{Millis, Zone},
};
use store::calls::CallView;

use super::{super::recipients::at_second, stage_title};
use crate::ui::{chip::Tone, drawer::TimelineEvent, icons::Icon};

/// Each call when it was placed, with how it stands; and each key's work when it was done.
pub(in crate::pages::broadcast) fn timeline(
    calls: &[CallView],
    zone: &Zone,
    now: Millis,
) -> Vec<(i64, TimelineEvent)> {
    let mut all = Vec::new();
    for call in calls {
        let (tone, icon) = match call.stage {
            Some(Stage::Pressed(_) | Stage::Answered) => (Tone::Done, Icon::Call),
            Some(Stage::NoAnswer | Stage::Busy) => (Tone::Act, Icon::Call),
            Some(Stage::Failed | Stage::Expired) => (Tone::Fail, Icon::Error),
            Some(Stage::Calling | Stage::Waiting) | None => (Tone::Run, Icon::InFlight),
        };
        let stands = call.stage.map_or_else(|| "Never placed".to_owned(), stage_title);
        let ring = call.ring_s.filter(|s| *s > 0).map(|s| format!("rang {s} s"));
        let talk = call.talk_s.filter(|s| *s > 0).map(|s| format!("{s} s on the line"));
        let note: Vec<String> = [Some(stands), ring, talk].into_iter().flatten().collect();
        all.push((
            call.placed_at.0,
            TimelineEvent {
                tone,
                icon,
                title: format!("Call {}", call.attempt),
                at: at_second(zone, call.placed_at, now),
                note: note.join(" · "),
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

/// What was done for a key, by the word of its action.
fn done(action: &str) -> &'static str {
    match action {
        "message" => "Their key sent a message",
        "another_date" => "Wants another date",
        "stop_calls" => "Is not called again",
        _ => "Their key was noted",
    }
}
