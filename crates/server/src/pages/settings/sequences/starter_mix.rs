//! Starters on several channels: posts to groups first, a reach ladder to whoever was not reached, thanks by attendance. A member chooses on which
//! of the channels; what an organisation has not connected is left out, and can be added as a step or a rung later.

use domain::{
    call::{CallScript, Language},
    channel::Channel,
    ids::TemplateId,
    post::GroupPost,
    sequence::{Anchor, CostCaps, Ladder, LadderRung, Presence, Step, StepAudience, StepKey, Timing, Until},
    template::Message,
};
use providers::registry;
use store::StoreError;

use super::{
    starter_moved::{self, spoken},
    starters::{self, AT_START, DAY_AFTER, HOUR_BEFORE, Line, Starter, keep, line},
};
use crate::http::extract::Member;

/// Minutes without proof after which the next rung goes.
const RUNG_MINUTES: i64 = 15;
/// The ladder ends so many minutes before the start.
const REACHED_BY: Until = Until::At(Anchor::Start, Timing::Offset { days: 0, minutes: -5 });
/// The posts of the day before go out at eleven.
const DAY_BEFORE_AT_ELEVEN: (Anchor, Timing) = (Anchor::Start, Timing::At { days: -1, minute: 660 });
/// Who left early hears of it when those who stayed to the end have been thanked.
const EVENING_AFTER: (Anchor, Timing) = (Anchor::End, Timing::At { days: 1, minute: 1_080 });
/// The key of the ladder.
const REACH: &str = "reach";

/// A sequence to begin with that uses several channels.
pub(super) struct Mix {
    /// The word by which forms name it.
    pub(super) word: &'static str,
    /// The title that people choose by.
    pub(super) title: &'static str,
    /// The starter on one channel whose first words people get.
    base: &'static str,
    /// The keys of its steps that are taken over.
    first: &'static [&'static str],
    posts: &'static [Post],
    reach: Reach,
    /// What people get afterwards, by how they attended.
    after: &'static [(Line, Presence)],
}

/// A step that posts in the workshop's groups.
struct Post {
    key: &'static str,
    name: &'static str,
    purpose: &'static str,
    at: (Anchor, Timing),
    text: &'static str,
}

/// The texts of the ladder: a post, a message, and who calls.
struct Reach {
    label: &'static str,
    post: &'static str,
    line: Line,
    call: &'static str,
}

/// Every starter on several channels.
pub(super) const ALL: &[Mix] = &[
    Mix {
        word: "masterclass_mix_en",
        title: "Masterclass on several channels, English: posts, reach ladder, thanks by attendance",
        base: "masterclass_en",
        first: &["welcome", "day-before"],
        posts: &[
            Post {
                key: "tomorrow",
                name: "Masterclass tomorrow",
                purpose: "preparation",
                at: DAY_BEFORE_AT_ELEVEN,
                text: "*{workshop_title}* is tomorrow at {start_time}. Keep a notebook ready, and join from a quiet place.",
            },
            Post {
                key: "live",
                name: "Masterclass live",
                purpose: "live",
                at: AT_START,
                text: "We are live. Join *{workshop_title}* now: {join_link}",
            },
        ],
        reach: Reach {
            label: "Reach everybody before the start",
            post: "*{workshop_title}* begins today at {start_time}. Join here: {join_link}",
            line: line(
                REACH,
                "Masterclass join today",
                "link",
                HOUR_BEFORE,
                "Hi {1}, {2} begins today at {4}. Join here: {5}",
            ),
            call: "Hello {first_name}. This is {organisation}. Your workshop {workshop_title} starts today at {start_time}.",
        },
        after: &[
            (
                line(
                    "came",
                    "Masterclass thanks for coming",
                    "thanks",
                    DAY_AFTER,
                    "Hi {1}, thank you for coming to {2}. Reply to this message with your questions.",
                ),
                Presence::Attended,
            ),
            (
                line(
                    "missed",
                    "Masterclass missed you",
                    "missed",
                    DAY_AFTER,
                    "Hi {1}, we missed you at {2}. Reply to this message to hear of the next date.",
                ),
                Presence::Absent,
            ),
            (
                line(
                    "left-early",
                    "Masterclass left early",
                    "last part",
                    EVENING_AFTER,
                    "Hi {1}, you left {2} before its end. Reply to this message to get the part that you missed.",
                ),
                Presence::LeftEarly,
            ),
        ],
    },
    Mix {
        word: "masterclass_mix_hi",
        title: "Masterclass on several channels, Hindi: posts, reach ladder, thanks by attendance",
        base: "masterclass_hi",
        first: &["welcome", "day-before"],
        posts: &[
            Post {
                key: "tomorrow",
                name: "मास्टरक्लास कल",
                purpose: "preparation",
                at: DAY_BEFORE_AT_ELEVEN,
                text: "*{workshop_title}* कल {start_time} बजे है। कॉपी और पेन तैयार रखें, और शांत जगह से जुड़ें।",
            },
            Post {
                key: "live",
                name: "मास्टरक्लास लाइव",
                purpose: "live",
                at: AT_START,
                text: "हम लाइव हैं। *{workshop_title}* से अभी जुड़ें: {join_link}",
            },
        ],
        reach: Reach {
            label: "शुरू होने से पहले सब तक पहुँचें",
            post: "*{workshop_title}* आज {start_time} बजे शुरू होगा। यहाँ से जुड़ें: {join_link}",
            line: line(
                REACH,
                "मास्टरक्लास आज जुड़ें",
                "link",
                HOUR_BEFORE,
                "नमस्ते {1}, {2} आज {4} बजे शुरू होगा। यहाँ से जुड़ें: {5}",
            ),
            call: "नमस्ते {first_name}। {organisation} से बोल रहे हैं। आपकी वर्कशॉप {workshop_title} आज {start_time} शुरू होगी।",
        },
        after: &[
            (
                line(
                    "came",
                    "मास्टरक्लास आने का धन्यवाद",
                    "thanks",
                    DAY_AFTER,
                    "नमस्ते {1}, {2} में आने के लिए धन्यवाद। अपने सवाल इसी संदेश के जवाब में लिखें।",
                ),
                Presence::Attended,
            ),
            (
                line(
                    "missed",
                    "मास्टरक्लास छूट गई",
                    "missed",
                    DAY_AFTER,
                    "नमस्ते {1}, {2} में आपकी कमी रही। अगली तारीख़ जानने के लिए इसी संदेश का जवाब दें।",
                ),
                Presence::Absent,
            ),
            (
                line(
                    "left-early",
                    "मास्टरक्लास का छूटा हिस्सा",
                    "last part",
                    EVENING_AFTER,
                    "नमस्ते {1}, {2} का आख़िरी हिस्सा आपसे छूट गया। उसे पाने के लिए इसी संदेश का जवाब दें।",
                ),
                Presence::LeftEarly,
            ),
        ],
    },
];

/// The starter of that word.
pub(super) fn named(word: &str) -> Option<&'static Mix> {
    ALL.iter().find(|mix| mix.word == word)
}

/// The channels on which this organisation can send now: by an account, or to groups that were named by hand.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn connected(member: &Member) -> Result<Vec<Channel>, StoreError> {
    let accounts = member.org.integrations().await?;
    let has_groups = member.org.groups().await?.iter().any(|group| group.gone_at.is_none());
    let is_connected = |channel: &Channel| {
        let serves =
            || registry::serving(*channel).any(|vendor| accounts.iter().any(|one| one.kind == vendor.kind()));
        (*channel == Channel::WhatsappGroup && has_groups) || serves()
    };
    Ok(Channel::sending().filter(is_connected).collect())
}

impl Mix {
    fn base(&self) -> &'static Starter {
        starters::ALL.iter().find(|starter| starter.word == self.base).unwrap_or(&starters::ALL[0])
    }

    /// Its steps to people that are no rungs, each with how they attended where it goes by that.
    fn lines(&self) -> impl Iterator<Item = (&'static Line, Option<Presence>)> + use<> {
        let (base, first, after) = (self.base(), self.first, self.after);
        let first = first.iter().filter_map(move |key| base.line(key)).map(|line| (line, None));
        first.chain(after.iter().map(|(line, presence)| (line, Some(*presence))))
    }

    /// The word under which the SMS text of a step stands.
    fn words_of(&self, key: &str) -> &'static str {
        if self.first.contains(&key) { self.base().word } else { self.word }
    }

    /// The keys of its own steps to people, which no other starter has.
    #[cfg(test)]
    pub(super) fn own_keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(REACH).chain(self.after.iter().map(|(line, _)| line.key))
    }

    /// Its steps on these channels, with its texts as templates of the organisation. What people are told before and after goes by the first
    /// channel to people; the ladder climbs over all.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) async fn steps(&self, member: &Member, on: &[Channel]) -> Result<Vec<Step>, StoreError> {
        let (language, sender) = (self.base().language(), &member.organization.name);
        let mut steps = Vec::new();
        if let Some(channel) = written(on).next() {
            for (line, presence) in self.lines() {
                let body = || line.body(channel, self.words_of(line.key), language, sender);
                let template = keep(member, channel, (line.name, line.purpose), body).await?;
                steps.push(by_attendance(line.step(channel, template), presence));
            }
        }
        if on.contains(&Channel::WhatsappGroup) {
            for post in self.posts {
                let body = || Message::Group(GroupPost::of_text(post.text)).to_json();
                let template = keep(member, Channel::WhatsappGroup, (post.name, post.purpose), body).await?;
                steps.push(post.step(template));
            }
        }
        let mut rungs: Vec<(Channel, TemplateId)> = Vec::with_capacity(on.len());
        for channel in Channel::sending().filter(|channel| on.contains(channel)) {
            // The key of a call sends what an earlier rung has sent.
            let link = rungs.iter().copied().find(|(rung, _)| is_written(*rung));
            let line = &self.reach.line;
            let body = || self.reach_text(channel, link, (language, sender)).to_json();
            rungs.push((channel, keep(member, channel, (line.name, line.purpose), body).await?));
            starter_moved::keep_text(member, channel, language).await?;
        }
        steps.extend(self.ladder(&rungs).steps());
        Ok(steps)
    }

    fn reach_text(
        &self,
        channel: Channel,
        link: Option<(Channel, TemplateId)>,
        (language, sender): (&str, &str),
    ) -> Message {
        match channel {
            Channel::WhatsappGroup => Message::Group(GroupPost::of_text(self.reach.post)),
            Channel::IvrCall => Message::Call(call(language, self.reach.call, link)),
            Channel::WhatsappPersonal | Channel::Sms => {
                let body = self.reach.line.body(channel, self.word, language, sender);
                Message::from_json(channel, &body).expect("a template is read as it was written")
            }
        }
    }

    fn ladder(&self, rungs: &[(Channel, TemplateId)]) -> Ladder {
        let rung = |(nth, (channel, template)): (usize, &(Channel, TemplateId))| LadderRung {
            key: StepKey::stored(format!("{REACH}-{}", nth + 1)),
            channel: *channel,
            template: *template,
            account: None,
            wait_minutes: if nth == 0 { 0 } else { RUNG_MINUTES },
        };
        let (channel, template) = rungs[0];
        let shared = Step {
            label: self.reach.label.to_owned(),
            until: REACHED_BY,
            ..self.reach.line.step(channel, template)
        };
        Ladder {
            shared,
            key: StepKey::stored(REACH.to_owned()),
            caps: CostCaps::default(),
            rungs: rungs.iter().enumerate().map(rung).collect(),
        }
    }
}

impl Post {
    fn step(&self, template: TemplateId) -> Step {
        line(self.key, self.name, self.purpose, self.at, "").step(Channel::WhatsappGroup, template)
    }
}

fn is_written(channel: Channel) -> bool {
    matches!(channel, Channel::WhatsappPersonal | Channel::Sms)
}

/// The channels among these on which people are written to.
fn written(on: &[Channel]) -> impl Iterator<Item = Channel> {
    Channel::to_people().filter(move |channel| is_written(*channel) && on.contains(channel))
}

fn by_attendance(step: Step, presence: Option<Presence>) -> Step {
    match presence {
        Some(presence) => Step { audience: StepAudience::Attendance(presence), ..step },
        None => step,
    }
}

/// The call of the ladder. A key sends the link where something is written to people; else the call only speaks.
fn call(language: &str, text: &str, link: Option<(Channel, TemplateId)>) -> CallScript {
    let spoken_in = if language == "hi" { Language::Hindi } else { Language::English };
    match link {
        Some((channel, template)) => {
            CallScript { text: text.to_owned(), ..CallScript::usual(spoken_in, channel, template) }
        }
        None => spoken(language, text),
    }
}
