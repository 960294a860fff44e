//! The audio library: recordings that calls play in the place of a text. How a recording is made fit for a telephone is
//! not the store's business: it keeps what it is given, and gives it out by an unguessable address.

use domain::{
    call::Language,
    ids::{RecordingId, TemplateId},
    role::Permission,
    time::Millis,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Store,
    db::args,
    error::{StoreError, json, word},
    org::Org,
};

/// Most recordings of an organisation: with a minute each they take about 200 MB.
pub const RECORDINGS_MAX: i64 = 200;

/// A recording, without its sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Id of the recording.
    pub id: RecordingId,
    /// The organisation's name for it, unique.
    pub name: String,
    /// The language that the recording speaks.
    pub language: Language,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The secret part of the address at which providers fetch the sound.
    pub address: String,
    /// The length of the sound, in milliseconds.
    pub length_ms: i64,
    /// The loudness of the upload, in 1/100 LUFS.
    pub loudness: i64,
    /// The change of loudness when it was converted, in 1/100 dB.
    pub gain: i64,
    /// The findings about the sound, as JSON.
    pub findings: Value,
    /// The member who added it, by name.
    pub created_by: String,
    /// When it was added.
    pub created_at: Millis,
}

/// A recording to be kept.
#[derive(Clone)]
pub struct NewRecording {
    /// The organisation's name for it.
    pub name: String,
    /// In which language it speaks.
    pub language: Language,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The unguessable part of its address.
    pub address: String,
    /// How long it is, in milliseconds.
    pub length_ms: i64,
    /// How loud the upload was, in 1/100 LUFS.
    pub loudness: i64,
    /// By how much it was made louder or softer, in 1/100 dB.
    pub gain: i64,
    /// What whoever recorded it should know.
    pub findings: Value,
    /// The file: WAV as a telephone plays it.
    pub wav: Vec<u8>,
}

/// Neither the sound nor its address.
impl std::fmt::Debug for NewRecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecording")
            .field("name", &self.name)
            .field("length_ms", &self.length_ms)
            .field("bytes", &self.wav.len())
            .finish_non_exhaustive()
    }
}

/// The sound of a recording.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    /// SHA-256 of the file, in hex: its bytes are never others under the same one.
    pub sha256: String,
    /// The bytes of its WAV file.
    pub wav: Vec<u8>,
}

/// Not the sound.
impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sound").field("sha256", &self.sha256).field("bytes", &self.wav.len()).finish()
    }
}

/// What plays a recording. A recording that something plays cannot be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingUse {
    /// The templates that play it, in the order of their names.
    pub templates: Vec<(TemplateId, String)>,
    /// The number of broadcasts that play it and are not over.
    pub broadcasts: i64,
}

impl RecordingUse {
    /// Whether nothing plays it.
    pub fn is_none(&self) -> bool {
        self.templates.is_empty() && self.broadcasts == 0
    }
}

/// The result of adding a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedRecording {
    /// The recording is kept under this id.
    As(RecordingId),
    /// The organisation has [`RECORDINGS_MAX`] recordings already.
    Full,
}

#[derive(sqlx::FromRow)]
struct RecordingRow {
    id: Uuid,
    name: String,
    language: String,
    sha256: String,
    address: String,
    length_ms: i64,
    loudness: i64,
    gain: i64,
    findings: String,
    created_by: String,
    created_at: i64,
}

impl TryFrom<RecordingRow> for Recording {
    type Error = StoreError;
    fn try_from(row: RecordingRow) -> Result<Recording, StoreError> {
        Ok(Recording {
            id: RecordingId(row.id),
            name: row.name,
            language: word("recordings", "language", &row.language)?,
            sha256: row.sha256,
            address: row.address,
            length_ms: row.length_ms,
            loudness: row.loudness,
            gain: row.gain,
            findings: json("recordings", "findings", &row.findings)?,
            created_by: row.created_by,
            created_at: Millis(row.created_at),
        })
    }
}

/// Whether a text of JSON names the recording of the other: ids stand in templates as they are written.
const TEMPLATES_THAT_PLAY: &str = "SELECT id, name FROM templates
     WHERE organization_id = $1 AND channel = 'ivr' AND removed_at IS NULL AND body LIKE $2 ORDER BY name";
const BROADCASTS_THAT_PLAY: &str = "SELECT COUNT(*) FROM broadcasts
     WHERE organization_id = $1 AND channel = 'ivr' AND status NOT IN ('completed', 'cancelled') AND template LIKE $2";

/// How an id is looked for in a text.
fn within(id: RecordingId) -> String {
    format!("%{id}%")
}

impl Org {
    /// Every recording, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recordings(&self) -> Result<Vec<Recording>, StoreError> {
        let rows: Vec<RecordingRow> = self
            .db
            .all(
                "SELECT id, name, language, sha256, address, length_ms, loudness, gain, findings, created_by, created_at
                 FROM recordings WHERE organization_id = $1 ORDER BY lower(name), id",
                args![self.id()],
            )
            .await?;
        rows.into_iter().map(Recording::try_from).collect()
    }

    /// One recording.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn recording(&self, id: RecordingId) -> Result<Recording, StoreError> {
        let row: Option<RecordingRow> = self
            .db
            .optional(
                "SELECT id, name, language, sha256, address, length_ms, loudness, gain, findings, created_by, created_at
                 FROM recordings WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        row.ok_or(StoreError::Missing)?.try_into()
    }

    /// The sound of one, to be listened to.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn recording_sound(&self, id: RecordingId) -> Result<Sound, StoreError> {
        let row: Option<(String, Vec<u8>)> = self
            .db
            .optional(
                "SELECT sha256, wav FROM recordings WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        row.map(|(sha256, wav)| Sound { sha256, wav }).ok_or(StoreError::Missing)
    }

    /// Keeps a recording, while there is room for it.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another one has its name.
    pub async fn add_recording(&self, new: NewRecording, now: Millis) -> Result<AddedRecording, StoreError> {
        self.allow(Permission::Manage)?;
        let id = RecordingId::new(now);
        let mut tx = self.db.begin().await?;
        // Two uploads at once do not both take the last place.
        let _: (Uuid,) =
            tx.one("SELECT id FROM organizations WHERE id = $1 FOR UPDATE", args![self.id()]).await?;
        let (there,): (i64,) =
            tx.one("SELECT COUNT(*) FROM recordings WHERE organization_id = $1", args![self.id()]).await?;
        if there >= RECORDINGS_MAX {
            return Ok(AddedRecording::Full);
        }
        tx.run(
            "INSERT INTO recordings (id, organization_id, name, language, sha256, address, length_ms, loudness, gain, findings, created_by,
                                     created_at, wav)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            args![
                id.0,
                self.id(),
                &new.name,
                new.language.word(),
                &new.sha256,
                &new.address,
                new.length_ms,
                new.loudness,
                new.gain,
                new.findings.to_string(),
                &self.actor.name,
                now,
                new.wav,
            ],
        )
        .await?;
        self.note(&mut tx, "recording.added", id, &new.name, now).await?;
        tx.commit().await?;
        Ok(AddedRecording::As(id))
    }

    /// Gives a recording another name.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there, [`StoreError::Taken`] when another one has that name.
    pub async fn rename_recording(&self, id: RecordingId, name: &str, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE recordings SET name = $3 WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id(), name],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "recording.renamed", id, name, now).await?;
        tx.commit().await
    }

    /// What plays a recording.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recording_use(&self, id: RecordingId) -> Result<RecordingUse, StoreError> {
        let templates: Vec<(Uuid, String)> =
            self.db.all(TEMPLATES_THAT_PLAY, args![self.id(), within(id)]).await?;
        let (broadcasts,): (i64,) = self.db.one(BROADCASTS_THAT_PLAY, args![self.id(), within(id)]).await?;
        Ok(used(templates, broadcasts))
    }

    /// Removes a recording with its sound, unless something plays it: then it stays, and what plays it is told.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn remove_recording(
        &self,
        id: RecordingId,
        now: Millis,
    ) -> Result<Option<RecordingUse>, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let found: Option<(String,)> = tx
            .optional(
                "SELECT name FROM recordings WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![id.0, self.id()],
            )
            .await?;
        let (name,) = found.ok_or(StoreError::Missing)?;
        let templates: Vec<(Uuid, String)> =
            tx.all(TEMPLATES_THAT_PLAY, args![self.id(), within(id)]).await?;
        let (broadcasts,): (i64,) = tx.one(BROADCASTS_THAT_PLAY, args![self.id(), within(id)]).await?;
        let used = used(templates, broadcasts);
        if !used.is_none() {
            return Ok(Some(used));
        }
        tx.run("DELETE FROM recordings WHERE id = $1 AND organization_id = $2", args![id.0, self.id()])
            .await?;
        self.note(&mut tx, "recording.removed", id, &name, now).await?;
        tx.commit().await?;
        Ok(None)
    }
}

fn used(templates: Vec<(Uuid, String)>, broadcasts: i64) -> RecordingUse {
    let templates = templates.into_iter().map(|(id, name)| (TemplateId(id), name)).collect();
    RecordingUse { templates, broadcasts }
}

impl Store {
    /// The sound at an address, for the provider that plays it: whoever knows the address may have it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn sound_at(&self, address: &str) -> Result<Sound, StoreError> {
        let row: Option<(String, Vec<u8>)> =
            self.db.optional("SELECT sha256, wav FROM recordings WHERE address = $1", args![address]).await?;
        row.map(|(sha256, wav)| Sound { sha256, wav }).ok_or(StoreError::Missing)
    }
}
