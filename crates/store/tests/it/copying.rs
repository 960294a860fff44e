//! What is copied for a rehearsal.

use std::collections::BTreeSet;

/// A new table has to say here what a rehearsal does with it.
#[test]
fn every_table_of_an_organisation_is_copied_or_left_out_on_purpose() {
    let known: BTreeSet<&str> = store::copying::known_tables().collect();
    let all: BTreeSet<&str> = store::copying::all_tables().collect();
    assert!(all.len() > 50, "needs tables");
    assert_eq!(
        all.difference(&known).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "neither copied nor left out"
    );
    assert_eq!(known.difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new(), "there is no such table");
}
