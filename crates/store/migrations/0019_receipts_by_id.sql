-- Which message an id of the provider's belongs to, where the provider does not send back what we sent along: a receipt finds its message by
-- it for 30 days, in whatever form it writes the number, and without one.
--
-- Ids are random, so an index of them costs a page per message while it grows (measured: it more than doubled the transaction that records).
-- A turn therefore leaves one row for all that it handed over, and those rows are put into the index together, in its order, by the way.
CREATE TABLE sent_fresh (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    integration_id  UUID NOT NULL,
    broadcast_id    UUID NOT NULL,
    at              BIGINT NOT NULL,
    ids             TEXT NOT NULL
);
CREATE INDEX sent_fresh_integration ON sent_fresh (integration_id);

-- `hash` is the first eight bytes of the id's SHA-256. Weeks are dropped whole.
CREATE TABLE sent_ids (
    integration_id  UUID NOT NULL,
    week            BIGINT NOT NULL,
    hash            BIGINT NOT NULL,
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    PRIMARY KEY (integration_id, week, hash)
);

-- WhatsApp's ids of people, which may come without a number. `phone` is empty as long as no post has carried both; `receipt_id` is then what
-- they wrote that has to wait for it.
CREATE TABLE user_ids (
    integration_id  UUID NOT NULL,
    user_id         TEXT NOT NULL,
    organization_id UUID NOT NULL,
    phone           TEXT NOT NULL,
    receipt_id      UUID,
    seen_at         BIGINT NOT NULL,
    PRIMARY KEY (integration_id, user_id)
);
CREATE INDEX user_ids_phone ON user_ids (organization_id, phone);
