-- Linked accounts are asked how they stand by the program itself: when it asked last, and since when the gateway does not answer.
ALTER TABLE linked_accounts ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN silent_since BIGINT;
