-- A workshop that was moved: when, and which start its people had been told by then. Whoever was told that one, and nothing since, has to be
-- told the new one.
ALTER TABLE workshops ADD COLUMN moved_at BIGINT;
ALTER TABLE workshops ADD COLUMN moved_from BIGINT;
-- What needs a person is looked for each second: of all workshops only these are read.
CREATE INDEX workshops_moved ON workshops (organization_id, starts_at) WHERE moved_at IS NOT NULL;
