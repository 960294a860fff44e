-- Posts of providers that could not be read ask for attention until a person has seen them: those received after this moment do.
ALTER TABLE organizations ADD COLUMN posts_seen_at BIGINT NOT NULL DEFAULT 0;
