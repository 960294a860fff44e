//! The checks before sending: errors first, then warnings. Checks that passed are folded away.

use maud::{Markup, Render, html};

use super::format::counted;
use super::icons::Icon;

/// How grave a finding is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It prevents sending.
    Error,
    /// It explains something, and a person decides.
    Warning,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// The fact: "94 names are missing".
    pub title: String,
    /// What follows from it: "They read “Hi there”, the fallback you set."
    pub why: String,
    /// Words and address of what to do: "Show 94".
    pub action: Option<(String, String)>,
}

/// All findings, and what passed.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// What was found, in any order.
    pub findings: Vec<Finding>,
    /// What is in order, in words.
    pub passed: Vec<String>,
}

impl Checks {
    /// How many findings stand in the way.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings only explain.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// "2 warnings, no errors", "Fix 1 error to go on": for the bar at the bottom.
    pub fn in_words(&self) -> String {
        match (self.errors(), self.warnings()) {
            (0, 0) => "All checks passed".into(),
            (0, warnings) => format!("{}, no errors", counted(warnings, "warning", "warnings")),
            (errors, _) => format!("Fix {} to go on", counted(errors, "error", "errors")),
        }
    }
}

impl Render for Finding {
    fn render(&self) -> Markup {
        let (class, icon, spoken) = match self.severity {
            Severity::Error => ("fail", Icon::Error, "Error: "),
            Severity::Warning => ("act", Icon::Warning, "Warning: "),
        };
        html! {
            li class={ "m-check m-check--" (class) } {
                (icon)
                div {
                    p class="m-check__title" { span class="mui-visually-hidden" { (spoken) } (self.title) }
                    p class="m-check__why" { (self.why) }
                }
                @if let Some((label, href)) = &self.action { a class="m-link" href=(href) { (label) } }
            }
        }
    }
}

impl Render for Checks {
    fn render(&self) -> Markup {
        let (errors, warnings) = (self.errors(), self.warnings());
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        html! {
            section class="m-card m-checks" aria-labelledby="checks" data-live-id="checks" {
                header class="m-card__head" {
                    h2 id="checks" class="m-card__title" { "Checks before sending" }
                    p class="m-tally" {
                        @if errors > 0 { span class="is-fail" { (counted(errors, "error", "errors")) } }
                        @if warnings > 0 { span class="is-act" { (counted(warnings, "warning", "warnings")) } }
                        @if errors == 0 { span { "no errors" } }
                    }
                }
                @if !findings.is_empty() { ul class="m-checks__list" { @for finding in findings { (finding) } } }
                @if !self.passed.is_empty() {
                    details class="m-checks__more" {
                        summary { (Icon::Ok) (counted(self.passed.len(), "check passed", "checks passed")) (Icon::Down) }
                        ul class="m-checks__passed" { @for check in &self.passed { li { (Icon::Check) (check) } } }
                    }
                }
            }
        }
    }
}
