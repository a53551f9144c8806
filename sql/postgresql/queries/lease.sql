-- lease.sql - workers take leases, on PostgreSQL
-- Transaction: READ COMMITTED, the statements in the order of this file. Each sees what was committed before it began, which the
-- later ones rely on. Only here, and where the end of a lease keeps what it has seen, rows of _destination are written.

-- name: may_lease
-- Whether the run of :process_id goes on, and delivery is not stopped. Who ends the run waits until this transaction is over, and
-- then finds its leases. Index: the primary key. Rows: one if so, process_id.
SELECT process_id
  FROM _process
 WHERE process_id = :process_id
   AND ended_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM _frozen)
   FOR SHARE;

-- name: answer_bells
-- Take what rang into account at the destinations whose lock is free. Every later statement sees the recipients for whom an
-- answered bell rang; a bell that cannot be seen yet stays. A slot that is freed at this moment rings, too, so that is_full
-- cannot stick. Index: _bell_destination, _lease_destination, the primary keys. Rows: one for each destination.
WITH rang AS (
  SELECT DISTINCT destination_id FROM (SELECT destination_id FROM _bell LIMIT 2000) AS b
), mine AS (
  SELECT d.destination_id
    FROM _destination AS d
   WHERE d.destination_id IN (SELECT destination_id FROM rang)
     FOR NO KEY UPDATE SKIP LOCKED
), heard AS (
  DELETE FROM _bell AS b USING mine AS m WHERE b.destination_id = m.destination_id
  RETURNING b.destination_id, b.due_at, b.priority
), told AS (
  SELECT destination_id, min(due_at) AS due_at, min(priority) AS priority FROM heard GROUP BY destination_id
)
UPDATE _destination AS d
   SET due_at = least(d.due_at, t.due_at),
       priority = CASE WHEN d.due_at IS NULL THEN coalesce(t.priority, d.priority) ELSE least(d.priority, t.priority) END,
       is_full = ((SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) >= d.lease_limit)::int
  FROM told AS t
 WHERE d.destination_id = t.destination_id;

-- name: lock_ready
-- Destinations of which a lease may be taken at :now, in their turn: the better class, then the one that waits longest. Those that
-- another worker takes from at this moment are left out. :is_failing picks healthy or failing ones; :has_lease is 0 for those
-- without a lease, 1 for those with one; :with_new is 0 to leave out those that never had one. A process that holds its share of
-- the slots, one of :workers, is left out. Index: _destination_turn, class by class.
-- Rows: at most :limit of destination_id, name, lease_count, whether the lease is a probe, exchangers, lease_limit, max_leases,
-- due_at.
SELECT d.destination_id, d.name, d.lease_count, d.breaker_until IS NOT NULL, d.exchangers, d.lease_limit, d.max_leases,
       d.due_at
  FROM (SELECT c.place, t.destination_id, t.turn_at
          FROM unnest('{0,1,2,3,4}'::smallint[]) WITH ORDINALITY AS c (priority, place)
         CROSS JOIN LATERAL (
           SELECT n.destination_id, n.turn_at
             FROM _destination AS n
            WHERE n.is_failing = :is_failing
              AND n.priority = c.priority
              AND n.turn_at <= :now
              AND (:with_new = 1 OR n.leased_at IS NOT NULL)
              AND EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = n.destination_id) = (:has_lease = 1)
              AND (n.max_leases + :workers - 1) / :workers > (
                SELECT count(*) FROM _lease AS l
                 WHERE l.destination_id = n.destination_id AND l.process_id = :process_id)
            ORDER BY n.turn_at
            LIMIT :look) AS t
         ORDER BY c.place, t.turn_at) AS turn
  JOIN _destination AS d ON d.destination_id = turn.destination_id
 WHERE d.ready_at <= :now
 ORDER BY turn.place, turn.turn_at
 LIMIT :limit
   FOR NO KEY UPDATE OF d SKIP LOCKED;

-- name: lock_longest_ready
-- The same whatever the class, the longest ready first, with (:has_lease is 1) or without those that have a lease.
-- Index: _destination_ready.
SELECT d.destination_id, d.name, d.lease_count, d.breaker_until IS NOT NULL, d.exchangers, d.lease_limit, d.max_leases,
       d.due_at
  FROM _destination AS d
 WHERE d.is_failing = :is_failing
   AND d.ready_at <= :now
   AND (:with_new = 1 OR d.leased_at IS NOT NULL)
   AND (:has_lease = 1 OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id))
   AND (d.max_leases + :workers - 1) / :workers > (
     SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id AND l.process_id = :process_id)
 ORDER BY d.ready_at
 LIMIT :limit
   FOR NO KEY UPDATE SKIP LOCKED;

-- name: wait_ready
-- Wait for a destination that another worker takes from at this moment, the one that is ready longest; lock_timeout bounds the
-- wait. Transaction: one of its own, which holds no other lock, after one that found all that is ready locked.
-- Index: _destination_ready. Rows: at most one, destination_id.
SELECT destination_id
  FROM _destination
 WHERE is_failing = :is_failing
   AND ready_at <= :now
 ORDER BY ready_at
 LIMIT 1
   FOR NO KEY UPDATE;

-- name: slots_in_use
-- Leases of :destinations (list of destination_id), which are locked: exact, since whoever made one held the lock and has
-- committed. Index: _lease_destination. Rows: destination_id, number of all leases, number of those of :process_id.
SELECT destination_id, count(*), count(*) FILTER (WHERE process_id = :process_id)
  FROM _lease
 WHERE destination_id IN (:destinations[])
 GROUP BY destination_id;

-- name: due_of_destinations
-- Waiting recipients of :destinations whose time has come (:now): of each class up to :of_class, of each destination up to :in_all,
-- class by class, the oldest first; whom somebody is editing is left out. All lists are parallel. :bound is due_at of the
-- destination: nobody waits for less whose bell was answered, and below it the index is full of those who were leased before,
-- which no vacuum removes while an old snapshot is open. Index: _recipient_due, all three columns.
-- Rows: destination_id, recipient_id, message_id, next_retry_at.
SELECT d.destination_id, r.recipient_id, r.message_id, r.next_retry_at
  FROM unnest(:destinations::bigint[], :of_class::bigint[], :in_all::bigint[], :bound::double precision[])
       WITH ORDINALITY AS d (destination_id, of_class, in_all, bound, place)
 CROSS JOIN LATERAL (
   SELECT w.recipient_id, w.message_id, w.next_retry_at
     FROM unnest('{0,1,2,3,4}'::smallint[]) AS c (priority)
    CROSS JOIN LATERAL (
      SELECT n.recipient_id, n.message_id, n.next_retry_at
        FROM _recipient AS n
       WHERE n.destination_id = d.destination_id
         AND n.priority = c.priority
         AND n.next_retry_at >= d.bound
         AND n.next_retry_at <= :now
         AND n.status IN ('queued', 'deferred')
       ORDER BY n.next_retry_at
       LIMIT d.of_class
         FOR NO KEY UPDATE SKIP LOCKED) AS w
    LIMIT d.in_all) AS r;

-- name: due_at_end
-- Up to :limit recipients of one destination whose lifetime is over, among the first :depth that are due at :now.
-- Index: as due_of_destinations. Rows: recipient_id, message_id.
SELECT r.recipient_id, r.message_id
  FROM (SELECT n.recipient_id
          FROM unnest('{0,1,2,3,4}'::smallint[]) AS c (priority)
         CROSS JOIN LATERAL (
           SELECT w.recipient_id
             FROM _recipient AS w
            WHERE w.destination_id = :destination_id
              AND w.priority = c.priority
              AND w.next_retry_at <= :now
              AND w.status IN ('queued', 'deferred')
            ORDER BY w.next_retry_at
            LIMIT :depth) AS n
         LIMIT :depth) AS due
  JOIN _recipient AS r ON r.recipient_id = due.recipient_id
 WHERE r.expires_at <= :now
   AND r.status IN ('queued', 'deferred')
 LIMIT :limit
   FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: siblings_of_messages
-- Other due recipients of :messages at the same destination; :of_destination is parallel. Those in :known (list of recipient_id)
-- are left out. Index: _recipient_message. Rows: destination_id, recipient_id, message_id.
SELECT m.destination_id, r.recipient_id, r.message_id
  FROM unnest(:messages::bigint[], :of_destination::bigint[]) AS m (message_id, destination_id)
  JOIN _recipient AS r ON r.message_id = m.message_id AND r.destination_id = m.destination_id
 WHERE r.next_retry_at <= :now
   AND r.status IN ('queued', 'deferred')
   AND r.recipient_id NOT IN (:known[])
   FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: insert_leases
-- One lease for each of :destinations, in which a destination may come several times. Rows: lease_id, destination_id.
INSERT INTO _lease (process_id, destination_id, leased_at)
SELECT :process_id, d.destination_id, :now
  FROM unnest(:destinations::bigint[]) WITH ORDINALITY AS d (destination_id, place)
 ORDER BY d.place
RETURNING lease_id, destination_id;

-- name: mark_all_leased
-- Put :recipients (list of recipient_id) under :leases, which is parallel. Index: the primary key. Rows: none.
UPDATE _recipient AS r SET status = 'leased', lease_id = l.lease_id
  FROM unnest(:recipients::bigint[], :leases::bigint[]) AS l (recipient_id, lease_id)
 WHERE r.recipient_id = l.recipient_id;

-- name: close
-- What the destinations look like now. :taken and :in_use are parallel to :destinations: leases that were made here, and all of
-- them. The bound becomes exact: the lock is held since answer_bells, and who rang later, rings still. Of what is due already the
-- best class counts. Index: _recipient_due by equality of both leading columns. Rows: destination_id, due_at.
UPDATE _destination AS d
   SET lease_count = d.lease_count + t.taken,
       leased_at = CASE WHEN t.taken > 0 THEN :now ELSE d.leased_at END,
       is_full = (t.in_use >= d.lease_limit)::int,
       due_at = e.due_at,
       priority = coalesce(e.priority, 4)
  FROM unnest(:destinations::bigint[], :taken::bigint[], :in_use::bigint[], :bound::double precision[])
       AS t (destination_id, taken, in_use, bound)
 CROSS JOIN LATERAL (
   SELECT min(r.next_retry_at) AS due_at,
          coalesce(
            min(c.priority) FILTER (WHERE r.next_retry_at <= :now),
            (array_agg(c.priority ORDER BY r.next_retry_at, c.priority))[1]) AS priority
     FROM unnest('{0,1,2,3,4}'::smallint[]) AS c (priority)
    CROSS JOIN LATERAL (
      SELECT n.next_retry_at
        FROM _recipient AS n
       WHERE n.destination_id = t.destination_id
         AND n.priority = c.priority
         AND n.next_retry_at >= t.bound
         AND n.status IN ('queued', 'deferred')
       ORDER BY n.next_retry_at
       LIMIT 1) AS r) AS e
 WHERE d.destination_id = t.destination_id
RETURNING d.destination_id, d.due_at;

-- name: work_of_leases
-- The recipients of :leases (list of lease_id) with their messages. Transaction: after the commit. Index: _recipient_lease.
-- Rows: one per recipient, lease_id and then as on SQLite.
SELECT r.lease_id, r.priority, m.message_id, m.ulid, m.reverse_path, m.size, m.received_at, m.body_type, m.has_8bit,
       m.is_smtputf8, m.dsn_return, m.envelope_id, m.content_locator, m.added_fields, m.digest, m.requires_tls,
       m.delay_report_at, m.metadata, m.account, m.client_address, m.traceparent, r.recipient_id, r.address, r.domain,
       r.attempts, r.expires_at, r.notify,
       -- RFC 3461 §5.2.1: the next host gets the address that the client gave, in xtext, if it differs from ours.
       CASE
         WHEN r.original_recipient IS NULL AND r.original <> r.address AND r.original ~ '^[ -~]*$'
           THEN 'rfc822;' || replace(replace(replace(r.original, '+', '+2B'), '=', '+3D'), ' ', '+20')
         ELSE r.original_recipient
       END,
       r.sent_as
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.lease_id IN (:leases[])
 ORDER BY r.recipient_id;

-- name: outlook
-- What a worker looks at before it takes leases: whether an operator stopped delivery, and whether :process_id may take a lease
-- at :now of a healthy and of a failing destination; a bell may tell of one. :has_lease is 0 to leave out those that have a lease,
-- :with_new is 0 to leave out healthy ones that never had one. Transaction: none needed. Index: _destination_ready.
-- Rows: one of is_frozen, has_healthy, has_failing.
SELECT EXISTS (SELECT 1 FROM _frozen),
       EXISTS (
         SELECT 1
           FROM _bell AS b
           JOIN _destination AS d ON d.destination_id = b.destination_id
          WHERE d.is_failing = 0
            AND coalesce(b.due_at, 0.0) <= :now
            AND (:with_new = 1 OR d.leased_at IS NOT NULL)
            AND (:has_lease = 1 OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id)))
       OR EXISTS (
         SELECT 1
           FROM _destination AS d
          WHERE d.is_failing = 0
            AND d.ready_at <= :now
            AND (:with_new = 1 OR d.leased_at IS NOT NULL)
            AND (:has_lease = 1 OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id))
            AND (d.max_leases + :workers - 1) / :workers > (
              SELECT count(*) FROM _lease AS l
               WHERE l.destination_id = d.destination_id AND l.process_id = :process_id)),
       EXISTS (
         SELECT 1
           FROM _bell AS b
           JOIN _destination AS d ON d.destination_id = b.destination_id
          WHERE d.is_failing = 1
            AND coalesce(b.due_at, 0.0) <= :now
            AND (:has_lease = 1 OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id)))
       OR EXISTS (
         SELECT 1
           FROM _destination AS d
          WHERE d.is_failing = 1
            AND d.ready_at <= :now
            AND (:has_lease = 1 OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id))
            AND (d.max_leases + :workers - 1) / :workers > (
              SELECT count(*) FROM _lease AS l
               WHERE l.destination_id = d.destination_id AND l.process_id = :process_id));

-- name: next_ready_at
-- When the next lease may be taken. A bell counts as mail of its destination. Transaction: none needed.
-- Index: _destination_ready. Rows: one, earliest instant or NULL.
SELECT least(
  (SELECT min(ready_at) FROM _destination WHERE is_failing = 0 AND ready_at IS NOT NULL),
  (SELECT min(ready_at) FROM _destination WHERE is_failing = 1 AND ready_at IS NOT NULL),
  (SELECT min(coalesce(due_at, 0.0)) FROM _bell));

-- name: news
-- A number that is another one when a transaction of another connection has ended. Transaction: none needed. Rows: one.
SELECT hashtextextended(pg_current_snapshot()::text, 0);

-- name: orders
-- As on SQLite.
SELECT l.lease_id, coalesce(d.suspended_until, 0.0) > :now, r.recipient_id
  FROM _lease AS l
  JOIN _destination AS d ON d.destination_id = l.destination_id
  LEFT JOIN _recipient AS r ON r.lease_id = l.lease_id AND r.ordered_status IS NOT NULL
 WHERE l.lease_id IN (:leases[]);
