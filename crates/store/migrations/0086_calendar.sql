-- The calendar of an organisation asks for the steps of all of its workshops between two moments.
CREATE INDEX plan_rows_calendar ON plan_rows (organization_id, due_at) WHERE due_at IS NOT NULL;
