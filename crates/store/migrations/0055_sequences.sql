-- Sequences: what is sent around a workshop. A version is never changed: a workshop's plan names the one that it follows, so that the
-- difference between what runs and what is new can be shown. Steps are one JSON text, because they are read and written together.
CREATE TABLE sequences (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    description     TEXT NOT NULL,
    version         BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_by      TEXT NOT NULL,
    changed_at      BIGINT NOT NULL,
    removed_at      BIGINT
);
CREATE UNIQUE INDEX sequences_name ON sequences (organization_id, name) WHERE removed_at IS NULL;

CREATE TABLE sequence_versions (
    sequence_id     UUID NOT NULL REFERENCES sequences (id),
    version         BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    steps           TEXT NOT NULL,
    made_by         TEXT NOT NULL,
    made_at         BIGINT NOT NULL,
    PRIMARY KEY (sequence_id, version)
);

-- A new workshop with the tag is offered this sequence.
ALTER TABLE workshop_tags ADD COLUMN sequence_id UUID;
ALTER TABLE workshop_tags ADD COLUMN description TEXT NOT NULL DEFAULT '';
