-- Posts of providers that could not be read have a state of their own, and are counted and shown.
CREATE INDEX receipts_not_understood ON receipts (organization_id, id) WHERE state = 'not_understood';
