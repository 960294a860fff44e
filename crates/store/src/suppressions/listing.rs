//! Pages of opted-out people, those that hold and those that were lifted, and searching among them.
//!
//! A number is on the list whether or not anybody registered with it: it is found by itself. Names are those of the
//! people; whose number was erased has none, and is found by the whole number's keyed hash alone.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use domain::{
    channel::{Category, Channel},
    ids::SuppressionId,
    search::{Word, number_of_ending},
};
use uuid::Uuid;

use super::{Lifted, LiftedRow, Suppression, SuppressionFilter, SuppressionRow};
use crate::{
    db::{Arg, Batch, args},
    error::StoreError,
    org::Org,
    search::{Entry, Found, STRETCH, Search, Who, end_of},
};

/// Most people that are gathered before the list reads its own rows: 2,500 numbers took 150 ms on SQLite beside a
/// million people.
const GATHERED_MAX: usize = 300;

/// A page of a search looks at entries for so long; the next page goes on behind them. A word that many people have may
/// be borne by none of the many thousands who opted out: 500 entries took 100 ms on SQLite beside a million people, and a
/// page that looks for 15 ms takes 50 as a whole.
const LOOKS_FOR: Duration = Duration::from_millis(10);
/// Entries that are read first. What many people have mostly fills a page soon, and 64 entries take 13 ms.
const FIRST_STRETCH: i64 = 32;

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The entries of the page.
    pub rows: Vec<T>,
    /// The entry behind which the next page begins; `None` at the end of the list.
    pub next: Option<SuppressionId>,
}

/// The queries of one list.
struct List {
    /// Numbers between two.
    between: &'static str,
    /// Numbers with these last four digits.
    ending: &'static str,
    /// Entries of a batch of numbers.
    of_numbers: &'static str,
    /// Entries of a keyed hash.
    of_key: &'static str,
    /// Entries before one, in the list's order: place, id and number.
    before: &'static str,
}

macro_rules! list {
    ($table:literal, $place:literal, $behind:literal, $order:literal) => {
        List {
            between: concat!(
                "SELECT DISTINCT phone FROM ",
                $table,
                " WHERE organization_id = $1 AND phone <> '' AND phone >= $2 AND phone < $3 LIMIT $4"
            ),
            ending: concat!(
                "SELECT DISTINCT phone FROM ",
                $table,
                " WHERE organization_id = $1 AND phone <> '' AND substr(phone, length(phone) - 3) = $2 LIMIT $3"
            ),
            of_numbers: concat!(
                "SELECT s.id, s.phone FROM @batch LEFT JOIN ",
                $table,
                " s ON s.organization_id = $1 AND s.phone = b.phone AND s.phone <> '' WHERE COALESCE(s.phone, '') <> ''"
            ),
            of_key: concat!(
                "SELECT id, phone FROM ",
                $table,
                " WHERE organization_id = $1 AND phone_key = $2"
            ),
            before: concat!(
                "SELECT ",
                $place,
                ", s.id, s.phone FROM ",
                $table,
                " s WHERE s.organization_id = $1 AND ",
                $behind,
                " AND ($5 = '' OR s.channel IN ('all', $5)) AND ($6 = '' OR s.category IN ('all', $6)) ORDER BY ",
                $order,
                " LIMIT $4"
            ),
        }
    };
}

const STANDING: List = list!("suppressions", "CAST($2 AS BIGINT)", "s.id < $3", "s.id DESC");
const LIFTED: List = list!(
    "suppressions_lifted",
    "s.lifted_at",
    "(s.lifted_at, s.id) < ($2, $3)",
    "s.lifted_at DESC, s.id DESC"
);

/// Entries with what a list shows. What follows stands at the call.
macro_rules! select_entries {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT s.id, s.phone, s.channel, s.category, s.reason, s.source, s.created_by, s.created_at, ",
            $more,
            "COALESCE((SELECT l.name FROM @leads l WHERE l.organization_id = $1 AND l.phone = s.phone AND s.phone <> ''), '') AS name ",
            $rest
        )
    };
}

/// What was found of a list, to be read: everything, or these entries.
enum Sought {
    All,
    These {
        ids: Vec<Uuid>,
        /// The last entry that was looked at, where others behind it were not.
        looked_to: Option<Uuid>,
    },
}

/// The first rows of a page that was read with one more than it shows.
fn listed<T>(
    mut rows: Vec<T>,
    limit: i64,
    looked_to: Option<Uuid>,
    id: impl Fn(&T) -> SuppressionId,
) -> Listed<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = match has_more {
        true => rows.last().map(id),
        false => looked_to.map(SuppressionId),
    };
    Listed { rows, next }
}

impl SuppressionFilter {
    fn kinds(&self) -> [Arg; 2] {
        [self.channel.map_or("", Channel::word).into(), self.category.map_or("", Category::word).into()]
    }
}

impl Org {
    /// The newest entries that hold, `filter.limit` of them or all.
    pub async fn suppressions(&self, filter: &SuppressionFilter) -> Result<Vec<Suppression>, StoreError> {
        Ok(self.standing(filter, None).await?.0)
    }

    /// A page of the entries that hold, newest first. A search may find fewer than `filter.limit` and still go on behind
    /// them.
    pub async fn suppressions_page(
        &self,
        filter: &SuppressionFilter,
    ) -> Result<Listed<Suppression>, StoreError> {
        let one_more = SuppressionFilter { limit: filter.limit + 1, ..filter.clone() };
        let (rows, looked_to) = self.standing(&one_more, Some(LOOKS_FOR)).await?;
        Ok(listed(rows, filter.limit, looked_to, |entry| entry.id))
    }

    async fn standing(
        &self,
        filter: &SuppressionFilter,
        looks_for: Option<Duration>,
    ) -> Result<(Vec<Suppression>, Option<Uuid>), StoreError> {
        let before = filter.after.map_or(Uuid::max(), |id| id.0);
        let sought = self.sought(&STANDING, filter, (0, before), looks_for).await?;
        let mut end = None;
        let mut args = args![self.id(), before, filter.limit];
        args.extend(filter.kinds());
        let rows: Vec<SuppressionRow> = match sought {
            Sought::All => {
                self.db.by_index().all(
                        select_entries!(
                            "",
                            "FROM suppressions s WHERE s.organization_id = $1 AND s.id < $2
                               AND ($4 = '' OR s.channel IN ('all', $4)) AND ($5 = '' OR s.category IN ('all', $5))
                             ORDER BY s.id DESC LIMIT $3"
                        ),
                        args,
                    )
                    .await?
            }
            Sought::These { ids, looked_to } => {
                end = looked_to;
                self.db.by_index().all_batch(
                        select_entries!(
                            "",
                            "FROM @batch LEFT JOIN suppressions s ON s.id = b.id
                             AND s.organization_id = $1 AND s.id < $2
                               AND ($4 = '' OR s.channel IN ('all', $4)) AND ($5 = '' OR s.category IN ('all', $5))
                             WHERE COALESCE(s.phone_key, '') <> ''
                             ORDER BY s.id DESC LIMIT $3"
                        ),
                        args,
                        Batch::new().uuids("id", ids),
                    )
                    .await?
            }
        };
        Ok((rows.into_iter().map(Suppression::try_from).collect::<Result<_, _>>()?, end))
    }

    /// A page of the entries that were lifted, those lifted last first. See [`Org::suppressions_page`].
    pub async fn lifted_page(&self, filter: &SuppressionFilter) -> Result<Listed<Lifted>, StoreError> {
        let limit = filter.limit;
        let filter = &SuppressionFilter { limit: limit + 1, ..filter.clone() };
        let after: Option<(i64, Uuid)> = match filter.after {
            None => None,
            Some(id) => self
                .db
                .by_index()
                .optional(
                    "SELECT lifted_at, id FROM suppressions_lifted WHERE organization_id = $1 AND id = $2",
                    args![self.id(), id.0],
                )
                .await?,
        };
        let (at, id) = after.unwrap_or((i64::MAX, Uuid::max()));
        let sought = self.sought(&LIFTED, filter, (at, id), Some(LOOKS_FOR)).await?;
        let mut end = None;
        let mut args = args![self.id(), at, id, filter.limit];
        args.extend(filter.kinds());
        let rows: Vec<LiftedRow> = match sought {
            Sought::All => {
                self.db.by_index().all(
                        select_entries!(
                            "s.lifted_by, s.lift_reason, s.lifted_at, ",
                            "FROM suppressions_lifted s WHERE s.organization_id = $1 AND (s.lifted_at, s.id) < ($2, $3)
                               AND ($5 = '' OR s.channel IN ('all', $5)) AND ($6 = '' OR s.category IN ('all', $6))
                             ORDER BY s.lifted_at DESC, s.id DESC LIMIT $4"
                        ),
                        args,
                    )
                    .await?
            }
            Sought::These { ids, looked_to } => {
                end = looked_to;
                self.db.by_index().all_batch(
                        select_entries!(
                            "s.lifted_by, s.lift_reason, s.lifted_at, ",
                            "FROM @batch LEFT JOIN suppressions_lifted s ON s.id = b.id
                             AND s.organization_id = $1 AND (s.lifted_at, s.id) < ($2, $3)
                               AND ($5 = '' OR s.channel IN ('all', $5)) AND ($6 = '' OR s.category IN ('all', $6))
                             WHERE COALESCE(s.phone_key, '') <> ''
                             ORDER BY s.lifted_at DESC, s.id DESC LIMIT $4"
                        ),
                        args,
                        Batch::new().uuids("id", ids),
                    )
                    .await?
            }
        };
        let rows = rows.into_iter().map(Lifted::try_from).collect::<Result<_, _>>()?;
        Ok(listed(rows, limit, end, |lifted: &Lifted| lifted.entry.id))
    }

    async fn sought(
        &self,
        list: &List,
        filter: &SuppressionFilter,
        before: (i64, Uuid),
        looks_for: Option<Duration>,
    ) -> Result<Sought, StoreError> {
        if filter.search.trim().is_empty() {
            return Ok(Sought::All);
        }
        let mut search = self.search(&filter.search).await?;
        search.gathered_max = GATHERED_MAX;
        let mut looked_to = None;
        let mut ids = match self.opted_out_numbers(list, &search).await? {
            Some(phones) => {
                let batch = Batch::new().texts("phone", phones);
                let found: Vec<(Uuid, String)> =
                    self.db.by_index().all_batch(list.of_numbers, args![self.id()], batch).await?;
                let phones = found.iter().map(|(_, phone)| phone.clone()).collect();
                let hidden = self.found_by_hidden(&search, phones).await?;
                found.into_iter().filter(|(_, phone)| !hidden.contains(phone)).map(|(id, _)| id).collect()
            }
            None => {
                let (ids, to) = self.entries_judged(list, &search, filter, before, looks_for).await?;
                looked_to = to;
                ids
            }
        };
        if let Some(key) = &filter.phone_key {
            let found: Vec<(Uuid, String)> =
                self.db.by_index().all(list.of_key, args![self.id(), key]).await?;
            ids.extend(found.into_iter().map(|(id, _)| id));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(Sought::These { ids, looked_to })
    }

    /// Numbers that the search finds, be it by whoever has them or by themselves; `None` when they are too many to gather.
    async fn opted_out_numbers(
        &self,
        list: &List,
        search: &Search,
    ) -> Result<Option<HashSet<String>>, StoreError> {
        let Found::Few(who) = self.find(search, None).await? else { return Ok(None) };
        let mut phones: HashSet<String> = HashSet::new();
        for who in who {
            match who {
                Who::Number(phone) => phones.insert(phone),
                Who::Registrant(..) => false,
            };
        }
        let [word] = search.query.words() else { return Ok(Some(phones)) };
        let limit = search.limit();
        let mut found: Vec<(String,)> = vec![];
        for beginning in search.query.beginnings(word) {
            let args = args![self.id(), &beginning, end_of(&beginning), limit];
            found.extend(self.db.all::<(String,)>(list.between, args).await?);
        }
        if let Some(ending) = search.query.ending(word) {
            let last_four: String = ending.chars().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            // As the owner: under row-level security no index serves a function that is not leakproof.
            let owner = self.db.as_owner().by_index();
            let ends: Vec<(String,)> = owner.all(list.ending, args![self.id(), last_four, limit]).await?;
            let digits = number_of_ending(&ending);
            found.extend(ends.into_iter().filter(|(phone,)| phone.ends_with(digits.trim_start_matches('+'))));
        }
        phones.extend(found.into_iter().map(|(phone,)| phone));
        Ok((phones.len() <= search.gathered_max).then_some(phones))
    }

    /// Reads the list in order and keeps those that the search finds, until a page is full or `looks_for` is over; then also says which
    /// entry was looked at last.
    async fn entries_judged(
        &self,
        list: &List,
        search: &Search,
        filter: &SuppressionFilter,
        before: (i64, Uuid),
        looks_for: Option<Duration>,
    ) -> Result<(Vec<Uuid>, Option<Uuid>), StoreError> {
        let limit = usize::try_from(filter.limit).unwrap_or(0);
        // Text that is no number is only looked for in the words.
        let letters = search.query.words().iter().filter(|word| !word.is_number()).map(Word::text);
        let letters = letters.max_by_key(|letters| letters.len()).unwrap_or_default();
        let (mut found, mut next) = (vec![], Some(before));
        let (mut stretch, start) = (FIRST_STRETCH, Instant::now());
        while let Some((at, id)) = next.filter(|_| found.len() < limit) {
            if next != Some(before) && looks_for.is_some_and(|time| start.elapsed() >= time) {
                return Ok((found, Some(id)));
            }
            let mut args = args![self.id(), at, id, stretch];
            args.extend(filter.kinds());
            let rows: Vec<(i64, Uuid, String)> = self.db.by_index().all(list.before, args).await?;
            let is_last = i64::try_from(rows.len()).unwrap_or(0) < stretch;
            if looks_for.is_none() {
                stretch = STRETCH.min(2 * stretch);
            }
            next = rows.last().map(|(at, id, _)| (*at, *id)).filter(|_| !is_last);
            let phones: Vec<_> =
                rows.iter().map(|row| row.2.clone()).filter(|phone| !phone.is_empty()).collect();
            let behind = self.behind_of(phones.clone()).await?;
            let behind: HashSet<String> = behind
                .into_iter()
                .filter(|row| row.is_found_by(&search.query))
                .map(|row| row.phone)
                .collect();
            let by_number = |phone: &str| search.query.finds(std::iter::empty(), phone);
            let others: Vec<&str> =
                phones.iter().map(String::as_str).filter(|phone| !by_number(phone)).collect();
            let entries = self.entries_with(&others, letters).await?;
            let by_words: HashSet<Who> =
                entries.iter().filter(|entry| entry.is_found_by(&search.query)).map(Entry::who).collect();
            let fits = |phone: &String| {
                by_number(phone) || behind.contains(phone) || by_words.contains(&Who::Number(phone.clone()))
            };
            let fit: Vec<_> = rows.iter().filter(|(_, _, phone)| !phone.is_empty() && fits(phone)).collect();
            let hidden =
                self.found_by_hidden(search, fit.iter().map(|(_, _, phone)| phone.clone()).collect()).await?;
            found.extend(fit.iter().filter(|(_, _, phone)| !hidden.contains(phone)).map(|(_, id, _)| *id));
        }
        Ok((found, None))
    }
}
