//! Finding people: pages of them, the latest first.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{
    ids::{LeadId, RegistrantId, WorkshopId},
    search::{Word, index_words},
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
    search::{self, Entry, Search, Who},
};

/// Stretches of the latest entries that are judged before the index has to put all that it finds in order.
const STRETCHES_MAX: usize = 20;

/// People of an undone import that one page passes over. A page that meets more ends where it stands and says where the
/// next one begins: the people of a large import that was taken back are gone at once, and no page reads through all of
/// them. They come in one reading: the index finds whoever has a common beginning of a word anew for each, 300 ms in a
/// million, and eleven readings of a thousand took 3.5 s.
const PASSED_OVER: usize = 10_000;
/// Of these, so many are looked at together.
const LOOKED_AT_ONCE: usize = 1_000;

/// A person as a search finds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPerson {
    /// The person; `None` for a registration without a number.
    pub lead: Option<LeadId>,
    /// The name; where a person gave several, the one that was searched for. May be empty.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Number in E.164 form; empty without one.
    pub phone: String,
    /// The only registration, for a person without a number: its workshop, its id and the workshop's title.
    pub registration: Option<(WorkshopId, RegistrantId, String)>,
}

/// A page of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// The people of this page, in the order of the list.
    pub found: Vec<FoundPerson>,
    /// Behind whom the next page begins; none on the last one. A page may hold fewer people than were asked for and
    /// still not be the last: it passed over many who went with an undone import.
    pub next: Option<String>,
}

/// The place behind which the next page of people begins. Registrations without an entry come first, then entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Without a search, the last lead of the page.
    Lead(Uuid),
    /// The last registration of the page, which has no entry yet.
    Behind(Uuid),
    /// The last entry of the page.
    Entry(i64),
}

impl Place {
    fn read(text: &str) -> Option<Place> {
        match text.split_at_checked(1)? {
            ("l", id) => id.parse().ok().map(Place::Lead),
            ("r", id) => id.parse().ok().map(Place::Behind),
            ("n", n) => n.parse().ok().map(Place::Entry),
            _ => None,
        }
    }

    fn text(self) -> String {
        match self {
            Place::Lead(id) => format!("l{id}"),
            Place::Behind(id) => format!("r{id}"),
            Place::Entry(n) => format!("n{n}"),
        }
    }
}

#[derive(sqlx::FromRow)]
struct LeadRow {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
}

impl From<LeadRow> for FoundPerson {
    fn from(row: LeadRow) -> FoundPerson {
        let lead = Some(LeadId(row.id));
        FoundPerson { lead, name: row.name, email: row.email, phone: row.phone, registration: None }
    }
}

#[derive(sqlx::FromRow)]
struct NumberlessRow {
    id: Uuid,
    workshop_id: Uuid,
    title: String,
    name: String,
    email: String,
}

impl From<NumberlessRow> for FoundPerson {
    fn from(row: NumberlessRow) -> FoundPerson {
        FoundPerson {
            lead: None,
            name: row.name,
            email: row.email,
            phone: String::new(),
            registration: Some((WorkshopId(row.workshop_id), RegistrantId(row.id), row.title)),
        }
    }
}

impl Org {
    /// A page of people by words of their names, addresses and numbers in any order (`domain::search`); without a text
    /// the newest. `after` is the `next` of the page before; any other text begins at the start.
    pub async fn find_people(
        &self,
        text: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<People, StoreError> {
        let search = self.search(text).await?;
        let after = after.and_then(Place::read);
        if search.query.is_hopeless() {
            return Ok(People::default());
        }
        if search.query.is_blank() {
            let after = match after {
                Some(Place::Lead(id)) => id,
                Some(Place::Behind(_) | Place::Entry(_)) | None => Uuid::max(),
            };
            return self.newest_people(after, limit).await;
        }
        let mut ask = if self.is_undoing().await? { PASSED_OVER } else { limit + 1 };
        let (mut shown, mut after) = (vec![], after);
        let cut_off = loop {
            let places = self.places(&search, after, ask).await?;
            let is_last = places.len() < ask;
            after = places.last().map(|(place, _)| *place);
            self.show(&search, &places, limit, &mut shown).await?;
            if is_last || shown.len() > limit {
                break None;
            }
            if ask == PASSED_OVER {
                break after.map(Place::text);
            }
            ask = PASSED_OVER;
        };
        let has_more = shown.len() > limit;
        shown.truncate(limit);
        let next = shown.last().filter(|_| has_more).map(|(place, _)| place.text()).or(cut_off);
        Ok(People { found: shown.into_iter().map(|(_, person)| person).collect(), next })
    }

    /// Adds those of these people whom readers see, until there are more than `limit`.
    async fn show(
        &self,
        search: &Search,
        places: &[(Place, Who)],
        limit: usize,
        shown: &mut Vec<(Place, FoundPerson)>,
    ) -> Result<(), StoreError> {
        let (first, rest) = places.split_at(places.len().min(limit + 1));
        for some in std::iter::once(first).chain(rest.chunks(LOOKED_AT_ONCE)) {
            let people = self.people(search, some.iter().map(|(_, who)| who.clone())).await?;
            let seen = some.iter().zip(people).filter_map(|((place, _), person)| Some((*place, person?)));
            shown.extend(seen);
            if shown.len() > limit {
                break;
            }
        }
        Ok(())
    }

    /// The next places of people whom the search finds behind one, `ask` of them or all.
    async fn places(
        &self,
        search: &Search,
        after: Option<Place>,
        ask: usize,
    ) -> Result<Vec<(Place, Who)>, StoreError> {
        let mut places = self.places_behind(search, after, ask.saturating_sub(1)).await?;
        if places.len() < ask {
            let before = match after {
                Some(Place::Entry(n)) => n,
                Some(Place::Lead(_) | Place::Behind(_)) | None => i64::MAX,
            };
            let entries = self.entries(search, before, ask - places.len()).await?;
            places.extend(entries.into_iter().map(|entry| (Place::Entry(entry.n), entry.who())));
        }
        places.truncate(ask);
        Ok(places)
    }

    async fn newest_people(&self, before: Uuid, limit: usize) -> Result<People, StoreError> {
        let passed_over = i64::try_from(PASSED_OVER).unwrap_or(i64::MAX);
        let end: Option<(Uuid,)> = match self.is_undoing().await? {
            false => None,
            // All rows: those of an undone import are passed over, up to here.
            true => {
                self.db
                    .by_index()
                    .optional(
                        "SELECT l.id FROM leads l WHERE l.organization_id = $1 AND l.id < $2
                         ORDER BY l.id DESC LIMIT 1 OFFSET $3",
                        args![self.id(), before, passed_over],
                    )
                    .await?
            }
        };
        let after = end.map_or(Uuid::nil(), |(id,)| id);
        let mut rows: Vec<LeadRow> = self.db.by_index().all(
                "SELECT l.id, l.name, l.email, l.phone FROM @leads l WHERE l.organization_id = $1 AND l.id < $2 AND l.id > $4
                 ORDER BY l.id DESC LIMIT $3",
                args![self.id(), before, i64::try_from(limit + 1).unwrap_or(i64::MAX), after],
            )
            .await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let cut_off = end.map(|(id,)| Place::Lead(Uuid::from_u128(id.as_u128().saturating_add(1))).text());
        let next = rows.last().filter(|_| has_more).map(|row| Place::Lead(row.id).text()).or(cut_off);
        Ok(People { found: rows.into_iter().map(FoundPerson::from).collect(), next })
    }

    /// Places of people whom the search finds by a registration without an entry; more than `limit` of them, or all.
    async fn places_behind(
        &self,
        search: &Search,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Who)>, StoreError> {
        let mut before = match after {
            Some(Place::Entry(_)) => return Ok(vec![]),
            Some(Place::Behind(id)) => Some(id),
            Some(Place::Lead(_)) | None => None,
        };
        let mut places = vec![];
        loop {
            let rows = self.behind(search, None, before, limit + 1).await?;
            let may_be_more = rows.len() > limit;
            before = rows.last().map(|row| row.id);
            places.extend(self.without_entry(search, rows).await?);
            if !may_be_more || places.len() > limit {
                return Ok(places);
            }
        }
    }

    /// People among these registrations whom the index does not find, each once and at their latest registration.
    async fn without_entry(
        &self,
        search: &Search,
        rows: Vec<search::BehindRow>,
    ) -> Result<Vec<(Place, Who)>, StoreError> {
        let phones: Vec<_> =
            rows.iter().map(|row| row.phone.clone()).filter(|phone| !phone.is_empty()).collect();
        let entries = self.entries_of(phones.clone()).await?;
        let by_entry: HashSet<Who> =
            entries.iter().filter(|entry| entry.is_found_by(&search.query)).map(Entry::who).collect();
        let mut latest: HashMap<Who, Uuid> = HashMap::new();
        let all = self.behind_of(phones).await?;
        for row in all.iter().filter(|row| row.is_found_by(&search.query)) {
            let id = latest.entry(row.who()).or_insert(row.id);
            *id = row.id.max(*id);
        }
        let is_latest = |id: Uuid, who: &Who| latest.get(who).is_none_or(|latest| *latest == id);
        let places = rows.into_iter().map(|row| (row.id, row.who()));
        let places = places.filter(|(id, who)| !by_entry.contains(who) && is_latest(*id, who));
        Ok(places.map(|(id, who)| (Place::Behind(id), who)).collect())
    }

    /// Entries that the search finds before `before`, the latest first.
    pub(crate) async fn entries(
        &self,
        search: &Search,
        before: i64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let words: Vec<&Word> = search.query.words().iter().collect();
        let has_number = words.iter().any(|word| word.is_number());
        let rows = i64::try_from(limit).unwrap_or(i64::MAX);
        if !has_number && self.reads_index_in_order() {
            return self.latest_entries(search, &words, before, rows).await;
        }
        if let Some(mut entries) = self.gather(search).await? {
            entries.retain(|entry| entry.n < before);
            entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.n));
            entries.truncate(limit);
            return Ok(entries);
        }
        let (mut found, mut next, mut stretches) = (vec![], Some(before), 0);
        while let Some(before) = next.filter(|_| found.len() < limit) {
            if stretches == STRETCHES_MAX && !has_number {
                // Many have the words, and none of the latest: as seldom as it takes long.
                found.extend(self.latest_entries(search, &words, before, rows).await?);
                break;
            }
            let entries = self.entries_before(search, before).await?;
            next = entries.last().map(|entry| entry.n);
            found.extend(entries.into_iter().filter(|entry| entry.is_found_by(&search.query)));
            stretches += 1;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// These people as screens show them, in this order; `None` for those who went with an undone import.
    async fn people(
        &self,
        search: &Search,
        who: impl Iterator<Item = Who>,
    ) -> Result<Vec<Option<FoundPerson>>, StoreError> {
        let who: Vec<Who> = who.collect();
        let phones = who.iter().filter_map(|who| match who {
            Who::Number(phone) => Some(phone.clone()),
            Who::Registrant(..) => None,
        });
        let ids = |who: &Who| match who {
            Who::Number(_) => None,
            Who::Registrant(workshop, id) => Some((workshop.0, id.0)),
        };
        let leads: Vec<LeadRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT l.id, l.name, l.email, l.phone FROM @batch LEFT JOIN @leads l
                 ON l.organization_id = $1 AND l.phone = b.phone WHERE COALESCE(l.phone, '') <> ''",
                args![self.id()],
                Batch::new().texts("phone", phones),
            )
            .await?;
        let numberless: Vec<NumberlessRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT r.id, r.workshop_id, w.title, r.name, r.email FROM @batch
                 LEFT JOIN @registrants r ON r.workshop_id = b.workshop_id AND r.id = b.id
                 LEFT JOIN workshops w ON w.id = r.workshop_id AND w.organization_id = $1 WHERE COALESCE(w.title, '') <> ''",
                args![self.id()],
                Batch::new()
                    .uuids("workshop_id", who.iter().filter_map(ids).map(|(workshop, _)| workshop))
                    .uuids("id", who.iter().filter_map(ids).map(|(_, id)| id)),
            )
            .await?;
        let mut known: HashMap<Who, FoundPerson> = HashMap::new();
        for row in leads {
            known.insert(Who::Number(row.phone.clone()), row.into());
        }
        for row in numberless {
            known.insert(Who::Registrant(WorkshopId(row.workshop_id), RegistrantId(row.id)), row.into());
        }
        self.as_searched(search, &mut known).await?;
        Ok(who.iter().map(|who| known.remove(who)).collect())
    }

    /// Families share a number: whoever was found by another name than the one a number is known by is shown by that.
    async fn as_searched(
        &self,
        search: &Search,
        known: &mut HashMap<Who, FoundPerson>,
    ) -> Result<(), StoreError> {
        let fits = |name: &str, email: &str, phone: &str| search.query.finds_person(name, email, phone);
        let others: Vec<String> = known
            .values()
            .filter(|person| !person.phone.is_empty() && !fits(&person.name, &person.email, &person.phone))
            .map(|person| person.phone.clone())
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let registrations: Vec<(String, String, String)> = self
            .db
            .by_index()
            .all_batch(search::REGISTRATIONS, args![self.id()], Batch::new().texts("phone", others))
            .await?;
        // The words by which a person is found may be in several registrations, or may have gone with an undone import.
        let mut words: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (phone, name, email) in registrations {
            words.entry(phone.clone()).or_default().extend(index_words(&name, &email));
            if fits(&name, &email, &phone)
                && let Some(person) = known.get_mut(&Who::Number(phone))
            {
                (person.name, person.email) = (name, email);
            }
        }
        known.retain(|_, person| {
            let mut all = index_words(&person.name, &person.email);
            all.extend(words.remove(&person.phone).unwrap_or_default());
            search.query.finds(all.iter().map(String::as_str), &person.phone)
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [Place::Lead(Uuid::max()), Place::Behind(Uuid::nil()), Place::Entry(1 << 41)] {
            assert_eq!(Place::read(&place.text()), Some(place));
        }
        for text in ["", "n", "nx", "é", "r1", "q1"] {
            assert_eq!(Place::read(text), None);
        }
    }
}
