//! Who carries a channel's messages: the few words and facts in which channels differ on this page.

use domain::{channel::Channel, money::Money, template::Message};
use providers::{Account, aisensy, fast2sms};

use crate::{
    accounts,
    ui::{icons::Icon, preview::Phone},
};

/// A vendor as the page names it.
pub(super) struct Vendor {
    /// Kind of its integrations.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Letters of its logo.
    pub(super) letters: &'static str,
    /// What its messages reach.
    pub(super) icon: Icon,
    /// Which phone shows them.
    pub(super) phone: Phone,
    /// What somebody who has none reads.
    pub(super) invitation: &'static str,
    /// Where a first template is made.
    pub(super) new_template: &'static str,
}

const AISENSY: Vendor = Vendor {
    kind: accounts::AISENSY,
    name: "AiSensy",
    letters: "Ai",
    icon: Icon::Personal,
    phone: Phone::WhatsApp,
    invitation: "Connect an AiSensy account, and approved templates go to everybody who registered.",
    new_template: super::paths::NEW_TEMPLATE,
};

const FAST2SMS: Vendor = Vendor {
    kind: accounts::FAST2SMS,
    name: "Fast2SMS",
    letters: "F2",
    icon: Icon::Sms,
    phone: Phone::Sms,
    invitation: "Connect a Fast2SMS account, and registered texts go to everybody’s phone, smartphone or not.",
    new_template: super::paths::NEW_SMS_TEMPLATE,
};

/// The vendor of a channel. Channels that nothing sends on are read as WhatsApp's, and nothing is asked of it.
pub(super) fn of(channel: Channel) -> &'static Vendor {
    match channel {
        Channel::Sms => &FAST2SMS,
        Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall => &AISENSY,
    }
}

/// The provider's usual price of one message or segment.
pub(super) fn list_price(message: &Message) -> Money {
    match message {
        Message::Whatsapp(template) => aisensy::list_price(template.category),
        Message::Sms(template) => fast2sms::list_price(template.route),
    }
}

/// A template with the account's header and business where it names none.
pub(super) fn complete(message: Message, account: Option<&Account>) -> Message {
    match (message, account) {
        (Message::Sms(template), Some(Account::Fast2sms(account))) => {
            Message::Sms(account.complete(template))
        }
        (message, _) => message,
    }
}

#[cfg(test)]
mod tests {
    use domain::channel::Category;

    #[test]
    fn prices_are_those_of_the_provider_files() {
        assert_eq!(providers::aisensy::list_price(Category::Marketing).to_string(), "1.09");
        assert_eq!(providers::aisensy::list_price(Category::Utility).to_string(), "0.145");
        let segment = providers::fast2sms::list_price(domain::sms::SmsRoute::Dlt);
        assert_eq!(segment.to_string(), "0.25");
    }
}
