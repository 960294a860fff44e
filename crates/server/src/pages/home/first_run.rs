//! The first steps, until something was sent: each with its tick, the next one open, the last one a message on one's own phone.

use domain::role::Permission;
use maud::{Markup, Render, html};
use store::StoreError;

use super::{choices::Choices, compose::Compose, paths, test};
use crate::{
    http::extract::Member,
    pages::settings::templates,
    ui::{button::Button, icons::Icon},
};

/// One step.
struct Step {
    name: &'static str,
    text: String,
    done: bool,
    to: String,
    button: &'static str,
}

/// The steps.
pub(super) struct FirstRun {
    steps: Vec<Step>,
}

impl FirstRun {
    /// `None` once anything was sent, and for those who may not set things up.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn of(
        member: &Member,
        choices: &Choices,
        state: &Compose,
        broadcasts: i64,
    ) -> Result<Option<FirstRun>, StoreError> {
        if broadcasts > 0 || !member.may(Permission::Manage) || !state.channel.sends() {
            return Ok(None);
        }
        let tested = member.org.has_tested().await?;
        Ok(Some(FirstRun { steps: steps(member, choices, state, tested) }))
    }
}

/// The five steps as they stand.
fn steps(member: &Member, choices: &Choices, state: &Compose, tested: bool) -> Vec<Step> {
    let step = |name, text: String, done, to: String, button| Step { name, text, done, to, button };
    let account = choices.account();
    let template = choices.template.map(|at| &choices.templates[at].0);
    let workshop = choices.workshop.as_ref();
    let people = workshop.filter(|workshop| workshop.registrants > 0);
    let zone = &member.organization.zone;
    vec![
            step(
                "Connect an account",
                account.map_or_else(
                    || "The keys of your provider. They are sealed, and tested before anything is sent.".to_owned(),
                    |account| account.name.clone(),
                ),
                account.is_some(),
                paths::INTEGRATIONS.to_owned(),
                "Connect an account",
            ),
            step(
                "Add a template",
                template.map_or_else(
                    || "What your provider approved, with a source for each value.".to_owned(),
                    |template| template.name.clone(),
                ),
                template.is_some(),
                templates::new_page(state.channel),
                "Add a template",
            ),
            step(
                "Add a workshop",
                workshop.map_or_else(
                    || "Its title, its time and its join link.".to_owned(),
                    |workshop| format!("{}, {}", workshop.title, zone.moment(workshop.starts_at, member.now)),
                ),
                workshop.is_some(),
                workshop.map_or_else(|| paths::NEW_WORKSHOP.to_owned(), |workshop| paths::workshop(workshop.id)),
                "Add a workshop",
            ),
            step(
                "Add the people who registered",
                "A CSV or Excel file, or a pasted list. You see every row before anything is saved, and can take it all back.".to_owned(),
                people.is_some(),
                workshop.map_or_else(|| paths::NEW_WORKSHOP.to_owned(), |workshop| paths::import(workshop.id)),
                "Import people",
            ),
            step(
                "Send a test to yourself",
                if tested { "Your provider took it. Look at your phone." } else { "One real message to your own number. It is charged like any other." }.to_owned(),
                tested,
                state.href(test::PATH),
                "Send test to me",
            ),
        ]
}

impl Render for FirstRun {
    fn render(&self) -> Markup {
        let done = self.steps.iter().filter(|step| step.done).count();
        let next = self.steps.iter().position(|step| !step.done);
        html! {
            section class="m-card m-first" aria-labelledby="first-run" {
                div class="m-first__head" {
                    div {
                        h2 class="m-first__title" id="first-run" { "Five steps to a message on your own phone" }
                        p class="m-sub" { "About five minutes. You can leave at any step; it is all kept." }
                    }
                    span class="m-first__n" { (done) " of " (self.steps.len()) }
                }
                @for (at, step) in self.steps.iter().enumerate() { (step.numbered(at + 1, next == Some(at))) }
                p class="m-first__safe" { (Icon::Ok) "Nothing goes to anybody but you until you press Send and confirm the number of people." }
            }
        }
    }
}

impl Step {
    fn numbered(&self, n: usize, next: bool) -> Markup {
        html! {
            div.m-first__step.is-done[self.done].is-on[next] {
                span class="m-first__tick" aria-hidden="true" { @if self.done { (Icon::Check) } @else { (n) } }
                div {
                    p class="m-first__name" {
                        (self.name)
                        span class="mui-visually-hidden" { @if self.done { ", done" } @else { ", to do" } }
                    }
                    p class="m-first__text" { (self.text) }
                    @if next { div class="m-first__acts" { (Button::link(self.button, &self.to)) } }
                }
                @if self.done { a class="m-link" href=(self.to) { "Open" span class="mui-visually-hidden" { ": " (self.name) } } } @else { span {} }
            }
        }
    }
}
