-- Whoever registers again, or whose number is corrected, comes late to the steps that went in between. The id is one of that moment,
-- so that it compares with those of registrations. Empty for nearly everybody.
ALTER TABLE registrants ADD COLUMN back_id UUID;
CREATE INDEX registrants_back ON registrants (workshop_id, back_id) WHERE back_id IS NOT NULL;
