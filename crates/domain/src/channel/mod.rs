//! The four channels and what each can prove.

mod group;
mod personal;
mod rules;
mod sms;
mod voice;

pub use rules::{Medium, Reach, Rules};

use crate::phone::is_landline;

crate::text_enum! {
    /// A way to reach people.
    Channel, "channel" {
        /// Posts to WhatsApp groups through a gateway.
        WhatsappGroup = "group",
        /// Sends WhatsApp messages to each person through a provider.
        WhatsappPersonal = "personal",
        /// Sends SMS through a provider with registered templates.
        Sms = "sms",
        /// Calls by a voice provider.
        IvrCall = "ivr",
    }
}

impl Channel {
    /// What it is called, may, proves and counts.
    pub const fn rules(self) -> &'static Rules {
        match self {
            Channel::WhatsappGroup => &group::RULES,
            Channel::WhatsappPersonal => &personal::RULES,
            Channel::Sms => &sms::RULES,
            Channel::IvrCall => &voice::RULES,
        }
    }

    /// The tab's name.
    pub fn title(self) -> &'static str {
        self.rules().title
    }

    /// The tab's name on a phone.
    pub fn short_title(self) -> &'static str {
        self.rules().short_title
    }

    /// What a button says that sends on it instead of another one.
    pub fn send_by(self) -> &'static str {
        self.rules().send_by
    }

    /// Whether this version sends on it.
    pub fn sends(self) -> bool {
        self.rules().not_available.is_none()
    }

    /// The channels that this version sends on, in the order of their tabs.
    pub fn sending() -> impl Iterator<Item = Channel> {
        Channel::ALL.iter().copied().filter(|channel| channel.sends())
    }

    /// The channels that this version sends on to people, each of whom has a message of their own.
    pub fn to_people() -> impl Iterator<Item = Channel> {
        Channel::sending().filter(|channel| channel.rules().reach != Reach::Groups)
    }

    /// Whether a landline can be reached on it.
    pub fn reaches_landlines(self) -> bool {
        self.rules().reach == Reach::Telephones
    }

    /// Whether a number in E.164 form can be reached on it: no text reaches a landline, and SMS goes to Indian mobiles
    /// only.
    pub fn reaches(self, phone: &str) -> bool {
        match self.rules().reach {
            Reach::Telephones => true,
            Reach::Groups => false,
            Reach::Mobiles => !is_landline(phone),
            Reach::IndianMobiles => {
                let digits = phone.strip_prefix("+91").filter(|_| !is_landline(phone));
                digits.is_some_and(|digits| digits.len() == 10 && matches!(digits.as_bytes()[0], b'6'..=b'9'))
            }
        }
    }

    /// Least time between two messages to one number, in milliseconds.
    pub fn gap_ms(self) -> i64 {
        self.rules().gap_ms
    }

    /// The longest [`Channel::gap_ms`] of any channel.
    pub fn longest_gap_ms() -> i64 {
        Channel::ALL.iter().map(|channel| channel.gap_ms()).max().unwrap_or(0)
    }

    /// Whether a read receipt can ever come.
    pub fn can_prove_read(self) -> bool {
        self.rules().proves_read
    }
}

crate::text_enum! {
    /// What a message is priced as: its category, or its way where that alone decides the price.
    Tariff, "tariff" {
        /// As [`Category::Utility`].
        Utility = "utility",
        /// As [`Category::Marketing`].
        Marketing = "marketing",
        /// As [`Category::Authentication`].
        Authentication = "authentication",
        /// An SMS by the Quick route, whatever it says: it goes over an international path and costs twenty times as
        /// much.
        Quick = "quick",
    }
}

impl From<Category> for Tariff {
    fn from(category: Category) -> Tariff {
        match category {
            Category::Utility => Tariff::Utility,
            Category::Marketing => Tariff::Marketing,
            Category::Authentication => Tariff::Authentication,
        }
    }
}

crate::text_enum! {
    /// What kind of message a template is; decides price, hours and consent (docs/facts/india.md §1.2, §3).
    Category, "category" {
        /// The message is about an event that the person registered for.
        Utility = "utility",
        /// The message promotes something.
        Marketing = "marketing",
        /// The message carries a code for signing in.
        Authentication = "authentication",
    }
}
