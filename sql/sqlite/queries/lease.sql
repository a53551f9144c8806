-- lease.sql - a worker takes leases, and checks whether mail is due, on SQLite
-- Transaction: unless a statement says otherwise, inside the lease's BEGIN IMMEDIATE. _waiting and _frozen are views, which
-- the view explanation reads, too (decision 45).

-- name: outlook
-- What a worker looks at before it takes the write lock: whether an operator stopped delivery, and whether :process_id may
-- take a lease at :now of a healthy and of a failing destination. :has_lease is 0 to leave out those that have a lease,
-- :with_new is 0 to leave out healthy ones that never had one.
-- Transaction: none needed. Index: _destination_ready. Rows: one of is_frozen, has_healthy, has_failing.
SELECT EXISTS (SELECT 1 FROM _frozen),
       EXISTS (
         SELECT 1
           FROM _destination AS d
          WHERE d.is_failing = 0
            AND d.ready_at <= :now
            AND (:with_new OR d.leased_at IS NOT NULL)
            AND (:has_lease OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id))
            AND (d.max_leases + :workers - 1) / :workers > (SELECT count(*) FROM _lease AS l
                           WHERE l.destination_id = d.destination_id AND l.process_id = :process_id)),
       EXISTS (
         SELECT 1
           FROM _destination AS d
          WHERE d.is_failing = 1
            AND d.ready_at <= :now
            AND (:has_lease OR NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id))
            AND (d.max_leases + :workers - 1) / :workers > (SELECT count(*) FROM _lease AS l
                           WHERE l.destination_id = d.destination_id AND l.process_id = :process_id));

-- name: ready_destinations
-- Destinations of which :process_id may take a lease at :now (Unix seconds), in their turn: the better class, then the
-- one that waits longest. A slot is free, and the process holds less than its share of the slots, one of :workers. :is_failing picks healthy or failing
-- ones, :has_lease those without (0) or with (1) a lease. The others are walked past: they are no more than the leases of
-- all workers. :with_new is 0 to walk past those that never had a lease, too. Index: _destination_turn, all three columns in this order.
-- Rows: at most :limit of destination_id, name, lease_count, has_lease, whether the lease is a probe, exchangers,
-- slots that the process may take.
SELECT d.destination_id, d.name, d.lease_count, :has_lease, d.breaker_until IS NOT NULL, d.exchangers,
       min(d.lease_limit - (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id),
           (d.max_leases + :workers - 1) / :workers - (SELECT count(*) FROM _lease AS l
                      WHERE l.destination_id = d.destination_id AND l.process_id = :process_id)) AS slots
  FROM _destination AS d
 WHERE d.is_failing = :is_failing
   AND d.priority IN (0, 1, 2, 3, 4)
   AND d.turn_at <= :now
   AND (:with_new OR d.leased_at IS NOT NULL)
   AND EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id) = :has_lease
   AND slots > 0
 ORDER BY d.priority, d.turn_at
 LIMIT :limit;

-- name: longest_ready
-- The same whatever the class, the longest ready first, with (:has_lease is 1) or without those that have a lease.
-- Index: _destination_ready.
SELECT d.destination_id, d.name, d.lease_count,
       EXISTS (SELECT 1 FROM _lease AS l WHERE l.destination_id = d.destination_id) AS has_lease, d.breaker_until IS NOT NULL, d.exchangers,
       min(d.lease_limit - (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id),
           (d.max_leases + :workers - 1) / :workers - (SELECT count(*) FROM _lease AS l
                      WHERE l.destination_id = d.destination_id AND l.process_id = :process_id)) AS slots
  FROM _destination AS d
 WHERE d.is_failing = :is_failing
   AND d.ready_at <= :now
   AND (:with_new OR d.leased_at IS NOT NULL)
   AND has_lease <= :has_lease
   AND slots > 0
 ORDER BY d.ready_at
 LIMIT :limit;

-- name: next_ready_at
-- When the next lease may be taken, of healthy and of failing destinations. Transaction: none needed.
-- Index: _destination_ready. Rows: one, earliest ready_at or NULL.
SELECT min(ready_at)
  FROM (SELECT min(ready_at) AS ready_at FROM _destination WHERE is_failing = 0 AND ready_at IS NOT NULL
        UNION ALL
        SELECT min(ready_at) FROM _destination WHERE is_failing = 1 AND ready_at IS NOT NULL);

-- name: insert_lease
-- A lease of one destination, unless the run of its process was ended; the trigger counts it against the limit.
-- Index: the rowid of _process. Rows: lease_id, none for a process whose run was ended.
INSERT INTO _lease (process_id, destination_id, leased_at)
SELECT process_id, :destination_id, :now FROM _process WHERE process_id = :process_id AND ended_at IS NULL
RETURNING lease_id;

-- name: due_recipients
-- Up to :limit waiting recipients of one destination whose time has come (:now), class by class, the oldest of each first.
-- Index: _recipient_due, all three columns by equality or range in this order. Rows: recipient_id, message_id.
SELECT recipient_id, message_id
  FROM _waiting
 WHERE destination_id = :destination_id
   AND priority IN (0, 1, 2, 3, 4)
   AND next_retry_at <= :now
 ORDER BY priority, next_retry_at
 LIMIT :limit;

-- name: due_of_class
-- The same of one class (:priority) only. Rows: recipient_id, message_id, next_retry_at.
SELECT recipient_id, message_id, next_retry_at
  FROM _waiting
 WHERE destination_id = :destination_id
   AND priority = :priority
   AND next_retry_at <= :now
 ORDER BY next_retry_at
 LIMIT :limit;

-- name: due_at_end
-- Up to :limit recipients of one destination whose lifetime is over, among the first :depth that are due at :now.
-- Index: as due_recipients. Rows: recipient_id, message_id.
SELECT recipient_id, message_id
  FROM (SELECT recipient_id, message_id, expires_at
          FROM _waiting
         WHERE destination_id = :destination_id
           AND priority IN (0, 1, 2, 3, 4)
           AND next_retry_at <= :now
         ORDER BY priority, next_retry_at
         LIMIT :depth) AS due
 WHERE expires_at <= :now
 LIMIT :limit;

-- name: due_siblings
-- Other due recipients, at the same destination, of the messages in :messages (list of message_id).
-- Index: _recipient_message; named, because the planner would rather walk the destination's backlog.
-- Rows: recipient_id, message_id.
SELECT r.recipient_id, r.message_id
  FROM _recipient AS r INDEXED BY _recipient_message
 WHERE r.message_id IN (:messages[])
   AND r.destination_id = :destination_id
   AND r.next_retry_at <= :now
   AND r.status IN ('queued', 'deferred');

-- name: mark_leased
-- Put the recipients in :recipients (list of recipient_id) under :lease_id. Index: the rowid.
UPDATE _recipient SET status = 'leased', lease_id = :lease_id
 WHERE recipient_id IN (:recipients[]);

-- name: earliest_waiting
-- The earliest waiting recipient of each class at one destination. Index: _recipient_due.
-- Rows: at most one for each class, next_retry_at and priority.
WITH class (priority) AS (VALUES (0), (1), (2), (3), (4))
SELECT (SELECT min(r.next_retry_at)
          FROM _waiting AS r
         WHERE r.destination_id = :destination_id
           AND r.priority = class.priority) AS earliest,
       class.priority
  FROM class
 WHERE earliest IS NOT NULL;

-- name: set_due
-- Make the bound exact after a lease; :due_at may be NULL. :priority is the class of the mail that is due next.
UPDATE _destination SET due_at = :due_at, priority = :priority WHERE destination_id = :destination_id;

-- name: leased_work
-- The recipients of a lease with their messages. Transaction: after the commit.
-- Index: _recipient_lease, whose order it is. Rows: one per recipient.
SELECT r.priority, m.message_id, m.ulid, m.reverse_path, m.size, m.received_at, m.body_type, m.has_8bit, m.is_smtputf8,
       m.dsn_return, m.envelope_id, m.content_locator, m.added_fields, m.digest, m.requires_tls, m.delay_report_at,
       m.metadata, m.account, m.client_address, m.traceparent, r.recipient_id, r.address, r.domain, r.attempts, r.expires_at, r.notify,
       -- RFC 3461 §5.2.1: the next host gets the address that the client gave, in xtext, if it differs from ours.
       CASE
         WHEN r.original_recipient IS NULL AND r.original <> r.address AND r.original NOT GLOB '*[^ -~]*'
           THEN 'rfc822;' || replace(replace(replace(r.original, '+', '+2B'), '=', '+3D'), ' ', '+20')
         ELSE r.original_recipient
       END,
       r.sent_as
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.lease_id = :lease_id
 ORDER BY r.recipient_id;

-- name: data_version
-- A number that changes when another connection has committed. Transaction: none needed. Rows: one.
PRAGMA data_version;

-- name: orders
-- Of the leases in :leases (list of lease_id) that stand: whether the lease must stop at :now because its destination is
-- suspended, and the recipients that must no longer be delivered to. Transaction: none needed.
-- Index: the rowids, _recipient_ordered. Rows: lease_id, 0 or 1, recipient_id or NULL.
SELECT l.lease_id, coalesce(d.suspended_until, 0.0) > :now, r.recipient_id
  FROM (:leases[]) AS asked
 CROSS JOIN _lease AS l ON l.lease_id = asked.value
 CROSS JOIN _destination AS d ON d.destination_id = l.destination_id
  LEFT JOIN _recipient AS r ON r.lease_id = l.lease_id AND r.ordered_status IS NOT NULL;
