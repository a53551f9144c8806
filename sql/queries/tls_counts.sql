-- tls_counts.sql - the sessions of TLS of a period, counted once, from the attempts
-- Transaction: reads need none, writes are inside BEGIN IMMEDIATE.

-- name: mark
-- Number of the last attempt that is counted. Rows: none or one.
SELECT value FROM _setting WHERE name = 'tls_counts';

-- name: set_mark
-- Index: the primary key.
INSERT INTO _setting (name, value) VALUES ('tls_counts', :mark)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: last_attempt
-- The highest number. Index: the rowid. Rows: one, NULL if there is none.
SELECT max(attempt_id) FROM _attempt;

-- name: attempts
-- Attempts after :after, up to :last, at hosts of a domain, each session once; those of reports are left out.
-- Index: the rowid, those of _recipient and _message. Rows: columns of _attempt.
SELECT a.destination, a.host, a.peer_address, a.tls_policy, a.tls_version, a.tls_failure, a.stage, min(a.text), a.started_at
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE a.attempt_id > :after
   AND a.attempt_id <= :last
   AND a.tls_policy IS NOT NULL
   AND a.destination NOT LIKE '%:%'
   AND a.destination NOT LIKE '[%'
   AND m.listener <> 'domain-report'
 GROUP BY a.destination, a.host, a.peer_address, a.tls_policy, a.tls_version, a.tls_failure, a.stage, a.started_at;

-- name: count
-- Add to the row of these sessions, if it is there. Index: the primary key.
UPDATE _tls_count
   SET sessions = sessions + :sessions
 WHERE report_period_id = :id
   AND kind = :kind
   AND result = :result
   AND host = :host
   AND receiving_ip = :receiving_ip
   AND reason = :reason;

-- name: add
-- A new row of sessions.
INSERT INTO _tls_count (report_period_id, kind, result, host, receiving_ip, reason, sessions)
VALUES (:id, :kind, :result, :host, :receiving_ip, :reason, :sessions);

-- name: rows
-- The sessions of the period :id. Index: the primary key. Rows: up to the bound of a period.
SELECT kind, result, host, receiving_ip, reason, sessions
  FROM _tls_count
 WHERE report_period_id = :id
 ORDER BY sessions DESC, kind, result;

-- name: forget_rows
-- Index: the primary key.
DELETE FROM _tls_count WHERE report_period_id = :id;

-- name: forget_period
-- Remove the open period :id, of a domain that wants no reports. Index: the primary key.
DELETE FROM _report_period WHERE report_period_id = :id AND state = 'open';
