-- Landlines of other countries that were registered before landlines had a mark (0016) get it behind the start, in steps. How far a workshop was
-- looked at, as a number; empty at the beginning, NULL when there is nothing to look at.
ALTER TABLE workshops ADD COLUMN marks_to TEXT;
UPDATE workshops SET marks_to = '' WHERE registrants > 0;
