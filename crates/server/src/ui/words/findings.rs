//! What the checks before sending found, in a title and a sentence. The same on the page and on the command line.

use domain::{
    channel::Category,
    checks::{Among, Finding, NoRecipients},
    message::SkipReason,
    sending_hours::{AfterHours, OpenHours},
    template::ValueError,
    time::{Millis, Zone},
    variable::VariableName,
};

use super::{calls, reasons};
use crate::ui::format::{counted, grouped, relative, unit_price};

/// What the sentences name besides the finding itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The organisation's zone, in which times are written.
    pub zone: &'a Zone,
    /// The present moment.
    pub now: Millis,
    /// The provider's name.
    pub provider: &'a str,
    /// The account's name.
    pub account: &'a str,
    /// The kind of message, in the words that people use for that channel.
    pub kind: &'a str,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The fact that was found, in a few words.
    pub title: String,
    /// Why it matters and what to do; empty where there is nothing to do.
    pub why: String,
}

fn words(title: impl Into<String>, why: impl Into<String>) -> Words {
    Words { title: title.into(), why: why.into() }
}

fn in_a_row(names: &[VariableName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A finding in words.
pub fn finding(finding: &Finding, about: &About<'_>) -> Words {
    let provider = about.provider;
    let at = |at: &Millis| about.zone.moment(*at, about.now);
    let ago = |at: &Millis| relative(at.0, about.now.0);
    match finding {
        Finding::SomebodyReached => words("Somebody gets it", ""),
        Finding::NobodyReached(nobody) => words("Nobody would get it", why_nobody(*nobody)),
        Finding::Excluded { reason, n } => excluded(*reason, *n),
        Finding::WithoutName { n } => {
            words(counted(*n, "name is missing", "names are missing"), "They read the fallback that you set.")
        }
        Finding::ValueRefused { error, n, names, listed: _, among } => refused(error, *n, names, *among),
        Finding::OutOfReach { n, among } => words(
            format!(
                "{}{}",
                counted(*n, "number is outside India", "numbers are outside India"),
                first(*among)
            ),
            format!("{provider} reaches Indian mobiles only. They are left out; write to them on WhatsApp."),
        ),
        Finding::ValueWithoutSource { placeholders, mapped } => words(
            "A value has no source",
            format!(
                "The text has {placeholders} placeholders, the template maps {mapped}. Edit the template."
            ),
        ),
        Finding::ValueForNobody { error } => words(
            "Nobody would get a whole message",
            format!("{error}. Choose another source, or enter a text."),
        ),
        Finding::NoJoinLink => {
            words("The workshop has no join link", "The template needs it. Enter it on the workshop.")
        }
        Finding::VariablesMissing { names } => words(
            format!("{} {} not entered", in_a_row(names), if names.len() == 1 { "is" } else { "are" }),
            "The message names it, and this workshop has no value for it. Enter it on this page.",
        ),
        Finding::JoinLinkNoAddress => words(
            "The join link is no web address",
            "It has to begin with https://. Correct it on the workshop.",
        ),
        Finding::CampaignRefused { words: said } => words(
            format!("{provider} refuses this campaign"),
            format!("It says: {}. Check the campaign name and the key.", bare(said)),
        ),
        Finding::AccountRefused { words: said } => words(
            format!("{provider} refuses this account"),
            format!("It says: {}. Check the key under Settings, Integrations.", bare(said)),
        ),
        Finding::ProviderSilent { words: said } => words(
            format!("{provider} could not be asked"),
            format!("{}. It is asked again before the first message.", bare(said)),
        ),
        Finding::ProviderAnswers => words(format!("{provider} answers"), ""),
        Finding::CampaignLive => words("The campaign is live", ""),
        Finding::CampaignNotLive => {
            words("The campaign is not live", format!("Set it live in {provider}, then check again."))
        }
        Finding::ValuesFit => words("The number of values fits", ""),
        Finding::ValuesDiffer { wanted, mapped, registered } => {
            let who =
                if *registered { "The registered text has".to_owned() } else { format!("{provider} wants") };
            words(
                "The number of values differs",
                format!("{who} {wanted}, the template maps {mapped}. Edit the template."),
            )
        }
        Finding::MediaMissing => words(
            "The campaign wants media",
            "Give the template the address of a picture, video or document.",
        ),
        Finding::TemplateProblem(problem) => {
            words(problem.to_string(), "Edit the template under Settings, Templates.")
        }
        Finding::TemplateComplete => words("The template has everything that its route needs", ""),
        Finding::ValueWarning { label, about: doubt, n, among } => words(
            format!("“{label}”: {doubt}"),
            format!(
                "For {}{}. It is sent all the same; the operator may refuse it, as it does links that are not on the list of your business.",
                counted(*n, "person", "people"),
                first(*among)
            ),
        ),
        Finding::Unicode { because, n, everybody, among } => {
            let title = if *everybody {
                "The text is Unicode".to_owned()
            } else {
                format!("Unicode for {}{}", counted(*n, "person", "people"), first(*among))
            };
            let why = format!("“{because}” is outside GSM-7: 70 characters fit into one SMS instead of 160.");
            words(title, why)
        }
        Finding::CarriesLink => words(
            "The text carries a link",
            "A link that is not on the list of your business is refused and may be charged all the same.",
        ),
        Finding::NearMisses { spellings } => near_misses(spellings),
        Finding::AdjacentPlaces => adjacent_places(),
        Finding::Segments { least, most, among } => segments(*least, *most, *among),
        Finding::UsualPrice { unit } => {
            words(format!("Priced at {provider}’s usual {} ({})", unit_price(unit.0), about.kind), "")
        }
        Finding::WorkshopAhead => words("The workshop lies ahead", ""),
        Finding::WorkshopBegun => words("The workshop has begun", "Make sure that the text still fits."),
        Finding::WorkshopOver => {
            words("The workshop is over", "Make sure that the text is about the time after it.")
        }
        Finding::WorkshopCancelled => words(
            "The workshop is cancelled",
            "Only a template for “Cancelled” can go to its people. Choose one, or another workshop.",
        ),
        Finding::TimeUnreadable => {
            words("A time has to be chosen again", "Enter day and time under “When”: it says what is wrong.")
        }
        Finding::InTime => words("It is done in time", ""),
        Finding::StartsTooLate => {
            words("It would start after its last useful moment", "Choose an earlier time.")
        }
        Finding::EndsTooLate => words(
            "Not everybody would get it in time",
            "What is left at the last useful moment expires. Start earlier, or raise the pace.",
        ),
        Finding::EndsAfterStart => {
            words("It would end after the workshop has begun", "Start earlier, or raise the pace.")
        }
        Finding::OutsideQuietHours => words("Outside your quiet hours", ""),
        Finding::InQuietHours => words(
            "It falls into your quiet hours",
            "People may be asleep. Send it at another time if it can wait.",
        ),
        Finding::FarAhead => words("It is more than a year ahead", "Check the date."),
        Finding::HoursNeverOpen { category, own } => {
            words("The hours leave no moment to send", never_open(*category, *own, about.account))
        }
        Finding::PromotionClosed { opens } => words(
            "Promotion may not be sent at this hour",
            format!(
                "From 9:00 PM to 10:00 AM nobody may be sent promotion. Schedule it for {} or later.",
                at(opens)
            ),
        ),
        Finding::AccountClosed { own, opens, may_wait } => {
            let or_wait = if *may_wait { ", or let it go on when they begin again" } else { "" };
            words(
                "This account may not send at this hour",
                format!(
                    "{} may send from {own} only. Schedule it for {} or later{or_wait}.",
                    about.account,
                    at(opens)
                ),
            )
        }
        Finding::WaitsForAccount { own, opens } => words(
            "It waits for the account’s hours",
            format!("{} may send from {own} only. It begins at {}.", about.account, at(opens)),
        ),
        Finding::WaitsForQuietHours { opens } => {
            words("It waits for the end of your quiet hours", format!("It begins at {}.", at(opens)))
        }
        Finding::HoursEnd { then, opens } => words(
            "Not everybody would get it before the hours end",
            match then {
                AfterHours::Cancel => "The rest is cancelled then.".to_owned(),
                AfterHours::Wait => format!("The rest goes on at {}.", at(opens)),
            },
        ),
        Finding::WithinHours { own: Some(own) } => {
            words(format!("Within the hours in which it may be sent, the account’s {own} among them"), "")
        }
        Finding::WithinHours { own: None } => words("Within the hours in which it may be sent", ""),
        Finding::Gap { title } => words(
            "Two minutes between two SMS to one number",
            format!(
                "“{title}” goes out, or just went. {provider} takes two SMS in a row for spam: whoever got it waits until two minutes have passed."
            ),
        ),
        Finding::SendingStopped { by, at } => words(
            "All sending is stopped",
            format!("{by} stopped it {}. Release it on the operator page before you send.", ago(at)),
        ),
        Finding::AccountStopped { by, at } => words(
            "This account is stopped",
            format!(
                "{} stopped it {}. Release it under Settings, Integrations.",
                by.as_deref().unwrap_or("Somebody"),
                ago(at)
            ),
        ),
        Finding::AccountUnopened { words: why } => words("The account cannot be opened", why),
        Finding::WalletEnough => words("The wallet is enough", ""),
        Finding::WalletLow { balance, cost } => words(
            "The wallet is too low",
            format!(
                "The wallet holds {}, the estimate is {}. Top up before sending.",
                unit_price(balance.0),
                unit_price(cost.0)
            ),
        ),
        Finding::WithinTier => words("Within the tier", ""),
        Finding::OverTier { allowed } => words(
            "More people than the tier allows",
            format!(
                "WhatsApp allows {} people in 24 hours for this number. The rest may be refused.",
                grouped(*allowed)
            ),
        ),
        Finding::OverCeiling { per_day } => words(
            "More messages than the account may send today",
            format!(
                "This account may make {} calls a day. What is left goes out the next day, if its last useful moment allows.",
                grouped(*per_day)
            ),
        ),
        Finding::Script(found) => {
            let (title, why) = calls::finding(found, provider);
            words(title, why)
        }
        Finding::ScriptComplete => words("The script says all that it has to", ""),
        Finding::WrongDay { word, starts_at } => words(
            format!(
                "The text says “{word}”; the workshop is on {}",
                about.zone.moment(*starts_at, about.now)
            ),
            "People would come at the wrong time. Choose another template, or send it on the day.",
        ),
        Finding::SentBefore { title, by, at, n } => words(
            format!("{} of them got this already, or are going to", grouped(*n)),
            format!(
                "{by} confirmed “{title}” {}. They would get it again. “Not told yet” leaves them out.",
                ago(at)
            ),
        ),
    }
}

fn why_nobody(nobody: NoRecipients) -> &'static str {
    match nobody {
        NoRecipients::Agreed => {
            "Nobody here who could get it has agreed to promotion. Record who agreed, or choose a template about the workshop itself."
        }
        NoRecipients::Filled => {
            "Everybody who could get it lacks a value. Choose another source, or a fallback."
        }
        NoRecipients::Reached => {
            "None of these people has a number that may be written to. Correct the numbers, or choose another workshop."
        }
        NoRecipients::Registered => {
            "Nobody is among the people chosen: nobody is registered yet, or everybody was told already. Import registrants, or choose other people."
        }
    }
}

fn excluded(reason: SkipReason, n: i64) -> Words {
    if n == 0 {
        return words(format!("{}: none", reasons::excluded(reason).title), "");
    }
    let (one, many, why) = match reason {
        SkipReason::BadValue => (
            "would read an empty value",
            "would read an empty value",
            "They are left out. Give the value a fallback to include them.",
        ),
        SkipReason::InvalidPhone => (
            "number cannot be reached",
            "numbers cannot be reached",
            "They are left out. Correct the numbers to include them.",
        ),
        SkipReason::Landline => (
            "has a landline",
            "have a landline",
            "No WhatsApp and no SMS reaches it. They are left out; enter a mobile number to include them.",
        ),
        SkipReason::NoPhone => {
            ("has no phone number", "have no phone number", "They are left out and listed.")
        }
        SkipReason::Duplicate => (
            "shares a number with somebody else",
            "share a number with somebody else",
            "One number gets one message; the first registration is kept.",
        ),
        SkipReason::Suppressed => ("opted out", "opted out", "They are left out and listed."),
        SkipReason::NoConsent => (
            "has not agreed to promotion",
            "have not agreed to promotion",
            "They are left out. Record where and how they agreed, or import it, to include them.",
        ),
        SkipReason::NotRegistered => {
            ("is no longer registered", "are no longer registered", "They are left out and listed.")
        }
        SkipReason::ReachedBefore => (
            "was reached by an earlier rung",
            "were reached by an earlier rung",
            "They are left out and listed.",
        ),
        SkipReason::PersonCap | SkipReason::LadderCap => (
            "is over what the ladder may cost",
            "are over what the ladder may cost",
            "They are left out and listed. Let the ladder cost more to include them.",
        ),
    };
    words(counted(n, one, many), why)
}

fn refused(error: &ValueError, n: i64, names: &[String], among: Among) -> Words {
    let why = match among {
        Among::All => "They are left out and listed. Choose another source, a shorter text, or a fallback.",
        Among::First(_) => "Counted among the first people; the rest is looked at when you review.",
    };
    words(format!("{}: {}", grouped(n), in_general(error)), format!("{}{why}", named(n, names)))
}

/// What is wrong with a value, without what differs from person to person.
fn in_general(error: &ValueError) -> String {
    match error {
        ValueError::TooLong { label, max, .. } => format!("“{label}” is longer than {max} characters"),
        ValueError::Empty(_) | ValueError::Unresolved(_) | ValueError::Kind { .. } => error.to_string(),
    }
}

/// Some of the people by name, and how many more.
fn named(n: i64, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let more = n - i64::try_from(names.len()).unwrap_or(0);
    let others = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
    format!("{}{others}. ", names.join(", "))
}

/// Of whom a number is, when not everybody was looked at.
fn first(among: Among) -> String {
    match among {
        Among::All => String::new(),
        Among::First(n) => format!(" among the first {}", grouped(n)),
    }
}

/// Spellings that are nearly a place for a value.
pub fn near_misses(spellings: &[String]) -> Words {
    let quoted: Vec<String> = spellings.iter().map(|spelling| format!("“{spelling}”")).collect();
    let title = match quoted.as_slice() {
        [one] => format!("{one} is no place for a value"),
        many => format!("{} are no places for values", many.join(", ")),
    };
    words(
        title,
        "Portals write {#var#}. Everybody would read it as it stands, or the operator refuses the SMS. Correct the template.",
    )
}

/// Two places side by side.
pub fn adjacent_places() -> Words {
    words(
        "Two places for values stand side by side",
        "Operators refuse {#var#}{#var#}. Register the text with something between them.",
    )
}

fn segments(least: i64, most: i64, among: Among) -> Words {
    if most <= 1 {
        return words(format!("Each message is one SMS{}", first(among)), "");
    }
    let title = match (least, among) {
        (least, Among::All) if least == most => format!("Each message is charged as {least} SMS"),
        (least, _) if least == most => format!("Messages are charged as {least} SMS{}", first(among)),
        (least, _) => format!("Messages are charged as {least} to {most} SMS{}", first(among)),
    };
    words(title, "Shorten the text or its values to save.")
}

/// Why there is no moment, and what to change.
fn never_open(category: Category, own: Option<OpenHours>, account: &str) -> String {
    let change = match own {
        Some(own) => format!(
            "{account} sends from {own} only. Change its hours under Settings, Integrations, or choose another account."
        ),
        None => "Change your quiet hours under Settings, Organisation.".to_owned(),
    };
    match category {
        Category::Marketing => {
            format!("Promotion goes out from 10:00 AM to 9:00 PM, outside your quiet hours. {change}")
        }
        Category::Utility | Category::Authentication => {
            format!("It waits for the end of your quiet hours. {change}")
        }
    }
}

/// A provider's sentence without its full stop.
fn bare(said: &str) -> &str {
    said.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use domain::money::Money;

    use super::*;

    #[track_caller]
    fn check(found: Finding, title: &str, why: &str) {
        let zone = Zone::india();
        let about = About {
            zone: &zone,
            now: Millis(0),
            provider: "Example",
            account: "Main",
            kind: "Utility, English",
        };
        let got = finding(&found, &about);
        assert_eq!((got.title.as_str(), got.why.as_str()), (title, why));
    }

    #[test]
    fn numbers_and_amounts_in_a_sentence_are_grouped_and_agree_with_their_noun() {
        let excluded = |reason, n| Finding::Excluded { reason, n };
        check(excluded(SkipReason::Suppressed, 0), "Opted out: none", "");
        check(
            excluded(SkipReason::NoConsent, 1),
            "1 has not agreed to promotion",
            "They are left out. Record where and how they agreed, or import it, to include them.",
        );
        check(
            excluded(SkipReason::Duplicate, 1_234),
            "1,234 share a number with somebody else",
            "One number gets one message; the first registration is kept.",
        );
        check(
            Finding::WalletLow { balance: Money(99_967_350), cost: Money(1_450_000_000) },
            "The wallet is too low",
            "The wallet holds ₹9,996.735, the estimate is ₹1,45,000.00. Top up before sending.",
        );
        check(
            Finding::OverTier { allowed: 100_000 },
            "More people than the tier allows",
            "WhatsApp allows 1,00,000 people in 24 hours for this number. The rest may be refused.",
        );
        let names = vec!["Asha".to_owned(), "Ravi".to_owned()];
        let error = ValueError::TooLong { label: "name".into(), max: 30, len: 44 };
        check(
            Finding::ValueRefused { error, n: 5, names, listed: true, among: Among::All },
            "5: “name” is longer than 30 characters",
            "Asha, Ravi and 3 more. They are left out and listed. Choose another source, a shorter text, or a fallback.",
        );
    }
}
