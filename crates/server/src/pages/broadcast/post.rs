//! What can be done with a post that stands in its group: change its text, delete it for everyone, and see which
//! members have not got it yet.

use axum::extract::State;
use domain::{
    channel::Channel,
    group::Jid,
    ids::{BroadcastId, MessageRef},
    message::MessageState,
    post::{CAPTION_MAX, TEXT_MAX},
    role::Permission,
    template::{Content, Message},
    time::{DAY, HOUR, MINUTE, Millis},
};
use maud::{Markup, html};
use providers::{Account, gateway::Gateway};
use serde::Deserialize;
use store::{broadcasts::Broadcast, messages::MessageView, posts::PostChange};

use super::href;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        button::Button,
        field::Field,
        format::{counted, grouped, phone},
        head::Card,
        icons::Icon,
    },
};

/// The time after posting in which WhatsApp lets a text be changed, in milliseconds (docs/facts/groups.md §3).
const EDIT_WITHIN_MS: i64 = 15 * MINUTE;
/// The approximate time after posting in which WhatsApp lets a post be deleted for everyone, in milliseconds.
const DELETE_WITHIN_MS: i64 = 2 * DAY;
/// The time after posting from which members without a receipt are named, in milliseconds. Before that, phones may be
/// off.
const NAMED_AFTER_MS: i64 = HOUR;
/// The largest number of members without a receipt that are named.
const NAMED_MAX: i64 = 20;

/// A post that stands in its group and whose id at the gateway is known.
pub(super) struct Standing<'a> {
    broadcast: &'a Broadcast,
    row: &'a MessageView,
    id: &'a str,
    at: Millis,
}

impl<'a> Standing<'a> {
    /// `None` for messages to people, for posts by hand, and for posts without a known id.
    pub(super) fn of(broadcast: &'a Broadcast, row: &'a MessageView) -> Option<Standing<'a>> {
        let in_group = broadcast.channel == Channel::WhatsappGroup && broadcast.asked.is_none();
        let stands = in_group && row.state == MessageState::Sent;
        let id = row.provider_id.as_deref().filter(|_| stands)?;
        Some(Standing { broadcast, row, id, at: row.sent_at? })
    }

    fn may_edit(&self, now: Millis) -> bool {
        now.since(self.at) < EDIT_WITHIN_MS
    }

    fn may_delete(&self, now: Millis) -> bool {
        now.since(self.at) < DELETE_WITHIN_MS
    }

    /// The text or caption as it was posted; `None` for a poll, which cannot be changed.
    fn text(&self) -> Option<String> {
        let Ok(Message::Group(post)) = Message::from_json(self.broadcast.channel, &self.broadcast.template)
        else {
            return None;
        };
        let content = Content::from_json(self.broadcast.channel, &self.row.content).ok()?;
        let filled = post.filled(&content);
        filled.poll.is_none().then_some(filled.text)
    }

    fn most(&self) -> usize {
        let template = Message::from_json(self.broadcast.channel, &self.broadcast.template);
        match template {
            Ok(Message::Group(post)) if post.media.is_some() => CAPTION_MAX,
            _ => TEXT_MAX,
        }
    }

    /// The cards below the message's story: reactions, members without a receipt, and the forms that change or delete
    /// the post.
    pub(super) async fn cards(&self, app: &App, member: &Member) -> Result<Markup, Problem> {
        let message = self.row.message;
        let abilities = match member.org.integration(self.broadcast.integration).await {
            Ok(integration) => app.accounts.open_integration(&integration).ok(),
            Err(_) => None,
        };
        let abilities = abilities.as_ref().and_then(|account| account.gateway()).map(Gateway::abilities);
        let Some(can) = abilities else { return Ok(html! {}) };
        let may = member.may(Permission::Send);
        let text = self.text().filter(|_| can.edits && may && self.may_edit(member.now));
        let deletes = can.deletes && may && self.may_delete(member.now);
        let reactions = match can.sees_reactions {
            true => member.org.reactions(message).await?,
            false => Vec::new(),
        };
        let named = can.sees_delivered && member.now.since(self.at) >= NAMED_AFTER_MS;
        let without = match named {
            true => member.org.without_receipt(message, NAMED_MAX).await?,
            false => None,
        };
        Ok(html! {
            @if !reactions.is_empty() { (reacted(&reactions)) }
            @if let Some((n, people)) = &without { (without_receipt(*n, people)) }
            @if text.is_some() || deletes {
                (Card::new("post", "In the group", html! {
                    div class="m-stack" {
                        @if let Some(text) = &text {
                            form method="post" action={ (path(message)) "/edit" } class="m-stack" {
                                (member.csrf())
                                (Field::area("text", "Text", text).help("WhatsApp lets it be changed for 15 minutes. Nobody is told."))
                                div class="m-acts" { (Button::new("Change it in the group").icon(Icon::Edit).busy("Changing…")) }
                            }
                        }
                        @if deletes {
                            form method="post" action={ (path(message)) "/delete" } {
                                (member.csrf())
                                div class="m-acts" { (Button::danger("Delete for everyone").busy("Deleting…")) }
                            }
                        }
                    }
                }).padded())
            }
        })
    }
}

/// The reactions, and how many members gave each.
fn reacted(reactions: &[(String, i64)]) -> Card {
    let all: i64 = reactions.iter().map(|(_, n)| n).sum();
    Card::new(
        "reactions",
        "Reactions",
        html! {
            p class="m-p" { (counted(all, "member", "members")) " reacted, each counted once." }
            ul class="m-reacts" {
                @for (emoji, n) in reactions { li class="m-reacts__one" { span { (emoji) } " " b { (grouped(*n)) } } }
            }
        },
    )
    .padded()
}

fn without_receipt(n: i64, people: &[(String, String)]) -> Card {
    let more = n - i64::try_from(people.len()).unwrap_or(n);
    Card::new(
        "without",
        "Without a receipt",
        html! {
            @if n == 0 { p class="m-p" { "Every member’s phone has it." } }
            @else {
                p class="m-p" { (counted(n, "member’s phone has", "members’ phones have")) " told nothing after an hour: it may be off, or cannot read the post." }
                ul class="m-hand__list" {
                    @for (name, number) in people {
                        li class="m-hand__row" { p class="m-hand__name" { @if name.is_empty() { (shown(number)) } @else { (name) } } @if !name.is_empty() { span class="m-sub" { (shown(number)) } } }
                    }
                }
                @if more > 0 { p class="m-hint" { "And " (more) " more." } }
            }
        },
    )
    .padded()
}

/// The number, or that WhatsApp hides it.
fn shown(number: &str) -> String {
    if number.starts_with('+') { phone(number) } else { "Number hidden".to_owned() }
}

fn path(message: MessageRef) -> String {
    format!("{}/messages/{}", href(message.broadcast), message.position)
}

/// The form with the post's new text.
#[derive(Debug, Deserialize)]
pub struct EditForm {
    text: String,
}

/// `POST /broadcasts/{broadcast}/messages/{position}/edit`
pub async fn edit(
    State(app): State<App>,
    member: Member,
    Path((id, position)): Path<(BroadcastId, i64)>,
    Form(form): Form<EditForm>,
) -> PageResult {
    let text = form.text.replace("\r\n", "\n").trim_end().to_owned();
    if text.trim().is_empty() {
        return Err(Problem::bad_request("Write what it is to say, or delete it."));
    }
    change(&app, &member, MessageRef { broadcast: id, position }, &What::Edit(text)).await
}

/// `POST /broadcasts/{broadcast}/messages/{position}/delete`
pub async fn delete(
    State(app): State<App>,
    member: Member,
    Path((id, position)): Path<(BroadcastId, i64)>,
) -> PageResult {
    change(&app, &member, MessageRef { broadcast: id, position }, &What::Delete).await
}

/// What is done with a post in its group.
enum What {
    Edit(String),
    Delete,
}

async fn change(app: &App, member: &Member, message: MessageRef, what: &What) -> PageResult {
    let broadcast = member.org.broadcast(message.broadcast).await?;
    let row = member.org.message(message).await?;
    let back = path(message);
    let no = |words: &str| Ok(see_other_failed(app, &back, words));
    let Some(standing) = Standing::of(&broadcast, &row) else {
        return no("Nothing was changed: nobody knows this post’s id in the group.");
    };
    let integration = member.org.integration(broadcast.integration).await?;
    let account: Box<dyn Account> = match app.accounts.open_integration(&integration) {
        Ok(account) => account,
        Err(words) => return no(&words),
    };
    let (Some(gateway), Ok(group)) = (account.gateway(), row.recipient.parse::<Jid>()) else {
        return no("Nothing was changed: no gateway holds the account.");
    };
    let asked = match what {
        What::Edit(_) if !standing.may_edit(member.now) || standing.text().is_none() => {
            return no("WhatsApp lets a text be changed for 15 minutes, and a poll never.");
        }
        What::Edit(text) if text.chars().count() > standing.most() => return no("The text is too long."),
        What::Delete if !standing.may_delete(member.now) => {
            return no("WhatsApp lets a post be deleted for everyone for about two days.");
        }
        What::Edit(text) => gateway.edit(&app.out, &group, standing.id, text).await,
        What::Delete => gateway.delete(&app.out, &group, standing.id).await,
    };
    match asked {
        Ok(()) => {
            let changed = match what {
                What::Edit(_) => PostChange::Edited,
                What::Delete => PostChange::Deleted,
            };
            member.org.note_post_changed(message, changed, member.now).await?;
            let words = match what {
                What::Edit(_) => "Changed in the group.",
                What::Delete => "Deleted for everyone.",
            };
            Ok(see_other_saying(app, &back, words))
        }
        Err(silence) => no(&silence.words()),
    }
}
