//! The page of one broadcast: what became of everyone, how fast, why not, and each recipient.

use axum::{extract::State, response::IntoResponse};
use domain::{ids::BroadcastId, message::MessageState, role::Permission};
use maud::{Render, html};
use serde::Deserialize;
use store::messages::{MessageFilter, MessageView};

use super::{
    href, state_chip,
    view::{FORM, View, escape},
    why,
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
    },
    ui::{
        bar::Key,
        format::{phone, unit_price},
        pagination::Pagination,
        recipient_summary::SummaryPart,
        recipients_table::{MessageRow, Recipients},
        shell::{Crumb, Section},
        table::Search,
    },
};

/// Recipients on one page of the list.
const ROWS: i64 = 50;
/// Longest search text; more is cut.
const SEARCH_CHARS_MAX: usize = 100;

/// Which recipients are shown. Old or wrong values show all.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Which {
    /// A state's word.
    #[serde(default)]
    pub state: String,
    /// A code.
    #[serde(default)]
    pub reason: String,
    /// Part of a name or number.
    #[serde(default)]
    pub q: String,
    /// The position after which the page of the list starts.
    #[serde(default)]
    pub after: String,
}

impl Which {
    pub(super) fn filter(&self) -> MessageFilter {
        let reason: String = self.reason.chars().take(SEARCH_CHARS_MAX).filter(|c| *c != '\0').collect();
        MessageFilter {
            state: self.state.parse().ok(),
            reason: (!reason.is_empty()).then_some(reason),
            search: self
                .q
                .chars()
                .take(SEARCH_CHARS_MAX)
                .filter(|c| *c != '\0')
                .collect::<String>()
                .trim()
                .to_owned(),
        }
    }

    fn after(&self) -> i64 {
        self.after.parse().unwrap_or(0).max(0)
    }

    fn address(filter: &MessageFilter, id: BroadcastId, after: Option<i64>) -> String {
        let mut parts = vec![];
        if let Some(state) = filter.state {
            parts.push(format!("state={}", state.word()));
        }
        if let Some(reason) = &filter.reason {
            parts.push(format!("reason={}", escape(reason)));
        }
        if !filter.search.is_empty() {
            parts.push(format!("q={}", escape(&filter.search)));
        }
        if let Some(after) = after {
            parts.push(format!("after={after}"));
        }
        if parts.is_empty() { href(id) } else { format!("{}?{}", href(id), parts.join("&")) }
    }
}

/// `GET /broadcasts/{broadcast}`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Query(which): Query<Which>,
) -> PageResult {
    let may_send = member.may(Permission::Send);
    let view = View::load(&member.org, id, &member.organization.zone, may_send, app.clock.now()).await?;
    let filter = which.filter();
    let rows = member.org.messages(id, &filter, which.after(), ROWS + 1).await?;
    let recipients = recipients(&member, &view, &filter, which.after(), rows);
    let body = html! {
        form id=(FORM) method="post" action=(href(id)) hidden { (member.csrf()) }
        (view)
        (recipients)
    };
    let title = view.broadcast.title.clone();
    let mut page = member.page(Section::Broadcasts, title.clone(), body);
    page.crumbs = vec![Crumb::to("Broadcasts", "/broadcasts"), Crumb::here(title)];
    page.live = Some(format!("/live/broadcasts/{id}"));
    Ok(page.render().into_response())
}

fn recipients(
    member: &Member,
    view: &View,
    filter: &MessageFilter,
    after: i64,
    mut rows: Vec<MessageView>,
) -> Recipients {
    let id = view.broadcast.id;
    let more = rows.len() as i64 > ROWS;
    rows.truncate(usize::try_from(ROWS).unwrap_or(50));
    let total = match (filter.state, &filter.reason, filter.search.is_empty()) {
        (None, None, true) => Some(view.counts().total()),
        (Some(state), None, true) => Some(view.broadcast.in_state(state)),
        _ => None,
    };
    let last = rows.last().map_or(0, |row| row.message.position);
    // Positions are places in the plan: without a filter they are places in the list too.
    let unfiltered = filter.state.is_none() && filter.reason.is_none() && filter.search.is_empty();
    let shown = i64::try_from(rows.len()).unwrap_or(0);
    let first = if unfiltered { after + 1 } else { 1 };
    let next = more.then(|| Which::address(filter, id, Some(last)));
    let previous = (after > 0).then(|| {
        let before = unfiltered.then(|| (after - ROWS).max(0)).filter(|before| *before > 0);
        Which::address(filter, id, before)
    });
    let mut filters = vec![SummaryPart {
        key: Key::Waiting,
        label: "All".to_owned(),
        n: view.counts().total(),
        href: href(id),
    }];
    let mut current = unfiltered.then_some(0);
    for (key, state) in PILLS {
        let n = view.broadcast.in_state(*state);
        if n == 0 && filter.state != Some(*state) {
            continue;
        }
        if filter.state == Some(*state) {
            current = Some(filters.len());
        }
        let only = MessageFilter { state: Some(*state), ..MessageFilter::default() };
        filters.push(SummaryPart {
            key: *key,
            label: state.title().to_owned(),
            n,
            href: Which::address(&only, id, None),
        });
    }
    let mut keep = vec![];
    if let Some(state) = filter.state {
        keep.push(("state".to_owned(), state.word().to_owned()));
    }
    if let Some(reason) = &filter.reason {
        keep.push(("reason".to_owned(), reason.clone()));
    }
    let empty = match filter.search.as_str() {
        "" if view.counts().total() == 0 => "Nobody is planned yet.".to_owned(),
        "" => "Nobody is in this state.".to_owned(),
        search => format!("Nobody here matches “{search}”."),
    };
    Recipients {
        search: Search {
            action: href(id),
            label: "Name or number".to_owned(),
            value: filter.search.clone(),
            keep,
        },
        filters,
        current,
        pagination: Pagination {
            first,
            last: if shown == 0 { 0 } else { first + shown - 1 },
            total: total.filter(|_| unfiltered || after == 0),
            previous,
            next,
        },
        rows: rows.iter().map(|row| message_row(member, view, row)).collect(),
        empty,
    }
}

/// The filters over the list, in the order of the truth strip's story.
const PILLS: &[(Key, MessageState)] = &[
    (Key::Waiting, MessageState::Waiting),
    (Key::InFlight, MessageState::InFlight),
    (Key::HandedOver, MessageState::Sent),
    (Key::Done, MessageState::Delivered),
    (Key::Read, MessageState::Read),
    (Key::Failed, MessageState::Failed),
    (Key::Skipped, MessageState::Skipped),
    (Key::Expired, MessageState::Expired),
    (Key::Cancelled, MessageState::Cancelled),
    (Key::Unknown, MessageState::Unknown),
];

fn message_row(member: &Member, view: &View, row: &MessageView) -> MessageRow {
    let zone = &member.organization.zone;
    let (day, next_day) = zone.day(member.now);
    let time = zone.time_with_seconds(row.changed_at);
    let changed = if (day..next_day).contains(&row.changed_at) {
        time
    } else {
        format!("{}, {time}", zone.date(row.changed_at, member.now))
    };
    MessageRow {
        id: row.message.position.to_string(),
        name: if row.name.trim().is_empty() { "No name".to_owned() } else { row.name.clone() },
        address: if row.recipient.is_empty() { "No number".to_owned() } else { phone(&row.recipient) },
        href: format!("{}/messages/{}", href(view.broadcast.id), row.message.position),
        chip: state_chip(row.state).chip(),
        changed,
        detail: detail(row),
        cost: row.cost.map_or("–".to_owned(), |cost| unit_price(cost.0)),
    }
}

/// The story of a row in a few words.
pub(super) fn detail(row: &MessageView) -> String {
    let retry = || format!("Attempt {}", row.attempt);
    match row.state {
        MessageState::Waiting if !row.reason_text.is_empty() => {
            format!("Tried {} times. {}", row.attempt, row.reason_text)
        }
        MessageState::Waiting => String::new(),
        MessageState::InFlight => retry(),
        MessageState::Sent | MessageState::Delivered => String::new(),
        MessageState::Read => match (row.delivered_at, row.read_at) {
            (Some(delivered), Some(read)) => {
                format!("Read {} after delivery", crate::ui::format::span(read.since(delivered)))
            }
            _ => String::new(),
        },
        MessageState::Failed
        | MessageState::Unknown
        | MessageState::Expired
        | MessageState::Skipped
        | MessageState::Cancelled => {
            let why = why::of(row.state, &row.reason);
            let coded = row.reason.bytes().any(|b| b.is_ascii_digit());
            if coded { format!("{} ({})", why.title, row.reason) } else { why.title }
        }
    }
}
