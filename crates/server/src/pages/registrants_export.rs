//! A workshop's registrants as a file.

use std::collections::VecDeque;

use axum::{
    body::{Body, Bytes},
    http::header,
    response::IntoResponse,
};
use domain::{ids::WorkshopId, time::Zone};
use futures::{StreamExt, stream};
use store::{
    StoreError,
    registrants::{Registrant, RegistrantFilter},
};

use super::{
    csv::line,
    workshop::{ListQuery, status_word},
};
use crate::http::{
    error::PageResult,
    extract::{Member, Path, Query},
};

/// Registrants read in one go.
const CHUNK: i64 = 2_000;

/// `GET /workshops/{workshop}/registrants.csv`: those of the same filter as on the page, written while they are read.
pub async fn download(
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(query): Query<ListQuery>,
) -> PageResult {
    member.org.workshop(id).await?;
    let filter = RegistrantFilter { after: None, limit: CHUNK, ..query.filter() };
    let zone = member.organization.zone.clone();
    // The mark tells Excel that it is UTF-8.
    let mut head = String::from("\u{feff}");
    let titles = ["Name", "Phone", "E-mail", "Status", "Left out for", "Registered at", "Source", "Came by"];
    line(&mut head, titles.into_iter().map(str::to_owned));
    let org = member.org.clone();
    let first = VecDeque::from([Bytes::from(head)]);
    let chunks = stream::unfold((Some(filter), first), move |(filter, mut ready)| {
        let (org, zone) = (org.clone(), zone.clone());
        async move {
            if let Some(bytes) = ready.pop_front() {
                return Some((Ok::<_, StoreError>(bytes), (filter, ready)));
            }
            let filter = filter?;
            let people = match org.registrants(id, &filter).await {
                Ok(people) => people,
                // A cut file is better than one that looks whole.
                Err(error) => return Some((Err(error), (None, ready))),
            };
            let last = people.last()?.id;
            let full = people.len() as i64 == CHUNK;
            let next = full.then_some(RegistrantFilter { after: Some(last), ..filter });
            let mut text = String::new();
            for person in people {
                line(&mut text, cells(person, &zone).into_iter());
            }
            Some((Ok(Bytes::from(text)), (next, ready)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"registrants.csv\""),
    ];
    Ok((headers, Body::from_stream(chunks.fuse())).into_response())
}

/// Titles and forms that an import reads back as they are.
fn cells(person: Registrant, zone: &Zone) -> [String; 8] {
    let phone = if person.phone.is_empty() { person.phone_typed } else { person.phone };
    [
        person.name,
        phone,
        person.email,
        status_word(person.status).to_owned(),
        person.mark.map_or(String::new(), |mark| mark.title().to_owned()),
        zone.rfc3339(person.registered_at),
        person.came_from,
        person.source,
    ]
}
