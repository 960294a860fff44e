//! The one walk over an audience. Planner, review, preview and cost all read people here, and the same rules decide
//! about each.

use std::collections::HashSet;

use domain::{
    audience::{AudienceSummary, Candidate, Decision, OnePerNumber, Rules, Tally, decide},
    broadcast::Audience as Whom,
    ids::RegistrantId,
    told::{Purpose, Told},
};
use store::{
    Org, PhoneKey, StoreError,
    audience::{AudienceCursor, AudienceReader, Registered},
    told::Selection,
};

/// People read at once for a review.
const STRETCH: i64 = 2_000;

/// A person of the audience, and the decision about them.
#[derive(Clone, Debug)]
pub struct DecidedPerson {
    /// The registration that was decided about.
    pub person: Registered,
    /// Whether the person gets the message, and why not.
    pub decision: Decision,
}

/// The audience of one message: whose people, and the rules that decide about each.
#[derive(Clone, Debug)]
pub struct Audience {
    reader: AudienceReader,
    key: PhoneKey,
    selection: Selection,
    rules: Rules,
    /// Whether anybody of the organisation opted out of anything.
    suppresses: bool,
}

/// The links that are one person's alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLinks {
    /// Where they stop such messages.
    pub opt_out: String,
    /// Their short link to the workshop.
    pub join: String,
}

impl OwnLinks {
    /// Those of a preview or a test, which the rules carry.
    pub(crate) fn sample(rules: &Rules) -> OwnLinks {
        let event = rules.event();
        OwnLinks { opt_out: event.opt_out_link.clone(), join: event.own_join_link.clone() }
    }
}

/// The opt-outs and consents of a stretch's people, by the keys of their numbers.
struct Wishes {
    suppressed: HashSet<String>,
    /// Who agreed; `None` when nobody needs to.
    consenting: Option<HashSet<String>>,
}

impl Audience {
    /// The people of a selection, held against these rules.
    pub async fn of(
        reader: AudienceReader,
        key: PhoneKey,
        selection: Selection,
        rules: Rules,
    ) -> Result<Audience, StoreError> {
        let suppresses = reader.suppresses().await?;
        Ok(Audience { reader, key, selection, rules, suppresses })
    }

    /// Whom it is for.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// How many of these people were told the same before, or are being told it. People who are chosen because a
    /// message did not reach them are told again on purpose, and do not count. Of the people of one broadcast, those
    /// count whom *another* broadcast told the same.
    pub async fn told_among(&self) -> Result<i64, StoreError> {
        match &self.selection.audience {
            Whom::Failed | Whom::NoReceipt { .. } | Whom::NotRead => Ok(0),
            Whom::Of { broadcast, .. } => {
                let beside = Selection { own: *broadcast, ..self.selection.clone() };
                self.reader.told_among(&beside).await
            }
            _ => self.reader.told_among(&self.selection).await,
        }
    }

    /// How many of these people were told something else, or are being told it.
    pub async fn told_of(&self, purpose: Purpose) -> Result<i64, StoreError> {
        // That another purpose did not reach people is no reason to tell them this one.
        let own = match &self.selection.audience {
            Whom::Of { broadcast, .. } => *broadcast,
            _ => self.selection.own,
        };
        // Not having been told is a matter of the purpose: for another purpose everybody is asked about.
        let audience = match &self.selection.audience {
            Whom::NotTold => Whom::Registered,
            audience => audience.clone(),
        };
        self.reader.told_among(&Selection { own, purpose, audience, ..self.selection.clone() }).await
    }

    /// How many people another audience of the same workshop and purpose would hold.
    pub async fn count_of(&self, audience: Whom) -> Result<i64, StoreError> {
        self.reader.count(&self.selection.of(audience)).await
    }

    /// The people of the workshop by what they were told.
    pub async fn told(&self) -> Result<Told, StoreError> {
        self.reader.told(&self.selection).await
    }

    /// What everybody is held against.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The next `limit` people after a place, each decided about, in the order of the plan. `links` makes the links of
    /// the person at that place of the stretch; it is asked only when the message wants links.
    pub async fn stretch(
        &mut self,
        after: &AudienceCursor,
        limit: i64,
        each: &mut OnePerNumber,
        links: impl Fn(usize, RegistrantId) -> OwnLinks,
    ) -> Result<Vec<DecidedPerson>, StoreError> {
        let people = self.reader.selected(&self.selection, after, limit).await?;
        let wishes = self.wishes(&people).await?;
        let decide = |(at, person): (usize, Registered)| {
            let repeats = each.repeats(&person.phone, person.duplicate);
            let whose = person.registrant();
            self.decide_each(person, repeats, &wishes, || links(at, whose))
        };
        Ok(people.into_iter().enumerate().map(decide).collect())
    }

    /// The newest `limit` people, each decided about, newest first: for a preview.
    pub async fn newest(&mut self, limit: i64, links: &OwnLinks) -> Result<Vec<DecidedPerson>, StoreError> {
        let people = match self.selection.is_everyone() {
            true => self.reader.newest(self.selection.workshop, limit).await?,
            // A few of them, in the order of the plan: the newest are not known without looking at all.
            false => self.reader.selected(&self.selection, &AudienceCursor::default(), limit).await?,
        };
        let wishes = self.wishes(&people).await?;
        let decide = |person: Registered| {
            let repeats = person.duplicate;
            self.decide_each(person, repeats, &wishes, || links.clone())
        };
        Ok(people.into_iter().map(decide).collect())
    }

    /// What decisions about everybody add up to, or about the first `most` of them.
    pub async fn tally(&mut self, most: Option<i64>, links: &OwnLinks) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        let (mut after, mut each) = (AudienceCursor::default(), OnePerNumber::default());
        loop {
            let people = self.stretch(&after, STRETCH, &mut each, |_, _| links.clone()).await?;
            for DecidedPerson { person, decision } in &people {
                tally.take(&candidate(person, false), decision, &self.rules);
            }
            tally.whole = i64::try_from(people.len()).is_ok_and(|read| read < STRETCH);
            match people.last() {
                Some(last) if !tally.whole && most.is_none_or(|most| tally.looked_at < most) => {
                    after = last.person.place();
                }
                Some(_) | None => return Ok(tally),
            }
        }
    }

    /// Everybody as counters have them, and what was seen of the first people where counters do not tell all. A walk
    /// that came to its end knows better than any counter.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn count(
        &mut self,
        org: &Org,
        most: Option<i64>,
        links: &OwnLinks,
    ) -> Result<(AudienceSummary, Option<Tally>), StoreError> {
        let (channel, category) = (self.rules.message().channel(), self.rules.message().category());
        if !self.selection.is_everyone() {
            // No counter knows them: everybody is looked at.
            let tally = self.tally(None, links).await?;
            return Ok((tally.summary(), Some(tally)));
        }
        let workshop = self.selection.workshop;
        if self.rules.counters_suffice() && !self.reader.is_beyond_counting(workshop).await? {
            let counted = org.audience(workshop, channel, category).await?;
            return Ok((counted.from_counters(&self.rules), None));
        }
        let tally = self.tally(most, links).await?;
        if tally.whole {
            return Ok((tally.summary(), Some(tally)));
        }
        let counted = org.audience(workshop, channel, category).await?;
        Ok((counted.corrected_by(&tally, &self.rules), Some(tally)))
    }

    async fn wishes(&self, people: &[Registered]) -> Result<Wishes, StoreError> {
        let mut wishes = Wishes { suppressed: HashSet::new(), consenting: None };
        let promotes = self.rules.wants_consent();
        if !self.suppresses && !promotes {
            return Ok(wishes);
        }
        let (channel, category) = (self.rules.message().channel(), self.rules.message().category());
        let numbers = people.iter().filter(|person| !person.phone.is_empty());
        let keys: Vec<String> = numbers.map(|person| self.key.of(&person.phone)).collect();
        if promotes {
            wishes.consenting = Some(self.reader.consenting(channel, category, keys.clone()).await?);
        }
        if self.suppresses {
            wishes.suppressed = self.reader.suppressed(channel, category, keys).await?;
        }
        Ok(wishes)
    }

    fn decide_each(
        &mut self,
        person: Registered,
        repeats: bool,
        wishes: &Wishes,
        links: impl Fn() -> OwnLinks,
    ) -> DecidedPerson {
        let wants = self.rules.wants_link() || self.rules.wants_join_link();
        let links = if wants { links() } else { OwnLinks::default() };
        let mut candidate = candidate(&person, repeats);
        candidate.opt_out_link = &links.opt_out;
        candidate.own_join_link = &links.join;
        if !person.phone.is_empty() && (!wishes.suppressed.is_empty() || wishes.consenting.is_some()) {
            let key = self.key.of(&person.phone);
            candidate.suppressed = wishes.suppressed.contains(&key);
            candidate.agreed = wishes.consenting.as_ref().is_some_and(|agreed| agreed.contains(&key));
        }
        let decision = decide(&candidate, &mut self.rules);
        DecidedPerson { person, decision }
    }
}

fn candidate(person: &Registered, repeats: bool) -> Candidate<'_> {
    Candidate {
        name: &person.name,
        email: &person.email,
        phone: &person.phone,
        phone_typed: &person.phone_typed,
        repeats,
        ..Candidate::default()
    }
}
