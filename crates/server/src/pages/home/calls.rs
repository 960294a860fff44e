//! The parts that only the tab of calls has: the conversation as one person hears it, and how long it takes to call
//! everybody with more or fewer channels.

use std::collections::BTreeMap;

use domain::{
    broadcast::BroadcastStatus,
    call::{Action, CallScript, Key, RINGS_S, finish_ms},
    ids::TemplateId,
    template::{Facts, Message},
    time::{DAY, MINUTE, Millis},
};
use maud::{Markup, Render, html};
use providers::{Account, voice::CallCapacity};
use store::{Org, StoreError, broadcasts::Broadcast};

use super::{composer_state::ComposerState, paths};
use crate::{
    http::extract::Member,
    pages::{
        broadcast,
        settings::templates::{call::picture::conversation, sample::INVENTED},
    },
    ui::{
        call_minutes::{CallMinutes, Channels},
        call_strip::{CallKeys, CallStrip},
        format::{counted, grouped},
        head::Fact,
        truth_strip::Live,
    },
};

/// The lengths of a call that the table of channels compares, in seconds.
const LENGTHS_S: [i64; 3] = [20, 30, 45];

/// What the page needs to show a draft of a call.
pub(super) struct Calls {
    /// The largest numbers of calls at once and of new calls a minute; `None` while the account cannot be opened.
    lines: Option<CallCapacity>,
    /// The names of the templates that the script's keys send.
    names: BTreeMap<TemplateId, String>,
}

impl Calls {
    /// Reads what belongs to a draft of a call; `None` for every other message.
    pub(super) async fn load(
        member: &Member,
        message: &Message,
        account: Option<&dyn Account>,
    ) -> Result<Option<Calls>, StoreError> {
        let Message::Call(script) = message else { return Ok(None) };
        let mut names = BTreeMap::new();
        for id in script.keys.iter().filter_map(sends) {
            match member.org.template(id).await {
                Ok(template) => drop(names.insert(id, template.name)),
                Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        let lines = account.and_then(|account| account.voice()).map(|voice| voice.lines());
        Ok(Some(Calls { lines, names }))
    }
}

/// The template that a key sends; `None` for a key that sends nothing.
fn sends(key: &Key) -> Option<TemplateId> {
    match key.action {
        Action::Message { template, .. } => Some(template),
        Action::Confirm | Action::AnotherDate | Action::StopCalls => None,
    }
}

/// The script of a draft that is a call, and what is known about it; `None` for another channel.
fn of(composer: &ComposerState) -> Option<(&CallScript, &Calls)> {
    let Message::Call(script) = &composer.review.draft.message else { return None };
    composer.calls.as_ref().map(|calls| (script, calls))
}

/// The conversation as the person of the preview hears it.
pub(super) fn talk(composer: &ComposerState) -> Markup {
    let Some((script, calls)) = of(composer) else { return html! {} };
    let mut facts: Facts = composer.review.rules().event().clone();
    if let Some(shown) = &composer.shown {
        facts.name.clone_from(&shown.name);
        facts.phone.clone_from(&shown.phone);
    } else {
        INVENTED.clone_into(&mut facts.name);
    }
    let names = |action: &Action| match action {
        Action::Message { template, .. } => calls.names.get(template).cloned(),
        Action::Confirm | Action::AnotherDate | Action::StopCalls => None,
    };
    html! {
        (conversation(script, &facts, &names))
        @if composer.shown.is_none() { p class="m-hint" { "As an example: nobody would be called." } }
        p class="m-hint" { "About " (counted(script.talk_s(), "second", "seconds")) " for somebody who presses a key." }
    }
}

/// The table of how long it takes to call everybody, by channels and by seconds on the line.
pub(super) fn minutes(composer: &ComposerState) -> Markup {
    let Some((script, calls)) = of(composer) else { return html! {} };
    let Some(lines) = calls.lines else { return html! {} };
    let people = composer.review.audience.reachable;
    if people == 0 {
        return html! {};
    }
    let takes = |channels: i64, talk_s: i64| {
        let ms = finish_ms(people, channels, lines.per_minute, RINGS_S, talk_s);
        (ms + MINUTE - 1) / MINUTE
    };
    let row = |channels: i64, note: &str| Channels {
        channels,
        note: note.to_owned(),
        minutes: LENGTHS_S.iter().map(|talk_s| takes(channels, *talk_s)).collect(),
    };
    let half = (lines.at_once / 2).max(1);
    let mut rows = Vec::new();
    if half < lines.at_once {
        rows.push(row(half, ""));
    }
    rows.push(row(lines.at_once, "yours"));
    rows.push(row(lines.at_once.saturating_mul(2), ""));
    let nearest = (0..LENGTHS_S.len()).min_by_key(|at| (LENGTHS_S[*at] - script.talk_s()).abs()).unwrap_or(0);
    let at = rows.iter().position(|row| row.note == "yours").unwrap_or(0);
    CallMinutes {
        caption: format!(
            "Minutes to call {}, by channels and seconds on the line",
            counted(people, "person", "people")
        ),
        lengths_s: LENGTHS_S.to_vec(),
        rows,
        chosen: (at, nearest),
        limit: format!("At most {} new calls a minute.", grouped(lines.per_minute)),
    }
    .render()
}

/// The limits of the account's pace, in words.
pub(super) fn pace(composer: &ComposerState) -> Option<(String, String)> {
    let lines = of(composer)?.1.lines?;
    let most = format!("{} a minute", counted(lines.per_minute, "call", "calls"));
    Some((most, format!("at most, and {} at once", grouped(lines.at_once))))
}

/// The number that calls come from, in the words of the status card.
pub(super) fn note(account: &dyn Account, number: &str) -> Option<String> {
    account.voice()?;
    let asked = match account.can().looks_up {
        true => "keys and endings are told, and asked for",
        false => "keys and endings are told",
    };
    Some(if number.is_empty() { asked.to_owned() } else { format!("Calls from {number} · {asked}") })
}

/// The facts about an account of calls on the status card; `None` for another account.
pub(super) fn facts(account: &dyn Account) -> Option<Vec<Fact>> {
    let voice = account.voice()?;
    let lines = voice.lines();
    let hours = voice.hours();
    Some(vec![
        Fact::new("Channels", grouped(lines.at_once)).note("calls at once"),
        Fact::new("Calls per minute", grouped(lines.per_minute)),
        Fact::new("Calling hours", hours.to_string()).note("in India"),
    ])
}

/// The broadcast of calls that the page shows above the composer: one that is under way, else the latest that began
/// within a day.
pub(super) async fn latest(
    org: &Org,
    broadcasts: &[Broadcast],
    now: Millis,
) -> Result<Option<(CallStrip, CallKeys)>, StoreError> {
    let open = |one: &&Broadcast| matches!(one.status, BroadcastStatus::InProgress | BroadcastStatus::Paused);
    let lately =
        |one: &&Broadcast| one.status == BroadcastStatus::Completed && now.since(one.starts_at) < DAY;
    let Some(one) = broadcasts.iter().find(open).or(broadcasts.iter().find(lately)) else { return Ok(None) };
    let Some(calls) = broadcast::calls::Calls::load(org, one).await? else { return Ok(None) };
    let live = if open(&one) { Live::On } else { Live::Ended };
    let about = html! { span class="m-calls__name" { a class="m-plain" href=(paths::broadcast(one.id)) { (one.title) } ", by " (one.created_by) } };
    Ok(Some((calls.strip(one, about, live), calls.keys(one))))
}

/// The same broadcast as markup, empty where there is none.
pub(super) async fn above(org: &Org, broadcasts: &[Broadcast], now: Millis) -> Result<Markup, StoreError> {
    let latest = latest(org, broadcasts, now).await?;
    Ok(html! { @if let Some((strip, keys)) = &latest { (strip) (keys) } })
}
