//! What became of everyone: a bar and figures in the same order that sum to the total above them.

use maud::{Markup, Render, html};

use super::addressees::Addressees;
use super::bar::{Bar, Key};
use super::format::{counted, grouped, percent};

/// Whether the page gets changes while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// Changes arrive over the live stream.
    On,
    /// Nothing will change any more.
    Ended,
}

/// The number of people whose message is in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were read.
    pub read: i64,
    /// Messages that were delivered and are not known to be read.
    pub delivered: i64,
    /// Messages that the provider accepted, with nothing more proven.
    pub handed_over: i64,
    /// Messages that failed.
    pub failed: i64,
    /// Messages to people who were left out.
    pub skipped: i64,
    /// Messages whose last useful moment passed.
    pub expired: i64,
    /// Messages that were cancelled.
    pub cancelled: i64,
    /// Messages that may have gone out; nobody knows.
    pub unknown: i64,
    /// Messages whose call to the provider is under way.
    pub in_flight: i64,
    /// Messages that wait for their turn.
    pub waiting: i64,
}

impl Counts {
    /// Everyone, each counted once.
    pub fn total(&self) -> i64 {
        self.parts().iter().map(|(_, n)| n).sum()
    }

    /// The pieces of a bar, in the order of the figures.
    pub fn parts(&self) -> Vec<(Key, i64)> {
        vec![
            (Key::Read, self.read),
            (Key::Done, self.delivered),
            (Key::HandedOver, self.handed_over),
            (Key::Failed, self.failed),
            (Key::Skipped, self.skipped),
            (Key::Expired, self.expired),
            (Key::Cancelled, self.cancelled),
            (Key::Unknown, self.unknown),
            (Key::InFlight, self.in_flight),
            (Key::Waiting, self.waiting),
        ]
    }
}

/// The truth strip of a broadcast. The live stream sends it whole.
#[derive(Clone, Debug)]
pub struct TruthStrip {
    /// The number of people in each state.
    pub counts: Counts,
    /// Whether the provider sends receipts. Without them *Delivered* and *Read* cannot be known.
    pub receipts: bool,
    /// Whether the channel can ever prove that somebody read a message. Without that the strip says nothing of
    /// reading.
    pub reads: bool,
    /// The address of the list of people. Each figure adds `?state=…` to it.
    pub href: String,
    /// Whether people or groups are counted.
    pub of: Addressees,
    /// How far posts came among the members of their groups; `None` for messages to people.
    pub members: Option<Members>,
    /// Whether the page gets changes.
    pub live: Live,
}

/// How far posts came among the members of their groups, as far as the gateway proves it. Each member of each group
/// is counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Members {
    /// All members of the groups.
    pub all: i64,
    /// Members whose phone has the post, those who opened it included.
    pub delivered: i64,
    /// Members who opened the post.
    pub read: i64,
    /// Members who reacted to the post.
    pub reactions: i64,
}

impl Members {
    /// The pieces of its bar, with their words: they sum to all.
    fn parts(&self) -> [(Key, &'static str, i64); 3] {
        let read = self.read.clamp(0, self.delivered.max(0));
        [
            (Key::Read, "Read", read),
            (Key::Done, "Delivered, not read", self.delivered - read),
            (Key::Waiting, "No receipt", (self.all - self.delivered).max(0)),
        ]
    }
}

impl Render for Members {
    fn render(&self) -> Markup {
        html! {
            div class="m-members" role="group" aria-label="Members of the groups" {
                p class="m-members__line" {
                    span { b { (grouped(self.all)) } @if self.all == 1 { " member in these groups" } @else { " members in these groups" } }
                    span { @if self.reactions > 0 { (counted(self.reactions, "reaction", "reactions")) " · " } "as far as the gateway proves" }
                }
                (Bar::thin(self.parts().map(|(key, _, n)| (key, n)).to_vec()))
                ul class="m-members__list" {
                    @for (key, words, n) in self.parts() { li { (key) (words) " " b { (grouped(n)) } } }
                }
            }
        }
    }
}

struct Cell {
    key: Key,
    label: &'static str,
    /// The word of the filter in the address.
    state: &'static str,
    n: i64,
    known: bool,
}

impl TruthStrip {
    fn shows_reads(&self) -> bool {
        self.reads || self.counts.read > 0
    }

    /// The pieces of the bar: the same as the figures under it.
    fn parts(&self) -> Vec<(Key, i64)> {
        let mut parts = self.counts.parts();
        parts.retain(|(key, _)| *key != Key::Read || self.shows_reads());
        parts
    }

    fn groups(&self) -> [(&'static str, Vec<Cell>); 4] {
        let c = &self.counts;
        let cell = |key, label, state, n| Cell { key, label, state, n, known: true };
        // A receipt that came all the same is shown; only a zero would be a claim.
        let receipt = |key, label, state, n| Cell { key, label, state, n, known: self.receipts || n > 0 };
        let mut sent = vec![
            receipt(Key::Read, "Read", "read", c.read),
            receipt(Key::Done, "Delivered", "delivered", c.delivered),
            cell(Key::HandedOver, "Handed over", "sent", c.handed_over),
        ];
        sent.retain(|cell| cell.key != Key::Read || self.shows_reads());
        [
            ("Sent", sent),
            (
                "Did not arrive",
                vec![
                    cell(Key::Failed, "Failed", "failed", c.failed),
                    cell(Key::Skipped, "Skipped", "skipped", c.skipped),
                    cell(Key::Expired, "Expired", "expired", c.expired),
                    cell(Key::Cancelled, "Cancelled", "cancelled", c.cancelled),
                ],
            ),
            ("To check", vec![cell(Key::Unknown, "Unknown", "unknown", c.unknown)]),
            (
                "Still to go",
                vec![
                    cell(Key::InFlight, "In flight", "in_flight", c.in_flight),
                    cell(Key::Waiting, "Waiting", "waiting", c.waiting),
                ],
            ),
        ]
    }

    fn cell(&self, cell: &Cell) -> Markup {
        let total = self.counts.total();
        html! {
            a.m-cell.is-zero[cell.n == 0] href={ (self.href) "?state=" (cell.state) } {
                span class="m-cell__label" { (cell.key) (cell.label) }
                @if cell.known {
                    span class="m-cell__n" { (grouped(cell.n)) }
                    span class="m-cell__pc" { (percent(cell.n, total)) }
                } @else {
                    span class="m-cell__n" title="This account sends no receipts" { "n/a" }
                }
            }
        }
    }
}

/// "Live", which the script turns to "Reconnecting" with the age of the figures.
pub fn live_sign(live: Live) -> Markup {
    html! {
        @match live {
            Live::On => span class="m-live" data-live-sign hidden { span class="m-live__dot" aria-hidden="true" {} span data-live-word { "Live" } },
            Live::Ended => span class="m-live m-live--ended" { "Final" },
        }
    }
}

impl Render for TruthStrip {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-truth" aria-labelledby="truth" data-live-id="truth-strip" {
                header class="m-truth__head" {
                    h2 id="truth" { span class="m-truth__total" { (grouped(self.counts.total())) } " " (self.of.noun(self.counts.total())) ", each counted once" }
                    (live_sign(self.live))
                }
                (Bar::new(self.parts()))
                div class="m-truth__groups" {
                    @for (name, cells) in self.groups() {
                        div class="m-truth__group" role="group" aria-label=(name) {
                            p class="m-truth__name" aria-hidden="true" { (name) }
                            ul { @for cell in &cells { li { (self.cell(cell)) } } }
                        }
                    }
                }
                @if let Some(members) = &self.members { (members) }
            }
        }
    }
}

impl TruthStrip {
    /// Empty, usual, huge, without receipts.
    pub fn samples() -> Vec<(&'static str, TruthStrip)> {
        let strip = |counts, receipts, live| TruthStrip {
            counts,
            receipts,
            reads: true,
            href: "/broadcasts/1".into(),
            of: Addressees::People,
            members: None,
            live,
        };
        let usual = Counts {
            read: 2_518,
            delivered: 4_927,
            handed_over: 1_306,
            failed: 184,
            skipped: 209,
            unknown: 36,
            in_flight: 48,
            waiting: 3_412,
            ..Counts::default()
        };
        let huge = Counts { read: 12_345_678, delivered: 40_000_000, failed: 1, expired: 4_000, ..usual };
        vec![
            ("empty", strip(Counts::default(), true, Live::Ended)),
            ("usual", strip(usual, true, Live::On)),
            ("huge", strip(huge, true, Live::On)),
            (
                "groups",
                TruthStrip {
                    of: Addressees::Groups,
                    members: Some(Members { all: 2_374, delivered: 1_272, read: 849, reactions: 133 }),
                    ..strip(Counts { handed_over: 12, ..Counts::default() }, false, Live::On)
                },
            ),
            ("sms", TruthStrip { reads: false, ..strip(Counts { read: 0, ..usual }, true, Live::On) }),
            (
                "without receipts",
                strip(Counts { handed_over: 620, failed: 4, ..Counts::default() }, false, Live::Ended),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_bar_sum_to_the_printed_total() {
        for (name, strip) in TruthStrip::samples() {
            let cells: i64 = strip.groups().iter().flat_map(|(_, cells)| cells).map(|cell| cell.n).sum();
            assert_eq!(cells, strip.counts.total(), "{name}");
            let keys: Vec<Key> =
                strip.groups().iter().flat_map(|(_, cells)| cells).map(|cell| cell.key).collect();
            let bar: Vec<Key> = strip.parts().iter().map(|(key, _)| *key).collect();
            assert_eq!(keys, bar, "{name}: same order in both");
        }
    }

    #[test]
    fn one_group_and_one_person_are_said_as_one() {
        let strip = |n| TruthStrip {
            counts: Counts { handed_over: n, ..Counts::default() },
            ..TruthStrip::samples().into_iter().find(|(name, _)| *name == "groups").expect("a sample").1
        };
        for (n, expected) in [(0, "0</span> groups"), (1, "1</span> group,"), (2, "2</span> groups")] {
            let html = strip(n).render().into_string();
            assert!(html.contains(expected), "{html}");
        }
    }

    #[test]
    fn members_and_their_bar_sum_to_all_of_them_whatever_a_gateway_tells() {
        for (all, delivered, read) in [(2_374, 1_272, 849), (0, 3, 5), (10, 12, 0), (500, 0, 0)] {
            let members = Members { all, delivered, read, reactions: 0 };
            let sum: i64 = members.parts().iter().map(|(.., n)| n).sum();
            assert_eq!(sum, all.max(delivered), "{members:?}");
            assert!(members.parts().iter().all(|(.., n)| *n >= 0), "{members:?}");
        }
    }

    #[test]
    fn where_reading_cannot_be_proven_nothing_is_said_of_it() {
        let (_, strip) = TruthStrip::samples().into_iter().find(|(name, _)| *name == "sms").unwrap();
        let html = strip.render().into_string();
        assert!(!html.contains("Read") && html.contains("Delivered"), "{html}");
    }

    #[test]
    fn without_receipts_delivered_is_not_claimed_to_be_nobody() {
        let (_, strip) = TruthStrip::samples().into_iter().next_back().unwrap();
        let html = strip.render().into_string();
        assert_eq!(html.matches("n/a").count(), 2, "delivered and read: {html}");
    }
}
