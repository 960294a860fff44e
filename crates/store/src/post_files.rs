//! Files that posts in groups show, uploaded here: kept with their bytes, and given out by an unguessable address.

use domain::{
    ids::OrganizationId,
    post_media::{FIRST_BYTES, FoundFile},
    role::Permission,
    time::{DAY, Millis},
};
use uuid::Uuid;

use crate::{Store, db::args, error::StoreError, org::Org, work::Work};

/// Most bytes of all files of an organisation together.
pub const FILES_BYTES_MAX: i64 = 1024 * 1024 * 1024;
/// A file that no template and no open broadcast shows is deleted this long after it was uploaded last, when another one comes.
const UNUSED_MS: i64 = 30 * DAY;

/// A file of a post that is to be kept.
#[derive(Clone)]
pub struct NewPostFile {
    /// The SHA-256 of the file, in hex.
    pub sha256: String,
    /// The secret part of the file's address. It cannot be guessed.
    pub address: String,
    /// The MIME type under which the file is served.
    pub mime: &'static str,
    /// The bytes of the file.
    pub file: Vec<u8>,
}

/// Neither the file nor its address.
impl std::fmt::Debug for NewPostFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPostFile")
            .field("mime", &self.mime)
            .field("bytes", &self.file.len())
            .finish_non_exhaustive()
    }
}

/// A file as it is served.
#[derive(Clone, PartialEq, Eq)]
pub struct PostFile {
    /// The SHA-256 of the file, in hex. It serves as the ETag.
    pub sha256: String,
    /// The MIME type under which the file is served.
    pub mime: String,
    /// The bytes of the file.
    pub file: Vec<u8>,
}

/// Not the file.
impl std::fmt::Debug for PostFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostFile")
            .field("mime", &self.mime)
            .field("bytes", &self.file.len())
            .finish_non_exhaustive()
    }
}

/// What a gateway would meet at the address of a file of an organisation: how it begins, and its bytes.
const FOUND: &str = "SELECT bytes, substr(file, 1, CAST($3 AS INTEGER)) FROM post_files WHERE organization_id = $1 AND address = $2";

fn found(row: Option<(i64, Vec<u8>)>) -> FoundFile {
    match row {
        Some((bytes, first)) => FoundFile { status: 200, bytes: u64::try_from(bytes).ok(), first },
        None => FoundFile { status: 404, bytes: None, first: Vec::new() },
    }
}

fn first_bytes() -> i64 {
    i64::try_from(FIRST_BYTES).unwrap_or(i64::MAX)
}

impl Org {
    /// Keeps a file, while there is room for it, and says under which address; `None` where there is none. The same bytes have the address under
    /// which they were kept before.
    pub async fn keep_post_file(&self, new: NewPostFile, now: Millis) -> Result<Option<String>, StoreError> {
        self.allow(Permission::Send)?;
        let bytes = i64::try_from(new.file.len()).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        // Two uploads at once do not both take the last room.
        let _: (Uuid,) =
            tx.one("SELECT id FROM organizations WHERE id = $1 FOR UPDATE", args![self.id()]).await?;
        let kept: Option<(String,)> = tx
            .optional(
                "UPDATE post_files SET created_at = $3 WHERE organization_id = $1 AND sha256 = $2 RETURNING address",
                args![self.id(), &new.sha256, now],
            )
            .await?;
        if let Some((address,)) = kept {
            tx.commit().await?;
            return Ok(Some(address));
        }
        tx.run(
            "DELETE FROM post_files WHERE organization_id = $1 AND created_at < $2
               AND NOT EXISTS (SELECT 1 FROM templates t WHERE t.organization_id = $1 AND t.channel = 'group' AND t.removed_at IS NULL
                               AND t.body LIKE '%' || post_files.address || '%')
               AND NOT EXISTS (SELECT 1 FROM broadcasts b WHERE b.organization_id = $1 AND b.channel = 'group'
                               AND b.status NOT IN ('completed', 'cancelled') AND b.template LIKE '%' || post_files.address || '%')",
            args![self.id(), now.plus(-UNUSED_MS)],
        )
        .await?;
        let (there,): (i64,) = tx
            .one(
                "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM post_files WHERE organization_id = $1",
                args![self.id()],
            )
            .await?;
        if there.saturating_add(bytes) > FILES_BYTES_MAX {
            return Ok(None);
        }
        tx.run(
            "INSERT INTO post_files (address, organization_id, sha256, mime, bytes, created_by, created_at, file)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                &new.address,
                self.id(),
                &new.sha256,
                new.mime,
                bytes,
                &self.actor.name,
                now,
                new.file
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(Some(new.address))
    }

    /// What a gateway would meet at the address of a file of ours.
    pub async fn find_post_file(&self, address: &str) -> Result<FoundFile, StoreError> {
        Ok(found(self.db.optional(FOUND, args![self.id(), address, first_bytes()]).await?))
    }
}

impl Work {
    /// What a gateway would meet at the address of a file of that organisation.
    pub async fn find_post_file(
        &self,
        organization: OrganizationId,
        address: &str,
    ) -> Result<FoundFile, StoreError> {
        Ok(found(self.db.optional(FOUND, args![organization.0, address, first_bytes()]).await?))
    }
}

impl Store {
    /// The file at an address, for the gateway that fetches it: whoever knows the address may have it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn post_file_at(&self, address: &str) -> Result<PostFile, StoreError> {
        let row: Option<(String, String, Vec<u8>)> = self
            .db
            .optional("SELECT sha256, mime, file FROM post_files WHERE address = $1", args![address])
            .await?;
        row.map(|(sha256, mime, file)| PostFile { sha256, mime, file }).ok_or(StoreError::Missing)
    }
}
