//! Where credit for an account is bought: at the vendor, or where it is known here how.

use std::sync::Arc;

use domain::{channel::Channel, ids::IntegrationId};
use providers::{Vendor, registry};
use sandbox::{Sandbox, face::Face};

use crate::{
    app::App,
    ui::{attention, button::Button, icons::Icon},
};

/// Where a demonstration fills its wallet.
pub const DEMO: &str = "/demo/top-up";

/// The stand-ins, where this process runs them.
pub fn stand_ins(app: &App) -> Option<Arc<Sandbox>> {
    app.stand_ins.get()?.upgrade()
}

/// A vendor of SMS whose stand-in has a wallet that pays for each message.
pub fn demo_wallet() -> Option<(&'static dyn Vendor, &'static dyn Face)> {
    registry::serving(Channel::Sms).find_map(|vendor| Some((vendor, sandbox::registry::face(vendor.kind())?)))
}

/// *Top up* for an account of that vendor: the vendor's own page in another tab, else the account's page. In a demonstration it fills
/// the wallet.
pub fn button(app: &App, kind: &str, account: IntegrationId) -> Button {
    if stand_ins(app).is_some() && demo_wallet().is_some_and(|(vendor, _)| vendor.kind() == kind) {
        return Button::new("Top up").icon(Icon::Open).form(attention::FORM).formaction(DEMO);
    }
    let theirs = registry::vendor(kind).and_then(|vendor| vendor.top_up(&app.config.providers));
    match theirs {
        Some(page) => Button::link("Top up", page).icon(Icon::Open).outside(),
        None => Button::link("Top up", format!("/settings/integrations/{account}#account")).icon(Icon::Open),
    }
}
