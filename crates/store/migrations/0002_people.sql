-- Workshops, the people who registered, imports, and who must not be contacted.

CREATE TABLE workshop_tags (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    colour          TEXT NOT NULL,
    is_default      BOOLEAN NOT NULL,
    UNIQUE (organization_id, name)
);

CREATE TABLE workshops (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    title           TEXT NOT NULL,
    starts_at       BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL,
    status          TEXT NOT NULL,
    join_link       TEXT NOT NULL,
    tag_id          UUID REFERENCES workshop_tags (id),
    -- People whose registration stands; moves in the transaction that moves them.
    registrants     BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX workshops_by_start ON workshops (organization_id, starts_at, id);

-- A person, by number. As for registrants, no foreign key to the organisation: it would be looked up for every row of an import.
-- `import_id` is the import that brought them first, so that an undo takes only those away.
CREATE TABLE leads (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    phone           TEXT NOT NULL,
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    import_id       UUID,
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, phone)
);

-- A place in a workshop. Two people may register with one number, so (workshop, phone) is not unique; `identity` makes a
-- second import of the same file add nobody. A registrant's lead is the one with the same number: a column for it would need
-- another index on the hottest insert of the program.
--
-- `mark` says why a registered person cannot be told anything whatever the message: 'no_phone', 'invalid_phone', or 'duplicate'
-- (an earlier registration has the same number); empty for everyone else. It moves in the transaction that makes it so.
CREATE TABLE registrants (
    id              UUID NOT NULL,
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    phone           TEXT NOT NULL,
    phone_typed     TEXT NOT NULL,
    status          TEXT NOT NULL,
    mark            TEXT NOT NULL,
    source          TEXT NOT NULL,
    import_id       UUID,
    identity        TEXT NOT NULL,
    registered_at   BIGINT NOT NULL,
    -- The newest of a workshop without a sort; ids grow, so that inserts stay at the end of this key.
    PRIMARY KEY (workshop_id, id),
    -- The order of a plan, and the way from a number to a registration.
    UNIQUE (workshop_id, phone, identity)
);
-- Small: only the exceptions that screens list.
CREATE INDEX registrants_marked ON registrants (workshop_id, mark, id) WHERE mark <> '';
CREATE INDEX registrants_left ON registrants (workshop_id, status, id) WHERE status <> 'registered';
CREATE INDEX registrants_nameless ON registrants (workshop_id, id) WHERE name = '';
CREATE INDEX registrants_import ON registrants (import_id, id) WHERE import_id IS NOT NULL;

-- How many registrants of a workshop are what: counting a million rows takes too long for a page. The words stand in
-- registrants.rs, which alone changes them, in the transaction that changes the rows.
CREATE TABLE workshop_counts (
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    what            TEXT NOT NULL,
    n               BIGINT NOT NULL,
    PRIMARY KEY (workshop_id, what)
);

CREATE TABLE imports (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    file_name       TEXT NOT NULL,
    file_path       TEXT NOT NULL,
    state           TEXT NOT NULL,
    mapping         TEXT NOT NULL,
    summary         TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    committed_at    BIGINT,
    undone_at       BIGINT
);
CREATE INDEX imports_organization ON imports (organization_id, id);

-- Rows of a file that need a person: each cell with its reason, and what the person typed instead.
CREATE TABLE import_rows (
    import_id       UUID NOT NULL REFERENCES imports (id),
    line            BIGINT NOT NULL,
    cells           TEXT NOT NULL,
    problems        TEXT NOT NULL,
    decision        TEXT NOT NULL,
    typed           TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- `phone_key` is a keyed hash of the number, so that an entry survives erasure; `phone` goes with it. Each origin has an entry of
-- its own, so that a person's START or Undo takes away what they set themselves and nothing else: `person` (STOP, or a refusal that
-- the network reports), `link` (the page behind a message), `by_hand`, `import`.
CREATE TABLE suppressions (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    phone_key       TEXT NOT NULL,
    phone           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    category        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    source          TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, phone_key, channel, category, source)
);
CREATE INDEX suppressions_phone ON suppressions (organization_id, phone) WHERE phone <> '';
CREATE INDEX suppressions_erased ON suppressions (organization_id, phone_key) WHERE phone = '';

-- Entries that were lifted, by whom and why: `lifted_by` is empty when the person themselves came back. A table apart, so that what
-- every claim looks through stays short.
CREATE TABLE suppressions_lifted (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    phone_key       TEXT NOT NULL,
    phone           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    category        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    source          TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    lifted_by       TEXT NOT NULL,
    lift_reason     TEXT NOT NULL,
    lifted_at       BIGINT NOT NULL
);
CREATE INDEX suppressions_lifted_key ON suppressions_lifted (organization_id, phone_key);
CREATE INDEX suppressions_lifted_newest ON suppressions_lifted (organization_id, lifted_at);

-- What people agreed to, and the proof of it: where (`source`), in which words, when, and who wrote it down. A row is never changed
-- but by the withdrawal; whoever agrees again has a new one. `note` says who took the first step when it is recorded soon after
-- an opt-out (providers/regulation-india.md §1.5). No foreign key to the import, as for leads.
CREATE TABLE consents (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    phone_key       TEXT NOT NULL,
    phone           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    category        TEXT NOT NULL,
    given_at        BIGINT NOT NULL,
    source          TEXT NOT NULL,
    wording         TEXT NOT NULL,
    note            TEXT NOT NULL,
    import_id       UUID,
    recorded_by     TEXT NOT NULL,
    recorded_at     BIGINT NOT NULL,
    withdrawn_at    BIGINT,
    withdrawn_by    TEXT NOT NULL,
    withdraw_reason TEXT NOT NULL
);
-- One standing agreement per number, channel and category; also the way of every claim.
CREATE UNIQUE INDEX consents_standing ON consents (organization_id, phone_key, channel, category) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_key ON consents (organization_id, phone_key) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX consents_phone ON consents (organization_id, phone) WHERE phone <> '';
CREATE INDEX consents_import ON consents (import_id) WHERE import_id IS NOT NULL;
