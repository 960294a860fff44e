-- The plan of a workshop: which version of which sequence it follows, and from which times and zone its moments were computed. Whoever
-- changes it names the revision that they saw.
CREATE TABLE workshop_plans (
    workshop_id     UUID PRIMARY KEY REFERENCES workshops (id),
    organization_id UUID NOT NULL,
    sequence_id     UUID NOT NULL REFERENCES sequences (id),
    version         BIGINT NOT NULL,
    revision        BIGINT NOT NULL,
    zone            TEXT NOT NULL,
    starts_at       BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL,
    run_by          TEXT NOT NULL,
    run_by_id       UUID,
    run_at          BIGINT NOT NULL
);
CREATE INDEX workshop_plans_sequence ON workshop_plans (sequence_id);

-- A step of it. Its unique key is "exactly one run": the transaction that confirms the step's broadcast turns the row from planned to
-- broadcast, and only one can. There is no row per person before a step is due: late registrants, cancellations and conditions cost nothing.
--
-- late_after is the id behind which registrations are looked through for people who came after the step went out; none where nobody
-- gets it later. claimed_until keeps several processes from reviewing the same step at once; it guards nothing. rehearse_at is when the
-- checks before sending are tried next, ahead of the step's moment; obstacle is what they found last.
CREATE TABLE plan_rows (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    workshop_id     UUID NOT NULL REFERENCES workshop_plans (workshop_id),
    step_key        TEXT NOT NULL,
    target          TEXT NOT NULL,
    due_at          BIGINT,
    until_at        BIGINT NOT NULL,
    state           TEXT NOT NULL,
    why             TEXT NOT NULL,
    why_text        TEXT NOT NULL,
    decided_by      TEXT NOT NULL,
    decided_at      BIGINT,
    broadcast_id    UUID,
    late_after      UUID,
    claimed_until   BIGINT NOT NULL,
    rehearse_at     BIGINT NOT NULL,
    obstacle        TEXT NOT NULL,
    obstacle_text   TEXT NOT NULL
);
CREATE UNIQUE INDEX plan_rows_step ON plan_rows (workshop_id, step_key, target);
-- Due work is found by its moment, however many rows there are.
CREATE INDEX plan_rows_due ON plan_rows (due_at) WHERE state = 'planned' AND due_at IS NOT NULL;
CREATE INDEX plan_rows_rehearse ON plan_rows (rehearse_at) WHERE state = 'planned';
CREATE INDEX plan_rows_late ON plan_rows (until_at) WHERE late_after IS NOT NULL;

-- Which step made a broadcast; none where a person did. Those of late registrants have it too.
ALTER TABLE broadcasts ADD COLUMN plan_row_id UUID;
CREATE INDEX broadcasts_plan_row ON broadcasts (plan_row_id) WHERE plan_row_id IS NOT NULL;
