-- A landline gets no text: its registrations have a mark of their own, and counters with it. Indian landlines are known by their first digit;
-- those of other countries are marked when something changes about them, and the planner knows them by the number itself.
-- A program of the version before does not know the mark, and cannot show these registrations until it is restarted.
UPDATE registrants SET mark = 'landline'
WHERE mark = '' AND status = 'registered' AND phone LIKE '+91%' AND length(phone) = 13 AND substr(phone, 4, 1) < '6';

INSERT INTO workshop_counts (workshop_id, what, n)
SELECT workshop_id, 'landline', COUNT(*) FROM registrants WHERE mark = 'landline' AND mark <> '' GROUP BY workshop_id;

UPDATE workshop_counts SET n = n - (SELECT COUNT(*) FROM registrants r
                                    WHERE r.workshop_id = workshop_counts.workshop_id AND r.mark = 'landline' AND r.mark <> '' AND r.name = '')
WHERE what = 'without_name';

-- Names and numbers can be corrected where they are seen, and a newer export of a list brings the corrections of others. What was before and
-- who changed it is kept with the person, and erased with them.
CREATE TABLE corrections (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL,
    registrant_id   UUID NOT NULL,
    -- The newer list that brought it; empty when somebody typed.
    import_id       UUID,
    name_before     TEXT NOT NULL,
    name_after      TEXT NOT NULL,
    email_before    TEXT NOT NULL,
    email_after     TEXT NOT NULL,
    phone_before    TEXT NOT NULL,
    phone_after     TEXT NOT NULL,
    typed_before    TEXT NOT NULL,
    typed_after     TEXT NOT NULL,
    corrected_by    TEXT NOT NULL,
    corrected_at    BIGINT NOT NULL
);
CREATE INDEX corrections_registrant ON corrections (workshop_id, registrant_id, id);
-- From a number to what became of it, and back; for the person's page and for an erasure.
CREATE INDEX corrections_before ON corrections (organization_id, phone_before) WHERE phone_before <> '';
CREATE INDEX corrections_after ON corrections (organization_id, phone_after) WHERE phone_after <> '';
CREATE INDEX corrections_import ON corrections (import_id) WHERE import_id IS NOT NULL;

-- Other numbers of the same person in the file that brought them, with a space between two; and the id that the list's maker gave the
-- registration, by which a newer export of it is recognised.
ALTER TABLE registrants ADD COLUMN other_phones TEXT NOT NULL DEFAULT '';
ALTER TABLE registrants ADD COLUMN reference TEXT NOT NULL DEFAULT '';
-- Few have any: what an erasure looks through.
CREATE INDEX registrants_other_phones ON registrants (organization_id, id) WHERE other_phones <> '';

-- In what a newer list differs from what is registered here, to be shown before anything is taken over; gone with the import's commit.
CREATE TABLE import_differences (
    import_id       UUID NOT NULL REFERENCES imports (id),
    kind            TEXT NOT NULL,
    registrant_id   UUID NOT NULL,
    -- What the newer list says.
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    phone           TEXT NOT NULL,
    status          TEXT NOT NULL,
    PRIMARY KEY (import_id, kind, registrant_id)
);
