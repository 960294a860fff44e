//! The message as real people will read it.

use domain::{
    audience::Decision,
    message::SkipReason,
    template::{Content, Facts, ValueError},
};
use store::StoreError;

use crate::{DecidedPerson, OwnLinks, Review};

/// People that the preview steps through. More would say nothing new, and each page would read more.
pub(crate) const PEOPLE_MAX: i64 = 200;

/// A person of the preview, with what they would read.
#[derive(Clone, Debug)]
pub struct PreviewedPerson {
    /// Full name; may be empty.
    pub name: String,
    /// Phone number in E.164 form.
    pub phone: String,
    /// The person's place among those that can be stepped through, from 1.
    pub position: i64,
    /// The number of people that can be stepped through.
    pub of: i64,
    /// Whether all people of the audience were read, so that these are all.
    pub all_read: bool,
    /// The value of each placeholder, or why it has none.
    pub values: Vec<Result<String, ValueError>>,
    /// The message with its values, or why this person is excluded.
    pub content: Result<Content, ValueError>,
}

impl Review {
    /// The last place that a preview has.
    pub const PREVIEW_MAX: i64 = PEOPLE_MAX;

    /// The person at that place, from 1, among the newest who would get it; `None` when nobody would. People whose
    /// value would be refused are among them: the preview says why they are excluded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn preview(&mut self, person: i64) -> Result<Option<PreviewedPerson>, StoreError> {
        let links = OwnLinks::sample(self.rules());
        let people = self.walk.newest(PEOPLE_MAX, &links).await?;
        let all_read = i64::try_from(people.len()).is_ok_and(|read| read < PEOPLE_MAX);
        let reads = |judged: &&DecidedPerson| match &judged.decision {
            Decision::Recipient(_) => true,
            Decision::Excluded(excluded) => excluded.reason == SkipReason::BadValue,
        };
        let reached: Vec<&DecidedPerson> = people.iter().filter(reads).collect();
        let of = i64::try_from(reached.len()).unwrap_or(PEOPLE_MAX);
        let position = person.clamp(1, of.max(1));
        let at = usize::try_from(position - 1).unwrap_or(0);
        let Some(DecidedPerson { person, .. }) = reached.get(at) else { return Ok(None) };
        let facts = Facts {
            name: person.name.clone(),
            email: person.email.clone(),
            phone: person.phone.clone(),
            ..self.rules().event().clone()
        };
        let message = &self.draft.message;
        Ok(Some(PreviewedPerson {
            name: person.name.clone(),
            phone: person.phone.clone(),
            position,
            of,
            all_read,
            values: message.each(&facts),
            content: message.fill(&facts),
        }))
    }
}
