//! The workshops of the next seven days: how many registered, were told, were reached, and what comes next of each.

use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::Channel,
    ids::WorkshopId,
    role::Permission,
    time::{DAY, Millis},
    told::Purpose,
    workshop::WorkshopStatus,
};
use maud::{Markup, Render, html};
use store::{
    plans::ComingStep,
    reached::{Planned, ReachCounts},
    workshops::Workshop,
};

use super::paths;
use crate::{
    http::{error::Problem, extract::Member},
    pages::workshop::plan,
    ui::{
        chip::{Chip, State, Tone},
        format::{counted, form_value, grouped, percent},
        icons::Icon,
    },
};

/// Days that the table looks ahead, with today.
const DAYS: i64 = 7;
/// Workshops in the table at most; the list of workshops has the others.
const ROWS: usize = 20;
/// Purposes to choose from.
const PURPOSES: usize = 4;

/// The table.
pub(super) struct Week<'a> {
    member: &'a Member,
    workshops: Vec<&'a Workshop>,
    /// More workshops than the table shows.
    more: bool,
    /// Purposes of the messages of this week; the figures are about the chosen one.
    purposes: Vec<Purpose>,
    chosen: Purpose,
    reached: Vec<(WorkshopId, ReachCounts)>,
    planned: Vec<Planned>,
    /// The steps to come of the plans of these workshops.
    steps: Vec<ComingStep>,
}

/// What comes next of a workshop.
#[derive(Clone, Copy)]
enum Next<'a> {
    Broadcast(&'a Planned),
    Step(&'a ComingStep),
}

impl Week<'_> {
    /// The week of these workshops, the next ones first; `None` when there is none. `named` is the purpose that the address names.
    pub(super) async fn load<'a>(
        member: &'a Member,
        coming: &'a [Workshop],
        named: &str,
    ) -> Result<Option<Week<'a>>, Problem> {
        let (today, _) = member.organization.zone.day(member.now);
        let until = today.plus(DAYS * DAY);
        let mut workshops: Vec<&Workshop> = coming
            .iter()
            .filter(|one| one.status != WorkshopStatus::Cancelled && one.starts_at < until)
            .collect();
        if workshops.is_empty() {
            return Ok(None);
        }
        let more = workshops.len() > ROWS;
        workshops.truncate(ROWS);
        let ids: Vec<WorkshopId> = workshops.iter().map(|one| one.id).collect();
        let planned = member.org.planned(&ids).await?;
        let steps = member.org.coming_steps(&ids, member.now).await?;
        let purposes = purposes(&planned, &steps);
        let chosen = purposes.iter().find(|purpose| purpose.word() == named).or(purposes.first()).cloned();
        let chosen = chosen.unwrap_or_default();
        let reached = member.org.reached(&ids, &chosen, today).await?;
        Ok(Some(Week { member, workshops, more, purposes, chosen, reached, planned, steps }))
    }

    fn of(&self, workshop: &Workshop) -> ReachCounts {
        self.reached
            .iter()
            .find(|(id, _)| *id == workshop.id)
            .map(|(_, reached)| *reached)
            .unwrap_or_default()
    }
}

/// What the broadcasts tell, the most frequent first; then what the steps will tell, the next first.
fn purposes(planned: &[Planned], steps: &[ComingStep]) -> Vec<Purpose> {
    let mut counted: Vec<(Purpose, usize)> = vec![];
    let people = planned.iter().filter(|one| one.purpose.word() != store::posts::PURPOSE);
    for one in people.filter(|one| one.status != BroadcastStatus::Cancelled) {
        match counted.iter_mut().find(|(purpose, _)| *purpose == one.purpose) {
            Some((_, n)) => *n += 1,
            None => counted.push((one.purpose.clone(), 1)),
        }
    }
    // Who reads a post of a group is not known by name.
    for step in steps.iter().filter(|step| step.channel != Channel::WhatsappGroup) {
        if counted.iter().all(|(purpose, _)| *purpose != step.purpose) {
            counted.push((step.purpose.clone(), 0));
        }
    }
    counted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counted.into_iter().take(PURPOSES).map(|(purpose, _)| purpose).collect()
}

impl Render for Week<'_> {
    fn render(&self) -> Markup {
        let zone = &self.member.organization.zone;
        let (today, _) = zone.day(self.member.now);
        let last = today.plus((DAYS - 1) * DAY);
        let (from, to) = (zone.date(today, self.member.now), zone.date(last, self.member.now));
        html! {
            section class="m-card m-week" id="week" aria-labelledby="week-title" {
                header class="m-card__head" {
                    h2 class="m-card__title" id="week-title" { "This week" span class="m-card__by" { (from) " – " (to) } }
                    @if self.purposes.len() > 1 {
                        nav class="m-week__what" aria-label="What was told" {
                            @for purpose in &self.purposes {
                                a class="m-pill" href={ "/?told=" (form_value(purpose.word())) "#week" }
                                    aria-current=[(*purpose == self.chosen).then_some("true")] { (purpose.title()) }
                            }
                        }
                    } @else if !self.purposes.is_empty() { span class="m-sub" { (self.chosen.title()) } }
                }
                // Where there is little room a script folds it; where there is more the summary is not shown.
                details class="m-week__fold" open data-fold-narrow {
                    summary class="m-fold__head" { (self.in_short()) (Icon::Down) }
                    table class="m-table m-wk" {
                        caption class="mui-visually-hidden" { "Workshops of the next seven days" }
                        thead { tr {
                            th scope="col" { "Workshop" }
                            th scope="col" class="is-num" { "Registered" }
                            th scope="col" class="is-num" { "Told" }
                            th scope="col" class="is-num" { "Reached" }
                            th scope="col" class="is-num" { "Not reached" }
                            th scope="col" class="m-wk__next" { "Next" }
                            th scope="col" class="is-act" { span class="mui-visually-hidden" { "What to do" } }
                        } }
                        tbody { @for workshop in &self.workshops { (self.row(workshop)) } }
                        @if self.workshops.len() > 1 { tfoot { (self.sum()) } }
                    }
                    p class="m-tablefoot" { a class="m-link" href=(crate::pages::calendar::CALENDAR) { "Calendar of the week" } }
                    @if self.more || self.workshops.len() > 3 { p class="m-tablefoot" { a class="m-link" href=(paths::WORKSHOPS) { "All workshops" } } }
                }
            }
        }
    }
}

impl Next<'_> {
    /// Whether it is that step.
    fn is(self, step: &ComingStep) -> bool {
        matches!(self, Next::Step(next) if next == step)
    }
}

impl Week<'_> {
    fn row(&self, workshop: &Workshop) -> Markup {
        let zone = &self.member.organization.zone;
        let reached = self.of(workshop);
        let page = paths::workshop(workshop.id);
        let told = format!("{page}?told={}", form_value(self.chosen.word()));
        let next = self.next(workshop);
        html! {
            tr data-row {
                td class="m-col-name" {
                    a class="m-rowlink" href=(page) { (workshop.title) }
                    span class="m-sub" { (day_and_hours(self.member, workshop)) }
                }
                (cells(&reached, Some(&told)))
                td class="m-wk__next" {
                    @match next {
                        Some(Next::Broadcast(one)) => {
                            (self.chip(one))
                            span class="m-sub" { (one.title) ", " (counted(one.waiting, "waits", "wait")) @if one.starts_at > self.member.now { ", " (zone.moment(one.starts_at, self.member.now)) } }
                        }
                        Some(Next::Step(step)) => { (self.step(step)) }
                        None => {
                            (Chip { tone: Tone::Act, icon: Icon::Warning, word: "Nothing planned".to_owned() })
                        }
                    }
                    @if let Some(step) = self.tells(workshop).filter(|step| !next.is_some_and(|next| next.is(step))) {
                        span class="m-sub" { (self.chosen.title()) ": " (self.moment(step)) ", " (step.channel.short_title()) }
                    }
                }
                td class="is-act" { (self.action(workshop, &reached, next)) }
            }
        }
    }

    /// What stands still, else what is going out or goes out first: a broadcast, or a step of the plan. What follows each registration is
    /// next where nothing else is.
    fn next(&self, workshop: &Workshop) -> Option<Next<'_>> {
        let own = || self.planned.iter().filter(|one| one.workshop == workshop.id);
        if let Some(paused) = own().find(|one| one.status == BroadcastStatus::Paused) {
            return Some(Next::Broadcast(paused));
        }
        let broadcast = own().find(|one| {
            matches!(
                one.status,
                BroadcastStatus::Planning | BroadcastStatus::Scheduled | BroadcastStatus::InProgress
            )
        });
        // They come in the order of their moments.
        let step = self.steps.iter().find(|step| step.workshop == workshop.id);
        match (broadcast, step) {
            (Some(broadcast), Some(step)) if step.due.is_some_and(|due| due < broadcast.starts_at) => {
                Some(Next::Step(step))
            }
            (Some(broadcast), _) => Some(Next::Broadcast(broadcast)),
            (None, step) => step.map(Next::Step),
        }
    }

    /// The step that will tell the chosen purpose. One that follows each registration tells nobody who is there already.
    fn tells(&self, workshop: &Workshop) -> Option<&ComingStep> {
        let mut own = self.steps.iter().filter(|step| step.workshop == workshop.id && step.due.is_some());
        own.find(|step| step.purpose == self.chosen)
    }

    fn moment(&self, step: &ComingStep) -> String {
        match step.due {
            Some(due) if due > self.member.now => self.member.organization.zone.moment(due, self.member.now),
            Some(_) => "Now".to_owned(),
            None => "Each registration".to_owned(),
        }
    }

    /// When the step goes, what it is called, and its channel.
    fn step(&self, step: &ComingStep) -> Markup {
        let (tone, icon) = if step.blocked { (Tone::Act, Icon::Warning) } else { (Tone::Rest, Icon::Wait) };
        html! {
            (Chip { tone, icon, word: self.moment(step) })
            span class="m-sub" { (step.label) ", " (step.channel.short_title()) @if step.blocked { ", something stands in its way" } }
        }
    }

    fn chip(&self, one: &Planned) -> Chip {
        match one.status {
            BroadcastStatus::Paused => State::Paused.chip(),
            BroadcastStatus::InProgress => State::Sending.chip(),
            BroadcastStatus::Planning | BroadcastStatus::Scheduled => State::Scheduled.chip(),
            BroadcastStatus::Completed => State::Completed.chip(),
            BroadcastStatus::Cancelled => State::Cancelled.chip(),
        }
    }

    fn action(&self, workshop: &Workshop, reached: &ReachCounts, next: Option<Next<'_>>) -> Markup {
        let sends = self.member.may(Permission::Send);
        let link = |words: String, to: String| html! { a class="m-link" href=(to) { (words) } };
        match next {
            Some(Next::Broadcast(one)) if one.status == BroadcastStatus::Paused && sends => {
                link(format!("Open ({})", grouped(one.waiting)), paths::broadcast(one.id))
            }
            Some(Next::Broadcast(one)) => link("Open".to_owned(), paths::broadcast(one.id)),
            _ if reached.registered == 0 && self.member.may(Permission::AddRegistrants) => {
                link("Import people".to_owned(), paths::import(workshop.id))
            }
            // Whoever told people by hand now would tell them what the plan is about to tell.
            _ if self.tells(workshop).is_some() => link("Open plan".to_owned(), plan::href(workshop.id)),
            _ if sends && reached.can_be_told > 0 => link(
                format!("Tell {}", grouped(reached.can_be_told)),
                format!(
                    "/?workshop={}&who={}&purpose={}#compose",
                    workshop.id,
                    Audience::NotTold,
                    form_value(self.chosen.word())
                ),
            ),
            Some(Next::Step(_)) => link("Open plan".to_owned(), plan::href(workshop.id)),
            None => link("Open".to_owned(), paths::workshop(workshop.id)),
        }
    }

    fn all(&self) -> ReachCounts {
        self.reached.iter().fold(ReachCounts::default(), |sum, (_, one)| sum.and(one))
    }

    /// What stands instead of the table while it is folded.
    fn in_short(&self) -> String {
        let workshops = counted(self.workshops.len(), "workshop", "workshops");
        match self.all().not_told {
            0 => workshops,
            n => format!("{workshops}, {} not told yet", counted(n, "person", "people")),
        }
    }

    fn sum(&self) -> Markup {
        let all = self.all();
        html! {
            tr {
                th scope="row" { (counted(self.workshops.len(), "workshop", "workshops")) }
                (cells(&all, None))
                td class="m-wk__next" {}
                td {}
            }
        }
    }
}

/// Registered, told, reached, not reached.
fn cells(reached: &ReachCounts, told: Option<&str>) -> Markup {
    let figure = |n: i64| {
        html! {
            @match told.filter(|_| n > 0) {
                Some(to) => { a class="m-n" href=(to) { (grouped(n)) } }
                None => { span class={ "m-n" @if n == 0 { " is-zero" } } { (grouped(n)) } }
            }
        }
    };
    let share = match percent(reached.reached(), reached.told()) {
        share if share.is_empty() => "–".to_owned(),
        share => share,
    };
    let mut lost = vec![];
    for (n, word) in
        [(reached.failed, "failed"), (reached.unknown, "unknown"), (reached.handed_over, "no receipt")]
    {
        if n > 0 {
            lost.push(format!("{} {word}", grouped(n)));
        }
    }
    html! {
        td class="is-num m-wk__n" data-label="Registered" { (figure(reached.registered)) @if reached.new > 0 { span class="m-sub" { "+" (grouped(reached.new)) " today" } } }
        td class="is-num m-wk__n" data-label="Told" { (figure(reached.told())) @if reached.under_way > 0 { span class="m-sub" { (grouped(reached.under_way)) " to go" } } @if reached.not_told > 0 { span class="m-sub m-sub--act" { (grouped(reached.not_told)) " not yet" } } }
        td class="is-num m-wk__n" data-label="Reached" { (figure(reached.reached())) span class="m-sub" { (share) } }
        td class="is-num m-wk__n" data-label="Not reached" { (figure(reached.not_reached())) span class="m-sub" { (lost.join(", ")) } }
    }
}

/// "Today, 7:00 – 9:00 PM".
fn day_and_hours(member: &Member, workshop: &Workshop) -> String {
    let zone = &member.organization.zone;
    let (today, tomorrow) = zone.day(member.now);
    let at: Millis = workshop.starts_at;
    let day = if (today..tomorrow).contains(&at) { "Today".to_owned() } else { zone.date(at, member.now) };
    format!("{day}, {} – {}", zone.time(at), zone.time(workshop.ends_at))
}
