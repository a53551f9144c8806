-- put_back.sql - leased recipients return to the queue without an attempt, and leases end
-- Transaction: inside BEGIN IMMEDIATE. Every write is guarded by the lease.

-- name: put_back
-- What the lease still holds goes back as it was or as it was ordered to, no attempt counted. Index: _recipient_lease.
-- Rows: recipient_id, status.
UPDATE _recipient
   SET status = coalesce(ordered_status, iif(attempts = 0, 'queued', 'deferred')),
       next_retry_at = coalesce(ordered_next_retry_at, next_retry_at),
       reason = coalesce('administratively ' || ordered_status, reason),
       settled_at = iif(ordered_status IS NULL, settled_at, (julianday('now') - 2440587.5) * 86400.0),
       lease_id = NULL,
       ordered_status = NULL,
       ordered_next_retry_at = NULL
 WHERE lease_id = :lease_id
RETURNING recipient_id, status;

-- name: rekey
-- A recipient that is now routed elsewhere goes back unsent under its new destination, or as it was ordered to.
-- Rows: recipient_id, status.
UPDATE _recipient
   SET status = coalesce(ordered_status, iif(attempts = 0, 'queued', 'deferred')),
       next_retry_at = coalesce(ordered_next_retry_at, next_retry_at),
       reason = coalesce('administratively ' || ordered_status, reason),
       settled_at = iif(ordered_status IS NULL, settled_at, (julianday('now') - 2440587.5) * 86400.0),
       destination_id = :destination_id,
       lease_id = NULL,
       ordered_status = NULL,
       ordered_next_retry_at = NULL
 WHERE recipient_id = :recipient_id AND lease_id = :lease_id
RETURNING recipient_id, status;

-- name: hold
-- A recipient that cannot be worked on waits for a person, with the reason, unless a person has ordered its end.
-- Rows: recipient_id, status.
UPDATE _recipient
   SET status = coalesce(ordered_status, 'held'),
       reason = iif(coalesce(ordered_status, 'held') = 'held', :reason, 'administratively ' || ordered_status),
       settled_at = :now,
       lease_id = NULL,
       ordered_status = NULL,
       ordered_next_retry_at = NULL
 WHERE recipient_id = :recipient_id AND lease_id = :lease_id
RETURNING recipient_id, status;

-- name: end_lease
-- The slot is free again; the trigger tells the destination.
DELETE FROM _lease WHERE lease_id = :lease_id;

-- name: unknown_leases
-- Leases of one process but those in :known (JSON array of lease_id). Index: _lease_process. Rows: lease_id.
SELECT lease_id FROM _lease
 WHERE process_id = :process_id AND lease_id NOT IN (SELECT value FROM json_each(:known));

-- name: mark_failing
-- Whether the destination's last attempt failed to reach any host.
UPDATE _destination SET is_failing = :is_failing
 WHERE name = :destination AND is_failing <> :is_failing;
