-- What counters cannot tell about an audience is found at once: names that would be taken for a placeholder, agreements whose number was
-- erased. (Opt-outs without a number have their index.)
CREATE INDEX registrants_braced ON registrants (workshop_id) WHERE name LIKE '%{{%';
CREATE INDEX consents_erased ON consents (organization_id) WHERE phone = '';

-- Columns that nothing reads. A program of the version before cannot confirm, pause or connect beside this one until it is restarted: its
-- statement fails as a whole, and nothing is sent twice or lost.
ALTER TABLE broadcasts DROP COLUMN strikes;
ALTER TABLE integration_pace DROP COLUMN failures;
