//! Reads a file of people into a workshop: first a look that changes nothing, then the good rows, then perhaps an undo.
//!
//! One thread reads, the store writes meanwhile, and neither gets more than a few thousand rows ahead. Rows that cannot be taken are kept
//! for a person. Begun again after a restart, an import adds nobody twice.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    channel::Channel,
    email::Email,
    ids::ImportId,
    name::PersonName,
    phone::{Country, Phone, PhoneError},
    time::{SharedClock, Zone},
};
use engine::import::{
    CellProblem, Field, Mapping, OrderFound, Orders, PhoneCell, Row, Sheet, SheetError, Verdict, read_date,
    source_of, yes_or_no,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Org, PhoneKey, StoreError,
    consents::NewConsent,
    imports::{Decision, Import, ImportRow, Undone},
    registrants::NewRegistrant,
};
use tokio::sync::mpsc;

/// Rows that the store registers in one transaction.
const ROWS_PER_TRANSACTION: usize = 4_000;
/// Stretches of rows that the reader may be ahead.
const STRETCHES_AHEAD: usize = 2;
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

/// A problem of a cell, as it is kept: place in the mapped cells, and words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// Place among the mapped cells; `None` for the whole row.
    pub cell: Option<usize>,
    /// What happened and what to do.
    pub says: String,
}

/// What is wrong with a row, from its JSON.
pub fn wrongs(row: &ImportRow) -> Vec<Wrong> {
    serde_json::from_value(row.problems.clone()).unwrap_or_default()
}

/// How far something is, for the page that waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows done.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of the file; 0 when what is done is no file.
    pub bytes_total: u64,
}

/// What runs now, and what went wrong last, per import. In memory: after a restart, the import's own state says what to do.
#[derive(Clone, Debug, Default)]
pub struct Jobs(Arc<Mutex<HashMap<ImportId, Job>>>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Under way.
    Running(Progress),
    /// Ended badly; words for people.
    Failed(String),
}

impl Jobs {
    /// What is known about an import.
    pub fn get(&self, id: ImportId) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Begins; false when something runs for this import already.
    pub fn begin(&self, id: ImportId) -> bool {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = !matches!(jobs.get(&id), Some(Job::Running(_)));
        if free {
            jobs.insert(id, Job::Running(Progress::default()));
        }
        free
    }

    /// Ends, well or badly.
    pub fn end(&self, id: ImportId, failed: Option<String>) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(words) => jobs.insert(id, Job::Failed(words)),
            None => jobs.remove(&id),
        };
    }

    /// Reports.
    pub fn progress(&self, id: ImportId, progress: Progress) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Job::Running(progress));
    }
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

/// A row as it is written: the registration, and whether they agreed to promotions.
#[derive(Clone, Debug)]
struct Person {
    registrant: NewRegistrant,
    agreed: bool,
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
            wording: title.map_or("A column without a title".to_owned(), |title| title.trim().to_owned()),
            source: format!("File {file_name}"),
        }
    }
}

/// A row as the reader hands it on. Made on the reader's thread, where the cells that are not kept are freed again.
enum Read {
    /// Somebody to register; whether something was left out, such as an unreadable e-mail.
    Person(Person, bool),
    /// A row for a person to correct; whether a spreadsheet has lost digits of its number.
    ToFix(ImportRow, bool),
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
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            let (rows, at) = stretch?;
            people.extend(rows.into_iter().filter_map(|row| match row {
                Read::Person(person, _) => Some(person),
                Read::ToFix(..) => None,
            }));
            self.write(import, std::mem::take(&mut people), agreement.as_ref(), &mut summary).await?;
            progress(at);
        }
        self.write(import, people, agreement.as_ref(), &mut summary).await?;
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

    async fn write(
        &self,
        import: &Import,
        people: Vec<Person>,
        agreement: Option<&Agreement>,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        if people.is_empty() {
            return Ok(());
        }
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
        let mut stretch = Vec::with_capacity(ROWS_PER_TRANSACTION);
        while stretch.len() < ROWS_PER_TRANSACTION {
            match rows.next() {
                Some(row) => stretch.push(read_row(row?, mapping)),
                None => break,
            }
        }
        let far = rows.progress();
        let progress = Progress { rows: far.rows, bytes: far.bytes, bytes_total: far.bytes_total };
        let last = stretch.len() < ROWS_PER_TRANSACTION;
        if sender.blocking_send(Ok((stretch, progress))).is_err() || last {
            return Ok(());
        }
    }
}

fn read_row(row: Row, mapping: &Mapping) -> Read {
    let verdict = row.verdict();
    if verdict == Verdict::Bad {
        let digits_lost = matches!(row.person.phone, PhoneCell::Bad { error: PhoneError::DigitsLost, .. });
        return Read::ToFix(to_keep(&row, mapping), digits_lost);
    }
    let agreed = row.person.consent == Some(true);
    Read::Person(Person { registrant: registrant(row), agreed }, verdict == Verdict::Warned)
}

fn registrant(row: Row) -> NewRegistrant {
    let phone = match row.person.phone {
        PhoneCell::Ok(phone) => Some(phone),
        PhoneCell::Missing | PhoneCell::Bad { .. } => None,
    };
    let phone_typed = match &phone {
        Some(_) => row
            .cells
            .into_iter()
            .find(|(field, _)| *field == Field::Phone)
            .map_or(String::new(), |(_, text)| text),
        // A word for nothing ("-", "N/A") is nothing.
        None => String::new(),
    };
    NewRegistrant {
        name: row.person.name,
        email: row.person.email,
        phone,
        phone_typed,
        registered_at: row.person.registered_at,
        status: row.person.status,
        came_from: row.person.source.unwrap_or_default(),
    }
}

fn to_keep(row: &Row, mapping: &Mapping) -> ImportRow {
    let place = |field: Field| mapping.chosen().position(|(chosen, _)| chosen == field);
    // What makes the row bad comes first; the rest is only told.
    let wrong =
        |problem: &CellProblem| Wrong { cell: problem.field.and_then(place), says: problem.message.clone() };
    let problems: Vec<Wrong> = row.problems.iter().map(wrong).collect();
    ImportRow {
        line: i64::try_from(row.line).unwrap_or(i64::MAX),
        cells: mapping.chosen().map(|(field, _)| row.cell(field).to_owned()).collect(),
        problems: serde_json::to_value(problems).expect("texts are JSON"),
        decision: Decision::Open,
    }
}

/// The cells of a row with what a person typed in their place.
pub fn with_typed(row: &ImportRow, typed: &[(usize, String)]) -> Vec<String> {
    let mut cells = row.cells.clone();
    for (place, text) in typed {
        if let Some(cell) = cells.get_mut(*place) {
            cell.clone_from(text);
        }
    }
    cells
}

/// Reads corrected cells as the file's own are read, but strictly: what a person typed is taken whole or sent back.
pub fn read_again(
    cells: &[String],
    mapping: &Mapping,
    home: Country,
    zone: &Zone,
) -> Result<NewRegistrant, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let place = |field: Field| mapping.chosen().position(|(chosen, _)| chosen == field);
    let cell = |field: Field| place(field).and_then(|at| cells.get(at)).map_or("", |text| text.trim());
    let home = match cell(Field::CountryCode) {
        "" => home,
        code => Country::from_calling_code(code).unwrap_or(home),
    };
    let mut say = |field: Field, says: String| wrong.push(Wrong { cell: place(field), says });
    let phone = match cell(Field::Phone) {
        "" => None,
        typed => Phone::parse(typed, home).map_err(|error| say(Field::Phone, error.to_string())).ok(),
    };
    let email = match cell(Field::Email) {
        "" => None,
        typed => Email::parse(typed).map_err(|error| say(Field::Email, error.to_string())).ok(),
    };
    let registered_at = match cell(Field::RegisteredAt) {
        "" | "-" => None,
        typed => read_date(typed, mapping.date_order(), zone)
            .map_err(|error| say(Field::RegisteredAt, error.to_string()))
            .ok(),
    };
    let name = PersonName::parse(cell(Field::Name))
        .or_else(|| PersonName::from_parts(cell(Field::FirstName), cell(Field::LastName)));
    if wrong.is_empty() && phone.is_none() && email.is_none() && name.is_none() {
        let says =
            "There is no name, number or e-mail in this row. Fill in at least one, or leave the row out.";
        wrong.push(Wrong { cell: place(Field::Phone).or(place(Field::Name)), says: says.to_owned() });
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let phone_typed = cell(Field::Phone).to_owned();
    let status = match cell(Field::Status) {
        "" => None,
        word => word.to_lowercase().parse().ok(),
    };
    let came_from = source_of(cell(Field::Source)).unwrap_or_default();
    Ok(NewRegistrant { name, email, phone, phone_typed, registered_at, status, came_from })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> Mapping {
        let mut mapping = Mapping::default();
        mapping.set(Field::Name, Some(0));
        mapping.set(Field::Phone, Some(1));
        mapping.set(Field::Email, Some(2));
        mapping
    }

    #[track_caller]
    fn check(cells: [&str; 3], expected: Result<&str, &[usize]>) {
        let cells = cells.map(str::to_owned);
        let got = read_again(&cells, &mapping(), Country::INDIA, &Zone::india());
        let got = got.map(|person| person.phone.map_or(String::new(), |phone| phone.as_str().to_owned()));
        let got = got.map_err(|wrong| wrong.into_iter().filter_map(|wrong| wrong.cell).collect::<Vec<_>>());
        assert_eq!(
            got.as_ref().map(String::as_str),
            expected.map_err(<[usize]>::to_vec).as_ref().map(|s| *s),
            "{cells:?}"
        );
    }

    #[test]
    fn a_corrected_row_is_taken_whole_or_sent_back_with_every_fault() {
        check(["Asha", "90000 00001", ""], Ok("+919000000001"));
        check(["Asha", "", ""], Ok(""));
        check(["Asha", "12", "asha"], Err(&[1, 2]));
        check(["", "", ""], Err(&[1]));
        check(["", "", "asha@example.com"], Ok(""));
    }

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
