-- Every claim wrote into this index and every ending erased from it again; a lost worker's calls, which it was for, are found by the
-- counts and the broadcast's own rows. (PostgreSQL makes it again at the start: migrate.rs.)
DROP INDEX messages_in_flight;

-- One question for each message that went out by itself was a row each; now a row stands for all that ended together.
ALTER TABLE look_ups ADD COLUMN of_each BOOLEAN NOT NULL DEFAULT FALSE;
