//! What the forms of steps and of reach ladders share: both are parts of a sequence, and saving or removing one makes a new version.

use domain::{
    ids::SequenceId,
    sequence::{Step, check_steps},
};
use maud::{Markup, html};
use store::{
    StoreError,
    sequences::{Sequence, SequenceDraft},
};

use super::{below, href, step_form::Parts};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::Member,
        notice::see_other_saying,
    },
    ui::{
        button::Button,
        chip::Tone,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Crumb,
    },
};

/// A form as it came.
pub(super) type Pairs = Vec<(String, String)>;

/// What a part is called in sentences.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Step,
    Ladder,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Part::Step => "step",
            Part::Ladder => "ladder",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Part::Step => "Step",
            Part::Ladder => "Reach ladder",
        }
    }

    /// Why nothing can be added while there is no template.
    fn needs_template(self) -> &'static str {
        match self {
            Part::Step => "A step sends a template. Add one under Settings, Templates, first.",
            Part::Ladder => "A rung sends a template. Add one under Settings, Templates, first.",
        }
    }
}

/// The sequence of a form, and what its fields offer.
pub(super) async fn load(member: &Member, id: SequenceId) -> Result<(Sequence, Parts), Problem> {
    let sequence = member.org.sequence(id).await?;
    let parts = Parts::load(member).await?;
    Ok((sequence, parts))
}

/// The version that the form was made of; a change made meanwhile is not written over.
fn shown_version(pairs: &Pairs) -> i64 {
    let version = pairs.iter().find(|(name, _)| name == "version");
    version.and_then(|(_, version)| version.parse().ok()).unwrap_or(0)
}

fn draft(sequence: &Sequence, steps: Vec<Step>) -> SequenceDraft {
    SequenceDraft { name: sequence.name.clone(), description: sequence.description.clone(), steps }
}

/// Writes a version of these steps; what is wrong with the whole, in words.
pub(super) async fn write(
    member: &Member,
    sequence: &Sequence,
    steps: Vec<Step>,
    pairs: &Pairs,
) -> Result<Result<(), String>, StoreError> {
    if let Err((_, error)) = check_steps(&steps) {
        return Ok(Err(error.to_string()));
    }
    let draft = draft(sequence, steps);
    member.org.change_sequence(sequence.id, shown_version(pairs), &draft, member.now).await.map(|_| Ok(()))
}

/// Leads back to the sequence, whose part is saved.
pub(super) fn saved(app: &App, sequence: &Sequence, part: Part) -> PageResult {
    let saved = match part {
        Part::Step => "Step saved.",
        Part::Ladder => "Ladder saved.",
    };
    Ok(see_other_saying(app, &href(sequence.id), saved))
}

/// Writes a version of the steps that are left once a part is taken out.
pub(super) async fn take_out(
    app: &App,
    member: &Member,
    sequence: &Sequence,
    pairs: &Pairs,
    (part, left): (Part, Vec<Step>),
) -> PageResult {
    let draft = draft(sequence, left);
    member.org.change_sequence(sequence.id, shown_version(pairs), &draft, member.now).await?;
    let removed = match part {
        Part::Step => "Step removed. Workshops that run it keep theirs until you review the change.",
        Part::Ladder => "Ladder removed. Workshops that run it keep theirs until you review the change.",
    };
    Ok(see_other_saying(app, &href(sequence.id), removed))
}

/// The page with the form of one part of a sequence.
pub(super) struct PartPage<'a> {
    pub(super) part: Part,
    pub(super) title: String,
    /// The text below the title; may be empty.
    pub(super) about: &'static str,
    /// The address that the form posts to.
    pub(super) action: String,
    /// The address that removes the part; `None` for a part that is new.
    pub(super) remove: Option<String>,
    pub(super) fields: Markup,
    pub(super) sequence: &'a Sequence,
    pub(super) parts: &'a Parts,
}

impl PartPage<'_> {
    pub(super) fn render(self, member: &Member) -> Markup {
        let own = href(self.sequence.id);
        let word = self.part.word();
        let version = html! { input type="hidden" name="version" value=(self.sequence.version); };
        let head = Head::new(&self.title);
        let body = html! {
            @if self.about.is_empty() { (head) } @else { (head.meta(self.about)) }
            @if self.parts.templates.is_empty() {
                (Note::new(Tone::Act, "There is no template yet.", self.part.needs_template()))
            }
            (Card::new(word, self.part.title(), html! {
                form class="m-stack" method="post" action=(self.action) {
                    (member.csrf())
                    (version)
                    (self.fields)
                    div class="m-acts" {
                        (Button::link("Back", &own))
                        (Button::primary(format!("Save {word}")).icon(Icon::Ok))
                    }
                }
            }).padded())
            @if let Some(remove) = &self.remove {
                (Card::new("remove", format!("Remove this {word}"), html! {
                    p class="m-p" { "What it sent stays on record. Workshops that run it keep it until you review the change for each." }
                    form method="post" action=(remove) {
                        (member.csrf())
                        (version)
                        div class="m-acts" { (Button::danger(format!("Remove {word}")).icon(Icon::Trash)) }
                    }
                }).padded())
            }
        };
        below(member, vec![Crumb::to(&self.sequence.name, own)], &self.title, body)
    }
}
