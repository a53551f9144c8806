-- top.sql - what `empath-admin top` shows, read again and again, on PostgreSQL
-- Transaction: inside one BEGIN. No statement reads the rows of a deep queue: counts come from indexes.

-- name: destinations
-- The :limit destinations with the most waiting recipients at :now. Index: _recipient_due, then the rowids.
-- Rows: the fields of Busy in storage/admin/top.py.
SELECT d.name AS destination, w.waiting, w.due,
       (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases, d.lease_limit,
       (SELECT m.received_at
          FROM _recipient AS r
          JOIN _message AS m ON m.message_id = r.message_id
         WHERE r.recipient_id = w.oldest) AS oldest_at,
       (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = d.destination_id) AS blocked_by
  FROM (SELECT destination_id, count(*) AS waiting, min(recipient_id) AS oldest,
               count(*) FILTER (WHERE next_retry_at <= :now) AS due
          FROM _recipient
         WHERE status IN ('queued', 'deferred')
         GROUP BY destination_id
         ORDER BY waiting DESC
         LIMIT :limit) AS w
  JOIN _destination AS d ON d.destination_id = w.destination_id
 ORDER BY w.waiting DESC, d.name;

-- name: totals
-- Recipients that wait, that are due at :now, that are leased, and that are held; the instant of acceptance of the oldest
-- that waits; sessions that last; clients turned away since :minute_ago;
-- the highest numbers so far. Indexes: those of the states, the rowids. Rows: one, fields of Sight.
SELECT (SELECT count(*) FROM _recipient WHERE status IN ('queued', 'deferred')) AS waiting,
       (SELECT count(*) FROM _recipient
         WHERE status IN ('queued', 'deferred') AND next_retry_at <= :now) AS due,
       (SELECT count(*) FROM _recipient WHERE lease_id IS NOT NULL) AS leased,
       (SELECT count(*) FROM _recipient WHERE status = 'held') AS held,
       (SELECT m.received_at
          FROM _message AS m
         WHERE m.message_id = (
           SELECT r.message_id FROM _recipient AS r WHERE r.recipient_id = (
             SELECT min(recipient_id) FROM _recipient
              WHERE status IN ('queued', 'deferred')))) AS oldest_at,
       (SELECT count(*) FROM session) AS sessions,
       (SELECT coalesce(sum(times), 0) FROM _refusal WHERE last_at > :minute_ago) AS refused,
       coalesce((SELECT max(attempt_id) FROM _attempt), 0) AS attempt,
       coalesce((SELECT max(message_id) FROM _message), 0) AS message;

-- name: workers
-- Processes that have not ended. Index: _lease_process, _recipient_lease. Rows: the fields of Running there.
SELECT p.slot, p.pid, p.beat_at,
       (SELECT count(*) FROM _lease AS l WHERE l.process_id = p.process_id) AS leases,
       (SELECT count(*)
          FROM _lease AS l
          JOIN _recipient AS r ON r.lease_id = l.lease_id
         WHERE l.process_id = p.process_id) AS recipients
  FROM _process AS p
 WHERE p.ended_at IS NULL
 ORDER BY p.slot, p.generation;

-- name: attempts_since
-- Outcomes of the attempts after :after. Index: the rowid. Rows: outcome, number.
SELECT outcome, count(*) FROM _attempt WHERE attempt_id > :after GROUP BY outcome;

-- name: messages_since
-- Messages after :after. Index: the rowid. Rows: one, number.
SELECT count(*) FROM _message WHERE message_id > :after;
