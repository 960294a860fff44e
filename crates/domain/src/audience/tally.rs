//! What the decisions about many people add up to.

use std::collections::BTreeMap;

use super::{AudienceSummary, Candidate, Decision, Rules};
use crate::{
    message::SkipReason,
    sms::{SmsTemplate, Tag, why_unicode},
    template::{Content, Message, ValueError},
};

/// The people whose message would be refused because of the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedValues {
    /// What is wrong with the value, as found for the first of them.
    pub error: ValueError,
    /// The number of these people.
    pub n: i64,
    /// Some of them by name.
    pub names: Vec<String>,
}

/// Something about a value that an operator may dislike. The message is sent all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueWarning {
    /// The value, by the label that the template’s author sees.
    pub label: String,
    /// What is odd about the value, in words.
    pub about: &'static str,
    /// The number of messages with this value.
    pub n: i64,
}

/// Names that a finding gives as examples.
const NAMES_MAX: usize = 3;

/// The sum of the decisions about many people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of candidates that were decided about.
    pub looked_at: i64,
    /// Whether everybody was looked at. Otherwise the figures are those of the first people.
    pub whole: bool,
    /// The number of people who get the message.
    pub recipients: i64,
    /// The units that all their messages are charged as, such as SMS.
    pub units: i64,
    /// Fewest units of one message; 0 when nobody gets it.
    pub least: i64,
    /// Most units of one message.
    pub most: i64,
    /// Numbers that the channel cannot reach; among those excluded as invalid.
    pub out_of_reach: i64,
    /// The people whose value would be refused, grouped by what is wrong with it.
    pub refused_by: Vec<RefusedValues>,
    /// The people whose text is written in Unicode.
    pub unicode: i64,
    /// The first character that made a text Unicode.
    pub because: Option<char>,
    /// The values that an operator may dislike.
    pub doubts: Vec<ValueWarning>,
    excluded: BTreeMap<SkipReason, i64>,
    with_email: i64,
    without_name: i64,
}

impl Tally {
    /// Counts one decision.
    pub fn take(&mut self, candidate: &Candidate<'_>, decision: &Decision, rules: &Rules) {
        self.looked_at += 1;
        self.with_email += i64::from(!candidate.email.is_empty());
        match decision {
            Decision::Recipient(recipient) => {
                let first = self.recipients == 0;
                self.recipients += 1;
                self.units += recipient.units;
                self.least = if first { recipient.units } else { self.least.min(recipient.units) };
                self.most = self.most.max(recipient.units);
                self.without_name += i64::from(candidate.name.is_empty() && rules.uses_name());
                if let (Message::Sms(template), Some(content)) = (&rules.message, rules.content(recipient)) {
                    self.look_at_text(template, content);
                }
            }
            Decision::Excluded(excluded) => {
                *self.excluded.entry(excluded.reason).or_default() += 1;
                let out_of_reach = excluded.reason == SkipReason::InvalidPhone && !candidate.phone.is_empty();
                self.out_of_reach += i64::from(out_of_reach);
                if let Some(error) = &excluded.value {
                    self.refuse(candidate.name, error);
                }
            }
        }
    }

    fn refuse(&mut self, name: &str, error: &ValueError) {
        let at = self.refused_by.iter().position(|known| known.error.is_like(error)).unwrap_or_else(|| {
            self.refused_by.push(RefusedValues { error: error.clone(), n: 0, names: Vec::new() });
            self.refused_by.len() - 1
        });
        let refused = &mut self.refused_by[at];
        refused.n += 1;
        if refused.names.len() < NAMES_MAX && !name.trim().is_empty() {
            refused.names.push(name.to_owned());
        }
    }

    fn look_at_text(&mut self, template: &SmsTemplate, content: &Content) {
        if let Some(c) = why_unicode(&template.text(content)) {
            self.unicode += 1;
            self.because.get_or_insert(c);
        }
        for (variable, value) in template.variables.iter().zip(content.values()) {
            let takes_links = matches!(variable.tag, Tag::Url | Tag::UrlOtt);
            let misplaced = !takes_links && (value.contains("://") || value.starts_with("www."));
            let about = if misplaced {
                Some("a link, where the text takes none")
            } else {
                variable.value_warning(value, &template.limits)
            };
            let Some(about) = about else { continue };
            match self.doubts.iter_mut().find(|known| known.label == variable.label && known.about == about) {
                Some(known) => known.n += 1,
                None => self.doubts.push(ValueWarning { label: variable.label.clone(), about, n: 1 }),
            }
        }
    }

    /// People who were excluded for that reason.
    pub fn excluded(&self, reason: SkipReason) -> i64 {
        self.excluded.get(&reason).copied().unwrap_or(0)
    }

    /// People whose value would be refused.
    pub fn refused(&self) -> i64 {
        self.excluded(SkipReason::BadValue)
    }

    /// The tally as a summary. It is that of the whole audience where everybody was looked at.
    pub fn summary(&self) -> AudienceSummary {
        AudienceSummary {
            total: self.looked_at,
            reachable: self.recipients,
            missing_phone: self.excluded(SkipReason::NoPhone),
            invalid: self.excluded(SkipReason::InvalidPhone),
            landline: self.excluded(SkipReason::Landline),
            duplicate: self.excluded(SkipReason::Duplicate),
            suppressed: self.excluded(SkipReason::Suppressed),
            no_consent: self.excluded(SkipReason::NoConsent),
            bad_value: self.refused(),
            with_email: self.with_email,
            without_name: self.without_name,
        }
    }

    /// What the messages of `reachable` people are charged as: exact when all were looked at, else in proportion.
    pub fn units_for(&self, reachable: i64) -> i64 {
        if self.whole || self.recipients == 0 {
            return self.units;
        }
        let units = i128::from(self.units) * i128::from(reachable) / i128::from(self.recipients);
        i64::try_from(units).unwrap_or(i64::MAX)
    }
}
