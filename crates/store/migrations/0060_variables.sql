-- Values that messages name and that people enter for one workshop, such as {zoom_link}: a JSON object from name to value. They are read
-- with their workshop and never searched.
ALTER TABLE workshops ADD COLUMN variables TEXT NOT NULL DEFAULT '{}';
