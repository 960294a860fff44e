//! Numbers: found by their beginning in the people's own key, and by their end in `search_entries`.

use domain::search::{Word, ending};

use super::{Entry, Search};
use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

/// Longer than any number.
const DIGITS: usize = 20;

/// The first text behind all that begin with these digits, which may have `+` before them. Only digits are compared: their order is the
/// same in every collation, which that of other characters is not.
pub(crate) fn end_of(beginning: &str) -> String {
    let kept = beginning.trim_end_matches('9');
    match kept.chars().last().and_then(|last| last.to_digit(10)) {
        Some(last) => format!("{}{}", &kept[..kept.len() - 1], last + 1),
        None => format!("{kept}{}", "9".repeat(DIGITS)),
    }
}

impl Org {
    /// Entries whose number, or one of whose words, this number finds; `None` when they are too many to gather. They may have other entries
    /// among them: the caller judges.
    pub(super) async fn entries_of_number(
        &self,
        search: &Search,
        word: &Word,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(mut entries) = self.any_entries(search, &[word]).await? else { return Ok(None) };
        let limit = search.limit();
        let mut phones: Vec<String> = vec![];
        for beginning in search.query.beginnings(word) {
            let found: Vec<(String,)> = self.db.by_index().all(
                    "SELECT l.phone FROM @leads l WHERE l.organization_id = $1 AND l.phone >= $2 AND l.phone < $3
                     ORDER BY l.phone LIMIT $4",
                    args![self.id(), &beginning, end_of(&beginning), limit],
                )
                .await?;
            phones.extend(found.into_iter().map(|(phone,)| phone));
        }
        if phones.len() > search.gathered_max {
            return Ok(None);
        }
        entries.extend(self.entries_of(phones).await?);
        if let Some(last) = search.query.ending(word) {
            let found: Vec<Entry> = self.db.by_index().all(
                    "SELECT n, ending, workshop_id, registrant_id, words FROM search_entries
                     WHERE organization_id = $1 AND ending <> '' AND ending >= $2 AND ending < $3 ORDER BY ending LIMIT $4",
                    args![self.id(), &last, end_of(&last), limit],
                )
                .await?;
            entries.extend(found);
        }
        entries.sort_unstable_by_key(|entry| entry.n);
        entries.dedup_by_key(|entry| entry.n);
        Ok((entries.len() <= search.gathered_max).then_some(entries))
    }

    /// The entries of these numbers whose words hold these letters, which may be none: of a thousand entries few need cross to the program.
    pub(crate) async fn entries_with(
        &self,
        phones: &[&str],
        letters: &str,
    ) -> Result<Vec<Entry>, StoreError> {
        self.db.by_index().all_batch(
                "SELECT e.n, e.ending, e.workshop_id, e.registrant_id, e.words FROM @batch LEFT JOIN search_entries e
                 ON e.organization_id = $1 AND e.ending = b.ending AND e.ending <> ''
                 WHERE COALESCE(e.ending, '') <> '' AND e.words LIKE $2",
                args![self.id(), format!("%{letters}%")],
                Batch::new().texts("ending", phones.iter().map(|phone| ending(phone))),
            )
            .await
    }

    /// The entries of these numbers, as far as they have one.
    pub(crate) async fn entries_of(&self, phones: Vec<String>) -> Result<Vec<Entry>, StoreError> {
        self.db.by_index().all_batch(
                "SELECT e.n, e.ending, e.workshop_id, e.registrant_id, e.words FROM @batch LEFT JOIN search_entries e
                 ON e.organization_id = $1 AND e.ending = b.ending AND e.ending <> '' WHERE COALESCE(e.ending, '') <> ''",
                args![self.id()],
                Batch::new().texts("ending", phones.iter().map(|phone| ending(phone))),
            )
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ends_where_the_next_one_begins() {
        for (beginning, end) in
            [("+9190", "+9191"), ("+9199", "+92"), ("10000", "10001"), ("+99", "+99999999999999999999")]
        {
            assert_eq!(end_of(beginning), end);
        }
    }
}
