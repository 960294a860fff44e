-- Where a registration came from in the words of a file ("Facebook"); `source` says how it came here. The version before writes none.
ALTER TABLE registrants ADD COLUMN came_from TEXT NOT NULL DEFAULT '';
