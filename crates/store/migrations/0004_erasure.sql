-- Erasing people: on request, and when an organisation has kept them long enough (providers/regulation-india.md §5).
-- Every new column has a value where the version before writes nothing.

-- `keep_days` after the end of a workshop its people are erased; NULL: never. The next look is a row here, so that one process does it.
ALTER TABLE organizations ADD COLUMN keep_days BIGINT;
ALTER TABLE organizations ADD COLUMN retention_next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN retention_ran_at BIGINT;
-- What the last look that found something erased.
ALTER TABLE organizations ADD COLUMN retention_erased_at BIGINT;
ALTER TABLE organizations ADD COLUMN retention_workshops BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN retention_people BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN retention_messages BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN retention_receipts BIGINT NOT NULL DEFAULT 0;
-- Receipts that fit nothing are without a body up to here, so that no look begins at the first of them.
ALTER TABLE organizations ADD COLUMN retention_receipts_to BIGINT NOT NULL DEFAULT 0;

-- Since when nothing about its people is left here; NULL again when somebody registers.
ALTER TABLE workshops ADD COLUMN erased_at BIGINT;

-- Keyed hashes of numbers erased on request: a provider's news about them that comes later is dropped instead of kept.
CREATE TABLE erased_numbers (
    organization_id UUID NOT NULL,
    phone_key       TEXT NOT NULL,
    erased_at       BIGINT NOT NULL,
    PRIMARY KEY (organization_id, phone_key)
);
