-- Tenants, people who sign in, and what lets them in. Times are UTC milliseconds, ids UUIDv7, in every table.

CREATE TABLE organizations (
    id              UUID PRIMARY KEY,
    name            TEXT NOT NULL,
    zone            TEXT NOT NULL,
    country         TEXT NOT NULL,
    quiet_from      BIGINT NOT NULL,
    quiet_to        BIGINT NOT NULL,
    stopped_at      BIGINT,
    stopped_by      TEXT,
    created_at      BIGINT NOT NULL
);

CREATE TABLE users (
    id              UUID PRIMARY KEY,
    email           TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    password_hash   TEXT,
    super_admin     BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE memberships (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    user_id         UUID NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

-- One-time links: set-up, invitation, sign-in. Only a hash of the token is kept.
CREATE TABLE access_links (
    id              UUID PRIMARY KEY,
    token_hash      TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    organization_id UUID REFERENCES organizations (id),
    user_id         UUID REFERENCES users (id),
    email           TEXT,
    role            TEXT,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    used_at         BIGINT
);
CREATE INDEX access_links_organization ON access_links (organization_id);

CREATE TABLE web_sessions (
    id              UUID PRIMARY KEY,
    token_hash      TEXT NOT NULL UNIQUE,
    user_id         UUID NOT NULL REFERENCES users (id),
    organization_id UUID REFERENCES organizations (id),
    created_at      BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX web_sessions_user ON web_sessions (user_id);

-- Failed sign-ins per account and per address.
CREATE TABLE sign_in_failures (
    subject         TEXT PRIMARY KEY,
    failures        BIGINT NOT NULL,
    last_at         BIGINT NOT NULL
);

-- Who did what. Ids only: no number, no text, so that it may outlive erasure.
CREATE TABLE audit_log (
    id              UUID PRIMARY KEY,
    organization_id UUID,
    actor           TEXT NOT NULL,
    action          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    detail          TEXT NOT NULL,
    at              BIGINT NOT NULL
);
CREATE INDEX audit_log_organization ON audit_log (organization_id, id);
