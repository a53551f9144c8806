-- hold_rules.sql - hold rules that are over, on PostgreSQL

-- name: forget
-- Remove the rules :keys (list of hold_rule_id), and say so in the audit. Index: the primary key.
WITH gone AS (
  DELETE FROM _hold_rule WHERE hold_rule_id IN (:keys[]) RETURNING scope, pattern, reason
)
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', g.scope || ' ' || g.pattern, 'hold_rule', coalesce(g.reason, 'held'), NULL FROM gone AS g;
