//! Checks before sending: errors block, warnings explain, each names its people. A finding is an id with data; words
//! are made of it where somebody reads it.

mod account;
mod audience;
mod content;
mod day_words;
mod timing;

use serde::Serialize;

use crate::{
    audience::{AudienceSummary, Rules, Tally},
    call::{self, CallAbilities},
    channel::Category,
    message::SkipReason,
    money::Money,
    quiet_hours::QuietHours,
    sending_hours::{AfterHours, OpenHours, SendingHours},
    sms::SmsProblem,
    template::ValueError,
    time::{Millis, Zone},
    variable::VariableName,
};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Prevents sending.
    Error,
    /// Explains something and does not prevent sending.
    Warning,
    /// Was checked and is in order.
    Passed,
}

/// The stage of a workshop, as it matters to a message to its people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It lies ahead, or is taking place.
    #[default]
    Open,
    /// The workshop is over.
    Over,
    /// It was cancelled, and the message is about something else.
    Cancelled,
}

/// Which people a finding is about, for a link to their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// The people whom this rule excludes.
    Skipped(SkipReason),
    /// The recipients without a name.
    WithoutName,
}

/// Why a message would reach nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRecipients {
    /// Nobody is registered for the workshop.
    Registered,
    /// Nobody has a number that this message may be sent to.
    Reached,
    /// Nobody who could get it agreed to promotion.
    Agreed,
    /// Everybody who could get it lacks a value.
    Filled,
}

/// How many of the people a number was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// The number is that of all people.
    All,
    /// The number is that of the first so many people.
    First(i64),
}

crate::text_enum! {
    /// The name of a check, for programs. Stable: scripts read it.
    CheckId, "check" {
        /// Whether anybody gets the message.
        Recipients = "recipients",
        /// The people whom a rule excludes.
        Excluded = "excluded",
        /// The recipients whose name is missing.
        WithoutName = "without_name",
        /// The people whose value would be refused.
        Refused = "refused_value",
        /// People whose number the channel does not reach.
        OutOfReach = "out_of_reach",
        /// Whether every value has a source.
        Sources = "sources",
        /// Whether anybody could get a message with all its values.
        Whole = "whole_message",
        /// Whether the workshop has the join link that the text wants.
        JoinLink = "join_link",
        /// Whether the workshop has the values that the text names.
        Variables = "variables",
        /// What the provider says about the account or the campaign.
        Provider = "provider",
        /// Whether the provider wants as many values as the template maps.
        Values = "values",
        /// Whether the campaign wants media.
        Media = "media",
        /// What an SMS template lacks.
        Template = "template",
        /// What an operator may dislike about a value.
        ValueWarning = "doubt",
        /// Characters that make a text Unicode.
        Unicode = "unicode",
        /// A link in the text.
        Link = "link",
        /// How many SMS a message is charged as.
        Segments = "segments",
        /// Where the price comes from.
        Price = "price",
        /// Whether the workshop lies ahead.
        Workshop = "workshop",
        /// Whether the chosen times can be read.
        Times = "times",
        /// Whether the broadcast is done in time.
        InTime = "in_time",
        /// Whether the broadcast touches the organisation's quiet hours.
        QuietHours = "quiet_hours",
        /// Whether the broadcast stays within the hours in which it may be sent.
        Hours = "hours",
        /// Whether a day that the text names is the workshop's.
        Day = "day",
        /// Whether another message goes to the same numbers at the same time.
        Gap = "gap",
        /// Whether sending is stopped, of everything or of the account.
        Stopped = "stopped",
        /// Whether the account can be opened.
        Account = "account",
        /// Whether the wallet holds enough credit.
        Wallet = "wallet",
        /// What the channel allows in 24 hours.
        Tier = "tier",
        /// What the account may send in a day.
        Ceiling = "ceiling",
        /// Whether the same was sent before.
        Repeat = "repeat",
        /// What a call says, and what its keys do.
        Script = "script",
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the variant says what was found; its fields are what the sentence about it names"
)]
pub enum Finding {
    /// At least one person gets the message.
    SomebodyReached,
    /// Nobody gets the message, and why.
    NobodyReached(NoRecipients),
    /// A rule excludes people; none of them where `n` is 0.
    Excluded { reason: SkipReason, n: i64 },
    /// Recipients have no name and read the fallback.
    WithoutName { n: i64 },
    /// One and the same value of people would be refused.
    ValueRefused { error: ValueError, n: i64, names: Vec<String>, listed: bool, among: Among },
    /// The channel does not reach the numbers of people.
    OutOfReach { n: i64, among: Among },
    /// The text has more placeholders than the template maps.
    ValueWithoutSource { placeholders: usize, mapped: usize },
    /// A value would be missing whoever the person is.
    ValueForNobody { error: ValueError },
    /// The text wants the join link, and the workshop has none.
    NoJoinLink,
    /// The join link is no web address.
    JoinLinkNoAddress,
    /// The text names values of the workshop that nobody entered.
    VariablesMissing { names: Vec<VariableName> },
    /// The provider refuses what would be sent.
    CampaignRefused { words: String },
    /// The provider refuses the account.
    AccountRefused { words: String },
    /// The provider could not be asked.
    ProviderSilent { words: String },
    /// The provider takes the account.
    ProviderAnswers,
    /// The provider says that the campaign is live.
    CampaignLive,
    /// The provider says that the campaign is not live.
    CampaignNotLive,
    /// The template maps as many values as the provider wants.
    ValuesFit,
    /// The provider wants another number of values; `registered` where it is a registered text that has them.
    ValuesDiffer { wanted: usize, mapped: usize, registered: bool },
    /// The campaign was made with media, and the template brings none.
    MediaMissing,
    /// The template lacks something that its route needs.
    TemplateProblem(SmsProblem),
    /// The template has what its route needs.
    TemplateComplete,
    /// An operator may dislike a value; it is sent all the same.
    ValueWarning { label: String, about: &'static str, n: i64, among: Among },
    /// A character outside the small alphabet makes texts longer.
    Unicode { because: char, n: i64, everybody: bool, among: Among },
    /// The text carries a link.
    CarriesLink,
    /// The text has spellings that are nearly a place for a value: everybody would read them.
    NearMisses { spellings: Vec<String> },
    /// Two places for values stand side by side.
    AdjacentPlaces,
    /// What a message is charged as.
    Segments { least: i64, most: i64, among: Among },
    /// Nobody entered a price: the provider's usual one was taken.
    UsualPrice { unit: Money },
    /// The workshop has not begun.
    WorkshopAhead,
    /// The workshop has begun and is not over.
    WorkshopBegun,
    /// The workshop is over. Only messages about the time after it may go.
    WorkshopOver,
    /// The workshop is cancelled. Only the message that says so may go.
    WorkshopCancelled,
    /// A time that was typed cannot be read.
    TimeUnreadable,
    /// The broadcast is done before its last useful moment.
    InTime,
    /// The broadcast would start after its last useful moment.
    StartsTooLate,
    /// Not everybody would get it before the last useful moment.
    EndsTooLate,
    /// The broadcast would end after the workshop has begun.
    EndsAfterStart,
    /// The broadcast stays clear of the quiet hours.
    OutsideQuietHours,
    /// The broadcast touches the quiet hours.
    InQuietHours,
    /// The broadcast is more than a year ahead.
    FarAhead,
    /// The hours leave no moment of a day.
    HoursNeverOpen { category: Category, own: Option<OpenHours> },
    /// Promotion may not be sent at the broadcast's start.
    PromotionClosed { opens: Millis },
    /// The account may not send at the broadcast's start.
    AccountClosed { own: OpenHours, opens: Millis, may_wait: bool },
    /// The broadcast waits for the account's hours.
    WaitsForAccount { own: OpenHours, opens: Millis },
    /// The broadcast waits for the end of the quiet hours.
    WaitsForQuietHours { opens: Millis },
    /// The hours end before everybody has the message.
    HoursEnd { then: AfterHours, opens: Millis },
    /// The broadcast stays within the hours in which it may be sent.
    WithinHours { own: Option<OpenHours> },
    /// Another message goes to the same numbers, or just went.
    Gap { title: String },
    /// All sending of the organisation is stopped.
    SendingStopped { by: String, at: Millis },
    /// Somebody stopped the account.
    AccountStopped { by: Option<String>, at: Millis },
    /// The account cannot be opened.
    AccountUnopened { words: String },
    /// The wallet holds at least the estimated cost.
    WalletEnough,
    /// The wallet holds less than the estimate.
    WalletLow { balance: Money, cost: Money },
    /// The tier allows that many people.
    WithinTier,
    /// The tier allows fewer people in 24 hours.
    OverTier { allowed: i64 },
    /// The account may send fewer messages today.
    OverCeiling { per_day: i64 },
    /// The text names a day or a span that is not the workshop's.
    WrongDay { word: String, starts_at: Millis },
    /// Something about what a call says.
    Script(call::ScriptFinding),
    /// Nothing stands against what a call says.
    ScriptComplete,
    /// People would get again what they were told before, or are being told, for the same purpose.
    SentBefore { title: String, by: String, at: Millis, n: i64 },
}

impl Finding {
    /// The check that found it.
    pub fn id(&self) -> CheckId {
        use Finding as F;
        match self {
            F::SomebodyReached | F::NobodyReached(_) => CheckId::Recipients,
            F::Excluded { .. } => CheckId::Excluded,
            F::WithoutName { .. } => CheckId::WithoutName,
            F::ValueRefused { .. } => CheckId::Refused,
            F::OutOfReach { .. } => CheckId::OutOfReach,
            F::ValueWithoutSource { .. } => CheckId::Sources,
            F::ValueForNobody { .. } => CheckId::Whole,
            F::NoJoinLink | F::JoinLinkNoAddress => CheckId::JoinLink,
            F::VariablesMissing { .. } => CheckId::Variables,
            F::CampaignRefused { .. }
            | F::AccountRefused { .. }
            | F::ProviderSilent { .. }
            | F::ProviderAnswers
            | F::CampaignLive
            | F::CampaignNotLive => CheckId::Provider,
            F::ValuesFit | F::ValuesDiffer { .. } => CheckId::Values,
            F::MediaMissing => CheckId::Media,
            F::TemplateProblem(_) | F::TemplateComplete | F::NearMisses { .. } | F::AdjacentPlaces => {
                CheckId::Template
            }
            F::ValueWarning { .. } => CheckId::ValueWarning,
            F::Unicode { .. } => CheckId::Unicode,
            F::CarriesLink => CheckId::Link,
            F::Segments { .. } => CheckId::Segments,
            F::UsualPrice { .. } => CheckId::Price,
            F::WorkshopAhead | F::WorkshopBegun | F::WorkshopOver | F::WorkshopCancelled => CheckId::Workshop,
            F::TimeUnreadable => CheckId::Times,
            F::InTime | F::StartsTooLate | F::EndsTooLate | F::EndsAfterStart => CheckId::InTime,
            F::OutsideQuietHours | F::InQuietHours => CheckId::QuietHours,
            F::FarAhead | F::WrongDay { .. } => CheckId::Day,
            F::HoursNeverOpen { .. }
            | F::PromotionClosed { .. }
            | F::AccountClosed { .. }
            | F::WaitsForAccount { .. }
            | F::WaitsForQuietHours { .. }
            | F::HoursEnd { .. }
            | F::WithinHours { .. } => CheckId::Hours,
            F::Gap { .. } => CheckId::Gap,
            F::SendingStopped { .. } | F::AccountStopped { .. } => CheckId::Stopped,
            F::AccountUnopened { .. } => CheckId::Account,
            F::WalletEnough | F::WalletLow { .. } => CheckId::Wallet,
            F::WithinTier | F::OverTier { .. } => CheckId::Tier,
            F::OverCeiling { .. } => CheckId::Ceiling,
            F::SentBefore { .. } => CheckId::Repeat,
            F::Script(_) | F::ScriptComplete => CheckId::Script,
        }
    }

    /// Whether it blocks, explains, or is well.
    pub fn severity(&self) -> Severity {
        use Finding as F;
        match self {
            F::NobodyReached(_)
            | F::ValueWithoutSource { .. }
            | F::ValueForNobody { .. }
            | F::NoJoinLink
            | F::JoinLinkNoAddress
            | F::VariablesMissing { .. }
            | F::CampaignRefused { .. }
            | F::AccountRefused { .. }
            | F::CampaignNotLive
            | F::ValuesDiffer { .. }
            | F::MediaMissing
            | F::TemplateProblem(_)
            | F::WorkshopCancelled
            | F::TimeUnreadable
            | F::StartsTooLate
            | F::HoursNeverOpen { .. }
            | F::PromotionClosed { .. }
            | F::AccountClosed { .. }
            | F::SendingStopped { .. }
            | F::AccountStopped { .. }
            | F::AccountUnopened { .. }
            | F::WalletLow { .. } => Severity::Error,
            F::WithoutName { .. }
            | F::ValueRefused { .. }
            | F::OutOfReach { .. }
            | F::ProviderSilent { .. }
            | F::ValueWarning { .. }
            | F::Unicode { .. }
            | F::CarriesLink
            | F::NearMisses { .. }
            | F::AdjacentPlaces
            | F::WorkshopBegun
            | F::WorkshopOver
            | F::EndsTooLate
            | F::EndsAfterStart
            | F::InQuietHours
            | F::FarAhead
            | F::WaitsForAccount { .. }
            | F::WaitsForQuietHours { .. }
            | F::HoursEnd { .. }
            | F::Gap { .. }
            | F::OverTier { .. }
            | F::OverCeiling { .. }
            | F::WrongDay { .. }
            | F::SentBefore { .. } => Severity::Warning,
            F::Script(found) if found.is_error() => Severity::Error,
            F::Script(_) => Severity::Warning,
            F::Excluded { n: 0, .. } => Severity::Passed,
            F::Excluded { .. } => Severity::Warning,
            F::Segments { most, .. } if *most > 1 => Severity::Warning,
            F::Segments { .. }
            | F::SomebodyReached
            | F::ProviderAnswers
            | F::CampaignLive
            | F::ValuesFit
            | F::TemplateComplete
            | F::ScriptComplete
            | F::UsualPrice { .. }
            | F::WorkshopAhead
            | F::InTime
            | F::OutsideQuietHours
            | F::WithinHours { .. }
            | F::WalletEnough
            | F::WithinTier => Severity::Passed,
        }
    }

    /// Whom it is about, and how many they are.
    pub fn people(&self) -> Option<(People, i64)> {
        match self {
            Finding::Excluded { reason, n } if *n > 0 => Some((People::Skipped(*reason), *n)),
            Finding::WithoutName { n } => Some((People::WithoutName, *n)),
            Finding::ValueRefused { n, listed: true, .. } => {
                Some((People::Skipped(SkipReason::BadValue), *n))
            }
            _ => None,
        }
    }

    fn blocks(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// What the provider said about the campaign when it was asked just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The provider answered about the campaign.
    Answered {
        /// Whether the campaign is live.
        live: bool,
        /// The number of values that the campaign wants; `None` where the provider does not say.
        parameters: Option<usize>,
        /// Whether the campaign was made with header media; `None` where the provider does not say.
        media: Option<bool>,
    },
    /// The provider refuses what would be sent, in these words: the campaign does not exist or does not fit. It says
    /// nothing about the key.
    Refused(String),
    /// The provider refuses the key, in these words.
    KeyRefused(String),
    /// The provider could not be reached, for this reason.
    Silent(String),
}

/// An earlier broadcast to the same workshop on the same channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierBroadcast {
    /// The title of the broadcast.
    pub title: String,
    /// The member who confirmed it, by name.
    pub by: String,
    /// The moment of its confirmation.
    pub at: Millis,
    /// The number of the chosen people who got it or are getting it.
    pub n: i64,
}

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub struct CheckInput<'a> {
    /// The people of the message, and the facts of the event.
    pub rules: &'a Rules,
    /// The people, and what was decided about them, in figures.
    pub audience: AudienceSummary,
    /// What was found when each person's message was made; `None` where counters sufficed.
    pub tally: Option<&'a Tally>,
    /// The provider's answer about the campaign; `None` where it was not asked.
    pub probe: Option<&'a Probe>,
    /// What the provider of a call can do; `None` for messages, and while the account cannot be opened.
    pub abilities: Option<&'static CallAbilities>,
    /// The start of the broadcast: nothing is sent before.
    pub start: Millis,
    /// When the first message would be handed over. It is later than the start where the broadcast waits for its
    /// hours.
    pub begins: Millis,
    /// When the last message would be handed over.
    pub done_at: Millis,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// A time that was typed could not be read.
    pub time_unreadable: bool,
    /// The start of the workshop.
    pub workshop_starts: Millis,
    /// The stage of the workshop, for this message.
    pub stage: Stage,
    /// The organisation's quiet hours and zone.
    pub quiet: (QuietHours, &'a Zone),
    /// Whether the broadcast waits until the quiet hours are over.
    pub waits_out_quiet: bool,
    /// The hours in which the broadcast may send.
    pub hours: &'a SendingHours,
    /// The hours of the account alone; `None` where it has none.
    pub own_hours: Option<OpenHours>,
    /// Who stopped all sending, and when; `None` where nobody did.
    pub sending_stopped: Option<(&'a str, Millis)>,
    /// Who stopped the account, where that is known, and when; `None` where nobody did.
    pub account_stopped: Option<(Option<&'a str>, Millis)>,
    /// Why the account cannot be opened; `None` where it can.
    pub account_unopened: Option<&'a str>,
    /// The account's calls today, and its limit for a day; 0 for no limit.
    pub calls: (i64, i64),
    /// The estimated cost of the broadcast.
    pub cost: Money,
    /// The provider's usual price, where nobody entered one.
    pub usual_price: Option<Money>,
    /// The credit in the wallet, where it can be read.
    pub balance: Option<Money>,
    /// People that the tier allows in 24 hours, where it can be read; unlimited is `i64::MAX`.
    pub tier_left: Option<i64>,
    /// The last broadcast of the same template to the same workshop.
    pub sent_before: Option<EarlierBroadcast>,
    /// A message that goes out, or just went, to the same numbers on a channel that wants a gap.
    pub under_way: Option<String>,
    /// The moment for which the checks are made.
    pub now: Millis,
}

/// All findings, errors first, then warnings, then what passed.
pub fn examine(what: &CheckInput<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    audience::check(what, &mut all);
    content::check(what, &mut all);
    timing::check(what, &mut all);
    account::check(what, &mut all);
    all.sort_by_key(Finding::severity);
    all
}

/// Whether nothing blocks.
pub fn may_send(findings: &[Finding]) -> bool {
    !findings.iter().any(Finding::blocks)
}

#[cfg(test)]
mod tests;
