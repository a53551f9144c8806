-- log_levels.sql - levels of the log that are over, on PostgreSQL

-- name: forget
-- Remove the rows :keys (list of log_level_id), and say so in the audit. Index: the primary key.
WITH gone AS (
  DELETE FROM _log_level WHERE log_level_id IN (:keys[]) RETURNING pattern, scope, level
)
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', g.pattern, 'log_level ' || g.scope, g.level, NULL FROM gone AS g;
