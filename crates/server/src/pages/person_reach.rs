//! How a person can be reached and what they may be sent: two cards beside their messages.

use domain::{
    audience::{Candidate, keeps_out},
    channel::{Category, Channel, Medium},
    message::{MessageState, SkipReason},
    reason::Reason,
    role::Permission,
    time::{Millis, Zone},
};
use maud::{Markup, Render, html};
use providers::answer::Class;
use store::{
    consents::Consent,
    membership::GroupMembership,
    people::{PersonMessage, Story},
    suppressions::Suppression,
};

use super::{correct, opted_out::what_for, person, person_opt_out};
use crate::{
    http::extract::Member,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        format::{capital, counted, phone},
        head::Card,
        icons::Icon,
        words::reasons,
    },
};

/// Groups that are named; the others are counted.
const GROUPS_NAMED: usize = 3;

/// A line of such a card: what it is about, what stands there, and words under it.
struct Line {
    label: String,
    value: Markup,
    sub: String,
    action: Option<Button>,
}

impl Render for Line {
    fn render(&self) -> Markup {
        html! {
            li class="m-ident" {
                div {
                    @if !self.label.is_empty() { p class="m-label" { (self.label) } }
                    p class="m-ident__v" { (self.value) }
                    @if !self.sub.is_empty() { p class="m-sub" { (self.sub) } }
                }
                @if let Some(action) = &self.action { div class="m-ident__a" { (action) } }
            }
        }
    }
}

fn lines(lines: &[Line]) -> Markup {
    html! { ul class="m-idents" { @for line in lines { (line) } } }
}

/// What keeps messages of that kind on that channel from the person.
fn barred(story: &Story, channel: Channel, category: Category) -> Option<SkipReason> {
    let (phone, wishes) = (&story.phone, (&story.suppressions[..], &story.consents[..]));
    barred_by((phone, phone), wishes, channel, category)
}

/// The same of a number, and what was typed as it, with the opt-outs and agreements of its person.
pub(super) fn barred_by(
    (phone, phone_typed): (&str, &str),
    (opt_outs, consents): (&[Suppression], &[Consent]),
    channel: Channel,
    category: Category,
) -> Option<SkipReason> {
    let candidate = Candidate {
        phone,
        phone_typed,
        suppressed: opt_outs.iter().any(|entry| entry.stops(channel, category)),
        agreed: agreement(consents, channel, category).is_some(),
        ..Candidate::default()
    };
    keeps_out(&candidate, channel, category)
}

fn agreement(consents: &[Consent], channel: Channel, category: Category) -> Option<&Consent> {
    consents.iter().find(|consent| consent.category == category && consent.stands_on(channel))
}

/// Whether the number is one that the channel cannot reach at all.
fn out_of_reach(reason: SkipReason) -> bool {
    match reason {
        SkipReason::NoPhone | SkipReason::InvalidPhone | SkipReason::Landline => true,
        SkipReason::Duplicate
        | SkipReason::Suppressed
        | SkipReason::NoConsent
        | SkipReason::BadValue
        | SkipReason::NotRegistered
        | SkipReason::ReachedBefore
        | SkipReason::PersonCap
        | SkipReason::LadderCap => false,
    }
}

/// What every channel can do for them, and what it last proved.
pub(super) fn reach_card(member: &Member, story: &Story, groups: &[GroupMembership]) -> Card {
    let mut all = vec![number(member, story), email(story)];
    all.extend(Channel::to_people().map(|channel| by(story, channel, &member.organization.zone, member.now)));
    all.extend(in_groups(groups, &member.organization.zone, member.now));
    Card::new("reach", format!("How to reach {}", person::first_name(story)), lines(&all))
}

fn number(member: &Member, story: &Story) -> Line {
    let place = story.registrations.first();
    let mut others: Vec<String> =
        story.registrations.iter().flat_map(|one| one.other_phones.split_whitespace().map(phone)).collect();
    others.sort();
    others.dedup();
    Line {
        label: "Number".into(),
        value: html! { (phone(&story.phone)) },
        sub: if others.is_empty() { String::new() } else { format!("Also in a file: {}", others.join(", ")) },
        action: place.and_then(|place| correct::link(member, place.workshop, place.registrant)),
    }
}

fn email(story: &Story) -> Line {
    let none = story.email.is_empty();
    Line {
        label: "E-mail".into(),
        value: html! { @if none { "None" } @else { (story.email) } },
        sub: if none { String::new() } else { "Nothing is sent there".into() },
        action: None,
    }
}

fn by(story: &Story, channel: Channel, zone: &Zone, now: Millis) -> Line {
    let (word, sub) = match barred(story, channel, Category::Utility).filter(|reason| out_of_reach(*reason)) {
        Some(reason) => {
            let words = reasons::excluded(reason);
            ("Not on this number", format!("{}. {}", words.title, words.note))
        }
        None => proven(story, channel, zone, now),
    };
    Line { label: channel.title().into(), value: html! { (word) }, sub, action: None }
}

/// What the newest messages on a channel prove of it, in a word and a sentence.
fn proven(story: &Story, channel: Channel, zone: &Zone, now: Millis) -> (&'static str, String) {
    let mut own: Vec<&PersonMessage> = story.messages.iter().filter(|one| one.channel == channel).collect();
    own.sort_by_key(|one| std::cmp::Reverse(one.changed_at));
    let reached = own.iter().find_map(|one| {
        let verb = match (one.state, channel.rules().medium) {
            (MessageState::Read, _) => "Read",
            (MessageState::Delivered, Medium::Call) => "Heard",
            (MessageState::Delivered, Medium::WhatsApp | Medium::Texts) => "Delivered",
            (
                MessageState::Waiting
                | MessageState::InFlight
                | MessageState::Sent
                | MessageState::Failed
                | MessageState::Skipped
                | MessageState::Expired
                | MessageState::Cancelled
                | MessageState::Unknown,
                _,
            ) => return None,
        };
        Some((one.changed_at, format!("{verb} {}", zone.moment(one.changed_at, now))))
    });
    let refused = own.iter().find_map(|one| Some((one.changed_at, refusal(one)?)));
    let handed = own.iter().find(|one| one.state == MessageState::Sent);
    match (reached, refused, handed) {
        (Some((at, words)), Some((later, why)), _) if later > at => {
            ("Not the last time", format!("{why}, {}. {words}", zone.moment(later, now)))
        }
        (Some((_, words)), _, _) => ("Yes", words),
        (None, Some((at, why)), _) => ("Not reached", format!("{why}, {}", zone.moment(at, now))),
        (None, None, Some(one)) => {
            ("Not proven", format!("Handed over {}, no receipt", zone.moment(one.changed_at, now)))
        }
        (None, None, None) => ("Not tried", "Nothing went out to this number yet".into()),
    }
}

/// Why a message failed for this person, where it says something about them and not about the account.
fn refusal(message: &PersonMessage) -> Option<&'static str> {
    match (message.state, &message.reason) {
        (MessageState::Failed, Reason::Provider(code)) => {
            providers::codes::meaning(code).filter(|of| of.class == Class::Recipient).map(|of| of.title)
        }
        _ => None,
    }
}

fn in_groups(groups: &[GroupMembership], zone: &Zone, now: Millis) -> Option<Line> {
    let inside: Vec<&str> =
        groups.iter().filter(|one| one.left_at.is_none()).map(|one| one.group.as_str()).collect();
    let left = groups.iter().filter_map(|one| Some((one.left_at?, &one.group))).max_by_key(|(at, _)| *at);
    let sub = left.map(|(at, group)| format!("Left {group}, {}", zone.date(at, now))).unwrap_or_default();
    if groups.is_empty() {
        return None;
    }
    let more = inside.len().saturating_sub(GROUPS_NAMED);
    let named = inside[..inside.len() - more].join(", ");
    let words = match (inside.len(), more) {
        (0, _) => "In none".to_owned(),
        (_, 0) => named,
        (_, more) => format!("{named} and {}", counted(more, "more", "more")),
    };
    Some(Line { label: Channel::WhatsappGroup.title().into(), value: html! { (words) }, sub, action: None })
}

/// What they may be sent by which channels, and every opt-out that stands.
pub(super) fn allowed_card(member: &Member, story: &Story) -> Card {
    let mut all = vec![kind(member, story, Category::Utility), kind(member, story, Category::Marketing)];
    all.extend(story.suppressions.iter().map(|entry| opted_out(member, entry)));
    let card = Card::new("allowed", "May be sent", lines(&all));
    match member.may(Permission::Manage) {
        true => card.aside(person_opt_out::action(story.lead).small()),
        false => card,
    }
}

fn kind(member: &Member, story: &Story, category: Category) -> Line {
    let words = match category {
        Category::Utility => "workshop messages",
        Category::Marketing => "promotions",
        Category::Authentication => "codes",
    };
    let each: Vec<(Channel, Option<SkipReason>)> =
        Channel::to_people().map(|channel| (channel, barred(story, channel, category))).collect();
    let open: Vec<Channel> =
        each.iter().filter(|(_, barred)| barred.is_none()).map(|(channel, _)| *channel).collect();
    let wished_away = each.iter().filter_map(|(_, barred)| *barred).any(|reason| !out_of_reach(reason));
    let (tone, icon, word) = match open.is_empty() {
        true => (Tone::Rest, Icon::Skip, format!("No {words}")),
        false => (Tone::Done, Icon::Ok, capital(words)),
    };
    let by = open.iter().map(|channel| channel.title()).collect::<Vec<_>>().join(", ");
    let why = match (open.first(), category) {
        (Some(channel), Category::Marketing) => {
            let agreed = agreement(&story.consents, *channel, category);
            let zone = &member.organization.zone;
            agreed.map(|one| format!("Agreed {}: {}", zone.date(one.given_at, member.now), one.source))
        }
        (Some(_), Category::Utility | Category::Authentication) => {
            Some("Follow from the registration".into())
        }
        (None, _) => {
            let reason = each.iter().filter_map(|(_, barred)| *barred).find(|one| !out_of_reach(*one));
            reason.or(each.first().and_then(|(_, barred)| *barred)).map(|reason| match reason {
                SkipReason::NoConsent => "No agreement is recorded".to_owned(),
                other => reasons::excluded(other).title.to_owned(),
            })
        }
    };
    let mut sub = why.unwrap_or_default();
    if !open.is_empty() && wished_away {
        sub = format!("Only by {by}. {sub}");
    }
    Line { label: String::new(), value: Chip { tone, icon, word }.render(), sub, action: None }
}

/// Who asked for an opt-out, when and how, and the way to lift it.
fn opted_out(member: &Member, entry: &Suppression) -> Line {
    let zone = &member.organization.zone;
    let by = if entry.created_by.is_empty() { "themselves" } else { &entry.created_by };
    let since = format!("{}, {}", zone.date(entry.created_at, member.now), zone.time(entry.created_at));
    Line {
        label: String::new(),
        value: html! { "Opted out of " (what_for(entry.channel, entry.category)) "." },
        sub: format!("Since {since}, entered by {by}: “{}”", entry.reason.trim_end_matches('.')),
        action: Some(if member.may(Permission::Manage) {
            Button::link("Allow again", format!("/people/opted-out/{}/remove", entry.id)).small()
        } else {
            Button::link("Opted out", "/people/opted-out").small()
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{BroadcastId, LeadId, MessageRef, WorkshopId},
        money::Money,
        told::Purpose,
    };

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn story(number: &str) -> Story {
        Story {
            lead: LeadId::new(NOW),
            name: "Priya Nair".into(),
            email: String::new(),
            phone: number.into(),
            created_at: NOW,
            registrations: vec![],
            messages: vec![],
            suppressions: vec![],
            lifted: vec![],
            consents: vec![],
            opted_out_at: None,
            corrections: vec![],
            to_former: vec![],
        }
    }

    fn message(state: MessageState, reason: &str, minutes_ago: i64) -> PersonMessage {
        PersonMessage {
            message: MessageRef { broadcast: BroadcastId::new(NOW), position: 1 },
            broadcast_title: "Join link".into(),
            channel: Channel::WhatsappPersonal,
            purpose: Purpose::stored("reminder".into()),
            workshop: WorkshopId::new(NOW),
            workshop_title: "Excel".into(),
            state,
            reason: Reason::from(reason),
            reason_text: String::new(),
            changed_at: NOW.plus(-minutes_ago * 60_000),
            unit_price: Money(0),
            calls: vec![],
        }
    }

    #[track_caller]
    fn check(
        number: &str,
        channel: Channel,
        messages: &[(MessageState, &str, i64)],
        word: &str,
        words: &str,
    ) {
        let messages = messages.iter().map(|(state, reason, ago)| message(*state, reason, *ago)).collect();
        let line =
            by(&Story { messages, ..story(number) }, channel, &Zone::parse("Asia/Kolkata").unwrap(), NOW);
        let value = line.value.into_string();
        assert!(value == word && line.sub.contains(words), "{value}: {}", line.sub);
    }

    #[test]
    fn a_channel_is_said_to_reach_somebody_by_what_its_newest_messages_prove() {
        use MessageState::{Delivered, Failed, Read, Sent, Waiting};
        let on_whatsapp = |messages, word, words| {
            check("+919000000051", Channel::WhatsappPersonal, messages, word, words);
        };
        on_whatsapp(&[], "Not tried", "Nothing went out");
        on_whatsapp(&[(Waiting, "", 1)], "Not tried", "Nothing went out");
        on_whatsapp(&[(Sent, "", 1)], "Not proven", "Handed over");
        on_whatsapp(&[(Sent, "", 1), (Read, "", 9)], "Yes", "Read");
        on_whatsapp(&[(Delivered, "", 1), (Failed, "131026", 9)], "Yes", "Delivered");
        on_whatsapp(&[(Failed, "131026", 1)], "Not reached", "Not on WhatsApp");
        on_whatsapp(&[(Failed, "131026", 1), (Read, "", 9)], "Not the last time", "Not on WhatsApp");
        // An empty wallet says nothing of the person.
        on_whatsapp(&[(Failed, "http_402", 1)], "Not tried", "Nothing went out");
    }

    #[test]
    fn a_number_that_a_channel_does_not_reach_is_not_offered_there() {
        for channel in [Channel::WhatsappPersonal, Channel::Sms] {
            check("+912224567890", channel, &[], "Not on this number", "Landline");
        }
        check("+912224567890", Channel::IvrCall, &[], "Not tried", "Nothing went out");
        check("+447911123456", Channel::Sms, &[], "Not on this number", "Number cannot be reached");
    }
}
