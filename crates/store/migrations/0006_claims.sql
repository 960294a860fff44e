-- Every claim wrote into this index and every ending erased from it again; a lost worker's calls, which it was for, are found by the
-- counts and the broadcast's own rows.
DROP INDEX messages_in_flight;
