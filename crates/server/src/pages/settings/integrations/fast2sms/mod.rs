//! An account of Fast2SMS: its form, the test by its wallet, and where it posts delivery reports.

mod cards;
mod form;
mod health;

use providers::Fast2smsSettings;
use store::integrations::Integration;

use crate::ui::status_card::{Logo, LogoColour};

pub(super) use cards::{cards, face, test};
pub use form::{add, new};
pub(super) use form::{edit, update};
pub use health::SmsHealth;

pub(super) const NEW: &str = "/settings/integrations/new/fast2sms";
const LOGO: Logo = Logo { letters: "F2", colour: LogoColour::Blue };

fn settings_of(integration: &Integration) -> Fast2smsSettings {
    serde_json::from_value(integration.settings.clone()).unwrap_or_default()
}
