-- Where a form or shop posts registrations of a workshop, one at a time: the address holds a secret that is kept as a hash. What came is an
-- import that stays open, so that rows to correct and an undo are those of every import.
CREATE TABLE webhooks (
    import_id       UUID PRIMARY KEY REFERENCES imports (id),
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL UNIQUE REFERENCES workshops (id),
    secret_hash     TEXT NOT NULL UNIQUE,
    made_by         TEXT NOT NULL,
    made_at         BIGINT NOT NULL,
    posts           BIGINT NOT NULL,
    last_at         BIGINT
);
