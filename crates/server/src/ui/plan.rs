//! The plan of a workshop: a time axis with a lane for each channel, and every step in a table, which becomes cards on a phone.

mod axis;
mod moved;

use domain::{
    channel::Channel,
    quiet_hours::QuietHours,
    time::{Millis, Zone},
};
use maud::{Markup, Render, html};

pub use self::moved::{Moved, MovedStep, Way};
use super::{
    chip::Chip,
    format::counted,
    head::Card,
    icons::Icon,
    table::{Column, Place, Row, Table},
};

/// What the fill of a step's mark means. Its shape means the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The step's moment is still to come.
    Planned,
    /// The step is going out now.
    Sending,
    /// The step went out.
    Done,
    /// The step does not go out.
    Skipped,
    /// Something will prevent the step, or did.
    Blocked,
}

impl Fill {
    fn class(self) -> &'static str {
        match self {
            Fill::Planned => "plan",
            Fill::Sending => "half",
            Fill::Done => "done",
            Fill::Skipped => "skip",
            Fill::Blocked => "ask",
        }
    }
}

/// A step's mark: its shape is its channel, its fill its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepMark {
    /// The channel of the step, which gives the shape.
    pub channel: Channel,
    /// The state of the step, which gives the fill.
    pub fill: Fill,
}

impl StepMark {
    /// Its drawing around a point, 22 units across.
    fn at(self, x: f64, y: f64) -> Markup {
        let move_there = format!("translate({x:.1} {y:.1})");
        html! {
            g class={ "m-mk m-mk--" (self.fill.class()) } transform=(move_there) {
                @match self.channel {
                    Channel::WhatsappPersonal => circle class="m-mk__body" r="10.5" {},
                    Channel::WhatsappGroup => polygon class="m-mk__body" points="11.5,0 5.8,10 -5.8,10 -11.5,0 -5.8,-10 5.8,-10" {},
                    Channel::Sms => rect class="m-mk__body" x="-9.5" y="-9.5" width="19" height="19" rx="3" {},
                    Channel::IvrCall => path class="m-mk__body" d="M0 -12L12 0L0 12L-12 0Z" {},
                }
                @match self.fill {
                    Fill::Planned => {},
                    Fill::Sending => path class="m-mk__half" d="M-7.500 0.500A7.500 7.500 0 0 0 7.500 0.500Z" {},
                    Fill::Done => path class="m-mk__tick" d="M-4.2 0.400l3.100 3.100l5.500 -6.200" {},
                    Fill::Skipped => path class="m-mk__cross" d="M-4 -4l8 8M4 -4l-8 8" {},
                    Fill::Blocked => path class="m-mk__ask" d="M0 -5v6M0 4.500v0.100" {},
                }
            }
        }
    }
}

impl Render for StepMark {
    fn render(&self) -> Markup {
        html! {
            svg class="m-mk-i" width="22" height="22" viewBox="0 0 26 26" aria-hidden="true" focusable="false" { (self.at(13.0, 13.0)) }
        }
    }
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// The id of the row on the page.
    pub id: String,
    /// When the step is due; `None` where it follows each registration.
    pub due: Option<Millis>,
    /// The last useful moment of the step.
    pub until: Millis,
    /// The moment in words, such as "Today, 6:00 PM".
    pub when: String,
    /// How the moment lies to the workshop, such as "1 h before, useful until 6:55 PM".
    pub offset: String,
    /// The mark of its channel and state.
    pub mark: StepMark,
    /// The name of the step.
    pub name: String,
    /// The address of the broadcast that it became; `None` before.
    pub href: Option<String>,
    /// The chip of its state.
    pub chip: Chip,
    /// The number of people or groups, such as "1,232"; empty where nobody can tell.
    pub count: String,
    /// The people, such as "1,232 people", and a quiet word.
    pub whom: (String, String),
    /// The cost, such as "₹141.68", and a quiet word.
    pub cost: (String, String),
    /// The buttons for what can be done about it.
    pub acts: Markup,
}

/// A plan as an axis of time and a table of steps.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The zone of its moments.
    pub zone: &'a Zone,
    /// The start of the workshop.
    pub starts: Millis,
    /// The end of the workshop.
    pub ends: Millis,
    /// The present moment, which the axis marks.
    pub now: Millis,
    /// The organisation's quiet hours, which the axis shades.
    pub quiet: QuietHours,
    /// The channels on which the law forbids promotion at night.
    pub promotes: Vec<Channel>,
    /// The steps in order of their moments. Steps that follow each registration come last.
    pub steps: Vec<PlanStep>,
    /// The line below axis and table: what the plan costs.
    pub foot: String,
    /// What stands at the right of the axis' head.
    pub aside: Markup,
}

impl Plan<'_> {
    /// The channels that it uses, in the order of the lanes.
    fn lanes(&self) -> Vec<Channel> {
        let uses = |channel: &Channel| self.steps.iter().any(|step| step.mark.channel == *channel);
        Channel::ALL.iter().copied().filter(uses).collect()
    }

    fn key(&self) -> Markup {
        let shown = |fill, words: &str| {
            html! { li { (StepMark { channel: Channel::WhatsappPersonal, fill }) (words) } }
        };
        let has = |fill| self.steps.iter().any(|step| step.mark.fill == fill);
        let clock = |minute: i64| {
            let (midnight, _) = self.zone.day(self.now);
            self.zone.time(self.zone.next_at_minute(midnight.plus(-1), minute))
        };
        html! {
            ul class="m-axkey" {
                @for (fill, words) in [(Fill::Done, "Done"), (Fill::Sending, "Sending"), (Fill::Planned, "Planned"), (Fill::Blocked, "Needs somebody"), (Fill::Skipped, "Does not go")] {
                    @if has(fill) { (shown(fill, words)) }
                }
                li { svg width="28" height="8" viewBox="0 0 28 8" aria-hidden="true" focusable="false" { path class="m-ax__until" d="M1 1v4H27v-4" {} } "Useful until" }
                @if self.quiet.from_minute != self.quiet.to_minute {
                    li { svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false" { rect class="m-ax__night" width="14" height="14" {} }
                        "Quiet, " (clock(self.quiet.from_minute)) " – " (clock(self.quiet.to_minute)) }
                }
                @for (is_there, words) in [(!self.promotes.is_empty(), "No promotion, 9 PM – 10 AM"), (self.lanes().contains(&Channel::IvrCall), "No calls, 9 PM – 9 AM")] {
                    @if is_there { li { svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false" { rect class="m-ax__law" width="14" height="14" {} } (words) } }
                }
            }
        }
    }

    fn table(&self) -> Table {
        let row = |step: &PlanStep| Row {
            live_id: None,
            cells: vec![
                html! {
                    div class="m-what" id=(step.id) {
                        (step.mark)
                        span {
                            @match &step.href {
                                Some(href) => a class="m-rowlink" href=(href) { (step.name) },
                                None => span class="m-rowname" { (step.name) },
                            }
                            span class="m-sub" { (step.mark.channel.title()) }
                        }
                    }
                },
                html! { (step.chip) },
                html! { (step.when) span class="m-sub" { (step.offset) } },
                html! { (step.whom.0) @if !step.whom.1.is_empty() { span class="m-sub" { (step.whom.1) } } },
                html! { (step.cost.0) @if !step.cost.1.is_empty() { span class="m-sub" { (step.cost.1) } } },
                html! { div class="m-rowacts" { (step.acts) } },
            ],
        };
        Table {
            caption: "Steps of the plan, in order".into(),
            columns: vec![
                Column::new("What", Place::Title),
                Column::new("State", Place::State),
                Column::new("When", Place::Line),
                Column::new("Whom", Place::Line),
                Column::new("Cost", Place::Number),
                Column::new("Actions", Place::Actions),
            ],
            rows: self.steps.iter().map(row).collect(),
            empty: "There is no step.".into(),
        }
    }
}

impl Plan<'_> {
    /// The axis alone, under a title and over a quiet word; nothing where no step has a moment of its own.
    pub fn axis_card(&self, title: &str, hint: &str) -> Markup {
        let on_axis = self.steps.iter().any(|step| step.due.is_some());
        html! {
            @if on_axis {
                section class="m-card m-axcard" aria-labelledby="axis-title" {
                    header class="m-card__head" { h2 class="m-card__title" id="axis-title" { (title) } (self.aside) }
                    (self.axis())
                    div class="m-axfoot" { (self.key()) p class="m-hint" { (hint) } }
                }
            }
        }
    }
}

impl Render for Plan<'_> {
    fn render(&self) -> Markup {
        let zone = self.zone.abbreviation(self.now);
        html! {
            (self.axis_card("Time axis", "Numbers are people as of now."))
            (Card::new("steps", "Every step", html! {
                (self.table())
                div class="m-tablefoot" { span { (counted(self.steps.len(), "step", "steps")) } span { (self.foot) } }
            }).aside(html! { p class="m-hint" { (Icon::Wait) " Times in " (zone) } }))
        }
    }
}
