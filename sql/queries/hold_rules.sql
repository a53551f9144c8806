-- hold_rules.sql - mail that is held when its turn comes, by the rows of the view hold_rule
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: in_force
-- The rules that have not ended at :now (Unix seconds), by number. Index: none, a table of a few rows.
-- Rows: hold_rule_id, scope, pattern, expires_at, reason, created_at.
SELECT hold_rule_id, scope, pattern, expires_at, reason, created_at
  FROM _hold_rule
 WHERE expires_at IS NULL OR expires_at > :now
 ORDER BY hold_rule_id;

-- name: released
-- When each of :recipients (list of recipient_id) was last let go by a person. Index: _audit_recipient.
-- Rows: recipient_id, at; none for the others.
SELECT recipient_id, max(at)
  FROM _audit
 WHERE recipient_id IN (:recipients[])
   AND what = 'status'
   AND before = 'held'
   AND (after = 'queued' OR after = 'deferred')
 GROUP BY recipient_id;

-- name: record_hold
-- The audit of a recipient that a rule, :who, has held. Index: the rowids.
INSERT INTO _audit (at, who, recipient_id, ulid, address, what, before, after)
SELECT :now, :who, r.recipient_id, m.ulid, r.address, 'status', 'leased', 'held'
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;

-- name: count_hits
-- Add :hits to those of the rule :rule, if it is still there. Index: the rowid.
UPDATE _hold_rule SET hits = hits + :hits WHERE hold_rule_id = :rule;

-- name: waiting
-- Recipients after :after, up to :last, that wait. Transaction: none needed. Index: the rowid.
-- Rows: recipient_id, and the fields of policy.hold_rules.Held.
SELECT r.recipient_id, m.reverse_path, r.address, r.domain, d.name, m.account, m.client_address
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.recipient_id > :after
   AND r.recipient_id <= :last
   AND r.status IN ('queued', 'deferred');

-- name: ended
-- Up to :limit rules that have ended at :now. Index: none, a table of a few rows. Rows: hold_rule_id.
SELECT hold_rule_id FROM _hold_rule WHERE expires_at <= :now LIMIT :limit;

-- name: forget
-- Remove the rules :keys (list of hold_rule_id), and say so in the audit. Index: the rowid.
INSERT INTO _audit (who, object, what, before, after)
SELECT 'empath', h.scope || ' ' || h.pattern, 'hold_rule', coalesce(h.reason, 'held'), NULL
  FROM _hold_rule AS h
 WHERE h.hold_rule_id IN (:keys[]);
DELETE FROM _hold_rule WHERE hold_rule_id IN (:keys[]);

-- name: shown
-- All rules. Rows: the fields of storage.admin.hold_rules.ShownHold.
SELECT rule, scope, pattern, expires_unix AS expires_at, reason, hits, created_unix AS created_at, who
  FROM hold_rule
 ORDER BY rule;

-- name: set
-- Add a rule. Rows: one, its number; there is one writer, so the newest rule is this one.
INSERT INTO hold_rule (scope, pattern, expires_unix, reason) VALUES (:scope, :pattern, :expires_at, :reason);
SELECT max(hold_rule_id) FROM _hold_rule;

-- name: delete
-- Remove the rule :rule.
DELETE FROM hold_rule WHERE rule = :rule;
