-- garbage.sql - statements that use a list as a table

-- name: add_orphans
-- Files found under the names :ulids (a list) become garbage, except those that a message's locator names.
-- Transaction: inside BEGIN IMMEDIATE, so that no message that names one commits meanwhile. Index: the UNIQUE of ulid.
-- Rows: locator.
INSERT OR IGNORE INTO _spool_garbage (locator)
SELECT 'spool:' || :node || '/' || f.value
  FROM (:ulids[text]) AS f
 WHERE NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.ulid = f.value AND m.content_locator LIKE 'spool:%')
RETURNING locator;
