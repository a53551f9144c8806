-- clock.sql - after the wall clock was set back
-- Transaction: unless a statement says otherwise, inside BEGIN IMMEDIATE.

-- name: latest_beat
-- The latest instant at which a process was alive, by its own clock. Transaction: none needed. Rows: one, beat_at or NULL.
SELECT max(beat_at) FROM _process;

-- name: last_recipient
-- The highest number of a recipient. Transaction: none needed. Rows: one, recipient_id or NULL.
SELECT max(recipient_id) FROM _recipient;

-- name: bring_forward
-- Waiting recipients after :after, up to :last, are due earlier by :step_s seconds, and not before :now. Index: the rowid.
UPDATE _recipient
   SET next_retry_at = CASE WHEN next_retry_at - :step_s > :now THEN next_retry_at - :step_s ELSE :now END
 WHERE recipient_id > :after
   AND recipient_id <= :last
   AND status IN ('queued', 'deferred')
   AND next_retry_at > :now;

-- name: clamp_leases
-- Bring the last lease of a destination back to :now if it is in the future.
UPDATE _destination SET leased_at = :now WHERE leased_at > :now;

-- name: clamp_beats
-- Bring a beat back to :now if it is in the future.
UPDATE _process SET beat_at = :now WHERE beat_at > :now;
