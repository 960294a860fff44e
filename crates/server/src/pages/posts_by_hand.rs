//! Posting by hand: the page on which a person copies the text and the file, opens WhatsApp, and marks each group.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    broadcast::BroadcastStatus,
    ids::{BroadcastId, MessageRef},
    message::MessageState,
    post::{FilledPost, GroupPost},
    role::Permission,
    template::{Content, Message},
    time::Millis,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    broadcasts::Broadcast,
    groups::Group,
    messages::{MessageFilter, MessageView},
    posts::{Assignee, PostMark},
};

use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    pages::broadcast::{href as broadcast_href, view::escape},
    ui::{
        bar::{Bar, Key},
        button::{Button, Weight},
        chip::{Chip, Tone},
        field::{Choice, Field},
        format::{counted, grouped, span},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        preview::{Bubble, Part},
        shell::{Crumb, Section},
    },
};

/// The largest number of a broadcast's groups that the page shows.
const ROWS_MAX: i64 = 1_000;
/// The id of the text that the button *Copy text* copies.
const TEXT_ID: &str = "post-text";

/// The address of the page on which a broadcast is posted by hand.
pub(crate) fn href(id: BroadcastId) -> String {
    format!("{}/post", broadcast_href(id))
}

/// `GET /broadcasts/{broadcast}/post`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    let hand = PostsByHandPage::load(&app, &member, id).await?;
    Ok(hand.page())
}

/// The form of a button beside a group: the mark and the group's position, as in `posted 3`.
#[derive(Debug, Deserialize)]
pub struct MarkForm {
    #[serde(default)]
    mark: String,
}

/// The words that [`MarkForm`] sends for the marks.
const MARKS: [(PostMark, &str); 3] =
    [(PostMark::Posted, "posted"), (PostMark::NotYet, "not_yet"), (PostMark::CannotPost, "cannot_post")];

/// `POST /broadcasts/{broadcast}/post`: records that a group was posted to, or was not.
pub async fn mark(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Form(form): Form<MarkForm>,
) -> PageResult {
    // Another organisation's broadcast is not found here, before anything else is read.
    member.org.broadcast(id).await?;
    let read = form.mark.split_once(' ').and_then(|(word, position)| {
        let (mark, _) = MARKS.iter().find(|(_, known)| *known == word)?;
        Some((*mark, position.parse().ok()?))
    });
    let (mark, position) = read.ok_or_else(|| Problem::bad_request("Say in which group it was posted."))?;
    let message = MessageRef { broadcast: id, position };
    match member.org.mark_post(message, mark, app.clock.now()).await {
        Ok(()) => {
            app.engine.wake(id);
            Ok(see_other(&format!("{}#groups", href(id))))
        }
        Err(StoreError::Stale) => {
            let words = why_not(&member.org.broadcast(id).await?, app.clock.now());
            Ok(see_other_failed(&app, &href(id), words))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a mark was not recorded, in words.
fn why_not(broadcast: &Broadcast, now: Millis) -> &'static str {
    match broadcast.status {
        BroadcastStatus::Cancelled => {
            "Not recorded: the broadcast was cancelled. If it stands in the group, delete it there."
        }
        _ if now >= broadcast.deadline => "Not recorded: its last useful moment had passed.",
        _ if now < broadcast.starts_at => "Not recorded: it is not due yet.",
        BroadcastStatus::Paused => "Not recorded: the broadcast is paused.",
        _ => "Nothing was changed: somebody else marked this group already.",
    }
}

/// The form that asks another person to post.
#[derive(Debug, Deserialize)]
pub struct AskForm {
    #[serde(default)]
    asked: String,
}

/// `POST /broadcasts/{broadcast}/ask`: asks another person to post.
pub async fn ask(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Form(form): Form<AskForm>,
) -> PageResult {
    // Another organisation's broadcast is not found here, before anything else is read.
    member.org.broadcast(id).await?;
    let posters = member.org.posters().await?;
    let chosen = posters.into_iter().find(|one| one.user.to_string() == form.asked);
    let asked = chosen.ok_or_else(|| Problem::bad_request("Choose a person who may send."))?;
    member.org.ask_to_post(id, &asked, member.now).await?;
    Ok(see_other_saying(&app, &href(id), &format!("{} is asked to post.", asked.name)))
}

/// Everything that the page shows.
struct PostsByHandPage<'a> {
    member: &'a Member,
    broadcast: Broadcast,
    asked: Assignee,
    posters: Vec<Assignee>,
    rows: Vec<(MessageView, Option<Group>)>,
    message: Message,
    content: Content,
    post: FilledPost,
    now: Millis,
}

impl PostsByHandPage<'_> {
    async fn load<'a>(
        app: &App,
        member: &'a Member,
        id: BroadcastId,
    ) -> Result<PostsByHandPage<'a>, Problem> {
        let broadcast = member.org.broadcast(id).await?;
        let asked = broadcast.asked.clone().ok_or_else(Problem::not_found)?;
        let groups = member.org.groups().await?;
        let rows = member.org.messages(id, &MessageFilter::default(), 0, ROWS_MAX).await?;
        let stored = rows.first().map(|row| row.content.clone()).unwrap_or_default();
        let of =
            |row: &MessageView| row.addressee.group().and_then(|id| groups.iter().find(|one| one.id == id));
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let group = of(&row).cloned();
                (row, group)
            })
            .collect();
        let post: GroupPost = serde_json::from_value(broadcast.template.clone())
            .map_err(|error| Problem::fault(format!("the frozen post of {id} cannot be read: {error}")))?;
        let content = Content::from_json(broadcast.channel, &stored)
            .map_err(|error| Problem::fault(format!("the values of {id} cannot be read: {error}")))?;
        let filled = post.filled(&content);
        Ok(PostsByHandPage {
            member,
            asked,
            posters: member.org.posters().await?,
            rows,
            message: Message::Group(post),
            content,
            post: filled,
            now: app.clock.now(),
            broadcast,
        })
    }

    fn is_due(&self) -> bool {
        self.now >= self.broadcast.starts_at && self.now < self.broadcast.deadline
    }

    /// Whether marks are accepted now.
    fn is_open(&self) -> bool {
        let open = matches!(
            self.broadcast.status,
            BroadcastStatus::Scheduled | BroadcastStatus::InProgress | BroadcastStatus::Completed
        );
        open && self.is_due() && self.member.may(Permission::Send)
    }

    fn at(&self, at: Millis) -> String {
        self.member.organization.zone.moment(at, self.now)
    }

    fn posted(&self) -> usize {
        self.rows.iter().filter(|(row, _)| row.state == MessageState::Sent).count()
    }

    fn next(&self) -> Option<&(MessageView, Option<Group>)> {
        self.rows.iter().find(|(row, _)| row.state == MessageState::Waiting)
    }

    fn page(&self) -> Response {
        let broadcast = &self.broadcast;
        let body = html! {
            (self.head())
            @if let Some(note) = self.note() { (note) }
            div class="m-hand" {
                div class="m-hand__main" { (self.give()) (self.groups()) }
                div class="m-hand__side" { (self.left()) (self.log()) }
            }
            form method="post" action=(href(broadcast.id)) id="mark" hidden { (self.member.csrf()) }
        };
        let mut page = self.member.page(Section::Workshops, "Post by hand", body);
        page.crumbs = vec![
            Crumb::to("Broadcasts", "/broadcasts"),
            Crumb::to(&broadcast.title, broadcast_href(broadcast.id)),
            Crumb::here("Post by hand"),
        ];
        page.foot = Some(self.foot());
        page.render().into_response()
    }

    fn head(&self) -> Head {
        let (broadcast, posted) = (&self.broadcast, self.posted());
        let (tone, icon, word) = if posted == self.rows.len() {
            (Tone::Done, Icon::Ok, "Posted")
        } else if broadcast.status == BroadcastStatus::Cancelled {
            (Tone::Rest, Icon::Cancel, "Cancelled")
        } else if self.now >= broadcast.deadline {
            (Tone::Rest, Icon::Expired, "Expired")
        } else if self.is_due() {
            (Tone::Act, Icon::Wait, "Due now")
        } else {
            (Tone::Rest, Icon::Wait, "Not due yet")
        };
        Head::new("Post by hand")
            .chip(Chip { tone, icon, word: word.to_owned() })
            .meta(html! { (broadcast.title) })
            .meta(html! { a class="m-plain" href={ "/workshops/" (broadcast.workshop) } { (broadcast.workshop_title) } })
            .meta(format!("Asked of {}", self.asked.name))
    }

    fn note(&self) -> Option<Note> {
        let note = |title: &str, text: String| Some(Note::new(Tone::Rest, title, text));
        match self.broadcast.status {
            BroadcastStatus::Paused => note(
                "Paused.",
                "Resume the broadcast before anybody posts. What was posted already is marked below."
                    .to_owned(),
            ),
            BroadcastStatus::Cancelled => note("Cancelled.", "Nothing more is to be posted.".to_owned()),
            _ if self.now < self.broadcast.starts_at => {
                note("Not due yet.", format!("Post it at {}, not before.", self.at(self.broadcast.starts_at)))
            }
            _ => None,
        }
    }

    /// The card with the text and the file to take along.
    fn give(&self) -> Markup {
        let parts = self.message.preview(&self.content).into_iter().map(Part::from).collect();
        let bubble =
            Bubble::of(&self.message, parts, self.member.organization.zone.time(self.broadcast.starts_at));
        let text = self.plain();
        let characters = i64::try_from(text.chars().count()).unwrap_or(0);
        html! {
            section class="m-card m-give" aria-labelledby="give" {
                header class="m-card__head" {
                    h2 class="m-card__title" id="give" { span class="m-part__n" aria-hidden="true" { "1" } "Take the text" }
                    @if self.post.media.is_some() { span class="m-sub m-nowrap" { "the file first, then the text" } }
                }
                div class="m-give__body" {
                    div class="m-give__wall" { (bubble) }
                    div class="m-give__acts" {
                        @if let Some(media) = &self.post.media {
                            div {
                                p class="m-give__what" { (media.kind.title()) span class="m-sub" { " " (media.name) } }
                                (Button::link("Open the file", &media.url).icon(Icon::Download))
                            }
                        }
                        div class="m-give__text" {
                            p class="m-give__what" {
                                @if self.post.poll.is_some() { "Poll" } @else { "Text" }
                                span class="m-sub" { " " (counted(characters, "character", "characters")) }
                            }
                            pre class="m-hand__text" id=(TEXT_ID) tabindex="0" { (text) }
                            (copy_button())
                        }
                        @if self.post.mention_all { p class="m-hint" { "Mention everybody: type @ and choose all members." } }
                        p class="m-hint m-hide-s" { "On a computer, open WhatsApp Web and paste it." }
                    }
                }
            }
        }
    }

    /// What a person pastes: the text, or the poll written out.
    fn plain(&self) -> String {
        let Some(poll) = &self.post.poll else { return self.post.text.clone() };
        let answers: Vec<String> = poll.options.iter().map(|option| format!("- {option}")).collect();
        format!("{}\n{}", poll.question, answers.join("\n"))
    }

    fn groups(&self) -> Markup {
        let members = |posted: bool| -> i64 {
            let of = self.rows.iter().filter(|(row, _)| !posted || row.state == MessageState::Sent);
            of.filter_map(|(_, group)| group.as_ref()?.members).sum()
        };
        let known =
            self.rows.iter().any(|(_, group)| group.as_ref().is_some_and(|group| group.members.is_some()));
        let next = self.next().map(|(row, _)| row.message.position);
        html! {
            section class="m-card m-hand__card" aria-labelledby="groups" {
                header class="m-card__head" {
                    h2 class="m-card__title" id="groups" { span class="m-part__n" aria-hidden="true" { "2" } "Post, then mark it" }
                    @if known { span class="m-sub m-nowrap" { (grouped(members(true))) " of " (counted(members(false), "member", "members")) } }
                }
                ul class="m-hand__list" {
                    @for (row, group) in &self.rows { (self.row(row, group.as_ref(), next == Some(row.message.position))) }
                }
            }
        }
    }

    fn row(&self, row: &MessageView, group: Option<&Group>, next: bool) -> Markup {
        let open = self.is_open();
        let paused = self.broadcast.status == BroadcastStatus::Paused
            && self.is_due()
            && self.member.may(Permission::Send);
        let button = |label: &str, mark: PostMark| marks(label, mark, row);
        let members = group.and_then(|group| group.members);
        let invite = group.map(|group| group.invite_link.as_str()).filter(|link| !link.is_empty());
        html! {
            li.m-hand__row.is-next[next] {
                div class="m-hand__g" {
                    p class="m-hand__name" { (row.name) @if next { span class="m-hand__next" { "Next" } } }
                    p class="m-sub" {
                        @if let Some(n) = members { (counted(n, "member", "members")) }
                        @if members.is_some() && invite.is_some() { " · " }
                        @if let Some(link) = invite { a class="m-link" href=(link) rel="noreferrer" { "Open the group" } }
                    }
                }
                div class="m-hand__do" {
                    @match row.state {
                        MessageState::Sent => {
                            p class="m-hand__done" { span { "Posted" span class="m-sub m-block" { @if let Some(at) = row.sent_at { (self.at(at)) } } } (Icon::Ok) }
                            @if open { (button("Undo", PostMark::NotYet)) }
                        }
                        MessageState::Waiting if open => {
                            (button("Posted", PostMark::Posted))
                            (button("Cannot post", PostMark::CannotPost))
                        }
                        MessageState::Waiting if paused => { (button("I had posted it already", PostMark::Posted)) }
                        state => span class="m-sub" { (state.title()) },
                    }
                }
            }
        }
    }

    fn left(&self) -> Markup {
        let (posted, all) = (self.posted(), self.rows.len());
        let left = self.broadcast.deadline.since(self.now).max(0);
        html! {
            section class="m-card m-left" aria-label="Time left" {
                div class="m-left__top" {
                    div { p class="m-sub" { "Time left" } p class="m-left__n" { (span(left)) } }
                    div { p class="m-sub" { "Posted" } p class="m-left__n" { (posted) span class="m-sub" { " of " (counted(whole(all), "group", "groups")) } } }
                }
                (Bar::thin(vec![(Key::Done, whole(posted)), (Key::Waiting, whole(all - posted))]))
                p class="m-hint" { "Post before " b { (self.at(self.broadcast.deadline)) } ". What is not marked by then expires, and its people can be told on another channel." }
            }
        }
    }

    fn log(&self) -> Markup {
        let current = self.asked.user.to_string();
        let posters =
            self.posters.iter().map(|one| Choice::new(one.user.to_string(), &one.name, &current)).collect();
        let open = self.member.may(Permission::Send) && self.posted() < self.rows.len();
        Card::new(
            "asked-of",
            "Who posts",
            html! {
                div class="m-stack" {
                @if open {
                    form method="post" action={ (broadcast_href(self.broadcast.id)) "/ask" } class="m-stack" {
                        (self.member.csrf())
                        (Field::select("asked", "Asked of", posters))
                        (Button::new("Ask this person"))
                    }
                } @else { p class="m-p" { (self.asked.name) } }
                p class="m-hint" { "Recorded as " b { "handed over" } ", by a person and with the time. Nobody can prove more. Each group’s story says who marked it." }
                }
            },
        )
        .padded()
        .render()
    }

    fn foot(&self) -> Markup {
        let next = match self.next() {
            Some((row, _)) => format!("next: {}", row.name),
            None => "nothing is left".to_owned(),
        };
        html! {
            div class="m-sendbar" role="region" aria-label="Next step" {
                div class="m-sendbar__text" {
                    p class="m-sendbar__main" { (self.posted()) " of " (self.rows.len()) " posted" span class="m-hide-s" { (next) } }
                    p class="m-sub" { (span(self.broadcast.deadline.since(self.now).max(0))) " left" }
                }
                div class="m-sendbar__acts" {
                    (Button::primary_link("Open WhatsApp", whatsapp(&self.plain())).icon(Icon::Open))
                }
            }
        }
    }
}

/// A button that marks one group. The usual mark stands out, the others are quiet.
fn marks(label: &str, mark: PostMark, row: &MessageView) -> Button {
    let word = MARKS.iter().find(|(known, _)| *known == mark).map_or("", |(_, word)| word);
    let value = format!("{word} {}", row.message.position);
    let button =
        Button::new(label).form("mark").submit("mark", value).spoken(format!("{label}: {}", row.name));
    match mark {
        PostMark::Posted => button.icon(Icon::Check),
        PostMark::NotYet | PostMark::CannotPost => Button { weight: Weight::Ghost, ..button },
    }
}

/// The button that copies the text. It works with a script; without one the text is selected by hand.
fn copy_button() -> Markup {
    html! {
        button class="mui-btn mui-btn--outline mui-btn--md m-copy__do" type="button" data-copy=(TEXT_ID) hidden {
            (Icon::Copy) span class="m-btn__label" { "Copy text" }
        }
    }
}

/// The address that opens WhatsApp with the text. The person chooses the group there.
fn whatsapp(text: &str) -> String {
    format!("https://wa.me/?text={}", escape(text))
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
