//! Steps of sequences in words: when, until when, to whom, and what late registrants get.

use domain::{
    channel::Channel,
    sequence::{Anchor, CostCaps, Ladder, LateRule, Presence, Step, StepAudience, Timing, Until},
    time::MINUTE,
};
use store::tags::Tag;

use crate::ui::{
    format::{rupees, span},
    words::steps,
};

/// A clock time: `11:00 AM`.
pub(crate) fn clock(minute: i64) -> String {
    let (hour, minute) = (minute / 60, minute % 60);
    let (half, hour) = if hour < 12 { ("AM", hour) } else { ("PM", hour - 12) };
    format!("{}:{minute:02} {half}", if hour == 0 { 12 } else { hour })
}

/// When a step is due, in the margin of the path: two short lines.
pub(crate) fn short(of: Anchor, timing: Timing) -> (String, String) {
    let sign = |n: i64| if n < 0 { "−" } else { "+" };
    let letter = match of {
        Anchor::Start => "T",
        Anchor::End => "End ",
        Anchor::Registration => "Joined ",
    };
    match timing {
        Timing::Offset { days: 0, minutes: 0 } => (letter.trim_end().to_owned(), String::new()),
        Timing::Offset { days: 0, minutes } => {
            (format!("{letter}{}{}", sign(minutes), span(minutes.abs() * MINUTE)), String::new())
        }
        Timing::Offset { days, minutes: 0 } => {
            (format!("{letter}{}{} d", sign(days), days.abs()), "same time".into())
        }
        Timing::Offset { days, minutes } => (
            format!("{letter}{}{} d", sign(days), days.abs()),
            format!("{}{}", sign(minutes), span(minutes.abs() * MINUTE)),
        ),
        Timing::At { days: 0, minute } => (letter.trim_end().to_owned(), format!("at {}", clock(minute))),
        Timing::At { days, minute } => {
            (format!("{letter}{}{} d", sign(days), days.abs()), format!("at {}", clock(minute)))
        }
    }
}

/// "until the next reminder"; "until 30 min after it is due"; "until 10 min before the start".
pub(crate) fn until(step: &Step) -> String {
    match step.until {
        Until::NextOfPurpose => format!("until the next “{}”", step.purpose().title()),
        Until::Minutes(minutes) => format!("for {}", span(minutes * MINUTE)),
        Until::At(anchor, timing) => {
            format!("until {}", steps::when(&Step { anchor, timing, ..step.clone() }))
        }
    }
}

/// Whom a step goes to, in words.
pub(crate) fn whom(step: &Step, tags: &[Tag]) -> String {
    if step.channel == Channel::WhatsappGroup {
        return "The workshop’s groups".to_owned();
    }
    audience(&step.audience, tags)
}

/// Which rung of its ladder a step is, after how long, and what the ladder may cost.
pub(crate) fn rung(step: &Step, ladder: &Ladder) -> Vec<String> {
    let place = ladder.rungs.iter().position(|rung| rung.key == step.key).unwrap_or(0);
    let mut words = vec![format!("rung {} of {}", place + 1, ladder.rungs.len())];
    let wait = ladder.rungs.get(place).map_or(0, |rung| rung.wait_minutes);
    if wait > 0 {
        words.push(format!("no receipt in {}", span(wait * MINUTE)));
    }
    words.extend(caps(ladder.caps));
    words
}

/// What a ladder may cost; nothing where nothing bounds it.
pub(crate) fn caps(caps: CostCaps) -> Option<String> {
    let person = caps.per_person.map(|cap| format!("{} a person", rupees(cap.0)));
    let all = caps.in_all.map(|cap| format!("{} in all", rupees(cap.0)));
    let both: Vec<String> = person.into_iter().chain(all).collect();
    (!both.is_empty()).then(|| format!("at most {}", both.join(", ")))
}

/// An audience of people.
pub(crate) fn audience(audience: &StepAudience, tags: &[Tag]) -> String {
    match audience {
        StepAudience::Everyone => "Everyone".to_owned(),
        StepAudience::NotTold => "Not told this by hand".to_owned(),
        StepAudience::NotReached(channel) => format!("Not reached on {}", channel.title()),
        StepAudience::RegisteredLate => "Registered since the step before".to_owned(),
        StepAudience::InNoGroup => "In no group of the workshop".to_owned(),
        StepAudience::Attendance(Presence::Attended) => "Attended, once the report says who did".to_owned(),
        StepAudience::Attendance(Presence::LeftEarly) => {
            "Left early, once the report says who did".to_owned()
        }
        StepAudience::Attendance(Presence::Absent) => "Absent, once the report says who was".to_owned(),
        StepAudience::Opened(true) => "Opened their own link".to_owned(),
        StepAudience::Opened(false) => "Did not open their own link".to_owned(),
        StepAudience::Source(source) => format!("Came by “{source}”"),
        StepAudience::Tag(tag) => match tags.iter().find(|known| known.id == *tag) {
            Some(tag) => format!("Also registered with tag “{}”", tag.name),
            None => "Also registered with a tag that is gone".to_owned(),
        },
    }
}

/// What those get who register after it was due.
pub(crate) fn late(rule: LateRule) -> &'static str {
    match rule {
        LateRule::Skip => "late: nothing",
        LateRule::NewestOnly => "late: if it is the newest",
        LateRule::Always => "late: at once",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_short_in_the_margin() {
        for (of, timing, expected) in [
            (Anchor::Start, Timing::before(60), ("T−1 h", "")),
            (Anchor::Start, Timing::before(0), ("T", "")),
            (Anchor::Start, Timing::Offset { days: -1, minutes: 0 }, ("T−1 d", "same time")),
            (Anchor::Start, Timing::At { days: -3, minute: 660 }, ("T−3 d", "at 11:00 AM")),
            (Anchor::Start, Timing::At { days: 0, minute: 720 }, ("T", "at 12:00 PM")),
            (Anchor::End, Timing::At { days: 1, minute: 0 }, ("End +1 d", "at 12:00 AM")),
            (Anchor::Registration, Timing::after(1), ("Joined +1 min", "")),
            (Anchor::Registration, Timing::after(0), ("Joined", "")),
        ] {
            let (at, under) = short(of, timing);
            assert_eq!((at.as_str(), under.as_str()), expected);
        }
    }
}
