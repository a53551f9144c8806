-- due_bound.sql - the bound must never be later than the earliest waiting recipient, on PostgreSQL

-- name: lower_due
-- Ring for :earliest; a lease lowers the bound under the lock of the row. Index: the primary key.
INSERT INTO _bell (destination_id, due_at, priority)
SELECT destination_id, :earliest, 0
  FROM _destination
 WHERE destination_id = :destination_id AND (due_at IS NULL OR due_at > :earliest);
