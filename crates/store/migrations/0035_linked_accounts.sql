-- Accounts that are linked to a phone through a gateway: how they stand, since when, and who knows the risk. And the people of groups.

CREATE TABLE linked_accounts (
    integration_id  UUID PRIMARY KEY REFERENCES integrations (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- How it stood when it was last asked (JSON), since when it stands so, and when it was asked.
    state           TEXT NOT NULL,
    since           BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    -- The number of the linked phone: the account's identity, however often it is linked anew. Empty before the first link.
    phone           TEXT NOT NULL,
    linked_at       BIGINT,
    -- Who read what may happen to the number, and when.
    risk_by         TEXT NOT NULL,
    risk_at         BIGINT,
    -- WhatsApp warned on the phone: the account rests until then.
    warned_until    BIGINT
);
CREATE INDEX linked_accounts_organization ON linked_accounts (organization_id);
