//! Who gets a message. The planner, the review, the preview, the cost and the test message all ask this one decision;
//! a [`Tally`] adds its results up.

mod tally;

use crate::{
    channel::{Category, Channel},
    message::SkipReason,
    phone::is_landline,
    template::{Content, Facts, Message, Source, ValueError},
};

pub use self::tally::{RefusedValues, Tally, ValueWarning};

/// A registration that stands, as the rules see it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidate<'a> {
    /// Full name; may be empty.
    pub name: &'a str,
    /// E-mail address; may be empty.
    pub email: &'a str,
    /// E.164; empty when there is none or none that can be read.
    pub phone: &'a str,
    /// What was typed as the number; tells *missing* from *invalid*.
    pub phone_typed: &'a str,
    /// Whether another registration with the same number gets the message instead ([`OnePerNumber`]).
    pub repeats: bool,
    /// Whether the person must not be contacted on this channel for this category.
    pub suppressed: bool,
    /// Whether the person agreed to this category on this channel. Only promotion asks for it.
    pub agreed: bool,
    /// The page where this person stops such messages; empty where no link is wanted ([`Rules::wants_link`]).
    pub opt_out_link: &'a str,
    /// Their own short link to the workshop; empty where none is wanted ([`Rules::wants_join_link`]).
    pub own_join_link: &'a str,
}

/// What every candidate of one message is held against.
#[derive(Clone, Debug)]
pub struct Rules {
    message: Message,
    /// What is known of the event; the person's part is written over for each candidate.
    facts: Facts,
    /// Final values that every recipient has, when the message has none of a person.
    same: Option<(Content, i64)>,
}

/// Somebody who gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Final values; `None` when they are the same for all ([`Rules::same_for_all`]).
    pub content: Option<Content>,
    /// What the message is charged as: messages, or segments of one.
    pub units: i64,
}

/// Why a candidate does not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded {
    /// The rule that excludes the person.
    pub reason: SkipReason,
    /// What is wrong with a value, for [`SkipReason::BadValue`].
    pub value: Option<ValueError>,
}

/// What was decided about one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The candidate gets the message.
    Recipient(Recipient),
    /// A rule excludes the candidate.
    Excluded(Excluded),
}

impl Rules {
    /// The rules of a message about an event. The person's part of `event` is not looked at.
    pub fn new(message: Message, event: Facts) -> Rules {
        let mut rules = Rules { message, facts: event, same: None };
        if !rules.message.is_personal() {
            // A value that is refused excludes everybody, each with the reason.
            rules.same = rules.message.fill(&rules.facts).ok().map(|content| {
                let units = rules.message.segments(&content);
                (content, units)
            });
        }
        rules
    }

    /// Takes final values that were fixed before: what an earlier stretch of a plan wrote stays.
    pub fn with_fixed(mut self, content: Content) -> Rules {
        if !self.message.is_personal() {
            let units = self.message.segments(&content);
            self.same = Some((content, units));
        }
        self
    }

    /// What is sent.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// What is known of the event.
    pub fn event(&self) -> &Facts {
        &self.facts
    }

    /// Whether only those get it who agreed: promotion.
    pub fn wants_consent(&self) -> bool {
        wants_consent(self.message.category())
    }

    /// Whether a value is the person's own opt-out link.
    pub fn wants_link(&self) -> bool {
        self.message.sources().any(|source| *source == Source::OptOutLink)
    }

    /// Whether a value is the person's own short link to the workshop.
    pub fn wants_join_link(&self) -> bool {
        self.message.sources().any(|source| *source == Source::RegistrantJoinLink)
    }

    /// Final values that every recipient has; `None` when they differ from person to person.
    pub fn same_for_all(&self) -> Option<&Content> {
        self.same.as_ref().map(|(content, _)| content)
    }

    /// The final values of a recipient.
    pub fn content<'a>(&'a self, recipient: &'a Recipient) -> Option<&'a Content> {
        recipient.content.as_ref().or(self.same_for_all())
    }

    /// Whether counters of a workshop tell exactly what [`decide`] adds up to. They know numbers, duplicates, opt-outs,
    /// consents, and who has no name; not how far a channel reaches, and no other value.
    pub fn counters_suffice(&self) -> bool {
        let counted = |slot: &crate::template::Slot<'_>| {
            let filled = !slot.fallback.trim().is_empty();
            match &*slot.source {
                Source::RegistrantName | Source::RegistrantFirstName | Source::RegistrantPhone => true,
                Source::RegistrantEmail => filled,
                Source::OptOutLink
                | Source::RegistrantJoinLink
                | Source::WorkshopTitle
                | Source::WorkshopDate
                | Source::WorkshopTime
                | Source::WorkshopJoinLink
                | Source::OrganisationName
                | Source::AlertMatter
                | Source::AlertCount
                | Source::AlertLink
                | Source::Variable(_)
                | Source::Fixed(_) => true,
            }
        };
        match &self.message {
            Message::Whatsapp(_) => {
                self.message.slots().iter().all(counted) && self.fails_for_all().is_none()
            }
            // Numbers out of reach and the length of texts are only seen by looking at the people.
            Message::Sms(_) | Message::Group(_) | Message::Call(_) => false,
        }
    }

    /// Whether whoever has no name is excluded: a value is the name, and nothing stands in for it. A call greets them
    /// without one.
    pub fn needs_name(&self) -> bool {
        if matches!(self.message, Message::Call(_)) {
            return false;
        }
        let bare = |slot: &crate::template::Slot<'_>| {
            slot.fallback.trim().is_empty()
                && matches!(&*slot.source, Source::RegistrantName | Source::RegistrantFirstName)
        };
        self.message.slots().iter().any(bare)
    }

    /// Whether a value is the name.
    pub fn uses_name(&self) -> bool {
        let mut sources = self.message.sources();
        sources.any(|source| matches!(&*source, Source::RegistrantName | Source::RegistrantFirstName))
    }

    /// A value that would be refused whoever the person is.
    pub fn fails_for_all(&self) -> Option<ValueError> {
        let somebody = Facts {
            name: "Somebody".into(),
            email: "somebody@example.in".into(),
            phone: "+919000000001".into(),
            ..self.facts.clone()
        };
        self.message.fill(&somebody).err()
    }
}

/// The first rule that keeps every message of this kind on this channel from the candidate, whatever its values are. The
/// rules are asked in this order: a number, one message per number, whether the channel reaches it, what the person
/// wished.
pub fn keeps_out(candidate: &Candidate<'_>, channel: Channel, category: Category) -> Option<SkipReason> {
    if candidate.phone.is_empty() {
        let missing = candidate.phone_typed.trim().is_empty();
        return Some(if missing { SkipReason::NoPhone } else { SkipReason::InvalidPhone });
    }
    if candidate.repeats {
        return Some(SkipReason::Duplicate);
    }
    if !channel.reaches_landlines() && is_landline(candidate.phone) {
        return Some(SkipReason::Landline);
    }
    if !channel.reaches(candidate.phone) {
        return Some(SkipReason::InvalidPhone);
    }
    if candidate.suppressed {
        return Some(SkipReason::Suppressed);
    }
    (wants_consent(category) && !candidate.agreed).then_some(SkipReason::NoConsent)
}

fn wants_consent(category: Category) -> bool {
    category == Category::Marketing
}

/// Whether that candidate gets it. No other code decides this. The first rule that excludes somebody is the reason;
/// the values are asked last.
pub fn decide(candidate: &Candidate<'_>, rules: &mut Rules) -> Decision {
    let (channel, category) = (rules.message.channel(), rules.message.category());
    if let Some(reason) = keeps_out(candidate, channel, category) {
        return Decision::Excluded(Excluded { reason, value: None });
    }
    if let Some((_, units)) = &rules.same {
        return Decision::Recipient(Recipient { content: None, units: *units });
    }
    let facts = &mut rules.facts;
    candidate.name.clone_into(&mut facts.name);
    candidate.email.clone_into(&mut facts.email);
    candidate.phone.clone_into(&mut facts.phone);
    candidate.opt_out_link.clone_into(&mut facts.opt_out_link);
    candidate.own_join_link.clone_into(&mut facts.own_join_link);
    match rules.message.fill(facts) {
        Ok(content) => {
            let units = rules.message.segments(&content);
            Decision::Recipient(Recipient { content: Some(content), units })
        }
        Err(error) => Decision::Excluded(Excluded { reason: SkipReason::BadValue, value: Some(error) }),
    }
}

/// Among registrations with one number one gets the message: the one that is not marked as a duplicate, which is what
/// screens show.
///
/// Candidates come in order of number, over the borders of stretches: should a mark change between two of them, nobody
/// gets it twice all the same.
#[derive(Clone, Debug, Default)]
pub struct OnePerNumber {
    last: String,
}

impl OnePerNumber {
    /// Goes on behind a number that has its message; empty at the beginning.
    pub fn after(last: String) -> OnePerNumber {
        OnePerNumber { last }
    }

    /// Whether another registration with this number gets it.
    pub fn repeats(&mut self, phone: &str, marked: bool) -> bool {
        let repeats = !phone.is_empty() && (marked || phone == self.last);
        if !repeats {
            phone.clone_into(&mut self.last);
        }
        repeats
    }

    /// The last number that has its message.
    pub fn last(&self) -> &str {
        &self.last
    }
}

/// The people of an audience, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudienceSummary {
    /// The registrations in the audience, before any rule.
    pub total: i64,
    /// The people who will get the message.
    pub reachable: i64,
    /// The people without a number.
    pub missing_phone: i64,
    /// The people whose number cannot be reached.
    pub invalid: i64,
    /// The people with a landline, on a channel that reaches none.
    pub landline: i64,
    /// The registrations whose number an earlier registration has.
    pub duplicate: i64,
    /// The people who opted out or must not be contacted.
    pub suppressed: i64,
    /// The people who did not agree to promotion; 0 for every other category.
    pub no_consent: i64,
    /// The people with an empty value, or one that would be refused.
    pub bad_value: i64,
    /// The registrations with an e-mail address.
    pub with_email: i64,
    /// The people who get the message without a name and read the fallback.
    pub without_name: i64,
}

impl AudienceSummary {
    /// The summary as counters give it, where [`Rules::counters_suffice`]. A person without a name is excluded only
    /// when the message holds one.
    pub fn from_counters(mut self, rules: &Rules) -> AudienceSummary {
        if rules.needs_name() {
            self.bad_value = self.without_name.min(self.reachable);
            self.reachable -= self.bad_value;
        }
        if rules.needs_name() || !rules.uses_name() {
            self.without_name = 0;
        }
        self
    }

    /// Counters, corrected by the first people of the audience, where there were too many to look at all.
    pub fn corrected_by(mut self, seen: &Tally, rules: &Rules) -> AudienceSummary {
        let out_of_reach = seen.out_of_reach.min(self.reachable);
        self.invalid += out_of_reach;
        self.reachable -= out_of_reach;
        self.bad_value = seen.refused().min(self.reachable);
        self.reachable -= self.bad_value;
        if !rules.uses_name() {
            self.without_name = 0;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatsapp::{Parameter, WhatsappTemplate};

    fn rules(category: Category) -> Rules {
        let template = WhatsappTemplate {
            campaign: "today".into(),
            category,
            language: "en".into(),
            header: String::new(),
            body: "Hi {{1}}".into(),
            footer: String::new(),
            parameters: vec![Parameter {
                label: "name".into(),
                source: Source::RegistrantName,
                fallback: String::new(),
            }],
            media: None,
            buttons: vec![],
            extra: Default::default(),
        };
        Rules::new(template.into(), Facts::default())
    }

    fn asha() -> Candidate<'static> {
        Candidate { name: "Asha", phone: "+919000000001", agreed: true, ..Candidate::default() }
    }

    #[track_caller]
    fn check(candidate: Candidate<'_>, category: Category, expected: Option<SkipReason>) {
        let got = match decide(&candidate, &mut rules(category)) {
            Decision::Recipient(_) => None,
            Decision::Excluded(excluded) => Some(excluded.reason),
        };
        assert_eq!(got, expected, "{candidate:?}");
    }

    #[test]
    fn the_first_rule_that_excludes_is_the_reason() {
        use Category::{Marketing, Utility};
        check(asha(), Utility, None);
        check(asha(), Marketing, None);
        check(Candidate { phone: "", ..asha() }, Utility, Some(SkipReason::NoPhone));
        check(Candidate { phone: "", phone_typed: "12", ..asha() }, Utility, Some(SkipReason::InvalidPhone));
        check(Candidate { repeats: true, suppressed: true, ..asha() }, Utility, Some(SkipReason::Duplicate));
        let office = Candidate { phone: "+912224567890", ..asha() };
        check(office, Utility, Some(SkipReason::Landline));
        check(Candidate { suppressed: true, ..office }, Utility, Some(SkipReason::Landline));
        check(Candidate { repeats: true, ..office }, Utility, Some(SkipReason::Duplicate));
        check(
            Candidate { suppressed: true, agreed: false, ..asha() },
            Marketing,
            Some(SkipReason::Suppressed),
        );
        check(Candidate { agreed: false, name: "", ..asha() }, Marketing, Some(SkipReason::NoConsent));
        check(Candidate { agreed: false, ..asha() }, Utility, None);
        check(Candidate { name: "", ..asha() }, Utility, Some(SkipReason::BadValue));
    }

    #[test]
    fn one_number_gets_one_message_whatever_the_marks_say() {
        let mut each = OnePerNumber::default();
        let people =
            [("", false), ("", false), ("+911", true), ("+911", false), ("+911", false), ("+912", false)];
        let repeats: Vec<bool> = people.iter().map(|(phone, marked)| each.repeats(phone, *marked)).collect();
        assert_eq!(repeats, [false, false, true, false, true, false]);
        assert_eq!(each.last(), "+912");
        assert!(OnePerNumber::after("+912".into()).repeats("+912", false), "over the border of a stretch");
    }
}
