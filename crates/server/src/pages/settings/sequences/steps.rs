//! Steps of a sequence: added, changed, removed. Each makes a new version; plans keep theirs until somebody lets them follow.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::SequenceId,
    sequence::{STEPS_MAX, Step, StepKey, check_steps},
};
use maud::{Markup, html};
use store::{
    StoreError,
    sequences::{Sequence, SequenceDraft},
};

use super::{
    below, edit, href,
    step_form::{Errors, Parts, StepForm},
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

/// A form as it came.
pub(super) type Pairs = Vec<(String, String)>;

/// Which step a form is about.
enum Of<'a> {
    New,
    Step(&'a Step),
}

/// `GET /settings/sequences/{sequence}/steps/new`
pub async fn new(member: Member, Path(id): Path<SequenceId>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let parts = Parts::load(&member).await?;
    let form = StepForm::blank(&parts);
    Ok(page(&member, &sequence, &parts, &Of::New, &form, &Errors::new()).into_response())
}

/// `GET /settings/sequences/{sequence}/steps/{step}`
pub async fn edit(member: Member, Path((id, key)): Path<(SequenceId, String)>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let parts = Parts::load(&member).await?;
    let step = found(&sequence, &key)?;
    let form = StepForm::of(step);
    Ok(page(&member, &sequence, &parts, &Of::Step(step), &form, &Errors::new()).into_response())
}

/// `POST /settings/sequences/{sequence}/steps/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SequenceId>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    submit(&app, &member, &sequence, Of::New, &pairs).await
}

/// `POST /settings/sequences/{sequence}/steps/{step}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path((id, key)): Path<(SequenceId, String)>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let step = found(&sequence, &key)?.clone();
    submit(&app, &member, &sequence, Of::Step(&step), &pairs).await
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
    let steps = sequence.steps.iter().filter(|step| step.key != key).cloned().collect();
    member.org.change_sequence(id, shown_version(&pairs), &draft(&sequence, steps), member.now).await?;
    Ok(see_other_saying(
        &app,
        &href(id),
        "Step removed. Workshops that run it keep theirs until you review the change.",
    ))
}

fn found<'a>(sequence: &'a Sequence, key: &str) -> Result<&'a Step, Problem> {
    sequence.steps.iter().find(|step| step.key.as_str() == key).ok_or_else(Problem::not_found)
}

/// The version that the form was made of; a change made meanwhile is not written over.
pub(super) fn shown_version(pairs: &Pairs) -> i64 {
    let version = pairs.iter().find(|(name, _)| name == "version");
    version.and_then(|(_, version)| version.parse().ok()).unwrap_or(0)
}

pub(super) fn draft(sequence: &Sequence, steps: Vec<Step>) -> SequenceDraft {
    SequenceDraft { name: sequence.name.clone(), description: sequence.description.clone(), steps }
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

async fn submit(app: &App, member: &Member, sequence: &Sequence, of: Of<'_>, pairs: &Pairs) -> PageResult {
    let parts = Parts::load(member).await?;
    let form = StepForm::read(pairs);
    let key = match &of {
        Of::Step(step) => step.key.clone(),
        Of::New => {
            let template = form.get("template").parse().ok().and_then(|id| parts.template(id));
            let name = template.map_or("", |template| template.name.as_str());
            new_key(sequence, if form.get("label").is_empty() { name } else { form.get("label") })
        }
    };
    let mut errors = match form.check(key, &parts) {
        Ok(step) => match write(member, sequence, step, shown_version(pairs)).await? {
            Ok(()) => return Ok(see_other_saying(app, &href(sequence.id), "Step saved.")),
            Err(words) => Errors::from([("label", words)]),
        },
        Err(errors) => errors,
    };
    errors.retain(|_, words| !words.is_empty());
    Ok(unprocessable(page(member, sequence, &parts, &of, &form, &errors)))
}

/// Writes a version with this step in it; what is wrong with the whole, in words.
async fn write(
    member: &Member,
    sequence: &Sequence,
    step: Step,
    version: i64,
) -> Result<Result<(), String>, StoreError> {
    let mut steps = sequence.steps.clone();
    match steps.iter_mut().find(|old| old.key == step.key) {
        Some(old) => *old = step,
        None => steps.push(step),
    }
    if let Err((_, error)) = check_steps(&steps) {
        return Ok(Err(error.to_string()));
    }
    member
        .org
        .change_sequence(sequence.id, version, &draft(sequence, steps), member.now)
        .await
        .map(|_| Ok(()))
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
    let body = html! {
        (Head::new(&title))
        @if parts.templates.is_empty() {
            (Note::new(Tone::Act, "There is no template yet.", "A step sends a template. Add one under Settings, Templates, first."))
        }
        (Card::new("step", "Step", html! {
            form class="m-stack" method="post" action=(action) {
                (member.csrf())
                input type="hidden" name="version" value=(sequence.version);
                (form.fields(parts, errors))
                div class="m-acts" {
                    (Button::link("Back", &own))
                    (Button::primary("Save step").icon(Icon::Ok))
                }
            }
        }).padded())
        @if let Of::Step(step) = of {
            (Card::new("remove", "Remove this step", html! {
                p class="m-p" { "What it sent stays on record. Workshops that run it keep it until you review the change for each." }
                form method="post" action={ (own) "/steps/" (step.key) "/remove" } {
                    (member.csrf())
                    input type="hidden" name="version" value=(sequence.version);
                    div class="m-acts" { (Button::danger("Remove step").icon(Icon::Trash)) }
                }
            }).padded())
        }
    };
    below(member, vec![Crumb::to(&sequence.name, own)], &title, body)
}
