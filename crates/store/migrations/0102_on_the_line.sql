-- A provider may ask for the next words of a call in another process than for those before: how often the question was asked and when last,
-- and which key was pressed, are known to all before the post behind them is applied.
ALTER TABLE calls ADD COLUMN questions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN question_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN line_key BIGINT;
