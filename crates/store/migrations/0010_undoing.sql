-- An import that is taken back is gone for every reader at once, by one mark: a row here. What it brought is cleared behind it, in steps.
-- Readers see registrants and leads without those of imports in this table (`@registrants` and `@leads` in db.rs).
CREATE TABLE undoing (
    import_id       UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL,
    -- Registrations with one number that are left may have a new first one; looked at up to here.
    marked_to       UUID,
    -- Whether those have their marks, agreements went, and registrations stand where they stood before. No broadcast of the workshop
    -- is planned before.
    settled         BOOLEAN NOT NULL
);
CREATE INDEX undoing_workshop ON undoing (workshop_id);
CREATE INDEX undoing_organization ON undoing (organization_id, import_id);

-- How many registrants that an import brought are what; the words are those of workshop_counts. Moves with the rows, so that the mark can
-- take all of them out of the counts without looking at one.
CREATE TABLE import_counts (
    import_id       UUID NOT NULL,
    organization_id UUID NOT NULL,
    what            TEXT NOT NULL,
    n               BIGINT NOT NULL,
    PRIMARY KEY (import_id, what)
);
-- Whether import_counts knows every registrant of the import: none of those that an earlier version brought.
ALTER TABLE imports ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;

-- Grows with every change that takes people out of a workshop or changes where they stand: a plan that was read before is not written.
ALTER TABLE workshops ADD COLUMN people_revision BIGINT NOT NULL DEFAULT 0;
