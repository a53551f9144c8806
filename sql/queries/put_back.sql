-- put_back.sql - leased recipients return to the queue without an attempt, and leases end
-- Transaction: inside BEGIN IMMEDIATE. Every write is guarded by the lease.

-- name: let_go
-- Release one recipient from the lease, or all that it holds if :recipient_id is NULL. No attempt is counted.
-- The new status is the ordered one; else held at the :max_lost_leases-th loss; else :status; else the status before the
-- lease. NULL for :destination_id, :next_retry_at, :reason and :settled_at leaves the column as it is.
-- Unless the process was lost, :max_lost_leases is NULL and :losses is 0.
-- Index: _recipient_lease. Rows: recipient_id, status.
UPDATE _recipient
   SET status = coalesce(
         ordered_status,
         CASE WHEN lost_leases + 1 >= :max_lost_leases THEN 'held' ELSE :status END,
         CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END),
       is_live = CASE WHEN ordered_status <> 'held' THEN 0 ELSE 1 END,
       reason = CASE
         WHEN ordered_status IS NOT NULL AND ordered_status IS DISTINCT FROM :status THEN 'administratively ' || ordered_status
         WHEN lost_leases + 1 < :max_lost_leases THEN reason
         ELSE coalesce(:reason, reason)
       END,
       next_retry_at = coalesce(ordered_next_retry_at, :next_retry_at, next_retry_at),
       settled_at = coalesce(
         :settled_at, CASE WHEN ordered_status IS NULL THEN settled_at ELSE :now END),
       destination_id = coalesce(:destination_id, destination_id),
       lost_leases = lost_leases + :losses,
       lease_id = NULL,
       ordered_status = NULL,
       ordered_next_retry_at = NULL
 WHERE lease_id = :lease_id
   AND (CAST(:recipient_id AS bigint) IS NULL OR recipient_id = :recipient_id)
RETURNING recipient_id, status;

-- name: holds_any
-- Whether a lease still holds a recipient. Index: _recipient_lease. Rows: one.
SELECT EXISTS (SELECT 1 FROM _recipient WHERE lease_id = :lease_id);

-- name: end_lease
-- Free the slot; a trigger updates the destination.
DELETE FROM _lease WHERE lease_id = :lease_id;

-- name: unknown_leases
-- Leases of one process except those in :known (list of lease_id). Index: _lease_process. Rows: lease_id.
SELECT lease_id FROM _lease
 WHERE process_id = :process_id AND lease_id NOT IN (:known[]);

-- name: has_company
-- Whether another lease of the same destination is under way. Index: the rowid, _lease_destination. Rows: one.
SELECT EXISTS (
  SELECT 1
    FROM _lease AS mine
    JOIN _lease AS other ON other.destination_id = mine.destination_id AND other.lease_id <> mine.lease_id
   WHERE mine.lease_id = :lease_id);

-- name: standing
-- What is known of a destination when a lease has ended. Index: the name, _lease_destination.
-- Rows: destination_id, is_failing, last_failure, max_leases, whether it has a lease, and the columns of a Standing.
SELECT d.destination_id, d.is_failing, d.last_failure, d.max_leases,
       EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id),
       d.lease_window, d.successes, d.failed_windows, d.openings, d.breaker_until
  FROM _destination AS d
 WHERE d.name = :destination;

-- name: set_standing
-- What is known of it from now on.
UPDATE _destination
   SET is_failing = :is_failing,
       last_failure = :last_failure,
       lease_window = :window,
       successes = :successes,
       failed_windows = :failed_windows,
       openings = :openings,
       breaker_until = :breaker_until
 WHERE destination_id = :destination_id;
