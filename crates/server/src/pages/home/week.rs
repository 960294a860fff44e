//! The workshops of the next seven days: how many registered, were told, were reached, and what comes next of each.

use domain::{
    broadcast::{Audience, BroadcastStatus},
    ids::WorkshopId,
    role::Permission,
    time::{DAY, Millis},
    told::Purpose,
    workshop::WorkshopStatus,
};
use maud::{Markup, Render, html};
use store::{
    reached::{Planned, ReachCounts},
    workshops::Workshop,
};

use super::paths;
use crate::{
    http::{error::Problem, extract::Member},
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
        let purposes = purposes(&planned);
        let chosen = purposes.iter().find(|purpose| purpose.word() == named).or(purposes.first()).cloned();
        let chosen = chosen.unwrap_or_default();
        let reached = member.org.reached(&ids, &chosen, today).await?;
        Ok(Some(Week { member, workshops, more, purposes, chosen, reached, planned }))
    }

    fn of(&self, workshop: &Workshop) -> ReachCounts {
        self.reached
            .iter()
            .find(|(id, _)| *id == workshop.id)
            .map(|(_, reached)| *reached)
            .unwrap_or_default()
    }
}

/// What the broadcasts tell, the most frequent first.
fn purposes(planned: &[Planned]) -> Vec<Purpose> {
    let mut counted: Vec<(Purpose, usize)> = vec![];
    let people = planned.iter().filter(|one| one.purpose.word() != store::posts::PURPOSE);
    for one in people.filter(|one| one.status != BroadcastStatus::Cancelled) {
        match counted.iter_mut().find(|(purpose, _)| *purpose == one.purpose) {
            Some((_, n)) => *n += 1,
            None => counted.push((one.purpose.clone(), 1)),
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
                        Some(one) => {
                            (self.chip(one))
                            span class="m-sub" { (one.title) ", " (counted(one.waiting, "waits", "wait")) @if one.starts_at > self.member.now { ", " (zone.moment(one.starts_at, self.member.now)) } }
                        }
                        None => {
                            (Chip { tone: Tone::Act, icon: Icon::Warning, word: "Nothing planned".to_owned() })
                        }
                    }
                }
                td class="is-act" { (self.action(workshop, &reached, next)) }
            }
        }
    }

    /// What is going out, stands still, or goes out first.
    fn next(&self, workshop: &Workshop) -> Option<&Planned> {
        let own = || self.planned.iter().filter(|one| one.workshop == workshop.id);
        own().find(|one| one.status == BroadcastStatus::Paused).or_else(|| {
            own().find(|one| {
                matches!(
                    one.status,
                    BroadcastStatus::Planning | BroadcastStatus::Scheduled | BroadcastStatus::InProgress
                )
            })
        })
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

    fn action(&self, workshop: &Workshop, reached: &ReachCounts, next: Option<&Planned>) -> Markup {
        let sends = self.member.may(Permission::Send);
        let link = |words: String, to: String| html! { a class="m-link" href=(to) { (words) } };
        match next {
            Some(one) if one.status == BroadcastStatus::Paused && sends => {
                link(format!("Open ({})", grouped(one.waiting)), paths::broadcast(one.id))
            }
            Some(one) => link("Open".to_owned(), paths::broadcast(one.id)),
            None if reached.registered == 0 && self.member.may(Permission::AddRegistrants) => {
                link("Import people".to_owned(), paths::import(workshop.id))
            }
            None if sends && reached.can_be_told > 0 => link(
                format!("Tell {}", grouped(reached.can_be_told)),
                format!(
                    "/?workshop={}&who={}&purpose={}#compose",
                    workshop.id,
                    Audience::NotTold,
                    form_value(self.chosen.word())
                ),
            ),
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
