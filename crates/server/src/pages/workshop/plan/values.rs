//! Values of the workshop that steps name and that nobody entered: asked for on the plan, before a step is due.

use std::collections::BTreeMap;

use ::compose::StepPreview;
use domain::variable::VariableName;
use maud::{Markup, html};
use store::workshops::Workshop;

use super::view::step_name;
use crate::{http::extract::Member, pages::workshop::variables, ui::format::capital};

/// Where the values are entered on the same page.
pub(super) fn here() -> String {
    format!("#{}", variables::ASKED)
}

/// A field for each value that these steps lack, with the steps that need it; nothing where none is missing. The page at
/// `back` follows.
pub(super) fn card<'a>(
    member: &Member,
    workshop: &Workshop,
    steps: impl Iterator<Item = &'a StepPreview>,
    back: &str,
) -> Markup {
    let missing: Vec<(VariableName, String)> = needed(steps).into_iter().collect();
    if missing.is_empty() {
        return html! {};
    }
    variables::ask_for_steps(member, workshop, &missing, back)
}

/// Each value with what is said below its field: what the template calls it, and the steps that need it.
fn needed<'a>(steps: impl Iterator<Item = &'a StepPreview>) -> BTreeMap<VariableName, String> {
    let mut needed: BTreeMap<VariableName, (String, Vec<String>)> = BTreeMap::new();
    for step in steps {
        for value in &step.missing {
            let (label, names) = needed.entry(value.name.clone()).or_default();
            if label.is_empty() {
                label.clone_from(&value.label);
            }
            names.push(format!("“{}”", step_name(step)));
        }
    }
    let said = |(name, (label, names)): (VariableName, (String, Vec<String>))| {
        let steps = if names.len() == 1 { "step" } else { "steps" };
        let label = if label.is_empty() { String::new() } else { format!("{}. ", capital(&label)) };
        (name, format!("{label}Needed by the {steps} {}.", names.join(", ")))
    };
    needed.into_iter().map(said).collect()
}
