//! Reads a file of people into a workshop. The first look changes nothing; then the good rows are registered; an undo
//! takes them back.
//!
//! One thread reads, the store writes meanwhile, and neither gets more than a few thousand rows ahead. Rows that cannot
//! be taken are kept for a person. Begun again after a restart, an import adds nobody twice.

mod comparison;
mod file_says;
mod gather;
mod jobs;
mod look;
mod one;
mod rows;
mod summary;
mod wishes;

use std::{collections::HashSet, path::PathBuf};

use crate::read::{
    Agreed, Field, Mapping, NO_STATUS_KEY, OrderFound, Orders, ReadSummary, Sheet, SheetError, StatusMeaning,
};
use domain::{
    ids::RegistrantId,
    phone::{Country, Phone},
    time::{SharedClock, Zone},
};
use serde_json::Value;
use store::{
    Org, PhoneKey, StoreError,
    consents::NewConsent,
    imports::{Decision, Import, ImportState, Undone},
    suppressions::NewSuppression,
};
use tokio::sync::mpsc;

pub use self::{
    comparison::{Group, ListComparison},
    file_says::TWICE_KEY,
    jobs::{Job, Jobs, Progress},
    one::{PostOutcome, kept_mapping},
    rows::{Wrong, read_again, with_typed, wrongs},
    summary::{StatusWord, Summary},
};
use self::{
    gather::Gathered,
    look::Look,
    rows::{Person, Read, agreed_in, read_row, refused_in},
    wishes::{Refusal, Wishes},
};

/// Rows that the reader hands on together.
const ROWS_PER_STRETCH: usize = 4_000;
/// Stretches that the reader may be ahead.
const STRETCHES_AHEAD: usize = 2;
/// Rows that the store registers in one transaction: nearly every file is one.
const ROWS_PER_TRANSACTION: usize = 20_000;
/// Rows to fix that are kept and shown. A file with more has a wrong column, not many wrong rows.
pub const ROWS_TO_FIX_MAX: u64 = 5_000;
/// Most rows of one file that are kept because their status leaves them out.
pub const ROWS_LEFT_OUT_MAX: u64 = 50_000;

/// Why an import could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read. The words are for people.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The store refused or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The program is stopping, or a thread panicked.
    #[error("The import was interrupted. Start it again: nobody is added twice.")]
    Interrupted,
}

/// Everything that an import needs.
#[derive(Clone)]
pub struct Importer {
    /// The store, bound to the member who imports.
    pub org: Org,
    /// The clock that gives the present moment.
    pub clock: SharedClock,
    /// The country of numbers that are written without a country code.
    pub home: Country,
    /// The zone of dates without an offset.
    pub zone: Zone,
    /// The path of the uploaded file.
    pub file: PathBuf,
    /// Makes the keys of agreements and suppressions.
    pub phone_key: PhoneKey,
}

/// What people are registered into.
struct Into<'a> {
    import: &'a Import,
    wishes: &'a Wishes,
    /// Keys of those who are registered already, under another name or number.
    same: &'a HashSet<u64>,
}

/// A stretch of rows.
struct Stretch {
    rows: Vec<Read>,
    /// How far the reader is.
    at: Progress,
    /// What the whole file told, with its last stretch.
    told: Option<ReadSummary>,
}

impl Importer {
    /// Opens the file; slow for a large workbook, so on a thread of its own.
    pub async fn open(&self, file_name: &str) -> Result<Sheet, ImportError> {
        self.open_tab(file_name, None).await
    }

    /// Opens a sheet of the file by its name; `None` for the one that is proposed.
    pub async fn open_tab(&self, file_name: &str, tab: Option<&str>) -> Result<Sheet, ImportError> {
        let (file, name, tab) = (self.file.clone(), file_name.to_owned(), tab.map(str::to_owned));
        let opened = tokio::task::spawn_blocking(move || Sheet::open_tab(&file, &name, tab.as_deref())).await;
        Ok(opened.map_err(|_| ImportError::Interrupted)??)
    }

    /// Adds what members said earlier about words of files, where nobody has said otherwise for this one.
    pub async fn with_remembered(&self, mut mapping: Mapping) -> Result<Mapping, ImportError> {
        for (word, meaning) in self.org.import_words().await? {
            if let Ok(meaning) = meaning.parse::<StatusMeaning>() {
                mapping.statuses.entry(word).or_insert(meaning);
            }
        }
        Ok(mapping)
    }

    /// Remembers for later files what somebody said about words of this one.
    pub async fn remember(&self, words: &[(String, StatusMeaning)]) -> Result<(), ImportError> {
        // That a row says nothing means something else in each file.
        let words = words.iter().filter(|(key, _)| key != NO_STATUS_KEY && key != TWICE_KEY);
        let words: Vec<(String, String)> =
            words.map(|(key, meaning)| (key.clone(), meaning.word().to_owned())).collect();
        Ok(self.org.remember_import_words(&words, self.clock.now()).await?)
    }

    /// What the dates of the chosen column say about their order; looks at every row.
    pub async fn date_order(&self, file_name: &str, mapping: &Mapping) -> Result<OrderFound, ImportError> {
        let mut only = Mapping::default();
        only.tab.clone_from(&mapping.tab);
        only.set(Field::RegisteredAt, mapping.get(Field::RegisteredAt));
        let (file, name, home) = (self.file.clone(), file_name.to_owned(), self.home);
        let looked = tokio::task::spawn_blocking(move || -> Result<OrderFound, SheetError> {
            let mut orders = Orders::default();
            for row in Sheet::open_tab(&file, &name, only.tab.as_deref())?.rows(&only, home)? {
                orders.see(row?.cell(Field::RegisteredAt));
            }
            Ok(orders.found())
        });
        Ok(looked.await.map_err(|_| ImportError::Interrupted)??)
    }

    /// Reads everything once, counts, and keeps the rows that need a person. Changes no registrant.
    pub async fn check(
        &self,
        import: &Import,
        mapping: &Mapping,
        mut progress: impl FnMut(Progress),
    ) -> Result<Summary, ImportError> {
        let mut looked = self.look(import, mapping, &mut progress).await?;
        let mut mapping = mapping.clone();
        if !looked.states && !looked.without_status.is_empty() {
            // The file has a column for it and nobody has anything in it: it says nothing about anybody.
            mapping.statuses.insert(NO_STATUS_KEY.to_owned(), StatusMeaning::Registered);
            looked = self.look(import, &mapping, &mut progress).await?;
            looked.summary.statuses.clear();
        }
        let Look { mut summary, file, .. } = looked;
        self.look_again(import, &mapping, &file, &mut summary).await?;
        self.org.import_summary(import.id, &summary.json()).await?;
        Ok(summary)
    }

    /// One reading of the whole file.
    async fn look(
        &self,
        import: &Import,
        mapping: &Mapping,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Look, ImportError> {
        let json = serde_json::to_value(mapping).expect("a mapping is JSON");
        self.org.import_checked(import.id, &json, &Value::Null).await?;
        let mut look = Look::new(mapping);
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            let Stretch { rows, at, told } = stretch?;
            let (people, kept) = look.take(rows);
            let known = self.org.count_registered(import.workshop, people, self.clock.now()).await?;
            look.summary.already += known;
            look.summary.ready = look.summary.ready.saturating_sub(known);
            if !kept.is_empty() {
                self.org.add_import_rows(import.id, &kept).await?;
            }
            if let Some(told) = told {
                look.states = told.statuses.iter().any(|seen| seen.key != NO_STATUS_KEY);
                look.summary.hear(told);
            }
            progress(at);
        }
        look.ask_about_empty();
        look.settle_twice(mapping);
        Ok(look)
    }

    /// Registers the good rows of the last look, and those that a person corrected. May be called again after a
    /// restart.
    pub async fn commit(
        &self,
        import: &Import,
        mut progress: impl FnMut(Progress),
    ) -> Result<Summary, ImportError> {
        let mapping: Mapping =
            serde_json::from_value(import.mapping.clone()).map_err(|_| StoreError::Stale)?;
        let mapping = &mapping;
        self.org.import_committing(import.id, self.clock.now()).await?;
        let before = Summary::of(import);
        let mut summary = Summary {
            new: 0,
            lead_new: 0,
            fixed: 0,
            already: 0,
            agreements: 0,
            agreements_too_soon: 0,
            opted_out: 0,
            ..before
        };
        let wishes = self.wishes(import, mapping).await?;
        let people = self.fixed(import, mapping).await?;
        summary.fixed = people.len() as u64;
        // Registrations that ended are taken out before new ones come, so that of one number the one that stands is
        // told.
        let (compared, file) = self.compare_now(import, mapping, &people).await?;
        summary.again = compared.again(&summary.again);
        self.take_over(import, &compared, &mut summary.again).await?;
        let into = Into { import, wishes: &wishes, same: &compared.same };
        let mut written = Progress::default();
        let mut batches =
            gather::gather(self.read(import, mapping), people, (summary.twice > 0).then_some(file));
        while let Some(batch) = batches.recv().await {
            let Gathered { people, refused, at } = batch?;
            summary.opted_out += self.refuse(import, &wishes, refused).await?;
            self.write(&into, people, &mut summary, (written, at), &mut progress).await?;
            written = at;
        }
        if import.state == ImportState::Committing {
            // What an earlier run brought was registered already in this one.
            let brought = self.org.import_totals(import.id).await?;
            summary.already = summary.already.saturating_sub(brought.registrations - summary.new);
            summary.new = brought.registrations;
            summary.lead_new = brought.leads;
            summary.agreements = brought.agreements;
        }
        self.org.import_committed(import.id, &summary.json(), self.clock.now()).await?;
        Ok(summary)
    }

    /// What the columns of agreements and refusals are about.
    async fn wishes(&self, import: &Import, mapping: &Mapping) -> Result<Wishes, ImportError> {
        if mapping.get(Field::Consent).is_none() && mapping.get(Field::OptOut).is_none() {
            return Ok(Wishes::none(&import.file_name));
        }
        let sheet = self.open_tab(&import.file_name, mapping.tab.as_deref()).await?;
        let title = |column: usize| {
            sheet.columns().iter().find(|one| one.index == column).and_then(|one| one.header.as_deref())
        };
        Ok(Wishes::of(mapping, title, &import.file_name))
    }

    /// Writes down who wants no messages; how many entries are new.
    async fn refuse(
        &self,
        import: &Import,
        wishes: &Wishes,
        refused: Vec<(Phone, Vec<usize>)>,
    ) -> Result<u64, StoreError> {
        let entry = |phone: &Phone, refusal: &Refusal| NewSuppression {
            phone_key: self.phone_key.of(phone.as_str()),
            phone: phone.clone(),
            channel: refusal.channel,
            category: refusal.category,
            reason: refusal.reason.clone(),
        };
        let entries = refused.iter().flat_map(|(phone, columns)| {
            columns.iter().map(move |column| entry(phone, wishes.refusal(*column)))
        });
        self.org.suppress_from_import(entries.collect(), import.id, self.clock.now()).await
    }

    /// Registers people in transactions. `steps` is how far the reader was before them and behind them.
    async fn write(
        &self,
        into: &Into<'_>,
        people: Vec<Person>,
        summary: &mut Summary,
        (before, behind): (Progress, Progress),
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let (all, mut done) = (people.len() as u64, 0);
        let mut people = people.into_iter();
        while people.len() > 0 {
            let some: Vec<Person> = people.by_ref().take(ROWS_PER_TRANSACTION).collect();
            done += some.len() as u64;
            self.write_together(into, some, summary).await?;
            progress(before.on_the_way_to(&behind, done, all));
        }
        Ok(())
    }

    async fn write_together(
        &self,
        Into { import, wishes, same }: &Into<'_>,
        people: Vec<Person>,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (mut consents, mut refused) = (Vec::new(), Vec::new());
        let mut phones = Vec::with_capacity(people.len());
        let mut registrants = Vec::with_capacity(people.len());
        for Person { registrant, agreed, refused_in } in people {
            if let Some(phone) = &registrant.phone {
                phones.push(phone.as_str().to_owned());
                if !refused_in.is_empty() {
                    refused.push((phone.clone(), refused_in));
                }
                if let Some(agreement) = &wishes.agreement {
                    consents.extend(agreement.channels(&agreed).into_iter().map(|channel| NewConsent {
                        phone: phone.clone(),
                        phone_key: self.phone_key.of(phone.as_str()),
                        channel,
                        given_at: now,
                        source: agreement.source.clone(),
                        wording: agreement.wording.clone(),
                        note: String::new(),
                    }));
                }
            }
            match same.is_empty() || !same.contains(&registrant.key()) {
                true => registrants.push(registrant),
                false => summary.already += 1,
            }
        }
        // First what people do not want: no broadcast may find them registered and the refusal missing.
        summary.opted_out += self.refuse(import, wishes, refused).await?;
        let added = self.org.add_registrants(import.workshop, import.id, registrants, now).await?;
        summary.new += added.new;
        summary.already += added.already;
        summary.lead_new += added.lead_new;
        let recorded = self.org.record_consents(import.id, consents, now).await?;
        summary.agreements += recorded.new;
        summary.agreements_too_soon += recorded.too_soon;
        self.org.know_numbers_again(&phones, &self.phone_key).await?;
        Ok(())
    }

    /// Registers a row that an import left out, with the cells that a person corrected. It belongs to the import, so
    /// that an undo takes it back with the others. Agreements are recorded with an import alone.
    ///
    /// # Errors
    /// When the store refuses; within it, what is still wrong with the cells.
    pub async fn register_corrected(
        &self,
        import: &Import,
        mapping: &Mapping,
        cells: &[String],
    ) -> Result<Result<RegistrantId, Vec<Wrong>>, ImportError> {
        let registrant = match read_again(cells, mapping, self.home, &self.zone) {
            Ok(registrant) => registrant,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let person = Person {
            registrant: registrant.clone(),
            agreed: Agreed::No,
            refused_in: refused_in(cells, mapping),
        };
        let wishes = Wishes::none(&import.file_name);
        let into = Into { import, wishes: &wishes, same: &HashSet::new() };
        let mut summary = Summary::of(import);
        self.write_together(&into, vec![person], &mut summary).await?;
        summary.fixed += 1;
        self.org.import_summary(import.id, &summary.json()).await?;
        let here = self.org.registrations_of(import.workshop, vec![registrant], self.clock.now()).await?;
        let (id, _) = here.into_iter().flatten().next().ok_or(StoreError::Stale)?;
        Ok(Ok(id))
    }

    /// Takes the import back.
    pub async fn undo(
        &self,
        import: &Import,
        progress: impl FnMut(u64) + Send,
    ) -> Result<Undone, ImportError> {
        Ok(self.org.undo_import(import.id, self.clock.now(), progress).await?)
    }

    /// The rows that a person corrected, read again: what was typed then must still hold now.
    async fn fixed(&self, import: &Import, mapping: &Mapping) -> Result<Vec<Person>, StoreError> {
        let limit = i64::try_from(ROWS_TO_FIX_MAX).unwrap_or(i64::MAX);
        let rows = self.org.import_rows(import.id, 0, limit).await?;
        let corrected = rows.iter().filter_map(|row| match &row.decision {
            Decision::Fix(typed) => {
                let cells = with_typed(row, typed);
                let registrant = read_again(&cells, mapping, self.home, &self.zone).ok()?;
                let refused_in = refused_in(&cells, mapping);
                let agreed = if refused_in.is_empty() { agreed_in(&cells, mapping) } else { Agreed::No };
                Some(Person { registrant, agreed, refused_in })
            }
            Decision::Open | Decision::Skip | Decision::ByStatus | Decision::StillWrong(_) => None,
        });
        Ok(corrected.collect())
    }

    /// Reads on a thread of its own; the receiver sees an error as the last stretch.
    fn read(&self, import: &Import, mapping: &Mapping) -> mpsc::Receiver<Result<Stretch, ImportError>> {
        let (sender, receiver) = mpsc::channel(STRETCHES_AHEAD);
        let (file, name, mapping, home) =
            (self.file.clone(), import.file_name.clone(), mapping.clone(), self.home);
        let zone = self.zone.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = read_into(&sender, &file, &name, &mapping, home, zone) {
                // Nobody listens any more when the program stops.
                let _ = sender.blocking_send(Err(error.into()));
            }
        });
        receiver
    }
}

fn read_into(
    sender: &mpsc::Sender<Result<Stretch, ImportError>>,
    file: &std::path::Path,
    name: &str,
    mapping: &Mapping,
    home: Country,
    zone: Zone,
) -> Result<(), SheetError> {
    let mut sheet = Sheet::open_tab(file, name, mapping.tab.as_deref())?;
    let mut rows = sheet.rows(mapping, home)?.in_zone(zone);
    loop {
        let mut stretch = Vec::with_capacity(ROWS_PER_STRETCH);
        while stretch.len() < ROWS_PER_STRETCH {
            match rows.next() {
                Some(row) => stretch.push(read_row(row?, mapping)),
                None => break,
            }
        }
        let far = rows.progress();
        let progress = Progress { rows: far.rows, bytes: far.bytes, bytes_total: far.bytes_total };
        let last = stretch.len() < ROWS_PER_STRETCH;
        let told = last.then(|| rows.told());
        if sender.blocking_send(Ok(Stretch { rows: stretch, at: progress, told })).is_err() || last {
            return Ok(());
        }
    }
}
