-- garbage.sql - statements that use a list as a table, on PostgreSQL

-- name: add_orphans
-- Files found under the names :ulids (a list) become garbage, except those that a message's locator names. A file is locked
-- until the transaction of its message is over, so none that names one commits meanwhile. Index: the UNIQUE of ulid.
-- Rows: locator.
INSERT INTO _spool_garbage (locator)
SELECT 'spool:' || CAST(:node AS text) || '/' || f.ulid
  FROM unnest(CAST(:ulids AS text[])) AS f (ulid)
 WHERE NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.ulid = f.ulid AND m.content_locator LIKE 'spool:%')
    ON CONFLICT DO NOTHING
RETURNING locator;
