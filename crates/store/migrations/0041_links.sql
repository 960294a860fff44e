-- Short links on the host's own address.
--
-- The code of a registrant, which follows from their id under a key of the installation: it is written down when a message that carries
-- it is planned, so that it can be looked up. Several messages carry the same one. Opening it is counted.
CREATE TABLE join_links (
    code            TEXT PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    registrant_id   UUID NOT NULL,
    opened_at       BIGINT,
    opens           BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX join_links_workshop ON join_links (workshop_id, registrant_id);

-- A link that people know by its name, and whose target can change at any time. A removed one keeps its name: nobody else can take what
-- stands in messages that went out.
CREATE TABLE named_links (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL UNIQUE,
    target          TEXT NOT NULL,
    opens           BIGINT NOT NULL DEFAULT 0,
    opened_at       BIGINT,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    removed_at      BIGINT
);
CREATE INDEX named_links_organization ON named_links (organization_id, name);
