-- process.sql - which processes are alive, and the end of those that died
-- Transaction: inside BEGIN IMMEDIATE.

-- name: beat
-- Record a sign of life.
UPDATE _process SET beat = beat + 1, beat_at = :now WHERE process_id = :process_id AND ended_at IS NULL;

-- name: record_modules
-- The modules that a process has switched off.
UPDATE _process SET modules_off = :names WHERE process_id = :process_id;

-- name: modules_off
-- The modules that :process_id has switched off, and that nobody has switched on again. Index: the primary key.
-- Rows: at most one, modules_off.
SELECT modules_off FROM _process WHERE process_id = :process_id AND modules_off IS NOT NULL;

-- name: with_modules_off
-- Living processes that have switched modules off. Rows: process_id, slot, modules_off.
SELECT process_id, slot, modules_off FROM process WHERE ended_at IS NULL AND modules_off IS NOT NULL ORDER BY slot, generation;

-- name: switch_modules_on
-- Leave :names switched off in :process_id; NULL for none.
UPDATE process SET modules_off = :names WHERE process_id = :process_id;

-- name: log_level
-- The ordered log level. Rows: none if the configured level applies, else one.
SELECT value FROM _setting WHERE name = 'log-level';

-- name: living
-- Processes that have not ended, of all nodes. Rows: process_id, node, instance, slot, generation, beat.
SELECT process_id, node, instance, slot, generation, beat FROM _process WHERE ended_at IS NULL;

-- name: end
-- Record the end of a run.
UPDATE _process SET ended_at = :now WHERE process_id = :process_id AND ended_at IS NULL;

-- name: leases_of
-- The leases of a process. Index: _lease_process. Rows: lease_id, destination.
SELECT l.lease_id, d.name
  FROM _lease AS l
  JOIN _destination AS d ON d.destination_id = l.destination_id
 WHERE l.process_id = :process_id;

-- name: record_unknown
-- One attempt row per recipient of a lost lease: the peer may have taken the mail. :max_lost_leases is NULL where the loss
-- does not count. Index: _recipient_lease.
INSERT INTO _attempt (
  recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text, outcome, decided_status,
  decided_next_retry_at)
SELECT r.recipient_id, :process_id, :lease_id, :destination, :now, 0.0, :stage, :text, 'unknown',
       coalesce(
         r.ordered_status,
         CASE
           WHEN r.lost_leases + 1 >= :max_lost_leases THEN 'held'
           WHEN CAST(:max_lost_leases AS bigint) IS NULL AND r.attempts = 0 THEN 'queued'
           ELSE 'deferred'
         END),
       CASE
         WHEN r.ordered_status IS NULL AND CAST(:max_lost_leases AS bigint) IS NULL
           THEN coalesce(r.ordered_next_retry_at, r.next_retry_at)
         WHEN r.ordered_status IS NULL AND r.lost_leases + 1 < :max_lost_leases
           THEN coalesce(r.ordered_next_retry_at, :now)
       END
  FROM _recipient AS r
 WHERE r.lease_id = :lease_id;

-- name: lost_orders
-- Orders for recipients of a lost lease. Index: _recipient_lease. Rows: recipient_id, ordered_status.
SELECT recipient_id, ordered_status FROM _recipient WHERE lease_id = :lease_id AND ordered_status IS NOT NULL;
