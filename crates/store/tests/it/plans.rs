//! Rules for statements, so that both databases take the intended index whatever their statistics say.

use std::path::Path;

use crate::on_both::World;

/// Every string of the store's source, with the file it stands in.
fn strings(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            strings(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let (mut text, mut inside, mut escaped) = (String::new(), false, false);
            for c in source.chars() {
                match (inside, escaped, c) {
                    (true, false, '\\') => escaped = true,
                    (true, false, '"') => {
                        found.push((path.display().to_string(), std::mem::take(&mut text)));
                        inside = false;
                    }
                    (false, _, '"') => inside = true,
                    (true, _, c) => {
                        text.push(c);
                        escaped = false;
                    }
                    (false, ..) => {}
                }
            }
        }
    }
}

/// The table of an `UPDATE … FROM @batch` and what follows `FROM @batch`; `None` for other statements.
fn update_from_batch(sql: &str) -> Option<(&str, &str)> {
    let rest = sql.trim_start().strip_prefix("UPDATE ")?;
    let table = rest.split_whitespace().next()?;
    let mut depth = 0;
    for (at, c) in sql.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && sql[at..].starts_with("FROM @batch") {
            return Some((table, &sql[at..]));
        }
    }
    None
}

/// Columns that a condition compares with a parameter or a literal.
fn compared_with_constants(condition: &str) -> Vec<String> {
    let words: Vec<&str> = condition.split_whitespace().collect();
    let constant = |word: &str| word.starts_with(['$', '\'', '0', '1']);
    let column = |word: &str| word.trim_start_matches('(').rsplit('.').next().unwrap_or_default().to_owned();
    words
        .windows(3)
        .filter(|three| three[1] == "=" && constant(three[2]))
        .map(|three| column(three[0]))
        .collect()
}

#[test]
fn the_reader_of_statements_sees_what_it_is_to_find() {
    let bad =
        "UPDATE receipts SET state = $1 FROM @batch WHERE receipts.id = b.id AND receipts.state = 'pending'";
    let (table, condition) = update_from_batch(bad).unwrap();
    assert_eq!((table, compared_with_constants(condition)), ("receipts", vec!["state".to_owned()]));
    let good = "UPDATE receipts SET state = $1 FROM @batch WHERE receipts.id = b.id AND receipts.state || '' = 'pending'";
    assert_eq!(compared_with_constants(update_from_batch(good).unwrap().1), ["''"]);
    assert_eq!(update_from_batch("UPDATE a SET b = 1 WHERE id IN (SELECT b.id FROM @batch)"), None);
}

/// The first columns of the table's indexes.
async fn indexed(world: &World, table: &str) -> String {
    world
        .text(format!(
            "SELECT COALESCE((SELECT group_concat(DISTINCT i.name) FROM pragma_index_list('{table}') l
                              JOIN pragma_index_info(l.name) i WHERE i.seqno = 0), '') || ',' ||
                    COALESCE((SELECT group_concat(name) FROM pragma_table_info('{table}') WHERE pk = 1), '')"
        ))
        .await
}

/// SQLite does not know how many rows a batch has. Where the first column of an index is compared with a constant,
/// SQLite may walk over all rows with that value and look into the batch for each. That once made receipts forty
/// times slower.
#[test]
fn no_update_from_a_batch_compares_what_an_index_begins_with_with_a_constant() {
    crate::on_both::on_sqlite(|world| async move {
        let mut all = vec![];
        strings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let mut looked_at = 0;
        for (file, sql) in &all {
            let Some((table, condition)) = update_from_batch(sql) else { continue };
            let columns = indexed(&world, table).await;
            if columns == "," {
                // This is a sample in the tests of a file.
                continue;
            }
            looked_at += 1;
            for column in compared_with_constants(condition) {
                assert!(!columns.split(',').any(|one| one == column), "{table}.{column} in {file}: {sql}");
            }
        }
        assert!(looked_at > 10, "needs statements: {looked_at}");
    });
}

/// SQLite takes a plain `JOIN` for leave to begin with the other table: with one chosen person it walked over all
/// registrants of the workshop, and looked into the batch for each.
#[test]
fn a_batch_is_joined_so_that_it_stays_outside() {
    let mut all = vec![];
    strings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut looked_at = 0;
    for (file, sql) in &all {
        let words: Vec<&str> = sql.split_whitespace().collect();
        looked_at += usize::from(words.windows(2).any(|two| two == ["@batch", "CROSS"]));
        let plain = |three: &[&str]| {
            three[1..] == ["@batch", "JOIN"] || (three[1..] == ["JOIN", "@batch"] && three[0] != "CROSS")
        };
        assert!(!words.windows(3).any(plain), "{file}: {sql}");
    }
    assert!(looked_at > 20, "needs statements: {looked_at}");
}

/// Statements that write, erase, count what an import brought, or build the index look at every row. Statements that
/// read for people must not see what an undone import left behind.
#[test]
fn readers_of_people_ask_for_those_who_were_not_taken_back() {
    const ALL_ROWS: [&str; 14] = [
        // Its rows are those of the copy itself, which holds only what readers see.
        "copying.rs",
        "db/shown.rs",
        "erasure/former.rs",
        "erasure/number.rs",
        "erasure/retention.rs",
        "imports.rs",
        "people/search.rs",
        "registrants/adding.rs",
        "registrants/correcting.rs",
        "registrants/duplicates.rs",
        "registrants/removal.rs",
        "registrants/shown.rs",
        "search/behind.rs",
        "search/entries.rs",
    ];
    let mut all = vec![];
    strings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut readers = 0;
    for (file, sql) in &all {
        readers += sql.matches("@registrants").count() + sql.matches("@leads").count();
        let words: Vec<&str> = sql.split_whitespace().collect();
        let bare = words.windows(2).any(|two| {
            matches!(two[0], "FROM" | "JOIN")
                && matches!(two[1], "registrants" | "leads")
                && words[0] != "DELETE"
        });
        let may = ALL_ROWS.iter().any(|one| file.ends_with(one)) || file.ends_with("undo.rs");
        assert!(!bare || may, "{file}: {sql}");
    }
    assert!(readers > 25, "needs readers: {readers}");
}
