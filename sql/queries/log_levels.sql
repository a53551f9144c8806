-- log_levels.sql - log levels of a part of the service, by the rows of the view log_level
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: revision
-- A number that grows with each change of a row. Index: the primary key. Rows: none or one.
SELECT CAST(value AS bigint) FROM _setting WHERE name = 'log_levels';

-- name: in_force
-- The rows that have not ended at :now (Unix seconds). Rows: scope, pattern, level, expires_at.
SELECT scope, pattern, level, expires_at FROM _log_level WHERE expires_at > :now ORDER BY log_level_id;

-- name: ended
-- Up to :limit rows that have ended at :now. Index: none, a table of a hundred rows. Rows: log_level_id.
SELECT log_level_id FROM _log_level WHERE expires_at <= :now LIMIT :limit;

-- name: forget
-- Remove the rows :keys (list of log_level_id), and say so in the audit. Index: the rowid.
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', l.pattern, 'log_level ' || l.scope, l.level, NULL
  FROM _log_level AS l
 WHERE l.log_level_id IN (:keys[]);
DELETE FROM _log_level WHERE log_level_id IN (:keys[]);

-- name: shown
-- All rows. Rows: the fields of storage.admin.log_levels.ShownLevel.
SELECT scope, pattern, level, expires_unix AS expires_at, reason, created_unix AS created_at, who
  FROM log_level
 ORDER BY scope, pattern;

-- name: set
-- Add or replace a row.
INSERT INTO log_level (scope, pattern, level, expires_unix, reason)
VALUES (:scope, :pattern, :level, :expires_at, :reason);

-- name: clear
-- Remove the row of :scope and :pattern.
DELETE FROM log_level WHERE scope = :scope AND pattern = :pattern;
