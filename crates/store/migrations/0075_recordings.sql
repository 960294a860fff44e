-- Recordings that calls play in the place of a text, as a telephone plays them: WAV, 8 kHz, mono, 16 bits, at most a minute. The bytes stand in
-- the database, so that every process serves them and every backup carries them. A recording is never changed: providers keep what they
-- fetched by its address.
CREATE TABLE recordings (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    -- domain::call::Language
    language        TEXT NOT NULL,
    -- SHA-256 of the file, in hex.
    sha256          TEXT NOT NULL,
    -- The unguessable part of the address at which providers fetch it.
    address         TEXT NOT NULL,
    length_ms       BIGINT NOT NULL,
    -- How loud the upload was, in 1/100 LUFS, and by how much it was changed, in 1/100 dB.
    loudness        BIGINT NOT NULL,
    gain            BIGINT NOT NULL,
    -- What whoever recorded it should know, as JSON.
    findings        TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    wav             BYTEA NOT NULL
);

CREATE UNIQUE INDEX recordings_name ON recordings (organization_id, name);
CREATE UNIQUE INDEX recordings_address ON recordings (address);
