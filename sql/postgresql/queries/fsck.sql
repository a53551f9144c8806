-- fsck.sql - faults that a queue must never have, on PostgreSQL: where bells count, and what the server knows of its files
-- A bound or a mark of a destination may be late while a bell for it has not been answered: the next lease answers it. So a
-- repair rings, and the lease mends the row under its lock.

-- name: stop_writers
-- A repair reads, then writes what it has read about: it must not change in between. Readers go on. It waits for those who write
-- at this moment, as long as lock_timeout says.
LOCK TABLE _message, _content, _recipient, _lease, _attempt, _notice, _consumer, _event_type IN SHARE ROW EXCLUSIVE MODE;

-- name: integrity
-- What the server has found by itself: pages of this database that failed their checksum, if it computes them, and indexes of the
-- queue that it does not keep up. pg_amcheck compares indexes with tables. Rows: one for each fault, text.
SELECT checksum_failures || ' pages of this database had a wrong checksum' AS text
  FROM pg_stat_database
 WHERE datname = current_database() AND checksum_failures > 0
UNION ALL
SELECT 'index ' || c.relname || ' is not valid'
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND NOT (i.indisvalid AND i.indisready);

-- name: quick
-- The same, because it walks no table. Rows: one for each fault, text.
SELECT checksum_failures || ' pages of this database had a wrong checksum' AS text
  FROM pg_stat_database
 WHERE datname = current_database() AND checksum_failures > 0
UNION ALL
SELECT 'index ' || c.relname || ' is not valid'
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND NOT (i.indisvalid AND i.indisready);

-- name: foreign_keys
-- Keys that the server has not checked. The tables of Empath have none; a table that somebody added may. Rows: one for each.
SELECT conname AS rowid, conrelid::regclass::text AS table, confrelid::regclass::text AS parent
  FROM pg_constraint
 WHERE connamespace = current_schema()::regnamespace AND contype = 'f' AND NOT convalidated;

-- name: actor_left
-- Who gives an order is a setting of the transaction, which ends with it: a table has nothing of it. Rows: none.
SELECT who, who AS before FROM _audit WHERE false;

-- name: mend_actor_left
-- Nothing is left. Rows: none.
SELECT 1 WHERE false;

-- name: mend_recipient_without_destination
-- The recipient then waits under its domain; a worker moves it if the route differs. Index: the UNIQUE of name, the primary key.
WITH place AS (
  INSERT INTO _destination (name) VALUES (:domain)
  ON CONFLICT (name) DO UPDATE SET due_at = _destination.due_at
  RETURNING destination_id
), moved AS (
  UPDATE _recipient AS r
     SET destination_id = p.destination_id
    FROM place AS p
   WHERE r.recipient_id = :recipient_id
  RETURNING r.destination_id, r.next_retry_at, r.priority
)
INSERT INTO _bell (destination_id, due_at, priority) SELECT destination_id, next_retry_at, priority FROM moved;

-- name: mend_lease_without_recipient
-- The slot is free, which rings. Index: the primary key.
WITH ended AS (
  DELETE FROM _lease WHERE lease_id = :lease_id RETURNING destination_id
)
INSERT INTO _bell (destination_id) SELECT destination_id FROM ended;

-- name: due_at_late
-- Due mail would not be delivered: the bound is late, and no bell says so. Index: _recipient_due by equality of both leading
-- columns, class by class, _bell_destination.
SELECT destination_id, destination, due_at AS before, earliest AS after
  FROM (SELECT d.destination_id, d.name AS destination, d.due_at,
               (SELECT min(w.next_retry_at)
                  FROM unnest('{0,1,2,3,4}'::smallint[]) AS c (priority)
                 CROSS JOIN LATERAL (
                   SELECT min(r.next_retry_at) AS next_retry_at
                     FROM _recipient AS r
                    WHERE r.destination_id = d.destination_id
                      AND r.priority = c.priority
                      AND r.status IN ('queued', 'deferred')) AS w) AS earliest
          FROM _destination AS d) AS x
 WHERE earliest IS NOT NULL
   AND (due_at IS NULL OR due_at > earliest)
   AND NOT EXISTS (SELECT 1 FROM _bell AS b WHERE b.destination_id = x.destination_id AND b.due_at <= x.earliest);

-- name: mend_due_at_late
-- The next lease lowers the bound under the lock of the row.
INSERT INTO _bell (destination_id, due_at, priority) VALUES (:destination_id, :after, 0);

-- name: is_full_wrong
-- A destination wrongly marked full gets no lease; a full one without the mark is looked at for nothing. A bell asks for the
-- mark to be made exact. Index: _lease_destination, _bell_destination.
SELECT destination_id, destination, before, after, leases, lease_limit AS max_leases
  FROM (SELECT d.destination_id, d.name AS destination, d.is_full AS before, d.lease_limit, l.leases,
               CASE WHEN l.leases >= d.lease_limit THEN 1 ELSE 0 END AS after
          FROM _destination AS d
         CROSS JOIN LATERAL (
           SELECT count(*) AS leases FROM _lease AS l WHERE l.destination_id = d.destination_id) AS l) AS x
 WHERE before <> after
   AND NOT EXISTS (SELECT 1 FROM _bell AS b WHERE b.destination_id = x.destination_id);

-- name: mend_is_full_wrong
-- The next lease makes the mark exact under the lock of the row.
INSERT INTO _bell (destination_id) VALUES (:destination_id);

-- name: ready_at_wrong
-- The stored column is not what its expression gives; the server computes it at each update of the row.
SELECT destination_id, name AS destination, ready_at AS before,
       CASE
         WHEN is_full = 1 OR due_at IS NULL THEN NULL
         ELSE greatest(due_at, coalesce(breaker_until, 0.0), coalesce(suspended_until, 0.0), coalesce(token_at, 0.0))
       END AS after
  FROM _destination
 WHERE ready_at IS DISTINCT FROM CASE
         WHEN is_full = 1 OR due_at IS NULL THEN NULL
         ELSE greatest(due_at, coalesce(breaker_until, 0.0), coalesce(suspended_until, 0.0), coalesce(token_at, 0.0))
       END;
