//! The parts of a broadcast's page that change by themselves. The live stream sends the markup that the page shows.

mod notes;
mod pace;
mod reach;
mod steps;

use std::collections::BTreeMap;

use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    group::PostPace,
    ids::{BroadcastId, TemplateId},
    message::MessageState,
    money::Money,
    post::GroupPost,
    sending_hours::AfterHours,
    template::{Content, Message},
    time::{HOUR, MINUTE, Millis, Zone},
};
use maud::{Markup, Render, html};
use providers::codes;
use store::{
    Org, StoreError,
    broadcasts::{Broadcast, Count},
    integrations::Integration,
    templates::Template,
    work::PostReach,
};

use super::{again, calls::Calls, href, later, status_chip};
use crate::{
    app::App,
    http::top_up,
    ui::{
        addressees::Addressees,
        button::Button,
        call_strip::CallKeys,
        format::{grouped, rupees},
        fragment::Fragment,
        head::Head,
        icons::Icon,
        menu::{Menu, MenuItem},
        truth_strip::{Counts, Live, TruthStrip},
        words::matters::is_moved,
    },
};

/// The id of the form that the page's buttons submit. It holds the session's token and stands outside the parts that
/// the stream replaces.
pub(super) const FORM: &str = "act";

/// The longest time after a broadcast in which a receipt is still matched to it, in milliseconds.
const RECEIPTS_WITHIN_MS: i64 = 72 * HOUR;

/// A broadcast as its page shows it at one moment.
pub struct View {
    /// The broadcast with its counts.
    pub broadcast: Broadcast,
    /// The broadcast's account; `None` once the account was removed.
    pub integration: Option<Integration>,
    /// Since when and by whom all sending of the organisation is stopped; `None` where it is not.
    pub all_stopped: Option<(Millis, String)>,
    /// The number of answers in each ten-second slot: the instant divided by 10,000, and the answers.
    pub pace: Vec<(i64, i64)>,
    /// The template that the broadcast was confirmed with, where a reason asks to mend it and it still exists.
    pub template: Option<TemplateId>,
    /// Posts in groups: how far each came among the members, by its position.
    pub seen: BTreeMap<i64, PostReach>,
    /// Posts in groups: the number of members of each group, by the post's position.
    pub sizes: BTreeMap<i64, i64>,
    /// Posts by an account: its pace, and when each post that still waits is expected to begin. `None` otherwise.
    pub posts: Option<(PostPace, Vec<Millis>)>,
    /// Posts in groups: the post and its values. `None` otherwise.
    pub post: Option<(GroupPost, Content)>,
    /// Calls: the stages of the people and the keys that they pressed. `None` otherwise.
    pub(in crate::pages) calls: Option<Calls>,
    /// The zone in which the page shows times.
    pub zone: Zone,
    /// Whether the reader may act on the broadcast.
    pub may_send: bool,
    /// The price of one message by another channel, for people whom this one does not reach; `None` where nobody
    /// needs one.
    pub other_price: Option<Money>,
    /// The number of unknown messages that the provider can be asked about.
    pub askable: i64,
    /// The number of people whose earlier message was proven only after this one had gone out to them.
    pub late_proofs: i64,
    /// The button to the place where credit is bought, where the broadcast is stopped for want of it.
    pub top_up: Option<Button>,
    /// The number of messages that wait for a chosen moment or a long retry, and the next such moment.
    pub planned: Option<(i64, Millis)>,
    /// The moment for which the page was read.
    pub now: Millis,
}

/// A retry within this time is the engine's own back-off and is not shown.
const BACK_OFF_MS: i64 = 15 * MINUTE;

impl View {
    /// Reads everything for the page. Every read is by key.
    pub async fn load(
        app: &App,
        org: &Org,
        id: BroadcastId,
        zone: &Zone,
        may_send: bool,
        now: Millis,
    ) -> Result<View, StoreError> {
        let broadcast = org.broadcast(id).await?;
        let integration = match org.integration(broadcast.integration).await {
            Ok(integration) => Some(integration),
            Err(StoreError::Missing) => None,
            Err(error) => return Err(error),
        };
        let all_stopped = org.organization().await?.stopped;
        let pace = org.broadcast_pace(id).await?;
        let template = template_of(org, &broadcast).await?;
        let other_price = steps::other_price(org, &broadcast, now).await?;
        let askable = match broadcast.in_state(MessageState::Unknown) {
            0 => 0,
            _ => org.can_poll_status(id).await?,
        };
        let planned = match broadcast.in_state(MessageState::Waiting) {
            0 => None,
            _ => org.waiting_until(id, now.plus(BACK_OFF_MS)).await?,
        };
        let late_proofs = org.late_proofs(id).await?;
        let (mut seen, mut sizes) = (BTreeMap::new(), BTreeMap::new());
        if broadcast.channel == Channel::WhatsappGroup {
            (seen, sizes) = (org.seen_by(id).await?, org.group_sizes(id).await?);
        }
        let posts = reach::waiting_posts(org, &broadcast, integration.as_ref(), now).await?;
        let post = reach::what_is_posted(org, &broadcast).await?;
        let calls = Calls::load(org, &broadcast).await?;
        let top_up = integration.as_ref().filter(|_| codes::wants_credit(broadcast.stop_code.code()));
        let top_up = top_up.map(|account| top_up::button(app, &account.kind, account.id));
        let zone = zone.clone();
        Ok(View {
            calls,
            top_up,
            broadcast,
            integration,
            all_stopped,
            pace,
            template,
            seen,
            sizes,
            posts,
            post,
            zone,
            may_send,
            other_price,
            askable,
            late_proofs,
            planned,
            now,
        })
    }

    /// The counts of the truth strip.
    pub fn counts(&self) -> Counts {
        let n = |state| self.broadcast.in_state(state);
        Counts {
            read: n(MessageState::Read),
            delivered: n(MessageState::Delivered),
            handed_over: n(MessageState::Sent),
            failed: n(MessageState::Failed),
            skipped: n(MessageState::Skipped),
            expired: n(MessageState::Expired),
            cancelled: n(MessageState::Cancelled),
            unknown: n(MessageState::Unknown),
            in_flight: n(MessageState::InFlight),
            waiting: n(MessageState::Waiting),
        }
    }

    /// The parts of the page that change by themselves.
    pub fn fragments(&self) -> Vec<Fragment> {
        vec![
            Fragment::new("broadcast-head", self.live_head()),
            Fragment::new("broadcast-notes", self.notes()),
            Fragment::new("truth-strip", self.truth()),
            Fragment::new("reasons", self.reasons()),
        ]
        .into_iter()
        // What a person posts has no pace to draw.
        .chain(self.broadcast.asked.is_none().then(|| Fragment::new("pace", self.pace())))
        .chain(self.keys().map(|keys| Fragment::new("call-keys", keys)))
        .collect()
    }

    /// Whether nothing changes any more except by receipts.
    pub fn is_over(&self) -> bool {
        let open =
            self.broadcast.in_state(MessageState::Waiting) + self.broadcast.in_state(MessageState::InFlight);
        matches!(self.broadcast.status, BroadcastStatus::Completed | BroadcastStatus::Cancelled) && open == 0
    }

    fn has_receipts(&self) -> bool {
        self.integration.as_ref().is_some_and(|account| account.last_receipt_at.is_some())
    }

    /// Whether no receipt is expected either: the account sends none, everybody has read it, or it is too late for
    /// one.
    fn is_final(&self) -> bool {
        let open =
            self.broadcast.in_state(MessageState::Sent) + self.broadcast.in_state(MessageState::Delivered);
        let since = self.broadcast.finished_at.unwrap_or(self.broadcast.created_at);
        self.is_over() && (!self.has_receipts() || open == 0 || self.now.since(since) > RECEIPTS_WITHIN_MS)
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", href(self.broadcast.id))
    }

    fn at(&self, at: Millis) -> String {
        self.zone.moment(at, self.now)
    }

    /// The number of messages that another try can change now.
    pub(super) fn retryable(&self, state: MessageState) -> i64 {
        let of_state = self.broadcast.counts.iter().filter(|count| count.state == state);
        let goes =
            |count: &&Count| later::can_go_now(&self.broadcast, state, &count.reason, &self.zone, self.now);
        of_state.filter(goes).map(|count| count.n).sum()
    }

    fn live_head(&self) -> Markup {
        let mut head = self.head();
        if self.may_send {
            if again::can_change(&self.broadcast) {
                let change =
                    Button::new("Change").icon(Icon::Edit).form(FORM).formaction(self.path("/change"));
                head = head.action(change);
            }
            let items = vec![
                MenuItem::link("Send again to others", self.path("/copy?who=others")).icon(Icon::Send),
                MenuItem::link("Copy", self.path("/copy")).icon(Icon::Copy),
            ];
            head = head.aside(Menu { label: "More for this broadcast".to_owned(), items });
        }
        html! { div data-live-id="broadcast-head" { (head) } }
    }

    fn head(&self) -> Head {
        let broadcast = &self.broadcast;
        let waiting = broadcast.in_state(MessageState::Waiting);
        let mut head = Head::new(&broadcast.title)
            .chip(self.chip())
            .meta(broadcast.channel.title())
            .meta(html! { a class="m-plain" href={ "/workshops/" (broadcast.workshop) } { (broadcast.workshop_title) } })
            .meta(match broadcast.started_at {
                Some(at) => format!("Started {} by {}", self.at(at), broadcast.created_by),
                None => format!("Confirmed {} by {}, from {}", self.at(broadcast.created_at), broadcast.created_by, self.at(broadcast.starts_at)),
            })
            .meta(if self.broadcast.channel == Channel::WhatsappGroup { "costs nothing".to_owned() } else { self.cost() });
        if let Some(hours) = self.hours() {
            head = head.meta(hours);
        }
        if !self.may_send {
            return head;
        }
        head = head.action(Button {
            download: true,
            ..Button::link("Export", self.path("/export")).icon(Icon::Download)
        });
        let failed = self.retryable(MessageState::Failed);
        if failed > 0 {
            let label = format!("Retry failed ({})", grouped(failed));
            head = head.action(Button::link(label, self.path("/retry?state=failed")).icon(Icon::Retry));
        }
        let open = matches!(
            broadcast.status,
            BroadcastStatus::Planning
                | BroadcastStatus::Scheduled
                | BroadcastStatus::InProgress
                | BroadcastStatus::Paused
        );
        if open {
            let label = format!("Cancel remaining ({})", grouped(waiting));
            head = head.action(Button::link(label, self.path("/cancel")).icon(Icon::Cancel));
        }
        match broadcast.status {
            BroadcastStatus::Scheduled | BroadcastStatus::InProgress => {
                head.action(Button::new("Pause").icon(Icon::Pause).form(FORM).formaction(self.path("/pause")))
            }
            BroadcastStatus::Paused => {
                let label = format!("Resume ({})", grouped(waiting));
                let to = self.path("/resume");
                if !is_moved(&broadcast.stop_code) {
                    return head.action(Button::primary(label).icon(Icon::Play).form(FORM).formaction(to));
                }
                // Resuming would send the old time. The usual next step is to write the messages again.
                let again = format!("Cancel and write again ({})", grouped(waiting));
                head.action(Button::new(label).icon(Icon::Play).form(FORM).formaction(to)).action(
                    Button::primary(again).icon(Icon::Edit).form(FORM).formaction(self.path("/rewrite")),
                )
            }
            BroadcastStatus::Planning | BroadcastStatus::Completed | BroadcastStatus::Cancelled => head,
        }
    }

    /// The charge that the provider reported, beside what was estimated when it was planned. Without a charge: what lists and plans say of it.
    fn cost(&self) -> String {
        let broadcast = &self.broadcast;
        let actual = broadcast.actual_cost();
        if actual.0 > 0 {
            let so_far = if self.is_over() { "actual" } else { "so far" };
            format!("{} {so_far}, {} estimate", rupees(actual.0), rupees(broadcast.expected_cost().0))
        } else {
            format!("{} estimate", rupees(broadcast.likely_cost().0))
        }
    }

    /// The hours in which it may send, and what becomes of the rest; `None` where it may send at any hour.
    fn hours(&self) -> Option<String> {
        let hours = &self.broadcast.hours;
        let (from, to) = hours.open_around(self.broadcast.starts_at.max(self.now))?;
        let then = match hours.then() {
            AfterHours::Wait => "the rest waits for the next day then",
            AfterHours::Cancel => "the rest is cancelled then",
        };
        Some(format!("{}–{}; {then}", self.zone.time(from), self.zone.time(to)))
    }

    /// The state's chip. A running broadcast shows as waiting while its account or all sending is stopped.
    fn chip(&self) -> crate::ui::chip::State {
        let by_account = self.integration.as_ref().is_some_and(|account| account.stopped_at.is_some());
        match self.broadcast.status {
            BroadcastStatus::InProgress if by_account || self.all_stopped.is_some() => {
                crate::ui::chip::State::Waiting
            }
            status => status_chip(status),
        }
    }

    /// The table of pressed keys, for calls only.
    fn keys(&self) -> Option<CallKeys> {
        self.calls.as_ref().map(|calls| calls.keys(&self.broadcast))
    }

    fn truth(&self) -> Markup {
        let live = if self.is_final() { Live::Ended } else { Live::On };
        if let Some(calls) = &self.calls {
            return calls.strip(&self.broadcast, html! {}, live).render();
        }
        let strip = TruthStrip {
            counts: self.counts(),
            receipts: self.has_receipts(),
            reads: self.broadcast.channel.can_prove_read(),
            href: href(self.broadcast.id),
            of: Addressees::of(self.broadcast.channel),
            members: self.members(),
            live,
        };
        strip.render()
    }
}

/// A value for a query. Everything except the characters of codes is percent-encoded.
pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// The template that the broadcast was confirmed with, where a reason asks to mend it. It is found by its name, which
/// is unique; a renamed one is found by its name at the provider.
async fn template_of(org: &Org, broadcast: &Broadcast) -> Result<Option<TemplateId>, StoreError> {
    let failed = broadcast.counts.iter().filter(|count| count.state == MessageState::Failed);
    let mut reasons = failed.map(|count| &count.reason).chain([&broadcast.stop_code]);
    if !reasons.any(notes::asks_for_template) {
        return Ok(None);
    }
    let all = org.templates(broadcast.channel).await?;
    let frozen = Message::from_json(broadcast.channel, &broadcast.template).ok();
    let same = |template: &&Template| {
        let read = Message::from_json(template.channel, &template.body).ok();
        read.zip(frozen.as_ref()).is_some_and(|(read, frozen)| read.name_there() == frozen.name_there())
    };
    let named = all.iter().find(|template| template.name == broadcast.title);
    Ok(named.or_else(|| all.iter().find(same)).map(|template| template.id))
}

impl Render for View {
    fn render(&self) -> Markup {
        html! {
            (self.live_head())
            (self.notes())
            (self.truth())
            @if let Some(keys) = self.keys() { (keys) }
            @match (self.post(), self.broadcast.asked.is_some()) {
                (Some(post), by_hand) => {
                    div class="m-split" { (post) (self.reasons()) }
                    // What a person posts has no pace to draw.
                    @if !by_hand { (self.pace()) }
                }
                (None, true) => (self.reasons()),
                (None, false) => { div class="m-split" { (self.pace()) (self.reasons()) } }
            }
        }
    }
}
