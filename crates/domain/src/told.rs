//! Purposes of messages, and audiences: which of a workshop's people a broadcast is for. With workshop and person the
//! purpose is the key of *told*: nobody is told the same purpose of the same workshop twice, unless somebody says so.

use std::{fmt, str::FromStr};

use crate::{
    channel::Channel,
    ids::{BroadcastId, PlanRowId, RegistrantId, TagId},
    message::MessageState,
    reason::Reason,
    sequence::StepKey,
    time::Millis,
};

/// What a message is for: `reminder`, `link`, `moved`, `thanks`, or a word of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purpose(String);

/// Why a text is no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurposeError {
    /// The typed purpose is empty.
    #[error("Say what the message is for, such as “link” or “reminder”.")]
    Empty,
    /// The typed purpose has this many characters, which is too many.
    #[error("{0} of {MAX} characters. Choose a shorter word.")]
    Long(usize),
}

/// Longest purpose in characters.
const MAX: usize = 60;
/// Before the name of a template whose broadcasts are older than purposes: each was a purpose of its own.
const TEMPLATE: &str = "template:";

impl Purpose {
    /// Words to choose from, with what people call them.
    pub const KNOWN: &[(&str, &str)] = &[
        ("link", "Link"),
        ("reminder", "Reminder"),
        (Purpose::MOVED, "New time"),
        (Purpose::CANCELLED, "Cancelled"),
        ("thanks", "Thanks"),
    ];
    /// What tells that a workshop will not take place: nothing else goes to the people of a cancelled one.
    pub const CANCELLED: &str = "cancelled";
    /// That a workshop has another time than people were told.
    pub const MOVED: &str = "moved";

    /// Reads a purpose; case and outer space do not matter.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn parse(text: &str) -> Result<Purpose, PurposeError> {
        let word = crate::text::line(text).to_lowercase();
        match word.chars().count() {
            0 => Err(PurposeError::Empty),
            // The name of a template is as long as it is, and is kept as it is written.
            _ if text.starts_with(TEMPLATE) => Ok(Purpose(text.to_owned())),
            n if n > MAX => Err(PurposeError::Long(n)),
            _ => Ok(Purpose(word)),
        }
    }

    /// One that no other template has.
    pub fn of_template(name: &str) -> Purpose {
        Purpose(format!("{TEMPLATE}{name}"))
    }

    /// As the store holds it.
    pub fn stored(word: String) -> Purpose {
        Purpose(word)
    }

    /// The word that the store holds.
    pub fn word(&self) -> &str {
        &self.0
    }

    /// What people call it.
    pub fn title(&self) -> String {
        if let Some((_, title)) = Purpose::KNOWN.iter().find(|(word, _)| *word == self.0) {
            return (*title).to_owned();
        }
        let bare = self.0.strip_prefix(TEMPLATE).unwrap_or(&self.0);
        let mut chars = bare.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }
}

impl Default for Purpose {
    fn default() -> Purpose {
        Purpose("reminder".to_owned())
    }
}

/// Which of a workshop's people a broadcast is for. All of them have a registration that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Everyone with a registration.
    #[default]
    Registered,
    /// People who were not told this purpose, and are not being told it now.
    NotTold,
    /// People who were told, and whose message was refused or never arrived.
    Failed,
    /// People whose message was handed over at least so many minutes ago and who have no receipt.
    NoReceipt {
        /// The minutes since the message was handed over.
        minutes: i64,
    },
    /// People who have not read a message that was handed over more than [`Audience::NO_RECEIPT_MINUTES`] ago.
    NotRead,
    /// People who were registered after that moment.
    Since(Millis),
    /// The people of one state, and perhaps one reason, of an earlier broadcast.
    Of {
        /// The broadcast whose rows are meant.
        broadcast: BroadcastId,
        /// The state of their message in that broadcast.
        state: MessageState,
        /// The reason for that state; [`Reason::None`] for any.
        reason: Reason,
    },
    /// The people of one source: who came from there in the words of a file, or `import` or `by_hand`.
    Source(String),
    /// People who were there, as the workshop's report says; nobody without a report.
    Attended,
    /// Of them whoever left before the end.
    LeftEarly,
    /// People who were not there; nobody without a report.
    Absent,
    /// People who pressed the key for another date during a call.
    AnotherDate,
    /// People who are also registered for another workshop with that tag.
    Tagged(TagId),
    /// People who are in none of the workshop's groups; nobody before the members are known.
    NoGroup,
    /// People who left a group of the workshop and are in none of its groups.
    LeftGroup,
    /// People of whom nothing proves that they were reached on that channel for this purpose from that moment on,
    /// whether or not they were told there.
    NotReached {
        /// The channel on which they were not reached.
        channel: Channel,
        /// Proof of what was sent before does not count.
        since: Millis,
    },
    /// People who opened their own short link, or did not.
    Opened(bool),
    /// People who were chosen one by one.
    Chosen(Vec<RegistrantId>),
    /// The people of a step of the workshop's plan.
    Step(Box<StepPeople>),
}

/// The people of a step: nobody whom the step told already, at first or as a late registrant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPeople {
    /// The step in the workshop's plan.
    pub row: PlanRowId,
    /// Who of the workshop's people; neither chosen one by one nor a step's.
    pub of: Audience,
    /// People whom a broadcast outside every step told the purpose at that moment or later are excluded too;
    /// [`Millis::MAX`] excludes nobody for that.
    pub untold_since: Millis,
    /// Only people who were registered after that moment.
    pub registered_after: Millis,
    /// Only people who were registered at that moment or before.
    pub registered_until: Millis,
    /// Only people whom nothing proves to have been reached by the rungs of a ladder before this one.
    pub unproven: Option<LadderProof>,
}

/// What proves to the rungs of a ladder that a person was reached: a message of the ladder arrived, their phone got a
/// post of the ladder, or a message by hand for the same purpose that began at `since` or later arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderProof {
    /// The ladder's key in the sequence.
    pub ladder: StepKey,
    /// What was told by hand before does not count.
    pub since: Millis,
}

/// A text that names no audience.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” names no audience")]
pub struct AudienceError(String);

impl Audience {
    /// People that may be chosen one by one.
    pub const CHOSEN_MAX: usize = 500;
    /// After so many minutes without a receipt none is expected, unless somebody says another number.
    pub const NO_RECEIPT_MINUTES: i64 = 60;

    /// Whether these people were told before and get it once more because it did not reach them: a further round that
    /// names why.
    pub fn is_retarget(&self) -> bool {
        match self {
            Audience::Failed
            | Audience::NoReceipt { .. }
            | Audience::NotRead
            | Audience::NotReached { .. }
            | Audience::Of { .. } => true,
            Audience::Step(people) => people.unproven.is_some() || people.of.is_retarget(),
            Audience::Registered
            | Audience::NotTold
            | Audience::Since(_)
            | Audience::Source(_)
            | Audience::Tagged(_)
            | Audience::Attended
            | Audience::LeftEarly
            | Audience::Absent
            | Audience::AnotherDate
            | Audience::NoGroup
            | Audience::LeftGroup
            | Audience::Opened(_)
            | Audience::Chosen(_) => false,
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Audience::Registered => f.write_str("registered"),
            Audience::NotTold => f.write_str("not_told"),
            Audience::Failed => f.write_str("failed"),
            Audience::NoReceipt { minutes } => write!(f, "no_receipt:{minutes}"),
            Audience::NotRead => f.write_str("not_read"),
            Audience::Since(at) => write!(f, "since:{}", at.0),
            Audience::Of { broadcast, state, reason } => {
                write!(f, "of:{broadcast}:{state}:{}", reason.code())
            }
            Audience::Source(source) => write!(f, "source:{source}"),
            Audience::Tagged(tag) => write!(f, "tag:{tag}"),
            Audience::Attended => f.write_str("attended"),
            Audience::LeftEarly => f.write_str("left_early"),
            Audience::Absent => f.write_str("absent"),
            Audience::AnotherDate => f.write_str("another_date"),
            Audience::NoGroup => f.write_str("no_group"),
            Audience::LeftGroup => f.write_str("left_group"),
            Audience::NotReached { channel, since } => write!(f, "not_reached:{channel}:{}", since.0),
            Audience::Opened(opened) => f.write_str(if *opened { "opened" } else { "not_opened" }),
            Audience::Step(people) => {
                let StepPeople { row, of, untold_since, registered_after, registered_until, unproven } =
                    &**people;
                let kind = if unproven.is_some() { "rung" } else { "step" };
                let (after, until) = (registered_after.0, registered_until.0);
                write!(f, "{kind}:{row}:{}:{after}:{until}:", untold_since.0)?;
                if let Some(LadderProof { ladder, since }) = unproven {
                    // A key is any text: its bytes are counted.
                    write!(f, "{}:{}:{ladder}:", since.0, ladder.as_str().len())?;
                }
                of.fmt(f)
            }
            Audience::Chosen(people) => {
                f.write_str("chosen:")?;
                for (at, person) in people.iter().enumerate() {
                    write!(f, "{}{person}", if at > 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Audience {
    type Err = AudienceError;
    fn from_str(text: &str) -> Result<Audience, AudienceError> {
        let wrong = || AudienceError(text.chars().take(80).collect());
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "registered" => Ok(Audience::Registered),
            "not_told" => Ok(Audience::NotTold),
            "failed" => Ok(Audience::Failed),
            "not_read" => Ok(Audience::NotRead),
            "attended" => Ok(Audience::Attended),
            "left_early" => Ok(Audience::LeftEarly),
            "absent" => Ok(Audience::Absent),
            "another_date" => Ok(Audience::AnotherDate),
            "no_group" => Ok(Audience::NoGroup),
            "left_group" => Ok(Audience::LeftGroup),
            "no_receipt" if rest.is_empty() => {
                Ok(Audience::NoReceipt { minutes: Audience::NO_RECEIPT_MINUTES })
            }
            "no_receipt" => {
                let minutes: i64 = rest.parse().map_err(|_| wrong())?;
                if minutes < 1 { Err(wrong()) } else { Ok(Audience::NoReceipt { minutes }) }
            }
            "since" => Ok(Audience::Since(Millis(rest.parse().map_err(|_| wrong())?))),
            "of" => {
                let mut parts = rest.splitn(3, ':');
                let broadcast = parts.next().and_then(|id| id.parse().ok()).ok_or_else(wrong)?;
                let state = parts.next().and_then(|state| state.parse().ok()).ok_or_else(wrong)?;
                Ok(Audience::Of { broadcast, state, reason: Reason::from(parts.next().unwrap_or_default()) })
            }
            "not_reached" => {
                let (channel, since) = rest.split_once(':').ok_or_else(wrong)?;
                let channel = channel.parse().map_err(|_| wrong())?;
                Ok(Audience::NotReached { channel, since: Millis(since.parse().map_err(|_| wrong())?) })
            }
            "opened" | "not_opened" if rest.is_empty() => Ok(Audience::Opened(kind == "opened")),
            "step" | "rung" => StepPeople::read(rest, kind == "rung")
                .map(|people| Audience::Step(Box::new(people)))
                .ok_or_else(wrong),
            "source" => Ok(Audience::Source(rest.to_owned())),
            "tag" => Ok(Audience::Tagged(rest.parse().map_err(|_| wrong())?)),
            "chosen" => {
                let ids = rest.split(',').filter(|id| !id.is_empty());
                let people: Vec<RegistrantId> =
                    ids.map(|id| id.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
                if people.len() > Audience::CHOSEN_MAX { Err(wrong()) } else { Ok(Audience::Chosen(people)) }
            }
            _ => Err(wrong()),
        }
    }
}

impl StepPeople {
    fn read(text: &str, rung: bool) -> Option<StepPeople> {
        let mut parts = text.splitn(5, ':');
        let row = parts.next()?.parse().ok()?;
        let mut moment = || parts.next()?.parse().ok().map(Millis);
        let (untold_since, registered_after, registered_until) = (moment()?, moment()?, moment()?);
        let mut rest = parts.next()?;
        let mut unproven = None;
        if rung {
            let (since, after) = rest.split_once(':')?;
            let (length, after) = after.split_once(':')?;
            let (ladder, after) = after.split_at_checked(length.parse().ok()?)?;
            let ladder = StepKey::stored(ladder.to_owned());
            unproven = Some(LadderProof { ladder, since: Millis(since.parse().ok()?) });
            rest = after.strip_prefix(':')?;
        }
        let of: Audience = rest.parse().ok()?;
        let plain = !matches!(of, Audience::Chosen(_) | Audience::Step(_));
        plain.then_some(StepPeople { row, of, untold_since, registered_after, registered_until, unproven })
    }
}

/// The people of a workshop by what they were told for one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// All registrations of the workshop that stand.
    pub everyone: i64,
    /// People to whom nothing was sent, and for whom nothing is under way.
    pub not_told: i64,
    /// People whose message was refused or never arrived, and whom nothing else reached.
    pub failed: i64,
    /// People whose message was handed over long ago and has no receipt.
    pub no_receipt: i64,
    /// People whose message was handed over long ago and was not read.
    pub not_read: i64,
    /// People who were told and whose message is not known to have failed.
    pub told: i64,
    /// People whose message waits or is going out now.
    pub going: i64,
}

impl Told {
    /// Of two halves of a workshop together.
    #[must_use]
    pub fn and(self, other: Told) -> Told {
        Told {
            everyone: self.everyone + other.everyone,
            not_told: self.not_told + other.not_told,
            failed: self.failed + other.failed,
            no_receipt: self.no_receipt + other.no_receipt,
            not_read: self.not_read + other.not_read,
            told: self.told + other.told,
            going: self.going + other.going,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_audience_is_read_as_it_was_written() {
        let person = |n| RegistrantId(Uuid::from_u128(n));
        for audience in [
            Audience::Registered,
            Audience::NotTold,
            Audience::Failed,
            Audience::NotRead,
            Audience::NoReceipt { minutes: 90 },
            Audience::Since(Millis(1_791_880_200_000)),
            Audience::Of {
                broadcast: BroadcastId(Uuid::from_u128(7)),
                state: MessageState::Failed,
                reason: Reason::from("131026"),
            },
            Audience::Source("form: a, b".into()),
            Audience::Tagged(TagId(Uuid::from_u128(9))),
            Audience::Attended,
            Audience::LeftEarly,
            Audience::AnotherDate,
            Audience::Absent,
            Audience::NoGroup,
            Audience::LeftGroup,
            Audience::NotReached { channel: Channel::WhatsappPersonal, since: Millis(7) },
            Audience::Opened(true),
            Audience::Opened(false),
            Audience::Step(Box::new(StepPeople {
                row: PlanRowId(Uuid::from_u128(11)),
                of: Audience::Source("form: a, b".into()),
                untold_since: Millis(1),
                registered_after: Millis(0),
                registered_until: Millis::MAX,
                unproven: None,
            })),
            Audience::Step(Box::new(StepPeople {
                row: PlanRowId(Uuid::from_u128(11)),
                of: Audience::Source("form: a, b".into()),
                untold_since: Millis::MAX,
                registered_after: Millis(0),
                registered_until: Millis::MAX,
                unproven: Some(LadderProof {
                    ladder: StepKey::stored("reach: सब".into()), since: Millis(5)
                }),
            })),
            Audience::Chosen(vec![person(1), person(2)]),
        ] {
            assert_eq!(audience.to_string().parse(), Ok(audience));
        }
        for wrong in [
            "",
            "all",
            "since:soon",
            "of:7:failed:",
            "no_receipt:-1",
            "chosen:x",
            "tag:Beginners",
            "step:7:1:2:3:registered",
            "rung:00000000-0000-0000-0000-00000000000b:1:2:3:4:9:reach:registered",
        ] {
            assert!(wrong.parse::<Audience>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_purpose_is_the_same_however_it_is_typed() {
        assert_eq!(Purpose::parse("  Link "), Purpose::parse("link"));
        assert_eq!(Purpose::parse("join details").unwrap().title(), "Join details");
        assert_eq!(Purpose::stored("template:Workshop tomorrow".into()).title(), "Workshop tomorrow");
        assert_eq!(Purpose::parse(" "), Err(PurposeError::Empty));
        assert_eq!(Purpose::default().title(), "Reminder");
    }
}
