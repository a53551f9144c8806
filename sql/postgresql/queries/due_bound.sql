-- due_bound.sql - the bound must never be later than the earliest waiting recipient, on PostgreSQL

-- name: due_bounds
-- The next :limit destinations after :after, each with its bound as the next lease will find it, bells taken into account.
-- Transaction: none needed. Index: the primary key, _bell_destination, and _recipient_due by equality of both leading columns.
-- Rows: destination_id, name, the bound, earliest next_retry_at; both may be NULL.
SELECT d.destination_id, d.name,
       least(d.due_at, (SELECT min(b.due_at) FROM _bell AS b WHERE b.destination_id = d.destination_id)),
       (SELECT min(w.next_retry_at)
          FROM unnest('{0,1,2,3,4}'::smallint[]) AS c (priority)
         CROSS JOIN LATERAL (
           SELECT r.next_retry_at
             FROM _recipient AS r
            WHERE r.destination_id = d.destination_id
              AND r.priority = c.priority
              AND r.status IN ('queued', 'deferred')
            ORDER BY r.next_retry_at
            LIMIT 1) AS w)
  FROM _destination AS d
 WHERE d.destination_id > :after
 ORDER BY d.destination_id
 LIMIT :limit;

-- name: lower_due
-- Ring for :earliest; a lease lowers the bound under the lock of the row. Index: the primary key.
INSERT INTO _bell (destination_id, due_at, priority)
SELECT destination_id, :earliest, 0
  FROM _destination
 WHERE destination_id = :destination_id AND (due_at IS NULL OR due_at > :earliest);
