-- Which account sends on a channel where nobody names one. With one account of a channel there is nothing to say.
CREATE TABLE channel_defaults (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    channel         TEXT NOT NULL,
    integration_id  UUID NOT NULL REFERENCES integrations (id),
    PRIMARY KEY (organization_id, channel)
);
