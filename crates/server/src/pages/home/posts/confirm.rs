//! The question before posts are made: how many groups and members, who posts, and until when. Its answer makes the
//! broadcast.

use ::compose::{Confirmed, Refusal, Timing};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    checks::EarlierBroadcast,
    ids::BroadcastId,
    post_media::MediaProblem,
    time::{MINUTE, SECOND},
};
use maud::{Markup, html};
use store::StoreError;

use super::{Composing, PATH, alone, moment, parts, typed::Typed, words};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member},
        notice::{see_other, see_other_saying},
    },
    pages::{
        home::{
            Pairs,
            confirm::{is_confirmed, read_token, token},
            paths,
        },
        post_file::{self, Posted},
        posts_by_hand,
    },
    ui::{
        button::Button,
        chip::Tone,
        dialog::{Confirm, WideConfirm},
        format::{counted, grouped, relative, span},
        head::KeyValues,
        icons::Icon,
        note::Note,
    },
};

/// The address that receives the composer's form for the question.
pub(super) const REVIEW: &str = "/compose/posts/review";
/// The address that receives the composer's form for a test in one group.
pub(super) const TEST: &str = "/compose/posts/test";
/// The time within which a test has to be posted to be of use, in milliseconds.
const TEST_WITHIN_MS: i64 = 30 * MINUTE;
/// The address that receives the question's form.
const CONFIRM: &str = "/compose/posts/confirm";
/// The field with the one-time token.
const ONCE: &str = "once";
/// The field with the number of groups that get the post again, as the question named it.
const AGAIN: &str = "again";

/// `POST /compose/posts/review`: shows the question, or what prevents it.
pub async fn review(State(app): State<App>, member: Member, posted: Posted) -> PageResult {
    let (pairs, refused) = post_file::take(&member, posted).await?;
    let composing = load(&app, &member, &pairs, refused).await?;
    let before = composing.review.sent_before(&member).await?;
    let status = if composing.review.may_send() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, ask(&app, &member, &composing, before.as_ref(), None)).into_response())
}

/// `POST /compose/posts/confirm`: makes the broadcast. A second press with the same token leads to the same
/// broadcast.
pub async fn confirm(State(app): State<App>, member: Member, form: Form<Pairs>) -> PageResult {
    let once = form.0.iter().find(|(name, _)| name == ONCE).map(|(_, value)| value.as_str());
    let id = once.and_then(|token| read_token(&app, &member, token)).ok_or_else(|| {
        Problem::bad_request("This question is too old. Go back to the composer and review the post again.")
    })?;
    if is_confirmed(&member, id).await? {
        return Ok(see_other(&paths::broadcast(id)));
    }
    let composing = load(&app, &member, &form.0, None).await?;
    let again = form.0.iter().find(|(name, _)| name == AGAIN).and_then(|(_, n)| n.parse().ok()).unwrap_or(0);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let refused = match composing.review.confirm(&member, id, again).await {
        Ok(confirmed) => return Ok(confirmed_to(&app, &member, &composing, confirmed)),
        Err(Refusal::Blocked) => None,
        Err(Refusal::Store(StoreError::Stale)) => Some(Note::new(
            Tone::Act,
            "Nothing was posted.",
            "A group was changed since the question was asked. Look at the groups again.",
        )),
        Err(Refusal::Store(error)) => return Err(error.into()),
        Err(Refusal::SentBefore(_)) => {
            status = StatusCode::CONFLICT;
            Some(Note::new(
                Tone::Act,
                "Nothing was posted.",
                "The same post was confirmed since the question was asked.",
            ))
        }
        Err(_) => None,
    };
    let before = composing.review.sent_before(&member).await?;
    Ok((status, ask(&app, &member, &composing, before.as_ref(), refused)).into_response())
}

/// `POST /compose/posts/test`: posts in one group now. The test is paced, recorded and proven like every other post.
pub async fn test(State(app): State<App>, member: Member, posted: Posted) -> PageResult {
    let (pairs, refused) = post_file::take(&member, posted).await?;
    let composing = load(&app, &member, &pairs, refused).await?;
    let group = composing.typed.test_group;
    let group = composing.groups.iter().find(|one| Some(one.id) == group && !one.by_hand).cloned();
    let Some(group) = group else {
        return Err(Problem::bad_request("Choose the group in which it is tried."));
    };
    let timing = Timing { start: member.now, deadline: member.now.plus(TEST_WITHIN_MS), unreadable: false };
    let mut draft = composing.review.draft.clone();
    draft.title = format!("Test: {}", composing.review.name());
    (draft.account, draft.asked, draft.timing) = (Some(group.account), None, timing);
    draft.groups = vec![group];
    let review = draft.review(&member);
    // A test may repeat the post in a group that has it already: that is what a test is for.
    let again = review.sent_before(&member).await?.map_or(0, |earlier| earlier.n);
    match review.confirm(&member, BroadcastId::new(member.now), again).await {
        Ok(confirmed) => {
            app.engine.wake(confirmed.id);
            let words = "The test is on its way to one group.";
            Ok(see_other_saying(&app, &paths::broadcast(confirmed.id), words))
        }
        Err(Refusal::Store(StoreError::Stale)) => {
            Err(Problem::bad_request("The group is gone. Sync the groups."))
        }
        Err(Refusal::Store(error)) => Err(error.into()),
        Err(_) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, ask(&app, &member, &composing, None, None)).into_response())
        }
    }
}

/// Where a confirmed broadcast leads: the person who is asked and may begin goes to the page for posting, everybody
/// else to the broadcast.
fn confirmed_to(app: &App, member: &Member, composing: &Composing, confirmed: Confirmed) -> Response {
    app.engine.wake(confirmed.id);
    let draft = &composing.review.draft;
    let asked = draft.asked.as_ref();
    if asked.is_none() {
        let words = format!(
            "Confirmed for {}. It begins in ten seconds; until then you can take it back.",
            counted(confirmed.people, "group", "groups")
        );
        return see_other_saying(app, &paths::broadcast(confirmed.id), &words);
    }
    let groups = counted(confirmed.people, "group", "groups");
    let name = asked.map_or_else(String::new, |asked| asked.name.clone());
    if draft.timing.start > member.now {
        let words = format!("{name} is asked to post in {groups}, {}.", moment(member, draft.timing.start));
        return see_other_saying(app, &paths::broadcast(confirmed.id), &words);
    }
    if asked.is_some_and(|asked| asked.user == member.user.id) {
        return see_other(&posts_by_hand::href(confirmed.id));
    }
    let words = format!("{name} is asked to post in {groups}.");
    see_other_saying(app, &paths::broadcast(confirmed.id), &words)
}

/// Reads the composer's form. The workshop has to be named in it: nobody may post for another workshop than the one
/// they looked at.
async fn load(
    app: &App,
    member: &Member,
    pairs: &Pairs,
    refused: Option<MediaProblem>,
) -> Result<Composing, Problem> {
    // Before a post is confirmed its file is looked at.
    let typed = Typed { looks: true, refused, ..Typed::read(pairs) };
    let Some(workshop) = typed.workshop else {
        return Err(Problem::bad_request("Choose a workshop on the home page, and review from there."));
    };
    let workshop = member.org.workshop(workshop).await?;
    Composing::load(app, member, typed, &workshop).await
}

fn ask(
    app: &App,
    member: &Member,
    composing: &Composing,
    before: Option<&EarlierBroadcast>,
    note: Option<Note>,
) -> Response {
    let body = html! {
        @if let Some(note) = note { (note) }
        @if composing.review.may_send() { (question(app, member, composing, before).page()) }
        @else { (blocked(member, composing)) }
    };
    alone(member, body)
}

/// The form that leads back to the composer with everything that was typed.
fn back(member: &Member, composing: &Composing) -> Markup {
    html! {
        form method="post" action=(PATH) id="back" {
            (member.csrf())
            @for (name, value) in composing.typed.pairs(&composing.chosen()) { input type="hidden" name=(name) value=(value); }
        }
    }
}

fn blocked(member: &Member, composing: &Composing) -> Markup {
    html! {
        section class="m-card m-ask" aria-labelledby="blocked" {
            h1 class="m-ask__title" id="blocked" { "This cannot be posted yet" }
            (back(member, composing))
            div class="m-ask__acts" { (Button::primary("Back to the composer").form("back")) }
        }
        (words::checks(composing))
    }
}

fn question(
    app: &App,
    member: &Member,
    composing: &Composing,
    before: Option<&EarlierBroadcast>,
) -> WideConfirm {
    let draft = &composing.review.draft;
    let groups = counted(i64::try_from(draft.groups.len()).unwrap_or(i64::MAX), "group", "groups");
    let members = draft.members().map_or(String::new(), |n| format!(", {}", counted(n, "member", "members")));
    let title = match &draft.asked {
        Some(asked) => format!("Ask {} to post “{}” in {groups}?", asked.name, composing.review.name()),
        None => format!("Post “{}” to {groups}{members}?", composing.review.name()),
    };
    let label = match (composing.typed.later, draft.asked.is_some()) {
        (true, _) => "Schedule for",
        (false, true) => "Ask for",
        (false, false) => "Post to",
    };
    let mut hidden = composing.typed.pairs(&composing.chosen());
    hidden.retain(|(name, _)| !matches!(name.as_str(), "at" | "until"));
    let zone = &member.organization.zone;
    hidden.push(("until".to_owned(), zone.local_form(draft.timing.deadline)));
    if composing.typed.later {
        hidden.push(("at".to_owned(), zone.local_form(draft.timing.start)));
    }
    hidden.push((ONCE.to_owned(), token(app, member, BroadcastId::new(member.now))));
    let mut confirm = format!("{label} {groups}");
    if let Some(earlier) = before {
        hidden.push((AGAIN.to_owned(), earlier.n.to_string()));
        confirm.push_str(&format!(", {} again", grouped(earlier.n)));
    }
    WideConfirm(Confirm {
        id: "confirm".to_owned(),
        title,
        body: html! {
            @if let Some(earlier) = before { (repeats(member, earlier)) }
            div class="m-confirm__cols" {
                div class="m-say" {
                    p class="m-say__who" { b { "Every member" } " reads this" }
                    div class="m-phone__screen" { @if let Some(bubble) = &parts::preview(member, composing).bubble { (bubble) } }
                }
                (summary(member, composing))
            }
            (Button::new("Keep editing").icon(Icon::Edit).formaction(PATH).unchecked())
        },
        action: CONFIRM.to_owned(),
        csrf: member.csrf().clone(),
        hidden,
        confirm: Button::primary(confirm).icon(Icon::Send).busy("Confirming…"),
        back: ("Cancel".to_owned(), format!("/?channel=group&workshop={}", draft.workshop.id)),
    })
}

/// The warning that groups have the same post already.
fn repeats(member: &Member, earlier: &EarlierBroadcast) -> Markup {
    html! {
        div class="m-danger" {
            div class="m-danger__item" {
                (Icon::Warning)
                div {
                    p class="m-danger__title" { (counted(earlier.n, "group has", "groups have")) " the same post, or will get it." }
                    p class="m-danger__why" {
                        (earlier.by) " confirmed “" (earlier.title) "” " (relative(earlier.at.0, member.now.0)) ". Its members would read it twice."
                    }
                }
            }
        }
    }
}

fn summary(member: &Member, composing: &Composing) -> KeyValues {
    let draft = &composing.review.draft;
    let zone = &member.organization.zone;
    let starts = format!(
        "{}, {}",
        zone.date(draft.workshop.starts_at, member.now),
        zone.time(draft.workshop.starts_at)
    );
    let when = match composing.typed.later {
        true => moment(member, draft.timing.start),
        false => "Now".to_owned(),
    };
    let done = composing.review.done_at().map(|at| format!("done by {}, an estimate", moment(member, at)));
    let posts = match (&draft.asked, &composing.account) {
        (Some(asked), _) => asked.name.clone(),
        (None, Some((integration, _))) => integration.name.clone(),
        (None, None) => String::new(),
    };
    let names = html! {
        ul {
            @for group in &draft.groups { li { (group.subject) @if let Some(n) = group.members { ", " (counted(n, "member", "members")) } } }
        }
    };
    KeyValues {
        rows: vec![
            (
                "Channel".to_owned(),
                html! { "WhatsApp Group" },
                draft.asked.is_some().then(|| "posted by hand".to_owned()),
            ),
            ("Workshop".to_owned(), html! { (draft.workshop.title) }, Some(starts)),
            ("Groups".to_owned(), names, None),
            (
                "Members".to_owned(),
                html! { @match draft.members() { Some(n) => (grouped(n)), None => "Not known" } },
                draft.members().map(|_| "as far as they are known".to_owned()),
            ),
            ("Order".to_owned(), html! { (composing.typed.order.title()) }, pause(draft.gap_s)),
            ("Who posts".to_owned(), html! { (posts) }, None),
            ("Due".to_owned(), html! { (when) }, done),
            ("Not posted after".to_owned(), html! { (moment(member, draft.timing.deadline)) }, None),
        ],
        inset: false,
    }
}

/// The shortest pause between two posts, where somebody chose one.
fn pause(gap_s: i64) -> Option<String> {
    (gap_s > 0).then(|| format!("at least {} apart", span(gap_s * SECOND)))
}
