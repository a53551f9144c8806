-- tokens.sql - the token buckets of deliveries, on PostgreSQL
-- A bucket is read and written under the lock of its row. A lease locks the buckets of all its destinations first, in the order
-- of their names, and then those of senders: so no two leases wait for each other.

-- name: lock
-- Lock the buckets :names (list of name); one that has no row gets one that means the same. Rows: none.
INSERT INTO _bucket (name, full_at)
SELECT n.name, 0.0 FROM unnest(:names::text[]) AS n (name) ORDER BY n.name
    ON CONFLICT (name) DO UPDATE SET full_at = _bucket.full_at;

-- name: full_at
-- The state of one bucket, under its lock. Rows: one.
INSERT INTO _bucket (name, full_at) VALUES (:name, 0.0)
    ON CONFLICT (name) DO UPDATE SET full_at = _bucket.full_at
RETURNING full_at;

-- name: let_go
-- Such mail of :paths (list of reverse_path) is due at :now. Index: _recipient_held_back. Rows: one for each destination.
WITH freed AS (
  UPDATE _recipient AS r
     SET next_retry_at = :now
    FROM _message AS m
   WHERE m.message_id = r.message_id
     AND m.reverse_path IN (:paths[text])
     AND r.status IN ('queued', 'deferred')
     AND r.held_back_until > :now
     AND r.held_back_until = r.next_retry_at
  RETURNING r.destination_id, r.priority
)
INSERT INTO _bell (destination_id, due_at, priority)
SELECT destination_id, :now, min(priority) FROM freed GROUP BY destination_id;
