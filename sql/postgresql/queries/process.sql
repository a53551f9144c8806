-- process.sql - who is alive, and what the dead leave behind, on PostgreSQL

-- name: register
-- A process begins its run. Rows: one, process_id.
INSERT INTO _process (node, instance, slot, generation, pid, started_at, beat_at, version, engine_version, config_revision)
VALUES (:node, :instance, :slot, :generation, :pid, :now, :now, :version, _engine(), :config_revision)
RETURNING process_id;

-- name: lock_leases_of
-- Leases of :process_id that nobody else writes at this moment, before a recipient of theirs is touched: a settle that is
-- being written counts, and its lease is looked at again. Transaction: after that of `end`. Index: _lease_process.
-- Rows: lease_id.
SELECT lease_id FROM _lease WHERE process_id = :process_id ORDER BY lease_id FOR UPDATE SKIP LOCKED;

-- name: has_leases
-- Whether a process has leases. Transaction: none needed. Index: _lease_process. Rows: one.
SELECT EXISTS (SELECT 1 FROM _lease WHERE process_id = :process_id);

-- name: release
-- The recipients of :leases (list of lease_id), whose process has ended, wait again, but for those that somebody is editing.
-- An order comes first. At the :max_lost_leases-th loss they are held for a person; it is NULL where the loss does not count.
-- One attempt row for each in the same statement, for the peer may have taken the mail: what is counted is what is written.
-- Index: _recipient_lease. Rows: recipient_id, status, whether that was ordered.
WITH mine AS (
  SELECT recipient_id, lease_id, ordered_status
    FROM _recipient
   WHERE lease_id IN (:leases[])
     FOR NO KEY UPDATE SKIP LOCKED
), back AS (
  UPDATE _recipient AS r
     SET status = coalesce(
           r.ordered_status,
           CASE
             WHEN CAST(:max_lost_leases AS bigint) IS NULL AND r.attempts = 0 THEN 'queued'
             WHEN r.lost_leases + 1 >= CAST(:max_lost_leases AS bigint) THEN 'held'
             ELSE 'deferred'
           END),
         reason = CASE
           WHEN r.ordered_status IS NOT NULL THEN 'administratively ' || r.ordered_status
           WHEN r.lost_leases + 1 >= CAST(:max_lost_leases AS bigint) THEN :reason
           ELSE r.reason
         END,
         next_retry_at = CASE
           WHEN r.ordered_next_retry_at IS NOT NULL THEN r.ordered_next_retry_at
           WHEN CAST(:max_lost_leases AS bigint) IS NULL THEN r.next_retry_at
           ELSE :now
         END,
         settled_at = CASE
           WHEN CAST(:max_lost_leases AS bigint) IS NULL AND r.ordered_status IS NULL THEN r.settled_at
           ELSE :now
         END,
         lost_leases = r.lost_leases + CASE WHEN CAST(:max_lost_leases AS bigint) IS NULL THEN 0 ELSE 1 END,
         lease_id = NULL,
         ordered_status = NULL,
         ordered_next_retry_at = NULL
    FROM mine AS m
    JOIN _lease AS l ON l.lease_id = m.lease_id
   WHERE r.recipient_id = m.recipient_id
  RETURNING r.recipient_id, r.destination_id, r.next_retry_at, r.priority, r.status, l.lease_id, l.process_id,
            m.ordered_status
), evidence AS (
  INSERT INTO _attempt (
    recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text, outcome, decided_status,
    decided_next_retry_at)
  SELECT b.recipient_id, b.process_id, b.lease_id, d.name, :now, 0.0, :stage, :text, 'unknown', b.status,
         CASE WHEN b.status IN ('queued', 'deferred') THEN b.next_retry_at END
    FROM back AS b
    JOIN _destination AS d ON d.destination_id = b.destination_id
   ORDER BY b.recipient_id
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority)
    FROM back
   WHERE status IN ('queued', 'deferred')
   GROUP BY destination_id
)
SELECT recipient_id, status, ordered_status IS NOT NULL FROM back;

-- name: other_nodes
-- The last sign of life of each node but :node with a process that has not ended. Rows: node, Unix seconds.
SELECT node, max(beat_at) FROM _process WHERE ended_at IS NULL AND node <> :node GROUP BY node ORDER BY node;
