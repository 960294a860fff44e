//! A plan that runs: every step with its state, its people and its cost, on the axis and in the table.

use ::compose::{StepPreview, is_to_come, keeps_late, later_rounds, plan_cost, standing, why_not};
use domain::{
    channel::{Category, Channel},
    message::MessageState,
    money::Money,
    role::Permission,
    sequence::{OwnWhyNot, RowState, Standing, WhyNot},
    time::Millis,
    workshop::WorkshopStatus,
};
use maud::{Markup, html};
use store::{
    plans::{PlanRow, RowRuns, WorkshopPlan},
    registrants::{Registrant, RegistrantFilter},
    workshops::Workshop,
};

use super::{PlanQuery, accounts, follow_href, href, ladder_href, values, words};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    pages::settings::sequences,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        format::{counted, grouped, phone, relative, rupees},
        head::{Card, Fact, Strip},
        icons::Icon,
        note::Note,
        plan::{Fill, Plan, PlanStep, StepMark},
        table::{Search, name},
        words::steps::{self, KNOWN_AFTERWARDS, VALUE_MISSING},
    },
};

/// Due already when the sequence was run.
pub(super) const PAST_AT_RUN: WhyNot = WhyNot::Own(OwnWhyNot::PastAtRun);

/// People that a search for one shows.
const PEOPLE_MAX: i64 = 20;

/// What is known of a plan at once.
pub(super) struct Around {
    pub(super) previews: Vec<StepPreview>,
    runs: Vec<RowRuns>,
}

impl Around {
    pub(super) async fn load(
        app: &App,
        member: &Member,
        workshop: &Workshop,
        plan: &WorkshopPlan,
    ) -> Result<Around, Problem> {
        let previews = app.composer.preview(member, workshop, &plan.steps, &plan.zone, &plan.rows).await?;
        Ok(Around { previews, runs: member.org.plan_runs(workshop.id, member.now).await? })
    }

    pub(super) fn preview(&self, row: &PlanRow) -> Option<&StepPreview> {
        self.previews.iter().find(|preview| preview.step.key == row.key)
    }

    /// What the broadcasts of a row add up to; `None` where there is none.
    fn runs(&self, row: &PlanRow) -> Option<&RowRuns> {
        self.runs.iter().find(|runs| runs.row == row.id)
    }
}

/// What it is called, whom it concerns and what it costs, from the preview.
pub(super) fn step_name(preview: &StepPreview) -> String {
    match (preview.step.label.as_str(), &preview.template) {
        ("", Some(template)) => template.clone(),
        ("", None) => "A template that is gone".to_owned(),
        (label, _) => label.to_owned(),
    }
}

pub(super) fn people(channel: Channel, n: i64) -> String {
    match channel {
        Channel::WhatsappGroup => counted(n, "group", "groups"),
        Channel::WhatsappPersonal | Channel::Sms | Channel::IvrCall => counted(n, "person", "people"),
    }
}

/// "₹141.68" and "estimate"; a post is free.
pub(super) fn price(channel: Channel, cost: Option<Money>) -> (String, String) {
    match (channel, cost) {
        (Channel::WhatsappGroup, _) => ("free".to_owned(), String::new()),
        (_, Some(cost)) => (rupees(cost.0), "estimate".to_owned()),
        (_, None) => ("–".to_owned(), String::new()),
    }
}

/// Whom a step would go to now: of a rung whoever is expected to be left, and at worst everybody.
pub(super) fn whom_now(preview: &StepPreview, reason: String) -> (String, String) {
    let (channel, now) = (preview.step.channel, preview.people.unwrap_or(0));
    let Some(rung) = preview.rung.filter(|_| channel != Channel::WhatsappGroup && reason.is_empty()) else {
        return (people(channel, now), reason);
    };
    let tried = rung.expected.tried;
    let worst = if tried < now { format!("expected; at worst {}", grouped(now)) } else { String::new() };
    (people(channel, tried), worst)
}

/// Whom a step goes to whose people are not known yet, and from what they will be.
pub(super) fn whom_later(preview: &StepPreview) -> (String, String) {
    if preview.awaits_report {
        (KNOWN_AFTERWARDS.to_owned(), "from the attendance report".to_owned())
    } else {
        ("Each at a moment of their own".to_owned(), String::new())
    }
}

/// Whether a step would not go as things stand, so that somebody has to do something about it.
pub(super) fn stands_still(preview: &StepPreview) -> bool {
    preview.obstacle.why.needs_somebody()
}

/// What a step would cost now: of a rung what is expected, and at worst.
pub(super) fn price_now(preview: &StepPreview) -> (String, String) {
    let (cost, note) = price(preview.step.channel, preview.expected_cost());
    match preview.rung.map(|rung| rung.expected) {
        Some(expected) if expected.worst > expected.cost => {
            (cost, format!("at worst {}", rupees(expected.worst.0)))
        }
        _ => (cost, note),
    }
}

/// Lanes in which promotion is planned: the law closes them at night.
pub(super) async fn promotes(member: &Member, previews: &[StepPreview]) -> Result<Vec<Channel>, Problem> {
    let mut lanes = Vec::new();
    for channel in Channel::to_people() {
        let templates = member.org.templates(channel).await?;
        let is_promotion = |preview: &&StepPreview| {
            templates.iter().any(|template| {
                template.id == preview.step.template
                    && domain::template::Message::from_json(channel, &template.body)
                        .is_ok_and(|message| message.category() == Category::Marketing)
            })
        };
        if previews
            .iter()
            .filter(|preview| preview.step.channel == channel)
            .any(|preview| is_promotion(&preview))
        {
            lanes.push(channel);
        }
    }
    Ok(lanes)
}

/// A step of a running plan.
struct Row<'a> {
    member: &'a Member,
    workshop: &'a Workshop,
    row: &'a PlanRow,
    preview: Option<&'a StepPreview>,
    runs: Option<&'a RowRuns>,
}

impl Row<'_> {
    fn channel(&self) -> Channel {
        self.preview.map_or(Channel::WhatsappPersonal, |preview| preview.step.channel)
    }

    /// What stands in its way, now or ahead.
    fn obstacle(&self) -> (WhyNot, &str) {
        why_not(self.row, self.preview)
    }

    /// Whether something stood in its way when it was last tried, and does not any more.
    fn is_mended(&self) -> bool {
        let stood = self.row.obstacle.needs_somebody();
        self.row.state == RowState::Planned && stood && !self.obstacle().0.needs_somebody()
    }

    /// It is a broadcast that has begun and not ended.
    fn is_going(&self) -> bool {
        self.runs.is_some_and(|runs| runs.going > 0 && !runs.not_begun)
    }

    fn is_to_come(&self) -> bool {
        is_to_come(self.row, self.runs)
    }

    fn standing(&self) -> Standing {
        standing(self.row, self.runs, self.obstacle().0.needs_somebody())
    }

    /// It was confirmed ahead of its moment, and nothing of it has gone.
    fn not_begun(&self) -> bool {
        self.standing() == Standing::Scheduled
    }

    /// It did not go to everybody at its moment, and went to people who registered later.
    fn went_late(&self) -> bool {
        self.row.state == RowState::Skipped && self.runs.is_some()
    }

    /// It followed each registration until its time was over.
    fn followed_each(&self) -> bool {
        self.row.state == RowState::Missed && self.row.due.is_none() && self.runs.is_some()
    }

    fn fill(&self) -> Fill {
        let needs = self.obstacle().0.needs_somebody();
        match self.row.state {
            RowState::Planned | RowState::Skipped if needs => Fill::Blocked,
            RowState::Planned => Fill::Planned,
            RowState::Broadcast if self.not_begun() => Fill::Planned,
            RowState::Skipped | RowState::Missed if self.went_late() || self.followed_each() => {
                if self.is_going() { Fill::Sending } else { Fill::Done }
            }
            RowState::Broadcast if self.is_going() => Fill::Sending,
            RowState::Broadcast => Fill::Done,
            RowState::Skipped | RowState::Cancelled | RowState::Missed => Fill::Skipped,
        }
    }

    fn chip(&self) -> Chip {
        let standing = self.standing();
        let chip = |tone, icon| Chip { tone, icon, word: steps::standing(standing).to_owned() };
        match standing {
            Standing::Scheduled => chip(Tone::Rest, Icon::Wait),
            Standing::Sending | Standing::GoesOn => chip(Tone::Run, Icon::Play),
            Standing::WouldNotGo => chip(Tone::Act, Icon::Warning),
            Standing::LateOnly => chip(Tone::Done, Icon::Ok),
            Standing::Row(state) => words::chip(state, self.row.why),
        }
    }

    fn whom(&self) -> (String, String) {
        let (why, said) = self.obstacle();
        let reason = match self.row.state {
            RowState::Cancelled => words::cancelled(self.member, self.row),
            _ => words::why(why, said),
        };
        if let Some(runs) = self.runs {
            let n = |state| runs.in_state(state);
            let arrived = n(MessageState::Delivered) + n(MessageState::Read);
            let mut parts = Vec::new();
            if !self.not_begun() {
                parts.push(format!("{} arrived", grouped(arrived)));
            }
            for (count, word) in [
                (n(MessageState::Sent), "handed over"),
                (n(MessageState::Failed), "failed"),
                (n(MessageState::Waiting) + n(MessageState::InFlight), "to go"),
            ] {
                if count > 0 {
                    parts.push(format!("{} {word}", grouped(count)));
                }
            }
            parts.extend(steps::later_rounds(later_rounds(self.row, runs)));
            match self.row.state {
                RowState::Skipped if why == PAST_AT_RUN => {
                    parts.push(steps::not_to_the_others(why, said));
                }
                RowState::Cancelled => parts.push(reason.clone()),
                _ => {}
            }
            parts.extend(self.kept_from_late());
            return (people(self.channel(), runs.planned), parts.join(", "));
        }
        if let (RowState::Planned, Some(preview)) = (self.row.state, self.preview)
            && preview.people.is_some()
        {
            return whom_now(preview, reason);
        }
        match (self.row.state, self.preview) {
            (RowState::Planned, Some(preview)) => {
                let (whom, from) = whom_later(preview);
                (whom, if reason.is_empty() { from } else { reason })
            }
            (RowState::Planned, None) => ("Each at a moment of their own".to_owned(), reason),
            (RowState::Skipped, _) => {
                let parts: Vec<String> = [reason].into_iter().chain(self.kept_from_late()).collect();
                ("nobody".to_owned(), parts.join(", "))
            }
            _ => ("nobody".to_owned(), reason),
        }
    }

    /// What keeps those who register now from it, although its moment has come.
    fn kept_from_late(&self) -> Option<String> {
        keeps_late(self.row).map(|(why, said)| steps::reaches_nobody(why, said))
    }

    fn cost(&self) -> (String, String) {
        let Some(runs) = self.runs else {
            return match self.row.state {
                RowState::Planned => self.preview.map_or_else(|| price(self.channel(), None), price_now),
                _ => ("–".to_owned(), String::new()),
            };
        };
        if self.channel() == Channel::WhatsappGroup {
            return ("free".to_owned(), String::new());
        }
        (rupees(runs.cost.0), if runs.cost_known { String::new() } else { "estimate".to_owned() })
    }

    /// Somebody took it out, and it is still of use. What the sequence has no more has no preview.
    fn can_be_put_back(&self) -> bool {
        self.row.state == RowState::Cancelled
            && self.row.why == WhyNot::Own(OwnWhyNot::ByPerson)
            && self.row.until > self.member.now
            && self.workshop.status != WorkshopStatus::Cancelled
            && self.preview.is_some()
    }

    /// It lacks a value that the member may enter on this page.
    fn asks_for_value(&self) -> bool {
        let lacks = self.preview.is_some_and(|preview| !preview.missing.is_empty());
        lacks && self.obstacle().0 == VALUE_MISSING && self.member.may(Permission::Manage)
    }

    fn acts(&self) -> Markup {
        let (row, to) = (self.row, href(self.workshop.id));
        let name = self.preview.map(step_name).unwrap_or_default();
        let may = self.member.may(Permission::Send);
        html! {
            @if let Some(last) = row.broadcasts.last() {
                (Button::link("Open", format!("/broadcasts/{last}")).spoken(format!("Open {name}")).small())
            }
            @if let Some(rung) = self.preview.and_then(|preview| preview.step.rung.as_ref()) {
                (Button::link("Ladder", ladder_href(self.workshop.id, &rung.ladder)).spoken(format!("Reach ladder of {name}")).small())
            }
            @if self.asks_for_value() {
                (Button::link("Enter what is missing", values::here()).spoken(format!("Enter what {name} is missing")).small())
            }
            @if may && self.is_to_come() {
                (Button::link("Cancel", format!("{to}/{}/cancel", row.id)).spoken(format!("Cancel {name}")).small())
            } @else if may && row.state == RowState::Skipped && row.why.needs_somebody() && row.until > self.member.now {
                form method="post" action={ (to) "/" (row.id) "/retry" } {
                    (self.member.csrf())
                    (Button::new("Try again").spoken(format!("Try {name} again")).small())
                }
            } @else if may && self.can_be_put_back() {
                (Button::link("Put it back", format!("{to}/{}/put-back", row.id)).spoken(format!("Put {name} back")).small())
            }
        }
    }

    fn step(&self) -> PlanStep {
        let (preview, row) = (self.preview, self.row);
        let whom = self.whom();
        let channel = self.channel();
        let is_known = preview.is_none_or(|preview| !preview.awaits_report);
        let count = match (row.state, whom.0.as_str()) {
            (RowState::Planned, _) if row.due.is_none() || !is_known => String::new(),
            (RowState::Planned | RowState::Broadcast, words) if channel == Channel::WhatsappGroup => {
                words.to_owned()
            }
            (RowState::Planned | RowState::Broadcast, words) => {
                words.split(' ').next().unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        PlanStep {
            id: format!("step-{}", row.key),
            due: row.due,
            until: row.until,
            when: row
                .due
                .map_or_else(|| "After each registration".to_owned(), |due| words::at(self.member, due)),
            offset: preview
                .map(|preview| words::offset(self.member, &preview.step, row.until))
                .unwrap_or_default(),
            mark: StepMark { channel, fill: self.fill() },
            name: preview.map_or_else(|| row.key.to_string(), step_name),
            href: row.broadcasts.first().map(|first| format!("/broadcasts/{first}")),
            chip: self.chip(),
            count,
            whom,
            cost: self.cost(),
            acts: self.acts(),
        }
    }
}

pub(super) async fn page(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    plan: &WorkshopPlan,
    query: &PlanQuery,
) -> Result<Markup, Problem> {
    let around = Around::load(app, member, workshop, plan).await?;
    let rows: Vec<Row<'_>> = plan
        .rows
        .iter()
        .map(|row| Row { member, workshop, row, preview: around.preview(row), runs: around.runs(row) })
        .collect();
    // What stood in the way of a step is mended: what was noted about it is tried again, for everybody who is told of it.
    if rows.iter().any(Row::is_mended) {
        member.org.try_stuck_again(member.now).await?;
        app.engine.wake_plans();
    }
    let (so_far, ahead) = plan_cost(&plan.rows, &around.runs, &around.previews);
    let drawn = Plan {
        zone: &member.organization.zone,
        starts: workshop.starts_at,
        ends: workshop.ends_at,
        now: member.now,
        quiet: member.organization.quiet_hours,
        promotes: promotes(member, &around.previews).await?,
        steps: rows.iter().map(Row::step).collect(),
        foot: format!(
            "{} so far + {} planned = {}, estimate",
            rupees(so_far.0),
            rupees(ahead.0),
            rupees((so_far + ahead).0)
        ),
        aside: html! { a class="m-link" href=(sequences::href(plan.sequence)) { (plan.name) } },
    };
    Ok(html! {
        (newer(member, plan))
        (facts(member, plan, &rows, (so_far, ahead)))
        (values::card(member, workshop, around.previews.iter(), &href(workshop.id)))
        (drawn)
        @if let Some(accounts) = accounts::card(member, workshop, &plan.steps).await? { (accounts) }
        (one_person(member, workshop, query).await?)
    })
}

/// What changed since the plan was written: a newer version, or another zone. Whoever may not send is told so, and cannot
/// review it.
fn newer(member: &Member, plan: &WorkshopPlan) -> Markup {
    let link = html! {
        @if member.may(Permission::Send) {
            p class="m-p" { a class="m-link" href=(follow_href(plan.workshop)) { "Review the change" } }
        }
    };
    html! {
        @if plan.newest > plan.version {
            (Note::new(Tone::Act, format!("“{}” has changed since.", plan.name), format!("This plan keeps version {} of {}.", plan.version, plan.newest)))
            (link)
        } @else if plan.zone.name() != member.organization.zone.name() {
            (Note::new(Tone::Act, "Your organisation’s time zone has changed since.", format!("Clock times of this plan are meant in {}.", plan.zone.name())))
            (link)
        }
    }
}

fn facts(member: &Member, plan: &WorkshopPlan, rows: &[Row<'_>], (so_far, ahead): (Money, Money)) -> Strip {
    let planned = rows.iter().filter(|row| row.is_to_come()).count();
    let going = rows.iter().filter(|row| row.is_going()).count();
    let next = rows.iter().filter(|row| row.is_to_come()).find_map(|row| Some((row.row.due?, row)));
    let next = match next {
        Some((due, row)) => {
            let name = row.preview.map(step_name).unwrap_or_default();
            let zone = &member.organization.zone;
            Fact::figure(format!("Next, {}", relative(due.0, member.now.0)), zone.time(due), "")
                .note(format!("{}: {name}", zone.date(due, member.now)))
        }
        None => Fact::figure("Next", "–", "").note("nothing is to come"),
    };
    let blocked = rows.iter().filter(|row| row.is_to_come() && row.fill() == Fill::Blocked).count();
    let can = planned - blocked;
    Strip(vec![
        Fact::figure("Steps", plan.rows.len().to_string(), "").note(format!(
            "{} went out, {going} sending, {planned} to come",
            rows.iter().filter(|row| row.fill() == Fill::Done).count()
        )),
        next,
        Fact::figure("Can go out", format!("{can} of {planned}"), "").note(if blocked == 0 {
            "nothing stands in the way"
        } else {
            "see what is marked"
        }),
        Fact::figure("Cost so far", rupees(so_far.0), "")
            .note(format!("{} planned, estimate", rupees(ahead.0))),
        Fact::figure("Sequence", format!("version {}", plan.version), "").note(format!(
            "run by {} {}",
            plan.run_by,
            relative(plan.run_at.0, member.now.0)
        )),
    ])
}

/// What one person gets: looked for by name or number.
async fn one_person(member: &Member, workshop: &Workshop, query: &PlanQuery) -> Result<Card, Problem> {
    let found = match query.q.trim() {
        "" => vec![],
        words => {
            let filter = RegistrantFilter {
                search: words.to_owned(),
                limit: PEOPLE_MAX,
                ..RegistrantFilter::default()
            };
            member.org.registrants(workshop.id, &filter).await?
        }
    };
    let search = Search {
        action: format!("{}#person", href(workshop.id)),
        label: "Name or number".into(),
        value: query.q.clone(),
        keep: vec![],
    };
    let card = Card::new(
        "person",
        "What does one person get?",
        html! {
            @if query.q.trim().is_empty() { p class="m-none" { "Look somebody up: every step says whether they get it, and why not." } }
            @else if found.is_empty() { p class="m-none" { "Nobody of this workshop is called that." } }
            @else {
                ul class="m-runlist" { @for person in &found {
                    li class="m-runws" {
                        (name(&format!("{}?person={}", href(workshop.id), person.id), if person.name.is_empty() { "No name" } else { &person.name }, &phone(&person.phone)))
                    }
                } }
            }
        },
    );
    Ok(card.aside(search))
}

/// The moment of a step that follows each registration, for one person. Whoever came back after it has another one.
pub(super) fn own_turn(preview: &StepPreview, person: &Registrant, zone: &domain::time::Zone) -> Millis {
    let turn = |from: Millis| preview.step.timing.due(from, zone);
    let first = turn(person.registered_at);
    let own = person.back_at.filter(|back| first < *back).map_or(first, turn);
    preview.planned.due.unwrap_or(own)
}
