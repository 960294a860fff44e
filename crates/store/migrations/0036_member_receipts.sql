-- What the phones of a group's members did with a post, one row for each post and person. Receipts repeat, come from several devices and in any
-- order: a row is written once and only gains. No foreign key: rows come by the thousand.
CREATE TABLE member_receipts (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    -- The number in E.164 form, or `lid:` and the hidden id where the number is not told.
    person          TEXT NOT NULL,
    organization_id UUID NOT NULL,
    delivered_at    BIGINT,
    read_at         BIGINT,
    PRIMARY KEY (broadcast_id, position, person)
);
