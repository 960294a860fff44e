-- Which template a broadcast was made of, whatever it is called by now; and by what name the provider's receipts call its messages. Neither is
-- known of broadcasts before (NULL): templates.rs fills in what can be told, because looking into JSON is left to Rust.
ALTER TABLE broadcasts ADD COLUMN template_id UUID;
ALTER TABLE broadcasts ADD COLUMN batch_name TEXT;

-- A message goes to a registrant or to a group. Of a group's message the registrant is 0; of all others the group is NULL, which costs
-- nothing to keep and, left out of the index, nothing to write.
ALTER TABLE messages ADD COLUMN group_id UUID;
CREATE UNIQUE INDEX messages_group ON messages (broadcast_id, group_id) WHERE group_id IS NOT NULL;

-- A ceiling of people per day counts the last 24 hours, and accounts that name the same portfolio share one.
ALTER TABLE integrations ADD COLUMN portfolio TEXT NOT NULL DEFAULT '';
-- People written to, per ten minutes, of accounts that have a ceiling.
CREATE TABLE integration_people (
    integration_id  UUID NOT NULL,
    slot            BIGINT NOT NULL,
    n               BIGINT NOT NULL,
    PRIMARY KEY (integration_id, slot)
);
INSERT INTO integration_people (integration_id, slot, n)
    SELECT b.integration_id, p.slot / 60, SUM(p.n)
    FROM broadcast_pace p JOIN broadcasts b ON b.id = p.broadcast_id JOIN integrations i ON i.id = b.integration_id
    WHERE i.per_day > 0 GROUP BY b.integration_id, p.slot / 60;
