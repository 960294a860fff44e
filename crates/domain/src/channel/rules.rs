//! What can be said of any channel. Each channel's own values stand in its module.

use super::Tariff;
use crate::quiet_hours::QuietHours;

/// The names, limits and proofs of one channel. Other code asks these rules instead of matching on the channel.
#[derive(Debug)]
pub struct Rules {
    /// The name of the channel's tab.
    pub title: &'static str,
    /// The name of the channel's tab on a phone.
    pub short_title: &'static str,
    /// The words of a button that sends on this channel instead of another.
    pub send_by: &'static str,
    /// What the channel is for, as an invitation to set it up.
    pub invitation: &'static str,
    /// Why the channel cannot be chosen; `None` where this version sends on it.
    pub not_available: Option<&'static str>,
    /// The way in which people call the channel, in English and in Hindi, as in "by SMS".
    pub by: (&'static str, &'static str),
    /// Where a person receives the message.
    pub medium: Medium,
    /// The numbers that the channel reaches.
    pub reach: Reach,
    /// The least time between two messages to one number, in milliseconds.
    pub gap_ms: i64,
    /// The hours of a day in India in which nothing may be sent on it, whatever it says; `None` for none.
    pub closed: Option<QuietHours>,
    /// Whether a read receipt can ever come on this channel.
    pub proves_read: bool,
    /// What a message is priced as, each tariff with its word on screens; empty where a message costs nothing.
    pub tariffs: &'static [(Tariff, &'static str)],
    /// What the price is charged for, in words, as in "each delivered message".
    pub charged: &'static str,
    /// The unit that a message is counted in besides messages: its singular and plural.
    pub unit: Option<(&'static str, &'static str)>,
}

/// Where a person gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In WhatsApp, as a chat or in a group.
    WhatsApp,
    /// In the phone's text messages.
    Texts,
    /// As a call that speaks.
    Call,
}

/// Which numbers a channel reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Mobile numbers of every country.
    Mobiles,
    /// Mobile numbers of India.
    IndianMobiles,
    /// Mobile and landline numbers.
    Telephones,
    /// No numbers: the channel posts to groups.
    Groups,
}
