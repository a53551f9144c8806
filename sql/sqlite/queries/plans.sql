-- plans.sql - statistics that ANALYZE or PRAGMA optimize left
-- The queue changes its size a thousandfold within an hour: SQLite plans best from what the schema says alone.

-- name: statistics
-- Whether there are any. Transaction: none needed. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1');

-- name: forget_statistics
-- Remove them; this connection forgets them, too. Transaction: inside BEGIN IMMEDIATE.
DELETE FROM sqlite_stat1;
ANALYZE sqlite_schema;
DROP TABLE sqlite_stat1;
DROP TABLE IF EXISTS sqlite_stat4;
