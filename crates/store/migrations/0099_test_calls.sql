-- A provider may ask about a test call by its number alone: kept as the keyed hash that opt-outs are known by.
ALTER TABLE test_calls ADD COLUMN phone_key TEXT NOT NULL DEFAULT '';
