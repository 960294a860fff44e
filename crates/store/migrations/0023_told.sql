-- What a message is for. With workshop and number it is the key of *told*: a message is at the same time the entry of the ledger, so that
-- the two can never differ and no send pays for a second row. A broadcast's round says which telling it is: 0 is the first one, each
-- further one names why.
--
-- What is older than purposes keeps one of its own for each template: broadcasts are called by their template's name.
ALTER TABLE templates ADD COLUMN purpose TEXT NOT NULL DEFAULT 'reminder';
ALTER TABLE templates ADD COLUMN lead_minutes BIGINT NOT NULL DEFAULT 0;
UPDATE templates SET purpose = 'template:' || name;
ALTER TABLE broadcasts ADD COLUMN purpose TEXT NOT NULL DEFAULT 'reminder';
ALTER TABLE broadcasts ADD COLUMN round BIGINT NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN round_why TEXT NOT NULL DEFAULT '';
UPDATE broadcasts SET purpose = 'template:' || title;
CREATE INDEX broadcasts_purpose ON broadcasts (workshop_id, purpose, id);
