//! The people who do not get a message, by name, for a look before sending.

use domain::{
    audience::{Decision, OnePerNumber},
    message::SkipReason,
};
use store::{StoreError, audience::AudienceCursor};

use crate::{OwnLinks, Review};

/// People read at once.
const STRETCH: i64 = 2_000;

/// A person of the audience who does not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludedPerson {
    /// Full name; may be empty.
    pub name: String,
    /// E.164; empty without a number.
    pub phone: String,
    /// The rule that excludes the person.
    pub reason: SkipReason,
}

impl Review {
    /// The first `most` of those who do not get it, in the order of the plan. Reads no further than it has to.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn left_out(&self, most: usize) -> Result<Vec<ExcludedPerson>, StoreError> {
        let not_reached = self.audience.total.saturating_sub(self.audience.reachable);
        let wanted = usize::try_from(not_reached).unwrap_or(0).min(most);
        let mut walk = self.walk.clone();
        let links = OwnLinks::sample(walk.rules());
        let (mut found, mut after, mut each) =
            (Vec::new(), AudienceCursor::default(), OnePerNumber::default());
        while found.len() < wanted {
            let people = walk.stretch(&after, STRETCH, &mut each, |_, _| links.clone()).await?;
            let Some(last) = people.last() else { break };
            after = last.person.place();
            found.extend(people.iter().filter_map(|judged| match &judged.decision {
                Decision::Recipient(_) => None,
                Decision::Excluded(excluded) => Some(ExcludedPerson {
                    name: judged.person.name.clone(),
                    phone: judged.person.phone.clone(),
                    reason: excluded.reason,
                }),
            }));
        }
        found.truncate(wanted);
        Ok(found)
    }
}
