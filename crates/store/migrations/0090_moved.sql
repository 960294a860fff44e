-- A workshop that was moved: when, and which start its people had been told by then. Whoever was told that one, and nothing since, has to be
-- told the new one.
ALTER TABLE workshops ADD COLUMN moved_at BIGINT;
ALTER TABLE workshops ADD COLUMN moved_from BIGINT;
