-- Lists and counts that pages ask for, in the order of an index. The list of people sorted everybody of the organisation for each page: 107 ms
-- among 73,500. Ids grow, so that an import writes at the end of the key.
CREATE INDEX leads_newest ON leads (organization_id, id);
-- How many broadcasts run now (every page asks), and how many there are of a channel, without their rows, which hold whole templates: 2.5 ms
-- among 6,000 before.
CREATE INDEX broadcasts_standing ON broadcasts (organization_id, status, channel);
