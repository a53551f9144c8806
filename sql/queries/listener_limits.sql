-- listener_limits.sql - what clients of listeners may do, by the rows of the view listener_limit
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: in_force
-- The rows that have not ended at :now (Unix seconds). Index: none, a table of a few rows. Rows: listener, setting, value,
-- expires_at, reason.
SELECT listener, setting, value, expires_at, reason
  FROM _listener_limit
 WHERE expires_at IS NULL OR expires_at > :now
 ORDER BY listener_limit_id;

-- name: ended
-- Up to :limit rows that have ended at :now. Index: none, a table of a few rows. Rows: listener_limit_id.
SELECT listener_limit_id FROM _listener_limit WHERE expires_at <= :now LIMIT :limit;

-- name: forget
-- Remove the rows :keys (list of listener_limit_id), and say so in the audit. Index: the rowid.
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', l.listener, 'listener_limit ' || l.setting, l.value, NULL
  FROM _listener_limit AS l
 WHERE l.listener_limit_id IN (:keys[]);
DELETE FROM _listener_limit WHERE listener_limit_id IN (:keys[]);

-- name: shown
-- All rows. Rows: the fields of storage.admin.listener_limits.ShownLimit.
SELECT listener, setting, value, expires_unix AS expires_at, reason, created_unix AS created_at, who
  FROM listener_limit
 ORDER BY listener, setting;

-- name: set
-- Add or replace a row.
INSERT INTO listener_limit (listener, setting, value, expires_unix, reason)
VALUES (:listener, :setting, :value, :expires_at, :reason);

-- name: clear
-- Remove the row of :listener and :setting.
DELETE FROM listener_limit WHERE listener = :listener AND setting = :setting;
