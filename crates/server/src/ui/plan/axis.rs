//! The time axis: from a week before the start to two days after the end, wide where messages crowd, narrow far away.

use domain::{
    call::CALLS_CLOSED,
    channel::Channel,
    quiet_hours::QuietHours,
    sending_hours::PROMOTION_CLOSED,
    time::{DAY, HOUR, MINUTE, Millis},
};
use maud::{Markup, html};

use super::{Fill, Plan, PlanStep, StepMark};
use crate::ui::icons::Icon;

/// Width of the drawing in its own units.
const WIDTH: f64 = 1150.0;
/// Where the moments begin: the lanes' names stand before.
const LEFT: f64 = 170.0;
/// Where the last of them stands.
const RIGHT: f64 = 1104.0;
/// Where the start stands.
const START: f64 = 814.0;
/// Where the end stands.
const END: f64 = 941.0;
/// Height of the head with its marks.
const HEAD: f64 = 70.0;
/// Height of a lane.
const LANE: f64 = 82.0;
/// Width of a letter of a label, roughly.
const LETTER: f64 = 6.4;
/// Width of a digit of a figure, which is bold.
const DIGIT: f64 = 7.6;
/// Least width for a pin with the beginning of its label. What stands nearer shares the pin before it.
const ROOM: f64 = 44.0;

/// Whole minutes as a number to draw with.
fn minutes(ms: i64) -> f64 {
    f64::from(i32::try_from(ms / MINUTE).unwrap_or(i32::MAX))
}

/// Far away moments move together: ten minutes near the start are as wide as hours a day before it.
fn warped(ms: i64) -> f64 {
    (1.0 + minutes(ms.max(0)) / 10.0).ln()
}

/// The moments that the drawing holds, and where each stands.
struct Scale {
    starts: Millis,
    ends: Millis,
    first: Millis,
    last: Millis,
}

impl Scale {
    fn of(plan: &Plan<'_>) -> Scale {
        let dues = || plan.steps.iter().filter_map(|step| step.due);
        let first = dues().min().unwrap_or(plan.starts).min(plan.starts.plus(-7 * DAY));
        let last = dues().max().unwrap_or(plan.ends).max(plan.ends.plus(2 * DAY));
        Scale { starts: plan.starts, ends: plan.ends, first, last }
    }

    fn x(&self, at: Millis) -> f64 {
        let at = at.clamp(self.first, self.last);
        if at <= self.starts {
            let share = warped(self.starts.since(at)) / warped(self.starts.since(self.first));
            START - (START - LEFT) * share
        } else if at <= self.ends {
            let share = minutes(at.since(self.starts)) / minutes(self.ends.since(self.starts)).max(1.0);
            START + (END - START) * share
        } else {
            END + (RIGHT - END) * warped(at.since(self.ends)) / warped(self.last.since(self.ends))
        }
    }

    fn holds(&self, at: Millis) -> bool {
        self.first <= at && at <= self.last
    }
}

/// A named moment of the axis.
struct Tick {
    at: Millis,
    name: &'static str,
    words: String,
}

impl Plan<'_> {
    pub(super) fn axis(&self) -> Markup {
        let (scale, lanes) = (Scale::of(self), self.lanes());
        let lanes_high = f64::from(i32::try_from(lanes.len()).unwrap_or(0)) * LANE;
        let bottom = HEAD + lanes_high;
        let view = format!("0 0 {WIDTH} {bottom}");
        html! {
            div class="m-ax__scroll" tabindex="0" role="region" aria-label="Time axis; the table below says the same" {
                svg class="m-ax" viewBox=(view) aria-hidden="true" focusable="false" {
                    defs { pattern id="m-law" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" { rect class="m-law-b" width="1.500" height="6" {} } }
                    rect class="m-ax__live" x=(figure(START)) y=(HEAD) width=(figure(END - START)) height=(lanes_high) {}
                    (self.closed(&scale, &lanes, lanes_high))
                    (self.ticks(&scale, bottom))
                    @for (at, channel) in lanes.iter().enumerate() { (self.lane(&scale, *channel, lane_top(at))) }
                    path class="m-ax__start" d=(format!("M{START} 54V{bottom}")) {}
                    @if scale.holds(self.now) { (self.now_line(&scale, bottom)) }
                    @for (at, channel) in lanes.iter().enumerate() { (self.pins(&scale, *channel, lane_top(at))) }
                }
            }
        }
    }

    /// Nights, and the hours in which the law forbids promotion and calls.
    fn closed(&self, scale: &Scale, lanes: &[Channel], high: f64) -> Markup {
        let bar = |class: &str, (from, to): (Millis, Millis), y: f64, height: f64| {
            let (x, end) = (scale.x(from), scale.x(to));
            html! { rect class=(class) x=(figure(x)) y=(figure(y)) width=(figure(end - x)) height=(figure(height)) {} }
        };
        html! {
            @for night in self.closed_times(scale, self.quiet) { (bar("m-ax__night", night, HEAD, high)) }
            @for (at, channel) in lanes.iter().enumerate() {
                @for night in self.closed_by_law(scale, *channel) { (bar("m-ax__law", night, lane_top(at), LANE)) }
            }
        }
    }

    fn closed_by_law(&self, scale: &Scale, channel: Channel) -> Vec<(Millis, Millis)> {
        match channel {
            Channel::IvrCall => self.closed_times(scale, CALLS_CLOSED),
            _ if self.promotes.contains(&channel) => self.closed_times(scale, PROMOTION_CLOSED),
            _ => vec![],
        }
    }

    fn closed_times(&self, scale: &Scale, hours: QuietHours) -> Vec<(Millis, Millis)> {
        let mut times = Vec::new();
        if hours.from_minute == hours.to_minute {
            return times;
        }
        let mut at = scale.first.plus(-DAY);
        // Never more than some weeks: the axis ends where its last step does, and a year has 365 nights.
        while at < scale.last && times.len() < 400 {
            let from = self.zone.next_at_minute(at, hours.from_minute);
            let to = self.zone.next_at_minute(from, hours.to_minute);
            if to > scale.first && from < scale.last {
                times.push((from, to));
            }
            at = to;
        }
        times
    }

    fn ticks(&self, scale: &Scale, bottom: f64) -> Markup {
        let zone = self.zone;
        let day = |at: Millis| zone.date(at, self.now);
        let before = |ms: i64| self.starts.plus(-ms);
        let ticks = [
            Tick { at: before(7 * DAY), name: "T−7 d", words: day(before(7 * DAY)) },
            Tick { at: before(3 * DAY), name: "T−3 d", words: day(before(3 * DAY)) },
            Tick { at: before(DAY), name: "T−1 d", words: day(before(DAY)) },
            Tick { at: before(8 * HOUR), name: "T−8 h", words: zone.time(before(8 * HOUR)) },
            Tick { at: before(HOUR), name: "T−1 h", words: zone.time(before(HOUR)) },
            Tick { at: before(HOUR / 2), name: "T−30 m", words: zone.time(before(HOUR / 2)) },
            Tick { at: self.ends, name: "End", words: zone.time(self.ends) },
            Tick { at: self.ends.plus(2 * DAY), name: "T+2 d", words: day(self.ends.plus(2 * DAY)) },
        ];
        let text = |class: &str, x: f64, y: u8, words: &str| {
            html! { text class=(class) x=(figure(x)) y=(y) text-anchor="middle" { (words) } }
        };
        html! {
            @for tick in ticks.iter().filter(|tick| scale.holds(tick.at)) {
                @let x = scale.x(tick.at);
                (text("m-ax__t", x, 44, tick.name))
                (text("m-ax__s", x, 59, &tick.words))
                path class="m-ax__grid" d=(format!("M{x:.1} {HEAD}V{bottom}")) {}
            }
            (text("m-ax__t is-start", START, 30, "Start"))
            (text("m-ax__s is-start", START, 46, &zone.time(self.starts)))
        }
    }

    fn lane(&self, scale: &Scale, channel: Channel, top: f64) -> Markup {
        let middle = top + 30.0;
        let past = scale.x(self.now.clamp(scale.first, scale.last));
        let steps = self.steps.iter().filter(|step| step.mark.channel == channel).count();
        let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        html! {
            path class="m-ax__line" d=(format!("M0 {top}H{WIDTH}")) {}
            path class="m-ax__rail" d=(format!("M148 {middle}H{WIDTH}")) {}
            path class="m-ax__rail is-past" d=(format!("M148 {middle}H{past:.1}")) {}
            svg x="20" y=(figure(middle - 9.0)) width="18" height="18" viewBox="0 0 16 16" class="m-ax__ico" { (Icon::of(channel).inner()) }
            text class="m-ax__t" x="46" y=(figure(middle)) { (channel.short_title()) }
            text class="m-ax__s" x="46" y=(figure(middle + 16.0)) { (steps) }
        }
    }

    fn now_line(&self, scale: &Scale, bottom: f64) -> Markup {
        let x = scale.x(self.now);
        let pill = (x - 52.0).clamp(0.0, WIDTH - 104.0);
        html! {
            path class="m-ax__now" d=(format!("M{x:.1} 22V{bottom}")) {}
            rect class="m-ax__nowpill" x=(figure(pill)) y="2" width="104" height="20" rx="10" {}
            text class="m-ax__nowt" x=(figure(pill + 52.0)) y="16" text-anchor="middle" { "Now, " (self.zone.time(self.now)) }
        }
    }

    /// The pins of a lane. Steps without room for a pin of their own share one, and a word that would run into the next pin is cut.
    fn pins(&self, scale: &Scale, channel: Channel, top: f64) -> Markup {
        let mut steps: Vec<(f64, &PlanStep)> = self
            .steps
            .iter()
            .filter(|step| step.mark.channel == channel)
            .filter_map(|step| Some((scale.x(step.due?), step)))
            .collect();
        steps.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let pins = joined(&steps);
        html! {
            @for (at, (x, of)) in pins.iter().enumerate() {
                @let room = pins.get(at + 1).map_or(WIDTH, |(next, _)| next - 12.0) - x;
                (pin(scale, of, *x, top, room))
            }
        }
    }
}

/// Steps that share a pin, in their order, and where it stands: at the first of them. Another one begins where there is room for its own.
fn joined<'a>(steps: &[(f64, &'a PlanStep)]) -> Vec<(f64, Vec<&'a PlanStep>)> {
    let mut pins: Vec<(f64, Vec<&PlanStep>)> = Vec::new();
    for (x, step) in steps {
        match pins.last_mut() {
            Some((last, of)) if x - *last < ROOM => of.push(step),
            _ => pins.push((*x, vec![step])),
        }
    }
    pins
}

/// The fill of a pin for several steps: of the one that needs somebody most.
fn pressing(steps: &[&PlanStep]) -> Fill {
    let order = [Fill::Blocked, Fill::Sending, Fill::Planned, Fill::Done, Fill::Skipped];
    let has = |fill: &Fill| steps.iter().any(|step| step.mark.fill == *fill);
    order.into_iter().find(has).unwrap_or(Fill::Planned)
}

fn pin(scale: &Scale, steps: &[&PlanStep], x: f64, top: f64, room: f64) -> Markup {
    let middle = top + 30.0;
    let Some(first) = steps.first() else { return html! {} };
    let mark = StepMark { fill: pressing(steps), ..first.mark };
    let class = match mark.fill {
        Fill::Done => " m-ax__n--done",
        Fill::Sending => " m-ax__n--half",
        Fill::Skipped => " m-ax__n--skip",
        Fill::Planned | Fill::Blocked => "",
    };
    let of_use = steps.iter().filter(|step| step.mark.fill != Fill::Skipped);
    let until = of_use.map(|step| scale.x(step.until)).reduce(f64::max).map(|until| until.max(x + 6.0));
    let low = middle + 38.0;
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let many = (steps.len() > 1).then(|| steps.len().to_string());
    html! {
        @if let Some(until) = until { path class="m-ax__until" d=(format!("M{x:.1} {low:.1}v3H{until:.1}v-3")) {} }
        a href={ "#" (first.id) } tabindex="-1" {
            @if many.is_some() { title { (names.join(", ")) } }
            (mark.at(x, middle))
            @match &many {
                Some(many) => {
                    circle class="m-ax__many" cx=(figure(x + 13.0)) cy=(figure(middle - 11.0)) r="8.500" {}
                    text class="m-ax__manyt" x=(figure(x + 13.0)) y=(figure(middle - 7.0)) text-anchor="middle" { (many) }
                }
                None => text class={ "m-ax__n" (class) } x=(figure(x + 17.0)) y=(figure(middle - 6.0)) { (cut(&first.count, room - 18.0, DIGIT)) },
            }
            text class="m-ax__l" x=(figure(x - 11.0)) y=(figure(middle + 27.0)) { (cut(&names.join(", "), label_room(x, room + 4.0), LETTER)) }
        }
    }
}

/// The room of a label at `x`. One that would cross the line of the start ends before it, unless too little of it would be
/// left there to be read.
fn label_room(x: f64, room: f64) -> f64 {
    // A label begins somewhat left of its pin.
    let until_start = START - 3.0 - (x - 11.0);
    if x < START && until_start >= ROOM { room.min(until_start) } else { room }
}

fn lane_top(at: usize) -> f64 {
    HEAD + f64::from(i32::try_from(at).unwrap_or(0)) * LANE
}

pub(super) fn figure(n: f64) -> String {
    format!("{n:.1}")
}

/// As much of a word as there is room for, with letters of that width; nothing where that is less than a few letters.
fn cut(words: &str, room: f64, letter: f64) -> String {
    let count = words.chars().count();
    if f64::from(i32::try_from(count).unwrap_or(i32::MAX)) * letter <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    for (n, next) in (2..).zip(words.chars()) {
        if f64::from(n) * letter > room {
            break;
        }
        kept.push(next);
    }
    if kept.chars().count() < 3 { String::new() } else { format!("{}…", kept.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::chip::{Chip, Tone};

    fn scale() -> Scale {
        let starts = Millis(1_800_000_000_000);
        let ends = starts.plus(2 * HOUR);
        Scale { starts, ends, first: starts.plus(-7 * DAY), last: ends.plus(2 * DAY) }
    }

    #[test]
    fn later_moments_stand_further_right_and_the_last_hour_is_as_wide_as_days() {
        let scale = scale();
        let mut last = 0.0;
        for hours in -168..50 {
            let x = scale.x(scale.starts.plus(hours * HOUR));
            assert!(x >= last, "{hours} h");
            last = x;
        }
        let width = |from: i64, to: i64| scale.x(scale.starts.plus(to)) - scale.x(scale.starts.plus(from));
        assert!(width(-HOUR, 0) > width(-7 * DAY, -DAY) * 0.9, "the last hour has room");
        assert!((scale.x(scale.starts) - START).abs() < 0.1 && (scale.x(scale.ends) - END).abs() < 0.1);
        assert!((scale.x(Millis(0)) - LEFT).abs() < 0.1, "what lies before stands at the edge");
    }

    #[test]
    fn a_word_without_room_is_cut_or_left_out() {
        assert_eq!(cut("Reminder", 200.0, LETTER), "Reminder");
        assert_eq!(cut("Reminder", 40.0, LETTER), "Remin…");
        assert_eq!(cut("Reminder", 10.0, LETTER), "");
    }

    #[test]
    fn a_label_ends_before_the_line_of_the_start_where_enough_of_it_is_left() {
        let is = |x: f64, expected: f64| (label_room(x, 300.0) - expected).abs() < 0.1;
        assert!(is(START - 100.0, 108.0), "cut at the line");
        assert!(is(START - 400.0, 300.0), "ends before the line");
        assert!(is(START - 10.0, 300.0), "too little would be left");
        assert!(is(START, 300.0) && is(END, 300.0), "does not cross it from the left");
    }

    fn step(name: &str, fill: Fill, due: Millis) -> PlanStep {
        PlanStep {
            id: format!("step-{name}"),
            due: Some(due),
            until: due.plus(HOUR),
            when: String::new(),
            offset: String::new(),
            mark: StepMark { channel: Channel::Sms, fill },
            name: name.to_owned(),
            href: None,
            chip: Chip { tone: Tone::Rest, icon: Icon::Wait, word: String::new() },
            count: "1,232".to_owned(),
            whom: Default::default(),
            cost: Default::default(),
            acts: html! {},
        }
    }

    #[test]
    fn steps_of_a_lane_within_minutes_share_a_pin_with_their_number_and_nothing_overlaps() {
        let scale = scale();
        let minutes = [-600, -120, -65, -60, -58, -57, -45, -30, -15, -2, 0, 3, 30, 121, 122, 900, 2_880];
        let steps: Vec<PlanStep> = minutes
            .iter()
            .map(|minute| step(&format!("at {minute}"), Fill::Planned, scale.starts.plus(minute * MINUTE)))
            .collect();
        let placed: Vec<(f64, &PlanStep)> =
            steps.iter().map(|step| (scale.x(step.due.unwrap()), step)).collect();
        let pins = joined(&placed);
        assert!(pins.len() < steps.len(), "needs neighbours");
        let names: Vec<&str> = pins.iter().flat_map(|(_, of)| of).map(|step| step.name.as_str()).collect();
        assert_eq!(names, steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), "each once");
        for (one, next) in pins.iter().zip(&pins[1..]) {
            assert!(next.0 - one.0 >= ROOM, "{} and {}", one.0, next.0);
        }
        let crowd = pins.iter().find(|(_, of)| of.len() > 2).expect("needs a crowd");
        let drawn = pin(&scale, &crowd.1, crowd.0, HEAD, ROOM).into_string();
        assert!(drawn.contains(&format!(">{}</text>", crowd.1.len())), "{drawn}");
        assert!(drawn.contains("<title>at "), "the names stand there for who points at it: {drawn}");
    }

    #[test]
    fn a_shared_pin_shows_what_needs_somebody_most() {
        let (planned, blocked) = (step("a", Fill::Planned, Millis(0)), step("b", Fill::Blocked, Millis(0)));
        let done = step("c", Fill::Done, Millis(0));
        assert_eq!(pressing(&[&done, &planned, &blocked]), Fill::Blocked);
        assert_eq!(pressing(&[&done, &planned]), Fill::Planned);
    }
}
