//! A broadcast that somebody wants to send. Nothing of it is stored until it is confirmed.

use domain::{
    broadcast::Audience,
    ids::BroadcastId,
    sending_hours::AfterHours,
    template::{Message, MessageError},
};
use store::{integrations::Integration, plans::StepRun, templates::Template, workshops::Workshop};

use crate::Timing;

/// A broadcast before it is confirmed: what is sent, to whom, through which account, and when.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The workshop whose people get it.
    pub workshop: Workshop,
    /// Which of the workshop's people get it.
    pub audience: Audience,
    /// The template as it is stored.
    pub template: Template,
    /// The template with the values chosen for this broadcast.
    pub message: Message,
    /// The account that sends it.
    pub account: Integration,
    /// When the broadcast begins, and until when it is of use.
    pub timing: Timing,
    /// What happens to the rest when the hours of a promotion or of the account end.
    pub after: AfterHours,
    /// Whether a reminder waits until the organisation's quiet hours are over.
    pub wait_out_quiet: bool,
    /// The paused broadcast that this one is written in place of; `None` for a new one. It is cancelled when this one
    /// is confirmed, and the people who wait in it do not count as told.
    pub replaces: Option<BroadcastId>,
    /// Whether the broadcast is meant for after the workshop's end.
    pub after_end: bool,
    /// The step of the workshop's plan that it is a run of; `None` where a person sends.
    pub run: Option<StepRun>,
    /// The broadcast of calls whose pressed key sends it; `None` for every other one.
    pub keys_of: Option<BroadcastId>,
}

impl Draft {
    /// A draft with the template's own values.
    ///
    /// # Errors
    /// When this version cannot read the stored template.
    pub fn new(
        workshop: Workshop,
        template: Template,
        account: Integration,
        timing: Timing,
    ) -> Result<Draft, MessageError> {
        let message = Message::from_json(template.channel, &template.body)?;
        Ok(Draft {
            workshop,
            audience: Audience::Registered,
            template,
            message,
            account,
            timing,
            after: AfterHours::USUAL,
            wait_out_quiet: false,
            replaces: None,
            after_end: false,
            run: None,
            keys_of: None,
        })
    }
}
