-- destinations.sql - destinations that no mail needs are removed
-- A destination is idle if nothing waits for it, nothing is set for it, and its last lease is old. Whether a final
-- recipient still belongs to it, no index tells: see storage/queue/destinations.py.

-- name: idle
-- The next :limit destinations after :after, and whether each is idle at :now: no lease since :leased_before (both Unix
-- seconds). Transaction: none needed. Index: the rowid, _lease_destination. Rows: destination_id, 0 or 1.
SELECT d.destination_id,
       d.due_at IS NULL
       AND coalesce(d.leased_at, 0.0) <= :leased_before
       AND coalesce(d.suspended_until, 0.0) <= :now
       AND coalesce(d.breaker_until, 0.0) <= :now
       AND coalesce(d.token_at, 0.0) <= :now
       AND NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id)
  FROM _destination AS d
 WHERE d.destination_id > :after
 ORDER BY d.destination_id
 LIMIT :limit;

-- name: mark_leaving
-- Mark :destinations (list of destination_id). A trigger removes the mark of one that a recipient is moved to.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
INSERT INTO _destination_leaving (destination_id)
SELECT d.destination_id
  FROM _destination AS d
 WHERE d.destination_id IN (:destinations[])
ON CONFLICT DO NOTHING;

-- name: unmark_all
-- Transaction: inside BEGIN IMMEDIATE.
DELETE FROM _destination_leaving;

-- name: needed
-- Destinations of the next :limit recipients after :after, whatever their status. Transaction: none needed.
-- Index: the rowid. Rows: destination_id, greatest recipient_id and number of its recipients among these.
SELECT r.destination_id, max(r.recipient_id), count(*)
  FROM (SELECT recipient_id, destination_id FROM _recipient WHERE recipient_id > :after ORDER BY recipient_id LIMIT :limit) AS r
 GROUP BY r.destination_id;

-- name: forget
-- Remove those of :destinations that are still idle and marked, and that no recipient after :after belongs to.
-- The greatest number is never removed, so that no number is given twice.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowids, _lease_destination.
DELETE FROM _destination
 WHERE destination_id IN (:destinations[])
   AND destination_id < (SELECT max(destination_id) FROM _destination)
   AND due_at IS NULL
   AND coalesce(leased_at, 0.0) <= :leased_before
   AND coalesce(suspended_until, 0.0) <= :now
   AND coalesce(breaker_until, 0.0) <= :now
   AND EXISTS (SELECT 1 FROM _destination_leaving AS g WHERE g.destination_id = _destination.destination_id)
   AND NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = _destination.destination_id)
   AND destination_id NOT IN (SELECT r.destination_id FROM _recipient AS r WHERE r.recipient_id > :after);
