//! Who was told what: the figures of the workshop, a row per broadcast, and a cell per registrant and purpose.

use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::Channel,
    message::MessageState,
    reason::Reason,
    role::Permission,
    time::Millis,
    told::Purpose,
};
use maud::{Markup, Render, html};
use store::{
    broadcasts::Broadcast,
    costs::Cost,
    reached::{ReachCounts, RegistrantMessage},
    registrants::Registrant,
    workshops::Workshop,
};

use super::super::workshops::{form_value, href};
use crate::{
    http::extract::Member,
    ui::{
        bar::{Bar, Key},
        button::Link,
        chip::{Chip, State as Chips},
        format::{counted, grouped, percent, rupees},
        head::{Fact, Strip},
        icons::Icon,
        words::{matters::is_moved, reasons},
    },
};

/// Figures that were counted so many seconds ago say so.
const OLD_S: i64 = 5;
/// Columns of what was told in the list of registrants.
const COLUMNS: usize = 3;

/// The purposes of a workshop's broadcasts: what was told first comes first. A broadcast that was cancelled before anything left tells nothing.
pub(super) fn purposes(broadcasts: &[Broadcast]) -> Vec<Purpose> {
    let mut all: Vec<Purpose> = vec![];
    // Posts tell groups, and nobody in person.
    let people = broadcasts.iter().rev().filter(|one| one.channel != Channel::WhatsappGroup);
    for broadcast in people {
        let nothing = broadcast.status == BroadcastStatus::Cancelled && told(broadcast) == 0;
        if !nothing && !all.contains(&broadcast.purpose) {
            all.push(broadcast.purpose.clone());
        }
    }
    all
}

/// The purposes that have a column: the newest of them.
pub(super) fn columns(purposes: &[Purpose]) -> &[Purpose] {
    &purposes[purposes.len().saturating_sub(COLUMNS)..]
}

/// Rows of a broadcast of which something left.
fn told(broadcast: &Broadcast) -> i64 {
    let n = |state| broadcast.in_state(state);
    n(MessageState::Read)
        + n(MessageState::Delivered)
        + n(MessageState::Sent)
        + n(MessageState::Unknown)
        + n(MessageState::Failed)
}

/// The composer for whoever was not told this purpose yet, with the template that told it last.
pub(super) fn tell_the_rest(workshop: &Workshop, purpose: &Purpose, broadcasts: &[Broadcast]) -> String {
    let last = broadcasts.iter().find(|one| one.purpose == *purpose);
    let purpose_word = form_value(purpose.word());
    let mut to = format!("/?workshop={}&who={}&purpose={purpose_word}", workshop.id, Audience::NotTold);
    if let Some(last) = last {
        to.push_str(&format!("&channel={}", last.channel.word()));
        if let Some(template) = last.template_id {
            to.push_str(&format!("&template={template}"));
        }
    }
    to
}

/// How many were not told, and how many of them a message would reach.
fn not_told(n: i64, can: i64) -> String {
    match can {
        0 => format!("{} cannot be told", grouped(n)),
        can if can == n => format!("{} not told yet", grouped(n)),
        can => format!("{} not told yet, {} can be", grouped(n), grouped(can)),
    }
}

/// The figures of one purpose.
pub(super) fn facts(workshop: &Workshop, purpose: &Purpose, reached: &ReachCounts, cost: Cost) -> Strip {
    let mut proven = vec![];
    match percent(reached.reached(), reached.told()) {
        share if share.is_empty() => {}
        share => proven.push(format!("{share} of {}, proven", grouped(reached.told()))),
    }
    if reached.handed_over > 0 {
        proven.push(format!("{} more without a receipt", grouped(reached.handed_over)));
    }
    let mut not_yet = match (reached.not_told, reached.can_be_told, reached.under_way) {
        (0, _, 0) => "everybody".to_owned(),
        (0, _, going) => format!("{} still to go", grouped(going)),
        (n, can, 0) => not_told(n, can),
        (n, can, going) => format!("{} still to go; {}", grouped(going), not_told(n, can)),
    };
    if reached.seconds_old >= OLD_S {
        not_yet.push_str(&format!("; counted {} s ago", reached.seconds_old));
    }
    let mut lost = vec![];
    for (n, word) in [(reached.failed, "failed"), (reached.unknown, "unknown")] {
        if n > 0 {
            lost.push(format!("{} {word}", grouped(n)));
        }
    }
    let new = match reached.new {
        0 => "none today".to_owned(),
        n => format!("+{} today", grouped(n)),
    };
    let all = format!("{}#registrants", href(workshop.id));
    Strip(vec![
        Fact::figure("Registered", html! { a class="m-n" href=(all) { (grouped(reached.registered)) } }, "")
            .note(new),
        Fact::figure(format!("Told: {}", purpose.title()), grouped(reached.told()), "").note(not_yet),
        Fact::figure("Reached with it", grouped(reached.reached()), "").note(proven.join("; ")),
        Fact::figure("Not reached", grouped(reached.not_reached()), "").note(lost.join(", ")),
        Fact::figure("Cost so far", rupees(cost.likely.0), "").note(if cost.known {
            "of all its broadcasts"
        } else {
            "estimate, without GST"
        }),
    ])
}

/// Which purpose the figures are about, where there are several.
pub(super) fn chooser(workshop: &Workshop, purposes: &[Purpose], chosen: &Purpose) -> Markup {
    html! {
        @if purposes.len() > 1 {
            nav class="m-filters m-filters--bare" aria-label="What was told" {
                @for purpose in purposes {
                    a class="m-pill" href={ (href(workshop.id)) "?told=" (form_value(purpose.word())) }
                        aria-current=[(purpose == chosen).then_some("true")] { (purpose.title()) }
                }
            }
        }
    }
}

/// What became of each broadcast, and what to do about it.
pub(super) struct Broadcasts<'a> {
    pub(super) member: &'a Member,
    pub(super) workshop: &'a Workshop,
    pub(super) broadcasts: &'a [Broadcast],
    /// Registrations whose number another one has.
    pub(super) same_number: i64,
}

impl Render for Broadcasts<'_> {
    fn render(&self) -> Markup {
        let legend = [
            (Key::Done, "Reached"),
            (Key::HandedOver, "No receipt"),
            (Key::Failed, "Failed"),
            (Key::Unknown, "Unknown"),
            (Key::Skipped, "Left out"),
            (Key::Waiting, "Still to go"),
        ];
        html! {
            section class="m-card m-bc" id="broadcasts" aria-labelledby="broadcasts-title" {
                header class="m-card__head" {
                    h2 class="m-card__title" id="broadcasts-title" { "Who was reached" }
                    @if self.broadcasts.is_empty() { (Link::new("All broadcasts", format!("/broadcasts?workshop={}", self.workshop.id))) }
                    @else { p class="m-legend" aria-hidden="true" { @for (key, word) in legend { span { (key) (word) } } } }
                }
                @if self.broadcasts.is_empty() { p class="m-none" { "Nothing was sent for this workshop yet." } }
                @else { (self.table()) }
                @if self.same_number > 0 && !self.broadcasts.is_empty() {
                    p class="m-tablefoot" {
                        "The figures above count registrations; a broadcast counts each number once. "
                        (counted(self.same_number, "registration has", "registrations have")) " the number of another one."
                    }
                }
            }
        }
    }
}

impl Broadcasts<'_> {
    fn table(&self) -> Markup {
        html! {
            table class="m-table m-bc__table" {
                caption class="mui-visually-hidden" { "Broadcasts of this workshop" }
                thead { tr {
                    th scope="col" class="m-bc__name" { "Broadcast" }
                    th scope="col" class="m-bc__st" { "State" }
                    th scope="col" { "People" }
                    th scope="col" class="is-num" { "Reached" }
                    th scope="col" class="is-num m-bc__nr" { "Not reached" }
                    th scope="col" class="is-num" { "Left out" }
                    th scope="col" class="is-num" { "Still to go" }
                    th scope="col" class="is-act m-bc__do" { "What to do" }
                } }
                tbody { @for broadcast in self.broadcasts { (self.row(broadcast)) } }
            }
        }
    }

    fn row(&self, broadcast: &Broadcast) -> Markup {
        let n = |state| broadcast.in_state(state);
        let (read, delivered, sent) =
            (n(MessageState::Read), n(MessageState::Delivered), n(MessageState::Sent));
        let (failed, unknown) = (n(MessageState::Failed), n(MessageState::Unknown));
        let (expired, cancelled) = (n(MessageState::Expired), n(MessageState::Cancelled));
        let left_out = n(MessageState::Skipped);
        let to_go = n(MessageState::Waiting) + n(MessageState::InFlight);
        let list =
            |state: MessageState| format!("/broadcasts/{}?state={}#recipients", broadcast.id, state.word());
        let bar = Bar::thin(vec![
            (Key::Done, read + delivered),
            (Key::HandedOver, sent),
            (Key::Failed, failed),
            (Key::Unknown, unknown),
            (Key::Expired, expired + cancelled),
            (Key::Skipped, left_out),
            (Key::Waiting, to_go),
        ]);
        // Handed over is not reached: it stands beside the figure, not in it.
        let reached = says(&[(read, "read"), (sent, "more without a receipt")]);
        let lost = [
            (failed, MessageState::Failed, "failed"),
            (unknown, MessageState::Unknown, "unknown"),
            (expired, MessageState::Expired, "expired"),
            (cancelled, MessageState::Cancelled, "cancelled"),
        ];
        let most = lost.iter().max_by_key(|(n, ..)| *n).map_or(MessageState::Failed, |(_, state, _)| *state);
        let lost_words = says(&lost.map(|(n, _, word)| (n, word)));
        html! {
            tr data-live-id={ "broadcast-" (broadcast.id) } data-row {
                td class="m-col-name" {
                    a class="m-rowlink" href={ "/broadcasts/" (broadcast.id) } { (broadcast.title) }
                    span class="m-sub" { (broadcast.channel.title()) " · " (self.member.organization.zone.moment(broadcast.starts_at, self.member.now)) }
                }
                td class="m-col-state" { (broadcast_chip(broadcast)) }
                td class="m-bc__bar" { span class="m-sub" { (counted(broadcast.planned, "person", "people")) } (bar) }
                td class="is-num" data-label="Reached" { (figure(read + delivered, list(if delivered >= read { MessageState::Delivered } else { MessageState::Read }))) span class="m-sub" { (reached) } }
                td class="is-num" data-label="Not reached" { (figure(failed + unknown + expired + cancelled, list(most))) span class="m-sub" { (lost_words) } }
                td class="is-num" data-label="Left out" { (figure(left_out, list(MessageState::Skipped))) }
                td class="is-num" data-label="Still to go" { (figure(to_go, list(MessageState::Waiting))) }
                td class="is-act m-bc__do" { @for (words, to) in self.next(broadcast) { a class="m-link" href=(to) { (words) } } }
            }
        }
    }

    /// What can be done about a broadcast, each with its number.
    fn next(&self, broadcast: &Broadcast) -> Vec<(String, String)> {
        let own = format!("/broadcasts/{}", broadcast.id);
        let n = |state| broadcast.in_state(state);
        if !self.member.may(Permission::Send) {
            return vec![("Open".to_owned(), own)];
        }
        let mut all = vec![];
        let waiting = n(MessageState::Waiting);
        if broadcast.status == BroadcastStatus::Paused && waiting > 0 {
            let verb = if is_moved(&broadcast.stop_code) { "Cancel and write again" } else { "Resume" };
            all.push((format!("{verb} ({})", grouped(waiting)), own.clone()));
        }
        let failed = n(MessageState::Failed);
        let ahead = self.workshop.ends_at > self.member.now;
        if failed > 0 && ahead {
            let other =
                if broadcast.channel == Channel::Sms { Channel::WhatsappPersonal } else { Channel::Sms };
            let who =
                Audience::Of { broadcast: broadcast.id, state: MessageState::Failed, reason: Reason::None };
            all.push((
                format!("Send by {} ({})", other.short_title(), grouped(failed)),
                format!(
                    "/?channel={}&workshop={}&who={}&purpose={}",
                    other.word(),
                    self.workshop.id,
                    form_value(&who.to_string()),
                    form_value(broadcast.purpose.word())
                ),
            ));
        }
        let unknown = n(MessageState::Unknown);
        if unknown > 0 {
            all.push((format!("Look up ({})", grouped(unknown)), format!("{own}?state=unknown#recipients")));
        }
        if all.is_empty() {
            let word = if broadcast.status == BroadcastStatus::Scheduled { "Open to change" } else { "Open" };
            all.push((word.to_owned(), own));
        }
        all
    }
}

/// The parts that are there: "8 failed, 2 unknown".
fn says(parts: &[(i64, &str)]) -> String {
    let there = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", grouped(*n)));
    there.collect::<Vec<_>>().join(", ")
}

fn figure(n: i64, list: String) -> Markup {
    html! { @if n == 0 { span class="m-n is-zero" { "0" } } @else { a class="m-n" href=(list) { (grouped(n)) } } }
}

fn broadcast_chip(broadcast: &Broadcast) -> Chip {
    use domain::broadcast::BroadcastStatus::{Cancelled, Completed, InProgress, Paused, Planning, Scheduled};
    match broadcast.status {
        Planning => Chip { word: broadcast.status.title().to_owned(), ..Chips::Next.chip() },
        Scheduled => Chips::Scheduled.chip(),
        InProgress => Chips::Sending.chip(),
        Paused => Chips::Paused.chip(),
        Completed => Chips::Completed.chip(),
        Cancelled => Chips::Cancelled.chip(),
    }
}

/// What the registrants of a page were told.
pub(super) struct Ledger<'a> {
    /// The purposes, each of which is a column.
    pub(super) purposes: &'a [Purpose],
    /// The newest messages to these people.
    pub(super) places: &'a [RegistrantMessage],
    /// The broadcasts, which tell when the first of a purpose was confirmed.
    pub(super) broadcasts: &'a [Broadcast],
}

impl Ledger<'_> {
    /// What became of a purpose for somebody: the best message answers.
    pub(super) fn place(&self, person: &Registrant, purpose: &Purpose) -> Option<&RegistrantMessage> {
        self.places
            .iter()
            .filter(|place| place.purpose == *purpose)
            .filter(|place| match place.left_out {
                Some(who) => who == person.id,
                None => !person.phone.is_empty() && place.phone == person.phone,
            })
            .max_by_key(|place| (place.state.proof(), place.changed_at))
    }

    /// The cell of a purpose.
    pub(super) fn cell(&self, member: &Member, person: &Registrant, purpose: &Purpose) -> Markup {
        let zone = &member.organization.zone;
        let Some(place) = self.place(person, purpose) else {
            return self.nothing(person, purpose);
        };
        let (class, icon, word) = look(place);
        let note = match place.state {
            MessageState::Skipped | MessageState::Failed => because(&place.reason),
            MessageState::Waiting | MessageState::InFlight => place.channel.short_title().to_owned(),
            _ => format!("{}, {}", place.channel.short_title(), zone.moment(place.changed_at, member.now)),
        };
        let to = format!("/broadcasts/{}/messages/{}", place.message.broadcast, place.message.position);
        html! {
            a class={ "m-st m-st--" (class) } href=(to) { (icon) (word) }
            @if !note.is_empty() { span class="m-sub" { (note) } }
        }
    }

    fn nothing(&self, person: &Registrant, purpose: &Purpose) -> Markup {
        let first =
            self.broadcasts.iter().filter(|one| one.purpose == *purpose).map(|one| one.created_at).min();
        let since = first.is_some_and(|at: Millis| person.registered_at > at);
        html! {
            span class="m-st m-st--act" { (Icon::Question) "Not told" }
            @if since { span class="m-sub" { "registered since" } }
        }
    }
}

fn look(place: &RegistrantMessage) -> (&'static str, Icon, &'static str) {
    match place.state {
        MessageState::Read => ("done", Icon::CheckTwice, "Read"),
        MessageState::Delivered => ("done", Icon::Ok, "Delivered"),
        MessageState::Sent => ("sent", Icon::Check, "Handed over"),
        MessageState::Unknown => ("act", Icon::Question, "Unknown"),
        MessageState::InFlight => ("rest", Icon::InFlight, "Going out"),
        MessageState::Waiting => ("rest", Icon::Wait, "Waiting"),
        MessageState::Failed => ("fail", Icon::Error, "Failed"),
        MessageState::Expired => ("act", Icon::Expired, "Expired"),
        MessageState::Cancelled => ("rest", Icon::Cancel, "Cancelled"),
        MessageState::Skipped => ("rest", Icon::Skip, "Left out"),
    }
}

/// The reason in a few words.
fn because(reason: &Reason) -> String {
    match reason {
        Reason::None => String::new(),
        Reason::Ours(own) => reasons::own(*own).title.to_owned(),
        Reason::Excluded(skip) => reasons::excluded(*skip).title.to_owned(),
        Reason::Provider(code) => {
            providers::codes::meaning(code).map_or_else(|| format!("code {code}"), |it| it.title.to_owned())
        }
    }
}
