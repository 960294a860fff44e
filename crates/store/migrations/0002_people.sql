-- Workshops, the people who registered, imports, and who must not be contacted.

CREATE TABLE workshop_tags (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    colour          TEXT NOT NULL,
    is_default      BOOLEAN NOT NULL,
    UNIQUE (organization_id, name)
);

CREATE TABLE workshops (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    title           TEXT NOT NULL,
    starts_at       BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL,
    status          TEXT NOT NULL,
    join_link       TEXT NOT NULL,
    tag_id          UUID REFERENCES workshop_tags (id),
    registrants     BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX workshops_by_start ON workshops (organization_id, starts_at);

CREATE TABLE leads (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    phone           TEXT NOT NULL,
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, phone)
);

-- A place in a workshop. Two people may register with one number, so (workshop, phone) is not unique; `identity` makes a
-- second import of the same file add nobody.
CREATE TABLE registrants (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    lead_id         UUID REFERENCES leads (id),
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    phone           TEXT NOT NULL,
    phone_typed     TEXT NOT NULL,
    status          TEXT NOT NULL,
    source          TEXT NOT NULL,
    import_id       UUID,
    identity        TEXT NOT NULL,
    registered_at   BIGINT NOT NULL,
    UNIQUE (workshop_id, phone, identity)
);
CREATE INDEX registrants_import ON registrants (import_id) WHERE import_id IS NOT NULL;
CREATE INDEX registrants_lead ON registrants (lead_id) WHERE lead_id IS NOT NULL;

CREATE TABLE imports (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    file_name       TEXT NOT NULL,
    file_path       TEXT NOT NULL,
    state           TEXT NOT NULL,
    mapping         TEXT NOT NULL,
    summary         TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    committed_at    BIGINT,
    undone_at       BIGINT
);
CREATE INDEX imports_organization ON imports (organization_id, id);

-- Rows of a file that need a person: each cell with its reason, and what the person typed instead.
CREATE TABLE import_rows (
    import_id       UUID NOT NULL REFERENCES imports (id),
    line            BIGINT NOT NULL,
    cells           TEXT NOT NULL,
    problems        TEXT NOT NULL,
    decision        TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- `phone_key` is a keyed hash of the number, so that an entry survives erasure; `phone` goes with it.
CREATE TABLE suppressions (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    phone_key       TEXT NOT NULL,
    phone           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    category        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    source          TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, phone_key, channel, category)
);
