//! Registrations of a workshop that share a number: a member has to know them before one more gets it.

use domain::{
    ids::{RegistrantId, WorkshopId},
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
};

/// A registration that has the same number already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameNumber {
    /// Id of the registration.
    pub id: RegistrantId,
    /// The person's name; may be empty.
    pub name: String,
    /// The person's e-mail; may be empty.
    pub email: String,
    /// The status of the registration.
    pub status: RegistrantStatus,
}

impl SameNumber {
    /// Whether it was entered before this one: of those that stand, the one entered first is told.
    pub fn is_before(&self, id: RegistrantId) -> bool {
        self.id.0 < id.0
    }
}

impl Org {
    /// The other registrations with a number that this one does not have yet, the first entered in front. None where
    /// one of them says exactly what this one is to say: that is another refusal.
    pub(super) async fn sharing(
        &self,
        tx: &mut Tx,
        (workshop, id): (WorkshopId, RegistrantId),
        phone: &str,
        identity: &str,
    ) -> Result<Vec<SameNumber>, StoreError> {
        if phone.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, String, String, String, String)> = tx
            .all(
                "SELECT r.id, r.name, r.email, r.status, r.identity FROM @registrants r
                 WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.phone = $3 ORDER BY r.id",
                args![self.id(), workshop.0, phone],
            )
            .await?;
        let is_settled = |row: &(Uuid, String, String, String, String)| row.0 == id.0 || row.4 == identity;
        if rows.iter().any(is_settled) {
            return Ok(Vec::new());
        }
        rows.into_iter()
            .map(|(id, name, email, status, _)| {
                let status = word("registrants", "status", &status)?;
                Ok(SameNumber { id: RegistrantId(id), name, email, status })
            })
            .collect()
    }
}
