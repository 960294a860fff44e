//! Settings of an organisation that concern sending: provider accounts, templates, prices, and the record of who did what.

pub mod accounts;
pub mod alerts;
pub mod audit;
mod audit_words;
pub mod charges;
pub mod integrations;
pub mod links;
pub mod prices;
pub mod purposes;
pub mod recordings;
pub mod sequences;
pub mod tags;
pub mod templates;
mod vendor_field;

use domain::time::Millis;

use crate::http::extract::Member;

/// `Today 4:16 PM`, `Tue 3 Oct, 9:02 AM`.
pub(super) fn when(member: &Member, at: Millis) -> String {
    on_day(member, at, "Today ")
}

/// The moment inside a sentence, where a time of today is enough: `4:16 PM`.
fn when_short(member: &Member, at: Millis) -> String {
    on_day(member, at, "")
}

fn on_day(member: &Member, at: Millis, today: &str) -> String {
    let zone = &member.organization.zone;
    let (from, to) = zone.day(member.now);
    if at >= from && at < to {
        return format!("{today}{}", zone.time(at));
    }
    format!("{}, {}", zone.date(at, member.now), zone.time(at))
}
