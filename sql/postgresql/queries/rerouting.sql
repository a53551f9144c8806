-- rerouting.sql - mail that waits moves to other destinations, on PostgreSQL

-- name: move
-- Move the recipient to another destination, unless it is leased by now. Index: the primary key. Rows: one if it moved.
WITH moved AS (
  UPDATE _recipient SET destination_id = :destination_id
   WHERE recipient_id = :recipient_id
     AND status IN ('queued', 'deferred', 'held')
  RETURNING destination_id, status, next_retry_at, priority
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, next_retry_at, priority FROM moved WHERE status <> 'held'
)
SELECT destination_id FROM moved;
