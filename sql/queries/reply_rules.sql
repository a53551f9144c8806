-- reply_rules.sql - the rules about replies of hosts
-- Transaction: none for reads, BEGIN IMMEDIATE for writes.

-- name: own_class_rules
-- The rules of the operator that are switched on, the first to decide first. Index: none, a small table.
-- Rows: rule_id, position, stage, code, enhanced, text, provider, class.
SELECT rule_id, position, stage, code, enhanced, text, provider, class
  FROM _bounce_rule
 WHERE name IS NULL AND is_enabled
 ORDER BY position, rule_id;

-- name: class_rules_off
-- Names of shipped rules that are switched off. Index: none, a small table. Rows: name.
SELECT name FROM _bounce_rule WHERE name IS NOT NULL AND NOT is_enabled ORDER BY name;

-- name: shipped_class_rules
-- The shipped rules as the view shows them. Index: none, a small table.
-- Rows: position, name, stage, code, enhanced, text, provider, class.
SELECT position, name, stage, code, enhanced, text, provider, class
  FROM _bounce_rule
 WHERE name IS NOT NULL
 ORDER BY position;

-- name: forget_shipped_class_rules
-- Index: none, a small table.
DELETE FROM _bounce_rule WHERE name IS NOT NULL;

-- name: keep_shipped_class_rule
INSERT INTO _bounce_rule (position, name, stage, code, enhanced, text, provider, class, is_enabled)
VALUES (:position, :name, :stage, :code, :enhanced, :text, :provider, :class, :is_enabled);
