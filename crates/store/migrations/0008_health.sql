-- Whether the sending goes on, and whether the database takes a write, is told by having done it lately, not by a process that lives.
ALTER TABLE workers ADD COLUMN turned_at BIGINT NOT NULL DEFAULT 0;

-- The one row that a health check writes.
CREATE TABLE test_writes (id BIGINT PRIMARY KEY, written_at BIGINT NOT NULL);
INSERT INTO test_writes (id, written_at) VALUES (1, 0);
