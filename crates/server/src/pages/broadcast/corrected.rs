//! What the registration behind a message says now, where it was corrected after the broadcast was confirmed. The
//! message itself keeps what it was planned with.

use domain::{
    message::MessageState,
    time::{Millis, Zone},
};
use store::{
    Org, StoreError,
    broadcasts::Broadcast,
    messages::MessageView,
    registrants::{PastCorrection, Registrant},
};

use super::recipients::{at_second, name, number};
use crate::{
    pages::correct::changes,
    ui::{chip::Tone, format::phone, note::Note},
};

/// The registration behind a message, with its corrections.
#[derive(Default)]
pub(super) struct CorrectedSince {
    /// The registration as it stands now; `None` for a group and for an erased person.
    now: Option<Registrant>,
    /// The corrections since the broadcast was confirmed, newest first.
    past: Vec<PastCorrection>,
}

impl CorrectedSince {
    pub(super) async fn load(
        org: &Org,
        broadcast: &Broadcast,
        row: &MessageView,
    ) -> Result<CorrectedSince, StoreError> {
        let Some(id) = row.addressee.registrant() else { return Ok(CorrectedSince::default()) };
        let now = match org.registrant(broadcast.workshop, id).await {
            Ok(person) if !person.is_erased => person,
            Ok(_) | Err(StoreError::Missing) => return Ok(CorrectedSince::default()),
            Err(error) => return Err(error),
        };
        let mut past = org.corrections_of_registrant(broadcast.workshop, id).await?;
        past.retain(|one| one.at >= broadcast.created_at);
        Ok(CorrectedSince { now: Some(now), past })
    }

    /// The person's present number, where the message was planned for another number or for none.
    pub(super) fn number(&self, row: &MessageView) -> Option<&str> {
        let now = self.now.as_ref().map(|person| person.phone.as_str())?;
        (!self.past.is_empty() && !now.is_empty() && now != row.recipient).then_some(now)
    }

    /// The note that says what was corrected and that this message is unchanged.
    pub(super) fn note(&self, row: &MessageView, zone: &Zone, now: Millis) -> Option<Note> {
        let last = self.past.first()?;
        let person = self.now.as_ref()?;
        let called = if person.name.is_empty() { "No name" } else { &person.name };
        let (tone, title) = match self.number(row) {
            Some(new) => (Tone::Act, format!("Corrected since: {} → {}.", number(row), phone(new))),
            None => (Tone::Rest, format!("Corrected since: {} → {called}.", name(row))),
        };
        let follows = match (self.number(row).is_some(), has_ended(row.state)) {
            (true, true) => "Nothing went to the new number by this message.",
            (true, false) => "This message still goes to the old number.",
            (false, _) => "This message says what it was planned with.",
        };
        let at = at_second(zone, last.at, now);
        Some(Note::new(tone, title, format!("By {}, {at}. {follows}", last.by)))
    }

    /// The corrections: when each was made, what it changed, and who made it.
    pub(super) fn history(&self) -> impl Iterator<Item = (Millis, String)> + '_ {
        self.past.iter().map(|one| {
            let parts: Vec<String> =
                changes(one).into_iter().map(|(before, after)| format!("{before} → {after}")).collect();
            (one.at, format!("{} · by {}", parts.join(", "), one.by))
        })
    }
}

/// Whether nothing more of a message goes out.
pub(super) fn has_ended(state: MessageState) -> bool {
    match state {
        MessageState::Waiting | MessageState::InFlight => false,
        MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read
        | MessageState::Failed
        | MessageState::Skipped
        | MessageState::Expired
        | MessageState::Cancelled
        | MessageState::Unknown => true,
    }
}
