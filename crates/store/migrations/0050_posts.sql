-- Posts in groups are looked for by their account: where news of a gateway names only the group, and where nobody knows what became of one.
CREATE INDEX broadcasts_posts ON broadcasts (integration_id, deadline) WHERE channel = 'group';
