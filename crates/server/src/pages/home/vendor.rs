//! The vendors that carry a channel's messages, and the few words in which channels differ on this page.

use domain::channel::Channel;
use providers::{Vendor, registry};
use store::integrations::Integration;

/// Whether accounts of that kind serve the channel.
pub(super) fn serves(kind: &str, channel: Channel) -> bool {
    registry::vendor(kind).is_some_and(|vendor| vendor.channels().contains(&channel))
}

/// The vendor of an account, or the first that serves the channel; `None` for a channel that nothing sends on.
pub(super) fn of(channel: Channel, account: Option<&Integration>) -> Option<&'static dyn Vendor> {
    let own = account.and_then(|account| registry::vendor(&account.kind));
    own.or_else(|| registry::serving(channel).next())
}

/// How the vendor of an account is called; before there is an account, that of the only vendor.
pub(super) fn name(channel: Channel, account: Option<&Integration>) -> &'static str {
    if account.is_none() && several(channel) {
        return "a provider";
    }
    of(channel, account).map_or("the provider", Vendor::name)
}

/// Whether there is a choice of vendors.
pub(super) fn several(channel: Channel) -> bool {
    registry::serving(channel).count() > 1
}
