//! Every vendor that the program knows: one line each, and nothing else in the program names one.

use domain::channel::Channel;

use crate::{
    aisensy::AISENSY,
    baileys_gateway::BAILEYS_GATEWAY,
    evolution::EVOLUTION,
    exotel::EXOTEL,
    fast2sms::FAST2SMS,
    knowlarity::KNOWLARITY,
    myoperator::MYOPERATOR,
    ozonetel::OZONETEL,
    vendor::{BaseUrl, Vendor},
    waha::WAHA,
};

/// In the order in which they are offered.
pub const VENDORS: &[&dyn Vendor] =
    &[&AISENSY, &FAST2SMS, &WAHA, &BAILEYS_GATEWAY, &EVOLUTION, &EXOTEL, &OZONETEL, &MYOPERATOR, &KNOWLARITY];

/// The vendor of that word; `None` for one that this version does not know.
pub fn vendor(kind: &str) -> Option<&'static dyn Vendor> {
    VENDORS.iter().copied().find(|vendor| vendor.kind() == kind)
}

/// The vendors whose accounts serve a channel.
pub fn serving(channel: Channel) -> impl Iterator<Item = &'static dyn Vendor> {
    VENDORS.iter().copied().filter(move |vendor| vendor.channels().contains(&channel))
}

/// Every address of every vendor.
pub fn base_urls() -> impl Iterator<Item = &'static BaseUrl> {
    VENDORS.iter().flat_map(|vendor| vendor.base_urls())
}

/// The address of that key.
pub fn base_url(key: &str) -> Option<&'static BaseUrl> {
    base_urls().find(|url| url.key == key)
}
