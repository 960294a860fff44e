//! The report of who attended that a rehearsal makes up when its workshop is over, for the steps that go by it. It is matched and taken over by
//! the same code as the report of a meeting.

use domain::{
    email::Email,
    phone::{Country, Phone},
    rehearsal::Turnout,
    sequence::{Presence, Step, StepAudience},
    time::Millis,
    workshop::RegistrantStatus,
};
use intake::attendance::{Report, Stay, Visitor, match_report};
use store::{Org, StoreError, differences::ComparedRegistration, workshops::Workshop};

/// What the report is called: no file of anybody's has this name.
pub const REPORT: &str = "rehearsal";
/// Registrations read at once.
const STRETCH: i64 = 5_000;

/// Whether any of these steps goes by who attended.
pub fn needs_report(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step.audience, StepAudience::Attendance(_)))
}

/// Lets so many of the workshop's people have been there.
pub(super) async fn take_report(
    org: &Org,
    workshop: &Workshop,
    (turnout, home): (Turnout, Country),
    now: Millis,
) -> Result<(), StoreError> {
    let people = registered(org, workshop).await?;
    let visitors = people.iter().zip(turnout.of(people.len())).filter_map(|(one, presence)| {
        let stay = stay(workshop, presence)?;
        let (email, phone) = (Email::parse(&one.email).ok(), Phone::parse(&one.phone, home).ok());
        Some(Visitor { name: one.name.clone(), email, phone, stay })
    });
    let report = Report { visitors: visitors.collect(), ..Report::default() };
    let (attended, unknown) = match_report(org, workshop.id, report).await?.to_take(true);
    org.take_attendance(workshop.id, REPORT, &attended, unknown, now).await?;
    Ok(())
}

/// The registrations of the workshop that stand.
async fn registered(org: &Org, workshop: &Workshop) -> Result<Vec<ComparedRegistration>, StoreError> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let more = org.known(workshop.id, last, STRETCH).await?;
        let ended = i64::try_from(more.len()).unwrap_or(0) < STRETCH;
        last = more.last().map(|one| one.id);
        all.extend(more.into_iter().filter(|one| one.status == RegistrantStatus::Registered));
        if ended {
            return Ok(all);
        }
    }
}

/// When somebody came and went; `None` for whoever was not there.
fn stay(workshop: &Workshop, presence: Presence) -> Option<Stay> {
    let (starts, ends) = (workshop.starts_at, workshop.ends_at);
    match presence {
        Presence::Attended => Some(Stay::between(starts, ends)),
        Presence::LeftEarly => Some(Stay::between(starts, starts.plus(ends.since(starts) / 4))),
        Presence::Absent => None,
    }
}
