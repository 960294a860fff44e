-- Registrations whose place a file took away: what a newer export of a list changed, so that an undo of the import gives it back.
CREATE TABLE import_changes (
    import_id       UUID NOT NULL REFERENCES imports (id),
    registrant_id   UUID NOT NULL,
    status_before   TEXT NOT NULL,
    status_after    TEXT NOT NULL,
    changed_at      BIGINT NOT NULL,
    PRIMARY KEY (import_id, registrant_id)
);
