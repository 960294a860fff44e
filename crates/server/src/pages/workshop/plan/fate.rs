//! What may become of a step when its plan changes, in words, marks and counts.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::ui::{
    chip::{Chip, Tone},
    format::capital,
    icons::Icon,
    plan::{Fill, Way},
};

/// What becomes of a step. What needs a look stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// The step would have gone before the change, and would not go after it.
    Stuck,
    /// The step goes within ten minutes.
    Soon,
    /// The moment of the step has passed.
    Skipped,
    /// The sequence has the step no more.
    TakenOut,
    /// The step comes at another moment.
    Moved,
    /// The step is new.
    New,
    /// The step keeps its moment and sends something else, or to other people.
    Replaced,
    /// The step is due already and goes to people who register from now on.
    LateOnly,
    /// The step stays as it is.
    Stays,
    /// The step changed in the sequence, and went out before.
    Gone,
}

impl Fate {
    /// What the count of all workshops says of it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Fate::Stuck => "Would not go",
            Fate::Soon => "Goes within ten minutes",
            Fate::Skipped => "Newly skipped",
            Fate::TakenOut => "Taken out",
            Fate::Moved => "Moved",
            Fate::New => "New",
            Fate::Replaced => "Replaced",
            Fate::LateOnly => "For late ones only",
            Fate::Stays => "Stays",
            Fate::Gone => "Went out already",
        }
    }

    /// What the totals of a page know it by.
    pub(super) fn word(self) -> &'static str {
        match self {
            Fate::Stuck => "stuck",
            Fate::Soon => "soon",
            Fate::Skipped => "skipped",
            Fate::TakenOut => "taken_out",
            Fate::Moved => "moved",
            Fate::New => "new",
            Fate::Replaced => "replaced",
            Fate::LateOnly => "late_only",
            Fate::Stays => "stays",
            Fate::Gone => "gone",
        }
    }

    pub(super) fn words(self, n: usize) -> &'static str {
        match self {
            Fate::Stuck => "would not go",
            Fate::Soon if n == 1 => "goes within ten minutes",
            Fate::Soon => "go within ten minutes",
            Fate::Skipped => "newly skipped",
            Fate::TakenOut => "taken out",
            Fate::Moved => "moved",
            Fate::New => "new",
            Fate::Replaced => "replaced",
            Fate::LateOnly => "for late ones only",
            Fate::Stays if n == 1 => "stays",
            Fate::Stays => "stay",
            Fate::Gone => "went out already",
        }
    }

    pub(super) fn icon(self) -> Icon {
        match self {
            Fate::Stuck | Fate::Soon => Icon::Warning,
            Fate::Skipped => Icon::Skip,
            Fate::TakenOut => Icon::Cancel,
            Fate::Moved => Icon::Workshop,
            Fate::New => Icon::Plus,
            Fate::Replaced => Icon::Edit,
            Fate::LateOnly => Icon::Question,
            Fate::Stays | Fate::Gone => Icon::Ok,
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Fate::Stuck | Fate::Soon => Tone::Fail,
            Fate::Skipped => Tone::Act,
            Fate::Moved | Fate::New | Fate::Replaced => Tone::Run,
            Fate::TakenOut | Fate::LateOnly | Fate::Stays | Fate::Gone => Tone::Rest,
        }
    }

    pub(super) fn keeps_its_moment(self) -> bool {
        matches!(self, Fate::Replaced | Fate::Stays | Fate::Gone)
    }

    /// How the line between the old plan and the new one is drawn.
    pub(super) fn way(self) -> Way {
        match self {
            Fate::Stuck | Fate::Soon => Way::Late,
            Fate::Skipped => Way::Skipped,
            Fate::Stays | Fate::Replaced | Fate::Gone => Way::Same,
            Fate::Moved | Fate::New | Fate::TakenOut | Fate::LateOnly => Way::Moved,
        }
    }

    pub(super) fn fill(self) -> Fill {
        match self {
            Fate::Stuck => Fill::Blocked,
            Fate::Skipped | Fate::TakenOut => Fill::Skipped,
            Fate::Gone => Fill::Done,
            Fate::Soon | Fate::Moved | Fate::New | Fate::Replaced | Fate::LateOnly | Fate::Stays => {
                Fill::Planned
            }
        }
    }
}

/// How many steps have which fate; each step counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<Fate, usize>);

impl Counts {
    /// What every count says, be it nobody.
    const ALWAYS: [Fate; 3] = [Fate::Moved, Fate::Skipped, Fate::Soon];

    pub(super) fn of(&self, fate: Fate) -> usize {
        self.0.get(&fate).copied().unwrap_or(0)
    }

    /// Counts `n` more steps of that fate.
    pub(super) fn count(&mut self, fate: Fate, n: usize) {
        if n > 0 {
            *self.0.entry(fate).or_default() += n;
        }
    }

    pub(super) fn add(&mut self, other: &Counts) {
        for (fate, n) in &other.0 {
            self.count(*fate, *n);
        }
    }

    /// The fates that a count names, those that need a look first; what stays is said apart.
    pub(super) fn named(&self) -> impl Iterator<Item = (Fate, usize)> + '_ {
        let all = [
            Fate::Moved,
            Fate::New,
            Fate::Replaced,
            Fate::Skipped,
            Fate::TakenOut,
            Fate::LateOnly,
            Fate::Stuck,
            Fate::Soon,
            Fate::Gone,
        ];
        all.into_iter()
            .map(|fate| (fate, self.of(fate)))
            .filter(|(fate, n)| *n > 0 || Counts::ALWAYS.contains(fate))
    }

    /// "Moved 4, newly skipped 1, within ten minutes 1."
    pub(super) fn sentence(&self) -> String {
        let said = |(fate, n): (Fate, usize)| match fate {
            Fate::Soon => format!("within ten minutes {n}"),
            fate => format!("{} {n}", fate.words(n)),
        };
        let all: Vec<String> = self.named().filter(|(fate, _)| *fate != Fate::Gone).map(said).collect();
        capital(&format!("{}.", all.join(", ")))
    }

    /// As the script of the page reads them, to add up those of the ticked plans.
    pub(super) fn as_json(&self) -> String {
        let all: BTreeMap<&str, usize> = self.0.iter().map(|(fate, n)| (fate.word(), *n)).collect();
        serde_json::json!(all).to_string()
    }

    /// A chip for each fate that a step has.
    pub(super) fn chips(&self) -> Markup {
        html! { @for (fate, n) in self.named().filter(|(_, n)| *n > 0) {
            (Chip { tone: fate.tone(), icon: fate.icon(), word: format!("{n} {}", fate.words(n)) })
        } }
    }
}
