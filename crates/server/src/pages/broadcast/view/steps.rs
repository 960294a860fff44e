//! Why people were not reached, and the step that helps each group of them, with its number and its cost.

use domain::{
    broadcast::Audience,
    channel::{Channel, Tariff},
    message::MessageState,
    money::Money,
    reason::Reason,
    time::Millis,
};
use store::{
    Org, StoreError,
    broadcasts::{Broadcast, Count},
};

use super::{super::why, View, escape};
use crate::{
    pages::{
        broadcast::later::{self, When},
        settings::prices::unset_price,
    },
    ui::{
        addressees::Addressees,
        bar::Key,
        button::{Button, Weight},
        format::{grouped, rupees},
        reasons::{self, Reasons},
    },
};

/// Another channel that sends to people, for those whom this one does not reach.
fn other_channel(channel: Channel) -> Channel {
    Channel::to_people().find(|other| *other != channel).unwrap_or(channel)
}

/// The price of one message by the other channel, where somebody of the broadcast needs one.
pub(super) async fn other_price(
    org: &Org,
    broadcast: &Broadcast,
    now: Millis,
) -> Result<Option<Money>, StoreError> {
    let failed = broadcast.counts.iter().filter(|count| count.state == MessageState::Failed);
    let mut steps = failed.map(|count| why::of(count.state, &count.reason).step);
    if !steps.any(|step| matches!(step, why::Step::OtherChannel | why::Step::Later { .. })) {
        return Ok(None);
    }
    let channel = other_channel(broadcast.channel);
    let tariff = Tariff::from(broadcast.category);
    let set = org.price(channel, tariff, now).await?;
    let price = set.unwrap_or_else(|| unset_price(channel, tariff).0);
    Ok((price.0 > 0).then_some(price))
}

impl View {
    /// The address of the composer for exactly these people on that channel.
    fn retarget(&self, channel: Channel, count: &Count) -> String {
        let who =
            Audience::Of { broadcast: self.broadcast.id, state: count.state, reason: count.reason.clone() };
        let workshop = self.broadcast.workshop;
        let who = escape(&who.to_string());
        let purpose = escape(self.broadcast.purpose.word());
        format!("/?channel={channel}&workshop={workshop}&who={who}&purpose={purpose}#compose")
    }

    /// The button to the composer for these people, as in `Send by SMS (8) · ₹2.00`.
    fn by_other_channel(&self, count: &Count) -> Button {
        let channel = other_channel(self.broadcast.channel);
        let cost = self
            .other_price
            .map(|price| format!(" · {}", rupees(price.0.saturating_mul(count.n))))
            .unwrap_or_default();
        let label = format!("{} ({}){cost}", channel.send_by(), grouped(count.n));
        Button::link(label, self.retarget(channel, count))
    }

    /// The button of the step for messages of one state and reason.
    fn step(&self, count: &Count, step: why::Step) -> Button {
        let filter = self.filter(count.state, &count.reason);
        let n = grouped(count.n);
        let to = |verb: &str, href: String| Button::link(format!("{verb} ({n})"), href);
        let retry = || self.path(&format!("/retry?{filter}"));
        match step {
            // Groups are not people: nobody can be written to in their place.
            why::Step::Write | why::Step::OtherChannel
                if self.broadcast.channel == Channel::WhatsappGroup =>
            {
                to("Show", self.path(&format!("?{filter}")))
            }
            why::Step::Retry if self.may_send => to("Retry", retry()),
            why::Step::Later { .. } if self.may_send => {
                match later::when(&self.broadcast, count.state, &count.reason, &self.zone, self.now) {
                    When::Now => to("Retry", retry()),
                    When::At(at) => {
                        to(&format!("Retry {}", later::in_words(&self.zone, at, self.now)), retry())
                    }
                    When::TooLate => self.by_other_channel(count),
                }
            }
            why::Step::Decide if self.may_send => to("Decide", retry()),
            why::Step::Template => to("Fix template", self.template_page()),
            why::Step::OtherChannel if self.may_send => self.by_other_channel(count),
            why::Step::Write if self.may_send => {
                to("Write to them", self.retarget(self.broadcast.channel, count))
            }
            why::Step::Export if self.may_send => {
                let href = self.path(&format!("/export?{filter}"));
                Button { download: true, ..to("Export", href) }
            }
            why::Step::Export
            | why::Step::OtherChannel
            | why::Step::Retry
            | why::Step::Later { .. }
            | why::Step::Write
            | why::Step::Decide
            | why::Step::Show => to("Show", self.path(&format!("?{filter}"))),
        }
    }

    fn filter(&self, state: MessageState, reason: &Reason) -> String {
        format!("state={}&reason={}", state.word(), escape(reason.code()))
    }

    /// All reasons why people were not reached.
    pub(super) fn reasons(&self) -> Reasons {
        let mut asks = self.may_send.then_some(self.askable).filter(|n| *n > 0);
        let groups = self.broadcast.counts.iter().filter_map(|count| {
            let key = match count.state {
                MessageState::Failed => Key::Failed,
                MessageState::Skipped => Key::Skipped,
                MessageState::Expired => Key::Expired,
                MessageState::Cancelled => Key::Cancelled,
                MessageState::Unknown => Key::Unknown,
                MessageState::Waiting
                | MessageState::InFlight
                | MessageState::Sent
                | MessageState::Delivered
                | MessageState::Read => return None,
            };
            let why = why::of(count.state, &count.reason);
            let quiet = |button: Button| Button { weight: Weight::Ghost, ..button.small() };
            // The look-up button stands once for the broadcast: which messages the provider can be asked about does
            // not depend on the reason.
            let asks = (count.state == MessageState::Unknown).then(|| asks.take()).flatten();
            let look_up = asks.map(|n| {
                let label = format!("Look up ({})", grouped(n));
                quiet(Button::new(label).form(super::FORM).formaction(self.path("/look-up")))
            });
            Some(reasons::Reason {
                key,
                n: count.n,
                title: why.title,
                note: why.note,
                href: self.path(&format!("?{}", self.filter(count.state, &count.reason))),
                action: Some(quiet(self.step(count, why.step))),
                other: look_up,
            })
        });
        Reasons { all: groups.collect(), of: Addressees::of(self.broadcast.channel) }
    }
}
