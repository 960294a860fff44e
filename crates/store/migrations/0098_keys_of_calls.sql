-- A broadcast that a key of a call sent, to the one person who pressed it: which calls those were.
ALTER TABLE broadcasts ADD COLUMN keys_of UUID;
CREATE INDEX broadcasts_keys_of ON broadcasts (keys_of) WHERE keys_of IS NOT NULL;
