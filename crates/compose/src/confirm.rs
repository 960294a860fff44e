//! From a review to a broadcast. Nothing else confirms one.

use domain::{
    checks::{EarlierBroadcast, Finding},
    ids::BroadcastId,
};
use store::{
    StoreError,
    broadcasts::{Confirmed as Stored, KnownTelling, NewBroadcast, Telling},
};

use crate::{Caller, Review};

/// What somebody confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The id of the broadcast to be: a second confirmation with the same id makes no second one.
    pub id: BroadcastId,
    /// The number of people that the question named; `None` when nobody was asked about a number.
    pub named: Option<i64>,
    /// So many people, as the question said, get again what they were told before; `None` when nobody said so.
    pub again: Option<i64>,
    /// What the question knew of earlier broadcasts of the purpose; `None` where the review itself is the question.
    pub knew: Option<Option<BroadcastId>>,
}

/// A broadcast that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Id of the broadcast that was made.
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
    /// People were told the same before, and nobody said in so many words that they get it again.
    #[error("{} people got “{}” before", .0.n, .0.title)]
    SentBefore(EarlierBroadcast),
    /// Somebody confirmed another broadcast of the same purpose since the question was asked.
    #[error("another broadcast for the same purpose was confirmed meanwhile")]
    ToldMeanwhile,
    /// Another broadcast of the same purpose is still being prepared.
    #[error("another broadcast for the same purpose is being prepared")]
    BeingPrepared(BroadcastId),
    /// So many more people would get it than the question named that somebody should look again.
    #[error("{now} people would get it, and {named} were named")]
    MorePeople {
        /// The number of people that the question named.
        named: i64,
        /// The number of people now.
        now: i64,
    },
    /// The store refused or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Review {
    /// The last broadcast of the same purpose, when people would get it again.
    pub fn sent_before(&self) -> Option<EarlierBroadcast> {
        self.findings.iter().find_map(|finding| match finding {
            Finding::SentBefore { title, by, at, n } => {
                Some(EarlierBroadcast { title: title.clone(), by: by.clone(), at: *at, n: *n })
            }
            _ => None,
        })
    }

    /// Whether a question that knew so much is still the right one: nothing was confirmed since, and nobody else would
    /// get it again.
    pub fn is_current(&self, confirmation: &Confirmation) -> bool {
        let said = confirmation.again.unwrap_or(0);
        confirmation.knew.is_none_or(|knew| knew == self.before.newest)
            && self.sent_before().is_none_or(|earlier| earlier.n <= said)
    }

    /// Why these people are told in a further round; `None` for those who are told for the first time.
    fn further(&self) -> Option<String> {
        let again = self.before.again > 0;
        if self.draft.run.is_some() {
            return (again || self.draft.audience.is_retarget()).then(|| "step".to_owned());
        }
        (again || self.draft.audience.is_retarget()).then(|| match &self.draft.audience {
            audience if audience.is_retarget() => audience.to_string(),
            _ => "again".to_owned(),
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
        if confirmation.knew.is_some_and(|knew| knew != self.before.newest) {
            return Err(Refusal::ToldMeanwhile);
        }
        let said = confirmation.again.unwrap_or(0);
        if let Some(earlier) = self.sent_before().filter(|earlier| earlier.n > said) {
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
            template_id: Some(draft.template.id),
            template: self.frozen.clone(),
            category: draft.message.category(),
            audience: draft.audience.clone(),
            telling: Telling {
                purpose: draft.template.purpose.clone(),
                further: self.further(),
                known: KnownTelling::Newest(self.before.newest),
                run: draft.run.clone(),
                keys_of: draft.keys_of,
            },
            starts_at: draft.timing.start,
            deadline: draft.timing.deadline,
            hours: self.hours.clone(),
            unit_price: self.unit,
        };
        if let Some(replaced) = draft.replaces {
            caller.org.cancel_broadcast(replaced, caller.now).await?;
        }
        match caller.org.confirm_telling(confirmation.id, new, caller.now).await? {
            Stored::Made(id) => Ok(Confirmed { id, people }),
            Stored::ToldMeanwhile => Err(Refusal::ToldMeanwhile),
            Stored::BeingPrepared(id) => Err(Refusal::BeingPrepared(id)),
        }
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
