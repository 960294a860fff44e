//! A broadcast's messages as CSV. Rows are written while they are read, so that memory does not grow with the
//! broadcast.
//!
//! A cell that a spreadsheet would run as a formula gets a quote before it. A phone number keeps its plus, because a
//! plus with nothing but digits behind it computes nothing.

use std::{collections::HashMap, sync::Arc};

use domain::{
    channel::Channel,
    ids::BroadcastId,
    template::{Content, Message},
    time::Millis,
};
use store::{audit::Exported, messages::MessageView};

use super::{recipients::Which, why};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
    },
    pages::csv::streamed,
};

/// The number of messages that are read at once.
const CHUNK: i64 = 1_000;

const TITLES: [&str; 17] = [
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
    "Key pressed",
    "Seconds on the line",
];

/// `GET /broadcasts/{broadcast}/export`: the messages that the page's filter selects. The audit log records each
/// export.
pub async fn download(member: Member, Path(id): Path<BroadcastId>, Query(which): Query<Which>) -> PageResult {
    // Another organisation's broadcast is refused here, before the first byte is sent.
    let broadcast = member.org.broadcast(id).await?;
    let template = Message::from_json(broadcast.channel, &broadcast.template).ok().map(Arc::new);
    let filter = which.filter();
    let calls = broadcast.channel == Channel::IvrCall;
    let zone = member.organization.zone.clone();
    let part = filter.state.is_some() || filter.reason.is_some() || !filter.search.is_empty();
    member.org.note_export(Exported::Messages(id), part, member.now).await?;
    let org = member.org.scan_permit().await?;
    Ok(streamed(&format!("broadcast-{id}.csv"), TITLES, org, 0, move |org, after| {
        let (filter, zone, template) = (filter.clone(), zone.clone(), template.clone());
        async move {
            let rows = org.messages(id, &filter, after, CHUNK).await?;
            let last = rows.last().map(|row| row.message.position);
            let next = last.filter(|_| rows.len() as i64 == CHUNK);
            let endings = match last {
                Some(last) if calls => org.call_endings(id, after, last).await?,
                _ => HashMap::new(),
            };
            let time = |at: Option<Millis>| at.map_or(String::new(), |at| zone.rfc3339(at));
            let ending = |row: &MessageView| endings.get(&row.message.position).copied().unwrap_or_default();
            Ok((rows.iter().map(|row| cells(row, template.as_deref(), &time, ending(row))).collect(), next))
        }
    }))
}

fn cells(
    row: &MessageView,
    template: Option<&Message>,
    time: &dyn Fn(Option<Millis>) -> String,
    (key, talk_s): (Option<i64>, Option<i64>),
) -> [String; 17] {
    let number = |value: Option<i64>| value.map_or(String::new(), |value| value.to_string());
    let explained = row.state.is_settled() && !row.reason.is_none();
    [
        row.message.position.to_string(),
        row.name.clone(),
        row.recipient.clone(),
        row.state.title().to_owned(),
        if explained { why::of(row.state, &row.reason).title } else { String::new() },
        row.reason.code().to_owned(),
        row.reason_text.clone(),
        row.attempt.to_string(),
        time(row.sent_at),
        time(row.delivered_at),
        time(row.read_at),
        time(row.failed_at),
        row.provider_id.clone().unwrap_or_default(),
        segments(template, row),
        row.cost.map_or(String::new(), |cost| cost.to_string()),
        number(key),
        number(talk_s),
    ]
}

/// The number of SMS that the message is charged as; empty on channels without segments.
fn segments(template: Option<&Message>, row: &MessageView) -> String {
    let Some(template) = template.filter(|one| one.channel().rules().unit.is_some()) else {
        return String::new();
    };
    let content = Content::from_json(template.channel(), &row.content);
    content.map_or(String::new(), |content| template.segments(&content).to_string())
}
