-- Who is in a group, as its gateway lists it and as joins and leaves are told. A person is one row of a group, whatever is known of them.
CREATE TABLE group_members (
    group_id        UUID NOT NULL REFERENCES groups (id),
    -- The number in E.164 form, or `lid:` and the hidden id where the number is not told.
    person          TEXT NOT NULL,
    organization_id UUID NOT NULL,
    -- The hidden id beside a number, where both were told; empty where not.
    lid             TEXT NOT NULL,
    is_admin        BOOLEAN NOT NULL,
    -- When they joined, where that was told.
    joined_at       BIGINT,
    -- When they left, or were missing from the list first. Empty while they are in the group.
    left_at         BIGINT,
    -- The moment of what was told last: news from before it changes nothing.
    changed_at      BIGINT NOT NULL,
    PRIMARY KEY (group_id, person)
);
CREATE INDEX group_members_person ON group_members (organization_id, person);
CREATE INDEX group_members_lid ON group_members (group_id, lid) WHERE lid <> '';
-- When the whole list of a group's members was read last.
ALTER TABLE groups ADD COLUMN members_synced_at BIGINT;
