//! Matches the visitors of a report with registrations.

use std::collections::{BTreeMap, HashMap};

use domain::{
    attendance::TimeAttended,
    ids::{RegistrantId, WorkshopId},
    search::index_words,
};
use store::{Org, StoreError, attendance::NewAttendance, differences::ComparedRegistration};

use super::{Report, Stay, Visitor};

/// By what somebody was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchedBy {
    /// By their number or their e-mail address.
    Contact,
    /// By first and last name alone, which nobody else of the workshop and of the report has.
    Name,
}

/// A registrant who was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Id of the registration.
    pub registrant: RegistrantId,
    /// The name of the registration.
    pub name: String,
    /// The name in the report.
    pub called: String,
    /// The value by which the registrant was found.
    pub by: MatchedBy,
    /// When they came and went, and for how long they stayed.
    pub stay: Stay,
}

/// A report beside the registrants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttendanceMatch {
    /// Registrants who were there, each once.
    pub attended: Vec<Attended>,
    /// Visitors who are nobody of the registrants, or who may be several of them.
    pub unknown: Vec<Visitor>,
}

impl AttendanceMatch {
    /// Whom it is taken over for, with those found by name alone where `names` says so; and how many visitors are
    /// nobody's then.
    pub fn to_take(&self, names: bool) -> (Vec<NewAttendance>, i64) {
        let counts = |one: &&Attended| names || one.by == MatchedBy::Contact;
        let new = |one: &Attended| NewAttendance {
            registrant: one.registrant,
            stayed: TimeAttended {
                minutes: one.stay.minutes(),
                joined_at: one.stay.joined(),
                left_at: one.stay.left(),
            },
        };
        let people: Vec<NewAttendance> = self.attended.iter().filter(counts).map(new).collect();
        let left = self.unknown.len() + self.attended.len() - people.len();
        (people, i64::try_from(left).unwrap_or(i64::MAX))
    }
}

/// Registrants read at once.
const STRETCH: i64 = 5_000;

/// A report beside the registrants of a workshop.
///
/// # Errors
/// When the store cannot be read.
pub async fn match_report(
    org: &Org,
    workshop: WorkshopId,
    report: Report,
) -> Result<AttendanceMatch, StoreError> {
    let mut known: Vec<ComparedRegistration> = vec![];
    loop {
        let last = known.last().map(|one| one.id);
        let more = org.known(workshop, last, STRETCH).await?;
        let ended = i64::try_from(more.len()).unwrap_or(0) < STRETCH;
        known.extend(more);
        if ended {
            return Ok(match_visitors(report, &known));
        }
    }
}

/// The registrants of a workshop, by what people are known by.
#[derive(Default)]
struct Index<'a> {
    phones: HashMap<&'a str, Vec<&'a ComparedRegistration>>,
    emails: HashMap<String, Vec<&'a ComparedRegistration>>,
    names: HashMap<String, Vec<&'a ComparedRegistration>>,
}

/// First and last name in any order, without case and marks; empty where there is only one word, which many people
/// have.
fn name_key(name: &str) -> String {
    let words = index_words(name, "");
    if words.len() < 2 { String::new() } else { words.into_iter().collect::<Vec<_>>().join(" ") }
}

impl<'a> Index<'a> {
    fn of(registrants: &'a [ComparedRegistration]) -> Index<'a> {
        let mut index = Index::default();
        for one in registrants {
            if !one.phone.is_empty() {
                index.phones.entry(&one.phone).or_default().push(one);
            }
            if !one.email.is_empty() {
                index.emails.entry(one.email.to_lowercase()).or_default().push(one);
            }
            let name = name_key(&one.name);
            if !name.is_empty() {
                index.names.entry(name).or_default().push(one);
            }
        }
        index
    }

    /// Who has this number or address; of several the one with this name.
    fn by_contact(&self, visitor: &Visitor) -> Option<&'a ComparedRegistration> {
        let phone = visitor.phone.as_ref().and_then(|phone| self.phones.get(phone.as_str()));
        let email = visitor.email.as_ref().and_then(|email| self.emails.get(&email.as_str().to_lowercase()));
        [email, phone].into_iter().flatten().find_map(|known| match known[..] {
            [only] => Some(only),
            _ => {
                let name = name_key(&visitor.name);
                let mut same = known.iter().filter(|one| !name.is_empty() && name_key(&one.name) == name);
                let first = same.next().copied();
                if same.next().is_some() { None } else { first }
            }
        })
    }
}

/// Says whose registration each visitor is. A registrant who stands in the report under two addresses was there once.
pub fn match_visitors(report: Report, registrants: &[ComparedRegistration]) -> AttendanceMatch {
    let index = Index::of(registrants);
    let mut attended: BTreeMap<RegistrantId, Attended> = BTreeMap::new();
    let mut rest = Vec::new();
    for visitor in report.visitors {
        match index.by_contact(&visitor) {
            Some(known) => take(&mut attended, known, visitor, MatchedBy::Contact),
            None => rest.push(visitor),
        }
    }
    let mut called: HashMap<String, usize> = HashMap::new();
    for visitor in &rest {
        *called.entry(name_key(&visitor.name)).or_default() += 1;
    }
    let mut unknown = Vec::new();
    for visitor in rest {
        let name = name_key(&visitor.name);
        let known = index.names.get(&name).filter(|_| called.get(&name) == Some(&1));
        match known.map(|known| &known[..]) {
            Some([only]) => take(&mut attended, only, visitor, MatchedBy::Name),
            _ => unknown.push(visitor),
        }
    }
    AttendanceMatch { attended: attended.into_values().collect(), unknown }
}

fn take(
    attended: &mut BTreeMap<RegistrantId, Attended>,
    known: &ComparedRegistration,
    visitor: Visitor,
    by: MatchedBy,
) {
    let new = || Attended {
        registrant: known.id,
        name: known.name.clone(),
        called: visitor.name.clone(),
        by,
        stay: Stay::default(),
    };
    let entry = attended.entry(known.id).or_insert_with(new);
    entry.by = entry.by.min(by);
    entry.stay.join(visitor.stay);
}
