-- Which account sends the steps of one workshop on a channel where a step names none: an organisation with two accounts of a channel may send
-- one workshop through the other.
CREATE TABLE workshop_accounts (
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    channel         TEXT NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    integration_id  UUID NOT NULL REFERENCES integrations (id),
    PRIMARY KEY (workshop_id, channel)
);
