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

-- name: bring_waits_forward
-- What holds destinations back ends earlier by :step_s seconds, and not before :now: breakers, waits for tokens, and
-- suspensions by shaping rules. Hours, and instants that a person gave, are of the new clock. Index: none, one pass.
UPDATE _destination
   SET breaker_until = CASE
         WHEN breaker_until - :step_s > :now THEN breaker_until - :step_s
         WHEN breaker_until > :now THEN :now
         ELSE breaker_until
       END,
       token_at = CASE
         WHEN token_at - :step_s > :now THEN token_at - :step_s
         WHEN token_at > :now THEN :now
         ELSE token_at
       END,
       suspended_until = CASE
         WHEN suspended_until - :step_s > :now AND suspended_reason LIKE 'shaping rule %' THEN suspended_until - :step_s
         WHEN suspended_until > :now AND suspended_reason LIKE 'shaping rule %' THEN :now
         ELSE suspended_until
       END
 WHERE breaker_until > :now
    OR token_at > :now
    OR (suspended_until > :now AND suspended_reason LIKE 'shaping rule %');

-- name: bring_buckets_forward
-- Token buckets are full earlier by :step_s seconds. Index: none, one pass.
UPDATE _bucket
   SET full_at = CASE WHEN full_at - :step_s > :now THEN full_at - :step_s ELSE :now END,
       token_at = CASE WHEN token_at - :step_s > :now THEN token_at - :step_s WHEN token_at IS NOT NULL THEN :now END
 WHERE full_at > :now;

-- name: clamp_beats
-- Bring a beat back to :now if it is in the future.
UPDATE _process SET beat_at = :now WHERE beat_at > :now;
