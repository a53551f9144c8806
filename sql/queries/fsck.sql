-- fsck.sql - faults that a queue must never have, and their repairs
-- A check gives one row for each fault, and none on a sound queue, at any instant between two transactions.
-- storage/admin/fsck.py puts its columns into sentences by name: recipient_id, id (ULID of the message), destination, and
-- `before` and `after`, which also go into the audit row of a repair. :now is Unix seconds; with 0.0 nothing is old.
-- A check reads outside a transaction; a repair runs it again inside BEGIN IMMEDIATE. It may walk the whole queue.
-- A block mend_<check> repairs one row of the check; the row count of its last statement says whether it changed
-- anything. Bindings: the row's columns, and :now. Transaction: inside BEGIN IMMEDIATE. Index: the rowid.

-- name: stop_writers
-- No other transaction writes until the repair is committed; on SQLite that is so in each write. Rows: one, without a meaning.
SELECT 1;

-- name: recipient_without_message
-- The content of such a recipient cannot be found. Index: the rowid of _message.
SELECT recipient_id, message_id, address, status
  FROM _recipient AS r
 WHERE NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.message_id = r.message_id);

-- name: recipient_without_destination
-- No worker leases such a recipient. Index: the rowid of _destination.
SELECT recipient_id, address, status, domain, destination_id AS before, domain AS after
  FROM _recipient AS r
 WHERE NOT EXISTS (SELECT 1 FROM _destination AS d WHERE d.destination_id = r.destination_id);

-- name: mend_recipient_without_destination
-- The recipient then waits under its domain; a worker moves it if the route differs. The update also lowers due_at.
INSERT INTO _destination (name)
SELECT r.domain FROM _recipient AS r
 WHERE r.recipient_id = :recipient_id AND NOT EXISTS (SELECT 1 FROM _destination AS d WHERE d.name = r.domain);
UPDATE _recipient SET destination_id = (SELECT d.destination_id FROM _destination AS d WHERE d.name = _recipient.domain)
 WHERE recipient_id = :recipient_id;

-- name: message_without_recipient
-- Retention removes such a message. Index: _recipient_message.
SELECT m.ulid AS id, m.message_id
  FROM _message AS m
 WHERE NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.message_id = m.message_id);

-- name: attempt_without_recipient
-- The recipient of the attempt is missing. Index: the rowid of _recipient.
SELECT attempt_id, recipient_id, started_at, text AS before
  FROM _attempt AS a
 WHERE NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.recipient_id = a.recipient_id);

-- name: mend_attempt_without_recipient
DELETE FROM _attempt WHERE attempt_id = :attempt_id;

-- name: notice_without_recipient
-- The recipient to report on is missing. Index: the rowid of _recipient.
SELECT notice_id, recipient_id, kind AS before
  FROM _notice AS n
 WHERE NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.recipient_id = n.recipient_id);

-- name: mend_notice_without_recipient
DELETE FROM _notice WHERE notice_id = :notice_id;

-- name: dmarc_count_without_report
-- What is counted for a report that is made already, or that does not exist. Index: the rowid of _report_period.
SELECT report_period_id, count(*) AS before
  FROM _dmarc_count AS c
 WHERE NOT EXISTS (
         SELECT 1 FROM _report_period AS p WHERE p.report_period_id = c.report_period_id AND p.state = 'open')
 GROUP BY report_period_id;

-- name: mend_dmarc_count_without_report
DELETE FROM _dmarc_count WHERE report_period_id = :report_period_id;

-- name: tls_count_without_report
-- What is counted for a report that is made already, or that does not exist. Index: the rowid of _report_period.
SELECT report_period_id, count(*) AS before
  FROM _tls_count AS c
 WHERE NOT EXISTS (
         SELECT 1 FROM _report_period AS p WHERE p.report_period_id = c.report_period_id AND p.state = 'open')
 GROUP BY report_period_id;

-- name: mend_tls_count_without_report
DELETE FROM _tls_count WHERE report_period_id = :report_period_id;

-- name: received_report_miscounted
-- The bound of all rows counts by row_count. Index: the primary keys of both tables of rows.
SELECT received_report_id, rows, row_count AS before
  FROM (SELECT r.received_report_id, r.row_count,
               CASE r.kind
               WHEN 'dmarc' THEN
                 (SELECT count(*) FROM _received_dmarc AS d WHERE d.received_report_id = r.received_report_id)
               ELSE
                 (SELECT count(*) FROM _received_tls AS t WHERE t.received_report_id = r.received_report_id)
               END AS rows
          FROM _received_report AS r) AS counted
 WHERE rows <> row_count;

-- name: mend_received_report_miscounted
UPDATE _received_report SET row_count = :rows WHERE received_report_id = :received_report_id;

-- name: lease_without_destination
-- The lease holds a slot of a missing destination. Index: the rowid of _destination.
SELECT lease_id, process_id, destination_id, lease_id AS before
  FROM _lease AS l
 WHERE NOT EXISTS (SELECT 1 FROM _destination AS d WHERE d.destination_id = l.destination_id);

-- name: mend_lease_without_destination
-- The recipients that it holds are then leased without a lease, which is the next check.
DELETE FROM _lease WHERE lease_id = :lease_id;

-- name: lease_without_process
-- The process of the lease has ended or is missing. Index: the rowid of _process. The repair ends the process.
SELECT l.lease_id, l.process_id, d.name AS destination, l.lease_id AS before,
       (SELECT count(*) FROM _recipient AS r WHERE r.lease_id = l.lease_id) AS recipients
  FROM _lease AS l
  LEFT JOIN _destination AS d ON d.destination_id = l.destination_id
 WHERE NOT EXISTS (SELECT 1 FROM _process AS p WHERE p.process_id = l.process_id AND p.ended_at IS NULL);

-- name: has_lease
-- Whether a lease exists. Index: the rowid. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _lease WHERE lease_id = :lease_id);

-- name: lease_without_recipient
-- A lease that has taken a slot for more than an hour and holds no recipient. Index: _recipient_lease.
SELECT l.lease_id, l.process_id, d.name AS destination, l.lease_id AS before
  FROM _lease AS l
  JOIN _destination AS d ON d.destination_id = l.destination_id
 WHERE l.leased_at < :now - 3600.0
   AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.lease_id = l.lease_id);

-- name: mend_lease_without_recipient
DELETE FROM _lease WHERE lease_id = :lease_id;

-- name: leased_without_lease
-- No worker delivers to such a recipient, now or later. Index: _recipient_lease, the rowid of _lease.
SELECT r.recipient_id, m.ulid AS id, d.name AS destination, r.lease_id, r.status AS before,
       coalesce(r.ordered_status, CASE WHEN r.lost_leases + 1 >= :max_lost_leases THEN 'held' ELSE 'deferred' END) AS after
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
  LEFT JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status = 'leased'
   AND NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.lease_id = r.lease_id);

-- name: record_lost_lease
-- The attempt of a recipient whose lease is missing. Then put_back.let_go releases it. Index: the rowid.
INSERT INTO _attempt (
  recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text, outcome, decided_status,
  decided_next_retry_at)
SELECT r.recipient_id, 0, r.lease_id, coalesce(:destination, r.domain), :now, 0.0, 'unknown',
       'its lease was lost; the next hop may have taken it', 'unknown', :after, CASE WHEN :after = 'deferred' THEN CAST(:now AS double precision) END
  FROM _recipient AS r
 WHERE r.recipient_id = :recipient_id;

-- name: lease_without_being_leased
-- A result would count under a lease that does not hold the recipient. A CHECK forbids it. Index: _recipient_lease.
SELECT r.recipient_id, m.ulid AS id, r.status, r.lease_id AS before
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.lease_id IS NOT NULL
   AND r.status <> 'leased';

-- name: mend_lease_without_being_leased
UPDATE _recipient SET lease_id = NULL WHERE recipient_id = :recipient_id AND status <> 'leased';

-- name: leased_elsewhere
-- The lease takes a slot of another destination. Index: the rowid of _lease.
SELECT r.recipient_id, m.ulid AS id, r.lease_id, d.name AS destination, ld.name AS lease_destination
  FROM _recipient AS r
  JOIN _lease AS l ON l.lease_id = r.lease_id
  LEFT JOIN _message AS m ON m.message_id = r.message_id
  LEFT JOIN _destination AS d ON d.destination_id = r.destination_id
  LEFT JOIN _destination AS ld ON ld.destination_id = l.destination_id
 WHERE r.destination_id <> l.destination_id;

-- name: due_at_late
-- Due mail would not be delivered. Index: _recipient_due by equality of both leading columns, class by class.
SELECT destination_id, destination, due_at AS before, earliest AS after
  FROM (SELECT d.destination_id, d.name AS destination, d.due_at,
               (SELECT min((SELECT min(r.next_retry_at)
                              FROM _recipient AS r
                             WHERE r.destination_id = d.destination_id
                               AND r.priority = p.column1
                               AND r.status IN ('queued', 'deferred')))
                  FROM (VALUES (0), (1), (2), (3), (4)) AS p) AS earliest
          FROM _destination AS d) AS x
 WHERE earliest IS NOT NULL
   AND (due_at IS NULL OR due_at > earliest);

-- name: mend_due_at_late
UPDATE _destination SET due_at = :after WHERE destination_id = :destination_id AND (due_at IS NULL OR due_at > :after);

-- name: is_full_wrong
-- A destination wrongly marked full gets no lease; a full one without the mark gets too many. Index: _lease_destination.
SELECT destination_id, destination, before, after, leases, lease_limit AS max_leases
  FROM (SELECT d.destination_id, d.name AS destination, d.is_full AS before, d.lease_limit,
               (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases,
               (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) >= d.lease_limit AS after
          FROM _destination AS d) AS x
 WHERE before <> after;

-- name: mend_is_full_wrong
UPDATE _destination SET is_full = :after WHERE destination_id = :destination_id;

-- name: ready_at_wrong
-- The stored column is not what its expression gives; SQLite computes it at each update of the row.
SELECT destination_id, name AS destination, ready_at AS before,
       CASE
         WHEN is_full OR due_at IS NULL THEN NULL
         ELSE max(due_at, coalesce(breaker_until, 0.0), coalesce(suspended_until, 0.0), coalesce(token_at, 0.0))
       END AS after
  FROM _destination
 WHERE ready_at IS DISTINCT FROM CASE
         WHEN is_full OR due_at IS NULL THEN NULL
         ELSE max(due_at, coalesce(breaker_until, 0.0), coalesce(suspended_until, 0.0), coalesce(token_at, 0.0))
       END;

-- name: mend_ready_at_wrong
UPDATE _destination SET due_at = due_at WHERE destination_id = :destination_id;

-- name: event_type_wrong
-- Events of a type that a consumer wants are not written, or the reverse. Index: none, of few rows.
SELECT type, before, after
  FROM (SELECT t.type, t.is_wanted AS before,
               CASE
                 WHEN EXISTS (
                   SELECT 1 FROM _consumer AS c
                    WHERE c.types = '' AND t.type <> 'audited' OR (' ' || c.types || ' ') LIKE ('% ' || t.type || ' %'))
                 THEN 1 ELSE 0
               END AS after
          FROM _event_type AS t) AS x
 WHERE before <> after;

-- name: mend_event_type_wrong
UPDATE _event_type SET is_wanted = :after WHERE type = :type;

-- name: event_stuck
-- An event that waits for an earlier one of its message, which is not there. Index: _event_aside_message.
SELECT a.consumer, a.event_id, a.ulid AS id, a.state AS before, 'waiting' AS after
  FROM _event_aside AS a
 WHERE a.state = 'behind'
   AND NOT EXISTS (
     SELECT 1 FROM _event_aside AS b
      WHERE b.consumer = a.consumer AND b.ulid = a.ulid AND b.state = 'waiting' AND b.event_id < a.event_id);

-- name: mend_event_stuck
UPDATE _event_aside SET state = 'waiting' WHERE consumer = :consumer AND event_id = :event_id;

-- name: slots_over_limit
-- More connections than are allowed. Index: _lease_destination.
SELECT d.name AS destination, d.max_leases, count(*) AS leases
  FROM _lease AS l
  JOIN _destination AS d ON d.destination_id = l.destination_id
 GROUP BY d.destination_id
HAVING count(*) > d.max_leases;

-- name: content_missing
-- A worker would find no content to send. Index: the rowid of _message and _content.
SELECT r.recipient_id, m.ulid AS id, m.message_id, r.status AS before, 'held' AS after
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.status IN ('queued', 'deferred', 'leased')
   AND (m.content_locator IS NULL
        OR m.content_locator = 'inline'
           AND NOT EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = m.message_id));

-- name: content_damaged
-- The content in the database has another size than the one accepted. Index: the rowid of _message and _content.
SELECT r.recipient_id, m.ulid AS id, r.status AS before, 'held' AS after,
       length(c.octets) AS octets, m.size - length(m.added_fields) AS accepted
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _content AS c ON c.message_id = m.message_id
 WHERE r.status IN ('queued', 'deferred', 'leased')
   AND m.content_locator = 'inline'
   AND length(c.octets) + length(m.added_fields) <> m.size;

-- name: find_again
-- Restore the locator of content that is still in the database. Index: the rowid.
UPDATE _message SET content_locator = 'inline'
 WHERE message_id = :message_id
   AND content_locator IS NULL
   AND EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = _message.message_id);

-- name: has_content
-- Whether a message has content, as far as the database tells. Index: the rowid. Rows: one, 0 or 1.
SELECT EXISTS (
  SELECT 1
    FROM _message AS m
   WHERE m.message_id = :message_id
     AND (m.content_locator LIKE 'spool:%' OR EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = m.message_id)));

-- name: hold
-- Hold the recipient for a person, with :reason. A leased recipient is left to its worker, which holds it.
UPDATE _recipient SET status = 'held', reason = :reason, settled_at = :now
 WHERE recipient_id = :recipient_id
   AND status IN ('queued', 'deferred');

-- name: content_unnamed
-- Content that no locator names, of a message with no live recipient. Index: the rowid, _recipient_message.
SELECT c.message_id, m.ulid AS id, length(c.octets) AS size_octets, length(c.octets) AS before
  FROM _content AS c
  JOIN _message AS m ON m.message_id = c.message_id
 WHERE m.content_locator IS DISTINCT FROM 'inline'
   AND NOT EXISTS (
     SELECT 1 FROM _recipient AS r
      WHERE r.message_id = c.message_id AND r.status IN ('queued', 'deferred', 'leased', 'held'));

-- name: mend_content_unnamed
DELETE FROM _content WHERE message_id = :message_id;

-- name: content_without_message
-- Content whose message, and so its recipients, are missing. Index: the rowid.
SELECT c.message_id, length(c.octets) AS size_octets
  FROM _content AS c
 WHERE NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.message_id = c.message_id);

-- name: garbage_needed
-- A file is marked for removal, but a message names it. Index: the UNIQUE of ulid.
SELECT g.locator, m.ulid AS id, g.locator AS before
  FROM _spool_garbage AS g
  JOIN _message AS m ON m.ulid = substr(g.locator, length(g.locator) - 25) AND m.content_locator = g.locator;

-- name: mend_garbage_needed
DELETE FROM _spool_garbage WHERE locator = :locator;

-- name: status_unknown
-- A status that no move leads to. Index: the primary key of _recipient_transition.
SELECT r.recipient_id, m.ulid AS id, r.status
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.status <> 'queued'
   AND r.status NOT IN (SELECT new_status FROM _recipient_transition);

-- name: is_live_wrong
-- The mark by which people see a recipient in queue, or do not, does not follow from its status.
SELECT r.recipient_id, m.ulid AS id, r.status, r.is_live AS before, CASE WHEN r.is_live = 1 THEN 0 ELSE 1 END AS after
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.is_live <> CASE WHEN r.status IN ('queued', 'deferred', 'leased', 'held') THEN 1 ELSE 0 END;

-- name: mend_is_live_wrong
UPDATE _recipient SET is_live = :after WHERE recipient_id = :recipient_id AND is_live = :before AND status = :status;

-- name: status_unexplained
-- Neither an attempt nor an audit row led to it, nor the targets of an alias. Index: _attempt_recipient, _audit_recipient.
SELECT r.recipient_id, m.ulid AS id, r.status
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.status = 'deferred' AND r.attempts = 0 AND r.lost_leases = 0
    OR r.status = 'held' AND r.reason IS NULL
    OR r.status IN ('delivered', 'bounced', 'expired', 'cancelled')
       AND NOT (r.status = 'delivered' AND r.attempts = 0 AND r.reason IS NOT DISTINCT FROM 'expanded')
       AND NOT EXISTS (
         SELECT 1 FROM _attempt AS a WHERE a.recipient_id = r.recipient_id AND a.decided_status = r.status)
       AND NOT EXISTS (
         SELECT 1 FROM _audit AS u WHERE u.recipient_id = r.recipient_id AND u.what = 'status' AND u.after = r.status);

-- name: order_misplaced
-- An order waits for the end of a lease, and the recipient is not leased.
SELECT r.recipient_id, m.ulid AS id, r.status, coalesce(r.ordered_status, CAST(r.ordered_next_retry_at AS text)) AS before
  FROM _recipient AS r
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.status <> 'leased'
   AND (r.ordered_status IS NOT NULL OR r.ordered_next_retry_at IS NOT NULL);

-- name: mend_order_misplaced
UPDATE _recipient SET ordered_status = NULL, ordered_next_retry_at = NULL
 WHERE recipient_id = :recipient_id AND status <> 'leased';

-- name: attempts_miscounted
-- The count differs from the number of rows. Index: _attempt_recipient.
SELECT recipient_id, id, before, after
  FROM (SELECT r.recipient_id, m.ulid AS id, r.attempts AS before,
               (SELECT count(*) FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id
                   AND a.outcome NOT IN ('next_host', 'unknown', 'maybe_delivered')) AS after
          FROM _recipient AS r
          LEFT JOIN _message AS m ON m.message_id = r.message_id) AS x
 WHERE before <> after;

-- name: mend_attempts_miscounted
UPDATE _recipient SET attempts = :after WHERE recipient_id = :recipient_id;

-- name: lost_leases_miscounted
-- The count differs from the number of rows since the last settled attempt. An ordered end (stage 'stopped') does not count.
-- Index: _attempt_recipient.
SELECT recipient_id, id, before, after
  FROM (SELECT r.recipient_id, m.ulid AS id, r.lost_leases AS before,
               (SELECT count(*) FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id AND a.outcome = 'unknown' AND a.stage = 'unknown'
                   AND a.attempt_id > coalesce((
                     SELECT max(b.attempt_id) FROM _attempt AS b
                      WHERE b.recipient_id = r.recipient_id
                        AND b.outcome NOT IN ('next_host', 'unknown', 'maybe_delivered')), 0)) AS after
          FROM _recipient AS r
          LEFT JOIN _message AS m ON m.message_id = r.message_id) AS x
 WHERE before <> after;

-- name: mend_lost_leases_miscounted
UPDATE _recipient SET lost_leases = :after WHERE recipient_id = :recipient_id;

-- name: notice_without_failure
-- The sender would get a report of a failure that did not happen. Index: the rowid.
SELECT n.notice_id, n.recipient_id, m.ulid AS id, r.status, n.kind AS before
  FROM _notice AS n
  JOIN _recipient AS r ON r.recipient_id = n.recipient_id
  LEFT JOIN _message AS m ON m.message_id = r.message_id
 WHERE n.kind = 'failure'
   AND r.status NOT IN ('bounced', 'expired');

-- name: mend_notice_without_failure
DELETE FROM _notice WHERE notice_id = :notice_id;

-- name: notice_old
-- The report is 5 minutes overdue, and no recipient of the message is leased or due. Index: _recipient_message.
SELECT n.notice_id, n.recipient_id, m.ulid AS id, n.kind, :now - n.created_at AS age_s
  FROM _notice AS n
  LEFT JOIN _message AS m ON m.message_id = n.message_id
 WHERE n.created_at < :now - 300.0
   AND NOT EXISTS (
     SELECT 1 FROM _recipient AS r
      WHERE r.message_id = n.message_id
        AND (r.status = 'leased' OR r.status IN ('queued', 'deferred') AND r.next_retry_at <= :now + 5.0));

-- name: redaction_without_order
-- Nothing tells why these rows differ from their seals. Index: _redacted_by, the rowid.
SELECT d.audit_id, count(*) AS rows
  FROM _redacted AS d
 WHERE NOT EXISTS (SELECT 1 FROM _audit AS a WHERE a.audit_id = d.audit_id)
 GROUP BY d.audit_id;

-- name: actor_left
-- The audit would name the wrong person for the orders of a shell. The table is empty between two transactions.
SELECT who, who AS before FROM _actor;

-- name: mend_actor_left
DELETE FROM _actor;

-- name: spooled
-- Every message whose content is a file, with the numbers of its waiting and of its held recipients.
-- Index: _recipient_message. Rows: message_id, id, locator, accepted (octets of the file), waiting, held.
SELECT m.message_id, m.ulid AS id, m.content_locator AS locator, m.size - length(m.added_fields) AS accepted,
       (SELECT count(*) FROM _recipient AS r
         WHERE r.message_id = m.message_id AND r.status IN ('queued', 'deferred', 'leased')) AS waiting,
       (SELECT count(*) FROM _recipient AS r WHERE r.message_id = m.message_id AND r.status = 'held') AS held
  FROM _message AS m
 WHERE m.content_locator LIKE 'spool:%';

-- name: contents
-- The next :limit messages after :after whose content recipients wait for and whose digest is that of the content alone,
-- not as of version 1. Index: the rowid, _recipient_message.
-- Rows: message_id, id, locator, digest, accepted (octets of the content), waiting.
SELECT message_id, id, locator, digest, accepted, waiting
  FROM (SELECT m.message_id, m.ulid AS id, m.content_locator AS locator, m.digest, m.size - length(m.added_fields) AS accepted,
               (SELECT count(*) FROM _recipient AS r
                 WHERE r.message_id = m.message_id AND r.status IN ('queued', 'deferred', 'leased')) AS waiting
          FROM _message AS m
         WHERE m.message_id > :after
           AND m.content_locator IS NOT NULL
           AND length(m.added_fields) > 0) AS x
 WHERE waiting > 0
 ORDER BY message_id
 LIMIT :limit;

-- name: contents_count
-- How many messages contents has in all. Index: _recipient_message. Rows: one.
SELECT count(*)
  FROM _message AS m
 WHERE m.content_locator IS NOT NULL
   AND length(m.added_fields) > 0
   AND EXISTS (
     SELECT 1 FROM _recipient AS r WHERE r.message_id = m.message_id AND r.status IN ('queued', 'deferred', 'leased'));

-- name: inline_content
-- Content in the database of one message. Index: the rowid. Rows: none or one, octets.
SELECT octets FROM _content WHERE message_id = :message_id;

-- name: named_message
-- The message called :id, if it still has content. Index: the UNIQUE of ulid. Rows: none or one, message_id, id.
SELECT message_id, ulid AS id FROM _message WHERE ulid = :id AND content_locator IS NOT NULL;

-- name: is_still_there
-- Whether a message's content is still in the same place. Index: the rowid. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _message WHERE message_id = :message_id AND content_locator = :locator);

-- name: waiting_for_content
-- Waiting recipients of a message whose content is missing or damaged. Index: _recipient_message.
-- Rows: recipient_id, before, after.
SELECT recipient_id, status AS before, 'held' AS after
  FROM _recipient
 WHERE message_id = :message_id
   AND status IN ('queued', 'deferred');

-- name: is_garbage
-- Whether a file is already marked for removal. Index: the primary key. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _spool_garbage WHERE substr(locator, length(locator) - 25) = :id);

-- name: add_garbage
-- Mark a file for removal, unless a message names it after all. Index: the UNIQUE of ulid.
INSERT INTO _spool_garbage (locator)
SELECT 'spool:' || :node || '/' || :id
 WHERE NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.ulid = :id AND m.content_locator LIKE 'spool:%')
ON CONFLICT DO NOTHING;

-- name: record_repair
-- Record in the audit what a repair changed. Rows: none. Index: the rowids.
INSERT INTO _audit (who, recipient_id, ulid, address, destination, what, before, after)
VALUES (
  :who, :recipient_id,
  (SELECT m.ulid FROM _recipient AS r JOIN _message AS m ON m.message_id = r.message_id WHERE r.recipient_id = :recipient_id),
  (SELECT r.address FROM _recipient AS r WHERE r.recipient_id = :recipient_id),
  :destination, :what, :before, :after);
