-- queue_at.sql - the live mail of an earlier instant, as attempts and audit tell of it
-- The view queue_at has the same for the instant that a person gives; a test compares both with snapshots. What has no record
-- is not seen: a lease that ended without an attempt, and next_retry_at where a rate, a plan or hours put it off.

-- name: list
-- Up to :limit recipients after :after that were live at :at, in the order of their numbers. Transaction: none needed.
-- Index: the rowid of _recipient, _attempt_recipient, _audit_recipient. Rows: as selection.list_live.
SELECT recipient_id, id, status, NULL AS ordered, priority, attempts, next_retry_unix, expires_unix, received_unix, sender,
       recipient, domain, destination, size, last_reply, NULL AS reason, NULL AS suspended_until, NULL AS blocked_by
  FROM (
    SELECT q.*, CASE WHEN q.is_under_way AND q.fate <> 'held' THEN 'leased' ELSE q.fate END AS status
      FROM (SELECT p.at AS at, m.ulid AS id, r.recipient_id AS recipient_id, m.reverse_path AS sender, r.address AS recipient,
                   r.domain AS domain, m.received_at AS received_unix, m.size AS size,
                   coalesce(
                     (SELECT a.destination FROM _attempt AS a
                       WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                       ORDER BY a.attempt_id LIMIT 1),
                     d.name) AS destination,
                   -- The last record up to the instant; else what the next one says of before; else what never changed.
                   CASE
                     WHEN coalesce(r.settled_at, 0.0) > p.at
                       OR EXISTS (SELECT 1 FROM _attempt AS a
                                   WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                                     AND a.decided_status <> 'unchanged')
                       OR EXISTS (SELECT 1 FROM _audit AS u
                                   WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status')
                       THEN coalesce(
                         (SELECT f.status
                            FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                         a.decided_status AS status
                                    FROM _attempt AS a
                                   WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                                     AND a.decided_status <> 'unchanged'
                                  UNION ALL
                                  SELECT u.at, 1, u.audit_id, u.after
                                    FROM _audit AS u
                                   WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'status') AS f
                           ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                         (SELECT nullif(u.before, 'leased') FROM _audit AS u
                           WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status'
                             AND NOT EXISTS (SELECT 1 FROM _attempt AS a
                                              WHERE a.recipient_id = r.recipient_id AND a.decided_status <> 'unchanged'
                                                AND a.started_at + a.duration_s < u.at)
                           ORDER BY u.audit_id LIMIT 1),
                         'queued')
                     WHEN r.status <> 'leased' THEN r.status
                     WHEN r.attempts = 0 THEN 'queued'
                     ELSE 'deferred'
                   END AS fate,
                   EXISTS (SELECT 1 FROM _attempt AS a
                            WHERE a.recipient_id = r.recipient_id AND a.started_at <= p.at
                              AND a.started_at + a.duration_s > p.at)
                   OR EXISTS (SELECT 1 FROM _lease AS l WHERE l.lease_id = r.lease_id AND l.leased_at <= p.at) AS is_under_way,
                   coalesce(
                     (SELECT CAST(u.after AS integer) FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'priority'
                       ORDER BY u.audit_id DESC LIMIT 1),
                     (SELECT CAST(u.before AS integer) FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'priority'
                       ORDER BY u.audit_id LIMIT 1),
                     r.priority) AS priority,
                   coalesce(
                     (SELECT f.next_retry_at
                        FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                     a.decided_next_retry_at AS next_retry_at
                                FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                                 AND a.decided_next_retry_at IS NOT NULL
                              UNION ALL
                              SELECT u.at, 1, u.audit_id, CAST(u.after AS double precision)
                                FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'next_retry_unix') AS f
                       ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                     (SELECT coalesce(f.before, m.received_at)
                        FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                     CAST(NULL AS double precision) AS before
                                FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                                 AND a.decided_next_retry_at IS NOT NULL
                              UNION ALL
                              SELECT u.at, 1, u.audit_id, CAST(u.before AS double precision)
                                FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'next_retry_unix') AS f
                       ORDER BY f.at, f.place, f.number LIMIT 1),
                     r.next_retry_at) AS next_retry_unix,
                   coalesce(
                     (SELECT CAST(u.after AS double precision) FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'expires_unix'
                       ORDER BY u.audit_id DESC LIMIT 1),
                     (SELECT CAST(u.before AS double precision) FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'expires_unix'
                       ORDER BY u.audit_id LIMIT 1),
                     r.expires_at) AS expires_unix,
                   r.attempts - (
                     SELECT count(*) FROM _attempt AS a
                      WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                        AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered') AS attempts,
                   (SELECT a.text FROM _attempt AS a
                     WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                       AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered'
                     ORDER BY a.attempt_id DESC LIMIT 1) AS last_reply,
                   (SELECT a.class FROM _attempt AS a
                     WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                     ORDER BY a.attempt_id DESC LIMIT 1) AS class
              FROM (SELECT CAST(:at AS double precision) AS at) AS p
              JOIN _recipient AS r
                ON r.is_live = 1 OR coalesce(r.settled_at, r.expires_at) > p.at
              JOIN _message AS m ON m.message_id = r.message_id AND m.received_at <= p.at
              JOIN _destination AS d ON d.destination_id = r.destination_id
             WHERE r.recipient_id > :after) AS q
     WHERE q.fate IN ('queued', 'deferred', 'held')) AS queue_then
 WHERE {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: gone
-- How many recipients that were accepted up to :at are no longer recorded. Transaction: none needed. Index: the rowids, in one
-- pass. Rows: one.
SELECT coalesce(max(r.recipient_id), 0) - count(*)
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE m.received_at <= :at;
