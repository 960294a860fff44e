//! Where a person lands after signing in.

use axum::response::Response;

use crate::http::{extract::Person, notice::see_other};

/// Settings in an organisation, else the person's own account.
pub async fn show(person: Person) -> Response {
    see_other(if person.signed_in.place.is_some() { "/settings" } else { "/account" })
}
