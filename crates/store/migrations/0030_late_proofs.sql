-- Somebody of whom no proof had come is told in a further round; then the proof of the first telling comes after all. How often that
-- happened says whether the next round should wait longer.
--
-- `followed`: a further round of the same purpose was confirmed after this broadcast. Receipts of all other broadcasts look no further.
ALTER TABLE broadcasts ADD COLUMN followed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE broadcasts SET followed = TRUE
WHERE EXISTS (SELECT 1 FROM broadcasts later WHERE later.workshop_id = broadcasts.workshop_id AND later.purpose = broadcasts.purpose
                AND later.round > broadcasts.round);
-- A table of its own: whoever applies receipts holds messages already, and a broadcast's row is taken before its messages elsewhere.
CREATE TABLE late_proofs (
    broadcast_id UUID PRIMARY KEY REFERENCES broadcasts (id),
    n            BIGINT NOT NULL
);
