//! Workshops whose plan follows a sequence.

use domain::{
    ids::{SequenceId, WorkshopId},
    time::Millis,
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// A workshop whose plan follows a sequence, and the version that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// Id of the workshop.
    pub workshop: WorkshopId,
    /// The title of the workshop.
    pub title: String,
    /// The version of the sequence that the plan follows.
    pub version: i64,
}

/// Workshops that are listed at most.
const FOLLOWING_MAX: i64 = 100;

impl Org {
    /// The workshops that are not over and whose plan follows a sequence, the next start first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn following(&self, sequence: SequenceId, now: Millis) -> Result<Vec<Following>, StoreError> {
        let rows: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                "SELECT w.id, w.title, p.version FROM workshop_plans p JOIN workshops w ON w.id = p.workshop_id
                 WHERE p.sequence_id = $1 AND p.organization_id = $2 AND w.organization_id = $2 AND w.ends_at > $3
                   AND w.status <> 'cancelled'
                 ORDER BY w.starts_at, w.id LIMIT $4",
                args![sequence.0, self.id(), now, FOLLOWING_MAX],
            )
            .await?;
        let following = |(id, title, version)| Following { workshop: WorkshopId(id), title, version };
        Ok(rows.into_iter().map(following).collect())
    }
}
