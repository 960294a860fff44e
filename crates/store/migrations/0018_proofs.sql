-- What was proven of a broadcast: that its kept counts were its rows, when, and with which counts. As long as the counts are the same, no
-- row of it has moved, and nothing has to be counted again.
ALTER TABLE broadcasts ADD COLUMN proven_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN proven_counts TEXT NOT NULL DEFAULT '';
