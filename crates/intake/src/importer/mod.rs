//! Reads a file of people into a workshop: first a look that changes nothing, then the good rows, then perhaps an undo.
//!
//! One thread reads, the store writes meanwhile, and neither gets more than a few thousand rows ahead. Rows that cannot be taken are kept
//! for a person. Begun again after a restart, an import adds nobody twice.

mod jobs;
mod rows;

use std::{collections::HashSet, path::PathBuf};

use crate::read::{Field, Mapping, OrderFound, Orders, Sheet, SheetError, yes_or_no};
use domain::{
    channel::Channel,
    phone::Country,
    text::line,
    time::{SharedClock, Zone},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Org, PhoneKey, StoreError,
    consents::NewConsent,
    imports::{Decision, Import, ImportState, Undone},
};
use tokio::sync::mpsc;

use self::rows::{Person, Read, read_row};
pub use self::{
    jobs::{Job, Jobs, Progress},
    rows::{read_again, with_typed, wrongs},
};

/// Rows that the reader hands on together.
const ROWS_PER_STRETCH: usize = 4_000;
/// Stretches that the reader may be ahead.
const STRETCHES_AHEAD: usize = 2;
/// Rows that the store registers in one transaction: nearly every file is one.
const ROWS_PER_TRANSACTION: usize = 20_000;
/// Rows of a large file that are brought into the order of their numbers before they are registered. In the order of the file, each
/// transaction would touch and write again most pages of the indexes by number: four times as slow at a million rows.
const ROWS_IN_ORDER: usize = 100_000;
/// Rows to fix that are kept and shown. A file with more has a wrong column, not many wrong rows.
pub const ROWS_TO_FIX_MAX: u64 = 5_000;

/// What a look at a file found, and later what its import did; kept as JSON with the import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Rows that are not blank.
    pub rows: u64,
    /// People who would be registered.
    pub ready: u64,
    /// Rows whose person is registered already, or stands in the file before.
    pub already: u64,
    /// Rows that cannot be taken as they are.
    pub bad: u64,
    /// Of the ready ones, without a number.
    pub without_phone: u64,
    /// Of the ready ones, with something left out, such as an unreadable e-mail.
    pub warned: u64,
    /// Numbers that a spreadsheet has turned into 9.8E+09.
    pub digits_lost: u64,
    /// Registrations made.
    pub new: u64,
    /// People that the organisation did not know.
    pub lead_new: u64,
    /// Rows taken as a person corrected them.
    pub fixed: u64,
    /// Of the ready ones, with a number, who agreed to promotions.
    pub agreed: u64,
    /// Agreements recorded.
    pub agreements: u64,
    /// Agreements passed over, because the person opted out within 90 days.
    pub agreements_too_soon: u64,
    /// What an undo took away.
    pub undone: u64,
    /// Registrations that an undo left, because a message was planned for them.
    pub kept: u64,
}

impl Summary {
    /// The summary of an import; an empty one before the first look.
    pub fn of(import: &Import) -> Summary {
        serde_json::from_value(import.summary.clone()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).expect("numbers are JSON")
    }
}

/// Why an import could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file; its words are for people.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The program stops, or a thread broke.
    #[error("The import was interrupted. Start it again: nobody is added twice.")]
    Interrupted,
}

/// Everything that an import needs.
#[derive(Clone)]
pub struct Importer {
    /// The store, bound to who imports.
    pub org: Org,
    /// The present moment.
    pub clock: SharedClock,
    /// Where numbers without a country code belong.
    pub home: Country,
    /// The zone of dates without an offset.
    pub zone: Zone,
    /// The file.
    pub file: PathBuf,
    /// Makes the keys of agreements and suppressions.
    pub phone_key: PhoneKey,
}

/// What a column of agreements is about: on which channel, in which words.
#[derive(Clone, Debug)]
struct Agreement {
    channel: Option<Channel>,
    wording: String,
    source: String,
}

impl Agreement {
    /// Forms title such a column with the sentence that people agreed to; a title that names a channel means that one.
    fn of(title: Option<&str>, file_name: &str) -> Agreement {
        let words = title.unwrap_or_default().to_lowercase();
        let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let named = [
            (Channel::WhatsappPersonal, has(&["whatsapp", "whats app", "व्हाट्स"])),
            (Channel::Sms, has(&["sms", "एसएमएस", "text message"])),
            (Channel::IvrCall, has(&["call", "कॉल"])),
        ];
        let mut named = named.iter().filter(|(_, named)| *named).map(|(channel, _)| *channel);
        let channel = match (named.next(), named.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        Agreement {
            channel,
            wording: title.map_or("A column without a title".to_owned(), line),
            source: format!("File {file_name}"),
        }
    }
}

/// A stretch of rows and how far the reader is.
type Stretch = (Vec<Read>, Progress);

impl Importer {
    /// Opens the file; slow for a large workbook, so on a thread of its own.
    pub async fn open(&self, file_name: &str) -> Result<Sheet, ImportError> {
        let (file, name) = (self.file.clone(), file_name.to_owned());
        let opened = tokio::task::spawn_blocking(move || Sheet::open(&file, &name)).await;
        Ok(opened.map_err(|_| ImportError::Interrupted)??)
    }

    /// What the dates of the chosen column say about their order; looks at every row.
    pub async fn date_order(&self, file_name: &str, column: usize) -> Result<OrderFound, ImportError> {
        let mut only = Mapping::default();
        only.set(Field::RegisteredAt, Some(column));
        let (file, name, home) = (self.file.clone(), file_name.to_owned(), self.home);
        let looked = tokio::task::spawn_blocking(move || -> Result<OrderFound, SheetError> {
            let mut orders = Orders::default();
            for row in Sheet::open(&file, &name)?.rows(&only, home)? {
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
        let json = serde_json::to_value(mapping).expect("a mapping is JSON");
        self.org.import_checked(import.id, &json, &Value::Null).await?;
        let mut summary = Summary::default();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut to_fix = Vec::new();
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            let (rows, at) = stretch?;
            let mut people = Vec::with_capacity(rows.len());
            for row in rows {
                summary.rows += 1;
                match row {
                    Read::ToFix(row, digits_lost) => {
                        summary.bad += 1;
                        summary.digits_lost += u64::from(digits_lost);
                        if summary.bad <= ROWS_TO_FIX_MAX {
                            to_fix.push(row);
                        }
                    }
                    Read::Person(Person { registrant: person, agreed }, warned) => {
                        if seen.insert(person.key()) {
                            summary.ready += 1;
                            summary.agreed += u64::from(agreed && person.phone.is_some());
                            summary.without_phone += u64::from(person.phone.is_none());
                            summary.warned += u64::from(warned);
                            people.push(person);
                        } else {
                            summary.already += 1;
                        }
                    }
                }
            }
            let known = self.org.count_registered(import.workshop, people, self.clock.now()).await?;
            summary.already += known;
            summary.ready = summary.ready.saturating_sub(known);
            if !to_fix.is_empty() {
                self.org.add_import_rows(import.id, &to_fix).await?;
                to_fix.clear();
            }
            progress(at);
        }
        self.org.import_summary(import.id, &summary.json()).await?;
        Ok(summary)
    }

    /// Registers the good rows, and those that a person corrected. May be called again after a restart.
    pub async fn commit(
        &self,
        import: &Import,
        mapping: &Mapping,
        mut progress: impl FnMut(Progress),
    ) -> Result<Summary, ImportError> {
        self.org.import_committing(import.id, self.clock.now()).await?;
        let before = Summary::of(import);
        let mut summary = Summary {
            new: 0,
            lead_new: 0,
            fixed: 0,
            already: 0,
            agreements: 0,
            agreements_too_soon: 0,
            ..before
        };
        let agreement = match mapping.get(Field::Consent) {
            Some(column) => Some(self.agreement(import, column).await?),
            None => None,
        };
        let mut people = self.fixed(import, mapping).await?;
        summary.fixed = people.len() as u64;
        let (mut written, mut read) = (Progress::default(), Progress::default());
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            let (rows, at) = stretch?;
            read = at;
            people.extend(rows.into_iter().filter_map(|row| match row {
                Read::Person(person, _) => Some(person),
                Read::ToFix(..) => None,
            }));
            if people.len() >= ROWS_IN_ORDER {
                let people = std::mem::take(&mut people);
                let steps = (written, read);
                self.write(import, people, agreement.as_ref(), &mut summary, steps, &mut progress).await?;
                written = read;
            }
        }
        let steps = (written, read);
        self.write(import, people, agreement.as_ref(), &mut summary, steps, &mut progress).await?;
        if import.state == ImportState::Committing {
            // What an earlier run brought was registered already in this one.
            let brought = self.org.brought_by_import(import.id).await?;
            summary.already = summary.already.saturating_sub(brought.registrations - summary.new);
            summary.new = brought.registrations;
            summary.lead_new = brought.leads;
            summary.agreements = brought.agreements;
        }
        self.org.import_committed(import.id, &summary.json(), self.clock.now()).await?;
        Ok(summary)
    }

    /// What the column of agreements is about.
    async fn agreement(&self, import: &Import, column: usize) -> Result<Agreement, ImportError> {
        let sheet = self.open(&import.file_name).await?;
        let title =
            sheet.columns().iter().find(|one| one.index == column).and_then(|one| one.header.as_deref());
        Ok(Agreement::of(title, &import.file_name))
    }

    /// Registers people in transactions. `steps` is how far the reader was before them and behind them.
    async fn write(
        &self,
        import: &Import,
        mut people: Vec<Person>,
        agreement: Option<&Agreement>,
        summary: &mut Summary,
        (before, behind): (Progress, Progress),
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        if people.len() > ROWS_PER_TRANSACTION {
            // Those of one number stay as they stand in the file: the first of them is told.
            people.sort_by(|a, b| a.registrant.phone.cmp(&b.registrant.phone));
        }
        let (all, mut done) = (people.len() as u64, 0);
        let mut people = people.into_iter();
        while people.len() > 0 {
            let some: Vec<Person> = people.by_ref().take(ROWS_PER_TRANSACTION).collect();
            done += some.len() as u64;
            self.write_together(import, some, agreement, summary).await?;
            progress(before.on_the_way_to(&behind, done, all));
        }
        Ok(())
    }

    async fn write_together(
        &self,
        import: &Import,
        people: Vec<Person>,
        agreement: Option<&Agreement>,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut consents = Vec::new();
        let mut phones = Vec::with_capacity(people.len());
        let mut registrants = Vec::with_capacity(people.len());
        for Person { registrant, agreed } in people {
            if let Some(phone) = &registrant.phone {
                phones.push(phone.as_str().to_owned());
                if let Some(agreement) = agreement.filter(|_| agreed) {
                    consents.push(NewConsent {
                        phone: phone.clone(),
                        phone_key: self.phone_key.of(phone.as_str()),
                        channel: agreement.channel,
                        given_at: now,
                        source: agreement.source.clone(),
                        wording: agreement.wording.clone(),
                        note: String::new(),
                    });
                }
            }
            registrants.push(registrant);
        }
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

    /// Takes the import back.
    pub async fn undo(
        &self,
        import: &Import,
        progress: impl FnMut(&Undone) + Send,
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
                let place = mapping.chosen().position(|(chosen, _)| chosen == Field::Consent);
                let answer = place.and_then(|at| cells.get(at)).and_then(|cell| yes_or_no(cell));
                let registrant = read_again(&cells, mapping, self.home, &self.zone).ok()?;
                Some(Person { registrant, agreed: answer == Some(true) })
            }
            Decision::Open | Decision::Skip | Decision::StillWrong(_) => None,
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
    let mut sheet = Sheet::open(file, name)?;
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
        if sender.blocking_send(Ok((stretch, progress))).is_err() || last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_column_tells_channel_and_wording() {
        let told = |title| {
            let agreement = Agreement::of(title, "people.csv");
            (agreement.channel, agreement.wording)
        };
        assert_eq!(
            told(Some("Send me offers on WhatsApp")),
            (Some(Channel::WhatsappPersonal), "Send me offers on WhatsApp".into())
        );
        assert_eq!(told(Some("SMS opt-in")).0, Some(Channel::Sms));
        assert_eq!(told(Some("Offers by WhatsApp and SMS")).0, None, "every channel");
        assert_eq!(told(Some("सहमति")), (None, "सहमति".into()));
        assert_eq!(told(None).1, "A column without a title");
    }
}
