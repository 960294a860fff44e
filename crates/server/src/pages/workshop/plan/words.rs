//! Plans in words: where a step stands, why it does not go, and what it is measured from.

use domain::{
    sequence::{OwnWhyNot, RowState, Standing, Step, StepKey, WhyNot},
    time::Millis,
};
use store::{
    StoreError,
    plans::{PlanRow, WorkshopPlan},
};

pub(super) use crate::ui::words::steps::why;
use crate::{
    http::extract::Member,
    pages::settings::sequences::name_of,
    ui::{
        chip::{Chip, Tone},
        format::capital,
        icons::Icon,
        words::steps,
    },
};

/// What a step of a plan is called.
pub(super) async fn name(member: &Member, plan: &WorkshopPlan, key: &StepKey) -> Result<String, StoreError> {
    let Some(step) = plan.step(key) else { return Ok(key.to_string()) };
    match member.org.template(step.template).await {
        Ok(template) => Ok(name_of(step, Some(&template))),
        Err(StoreError::Missing) => Ok(name_of(step, None)),
        Err(error) => Err(error),
    }
}

/// "Today, 6:00 PM", "Mon 12 Oct, 7:00 PM".
pub(super) fn at(member: &Member, at: Millis) -> String {
    let zone = &member.organization.zone;
    let (day, next) = zone.day(member.now);
    let time = zone.time(at);
    if (day..next).contains(&at) {
        format!("Today, {time}")
    } else {
        format!("{}, {time}", zone.date(at, member.now))
    }
}

/// "1 h before the start, useful until 6:55 PM".
pub(super) fn offset(member: &Member, step: &Step, until: Millis) -> String {
    format!(
        "{}, useful until {}",
        capital(&steps::when(step)),
        member.organization.zone.moment(until, member.now)
    )
}

/// Where a step stands, in a word.
pub(super) fn chip(state: RowState, why: WhyNot) -> Chip {
    let chip = |tone, icon| Chip { tone, icon, word: steps::state(state).to_owned() };
    match state {
        RowState::Planned => chip(Tone::Rest, Icon::Wait),
        RowState::Broadcast => chip(Tone::Done, Icon::Ok),
        RowState::Skipped if why.needs_somebody() => chip(Tone::Act, Icon::Warning),
        RowState::Skipped => chip(Tone::Rest, Icon::Skip),
        RowState::Cancelled => chip(Tone::Rest, Icon::Cancel),
        RowState::Missed => chip(Tone::Fail, Icon::Expired),
    }
}

/// The same for a step that went to somebody. One that was skipped at its moment went only to people who registered
/// later; one that followed each registration until its time was over was not missed.
pub(super) fn chip_of_run(state: RowState, why: WhyNot) -> Chip {
    match state {
        RowState::Skipped => {
            Chip { tone: Tone::Done, icon: Icon::Ok, word: steps::standing(Standing::LateOnly).to_owned() }
        }
        RowState::Missed => chip(RowState::Broadcast, why),
        RowState::Planned | RowState::Broadcast | RowState::Cancelled => chip(state, why),
    }
}

/// Why a step was cancelled, by whom and when.
pub(super) fn cancelled(member: &Member, row: &PlanRow) -> String {
    let reason = why(row.why, &row.why_text);
    let Some(decided_at) = row.decided_at.filter(|_| !row.by.is_empty()) else { return reason };
    let (by, when) = (&row.by, at(member, decided_at));
    match row.why {
        WhyNot::Own(OwnWhyNot::ByPerson) => format!("Cancelled by {by}, {when}"),
        _ => format!("{reason} ({by}, {when})"),
    }
}
