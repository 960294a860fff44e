//! Messages per minute so far, the forecast, and the workshop's start.

use maud::{Markup, Render, html};

use super::head::Fact;

/// Pace of a broadcast. Instants are UTC milliseconds; their words come with them.
#[derive(Clone, Debug)]
pub struct PaceChart {
    /// The limit in words, such as "Limit 10 per second".
    pub limit: String,
    /// The rate as label, figure and unit: "Now", "9.6" and "/s"; "On average" once it has ended.
    pub rate: (String, String, String),
    /// The end as label, figure and unit: "Done by", "6:22" and "PM, estimate"; "Ended" once it has.
    pub done: (String, String, String),
    /// The time before the workshop's start as label, figure and unit; `None` where there is no start to keep.
    pub start_fact: Option<(String, String, String)>,
    /// How the end lies to the workshop's start.
    pub in_time: InTime,
    /// The first instant of the axis.
    pub from_ms: i64,
    /// The last instant of the axis.
    pub to_ms: i64,
    /// The points of the curve: an instant and messages per minute, in order.
    pub points: Vec<(i64, i64)>,
    /// The words that stand instead of a curve while there are fewer than two points.
    pub empty: String,
    /// The present moment; `None` once the broadcast has ended.
    pub now_ms: Option<i64>,
    /// When the broadcast should be done, with its words: "Done 6:22".
    pub forecast: Option<(i64, String)>,
    /// The workshop's start, where the axis shows it.
    pub start_ms: Option<i64>,
    /// The marks of the axis: an instant and its words.
    pub ticks: Vec<(i64, String)>,
    /// The whole chart in one sentence, for a screen reader.
    pub summary: String,
}

/// How the end of a broadcast lies to the workshop's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InTime {
    /// The end lies well before the start.
    Before,
    /// The end lies less than ten minutes before the start.
    Close,
    /// The end lies after the start.
    Late,
    /// There is no start to keep.
    NoStart,
}

/// The plot is 1000 by 100; the top twenty stay free for the marks.
const WIDTH: i128 = 1000;
const HEIGHT: i128 = 80;

impl PaceChart {
    /// Place on the axis in tenths of a unit of the plot.
    fn x(&self, at_ms: i64) -> i128 {
        let length = i128::from(self.to_ms - self.from_ms).max(1);
        (i128::from(at_ms - self.from_ms) * WIDTH * 10 / length).clamp(0, WIDTH * 10)
    }

    fn highest(&self) -> i128 {
        self.points.iter().map(|(_, rate)| i128::from(*rate)).max().unwrap_or(0).max(1)
    }

    fn y(&self, rate: i64) -> i128 {
        1000 - i128::from(rate.max(0)) * HEIGHT * 10 / self.highest()
    }

    fn line(&self) -> String {
        let points = self.points.iter().map(|(at, rate)| point(self.x(*at), self.y(*rate)));
        points.collect::<Vec<_>>().join(" ")
    }

    fn area(&self) -> Option<String> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let line = self.line();
        Some(format!("{} {line} {}", point(self.x(first.0), 1000), point(self.x(last.0), 1000)))
    }

    /// From the last point at its pace to the end, then down.
    fn forecast_line(&self) -> Option<String> {
        let (last_at, rate) = self.points.last()?;
        let (done_at, _) = self.forecast.as_ref()?;
        let (y, end) = (self.y(*rate), self.x(*done_at));
        Some(format!("{} {} {}", point(self.x(*last_at), y), point(end, y), point(end, 1000)))
    }

    fn at(&self, at_ms: i64) -> String {
        let x = self.x(at_ms);
        format!("{}.{:02}%", x / 100, x % 100)
    }

    /// Words near the right edge stand before their mark.
    fn side(&self, at_ms: i64) -> (&'static str, bool) {
        if self.x(at_ms) > 7_500 { ("-6", true) } else { ("6", false) }
    }

    fn mark(&self, at_ms: i64, words: &str, y: &str, class: &str) -> Markup {
        let (dx, before) = self.side(at_ms);
        html! { text x=(self.at(at_ms)) dx=(dx) y=(y) class={ "m-spark__t " (class) @if before { " is-before" } } { (words) } }
    }

    fn plot(&self) -> Markup {
        html! {
            svg class="m-spark__plot" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                @if let Some(area) = self.area() { polygon class="m-spark__area" points=(area) {} }
                polyline class="m-spark__line" points=(self.line()) {}
                @if let Some(line) = self.forecast_line() { polyline class="m-spark__fore" points=(line) {} }
            }
            svg class="m-spark__marks" aria-hidden="true" focusable="false" {
                line class="m-spark__base" x1="0" x2="100%" y1="100%" y2="100%" {}
                @if let Some(now) = self.now_ms {
                    line class="m-spark__now" x1=(self.at(now)) x2=(self.at(now)) y1="0" y2="100%" {}
                    (self.mark(now, "Now", "11", ""))
                }
                @if let Some(start) = self.start_ms {
                    line class="m-spark__start" x1=(self.at(start)) x2=(self.at(start)) y1="0" y2="100%" {}
                    (self.mark(start, "Workshop starts", "11", "m-spark__t--start"))
                }
                @if let Some((at, words)) = &self.forecast { (self.mark(*at, words, "80%", "")) }
            }
            svg class="m-spark__axis" aria-hidden="true" focusable="false" {
                @for (at, words) in &self.ticks {
                    @let class = match self.x(*at) { 0..=300 => "", 301..=9_500 => "is-mid", _ => "is-end" };
                    text x=(self.at(*at)) y="14" class=(class) { (words) }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let class = match self.in_time {
            InTime::Before => "m-num m-good",
            InTime::Close => "m-num m-warn",
            InTime::Late => "m-num m-bad",
            InTime::NoStart => "m-num",
        };
        html! {
            dl class="m-facts m-pace__facts" {
                (Fact::figure(&self.rate.0, &self.rate.1, &self.rate.2))
                (Fact::figure(&self.done.0, &self.done.1, &self.done.2))
                @if let Some((label, figure, unit)) = &self.start_fact {
                    div { dt { (label) } dd { span class=(class) { (figure) @if !unit.is_empty() { small { " " (unit) } } } } }
                }
            }
        }
    }
}

/// A point of a polyline from tenths.
fn point(x: i128, y: i128) -> String {
    format!("{}.{},{}.{}", x / 10, x % 10, y / 10, y % 10)
}

impl Render for PaceChart {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-pace" aria-labelledby="pace" data-live-id="pace" {
                header class="m-card__head" {
                    h2 id="pace" class="m-card__title" { "Pace" }
                    span class="m-sub m-nowrap" { (self.limit) }
                }
                (self.facts())
                @if self.points.len() > 1 {
                    div class="m-spark" role="img" aria-label=(self.summary) { (self.plot()) }
                } @else {
                    p class="m-none" { (self.empty) }
                }
            }
        }
    }
}
