//! The plan of a workshop: an axis of moments by channel, a vertical agenda on a phone.

use maud::{Markup, Render, html};

use super::chip::Tone;
use super::icons::Icon;

/// A moment of the plan: a column, because messages crowd around the start.
#[derive(Clone, Debug)]
pub struct Stop {
    /// "T−1 h", "Live".
    pub offset: String,
    /// "Tue 13, 6:00 PM".
    pub at: String,
    /// Whether it has passed.
    pub past: bool,
    /// The workshop's start.
    pub live: bool,
}

/// One step at one moment on one channel.
#[derive(Clone, Debug)]
pub struct Pin {
    /// What the colour says.
    pub tone: Tone,
    /// Its sign.
    pub icon: Icon,
    /// "Scheduled", "22 failed".
    pub state: String,
    /// "1,231", "2 groups".
    pub count: String,
    /// Its page.
    pub href: String,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its icon.
    pub icon: Icon,
    /// "Personal".
    pub name: String,
    /// "1,231 people".
    pub note: String,
    /// One cell per stop.
    pub cells: Vec<Vec<Pin>>,
}

/// The plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its moments, in order.
    pub stops: Vec<Stop>,
    /// Its channels.
    pub lanes: Vec<Lane>,
    /// "Now, 4:31 PM".
    pub now: Option<String>,
    /// Add step.
    pub action: Option<super::button::Button>,
}

impl Render for Pin {
    fn render(&self) -> Markup {
        html! {
            a class={ "m-pin m-pin--" (self.tone.class()) } href=(self.href) {
                (self.icon)
                span { b { (self.state) } span class="m-sub" { (self.count) } }
            }
        }
    }
}

impl Plan {
    fn class(&self, stop: &Stop) -> &'static str {
        match (stop.live, stop.past) {
            (true, _) => "is-live",
            (false, true) => "is-past",
            (false, false) => "is-ahead",
        }
    }

    /// "Now" stands between two columns, in the lane that holds the columns only.
    fn now_line(&self) -> Markup {
        let Some(words) = &self.now else { return html! {} };
        let passed = self.stops.iter().filter(|stop| stop.past).count();
        let share = format!("{}%", passed * 100_000 / self.stops.len().max(1) / 1000);
        let at = if passed == 0 { "0%".to_owned() } else { share };
        html! {
            div class="m-axis__now" aria-hidden="true" { svg focusable="false" {
                line x1=(at) x2=(at) y1="26" y2="100%" {}
                rect x=(at) y="4" width="84" height="20" rx="10" {}
                text x=(at) dx="42" y="18" { (words) }
            } }
        }
    }

    fn axis(&self) -> Markup {
        html! {
            div class="m-axis__scroll" tabindex="0" role="region" aria-label="Plan, by channel and time" {
                (self.now_line())
                table class="m-lanes" {
                    thead { tr {
                        th scope="col" { span class="mui-visually-hidden" { "Channel" } }
                        @for stop in &self.stops { th scope="col" class=(self.class(stop)) { span class="m-lanes__t" { (stop.offset) } span class="m-sub" { (stop.at) } } }
                    } }
                    tbody { @for lane in &self.lanes { tr {
                        th scope="row" { (lane.icon) span { (lane.name) span class="m-sub" { (lane.note) } } }
                        @for (stop, cell) in self.stops.iter().zip(&lane.cells) {
                            td class=(self.class(stop)) {
                                @if cell.is_empty() { span class="mui-visually-hidden" { "Nothing" } }
                                @for pin in cell { (pin) }
                            }
                        }
                    } } }
                }
            }
        }
    }

    fn agenda(&self) -> Markup {
        html! {
            ol class="m-agenda" {
                @for (at, stop) in self.stops.iter().enumerate() {
                    li class={ "m-agenda__stop " (self.class(stop)) } {
                        p class="m-agenda__at" { b { (stop.offset) } span class="m-sub" { (stop.at) } }
                        ul { @for (lane, pin) in self.lanes.iter().flat_map(|lane| lane.cells.get(at).into_iter().flatten().map(move |pin| (lane, pin))) {
                            li { p class="m-agenda__lane" { (lane.icon) (lane.name) } (pin) }
                        } }
                    }
                }
            }
        }
    }
}

impl Render for Plan {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-axis" aria-labelledby="plan" data-live-id="plan" {
                header class="m-card__head" {
                    h2 id="plan" class="m-card__title" { "Plan" }
                    @if let Some(action) = &self.action { (action) }
                }
                (self.axis())
                (self.agenda())
            }
        }
    }
}
