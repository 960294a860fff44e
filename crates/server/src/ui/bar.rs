//! Bars whose pieces have exact shares, and the key that names a piece.

use maud::{Markup, Render, html};

/// What a piece of a bar, and the dot beside its figure, stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Messages that were read.
    Read,
    /// Delivered, reachable or ready: whatever is proven.
    Done,
    /// Handed over: hatched, because nobody proved more.
    HandedOver,
    /// Messages that failed, and invalid numbers.
    Failed,
    /// Messages that were skipped, and missing numbers.
    Skipped,
    /// Messages that expired, and duplicate registrations.
    Expired,
    /// Messages that were cancelled, and people who must not be contacted.
    Cancelled,
    /// Messages whose outcome is unknown, and whatever needs a look.
    Unknown,
    /// Messages whose call to the provider is under way.
    InFlight,
    /// Messages that wait for their turn.
    Waiting,
    /// A key of the telephone was pressed.
    Pressed(u8),
    /// Everybody: a sum of others, without a mark of its own.
    All,
}

impl Key {
    /// The last part of its class names.
    pub fn class(self) -> &'static str {
        match self {
            Key::Read => "read",
            Key::Done => "done",
            Key::HandedOver => "sent",
            Key::Failed => "fail",
            Key::Skipped => "skip",
            Key::Expired => "dup",
            Key::Cancelled => "supp",
            Key::Unknown => "ask",
            Key::InFlight => "run",
            Key::Waiting => "rest",
            Key::Pressed(1) => "done",
            Key::Pressed(2) => "k2",
            Key::Pressed(9) => "k9",
            Key::Pressed(_) => "k0",
            Key::All => "all",
        }
    }
}

impl Render for Key {
    fn render(&self) -> Markup {
        html! { @if *self != Key::All { span class={ "m-key m-key--" (self.class()) } aria-hidden="true" {} } }
    }
}

/// A bar. It repeats figures that stand beside it, so a screen reader passes it by.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    /// Its pieces in the order of the figures, each with how many it stands for.
    pub parts: Vec<(Key, i64)>,
    /// Six pixels high instead of ten.
    pub thin: bool,
}

impl Bar {
    /// A high bar.
    pub fn new(parts: Vec<(Key, i64)>) -> Bar {
        Bar { parts, thin: false }
    }

    /// A thin bar.
    pub fn thin(parts: Vec<(Key, i64)>) -> Bar {
        Bar { parts, thin: true }
    }
}

/// Below this share (in thousandths of a percent) a piece is drawn two pixels wide, so that one failure can be seen.
const SLIVER: i128 = 500;
/// The whole bar in thousandths of a percent.
const WHOLE: i128 = 100_000;

/// One piece as it is drawn.
struct Piece {
    class: &'static str,
    at: i128,
    share: i128,
}

impl Piece {
    fn is_sliver(&self) -> bool {
        self.share < SLIVER
    }

    /// Two pixels that begin where the last half percent begins would be cut off: draw them back from where they end.
    fn is_cut_off(&self) -> bool {
        self.at > WHOLE - SLIVER
    }
}

fn pieces(parts: &[(Key, i64)]) -> Vec<Piece> {
    let total: i128 = parts.iter().map(|(_, n)| i128::from((*n).max(0))).sum();
    let mut before = 0;
    let mut out = Vec::new();
    for (key, n) in parts.iter().filter(|(_, n)| *n > 0) {
        let at = before * WHOLE / total;
        before += i128::from(*n);
        out.push(Piece { class: key.class(), at, share: before * WHOLE / total - at });
    }
    out
}

/// Thousandths of a percent as SVG wants them: `39.020%`.
fn length(thousandths: i128) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

impl Render for Bar {
    fn render(&self) -> Markup {
        let pieces = pieces(&self.parts);
        html! {
            svg.m-bar.m-bar--thin[self.thin] aria-hidden="true" focusable="false" {
                @for piece in pieces.iter().filter(|piece| !piece.is_sliver()) {
                    rect class={ "m-bar__" (piece.class) } x=(length(piece.at)) y="0" width=(length(piece.share)) height="100%" {}
                }
                // On top of their neighbours, or the neighbour's edge would swallow them.
                @for piece in pieces.iter().filter(|piece| piece.is_sliver()) {
                    @if piece.is_cut_off() {
                        rect class={ "m-bar__" (piece.class) " is-sliver" } x=(length(piece.at + piece.share)) y="0" width="2" height="100%" transform="translate(-2 0)" {}
                    } @else {
                        rect class={ "m-bar__" (piece.class) " is-sliver" } x=(length(piece.at)) y="0" width="2" height="100%" {}
                    }
                }
            }
        }
    }
}

/// The hatching that every bar of a page refers to; the page holds it once.
pub struct HatchPattern;

impl Render for HatchPattern {
    fn render(&self) -> Markup {
        html! {
            svg class="m-defs" width="0" height="0" aria-hidden="true" focusable="false" {
                defs {
                    pattern id="m-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                        rect width="6" height="6" class="m-hatch-a" {}
                        rect width="3" height="6" class="m-hatch-b" {}
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_touch_and_end_at_the_whole() {
        let parts = [(Key::Read, 1), (Key::Done, 1), (Key::Failed, 0), (Key::Waiting, 1)];
        let drawn = pieces(&parts);
        assert_eq!(drawn.len(), 3, "nothing is drawn for nobody");
        assert_eq!(drawn[1].at, drawn[0].share);
        assert_eq!(drawn[2].at + drawn[2].share, WHOLE);
    }

    #[test]
    fn one_in_a_million_is_still_two_pixels() {
        let drawn = Bar::new(vec![(Key::Done, 999_999), (Key::Failed, 1)]).render().into_string();
        assert!(drawn.contains(r#"class="m-bar__fail is-sliver" x="100.000%" y="0" width="2""#), "{drawn}");
    }

    #[test]
    fn a_bar_of_nobody_is_empty() {
        assert!(!Bar::new(vec![(Key::Done, 0)]).render().into_string().contains("rect"));
    }
}
