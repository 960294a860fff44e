//! Organisations as somebody sees them before being in one.

use domain::{ids::OrganizationId, role::Role, time::Millis};

use super::{
    Access, note,
    users::{User, put_member},
};
use crate::{
    db::args,
    error::StoreError,
    members::{NewOrganization, Organization, OrganizationRow, insert_organization},
};

impl Access {
    /// All organisations, by name; for super_admins and the command line.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let rows: Vec<OrganizationRow> = self
            .db
            .all(
                "SELECT id, name, zone, country, quiet_from, quiet_to, stopped_at, stopped_by, created_at
                 FROM organizations ORDER BY name, id",
                args![],
            )
            .await?;
        rows.into_iter().map(Organization::try_from).collect()
    }

    /// The organisations that a user may switch to, by name.
    pub async fn organizations_of(&self, user: &User) -> Result<Vec<Organization>, StoreError> {
        if user.super_admin {
            return self.organizations().await;
        }
        let rows: Vec<OrganizationRow> = self
            .db
            .all(
                "SELECT o.id, o.name, o.zone, o.country, o.quiet_from, o.quiet_to, o.stopped_at, o.stopped_by, o.created_at
                 FROM organizations o JOIN memberships m ON m.organization_id = o.id
                 WHERE m.user_id = $1 ORDER BY o.name, o.id",
                args![user.id.0],
            )
            .await?;
        rows.into_iter().map(Organization::try_from).collect()
    }

    /// Creates an organisation and makes its creator an admin of it.
    pub async fn create_organization(
        &self,
        new: &NewOrganization,
        creator: &User,
        now: Millis,
    ) -> Result<OrganizationId, StoreError> {
        if !creator.super_admin {
            return Err(StoreError::Forbidden);
        }
        let mut tx = self.db.begin().await?;
        let organization = insert_organization(&mut tx, new, now).await?;
        put_member(&mut tx, organization, creator.id, Role::Admin, now).await?;
        note(&mut tx, Some(organization), &creator.name, "organisation.created", organization, now).await?;
        tx.commit().await?;
        Ok(organization)
    }
}
