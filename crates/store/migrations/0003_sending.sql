-- What is said, by which account, to whom, and what became of it.

CREATE TABLE integrations (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    settings        TEXT NOT NULL,
    secrets         TEXT NOT NULL,
    hints           TEXT NOT NULL,
    callback_key    TEXT NOT NULL UNIQUE,
    per_second      BIGINT NOT NULL,
    per_day         BIGINT NOT NULL,
    health          TEXT NOT NULL,
    last_receipt_at BIGINT,
    stopped_at      BIGINT,
    stopped_by      TEXT,
    removed_at      BIGINT,
    secrets_set_by  TEXT NOT NULL,
    secrets_set_at  BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX integrations_organization ON integrations (organization_id);

-- One hot row per integration: the next free instant of its pace, today's calls, and the breaker.
CREATE TABLE integration_pace (
    integration_id  UUID PRIMARY KEY REFERENCES integrations (id),
    free_at_us      BIGINT NOT NULL,
    day             BIGINT NOT NULL,
    day_calls       BIGINT NOT NULL,
    held_until      BIGINT NOT NULL,
    failures        BIGINT NOT NULL
);

CREATE TABLE templates (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    channel         TEXT NOT NULL,
    name            TEXT NOT NULL,
    body            TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT
);
CREATE UNIQUE INDEX templates_name ON templates (organization_id, channel, name) WHERE removed_at IS NULL;

CREATE TABLE prices (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    channel         TEXT NOT NULL,
    category        TEXT NOT NULL,
    from_at         BIGINT NOT NULL,
    price           BIGINT NOT NULL,
    PRIMARY KEY (organization_id, channel, category, from_at)
);

CREATE TABLE broadcasts (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    integration_id  UUID NOT NULL REFERENCES integrations (id),
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    channel         TEXT NOT NULL,
    title           TEXT NOT NULL,
    template        TEXT NOT NULL,
    audience        TEXT NOT NULL,
    category        TEXT NOT NULL,
    status          TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    starts_at       BIGINT NOT NULL,
    deadline        BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT,
    stopped_at      BIGINT,
    stopped_by      TEXT,
    stop_code       TEXT,
    stop_text       TEXT,
    probed          BOOLEAN NOT NULL,
    strikes         BIGINT NOT NULL,
    hours           TEXT NOT NULL,
    content         TEXT NOT NULL,
    unit_price      BIGINT NOT NULL,
    planned         BIGINT NOT NULL,
    units           BIGINT NOT NULL,
    plan_phone      TEXT NOT NULL,
    plan_identity   TEXT NOT NULL,
    cursor          BIGINT NOT NULL,
    served_at       BIGINT NOT NULL
);
CREATE INDEX broadcasts_organization ON broadcasts (organization_id, id);
CREATE INDEX broadcasts_workshop ON broadcasts (workshop_id, id);
CREATE INDEX broadcasts_integration ON broadcasts (integration_id, served_at);
CREATE INDEX broadcasts_status ON broadcasts (status);

-- The unit of truth. Rows are planned in order of number, so `position` and `recipient` grow together: both keys stay local
-- at a million rows, and a receipt finds its row by number within the few recent broadcasts of its integration.
CREATE TABLE messages (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    registrant_id   UUID NOT NULL,
    name            TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    planned         BOOLEAN NOT NULL,
    content         TEXT NOT NULL,
    state           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    reason_text     TEXT NOT NULL,
    attempt         BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    worker_id       UUID,
    changed_at      BIGINT NOT NULL,
    started_at      BIGINT,
    sent_at         BIGINT,
    delivered_at    BIGINT,
    read_at         BIGINT,
    failed_at       BIGINT,
    provider_id     TEXT,
    network_id      TEXT,
    cost            BIGINT,
    PRIMARY KEY (broadcast_id, position)
);
-- One number, one message per broadcast (rows left out for their number are not planned).
CREATE UNIQUE INDEX messages_recipient ON messages (broadcast_id, recipient) WHERE planned;
-- Rows that go again; untried rows are found by the broadcast's cursor instead.
CREATE INDEX messages_again ON messages (broadcast_id, next_attempt_at) WHERE state = 'waiting' AND next_attempt_at > 0;
CREATE INDEX messages_in_flight ON messages (worker_id) WHERE state = 'in_flight';
CREATE INDEX messages_exceptions ON messages (broadcast_id, state, position)
    WHERE state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled');

-- What happened to a message besides the straight way: tries that were put back, doubts, a person's decisions.
CREATE TABLE message_events (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    kind            TEXT NOT NULL,
    detail          TEXT NOT NULL
);
CREATE INDEX message_events_message ON message_events (broadcast_id, position);

-- Rows per state and reason, changed in the same transaction as the rows and by nothing else.
CREATE TABLE broadcast_counts (
    broadcast_id    UUID NOT NULL,
    state           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    n               BIGINT NOT NULL,
    cost            BIGINT NOT NULL,
    PRIMARY KEY (broadcast_id, state, reason)
);

CREATE INDEX broadcast_counts_open ON broadcast_counts (state, broadcast_id) WHERE n > 0;

-- What a provider is to be asked about later: the messages of one request, or of one campaign.
CREATE TABLE look_ups (
    broadcast_id    UUID NOT NULL,
    key             TEXT NOT NULL,
    integration_id  UUID NOT NULL,
    organization_id UUID NOT NULL,
    first_position  BIGINT NOT NULL,
    last_position   BIGINT NOT NULL,
    since           BIGINT NOT NULL,
    step            BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    PRIMARY KEY (broadcast_id, key)
);
CREATE INDEX look_ups_due ON look_ups (due_at);

-- Answers per ten seconds, for the pace chart.
CREATE TABLE broadcast_pace (
    broadcast_id    UUID NOT NULL,
    slot            BIGINT NOT NULL,
    n               BIGINT NOT NULL,
    PRIMARY KEY (broadcast_id, slot)
);

CREATE TABLE receipts (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    integration_id  UUID NOT NULL,
    dedupe_key      TEXT NOT NULL,
    body            TEXT NOT NULL,
    state           TEXT NOT NULL,
    note            TEXT NOT NULL,
    broadcast_id    UUID,
    position        BIGINT,
    received_at     BIGINT NOT NULL,
    try_at          BIGINT NOT NULL,
    UNIQUE (integration_id, dedupe_key)
);
CREATE INDEX receipts_pending ON receipts (try_at, id) WHERE state = 'pending';
CREATE INDEX receipts_unmatched ON receipts (organization_id, id) WHERE state = 'unmatched';
CREATE INDEX receipts_message ON receipts (broadcast_id, position) WHERE broadcast_id IS NOT NULL;

-- A process that may send. Its id is the fence of its claims: when it is gone or late, what it had in flight is unknown.
CREATE TABLE workers (
    id              UUID PRIMARY KEY,
    name            TEXT NOT NULL,
    started_at      BIGINT NOT NULL,
    beat_at         BIGINT NOT NULL,
    alive_until     BIGINT NOT NULL
);
