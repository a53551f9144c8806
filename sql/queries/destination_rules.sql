-- destination_rules.sql - what holds of destinations, by the rows of the view destination_rule
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: revision
-- A number that grows with each change of a rule. Index: the primary key. Rows: none or one.
SELECT CAST(value AS bigint) FROM _setting WHERE name = 'destination_rules';

-- name: in_force
-- The rules that have not ended at :now (Unix seconds), by number. Rows: rule_id, pattern, setting, value, expires_at,
-- reason.
SELECT rule_id, pattern, setting, value, expires_at, reason
  FROM _destination_rule
 WHERE expires_at IS NULL OR expires_at > :now
 ORDER BY rule_id;

-- name: ended
-- Up to :limit rules that have ended at :now. Index: _destination_rule_end. Rows: rule_id.
SELECT rule_id FROM _destination_rule WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove the rules :keys (list of rule_id), and say so in the audit. Index: the rowid.
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', r.pattern, 'destination_rule ' || r.setting, r.value, NULL
  FROM _destination_rule AS r
 WHERE r.rule_id IN (:keys[]);
DELETE FROM _destination_rule WHERE rule_id IN (:keys[]);

-- name: destinations
-- Up to :limit destinations after :after. Index: the rowid. Rows: destination_id, name, max_leases,
-- suspended_until, suspended_reason, exchangers.
SELECT destination_id, name, max_leases, suspended_until, suspended_reason, exchangers
  FROM _destination
 WHERE destination_id > :after
 ORDER BY destination_id
 LIMIT :limit;

-- name: resize
-- Set the limit of connections of one destination. Index: the rowid.
UPDATE _destination SET max_leases = :max_leases WHERE destination_id = :destination_id AND max_leases <> :max_leases;

-- name: suspend
-- Set the suspension of one destination, unless it is not :before any more. Index: the rowid.
UPDATE _destination
   SET suspended_until = :suspended_until, suspended_reason = :suspended_reason
 WHERE destination_id = :destination_id
   AND coalesce(suspended_until, 0.0) = coalesce(:before, 0.0);

-- name: note_exchangers
-- Note :exchangers, the MX hosts of the destination called :destination, and the limit of connections that follows from
-- them. Index: the UNIQUE of name.
UPDATE _destination
   SET exchangers = :exchangers, max_leases = :max_leases
 WHERE name = :destination
   AND (exchangers IS NULL OR exchangers <> :exchangers OR max_leases <> :max_leases);

-- name: shown
-- All rules. Rows: the fields of storage.admin.destination_rules.ShownRule.
SELECT rule, pattern, setting, value, expires_unix AS expires_at, reason, created_unix AS created_at, who
  FROM destination_rule
 ORDER BY pattern, setting, rule;

-- name: set
-- Add or replace a rule.
INSERT INTO destination_rule (pattern, setting, value, expires_unix, reason)
VALUES (:pattern, :setting, :value, :expires_at, :reason);

-- name: end
-- End the rule :rule.
DELETE FROM destination_rule WHERE rule = :rule;

-- name: exchangers_of
-- The MX hosts of the destination called :destination. Index: the UNIQUE of name. Rows: none or one.
SELECT exchangers FROM _destination WHERE name = :destination;

-- name: rests
-- The addresses that rest at :now. Rows: address, expires_at.
SELECT address, expires_at FROM _source_rest WHERE expires_at > :now;

-- name: rests_ended
-- Up to :limit addresses whose rest is over at :now. Index: none, a table of a few rows. Rows: address.
SELECT address FROM _source_rest WHERE expires_at <= :now LIMIT :limit;

-- name: forget_rests
-- Remove the rests of :keys (list of address), and say so in the audit. Index: the primary key.
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', s.address, 'source_rest expires_unix', s.expires_at, NULL
  FROM _source_rest AS s
 WHERE s.address IN (:keys[text]);
DELETE FROM _source_rest WHERE address IN (:keys[text]);
