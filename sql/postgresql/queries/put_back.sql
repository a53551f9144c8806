-- put_back.sql - leased recipients return to the queue without an attempt, and leases end, on PostgreSQL
-- Transaction: after lock_leases of settle.sql.

-- name: let_go
-- See sql/queries/put_back.sql. It waits for whoever edits one of the recipients. Rows: recipient_id, status.
WITH back AS (
  UPDATE _recipient
     SET status = coalesce(
           ordered_status,
           CASE WHEN lost_leases + 1 >= CAST(:max_lost_leases AS bigint) THEN 'held' ELSE CAST(:status AS text) END,
           CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END),
         reason = CASE
           WHEN ordered_status IS NOT NULL AND ordered_status IS DISTINCT FROM CAST(:status AS text)
             THEN 'administratively ' || ordered_status
           WHEN lost_leases + 1 < CAST(:max_lost_leases AS bigint) THEN reason
           ELSE coalesce(CAST(:reason AS text), reason)
         END,
         next_retry_at = coalesce(ordered_next_retry_at, CAST(:next_retry_at AS double precision), next_retry_at),
         settled_at = coalesce(
           CAST(:settled_at AS double precision), CASE WHEN ordered_status IS NULL THEN settled_at ELSE :now END),
         destination_id = coalesce(CAST(:destination_id AS bigint), destination_id),
         lost_leases = lost_leases + :losses,
         lease_id = NULL,
         ordered_status = NULL,
         ordered_next_retry_at = NULL
   WHERE lease_id = :lease_id
     AND (CAST(:recipient_id AS bigint) IS NULL OR recipient_id = CAST(:recipient_id AS bigint))
  RETURNING recipient_id, destination_id, next_retry_at, priority, status
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority)
    FROM back
   WHERE status IN ('queued', 'deferred')
   GROUP BY destination_id
)
SELECT recipient_id, status FROM back;

-- name: put_back
-- What :leases (list of lease_id) still hold goes back as it was, or as it was ordered to, at :now. Whom somebody is editing
-- stays, and the lease with him until it is ended again. Index: _recipient_lease.
-- Rows: recipient_id, status, whether that was ordered.
WITH mine AS (
  SELECT recipient_id, ordered_status
    FROM _recipient
   WHERE lease_id IN (:leases[])
     FOR NO KEY UPDATE SKIP LOCKED
), back AS (
  UPDATE _recipient AS r
     SET status = coalesce(r.ordered_status, CASE WHEN r.attempts = 0 THEN 'queued' ELSE 'deferred' END),
         reason = coalesce('administratively ' || r.ordered_status, r.reason),
         next_retry_at = coalesce(r.ordered_next_retry_at, r.next_retry_at),
         settled_at = CASE WHEN r.ordered_status IS NULL THEN r.settled_at ELSE :now END,
         lease_id = NULL,
         ordered_status = NULL,
         ordered_next_retry_at = NULL
    FROM mine AS m
   WHERE r.recipient_id = m.recipient_id
  RETURNING r.recipient_id, r.destination_id, r.next_retry_at, r.priority, r.status, m.ordered_status
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority)
    FROM back
   WHERE status IN ('queued', 'deferred')
   GROUP BY destination_id
)
SELECT recipient_id, status, ordered_status IS NOT NULL FROM back;

-- name: end_leases
-- Free the slots of those of :leases (list of lease_id) that hold nobody any more. Index: the primary key, _recipient_lease.
-- Rows: lease_id.
WITH ended AS (
  DELETE FROM _lease AS l
   WHERE l.lease_id IN (:leases[])
     AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.lease_id = l.lease_id)
  RETURNING l.lease_id, l.destination_id
), rung AS (
  INSERT INTO _bell (destination_id) SELECT DISTINCT destination_id FROM ended
)
SELECT lease_id FROM ended;

-- name: end_lease
-- Free one slot. Index: the primary key. Rows: one.
WITH ended AS (
  DELETE FROM _lease WHERE lease_id = :lease_id RETURNING destination_id
)
INSERT INTO _bell (destination_id) SELECT destination_id FROM ended;

-- name: unknown_leases
-- Leases of one process except those in :known (list of lease_id), locked before their recipients. Index: _lease_process.
-- Rows: lease_id.
SELECT lease_id
  FROM _lease
 WHERE process_id = :process_id AND lease_id NOT IN (:known[])
 ORDER BY lease_id
   FOR UPDATE;

-- name: standings
-- What is known of :destinations (list of name), without a lock: whether anything changes is nearly always no.
-- Rows: name, then as `standing`.
SELECT d.name, d.destination_id, d.is_failing, d.last_failure, d.max_leases,
       EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id),
       d.lease_window, d.successes, d.failed_windows, d.openings, d.breaker_until
  FROM _destination AS d
 WHERE d.name IN (:destinations[text]);

-- name: standing
-- The same of one, locked: it waits for the lease that is being taken there. Transaction: one of its own, which holds no other
-- lock. Rows: as in sql/queries/put_back.sql.
SELECT d.destination_id, d.is_failing, d.last_failure, d.max_leases,
       EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id),
       d.lease_window, d.successes, d.failed_windows, d.openings, d.breaker_until
  FROM _destination AS d
 WHERE d.name = :destination
   FOR NO KEY UPDATE;
