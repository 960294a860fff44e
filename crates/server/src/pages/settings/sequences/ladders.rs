//! Reach ladders of a sequence: added, changed, removed. Each makes a new version, as a step does.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::SequenceId,
    sequence::{Ladder, Step, StepKey, check_steps, ladders},
};
use maud::{Markup, html};
use store::{StoreError, sequences::Sequence};

use super::{
    below, href,
    ladder_form::LadderForm,
    step_form::{Errors, Parts, StepForm},
    steps::{Pairs, draft, new_key, shown_version},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::Button,
        chip::Tone,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Crumb,
    },
};

/// The address of a ladder's form.
pub(super) fn ladder_href(sequence: SequenceId, key: &StepKey) -> String {
    format!("{}/ladders/{key}", href(sequence))
}

/// What a ladder is called.
pub(super) fn ladder_name(ladder: &Ladder) -> &str {
    match ladder.shared.label.as_str() {
        "" => "Reach everybody",
        label => label,
    }
}

/// `GET /settings/sequences/{sequence}/ladders/new`
pub async fn new(member: Member, Path(id): Path<SequenceId>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let parts = Parts::load(&member).await?;
    let form = LadderForm::blank(&parts);
    Ok(page(&member, &sequence, &parts, None, &form, &Errors::new()).into_response())
}

/// `GET /settings/sequences/{sequence}/ladders/{ladder}`
pub async fn edit(member: Member, Path((id, key)): Path<(SequenceId, String)>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let parts = Parts::load(&member).await?;
    let ladder = found(&sequence, key)?;
    let form = LadderForm::of(&ladder);
    Ok(page(&member, &sequence, &parts, Some(&ladder), &form, &Errors::new()).into_response())
}

/// `POST /settings/sequences/{sequence}/ladders/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SequenceId>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    submit(&app, &member, &sequence, None, &pairs).await
}

/// `POST /settings/sequences/{sequence}/ladders/{ladder}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let ladder = found(&sequence, key)?;
    submit(&app, &member, &sequence, Some(ladder), &pairs).await
}

/// `POST /settings/sequences/{sequence}/ladders/{ladder}/remove`
pub async fn remove(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let ladder = found(&sequence, key)?;
    let steps = others(&sequence, &ladder.key);
    member.org.change_sequence(id, shown_version(&pairs), &draft(&sequence, steps), member.now).await?;
    Ok(see_other_saying(
        &app,
        &href(id),
        "Ladder removed. Workshops that run it keep theirs until you review the change.",
    ))
}

fn found(sequence: &Sequence, key: String) -> Result<Ladder, Problem> {
    Ladder::of(&sequence.steps, &StepKey::stored(key)).ok_or_else(Problem::not_found)
}

/// The steps that are no rung of that ladder.
fn others(sequence: &Sequence, ladder: &StepKey) -> Vec<Step> {
    let is_own = |step: &Step| step.rung.as_ref().is_some_and(|rung| rung.ladder == *ladder);
    sequence.steps.iter().filter(|step| !is_own(step)).cloned().collect()
}

async fn submit(
    app: &App,
    member: &Member,
    sequence: &Sequence,
    of: Option<Ladder>,
    pairs: &Pairs,
) -> PageResult {
    let parts = Parts::load(member).await?;
    let form = LadderForm(StepForm::read(pairs));
    let key = match &of {
        Some(ladder) => ladder.key.clone(),
        None => {
            let label = form.0.get("label");
            free_key(sequence, if label.is_empty() { "reach" } else { label })
        }
    };
    let errors = match form.check(&key, &parts) {
        Ok(ladder) => match write(member, sequence, &ladder, shown_version(pairs)).await? {
            Ok(()) => return Ok(see_other_saying(app, &href(sequence.id), "Ladder saved.")),
            Err(words) => Errors::from([("label", words)]),
        },
        Err(errors) => errors,
    };
    Ok(unprocessable(page(member, sequence, &parts, of.as_ref(), &form, &errors)))
}

/// A key that neither a step nor a ladder of the sequence has.
fn free_key(sequence: &Sequence, words: &str) -> StepKey {
    let taken = ladders(&sequence.steps);
    let key = new_key(sequence, words);
    let numbered = (2..).map(|n| StepKey::stored(format!("{key}-{n}")));
    let all = std::iter::once(key.clone()).chain(numbered);
    all.into_iter().find(|key| !taken.contains(key)).unwrap_or(key)
}

/// Writes a version with this ladder in it; what is wrong with the whole, in words.
async fn write(
    member: &Member,
    sequence: &Sequence,
    ladder: &Ladder,
    version: i64,
) -> Result<Result<(), String>, StoreError> {
    let mut steps = others(sequence, &ladder.key);
    steps.extend(ladder.steps());
    if let Err((_, error)) = check_steps(&steps) {
        return Ok(Err(error.to_string()));
    }
    let draft = draft(sequence, steps);
    member.org.change_sequence(sequence.id, version, &draft, member.now).await.map(|_| Ok(()))
}

fn page(
    member: &Member,
    sequence: &Sequence,
    parts: &Parts,
    of: Option<&Ladder>,
    form: &LadderForm,
    errors: &Errors,
) -> Markup {
    let own = href(sequence.id);
    let (title, action) = match of {
        None => ("New reach ladder".to_owned(), format!("{own}/ladders/new")),
        Some(ladder) => (ladder_name(ladder).to_owned(), ladder_href(sequence.id, &ladder.key)),
    };
    let body = html! {
        (Head::new(&title).meta("Each rung goes only to those whom nothing proves to be reached"))
        @if parts.templates.is_empty() {
            (Note::new(Tone::Act, "There is no template yet.", "A rung sends a template. Add one under Settings, Templates, first."))
        }
        (Card::new("ladder", "Reach ladder", html! {
            form class="m-stack" method="post" action=(action) {
                (member.csrf())
                input type="hidden" name="version" value=(sequence.version);
                (form.fields(parts, errors))
                div class="m-acts" {
                    (Button::link("Back", &own))
                    (Button::primary("Save ladder").icon(Icon::Ok))
                }
            }
        }).padded())
        @if let Some(ladder) = of {
            (Card::new("remove", "Remove this ladder", html! {
                p class="m-p" { "What it sent stays on record. Workshops that run it keep it until you review the change for each." }
                form method="post" action={ (ladder_href(sequence.id, &ladder.key)) "/remove" } {
                    (member.csrf())
                    input type="hidden" name="version" value=(sequence.version);
                    div class="m-acts" { (Button::danger("Remove ladder").icon(Icon::Trash)) }
                }
            }).padded())
        }
    };
    below(member, vec![Crumb::to(&sequence.name, own)], &title, body)
}
