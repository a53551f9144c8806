-- due_bound.sql - due_at must never be later than the earliest waiting recipient
-- Triggers hold this invariant. Where it is broken, a destination sleeps while mail for it is due.

-- name: due_bounds
-- The next :limit destinations after :after. Transaction: none needed. Index: the rowid, and _recipient_due by equality
-- of both leading columns, class by class. Rows: destination_id, name, due_at, earliest next_retry_at; both may be NULL.
SELECT d.destination_id, d.name, d.due_at,
       (SELECT min((SELECT min(r.next_retry_at)
                      FROM _recipient AS r
                     WHERE r.destination_id = d.destination_id
                       AND r.priority = p.column1
                       AND r.status IN ('queued', 'deferred')))
          FROM (VALUES (0), (1), (2), (3), (4)) AS p)
  FROM _destination AS d
 WHERE d.destination_id > :after
 ORDER BY d.destination_id
 LIMIT :limit;

-- name: lower_due
-- Lower the bound to :earliest. It is never raised, because another write may have lowered it further meanwhile.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
UPDATE _destination SET due_at = :earliest
 WHERE destination_id = :destination_id AND (due_at IS NULL OR due_at > :earliest);
