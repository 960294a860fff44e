//! Pages that this one leads to.

use domain::{
    checks::People,
    ids::{BroadcastId, IntegrationId, WorkshopId},
    message::SkipReason,
};

/// Accounts of providers.
pub(super) const INTEGRATIONS: &str = "/settings/integrations";
/// All workshops.
pub(super) const WORKSHOPS: &str = "/workshops";
/// A workshop to enter.
pub(super) const NEW_WORKSHOP: &str = "/workshops/new";
/// All broadcasts.
pub(super) const BROADCASTS: &str = "/broadcasts";

/// A broadcast.
pub(super) fn broadcast(id: BroadcastId) -> String {
    format!("{BROADCASTS}/{id}")
}

/// An account.
pub(super) fn integration(id: IntegrationId) -> String {
    format!("{INTEGRATIONS}/{id}")
}

/// A workshop.
pub(super) fn workshop(id: WorkshopId) -> String {
    format!("{WORKSHOPS}/{id}")
}

/// A workshop's form.
pub(super) fn edit_workshop(id: WorkshopId) -> String {
    format!("{WORKSHOPS}/{id}/edit")
}

/// Registrants from a file.
pub(super) fn import(id: WorkshopId) -> String {
    format!("/imports?workshop={id}")
}

/// The registrants of a workshop, all or those of one word.
pub(super) fn registrants(id: WorkshopId, which: &str) -> String {
    match which {
        "" => format!("{WORKSHOPS}/{id}#registrants"),
        which => format!("{WORKSHOPS}/{id}?which={which}#registrants"),
    }
}

/// The word of a list of people.
pub(super) fn which(people: People) -> &'static str {
    match people {
        People::WithoutName => "no_name",
        People::Skipped(SkipReason::NoPhone) => "no_phone",
        People::Skipped(SkipReason::InvalidPhone) => "invalid_phone",
        People::Skipped(SkipReason::Landline) => "landline",
        People::Skipped(SkipReason::Duplicate) => "duplicate",
        People::Skipped(SkipReason::Suppressed) => "suppressed",
        People::Skipped(SkipReason::NoConsent) => "no_consent",
        People::Skipped(SkipReason::BadValue) => "no_name",
        People::Skipped(SkipReason::NotRegistered) => "cancelled",
        // Decided when a message is taken up: no list of registrants knows them.
        People::Skipped(SkipReason::ReachedBefore | SkipReason::PersonCap | SkipReason::LadderCap) => "",
    }
}
