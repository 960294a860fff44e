//! Steps of a sequence: added, changed, removed. Each makes a new version; plans keep theirs until somebody lets them follow.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::SequenceId,
    sequence::{STEPS_MAX, Step, StepKey},
};
use maud::Markup;
use store::sequences::Sequence;

use super::{
    edit, href,
    part::{self, Pairs, Part, PartPage},
    step_form::{Errors, Parts, StepForm},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
    },
    pages::unprocessable,
};

/// Which step a form is about.
enum Of<'a> {
    New,
    Step(&'a Step),
}

/// `GET /settings/sequences/{sequence}/steps/new`
pub async fn new(member: Member, Path(id): Path<SequenceId>) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    let form = StepForm::blank();
    Ok(page(&member, &sequence, &parts, &Of::New, &form, &Errors::new()).into_response())
}

/// `GET /settings/sequences/{sequence}/steps/{step}`
pub async fn edit(member: Member, Path((id, key)): Path<(SequenceId, String)>) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    let step = found(&sequence, &key)?;
    let form = StepForm::of(step);
    let errors = form.removed("template", &parts).into_iter().collect();
    Ok(page(&member, &sequence, &parts, &Of::Step(step), &form, &errors).into_response())
}

/// `POST /settings/sequences/{sequence}/steps/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SequenceId>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    submit(&app, &member, (&sequence, &parts), Of::New, &pairs).await
}

/// `POST /settings/sequences/{sequence}/steps/{step}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let (sequence, parts) = part::load(&member, id).await?;
    let step = found(&sequence, &key)?;
    submit(&app, &member, (&sequence, &parts), Of::Step(step), &pairs).await
}

/// `POST /settings/sequences/{sequence}/steps/{step}/remove`
pub async fn remove(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let key = found(&sequence, &key)?.key.clone();
    let left = sequence.steps.iter().filter(|step| step.key != key).cloned().collect();
    part::take_out(&app, &member, &sequence, &pairs, (Part::Step, left)).await
}

fn found<'a>(sequence: &'a Sequence, key: &str) -> Result<&'a Step, Problem> {
    sequence.steps.iter().find(|step| step.key.as_str() == key).ok_or_else(Problem::not_found)
}

/// A key that no step of the sequence has, from the words for the new one.
pub(super) fn new_key(sequence: &Sequence, words: &str) -> StepKey {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let plain: String = words.chars().map(letter).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).take(4).collect();
    let base: String =
        if parts.is_empty() { "step".to_owned() } else { parts.join("-").chars().take(40).collect() };
    let is_free = |key: &String| sequence.steps.iter().all(|step| step.key.as_str() != key);
    let numbered = (2..=STEPS_MAX + 2).map(|n| format!("{base}-{n}"));
    // `new` is the address of the form.
    let first = (base != "new").then(|| base.clone());
    StepKey::stored(first.into_iter().chain(numbered).find(is_free).unwrap_or(base))
}

async fn submit(
    app: &App,
    member: &Member,
    (sequence, parts): (&Sequence, &Parts),
    of: Of<'_>,
    pairs: &Pairs,
) -> PageResult {
    let form = StepForm::read(pairs);
    let key = match &of {
        Of::Step(step) => step.key.clone(),
        Of::New => {
            let name = form.template("template", parts).map_or("", |template| template.name.as_str());
            new_key(sequence, if form.get("label").is_empty() { name } else { form.get("label") })
        }
    };
    let mut errors = match form.check(key, parts) {
        Ok(step) => match part::write(member, sequence, with(sequence, step), pairs).await? {
            Ok(()) => return part::saved(app, sequence, Part::Step),
            Err(words) => Errors::from([("label", words)]),
        },
        Err(errors) => errors,
    };
    errors.retain(|_, words| !words.is_empty());
    Ok(unprocessable(page(member, sequence, parts, &of, &form, &errors)))
}

/// The steps of the sequence with this one in its place, or added.
fn with(sequence: &Sequence, step: Step) -> Vec<Step> {
    let mut steps = sequence.steps.clone();
    match steps.iter_mut().find(|old| old.key == step.key) {
        Some(old) => *old = step,
        None => steps.push(step),
    }
    steps
}

fn page(
    member: &Member,
    sequence: &Sequence,
    parts: &Parts,
    of: &Of<'_>,
    form: &StepForm,
    errors: &Errors,
) -> Markup {
    let own = href(sequence.id);
    let (title, action) = match of {
        Of::New => ("New step".to_owned(), format!("{own}/steps/new")),
        Of::Step(step) => {
            (edit::name_of(step, parts.template(step.template)), format!("{own}/steps/{}", step.key))
        }
    };
    let page = PartPage {
        part: Part::Step,
        title,
        about: "",
        remove: match of {
            Of::New => None,
            Of::Step(_) => Some(format!("{action}/remove")),
        },
        action,
        fields: form.fields(parts, errors),
        sequence,
        parts,
    };
    page.render(member)
}
