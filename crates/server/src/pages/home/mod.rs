//! *Workshop notification*: today's workshop, the channels, and the composer of a broadcast. Everything chosen stands in the
//! address; nothing is kept until a broadcast is confirmed.

mod calls;
mod channels;
mod choices;
pub mod compose;
mod composer_state;
pub mod confirm;
mod first_run;
pub(crate) mod history;
mod parts;
mod paths;
mod people;
pub mod posts;
pub mod test;
mod timing;
mod today;
mod values;
mod vendor;
mod week;

use ::compose::Wait;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::channel::Channel;
use maud::{Markup, Render, html};

use super::settings::integrations::state_chip;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Query},
        gate::UNSENT,
        notice::see_other,
    },
    ui::{
        attention::Length,
        button::Button,
        chip::{self, Chip, Tone},
        composer::{Composer, SendBar},
        head::Intro,
        icons::Icon,
        note::Note,
        shell::{Crumb, Section},
    },
};
use choices::{Choices, Ids, Opened};
use compose::Compose;
use composer_state::ComposerState;
use first_run::FirstRun;

/// Name of the section's page in crumbs and in the tab of the browser.
const TITLE: &str = "Notification";
/// The form of the composer.
const FORM: &str = "compose";

/// A query or a form as it came.
type Pairs = Vec<(String, String)>;

/// `GET /`
pub async fn show(
    State(app): State<App>,
    member: Result<Member, Problem>,
    query: Query<Pairs>,
) -> PageResult {
    // Somebody who belongs to no organisation has only an account.
    let Ok(member) = member else { return Ok(see_other("/account")) };
    let mut state = Compose::read(&query.0);
    if state.channel == Channel::WhatsappGroup {
        return posts::open(&app, &member, &query.0).await;
    }
    let named = state.workshop;
    let found = today::find(&member).await?;
    let first = found.as_ref().map(|found| found.first.id);
    let choices = Choices::load(&member, &mut state, Ids::MayBeOld, first).await?;
    let opened = match choices.account() {
        Some(account) => Some(app.composer.open(account, Wait::Page).await),
        None => None,
    };
    let ready = today::Ready {
        way: today::Way::Account,
        has_way: opened.as_ref().is_some_and(|opened| opened.account.is_ok()),
        // Of a channel that sends: on the other tabs nobody looked for templates.
        template: !choices.templates.is_empty() || !state.channel.sends(),
    };
    // The card is about the workshop whose people are written to.
    let chosen = choices.workshop.as_ref().filter(|one| named == Some(one.id) && first != Some(one.id));
    let card = today::first_card(&member, chosen, found.as_ref(), &choices.coming, &ready).await?;
    let told = query.0.iter().find(|(name, _)| name == "told").map_or("", |(_, word)| word.as_str());
    let week = week::Week::load(&member, &choices.coming, told).await?;
    let broadcasts = composer_state::history(&member, state.workshop, state.channel).await?;
    let (all, _) = member.org.broadcast_numbers(Some(state.channel)).await?;
    let (ever, _) = member.org.broadcast_numbers(None).await?;
    let first_run = FirstRun::of(&member, &choices, &state, ever).await?;
    let mut composer = None;
    if state.channel.sends() {
        composer = ComposerState::load(&app, &member, &state, &choices, opened.as_ref(), Wait::Page).await?;
    }
    let latest = calls::above(&member.org, &broadcasts, member.now).await?;
    let view = View { app: &app, member: &member, choices: &choices, opened: opened.as_ref() };
    let chip = channels::standing(&app, choices.account(), opened.as_ref());
    let standings = standings(&app, &member, state.channel, &chip).await?;
    let body = html! {
        @if let Some(strip) = super::demo::strip(&app, &member) { (strip) }
        (Intro {
            title: "Workshop notification".to_owned(),
            text: "Tell everyone who registered, on the channel that reaches them, once and in time.".to_owned(),
            action: Some(Button::link("All workshops", paths::WORKSHOPS).icon(Icon::Workshop)),
        })
        @if let Some(note) = super::machine::note(&app, &member) { (note) }
        @if let Some(first_run) = &first_run { (first_run) }
        @if let Some(card) = &card { (card) }
        @if query.0.iter().any(|(name, _)| name == UNSENT) {
            (Note::new(Tone::Act, "Nothing was sent.", "You had been signed out before you confirmed. Everything is as you left it: look at it, and confirm again."))
        }
        @for what in &choices.gone {
            (Note::new(Tone::Act, format!("The {what} of this link is not here."), "It was removed, or it belongs to another organisation. Another one was chosen."))
        }
        (channels::tabs(&state, &standings))
        @if state.channel.sends() {
            @if let Some(composer) = &composer { (ask_values(&member, composer)) }
            (view.sending(&state, composer.as_ref(), chip, &latest))
        } @else {
            (channels::not_available(&state))
        }
        @if let Some(week) = &week { (week) }
        @if state.channel.sends() || !broadcasts.is_empty() { (history::table(&member.organization.zone, member.now, &broadcasts, all)) }
        @if let Some(composer) = &composer { (view.dialogs(composer)) }
    };
    let live = history::Which::live(state.workshop, state.channel);
    let title = choices
        .workshop
        .as_ref()
        .map(|workshop| format!("{} · {}", workshop.title, state.channel.short_title()));
    Ok(page(&member, title, body, composer.as_ref().map(|composer| view.bar(composer)), Some(live))
        .into_response())
}

/// How each channel that sends stands: the chosen one as its account does, the others as their first account does.
async fn standings(
    app: &App,
    member: &Member,
    chosen: Channel,
    chip: &Chip,
) -> Result<Vec<(Channel, (Tone, String))>, Problem> {
    let accounts = member.org.integrations().await?;
    let standing = |channel: Channel| {
        let chip = if channel == chosen {
            chip.clone()
        } else {
            match accounts.iter().find(|account| vendor::serves(&account.kind, channel)) {
                Some(account) => state_chip(&app.composer.account_state(account)),
                None => chip::State::NotSetUp.chip(),
            }
        };
        (channel, (chip.tone, chip.word))
    };
    Ok(Channel::sending().map(standing).collect())
}

/// A page of this section.
fn page(
    member: &Member,
    title: Option<String>,
    body: Markup,
    foot: Option<Markup>,
    live: Option<String>,
) -> Response {
    let mut page = member.page(Section::Workshops, title.unwrap_or_else(|| TITLE.to_owned()), body);
    page.crumbs = vec![Crumb::to(Section::Workshops.word(), paths::WORKSHOPS), Crumb::here(TITLE)];
    page.foot = foot;
    page.live = live;
    page.attention = Length::All;
    page.render().into_response()
}

/// What the parts of the page are made from.
struct View<'a> {
    app: &'a App,
    member: &'a Member,
    choices: &'a Choices,
    opened: Option<&'a Opened>,
}

impl View<'_> {
    /// The tab of a channel that sends.
    fn sending(
        &self,
        state: &Compose,
        composer: Option<&ComposerState>,
        chip: Chip,
        latest: &Markup,
    ) -> Markup {
        let ceiling = composer.map(|composer| &composer.review.ceiling);
        let account = self.choices.account();
        let status =
            channels::status(self.app, self.member, state.channel, account, self.opened, ceiling, chip);
        html! {
            (status)
            (latest)
            @match composer {
                Some(composer) => {
                    (self.composer(composer))
                    form id=(channels::CHECK_FORM) method="post" action=(test::CHECK) {
                        (self.member.csrf())
                        @for (name, value) in composer.state.pairs() { input type="hidden" name=(name) value=(value); }
                    }
                }
                None if self.choices.account.is_some() && self.choices.workshop.is_some() && self.choices.no_template_for.is_some() => {
                    (channels::choose_template(self.member, self.choices, state))
                }
                None => (channels::missing(
                    self.member,
                    state,
                    self.choices.account.is_some(),
                    self.choices.template.is_some(),
                    self.choices.workshop.is_some(),
                ))
            }
        }
    }

    fn composer(&self, composer: &ComposerState) -> Composer {
        let mut hidden = vec![
            ("channel".to_owned(), composer.state.channel.word().to_owned()),
            ("for".to_owned(), composer.state.made_for()),
            (
                "until-was".to_owned(),
                self.member.organization.zone.local_form(composer.review.draft.timing.deadline),
            ),
        ];
        if composer.state.after.is_none() {
            hidden.push(("after-was".to_owned(), composer.review.draft.after.word().to_owned()));
        }
        if composer.state.person > 1 {
            hidden.push(("person".to_owned(), composer.state.person.to_string()));
        }
        if !composer.state.until.is_empty() {
            // What was typed before is no default.
            hidden.retain(|(name, _)| name != "until-was");
        }
        Composer {
            uploads: false,
            id: FORM.to_owned(),
            action: "/".to_owned(),
            posts: None,
            hidden,
            parts: parts::all(self.member, self.choices, composer),
            aside: html! {
                (parts::preview(self.member, composer))
                @if composer_state::sends(self.member) { div class="m-only-s m-testme" { (test::button(composer).wide()) } }
                (parts::checks(self.member, composer))
            },
        }
    }

    /// Confirmation and test, as dialogs; each has a page of its own where there is no script.
    fn dialogs(&self, composer: &ComposerState) -> Markup {
        html! {
            @if composer_state::sends(self.member) {
                // A question names exact numbers. Where not everybody was looked at, its page asks it.
                @if composer.review.may_send() && composer.review.about().is_none() { (confirm::question(self.app, self.member, composer)) }
                (test::question(self.member, composer))
            }
        }
    }

    fn bar(&self, composer: &ComposerState) -> Markup {
        let checks = parts::checks(self.member, composer);
        let people = composer.review.audience.reachable;
        let done_by = parts::moment(self.member, composer.review.forecast.done_at);
        let sends = composer_state::sends(self.member);
        let (label, icon) = match (composer.state.later, composer.state.channel) {
            (true, _) => ("Review and schedule", Icon::Wait),
            (false, Channel::IvrCall) => ("Review and call", Icon::Call),
            (false, _) => ("Review and send", Icon::Send),
        };
        let review = Button::primary(label)
            .icon(icon)
            .form(FORM)
            .formaction(confirm::PATH)
            .shortcut("mod+Enter")
            .disabled(!sends || !composer.review.may_send());
        let asks_here = sends && composer.review.may_send() && composer.review.about().is_none();
        let review = if asks_here { review.opens(confirm::DIALOG) } else { review };
        let note = if sends { checks.in_words() } else { "Your role may look, not send.".to_owned() };
        let bar =
            SendBar::broadcast(people, Some(composer.review.forecast.cost.0), Some(&done_by), note, review);
        let bar = if composer.review.about().is_some() { bar.about() } else { bar };
        if sends { bar.second(test::button(composer)).render() } else { bar.render() }
    }
}

/// Asks for the values of the workshop that the message names and nobody entered.
fn ask_values(member: &Member, composer: &ComposerState) -> Markup {
    let (draft, rules) = (&composer.review.draft, composer.review.rules());
    let missing = rules.message().missing_variables(&rules.event().variables);
    if missing.is_empty() {
        return html! {};
    }
    super::workshop::variables::ask(member, &draft.workshop, &missing, &composer.state.href("/"))
}

/// Nothing can be composed yet.
fn not_set_up() -> Problem {
    Problem::new(
        axum::http::StatusCode::CONFLICT,
        "not_set_up",
        "Something is missing",
        "A workshop, a template and an account are needed first. The home page shows which is missing.",
    )
}
