//! A workshop's registrants as a file.

use domain::{ids::WorkshopId, time::Zone};
use store::{
    audit::Exported,
    registrants::{Registrant, RegistrantFilter, Which},
};

use super::{
    csv::streamed,
    workshop::{ListQuery, status_word},
};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
    },
    ui::words::reasons,
};

/// Registrants read in one go.
const CHUNK: i64 = 2_000;

/// `GET /workshops/{workshop}/registrants.csv`: the registrants of the page's filter, written while they are read. The
/// export is in the audit log.
pub async fn download(
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(query): Query<ListQuery>,
) -> PageResult {
    member.org.workshop(id).await?;
    let filter = RegistrantFilter { after: None, limit: CHUNK, ..query.filter() };
    let zone = member.organization.zone.clone();
    let titles = [
        "Name",
        "Phone",
        "E-mail",
        "Status",
        "Left out for",
        "Registered at",
        "Source",
        "Came by",
        "Other numbers",
        "Registration id",
    ];
    let part = filter.which != Which::default() || !filter.search.is_empty();
    member.org.note_export(Exported::Registrants(id), part, member.now).await?;
    let org = member.org.scan_permit().await?;
    Ok(streamed("registrants.csv", titles, org, filter, move |org, filter| {
        let zone = zone.clone();
        async move {
            let people = org.registrants(id, &filter).await?;
            let last = people.last().map(|person| person.id);
            let next = (people.len() as i64 == CHUNK).then_some(RegistrantFilter { after: last, ..filter });
            Ok((people.into_iter().map(|person| cells(person, &zone)).collect(), next))
        }
    }))
}

/// Titles and forms that an import reads back as they are.
fn cells(person: Registrant, zone: &Zone) -> [String; 10] {
    let phone = if person.phone.is_empty() { person.phone_typed } else { person.phone };
    [
        person.name,
        phone,
        person.email,
        status_word(person.status).to_owned(),
        person.mark.map_or(String::new(), |mark| reasons::excluded(mark).title.to_owned()),
        zone.rfc3339(person.registered_at),
        person.came_from,
        person.source,
        person.other_phones.replace(' ', ", "),
        person.reference,
    ]
}
