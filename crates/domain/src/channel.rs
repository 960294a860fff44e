//! The four channels and what each can prove.

crate::words! {
    /// A way to reach people.
    Channel, "channel" {
        /// Posts to WhatsApp groups through a gateway.
        WhatsappGroup = "group",
        /// Personal WhatsApp messages by AiSensy.
        WhatsappPersonal = "personal",
        /// SMS by Fast2SMS.
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

    /// Whether a read receipt can ever come (product.md, Channels).
    pub fn can_prove_read(self) -> bool {
        matches!(self, Channel::WhatsappGroup | Channel::WhatsappPersonal)
    }
}

crate::words! {
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
