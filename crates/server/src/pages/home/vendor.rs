//! Who carries a channel's messages, and the few words in which channels differ on this page.

use domain::channel::Channel;
use providers::{Vendor, registry};
use store::integrations::Integration;

use super::{compose::Compose, paths};
use crate::ui::icons::Icon;

/// Whether accounts of that kind serve the channel.
pub(super) fn serves(kind: &str, channel: Channel) -> bool {
    registry::vendor(kind).is_some_and(|vendor| vendor.channels().contains(&channel))
}

/// The vendor of an account, or the first that serves the channel; `None` for a channel that nothing sends on.
pub(super) fn of(channel: Channel, account: Option<&Integration>) -> Option<&'static dyn Vendor> {
    let own = account.and_then(|account| registry::vendor(&account.kind));
    own.or_else(|| registry::serving(channel).next())
}

/// How the vendor of an account is called.
pub(super) fn name(channel: Channel, account: Option<&Integration>) -> &'static str {
    of(channel, account).map_or("the provider", Vendor::name)
}

/// What the messages of a channel reach.
pub(super) fn icon(channel: Channel) -> Icon {
    match channel {
        Channel::WhatsappGroup => Icon::Group,
        Channel::WhatsappPersonal => Icon::Personal,
        Channel::Sms => Icon::Sms,
        Channel::IvrCall => Icon::Call,
    }
}

/// Where a first template is made.
pub(super) fn new_template(state: &Compose) -> &'static str {
    match state.channel {
        Channel::Sms => paths::NEW_SMS_TEMPLATE,
        Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall => paths::NEW_TEMPLATE,
    }
}
