-- listener_limits.sql - limits of listeners that are over, on PostgreSQL

-- name: forget
-- Remove the rows :keys (list of listener_limit_id), and say so in the audit. Index: the primary key.
WITH gone AS (
  DELETE FROM _listener_limit WHERE listener_limit_id IN (:keys[]) RETURNING listener, setting, value
)
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', g.listener, 'listener_limit ' || g.setting, g.value, NULL FROM gone AS g;
