//! The findings about posts, in words.

use super::Composing;
use crate::ui::{
    checks::{Checks, Finding, Severity},
    words::posts::words,
};

/// The findings, and one line for what is in order.
pub(super) fn checks(composing: &Composing) -> Checks {
    let mut all = Checks::default();
    for finding in &composing.review.findings {
        let (title, why) = words(finding);
        let severity = if finding.is_error() { Severity::Error } else { Severity::Warning };
        all.findings.push(Finding { severity, title, why: why.to_owned(), action: None });
    }
    let errors = all.errors() > 0;
    if !errors {
        all.passed.push("Groups, text, values and times are in order".to_owned());
    }
    all
}
