//! What needs a person now, in a sentence and what stands behind it. The same in the strip, in the menu's page and in what goes out by e-mail
//! or to a phone.

use domain::{
    attention::{AboutBroadcast, Matter},
    sequence::{RowState, WhyNot},
    time::{Millis, Zone},
};

use super::steps;
use crate::ui::format::{counted, grouped, relative, rupees};

/// What the sentences name besides the matter itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The organisation's zone, in which times are written.
    pub zone: &'a Zone,
    /// The present moment.
    pub now: Millis,
    /// The vendor of the account that the matter is about; empty where it is about none.
    pub provider: &'a str,
    /// Why a broadcast is paused, in a few words.
    pub cause: &'a str,
    /// What helps against it; empty where nothing is known.
    pub help: &'a str,
}

/// A matter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The matter in one sentence.
    pub title: String,
    /// What it is about, without the name that is a link before it.
    pub why: String,
}

/// The words of a matter.
pub fn matter(matter: &Matter, about: &About<'_>) -> Words {
    let at = |at: Millis| about.zone.moment(at, about.now);
    let ago = |at: Millis| relative(at.0, about.now.0);
    let people = |n: i64, one: &str, many: &str| {
        if n == 1 { format!("1 person {one}") } else { format!("{} {many}", counted(n, "person", "people")) }
    };
    let wait = |n: i64| people(n, "waits", "wait");
    match matter {
        Matter::SendingStopped { by, at: since, waiting } => Words {
            title: format!("All sending is stopped: {}.", wait(*waiting)),
            why: format!("Stopped by {by}, {}. Nothing was lost.", at(*since)),
        },
        Matter::AccountStopped { account, by, at: since, waiting } => Words {
            title: format!("{} is stopped: {}.", account.name, wait(*waiting)),
            why: format!("Stopped by {by}, {}.", at(*since)),
        },
        Matter::Paused { broadcast, by, at: since, waiting, deadline, .. } => {
            let who = if by.is_empty() { "Paused".to_owned() } else { format!("Paused by {by}") };
            let until = if *deadline > about.now {
                format!("Not sent after {}.", at(*deadline))
            } else {
                "Its last useful moment has passed.".to_owned()
            };
            let help = if about.help.is_empty() { String::new() } else { format!(" {}", about.help) };
            Words {
                title: format!("{}: {}.", about.cause, wait(*waiting)),
                why: format!("{}. {who} {}, {}. {until}{help}", of(broadcast), at(*since), ago(*since)),
            }
        }
        Matter::AccountRefused { account, said, waiting } => {
            let title = match waiting {
                0 => format!("{} refuses {}.", about.provider, account.name),
                n => format!("{} refuses {}: {}.", about.provider, account.name, wait(*n)),
            };
            let why = if said.is_empty() {
                "The stored keys cannot be opened. Enter them again.".to_owned()
            } else {
                format!("It says: {}.", said.trim_end_matches('.'))
            };
            Words { title, why }
        }
        Matter::WalletLow { account, balance, needed } => Words {
            title: format!(
                "{} holds {}, and what is planned costs about {}.",
                account.name,
                rupees(balance.0),
                rupees(needed.0)
            ),
            why: format!("Top up {} at {}.", rupees(needed.0 - balance.0), about.provider),
        },
        Matter::Late { broadcast, waiting, starts_at, done_at } => Words {
            title: match *starts_at > about.now {
                true => format!("Late: not everybody has “{}” when the workshop begins.", broadcast.title),
                false => format!("Late: the workshop has begun, and {}.", wait(*waiting)),
            },
            why: format!(
                "{}. {}. It begins {}; the last message goes out about {}.",
                of(broadcast),
                people(*waiting, "is still to go", "are still to go"),
                at(*starts_at),
                at(*done_at)
            ),
        },
        Matter::NotTaking { account, waiting, deadline } => Words {
            title: format!(
                "{} takes nothing from {}: {}.",
                about.provider,
                account.name,
                counted(*waiting, "message waits", "messages wait")
            ),
            why: format!(
                "They are tried again every few minutes until {}. Nobody gets one twice.",
                at(*deadline)
            ),
        },
        Matter::AccountNotReady { account, waiting, deadline } => Words {
            title: format!(
                "{} cannot post: {}.",
                account.name,
                if *waiting == 1 {
                    "1 group waits".to_owned()
                } else {
                    format!("{} groups wait", grouped(*waiting))
                }
            ),
            why: format!("Link its phone again, or look at it. Not posted after {}.", at(*deadline)),
        },
        Matter::PostDue { broadcast, asked, waiting, deadline } => Words {
            title: format!("Post by hand in {}: {asked} was asked.", counted(*waiting, "group", "groups")),
            why: format!("{}. Not posted after {}.", of(broadcast), at(*deadline)),
        },
        Matter::Unknown { broadcast, n } => Words {
            title: format!("{} unknown to settle.", grouped(*n)),
            why: format!(
                "{}. {} did not say whether {}.",
                of(broadcast),
                about.provider,
                if *n == 1 { "this message went out" } else { "these messages went out" }
            ),
        },
        Matter::ReceiptsSilent { account, handed_over, since } => Words {
            title: format!("No receipts from {}.", account.name),
            why: format!(
                "{} handed over since {}, and none reported. Look at the webhook at {}.",
                counted(*handed_over, "message", "messages"),
                at(*since),
                about.provider
            ),
        },
        Matter::OldTime { workshop_title, told, starts_at, n, .. } => Words {
            title: format!("{} told an old time.", counted(*n, "person was", "people were")),
            why: format!(
                "{workshop_title} starts {}; they were told {}, and nothing since.",
                at(*starts_at),
                at(*told)
            ),
        },
        Matter::Kept { workshop_title, n, .. } => Words {
            title: format!("{} could not be read.", counted(*n, "registration", "registrations")),
            why: format!(
                "They came by the webhook of “{workshop_title}”, and nobody of them is told anything. Correct them, or leave them out."
            ),
        },
        Matter::Step { name, workshop_title, due, until, why, said, state, .. } => {
            let when = due.map_or_else(String::new, |due| format!(", due {}", at(due)));
            let (cause, note) = (steps::cause(*why, said), steps::why_not(*why).note);
            let said = if said.is_empty() || *why == steps::VALUE_MISSING {
                String::new()
            } else {
                format!(" It says: {}.", said.trim_end_matches('.'))
            };
            Words {
                title: match (state, due, why) {
                    (RowState::Broadcast, ..) | (RowState::Planned, None, _) => {
                        format!("Step “{name}” reaches nobody who registers now: {cause}.")
                    }
                    (RowState::Planned, Some(_), _) => format!("Step “{name}” will not go: {cause}."),
                    (_, _, WhyNot::Nothing) => format!("Step “{name}” was missed: nothing ran in its time."),
                    _ => format!("Step “{name}” did not go: {cause}."),
                },
                why: format!("{workshop_title}{when}. {note}{said} Of use until {}.", at(*until)),
            }
        }
        Matter::NotUnderstood { n } => Words {
            title: format!("{} of providers could not be read.", counted(*n, "post", "posts")),
            why: "What they told is counted nowhere.".to_owned(),
        },
    }
}

/// After the broadcast's name: on which channel, for which workshop.
fn of(broadcast: &AboutBroadcast) -> String {
    format!("{}, for {}", broadcast.channel.title(), broadcast.workshop_title)
}

/// The matter in a few words, for a message to a phone: as long as a value of an SMS may be.
pub fn short(matter: &Matter) -> String {
    let words = match matter {
        Matter::SendingStopped { .. } => "All sending is stopped".to_owned(),
        Matter::AccountStopped { account, .. } => format!("Stopped: {}", account.name),
        Matter::Paused { broadcast, .. } => format!("Paused: {}", broadcast.title),
        Matter::AccountRefused { account, .. } => format!("Refused: {}", account.name),
        Matter::WalletLow { account, .. } => format!("Low credit: {}", account.name),
        Matter::Late { broadcast, .. } => format!("Late: {}", broadcast.title),
        Matter::NotTaking { account, .. } => format!("Takes nothing: {}", account.name),
        Matter::AccountNotReady { account, .. } => format!("Not linked: {}", account.name),
        Matter::PostDue { broadcast, .. } => format!("Post now: {}", broadcast.title),
        Matter::Unknown { .. } => "Unknown messages to settle".to_owned(),
        Matter::ReceiptsSilent { account, .. } => format!("No receipts: {}", account.name),
        Matter::Step { name, state: RowState::Planned | RowState::Broadcast, .. } => {
            format!("Step at risk: {name}")
        }
        Matter::Step { name, .. } => format!("Step did not go: {name}"),
        Matter::NotUnderstood { .. } => "Posts that cannot be read".to_owned(),
        Matter::OldTime { workshop_title, .. } => format!("Old time: {workshop_title}"),
        Matter::Kept { .. } => "Registrations to correct".to_owned(),
    };
    if words.chars().count() <= SHORT_MAX {
        return words;
    }
    let cut: String = words.chars().take(SHORT_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Most characters of a value in an Indian SMS.
const SHORT_MAX: usize = 30;

/// What stands on the button of a matter, with its number.
pub fn button(matter: &Matter) -> String {
    match matter {
        Matter::SendingStopped { waiting, .. } | Matter::AccountStopped { waiting, .. } => {
            format!("Release ({})", grouped(*waiting))
        }
        Matter::Paused { waiting, why, .. } if is_moved(why) => {
            format!("Cancel and write again ({})", grouped(*waiting))
        }
        Matter::Paused { waiting, .. } => format!("Resume ({})", grouped(*waiting)),
        Matter::AccountRefused { .. } | Matter::NotTaking { .. } => "Look at the account".to_owned(),
        Matter::WalletLow { .. } => "Look at the account".to_owned(),
        Matter::Late { waiting, .. } => format!("Open ({})", grouped(*waiting)),
        Matter::AccountNotReady { .. } => "Look at the account".to_owned(),
        Matter::PostDue { waiting, .. } => format!("Post by hand ({})", grouped(*waiting)),
        Matter::Unknown { n, .. } => format!("Settle ({})", grouped(*n)),
        Matter::ReceiptsSilent { .. } => "Look at the webhook".to_owned(),
        Matter::Step { why, state, .. } if asks_for_value(*why, *state) => "Enter what is missing".to_owned(),
        Matter::Step { .. } => "Look at the plan".to_owned(),
        Matter::OldTime { n, .. } => format!("Tell the new time ({})", grouped(*n)),
        Matter::NotUnderstood { n } | Matter::Kept { n, .. } => format!("Look at them ({})", grouped(*n)),
    }
}

/// Whether a step lacks a value that is asked for on its plan. Of one that was missed it is asked for no more.
pub fn asks_for_value(why: WhyNot, state: RowState) -> bool {
    why == steps::VALUE_MISSING && state != RowState::Missed
}

/// Whether a broadcast stands still because it would tell the old time: going on would be the wrong thing to do.
pub fn is_moved(why: &domain::reason::Reason) -> bool {
    use domain::reason::{OwnReason, Reason};
    *why == Reason::Ours(OwnReason::WorkshopMoved)
}
