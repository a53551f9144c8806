-- plans.sql - orders that are prepared
-- Transaction: what writes, inside BEGIN IMMEDIATE.

-- name: insert
-- A plan without recipients. RETURNING does not see the number that a trigger gives; there is one writer, so the newest
-- plan is this one. Rows: one, plan_id.
INSERT INTO plan (verb, argument, predicate, hash, expires_unix) VALUES (:verb, :argument, :predicate, :hash, :expires_at);
SELECT max(plan_id) FROM _plan;

-- name: add
-- The recipients of :page that still are what the verb acts on. Index: the rowid.
INSERT INTO plan_recipient (plan_id, recipient_id)
SELECT :plan_id, r.recipient_id
  FROM _recipient AS r
 WHERE r.recipient_id IN (:page[])
   AND CASE (SELECT verb FROM _plan WHERE plan_id = :plan_id)
         WHEN 'release' THEN r.status = 'held'
         WHEN 'retry' THEN r.status = 'queued' OR r.status = 'deferred'
         WHEN 'hold' THEN r.status = 'queued' OR r.status = 'deferred'
         ELSE r.status = 'queued' OR r.status = 'deferred' OR r.status = 'held'
       END;

-- name: add_move
-- The recipient :recipient_id, which a plan to reroute moves to :target. Index: the rowid.
INSERT INTO plan_recipient (plan_id, recipient_id, target)
SELECT :plan_id, r.recipient_id, :target
  FROM _recipient AS r
 WHERE r.recipient_id = :recipient_id
   AND (r.status = 'queued' OR r.status = 'deferred' OR r.status = 'held');

-- name: moves
-- What a plan to reroute has not carried out. Index: _plan_recipient_state. Rows: recipient_id, target.
SELECT recipient_id, target FROM _plan_recipient WHERE plan_id = :plan_id AND state = 'planned';

-- name: targets_of
-- The destinations that a plan moves those of :page to. Index: the UNIQUE of _plan_recipient. Rows: target.
SELECT DISTINCT target
  FROM _plan_recipient
 WHERE plan_id = :plan_id
   AND recipient_id IN (:page[])
   AND target IS NOT NULL;

-- name: with_status
-- Those of :page with one of :statuses. Index: the rowid. Rows: recipient_id, rising.
SELECT recipient_id FROM _recipient WHERE recipient_id IN (:page[]) AND status IN (:statuses[text]) ORDER BY recipient_id;

-- name: all
-- Every plan, the newest first. Rows: the fields of storage.admin.plans.PlanRow.
SELECT plan_id, verb, argument, predicate, hash, state, who, created_unix, expires_unix, recipients, planned, applied, undone, changed
  FROM plan
 ORDER BY plan_id DESC;

-- name: find
-- One plan. Index: the rowid. Rows: none or one, as of all.
SELECT plan_id, verb, argument, predicate, hash, state, who, created_unix, expires_unix, recipients, planned, applied, undone, changed
  FROM plan
 WHERE plan_id = :plan_id;

-- name: recipients
-- Up to :limit recipients of a plan above :after. Index: the UNIQUE of _plan_recipient.
-- Rows: the fields of storage.admin.plans.Planned.
SELECT recipient_id, id, recipient, state, planned_status, status, is_changed, planned_destination, target
  FROM plan_recipient
 WHERE plan_id = :plan_id
   AND recipient_id > :after
 ORDER BY recipient_id
 LIMIT :limit;

-- name: numbers
-- The recipients of a plan with :state. Index: _plan_recipient_state. Rows: recipient_id, rising.
SELECT recipient_id FROM _plan_recipient WHERE plan_id = :plan_id AND state = :state ORDER BY recipient_id;

-- name: changed
-- Those of them that are not as the plan expects them. Index: _plan_recipient_state. Rows: recipient_id.
SELECT recipient_id FROM plan_recipient WHERE plan_id = :plan_id AND state = :state AND is_changed = 1;

-- name: set_state
-- Carry out or take back the recipients of :page that are as the plan expects them. Index: the UNIQUE of _plan_recipient.
UPDATE plan_recipient SET state = :state WHERE plan_id = :plan_id AND recipient_id IN (:page[]) AND is_changed = 0;

-- name: count_of
-- How many of :page have :state. Index: the UNIQUE of _plan_recipient. Rows: one.
SELECT count(*) FROM _plan_recipient WHERE plan_id = :plan_id AND recipient_id IN (:page[]) AND state = :state;

-- name: remove
DELETE FROM plan WHERE plan_id = :plan_id;

-- name: recipients_expired
-- Up to :limit recipients of plans that are over at :now. Index: _plan_expiry, _plan_recipient_state. Rows: plan_recipient_id.
SELECT r.plan_recipient_id
  FROM _plan AS p
  JOIN _plan_recipient AS r ON r.plan_id = p.plan_id
 WHERE p.expires_at <= :now
 LIMIT :limit;

-- name: forget_recipients
-- Remove :keys. Index: the rowid.
DELETE FROM _plan_recipient WHERE plan_recipient_id IN (:keys[]);

-- name: expired
-- Up to :limit plans that are over at :now and have no recipients any more. Index: _plan_expiry. Rows: plan_id.
SELECT plan_id FROM _plan AS p
 WHERE p.expires_at <= :now
   AND NOT EXISTS (SELECT 1 FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id)
 LIMIT :limit;

-- name: forget
-- Remove :keys. Index: the rowid.
DELETE FROM _plan WHERE plan_id IN (:keys[]);
