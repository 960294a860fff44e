-- An invitation ends with the right of whoever issued it, so it has to know who that is: a name is no identity. Those that are open now
-- get the admin of that name; what nobody with the right has issued any more ends here. And how far a chore that walks through a table came.

ALTER TABLE access_links ADD COLUMN issued_by UUID;

UPDATE access_links SET issued_by = (
    SELECT u.id FROM users u LEFT JOIN memberships m ON m.user_id = u.id AND m.organization_id = access_links.organization_id
    WHERE u.name = access_links.created_by AND (m.role = 'admin' OR u.super_admin) ORDER BY u.created_at, u.id LIMIT 1)
WHERE kind = 'invitation' AND used_at IS NULL;

DELETE FROM access_links WHERE kind = 'invitation' AND used_at IS NULL AND issued_by IS NULL;

-- What a chore has dealt with, so that it need not look at it again. `done_to` is an instant, UTC milliseconds.
CREATE TABLE chores (
    name            TEXT PRIMARY KEY,
    done_to         BIGINT NOT NULL
);
