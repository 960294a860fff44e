//! The tab *WhatsApp Group*: the groups, the post and its time, then the question and the broadcast.

mod confirm;
mod parts;
mod typed;
mod words;

use ::compose::{PostDraft, PostReview, Timing, default_deadline, default_later};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    channel::Channel,
    ids::{GroupId, WorkshopId},
    role::Permission,
    template::Message,
    time::Millis,
};
use maud::{Markup, html};
use store::{
    StoreError, groups::Group, integrations::Integration, linked::LinkedAccount, membership::GroupCoverage,
    posts::Assignee, templates::Template, workshops::Workshop,
};

pub use confirm::{confirm, review, test};
use parts::Listed;
use typed::Typed;

use super::{
    Pairs, TITLE, channels,
    choices::{Choices, Ids},
    compose::Compose,
    history, page, paths, standings, today,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::Member,
    },
    pages::{
        groups::of_workshop,
        post_file::{self, Posted},
        settings::accounts,
        workshop::variables::Typed as Values,
    },
    ui::{
        button::Button,
        chip::{State as ChipState, Tone},
        composer::{Composer, SendBar},
        empty::Empty,
        format::counted,
        head::Intro,
        icons::Icon,
        note::Note,
    },
};

/// The address that receives the composer's form.
const PATH: &str = "/compose/posts";
/// The id of the composer's form.
const FORM: &str = "compose";
/// The value of the button that saves the workshop's missing values.
const SAVE_VALUES: &str = "save-values";

/// `POST /compose/posts`: the tab again, with what was chosen and typed.
pub async fn compose(State(app): State<App>, member: Member, posted: Posted) -> PageResult {
    let (pairs, refused) = post_file::take(&member, posted).await?;
    let typed = Typed { refused, ..Typed::read(&pairs) };
    show(&app, &member, &pairs, typed).await
}

/// The tab for the query of an address.
pub(super) async fn open(app: &App, member: &Member, pairs: &Pairs) -> PageResult {
    show(app, member, pairs, Typed::read(pairs)).await
}

/// Everything that is known about the posts that the composer would make.
struct Composing {
    typed: Typed,
    groups: Vec<Group>,
    posters: Vec<Assignee>,
    templates: Vec<Template>,
    /// The account that posts, with what is known of its phone; `None` where a person posts.
    account: Option<(Integration, Option<LinkedAccount>)>,
    review: PostReview,
    /// How many registrants are in the workshop's groups; `None` while no members of these groups were read.
    joined: Option<GroupCoverage>,
    /// Whether the reader may read the groups from their gateways again.
    may_sync: bool,
    at_error: Option<String>,
    until_error: Option<String>,
}

impl Composing {
    async fn load(
        app: &App,
        member: &Member,
        mut typed: Typed,
        workshop: &Workshop,
    ) -> Result<Composing, Problem> {
        let groups: Vec<Group> =
            member.org.groups().await?.into_iter().filter(|group| group.gone_at.is_none()).collect();
        let own = member.org.workshop_groups(workshop.id).await?;
        typed.workshop = Some(workshop.id);
        let templates = member.org.templates(Channel::WhatsappGroup).await?;
        fill_from(&mut typed, &templates);
        let chosen = parts::picked(&typed, &groups, typed.groups.clone().unwrap_or(own));
        let posters = member.org.posters().await?;
        let mut chosen: Vec<Group> =
            groups.iter().filter(|group| chosen.contains(&group.id)).cloned().collect();
        typed.order.sort(&mut chosen);
        let account = posting(member, &chosen).await?;
        let asked = asked(member, &typed, &posters).filter(|_| account.is_none());
        typed.asked = asked.as_ref().map(|asked| asked.user);
        let (timing, at_error, until_error) = timing(member, &typed, workshop, account.is_some());
        let pace = match &account {
            Some((integration, _)) => app.composer.post_pace(member, integration.id, timing.start).await?,
            None => None,
        };
        let post = typed.post();
        let media = match (&typed.refused, typed.looks) {
            // The uploaded file was refused. The file before it is not posted in its place.
            (Some(problem), _) => Some(problem.clone()),
            (None, true) => app.composer.look_at_media(&member.org, &post).await?,
            (None, false) => None,
        };
        let draft = PostDraft {
            workshop: workshop.clone(),
            account: chosen.first().map(|group| group.account),
            groups: chosen,
            post,
            title: typed.title.clone(),
            template_id: typed.template,
            asked,
            not_ready: account
                .as_ref()
                .is_some_and(|(_, linked)| linked.as_ref().is_none_or(|linked| !linked.posts(member.now))),
            pace,
            media,
            gap_s: if account.is_some() { typed.gap_s } else { 0 },
            timing,
            run: None,
        };
        let review = draft.review(member);
        let may_sync = member.may(Permission::Manage);
        let joined = member.org.joined(workshop.id).await?;
        let joined = Some(joined).filter(|joined| joined.here + joined.left > 0);
        Ok(Composing {
            typed,
            groups,
            posters,
            templates,
            account,
            review,
            joined,
            may_sync,
            at_error,
            until_error,
        })
    }

    /// Which of the chosen groups the preview is of, from 0.
    fn shown(&self) -> usize {
        self.typed.shown.min(self.review.draft.groups.len().saturating_sub(1))
    }

    fn chosen(&self) -> Vec<GroupId> {
        self.review.draft.groups.iter().map(|group| group.id).collect()
    }
}

/// Takes over the texts of a template that was chosen just now. A template that was removed is no longer chosen.
fn fill_from(typed: &mut Typed, templates: &[Template]) {
    typed.template = typed.template.filter(|id| templates.iter().any(|template| template.id == *id));
    let chosen = templates.iter().find(|template| Some(template.id) == typed.template);
    if typed.template == typed.template_was {
        return;
    }
    match chosen.map(|template| Message::from_json(Channel::WhatsappGroup, &template.body)) {
        Some(Ok(Message::Group(post))) => typed.take(post),
        Some(_) | None => typed.template_was = typed.template,
    }
}

/// The account of the chosen groups; `None` where all of them are posted to by hand.
async fn posting(
    member: &Member,
    chosen: &[Group],
) -> Result<Option<(Integration, Option<LinkedAccount>)>, Problem> {
    let Some(group) = chosen.iter().find(|group| !group.by_hand) else { return Ok(None) };
    let integration = member.org.integration(group.account).await?;
    Ok(Some((integration, member.org.linked_account(group.account).await?)))
}

/// The member who is asked to post: the chosen one, else the one who composes, else the first who may.
fn asked(member: &Member, typed: &Typed, posters: &[Assignee]) -> Option<Assignee> {
    let who = |user| posters.iter().find(|one| one.user == user);
    let chosen = typed.asked.and_then(who);
    chosen.or_else(|| who(member.user.id)).or(posters.first()).cloned()
}

/// When the posts begin, their last useful moment, and the errors of both fields.
fn timing(
    member: &Member,
    typed: &Typed,
    workshop: &Workshop,
    by_account: bool,
) -> (Timing, Option<String>, Option<String>) {
    let (zone, now) = (&member.organization.zone, member.now);
    // An account posts by itself, so the start leaves the ten seconds in which the broadcast can be taken back.
    let soon = if by_account { now.plus(domain::broadcast::UNDO_MS) } else { now };
    let (start, at_error) = match (typed.later, typed.at.trim()) {
        (false, _) => (soon, None),
        (true, "") => (default_later(now, workshop.starts_at), None),
        (true, text) => match zone.parse_local(text) {
            Ok(at) if at < now => {
                (at, Some("This time has passed. Choose one that is still to come.".to_owned()))
            }
            Ok(at) => (Millis(at.0.max(soon.0)), None),
            Err(error) => (soon, Some(error.to_string())),
        },
    };
    let usual = default_deadline(start, workshop.starts_at, now);
    let (deadline, until_error) = match typed.until.trim() {
        "" => (usual, None),
        text => match zone.parse_local(text) {
            Ok(at) => (at, None),
            Err(error) => (usual, Some(error.to_string())),
        },
    };
    (
        Timing { start, deadline, unreadable: at_error.is_some() || until_error.is_some() },
        at_error,
        until_error,
    )
}

/// The tab, for the query of an address and for a form.
async fn show(app: &App, member: &Member, pairs: &Pairs, typed: Typed) -> PageResult {
    let unsaved = save_values(member, pairs, typed.workshop).await?;
    let read = sync(app, member, &typed).await?;
    let mut state =
        Compose { channel: Channel::WhatsappGroup, workshop: typed.workshop, ..Compose::default() };
    let found = today::find(member).await?;
    let first = found.as_ref().map(|found| found.first.id);
    let choices = Choices::load(member, &mut state, Ids::MayBeOld, first).await?;
    let composing = match &choices.workshop {
        Some(workshop) => Some(Composing::load(app, member, typed, workshop).await?),
        None => None,
    };
    let named = composing.as_ref().is_some_and(|composing| !composing.groups.is_empty());
    let ready = today::Ready { way: today::Way::Group, has_way: named, template: true };
    let card = today::first_card(member, None, found.as_ref(), &choices.coming, &ready).await?;
    let broadcasts = history::load(&member.org, state.workshop, state.channel).await?;
    let (all, _) = member.org.broadcast_numbers(Some(state.channel)).await?;
    let chip = if named { ChipState::Ready.chip() } else { ChipState::NotSetUp.chip() };
    let standings = standings(app, member, state.channel, &chip).await?;
    let composer = composing.as_ref().filter(|composing| !composing.groups.is_empty());
    let body = html! {
        (Intro {
            title: "Workshop notification".to_owned(),
            text: "Tell everyone who registered, on the channel that reaches them, once and in time.".to_owned(),
            action: Some(Button::link("All workshops", paths::WORKSHOPS).icon(Icon::Workshop)),
        })
        @if let Some(note) = crate::pages::machine::note(app, member) { (note) }
        @if let Some(card) = &card { (card) }
        @for what in &choices.gone {
            (Note::new(Tone::Act, format!("The {what} of this link is not here."), "It was removed, or it belongs to another organisation. Another one was chosen."))
        }
        (channels::tabs(&state, &standings))
        @match composer {
            Some(composing) => {
                (parts::account(member, composing))
                @for (account, words) in &read {
                    @match words {
                        Ok(words) => (Note::new(Tone::Rest, format!("{account}: {words}"), "")),
                        Err(words) => (Note::new(Tone::Fail, format!("The groups of {account} were not read."), words.clone())),
                    }
                }
                @if let Some(words) = &unsaved { (Note::new(Tone::Fail, "The values are not saved.", words.clone())) }
                (form(member, &choices, composing))
            }
            None => (missing(member, choices.workshop.as_ref())),
        }
        @if !broadcasts.is_empty() || composer.is_some() { (history::table(&member.organization.zone, member.now, &broadcasts, all)) }
    };
    let live = history::Which::live(state.workshop, state.channel);
    let title = choices
        .workshop
        .as_ref()
        .map(|workshop| format!("{} · {}", workshop.title, state.channel.short_title()));
    let title = title.or_else(|| Some(TITLE.to_owned()));
    Ok(page(member, title, body, composer.map(|composing| bar(member, composing)), Some(live)))
}

/// What reading the groups of each account came to, by the account's name: words for success, or for failure.
type Read = Vec<(String, Result<String, String>)>;

/// Reads the groups of every linked account, where the button for it was pressed.
async fn sync(app: &App, member: &Member, typed: &Typed) -> Result<Read, Problem> {
    let mut read = Vec::new();
    if typed.pick != typed::SYNC || !member.may(Permission::Manage) {
        return Ok(read);
    }
    for linked in member.org.linked_accounts().await? {
        let integration = member.org.integration(linked.account).await?;
        let came = match app.accounts.open_integration(&integration) {
            Ok(_) => accounts::read_groups(app, member, linked.account).await?,
            Err(words) => Err(words),
        };
        read.push((integration.name, came));
    }
    Ok(read)
}

/// Saves the workshop's values that stand beside the text, where the button for it was pressed. Returns the words for
/// an error.
async fn save_values(
    member: &Member,
    pairs: &Pairs,
    workshop: Option<WorkshopId>,
) -> Result<Option<String>, Problem> {
    let wanted = pairs.iter().any(|(name, value)| name == "do" && value == SAVE_VALUES);
    let Some(workshop) = workshop.filter(|_| wanted) else { return Ok(None) };
    match Values::read(pairs).check() {
        Ok(values) => match member.org.set_variables(workshop, &values, member.now).await {
            Ok(()) => Ok(None),
            Err(StoreError::Missing) => Ok(None),
            Err(StoreError::Taken) => Ok(Some("The workshop has as many values as it may have.".to_owned())),
            Err(error) => Err(error.into()),
        },
        Err(errors) => Ok(errors.into_values().next()),
    }
}

/// The one thing that is missing before anything can be posted.
fn missing(member: &Member, workshop: Option<&Workshop>) -> Empty {
    let may = member.may(Permission::Manage);
    let (title, text, button) = match workshop {
        Some(workshop) => (
            "Post once to the groups of a workshop",
            "Name the workshop’s WhatsApp groups. When a post is due, a person is asked to post it: they get the text to copy, open WhatsApp, and mark each group. No account is linked, and no number can be banned for it.",
            Button::primary_link("Name a group", of_workshop(workshop.id)).icon(Icon::Plus),
        ),
        None => (
            "Nothing to announce yet",
            "Enter a workshop, and its groups.",
            Button::primary_link("Add a workshop", paths::NEW_WORKSHOP).icon(Icon::Plus),
        ),
    };
    let text = if may { text.to_owned() } else { format!("{text} Ask somebody whose role allows it.") };
    Empty {
        icon: Icon::Group,
        title: title.to_owned(),
        text,
        actions: if may { vec![button] } else { vec![] },
        ways: vec![],
    }
}

fn form(member: &Member, choices: &Choices, composing: &Composing) -> Composer {
    let listed = Listed::of(composing);
    let made_for = composing.review.draft.workshop.id.to_string();
    let mut hidden = vec![("chosen".to_owned(), String::new()), ("made-for".to_owned(), made_for)];
    hidden.push((typed::SHOWN.to_owned(), composing.shown().to_string()));
    // Chosen groups that the search hides stay chosen.
    hidden.extend(listed.hidden().map(|id| ("group".to_owned(), id.to_string())));
    Composer {
        id: FORM.to_owned(),
        action: PATH.to_owned(),
        posts: Some(member.csrf().clone()),
        uploads: composing.typed.form == typed::Form::Media,
        hidden,
        parts: parts::all(member, choices, composing, &listed),
        aside: html! { (parts::preview(member, composing)) (words::checks(composing)) },
    }
}

fn bar(member: &Member, composing: &Composing) -> Markup {
    let draft = &composing.review.draft;
    let sends = member.may(Permission::Send);
    let label = match (composing.typed.later, composing.account.is_some()) {
        (true, _) => "Review and schedule",
        (false, true) => "Review and post",
        (false, false) => "Review and ask",
    };
    let review = Button::primary(label)
        .icon(Icon::Send)
        .form(FORM)
        .formaction(confirm::REVIEW)
        .shortcut("mod+Enter")
        .disabled(!sends);
    let note = match sends {
        true => words::checks(composing).in_words(),
        false => "Your role may look, not send.".to_owned(),
    };
    let members = draft.members().map(|n| counted(n, "member", "members"));
    let until = format!("not posted after {}", moment(member, draft.timing.deadline));
    let done = composing.review.done_at().map(|at| format!("done by {}", moment(member, at)));
    let groups = i64::try_from(draft.groups.len()).unwrap_or(i64::MAX);
    let bar = SendBar {
        main: counted(groups, "group", "groups"),
        more: members.into_iter().chain(done).chain([until]).collect(),
        note,
        second: None,
        next: review,
    };
    maud::Render::render(&bar)
}

/// As in "7:00 PM" for today, and "Tue 13 Oct, 7:00 PM" for another day.
fn moment(member: &Member, at: Millis) -> String {
    member.organization.zone.moment(at, member.now)
}

/// A page of this section with nothing but `body`.
fn alone(member: &Member, body: Markup) -> Response {
    page(member, None, body, None, None).into_response()
}
