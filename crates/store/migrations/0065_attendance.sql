-- Who of a workshop's registrants was there, as the newest report says, and the report itself. Another report takes the place of both.
CREATE TABLE attendance_reports (
    workshop_id     UUID PRIMARY KEY REFERENCES workshops (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    file_name       TEXT NOT NULL,
    -- Visitors who were nobody of the registrants.
    unknown         BIGINT NOT NULL,
    taken_by        TEXT NOT NULL,
    taken_at        BIGINT NOT NULL
);

CREATE TABLE attendance (
    workshop_id     UUID NOT NULL REFERENCES workshops (id),
    registrant_id   UUID NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- Minutes in all, and the first and last moment, as far as the report says them.
    minutes         BIGINT,
    joined_at       BIGINT,
    left_at         BIGINT,
    -- Before the workshop was over; decided once, by domain::attendance.
    left_early      BOOLEAN NOT NULL,
    PRIMARY KEY (workshop_id, registrant_id)
);
