-- WhatsApp groups: by which account they are posted to, which workshop they belong to, and posts that a person makes by hand.

-- A group as one account of the organisation has it. Its identity is the account and the messenger's id (jid); a group that was named by
-- hand has none, and belongs to the account of kind `by_hand`, behind which there is no vendor.
CREATE TABLE groups (
    id              UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    integration_id  UUID NOT NULL REFERENCES integrations (id),
    jid             TEXT NOT NULL,
    subject         TEXT NOT NULL,
    invite_link     TEXT NOT NULL,
    members         BIGINT,
    announce        BOOLEAN NOT NULL,
    is_admin        BOOLEAN NOT NULL,
    kind            TEXT NOT NULL,
    parent_jid      TEXT NOT NULL,
    gone_at         BIGINT,
    synced_at       BIGINT,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX groups_jid ON groups (integration_id, jid) WHERE jid <> '';
CREATE INDEX groups_organization ON groups (organization_id, integration_id);

-- The groups that a workshop's posts go to.
CREATE TABLE workshop_groups (
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    group_id        UUID NOT NULL REFERENCES groups (id),
    organization_id UUID NOT NULL,
    chosen_by       TEXT NOT NULL,
    chosen_at       BIGINT NOT NULL,
    PRIMARY KEY (workshop_id, group_id)
);
CREATE INDEX workshop_groups_group ON workshop_groups (group_id);

-- Who was asked to post by hand. A broadcast with somebody here is never sent by the program: its rows wait until that person, or another
-- one, says that they posted.
ALTER TABLE broadcasts ADD COLUMN assignee_id UUID;
ALTER TABLE broadcasts ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
