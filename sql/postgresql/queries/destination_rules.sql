-- destination_rules.sql - rules of destinations that are over, on PostgreSQL

-- name: forget
-- Remove the rules :keys (list of rule_id), and say so in the audit. Index: the primary key.
WITH gone AS (
  DELETE FROM _destination_rule WHERE rule_id IN (:keys[]) RETURNING pattern, setting, value
)
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', g.pattern, 'destination_rule ' || g.setting, g.value, NULL FROM gone AS g;

-- name: forget_rests
-- Remove the rests of :keys (list of address), and say so in the audit. Index: the primary key.
WITH gone AS (
  DELETE FROM _source_rest WHERE address IN (:keys[text]) RETURNING address, expires_at
)
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', g.address, 'source_rest expires_unix', g.expires_at, NULL FROM gone AS g;
