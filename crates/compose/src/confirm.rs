//! From a review to a broadcast. Nothing else confirms one.

use domain::{
    broadcast::Audience as Whom,
    checks::{Earlier, Finding},
    ids::BroadcastId,
};
use store::{StoreError, broadcasts::NewBroadcast};

use crate::{Caller, Review};

/// What somebody confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The id of the broadcast to be: a second confirmation with the same id makes no second one.
    pub id: BroadcastId,
    /// The number of people that the question named; `None` when nobody was asked about a number.
    pub named: Option<i64>,
    /// The same template went to the same workshop before, and goes again all the same.
    pub again: bool,
}

/// A broadcast that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Which.
    pub id: BroadcastId,
    /// People who get it, as far as is known.
    pub people: i64,
}

/// Why no broadcast was made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An error stands among the findings, or the review was a quick one that nobody may decide with.
    #[error("something stands in the way")]
    Blocked,
    /// The same template went to the same workshop before.
    #[error("“{}” was confirmed for this workshop before", .0.title)]
    SentBefore(Earlier),
    /// So many more people would get it than the question named that somebody should look again.
    #[error("{now} people would get it, and {named} were named")]
    MorePeople {
        /// What the question named.
        named: i64,
        /// What it is now.
        now: i64,
    },
    /// The store refused or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Review {
    /// The last broadcast of the same template to the same workshop.
    pub fn sent_before(&self) -> Option<Earlier> {
        self.findings.iter().find_map(|finding| match finding {
            Finding::SentBefore { title, by, at } => {
                Some(Earlier { title: title.clone(), by: by.clone(), at: *at })
            }
            _ => None,
        })
    }

    /// Makes the broadcast. From here on every recipient gets a row; the engine plans them.
    ///
    /// # Errors
    /// A [`Refusal`]; then nothing was made.
    pub async fn confirm(&self, caller: &Caller, confirmation: &Confirmation) -> Result<Confirmed, Refusal> {
        if !self.may_send() || !self.decisive {
            return Err(Refusal::Blocked);
        }
        if let Some(earlier) = self.sent_before().filter(|_| !confirmation.again) {
            return Err(Refusal::SentBefore(earlier));
        }
        let people = self.audience.reachable;
        if let Some(named) = confirmation.named.filter(|named| grew(*named, people)) {
            return Err(Refusal::MorePeople { named, now: people });
        }
        let draft = &self.draft;
        let new = NewBroadcast {
            integration: draft.account.id,
            workshop: draft.workshop.id,
            channel: draft.template.channel,
            title: draft.template.name.clone(),
            template: self.frozen.clone(),
            category: draft.message.category(),
            audience: Whom::Registered,
            starts_at: draft.timing.start,
            deadline: draft.timing.deadline,
            hours: self.hours.clone(),
            unit_price: self.unit,
        };
        let id = caller.org.confirm_broadcast_once(confirmation.id, new, caller.now).await?;
        Ok(Confirmed { id, people })
    }
}

/// Whether so many more people would get it that somebody should look again: a twentieth, and more than a handful.
fn grew(named: i64, now: i64) -> bool {
    now > named + (named / 20).max(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_more_people_need_no_second_look() {
        for (named, now, expected) in [
            (100, 105, false),
            (100, 106, true),
            (1_000, 1_050, false),
            (1_000, 1_051, true),
            (50, 10, false),
        ] {
            assert_eq!(grew(named, now), expected, "{named} → {now}");
        }
    }
}
