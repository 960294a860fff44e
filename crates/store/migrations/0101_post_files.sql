-- Files that posts in groups show, uploaded here: pictures, videos, documents of at most 16 MB. The bytes stand in the database, so that every
-- process serves them and every backup carries them. A file never changes under its address, and one that is uploaded again is the same one.
CREATE TABLE post_files (
    -- The unguessable part of the address at which gateways fetch it.
    address         TEXT PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- SHA-256 of the file, in hex.
    sha256          TEXT NOT NULL,
    -- What it is served as, by how it begins.
    mime            TEXT NOT NULL,
    bytes           BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    -- When it was uploaded last.
    created_at      BIGINT NOT NULL,
    file            BYTEA NOT NULL
);

CREATE UNIQUE INDEX post_files_sha256 ON post_files (organization_id, sha256);

-- Seconds that two posts of a broadcast keep apart at least, whatever its account's own pauses are; 0 for no more than these.
ALTER TABLE broadcasts ADD COLUMN gap_s BIGINT NOT NULL DEFAULT 0;
