//! A newer export of the same list, compared with who is registered: unchanged, ended, changed, back again, gone.
//!
//! Most people are known by number, name and address. A person who is not found this way may be a registration with a
//! new number or name. It is recognised by the id that the list's maker gave it, or by the same e-mail address where
//! name or number is alike. Two rows that could be the same registration are none. The commit compares anew, because
//! others may have changed something meanwhile, and takes over the ticked kinds. Statuses are noted in
//! `import_changes`, and corrections with their import: an undo gives back both where nobody changed them since.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    email::Email,
    ids::RegistrantId,
    phone::Phone,
    workshop::{Difference, RegistrantStatus},
};
use serde::{Deserialize, Serialize};
use store::{
    StoreError,
    differences::{ComparedRegistration, NewDifference},
    imports::Import,
    registrants::{Corrected, Correction, NewRegistrant, PastCorrection},
};

use super::{
    ImportError, Importer,
    file_says::{FileSays, Says, TWICE_KEY},
    rows::{Person, Read},
    summary::Summary,
};
use crate::read::Mapping;

/// Registrations read in one go.
const ROWS: i64 = 4_000;
/// So many who are not in the file make it another list: nobody is looked for under another name then.
const SOUGHT_MAX: usize = 100_000;
/// Differences of one kind that are kept to be shown.
const SHOWN_MAX: usize = 1_000;

/// In what a newer list differs from what is registered, and what was decided about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListComparison {
    /// Registrations of which the list says what stands here.
    pub unchanged: u64,
    /// Those of the changed registrations that have another number.
    pub numbers: u64,
    /// What differs, each kind with its number and whether it is taken over.
    pub groups: BTreeMap<Difference, Group>,
}

/// The differences of one kind between a newer list and the registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The number of registrations with such a difference.
    pub people: u64,
    /// Whether the import takes the difference over.
    pub take: bool,
    /// The number of registrations in which it was taken over.
    pub done: u64,
}

impl ListComparison {
    /// Whether a kind is taken over unless somebody says otherwise: what ends or corrects a registration. Never what adds somebody to those
    /// who get messages, and never what a file says by leaving somebody out.
    pub fn taken_unless_said(kind: Difference) -> bool {
        match kind {
            Difference::Ended | Difference::NoPlace | Difference::Changed => true,
            Difference::OtherPayment | Difference::Returned | Difference::Gone => false,
        }
    }

    /// How many registrations differ in this way.
    pub fn people(&self, kind: Difference) -> u64 {
        self.groups.get(&kind).map_or(0, |group| group.people)
    }

    /// Whether a kind is taken over.
    pub fn takes(&self, kind: Difference) -> bool {
        self.groups.get(&kind).map_or(ListComparison::taken_unless_said(kind), |group| group.take)
    }

    /// Takes a kind over, or not.
    pub fn choose(&mut self, kind: Difference, take: bool) {
        self.groups.entry(kind).or_default().take = take;
    }

    /// The kinds that somebody is in, in the order of screens.
    pub fn met(&self) -> impl Iterator<Item = (Difference, Group)> + '_ {
        let all = Difference::ALL.iter().filter_map(|kind| Some((*kind, *self.groups.get(kind)?)));
        all.filter(|(_, group)| group.people > 0)
    }

    /// Registrations in which something was taken over.
    pub fn done(&self) -> u64 {
        self.groups.values().map(|group| group.done).sum()
    }

    /// Rows of the file that are not taken as they stand: who is back, and who changed, where nobody takes that over.
    pub fn rows_left(&self) -> u64 {
        let in_the_file = [Difference::Returned, Difference::Changed];
        in_the_file.into_iter().filter(|kind| !self.takes(*kind)).map(|kind| self.people(kind)).sum()
    }
}

/// The result of comparing a list with the registrations.
#[derive(Default)]
pub(super) struct Compared {
    unchanged: u64,
    ended: Vec<(RegistrantId, RegistrantStatus)>,
    no_place: Vec<RegistrantId>,
    other_payment: Vec<(RegistrantId, RegistrantStatus)>,
    returned: Vec<RegistrantId>,
    changed: Vec<(ComparedRegistration, Correction)>,
    gone: Vec<RegistrantId>,
    /// Keys of people in the file who are registered here under another name or number: nobody new.
    pub(super) same: HashSet<u64>,
}

impl Compared {
    /// Whether anybody in the file is registered here.
    fn knows_anybody(&self) -> bool {
        let others = [
            self.ended.len(),
            self.no_place.len(),
            self.other_payment.len(),
            self.returned.len(),
            self.changed.len(),
        ];
        self.unchanged > 0 || others.iter().any(|n| *n > 0)
    }

    /// In numbers, with the decisions of before.
    pub(super) fn again(&self, before: &ListComparison) -> ListComparison {
        let groups = Difference::ALL.iter().map(|kind| {
            let people = match kind {
                Difference::Ended => self.ended.len(),
                Difference::NoPlace => self.no_place.len(),
                Difference::OtherPayment => self.other_payment.len(),
                Difference::Changed => self.changed.len(),
                Difference::Returned => self.returned.len(),
                Difference::Gone => self.gone.len(),
            };
            (*kind, Group { people: people as u64, take: before.takes(*kind), done: 0 })
        });
        let numbers = self
            .changed
            .iter()
            .filter(|(here, to)| to.phone.as_ref().is_some_and(|phone| phone.as_str() != here.phone));
        ListComparison {
            unchanged: self.unchanged,
            numbers: numbers.count() as u64,
            groups: groups.collect(),
        }
    }

    /// The first of each kind, to be shown.
    fn shown(&self) -> Vec<(Difference, NewDifference)> {
        let status = |id: RegistrantId, status: Option<RegistrantStatus>| NewDifference {
            id,
            name: String::new(),
            email: String::new(),
            phone: String::new(),
            status: status.map_or(String::new(), |status| status.word().to_owned()),
        };
        let changed = |(here, to): &(ComparedRegistration, Correction)| NewDifference {
            id: here.id,
            name: to.name.as_ref().map_or(String::new(), |name| name.as_str().to_owned()),
            email: to.email.as_ref().map_or(String::new(), |email| email.as_str().to_owned()),
            phone: to.phone.as_ref().map_or(String::new(), |phone| phone.as_str().to_owned()),
            status: String::new(),
        };
        let ended = self.ended.iter().take(SHOWN_MAX);
        let mut rows: Vec<(Difference, NewDifference)> =
            ended.map(|(id, to)| (Difference::Ended, status(*id, Some(*to)))).collect();
        let other = self.other_payment.iter().take(SHOWN_MAX);
        rows.extend(other.map(|(id, to)| (Difference::OtherPayment, status(*id, Some(*to)))));
        for (kind, ids) in [
            (Difference::NoPlace, &self.no_place),
            (Difference::Returned, &self.returned),
            (Difference::Gone, &self.gone),
        ] {
            rows.extend(ids.iter().take(SHOWN_MAX).map(|id| (kind, status(*id, None))));
        }
        rows.extend(self.changed.iter().take(SHOWN_MAX).map(|one| (Difference::Changed, changed(one))));
        rows
    }
}

/// Registrations that the file does not name as they stand here, to be found under another name or number.
struct Sought {
    missing: Vec<ComparedRegistration>,
    /// What people corrected by hand in these registrations.
    past: HashMap<RegistrantId, Vec<PastCorrection>>,
    /// By the number that stood there before somebody corrected it.
    by_former: HashMap<String, Option<usize>>,
    /// Places in `missing`; none where several have the same.
    by_reference: HashMap<String, Option<usize>>,
    by_email: HashMap<String, Option<usize>>,
}

/// How somebody in the file was found to be a registration here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Former,
    Reference,
    Email,
}

/// A row of the file that may be a registration here.
struct Hit {
    missing: usize,
    how: How,
    person: NewRegistrant,
    says: Says,
}

impl Sought {
    fn of(missing: Vec<ComparedRegistration>, corrections: Vec<PastCorrection>) -> Sought {
        let mut past: HashMap<RegistrantId, Vec<PastCorrection>> = HashMap::new();
        // What a list brought says nothing against a newer list.
        for correction in corrections.into_iter().filter(|one| one.file_name.is_none()) {
            past.entry(correction.registrant).or_default().push(correction);
        }
        let (by_former, by_reference, by_email) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut sought = Sought { missing, past, by_former, by_reference, by_email };
        for (at, known) in sought.missing.iter().enumerate() {
            for former in sought.past.get(&known.id).into_iter().flatten() {
                if !former.phone.0.is_empty() {
                    let place = sought.by_former.entry(former.phone.0.clone());
                    place.and_modify(|place| *place = None).or_insert(Some(at));
                }
            }
            for (value, places) in [
                (known.reference.clone(), &mut sought.by_reference),
                (known.email.to_lowercase(), &mut sought.by_email),
            ] {
                if !value.is_empty() {
                    places.entry(value).and_modify(|place| *place = None).or_insert(Some(at));
                }
            }
        }
        sought
    }

    fn find(&self, person: &NewRegistrant) -> Option<(usize, How)> {
        let former = person.phone.as_ref().and_then(|phone| self.by_former.get(phone.as_str()));
        if let Some(at) = former.copied().flatten()
            && alike(&self.missing[at], person)
        {
            return Some((at, How::Former));
        }
        let by_reference = self.by_reference.get(&person.reference).copied().flatten();
        if let Some(at) = by_reference {
            return Some((at, How::Reference));
        }
        let email = person.email.as_ref().map(|email| email.as_str().to_lowercase())?;
        let at = self.by_email.get(&email).copied().flatten()?;
        // Two ids are two registrations, also of one address.
        let other = !person.reference.is_empty()
            && !self.missing[at].reference.is_empty()
            && person.reference != self.missing[at].reference;
        (!other && alike(&self.missing[at], person)).then_some((at, How::Email))
    }
}

/// Whether two entries with one address are one person: the number is the same, or a part of the name. A family may share an address.
fn alike(here: &ComparedRegistration, there: &NewRegistrant) -> bool {
    let Some(name) = &there.name else { return true };
    let phone = there.phone.as_ref().map_or("", Phone::as_str);
    if here.name.is_empty() || (!phone.is_empty() && phone == here.phone) {
        return true;
    }
    let words = |name: &str| -> HashSet<String> {
        name.to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .filter(|word| word.chars().count() > 1)
            .collect()
    };
    !words(&here.name).is_disjoint(&words(name.as_str()))
}

/// What the registration says with the newer list's values; what the list leaves empty stays.
fn corrected(here: &ComparedRegistration, there: &NewRegistrant) -> Correction {
    let old = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let phone = there.phone.clone();
    Correction {
        name: there.name.clone().or_else(|| domain::name::PersonName::parse(&here.name)),
        email: there.email.clone().or_else(|| old(&here.email).and_then(|text| Email::parse(&text).ok())),
        phone_typed: if phone.is_some() { there.phone_typed.clone() } else { here.phone_typed.clone() },
        phone: phone.or_else(|| Phone::from_stored(&here.phone).ok()),
        may_share: true,
    }
}

/// A newer list that says what stood here before somebody corrected it says nothing new: what they wrote stays.
fn keep_corrected(here: &ComparedRegistration, to: &mut Correction, past: &[PastCorrection]) {
    let was = |before: &str, pick: fn(&PastCorrection) -> &(String, String)| {
        !before.is_empty() && past.iter().any(|one| pick(one).0 == before)
    };
    if was(to.phone.as_ref().map_or("", Phone::as_str), |one| &one.phone) {
        to.phone = Phone::from_stored(&here.phone).ok();
        to.phone_typed.clone_from(&here.phone_typed);
    }
    if was(to.name.as_ref().map_or("", |name| name.as_str()), |one| &one.name) {
        to.name = domain::name::PersonName::parse(&here.name);
    }
    if was(to.email.as_ref().map_or("", |email| email.as_str()), |one| &one.email) {
        to.email = Email::parse(&here.email).ok();
    }
}

/// Whether a correction leaves everything as it stands.
fn says_the_same(here: &ComparedRegistration, to: &Correction) -> bool {
    to.name.as_ref().map_or("", |name| name.as_str()) == here.name
        && to.email.as_ref().map_or("", |email| email.as_str()) == here.email
        && to.phone.as_ref().map_or("", Phone::as_str) == here.phone
}

impl Importer {
    /// Whether anybody is registered here whom a list could be compared with.
    async fn somebody_is_here(&self, import: &Import) -> Result<bool, StoreError> {
        Ok(!self.org.known(import.workshop, None, 1).await?.is_empty())
    }

    /// Compares the file with who is registered.
    pub(super) async fn compare(
        &self,
        import: &Import,
        mapping: &Mapping,
        file: &FileSays,
    ) -> Result<Compared, ImportError> {
        let mut compared = Compared::default();
        let (mut missing, mut after) = (Vec::new(), None);
        loop {
            let known = self.org.known(import.workshop, after, ROWS).await?;
            let Some(last) = known.last() else { break };
            after = Some(last.id);
            for here in known {
                let stands = here.status == RegistrantStatus::Registered;
                match (stands, file.says(here.key)) {
                    (true, Some(Says::Ended(status))) if file.is_about_another(here.key, &here.reference) => {
                        compared.other_payment.push((here.id, status));
                    }
                    (true, Some(Says::NoPlace)) if file.is_about_another(here.key, &here.reference) => {
                        compared.other_payment.push((here.id, RegistrantStatus::Cancelled));
                    }
                    (true, Some(Says::Ended(status))) => compared.ended.push((here.id, status)),
                    (true, Some(Says::NoPlace)) => compared.no_place.push(here.id),
                    (true, Some(Says::Place | Says::Open)) => compared.unchanged += 1,
                    (true, None) => missing.push(here),
                    (false, Some(Says::Place)) => compared.returned.push(here.id),
                    (false, Some(Says::Ended(_) | Says::NoPlace | Says::Open) | None) => {}
                }
            }
        }
        if missing.is_empty() || missing.len() > SOUGHT_MAX {
            compared.gone = missing.into_iter().map(|known| known.id).collect();
        } else {
            let past = self.org.corrections_among(missing.iter().map(|known| known.id).collect()).await?;
            self.recognise(import, mapping, file, Sought::of(missing, past), &mut compared).await?;
        }
        if !compared.knows_anybody() {
            // Another list: it says nothing about who is here.
            compared.gone = Vec::new();
        }
        Ok(compared)
    }

    /// Looks through the file for the registrations that it does not name as they stand here.
    async fn recognise(
        &self,
        import: &Import,
        mapping: &Mapping,
        file: &FileSays,
        sought: Sought,
        compared: &mut Compared,
    ) -> Result<(), ImportError> {
        let mut hits: BTreeMap<u64, Hit> = BTreeMap::new();
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            for read in stretch?.rows {
                let person = match read {
                    Read::Person(person, _) | Read::NoStatus(person) => person.registrant,
                    Read::LeftOut { person, .. } => *person,
                    Read::ToFix(..) => continue,
                };
                if let Some((missing, how)) = sought.find(&person) {
                    let key = person.key();
                    let says = file.says(key).unwrap_or(Says::Open);
                    hits.insert(key, Hit { missing, how, person, says });
                }
            }
        }
        let rows = hits.values().map(|hit| hit.person.clone()).collect();
        // A registration that is here exactly so belongs to somebody else with the same address or order.
        let here = self.org.registrations_of(import.workshop, rows, self.clock.now()).await?;
        let hits = hits.into_iter().zip(here).filter(|(_, here)| here.is_none()).map(|(hit, _)| hit);
        let mut of_one: BTreeMap<usize, Vec<(u64, Hit)>> = BTreeMap::new();
        for (key, hit) in hits {
            of_one.entry(hit.missing).or_default().push((key, hit));
        }
        let past = sought.past;
        let mut missing: Vec<Option<ComparedRegistration>> = sought.missing.into_iter().map(Some).collect();
        for (at, mut hits) in of_one {
            let best = hits.iter().map(|(_, hit)| hit.how).min();
            hits.retain(|(_, hit)| Some(hit.how) == best);
            // Several rows that could be the same registration: nobody can tell which.
            let [(key, hit)] = hits.as_slice() else { continue };
            if let Some(here) = missing[at].take() {
                compared.same.insert(*key);
                match hit.says {
                    Says::Ended(status) => compared.ended.push((here.id, status)),
                    Says::NoPlace => compared.no_place.push(here.id),
                    Says::Open => compared.unchanged += 1,
                    Says::Place => {
                        let mut to = corrected(&here, &hit.person);
                        keep_corrected(&here, &mut to, past.get(&here.id).map_or(&[], Vec::as_slice));
                        match says_the_same(&here, &to) {
                            true => compared.unchanged += 1,
                            false => compared.changed.push((here, to)),
                        }
                    }
                }
            }
        }
        compared.gone = missing.into_iter().flatten().map(|known| known.id).collect();
        Ok(())
    }

    /// Compares after a look, and keeps the differences to be shown.
    pub(super) async fn look_again(
        &self,
        import: &Import,
        mapping: &Mapping,
        file: &FileSays,
        summary: &mut Summary,
    ) -> Result<(), ImportError> {
        if !self.somebody_is_here(import).await? {
            return Ok(());
        }
        let compared = self.compare(import, mapping, file).await?;
        let before = Summary::of(import).again;
        summary.again = compared.again(&before);
        let same = compared.same.iter().filter(|key| file.registers(**key)).count() as u64;
        summary.ready = summary.ready.saturating_sub(same);
        summary.already += same;
        summary.without_place = summary.without_place.saturating_sub(compared.ended.len() as u64);
        self.org.keep_differences(import.id, &compared.shown()).await?;
        Ok(())
    }

    /// Compares right before the commit: who is registered may have changed since the look. `fixed` are the rows that a person corrected.
    pub(super) async fn compare_now(
        &self,
        import: &Import,
        mapping: &Mapping,
        fixed: &[Person],
    ) -> Result<(Compared, FileSays), ImportError> {
        let mut file = FileSays::new(mapping.statuses.get(TWICE_KEY).copied());
        let is_here = self.somebody_is_here(import).await?;
        // Without anybody to compare with, the file is read once; but for rows that contradict one another.
        if !is_here && Summary::of(import).twice == 0 {
            return Ok((Compared::default(), file));
        }
        for person in fixed {
            file.person(&person.registrant);
        }
        let mut stretches = self.read(import, mapping);
        while let Some(stretch) = stretches.recv().await {
            for read in stretch?.rows {
                match read {
                    Read::Person(person, _) => {
                        file.person(&person.registrant);
                    }
                    Read::NoStatus(person) => file.left_out(&person.registrant, false),
                    Read::LeftOut { known, person, .. } => file.left_out(&person, known),
                    Read::ToFix(..) => {}
                }
            }
        }
        let compared = match is_here {
            true => self.compare(import, mapping, &file).await?,
            false => Compared::default(),
        };
        Ok((compared, file))
    }

    /// Takes over what was chosen: first what ends and corrects registrations, so that nobody is told at an old number beside a new one.
    pub(super) async fn take_over(
        &self,
        import: &Import,
        compared: &Compared,
        again: &mut ListComparison,
    ) -> Result<(), StoreError> {
        let mut changes: Vec<(Difference, RegistrantId, RegistrantStatus)> = Vec::new();
        changes.extend(compared.ended.iter().map(|(id, status)| (Difference::Ended, *id, *status)));
        let other = compared.other_payment.iter();
        changes.extend(other.map(|(id, status)| (Difference::OtherPayment, *id, *status)));
        for (kind, ids, status) in [
            (Difference::NoPlace, &compared.no_place, RegistrantStatus::Cancelled),
            (Difference::Gone, &compared.gone, RegistrantStatus::Cancelled),
            (Difference::Returned, &compared.returned, RegistrantStatus::Registered),
        ] {
            changes.extend(ids.iter().map(|id| (kind, *id, status)));
        }
        changes.retain(|(kind, ..)| again.takes(*kind));
        let mut done: HashMap<Difference, u64> = HashMap::new();
        for (kind, id, status) in changes {
            let taken =
                self.org.take_over_status(import.id, import.workshop, id, status, self.clock.now()).await?;
            *done.entry(kind).or_default() += u64::from(taken);
        }
        if again.takes(Difference::Changed) {
            for (here, to) in &compared.changed {
                let now = self.clock.now();
                let corrected =
                    self.org.take_over_correction(import.id, import.workshop, here.id, to, now).await?;
                *done.entry(Difference::Changed).or_default() += u64::from(corrected == Corrected::Done);
            }
        }
        for (kind, done) in done {
            again.groups.entry(kind).or_default().done = done;
        }
        Ok(())
    }
}
