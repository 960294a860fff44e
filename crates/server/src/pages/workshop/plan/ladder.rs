//! What a reach ladder did, for real or in a rehearsal: how many of the workshop's people are reached, by which rung, when, at what cost; and who is not, for which reason.

use axum::extract::State;
use domain::{
    ids::{PlanRowId, WorkshopId},
    message::MessageState,
    reason::Reason,
    sequence::{Ladder, LadderReport, RungReport, StepKey},
    time::Millis,
};
use maud::{Markup, html};
use providers::codes;
use store::{
    Org,
    plans::{PlanRow, WorkshopPlan},
    workshops::Workshop,
};

use super::{href, page, plan_of, rehearsal::rehearsal_href, words};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
    },
    pages::{settings::sequences, workshops::ok},
    play,
    ui::{
        button::Button,
        format::{counted, grouped, percent, rupees, span},
        head::{Card, Fact, Head, Strip},
        plan::{Fill, StepMark},
        table::{Column, Place, Row, Table},
        words::reasons,
    },
};

/// A rung of the plan with what it did.
struct Rung<'a> {
    row: &'a PlanRow,
    mark: StepMark,
    name: String,
    did: &'a RungReport,
}

/// `GET /workshops/{workshop}/plan/ladders/{ladder}`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(WorkshopId, String)>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let back = Button::link("Back to the plan", href(id));
    let body = body(&member, &member.org, (&workshop, &plan), key, back, app.clock.now()).await?;
    Ok(ok(page(&member, &workshop, "Reach ladder", body)))
}

/// `GET /workshops/{workshop}/plan/rehearsal/ladders/{ladder}`: the same of a ladder that was played.
pub async fn played(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(WorkshopId, String)>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let rehearsal = member.org.rehearsal_of(id).await?.ok_or_else(Problem::not_found)?;
    let copy = play::open(&app, &member, &rehearsal).await?.ok_or_else(Problem::not_found)?;
    let plan = copy.plan_of(id).await?.ok_or_else(Problem::not_found)?;
    let back = Button::link("Back to the rehearsal", rehearsal_href(id));
    let body = body(&member, &copy, (&workshop, &plan), key, back, rehearsal.now).await?;
    Ok(ok(page(&member, &workshop, "Reach ladder, rehearsed", body)))
}

/// What a ladder did by the messages of `org`: the member's own, or a rehearsal's.
async fn body(
    member: &Member,
    org: &Org,
    (workshop, plan): (&Workshop, &WorkshopPlan),
    key: String,
    back: Button,
    now: Millis,
) -> Result<Markup, Problem> {
    let key = StepKey::stored(key);
    let ladder = Ladder::of(&plan.steps, &key).ok_or_else(Problem::not_found)?;
    let rows: Vec<&PlanRow> =
        ladder.rungs.iter().filter_map(|rung| plan.rows.iter().find(|row| row.key == rung.key)).collect();
    let ids: Vec<PlanRowId> = rows.iter().map(|row| row.id).collect();
    let report = org.ladder_report(workshop.id, &key, &ids, now).await?;
    let mut rungs = Vec::with_capacity(rows.len());
    for (row, did) in rows.iter().zip(&report.rungs) {
        let Some(step) = plan.step(&row.key) else { continue };
        let fill = if did.tried > 0 { Fill::Done } else { Fill::Planned };
        let name = words::name(member, plan, &row.key).await?;
        rungs.push(Rung { row, mark: StepMark { channel: step.channel, fill }, name, did });
    }
    let name = if ladder.shared.label.is_empty() { "Reach everybody" } else { &ladder.shared.label };
    let until = rows.last().map_or(Millis::MAX, |row| row.until);
    Ok(html! {
        (Head::new(name).meta(format!("until {}", words::at(member, until))).meta(sequences::words::caps(ladder.caps).unwrap_or_default())
            .action(back))
        (facts(&report))
        (Card::new("rungs", "Rungs", table(member, &rungs, report.people)))
        (Card::new("open", "Not reached", not_reached(&report)))
    })
}

fn facts(report: &LadderReport) -> Strip {
    let open = report.people - report.reached;
    let late: i64 = report.rungs.iter().map(|rung| rung.late).sum();
    let has_gone = report.rungs.iter().any(|rung| rung.tried > 0);
    let share = match report.reached {
        0 => "0%".to_owned(),
        n => percent(n, report.people),
    };
    let over: i64 = report.rungs.iter().map(|rung| rung.over_cap).sum();
    Strip(vec![
        Fact::figure("Reached", share, "").note(format!(
            "{} of {}",
            grouped(report.reached),
            counted(report.people, "person", "people")
        )),
        Fact::figure("Not reached", grouped(open), "").note(match has_gone {
            true => "listed below with reasons",
            false => "no rung has gone yet",
        }),
        Fact::figure("Late proof", grouped(late), "").note("came after the next rung had gone to them"),
        Fact::figure("Cost", rupees(report.likely_cost().0), "").note(
            match (report.to_come.0, report.reached) {
                (0, 0) => "nobody is reached yet".to_owned(),
                (0, n) => format!("{} a person reached", rupees(report.cost.0 / n)),
                (to_come, _) => format!("{} of it still to go, estimate", rupees(to_come)),
            },
        ),
        Fact::figure("Left out for cost", grouped(over), "").note("the ladder may not cost more"),
    ])
}

fn table(member: &Member, rungs: &[Rung<'_>], people: i64) -> Table {
    let time = |at: Option<Millis>| at.map_or_else(|| "–".to_owned(), |at| member.organization.zone.time(at));
    let row = |rung: &Rung<'_>| {
        let did = rung.did;
        let due = rung.row.due.map_or_else(String::new, |due| words::at(member, due));
        let after = match (did.half_ms, did.most_ms) {
            (Some(half), Some(most)) => {
                format!("proof: half within {}, nine in ten within {}", span(half), span(most))
            }
            _ if did.tried == 0 => String::new(),
            _ => "no proof yet".to_owned(),
        };
        let mut notes = Vec::new();
        for (n, words) in [
            (did.spared, "spared, reached before"),
            (did.failed, "failed"),
            (did.late, "proven late"),
            (did.over_cap, "left out for cost"),
        ] {
            if n > 0 {
                notes.push(format!("{} {words}", grouped(n)));
            }
        }
        Row::new(vec![
            html! { div class="m-what" { (rung.mark) span { span class="m-rowname" { (rung.name) } span class="m-sub" { (rung.mark.channel.title()) ", " (due) } } } },
            html! { (time(did.first_sent)) @if did.last_sent != did.first_sent { " – " (time(did.last_sent)) } @if !after.is_empty() { span class="m-sub" { (after) } } },
            html! { (grouped(did.tried)) @if !notes.is_empty() { span class="m-sub" { (notes.join(", ")) } } },
            html! { (grouped(did.reached)) span class="m-sub" { (percent(did.reached, people)) } },
            html! { (rupees(did.likely_cost().0)) @if !did.cost_known { span class="m-sub" { "estimate" } } },
        ])
    };
    Table {
        caption: "Rungs of the ladder, in order".into(),
        columns: vec![
            Column::new("Rung", Place::Title),
            Column::new("Sent", Place::Line),
            Column::new("Tried", Place::Number),
            Column::new("Reached", Place::Number),
            Column::new("Cost", Place::Number),
        ],
        rows: rungs.iter().map(row).collect(),
        empty: "The ladder has no rung in this plan.".into(),
    }
}

/// Why somebody is not reached whose last message stands there.
fn why(state: MessageState, reason: &Reason) -> String {
    match (reason, state) {
        (Reason::Ours(own), _) => reasons::own(*own).note.to_owned(),
        (Reason::Excluded(excluded), _) => reasons::excluded(*excluded).note.to_owned(),
        (Reason::Provider(code), _) => codes::meaning(code)
            .map_or_else(|| format!("The provider said {code}."), |known| known.help.to_owned()),
        (Reason::None, MessageState::Sent) => "Handed over; no receipt has come.".to_owned(),
        (Reason::None, MessageState::Unknown) => "It may have gone out; nobody knows.".to_owned(),
        (Reason::None, _) => String::new(),
    }
}

fn not_reached(report: &LadderReport) -> Table {
    let row = |(stands, n): &(Option<(MessageState, Reason)>, i64)| {
        let (state, why) = match stands {
            None => ("No message".to_owned(), "No rung has gone to them.".to_owned()),
            Some((state, reason)) => (state.title().to_owned(), why(*state, reason)),
        };
        Row::new(vec![html! { (state) }, html! { (why) }, html! { (grouped(*n)) }])
    };
    Table {
        caption: "People who are not reached, by the state of their last message".into(),
        columns: vec![
            Column::new("Last message", Place::Title),
            Column::new("Why", Place::Line),
            Column::new("People", Place::Number),
        ],
        rows: report.not_reached.iter().map(row).collect(),
        empty: "Everybody is reached.".into(),
    }
}
