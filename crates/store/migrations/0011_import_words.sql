-- What members said that words of imported files mean, so that the next file with the same word does not ask again.
CREATE TABLE import_words (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    word            TEXT NOT NULL,
    meaning         TEXT NOT NULL,
    said_by         TEXT NOT NULL,
    said_at         BIGINT NOT NULL,
    PRIMARY KEY (organization_id, word)
);
