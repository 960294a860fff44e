//! An account of AiSensy: its form, what a test of it proved, and its receipts.

mod cards;
mod form;
mod health;

use crate::ui::status_card::{Logo, LogoColour};

pub(super) use cards::{cards, face, test};
pub use form::{add, new};
pub(super) use form::{edit, keys, replace_keys, update};
pub(in super::super) use health::not_told_words;
pub use health::{Health, ProjectHealth, Verdict};

pub(super) const NEW: &str = "/settings/integrations/new";
const LOGO: Logo = Logo { letters: "Ai", colour: LogoColour::Violet };
