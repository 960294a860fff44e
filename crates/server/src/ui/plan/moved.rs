//! The old plan above the new one, with a line from each step's moment to the one that it gets.

use domain::time::{HOUR, MINUTE, Millis, Zone};
use maud::{Markup, Render, html};

use super::{StepMark, axis::figure};

/// Width of the drawing in its own units.
const WIDTH: f64 = 840.0;
/// Where the first moment stands: the names of the two plans stand before.
const LEFT: f64 = 104.0;
/// Where the last moment stands.
const RIGHT: f64 = 816.0;
/// Where the marks of the old plan and of the new one stand.
const ROWS: [f64; 2] = [66.0, 158.0];
/// Where a mark stands at most: its half is as wide as what is left of the drawing.
const EDGE: f64 = WIDTH - 12.0;
/// Marks of one row are at least so far apart, as long as there is room.
const APART: f64 = 23.0;
/// Words of moments are at least so far apart.
const WORDS_APART: f64 = 78.0;
/// A longer time without a moment is drawn as a break, in milliseconds.
const BREAK_MS: i64 = 8 * HOUR;

/// How the line between the two moments of a step is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The step comes at another moment.
    Moved,
    /// The step keeps its moment.
    Same,
    /// The step goes within minutes, or would not go.
    Late,
    /// The step's moment has passed.
    Skipped,
}

impl Way {
    fn class(self) -> &'static str {
        match self {
            Way::Moved => "plan",
            Way::Same => "same",
            Way::Late => "late",
            Way::Skipped => "skip",
        }
    }
}

/// A step of both plans.
#[derive(Clone, Copy, Debug)]
pub struct MovedStep {
    /// The mark of its channel, and of its state in the new plan.
    pub mark: StepMark,
    /// When the old plan has it; `None` where it has not, or follows each registration.
    pub was: Option<Millis>,
    /// When the new plan has it.
    pub becomes: Option<Millis>,
    /// How the line between both is drawn.
    pub way: Way,
}

/// Both plans of a workshop.
#[derive(Clone, Debug)]
pub struct Moved<'a> {
    /// The zone in which times are read.
    pub zone: &'a Zone,
    /// The present moment.
    pub now: Millis,
    /// The old start and end.
    pub was: (Millis, Millis),
    /// The new start and end.
    pub becomes: (Millis, Millis),
    /// The steps with a moment in either plan.
    pub steps: Vec<MovedStep>,
}

/// Moments in their order, and where each stands: the longer a time without any, the less of it is drawn.
struct Scale(Vec<(Millis, f64)>);

impl Scale {
    fn of(mut moments: Vec<Millis>) -> Scale {
        moments.sort_unstable();
        moments.dedup();
        let mut places = Vec::with_capacity(moments.len());
        let mut x = 0.0;
        for (at, moment) in moments.iter().enumerate() {
            if at > 0 {
                x += warped(moment.since(moments[at - 1]));
            }
            places.push((*moment, x));
        }
        let whole = if x > 0.0 { x } else { 1.0 };
        Scale(places.into_iter().map(|(at, x)| (at, LEFT + (RIGHT - LEFT) * x / whole)).collect())
    }

    /// Where a moment stands that the scale was made of.
    fn x(&self, at: Millis) -> f64 {
        self.0.binary_search_by_key(&at, |(moment, _)| *moment).map_or(LEFT, |found| self.0[found].1)
    }

    /// The middles of the long times without a moment.
    fn breaks(&self) -> impl Iterator<Item = f64> + '_ {
        let pairs = self.0.windows(2).filter(|pair| pair[1].0.since(pair[0].0) > BREAK_MS);
        pairs.map(|pair| f64::midpoint(pair[0].1, pair[1].1))
    }
}

fn warped(ms: i64) -> f64 {
    (1.0 + f64::from(i32::try_from(ms / MINUTE).unwrap_or(i32::MAX)) / 15.0).ln()
}

impl Moved<'_> {
    fn scale(&self) -> Scale {
        let own = [self.now, self.was.0, self.was.1, self.becomes.0, self.becomes.1];
        let of_steps = self.steps.iter().flat_map(|step| [step.was, step.becomes]).flatten();
        Scale::of(of_steps.chain(own).collect())
    }

    /// Where the marks of a row stand: at their moments, and side by side where these are the same. What would stand beyond
    /// the edge pushes those before it back.
    fn places(&self, scale: &Scale, moment: impl Fn(&MovedStep) -> Option<Millis>) -> Vec<Option<f64>> {
        let mut order: Vec<(usize, f64)> = self
            .steps
            .iter()
            .enumerate()
            .filter_map(|(at, step)| Some((at, scale.x(moment(step)?))))
            .collect();
        order.sort_by(|one, other| one.1.total_cmp(&other.1));
        let gaps = f64::from(i32::try_from(order.len()).unwrap_or(i32::MAX)) - 1.0;
        let apart = APART.min((EDGE - LEFT) / gaps.max(1.0));
        let mut free = 0.0_f64;
        for (_, x) in &mut order {
            *x = x.max(free);
            free = *x + apart;
        }
        let mut places = vec![None; self.steps.len()];
        let mut edge = EDGE;
        for (at, x) in order.into_iter().rev() {
            let x = x.min(edge);
            places[at] = Some(x);
            edge = x - apart;
        }
        places
    }

    /// The moments that are written over the drawing: the starts, then as many as have room.
    fn words(&self, scale: &Scale) -> Vec<(f64, String)> {
        let mut shown: Vec<f64> = Vec::new();
        let mut words = Vec::new();
        let first = [self.becomes.0, self.was.0];
        for at in first.into_iter().chain(scale.0.iter().map(|(at, _)| *at)).filter(|at| *at != self.now) {
            let x = scale.x(at);
            if shown.iter().any(|other| (other - x).abs() < WORDS_APART) {
                continue;
            }
            shown.push(x);
            let (day, next) = self.zone.day(self.becomes.0);
            let time = self.zone.time(at);
            let same_day = (day..next).contains(&at);
            words.push((x, if same_day { time } else { self.zone.date(at, self.now) }));
        }
        words
    }

    fn row(&self, scale: &Scale, row: usize, name: &str, (starts, ends): (Millis, Millis)) -> Markup {
        let middle = ROWS[row];
        let (x, end) = (scale.x(starts), scale.x(ends));
        html! {
            rect class="m-ax__live" x=(figure(x)) y=(figure(middle - 32.0)) width=(figure(end - x)) height="64" rx="2" {}
            text class="m-ax__t" x="0" y=(figure(middle - 2.0)) { (name) }
            text class="m-ax__s" x="0" y=(figure(middle + 15.0)) { (self.zone.time(starts)) }
            path class="m-ax__rail" d=(format!("M92 {middle}H{WIDTH}")) {}
            @for at in scale.breaks() { path class="m-ax__brk" d=(format!("M{:.1} {}l4 -10m4 10l4 -10", at - 6.0, middle + 5.0)) {} }
            path class="m-ax__start" d=(format!("M{x:.1} {}v64", middle - 32.0)) {}
        }
    }
}

impl Render for Moved<'_> {
    fn render(&self) -> Markup {
        let scale = self.scale();
        let was = self.places(&scale, |step| step.was);
        let becomes = self.places(&scale, |step| step.becomes);
        let now = scale.x(self.now);
        let pill = (now - 52.0).clamp(0.0, WIDTH - 104.0);
        html! {
            div class="m-mvaxis" tabindex="0" role="region" aria-label="Old plan above, new plan below; the list under it says the same" {
                svg class="m-ax m-ax--move" viewBox="0 0 840 216" aria-hidden="true" focusable="false" {
                    @for (x, words) in self.words(&scale) {
                        path class="m-ax__grid" d=(format!("M{x:.1} 28V190")) {}
                        text class="m-ax__s" x=(figure(x.min(WIDTH - WORDS_APART / 2.0))) y="18" text-anchor="middle" { (words) }
                    }
                    (self.row(&scale, 0, "Was", self.was))
                    (self.row(&scale, 1, "Becomes", self.becomes))
                    @for (at, step) in self.steps.iter().enumerate() {
                        @if let (Some(from), Some(to)) = (was[at], becomes[at]) {
                            path class={ "m-mv m-mv--" (step.way.class()) } d=(format!("M{from:.1} 79C{from:.1} 112 {to:.1} 112 {to:.1} 145")) {}
                        }
                    }
                    path class="m-ax__now" d=(format!("M{now:.1} 28V190")) {}
                    rect class="m-ax__nowpill" x=(figure(pill)) y="192" width="104" height="20" rx="10" {}
                    text class="m-ax__nowt" x=(figure(pill + 52.0)) y="206" text-anchor="middle" { "Now, " (self.zone.time(self.now)) }
                    @for (at, step) in self.steps.iter().enumerate() {
                        @if let Some(x) = was[at] { (StepMark { fill: super::Fill::Planned, ..step.mark }.at(x, ROWS[0])) }
                        @if let Some(x) = becomes[at] { (step.mark.at(x, ROWS[1])) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{channel::Channel, time::DAY};

    use super::*;
    use crate::ui::plan::Fill;

    #[test]
    fn moments_stand_in_their_order_and_a_week_without_any_takes_no_more_than_its_share() {
        let at = |minutes: i64| Millis(1_800_000_000_000).plus(minutes * MINUTE);
        let week = 7 * DAY / MINUTE;
        let scale = Scale::of(vec![at(week), at(0), at(week + 30), at(week + 60), at(0)]);
        let xs: Vec<f64> = [0, week, week + 30, week + 60].map(|minutes| scale.x(at(minutes))).to_vec();
        assert!(xs.is_sorted() && (xs[0] - LEFT).abs() < 0.1 && (xs[3] - RIGHT).abs() < 0.1, "{xs:?}");
        assert!(xs[2] - xs[1] > APART, "half an hour can be seen beside a week: {xs:?}");
        assert_eq!(scale.breaks().count(), 1);
    }

    #[test]
    fn many_steps_at_the_last_moment_stand_side_by_side_within_the_drawing() {
        let zone = Zone::india();
        let starts = Millis(1_800_000_000_000);
        let (ends, last) = (starts.plus(2 * HOUR), starts.plus(4 * HOUR));
        let mark = StepMark { channel: Channel::Sms, fill: Fill::Planned };
        for n in [1, 8, 60] {
            let step = MovedStep { mark, was: None, becomes: Some(last), way: Way::Moved };
            let times = (starts, ends);
            let moved = Moved { zone: &zone, now: starts, was: times, becomes: times, steps: vec![step; n] };
            let places = moved.places(&moved.scale(), |step| step.becomes);
            let xs: Vec<f64> = places.into_iter().flatten().collect();
            assert_eq!(xs.len(), n);
            assert!(xs.is_sorted() && xs[0] > LEFT - 0.1 && xs[n - 1] < EDGE + 0.1, "{xs:?}");
            assert!(n > 8 || xs.windows(2).all(|pair| pair[1] - pair[0] > APART - 0.1), "{xs:?}");
        }
    }
}
