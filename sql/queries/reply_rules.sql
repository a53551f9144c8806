-- reply_rules.sql - the rules about replies of hosts
-- Transaction: none for reads, BEGIN IMMEDIATE for writes.

-- name: own_class_rules
-- The rules of the operator that are switched on, the first to decide first. Index: none, a small table.
-- Rows: rule_id, position, stage, code, enhanced, text, provider, class.
SELECT rule_id, position, stage, code, enhanced, text, provider, class
  FROM _bounce_rule
 WHERE name IS NULL AND is_enabled = 1
 ORDER BY position, rule_id;

-- name: class_rules_off
-- Names of shipped rules that are switched off. Index: none, a small table. Rows: name.
SELECT name FROM _bounce_rule WHERE name IS NOT NULL AND is_enabled = 0 ORDER BY name;

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

-- name: own_shaping_rules
-- The rules of the operator, the first to decide first. Index: none, a small table.
-- Rows: rule_id, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled.
SELECT rule_id, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled
  FROM _shaping_rule
 WHERE name IS NULL
 ORDER BY position, rule_id;

-- name: shaping_switches
-- Which shipped rules are switched on. Index: none, a small table. Rows: name, is_enabled.
SELECT name, is_enabled FROM _shaping_rule WHERE name IS NOT NULL ORDER BY name;

-- name: shipped_shaping_rules
-- The shipped rules as the view shows them. Index: none, a small table.
-- Rows: position, name, stage, code, enhanced, text, provider, class, action, duration, value.
SELECT position, name, stage, code, enhanced, text, provider, class, action, duration, value
  FROM _shaping_rule
 WHERE name IS NOT NULL
 ORDER BY position;

-- name: forget_shipped_shaping_rules
-- Index: none, a small table.
DELETE FROM _shaping_rule WHERE name IS NOT NULL;

-- name: keep_shipped_shaping_rule
-- By position: as the rows of shipped_shaping_rules, then is_enabled.
INSERT INTO _shaping_rule (
  position, name, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: switch_shaping_rule
-- Switch the rule :rule on (1) or off (0). Index: none, a small table.
UPDATE shaping_rule SET is_enabled = :is_enabled WHERE rule = :rule;

-- name: suspend
-- Suspend the destination :destination unless it is suspended at :now. Index: the UNIQUE of name.
UPDATE _destination SET suspended_until = :until, suspended_reason = :reason
 WHERE name = :destination
   AND (suspended_until IS NULL OR suspended_until <= :now);

-- name: audit_suspension
INSERT INTO _audit (at, who, destination, what, before, after)
VALUES (:now, :who, :destination, 'suspended_until_unix', NULL, :until);

-- name: is_slowed
-- Whether :destination has a rule for :setting that has an end after :now. Index: _destination_rule_of.
-- Rows: none or one.
SELECT 1
  FROM _destination_rule
 WHERE pattern = :destination
   AND setting = :setting
   AND expires_at IS NOT NULL
   AND expires_at > :now
 LIMIT 1;

-- name: slow
INSERT INTO destination_rule (pattern, setting, value, expires_unix, reason)
VALUES (:destination, :setting, :value, :until, :reason);

-- name: is_resting
-- Whether :address rests at :now. Index: the primary key. Rows: none or one.
SELECT 1 FROM _source_rest WHERE address = :address AND expires_at > :now;

-- name: count_resting
-- How many of :addresses (list of text) rest at :now. Index: the primary key. Rows: one.
SELECT count(*) FROM _source_rest WHERE address IN (:addresses[text]) AND expires_at > :now;

-- name: rest
-- Let :address rest until :until.
INSERT INTO source_rest (address, expires_unix, reason) VALUES (:address, :until, :reason);

-- name: failures
-- Up to :limit attempts after number :after that did not deliver, oldest first, begun at :since or later. Index: the rowid.
-- Rows: as _failure of storage.admin.replay takes them.
SELECT a.attempt_id, r.address, a.destination, a.started_at, a.outcome, a.class, a.stage, a.code, a.enhanced, a.text, a.host,
       a.source
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
 WHERE a.attempt_id > :after
   AND a.started_at >= :since
   AND a.outcome IN ('deferred', 'bounced', 'expired', 'next_host')
 ORDER BY a.attempt_id
 LIMIT :limit;

-- name: set_class
-- Another class of the attempt :attempt_id. Index: the rowid.
UPDATE _attempt SET class = :class WHERE attempt_id = :attempt_id;

-- name: suppress_again
-- Suppress :address because of an attempt on record, unless it is suppressed. Index: the primary key.
INSERT INTO _suppression (address, source, reason, class, created_at, expires_at)
VALUES (lower(:address), 'bounce', :reason, :class, :now, :expires_at)
ON CONFLICT (address) DO NOTHING;
