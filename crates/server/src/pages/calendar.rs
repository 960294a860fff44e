//! The calendar of a week: the workshops and the steps of their plans, by day and hour. On a phone the days stand one below the other.

use axum::response::IntoResponse;
use domain::{
    sequence::{RowState, WhyNot},
    time::{DAY, Millis, Zone},
    workshop::WorkshopStatus,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{plans::CalendarStep, workshops::Workshop};

use super::workshop::plan;
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::workshops::href as workshop_href,
    ui::{
        button::Button,
        format::counted,
        head::Head,
        icons::Icon,
        plan::{Fill, StepMark},
        shell::Section,
        words::steps,
    },
};

/// Where it is.
pub(crate) const CALENDAR: &str = "/calendar";
/// Steps and workshops that a week shows.
const SHOWN_MAX: i64 = 500;
/// Days of a week.
const DAYS: i64 = 7;
/// Weeks that can be looked at, before and after the present one.
const WEEKS_MAX: i64 = 520;

/// Which week.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Weeks after the present one; negative before it. What is no number is the present one.
    week: String,
}

/// Something at a moment.
enum Entry<'a> {
    Workshop(&'a Workshop),
    Step(&'a CalendarStep),
}

impl Entry<'_> {
    fn at(&self) -> Millis {
        match self {
            Entry::Workshop(workshop) => workshop.starts_at,
            Entry::Step(step) => step.due,
        }
    }
}

/// `GET /calendar`
pub async fn show(member: Member, Query(which): Query<Which>) -> PageResult {
    let week: i64 = which.week.trim().parse().unwrap_or(0_i64).clamp(-WEEKS_MAX, WEEKS_MAX);
    let zone = &member.organization.zone;
    let days = days(zone, member.now, week);
    let (from, until) = (days[0], days[days.len() - 1]);
    let all = member.org.workshops_between(from, until, SHOWN_MAX + 1).await?;
    let workshops: Vec<&Workshop> =
        all.iter().filter(|one| one.status != WorkshopStatus::Cancelled).collect();
    let steps = member.org.steps_between(from, until, SHOWN_MAX + 1).await?;
    let more = i64::try_from(steps.len().max(all.len())).is_ok_and(|n| n > SHOWN_MAX);
    let mut entries: Vec<Entry<'_>> = workshops.iter().map(|one| Entry::Workshop(one)).collect();
    entries.extend(steps.iter().map(Entry::Step));
    entries.sort_by_key(|entry| (entry.at(), matches!(entry, Entry::Workshop(_))));
    let to = |week: i64| if week == 0 { CALENDAR.to_owned() } else { format!("{CALENDAR}?week={week}") };
    let mut head = Head::new("Calendar")
        .meta(html! { (zone.date(from, member.now)) " – " (zone.date(days[6], member.now)) })
        .meta(html! { (counted(workshops.len(), "workshop", "workshops")) })
        .meta(html! { (counted(steps.len(), "step", "steps")) })
        .action(Button::link("Week before", to(week - 1)));
    if week != 0 {
        head = head.action(Button::link("This week", to(0)));
    }
    head = head.action(Button::link("Next week", to(week + 1)));
    let body = html! {
        (head)
        @if more { p class="m-hint" { "Only the first " (SHOWN_MAX) " are shown." } }
        @if entries.is_empty() { p class="m-none" { "Nothing is planned in this week. Steps stand here once a sequence runs for a workshop." } }
        ol class="m-cal" {
            @for pair in days.windows(2) { (day(&member, pair[0], pair[1], &entries)) }
        }
    };
    let mut page = member.page(Section::Workshops, "Calendar", body);
    page.crumbs.truncate(1);
    page.crumbs.push(crate::ui::shell::Crumb::here("Calendar"));
    Ok(page.render().into_response())
}

/// The beginnings of the seven days of a week that begins on Monday, and its end: eight moments, in the organisation's zone.
fn days(zone: &Zone, now: Millis, week: i64) -> Vec<Millis> {
    let (today, _) = zone.day(now);
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let word = zone.weekday(today);
    let since_monday = weekdays.iter().position(|day| word.starts_with(day)).unwrap_or(0);
    let first = i64::try_from(since_monday).unwrap_or(0);
    (0..=DAYS)
        .map(|day| zone.day(zone.days_later(today.plus(DAY / 2), week * DAYS + day - first)).0)
        .collect()
}

fn day(member: &Member, from: Millis, until: Millis, entries: &[Entry<'_>]) -> Markup {
    let zone = &member.organization.zone;
    let today = from <= member.now && member.now < until;
    let of_day: Vec<&Entry<'_>> =
        entries.iter().filter(|entry| from <= entry.at() && entry.at() < until).collect();
    let hour = |entry: &Entry<'_>| zone.minute_of_day(entry.at()) / 60;
    // A line stands above the first of each hour.
    let begins = |at: usize| at == 0 || hour(of_day[at - 1]) != hour(of_day[at]);
    html! {
        li class={ "m-cal__day" @if today { " is-today" } @if of_day.is_empty() { " is-empty" } } {
            h2 class="m-cal__head" aria-current=[today.then_some("date")] { (zone.date(from, member.now)) @if today { span class="m-sub" { "today" } } }
            ol class="m-cal__list" {
                @for (at, entry) in of_day.iter().enumerate() {
                    li class={ "m-cal__entry" @if begins(at) { " is-hour" } @if matches!(entry, Entry::Workshop(_)) { " is-workshop" } } {
                        time { (zone.time(entry.at())) }
                        (shown(member, entry))
                    }
                }
            }
        }
    }
}

fn shown(member: &Member, entry: &Entry<'_>) -> Markup {
    match entry {
        Entry::Workshop(workshop) => html! {
            div {
                a class="m-rowlink" href=(workshop_href(workshop.id)) { (workshop.title) }
                span class="m-sub" { (counted(workshop.registrants, "registrant", "registrants")) }
            }
        },
        Entry::Step(step) => html! {
            div {
                a class="m-rowlink" href=(plan::href(step.workshop)) {
                    @if let Some(channel) = step.channel { (StepMark { channel, fill: fill(step) }) " " }
                    (step.label)
                }
                span class="m-sub" { (step.title) }
                span class="m-sub" { (state(member, step)) }
            }
        },
    }
}

fn fill(step: &CalendarStep) -> Fill {
    match step.state {
        RowState::Planned | RowState::Skipped if step.why.needs_somebody() => Fill::Blocked,
        RowState::Planned => Fill::Planned,
        RowState::Broadcast => Fill::Done,
        RowState::Skipped | RowState::Cancelled | RowState::Missed => Fill::Skipped,
    }
}

/// Where it stands, and what is in its way.
fn state(member: &Member, step: &CalendarStep) -> Markup {
    let channel = step.channel.map(|channel| channel.short_title()).unwrap_or_default();
    let late = step.state == RowState::Planned && step.due <= member.now;
    html! {
        (channel) ", "
        @if late { "due" } @else { (steps::state(step.state).to_lowercase()) }
        @if step.why != WhyNot::Nothing { ": " (steps::why_not(step.why).title) }
    }
}

/// Leads to it.
pub(crate) fn button() -> Button {
    Button::link("Calendar", CALENDAR).icon(Icon::Workshop)
}
