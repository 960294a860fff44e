//! A broadcast's messages as CSV, written while they are read: memory does not grow with the broadcast.
//!
//! A cell that a spreadsheet would run as a formula gets a quote before it. A phone number keeps its plus: a plus with nothing
//! but digits behind it computes nothing.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::IntoResponse,
};
use domain::{
    ids::BroadcastId,
    template::{Content, Message},
    time::Millis,
};
use futures::{StreamExt, stream};
use store::{StoreError, messages::MessageView};

use super::{recipients::Which, why};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
    },
    pages::csv::line,
};

/// Messages read at once.
const CHUNK: i64 = 1_000;

const TITLES: [&str; 15] = [
    "Position",
    "Name",
    "Phone",
    "State",
    "Reason",
    "Code",
    "Provider's words",
    "Attempts",
    "Handed over",
    "Delivered",
    "Read",
    "Failed",
    "Provider id",
    "Segments",
    "Cost in rupees",
];

/// `GET /broadcasts/{broadcast}/export`: those of the same filter as on the page.
pub async fn download(member: Member, Path(id): Path<BroadcastId>, Query(which): Query<Which>) -> PageResult {
    // Another organisation's is not found before the first byte leaves.
    let broadcast = member.org.broadcast(id).await?;
    let template = Message::from_json(broadcast.channel, &broadcast.template).ok().map(Arc::new);
    let filter = which.filter();
    let zone = member.organization.zone.clone();
    let mut head = String::from("\u{feff}");
    line(&mut head, TITLES.iter().map(|title| (*title).to_owned()));
    let org = member.org.clone();
    let first = VecDeque::from([Bytes::from(head)]);
    let chunks = stream::unfold((Some(0), first), move |(after, mut ready)| {
        let (org, filter, zone, template) = (org.clone(), filter.clone(), zone.clone(), template.clone());
        async move {
            if let Some(bytes) = ready.pop_front() {
                return Some((Ok::<_, StoreError>(bytes), (after, ready)));
            }
            let rows = match org.messages(id, &filter, after?, CHUNK).await {
                Ok(rows) => rows,
                // A cut file is better than one that looks whole.
                Err(error) => return Some((Err(error), (None, ready))),
            };
            let last = rows.last()?.message.position;
            let next = (rows.len() as i64 == CHUNK).then_some(last);
            let time = |at: Option<Millis>| at.map_or(String::new(), |at| zone.rfc3339(at));
            let mut text = String::new();
            for row in &rows {
                line(&mut text, cells(row, template.as_deref(), &time));
            }
            Some((Ok(Bytes::from(text)), (next, ready)))
        }
    });
    let name = format!("attachment; filename=\"broadcast-{id}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(chunks.fuse())).into_response())
}

fn cells(
    row: &MessageView,
    template: Option<&Message>,
    time: &dyn Fn(Option<Millis>) -> String,
) -> std::array::IntoIter<String, 15> {
    let explained = row.state.is_settled() && !row.reason.is_empty();
    [
        row.message.position.to_string(),
        row.name.clone(),
        row.recipient.clone(),
        row.state.title().to_owned(),
        if explained { why::of(row.state, &row.reason).title } else { String::new() },
        row.reason.clone(),
        row.reason_text.clone(),
        row.attempt.to_string(),
        time(row.sent_at),
        time(row.delivered_at),
        time(row.read_at),
        time(row.failed_at),
        row.provider_id.clone().unwrap_or_default(),
        segments(template, row),
        row.cost.map_or(String::new(), |cost| cost.to_string()),
    ]
    .into_iter()
}

/// How many SMS the message is charged as; empty where messages have no segments.
fn segments(template: Option<&Message>, row: &MessageView) -> String {
    let (Some(Message::Sms(sms)), Ok(content)) = (template, serde_json::from_str::<Content>(&row.content))
    else {
        return String::new();
    };
    sms.segments(&content).count.to_string()
}
