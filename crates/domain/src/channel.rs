//! The four channels and what each can prove.

use crate::{phone::is_landline, time::MINUTE};

crate::text_enum! {
    /// A way to reach people.
    Channel, "channel" {
        /// Posts to WhatsApp groups through a gateway.
        WhatsappGroup = "group",
        /// Personal WhatsApp messages.
        WhatsappPersonal = "personal",
        /// SMS.
        Sms = "sms",
        /// Calls by a voice provider.
        IvrCall = "ivr",
    }
}

impl Channel {
    /// The tab's name.
    pub fn title(self) -> &'static str {
        match self {
            Channel::WhatsappGroup => "WhatsApp Group",
            Channel::WhatsappPersonal => "WhatsApp Personal",
            Channel::Sms => "SMS",
            Channel::IvrCall => "IVR Call",
        }
    }

    /// The tab's name on a phone.
    pub fn short_title(self) -> &'static str {
        match self {
            Channel::WhatsappGroup => "Groups",
            Channel::WhatsappPersonal => "Personal",
            Channel::Sms => "SMS",
            Channel::IvrCall => "IVR",
        }
    }

    /// What a button says that sends on it instead of another one.
    pub fn send_by(self) -> &'static str {
        match self {
            Channel::WhatsappGroup => "Post in groups",
            Channel::WhatsappPersonal => "Send by WhatsApp",
            Channel::Sms => "Send by SMS",
            Channel::IvrCall => "Call them",
        }
    }

    /// Whether this version sends on it.
    pub fn sends(self) -> bool {
        matches!(self, Channel::WhatsappPersonal | Channel::Sms)
    }

    /// Whether a landline can be reached on it.
    pub fn reaches_landlines(self) -> bool {
        match self {
            Channel::IvrCall => true,
            Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::Sms => false,
        }
    }

    /// Whether a number in E.164 form can be reached on it: no text reaches a landline, and SMS goes to Indian mobiles only.
    pub fn reaches(self, phone: &str) -> bool {
        if !self.reaches_landlines() && is_landline(phone) {
            return false;
        }
        match self {
            Channel::Sms => phone
                .strip_prefix("+91")
                .is_some_and(|digits| digits.len() == 10 && matches!(digits.as_bytes()[0], b'6'..=b'9')),
            Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::IvrCall => true,
        }
    }

    /// Least time between two messages to one number, in milliseconds: two on the same number within two minutes are refused as
    /// spam (providers/regulation-india.md §6.5).
    pub fn gap_ms(self) -> i64 {
        match self {
            Channel::Sms => 2 * MINUTE,
            Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::IvrCall => 0,
        }
    }

    /// The longest [`Channel::gap_ms`] of any channel.
    pub fn longest_gap_ms() -> i64 {
        Channel::ALL.iter().map(|channel| channel.gap_ms()).max().unwrap_or(0)
    }

    /// Whether a read receipt can ever come (product.md, Channels).
    pub fn can_prove_read(self) -> bool {
        matches!(self, Channel::WhatsappGroup | Channel::WhatsappPersonal)
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
        /// An SMS by the Quick route, whatever it says: it goes over an international path and costs twenty times as much
        ///.
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
    /// What kind of message a template is; decides price, hours and consent (providers/regulation-india.md §1.2, §3).
    Category, "category" {
        /// About an event that the person registered for.
        Utility = "utility",
        /// Promotes something.
        Marketing = "marketing",
        /// Carries a code.
        Authentication = "authentication",
    }
}
