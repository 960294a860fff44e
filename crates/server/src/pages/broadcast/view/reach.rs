//! Posts in groups: how far they came among the members, and when those that wait are expected to begin.

use domain::{
    channel::Channel,
    group::PostPace,
    ids::MessageRef,
    message::MessageState,
    post::GroupPost,
    template::{Content, Message},
    time::Millis,
};
use maud::{Markup, html};
use providers::linked::pace_of;
use store::{Org, StoreError, broadcasts::Broadcast, integrations::Integration};

use super::View;
use crate::ui::{
    head::{Card, Fact},
    preview::{Bubble, Part},
    truth_strip::Members,
};

impl View {
    /// How far the posts came among the members of all their groups; `None` while no member's phone has reported
    /// anything.
    pub(super) fn members(&self) -> Option<Members> {
        if self.seen.is_empty() {
            return None;
        }
        let (delivered, read) = self
            .seen
            .values()
            .fold((0, 0), |(delivered, read), one| (delivered + one.delivered, read + one.read));
        let all: i64 = self.sizes.values().sum();
        Some(Members {
            all: all.max(delivered),
            delivered,
            read,
            reactions: self.seen.values().map(|one| one.reacted).sum(),
        })
    }
}

impl View {
    /// The card with the post as members read it, and the choices made for it.
    pub(super) fn post(&self) -> Option<Card> {
        let (post, content) = self.post.as_ref()?;
        let message = Message::Group(post.clone());
        let at = self.broadcast.started_at.unwrap_or(self.broadcast.starts_at);
        let text = message.preview(content).into_iter().map(Part::from).collect();
        let facts = [
            Fact::new("Mention everybody", if post.mention_all { "Yes" } else { "No" }),
            Fact::new("Not posted after", self.at(self.broadcast.deadline)),
        ];
        let body: Markup = html! {
            div class="m-posted" { (Bubble::of(&message, text, self.zone.time(at))) }
            dl class="m-facts m-takes" { @for fact in &facts { (fact) } }
        };
        Some(Card::new("post-text", "The post", body).padded())
    }
}

/// The post with its values; `None` for messages to people.
pub(super) async fn what_is_posted(
    org: &Org,
    broadcast: &Broadcast,
) -> Result<Option<(GroupPost, Content)>, StoreError> {
    let Ok(Message::Group(post)) = Message::from_json(broadcast.channel, &broadcast.template) else {
        return Ok(None);
    };
    // All groups get the same post, so the first one's values are taken.
    let row = match org.message(MessageRef { broadcast: broadcast.id, position: 1 }).await {
        Ok(row) => row,
        Err(StoreError::Missing) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Content::from_json(broadcast.channel, &row.content).ok().map(|content| (post, content)))
}

/// The pace of the account that posts, and when each of its waiting posts is expected to begin; `None` for messages
/// to people and for posts by hand.
pub(super) async fn waiting_posts(
    org: &Org,
    broadcast: &Broadcast,
    integration: Option<&Integration>,
    now: Millis,
) -> Result<Option<(PostPace, Vec<Millis>)>, StoreError> {
    let by_account = broadcast.channel == Channel::WhatsappGroup && broadcast.asked.is_none();
    let Some(integration) = integration.filter(|_| by_account) else { return Ok(None) };
    let pace = pace_of(&integration.settings);
    let left = broadcast.in_state(MessageState::Waiting) + broadcast.in_state(MessageState::InFlight);
    if left == 0 {
        return Ok(Some((pace, Vec::new())));
    }
    let start = broadcast.starts_at.max(now);
    let book = org.post_load(integration.id, Some(broadcast.id), (start, now)).await?;
    Ok(Some((pace, book.moments(&pace, usize::try_from(left).unwrap_or(0), start))))
}
