//! Entries of people who went with an undone import, until their rows are cleared.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::search::index_words;

use super::{REGISTRATIONS, Search};
use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

impl Org {
    /// Whether rows of an undone import are still to be cleared.
    pub(crate) async fn is_undoing(&self) -> Result<bool, StoreError> {
        let (is_undoing,): (bool,) = self
            .db
            .one("SELECT EXISTS (SELECT 1 FROM undoing WHERE organization_id = $1)", args![self.id()])
            .await?;
        Ok(is_undoing)
    }

    /// Those of these numbers that the search finds only by rows of an undone import. For lists whose own rows do not
    /// say whom they are about.
    pub(crate) async fn found_by_hidden(
        &self,
        search: &Search,
        phones: Vec<String>,
    ) -> Result<HashSet<String>, StoreError> {
        if phones.is_empty() || !self.is_undoing().await? {
            return Ok(HashSet::new());
        }
        let leads = "SELECT l.phone, l.name, l.email FROM @batch LEFT JOIN @leads l
                     ON l.organization_id = $1 AND l.phone = b.phone WHERE COALESCE(l.phone, '') <> ''";
        let mut words: HashMap<String, BTreeSet<String>> = HashMap::new();
        for sql in [leads, REGISTRATIONS] {
            let batch = Batch::new().texts("phone", phones.iter().cloned());
            let known: Vec<(String, String, String)> =
                self.db.by_index().all_batch(sql, args![self.id()], batch).await?;
            for (phone, name, email) in known {
                words.entry(phone).or_default().extend(index_words(&name, &email));
            }
        }
        let none = BTreeSet::new();
        let is_found = |phone: &String| {
            let words = words.get(phone).unwrap_or(&none);
            search.query.finds(words.iter().map(String::as_str), phone)
        };
        Ok(phones.into_iter().filter(|phone| !is_found(phone)).collect())
    }
}
