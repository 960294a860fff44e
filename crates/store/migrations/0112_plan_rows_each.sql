-- Steps that follow each registration, by the end of their use: looked for every second, among all steps that ever ran.
CREATE INDEX plan_rows_each ON plan_rows (until_at) WHERE state = 'planned' AND due_at IS NULL;
