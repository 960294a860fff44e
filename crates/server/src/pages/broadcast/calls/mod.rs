//! A broadcast of calls on its page: the stages of its people, the keys they pressed, and the lists behind the
//! numbers.

mod list;
mod timeline;

use domain::{
    broadcast::Audience,
    call::{Action, CallScript, CallStage, CallStageCounts, Digit},
    channel::Channel,
    ids::BroadcastId,
    message::MessageState,
    template::Message,
};
use maud::{Markup, html};
use store::{Org, StoreError, broadcasts::Broadcast, call_people::KeyResult};

use super::href;
use crate::ui::{
    bar::Key,
    call_strip::{CallKeys, CallStrip, KeyRow, Stop},
    format::{counted, rupees},
    head::Fact,
    icons::Icon,
    truth_strip::Live,
};

pub use list::show;
pub(super) use timeline::timeline;
pub(in crate::pages) use timeline::{line, story};

/// What is known about the calls of a broadcast at one moment.
pub(in crate::pages) struct Calls {
    counts: CallStageCounts,
    keys: Vec<KeyResult>,
    /// The number of calls whose length is known, and their average length in seconds.
    talk: (i64, i64),
    /// The script; `None` where this version cannot read it.
    script: Option<CallScript>,
}

impl Calls {
    /// Reads the calls of a broadcast; `None` for a broadcast of another channel.
    pub(in crate::pages) async fn load(
        org: &Org,
        broadcast: &Broadcast,
    ) -> Result<Option<Calls>, StoreError> {
        if broadcast.channel != Channel::IvrCall {
            return Ok(None);
        }
        let script = match Message::from_json(broadcast.channel, &broadcast.template) {
            Ok(Message::Call(script)) => Some(script),
            Ok(Message::Whatsapp(_) | Message::Sms(_) | Message::Group(_)) | Err(_) => None,
        };
        let id = broadcast.id;
        let (counts, keys) = (org.call_counts(id).await?, org.key_results(id).await?);
        Ok(Some(Calls { counts, keys, talk: org.call_talk(id).await?, script }))
    }

    /// The keys of the script, and the keys that were pressed although the script does not have them any more.
    fn digits(&self) -> Vec<Digit> {
        let of_script = self.script.iter().flat_map(|script| &script.keys).map(|key| key.digit);
        let mut digits: Vec<Digit> = of_script.chain(self.keys.iter().filter_map(KeyResult::key)).collect();
        digits.sort_unstable();
        digits.dedup();
        digits
    }

    fn picked_up(&self) -> i64 {
        let pressed: i64 =
            self.digits().into_iter().map(|digit| self.counts.at(CallStage::Pressed(digit))).sum();
        pressed + self.counts.at(CallStage::Answered)
    }

    /// The strip with the number of people at each stage. Each person is counted once.
    pub(in crate::pages) fn strip(&self, broadcast: &Broadcast, about: Markup, live: Live) -> CallStrip {
        let stop = |key, label: &str, stage| Stop {
            key,
            label: label.to_owned(),
            n: self.counts.at(stage),
            href: stage_href(broadcast.id, stage),
        };
        let pressed = self.digits().into_iter();
        let pressed = pressed.map(|digit| {
            stop(Key::Pressed(digit.get()), &format!("Pressed {digit}"), CallStage::Pressed(digit))
        });
        let mut groups = vec![
            ("Picked up", pressed.chain([stop(Key::Read, "No key", CallStage::Answered)]).collect()),
            (
                "Did not pick up",
                vec![
                    stop(Key::Skipped, "No answer", CallStage::NoAnswer),
                    stop(Key::Expired, "Busy", CallStage::Busy),
                    stop(Key::Failed, "Failed", CallStage::Failed),
                    stop(Key::Cancelled, "Expired", CallStage::Expired),
                ],
            ),
            (
                "Still to go",
                vec![
                    stop(Key::InFlight, "Calling", CallStage::Calling),
                    stop(Key::Waiting, "Waiting", CallStage::Waiting),
                ],
            ),
        ];
        let left_out = broadcast.in_state(MessageState::Skipped);
        if left_out > 0 {
            let href = format!("{}?state=skipped", href(broadcast.id));
            groups.push((
                "Not called",
                vec![Stop { key: Key::Cancelled, label: "Left out".into(), n: left_out, href }],
            ));
        }
        CallStrip { about, groups, facts: self.facts(broadcast), live }
    }

    fn facts(&self, broadcast: &Broadcast) -> Vec<Fact> {
        let (calls, average_s) = self.talk;
        let mut facts = vec![match calls {
            0 => Fact::new("Average call", "–").note("nobody picked up yet"),
            _ => Fact::new("Average call", format!("{average_s} s"))
                .note(format!("of {}", counted(calls, "call", "calls"))),
        }];
        let (actual, expected) = (broadcast.actual_cost(), broadcast.expected_cost());
        facts.push(match actual.0 {
            0 => Fact::new("Cost", rupees(broadcast.likely_cost().0)).note("estimate"),
            actual => {
                Fact::new("Cost so far", rupees(actual)).note(format!("{} estimate", rupees(expected.0)))
            }
        });
        let unknown = broadcast.in_state(MessageState::Unknown);
        if unknown > 0 {
            let list = html! { a class="m-link" href={ (href(broadcast.id)) "?state=unknown" } { (counted(unknown, "call", "calls")) } };
            facts.push(Fact::new("To check", list).note("asked about by itself, never dialled again"));
        }
        facts
    }

    /// The table of keys: how many people pressed each, and what was done for them.
    pub(in crate::pages) fn keys(&self, broadcast: &Broadcast) -> CallKeys {
        let to = |stage| stage_href(broadcast.id, stage);
        let row = |digit: Digit| {
            let action = self.script.as_ref().and_then(|script| script.key(digit)).map(|key| key.action);
            let result = self.keys.iter().find(|one| one.key() == Some(digit));
            KeyRow {
                key: Some(digit.get()),
                icon: None,
                n: self.counts.at(CallStage::Pressed(digit)),
                title: action.map_or("A key that the script has no more", title).to_owned(),
                note: action.map_or_else(String::new, |action| outcome(&action, result)),
                href: to(CallStage::Pressed(digit)),
                next: match action {
                    Some(Action::AnotherDate) => {
                        let to = format!(
                            "/?workshop={}&who={}#compose",
                            broadcast.workshop,
                            Audience::AnotherDate
                        );
                        Some(("Write to them".to_owned(), to))
                    }
                    Some(Action::Message { .. }) if result.is_some_and(|one| one.done > one.in_the_way) => {
                        Some(("What was sent".to_owned(), format!("/broadcasts?calls={}", broadcast.id)))
                    }
                    _ => None,
                },
            }
        };
        let other = |icon, n, title: &str, note: &str, stage| KeyRow {
            key: None,
            icon,
            n,
            title: title.to_owned(),
            note: note.to_owned(),
            href: to(stage),
            next: None,
        };
        let mut rows: Vec<KeyRow> = self.digits().into_iter().map(row).collect();
        let at = |stage| self.counts.at(stage);
        rows.push(other(
            None,
            at(CallStage::Answered),
            "No key",
            "Told if they heard the text to its end",
            CallStage::Answered,
        ));
        let again = "Called again as long as it is of use";
        rows.push(other(Some(Icon::Call), at(CallStage::NoAnswer), "No answer", again, CallStage::NoAnswer));
        rows.push(other(Some(Icon::InFlight), at(CallStage::Busy), "Busy", again, CallStage::Busy));
        rows.push(other(
            Some(Icon::Error),
            at(CallStage::Failed),
            "Failed",
            "The list says why",
            CallStage::Failed,
        ));
        CallKeys { picked_up: self.picked_up(), rows }
    }
}

/// What a key does, in a few words.
pub(super) fn title(action: Action) -> &'static str {
    match action {
        Action::Confirm => "Will come",
        Action::Message { channel: Channel::Sms, .. } => "Send me an SMS",
        Action::Message { .. } => "Send me a message",
        Action::AnotherDate => "Another date",
        Action::StopCalls => "Never call again",
    }
}

fn outcome(action: &Action, result: Option<&KeyResult>) -> String {
    let (done, stuck) = result.map_or((0, 0), |one| (one.done, one.in_the_way));
    let sent = match (done, stuck) {
        (0, 0) => "Not sent yet".to_owned(),
        (done, 0) => format!("{done} sent"),
        (done, stuck) => format!("{} sent, {stuck} could not be sent", done.saturating_sub(stuck)),
    };
    match action {
        Action::Confirm => "Nothing more happens".to_owned(),
        Action::Message { channel, .. } => format!("{sent} by {}", channel.title()),
        Action::AnotherDate => "On the list of those who want another date".to_owned(),
        Action::StopCalls => "Opted out of calls".to_owned(),
    }
}

/// The word of a stage in an address.
fn word(stage: CallStage) -> String {
    match stage {
        CallStage::Pressed(digit) => format!("{}_{digit}", stage.word()),
        _ => stage.word().to_owned(),
    }
}

fn stage_href(broadcast: BroadcastId, stage: CallStage) -> String {
    format!("{}/calls/{}", href(broadcast), word(stage))
}

/// The stage that [`word`] wrote; `None` for any other text.
fn stage(word: &str) -> Option<CallStage> {
    match word.split_once('_') {
        Some(("pressed", digit)) => CallStage::read("pressed", digit.parse().ok()),
        _ => CallStage::read(word, None),
    }
}

/// What the people at a stage have in common, in words.
pub(super) fn stage_title(stage: CallStage) -> String {
    match stage {
        CallStage::Waiting => "Not called yet".to_owned(),
        CallStage::Calling => "Being called".to_owned(),
        CallStage::Answered => "Picked up, no key".to_owned(),
        CallStage::Pressed(digit) => format!("Pressed {digit}"),
        CallStage::NoAnswer => "No answer".to_owned(),
        CallStage::Busy => "Busy".to_owned(),
        CallStage::Failed => "Failed".to_owned(),
        CallStage::Expired => "Too late, or cancelled".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_an_address_and_no_other_word_is_one() {
        let nine = CallStage::Pressed(Digit::new(9).unwrap());
        for one in [
            CallStage::Waiting,
            CallStage::Calling,
            CallStage::Answered,
            nine,
            CallStage::NoAnswer,
            CallStage::Busy,
            CallStage::Failed,
            CallStage::Expired,
        ] {
            assert_eq!(stage(&word(one)), Some(one));
        }
        assert_eq!((word(nine).as_str(), word(CallStage::NoAnswer).as_str()), ("pressed_9", "no_answer"));
        for bad in ["", "pressed", "pressed_", "pressed_10", "pressed_x", "nobody"] {
            assert_eq!(stage(bad), None, "{bad}");
        }
    }
}
