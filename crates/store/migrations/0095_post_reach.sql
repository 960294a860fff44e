-- What a member reacted with to a post, and when they did so or took it back last.
ALTER TABLE member_receipts ADD COLUMN reaction TEXT NOT NULL DEFAULT '';
ALTER TABLE member_receipts ADD COLUMN reacted_at BIGINT;
-- Of many members few react.
CREATE INDEX member_reactions ON member_receipts (broadcast_id, position, reaction) WHERE reaction <> '';
-- How many members' phones have a post, and how many opened it. Kept with the rows that it counts: a page of 200 groups would count a hundred
-- thousand of them at each look. What a process of an older version writes during an update is not counted here.
CREATE TABLE post_reach (
    broadcast_id    UUID NOT NULL,
    position        BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    delivered       BIGINT NOT NULL,
    opened          BIGINT NOT NULL,
    PRIMARY KEY (broadcast_id, position)
);
INSERT INTO post_reach (broadcast_id, position, organization_id, delivered, opened)
SELECT broadcast_id, position, organization_id, COUNT(delivered_at), COUNT(read_at) FROM member_receipts
GROUP BY broadcast_id, position, organization_id;
