-- Searching for people: an index by words that both databases keep, instead of a walk over everybody for each search.
--
-- One entry per person of an organisation, that is per number; who registered without one has an entry per registration. `words` holds what
-- domain::search::index_words makes of every name and address that person gave, with one space between them. What makes an
-- index of it is of each database and stands in migrate.rs. Entries are made in steps behind the registrations
-- (search/entries.rs); what no step has come to yet is read as it is.

-- `no` numbers organisations from 1; entries of one have `n` from no × 2^40 on, so that the organisation is part of every key.
CREATE TABLE search_scopes (
    organization_id UUID PRIMARY KEY,
    no              BIGINT NOT NULL UNIQUE
);

CREATE TABLE search_entries (
    n               BIGINT PRIMARY KEY,
    organization_id UUID NOT NULL,
    -- The digits of the number, the last one first: the end of a number is then a beginning. Empty without a number.
    ending          TEXT NOT NULL,
    -- The registration, of somebody without a number.
    workshop_id     UUID,
    registrant_id   UUID,
    words           TEXT NOT NULL
);
CREATE UNIQUE INDEX search_entries_ending ON search_entries (organization_id, ending) WHERE ending <> '';
CREATE UNIQUE INDEX search_entries_registrant ON search_entries (workshop_id, registrant_id) WHERE registrant_id IS NOT NULL;

-- Registrations up to here have their entries; whether others follow. Whatever there is already is behind.
ALTER TABLE workshops ADD COLUMN indexed_to UUID;
ALTER TABLE workshops ADD COLUMN index_behind BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX workshops_index_behind ON workshops (organization_id, id) WHERE index_behind;

-- From a person to the rows of a broadcast that leave them out; planned ones have messages_recipient.
CREATE INDEX messages_left_out ON messages (broadcast_id, recipient, registrant_id) WHERE NOT planned;
-- From the last four digits to opted-out numbers: these need no person.
CREATE INDEX suppressions_ending ON suppressions (organization_id, substr(phone, length(phone) - 3)) WHERE phone <> '';
CREATE INDEX suppressions_lifted_phone ON suppressions_lifted (organization_id, phone) WHERE phone <> '';
CREATE INDEX suppressions_lifted_ending ON suppressions_lifted (organization_id, substr(phone, length(phone) - 3)) WHERE phone <> '';
