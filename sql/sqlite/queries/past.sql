-- past.sql - what the index of past mail, track.db, is made of
-- All read. Each is bounded by :limit or by a list, and follows the rowid from a mark on.

-- name: ends
-- The last numbers that were given, also those of rows that are gone. Rows: one of recipients, attempts, orders.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '_recipient'), 0),
       coalesce((SELECT seq FROM sqlite_sequence WHERE name = '_attempt'), 0),
       coalesce((SELECT seq FROM sqlite_sequence WHERE name = '_audit'), 0);

-- name: unread_since
-- When the first happened that an index with these marks has not read. Rows: one, NULL if there is nothing.
SELECT min(at)
  FROM (SELECT (SELECT m.received_at
                  FROM _recipient AS r
                  JOIN _message AS m ON m.message_id = r.message_id
                 WHERE r.recipient_id > :recipients
                 ORDER BY r.recipient_id LIMIT 1) AS at
        UNION ALL
        SELECT (SELECT a.started_at + a.duration_s FROM _attempt AS a WHERE a.attempt_id > :attempts ORDER BY a.attempt_id LIMIT 1)
        UNION ALL
        SELECT (SELECT u.at FROM _audit AS u WHERE u.audit_id > :orders ORDER BY u.audit_id LIMIT 1)) AS first;

-- name: ids
-- Queue ids of the recipients :numbers (list). Index: the rowid. Rows: recipient_id, ulid.
SELECT r.recipient_id, m.ulid
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id IN (:numbers[]);

-- name: accepted
-- Up to :limit recipients after :after. Index: the rowid. Rows: recipient_id.
SELECT recipient_id FROM _recipient WHERE recipient_id > :after ORDER BY recipient_id LIMIT :limit;

-- name: attempted
-- Up to :limit attempts after :after. Index: the rowid. Rows: attempt_id, recipient_id.
SELECT attempt_id, recipient_id FROM _attempt WHERE attempt_id > :after ORDER BY attempt_id LIMIT :limit;

-- name: ordered
-- Up to :limit rows of the audit after :after. Index: the rowid. Rows: audit_id, recipient_id, which may be NULL.
SELECT audit_id, recipient_id FROM _audit WHERE audit_id > :after ORDER BY audit_id LIMIT :limit;

-- name: rows
-- The recipients :numbers (list) as the index has them. Index: the rowid, _attempt_recipient. Rows: see PastEntry.
SELECT r.recipient_id, m.ulid,
       CASE WHEN r.status <> 'leased' THEN r.status WHEN r.attempts = 0 THEN 'queued' ELSE 'deferred' END,
       m.reverse_path, r.address, r.domain, d.name, r.attempts,
       (SELECT nullif(trim(coalesce(a.host, '') || ' ' || coalesce(a.peer_address, '')), '') FROM _attempt AS a
         WHERE a.recipient_id = r.recipient_id ORDER BY a.attempt_id DESC LIMIT 1),
       r.last_reply, r.reason, m.received_at,
       CASE WHEN r.status IN ('delivered', 'bounced', 'expired', 'cancelled') THEN r.settled_at END,
       m.size, m.subject, m.header_message_id, nullif(trim(m.client_address || ' ' || m.client_name), ''), m.account
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.recipient_id IN (:numbers[]);
