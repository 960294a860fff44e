-- A search right behind an import of a million read all of its rows, because none of them has an entry in the index yet. A block stands for a
-- thousand registrations of a large import and says of most searches that they find none of these (domain::search::Filter). It goes when its
-- registrations have their entries.

CREATE TABLE search_blocks (
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL,
    -- It stands for every registration of the workshop after the first id, up to the last.
    after_id        UUID NOT NULL,
    last_id         UUID NOT NULL,
    -- The lowest and the highest number among them; empty where nobody has one.
    lowest          TEXT NOT NULL,
    highest         TEXT NOT NULL,
    bits            BYTEA NOT NULL,
    PRIMARY KEY (workshop_id, last_id)
);
