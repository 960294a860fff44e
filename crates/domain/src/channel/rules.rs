//! What can be said of any channel. Each channel's own values stand in its module.

use super::Tariff;
use crate::quiet_hours::QuietHours;

/// What one channel is called, may, proves and counts. Code outside asks this instead of matching on the channel.
#[derive(Debug)]
pub struct Rules {
    /// The tab's name.
    pub title: &'static str,
    /// The tab's name on a phone.
    pub short_title: &'static str,
    /// What a button says that sends on it instead of another channel.
    pub send_by: &'static str,
    /// What it is for, as an invitation.
    pub invitation: &'static str,
    /// Why it cannot be chosen; `None` when this version sends on it.
    pub not_available: Option<&'static str>,
    /// How people call it, in English and in Hindi: "by SMS".
    pub by: (&'static str, &'static str),
    /// Where a person gets it.
    pub medium: Medium,
    /// Which numbers it reaches.
    pub reach: Reach,
    /// Least time between two messages to one number, in milliseconds.
    pub gap_ms: i64,
    /// The hours of a day in India in which nothing may be sent on it, whatever it says; `None` for none.
    pub closed: Option<QuietHours>,
    /// Whether a read receipt can ever come.
    pub proves_read: bool,
    /// What its messages are priced as, each with its word on screens; empty where a message costs nothing.
    pub tariffs: &'static [(Tariff, &'static str)],
    /// What is charged, in words: "each delivered message".
    pub charged: &'static str,
    /// What a message is counted in besides messages: one and many.
    pub unit: Option<(&'static str, &'static str)>,
}

/// Where a person gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In WhatsApp.
    WhatsApp,
    /// In the phone's text messages.
    Texts,
    /// At the ear.
    Call,
}

/// Which numbers a channel reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Mobiles of every country.
    Mobiles,
    /// Indian mobiles.
    IndianMobiles,
    /// Every telephone.
    Telephones,
    /// No number: groups.
    Groups,
}
