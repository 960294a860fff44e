//! Whom the people chooser offers, with how many they are. Only a page asks for it: a decision needs none of these counts.

use domain::{broadcast::Audience as Whom, told::Told};
use store::{StoreError, attendance::AttendanceReport, tags::Tag};

use crate::{Caller, Review};

/// Sources that are offered.
const SOURCES_MAX: i64 = 5;
/// Tags that are offered.
const TAGS_MAX: i64 = 5;
/// A workshop with more registrants is not counted for a page.
const COUNTED_MAX: i64 = 50_000;

/// The other people whom a draft could go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleOffers {
    /// The people of the workshop by what they were told; `None` where so many are registered that counting would hold
    /// a page up, or nothing was told yet.
    pub told: Option<Told>,
    /// Those who were registered after the last telling; `None` as for [`PeopleOffers::told`].
    pub since: Option<i64>,
    /// Where the people came from, with how many; empty where so many are registered that counting would hold a page
    /// up.
    pub sources: Vec<(String, i64)>,
    /// Who was there, where a report was taken over.
    pub attendance: Option<AttendanceReport>,
    /// People who are in none of the workshop's groups; `None` where the members are not known, or counting would hold
    /// a page up.
    pub no_group: Option<i64>,
    /// People who pressed the key for another date during a call.
    pub another_date: i64,
    /// Tags that other workshops have: whoever is registered for one of these can be chosen.
    pub tags: Vec<Tag>,
}

impl Review {
    /// Counts whom the draft could go to instead.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn offers(&self, caller: &Caller) -> Result<PeopleOffers, StoreError> {
        let (org, workshop) = (&caller.org, self.draft.workshop.id);
        let mut offers = PeopleOffers {
            attendance: org.attendance_report(workshop).await?,
            another_date: org.want_another_date(workshop).await?,
            tags: org.tags_of_others(workshop, TAGS_MAX).await?,
            ..PeopleOffers::default()
        };
        if self.draft.workshop.registrants > COUNTED_MAX {
            return Ok(offers);
        }
        if let Some(last) = &self.before.last {
            offers.told = Some(self.walk.told().await?);
            offers.since = Some(self.walk.count_of(Whom::Since(last.at)).await?);
        }
        offers.sources = org.audience_reader().sources(workshop, SOURCES_MAX).await?;
        if org.members_known(workshop).await? {
            offers.no_group = Some(self.walk.count_of(Whom::NoGroup).await?);
        }
        Ok(offers)
    }
}
