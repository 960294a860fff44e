//! One registration that a form or a shop posts: the reader of files reads it as a file of one row.

use std::{collections::HashSet, io::Cursor};

use domain::workshop::RegistrantStatus;
use serde_json::Value;
use store::{
    imports::{Decision, Import, ImportRow},
    registrants::NewRegistrant,
};

use super::{
    ImportError, Importer, Into,
    rows::{Person, Read, Wrong, read_row, to_keep, wrongs},
    summary::Summary,
    wishes::Wishes,
};
use crate::read::{Field, Mapping, Row, Sheet, SheetError};

/// The cells that are kept of a post that a person has to look at.
const KEPT: [Field; 6] =
    [Field::Name, Field::Phone, Field::CountryCode, Field::Email, Field::Status, Field::Reference];

/// What became of one posted registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// The person was registered.
    Registered,
    /// The person was registered before.
    Already,
    /// The person was registered and no longer is: cancelled, refunded, or with a status that gives no place.
    Ended,
    /// The status gives no place, and nobody here is registered under it.
    LeftOut,
    /// The registration is kept for a member to look at, for these reasons.
    Kept(Vec<String>),
}

/// How the cells of posts are kept with their import.
pub fn kept_mapping() -> Value {
    let mut mapping = Mapping::default();
    for (at, field) in KEPT.into_iter().enumerate() {
        mapping.set(field, Some(at));
    }
    serde_json::to_value(mapping).expect("a mapping is JSON")
}

impl Importer {
    /// Takes one registration, given as titles and values. `line` is the number of the post, under which it is kept when somebody has to look.
    ///
    /// # Errors
    /// When the store refuses. What cannot be read is kept, and no error.
    pub async fn take_one(
        &self,
        import: &Import,
        line: i64,
        pairs: &[(String, String)],
    ) -> Result<PostOutcome, ImportError> {
        let (mut sheet, mapping) = match opened(pairs) {
            Ok((sheet, mapping)) => (sheet, self.with_remembered(mapping).await?),
            Err(says) => return self.keep(import, bare(line, pairs, says)).await,
        };
        let row = match sheet.rows(&mapping, self.home).map(|rows| rows.in_zone(self.zone.clone()).next()) {
            Ok(Some(Ok(row))) => row,
            Ok(Some(Err(error))) | Err(error) => {
                return self.keep(import, bare(line, pairs, error.to_string())).await;
            }
            Ok(None) => {
                let says = "There is no person in this post.".to_owned();
                return self.keep(import, bare(line, pairs, says)).await;
            }
        };
        let kept = in_kept_cells(line, &row, &mapping);
        match read_row(row, &mapping) {
            Read::ToFix(..) | Read::LeftOut { known: false, .. } => self.keep(import, kept).await,
            Read::LeftOut { known: true, person, .. } => {
                self.end(import, *person, RegistrantStatus::Cancelled, kept).await
            }
            Read::Person(person, _) | Read::NoStatus(person) => self.register_one(import, person, kept).await,
        }
    }

    async fn register_one(
        &self,
        import: &Import,
        person: Person,
        kept: ImportRow,
    ) -> Result<PostOutcome, ImportError> {
        if let Some(status @ (RegistrantStatus::Cancelled | RegistrantStatus::Refunded)) =
            person.registrant.status
        {
            return self.end(import, person.registrant, status, kept).await;
        }
        let wishes = Wishes::none(&import.file_name);
        let into = Into { import, wishes: &wishes, same: &HashSet::new() };
        let mut summary = Summary::of(import);
        let before = summary.new;
        self.write_together(&into, vec![person], &mut summary).await?;
        let is_new = summary.new > before;
        self.org.import_summary(import.id, &summary.json()).await?;
        Ok(if is_new { PostOutcome::Registered } else { PostOutcome::Already })
    }

    /// Ends the registration of somebody who is here. News of another payment or order than the registration's own ends
    /// nothing unasked.
    async fn end(
        &self,
        import: &Import,
        person: NewRegistrant,
        status: RegistrantStatus,
        kept: ImportRow,
    ) -> Result<PostOutcome, ImportError> {
        let now = self.clock.now();
        let said_of = person.reference.clone();
        let here = self.org.registrations_of(import.workshop, vec![person], now).await?;
        let Some((id, RegistrantStatus::Registered)) = here.into_iter().flatten().next() else {
            return Ok(PostOutcome::LeftOut);
        };
        let own = self.org.registrant(import.workshop, id).await?.reference;
        if !own.is_empty() && !said_of.is_empty() && own != said_of {
            let says = format!(
                "This is said of {said_of}, and the person is registered under {own}. The registration stands: cancel it by hand if it has ended."
            );
            let problems = serde_json::to_value([Wrong { cell: None, says }]).expect("texts are JSON");
            return self.keep(import, ImportRow { problems, decision: Decision::Open, ..kept }).await;
        }
        self.org.take_over_status(import.id, import.workshop, id, status, now).await?;
        Ok(PostOutcome::Ended)
    }

    async fn keep(&self, import: &Import, row: ImportRow) -> Result<PostOutcome, ImportError> {
        let says = wrongs(&row).into_iter().map(|wrong| wrong.says).collect();
        self.org.add_import_rows(import.id, &[row]).await?;
        let mut summary = Summary::of(import);
        summary.bad += 1;
        self.org.import_summary(import.id, &summary.json()).await?;
        Ok(PostOutcome::Kept(says))
    }
}

/// The post as a sheet of one row; why it is none.
fn opened(pairs: &[(String, String)]) -> Result<(Sheet, Mapping), String> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |cells: Vec<String>| cells.join(",");
    let titles = line(pairs.iter().map(|(title, _)| quoted(title)).collect());
    let values = line(pairs.iter().map(|(_, value)| quoted(value)).collect());
    let text = format!("{titles}\n{values}\n");
    let none = || "No field of this post is known as a name, a number or an e-mail address.".to_owned();
    let sheet = Sheet::from_source(Cursor::new(text.into_bytes()), "webhook.csv")
        .map_err(|error: SheetError| error.to_string())?;
    let mapping = Mapping::guess(&sheet);
    if let Some(column) = mapping
        .not_used(&sheet)
        .into_iter()
        .find(|column| column.asks.is_some() || mapping.get(Field::Phone).is_none())
    {
        return Err(format!("The field “{}” was not used: {}.", column.title, column.why));
    }
    match sheet.header_line().is_some() && mapping.chosen().next().is_some() {
        true => Ok((sheet, mapping)),
        false => Err(none()),
    }
}

/// What could not be read at all, with its first values.
fn bare(line: i64, pairs: &[(String, String)], says: String) -> ImportRow {
    let mut cells: Vec<String> = vec![String::new(); KEPT.len()];
    for (cell, (_, value)) in cells.iter_mut().zip(pairs) {
        *cell = value.chars().take(200).collect();
    }
    let problems = serde_json::to_value([Wrong { cell: Some(0), says }]).expect("texts are JSON");
    ImportRow { line, cells, problems, decision: Decision::Open }
}

/// A row with its cells where the import of posts keeps them.
fn in_kept_cells(line: i64, row: &Row, mapping: &Mapping) -> ImportRow {
    let as_read = to_keep(row, mapping);
    let fields: Vec<Field> = mapping.chosen().map(|(field, _)| field).collect();
    let name = match row.cell(Field::Name) {
        "" => format!("{} {}", row.cell(Field::FirstName), row.cell(Field::LastName)).trim().to_owned(),
        whole => whole.to_owned(),
    };
    let cells = KEPT.iter().map(|field| match field {
        Field::Name => name.clone(),
        field => row.cell(*field).to_owned(),
    });
    let place = |wrong: Wrong| Wrong {
        cell: wrong.cell.and_then(|at| {
            let field = match fields.get(at)? {
                Field::FirstName | Field::LastName => Field::Name,
                field => *field,
            };
            KEPT.iter().position(|kept| *kept == field)
        }),
        says: wrong.says,
    };
    let problems: Vec<Wrong> = wrongs(&as_read).into_iter().map(place).collect();
    ImportRow {
        line,
        cells: cells.map(|cell| cell.chars().take(1_000).collect()).collect(),
        problems: serde_json::to_value(problems).expect("texts are JSON"),
        decision: as_read.decision,
    }
}
