//! Imports of files: what was uploaded, what it needs from a person, what it did, and its undoing.

use domain::{
    ids::{ImportId, WorkshopId},
    role::Permission,
    time::Millis,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, json, word},
    org::Org,
};

/// Words that are remembered per organisation and looked at; far more than tools have.
const WORDS_MAX: i64 = 2_000;

/// The stage of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportState {
    /// The file is uploaded and was not read yet.
    Uploaded,
    /// Its rows were read once; nothing is stored yet.
    Checked,
    /// Its good rows are being written. Found at a start of the program, it is simply begun again.
    Committing,
    /// Its good rows are registrants.
    Committed,
    /// Its registrants are being removed. Found at a start of the program, that goes on.
    Undoing,
    /// Its registrants were removed: nobody sees them.
    Undone,
}

impl ImportState {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            ImportState::Uploaded => "uploaded",
            ImportState::Checked => "checked",
            ImportState::Committing => "committing",
            ImportState::Committed => "committed",
            ImportState::Undoing => "undoing",
            ImportState::Undone => "undone",
        }
    }

    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            ImportState::Uploaded => "Uploaded",
            ImportState::Checked => "Checked",
            ImportState::Committing => "Importing",
            ImportState::Committed => "Imported",
            ImportState::Undoing => "Being taken back",
            ImportState::Undone => "Undone",
        }
    }
}

impl std::str::FromStr for ImportState {
    type Err = ();
    fn from_str(text: &str) -> Result<ImportState, ()> {
        use ImportState::{Checked, Committed, Committing, Undoing, Undone, Uploaded};
        [Uploaded, Checked, Committing, Committed, Undoing, Undone]
            .into_iter()
            .find(|s| s.word() == text)
            .ok_or(())
    }
}

/// One import of a file into a workshop.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Id of the import.
    pub id: ImportId,
    /// The workshop that the rows are imported into.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub workshop_title: String,
    /// The file's name as it was uploaded.
    pub file_name: String,
    /// Where the file is kept, below the data folder.
    pub file_path: String,
    /// The stage of the import.
    pub state: ImportState,
    /// The role of each column, in the importer's own form; `null` before somebody chose.
    pub mapping: Value,
    /// The counts and warnings of the last check, in the importer's own form; `null` before.
    pub summary: Value,
    /// The member who uploaded the file, by name.
    pub created_by: String,
    /// When the file was uploaded.
    pub created_at: Millis,
    /// When all rows had been written; `None` before.
    pub committed_at: Option<Millis>,
    /// When the import was undone; `None` where it was not.
    pub undone_at: Option<Millis>,
}

/// What a person decided about a row that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nobody has decided yet. The row is left out.
    Open,
    /// The row is left out.
    Skip,
    /// The file's own word for the registration's status leaves the row out; nobody decides.
    ByStatus,
    /// The row is imported with these cells instead, by their place in [`ImportRow::cells`].
    Fix(Vec<(usize, String)>),
    /// A person typed these cells, and something is still wrong.
    StillWrong(Vec<(usize, String)>),
}

/// A row of a file that cannot be imported as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRow {
    /// Line in the file, from 1, as a spreadsheet shows it.
    pub line: i64,
    /// The mapped cells as they stand in the file, in the order of the mapping.
    pub cells: Vec<String>,
    /// What is wrong with the row, in the importer's own form.
    pub problems: Value,
    /// What a person decided about the row.
    pub decision: Decision,
}

/// The number of rows by what they need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportRowCounts {
    /// Rows that nobody decided about, or that are still wrong.
    pub open: i64,
    /// Rows that are left out.
    pub skip: i64,
    /// Rows that are imported with what a person typed.
    pub fix: i64,
}

/// The totals of what an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportTotals {
    /// Registrations that the import made.
    pub registrations: u64,
    /// People whom the organisation did not know.
    pub leads: u64,
    /// Agreements to promotion that it wrote down.
    pub agreements: u64,
}

/// The result of undoing an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Registrations that were removed.
    pub deleted: u64,
    /// Registrations that stay because a message was planned for them.
    pub kept: u64,
}

#[derive(sqlx::FromRow)]
struct ImportRecord {
    id: Uuid,
    workshop_id: Uuid,
    workshop_title: String,
    file_name: String,
    file_path: String,
    state: String,
    mapping: String,
    summary: String,
    created_by: String,
    created_at: i64,
    committed_at: Option<i64>,
    undone_at: Option<i64>,
}

impl TryFrom<ImportRecord> for Import {
    type Error = StoreError;
    fn try_from(row: ImportRecord) -> Result<Import, StoreError> {
        Ok(Import {
            id: ImportId(row.id),
            workshop: WorkshopId(row.workshop_id),
            workshop_title: row.workshop_title,
            file_name: row.file_name,
            file_path: row.file_path,
            state: word("imports", "state", &row.state)?,
            mapping: json("imports", "mapping", &row.mapping)?,
            summary: json("imports", "summary", &row.summary)?,
            created_by: row.created_by,
            created_at: Millis(row.created_at),
            committed_at: row.committed_at.map(Millis),
            undone_at: row.undone_at.map(Millis),
        })
    }
}

#[derive(sqlx::FromRow)]
struct RowRecord {
    line: i64,
    cells: String,
    problems: String,
    decision: String,
    typed: String,
}

impl TryFrom<RowRecord> for ImportRow {
    type Error = StoreError;
    fn try_from(row: RowRecord) -> Result<ImportRow, StoreError> {
        let decision = match row.decision.as_str() {
            "open" => Decision::Open,
            "skip" => Decision::Skip,
            "status" => Decision::ByStatus,
            "fix" => Decision::Fix(json("import_rows", "typed", &row.typed)?),
            "wrong" => Decision::StillWrong(json("import_rows", "typed", &row.typed)?),
            _ => {
                return Err(StoreError::Corrupt {
                    table: "import_rows",
                    column: "decision",
                    value: row.decision,
                });
            }
        };
        Ok(ImportRow {
            line: row.line,
            cells: json("import_rows", "cells", &row.cells)?,
            problems: json("import_rows", "problems", &row.problems)?,
            decision,
        })
    }
}

impl Decision {
    fn word(&self) -> &'static str {
        match self {
            Decision::Open => "open",
            Decision::Skip => "skip",
            Decision::ByStatus => "status",
            Decision::Fix(_) => "fix",
            Decision::StillWrong(_) => "wrong",
        }
    }

    fn typed(&self) -> String {
        match self {
            Decision::Open | Decision::Skip | Decision::ByStatus => "[]".to_owned(),
            Decision::Fix(cells) | Decision::StillWrong(cells) => text(cells),
        }
    }
}

/// A value as JSON text. Only values without a key that is no string come here, so that it cannot fail.
fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("lists and JSON values are always JSON")
}

impl Org {
    /// Keeps a file that was uploaded; `id` was made before, because it names the file.
    pub async fn add_import(
        &self,
        id: ImportId,
        workshop: WorkshopId,
        file_name: &str,
        file_path: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let added = tx
            .run(
                "INSERT INTO imports (id, organization_id, workshop_id, file_name, file_path, state, mapping, summary, created_by,
                                      created_at)
                 SELECT $2, w.organization_id, w.id, $4, $5, 'uploaded', 'null', 'null', $6, $7
                 FROM workshops w WHERE w.organization_id = $1 AND w.id = $3",
                args![self.id(), id.0, workshop.0, file_name, file_path, &self.actor.name, now],
            )
            .await?;
        if added == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "import.uploaded", id, "", now).await?;
        tx.commit().await
    }

    /// One import.
    pub async fn import(&self, id: ImportId) -> Result<Import, StoreError> {
        let row: ImportRecord = self
            .db
            .one(
                "SELECT i.id, i.workshop_id, w.title AS workshop_title, i.file_name, i.file_path, i.state, i.mapping, i.summary,
                        i.created_by, i.created_at, i.committed_at, i.undone_at
                 FROM imports i JOIN workshops w ON w.id = i.workshop_id
                 WHERE i.organization_id = $1 AND i.id = $2",
                args![self.id(), id.0],
            )
            .await?;
        row.try_into()
    }

    /// The newest imports, newest first; `before` is the id of the last one seen.
    pub async fn imports(&self, before: Option<ImportId>, limit: i64) -> Result<Vec<Import>, StoreError> {
        let rows: Vec<ImportRecord> = self
            .db
            .all(
                "SELECT i.id, i.workshop_id, w.title AS workshop_title, i.file_name, i.file_path, i.state, i.mapping, i.summary,
                        i.created_by, i.created_at, i.committed_at, i.undone_at
                 FROM imports i JOIN workshops w ON w.id = i.workshop_id
                 WHERE i.organization_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3",
                args![self.id(), before.map_or(Uuid::max(), |id| id.0), limit],
            )
            .await?;
        rows.into_iter().map(Import::try_from).collect()
    }

    /// What words of files mean in this organisation, as its members said: the word in the importer's form, and the
    /// meaning.
    pub async fn import_words(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.db
            .all(
                "SELECT word, meaning FROM import_words WHERE organization_id = $1 ORDER BY word LIMIT $2",
                args![self.id(), WORDS_MAX],
            )
            .await
    }

    /// Remembers what words of files mean. What was said last about a word counts.
    pub async fn remember_import_words(
        &self,
        words: &[(String, String)],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        if words.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let batch = Batch::new()
            .texts("word", words.iter().map(|(word, _)| word.clone()))
            .texts("meaning", words.iter().map(|(_, meaning)| meaning.clone()));
        tx.run_batch(
            "INSERT INTO import_words (organization_id, word, meaning, said_by, said_at)
             SELECT $1, b.word, b.meaning, $2, $3 FROM @batch WHERE TRUE
             ON CONFLICT (organization_id, word)
             DO UPDATE SET meaning = excluded.meaning, said_by = excluded.said_by, said_at = excluded.said_at",
            args![self.id(), &self.actor.name, now],
            batch,
        )
        .await?;
        self.note(&mut tx, "import.words", "", &format!("words={}", words.len()), now).await?;
        tx.commit().await
    }

    /// Keeps what a look at the file found, and forgets the rows and decisions of an earlier look. Only before a
    /// commit.
    pub async fn import_checked(
        &self,
        id: ImportId,
        mapping: &Value,
        summary: &Value,
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE imports SET state = 'checked', mapping = $3, summary = $4
                 WHERE organization_id = $1 AND id = $2 AND state IN ('uploaded', 'checked')",
                args![self.id(), id.0, text(mapping), text(summary)],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Stale);
        }
        tx.run("DELETE FROM import_rows WHERE import_id = $1", args![id.0]).await?;
        tx.run("DELETE FROM import_differences WHERE import_id = $1", args![id.0]).await?;
        tx.commit().await
    }

    /// Keeps the counts of a look that has come to its end, or of rows that were corrected after the commit.
    pub async fn import_summary(&self, id: ImportId, summary: &Value) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let changed = self
            .db
            .run(
                "UPDATE imports SET summary = $3 WHERE organization_id = $1 AND id = $2 AND state IN ('checked', 'committed')",
                args![self.id(), id.0, text(summary)],
            )
            .await?;
        if changed == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// Adds rows that need a person, or that their status leaves out. A row given twice is kept once.
    pub async fn add_import_rows(&self, id: ImportId, rows: &[ImportRow]) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        self.import(id).await?;
        let mut tx = self.db.begin().await?;
        let batch = Batch::new()
            .ints("line", rows.iter().map(|row| row.line))
            .texts("cells", rows.iter().map(|row| text(&row.cells)))
            .texts("problems", rows.iter().map(|row| text(&row.problems)))
            .texts("decision", rows.iter().map(|row| row.decision.word().to_owned()))
            .texts("typed", rows.iter().map(|row| row.decision.typed()));
        tx.run_batch(
            "INSERT INTO import_rows (import_id, line, cells, problems, decision, typed)
             SELECT $1, b.line, b.cells, b.problems, b.decision, b.typed FROM @batch WHERE TRUE
             ON CONFLICT (import_id, line) DO NOTHING",
            args![id.0],
            batch,
        )
        .await?;
        tx.commit().await
    }

    /// Rows that need a person, in the order of the file, after line `after`.
    pub async fn import_rows(
        &self,
        id: ImportId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ImportRow>, StoreError> {
        self.kept_rows(false, id, after, limit).await
    }

    /// Rows that their status leaves out, in the order of the file, after line `after`.
    pub async fn import_rows_by_status(
        &self,
        id: ImportId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ImportRow>, StoreError> {
        self.kept_rows(true, id, after, limit).await
    }

    async fn kept_rows(
        &self,
        by_status: bool,
        id: ImportId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ImportRow>, StoreError> {
        let rows: Vec<RowRecord> = self
            .db
            .all(
                "SELECT r.line, r.cells, r.problems, r.decision, r.typed
                 FROM import_rows r JOIN imports i ON i.id = r.import_id
                 WHERE i.organization_id = $1 AND i.id = $2 AND r.line > $3 AND (r.decision = 'status') = $5
                 ORDER BY r.line LIMIT $4",
                args![self.id(), id.0, after, limit, by_status],
            )
            .await?;
        rows.into_iter().map(ImportRow::try_from).collect()
    }

    /// How many rows need what.
    pub async fn import_row_counts(&self, id: ImportId) -> Result<ImportRowCounts, StoreError> {
        let rows: Vec<(String, i64)> = self
            .db
            .all(
                "SELECT r.decision, COUNT(*) FROM import_rows r JOIN imports i ON i.id = r.import_id
                 WHERE i.organization_id = $1 AND i.id = $2 GROUP BY r.decision",
                args![self.id(), id.0],
            )
            .await?;
        let n = |what: &str| rows.iter().find(|(decision, _)| decision == what).map_or(0, |(_, n)| *n);
        Ok(ImportRowCounts { open: n("open") + n("wrong"), skip: n("skip"), fix: n("fix") })
    }

    /// Keeps what a person decided about a row, and what is still wrong with what they typed; before the commit or
    /// after it.
    pub async fn decide_import_row(
        &self,
        id: ImportId,
        line: i64,
        decision: &Decision,
        problems: &Value,
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let changed = self
            .db
            .run(
                "UPDATE import_rows SET decision = $4, typed = $5, problems = $6
                 WHERE import_id = (SELECT id FROM imports WHERE organization_id = $1 AND id = $2
                                                          AND state IN ('checked', 'committed'))
                   AND line = $3",
                args![self.id(), id.0, line, decision.word(), decision.typed(), text(problems)],
            )
            .await?;
        if changed == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// From here on the good rows are written. May be called again for an import that a restart interrupted.
    pub async fn import_committing(&self, id: ImportId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE imports SET state = 'committing', counted = CASE WHEN state = 'checked' THEN TRUE ELSE counted END
                 WHERE organization_id = $1 AND id = $2 AND state IN ('checked', 'committing')",
                args![self.id(), id.0],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Stale);
        }
        self.note(&mut tx, "import.started", id, "", now).await?;
        tx.commit().await
    }

    /// What an import has brought so far, in all its runs. Looks at every person of the organisation: for one that was
    /// interrupted.
    pub async fn import_totals(&self, id: ImportId) -> Result<ImportTotals, StoreError> {
        let (registrations, leads, agreements): (i64, i64, i64) = self
            .db
            .one(
                "SELECT (SELECT COUNT(*) FROM registrants WHERE import_id = $2 AND organization_id = $1),
                        (SELECT COUNT(*) FROM leads WHERE organization_id = $1 AND import_id = $2),
                        (SELECT COUNT(*) FROM consents WHERE import_id = $2 AND organization_id = $1)",
                args![self.id(), id.0],
            )
            .await?;
        let count = |n: i64| n.unsigned_abs();
        Ok(ImportTotals {
            registrations: count(registrations),
            leads: count(leads),
            agreements: count(agreements),
        })
    }

    /// All good rows are registrants; `summary` says how many.
    pub async fn import_committed(
        &self,
        id: ImportId,
        summary: &Value,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE imports SET state = 'committed', summary = $3, committed_at = $4
                 WHERE organization_id = $1 AND id = $2 AND state = 'committing'",
                args![self.id(), id.0, text(summary), now],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Stale);
        }
        // The differences that were taken over are in the people's history; the others are not needed any more.
        tx.run("DELETE FROM import_differences WHERE import_id = $1", args![id.0]).await?;
        self.note(&mut tx, "import.committed", id, "", now).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_written() {
        use ImportState::{Checked, Committed, Committing, Undoing, Undone, Uploaded};
        for state in [Uploaded, Checked, Committing, Committed, Undoing, Undone] {
            assert_eq!(state.word().parse(), Ok(state));
        }
    }
}
