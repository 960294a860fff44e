-- Reach ladders of workshops' plans. A ladder's row is what its rungs' claims lock, so that two of them never spend the same rupee: what it may
-- cost, and from which moment on what was told by hand proves as well. It is written with the confirmation of each rung.
CREATE TABLE ladders (
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    ladder          TEXT NOT NULL,
    organization_id UUID NOT NULL,
    -- In 1/10,000 rupee; none where nothing bounds it.
    per_person      BIGINT,
    in_all          BIGINT,
    proof_since     BIGINT NOT NULL,
    PRIMARY KEY (workshop_id, ladder)
);

-- The ladder that a broadcast is a rung of, and so long after the rung before it goes to somebody at the earliest.
ALTER TABLE broadcasts ADD COLUMN ladder TEXT;
ALTER TABLE broadcasts ADD COLUMN rung_wait_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX broadcasts_ladder ON broadcasts (workshop_id, ladder) WHERE ladder IS NOT NULL;

-- The estimated price of each message of a rung, in 1/10,000 rupee: what it counts for the ladder's cost until its charge is known. Written with
-- the plan, of rungs alone.
CREATE TABLE rung_prices (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    price           BIGINT NOT NULL,
    PRIMARY KEY (broadcast_id, position)
);
