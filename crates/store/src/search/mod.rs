//! Searching for people. A search becomes the people it finds ([`Found`]); each list then shows their rows (registrations, messages, entries).
//!
//! Words are looked up in an index of each database: FTS5 on SQLite, GIN on PostgreSQL. Both hold the words that
//! `domain::search` made, and are asked for beginnings of them. One rule therefore holds on both, also for two letters
//! and for words of any script. Trigrams would need three letters (and on PostgreSQL an extension that managed servers
//! may refuse), would cut words after the locale of the server, and cost twice the space. Numbers need neither: their
//! beginnings are a range of the people's own key, their ends one of `search_entries`.
//!
//! What too many people have (`ku` in a million) is not gathered: a list then reads its own rows in order and judges
//! each by the same rule, which mostly finds a page's worth soon. Where it does not, recipients come in the order of
//! the index. The organisation is part of every key: a range of ids on SQLite, a part of each word on PostgreSQL.

mod behind;
mod blocks;
mod entries;
mod hidden;
mod numbers;

use domain::{
    ids::{RegistrantId, WorkshopId},
    phone::Country,
    search::{Query, Word, number_of_ending},
};
use uuid::Uuid;

pub(crate) use behind::BehindRow;
pub(crate) use blocks::Blocks;
pub use entries::Indexed;
pub(crate) use entries::{REGISTRATIONS, forget_registrants, index_again, renew};
pub(crate) use numbers::end_of;

use crate::{
    db::{Db, args},
    error::StoreError,
    org::Org,
};

/// People that are gathered at most before a list reads its own rows instead: some 15 ms on SQLite with the rows that are theirs.
pub(crate) const GATHERED_MAX: usize = 2_000;
/// Rows that a list reads and judges at once.
pub(crate) const STRETCH: i64 = 1_000;
/// An organisation's entries begin at its number times this.
const SCOPE: i64 = 1 << 40;

/// The expression that PostgreSQL's index holds: every word with the organisation before it, so that no search reads another one's.
macro_rules! lexemes {
    () => {
        "array_to_tsvector(string_to_array((n >> 40)::text || '.' || replace(words, ' ', ' ' || (n >> 40)::text || '.'), ' '))"
    };
}
pub(crate) use lexemes;

/// A search within one organisation.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) query: Query,
    /// Number of the organisation; none as long as nobody of it has an entry.
    scope: Option<i64>,
    /// People that are gathered at most.
    pub(crate) gathered_max: usize,
}

impl Search {
    /// One more than are gathered.
    pub(crate) fn limit(&self) -> i64 {
        i64::try_from(self.gathered_max).unwrap_or(i64::MAX - 1) + 1
    }
}

/// A person whom a search found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    /// The person with this number.
    Number(String),
    /// A registration without a number.
    Registrant(WorkshopId, RegistrantId),
}

/// The people whom a search found.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// All people who were found.
    Few(Vec<Who>),
    /// More people than a search gathers.
    Many,
}

/// An entry of the index.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Entry {
    pub(crate) n: i64,
    ending: String,
    workshop_id: Option<Uuid>,
    registrant_id: Option<Uuid>,
    words: String,
}

impl Entry {
    pub(crate) fn who(&self) -> Who {
        match (self.workshop_id, self.registrant_id) {
            (Some(workshop), Some(id)) => Who::Registrant(WorkshopId(workshop), RegistrantId(id)),
            _ => Who::Number(number_of_ending(&self.ending)),
        }
    }

    pub(crate) fn is_found_by(&self, query: &Query) -> bool {
        let phone = if self.ending.is_empty() { String::new() } else { number_of_ending(&self.ending) };
        query.finds(self.words.split(' '), &phone)
    }
}

impl Org {
    /// Reads a search text as this organisation writes numbers.
    pub(crate) async fn search(&self, text: &str) -> Result<Search, StoreError> {
        let (country, scope): (String, Option<i64>) = self.db.by_index().one(
                "SELECT o.country, s.no FROM organizations o LEFT JOIN search_scopes s ON s.organization_id = o.id
                 WHERE o.id = $1",
                args![self.id()],
            )
            .await?;
        let country = Country::parse(&country).unwrap_or(Country::INDIA);
        let query = Query::parse(text, country.calling_code());
        Ok(Search { query, scope, gathered_max: GATHERED_MAX })
    }

    /// Whom a search finds: in the whole organisation, or among those who can be in one workshop (and then also people who are not).
    pub(crate) async fn find(
        &self,
        search: &Search,
        within: Option<WorkshopId>,
    ) -> Result<Found, StoreError> {
        if search.query.is_hopeless() {
            return Ok(Found::Few(vec![]));
        }
        let Some(entries) = self.gather(search).await? else { return Ok(Found::Many) };
        let mut who: Vec<Who> = entries.iter().map(Entry::who).collect();
        let behind = self.behind(search, within, None, search.gathered_max + 1).await?;
        if behind.len() > search.gathered_max {
            return Ok(Found::Many);
        }
        who.extend(behind.iter().map(BehindRow::who));
        who.sort_unstable();
        who.dedup();
        Ok(Found::Few(who))
    }

    /// Every entry that a search finds; `None` when they are too many to gather.
    pub(crate) async fn gather(&self, search: &Search) -> Result<Option<Vec<Entry>>, StoreError> {
        let (numbers, words): (Vec<&Word>, Vec<&Word>) =
            search.query.words().iter().partition(|word| word.is_number());
        let mut entries = if words.is_empty() { None } else { self.any_entries(search, &words).await? };
        // The longest number is the rarest.
        let longest = numbers.iter().max_by_key(|word| word.text().len());
        if let (None, Some(number)) = (&entries, longest) {
            entries = self.entries_of_number(search, number).await?;
        }
        if let Some(entries) = &mut entries {
            entries.retain(|entry| entry.is_found_by(&search.query));
        }
        Ok(entries)
    }

    /// Entries with all of these words, in no order; `None` when they are too many to gather.
    async fn any_entries(&self, search: &Search, words: &[&Word]) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(scope) = search.scope else { return Ok(Some(vec![])) };
        let limit = search.limit();
        let entries = match &self.db {
            Db::Sqlite { .. } => {
                self.db.by_index().all(
                        "SELECT e.n, e.ending, e.workshop_id, e.registrant_id, e.words
                         FROM search_index CROSS JOIN search_entries e ON e.n = search_index.rowid
                         WHERE search_index MATCH $1 AND search_index.rowid >= $2 AND search_index.rowid < $3 LIMIT $4",
                        args![sqlite_words(words), scope * SCOPE, (scope + 1) * SCOPE, limit],
                    )
                    .await?
            }
            Db::Postgres { .. } => {
                let sql = concat!(
                    "SELECT n, ending, workshop_id, registrant_id, words FROM search_entries
                     WHERE ",
                    lexemes!(),
                    " @@ $1::tsquery LIMIT $2"
                );
                by_words(&self.db, sql, args![postgres_words(scope, words), limit]).await?
            }
        };
        Ok((entries.len() <= search.gathered_max).then_some(entries))
    }

    /// Whether the index of words is read in the order of its entries, so that the latest are found first. PostgreSQL's is not: it finds all and
    /// sorts them.
    pub(crate) fn reads_index_in_order(&self) -> bool {
        matches!(self.db, Db::Sqlite { .. })
    }

    /// Entries with all of these words, the latest first, before `before`.
    pub(crate) async fn latest_entries(
        &self,
        search: &Search,
        words: &[&Word],
        before: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let Some(scope) = search.scope else { return Ok(vec![]) };
        match &self.db {
            Db::Sqlite { .. } => {
                self.db
                    .by_index()
                    .all(
                        "SELECT e.n, e.ending, e.workshop_id, e.registrant_id, e.words
                         FROM search_index CROSS JOIN search_entries e ON e.n = search_index.rowid
                         WHERE search_index MATCH $1 AND search_index.rowid >= $2 AND search_index.rowid < $3
                         ORDER BY search_index.rowid DESC LIMIT $4",
                        args![sqlite_words(words), scope * SCOPE, before.min((scope + 1) * SCOPE), limit],
                    )
                    .await
            }
            Db::Postgres { .. } => {
                let sql = concat!(
                    "SELECT n, ending, workshop_id, registrant_id, words FROM search_entries
                     WHERE ",
                    lexemes!(),
                    " @@ $1::tsquery AND n + 0 < $2 ORDER BY n + 0 DESC LIMIT $3"
                );
                by_words(&self.db, sql, args![postgres_words(scope, words), before, limit]).await
            }
        }
    }

    /// The next entries of the organisation in order, the latest first, whoever they are.
    pub(crate) async fn entries_before(
        &self,
        search: &Search,
        before: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let Some(scope) = search.scope else { return Ok(vec![]) };
        self.db
            .by_index()
            .all(
                "SELECT n, ending, workshop_id, registrant_id, words FROM search_entries
                 WHERE n >= $1 AND n < $2 AND organization_id = $3 ORDER BY n DESC LIMIT $4",
                args![scope * SCOPE, before.min((scope + 1) * SCOPE), self.id(), STRETCH],
            )
            .await
    }
}

/// Asks PostgreSQL's index of words. As the owner of the tables: under row-level security a condition that is not leakproof serves no
/// index. The organisation stands in every word that is asked for; whatever is found is then read through the member's own handle. This index
/// has no plans but with bitmaps, which `by_index` forbids.
async fn by_words(db: &Db, sql: &'static str, args: Vec<crate::db::Arg>) -> Result<Vec<Entry>, StoreError> {
    let mut tx = db.as_owner().by_index().begin().await?;
    let _: Vec<(String,)> = tx
        .all(
            "SELECT set_config('enable_bitmapscan', 'on', TRUE) || set_config('enable_indexscan', 'off', TRUE)
                 || set_config('enable_indexonlyscan', 'off', TRUE)",
            args![],
        )
        .await?;
    tx.all(sql, args).await
}

/// Words as FTS5 is asked for them. They have neither quotes nor spaces in them.
fn sqlite_words(words: &[&Word]) -> String {
    let one = |word: &&Word| format!("(\"{}\"* OR \"{}\")", word.text(), word.host());
    words.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

/// Words as PostgreSQL is asked for them.
fn postgres_words(scope: i64, words: &[&Word]) -> String {
    let one = |word: &&Word| format!("('{scope}.{}':* | '{scope}.{}')", word.text(), word.host());
    words.iter().map(one).collect::<Vec<_>>().join(" & ")
}
