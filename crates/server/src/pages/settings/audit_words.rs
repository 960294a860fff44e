//! The audit log in words: what was done, and the numbers that explain it.

use domain::{
    channel::{Category, Channel, Tariff},
    message::MessageState,
    money::Money,
    reason::Reason,
    role::Role,
    time::Millis,
    workshop::RegistrantStatus,
};

use crate::{
    http::extract::Member,
    ui::{
        format::{capital, counted, unit_price},
        words::reasons,
    },
};

/// Actions of the store, and the words for them.
const WORDS: &[(&str, &str)] = &[
    ("integration.connected", "Connected an account"),
    ("integration.changed", "Changed an account"),
    ("integration.secrets_replaced", "Replaced an account’s keys"),
    ("integration.stopped", "Stopped an account"),
    ("integration.released", "Released an account"),
    ("integration.removed", "Removed an account"),
    ("integration.default", "Chose a channel’s account"),
    ("price.changed", "Set a price"),
    ("template.added", "Added a template"),
    ("template.changed", "Changed a template"),
    ("template.removed", "Removed a template"),
    ("broadcast.confirmed", "Confirmed a broadcast"),
    ("broadcast.sent_again", "Sent failed messages again"),
    ("broadcast.exported", "Exported a broadcast’s messages"),
    ("message.decided", "Decided about an unknown message"),
    ("workshop.added", "Added a workshop"),
    ("workshop.edited", "Changed a workshop"),
    ("workshop.variables", "Changed values of a workshop"),
    ("workshop.cancelled", "Cancelled a workshop"),
    ("registrant.added", "Added a registrant"),
    ("registrant.status", "Changed a registration"),
    ("registrants.exported", "Exported a workshop’s registrants"),
    ("members.exported", "Exported who is in a workshop’s groups"),
    ("post.edited", "Changed a post in its group"),
    ("post.deleted", "Deleted a post for everyone"),
    ("group.members_synced", "Read the members of a group"),
    ("group.named", "Named a group"),
    ("group.changed", "Changed a group"),
    ("group.removed", "Removed a group"),
    ("account.risk_accepted", "Accepted the risk of a linked phone"),
    ("groups.synced", "Read an account’s groups"),
    ("workshop.groups", "Chose a workshop’s groups"),
    ("import.uploaded", "Uploaded a file"),
    ("import.words", "Said what words of a file mean"),
    ("import.started", "Started an import"),
    ("import.committed", "Finished an import"),
    ("import.undone", "Undid an import"),
    ("suppression.added", "Added a suppression"),
    ("suppression.removed", "Removed a suppression"),
    ("suppressions.exported", "Exported the opted-out list"),
    ("person.erased", "Erased a person"),
    ("person.exported", "Downloaded what is kept about a person"),
    ("retention.changed", "Changed how long people are kept"),
    ("registrant.corrected", "Corrected a registration"),
    ("retention.erased", "Erased the people of a workshop"),
    ("tag.added", "Added a tag"),
    ("tag.changed", "Changed a tag"),
    ("tag.removed", "Removed a tag"),
    ("tag.default", "Chose the tag of new workshops"),
    ("tag.sequence", "Chose a tag’s sequence"),
    ("tag.described", "Said what a tag is for"),
    ("sequence.added", "Added a sequence"),
    ("sequence.changed", "Changed a sequence"),
    ("sequence.removed", "Removed a sequence"),
    ("plan.written", "Ran a sequence"),
    ("plan.followed", "Let a plan follow its sequence"),
    ("plan.cancelled", "Cancelled a plan"),
    ("plan.step_cancelled", "Cancelled a step"),
    ("plan.step_put_back", "Put a step back"),
    ("plan.rehearsed", "Rehearsed a plan"),
    ("plan.account", "Chose a workshop’s account"),
    ("plan.step_skipped", "Left a step out"),
    ("plan.step_tried_again", "Tried a step again"),
    ("broadcast.paused", "Paused a broadcast"),
    ("broadcast.resumed", "Resumed a broadcast"),
    ("broadcast.cancelled", "Cancelled a broadcast"),
    ("broadcast.looked_up", "Asked the provider about unknown messages"),
    ("template.purpose", "Said what a template is for"),
    ("integration.test_message", "Sent a test message"),
    ("consent.recorded", "Recorded an agreement"),
    ("consent.withdrawn", "Recorded that an agreement was taken back"),
    ("attendance.taken", "Took over who attended"),
    ("attendance.removed", "Removed a report of who attended"),
    ("link.added", "Added a link"),
    ("link.changed", "Changed where a link leads"),
    ("link.removed", "Removed a link"),
    ("recording.added", "Added a recording"),
    ("recording.renamed", "Renamed a recording"),
    ("recording.removed", "Removed a recording"),
    ("webhook.made", "Made a webhook’s address"),
    ("webhook.removed", "Removed a webhook"),
    ("posts.seen", "Looked at posts that could not be read"),
    ("organisation.stopped", "Stopped all sending"),
    ("organisation.released", "Released all sending"),
    ("alerts.changed", "Changed who gets alerts"),
    ("alert.raised", "Told what needs a person"),
    ("alert.sent", "Sent an alert"),
    ("alert.failed", "Could not send an alert"),
    ("alert.unknown", "Does not know whether an alert went out"),
    ("alert.tested", "Tested an alert"),
    ("member.invited", "Invited a person"),
    ("member.invitation_revoked", "Took back an invitation"),
    ("member.joined", "Joined"),
    ("member.role", "Changed a role"),
    ("member.removed", "Removed a member"),
    ("organisation.created", "Created the organisation"),
    ("organisation.changed", "Changed the organisation"),
];

/// Numbers of a detail: the word before the sign, and the words for one and for several.
const NUMBERS: &[(&str, &str, &str)] = &[
    ("broadcasts", "broadcast ended", "broadcasts ended"),
    ("stopped", "broadcast stopped", "broadcasts stopped"),
    ("deleted", "registration removed", "registrations removed"),
    ("kept", "stays", "stay"),
    ("leads", "person removed", "people removed"),
    ("registrations", "registration", "registrations"),
    ("messages", "message", "messages"),
    ("messages_skipped", "waiting message skipped", "waiting messages skipped"),
    ("attended", "registrant attended", "registrants attended"),
    ("new", "new entry", "new entries"),
    ("words", "word", "words"),
    ("workshops", "workshop had it", "workshops had it"),
    ("unknown", "unknown message", "unknown messages"),
    ("days", "day after the workshop", "days after the workshop"),
    ("steps", "step", "steps"),
];

/// Actions whose detail is a number alone, and what it counts.
const COUNTS: &[(&str, &str, &str)] = &[
    ("group.members_synced", "member", "members"),
    ("groups.synced", "group", "groups"),
    ("workshop.groups", "group", "groups"),
];

/// `broadcast.paused_by_person` reads "Broadcast: paused by person" where no better words are known.
pub(super) fn words(action: &str) -> String {
    if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == action) {
        return (*words).to_owned();
    }
    let (thing, what) = action.split_once('.').unwrap_or(("", action));
    let plain = format!("{}: {}", thing.replace('_', " "), what.replace('_', " "));
    capital(plain.trim_start_matches(": "))
}

/// The numbers and words of an entry as people read them.
pub(super) fn detail(action: &str, text: &str, member: &Member) -> String {
    match action {
        "template.added" | "broadcast.confirmed" | "consent.recorded" => channel(text),
        "alert.sent" | "alert.failed" | "alert.unknown" | "alert.tested" => way(text).to_owned(),
        "member.role" | "member.invited" => text.parse::<Role>().map_or_else(|_| text.to_owned(), role),
        "message.decided" => match text.parse() {
            Ok(MessageState::Sent) => "It went out".to_owned(),
            Ok(_) => "It did not go out".to_owned(),
            Err(_) => text.to_owned(),
        },
        "broadcast.sent_again" => sent_again(text),
        "price.changed" => price(text),
        "workshop.edited" => edited(text, member),
        "integration.test_message" => {
            if text == "accepted" { "The provider took it" } else { "The provider did not take it" }
                .to_owned()
        }
        "suppression.removed" => match text {
            "person" => "They had asked for it themselves",
            "link" => "They had used the link in a message",
            "import" => "It came from a file",
            _ => "It was entered by hand",
        }
        .to_owned(),
        "integration.connected" => {
            providers::registry::vendor(text).map_or(text, |one| one.name()).to_owned()
        }
        "template.purpose" => domain::told::Purpose::stored(text.to_owned()).title(),
        "registrant.corrected" => text.replace("email", "e-mail").replace(' ', ", "),
        _ => match (COUNTS.iter().find(|(known, ..)| *known == action), text.parse::<i64>()) {
            (Some((_, one, many)), Ok(n)) => counted(n, one, many),
            _ => numbers(text),
        },
    }
}

fn channel(word: &str) -> String {
    match word {
        "all" => "Every channel".to_owned(),
        word => {
            word.parse::<Channel>().map_or_else(|_| word.to_owned(), |channel| channel.title().to_owned())
        }
    }
}

fn way(word: &str) -> &str {
    match word {
        "mail" => "By e-mail",
        "webhook" => "By webhook",
        "whatsapp" => "By WhatsApp",
        "sms" => "By SMS",
        other => other,
    }
}

fn role(role: Role) -> String {
    format!("As {}", role.title().to_lowercase())
}

/// `2 131026` reads "2 · Not on WhatsApp".
fn sent_again(text: &str) -> String {
    let Some((n, code)) = text.split_once(' ') else { return text.to_owned() };
    let title = match Reason::from(code) {
        Reason::Ours(own) => reasons::own(own).title.to_owned(),
        Reason::Excluded(skip) => reasons::excluded(skip).title.to_owned(),
        Reason::None => return n.to_owned(),
        Reason::Provider(code) => {
            providers::codes::meaning(&code).map_or_else(|| format!("Code {code}"), |m| m.title.to_owned())
        }
    };
    format!("{n} · {title}")
}

/// `utility 2500`, the price in 1/10,000 rupee.
fn price(text: &str) -> String {
    let read = text.split_once(' ').and_then(|(tariff, price)| {
        let tariff: Tariff = tariff.parse().ok()?;
        let price = price.parse().ok().map(Money).or_else(|| Money::parse(price).ok())?;
        Some(format!("{}: {}", tariff_title(tariff), unit_price(price.0)))
    });
    read.unwrap_or_else(|| text.to_owned())
}

fn tariff_title(tariff: Tariff) -> String {
    let category = match tariff {
        Tariff::Utility => Some(Category::Utility),
        Tariff::Marketing => Some(Category::Marketing),
        Tariff::Authentication => Some(Category::Authentication),
        _ => None,
    };
    category.map_or_else(|| tariff.word().to_owned(), |one| super::prices::category_title(one).to_owned())
}

/// `starts_at=… ends_at=… stopped=1`: when it starts now, and what stood still for it.
fn edited(text: &str, member: &Member) -> String {
    let value = |name: &str| -> Option<i64> {
        text.split(' ').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let starts = value("starts_at").map(|at| {
        let (zone, at) = (&member.organization.zone, Millis(at));
        format!("Starts {}, {}", zone.date(at, member.now), zone.time(at))
    });
    let stopped =
        value("stopped").filter(|n| *n > 0).map(|n| counted(n, "broadcast stopped", "broadcasts stopped"));
    let parts: Vec<String> = starts.into_iter().chain(stopped).collect();
    if parts.is_empty() { text.to_owned() } else { parts.join(" · ") }
}

/// `deleted=51 kept=0` reads "51 registrations removed". Zeros are left out. Values that are no numbers stay, in words
/// where there are any.
fn numbers(text: &str) -> String {
    let part =
        |part: &str| -> Option<String> {
            let Some((name, value)) = part.split_once('=') else {
                let status = part.parse::<RegistrantStatus>().ok();
                return Some(status.map_or_else(
                    || part.to_owned(),
                    |one| crate::pages::workshop::status_word(one).to_owned(),
                ));
            };
            let n: i64 = value.parse().ok()?;
            let known = NUMBERS.iter().find(|(known, _, _)| *known == name);
            match (n, known) {
                (0, _) => None,
                (n, Some((_, one, many))) => Some(counted(n, one, many)),
                (n, None) => Some(format!("{} {n}", capital(&name.replace('_', " ")))),
            }
        };
    if !text.contains('=') {
        return text.to_owned();
    }
    text.split(' ').filter_map(part).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_words_of_its_own_can_still_be_read() {
        assert_eq!(words("integration.stopped"), "Stopped an account");
        assert_eq!(words("broadcast.paused_by_person"), "Broadcast: paused by person");
        assert_eq!(words("odd"), "Odd");
        assert_eq!(words(""), "");
    }

    #[test]
    fn numbers_are_read_as_words_and_nothing_is_said_about_zero() {
        assert_eq!(numbers("deleted=51 kept=0 leads=1"), "51 registrations removed · 1 person removed");
        assert_eq!(numbers("cancelled messages_skipped=2"), "Cancelled · 2 waiting messages skipped");
        assert_eq!(numbers("those of a filter"), "those of a filter");
        assert_eq!(numbers("version=2 steps=1"), "Version 2 · 1 step");
        assert_eq!(sent_again("2 131026"), "2 · Not on WhatsApp");
        assert_eq!(price("utility 0.25"), "Utility: ₹0.25");
        assert_eq!(channel("sms"), "SMS");
    }
}
