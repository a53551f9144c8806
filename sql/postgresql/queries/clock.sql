-- clock.sql - the clock was set back, on PostgreSQL

-- name: bring_forward
-- Waiting recipients after :after, up to :last, are due earlier by :step_s seconds, and not before :now. Index: the primary key.
-- Rows: one for each.
WITH brought AS (
  UPDATE _recipient
     SET next_retry_at = CASE WHEN next_retry_at - :step_s > :now THEN next_retry_at - :step_s ELSE :now END
   WHERE recipient_id > :after
     AND recipient_id <= :last
     AND status IN ('queued', 'deferred')
     AND next_retry_at > :now
  RETURNING recipient_id, destination_id, next_retry_at, priority
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority) FROM brought GROUP BY destination_id
)
SELECT recipient_id FROM brought;
