//! Reach ladders of a sequence: added, changed, removed. Each makes a new version, as a step does.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::SequenceId,
    sequence::{Ladder, Step, StepKey, ladders},
};
use maud::Markup;
use store::sequences::Sequence;

use super::{
    href,
    ladder_form::LadderForm,
    part::{self, Pairs, Part, PartPage},
    step_form::{Errors, Parts, StepForm},
    steps::new_key,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
    },
    pages::unprocessable,
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
    let (sequence, parts) = part::load(&member, id).await?;
    let form = LadderForm::blank();
    Ok(page(&member, &sequence, &parts, None, &form, &Errors::new()).into_response())
}

/// `GET /settings/sequences/{sequence}/ladders/{ladder}`
pub async fn edit(member: Member, Path((id, key)): Path<(SequenceId, String)>) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    let ladder = found(&sequence, key)?;
    let form = LadderForm::of(&ladder);
    let errors = form.removed(&parts);
    Ok(page(&member, &sequence, &parts, Some(&ladder), &form, &errors).into_response())
}

/// `POST /settings/sequences/{sequence}/ladders/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SequenceId>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    submit(&app, &member, part::load(&member, id).await?, None, &pairs).await
}

/// `POST /settings/sequences/{sequence}/ladders/{ladder}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    let ladder = found(&sequence, key)?;
    submit(&app, &member, (sequence, parts), Some(ladder), &pairs).await
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
    let left = others(&sequence, &ladder.key);
    part::take_out(&app, &member, &sequence, &pairs, (Part::Ladder, left)).await
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
    (sequence, parts): (Sequence, Parts),
    of: Option<Ladder>,
    pairs: &Pairs,
) -> PageResult {
    let form = LadderForm(StepForm::read(pairs));
    let key = match &of {
        Some(ladder) => ladder.key.clone(),
        None => {
            let label = form.0.get("label");
            free_key(&sequence, if label.is_empty() { "reach" } else { label })
        }
    };
    let mut steps = others(&sequence, &key);
    let errors = match form.check(&key, &steps, &parts) {
        Ok(ladder) => {
            steps.extend(ladder.steps());
            match part::write(member, &sequence, steps, pairs).await? {
                Ok(()) => return part::saved(app, &sequence, Part::Ladder),
                Err(words) => Errors::from([("label", words)]),
            }
        }
        Err(errors) => errors,
    };
    Ok(unprocessable(page(member, &sequence, &parts, of.as_ref(), &form, &errors)))
}

/// A key that neither a step nor a ladder of the sequence has.
fn free_key(sequence: &Sequence, words: &str) -> StepKey {
    let taken = ladders(&sequence.steps);
    let key = new_key(sequence, words);
    let numbered = (2..).map(|n| StepKey::stored(format!("{key}-{n}")));
    let all = std::iter::once(key.clone()).chain(numbered);
    all.into_iter().find(|key| !taken.contains(key)).unwrap_or(key)
}

fn page(
    member: &Member,
    sequence: &Sequence,
    parts: &Parts,
    of: Option<&Ladder>,
    form: &LadderForm,
    errors: &Errors,
) -> Markup {
    let (title, action) = match of {
        None => ("New reach ladder".to_owned(), format!("{}/ladders/new", href(sequence.id))),
        Some(ladder) => (ladder_name(ladder).to_owned(), ladder_href(sequence.id, &ladder.key)),
    };
    let page = PartPage {
        part: Part::Ladder,
        title,
        about: "Each rung goes only to those whom nothing proves to be reached",
        remove: of.map(|_| format!("{action}/remove")),
        action,
        fields: form.fields(parts, errors),
        sequence,
        parts,
    };
    page.render(member)
}
