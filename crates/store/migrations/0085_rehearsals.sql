-- A workshop's plan played on the vendors' stand-ins. Here stand its figures, which name nobody; its people and texts lie in a database of its own,
-- on the machine that played it. A workshop has one at most, and an organisation plays one at a time.
CREATE TABLE rehearsals (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    -- running, done, stopped or failed
    state           TEXT NOT NULL,
    -- What was to go wrong, as JSON.
    script          TEXT NOT NULL,
    -- From where to where the virtual clock runs, and where it stands.
    from_at         BIGINT NOT NULL,
    until_at        BIGINT NOT NULL,
    now_at          BIGINT NOT NULL,
    -- What went out so far, as JSON.
    report          TEXT NOT NULL,
    -- Why it failed; empty where it did not.
    why             TEXT NOT NULL,
    run_by          TEXT NOT NULL,
    started_at      BIGINT NOT NULL,
    -- By the real clock: who plays it renews it, so that one that broke off holds nobody up.
    beat_at         BIGINT NOT NULL,
    ended_at        BIGINT
);
CREATE UNIQUE INDEX rehearsals_running ON rehearsals (organization_id) WHERE state = 'running';
CREATE INDEX rehearsals_workshop ON rehearsals (workshop_id);
