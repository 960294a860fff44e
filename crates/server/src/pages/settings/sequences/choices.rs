//! What the forms of steps and ladders let people choose: templates, accounts, audiences.

use domain::{
    channel::Channel,
    sequence::{Presence, StepAudience},
};

use super::{
    step_form::{Parts, StepForm, audience_word},
    words,
};
use crate::ui::field::{Choice, OptionGroup};

impl StepForm {
    /// The templates by channel; the one that the field of that name holds is chosen, also where it was removed: a browser would choose the
    /// first of the others. `none` stands for no template.
    pub(super) fn templates(&self, parts: &Parts, field: &str, none: &str) -> Vec<OptionGroup> {
        let mut plain = vec![Choice::new("", none, self.get(field))];
        if self.removed(field, parts).is_some() {
            plain.push(Choice::new(self.get(field), "A template that was removed", self.get(field)));
        }
        let group = |channel: Channel| {
            let of = parts.templates.iter().filter(|template| template.channel == channel);
            let options: Vec<Choice> =
                of.map(|one| Choice::new(one.id.to_string(), &one.name, self.get(field))).collect();
            OptionGroup { name: Some(channel.title().to_owned()), options }
        };
        let by_channel = Channel::sending().map(group).filter(|group| !group.options.is_empty());
        std::iter::once(OptionGroup { name: None, options: plain }).chain(by_channel).collect()
    }

    /// The accounts; the one that the field of that name holds is chosen.
    pub(super) fn accounts(&self, parts: &Parts, field: &str) -> Vec<Choice> {
        let current = self.get(field);
        let own =
            parts.accounts.iter().map(|account| Choice::new(account.id.to_string(), &account.name, current));
        std::iter::once(Choice::new("", "The channel’s account", current)).chain(own).collect()
    }

    /// The audiences.
    pub(super) fn audiences(&self, parts: &Parts) -> Vec<Choice> {
        let plain = [
            StepAudience::NotTold,
            StepAudience::Everyone,
            StepAudience::RegisteredLate,
            StepAudience::InNoGroup,
            StepAudience::NotReached(Channel::WhatsappPersonal),
            StepAudience::NotReached(Channel::Sms),
            StepAudience::Opened(true),
            StepAudience::Opened(false),
        ];
        let presences = Presence::ALL.iter().copied().map(StepAudience::Attendance);
        let tags = parts.tags.iter().map(|tag| StepAudience::Tag(tag.id));
        let choice = |audience: StepAudience| {
            Choice::new(
                audience_word(&audience),
                words::audience(&audience, &parts.tags),
                self.get("audience"),
            )
        };
        let mut all: Vec<Choice> = plain.into_iter().chain(presences).chain(tags).map(choice).collect();
        all.push(Choice::new("source", "Came by one source", self.get("audience")));
        all
    }
}
