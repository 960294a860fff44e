//! Registrations that a newer list is compared with, and the differences, which are kept until the import is done.

use domain::{
    ids::{ImportId, RegistrantId, WorkshopId},
    role::Permission,
    workshop::{Difference, RegistrantStatus},
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, word},
    org::Org,
    registrants::key_of,
};

/// A registration, as it is compared with a newer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedRegistration {
    /// Id of the registration.
    pub id: RegistrantId,
    /// Name; may be empty.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// E.164; may be empty.
    pub phone: String,
    /// What was typed as the number.
    pub phone_typed: String,
    /// The status of the registration.
    pub status: RegistrantStatus,
    /// The id that the list's maker gave it; may be empty.
    pub reference: String,
    /// The registration's key, as in [`NewRegistrant::key`](crate::registrants::NewRegistrant::key).
    pub key: u64,
}

/// What a newer list says differently about a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDifference {
    /// Id of the registration.
    pub id: RegistrantId,
    /// The name in the newer list; empty where it says nothing new.
    pub name: String,
    /// The e-mail in the newer list; empty where it says nothing new.
    pub email: String,
    /// The number in the newer list, in E.164 form; empty where it says nothing new.
    pub phone: String,
    /// The status in the newer list, in the store's word; empty where it says nothing new.
    pub status: String,
}

/// A difference together with the registration as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownDifference {
    /// The registration as it stands.
    pub here: ComparedRegistration,
    /// What the newer list says instead.
    pub there: NewDifference,
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
    phone_typed: String,
    status: String,
    reference: String,
    identity: String,
}

impl TryFrom<KnownRow> for ComparedRegistration {
    type Error = StoreError;
    fn try_from(row: KnownRow) -> Result<ComparedRegistration, StoreError> {
        Ok(ComparedRegistration {
            id: RegistrantId(row.id),
            key: key_of(&row.phone, &row.identity),
            name: row.name,
            email: row.email,
            phone: row.phone,
            phone_typed: row.phone_typed,
            status: word("registrants", "status", &row.status)?,
            reference: row.reference,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ShownRow {
    #[sqlx(flatten)]
    here: KnownRow,
    new_name: String,
    new_email: String,
    new_phone: String,
    new_status: String,
}

impl Org {
    /// The next registrations of a workshop behind one, whatever they are, in the order of their entry. Erased ones are
    /// nobody's.
    pub async fn known(
        &self,
        workshop: WorkshopId,
        after: Option<RegistrantId>,
        limit: i64,
    ) -> Result<Vec<ComparedRegistration>, StoreError> {
        let rows: Vec<KnownRow> = self
            .db
            .by_index()
            .all(
                "SELECT r.id, r.name, r.email, r.phone, r.phone_typed, r.status, r.reference, r.identity FROM @registrants r
                 WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.id > $3 AND r.identity NOT LIKE 'erased-%'
                 ORDER BY r.id LIMIT $4",
                args![workshop.0, self.id(), after.map_or(Uuid::nil(), |id| id.0), limit],
            )
            .await?;
        rows.into_iter().map(ComparedRegistration::try_from).collect()
    }

    /// Keeps in what a list differs, instead of what was kept before.
    pub async fn keep_differences(
        &self,
        import: ImportId,
        rows: &[(Difference, NewDifference)],
    ) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        self.import(import).await?;
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM import_differences WHERE import_id = $1", args![import.0]).await?;
        let batch = Batch::new()
            .texts("kind", rows.iter().map(|(kind, _)| kind.word().to_owned()))
            .uuids("registrant_id", rows.iter().map(|(_, row)| row.id.0))
            .texts("name", rows.iter().map(|(_, row)| row.name.clone()))
            .texts("email", rows.iter().map(|(_, row)| row.email.clone()))
            .texts("phone", rows.iter().map(|(_, row)| row.phone.clone()))
            .texts("status", rows.iter().map(|(_, row)| row.status.clone()));
        tx.run_batch(
            "INSERT INTO import_differences (import_id, kind, registrant_id, name, email, phone, status)
             SELECT $1, b.kind, b.registrant_id, b.name, b.email, b.phone, b.status FROM @batch WHERE TRUE
             ON CONFLICT (import_id, kind, registrant_id) DO NOTHING",
            args![import.0],
            batch,
        )
        .await?;
        tx.commit().await
    }

    /// Differences of one kind, as they were kept, each with what stands here now.
    pub async fn differences(
        &self,
        import: ImportId,
        kind: Difference,
        limit: i64,
    ) -> Result<Vec<ShownDifference>, StoreError> {
        let rows: Vec<ShownRow> = self
            .db
            .all(
                "SELECT r.id, r.name, r.email, r.phone, r.phone_typed, r.status, r.reference, r.identity,
                        d.name AS new_name, d.email AS new_email, d.phone AS new_phone, d.status AS new_status
                 FROM import_differences d JOIN imports i ON i.id = d.import_id
                 JOIN @registrants r ON r.workshop_id = i.workshop_id AND r.id = d.registrant_id
                 WHERE i.organization_id = $1 AND d.import_id = $2 AND d.kind = $3 ORDER BY d.registrant_id LIMIT $4",
                args![self.id(), import.0, kind.word(), limit],
            )
            .await?;
        let shown = |row: ShownRow| {
            let here = ComparedRegistration::try_from(row.here)?;
            let there = NewDifference {
                id: here.id,
                name: row.new_name,
                email: row.new_email,
                phone: row.new_phone,
                status: row.new_status,
            };
            Ok(ShownDifference { here, there })
        };
        rows.into_iter().map(shown).collect()
    }
}
