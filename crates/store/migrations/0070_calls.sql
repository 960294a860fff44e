-- A row for each attempt to call somebody, written in the transaction that claims the message: it holds one of the account's channels from
-- then on. What is proven of the call is its record (domain::call::CallRecord); the columns beside it are what is counted and listed.
CREATE TABLE calls (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    attempt         BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    integration_id  UUID NOT NULL,
    -- The provider's own; empty until it is told.
    provider_id     TEXT NOT NULL,
    record          TEXT NOT NULL,
    stage           TEXT NOT NULL,
    digit           BIGINT,
    talk_s          BIGINT,
    ring_s          BIGINT,
    placed_at       BIGINT NOT NULL,
    -- A channel is held until then at the latest; 0 once the call is over, or was never placed.
    holds_until     BIGINT NOT NULL,
    -- When it was first known to be over.
    ended_at        BIGINT,
    -- When the provider is asked what became of it; none once that is known, or nobody can be asked any more.
    ask_at          BIGINT,
    asked           BIGINT NOT NULL,
    -- What the key does (domain::call::Action); empty without one. Done once, at acted_at; what stood in the way is in the note.
    action          TEXT NOT NULL,
    acted_at        BIGINT,
    note            TEXT NOT NULL,
    -- It was weighed when too many people of its broadcast wanted no more calls: what comes after somebody went on is weighed by itself.
    weighed         BOOLEAN NOT NULL,
    PRIMARY KEY (broadcast_id, position, attempt)
);
CREATE INDEX calls_holding ON calls (integration_id, holds_until) WHERE holds_until > 0;
CREATE INDEX calls_placed ON calls (integration_id, placed_at);
CREATE INDEX calls_provider ON calls (integration_id, provider_id) WHERE provider_id <> '';
CREATE INDEX calls_ask ON calls (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX calls_act ON calls (action) WHERE action <> '' AND acted_at IS NULL;

-- What a test call says, for the provider that asks while the phone is at the ear. It holds no number and is gone after a day.
CREATE TABLE test_calls (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    integration_id  UUID NOT NULL,
    template        TEXT NOT NULL,
    content         TEXT NOT NULL,
    placed_at       BIGINT NOT NULL
);
