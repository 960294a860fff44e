//! What the entries of the audit log are about, as it is called now: ids alone tell a reader nothing.

use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

/// The kind of thing that an audit entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A workshop.
    Workshop,
    /// A broadcast.
    Broadcast,
    /// A template; `of` is the word of its channel.
    Template,
    /// A provider's account.
    Account,
    /// A tag.
    Tag,
    /// A short link with a name.
    Link,
    /// An import.
    Import,
    /// A member, or somebody who was one.
    Member,
    /// A registration; `of` is its workshop.
    Registrant,
    /// A person.
    Person,
    /// An alert.
    Alert,
    /// A WhatsApp group.
    Group,
    /// A sequence.
    Sequence,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id, as the entry has it.
    pub id: Uuid,
    /// Which kind of thing it is.
    pub kind: SubjectKind,
    /// What it is called now; may be empty.
    pub name: String,
    /// What it belongs to, where its kind says so; else empty.
    pub of: String,
}

/// One query for each kind, by key.
const QUERIES: &[(SubjectKind, &str)] = &[
    (
        SubjectKind::Workshop,
        "SELECT x.id, x.title, '' FROM @batch CROSS JOIN workshops x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Broadcast,
        "SELECT x.id, x.title, '' FROM @batch CROSS JOIN broadcasts x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Template,
        "SELECT x.id, x.name, x.channel FROM @batch CROSS JOIN templates x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Account,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN integrations x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Tag,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN workshop_tags x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Link,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN named_links x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Import,
        "SELECT x.id, x.file_name, '' FROM @batch CROSS JOIN imports x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Member,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN users x CROSS JOIN memberships m
         WHERE x.id = b.id AND m.user_id = x.id AND m.organization_id = $1",
    ),
    (
        SubjectKind::Person,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN @leads x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Alert,
        "SELECT x.id, x.title, '' FROM @batch CROSS JOIN alerts x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Group,
        "SELECT x.id, x.subject, '' FROM @batch CROSS JOIN groups x WHERE x.id = b.id AND x.organization_id = $1",
    ),
    (
        SubjectKind::Sequence,
        "SELECT x.id, x.name, '' FROM @batch CROSS JOIN sequences x WHERE x.id = b.id AND x.organization_id = $1",
    ),
];

impl Org {
    /// What these ids are, as far as they are still there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_subjects(&self, ids: &[Uuid]) -> Result<Vec<Subject>, StoreError> {
        let mut found = Vec::new();
        if ids.is_empty() {
            return Ok(found);
        }
        for (kind, sql) in QUERIES {
            let batch = Batch::new().uuids("id", ids.iter().copied());
            let rows: Vec<(Uuid, String, String)> = self.db.all_batch(sql, args![self.id()], batch).await?;
            found.extend(rows.into_iter().map(|(id, name, of)| Subject { id, kind: *kind, name, of }));
        }
        Ok(found)
    }

    /// The registrations of these ids. Their key begins with the workshop, so each workshop is asked for each id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_registrants(&self, ids: &[Uuid]) -> Result<Vec<Subject>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, String, Uuid)> = self
            .db
            .all_batch(
                "SELECT r.id, r.name, r.workshop_id FROM @batch CROSS JOIN workshops w
                 JOIN @registrants r ON r.workshop_id = w.id AND r.id = b.id
                 WHERE w.organization_id = $1 AND r.organization_id = $1",
                args![self.id()],
                Batch::new().uuids("id", ids.iter().copied()),
            )
            .await?;
        let subject = |(id, name, workshop): (Uuid, String, Uuid)| Subject {
            id,
            kind: SubjectKind::Registrant,
            name,
            of: workshop.to_string(),
        };
        Ok(rows.into_iter().map(subject).collect())
    }
}
